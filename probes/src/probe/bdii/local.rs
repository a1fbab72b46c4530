//! What a site makes of the rules: its own ones, longer lists, other severities, and silences that end.
//!
//! ```toml
//! [[rule]]
//! id = "SITE-1"
//! class = "GLUE2ComputingShare"
//! attribute = "GLUE2ComputingShareMaxWallTime"
//! violation = "> 604800"
//! severity = "warning"
//! message = "above the week that our users were promised"
//!
//! [[severity]]
//! id = "W034"
//! attribute = "GLUE2EndpointImplementationVersion"  # optional: all attributes
//! severity = "info"
//!
//! [[silence]]
//! id = "E002"
//! dn = "*GLUE2ServiceID=old-se*"                    # optional: all entries
//! until = 2026-12-31
//! reason = "is switched off in December, ticket 12345"
//!
//! [lists]
//! VO_t = ["vo.example.org"]
//! ```
use super::tables::{TableError, Tables};
use super::value;
use rustc_hash::FxHashMap;
use serde::Deserialize;

/// A site's file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<OwnRule>,
    #[serde(default)]
    severity: Vec<OwnSeverity>,
    #[serde(default)]
    silence: Vec<OwnSilence>,
    #[serde(default)]
    lists: std::collections::BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnRule {
    id: String,
    class: String,
    attribute: String,
    violation: String,
    severity: String,
    message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnSeverity {
    id: String,
    attribute: Option<String>,
    severity: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnSilence {
    id: String,
    dn: Option<String>,
    site: Option<String>,
    value: Option<String>,
    until: toml::value::Datetime,
    reason: String,
}

/// Findings that are not to be told, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Of this rule.
    pub id: String,
    dn: Option<String>,
    site: Option<String>,
    value: Option<String>,
    /// To the end of this day, in UTC: seconds since 1970.
    pub until: i64,
    /// The day as it was written.
    pub day: String,
    /// Why.
    pub reason: String,
}

impl Silence {
    /// Whether a finding falls under it.
    pub fn holds(&self, dn: &str, site: &str, detail: &str) -> bool {
        let fits = |pattern: &Option<String>, text: &str| {
            pattern
                .as_ref()
                .is_none_or(|pattern| glob(pattern.to_lowercase().as_bytes(), text.to_lowercase().as_bytes()))
        };
        fits(&self.dn, dn) && fits(&self.site, site) && fits(&self.value, detail)
    }
}

/// What a site made of the rules.
#[derive(Debug, Default)]
pub struct Local {
    /// Those that hold now.
    pub silences: Vec<Silence>,
    /// Those that have ended: they are told, so that they are taken out or renewed.
    pub expired: Vec<Silence>,
    by_id: FxHashMap<String, Vec<usize>>,
}

impl Local {
    /// Reads a site's file into the tables. `now` is seconds since 1970.
    ///
    /// # Errors
    /// What in it cannot be read, or names what is not there.
    pub fn read(text: &str, name: &str, now: i64, tables: &mut Tables) -> Result<Local, TableError> {
        let wrong = |place: String, reason: String| TableError { place, reason };
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            wrong(format!("{name}:{line}"), error.message().to_owned())
        })?;
        for (list, values) in &file.lists {
            let place = || format!("{name}: lists.{list}");
            let known = tables.lists.get_mut(list).ok_or_else(|| wrong(place(), "there is no such list".to_owned()))?;
            values.iter().for_each(|value| known.add(value));
        }
        for (at, rule) in file.rule.iter().enumerate() {
            let place = format!("{name}: rule {} ({})", at + 1, rule.id);
            if rule.violation == "code" {
                return Err(wrong(place, "\"code\" names the probe's own code".to_owned()));
            }
            tables.add_rule(
                place.as_str(),
                &rule.id,
                &rule.class,
                &rule.attribute,
                &rule.violation,
                &rule.severity,
                &rule.message,
            )?;
        }
        for (at, own) in file.severity.iter().enumerate() {
            let place = format!("{name}: severity {} ({})", at + 1, own.id);
            let severity = own.severity.parse().map_err(|reason| wrong(place.clone(), reason))?;
            let mut found = false;
            for row in &mut tables.rows {
                let fits = row.id == own.id && own.attribute.as_ref().is_none_or(|name| *name == row.attribute);
                if fits {
                    row.severity = severity;
                    found = true;
                }
            }
            if !found {
                return Err(wrong(place, "no rule has this id and attribute".to_owned()));
            }
        }
        let mut local = Local::default();
        for (at, own) in file.silence.into_iter().enumerate() {
            let place = format!("{name}: silence {} ({})", at + 1, own.id);
            if !tables.rows.iter().any(|row| row.id == own.id) {
                return Err(wrong(place, "no rule has this id".to_owned()));
            }
            let day = own.until.date.map(|date| date.to_string());
            let day = day.ok_or_else(|| wrong(place.clone(), "until needs a date, as 2026-12-31".to_owned()))?;
            let start = value::time(format!("{day}T00:00:00Z").as_bytes());
            let until = start.ok_or_else(|| wrong(place, format!("until: there is no day {day}")))? + 86_400;
            let silence =
                Silence { id: own.id, dn: own.dn, site: own.site, value: own.value, until, day, reason: own.reason };
            if until > now {
                local.by_id.entry(silence.id.clone()).or_default().push(local.silences.len());
                local.silences.push(silence);
            } else {
                local.expired.push(silence);
            }
        }
        Ok(local)
    }

    /// The silences that speak of a rule.
    #[inline]
    pub fn silences_of(&self, id: &str) -> &[usize] {
        if self.by_id.is_empty() { &[] } else { self.by_id.get(id).map_or(&[], Vec::as_slice) }
    }
}

/// Whether a text fits a pattern in which `*` is any run of characters. Linear in their product at most, never exponential.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, t) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::bdii::tables::Severity;

    fn read(text: &str) -> Result<(Local, Tables), String> {
        let mut tables = Tables::built_in().unwrap();
        let now = value::time(b"2026-06-01T00:00:00Z").unwrap();
        Local::read(text, "site.toml", now, &mut tables).map(|local| (local, tables)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_site_re_rates_silences_and_lengthens_lists() {
        let (local, tables) = read(
            "[[severity]]\nid = 'E022'\nseverity = 'info'\n[[silence]]\nid='E002'\ndn='*old-se*'\nuntil=2026-06-01\nreason='x'\n\
             [[silence]]\nid='E001'\nuntil=2026-05-31\nreason='y'\n[lists]\nVO_t = ['vo.mine.org']\n",
        )
        .unwrap();
        assert!(tables.rows.iter().filter(|row| row.id == "E022").all(|row| row.severity == Severity::Info));
        assert!(tables.lists["VO_t"].has(b"VO.mine.org"));
        assert_eq!(local.silences_of("E002"), [0]);
        assert!(local.silences[0].holds("GLUE2ServiceID=Old-SE,o=glue", "S", "d"));
        assert!(!local.silences[0].holds("GLUE2ServiceID=new,o=glue", "S", "d"));
        assert_eq!(local.expired.len(), 1, "its day is over");
    }

    #[test]
    fn what_is_wrong_in_a_site_s_file_is_named_with_its_place() {
        let said = |text| read(text).err().unwrap();
        assert!(
            said("[[silence]]\nid='E9'\nuntil=2027-01-01\nreason='x'\n")
                .contains("site.toml: silence 1 (E9): no rule has this id")
        );
        assert!(said("[[severity]]\nid='E022'\nseverity='dreadful'\n").contains("dreadful"));
        assert!(said("[[rule]]\nid='A'\n").starts_with("site.toml:1: missing field"));
        assert!(said("a = 1\n").contains("unknown field `a`"));
        assert!(said("[lists]\nNone_t = []\n").contains("there is no such list"));
        assert!(said("[[silence]]\nid='E022'\nuntil=12:00:00\nreason='x'\n").contains("needs a date"));
    }

    #[test]
    fn patterns_have_stars() {
        assert!(glob(b"*a*b*", b"xxaxxbxx") && glob(b"", b"") && glob(b"*", b"") && glob(b"a*c", b"abbc"));
        assert!(!glob(b"a", b"ab") && !glob(b"*a*b", b"xxaxxbxx"));
    }
}
