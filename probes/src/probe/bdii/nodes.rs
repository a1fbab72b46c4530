//! The tree of names: every entry once, with its parent and its site, in as little room as the names themselves take.
//!
//! Names are kept without their parents', so that 200,000 of them take some 10 MB, and are put together again only for an entry
//! about which something has to be said. Servers send parents before children, mostly; a child that comes first keeps its whole name.
use rustc_hash::FxHashMap;

/// An entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(pub u32);

/// A site, by its number in [`Nodes::sites`]; 0 is "no site": containers, and resource BDIIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Site(pub u32);

const NONE: u32 = u32::MAX;
/// Bytes of names that are kept: five times what the largest top-level BDII has. Beyond them an entry is told by its parent's name.
const NAMES: usize = 64 << 20;
/// Sites that are told apart; there are some 300.
const SITES: usize = 20_000;

#[derive(Debug, Clone, Copy)]
struct Record {
    parent: u32,
    from: u32,
    len: u32,
    site: u32,
    /// Which kinds of children it has ([`super::hierarchy`]).
    children: u16,
}

/// The tree.
#[derive(Debug)]
pub struct Nodes {
    names: Vec<u8>,
    records: Vec<Record>,
    by_hash: FxHashMap<u64, u32>,
    sites: Vec<String>,
    site_by_name: FxHashMap<String, u32>,
    last_parent: (Vec<u8>, u32),
}

impl Default for Nodes {
    fn default() -> Nodes {
        Nodes {
            names: Vec::new(),
            records: Vec::new(),
            by_hash: FxHashMap::default(),
            sites: vec![String::new()],
            site_by_name: FxHashMap::default(),
            last_parent: (Vec::new(), NONE),
        }
    }
}

/// The first RDN and what is above it.
pub fn split(dn: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    for (at, byte) in dn.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => return (&dn[..at], dn[at + 1..].trim_ascii_start()),
            _ => {}
        }
    }
    (dn, &[])
}

/// A name's hash without regard to case and to blanks behind commas.
pub fn hash(dn: &[u8]) -> u64 {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    let mut skip = true;
    for byte in dn {
        if skip && *byte == b' ' {
            continue;
        }
        skip = matches!(byte, b',' | b'=');
        state = (state ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3);
    }
    // The map takes a hash's upper bits, where FNV mixes least.
    state ^ state >> 29
}

/// The value of an RDN of this type, unescaped where that needs no more than dropping a backslash.
pub fn rdn_value(rdn: &[u8], kind: &str) -> Option<String> {
    let at = rdn.iter().position(|byte| *byte == b'=')?;
    let named = rdn[..at].trim_ascii().eq_ignore_ascii_case(kind.as_bytes());
    named.then(|| String::from_utf8_lossy(rdn[at + 1..].trim_ascii()).replace('\\', ""))
}

/// The site that an RDN names: a site's part of GLUE 1.3 or its domain in GLUE 2.0.
pub fn site_of_rdn(rdn: &[u8]) -> Option<String> {
    // Cheap refusals first: most entries are neither.
    match rdn.first()?.to_ascii_lowercase() {
        b'm' => rdn_value(rdn, "mds-vo-name")
            .filter(|name| !["local", "resource", "grid"].iter().any(|word| name.eq_ignore_ascii_case(word))),
        b'g' => rdn_value(rdn, "GLUE2DomainID"),
        _ => None,
    }
}

impl Nodes {
    /// Adds an entry; `leaf` says that nothing stands below one of its kind.
    pub fn add(&mut self, dn: &[u8], leaf: bool) -> (Node, Site) {
        let (rdn, above) = split(dn);
        let parent = if above.is_empty() {
            NONE
        } else if self.last_parent.1 != NONE && self.last_parent.0 == above {
            self.last_parent.1
        } else {
            let parent = self.by_hash.get(&hash(above)).copied().unwrap_or(NONE);
            self.last_parent = (above.to_vec(), parent);
            parent
        };
        let named = site_of_rdn(rdn).map(|name| self.site(&name));
        let (kept, site) = match self.records.get(parent as usize) {
            Some(record) => (rdn, named.unwrap_or(Site(record.site))),
            None => (dn, named.unwrap_or_else(|| self.site_of(above))),
        };
        let kept = if self.names.len() + kept.len() > NAMES { b"..." } else { kept };
        let from = self.names.len() as u32;
        self.names.extend_from_slice(kept);
        let node = self.records.len() as u32;
        self.records.push(Record { parent, from, len: kept.len() as u32, site: site.0, children: 0 });
        if !leaf {
            self.by_hash.insert(hash(dn), node);
        }
        (Node(node), site)
    }

    fn site_of(&mut self, mut dn: &[u8]) -> Site {
        while !dn.is_empty() {
            let (rdn, above) = split(dn);
            if let Some(name) = site_of_rdn(rdn) {
                return self.site(&name);
            }
            dn = above;
        }
        Site(0)
    }

    /// A site by its name.
    pub fn site(&mut self, name: &str) -> Site {
        if let Some(site) = self.site_by_name.get(name) {
            return Site(*site);
        }
        if self.sites.len() >= SITES {
            return Site(0);
        }
        let lower = name.to_lowercase();
        let next = self.sites.len() as u32;
        let site = *self.site_by_name.entry(lower).or_insert(next);
        if site == next {
            self.sites.push(name.to_owned());
        }
        self.site_by_name.insert(name.to_owned(), site);
        Site(site)
    }

    /// Its name.
    pub fn site_name(&self, site: Site) -> &str {
        &self.sites[site.0 as usize]
    }

    /// All sites but the first, which is none.
    pub fn sites(&self) -> impl Iterator<Item = (Site, &str)> {
        self.sites.iter().enumerate().skip(1).map(|(at, name)| (Site(at as u32), name.as_str()))
    }

    /// The site of an entry.
    pub fn site_of_node(&self, node: Node) -> Site {
        Site(self.records[node.0 as usize].site)
    }

    /// The parent of an entry, where that came before it.
    pub fn parent(&self, node: Node) -> Option<Node> {
        let parent = self.records[node.0 as usize].parent;
        (parent != NONE).then_some(Node(parent))
    }

    /// An entry by the hash of its name.
    pub fn find(&self, hash: u64) -> Option<Node> {
        self.by_hash.get(&hash).map(|node| Node(*node))
    }

    /// Notes kinds of children.
    pub fn add_children(&mut self, node: Node, kinds: u16) {
        self.records[node.0 as usize].children |= kinds;
    }

    /// The kinds of children that an entry has.
    pub fn children(&self, node: Node) -> u16 {
        self.records[node.0 as usize].children
    }

    /// The whole name.
    pub fn dn(&self, node: Node) -> String {
        let mut parts = Vec::new();
        let mut next = node.0;
        // A parent has a lower number than its child, so that this ends.
        while let Some(record) = self.records.get(next as usize) {
            let name = &self.names[record.from as usize..(record.from + record.len) as usize];
            parts.push(String::from_utf8_lossy(name).into_owned());
            next = record.parent;
        }
        parts.join(",")
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_whole_and_sites_are_inherited() {
        let mut nodes = Nodes::default();
        nodes.add(b"o=grid", false);
        nodes.add(b"Mds-Vo-name=local,o=grid", false);
        nodes.add(b"mds-vo-name=SITE-A,mds-vo-name=local,o=grid", false);
        let dn = b"GlueCEUniqueID=ce:8443/x\\,y,mds-vo-name=site-a,Mds-Vo-name=local, o=grid";
        let (node, site) = nodes.add(dn, true);
        assert_eq!(nodes.dn(node), "GlueCEUniqueID=ce:8443/x\\,y,mds-vo-name=SITE-A,Mds-Vo-name=local,o=grid");
        assert_eq!(nodes.site_name(site), "SITE-A");
    }

    #[test]
    fn a_child_before_its_parent_keeps_its_name_and_site() {
        let mut nodes = Nodes::default();
        let (node, site) = nodes.add(b"GLUE2ServiceID=s,GLUE2DomainID=SITE-B,o=glue", false);
        assert_eq!(nodes.dn(node), "GLUE2ServiceID=s,GLUE2DomainID=SITE-B,o=glue");
        assert_eq!(nodes.site_name(site), "SITE-B");
        assert_eq!(nodes.parent(node), None);
    }
}
