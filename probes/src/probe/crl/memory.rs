//! What the run before saw (`--state`): so that a list that goes back in time or number is noticed, and one that comes later
//! than its authority's lists usually do.

use crate::trust::crl::{Crl, shown_number};
use crate::trust::time::{DAY, HOUR, Seconds, length, shown};
use plugin::Finding;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The version of the file's form.
const FORM: u32 = 1;
/// So many renewals are remembered of an authority.
const RENEWALS: usize = 12;
/// A list that does not say until when it holds is remembered for so long.
const UNLIMITED: Seconds = 30 * DAY;

/// The file's content.
#[derive(Debug, Deserialize, Serialize)]
pub struct Memory {
    form: u32,
    authorities: BTreeMap<String, Seen>,
    #[serde(skip)]
    path: PathBuf,
}

/// The newest list that was seen of an authority.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Seen {
    /// Hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    this_update: Seconds,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_update: Option<Seconds>,
    /// When lists were issued, the latest last.
    #[serde(default)]
    renewals: Vec<Seconds>,
}

impl Memory {
    /// Reads the file; one that is not there yet is an empty memory.
    ///
    /// # Errors
    /// It cannot be used; the finding says why. It is then left as it is.
    pub fn open(path: &Path) -> Result<Memory, Finding> {
        let refused = |why: String| {
            Finding::unknown("state_file", format!("cannot use the state file {}: {why}", path.display()))
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Memory { form: FORM, authorities: BTreeMap::new(), path: path.to_owned() });
            }
            Err(e) => return Err(refused(e.to_string())),
        };
        let form = serde_json::from_str::<serde_json::Value>(&text)
            .ok()
            .and_then(|v| v.get("form").and_then(serde_json::Value::as_u64));
        if form.is_some_and(|form| form > u64::from(FORM)) {
            return Err(refused("a newer version of this probe wrote it; use that one, or another file".to_owned()));
        }
        let memory: Memory = serde_json::from_str(&text).map_err(|e| refused(format!("{e}; remove it")))?;
        Ok(Memory { path: path.to_owned(), ..memory })
    }

    /// Compares a list with what was seen before, then remembers it.
    pub fn compare(&mut self, alias: &str, crl: &Crl, now: Seconds) -> Vec<Finding> {
        let mut found = Vec::new();
        let number = crl.number.as_deref();
        let known = self.authorities.get(alias).cloned();
        // A list that has run out can no longer be held back by showing an older one.
        if let Some(known) = known.as_ref().filter(|k| now < k.next_update.unwrap_or(k.this_update + UNLIMITED)) {
            let before = known.number.as_deref().map(octets);
            if crl.this_update < known.this_update {
                let (now, then) = (shown(crl.this_update), shown(known.this_update));
                found.push(Finding::warning("this_update_backwards", format!("the list is older than one seen before ({now}, before {then}): somebody holds back revocations, or a mirror is behind")));
            } else if let (Some(now), Some(before)) = (number, &before)
                && compare(now, before).is_lt()
            {
                let (now, then) = (shown_number(now), shown_number(before));
                found.push(Finding::warning("number_backwards", format!("the list has number {now}, and number {then} was seen before: somebody holds back revocations, or the authority counts anew")));
            }
        }
        let mut seen = known.unwrap_or_default();
        if found.is_empty() {
            if crl.this_update > seen.renewals.last().copied().unwrap_or(Seconds::MIN) {
                seen.renewals.push(crl.this_update);
                let surplus = seen.renewals.len().saturating_sub(RENEWALS);
                seen.renewals.drain(..surplus);
            }
            seen.number = number.map(|n| n.iter().map(|b| format!("{b:02x}")).collect());
            seen.this_update = crl.this_update;
            seen.next_update = crl.next_update;
        }
        found.extend(late(&seen.renewals, crl.this_update, now));
        self.authorities.insert(alias.to_owned(), seen);
        found
    }

    /// Writes it, so that a reader sees the old one or the new one.
    ///
    /// # Errors
    /// It cannot be written; the finding says why.
    pub fn save(&self) -> Result<(), Finding> {
        let write = || -> std::io::Result<()> {
            let mut name = self.path.as_os_str().to_owned();
            name.push(format!(".{}.new", std::process::id()));
            let new = PathBuf::from(name);
            let mut file = std::fs::File::create(&new)?;
            let done = serde_json::to_writer(&mut file, self).map_err(std::io::Error::other);
            done.and_then(|()| file.write_all(b"\n")).and_then(|()| std::fs::rename(&new, &self.path)).inspect_err(
                |_| {
                    let _ = std::fs::remove_file(&new);
                },
            )
        };
        write().map_err(|e| {
            Finding::unknown("state_file", format!("cannot write the state file {}: {e}", self.path.display()))
        })
    }
}

/// A list that comes later than three times as long after the one before as usual, and by half a day at least.
fn late(renewals: &[Seconds], this_update: Seconds, now: Seconds) -> Option<Finding> {
    let mut gaps: Vec<Seconds> = renewals.windows(2).map(|w| w[1] - w[0]).collect();
    if gaps.len() < 3 {
        return None;
    }
    gaps.sort_unstable();
    let usual = gaps[gaps.len() / 2];
    let age = now - this_update;
    (age > 3 * usual && age > usual + 12 * HOUR).then(|| {
        Finding::warning(
            "late",
            format!(
                "a new list comes every {} as a rule, this one is {} old: fetching fails, or the authority is late",
                length(usual),
                length(age)
            ),
        )
    })
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter_map(|b| char::from(b).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |n, d| n << 4 | d)).collect()
}

/// Numbers of any length, without leading zeros.
fn compare(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_list_is_one_that_breaks_its_own_rhythm() {
        let daily: Vec<Seconds> = (0..6).map(|day| day * DAY).collect();
        let last = 5 * DAY;
        assert!(late(&daily, last, last + 2 * DAY).is_none());
        assert!(
            late(&daily, last, last + 4 * DAY)
                .is_some_and(|f| f.text.contains("every 1 d as a rule, this one is 4 d old"))
        );
        assert!(late(&daily[..3], 2 * DAY, 300 * DAY).is_none());
        // Hourly lists are not late after a night in which nothing was fetched for some hours.
        let hourly: Vec<Seconds> = (0..6).map(|h| h * HOUR).collect();
        assert!(late(&hourly, 5 * HOUR, 15 * HOUR).is_none());
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(
            compare(&[2], &[1, 0]).is_lt() && compare(&[3, 0xe7], &[3, 0xe8]).is_lt() && compare(&[9], &[9]).is_eq()
        );
        assert_eq!(octets("03e8"), [3, 0xe8]);
    }
}
