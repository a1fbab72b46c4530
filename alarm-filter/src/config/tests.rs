use super::*;
use alarm_core::settings::Age72;
use alarm_core::time::{DAY, HOUR, MINUTE};
use std::os::unix::fs::PermissionsExt;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("/etc/gridward/alarm-filter.toml"), text)
}

fn wrong(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn an_empty_file_is_debians_nagios() {
    let c = parse("").unwrap();
    assert_eq!(c.monitors.len(), 1);
    assert_eq!(c.monitors[0].nagios_cfg.as_deref(), Some(Path::new("/etc/nagios4/nagios.cfg")));
    assert_eq!((c.listen.to_string().as_str(), c.store.as_path()), ("127.0.0.1:8620", Path::new("/var/lib/gridward")));
    let s = c.settings(|_| MonitorSettings::default());
    let mut defaults = Settings::default();
    defaults.monitors.insert("nagios".into(), MonitorSettings::default());
    assert_eq!(s, defaults, "what is not said has the procedure's own value");
}

#[test]
fn everything_can_be_said() {
    let c = parse(
        r#"
        store = "store"
        listen = "unix:/run/gridward/alarm-filter.sock"
        [[monitor]]
        name = "ngi-x"
        group = "pair"
        nagios_cfg = "/etc/nagios4/nagios.cfg"
        log = "/var/log/n.log"
        archive_dir = "/var/log/archives"
        status = "s.dat"
        objects = "/o.cache"
        interval_length = "60s"
        catch_up = "all"
        silent_after = "10m"
        [topology]
        certificate = "hostcert.pem"
        key = "/etc/grid-security/hostkey.pem"
        get_service_endpoint = { source = "services.xml", ca = "ca" }
        get_site = { source = "https://goc.example.org/?method=get_site" }
        [profiles]
        files = ["p.toml"]
        operators = "MINE"
        [rules]
        stable_for = "1d12h"
        auto_off = true
        silent_certifications = ["Closed"]
        cause_sites = 4
        [calendar]
        timezone = "Europe/Zurich"
        weekend = ["Fri", "Sat"]
        holidays = ["2026-12-25"]
        end_of_day = "17:30:00"
        age72 = "wall-clock"
        [http]
        sources = ["argo"]
        [journal]
        keep = "30d"
        [web]
        user_header = "X-Remote-User"
        allowed_hosts = ["rod.example.org"]
        "#,
    )
    .unwrap();
    assert_eq!(c.store, Path::new("/etc/gridward/store"));
    assert_eq!(c.journal.keep(), Some(30 * DAY));
    assert_eq!(parse("[journal]\nkeep = \"forever\"").unwrap().journal.keep(), None);
    let m = &c.monitors[0];
    assert_eq!((m.status.as_deref(), m.catch_up), (Some(Path::new("/etc/gridward/s.dat")), CatchUp::All));
    let s = c.settings(|_| MonitorSettings { has_status: true, ..MonitorSettings::default() });
    assert_eq!((s.stable_for, s.auto_off, s.cause_sites), (36 * HOUR, true, 4));
    assert_eq!(s.calendar.age72, Age72::WallClock);
    assert_eq!(s.calendar.weekend, [chrono::Weekday::Fri, chrono::Weekday::Sat]);
    assert_eq!(s.calendar.holidays.len(), 1);
    assert_eq!(&*s.monitors["ngi-x"].group, "pair");
    assert!(s.monitors["ngi-x"].has_status);
    let t = c.topology.unwrap();
    let services = t.get_service_endpoint.unwrap();
    assert_eq!(
        (services.source.as_str(), services.ca),
        ("/etc/gridward/services.xml", Some("/etc/gridward/ca".into()))
    );
    assert_eq!(t.certificate.as_deref(), Some(Path::new("/etc/gridward/hostcert.pem")));
    assert_eq!(t.key.as_deref(), Some(Path::new("/etc/grid-security/hostkey.pem")));
    assert!(t.get_site.unwrap().source.starts_with("https://"));
}

#[test]
fn who_acts_is_one_of_two_and_nobody_otherwise() {
    use crate::web::Operators;
    assert_eq!(parse("").unwrap().web.operators(), Operators::Nobody);
    let c = parse("[web]\noperator = \" ROD of NGI_X \"").unwrap();
    assert_eq!(c.web.operators(), Operators::Name("ROD of NGI_X".into()));
    let c = parse("[web]\nuser_header = \"X-Remote-User\"").unwrap();
    assert!(matches!(c.web.operators(), Operators::Header(h) if h == "x-remote-user"));
    let both = wrong("[web]\nuser_header = \"X-Remote-User\"\noperator = \"x\"");
    assert!(both.contains(":2:15: error: both user_header and operator are set; keep"), "{both}");
    for bad in ["", "Cookie", "host", "Sec-Fetch-User", "Content-Type", "a b", "Authorization", "é"] {
        assert!(wrong(&format!("[web]\nuser_header = {bad:?}")).contains("can name a user; write one"), "{bad}");
    }
    for bad in ["", "  ", "alarm-filter", "a\\u202eb"] {
        assert!(wrong(&format!("[web]\noperator = \"{bad}\"")).contains("error: operator "), "{bad}");
    }
    assert!(
        wrong("[web]\nallowed_hosts = [\"https://rod.example.org\"]").contains("is no host name; write the name alone")
    );
}

#[test]
fn the_example_is_right() {
    let text = include_str!("../../../contrib/alarm-filter.toml");
    parse(text).unwrap();
    // What stands there commented out is right as well.
    let all: String = text
        .lines()
        .map(|l| match l.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => format!("{rest}\n"),
            _ => format!("{l}\n"),
        })
        .collect();
    parse(&all).unwrap();
}

#[test]
fn errors_have_a_place_and_a_hint() {
    let at = "/etc/gridward/alarm-filter.toml";
    assert_eq!(
        wrong("store = \"/x\"\nlisen = \"y\""),
        format!("{at}:2:1: error: unknown key \"lisen\"; did you mean listen?")
    );
    assert!(wrong("[rules]\nstable-for = \"4h\"").ends_with("did you mean stable_for?"));
    assert!(
        wrong("[rules]\nstable_for = \"4 hours\"")
            .contains(":2:14: error: \"4 hours\" is no length of time; write 90s")
    );
    assert!(wrong("[rules]\nstable_for = 4").contains("4 stands here; write a length of time in quotes"));
    assert!(
        wrong("listen = \"0.0.0.0:80\"")
            .contains("can be reached by others, and there is no sign-in; write 127.0.0.1:80")
    );
    assert!(wrong("listen = \"unix:here\"").contains("no absolute path"));
    assert!(wrong("listen = \"8620\"").contains("write 127.0.0.1:8620"));
    assert!(wrong("[[monitor]]\nnagios_cfg = \"/x\"").contains("the key name is missing"));
    assert!(
        wrong("[[monitor]]\nname = \"a b\"\nlog = \"/x\"").contains(":2:8: error: \"a b\" is no name of a monitor")
    );
    assert!(wrong("[[monitor]]\nname = \"a\"").contains("neither nagios_cfg nor log"));
    assert!(
        wrong("[[monitor]]\nname = \"a\"\nlog = \"/x\"\ncatch_up = \"5\"").contains("\"all\", \"none\" or a length")
    );
    let two =
        "[[monitor]]\nname = \"a\"\nlog = \"/x\"\n[[monitor]]\nname = \"a\"\nlog = \"/y\"\n[http]\nsources = [\"a\"]";
    let lines = parse(two).unwrap_err().lines;
    assert!(
        lines[0].contains(":5:8: error: a second monitor is named \"a\"") && lines[1].contains(":8:12:"),
        "{lines:?}"
    );
    assert!(wrong("\n[topology]\nshrink_limit = 9.0").contains(":2:1: error: topology.shrink_limit"));
    assert!(wrong("[calendar]\ntimezone = \"Mars\"").contains(":2:12: error:"));
    assert!(wrong("[calendar]\nage72 = \"wallclock\"").contains("did you mean wall-clock?"));
    assert!(
        wrong("[journal]\nkeep = \"6d\"")
            .contains(":2:8: error: the journal is to be kept for less than a week; write")
    );
    assert!(wrong("[journal]\nkeep = \"long\"").contains("write \"forever\" or a length of time"));
    assert!(wrong("store = ").contains(":1:"));
    for text in ["[rules]\nstable_for = \"4x\"", "x", "[[monitor]]", "[calendar]\nholidays = [\"soon\"]"] {
        assert!(!wrong(text).contains('\n'), "{}", wrong(text));
    }
}

#[test]
fn lengths() {
    assert_eq!(Length::parse("1w 2d").unwrap().0, 9 * DAY);
    assert_eq!(Length::parse("90m").unwrap().0, 90 * MINUTE);
    for text in ["", "4", "h", "-1h", "4.5h", "9999999999999d", "99999999999999999999h", "4hh", "é1h"] {
        assert!(Length::parse(text).is_err(), "{text}");
    }
}

/// A folder with a store, a profile and a monitor's files.
fn installation() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    std::fs::create_dir(dir.path().join("store")).unwrap();
    std::fs::create_dir(dir.path().join("archives")).unwrap();
    put("p.toml", "name = \"P\"\n[service_types]\n\"*\" = [\"*\"]\n");
    put(
        "nagios.cfg",
        "log_file=nagios.log\nlog_archive_path=archives\nstatus_file=status.dat\nobject_cache_file=objects.cache\n\
         log_external_commands=0\n",
    );
    put("nagios.log", "");
    put("objects.cache", "");
    put(
        "c.toml",
        "store = \"store\"\n[[monitor]]\nname = \"n\"\nnagios_cfg = \"nagios.cfg\"\n[profiles]\nfiles = [\"p.toml\"]\n\
         operators = \"P\"\n",
    );
    let path = dir.path().join("c.toml");
    (dir, path)
}

fn me() -> Me {
    Me { root: false, ..Me::now() }
}

fn with(findings: &[Finding], severity: Severity) -> Vec<String> {
    findings.iter().filter(|f| f.severity == severity).map(|f| f.text.clone()).collect()
}

#[test]
fn a_sound_installation_has_no_errors_and_says_what_its_log_lacks() {
    let (_dir, path) = installation();
    let findings = check_file(&path, &me());
    assert_eq!(with(&findings, Severity::Error), [""; 0]);
    let warnings = with(&findings, Severity::Warning).join("\n");
    assert!(warnings.contains("status.dat") && warnings.contains("there is none"), "{warnings}");
    assert!(warnings.contains("Set log_external_commands=1 in its nagios.cfg"), "{warnings}");
    assert!(findings.iter().all(|f| !f.text.contains('\n')));
    assert!(findings.windows(2).all(|w| w[0].severity <= w[1].severity), "worst first");
}

#[test]
fn root_a_missing_store_and_a_bad_profile_are_errors() {
    let (dir, path) = installation();
    std::fs::remove_dir(dir.path().join("store")).unwrap();
    assert!(with(&check_file(&path, &me()), Severity::Warning).iter().any(|w| w.contains("the daemon makes it")));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("store = \"store\"", "store = \"no/store\"")).unwrap();
    std::fs::write(dir.path().join("p.toml"), "name = \"Q\"\n[service_types]\n\"*\" = [\"*\"]\n").unwrap();
    let errors = with(&check_file(&path, &Me { root: true, ..Me::now() }), Severity::Error).join("\n");
    assert!(errors.contains("this runs as root"), "{errors}");
    assert!(errors.contains("install -d -m 0700"), "{errors}");
    assert!(errors.contains("no profile is named P; the files have Q"), "{errors}");
    let missing = check_file(&dir.path().join("none.toml"), &me());
    assert!(missing[0].text.contains("none.toml") && missing[0].severity == Severity::Error);
}

#[test]
fn a_folder_instead_of_a_file_is_said() {
    let (dir, path) = installation();
    std::fs::remove_file(dir.path().join("nagios.log")).unwrap();
    std::fs::create_dir(dir.path().join("nagios.log")).unwrap();
    let errors = with(&check_file(&path, &me()), Severity::Error);
    assert!(errors[0].contains("it is a folder, not a file"), "{errors:?}");
}

#[test]
fn what_may_not_be_read_names_file_group_and_command() {
    let (dir, path) = installation();
    let log = dir.path().join("nagios.log");
    std::fs::set_permissions(&log, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&log).is_ok() {
        return; // As root nothing is unreadable.
    }
    let errors = with(&check_file(&path, &me()), Severity::Error);
    assert!(errors[0].contains("may not read it") && errors[0].contains("with mode 0000"), "{errors:?}");
    assert!(errors[0].contains("chmod g+r") && errors[0].contains("usermod -a -G"), "{errors:?}");
}
