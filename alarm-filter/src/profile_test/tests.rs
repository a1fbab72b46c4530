use super::*;

const PROFILE: &str = r#"
name = "ROC_OPERATORS"
vo = "ops"
[service_types]
CREAM-CE = ["org.sam.*"]
APEL = ["org.apel.*"]
[metrics."org.apel.*"]
mask_family = "accounting"
"#;

const HEAD: &str = r#"
profile = "roc_operators.toml"
[defaults]
host = "ce01.example.org"
service = "org.sam.CREAMCE-JobSubmit-ops"
service_type = "CREAM-CE"
site = "SITE-A"
"#;

fn run(cases: &str) -> FileReport {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("roc_operators.toml"), PROFILE).unwrap();
    run_text("t.toml", dir.path(), &format!("{HEAD}{cases}"))
}

fn passes(cases: &str) {
    let report = run(cases);
    assert!(report.passes(), "{report}");
    assert!(!report.cases.is_empty());
}

#[test]
fn a_time_out_waits_for_the_next_result() {
    passes(
        r#"
        [[case]]
        name = "a time-out waits for the next result"
        at = "2026-11-22T08:00:00Z"
        [[case.when]]
        state = "CRITICAL"
        output = "(Service check timed out after 60.01 seconds)"
        [[case.when]]
        after = "1h"
        notified = "CRITICAL"
        [[case.expect]]
        after = "1m"
        alarms = [{ state = "CRITICAL", flags = ["time-out"], site = "SITE-A" }]
        [[case.expect]]
        after = "25h"
        alarms = [{ metric = "org.sam.CREAMCE-JobSubmit", flags = [], age_at_least = "1d", episodes = 1 }]
        "#,
    );
}

#[test]
fn short_forms_hosts_downtimes_acknowledgements_and_switching_off() {
    passes(
        r#"
        [sites.SITE-A]
        ngi = "NGI_X"
        services = [
            { host = "ce01.example.org", type = "CREAM-CE" },
            { host = "ce02.example.org", type = "CREAM-CE", monitored = false },
        ]
        [[case]]
        name = "a host that is down holds its services"
        when = [{ host_state = "DOWN" }, { state = "CRITICAL" }, { after = "1h", host_state = "UP" }]
        expect = [
            { after = "1m", alarms = [{ service = "Host", state = "DOWN" }] },
            { after = "1m", aside = "host-not-up" },
            { after = "2h", alarms = [{ service = "Host", state = "UP", stable = false }] },
        ]
        [[case]]
        name = "an outage marks, and the age stands still"
        downtimes = [{ from = "0s", to = "10h" }]
        when = [{ after = "1h", state = "CRITICAL" }]
        expect = [
            { after = "9h", alarms = [{ flags = ["outage"], age_under = "1s" }] },
            { after = "12h", alarms = [{ flags = [], age_at_least = "2h" }] },
        ]
        [[case]]
        name = "what the monitor knows is marked"
        when = [
            { state = "WARNING" },
            { after = "1m", acknowledged = "ana: ticket 7" },
            { after = "1m", flapping = true },
            { after = "1m", muted = true },
            { after = "1m", in_downtime = true },
            { after = "2m", acknowledged = false },
            { after = "3m", host = "ce02.example.org", state = "UNKNOWN" },
        ]
        expect = [
            { after = "1m", alarms = [{ flags = ["acknowledged", "flapping", "muted", "nagios-downtime"] }] },
            { after = "3m", alarms = [
                { flags = ["flapping", "muted", "nagios-downtime"] },
                { host = "ce02.example.org", flags = ["monitoring-off"] },
            ] },
        ]
        [[case]]
        name = "switched off"
        when = [{ state = "CRITICAL" }, { after = "1h", switched_off = "core-service" }]
        expect = [{ after = "2h", none = true }, { after = "2h", aside = "switched-off" }]
        [[case]]
        name = "switched off when it is OK again"
        when = [{ state = "CRITICAL" }, { after = "1h", state = "OK" }, { after = "2h", switched_off = "ok" }]
        expect = [{ after = "3h", none = true }]
        [[case]]
        name = "another metric raises nothing"
        when = [{ service = "load", state = "CRITICAL" }]
        expect = [{ after = "1m", service = "load", aside = "not-in-profile" }, { after = "1m", none = true }]
        "#,
    );
}

#[test]
fn a_difference_says_expected_got_and_why() {
    let report = run(r#"
        [[case]]
        name = "wrong"
        when = [{ state = "CRITICAL", output = "boom" }]
        expect = [{ after = "5m", alarms = [{ state = "WARNING" }] }]
        "#);
    let text = report.to_string();
    assert!(text.starts_with("FAILED  t.toml: wrong\n  t.toml:12, at 2026-11-23 08:05:00 UTC\n"), "{text}");
    assert!(text.contains("expected  org.sam.CREAMCE-JobSubmit-ops on ce01.example.org: WARNING\n"), "{text}");
    assert!(
        text.contains("got       org.sam.CREAMCE-JobSubmit-ops on ce01.example.org: CRITICAL, site SITE-A"),
        "{text}"
    );
    assert!(text.contains("why       At 2026-11-23 08:05:00 UTC there was an alarm"), "{text}");
    assert!(text.contains("An alarm was raised for"), "{text}");
}

#[test]
fn what_cannot_be_has_a_place_and_a_hint() {
    let only = |cases: &str| {
        let report = run(cases);
        assert_eq!(report.errors.len(), 1, "{report}");
        report.errors[0].clone()
    };
    let step = |step: &str| {
        only(&format!("[[case]]\nname = \"c\"\nexpect = [{{ after = \"1m\", none = true }}]\nwhen = [{step}]\n"))
    };
    assert_eq!(step("{ stat = \"OK\" }").split(": ").nth(2).unwrap(), "unknown key \"stat\"; did you mean state?");
    assert!(step("{ stat = \"OK\" }").starts_with("t.toml:11:"));
    assert!(step("{ state = \"CRITCAL\" }").ends_with("did you mean CRITICAL?"), "{}", step("{ state = \"CRITCAL\" }"));
    assert!(step("{ state = \"DOWN\" }").contains("DOWN is not a service's state; write OK"));
    assert!(step("{ host_state = \"OK\" }").contains("OK is not a host's state"));
    assert!(step("{ after = \"1m\" }").contains("nothing happens"));
    assert!(step("{ state = \"OK\", flapping = true }").contains("state, flapping"));
    assert!(step("{ after = \"2m\", state = \"OK\" }, { after = \"1m\", state = \"OK\" }").contains("in order"));
    assert!(step("{ after = \"soon\", state = \"OK\" }").contains("write 90s, 5m"));
    let expect = |e: &str| only(&format!("[[case]]\nname = \"c\"\nwhen = []\nexpect = [{e}]\n"));
    assert!(expect("{ after = \"1m\" }").contains("one of alarms, none, aside"));
    assert!(expect("{ after = \"1m\", aside = \"notinprofile\" }").contains("did you mean not-in-profile?"));
    assert!(expect("{ after = \"1m\", alarms = [{ flags = [\"timeout\"] }] }").contains("did you mean time-out?"));
}

#[test]
fn a_profile_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let report = run_text(
        "t.toml",
        dir.path(),
        &format!("{HEAD}\n[[case]]\nname=\"c\"\nwhen=[]\nexpect=[{{after=\"1m\",none=true}}]"),
    );
    assert!(report.errors[0].starts_with("t.toml:2:11: error: the profile cannot be used"), "{report}");
    assert!(report.errors[1].contains("roc_operators.toml"), "{report}");
    let missing = run_file(&dir.path().join("none.toml"));
    assert!(!missing.passes() && missing.errors[0].contains("cannot be read"));
}

#[test]
fn the_shipped_tests_pass_on_the_shipped_profiles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../profiles/tests");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.to_string_lossy().ends_with(".test.toml"));
    assert!(!files.is_empty());
    for file in files {
        let report = run_file(&file);
        assert!(report.passes(), "{report}");
    }
}
