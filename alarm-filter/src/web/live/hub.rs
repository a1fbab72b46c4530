//! What the streams have in common: the pages that were shown, and what each query shows now.

use crate::view::View;
use crate::web::WebState;
use crate::web::list::filter::Filter;
use crate::web::list::prepared::Prepared;
use crate::web::list::select::{Selection, Test, select};
use crate::web::pages::board::row::{Age, Row, row};
use crate::web::pages::board::{Block, Line as Markup, PAGE, Title, blocks, title};
use crate::web::visit::Visit;
use alarm_core::alarm::{Alarm, AlarmId};
use alarm_core::queue::Queue;
use alarm_core::time::{MINUTE, Timestamp};
use askama::Template;
use rustc_hash::FxBuildHasher;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

/// Streams at the same time; half of the connections, so that there is always room for pages.
pub(super) const STREAMS: usize = 256;
/// Pages that are remembered for their streams, and lines on them in all.
const PAGES: usize = 1024;
const LINES: usize = 200_000;
/// What a query shows is worked out at most so often, however many views there are; the first time after that at once.
const SHARED: Duration = Duration::from_millis(150);

/// What the streams have in common.
pub(in crate::web) struct Hub {
    pages: Mutex<VecDeque<(String, Arc<Snapshot>)>>,
    now: Mutex<BTreeMap<String, Arc<Now>>>,
    room: Arc<Semaphore>,
    ended: watch::Sender<bool>,
    seed: RandomState,
    count: AtomicU64,
}

impl Default for Hub {
    fn default() -> Self {
        Hub {
            pages: Mutex::default(),
            now: Mutex::default(),
            room: Arc::new(Semaphore::new(STREAMS)),
            ended: watch::Sender::new(false),
            seed: RandomState::new(),
            count: AtomicU64::new(0),
        }
    }
}

impl Hub {
    /// Remembers what a page shows; gives back its name, which no page had before, in no run of the daemon.
    pub(in crate::web) fn show(&self, snapshot: Snapshot) -> String {
        let mut hasher = self.seed.build_hasher();
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        hasher.write_u64(n);
        let name = format!("{:016x}{n:x}", hasher.finish());
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = snapshot.rows.len() + pages.iter().map(|(_, s)| s.rows.len()).sum::<usize>();
        while pages.len() >= PAGES || lines > LINES {
            let Some((_, oldest)) = pages.pop_front() else { break };
            lines -= oldest.rows.len();
        }
        pages.push_back((name.clone(), Arc::new(snapshot)));
        name
    }

    pub(super) fn shown(&self, name: &str) -> Option<Arc<Snapshot>> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.iter().find(|(n, _)| n == name).map(|(_, s)| Arc::clone(s))
    }

    /// Takes all the room there is.
    #[cfg(test)]
    pub(in crate::web) fn fill(&self) -> Vec<OwnedSemaphorePermit> {
        std::iter::from_fn(|| Arc::clone(&self.room).try_acquire_owned().ok()).collect()
    }

    /// Ends every stream, now and from now on.
    pub(in crate::web) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Room for one more stream; `None`: there are too many.
    pub(super) fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }

    /// Says when every stream ends.
    pub(super) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    /// What a query shows, worked out once for all who ask it. It may be older than the newest view by [`SHARED`], and
    /// never older than the record that the reader has seen already.
    pub(super) fn now(&self, key: &str, state: &WebState, newest: &Arc<View>, filter: &Filter, seen: u64) -> Arc<Now> {
        let (at, made) = (state.now(), Instant::now());
        let minute = at.0.div_euclid(MINUTE);
        let mut kept = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |n: &Now| Arc::ptr_eq(&n.from.view, newest) || n.made + SHARED > made;
        if let Some(now) = kept.get(key).filter(|n| holds(n) && n.minute == minute && n.from.view.seq >= seen) {
            return Arc::clone(now);
        }
        let from = state.cache.prepared(Arc::clone(newest), at);
        let new = Arc::new(Now::of(from, filter, at, made));
        kept.retain(|_, n| holds(n));
        kept.insert(key.to_owned(), Arc::clone(&new));
        new
    }
}

/// A line as somebody has it on the screen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Known {
    pub(super) digest: u64,
    pub(super) age: Age,
}

impl Known {
    /// What somebody has on the screen who was told of this line.
    pub(super) fn of(row: &Row) -> Known {
        Known { digest: row.digest, age: row.time.clone() }
    }
}

/// What a page shows.
#[derive(Debug)]
pub(in crate::web) struct Snapshot {
    /// As of which record, and when it was loaded.
    pub(super) at: Visit,
    pub(super) rows: Vec<(AlarmId, Known)>,
    pub(super) counts: Counts,
}

impl Snapshot {
    /// Of the lines of a page.
    pub(in crate::web) fn of(blocks: &[Block], s: &Selection<'_>, at: Visit) -> Snapshot {
        let rows = blocks.iter().flat_map(|b| &b.rows);
        let known = |r: &Row| (r.id.as_str().into(), Known::of(r));
        Snapshot { at, rows: rows.map(known).collect(), counts: Counts::of(s) }
    }
}

/// The counters.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Counts {
    queues: BTreeMap<&'static str, usize>,
    title: String,
}

impl Counts {
    fn of(s: &Selection<'_>) -> Counts {
        let queues = Queue::ON_BOARD.into_iter().map(Queue::word).zip(s.queues);
        let all = ("all", s.queues.iter().sum());
        Counts { queues: queues.chain([all]).collect(), title: title(s.overdue) }
    }
}

/// By an alarm's id, which is of our own making.
pub(super) type ById<V> = HashMap<AlarmId, V, FxBuildHasher>;

/// What a query shows at a moment.
pub(super) struct Now {
    pub(super) from: Arc<Prepared>,
    at: Timestamp,
    minute: i64,
    made: Instant,
    /// The lines of its page, in their order.
    pub(super) rows: Vec<Line>,
    ids: HashSet<String, FxBuildHasher>,
    pub(super) counts: Counts,
    /// Masked alarms by the id of their leader.
    followers: HashMap<String, Vec<Arc<Alarm>>>,
    /// What became of alarms that are on somebody's screen and not on the page: `None`, they are no longer asked for.
    others: Mutex<ById<Option<Arc<Line>>>>,
}

/// A line, with what stands around it on the page.
pub(super) struct Line {
    pub(super) row: Row,
    pub(super) heading: Option<Title>,
    /// The line before it under the same heading; empty: it is the first.
    pub(super) after: String,
    html: OnceLock<Html>,
}

/// A line as a string of JSON, ready for every message that has it. Never `None`: a string of text is always JSON.
pub(super) type Html = Option<Box<RawValue>>;

impl Line {
    fn of(row: Row, heading: Option<Title>, after: String) -> Line {
        Line { row, heading, after, html: OnceLock::new() }
    }

    /// As the page has it.
    pub(super) fn html(&self, filter: &Filter) -> &Html {
        self.html.get_or_init(|| {
            // A template of strings and numbers, written into memory.
            let html = Markup { r: &self.row, cols: filter.columns }.render().unwrap_or_default();
            to_raw_value(&html).ok()
        })
    }
}

impl Now {
    fn of(from: Arc<Prepared>, filter: &Filter, at: Timestamp, made: Instant) -> Now {
        let s = select(&from, filter, at, PAGE);
        let mut rows = Vec::with_capacity(s.rows.len());
        for block in blocks(&from.view, &s, at, filter) {
            let mut after = String::new();
            for row in block.rows {
                let before = std::mem::replace(&mut after, row.id.clone());
                rows.push(Line::of(row, block.heading.clone(), before));
            }
        }
        let counts = Counts::of(&s);
        let own = |all: Vec<&Arc<Alarm>>| all.into_iter().cloned().collect();
        let followers = s.followers.into_iter().map(|(leader, all)| (leader.to_owned(), own(all))).collect();
        let minute = at.0.div_euclid(MINUTE);
        let ids = rows.iter().map(|line| line.row.id.clone()).collect();
        Now { from, at, minute, made, rows, ids, counts, followers, others: Mutex::default() }
    }

    /// Whether the alarm stands on the page.
    pub(super) fn has(&self, id: &AlarmId) -> bool {
        self.ids.contains(&**id)
    }

    /// The line of an alarm that is not on the page; `None`: it left the board, or is no longer asked for.
    pub(super) fn elsewhere(&self, id: &AlarmId, filter: &Filter) -> Option<Arc<Line>> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = others.get(id) {
            return known.clone();
        }
        let view: &View = &self.from.view;
        let listed = self.from.one(id, self.at, filter.visit);
        let listed = listed.filter(|a| Test::new(&self.from, filter).lists(view, a, self.at));
        let line = listed.map(|a| {
            let followers: Vec<_> = self.followers.get(&**id).into_iter().flatten().collect();
            Arc::new(Line::of(row(view, &a, &followers, self.at, filter), None, String::new()))
        });
        others.insert(id.clone(), line.clone());
        line
    }

    /// How many alarms came since a page was loaded that are asked for and not among those the reader knows.
    pub(super) fn arrived(&self, since: Visit, filter: &Filter, knows: impl Fn(&AlarmId) -> bool) -> usize {
        let test = Test::new(&self.from, filter);
        let arrived = self.from.arrived(since, self.at, filter.visit);
        arrived.filter(|a| !knows(&a.alarm.id) && test.lists(&self.from.view, a, self.at)).count()
    }
}
