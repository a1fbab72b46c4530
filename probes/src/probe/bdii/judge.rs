//! Judges entries, one after the other as they come, against the tables and against what else was published.
//!
//! Per entry: the schema ([`Judge::entry`]), the rules of rules.table value by value, then what needs more than one value
//! (`glue1.rs`, `glue2.rs`). When all is read, [`Judge::finish`] says which references nobody answers and which parents have no
//! children. One judge sees one tree; two run side by side.
use std::collections::BTreeMap;

use super::entry::{Entry, Scratch};
use super::findings::{Findings, Sink};
use super::glue2::Jobs;
use super::hierarchy;
use super::local::Local;
use super::nodes::{self, Node, Nodes, Site};
use super::published::Published;
use super::references::{References, key};
use super::tables::{Attr, Fit, Operand, Requirement, RowId, Tables, Type, Violation};
use super::value;
use crate::net::ldap::RawEntry;

/// What a judge is told before it starts.
#[derive(Debug, Clone)]
pub struct Brief {
    /// Seconds since 1970.
    pub now: i64,
    /// First entries that are kept of each rule.
    pub keep: usize,
    /// Whether findings are kept by site, too.
    pub by_site: bool,
    /// Whether what is published is remembered for a comparison.
    pub remember: bool,
    /// Whether services are remembered for the next run.
    pub services: bool,
    /// Whether what is published is judged, or only counted.
    pub content: bool,
    /// Whether all sites that exist can be seen: then a reference to another one has to be answered, too.
    pub whole: bool,
}

/// What was counted at a site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SiteCount {
    /// Entries.
    pub entries: u64,
    /// Services: GlueService in GLUE 1.3, GLUE2Service in GLUE 2.0.
    pub services: u64,
    /// The newest creation time: seconds since 1970.
    pub newest: Option<i64>,
}

/// A judge of one tree.
#[derive(Debug)]
pub struct Judge<'t> {
    pub(super) tables: &'t Tables,
    pub(super) brief: Brief,
    scratch: Scratch,
    /// The names.
    pub nodes: Nodes,
    /// The references.
    pub references: References,
    /// What was found.
    pub findings: Findings<'t>,
    /// What was counted, by site.
    pub counts: BTreeMap<Site, SiteCount>,
    /// What is published where, for GOCDB.
    pub published: Published,
    /// Services, for the next run: site and identifier.
    pub services: Vec<(Site, String)>,
    pub(super) needs: hierarchy::Needs,
    pub(super) jobs: Jobs,
    targets: Vec<Option<Attr>>,
    uniques: Vec<bool>,
}

/// The entry at hand and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct At<'e> {
    /// The entry.
    pub entry: Entry<'e>,
    /// Its place.
    pub node: Node,
    /// Its site.
    pub site: Site,
}

impl<'t> Judge<'t> {
    /// A judge that has seen nothing.
    pub fn new(tables: &'t Tables, local: &'t Local, brief: Brief, sink: Option<Sink>) -> Judge<'t> {
        let findings = Findings::new(tables, local, brief.keep, brief.by_site, sink);
        let targets = (0..tables.attributes.len()).map(|at| target(tables, Attr(at as u16))).collect();
        let uniques = (0..tables.attributes.len()).map(|at| unique(tables.attributes.name(Attr(at as u16)))).collect();
        Judge {
            tables,
            brief,
            scratch: Scratch::default(),
            nodes: Nodes::default(),
            references: References::default(),
            findings,
            counts: BTreeMap::new(),
            published: Published::default(),
            services: Vec::new(),
            needs: hierarchy::Needs::default(),
            jobs: Jobs::find(tables),
            targets,
            uniques,
        }
    }

    /// Judges an entry.
    pub fn entry(&mut self, raw: &RawEntry<'_>) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let entry = scratch.take(raw, self.tables);
        let (node, site) = self.nodes.add(entry.dn, hierarchy::is_leaf(&entry, self.tables));
        let at = At { entry, node, site };
        self.counts.entry(site).or_default().entries += 1;
        if self.brief.content {
            self.schema(&at);
            self.rules(&at);
        }
        if entry.is(self.tables.c.entity) {
            self.references_of(&at);
            self.glue2(&at);
        } else {
            self.glue1(&at);
        }
        self.scratch = scratch;
    }

    /// Takes note of an entry that was too long to be judged.
    pub fn too_long(&mut self, dn: &[u8], len: u64) {
        let (node, site) = self.nodes.add(dn, false);
        self.counts.entry(site).or_default().entries += 1;
        let (rdn, above) = nodes::split(dn);
        if let Some(eq) = rdn.iter().position(|byte| *byte == b'=')
            && let Some(attr) = self.tables.attributes.find(rdn[..eq].trim_ascii())
        {
            let value = rdn[eq + 1..].trim_ascii();
            self.references.publish(key(attr, 0, value));
            for (id, kind) in [("GlueCEUniqueID", "ce"), ("GlueSEUniqueID", "se"), ("GlueClusterUniqueID", "cluster")] {
                if self.tables.attributes.name(attr) == id {
                    self.references.publish(key(kind, 0, value));
                }
            }
            let a = &self.tables.a;
            if [a.service_id, a.g1_service_id].contains(&attr) {
                self.counts.entry(site).or_default().services += 1;
            }
            if self.brief.services && [a.service_id, a.g1_service_id, a.ce_id, a.se_id].contains(&attr) {
                self.services.push((site, self.pair(attr, value)));
            }
            self.note_child(above, self.tables.attributes.name(attr));
        }
        if self.brief.content {
            self.found_node(node, self.tables.r.too_long, format!("{} kB", len / 1024));
        }
    }

    /// Says what is wrong at an entry.
    pub(super) fn found(&mut self, at: &At<'_>, row: RowId, detail: impl FnOnce() -> String) {
        if self.brief.content && self.findings.wants(row) {
            let dn = || String::from_utf8_lossy(at.entry.dn).into_owned();
            self.findings.add(row, at.site, self.nodes.site_name(at.site), dn, detail);
        }
    }

    /// Says what is wrong at an entry that was seen before.
    pub(super) fn found_node(&mut self, node: Node, row: RowId, detail: String) {
        let site = self.nodes.site_of_node(node);
        let nodes = &self.nodes;
        self.findings.add(row, site, nodes.site_name(site), || nodes.dn(node), || detail);
    }

    /// `ATTRIBUTE=value`, as findings name it.
    pub(super) fn pair(&self, attr: Attr, value: &[u8]) -> String {
        format!("{}={}", self.tables.attributes.name(attr), shown(value))
    }

    /// What the schema says of the entry.
    fn schema(&mut self, at: &At<'_>) {
        let (tables, entry) = (self.tables, at.entry);
        if let Some(class) = entry.unknown_class() {
            self.found(at, tables.r.unknown_class, || format!("objectClass={}", shown(class)));
        }
        for (attr, count) in entry.attributes() {
            let spec = &tables.specs[usize::from(attr.0)];
            if spec.single && count > 1 {
                self.found(at, tables.r.single, || format!("{} has {count} values", tables.attributes.name(attr)));
            }
            if spec.requirement == Requirement::Undesirable {
                self.found(at, tables.r.undesirable, || tables.attributes.name(attr).to_owned());
            }
            for value in entry.all(attr) {
                self.value(at, attr, value, &spec.kind, spec.glue2);
            }
        }
        let mut classes = entry.classes;
        while classes != 0 {
            let class = classes.trailing_zeros() as usize;
            classes &= classes - 1;
            for (attr, requirement) in &tables.wanted[class] {
                if !entry.has(*attr) {
                    let row =
                        if *requirement == Requirement::Mandatory { tables.r.mandatory } else { tables.r.recommended };
                    self.found(at, row, || tables.attributes.name(*attr).to_owned());
                }
            }
        }
    }

    fn value(&mut self, at: &At<'_>, attr: Attr, value: &[u8], kind: &Type, glue2: bool) {
        let tables = self.tables;
        if value.is_empty() {
            self.found(at, tables.r.empty, || tables.attributes.name(attr).to_owned());
            return;
        }
        if !value.is_ascii() && std::str::from_utf8(value).is_err() {
            self.found(at, tables.r.not_utf8, || self_pair(tables, attr, value));
        }
        // What GLUE 1.3's providers write where they know nothing.
        if !glue2 && value == b"unset" && *kind != Type::Text {
            self.found(at, tables.r.unset, || self_pair(tables, attr, value));
            return;
        }
        match kind.fit(value, &tables.lists) {
            Fit::Yes => {}
            Fit::No => self.found(at, tables.r.wrong_type, || {
                format!("{} is not {}", self_pair(tables, attr, value), kind.words())
            }),
            Fit::Beside => self.found(at, tables.r.beside, || self_pair(tables, attr, value)),
        }
    }

    /// The rules of rules.table that are judged value by value.
    fn rules(&mut self, at: &At<'_>) {
        let (tables, entry) = (self.tables, at.entry);
        let mut classes = entry.classes;
        while classes != 0 {
            let class = classes.trailing_zeros() as usize;
            classes &= classes - 1;
            for row_id in &tables.by_class[class] {
                let row = tables.row(*row_id);
                let Some(attr) = row.attr else { continue };
                let present = entry.has(attr);
                if !present && row.violation != Violation::Absent {
                    continue;
                }
                if let Some(when) = &row.when
                    && !entry.any(when.attr, |value| when.values.iter().any(|known| known.as_bytes() == value))
                {
                    continue;
                }
                match &row.violation {
                    Violation::Code => {}
                    Violation::Absent => {
                        if !present {
                            self.found(at, *row_id, || row.attribute.clone());
                        }
                    }
                    Violation::Present => self.found(at, *row_id, || row.attribute.clone()),
                    Violation::Many => {
                        let count = entry.all(attr).count();
                        if count > 1 {
                            self.found(at, *row_id, || format!("{} has {count} values", row.attribute));
                        }
                    }
                    violation => {
                        for value in entry.all(attr) {
                            if violates(violation, value, &entry, tables) {
                                self.found(at, *row_id, || self_pair(tables, attr, value));
                            }
                        }
                    }
                }
            }
        }
    }

    /// Identifiers and foreign keys of GLUE 2.0.
    fn references_of(&mut self, at: &At<'_>) {
        let (tables, entry) = (self.tables, at.entry);
        for (attr, _) in entry.attributes() {
            if self.uniques[usize::from(attr.0)] {
                for value in entry.all(attr) {
                    if !self.references.publish(key(attr, 0, value)) {
                        self.found(at, tables.r.twice, || self_pair(tables, attr, value));
                    }
                }
            } else if let Some(target) = self.targets[usize::from(attr.0)] {
                for value in entry.all(attr).filter(|value| !value.is_empty()) {
                    let detail = || self_pair(tables, attr, value);
                    self.references.refer(key(target, 0, value), at.node, tables.r.dangling, detail);
                }
            }
        }
    }

    /// Says what can only be said when all is read. `complete`: nothing of the tree is missing.
    pub fn finish(&mut self, complete: bool) {
        if !complete || !self.brief.content {
            // Whatever is missing may have been in the part that did not come.
            return;
        }
        let broken = self.references.broken();
        for waiting in broken {
            if self.tables.row(waiting.row).id == "GW002" && !self.brief.whole && self.may_be_elsewhere(&waiting.detail)
            {
                continue;
            }
            self.found_node(waiting.node, waiting.row, waiting.detail);
        }
        self.hierarchy();
    }

    /// Whether a foreign key may name an object of another site, which this view does not show.
    fn may_be_elsewhere(&self, detail: &str) -> bool {
        ["GLUE2ToStorageService", "GLUE2ToComputingService", "GLUE2ServiceServiceForeignKey"]
            .iter()
            .any(|name| detail.starts_with(name))
    }
}

fn self_pair(tables: &Tables, attr: Attr, value: &[u8]) -> String {
    format!("{}={}", tables.attributes.name(attr), shown(value))
}

/// A value for people: the first 120 characters, no control characters.
pub fn shown(value: &[u8]) -> String {
    let cut = &value[..value.len().min(480)];
    let text = String::from_utf8_lossy(cut);
    let mut out: String = text.chars().take(120).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > 120 || cut.len() < value.len() {
        out.push('…');
    }
    out
}

fn violates(violation: &Violation, bytes: &[u8], entry: &Entry<'_>, tables: &Tables) -> bool {
    let compare = |operand: &Operand, wrong: fn(f64, f64) -> bool| {
        let Some(number) = value::number(bytes) else { return false };
        match operand {
            Operand::Number(other) => wrong(number, *other),
            Operand::Attribute(attr, factor) => {
                // "No limit set" is compared with nothing: that it is published is another rule's matter.
                let unset = |n: f64| n == 999_999_999.0;
                entry
                    .number(*attr)
                    .is_some_and(|other| !unset(number) && !unset(other) && wrong(number, other * factor))
            }
        }
    };
    let among = |values: &[String]| values.iter().any(|known| known.as_bytes() == bytes);
    match violation {
        Violation::Empty => bytes.is_empty(),
        Violation::Below(operand) => compare(operand, |a, b| a < b),
        Violation::Above(operand) => compare(operand, |a, b| a > b),
        Violation::NotAbove(operand) => compare(operand, |a, b| a <= b),
        Violation::NotBelow(operand) => compare(operand, |a, b| a >= b),
        Violation::Equals(other) => value::number(bytes) == Some(*other),
        Violation::Is(text) => bytes == text.as_bytes(),
        Violation::Starts(text) => bytes.starts_with(text.as_bytes()),
        Violation::Contains(text) => bytes.windows(text.len()).any(|window| window == text.as_bytes()),
        Violation::HasSpace => bytes.contains(&b' '),
        Violation::In(values) => among(values),
        Violation::NotIn(values) => !among(values),
        Violation::NotInList(list) => tables.lists.get(list).is_some_and(|list| !list.has(bytes)),
        Violation::NotLike(form) => !form.fits(bytes),
        Violation::Absent | Violation::Present | Violation::Many | Violation::Code => false,
    }
}

/// The identifier that a foreign key names, by the key's name.
fn target(tables: &Tables, attr: Attr) -> Option<Attr> {
    const TARGETS: [(&str, &str); 10] = [
        ("ApplicationEnvironmentForeignKey", "GLUE2ApplicationEnvironmentID"),
        ("ExecutionEnvironmentForeignKey", "GLUE2ResourceID"),
        ("StorageAccessProtocolForeignKey", "GLUE2StorageAccessProtocolID"),
        ("DataStoreForeignKey", "GLUE2ResourceID"),
        ("ResourceForeignKey", "GLUE2ResourceID"),
        ("ManagerForeignKey", "GLUE2ManagerID"),
        ("EndpointForeignKey", "GLUE2EndpointID"),
        ("ServiceForeignKey", "GLUE2ServiceID"),
        ("ShareForeignKey", "GLUE2ShareID"),
        ("ActivityForeignKey", "GLUE2ActivityID"),
    ];
    let name = tables.attributes.name(attr);
    if !name.starts_with("GLUE2") {
        return None;
    }
    let (_, target) = TARGETS.iter().find(|(suffix, _)| name.ends_with(suffix))?;
    tables.attributes.find(target.as_bytes())
}

/// Whether an attribute identifies its entry in all of an infrastructure.
fn unique(name: &str) -> bool {
    // Groups are called "resource" everywhere; what an extension's key is unique in is its entry; a StorageShare's SharingID is
    // shared by intent; the endpoint's job ids are not GLUE's.
    const OURS: [&str; 15] = [
        "GLUE2ServiceID",
        "GLUE2EndpointID",
        "GLUE2ShareID",
        "GLUE2ManagerID",
        "GLUE2ResourceID",
        "GLUE2ActivityID",
        "GLUE2PolicyID",
        "GLUE2BenchmarkID",
        "GLUE2LocationID",
        "GLUE2ContactID",
        "GLUE2ApplicationEnvironmentID",
        "GLUE2ToStorageServiceID",
        "GLUE2StorageServiceCapacityID",
        "GLUE2StorageAccessProtocolID",
        "GLUE2StorageShareCapacityID",
    ];
    OURS.contains(&name)
}
