//! check_apel_pub: when the site's accounting was published last. The age is reckoned from the date that stands there, not taken from what the server
//! called it on the day it built the page.

use super::{Source, date_in};
use crate::registry;
use crate::trust::time::{DAY, Seconds, length};
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use plugin::{Context, Finding, Perfdata, Plugin, Range, Report, Threshold, Unit, Usage};
use serde_json::{Map, Value};

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_apel_pub",
    service: "APEL-PUB",
    version: registry::version,
    command: || {
        Args::augment_args(Command::new("check_apel_pub"))
            .about("Publication of a site's accounting, as the accounting server says it")
    },
    run,
};

#[derive(clap::Args, Debug)]
struct Args {
    #[command(flatten)]
    source: Source,
    /// WARNING when the last publication is older: days, or a range of days [default: 7]
    #[arg(short, long, value_name = "DAYS", help_heading = "Publication")]
    warning: Option<Range>,
    /// CRITICAL when the last publication is older [default: 31]
    #[arg(short, long, value_name = "DAYS", help_heading = "Publication")]
    critical: Option<Range>,
}

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
    let mut found = of_rows(&page.rows);
    found.extend(page.objects.iter().filter_map(of_object));
    let site = args.source.site.as_deref();
    // Where the page has one site it is that one's, whatever its name.
    let mine: Vec<_> = found.iter().filter(|one| site.is_none_or(|site| one.site.eq_ignore_ascii_case(site))).collect();
    let now = args.source.judge_build(&page, now, &mut report);
    if mine.is_empty() {
        let names: Vec<&str> = found.iter().map(|one| one.site.as_str()).take(5).collect();
        let there = if names.is_empty() { "no site".to_owned() } else { names.join(", ") };
        let wanted = site.unwrap_or("any site");
        report.add(Finding::critical(
            "not_there",
            format!("the accounting server has nothing of {wanted}; there is {there}"),
        ));
        return Ok(report);
    }
    // A site of several publishers has a row each: the newest is when the site was last heard of, the oldest which of them is silent.
    let days = |days: i64| Some(Range::at_most(days as f64));
    let threshold = Threshold { warning: args.warning.or(days(7)), critical: args.critical.or(days(31)) };
    let scaled = Threshold {
        warning: threshold.warning.map(|range| range.times(DAY as f64)),
        critical: threshold.critical.map(|range| range.times(DAY as f64)),
    };
    let dated: Vec<(&One, Seconds)> = mine.iter().filter_map(|one| Some((*one, one.published?))).collect();
    for one in mine.iter().filter(|one| one.published.is_none()) {
        let said = plugin::text::shortened(&one.said, 100).into_owned();
        report
            .add(Finding::unknown("no_date", format!("when it was published is not said: {said:?}")).about(&one.site));
    }
    let Some((oldest, published)) = dated.iter().min_by_key(|(_, at)| *at) else { return Ok(report) };
    let age = (now - published).max(0);
    report.headline(format!("{} published its accounting {} ago", oldest.site, length(age)));
    let datum = Perfdata { min: Some(0.0), ..Perfdata::new("age", age as f64, Unit::Seconds) };
    report.measure(datum.judged_by(scaled), "old", || {
        format!(
            "{} has published no accounting for {}; see the publisher's log and its queue",
            oldest.site,
            length(age)
        )
    });
    Ok(report)
}

/// What is said of one site or publisher.
#[derive(Debug, PartialEq)]
struct One {
    site: String,
    published: Option<Seconds>,
    said: String,
}

/// Rows below a header `ExecutingSite … Publication Status`.
fn of_rows(rows: &[Vec<String>]) -> Vec<One> {
    let column = |row: &[String], name: &str| row.iter().position(|cell| cell.to_lowercase().contains(name));
    let header = rows.iter().enumerate().find_map(|(at, row)| {
        Some((at, column(row, "site")?, column(row, "publication").or_else(|| column(row, "status"))?))
    });
    let Some((at, site, status)) = header else { return Vec::new() };
    let one = |row: &Vec<String>| {
        let said = row.get(status)?.clone();
        Some(One { site: row.get(site)?.clone(), published: date_in(&said), said })
    };
    rows.iter().skip(at + 1).filter_map(one).filter(|one| !one.site.is_empty()).collect()
}

/// `{"SiteName": …, "stdout": "OK [ last published … ]"}`, or with the date in a field of its own.
fn of_object(object: &Map<String, Value>) -> Option<One> {
    let text = |names: &[&str]| {
        names.iter().find_map(|name| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.as_str())
    };
    let site = text(&["SiteName", "ExecutingSite", "site", "name"])?.to_owned();
    let dates = ["LatestEndTime", "lastpublished", "last_published", "UpdateTime", "updated"];
    let said = text(&["stdout", "status", "PublicationStatus"]).filter(|said| date_in(said).is_some());
    let said = said.or_else(|| text(&dates)).or_else(|| text(&["stdout", "status"]))?;
    Some(One { site, published: date_in(said), said: said.to_owned() })
}
