//! The stream of changes of a board that is open in a browser (`/events`), as server-sent events.
//!
//! What a page showed is kept for a while ([`Snapshot`]); its stream says how what is now differs from that, and goes on
//! from there. Nothing is queued: a reader who is slow is told the difference to the present when there is room again, so
//! none can be too far behind, and nothing is worked out for a reader who does not read. What readers of the same query
//! have in common is worked out once ([`Now`]). Everything comes from a view, so from what is committed (law 11).

use super::WebState;
use super::pages::board::row::{Age, Row, aging, row};
use super::pages::board::{Block, Line, MOST, PAGE, Title, blocks, title};
use super::pages::frame::{Frame, Fresh};
use super::problem::Problem;
use super::visit::{Visit, Visits};
use crate::view::View;
use crate::web::list::filter::Filter;
use crate::web::list::prepared::Prepared;
use crate::web::list::select::{Selection, Test, select};
use alarm_core::alarm::AlarmId;
use alarm_core::queue::Queue;
use alarm_core::time::{MINUTE, Timestamp};
use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

/// Streams at the same time; half of the connections, so that there is always room for pages.
const STREAMS: usize = 256;
/// Pages that are remembered for their streams, and lines on them in all.
const PAGES: usize = 1024;
const LINES: usize = 200_000;
/// Changes are sent at most so often.
const AT_MOST: Duration = Duration::from_millis(200);
/// Ages go on so often.
const AGES: Duration = Duration::from_secs(60);
/// The freshness of the sources is said so often, and with it that the stream is alive.
const BEAT: Duration = Duration::from_secs(15);
/// Alarms that one page can have come to know; then it is loaded anew.
const KNOWN: usize = 3_000;

/// What the streams have in common.
pub(super) struct Hub {
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
    pub(super) fn show(&self, snapshot: Snapshot) -> String {
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

    fn shown(&self, name: &str) -> Option<Arc<Snapshot>> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.iter().find(|(n, _)| n == name).map(|(_, s)| Arc::clone(s))
    }

    /// Takes all the room there is.
    #[cfg(test)]
    pub(super) fn fill(&self) -> Vec<OwnedSemaphorePermit> {
        std::iter::from_fn(|| Arc::clone(&self.room).try_acquire_owned().ok()).collect()
    }

    /// Ends every stream, now and from now on.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// What a query shows now, worked out once for all who ask it.
    fn now(&self, key: &str, from: Arc<Prepared>, filter: &Filter, at: Timestamp) -> Arc<Now> {
        let mut kept = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = at.0.div_euclid(MINUTE);
        let same = |n: &Now| Arc::ptr_eq(&n.from.view, &from.view) && n.minute == minute;
        if let Some(now) = kept.get(key).filter(|n| same(n)) {
            return Arc::clone(now);
        }
        let new = Arc::new(Now::of(from, filter, at));
        kept.retain(|_, n| Arc::ptr_eq(&n.from.view, &new.from.view));
        kept.insert(key.to_owned(), Arc::clone(&new));
        new
    }
}

/// A line as somebody has it on the screen.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Known {
    digest: u64,
    age: Age,
}

/// What a page shows.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// As of which record, and when it was loaded.
    at: Visit,
    rows: Vec<(AlarmId, Known)>,
    counts: Counts,
}

impl Snapshot {
    /// Of the lines of a page.
    pub(super) fn of(blocks: &[Block], s: &Selection<'_>, at: Visit) -> Snapshot {
        let rows = blocks.iter().flat_map(|b| &b.rows);
        let known = |r: &Row| (r.id.as_str().into(), Known { digest: r.digest, age: r.time.clone() });
        Snapshot { at, rows: rows.map(known).collect(), counts: Counts::of(s) }
    }
}

/// The counters.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Counts {
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

/// What a query shows at a moment.
struct Now {
    from: Arc<Prepared>,
    minute: i64,
    rows: Vec<NowRow>,
    counts: Counts,
}

struct NowRow {
    row: Row,
    heading: Option<Title>,
    /// The line before it under the same heading; empty: it is the first.
    after: String,
    html: OnceLock<String>,
}

impl Now {
    fn of(from: Arc<Prepared>, filter: &Filter, at: Timestamp) -> Now {
        let s = select(&from, filter, at, PAGE);
        let mut rows = Vec::with_capacity(s.rows.len());
        for block in blocks(&from.view, &s, at, filter) {
            let mut after = String::new();
            for row in block.rows {
                let before = std::mem::replace(&mut after, row.id.clone());
                rows.push(NowRow { row, heading: block.heading.clone(), after: before, html: OnceLock::new() });
            }
        }
        let counts = Counts::of(&s);
        drop(s);
        Now { minute: at.0.div_euclid(MINUTE), from, rows, counts }
    }
}

/// One message: how what is differs from what is on the screen.
#[derive(Default, Serialize)]
struct Change<'n> {
    /// Lines that look otherwise: id and line.
    rows: Vec<(&'n str, &'n str)>,
    /// Lines that are new.
    new: Vec<Arrived<'n>>,
    /// Alarms that left the board, or what was asked for.
    gone: Vec<String>,
    /// Ages that went on: id, words, hours, words and class of the band.
    ages: Vec<(&'n str, &'n str, i64, &'n str, &'n str)>,
    /// How many came since the page was loaded that fit its query and stand on another page of it, when that is another number.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
}

#[derive(Serialize)]
struct Arrived<'n> {
    id: &'n str,
    html: &'n str,
    after: &'n str,
    group: &'n str,
    words: &'n str,
}

/// One reader.
struct Reader {
    state: WebState,
    view: watch::Receiver<Arc<View>>,
    ended: watch::Receiver<bool>,
    filter: Filter,
    key: String,
    known: HashMap<AlarmId, Known>,
    loaded: Visit,
    more: usize,
    counts: Counts,
    fresh: String,
    /// Something may have changed.
    stale: bool,
    told: Instant,
    beat: Instant,
    ages: Instant,
    over: bool,
    _room: OwnedSemaphorePermit,
}

impl Reader {
    /// The next message; `None`: the daemon stops, or the reader was told to load the page anew.
    async fn next(mut self) -> Option<(Bytes, Reader)> {
        loop {
            if self.over || *self.ended.borrow() {
                return None;
            }
            let due = if self.stale { self.told + AT_MOST } else { self.beat.min(self.ages) };
            tokio::select! {
                biased;
                _ = self.ended.wait_for(|e| *e) => return None,
                changed = self.view.changed(), if !self.stale => {
                    if changed.is_err() {
                        return None;
                    }
                    self.stale = true;
                    continue;
                }
                () = tokio::time::sleep_until(due) => {}
            }
            let now = Instant::now();
            if self.ages <= now {
                self.ages = now + AGES;
                self.stale = true;
            }
            let mut message = String::new();
            if self.stale {
                self.stale = false;
                self.told = now;
                self.change(&mut message);
            }
            let fresh = self.beat <= now;
            self.freshness(fresh, &mut message);
            if fresh {
                self.beat = now + BEAT;
            }
            if !message.is_empty() {
                return Some((message.into(), self));
            }
        }
    }

    /// What changed, as a message; nothing when nothing did.
    fn change(&mut self, out: &mut String) {
        let view = self.view.borrow_and_update().clone();
        let at = self.state.now();
        let from = self.state.cache.prepared(view, at);
        let now = self.state.cache.hub.now(&self.key, from, &self.filter, at);
        let view: &View = &now.from.view;
        let mut change = Change::default();
        for r in &now.rows {
            let id = r.row.id.as_str();
            let html = || r.html.get_or_init(|| html(&r.row, &self.filter)).as_str();
            match self.known.get_mut(id) {
                Some(known) => {
                    if known.digest != r.row.digest {
                        change.rows.push((id, html()));
                    } else if known.age != r.row.time {
                        change.ages.push(age_of(id, &r.row.time));
                    }
                    if known.digest != r.row.digest || known.age != r.row.time {
                        *known = Known { digest: r.row.digest, age: r.row.time.clone() };
                    }
                }
                None => {
                    self.known.insert(id.into(), Known { digest: r.row.digest, age: r.row.time.clone() });
                    let (group, words) = r.heading.as_ref().map_or(("", ""), |h| (&h.key, &h.words));
                    change.new.push(Arrived { id, html: html(), after: &r.after, group, words });
                }
            }
        }
        // What is on the screen and no longer on the page of the query stays where it is, and is told of all the same.
        let elsewhere = self.elsewhere(&now, view, at, &mut change.gone);
        for (id, row, html) in &elsewhere {
            match html {
                Some(html) => change.rows.push((id, html)),
                None => change.ages.push(age_of(id, &row.time)),
            }
        }
        for (id, row, _) in &elsewhere {
            self.known.insert(id.clone(), Known { digest: row.digest, age: row.time.clone() });
        }
        for id in &change.gone {
            self.known.remove(id.as_str());
        }
        if self.known.len() > KNOWN {
            self.over = true;
            out.push_str("event: reload\ndata: more changed than a page can follow\n\n");
            return;
        }
        let more = self.on_other_pages(&now, at);
        if self.more != more {
            self.more = more;
            change.more = Some(more);
        }
        if self.counts != now.counts {
            self.counts = now.counts.clone();
            change.counts = Some(now.counts.clone());
        }
        let Change { rows, new, gone, ages, more, counts } = &change;
        let same = more.is_none() && counts.is_none();
        if rows.is_empty() && new.is_empty() && gone.is_empty() && ages.is_empty() && same {
            return;
        }
        // Strings and numbers only: this cannot fail. JSON has no line breaks of its own.
        let data = serde_json::to_string(&change).unwrap_or_default();
        *out += &format!("id: {}\nevent: change\ndata: {data}\n\n", view.seq);
    }

    /// Known alarms that are not on the query's page: those that are no longer asked for go to `gone`, of the others come
    /// those that look otherwise or older, with the line where it looks otherwise.
    fn elsewhere(
        &self,
        now: &Now,
        view: &View,
        at: Timestamp,
        gone: &mut Vec<String>,
    ) -> Vec<(AlarmId, Row, Option<String>)> {
        let mut others = Vec::new();
        if self.known.len() == now.rows.len() {
            return others;
        }
        let mut missing: HashMap<&str, &Known> = self.known.iter().map(|(id, known)| (&**id, known)).collect();
        for r in &now.rows {
            missing.remove(r.row.id.as_str());
        }
        let test = Test::new(&now.from, &self.filter);
        let mut s = None;
        for a in now.from.aged(at, self.filter.visit) {
            let Some(known) = missing.get(&*a.alarm.id).copied() else { continue };
            if !test.lists(view, &a, at) {
                continue;
            }
            let id = &a.alarm.id;
            missing.remove(&**id);
            let followers = s.get_or_insert_with(|| select(&now.from, &self.filter, at, PAGE).followers).get(&**id);
            let row = row(view, &a, followers.map_or(&[], Vec::as_slice), at, &self.filter);
            if row.digest != known.digest {
                let html = html(&row, &self.filter);
                others.push((id.clone(), row, Some(html)));
            } else if aging(&a) != known.age {
                others.push((id.clone(), row, None));
            }
        }
        gone.extend(missing.keys().map(ToString::to_string));
        gone.sort_unstable();
        others
    }

    /// How many alarms came since the page was loaded that are asked for and stand on another page of the list.
    fn on_other_pages(&self, now: &Now, at: Timestamp) -> usize {
        let test = Test::new(&now.from, &self.filter);
        let arrived = now.from.arrived(self.loaded, at, self.filter.visit);
        arrived.filter(|a| !self.known.contains_key(&a.alarm.id) && test.lists(&now.from.view, a, at)).count()
    }

    /// How fresh the sources are, when it is time to say so or when one of them changed.
    fn freshness(&mut self, due: bool, out: &mut String) {
        let (view, at) = (self.view.borrow().clone(), self.state.now());
        let health: String = Frame::health(&self.state, &view);
        if !due && health == self.fresh {
            return;
        }
        self.fresh = health;
        let frame = Frame::new(&self.state, &view, at, "alarms", String::new());
        let fresh = Fresh { frame: &frame }.render().unwrap_or_default();
        let data = serde_json::to_string(&fresh).unwrap_or_default();
        *out += &format!("event: beat\ndata: {data}\n\n");
    }
}

fn age_of<'n>(id: &'n str, age: &'n Age) -> (&'n str, &'n str, i64, &'n str, &'n str) {
    (id, &age.words, age.hours, age.band, age.class)
}

fn html(row: &Row, filter: &Filter) -> String {
    // A template of strings and numbers, written into memory.
    Line { r: row, cols: filter.columns }.render().unwrap_or_default()
}

/// The messages, one after another.
struct Messages(Pin<Box<Next>>);

/// What [`Reader::next`] is while it is waited for.
type Next = dyn Future<Output = Option<(Bytes, Reader)>> + Send;

impl Stream for Messages {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some((bytes, reader))) => {
                self.0 = Box::pin(reader.next());
                Poll::Ready(Some(Ok(bytes)))
            }
        }
    }
}

/// `GET /events`: the query of a board, and as `live` the name of the page that shows it.
pub(super) async fn events(
    State(state): State<WebState>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let Ok(room) = Arc::clone(&state.cache.hub.room).try_acquire_owned() else {
        let detail = format!("{STREAMS} pages are followed already; close some, or load the page by hand");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many streams", detail)
            .retry_after(30)
            .into_response();
    };
    let (mut filter, _) = Filter::parse(&pairs);
    filter.limit = Some(filter.limit.unwrap_or(PAGE).min(MOST));
    let view = state.view.clone();
    let seq = view.borrow().seq;
    // The mark of what is new stays as the page has it: but for that, readers of one query see the same.
    if !filter.news.is_empty() {
        filter.visit = Visits::of(&headers, seq, state.now()).before;
    }
    let name = pairs.iter().find(|(n, _)| n == "live").map_or("", |(_, v)| v);
    let kind =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::HeaderName::from_static("x-accel-buffering"), "no")];
    let Some(snapshot) = state.cache.hub.shown(name) else {
        // After a restart, or long ago.
        return (kind, "event: reload\ndata: the page is older than what is kept of it\n\n").into_response();
    };
    let mut key: Vec<String> = pairs.iter().filter(|(n, _)| n != "live").map(|(n, v)| format!("{n}={v}")).collect();
    key.push(format!("{:?}", filter.visit));
    let now = Instant::now();
    let fresh = Frame::health(&state, &view.borrow());
    let reader = Reader {
        ended: state.cache.hub.ended.subscribe(),
        key: key.join("\u{1f}"),
        known: snapshot.rows.iter().cloned().collect(),
        loaded: snapshot.at,
        more: 0,
        counts: snapshot.counts.clone(),
        fresh,
        stale: true,
        told: now.checked_sub(AT_MOST).unwrap_or(now),
        beat: now,
        ages: now + AGES,
        over: false,
        _room: room,
        view,
        filter,
        state,
    };
    (kind, Body::from_stream(Messages(Box::pin(reader.next())))).into_response()
}
