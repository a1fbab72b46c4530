//! Where a monitor's files are: what its section says, else what its nagios.cfg says.

use super::sections::MonitorSection;
use crate::source::nagios_cfg::{CfgError, NagiosCfg};
use alarm_core::time::{MINUTE, Millis, SECOND};
use std::path::PathBuf;

/// A monitor's files, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MonitorFiles {
    /// Its nagios.cfg as read; `None`: none is named.
    pub cfg: Option<NagiosCfg>,
    /// nagios.log.
    pub log: Option<PathBuf>,
    /// The folder with the rotated logs.
    pub archive_dir: Option<PathBuf>,
    /// status.dat.
    pub status: Option<PathBuf>,
    /// objects.cache.
    pub objects: Option<PathBuf>,
    /// Length of one of the monitor's time units, in milliseconds.
    pub interval_length: Millis,
}

impl MonitorSection {
    /// Finds the files; reads nagios.cfg where one is named.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn files(&self) -> Result<MonitorFiles, CfgError> {
        let cfg = self.nagios_cfg.as_deref().map(NagiosCfg::load).transpose()?;
        let pick = |own: &Option<PathBuf>, theirs: fn(&NagiosCfg) -> &Option<PathBuf>| {
            own.clone().or_else(|| cfg.as_ref().and_then(|c| theirs(c).clone()))
        };
        let unit = cfg.as_ref().map_or(MINUTE, |c| Millis::from(c.interval_length) * SECOND);
        Ok(MonitorFiles {
            log: pick(&self.log, |c| &c.log_file),
            archive_dir: pick(&self.archive_dir, |c| &c.log_archive_path),
            status: pick(&self.status, |c| &c.status_file),
            objects: pick(&self.objects, |c| &c.object_cache_file),
            interval_length: self.interval_length.map_or(unit, |l| l.0),
            cfg,
        })
    }
}
