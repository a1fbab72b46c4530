//! GOCDB's services, from a file with the answer of `get_service` or `get_service_endpoint`, and what differs from the BDII.
//!
//! ROD's manual, 5.4.5: a node that is published and not registered, or registered as not in production, should leave the site BDII,
//! or be registered; one that is registered, in production and not published is the reverse of it.
use std::collections::{BTreeMap, BTreeSet};

use super::judge::Judge;
use super::nodes::Site;
use super::published::{One, Where};
use super::tables::{RowId, Tables};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Serialize;

const SERVICES: &str = include_str!("tables/services.table");

/// A registered service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registered {
    /// HOSTNAME, in lower case.
    pub host: String,
    /// SERVICE_TYPE
    pub kind: String,
    /// SITENAME
    pub site: String,
    /// IN_PRODUCTION
    pub production: bool,
    /// NODE_MONITORED
    pub monitored: bool,
    /// URL, the service's own; empty where none is given.
    pub url: String,
    /// ROC_NAME, the region.
    pub roc: String,
}

/// What is registered.
#[derive(Debug, Default)]
pub struct Registry {
    /// Every service.
    pub all: Vec<Registered>,
    by_host: BTreeMap<String, Vec<usize>>,
}

impl Registry {
    /// Reads GOCDB's XML.
    ///
    /// # Errors
    /// It is no XML, or no answer of GOCDB, or an empty one, which would make every published service a stranger.
    pub fn read(bytes: &[u8]) -> Result<Registry, String> {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::from_str(&text);
        reader.config_mut().trim_text(true);
        let mut registry = Registry::default();
        let mut path: Vec<String> = Vec::new();
        let mut current = Registered::default();
        let mut content = String::new();
        let mut rooted = false;
        loop {
            let at = reader.buffer_position();
            let wrong = |what: String| format!("byte {at}: {}", plugin::text::line(&what));
            match reader.read_event().map_err(|error| wrong(error.to_string()))? {
                Event::Start(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    rooted |= path.is_empty() && name == "results";
                    if name == "SERVICE_ENDPOINT" {
                        current = Registered::default();
                    }
                    path.push(name);
                    content.clear();
                    if path.len() > 32 {
                        return Err(wrong("nested too deep for an answer of GOCDB".to_owned()));
                    }
                }
                Event::Text(part) => content.push_str(&part.into_inner()),
                Event::GeneralRef(entity) => {
                    content.push(match entity.into_inner().as_ref() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => '?',
                    });
                }
                Event::End(_) => {
                    let name = path.pop().unwrap_or_default();
                    // Endpoints and extensions inside a service have names like its own.
                    let direct = path.last().is_some_and(|parent| parent == "SERVICE_ENDPOINT");
                    match name.as_str() {
                        "HOSTNAME" if direct => current.host = content.trim().to_lowercase(),
                        "SERVICE_TYPE" if direct => current.kind = content.trim().to_owned(),
                        "SITENAME" if direct => current.site = content.trim().to_owned(),
                        "IN_PRODUCTION" if direct => current.production = content.trim().eq_ignore_ascii_case("Y"),
                        "NODE_MONITORED" if direct => current.monitored = content.trim().eq_ignore_ascii_case("Y"),
                        "URL" if direct => content.trim().clone_into(&mut current.url),
                        "ROC_NAME" if direct => content.trim().clone_into(&mut current.roc),
                        "SERVICE_ENDPOINT" => registry.add(std::mem::take(&mut current)),
                        _ => {}
                    }
                    content.clear();
                }
                Event::Eof if !path.is_empty() => return Err(wrong("the file ends in the middle".to_owned())),
                Event::Eof => break,
                _ => {}
            }
        }
        if !rooted {
            return Err("this is no answer of GOCDB: no <results>".to_owned());
        }
        if registry.all.is_empty() {
            return Err("it has no service in it".to_owned());
        }
        Ok(registry)
    }

    fn add(&mut self, service: Registered) {
        if !service.host.is_empty() {
            self.by_host.entry(service.host.clone()).or_default().push(self.all.len());
            self.all.push(service);
        }
    }

    fn of_host(&self, host: &str) -> impl Iterator<Item = &Registered> {
        self.by_host.get(host).into_iter().flatten().map(|at| &self.all[*at])
    }
}

/// A line of services.table.
#[derive(Debug)]
struct Kind {
    place: Where,
    published: &'static str,
    registered: Vec<&'static str>,
    expected: bool,
}

fn kinds() -> Vec<Kind> {
    let lines = SERVICES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let columns: Vec<&str> = line.split(" | ").map(str::trim).collect();
            let [place, published, registered, expected] = columns[..] else { return None };
            let place = match place {
                "service" => Where::Service,
                "endpoint" => Where::Endpoint,
                "ce" => Where::Ce,
                _ => Where::Se,
            };
            Some(Kind { place, published, registered: registered.split(',').collect(), expected: expected == "yes" })
        })
        .collect()
}

fn kind_of<'k>(kinds: &'k [Kind], one: &One) -> Option<&'k Kind> {
    let exact = kinds.iter().find(|kind| kind.place == one.place && kind.published.eq_ignore_ascii_case(&one.kind));
    exact.or_else(|| kinds.iter().find(|kind| kind.place == one.place && kind.published == "*"))
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Published, not registered at this site.
    NotRegistered,
    /// Published, and registered as not in production.
    NotInProduction,
    /// Registered, in production and monitored, and not published.
    NotPublished,
    /// Registered, in production, not monitored, and not published.
    NotPublishedUnmonitored,
    /// A site with a Site-BDII in production and monitored that the BDII does not have.
    SiteMissing,
    /// A site that is published and of which the file has nothing: it may be one of another region.
    SiteUnknown,
}

/// One difference, as it is told and as the alarm filter reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What differs.
    pub what: What,
    /// Whose site.
    pub site: String,
    /// The host, in lower case; of a missing site that of its Site-BDII.
    pub host: String,
    /// GOCDB's service type; where nothing is registered the first that would do.
    pub service_type: String,
    /// The entry that is published, or empty.
    pub entry: String,
    /// In words.
    pub text: String,
}

impl What {
    /// The rule that it violates.
    pub fn row(self, tables: &Tables) -> RowId {
        match self {
            What::NotRegistered => tables.r.not_registered,
            What::NotInProduction => tables.r.not_production,
            What::NotPublished => tables.r.not_published,
            What::NotPublishedUnmonitored => tables.r.not_published_unmonitored,
            What::SiteMissing => tables.r.site_missing,
            What::SiteUnknown => tables.r.site_unknown,
        }
    }
}

/// Compares what the judges saw with what is registered. `whole`: all sites can be seen; `complete`: nothing of it is missing.
pub fn compare(registry: &Registry, judges: &[&Judge<'_>], whole: bool, complete: bool) -> Vec<Difference> {
    let kinds = kinds();
    let mut differences = BTreeMap::new();
    let mut covered: BTreeSet<(String, &str)> = BTreeSet::new();
    let mut sites = BTreeSet::new();
    let known: BTreeSet<String> = registry.all.iter().map(|service| service.site.to_lowercase()).collect();
    for judge in judges {
        sites.extend(
            judge
                .counts
                .keys()
                .filter(|site| **site != Site(0))
                .map(|site| judge.nodes.site_name(*site).to_lowercase()),
        );
        for one in &judge.published.all {
            let Some(kind) = kind_of(&kinds, one) else { continue };
            let site = judge.nodes.site_name(one.site);
            if !site.is_empty() && !known.contains(&site.to_lowercase()) {
                let unknown = || Difference {
                    what: What::SiteUnknown,
                    site: site.to_owned(),
                    host: String::new(),
                    service_type: String::new(),
                    entry: judge.nodes.dn(one.node),
                    text: format!("{site} has nothing in GOCDB's file"),
                };
                differences.entry((What::SiteUnknown, site.to_lowercase())).or_insert_with(unknown);
                continue;
            }
            covered.extend(kind.registered.iter().map(|registered| (one.host.clone(), *registered)));
            let difference = published(registry, kind, one, site, || judge.nodes.dn(one.node));
            if let Some(difference) = difference {
                // One host, one finding: the CE, its queues' and its endpoints' entries all say the same.
                differences.entry((difference.what, difference.host.clone())).or_insert(difference);
            }
        }
    }
    let mut all: Vec<Difference> = differences.into_values().collect();
    if complete {
        all.extend(unpublished(registry, &kinds, &covered, &sites, whole));
    }
    all
}

fn published(
    registry: &Registry,
    kind: &Kind,
    one: &One,
    site: &str,
    dn: impl FnOnce() -> String,
) -> Option<Difference> {
    let fits = |service: &&Registered| kind.registered.iter().any(|known| known.eq_ignore_ascii_case(&service.kind));
    let at_site = |service: &&Registered| site.is_empty() || service.site.eq_ignore_ascii_case(site);
    let right: Vec<&Registered> = registry.of_host(&one.host).filter(fits).collect();
    let wanted = kind.registered[0];
    let (what, text) = if right.is_empty() {
        let others: BTreeSet<&str> = registry.of_host(&one.host).map(|service| service.kind.as_str()).collect();
        if others.is_empty() {
            (What::NotRegistered, format!("{} ({wanted}) is not registered", one.host))
        } else if !kind.expected {
            // A protocol of a registered host need not be a service of its own in GOCDB.
            return None;
        } else {
            let others: Vec<&str> = others.into_iter().collect();
            (What::NotRegistered, format!("{} is not registered as {wanted}, but as {}", one.host, others.join(", ")))
        }
    } else if let Some(elsewhere) =
        right.iter().find(|service| !at_site(service)).filter(|_| !right.iter().any(at_site))
    {
        (What::NotRegistered, format!("{} ({wanted}) is registered at {}", one.host, elsewhere.site))
    } else if right.iter().all(|service| !service.production) {
        (What::NotInProduction, format!("{} ({}) is registered as not in production", one.host, right[0].kind))
    } else {
        return None;
    };
    let service_type = right.first().map_or(wanted, |service| &service.kind).to_owned();
    Some(Difference { what, site: site.to_owned(), host: one.host.clone(), service_type, entry: dn(), text })
}

fn unpublished(
    registry: &Registry,
    kinds: &[Kind],
    covered: &BTreeSet<(String, &str)>,
    sites: &BTreeSet<String>,
    whole: bool,
) -> Vec<Difference> {
    let mut all = Vec::new();
    let expected: BTreeSet<&str> = kinds.iter().filter(|kind| kind.expected).map(|kind| kind.registered[0]).collect();
    for service in registry.all.iter().filter(|service| service.production) {
        let difference = |what, text| Difference {
            what,
            site: service.site.clone(),
            host: service.host.clone(),
            service_type: service.kind.clone(),
            entry: String::new(),
            text,
        };
        if !sites.contains(&service.site.to_lowercase()) {
            if whole && service.monitored && service.kind.eq_ignore_ascii_case("Site-BDII") {
                let text = format!("{} has {} in GOCDB and is not in this BDII", service.site, service.host);
                all.push(difference(What::SiteMissing, text));
            }
            continue;
        }
        let wanted = expected.iter().any(|kind| kind.eq_ignore_ascii_case(&service.kind));
        let is_there =
            covered.iter().any(|(host, kind)| *host == service.host && kind.eq_ignore_ascii_case(&service.kind));
        if wanted && !is_there {
            let what = if service.monitored { What::NotPublished } else { What::NotPublishedUnmonitored };
            let text =
                format!("{} ({}) is registered and in production, and nobody publishes it", service.host, service.kind);
            all.push(difference(what, text));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_read_and_what_stands_inside_them_is_not_theirs() {
        let xml = b"<?xml version=\"1.0\"?><results><SERVICE_ENDPOINT PRIMARY_KEY=\"1G0\"><HOSTNAME>CE.x.org</HOSTNAME>\
            <SERVICE_TYPE>CREAM-CE</SERVICE_TYPE><IN_PRODUCTION>Y</IN_PRODUCTION><NODE_MONITORED>N</NODE_MONITORED>\
            <SITENAME>A&amp;B</SITENAME><URL>https://ce.x.org:8443/cream?a&amp;b</URL><ENDPOINTS><ENDPOINT><HOSTNAME>no</HOSTNAME><URL>no</URL></ENDPOINT></ENDPOINTS></SERVICE_ENDPOINT></results>";
        let registry = Registry::read(xml).unwrap();
        let expected = Registered {
            host: "ce.x.org".to_owned(),
            kind: "CREAM-CE".to_owned(),
            site: "A&B".to_owned(),
            production: true,
            monitored: false,
            url: "https://ce.x.org:8443/cream?a&b".to_owned(),
            roc: String::new(),
        };
        assert_eq!(registry.all, [expected]);
    }

    #[test]
    fn what_is_no_answer_of_gocdb_is_an_error_and_no_empty_registry() {
        for text in ["", "<html></html>", "<results></results>", "<results><SERVICE_ENDPOINT>", "no xml", "</\n>"] {
            let why = Registry::read(text.as_bytes()).unwrap_err();
            assert!(!why.contains('\n'), "{why}");
        }
    }

    #[test]
    fn the_table_of_services_is_whole() {
        let lines = SERVICES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        assert_eq!(kinds().len(), lines);
    }
}
