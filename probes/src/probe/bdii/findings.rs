//! What was found: by rule, counted, with the first entries; by site, for the verdict that each site gets; and all of it into a file
//! where one was asked for.
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use super::local::Local;
use super::nodes::Site;
use super::tables::{RowId, Severity, Tables};

/// What a rule found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// How often.
    pub count: u64,
    /// The first entries: name, and what is wrong there.
    pub first: Vec<(String, String)>,
}

/// What was found at one site: by rule how often, and where first.
pub type SiteFindings = BTreeMap<RowId, (u64, String)>;

/// Where every single finding is written: a line each.
pub type Sink = Arc<Mutex<Box<dyn Write + Send>>>;

/// What was found in one tree.
pub struct Findings<'t> {
    tables: &'t Tables,
    local: &'t Local,
    keep: usize,
    /// By rule.
    pub groups: BTreeMap<RowId, Group>,
    /// By site.
    pub sites: BTreeMap<Site, SiteFindings>,
    by_site: bool,
    /// Silenced: by the silence's place in [`Local::silences`].
    pub silenced: BTreeMap<usize, u64>,
    sink: Option<Sink>,
}

impl std::fmt::Debug for Findings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Findings").field("groups", &self.groups).finish_non_exhaustive()
    }
}

impl<'t> Findings<'t> {
    /// None yet. `keep` first entries are kept of each rule; `by_site` keeps them by site, too.
    pub fn new(tables: &'t Tables, local: &'t Local, keep: usize, by_site: bool, sink: Option<Sink>) -> Findings<'t> {
        let (groups, sites, silenced) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Findings { tables, local, keep, groups, sites, by_site, silenced, sink }
    }

    /// Whether a rule is judged at all.
    #[inline]
    pub fn wants(&self, row: RowId) -> bool {
        self.tables.row(row).severity != Severity::Off
    }

    /// Takes in a finding. The name is made only where it is wanted.
    pub fn add(
        &mut self,
        row: RowId,
        site: Site,
        site_name: &str,
        dn: impl FnOnce() -> String,
        detail: impl FnOnce() -> String,
    ) {
        if !self.wants(row) {
            return;
        }
        let group = self.groups.entry(row).or_default();
        let room = group.first.len() < self.keep;
        let silences = self.local.silences_of(&self.tables.row(row).id);
        if !room && silences.is_empty() && self.sink.is_none() && !self.by_site {
            group.count += 1;
            return;
        }
        let (dn, detail) = (dn(), detail());
        for at in silences {
            if self.local.silences[*at].holds(&dn, site_name, &detail) {
                *self.silenced.entry(*at).or_default() += 1;
                if group.count == 0 {
                    self.groups.remove(&row);
                }
                return;
            }
        }
        group.count += 1;
        if let Some(sink) = &self.sink
            && let Ok(mut sink) = sink.lock()
        {
            let rule = self.tables.row(row);
            // A full disk is told when the file is closed.
            let _ = writeln!(
                sink,
                "{}\t{}\t{}\t{}\t{}",
                rule.id,
                rule.severity.name(),
                clean(site_name),
                clean(&dn),
                clean(&detail)
            );
        }
        if self.by_site && site != Site(0) {
            let of_site = self.sites.entry(site).or_default().entry(row).or_insert_with(|| (0, dn.clone()));
            of_site.0 += 1;
        }
        if room {
            group.first.push((dn, detail));
        }
    }
}

/// A field of a line: no tab, no line end.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
