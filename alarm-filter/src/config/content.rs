//! Whether the files that a configuration names hold what they should. Each note is a line: the file, what is wrong with
//! it, and what to do.

use crate::access::because;
use crate::source::nagios_log::line::split_epoch;
use crate::source::nagios_status::objects::{ObjectsCache, others};
use crate::source::nagios_status::status;
use crate::source::text::Interner;
use crate::topology::config::SourceConfig;
use crate::topology::gocdb::{self, Limits, Method, Rows};
use crate::topology::merge::{Parts, merge, merge_downtimes};
use crate::topology::tls::{self, tls_config};
use std::io::Read;
use std::path::Path;

/// How much of a log is looked at, in bytes.
const LOOK: u64 = 64 * 1024;

/// Whether the begin of a file looks like a monitor's log. An empty one does: it was just made.
pub(super) fn log(path: &Path) -> Option<String> {
    let mut head = Vec::new();
    std::fs::File::open(path).and_then(|f| f.take(LOOK).read_to_end(&mut head)).ok()?;
    let lines = head.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    let (mut all, mut good) = (0, 0);
    for line in lines {
        all += 1;
        good += u32::from(split_epoch(line).is_some());
    }
    (all > 0 && good == 0).then(|| {
        format!(
            "none of its first {all} lines begins with a time in brackets, as those of a Nagios log do; name the log"
        )
    })
}

/// What is wrong with a status.dat.
pub(super) fn status(path: &Path) -> Option<String> {
    status::visit_file(path, |_| {}).err().map(|e| e.to_string())
}

/// What is wrong with an objects.cache, or remarkable in it.
pub(super) fn objects(path: &Path, sites_known: bool) -> Vec<String> {
    match ObjectsCache::load(path, &mut Interner::default()) {
        Err(e) => vec![e.to_string()],
        Ok(cache) => {
            let mut notes = cache.notes(path);
            if let Some((first, count)) = cache.without_site().filter(|_| !sites_known) {
                notes.push(format!(
                    "{}: the service {first}{}: no site; set _site_name on host or service, or configure [topology]",
                    path.display(),
                    others(count)
                ));
            }
            notes
        }
    }
}

/// An answer of GOCDB that lies in a file, or what is wrong with it.
pub(super) fn answer(method: Method, path: &Path) -> Result<Rows, String> {
    let place = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {place}: {}", because(path, &e, false)))?;
    gocdb::parse(method, &place, &bytes, &Limits::default()).map_err(|e| e.to_string())
}

/// What is remarkable in answers, each by itself and all together.
pub(super) fn remarks(answers: &[Rows]) -> Vec<String> {
    let mut notes: Vec<String> = answers.iter().flat_map(|a| a.remarks().to_lines()).collect();
    let mut parts = Parts::default();
    for rows in answers {
        match rows {
            Rows::Sites(d) => parts.sites = Some(&d.rows),
            Rows::Services(d) => parts.services = Some(&d.rows),
            Rows::Rocs(d) => parts.rocs = Some(&d.rows),
            Rows::Downtimes(d) => notes.extend(merge_downtimes(&d.rows).1.to_lines()),
        }
    }
    notes.extend(merge(parts).1.to_lines());
    notes
}

/// Whether certificates and key of a source can be used; notes are what is left out of the folder of anchors.
pub(super) fn certificates(source: &SourceConfig) -> Result<Vec<String>, String> {
    let (_, mut notes) = tls_config(source).map_err(|e| e.to_string())?;
    if let Some(certificate) = &source.certificate {
        notes.extend(tls::expired(certificate));
    }
    Ok(notes)
}
