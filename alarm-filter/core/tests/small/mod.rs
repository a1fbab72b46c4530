//! What the walk and the property tests have in common: an engine beside its own fold, and worlds without what only
//! counts inputs.
#![allow(dead_code, reason = "each of the test programs uses a part of it")]

mod known;

#[allow(unused_imports, reason = "the walk has no settings that change")]
pub(crate) use known::SETTINGS_SET_TIMERS;
use known::{ORDER_OUTLIVES_A_RESTART, SETTLE_TIMERS_FOLD};

use alarm_core::document::Document;
use alarm_core::engine::{Engine, Record};
use alarm_core::flag::Flag;
use alarm_core::input::*;
use alarm_core::state::State;
use alarm_core::time::{DAY, Timestamp};
use alarm_core::verdict::Verdict;
use alarm_core::watch::{Key, View, Watch};
use alarm_core::world::World;

/// Documents by the name that stands for their hash.
pub(crate) type Papers = Vec<(&'static str, Document)>;

/// An engine that has learned the papers and nothing else.
pub(crate) fn learned(papers: &Papers) -> Engine {
    let mut engine = Engine::new();
    for (hash, document) in papers {
        engine.learn((*hash).into(), document.clone());
    }
    engine
}

/// An engine made of rows.
pub(crate) fn restored<'r>(papers: &Papers, rows: impl IntoIterator<Item = (&'r String, &'r Vec<u8>)>) -> Engine {
    let mut engine = learned(papers);
    for (name, value) in rows {
        engine.load_row(name, value).unwrap();
    }
    engine.restore();
    engine
}

/// The same from the canonical rows.
pub(crate) fn reborn(papers: &Papers, shown: &Shown<'_>) -> Engine {
    restored(papers, shown.rows.iter().map(|(n, v)| (n, v)))
}

/// Takes records in as they were decided.
pub(crate) fn fold(engine: &mut Engine, records: &[Record]) {
    for r in records {
        engine.replay(r.seq, r.at, &r.events);
    }
}

/// All that is known in an engine and what follows from it, to be compared with others.
pub(crate) struct Shown<'e> {
    engine: &'e Engine,
    pub(crate) rows: Vec<(String, Vec<u8>)>,
    future: Vec<Record>,
}

impl<'e> Shown<'e> {
    pub(crate) fn of(engine: &'e Engine) -> Self {
        Shown { engine, rows: engine.world().all_rows(), future: future(engine) }
    }
}

/// Why two engines are not the same: rows, timers, families, followers. `None`: they are.
pub(crate) fn difference(a: &Shown<'_>, b: &Engine) -> Option<String> {
    let (ra, rb) = (&a.rows, &b.world().all_rows());
    let (a, fa) = (a.engine, &a.future);
    if ra != rb {
        let text = |v: &[u8]| String::from_utf8_lossy(v).into_owned();
        let mut out = String::from("rows differ:\n");
        for (name, value) in ra {
            match rb.iter().find(|(n, _)| n == name) {
                Some((_, other)) if other == value => {}
                Some((_, other)) => out += &format!("  {name}\n    {}\n    {}\n", text(value), text(other)),
                None => out += &format!("  {name}\n    {}\n    (lacks)\n", text(value)),
            }
        }
        for (name, value) in rb.iter().filter(|(n, _)| !ra.iter().any(|(m, _)| m == n)) {
            out += &format!("  {name}\n    (lacks)\n    {}\n", text(value));
        }
        return Some(out);
    }
    let (ta, tb) = (fa, &future(b));
    if !same_records(ta, tb) {
        return Some(format!("timers differ:\n  {ta:?}\n  {tb:?}"));
    }
    let (fa, fb) = (&a.world().families, &b.world().families);
    if fa != fb {
        return Some(format!("families differ:\n  {fa:?}\n  {fb:?}"));
    }
    let (fa, fb) = (&a.world().followers, &b.world().followers);
    (fa != fb).then(|| format!("followers differ:\n  {fa:?}\n  {fb:?}"))
}

/// What falls due in the next twelve days: timers are the same when that is. A timer in the past that changes nothing is
/// none: the fold does not know of time that passed without a record.
fn future(engine: &Engine) -> Vec<Record> {
    let held = |w: &alarm_core::watch::Watch| w.views.iter().any(|v| v.held);
    if !SETTLE_TIMERS_FOLD && engine.world().hosts.values().any(|h| h.services.values().any(held)) {
        return Vec::new();
    }
    engine.clone().advance(engine.world().at.plus(12 * DAY)).records
}

/// The same records, or, while that bug stands, the same events in another order.
pub(crate) fn same_records(a: &[Record], b: &[Record]) -> bool {
    let events = |records: &[Record]| {
        let mut all: Vec<String> =
            records.iter().flat_map(|r| r.events.iter().map(|e| format!("{} {e:?}", r.at))).collect();
        all.sort();
        all
    };
    a == b || (!ORDER_OUTLIVES_A_RESTART && a.len() == b.len() && events(a) == events(b))
}

/// What an alarm's id is replaced by wherever worlds of different histories are compared: ids and versions come of the
/// count of inputs.
pub(crate) fn without_counts(shown: &Shown<'_>) -> Vec<u8> {
    let world = shown.engine.world();
    let mut names: Vec<(String, String)> = Vec::new();
    let mut of_one: Vec<_> = world
        .alarms
        .values()
        .map(|a| (a, false, Timestamp::default()))
        .chain(world.closed.values().map(|c| (&c.alarm, true, c.at)))
        .collect();
    of_one.sort_by(|a, b| (&a.0.key, a.1, a.2, a.0.raised).cmp(&(&b.0.key, b.1, b.2, b.0.raised)));
    for (i, (alarm, _, _)) in of_one.iter().enumerate() {
        names.push((alarm.id.to_string(), format!("alarm-----number{i:04}")));
    }
    let mut rows: Vec<String> = Vec::new();
    for (name, value) in &shown.rows {
        let mut row = name.clone() + " " + &String::from_utf8_lossy(value);
        if name == "meta" {
            row = without_number(&without_number(&row, "\"seq\":"), "\"at\":");
        }
        for field in ["version", "changed", "seq"] {
            row = without_numbers(&row, &format!("\"{field}\":"));
        }
        if let Some(start) = row.find("\"stood\":") {
            let end = row[start..].find("]]").map_or(row.len(), |n| start + n + 2);
            row.replace_range(start..end, "");
        }
        for made in ["cause-", "note-"] {
            row = without_numbers(&row, made);
        }
        for (id, plain) in &names {
            if row.contains(id.as_str()) {
                row = row.replace(id.as_str(), plain);
            }
        }
        rows.push(row);
    }
    rows.sort();
    rows.join("\n").into_bytes()
}

/// The text without the digits after the first `field`.
fn without_number(text: &str, field: &str) -> String {
    let Some(start) = text.find(field).map(|i| i + field.len()) else { return text.to_owned() };
    let end = text[start..].find(|c: char| c != '-' && !c.is_ascii_digit()).map_or(text.len(), |n| start + n);
    format!("{}{}", &text[..start], &text[end..])
}

/// The same after each of them.
fn without_numbers(text: &str, field: &str) -> String {
    let mut parts = text.split(field);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += field;
        out += part.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
    }
    out
}

/// FNV-1a.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
}

/// Laws that hold in every world, whatever came in: numbers of records, one alarm an object, each object's alarm on the
/// board, flags and masks in order, nothing set aside without a reason.
pub(crate) fn sound(engine: &Engine) -> Result<(), String> {
    let world = engine.world();
    let mut objects = std::collections::BTreeSet::new();
    for (id, alarm) in world.alarms.keys().zip(world.alarms.values()) {
        if alarm.id != *id {
            return Err(format!("alarm {id} says it is {}", alarm.id));
        }
        if !objects.insert(&alarm.key) {
            return Err(format!("two alarms of {:?}", alarm.key));
        }
        if world.watch(&alarm.key).and_then(|w| w.alarm.as_ref()) != Some(id) {
            return Err(format!("{:?} does not know its alarm {id}", alarm.key));
        }
        if world.closed.contains_key(id) {
            return Err(format!("alarm {id} is on the board and off it"));
        }
        if let Some(mask) = &alarm.masked_by {
            let Some(leader) = world.alarms.get(&mask.leader) else {
                return Err(format!("alarm {id} is masked by {}, which is not on the board", mask.leader));
            };
            if leader.masked_by.is_some() {
                return Err(format!("alarm {id} is masked by {}, which is itself masked", mask.leader));
            }
            if mask.leader == *id {
                return Err(format!("alarm {id} is masked by itself"));
            }
        }
        let windows = world.windows_of(alarm);
        for now in [world.at, world.at.plus(-3_600_000), Timestamp(0)] {
            if alarm.age(now, &windows) < 0 || alarm.working_age(now, &windows, &world.settings) < 0 {
                return Err(format!("the age of {id} is negative at {now}"));
            }
        }
        let mut wanted = world.flags_of(alarm, world.at);
        // These two come and go with results, not with what is known.
        for flag in [Flag::TimeOut, Flag::NotSettled] {
            wanted.extend(alarm.flags.get(&flag).map(|mark| (flag, mark.clone())));
        }
        if !wanted.keys().eq(alarm.flags.keys()) {
            return Err(format!("alarm {id} carries {:?}, {:?} hold", alarm.flags.keys(), wanted.keys()));
        }
        if alarm.failing_now() != alarm.state.is_problem() && alarm.failing_now() {
            return Err(format!("alarm {id} fails and says {}", alarm.state));
        }
    }
    for ((group, host), entry) in &world.hosts {
        let services = entry.services.iter().map(|(s, w)| (Some(s.clone()), w));
        for (service, watch) in services.chain([(None, &entry.host)]) {
            let key = Key { group: group.clone(), host: host.clone(), service };
            if let Some(id) = &watch.alarm
                && !world.alarms.contains_key(id)
            {
                return Err(format!("{key:?} has an alarm {id} that is not on the board"));
            }
            if let Some(off) = &watch.off
                && !world.closed.contains_key(&off.alarm)
            {
                return Err(format!("{key:?} was switched off, and what would return is forgotten"));
            }
            let failing = watch.alarm.as_ref().and_then(|id| world.alarms.get(id)).is_some_and(|a| a.failing_now());
            let all_count = !watch.views.is_empty() && watch.views.iter().all(|v| v.counts() && !v.gone);
            if all_count && !failing && watch.aside.is_none() {
                return Err(format!("{key:?}: a hard problem with neither alarm nor reason"));
            }
            let none_counts = watch.views.iter().all(|v| !v.counts());
            if none_counts && failing {
                return Err(format!("{key:?}: an alarm that fails without a hard problem"));
            }
            worst_of_the_fresh(world, &key, watch)?;
        }
    }
    Ok(())
}

/// The alarm says the worst of what the fresh monitors say, or, when none is fresh, of what all say.
fn worst_of_the_fresh(world: &World, key: &Key, watch: &Watch) -> Result<(), String> {
    let Some(alarm) = watch.alarm.as_ref().and_then(|id| world.alarms.get(id)) else { return Ok(()) };
    let said: Vec<&View> = watch.views.iter().filter(|v| v.heard > Timestamp(i64::MIN)).collect();
    let some = |of: &[&View], which: &dyn Fn(&View) -> bool| -> Vec<View> {
        let those: Vec<View> = of.iter().filter(|v| which(v)).map(|v| (*v).clone()).collect();
        if those.is_empty() { of.iter().map(|v| (*v).clone()).collect() } else { those }
    };
    let there = some(&said, &|v| !v.gone);
    let asked = some(&there.iter().collect::<Vec<_>>(), &|v| world.is_fresh(&v.monitor));
    let worst = asked.iter().filter(|v| v.counts()).map(|v| v.state).max_by_key(|s| s.badness());
    let raises = |state| matches!(world.verdict(key, state), Verdict::Raise(_));
    // What left every monitor stays as it was (DC10).
    let left = watch.views.iter().all(|v| v.gone);
    match worst {
        None if alarm.failing_now() && !left => {
            Err(format!("{key:?}: its alarm fails, and who is asked says nothing of it"))
        }
        Some(state) if alarm.failing_now() && alarm.state != state && !left => {
            Err(format!("{key:?}: its alarm says {}, the worst is {state}", alarm.state))
        }
        Some(state) if !alarm.failing_now() && raises(state) && !left => {
            Err(format!("{key:?}: {state} counts, and its alarm is {}", alarm.state))
        }
        _ => Ok(()),
    }
}

/// A service's state as an alert says it.
pub(crate) fn service(host: &str, service: &str, state: State, hard: bool) -> ServiceSeen {
    ServiceSeen {
        host: host.into(),
        service: service.into(),
        state,
        hard,
        report: Report::Alert,
        attempt: if hard { 3 } else { 1 },
        pending: false,
        output: format!("{state}: said so").into(),
        long_output: "".into(),
        perf_data: "".into(),
        last_check: None,
        last_change: None,
        stands_for: None,
    }
}

/// A host's state as an alert says it.
pub(crate) fn host(host: &str, state: State, hard: bool) -> HostSeen {
    HostSeen {
        host: host.into(),
        state,
        hard,
        report: Report::Alert,
        attempt: 1,
        pending: false,
        output: format!("PING {state}").into(),
        last_check: None,
        last_change: None,
    }
}
