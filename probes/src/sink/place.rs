//! A place for results in one word of a command line: `nagios:FILE` (a main configuration file), `spool:FOLDER`, `pipe:PIPE`,
//! `icinga:FILE` (see [`super::icinga`]).

use super::icinga::Icinga;
use super::known::Known;
use super::pipe::Pipe;
use super::spool::Spool;
use super::{ROOM, Sink};
use crate::resident::nagios_cfg;
use std::path::PathBuf;
use std::str::FromStr;

/// See the module.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// A Nagios by its main configuration file: its spool, else its pipe, and what it knows.
    Nagios(PathBuf),
    /// A spool of check results (`check_result_path`), whatever it knows.
    Spool(PathBuf),
    /// A command pipe (`command_file`), whatever it knows.
    Pipe(PathBuf),
    /// An Icinga 2 by a file that says how to reach it.
    Icinga(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        let (kind, path) = text.split_once(':').unwrap_or((text, ""));
        let path = PathBuf::from(path);
        match kind {
            _ if path.as_os_str().is_empty() => Err(format!("{text:?} names no place")),
            "nagios" => Ok(Place::Nagios(path)),
            "spool" => Ok(Place::Spool(path)),
            "pipe" => Ok(Place::Pipe(path)),
            "icinga" => Ok(Place::Icinga(path)),
            _ => Err(format!("{text:?} is no place for results: nagios:FILE, spool:FOLDER, pipe:PIPE, icinga:FILE")),
        }
        .map_err(|why| format!("{why}, as nagios:/etc/nagios4/nagios.cfg"))
    }
}

impl Place {
    /// Opens it.
    ///
    /// # Errors
    /// One line: a file that it is described by cannot be used.
    pub fn open(&self) -> Result<Box<dyn Sink>, String> {
        match self {
            Place::Spool(folder) => Ok(Box::new(Spool::new(folder.clone(), None, ROOM))),
            Place::Pipe(pipe) => Ok(Box::new(Pipe::new(pipe.clone(), None, None))),
            Place::Icinga(file) => Ok(Box::new(Icinga::read(file)?)),
            Place::Nagios(file) => {
                let files = nagios_cfg::read(Some(file))?;
                let known = files.objects.map(Known::new);
                match (files.spool, files.command) {
                    (Some(folder), _) => Ok(Box::new(Spool::new(folder, known, ROOM))),
                    (None, Some(pipe)) => Ok(Box::new(Pipe::new(pipe, known, None))),
                    (None, None) => Err(format!("{} names neither check_result_path nor command_file", file.display())),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!("spool:/a:b".parse(), Ok(Place::Spool("/a:b".into())));
        assert_eq!("nagios:/x".parse(), Ok(Place::Nagios("/x".into())));
        for wrong in ["", "spool:", "spool", "/var/spool", "ftp:/x"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
