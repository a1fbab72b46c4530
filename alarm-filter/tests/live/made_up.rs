//! A monitor that is made up of a seed: hosts and services with a bad day, in the lines that Nagios writes.

use std::fmt::Write;

/// Numbers that look random; the same for the same seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap_or(0)
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// From 0 to `most`.
    pub(crate) fn upto(&mut self, most: i64) -> i64 {
        i64::try_from(self.next() % (most.max(0).unsigned_abs() + 1)).unwrap_or(0)
    }
}

const HOSTS: [&str; 6] = ["ce.a.example.org", "se.a.example.org", "ce.b.example.org", "bdii.b", "apel.c", "ce.c"];
const SERVICES: [&str; 4] = ["org.sam.Job-ops", "org.sam.Put", "org.apel.Pub", "hr.srce.Cert"];
const STATES: [&str; 4] = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];
const OUTPUTS: [&str; 4] =
    ["job aborted", "(Service check timed out after 60.01 seconds)", "donn\u{e9}es; \\n |t=1s", ""];

/// A log.
pub(crate) struct Lines;

impl Lines {
    /// So many lines, over some days.
    pub(crate) fn of(seed: u64, lines: usize) -> Vec<u8> {
        let mut random = Random(seed ^ 0x5eed);
        let mut now: u64 = 1_700_000_000;
        let mut log = format!("[{now}] Nagios 4.4.6 starting... (PID=1)\n");
        for _ in 0..lines {
            now += match random.below(200) {
                0 => 20_000 + random.below(80_000) as u64,
                1..=9 => random.below(4_000) as u64,
                10..=90 => random.below(60) as u64,
                _ => 0,
            };
            let host = HOSTS[random.below(HOSTS.len())];
            let service = SERVICES[random.below(SERVICES.len())];
            let state = STATES[random.below(4)];
            let hard = if random.one_in(3) { "SOFT;1" } else { "HARD;3" };
            let output = OUTPUTS[random.below(4)];
            let on = if random.one_in(2) { "STARTED" } else { "STOPPED" };
            let text = match random.below(100) {
                0..=64 => format!("SERVICE ALERT: {host};{service};{state};{hard};{output}"),
                65..=74 => {
                    let state = ["UP", "UP", "DOWN", "UNREACHABLE"][random.below(4)];
                    let hard = if state != "UP" && random.one_in(2) { "SOFT;1" } else { "HARD;2" };
                    format!("HOST ALERT: {host};{state};{hard};PING {state}")
                }
                75..=84 => format!("SERVICE NOTIFICATION: rod;{host};{service};{state};notify-by-mail;{output}"),
                85..=87 => format!("SERVICE FLAPPING ALERT: {host};{service};{on}; it does"),
                88..=90 => format!("SERVICE DOWNTIME ALERT: {host};{service};{on}; it does"),
                91 => format!("HOST DOWNTIME ALERT: {host};{on}; it does"),
                92..=94 => format!("EXTERNAL COMMAND: ACKNOWLEDGE_SVC_PROBLEM;{host};{service};1;1;0;me;known"),
                95 => format!("EXTERNAL COMMAND: DISABLE_SVC_NOTIFICATIONS;{host};{service}"),
                96 => format!("EXTERNAL COMMAND: ENABLE_SVC_NOTIFICATIONS;{host};{service}"),
                97 => format!("CURRENT SERVICE STATE: {host};{service};{state};{hard};{output}"),
                98 => "Caught SIGHUP, restarting...".to_owned(),
                _ => "Auto-save of retention data completed successfully.".to_owned(),
            };
            let _ = writeln!(log, "[{now}] {text}");
        }
        log.into_bytes()
    }
}
