//! check_apel_pub (org.apel.APEL-Pub) and check_apel_sync (org.apel.APEL-Sync): what the accounting server says of a site. Its pages, or its JSON,
//! are read as documents: a word in a page is no verdict, for it may stand in a site's name or in the explanation above the table.
//!
//! check_apel_client (org.apel.Client-DB): what the site's own client has in its database, and does not send.
//!
//! `page.rs` takes pages apart, `publication.rs` and `sync.rs` judge; this file is what those two share: where the document comes from, whether
//! the server still builds it, and dates. `database.rs` reads the client's database, `client.rs` judges it.

pub mod client;
pub mod database;
pub mod page;
pub mod publication;
pub mod sync;

use crate::net::http::{self, Answer, Trust};
use crate::trust::time::{HOUR, Seconds, length};
use chrono::{NaiveDate, NaiveDateTime};
use page::Page;
use plugin::{Context, Finding, Report};
use std::io::Read;
use std::path::PathBuf;

/// A page is not longer.
const LONGEST: u64 = 16 << 20;

/// Options that both have.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Accounting server")]
pub struct Source {
    /// Address of the site's page or JSON
    #[arg(short, long, value_name = "URL", required_unless_present = "file")]
    pub url: Option<String>,
    /// A file with it
    #[arg(short, long, value_name = "FILE", conflicts_with = "url")]
    pub file: Option<PathBuf>,
    /// The site that it must be about
    #[arg(short, long, value_name = "NAME")]
    pub site: Option<String>,
    /// UNKNOWN when the server has not built the page for so many hours [default: 48]
    #[arg(long, value_name = "HOURS")]
    pub build_age: Option<u32>,
    /// Do not ask whether this machine trusts the server's certificate
    #[arg(long)]
    pub no_trust: bool,
    /// Judge as if it were this time: seconds since 1970, or YYYY-MM-DD
    #[arg(long, value_name = "TIME", value_parser = super::anchors::moment)]
    pub at: Option<Seconds>,
}

impl Source {
    /// The time to judge by.
    pub fn now(&self, context: &Context) -> Seconds {
        self.at.unwrap_or(context.now)
    }

    /// Where it comes from, for people.
    pub fn place(&self) -> String {
        self.url.clone().or_else(|| self.file.as_ref().map(|file| file.display().to_string())).unwrap_or_default()
    }

    /// Reads it.
    ///
    /// # Errors
    /// A finding: it cannot be had, or is neither a page nor JSON.
    pub fn read(&self, context: &Context) -> Result<Page, Finding> {
        let place = self.place();
        context.doing(format_args!("reading {place}"));
        let bytes = match (&self.url, &self.file) {
            (Some(url), _) => {
                let trust = if self.no_trust { Trust::Content } else { Trust::Machine };
                http::get(url, None, LONGEST, trust, context).and_then(|answer| match answer {
                    Answer::Body(mut body) => {
                        let mut bytes = Vec::new();
                        body.read_to_end(&mut bytes).map(|_| bytes).map_err(|e| e.to_string())
                    }
                    Answer::NotModified => {
                        Err("it answers that nothing has changed, and was not asked that".to_owned())
                    }
                })
            }
            (None, Some(file)) => std::fs::read(file).map_err(|e| e.to_string()),
            (None, None) => Err("no place is named".to_owned()),
        };
        let bytes = bytes.map_err(|why| Finding::unknown("not_read", format!("cannot read {place}: {why}")))?;
        Page::read(&bytes).map_err(|why| {
            Finding::unknown("not_understood", format!("{place} is no page of the accounting server: {why}"))
        })
    }

    /// Whether the server still builds the page. The answer is the time that the page speaks of: what it said of older days says
    /// nothing of today, neither good nor bad.
    pub fn judge_build(&self, page: &Page, now: Seconds, report: &mut Report) -> Seconds {
        let Some(built) = page.built else {
            report.add(Finding::ok("no_build", "the document does not say when it was built"));
            return now;
        };
        let age = now - built;
        report.perfdata(plugin::Perfdata::new("build_age", age as f64, plugin::Unit::Seconds));
        if age > i64::from(self.build_age.unwrap_or(48)) * HOUR {
            report.add(Finding::unknown(
                "not_built",
                format!("the accounting server has not built this page for {}: what it says is of then", length(age)),
            ));
            return built;
        }
        now
    }
}

/// Reads `2026-11-21`, also with a time behind it.
pub fn date(text: &str) -> Option<Seconds> {
    let text = text.trim();
    let day = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
    let rest = text.get(10..).unwrap_or_default().trim_start_matches(['T', ' ']).trim_end_matches('Z');
    let time = rest.get(..8).and_then(|time| chrono::NaiveTime::parse_from_str(time, "%H:%M:%S").ok());
    Some(NaiveDateTime::new(day, time.unwrap_or_default()).and_utc().timestamp())
}

/// The first date in a text, as in `OK [ last published 1 days ago: 2026-11-21 ]`.
pub fn date_in(text: &str) -> Option<Seconds> {
    let start = |at: &usize| text.is_char_boundary(*at) && text.as_bytes()[*at].is_ascii_digit();
    (0..text.len()).filter(start).find_map(|at| date(&text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_found_where_they_stand() {
        assert_eq!(date("2026-11-22 03:00:00.00"), Some(1_795_316_400));
        assert_eq!(date("2026-11-22T03:00:00Z"), Some(1_795_316_400));
        assert_eq!(date_in("OK [ last published 1 days ago: 2026-11-22 ]"), Some(1_795_305_600));
        assert_eq!((date("soon"), date("2026-13-01"), date_in("é 12 é")), (None, None, None));
    }
}
