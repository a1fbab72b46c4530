//! What is counted and measured, for Prometheus and for the pages that say how fresh the sources are.
//! No figure tells of security matters (AL17): alarms come from [`View::alarms`], which leaves them out.

use crate::soundness::Soundness;
use crate::view::View;
use alarm_core::alarm::Band;
use alarm_core::input::{SourceHealth, Text};
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

/// The name of a source.
#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub struct SourceLabel {
    /// The monitor, or `gocdb`.
    pub source: String,
}

/// The name of a queue.
#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub struct QueueLabel {
    /// `observations`, `commands`.
    pub queue: &'static str,
}

/// What an alarm is counted under.
#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct AlarmLabel {
    state: &'static str,
    band: &'static str,
}

/// What a request is counted under.
#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct HttpLabel {
    method: &'static str,
    route: String,
    status: u16,
}

type Seconds = Gauge<f64, AtomicU64>;

/// All counters and gauges. The parts of the daemon add to them; `/metrics` writes them out.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Lines read from each source.
    pub lines: Family<SourceLabel, Counter>,
    /// Lines of each source that nothing could be made of.
    pub malformed: Family<SourceLabel, Gauge>,
    /// Commands that cover objects which the log does not name.
    pub unexpanded: Family<SourceLabel, Gauge>,
    /// Inputs handled by the engine.
    pub inputs: Counter,
    /// Records committed to the journal.
    pub records: Counter,
    /// Commits.
    pub commits: Counter,
    /// How long commits took.
    pub commit_seconds: Histogram,
    /// How many requests wait in each queue.
    pub queue: Family<QueueLabel, Gauge>,
    alarms: Family<AlarmLabel, Gauge>,
    heard: Mutex<BTreeMap<Text, Timestamp>>,
    heard_seconds: Family<SourceLabel, Seconds>,
    fresh: Family<SourceLabel, Gauge>,
    storing: Gauge,
    seq: Gauge,
    http: Family<HttpLabel, Counter>,
    clock_doubt: Gauge,
    damage: Gauge,
    checked: Seconds,
    configuration: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut r = Registry::with_prefix("gridward");
        // From half a millisecond to ten seconds: a commit is one fdatasync.
        let buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
        let m = Metrics {
            registry: Registry::default(),
            lines: Family::default(),
            malformed: Family::default(),
            unexpanded: Family::default(),
            inputs: Counter::default(),
            records: Counter::default(),
            commits: Counter::default(),
            commit_seconds: Histogram::new(buckets),
            queue: Family::default(),
            alarms: Family::default(),
            heard: Mutex::default(),
            heard_seconds: Family::default(),
            fresh: Family::default(),
            storing: Gauge::default(),
            seq: Gauge::default(),
            http: Family::default(),
            clock_doubt: Gauge::default(),
            damage: Gauge::default(),
            checked: Seconds::default(),
            configuration: Gauge::default(),
        };
        r.register("build", "The release that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        r.register("source_lines", "Lines read from a source", m.lines.clone());
        let help = "Lines since the start that are no lines of a monitor's log, and were passed over";
        r.register("source_lines_malformed", help, m.malformed.clone());
        let help =
            "Commands since the start on objects that the log does not name (groups): status.dat shows what they did";
        r.register("source_commands_unexpanded", help, m.unexpanded.clone());
        r.register("inputs", "Inputs handled by the engine", m.inputs.clone());
        r.register("records", "Records committed to the journal", m.records.clone());
        r.register("commits", "Commits of the journal", m.commits.clone());
        r.register_with_unit("commit", "How long commits took", Unit::Seconds, m.commit_seconds.clone());
        r.register("queue_depth", "Requests that wait for the engine", m.queue.clone());
        r.register("alarms", "Alarms on the board by state and by whose they are", m.alarms.clone());
        let help = "Time since a source was last heard";
        r.register_with_unit("source_heard_age", help, Unit::Seconds, m.heard_seconds.clone());
        r.register("source_fresh", "1: the source is up to date; 0: it is not", m.fresh.clone());
        r.register("storing", "1: commits succeed; 0: nothing can be stored", m.storing.clone());
        r.register("view_seq", "The seq of the last record that the pages show", m.seq.clone());
        let help = "Milliseconds by which the wall clock jumped and is not believed yet";
        r.register("clock_doubt_milliseconds", help, m.clock_doubt.clone());
        let help = "How much damage the last check of the store found; 0: it is sound";
        r.register("store_damage", help, m.damage.clone());
        let help = "When all of the store was last checked; 0: not in this run";
        r.register_with_unit("store_checked_timestamp", help, Unit::Seconds, m.checked.clone());
        let help =
            "Whether the configuration as it stands in the files is in force (1), or is wrong and an older one is (0)";
        r.register("configuration_taken", help, m.configuration.clone());
        r.register("http_requests", "Requests answered, by route and status", m.http.clone());
        Metrics { registry: r, ..m }
    }

    /// Lines were read from a source.
    pub fn read_lines(&self, source: &Text, lines: u64) {
        self.lines.get_or_create(&SourceLabel { source: source.to_string() }).inc_by(lines);
    }

    /// So many lines of a source were not understood since the start, and so many of its commands cover more than they name.
    pub fn not_understood(&self, source: &Text, malformed: u64, unexpanded: u64) {
        let label = SourceLabel { source: source.to_string() };
        self.malformed.get_or_create(&label).set(i64::try_from(malformed).unwrap_or(i64::MAX));
        self.unexpanded.get_or_create(&label).set(i64::try_from(unexpanded).unwrap_or(i64::MAX));
    }

    /// A source was heard: it was read, or asked and answered, whether or not it had anything new.
    pub fn heard(&self, source: &Text, at: Timestamp) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match heard.get_mut(source) {
            Some(t) => *t = at.max(*t),
            None => {
                heard.insert(source.clone(), at);
            }
        }
    }

    /// When a source was last heard in this run of the program.
    pub fn last_heard(&self, source: &str) -> Option<Timestamp> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(source).copied()
    }

    /// A commit of so many records took so long.
    pub fn committed(&self, records: usize, took: std::time::Duration) {
        self.records.inc_by(u64::try_from(records).unwrap_or(u64::MAX));
        self.commits.inc();
        self.commit_seconds.observe(took.as_secs_f64());
    }

    /// The wall clock differs by so many milliseconds from the time that is gone by; 0: it does not.
    pub fn clock_doubt(&self, millis: i64) {
        self.clock_doubt.set(millis);
    }

    /// The store was checked.
    pub fn checked(&self, found: &Soundness) {
        self.damage.set(i64::try_from(found.damage.len()).unwrap_or(i64::MAX));
        if found.whole {
            self.checked.set(seconds(found.at.0));
        }
    }

    /// Whether the configuration as it stands in the files is the one in force.
    pub fn configuration(&self, taken: bool) {
        self.configuration.set(i64::from(taken));
    }

    /// A request was answered.
    pub fn answered(&self, method: &'static str, route: &str, status: u16) {
        self.http.get_or_create(&HttpLabel { method, route: route.to_owned(), status }).inc();
    }

    /// Everything as Prometheus' text, with the gauges as of this view, its alarms that may be counted, and this moment.
    ///
    /// # Errors
    /// Never in practice: writing into memory fails only where a metric refuses to be written.
    pub fn text(
        &self,
        view: &View,
        alarms: impl Iterator<Item = (State, Band)>,
        now: Timestamp,
    ) -> Result<String, std::fmt::Error> {
        self.measure(view, alarms, now);
        let mut text = String::with_capacity(8192);
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn measure(&self, view: &View, alarms: impl Iterator<Item = (State, Band)>, now: Timestamp) {
        let mut counts: BTreeMap<(State, Band), i64> = BTreeMap::new();
        for alarm in alarms {
            *counts.entry(alarm).or_default() += 1;
        }
        self.alarms.clear();
        for ((state, band), n) in counts {
            let band = crate::web::band_name(band);
            self.alarms.get_or_create(&AlarmLabel { state: state.word(), band }).set(n);
        }
        let monitors = view.monitors.iter().map(|(name, m)| (name, m.health));
        self.fresh.clear();
        for (name, health) in monitors.chain(view.sources.iter().map(|(name, s)| (name, s.health))) {
            let label = SourceLabel { source: name.to_string() };
            self.fresh.get_or_create(&label).set(i64::from(health == SourceHealth::Fresh));
        }
        for (name, at) in &*self.heard.lock().unwrap_or_else(PoisonError::into_inner) {
            let label = SourceLabel { source: name.to_string() };
            self.heard_seconds.get_or_create(&label).set(seconds(now.since(*at)));
        }
        self.storing.set(i64::from(view.not_stored.is_none()));
        self.seq.set(i64::try_from(view.seq).unwrap_or(i64::MAX));
    }
}

/// Milliseconds as seconds, for a gauge.
fn seconds(ms: i64) -> f64 {
    std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0)).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::samples;

    #[test]
    fn counts_come_out_without_security_matters() {
        let m = Metrics::new();
        m.read_lines(&"nagios-a".into(), 7);
        m.heard(&"nagios-a".into(), Timestamp(1_000));
        m.answered("GET", "/", 200);
        let view = samples::view_with_secret(20);
        let alarms = view.alarms().map(|a| (a.state, Band::Rod));
        let text = m.text(&view, alarms, samples::NOW).unwrap();
        assert!(text.contains("gridward_source_lines_total{source=\"nagios-a\"} 7"), "{text}");
        assert!(text.contains("gridward_http_requests_total{method=\"GET\",route=\"/\",status=\"200\"} 1"), "{text}");
        assert!(text.contains("gridward_source_heard_age_seconds{source=\"nagios-a\"}"), "{text}");
        let alarms: i64 = text
            .lines()
            .filter(|l| l.starts_with("gridward_alarms{"))
            .map(|l| l.rsplit(' ').next().unwrap().parse::<i64>().unwrap())
            .sum();
        assert_eq!(alarms, 20);
    }
}
