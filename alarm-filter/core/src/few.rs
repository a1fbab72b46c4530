//! Maps of one or two entries, of which there are tens of thousands: in order, found by looking at each, and no larger than
//! what is in them. Written as any other map.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// A map, by key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Few(Vec::new())
    }
}

impl<K: Ord, V> Few<K, V> {
    /// What stands there.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.iter_mut().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// What stands there, or what is put there now.
    pub(crate) fn get_or_insert(&mut self, key: K, value: V) -> &mut V {
        let place = match self.0.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(place) => place,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (key, value));
                place
            }
        };
        &mut self.0[place].1
    }

    /// Takes out all that does not stay.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&K) -> bool) {
        self.0.retain(|(key, _)| stays(key));
    }

    /// All, in the order of the keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Ord, V: Default> Few<K, V> {
    /// What stands there, or nothing.
    pub(crate) fn get_or_default(&mut self, key: K) -> &mut V {
        self.get_or_insert(key, V::default())
    }
}

impl<K: Serialize, V: Serialize> Serialize for Few<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for Few<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
    type Value = Few<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Few<K, V>, A::Error> {
        let mut few = Few(Vec::new());
        while let Some((key, value)) = map.next_entry()? {
            match few.0.binary_search_by(|(k, _): &(K, V)| k.cmp(&key)) {
                // Of one that stands there twice the last counts, as in any map.
                Ok(place) => few.0[place].1 = value,
                Err(place) => {
                    few.0.reserve_exact(1);
                    few.0.insert(place, (key, value));
                }
            }
        }
        Ok(few)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn a_map_of_few_is_a_map(entries in prop::collection::vec((0i32..6, any::<u8>()), 0..12), kept in 0i32..6) {
            let (mut few, mut model) = (Few::default(), BTreeMap::new());
            for (key, value) in entries {
                prop_assert_eq!(few.get(&key), model.get(&key));
                *few.get_or_default(key) = value;
                model.insert(key, value);
            }
            let text = serde_json::to_string(&few).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&model).unwrap());
            prop_assert_eq!(&serde_json::from_str::<Few<i32, u8>>(&text).unwrap(), &few);
            few.retain(|key| *key >= kept);
            model.retain(|key, _| *key >= kept);
            prop_assert!(few.iter().eq(model.iter()));
            prop_assert_eq!(few.is_empty(), model.is_empty());
        }
    }
}
