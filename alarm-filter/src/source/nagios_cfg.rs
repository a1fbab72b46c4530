//! nagios.cfg: where a monitor's files are and what it logs. Of a setting that stands there twice the last one counts, as
//! in Nagios itself. Settings that nothing here depends on are not judged.

use std::io::Read;
use std::path::{Path, PathBuf};

/// What is taken from a nagios.cfg; absent settings have Nagios' own defaults.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NagiosCfg {
    /// `log_file`. Relative paths are taken from the folder of nagios.cfg, as Nagios does.
    pub log_file: Option<PathBuf>,
    /// `log_archive_path`, a folder.
    pub log_archive_path: Option<PathBuf>,
    /// `status_file`.
    pub status_file: Option<PathBuf>,
    /// `object_cache_file`.
    pub object_cache_file: Option<PathBuf>,
    /// `interval_length` in seconds: what one unit of a check or notification interval means; 60 unless set.
    pub interval_length: u32,
    /// `status_update_interval` in seconds.
    pub status_update_interval: u32,
    /// `log_rotation_method`.
    pub log_rotation_method: Rotation,
    /// `log_external_commands`.
    pub log_external_commands: bool,
    /// `log_service_retries`.
    pub log_service_retries: bool,
    /// `log_host_retries`.
    pub log_host_retries: bool,
    /// `log_initial_states`.
    pub log_initial_states: bool,
    /// `log_current_states`.
    pub log_current_states: bool,
    /// `log_notifications`.
    pub log_notifications: bool,
    /// `log_passive_checks`.
    pub log_passive_checks: bool,
    /// `use_syslog`: lines go to the system's log as well.
    pub use_syslog: bool,
    /// `use_large_installation_tweaks`: flapping survives a restart.
    pub use_large_installation_tweaks: bool,
    /// `date_format`; `us` unless set.
    pub date_format: String,
    /// `include_file` and `include_dir`: these are not read here.
    pub includes: Vec<PathBuf>,
}

/// When a monitor rotates its own log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rotation {
    /// `n`: not at all.
    None,
    /// `h`.
    Hourly,
    /// `d`.
    Daily,
    /// `w`.
    Weekly,
    /// `m`.
    Monthly,
}

/// Why a nagios.cfg cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CfgError {
    /// It cannot be read at all.
    #[error("cannot read {}: {}", path.display(), crate::access::because(path, source, false))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line that Nagios would refuse as well.
    #[error("{}:{line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

impl NagiosCfg {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, CfgError> {
        let mut text = Vec::new();
        crate::access::open(path)
            .and_then(|mut file| file.read_to_end(&mut text))
            .map_err(|source| CfgError::Io { path: path.to_path_buf(), source })?;
        NagiosCfg::parse(path, &text)
    }

    /// Reads the content of the file at `path`.
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self, CfgError> {
        let mut cfg = NagiosCfg::default();
        for (number, line) in text.split(|b| *b == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            cfg.line(path, line).map_err(|what| CfgError::Line { path: path.to_path_buf(), line: number + 1, what })?;
        }
        Ok(cfg)
    }

    fn line(&mut self, path: &Path, line: &[u8]) -> Result<(), String> {
        let text = crate::source::text::lossless(line);
        let Some((key, value)) = text.split_once('=') else {
            return Err(format!("\"{}\" is not of the form name=value", short(&text)));
        };
        let (key, value) = (key.trim_end(), value.trim_start());
        let file = || Some(path.parent().unwrap_or(Path::new("")).join(value));
        match key {
            "log_file" => self.log_file = file(),
            "log_archive_path" => self.log_archive_path = file(),
            "status_file" | "xsddefault_status_file" => self.status_file = file(),
            "object_cache_file" => self.object_cache_file = file(),
            "include_file" | "include_dir" => self.includes.extend(file()),
            "interval_length" => self.interval_length = positive(key, value)?,
            "status_update_interval" => self.status_update_interval = positive(key, value)?,
            "date_format" => self.date_format = value.to_owned(),
            "log_rotation_method" => {
                self.log_rotation_method = match value {
                    "n" => Rotation::None,
                    "h" => Rotation::Hourly,
                    "d" => Rotation::Daily,
                    "w" => Rotation::Weekly,
                    "m" => Rotation::Monthly,
                    _ => return Err(format!("log_rotation_method is one of n, h, d, w, m, not \"{}\"", short(value))),
                }
            }
            "log_external_commands" => self.log_external_commands = flag(key, value)?,
            "log_service_retries" => self.log_service_retries = flag(key, value)?,
            "log_host_retries" => self.log_host_retries = flag(key, value)?,
            "log_initial_states" => self.log_initial_states = flag(key, value)?,
            "log_current_states" => self.log_current_states = flag(key, value)?,
            "log_notifications" => self.log_notifications = flag(key, value)?,
            "log_passive_checks" => self.log_passive_checks = flag(key, value)?,
            "use_syslog" => self.use_syslog = flag(key, value)?,
            "use_large_installation_tweaks" => self.use_large_installation_tweaks = flag(key, value)?,
            _ => {}
        }
        Ok(())
    }
}

impl Default for NagiosCfg {
    fn default() -> Self {
        NagiosCfg {
            log_file: None,
            log_archive_path: None,
            status_file: None,
            object_cache_file: None,
            interval_length: 60,
            status_update_interval: 60,
            log_rotation_method: Rotation::None,
            log_external_commands: true,
            log_service_retries: false,
            log_host_retries: false,
            log_initial_states: false,
            log_current_states: true,
            log_notifications: true,
            log_passive_checks: true,
            use_syslog: true,
            use_large_installation_tweaks: false,
            date_format: "us".to_owned(),
            includes: Vec::new(),
        }
    }
}

fn flag(key: &str, value: &str) -> Result<bool, String> {
    match value {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(format!("{key} is 0 or 1, not \"{}\"", short(value))),
    }
}

fn positive(key: &str, value: &str) -> Result<u32, String> {
    value.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("{key} is a number above 0, not \"{}\"", short(value)))
}

fn short(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<NagiosCfg, CfgError> {
        NagiosCfg::parse(Path::new("/etc/nagios4/nagios.cfg"), text.as_bytes())
    }

    #[test]
    fn the_last_of_two_counts_and_relative_paths_are_relative_to_the_file() {
        let cfg = parse("# comment\n\nlog_file=/var/a.log\ninterval_length=1\nlog_file = var/b.log\r\nstatus_file=/s.dat\ncfg_dir=/x\n").unwrap();
        assert_eq!(cfg.log_file.as_deref(), Some(Path::new("/etc/nagios4/var/b.log")));
        assert_eq!((cfg.interval_length, cfg.status_file.as_deref()), (1, Some(Path::new("/s.dat"))));
        assert!(cfg.log_external_commands && !cfg.log_service_retries);
    }

    #[test]
    fn errors_name_file_and_line() {
        let error = |text| parse(text).unwrap_err().to_string();
        assert_eq!(
            error("\nlog_notifications=yes\n"),
            "/etc/nagios4/nagios.cfg:2: log_notifications is 0 or 1, not \"yes\""
        );
        assert_eq!(
            error("interval_length=0"),
            "/etc/nagios4/nagios.cfg:1: interval_length is a number above 0, not \"0\""
        );
        assert_eq!(
            error("log_rotation_method=x"),
            "/etc/nagios4/nagios.cfg:1: log_rotation_method is one of n, h, d, w, m, not \"x\""
        );
        assert_eq!(error("what"), "/etc/nagios4/nagios.cfg:1: \"what\" is not of the form name=value");
        assert!(
            NagiosCfg::load(Path::new("/nonexistent/nagios.cfg"))
                .unwrap_err()
                .to_string()
                .contains("/nonexistent/nagios.cfg")
        );
    }

    proptest! {
        #[test]
        fn any_bytes(text: Vec<u8>) {
            let _ = NagiosCfg::parse(Path::new("x"), &text);
        }
    }
}
