use super::*;
use alarm_core::profile::{Profile, Profiles};

/// 2001-09-09 01:46:40 UTC.
const START: i64 = 1_000_000_000;

fn objects(created: &str, host: &str, site: &str) -> String {
    format!(
        "# Created: {created}\n\ndefine host {{\n\thost_name\t{host}\n\t_SITE_NAME\t{site}\n\t}}\n\n\
         define service {{\n\thost_name\t{host}\n\tservice_description\tjob\n\t}}\n\n"
    )
}

/// The site of each alarm, of a monitor whose clock is behind or ahead of UTC and which was reloaded with other hosts.
fn sites(local: [&str; 4]) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let [first, first_zone, second, second_zone] = local;
    let log = format!(
        "[{}] SERVICE ALERT: before;job;CRITICAL;HARD;1;x\n\
         [{START}] Nagios 4.4.6 starting... (PID=1)\n[{START}] Local time is {first_zone}\n\
         [{}] SERVICE ALERT: old;job;CRITICAL;HARD;1;x\n[{}] Caught SIGHUP, restarting...\n\
         [{}] Nagios 4.4.6 starting... (PID=1)\n[{}] Local time is {second_zone}\n\
         [{}] SERVICE ALERT: new;job;CRITICAL;HARD;1;x\n",
        START - 10,
        START + 100,
        START + 199,
        START + 200,
        START + 200,
        START + 300
    );
    let log = write("nagios.log", log);
    let caches = [write("1", objects(first, "old", "A")), write("2", objects(second, "new", "B"))];
    let recording = Recording::open("nagios", &[log], &caches, &[]).unwrap();
    let mut session = Session::new();
    let everything =
        Profile { name: "P".into(), service_types: [("*".into(), vec!["*".into()])].into(), ..Profile::default() };
    session.profiles(
        Timestamp::default(),
        Profiles { operators: "P".into(), profiles: [("P".into(), everything)].into() },
    );
    let notes = recording.play(&mut session, &Settings::default(), |_, _| {}).unwrap();
    assert_eq!(notes, [] as [&str; 0]);
    let alarms = session.engine.world().alarms.values();
    let mut found: Vec<_> = alarms.map(|a| (a.key.host.to_string(), a.about.site.to_string())).collect();
    found.sort();
    found
}

#[test]
fn the_configuration_of_each_start_is_found_by_local_time_west_and_east_of_utc() {
    let expected = [("before", ""), ("new", "B"), ("old", "A")].map(|(h, s)| (h.to_owned(), s.to_owned()));
    let west = [
        "Sat Sep  8 22:11:40 2001",
        "Sat Sep 08 22:11:40 GWT 2001",
        "Sat Sep  8 22:15:00 2001",
        "Sat Sep 08 22:15:00 GWT 2001",
    ];
    assert_eq!(sites(west), expected);
    let east = [
        "Sun Sep  9 02:14:40 2001",
        "Sun Sep 09 02:14:40 CRP 2001",
        "Sun Sep  9 02:18:00 2001",
        "Sun Sep 09 02:18:00 CRP 2001",
    ];
    assert_eq!(sites(east), expected);
}

#[test]
fn the_length_of_a_unit_is_seen_in_the_retries_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    for (apart, lines, expected) in [(3, 20, SECOND), (180, 20, MINUTE), (3, 4, MINUTE)] {
        let log = folder.path().join("nagios.log");
        let text: String = (0..lines)
            .map(|n| {
                let attempt = n % 4 + 1;
                format!("[{}] SERVICE ALERT: old;job;CRITICAL;SOFT;{attempt};x\n", START + n * apart)
            })
            .collect();
        std::fs::write(&log, text).unwrap();
        let cache = folder.path().join("objects.cache");
        let text = objects("Sun Sep  9 01:46:40 2001", "old", "A").replace("\tjob\n", "\tjob\n\tretry_interval\t3.0\n");
        std::fs::write(&cache, text).unwrap();
        let recording = Recording::open("nagios", &[log], &[cache], &[]).unwrap();
        assert_eq!(recording.settings().interval_length, expected, "{lines} lines {apart} s apart");
    }
}
