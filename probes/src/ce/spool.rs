//! The folder of a job that tools hand in: its payload, a script around it that writes down how it ended, and what it wrote.

use super::{Job, STDERR, STDOUT};
use crate::net::rest::Fault;
use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The script around the payload.
pub const SCRIPT: &str = "job.sh";
/// The file in which it writes the payload's exit code.
pub const EXIT: &str = "exit.txt";

/// Makes the folder of a job below one of ours; one that is there from a call before is used again.
///
/// # Errors
/// It cannot be written: ours.
pub fn make(below: &Path, job: &Job) -> Result<PathBuf, Fault> {
    let folder = path(below, &job.name);
    let wrong = |e: std::io::Error| Fault::Ours(format!("cannot write the job's folder {}: {e}", folder.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(wrong)?;
    for (name, content) in &job.inputs {
        write(&folder.join(name), content, if *name == job.executable { 0o700 } else { 0o600 }).map_err(wrong)?;
    }
    write(&folder.join(SCRIPT), script(&folder, job).as_bytes(), 0o700).map_err(wrong)?;
    Ok(folder)
}

/// Where a job's folder lies. Names are of our making; nothing else of them becomes part of a path.
pub fn path(below: &Path, name: &str) -> PathBuf {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect();
    below.join(name)
}

/// Takes it away.
pub fn remove(folder: &Path) {
    // What cannot be removed now is in the way of nobody: names are used once.
    let _ = std::fs::remove_dir_all(folder);
}

/// A file of a job that has ended, bounded.
pub fn read(folder: &Path, name: &str) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut content = Vec::new();
    std::fs::File::open(folder.join(name)).ok()?.take(8 << 20).read_to_end(&mut content).ok()?;
    Some(content)
}

fn write(path: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(path)?;
    file.write_all(content)
}

/// Runs where the batch system puts it, as long as it sees the folder; the exit code is written last, in one step.
fn script(folder: &Path, job: &Job) -> String {
    let folder = quoted(&folder.display().to_string());
    let inside = job.inputs.iter().any(|(name, _)| *name == job.executable);
    let program = if inside { format!("./{}", job.executable) } else { job.executable.clone() };
    let mut command = quoted(&program);
    for argument in &job.arguments {
        command.push(' ');
        command.push_str(&quoted(argument));
    }
    let mut text = String::from("#!/bin/sh\n");
    // Writing into a string does not fail.
    let _ = write!(
        text,
        "cd {folder} || exit 126\n{command} >{STDOUT} 2>{STDERR} </dev/null\ncode=$?\n\
         {{ echo \"$code\"; hostname; }} >{EXIT}.new && mv {EXIT}.new {EXIT}\nexit \"$code\"\n"
    );
    text
}

/// A word of the shell's.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_runs_the_payload_and_writes_down_its_end() {
        let below = tempfile::tempdir().unwrap();
        let job = Job {
            name: "gridprobe:m:t:1.a/../b".into(),
            executable: "p.sh".into(),
            arguments: vec!["it's \"$HOME\"".into()],
            inputs: vec![("p.sh".into(), b"#!/bin/sh\necho \"$1\"\nexit 7\n".to_vec())],
            ..Job::default()
        };
        let folder = make(below.path(), &job).unwrap();
        assert_eq!(folder.parent(), Some(below.path()));
        let status = std::process::Command::new(folder.join(SCRIPT)).status().unwrap();
        assert_eq!(status.code(), Some(7));
        assert_eq!(read(&folder, STDOUT).unwrap(), b"it's \"$HOME\"\n");
        assert!(read(&folder, EXIT).unwrap().starts_with(b"7\n"));
    }
}
