//! The thread of one monitor: reads its log, looks at its status.dat and objects.cache, and hands all of it to the
//! keeper in order. It also says how the source does: fresh, silent, stopped, or with a gap.

use super::nagios_log::batch::Notice;
use super::nagios_log::cursor::Cursor;
use super::nagios_log::observe::Observer;
use super::nagios_log::tail::{LogReader, TailOptions};
use super::nagios_status::blocks::BlockError;
use super::nagios_status::objects::{ObjectsCache, others};
use super::room::Room;
use super::text::Interner;
use crate::keeper::documents::Paper;
use crate::keeper::news::{News, StatusFile};
use crate::metrics::Metrics;
use alarm_core::document::Document;
use alarm_core::input::{Input, SourceHealth, SourceState, Text};
use alarm_core::time::{Millis, SECOND, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// How much of the log is handed over at a time, in bytes.
const PIECE: usize = 256 * 1024;
/// How many pieces may wait to be dealt with.
const AHEAD: usize = 4;
/// How often the files beside the log are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// One monitor that writes files.
#[derive(Clone, Debug)]
pub struct MonitorFiles {
    /// Its name.
    pub name: Text,
    /// The log.
    pub log: TailOptions,
    /// status.dat.
    pub status: Option<PathBuf>,
    /// objects.cache.
    pub objects: Option<PathBuf>,
    /// Nothing new for so long means silent, in milliseconds.
    pub silent_after: Millis,
    /// Nothing else says at which site a host is: services without one are told of.
    pub sites_needed: bool,
}

/// Told a monitor and its distance from UTC in milliseconds.
pub type TellOffset = Arc<dyn Fn(&Text, Millis) + Send + Sync>;

/// What the thread shares with the rest.
#[derive(Clone)]
pub struct Shared {
    /// The way to the keeper.
    pub news: mpsc::Sender<News>,
    /// Stop.
    pub stop: Arc<AtomicBool>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Told when the distance of the monitor's local time from UTC is known.
    pub utc_offset: TellOffset,
}

/// The keeper is gone.
struct Gone;

/// Runs until told to stop; gives back how far it read.
pub fn run(files: MonitorFiles, cursor: Option<Cursor>, shared: Shared) -> Option<Cursor> {
    let reader = LogReader::new(files.log.clone(), cursor.clone());
    let mut source = Source {
        observer: Observer::new(&files.name),
        cursor,
        files,
        shared,
        status: Seen::default(),
        objects: Seen::default(),
        heard: now(),
        stopped: false,
        health: None,
        trouble: None,
        gap: None,
        utc_offset: None,
        room: Room::new(AHEAD),
        tell_malformed: 1,
    };
    // An end here means that the keeper is gone, or that it is time to stop, and with it the reason to read.
    let _gone = source.read(reader);
    source.cursor
}

/// A file as it was last seen.
#[derive(Default)]
struct Seen {
    stamp: Option<(i64, i64, u64, u64)>,
    gone: bool,
}

struct Source {
    files: MonitorFiles,
    shared: Shared,
    observer: Observer,
    status: Seen,
    objects: Seen,
    /// Behind the last line that was handed over.
    cursor: Option<Cursor>,
    heard: Timestamp,
    stopped: bool,
    health: Option<(SourceHealth, Text)>,
    /// Why the log cannot be read.
    trouble: Option<String>,
    /// What was lost, told once.
    gap: Option<String>,
    utc_offset: Option<i32>,
    room: Room,
    /// How many lines that nothing could be made of will be told of next.
    tell_malformed: u64,
}

impl Source {
    fn read(&mut self, mut reader: LogReader) -> Result<(), Gone> {
        self.objects()?;
        let mut caught_up = false;
        while !self.shared.stop.load(Ordering::Relaxed) {
            let at_end = self.piece(&mut reader)?;
            if at_end {
                if !caught_up {
                    // Whoever waits for the past to be read is told, even if there was nothing in it.
                    self.inputs(Vec::new(), None, true)?;
                    caught_up = true;
                }
                self.objects()?;
                self.snapshot(&mut reader)?;
                self.health()?;
                reader.wait(LOOK_EVERY);
            }
        }
        Ok(())
    }

    /// Reads and hands over a piece of the log; whether that was all for now.
    fn piece(&mut self, reader: &mut LogReader) -> Result<bool, Gone> {
        let mut inputs = Vec::new();
        let (cursor, at_end, lines) = match reader.next_batch(PIECE) {
            Ok(batch) => {
                self.trouble = None;
                for notice in batch.notices {
                    match notice {
                        Notice::Rotated { .. } => tracing::info!(monitor = %self.files.name, "{notice}"),
                        _ => tracing::warn!(monitor = %self.files.name, "{notice}"),
                    }
                    match notice {
                        Notice::Gap { .. } | Notice::Truncated { copy: None, .. } => {
                            self.gap = Some(notice.to_string())
                        }
                        Notice::Missing { .. } => self.trouble = Some(notice.to_string()),
                        _ => {}
                    }
                }
                let mut lines = 0;
                for line in batch.lines() {
                    lines += 1;
                    inputs.extend(self.observer.read(line.bytes));
                }
                (batch.end(), batch.at_end, lines)
            }
            Err(error) => {
                if self.trouble.is_none() {
                    tracing::error!(monitor = %self.files.name, "{error}");
                }
                self.trouble = Some(error.to_string());
                (None, true, 0)
            }
        };
        if lines > 0 {
            self.shared.metrics.read_lines(&self.files.name, lines);
            self.heard();
            self.malformed();
        }
        let Some(cursor) = cursor else { return Ok(at_end) };
        let restarted = inputs.iter().any(|i| matches!(i, Input::MonitorStarted { .. }));
        match inputs.iter().rev().find_map(stops) {
            Some(stopped) => self.stopped = stopped,
            None if !inputs.is_empty() => self.stopped = false,
            None => {}
        }
        if self.observer.utc_offset() != self.utc_offset {
            self.utc_offset = self.observer.utc_offset();
            let millis = i64::from(self.utc_offset.unwrap_or(0)) * SECOND;
            (self.shared.utc_offset)(&self.files.name, millis);
        }
        if restarted && at_end {
            // The configuration that goes with a start is there before its first results.
            self.objects()?;
        }
        let json = serde_json::to_string(&cursor).ok();
        self.inputs(inputs, json, at_end)?;
        self.cursor = Some(cursor);
        Ok(at_end)
    }

    /// Counts the lines that nothing could be made of, and tells of the first one, the tenth, the hundredth …
    fn malformed(&mut self) {
        let counts = self.observer.counts();
        self.shared.metrics.not_understood(&self.files.name, counts.malformed, counts.unexpanded);
        if counts.malformed >= self.tell_malformed {
            while counts.malformed >= self.tell_malformed {
                self.tell_malformed = self.tell_malformed.saturating_mul(10);
            }
            let why = self.observer.last_malformed().unwrap_or_default();
            let what = self.files.log.log.display().to_string();
            let line = crate::replay::recording::passed_over(&what, counts.lines, counts.malformed, why);
            tracing::warn!(monitor = %self.files.name, "{line}");
        }
    }

    fn objects(&mut self) -> Result<(), Gone> {
        let Some(path) = self.files.objects.clone() else { return Ok(()) };
        if !self.objects.changed(&path) {
            return Ok(());
        }
        match ObjectsCache::load(&path, &mut Interner::default()) {
            Ok(cache) => {
                for note in cache.notes(&path) {
                    tracing::warn!(monitor = %self.files.name, "{note}");
                }
                if let Some(note) = cache.without_site().filter(|_| self.files.sites_needed).map(|(first, count)| {
                    let more = others(count);
                    format!(
                        "{}: the service {first}{more}: no site; set _site_name on host or service, or configure [topology]",
                        path.display()
                    )
                }) {
                    tracing::warn!(monitor = %self.files.name, "{note}");
                }
                let objects = Arc::new(cache.objects);
                let paper = Paper::new("objects", &*objects, Document::Objects(objects.clone()));
                self.send(News::Paper { about: self.name(), paper })
            }
            Err(error) => {
                // Half-written, most likely: it is looked at again when it changes.
                tracing::warn!(monitor = %self.files.name, "{error}");
                Ok(())
            }
        }
    }

    fn snapshot(&mut self, reader: &mut LogReader) -> Result<(), Gone> {
        let Some(path) = self.files.status.clone() else { return Ok(()) };
        if !self.status.changed(&path) {
            return Ok(());
        }
        // Opened first: another one may stand in its place by the time that it is read. Then what the log said before it was
        // written, which comes before it.
        let file = match crate::access::open(&path) {
            Ok(file) => StatusFile { path, file },
            Err(source) => {
                // Just removed, most likely: it is looked at again when it is there.
                tracing::warn!(monitor = %self.files.name, "{}", BlockError::Io { path, source });
                return Ok(());
            }
        };
        while !self.piece(reader)? {}
        self.heard();
        self.stopped = false;
        self.send(News::Snapshot { monitor: self.name(), file })
    }

    fn health(&mut self) -> Result<(), Gone> {
        let quiet = now().since(self.heard);
        let state = if self.stopped && (self.status.gone || self.files.status.is_none()) {
            (SourceHealth::Stopped, format!("{} was stopped on purpose; start it to see news", self.files.name))
        } else if let Some(trouble) = &self.trouble {
            (SourceHealth::Silent, trouble.clone())
        } else if quiet > self.files.silent_after {
            let minutes = quiet / (60 * SECOND);
            (SourceHealth::Silent, format!("nothing new for {minutes} min; see whether {} runs", self.files.name))
        } else if let Some(gap) = self.gap.take() {
            (SourceHealth::Gap, gap)
        } else if matches!(&self.health, Some((SourceHealth::Gap, _))) && self.files.status.is_none() {
            return Ok(());
        } else {
            (SourceHealth::Fresh, String::new())
        };
        let state: (SourceHealth, Text) = (state.0, state.1.into());
        // Minutes pass; the news is that it is silent.
        let same =
            self.health.as_ref().is_some_and(|h| h.0 == state.0 && (h.0 == SourceHealth::Silent || h.1 == state.1));
        if same {
            return Ok(());
        }
        self.health = Some(state.clone());
        let input =
            Input::SourceState(SourceState { source: self.name(), health: state.0, since: now(), detail: state.1 });
        self.inputs(vec![input], None, true)
    }

    fn heard(&mut self) {
        self.heard = now();
        self.shared.metrics.heard(&self.files.name, self.heard);
    }

    fn name(&self) -> Text {
        self.files.name.clone()
    }

    fn inputs(&self, inputs: Vec<Input>, cursor: Option<String>, caught_up: bool) -> Result<(), Gone> {
        let place = self.room.take(&|| self.shared.stop.load(Ordering::Relaxed));
        if place.is_none() {
            return Err(Gone);
        }
        self.send(News::Inputs { monitor: self.name(), inputs, cursor, caught_up, place })
    }

    fn send(&self, news: News) -> Result<(), Gone> {
        self.shared.news.blocking_send(news).map_err(|_| Gone)
    }
}

impl Seen {
    /// Whether the file is another one, or was written, since it was last asked for.
    fn changed(&mut self, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        // The time of change, not of writing: rights that were mended are news too.
        let stamp = std::fs::metadata(path).ok().map(|m| (m.ctime(), m.ctime_nsec(), m.ino(), m.len()));
        self.gone = stamp.is_none();
        if stamp.is_none() || stamp == self.stamp {
            return false;
        }
        self.stamp = stamp;
        true
    }
}

/// Whether an input says that the monitor stopped (`Some(true)`) or runs (`Some(false)`).
fn stops(input: &Input) -> Option<bool> {
    match input {
        Input::MonitorStopped { .. } => Some(true),
        Input::MonitorStarted { .. } | Input::Observation(_) => Some(false),
        _ => None,
    }
}

/// The system's time. It only measures silence here; what is decided goes by the keeper's clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
