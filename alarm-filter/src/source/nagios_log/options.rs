//! What a site's configuration keeps out of the log, and what that costs.

use crate::source::nagios_cfg::{NagiosCfg, Rotation};

/// A setting of nagios.cfg because of which something cannot be seen in the log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lack {
    /// The setting, as to be written into nagios.cfg to end the lack.
    pub remedy: &'static str,
    /// What it costs as it is, in one sentence.
    pub cost: &'static str,
    /// status.dat makes up for it, at its own pace, when it can be read.
    pub status_helps: bool,
}

/// What the log of a monitor with this configuration lacks, the worst first; empty when it is as it should be.
pub fn lacks(cfg: &NagiosCfg) -> Vec<Lack> {
    let mut found = Vec::new();
    let mut unless = |fine: bool, remedy, cost, status_helps| {
        if !fine {
            found.push(Lack { remedy, cost, status_helps });
        }
    };
    unless(
        cfg.log_file.is_some(),
        "log_file=/var/log/nagios4/nagios.log",
        "nagios.cfg names no log_file: the path has to be set in the filter's own configuration.",
        false,
    );
    unless(
        cfg.log_external_commands,
        "log_external_commands=1",
        "Acknowledgements, downtimes and muted notifications that people set in the monitor are not in the log, so that \
         they are seen late and without their author, or not at all.",
        true,
    );
    unless(
        cfg.log_notifications,
        "log_notifications=1",
        "A problem that became hard while its host was down, or that existed at the start, leaves no alert line and is \
         then known only from its notification.",
        true,
    );
    unless(
        cfg.log_service_retries,
        "log_service_retries=1",
        "Soft states are not in the log: problems are seen only when they are hard, and a recovery that the monitor counts \
         as soft (after a failure of the host) is missed, which leaves its alarm open.",
        true,
    );
    unless(
        cfg.log_host_retries,
        "log_host_retries=1",
        "Soft states of hosts are not in the log: a host that is failing masks its services only once it is hard down.",
        true,
    );
    unless(
        cfg.log_current_states,
        "log_current_states=1",
        "No states are listed after a rotation, so that lines lost with an archive cannot be made up for from the log.",
        true,
    );
    unless(
        cfg.log_initial_states,
        "log_initial_states=1",
        "No states are listed at a start or reload, so that what changed while the log was not written, and which services \
         were never checked, is not seen there.",
        true,
    );
    unless(
        !matches!(cfg.log_rotation_method, Rotation::None),
        "log_rotation_method=d",
        "The monitor does not rotate its log: unless logrotate does, it grows for ever and no states are listed at rotations.",
        false,
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_recorded_site_lacks_nothing() {
        let text = b"log_file=/srv/monitor/var/nagios.log\nlog_rotation_method=h\nuse_syslog=0\nlog_notifications=1\n\
            log_service_retries=1\nlog_host_retries=1\nlog_initial_states=1\nlog_current_states=1\nlog_external_commands=1\n";
        let cfg = NagiosCfg::parse(Path::new("/etc/nagios.cfg"), text).unwrap();
        assert_eq!(lacks(&cfg), []);
    }

    #[test]
    fn defaults_lack_retries_initial_states_and_rotation() {
        let cfg = NagiosCfg::parse(Path::new("/etc/nagios.cfg"), b"log_file=/x\n").unwrap();
        let remedies: Vec<&str> = lacks(&cfg).iter().map(|l| l.remedy).collect();
        assert_eq!(
            remedies,
            ["log_service_retries=1", "log_host_retries=1", "log_initial_states=1", "log_rotation_method=d"]
        );
    }

    #[test]
    fn each_lack_is_one_sentence() {
        let text = b"log_external_commands=0\nlog_notifications=0\nlog_current_states=0\n";
        let cfg = NagiosCfg::parse(Path::new("/etc/nagios.cfg"), text).unwrap();
        let lacks = lacks(&cfg);
        assert_eq!(lacks.len(), 8);
        assert!(lacks.iter().all(|l| l.cost.ends_with('.') && !l.cost.contains("  ") && !l.cost.contains('\n')));
    }
}
