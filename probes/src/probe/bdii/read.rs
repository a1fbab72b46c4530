//! Reads an information system: its own statistics, then GLUE 1.3 and GLUE 2.0 side by side over two connections, each entry
//! handed to its judge as it comes.
//!
//! On a top-level BDII `o=grid` is a view that the server computes; what it is computed from stands in `o=grid,o=shadow` and costs a
//! ninth, so that is tried first.
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Instant;

use super::judge::Judge;
use super::value;
use crate::net::ldap::{Connection, Done, Filter, LdapError, Limits, Progress, ResultCode, Scope, Search};

/// Entries a page.
const PAGE: i32 = 1000;
/// Entries of statistics that are read; a BDII has one or two.
const STATISTICS: u64 = 50;

/// What is read.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where the server listens.
    pub addresses: Vec<SocketAddr>,
    /// When all has to be over.
    pub deadline: Instant,
    /// What it may send.
    pub limits: Limits,
    /// Only this site.
    pub site: Option<String>,
    /// Whether GLUE 1.3 is read.
    pub glue1: bool,
    /// Whether GLUE 2.0 is read.
    pub glue2: bool,
}

/// How the reading of a tree ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// All of it is there.
    Whole,
    /// The server does not have it: what of the base it has.
    Absent {
        /// The longest part of the base that is there, or empty.
        matched: String,
    },
    /// A part came, then this.
    Part(String),
    /// Nothing came, but this.
    Failed(LdapError),
    /// The server answers with a code that is no end.
    Refused(String),
    /// It was not asked for.
    Skipped,
}

/// A tree that was read.
#[derive(Debug)]
pub struct Tree<'t> {
    /// What was read last.
    pub base: String,
    /// Who judged it.
    pub judge: Judge<'t>,
    /// How far it came.
    pub progress: Progress,
    /// How it ended.
    pub end: End,
}

/// A BDII's statistics of itself, below `o=infosys`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// When they were written last: seconds since 1970.
    pub modified: Option<i64>,
    /// TotalEntries, as the BDII counts them.
    pub total: Option<i64>,
    /// UpdateTime: seconds that its last update took.
    pub update: Option<i64>,
    /// FailedAdds, FailedModifies and FailedDeletes together.
    pub failed: Option<i64>,
}

/// All that was read.
#[derive(Debug)]
pub struct Reading<'t> {
    /// Seconds to the first answer: connection, bind and a search.
    pub answered: f64,
    /// What the BDII says of itself.
    pub statistics: Statistics,
    /// Whether it is a top-level BDII.
    pub top: bool,
    /// GLUE 1.3.
    pub glue1: Tree<'t>,
    /// GLUE 2.0.
    pub glue2: Tree<'t>,
}

/// Connects and binds.
///
/// # Errors
/// The server was not reached or refuses.
pub fn open(plan: &Plan) -> Result<Connection, LdapError> {
    let mut connection = Connection::open(&plan.addresses, plan.deadline, plan.limits)?;
    connection.bind()?;
    Ok(connection)
}

/// Reads what the plan says. `judge` makes a judge of a tree; it is told whether all sites can be seen.
///
/// # Errors
/// The server did not answer the first question.
pub fn read<'t>(
    plan: &Plan,
    mut connection: Connection,
    judge: &(dyn Fn(bool) -> Judge<'t> + Sync),
    begun: Instant,
) -> Result<Reading<'t>, LdapError> {
    let statistics = statistics(&mut connection)?;
    let answered = begun.elapsed().as_secs_f64();
    let top = is_top(&mut connection)?;
    let whole = top && plan.site.is_none();
    let (bases1, bases2) = (bases(plan.site.as_deref(), true), bases(plan.site.as_deref(), false));
    let skipped =
        || Tree { base: String::new(), judge: judge(whole), progress: Progress::default(), end: End::Skipped };
    let (glue1, glue2) = std::thread::scope(|scope| {
        let both = plan.glue1 && plan.glue2;
        let other = both.then(|| {
            // A server that admits one connection only is read one tree after the other.
            std::thread::Builder::new().spawn_scoped(scope, || {
                let mut connection = open(plan).ok()?;
                let glue2 = tree(&mut connection, &bases2, judge(whole));
                connection.close();
                Some(glue2)
            })
        });
        let glue1 = if plan.glue1 { tree(&mut connection, &bases1, judge(whole)) } else { skipped() };
        let glue2 = other.and_then(Result::ok).and_then(|thread| thread.join().ok()).flatten();
        (glue1, glue2)
    });
    let glue2 = match glue2 {
        Some(glue2) => glue2,
        None if plan.glue2 => tree(&mut connection, &bases2, judge(whole)),
        None => skipped(),
    };
    connection.close();
    Ok(Reading { answered, statistics, top, glue1, glue2 })
}

/// Whether sites stand below this BDII: a shadow tree, or something below the container of sites.
fn is_top(connection: &mut Connection) -> Result<bool, LdapError> {
    let questions = [
        ("o=grid,o=shadow", Scope::Base),
        ("mds-vo-name=local,o=grid", Scope::One),
        ("GLUE2GroupID=grid,o=glue", Scope::One),
    ];
    for (base, scope) in questions {
        let mut found = false;
        let filter = Filter::Present("objectClass".to_owned());
        let search = Search { base, scope, filter, attributes: &["1.1"], page: 1 };
        connection.search(&search, &mut Progress::default(), |_| {
            found = true;
            ControlFlow::Break(())
        })?;
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where a tree may stand, the best place first.
pub(super) fn bases(site: Option<&str>, glue1: bool) -> Vec<String> {
    match (site.map(escaped), glue1) {
        (None, true) => vec!["o=grid,o=shadow".to_owned(), "o=grid".to_owned()],
        (None, false) => vec!["o=glue".to_owned()],
        (Some(site), true) => vec![
            format!("mds-vo-name={site},mds-vo-name=local,o=grid,o=shadow"),
            format!("mds-vo-name={site},mds-vo-name=local,o=grid"),
            format!("mds-vo-name={site},o=grid"),
        ],
        (Some(site), false) => {
            vec![format!("GLUE2DomainID={site},GLUE2GroupID=grid,o=glue"), format!("GLUE2DomainID={site},o=glue")]
        }
    }
}

/// A name as a value in a DN (RFC 4514, 2.4).
fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (at, c) in name.chars().enumerate() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') || (at == 0 && matches!(c, '#' | ' ')) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn statistics(connection: &mut Connection) -> Result<Statistics, LdapError> {
    let mut found = Statistics::default();
    let attributes = [
        "objectClass",
        "modifyTimestamp",
        "TotalEntries",
        "UpdateTime",
        "FailedAdds",
        "FailedModifies",
        "FailedDeletes",
    ];
    let filter = Filter::Equal("objectClass".to_owned(), "UpdateStats".to_owned());
    let search = Search { base: "o=infosys", scope: Scope::Subtree, filter, attributes: &attributes, page: 0 };
    let mut count = 0;
    connection.search(&search, &mut Progress::default(), |entry| {
        let mut one = Statistics::default();
        for (name, mut values) in entry.attributes().flatten() {
            let Some(Ok(value)) = values.next() else { continue };
            let number = value::integer(value).and_then(|number| i64::try_from(number).ok());
            if name.eq_ignore_ascii_case(b"modifyTimestamp") {
                one.modified = value::generalized_time(value);
            } else if name.eq_ignore_ascii_case(b"TotalEntries") {
                one.total = number;
            } else if name.eq_ignore_ascii_case(b"UpdateTime") {
                one.update = number;
            } else if name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"Failed")) {
                one.failed = Some(one.failed.unwrap_or(0).saturating_add(number.unwrap_or(0)));
            }
        }
        // Of several BDIIs behind one name the freshest counts.
        if one.modified >= found.modified {
            found = one;
        }
        count += 1;
        if count < STATISTICS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(found)
}

/// Reads the first of the bases that is there.
fn tree<'t>(connection: &mut Connection, bases: &[String], mut judge: Judge<'t>) -> Tree<'t> {
    let mut progress = Progress::default();
    let mut absent = String::new();
    for base in bases {
        let filter = Filter::Present("objectClass".to_owned());
        let search = Search { base, scope: Scope::Subtree, filter, attributes: &[], page: PAGE };
        let outcome = connection.search(&search, &mut progress, |entry| {
            judge.entry(&entry);
            ControlFlow::Continue(())
        });
        let came = progress.entries > 0;
        let end = match outcome {
            Ok(done) if done.code == ResultCode::SUCCESS => End::Whole,
            Ok(done) if done.code == ResultCode::NO_SUCH_OBJECT && !came => {
                if done.matched.len() > absent.len() {
                    absent = done.matched;
                }
                continue;
            }
            // A server that is not responsible for the base at all refers to another one, or refuses.
            Ok(done) if done.code == ResultCode::REFERRAL && !came => {
                End::Refused(format!("the server refers to {}", done.referral.as_deref().unwrap_or("another server")))
            }
            Ok(done) if came => End::Part(words(&done)),
            Ok(done) => End::Refused(words(&done)),
            Err(error) if came => End::Part(error.to_string()),
            Err(error) => End::Failed(error),
        };
        return ended(base.clone(), judge, progress, end);
    }
    ended(bases.last().cloned().unwrap_or_default(), judge, progress, End::Absent { matched: absent })
}

fn words(done: &Done) -> String {
    let text = done.diagnostic.trim();
    if text.is_empty() { done.code.to_string() } else { format!("{}, {text}", done.code) }
}

fn ended(base: String, mut judge: Judge<'_>, progress: Progress, end: End) -> Tree<'_> {
    // An entry that was too long is not judged, but it is there: it answers references and is somebody's child.
    for (dn, len) in &progress.skipped_names {
        judge.too_long(dn, *len);
    }
    judge.finish(end == End::Whole && progress.nameless() == 0);
    Tree { base, judge, progress, end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_s_name_is_no_dn_of_its_own() {
        assert_eq!(escaped("A,o=grid"), "A\\,o\\=grid");
        assert_eq!(bases(Some("SITE-A"), false)[1], "GLUE2DomainID=SITE-A,o=glue");
    }
}
