//! Checks that went down with a front. Nagios believes that they run: it throws away what a lost connection had to do, and looks
//! again only after `service_check_timeout` and ten minutes more. In status.dat they are those that were due by the time the new
//! front came and have no result since; a forced check brings them back.

use super::nagios_cfg::Files;
use super::watchdog::Log;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What status.dat must know since the new front came: by then checks that merely ran meanwhile have ended.
const GRACE: i64 = 3;
/// It is looked for so long: status.dat is written every 10 s by default, by some every minute.
const LOOKING: Duration = Duration::from_secs(300);
/// A check that was forced is not forced again before so many seconds.
const AGAIN: i64 = 60;
/// So many are forced at a time, so that Nagios is not flooded; a second later more.
const AT_ONCE: usize = 500;
/// A pipe takes so much in one piece (PIPE_BUF).
const PIECE: usize = 4096;

/// A check that is thought lost: host, and service unless it is the host's own.
pub type Check = (String, Option<String>);

/// Finds and forces them, until status.dat shows none twice.
pub fn recover(files: &Files, names: &[String], registered: SystemTime, log: &Log) {
    let (Some(status), Some(objects), Some(pipe)) = (&files.status, &files.objects, &files.command) else {
        log.say("checks that an earlier front lost are not looked for: --nagios-cfg is not given, or names no status_file, object_cache_file or command_file");
        return;
    };
    let registered = seconds(registered);
    let end = SystemTime::now() + LOOKING;
    let (mut forced, mut seen, mut clean): (HashMap<Check, i64>, i64, u32) = Default::default();
    let mut told = String::new();
    while SystemTime::now() < end && clean < 2 {
        std::thread::sleep(Duration::from_secs(1));
        match look(status, objects, names, registered) {
            Ok((created, lost)) if created > seen => {
                seen = created;
                clean = if lost.is_empty() { clean + 1 } else { 0 };
                let now = seconds(SystemTime::now());
                let due = lost.into_iter().filter(|check| forced.get(check).is_none_or(|at| *at + AGAIN <= now));
                let due: Vec<Check> = due.collect();
                for some in due.chunks(AT_ONCE) {
                    match force(pipe, some, now) {
                        Ok(()) => {
                            forced.extend(some.iter().map(|check| (check.clone(), now)));
                            log.say(format!("{} checks that an earlier front lost are forced", some.len()));
                        }
                        Err(why) => tell(log, &mut told, why),
                    }
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
            Ok(_) => {}
            Err(why) => tell(log, &mut told, why),
        }
    }
}

fn tell(log: &Log, told: &mut String, why: String) {
    if *told != why {
        log.say(format!("lost checks: {why}"));
        *told = why;
    }
}

/// When status.dat was written, and what it shows as lost; nothing yet when it is too old.
fn look(status: &Path, objects: &Path, names: &[String], registered: i64) -> Result<(i64, Vec<Check>), String> {
    let read = |path: &Path| match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(format!("cannot read {}: {error}; run gridprobe serve as Nagios' user", path.display())),
    };
    // Cheap, before all of it is read.
    let written = std::fs::metadata(status).and_then(|meta| meta.modified());
    if written.is_ok_and(|at| seconds(at) < registered + GRACE) {
        return Ok((0, Vec::new()));
    }
    let status = read(status)?;
    let created = created(&status);
    if created < registered + GRACE {
        return Ok((0, Vec::new()));
    }
    let commands = commands(&read(objects)?, names);
    Ok((created, lost(&status, &commands, registered)))
}

fn created(status: &str) -> i64 {
    let info = status.lines().skip_while(|line| line.trim() != "info {").take_while(|line| line.trim() != "}");
    info.filter_map(|line| line.trim().strip_prefix("created=")?.parse().ok()).next().unwrap_or(0)
}

/// The commands of objects.cache whose program has one of our names.
fn commands(objects: &str, names: &[String]) -> HashSet<String> {
    let mut found = HashSet::new();
    let (mut inside, mut name) = (false, "");
    for line in objects.lines().map(str::trim) {
        if line.starts_with("define ") {
            inside = line.starts_with("define command");
        } else if let Some(value) = line.strip_prefix("command_name").filter(|_| inside) {
            name = value.trim();
        } else if let Some(value) = line.strip_prefix("command_line").filter(|_| inside) {
            // Nagios takes the first word, by its last part.
            let program = value.split_whitespace().next().and_then(|word| word.rsplit('/').next());
            if program.is_some_and(|program| names.iter().any(|n| n == program)) {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

/// Those that were due by the second `registered` and have had no result since they were due.
fn lost(status: &str, commands: &HashSet<String>, registered: i64) -> Vec<Check> {
    let mut found = Vec::new();
    let mut block: Option<HashMap<&str, &str>> = None;
    for line in status.lines() {
        let line = line.trim_start();
        match (line, &mut block) {
            ("servicestatus {" | "hoststatus {", _) => block = Some(HashMap::new()),
            ("}", _) => found.extend(block.take().and_then(|block| judge(&block, commands, registered))),
            (line, Some(block)) => block.extend(line.split_once('=')),
            _ => {}
        }
    }
    found
}

fn judge(block: &HashMap<&str, &str>, commands: &HashSet<String>, registered: i64) -> Option<Check> {
    let number = |key| block.get(key).and_then(|value| value.parse::<i64>().ok()).unwrap_or(0);
    let command = block.get("check_command")?.split('!').next()?;
    let scheduled = number("active_checks_enabled") == 1 && number("should_be_scheduled") == 1;
    let (due, last) = (number("next_check"), number("last_check"));
    // Of the second in which the new front came, a part belonged to the old one; what has merely begun is forced for nothing.
    if !scheduled || due == 0 || due > registered || last >= due || !commands.contains(command) {
        return None;
    }
    Some(((*block.get("host_name")?).to_owned(), block.get("service_description").map(|s| (*s).to_owned())))
}

/// Writes the commands into Nagios' pipe, whole ones at a time, without waiting for somebody who does not read.
fn force(pipe: &Path, checks: &[Check], now: i64) -> Result<(), String> {
    let failed = |error: std::io::Error| {
        format!(
            "cannot write to {}: {error}; is check_external_commands=1, and may this user write there?",
            pipe.display()
        )
    };
    let mut to = std::fs::OpenOptions::new()
        .write(true)
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(pipe)
        .map_err(failed)?;
    let mut piece = String::new();
    for (host, service) in checks {
        let line = match service {
            Some(service) => format!("[{now}] SCHEDULE_FORCED_SVC_CHECK;{host};{service};{now}\n"),
            None => format!("[{now}] SCHEDULE_FORCED_HOST_CHECK;{host};{now}\n"),
        };
        if piece.len() + line.len() > PIECE {
            send(&mut to, &piece).map_err(failed)?;
            piece.clear();
        }
        piece.push_str(&line);
    }
    send(&mut to, &piece).map_err(failed)
}

fn send(to: &mut impl Write, piece: &str) -> std::io::Result<()> {
    for _ in 0..50 {
        match to.write(piece.as_bytes()) {
            // A pipe takes a piece of this size whole or not at all.
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(100))
            }
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other("nobody reads there"))
}

fn seconds(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECTS: &str = "define command {\n\tcommand_name\tcrl\n\tcommand_line\t$USER1$/check_crl -d $ARG1$\n\t}\n\
        define command {\n\tcommand_name\tping\n\tcommand_line\t/p/check_ping\n\t}\n\
        define command {\n\tcommand_name\tbare\n\tcommand_line\tcheck_crl\n\t}\n";

    fn block(kind: &str, service: &str, command: &str, times: (i64, i64)) -> String {
        format!(
            "{kind} {{\n\thost_name=h\n{service}\tcheck_command={command}\n\tlast_check={}\n\tnext_check={}\n\
             \tactive_checks_enabled=1\n\tshould_be_scheduled=1\n\tplugin_output=next_check=0;a=b\n\t}}\n",
            times.0, times.1
        )
    }

    #[test]
    fn what_was_due_before_and_has_no_result_is_lost() {
        let commands = commands(OBJECTS, &["check_crl".to_owned()]);
        assert_eq!(commands.len(), 2);
        let service = |name: &str, command, times| {
            block("servicestatus", &format!("\tservice_description={name}\n"), command, times)
        };
        let status = ["info {\n\tcreated=1105\n\t}\n".to_owned()]
            .into_iter()
            .chain([
                service("lost", "crl!/x;y", (900, 1000)),
                service("answered", "crl", (1001, 1000)),
                service("due in that second", "crl", (900, 1100)),
                service("answered in that second", "crl", (1100, 1100)),
                service("due later", "crl", (900, 1101)),
                service("of others", "ping", (900, 1000)),
                service("off", "crl", (900, 1000)).replace("checks_enabled=1", "checks_enabled=0"),
                service("never run", "bare", (0, 1099)),
                block("hoststatus", "", "crl", (900, 1000)),
            ])
            .collect::<String>();
        assert_eq!(created(&status), 1105);
        let found = lost(&status, &commands, 1100);
        let names: Vec<_> = found.iter().map(|(_, service)| service.as_deref().unwrap_or("HOST")).collect();
        assert_eq!(names, ["lost", "due in that second", "never run", "HOST"]);
    }

    #[test]
    fn commands_are_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("cmd");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(force(&pipe, &[("h".into(), None)], 1).is_err(), "nobody reads");
        let reader = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        let checks: Vec<Check> = (0..500).map(|n| (format!("h{n}"), Some("s".to_owned()))).collect();
        force(&pipe, &checks, 7).unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(reader));
        for n in 0..500 {
            assert_eq!(lines.next().unwrap().unwrap(), format!("[7] SCHEDULE_FORCED_SVC_CHECK;h{n};s;7"));
        }
    }
}
