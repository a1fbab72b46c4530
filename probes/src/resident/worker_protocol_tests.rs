use super::*;
use proptest::prelude::*;

fn messages(decoder: &mut Decoder) -> Vec<Message> {
    std::iter::from_fn(|| decoder.next_message()).collect()
}

fn decoded(bytes: &[u8], pieces: &[usize]) -> Vec<Message> {
    let (mut decoder, mut found, mut rest) = (Decoder::default(), Vec::new(), bytes);
    for piece in pieces.iter().copied().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at(piece.clamp(1, rest.len()));
        decoder.push(now);
        found.extend(messages(&mut decoder));
        assert!(decoder.held() <= LONGEST + piece);
        rest = later;
    }
    found
}

fn request(job_id: u64, command: &[u8]) -> Vec<u8> {
    let mut bytes = format!("job_id={job_id}\0type=0\0command=").into_bytes();
    bytes.extend_from_slice(command);
    bytes.extend_from_slice(b"\0timeout=60\0\x01\0\0\0");
    bytes
}

/// As recorded from Nagios 4.4.6.
#[test]
fn what_nagios_sends_is_a_job() {
    let sent = b"job_id=0\0type=0\0command=/path/plugins/grid-probe -H 127.0.0.1 -t 10\0timeout=60\0\x01\0\0\0";
    let command = b"/path/plugins/grid-probe -H 127.0.0.1 -t 10".to_vec();
    let job = Request { job_id: 0, kind: 0, timeout: Duration::from_secs(60), command };
    assert_eq!(decoded(sent, &[1000]), [Message::Job(job)]);
}

#[test]
fn a_registration_has_one_name_and_no_process() {
    assert_eq!(registration("w", "check_x", 7), b"@wproc register name=w;max_jobs=7;plugin=check_x\0");
}

#[test]
fn an_answer_is_read_by_nagios_as_one() {
    let job = Request { job_id: 7, kind: 0, timeout: Duration::from_secs(60), command: b"/p/check_x -H h".to_vec() };
    let at = |ms| UNIX_EPOCH + Duration::from_millis(ms);
    let mut outcome = Outcome::exited(2, b"X CRITICAL: a\0b\x01\0\0\0c | t=1s\n".to_vec(), at(0));
    outcome.times = (at(1_795_320_049_123), at(1_795_320_050_623));
    let mut bytes = Vec::new();
    answer(&job, &outcome, &mut bytes);
    let expected = "job_id=7\0type=0\0command=/p/check_x -H h\0timeout=60\0wait_status=512\0start=1795320049.123000\0\
        stop=1795320050.623000\0runtime=1.500000\0exited_ok=1\0outerr=\0outstd=X CRITICAL: a b    c | t=1s\n\0\x01\0\0\0";
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    let mut late = Vec::new();
    answer(&job, &Outcome::timed_out(at(0)), &mut late);
    assert!(memmem::find(&late, b"\0exited_ok=0\0error_code=62\0").is_some());
}

#[test]
fn a_message_that_is_too_long_is_skipped_and_can_be_answered() {
    let mut bytes = request(5, &vec![b'a'; LONGEST * 3]);
    bytes.extend(request(6, b"x"));
    for pieces in [&[1_000_000][..], &[4096], &[7, 65_000]] {
        let found = decoded(&bytes, pieces);
        assert_eq!(found[0], Message::TooLong { job_id: 5 });
        assert!(matches!(&found[1], Message::Job(job) if job.job_id == 6 && job.command == b"x"));
    }
}

#[test]
fn without_a_number_there_is_no_job() {
    for wrong in [&b"\x01\0\0\0"[..], b"job_id=x\0\x01\0\0\0", b"command=a\0\x01\0\0\0", b"=\0\0\0=\x01\0\0\0"] {
        assert_eq!(decoded(wrong, &[100]), [Message::Nonsense]);
    }
    let odd = decoded(b"job_id=1\0timeout=0\0type=-1\0\x01\0\0\0", &[100]);
    assert_eq!(odd, [Message::Job(Request { job_id: 1, kind: 0, timeout: TIMEOUT, command: Vec::new() })]);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_are_the_same_messages(
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(b'='), any::<u8>()], 0..600),
        pieces in prop::collection::vec(1_usize..50, 1..20),
    ) {
        prop_assert_eq!(decoded(&bytes, &pieces), decoded(&bytes, &[bytes.len().max(1)]));
    }

    #[test]
    fn every_job_arrives_once_and_in_order(
        commands in prop::collection::vec(prop::collection::vec(1_u8..=255, 0..200), 0..20),
        pieces in prop::collection::vec(1_usize..300, 1..20),
    ) {
        let bytes: Vec<u8> = commands.iter().enumerate().flat_map(|(n, c)| request(n as u64, c)).collect();
        let found = decoded(&bytes, &pieces);
        prop_assert_eq!(found.len(), commands.len());
        for (n, (message, command)) in found.into_iter().zip(&commands).enumerate() {
            let Message::Job(job) = message else { panic!("{message:?}") };
            prop_assert_eq!((job.job_id, &job.command), (n as u64, command));
        }
    }

    #[test]
    fn an_answer_is_one_message_whatever_the_probe_says(
        out in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 0..300),
        code in any::<u8>(),
    ) {
        let job = Request { job_id: 1, kind: 0, timeout: TIMEOUT, command: b"c\x01".to_vec() };
        let mut bytes = Vec::new();
        answer(&job, &Outcome::exited(code, out, UNIX_EPOCH), &mut bytes);
        let found = decoded(&bytes, &[17]);
        prop_assert_eq!(found.len(), 1);
        prop_assert!(matches!(&found[0], Message::Job(back) if back.job_id == 1));
    }
}
