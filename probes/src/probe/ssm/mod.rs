//! check_ssm_queue (org.apel.SSM-Queue): does what accounting hands over leave this machine? It reads the queues of SSM (APEL's Secure
//! Stumble Messaging) as they lie on disk: what waits and for how long, what is locked and so passed over, what was rejected and why, what
//! is too long to be sent, and how long the sender's certificate holds: a server throws away silently what an expired one has signed.
//!
//! Start reading in `run`; `queue.rs` knows both layouts on disk.

pub mod queue;

use super::lifetime::age_in_hours;
use crate::registry;
use crate::trust::cert;
use crate::trust::time::{DAY, HOUR, MINUTE, Seconds, length};
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use plugin::{Context, Finding, Perfdata, Plugin, Range, Report, Threshold, Unit, Usage};
use queue::{Layout, Message, Queue};
use std::path::{Path, PathBuf};

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_ssm_queue",
    service: "SSM",
    version: registry::version,
    command: || {
        Args::augment_args(Command::new("check_ssm_queue"))
            .about("Queues of accounting messages: what waits, what is stuck, what was rejected")
    },
    run,
};

/// Where Debian's and EL's packages of APEL put it.
const OUTGOING: &str = "/var/spool/apel/outgoing";
/// The message service of the server (AMS) takes no more.
const LONGEST: u64 = 1_000_000;
/// So many of one kind are named.
const NAMED: usize = 5;
/// A file of a writer that did not finish it is no message, and after so long will be none.
const UNFINISHED: Seconds = 10 * MINUTE;

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Queue")]
struct Args {
    /// Queue of messages to be sent [default: /var/spool/apel/outgoing]
    #[arg(long, value_name = "FOLDER")]
    queue: Option<PathBuf>,
    /// How messages lie in it: in python-dirq's folders, or as plain files [default: as it looks]
    #[arg(long, value_name = "LAYOUT", value_parser = ["dirq", "directory"])]
    layout: Option<String>,
    /// Queue of messages that were rejected, as a receiving SSM has one
    #[arg(long, value_name = "FOLDER")]
    reject: Option<PathBuf>,
    /// WARNING when a message has waited longer: hours, or with m, h, d, or a range of hours [default: 24h]
    #[arg(short, long, value_name = "TIME", value_parser = age_in_hours)]
    warning: Option<Range>,
    /// CRITICAL when a message has waited longer [default: 72h]
    #[arg(short, long, value_name = "TIME", value_parser = age_in_hours)]
    critical: Option<Range>,
    /// WARNING when a message has been locked longer [default: 1h]
    #[arg(long, value_name = "TIME", value_parser = age_in_hours)]
    locked: Option<Range>,
    /// WARNING when a message was rejected within this time; older ones are notes [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = age_in_hours)]
    rejected: Option<Range>,
    /// Octets that a message may have [default: 1000000]
    #[arg(long, value_name = "OCTETS")]
    longest: Option<u64>,
    /// Certificate that messages are signed with
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// sender.cfg of SSM, which names the certificate
    #[arg(long, value_name = "FILE", conflicts_with = "cert")]
    sender_cfg: Option<PathBuf>,
    /// WARNING when the certificate is valid for less than so many days [default: 14]
    #[arg(long, value_name = "DAYS")]
    cert_warning: Option<u32>,
}

impl Args {
    fn waiting(&self) -> Threshold {
        let hours = |hours: Seconds| Some(at_most(hours * HOUR));
        Threshold { warning: self.warning.or(hours(24)), critical: self.critical.or(hours(72)) }
    }

    fn layout(&self) -> Layout {
        match self.layout.as_deref() {
            Some("dirq") => Layout::Dirq,
            Some(_) => Layout::Directory,
            None => Layout::Auto,
        }
    }
}

fn at_most(seconds: Seconds) -> Range {
    Range::at_most(seconds as f64)
}

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from_arg_matches(matches)?;
    let mut report = context.report(PLUGIN.service);
    let folder = args.queue.clone().unwrap_or_else(|| PathBuf::from(OUTGOING));
    context.doing(format_args!("reading {}", folder.display()));
    match Queue::read(&folder, args.layout(), &context.deadline) {
        Ok(queue) => outgoing(&args, &folder, &queue, context, &mut report),
        Err(why) => report.add(Finding::unknown("unreadable", why)),
    }
    if let Some(folder) = &args.reject {
        context.doing(format_args!("reading {}", folder.display()));
        match Queue::read(folder, Layout::Auto, &context.deadline) {
            Ok(queue) => rejected(&args, folder, &queue, context, &mut report),
            Err(why) => report.add(Finding::unknown("unreadable", why)),
        }
    }
    match certificate(&args) {
        Ok(None) => {}
        Ok(Some(file)) => sender(&args, &file, context, &mut report),
        Err(finding) => report.add(finding),
    }
    Ok(report)
}

/// What waits to be sent.
fn outgoing(args: &Args, folder: &Path, queue: &Queue, context: &Context, report: &mut Report) {
    let now = context.now;
    let since = |message: &&Message| (now - message.since).max(0);
    let free: Vec<&Message> = queue.messages.iter().filter(|message| message.locked.is_none()).collect();
    let oldest = free.iter().map(since).max();
    let octets: u64 = queue.messages.iter().map(|message| message.octets).sum();
    report.headline(match oldest {
        Some(oldest) => {
            format!("{} messages wait in {}, the oldest for {}", queue.messages.len(), folder.display(), length(oldest))
        }
        None => format!("no message waits in {}", folder.display()),
    });
    report.perfdata(Perfdata::count("pending", queue.messages.len()));
    let waited = Perfdata { min: Some(0.0), ..Perfdata::new("oldest", oldest.unwrap_or(0) as f64, Unit::Seconds) };
    let name = free.iter().max_by_key(|message| since(message)).map(|message| message.name.clone()).unwrap_or_default();
    report.measure(waited.judged_by(args.waiting()), "waiting", || {
        format!("{name} has waited for {}; does SSM run, and what does its log say?", length(oldest.unwrap_or(0)))
    });
    let locked: Vec<_> = queue.messages.iter().filter_map(|message| Some((message, message.locked?))).collect();
    report.perfdata(Perfdata::count("locked", locked.len()));
    let limit = args.locked.unwrap_or_else(|| at_most(HOUR));
    let stuck: Vec<(String, String)> = locked
        .iter()
        .filter(|(_, since)| limit.alerts((now - since).max(0) as f64))
        .map(|(message, since)| (message.name.clone(), format!("it has been locked for {}", length(now - since))))
        .collect();
    if let Some(finding) = group(stuck, |count| {
        Finding::warning(
            "locked",
            format!("{count} locked, and SSM passes over what is locked until its queue is purged"),
        )
    }) {
        report.add(finding);
    }
    let most = args.longest.unwrap_or(LONGEST);
    let long: Vec<(String, String)> = queue
        .messages
        .iter()
        .filter(|message| message.octets > most)
        .map(|message| (message.name.clone(), format!("it has {} octets", message.octets)))
        .collect();
    if let Some(finding) = group(long, |count| {
        Finding::critical("too_long", format!("{count} longer than the {most} octets that the server takes"))
    }) {
        report.add(finding);
    }
    let unfinished: Vec<(String, String)> = queue
        .unfinished
        .iter()
        .filter(|message| now - message.since > UNFINISHED)
        .map(|message| (message.name.clone(), format!("it is {} old", length(now - message.since))))
        .collect();
    if let Some(finding) = group(unfinished, |count| {
        Finding::ok("unfinished", format!("{count} not finished by who wrote it; the disk may have been full"))
    }) {
        report.add(finding);
    }
    if queue.foreign > 0 {
        report.add(Finding::ok("foreign", format!("{} files there are no messages", queue.foreign)));
    }
    if let Some(left) = &queue.cut {
        report.add(Finding::unknown("timeout", left.clone()));
    }
    report.perfdata(Perfdata { min: Some(0.0), ..Perfdata::new("size", octets as f64, Unit::Bytes) });
}

/// What a receiver did not take.
fn rejected(args: &Args, folder: &Path, queue: &Queue, context: &Context, report: &mut Report) {
    report.perfdata(Perfdata::count("rejected", queue.messages.len()));
    let limit = args.rejected.unwrap_or_else(|| at_most(DAY));
    let (old, new): (Vec<&Message>, Vec<&Message>) =
        queue.messages.iter().partition(|message| limit.alerts((context.now - message.since).max(0) as f64));
    let told = |messages: Vec<&Message>| {
        // The newest say what is wrong now.
        let mut messages = messages;
        messages.sort_by_key(|message| std::cmp::Reverse(message.since));
        let reason = |message: &&Message| {
            let reason = message.reason(folder).unwrap_or_else(|| "no reason is there".to_owned());
            (message.name.clone(), reason)
        };
        let shown: Vec<_> = messages.iter().take(NAMED).map(reason).collect();
        (messages.len(), shown)
    };
    let (count, shown) = told(new);
    if count > 0 {
        let finding = Finding::warning("rejected", format!("{count} messages were rejected lately"));
        report.add(with_parts(finding, shown));
    }
    let (count, shown) = told(old);
    if count > 0 {
        report.add(with_parts(Finding::ok("rejected", format!("{count} messages were rejected earlier")), shown));
    }
    if let Some(left) = &queue.cut {
        report.add(Finding::unknown("timeout", left.clone()));
    }
}

/// Messages of one kind, the first by name. The sentence begins behind `1 message is` or `N messages are`.
fn group(all: Vec<(String, String)>, finding: impl FnOnce(String) -> Finding) -> Option<Finding> {
    let count = match all.len() {
        0 => return None,
        1 => "1 message is".to_owned(),
        count => format!("{count} messages are"),
    };
    Some(with_parts(finding(count), all))
}

fn with_parts(finding: Finding, parts: Vec<(String, String)>) -> Finding {
    let state = finding.state();
    parts
        .into_iter()
        .take(NAMED)
        .fold(finding, |finding, (name, text)| finding.with(Finding::new(state, "message", text).about(name)))
}

/// The sender's certificate, where it is named.
fn certificate(args: &Args) -> Result<Option<PathBuf>, Finding> {
    let Some(file) = &args.sender_cfg else { return Ok(args.cert.clone()) };
    let wrong = |why: String| Finding::unknown("sender_cfg", format!("cannot use {}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?;
    let value = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])).find_map(|line| {
        let (key, value) = line.split_once(['=', ':'])?;
        (key.trim() == "certificate").then(|| value.trim().to_owned())
    });
    value.map(|value| Some(PathBuf::from(value))).ok_or_else(|| wrong("it names no certificate".to_owned()))
}

fn sender(args: &Args, file: &Path, context: &Context, report: &mut Report) {
    let name = file.display();
    let read = std::fs::File::open(file).map_err(|e| e.to_string());
    let read = read.and_then(|file| cert::read_file(std::io::BufReader::new(file)));
    let certificate = match read.map(|(found, _)| found.into_iter().next()) {
        Ok(Some(certificate)) => certificate,
        Ok(None) => {
            return report.add(Finding::unknown("cert_unreadable", format!("there is no certificate in {name}")));
        }
        Err(why) => return report.add(Finding::unknown("cert_unreadable", format!("cannot read {name}: {why}"))),
    };
    let left = certificate.not_after - context.now;
    report.perfdata(Perfdata::new("cert", left as f64, Unit::Seconds));
    if left < 0 {
        report.add(Finding::critical(
            "cert_expired",
            format!("the sender's certificate {name} expired {} ago: the server throws away what it signs, and says nothing", length(left)),
        ));
    } else if left < i64::from(args.cert_warning.unwrap_or(14)) * DAY {
        report.add(Finding::warning(
            "cert_expiring",
            format!("the sender's certificate {name} expires in {}", length(left)),
        ));
    }
}
