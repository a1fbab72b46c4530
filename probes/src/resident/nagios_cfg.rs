//! What of Nagios' own configuration is needed to find it: its socket and its files.

use std::path::{Path, PathBuf};

/// Where distributions put it.
const PLACES: &[&str] = &[
    "/etc/nagios4/nagios.cfg",
    "/etc/nagios/nagios.cfg",
    "/etc/naemon/naemon.cfg",
    "/usr/local/nagios/etc/nagios.cfg",
];

/// The files of one Nagios.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Files {
    /// `query_socket`, with Nagios' default beside its log.
    pub query_handler: Option<PathBuf>,
    /// `command_file`.
    pub command: Option<PathBuf>,
    /// `status_file`.
    pub status: Option<PathBuf>,
    /// `object_cache_file`.
    pub objects: Option<PathBuf>,
    /// `check_result_path`.
    pub spool: Option<PathBuf>,
}

/// Reads a main configuration file, the one that is named or the first that is where it usually is.
///
/// # Errors
/// One line: which file cannot be read, or that there is none.
pub fn read(named: Option<&Path>) -> Result<Files, String> {
    let usual = || PLACES.iter().map(PathBuf::from).find(|path| path.is_file());
    let path = named.map(Path::to_path_buf).or_else(usual);
    let path = path.ok_or_else(|| format!("there is no {}; name Nagios' main file with --nagios-cfg", PLACES[0]))?;
    match std::fs::read(&path) {
        Ok(content) => Ok(parse(&String::from_utf8_lossy(&content))),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

fn parse(content: &str) -> Files {
    let mut files = Files::default();
    let mut log = None;
    for line in content.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = PathBuf::from(value.trim());
        match key.trim() {
            "query_socket" => files.query_handler = Some(value),
            "command_file" => files.command = Some(value),
            "status_file" | "xsddefault_status_file" => files.status = Some(value),
            "object_cache_file" | "xodtemplate_cache_file" => files.objects = Some(value),
            "check_result_path" => files.spool = Some(value),
            "log_file" => log = Some(value),
            _ => {}
        }
    }
    // As Nagios does it: rw/nagios.qh in the folder of its variable files.
    let beside = || log.and_then(|log| log.parent().map(|folder| folder.join("rw/nagios.qh")));
    files.query_handler = files.query_handler.or_else(beside);
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_found() {
        let files =
            parse("# c\nlog_file=/v/nagios.log\ncommand_file = /v/rw/nagios.cmd \nstatus_file=/c/status.dat\nx\n");
        assert_eq!(files.query_handler, Some("/v/rw/nagios.qh".into()));
        assert_eq!(files.command, Some("/v/rw/nagios.cmd".into()));
        assert_eq!((files.status, files.objects), (Some("/c/status.dat".into()), None));
        let said = read(Some(Path::new("/no/such.cfg"))).unwrap_err();
        assert!(said.starts_with("cannot read /no/such.cfg: "), "{said}");
    }
}
