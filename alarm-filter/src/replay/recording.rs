//! Logs, snapshots and configurations of one monitor, put into one order of inputs.

use super::session::Session;
use crate::source::nagios_log::observe::Observer;
use alarm_core::input::{Input, Text};
use alarm_core::objects::MonitorObjects;
use alarm_core::time::Timestamp;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a recording consists of.
#[derive(Debug, Default)]
pub struct Recording {
    /// nagios.log files, oldest first.
    pub logs: Vec<PathBuf>,
    /// Configurations, oldest first, each with the local time at which it was written, if it says so.
    pub objects: Vec<(Option<chrono::NaiveDateTime>, Arc<MonitorObjects>)>,
}

/// A file of the recording that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {error}; check the path and that this user may read it", path.display())]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub error: std::io::Error,
}

impl Recording {
    /// Feeds all of it to a session, as the monitor of that name.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn play(&self, monitor: &Text, session: &mut Session) -> Result<(), Unreadable> {
        let mut observer = Observer::new(monitor);
        let mut current = None;
        if let Some((_, objects)) = self.objects.first() {
            session.objects(Timestamp::default(), monitor, objects.clone());
            current = Some(0);
        }
        for path in &self.logs {
            for_each_line(path, |line| {
                let Some(input) = observer.read(line) else { return };
                let since = match &input {
                    Input::Observation(o) => o.since,
                    Input::MonitorStarted { since, .. } | Input::MonitorStopped { since, .. } => *since,
                    _ => return,
                };
                let started = matches!(input, Input::MonitorStarted { .. });
                session.feed(since, input);
                if started
                    && let Some(i) = self.objects_at(since, observer.utc_offset()).filter(|i| current != Some(*i))
                {
                    session.objects(since, monitor, self.objects[i].1.clone());
                    current = Some(i);
                }
            })?;
        }
        Ok(())
    }

    /// The configuration that was in force after a start: the last one written until shortly after it.
    fn objects_at(&self, start: Timestamp, utc_offset: Option<i32>) -> Option<usize> {
        let offset = i64::from(utc_offset.unwrap_or(0));
        let written = |t: &Option<chrono::NaiveDateTime>| t.map(|t| t.and_utc().timestamp() - offset);
        let fits = |t: &Option<chrono::NaiveDateTime>| written(t).is_some_and(|t| t <= start.secs() + 30);
        (0..self.objects.len()).rev().find(|i| fits(&self.objects[*i].0))
    }
}

fn for_each_line(path: &Path, mut each: impl FnMut(&[u8])) -> Result<(), Unreadable> {
    let unreadable = |error| Unreadable { path: path.to_owned(), error };
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            return Ok(());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        each(&line);
    }
}
