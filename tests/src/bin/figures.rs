//! `figures scale [SERVICES ALARMS]` and `figures beside`: what docs/benchmarks.md says of a daemon beside a real Nagios with
//! thousands of services; `figures bdii [SITES]`: of check_bdii beside ldapsearch; `figures serve`: of checks by fork and exec
//! and by the resident prober; `figures ces`: of many compute elements in it. Prints rows in Markdown; see `e2e::figures`.

use e2e::fail::{Fail, Result};
use e2e::figures::{bdii, beside, ces, past, readers, scale, screen, serve};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| -> Result<usize> { text.parse().map_err(Fail::at(text.to_owned())) };
    let done = match words.as_slice() {
        ["scale"] => scale::measure(100_000, 10_000),
        ["scale", services, alarms] => number(services).and_then(|s| scale::measure(s, number(alarms)?)),
        ["beside"] => beside::measure(),
        ["past"] => past::measure(),
        ["screen"] => screen::measure(),
        ["readers"] => readers::measure(200, 100, 300).and_then(|()| readers::measure(200, 100, 10_000)),
        ["readers", readers, changes, alarms] => {
            number(readers).and_then(|r| readers::measure(r, number(changes)?, number(alarms)?))
        }
        ["bdii"] => bdii::measure(2_600),
        ["bdii", sites] => number(sites).and_then(bdii::measure),
        ["serve"] => serve::measure(2_000, 12, 5).and_then(|()| serve::mixed(10_000, 300, 1)),
        ["serve", services, round, rounds] => {
            number(services).and_then(|s| serve::measure(s, number(round)? as u32, number(rounds)? as u32))
        }
        ["serve", "mixed", services, round, rounds] => {
            number(services).and_then(|s| serve::mixed(s, number(round)? as u32, number(rounds)? as u32))
        }
        ["ces"] => ces::measure(500, 50),
        ["ces", count, hanging] => number(count).and_then(|c| ces::measure(c, number(hanging)?)),
        ["one", command @ ..] => bdii::one(command),
        _ => Err(Fail::new(
            "usage: figures scale [SERVICES ALARMS] | beside | past | screen | readers [READERS CHANGES ALARMS] | bdii [SITES] | serve [[mixed] SERVICES ROUND ROUNDS] | ces [COUNT HANGING]",
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fail) => {
            eprintln!("figures: {fail}");
            ExitCode::FAILURE
        }
    }
}
