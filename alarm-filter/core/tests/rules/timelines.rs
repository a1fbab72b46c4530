//! DE7, DC3: strips of states, and availability and reliability made of them, by hand.
//!
//! One day, 24 hours. A profile of two groups: compute (any of ARC-CE, CREAM-CE) and storage (SRM). Each letter is an
//! hour: O OK, W WARNING, C CRITICAL, U UNKNOWN, M nobody watched (MISSING), D scheduled outage (DOWNTIME), - no data.
//! Follow a column with EGI's tables: the metrics of an endpoint by AND, what stands for a type or group by OR, the
//! groups by AND.
//!
//! ```text
//!                       hour 0     6     12    18
//! ce1  ARC-CE    submit      OOOOCCCCOOOOOOOOUUUUOOOO
//!                ARIS        OOWWWWCCOOOOOOOOOOOOOOOO
//!                endpoint    OOWWCCCCOOOOOOOOUUUUOOOO   AND
//! ce2  CREAM-CE  submit      OOOOOOCCCCOOOOOOCCCCDDDD   = endpoint
//!      compute   any of both OOOOOOCCOOOOOOOOCCCCOOOO   OR: at 16 UNKNOWN or CRITICAL is CRITICAL
//! se1  SRM       put         OOOOOOOOOOCCDDMMMMMMOOOO   = endpoint = storage
//!      site                  OOOOOOCCOOCCDDMMCCCCOOOO   AND: at 14 nobody watched, at 16 CRITICAL
//! ```
//! The sums stand in the test.

use alarm_core::input::Text;
use alarm_core::profile::Profile;
use alarm_core::time::{DAY, HOUR, Timestamp};
use alarm_core::timeline::{Line, Member, Share, Status, Tree};

const BEGIN: Timestamp = Timestamp(20_400 * DAY);

fn line(hours: &str) -> Line {
    let status = |letter| match letter {
        'O' => Some(Status::Ok),
        'W' => Some(Status::Warning),
        'C' => Some(Status::Critical),
        'U' => Some(Status::Unknown),
        'M' => Some(Status::Missing),
        'D' => Some(Status::Downtime),
        _ => None,
    };
    let steps = (0..).zip(hours.chars()).map(|(hour, letter)| (BEGIN.plus(hour * HOUR), status(letter)));
    let length = i64::try_from(hours.len()).unwrap();
    Line::of_steps(BEGIN, BEGIN.plus(length * HOUR), steps)
}

/// The line in letters again.
fn hours(line: &Line) -> String {
    let letter = |at| match line.at(at) {
        Some(Status::Ok) => 'O',
        Some(Status::Warning) => 'W',
        Some(Status::Critical) => 'C',
        Some(Status::Unknown) => 'U',
        Some(Status::Missing) => 'M',
        Some(Status::Downtime) => 'D',
        None => '-',
    };
    (0..line.to().since(line.from()) / HOUR).map(|hour| letter(line.from().plus(hour * HOUR))).collect()
}

fn tree(members: &[(&str, &str, &str)], groups: &[(&str, &[&str])]) -> Tree {
    let text = |types: &[&str]| types.iter().map(|t| Text::from(*t)).collect();
    let groups = groups.iter().map(|(group, types)| (Text::from(*group), text(types))).collect();
    let profile = Profile { groups, ..Profile::default() };
    let member = |(host, service_type, hours): &(&str, &str, &str)| Member {
        service_type: (*service_type).into(),
        host: (*host).into(),
        line: line(hours),
    };
    let members: Vec<Member> = members.iter().map(member).collect();
    let to = members[0].line.to();
    Tree::of(BEGIN, to, &members, &profile)
}

/// Hours up, unknown, in scheduled outage and known; availability, reliability and share of unknown.
fn figures(line: &Line) -> ([i64; 4], [String; 3]) {
    let t = line.times();
    let hours = [t.up(), t.unknown(), t.in_status(Status::Downtime), t.known()].map(|ms| ms / HOUR);
    let text = |share: Option<Share>| share.map_or("no data".to_owned(), |s| s.to_string());
    (hours, [t.availability(), t.reliability(), t.unknown_share()].map(text))
}

#[test]
fn de7_a_site_by_hand() {
    let t = tree(
        &[
            ("ce1", "ARC-CE", "OOOOCCCCOOOOOOOOUUUUOOOO"),
            ("ce1", "ARC-CE", "OOWWWWCCOOOOOOOOOOOOOOOO"),
            ("ce2", "CREAM-CE", "OOOOOOCCCCOOOOOOCCCCDDDD"),
            ("se1", "SRM", "OOOOOOOOOOCCDDMMMMMMOOOO"),
        ],
        &[("compute", &["ARC-CE", "CREAM-CE"]), ("storage", &["SRM"])],
    );
    assert_eq!(hours(&t.endpoints[&("ARC-CE".into(), "ce1".into())]), "OOWWCCCCOOOOOOOOUUUUOOOO");
    assert_eq!(hours(&t.groups["compute"]), "OOOOOOCCOOOOOOOOCCCCOOOO");
    assert_eq!(hours(&t.groups["storage"]), "OOOOOOOOOOCCDDMMMMMMOOOO");
    assert_eq!(hours(&t.site), "OOOOOOCCOOCCDDMMCCCCOOOO");
    // Up: hours 0 to 5, 8 and 9, 20 to 23. Unknown: 14 and 15. Outage: 12 and 13. Down: 6, 7, 10, 11, 16 to 19.
    // 12 / (24 - 2), 12 / (24 - 2 - 2), 2 / 24.
    let expected = ([12, 2, 2, 24], ["54.545", "60.000", "8.333"].map(str::to_owned));
    assert_eq!(figures(&t.site), expected);
    // The endpoint: WARNING is up. 20 - 4 unknown: 16 / (24 - 4).
    let endpoint = &t.endpoints[&("ARC-CE".into(), "ce1".into())];
    assert_eq!(figures(endpoint), ([16, 4, 0, 24], ["80.000", "80.000", "16.667"].map(str::to_owned)));
}

#[test]
fn de7_without_groups_each_service_type_is_needed() {
    let members = [("ce1", "ARC-CE", "OOOO"), ("ce2", "CREAM-CE", "CCOO"), ("ce3", "CREAM-CE", "OCCO")];
    let t = tree(&members, &[]);
    assert_eq!(hours(&t.types["CREAM-CE"]), "OCOO");
    assert_eq!(hours(&t.site), "OCOO");
    let t = tree(&members, &[("compute", &["*-CE"])]);
    assert_eq!(hours(&t.site), "OOOO", "one of a group is enough");
}

#[test]
fn dc3_only_a_scheduled_outage_is_excused_and_only_in_reliability() {
    // An unscheduled outage is what the monitor says in it: CRITICAL.
    let t = tree(&[("se1", "SRM", "OODDDDCC")], &[]);
    assert_eq!(figures(&t.site), ([2, 0, 4, 8], ["25.000", "50.000", "0.000"].map(str::to_owned)));
    let t = tree(&[("se1", "SRM", "DDDDDDDD")], &[]);
    assert_eq!(figures(&t.site), ([0, 0, 8, 8], ["0.000", "no data", "0.000"].map(str::to_owned)));
}

#[test]
fn de7_a_day_without_data_is_no_data_and_not_zero() {
    let day = |hour: &str| hour.repeat(24);
    let t = tree(&[("se1", "SRM", &(day("-") + &day("C") + &day("O") + &day("M")))], &[]);
    let days: Vec<String> = t
        .site
        .days()
        .iter()
        .map(|(_, times)| times.availability().map_or("no data".to_owned(), |s| s.to_string()))
        .collect();
    assert_eq!(days, ["no data", "0.000", "100.000", "no data"]);
    assert_eq!(t.site.days()[3].1.unknown_share(), Some(Share(100_000)), "watched by nobody: unknown");
    assert_eq!(t.site.times().availability(), Some(Share(50_000)));
}

#[test]
fn de7_what_has_no_data_takes_no_part() {
    let t = tree(&[("ce1", "ARC-CE", "--OO"), ("ce1", "ARC-CE", "OCCO")], &[]);
    assert_eq!(hours(&t.site), "OCCO");
    let t = tree(&[("ce1", "ARC-CE", "--CC"), ("ce2", "ARC-CE", "O--C")], &[]);
    assert_eq!(hours(&t.site), "O-CC");
}
