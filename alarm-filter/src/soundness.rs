//! Whether the store is sound: what the start saw, and what the whole check sees that runs beside the daemon, at once and
//! then daily, on a reading connection of its own. Start with [`keep_checking`].

use crate::metrics::Metrics;
use crate::store::{Finding, Severity};
use crate::web::OpenHistory;
use alarm_core::time::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How many of the newest records a start looks at.
pub const TAIL: usize = 1000;
/// How long after a whole check the next one begins.
const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long after a check that could not be made.
const SOON: Duration = Duration::from_secs(10 * 60);
/// Between two slices of a check: the disk and the processor are the daemon's own meanwhile.
const PAUSE: Duration = Duration::from_millis(20);
/// How often the thread looks whether to stop.
const LOOK: Duration = Duration::from_millis(200);

/// What the last check found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Soundness {
    /// When it ended.
    pub at: Timestamp,
    /// Everything was looked at; otherwise the newest records and the state rows, at the start.
    pub whole: bool,
    /// What is damaged, a sentence each; empty: nothing.
    pub damage: Vec<String>,
}

impl Soundness {
    /// From the findings of a check.
    pub fn of(findings: Vec<Finding>, whole: bool, at: Timestamp) -> Self {
        let damage = findings.into_iter().filter(|f| f.severity == Severity::Damage).map(|f| f.text).collect();
        Soundness { at, whole, damage }
    }

    /// Says it in one line: what is damaged, and what to do.
    pub fn log(&self, journal: &Path) {
        let Some(first) = self.damage.first() else {
            if self.whole {
                tracing::info!("the store {} is sound: all of it was checked", journal.display());
            }
            return;
        };
        let more = match self.damage.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        tracing::error!("THE STORE {} IS DAMAGED: {first}{more}; {REMEDY}", journal.display());
    }
}

/// What to do about damage.
pub const REMEDY: &str = "stop the daemon, copy the store's folder aside, run `alarm-filter check-store`, and restore the \
                          last backup that is sound (docs/journal.md)";

/// Where the check's outcome goes.
pub struct Told {
    /// To the pages.
    pub shown: watch::Sender<Option<Arc<Soundness>>>,
    /// To those who watch.
    pub metrics: Arc<Metrics>,
}

impl Told {
    /// Tells everybody.
    pub fn tell(&self, found: Soundness, journal: &Path) {
        found.log(journal);
        self.metrics.checked(&found);
        self.shown.send_replace(Some(Arc::new(found)));
    }
}

/// Checks at once and then daily, until `stop`.
pub fn keep_checking(journal: &Path, open: &OpenHistory, told: &Told, stop: &AtomicBool, now: impl Fn() -> Timestamp) {
    while !stop.load(Ordering::Relaxed) {
        let pause = match check(open, stop, &now) {
            Ok(None) => return,
            Ok(Some(found)) => {
                told.tell(found, journal);
                AGAIN
            }
            Err(error) => {
                tracing::warn!("the store could not be checked, and will be again: {error}");
                SOON
            }
        };
        let begun = Instant::now();
        while begun.elapsed() < pause && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(LOOK);
        }
    }
}

/// One whole check; `None`: told to stop.
fn check(
    open: &OpenHistory,
    stop: &AtomicBool,
    now: impl Fn() -> Timestamp,
) -> Result<Option<Soundness>, crate::store::StoreError> {
    let found = open()?.check_slices(&mut || {
        std::thread::sleep(PAUSE);
        !stop.load(Ordering::Relaxed)
    })?;
    Ok(found.map(|findings| Soundness::of(findings, true, now())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::samples::batch;
    use crate::store::{History, OpenOptions, SqliteHistory, SqliteStore, Store};

    #[test]
    fn a_flipped_byte_in_an_old_record_is_found_and_told_everywhere() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let mut store = SqliteStore::open(&path, OpenOptions::default()).unwrap();
        store.append(&batch(1, 5000)).unwrap();
        drop(store);
        let mut bytes = std::fs::read(&path).unwrap();
        let word = b"CRITICAL - job 77 timed out";
        let at = bytes.windows(word.len()).position(|w| w == word).unwrap();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();

        let store = SqliteStore::open(&path, OpenOptions::default()).unwrap();
        assert_eq!(store.check_tail(TAIL).unwrap(), [], "a start does not look there");
        let (shown, seen) = watch::channel(None);
        let told = Told { shown, metrics: Arc::new(Metrics::new()) };
        let journal = path.clone();
        let open: OpenHistory = Arc::new(move || {
            SqliteHistory::open(&journal, OpenOptions::default()).map(|h| Box::new(h) as Box<dyn History>)
        });
        let stop = AtomicBool::new(false);
        let found = check(&open, &stop, || Timestamp(5)).unwrap().unwrap();
        told.tell(found, &path);
        let found = seen.borrow().clone().unwrap();
        assert_eq!((found.at, found.whole), (Timestamp(5), true));
        assert_eq!(found.damage, ["record 77 does not match its checksum"]);
        let view = crate::web::samples::view_with_secret(0);
        let text = told.metrics.text(&view, std::iter::empty(), Timestamp(9_000)).unwrap();
        assert!(text.contains("gridward_store_damage 1\n"), "{text}");

        stop.store(true, Ordering::Relaxed);
        assert_eq!(check(&open, &stop, || Timestamp(5)).unwrap(), None, "it ends when the daemon does");
    }
}
