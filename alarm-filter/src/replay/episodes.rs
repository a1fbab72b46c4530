//! Alarm episodes: from a failure to the OK that ends it.

use alarm_core::alarm::Alarm;
use alarm_core::engine::{Engine, Record};
use alarm_core::event::Event;
use alarm_core::flag::FlagSet;
use alarm_core::input::Text;
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use serde::Serialize;

/// One episode, as `replay --format jsonl` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Episode {
    /// Nagios' host_name.
    pub host: Text,
    /// Nagios' service_description; `Host` for a host's own check.
    pub service: Text,
    /// The site; empty when nothing says.
    pub site: Text,
    /// The metric; `Host` for a host's own check.
    pub metric: Text,
    /// The last non-OK state.
    pub state: State,
    /// Epoch seconds.
    pub raised_at: i64,
    /// Every hard non-OK state, the first one at `raised_at`.
    pub changes: Vec<Turn>,
    /// Epoch seconds of the OK; `null` while it fails.
    pub cleared_at: Option<i64>,
    /// All flags that held at some time of it, and all reasons for which the monitor notified nobody of a state of it.
    pub flags: FlagSet,
}

/// A hard state of an episode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Turn {
    /// Epoch seconds.
    pub at: i64,
    /// The state.
    pub state: State,
}

impl Episode {
    /// The episode that goes on, or the last one, of an alarm.
    pub fn of(alarm: &Alarm, cleared: Option<Timestamp>) -> Self {
        let states = alarm.episode_states.iter();
        let changes: Vec<Turn> = states.map(|(at, state)| Turn { at: at.secs(), state: *state }).collect();
        let state = changes.last().map_or(alarm.state, |t| t.state);
        Episode {
            host: alarm.key.host.clone(),
            service: alarm.key.service.clone().unwrap_or_else(|| alarm_core::verdict::HOST.into()),
            site: alarm.about.site.clone(),
            metric: alarm.about.metric.clone(),
            state,
            raised_at: alarm.episode_since.secs(),
            changes,
            cleared_at: cleared.map(Timestamp::secs),
            flags: alarm.episode_flags,
        }
    }
}

/// Writing one as JSON, to the letter as serde does. By hand because a recording has many of them: most of a line are words
/// of ours, and in the rest it is rare that something has to be escaped.
impl Episode {
    /// Puts it behind what is in `out`, without a line end.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"host\":");
        write_text(out, &self.host);
        out.extend_from_slice(b",\"service\":");
        write_text(out, &self.service);
        out.extend_from_slice(b",\"site\":");
        write_text(out, &self.site);
        out.extend_from_slice(b",\"metric\":");
        write_text(out, &self.metric);
        out.extend_from_slice(b",\"state\":\"");
        out.extend_from_slice(self.state.word().as_bytes());
        out.extend_from_slice(b"\",\"raised_at\":");
        write_number(out, self.raised_at);
        out.extend_from_slice(b",\"changes\":[");
        for (n, turn) in self.changes.iter().enumerate() {
            out.extend_from_slice(if n == 0 { b"{\"at\":" } else { b",{\"at\":" });
            write_number(out, turn.at);
            out.extend_from_slice(b",\"state\":\"");
            out.extend_from_slice(turn.state.word().as_bytes());
            out.extend_from_slice(b"\"}");
        }
        out.extend_from_slice(b"],\"cleared_at\":");
        match self.cleared_at {
            Some(at) => write_number(out, at),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"flags\":[");
        for (n, flag) in self.flags.iter().enumerate() {
            out.extend_from_slice(if n == 0 { b"\"" } else { b",\"" });
            out.extend_from_slice(flag.word().as_bytes());
            out.push(b'"');
        }
        out.extend_from_slice(b"]}");
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // All of it is looked at, since without a way out in between this is done many bytes at a time.
    let plain = text.bytes().fold(true, |plain, b| plain & (b >= b' ') & (b != b'"') & (b != b'\\'));
    if plain {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        write_value(out, text);
    }
}

fn write_number(out: &mut Vec<u8>, number: i64) {
    write_value(out, &number);
}

fn write_value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Texts and numbers can always be written, and a vector takes all that is written to it.
    let _ = serde_json::to_writer(out, value);
}

/// The episodes that ended with these records: when, the alarm as it stands now, and the record's seq.
pub fn ended<'e>(records: &'e [Record], engine: &'e Engine) -> impl Iterator<Item = (Timestamp, &'e Alarm, u64)> {
    let world = engine.world();
    records.iter().flat_map(|record| record.events.iter().map(move |event| (record, event))).filter_map(
        move |(record, event)| {
            let (id, cleared) = match event {
                Event::Recovered { id, change, .. } => (id, change.at),
                Event::Withdrawn { id, .. } => (id, record.at),
                _ => return None,
            };
            let alarm = world.known_alarm(id)?;
            let ended = matches!(event, Event::Recovered { .. }) || alarm.failing_now();
            ended.then_some((cleared, alarm, record.seq))
        },
    )
}

/// The alarms that left the board with these records: when, the alarm as it was, and the record's seq.
pub fn closed<'e>(records: &[Record], engine: &'e Engine) -> Vec<(Timestamp, &'e Alarm, u64)> {
    let world = engine.world();
    let mut all = Vec::new();
    for record in records {
        for event in &record.events {
            if let Event::SwitchedOff { id, .. } | Event::Withdrawn { id, .. } = event
                && let Some(closed) = world.closed.get(id)
            {
                all.push((record.at, &*closed.alarm, record.seq));
            }
        }
    }
    all
}

/// The episodes that go on.
pub fn open(engine: &Engine) -> impl Iterator<Item = Episode> {
    let world = engine.world();
    let off = world
        .closed
        .values()
        .map(|c| &c.alarm)
        .filter(|a| world.watch(&a.key).and_then(|w| w.off.as_ref()).is_some_and(|off| off.alarm == a.id));
    world.alarms.values().chain(off).filter(|a| a.failing_now()).map(|a| Episode::of(a, None))
}

/// Collects episodes from the records of an engine.
#[derive(Debug, Default)]
pub struct Episodes(Vec<Episode>);

impl Episodes {
    /// Takes in what was decided.
    pub fn take(&mut self, records: &[Record], engine: &Engine) {
        for (at, alarm, _) in ended(records, engine) {
            self.0.push(Episode::of(alarm, Some(at)));
        }
    }

    /// All episodes, by begin, host and service.
    pub fn finish(self, engine: &Engine) -> Vec<Episode> {
        let mut all = self.0;
        all.extend(open(engine));
        // Their places are sorted, and each is moved once: an episode is large.
        let mut order: Vec<usize> = (0..all.len()).collect();
        let key = |i: &usize| all.get(*i).map(|e| (e.raised_at, &e.host, &e.service));
        order.sort_by(|a, b| key(a).cmp(&key(b)));
        let mut all: Vec<Option<Episode>> = all.into_iter().map(Some).collect();
        order.into_iter().filter_map(|i| all.get_mut(i)?.take()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alarm_core::flag::Flag;
    use proptest::prelude::*;

    fn state() -> impl Strategy<Value = State> {
        prop::sample::select(vec![State::Warning, State::Critical, State::Unknown, State::Down, State::Unreachable])
    }

    proptest! {
        #[test]
        fn a_line_is_what_serde_writes(
            names: [String; 4],
            state in state(),
            turns in prop::collection::vec((any::<i64>(), state()), 0..4),
            times: (i64, Option<i64>),
            flags in prop::collection::vec(prop::sample::select(&Flag::ALL[..]), 0..4),
        ) {
            let [host, service, site, metric] = names.map(Text::from);
            let changes = turns.into_iter().map(|(at, state)| Turn { at, state }).collect();
            let (raised_at, cleared_at) = times;
            let flags = flags.into_iter().collect();
            let episode = Episode { host, service, site, metric, state, raised_at, changes, cleared_at, flags };
            let mut written = Vec::new();
            episode.write(&mut written);
            prop_assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(&episode).unwrap());
        }
    }

    #[test]
    fn what_has_to_be_escaped_is() {
        for text in ["", "a\"b", "a\\b", "\u{0}", "\n", "\u{1f}", "\u{7f}", "ü", " ", "\u{2028}"] {
            let mut written = Vec::new();
            write_text(&mut written, text);
            assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(text).unwrap());
        }
    }
}
