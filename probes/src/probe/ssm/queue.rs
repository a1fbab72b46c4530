//! Queues on disk. python-dirq has two forms, and SSM uses both: QueueSimple (`8 hex/14 hex`, a file a message; `14 hex.lck`, a hard
//! link beside it, while somebody works with it; `.tmp` while it is written) and Queue (`8 hex/14 hex/`, a folder a message with
//! `body`, `signer`, `error`; a folder `locked` in it; `temporary/` and `obsolete/` beside). Its third one are plain files in a folder
//! (`path_type = directory`). The first eight digits of a name are the second in which the message was made, so that nothing hangs
//! on dates of files.

use crate::trust::time::Seconds;
use plugin::Deadline;
use std::fs::{DirEntry, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A reason is not longer.
const REASON: u64 = 4096;
/// So many entries are looked at between two looks at the clock.
const STRIDE: usize = 1024;

/// How messages lie there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layout {
    /// By what is found.
    Auto,
    /// python-dirq's folders.
    Dirq,
    /// Plain files.
    Directory,
}

/// One message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Its name below the queue, as `6b026668/6b02669fb8f6d7`.
    pub name: String,
    /// When it was made.
    pub since: Seconds,
    /// Its length; of a folder that of all its files.
    pub octets: u64,
    /// Since when somebody works with it.
    pub locked: Option<Seconds>,
}

/// What a queue holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Queue {
    /// The messages.
    pub messages: Vec<Message>,
    /// What was begun and is no message.
    pub unfinished: Vec<Message>,
    /// Files that are none of it.
    pub foreign: usize,
    /// The time was over before all was seen.
    pub cut: Option<String>,
}

impl Message {
    /// Why it was rejected, where that stands there (`error`).
    pub fn reason(&self, queue: &Path) -> Option<String> {
        let mut bytes = Vec::new();
        std::fs::File::open(queue.join(&self.name).join("error")).ok()?.take(REASON).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(plugin::text::shortened(line, 200).into_owned())
    }
}

impl Queue {
    /// Reads one. What vanishes meanwhile was sent.
    ///
    /// # Errors
    /// The folder cannot be read; one line.
    pub fn read(folder: &Path, layout: Layout, deadline: &Deadline) -> Result<Queue, String> {
        let wrong = |e: std::io::Error| format!("cannot read the queue {}: {e}", folder.display());
        let mut queue = Queue::default();
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(kind) = entry.file_type() else { continue };
            match (kind.is_dir(), layout) {
                (true, Layout::Directory) => {}
                (true, _) if digits(&name, 8) => {
                    if !queue.read_part(&entry.path(), &name, deadline, &mut seen) {
                        queue.cut = Some(deadline.over(format_args!("reading {}", folder.display())).to_string());
                        return Ok(queue);
                    }
                }
                // Of the form with folders: what is being written, and what is being taken away.
                (true, _) if name == "temporary" => queue.read_temporary(&entry.path()),
                (true, _) => queue.foreign += usize::from(name != "obsolete"),
                (false, Layout::Dirq) => queue.foreign += 1,
                (false, _) => queue.add_plain(&entry, name),
            }
        }
        Ok(queue)
    }

    /// The messages of one of dirq's folders; false when the time was over.
    fn read_part(&mut self, folder: &Path, part: &str, deadline: &Deadline, seen: &mut usize) -> bool {
        // It may be taken away when it is empty.
        let Ok(entries) = std::fs::read_dir(folder) else { return true };
        let mut locks: Vec<(String, Seconds)> = Vec::new();
        let from = self.messages.len();
        for entry in entries.flatten() {
            *seen += 1;
            if (*seen).is_multiple_of(STRIDE) && deadline.remaining().is_zero() {
                return false;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(meta) = entry.metadata() else { continue };
            match name.split_once('.') {
                None if digits(&name, 14) => {
                    self.messages.push(message(format!("{part}/{name}"), &name, &meta, entry.path()))
                }
                // A hard link: only the change of the file's own entry tells when it was made.
                Some((name, "lck")) if digits(name, 14) => locks.push((format!("{part}/{name}"), meta.ctime())),
                Some((name, "tmp")) if digits(name, 14) => {
                    self.unfinished.push(message(format!("{part}/{name}.tmp"), name, &meta, entry.path()));
                }
                _ => self.foreign += 1,
            }
        }
        for (name, since) in locks {
            if let Some(message) = self.messages[from..].iter_mut().find(|message| message.name == name) {
                message.locked = Some(since);
            }
        }
        true
    }

    fn read_temporary(&mut self, folder: &Path) {
        for part in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            for entry in std::fs::read_dir(part.path()).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let Ok(meta) = entry.metadata() else { continue };
                let shown = format!("temporary/{}/{name}", part.file_name().to_string_lossy());
                self.unfinished.push(message(shown, &name, &meta, entry.path()));
            }
        }
    }

    fn add_plain(&mut self, entry: &DirEntry, name: String) {
        let Ok(meta) = entry.metadata() else { return };
        if !meta.is_file() || name.starts_with('.') {
            self.foreign += 1;
            return;
        }
        self.messages.push(Message { since: meta.mtime(), octets: meta.len(), locked: None, name });
    }
}

fn message(shown: String, name: &str, meta: &Metadata, path: PathBuf) -> Message {
    let made = name.get(..8).and_then(|second| i64::from_str_radix(second, 16).ok());
    let (octets, locked) = if meta.is_dir() { inside(&path) } else { (meta.len(), None) };
    Message { name: shown, since: made.unwrap_or_else(|| meta.mtime()), octets, locked }
}

/// Octets of a message that is a folder, and since when it is locked.
fn inside(folder: &Path) -> (u64, Option<Seconds>) {
    let (mut octets, mut locked) = (0, None);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        if entry.file_name() == "locked" {
            locked = Some(meta.mtime());
        } else if meta.is_file() {
            octets += meta.len();
        }
    }
    (octets, locked)
}

fn digits(name: &str, count: usize) -> bool {
    name.len() == count && name.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn read(folder: &Path, layout: Layout) -> Queue {
        Queue::read(folder, layout, &Deadline::of_timeout(Duration::from_secs(10))).unwrap()
    }

    #[test]
    fn both_layouts_are_read_and_what_is_no_message_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("6b026668/6b02669fb8f6d7", "one");
        put("6b026668/6b02669fb8f6d8.tmp", "half");
        put("6b026668/README", "");
        put("00000000/6b02669fb9484b/body", "two");
        put("00000000/6b02669fb9484b/error", "\nSigner not in valid DNs list: /CN=h\n");
        put("flat-1", "three");
        let link = |from: &str, to: &str| std::fs::hard_link(folder.path().join(from), folder.path().join(to)).unwrap();
        link("6b026668/6b02669fb8f6d7", "6b026668/6b02669fb8f6d7.lck");
        let mut queue = read(folder.path(), Layout::Auto);
        queue.messages.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<_> = queue.messages.iter().map(|m| (m.name.as_str(), m.locked.is_some())).collect();
        assert_eq!(names, [("00000000/6b02669fb9484b", false), ("6b026668/6b02669fb8f6d7", true), ("flat-1", false)]);
        assert_eq!(queue.messages[1].since, 0x6b02_669f);
        assert_eq!((queue.unfinished.len(), queue.foreign), (1, 1));
        assert_eq!(queue.messages[0].reason(folder.path()).unwrap(), "Signer not in valid DNs list: /CN=h");
        assert_eq!(read(folder.path(), Layout::Directory).messages.len(), 1);
        assert_eq!(read(folder.path(), Layout::Dirq).messages.len(), 2);
    }
}
