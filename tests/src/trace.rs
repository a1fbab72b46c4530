//! What strace saw: whether the disk had it before the world was told.

use crate::fail::{Fail, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// strace's options: children too, paths beside descriptors, tracer as a grandchild.
pub const OPTIONS: [&str; 7] = [
    "-D",
    "-f",
    "-y",
    "-s",
    "60000",
    "-e",
    "trace=fsync,fdatasync,sync_file_range,write,pwrite64,writev,pwritev,sendto,sendmsg,read,pread64,readv,recvfrom,recvmsg,rename,renameat,renameat2",
];

/// One system call: the lines on which it began and ended, and its text whole.
#[derive(Clone, Debug)]
pub struct Call {
    /// `fdatasync`, `sendto`, …
    pub name: String,
    /// Arguments and result as strace prints them.
    pub text: String,
    /// The line on which it was entered.
    pub begun: usize,
    /// The line on which it returned.
    pub ended: usize,
}

/// All calls in the order of their beginning.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The calls.
    pub calls: Vec<Call>,
}

impl Call {
    fn synced(&self, store: &str) -> bool {
        matches!(self.name.as_str(), "fsync" | "fdatasync")
            && self.text.contains(store)
            && self.text.trim_end().ends_with("= 0")
    }

    fn reads(&self) -> bool {
        matches!(self.name.as_str(), "read" | "pread64" | "readv" | "recvfrom" | "recvmsg")
    }

    fn writes(&self) -> bool {
        matches!(self.name.as_str(), "write" | "pwrite64" | "writev" | "pwritev" | "sendto" | "sendmsg")
            || self.name.starts_with("rename")
    }

    /// What stands between the first and the last quotation mark.
    fn payload(&self) -> &str {
        let quoted = self.text.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
        quoted.map_or("", |(payload, _)| payload)
    }

    /// `12<socket:[345]>`.
    fn descriptor(&self) -> &str {
        self.text.split([',', ')']).next().unwrap_or_default()
    }
}

impl Trace {
    /// Reads what strace wrote.
    pub fn read(path: &Path) -> Result<Self> {
        let content = std::fs::read(path).map_err(Fail::at(path.display()))?;
        Ok(Trace::parse(&String::from_utf8_lossy(&content)))
    }

    fn parse(content: &str) -> Self {
        let mut trace = Trace::default();
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        for (number, line) in content.lines().enumerate() {
            let Some((thread, rest)) = line.split_once(' ') else { continue };
            let rest = rest.trim_start();
            if let Some(resumed) = rest.strip_prefix("<... ") {
                let (Some(index), Some((_, tail))) = (open.remove(thread), resumed.split_once("resumed>")) else {
                    continue;
                };
                let call = &mut trace.calls[index];
                call.text.push_str(tail);
                call.ended = number;
            } else if let Some((name, text)) = rest.split_once('(') {
                let unfinished = text.strip_suffix("<unfinished ...>");
                let ended = if unfinished.is_some() { usize::MAX } else { number };
                if unfinished.is_some() {
                    open.insert(thread, trace.calls.len());
                }
                let text = unfinished.unwrap_or(text).to_owned();
                trace.calls.push(Call { name: name.to_owned(), text, begun: number, ended });
            }
        }
        trace
    }

    /// Every 2xx answer to a POST on `path` was written only after a sync of a file in `store` had returned that began after
    /// the request was read. Returns how many answers there were.
    pub fn answers_follow_sync(&self, path: &str, store: &Path) -> Result<usize> {
        let (post, store) = (format!("POST {path}"), store.display().to_string());
        let mut answers = 0;
        for answer in self.calls.iter().filter(|call| call.writes() && call.text.contains("HTTP/1.1 2")) {
            // A request may come in several pieces; they end where the answer before it went out.
            let same = self.calls.iter().filter(|call| call.descriptor() == answer.descriptor());
            let before = same.filter(|call| call.ended < answer.begun);
            let pieces: Vec<_> = before.rev().take_while(|call| !call.writes()).filter(|call| call.reads()).collect();
            let request: String = pieces.iter().rev().map(|call| call.payload()).collect();
            let Some(asked) = pieces.first().filter(|_| request.starts_with(&post)) else { continue };
            ensure(self.synced_between(asked.ended, answer.begun, &store), || {
                format!(
                    "line {}: answered without a sync after the request on line {}: {}",
                    answer.begun + 1,
                    asked.ended + 1,
                    answer.text
                )
            })?;
            answers += 1;
        }
        Ok(answers)
    }

    /// What was read from `source` and holds `text` left the daemon only after a sync of `store` that began after that read:
    /// until then the cursor, which is kept in the same transaction, stood before it as well.
    pub fn shown_after_sync(&self, source: &Path, store: &Path, text: &str) -> Result {
        let (source, store) = (source.display().to_string(), store.display().to_string());
        let holds = |call: &&Call| call.text.contains(text);
        let read = self.calls.iter().find(|call| call.reads() && call.text.contains(&source) && holds(call));
        let read = read.ok_or_else(|| Fail::new(format!("nobody read {text:?} from {source}")))?;
        let shown =
            self.calls.iter().find(|call| call.writes() && call.descriptor().contains("socket:") && holds(call));
        let shown = shown.ok_or_else(|| Fail::new(format!("{text:?} was shown to nobody")))?;
        ensure(self.synced_between(read.ended, shown.begun, &store), || {
            format!(
                "line {}: shown without a sync after it was read on line {}: {}",
                shown.begun + 1,
                read.ended + 1,
                shown.text
            )
        })
    }

    /// The names of the files of `store` that were written, renamed to or synced.
    pub fn written_in(&self, store: &Path) -> BTreeSet<String> {
        let folder = format!("{}/", store.display());
        let touched = self.calls.iter().filter(|call| call.writes() || call.synced(&folder));
        let names = touched.flat_map(|call| call.text.split(&folder).skip(1).map(str::to_owned).collect::<Vec<_>>());
        let end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/'));
        names.map(|name| name.split(end).next().unwrap_or_default().to_owned()).collect()
    }

    fn synced_between(&self, from: usize, to: usize, store: &str) -> bool {
        self.calls.iter().any(|call| call.synced(store) && call.begun > from && call.ended < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
10 recvfrom(9<socket:[1]>, \"POST /api/v1/observations HTTP/1.1\\r\\n\", 4096, 0, NULL, NULL) = 200
11 pwrite64(5</s/store/j-wal>, \"x\", 1, 0) = 1
11 fdatasync(5</s/store/j-wal> <unfinished ...>
10 read(3</var/nagios.log>, \"\", 10) = 0
11 <... fdatasync resumed>)          = 0
10 sendto(9<socket:[1]>, \"HTTP/1.1 200 OK\\r\\n\", 90, MSG_NOSIGNAL, NULL, 0) = 90
";

    #[test]
    fn an_answer_after_the_sync_is_right() -> Result {
        assert_eq!(Trace::parse(GOOD).answers_follow_sync("/api/v1/observations", Path::new("/s/store"))?, 1);
        Ok(())
    }

    #[test]
    fn a_request_may_come_in_pieces() -> Result {
        let piece = "10 recvfrom(9<socket:[1]>, \"POST /api/v1/obs\", 24, 0, NULL, NULL) = 24\n";
        let text = piece.to_owned() + &GOOD.replace("POST /api/v1/obs", "");
        assert_eq!(Trace::parse(&text).answers_follow_sync("/api/v1/observations", Path::new("/s/store"))?, 1);
        Ok(())
    }

    #[test]
    fn an_answer_before_the_sync_returned_is_found() {
        let mut lines: Vec<_> = GOOD.lines().collect();
        lines.swap(4, 5);
        let trace = Trace::parse(&lines.join("\n"));
        assert!(trace.answers_follow_sync("/api/v1/observations", Path::new("/s/store")).is_err());
    }

    #[test]
    fn a_sync_of_another_file_does_not_count() {
        let trace = Trace::parse(&GOOD.replace("/s/store", "/elsewhere"));
        assert!(trace.answers_follow_sync("/api/v1/observations", Path::new("/s/store")).is_err());
    }

    #[test]
    fn what_is_shown_before_the_sync_is_found() {
        let text = "1 read(3</v/nagios.log>, \"[1] x\", 9) = 5\n2 fsync(4</s/store/j-wal>) = 0\n2 sendto(5<socket:[7]>, \"x\", 1, 0, NULL, 0) = 1\n";
        let (source, store) = (Path::new("/v/nagios.log"), Path::new("/s/store"));
        assert!(Trace::parse(text).shown_after_sync(source, store, "x").is_ok());
        assert_eq!(Trace::parse(text).written_in(store), BTreeSet::from(["j-wal".to_owned()]));
        let mut lines: Vec<_> = text.lines().collect();
        lines.swap(1, 2);
        assert!(Trace::parse(&lines.join("\n")).shown_after_sync(source, store, "x").is_err());
        assert!(Trace::parse(text).shown_after_sync(source, store, "y").is_err(), "nobody saw it");
    }
}
