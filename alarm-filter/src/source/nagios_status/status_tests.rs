use super::*;
use alarm_core::time::SECOND;
use proptest::prelude::*;

const SAMPLE: &str = "########################################
#          NAGIOS STATUS FILE
########################################

info {
\tcreated=1795320620
\tversion=4.4.6
\tlast_version=
\t}

programstatus {
\tnagios_pid=24631
\tprogram_start=1795320471
\tlast_log_rotation=0
\tenable_notifications=1
\tactive_service_checks_enabled=1
\t}

hoststatus {
\thost_name=APEL01.NN-BASU.EXAMPLE.ORG
\tcheck_interval=60.000000
\thas_been_checked=1
\tcurrent_state=1
\tlast_hard_state=0
\tplugin_output=PING CRITICAL - Packet loss = 100%
\tlast_check=1795320564
\tcurrent_attempt=1
\tmax_attempts=2
\tstate_type=0
\t}

servicestatus {
\thost_name=APEL01.NN-BASU.EXAMPLE.ORG
\tservice_description=eu.egi.sec.CRL
\tcheck_interval=60.000000
\tretry_interval=10.000000
\thas_been_checked=1
\tcurrent_state=2
\tlast_hard_state=2
\tcurrent_attempt=3
\tmax_attempts=3
\tstate_type=1
\tlast_state_change=1795320479
\tlast_hard_state_change=1795320499
\tplugin_output=CRITICAL: a=b; caf\u{e9}
\tlong_plugin_output=one\\ntwo \\\\n
\tperformance_data=time=5.5s;30;60;0; jobs=1;;;0
\tlast_check=1795320599
\tnext_check=1795320659
\tcurrent_notification_number=2
\tlast_notification=1795320500
\tnext_notification=0
\tno_more_notifications=1
\tnotifications_enabled=0
\tproblem_has_been_acknowledged=1
\tacknowledgement_type=2
\tis_flapping=1
\tscheduled_downtime_depth=1
\t_SITE_NAME=0;NN-BASU
\t}

servicecomment {
\thost_name=se03.kappa-upv.example.org
\tservice_description=org.sam.SRM-All-ops
\tentry_type=4
\tcomment_id=15
\tentry_time=1795319602
\tauthor=noc
\tcomment_data=working on it; ticket #2667 <é>
\t}

hostcomment {
\thost_name=h
\tentry_type=2
\tauthor=x
\t}

servicedowntime {
\thost_name=apel01.pi-desy.example.org
\tservice_description=eu.egi.sec.WN-Torque
\tdowntime_id=219
\tcomment_id=1325
\tentry_time=1795320383
\tstart_time=1795320379
\tflex_downtime_start=0
\tend_time=1795320679
\ttriggered_by=0
\tfixed=1
\tduration=300
\tis_in_effect=1
\tauthor=noc
\tcomment=fixed intervention, GOCDB 78707
\t}

";

fn read(text: &[u8]) -> Result<StatusSnapshot, String> {
    StatusSnapshot::read(text, Path::new("/x/status.dat"), &mut Interner::default()).map_err(|e| e.to_string())
}

#[test]
fn everything_that_is_used() {
    let all = read(SAMPLE.as_bytes()).unwrap();
    assert_eq!(all.summary.created, Timestamp::from_secs(1_795_320_620));
    assert_eq!((all.summary.version.as_str(), all.summary.hosts, all.summary.services), ("4.4.6", 1, 1));
    let program = all.summary.program;
    assert_eq!((program.pid, program.enable_notifications, program.last_log_rotation), (24631, true, None));
    assert!(program.service_checks_enabled);

    let host = all.hosts.first().unwrap();
    assert_eq!((host.state, host.hard, host.last_hard_state), (State::Down, false, State::Up));
    let service = all.services.first().unwrap();
    assert_eq!((service.state, service.hard, service.max_attempts), (State::Critical, true, 3));
    assert_eq!((service.acknowledged, service.is_flapping, service.downtime_depth), (Some(true), true, 1));
    assert_eq!(
        (service.notifications_enabled, service.no_more_notifications, service.notification_number),
        (false, true, 2)
    );
    assert_eq!(service.last_hard_change, when(1_795_320_499));
    assert_eq!((service.next_notification, service.retry_interval_milli), (None, 10_000));
    let Seen::Service(seen) = &service.seen else { panic!() };
    assert_eq!(&*seen.output, "CRITICAL: a=b; café");
    assert_eq!(&*seen.long_output, "one\ntwo \\n");
    assert_eq!(&*seen.perf_data, "time=5.5s;30;60;0; jobs=1;;;0");
    assert_eq!((seen.pending, seen.attempt, seen.last_check), (false, 3, when(1_795_320_599)));

    let ack = all.acknowledgements.first().unwrap();
    assert_eq!((&*ack.author, &*ack.comment), ("noc", "working on it; ticket #2667 <é>"));
    assert_eq!(all.acknowledgements.len(), 1);
    let downtime = all.downtimes.first().unwrap();
    assert!(downtime.in_effect && downtime.downtime.fixed);
    assert_eq!((downtime.downtime.id, downtime.downtime.duration), (Some(219), 300 * SECOND));
    assert_eq!(&*downtime.downtime.comment, "fixed intervention, GOCDB 78707");
}

#[test]
fn never_checked_is_pending() {
    let all = read(SAMPLE.replace("has_been_checked=1", "has_been_checked=0").as_bytes()).unwrap();
    assert!(matches!(&all.services.first().unwrap().seen, Seen::Service(s) if s.pending));
    assert!(matches!(&all.hosts.first().unwrap().seen, Seen::Host(h) if h.pending));
}

#[test]
fn a_file_that_cannot_be_right_says_why() {
    for (from, to, want) in [
        ("info {", "inf {", "is not a complete status.dat: it has no block \"info\""),
        ("programstatus {", "program {", "is not a complete status.dat: it has no block \"programstatus\""),
        (
            "current_state=2",
            "current_state=7",
            "servicestatus of APEL01.NN-BASU.EXAMPLE.ORG;eu.egi.sec.CRL: current_state is \"7\"",
        ),
        ("current_state=1\n", "current_state=\n", "hoststatus of APEL01.NN-BASU.EXAMPLE.ORG: current_state is \"\""),
        ("\thost_name=APEL01.NN-BASU.EXAMPLE.ORG\n\tservice", "\tservice", "host_name is \"\""),
        ("GOCDB 78707\n\t}\n\n", "GOCDB", "the block \"servicedowntime\" that begins at offset"),
        ("author", "\0uthor", "a NUL byte at offset"),
    ] {
        let text = SAMPLE.replacen(from, to, 1);
        assert_ne!(text, SAMPLE);
        let error = read(text.as_bytes()).unwrap_err();
        assert!(error.contains("/x/status.dat") && error.contains(want), "{error}");
    }
    assert!(read(b"").unwrap_err().contains("no block \"info\""));
    let error = visit_file(Path::new("/nonexistent/status.dat"), |_| {}).unwrap_err().to_string();
    assert!(error.starts_with("cannot read /nonexistent/status.dat: "), "{error}");
}

proptest! {
    #[test]
    fn any_damage_is_an_error_or_a_snapshot(at in 0usize..2000, byte: u8, cut in 0usize..2500) {
        let mut text = SAMPLE.as_bytes().to_vec();
        if let Some(b) = text.get_mut(at) {
            *b = byte;
        }
        text.truncate(cut);
        let _ = read(&text);
    }
}
