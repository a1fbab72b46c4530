//! The command line that all plugins share, and what a wrong one is answered.

use crate::render::{FIRST_LINE, Form, Style};
use crate::{Finding, Report};
use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{ArgAction, ArgMatches, Args, Command};
use std::time::Duration;

/// Options that every plugin has (Nagios plugin guidelines, "Plugin Options"). They are added to each plugin's own.
///
/// What holds where one is not given stands in [`Common`]: clap would set it in every run and carry it about.
#[derive(Args, Clone, Debug)]
struct CommonOptions {
    /// The answer is there before so many seconds have passed [default: 10]
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds, help_heading = "Output and time")]
    timeout: Option<Duration>,
    /// Say more: -v notes, -vv what was asked, -vvv debugging
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output and time")]
    verbose: u8,
    /// Form of the output: nagios or json [default: nagios]
    #[arg(long, value_name = "FORM", value_parser = form, help_heading = "Output and time")]
    output: Option<String>,
    /// Limit of the first line [default: 1023, what NRPE v2 hands on]
    #[arg(long, value_name = "BYTES", value_parser = max_bytes, help_heading = "Output and time")]
    max_bytes: Option<usize>,
    /// Read more options from a section of an ini file first; what stands here goes before them
    #[arg(long, value_name = "[SECTION][@FILE]", num_args = 0..=1, help_heading = "Output and time")]
    extra_opts: Option<Option<String>>,
}

/// What they say.
#[derive(Clone, Debug)]
pub struct Common {
    /// `-t`
    pub timeout: Duration,
    /// `-v`, how often.
    pub verbose: u8,
    /// `--output`
    pub output: String,
    /// `--max-bytes`
    pub max_bytes: usize,
}

impl Common {
    /// Reads them without the copy of all arguments that clap's derived reader makes.
    pub(crate) fn read(matches: &ArgMatches) -> Common {
        fn one<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
            matches.try_get_one::<T>(name).ok().flatten().cloned()
        }
        Common {
            timeout: one(matches, "timeout").unwrap_or(Duration::from_secs(10)),
            verbose: one(matches, "verbose").unwrap_or_default(),
            output: one(matches, "output").unwrap_or_default(),
            max_bytes: one(matches, "max_bytes").unwrap_or(FIRST_LINE),
        }
    }

    /// How to write the report.
    pub fn style(&self) -> Style {
        let form = if self.output == "json" { Form::Json } else { Form::Nagios };
        Style { form, verbosity: self.verbose, first_line: self.max_bytes }
    }
}

// By a function: a list of words is made and carried about by clap in every run.
fn form(text: &str) -> Result<String, String> {
    match text {
        "nagios" | "json" => Ok(text.to_owned()),
        _ => Err("it is neither nagios nor json".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is no number of seconds".to_owned())?;
    if !(0.1..=86_400.0).contains(&seconds) {
        return Err("it must be between 0.1 and 86400".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn max_bytes(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| (80..=1_000_000).contains(n))
        .ok_or_else(|| "it must be between 80 and 1000000".to_owned())
}

/// The command with the common options, `--version` as `-V`, and what Nagios configurations rely on: an option given twice
/// counts as given last, so that a command line goes before the ini file it names.
pub(crate) fn with_common(command: Command, version: &'static str) -> Command {
    // The words about these options are no words about the plugin.
    let (about, long) = (command.get_about().cloned(), command.get_long_about().cloned());
    let command = CommonOptions::augment_args(command);
    let command = command.about(Resettable::from(about)).long_about(Resettable::from(long));
    command.args_override_self(true).version(version).disable_help_subcommand(true).max_term_width(120)
}

/// A command line that cannot be obeyed: what is wrong with it, in one line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Usage(pub String);

impl<T: std::fmt::Display> From<T> for Usage {
    fn from(why: T) -> Usage {
        Usage(why.to_string())
    }
}

impl Usage {
    /// UNKNOWN, as the guidelines want it, with where to look.
    pub(crate) fn report(&self, service: &str, name: &str) -> Report {
        let mut report = Report::new(service);
        report.add(Finding::unknown("usage", format!("{}; see {name} --help", self.0.trim_end_matches('.'))));
        report
    }
}

/// Parses the arguments, the program's name first; `once` in a process that runs one plugin.
///
/// # Errors
/// The text to print where there is nothing to run: help and version, or what is wrong. The exit code is 3 for all of them.
pub(crate) fn parse(
    command: Command,
    service: &str,
    name: &str,
    args: Vec<std::ffi::OsString>,
    once: bool,
) -> Result<ArgMatches, String> {
    let mut command = command;
    let matches = command.try_get_matches_from_mut(args);
    if once {
        // A process that ends soon has no use for what it would get back.
        std::mem::forget(command);
    }
    matches.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.to_string(),
        _ => {
            let text = error.to_string();
            let mut lines = text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with("For more information"));
            let first = lines.next().unwrap_or("the command line is wrong").trim_start_matches("error: ").to_owned();
            // What clap lists below a line that ends with a colon belongs to it.
            let first = match first.strip_suffix(':') {
                Some(_) => format!("{first} {}", lines.next().unwrap_or_default()),
                None => first,
            };
            let mut report = Usage(first).report(service, name);
            lines.for_each(|line| report.detail(0, line));
            report.render(Style::default())
        }
    })
}
