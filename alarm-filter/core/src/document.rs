//! Documents by content hash: what inputs and events name and do not repeat. The caller keeps them; replay opens no
//! file outside of the store.

use crate::input::Text;
use crate::objects::MonitorObjects;
use crate::profile::Profiles;
use crate::settings::Settings;
use crate::topology::{Downtimes, Topology};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One document.
#[derive(Clone, Debug)]
pub enum Document {
    /// A monitor's configuration.
    Objects(Arc<MonitorObjects>),
    /// Sites and services.
    Topology(Arc<Topology>),
    /// Downtimes.
    Downtimes(Arc<Downtimes>),
    /// Profiles.
    Profiles(Arc<Profiles>),
    /// The rules' settings.
    Settings(Arc<Settings>),
}

/// The documents at hand.
#[derive(Clone, Debug, Default)]
pub struct Documents(BTreeMap<Text, Document>);

impl Documents {
    /// Takes in a document under its hash.
    pub fn insert(&mut self, hash: Text, document: Document) {
        self.0.insert(hash, document);
    }

    /// Drops all but those named.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|hash, _| keep(hash));
    }

    /// Whether a document is at hand.
    pub fn contains(&self, hash: &str) -> bool {
        self.0.contains_key(hash)
    }

    pub(crate) fn objects(&self, hash: &str) -> Option<Arc<MonitorObjects>> {
        match self.0.get(hash) {
            Some(Document::Objects(d)) => Some(d.clone()),
            _ => None,
        }
    }

    pub(crate) fn topology(&self, hash: &str) -> Option<Arc<Topology>> {
        match self.0.get(hash) {
            Some(Document::Topology(d)) => Some(d.clone()),
            _ => None,
        }
    }

    pub(crate) fn downtimes(&self, hash: &str) -> Option<Arc<Downtimes>> {
        match self.0.get(hash) {
            Some(Document::Downtimes(d)) => Some(d.clone()),
            _ => None,
        }
    }

    pub(crate) fn profiles(&self, hash: &str) -> Option<Arc<Profiles>> {
        match self.0.get(hash) {
            Some(Document::Profiles(d)) => Some(d.clone()),
            _ => None,
        }
    }

    pub(crate) fn settings(&self, hash: &str) -> Option<Arc<Settings>> {
        match self.0.get(hash) {
            Some(Document::Settings(d)) => Some(d.clone()),
            _ => None,
        }
    }
}
