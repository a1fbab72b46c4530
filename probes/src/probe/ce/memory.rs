//! What is remembered between calls, one file per compute element and tag: the job that is under way, what is still to be taken
//! away, and the last verdict. It is locked while a call works with it, and replaced whole (law of this house: a reader sees the old
//! one or the new one). What was done at the compute element and not written is found there by the job's name.

use crate::ce::arc::delegation::Delegated;
use nix::fcntl::{Flock, FlockArg};
use plugin::{Finding, State};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The version of the file's form.
const FORM: u32 = 1;
/// So many jobs that could not be taken away are remembered; older ones are found by name with --reap.
const LEFT: usize = 100;

/// The file's content.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Memory {
    form: u32,
    /// The job that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Active>,
    /// Jobs that are to be taken away: id, name.
    #[serde(default)]
    pub left: Vec<(String, String)>,
    /// What came of the last job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
    /// So many jobs in a row ran out of time.
    #[serde(default)]
    pub timeouts: u32,
    /// Since when the compute element does not answer for the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<i64>,
    /// Since when it does not know the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<i64>,
    /// What was delegated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegated>,
    /// When the compute element was asked last.
    #[serde(default)]
    pub asked: i64,
    /// What a job found on its worker node and no monitor has taken yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Pending>,
}

/// A result that is to be handed in.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Pending {
    /// The service, without the suffix.
    pub service: String,
    /// Exit code of a plugin.
    pub code: u8,
    /// As a plugin prints it.
    pub output: String,
    /// When it was fetched.
    pub at: i64,
}

impl Pending {
    /// The state.
    pub fn state(&self) -> State {
        state(self.code)
    }
}

fn state(code: u8) -> State {
    match code {
        0 => State::Ok,
        1 => State::Warning,
        2 => State::Critical,
        _ => State::Unknown,
    }
}

/// A job that is under way.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Active {
    /// Its name, by which it is found where its id was not written.
    pub name: String,
    /// Its id at the compute element; nothing as long as it is being submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its files are there.
    #[serde(default)]
    pub staged: bool,
    /// When it was submitted.
    pub submitted: i64,
    /// Its phase when it was asked last, as `submitted`, `queued`, `running`.
    pub phase: String,
    /// The compute element's own word for its state.
    pub word: String,
    /// Since when it is in this phase, as far as was seen.
    pub since: i64,
    /// When it was first seen beyond submitted, and running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<i64>,
    /// When it was first seen running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<i64>,
}

/// A verdict.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Last {
    /// Exit code of a plugin.
    pub code: u8,
    /// One line.
    pub text: String,
    /// A stable name of what was found.
    #[serde(default)]
    pub id: String,
    /// When it was found.
    pub at: i64,
    /// When the job was submitted that it is about.
    #[serde(default)]
    pub submitted: i64,
}

impl Last {
    /// The state.
    pub fn state(&self) -> State {
        state(self.code)
    }
}

/// The file, while nobody else may use it.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    _lock: Flock<File>,
    /// Whether there was one.
    pub existed: bool,
}

/// Why there is none.
#[derive(Debug)]
pub enum Refusal {
    /// Another call works with it. What it left is there to be shown.
    Busy(Box<Memory>),
    /// It cannot be used.
    Wrong(Finding),
}

/// Opens the memory of one compute element and tag.
///
/// # Errors
/// Another call has it, or it cannot be used.
pub fn open(folder: &Path, host: &str, port: u16, tag: &str) -> Result<(Memory, Kept), Refusal> {
    let mut name: String = format!("{host}_{port}");
    if !tag.is_empty() {
        name.push('_');
        name.push_str(tag);
    }
    // Names of hosts and tags were checked; nothing else becomes part of a path.
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '+' }).collect();
    let path = folder.join(format!("{name}.json"));
    let refused = |why: String| {
        Refusal::Wrong(Finding::unknown("state_file", format!("cannot use the state file {}: {why}", path.display())))
    };
    std::fs::create_dir_all(folder)
        .map_err(|e| refused(format!("cannot make its folder: {e}; name another with --state-dir")))?;
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(folder.join(format!("{name}.lock")))
        .map_err(|e| refused(format!("cannot lock it: {e}; name another folder with --state-dir")))?;
    let lock = match Flock::lock(lock, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => {
            return Err(read(&path).map_or_else(refused, |m| Refusal::Busy(Box::new(m.unwrap_or_default()))));
        }
        Err((_, e)) => return Err(refused(format!("cannot lock it: {e}"))),
    };
    let memory = read(&path).map_err(refused)?;
    let existed = memory.is_some();
    Ok((Memory { form: FORM, ..memory.unwrap_or_default() }, Kept { path, _lock: lock, existed }))
}

fn read(path: &Path) -> Result<Option<Memory>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e.to_string()),
    };
    let form = serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|v| v.get("form").and_then(serde_json::Value::as_u64));
    if form.is_some_and(|form| form > u64::from(FORM)) {
        return Err("a newer version of this probe wrote it; use that one, or another --state-dir".to_owned());
    }
    serde_json::from_str(&text).map(Some).map_err(|e| format!("{e}; remove it: the job is found by its name"))
}

impl Kept {
    /// Writes it down. What is done at the compute element next relies on it.
    ///
    /// # Errors
    /// It cannot be written; the finding says why.
    pub fn save(&self, memory: &Memory) -> Result<(), Finding> {
        let write = || -> std::io::Result<()> {
            let new = self.path.with_extension("new");
            let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
            let mut text = serde_json::to_vec(memory).map_err(std::io::Error::other)?;
            text.push(b'\n');
            file.write_all(&text)?;
            file.sync_data()?;
            std::fs::rename(&new, &self.path)
        };
        write().map_err(|e| {
            Finding::unknown(
                "state_file",
                format!(
                    "cannot write the state file {}: {e}; nothing was submitted that it does not know",
                    self.path.display()
                ),
            )
        })
    }
}

impl Memory {
    /// Remembers a job that is to be taken away.
    pub fn leave(&mut self, id: String, name: String) {
        if !self.leaves(&id) {
            self.left.push((id, name));
            let surplus = self.left.len().saturating_sub(LEFT);
            self.left.drain(..surplus);
        }
    }

    /// Whether a job is to be taken away.
    pub fn leaves(&self, id: &str) -> bool {
        self.left.iter().any(|(left, _)| left == id)
    }

    /// All jobs that it knows: id, name.
    pub fn jobs(&self) -> Vec<(String, String)> {
        let active = self.job.iter().filter_map(|job| Some((job.id.clone()?, job.name.clone())));
        active.chain(self.left.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_at_a_time_has_it_and_the_other_sees_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let (mut memory, kept) = open(folder.path(), "ce.example.org", 443, "a").unwrap();
        assert!(!kept.existed);
        memory.leave("x".into(), "n".into());
        kept.save(&memory).unwrap();
        match open(folder.path(), "ce.example.org", 443, "a") {
            Err(Refusal::Busy(seen)) => assert!(seen.leaves("x")),
            other => panic!("{other:?}"),
        }
        assert!(open(folder.path(), "ce.example.org", 443, "b").is_ok());
        drop(kept);
        let (memory, kept) = open(folder.path(), "ce.example.org", 443, "a").unwrap();
        assert!(kept.existed && memory.leaves("x"));
    }

    #[test]
    fn a_newer_or_broken_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (text, said) in [("{\"form\":2}", "newer version"), ("{", "remove it")] {
            let path = folder.path().join("h_1.json");
            std::fs::write(&path, text).unwrap();
            match open(folder.path(), "h", 1, "") {
                Err(Refusal::Wrong(finding)) => assert!(finding.text.contains(said), "{}", finding.text),
                other => panic!("{other:?}"),
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
