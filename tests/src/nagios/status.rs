//! What a Nagios says of itself in status.dat. Independent of the daemon's reader, so that it can be a witness.

use crate::fail::{Fail, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// One block: its kind and its values.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// `servicestatus`, `hoststatus`, `servicedowntime`, …
    pub kind: String,
    values: BTreeMap<String, String>,
}

/// All of status.dat.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The blocks in the order of the file.
    pub blocks: Vec<Block>,
}

impl Block {
    /// A value; empty when the key is missing.
    pub fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }
}

impl Status {
    /// Reads it whole.
    pub fn read(path: &Path) -> Result<Self> {
        let content = fs::read(path).map_err(Fail::at(path.display()))?;
        let mut status = Status::default();
        for line in String::from_utf8_lossy(&content).lines() {
            let line = line.trim();
            if let Some(kind) = line.strip_suffix(" {") {
                status.blocks.push(Block { kind: kind.to_owned(), values: BTreeMap::new() });
            } else if let (Some((key, value)), Some(block)) = (line.split_once('='), status.blocks.last_mut()) {
                block.values.insert(key.to_owned(), value.to_owned());
            }
        }
        Ok(status)
    }

    /// The blocks of a kind.
    pub fn kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.kind == kind)
    }

    /// A service's state.
    pub fn service(&self, host: &str, service: &str) -> Option<&Block> {
        self.kind("servicestatus")
            .find(|block| block.get("host_name") == host && block.get("service_description") == service)
    }

    /// A host's state.
    pub fn host(&self, host: &str) -> Option<&Block> {
        self.kind("hoststatus").find(|block| block.get("host_name") == host)
    }
}
