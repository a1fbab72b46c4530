//! What the system says that a process costs.

use crate::fail::{Fail, Result};
use std::time::Duration;

/// Resident memory in MB: now, and the most there ever was.
pub fn memory(id: u32) -> Result<(f64, f64)> {
    let path = format!("/proc/{id}/status");
    let text = std::fs::read_to_string(&path).map_err(Fail::at(&path))?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: f64 = line.trim_start_matches(':').trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib * 1024.0 / 1e6)
    };
    field("VmRSS").zip(field("VmHWM")).ok_or_else(|| Fail::new(format!("{path} names no VmRSS")))
}

/// Time on a processor so far, of all threads, those that ended too.
pub fn cpu(id: u32) -> Result<Duration> {
    ticks(id, &[11, 12])
}

/// The same, and of its children that have ended.
pub fn cpu_with_ended(id: u32) -> Result<Duration> {
    ticks(id, &[11, 12, 13, 14])
}

/// Its parent.
pub fn parent(id: u32) -> Option<u32> {
    fields(id).ok()?.get(1)?.parse().ok()
}

fn ticks(id: u32, wanted: &[usize]) -> Result<Duration> {
    let fields = fields(id)?;
    let all: Option<Vec<u64>> = wanted.iter().map(|&at| fields.get(at)?.parse().ok()).collect();
    let all = all.ok_or_else(|| Fail::new(format!("/proc/{id}/stat: no times in it")))?;
    // USER_HZ is 100 on Linux, whatever the kernel's own clock.
    Ok(Duration::from_millis(all.iter().sum::<u64>() * 10))
}

/// Of /proc/ID/stat, behind the name in brackets, which may hold anything: state, parent, …; from 11 on the times.
fn fields(id: u32) -> Result<Vec<String>> {
    let path = format!("/proc/{id}/stat");
    let text = std::fs::read_to_string(&path).map_err(Fail::at(&path))?;
    Ok(text.rsplit(')').next().unwrap_or_default().split_whitespace().map(str::to_owned).collect())
}
