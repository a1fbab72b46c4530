//! Whose fault it is: one list that is stale is its authority's matter, most of them are the site's, where nobody fetches.

use crate::trust::time::{Seconds, length};
use plugin::{Finding, State};

/// Reasons that fetching would mend.
const STALE: &[&str] = &["expired", "expiring", "late", "missing"];
/// So many have to be stale before the site is suspected.
const LEAST: usize = 3;

/// Puts the stale ones into one finding when they are so many that the site must be at fault. `lists` is how many authorities
/// should have a list, `newest` when the youngest of the files was written.
pub fn gathered(findings: Vec<Finding>, lists: usize, newest: Option<Seconds>, now: Seconds) -> Vec<Finding> {
    let stale = |f: &Finding| f.state() > State::Ok && STALE.contains(&f.id.as_ref());
    let subjects: std::collections::BTreeSet<&str> =
        findings.iter().filter(|f| stale(f)).map(|f| f.subject.as_str()).collect();
    let count = subjects.len();
    if count < LEAST || count * 2 <= lists {
        return findings;
    }
    let (stale, mut others): (Vec<_>, Vec<_>) = findings.into_iter().partition(stale);
    let written = match newest {
        Some(at) if at <= now => format!("the youngest file was written {} ago", length(now - at)),
        Some(_) => "the files are from the future, compare the clock".to_owned(),
        None => "there is none at all".to_owned(),
    };
    let text = format!(
        "{count} of {lists} lists are stale or missing, {written}: nobody fetches them at this site; run fetch-crl, and look at its timer or cron job"
    );
    others.insert(0, Finding::new(State::Ok, "not_fetched", text).with_all(stale));
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expired(n: usize) -> Vec<Finding> {
        (0..n).map(|i| Finding::critical("expired", "expired").about(format!("T{i}"))).collect()
    }

    #[test]
    fn most_of_them_are_the_sites_fault_and_few_their_authorities() {
        let all = gathered(expired(60), 100, Some(0), 86_400);
        assert_eq!(
            (all.len(), all[0].id.as_ref(), all[0].state(), all[0].parts.len()),
            (1, "not_fetched", State::Critical, 60)
        );
        assert!(all[0].text.contains("written 1 d ago"), "{}", all[0].text);
        assert_eq!(gathered(expired(50), 100, None, 0).len(), 50);
        assert_eq!(gathered(expired(2), 2, None, 0).len(), 2);
    }

    #[test]
    fn what_else_is_wrong_stays_beside_it() {
        let mut findings = expired(4);
        findings.push(Finding::critical("bad_signature", "x").about("T9"));
        let all = gathered(findings, 5, None, 0);
        assert_eq!(all.iter().map(|f| f.id.as_ref()).collect::<Vec<_>>(), ["not_fetched", "bad_signature"]);
    }
}
