//! check_bdii: an information system read once and judged whole. It stands for org.bdii.Entries, org.bdii.Freshness,
//! org.bdii.GLUE2-Validate, org.gstat.SanityCheck, org.nagios.BDII-Check and org.nagios.GLUE2-Check.
//!
//! Start in [`run`], below. `read.rs` asks the BDII and hands every entry to a `judge.rs`, which knows the tables (`tables/`: schema,
//! lists, rules) and what a site made of them (`local.rs`); `glue1.rs`, `glue2.rs`, `hierarchy.rs` and `references.rs` are the rules
//! that need more than a value. `gocdb.rs` compares with what is registered (`papers.rs` gets it), `history.rs` with the last run, `sweep.rs` writes a
//! verdict for every site, and `answer.rs` makes the report.
mod answer;
pub mod entry;
pub mod explain;
pub mod findings;
pub mod forms;
mod glue1;
mod glue2;
pub mod gocdb;
mod hierarchy;
pub mod history;
pub mod judge;
pub mod local;
pub mod nodes;
mod options;
mod papers;
pub mod published;
mod reachable;
pub mod read;
pub mod references;
pub mod sweep;
pub mod tables;
pub mod value;

use std::borrow::Cow;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::net::ldap::connection::resolve;
use crate::net::ldap::{LdapError, Limits};
use crate::registry;
use answer::{Answer, Inputs};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use findings::Sink;
use judge::{Brief, Judge};
use local::Local;
use options::{Options, Want};
use plugin::{Context, Finding, Plugin, Report, Usage};
use read::Plan;
use tables::Tables;

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_bdii",
    service: "BDII",
    version: registry::version,
    command: || Options::augment_args(Command::new("check_bdii")),
    run,
};

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let options = Options::from_arg_matches(matches)?;
    let mut report = context.report(PLUGIN.service);
    if let Some(id) = &options.explain {
        let (tables, _) = rules(&options, context)?;
        for line in explain::explain(&tables, id)? {
            report.detail(0, line);
        }
        report.headline(format!("what {id} means"));
        return Ok(report);
    }
    let thresholds = answer::Thresholds::read(&options)?;
    let (host, port) = address(&options)?;
    let begun = Instant::now();
    // What came until then is judged and told afterwards, on a machine that may be busy.
    let left = context.deadline.remaining();
    let deadline = begun + left.saturating_sub((left / 10).min(Duration::from_millis(300)));
    context.doing(format_args!("looking up {host}"));
    // Connecting comes before the tables: a BDII that is down costs next to nothing.
    let target = format!("{host}:{port}");
    let addresses = match resolve(host, port, &context.deadline) {
        Ok(addresses) => addresses,
        Err(error) => return Ok(answer::unreached(report, &target, &error, begun)),
    };
    let limits =
        Limits { message: options.max_entry() as usize * 1024, entries: options.max_entries(), ..Limits::default() };
    let site = options.site.clone();
    let plan = Plan {
        addresses,
        deadline,
        limits,
        site,
        glue1: options.glue1() != Want::Off,
        glue2: options.glue2() != Want::Off,
    };
    context.doing(format_args!("connecting to {target}"));
    let connection = match read::open(&plan) {
        Ok(connection) => connection,
        Err(error) => return Ok(answer::unreached(report, &target, &error, begun)),
    };
    if options.reachable {
        context.doing(format_args!("asking {target}"));
        return Ok(reachable::judge(report, connection, &options, &target, &thresholds, begun));
    }
    let (tables, local) = rules(&options, context)?;
    let now = options.at.unwrap_or(context.now);
    let mut inputs = Inputs::default();
    inputs.gocdb(&options, context, now, &mut report);
    inputs.last_run(&options, &mut report);
    let sink = options.findings.as_deref().map(sink).transpose()?;
    let brief = Brief {
        now,
        keep: options.first(),
        by_site: options.sweep.is_some(),
        remember: inputs.registry.is_some(),
        services: options.state.is_some(),
        content: !options.no_content,
        whole: false,
    };
    context.doing(format_args!("reading {target}"));
    let (tables, local): (&Tables, _) = (&tables, &local);
    let judge = |whole| Judge::new(tables, local, Brief { whole, ..brief.clone() }, sink.clone());
    let reading = match read::read(&plan, connection, &judge, begun) {
        Ok(reading) => reading,
        Err(error) => return Ok(answer::unreached(report, &target, &error, begun)),
    };
    context.doing("summing up");
    let answer = Answer { options: &options, tables, local, now, target, thresholds };
    answer.give(reading, inputs, &mut report);
    if let Some(sink) = sink
        && let Ok(mut sink) = sink.lock()
        && let Err(error) = sink.flush()
    {
        report.add(Finding::unknown("findings", format!("the findings' file cannot be written: {error}")));
    }
    Ok(report)
}

/// Host and port, also of a URL.
fn address(options: &Options) -> Result<(&str, u16), Usage> {
    let given = options.host.as_deref().unwrap_or_default();
    let Some(rest) = given.strip_prefix("ldap://") else {
        if given.contains("://") {
            return Err(Usage(format!("-H {given}: only ldap:// is spoken here, a BDII has no TLS")));
        }
        return Ok((given, options.port()));
    };
    let rest = rest.split('/').next().unwrap_or_default();
    match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let port = port.parse().map_err(|_| Usage(format!("-H {given}: {port} is no port")))?;
            Ok((host, port))
        }
        _ => Ok((rest, 389)),
    }
}

/// The tables, and what the site's file makes of them.
fn rules(options: &Options, context: &Context) -> Result<(Cow<'static, Tables>, Local), Usage> {
    let Some(path) = &options.rules else { return Ok((Cow::Borrowed(Tables::shared()?), Local::default())) };
    let text = std::fs::read_to_string(path).map_err(|error| Usage(format!("--rules {}: {error}", path.display())))?;
    let mut tables = Tables::built_in()?;
    let local = Local::read(&text, &path.display().to_string(), options.at.unwrap_or(context.now), &mut tables)?;
    Ok((Cow::Owned(tables), local))
}

fn sink(path: &Path) -> Result<Sink, Usage> {
    let file = File::create(path).map_err(|error| Usage(format!("--findings {}: {error}", path.display())))?;
    Ok(Arc::new(Mutex::new(Box::new(BufWriter::new(file)))))
}

/// Whether nobody can be blamed but the name.
fn is_name(error: &LdapError) -> bool {
    matches!(error, LdapError::Resolve { .. })
}
