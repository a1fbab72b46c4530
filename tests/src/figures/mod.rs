//! The figures of docs/benchmarks.md that need a real Nagios with thousands of services, or a daemon that knows them. Start
//! in [`scale`] (100,000 services), [`beside`] (10,000 of a real Nagios: what the daemon costs, how far behind it is, and
//! how quickly it reads what it missed).
//!
//! What is printed are rows of Markdown: what, figure. Nothing here passes or fails by a time.

pub mod backlog;
pub mod bdii;
pub mod beside;
pub mod ces;
pub mod past;
pub mod process;
pub mod readers;
pub mod scale;
pub mod screen;
pub mod serve;

use crate::fleet::{Fleet, Host, Service};

/// The middle one; 0 of none.
pub fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

/// A row of the table.
pub fn row(what: &str, figure: impl std::fmt::Display) {
    println!("| {what} | {figure} |");
}

/// Hosts with so many passive services each, hard at the first result, with names as long as those of a grid.
fn fleet(hosts: usize, services: usize) -> Fleet {
    const FLAVOURS: [(&str, &str); 4] = [("ARC-CE", "arc"), ("SRM", "se"), ("Site-BDII", "bdii"), ("APEL", "apel")];
    let host = |number: usize| {
        let (flavour, prefix) = FLAVOURS[number % FLAVOURS.len()];
        let names = (0..services).map(|n| format!("org.example.{flavour}-Metric{n:02}-ops"));
        let services = names.map(|name| Service::passive(&name).attempts(1)).collect();
        let site = format!("SITE-{:03}", number / 8);
        Host::new(&format!("{prefix}{number:04}.site{:03}.example.org", number / 8), &site, flavour, services)
    };
    Fleet::new((0..hosts).map(host).collect())
}
