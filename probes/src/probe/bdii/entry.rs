//! An entry taken apart: which classes it has, and its values by attribute, as slices of the message that it came in.
use std::ops::ControlFlow;

use super::tables::{Attr, ClassMask, Tables};
use super::value;
use crate::net::ldap::RawEntry;
use rustc_hash::FxHashMap;

/// Names that a server may invent are remembered up to this many.
const NAMES: usize = 4096;

/// Room that one entry after the other is taken apart in.
#[derive(Debug, Default)]
pub struct Scratch {
    names: FxHashMap<Vec<u8>, Option<Attr>>,
    /// By attribute: its place in `attrs` and one, or 0.
    slots: Vec<u16>,
    attrs: Vec<(Attr, u32, u32)>,
    values: Vec<(u32, u32)>,
    unknown_class: Option<(u32, u32)>,
    classes: ClassMask,
}

/// An entry.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'e> {
    scratch: &'e Scratch,
    bytes: &'e [u8],
    /// Its name.
    pub dn: &'e [u8],
    /// Its classes, superior ones included.
    pub classes: ClassMask,
}

impl Scratch {
    /// Takes an entry apart. What of it is no BER is left out: the connection has refused the worst of it.
    pub fn take<'e>(&'e mut self, raw: &RawEntry<'e>, tables: &Tables) -> Entry<'e> {
        for (attr, ..) in self.attrs.drain(..) {
            self.slots[usize::from(attr.0)] = 0;
        }
        self.slots.resize(tables.attributes.len(), 0);
        self.values.clear();
        (self.classes, self.unknown_class) = (0, None);
        let bytes = raw.bytes();
        let place = |value: &[u8]| {
            let from = value.as_ptr() as usize - bytes.as_ptr() as usize;
            (from as u32, (from + value.len()) as u32)
        };
        for attribute in raw.attributes() {
            let Ok((name, values)) = attribute else { break };
            if name.eq_ignore_ascii_case(b"objectClass") {
                for class in values.flatten() {
                    match tables.classes.mask(class) {
                        Some(mask) => self.classes |= mask,
                        None => self.unknown_class = Some(place(class)),
                    }
                }
                continue;
            }
            let Some(attr) = self.attr(name, tables) else { continue };
            let first = self.values.len() as u32;
            self.values.extend(values.flatten().map(place));
            match self.slots[usize::from(attr.0)] {
                0 => {
                    self.attrs.push((attr, first, self.values.len() as u32));
                    self.slots[usize::from(attr.0)] = self.attrs.len() as u16;
                }
                // What was loaded in parts, as slapadd does with attributes that stand between others in the LDIF, is sent in parts.
                slot => {
                    let (_, from, to) = &mut self.attrs[usize::from(slot - 1)];
                    let earlier = self.values[*from as usize..*to as usize].to_vec();
                    self.values.extend(earlier);
                    (*from, *to) = (first, self.values.len() as u32);
                }
            }
        }
        Entry { scratch: self, bytes, dn: raw.dn, classes: self.classes }
    }

    fn attr(&mut self, name: &[u8], tables: &Tables) -> Option<Attr> {
        if let Some(attr) = self.names.get(name) {
            return *attr;
        }
        // Options behind a semicolon (RFC 4512, 2.5) do not make another attribute.
        let bare = name.split(|byte| *byte == b';').next().unwrap_or(name);
        let attr = tables.attributes.find(bare);
        if self.names.len() < NAMES {
            self.names.insert(name.to_vec(), attr);
        }
        attr
    }
}

impl<'e> Entry<'e> {
    /// Whether it has a class.
    #[inline]
    pub fn is(&self, class: u8) -> bool {
        self.classes >> class & 1 == 1
    }

    /// A class that no schema knows.
    pub fn unknown_class(&self) -> Option<&'e [u8]> {
        self.scratch.unknown_class.map(|(from, to)| &self.bytes[from as usize..to as usize])
    }

    /// Whether an attribute is there.
    #[inline]
    pub fn has(&self, attr: Attr) -> bool {
        self.scratch.slots[usize::from(attr.0)] != 0
    }

    /// Its attributes and how many values each has.
    pub fn attributes(&self) -> impl Iterator<Item = (Attr, usize)> + use<'e> {
        self.scratch.attrs.iter().map(|(attr, from, to)| (*attr, (to - from) as usize))
    }

    /// The values of an attribute.
    #[inline]
    pub fn all(&self, attr: Attr) -> impl Iterator<Item = &'e [u8]> + Clone + use<'e> {
        let (from, to) = match self.scratch.slots[usize::from(attr.0)] {
            0 => (0, 0),
            slot => {
                let (_, from, to) = self.scratch.attrs[usize::from(slot - 1)];
                (from as usize, to as usize)
            }
        };
        let bytes = self.bytes;
        self.scratch.values[from..to].iter().map(move |(from, to)| &bytes[*from as usize..*to as usize])
    }

    /// The first value of an attribute.
    #[inline]
    pub fn first(&self, attr: Attr) -> Option<&'e [u8]> {
        self.all(attr).next()
    }

    /// The first value, if it is a number.
    #[inline]
    pub fn number(&self, attr: Attr) -> Option<f64> {
        value::number(self.first(attr)?)
    }

    /// The first value, if it is a time: seconds since 1970.
    pub fn time(&self, attr: Attr) -> Option<i64> {
        value::time(self.first(attr)?)
    }

    /// Whether a value of the attribute satisfies a question.
    pub fn any(&self, attr: Attr, question: impl Fn(&[u8]) -> bool) -> bool {
        let mut values = self.all(attr);
        let found = values
            .try_for_each(|value| if question(value) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        found.is_break()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::ldap::ber::{OCTET_STRING, SEQUENCE, write};

    fn attribute(name: &str, values: &[&str]) -> Vec<u8> {
        let (mut set, mut parts, mut out) = (Vec::new(), Vec::new(), Vec::new());
        values.iter().for_each(|value| write(&mut set, OCTET_STRING, value.as_bytes()));
        write(&mut parts, OCTET_STRING, name.as_bytes());
        write(&mut parts, 0x31, &set);
        write(&mut out, SEQUENCE, &parts);
        out
    }

    #[test]
    fn an_attribute_that_comes_in_parts_has_all_its_values() {
        let tables = Tables::built_in().unwrap();
        let bytes = [
            attribute("objectclass", &["GlueCluster"]),
            attribute("GlueForeignKey", &["a"]),
            attribute("GlueClusterName", &["n"]),
            attribute("glueforeignkey;x-part", &["b", "c"]),
        ]
        .concat();
        let mut scratch = Scratch::default();
        for _ in 0..2 {
            let entry = scratch.take(&RawEntry::from_parts(b"o=grid", &bytes), &tables);
            let mut values: Vec<&[u8]> = entry.all(tables.a.foreign_key).collect();
            values.sort_unstable();
            assert_eq!(values, [b"a", b"b", b"c"]);
            assert!(entry.is(tables.c.g1_cluster));
        }
    }
}
