use super::*;
use proptest::prelude::*;

fn state_of(line: &str) -> StateLine<'_> {
    match parse(line.as_bytes()).map(|l| l.kind) {
        Some(LineKind::State(s)) => s,
        other => panic!("{line}: {other:?}"),
    }
}

fn kind_of(line: &str) -> LineKind<'_> {
    parse(line.as_bytes()).unwrap().kind
}

#[test]
fn a_service_alert() {
    let s = state_of(
        "[1795319557] SERVICE ALERT: cream03.sigma-sara.example.org;org.sam.WN-SoftVer-ops;CRITICAL;HARD;3;CRITICAL: a; b;c",
    );
    assert_eq!(s.object.host, b"cream03.sigma-sara.example.org");
    assert_eq!(s.object.service, Some(b"org.sam.WN-SoftVer-ops".as_slice()));
    assert_eq!((s.state, s.hard, s.attempt, s.report, s.pending), (State::Critical, true, 3, Report::Alert, false));
    assert_eq!(s.output, b"CRITICAL: a; b;c", "an output may hold semicolons");
}

#[test]
fn an_empty_output_of_an_alert_is_a_result() {
    let s = state_of(
        "[1795319559] SERVICE ALERT: cream02.cc-in2p3.example.org;emi.cream.CREAMCE-AllowedSubmission;OK;HARD;1;",
    );
    assert_eq!((s.pending, s.output), (false, b"".as_slice()));
    assert!(!state_of("[1] SERVICE ALERT: h;s;OK;HARD;1;(null)").pending);
}

#[test]
fn never_checked_is_pending_in_any_listed_state() {
    // DC9
    assert!(
        state_of(
            "[1795319551] INITIAL SERVICE STATE: apel01.aa-ucl.example.org;org.nagios.CAdist-Version;OK;HARD;1;(null)"
        )
        .pending
    );
    // initial_state c
    let s = state_of(
        "[1795319551] INITIAL SERVICE STATE: apel01.ff-ukim.example.org;org.nagios.CAdist-Version;CRITICAL;HARD;4;(null)",
    );
    assert_eq!((s.pending, s.output), (true, b"".as_slice()));
    assert!(state_of("[1795319551] INITIAL HOST STATE: APEL01.NN-BASU.EXAMPLE.ORG;UP;HARD;1;").pending);
    // Checked, but the plugin printed nothing.
    assert!(!state_of("[1795320000] CURRENT SERVICE STATE: h;s;CRITICAL;HARD;3;").pending);
    assert!(!state_of("[1795320000] CURRENT HOST STATE: APEL01.NN-BASU.EXAMPLE.ORG;UP;HARD;1;PING OK - Packet loss = 0%, RTA = 6.80 ms").pending);
}

#[test]
fn host_alerts() {
    let s = state_of(
        "[1795319624] HOST ALERT: sbdii03.ll-ciemat.example.org;DOWN;HARD;2;PING CRITICAL - Packet loss = 100%",
    );
    assert_eq!((s.object.service, s.state, s.hard, s.attempt), (None, State::Down, true, 2));
}

#[test]
fn notifications_in_all_their_forms() {
    let LineKind::Notification(n) = kind_of(
        "[1795319558] SERVICE NOTIFICATION: nof;bdii01.pp-ncbj.example.org;org.nagios.BDII-Check;CRITICAL;n_svc;CRITICAL: done in 3.0s",
    ) else {
        panic!()
    };
    assert_eq!((n.contact, n.kind, n.state), (b"nof".as_slice(), NotificationKind::Problem, Some(State::Critical)));
    assert_eq!(
        (n.command, n.output, n.author),
        (b"n_svc".as_slice(), b"CRITICAL: done in 3.0s".as_slice(), b"".as_slice())
    );

    let LineKind::Notification(n) = kind_of(
        "[1795319576] SERVICE NOTIFICATION: rod;se01.beta-grid-t2.example.org;hr.srce.SRM2-CertLifetime;ACKNOWLEDGEMENT (CRITICAL);n_svc;;Zoë Müller;working on it; ticket #2798 <é>",
    ) else {
        panic!()
    };
    assert_eq!((n.kind, n.state, n.output), (NotificationKind::Acknowledgement, Some(State::Critical), b"".as_slice()));
    assert_eq!(n.author, "Zoë Müller".as_bytes());
    assert_eq!(n.comment, "working on it; ticket #2798 <é>".as_bytes());

    let LineKind::Notification(n) = kind_of(
        "[1795319656] HOST NOTIFICATION: rod;cream02.jj-iucc.example.org;ACKNOWLEDGEMENT (DOWN);n_host;PING CRITICAL - Packet loss = 100%;rod-operator;host ack",
    ) else {
        panic!()
    };
    assert_eq!((n.object.service, n.state, n.author), (None, Some(State::Down), b"rod-operator".as_slice()));

    // Naemon appends author and comment to every type, mostly empty; Icinga writes a bare type.
    let LineKind::Notification(n) = kind_of("[1] SERVICE NOTIFICATION: c;h;s;OK;cmd;fine;;") else { panic!() };
    assert_eq!((n.kind, n.output, n.comment), (NotificationKind::Recovery, b"fine".as_slice(), b"".as_slice()));
    let LineKind::Notification(n) = kind_of("[1] SERVICE NOTIFICATION: c;h;s;ACKNOWLEDGEMENT;cmd;out;me;why") else {
        panic!()
    };
    assert_eq!((n.kind, n.state), (NotificationKind::Acknowledgement, None));
    for (word, kind) in [
        ("FLAPPINGSTART (WARNING)", NotificationKind::Flapping),
        ("DOWNTIMECANCELLED (OK)", NotificationKind::Downtime),
        ("CUSTOM (OK)", NotificationKind::Custom),
    ] {
        let line = format!("[1] SERVICE NOTIFICATION: c;h;s;{word};cmd;out");
        assert!(matches!(kind_of(&line), LineKind::Notification(n) if n.kind == kind), "{line}");
    }
    assert_eq!(kind_of("[1] SERVICE NOTIFICATION SUPPRESSED: h;s;reason"), LineKind::Other);
}

#[test]
fn flapping_and_downtime() {
    let object = Names { host: b"h", service: Some(b"s") };
    assert_eq!(
        kind_of(
            "[1795319647] SERVICE FLAPPING ALERT: h;s;STARTED; Service appears to have started flapping (23.8% change >= 20.0% threshold)"
        ),
        LineKind::Flapping { object, on: true }
    );
    assert_eq!(kind_of("[1] SERVICE FLAPPING ALERT: h;s;DISABLED; x"), LineKind::Flapping { object, on: false });
    assert_eq!(
        kind_of(
            "[1795319599] HOST DOWNTIME ALERT: se02.omicron-cnrs.example.org;STARTED; Host has entered a period of scheduled downtime"
        ),
        LineKind::Downtime { object: Names { host: b"se02.omicron-cnrs.example.org", service: None }, on: true }
    );
    assert_eq!(kind_of("[1] SERVICE DOWNTIME ALERT: h;s;CANCELLED; x"), LineKind::Downtime { object, on: false });
}

#[test]
fn the_monitor_itself() {
    for (line, kind) in [
        ("[1795319551] Nagios 4.4.6 starting... (PID=21000)", LineKind::Starting),
        ("[1795319551] Naemon 1.4.1-pkg starting... (PID=7)", LineKind::Starting),
        ("[1795320470] Caught SIGHUP, restarting...", LineKind::Reloading),
        ("[1795320146] Caught SIGTERM, shutting down...", LineKind::Terminating),
        ("[1795320146] Successfully shutdown... (PID=21000)", LineKind::Shutdown),
        ("[1795319551] Successfully launched command file worker with pid 21006", LineKind::Other),
        ("[1795319551] Local time is Sun Nov 22 03:52:31 CRP 2026", LineKind::LocalTime { utc_offset: 0 }),
        ("[1795320000] LOG ROTATION: HOURLY", LineKind::Rotation),
        ("[1795320000] LOG VERSION: 2.0", LineKind::Other),
        ("[1795319554] PASSIVE SERVICE CHECK: h;s;0;(null)", LineKind::PassiveResult),
        ("[1795319554] EXTERNAL COMMAND: PROCESS_SERVICE_CHECK_RESULT;h;s;0;OK", LineKind::PassiveResult),
        (
            "[1795320471] External command [1795320469] PROCESS_SERVICE_CHECK_RESULT;h;s;0;OK returned error Command failed",
            LineKind::Other,
        ),
        ("[1795319551] wproc: Registry request: name=Core Worker 21002;pid=21002", LineKind::Other),
        ("[1795319551] Warning: Nagios x starting...", LineKind::Other),
    ] {
        assert_eq!(kind_of(line), kind, "{line}");
    }
    assert_eq!(
        kind_of(
            "[1795319780] EXTERNAL COMMAND: REMOVE_SVC_ACKNOWLEDGEMENT;sbdii03.lambda-t1.example.org;org.bdii.Entries"
        ),
        LineKind::Command {
            name: b"REMOVE_SVC_ACKNOWLEDGEMENT",
            args: b"sbdii03.lambda-t1.example.org;org.bdii.Entries"
        }
    );
}

#[test]
fn what_is_not_a_line() {
    for line in ["", "[", "[]", "[x] SERVICE ALERT: a", "Nagios Core 4.4.6", "[12", "[99999999999999999999] x"] {
        assert_eq!(parse(line.as_bytes()), None, "{line:?}");
    }
    assert_eq!(parse(b"[5]"), Some(Line { at: 5, kind: LineKind::Other }));
}

#[test]
fn times_of_ten_digits_and_of_others() {
    for at in [0, 9, 123_456_789, 1_000_000_000, 1_795_319_557, 9_999_999_999, 12_345_678_901] {
        assert_eq!(split_epoch(format!("[{at}] x").as_bytes()), Some((at, b"x".as_slice())));
    }
    for bad in ["[179531955x] x", "[/795319557] x", "[:795319557] x", "[1795319557 x", "[17953 9557] x"] {
        assert_eq!(split_epoch(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn a_known_kind_of_another_shape_is_said_to_be_malformed() {
    for line in [
        "[1] SERVICE ALERT: h;s;UP;HARD;1;x",
        "[1] HOST ALERT: h;CRITICAL;HARD;1;x",
        "[1] SERVICE ALERT: h;s;OK;FIRM;1;x",
        "[1] SERVICE ALERT: h;s;OK;HARD;one;x",
        "[1] SERVICE ALERT: ;s;OK;HARD;1;x",
        "[1] SERVICE ALERT: h",
        "[1] SERVICE NOTIFICATION: c;h;s;WHATEVER;x;y",
        "[1] SERVICE NOTIFICATION: c;h;s;CUSTOM (UP);x;y",
        "[1] HOST DOWNTIME ALERT: h;MAYBE; x",
        "[1] Local time is whenever",
    ] {
        assert!(matches!(kind_of(line), LineKind::Malformed { .. }), "{line}: {:?}", kind_of(line));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_tail_behind_a_known_head_is_read_without_panic(
        head in prop::sample::select(vec![
            "SERVICE ALERT: ", "HOST ALERT: ", "CURRENT SERVICE STATE: ", "INITIAL HOST STATE: ", "SERVICE NOTIFICATION: ",
            "HOST NOTIFICATION: ", "SERVICE FLAPPING ALERT: ", "HOST DOWNTIME ALERT: ", "EXTERNAL COMMAND: ", "Local time is ",
        ]),
        tail in "[A-Z;() 0-9:a-z]{0,60}",
        at in 0i64..4_000_000_000,
    ) {
        let line = format!("[{at}] {head}{tail}");
        prop_assert_eq!(parse(line.as_bytes()).map(|l| l.at), Some(at));
    }

    #[test]
    fn what_is_written_is_read(host in "[a-z0-9.-]{1,30}", service in "[A-Za-z0-9 .#-]{1,30}", output: Vec<u8>, attempt in 1u32..100) {
        let mut line = format!("[7] SERVICE ALERT: {host};{service};UNKNOWN;SOFT;{attempt};").into_bytes();
        line.extend_from_slice(&output);
        let Some(Line { at: 7, kind: LineKind::State(s) }) = parse(&line) else { return Err(TestCaseError::fail("no state")) };
        prop_assert_eq!(s.object.host, host.as_bytes());
        prop_assert_eq!(s.object.service, Some(service.as_bytes()));
        prop_assert_eq!((s.state, s.hard, s.attempt), (State::Unknown, false, attempt));
        prop_assert_eq!(s.output, &output[..]);
    }
}
