//! A line into an input.

use super::command::{self, Outcome};
use super::line::{self, Line, LineKind, Names, NotificationLine, StateLine};
use crate::source::text::{Interner, OUTPUT_LIMIT};
use alarm_core::input::{HostSeen, Input, NotificationSeen, Object, Observation, Origin, Seen, ServiceSeen, Text};
use alarm_core::time::Timestamp;

/// What became of the lines read so far: nothing is dropped without being counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Lines in all; the rest of the fields but `partly` add up to this.
    pub lines: u64,
    /// Lines that became an input.
    pub inputs: u64,
    /// Passive results and commands that carry one.
    pub passive: u64,
    /// Lines that nothing is taken from.
    pub other: u64,
    /// Lines of a known kind but not of its shape, and lines without `[epoch]`.
    pub malformed: u64,
    /// Commands that matter but cover objects which the log does not name (groups); status.dat shows what they did.
    pub unexpanded: u64,
    /// Of `inputs`: commands that cover further objects (children of a host) or end by themselves; see `unexpanded`.
    pub partly: u64,
}

/// Turns lines of one monitor into inputs. Shares names; knows the monitor's distance from UTC.
#[derive(Debug)]
pub struct Observer {
    monitor: Text,
    names: Interner,
    /// Notifications repeat what the alert before them said, one for each contact.
    last_output: Text,
    counts: Counts,
    utc_offset: Option<i32>,
    last_malformed: Option<&'static str>,
}

impl Observer {
    /// For the monitor of that name in the configuration.
    pub fn new(monitor: &str) -> Self {
        Observer {
            monitor: monitor.into(),
            names: Interner::default(),
            last_output: Text::default(),
            counts: Counts::default(),
            utc_offset: None,
            last_malformed: None,
        }
    }

    /// What a line (without its newline) says; `None` when it says nothing that counts.
    #[inline]
    pub fn read(&mut self, bytes: &[u8]) -> Option<Input> {
        self.counts.lines += 1;
        match line::split_epoch(bytes) {
            // Half of the lines of a busy monitor: dealt with before anything else is made ready.
            Some((_, rest)) if line::is_passive_result(rest) => {
                self.counts.passive += 1;
                None
            }
            Some((at, rest)) => self.observe(&Line { at, kind: line::kind(at, rest) }),
            None => self.malformed("no time in brackets at its begin"),
        }
    }

    fn observe(&mut self, line: &Line<'_>) -> Option<Input> {
        let since = Timestamp::from_secs(line.at);
        let seen = match &line.kind {
            LineKind::PassiveResult => {
                self.counts.passive += 1;
                return None;
            }
            LineKind::State(state) => self.state(state),
            LineKind::Notification(notification) => match self.notification(notification) {
                Some(seen) => seen,
                None => return self.malformed("a notification without a state"),
            },
            LineKind::Flapping { object, on } => Seen::Flapping { object: self.object(*object), on: *on },
            LineKind::Downtime { object, on } => Seen::InDowntime { object: self.object(*object), on: *on },
            LineKind::Command { name, args } => match command::read(name, args, &mut self.names) {
                Outcome::Seen(seen) => seen,
                Outcome::Partly(seen) => {
                    self.counts.partly += 1;
                    seen
                }
                Outcome::Unexpanded => {
                    self.counts.unexpanded += 1;
                    return None;
                }
                Outcome::Malformed => return self.malformed("a command without the arguments it needs"),
                Outcome::Irrelevant => return self.other(),
            },
            LineKind::Starting | LineKind::Reloading => {
                self.counts.inputs += 1;
                return Some(Input::MonitorStarted { monitor: Text::clone(&self.monitor), since });
            }
            LineKind::Shutdown => {
                self.counts.inputs += 1;
                return Some(Input::MonitorStopped { monitor: Text::clone(&self.monitor), since });
            }
            LineKind::LocalTime { utc_offset } => {
                self.utc_offset = Some(*utc_offset);
                return self.other();
            }
            LineKind::Rotation | LineKind::Terminating | LineKind::Other => return self.other(),
            LineKind::Malformed { why } => return self.malformed(why),
        };
        self.counts.inputs += 1;
        let monitor = Text::clone(&self.monitor);
        Some(Input::Observation(Observation { monitor, since, origin: Origin::Log, sequence: None, seen }))
    }

    /// What became of the lines so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Why the last malformed line was not understood.
    pub fn last_malformed(&self) -> Option<&'static str> {
        self.last_malformed
    }

    /// Seconds east of UTC of the monitor's local time, once a `Local time is` line was read (at a start or reload).
    pub fn utc_offset(&self) -> Option<i32> {
        self.utc_offset
    }

    /// The names shared so far, for other readers of the same monitor.
    pub fn names(&mut self) -> &mut Interner {
        &mut self.names
    }

    fn other(&mut self) -> Option<Input> {
        self.counts.other += 1;
        None
    }

    fn malformed(&mut self, why: &'static str) -> Option<Input> {
        self.counts.malformed += 1;
        self.last_malformed = Some(why);
        None
    }

    fn object(&mut self, names: Names<'_>) -> Object {
        Object { host: self.names.name(names.host), service: names.service.map(|s| self.names.name(s)) }
    }

    fn output(&mut self, bytes: &[u8]) -> Text {
        if bytes.len() > OUTPUT_LIMIT || self.last_output.as_bytes() != bytes {
            self.last_output = self.names.text(bytes, OUTPUT_LIMIT);
        }
        Text::clone(&self.last_output)
    }

    fn state(&mut self, s: &StateLine<'_>) -> Seen {
        let Object { host, service } = self.object(s.object);
        let output = self.output(s.output);
        let (state, hard, report, attempt, pending) = (s.state, s.hard, s.report, s.attempt, s.pending);
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
                long_output: self.names.empty(),
                perf_data: self.names.empty(),
                last_check: None,
                last_change: None,
                stands_for: None,
            }),
            None => Seen::Host(HostSeen {
                host,
                state,
                hard,
                report,
                attempt,
                pending,
                output,
                last_check: None,
                last_change: None,
            }),
        }
    }

    fn notification(&mut self, n: &NotificationLine<'_>) -> Option<Seen> {
        Some(Seen::Notification(NotificationSeen {
            state: n.state?,
            object: self.object(n.object),
            contact: self.names.name(n.contact),
            kind: n.kind,
            output: self.output(n.output),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alarm_core::input::Report;
    use alarm_core::state::State;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn seen(line: &str) -> Option<Seen> {
        match Observer::new("m").read(line.as_bytes())? {
            Input::Observation(o) => {
                assert_eq!((&*o.monitor, o.origin), ("m", Origin::Log));
                Some(o.seen)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_alert() {
        let mut observer = Observer::new("m");
        let line = b"[1795319562] SERVICE ALERT: se01.kappa-upv.example.org;hr.srce.SRM2;CRITICAL;SOFT;1;caf\xe9";
        let Some(Input::Observation(o)) = observer.read(line) else { panic!() };
        assert_eq!(o.since, Timestamp::from_secs(1_795_319_562));
        let Seen::Service(s) = o.seen else { panic!() };
        assert_eq!((&*s.host, &*s.service, &*s.output), ("se01.kappa-upv.example.org", "hr.srce.SRM2", "caf\\xE9"));
        assert_eq!((s.state, s.hard, s.attempt, s.report), (State::Critical, false, 1, Report::Alert));
        let Some(Input::Observation(again)) = observer.read(line) else { panic!() };
        let Seen::Service(again) = again.seen else { panic!() };
        assert!(Arc::ptr_eq(&s.host, &again.host) && Arc::ptr_eq(&s.service, &again.service));
        assert_eq!(observer.counts(), Counts { lines: 2, inputs: 2, ..Counts::default() });
    }

    #[test]
    fn an_output_is_length_limited() {
        let Some(Seen::Service(s)) = seen(&format!("[1] SERVICE ALERT: h;s;OK;HARD;1;{}", "x".repeat(9000))) else {
            panic!()
        };
        assert!(s.output.ends_with("… [+808 bytes]"));
    }

    #[test]
    fn the_line_gives_the_time_of_a_command() {
        let Some(Input::Observation(o)) = Observer::new("m").read(b"[77] EXTERNAL COMMAND: DISABLE_NOTIFICATIONS;5")
        else {
            panic!()
        };
        assert_eq!(o.since, Timestamp::from_secs(77));
    }

    #[test]
    fn starts_stops_and_local_time() {
        let mut observer = Observer::new("m");
        for line in ["[1795320470] Caught SIGHUP, restarting...", "[1795320471] Nagios 4.4.6 starting... (PID=24631)"] {
            assert!(matches!(observer.read(line.as_bytes()), Some(Input::MonitorStarted { .. })));
        }
        assert_eq!(observer.read(b"[1795320146] Caught SIGTERM, shutting down..."), None);
        let stopped = observer.read(b"[1795320146] Successfully shutdown... (PID=21000)");
        assert_eq!(
            stopped,
            Some(Input::MonitorStopped { monitor: "m".into(), since: Timestamp::from_secs(1_795_320_146) })
        );
        assert_eq!(observer.read(b"[1795319551] Local time is Sun Nov 22 05:52:31 EET 2026"), None);
        assert_eq!(observer.utc_offset(), Some(7200));
    }

    #[test]
    fn what_says_nothing_is_counted() {
        let mut observer = Observer::new("m");
        for line in [
            "[1] PASSIVE SERVICE CHECK: h;s;0;x",
            "[1] EXTERNAL COMMAND: PROCESS_HOST_CHECK_RESULT;h;0;x",
            "[1] Warning: x",
            "[1] EXTERNAL COMMAND: ADD_SVC_COMMENT;h;s;1;a;b",
            "[1] EXTERNAL COMMAND: DEL_SVC_DOWNTIME;",
            "[1] SERVICE NOTIFICATION: c;h;s;CUSTOM;cmd;out",
            "no time",
            "[1] EXTERNAL COMMAND: SCHEDULE_HOSTGROUP_SVC_DOWNTIME;g;1;2;1;0;3;a;b",
        ] {
            assert_eq!(observer.read(line.as_bytes()), None, "{line}");
        }
        assert_eq!(
            observer.counts(),
            Counts { lines: 8, inputs: 0, passive: 2, other: 2, malformed: 3, unexpanded: 1, partly: 0 }
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_counted_once(lines: Vec<Vec<u8>>) {
            let mut observer = Observer::new("m");
            for line in &lines {
                observer.read(line);
            }
            let c = observer.counts();
            prop_assert_eq!(c.lines, lines.len() as u64);
            prop_assert_eq!(c.lines, c.inputs + c.passive + c.other + c.malformed + c.unexpanded);
        }
    }
}
