//! One reader of a stream: what is on that screen, and how what is now differs from it.

use super::hub::{ById, Counts, Html, Known, Line, Now, Snapshot};
use crate::view::View;
use crate::web::WebState;
use crate::web::list::filter::Filter;
use crate::web::pages::board::row::Age;
use crate::web::pages::frame::{Frame, Fresh};
use crate::web::visit::Visit;
use alarm_core::alarm::AlarmId;
use askama::Template;
use axum::body::Bytes;
use futures_core::Stream;
use serde::Serialize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

/// Changes are sent at most so often.
const AT_MOST: Duration = Duration::from_millis(200);
/// Ages go on so often.
const AGES: Duration = Duration::from_secs(60);
/// The freshness of the sources is said so often, and with it that the stream is alive.
const BEAT: Duration = Duration::from_secs(15);
/// Alarms that one page can have come to know; then it is loaded anew.
const KNOWN: usize = 3_000;

/// One message: how what is differs from what is on the screen.
#[derive(Default, Serialize)]
struct Change<'n> {
    /// Lines that look otherwise: id and line.
    rows: Vec<(&'n str, &'n Html)>,
    /// Lines that are new.
    new: Vec<Arrived<'n>>,
    /// Alarms that left the board, or what was asked for.
    gone: Vec<AlarmId>,
    /// Ages that went on: id, words, hours, words and class of the band.
    ages: Vec<(&'n str, &'n str, i64, &'n str, &'n str)>,
    /// How many came since the page was loaded that fit its query and stand on another page of it, when that is another number.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<&'n Counts>,
}

#[derive(Serialize)]
struct Arrived<'n> {
    id: &'n str,
    html: &'n Html,
    after: &'n str,
    group: &'n str,
    words: &'n str,
}

impl<'n> Change<'n> {
    /// A line that somebody has on the screen, if it looks otherwise by now, or its age went on.
    fn tell(&mut self, known: &mut Known, line: &'n Line, filter: &Filter) {
        let (id, row) = (line.row.id.as_str(), &line.row);
        if known.digest != row.digest {
            self.rows.push((id, line.html(filter)));
            *known = Known::of(row);
        } else if known.age != row.time {
            let Age { words, hours, band, class } = &row.time;
            self.ages.push((id, words, *hours, band, class));
            known.age = row.time.clone();
        }
    }

    fn says_nothing(&self) -> bool {
        let Change { rows, new, gone, ages, more, counts } = self;
        let same = more.is_none() && counts.is_none();
        rows.is_empty() && new.is_empty() && gone.is_empty() && ages.is_empty() && same
    }
}

/// One reader.
pub(super) struct Reader {
    state: WebState,
    view: watch::Receiver<Arc<View>>,
    ended: watch::Receiver<bool>,
    filter: Filter,
    /// What readers of the same query have in common.
    key: String,
    known: ById<Known>,
    loaded: Visit,
    /// The newest record that the reader was told of.
    seen: u64,
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
    /// Of a page that was shown.
    pub(super) fn new(
        state: WebState,
        view: watch::Receiver<Arc<View>>,
        filter: Filter,
        key: String,
        page: &Snapshot,
        room: OwnedSemaphorePermit,
    ) -> Reader {
        let now = Instant::now();
        let fresh = Frame::health(&state, &view.borrow());
        Reader {
            ended: state.cache.hub.ended(),
            key,
            known: page.rows.iter().cloned().collect(),
            loaded: page.at,
            seen: page.at.seq,
            more: 0,
            counts: page.counts.clone(),
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
        }
    }

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
        let newest = self.view.borrow_and_update().clone();
        let now = self.state.cache.hub.now(&self.key, &self.state, &newest, &self.filter, self.seen);
        // Others asked a moment before, and what they were told is told here; the rest comes with the next message.
        self.stale = !Arc::ptr_eq(&now.from.view, &newest);
        self.seen = now.from.view.seq;
        let elsewhere = self.elsewhere(&now);
        let mut change = Change::default();
        for line in &now.rows {
            let id = line.row.id.as_str();
            if let Some(known) = self.known.get_mut(id) {
                change.tell(known, line, &self.filter);
                continue;
            }
            self.known.insert(id.into(), Known::of(&line.row));
            let (group, words) = line.heading.as_ref().map_or(("", ""), |h| (&h.key, &h.words));
            change.new.push(Arrived { id, html: line.html(&self.filter), after: &line.after, group, words });
        }
        for (id, line) in &elsewhere {
            match (line, self.known.get_mut(id)) {
                (Some(line), Some(known)) => change.tell(known, line, &self.filter),
                _ => {
                    self.known.remove(id);
                    change.gone.push(id.clone());
                }
            }
        }
        change.gone.sort_unstable();
        if self.known.len() > KNOWN {
            self.over = true;
            out.push_str("event: reload\ndata: more changed than a page can follow\n\n");
            return;
        }
        let more = now.arrived(self.loaded, &self.filter, |id| self.known.contains_key(id));
        if self.more != more {
            self.more = more;
            change.more = Some(more);
        }
        if self.counts != now.counts {
            self.counts = now.counts.clone();
            change.counts = Some(&now.counts);
        }
        if change.says_nothing() {
            return;
        }
        // Strings and numbers only: this cannot fail. JSON has no line breaks of its own.
        let data = serde_json::to_string(&change).unwrap_or_default();
        *out += &format!("id: {}\nevent: change\ndata: {data}\n\n", self.seen);
    }

    /// What became of what is on the screen and no longer on the page of the query: it stays where it is, and is told of
    /// all the same.
    fn elsewhere(&self, now: &Now) -> Vec<(AlarmId, Option<Arc<Line>>)> {
        let others = self.known.keys().filter(|id| !now.has(id));
        others.map(|id| (id.clone(), now.elsewhere(id, &self.filter))).collect()
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

/// The messages, one after another.
pub(super) struct Messages(Pin<Box<Next>>);

/// What [`Reader::next`] is while it is waited for.
type Next = dyn Future<Output = Option<(Bytes, Reader)>> + Send;

impl Messages {
    /// To this reader.
    pub(super) fn of(reader: Reader) -> Messages {
        Messages(Box::pin(reader.next()))
    }
}

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
