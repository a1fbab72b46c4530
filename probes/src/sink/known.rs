//! The hosts and services that a Nagios has, from its objects.cache: results of others it would drop without telling us.

use super::{Delivery, PassiveResult, record};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::SystemTime;

/// What is known of a Nagios' objects; read again when the file has changed.
#[derive(Debug)]
pub struct Known {
    path: PathBuf,
    read: Option<SystemTime>,
    hosts: HashMap<String, HashSet<String>>,
}

impl Known {
    /// Of this objects.cache.
    pub fn new(path: PathBuf) -> Known {
        Known { path, read: None, hosts: HashMap::new() }
    }

    /// Splits results into those of known services, and puts the names of the others into `delivery`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sort<'r>(
        &mut self,
        results: &'r [PassiveResult],
        delivery: &mut Delivery,
    ) -> Result<Vec<&'r PassiveResult>, String> {
        let failed = |e: std::io::Error| {
            format!(
                "cannot read {}, which says what Nagios knows: {e}; name its object_cache_file",
                self.path.display()
            )
        };
        let changed = std::fs::metadata(&self.path).and_then(|meta| meta.modified()).map_err(failed)?;
        if self.read != Some(changed) {
            let content = std::fs::read(&self.path).map_err(failed)?;
            self.hosts = parse(&String::from_utf8_lossy(&content));
            self.read = Some(changed);
        }
        Ok(sort(results, delivery, |result| {
            let services = self.hosts.get(&result.host);
            services.is_some_and(|services| result.service.as_ref().is_none_or(|name| services.contains(name)))
        }))
    }
}

/// As [`Known::sort`] without a list: only names that no Nagios can have are unknown.
pub fn nameable<'r>(results: &'r [PassiveResult], delivery: &mut Delivery) -> Vec<&'r PassiveResult> {
    sort(results, delivery, |_| true)
}

fn sort<'r>(
    results: &'r [PassiveResult],
    delivery: &mut Delivery,
    knows: impl Fn(&PassiveResult) -> bool,
) -> Vec<&'r PassiveResult> {
    let (known, unknown): (Vec<_>, Vec<_>) = results.iter().partition(|result| {
        record::nameable(&result.host) && result.service.as_deref().is_none_or(record::nameable) && knows(result)
    });
    delivery.unknown.extend(unknown.into_iter().map(PassiveResult::name));
    known
}

fn parse(content: &str) -> HashMap<String, HashSet<String>> {
    let mut hosts: HashMap<String, HashSet<String>> = HashMap::new();
    let (mut kind, mut host, mut service) = ("", "", "");
    for line in content.lines().map(str::trim) {
        if let Some(defined) = line.strip_prefix("define ") {
            (kind, host, service) = (defined.trim_end_matches('{').trim(), "", "");
        } else if line == "}" {
            match kind {
                "host" => drop(hosts.entry(host.to_owned()).or_default()),
                "service" => drop(hosts.entry(host.to_owned()).or_default().insert(service.to_owned())),
                _ => {}
            }
            kind = "";
        } else if let Some((key, value)) = line.split_once('\t') {
            match key {
                "host_name" => host = value,
                "service_description" => service = value,
                _ => {}
            }
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nagios_does_not_have_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("objects.cache");
        let text =
            "define host {\n\thost_name\th\n\t}\ndefine service {\n\thost_name\th\n\tservice_description\tA b\n\t}\n";
        std::fs::write(&path, text).unwrap();
        let now = SystemTime::now();
        let result = |host: &str, service: Option<&str>| PassiveResult {
            host: host.to_owned(),
            service: service.map(str::to_owned),
            code: 0,
            output: String::new(),
            times: (now, now),
        };
        let results = [result("h", Some("A b")), result("h", None), result("h", Some("C")), result("i", None)];
        let mut delivery = Delivery::default();
        let known = Known::new(path).sort(&results, &mut delivery).unwrap().len();
        assert_eq!((known, delivery.unknown), (2, vec!["h;C".to_owned(), "i".to_owned()]));
        let mut delivery = Delivery::default();
        assert_eq!(nameable(&[result("a;b", None), result("h", Some("x"))], &mut delivery).len(), 1);
        assert!(Known::new("/no/such".into()).sort(&results, &mut delivery).unwrap_err().contains("/no/such"));
    }
}
