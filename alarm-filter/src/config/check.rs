//! What `check-config` looks at beside the file itself: whether this user can read and write what it names, what the
//! monitors' own configuration costs, whether the store lies well.

use super::content;
use super::{Config, Listen, MonitorSection};
use crate::access::{self, Me};
use crate::source::nagios_log::options::lacks;
use crate::store::sqlite::unfit_filesystem;
use crate::topology::config::Place;
use crate::topology::gocdb::Method;
use crate::topology::published::Published;
use crate::web::{Operators, Unknown};
use std::fmt;
use std::path::Path;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The daemon would not start, or would not see what it has to see.
    Error,
    /// It works, and something is worse than it could be.
    Warning,
    /// As it should be.
    Fine,
}

/// Something that was looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What, to which object, and what to do; one line.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Fine => "ok",
        };
        write!(f, "{word}: {}", self.text)
    }
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, severity: Severity, text: String) {
        self.0.push(Finding { severity, text });
    }

    fn error(&mut self, text: String) {
        self.add(Severity::Error, text);
    }

    fn warn(&mut self, text: String) {
        self.add(Severity::Warning, text);
    }

    fn fine(&mut self, text: String) {
        self.add(Severity::Fine, text);
    }

    /// A file or folder that has to be readable; whether it is.
    fn readable(&mut self, what: &str, path: &Path, folder: bool, severity: Severity) -> bool {
        let obstacle = access::obstacle(path, folder);
        let fine = obstacle.is_none();
        match obstacle {
            Some(why) => self.add(severity, format!("{what} {}: {why}", path.display())),
            None => self.fine(format!("{what} {}", path.display())),
        }
        fine
    }
}

/// Reads the file at `path` and checks it; worst first.
pub fn check_file(path: &Path, me: &Me) -> Vec<Finding> {
    match Config::load(path) {
        Ok(config) => check(&config, me),
        Err(e) => {
            let line = |text| Finding { severity: Severity::Error, text };
            // The lines say "error" themselves, in the place where compilers put it.
            e.lines.into_iter().map(|l| line(l.replacen(": error: ", ": ", 1))).collect()
        }
    }
}

/// Checks what a configuration names; worst first.
pub fn check(config: &Config, me: &Me) -> Vec<Finding> {
    let mut f = Findings::default();
    f.fine(format!("{} can be read", config.path.display()));
    if me.root {
        f.error(
            "this runs as root; run it as the daemon's own user: sudo -u gridward alarm-filter check-config".to_owned(),
        );
    } else {
        f.fine(format!("this runs as {}", me.name));
    }
    f.fine(format!("pages are served at {}", config.listen));
    operators(config, &mut f);
    store(&config.store, &mut f);
    f.fine(format!("the journal's records are kept {}", config.journal.keep.get_ref()));
    for monitor in &config.monitors {
        monitor_files(monitor, config.topology.is_some(), &mut f);
    }
    match config.profiles.load() {
        Err(lines) => lines.into_iter().for_each(|l| f.error(l)),
        Ok(p) => f.fine(format!("{} profiles; {} raises operators' alarms", p.profiles.len(), p.operators)),
    }
    topology(config, &mut f);
    f.0.sort_by_key(|f| f.severity);
    f.0
}

fn store(folder: &Path, f: &mut Findings) {
    let place = format!("the store's folder {}", folder.display());
    if !folder.exists() {
        let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if nix::unistd::access(parent, nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK).is_ok() {
            f.warn(format!("{place}: there is none yet; the daemon makes it, and the journal begins anew"));
            return;
        }
    }
    if folder.exists() && !folder.is_dir() {
        f.error(format!("{place}: it is a file, not a folder; name the folder"));
        return;
    }
    if !folder.is_dir() {
        f.error(format!(
            "{place}: there is none; make it: install -d -m 0700 -o gridward -g gridward {}",
            folder.display()
        ));
        return;
    }
    if nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK).is_err() {
        f.error(format!("{place} cannot be written by this user; chown it to the daemon's user"));
        return;
    }
    match unfit_filesystem(folder) {
        Ok(None) => f.fine(format!("{place} is local and can be written")),
        Ok(Some(name)) => f.error(format!(
            "{place} lies on {name}, where locks and syncs cannot be relied on; put it on a local disk"
        )),
        Err(e) => f.warn(format!("{place}: its file system cannot be told: {e}")),
    }
}

/// Who acts: a name in a header field is believed, so that whoever reaches the pages past the web server is who he likes.
fn operators(config: &Config, f: &mut Findings) {
    match (config.web.operators(), &config.listen) {
        (Operators::Nobody, _) => {
            f.warn(format!("nobody can switch off, mask or note anything: {}", Unknown::NotConfigured))
        }
        (Operators::Name(name), _) => {
            f.fine(format!("whoever reaches the pages acts as {name:?}: keep the address to those who may"));
        }
        (Operators::Header(header), Listen::Unix(_)) => {
            f.fine(format!("who acts is said by the web server, in {header}"));
        }
        (Operators::Header(header), Listen::Tcp(address)) => f.warn(format!(
            "who acts is said in {header}, and every account of this machine can reach {address} and name itself as it \
             likes; let the daemon listen at unix:/run/gridward/alarm-filter.sock, where only the web server may enter"
        )),
    }
}

fn monitor_files(monitor: &MonitorSection, sites_known: bool, f: &mut Findings) {
    let name = monitor.name.get_ref();
    if let Some(cfg) = &monitor.nagios_cfg
        && let Some(why) = access::obstacle(cfg, false)
    {
        f.error(format!("monitor {name}: nagios.cfg {}: {why}", cfg.display()));
        return;
    }
    let files = match monitor.files() {
        Ok(files) => files,
        Err(e) => {
            f.error(format!("monitor {name}: {e}; correct the line, or set log, status and objects here instead"));
            return;
        }
    };
    let what = |kind: &str| format!("monitor {name}: {kind}");
    match &files.log {
        Some(log) => {
            if f.readable(&what("log"), log, false, Severity::Error)
                && let Some(note) = content::log(log)
            {
                f.error(format!("{} {}: {note}", what("log"), log.display()));
            }
            // Without its list, what was rotated away there is not found again.
            if let Some(folder) = log.parent()
                && files.archive_dir.as_deref() != Some(folder)
                && access::obstacle(log, false).is_none()
                && let Some(why) = access::obstacle(folder, true)
            {
                let place = format!("{} {}", what("folder of the log"), folder.display());
                f.warn(format!("{place}: what is rotated there is not found when the filter was down: {why}"));
            }
        }
        None => f.error(format!("monitor {name}: its nagios.cfg names no log_file; set log = \"…\" under [[monitor]]")),
    }
    if let Some(dir) = &files.archive_dir {
        let _told = f.readable(&what("archive of logs"), dir, true, Severity::Warning);
    } else {
        f.warn(format!(
            "monitor {name}: no archive_dir: what was rotated away while the filter was down is not read; set archive_dir"
        ));
    }
    match &files.status {
        // A monitor that was stopped removes it.
        Some(status) => {
            if f.readable(&what("status.dat"), status, false, Severity::Warning)
                && let Some(note) = content::status(status)
            {
                f.warn(format!("monitor {name}: {note}"));
            }
        }
        None => f.warn(format!("monitor {name}: no status.dat: gaps of the log cannot be made up for; set status")),
    }
    match &files.objects {
        Some(objects) => {
            if f.readable(&what("objects.cache"), objects, false, Severity::Warning) {
                content::objects(objects, sites_known).into_iter().for_each(|n| f.warn(format!("monitor {name}: {n}")));
            }
        }
        None => f.warn(format!(
            "monitor {name}: no objects.cache: service types, sites and reasons for silence are not known; set objects"
        )),
    }
    for lack in files.cfg.iter().flat_map(lacks) {
        if lack.remedy.starts_with("log_file=") && monitor.log.is_some() {
            continue;
        }
        let helps = if lack.status_helps && files.status.is_some() { " status.dat makes up for it, late." } else { "" };
        f.warn(format!("monitor {name}: {}{helps} Set {} in its nagios.cfg", lack.cost, lack.remedy));
    }
}

fn topology(config: &Config, f: &mut Findings) {
    let Some(topology) = &config.topology else {
        f.warn(
            "no [topology]: sites, downtimes, monitoring off and certification are not known; see the example"
                .to_owned(),
        );
        return;
    };
    let mut answers = Vec::new();
    for method in Method::ALL {
        let Some(source) = topology.effective(method) else { continue };
        match source.place() {
            Ok(Place::File(path)) => {
                if f.readable(&format!("topology {method}"), &path, false, Severity::Error) {
                    match content::answer(method, &path) {
                        Ok(rows) => answers.push(rows),
                        Err(e) => f.error(format!("topology {e}")),
                    }
                }
                continue;
            }
            Ok(Place::Address(uri)) => f.fine(format!("topology {method} is asked of {uri}")),
            Err(e) => f.error(format!("topology.{method}.source: {e}")),
        }
        let ca_folder = source.ca.as_ref().is_some_and(|ca| ca.is_dir());
        let own =
            [("certificate", &source.certificate, false), ("key", &source.key, false), ("ca", &source.ca, ca_folder)];
        let mut readable = true;
        for (what, path, folder) in own {
            if let Some(path) = path {
                readable &= f.readable(&format!("topology {method} {what}"), path, folder, Severity::Error);
            }
        }
        if readable {
            match content::certificates(&source) {
                Ok(notes) => notes.into_iter().for_each(|note| f.warn(format!("topology {method}: {note}"))),
                Err(e) => f.error(format!("topology {method}: {e}")),
            }
        }
    }
    content::remarks(&answers).into_iter().for_each(|note| f.warn(format!("topology: {note}")));
    for path in &topology.published {
        match Published::read(path) {
            Ok(published) => {
                let (count, bdii) = (published.differences.len(), &published.bdii);
                f.fine(format!("topology published: {count} differences of {bdii} in {}", path.display()));
            }
            // It may be written later.
            Err(error) => f.warn(format!("topology published: {error}")),
        }
    }
}
