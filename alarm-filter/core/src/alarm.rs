//! An alarm: what operators work on. Its ages, marks and queues are functions of what is stored and of the time asked for.

use crate::flag::{Flag, FlagSet};
use crate::input::Text;
use crate::notepad::Note;
use crate::settings::{Age72, Settings};
use crate::state::State;
use crate::time::{HOUR, Millis, Timestamp};
use crate::topology::DowntimeWindow;
use crate::watch::Key;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An alarm's id: 16 hexadecimal digits, made of its object and the seq of the input that opened it.
pub type AlarmId = Text;

/// One alarm on the board, from its first failure until it is switched off. It may be OK in between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its id.
    pub id: AlarmId,
    /// The object.
    pub key: Key,
    /// What the object stands for.
    pub about: About,
    /// The monitors that see it failing, or saw it last.
    pub monitors: Vec<Text>,
    /// The state: the worst of the fresh monitors' hard states; OK (UP) once it recovered.
    pub state: State,
    /// Since when it is in this state, by the monitor's clock.
    pub since: Timestamp,
    /// When this alarm was first raised, by the monitor's clock.
    pub raised: Timestamp,
    /// When the episode that goes on, or the last one, began.
    pub episode_since: Timestamp,
    /// How many times it failed, with an OK before each time.
    pub episodes: u32,
    /// The spans in which it was failing since the last stable OK, for the age.
    pub failing: Vec<Span>,
    /// Failing time of spans that were too many to keep, in milliseconds, net of outages known then.
    #[serde(default)]
    pub failing_before: Millis,
    /// It reached an age of 24 h at some time, as far as the program saw.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aged: bool,
    /// Its OK became stable and that was noted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stable: bool,
    /// When the monitor last repeated the problem (AL2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshed: Option<Timestamp>,
    /// First line of the output.
    pub output: Text,
    /// Further lines of it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub long_output: Text,
    /// Performance data.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub perf_data: Text,
    /// The flags that hold, with the reason.
    #[serde(default)]
    pub flags: BTreeMap<Flag, Mark>,
    /// All flags that held in this episode, and all reasons for which a monitor notified nobody of a state of it.
    #[serde(default, skip_serializing_if = "FlagSet::is_empty")]
    pub episode_flags: FlagSet,
    /// Every hard problem state of this episode, oldest first; the first is its begin.
    #[serde(default)]
    pub episode_states: Vec<(Timestamp, State)>,
    /// The latest hard states, oldest first; all of them stand in the journal.
    pub history: Vec<Change>,
    /// Times of the hard changes between OK and non-OK within the unstable window.
    #[serde(default)]
    pub turns: Vec<Timestamp>,
    /// The alarm that it is masked by (AL6, AL14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked_by: Option<Mask>,
    /// The common cause that it was put under (AL18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Text>,
    /// Monitoring is off for it in the topology since then, and it was reported on all the while (AL8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmonitored_since: Option<Timestamp>,
    /// Monitoring off was reported (AL8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unmonitored_reported: bool,
    /// The last notes on it, oldest first; all of them stand in the journal and the audit trail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// The seq of the last input that changed what somebody would decide by: its state, its flags, what people did.
    /// A repeated problem and other words of the same one are no such change.
    #[serde(default)]
    pub changed: u64,
    /// The last states, each with the version that it came with, oldest first: what somebody saw at an earlier one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stood: Vec<(u64, State)>,
    /// The last thing that somebody did to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touched: Option<Touched>,
    /// The seq of the last input that changed it.
    pub version: u64,
}

/// Somebody did something to an alarm.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Touched {
    /// The version that it had from then on.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Text,
    /// What.
    pub deed: Deed,
}

/// What somebody did to an alarm that stayed on the board.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Put it under a leader (AL6).
    Masked,
    /// Took it out from under its leader.
    Unmasked,
    /// Put it under a common cause (AL18).
    UnderCause,
    /// Took it out of its common cause.
    OutOfCause,
    /// Ended its common cause.
    CauseEnded,
    /// Wrote a note on it (DE1).
    Noted,
    /// Took a note on it back.
    NoteStruck,
    /// Took back that it was switched off.
    Returned,
}

/// What a service stands for.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The site; empty when nothing says.
    pub site: Text,
    /// The NGI (ROC); empty when nothing says.
    pub ngi: Text,
    /// The service type; `Host` for a host's own check.
    pub service_type: Text,
    /// The metric; `Host` for a host's own check.
    pub metric: Text,
    /// The VO; empty: none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub vo: Text,
    /// The profiles that count it.
    #[serde(default)]
    pub profiles: Vec<Text>,
    /// The family in which one alarm leads (AL14); empty: none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub family: Text,
    /// Category of the metric; empty: none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub category: Text,
    /// A link to the metric's documentation; empty: none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub documentation: Text,
    /// A security matter (AL17).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub security: bool,
    /// How long OK makes it stable, in milliseconds.
    pub stable_for: Millis,
    /// States that need a ticket.
    #[serde(default)]
    pub ticket_states: Vec<State>,
}

/// A span of time; open while it has no end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Begin.
    pub from: Timestamp,
    /// End.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

/// Why a flag holds.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Since when, as far as the program knows.
    pub since: Timestamp,
    /// In words: author and comment, the downtime and its end, …; empty when the flag says it all.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub detail: Text,
    /// It ends by itself then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A hard state in an alarm's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// When, by the monitor's clock.
    pub at: Timestamp,
    /// The state.
    pub state: State,
    /// First line of the output.
    pub output: Text,
    /// What the monitor did about it.
    pub told: Told,
}

/// Whether the monitor itself notified anybody of a hard state.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// It did.
    Notified,
    /// It did not, for these reasons; none: unexplained.
    Not(Vec<Flag>),
    /// Nothing can be said: a recovery, a listing, or no notifications in this source.
    NotAsked,
}

/// Masked by another alarm.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Mask {
    /// The leader.
    pub leader: AlarmId,
    /// By the program, as one of a family (AL14); otherwise by somebody.
    pub family: bool,
    /// Who.
    pub who: Text,
}

impl Alarm {
    /// Whether it is failing.
    pub fn failing_now(&self) -> bool {
        self.failing.last().is_some_and(|s| s.to.is_none())
    }

    /// Its age in milliseconds: the time it was failing since the last stable OK, less the outages in `windows` that
    /// cover it. It stands still while it is OK.
    pub fn age(&self, now: Timestamp, windows: &[DowntimeWindow]) -> Millis {
        self.failing.iter().fold(self.failing_before, |sum, span| {
            let to = span.to.unwrap_or(now);
            let whole = to.since(span.from).max(0);
            let out = crate::downtime::outage_within(windows, span.from, to).clamp(0, whole);
            sum.saturating_add(whole - out)
        })
    }

    /// Its age for the 72 h mark: days off of the region left out (DC4), unless the region counts them.
    pub fn working_age(&self, now: Timestamp, windows: &[DowntimeWindow], settings: &Settings) -> Millis {
        if settings.calendar.age72 == Age72::WallClock {
            return self.age(now, windows);
        }
        let off: Millis = self
            .failing
            .iter()
            .flat_map(|s| settings.calendar.days_off(s.from, s.to.unwrap_or(now)))
            // What of a day off lies in an outage is no part of the age already.
            .map(|(from, to)| to.since(from) - crate::downtime::outage_within(windows, from, to))
            .sum();
        (self.age(now, windows) - off).max(0)
    }

    /// Whose it is by its age alone (AL4).
    pub fn band(age: Millis) -> Band {
        if age >= 72 * HOUR {
            Band::Overdue
        } else if age >= 24 * HOUR {
            Band::Rod
        } else {
            Band::FirstLine
        }
    }

    /// Since when it is OK; `None` while it is failing.
    pub fn ok_since(&self) -> Option<Timestamp> {
        self.failing.last().and_then(|s| s.to)
    }

    /// When its OK becomes stable, if it stays and nothing flaps; `None` while it is failing or flapping.
    pub fn stable_at(&self) -> Option<Timestamp> {
        if self.flags.contains_key(&Flag::Flapping) {
            return None;
        }
        self.ok_since().map(|t| t.plus(self.about.stable_for))
    }

    /// Whether it is stable OK.
    pub fn stable_ok(&self, now: Timestamp) -> bool {
        self.stable_at().is_some_and(|t| t <= now)
    }

    /// Whether it is unstable: too many turns between OK and non-OK of late, or flapping.
    pub fn unstable(&self, now: Timestamp, settings: &Settings) -> bool {
        let recent = self.turns.iter().filter(|t| now.since(**t) <= settings.unstable_window).count();
        recent >= usize::try_from(settings.unstable_changes).unwrap_or(usize::MAX)
            || self.flags.contains_key(&Flag::Flapping)
    }

    /// AL8 to AL10: it leads no others.
    pub fn barred_from_leading(&self) -> bool {
        self.flags.keys().any(|f| f.bars_from_leading())
    }

    /// AL8 and AL9: set apart, no ticket against the site.
    pub fn set_apart(&self) -> bool {
        self.flags.keys().any(|f| f.sets_apart())
    }
}

/// Whose an alarm is by its age (AL4, and the 72 h of later practice).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Band {
    /// Under 24 h.
    FirstLine,
    /// 24 h or more: ROD's, needs a ticket.
    Rod,
    /// 72 h or more.
    Overdue,
}
