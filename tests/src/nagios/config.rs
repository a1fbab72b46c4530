//! The configuration that a test's Nagios is started with: one unit is one second, everything is logged, nothing leaves
//! the folder.

use crate::fleet::{Check, Host, Service};
use std::fmt::Write;
use std::path::Path;

/// What a test may want different in `nagios.cfg`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Lines put after ours, so that they win: `log_external_commands=0`.
    pub extra: Vec<String>,
    /// Rotates the log so many seconds after the (next) start.
    pub rotate_after: Option<u32>,
}

/// `nagios.cfg` for an instance that lives in `root`.
pub(crate) fn main_file(root: &Path, options: &Options) -> String {
    let root = root.display();
    let mut text = format!(
        "log_file={root}/var/nagios.log\n\
         log_archive_path={root}/archives\n\
         cfg_file={root}/objects.cfg\n\
         object_cache_file={root}/var/objects.cache\n\
         precached_object_file={root}/var/objects.precache\n\
         status_file={root}/var/status.dat\n\
         state_retention_file={root}/var/retention.dat\n\
         command_file={root}/var/nagios.cmd\n\
         query_socket={root}/var/nagios.qh\n\
         lock_file={root}/var/nagios.pid\n\
         temp_file={root}/tmp/nagios.tmp\n\
         temp_path={root}/tmp\n\
         check_result_path={root}/spool\n"
    );
    text.push_str(concat!(
        "interval_length=1\nstatus_update_interval=1\nretention_update_interval=1\nretain_state_information=1\n",
        "use_retained_program_state=1\nuse_retained_scheduling_info=1\nlog_rotation_method=h\nuse_syslog=0\n",
        "log_notifications=1\nlog_service_retries=1\nlog_host_retries=1\nlog_initial_states=0\nlog_current_states=1\n",
        "log_external_commands=1\nlog_passive_checks=1\nlog_event_handlers=0\ncheck_external_commands=1\n",
        "check_result_reaper_frequency=1\nmax_check_result_reaper_time=30\ncheck_workers=1\ncheck_for_updates=0\n",
        "service_check_timeout=20\nhost_check_timeout=20\nexecute_service_checks=1\naccept_passive_service_checks=1\n",
        "execute_host_checks=1\naccept_passive_host_checks=1\nenable_notifications=1\nenable_event_handlers=0\n",
        "check_service_freshness=0\ncheck_host_freshness=0\nenable_flap_detection=1\nlow_service_flap_threshold=5.0\n",
        "high_service_flap_threshold=20.0\nprocess_performance_data=0\ndate_format=iso8601\n",
        "illegal_macro_output_chars=`~$&|'\"<>\n",
    ));
    for line in &options.extra {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Time period, commands and the contact `rod`, to whom everything is notified. The commands do nothing: what was notified
/// stands in the log.
pub(crate) fn base_objects(folder: &Path) -> String {
    let days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    let mut always = vec![("timeperiod_name", "always"), ("alias", "at all times")];
    always.extend(days.map(|day| (day, "00:00-24:00")));
    let plugin = format!("{}/plugin.sh \"$HOSTNAME$\" \"$SERVICEDESC$\"", folder.display());
    let contact = [
        ("contact_name", "rod"),
        ("alias", "regional operator on duty"),
        ("host_notification_period", "always"),
        ("service_notification_period", "always"),
        ("host_notification_options", "d,u,r,f,s"),
        ("service_notification_options", "w,u,c,r,f,s"),
        ("host_notification_commands", "tell"),
        ("service_notification_commands", "tell"),
    ];
    define("timeperiod", &always)
        + &define("command", &[("command_name", "tell"), ("command_line", "/bin/true")])
        + &define("command", &[("command_name", "plugin"), ("command_line", &plugin)])
        + &define("contact", &contact)
}

/// The command of services that have a line of their own.
pub(crate) fn command_object(line: &str) -> String {
    define("command", &[("command_name", &command_name(line)), ("command_line", line)])
}

/// Names a command by its line, so that equal lines are one command.
fn command_name(line: &str) -> String {
    let number =
        line.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |n, byte| (n ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("line-{number:016x}")
}

/// A host and its services.
pub(crate) fn host_objects(host: &Host) -> String {
    let parents = host.parents.join(",");
    let mut fields = vec![
        ("host_name", host.name.as_str()),
        ("alias", &host.name),
        ("address", "127.0.0.1"),
        ("max_check_attempts", "1"),
        ("check_period", "always"),
        ("active_checks_enabled", "0"),
        ("passive_checks_enabled", "1"),
        ("notification_period", "always"),
        ("notification_interval", "0"),
        ("notification_options", "d,u,r,f,s"),
        ("flap_detection_enabled", "0"),
        ("contacts", "rod"),
        ("_site_name", &host.site),
    ];
    if !host.parents.is_empty() {
        fields.push(("parents", &parents));
    }
    let mut text = define("host", &fields);
    for service in &host.services {
        text.push_str(&service_object(host, service));
    }
    text
}

fn service_object(host: &Host, service: &Service) -> String {
    let (active, interval) = match service.check {
        Check::Passive => ("0", 60),
        Check::Active(seconds) => ("1", seconds),
    };
    let (interval, attempts) = (interval.to_string(), service.max_attempts.to_string());
    let command = service.command.as_deref().map_or("plugin".to_owned(), command_name);
    let custom: Vec<_> = service.custom.iter().map(|(name, value)| (format!("_{name}"), value)).collect();
    let mut fields = vec![
        ("host_name", host.name.as_str()),
        ("service_description", &service.name),
        ("check_command", &command),
        ("check_interval", &interval),
        ("retry_interval", &interval),
        ("max_check_attempts", &attempts),
        ("check_period", "always"),
        ("active_checks_enabled", active),
        ("passive_checks_enabled", "1"),
        ("notification_period", "always"),
        ("notification_interval", "0"),
        ("notification_options", "w,u,c,r,f,s"),
        ("flap_detection_enabled", if service.flapping { "1" } else { "0" }),
        ("contacts", "rod"),
        ("_site_name", &host.site),
        ("_service_flavour", &host.flavour),
        ("_metric_name", service.name.strip_suffix("-ops").unwrap_or(&service.name)),
    ];
    fields.extend(custom.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    define("service", &fields)
}

fn define(kind: &str, fields: &[(&str, &str)]) -> String {
    let mut text = format!("define {kind} {{\n");
    for (name, value) in fields {
        let _always_fits = writeln!(text, "    {name} {value}");
    }
    text.push_str("}\n");
    text
}

/// The plugin of the active services: says what the file `plugin/HOST/SERVICE` says (`STATUS OUTPUT`), OK without one.
pub(crate) const PLUGIN: &str = "#!/bin/sh\n\
    read -r status output < \"${0%/*}/plugin/$1/$2\" || { echo 'OK: nothing said'; exit 0; }\n\
    echo \"$output\"\n\
    exit \"$status\"\n";

/// A time zone in which the hour is full `after` seconds from `now`. Nagios rotates by local time, at the full hour, and
/// names the archive by that hour: `turn` shifts the zone by whole hours, so that 48 turns share no name (where the name is
/// taken Nagios does not rotate). A process rotates once this way; the next time needs a new start, since a running Nagios
/// takes no other zone (`use_timezone` is for the CGIs only) and the C library cannot follow a zone that jumps every minute.
pub(crate) fn zone(now: u64, after: u32, turn: u32) -> String {
    let missing = i64::try_from((3600 - (now + u64::from(after)) % 3600) % 3600).unwrap_or(0);
    let east = (i64::from(turn % 48) - 24) * 3600 + missing;
    // POSIX counts westwards.
    let (sign, seconds) = if east < 0 { ('+', -east) } else { ('-', east) };
    format!("GWT{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::zone;

    #[test]
    fn the_hour_is_full_when_it_should_be() {
        // 10:59:50 UTC; in 20 s it is 11:00:10, so the zone lies 59:50 ahead, or behind by 10 s and whole hours.
        let now = 10 * 3600 + 59 * 60 + 50;
        assert_eq!(zone(now, 20, 24), "GWT-00:59:50");
        assert_eq!(zone(now, 20, 25), "GWT-01:59:50");
        assert_eq!(zone(now, 20, 23), "GWT+00:00:10");
        assert_eq!(zone(now, 20, 72), zone(now, 20, 24));
        assert_eq!(zone(now, 10, 24), "GWT-00:00:00");
    }
}
