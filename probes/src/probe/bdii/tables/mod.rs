//! What check_bdii knows before it asks: the schema, the lists of values and the rules, read out of three tables that a reviewer can
//! read, and what a site adds to them (`../local.rs`).
//!
//! `schema.table`, `types.table` and `rules.table` say in their first lines what their columns are.
mod known;
mod names;
mod rule;
mod types;

pub use known::{Attributes, Classes, Rows};
pub use names::{Attr, AttributeNames, ClassMask, ClassNames};
pub use rule::{Operand, Row, RowId, Severity, Violation, When};
pub use types::{Fit, List, Type};

use rustc_hash::FxHashMap;
use std::sync::OnceLock;

const SCHEMA: &str = include_str!("schema.table");
const TYPES: &str = include_str!("types.table");
const RULES: &str = include_str!("rules.table");

/// How much the profile wants an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// W034 where it lacks.
    Mandatory,
    /// I095 where it lacks.
    Recommended,
    /// Nothing where it lacks.
    Optional,
    /// W035 where it is there.
    Undesirable,
}

/// What the schema says of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// What its values look like.
    pub kind: Type,
    /// Whether it has one value at most.
    pub single: bool,
    /// How much it is wanted.
    pub requirement: Requirement,
    /// Whether it is of GLUE 2.0.
    pub glue2: bool,
}

/// A line of a table, or of a site's file, that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct TableError {
    /// File or table and line.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

/// All tables, joined.
#[derive(Debug, Clone)]
pub struct Tables {
    /// Attributes by name.
    pub attributes: AttributeNames,
    /// Object classes by name.
    pub classes: ClassNames,
    /// Lists of values by name.
    pub lists: FxHashMap<String, List>,
    /// By attribute.
    pub specs: Vec<Spec>,
    /// By class: what is mandatory and recommended in it.
    pub wanted: Vec<Vec<(Attr, Requirement)>>,
    /// Every rule.
    pub rows: Vec<Row>,
    /// By class: the rules that are judged value by value.
    pub by_class: Vec<Vec<RowId>>,
    /// Attributes that the code names.
    pub a: Attributes,
    /// Classes that the code names.
    pub c: Classes,
    /// Rules that the code names.
    pub r: Rows,
}

/// The columns of a table's lines, comments left out.
fn lines<'t>(text: &'t str, name: &'static str) -> impl Iterator<Item = (Place, Vec<&'t str>)> {
    let kept = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    kept.map(move |(at, line)| (Place(name, at + 1), line.split('|').map(str::trim).collect()))
}

/// A line of a table.
#[derive(Debug, Clone, Copy)]
struct Place(&'static str, usize);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.0, self.1)
    }
}

fn wrong(place: impl std::fmt::Display, reason: impl Into<String>) -> TableError {
    TableError { place: place.to_string(), reason: reason.into() }
}

impl Tables {
    /// The tables that came with the probe, read once in a process.
    ///
    /// # Errors
    /// As [`Tables::built_in`].
    pub fn shared() -> Result<&'static Tables, TableError> {
        static SHARED: OnceLock<Result<Tables, TableError>> = OnceLock::new();
        SHARED.get_or_init(Tables::built_in).as_ref().map_err(Clone::clone)
    }

    /// The tables that came with the probe, to be changed.
    ///
    /// # Errors
    /// None: the project's tests read them. They are errors all the same, for a site's additions take the same way.
    pub fn built_in() -> Result<Tables, TableError> {
        let mut lists = FxHashMap::default();
        let mut classes = ClassNames::default();
        for (place, columns) in lines(TYPES, "types.table") {
            let [name, openness, values] = columns[..] else { return Err(wrong(place, "not three columns")) };
            if name == "class" {
                values.split(',').for_each(|name| classes.add(name));
            } else {
                lists.insert(name.to_owned(), List::new(openness == "open", values.split(',')));
            }
        }
        classes.imply();
        let mut attributes = AttributeNames::default();
        let (mut specs, mut wanted) = (Vec::new(), vec![Vec::new(); classes.len()]);
        for (place, columns) in lines(SCHEMA, "schema.table") {
            let [class, attribute, kind, values, requirement] = columns[..] else {
                return Err(wrong(place, "not five columns"));
            };
            let class = classes.find(class).ok_or_else(|| wrong(place, format!("no class {class}")))?;
            let requirement = match requirement {
                "mandatory" => Requirement::Mandatory,
                "recommended" => Requirement::Recommended,
                "undesirable" => Requirement::Undesirable,
                _ => Requirement::Optional,
            };
            let new = attributes.len();
            let attr = attributes.add(attribute);
            if usize::from(attr.0) == new {
                let glue2 = attribute.starts_with("GLUE2");
                // GLUE 1.3 says 32 bits, and LDAP's INTEGER has no limit: 2 TB in kB are more than that.
                let kind = match Type::named(kind, &lists) {
                    Type::Integer(..) if !glue2 => Type::Integer(i64::MIN.into(), i64::MAX.into()),
                    kind => kind,
                };
                specs.push(Spec { kind, single: values == "one", requirement, glue2 });
            }
            if matches!(requirement, Requirement::Mandatory | Requirement::Recommended) {
                wanted[usize::from(class)].push((attr, requirement));
            }
        }
        let (a, c) = (Attributes::find(&attributes)?, Classes::find(&classes)?);
        let mut tables = Tables {
            attributes,
            classes,
            lists,
            specs,
            wanted,
            rows: Vec::new(),
            by_class: Vec::new(),
            a,
            c,
            r: Rows::default(),
        };
        tables.by_class = vec![Vec::new(); tables.classes.len()];
        for (place, columns) in lines(RULES, "rules.table") {
            let [id, class, attribute, violation, severity, message] = columns[..] else {
                return Err(wrong(place, "not six columns"));
            };
            tables.add_rule(place, id, class, attribute, violation, severity, message)?;
        }
        tables.r = Rows::find(&tables)?;
        Ok(tables)
    }

    /// Adds a rule, a site's as well as one of the table.
    ///
    /// # Errors
    /// What cannot be read or is not in the schema.
    #[expect(clippy::too_many_arguments, reason = "they are the columns of the table")]
    pub fn add_rule(
        &mut self,
        place: impl std::fmt::Display + Copy,
        id: &str,
        class: &str,
        attribute: &str,
        violation: &str,
        severity: &str,
        message: &str,
    ) -> Result<RowId, TableError> {
        let severity = severity.parse().map_err(|reason: String| wrong(place, reason))?;
        let violation = Violation::read(violation, self).map_err(|reason| wrong(place, reason))?;
        let judged = !matches!(violation.violation, Violation::Code);
        let class_index = self.classes.find(class);
        let attr = self.attributes.find(attribute.as_bytes());
        if judged && (class_index.is_none() || attr.is_none()) {
            let what = if attr.is_none() { attribute } else { class };
            return Err(wrong(place, format!("{what} is not in the schema of GLUE")));
        }
        let row = RowId(u16::try_from(self.rows.len()).map_err(|_| wrong(place, "too many rules"))?);
        if let (true, Some(class), Some(attr)) = (judged, class_index, attr) {
            self.by_class[usize::from(class)].push(row);
            // A rule that says which values are right takes the place of the schema's type, and one that demands an attribute
            // that of its mandatory attributes: one defect, one finding.
            match (&violation.violation, &violation.when) {
                (Violation::NotIn(_) | Violation::NotInList(_) | Violation::NotLike(_), None) => {
                    self.specs[usize::from(attr.0)].kind = Type::Text;
                }
                (Violation::Absent, None) => self.wanted[usize::from(class)].retain(|(wanted, _)| *wanted != attr),
                _ => {}
            }
        }
        self.rows.push(Row {
            id: id.to_owned(),
            class: class.to_owned(),
            attribute: attribute.to_owned(),
            attr,
            violation: violation.violation,
            when: violation.when,
            severity,
            message: message.to_owned(),
            text: violation.text,
        });
        Ok(row)
    }

    /// A rule.
    pub fn row(&self, row: RowId) -> &Row {
        &self.rows[usize::from(row.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole_and_every_rule_that_the_code_names_is_there() {
        let tables = Tables::built_in().unwrap();
        assert!(tables.rows.len() > 300, "{}", tables.rows.len());
        assert!(tables.classes.len() <= 128);
        assert!(tables.specs.len() > 440);
    }

    #[test]
    fn a_rule_is_wrong_in_words_that_name_the_place() {
        let mut tables = Tables::built_in().unwrap();
        let mut add = |class, attribute, violation, severity| {
            tables
                .add_rule("x.toml: rule 1", "X1", class, attribute, violation, severity, "m")
                .map_err(|e| e.to_string())
        };
        assert!(add("GlueCE", "GlueCEStateWaitingJobs", "> 5", "error").is_ok());
        assert_eq!(
            add("GlueCE", "GlueNone", "> 5", "error").unwrap_err(),
            "x.toml: rule 1: GlueNone is not in the schema of GLUE"
        );
        assert!(add("GlueCE", "GlueCEStateStatus", "resembles x", "error").unwrap_err().contains("resembles x"));
        assert!(add("GlueCE", "GlueCEStateStatus", "absent", "bad").unwrap_err().contains("bad"));
    }
}
