//! Profiles and settings as documents: at the start, at a reload, and when a monitor's distance from UTC becomes known.
//! When the new configuration is wrong the old one stays in force, and the log says what is wrong.

use crate::config::Config;
use crate::keeper::documents::Paper;
use crate::keeper::news::News;
use crate::metrics::Metrics;
use crate::topology::gocdb::Method;
use crate::web::WebConfig;
use alarm_core::document::Document;
use alarm_core::input::Text;
use alarm_core::profile::Profiles;
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::time::{MINUTE, Millis};
use alarm_core::world::World;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::{mpsc, watch};

/// Shared by all who need the configuration in force; cheap to clone.
#[derive(Clone)]
pub(super) struct Papers {
    inner: Arc<Mutex<Inner>>,
    news: mpsc::Sender<News>,
    web: Arc<watch::Sender<Arc<WebConfig>>>,
    metrics: Arc<Metrics>,
    generation: Arc<AtomicU64>,
}

struct Inner {
    config: Config,
    profiles: Arc<Profiles>,
    /// Of each monitor, in milliseconds.
    offsets: BTreeMap<Text, Millis>,
    stamps: BTreeMap<PathBuf, Option<SystemTime>>,
}

impl Papers {
    /// Reads the profiles; the distances from UTC are those of the last run until the logs say others.
    pub(super) fn load(
        config: Config,
        world: &World,
        news: mpsc::Sender<News>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, String> {
        let profiles = Arc::new(config.profiles.load().map_err(|lines| lines.join("\n"))?);
        let offsets = world.settings.monitors.iter().map(|(name, m)| (name.clone(), m.utc_offset)).collect();
        let (web, _) = watch::channel(Arc::new(web_config(&config)));
        let stamps = stamps(&config);
        let inner = Arc::new(Mutex::new(Inner { config, profiles, offsets, stamps }));
        metrics.configuration(true);
        Ok(Papers { inner, news, web: Arc::new(web), metrics, generation: Arc::default() })
    }

    /// What is put in force before anything else.
    pub(super) fn first(&self) -> Vec<News> {
        self.lock().papers().into_iter().map(|paper| News::Paper { about: Text::from(""), paper }).collect()
    }

    /// Another number after every reload that was taken.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// A monitor's own configuration could be read at last, or is another one.
    pub(super) fn tell_settings(&self) {
        let paper = self.lock().settings();
        // When the keeper is gone there is nobody left to tell.
        let _ = self.news.blocking_send(News::Paper { about: Text::from(""), paper });
    }

    /// The settings in force.
    pub(super) fn settings(&self) -> Settings {
        self.lock().settings_in_force()
    }

    pub(super) fn config(&self) -> Config {
        self.lock().config.clone()
    }

    pub(super) fn web(&self) -> watch::Receiver<Arc<WebConfig>> {
        self.web.subscribe()
    }

    /// A monitor's log said how far its local time is from UTC.
    pub(super) fn utc_offset(&self, monitor: &Text, millis: Millis) {
        let mut inner = self.lock();
        if inner.offsets.insert(monitor.clone(), millis) == Some(millis) {
            return;
        }
        drop(inner);
        self.tell_settings();
    }

    /// Whether a file of the configuration was written since it was read.
    pub(super) fn changed(&self) -> bool {
        let mut inner = self.lock();
        let now = stamps(&inner.config);
        let changed = now != inner.stamps;
        inner.stamps = now;
        changed
    }

    /// Reads everything anew.
    pub(super) async fn reload(&self, why: &str) {
        let path = self.lock().config.path.clone();
        let read = Config::load(&path).map_err(|e| e.to_string());
        let read = read.and_then(|c| c.profiles.load().map(|p| (c, p)).map_err(|lines| lines.join("\n")));
        let papers = match read {
            Err(error) => {
                tracing::error!("{why}: the new configuration is wrong, the old one stays in force: {error}");
                self.metrics.configuration(false);
                let wrong = Some((super::now(), error));
                self.web.send_modify(|web| Arc::make_mut(web).wrong = wrong);
                return;
            }
            Ok((config, profiles)) => {
                let mut inner = self.lock();
                for what in fixed(&inner.config, &config) {
                    tracing::warn!("{why}: {what} takes effect at the next start");
                }
                inner.stamps = stamps(&config);
                // What cannot change while running stays as it is.
                let (store, listen, journal) =
                    (inner.config.store.clone(), inner.config.listen.clone(), inner.config.journal.clone());
                inner.config = Config { store, listen, journal, ..config };
                inner.profiles = Arc::new(profiles);
                self.web.send_replace(Arc::new(web_config(&inner.config)));
                inner.papers()
            }
        };
        for paper in papers {
            let _ = self.news.send(News::Paper { about: Text::from(""), paper }).await;
        }
        // Sources are arranged once the settings that they go by are on their way.
        self.generation.fetch_add(1, Ordering::Release);
        self.metrics.configuration(true);
        tracing::info!("{why}: the configuration was read anew");
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn papers(&self) -> Vec<Paper> {
        let profiles = Paper::new("profiles", &*self.profiles, Document::Profiles(self.profiles.clone()));
        vec![self.settings(), profiles]
    }

    fn settings(&self) -> Paper {
        let settings = Arc::new(self.settings_in_force());
        Paper::new("settings", &*settings, Document::Settings(settings.clone()))
    }

    fn settings_in_force(&self) -> Settings {
        self.config.settings(|section| {
            let files = section.files().ok();
            let notifications = files.as_ref().and_then(|f| f.cfg.as_ref()).is_none_or(|c| c.log_notifications);
            MonitorSettings {
                interval_length: files.as_ref().map_or(MINUTE, |f| f.interval_length),
                has_status: files.as_ref().is_some_and(|f| f.status.is_some()),
                has_notifications: notifications,
                utc_offset: self.offsets.get(section.name.get_ref().as_str()).copied().unwrap_or(0),
                ..MonitorSettings::default()
            }
        })
    }
}

fn web_config(config: &Config) -> WebConfig {
    WebConfig {
        title: "Gridward".to_owned(),
        operators: config.web.operators(),
        allowed_hosts: config.web.allowed_hosts.iter().map(|h| h.get_ref().to_ascii_lowercase()).collect(),
        http_sources: config.http.sources.iter().map(|s| s.get_ref().as_str().into()).collect(),
        published: config.topology.as_ref().map(|t| t.published.clone()).unwrap_or_default(),
        ..WebConfig::default()
    }
}

/// What differs and cannot change while running.
fn fixed(old: &Config, new: &Config) -> Vec<&'static str> {
    let mut all = Vec::new();
    if old.store != new.store {
        all.push("another store");
    }
    if old.journal.keep() != new.journal.keep() {
        all.push("another time to keep the journal for");
    }
    if old.listen != new.listen {
        all.push("another listen address");
    }
    all
}

fn stamps(config: &Config) -> BTreeMap<PathBuf, Option<SystemTime>> {
    let mut files = vec![config.path.clone()];
    if let Some(topology) = &config.topology {
        // A renewed certificate is taken without being told.
        let sources = Method::ALL.into_iter().filter_map(|method| topology.effective(method));
        files.extend(sources.flat_map(|s| [s.certificate, s.key, s.ca]).flatten());
    }
    files.extend(config.monitors.iter().filter_map(|m| m.nagios_cfg.clone()));
    files.extend(config.profiles.files.iter().cloned());
    if config.profiles.files.is_empty()
        && let Ok(entries) = std::fs::read_dir(&config.profiles.folder)
    {
        files.extend(entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "toml")));
    }
    files.into_iter().map(|f| (f.clone(), std::fs::metadata(&f).and_then(|m| m.modified()).ok())).collect()
}
