//! A rule: what is violated, of which attribute of which class, and how bad that is.
use super::super::forms::Form;
use super::super::value;
use super::{Attr, Tables};

/// A rule's place among the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RowId(pub u16);

/// How bad a violation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Not judged.
    Off,
    /// A note; the state stays.
    Info,
    /// WARNING
    Warning,
    /// CRITICAL
    Error,
}

impl Severity {
    /// As the tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Off => "off",
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl std::str::FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Severity, String> {
        match text {
            "off" => Ok(Severity::Off),
            "info" => Ok(Severity::Info),
            "warning" => Ok(Severity::Warning),
            "error" => Ok(Severity::Error),
            _ => Err(format!("{text:?} is none of off, info, warning, error")),
        }
    }
}

/// What a number is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A number.
    Number(f64),
    /// Another attribute of the entry, times a number.
    Attribute(Attr, f64),
}

/// What is a violation.
#[derive(Debug, Clone, PartialEq)]
pub enum Violation {
    /// The attribute lacks.
    Absent,
    /// The attribute is there.
    Present,
    /// It has more than one value.
    Many,
    /// A value is empty.
    Empty,
    /// A value is below.
    Below(Operand),
    /// A value is above.
    Above(Operand),
    /// A value is below or equal.
    NotAbove(Operand),
    /// A value is above or equal.
    NotBelow(Operand),
    /// A value is this number.
    Equals(f64),
    /// A value is this text.
    Is(String),
    /// A value begins so.
    Starts(String),
    /// A value has this in it.
    Contains(String),
    /// A value has a space in it.
    HasSpace,
    /// A value is one of these.
    In(Vec<String>),
    /// A value is none of these.
    NotIn(Vec<String>),
    /// A value is not in this list.
    NotInList(String),
    /// A value does not have this form.
    NotLike(Form),
    /// Judged in the code that names the id.
    Code,
}

/// A rule holds only where another attribute has one of these values.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// The other attribute.
    pub attr: Attr,
    /// Its values.
    pub values: Vec<String>,
}

/// A violation as it was written.
pub(super) struct Written {
    pub violation: Violation,
    pub when: Option<When>,
    pub text: String,
}

/// A line of the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id, which is stable; more rows may have it.
    pub id: String,
    /// Of this class.
    pub class: String,
    /// Of this attribute, or what else the row is about.
    pub attribute: String,
    /// The attribute, if it is one.
    pub attr: Option<Attr>,
    /// What is a violation.
    pub violation: Violation,
    /// Where it holds.
    pub when: Option<When>,
    /// How bad that is.
    pub severity: Severity,
    /// What is wrong then.
    pub message: String,
    /// The violation as it was written.
    pub text: String,
}

impl Violation {
    pub(super) fn read(text: &str, tables: &Tables) -> Result<Written, String> {
        let (what, when) = match text.split_once(" when ") {
            Some((what, when)) => (what, Some(read_when(when, tables)?)),
            None => (text, None),
        };
        let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
        let values = |rest: &str| rest.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>();
        let violation = match (word, rest) {
            ("absent", "") => Violation::Absent,
            ("present", "") => Violation::Present,
            ("many", "") => Violation::Many,
            ("empty", "") => Violation::Empty,
            ("code", "") => Violation::Code,
            ("contains-space", "") => Violation::HasSpace,
            ("is", text) if !text.is_empty() => Violation::Is(text.to_owned()),
            ("starts", text) if !text.is_empty() => Violation::Starts(text.to_owned()),
            ("contains", text) if !text.is_empty() => Violation::Contains(text.to_owned()),
            ("in", list) if !list.is_empty() => Violation::In(values(list)),
            ("not", rest) => match rest.split_once(' ') {
                Some(("in", list)) => match list.strip_prefix('@') {
                    Some(name) if tables.lists.contains_key(name) => Violation::NotInList(name.to_owned()),
                    Some(name) => return Err(format!("there is no list {name}")),
                    None => Violation::NotIn(values(list)),
                },
                Some(("like", form)) => Violation::NotLike(form.parse()?),
                _ => return Err(unreadable(text)),
            },
            ("<", operand) => Violation::Below(read_operand(operand, tables)?),
            (">", operand) => Violation::Above(read_operand(operand, tables)?),
            ("<=", operand) => Violation::NotAbove(read_operand(operand, tables)?),
            (">=", operand) => Violation::NotBelow(read_operand(operand, tables)?),
            ("=", number) => {
                Violation::Equals(value::number(number.as_bytes()).ok_or_else(|| format!("{number:?} is no number"))?)
            }
            _ => return Err(unreadable(text)),
        };
        Ok(Written { violation, when, text: text.to_owned() })
    }
}

fn unreadable(text: &str) -> String {
    format!("the violation {text:?} is none that check_bdii knows; docs/probes/check_bdii.md lists them")
}

fn read_when(text: &str, tables: &Tables) -> Result<When, String> {
    let (attribute, values) = text.split_once(" in ").ok_or_else(|| format!("when {text:?}: not ATTRIBUTE in A,B"))?;
    let attr = tables.attributes.find(attribute.as_bytes()).ok_or_else(|| format!("no attribute {attribute}"))?;
    Ok(When { attr, values: values.split(',').map(|value| value.trim().to_owned()).collect() })
}

fn read_operand(text: &str, tables: &Tables) -> Result<Operand, String> {
    if let Some(number) = value::number(text.as_bytes()) {
        return Ok(Operand::Number(number));
    }
    let (attribute, factor) = text.split_once(" * ").unwrap_or((text, "1"));
    let attr = tables.attributes.find(attribute.as_bytes()).ok_or_else(|| format!("no attribute {attribute}"))?;
    let factor = value::number(factor.as_bytes()).ok_or_else(|| format!("{factor:?} is no number"))?;
    Ok(Operand::Attribute(attr, factor))
}
