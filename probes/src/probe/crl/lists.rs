//! The files with revocation lists, each read once, whoever asks for it how often.

use crate::trust::crl::{Crl, Encoding, Found, read_file};
use crate::trust::store::Store;
use plugin::Context;
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;

/// What was read from a file. Errors are kept as the text that is told.
#[derive(Debug)]
pub enum Read {
    /// Lists.
    Lists(Encoding, Vec<Result<Crl, String>>),
    /// It is empty.
    Empty,
    /// It holds something else.
    Other(&'static str),
    /// It cannot be read.
    Unreadable(String),
}

/// All that were read so far.
#[derive(Debug, Default)]
pub struct Lists {
    read: HashMap<String, Read>,
    /// When the youngest of the files was written.
    pub newest_file: Option<i64>,
}

static NOTHING: Read = Read::Empty;

impl Lists {
    /// Reads a file unless it was.
    pub fn read(&mut self, store: &Store, name: &str, wanted: &[Vec<u8>], context: &Context) {
        if self.read.contains_key(name) {
            return;
        }
        context.doing(format_args!("reading {}/{name}", store.folder().display()));
        let read = match store.reader(name) {
            Ok(input) => {
                self.newest_file =
                    self.newest_file.max(std::fs::metadata(store.folder().join(name)).ok().map(|m| m.mtime()));
                Read::of(read_file(input, wanted))
            }
            Err(e) => Read::Unreadable(e.to_string()),
        };
        self.read.insert(name.to_owned(), read);
    }

    /// What was read from it.
    pub fn get(&self, name: &str) -> &Read {
        self.read.get(name).unwrap_or(&NOTHING)
    }

    /// How many lists were read, and how many entries they have in all.
    pub fn totals(&self) -> (usize, u64) {
        let lists = self.read.values().flat_map(|read| match read {
            Read::Lists(_, lists) => lists.as_slice(),
            _ => &[],
        });
        lists.filter_map(|list| list.as_ref().ok()).fold((0, 0), |(n, entries), crl| (n + 1, entries + crl.entries))
    }

    /// A name among `names` whose file holds a list of this issuer.
    pub fn holding<'a>(&self, names: &'a [String], issuer: &crate::trust::name::Name) -> Option<&'a str> {
        names.iter().map(String::as_str).find(|name| match self.get(name) {
            Read::Lists(_, lists) => lists.iter().flatten().any(|crl| crl.issuer == *issuer),
            _ => false,
        })
    }
}

impl Read {
    /// Of what the file's reader says.
    pub fn of(found: std::io::Result<Found>) -> Read {
        match found {
            Ok(Found::Lists(encoding, lists)) => {
                Read::Lists(encoding, lists.into_iter().map(|list| list.map_err(|e| e.to_string())).collect())
            }
            Ok(Found::Empty) => Read::Empty,
            Ok(Found::Other(what)) => Read::Other(what),
            Err(e) => Read::Unreadable(e.to_string()),
        }
    }
}
