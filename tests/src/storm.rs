//! A storm: what a bad day on a grid looks like to Nagios, the same for a seed.

use crate::fail::Result;
use crate::fleet::{Fleet, MARK_HOST};
use crate::nagios::Nagios;
use crate::place::now;
use crate::rng::Rng;

/// The walk of every service of a fleet.
#[derive(Debug)]
pub struct Storm {
    rng: Rng,
    services: Vec<(String, String, u8)>,
    hosts: Vec<(String, bool)>,
    sent: usize,
}

/// What plugins print: plain, with long text, characters of other scripts, what looks like fields or markup.
const OUTPUTS: [&str; 6] = [
    "job submission failed|time=3.2s;1;5",
    "CRITICAL: no route to host\\nsecond line\\nthird line|a=1",
    "Zertifikat läuft ab – 3 Tage",
    "a;b;c and <b>bold</b> & \"quoted\"",
    "timed out after 120 s",
    "",
];

impl Storm {
    /// Over every service of the fleet but the marks'.
    pub fn new(seed: u64, fleet: &Fleet) -> Self {
        let services = fleet.services().map(|(host, service)| (host.name.clone(), service.name.clone(), 0)).collect();
        let hosts = fleet.hosts.iter().filter(|host| host.name != MARK_HOST).map(|host| (host.name.clone(), true));
        Storm { rng: Rng::new(seed), services, hosts: hosts.collect(), sent: 0 }
    }

    /// Sends the next so many events: mostly results, now and then a host that goes down or comes back, and what operators do.
    pub fn step(&mut self, nagios: &Nagios, events: usize) -> Result {
        let commands: Vec<_> = (0..events).map(|_| self.event()).collect();
        nagios.commands(&commands)
    }

    fn event(&mut self) -> String {
        self.sent += 1;
        let pick = self.rng.below(100);
        if pick < 2 && !self.hosts.is_empty() {
            let index = self.rng.below(self.hosts.len());
            let (host, up) = &mut self.hosts[index];
            *up = !*up;
            return format!("PROCESS_HOST_CHECK_RESULT;{host};{};storm", u8::from(!*up));
        }
        let index = self.rng.below(self.services.len());
        let (calm, next) = (self.rng.chance(35), self.rng.below(4) as u8);
        let Some((host, service, state)) = self.services.get_mut(index) else { return String::new() };
        match pick {
            2 => format!("ACKNOWLEDGE_SVC_PROBLEM;{host};{service};2;0;0;operator;storm"),
            3 => {
                let (start, end) = (now(), now() + 3);
                format!("SCHEDULE_SVC_DOWNTIME;{host};{service};{start};{end};1;0;3;operator;storm")
            }
            4 => format!("{}_SVC_NOTIFICATIONS;{host};{service}", if calm { "ENABLE" } else { "DISABLE" }),
            _ => {
                // Most results repeat the state, so that problems become hard.
                if self.rng.chance(40) {
                    *state = if calm { 0 } else { next };
                }
                let output = OUTPUTS[self.sent % OUTPUTS.len()];
                format!("PROCESS_SERVICE_CHECK_RESULT;{host};{service};{state};{} {output}", self.sent)
            }
        }
    }
}
