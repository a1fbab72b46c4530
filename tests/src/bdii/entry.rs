//! An entry that is to be loaded, and how LDIF (RFC 2849) writes it.

use std::fmt::Write;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub dn: String,
    /// Its classes; the last one is what it is.
    pub classes: Vec<String>,
    /// Attributes and values, in order.
    pub attributes: Vec<(String, String)>,
}

impl Entry {
    /// An entry without attributes.
    pub fn new(dn: impl Into<String>, classes: &[&str]) -> Entry {
        Entry {
            dn: dn.into(),
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
            attributes: Vec::new(),
        }
    }

    /// With one more value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Entry {
        self.attributes.push((name.to_owned(), value.to_string()));
        self
    }

    /// With more values.
    #[must_use]
    pub fn all<V: ToString>(mut self, pairs: &[(&str, V)]) -> Entry {
        for (name, value) in pairs {
            self.attributes.push(((*name).to_owned(), value.to_string()));
        }
        self
    }

    /// Whether it is of a class.
    pub fn is(&self, class: &str) -> bool {
        self.classes.iter().any(|known| known == class)
    }

    /// The first value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Leaves an attribute with one value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.attributes.push((name.to_owned(), value.to_owned()));
    }

    /// Takes an attribute away.
    pub fn remove(&mut self, name: &str) {
        self.attributes.retain(|(known, _)| known != name);
    }

    pub(super) fn write(&self, out: &mut String) {
        line(out, "dn", &self.dn);
        for class in &self.classes {
            line(out, "objectClass", class);
        }
        for (name, value) in &self.attributes {
            line(out, name, value);
        }
        out.push('\n');
    }
}

fn line(out: &mut String, name: &str, value: &str) {
    let plain = value.is_ascii()
        && !value.contains(['\n', '\r', '\0'])
        && !value.starts_with([' ', ':', '<'])
        && !value.ends_with(' ')
        && !value.is_empty();
    let _fits =
        if plain { writeln!(out, "{name}: {value}") } else { writeln!(out, "{name}:: {}", base64(value.as_bytes())) };
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_is_written_in_base64() {
        let mut out = String::new();
        Entry::new("o=grid", &["organization"]).with("o", "grid").with("d", " Zürich").write(&mut out);
        assert_eq!(out, "dn: o=grid\nobjectClass: organization\no: grid\nd:: IFrDvHJpY2g=\n\n");
    }
}
