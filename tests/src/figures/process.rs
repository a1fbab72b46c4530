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
    let path = format!("/proc/{id}/stat");
    let text = std::fs::read_to_string(&path).map_err(Fail::at(&path))?;
    // The name in brackets may hold anything; behind it the fields are numbers. 12 and 13 are user and system time.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|field| field.parse::<u64>().ok());
    let ticks = ticks(11).zip(ticks(12)).ok_or_else(|| Fail::new(format!("{path}: no times in it")))?;
    // USER_HZ is 100 on Linux, whatever the kernel's own clock.
    Ok(Duration::from_millis((ticks.0 + ticks.1) * 10))
}
