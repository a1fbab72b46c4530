use super::*;
use alarm_core::profile::{HostDown, Membership};
use alarm_core::state::State;
use proptest::prelude::*;

const GOOD: &str = r#"
name = "ROC_OPERATORS"
vo = "ops"
host_down = "ignore"
[service_types]
"CREAM-CE" = ["org.sam.CREAMCE-*", "hr.srce.CADist-Check"]
APEL = ["org.apel.*"]
[candidates]
SRM = ["org.sam.SRM-Put"]
[metrics."org.apel.*"]
mask_family = "accounting"
raise = ["CRITICAL"]
ticket = []
stable_for = 14_400
time_out_pattern = 'timed out after \d+'
documentation = "https://example.org/apel"
"#;

fn lines(text: &str) -> Vec<String> {
    check_text("p.toml", text).lines().map(|(_, l)| l).collect()
}

/// The only finding of a profile with this beside a name and a service type.
fn only(extra: &str) -> String {
    let found = lines(&format!("name = \"P\"\nservice_types.SRM = [\"m\"]\n{extra}"));
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn al1_a_file_becomes_a_profile() {
    let report = check_text("p.toml", GOOD);
    assert_eq!(report.findings, []);
    let p = report.profile.unwrap();
    assert_eq!((&*p.name, p.host_down), ("ROC_OPERATORS", HostDown::Ignore));
    let entry = p.entry("APEL", "org.apel.APEL-Pub").unwrap();
    assert_eq!(entry.membership, Membership::Critical);
    assert_eq!(entry.settings.raise, Some(vec![State::Critical]));
    assert_eq!(entry.settings.ticket, Some(vec![]), "raises, never needs a ticket");
    assert_eq!(entry.settings.stable_for, Some(14_400));
    assert_eq!(p.entry("SRM", "org.sam.SRM-Put-ops").unwrap().membership, Membership::Candidate);
    assert!(p.entry("SRM", "org.sam.SRM-Get").is_none());
    // What derive reads from the same text is the same.
    assert_eq!(toml::from_str::<Profile>(GOOD).unwrap(), p);
}

#[test]
fn de7_groups_name_service_types_that_are_listed_each_in_one_group() {
    let text = "name = \"P\"\nservice_types.SRM = [\"m\"]\nservice_types.ARC-CE = [\"m\"]\n[groups]\n\
                compute = [\"*-CE\", \"CREAM-CE\"]\nstorage = [\"SRM\"]\n";
    let report = check_text("p.toml", text);
    let p = report.profile.clone().unwrap();
    assert_eq!(toml::from_str::<Profile>(text).unwrap(), p);
    let group = |t| p.group_of(t).to_string();
    assert_eq!([group("ARC-CE"), group("SRM"), group("Site-BDII")], ["compute", "storage", "Site-BDII"]);
    let lines: Vec<String> = report.lines().map(|(_, l)| l).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("p.toml:5:20: warning: CREAM-CE of the group compute is not under [service_types]"));
    assert!(only("[groups]\na = [\"SRM\"]\nb = [\"SRM\"]").contains("5:6: error: SRM stands in the groups a and b"));
    assert!(only("[groups]\na = \"SRM\"").contains("write a list of service types"));
    assert!(only("[groups]\na = []").contains("name its service types"));
    assert!(only("groups = []").contains("a table of groups"));
}

#[test]
fn a_profile_may_take_everything() {
    let report = check_text("p.toml", "name = \"ALL\"\n[service_types]\n\"*\" = [\"*\"]\n");
    assert_eq!(report.findings, []);
    assert!(report.profile.unwrap().entry("anything", "at all").is_some());
}

#[test]
fn unknown_keys_get_the_nearest_known_one() {
    assert_eq!(
        only("servicetypes = 1"),
        "p.toml:3:1: error: unknown key \"servicetypes\", did you mean service_types?"
    );
    assert_eq!(
        only("[metrics.m]\nmask-family = \"a\""),
        "p.toml:4:1: error: unknown key \"mask-family\", did you mean mask_family?"
    );
    assert!(only("escalation = 1").contains("known here: name, description"));
}

#[test]
fn states_are_nagios_words_for_problems() {
    assert_eq!(
        only("[metrics.m]\nraise = [\"CRITCAL\"]\n").split(": ").nth(2).unwrap(),
        "unknown state \"CRITCAL\", did you mean CRITICAL?"
    );
    assert!(only("[metrics.m]\nraise = [\"critical\"]").contains("did you mean CRITICAL?"));
    assert!(only("[metrics.m]\nraise = [\"OK\"]\nticket = []").contains("OK is no problem"));
    assert!(only("[metrics.m]\nraise = []").contains("empty list"));
    assert!(only("[metrics.m]\nraise = \"CRITICAL\"").contains("write a list of states"));
    assert!(
        only("[metrics.m]\nraise = [\"CRITICAL\"]\nticket = [\"WARNING\"]")
            .contains("warning: WARNING needs a ticket and raises nothing")
    );
}

#[test]
fn lists_values_and_patterns_are_checked() {
    assert!(only("[candidates]\nSRM = []").contains("the list of SRM is empty"));
    assert!(only("[candidates]\nSRM = [\"\"]").contains("is no name"));
    assert!(only("[candidates]\nSRM = [\"x\", \"x\"]").contains("warning: x stands twice"));
    let line = only("[metrics.m]\ntime_out_pattern = '(timed'");
    assert!(line.starts_with("p.toml:4:20: error: bad pattern: unclosed group"), "{line}");
    assert!(only("[metrics.m]\ntime_out_pattern = '.*'").contains("matches an empty output"));
    assert!(only("[metrics.m]\nstable_for = -1").contains("90 days"));
    assert!(only("[metrics.m]\nstable_for = '4h'").contains("whole seconds"));
    assert!(only("[metrics.m]\nsecurity = 'yes'").contains("true or false"));
    assert!(only("[metrics.m]\ndocumentation = 'javascript:alert(1)'").contains("is no link"));
    assert!(only("host_down = \"page\"").contains("\"alarm\" or \"ignore\""));
    let dots = lines("name = \"P\"\nservice_types.SRM = [\"m\"]\n[metrics]\norg.apel = { security = true }");
    assert!(dots.iter().any(|l| l.contains("4:5: error") && l.contains("needs quotes")), "{dots:?}");
}

#[test]
fn what_is_missing_is_said() {
    let found = lines("");
    assert!(found[0].contains("has no name") && found[1].contains("no [service_types]"), "{found:?}");
    assert!(lines("name = \"a b\"\n[service_types]").iter().any(|l| l.contains("is no name of a profile")));
    assert!(lines("name = \"P\"\n[service_types]").iter().any(|l| l.contains("[service_types] is empty")));
}

#[test]
fn all_errors_come_at_once_in_the_order_of_the_file() {
    let found = lines("nam = \"P\"\n[service_types]\nSRM = []\n[metrics.m]\nraise = [\"X\"]\n");
    let places: Vec<&str> = found.iter().map(|l| l.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["p.toml:1:1", "p.toml:1:1", "p.toml:3:7", "p.toml:4:10", "p.toml:5:10"], "{found:#?}");
}

#[test]
fn bad_toml_has_a_place_too() {
    let found = lines("name = \"P\"\n[service_types\nSRM = [\"m\"]\n");
    assert!(found[0].starts_with("p.toml:2:"), "{found:?}");
    assert!(!found[0].contains('\n'));
}

#[test]
fn what_is_hardly_meant_is_a_warning() {
    let warn = |extra: &str, word: &str| {
        let line = only(extra);
        assert!(line.contains(": warning: ") && line.contains(word), "{line}");
        assert!(check_text("p", &format!("name = \"P\"\nservice_types.SRM = [\"m\"]\n{extra}")).profile.is_some());
    };
    warn("[candidates]\nSite-BDI = [\"x\"]", "did you mean Site-BDII?");
    warn("[candidates]\n\"my.own.thing\" = [\"x\"]", "get_service_types");
    warn("[candidates]\nSRM = [\"m\"]", "counts already");
    warn("[metrics.other]\nsecurity = true", "no listed metric is other");
    warn("[candidates]\nSRM = [\"eu.egi.sec.CRL\"]", "security metric by its name");
}

#[test]
fn files_and_folders() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.toml"), GOOD).unwrap();
    std::fs::write(dir.path().join("README.md"), "no profile").unwrap();
    let (profiles, warnings) = load_folder(dir.path(), "ROC_OPERATORS").unwrap();
    assert_eq!((profiles.profiles.len(), warnings.len()), (1, 0));
    assert!(load_folder(dir.path(), "ROC_OPERATOR").unwrap_err().to_string().contains("did you mean ROC_OPERATORS?"));
    std::fs::write(dir.path().join("b.toml"), GOOD).unwrap();
    assert!(load_folder(dir.path(), "ROC_OPERATORS").unwrap_err().to_string().contains("a second profile"));
    std::fs::write(dir.path().join("b.toml"), b"name = \"P\"\n# \xff").unwrap();
    assert!(
        load_folder(dir.path(), "ROC_OPERATORS").unwrap_err().to_string().contains("b.toml:2:1: error: is not UTF-8")
    );
    assert!(check(&dir.path().join("none.toml")).to_string().contains("cannot be read"));
    assert!(load_folder(&dir.path().join("none"), "P").is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = check_text("p", &text).to_string();
    }

    /// Where both accept a text, derive and the reading by hand agree; and derive accepts all that is accepted here.
    #[test]
    fn agrees_with_derive(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "name = \"P\"", "vo = 1", "vo = \"é\"", "[service_types]", "SRM = [\"m\"]", "SRM = []", "\"*\" = [\"*\"]", "[candidates]",
            "[metrics.m]", "[metrics.\"a*\"]", "raise = [\"CRITICAL\"]", "ticket = []", "security = true", "stable_for = 0x10",
            "stable_for = 1", "x = 2", "host_down = \"ignore\"", "= 3", "[", "'''", "time_out_pattern = '('",
        ]), 0..12),
    ) {
        let text = pieces.join("\n");
        let report = check_text("p", &text);
        prop_assert!(report.to_string().lines().count() == report.findings.len());
        if let Some(profile) = report.profile {
            prop_assert_eq!(toml::from_str::<Profile>(&text).unwrap(), profile);
        }
    }
}

#[test]
fn the_profiles_that_come_with_the_product_have_nothing_to_say_about() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../profiles");
    let (profiles, warnings) = load_folder(&dir, "ROC_OPERATORS").unwrap();
    assert_eq!(warnings, [""; 0]);
    let names: Vec<&str> = profiles.profiles.keys().map(|n| &**n).collect();
    assert_eq!(names, ["ARGO_MON_CRITICAL", "ARGO_MON_OPERATORS", "ROC_AVAILABILITY", "ROC_CRITICAL", "ROC_OPERATORS"]);

    let operators = &profiles.profiles["ROC_OPERATORS"];
    let critical = |service_type: &str, metric: &str| {
        operators.entry(service_type, metric).is_some_and(|e| e.membership == Membership::Critical)
    };
    for (service_type, metric) in [
        ("CREAM-CE", "org.sam.CREAMCE-JobSubmit-ops"),
        ("CREAM-CE", "org.sam.WN-Rep-ops"),
        ("ARC-CE", "org.nordugrid.ARC-CE-lfc-result-ops"),
        ("SRM", "org.sam.SRM-All-ops"),
        ("Site-BDII", "org.bdii.Freshness"),
        ("Top-BDII", "org.gstat.SiteCount"),
        ("APEL", "org.apel.APEL-Sync"),
        ("MyProxy", "hr.srce.MyProxy-Store-ops"),
        ("APEL", "eu.egi.sec.Pakiti: WN patch #1"),
    ] {
        assert!(critical(service_type, metric), "{service_type} {metric}");
    }
    assert!(!critical("MyProxy", "org.nagios.Load") && !critical("Router", "org.nagios.Router-if0"));
    assert_eq!(operators.entry("Site-BDII", "org.nagios.GLUE2-Check").unwrap().membership, Membership::Candidate);
    for profile in profiles.profiles.values() {
        let of = |metric: &str| profile.settings(metric);
        if profile.entry("APEL", "org.apel.APEL-Pub").is_some() {
            assert_eq!(of("org.apel.APEL-Pub").mask_family.as_deref(), Some("accounting"));
            assert!(of("eu.egi.sec.CRL").security);
        }
        // All that ROC_CRITICAL and ARGO_MON_CRITICAL list raises operators' alarms too.
        let whole = match &*profile.name {
            "ROC_CRITICAL" => "ROC_OPERATORS",
            "ARGO_MON_CRITICAL" => "ARGO_MON_OPERATORS",
            _ => continue,
        };
        for (service_type, metrics) in &profile.service_types {
            for metric in metrics {
                assert!(
                    profiles.profiles[whole].entry(service_type, metric).is_some(),
                    "{whole}: {service_type} {metric}"
                );
            }
        }
    }
}
