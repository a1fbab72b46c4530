//! Wiring and ordered shutdown, nothing else. Start with [`run`]: it opens the store, restores the engine, starts the
//! keeper, the sources and the web side, and ends them in the order in which they need each other.
//!
//! [`monitors`] keeps a source running for each monitor; [`papers`] are profiles and settings as documents, and their reload; [`topology`] is the thread that asks GOCDB.
mod monitors;
mod papers;
mod topology;

use crate::clock::Clock;
use crate::config::Config;
use crate::intake::{self, Intake};
use crate::keeper::restore::restore_all;
use crate::keeper::{Ends, Keeper};
use crate::metrics::Metrics;
use crate::soundness::{self, Soundness, TAIL, Told};
use crate::source::run::Shared;
use crate::store::{OpenOptions, SqliteHistory, SqliteStore, Store};
use crate::view::View;
use crate::web::{self, WebState};
use crate::web::{OpenHistory, Readers};
use alarm_core::input::Text;
use alarm_core::settings::Settings;
use alarm_core::time::Timestamp;
use papers::Papers;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How many pieces of news may wait for the keeper; then the sources wait.
const NEWS: usize = 8;
/// How often configuration and profiles are looked at for changes.
const LOOK: Duration = Duration::from_secs(2);
/// How long requests that are under way at the end may take.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// One line: it cannot start, or cannot go on.
pub fn run(config: Config) -> Result<(), String> {
    run_sources(config, None, |_, _, _| Ok(Vec::new()))
}

/// The same with one more source, the monitor of this name, which is started with the settings in force and the time.
///
/// # Errors
/// As for [`run`].
pub fn run_with(
    config: Config,
    monitor: &str,
    source: impl FnOnce(&Settings, Timestamp, &Shared) -> Result<JoinHandle<()>, String>,
) -> Result<(), String> {
    run_sources(config, Some(monitor), |settings, now, shared| source(settings, now, shared).map(|thread| vec![thread]))
}

fn run_sources(
    config: Config,
    monitor: Option<&str>,
    more: impl FnOnce(&Settings, Timestamp, &Shared) -> Result<Vec<JoinHandle<()>>, String>,
) -> Result<(), String> {
    let listening = web::bind(&config.listen.to_string()).map_err(|e| e.to_string())?;
    store_folder(&config.store)?;
    let store = SqliteStore::open(&config.journal(), OpenOptions::default()).map_err(|e| e.to_string())?;
    for finding in store.findings() {
        tracing::warn!("{}", finding.text);
    }
    let tail = store.check_tail(TAIL).map_err(|e| e.to_string())?;
    let (engine, days) = restore_all(&store).map_err(|e| e.to_string())?;
    let cursors = store.cursors().map_err(|e| e.to_string())?;
    tracing::info!(seq = engine.world().seq, alarms = engine.world().alarms.len(), "read the store");

    let metrics = Arc::new(Metrics::new());
    let (view, shown) = watch::channel(Arc::new(View::default()));
    let (audit, audited) = watch::channel(None);
    let (shown_sound, soundness) = watch::channel(None);
    let told = Told { shown: shown_sound, metrics: metrics.clone() };
    told.tell(Soundness::of(tail, false, now()), &config.journal());
    let (intake, outlet) = intake::channel();
    let (news, incoming) = mpsc::channel(NEWS);
    let (stop_keeper, stop) = oneshot::channel();
    let names = config.monitors.iter().map(|m| m.name.get_ref().as_str()).chain(monitor);
    let mut behind: BTreeSet<Text> = names.map(Text::from).collect();
    if config.topology.is_some() && engine.world().topology.is_none() {
        // What happened before is judged by the first topology there is.
        behind.insert(topology::GOCDB.into());
    }
    let known: BTreeSet<Text> = engine.world().monitors.keys().cloned().collect();
    let gocdb = engine.world().meta.sources.contains_key(topology::GOCDB);
    let behind = Arc::new(Mutex::new(behind));
    let papers = Papers::load(config, engine.world(), news.clone(), metrics.clone())?;
    let first = papers.first();

    let mut keeper = Keeper::new(engine, Box::new(store), view, metrics.clone(), behind.clone());
    keeper.audit_to(audit);
    keeper.sum_days(days);
    if let Some(keep) = papers.config().journal.keep() {
        keeper.prune_after(keep);
    }
    keeper.take_first(first);
    let ends = Ends { outlet, news: incoming, stop };
    let keeping = thread("keeper", move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| e.to_string())?;
        runtime.block_on(keeper.run(ends)).map_err(|e| e.to_string())
    })?;

    let stop_sources = Arc::new(AtomicBool::new(false));
    let offsets = papers.clone();
    let shared = Shared {
        news: news.clone(),
        stop: stop_sources.clone(),
        metrics: metrics.clone(),
        utc_offset: Arc::new(move |monitor, millis| offsets.utc_offset(monitor, millis)),
    };
    let mut sources =
        vec![monitors::start(&papers, &cursors, known, &shared)?, topology::start(&papers, gocdb, &shared)?];
    sources.extend(more(&papers.settings(), now(), &shared)?);

    let readers = readers(&papers.config());
    check_in_background(&papers.config(), readers.clone(), told, stop_sources.clone())?;

    let (ended, keeper_ended) = oneshot::channel::<()>();
    let watcher = thread("watcher", move || {
        let result = keeping
            .join()
            .unwrap_or_else(|_| Err("the engine's thread panicked; this is a fault of the program".into()));
        // Whoever waited for it may be gone already.
        let _ = ended.send(());
        result
    })?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let shown = Shown { view: shown, audit: audited, soundness };
    let state = state(&papers, readers, shown, intake, metrics, behind);
    runtime.block_on(serve(listening, state, papers, keeper_ended))?;

    // The order: nothing new comes in, what is in is committed, the store closes last.
    stop_sources.store(true, Ordering::Relaxed);
    drop(news);
    drop(shared);
    let _ = stop_keeper.send(());
    let result = watcher.join().unwrap_or_else(|_| Err("the watcher of the engine's thread panicked".into()));
    for source in sources {
        // A source that panicked has said so itself; there is nothing left to save in it.
        let _ = source.join();
    }
    if result.is_ok() {
        tracing::info!("stopped; everything taken in is stored");
    }
    result
}

/// What the pages are told.
struct Shown {
    view: watch::Receiver<Arc<View>>,
    audit: watch::Receiver<Option<Arc<web::audit::AuditReport>>>,
    soundness: watch::Receiver<Option<Arc<Soundness>>>,
}

fn state(
    papers: &Papers,
    open: OpenHistory,
    Shown { view, audit, soundness }: Shown,
    intake: Intake,
    metrics: Arc<Metrics>,
    behind: Arc<Mutex<BTreeSet<Text>>>,
) -> WebState {
    let clock = Mutex::new(Clock::start());
    let look = papers.clone();
    WebState {
        view,
        audit,
        soundness,
        intake,
        readers: Arc::new(Readers::new(open)),
        clock: Arc::new(move || clock.lock().unwrap_or_else(PoisonError::into_inner).now().at),
        metrics,
        cache: Arc::default(),
        acts: Arc::default(),
        config: look.web(),
        waiting_for: Arc::new(move || {
            let behind = behind.lock().unwrap_or_else(PoisonError::into_inner);
            behind.iter().map(|m| format!("{m} is still being read up to now")).collect()
        }),
    }
}

/// Opens the journal for reading.
fn readers(config: &Config) -> OpenHistory {
    let journal = config.journal();
    Arc::new(move || {
        SqliteHistory::open(&journal, OpenOptions::default()).map(|h| Box::new(h) as Box<dyn crate::store::History>)
    })
}

/// The whole check of the store. Nobody waits for its thread at the end: it only reads.
fn check_in_background(config: &Config, open: OpenHistory, told: Told, stop: Arc<AtomicBool>) -> Result<(), String> {
    let journal = config.journal();
    thread("store check", move || soundness::keep_checking(&journal, &open, &told, &stop, now)).map(drop)
}

async fn serve(
    listening: web::Listening,
    state: WebState,
    papers: Papers,
    keeper_ended: oneshot::Receiver<()>,
) -> Result<(), String> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    let mut int = signal(SignalKind::interrupt()).map_err(|e| e.to_string())?;
    let mut hup = signal(SignalKind::hangup()).map_err(|e| e.to_string())?;
    let (shut, shutdown) = oneshot::channel::<()>();
    let cache = state.cache.clone();
    tracing::info!("listening on {listening}");
    // A full disk or a closed pipe behind standard output is no reason to end.
    let _unheard = writeln!(std::io::stdout(), "alarm-filter: listening on {listening}");
    let mut server = std::pin::pin!(web::serve(listening, web::router(state), async {
        let _ = shutdown.await;
    }));
    let mut look = tokio::time::interval(LOOK);
    let mut keeper_ended = std::pin::pin!(keeper_ended);
    loop {
        tokio::select! {
            served = &mut server => return served.map_err(|e| e.to_string()),
            _ = term.recv() => break,
            _ = int.recv() => break,
            _ = hup.recv() => papers.reload("SIGHUP").await,
            _ = look.tick() => if papers.changed() { papers.reload("a changed file").await },
            _ = &mut keeper_ended => break,
        }
    }
    cache.end_streams();
    let _ = shut.send(());
    // Slow readers do not hold up the end for ever.
    let _late = tokio::time::timeout(LAST_REQUESTS, server).await;
    Ok(())
}

/// Makes the store's folder when there is none, and says so: on a disk that is not mounted the journal begins anew.
fn store_folder(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt;
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => tracing::warn!("made the store's folder {}: the journal begins anew", folder.display()),
        Err(_) if folder.is_dir() => {}
        Err(e) => {
            return Err(format!(
                "cannot make the store's folder {0}: {e}; make it for this user: install -d -m 0700 -o gridward -g gridward {0}",
                folder.display()
            ));
        }
    }
    Ok(())
}

/// A thread with a name.
pub(crate) fn thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, String> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|e| format!("cannot start the thread {name}: {e}; raise the limit of processes"))
}

/// Where last good copies of the topology are kept.
fn topology_folder(store: &Path) -> std::path::PathBuf {
    store.join("topology")
}

/// The time for what is handed to the engine from outside of the keeper.
pub(crate) fn now() -> Timestamp {
    Clock::start().now().at
}
