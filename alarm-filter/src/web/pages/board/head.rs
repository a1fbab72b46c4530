//! What stands above the lines: counters, what is new, causes, the filter, the heads of the columns.

use super::super::super::visible::{clipped, visible};
use super::super::super::words::{moment, object, short};
use super::address::{Pairs, address, query};
use super::row::LASTING;
use crate::view::View;
use crate::web::list::columns::{COLUMNS, Column};
use crate::web::list::filter::{Filter, NEWS, Sort};
use crate::web::list::prepared::{Prepared, Suggestions};
use crate::web::list::queues::class;
use crate::web::list::select::Selection;
use alarm_core::command::CauseKind;
use alarm_core::flag::Flag;
use alarm_core::input::Text;
use alarm_core::queue::Queue;
use alarm_core::time::Timestamp;
use alarm_core::world::Closed;
use std::cmp::Reverse;
use std::sync::Arc;

/// A figure that is a link to what it counts.
pub(super) struct Count {
    pub(super) name: &'static str,
    pub(super) number: usize,
    pub(super) words: &'static str,
    pub(super) title: &'static str,
    pub(super) class: &'static str,
    pub(super) link: String,
    /// It is what is shown.
    pub(super) current: bool,
}

/// What happened since the last visit.
pub(super) struct Visit {
    pub(super) when: String,
    /// How many, what, and a link to them.
    pub(super) parts: Vec<(usize, &'static str, String)>,
    pub(super) gone: Vec<Gone>,
    pub(super) gone_count: usize,
    /// A link to all that are there; empty: none are.
    pub(super) all: String,
}

/// An alarm that left the board.
pub(super) struct Gone {
    pub(super) id: String,
    pub(super) what: String,
    pub(super) how: String,
}

/// Several sites with the same metric at the same time (AL18).
pub(super) struct Proposal {
    pub(super) metric: String,
    pub(super) alarms: usize,
    pub(super) sites: String,
    pub(super) since: String,
    /// Exactly its alarms.
    pub(super) query: String,
}

/// A common cause that is open.
pub(super) struct Cause {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) alarms: usize,
    pub(super) sites: String,
    pub(super) who: String,
    pub(super) since: String,
    pub(super) link: String,
}

/// A column's head, which sorts.
pub(super) struct Head {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    pub(super) link: Option<String>,
    /// `ascending`, `descending`, or empty.
    pub(super) sorted: &'static str,
}

/// What the filter's form shows.
pub(super) struct Form {
    values: Vec<(String, String)>,
    pub(super) known: Arc<Suggestions>,
    pub(super) flags: [Flag; 13],
    pub(super) columns: Vec<(&'static Column, bool)>,
    pub(super) sorts: [(&'static str, &'static str); 10],
    /// What it has no field for, and keeps.
    pub(super) kept: Vec<(String, String)>,
}

/// Alarms that left the board and are named; of more, their number.
const GONE: usize = 20;

/// The orders, as the form names them.
const SORTS: [(&str, &str); 10] = [
    ("", "what needs work"),
    ("age", "age"),
    ("since", "last change"),
    ("state", "state"),
    ("site", "site"),
    ("ngi", "NGI"),
    ("service_type", "service type"),
    ("metric", "metric"),
    ("host", "host"),
    ("episodes", "times failed"),
];

impl Form {
    pub(super) fn new(values: Vec<(String, String)>, known: Arc<Suggestions>, filter: &Filter) -> Self {
        const KEPT: [&str; 6] = ["queue", "band", "news", "proposal", "cause", "limit"];
        let is_kept = |(n, _): &&(String, String)| KEPT.contains(&n.as_str());
        let chosen = values.iter().any(|(n, _)| n == "columns");
        let on = |c: &Column| chosen && filter.columns.has(c.name);
        Form {
            kept: values.iter().filter(is_kept).cloned().collect(),
            columns: COLUMNS.iter().filter(|c| c.name != "metric").map(|c| (c, on(c))).collect(),
            values,
            known,
            flags: LASTING,
            sorts: SORTS,
        }
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.value(name).eq_ignore_ascii_case(value)
    }

    /// Something is asked for that stands under "more".
    pub(super) fn more(&self) -> bool {
        ["ngi", "service_type", "metric", "host", "flag", "masked"].iter().any(|n| !self.value(n).is_empty())
    }
}

/// The counters: they add up to the first one.
pub(super) fn counts(s: &Selection<'_>, filter: &Filter, values: &Pairs) -> Vec<Count> {
    let all = Count {
        name: "all",
        number: s.queues.iter().sum(),
        words: "all",
        title: "All queues",
        class: "all",
        link: address(values, "queue", ""),
        current: filter.any_queue(),
    };
    let queues = Queue::ON_BOARD.into_iter().zip(s.queues).map(|(queue, number)| {
        let current = !filter.any_queue() && filter.takes(queue);
        Count {
            name: queue.word(),
            number,
            words: queue.title(),
            title: queue.sentence(),
            class: class(queue),
            link: address(values, "queue", queue.word()),
            current,
        }
    });
    std::iter::once(all).chain(queues).collect()
}

/// What happened since the reader's last visit; `None`: there was none.
pub(super) fn visit(view: &View, s: &Selection<'_>, filter: &Filter, now: Timestamp) -> Option<Visit> {
    let last = filter.visit?;
    let words = ["new", "failing again", "changed"];
    let parts: Vec<_> = NEWS
        .iter()
        .zip(words)
        .filter(|((_, news), _)| s.news[*news as usize] > 0)
        .map(|((name, news), words)| (s.news[*news as usize], words, address(&[], "news", name)))
        .collect();
    let all = if parts.len() > 1 { address(&[], "news", "all") } else { String::new() };
    let mut left: Vec<&Closed> = view.closed().filter(|c| c.seq > last.seq).collect();
    left.sort_by_key(|c| Reverse(c.seq));
    let gone = left.iter().take(GONE).map(|c| gone(c, now)).collect();
    Some(Visit { when: short(last.at, now), parts, gone, gone_count: left.len(), all })
}

fn gone(closed: &Closed, now: Timestamp) -> Gone {
    let alarm = &closed.alarm;
    let how = match &closed.off {
        Some(off) => format!("switched off by {}, {}", visible(&off.who), short(closed.at, now)),
        None => format!("no longer counts, {}", short(closed.at, now)),
    };
    Gone { id: alarm.id.to_string(), what: clipped(&object(alarm), 100).into_owned(), how }
}

pub(super) fn proposals(from: &Prepared) -> Vec<Proposal> {
    let shown = from.proposals().iter().map(|p| Proposal {
        metric: visible(&p.metric).into_owned(),
        alarms: p.alarms.len(),
        sites: sites(&p.sites),
        since: moment(p.since),
        query: query(&[], &[], &[("proposal", &p.metric), ("masked", "show")]),
    });
    shown.collect()
}

pub(super) fn causes(from: &Prepared) -> Vec<Cause> {
    let shown = from.causes().iter().map(|c| Cause {
        id: c.id.to_string(),
        kind: match c.cause.kind {
            CauseKind::CoreService => "Core service",
            CauseKind::MonitoringFault => "Monitoring fault",
            CauseKind::Network => "Network",
        },
        text: clipped(&c.cause.text, 160).into_owned(),
        alarms: c.alarms,
        sites: sites(&c.sites),
        who: visible(&c.cause.who).into_owned(),
        since: moment(c.cause.since),
        link: address(&[], "cause", &c.id),
    });
    shown.collect()
}

fn sites(names: &[Text]) -> String {
    const NAMED: usize = 8;
    let mut words: Vec<_> = names.iter().take(NAMED).map(|s| visible(s).into_owned()).collect();
    if names.len() > NAMED {
        words.push(format!("{} more", names.len() - NAMED));
    }
    words.join(", ")
}

pub(super) fn columns(filter: &Filter, values: &Pairs) -> Vec<Head> {
    let head = |c: &'static Column| {
        let is = filter.sort != Sort::Work && c.sort.is_some_and(|(_, s)| s == filter.sort);
        let link = c.sort.map(|(word, _)| {
            let back = is && !filter.reversed;
            address(values, "sort", &if back { format!("-{word}") } else { word.to_owned() })
        });
        let sorted = match (is, filter.reversed) {
            (false, _) => "",
            (true, false) => "ascending",
            (true, true) => "descending",
        };
        Head { name: c.head, class: c.class, link, sorted }
    };
    filter.columns.shown().map(head).collect()
}
