//! Everything the tests know of the daemon's exact interface: options, configuration keys, paths, field names. When one of
//! them changes, it changes here and nowhere else.

use crate::episodes::Episode;
use crate::fail::{Fail, Result, ensure};
use crate::nagios::Nagios;
use serde::Deserialize;
use std::ffi::OsString;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Answers 200 when the sources are caught up with and the alarms can be asked for.
pub const READY: &str = "/ready";
/// Answers 200 while the process is alive.
pub const HEALTH: &str = "/health";
/// Prometheus' text.
pub const METRICS: &str = "/metrics";
/// The alarms that stand.
pub const ALARMS: &str = "/api/v1/alarms";
/// How sites stood over a period.
pub const AVAILABILITY: &str = "/api/v1/availability";
/// The queues of DE3 that are on the board, in the order of work.
pub const QUEUES: [&str; 9] =
    ["over-72h", "over-24h", "new", "ok-stable", "ok-not-stable", "downtime", "set-apart", "common-cause", "masked"];
/// Every episode, closed ones too, in the words of `replay`.
pub const EPISODES: &str = "/api/v1/episodes";
/// Where monitors without files post.
pub const OBSERVATIONS: &str = "/api/v1/observations";

/// Where programs send commands.
pub const COMMANDS: &str = "/api/v1/commands";
/// Who did what.
pub const TRAIL: &str = "/api/v1/trail";
/// The description of the interface.
pub const OPENAPI: &str = "/api/v1/openapi.json";

/// A table for [`Setup::tables`]: this one acts on the pages and with commands.
pub fn operator(name: &str) -> String {
    format!("[web]\noperator = {name:?}\n")
}

/// A profile that takes everything, so that what Nagios decided can be compared whole.
const EVERYTHING: &str = "name = \"EVERYTHING\"\nvo = \"ops\"\n[service_types]\n\"*\" = [\"*\"]\n";

/// What a daemon reads and where it keeps it.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The Nagios servers: name, group (empty: none of its own), `nagios.cfg`.
    pub monitors: Vec<(String, String, PathBuf)>,
    /// Who may hand in observations over HTTP.
    pub http: Vec<String>,
    /// GOCDB's answers in a folder.
    pub gocdb: Option<PathBuf>,
    /// The store's folder; none: in the test's own.
    pub store: Option<PathBuf>,
    /// The text of a profile; none: one that takes everything.
    pub profile: Option<String>,
    /// More lines, put first.
    pub extra: String,
    /// More tables, put last.
    pub tables: String,
    /// Where it listens, when that is not a port of the system's choice.
    pub listen: Option<String>,
}

impl Setup {
    /// Beside one Nagios.
    pub fn beside(nagios: &Nagios) -> Self {
        Setup { monitors: vec![("nagios-a".into(), String::new(), nagios.configuration())], ..Setup::default() }
    }

    /// Beside no Nagios: what this sender posts is all that it knows.
    pub fn posted_by(source: &str) -> Self {
        Setup { http: vec![source.into()], ..Setup::default() }
    }
}

/// The daemon: `GRIDWARD_BIN`, or what cargo built beside these tests.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("GRIDWARD_BIN") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    // target/debug/load, or target/debug/deps/storm-0123
    let found = own.ancestors().skip(1).take(2).map(|folder| folder.join("alarm-filter")).find(|path| path.is_file());
    found.ok_or_else(|| Fail::new("no alarm-filter beside the tests: build it, or name it in GRIDWARD_BIN"))
}

/// Writes the configuration into `folder`; returns its path.
pub fn configure(folder: &Path, setup: &Setup) -> Result<PathBuf> {
    let profile = folder.join("profile.toml");
    let text = setup.profile.as_deref().unwrap_or(EVERYTHING);
    std::fs::write(&profile, text)?;
    let name = text.lines().find_map(|line| line.strip_prefix("name = \"")).unwrap_or("EVERYTHING\"");
    let store = setup.store.clone().unwrap_or_else(|| folder.join("store"));
    let mut text = setup.extra.clone();
    let _always_fits = write!(
        text,
        "store = {store:?}\nlisten = {:?}\n\n[profiles]\nfiles = [{profile:?}]\noperators = \"{}\"\n",
        setup.listen.as_deref().unwrap_or("127.0.0.1:0"),
        name.trim_end_matches('"')
    );
    if let Some(gocdb) = &setup.gocdb {
        let _always_fits = writeln!(text, "\n[topology]");
        for method in ["get_site", "get_service_endpoint", "get_downtime", "get_roc_list"] {
            let file = gocdb.join(format!("{method}.xml"));
            if file.exists() {
                let _always_fits = writeln!(text, "{method} = {{ source = {file:?} }}");
            }
        }
    }
    if !setup.http.is_empty() {
        let _always_fits = writeln!(text, "\n[http]\nsources = {:?}", setup.http);
    }
    for (name, group, configuration) in &setup.monitors {
        let _always_fits = write!(text, "\n[[monitor]]\nname = {name:?}\nnagios_cfg = {configuration:?}\n");
        if !group.is_empty() {
            let _always_fits = writeln!(text, "group = {group:?}");
        }
    }
    text.push('\n');
    text.push_str(&setup.tables);
    let path = folder.join("gridward.toml");
    crate::place::write(&path, text)?;
    Ok(path)
}

/// A table for [`Setup::tables`]: a monitor that is read from its log alone.
pub fn monitor_of_log(name: &str, log: &Path, more: &str) -> String {
    format!("[[monitor]]\nname = {name:?}\nlog = {log:?}\ncatch_up = \"all\"\n{more}\n")
}

/// The page of the sources.
pub const SOURCES_PAGE: &str = "/sources";

/// The daemon's arguments.
pub fn run_arguments(configuration: &Path) -> Vec<OsString> {
    vec!["run".into(), "--config".into(), configuration.into()]
}

/// `replay`'s arguments for the logs of a Nagios, under the profile that `configure` wrote into `folder`.
pub fn replay_arguments(nagios: &Nagios, folder: &Path) -> Result<Vec<OsString>> {
    let mut arguments: Vec<OsString> = vec!["replay".into()];
    for log in nagios.logs().files()? {
        arguments.extend(["--nagios-log".into(), log.into()]);
    }
    arguments.extend(["--objects".into(), nagios.objects_file().into()]);
    if nagios.status_file().exists() {
        arguments.extend(["--status".into(), nagios.status_file().into()]);
    }
    arguments.extend(["--profile".into(), folder.join("profile.toml").into(), "--format".into(), "jsonl".into()]);
    Ok(arguments)
}

/// `backup`'s arguments: the store of this configuration, into a file.
pub fn backup_arguments(configuration: &Path, to: &Path) -> Vec<OsString> {
    vec!["backup".into(), to.into(), "--config".into(), configuration.into()]
}

/// `check-store`'s arguments for a file.
pub fn check_arguments(file: &Path) -> Vec<OsString> {
    vec!["check-store".into(), file.into()]
}

/// What `/health` says is damaged in the store, once all of it was looked at.
pub fn damage(health: &str) -> Result<Option<Vec<String>>> {
    #[derive(Deserialize)]
    struct Health {
        store: Option<Store>,
    }
    #[derive(Deserialize)]
    struct Store {
        whole: bool,
        damage: Vec<String>,
    }
    let health: Health = serde_json::from_str(health).map_err(Fail::at("the health"))?;
    Ok(health.store.filter(|s| s.whole).map(|s| s.damage))
}

/// The journal's files in the store's folder: the database, and what goes with it while it is open.
pub const JOURNAL: [&str; 3] = ["journal.db", "journal.db-wal", "journal.db-shm"];

/// The address in a line of the daemon's output that says where it listens (port 0 was asked for).
pub fn listening(line: &str) -> Option<SocketAddr> {
    let start = line.find("127.0.0.1:")?;
    let rest = &line[start..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
    rest[..end].parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}

/// An alarm that stands, as the API says it; what is not listed here is not compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Alarm {
    /// Its id.
    pub id: serde_json::Value,
    /// The host.
    pub host: String,
    /// The service as Nagios names it.
    pub service: String,
    /// The site.
    pub site: String,
    /// OK, WARNING, CRITICAL, UNKNOWN.
    pub state: String,
    /// The first line of the output.
    pub output: String,
    /// Words of the documented list: `acknowledged`, `flapping`, …
    pub flags: Vec<String>,
}

impl Alarm {
    /// Whether it carries this flag.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|word| word == flag)
    }
}

/// The alarms in the body of [`ALARMS`].
pub fn alarms(body: &str) -> Result<Vec<Alarm>> {
    #[derive(Deserialize)]
    struct Answer {
        alarms: Vec<Alarm>,
    }
    let answer: Answer = serde_json::from_str(body).map_err(Fail::at(format!("{ALARMS}: {}", head(body))))?;
    Ok(answer.alarms)
}

/// The episodes in the body of [`EPISODES`] or in what `replay` printed: one JSON object a line.
pub fn episodes(text: &str) -> Result<Vec<Episode>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).map_err(Fail::at(format!("episode {}", head(line))))).collect()
}

/// One observation for [`OBSERVATIONS`], to be put into an array.
pub fn observation(
    source: &str,
    sequence: u64,
    host: &str,
    service: &str,
    state: &str,
    since: u64,
    output: &str,
) -> String {
    serde_json::json!({
        "source": source, "sequence": sequence, "host": host, "service": service, "service_type": "ARC-CE",
        "metric": service, "site": "SITE-1", "state": state, "since": since, "output": output,
    })
    .to_string()
}

/// The record that answers to what was handed in.
pub fn seq(answer: &str) -> Result<u64> {
    #[derive(Deserialize)]
    struct Answer {
        seq: u64,
    }
    serde_json::from_str::<Answer>(answer).map(|a| a.seq).map_err(Fail::at(answer))
}

/// The address of the stream that a board names.
pub fn stream_of(html: &str) -> Result<String> {
    let found = html.split_once("data-live=\"").and_then(|(_, rest)| rest.split_once('"'));
    let (address, _) = found.ok_or_else(|| Fail::new("the page names no stream"))?;
    Ok(address.replace("&#38;", "&").replace("&amp;", "&"))
}

/// A moment's day in UTC, as addresses have it: 2026-11-30.
pub fn date(seconds: u64) -> String {
    let at = chrono::DateTime::from_timestamp(seconds.cast_signed(), 0).unwrap_or_default();
    at.format("%Y-%m-%d").to_string()
}

/// How the names of all files in the store's folder begin that hold what was read and how far.
pub const JOURNAL_FILES: &str = "journal.";

/// Fails unless the text holds each of these: messages must name the object and what to do.
pub fn names_all(text: &str, parts: &[&str]) -> Result {
    let missing: Vec<_> = parts.iter().filter(|part| !text.contains(**part)).collect();
    ensure(missing.is_empty(), || format!("nothing of {missing:?} in:\n{text}"))
}

fn head(text: &str) -> String {
    text.chars().take(300).collect()
}
