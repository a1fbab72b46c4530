//! From a view to the alarms of one page: ages, counts, filter, masks folded, order, paging.

use super::filter::{Filter, Masked, Sort};
use super::prepared::{Prepared, aged};
use crate::view::View;
use alarm_core::alarm::{Alarm, Band};
use alarm_core::state::State;
use alarm_core::time::{Millis, Timestamp};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// An alarm with what depends on the moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aged<'v> {
    /// It.
    pub alarm: &'v Arc<Alarm>,
    /// Its age.
    pub age: Millis,
    /// Whose it is by its age.
    pub band: Band,
    /// Its state.
    pub(super) state: State,
    /// Another one masks it.
    pub(super) masked: bool,
    /// Where it stands in the order of work.
    pub standing: Standing,
}

/// The order of work, roughly; the full set of queues (DE3) is another page's.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Standing {
    /// Failing, and somebody's at once.
    Failing,
    /// Failing, and set apart by the topology, in an outage, masked, or under a common cause.
    Apart,
    /// OK: to be switched off.
    Good,
}

/// The alarms of one page.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection<'v> {
    /// How many stand on the board.
    pub total: usize,
    /// How many of them the filter takes, those folded away included.
    pub matched: usize,
    /// How many of these fold under their leader.
    pub folded: usize,
    /// How many pages there are; at least one.
    pub pages: usize,
    /// Counts from 1.
    pub page: usize,
    /// How many problems stand on the board in each band, youngest first; the filter does not matter.
    pub problems: [usize; 3],
    /// How many stand in each state; the filter does not matter.
    pub states: BTreeMap<State, usize>,
    /// Those of the page.
    pub rows: Vec<Aged<'v>>,
    /// How many rows each group has over all pages, for [`Sort::Work`].
    pub groups: BTreeMap<Group, usize>,
    /// Followers on the board by their leader's id.
    pub followers: HashMap<&'v str, Vec<&'v Arc<Alarm>>>,
}

/// A group of the order of work.
pub(super) type Group = (Standing, Reverse<Band>);

impl Aged<'_> {
    /// The group it stands in; only failing ones are told apart by their age.
    pub(super) fn group(&self) -> Group {
        let band = if self.standing == Standing::Failing { self.band } else { Band::FirstLine };
        (self.standing, Reverse(band))
    }
}

/// Picks the alarms of one page. `limit` holds when the filter names none.
pub(super) fn select<'v>(from: &'v Prepared, filter: &Filter, now: Timestamp, limit: usize) -> Selection<'v> {
    let view: &'v View = &from.view;
    let mut s = Selection::default();
    let mut all = Vec::new();
    for a in from.aged(now) {
        s.total += 1;
        *s.states.entry(a.state).or_default() += 1;
        if a.state.is_problem() {
            s.problems[a.band as usize] += 1;
        }
        if a.masked
            && let Some(mask) = &a.alarm.masked_by
        {
            s.followers.entry(&*mask.leader).or_default().push(a.alarm);
            match filter.masked {
                Masked::Hide => continue,
                Masked::Fold if filter.matches(&a) => {
                    s.matched += 1;
                    if view.alarm(&mask.leader).is_some_and(|l| filter.matches(&aged(view, l, now))) {
                        s.folded += 1;
                    } else {
                        all.push(a);
                    }
                    continue;
                }
                Masked::Fold => continue,
                Masked::Show | Masked::Only => {}
            }
        } else if filter.masked == Masked::Only {
            continue;
        }
        if filter.matches(&a) {
            s.matched += 1;
            all.push(a);
        }
    }
    let limit = filter.limit.unwrap_or(limit).max(1);
    s.pages = all.len().div_ceil(limit).max(1);
    s.page = filter.page.clamp(1, s.pages);
    if filter.sort == Sort::Work {
        for a in &all {
            *s.groups.entry(a.group()).or_default() += 1;
        }
    }
    let order = |a: &Aged<'_>, b: &Aged<'_>| {
        let by = compare(filter.sort, a, b);
        let by = if filter.reversed { by.reverse() } else { by };
        by.then_with(|| a.alarm.id.cmp(&b.alarm.id))
    };
    let (begin, end) = ((s.page - 1) * limit, (s.page * limit).min(all.len()));
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
        Sort::Work => a.group().cmp(&b.group()).then_with(oldest).then_with(|| worst(a).cmp(&worst(b))),
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
