//! `[web]`: who acts on the pages, and by which names they are reached.

use super::sections::Fault;
use crate::web::{Operators, fit_name};
use axum::http::HeaderName;
use serde::Deserialize;
use toml::Spanned;

/// Header fields that browsers or the protocol itself fill: none of them can name a user.
const NOT_FOR_NAMES: [&str; 10] = [
    "authorization",
    "connection",
    "cookie",
    "host",
    "origin",
    "referer",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// `[web]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSection {
    /// The header field in which a reverse proxy names who has signed in.
    pub user_header: Option<Spanned<String>>,
    /// Who acts, where nobody signs in: one name for all who reach the pages.
    pub operator: Option<Spanned<String>>,
    /// Host names, beside those of loopback, under which a reverse proxy makes this daemon reachable.
    pub allowed_hosts: Vec<Spanned<String>>,
}

impl WebSection {
    pub(super) fn faults(&self, faults: &mut Vec<Fault>) {
        if let (Some(header), Some(_)) = (&self.user_header, &self.operator) {
            let hint = "keep user_header where a web server signs people in, operator where nobody does";
            faults.push(Fault::new(header.span(), "both user_header and operator are set", hint));
        }
        if let Some(header) = &self.user_header
            && header_of(header.get_ref()).is_none()
        {
            let hint = "write one that only your web server sets: \"X-Remote-User\"";
            let what = format!("{:?} is no header field that can name a user", header.get_ref());
            faults.push(Fault::new(header.span(), what, hint));
        }
        if let Some(name) = &self.operator
            && let Err(why) = fit_name(name.get_ref())
        {
            let hint = "write who works here: \"ROD of NGI_X\"";
            faults.push(Fault::new(name.span(), format!("operator {why}"), hint));
        }
        for host in &self.allowed_hosts {
            let name = host.get_ref();
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            if name.is_empty() || name.len() > 253 || !name.chars().all(fits) {
                let hint = "write the name alone, without http:// and without a port: \"rod.example.org\"";
                faults.push(Fault::new(host.span(), format!("{name:?} is no host name"), hint));
            }
        }
    }

    /// Who acts.
    pub fn operators(&self) -> Operators {
        let header = self.user_header.as_ref().and_then(|h| header_of(h.get_ref())).map(Operators::Header);
        let name = || self.operator.as_ref().map(|n| Operators::Name(n.get_ref().trim().into()));
        header.or_else(name).unwrap_or_default()
    }
}

fn header_of(name: &str) -> Option<HeaderName> {
    let name = HeaderName::try_from(name).ok()?;
    let word = name.as_str();
    let browsers = ["accept", "content-", "if-", "sec-"].iter().any(|start| word.starts_with(start));
    (!browsers && !NOT_FOR_NAMES.contains(&word)).then_some(name)
}
