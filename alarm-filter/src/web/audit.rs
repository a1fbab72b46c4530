//! The filter's check of itself against what the monitor told people: every problem that was notified has an alarm, every
//! alarm that was not notified has the reason. Filled elsewhere; shown on `/audit`. Security matters are not in it (AL17).

use alarm_core::flag::Flag;
use alarm_core::input::Text;
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AuditReport {
    /// From when on was looked at.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Hard problems of alarms in that time.
    pub problems: u64,
    /// Those of them that the monitor notified.
    pub notified: u64,
    /// Those that it did not, by reason; one with several reasons counts under each.
    pub not_notified: BTreeMap<Flag, u64>,
    /// Those that it did not, and nothing says why.
    pub unexplained: u64,
    /// Those of which nothing can be said: listings, or a source without notifications.
    pub not_asked: u64,
    /// Problems that the monitor notified and that have no alarm: each is a fault of the filter, or of its profile.
    pub faults: Vec<Finding>,
    /// Some of the unexplained ones.
    pub examples: Vec<Finding>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// When, by the monitor's clock.
    pub at: Timestamp,
    /// The monitor.
    pub monitor: Text,
    /// Nagios' host_name.
    pub host: Text,
    /// Nagios' service_description; `None`: the host itself.
    pub service: Option<Text>,
    /// The state.
    pub state: State,
    /// What is known of it.
    pub detail: String,
}

impl AuditReport {
    /// What the running check counted since `from`.
    pub fn of(counted: &crate::audit::AuditReport, from: Timestamp, to: Timestamp) -> Self {
        let finding = |c: &crate::audit::Case| Finding {
            at: c.since,
            monitor: c.monitor.clone(),
            host: c.key.host.clone(),
            service: c.key.service.clone(),
            state: c.state,
            detail: c.to_string(),
        };
        AuditReport {
            from,
            to,
            problems: counted.notified + counted.not_notified + counted.not_asked,
            notified: counted.notified,
            not_notified: counted.not_notified_by_reason.clone(),
            unexplained: counted.unexplained,
            not_asked: counted.not_asked,
            faults: counted.fault_list.iter().map(finding).collect(),
            examples: counted.unexplained_list.iter().map(finding).collect(),
        }
    }

    /// Problems that the monitor did not notify, for reasons that are known.
    pub fn explained(&self) -> u64 {
        self.problems.saturating_sub(self.notified + self.unexplained + self.not_asked)
    }
}
