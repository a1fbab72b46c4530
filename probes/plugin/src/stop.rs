//! The hard stop: a run that hangs where no deadline is asked (DNS, a dead file system, a library) still answers.

use crate::context::Context;
use crate::render::Style;
use crate::{Finding, State};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Whoever takes it first answers; the other one is silent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Say(Arc<AtomicBool>);

impl Say {
    /// Whether it is for the caller to answer.
    pub(crate) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// Ends the process `limit` after now with what is known, unless it has ended before. A thread and no signal: it can say what
/// was found so far, needs no unsafe code, and disturbs no system call of the run.
pub(crate) fn arm(limit: Duration, context: &Context, service: &'static str, style: Style, say: &Say) {
    let (context, say) = (context.clone(), say.clone());
    let begun = Instant::now();
    let thread = std::thread::Builder::new().name("hard-stop".to_owned()).stack_size(128 * 1024);
    // Where no thread can be had, the deadline that every wait asks is what there is.
    let _ = thread.spawn(move || {
        while let Some(left) = limit.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            std::thread::sleep(left);
        }
        if !say.take() {
            // The answer is on its way, into a pipe that nobody reads.
            std::thread::sleep(Duration::from_millis(300));
            std::process::exit(i32::from(State::Unknown.exit_code()));
        }
        let (text, code) = answer(&context, limit, service, style);
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        std::process::exit(i32::from(code));
    });
}

/// As [`arm`] while the arguments are read, which may be a file that hangs. It ends when what is returned is dropped.
pub(crate) fn arm_for_arguments(limit: Duration, name: &'static str, service: &'static str) -> Arc<()> {
    let reading = Arc::new(());
    let (still, begun) = (Arc::downgrade(&reading), Instant::now());
    let thread = std::thread::Builder::new().name("hard-stop".to_owned()).stack_size(128 * 1024);
    let _ = thread.spawn(move || {
        while let Some(left) = limit.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            std::thread::sleep(left);
        }
        if still.strong_count() == 0 {
            return;
        }
        let context = Context::new(name, limit, 0);
        context.doing("reading the file of --extra-opts");
        let (text, code) = answer(&context, limit, service, Style::default());
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        std::process::exit(i32::from(code));
    });
    reading
}

/// What is said in place of a run that was stopped after `limit`.
pub(crate) fn answer(context: &Context, limit: Duration, service: &str, style: Style) -> (String, u8) {
    let (doing, worst, said) = context.progress().so_far();
    let mut report = crate::Report::new(service);
    let doing = if doing.is_empty() { "working".to_owned() } else { doing };
    if worst != State::Ok {
        report.add(Finding::new(worst, "so-far", said));
    }
    let text = format!("stopped after {:.1} s while {doing}; the rest was not looked at", limit.as_secs_f64());
    report.add(Finding::unknown("timeout", text));
    (report.render(style), report.state().exit_code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_run_says_the_worst_it_has_found_and_what_it_was_doing() {
        let context = Context::new("check_x", Duration::from_secs(10), 0);
        let stopped = || answer(&context, Duration::from_millis(9500), "X", Style::default());
        assert_eq!(
            stopped(),
            ("X UNKNOWN: stopped after 9.5 s while working, the rest was not looked at\n".to_owned(), 3)
        );
        let mut report = context.report("X");
        report.add(Finding::critical("a", "a is down"));
        report.add(Finding::warning("b", "b is slow"));
        context.doing("reading c");
        let (text, code) = stopped();
        assert!(text.starts_with("X CRITICAL: a is down - stopped after 9.5 s while reading c,"), "{text}");
        assert_eq!(code, 2);
    }

    #[test]
    fn only_one_answers() {
        let say = Say::default();
        assert!(say.clone().take());
        assert!(!say.take());
    }
}
