//! status.dat: where every host and service stands, as the monitor writes it every few seconds to minutes.
//!
//! [`visit`] hands out each block borrowed; [`StatusSnapshot`] owns all of it, for tests and small sites.

use super::blocks::{BlockError, Format, scan};
use super::record::{CheckRecord, CommentRecord, DowntimeRecord, time, when};
use crate::source::text::Interner;
use alarm_core::input::{Object, ScheduledDowntime, Seen, Text};
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use std::io::Read;
use std::path::Path;

/// One block of status.dat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Record<'a> {
    /// `hoststatus`.
    Host(CheckRecord<'a>),
    /// `servicestatus`.
    Service(CheckRecord<'a>),
    /// `hostdowntime`, `servicedowntime`.
    Downtime(DowntimeRecord<'a>),
    /// `hostcomment`, `servicecomment`.
    Comment(CommentRecord<'a>),
}

/// What the file says of the monitor itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ProgramStatus {
    /// nagios_pid.
    pub pid: u32,
    /// program_start; changes with each start and reload.
    pub program_start: Timestamp,
    /// enable_notifications: the global switch.
    pub enable_notifications: bool,
    /// last_log_rotation, if ever.
    pub last_log_rotation: Option<Timestamp>,
    /// active_service_checks_enabled and passive_service_checks_enabled: with both off nothing new is seen.
    pub service_checks_enabled: bool,
}

/// What a whole file says, without its objects.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// When the monitor wrote it, by its own clock.
    pub created: Timestamp,
    /// The monitor's version, as it writes it.
    pub version: String,
    /// The monitor itself.
    pub program: ProgramStatus,
    /// How many `hoststatus` blocks there were.
    pub hosts: usize,
    /// How many `servicestatus` blocks there were.
    pub services: usize,
}

/// Reads a status.dat and hands out each block of it, in the file's order (hosts, services, comments, downtimes).
///
/// Until it returns `Ok` the file may turn out to be cut off: do not act on what was handed out before.
pub fn visit<R: Read>(input: R, path: &Path, mut each: impl FnMut(Record<'_>)) -> Result<Summary, BlockError> {
    let mut summary = Summary::default();
    let (mut has_info, mut has_program) = (false, false);
    scan(
        input,
        path,
        Format::Status,
        |_| {},
        |block| {
            each(match block.kind {
                b"hoststatus" => {
                    summary.hosts += 1;
                    Record::Host(CheckRecord::read(block, false, path)?)
                }
                b"servicestatus" => {
                    summary.services += 1;
                    Record::Service(CheckRecord::read(block, true, path)?)
                }
                b"hostdowntime" => Record::Downtime(DowntimeRecord::read(block, false)),
                b"servicedowntime" => Record::Downtime(DowntimeRecord::read(block, true)),
                b"hostcomment" => Record::Comment(CommentRecord::read(block, false)),
                b"servicecomment" => Record::Comment(CommentRecord::read(block, true)),
                b"info" => {
                    has_info = true;
                    for (key, value) in block.fields() {
                        match key {
                            b"created" => summary.created = Timestamp::from_secs(time(value)),
                            b"version" => summary.version = crate::source::text::limited(value, 80).into_owned(),
                            _ => {}
                        }
                    }
                    return Ok(());
                }
                b"programstatus" => {
                    has_program = true;
                    for (key, value) in block.fields() {
                        let program = &mut summary.program;
                        match key {
                            b"nagios_pid" | b"naemon_pid" => program.pid = u32::try_from(time(value)).unwrap_or(0),
                            b"program_start" => program.program_start = Timestamp::from_secs(time(value)),
                            b"enable_notifications" => program.enable_notifications = value == b"1",
                            b"last_log_rotation" => program.last_log_rotation = when(time(value)),
                            b"active_service_checks_enabled" | b"passive_service_checks_enabled" => {
                                program.service_checks_enabled |= value == b"1";
                            }
                            _ => {}
                        }
                    }
                    return Ok(());
                }
                _ => return Ok(()),
            });
            Ok(())
        },
    )?;
    let missing = |kind| BlockError::Missing { path: path.to_path_buf(), format: Format::Status.name(), kind };
    if !has_info || summary.created == Timestamp(0) {
        return Err(missing("info"));
    }
    if !has_program {
        return Err(missing("programstatus"));
    }
    Ok(summary)
}

/// As [`visit`], of a file.
pub fn visit_file(path: &Path, each: impl FnMut(Record<'_>)) -> Result<Summary, BlockError> {
    let file = crate::access::open(path).map_err(|source| BlockError::Io { path: path.to_path_buf(), source })?;
    visit(file, path, each)
}

/// A host or service, owned.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectStatus {
    /// The object.
    pub object: Object,
    /// State and texts, as an observation.
    pub seen: Seen,
    /// current_state.
    pub state: State,
    /// state_type: HARD.
    pub hard: bool,
    /// last_hard_state.
    pub last_hard_state: State,
    /// max_attempts.
    pub max_attempts: u32,
    /// last_hard_state_change.
    pub last_hard_change: Option<Timestamp>,
    /// next_check.
    pub next_check: Option<Timestamp>,
    /// notifications_enabled.
    pub notifications_enabled: bool,
    /// problem_has_been_acknowledged, and whether sticky.
    pub acknowledged: Option<bool>,
    /// is_flapping.
    pub is_flapping: bool,
    /// scheduled_downtime_depth.
    pub downtime_depth: u32,
    /// current_notification_number.
    pub notification_number: u32,
    /// last_notification.
    pub last_notification: Option<Timestamp>,
    /// next_notification.
    pub next_notification: Option<Timestamp>,
    /// no_more_notifications.
    pub no_more_notifications: bool,
    /// check_interval in units ×1000.
    pub check_interval_milli: i64,
    /// retry_interval in units ×1000.
    pub retry_interval_milli: i64,
}

impl ObjectStatus {
    /// Takes over a record, sharing names.
    pub fn of(r: &CheckRecord<'_>, names: &mut Interner) -> Self {
        ObjectStatus {
            object: r.object(names),
            seen: r.seen(names, true),
            state: r.state,
            hard: r.hard,
            last_hard_state: r.last_hard_state,
            max_attempts: r.max_attempts,
            last_hard_change: when(r.last_hard_state_change),
            next_check: when(r.next_check),
            notifications_enabled: r.notifications_enabled,
            acknowledged: r.acknowledged.then_some(r.sticky),
            is_flapping: r.is_flapping,
            downtime_depth: r.downtime_depth,
            notification_number: r.notification_number,
            last_notification: when(r.last_notification),
            next_notification: when(r.next_notification),
            no_more_notifications: r.no_more_notifications,
            check_interval_milli: r.check_interval_milli,
            retry_interval_milli: r.retry_interval_milli,
        }
    }
}

/// A downtime and whether it is in effect.
#[derive(Clone, Debug, PartialEq)]
pub struct DowntimeStatus {
    /// The downtime, with the monitor's id.
    pub downtime: ScheduledDowntime,
    /// is_in_effect.
    pub in_effect: bool,
    /// When it was entered.
    pub entered: Timestamp,
}

/// Who acknowledged a problem, and why (comments of entry_type 4). The comment may outlive the acknowledgement.
#[derive(Clone, Debug, PartialEq)]
pub struct AcknowledgementComment {
    /// The object.
    pub object: Object,
    /// When.
    pub entered: Timestamp,
    /// Who.
    pub author: Text,
    /// Why.
    pub comment: Text,
}

/// A whole status.dat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatusSnapshot {
    /// Times and the monitor itself.
    pub summary: Summary,
    /// Hosts, in the file's order.
    pub hosts: Vec<ObjectStatus>,
    /// Services, in the file's order.
    pub services: Vec<ObjectStatus>,
    /// Downtimes.
    pub downtimes: Vec<DowntimeStatus>,
    /// Comments of acknowledgements; of one object the latest counts.
    pub acknowledgements: Vec<AcknowledgementComment>,
}

impl StatusSnapshot {
    /// Reads the content of the file at `path`.
    pub fn read<R: Read>(input: R, path: &Path, names: &mut Interner) -> Result<Self, BlockError> {
        let mut all = StatusSnapshot::default();
        all.summary = visit(input, path, |record| match record {
            Record::Host(r) => all.hosts.push(ObjectStatus::of(&r, names)),
            Record::Service(r) => all.services.push(ObjectStatus::of(&r, names)),
            Record::Downtime(r) => all.downtimes.push(DowntimeStatus {
                downtime: r.scheduled(names),
                in_effect: r.in_effect,
                entered: Timestamp::from_secs(r.entered),
            }),
            Record::Comment(r) if r.entry_type == 4 => all.acknowledgements.push(AcknowledgementComment {
                object: Object { host: names.name(r.host), service: r.service.map(|s| names.name(s)) },
                entered: Timestamp::from_secs(r.entered),
                author: names.name(r.author),
                comment: names.text(r.text, crate::source::text::OUTPUT_LIMIT),
            }),
            Record::Comment(_) => {}
        })?;
        Ok(all)
    }

    /// Reads a file.
    pub fn load(path: &Path, names: &mut Interner) -> Result<Self, BlockError> {
        let file = crate::access::open(path).map_err(|source| BlockError::Io { path: path.to_path_buf(), source })?;
        StatusSnapshot::read(file, path, names)
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
