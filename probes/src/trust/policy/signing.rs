//! `.signing_policy` (Globus EACL): blocks of `access_id_CA`, `pos_rights` and `cond_subjects`.

use super::same_name;

/// A file's blocks.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SigningPolicy {
    /// One for each `access_id_CA`.
    pub policies: Vec<Policy>,
}

/// What one authority may sign.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// Its name.
    pub authority: String,
    /// Whether `CA:sign` is granted.
    pub may_sign: bool,
    /// Patterns of the names, with `*` and `?`.
    pub subjects: Vec<String>,
}

impl SigningPolicy {
    /// Reads a file.
    ///
    /// # Errors
    /// A line that does not belong into one, by its number.
    pub fn read(text: &str) -> Result<SigningPolicy, String> {
        let mut policies: Vec<Policy> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: &str| format!("line {}: {what}", number + 1);
            let (keyword, rest) = line.split_once(char::is_whitespace).ok_or_else(|| wrong("a word alone"))?;
            let (_kind, rest) =
                rest.trim_start().split_once(char::is_whitespace).ok_or_else(|| wrong("a value is missing"))?;
            let value = unquoted(rest.trim());
            match keyword {
                "access_id_CA" => policies.push(Policy { authority: value.to_owned(), ..Policy::default() }),
                "pos_rights" | "neg_rights" | "cond_subjects" => {
                    let policy = policies.last_mut().ok_or_else(|| wrong("no access_id_CA stands before it"))?;
                    match keyword {
                        "pos_rights" => policy.may_sign |= value == "CA:sign",
                        "cond_subjects" => policy.subjects.extend(patterns(value)),
                        _ => {}
                    }
                }
                other if other.starts_with("access_id_") || other.starts_with("cond_") => {}
                _ => return Err(wrong("it is neither access_id_CA, pos_rights nor cond_subjects")),
            }
        }
        Ok(SigningPolicy { policies })
    }

    /// The patterns for an authority; nothing when it is not in it.
    pub fn subjects_of(&self, authority: &str) -> Option<Vec<&str>> {
        let mut own = self.policies.iter().filter(|p| p.may_sign && same_name(&p.authority, authority)).peekable();
        own.peek()?;
        Some(own.flat_map(|p| p.subjects.iter().map(String::as_str)).collect())
    }
}

fn unquoted(text: &str) -> &str {
    for quote in ['\'', '"'] {
        if let Some(inside) = text.strip_prefix(quote) {
            return inside.split(quote).next().unwrap_or_default();
        }
    }
    text
}

/// `"/C=X/*" "/C=Y/*"`, or one without quotes.
fn patterns(value: &str) -> Vec<String> {
    if !value.contains('"') {
        return if value.is_empty() { Vec::new() } else { vec![value.to_owned()] };
    }
    value.split('"').skip(1).step_by(2).filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read() {
        let text = "# EACL\naccess_id_CA  X509   '/C=AM/CN=A'\npos_rights globus CA:sign\ncond_subjects globus '\"/C=AM/*\" \"/C=B/*\"'\n\
                    access_id_CA X509 \"/C=AM/CN=B\"\npos_rights globus CA:sign\ncond_subjects globus '\"/O=B/*\"'\n";
        let policy = SigningPolicy::read(text).unwrap();
        assert_eq!(policy.subjects_of("/C=AM/CN=a"), Some(vec!["/C=AM/*", "/C=B/*"]));
        assert_eq!(policy.subjects_of("/C=AM/CN=B"), Some(vec!["/O=B/*"]));
        assert_eq!(policy.subjects_of("/C=AM/CN=C"), None);
        assert!(SigningPolicy::read("<html>").is_err());
        assert!(SigningPolicy::read("pos_rights globus CA:sign").is_err());
    }
}
