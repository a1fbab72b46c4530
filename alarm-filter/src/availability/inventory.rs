//! Which services there are, by site and by metric: those that a monitor's configuration names. What a monitor without
//! a configuration hands in is known by its alarms only, since an OK that changes nothing leaves no record.

use crate::view::View;
use alarm_core::alarm::{About, Alarm};
use alarm_core::input::Text;
use alarm_core::objects::MonitorObjects;
use alarm_core::place::Papers;
use alarm_core::profile::Profiles;
use alarm_core::topology::Topology;
use alarm_core::watch::Key;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// One service of one host, as one metric tests it.
#[derive(Clone, Debug)]
pub struct Service {
    /// The object.
    pub key: Key,
    /// Site, NGI, service type, metric and VO.
    pub about: About,
    /// The monitors whose configuration has it.
    pub monitors: Vec<Text>,
}

/// All of them. A hundred thousand services are found again by their places in the monitors' configurations.
pub struct Inventory {
    monitors: Vec<(Text, Text, Arc<MonitorObjects>)>,
    topology: Option<Arc<Topology>>,
    profiles: Arc<Profiles>,
    places: Vec<Place>,
    by_site: BTreeMap<Text, Vec<u32>>,
    by_metric: BTreeMap<Text, Vec<u32>>,
}

/// Where a service stands: monitor, host, service.
#[derive(Clone, Copy)]
struct Place(u16, u32, u32);

fn papers(view: &View) -> Papers<'_> {
    Papers { monitors: &view.monitors, topology: view.topology.as_deref(), profiles: &view.profiles }
}

/// Whether a metric is a security matter by the profile in force.
fn is_secret(view: &View, metric: &str) -> bool {
    view.profiles.profiles.get(&view.profiles.operators).is_some_and(|p| p.settings(metric).security)
}

impl Inventory {
    /// The services of the documents in force.
    pub fn of(view: &View) -> Self {
        let configured = view.monitors.iter().filter_map(|(name, m)| {
            m.objects.as_ref().map(|objects| (name.clone(), m.group.clone(), Arc::clone(objects)))
        });
        let mut all = Inventory {
            monitors: configured.collect(),
            topology: view.topology.clone(),
            profiles: view.profiles.clone(),
            places: Vec::new(),
            by_site: BTreeMap::new(),
            by_metric: BTreeMap::new(),
        };
        let papers = papers(view);
        let mut secret: HashMap<Text, bool> = HashMap::new();
        for (m, (_, group, objects)) in all.monitors.iter().enumerate() {
            for (h, (host, object)) in objects.hosts.iter().enumerate() {
                for (s, description) in object.services.keys().enumerate() {
                    let twin = |(_, g, o): &(Text, Text, Arc<MonitorObjects>)| {
                        g == group && o.service(host, description).is_some()
                    };
                    if all.monitors[..m].iter().any(twin) {
                        continue;
                    }
                    let key = Key { group: group.clone(), host: host.clone(), service: Some(description.clone()) };
                    let about = papers.place(&key, None);
                    if *secret.entry(about.metric.clone()).or_insert_with(|| is_secret(view, &about.metric)) {
                        continue;
                    }
                    // What does not fit is not there: no monitor has four thousand million services.
                    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                    let place = number(all.places.len());
                    all.places.push(Place(u16::try_from(m).unwrap_or(u16::MAX), number(h), number(s)));
                    all.by_site.entry(about.site).or_default().push(place);
                    all.by_metric.entry(about.metric).or_default().push(place);
                }
            }
        }
        all
    }

    /// Whether it is that of this view.
    pub fn is_of(&self, view: &View) -> bool {
        let same = |a: &Option<Arc<Topology>>, b: &Option<Arc<Topology>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let configured: Vec<_> =
            view.monitors.iter().filter_map(|(n, m)| m.objects.as_ref().map(|o| (n, &m.group, o))).collect();
        same(&self.topology, &view.topology)
            && Arc::ptr_eq(&self.profiles, &view.profiles)
            && configured.len() == self.monitors.len()
            && configured
                .iter()
                .zip(&self.monitors)
                .all(|((n, g, o), (name, group, objects))| *n == name && *g == group && Arc::ptr_eq(o, objects))
    }

    /// Names of the sites that have a service or are declared.
    pub fn sites(&self) -> BTreeSet<Text> {
        let declared = self.topology.iter().flat_map(|t| t.sites.keys());
        self.by_site.keys().chain(declared).filter(|s| !s.is_empty()).cloned().collect()
    }

    /// How many services a site has.
    pub fn count(&self, site: &str) -> usize {
        self.by_site.get(site).map_or(0, Vec::len)
    }

    /// The services of a site, with those of which only alarms are known, in the order of service type, host and name.
    pub fn at_site(&self, view: &View, site: &str, alarms: &[Arc<Alarm>]) -> Vec<Service> {
        let own = |a: &&Arc<Alarm>| *a.about.site == *site;
        self.found(view, self.by_site.get(site), alarms.iter().filter(own))
    }

    /// The services that a metric tests, at all sites, with those of which only alarms are known.
    pub fn of_metric(&self, view: &View, metric: &str, alarms: &[Arc<Alarm>]) -> Vec<Service> {
        let own = |a: &&Arc<Alarm>| *a.about.metric == *metric;
        self.found(view, self.by_metric.get(metric), alarms.iter().filter(own))
    }

    fn found<'a>(
        &self,
        view: &View,
        places: Option<&Vec<u32>>,
        alarms: impl Iterator<Item = &'a Arc<Alarm>>,
    ) -> Vec<Service> {
        let papers = papers(view);
        let numbers = places.into_iter().flatten().filter_map(|n| self.places.get(usize::try_from(*n).ok()?));
        let mut found: Vec<Service> = numbers.filter_map(|place| self.service(place, &papers)).collect();
        let known: BTreeSet<Key> = found.iter().map(|s| s.key.clone()).collect();
        let mut more: BTreeMap<Key, About> = BTreeMap::new();
        for alarm in alarms {
            let open = !alarm.about.security && !is_secret(view, &alarm.about.metric);
            if open && alarm.key.service.is_some() && !known.contains(&alarm.key) {
                more.insert(alarm.key.clone(), alarm.about.clone());
            }
        }
        found.extend(more.into_iter().map(|(key, about)| Service { key, about, monitors: Vec::new() }));
        found.sort_by(|a, b| {
            let order = |s: &Service| (s.about.site.clone(), s.about.service_type.clone(), s.key.clone());
            order(a).cmp(&order(b))
        });
        found
    }

    fn service(&self, place: &Place, papers: &Papers<'_>) -> Option<Service> {
        let (_, group, objects) = self.monitors.get(usize::from(place.0))?;
        let (host, object) = objects.hosts.get_index(usize::try_from(place.1).ok()?)?;
        let (description, _) = object.services.get_index(usize::try_from(place.2).ok()?)?;
        let key = Key { group: group.clone(), host: host.clone(), service: Some(description.clone()) };
        let about = papers.place(&key, None);
        let has = |(_, g, o): &&(Text, Text, Arc<MonitorObjects>)| g == group && o.service(host, description).is_some();
        let monitors = self.monitors.iter().filter(has).map(|(name, _, _)| name.clone()).collect();
        Some(Service { key, about, monitors })
    }
}
