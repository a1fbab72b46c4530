//! Every rule of check_bdii's table finds what violates it and is silent where nothing does; and the rules that live in code, one
//! entry at a time. tests/tests/bdii proves the same through a real slapd.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on")]

use probes::net::ldap::RawEntry;
use probes::net::ldap::ber::{OCTET_STRING, SEQUENCE, write};
use probes::probe::bdii::judge::{Brief, Judge};
use probes::probe::bdii::local::Local;
use probes::probe::bdii::tables::{Operand, Row, Tables, Violation};
use std::collections::BTreeSet;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

/// Attributes with their values.
type Attributes = Vec<(String, Vec<String>)>;

/// An entry: its name, classes, attributes.
type Made<'a> = (&'a str, &'a [&'a str], Attributes);

fn bytes(classes: &[&str], attributes: &[(String, Vec<String>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let classes = ("objectClass".to_owned(), classes.iter().map(|class| (*class).to_owned()).collect());
    for (name, values) in std::iter::once(&classes).chain(attributes) {
        let (mut set, mut parts) = (Vec::new(), Vec::new());
        values.iter().for_each(|value| write(&mut set, OCTET_STRING, value.as_bytes()));
        write(&mut parts, OCTET_STRING, name.as_bytes());
        write(&mut parts, 0x31, &set);
        write(&mut out, SEQUENCE, &parts);
    }
    out
}

/// What is found: id and detail.
fn judged(entries: &[Made<'_>]) -> BTreeSet<(String, String)> {
    let (tables, local) = (Tables::shared().unwrap(), Local::default());
    let brief =
        Brief { now: NOW, keep: 100, by_site: false, remember: false, services: false, content: true, whole: true };
    let mut judge = Judge::new(tables, &local, brief, None);
    for (dn, classes, attributes) in entries {
        let bytes = bytes(classes, attributes);
        judge.entry(&RawEntry::from_parts(dn.as_bytes(), &bytes));
    }
    judge.finish(true);
    let groups = &judge.findings.groups;
    let all = groups
        .iter()
        .flat_map(|(row, group)| group.first.iter().map(|(_, detail)| (tables.row(*row).id.clone(), detail.clone())));
    all.collect()
}

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    let mut all: Attributes = Vec::new();
    for (name, value) in pairs {
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push((*value).to_owned()),
            None => all.push(((*name).to_owned(), vec![(*value).to_owned()])),
        }
    }
    all
}

/// Values that violate a rule and values that do not, and what else the entry needs for it.
fn samples(row: &Row, tables: &Tables) -> Option<(Vec<String>, Vec<String>, Attributes)> {
    let mut besides = Vec::new();
    if let Some(when) = &row.when {
        besides.push((tables.attributes.name(when.attr).to_owned(), vec![when.values[0].clone()]));
    }
    let mut against = |operand: &Operand| match operand {
        Operand::Number(number) => *number,
        Operand::Attribute(attr, factor) => {
            besides.push((tables.attributes.name(*attr).to_owned(), vec!["500".to_owned()]));
            500.0 * factor
        }
    };
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let number = |number: f64| vec![format!("{number}")];
    let (wrong, right) = match &row.violation {
        Violation::Code => return None,
        Violation::Absent => (vec![], text(&["x"])),
        Violation::Present => (text(&["x"]), vec![]),
        Violation::Many => (text(&["x", "y"]), text(&["x"])),
        Violation::Empty => (text(&[""]), text(&["x"])),
        Violation::Below(operand) => {
            let limit = against(operand);
            (number(limit - 1.0), number(limit))
        }
        Violation::Above(operand) => {
            let limit = against(operand);
            (number(limit * 2.0 + 1.0), number(limit))
        }
        Violation::NotAbove(operand) => {
            let limit = against(operand);
            (number(limit), number(limit + 1.0))
        }
        Violation::NotBelow(operand) => {
            let limit = against(operand);
            (number(limit), number(limit - 1.0))
        }
        Violation::Equals(value) => (number(*value), number(value - 1.0)),
        Violation::Is(value) => (text(&[value]), text(&[&format!("{value}x")])),
        Violation::Starts(value) => (text(&[&format!("{value}x")]), text(&[&format!("x{value}")])),
        Violation::Contains(value) => (text(&[&format!("x {value}")]), text(&["x"])),
        Violation::HasSpace => (text(&["a b"]), text(&["ab"])),
        Violation::In(values) => (text(&[&values[0]]), text(&["zz-none"])),
        Violation::NotIn(values) => (text(&["zz-none"]), text(&[&values[0]])),
        Violation::NotInList(list) => (text(&["zz-none"]), text(&[known_of(list)])),
        Violation::NotLike(_) => (text(&["\u{1}?"]), text(&[right_form(row)])),
    };
    Some((wrong, right, besides))
}

fn known_of(list: &str) -> &'static str {
    match list {
        "Platform_t" => "X86_64",
        "OSFamily_t" => "linux",
        "OSName_t" => "AlmaLinux",
        "ServiceType_t" => "MyProxy",
        "SSImpl_t" => "dcache",
        other => panic!("a value of {other} has to be named here"),
    }
}

fn right_form(row: &Row) -> &'static str {
    match row.text.split("not like ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap() {
        "number" => "-12.5",
        "integer" => "-12",
        "size" => "12",
        "mailto" => "mailto:a@b.science",
        "key=value" => "A=b",
        "ce-id" => "ce.example.org:9619/long",
        "ce-acbr" => "VOMS:/atlas/Role=pilot",
        "sa-acbr" | "service-acbr" => "VO:atlas",
        "sa-capability" => "InstalledOnlineCapacity=1",
        "cores" => "Cores=8,Benchmark=12-HEP-SPEC06",
        "srm-endpoint" => "httpg://se:8446/srm/managerv2",
        "root-endpoint" => "root://se:1094/",
        other => panic!("a value of {other} has to be named here"),
    }
}

#[test]
fn every_rule_of_the_table_is_found_where_it_is_violated_and_nowhere_else() {
    let tables = Tables::shared().unwrap();
    let mut tried = 0;
    for row in &tables.rows {
        let Some((wrong, right, besides)) = samples(row, tables) else { continue };
        let detail = |values: &[String]| match (&row.violation, values.first()) {
            (Violation::Absent | Violation::Present, _) | (_, None) => row.attribute.clone(),
            (Violation::Many, _) => format!("{} has {} values", row.attribute, values.len()),
            (_, Some(value)) => format!("{}={}", row.attribute, value.replace('\u{1}', " ")),
        };
        let found = |besides: &Attributes, values: &[String]| {
            let mut all = besides.clone();
            if !values.is_empty() {
                all.push((row.attribute.clone(), values.to_vec()));
            }
            judged(&[("o=glue", &[&row.class], all)]).contains(&(row.id.clone(), detail(values)))
        };
        assert!(found(&besides, &wrong), "{} of {}: {wrong:?} violates {:?}", row.id, row.attribute, row.text);
        assert!(!found(&besides, &right), "{} of {}: {right:?} does not violate {:?}", row.id, row.attribute, row.text);
        // Where the condition does not hold neither does the rule, unless another row of the id says the same without it.
        let alone =
            tables.rows.iter().filter(|other| other.id == row.id && other.attribute == row.attribute).count() == 1;
        if row.when.is_some() && alone {
            let mut other = besides.clone();
            other[0].1 = vec!["zz-none".to_owned()];
            assert!(!found(&other, &wrong), "{} of {} holds only {:?}", row.id, row.attribute, row.when);
        }
        tried += 1;
    }
    assert!(tried > 230, "{tried}");
}

fn iso(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn ids(classes: &[&str], pairs: &[(&str, &str)]) -> BTreeSet<String> {
    judged(&[("GLUE2ServiceID=x,o=glue", classes, attributes(pairs))]).into_iter().map(|(id, _)| id).collect()
}

fn timed(id: &str, class: &str, pairs: &[(&str, i64)]) -> bool {
    let pairs: Vec<(&str, String)> = pairs.iter().map(|(name, at)| (*name, iso(NOW + at))).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, at)| (*name, at.as_str())).collect();
    ids(&[class], &pairs).contains(id)
}

#[test]
fn times_of_entries_are_judged_by_the_clock() {
    let (created, service) = ("GLUE2EntityCreationTime", "GLUE2Service");
    assert!(!timed("E001", service, &[(created, 120)]) && timed("E001", service, &[(created, 121)]));
    assert!(!timed("W001", service, &[(created, -730 * DAY)]) && timed("W001", service, &[(created, -730 * DAY - 1)]));
    let (started, endpoint) = ("GLUE2EndpointStartTime", "GLUE2Endpoint");
    assert!(!timed("E010", endpoint, &[(started, 120)]) && timed("E010", endpoint, &[(started, 121)]));
    assert!(!timed("W006", endpoint, &[(started, -730 * DAY)]) && timed("W006", endpoint, &[(started, -731 * DAY)]));
    let (removal, application) = ("GLUE2ApplicationEnvironmentRemovalDate", "GLUE2ApplicationEnvironment");
    assert!(timed("I079", application, &[(removal, -1)]) && !timed("I079", application, &[(removal, 1)]));
}

#[test]
fn downtimes_of_endpoints_are_judged_by_the_clock_and_against_each_other() {
    let (announce, start, end) =
        ("GLUE2EndpointDowntimeAnnounce", "GLUE2EndpointDowntimeStart", "GLUE2EndpointDowntimeEnd");
    let has = |id: &str, pairs: &[(&str, i64)]| timed(id, "GLUE2Endpoint", pairs);
    assert!(has("E011", &[(announce, 500), (start, 500)]) && !has("E011", &[(announce, 60), (start, 500)]));
    assert!(has("W007", &[(announce, -366 * DAY), (start, 0)]));
    assert!(has("W008", &[(announce, 0)]) && !has("W008", &[(announce, 0), (start, 0)]));
    assert!(has("E012", &[(start, 10), (end, 5)]) && !has("E012", &[(start, 10), (end, 15)]));
    // Also where an end is published, which hid both from the tool that the ids are from.
    assert!(has("W009", &[(start, 366 * DAY), (end, 366 * DAY)]) && !has("W009", &[(start, 364 * DAY)]));
    assert!(has("W010", &[(start, -366 * DAY), (end, 0)]) && !has("W010", &[(start, -364 * DAY)]));
    assert!(has("E013", &[(end, 0)]) && !has("E013", &[(start, 0), (end, 0)]));
    assert!(has("W011", &[(start, 0), (end, 366 * DAY)]));
    assert!(has("W012", &[(start, -9 * DAY), (end, -8 * DAY)]) && !has("W012", &[(start, -9 * DAY), (end, -6 * DAY)]));
}

#[test]
fn an_entry_is_obsolete_when_its_validity_has_passed_and_arc_s_minute_is_ten() {
    let stale = |age: i64, validity: &str| {
        let at = iso(NOW - age);
        ids(&["GLUE2Service"], &[("GLUE2EntityCreationTime", &at), ("GLUE2EntityValidity", validity)]).contains("E002")
    };
    assert!(stale(3601, "3600") && !stale(3600, "3600"));
    assert!(!stale(600, "60") && stale(601, "60"));
    assert!(!stale(10, "18446744073709551615"));
}

#[test]
fn sums_are_held_against_their_totals() {
    let jobs = |total: &str, running: &str, waiting: &str| {
        let name = |what: &str| format!("GLUE2ComputingService{what}Jobs");
        let (a, b, c) = (name("Total"), name("Running"), name("Waiting"));
        ids(&["GLUE2ComputingService"], &[(&a, total), (&b, running), (&c, waiting)]).contains("W005")
    };
    assert!(
        !jobs("100", "60", "40") && !jobs("100", "50", "40") && jobs("100", "50", "39") && jobs("100", "100", "11")
    );
    let space = |total: &str, free: &str, used: &str, reserved: &str| {
        let name = |what: &str| format!("GLUE2StorageShareCapacity{what}Size");
        let (a, b, c, d) = (name("Total"), name("Free"), name("Used"), name("Reserved"));
        ids(&["GLUE2StorageShareCapacity"], &[(&a, total), (&b, free), (&c, used), (&d, reserved)]).contains("E018")
    };
    assert!(
        !space("1000", "600", "400", "0") && space("1000", "600", "300", "0") && !space("1000", "600", "300", "100")
    );
    assert!(!space("1000", "600", "400", "1000"), "a share that is reserved as a whole");
}

#[test]
fn other_info_is_read_pair_by_pair() {
    let has = |id: &str, values: &[&str]| {
        let pairs: Vec<(&str, &str)> = values.iter().map(|value| ("GLUE2EntityOtherInfo", *value)).collect();
        ids(&["GLUE2AdminDomain"], &pairs).contains(id)
    };
    for (id, wrong, right) in [
        ("W003", "ProfileName=OSG", "ProfileName=EGI"),
        ("W004", "ProfileVersion=", "ProfileVersion=1.0"),
        ("I001", "GRID=NOWHERE", "GRID=EGI"),
        ("I002", "CONFIG=magic", "CONFIG=puppet"),
        ("I003", "EGI_NGI=NGI_NOWHERE", "EGI_NGI=NGI_CH"),
        ("I004", "BLOG=none", "BLOG=https://x.example.org/"),
        ("I005", "ICON=none", "ICON=https://x.example.org/i.png"),
        ("I006", "WLCG_TIER=9", "WLCG_TIER=2"),
        ("I008", "WLCG_NAMEICON=none", "WLCG_NAMEICON=https://x.example.org/i.png"),
        ("I009", "MiddlewareName=none-such", "MiddlewareName=UMD"),
        ("I010", "MiddlewareVersion=", "MiddlewareVersion=5"),
        ("I011", "HostDN=none", "HostDN=/DC=ch/CN=host"),
        ("I012", "Share=none.such:4", "Share=atlas:4"),
        ("I013", "CPUScalingReferenceXX=1", "CPUScalingReferenceHS06=1"),
        ("E003", "Share=atlas:101", "Share=atlas:100"),
        ("E005", "Share=atlas", "Share=atlas:1"),
    ] {
        assert!(has(id, &[wrong]), "{id} {wrong}");
        assert!(!has(id, &[right]), "{id} {right}");
    }
    assert!(has("E004", &["Share=atlas:1", "Share=atlas:2"]) && has("E007", &["Share=atlas:60", "Share=cms:41"]));
    assert!(!has("E007", &["Share=atlas:60", "Share=cms:40"]));
}

#[test]
fn hierarchy_counts_by_place_and_by_key() {
    let parent: Made<'_> = ("GLUE2ShareID=s,o=glue", &["GLUE2Share"], attributes(&[("GLUE2ShareID", "s")]));
    let lacking = judged(std::slice::from_ref(&parent));
    assert!(lacking.contains(&("E025".to_owned(), "no GLUE2MappingPolicy".to_owned())));
    let policy = |dn, pairs: &[(&str, &str)]| -> Made<'_> { (dn, &["GLUE2MappingPolicy"], attributes(pairs)) };
    let below = policy("GLUE2PolicyID=p,GLUE2ShareID=s,o=glue", &[]);
    let beside = policy("GLUE2PolicyID=p,o=glue", &[("GLUE2MappingPolicyShareForeignKey", "S")]);
    let of_another = policy("GLUE2PolicyID=p,o=glue", &[("GLUE2MappingPolicyShareForeignKey", "t")]);
    let e025 = |entries: &[Made<'_>]| judged(entries).iter().filter(|(id, _)| id == "E025").count();
    assert_eq!(e025(&[parent.clone(), below.clone()]), 0);
    assert_eq!(e025(&[below, parent.clone()]), 0, "a child may come before its parent");
    assert_eq!(e025(&[parent.clone(), beside]), 0);
    assert_eq!(e025(&[parent, of_another]), 1);
}

#[test]
fn what_is_published_twice_or_names_nobody_is_told() {
    let service = |dn, id| -> Made<'_> { (dn, &["GLUE2Service"], attributes(&[("GLUE2ServiceID", id)])) };
    let found =
        judged(&[service("GLUE2ServiceID=a,o=glue", "a"), service("GLUE2ServiceID=a,GLUE2GroupID=x,o=glue", "A")]);
    assert!(found.contains(&("GW003".to_owned(), "GLUE2ServiceID=A".to_owned())));
    let key = &[("GLUE2ManagerServiceForeignKey", "b"), ("GLUE2ManagerID", "m")];
    let found = judged(&[("GLUE2ManagerID=m,o=glue", &["GLUE2Manager"], attributes(key))]);
    assert!(found.contains(&("GW002".to_owned(), "GLUE2ManagerServiceForeignKey=b".to_owned())));
}

#[test]
fn classes_values_and_bytes_that_nobody_knows_are_told() {
    assert!(ids(&["GLUE2Service", "GLUE2Sevice"], &[]).contains("E021"));
    assert!(!ids(&["GLUE2Service", "GLUE2Entity", "top"], &[]).contains("E021"));
    assert!(ids(&["GLUE2ComputingActivity"], &[("GLUE2ComputingActivityOwner", "/CN=x")]).contains("W035"));
    assert!(!ids(&["GLUE2Service"], &[("GLUE2ServiceQualityLevel", "Production")]).contains("W037"));
    assert!(ids(&["GLUE2Service"], &[("GLUE2ServiceQualityLevel", "prodution")]).contains("W037"));
    assert!(ids(&["GLUE2Service"], &[("GLUE2ServiceCapability", "new.capability")]).contains("GW001"));
    assert!(ids(&["GLUE2Service"], &[("GLUE2ServiceQualityLevel", "")]).contains("W038"));
    let two = &[("GLUE2ServiceQualityLevel", "production"), ("GLUE2ServiceQualityLevel", "testing")];
    assert!(ids(&["GLUE2Service"], two).contains("W036"));
    assert!(ids(&["GlueTop", "GlueSA"], &[("GlueSAName", "GlueSAPath: /x")]).contains("gstat.sanity.value"));
}

const SITE: &str = "mds-vo-name=S,o=grid";

/// An entry of GLUE 1.3: what it is called, its class, its attributes.
type Short<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// The ids that are found of entries of GLUE 1.3 below one site.
fn glue1(entries: &[Short<'_>]) -> BTreeSet<String> {
    let dns: Vec<String> = entries.iter().map(|(rdn, ..)| format!("{rdn},{SITE}")).collect();
    let classes: Vec<[&str; 1]> = entries.iter().map(|(_, class, _)| [*class]).collect();
    let made: Vec<Made<'_>> = entries
        .iter()
        .enumerate()
        .map(|(at, (.., pairs))| (dns[at].as_str(), &classes[at][..], attributes(pairs)))
        .collect();
    judged(&made).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn identifiers_of_glue_1_are_unique_in_what_they_belong_to() {
    let se = |name: &'static str| [("GlueChunkKey", name)];
    for (id, class, attribute, key) in [
        ("SA.LocalID.Unique", "GlueSA", "GlueSALocalID", "GlueSEUniqueID=se1"),
        (
            "SEControlProtocol.LocalID.Unique",
            "GlueSEControlProtocol",
            "GlueSEControlProtocolLocalID",
            "GlueSEUniqueID=se1",
        ),
        (
            "SEAccessProtocol.LocalID.Unique",
            "GlueSEAccessProtocol",
            "GlueSEAccessProtocolLocalID",
            "GlueSEUniqueID=se1",
        ),
        ("SubCluster.UniqueID.Unique", "GlueSubCluster", "GlueSubClusterUniqueID", "GlueClusterUniqueID=se1"),
    ] {
        let one = [(attribute, "x"), se(key)[0]];
        let elsewhere: String = key.replace("se1", "se2");
        let other = [(attribute, "x"), ("GlueChunkKey", elsewhere.as_str())];
        assert!(glue1(&[("a=1", class, &one), ("a=2", class, &one)]).contains(id), "{id}");
        assert!(!glue1(&[("a=1", class, &one), ("a=2", class, &other)]).contains(id), "{id}: of another owner");
    }
    for (id, class, attribute) in [
        ("CE.UniqueID.Unique", "GlueCE", "GlueCEUniqueID"),
        ("Cluster.UniqueID.Unique", "GlueCluster", "GlueClusterUniqueID"),
        ("SE.UniqueID.Unique", "GlueSE", "GlueSEUniqueID"),
    ] {
        let pairs = [(attribute, "x")];
        assert!(glue1(&[("a=1", class, &pairs), ("a=2", class, &pairs)]).contains(id), "{id}");
        assert!(!glue1(&[("a=1", class, &pairs), ("a=2", class, &[(attribute, "y")])]).contains(id), "{id}");
    }
}

#[test]
fn a_storage_element_needs_its_own_area_and_vo_info() {
    let se = ("GlueSEUniqueID=se1", "GlueSE", &[("GlueSEUniqueID", "se1")][..]);
    let alone = glue1(&[se]);
    assert!(alone.contains("SE.GlueSA.Exist") && alone.contains("VOInfo.Exist"));
    let area = ("GlueSALocalID=a,GlueSEUniqueID=se1", "GlueSA", &[("GlueSALocalID", "a")][..]);
    let info =
        [("GlueVOInfoLocalID", "v"), ("GlueChunkKey", "GlueSALocalID=a"), ("GlueChunkKey", "GlueSEUniqueID=SE1")];
    let info = ("GlueVOInfoLocalID=v", "GlueVOInfo", &info[..]);
    let whole = glue1(&[se, area, info]);
    assert!(!whole.contains("SE.GlueSA.Exist") && !whole.contains("VOInfo.Exist"), "{whole:?}");
    let of_another = ("GlueSALocalID=a,GlueSEUniqueID=se2", "GlueSA", &[("GlueSALocalID", "a")][..]);
    assert!(glue1(&[se, of_another]).contains("SE.GlueSA.Exist"), "another element's area is none of it");
}

#[test]
fn space_jobs_and_benchmarks_are_held_against_each_other() {
    let se =
        |used, total| glue1(&[("a=1", "GlueSE", &[("GlueSEUsedOnlineSize", used), ("GlueSETotalOnlineSize", total)])]);
    assert!(se("80", "100").contains("gstat.sanity.usage") && !se("79", "100").contains("gstat.sanity.usage"));
    assert!(se("90", "100").contains("gstat.sanity.full") && !se("89", "100").contains("gstat.sanity.full"));
    let tape = |arch, nearline| {
        let pairs = [("GlueSEArchitecture", arch), ("GlueSETotalNearlineSize", nearline)];
        glue1(&[("a=1", "GlueSE", &pairs)]).contains("SE.Size.Value")
    };
    assert!(
        tape("disk", "5") && tape("tape", "0") && !tape("tape", "5") && !tape("disk", "0") && !tape("multidisk", "5")
    );
    let ce =
        |waiting| glue1(&[("a=1", "GlueCE", &[("GlueCEStateWaitingJobs", waiting), ("GlueCEInfoTotalCPUs", "10")])]);
    assert!(ce("500").contains("gstat.sanity.usage") && !ce("499").contains("gstat.sanity.usage"));
    assert!(
        ce("1500").contains("gstat.sanity.full") && !ce("444444").contains("gstat.sanity.full"),
        "it has E022 then"
    );
    let sub = |physical, logical, si00| {
        let cores = ("GlueHostProcessorOtherDescription", "Cores=8,Benchmark=10-HEP-SPEC06");
        let names = ["GlueSubClusterPhysicalCPUs", "GlueSubClusterLogicalCPUs", "GlueHostBenchmarkSI00"];
        let pairs = [(names[0], physical), (names[1], logical), (names[2], si00), cores];
        glue1(&[("a=1", "GlueSubCluster", &pairs)]).contains("value.error")
    };
    assert!(!sub("10", "80", "2500") && sub("10", "79", "2500") && sub("10", "80", "2200") && !sub("10", "80", "2400"));
    let sa = |total, reserved| {
        let pairs = [("GlueSATotalOnlineSize", total), ("GlueSAReservedOnlineSize", reserved)];
        glue1(&[("a=1", "GlueSA", &pairs)]).contains("SA.Size.Valid")
    };
    assert!(sa("11", "10") && !sa("10", "10") && !sa("11", "0"));
}

#[test]
fn a_ce_is_bound_to_what_is_published_and_an_srm_endpoint_has_its_service() {
    let group = |ce, se| {
        let pairs = [("GlueCESEBindGroupCEUniqueID", ce), ("GlueCESEBindGroupSEUniqueID", se)];
        let ce = ("a=1", "GlueCE", &[("GlueCEUniqueID", "ce.x.org:1/q")][..]);
        let se = ("a=2", "GlueSE", &[("GlueSEUniqueID", "se.x.org")][..]);
        glue1(&[("a=3", "GlueCESEBindGroup", &pairs), ce, se])
    };
    let right = group("ce.x.org:1/q", "SE.x.org");
    assert!(!right.contains("gstat.sanity.ce") && !right.contains("gstat.sanity.se"));
    assert!(group("no.x.org:1/q", "se.x.org").contains("gstat.sanity.ce"));
    assert!(group("ce.x.org:1/q", "no.x.org").contains("gstat.sanity.se"));
    let control = [("GlueSEControlProtocolType", "SRM"), ("GlueSEControlProtocolEndpoint", "httpg://se:1/srm/m")];
    let control = ("a=1", "GlueSEControlProtocol", &control[..]);
    assert!(glue1(&[control]).contains("SEControlProtocol.Service"));
    let service = [("GlueServiceType", "SRM"), ("GlueServiceEndpoint", "httpg://se:1/srm/m")];
    assert!(!glue1(&[control, ("a=2", "GlueService", &service)]).contains("SEControlProtocol.Service"));
}
