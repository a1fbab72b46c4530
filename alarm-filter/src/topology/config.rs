//! Where GOCDB's answers come from, as the configuration says it.

use super::gocdb::Method;
use serde::Deserialize;
use std::path::PathBuf;
use thiserror::Error;
use ureq::http::Uri;

/// The `[topology]` table. What stands here for TLS holds for every source that does not say otherwise itself.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct TopologyConfig {
    /// Sites.
    pub get_site: Option<SourceConfig>,
    /// Services; needed.
    pub get_service_endpoint: Option<SourceConfig>,
    /// Downtimes, flat.
    pub get_downtime: Option<SourceConfig>,
    /// Downtimes, nested; instead of the flat ones.
    pub get_downtime_nested_services: Option<SourceConfig>,
    /// NGIs; without it they are those that sites and services name.
    pub get_roc_list: Option<SourceConfig>,
    /// Client certificate, PEM; the chain may follow it.
    pub certificate: Option<PathBuf>,
    /// Its key, PEM, not encrypted.
    pub key: Option<PathBuf>,
    /// Trust anchors: a PEM file, or a folder of them (all `*.pem`, `*.crt` and hash-named `*.0` to `*.9`). Without it:
    /// the anchors of the web (Mozilla's list).
    pub ca: Option<PathBuf>,
    /// Address of a proxy, `http://host:port`. The environment's proxy variables are not looked at.
    pub proxy: Option<String>,
    /// Share (0 to 1) of the known sites or services that an answer may take away; beyond it the answer is refused.
    pub shrink_limit: f64,
    /// What `check_bdii --gocdb-report` wrote, one file for each BDII: shown beside the topology.
    pub published: Vec<PathBuf>,
}

/// One source.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Path of a file, or an address with http:// or https:// and the method among its parameters.
    pub source: String,
    /// Ask page by page (`next_cursor`).
    #[serde(default)]
    pub paging: bool,
    /// Seconds between two refreshes: at least 10; 300 for downtimes and 1800 for the rest when not given.
    pub poll_seconds: Option<u64>,
    /// Seconds that one request may take as a whole (60).
    #[serde(default = "sixty")]
    pub timeout_seconds: u64,
    /// Bytes that an answer, all its pages together, may have (67108864).
    #[serde(default = "max_bytes")]
    pub max_bytes: u64,
    /// As in `[topology]`, for this source.
    pub certificate: Option<PathBuf>,
    /// As in `[topology]`, for this source.
    pub key: Option<PathBuf>,
    /// As in `[topology]`, for this source.
    pub ca: Option<PathBuf>,
    /// As in `[topology]`, for this source.
    pub proxy: Option<String>,
}

/// A source's place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// An address.
    Address(Uri),
}

/// What is wrong with the `[topology]` table.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[error("topology.{key}: {what}")]
pub struct ConfigError {
    /// Which key.
    pub key: String,
    /// What is wrong, and what to write instead.
    pub what: String,
}

fn sixty() -> u64 {
    60
}

fn max_bytes() -> u64 {
    64 << 20
}

impl Default for TopologyConfig {
    fn default() -> Self {
        TopologyConfig {
            get_site: None,
            get_service_endpoint: None,
            get_downtime: None,
            get_downtime_nested_services: None,
            get_roc_list: None,
            certificate: None,
            key: None,
            ca: None,
            proxy: None,
            shrink_limit: 0.2,
            published: Vec::new(),
        }
    }
}

impl TopologyConfig {
    /// A method's source.
    pub fn source(&self, method: Method) -> Option<&SourceConfig> {
        match method {
            Method::GetSite => &self.get_site,
            Method::GetServiceEndpoint => &self.get_service_endpoint,
            Method::GetDowntime => &self.get_downtime,
            Method::GetDowntimeNestedServices => &self.get_downtime_nested_services,
            Method::GetRocList => &self.get_roc_list,
        }
        .as_ref()
    }

    /// A method's source with the table's settings where it has none of its own.
    pub fn effective(&self, method: Method) -> Option<SourceConfig> {
        let mut source = self.source(method)?.clone();
        // A certificate and its key belong together: they are inherited together.
        if source.certificate.is_none() && source.key.is_none() {
            source.certificate.clone_from(&self.certificate);
            source.key.clone_from(&self.key);
        }
        source.ca = source.ca.or_else(|| self.ca.clone());
        source.proxy = source.proxy.or_else(|| self.proxy.clone());
        Some(source)
    }

    /// Whether the table can be carried out at all; opens nothing.
    pub fn check(&self) -> Result<(), ConfigError> {
        let error = |key: &str, what: &str| Err(ConfigError { key: key.to_owned(), what: what.to_owned() });
        if !(0.0..=1.0).contains(&self.shrink_limit) {
            return error("shrink_limit", "is not between 0 and 1; 0.2 lets an answer take away a fifth");
        }
        if self.get_service_endpoint.is_none() {
            return error("get_service_endpoint", "is missing; without services nothing is registered");
        }
        if self.get_downtime.is_some() && self.get_downtime_nested_services.is_some() {
            return error("get_downtime_nested_services", "stands beside get_downtime; keep one, they say the same");
        }
        for method in Method::ALL {
            let Some(source) = self.effective(method) else { continue };
            let key = |field: &str| format!("{method}.{field}");
            source.place().map_err(|what| ConfigError { key: key("source"), what })?;
            if source.certificate.is_some() != source.key.is_some() {
                return error(&key("certificate"), "certificate and key come together; give both or none");
            }
            if source.timeout_seconds == 0 || source.max_bytes == 0 {
                return error(&key("timeout_seconds"), "timeout_seconds and max_bytes are at least 1");
            }
            if source.poll_seconds.is_some_and(|s| s < 10) {
                return error(&key("poll_seconds"), "is under 10; GOCDB's portal itself polls every 300");
            }
        }
        Ok(())
    }
}

impl SourceConfig {
    /// A source with the defaults.
    pub fn new(source: impl Into<String>) -> Self {
        SourceConfig {
            source: source.into(),
            paging: false,
            poll_seconds: None,
            timeout_seconds: sixty(),
            max_bytes: max_bytes(),
            certificate: None,
            key: None,
            ca: None,
            proxy: None,
        }
    }

    /// File or address; the error says what is wrong with it.
    pub fn place(&self) -> Result<Place, String> {
        let Some((scheme, _)) = self.source.split_once("://") else {
            if self.source.is_empty() {
                return Err("is empty; give a path, or an address with https://".to_owned());
            }
            return Ok(Place::File(PathBuf::from(&self.source)));
        };
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return Err(format!("{scheme}:// is not known; give a path, or an address with https:// or http://"));
        }
        let address = self.source.split_once('#').map_or(self.source.as_str(), |(a, _)| a);
        let uri: Uri =
            address.parse().map_err(|e| format!("{address:?} is no address ({e}); spaces are written %20"))?;
        match uri.authority() {
            Some(a) if a.as_str().contains('@') => {
                Err("has a user name in the address; GOCDB knows people by certificate, set certificate and key"
                    .to_owned())
            }
            Some(_) => Ok(Place::Address(uri)),
            None => Err(format!("{address:?} has no host")),
        }
    }

    /// Milliseconds between two refreshes.
    pub fn poll(&self, method: Method) -> i64 {
        let default = match method {
            Method::GetDowntime | Method::GetDowntimeNestedServices => 300,
            Method::GetSite | Method::GetServiceEndpoint | Method::GetRocList => 1800,
        };
        // A day at most: a source that is never asked again is a mistake, not a wish.
        i64::try_from(self.poll_seconds.unwrap_or(default).clamp(1, 86_400)).unwrap_or(86_400) * 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> TopologyConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn reads_a_table_and_hands_its_settings_down() {
        let c = config(
            r#"
            ca = "/etc/grid-security/certificates"
            certificate = "/etc/gridward/hostcert.pem"
            key = "/etc/gridward/hostkey.pem"
            [get_service_endpoint]
            source = "https://goc.example.org/gocdbpi/public/?method=get_service_endpoint"
            paging = true
            [get_downtime]
            source = "downtimes.xml"
            poll_seconds = 60
            "#,
        );
        c.check().unwrap();
        let s = c.effective(Method::GetServiceEndpoint).unwrap();
        assert!(s.paging && s.key.is_some() && s.ca.is_some());
        assert_eq!((s.poll(Method::GetServiceEndpoint), s.timeout_seconds), (1_800_000, 60));
        assert_eq!(c.effective(Method::GetDowntime).unwrap().place(), Ok(Place::File("downtimes.xml".into())));
        assert!(c.effective(Method::GetSite).is_none());
        assert!(toml::from_str::<TopologyConfig>("shrink = 1").is_err(), "unknown keys are refused");
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| config(text).check().unwrap_err().to_string();
        let services = "[get_service_endpoint]\nsource = 'a'\n";
        assert!(wrong("").starts_with("topology.get_service_endpoint: is missing"));
        assert!(wrong(&format!("shrink_limit = 20.0\n{services}")).starts_with("topology.shrink_limit"));
        assert!(wrong(&format!("key = 'k'\n{services}")).contains("come together"));
        assert!(
            wrong(&format!("{services}[get_downtime]\nsource='a'\n[get_downtime_nested_services]\nsource='b'"))
                .contains("keep one")
        );
        for (source, word) in [
            ("", "empty"),
            ("ftp://a/b", "ftp"),
            ("https://u:p@a/", "certificate"),
            ("https://", "address"),
            ("https://a/b c", "%20"),
        ] {
            let line = wrong(&format!("[get_service_endpoint]\nsource = '{source}'"));
            assert!(line.contains(word), "{source}: {line}");
        }
        assert!(wrong(&format!("{services}poll_seconds = 1")).contains("300"));
    }
}
