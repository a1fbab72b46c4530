//! Pruning on a schedule: what is older than the configuration keeps leaves the journal, a slice at a time and only while
//! nothing else is to be done. Behind the flushed seq only, and never what an open alarm or a problem set aside still needs: the store sees to
//! the first, [`Needed`] to the second.

use crate::store::{PruneSlice, Store, TruthBegins};
use alarm_core::input::Text;
use alarm_core::time::{Millis, Timestamp};
use alarm_core::watch::{Key, Watch};
use alarm_core::world::World;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long after the end of a pass the next one begins.
const AGAIN: Duration = Duration::from_secs(60 * 60);
/// How many records are looked at in one slice: some 10 ms of the engine's thread.
const SLICE: usize = 2000;

/// See the module.
pub struct Pruner {
    keep: Millis,
    due: Instant,
    /// The rows were asked for with which the coming pass can begin.
    flushed: bool,
    pass: Option<Pass>,
}

/// One way through what is old.
#[derive(Clone, Copy)]
struct Pass {
    before: Timestamp,
    from: u64,
    removed: u64,
}

impl Pruner {
    /// Keeps records for so long; the first pass is due at once.
    pub fn new(keep: Millis) -> Self {
        Pruner { keep, due: Instant::now(), flushed: false, pass: None }
    }

    /// Whether a slice may be cut now. Time that stands still is not waited for.
    pub fn is_due(&self) -> bool {
        self.pass.is_some() || Instant::now() >= self.due
    }

    /// Whether the snapshot's rows should be written first, once before each pass: nothing is cut that is not behind them.
    pub fn wants_flush(&mut self) -> bool {
        !std::mem::replace(&mut self.flushed, true)
    }

    /// Cuts one slice. A failure ends the pass; the next one begins anew, and commits go on meanwhile.
    pub fn cut(&mut self, store: &mut dyn Store, world: &World, now: Timestamp) {
        let mut pass = self.pass.unwrap_or(Pass { before: now.plus(-self.keep), from: 0, removed: 0 });
        let needed = Needed::by(world);
        let slice = PruneSlice { before: pass.before, from: pass.from, at_most: SLICE };
        match store.prune(slice, &|object| needed.has(object)) {
            Ok(report) => {
                pass.removed += report.removed;
                if let Some(next) = report.next {
                    self.pass = Some(Pass { from: next, ..pass });
                    return;
                }
                if pass.removed > 0 {
                    let TruthBegins { seq, at } = report.truth_begins;
                    tracing::info!(
                        removed = pass.removed,
                        "the journal is pruned: it is complete from seq {seq} ({at})"
                    );
                }
            }
            Err(error) => tracing::warn!("the journal could not be pruned, and will be again: {error}"),
        }
        self.pass = None;
        self.flushed = false;
        self.due = Instant::now() + AGAIN;
    }
}

/// The objects whose records stay whatever their age.
struct Needed(BTreeSet<i64>);

impl Needed {
    /// Those with an alarm on the board or one that may return (AL19), and those set aside, whose reason has to be told
    /// as long as it holds (law 3); each with its host, which holds and explains.
    fn by(world: &World) -> Self {
        let mut needed = BTreeSet::new();
        for ((group, host), entry) in &world.hosts {
            let mut need = |service: Option<&Text>, watch: &Watch| {
                if watch.alarm.is_some() || watch.off.is_some() || watch.aside.is_some() {
                    let host = Key { group: group.clone(), host: host.clone(), service: None };
                    needed.insert(host.number());
                    needed.insert(Key { service: service.cloned(), ..host }.number());
                }
            };
            need(None, &entry.host);
            entry.services.iter().for_each(|(name, watch)| need(Some(name), watch));
        }
        Needed(needed)
    }

    fn has(&self, object: i64) -> bool {
        self.0.contains(&object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keeper::commit::{Pending, row};
    use crate::replay::session::Session;
    use crate::source::nagios_log::observe::Observer;
    use crate::store::{Batch, History, MemoryStore};
    use alarm_core::command::{Action, Command, Target};
    use alarm_core::profile::{Profile, Profiles};
    use alarm_core::time::DAY;

    /// Two services fail on the same day; one recovers and is switched off.
    fn journal() -> (Session, MemoryStore, Timestamp) {
        let mut session = Session::new();
        session.journal = Some(Vec::new());
        let profile = Profile {
            name: "ALL".into(),
            service_types: [("*".into(), vec!["*".into()])].into(),
            ..Profile::default()
        };
        let profiles = Profiles { operators: "ALL".into(), profiles: [("ALL".into(), profile)].into() };
        session.profiles(Timestamp::default(), profiles);
        let start = Timestamp::from_secs(1_795_000_000);
        let lines = [
            "SERVICE ALERT: ce;open;CRITICAL;HARD;3;bad",
            "SERVICE ALERT: ce;gone;CRITICAL;HARD;3;bad",
            "SERVICE ALERT: se;other;WARNING;HARD;3;slow",
            "SERVICE ALERT: ce;gone;OK;HARD;3;good",
            "SERVICE ALERT: se;other;OK;HARD;3;good",
        ];
        for (n, line) in (0..).zip(lines) {
            let at = start.plus(n * 60_000);
            let line = format!("[{}] {line}", at.secs());
            session.feed(at, Observer::new("nagios").read(line.as_bytes()).unwrap());
        }
        let closed: Vec<_> =
            session.engine.world().alarms.values().filter(|a| !a.failing_now()).map(|a| a.id.clone()).collect();
        for id in closed {
            let action =
                Action::SwitchOff { alarms: vec![Target::any(id)], reason: None, text: "".into(), until: None };
            let command = Command { who: "ana".into(), form: "".into(), action };
            session.feed(start.plus(DAY), alarm_core::input::Input::Command(command));
        }
        let mut store = MemoryStore::new();
        let records = session.journal.as_ref().unwrap().iter().map(row).collect();
        let mut batch = Batch { first_seq: 1, records, ..Batch::default() };
        batch.flushed = Some(session.engine.world().seq);
        store.append(&batch).unwrap();
        (session, store, start)
    }

    fn pass(pruner: &mut Pruner, store: &mut MemoryStore, world: &World, now: Timestamp) {
        assert!(pruner.is_due());
        pruner.cut(store, world, now);
        while pruner.pass.is_some() {
            pruner.cut(store, world, now);
        }
        assert!(!pruner.is_due(), "the next one has time");
    }

    #[test]
    fn open_alarms_keep_their_records_and_others_lose_what_is_old() {
        let (session, mut store, start) = journal();
        let world = session.engine.world();
        let end = store.last_seq();
        pass(&mut Pruner::new(7 * DAY), &mut store, world, start.plus(6 * DAY));
        assert_eq!(store.truth_begins().seq, 1, "nothing is as old as that");

        pass(&mut Pruner::new(7 * DAY), &mut store, world, start.plus(60 * DAY));
        assert_eq!(store.truth_begins().seq, end + 1);
        let mut left = Vec::new();
        store.read_from(1, usize::MAX, &mut |r| left.push(r.record.object)).unwrap();
        let open = world.alarms.values().next().unwrap().key.number();
        assert!(!left.is_empty() && left.iter().all(|o| *o == Some(open)), "{left:?}");
        let gone = Key { group: "nagios".into(), host: "ce".into(), service: Some("gone".into()) };
        assert_eq!(store.history().of_object(gone.number(), u64::MAX, 9, None).unwrap(), []);
    }

    #[test]
    fn what_is_not_flushed_stays_and_numbers_go_on() {
        let (session, mut store, start) = journal();
        let world = session.engine.world();
        let end = store.last_seq();
        let mut pending = Pending::new(end);
        let mut more = session.journal.as_ref().unwrap().clone();
        more.truncate(1);
        more[0].seq = end + 1;
        more[0].at = world.at;
        pending.take(more, &session.engine);
        store.append(pending.take_commit().batch()).unwrap();
        pass(&mut Pruner::new(DAY), &mut store, world, start.plus(90 * DAY));
        let mut left = Vec::new();
        store.read_from(end + 1, usize::MAX, &mut |r| left.push(r.seq)).unwrap();
        assert_eq!((left, store.truth_begins().seq), (vec![end + 1], end + 1));
    }
}
