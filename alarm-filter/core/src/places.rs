//! Where objects stand in the world. An input asks for the same object a dozen times, under the same texts: it is searched for
//! once, and found by its place from then on.

use crate::input::Text;
use crate::state::State;
use crate::watch::{HostEntry, Judgement, Key, Margin, Watch};
use crate::world::{World, same};
use std::sync::Arc;

/// A (group, host) to look up, borrowed. Hashes as the owned pair does.
#[derive(Hash)]
struct HostRef<'a>(&'a str, &'a str);

impl indexmap::Equivalent<(Text, Text)> for HostRef<'_> {
    fn equivalent(&self, key: &(Text, Text)) -> bool {
        same(self.0, &key.0) && *self.1 == *key.1
    }
}

/// Where an object stands in [`World::hosts`] and in its host. None ever leaves its place.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place {
    /// The host.
    pub(crate) host: usize,
    /// The service; `None`: the host's own check.
    pub(crate) service: Option<usize>,
}

impl World {
    /// Where an object stands, if anything was ever said of it. What is asked for twice in a row, under the texts that it
    /// has here, is found without hashing.
    #[inline]
    pub(crate) fn place(&self, key: &Key) -> Option<Place> {
        let last = self.last.get();
        if self.stands(last, key) { Some(last) } else { self.find(&key.group, &key.host, key.service.as_deref()) }
    }

    /// Whether these very texts stand in that place.
    #[inline]
    fn stands(&self, place: Place, key: &Key) -> bool {
        let Some(((group, host), entry)) = self.hosts.get_index(place.host) else { return false };
        Arc::ptr_eq(host, &key.host)
            && same(group, &key.group)
            && match (place.service, &key.service) {
                (None, None) => true,
                (Some(i), Some(service)) => entry.services.get_index(i).is_some_and(|(s, _)| Arc::ptr_eq(s, service)),
                _ => false,
            }
    }

    #[inline(never)]
    fn find(&self, group: &str, host: &str, service: Option<&str>) -> Option<Place> {
        let host = self.host_index(group, host)?;
        let service = match service {
            Some(service) => Some(self.hosts.get_index(host)?.1.services.get_index_of(service)?),
            None => None,
        };
        let place = Place { host, service };
        self.last.set(place);
        Some(place)
    }

    /// Where a host stands.
    #[inline]
    pub(crate) fn host_index(&self, group: &str, host: &str) -> Option<usize> {
        let last = self.last.get().host;
        match self.hosts.get_index(last) {
            Some(((g, h), _)) if std::ptr::eq(&raw const **h, host) && same(g, group) => Some(last),
            _ => self.hosts.get_index_of(&HostRef(group, host)),
        }
    }

    /// An object under the texts that it has here: by these it is found soonest. `None`: nothing was ever said of it.
    pub(crate) fn known(&self, group: &str, host: &str, service: Option<&str>) -> Option<Key> {
        self.key_at(self.find(group, host, service)?)
    }

    /// The object in that place.
    pub(crate) fn key_at(&self, place: Place) -> Option<Key> {
        let ((group, host), entry) = self.hosts.get_index(place.host)?;
        let service = match place.service {
            Some(i) => Some(entry.services.get_index(i)?.0.clone()),
            None => None,
        };
        Some(Key { group: group.clone(), host: host.clone(), service })
    }

    /// What is known of the object in that place.
    #[inline]
    pub(crate) fn watch_at(&self, place: Place) -> Option<&Watch> {
        let (_, entry) = self.hosts.get_index(place.host)?;
        match place.service {
            Some(i) => entry.services.get_index(i).map(|(_, watch)| watch),
            None => Some(&entry.host),
        }
    }

    /// A host, if anything was ever said of it or of a service on it.
    #[inline]
    pub fn host_entry(&self, group: &str, host: &str) -> Option<&HostEntry> {
        self.hosts.get_index(self.host_index(group, host)?).map(|(_, entry)| entry)
    }

    /// The object's watch, if anything was ever said of it.
    #[inline]
    pub fn watch(&self, key: &Key) -> Option<&Watch> {
        self.watch_at(self.place(key)?)
    }

    /// The object's watch, to be changed. It begins with the first word that is said of the object.
    pub(crate) fn watch_mut(&mut self, key: &Key) -> &mut Watch {
        let place = self.place(key).unwrap_or_else(|| self.begin(key));
        let entry = &mut self.hosts[place.host];
        let watch = match place.service {
            Some(i) => &mut entry.services[i],
            None => &mut entry.host,
        };
        if !watch.margin.changed {
            watch.margin.changed = true;
            self.dirty.watch(place);
        }
        watch
    }

    /// What is noted beside the object in that place.
    pub(crate) fn margin_at(&mut self, place: Place) -> Option<&mut Margin> {
        let (_, entry) = self.hosts.get_index_mut(place.host)?;
        match place.service {
            Some(i) => entry.services.get_index_mut(i).map(|(_, watch)| &mut watch.margin),
            None => Some(&mut entry.host.margin),
        }
    }

    /// The same of an object; `None`: nothing was ever said of it.
    fn margin_mut(&mut self, key: &Key) -> Option<&mut Margin> {
        self.margin_at(self.place(key)?)
    }

    /// The number of an object, for look-ups in the journal; worked out once for each that is watched.
    pub(crate) fn number(&mut self, key: &Key) -> i64 {
        match self.margin_mut(key) {
            Some(margin) => *margin.number.get_or_insert_with(|| key.number()),
            None => key.number(),
        }
    }

    /// Keeps whether a problem of an object raises, until something changes that it depends on.
    pub(crate) fn note_judgement(&mut self, key: &Key, state: State, judgement: Judgement) {
        let judging = self.judging;
        if let Some(margin) = self.margin_mut(key) {
            margin.judge(state, judging, judgement);
        }
    }
}
