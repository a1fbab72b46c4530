//! Serves made-up alarms, to look at the pages: `cargo run --example pages -- [HOW MANY] [LISTEN] [stale|live]`.
//! `live`: something happens every second.
//! Observations that are handed in are answered at once and forgotten.

use alarm_core::alarm::Alarm;
use alarm_core::input::SourceHealth;
use alarm_core::state::State;
use alarm_core::world::World;
use alarm_filter::intake::Answer;
use alarm_filter::view::View;
use alarm_filter::web::{bind, router, samples, serve};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pages: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every second one alarm changes its state, and now and then one leaves or comes.
async fn happen(mut world: World, view: watch::Sender<Arc<View>>) {
    let ids: Vec<_> = world.alarms.keys().cloned().collect();
    let mut gone: Vec<Arc<Alarm>> = Vec::new();
    for n in (0_usize..).map(|n| n.wrapping_mul(7919)) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.seq += 1;
        let Some(id) = ids.get(n % ids.len().max(1)) else { continue };
        match (n % 5, gone.pop()) {
            (0, Some(alarm)) => world.alarms.insert(alarm.id.clone(), alarm),
            (1, back) => {
                gone.extend(back);
                gone.extend(world.alarms.remove(id));
            }
            (_, back) => {
                gone.extend(back);
                if let Some(alarm) = world.alarms.change(id).map(Arc::make_mut) {
                    alarm.state = if alarm.state == State::Critical { State::Warning } else { State::Critical };
                    alarm.version = world.seq;
                }
            }
        }
        view.send_replace(Arc::new(View::of(&world)));
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
        if arguments.get(2).is_some_and(|w| w == "live") {
            tokio::spawn(happen(samples::sample_world(count), ends.view));
        }
        serve(listening, router(state), std::future::pending()).await
    })?;
    Ok(())
}
