//! A compute element whose disk is full: a real A-REX on the small disk of GRIDWARD_SMALL_DISK, which `tests/run` makes.

use e2e::arex::Arex;
use e2e::{Fail, Result, wait};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

/// A disk that is full, and stays so when others remove what they had there.
struct Full {
    filler: PathBuf,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Full {
    fn new(filler: &Path) -> Result<Full> {
        let mut file = std::fs::File::create(filler)?;
        let mut fill = move || {
            let mut block = vec![0_u8; 1 << 20];
            while !block.is_empty() {
                if file.write_all(&block).is_err() {
                    block.truncate(block.len() / 2);
                }
            }
        };
        fill();
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        let thread = std::thread::spawn(move || {
            while !seen.load(Relaxed) {
                fill();
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Ok(Full { filler: filler.to_owned(), over, thread: Some(thread) })
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        let _ended = self.thread.take().map(JoinHandle::join);
        let _removed = std::fs::remove_file(&self.filler);
    }
}

#[test]
fn a_compute_element_whose_disk_is_full_is_critical_and_leaves_no_job_behind() -> Result {
    let disk = std::env::var_os("GRIDWARD_SMALL_DISK")
        .map(PathBuf::from)
        .ok_or_else(|| Fail::new("GRIDWARD_SMALL_DISK is not set; tests/run ce makes the disk"))?
        .join("arex");
    let arex = Arex::start_on(&disk)?;
    // In the middle of a job.
    let probe = arex.probe("full").with(&["--timeout-submitted", "20s"]);
    assert_eq!(probe.call()?.code, 0);
    let full = Full::new(&disk.join("filler"))?;
    // What A-REX makes of it depends on what it was writing: that it failed, that it finished without its output, that it is gone, or
    // nothing at all.
    wait::until_true("what came of the job", || {
        let answer = probe.call()?;
        std::thread::sleep(Duration::from_millis(300));
        assert!(answer.code != 0 || answer.text.contains("under way"), "{}", answer.text);
        Ok(answer.code != 0)
    })?;
    // Before it.
    let late = arex.probe("late");
    let answer = late.call()?;
    assert!(answer.code == 2 && answer.text.contains("no job can be submitted: localhost:"), "{}", answer.text);
    assert!(answer.text.contains(" 500 "), "{}", answer.text);
    drop(full);
    late.until("from end to end")?;
    late.until_clean()?;
    probe.until_clean()?;
    wait::until_true("no job to be left", || Ok(arex.jobs()?.is_empty()))
}
