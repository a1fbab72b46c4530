//! Where GOCDB's services come from: a file that something else keeps fresh, or a URL with the last good copy beside it.
//!
//! A copy is replaced only by what can be used. While GOCDB does not answer the copy stays in force, and that is told.

use super::glue2::span;
use super::gocdb::Registry;
use super::history;
use super::options::Options;
use crate::net::http::{self, Answer, Trust};
use plugin::{Context, Deadline, Finding};
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Bytes of GOCDB's answer; all of EGI is some 20 MB.
const LIMIT: u64 = 256 << 20;

/// What was got.
pub(super) struct Papers {
    /// The services, or why there are none.
    pub registry: Result<Registry, String>,
    /// What is to be told besides.
    pub findings: Vec<Finding>,
}

/// Gets them.
pub(super) fn get(source: &str, options: &Options, context: &Context, now: i64) -> Papers {
    if source.contains("://") { fetched(source, options, context, now) } else { kept(Path::new(source), options, now) }
}

/// From a file.
fn kept(path: &Path, options: &Options, now: i64) -> Papers {
    let registry = std::fs::read(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))
        .and_then(|bytes| Registry::read(&bytes).map_err(|why| format!("{} cannot be used: {why}", path.display())));
    let mut findings = Vec::new();
    let age = age(path, now).unwrap_or(0);
    if registry.is_ok() && age > i64::from(options.gocdb_age()) * 3600 {
        let text = format!("{} is {} old; look at what fetches it", path.display(), span(age));
        findings.push(Finding::warning("gocdb", text));
    }
    Papers { registry, findings }
}

fn age(path: &Path, now: i64) -> Option<i64> {
    let written = std::fs::metadata(path).and_then(|meta| meta.modified()).ok()?;
    Some(now - written.duration_since(UNIX_EPOCH).ok()?.as_secs() as i64)
}

fn fetched(url: &str, options: &Options, context: &Context, now: i64) -> Papers {
    let cache = options.gocdb_cache.as_deref();
    let fresh = i64::from(options.gocdb_refresh()) * 60;
    if let Some(path) = cache.filter(|path| age(path, now).is_some_and(|age| age < fresh)) {
        let papers = kept(path, options, now);
        if papers.registry.is_ok() {
            return papers;
        }
    }
    // A third of the time, so that a GOCDB that hangs does not keep the BDII from being read.
    let mut part = context.clone();
    part.deadline = Deadline::after(context.deadline.remaining() / 3);
    let got = body(url, &part).and_then(|bytes| {
        let registry = Registry::read(&bytes).map_err(|why| format!("what {url} answers cannot be used: {why}"))?;
        Ok((registry, bytes))
    });
    match (got, cache) {
        (Ok((registry, bytes)), cache) => {
            let written = cache.map_or(Ok(()), |path| history::replace(path, &bytes));
            let findings = written.err().map(|why| Finding::unknown("gocdb", why)).into_iter().collect();
            Papers { registry: Ok(registry), findings }
        }
        (Err(why), Some(path)) if path.exists() => {
            let mut papers = kept(path, options, now);
            let age = span(age(path, now).unwrap_or(0));
            papers.findings.push(Finding::ok("gocdb", format!("{why}, compared with the copy of {age} ago")));
            papers
        }
        (Err(why), _) => Papers { registry: Err(why), findings: Vec::new() },
    }
}

fn body(url: &str, context: &Context) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    match http::get(url, None, LIMIT, Trust::Machine, context)? {
        Answer::Body(mut body) => body.read_to_end(&mut bytes).map_err(|error| format!("{url}: {error}"))?,
        Answer::NotModified => return Err(format!("{url} says that it has not changed, and was not asked that")),
    };
    Ok(bytes)
}
