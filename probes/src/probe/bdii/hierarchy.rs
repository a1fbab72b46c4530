//! E025 for every parent: who needs children (or a parent) of a kind, and who has them.
//!
//! A child counts by its place in the tree or by its foreign key. The tool that the ids come from asks only whether such an entry
//! exists anywhere, so that one good site hides all others.
use super::entry::Entry;
use super::judge::{At, Judge};
use super::nodes::{self, Node};
use super::references::key;
use super::tables::{Attr, RowId, Tables};

const LOCATION: u16 = 1;
const CONTACT: u16 = 1 << 1;
const MANAGER: u16 = 1 << 2;
const ENVIRONMENT: u16 = 1 << 3;
const PROTOCOL: u16 = 1 << 4;
const ENDPOINT: u16 = 1 << 5;
const ACCESS: u16 = 1 << 6;
const MAPPING: u16 = 1 << 7;

/// Parents that need children, and children whose parents had not come yet.
#[derive(Debug, Default)]
pub struct Needs {
    parents: Vec<(Node, u64, u16)>,
    early: Vec<(u64, u16)>,
}

/// Whether entries of this kind have none below them; most do.
pub fn is_leaf(entry: &Entry<'_>, tables: &Tables) -> bool {
    let c = &tables.c;
    let leaves = [
        c.access_policy,
        c.mapping_policy,
        c.location,
        c.contact,
        c.application,
        c.access_protocol,
        c.service_capacity,
        c.share_capacity,
        c.g1_vo,
        c.g1_view,
        c.g1_access,
        c.g1_control,
        c.g1_bind,
    ];
    // Application environments may have handles below them, which are asked for nothing.
    leaves.iter().any(|class| entry.is(*class))
}

impl Judge<'_> {
    /// Notes what an entry needs and whose need it answers.
    pub(super) fn note_hierarchy(&mut self, at: &At<'_>) {
        let (tables, entry) = (self.tables, &at.entry);
        let (a, c) = (&tables.a, &tables.c);
        let mut needs = 0;
        let mut id = None;
        let mut need = |class: u8, identifier: Attr, kinds: u16| {
            if entry.is(class) {
                needs |= kinds;
                id = id.or_else(|| entry.first(identifier).map(|value| key(identifier, 0, value)));
            }
        };
        need(c.admin_domain, a.domain_id, LOCATION | CONTACT);
        need(c.service, a.service_id, ENDPOINT);
        need(c.computing_service, a.service_id, MANAGER);
        need(c.storage_service, a.service_id, PROTOCOL);
        need(c.computing_manager, a.manager_id, ENVIRONMENT);
        need(c.endpoint, a.endpoint_id, ACCESS);
        need(c.share, a.share_id, MAPPING);
        if needs != 0 {
            self.needs.parents.push((at.node, id.unwrap_or(0), needs));
        }
        let keys: [(u8, u16, Attr, Option<Attr>); 8] = [
            (c.location, LOCATION, a.domain_id, Some(a.location_domain)),
            (c.contact, CONTACT, a.domain_id, Some(a.contact_domain)),
            (c.computing_manager, MANAGER, a.service_id, Some(a.manager_service)),
            (c.environment, ENVIRONMENT, a.manager_id, Some(a.environment_manager)),
            (c.access_protocol, PROTOCOL, a.service_id, Some(a.protocol_service)),
            (c.endpoint, ENDPOINT, a.service_id, Some(a.endpoint_service)),
            (c.access_policy, ACCESS, a.endpoint_id, Some(a.access_endpoint)),
            (c.mapping_policy, MAPPING, a.share_id, Some(a.mapping_share)),
        ];
        for (class, kind, owner, foreign) in keys {
            if !entry.is(class) {
                continue;
            }
            match self.nodes.parent(at.node) {
                Some(parent) => self.nodes.add_children(parent, kind),
                None => self.needs.early.push((nodes::hash(nodes::split(entry.dn).1), kind)),
            }
            if let Some(value) = foreign.and_then(|foreign| entry.first(foreign)) {
                let answered = answered_by(kind, key(owner, 0, value));
                // In most trees the child stands below the parent that its key names; nothing is to be remembered then.
                if !self.is_child_of(at, value) {
                    self.references.publish(answered);
                }
            }
        }
        if entry.is(c.share_capacity) {
            let under_share = nodes::split(entry.dn).1.to_ascii_lowercase().starts_with(b"glue2shareid=");
            if !under_share && !entry.has(a.capacity_share) {
                self.found(at, tables.r.no_share, || "neither below a share nor with its key".to_owned());
            }
        }
    }

    /// Notes a child of which only the name is known: whatever kinds its name allows.
    pub(super) fn note_child(&mut self, above: &[u8], identifier: &str) {
        let kinds = match identifier {
            "GLUE2LocationID" => LOCATION,
            "GLUE2ContactID" => CONTACT,
            "GLUE2ManagerID" => MANAGER,
            "GLUE2ResourceID" => ENVIRONMENT,
            "GLUE2StorageAccessProtocolID" => PROTOCOL,
            "GLUE2EndpointID" => ENDPOINT,
            "GLUE2PolicyID" => ACCESS | MAPPING,
            _ => return,
        };
        self.needs.early.push((nodes::hash(above), kinds));
    }

    /// Whether the RDN above an entry has this value.
    fn is_child_of(&self, at: &At<'_>, value: &[u8]) -> bool {
        let above = nodes::split(nodes::split(at.entry.dn).1).0;
        above.iter().position(|byte| *byte == b'=').is_some_and(|eq| above[eq + 1..].eq_ignore_ascii_case(value))
    }

    /// Says which parents have no children of a kind that they need.
    pub(super) fn hierarchy(&mut self) {
        let tables = self.tables;
        let r = &tables.r;
        for (hash, kind) in std::mem::take(&mut self.needs.early) {
            if let Some(parent) = self.nodes.find(hash) {
                self.nodes.add_children(parent, kind);
            }
        }
        let kinds: [(u16, RowId); 8] = [
            (LOCATION, r.no_location),
            (CONTACT, r.no_contact),
            (MANAGER, r.no_manager),
            (ENVIRONMENT, r.no_environment),
            (PROTOCOL, r.no_protocol),
            (ENDPOINT, r.no_endpoint),
            (ACCESS, r.no_access),
            (MAPPING, r.no_mapping),
        ];
        for (node, id, needs) in std::mem::take(&mut self.needs.parents) {
            let has = self.nodes.children(node);
            for (kind, row) in kinds {
                if needs & kind & !has != 0 && !self.references.has(answered_by(kind, id)) {
                    let name = tables.row(row).attribute.clone();
                    self.found_node(node, row, format!("no {name}"));
                }
            }
        }
    }
}

/// What a child with a foreign key publishes for its owner, from the owner's own key.
fn answered_by(kind: u16, id: u64) -> u64 {
    id ^ (u64::from(kind) << 48) ^ 0x9e37_79b9_7f4a_7c15
}
