//! The hosts and services that a test's Nagios watches.

use std::collections::BTreeSet;
use std::path::Path;

/// How an object is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Only results that the test sends.
    Passive,
    /// Nagios runs the plugin, which says what the file `plugin/HOST/SERVICE` says; every so many seconds.
    Active(u32),
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its description: the metric, perhaps with a VO's suffix.
    pub name: String,
    /// How it is checked.
    pub check: Check,
    /// Attempts until a problem is hard.
    pub max_attempts: u32,
    /// Whether Nagios looks for flapping.
    pub flapping: bool,
    /// Custom variables without the underscore, beside those of the host.
    pub custom: Vec<(String, String)>,
    /// The command line that Nagios runs instead of the plugin that says what a file says.
    pub command: Option<String>,
}

/// A host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// The site it belongs to (`_site_name`).
    pub site: String,
    /// The service type of all its services (`_service_flavour`).
    pub flavour: String,
    /// Hosts it is reached through.
    pub parents: Vec<String>,
    /// What is watched on it.
    pub services: Vec<Service>,
}

/// Everything one Nagios watches.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// The hosts, in the order of the configuration.
    pub hosts: Vec<Host>,
}

impl Service {
    /// A passive service, hard at the third attempt, without flap detection.
    pub fn passive(name: &str) -> Self {
        Service {
            name: name.to_owned(),
            check: Check::Passive,
            max_attempts: 3,
            flapping: false,
            custom: Vec::new(),
            command: None,
        }
    }

    /// An active one.
    pub fn active(name: &str, seconds: u32) -> Self {
        Service { check: Check::Active(seconds), ..Service::passive(name) }
    }

    /// Active, with a command line of its own.
    pub fn runs(name: &str, seconds: u32, command: impl Into<String>) -> Self {
        Service { command: Some(command.into()), ..Service::active(name, seconds) }
    }

    /// With so many attempts until hard.
    pub fn attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// With flap detection.
    pub fn may_flap(mut self) -> Self {
        self.flapping = true;
        self
    }
}

impl Host {
    /// A host of a site.
    pub fn new(name: &str, site: &str, flavour: &str, services: Vec<Service>) -> Self {
        Host {
            name: name.to_owned(),
            site: site.to_owned(),
            flavour: flavour.to_owned(),
            parents: Vec::new(),
            services,
        }
    }
}

/// The host of the marks (see `Nagios::mark`).
pub const MARK_HOST: &str = "mark.example.org";
/// The service of the marks.
pub const MARK_SERVICE: &str = "org.gridward.Mark";

impl Fleet {
    /// These hosts, and the one whose service carries the marks that `Nagios::mark` sets.
    pub fn new(mut hosts: Vec<Host>) -> Self {
        hosts.push(Host::new(MARK_HOST, "MARK-SITE", "Mark", vec![Service::passive(MARK_SERVICE).attempts(1)]));
        Fleet { hosts }
    }

    /// A grid of so many hosts with so many passive services each; the attempts and flap detection vary by position.
    pub fn grid(hosts: usize, services: usize) -> Self {
        const FLAVOURS: [(&str, &str); 4] = [("ARC-CE", "arc"), ("SRM", "se"), ("Site-BDII", "bdii"), ("APEL", "apel")];
        let host = |number: usize| {
            let (flavour, prefix) = FLAVOURS[number % FLAVOURS.len()];
            let services = (0..services).map(|n| {
                let service = Service::passive(&format!("org.example.{flavour}-M{n}-ops")).attempts(1 + (n % 3) as u32);
                if (number + n).is_multiple_of(4) { service.may_flap() } else { service }
            });
            let site = format!("SITE-{:02}", number % 20);
            Host::new(&format!("{prefix}{number:03}.example.org"), &site, flavour, services.collect())
        };
        Fleet::new((0..hosts).map(host).collect())
    }

    /// Every (host, service), the mark's excepted.
    pub fn services(&self) -> impl Iterator<Item = (&Host, &Service)> {
        let hosts = self.hosts.iter().filter(|host| host.name != MARK_HOST);
        hosts.flat_map(|host| host.services.iter().map(move |service| (host, service)))
    }

    /// Takes a service out of the configuration (`Nagios::reload` makes it so). False when there was none.
    pub fn remove(&mut self, host: &str, service: &str) -> bool {
        let Some(host) = self.hosts.iter_mut().find(|candidate| candidate.name == host) else { return false };
        let before = host.services.len();
        host.services.retain(|candidate| candidate.name != service);
        host.services.len() < before
    }

    /// The object configuration, with the plugin in `folder`.
    pub(crate) fn objects(&self, folder: &Path) -> String {
        let mut text = crate::nagios::config::base_objects(folder);
        let lines: BTreeSet<&str> = self.services().filter_map(|(_, service)| service.command.as_deref()).collect();
        lines.into_iter().for_each(|line| text.push_str(&crate::nagios::config::command_object(line)));
        for host in &self.hosts {
            text.push_str(&crate::nagios::config::host_objects(host));
        }
        text
    }
}
