//! check_apel_sync: whether the server has as many records as the site, month by month. What an old month lacks will lack for ever, and is told as a note.

use super::database::Database;
use super::{Source, date};
use crate::registry;
use crate::trust::time::Seconds;
use chrono::{DateTime, Datelike, Months, NaiveDate};
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use plugin::{Context, Finding, Perfdata, Plugin, Report, State, Unit, Usage};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_apel_sync",
    service: "APEL-SYNC",
    version: registry::version,
    command: || {
        Args::augment_args(Command::new("check_apel_sync"))
            .about("Synchronisation of a site's accounting: records at the site and at the server, by month")
    },
    run,
};

#[derive(clap::Args, Debug)]
struct Args {
    #[command(flatten)]
    source: Source,
    /// So many months count, this one included; older ones are notes [default: 3]
    #[arg(long, value_name = "COUNT", help_heading = "Synchronisation", value_parser = clap::value_parser!(u32).range(1..=120))]
    months: Option<u32>,
    /// WARNING when the counts of a month differ by more [default: 1]
    #[arg(short, long, value_name = "PERCENT", help_heading = "Synchronisation")]
    warning: Option<f64>,
    /// CRITICAL when the counts of a month differ by more [default: 5]
    #[arg(short, long, value_name = "PERCENT", help_heading = "Synchronisation")]
    critical: Option<f64>,
    /// So many days of a new month may pass without a row of it [default: 5]
    #[arg(long, value_name = "DAYS", help_heading = "Synchronisation")]
    grace: Option<i64>,
    /// The site's own counts instead of those on the page: JSON, as {"2026-11": 80, "2026-10": 110}
    #[arg(long, value_name = "FILE", help_heading = "Synchronisation")]
    local: Option<PathBuf>,
    /// The site's own counts from the database of its APEL client (SuperSummaries), which the options below name; needs --site
    #[arg(long, help_heading = "Synchronisation", conflicts_with = "local", requires = "site")]
    local_database: bool,
    #[command(flatten)]
    database: Database,
}

/// Records of one month, there and there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    local: Option<u64>,
    published: Option<u64>,
}

type ByMonth = BTreeMap<String, Counts>;

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from_arg_matches(matches)?;
    let mut report = context.report(PLUGIN.service);
    let now = args.source.now(context);
    let page = match args.source.read(context) {
        Ok(page) => page,
        Err(finding) => {
            report.add(finding);
            return Ok(report);
        }
    };
    let now = args.source.judge_build(&page, now, &mut report);
    let mut counts = of_rows(&page.rows);
    page.objects.iter().for_each(|object| of_object(object, &mut counts));
    if let (Some(site), Some(shown)) = (&args.source.site, site_of(&page.rows))
        && !shown.eq_ignore_ascii_case(site)
    {
        report.add(Finding::critical("not_there", format!("the page is about {shown}, not about {site}")));
        return Ok(report);
    }
    if counts.is_empty() {
        report.add(Finding::unknown("empty", "there is no month on the page: nothing can be compared"));
        return Ok(report);
    }
    let own = match &args.local {
        Some(file) => {
            Some(local(file).map_err(|why| Finding::unknown("local", format!("cannot use {}: {why}", file.display()))))
        }
        None => args.local_database.then(|| of_database(&args, context)),
    };
    match own {
        Some(Ok(own)) => {
            counts.values_mut().for_each(|one| one.local = None);
            own.into_iter().for_each(|(month, count)| counts.entry(month).or_default().local = Some(count));
        }
        // Without the site's own there is nothing to hold the server's against.
        Some(Err(finding)) => {
            report.add(finding);
            return Ok(report);
        }
        None => {}
    }
    judge(&args, &counts, now, &mut report);
    Ok(report)
}

fn judge(args: &Args, counts: &ByMonth, now: Seconds, report: &mut Report) {
    let today = DateTime::from_timestamp(now, 0).map(|at| at.date_naive()).unwrap_or_default();
    let wanted = args.months.unwrap_or(3);
    let oldest = today.checked_sub_months(Months::new(wanted - 1)).map(month_of).unwrap_or_default();
    let this = month_of(today);
    let (mut compared, mut bad) = (0, 0);
    for (month, counts) in counts.iter().rev() {
        let Some((state, text, percent)) = difference(args, *counts) else { continue };
        if *month < oldest {
            if state != State::Ok {
                report.add(Finding::ok("old_month", format!("{text}, and is too long ago to be mended")).about(month));
            }
            continue;
        }
        compared += 1;
        report.perfdata(Perfdata::new(month.clone(), (percent * 100.0).round() / 100.0, Unit::Percent));
        if state != State::Ok {
            bad += 1;
            report.add(Finding::new(state, "differs", text).about(month));
        }
    }
    let here = counts.get(&this).is_some_and(|one| one.published.is_some());
    if !here
        && i64::from(today.day()) > args.grace.unwrap_or(5)
        && counts.get(&this).is_none_or(|one| one.local.is_none())
    {
        report.add(
            Finding::warning("missing", format!("the server has nothing of this month after {} days", today.day()))
                .about(&this),
        );
    }
    let site = args.source.site.as_deref().map(|site| format!("{site}: ")).unwrap_or_default();
    report.headline(format!("{site}{} of {compared} months agree", compared - bad));
}

/// How far the two are apart, of the greater.
fn difference(args: &Args, counts: Counts) -> Option<(State, String, f64)> {
    let (local, published) = match (counts.local, counts.published) {
        (Some(local), Some(published)) => (local, published),
        (Some(0) | None, None) => return None,
        (Some(local), None) => {
            return Some((State::Critical, format!("{local} records at the site, and the server has none"), 100.0));
        }
        (None, Some(published)) => {
            return Some((State::Warning, format!("{published} records at the server, and the site has none"), 100.0));
        }
    };
    let most = local.max(published);
    let percent = if most == 0 { 0.0 } else { local.abs_diff(published) as f64 / most as f64 * 100.0 };
    let state = if percent > args.critical.unwrap_or(5.0) {
        State::Critical
    } else if percent > args.warning.unwrap_or(1.0) {
        State::Warning
    } else {
        State::Ok
    };
    Some((state, format!("{local} records at the site and {published} at the server, {percent:.1} % apart"), percent))
}

fn month_of(day: NaiveDate) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// `2026-11`, or a date in it.
fn month(text: &str) -> Option<String> {
    let month = text.trim().get(..7)?;
    date(&format!("{month}-01")).map(|_| month.to_owned())
}

/// The site in the row above the header.
fn site_of(rows: &[Vec<String>]) -> Option<&str> {
    rows.first().filter(|row| row.len() == 1).map(|row| row[0].as_str())
}

/// Rows below a header `[Month] Record Start … In Your Database … What You Published …`. Several rows of a month (a submit host each) are added.
fn of_rows(rows: &[Vec<String>]) -> ByMonth {
    let column = |row: &[String], name: &str| row.iter().position(|cell| cell.to_lowercase().contains(name));
    let header = rows.iter().enumerate().find_map(|(at, row)| {
        let when = column(row, "month").or_else(|| column(row, "record start"))?;
        Some((at, when, column(row, "your database")?, column(row, "you published")?))
    });
    let mut counts = ByMonth::new();
    let Some((at, when, local, published)) = header else { return counts };
    for row in rows.iter().skip(at + 1) {
        let Some(month) = row.get(when).and_then(|text| month(text)) else { continue };
        let number = |at: usize| row.get(at).and_then(|text| text.replace([',', ' '], "").parse::<u64>().ok());
        let one = counts.entry(month).or_default();
        plus(&mut one.local, number(local));
        plus(&mut one.published, number(published));
    }
    counts
}

fn plus(to: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *to = Some(to.unwrap_or(0).saturating_add(more));
    }
}

/// `{"Month": 11, "Year": 2026, "RecordCountInDb": 80, "RecordCountPublished": 80}`, and its like.
fn of_object(object: &Map<String, Value>, counts: &mut ByMonth) {
    let value = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    };
    let number = |names: &[&str]| {
        value(names)
            .and_then(|value| value.as_u64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok())))
    };
    let named = value(&["Month", "YearMonth", "RecordStart"]).and_then(Value::as_str).and_then(month);
    let split =
        || Some(format!("{:04}-{:02}", number(&["Year"])?, number(&["Month"])?)).filter(|text| month(text).is_some());
    let Some(month) = named.or_else(split) else { return };
    let local = number(&["RecordCountInDb", "local", "RecordCountInYourDatabase"]);
    let published = number(&["RecordCountPublished", "published", "RecordCountWhatYouPublished"]);
    if local.is_some() || published.is_some() {
        let one = counts.entry(month).or_default();
        plus(&mut one.local, local);
        plus(&mut one.published, published);
    }
}

/// Counts of the site's summaries, which the client sends; of all its compute elements together.
fn of_database(args: &Args, context: &Context) -> Result<BTreeMap<String, u64>, Finding> {
    context.doing(format_args!("reading {}", args.database.place()));
    let statement = "SELECT s.name, u.Year, u.Month, u.jobs FROM (SELECT SiteID, Year, Month, SUM(NumberOfJobs) jobs \
                     FROM SuperSummaries GROUP BY SiteID, Year, Month) u LEFT JOIN Sites s ON s.id = u.SiteID";
    let rows = args.database.ask(&[statement.to_owned()], context)?;
    let site = args.source.site.as_deref().unwrap_or_default();
    let mut counts = BTreeMap::new();
    for row in rows {
        let [name, year, month, jobs] = &row[..] else { continue };
        let number = |text: &str| text.split('.').next().and_then(|text| text.parse::<u64>().ok());
        if name.eq_ignore_ascii_case(site)
            && let (Some(year), Some(month), Some(jobs)) = (number(year), number(month), number(jobs))
        {
            *counts.entry(format!("{year:04}-{month:02}")).or_default() += jobs;
        }
    }
    if counts.is_empty() {
        let what = format!("{} has no summary of {site}; is that the name of the site there?", args.database.place());
        return Err(Finding::unknown("local", what));
    }
    Ok(counts)
}

fn local(file: &std::path::Path) -> Result<BTreeMap<String, u64>, String> {
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let counts: BTreeMap<String, u64> = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    match counts.keys().find(|key| month(key).is_none_or(|month| month != **key)) {
        Some(wrong) => Err(format!("{wrong:?} is no month, as 2026-11")),
        None => Ok(counts),
    }
}
