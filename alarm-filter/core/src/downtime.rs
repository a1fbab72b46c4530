//! Questions about the downtimes of one service: what covers a moment, how long it was out, when that next changes.
//!
//! GOCDB lets nobody extend a running downtime: sites add an adjacent one. So windows of the same severity that touch
//! or overlap act as one here, while [`Downtimes`] keeps them apart, because declarations are counted ("repeated
//! downtime"). A window includes its start and excludes its end; one that does not end after its start covers nothing.
//!
//! All functions take the windows in any order, and look at all that they are given: a caller who asks about one
//! endpoint of a service leaves out the windows that name other endpoints.

use crate::alarm::Alarm;
use crate::input::Text;
use crate::time::{DAY, Millis, Timestamp};
use crate::topology::{DowntimeWindow, Downtimes, Endpoint, Severity, Topology};
use crate::watch::Key;

/// The month of AL13.
const MONTH: Millis = 30 * DAY;

/// What covers a service at a moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cover {
    /// Begin of the first of the joined windows.
    pub start: Timestamp,
    /// End of the last of the joined windows.
    pub end: Timestamp,
    /// A window that holds at the moment itself is SCHEDULED. (A scheduled downtime extended by an unscheduled one is
    /// unscheduled in its extension.)
    pub scheduled: bool,
    /// PRIMARY_KEYs of the joined windows, by start, then by key.
    pub ids: Vec<Text>,
}

/// An outage of a site as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SiteOutage {
    /// Since when all of its services are out.
    pub since: Timestamp,
    /// When the first of them is back, by what is declared now.
    pub until: Timestamp,
}

impl SiteOutage {
    /// AL13: so long that the site is advised to be uncertified.
    pub fn advises_to_uncertify(&self) -> bool {
        self.until.since(self.since) > MONTH
    }
}

impl Downtimes {
    /// The windows of a service, by start; host names are compared without regard to case.
    pub fn of(&self, host: &str, service_type: &str) -> &[DowntimeWindow] {
        self.windows
            .get(host.to_ascii_lowercase().as_str())
            .and_then(|types| types.get(service_type))
            .map_or(&[], Vec::as_slice)
    }
}

impl DowntimeWindow {
    /// Whether it covers the whole service: it names no endpoint, or every monitored one. (GOCDB's form ticks all
    /// endpoints of a chosen service, so a downtime of the whole service usually names them all.)
    pub fn covers_all_of(&self, service: &Endpoint) -> bool {
        self.endpoints.is_empty()
            || (!service.endpoints.is_empty()
                && service.endpoints.iter().all(|(name, monitored)| !monitored || self.endpoints.contains(name)))
    }
}

/// The joined downtime of that severity that covers the moment `at`; `None`: nothing does.
pub fn cover(windows: &[DowntimeWindow], severity: Severity, at: Timestamp) -> Option<Cover> {
    let sorted = by_start(windows, severity);
    let mut found: Option<Cover> = None;
    for w in sorted {
        match &mut found {
            Some(joined) if w.start <= joined.end => {
                joined.end = joined.end.max(w.end);
                joined.scheduled |= holds(w, at) && w.scheduled;
                joined.ids.push(w.id.clone());
            }
            // This window lies beyond a gap: the one joined so far either is the answer or is of no interest.
            Some(joined) if at < joined.end => break,
            _ if at < w.start => break,
            _ => {
                found = Some(Cover {
                    start: w.start,
                    end: w.end,
                    scheduled: holds(w, at) && w.scheduled,
                    ids: vec![w.id.clone()],
                });
            }
        }
    }
    found.filter(|c| c.start <= at && at < c.end)
}

/// For how long between `from` and `to` at least one OUTAGE window held, in milliseconds; overlaps count once.
pub fn outage_within(windows: &[DowntimeWindow], from: Timestamp, to: Timestamp) -> Millis {
    if windows.is_empty() {
        return 0;
    }
    let mut total: Millis = 0;
    let mut counted_to = from;
    for w in by_start(windows, Severity::Outage) {
        let start = w.start.max(counted_to);
        let end = w.end.min(to);
        if start < end {
            total = total.saturating_add(end.since(start));
            counted_to = end;
        }
    }
    total
}

/// The next moment after `after` at which a window of either severity begins or ends.
pub fn next_edge(windows: &[DowntimeWindow], after: Timestamp) -> Option<Timestamp> {
    windows.iter().filter(|w| w.start < w.end).flat_map(|w| [w.start, w.end]).filter(|t| *t > after).min()
}

/// The downtimes that count for an alarm: those of its service as a whole; for a host's alarm the time in which all of
/// its monitored services are out (AL10).
pub fn windows_of(topology: Option<&Topology>, downtimes: &Downtimes, alarm: &Alarm) -> Vec<DowntimeWindow> {
    windows_of_key(topology, downtimes, &alarm.key, &alarm.about.service_type)
}

/// The same of an object, which need not have an alarm.
pub fn windows_of_key(
    topology: Option<&Topology>,
    downtimes: &Downtimes,
    key: &Key,
    service_type: &str,
) -> Vec<DowntimeWindow> {
    if downtimes.windows.is_empty() {
        return Vec::new();
    }
    let host = &key.host;
    if key.service.is_some() {
        return whole_windows(topology, downtimes, host, service_type);
    }
    let Some(types) = topology.and_then(|t| t.host(host)) else { return Vec::new() };
    let mut common: Option<Vec<DowntimeWindow>> = None;
    for (service_type, _) in types.iter().filter(|(_, e)| e.monitored) {
        let own = whole_windows(topology, downtimes, host, service_type);
        let own: Vec<DowntimeWindow> = own.into_iter().filter(|w| w.severity == Severity::Outage).collect();
        common = Some(match common {
            None => own,
            Some(all) => meet(&all, &own),
        });
    }
    common.unwrap_or_default()
}

/// The outage of a certified site at a moment: all of its services that are monitored and in production are out; extensions
/// are joined. `None`: one of them is in service, it has none, or the site is not certified (any more).
pub fn site_outage(topology: &Topology, downtimes: &Downtimes, site: &str, at: Timestamp) -> Option<SiteOutage> {
    if topology.sites.get(site)?.certification.as_ref() != "Certified" {
        return None;
    }
    let mut all: Option<SiteOutage> = None;
    for (host, types) in &topology.endpoints {
        for (service_type, _) in types.iter().filter(|(_, e)| *e.site == *site && e.monitored && e.in_production) {
            let c = cover(&whole_windows(Some(topology), downtimes, host, service_type), Severity::Outage, at)?;
            all = Some(match all {
                None => SiteOutage { since: c.start, until: c.end },
                Some(a) => SiteOutage { since: a.since.max(c.start), until: a.until.min(c.end) },
            });
        }
    }
    all
}

/// The windows that cover a service as a whole; those of single endpoints beneath it leave the rest of it in service.
pub fn whole_windows(
    topology: Option<&Topology>,
    downtimes: &Downtimes,
    host: &str,
    service_type: &str,
) -> Vec<DowntimeWindow> {
    let windows = downtimes.of(host, service_type);
    if windows.is_empty() {
        return Vec::new();
    }
    let endpoint = topology.and_then(|t| t.endpoint(host, service_type));
    let whole = |w: &&DowntimeWindow| endpoint.map_or(w.endpoints.is_empty(), |e| w.covers_all_of(e));
    windows.iter().filter(whole).cloned().collect()
}

/// The time that lies in a window of both lists.
fn meet(a: &[DowntimeWindow], b: &[DowntimeWindow]) -> Vec<DowntimeWindow> {
    let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (x, y)));
    let both = pairs.map(|(x, y)| DowntimeWindow { start: x.start.max(y.start), end: x.end.min(y.end), ..x.clone() });
    both.filter(|w| w.start < w.end).collect()
}

fn holds(w: &DowntimeWindow, at: Timestamp) -> bool {
    w.start <= at && at < w.end
}

fn by_start(windows: &[DowntimeWindow], severity: Severity) -> Vec<&DowntimeWindow> {
    let mut sorted: Vec<&DowntimeWindow> =
        windows.iter().filter(|w| w.severity == severity && w.start < w.end).collect();
    sorted.sort_by(|a, b| (a.start, &a.id, a.end).cmp(&(b.start, &b.id, b.end)));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(id: &str, severity: Severity, start: i64, end: i64) -> DowntimeWindow {
        DowntimeWindow {
            id: id.into(),
            severity,
            scheduled: id.starts_with('s'),
            start: Timestamp(start),
            end: Timestamp(end),
            declared: Timestamp(0),
            description: "".into(),
            endpoints: Vec::new(),
        }
    }

    fn out(id: &str, start: i64, end: i64) -> DowntimeWindow {
        window(id, Severity::Outage, start, end)
    }

    fn ask(windows: &[DowntimeWindow], at: i64) -> Option<Cover> {
        cover(windows, Severity::Outage, Timestamp(at))
    }

    #[test]
    fn al12_adjacent_and_overlapping_windows_cover_as_one() {
        let w = [out("u3", 25, 40), out("s1", 10, 20), out("s2", 20, 30), out("s9", 50, 60)];
        let c = ask(&w, 15).unwrap();
        assert_eq!((c.start.0, c.end.0, c.scheduled), (10, 40, true));
        assert_eq!(c.ids.iter().map(|i| &**i).collect::<Vec<_>>(), ["s1", "s2", "u3"]);
        let c = ask(&w, 35).unwrap();
        assert!(!c.scheduled, "in its unscheduled extension it is unscheduled");
        assert_eq!(c.ids.len(), 3);
        assert_eq!(ask(&w, 40), None, "the end does not belong to the window");
        assert_eq!(ask(&w, 9), None);
        assert_eq!(ask(&w, 45), None);
        assert_eq!(ask(&w, 50).unwrap().ids.len(), 1);
    }

    #[test]
    fn al11_at_risk_never_joins_or_counts_as_an_outage() {
        let w = [out("s1", 10, 20), window("s2", Severity::Warning, 15, 40)];
        assert_eq!(ask(&w, 15).unwrap().end.0, 20);
        assert_eq!(ask(&w, 30), None);
        assert_eq!(cover(&w, Severity::Warning, Timestamp(30)).unwrap().start.0, 15);
        assert_eq!(outage_within(&w, Timestamp(0), Timestamp(100)), 10);
    }

    #[test]
    fn a_long_window_that_spans_a_short_one_stays_joined() {
        let w = [out("s1", 0, 100), out("s2", 10, 20), out("s3", 90, 120)];
        assert_eq!(ask(&w, 50).unwrap().end.0, 120);
        assert_eq!(outage_within(&w, Timestamp(15), Timestamp(110)), 95);
        assert_eq!(outage_within(&w, Timestamp(110), Timestamp(15)), 0, "an empty stretch has no outage");
    }

    #[test]
    fn a_window_that_ends_before_it_starts_is_none() {
        let w = [out("s1", 20, 10), out("s2", 5, 5)];
        assert_eq!(ask(&w, 15), None);
        assert_eq!(ask(&w, 5), None);
        assert_eq!(next_edge(&w, Timestamp(0)), None);
    }

    #[test]
    fn edges_come_in_order_and_never_repeat_the_moment_asked_from() {
        let w = [out("s1", 10, 20), window("s2", Severity::Warning, 15, 20)];
        let mut at = Timestamp(i64::MIN);
        let mut seen = Vec::new();
        while let Some(next) = next_edge(&w, at) {
            seen.push(next.0);
            at = next;
        }
        assert_eq!(seen, [10, 15, 20]);
    }

    #[test]
    fn al10_naming_every_monitored_endpoint_is_the_whole_service() {
        let service = |endpoints: &[(&str, bool)]| Endpoint {
            site: "S".into(),
            ngi: "N".into(),
            in_production: true,
            monitored: true,
            endpoints: endpoints.iter().map(|(n, m)| ((*n).into(), *m)).collect(),
        };
        let mut w = out("s1", 0, 1);
        assert!(w.covers_all_of(&service(&[("a", true)])));
        w.endpoints = vec!["a".into()];
        assert!(w.covers_all_of(&service(&[("a", true), ("b", false)])));
        assert!(!w.covers_all_of(&service(&[("a", true), ("b", true)])));
        assert!(!w.covers_all_of(&service(&[])), "what it names is not known here");
    }

    fn windows() -> impl Strategy<Value = Vec<DowntimeWindow>> {
        prop::collection::vec((0i64..60, 0i64..20, any::<bool>(), any::<bool>()), 0..8).prop_map(|rows| {
            rows.into_iter()
                .enumerate()
                .map(|(i, (start, len, outage, scheduled))| {
                    let severity = if outage { Severity::Outage } else { Severity::Warning };
                    window(&format!("{}{i}", if scheduled { 's' } else { 'u' }), severity, start, start + len)
                })
                .collect()
        })
    }

    proptest! {
        /// Against the plain definition, moment by moment.
        #[test]
        fn agrees_with_counting_moments(w in windows(), at in 0i64..90, from in 0i64..90, len in 0i64..90) {
            let is_out = |t: i64| w.iter().any(|w| w.severity == Severity::Outage && holds(w, Timestamp(t)));
            let counted = (from..from + len).filter(|t| is_out(*t)).count();
            prop_assert_eq!(outage_within(&w, Timestamp(from), Timestamp(from + len)), counted as i64);
            let c = ask(&w, at);
            prop_assert_eq!(c.is_some(), is_out(at));
            if let Some(c) = c {
                prop_assert!((c.start.0..c.end.0).all(is_out));
                prop_assert!(!is_out(c.start.0 - 1) && !is_out(c.end.0));
            }
        }

        /// The order of the list does not matter.
        #[test]
        fn order_does_not_matter(w in windows(), at in 0i64..90) {
            let mut turned = w.clone();
            turned.reverse();
            prop_assert_eq!(ask(&w, at), ask(&turned, at));
        }
    }
}
