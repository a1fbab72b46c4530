//! Episodes of alarms as sets: nothing lost, nothing doubled.

use crate::fail::{Fail, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One episode, as `replay` prints it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Episode {
    /// The host.
    pub host: String,
    /// The service as Nagios names it; empty for the host itself.
    pub service: String,
    /// The site.
    pub site: Option<String>,
    /// The metric.
    pub metric: String,
    /// The last state.
    pub state: String,
    /// Epoch seconds.
    pub raised_at: u64,
    /// Its states in order.
    pub changes: Vec<Change>,
    /// Epoch seconds; none while it stands.
    pub cleared_at: Option<u64>,
    /// The union of its flags.
    pub flags: Vec<String>,
}

/// A change of state within an episode.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Epoch seconds.
    pub at: u64,
    /// The new state.
    pub state: String,
}

/// Compares two sets: each episode with its times and changes must stand in both, equally often. Flags are left out unless
/// asked for: which of them a poll of status.dat has seen in passing is a matter of the moment.
pub fn same(one: (&str, &[Episode]), other: (&str, &[Episode]), with_flags: bool) -> Result {
    let mut counts: BTreeMap<Episode, (usize, usize)> = BTreeMap::new();
    for episode in one.1 {
        counts.entry(key(episode, with_flags)).or_default().0 += 1;
    }
    for episode in other.1 {
        counts.entry(key(episode, with_flags)).or_default().1 += 1;
    }
    let differing: Vec<_> = counts.iter().filter(|(_, (left, right))| left != right).collect();
    if differing.is_empty() {
        return Ok(());
    }
    let mut text = format!(
        "{} of {} episodes differ between {} ({}) and {} ({}):",
        differing.len(),
        counts.len(),
        one.0,
        one.1.len(),
        other.0,
        other.1.len()
    );
    for (episode, (left, right)) in differing.iter().take(10) {
        text.push_str(&format!("\n  {left} x {}, {right} x {}: {episode:?}", one.0, other.0));
    }
    Err(Fail::new(text))
}

/// Fails when a service has two episodes that overlap: an alarm was doubled.
pub fn none_overlap(episodes: &[Episode]) -> Result {
    let mut sorted: Vec<_> = episodes.iter().collect();
    sorted.sort_by_key(|episode| {
        (&episode.host, &episode.service, episode.raised_at, episode.cleared_at.unwrap_or(u64::MAX))
    });
    for pair in sorted.windows(2) {
        let [earlier, later] = pair else { continue };
        let same = (&earlier.host, &earlier.service) == (&later.host, &later.service);
        if same && earlier.cleared_at.is_none_or(|cleared| cleared > later.raised_at) {
            return Err(Fail::new(format!("two episodes at once:\n  {earlier:?}\n  {later:?}")));
        }
    }
    Ok(())
}

fn key(episode: &Episode, with_flags: bool) -> Episode {
    let mut key = episode.clone();
    if with_flags {
        key.flags.sort();
    } else {
        key.flags.clear();
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(raised_at: u64, cleared_at: Option<u64>) -> Episode {
        let text = |word: &str| word.to_owned();
        Episode {
            host: text("h"),
            service: text("s"),
            site: None,
            metric: text("m"),
            state: text("CRITICAL"),
            raised_at,
            changes: vec![Change { at: raised_at, state: text("CRITICAL") }],
            cleared_at,
            flags: Vec::new(),
        }
    }

    #[test]
    fn a_doubled_or_lost_episode_is_found() {
        let set = [episode(1, Some(2)), episode(3, None)];
        assert!(same(("a", &set), ("b", &set), true).is_ok());
        assert!(same(("a", &set), ("b", &set[..1]), true).is_err());
        let doubled = [set[0].clone(), set[0].clone(), set[1].clone()];
        assert!(same(("a", &set), ("b", &doubled), false).is_err());
    }

    #[test]
    fn flags_count_only_when_asked_for() {
        let (plain, mut flagged) = (episode(1, None), episode(1, None));
        flagged.flags.push("muted".into());
        assert!(same(("a", std::slice::from_ref(&plain)), ("b", std::slice::from_ref(&flagged)), false).is_ok());
        assert!(same(("a", &[plain]), ("b", &[flagged]), true).is_err());
    }

    #[test]
    fn overlapping_episodes_are_found() {
        assert!(none_overlap(&[episode(1, Some(2)), episode(2, None)]).is_ok());
        assert!(none_overlap(&[episode(1, Some(3)), episode(2, None)]).is_err());
        assert!(none_overlap(&[episode(1, None), episode(2, None)]).is_err());
    }
}
