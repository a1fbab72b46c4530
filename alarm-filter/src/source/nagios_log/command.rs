//! External commands as the log repeats them: acknowledgements, downtimes and muted notifications appear nowhere else in
//! the log. The line is written before the monitor carries the command out, and also when it then fails.

use super::line::cut;
use crate::source::text::{Interner, OUTPUT_LIMIT};
use alarm_core::input::{Contacts, DeletedDowntime, MuteScope, Object, PeriodOf, ScheduledDowntime, Seen, Text};
use alarm_core::time::{SECOND, Timestamp};

/// What a command says about alarms.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// This, in full.
    Seen(Seen),
    /// This, but the command also covers objects that cannot be known from the log alone.
    Partly(Seen),
    /// It matters, but which objects it covers cannot be known from the log alone (groups, children of a host, wildcards).
    Unexpanded,
    /// It matters, but lacks an argument or has one that cannot be read.
    Malformed,
    /// It changes nothing that alarms depend on.
    Irrelevant,
}

/// Reads a command. `args` is what follows the first `;`.
pub fn read(name: &[u8], args: &[u8], names: &mut Interner) -> Outcome {
    let mut args = Args(args);
    outcome(name, &mut args, names).unwrap_or(Outcome::Malformed)
}

fn outcome(name: &[u8], args: &mut Args<'_>, names: &mut Interner) -> Option<Outcome> {
    use Outcome::{Irrelevant, Partly, Seen as Whole, Unexpanded};
    Some(match name {
        b"ACKNOWLEDGE_SVC_PROBLEM" => Whole(acknowledged(args, true, false, names)?),
        b"ACKNOWLEDGE_HOST_PROBLEM" => Whole(acknowledged(args, false, false, names)?),
        // The time at which it ends cannot be told; status.dat tells when it is gone.
        b"ACKNOWLEDGE_SVC_PROBLEM_EXPIRE" => Partly(acknowledged(args, true, true, names)?),
        b"ACKNOWLEDGE_HOST_PROBLEM_EXPIRE" => Partly(acknowledged(args, false, true, names)?),
        b"REMOVE_SVC_ACKNOWLEDGEMENT" => Whole(Seen::AcknowledgementRemoved { object: args.object(true, names)? }),
        b"REMOVE_HOST_ACKNOWLEDGEMENT" => Whole(Seen::AcknowledgementRemoved { object: args.object(false, names)? }),
        b"SCHEDULE_SVC_DOWNTIME" => Whole(downtime(args, true, false, names)?),
        b"SCHEDULE_HOST_DOWNTIME" => Whole(downtime(args, false, false, names)?),
        b"SCHEDULE_HOST_SVC_DOWNTIME" => Whole(downtime(args, false, true, names)?),
        // The children of the host follow it.
        b"SCHEDULE_AND_PROPAGATE_HOST_DOWNTIME" | b"SCHEDULE_AND_PROPAGATE_TRIGGERED_HOST_DOWNTIME" => {
            Partly(downtime(args, false, false, names)?)
        }
        b"DEL_SVC_DOWNTIME" | b"DEL_HOST_DOWNTIME" => {
            let id = u64::try_from(args.number()?).ok()?;
            Whole(Seen::DowntimeDeleted { which: DeletedDowntime::Id { id } })
        }
        b"DEL_DOWNTIME_BY_HOST_NAME" => {
            let host = args.name(names)?;
            // With a service, start or comment given it deletes less than all of the host.
            match args.0.iter().all(|b| *b == b';') {
                true => Whole(Seen::DowntimeDeleted { which: DeletedDowntime::Host { host } }),
                false => Unexpanded,
            }
        }
        b"ENABLE_NOTIFICATIONS" => Whole(muted(args, MuteScope::Everything, false, names)?),
        b"DISABLE_NOTIFICATIONS" => Whole(muted(args, MuteScope::Everything, true, names)?),
        b"ENABLE_SVC_NOTIFICATIONS" => Whole(muted(args, MuteScope::Service, false, names)?),
        b"DISABLE_SVC_NOTIFICATIONS" => Whole(muted(args, MuteScope::Service, true, names)?),
        b"ENABLE_HOST_NOTIFICATIONS" => Whole(muted(args, MuteScope::Host, false, names)?),
        b"DISABLE_HOST_NOTIFICATIONS" => Whole(muted(args, MuteScope::Host, true, names)?),
        b"ENABLE_HOST_SVC_NOTIFICATIONS" => Whole(muted(args, MuteScope::HostServices, false, names)?),
        b"DISABLE_HOST_SVC_NOTIFICATIONS" => Whole(muted(args, MuteScope::HostServices, true, names)?),
        b"CHANGE_SVC_NOTIFICATION_TIMEPERIOD" => {
            Whole(period(PeriodOf::Object(args.object(true, names)?), args, names)?)
        }
        b"CHANGE_HOST_NOTIFICATION_TIMEPERIOD" => {
            Whole(period(PeriodOf::Object(args.object(false, names)?), args, names)?)
        }
        b"CHANGE_CONTACT_SVC_NOTIFICATION_TIMEPERIOD" => {
            Whole(period(PeriodOf::ContactServices(args.name(names)?), args, names)?)
        }
        b"CHANGE_CONTACT_HOST_NOTIFICATION_TIMEPERIOD" => {
            Whole(period(PeriodOf::ContactHosts(args.name(names)?), args, names)?)
        }
        b"DELAY_SVC_NOTIFICATION" => Whole(delayed(args, true, names)?),
        b"DELAY_HOST_NOTIFICATION" => Whole(delayed(args, false, names)?),
        _ => match name
            .strip_prefix(b"ENABLE_")
            .map(|n| (n, true))
            .or(name.strip_prefix(b"DISABLE_").map(|n| (n, false)))
        {
            Some((name, on)) => switch(name, on, args, names)?,
            None if is_for_many(name) => Unexpanded,
            None => Irrelevant,
        },
    })
}

/// `ENABLE_…` and `DISABLE_…`: the switches of notifications that name many objects, or contacts. Which objects belong to a
/// group or lie behind a host, the configuration says (`Outcome::Partly`: without it, nobody knows).
fn switch(name: &[u8], on: bool, args: &mut Args<'_>, names: &mut Interner) -> Option<Outcome> {
    use Outcome::{Partly, Seen as Whole};
    let told = |who, services| Seen::ContactsTold { who, services, told: on };
    Some(match name {
        b"HOSTGROUP_HOST_NOTIFICATIONS" => Partly(muted(args, MuteScope::HostGroup, !on, names)?),
        b"HOSTGROUP_SVC_NOTIFICATIONS" => Partly(muted(args, MuteScope::HostGroupServices, !on, names)?),
        b"SERVICEGROUP_SVC_NOTIFICATIONS" => Partly(muted(args, MuteScope::ServiceGroup, !on, names)?),
        b"SERVICEGROUP_HOST_NOTIFICATIONS" => Partly(muted(args, MuteScope::ServiceGroupHosts, !on, names)?),
        b"HOST_AND_CHILD_NOTIFICATIONS" => Partly(muted(args, MuteScope::HostAndChildren, !on, names)?),
        b"ALL_NOTIFICATIONS_BEYOND_HOST" => Partly(muted(args, MuteScope::BeyondHost, !on, names)?),
        b"CONTACT_SVC_NOTIFICATIONS" => Whole(told(Contacts::Contact(args.name(names)?), true)),
        b"CONTACT_HOST_NOTIFICATIONS" => Whole(told(Contacts::Contact(args.name(names)?), false)),
        b"CONTACTGROUP_SVC_NOTIFICATIONS" => Partly(told(Contacts::Group(args.name(names)?), true)),
        b"CONTACTGROUP_HOST_NOTIFICATIONS" => Partly(told(Contacts::Group(args.name(names)?), false)),
        _ => Outcome::Irrelevant,
    })
}

/// Commands about downtimes that name a group, or what they are to be found by.
fn is_for_many(name: &[u8]) -> bool {
    name.starts_with(b"DEL_DOWNTIME_BY_")
        || (name.ends_with(b"_DOWNTIME")
            && (name.starts_with(b"SCHEDULE_HOSTGROUP_")
                || name.starts_with(b"SCHEDULE_SERVICEGROUP_")
                || name.starts_with(b"DEL_")))
}

/// `host[;service];sticky;notify;persistent[;expires];author;comment`
fn acknowledged(args: &mut Args<'_>, service: bool, expires: bool, names: &mut Interner) -> Option<Seen> {
    let object = args.object(service, names)?;
    let sticky = args.number()? == 2;
    let _notify = args.next();
    let _persistent = args.next();
    if expires {
        let _expires = args.next();
    }
    let author = args.name_or_empty(names);
    Some(Seen::Acknowledged { object, sticky, author, comment: names.text(args.0, OUTPUT_LIMIT) })
}

/// `host[;service];start;end;fixed;trigger;duration;author;comment`, all times in seconds
fn downtime(args: &mut Args<'_>, service: bool, host_services: bool, names: &mut Interner) -> Option<Seen> {
    let object = args.object(service, names)?;
    let start = Timestamp::from_secs(args.number()?);
    let end = Timestamp::from_secs(args.number()?);
    let fixed = args.number()? != 0;
    let triggered_by = u64::try_from(args.number()?).ok()?;
    let duration = args.number()?.saturating_mul(SECOND);
    let author = args.name_or_empty(names);
    let comment = names.text(args.0, OUTPUT_LIMIT);
    Some(Seen::DowntimeScheduled(ScheduledDowntime {
        object,
        host_services,
        id: None,
        start,
        end,
        fixed,
        duration,
        triggered_by,
        author,
        comment,
    }))
}

fn muted(args: &mut Args<'_>, scope: MuteScope, muted: bool, names: &mut Interner) -> Option<Seen> {
    let (host, service) = match scope {
        MuteScope::Everything => (names.empty(), None),
        MuteScope::Service => (args.name(names)?, Some(args.name(names)?)),
        _ => (args.name(names)?, None),
    };
    Some(Seen::Muted { scope, host, service, muted })
}

fn period(of: PeriodOf, args: &mut Args<'_>, names: &mut Interner) -> Option<Seen> {
    Some(Seen::PeriodChanged { of, period: args.name(names)? })
}

fn delayed(args: &mut Args<'_>, service: bool, names: &mut Interner) -> Option<Seen> {
    let object = args.object(service, names)?;
    Some(Seen::NotificationDelayed { object, until: Timestamp::from_secs(args.number()?) })
}

/// The arguments not yet taken.
struct Args<'a>(&'a [u8]);

impl<'a> Args<'a> {
    fn next(&mut self) -> &'a [u8] {
        let (head, tail) = cut(self.0);
        self.0 = tail;
        head
    }

    fn name(&mut self, names: &mut Interner) -> Option<Text> {
        Some(self.next()).filter(|n| !n.is_empty()).map(|n| names.name(n))
    }

    fn name_or_empty(&mut self, names: &mut Interner) -> Text {
        names.name(self.next())
    }

    fn object(&mut self, service: bool, names: &mut Interner) -> Option<Object> {
        let host = self.name(names)?;
        let service = if service { Some(self.name(names)?) } else { None };
        Some(Object { host, service })
    }

    /// As Nagios reads it (`strtoul`): digits up to the first other character; at least one digit.
    fn number(&mut self) -> Option<i64> {
        let word = self.next().trim_ascii_start();
        let end = word.iter().position(|b| !b.is_ascii_digit()).unwrap_or(word.len());
        std::str::from_utf8(word.get(..end)?).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &str) -> Outcome {
        let (name, args) = cut(line.as_bytes());
        read(name, args, &mut Interner::default())
    }

    fn seen(line: &str) -> Seen {
        match read_line(line) {
            Outcome::Seen(seen) => seen,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn object(host: &str, service: &str) -> Object {
        Object { host: host.into(), service: (!service.is_empty()).then(|| service.into()) }
    }

    #[test]
    fn acknowledgements() {
        assert_eq!(
            seen(
                "ACKNOWLEDGE_SVC_PROBLEM;se01.beta-grid-t2.example.org;hr.srce.SRM2-CertLifetime;2;1;0;Zoë Müller;working on it; ticket #2798 <é>"
            ),
            Seen::Acknowledged {
                object: object("se01.beta-grid-t2.example.org", "hr.srce.SRM2-CertLifetime"),
                sticky: true,
                author: "Zoë Müller".into(),
                comment: "working on it; ticket #2798 <é>".into(),
            }
        );
        let Seen::Acknowledged { sticky, .. } = seen("ACKNOWLEDGE_HOST_PROBLEM;h;1;1;0;noc;x") else { panic!() };
        assert!(!sticky);
        let Outcome::Partly(Seen::Acknowledged { author, comment, .. }) =
            read_line("ACKNOWLEDGE_SVC_PROBLEM_EXPIRE;h;s;2;1;0;1795319600;me;why")
        else {
            panic!()
        };
        assert_eq!((&*author, &*comment), ("me", "why"));
        assert_eq!(
            seen("REMOVE_SVC_ACKNOWLEDGEMENT;sbdii03.lambda-t1.example.org;org.bdii.Entries"),
            Seen::AcknowledgementRemoved { object: object("sbdii03.lambda-t1.example.org", "org.bdii.Entries") }
        );
    }

    #[test]
    fn downtimes() {
        assert_eq!(
            seen(
                "SCHEDULE_SVC_DOWNTIME;cream02.gg-imcsul.example.org;org.sam.CREAMCE-JobState-ops;1795319643;1795319823;0;7;120;noc;fixed intervention, GOCDB 33253"
            ),
            Seen::DowntimeScheduled(ScheduledDowntime {
                object: object("cream02.gg-imcsul.example.org", "org.sam.CREAMCE-JobState-ops"),
                host_services: false,
                id: None,
                start: Timestamp::from_secs(1_795_319_643),
                end: Timestamp::from_secs(1_795_319_823),
                fixed: false,
                duration: 120_000,
                triggered_by: 7,
                author: "noc".into(),
                comment: "fixed intervention, GOCDB 33253".into(),
            })
        );
        let Seen::DowntimeScheduled(d) = seen(
            "SCHEDULE_HOST_SVC_DOWNTIME;se02.ee-hiast.example.org;1795319600;1795319720;1;0;120;Zoë Müller;site at risk",
        ) else {
            panic!()
        };
        assert!(d.host_services && d.fixed && d.object.service.is_none());
        assert!(matches!(
            read_line("SCHEDULE_AND_PROPAGATE_TRIGGERED_HOST_DOWNTIME;h;1;2;1;0;3;a;b"),
            Outcome::Partly(Seen::DowntimeScheduled(_))
        ));
        assert_eq!(seen("DEL_SVC_DOWNTIME;10"), Seen::DowntimeDeleted { which: DeletedDowntime::Id { id: 10 } });
        for line in ["DEL_DOWNTIME_BY_HOST_NAME;h", "DEL_DOWNTIME_BY_HOST_NAME;h;;;"] {
            assert_eq!(seen(line), Seen::DowntimeDeleted { which: DeletedDowntime::Host { host: "h".into() } });
        }
    }

    #[test]
    fn switches() {
        assert_eq!(
            seen("DISABLE_NOTIFICATIONS"),
            Seen::Muted { scope: MuteScope::Everything, host: "".into(), service: None, muted: true }
        );
        assert_eq!(
            seen("ENABLE_SVC_NOTIFICATIONS;h;s"),
            Seen::Muted { scope: MuteScope::Service, host: "h".into(), service: Some("s".into()), muted: false }
        );
        assert_eq!(
            seen("DISABLE_HOST_SVC_NOTIFICATIONS;h"),
            Seen::Muted { scope: MuteScope::HostServices, host: "h".into(), service: None, muted: true }
        );
        assert_eq!(
            seen("DELAY_SVC_NOTIFICATION;h;s;1795319722"),
            Seen::NotificationDelayed { object: object("h", "s"), until: Timestamp::from_secs(1_795_319_722) }
        );
    }

    #[test]
    fn what_covers_objects_that_the_log_does_not_name() {
        for line in [
            "SCHEDULE_HOSTGROUP_SVC_DOWNTIME;g;1;2;1;0;3;a;b",
            "SCHEDULE_SERVICEGROUP_HOST_DOWNTIME;g;1;2;1;0;3;a;b",
            "DEL_DOWNTIME_BY_HOST_NAME;h;s",
            "DEL_DOWNTIME_BY_HOSTGROUP_NAME;g",
            "DEL_DOWNTIME_BY_START_TIME_COMMENT;1;c",
        ] {
            assert_eq!(read_line(line), Outcome::Unexpanded, "{line}");
        }
    }

    #[test]
    fn switches_of_groups_and_of_what_lies_behind_a_host_name_what_the_configuration_has() {
        for (line, scope, muted) in [
            ("DISABLE_HOSTGROUP_HOST_NOTIFICATIONS;g", MuteScope::HostGroup, true),
            ("ENABLE_HOSTGROUP_SVC_NOTIFICATIONS;g", MuteScope::HostGroupServices, false),
            ("DISABLE_SERVICEGROUP_SVC_NOTIFICATIONS;g", MuteScope::ServiceGroup, true),
            ("DISABLE_SERVICEGROUP_HOST_NOTIFICATIONS;g", MuteScope::ServiceGroupHosts, true),
            ("ENABLE_HOST_AND_CHILD_NOTIFICATIONS;g", MuteScope::HostAndChildren, false),
            ("DISABLE_ALL_NOTIFICATIONS_BEYOND_HOST;g", MuteScope::BeyondHost, true),
        ] {
            let expected = Seen::Muted { scope, host: "g".into(), service: None, muted };
            assert_eq!(read_line(line), Outcome::Partly(expected), "{line}");
        }
    }

    #[test]
    fn contacts_and_periods() {
        let told = |who, services, told| Seen::ContactsTold { who, services, told };
        let contact = |name: &str| Contacts::Contact(name.into());
        assert_eq!(seen("DISABLE_CONTACT_SVC_NOTIFICATIONS;rod"), told(contact("rod"), true, false));
        assert_eq!(seen("ENABLE_CONTACT_HOST_NOTIFICATIONS;rod"), told(contact("rod"), false, true));
        assert_eq!(
            read_line("DISABLE_CONTACTGROUP_SVC_NOTIFICATIONS;desk"),
            Outcome::Partly(told(Contacts::Group("desk".into()), true, false))
        );
        let changed = |of, period: &str| Seen::PeriodChanged { of, period: period.into() };
        assert_eq!(
            seen("CHANGE_SVC_NOTIFICATION_TIMEPERIOD;h;s;work"),
            changed(PeriodOf::Object(object("h", "s")), "work")
        );
        assert_eq!(
            seen("CHANGE_HOST_NOTIFICATION_TIMEPERIOD;h;work"),
            changed(PeriodOf::Object(object("h", "")), "work")
        );
        assert_eq!(
            seen("CHANGE_CONTACT_SVC_NOTIFICATION_TIMEPERIOD;rod;work"),
            changed(PeriodOf::ContactServices("rod".into()), "work")
        );
        assert_eq!(
            seen("CHANGE_CONTACT_HOST_NOTIFICATION_TIMEPERIOD;rod;work"),
            changed(PeriodOf::ContactHosts("rod".into()), "work")
        );
        assert_eq!(read_line("CHANGE_SVC_NOTIFICATION_TIMEPERIOD;h;s"), Outcome::Malformed);
    }

    #[test]
    fn the_rest() {
        for line in
            ["SCHEDULE_FORCED_SVC_CHECK;h;s;1", "ADD_SVC_COMMENT;h;s;1;a;b", "DISABLE_SVC_FLAP_DETECTION;h;s", "", "X"]
        {
            assert_eq!(read_line(line), Outcome::Irrelevant, "{line}");
        }
        for line in [
            "ACKNOWLEDGE_SVC_PROBLEM;h",
            "SCHEDULE_SVC_DOWNTIME;h;s;x;2;1;0;3;a;b",
            "DEL_SVC_DOWNTIME;",
            "DISABLE_SVC_NOTIFICATIONS;h",
        ] {
            assert_eq!(read_line(line), Outcome::Malformed, "{line}");
        }
    }
}
