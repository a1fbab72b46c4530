//! What every Nagios plugin needs and no network: one contract for the command line, the output, the exit code and the time.
//!
//! Start reading in `run.rs`. The parts: `state.rs` (which state is worse), `range.rs` and `threshold.rs` (`-w`, `-c`),
//! `perfdata.rs`, `finding.rs` and `report.rs` (what was found, as a tree; the state follows from it and cannot be lowered),
//! `render/` (a first line that fits NRPE, the rest below it, or JSON), `deadline.rs` (what every wait asks), `stop.rs` (the
//! answer of a run that hangs all the same), `cli.rs` and `extra_opts.rs`.
//!
//! ```
//! use plugin::{Context, Finding, Perfdata, Plugin, Range, Report, Threshold, Unit, Usage};
//! use clap::{Arg, ArgMatches, Command};
//!
//! const ANSWER: Plugin = Plugin {
//!     name: "check_answer",
//!     service: "ANSWER",
//!     version: || "1.0",
//!     command: || Command::new("check_answer").arg(Arg::new("warning").short('w').value_name("RANGE").default_value("42:42")),
//!     run,
//! };
//!
//! fn run(args: &ArgMatches, context: &Context) -> Result<Report, Usage> {
//!     // A `?` on an error of the command line becomes an answer: UNKNOWN, exit code 3.
//!     let warning: Range = args.get_one::<String>("warning").map_or("42", |w| w).parse()?;
//!     let mut report = context.report("ANSWER");
//!     context.doing("thinking"); // what a run that hangs here says
//!     match context.deadline.time_for("thinking") {
//!         Ok(_left) => {
//!             let datum = Perfdata::new("answer", 41.0, Unit::None);
//!             let datum = datum.judged_by(Threshold { warning: Some(warning), critical: None });
//!             report.measure(datum, "wrong-answer", || "the answer is 41".to_owned());
//!         }
//!         Err(late) => report.add(Finding::unknown("timeout", late.to_string())),
//!     }
//!     report.headline("asked once");
//!     Ok(report)
//! }
//!
//! // A binary calls `ANSWER.main(std::env::args_os().collect())`.
//! let ready = ANSWER.prepare(vec!["check_answer".into()]).unwrap();
//! let answer = ready.run(&ready.context());
//! assert_eq!(answer.text, "ANSWER WARNING: asked once - the answer is 41 | answer=41;42:42\n");
//! assert_eq!(answer.code, 1);
//! ```

pub mod cli;
mod context;
mod deadline;
mod extra_opts;
mod finding;
mod perfdata;
mod progress;
mod range;
pub mod render;
mod report;
mod run;
mod state;
mod stop;
pub mod text;
mod threshold;

pub use cli::Usage;
pub use context::Context;
pub use deadline::{Deadline, TimedOut};
pub use finding::Finding;
pub use perfdata::{Perfdata, Unit};
pub use range::{Range, RangeError};
pub use report::Report;
pub use run::{Answer, Plugin, Ready};
pub use state::{State, Worst};
pub use threshold::Threshold;
