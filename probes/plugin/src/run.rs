//! A plugin from its arguments to its answer.

use crate::cli::{Common, Usage, parse, with_common};
use crate::render::Style;
use crate::stop::{Say, arm, arm_for_arguments};
use crate::{Context, Finding, Report, State, extra_opts};
use clap::{ArgMatches, Command};
use std::ffi::OsString;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// One plugin, as a table of them holds it.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// The name it is called by, as `check_crl`.
    pub name: &'static str,
    /// The word its output begins with, as `CRL`.
    pub service: &'static str,
    /// What `--version` says, after the name.
    pub version: fn() -> &'static str,
    /// Its own options; those that all have are added.
    pub command: fn() -> Command,
    /// The probe itself. It finds what it can, and says what it could not as UNKNOWN.
    pub run: fn(&ArgMatches, &Context) -> Result<Report, Usage>,
}

/// What is printed, and the exit code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// With a line end.
    pub text: String,
    /// 0 to 3.
    pub code: u8,
}

/// A command line that was understood; it can be run.
#[derive(Debug)]
pub struct Ready {
    plugin: Plugin,
    matches: ArgMatches,
    style: Style,
    timeout: Duration,
}

impl Plugin {
    /// The whole command line, as help, man pages and completions show it.
    pub fn full_command(&self) -> Command {
        with_common((self.command)().name(self.name), (self.version)())
    }

    /// Reads the arguments, the program's name first.
    ///
    /// # Errors
    /// What to print instead of running: help, version, or what is wrong with them; code 3.
    pub fn prepare(&self, args: Vec<OsString>) -> Result<Ready, Answer> {
        self.prepare_for(args, false)
    }

    fn prepare_for(&self, args: Vec<OsString>, once: bool) -> Result<Ready, Answer> {
        let unknown = |text| Answer { text, code: State::Unknown.exit_code() };
        let wrong = |why: String| unknown(Usage(why).report(self.service, self.name).render(Style::default()));
        let args = extra_opts::expand(args, self.name).map_err(wrong)?;
        let matches = parse(self.full_command(), self.service, self.name, args, once).map_err(unknown)?;
        let common = Common::read(&matches);
        Ok(Ready { plugin: *self, matches, style: common.style(), timeout: common.timeout })
    }

    /// Runs it in this process, which ends by its time-out wherever the run may hang, and prints the answer.
    pub fn main(&self, args: Vec<OsString>) -> u8 {
        // Between the run's own deadline and the one who would kill it.
        let limit = |timeout: Duration| timeout.saturating_sub((timeout / 20).min(Duration::from_millis(500)));
        let reading =
            extra_opts::are_in(&args).then(|| arm_for_arguments(limit(timeout_in(&args)), self.name, self.service));
        let prepared = self.prepare_for(args, true);
        drop(reading);
        let answer = prepared.map(|ready| {
            let (context, say) = (ready.context(), Say::default());
            arm(limit(ready.timeout), &context, self.service, ready.style, &say);
            let answer = ready.run(&context);
            if !say.take() {
                // The hard stop is answering, and ends the process.
                std::thread::sleep(Duration::from_secs(2));
            }
            // As with the command: the process ends.
            std::mem::forget(ready);
            answer
        });
        answer.unwrap_or_else(|answer| answer).print()
    }
}

/// What `-t` says, before the arguments are really read: only the time that reading them may take hangs on it.
fn timeout_in(args: &[OsString]) -> Duration {
    let mut words = args.iter().filter_map(|arg| arg.to_str());
    let mut found = None;
    while let Some(word) = words.next() {
        let value = match word {
            "-t" | "--timeout" => words.next(),
            _ => word.strip_prefix("--timeout=").or_else(|| word.strip_prefix("-t")),
        };
        found = value.and_then(|value| value.parse().ok()).or(found);
    }
    Duration::from_secs(found.unwrap_or(10).clamp(1, 3600))
}

impl Ready {
    /// The circumstances of a run that begins now.
    pub fn context(&self) -> Context {
        Context::new(self.plugin.name, self.timeout, self.style.verbosity)
    }

    /// The same, where less time is left than the command line gives: of a run that had to wait, or whose starter gives up earlier.
    pub fn context_within(&self, left: Duration) -> Context {
        Context::new(self.plugin.name, self.timeout.min(left), self.style.verbosity)
    }

    /// How long the command line gives the run.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What is said in place of a run that hangs: the worst it has found so far, and what it was doing.
    pub fn stopped(&self, context: &Context) -> Answer {
        let (text, code) = crate::stop::answer(context, context.deadline.elapsed(), self.plugin.service, self.style);
        Answer { text, code }
    }

    /// Runs the probe. A fault in it is an answer, too: UNKNOWN.
    pub fn run(&self, context: &Context) -> Answer {
        let (name, service) = (self.plugin.name, self.plugin.service);
        let report = match catch_unwind(AssertUnwindSafe(|| (self.plugin.run)(&self.matches, context))) {
            Ok(Ok(report)) => report,
            Ok(Err(usage)) => usage.report(service, name),
            Err(_) => {
                let mut report = context.report(service);
                report.add(Finding::unknown(
                    "fault",
                    format!("{name} has a fault in itself; run it by hand and report what it prints on stderr"),
                ));
                report
            }
        };
        Answer { text: report.render(self.style), code: report.state().exit_code() }
    }
}

impl Answer {
    /// Prints it. What nobody reads any more cannot be helped.
    pub fn print(&self) -> u8 {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(self.text.as_bytes()).and_then(|()| out.flush());
        self.code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;

    const TEST: Plugin = Plugin {
        name: "check_test",
        service: "TEST",
        version: || "1.2",
        command: || Command::new("check_test").arg(Arg::new("range").short('w').default_value("10")),
        run: |matches, context| {
            let range: crate::Range = matches.get_one::<String>("range").map_or("", |r| r).parse()?;
            assert!(!range.alerts(1.0), "as a fault would");
            let mut report = context.report("TEST");
            report.headline(format!("verbosity {}", context.verbosity));
            Ok(report)
        },
    };

    fn answered(args: &[&str]) -> Answer {
        let args = std::iter::once("check_test").chain(args.iter().copied()).map(OsString::from).collect();
        TEST.prepare(args).map(|ready| ready.run(&ready.context())).unwrap_or_else(|answer| answer)
    }

    #[test]
    fn what_cannot_be_run_is_unknown_in_one_line() {
        for (args, said) in [
            (&["--nonsense"][..], "TEST UNKNOWN: unexpected argument '--nonsense' found, see check_test --help\n"),
            (&["-w", "abc"], "TEST UNKNOWN: \"abc\" is no range: its ends must be numbers, write"),
            (&["-t", "0"], "TEST UNKNOWN: invalid value '0' for '--timeout <SECONDS>': it must be between"),
            (&["-t"], "TEST UNKNOWN: a value is required for '--timeout <SECONDS>'"),
            (&["-w", "5:"], "TEST UNKNOWN: check_test has a fault in itself,"),
            (&["--extra-opts=x@/no/such"], "TEST UNKNOWN: --extra-opts: cannot read /no/such: "),
            (&["--output", "xml"], "TEST UNKNOWN: invalid value 'xml' for '--output <FORM>'"),
        ] {
            let answer = answered(args);
            assert!(answer.text.starts_with(said), "{args:?}: {}", answer.text);
            assert_eq!(answer.code, 3, "{args:?}");
        }
    }

    #[test]
    fn help_and_version_end_with_three_as_the_fields_own_do() {
        for (args, said) in [
            (["-V"], "check_test 1.2\n"),
            (["--version"], "check_test 1.2\n"),
            (["-h"], "Usage:"),
            (["--help"], "Usage:"),
        ] {
            let answer = answered(&args);
            assert!(answer.text.contains(said), "{}", answer.text);
            assert_eq!(answer.code, 3);
        }
    }

    #[test]
    fn what_is_given_last_counts() {
        assert_eq!(
            answered(&["-v", "-w", "abc", "-w", "3", "-v"]),
            Answer { text: "TEST OK: verbosity 2\n".to_owned(), code: 0 }
        );
    }
}
