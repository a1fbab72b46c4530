//! One block of status.dat, borrowed from the reader's buffer: cheap enough for 100,000 services of which few matter.

use super::blocks::{Block, BlockError, milli, number};
use crate::source::text::{Interner, LONG_OUTPUT_LIMIT, OUTPUT_LIMIT, lossless};
use alarm_core::input::{HostSeen, Object, Report, ScheduledDowntime, Seen, ServiceSeen};
use alarm_core::state::State;
use alarm_core::time::{SECOND, Timestamp};
use std::borrow::Cow;
use std::path::Path;

/// `hoststatus` or `servicestatus`. Times are epoch seconds, 0 for never; texts are raw bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckRecord<'a> {
    /// host_name.
    pub host: &'a [u8],
    /// service_description; `None` for a host.
    pub service: Option<&'a [u8]>,
    /// current_state.
    pub state: State,
    /// state_type: HARD; otherwise SOFT.
    pub hard: bool,
    /// last_hard_state.
    pub last_hard_state: State,
    /// current_attempt.
    pub attempt: u32,
    /// max_attempts.
    pub max_attempts: u32,
    /// has_been_checked; otherwise the state is what the configuration supposed (DC9).
    pub has_been_checked: bool,
    /// last_check.
    pub last_check: i64,
    /// next_check.
    pub next_check: i64,
    /// last_state_change.
    pub last_state_change: i64,
    /// last_hard_state_change.
    pub last_hard_state_change: i64,
    /// First line of the output.
    pub plugin_output: &'a [u8],
    /// Further lines, escaped; see [`unescape`].
    pub long_plugin_output: &'a [u8],
    /// Performance data, one line.
    pub performance_data: &'a [u8],
    /// notifications_enabled.
    pub notifications_enabled: bool,
    /// problem_has_been_acknowledged.
    pub acknowledged: bool,
    /// acknowledgement_type is 2. Keeps its value when an acknowledgement is removed: look at `acknowledged` first.
    pub sticky: bool,
    /// is_flapping.
    pub is_flapping: bool,
    /// scheduled_downtime_depth.
    pub downtime_depth: u32,
    /// current_notification_number.
    pub notification_number: u32,
    /// last_notification (last_host_notification in old versions).
    pub last_notification: i64,
    /// next_notification.
    pub next_notification: i64,
    /// no_more_notifications.
    pub no_more_notifications: bool,
    /// check_interval in the monitor's units ×1000.
    pub check_interval_milli: i64,
    /// retry_interval in the monitor's units ×1000.
    pub retry_interval_milli: i64,
}

impl<'a> CheckRecord<'a> {
    pub(super) fn read(block: &Block<'a>, is_service: bool, path: &Path) -> Result<Self, BlockError> {
        let healthy = if is_service { State::Ok } else { State::Up };
        let mut r = CheckRecord {
            host: b"",
            service: is_service.then_some(b"".as_slice()),
            state: healthy,
            hard: true,
            last_hard_state: healthy,
            attempt: 0,
            max_attempts: 0,
            has_been_checked: false,
            last_check: 0,
            next_check: 0,
            last_state_change: 0,
            last_hard_state_change: 0,
            plugin_output: b"",
            long_plugin_output: b"",
            performance_data: b"",
            notifications_enabled: true,
            acknowledged: false,
            sticky: false,
            is_flapping: false,
            downtime_depth: 0,
            notification_number: 0,
            last_notification: 0,
            next_notification: 0,
            no_more_notifications: false,
            check_interval_milli: 0,
            retry_interval_milli: 0,
        };
        // The state is the one thing that must be right; what else cannot be read counts as absent.
        let mut state: (&[u8], &[u8]) = (b"", b"");
        for (key, value) in block.fields() {
            // By length first: of some seventy fields a block has, most are passed over after one comparison.
            match (key.len(), key) {
                (9, b"host_name") => r.host = value,
                (19, b"service_description") if is_service => r.service = Some(value),
                (13, b"current_state") => state.0 = value,
                (10, b"state_type") => r.hard = value == b"1",
                (15, b"last_hard_state") => state.1 = value,
                (15, b"current_attempt") => r.attempt = small(value),
                (12, b"max_attempts") => r.max_attempts = small(value),
                (16, b"has_been_checked") => r.has_been_checked = value == b"1",
                (10, b"last_check") => r.last_check = time(value),
                (10, b"next_check") => r.next_check = time(value),
                (17, b"last_state_change") => r.last_state_change = time(value),
                (22, b"last_hard_state_change") => r.last_hard_state_change = time(value),
                (13, b"plugin_output") => r.plugin_output = value,
                (18, b"long_plugin_output") => r.long_plugin_output = value,
                (16, b"performance_data") => r.performance_data = value,
                (21, b"notifications_enabled") => r.notifications_enabled = value == b"1",
                (29, b"problem_has_been_acknowledged") => r.acknowledged = value == b"1",
                (20, b"acknowledgement_type") => r.sticky = value == b"2",
                (11, b"is_flapping") => r.is_flapping = value == b"1",
                (24, b"scheduled_downtime_depth") => r.downtime_depth = small(value),
                (27, b"current_notification_number") => r.notification_number = small(value),
                (17, b"last_notification") | (22, b"last_host_notification") => r.last_notification = time(value),
                (17, b"next_notification") | (22, b"next_host_notification") => r.next_notification = time(value),
                (21, b"no_more_notifications") => r.no_more_notifications = value == b"1",
                (14, b"check_interval") => r.check_interval_milli = milli(value).unwrap_or(0),
                (14, b"retry_interval") => r.retry_interval_milli = milli(value).unwrap_or(0),
                _ => {}
            }
        }
        let bad = |key, value: &[u8]| BlockError::Value {
            path: path.to_path_buf(),
            kind: if is_service { "servicestatus" } else { "hoststatus" },
            object: r.label(),
            key,
            value: lossless(value).into_owned(),
        };
        if r.host.is_empty() {
            return Err(bad("host_name", b""));
        }
        if r.service.is_some_and(<[u8]>::is_empty) {
            return Err(bad("service_description", b""));
        }
        let word = |value: &[u8]| {
            let value = number(value)?;
            if is_service { State::of_service(value) } else { State::of_host(value) }
        };
        let current = word(state.0).ok_or_else(|| bad("current_state", state.0))?;
        let last_hard =
            if state.1.is_empty() { current } else { word(state.1).ok_or_else(|| bad("last_hard_state", state.1))? };
        (r.state, r.last_hard_state) = (current, last_hard);
        Ok(r)
    }

    /// The object's name, shared.
    pub fn object(&self, names: &mut Interner) -> Object {
        Object { host: names.name(self.host), service: self.service.map(|s| names.name(s)) }
    }

    /// The state as an observation. With `texts`, long output and performance data too.
    pub fn seen(&self, names: &mut Interner, texts: bool) -> Seen {
        let Object { host, service } = self.object(names);
        let (state, hard, attempt, pending) = (self.state, self.hard, self.attempt, !self.has_been_checked);
        let output = names.text(self.plugin_output, OUTPUT_LIMIT);
        let (last_check, last_change) = (when(self.last_check), when(self.last_state_change));
        let report = Report::Listed;
        match service {
            Some(service) => Seen::Service(ServiceSeen {
                host,
                service,
                state,
                hard,
                report,
                attempt,
                pending,
                output,
                long_output: match texts {
                    true => names.text(&unescape(self.long_plugin_output), LONG_OUTPUT_LIMIT),
                    false => names.empty(),
                },
                perf_data: match texts {
                    true => names.text(self.performance_data, LONG_OUTPUT_LIMIT),
                    false => names.empty(),
                },
                last_check,
                last_change,
                stands_for: None,
            }),
            None => {
                Seen::Host(HostSeen { host, state, hard, report, attempt, pending, output, last_check, last_change })
            }
        }
    }

    fn label(&self) -> String {
        match self.service {
            Some(service) => format!("{};{}", lossless(self.host), lossless(service)),
            None => lossless(self.host).into_owned(),
        }
    }
}

/// `hostdowntime` or `servicedowntime`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DowntimeRecord<'a> {
    /// host_name.
    pub host: &'a [u8],
    /// service_description; `None` for a host.
    pub service: Option<&'a [u8]>,
    /// downtime_id.
    pub id: u64,
    /// entry_time.
    pub entered: i64,
    /// start_time.
    pub start: i64,
    /// end_time.
    pub end: i64,
    /// triggered_by.
    pub triggered_by: u64,
    /// fixed; otherwise flexible.
    pub fixed: bool,
    /// duration in seconds.
    pub duration: i64,
    /// is_in_effect; versions without it: see the objects' downtime_depth.
    pub in_effect: bool,
    /// author.
    pub author: &'a [u8],
    /// comment.
    pub comment: &'a [u8],
}

impl<'a> DowntimeRecord<'a> {
    pub(super) fn read(block: &Block<'a>, is_service: bool) -> Self {
        let mut r = DowntimeRecord { service: is_service.then_some(b"".as_slice()), ..DowntimeRecord::default() };
        for (key, value) in block.fields() {
            match key {
                b"host_name" => r.host = value,
                b"service_description" if is_service => r.service = Some(value),
                b"downtime_id" => r.id = id(value),
                b"entry_time" => r.entered = time(value),
                b"start_time" => r.start = time(value),
                b"end_time" => r.end = time(value),
                b"triggered_by" => r.triggered_by = id(value),
                b"fixed" => r.fixed = value == b"1",
                b"duration" => r.duration = time(value),
                b"is_in_effect" => r.in_effect = value == b"1",
                b"author" => r.author = value,
                b"comment" => r.comment = value,
                _ => {}
            }
        }
        r
    }

    /// The downtime as the engine takes it.
    pub fn scheduled(&self, names: &mut Interner) -> ScheduledDowntime {
        ScheduledDowntime {
            object: Object { host: names.name(self.host), service: self.service.map(|s| names.name(s)) },
            host_services: false,
            id: Some(self.id),
            start: Timestamp::from_secs(self.start),
            end: Timestamp::from_secs(self.end),
            fixed: self.fixed,
            duration: self.duration.saturating_mul(SECOND),
            triggered_by: self.triggered_by,
            author: names.name(self.author),
            comment: names.text(self.comment, OUTPUT_LIMIT),
        }
    }
}

/// `hostcomment` or `servicecomment`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CommentRecord<'a> {
    /// host_name.
    pub host: &'a [u8],
    /// service_description; `None` for a host.
    pub service: Option<&'a [u8]>,
    /// entry_type: 1 by people, 2 of a downtime, 3 of flapping, 4 of an acknowledgement.
    pub entry_type: u32,
    /// comment_id.
    pub id: u64,
    /// entry_time.
    pub entered: i64,
    /// author.
    pub author: &'a [u8],
    /// comment_data.
    pub text: &'a [u8],
}

impl<'a> CommentRecord<'a> {
    pub(super) fn read(block: &Block<'a>, is_service: bool) -> Self {
        let mut r = CommentRecord { service: is_service.then_some(b"".as_slice()), ..CommentRecord::default() };
        for (key, value) in block.fields() {
            match key {
                b"host_name" => r.host = value,
                b"service_description" if is_service => r.service = Some(value),
                b"entry_type" => r.entry_type = small(value),
                b"comment_id" => r.id = id(value),
                b"entry_time" => r.entered = time(value),
                b"author" => r.author = value,
                b"comment_data" => r.text = value,
                _ => {}
            }
        }
        r
    }
}

/// Long output as the plugin printed it: `\n` is a newline, `\\` a backslash, anything else itself.
pub fn unescape(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escaped) = rest.split_at(at);
        text.extend_from_slice(plain);
        match escaped.get(1) {
            Some(b'n') => text.push(b'\n'),
            Some(b'\\') | None => text.push(b'\\'),
            Some(other) => text.extend_from_slice(&[b'\\', *other]),
        }
        rest = escaped.get(2..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    Cow::Owned(text)
}

/// A point in time from epoch seconds; `None` for 0, which means never.
pub fn when(secs: i64) -> Option<Timestamp> {
    (secs > 0).then(|| Timestamp::from_secs(secs))
}

pub(super) fn time(value: &[u8]) -> i64 {
    number(value).unwrap_or(0)
}

fn small(value: &[u8]) -> u32 {
    number(value).and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

fn id(value: &[u8]) -> u64 {
    number(value).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_output_is_unescaped() {
        assert_eq!(unescape(b"plain").as_ref(), b"plain");
        assert_eq!(unescape(br"a\nb\\nc\td\").as_ref(), b"a\nb\\nc\\td\\");
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(bytes: Vec<u8>) {
            let mut escaped = Vec::new();
            for byte in &bytes {
                match byte {
                    b'\n' => escaped.extend_from_slice(br"\n"),
                    b'\\' => escaped.extend_from_slice(br"\\"),
                    other => escaped.push(*other),
                }
            }
            let back = unescape(&escaped);
            prop_assert_eq!(back.as_ref(), &bytes[..]);
        }
    }
}
