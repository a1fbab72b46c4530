//! `alarm-filter demo`: the whole daemon on a bundled recording of a real Nagios, with its times stretched so that
//! eighteen minutes become four and a half days. The past is read at once; the last hour plays on as it goes.
//!
//! Everything but the source is what `run` uses; `stretch.rs` is the rewriting of times.
mod stretch;

use crate::keeper::documents::Paper;
use crate::keeper::news::News;
use crate::source::nagios_log::observe::Observer;
use crate::source::nagios_status::objects::ObjectsCache;
use crate::source::run::Shared;
use crate::source::text::Interner;
use crate::topology::gocdb::{self, Limits, Method};
use crate::topology::merge::{Parts, merge, merge_downtimes};
use alarm_core::document::Document;
use alarm_core::input::{Input, SourceHealth, SourceState, Text};
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::time::{HOUR, SECOND, Timestamp};
use flate2::read::GzDecoder;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use stretch::Stretch;

/// The name of the demo's Nagios.
pub const MONITOR: &str = "demo-nagios";
/// By how much the recording is stretched.
const FACTOR: i64 = 360;
/// How much of it plays on live.
const LIVE: i64 = HOUR;
/// Lines are handed over in pieces of this many.
const PIECE: usize = 500;

const LOG: &[u8] = include_bytes!("../../demo/nagios.log.gz");
const OBJECTS: &[u8] = include_bytes!("../../demo/objects.cache.gz");
const SITES: &[u8] = include_bytes!("../../demo/get_site.xml.gz");
const SERVICES: &[u8] = include_bytes!("../../demo/get_service_endpoint.xml.gz");
const DOWNTIMES: &[u8] = include_bytes!("../../demo/get_downtime.xml.gz");
/// The profile that the demo goes by.
pub const PROFILE: &str = include_str!("../../../profiles/roc_operators.toml");

/// The configuration of a demo that keeps everything in `folder` and listens there.
pub fn configuration(folder: &Path, listen: &str) -> String {
    let store = folder.join("store");
    let profile = folder.join("roc_operators.toml");
    format!(
        "store = {store:?}\nlisten = {listen:?}\n[profiles]\nfiles = [{profile:?}]\noperators = \"ROC_OPERATORS\"\n\
         [http]\nsources = [\"demo\"]\n[calendar]\nage72 = \"wall-clock\"\n\
         [web]\noperator = \"operator of the demo\"\n"
    )
}

/// Starts the thread that plays the recording.
///
/// # Errors
/// The bundled recording cannot be read, which is a fault of the build.
pub fn start(settings: &Settings, now: Timestamp, shared: &Shared) -> Result<JoinHandle<()>, String> {
    let log = unpack(LOG)?;
    let time = |line: Option<&[u8]>| line.and_then(crate::source::nagios_log::line::split_epoch).map_or(0, |(t, _)| t);
    let last = time(log.split(|b| *b == b'\n').rfind(|l| !l.is_empty()));
    let stretch = Stretch { factor: FACTOR, recorded_end: Timestamp::from_secs(last), end: now.plus(LIVE) };
    let papers = papers(settings, &stretch)?;
    let shared = shared.clone();
    crate::app::thread("demo", move || {
        let _gone = play(&log, papers, &stretch, &shared);
    })
}

/// The keeper is gone.
struct Gone;

fn play(log: &[u8], papers: Vec<(Text, Paper)>, stretch: &Stretch, shared: &Shared) -> Result<(), Gone> {
    let send = |news| shared.news.blocking_send(news).map_err(|_| Gone);
    let inputs = |inputs: Vec<Input>, caught_up: bool| {
        let monitor = MONITOR.into();
        News::Inputs { monitor, inputs, cursor: None, caught_up, place: None }
    };
    for (about, paper) in papers {
        send(News::Paper { about, paper })?;
    }
    send(inputs(vec![health(SourceHealth::Fresh, "")], false))?;
    let mut observer = Observer::new(MONITOR);
    let mut piece = Vec::new();
    let mut live = false;
    for line in log.split(|b| *b == b'\n') {
        let Some(mut input) = observer.read(line) else { continue };
        let due = stretch.input(&mut input);
        if due > crate::app::now() {
            send(inputs(std::mem::take(&mut piece), true))?;
            live = true;
            while due > crate::app::now() {
                if shared.stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        piece.push(input);
        if live || piece.len() >= PIECE {
            shared.metrics.heard(&MONITOR.into(), crate::app::now());
            send(inputs(std::mem::take(&mut piece), live))?;
        }
    }
    piece.push(health(SourceHealth::Silent, "the recording is over; start the demo anew"));
    send(inputs(piece, true))
}

fn health(health: SourceHealth, detail: &str) -> Input {
    let since = crate::app::now();
    Input::SourceState(SourceState { source: MONITOR.into(), health, since, detail: detail.into() })
}

fn papers(settings: &Settings, stretch: &Stretch) -> Result<Vec<(Text, Paper)>, String> {
    let mut settings = settings.clone();
    let known = MonitorSettings { interval_length: FACTOR * SECOND, ..MonitorSettings::default() };
    settings.monitors.insert(MONITOR.into(), known);
    let settings = Arc::new(settings);
    let cache = ObjectsCache::read(&*unpack(OBJECTS)?, Path::new("objects.cache"), &mut Interner::default())
        .map_err(|e| e.to_string())?;
    let objects = Arc::new(cache.objects);
    let rows = |method, packed| -> Result<gocdb::Rows, String> {
        gocdb::parse(method, "the demo", &unpack(packed)?, &Limits::default()).map_err(|e| e.to_string())
    };
    let sites = rows(Method::GetSite, SITES)?;
    let services = rows(Method::GetServiceEndpoint, SERVICES)?;
    let downtimes = rows(Method::GetDowntime, DOWNTIMES)?;
    let (gocdb::Rows::Sites(sites), gocdb::Rows::Services(services), gocdb::Rows::Downtimes(downtimes)) =
        (sites, services, downtimes)
    else {
        return Err("the bundled answers of GOCDB are of other methods than their names say".into());
    };
    let parts = Parts { sites: Some(&sites.rows), services: Some(&services.rows), rocs: None };
    let topology = Arc::new(merge(parts).0);
    let mut downtimes = merge_downtimes(&downtimes.rows).0;
    stretch.downtimes(&mut downtimes);
    let downtimes = Arc::new(downtimes);
    let none = Text::from("");
    Ok(vec![
        (none.clone(), Paper::new("settings", &*settings, Document::Settings(settings.clone()))),
        (MONITOR.into(), Paper::new("objects", &*objects, Document::Objects(objects.clone()))),
        (none.clone(), Paper::new("topology", &*topology, Document::Topology(topology.clone()))),
        (none, Paper::new("downtimes", &*downtimes, Document::Downtimes(downtimes.clone()))),
    ])
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).map_err(|e| format!("the bundled recording is damaged: {e}"))?;
    Ok(bytes)
}
