//! Nagios' command pipe (`command_file`). One write a result, which the pipe takes whole or not at all; nothing is waited for
//! longer than it is worth. What is too long for that, or finds nobody reading, goes to the spool where there is one.

use super::known::{self, Known};
use super::spool::Spool;
use super::{Delivery, PassiveResult, Sink};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A pipe takes so much in one piece (PIPE_BUF); what is longer might be mixed with others' commands.
const PIECE: usize = 4096;
/// So long one waits for a Nagios that does not read, for all results together.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pipe of one Nagios.
#[derive(Debug)]
pub struct Pipe {
    path: PathBuf,
    known: Option<Known>,
    spool: Option<Spool>,
}

impl Pipe {
    /// This pipe, with what Nagios knows, and where the rest goes, where that can be told.
    pub fn new(path: PathBuf, known: Option<Known>, spool: Option<Spool>) -> Pipe {
        Pipe { path, known, spool }
    }

    fn open(&self) -> Result<File, String> {
        let said = |why: &str| format!("{}: {why}", self.path.display());
        let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
        match OpenOptions::new().write(true).custom_flags(flags).open(&self.path) {
            Ok(file) if file.metadata().is_ok_and(|meta| meta.file_type().is_fifo()) => Ok(file),
            Ok(_) => Err(said("it is no pipe; name Nagios' command_file")),
            Err(error) => Err(match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::ENXIO) => said("nobody reads there; does Nagios run?"),
                Some(Errno::ENOENT) => said("there is no such pipe; does Nagios run, with check_external_commands=1?"),
                Some(Errno::EACCES) => said("it may not be written; run as a member of its group"),
                _ => said(&error.to_string()),
            }),
        }
    }

    fn write(&self, pipe: &mut File, line: &str, deadline: Instant) -> Result<(), String> {
        loop {
            match pipe.write(line.as_bytes()) {
                Ok(written) if written == line.len() => return Ok(()),
                Ok(_) => return Err(format!("{} took only a part of a line", self.path.display())),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(format!("{}: Nagios does not read it", self.path.display()));
                    }
                    let mut wait = [PollFd::new(pipe.as_fd(), PollFlags::POLLOUT)];
                    let _ = poll(&mut wait, u16::try_from(left.as_millis().clamp(1, 100)).unwrap_or(100));
                }
                Err(error) => return Err(format!("cannot write to {}: {error}", self.path.display())),
            }
        }
    }
}

impl Sink for Pipe {
    fn submit(&mut self, results: &[PassiveResult]) -> Result<Delivery, String> {
        let mut delivery = Delivery::default();
        let results = match &mut self.known {
            Some(known) => known.sort(results, &mut delivery)?,
            None => known::nameable(results, &mut delivery),
        };
        let deadline = Instant::now() + PATIENCE;
        let mut pipe = self.open();
        let (mut long, mut rest): (Vec<&PassiveResult>, Vec<&PassiveResult>) = Default::default();
        let mut why = String::new();
        for result in results {
            let line = result.command();
            match &mut pipe {
                Ok(_) if line.len() > PIECE => long.push(result),
                Ok(file) => match self.write(file, &line, deadline) {
                    Ok(()) => delivery.delivered += 1,
                    Err(error) => {
                        rest.push(result);
                        pipe = Err(error);
                    }
                },
                Err(_) => rest.push(result),
            }
        }
        if let Err(error) = &pipe {
            why.clone_from(error);
        }
        match &self.spool {
            Some(spool) => {
                long.append(&mut rest);
                if !long.is_empty() {
                    spool.write(&long, &mut delivery)?;
                }
                if !why.is_empty() {
                    delivery.notes.push(format!("{why}; its results went to the spool"));
                }
            }
            None if delivery.delivered == 0 && long.is_empty() && !rest.is_empty() => return Err(why),
            None => {
                let too_long = format!("its line is longer than the {PIECE} bytes a pipe takes whole; name a spool");
                delivery.failed.extend(long.iter().map(|result| (result.name(), too_long.clone())));
                delivery.failed.extend(rest.iter().map(|result| (result.name(), why.clone())));
            }
        }
        Ok(delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::time::SystemTime;

    fn results(sizes: &[usize]) -> Vec<PassiveResult> {
        let now = SystemTime::now();
        let result = |(n, size): (usize, &usize)| PassiveResult {
            host: format!("h{n}"),
            service: Some("s".to_owned()),
            code: 1,
            output: "x".repeat(*size),
            times: (now, now),
        };
        sizes.iter().enumerate().map(result).collect()
    }

    #[test]
    fn short_lines_go_into_the_pipe_and_long_ones_to_the_spool() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cmd");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let spool = || Some(Spool::new(folder.path().into(), None, 1 << 30));
        let refused = Pipe::new(path.clone(), None, None).submit(&results(&[1])).unwrap_err();
        assert!(refused.contains("nobody reads there"), "{refused}");
        let down = Pipe::new(path.clone(), None, spool()).submit(&results(&[1])).unwrap();
        assert_eq!((down.delivered, down.notes.len()), (1, 1));
        let mut reader = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let delivery = Pipe::new(path.clone(), None, spool()).submit(&results(&[10, 5000, 20])).unwrap();
        assert_eq!((delivery.delivered, delivery.notes.len()), (3, 0));
        let mut text = vec![0; 65536];
        let read = reader.read(&mut text).unwrap();
        assert_eq!(text[..read].iter().filter(|b| **b == b'\n').count(), 2);
        let delivery = Pipe::new(path, None, None).submit(&results(&[10, 5000])).unwrap();
        assert_eq!((delivery.delivered, delivery.failed.len()), (1, 1));
    }

    #[test]
    fn a_nagios_that_does_not_read_is_not_waited_for_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cmd");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let _held = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let begun = Instant::now();
        let delivery = Pipe::new(path, None, None).submit(&results(&[3000; 60])).unwrap();
        assert!(begun.elapsed() < PATIENCE * 3 && delivery.delivered > 5);
        assert_eq!(delivery.delivered + delivery.failed.len(), 60);
    }
}
