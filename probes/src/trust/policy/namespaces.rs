//! `.namespaces` (EUGridPMA, "Namespaces Format Specification" 1.0): `TO Issuer "…" PERMIT|DENY Subject "regex"`.

use super::same_name;

/// A file's rules.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Namespaces {
    /// In their order.
    pub rules: Vec<Rule>,
}

/// One statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// The issuer it is about; `SELF` for the authority whose file it is.
    pub issuer: String,
    /// PERMIT; else DENY.
    pub permit: bool,
    /// The names, as a regular expression.
    pub subject: String,
}

impl Namespaces {
    /// Reads a file.
    ///
    /// # Errors
    /// A statement that is none, by the number of its last line.
    pub fn read(text: &str) -> Result<Namespaces, String> {
        let mut rules = Vec::new();
        let mut whole = String::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with('#') || (line.is_empty() && whole.is_empty()) {
                continue;
            }
            if let Some(part) = line.strip_suffix('\\') {
                whole.push_str(part);
                whole.push(' ');
                continue;
            }
            whole.push_str(line);
            let statement = std::mem::take(&mut whole);
            rules.push(
                rule(&statement)
                    .ok_or_else(|| format!("line {}: it is no TO Issuer … PERMIT Subject …", number + 1))?,
            );
        }
        if !whole.trim().is_empty() {
            rules.push(rule(&whole).ok_or_else(|| "the last statement is none".to_owned())?);
        }
        Ok(Namespaces { rules })
    }

    /// What is permitted to an authority; nothing when no rule is about it.
    pub fn subjects_of(&self, authority: &str) -> Option<Vec<&str>> {
        let is_own = |rule: &&Rule| rule.issuer == "SELF" || same_name(&rule.issuer, authority);
        let mut own = self.rules.iter().filter(is_own).peekable();
        own.peek()?;
        Some(own.filter(|rule| rule.permit).map(|rule| rule.subject.as_str()).collect())
    }
}

fn rule(statement: &str) -> Option<Rule> {
    let rest = word(statement.trim(), "TO")?;
    let rest = word(rest, "Issuer")?;
    let (issuer, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => rest.split_once(char::is_whitespace)?,
    };
    let rest = rest.trim_start();
    let (permit, rest) = match (word(rest, "PERMIT"), word(rest, "DENY")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    let subject = word(rest, "Subject")?.strip_prefix('"')?.rsplit_once('"')?.0;
    Some(Rule { issuer: issuer.to_owned(), permit, subject: subject.to_owned() })
}

/// What stands behind a word, whose case does not count.
fn word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word))?;
    let rest = &text[head.len()..];
    rest.starts_with(|c: char| c.is_whitespace() || c == '"').then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read() {
        let text = "#NAMESPACES-VERSION: 1.0\n# c\nTO Issuer \"/C=AM/CN=A\" \\\n  PERMIT Subject \"/C=AM/.*\"\n\nTO Issuer SELF DENY Subject \".*CN=bad.*\"\n";
        let ns = Namespaces::read(text).unwrap();
        assert_eq!(ns.rules.len(), 2);
        assert_eq!(ns.subjects_of("/C=AM/CN=A"), Some(vec!["/C=AM/.*"]));
        assert_eq!(ns.subjects_of("/C=XX"), Some(vec![]));
        assert!(Namespaces::read("<html>").is_err());
        assert!(Namespaces::read("TO Issuer SELF PERMIT").is_err());
    }
}
