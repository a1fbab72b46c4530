//! The queues of the board, and the one next action of each alarm (DE3).
//!
//! Each alarm stands in exactly one queue, the first that it fits in the order of [`Queue::ALL`]. The queues of tickets come
//! with tickets; until then every alarm is one without.

use crate::alarm::{Alarm, AlarmId, Band};
use crate::flag::Flag;
use crate::input::Text;
use crate::state::State;
use crate::time::{DAY, Millis, Timestamp};
use crate::world::Closed;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A queue of the board. Their order is that in which an alarm is matched.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// Under its leader (AL6, AL14).
    Masked,
    /// Under a common cause (AL18).
    CommonCause,
    /// A security matter (AL17): on no page until sign-in exists.
    Security,
    /// Monitoring off, not in production, not registered (AL8, AL9).
    SetApart,
    /// In an outage downtime (AL10).
    Downtime,
    /// OK, and stable.
    OkStable,
    /// OK, and not yet stable.
    OkNotStable,
    /// Failing for 72 h or more, days off left out (DC4), without a ticket.
    #[serde(rename = "over-72h")]
    Over72,
    /// Failing for 24 h or more, without a ticket (AL4).
    #[serde(rename = "over-24h")]
    Over24,
    /// Everything else: failing for less than 24 h.
    New,
}

impl Queue {
    /// All of them, in the order in which an alarm is matched.
    pub const ALL: [Queue; 10] = [
        Queue::Masked,
        Queue::CommonCause,
        Queue::Security,
        Queue::SetApart,
        Queue::Downtime,
        Queue::OkStable,
        Queue::OkNotStable,
        Queue::Over72,
        Queue::Over24,
        Queue::New,
    ];

    /// Those of the board, in the order in which they need work.
    pub const ON_BOARD: [Queue; 9] = [
        Queue::Over72,
        Queue::Over24,
        Queue::New,
        Queue::OkStable,
        Queue::OkNotStable,
        Queue::Downtime,
        Queue::SetApart,
        Queue::CommonCause,
        Queue::Masked,
    ];

    /// The queue of an alarm whose age puts it into `band`.
    pub fn of(alarm: &Alarm, now: Timestamp, band: Band) -> Queue {
        if alarm.masked_by.is_some() {
            Queue::Masked
        } else if alarm.cause.is_some() {
            Queue::CommonCause
        } else if alarm.about.security {
            Queue::Security
        } else if alarm.set_apart() {
            Queue::SetApart
        } else if alarm.flags.contains_key(&Flag::Outage) {
            Queue::Downtime
        } else if !alarm.failing_now() {
            if alarm.stable_ok(now) { Queue::OkStable } else { Queue::OkNotStable }
        } else {
            match band {
                Band::Overdue => Queue::Over72,
                Band::Rod => Queue::Over24,
                Band::FirstLine => Queue::New,
            }
        }
    }

    /// Its name in addresses and interfaces.
    pub fn word(self) -> &'static str {
        match self {
            Queue::Masked => "masked",
            Queue::CommonCause => "common-cause",
            Queue::Security => "security",
            Queue::SetApart => "set-apart",
            Queue::Downtime => "downtime",
            Queue::OkStable => "ok-stable",
            Queue::OkNotStable => "ok-not-stable",
            Queue::Over72 => "over-72h",
            Queue::Over24 => "over-24h",
            Queue::New => "new",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Queue::Masked => "Masked",
            Queue::CommonCause => "Common cause",
            Queue::Security => "Security",
            Queue::SetApart => "Set apart",
            Queue::Downtime => "In downtime",
            Queue::OkStable => "OK, stable",
            Queue::OkNotStable => "OK, not yet stable",
            Queue::Over72 => "Over 72 h",
            Queue::Over24 => "Over 24 h",
            Queue::New => "New",
        }
    }

    /// What stands in it, in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Queue::Masked => "Another alarm of the same site stands for these.",
            Queue::CommonCause => "One cause at several sites stands for these.",
            Queue::Security => "Security matters.",
            Queue::SetApart => "Not monitored, not in production, or not registered: no ticket against the site.",
            Queue::Downtime => "The site has announced an outage: no ticket.",
            Queue::OkStable => "OK for long enough: switch them off.",
            Queue::OkNotStable => "OK, but not for long enough yet: wait.",
            Queue::Over72 => "Failing for 72 h or more, days off not counted, and without a ticket.",
            Queue::Over24 => "Failing for 24 h or more: each needs a ticket.",
            Queue::New => "Failing for less than 24 h: 1st line works on these.",
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The one next action of an alarm, or why there is none.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "kebab-case")]
pub enum NextStep {
    /// It is stable OK.
    SwitchOff,
    /// It is OK, and has to stay so.
    WaitUntilStable {
        /// Until then; `None`: it is flapping, so nobody knows.
        at: Option<Timestamp>,
    },
    /// 24 h or more (AL4).
    Ticket,
    /// 24 h or more, in a state that by the profile needs no ticket (AL1).
    NoTicketNeeded {
        /// The state.
        state: State,
    },
    /// A time-out that no second result has confirmed (AL7), or a failure under a host that was not UP (DC6).
    WaitForResult,
    /// Under 24 h: 1st line's (AL4).
    FirstLine {
        /// It becomes 24 h old then, if it goes on failing.
        until: Timestamp,
    },
    /// In an outage (AL10).
    InDowntime {
        /// Its end; `None`: not known.
        until: Option<Timestamp>,
    },
    /// The monitor no longer watches it (DC10).
    NoLongerMonitored,
    /// Monitoring is off in the topology (AL8).
    MonitoringOff,
    /// Not in production (AL9).
    NotInProduction,
    /// Not in the topology (AL9).
    NotRegistered,
    /// Under its leader.
    Masked {
        /// The leader.
        leader: AlarmId,
        /// By the program, as one of a family (AL14).
        family: bool,
    },
    /// Under a common cause.
    UnderCause {
        /// The cause.
        cause: Text,
    },
    /// It is not on the board.
    SwitchedOff {
        /// It comes back then at the latest; `None`: it was OK.
        until: Option<Timestamp>,
    },
}

impl NextStep {
    /// The next step of an alarm on the board.
    pub fn of(alarm: &Alarm, now: Timestamp, age: Millis, band: Band) -> NextStep {
        let has = |flag| alarm.flags.contains_key(&flag);
        match Queue::of(alarm, now, band) {
            Queue::OkStable => return NextStep::SwitchOff,
            Queue::OkNotStable => return NextStep::WaitUntilStable { at: alarm.stable_at() },
            Queue::Downtime => {
                return NextStep::InDowntime { until: alarm.flags.get(&Flag::Outage).and_then(|m| m.until) };
            }
            _ => {}
        }
        if let Some(mask) = &alarm.masked_by {
            return NextStep::Masked { leader: mask.leader.clone(), family: mask.family };
        }
        if let Some(cause) = &alarm.cause {
            return NextStep::UnderCause { cause: cause.clone() };
        }
        if has(Flag::MonitoringOff) {
            NextStep::MonitoringOff
        } else if has(Flag::NotInProduction) {
            NextStep::NotInProduction
        } else if has(Flag::NotRegistered) {
            NextStep::NotRegistered
        } else if !alarm.failing_now() {
            // A security matter that is OK: its own queue comes first.
            if alarm.stable_ok(now) { NextStep::SwitchOff } else { NextStep::WaitUntilStable { at: alarm.stable_at() } }
        } else if has(Flag::NoLongerMonitored) {
            NextStep::NoLongerMonitored
        } else if band != Band::FirstLine {
            match alarm.about.ticket_states.contains(&alarm.state) {
                true => NextStep::Ticket,
                false => NextStep::NoTicketNeeded { state: alarm.state },
            }
        } else if has(Flag::TimeOut) || has(Flag::NotSettled) {
            NextStep::WaitForResult
        } else {
            NextStep::FirstLine { until: now.plus(DAY - age) }
        }
    }

    /// Of an alarm that left the board; `None`: its problem no longer counted, so there is nothing to come.
    pub fn of_closed(closed: &Closed) -> Option<NextStep> {
        closed.off.as_ref().map(|off| NextStep::SwitchedOff { until: off.until })
    }

    /// Whether the operator can do it now; otherwise it says why there is nothing to do.
    pub fn is_action(&self) -> bool {
        matches!(
            self,
            NextStep::SwitchOff | NextStep::Ticket | NextStep::FirstLine { .. } | NextStep::NoLongerMonitored
        )
    }

    /// In two or three words, for a row.
    pub fn title(&self) -> &'static str {
        match self {
            NextStep::SwitchOff => "Switch off",
            NextStep::WaitUntilStable { at: Some(_) } => "Wait until stable",
            NextStep::WaitUntilStable { at: None } => "Flapping: wait",
            NextStep::Ticket => "Needs a ticket",
            NextStep::NoTicketNeeded { .. } => "No ticket needed",
            NextStep::WaitForResult => "Wait for next result",
            NextStep::FirstLine { .. } => "1st line: work on it",
            NextStep::InDowntime { .. } => "In downtime",
            NextStep::NoLongerMonitored => "No longer monitored",
            NextStep::MonitoringOff => "Monitoring is off",
            NextStep::NotInProduction => "Not in production",
            NextStep::NotRegistered => "Not registered",
            NextStep::Masked { family: false, .. } => "Masked",
            NextStep::Masked { family: true, .. } => "Masked in its family",
            NextStep::UnderCause { .. } => "Under a common cause",
            NextStep::SwitchedOff { .. } => "Switched off",
        }
    }

    /// In a short sentence; the time, the alarm or the cause in it are asked for apart.
    pub fn words(&self) -> &'static str {
        match self {
            NextStep::SwitchOff => "It is OK for long enough: switch it off.",
            NextStep::WaitUntilStable { at: Some(_) } => "It is OK: wait until it has been OK for long enough.",
            NextStep::WaitUntilStable { at: None } => "It is OK but flapping: wait until it stops.",
            NextStep::Ticket => "It needs a ticket: open one in your helpdesk.",
            NextStep::NoTicketNeeded { .. } => "This state needs no ticket: wait until it changes.",
            NextStep::WaitForResult => "This may be a false alarm: wait for the next result.",
            NextStep::FirstLine { .. } => "1st line works on it until it is 24 h old.",
            NextStep::InDowntime { .. } => "The site is working on it: wait for the end of the downtime.",
            NextStep::NoLongerMonitored => "Nobody tests it any more: find out why, then switch it off with a reason.",
            NextStep::MonitoringOff => "The site has switched monitoring off: no ticket for the site.",
            NextStep::NotInProduction => "The site says it is not in production: no ticket for the site.",
            NextStep::NotRegistered => "The site has not registered it: no ticket for the site.",
            NextStep::Masked { family: false, .. } => "Another alarm of the site stands for it: work on that one.",
            NextStep::Masked { family: true, .. } => "The first alarm of its family stands for it: work on that one.",
            NextStep::UnderCause { .. } => "It has a cause that other sites have too: wait until that ends.",
            NextStep::SwitchedOff { until: Some(_) } => {
                "Switched off: it comes back then, or when it fails after an OK."
            }
            NextStep::SwitchedOff { until: None } => "Switched off while it was OK: a new failure is a new alarm.",
        }
    }

    /// The time that it waits for.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            NextStep::WaitUntilStable { at } => *at,
            NextStep::FirstLine { until } => Some(*until),
            NextStep::InDowntime { until } | NextStep::SwitchedOff { until } => *until,
            _ => None,
        }
    }
}
