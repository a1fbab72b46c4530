//! Whose view is taken. What lies in the folder is one thing; what a service takes in of it another.

use super::lists::{Lists, Read};
use crate::trust::crl::{Crl, Encoding};
use crate::trust::store::Numbered;

/// Who relies on the folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Consumer {
    /// OpenSSL's lookup by folder, measured with Debian's 3.0.22: `HASH.r0`, `HASH.r1`, … until one is missing, PEM only; what is
    /// broken is skipped.
    Openssl,
    /// The same in the original (by_dir.c), which stops at what is broken, and takes a delta list for a complete one, as Debian's
    /// did up to 3.0.19.
    OpensslOriginal,
    /// One that stops at what is broken, too, under the default crypto policy of Enterprise Linux 9: no SHA-1, no keys below 112 bits.
    /// What it makes of a delta list alone was not measured; it counts as refused.
    OpensslEl9,
    /// canl-java, and with it dCache, StoRM and VOMS: every `HASH.rN`, PEM or DER; what is broken is skipped.
    Canl,
}

impl Consumer {
    /// Those whose views are compared: between them they see all that any sees.
    pub const COMPARED: [Consumer; 3] = [Consumer::Openssl, Consumer::OpensslEl9, Consumer::Canl];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Consumer::Openssl => "openssl",
            Consumer::OpensslOriginal => "openssl-original",
            Consumer::OpensslEl9 => "openssl-el9",
            Consumer::Canl => "canl",
        }
    }

    /// By that name.
    pub fn named(name: &str) -> Option<Consumer> {
        Consumer::COMPARED.into_iter().chain([Consumer::OpensslOriginal]).find(|c| c.name() == name)
    }

    /// What it takes in of the files under a hash.
    pub fn sees<'a>(self, numbered: &'a [Numbered], lists: &'a Lists) -> View<'a> {
        let mut view = View::default();
        for file in numbered {
            if self != Consumer::Canl && file.behind_gap {
                view.obstacles.push((&file.name, Obstacle::Gap));
                break;
            }
            let before = view.obstacles.len();
            match lists.get(&file.name) {
                Read::Lists(Encoding::Der, _) if self != Consumer::Canl => {
                    view.obstacles.push((&file.name, Obstacle::Der))
                }
                Read::Lists(_, found) => {
                    for list in found {
                        match list {
                            Ok(crl) => view.lists.push((&file.name, crl)),
                            Err(why) => view.obstacles.push((&file.name, Obstacle::Unparsable(why))),
                        }
                    }
                }
                Read::Empty => view.obstacles.push((&file.name, Obstacle::Empty)),
                Read::Other(what) => view.obstacles.push((&file.name, Obstacle::Other(what))),
                Read::Unreadable(why) => view.obstacles.push((&file.name, Obstacle::Unreadable(why))),
            }
            if matches!(self, Consumer::OpensslOriginal | Consumer::OpensslEl9) && view.obstacles.len() > before {
                break;
            }
        }
        view
    }
}

/// What a consumer has before it.
#[derive(Debug, Default)]
pub struct View<'a> {
    /// The lists it takes in, each with its file.
    pub lists: Vec<(&'a str, &'a Crl)>,
    /// What it cannot take in.
    pub obstacles: Vec<(&'a str, Obstacle<'a>)>,
}

/// Why a file gives it nothing.
#[derive(Debug)]
pub enum Obstacle<'a> {
    /// A lower number is missing.
    Gap,
    /// It is DER.
    Der,
    /// It is no list.
    Unparsable(&'a str),
    /// Nothing is in it.
    Empty,
    /// Something else is in it.
    Other(&'static str),
    /// This probe may not read it; perhaps the service may.
    Unreadable(&'a str),
}
