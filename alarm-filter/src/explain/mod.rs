//! Why there is an alarm, or why not: from the journal alone, in sentences.
//!
//! Start reading in [`explain`]. `gather.rs` finds the records of an object in a [`History`] (or takes those of a
//! recording), `story.rs` folds them into where the object stands, and says that as a verdict; `sentence.rs` puts each
//! event into words, with the smaller words in `words.rs`.

mod gather;
mod sentence;
mod story;
pub mod words;

#[cfg(test)]
mod tests;

pub use gather::{Asked, ExplainError, Told, from_records, keys_among, keys_of, profiles_of};
pub use sentence::sentence;

use crate::store::History;
use alarm_core::profile::Profiles;
use alarm_core::time::Timestamp;
use alarm_core::watch::Key;
use serde::Serialize;
use story::Story;

/// Why there is an alarm, or why not, and the steps that led there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The answer, in one to three sentences.
    pub verdict: String,
    /// What led to it, oldest first.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The journal record that it stands in.
    pub seq: u64,
    /// The engine's time.
    pub at: Timestamp,
    /// When it was so by the monitor's clock, where the event says.
    pub since: Option<Timestamp>,
    /// What happened.
    pub sentence: String,
}

/// Why `key` has an alarm, or none; as of `at`, or now. `upto` bounds the answer to what the asker's view shows.
/// `profiles` are those in force: what they tag as a security matter is answered for as if nothing were known (AL17).
///
/// # Errors
/// The journal cannot be read.
pub fn explain(
    history: &dyn History,
    key: &Key,
    upto: u64,
    at: Option<Timestamp>,
    profiles: Option<&Profiles>,
) -> Result<Explanation, ExplainError> {
    let told = gather::of_key(history, key, upto)?;
    let begins = truth_of(history)?;
    Ok(explain_told(&told, key, at, profiles, begins))
}

/// From when on the journal is complete; `None`: nothing was ever cut.
///
/// # Errors
/// The journal cannot be read.
pub fn truth_of(history: &dyn History) -> Result<Option<Timestamp>, crate::store::StoreError> {
    let truth = history.truth_begins()?;
    Ok((truth.seq > 1).then_some(truth.at))
}

/// What an answer says when it reaches back before the journal is complete.
pub fn cut_before(begins: Timestamp) -> String {
    format!(
        "The journal is complete only since {}: of what was decided before, it has kept what belongs to alarms that were \
         open when it was cut.",
        words::time(begins)
    )
}

/// The same from what was already gathered: the records of a recording. `begins`: nothing is known before.
pub fn explain_told(
    told: &[Told],
    key: &Key,
    at: Option<Timestamp>,
    profiles: Option<&Profiles>,
    begins: Option<Timestamp>,
) -> Explanation {
    let mut story = Story::new(key.clone());
    let mut steps = Vec::new();
    let mut secret = profiles.is_some_and(|p| is_security(p, key));
    // What lies before the time asked for and came in only after it: an archive that was read late, say.
    let mut late: Option<(u64, Timestamp)> = None;
    for t in told {
        for event in &t.events {
            // A tag that holds at any time holds for all of it, also for questions about the time before.
            secret |= story::is_secret(event, key, profiles);
            if !story.concerns(event) {
                continue;
            }
            if let Some(at) = at.filter(|at| t.at > *at) {
                if event.key() == Some(key) && sentence::since(event).is_some_and(|since| since <= at) {
                    late = Some((late.map_or(1, |(n, _)| n + 1), t.at));
                }
                continue;
            }
            story.take(t.at, event);
            if let Some(sentence) = sentence(event) {
                steps.push(Step { seq: t.seq, at: t.at, since: sentence::since(event), sentence });
            }
        }
    }
    if secret {
        late = None;
    }
    let (mut verdict, steps) = match secret || story.knows_nothing() {
        true => (story::nothing_known(key, begins), Vec::new()),
        false => (story.verdict(at), steps),
    };
    if let Some(begins) = begins.filter(|b| at.is_some_and(|at| at < *b)) {
        verdict.push(' ');
        verdict.push_str(&cut_before(begins));
    }
    if let Some((count, last)) = late {
        let what =
            if count == 1 { "1 step of before came".to_owned() } else { format!("{count} steps of before came") };
        verdict.push_str(&format!(
            " That is what was known then: {what} in only later; ask for {} or after.",
            words::time(last)
        ));
    }
    Explanation { verdict, steps }
}

/// Whether the operators' profile tags the metric that a service is named after (AL17).
pub(crate) fn is_security(profiles: &Profiles, key: &Key) -> bool {
    let service = key.service.as_deref().unwrap_or_default();
    profiles.profiles.get(&profiles.operators).is_some_and(|p| p.settings(service).security)
}
