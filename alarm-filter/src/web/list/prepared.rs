//! What lists need of every alarm, in one dense row of memory: a page over ten thousand alarms then touches the alarms of
//! the page only. Made once for a view, from that of the view before: alarms that did not change are not looked at again.

use super::filter::News;
use super::select::Aged;
use crate::view::View;
use crate::web::live::Hub;
use crate::web::visit::Visit;
use alarm_core::alarm::{Alarm, AlarmId, Band};
use alarm_core::input::Text;
use alarm_core::queue::Queue;
use alarm_core::state::State;
use alarm_core::time::{HOUR, Millis, Timestamp};
use alarm_core::world::Cause;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// From which age on days off matter (DC4).
const OVERDUE: Millis = 72 * HOUR;
/// How long the suggestions of the form may be old.
const SUGGESTIONS: Millis = 15_000;

/// A view with its entries.
pub(in crate::web) struct Prepared {
    /// The view.
    pub(in crate::web) view: Arc<View>,
    /// In the order of [`View::every`].
    entries: Vec<Entry>,
    proposals: OnceLock<Vec<Proposed>>,
    causes: OnceLock<Vec<Open>>,
}

/// A common cause that is open, with what stands under it, as far as that may be seen (AL17).
pub(in crate::web) struct Open {
    /// Its id.
    pub(in crate::web) id: Text,
    /// It.
    pub(in crate::web) cause: Cause,
    /// How many alarms.
    pub(in crate::web) alarms: usize,
    /// Their sites.
    pub(in crate::web) sites: Vec<Text>,
}

/// A common cause that the program proposes (AL18), as far as its alarms may be seen (AL17).
pub(in crate::web) struct Proposed {
    /// The metric.
    pub(in crate::web) metric: Text,
    /// Sites at which it still fails.
    pub(in crate::web) sites: Vec<Text>,
    /// Alarms that it is about, still failing and under no cause.
    pub(in crate::web) alarms: Vec<AlarmId>,
    /// When it was proposed.
    pub(in crate::web) since: Timestamp,
}

/// What is kept of an alarm.
#[derive(Clone, Copy)]
struct Entry {
    /// Its age but for the span that goes on.
    fixed: Millis,
    /// Since when it fails.
    open: Option<Timestamp>,
    /// Downtimes count: its age is asked of the alarm itself.
    windowed: bool,
    /// Its age without days off at `looked`; only where it was over the mark then.
    working: Option<(Timestamp, Millis)>,
    state: State,
    place: Place,
    masked: bool,
    /// Since when it is there, in its state, and failing without an OK in between.
    there: Since,
    so: Since,
    failing: Since,
}

/// Since when something is so: by the views of this run, else by the monitor's clock.
#[derive(Clone, Copy)]
struct Since {
    /// The seq of the first view that had it; 0: the first view of all had it.
    seq: u64,
    at: Timestamp,
}

impl Since {
    fn is_after(self, visit: Visit) -> bool {
        if self.seq > 0 { self.seq > visit.seq } else { self.at > visit.at }
    }
}

/// What its queue (DE3) depends on.
#[derive(Clone, Copy)]
enum Place {
    /// Nothing that changes by itself.
    In(Queue),
    /// OK: when that is stable, if ever.
    Good(Option<Timestamp>),
    /// Its age.
    Failing,
}

impl Entry {
    fn of(view: &View, alarm: &Alarm, now: Timestamp) -> Self {
        let windowed = !view.windows(alarm).is_empty();
        let ended = |s: &alarm_core::alarm::Span| s.to.map_or(0, |to| to.since(s.from).max(0));
        let mut entry = Entry {
            fixed: alarm.failing_before + alarm.failing.iter().map(ended).sum::<Millis>(),
            open: alarm.failing.last().filter(|s| s.to.is_none()).map(|s| s.from),
            windowed,
            working: None,
            state: alarm.state,
            place: match Queue::of(alarm, now, Band::FirstLine) {
                Queue::OkStable | Queue::OkNotStable => Place::Good(alarm.stable_at()),
                Queue::New => Place::Failing,
                queue => Place::In(queue),
            },
            masked: alarm.masked_by.is_some(),
            there: Since { seq: 0, at: alarm.raised },
            so: Since { seq: 0, at: alarm.since },
            failing: Since { seq: 0, at: alarm.episode_since },
        };
        if entry.age(view, alarm, now) >= OVERDUE {
            entry.working = Some((now, alarm.working_age(now, &view.windows(alarm), &view.settings)));
        }
        entry
    }

    fn age(&self, view: &View, alarm: &Alarm, now: Timestamp) -> Millis {
        if self.windowed {
            return view.age(alarm, now);
        }
        self.fixed + self.open.map_or(0, |from| now.since(from).max(0))
    }

    /// AL4 and DC4: wall-clock hours decide the 24 h; days off are left out of the 72 h.
    fn band(&self, view: &View, alarm: &Alarm, age: Millis, now: Timestamp) -> Band {
        let by_clock = Alarm::band(age);
        if by_clock != Band::Overdue {
            return by_clock;
        }
        let overdue = match self.working {
            // It only grows, and never faster than the clock.
            Some((then, working)) if now >= then && working >= OVERDUE => true,
            Some((then, working)) if now >= then && working + now.since(then) < OVERDUE => false,
            _ => alarm.working_age(now, &view.windows(alarm), &view.settings) >= OVERDUE,
        };
        if overdue { Band::Overdue } else { Band::Rod }
    }
}

impl Entry {
    fn queue(&self, band: Band, now: Timestamp) -> Queue {
        match self.place {
            Place::In(queue) => queue,
            Place::Good(Some(stable)) if stable <= now => Queue::OkStable,
            Place::Good(_) => Queue::OkNotStable,
            Place::Failing => match band {
                Band::Overdue => Queue::Over72,
                Band::Rod => Queue::Over24,
                Band::FirstLine => Queue::New,
            },
        }
    }

    /// What happened to it since that visit.
    fn news(&self, visit: Visit) -> Option<News> {
        if self.there.is_after(visit) {
            Some(News::New)
        } else if self.failing.is_after(visit) && self.open.is_some() {
            Some(News::Back)
        } else if self.so.is_after(visit) {
            Some(News::Changed)
        } else {
            None
        }
    }

    /// The entry of the same alarm in an earlier view says since when it is as it is.
    fn follow(&mut self, alarm: &Alarm, before: &Alarm, old: &Entry, seq: u64) {
        self.there = old.there;
        self.so.seq = if alarm.state == before.state { old.so.seq } else { seq };
        self.failing.seq = if alarm.episodes == before.episodes { old.failing.seq } else { seq };
    }
}

/// One alarm with what depends on the moment.
pub(in crate::web) fn aged<'v>(view: &View, alarm: &'v Arc<Alarm>, now: Timestamp) -> Aged<'v> {
    with(view, alarm, &Entry::of(view, alarm, now), now, None)
}

fn with<'v>(view: &View, alarm: &'v Arc<Alarm>, e: &Entry, now: Timestamp, visit: Option<Visit>) -> Aged<'v> {
    let age = e.age(view, alarm, now);
    let band = e.band(view, alarm, age, now);
    let (queue, news) = (e.queue(band, now), visit.and_then(|v| e.news(v)));
    Aged { alarm, age, band, state: e.state, queue, masked: e.masked, news }
}

impl Prepared {
    /// The entries of a view, as far as possible from those of an earlier one.
    pub(in crate::web) fn of(view: Arc<View>, now: Timestamp, before: Option<&Prepared>) -> Self {
        let same = |b: &Prepared| {
            Arc::ptr_eq(&b.view.downtimes, &view.downtimes) && Arc::ptr_eq(&b.view.settings, &view.settings)
        };
        let same = before.is_some_and(same);
        let mut old = before.map(|b| b.view.every().iter().zip(&b.entries).peekable());
        let mut entries = Vec::with_capacity(before.map_or(64, |b| b.entries.len() + 64));
        for alarm in view.every() {
            let known = old.as_mut().map(|old| {
                // Both are in the order of their ids.
                while old.next_if(|(o, _)| o.id < alarm.id).is_some() {}
                old.next_if(|(o, _)| o.id == alarm.id)
            });
            entries.push(match known {
                Some(Some((before, e))) if same && Arc::ptr_eq(before, alarm) => *e,
                Some(Some((before, e))) => {
                    let mut entry = Entry::of(&view, alarm, now);
                    entry.follow(alarm, before, e, view.seq);
                    entry
                }
                Some(None) => {
                    let mut entry = Entry::of(&view, alarm, now);
                    (entry.there.seq, entry.so.seq, entry.failing.seq) = (view.seq, view.seq, view.seq);
                    entry
                }
                None => Entry::of(&view, alarm, now),
            });
        }
        Prepared { view, entries, proposals: OnceLock::new(), causes: OnceLock::new() }
    }

    /// Common causes that are proposed and still stand.
    pub(in crate::web) fn proposals(&self) -> &[Proposed] {
        self.proposals.get_or_init(|| {
            let view = &self.view;
            let standing = view.proposed.iter().filter_map(|(metric, p)| {
                let alarms = p.alarms.iter().filter_map(|id| view.alarm(id));
                let failing: Vec<_> = alarms.filter(|a| a.failing_now() && a.cause.is_none()).collect();
                let sites: BTreeSet<Text> = failing.iter().map(|a| a.about.site.clone()).collect();
                (sites.len() >= view.settings.cause_sites.max(1)).then(|| Proposed {
                    metric: metric.clone(),
                    sites: sites.into_iter().collect(),
                    alarms: failing.iter().map(|a| a.id.clone()).collect(),
                    since: p.since,
                })
            });
            standing.collect()
        })
    }

    /// Common causes that are open.
    pub(in crate::web) fn causes(&self) -> &[Open] {
        self.causes.get_or_init(|| {
            let mut under: BTreeMap<&Text, (usize, BTreeSet<Text>)> = BTreeMap::new();
            if !self.view.causes.is_empty() {
                for alarm in self.view.alarms() {
                    if let Some(id) = &alarm.cause {
                        let (n, sites) = under.entry(id).or_default();
                        *n += 1;
                        sites.insert(alarm.about.site.clone());
                    }
                }
            }
            let open = self.view.causes.iter().map(|(id, cause)| {
                let (alarms, sites) = under.remove(id).unwrap_or_default();
                Open { id: id.clone(), cause: cause.clone(), alarms, sites: sites.into_iter().collect() }
            });
            open.collect()
        })
    }

    /// All alarms that anybody may see, with what happened to them since a visit.
    pub(in crate::web) fn aged(&self, now: Timestamp, visit: Option<Visit>) -> impl Iterator<Item = Aged<'_>> {
        self.seen().map(move |(alarm, e)| with(&self.view, alarm, e, now, visit))
    }

    /// One of them.
    pub(in crate::web) fn one(&self, id: &str, now: Timestamp, visit: Option<Visit>) -> Option<Aged<'_>> {
        let all = self.view.every();
        let i = all.binary_search_by(|a| (*a.id).cmp(id)).ok()?;
        let (alarm, e) = all.get(i).zip(self.entries.get(i)).filter(|(a, _)| !a.about.security)?;
        Some(with(&self.view, alarm, e, now, visit))
    }

    /// What anybody may see.
    fn seen(&self) -> impl Iterator<Item = (&Arc<Alarm>, &Entry)> {
        self.view.every().iter().zip(&self.entries).filter(|(a, _)| !a.about.security)
    }

    /// Those of them that were not there yet as of `since`; the others are hardly looked at.
    pub(in crate::web) fn arrived(
        &self,
        since: Visit,
        now: Timestamp,
        visit: Option<Visit>,
    ) -> impl Iterator<Item = Aged<'_>> {
        let all = self.seen().filter(move |(_, e)| e.there.is_after(since));
        all.map(move |(alarm, e)| with(&self.view, alarm, e, now, visit))
    }
}

/// What the form suggests.
#[derive(Default)]
pub(in crate::web) struct Suggestions {
    /// Sites.
    pub(in crate::web) sites: Vec<String>,
    /// NGIs.
    pub(in crate::web) ngis: Vec<String>,
    /// Service types.
    pub(in crate::web) types: Vec<String>,
    /// Metrics.
    pub(in crate::web) metrics: Vec<String>,
}

impl Suggestions {
    fn of(view: &View) -> Self {
        let mut seen: [HashSet<&str>; 4] = Default::default();
        for alarm in view.alarms() {
            let a = &alarm.about;
            for (set, text) in seen.iter_mut().zip([&a.site, &a.ngi, &a.service_type, &a.metric]) {
                if !text.is_empty() {
                    set.insert(text);
                }
            }
        }
        let [sites, ngis, types, metrics] = seen.map(|set| {
            let mut all: Vec<String> = set.into_iter().map(|t| crate::web::visible(t).into_owned()).collect();
            all.sort_unstable();
            all
        });
        Suggestions { sites, ngis, types, metrics }
    }
}

/// What is kept from one request to the next.
#[derive(Default)]
pub struct Cache {
    prepared: Mutex<Option<Arc<Prepared>>>,
    suggestions: Mutex<Option<(Timestamp, Arc<Suggestions>)>>,
    /// For pages about the past.
    pub(in crate::web) stood: crate::availability::Kept,
    /// What check_bdii found.
    pub(in crate::web) published: crate::topology::published::Shelf,
    /// What the streams of changes have in common.
    pub(in crate::web) hub: Hub,
}

impl Cache {
    /// The view of now with its entries.
    pub(in crate::web) fn prepared(&self, view: Arc<View>, now: Timestamp) -> Arc<Prepared> {
        let mut kept = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(p) = kept.as_ref().filter(|p| Arc::ptr_eq(&p.view, &view)) {
            return Arc::clone(p);
        }
        let new = Arc::new(Prepared::of(view, now, kept.as_deref()));
        *kept = Some(Arc::clone(&new));
        new
    }

    /// Ends every stream of changes: the daemon stops.
    pub fn end_streams(&self) {
        self.hub.end();
    }

    /// What the form suggests; a little old at times.
    pub(in crate::web) fn suggestions(&self, view: &View, now: Timestamp) -> Arc<Suggestions> {
        let mut kept = self.suggestions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, s)) = kept.as_ref()
            && (0..SUGGESTIONS).contains(&now.since(*at))
        {
            return Arc::clone(s);
        }
        let new = Arc::new(Suggestions::of(view));
        *kept = Some((now, Arc::clone(&new)));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::samples::{NOW, sample_view};
    use alarm_core::time::{DAY, MINUTE};

    #[test]
    fn entries_say_what_the_alarms_say_at_any_time() {
        let view = Arc::new(sample_view(400));
        let p = Prepared::of(view.clone(), NOW, None);
        for later in [0, MINUTE, 7 * HOUR, DAY, 3 * DAY, 9 * DAY] {
            let now = NOW.plus(later);
            for a in p.aged(now, None) {
                assert_eq!(a.age, view.age(a.alarm, now));
                assert_eq!(a.queue, Queue::of(a.alarm, now, a.band), "{:?}", a.alarm);
                let working = a.alarm.working_age(now, &view.windows(a.alarm), &view.settings);
                assert_eq!(a.band == Band::Overdue, a.age >= OVERDUE && working >= OVERDUE, "{:?}", a.alarm);
            }
        }
    }

    #[test]
    fn what_changed_is_seen_and_what_did_not_is_kept() {
        let mut world = crate::web::samples::sample_world(50);
        let before = Prepared::of(Arc::new(View::of(&world)), NOW, None);
        let ids: Vec<_> = world.alarms.keys().cloned().collect();
        world.alarms.remove(&ids[0]);
        world.alarms.remove(&ids[20]);
        if let Some(alarm) = world.alarms.change(&ids[7]) {
            Arc::make_mut(alarm).state = State::Up;
        }
        let new = Arc::new(Alarm { id: "00".into(), ..(**world.alarms.get(&ids[9]).unwrap()).clone() });
        world.alarms.insert(new.id.clone(), new);
        let after = Arc::new(View::of(&world));
        let quick = Prepared::of(after.clone(), NOW, Some(&before));
        let whole = Prepared::of(after, NOW, None);
        let all = |p: &Prepared| {
            p.aged(NOW, None).map(|a| (a.alarm.id.clone(), a.age, a.state, a.masked)).collect::<Vec<_>>()
        };
        assert_eq!(all(&quick), all(&whole));
        assert_eq!(quick.entries.len(), 49);
    }
}
