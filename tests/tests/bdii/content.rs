//! What is published: nothing to say of what is right, and every fault under its id at its entry.

use crate::{clean, seed, told};
use e2e::Result;
use e2e::bdii::defects::{Expected, spoil};
use e2e::bdii::site::iso;
use e2e::bdii::{Content, Found, Slapd};
use e2e::fail::ensure;
use e2e::place::now;
use std::collections::BTreeSet;

/// Of sites without fault nothing is said but these notes: id, and why that is said.
const EXPLAINED: &[(&str, &str)] =
    &[("I095", "MaxMultiSlotWallTime and others that EGI's profile recommends and our sites, as most, do not publish")];

fn serious(found: &[Found]) -> Vec<&Found> {
    found.iter().filter(|one| one.severity != "info").collect()
}

fn nothing_but_notes(found: &[Found]) -> Result {
    let strange: Vec<&Found> =
        found.iter().filter(|one| one.severity != "info" || !EXPLAINED.iter().any(|(id, _)| *id == one.id)).collect();
    ensure(strange.is_empty(), || format!("of sites without fault is said: {strange:#?}"))
}

#[test]
fn of_a_site_without_fault_nothing_is_said_but_notes_that_are_explained() -> Result {
    let slapd = Slapd::start(&clean(1), "")?;
    let (answer, found) = slapd.findings(&[])?;
    nothing_but_notes(&found)?;
    ensure(answer.code == 0, || told(&answer))
}

#[test]
fn of_a_top_level_bdii_without_fault_nothing_is_said_either() -> Result {
    let content = clean(12);
    let slapd = Slapd::start(&content, "")?;
    let gocdb = slapd.write("gocdb.xml", &content.gocdb())?;
    let (answer, found) = slapd.findings(&["--gocdb", &gocdb])?;
    nothing_but_notes(&found)?;
    ensure(answer.code == 0 && answer.text.contains("top-level, 12 sites"), || told(&answer))
}

/// Compares what was found with what was put in: nothing less, nothing more.
fn agree(found: &[Found], expected: &Expected) -> Result {
    let got: BTreeSet<(String, String)> =
        serious(found).into_iter().map(|one| (one.id.clone(), one.dn.clone())).collect();
    let missed: Vec<_> = expected.difference(&got).collect();
    let beyond: Vec<_> = got.difference(expected).collect();
    let details: Vec<_> =
        found.iter().filter(|one| beyond.iter().any(|(id, dn)| *id == one.id && *dn == one.dn)).collect();
    ensure(missed.is_empty() && beyond.is_empty(), || {
        format!("not found: {missed:#?}\nfound and not put in: {details:#?}")
    })
}

#[test]
fn every_fault_is_found_under_its_id_at_its_entry_and_nothing_else() -> Result {
    for round in 0..3 {
        let (seed, time) = (seed() + round, now());
        // On a top-level BDII every fault finds an entry of its own.
        let mut content = Content::clean(seed, 8, time);
        let (expected, left) = spoil(&mut content, seed, time);
        ensure(left.is_empty(), || format!("seed {seed}: no entry was left for {left:?}"))?;
        let slapd = Slapd::start(&content, "")?;
        let (answer, found) = slapd.findings(&[])?;
        ensure(answer.code == 2, || told(&answer))?;
        agree(&found, &expected)?;
    }
    Ok(())
}

#[test]
fn a_site_bdii_s_faults_are_found_too() -> Result {
    for round in 0..2 {
        let (seed, time) = (seed() + 100 + round, now());
        let mut content = Content::clean(seed, 1, time);
        let (expected, _) = spoil(&mut content, seed, time);
        let slapd = Slapd::start(&content, "")?;
        let (_, found) = slapd.findings(&[])?;
        agree(&found, &expected)?;
    }
    Ok(())
}

#[test]
fn one_site_of_a_top_level_bdii_is_judged_alone() -> Result {
    let (seed, time) = (seed() + 7, now());
    let mut content = Content::clean(seed, 4, time);
    let (expected, _) = spoil(&mut content, seed, time);
    let slapd = Slapd::start(&content, "")?;
    let (_, found) = slapd.findings(&["--site", "GW-SITE-002"])?;
    let of_site: Expected = expected.into_iter().filter(|(_, dn)| dn.contains("gw-site-002")).collect();
    ensure(!of_site.is_empty(), || "no fault at that site; take another seed".to_owned())?;
    agree(&found, &of_site)
}

#[test]
fn findings_are_grouped_by_id_with_counts_and_first_entries() -> Result {
    let time = now();
    let mut content = Content::clean(seed(), 1, time);
    let mut wrong = Vec::new();
    for entry in content.glue1.iter_mut().filter(|entry| entry.is("GlueVOView")) {
        entry.set("GlueCEStateWaitingJobs", "444444");
        wrong.push(entry.dn.clone());
    }
    let slapd = Slapd::start(&content, "")?;
    let answer = slapd.check(&["--first", "1"])?;
    let line = format!("{} x the provider's default for \"not measured\" (E022)", wrong.len());
    ensure(answer.first().contains(&line), || told(&answer))?;
    let named = answer.text.lines().filter(|line| line.contains("GlueVOViewLocalID=")).count();
    ensure(named == 1, || told(&answer))
}

#[test]
fn glue_1_that_is_absent_is_no_fault_unless_it_is_asked_for() -> Result {
    let slapd = Slapd::start(&clean(1).only(false, true), "")?;
    let answer = slapd.check(&[])?;
    ensure(answer.code == 0, || told(&answer))?;
    let answer = slapd.check(&["--glue1", "require"])?;
    ensure(answer.code == 2 && answer.first().contains("the BDII has no GLUE 1.3"), || told(&answer))
}

#[test]
fn glue_2_that_is_absent_is_critical_unless_it_is_not_asked_for() -> Result {
    let slapd = Slapd::start(&clean(1).only(true, false), "")?;
    let answer = slapd.check(&[])?;
    ensure(answer.code == 2 && answer.first().contains("the BDII has no GLUE 2.0"), || told(&answer))?;
    let answer = slapd.check(&["--glue2", "auto"])?;
    ensure(answer.code == 0, || told(&answer))
}

#[test]
fn a_value_of_10_mb_costs_time_and_no_memory_and_is_told_by_its_entry() -> Result {
    let mut content = clean(1);
    let Some(entry) = content.glue2.iter_mut().find(|entry| entry.is("GLUE2Endpoint")) else { panic!("no endpoint") };
    entry.attributes.push(("GLUE2EntityOtherInfo".to_owned(), format!("Error={}", "x".repeat(10 << 20))));
    let dn = entry.dn.clone();
    let slapd = Slapd::start(&content, "")?;
    let answer = slapd.check(&[])?;
    let told_of = format!("GW005: {dn}");
    ensure(answer.code == 1 && answer.text.to_lowercase().contains(&told_of.to_lowercase()), || told(&answer))?;
    // The others are judged as ever, and those that name the long one or need it find it.
    let (_, found) = slapd.findings(&[])?;
    let others: Vec<_> = serious(&found).into_iter().filter(|one| one.id != "GW005").collect();
    ensure(others.is_empty(), || format!("{others:#?}"))
}

#[test]
fn a_site_of_which_nothing_was_renewed_for_a_day_is_told() -> Result {
    let mut content = clean(3);
    let old = iso(now() - 90_000);
    for entry in content.glue2.iter_mut().filter(|entry| entry.dn.contains("GW-SITE-001")) {
        if entry.get("GLUE2EntityCreationTime").is_some() {
            entry.set("GLUE2EntityCreationTime", &old);
        }
        entry.remove("GLUE2EntityValidity");
    }
    let slapd = Slapd::start(&content, "")?;
    let (answer, found) = slapd.findings(&[])?;
    let told_of: Vec<_> = serious(&found).into_iter().map(|one| (one.id.as_str(), one.site.as_str())).collect();
    ensure(answer.code == 1 && told_of == [("GW006", "GW-SITE-001")], || format!("{told_of:?} {}", told(&answer)))?;
    let answer = slapd.check(&["--site-age", "48"])?;
    ensure(answer.code == 0, || told(&answer))
}

#[test]
fn a_site_re_rates_silences_until_a_day_and_adds_rules() -> Result {
    let time = now();
    let mut content = Content::clean(seed(), 1, time);
    for entry in content.glue2.iter_mut().filter(|entry| entry.is("GLUE2Location")) {
        entry.set("GLUE2LocationLatitude", "91");
    }
    for entry in content.glue1.iter_mut().filter(|entry| entry.is("GlueSite")) {
        entry.set("GlueSiteLongitude", "361");
    }
    let slapd = Slapd::start(&content, "")?;
    let rules = "[[silence]]\nid = 'E009'\nuntil = 2999-01-01\nreason = 'ticket 7'\n\
        [[severity]]\nid = 'gstat.sanity.format'\nseverity = 'info'\n\
        [[rule]]\nid = 'OURS-1'\nclass = 'GLUE2ComputingShare'\nattribute = 'GLUE2ComputingShareMaxWallTime'\n\
        violation = '> 172800'\nseverity = 'warning'\nmessage = 'longer than our two days'\n";
    let path = slapd.write("rules.toml", rules)?;
    let answer = slapd.check(&["--rules", &path, "-v"])?;
    ensure(answer.code == 1 && answer.first().contains("longer than our two days (OURS-1)"), || told(&answer))?;
    ensure(answer.text.contains("1 x E009 are silenced until 2999-01-01: ticket 7"), || told(&answer))?;
    let path = slapd.write("rules.toml", &rules.replace("2999-01-01", "2020-01-01"))?;
    let answer = slapd.check(&["--rules", &path, "-v"])?;
    ensure(answer.code == 2 && answer.text.contains("the silence of E009 ended on 2020-01-01"), || told(&answer))?;
    let path = slapd.write("rules.toml", "[[silence]]\nid = 'E999'\nuntil = 2999-01-01\nreason = 'x'\n")?;
    let answer = slapd.check(&["--rules", &path])?;
    ensure(answer.code == 3 && answer.first().contains("silence 1 (E999): no rule has this id"), || told(&answer))
}

#[test]
fn names_and_values_are_read_without_regard_to_case_where_ldap_has_none() -> Result {
    let mut content = clean(1);
    for entry in &mut content.glue2 {
        // slapd keeps the case of DNs as they are loaded, and writes attributes as its schema does.
        entry.dn = entry.dn.replace("GLUE2DomainID=", "glue2domainid=").replace("GLUE2ServiceID=", "Glue2ServiceId=");
    }
    let slapd = Slapd::start(&content, "")?;
    let (answer, found) = slapd.findings(&[])?;
    nothing_but_notes(&found)?;
    ensure(answer.code == 0, || told(&answer))
}

#[test]
fn an_id_is_explained_and_one_that_is_none_is_a_mistake() -> Result {
    let answer = e2e::bdii::check(1, &["--explain", "E022"])?;
    ensure(answer.code == 0 && answer.text.contains("GlueCE, GlueCEStateWaitingJobs"), || told(&answer))?;
    ensure(answer.text.contains("What to do: The dynamic provider"), || told(&answer))?;
    let answer = e2e::bdii::check(1, &["--explain", "E02"])?;
    ensure(answer.code == 3 && answer.first().contains("no rule has the id"), || told(&answer))
}
