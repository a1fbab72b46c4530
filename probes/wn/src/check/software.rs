//! org.sam.WN-SoftVer: what the node runs, and whether what was asked for is there.

use crate::options::Options;
use plugin::{Finding, Report};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Where middleware and systems say what they are: file, and the key of the line that does (the first line where there is none).
const RELEASES: [(&str, &str); 6] = [
    ("/etc/os-release", "PRETTY_NAME="),
    ("/etc/redhat-release", ""),
    ("/etc/umd-release", ""),
    ("/etc/emi-version", ""),
    ("/etc/glite-wn-info", ""),
    ("/etc/arc.release", ""),
];

pub(crate) fn run(options: &Options) -> Option<Report> {
    let mut report = Report::new("SOFTVER");
    let mut found = Vec::new();
    for (file, key) in RELEASES {
        let Some(text) = crate::check::anchors::read(file.as_ref(), 64 * 1024) else { continue };
        let text = String::from_utf8_lossy(&text).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        if let Some(line) = line.map(|line| line.trim().trim_matches('"')).filter(|line| !line.is_empty()) {
            found.push(plugin::text::shortened(line, 100).into_owned());
        }
    }
    found.dedup();
    if let Ok(system) = nix::sys::utsname::uname() {
        found.push(format!("Linux {} {}", system.release().to_string_lossy(), system.machine().to_string_lossy()));
    }
    report.headline(found.join(", "));
    for name in &options.program {
        match in_path(name) {
            Some(path) => report.detail(1, format!("{name}: {}", path.display())),
            None => report.add(Finding::critical("program", "it is not in the PATH").about(name)),
        }
    }
    for path in &options.path {
        if let Err(error) = std::fs::metadata(path) {
            report
                .add(Finding::critical("path", format!("it is not there: {error}")).about(path.display().to_string()));
        }
    }
    Some(report)
}

/// Where the shell would find it.
fn in_path(name: &str) -> Option<PathBuf> {
    let executable = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(executable);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(executable)
}
