//! What values look like: the types of GLUE's schemas.
use super::super::value;
use super::names::lower;
use rustc_hash::{FxHashMap, FxHashSet};

/// A list of values, compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// Whether GLUE lets everybody add to it.
    pub open: bool,
    values: FxHashSet<Vec<u8>>,
}

impl List {
    pub(super) fn new<'v>(open: bool, values: impl Iterator<Item = &'v str>) -> List {
        let mut list = List { open, values: FxHashSet::default() };
        values.for_each(|value| list.add(value));
        list
    }

    /// Adds a value.
    pub fn add(&mut self, value: &str) {
        self.values.insert(value.to_ascii_lowercase().into_bytes());
    }

    /// Whether the value is in it.
    #[inline]
    pub fn has(&self, value: &[u8]) -> bool {
        lower(value, &mut [0; 128]).is_some_and(|value| self.values.contains(value))
    }
}

/// The type of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Anything.
    Text,
    /// A scheme, a host, perhaps more.
    Url,
    /// A number with or without a fraction.
    Real,
    /// A whole number between the two.
    Integer(i128, i128),
    /// ISO 8601.
    DateTime,
    /// `mailto:` and an address.
    Email,
    /// One of a list.
    OneOf(String),
}

/// How a value fits a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It is beside a list that is open.
    Beside,
}

impl Type {
    pub(super) fn named(name: &str, lists: &FxHashMap<String, List>) -> Type {
        match name {
            "URL" => Type::Url,
            "Real32" => Type::Real,
            "Int32" => Type::Integer(i32::MIN.into(), i32::MAX.into()),
            "UInt32" => Type::Integer(0, u32::MAX.into()),
            "UInt64" => Type::Integer(0, u64::MAX.into()),
            "DateTime_t" => Type::DateTime,
            "Email_t" => Type::Email,
            list if lists.contains_key(list) => Type::OneOf(list.to_owned()),
            _ => Type::Text,
        }
    }

    /// Whether a value is of the type.
    #[inline]
    pub fn fit(&self, bytes: &[u8], lists: &FxHashMap<String, List>) -> Fit {
        let yes = |fits: bool| if fits { Fit::Yes } else { Fit::No };
        match self {
            Type::Text => Fit::Yes,
            Type::Url => match value::url(bytes) {
                Some(url) if lists.get("URLScheme").is_none_or(|list| list.has(url.scheme)) => Fit::Yes,
                Some(_) => Fit::Beside,
                None => Fit::No,
            },
            Type::Real => yes(value::number(bytes).is_some()),
            Type::Integer(least, most) => yes(value::integer(bytes).is_some_and(|n| (*least..=*most).contains(&n))),
            Type::DateTime => yes(value::time(bytes).is_some()),
            Type::Email => yes(value::mailto(bytes)),
            Type::OneOf(name) => match lists.get(name) {
                Some(list) if !list.has(bytes) => {
                    if list.open {
                        Fit::Beside
                    } else {
                        Fit::No
                    }
                }
                _ => Fit::Yes,
            },
        }
    }

    /// In words.
    pub fn words(&self) -> String {
        match self {
            Type::Text => "any text".to_owned(),
            Type::Url => "a URL".to_owned(),
            Type::Real => "a number".to_owned(),
            Type::Integer(least, _) if *least < 0 => "an integer".to_owned(),
            Type::Integer(least, most) => format!("an integer from {least} to {most}"),
            Type::DateTime => "a time as 2026-01-31T12:00:00Z".to_owned(),
            Type::Email => "mailto: and an address".to_owned(),
            Type::OneOf(list) => format!("one of {list}"),
        }
    }
}
