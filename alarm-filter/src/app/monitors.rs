//! The thread that keeps one source running for every monitor of the configuration in force: it starts those that are
//! new, ends those that are gone, begins anew where the files are others, and tries again where they cannot be found yet.
//! A monitor that cannot be read stands on the page with the reason; the others go on.

use super::papers::Papers;
use crate::config::{CatchUp, MonitorFiles as Places, MonitorSection};
use crate::keeper::news::News;
use crate::source::nagios_log::cursor::Cursor;
use crate::source::nagios_log::tail::{Begin, TailOptions};
use crate::source::run::{MonitorFiles, Shared};
use crate::store::sqlite::unfit_filesystem;
use alarm_core::input::{Input, SourceHealth, SourceState, Text};
use alarm_core::time::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the thread looks whether the configuration is another one, or whether to stop.
const LOOK: Duration = Duration::from_millis(200);
/// How often it looks again for what could not be found.
const AGAIN: Duration = Duration::from_secs(2);

/// Starts it. `cursors` are those of the store; `known` are all monitors that anything was ever heard of.
pub(super) fn start(
    papers: &Papers,
    cursors: &[(String, String)],
    known: BTreeSet<Text>,
    shared: &Shared,
) -> Result<JoinHandle<()>, String> {
    let cursor =
        |(name, json): &(String, String)| Some((name.strip_prefix("log/")?.into(), serde_json::from_str(json).ok()?));
    let mut monitors = Monitors {
        papers: papers.clone(),
        shared: shared.clone(),
        running: BTreeMap::new(),
        cursors: cursors.iter().filter_map(cursor).collect(),
        troubled: BTreeMap::new(),
        known,
    };
    super::thread("monitors", move || {
        // An end before it was told to stop means that the keeper is gone.
        let _gone = monitors.keep();
        monitors.end();
    })
}

/// What a source is started with; another one begins anew.
#[derive(Clone, PartialEq)]
struct Wanted {
    places: Places,
    silent_after: Millis,
    inotify: Option<bool>,
}

struct Running {
    wanted: Wanted,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Option<Cursor>>,
}

/// The keeper is gone.
struct Gone;

struct Monitors {
    papers: Papers,
    shared: Shared,
    running: BTreeMap<Text, Running>,
    /// How far each monitor was read that is not being read now.
    cursors: BTreeMap<Text, Cursor>,
    /// Why each of those that cannot be started is not.
    troubled: BTreeMap<Text, String>,
    /// Monitors that are shown as being read, or handing in, until something else is said of them.
    known: BTreeSet<Text>,
}

impl Monitors {
    fn keep(&mut self) -> Result<(), Gone> {
        let mut last = None;
        let mut looked = Instant::now();
        while !self.shared.stop.load(Ordering::Relaxed) {
            let generation = self.papers.generation();
            let again = !self.troubled.is_empty() && looked.elapsed() >= AGAIN;
            if last != Some(generation) || again {
                last = Some(generation);
                looked = Instant::now();
                self.arrange()?;
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Makes what runs what the configuration wants.
    fn arrange(&mut self) -> Result<(), Gone> {
        let config = self.papers.config();
        let sections: BTreeMap<Text, &MonitorSection> =
            config.monitors.iter().map(|m| (m.name.get_ref().as_str().into(), m)).collect();
        let posting: BTreeSet<Text> = config.http.sources.iter().map(|s| s.get_ref().as_str().into()).collect();
        let gone = |name: &Text| !sections.contains_key(name) && !posting.contains(name);
        let ended: Vec<Text> = self.known.iter().filter(|name| gone(name)).cloned().collect();
        for name in ended {
            self.stop(&name);
            self.troubled.remove(&name);
            self.known.remove(&name);
            tracing::info!(monitor = %name, "no longer in the configuration");
            let detail = "it is no longer in the configuration; its alarms stand as it saw them last";
            self.tell(&name, SourceHealth::Stopped, detail)?;
        }
        self.known.extend(posting);
        for (name, section) in sections {
            self.known.insert(name.clone());
            match wanted(section) {
                Ok(wanted) => self.run(&name, section, wanted, config.topology.is_none())?,
                Err(why) if self.troubled.get(&name) == Some(&why) => {}
                Err(why) => {
                    tracing::error!(monitor = %name, "{why}");
                    if !self.running.contains_key(&name) {
                        self.tell(&name, SourceHealth::Silent, &why)?;
                    }
                    self.troubled.insert(name, why);
                }
            }
        }
        Ok(())
    }

    fn run(&mut self, name: &Text, section: &MonitorSection, wanted: Wanted, sites_needed: bool) -> Result<(), Gone> {
        if self.troubled.remove(name).is_some() {
            // Its nagios.cfg says things that the rules go by.
            self.papers.tell_settings();
        }
        if self.running.get(name).is_some_and(|r| r.wanted == wanted && !r.thread.is_finished()) {
            return Ok(());
        }
        if self.stop(name) {
            tracing::info!(monitor = %name, "its files are read anew as configured");
        }
        let Some(files) = files(name, section, &wanted, sites_needed) else { return Ok(()) };
        let cursor = self.cursors.get(name).cloned();
        let stop = Arc::new(AtomicBool::new(false));
        let shared = Shared { stop: stop.clone(), ..self.shared.clone() };
        match super::thread(&format!("source {name}"), move || crate::source::run::run(files, cursor, shared)) {
            Ok(thread) => {
                self.running.insert(name.clone(), Running { wanted, stop, thread });
                Ok(())
            }
            Err(why) => {
                tracing::error!(monitor = %name, "{why}");
                self.tell(name, SourceHealth::Silent, &why)?;
                self.troubled.insert(name.clone(), why);
                Ok(())
            }
        }
    }

    /// Ends a source and keeps how far it read; whether there was one.
    fn stop(&mut self, name: &Text) -> bool {
        let Some(running) = self.running.remove(name) else { return false };
        running.stop.store(true, Ordering::Relaxed);
        // One that panicked has said so itself; it is read again from where it began.
        if let Ok(Some(cursor)) = running.thread.join() {
            self.cursors.insert(name.clone(), cursor);
        }
        true
    }

    fn end(&mut self) {
        // All of them stop at the same time.
        self.running.values().for_each(|r| r.stop.store(true, Ordering::Relaxed));
        let names: Vec<Text> = self.running.keys().cloned().collect();
        for name in names {
            self.stop(&name);
        }
    }

    fn tell(&self, name: &Text, health: SourceHealth, detail: &str) -> Result<(), Gone> {
        let state = SourceState { source: name.clone(), health, since: super::now(), detail: detail.into() };
        // Nobody waits for it to be read up to now.
        let (inputs, cursor, caught_up) = (vec![Input::SourceState(state)], None, true);
        self.shared
            .news
            .blocking_send(News::Inputs { monitor: name.clone(), inputs, cursor, caught_up, place: None })
            .map_err(|_| Gone)
    }
}

fn wanted(section: &MonitorSection) -> Result<Wanted, String> {
    let mut places = section.files().map_err(|e| e.to_string())?;
    if places.log.is_none() {
        let name = section.name.get_ref();
        return Err(format!(
            "the monitor {name} has no log: its nagios.cfg names no log_file; write log = \"…\" into its section"
        ));
    }
    places.cfg = None;
    Ok(Wanted { places, silent_after: section.silent_after.0, inotify: section.inotify })
}

/// Where a monitor's files are, and how they are read.
fn files(name: &Text, section: &MonitorSection, wanted: &Wanted, sites_needed: bool) -> Option<MonitorFiles> {
    let log = wanted.places.log.clone()?;
    let now = super::now();
    let begin = match section.catch_up {
        CatchUp::All => Begin::From(0),
        CatchUp::None => Begin::From(now.secs()),
        CatchUp::Last(length) => Begin::From(now.plus(-length.0).secs()),
    };
    let inotify = wanted.inotify.unwrap_or_else(|| {
        let remote = log.parent().and_then(|folder| unfit_filesystem(folder).ok().flatten());
        if let Some(remote) = &remote {
            tracing::info!(monitor = %name, "{} lies on {remote}: it is looked at twice a second", log.display());
        }
        remote.is_none()
    });
    let archives = wanted.places.archive_dir.clone().into_iter().collect();
    Some(MonitorFiles {
        name: name.clone(),
        log: TailOptions { archives, begin, inotify, ..TailOptions::new(log) },
        status: wanted.places.status.clone(),
        objects: wanted.places.objects.clone(),
        silent_after: wanted.silent_after,
        sites_needed,
    })
}
