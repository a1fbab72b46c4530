//! Rows of the single methods to one [`Topology`] and one [`Downtimes`]. The order of rows never matters: pages may
//! overlap, and GOCDB promises no order.

use super::gocdb::{DowntimeRow, Remarks, RocRow, ServiceRow, SiteRow};
use alarm_core::input::Text;
use alarm_core::topology::{DowntimeWindow, Downtimes, Endpoint, Severity, Topology};
use std::collections::{BTreeMap, BTreeSet};

/// The rows that a topology is made from; `None`: that method is not configured or has no answer yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<'r> {
    /// Of get_site.
    pub sites: Option<&'r [SiteRow]>,
    /// Of get_service_endpoint.
    pub services: Option<&'r [ServiceRow]>,
    /// Of get_roc_list.
    pub rocs: Option<&'r [RocRow]>,
}

/// Makes one topology. Without get_roc_list the NGIs are those that sites and services name; without get_site no site
/// is known, and with it no certification status.
///
/// A (host, service type) that is declared more than once is in production if any declaration is, monitored if any is,
/// and has the endpoints of all; it belongs to the site of the declaration that is in production and monitored, and
/// of several such to the first by site name. A site name that stands twice is taken with the lower PRIMARY_KEY. Both
/// are remarked on.
pub fn merge(parts: Parts<'_>) -> (Topology, Remarks) {
    let mut remarks = Remarks::default();
    let mut topology = Topology::default();
    for (name, mut same) in groups(parts.sites.unwrap_or_default(), |r| r.name.clone()) {
        same.sort_by(|a, b| site_order(a).cmp(&site_order(b)));
        if let Some(other) = same.iter().skip(1).find(|r| r.site != same[0].site) {
            remarks.add(|| format!("site {name} is declared twice; {} is taken, {} is not", same[0].key, other.key));
        }
        topology.sites.insert(name, same[0].site.clone());
    }
    for ((host, service_type), same) in
        groups(parts.services.unwrap_or_default(), |r| (r.host.clone(), r.service_type.clone()))
    {
        let endpoint = union(&host, &service_type, same, &mut remarks);
        topology.endpoints.entry(host).or_default().insert(service_type, endpoint);
    }
    if parts.sites.is_some() {
        unknown_sites(&topology, &mut remarks);
    }
    let ngis: BTreeSet<Text> = match parts.rocs {
        Some(rows) => rows.iter().map(|r| r.name.clone()).collect(),
        None => {
            let of_sites = topology.sites.values().map(|s| s.ngi.clone());
            let of_services = topology.endpoints.values().flat_map(|t| t.values()).map(|e| e.ngi.clone());
            of_sites.chain(of_services).filter(|n| !n.is_empty()).collect()
        }
    };
    topology.ngis = ngis.into_iter().collect();
    (topology, remarks)
}

/// Makes one set of downtimes. Rows with the same PRIMARY_KEY, host and service type are one declaration (the flat form
/// repeats the key for each service, overlapping pages repeat rows); if they differ, the wider holds. Windows of
/// different keys stay apart, however they touch: declarations are counted.
pub fn merge_downtimes(rows: &[DowntimeRow]) -> (Downtimes, Remarks) {
    let mut remarks = Remarks::default();
    let mut downtimes = Downtimes::default();
    for ((host, service_type, id), mut same) in
        groups(rows, |r| (r.host.clone(), r.service_type.clone(), r.window.id.clone()))
    {
        same.sort_by(|a, b| order(&a.window).cmp(&order(&b.window)));
        let mut window = same[0].window.clone();
        for other in same.iter().skip(1).map(|r| &r.window).filter(|w| **w != same[0].window) {
            remarks
                .add(|| format!("downtime {id} of {service_type} on {host} stands twice and differs; the wider holds"));
            widen(&mut window, other);
        }
        downtimes.windows.entry(host).or_default().entry(service_type).or_default().push(window);
    }
    for list in downtimes.windows.values_mut().flat_map(BTreeMap::values_mut) {
        list.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
    }
    (downtimes, remarks)
}

/// Groups that hold at least one row each, by key.
fn groups<K: Ord, R>(rows: &[R], key: impl Fn(&R) -> K) -> BTreeMap<K, Vec<&R>> {
    let mut groups: BTreeMap<K, Vec<&R>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    groups
}

fn union(host: &str, service_type: &str, mut same: Vec<&ServiceRow>, remarks: &mut Remarks) -> Endpoint {
    let live = |e: &Endpoint| e.in_production && e.monitored;
    same.sort_by(|a, b| {
        let (a, b) = (&a.endpoint, &b.endpoint);
        (!live(a), &a.site, &a.ngi).cmp(&(!live(b), &b.site, &b.ngi))
    });
    let mut endpoint = same[0].endpoint.clone();
    if same.iter().any(|r| r.endpoint != endpoint) {
        remarks.add(|| {
            let mut keys: Vec<&str> = same.iter().map(|r| &*r.key).collect();
            keys.sort_unstable();
            format!(
                "{service_type} on {host} is declared as {}; taken as one, of site {}",
                keys.join(", "),
                same[0].endpoint.site
            )
        });
    }
    for other in same.iter().skip(1).map(|r| &r.endpoint) {
        endpoint.in_production |= other.in_production;
        endpoint.monitored |= other.monitored;
        for (name, monitored) in &other.endpoints {
            *endpoint.endpoints.entry(name.clone()).or_default() |= monitored;
        }
    }
    endpoint
}

/// By PRIMARY_KEY as a number; the rest only so that equal keys with different content have an order too.
fn site_order(row: &SiteRow) -> impl Ord + '_ {
    let s = &row.site;
    (row.key.len(), &row.key, (&s.certification, &s.ngi, &s.infrastructure, &s.timezone, s.notifications, &s.contacts))
}

fn unknown_sites(topology: &Topology, remarks: &mut Remarks) {
    let named: BTreeSet<&Text> = topology.endpoints.values().flat_map(|t| t.values()).map(|e| &e.site).collect();
    for site in named.into_iter().filter(|s| !topology.sites.contains_key(*s)) {
        remarks.add(|| {
            format!("services name the site {site}, which get_site does not list: its certification is unknown")
        });
    }
}

fn order(w: &DowntimeWindow) -> impl Ord + '_ {
    (w.start.0, w.end.0, w.severity == Severity::Warning, w.scheduled, w.declared.0, &w.description, &w.endpoints)
}

fn widen(window: &mut DowntimeWindow, other: &DowntimeWindow) {
    window.start = window.start.min(other.start);
    window.end = window.end.max(other.end);
    if other.severity == Severity::Outage {
        window.severity = Severity::Outage;
    }
    // No endpoints means the whole service.
    if window.endpoints.is_empty() || other.endpoints.is_empty() {
        window.endpoints.clear();
    } else {
        window.endpoints.extend(other.endpoints.iter().cloned());
        window.endpoints.sort();
        window.endpoints.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alarm_core::time::Timestamp;
    use alarm_core::topology::Site;
    use proptest::prelude::*;

    fn service(key: &str, host: &str, site: &str, production: bool, monitored: bool) -> ServiceRow {
        ServiceRow {
            key: key.into(),
            host: host.into(),
            service_type: "SRM".into(),
            endpoint: Endpoint {
                site: site.into(),
                ngi: "N".into(),
                in_production: production,
                monitored,
                endpoints: BTreeMap::from([(key.into(), monitored)]),
            },
        }
    }

    fn window(id: &str, start: i64, end: i64, endpoints: &[&str]) -> DowntimeRow {
        DowntimeRow {
            host: "h".into(),
            service_type: "SRM".into(),
            window: DowntimeWindow {
                id: id.into(),
                severity: Severity::Outage,
                scheduled: true,
                start: Timestamp(start),
                end: Timestamp(end),
                declared: Timestamp(0),
                description: "".into(),
                endpoints: endpoints.iter().map(|e| Text::from(*e)).collect(),
            },
        }
    }

    #[test]
    fn a_pair_declared_twice_is_in_production_and_monitored_if_any_is() {
        let rows = [
            service("1", "h", "B", true, false),
            service("2", "h", "A", false, true),
            service("3", "i", "A", true, true),
        ];
        let (t, remarks) = merge(Parts { services: Some(&rows), ..Parts::default() });
        let e = t.endpoint("H", "SRM").unwrap();
        assert!(e.in_production && e.monitored);
        assert_eq!((&*e.site, e.endpoints.len()), ("A", 2), "neither is live, so the first by site name");
        assert_eq!(remarks.lines, ["SRM on h is declared as 1, 2; taken as one, of site A"]);
        let rows = [service("1", "h", "A", false, false), service("2", "h", "B", true, true)];
        let (t, _) = merge(Parts { services: Some(&rows), ..Parts::default() });
        assert_eq!(&*t.endpoint("h", "SRM").unwrap().site, "B", "the site of the live declaration");
    }

    #[test]
    fn repeated_rows_of_overlapping_pages_are_silent() {
        let rows = [service("1", "h", "A", true, true), service("1", "h", "A", true, true)];
        assert_eq!(merge(Parts { services: Some(&rows), ..Parts::default() }).1, Remarks::default());
        let rows = [window("1", 1, 2, &[]), window("1", 1, 2, &[])];
        let (d, remarks) = merge_downtimes(&rows);
        assert_eq!((d.of("h", "SRM").len(), remarks.count), (1, 0));
    }

    #[test]
    fn al12_windows_of_different_declarations_stay_apart() {
        let (d, _) = merge_downtimes(&[window("2", 20, 30, &[]), window("1", 10, 20, &[]), window("3", 10, 40, &[])]);
        let ids: Vec<&str> = d.of("h", "SRM").iter().map(|w| &*w.id).collect();
        assert_eq!(ids, ["1", "3", "2"], "by start, then by key");
    }

    #[test]
    fn two_forms_of_one_declaration_are_its_wider() {
        let (d, remarks) = merge_downtimes(&[window("1", 10, 20, &["b"]), window("1", 12, 30, &["a"])]);
        let w = &d.of("h", "SRM")[0];
        assert_eq!((w.start.0, w.end.0, w.endpoints.len(), remarks.count), (10, 30, 2, 1));
        let (d, _) = merge_downtimes(&[window("1", 10, 20, &["b"]), window("1", 10, 20, &[])]);
        assert!(d.of("h", "SRM")[0].endpoints.is_empty(), "the whole service is wider than an endpoint");
    }

    #[test]
    fn sites_and_ngis() {
        let site = |key: &str, name: &str, certification: &str| SiteRow {
            key: key.into(),
            name: name.into(),
            site: Site { ngi: "N2".into(), certification: certification.into(), ..Site::default() },
        };
        let sites = [site("10G0", "A", "Closed"), site("9G0", "A", "Certified")];
        let services = [service("1", "h", "Z", true, true)];
        let (t, remarks) = merge(Parts { sites: Some(&sites), services: Some(&services), rocs: None });
        assert_eq!(&*t.sites["A"].certification, "Certified");
        assert_eq!(remarks.count, 2, "{remarks:?}");
        assert_eq!(t.ngis.iter().map(|n| &**n).collect::<Vec<_>>(), ["N", "N2"]);
        let rocs = [RocRow { name: "X".into() }];
        let (t, _) = merge(Parts { rocs: Some(&rocs), ..Parts::default() });
        assert_eq!(t.ngis.len(), 1);
    }

    fn service_rows() -> impl Strategy<Value = Vec<ServiceRow>> {
        let row = ("[1-9]", "[hij]", "[AB]", any::<bool>(), any::<bool>())
            .prop_map(|(key, host, site, production, monitored)| service(&key, &host, &site, production, monitored));
        prop::collection::vec(row, 0..12)
    }

    fn downtime_rows() -> impl Strategy<Value = Vec<DowntimeRow>> {
        let row = ("[1-4]", 0i64..9, 1i64..9, prop::collection::vec(prop::sample::select(vec!["a", "b"]), 0..2))
            .prop_map(|(id, start, len, endpoints)| window(&id, start, start + len, &endpoints));
        prop::collection::vec(row, 0..12)
    }

    proptest! {
        #[test]
        fn permuted_rows_give_the_same(
            (rows, turned) in service_rows().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle())),
            (times, shuffled) in downtime_rows().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle())),
        ) {
            let of = |rows| merge(Parts { services: Some(rows), ..Parts::default() });
            prop_assert_eq!(of(&rows), of(&turned));
            prop_assert_eq!(merge_downtimes(&times).0, merge_downtimes(&shuffled).0);
        }
    }
}
