//! Group `storm`: kill -9 of the daemon in a storm. Nothing lost, nothing doubled.

use e2e::Result;
use e2e::episodes::{none_overlap, same};
use e2e::filter::Filter;
use e2e::fleet::Fleet;
use e2e::interface::Setup;
use e2e::nagios::{Nagios, Options};
use e2e::place::number;
use e2e::rng::Rng;
use e2e::storm::Storm;
use e2e::wait;

/// GRIDWARD_KILLS (20; `tests/run long` says 1,000) times; GRIDWARD_SEED (1) makes another storm.
#[test]
fn killed_again_and_again_it_knows_what_an_undisturbed_one_knows() -> Result {
    let (kills, seed) = (number("GRIDWARD_KILLS", 20)?, number("GRIDWARD_SEED", 1)? as u64);
    let mut nagios = Nagios::start(Fleet::grid(40, 6), Options::default())?;
    let undisturbed = Filter::start(Setup::beside(&nagios))?;
    let mut killed = Filter::start(Setup::beside(&nagios))?;
    let (mut storm, mut rng) = (Storm::new(seed, nagios.fleet()), Rng::new(seed));
    // At most 48 rotations find a free name.
    let period = 20.max(kills / 40);
    for round in 1..=kills {
        let before = std::fs::metadata(nagios.log_file())?.len();
        storm.step(&nagios, 60)?;
        // Anywhere in what Nagios makes of it, early or late.
        let enough = before + 1 + rng.below(4000) as u64;
        wait::until_true("the log to grow", || {
            Ok(std::fs::metadata(nagios.log_file()).is_ok_and(|log| log.len() >= enough))
        })?;
        killed.kill()?;
        killed.launch()?;
        // Some die while they start and catch up.
        if rng.chance(60) {
            killed.until_ready()?;
        }
        match round % period {
            7 => nagios.rotate()?,
            14 => nagios.restart()?,
            _ => {}
        }
    }
    killed.until_ready()?;
    let (state, output) = nagios.mark()?;
    undisturbed.until_mark(state, &output)?;
    killed.until_mark(state, &output)?;
    let (after, without) = (killed.episodes()?, undisturbed.episodes()?);
    assert!(without.len() > kills, "too calm a storm: {} episodes", without.len());
    none_overlap(&after)?;
    same(("killed", &after), ("undisturbed", &without), false)?;
    same(("killed", &after), ("replay", &killed.replay(&nagios)?), false)
}

/// What was answered is kept, over HTTP as well; what is sent again after a kill is not doubled.
#[test]
fn posted_observations_survive_and_are_not_doubled() -> Result {
    use e2e::interface::{OBSERVATIONS, observation};
    let kills = number("GRIDWARD_KILLS", 20)?.min(100);
    let mut filter = Filter::start(Setup::posted_by("poster"))?;
    let at = e2e::place::now();
    let mut sent = Vec::new();
    for round in 0..kills as u64 {
        let batch: Vec<_> = (0..10u64)
            .map(|n| {
                observation(
                    "poster",
                    round * 10 + n + 1,
                    &format!("h{round}-{n}"),
                    "org.example.M",
                    "CRITICAL",
                    at,
                    "bad",
                )
            })
            .collect();
        filter.post(OBSERVATIONS, &format!("[{}]", batch.join(",")))?.good()?;
        sent.extend(batch);
        filter.kill()?;
        filter.launch()?;
        filter.until_ready()?;
        // The sender does not know whether its last requests arrived, and repeats everything.
        filter.post(OBSERVATIONS, &format!("[{}]", sent.join(",")))?.good()?;
        assert_eq!(filter.alarms()?.len(), sent.len());
    }
    let episodes = filter.episodes()?;
    assert_eq!(episodes.len(), sent.len());
    none_overlap(&episodes)
}
