//! Values as JSON, byte for byte as serde_json writes them and in half the instructions: every record of the journal and
//! every row of the snapshot becomes JSON on its way to the disk, and most of it is names of fields, which need no escapes,
//! and outputs, which hold none.
//!
//! [`text`] is all there is to use; `escape.rs` writes texts and numbers, `key.rs` the keys of maps.
mod escape;
mod key;

use escape::{name_of, signed, text_of, unsigned};
use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Error;

/// A value as JSON.
///
/// # Errors
/// As serde_json: a key of a map that is no text, number or name, or what the value itself says.
pub fn text<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    // Most records are between one and two thousand bytes.
    let mut out = Vec::with_capacity(1024);
    value.serialize(Json(&mut out))?;
    // Only whole texts were put together.
    String::from_utf8(out).map_err(Error::custom)
}

/// Writes one value.
struct Json<'o>(&'o mut Vec<u8>);

/// Writes the parts of a value, with commas between them.
struct Parts<'o> {
    out: &'o mut Vec<u8>,
    /// Nothing stands there yet.
    first: bool,
    /// What ends it.
    end: &'static str,
}

impl<'o> Parts<'o> {
    fn new(out: &'o mut Vec<u8>, begin: u8, end: &'static str) -> Self {
        out.push(begin);
        Parts { out, first: true, end }
    }

    /// Of a variant that has a name: `{"Name":` and then what it holds.
    fn of_variant(out: &'o mut Vec<u8>, name: &'static str, begin: u8, end: &'static str) -> Self {
        begin_variant(out, name);
        Parts::new(out, begin, end)
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.comma();
        value.serialize(Json(self.out))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        name_of(self.out, name, std::mem::take(&mut self.first));
        value.serialize(Json(self.out))
    }

    fn finish(self) {
        self.out.extend_from_slice(self.end.as_bytes());
    }
}

fn begin_variant(out: &mut Vec<u8>, name: &'static str) {
    out.push(b'{');
    name_of(out, name, true);
}

impl<'o> Serializer for Json<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'o>;
    type SerializeTuple = Parts<'o>;
    type SerializeTupleStruct = Parts<'o>;
    type SerializeTupleVariant = Parts<'o>;
    type SerializeMap = Parts<'o>;
    type SerializeStruct = Parts<'o>;
    type SerializeStructVariant = Parts<'o>;

    fn serialize_bool(self, v: bool) -> Result<(), Error> {
        self.0.extend_from_slice(if v { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, v: i8) -> Result<(), Error> {
        self.serialize_i64(i64::from(v))
    }

    fn serialize_i16(self, v: i16) -> Result<(), Error> {
        self.serialize_i64(i64::from(v))
    }

    fn serialize_i32(self, v: i32) -> Result<(), Error> {
        self.serialize_i64(i64::from(v))
    }

    fn serialize_i64(self, v: i64) -> Result<(), Error> {
        signed(self.0, v);
        Ok(())
    }

    fn serialize_u8(self, v: u8) -> Result<(), Error> {
        self.serialize_u64(u64::from(v))
    }

    fn serialize_u16(self, v: u16) -> Result<(), Error> {
        self.serialize_u64(u64::from(v))
    }

    fn serialize_u32(self, v: u32) -> Result<(), Error> {
        self.serialize_u64(u64::from(v))
    }

    fn serialize_u64(self, v: u64) -> Result<(), Error> {
        unsigned(self.0, v);
        Ok(())
    }

    fn serialize_f32(self, v: f32) -> Result<(), Error> {
        // Hardly anything stored has fractions.
        self.0.extend_from_slice(serde_json::to_string(&v)?.as_bytes());
        Ok(())
    }

    fn serialize_f64(self, v: f64) -> Result<(), Error> {
        self.0.extend_from_slice(serde_json::to_string(&v)?.as_bytes());
        Ok(())
    }

    fn serialize_char(self, v: char) -> Result<(), Error> {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, v: &str) -> Result<(), Error> {
        text_of(self.0, v);
        Ok(())
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<(), Error> {
        let mut parts = Parts::new(self.0, b'[', "]");
        v.iter().try_for_each(|b| parts.element(b))?;
        parts.finish();
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        begin_variant(self.0, variant);
        value.serialize(Json(self.0))?;
        self.0.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Parts<'o>, Error> {
        Ok(Parts::new(self.0, b'[', "]"))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Parts<'o>, Error> {
        Ok(Parts::new(self.0, b'[', "]"))
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Parts<'o>, Error> {
        Ok(Parts::new(self.0, b'[', "]"))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Parts<'o>, Error> {
        Ok(Parts::of_variant(self.0, variant, b'[', "]}"))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Parts<'o>, Error> {
        Ok(Parts::new(self.0, b'{', "}"))
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Parts<'o>, Error> {
        Ok(Parts::new(self.0, b'{', "}"))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Parts<'o>, Error> {
        Ok(Parts::of_variant(self.0, variant, b'{', "}}"))
    }
}

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.comma();
        key.serialize(key::Key(self.out))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.out.push(b':');
        value.serialize(Json(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

/// The kinds of parts differ in what serde calls them.
macro_rules! parts {
    ($($kind:ident $put:ident($($name:ident)?) $with:ident;)*) => {$(
        impl $kind for Parts<'_> {
            type Ok = ();
            type Error = Error;

            fn $put<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Result<(), Error> {
                self.$with($($name,)? value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

parts! {
    SerializeSeq serialize_element() element;
    SerializeTuple serialize_element() element;
    SerializeTupleStruct serialize_field() element;
    SerializeTupleVariant serialize_field() element;
    SerializeStruct serialize_field(name) field;
    SerializeStructVariant serialize_field(name) field;
}

/// What is no text, number or name cannot be a key.
fn no_key() -> Error {
    Error::custom("key must be a string")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug, Serialize)]
    struct Unit;

    #[derive(Clone, Debug, Serialize)]
    struct Pair(i8, Option<Box<Thing>>);

    #[derive(Clone, Debug, Serialize)]
    struct Thing {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        byte: Option<u8>,
        #[serde(flatten)]
        more: BTreeMap<String, Variant>,
        numbers: BTreeMap<i64, Vec<u64>>,
    }

    #[derive(Clone, Debug, Serialize)]
    enum Variant {
        Nothing,
        One(String),
        Two(bool, char),
        #[serde(rename = "na-me")]
        Named {
            share: f64,
            unit: Unit,
            nothing: (),
        },
        Tagged(Tagged),
    }

    #[derive(Clone, Debug, Serialize)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    enum Tagged {
        PlainOne { a: i32 },
        Other,
    }

    fn variant() -> impl Strategy<Value = Variant> {
        prop_oneof![
            Just(Variant::Nothing),
            any::<String>().prop_map(Variant::One),
            any::<(bool, char)>().prop_map(|(a, b)| Variant::Two(a, b)),
            any::<f64>().prop_map(|share| Variant::Named { share, unit: Unit, nothing: () }),
            any::<i32>().prop_map(|a| Variant::Tagged(Tagged::PlainOne { a })),
            Just(Variant::Tagged(Tagged::Other)),
        ]
    }

    fn thing() -> impl Strategy<Value = Thing> {
        let more = prop::collection::btree_map("[a-c\"\\\\\u{1f}]{0,3}", variant(), 0..4);
        let numbers = prop::collection::btree_map(any::<i64>(), prop::collection::vec(any::<u64>(), 0..3), 0..3);
        ("[ -~\u{0}-\u{1f}äß\u{7f}]{0,40}", any::<Option<u8>>(), more, numbers)
            .prop_map(|(name, byte, more, numbers)| Thing { name, byte, more, numbers })
    }

    proptest! {
        #[test]
        fn everything_is_written_as_serde_json_writes_it(n in any::<i8>(), things in prop::collection::vec(thing(), 0..3)) {
            let all: Vec<Pair> = things.into_iter().map(|t| Pair(n, Some(Box::new(t)))).chain([Pair(n, None)]).collect();
            prop_assert_eq!(text(&all).unwrap(), serde_json::to_string(&all).unwrap());
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_refused() {
        let map = BTreeMap::from([(vec![1], 2)]);
        assert_eq!(text(&map).unwrap_err().to_string(), serde_json::to_string(&map).unwrap_err().to_string());
    }
}
