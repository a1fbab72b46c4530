//! objects.cache: the configuration that a monitor works by, with all templates and groups resolved.
//!
//! It is written anew at each start and reload. Values are raw; options are letters; custom variables begin with `_`.

use super::blocks::{Block, BlockError, Format, milli, number, scan};
use super::timeperiod;
use crate::source::text::{Interner, NameHash, lossless};
use alarm_core::input::Text;
use alarm_core::objects::{
    Contact, Dependency, Escalation, HostObject, MonitorObjects, NotificationRules, ServiceObject,
};
use alarm_core::period::Timeperiod;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::path::Path;

/// Letters of `notification_options` of services, in the order in which they are kept.
const SERVICE_OPTIONS: &[u8] = b"wucrfs";
/// The same of hosts.
const HOST_OPTIONS: &[u8] = b"durfs";
/// The same of escalations of services.
const ESCALATION_OPTIONS: &[u8] = b"wucr";
/// The same of hosts.
const HOST_ESCALATION_OPTIONS: &[u8] = b"dur";
/// Letters of `notification_failure_options`.
const FAILURE_OPTIONS: &[u8] = b"owucp";
/// The same of hosts.
const HOST_FAILURE_OPTIONS: &[u8] = b"odup";

/// An objects.cache.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectsCache {
    /// What the rules need of it.
    pub objects: MonitorObjects,
    /// When it was written, by the monitor's local clock and in its words (`Sun Nov 22 03:52:31 2026`), if it says.
    /// [`crate::source::nagios_log::localtime::parse`] reads it.
    pub created: Option<String>,
    /// Dependencies and escalations of services that the file does not define.
    pub dangling: usize,
    /// Hosts that are defined more than once, and services as `host;service`: of each the last definition counts.
    pub twice: BTreeSet<String>,
}

impl ObjectsCache {
    /// Reads the content of the file at `path`.
    pub fn read<R: Read>(input: R, path: &Path, names: &mut Interner) -> Result<Self, BlockError> {
        let mut builder = Builder {
            cache: ObjectsCache::default(),
            rules: HashMap::default(),
            key: Vec::new(),
            names,
            hosts: HashSet::default(),
        };
        let mut created = None;
        let mut later = Vec::new();
        scan(
            input,
            path,
            Format::Objects,
            |comment| {
                if let Some(at) = memchr::memmem::find(comment, b"Created:") {
                    let text = comment.get(at + 8..).unwrap_or_default().trim_ascii();
                    created = Some(lossless(text).into_owned());
                }
            },
            |block| {
                match block.kind {
                    b"host" => builder.host(block, path)?,
                    b"service" => builder.service(block, path)?,
                    b"contact" => builder.contact(block),
                    b"contactgroup" => builder.contact_group(block),
                    b"hostgroup" => builder.host_group(block),
                    b"servicegroup" => builder.service_group(block),
                    b"timeperiod" => builder.timeperiod(block),
                    b"servicedependency" => later.extend(builder.dependency(block, FAILURE_OPTIONS)),
                    b"hostdependency" => later.extend(builder.dependency(block, HOST_FAILURE_OPTIONS)),
                    b"serviceescalation" => later.push(builder.escalation(block, ESCALATION_OPTIONS)),
                    b"hostescalation" => later.push(builder.escalation(block, HOST_ESCALATION_OPTIONS)),
                    _ => {}
                }
                Ok(())
            },
        )?;
        later.into_iter().for_each(|extra| builder.attach(extra));
        let mut cache = builder.cache;
        // Maps grow by doubling; these do not grow any more, and stay as long as the daemon runs.
        cache.objects.hosts.values_mut().for_each(|host| host.services.shrink_to_fit());
        cache.created = created;
        if cache.objects.hosts.is_empty() {
            return Err(BlockError::Missing { path: path.to_path_buf(), format: Format::Objects.name(), kind: "host" });
        }
        Ok(cache)
    }

    /// What is remarkable about it, a line each: the object, and what to do.
    pub fn notes(&self, path: &Path) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(first) = self.twice.first() {
            notes.push(format!(
                "{}: {first} is defined more than once{}; the last definition counts; remove the others",
                path.display(),
                others(self.twice.len())
            ));
        }
        notes
    }

    /// The first service without a site, by the monitor's variables, and how many there are.
    pub fn without_site(&self) -> Option<(String, usize)> {
        let hosts = self.objects.hosts.iter().filter(|(_, host)| host.site.is_empty());
        let mut bare = hosts.flat_map(|(host, object)| {
            object.services.iter().filter(|(_, s)| s.site.is_empty()).map(move |(name, _)| (host, name))
        });
        let (host, service) = bare.next()?;
        Some((format!("{service} on {host}"), 1 + bare.count()))
    }

    /// Reads a file.
    pub fn load(path: &Path, names: &mut Interner) -> Result<Self, BlockError> {
        let file = crate::access::open(path).map_err(|source| BlockError::Io { path: path.to_path_buf(), source })?;
        ObjectsCache::read(file, path, names)
    }
}

/// What belongs to a service or host but stands in a block of its own, perhaps before it.
struct Extra {
    host: Text,
    /// Empty for the host itself.
    service: Text,
    what: What,
}

enum What {
    Dependency(Dependency),
    Escalation(Escalation),
}

struct Builder<'n> {
    cache: ObjectsCache,
    /// By the raw fields that make up a rule, so that 100,000 services which share a few rules build each once.
    rules: HashMap<Vec<u8>, u32, NameHash>,
    /// The present object's key into `rules`.
    key: Vec<u8>,
    names: &'n mut Interner,
    /// The hosts defined so far; a service may come before its host.
    hosts: HashSet<Text>,
}

impl Builder<'_> {
    fn host(&mut self, block: &Block<'_>, path: &Path) -> Result<(), BlockError> {
        self.key.clear();
        self.key.push(b'h');
        let mut name = b"".as_slice();
        let mut host = HostObject::default();
        for (key, value) in block.fields() {
            match key {
                b"host_name" => name = value,
                b"parents" => host.parents = self.list(value),
                _ if key.starts_with(b"_") => match () {
                    () if key.eq_ignore_ascii_case(b"_SITE_NAME") => host.site = self.custom(value),
                    () if key.eq_ignore_ascii_case(b"_ROC") => host.ngi = self.custom(value),
                    () => {}
                },
                _ => self.rule_field(key, value),
            }
        }
        if name.is_empty() {
            return Err(nameless(path, "host", "host_name"));
        }
        host.rules = self.rules(HOST_OPTIONS);
        let name = self.names.name(name);
        if !self.hosts.insert(name.clone()) {
            self.cache.twice.insert(name.to_string());
        }
        let known = self.cache.objects.hosts.entry(name).or_default();
        host.services = std::mem::take(&mut known.services);
        *known = host;
        Ok(())
    }

    fn service(&mut self, block: &Block<'_>, path: &Path) -> Result<(), BlockError> {
        self.key.clear();
        self.key.push(b's');
        let (mut host, mut name) = (b"".as_slice(), b"".as_slice());
        let mut service = ServiceObject::default();
        for (key, value) in block.fields() {
            match key {
                b"host_name" => host = value,
                b"service_description" => name = value,
                b"initial_state" => service.starts_bad = value != b"o",
                _ if key.starts_with(b"_") => match () {
                    () if key.eq_ignore_ascii_case(b"_SERVICE_FLAVOUR") => service.service_type = self.custom(value),
                    () if key.eq_ignore_ascii_case(b"_METRIC_NAME") => service.metric = self.custom(value),
                    () if key.eq_ignore_ascii_case(b"_VO") => service.vo = self.custom(value),
                    () if key.eq_ignore_ascii_case(b"_SITE_NAME") => service.site = self.custom(value),
                    () if key.eq_ignore_ascii_case(b"_ROC") => service.ngi = self.custom(value),
                    () if key.eq_ignore_ascii_case(b"_SERVICE_URI") => service.uri = self.custom(value),
                    () => {}
                },
                _ => self.rule_field(key, value),
            }
        }
        if host.is_empty() {
            return Err(nameless(path, "service", "host_name"));
        }
        if name.is_empty() {
            return Err(nameless(path, "service", "service_description"));
        }
        service.rules = self.rules(SERVICE_OPTIONS);
        let (host, name) = (self.names.name(host), self.names.name(name));
        let of_host = &mut self.cache.objects.hosts.entry(host.clone()).or_default().services;
        if of_host.insert(name.clone(), service).is_some() {
            self.cache.twice.insert(format!("{host};{name}"));
        }
        Ok(())
    }

    /// Notes a field that belongs to the notification rules.
    fn rule_field(&mut self, key: &[u8], value: &[u8]) {
        if matches!(
            key,
            b"notification_options"
                | b"notifications_enabled"
                | b"notification_period"
                | b"notification_interval"
                | b"first_notification_delay"
                | b"check_interval"
                | b"retry_interval"
                | b"max_check_attempts"
                | b"is_volatile"
                | b"flap_detection_enabled"
                | b"contacts"
                | b"contact_groups"
        ) {
            self.key.extend_from_slice(key);
            self.key.push(b'\t');
            self.key.extend_from_slice(value);
            self.key.push(b'\n');
        }
    }

    /// The index of the rules noted since the object began.
    fn rules(&mut self, letters: &[u8]) -> u32 {
        if let Some(index) = self.rules.get(&self.key) {
            return *index;
        }
        let mut rules = NotificationRules { enabled: true, flap_detection: true, ..NotificationRules::default() };
        let key = std::mem::take(&mut self.key);
        for line in key.get(1..).unwrap_or_default().split(|b| *b == b'\n') {
            let Some(tab) = memchr::memchr(b'\t', line) else { continue };
            let (key, value) = (line.get(..tab).unwrap_or_default(), line.get(tab + 1..).unwrap_or_default());
            match key {
                b"notification_options" => rules.options = self.options(value, letters),
                b"notifications_enabled" => rules.enabled = value != b"0",
                b"notification_period" => rules.period = self.names.name(value),
                b"notification_interval" => rules.interval_milli = milli(value).unwrap_or(0),
                b"first_notification_delay" => rules.first_delay_milli = milli(value).unwrap_or(0),
                b"check_interval" => rules.check_interval_milli = milli(value).unwrap_or(0),
                b"retry_interval" => rules.retry_interval_milli = milli(value).unwrap_or(0),
                b"max_check_attempts" => rules.max_attempts = count(value),
                // Naemon has 2 as well: volatile, and re-notified at its interval.
                b"is_volatile" => rules.volatile = value != b"0",
                b"flap_detection_enabled" => rules.flap_detection = value != b"0",
                b"contacts" => rules.contacts = self.list(value),
                b"contact_groups" => rules.contact_groups = self.list(value),
                _ => {}
            }
        }
        let index = u32::try_from(self.cache.objects.rules.len()).unwrap_or(u32::MAX);
        self.cache.objects.rules.push(rules);
        self.rules.insert(key, index);
        index
    }

    fn contact(&mut self, block: &Block<'_>) {
        let mut contact = Contact { service_enabled: true, host_enabled: true, ..Contact::default() };
        let mut name = self.names.empty();
        for (key, value) in block.fields() {
            match key {
                b"contact_name" => name = self.names.name(value),
                b"service_notification_options" => contact.service_options = self.options(value, SERVICE_OPTIONS),
                b"host_notification_options" => contact.host_options = self.options(value, HOST_OPTIONS),
                b"service_notification_period" => contact.service_period = self.names.name(value),
                b"host_notification_period" => contact.host_period = self.names.name(value),
                b"service_notifications_enabled" => contact.service_enabled = value != b"0",
                b"host_notifications_enabled" => contact.host_enabled = value != b"0",
                _ => {}
            }
        }
        self.cache.objects.contacts.insert(name, contact);
    }

    fn contact_group(&mut self, block: &Block<'_>) {
        let (mut name, mut members) = (self.names.empty(), Vec::new());
        for (key, value) in block.fields() {
            match key {
                b"contactgroup_name" => name = self.names.name(value),
                b"members" => members = self.list(value),
                _ => {}
            }
        }
        self.cache.objects.contact_groups.insert(name, members);
    }

    fn host_group(&mut self, block: &Block<'_>) {
        let (mut name, mut members) = (self.names.empty(), Vec::new());
        for (key, value) in block.fields() {
            match key {
                b"hostgroup_name" => name = self.names.name(value),
                b"members" => members = self.list(value),
                _ => {}
            }
        }
        self.cache.objects.host_groups.insert(name, members);
    }

    /// Its members are host, service, host, service, …
    fn service_group(&mut self, block: &Block<'_>) {
        let (mut name, mut members) = (self.names.empty(), Vec::new());
        for (key, value) in block.fields() {
            match key {
                b"servicegroup_name" => name = self.names.name(value),
                b"members" => members = self.list(value),
                _ => {}
            }
        }
        let pair = |pair: &[Text]| Some((pair.first()?.clone(), pair.get(1)?.clone()));
        self.cache.objects.service_groups.insert(name, members.chunks(2).filter_map(pair).collect());
    }

    fn timeperiod(&mut self, block: &Block<'_>) {
        let (mut name, mut period) = (self.names.empty(), Timeperiod::default());
        for (key, value) in block.fields() {
            if key == b"timeperiod_name" {
                name = self.names.name(value);
            }
            timeperiod::field(&mut period, key, value, self.names);
        }
        self.cache.objects.timeperiods.insert(name, period);
    }

    /// `None` for a dependency that matters to checks only, not to notifications.
    fn dependency(&mut self, block: &Block<'_>, letters: &[u8]) -> Option<Extra> {
        let (mut host, mut service) = (self.names.empty(), self.names.empty());
        let mut master = Dependency::default();
        for (key, value) in block.fields() {
            match key {
                b"host_name" => master.host = self.names.name(value),
                b"service_description" => master.service = self.names.name(value),
                b"dependent_host_name" => host = self.names.name(value),
                b"dependent_service_description" => service = self.names.name(value),
                b"inherits_parent" => master.inherits_parent = value == b"1",
                b"dependency_period" => master.period = self.names.name(value),
                b"notification_failure_options" | b"notification_failure_criteria" => {
                    master.criteria = self.options(value, letters);
                }
                _ => {}
            }
        }
        (!master.criteria.is_empty()).then_some(Extra { host, service, what: What::Dependency(master) })
    }

    fn escalation(&mut self, block: &Block<'_>, letters: &[u8]) -> Extra {
        let (mut host, mut service) = (self.names.empty(), self.names.empty());
        let mut escalation = Escalation::default();
        for (key, value) in block.fields() {
            match key {
                b"host_name" => host = self.names.name(value),
                b"service_description" => service = self.names.name(value),
                b"first_notification" => escalation.first = count(value),
                b"last_notification" => escalation.last = count(value),
                b"notification_interval" => escalation.interval_milli = milli(value).unwrap_or(0),
                b"escalation_options" => escalation.options = self.options(value, letters),
                b"escalation_period" => escalation.period = self.names.name(value),
                b"contacts" => escalation.contacts = self.list(value),
                b"contact_groups" => escalation.contact_groups = self.list(value),
                _ => {}
            }
        }
        Extra { host, service, what: What::Escalation(escalation) }
    }

    fn attach(&mut self, extra: Extra) {
        let host = self.cache.objects.hosts.get_mut(&extra.host);
        let lists = host.and_then(|host| match &*extra.service {
            "" => Some((&mut host.depends_on, &mut host.escalations)),
            name => host.services.get_mut(name).map(|s| (&mut s.depends_on, &mut s.escalations)),
        });
        match (lists, extra.what) {
            (Some((masters, _)), What::Dependency(dependency)) => masters.push(dependency),
            (Some((_, escalations)), What::Escalation(escalation)) => escalations.push(escalation),
            (None, _) => self.cache.dangling += 1,
        }
    }

    fn list(&mut self, value: &[u8]) -> Vec<Text> {
        list(value).map(|name| self.names.name(name)).collect()
    }

    /// A custom variable's value; Nagios writes `null` for an empty one.
    fn custom(&mut self, value: &[u8]) -> Text {
        if value == b"null" { self.names.empty() } else { self.names.name(value) }
    }

    /// Option letters in the order of `all`, `a` written out; letters that are not in `all` (`n`: none) are dropped.
    fn options(&mut self, value: &[u8], all: &[u8]) -> Text {
        let every = list(value).any(|word| word == b"a");
        let mut letters: Vec<u8> = Vec::with_capacity(all.len());
        letters.extend(all.iter().filter(|letter| every || list(value).any(|word| word.first() == Some(letter))));
        self.names.name(&letters)
    }
}

/// That there are more of them than the one that was named.
pub(crate) fn others(count: usize) -> String {
    if count > 1 { format!(", and {} more", count - 1) } else { String::new() }
}

/// The words of a list, separated by commas.
pub(super) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|word| !word.is_empty())
}

fn count(value: &[u8]) -> u32 {
    number(value).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

fn nameless(path: &Path, kind: &'static str, key: &'static str) -> BlockError {
    BlockError::Value { path: path.to_path_buf(), kind, object: "an object".to_owned(), key, value: String::new() }
}

#[cfg(test)]
#[path = "objects_tests.rs"]
mod tests;
