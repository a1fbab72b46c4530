//! gridprobe-wn: what a job finds on its worker node. `check_ce --wn` sends it there as the payload of its job; it prints one JSON
//! document (`document.rs`) and ends with 0 whatever it found: that the job ran is one verdict, what it found are others.
//!
//! Nothing may be taken for granted on a worker node: no library (it is linked statically: `cargo wn`), no home, no name service
//! (addresses are given by number), no folder that can be written, file systems that hang. Start reading in [`main`]; each check
//! is a file of `check/`, is run in a thread of its own, and is given up alone.

mod check;
mod document;
mod options;
mod run;

use clap::Parser;
use options::Options;
use run::now;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => Arc::new(options),
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 3 } else { 0 });
        }
    };
    let begun = now();
    let mut document = document::Document::new(&options.job, begun);
    document.results = run::all(&options);
    document.ended = now();
    println!("{}", document.json());
    // What still hangs in a file system hangs alone.
    std::process::exit(0)
}
