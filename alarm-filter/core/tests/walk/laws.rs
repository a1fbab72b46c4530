//! What has to hold in every state of the walk, and in every step between two.

use crate::model::{Model, Place, raises};
use crate::small::{self, Papers, Shown, difference, fold, reborn};
use crate::world::{Act, key};
use alarm_core::alarm::Alarm;
use alarm_core::engine::{Engine, Record};
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::input::{Input, Observation, Origin, Seen};
use alarm_core::state::State;
use alarm_core::time::{DAY, HOUR, Timestamp};
use alarm_core::watch::SetAside;
use std::sync::Arc;

/// A law that is broken: which, and how.
pub(crate) type Broken = String;

fn law(holds: bool, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(what()) }
}

/// The state against the model.
pub(crate) fn state(engine: &Engine, model: &Model) -> Result<(), Broken> {
    small::sound(engine)?;
    for s in 0..2 {
        service(engine, model, s)?;
    }
    host(engine, model)?;
    family(engine)?;
    people(engine, model)?;
    let world = engine.world();
    law(engine.next_deadline().is_none_or(|due| due > world.at), || {
        format!("timers: {:?} is due and has not fired at {}", engine.next_deadline(), world.at)
    })?;
    for alarm in world.alarms.values() {
        let mut wanted: Vec<Flag> = world.flags_of(alarm, model.now).into_keys().collect();
        let kept = [Flag::TimeOut, Flag::NotSettled];
        wanted.extend(kept.into_iter().filter(|f| alarm.flags.contains_key(f)));
        wanted.sort();
        let carried: Vec<Flag> = alarm.flags.keys().copied().collect();
        law(carried == wanted, || format!("flags: {:?} carries {carried:?}, {wanted:?} hold", alarm.key))?;
    }
    Ok(())
}

fn service(engine: &Engine, model: &Model, s: usize) -> Result<(), Broken> {
    let world = engine.world();
    let (known, key) = (&model.services[s], key(Some(s)));
    let alarm = world.alarm_of(&key);
    let aside = world.watch(&key).and_then(|w| w.aside.as_ref()).map(|a| &a.reason);
    let fails = known.problem.filter(|p| raises(s, *p));
    match known.place {
        Place::Board => {
            let Some(alarm) = alarm else {
                return Err(format!("{key:?}: its alarm is not on the board; aside {aside:?}"));
            };
            law(alarm.failing_now() == fails.is_some(), || {
                format!("{key:?}: failing is {}, the hard problem is {:?}", alarm.failing_now(), known.problem)
            })?;
            law(fails.is_none_or(|state| state == alarm.state), || {
                format!("{key:?}: is {}, {fails:?} said", alarm.state)
            })?;
            let age = alarm.age(model.now, &world.windows_of(alarm));
            law(age == model.age(s), || {
                format!("{key:?}: age {age}, {} by the spans {:?}", model.age(s), known.failing)
            })?;
            law(!alarm.failing_now() || age < 24 * HOUR || alarm.aged, || {
                format!("{key:?}: 24 h old and nobody noted")
            })?;
            let ok = known.failing.last().and_then(|(_, to)| *to);
            law(alarm.stable == ok.is_some_and(|to| model.now.since(to) >= 4 * HOUR), || {
                format!("{key:?}: stable is {}, OK since {ok:?}", alarm.stable)
            })?;
            for (flag, holds) in [
                (Flag::Outage, model.out()),
                (Flag::MonitoringOff, !model.monitored),
                (Flag::HostNotUp, model.host_not_up),
                (Flag::Acknowledged, known.acknowledged.is_some()),
            ] {
                law(alarm.flags.contains_key(&flag) == holds, || format!("{key:?}: {flag:?} should be {holds}"))?;
            }
        }
        Place::Nowhere | Place::Off { .. } => {
            law(alarm.is_none(), || format!("{key:?}: an alarm on the board, and none should be: {alarm:?}"))?;
        }
    }
    // Law 3: what is not raised is set aside with the reason, and nothing else is.
    let expected = match (known.place, known.problem, known.held) {
        (Place::Off { .. }, Some(_), _) => matches!(aside, Some(SetAside::SwitchedOff { .. })),
        (Place::Off { .. }, None, _) => {
            matches!(aside, Some(SetAside::SwitchedOff { .. } | SetAside::HostNotUp) | None)
        }
        (_, Some(p), _) if !raises(s, p) => matches!(aside, Some(SetAside::StateDoesNotRaise { .. })),
        (_, Some(_), _) => aside.is_none(),
        (_, None, Some(_)) => aside == Some(&SetAside::HostNotUp),
        (_, None, None) => aside.is_none(),
    };
    law(expected, || format!("{key:?}: set aside is {aside:?}; {known:?}"))
}

fn host(engine: &Engine, model: &Model) -> Result<(), Broken> {
    let alarm = engine.world().alarm_of(&key(None));
    law(alarm.is_some() == model.host_on_board, || format!("the host's alarm: {alarm:?}"))?;
    let fails = alarm.filter(|a| a.failing_now()).map(|a| a.state);
    law(fails == model.host_problem, || format!("the host's alarm says {fails:?}, the host {:?}", model.host_problem))
}

/// AL14: of those that can lead, one does, and the others follow it.
fn family(engine: &Engine) -> Result<(), Broken> {
    let by_hand = |a: &Arc<Alarm>| a.masked_by.as_ref().is_some_and(|m| !m.family);
    let alarms = engine.world().alarms.values().filter(|a| !a.about.family.is_empty() && !by_hand(a));
    let (mut leading, mut able) = (0, 0);
    for a in alarms {
        let can_lead = !a.barred_from_leading() && !a.stable && a.cause.is_none();
        able += usize::from(can_lead);
        leading += usize::from(can_lead && a.masked_by.is_none());
        law(can_lead || a.masked_by.is_none(), || format!("{:?} is masked, and set apart, out or stable", a.key))?;
    }
    law(leading == able.min(1), || format!("{leading} of {able} lead in the family"))
}

/// What people did stands as they did it, and no longer than the procedure says.
fn people(engine: &Engine, model: &Model) -> Result<(), Broken> {
    let world = engine.world();
    for s in 0..2 {
        let Some(alarm) = world.alarm_of(&key(Some(s))) else { continue };
        let known = &model.services[s];
        let leader = alarm.masked_by.as_ref().filter(|m| !m.family).and_then(|m| world.alarms.get(&m.leader));
        let expected = known.masked.then(|| key(Some(1 - s)));
        law(leader.map(|l| &l.key) == expected.as_ref(), || {
            format!("AL6: {:?} is masked by {:?}, by somebody: {}", alarm.key, alarm.masked_by, known.masked)
        })?;
        law(alarm.cause.is_some() == known.under, || {
            format!("AL18: {:?} is under {:?}, and should be: {}", alarm.key, alarm.cause, known.under)
        })?;
        law(alarm.cause.as_ref().is_none_or(|c| world.causes.contains_key(c)), || {
            format!("AL18: {:?} is under {:?}, which has ended", alarm.key, alarm.cause)
        })?;
        law(alarm.notes.len() == usize::from(known.noted), || {
            format!("DE1: {:?} has {:?}, noted is {}", alarm.key, alarm.notes, known.noted)
        })?;
        let pad = world.notepads.get("S");
        law(alarm.notes.iter().all(|n| pad.is_some_and(|pad| pad.contains(n))), || {
            format!("DE1: {:?} are not all in {pad:?}", alarm.notes)
        })?;
    }
    Ok(())
}

/// The step: soft raises nothing, ids are new, records follow one another, and time does not go back.
pub(crate) fn step(before: &Engine, act: Act, records: &[Record]) -> Result<(), Broken> {
    let (mut seq, mut at) = (before.world().seq, before.world().at);
    for r in records {
        law(r.seq == seq + 1 && r.at >= at, || format!("record {} at {} after {seq} at {at}", r.seq, r.at))?;
        (seq, at) = (r.seq, r.at);
        for event in &r.events {
            if let Event::Raised { id, .. } = event {
                let known = before.world().alarms.contains_key(id) || before.world().closed.contains_key(id);
                law(!known, || format!("the id {id} was given before"))?;
            }
            let soft = matches!(act, Act::Service(_, _, false) | Act::Host(_, false));
            let raises = matches!(event, Event::Raised { .. } | Event::Changed { .. } | Event::Returned { .. });
            law(!(soft && raises), || format!("AL2: a soft state raised: {event:?}"))?;
        }
    }
    Ok(())
}

/// The fold of the events, from nothing (`folded`) and from the rows before the step, is what was decided; and an engine
/// made of those rows decides the same.
pub(crate) fn folds(
    after: &Shown<'_>,
    folded: &Engine,
    restored: &Engine,
    act: Act,
    now: Timestamp,
    records: &[Record],
) -> Result<(), Broken> {
    if let Some(why) = difference(after, folded) {
        return Err(format!("the fold of all events is another world: {why}"));
    }
    let mut tail = restored.clone();
    fold(&mut tail, records);
    if let Some(why) = difference(after, &tail) {
        return Err(format!("rows and the tail are another world: {why}"));
    }
    let mut again = restored.clone();
    let other = act.apply(&mut again, now);
    law(other.as_deref().is_some_and(|o| small::same_records(o, records)), || {
        format!("restored, it decides {other:?} and not {records:?}")
    })
}

/// Law 10: woken at each due time, or late and once, it decides the same.
pub(crate) fn late(before: &Engine, until: Timestamp, records: &[Record]) -> Result<(), Broken> {
    let mut prompt = before.clone();
    let mut all = Vec::new();
    let mut wakes = 0;
    while let Some(due) = prompt.next_deadline().filter(|due| *due <= until) {
        all.extend(prompt.advance(due).records);
        law(prompt.next_deadline().is_none_or(|next| next > due), || format!("a timer of {due} does not end"))?;
        wakes += 1;
        law(wakes < 1000, || "timers without end".into())?;
    }
    law(all == records, || format!("woken in time: {all:?}\nwoken late: {records:?}"))
}

/// The rows are the world.
pub(crate) fn rows(papers: &Papers, engine: &Engine) -> Result<Engine, Broken> {
    let shown = Shown::of(engine);
    let restored = reborn(papers, &shown);
    match difference(&shown, &restored) {
        Some(why) => Err(format!("the rows are another world: {why}")),
        None => Ok(restored),
    }
}

/// An input from the past is taken as of now, and what its monitor said then stands.
pub(crate) fn past(engine: &Engine) -> Result<(), Broken> {
    for since in [engine.world().at.plus(-DAY), Timestamp(0)] {
        for (state, hard) in [(State::Ok, true), (State::Unknown, true)] {
            let mut e = engine.clone();
            let seen = Seen::Service(small::service(crate::world::HOST, crate::world::METRICS[0], state, hard));
            let o = Observation { monitor: "m".into(), since, origin: Origin::Log, sequence: None, seen };
            let records = e.handle(since, Input::Observation(o)).records;
            law(records.iter().all(|r| r.at >= engine.world().at), || format!("time went back: {records:?}"))?;
            small::sound(&e)?;
        }
    }
    Ok(())
}
