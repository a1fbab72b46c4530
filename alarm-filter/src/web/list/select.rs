//! From a view to the alarms of one page: ages, queues, counts, filter, masks folded, order, headings, paging.

use super::filter::{Filter, Grouping, Masked, News, Sort};
use super::prepared::{Prepared, aged};
use super::queues::rank;
use crate::view::View;
use alarm_core::alarm::{Alarm, Band};
use alarm_core::queue::Queue;
use alarm_core::state::State;
use alarm_core::time::{Millis, Timestamp};
use std::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// An alarm with what depends on the moment.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct Aged<'v> {
    /// It.
    pub alarm: &'v Arc<Alarm>,
    /// Its age.
    pub age: Millis,
    /// Whose it is by its age.
    pub band: Band,
    /// Its state.
    pub(in crate::web) state: State,
    /// Where it stands (DE3).
    pub(in crate::web) queue: Queue,
    /// Another one masks it.
    pub(in crate::web) masked: bool,
    /// What happened to it since the reader's last visit.
    pub(in crate::web) news: Option<News>,
}

/// The alarms of one page.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Selection<'v> {
    /// How many stand on the board.
    pub total: usize,
    /// How many of them the filter takes, those folded away included.
    pub matched: usize,
    /// How many of these fold under their leader.
    pub folded: usize,
    /// How many are listed, over all pages.
    pub listed: usize,
    /// How many pages there are; at least one.
    pub pages: usize,
    /// Counts from 1.
    pub page: usize,
    /// How many stand in each queue, in their order of work, of those that the filter takes but for its queues and masks.
    pub queues: [usize; Queue::ON_BOARD.len()],
    /// How many are new, failing again, in another state since the reader's last visit; the filter does not matter.
    pub news: [usize; 3],
    /// How many in the whole board are over 72 h.
    pub overdue: usize,
    /// Those of the page.
    pub rows: Vec<Aged<'v>>,
    /// How many rows each heading has over all pages.
    pub groups: HashMap<Heading<'v>, usize>,
    /// Followers on the board by their leader's id.
    pub followers: HashMap<&'v str, Vec<&'v Arc<Alarm>>>,
}

/// What rows have in common that stand together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(in crate::web) enum Heading<'v> {
    /// Their queue.
    Queue(Queue),
    /// A name.
    Name(&'v str),
    /// Nothing.
    None,
}

impl<'v> Aged<'v> {
    /// The heading that it stands under.
    pub(in crate::web) fn heading(&self, grouping: Grouping) -> Heading<'v> {
        match grouping {
            Grouping::Queue => Heading::Queue(self.queue),
            Grouping::Site => Heading::Name(&self.alarm.about.site),
            Grouping::Metric => Heading::Name(&self.alarm.about.metric),
            Grouping::None => Heading::None,
        }
    }
}

/// What decides whether an alarm is on the page, made once for all of them.
pub(in crate::web) struct Test<'f> {
    filter: &'f Filter,
    /// Ids of the alarms of the proposals that are asked for.
    proposed: Option<HashSet<&'f str>>,
}

/// What a test says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) enum Fit {
    /// It is not asked for.
    Not,
    /// It is, and folds under its leader.
    Folded,
    /// It is.
    Listed,
}

impl<'f> Test<'f> {
    /// For this filter over these alarms.
    pub(in crate::web) fn new(from: &'f Prepared, filter: &'f Filter) -> Self {
        let proposed = (!filter.proposal.is_empty()).then(|| {
            let asked = from.proposals().iter().filter(|p| filter.proposal.iter().any(|m| **m == *p.metric));
            asked.flat_map(|p| p.alarms.iter().map(|id| &**id)).collect()
        });
        Test { filter, proposed }
    }

    fn matches(&self, a: &Aged<'_>) -> bool {
        self.proposed.as_ref().is_none_or(|p| p.contains(&*a.alarm.id)) && self.filter.matches(a)
    }

    fn fits(&self, view: &View, a: &Aged<'_>, now: Timestamp) -> Fit {
        let (filter, masked) = (self.filter, self.filter.masked);
        if !filter.takes(a.queue) {
            return Fit::Not;
        }
        match (&a.alarm.masked_by, masked) {
            (Some(_), Masked::Hide) | (None, Masked::Only) => Fit::Not,
            (Some(mask), Masked::Fold) => {
                let leads = |l| {
                    let l = aged(view, l, now);
                    filter.takes(l.queue) && self.matches(&l)
                };
                if view.alarm(&mask.leader).is_some_and(leads) { Fit::Folded } else { Fit::Listed }
            }
            _ => Fit::Listed,
        }
    }

    /// Whether an alarm is listed somewhere.
    pub(in crate::web) fn lists(&self, view: &View, a: &Aged<'_>, now: Timestamp) -> bool {
        self.matches(a) && self.fits(view, a, now) == Fit::Listed
    }
}

/// Picks the alarms of one page. `limit` holds when the filter names none.
pub(in crate::web) fn select<'v>(from: &'v Prepared, filter: &Filter, now: Timestamp, limit: usize) -> Selection<'v> {
    let view: &'v View = &from.view;
    let test = Test::new(from, filter);
    let mut s = Selection::default();
    let mut all = Vec::new();
    for a in from.aged(now, filter.visit) {
        s.total += 1;
        if a.queue == Queue::Over72 {
            s.overdue += 1;
        }
        if let Some(news) = a.news {
            s.news[news as usize] += 1;
        }
        if a.masked
            && let Some(mask) = &a.alarm.masked_by
        {
            s.followers.entry(&*mask.leader).or_default().push(a.alarm);
        }
        if !test.matches(&a) {
            continue;
        }
        if let Some(n) = s.queues.get_mut(rank(a.queue)) {
            *n += 1;
        }
        match test.fits(view, &a, now) {
            Fit::Not => {}
            Fit::Folded => {
                s.matched += 1;
                s.folded += 1;
            }
            Fit::Listed => {
                s.matched += 1;
                all.push(a);
            }
        }
    }
    s.listed = all.len();
    let limit = filter.limit.unwrap_or(limit).max(1);
    s.pages = all.len().div_ceil(limit).max(1);
    s.page = filter.page.clamp(1, s.pages);
    let grouping = filter.grouping();
    // Where a heading stands: with the most urgent of its rows.
    let mut best: HashMap<Heading<'v>, (usize, Reverse<Millis>)> = HashMap::new();
    if grouping != Grouping::None {
        for a in &all {
            let (heading, urgent) = (a.heading(grouping), (rank(a.queue), Reverse(a.age)));
            *s.groups.entry(heading).or_default() += 1;
            let known = best.entry(heading).or_insert(urgent);
            *known = urgent.min(*known);
        }
    }
    let place = |h: Heading<'v>| match h {
        Heading::Queue(queue) => (rank(queue), Reverse(0), ""),
        Heading::Name(name) => best.get(&h).map_or((0, Reverse(0), name), |(q, age)| (*q, *age, name)),
        Heading::None => (0, Reverse(0), ""),
    };
    let order = |a: &Aged<'v>, b: &Aged<'v>| {
        let by = compare(filter.sort, a, b);
        let by = if filter.reversed { by.reverse() } else { by };
        let (a_in, b_in) = (a.heading(grouping), b.heading(grouping));
        let grouped = if a_in == b_in { Ordering::Equal } else { place(a_in).cmp(&place(b_in)) };
        grouped.then(by).then_with(|| a.alarm.id.cmp(&b.alarm.id))
    };
    let (begin, end) = ((s.page - 1).saturating_mul(limit), (s.page.saturating_mul(limit)).min(all.len()));
    // Only as far as the page reaches has the list to be in order.
    if end > 0 && end < all.len() {
        all.select_nth_unstable_by(end - 1, order);
        all.truncate(end);
    }
    all.sort_unstable_by(order);
    s.rows = all.split_off(begin.min(all.len()));
    s
}

fn compare(sort: Sort, a: &Aged<'_>, b: &Aged<'_>) -> Ordering {
    let worst = |x: &Aged<'_>| Reverse(x.state.badness());
    let text = |x: &str, y: &str| x.cmp(y);
    let oldest = || b.age.cmp(&a.age);
    match sort {
        Sort::Work => rank(a.queue).cmp(&rank(b.queue)).then_with(oldest).then_with(|| worst(a).cmp(&worst(b))),
        Sort::Age => oldest(),
        Sort::Since => b.alarm.since.cmp(&a.alarm.since),
        Sort::State => worst(a).cmp(&worst(b)).then_with(oldest),
        Sort::Site => text(&a.alarm.about.site, &b.alarm.about.site).then_with(oldest),
        Sort::Ngi => text(&a.alarm.about.ngi, &b.alarm.about.ngi)
            .then_with(|| text(&a.alarm.about.site, &b.alarm.about.site))
            .then_with(oldest),
        Sort::ServiceType => text(&a.alarm.about.service_type, &b.alarm.about.service_type).then_with(oldest),
        Sort::Metric => text(&a.alarm.about.metric, &b.alarm.about.metric).then_with(oldest),
        Sort::Host => {
            text(&a.alarm.key.host, &b.alarm.key.host).then_with(|| text(&a.alarm.about.metric, &b.alarm.about.metric))
        }
        Sort::Episodes => b.alarm.episodes.cmp(&a.alarm.episodes).then_with(oldest),
    }
}
