//! check_apel_client (org.apel.Client-DB): does what the batch system and the compute element wrote become records that are sent? APEL's
//! client keeps both in a database, joins them, and sends what is joined. A job whose half is lacking stays behind without a word, and the
//! server cannot miss it: the counts that it is sent are of joined records, too. So the halves are counted here.

use super::database::Database;
use crate::probe::lifetime::age_in_hours;
use crate::registry;
use crate::trust::time::{DAY, HOUR, Seconds, length};
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use plugin::{Context, Finding, Perfdata, Plugin, Range, Report, State, Threshold, Unit, Usage};
use std::collections::BTreeMap;

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_apel_client",
    service: "APEL-CLIENT",
    version: registry::version,
    command: || {
        Args::augment_args(Command::new("check_apel_client"))
            .about("Database of an APEL client: whether what was parsed is joined and sent")
    },
    run,
};

/// So many machines are named.
const NAMED: usize = 3;

#[derive(clap::Args, Debug)]
struct Args {
    #[command(flatten)]
    database: Database,
    /// Only this site
    #[arg(short, long, value_name = "NAME", help_heading = "Client")]
    site: Option<String>,
    /// WARNING when records were sent last longer ago: hours, or with m, h, d, or a range of hours [default: 2d]
    #[arg(short, long, value_name = "TIME", value_parser = age_in_hours, help_heading = "Client")]
    warning: Option<Range>,
    /// CRITICAL when records were sent last longer ago [default: 7d]
    #[arg(short, long, value_name = "TIME", value_parser = age_in_hours, help_heading = "Client")]
    critical: Option<Range>,
    /// WARNING when the last job that was parsed ended longer ago [default: 2d]
    #[arg(long, value_name = "TIME", value_parser = age_in_hours, help_heading = "Client")]
    parser_lag: Option<Range>,
    /// So many hours a job may wait for its other half [default: 6]
    #[arg(long, value_name = "HOURS", help_heading = "Client")]
    unjoined_age: Option<u32>,
    /// WARNING when more of the jobs are not joined [default: 1]
    #[arg(long, value_name = "PERCENT", help_heading = "Client")]
    unjoined_warning: Option<f64>,
    /// CRITICAL when more of the jobs are not joined [default: 5]
    #[arg(long, value_name = "PERCENT", help_heading = "Client")]
    unjoined_critical: Option<f64>,
    /// Jobs that ended within so many days are looked at [default: 30]
    #[arg(long, value_name = "DAYS", help_heading = "Client", value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: Option<u32>,
    /// Judge as if it were this time: seconds since 1970, or YYYY-MM-DD
    #[arg(long, value_name = "TIME", value_parser = crate::probe::anchors::moment)]
    at: Option<Seconds>,
}

/// What the batch system wrote of one site.
#[derive(Clone, Debug, Default, PartialEq)]
struct Events {
    newest: Option<Seconds>,
    /// Those that had the time to be joined.
    due: u64,
    unjoined: u64,
    /// On which machines those ran.
    machines: Vec<String>,
}

/// What the database says.
#[derive(Clone, Debug, Default, PartialEq)]
struct Content {
    sent: Option<Seconds>,
    events: BTreeMap<String, Events>,
    /// When the newest job of the compute element's log was started.
    submitted: Option<Seconds>,
    /// Compute elements without a benchmark: site, name.
    without_spec: Vec<(String, String)>,
}

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from_arg_matches(matches)?;
    let mut report = context.report(PLUGIN.service);
    let now = args.at.unwrap_or(context.now);
    context.doing(format_args!("reading {}", args.database.place()));
    match args.database.ask(&statements(&args, now), context).and_then(|rows| read(&rows)) {
        Ok(content) => judge(&args, &content, now, &mut report),
        Err(finding) => report.add(finding),
    }
    Ok(report)
}

/// As the database compares it without working it out for each row.
fn at(seconds: Seconds) -> String {
    let at = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    at.format("'%Y-%m-%d %H:%M:%S'").to_string()
}

/// Each row begins with a word that says what it is. Names are compared here rather than given to the database.
fn statements(args: &Args, now: Seconds) -> Vec<String> {
    let since = at(now - i64::from(args.days.unwrap_or(30)) * DAY);
    let due = at(now - i64::from(args.unjoined_age.unwrap_or(6)) * HOUR);
    // There is no index by time or state: one way through the table finds all that is asked of it.
    vec![
        "SELECT 'sent', UNIX_TIMESTAMP(MAX(UpdateTime)) FROM LastUpdated WHERE Type = 'sent'".to_owned(),
        format!(
            "SELECT 'events', s.name, UNIX_TIMESTAMP(e.newest), e.due, e.unjoined, (SELECT GROUP_CONCAT(m.name ORDER BY m.name \
             SEPARATOR ' ') FROM MachineNames m WHERE FIND_IN_SET(m.id, e.machines)) FROM (SELECT SiteID, MAX(EndTime) newest, \
             COUNT(IF(EndTime < {due}, 1, NULL)) due, COUNT(IF(Status = 0 AND EndTime < {due}, 1, NULL)) unjoined, \
             GROUP_CONCAT(DISTINCT IF(Status = 0 AND EndTime < {due}, MachineNameID, NULL)) machines \
             FROM EventRecords WHERE EndTime >= {since} GROUP BY SiteID) e LEFT JOIN Sites s ON s.id = e.SiteID"
        ),
        "SELECT 'submitted', UNIX_TIMESTAMP(MAX(TimeStamp)) FROM BlahdRecords".to_owned(),
        // Most have one, and then nothing is looked for. "None" stands for jobs of local users.
        format!(
            "SELECT 'spec', s.name, h.name FROM Sites s JOIN SubmitHosts h LEFT JOIN SpecRecords p ON p.SiteID = s.id AND \
             p.CEID = h.id AND p.StopTime IS NULL WHERE p.CEID IS NULL AND h.name <> 'None' AND EXISTS (SELECT 1 FROM \
             BlahdRecords b WHERE b.SiteID = s.id AND b.CEID = h.id AND b.TimeStamp >= {since})"
        ),
    ]
}

fn read(rows: &[Vec<String>]) -> Result<Content, Finding> {
    let mut content = Content::default();
    let count = |text: &str| text.parse::<u64>().unwrap_or_default();
    for row in rows {
        let fields: Vec<&str> = row.iter().map(String::as_str).collect();
        // A row of which a name is gone (NULL) is still one of some site.
        match fields[..] {
            ["sent", at] => content.sent = seconds(at),
            ["submitted", at] => content.submitted = seconds(at),
            ["spec", site, host] => content.without_spec.push((site.to_owned(), host.to_owned())),
            ["events", site, newest, due, unjoined, machines] => {
                let events = content.events.entry(site.to_owned()).or_default();
                events.newest = events.newest.max(seconds(newest));
                events.due += count(due);
                events.unjoined += count(unjoined);
                events.machines.extend(machines.split(' ').filter(|name| *name != "NULL").map(str::to_owned));
            }
            _ => {
                let said = row.join(" ");
                let what = format!("the database's command says {:?}", plugin::text::shortened(&said, 60));
                return Err(Finding::unknown("not_understood", what));
            }
        }
    }
    Ok(content)
}

/// `1795316400`, also with a fraction; `NULL` is none.
fn seconds(text: &str) -> Option<Seconds> {
    text.split('.').next()?.parse().ok()
}

fn judge(args: &Args, content: &Content, now: Seconds, report: &mut Report) {
    let days = |days: Seconds| Some(Range::at_most((days * DAY) as f64));
    let sent = Threshold { warning: args.warning.or(days(2)), critical: args.critical.or(days(7)) };
    match content.sent {
        Some(at) => {
            let age = (now - at).max(0);
            report.headline(format!("records were unloaded {} ago", length(age)));
            report.measure(Perfdata::new("sent_age", age as f64, Unit::Seconds).judged_by(sent), "sent", || {
                format!("no record was unloaded for {}; does apelclient run, and what does its log say?", length(age))
            });
        }
        None => report.add(Finding::critical("sent", "no record was ever unloaded; does apelclient run?")),
    }
    let wanted = |site: &str| args.site.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(site));
    let sites: Vec<_> = content.events.iter().filter(|(site, _)| wanted(site)).collect();
    if sites.is_empty() {
        let whose = args.site.as_ref().map(|site| format!(" of {site}")).unwrap_or_default();
        let days = args.days.unwrap_or(30);
        let what = format!(
            "no job{whose} that ended in the last {days} days was parsed; does apelparser run, and read the right logs?"
        );
        report.add(Finding::warning("no_events", what));
    }
    let newest = sites.iter().filter_map(|(_, events)| events.newest).max();
    if let Some(newest) = newest {
        let lag = (now - newest).max(0);
        let limit = Threshold { warning: args.parser_lag.or(days(2)), critical: None };
        report.measure(Perfdata::new("parser_lag", lag as f64, Unit::Seconds).judged_by(limit), "parser_lag", || {
            format!("the newest job that was parsed ended {} ago; does apelparser run?", length(lag))
        });
        // Both halves come from logs of their own.
        if content.submitted.is_none_or(|at| newest - at > 2 * DAY) {
            let since = content.submitted.map_or_else(|| "ever".to_owned(), |at| format!("for {}", length(now - at)));
            let what = format!(
                "no job of a compute element's log was parsed {since}, while the batch system's are; none can be joined"
            );
            report.add(Finding::critical("no_submitted", what));
        }
    }
    let (mut due, mut unjoined) = (0, 0);
    for (site, events) in sites {
        due += events.due;
        unjoined += events.unjoined;
        if let Some(finding) = halves(args, events) {
            report.add(finding.about(site));
        }
    }
    report.perfdata(Perfdata::count("unjoined", usize::try_from(unjoined).unwrap_or(usize::MAX)));
    let percent = (share(unjoined, due) * 100.0).round() / 100.0;
    report.perfdata(Perfdata::new("unjoined_pct", percent, Unit::Percent));
    for (site, host) in content.without_spec.iter().filter(|(site, _)| wanted(site)) {
        let what =
            format!("{host} has no current benchmark (SpecRecords): none of its jobs is joined, and nothing says so");
        report.add(Finding::critical("no_spec", what).about(site));
    }
}

fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 * 100.0 }
}

/// Jobs of which the other half is lacking.
fn halves(args: &Args, events: &Events) -> Option<Finding> {
    let percent = share(events.unjoined, events.due);
    let state = if percent > args.unjoined_critical.unwrap_or(5.0) {
        State::Critical
    } else if percent > args.unjoined_warning.unwrap_or(1.0) {
        State::Warning
    } else if events.unjoined > 0 {
        State::Ok
    } else {
        return None;
    };
    let named = events.machines.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let whose = match events.machines.len() {
        0 => String::new(),
        1..=NAMED => format!(" ({named})"),
        all => format!(" ({named}, +{} more)", all - NAMED),
    };
    let what = format!(
        "{} of {} jobs are not joined ({percent:.1} %): no record of a compute element goes with them{whose}",
        events.unjoined, events.due
    );
    Some(Finding::new(state, "unjoined", what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn rows_are_read_by_their_first_word() {
        let text = "sent\t1795316400\nevents\tSITE-A\t1795316000.000000\t200\t10\tce1 ce2\nevents\tNULL\tNULL\t5\t0\tNULL\n\
                    submitted\tNULL\nspec\tSITE-A\tce2";
        let content = read(&rows(text)).unwrap();
        let events = &content.events["SITE-A"];
        assert_eq!((events.newest, events.due, events.unjoined), (Some(1_795_316_000), 200, 10));
        assert_eq!(
            (&events.machines[..], content.events["NULL"].machines.len()),
            (&["ce1".to_owned(), "ce2".to_owned()][..], 0)
        );
        assert_eq!((content.sent, content.submitted), (Some(1_795_316_400), None));
        assert_eq!(content.without_spec, [("SITE-A".to_owned(), "ce2".to_owned())]);
        assert!(read(&rows("what\tis this")).is_err());
        assert_eq!(read(&[]).unwrap(), Content::default());
    }
}
