//! Whether what one policy permits can be permitted by the other. Patterns are not compared as such, which is undecided in
//! practice; an example of each is tried against the others.

use super::same_spelling;
use regex::bytes::RegexBuilder;

/// How large an expression may get; it comes from a file.
const EXPRESSION: usize = 1 << 20;

/// Whether no name could be permitted by both: no example of any pattern is permitted by the other side. When one side cannot be
/// judged (an expression that is none, nothing permitted) it is false.
pub fn disjoint(globs: &[&str], expressions: &[&str]) -> bool {
    if globs.is_empty() || expressions.is_empty() {
        return false;
    }
    let globs: Vec<String> = globs.iter().map(|g| same_spelling(g)).collect();
    let Some(matchers) = expressions.iter().map(|e| Matcher::new(&same_spelling(e))).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let meets = |glob: &String| {
        let examples =
            [glob.replace(['*', '?'], "x"), glob.replace('*', "CN=x/CN=x").replace('?', "x"), glob.replace('*', "")];
        examples.iter().any(|name| matchers.iter().any(|m| m.matches(name)))
            || matchers.iter().any(|m| glob_matches(glob.as_bytes(), m.example.as_bytes()))
    };
    !globs.iter().any(meets)
}

/// A `.namespaces` expression, which has to match the whole name.
struct Matcher {
    kind: Kind,
    example: String,
}

enum Kind {
    /// Plain text and `.*` behind it, as nearly all are.
    Beginning(String),
    Expression(regex::bytes::Regex),
}

impl Matcher {
    fn new(expression: &str) -> Option<Matcher> {
        let example = example(expression);
        if let Some(plain) = expression.strip_suffix(".*").and_then(plain) {
            return Some(Matcher { kind: Kind::Beginning(plain.to_ascii_lowercase()), example });
        }
        let whole = format!("^(?:{expression})$");
        // Names are compared by their octets: what Unicode folds besides is in none, and its tables cost every start.
        let regex =
            RegexBuilder::new(&whole).unicode(false).case_insensitive(true).size_limit(EXPRESSION).build().ok()?;
        Some(Matcher { kind: Kind::Expression(regex), example })
    }

    fn matches(&self, name: &str) -> bool {
        match &self.kind {
            Kind::Beginning(text) => name.to_ascii_lowercase().starts_with(text),
            Kind::Expression(regex) => regex.is_match(name.as_bytes()),
        }
    }
}

/// The text that an expression without operators matches. `.` alone is taken for the dot that its author meant.
fn plain(expression: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().filter(|c| !c.is_alphanumeric())?),
            '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

/// A name that the expression matches, roughly: first alternatives, `x` for what varies.
fn example(expression: &str) -> String {
    let mut out = String::new();
    let mut chars = expression.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '.' if matches!(chars.peek(), Some('*' | '+')) => out.push('x'),
            '[' => {
                out.push('x');
                for inside in chars.by_ref() {
                    if inside == ']' {
                        break;
                    }
                }
            }
            '|' => {
                // The other alternatives of this group.
                for inside in chars.by_ref() {
                    if inside == ')' {
                        break;
                    }
                }
            }
            '*' | '+' | '?' | '(' | ')' | '^' | '$' => {}
            c => out.push(c),
        }
    }
    out
}

/// `*` for any characters, `?` for one; case does not count.
fn glob_matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut g, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        match glob.get(g) {
            Some(b'*') => {
                retry = Some((g, t));
                g += 1;
            }
            Some(b) if *b == b'?' || b.eq_ignore_ascii_case(&text[t]) => {
                g += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    (g, t) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn policies_that_share_nothing_are_found() {
        assert!(disjoint(&["/C=XX/O=Other/*"], &["/DC=org/DC=gridtest/.*"]));
        // An expression that is more than a beginning is compared as well, and case does not count.
        assert!(disjoint(&["/C=XX/O=Other/*"], &["/DC=org/(DC=grid[a-z]+|O=X)/.*"]));
        assert!(!disjoint(&["/dc=org/DC=GRIDtest/*"], &["/DC=org/(DC=grid[a-z]+|O=X)/.*"]));
        for (globs, expressions) in [
            (&["/DC=org/DC=gridtest/*"][..], &["/DC=org/DC=gridtest/.*"][..]),
            (&["/C=FR/*", "/C=XX/*"], &["/C=FR/O=CNRS/.*"]),
            (&["/C=FR/O=CNRS/*"], &["/C=FR/.*"]),
            (&["*"], &["/C=FR/O=.*"]),
            (&["/C=A/CN=*"], &["/C=A/CN=[-a-z]+(/.*)?"]),
            (&["/C=A/E=*"], &["/C=A/emailAddress=.*"]),
            (&["/C=A/*"], &["(broken"]),
            (&[], &["/C=A/.*"]),
        ] {
            assert!(!disjoint(globs, expressions), "{globs:?} {expressions:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(glob in "[/a-cA*?=]{0,12}", expression in "[/a-c.*+?()|\\\\\\[\\]{}^$]{0,12}") {
            let _ = disjoint(&[&glob], &[&expression]);
        }

        #[test]
        fn a_glob_matches_its_own_examples(glob in "[/a-c*?]{0,12}") {
            prop_assert!(glob_matches(glob.as_bytes(), glob.replace('*', "xyz").replace('?', "q").as_bytes()));
        }
    }
}
