//! Documents between the store (JSON under its hash) and the engine.

use super::restore::RestoreError;
use crate::store::{DocumentHasher, Store, StoreError};
use alarm_core::document::Document;
use alarm_core::engine::Engine;
use alarm_core::event::Event;
use alarm_core::input::{Input, Text};
use serde::Serialize;
use std::io::BufWriter;
use std::sync::Arc;

/// What a document is, with its JSON and the hash of that.
#[derive(Clone, Debug)]
pub struct Paper {
    /// Its hash.
    pub hash: Text,
    /// Its kind as the store names it.
    pub kind: &'static str,
    /// Its JSON, where it is at hand; of a large configuration it is made when it is stored, which is once.
    pub json: Option<Arc<[u8]>>,
    /// It.
    pub document: Document,
}

impl Paper {
    /// A document, hashed.
    pub fn new<T: Serialize>(kind: &'static str, value: &T, document: Document) -> Self {
        let mut hasher = BufWriter::with_capacity(1 << 16, DocumentHasher::default());
        // Documents have string keys only, and a hasher takes whatever is written: neither can fail.
        let _fits = serde_json::to_writer(&mut hasher, value);
        let hash = hasher.into_inner().map(DocumentHasher::finish).unwrap_or_default();
        Paper { hash: hash.into(), kind, json: None, document }
    }

    /// The input that puts it in force; `monitor` is asked for by a monitor's configuration only.
    pub fn input(&self, monitor: &Text) -> Input {
        let hash = self.hash.clone();
        match self.document {
            Document::Objects(_) => Input::Objects { monitor: monitor.clone(), hash },
            Document::Topology(_) => Input::Topology { hash },
            Document::Downtimes(_) => Input::Downtimes { hash },
            Document::Profiles(_) => Input::Profiles { hash },
            Document::Settings(_) => Input::Settings { hash },
        }
    }

    /// Keeps it in the store.
    ///
    /// # Errors
    /// The store.
    pub fn put(&self, store: &mut dyn Store) -> Result<(), StoreError> {
        match &self.json {
            Some(json) => store.put_document(&self.hash, self.kind, json),
            None => store.put_document(&self.hash, self.kind, &json_of(&self.document)),
        }
    }
}

fn json_of(document: &Document) -> Vec<u8> {
    let json = match document {
        Document::Objects(value) => serde_json::to_vec(&**value),
        Document::Topology(value) => serde_json::to_vec(&**value),
        Document::Downtimes(value) => serde_json::to_vec(&**value),
        Document::Profiles(value) => serde_json::to_vec(&**value),
        Document::Settings(value) => serde_json::to_vec(&**value),
    };
    // What went through the hasher can be written; other bytes than those would be refused by the store.
    json.unwrap_or_default()
}

/// The kind and hash of the document that an event puts in force.
pub(super) fn named(event: &Event) -> Option<(&'static str, &str)> {
    Some(match event {
        Event::Objects { hash, .. } => ("objects", hash),
        Event::Topology { hash } => ("topology", hash),
        Event::Downtimes { hash } => ("downtimes", hash),
        Event::Profiles { hash } => ("profiles", hash),
        Event::Settings { hash } => ("settings", hash),
        _ => return None,
    })
}

/// Teaches a document of the store to the engine.
pub(super) fn load(store: &dyn Store, engine: &mut Engine, kind: &'static str, hash: &str) -> Result<(), RestoreError> {
    let Some(json) = store.document(hash)? else {
        return Err(RestoreError::Document { kind, hash: hash.to_owned() });
    };
    let unreadable = |error| RestoreError::Unreadable { kind, hash: hash.to_owned(), error };
    let document = match kind {
        "objects" => Document::Objects(serde_json::from_slice(&json).map_err(unreadable)?),
        "topology" => Document::Topology(serde_json::from_slice(&json).map_err(unreadable)?),
        "downtimes" => Document::Downtimes(serde_json::from_slice(&json).map_err(unreadable)?),
        "profiles" => Document::Profiles(serde_json::from_slice(&json).map_err(unreadable)?),
        _ => Document::Settings(serde_json::from_slice(&json).map_err(unreadable)?),
    };
    engine.learn(hash.into(), document);
    Ok(())
}
