//! How long each object was in which state, day by day (UTC), for availability and reliability (DE7, DC3): a fold of
//! events beside the world, which decides nothing.
//!
//! Only days that were not all good are told of: an object without a sum on a day was OK (a host: UP) all of that day,
//! as far as it was watched. Time in a declared, scheduled OUTAGE counts as that and as nothing else; an unscheduled one
//! excuses nothing (DC3). Time in which no monitor of the object was fresh is nobody's word on it; it also stands under the
//! monitor's own key, for all that it watches and that was good before.

use crate::downtime::{outage_within, windows_of_key};
use crate::event::{Event, Note, Seen};
use crate::few::Few;
use crate::input::{SourceHealth, Text};
use crate::rows::Value;
use crate::sharing::Texts;
use crate::state::State;
use crate::time::{DAY, Millis, Timestamp};
use crate::topology::DowntimeWindow;
use crate::watch::Key;
use crate::world::{Map, World};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many days back a line that comes late still corrects.
const OPEN_DAYS: i32 = 2;
/// Changes of one object kept one by one; of more, the oldest are added up.
const CHANGES: usize = 512;
/// Days back beyond which nothing is told, whatever time a line claims.
const AT_MOST: i32 = 400;
/// A strip is to be written, but there is no day of which anything new is to be told.
const NO_DAY: i32 = i32::MAX;
/// The beginning of the names of the rows in which this is kept.
pub const ROWS: &str = "days";

/// How an object stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Standing {
    /// As Nagios says.
    Ok,
    /// As Nagios says.
    Warning,
    /// As Nagios says.
    Critical,
    /// As Nagios says.
    Unknown,
    /// As Nagios says, of a host.
    Up,
    /// As Nagios says, of a host.
    Down,
    /// As Nagios says, of a host.
    Unreachable,
    /// No monitor of it was up to date.
    NotMonitored,
    /// In a declared, scheduled OUTAGE of the whole service, whatever its state was.
    ScheduledOutage,
    /// Not in any monitor's configuration: this time counts nowhere.
    Gone,
}

impl Standing {
    /// Its word in the sums.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Ok => "OK",
            Standing::Warning => "WARNING",
            Standing::Critical => "CRITICAL",
            Standing::Unknown => "UNKNOWN",
            Standing::Up => "UP",
            Standing::Down => "DOWN",
            Standing::Unreachable => "UNREACHABLE",
            Standing::NotMonitored => "NOT-MONITORED",
            Standing::ScheduledOutage => "SCHEDULED-OUTAGE",
            Standing::Gone => "GONE",
        }
    }

    fn of(state: State) -> Self {
        match state {
            State::Ok => Standing::Ok,
            State::Warning => Standing::Warning,
            State::Critical => Standing::Critical,
            State::Unknown => Standing::Unknown,
            State::Up => Standing::Up,
            State::Down => Standing::Down,
            State::Unreachable => Standing::Unreachable,
        }
    }

    fn is_good(self) -> bool {
        matches!(self, Standing::Ok | Standing::Up)
    }
}

/// One sum, to be stored in the place of the one before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sum {
    /// Days since 1970-01-01, UTC.
    pub day: i32,
    /// The object's number ([`Key::number`]).
    pub object: i64,
    /// What.
    pub standing: Standing,
    /// How long so far on that day, in whole seconds.
    pub seconds: u32,
}

/// What is to be written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Sums of days that changed.
    pub sums: Vec<Sum>,
    /// Rows of the snapshot; `None`: it goes.
    pub rows: Vec<(String, Option<Value>)>,
}

/// All objects of which something else than good was said within the last days.
#[derive(Clone, Debug, Default)]
pub struct Days {
    head: Head,
    strips: Map<Key, Strip>,
    /// To be written, in the order in which they changed; some may be over since. From which day on, the strips know.
    changed: Vec<Key>,
    /// To be removed.
    over: BTreeSet<Key>,
    /// Of what is to be removed.
    sums: Vec<Sum>,
    /// Texts of the rows that were read.
    texts: Texts,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Head {
    /// The engine's time.
    until: Timestamp,
    /// By name.
    monitors: BTreeMap<Text, Watcher>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Watcher {
    /// When it was first heard.
    since: Timestamp,
    /// It can be believed.
    fresh: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Strip {
    key: Key,
    /// What each monitor says, and whether it still watches it.
    views: Few<Text, (State, bool)>,
    /// From when on it stood how, in order; never empty.
    changes: Vec<(Timestamp, Standing)>,
    /// Changes that were added up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    added: BTreeMap<i32, BTreeMap<Standing, Millis>>,
    /// What was told of the last days: what is told again replaces it, and so does a zero.
    #[serde(default, skip_serializing_if = "Few::is_empty")]
    told: Few<i32, BTreeSet<Standing>>,
    /// From which day on it is to be written; `None`: it is written.
    #[serde(skip)]
    changed: Option<i32>,
}

fn day_of(at: Timestamp) -> i32 {
    i32::try_from(at.0.div_euclid(DAY)).unwrap_or(if at.0 < 0 { i32::MIN } else { i32::MAX })
}

fn begin_of(day: i32) -> Timestamp {
    Timestamp(i64::from(day) * DAY)
}

impl Days {
    /// Takes in the events of one record; `world` has taken them in already.
    pub fn take(&mut self, at: Timestamp, events: &[Event], world: &World) {
        self.pass(at, world);
        for event in events {
            match event {
                Event::Seen(seen) => self.seen(seen, world),
                Event::Noted { key, monitor, since, note: Note::Gone { gone } } => {
                    let found = self.strips.get_index_of(key);
                    let found = found.or_else(|| gone.then(|| self.open(key, monitor, *since)));
                    if let Some(i) = found
                        && let Some(view) = self.strips[i].views.get_mut(monitor)
                    {
                        view.1 = *gone;
                        self.change(i, NO_DAY);
                        self.stand(i, *since, world);
                    }
                }
                Event::MonitorStarted { monitor, since } => self.hear(monitor, *since),
                Event::Source(state) => {
                    self.hear(&state.source, state.since);
                    let fresh = matches!(state.health, SourceHealth::Fresh | SourceHealth::Gap);
                    if let Some(watcher) = self.head.monitors.get_mut(&state.source) {
                        watcher.fresh = fresh;
                    }
                    if world.monitors.contains_key(&state.source) {
                        self.watcher(&state.source, state.since);
                    }
                    for i in 0..self.strips.len() {
                        if self.strips[i].views.get(&state.source).is_some() {
                            self.stand(i, state.since, world);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// When each monitor was first heard, by its own clock: what it watches counts from then on.
    pub fn heard(&self) -> BTreeMap<Text, Timestamp> {
        self.head.monitors.iter().map(|(name, watcher)| (name.clone(), watcher.since)).collect()
    }

    /// Whether there is anything to be written.
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty() || !self.over.is_empty()
    }

    /// What changed since the last call.
    pub fn take_changed(&mut self, world: &World) -> Written {
        let mut written = Written { sums: std::mem::take(&mut self.sums), rows: Vec::new() };
        if !self.has_changed() {
            return written;
        }
        written.rows.push((ROWS.to_owned(), json(&self.head)));
        written.rows.extend(std::mem::take(&mut self.over).iter().map(|key| (name_of(key), None)));
        let until = self.head.until;
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        for key in changed {
            let Some(strip) = self.strips.get_mut(&key) else { continue };
            // One that was over and began anew stands there twice.
            let Some(from) = strip.changed.take() else { continue };
            strip.tell_from(from, until, &scheduled(world, &key), &mut written.sums);
            strip.forget(day_of(until).saturating_sub(OPEN_DAYS));
            written.rows.push((name_of(&key), json(strip)));
        }
        written
    }

    /// Takes in a row of the snapshot.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn load_row(&mut self, name: &str, value: &[u8]) -> Result<(), serde_json::Error> {
        if name == ROWS {
            self.head = serde_json::from_slice(value)?;
        } else {
            let mut strip: Strip = serde_json::from_slice(value)?;
            self.texts.key(&mut strip.key);
            self.strips.insert(strip.key.clone(), strip);
        }
        Ok(())
    }

    /// All rows are read.
    pub fn restore(&mut self) {
        self.texts = Texts::default();
    }

    /// Time passes. Days that end are told of to their end; what has been good for long enough needs no strip any more.
    fn pass(&mut self, at: Timestamp, world: &World) {
        let (was, is) = (day_of(self.head.until), day_of(at));
        self.head.until = self.head.until.max(at);
        if is <= was {
            return;
        }
        let (begin, closed) = (begin_of(was), begin_of(is.saturating_sub(OPEN_DAYS)));
        let mut over = Vec::new();
        for (key, strip) in &mut self.strips {
            let Some((from, standing)) = strip.changes.last() else { continue };
            if standing.is_good() && *from < closed {
                over.push(key.clone());
            } else if !standing.is_good() || *from >= begin {
                strip.change(was, &mut self.changed);
            }
        }
        over.sort_unstable();
        for key in over {
            if let Some(mut strip) = self.strips.swap_remove(&key) {
                // A day that was not told of yet will not be told of later.
                let last_day = strip.changed.unwrap_or(was).min(was);
                strip.tell_from(last_day, self.head.until, &scheduled(world, &key), &mut self.sums);
            }
            self.over.insert(key);
        }
    }

    /// A monitor has sums of its own, for all of what it watches that was good and has none.
    fn watcher(&mut self, monitor: &Text, since: Timestamp) {
        let key = monitor_key(monitor);
        if !self.strips.contains_key(&key) {
            self.open(&key, monitor, since);
        }
    }

    /// Begins a strip, and gives back its place. Nothing was said of the object so far on that day: it was good, as long as
    /// its monitor is known.
    fn open(&mut self, key: &Key, monitor: &Text, since: Timestamp) -> usize {
        let good = if key.service.is_some() { State::Ok } else { State::Up };
        let heard = self.head.monitors.get(monitor).map_or(since, |w| w.since);
        let begin = begin_of(day_of(since)).max(heard).min(since);
        let mut changes = vec![(begin, Standing::of(good))];
        // Unless the monitor could not be believed meanwhile.
        let silences = self.strips.get(&monitor_key(monitor)).map_or(&[][..], |own| &own.changes);
        for (at, standing) in silences.iter().filter(|(at, _)| *at < since) {
            let standing = if standing.is_good() { Standing::of(good) } else { *standing };
            match changes.last_mut() {
                Some(last) if *at <= last.0 => last.1 = standing,
                _ => changes.push((*at, standing)),
            }
        }
        changes.dedup_by_key(|(_, standing)| *standing);
        let mut strip = Strip {
            key: key.clone(),
            views: Few::default(),
            changes,
            added: BTreeMap::new(),
            told: Few::default(),
            changed: None,
        };
        strip.views.get_or_insert(monitor.clone(), (good, false));
        let (place, _) = self.strips.insert_full(key.clone(), strip);
        self.over.remove(key);
        self.change(place, day_of(since));
        place
    }

    /// The strip in that place is to be written, and what is told of it from that day on.
    fn change(&mut self, place: usize, from: i32) {
        self.strips[place].change(from, &mut self.changed);
    }

    fn hear(&mut self, monitor: &Text, since: Timestamp) {
        match self.head.monitors.get_mut(monitor) {
            Some(watcher) => watcher.since = since.min(watcher.since),
            None => _ = self.head.monitors.insert(monitor.clone(), Watcher { since, fresh: true }),
        }
    }

    fn seen(&mut self, seen: &Seen, world: &World) {
        self.hear(&seen.monitor, seen.heard);
        let found = self.strips.get_index_of(&seen.key);
        let place = found.unwrap_or_else(|| self.open(&seen.key, &seen.monitor, seen.since));
        let good = if seen.key.service.is_some() { State::Ok } else { State::Up };
        let views = &mut self.strips[place].views;
        let view = views.get_or_insert(seen.monitor.clone(), (good, false));
        // A soft problem is no state yet, any OK ends one (DC7).
        let said = if seen.hard || !seen.state.is_problem() { seen.state } else { view.0 };
        if *view != (said, false) {
            *view = (said, false);
            // Also while nobody believes the monitor, and how it stands is the same: a restart has to know it.
            self.change(place, NO_DAY);
        }
        self.stand(place, seen.since, world);
    }

    /// Puts the object in that place where its monitors say that it stands since then.
    fn stand(&mut self, place: usize, since: Timestamp, world: &World) {
        let strip = &mut self.strips[place];
        let fresh = |monitor: &Text| self.head.monitors.get(monitor).is_none_or(|w| w.fresh);
        let standing = strip.standing(fresh);
        let Some((last, was)) = strip.changes.last_mut() else { return };
        if *was == standing {
            return;
        }
        let since = since.max(*last);
        if since == *last {
            *was = standing;
        } else {
            strip.changes.push((since, standing));
        }
        if strip.changes.len() > CHANGES {
            strip.add_up(&scheduled(world, &strip.key));
        }
        self.change(place, day_of(since));
    }
}

impl Strip {
    /// It is to be written, and what is told of it from that day on.
    fn change(&mut self, from: i32, changed: &mut Vec<Key>) {
        match &mut self.changed {
            Some(first) => *first = from.min(*first),
            None => {
                self.changed = Some(from);
                changed.push(self.key.clone());
            }
        }
    }

    /// The worst of what its fresh monitors say.
    fn standing(&self, fresh: impl Fn(&Text) -> bool) -> Standing {
        let mut present = self.views.iter().filter(|(_, (_, gone))| !gone).peekable();
        if present.peek().is_none() {
            return Standing::Gone;
        }
        let worst = present.filter(|(m, _)| fresh(m)).map(|(_, (state, _))| *state).max_by_key(|s| s.badness());
        worst.map_or(Standing::NotMonitored, Standing::of)
    }

    /// How long it stood how on that day, until `until`.
    fn sums(&self, day: i32, until: Timestamp, windows: &[DowntimeWindow]) -> BTreeMap<Standing, Millis> {
        let mut sums = self.added.get(&day).cloned().unwrap_or_default();
        let (begin, end) = (begin_of(day), begin_of(day.saturating_add(1)).min(until));
        let ends = self.changes.iter().skip(1).map(|(at, _)| *at).chain([Timestamp(i64::MAX)]);
        for ((from, standing), to) in self.changes.iter().zip(ends) {
            count(&mut sums, *standing, (*from).max(begin), to.min(end), windows);
        }
        sums
    }

    /// Tells of the days since then, however long nothing was written.
    fn tell_from(&mut self, from: i32, until: Timestamp, windows: &[DowntimeWindow], to: &mut Vec<Sum>) {
        let today = day_of(until);
        for day in from.max(today.saturating_sub(AT_MOST))..=today {
            self.tell(day, until, windows, to);
        }
    }

    fn tell(&mut self, day: i32, until: Timestamp, windows: &[DowntimeWindow], to: &mut Vec<Sum>) {
        let mut sums = self.sums(day, until, windows);
        if self.told.get(&day).is_none_or(BTreeSet::is_empty) && sums.keys().all(|s| s.is_good()) {
            self.told.retain(|d| *d != day);
            return;
        }
        let told = self.told.get_or_default(day);
        for standing in &*told {
            sums.entry(*standing).or_insert(0);
        }
        told.extend(sums.keys());
        let object = self.key.number();
        to.extend(sums.into_iter().map(|(standing, millis)| Sum {
            day,
            object,
            standing,
            seconds: u32::try_from(millis / 1000).unwrap_or(u32::MAX),
        }));
    }

    /// Adds the older half of the changes up.
    fn add_up(&mut self, windows: &[DowntimeWindow]) {
        let half = self.changes.len() / 2;
        let Some((kept, _)) = self.changes.get(half).copied() else { return };
        let ends: Vec<Timestamp> = self.changes.iter().skip(1).map(|(at, _)| *at).collect();
        for ((from, standing), to) in self.changes.drain(..half).zip(ends) {
            let mut from = from;
            while from < to.min(kept) {
                let day = day_of(from);
                let end = begin_of(day.saturating_add(1)).min(to);
                count(self.added.entry(day).or_default(), standing, from, end, windows);
                from = end;
            }
        }
    }

    /// Drops what lies before that day: it is told of and does not change any more.
    fn forget(&mut self, day: i32) {
        let begin = begin_of(day);
        let old = self.changes.iter().skip(1).take_while(|(at, _)| *at <= begin).count();
        self.changes.drain(..old);
        self.added.retain(|d, _| *d >= day);
        self.told.retain(|d| *d >= day);
    }
}

/// Adds a stretch, what lies in scheduled outages as such.
fn count(
    sums: &mut BTreeMap<Standing, Millis>,
    standing: Standing,
    from: Timestamp,
    to: Timestamp,
    windows: &[DowntimeWindow],
) {
    if from >= to || standing == Standing::Gone {
        return;
    }
    let out = outage_within(windows, from, to);
    for (standing, millis) in [(Standing::ScheduledOutage, out), (standing, to.since(from) - out)] {
        if millis > 0 {
            *sums.entry(standing).or_default() += millis;
        }
    }
}

/// The key under which a monitor itself has its sums: `UP` while it could be believed, else `NOT-MONITORED`.
pub fn monitor_key(monitor: &Text) -> Key {
    Key { group: monitor.clone(), host: Text::from(""), service: None }
}

/// The scheduled downtimes of an object as a whole.
fn scheduled(world: &World, key: &Key) -> Vec<DowntimeWindow> {
    if !world.downtimes.windows.contains_key(key.host.to_ascii_lowercase().as_str()) {
        return Vec::new();
    }
    let service_type = if key.service.is_some() { world.about(key).service_type } else { Text::from("") };
    let mut windows = windows_of_key(world.topology.as_deref(), &world.downtimes, key, &service_type);
    windows.retain(|w| w.scheduled);
    windows
}

fn name_of(key: &Key) -> String {
    match &key.service {
        // As in the names of the other rows: a unit separator cannot be in a name of Nagios'.
        Some(s) => format!("{ROWS}/{}\u{1f}{}\u{1f}{s}", key.group, key.host),
        None => format!("{ROWS}/{}\u{1f}{}", key.group, key.host),
    }
}

fn json<T: Serialize>(value: &T) -> Option<Value> {
    // These types have string keys only once written (days and standings are written as text), so this cannot fail.
    crate::json::text(value).ok().map(|text| Value::of_json(text.into_bytes()))
}
