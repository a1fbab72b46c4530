//! The verdict over one authority: what the chosen consumer sees, what is wrong with it, and where others would see it otherwise.

use super::consumer::{Consumer, Obstacle, View};
use super::judge::Judge;
use super::lists::{Lists, Read};
use crate::trust::crl::{Crl, Encoding};
use crate::trust::store::{Authority, Numbered, Store};
use plugin::{Finding, State};

/// What is known of an authority's lists.
pub struct Case<'a> {
    /// The folder.
    pub store: &'a Store,
    /// What was read of it.
    pub lists: &'a Lists,
    /// The authority.
    pub authority: &'a Authority,
    /// The files under its hash.
    pub numbered: &'a [Numbered],
    /// Files under no authority's hash, which may hold its list under a wrong name.
    pub orphans: &'a [String],
}

/// A verdict.
pub struct Verdict<'a> {
    /// What is wrong; nothing when the consumer can rely on it.
    pub findings: Vec<Finding>,
    /// The list it goes by.
    pub list: Option<&'a Crl>,
}

impl Verdict<'_> {
    /// The worst of it.
    pub fn state(&self) -> State {
        self.findings.iter().map(Finding::state).max().unwrap_or_default()
    }
}

impl<'a> Case<'a> {
    /// What a consumer makes of it. Whether another one makes something else of it is said, too.
    pub fn verdict(&self, judge: &Judge<'_>) -> Verdict<'a> {
        let mut verdict = self.as_seen_by(judge);
        let (worst, chosen) = (verdict.state(), judge.consumer);
        for other in Consumer::COMPARED.into_iter().filter(|c| *c != chosen) {
            let theirs = self.as_seen_by(&Judge { consumer: other, ..*judge });
            if theirs.state() == worst {
                continue;
            }
            let name = other.name();
            let because = theirs.findings.iter().max_by_key(|f| f.state()).map(|f| f.id.to_string());
            let text = match (theirs.state() == State::Critical, because) {
                (true, Some(id)) => format!("{name} sees it otherwise: CRITICAL, {id}"),
                (_, Some(id)) => format!("{name} sees it otherwise: {}, {id}", theirs.state()),
                (_, None) => format!("{name} sees it otherwise: nothing is wrong"),
            };
            verdict.findings.push(Finding::ok("differs", text));
        }
        verdict
    }

    fn as_seen_by(&self, judge: &Judge<'_>) -> Verdict<'a> {
        let view = judge.consumer.sees(self.numbered, self.lists);
        let own: Vec<_> = view.lists.iter().copied().filter(|(_, crl)| judge.is_own(crl)).collect();
        // Where there is none of its own, what is wrong with the others is the reason.
        let candidates = if own.is_empty() { &view.lists } else { &own };
        let chosen = judge.choose(candidates);
        match chosen {
            Some((_, crl, findings)) if !own.is_empty() => Verdict { findings, list: Some(crl) },
            Some((file, _, findings)) => {
                let mut findings = self.obstacle(&view).map_or(findings, |f| vec![f]);
                if let Some(first) = findings.first_mut() {
                    first.text = format!("{} ({file})", first.text);
                }
                Verdict { findings, list: None }
            }
            None => Verdict { findings: vec![self.obstacle(&view).unwrap_or_else(|| self.lacking())], list: None },
        }
    }

    /// What kept the consumer from seeing a list.
    fn obstacle(&self, view: &View<'_>) -> Option<Finding> {
        let (file, obstacle) = view.obstacles.first()?;
        let hash = &self.authority.hash;
        Some(match obstacle {
            Obstacle::Gap => Finding::critical(
                "wrong_hash_link",
                format!("{file} is there without {hash}.r0: services begin at r0 and stop at the first gap; rename it"),
            ),
            Obstacle::Der => Finding::critical(
                "der_encoding",
                format!(
                    "{file} is DER: OpenSSL reads only PEM here, and finds no list; convert it (openssl crl -inform DER), as fetch-crl does"
                ),
            ),
            Obstacle::Unparsable(why) => Finding::critical(
                "unparsable",
                format!("{file} is no revocation list: {why}; remove it and run fetch-crl"),
            ),
            Obstacle::Empty => Finding::critical(
                "empty",
                format!("{file} is empty; remove it and run fetch-crl, and see that the disk is not full"),
            ),
            Obstacle::Other(what) => Finding::critical(
                "unparsable",
                format!("{file} is no revocation list but {what}; remove it and run fetch-crl"),
            ),
            Obstacle::Unreadable(why) => {
                Finding::unknown("unreadable", format!("cannot read {file}: {why}; let this probe's user read it"))
            }
        })
    }

    /// There is nothing under its hash.
    fn lacking(&self) -> Finding {
        let (hash, subject) = (&self.authority.hash, &self.authority.certificate.subject);
        let old = self.authority.old_hash.as_ref().map(|old| self.store.numbered(old, true)).unwrap_or_default();
        if let Some(file) = old.first() {
            return Finding::critical(
                "wrong_hash_link",
                format!(
                    "its list is there only as {}, the hash of before OpenSSL 1.0: services look for {hash}.r0",
                    file.name
                ),
            );
        }
        if let Some(file) = self.lists.holding(self.orphans, subject) {
            return Finding::critical(
                "wrong_hash_link",
                format!("its list is there as {file}, under a wrong hash: services look for {hash}.r0"),
            );
        }
        if self.store.file_of(self.authority, "crl_url").is_none() {
            return Finding::ok("no_crl_published", "it publishes no list (there is no .crl_url), and none is there");
        }
        Finding::critical(
            "missing",
            format!(
                "there is no list ({hash}.r0): its certificates are refused where lists are required; run fetch-crl"
            ),
        )
    }

    /// Files that were read and lead to nothing for this consumer, beside a list that it goes by.
    pub fn beside(&self, judge: &Judge<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        for file in self.numbered {
            let note = |what: &str| Finding::ok("beside", format!("{} beside it: {what}", file.name));
            match self.lists.get(&file.name) {
                Read::Lists(Encoding::Der, _) if judge.consumer != Consumer::Canl => found.push(note("it is DER")),
                Read::Lists(..) => {}
                Read::Empty => found.push(note("it is empty")),
                Read::Other(what) => found.push(note(&format!("it holds {what}"))),
                Read::Unreadable(why) => found.push(note(why)),
            }
        }
        found
    }
}
