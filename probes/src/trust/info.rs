//! The `.info` files of the IGTF distribution: what an authority is, and (policy-igtf-*.info) which ones belong to a profile.

use std::collections::BTreeMap;

/// The fields of one file. A key given twice counts as given last.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Info(BTreeMap<String, String>);

impl Info {
    /// Reads `key = value` lines; `#` begins a comment, `\` at the end of a line continues it.
    pub fn read(text: &str) -> Info {
        let mut fields = BTreeMap::new();
        let mut whole = String::new();
        for line in text.lines() {
            let line = line.trim();
            if whole.is_empty() && (line.is_empty() || line.starts_with('#')) {
                continue;
            }
            match line.strip_suffix('\\') {
                Some(part) => {
                    whole.push_str(part);
                    whole.push(' ');
                }
                None => {
                    whole.push_str(line);
                    field(&std::mem::take(&mut whole), &mut fields);
                }
            }
        }
        field(&whole, &mut fields);
        Info(fields)
    }

    /// One field.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The version of the distribution it came with.
    pub fn version(&self) -> Option<&str> {
        self.get("version")
    }

    /// The fingerprints of its certificates (`sha1fp.0`, `sha1fp.1`, …), in capitals.
    pub fn fingerprints(&self) -> Vec<String> {
        let named = self.0.iter().filter(|(key, _)| key.starts_with("sha1fp."));
        named.map(|(_, value)| value.trim().to_ascii_uppercase()).collect()
    }

    /// The name of the subject, without its quotes.
    pub fn subject(&self) -> Option<&str> {
        self.get("subjectdn").map(|s| s.trim_matches('"'))
    }

    /// The aliases that a policy file requires, each with its version.
    pub fn requires(&self) -> Vec<(&str, &str)> {
        pairs(self.get("requires").unwrap_or_default())
    }

    /// The aliases that it takes the place of.
    pub fn obsoletes(&self) -> Vec<&str> {
        pairs(self.get("obsoletes").unwrap_or_default()).into_iter().map(|(alias, _)| alias).collect()
    }
}

fn field(line: &str, fields: &mut BTreeMap<String, String>) {
    if let Some((key, value)) = line.split_once('=') {
        fields.insert(key.trim().to_owned(), value.trim().to_owned());
    }
}

/// `A = 1.2, B = 1.3`; without a version it is empty.
fn pairs(list: &str) -> Vec<(&str, &str)> {
    let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| item.split_once('=').map_or((item, ""), |(alias, version)| (alias.trim(), version.trim())))
        .collect()
}

/// Compares versions as `1.99` and `1.133-2`: number by number.
pub fn compare_versions(a: &str, b: &str) -> std::cmp::Ordering {
    let numbers =
        |v: &str| v.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u64>().ok()).collect::<Vec<_>>();
    numbers(a).cmp(&numbers(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_continue_and_lists_are_taken_apart() {
        let info = Info::read(
            "# c\nalias = A\nversion=1.133\nsha1fp.0 = aa:bb\nsubjectdn = \"/C=X/CN=a=b\"\nrequires = B = 1.133, \\\n  C = 1.133, \\\n  D\nobsoletes = E\n",
        );
        assert_eq!(info.version(), Some("1.133"));
        assert_eq!(info.subject(), Some("/C=X/CN=a=b"));
        assert_eq!(info.fingerprints(), ["AA:BB"]);
        assert_eq!(info.requires(), [("B", "1.133"), ("C", "1.133"), ("D", "")]);
        assert_eq!(info.obsoletes(), ["E"]);
        assert_eq!(Info::read("version = 1 \\").version(), Some("1"));
    }

    #[test]
    fn versions_are_compared_by_number() {
        use std::cmp::Ordering::*;
        let cases = [
            ("1.99", "1.133", Less),
            ("1.133", "1.133", Equal),
            ("1.133-2", "1.133-1", Greater),
            ("2.0", "1.141", Greater),
        ];
        assert!(cases.iter().all(|(a, b, expected)| compare_versions(a, b) == *expected));
    }
}
