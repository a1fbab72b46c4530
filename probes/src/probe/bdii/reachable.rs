//! `--reachable` (org.nagios.BDII-Check): one bind and one look at the entry where the content begins, and nothing of what stands
//! below it. What costs a server of sites next to nothing can be asked every minute.
use std::ops::ControlFlow;
use std::time::Instant;

use super::answer::{Thresholds, unreached};
use super::options::{Options, Want};
use super::read::bases;
use crate::net::ldap::{Connection, Filter, Progress, ResultCode, Scope, Search};
use plugin::{Finding, Report, State};

/// Looks for the first base that is there, and says how long that took since `begun`.
pub(super) fn judge(
    mut report: Report,
    mut connection: Connection,
    options: &Options,
    target: &str,
    thresholds: &Thresholds,
    begun: Instant,
) -> Report {
    let mut wanted = Vec::new();
    if options.glue2() != Want::Off {
        wanted.extend(bases(options.site.as_deref(), false));
    }
    // The shadow of o=grid is not what others ask for.
    if options.glue1() == Want::Require || wanted.is_empty() {
        wanted.extend(bases(options.site.as_deref(), true).into_iter().filter(|base| !base.ends_with("o=shadow")));
    }
    let mut why = String::new();
    for base in &wanted {
        let filter = Filter::Present("objectClass".to_owned());
        let search = Search { base, scope: Scope::Base, filter, attributes: &["1.1"], page: 0 };
        let mut progress = Progress::default();
        let done = match connection.search(&search, &mut progress, |_| ControlFlow::Continue(())) {
            Ok(done) => done,
            Err(error) => return unreached(report, target, &error, begun),
        };
        if done.code == ResultCode::SUCCESS && progress.entries > 0 {
            thresholds.answered(begun.elapsed().as_secs_f64(), &mut report);
            report.headline(format!("{target} answers and has {base}"));
            connection.close();
            return report;
        }
        if why.is_empty() && done.code != ResultCode::NO_SUCH_OBJECT {
            why = format!(": {}", done.code.name());
        }
    }
    thresholds.answered(begun.elapsed().as_secs_f64(), &mut report);
    let what = format!("answers, but has no {}{why}", wanted.join(" and no "));
    report.add(Finding::new(State::Critical, "base", what).about(target.to_owned()));
    connection.close();
    report
}
