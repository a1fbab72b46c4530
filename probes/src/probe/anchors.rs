//! What the probes of trust anchors share: where the anchors lie, which are left out, how findings are ranked, and what is
//! wrong with an authority itself.

use crate::trust::cert::{KeyStrength, key_strength};
use crate::trust::signature::Strength;
use crate::trust::store::{Authority, Store};
use crate::trust::time::{DAY, Seconds, length, shown};
use chrono::NaiveDate;
use openssl::pkey::{PKey, Public};
use plugin::{Context, Finding, State};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where IGTF's packages put them.
const FOLDER: &str = "/etc/grid-security/certificates";

/// Options that they share.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Trust anchors")]
pub struct Anchors {
    /// Folder of the trust anchors [default: X509_CERT_DIR, else /etc/grid-security/certificates]
    #[arg(long, value_name = "DIR")]
    pub ca_dir: Option<PathBuf>,
    /// Leave these authorities out: aliases, with * for anything
    #[arg(long, value_name = "ALIAS,…", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Judge a finding otherwise: ID=STATE, or ALIAS:ID=STATE, both with * for anything
    #[arg(long, value_name = "[ALIAS:]ID=STATE", value_delimiter = ',', value_parser = Rank::parse)]
    pub rank: Vec<Rank>,
    /// How bad it is when an authority that the installed distribution requires has itself expired, is about to, or has a weak
    /// key or signature: that is the distribution's matter
    #[arg(long, value_name = "STATE", default_value = "ok")]
    pub distribution: State,
    /// Warn when an authority's own certificate is valid for less than this (days, or with h, d)
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = |t: &str| super::lifetime::parse(t, DAY))]
    pub authority_lifetime: plugin::Range,
    /// Judge as if it were this time: seconds since 1970, or YYYY-MM-DD
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Seconds>,
}

/// One `--rank`.
#[derive(Clone, Debug)]
pub struct Rank {
    alias: String,
    id: String,
    state: State,
}

impl Rank {
    fn parse(text: &str) -> Result<Rank, String> {
        let (what, state) = text.rsplit_once('=').ok_or("it has the form ID=STATE or ALIAS:ID=STATE")?;
        let (alias, id) = what.rsplit_once(':').unwrap_or(("*", what));
        Ok(Rank { alias: alias.to_owned(), id: id.to_owned(), state: state.parse()? })
    }
}

/// A time on the command line: seconds since 1970, or YYYY-MM-DD.
///
/// # Errors
/// It is neither.
pub fn moment(text: &str) -> Result<Seconds, String> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp());
    }
    text.parse().map_err(|_| "it is neither seconds since 1970 nor YYYY-MM-DD".to_owned())
}

/// The folder of trust anchors: the one named, that of X509_CERT_DIR, or where IGTF's packages put them.
pub fn folder(named: Option<&PathBuf>) -> PathBuf {
    let from_environment = || std::env::var_os("X509_CERT_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    named.cloned().or_else(from_environment).unwrap_or_else(|| PathBuf::from(FOLDER))
}

impl Anchors {
    /// The folder.
    pub fn folder(&self) -> PathBuf {
        folder(self.ca_dir.as_ref())
    }

    /// The time to judge by.
    pub fn now(&self, context: &Context) -> Seconds {
        self.at.unwrap_or(context.now)
    }

    /// The folder's anchors without those left out, or what is wrong with the folder.
    ///
    /// # Errors
    /// A finding: it cannot be read, or there is no authority in it.
    pub fn open(&self, context: &Context) -> Result<Store, Finding> {
        let folder = self.folder();
        context.doing(format_args!("reading {}", folder.display()));
        let mut store = Store::open(&folder, context.deadline).map_err(|why| Finding::unknown("unreadable", why))?;
        if store.authorities.is_empty() && store.unreadable.is_empty() {
            return Err(Finding::critical(
                "no_authorities",
                format!(
                    "there is no authority in {}: nobody is trusted; install the IGTF distribution (ca-policy-egi-core, igtf-policy-*)",
                    folder.display()
                ),
            ));
        }
        store.authorities.retain(|a| !self.ignores(&a.alias));
        store
            .unreadable
            .retain(|(name, _)| !self.ignores(name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem)));
        Ok(store)
    }

    /// Whether an authority is left out.
    pub fn ignores(&self, alias: &str) -> bool {
        self.ignore.iter().any(|pattern| matches(pattern, alias))
    }

    /// Ranks a finding as the command line wants it; the last that fits counts.
    pub fn ranked(&self, finding: Finding) -> Finding {
        let fits = |r: &&Rank| matches(&r.id, &finding.id) && matches(&r.alias, &finding.subject);
        match self.rank.iter().rev().find(fits).map(|r| r.state) {
            Some(state) => finding.ranked(state),
            None => finding,
        }
    }
}

/// `*` stands for anything, as often as it stands there.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// What is wrong with an authority itself: whether a service finds its certificate, whether that is valid, what it is worth.
pub fn authority_findings(
    store: &Store,
    authority: &Authority,
    key: &Result<PKey<Public>, String>,
    options: &Anchors,
    required: &BTreeMap<String, (String, String)>,
    now: Seconds,
) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(link(store, authority));
    let c = &authority.certificate;
    let mut own = Vec::new();
    if c.not_after < now {
        let ago = length(now - c.not_after);
        own.push(Finding::critical("ca_expired", format!("the authority's certificate expired {ago} ago: its certificates are refused; remove it or update the distribution")));
    } else if now < c.not_before {
        own.push(Finding::critical(
            "ca_not_yet_valid",
            format!("the authority's certificate is valid from {} on; compare the clock", shown(c.not_before)),
        ));
    } else if options.authority_lifetime.alerts((c.not_after - now) as f64) {
        own.push(Finding::warning(
            "ca_expiring",
            format!(
                "the authority's certificate expires in {}; update the distribution before",
                length(c.not_after - now)
            ),
        ));
    }
    match key.as_ref().map(key_strength) {
        Ok(KeyStrength::Weak(what)) => own.push(Finding::warning(
            "weak_key",
            format!("the authority's key is weak ({what}): TLS at security level 2 refuses it"),
        )),
        Ok(KeyStrength::Broken(what)) => own.push(Finding::critical(
            "weak_key",
            format!("the authority's key is broken ({what}): anybody can sign in its name"),
        )),
        Ok(KeyStrength::Sound) => {}
        Err(why) => found
            .push(Finding::unknown("key_unreadable", format!("cannot judge the authority's key: OpenSSL says {why}"))),
    }
    // Nobody checks a root's signature over itself.
    if !c.is_root() {
        match c.algorithm.strength {
            Strength::Weak => own.push(Finding::warning(
                "weak_signature",
                format!("the authority's certificate is signed with {}", c.algorithm.name),
            )),
            Strength::Broken => own.push(Finding::critical(
                "weak_signature",
                format!("the authority's certificate is signed with {}, which can be made up", c.algorithm.name),
            )),
            Strength::Sound => {}
        }
    }
    if let Some((_, policy)) = required.get(authority.stem()) {
        let theirs = |f: Finding| {
            Finding::new(
                options.distribution,
                f.id,
                format!("{} ({policy} requires it: a matter of the distribution)", f.text),
            )
        };
        own = own.into_iter().map(theirs).collect();
    }
    found.extend(own);
    found.into_iter().map(|f| f.about(&authority.alias)).collect()
}

/// Whether OpenSSL finds the certificate by the hash of its name.
fn link(store: &Store, authority: &Authority) -> Option<Finding> {
    let hash = &authority.hash;
    let reached = store.numbered(hash, false);
    let own = reached.iter().find(|n| authority.files.contains(&n.name));
    let broken =
        |number| reached.iter().find(|m| m.number < number && store.unreadable.iter().any(|(name, _)| *name == m.name));
    let text = match own {
        Some(n) if !n.behind_gap => {
            let before = broken(n.number)?;
            let text = format!(
                "{} before {} is broken: Debian's OpenSSL goes on behind it, others stop there; run openssl rehash",
                before.name, n.name
            );
            return Some(Finding::warning("wrong_hash_link", text));
        }
        Some(n) => {
            format!("{} is not found: a lower number is missing, and services stop there; run openssl rehash", n.name)
        }
        None => match reached.first() {
            Some(n) if store.unreadable.iter().any(|(name, _)| *name == n.name) => {
                format!(
                    "{} is broken or leads nowhere: services do not find this authority; link it to {}.pem",
                    n.name,
                    authority.stem()
                )
            }
            Some(n) => format!(
                "{} is another certificate, and no link {hash}.N leads to this one: services do not find it",
                n.name
            ),
            None => match authority
                .old_hash
                .as_ref()
                .filter(|old| store.numbered(old, false).iter().any(|n| authority.files.contains(&n.name)))
            {
                Some(old) => {
                    format!("only {old}.0 leads to it, the hash of before OpenSSL 1.0: services look for {hash}.0")
                }
                None => {
                    format!("no link {hash}.0 leads to it: services do not find this authority; run openssl rehash")
                }
            },
        },
    };
    Some(Finding::critical("wrong_hash_link", text))
}

/// What is wrong with files that should hold certificates.
pub fn unreadable_findings(store: &Store) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, why) in &store.unreadable {
        // A broken link that an authority is looked for under was told with that authority.
        let hash = crate::trust::store::numbered_name(name).map(|(hash, _, _)| hash);
        if hash.is_some_and(|hash| store.authorities.iter().any(|a| a.hash == hash)) {
            continue;
        }
        // The old hashes are about to go (IGTF 1.140).
        let old = hash.is_some_and(|hash| store.authorities.iter().any(|a| a.old_hash.as_deref() == Some(hash)));
        let state = if old {
            State::Ok
        } else if why.contains("denied") {
            State::Unknown
        } else {
            State::Critical
        };
        found.push(
            Finding::new(state, "certificate_unreadable", format!("no certificate can be read from it: {why}"))
                .about(name),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_stars() {
        for (pattern, text) in
            [("*", ""), ("a*", "abc"), ("*c", "abc"), ("a*c", "abc"), ("a*b*c", "a1b2c"), ("abc", "abc")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "abc"), ("b*", "abc"), ("*b", "abc"), ("a*d", "abc"), ("", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn ranks_are_read() {
        let rank = Rank::parse("KEK:ca_expired=warning").unwrap();
        assert_eq!((rank.alias.as_str(), rank.id.as_str(), rank.state), ("KEK", "ca_expired", State::Warning));
        assert_eq!(Rank::parse("late=ok").unwrap().alias, "*");
        assert!(Rank::parse("late").is_err() && Rank::parse("late=bad").is_err());
        assert_eq!(moment("1970-01-02"), Ok(DAY));
    }
}
