//! The installed distribution against what was released since: the metadata that EGI publishes beside it, as files that
//! something else keeps up to date.

use super::{Args, Installed};
use crate::net::http::{Answer, Trust, get};
use crate::trust::info::compare_versions;
use crate::trust::store::{Store, open};
use crate::trust::time::{DAY, HOUR, Seconds, length};
use chrono::NaiveDate;
use plugin::{Context, Finding, State};
use std::io::Read;
use std::path::Path;

/// Metadata are smaller than this.
const LARGEST: u64 = 1 << 20;

/// A release file says when and what.
#[derive(Debug, Eq, PartialEq)]
struct Release {
    date: Seconds,
    version: String,
}

/// What is wrong with the installed distribution by the files that were named.
pub fn findings(
    args: &Args,
    store: &Store,
    installed: &Installed,
    version: Option<&str>,
    now: Seconds,
    context: &Context,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let read = |place: &Option<String>, found: &mut Vec<Finding>| {
        let place = place.as_ref()?;
        context.doing(format_args!("reading {place}"));
        match text(place, now, context) {
            Ok((text, written)) => {
                let age = now - written;
                if age > args.release.metadata_age * HOUR {
                    let text = format!(
                        "{} is {} old: what was released since is not known; see what fetches it",
                        place,
                        length(age)
                    );
                    found.push(Finding::warning("metadata_old", text));
                }
                Some((place.clone(), text))
            }
            Err(why) => {
                found.push(Finding::unknown("metadata_unreadable", format!("cannot read {}: {why}", place)));
                None
            }
        }
    };
    let release = read(&args.release.release, &mut found);
    let packages = read(&args.release.packages, &mut found);
    let obsoleted = read(&args.release.obsoleted, &mut found);

    // How long a site has had to follow.
    let mut overdue = State::Critical;
    let mut since = String::new();
    if let Some((name, text)) = release {
        match Release::read(&text) {
            Ok(release) => {
                let age = now - release.date;
                overdue = match age / DAY {
                    days if days >= args.release.critical => State::Critical,
                    days if days >= args.release.warning => State::Warning,
                    _ => State::Ok,
                };
                since = format!(", released {} ago", length(age));
                found.extend(outdated(&release, version, overdue, &since));
            }
            Err(why) => {
                found.push(Finding::unknown("metadata_unreadable", format!("{name} is no release file: {why}")))
            }
        }
    }
    if let Some((name, text)) = packages {
        found.extend(against_packages(&name, &text, args, store, installed, overdue, &since));
    }
    if let Some((_, text)) = obsoleted {
        for (alias, _) in lines(&text) {
            if let Some(authority) = store.authorities.iter().find(|a| a.stem() == alias) {
                let text = "it was withdrawn from the distribution, and is still trusted; remove it";
                found.push(Finding::critical("obsolete", text).about(&authority.alias));
            }
        }
    }
    found
}

fn outdated(release: &Release, version: Option<&str>, overdue: State, since: &str) -> Option<Finding> {
    let Some(own) = version else {
        let text =
            format!("release {} is current{since}, and the installed authorities say no version", release.version);
        return Some(Finding::new(overdue.max(State::Unknown), "version_unknown", text));
    };
    compare_releases(own, &release.version).is_lt().then(|| {
        let text =
            format!("release {own} is installed, {} is current{since}; update the distribution", release.version);
        Finding::new(overdue, "outdated", text)
    })
}

/// The distribution's packages (`ca_ALIAS-VERSION-RELEASE`) against what is installed.
fn against_packages(
    name: &str,
    text: &str,
    args: &Args,
    store: &Store,
    installed: &Installed,
    overdue: State,
    since: &str,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut any = false;
    for (alias, version) in lines(text) {
        any = true;
        if args.anchors.ignores(alias) {
            continue;
        }
        let Some(authority) = store.authorities.iter().find(|a| a.stem() == alias) else {
            // A policy that is installed says it itself.
            if !installed.required.contains_key(alias) {
                found.push(
                    Finding::new(
                        args.release.missing.min(overdue),
                        "not_installed",
                        format!("{name} lists it, and it is not installed"),
                    )
                    .about(alias),
                );
            }
            continue;
        };
        let own = installed.infos.get(&authority.alias).and_then(|info| info.version());
        if let Some(own) = own.filter(|own| compare_releases(own, version).is_lt()) {
            let text = format!("it is of release {own}, {version} is current{since}; update the distribution");
            found.push(Finding::new(overdue, "version_mismatch", text).about(&authority.alias));
        }
    }
    if !any {
        found.push(Finding::unknown(
            "metadata_unreadable",
            format!("{name} is no list of packages: no line begins with ca_"),
        ));
    }
    found
}

/// Compares what is common: `1.133` is no older than `1.133-1`.
fn compare_releases(own: &str, current: &str) -> std::cmp::Ordering {
    let base = |v: &str| v.split('-').next().unwrap_or_default().to_owned();
    compare_versions(&base(own), &base(current))
}

/// Alias and version of each package line; the policies' own packages are skipped.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let package = line.trim().strip_prefix("ca_").filter(|p| !p.starts_with("policy"))?;
        let package = package.trim_end_matches(".noarch");
        let (rest, _release) = package.rsplit_once('-')?;
        rest.rsplit_once('-').filter(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit()))
    })
}

impl Release {
    /// `<Release><Date>…</Date><Version>…</Version>…`
    fn read(text: &str) -> Result<Release, String> {
        let date = element(text, "Date").ok_or("it has no Date")?;
        let version = element(text, "Version").ok_or("it has no Version")?;
        if !version.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("{version:?} is no version"));
        }
        let date = day(date).ok_or_else(|| format!("{date:?} is no date"))?;
        Ok(Release { date, version: version.to_owned() })
    }
}

/// The text of the first element of this name outside of comments.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    loop {
        let at = rest.find(&open)?;
        match rest.find("<!--").filter(|comment| *comment < at) {
            Some(comment) => rest = rest[comment..].split_once("-->")?.1,
            None => return rest[at + open.len()..].split_once(&close).map(|(value, _)| value.trim()),
        }
    }
}

/// All forms in which releases wrote it: 28/10/2010, 20101028, 2010-10-28, 28 Oct 2010, with or without a time behind.
fn day(text: &str) -> Option<Seconds> {
    let date =
        ["%d/%m/%Y", "%Y%m%d", "%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%a, %d %b %Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%Y"]
            .iter()
            .find_map(|form| {
                NaiveDate::parse_from_str(text, form).ok().or_else(|| {
                    NaiveDate::parse_and_remainder(text, form)
                        .ok()
                        .filter(|(_, rest)| rest.starts_with([' ', 'T']))
                        .map(|(date, _)| date)
                })
            });
    date.and_then(|d| d.and_hms_opt(0, 0, 0)).map(|t| t.and_utc().timestamp())
}

/// The text at a place, and when it was written; what is fetched is of now.
fn text(place: &str, now: Seconds, context: &Context) -> Result<(String, Seconds), String> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = Vec::new();
    if place.contains("://") {
        return match get(place, None, LARGEST, Trust::Machine, context)? {
            Answer::Body(mut body) => {
                body.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
                Ok((String::from_utf8_lossy(&bytes).into_owned(), now))
            }
            Answer::NotModified => Err("it answers that nothing changed, which was not asked".to_owned()),
        };
    }
    let path = Path::new(place);
    let written = std::fs::metadata(path).map_err(|e| e.to_string())?.mtime();
    open(path, context.deadline)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(|e| e.to_string())?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_dates_are_read() {
        let wanted = day("2010-10-28").unwrap();
        for text in [
            "28/10/2010",
            "20101028",
            "28 Oct 2010",
            "28 October 2010",
            "Thu, 28 Oct 2010",
            "2010-10-28T10:00:00Z",
            "28/10/2010 12:00",
        ] {
            assert_eq!(day(text), Some(wanted), "{text}");
        }
        assert!(day("yesterday").is_none() && day("32/10/2010").is_none());
    }

    #[test]
    fn a_release_file_is_read() {
        let text = "<?xml version=\"1.0\"?>\n<Release>\n<!-- <Date>28/10/2010</Date> -->\n<Date>20260518</Date>\n <Version> 1.141-1 </Version></Release>";
        assert_eq!(
            Release::read(text),
            Ok(Release { date: day("2026-05-18").unwrap(), version: "1.141-1".to_owned() })
        );
        assert!(Release::read("<html>404</html>").is_err());
        assert!(Release::read("<Date>x</Date><Version>1</Version>").is_err());
    }

    #[test]
    fn packages_are_taken_apart() {
        let text = "ca_AEGIS-1.141-1\nca_policy_igtf-classic-1.141-1\nca_CERN-Root-2-1.141-1.noarch\n# c\nother-1-1\n";
        assert_eq!(lines(text).collect::<Vec<_>>(), [("AEGIS", "1.141"), ("CERN-Root-2", "1.141")]);
        assert!(compare_releases("1.141", "1.141-2").is_eq() && compare_releases("1.133", "1.141-1").is_lt());
    }
}
