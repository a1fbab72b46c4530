//! Names of attributes and object classes as small numbers. LDAP's names have no case.
use rustc_hash::FxHashMap;

/// An attribute of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attr(pub u16);

/// Which classes an entry has, superior ones included: a bit each.
pub type ClassMask = u128;

/// Superior classes (GLUE20.schema); an entry need not name them.
const SUPERIORS: &[(&str, &str)] = &[
    ("GLUE2AccessPolicy", "GLUE2Policy"),
    ("GLUE2MappingPolicy", "GLUE2Policy"),
    ("GLUE2AdminDomain", "GLUE2Domain"),
    ("GLUE2UserDomain", "GLUE2Domain"),
    ("GLUE2ComputingService", "GLUE2Service"),
    ("GLUE2StorageService", "GLUE2Service"),
    ("GLUE2ComputingEndpoint", "GLUE2Endpoint"),
    ("GLUE2StorageEndpoint", "GLUE2Endpoint"),
    ("GLUE2ComputingShare", "GLUE2Share"),
    ("GLUE2StorageShare", "GLUE2Share"),
    ("GLUE2ComputingManager", "GLUE2Manager"),
    ("GLUE2StorageManager", "GLUE2Manager"),
    ("GLUE2ExecutionEnvironment", "GLUE2Resource"),
    ("GLUE2DataStore", "GLUE2Resource"),
    ("GLUE2ComputingActivity", "GLUE2Activity"),
];

/// GLUE 2.0 classes that are no GLUE2Entity.
const NO_ENTITY: [&str; 2] = ["GLUE2Group", "GLUE2Extension"];

/// Lower case in a buffer on the stack, for looking up; `None` for what is longer than any name.
#[inline]
pub(super) fn lower<'b>(name: &[u8], buffer: &'b mut [u8; 128]) -> Option<&'b [u8]> {
    let into = buffer.get_mut(..name.len())?;
    into.copy_from_slice(name);
    into.make_ascii_lowercase();
    Some(into)
}

/// Attributes by name.
#[derive(Debug, Clone, Default)]
pub struct AttributeNames {
    by_name: FxHashMap<Vec<u8>, Attr>,
    names: Vec<String>,
}

impl AttributeNames {
    pub(super) fn add(&mut self, name: &str) -> Attr {
        let next = Attr(self.names.len() as u16);
        let attr = *self.by_name.entry(name.to_ascii_lowercase().into_bytes()).or_insert(next);
        if attr == next {
            self.names.push(name.to_owned());
        }
        attr
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// By its name in any case.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<Attr> {
        self.by_name.get(lower(name, &mut [0; 128])?).copied()
    }

    /// As the schema writes it.
    pub fn name(&self, attr: Attr) -> &str {
        &self.names[usize::from(attr.0)]
    }
}

/// Object classes by name.
#[derive(Debug, Clone, Default)]
pub struct ClassNames {
    by_name: FxHashMap<Vec<u8>, u8>,
    masks: Vec<ClassMask>,
    names: Vec<String>,
}

impl ClassNames {
    pub(super) fn add(&mut self, name: &str) {
        // More than a mask has bits for do not come out of the table; its test counts them.
        let next = self.names.len().min(127) as u8;
        self.by_name.insert(name.to_ascii_lowercase().into_bytes(), next);
        self.masks.push(1 << next);
        self.names.push(name.to_owned());
    }

    pub(super) fn imply(&mut self) {
        let entity = self.find("GLUE2Entity");
        for (at, name) in self.names.iter().enumerate() {
            let mut mask = self.masks[at];
            if let Some((_, superior)) = SUPERIORS.iter().find(|(class, _)| class == name)
                && let Some(superior) = self.find(superior)
            {
                mask |= 1 << superior;
            }
            if let (true, false, Some(entity)) = (name.starts_with("GLUE2"), NO_ENTITY.contains(&name.as_str()), entity)
            {
                mask |= 1 << entity;
            }
            self.masks[at] = mask;
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// By its name in any case.
    pub fn find(&self, name: &str) -> Option<u8> {
        self.by_name.get(lower(name.as_bytes(), &mut [0; 128])?).copied()
    }

    /// A class and its superiors by the name in any case.
    #[inline]
    pub fn mask(&self, name: &[u8]) -> Option<ClassMask> {
        self.by_name.get(lower(name, &mut [0; 128])?).map(|class| self.masks[usize::from(*class)])
    }

    /// As the schema writes it.
    pub fn name(&self, class: u8) -> &str {
        &self.names[usize::from(class)]
    }
}
