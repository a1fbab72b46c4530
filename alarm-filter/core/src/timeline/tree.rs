//! From metrics up to a site, as EGI aggregates: the metrics of an endpoint are all needed, of the endpoints of a service
//! type one is enough, of the service types of a group one is enough, and of the groups all are needed.

use super::line::Line;
use crate::input::Text;
use crate::profile::Profile;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// The line of one metric of one service.
#[derive(Clone, Debug)]
pub struct Member {
    /// The service type.
    pub service_type: Text,
    /// The host.
    pub host: Text,
    /// How it stood.
    pub line: Line,
}

/// How a site stood, and what that is made of.
#[derive(Clone, Debug)]
pub struct Tree {
    /// By service type and host.
    pub endpoints: BTreeMap<(Text, Text), Line>,
    /// By service type.
    pub types: BTreeMap<Text, Line>,
    /// By group; a service type that no group names is one of its own.
    pub groups: BTreeMap<Text, Line>,
    /// The site.
    pub site: Line,
}

impl Tree {
    /// Over the members that count, by the groups of a profile.
    pub fn of(from: Timestamp, to: Timestamp, members: &[Member], profile: &Profile) -> Tree {
        let mut by_endpoint: BTreeMap<(Text, Text), Vec<&Line>> = BTreeMap::new();
        for m in members {
            let host = Text::from(m.host.to_ascii_lowercase());
            by_endpoint.entry((m.service_type.clone(), host)).or_default().push(&m.line);
        }
        let endpoints: BTreeMap<(Text, Text), Line> =
            by_endpoint.into_iter().map(|(k, lines)| (k, Line::all(from, to, lines))).collect();
        let types = gathered(from, to, &endpoints, |(service_type, _)| service_type.clone());
        let groups = gathered(from, to, &types, |service_type| profile.group_of(service_type));
        let site = Line::all(from, to, groups.values());
        Tree { endpoints, types, groups, site }
    }
}

/// One of those that stand under the same name is enough.
fn gathered<K>(
    from: Timestamp,
    to: Timestamp,
    lines: &BTreeMap<K, Line>,
    name: impl Fn(&K) -> Text,
) -> BTreeMap<Text, Line> {
    let mut by_name: BTreeMap<Text, Vec<&Line>> = BTreeMap::new();
    for (key, line) in lines {
        by_name.entry(name(key)).or_default().push(line);
    }
    by_name.into_iter().map(|(name, lines)| (name, Line::any(from, to, lines))).collect()
}
