//! Logs, snapshots and configurations of one monitor, put into one order of inputs: by file position within a log, and
//! by time between the files. A snapshot comes after all lines of its second.

use super::session::Session;
use crate::source::nagios_log::line::{self, Line, LineKind, StateLine};
use crate::source::nagios_log::observe::Observer;
use crate::source::nagios_status::blocks::BlockError;
use crate::source::nagios_status::objects::ObjectsCache;
use crate::source::nagios_status::record::CheckRecord;
use crate::source::nagios_status::status::{self, Record};
use crate::source::reconcile::{Differences, Reconciler};
use crate::source::text::Interner;
use alarm_core::input::{Input, Report, Text};
use alarm_core::objects::MonitorObjects;
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::time::{MINUTE, Millis, SECOND, Timestamp};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a recording consists of.
#[derive(Debug)]
pub struct Recording {
    monitor: Text,
    logs: Vec<PathBuf>,
    /// Oldest first, each with the monitor's local time at which it was written.
    objects: Vec<(Option<chrono::NaiveDateTime>, Arc<MonitorObjects>)>,
    /// Oldest first.
    snapshots: Vec<(Timestamp, PathBuf)>,
    unit: Option<Millis>,
    /// What was passed over or is remarkable, a line each.
    pub notes: Vec<String>,
}

/// A file of the recording that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A log.
    #[error("cannot read {}: {}", path.display(), crate::access::because(path, error, false))]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A status.dat or an objects.cache.
    #[error(transparent)]
    Blocks(#[from] BlockError),
}

impl Recording {
    /// Looks at the files: logs oldest first, configurations oldest first, snapshots in any order.
    ///
    /// A configuration or snapshot that is cut off or damaged is passed over, with a note: a recording is often copied
    /// while the monitor writes.
    ///
    /// # Errors
    /// A configuration or a snapshot cannot be read at all.
    pub fn open(
        monitor: &str,
        logs: &[PathBuf],
        objects: &[PathBuf],
        snapshots: &[PathBuf],
    ) -> Result<Self, Unreadable> {
        let mut names = Interner::default();
        let mut configurations = Vec::new();
        let mut notes = Vec::new();
        let pass_over = |e: BlockError| match e {
            BlockError::Io { .. } => Err(Unreadable::Blocks(e)),
            damaged => Ok(format!("{damaged}; it is passed over")),
        };
        for path in objects {
            let cache = match ObjectsCache::load(path, &mut names) {
                Ok(cache) => cache,
                Err(e) => {
                    notes.push(pass_over(e)?);
                    continue;
                }
            };
            notes.extend(cache.notes(path));
            let written =
                cache.created.as_deref().and_then(|t| crate::source::nagios_log::localtime::parse(t.as_bytes()));
            configurations.push((written, Arc::new(cache.objects)));
        }
        let mut ordered = Vec::new();
        let mut units = Vec::new();
        for path in snapshots {
            let visited = status::visit_file(path, |r| {
                if let Record::Service(r) = r
                    && units.len() < 10_000
                {
                    units.extend(unit(&r));
                }
            });
            match visited {
                Ok(summary) => ordered.push((summary.created, path.clone())),
                Err(e) => notes.push(pass_over(e)?),
            }
        }
        ordered.sort();
        units.sort_unstable();
        let unit = units.get(units.len() / 2).map(|u| minute_or_second(*u));
        let mut all_logs: Vec<PathBuf> = Vec::new();
        for log in logs {
            // The same file named twice is one file.
            if !all_logs.iter().any(|l| same_file(l, log)) {
                all_logs.push(log.clone());
            }
        }
        let unit = match (unit, configurations.last()) {
            (None, Some((_, objects))) => unit_of(&all_logs, objects)?,
            (unit, _) => unit,
        };
        let monitor = monitor.into();
        Ok(Recording { monitor, logs: all_logs, objects: configurations, snapshots: ordered, unit, notes })
    }

    /// The settings of the monitor, as far as the recording tells.
    pub fn settings(&self) -> MonitorSettings {
        MonitorSettings {
            has_status: !self.snapshots.is_empty(),
            interval_length: self.unit.unwrap_or(MINUTE),
            ..MonitorSettings::default()
        }
    }

    /// The monitor's distance from UTC at its first start in the logs, which holds for the lines before it as well.
    fn first_offset(&self) -> Result<Option<i32>, Unreadable> {
        let mut found = None;
        for path in &self.logs {
            for_each_line(path, |bytes| match line::parse(bytes) {
                Some(Line { kind: LineKind::LocalTime { utc_offset }, .. }) => {
                    found = Some(utc_offset);
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            })?;
            if found.is_some() {
                break;
            }
        }
        Ok(found)
    }

    /// Feeds all of it to a session; `each` is told of every input that is about to be fed. Gives back what was passed
    /// over, a line each.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn play(
        &self,
        session: &mut Session,
        settings: &Settings,
        mut each: impl FnMut(&Input, &Session),
    ) -> Result<Vec<String>, Unreadable> {
        let mut notes = Vec::new();
        let settings = settings.clone();
        let mut player =
            Player { recording: self, session, settings, current: None, started: None, next: 0, notes: Vec::new() };
        player.settings.monitors.insert(self.monitor.clone(), self.settings());
        player.session.settings(Timestamp::default(), player.settings.clone());
        if !self.objects.is_empty() {
            player.objects(Timestamp::default(), 0);
        }
        let mut observer = Observer::new(&self.monitor);
        let mut names = Interner::default();
        player.utc_offset(self.first_offset()?);
        for path in &self.logs {
            let before = observer.counts();
            let mut failed = None;
            for_each_line(path, |line| {
                let offset = observer.utc_offset();
                let Some(input) = observer.read(line) else {
                    if observer.utc_offset() != offset {
                        player.utc_offset(observer.utc_offset());
                    }
                    return ControlFlow::Continue(());
                };
                // Only now: the line of a start comes before the one that tells the local time.
                player.take_objects();
                let since = since(&input);
                if let Err(e) = player.snapshots_before(since, &mut names) {
                    failed = Some(e);
                    return ControlFlow::Break(());
                }
                each(&input, player.session);
                player.started = matches!(input, Input::MonitorStarted { .. }).then_some(since).or(player.started);
                let records = player.session.feed(since, input);
                player.session.engine.reuse(records);
                ControlFlow::Continue(())
            })?;
            if let Some(e) = failed {
                return Err(e);
            }
            let (lines, malformed) =
                (observer.counts().lines - before.lines, observer.counts().malformed - before.malformed);
            if lines == 0 {
                notes.push(format!("{}: it is empty; name the monitor's log if this is not it", path.display()));
            } else if malformed > 0 {
                let why = observer.last_malformed().unwrap_or_default();
                notes.push(passed_over(&path.display().to_string(), lines, malformed, why));
            }
        }
        player.take_objects();
        player.snapshots_before(Timestamp(i64::MAX), &mut names)?;
        notes.append(&mut player.notes);
        Ok(notes)
    }
}

/// That lines of a log were not understood.
pub(crate) fn passed_over(what: &str, lines: u64, malformed: u64, why: &str) -> String {
    let todo = if malformed == lines {
        "name the monitor's log instead"
    } else {
        "look at the file: a full disk or two writers leave such lines"
    };
    format!("{what}: {malformed} of {lines} lines are no lines of a Nagios log, the last one: {why}; {todo}")
}

struct Player<'a> {
    recording: &'a Recording,
    session: &'a mut Session,
    settings: Settings,
    /// The configuration in force.
    current: Option<usize>,
    /// The monitor started then, and it was not looked yet which configuration it read.
    started: Option<Timestamp>,
    /// The next snapshot.
    next: usize,
    /// What was passed over.
    notes: Vec<String>,
}

impl Player<'_> {
    fn objects(&mut self, at: Timestamp, i: usize) {
        if self.current != Some(i) {
            self.current = Some(i);
            self.session.objects(at, &self.recording.monitor, self.recording.objects[i].1.clone());
        }
    }

    /// After a start: the last configuration written until shortly after it is in force.
    #[inline]
    fn take_objects(&mut self) {
        if let Some(start) = self.started.take() {
            self.take_objects_of(start);
        }
    }

    fn take_objects_of(&mut self, start: Timestamp) {
        let offset = self.settings.monitors.get(&self.recording.monitor).map_or(0, |m| m.utc_offset);
        let fits = |t: &Option<chrono::NaiveDateTime>| {
            t.is_some_and(|t| t.and_utc().timestamp() - offset / SECOND <= start.secs() + 30)
        };
        let objects = &self.recording.objects;
        if let Some(i) = (0..objects.len()).rev().find(|i| fits(&objects[*i].0)) {
            self.objects(start, i);
        }
    }

    fn utc_offset(&mut self, offset: Option<i32>) {
        let millis = i64::from(offset.unwrap_or(0)) * SECOND;
        if let Some(monitor) = self.settings.monitors.get_mut(&self.recording.monitor)
            && monitor.utc_offset != millis
        {
            monitor.utc_offset = millis;
            let at = self.session.engine.world().at;
            self.session.settings(at, self.settings.clone());
        }
    }

    #[inline]
    fn snapshots_before(&mut self, since: Timestamp, names: &mut Interner) -> Result<(), Unreadable> {
        if self.next < self.recording.snapshots.len() { self.take_snapshots_before(since, names) } else { Ok(()) }
    }

    fn take_snapshots_before(&mut self, since: Timestamp, names: &mut Interner) -> Result<(), Unreadable> {
        while let Some((created, path)) = self.recording.snapshots.get(self.next).filter(|s| s.0 < since) {
            self.next += 1;
            let mut reconciler = Reconciler::new(self.session.engine.world(), &self.recording.monitor, *created);
            let summary = status::visit_file(path, |r| reconciler.take(&r, names))?;
            if summary.created != *created {
                // It would come before lines of the log that it knows already.
                let what = "was written anew while it was read: it is passed over; take a copy of it";
                self.notes.push(format!("{}: {what}", path.display()));
                continue;
            }
            let Differences { observations, .. } = reconciler.finish(&summary);
            for observation in observations {
                self.session.feed(*created, Input::Observation(observation));
            }
        }
        Ok(())
    }
}

/// When an input happened, by the monitor's clock.
fn since(input: &Input) -> Timestamp {
    match input {
        Input::Observation(o) => o.since,
        Input::MonitorStarted { since, .. } | Input::MonitorStopped { since, .. } => *since,
        _ => Timestamp::default(),
    }
}

/// How long a unit of time is in the monitor, as the schedule of one service shows it.
fn unit(r: &CheckRecord<'_>) -> Option<Millis> {
    let planned = r.next_check.checked_sub(r.last_check).filter(|d| *d > 0)?;
    let regular = r.has_been_checked && r.last_check > 0 && (r.hard || !r.state.is_problem());
    (regular && r.check_interval_milli > 0).then(|| planned.saturating_mul(SECOND * 1000) / r.check_interval_milli)
}

/// The same, as the retries of failing services show it in the logs; `None` when there are too few.
fn unit_of(logs: &[PathBuf], objects: &MonitorObjects) -> Result<Option<Millis>, Unreadable> {
    const ENOUGH: usize = 200;
    let mut last: HashMap<Vec<u8>, (u32, i64)> = HashMap::new();
    let mut units = Vec::new();
    for path in logs {
        for_each_line(path, |bytes| {
            let Some(Line {
                at,
                kind: LineKind::State(StateLine { object, report: Report::Alert, hard, attempt, .. }),
            }) = line::parse(bytes)
            else {
                return ControlFlow::Continue(());
            };
            let Some(service) = object.service else { return ControlFlow::Continue(()) };
            let name = [object.host, b";", service].concat();
            if hard {
                last.remove(&name);
                return ControlFlow::Continue(());
            }
            let before = last.insert(name, (attempt, at));
            let names = (std::str::from_utf8(object.host), std::str::from_utf8(service));
            if let (Some((n, then)), (Ok(host), Ok(service))) = (before, names)
                && n + 1 == attempt
                && let Some(rules) = objects.service(host, service).and_then(|o| objects.rules_of(o.rules))
                && rules.retry_interval_milli > 0
            {
                units.push((at - then).saturating_mul(SECOND * 1000) / rules.retry_interval_milli);
            }
            if units.len() < ENOUGH { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if units.len() >= ENOUGH {
            break;
        }
    }
    units.sort_unstable();
    Ok((units.len() >= 5).then(|| minute_or_second(units[units.len() / 2])))
}

/// Units between a second and a minute are not to be met.
fn minute_or_second(unit: Millis) -> Millis {
    if unit > 30 * SECOND { MINUTE } else { SECOND }
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Hands out the lines of a file, without their ends, until `each` wants no more.
fn for_each_line(path: &Path, mut each: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), Unreadable> {
    let unreadable = |error| Unreadable::Log { path: path.to_owned(), error };
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
    // The begin of a line that lies across the end of the buffer.
    let mut begun = Vec::new();
    loop {
        let buffer = reader.fill_buf().map_err(unreadable)?;
        if buffer.is_empty() {
            if !begun.is_empty() {
                let _ = each(&begun);
            }
            return Ok(());
        }
        let (wants_more, taken) = match memchr::memchr(b'\n', buffer) {
            Some(end) if begun.is_empty() => (each(&buffer[..end]), end + 1),
            Some(end) => {
                begun.extend_from_slice(&buffer[..end]);
                let wants_more = each(&begun);
                begun.clear();
                (wants_more, end + 1)
            }
            None => {
                begun.extend_from_slice(buffer);
                (ControlFlow::Continue(()), buffer.len())
            }
        };
        if wants_more.is_break() {
            return Ok(());
        }
        reader.consume(taken);
    }
}

#[cfg(test)]
#[path = "recording_tests.rs"]
mod tests;
