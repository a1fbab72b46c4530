//! Serves made-up alarms, to look at the pages: `cargo run --example pages -- [HOW MANY] [LISTEN] [stale]`.
//! Observations that are handed in are answered at once and forgotten.

use alarm_core::input::SourceHealth;
use alarm_filter::intake::Answer;
use alarm_filter::web::{bind, router, samples, serve};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pages: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = arguments.first().map_or(Ok(300), |n| n.parse())?;
    let listening = bind(arguments.get(1).map_or("127.0.0.1:8621", |l| l))?;
    let (state, ends) = samples::state(count, false);
    if arguments.get(2).is_some_and(|w| w == "stale") {
        ends.view.send_modify(|view| {
            let view = Arc::make_mut(view);
            if let Some(monitor) = view.monitors.values_mut().next_back() {
                monitor.health = SourceHealth::Silent;
                monitor.detail = "no line for 9 h; is /var/log/nagios/nagios.log still the file?".into();
            }
            view.not_stored = Some(alarm_filter::view::NotStored {
                since: samples::NOW.plus(-600_000),
                reason: "no space left for /var/lib/gridward/journal.db; free some on that file system".into(),
            });
        });
    } else {
        ends.audit.send_replace(Some(Arc::new(samples::audit_report())));
    }
    println!("{listening}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let mut outlet = ends.outlet.observations;
        tokio::spawn(async move {
            let mut seq = 0;
            while let Some(asked) = outlet.recv().await {
                seq += asked.inputs.len() as u64;
                // Whoever asked may be gone.
                let _gone = asked.answer.send(Answer::stored(seq));
            }
        });
        serve(listening, router(state), std::future::pending()).await
    })?;
    Ok(())
}
