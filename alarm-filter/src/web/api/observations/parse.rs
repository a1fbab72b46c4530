//! The array as it was sent, its texts borrowed from the body where they can be; or the place where it is wrong.

use super::super::super::problem::Fault;
use super::super::super::visible::clipped;
use alarm_core::time::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// One observation as it was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Item<'a> {
    pub(super) source: Option<Cow<'a, str>>,
    pub(super) sequence: Option<u64>,
    pub(super) host: Option<Cow<'a, str>>,
    pub(super) service: Option<Cow<'a, str>>,
    pub(super) service_type: Option<Cow<'a, str>>,
    pub(super) metric: Option<Cow<'a, str>>,
    pub(super) site: Option<Cow<'a, str>>,
    pub(super) ngi: Option<Cow<'a, str>>,
    pub(super) vo: Option<Cow<'a, str>>,
    pub(super) state: Option<Cow<'a, str>>,
    pub(super) hard: Option<bool>,
    pub(super) since: Option<Timestamp>,
    pub(super) output: Option<Cow<'a, str>>,
    pub(super) long_output: Option<Cow<'a, str>>,
    pub(super) perf_data: Option<Cow<'a, str>>,
}

/// The fields, as messages list them.
const FIELDS: [&str; 15] = [
    "source",
    "sequence",
    "host",
    "service",
    "service_type",
    "metric",
    "site",
    "ngi",
    "vo",
    "state",
    "hard",
    "since",
    "output",
    "long_output",
    "perf_data",
];

/// What others call them.
const ALSO: [(&str, &str); 16] = [
    ("monitor", "source"),
    ("seq", "sequence"),
    ("id", "sequence"),
    ("hostname", "host"),
    ("host_name", "host"),
    ("service_description", "service"),
    ("flavour", "service_type"),
    ("type", "service_type"),
    ("roc", "ngi"),
    ("status", "state"),
    ("severity", "state"),
    ("timestamp", "since"),
    ("time", "since"),
    ("summary", "output"),
    ("details", "long_output"),
    ("perfdata", "perf_data"),
];

/// Why there is no array.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wrong {
    /// It is not JSON.
    Syntax(String),
    /// It is JSON, and says what cannot be taken.
    Content(Fault),
}

/// Reads the array.
pub(super) fn array(body: &[u8]) -> Result<Vec<Item<'_>>, Wrong> {
    let place = Place::default();
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = Array(&place).deserialize(&mut json).and_then(|items| json.end().map(|()| items));
    read.map_err(|e| match e.classify() {
        serde_json::error::Category::Data => Wrong::Content(Fault {
            index: place.index.get(),
            field: place.field.get().to_owned(),
            // serde_json adds the place in the text, which index and field say better.
            detail: e.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        }),
        _ => Wrong::Syntax(format!("the body is not JSON: {e}; nothing was taken")),
    })
}

/// Where the reading is.
#[derive(Default)]
struct Place {
    index: Cell<Option<usize>>,
    field: Cell<&'static str>,
}

struct Array<'p>(&'p Place);

impl<'de> DeserializeSeed<'de> for Array<'_> {
    type Value = Vec<Item<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Array<'_> {
    type Value = Vec<Item<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of observations, also for a single one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::with_capacity(64);
        loop {
            self.0.index.set(Some(items.len()));
            self.0.field.set("");
            match seq.next_element_seed(One(self.0))? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        self.0.index.set(None);
        Ok(items)
    }
}

struct One<'p>(&'p Place);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Item<'de>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Item<'de>, D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = Item<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an observation: an object with source, sequence, host, state, …")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item<'de>, A::Error> {
        fn put<'de, T, S: DeserializeSeed<'de, Value = T>, A: MapAccess<'de>>(
            slot: &mut Option<T>,
            map: &mut A,
            seed: S,
        ) -> Result<(), A::Error> {
            let value = map.next_value_seed(seed)?;
            match slot.replace(value) {
                None => Ok(()),
                Some(_) => Err(A::Error::custom("given twice; give it once")),
            }
        }
        let mut item = Item::default();
        while let Some(name) = map.next_key_seed(Name(self.0))? {
            self.0.field.set(name);
            match name {
                "source" => put(&mut item.source, &mut map, Words)?,
                "sequence" => put(&mut item.sequence, &mut map, Number)?,
                "host" => put(&mut item.host, &mut map, Words)?,
                "service" => put(&mut item.service, &mut map, Words)?,
                "service_type" => put(&mut item.service_type, &mut map, Words)?,
                "metric" => put(&mut item.metric, &mut map, Words)?,
                "site" => put(&mut item.site, &mut map, Words)?,
                "ngi" => put(&mut item.ngi, &mut map, Words)?,
                "vo" => put(&mut item.vo, &mut map, Words)?,
                "state" => put(&mut item.state, &mut map, Words)?,
                "hard" => put(&mut item.hard, &mut map, std::marker::PhantomData::<bool>)?,
                "since" => put(&mut item.since, &mut map, Moment)?,
                "output" => put(&mut item.output, &mut map, Words)?,
                "long_output" => put(&mut item.long_output, &mut map, Words)?,
                "perf_data" => put(&mut item.perf_data, &mut map, Words)?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            self.0.field.set("");
        }
        Ok(item)
    }
}

/// A field's name: one of [`FIELDS`].
struct Name<'p>(&'p Place);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<&'static str, D::Error> {
        d.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'static str, E> {
        if let Some(known) = FIELDS.iter().find(|f| **f == name) {
            return Ok(known);
        }
        self.0.field.set("");
        let lower = name.to_ascii_lowercase();
        let meant = ALSO.iter().find(|(also, _)| *also == lower).map(|(_, field)| *field);
        let meant = meant.or_else(|| FIELDS.into_iter().find(|f| lower.replace('-', "_") == *f || near(&lower, f)));
        let hint = match meant {
            Some(field) => format!("did you mean '{field}'?"),
            None => format!("known are {}", FIELDS.join(", ")),
        };
        Err(E::custom(format!("there is no field '{}'; {hint}", clipped(name, 60))))
    }
}

/// Whether two names differ by one letter at most: one too many, too few, or another.
fn near(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    a.len() - tail <= 1 && b.len() - tail <= 1
}

/// Text, borrowed where it holds no escapes.
struct Words;

impl<'de> DeserializeSeed<'de> for Words {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Cow<'de, str>, D::Error> {
        d.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Words {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The sender's number.
struct Number;

impl<'de> DeserializeSeed<'de> for Number {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<u64, D::Error> {
        d.deserialize_u64(self)
    }
}

/// A whole number as JSON may write it, too: `7.0`.
pub(in crate::web) fn whole(n: f64) -> Option<u64> {
    // Written out exactly, and read as what it is.
    if n.fract() == 0.0 && n >= 0.0 { format!("{:.0}", n.abs()).parse().ok() } else { None }
}

impl Visitor<'_> for Number {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number that the source gives to each observation once")
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<u64, E> {
        Ok(n)
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<u64, E> {
        whole(n).ok_or_else(|| E::invalid_value(Unexpected::Float(n), &self))
    }
}

/// Epoch seconds, whole or not.
struct Moment;

impl<'de> DeserializeSeed<'de> for Moment {
    type Value = Timestamp;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Timestamp, D::Error> {
        d.deserialize_any(self)
    }
}

/// Early in 2106: beyond it somebody has sent milliseconds.
const LATEST: u32 = 4_294_967_295;

impl Visitor<'_> for Moment {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("epoch seconds as a number")
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Timestamp, E> {
        match u32::try_from(n) {
            Ok(secs) => Ok(Timestamp::from_secs(i64::from(secs))),
            Err(_) => Err(E::custom(format!("{n} is beyond the year 2106; give epoch seconds, not milliseconds"))),
        }
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Timestamp, E> {
        Err(E::custom(format!("{n} is before 1970; give epoch seconds")))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Timestamp, E> {
        if !(0.0..=f64::from(LATEST)).contains(&n) {
            return Err(E::custom(format!("{n} is not between 1970 and 2106; give epoch seconds, not milliseconds")));
        }
        // A duration in range has milliseconds that fit.
        let ms = std::time::Duration::from_secs_f64(n).as_millis();
        Ok(Timestamp(i64::try_from(ms).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(body: &str) -> Fault {
        match array(body.as_bytes()) {
            Err(Wrong::Content(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn texts_are_borrowed() {
        let body = br#"[{"source":"a","sequence":7,"host":"h","state":"OK","since":1.5,"output":"x\ny"}]"#;
        let items = array(body).unwrap();
        assert!(matches!(items[0].host, Some(Cow::Borrowed("h"))));
        assert_eq!(items[0].output.as_deref(), Some("x\ny"));
        assert_eq!((items[0].sequence, items[0].since), (Some(7), Some(Timestamp(1500))));
        assert_eq!(array(b"[]").unwrap(), []);
        assert_eq!(array(br#"[{"sequence":7.0}]"#).unwrap()[0].sequence, Some(7));
        assert_eq!(array(br#"[{"sequence":-0.0}]"#).unwrap()[0].sequence, Some(0));
        assert_eq!(array(br#"[{"sequence":18446744073709551615}]"#).unwrap()[0].sequence, Some(u64::MAX));
        for bad in ["7.5", "-7.0", "1e300", "-1"] {
            assert_eq!(fault(&format!(r#"[{{"sequence":{bad}}}]"#)).field, "sequence", "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let f = fault(r#"[{"source":"a"},{"host":5}]"#);
        assert_eq!((f.index, f.field.as_str()), (Some(1), "host"));
        assert!(f.detail.contains("expected a text"), "{f:?}");
        let f = fault(r#"[{"sorce":"a"}]"#);
        assert!(f.detail.contains("did you mean 'source'?"), "{f:?}");
        let f = fault(r#"[{"perfData":"a"}]"#);
        assert!(f.detail.contains("did you mean 'perf_data'?"), "{f:?}");
        let f = fault(r#"[{"frobnicate\u001b":1}]"#);
        assert!(f.detail.contains("known are source, ") && !f.detail.contains('\u{1b}'), "{f:?}");
        let f = fault(r#"[{"since":1795319551000}]"#);
        assert!(f.detail.contains("not milliseconds"), "{f:?}");
        assert_eq!(fault(r#"[{"since":-1}]"#).field, "since");
        assert_eq!(fault(r#"[{"since":1e300}]"#).field, "since");
        assert_eq!(fault(r#"[{"host":"a","host":"b"}]"#).detail, "given twice; give it once");
        assert_eq!(fault(r#"{"source":"a"}"#).index, None);
        for bad in [&b"[{"[..], b"", b"[]x", b"[\"\xff\"]", b"<html>"] {
            assert!(matches!(array(bad), Err(Wrong::Syntax(_) | Wrong::Content(_))), "{bad:?}");
        }
    }
}
