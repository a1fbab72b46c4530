//! What the procedure says of the small world, written down a second time and without the engine: which services have a
//! hard problem that counts, which are held, what stands on the board, and for how long it has been failing.

use crate::world::{Act, METRICS, OUTAGE};
use alarm_core::state::State;
use alarm_core::time::{HOUR, MINUTE, Millis, Timestamp};

/// Where an alarm is.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Place {
    /// There is none.
    #[default]
    Nowhere,
    /// On the board.
    Board,
    /// Switched off while it failed; it returns then at the latest, or when it fails after an OK (AL19).
    Off { until: Timestamp, was_ok: bool },
}

/// One service.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Service {
    /// The hard problem that counts.
    pub(crate) problem: Option<State>,
    /// The hard problem that began under a host that was not UP (DC6).
    pub(crate) held: Option<State>,
    pub(crate) place: Place,
    /// When its alarm was failing, since the last stable OK.
    pub(crate) failing: Vec<(Timestamp, Option<Timestamp>)>,
    /// What the monitor said last, soft states among it.
    pub(crate) last: Option<State>,
    /// Acknowledged in the monitor; sticky or not.
    pub(crate) acknowledged: Option<bool>,
    /// It was switched off while OK, and may be taken back as it was.
    pub(crate) was: Option<(Vec<(Timestamp, Option<Timestamp>)>, Option<Timestamp>)>,
    /// When its alarm was raised.
    pub(crate) raised: Option<Timestamp>,
    /// Somebody masked it by the other one.
    pub(crate) masked: bool,
    /// When it was switched off: somebody had masked it by the other one; the other one by it.
    followed: bool,
    led: bool,
    /// Its alarm is under the common cause; so is the one that was switched off while OK.
    pub(crate) under: bool,
    was_under: bool,
    /// It has a note; so has the one that was switched off while OK.
    pub(crate) noted: bool,
    was_noted: bool,
}

/// All of it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Model {
    pub(crate) services: [Service; 2],
    /// The host is not UP, SOFT or HARD.
    pub(crate) host_not_up: bool,
    /// Its hard problem.
    pub(crate) host_problem: Option<State>,
    pub(crate) host_on_board: bool,
    host_up_since: Option<Timestamp>,
    pub(crate) outage: bool,
    pub(crate) monitored: bool,
    /// Notifications and status.dat can be seen, so that no time settles a held service.
    sources: bool,
    pub(crate) now: Timestamp,
}

/// Whether the state of a metric raises.
pub(crate) fn raises(service: usize, state: State) -> bool {
    state.is_problem() && !(METRICS[service] == "not-warning" && state == State::Warning)
}

impl Model {
    pub(crate) fn new(sources: bool, now: Timestamp) -> Model {
        Model {
            services: Default::default(),
            host_not_up: false,
            host_problem: None,
            host_on_board: false,
            host_up_since: None,
            outage: false,
            monitored: true,
            sources,
            now,
        }
    }

    /// Whether the outage holds now.
    pub(crate) fn out(&self) -> bool {
        self.outage && OUTAGE.0 <= self.now && self.now < OUTAGE.1
    }

    /// The age of a service's alarm.
    pub(crate) fn age(&self, service: usize) -> Millis {
        let spans = self.services[service].failing.iter().map(|(from, to)| (*from, to.unwrap_or(self.now)));
        spans
            .map(|(from, to)| {
                let out = if self.outage { to.min(OUTAGE.1).since(from.max(OUTAGE.0)).max(0) } else { 0 };
                to.since(from) - out
            })
            .sum()
    }

    /// Takes in what was done; `until` is asked when something that fails is switched off.
    pub(crate) fn step(&mut self, act: Act, until: impl Fn(usize) -> Timestamp) {
        self.act(act, until);
        self.unmask();
    }

    fn act(&mut self, act: Act, until: impl Fn(usize) -> Timestamp) {
        match act {
            Act::Service(s, state, hard) => {
                self.told(s, state);
                self.said(s, state, hard);
            }
            Act::Notify(s, state) => {
                self.told(s, state);
                self.services[s].held = None;
                self.fails(s, state);
            }
            Act::Status(s, state) => {
                self.told(s, state);
                let settled = !self.host_not_up && self.host_up_since.is_none_or(|up| self.now > up);
                if self.services[s].held == Some(state) && !settled {
                    return;
                }
                self.said(s, state, true);
            }
            Act::Host(state, hard) => self.host(state, hard),
            Act::Outage(on) => self.outage = on,
            Act::Monitoring(on) => self.monitored = on,
            Act::Acknowledge(s, sticky) => {
                let service = &mut self.services[s];
                // What is OK cannot be acknowledged; what fails softly can.
                if service.last.is_some_and(State::is_problem) {
                    service.acknowledged = Some(sticky);
                }
            }
            Act::Off(s) => {
                let (followed, led) = (self.services[s].masked, self.services[1 - s].masked);
                self.off(s, until(s), (followed, led));
            }
            Act::OffBoth => {
                // The follower goes first; then nothing follows the leader any more.
                for s in 0..2 {
                    let followed = self.services[s].masked;
                    self.off(s, until(s), (followed, false));
                }
            }
            Act::On(s) => {
                if self.on(s) {
                    self.mask_again(s);
                }
            }
            Act::OnBoth => {
                let back = [0, 1].map(|s| self.on(s));
                (0..2).filter(|s| back[*s]).for_each(|s| self.mask_again(s));
            }
            Act::Mask { leader, follower } => {
                // Which of two that nobody masked leads in the family is the engine's to say: see `laws.rs`.
                if self.free(leader) {
                    self.services[follower].masked = true;
                }
            }
            Act::Unmask(s) => self.services[s].masked = false,
            Act::Cause(s) => self.services[s].under = true,
            Act::Leave(s) => self.services[s].under = false,
            Act::EndCause => {
                for service in &mut self.services {
                    (service.under, service.was_under) = (false, false);
                }
            }
            Act::Note(s) => self.services[s].noted = true,
            Act::Strike(s) => self.services[s].noted = false,
            Act::Wait(by) => self.wait(self.now.plus(by)),
        }
    }

    /// An acknowledgement ends with an OK, one that is not sticky with any change of state (soft ones, too).
    fn told(&mut self, s: usize, state: State) {
        let service = &mut self.services[s];
        let changed = service.last.unwrap_or(State::Ok) != state;
        if changed && (service.acknowledged == Some(false) || !state.is_problem()) {
            service.acknowledged = None;
        }
        service.last = Some(state);
    }

    fn said(&mut self, s: usize, state: State, hard: bool) {
        let service = &mut self.services[s];
        if !state.is_problem() {
            // DC7: any OK, soft or hard.
            (service.problem, service.held) = (None, None);
            if let Place::Off { was_ok, .. } = &mut service.place {
                *was_ok = true;
            }
            self.judge(s);
        } else if !hard {
            // AL2; and what a host forced HARD goes on, neither over nor settled.
        } else if service.problem.is_some() || !self.host_not_up {
            service.held = None;
            self.fails(s, state);
        } else {
            service.held = Some(state);
        }
    }

    fn fails(&mut self, s: usize, state: State) {
        self.services[s].problem = Some(state);
        self.judge(s);
    }

    /// From the problem to the board.
    fn judge(&mut self, s: usize) {
        let service = &mut self.services[s];
        let fails = service.problem.is_some_and(|p| raises(s, p));
        if fails {
            match service.place {
                Place::Nowhere => {
                    service.failing.clear();
                    (service.under, service.noted) = (false, false);
                    service.raised = Some(self.now);
                    service.place = Place::Board;
                }
                Place::Off { was_ok: true, .. } => service.place = Place::Board,
                _ => {}
            }
        }
        let now = self.now;
        match service.failing.last_mut() {
            Some((_, to @ None)) if !fails => *to = Some(now),
            Some((_, None)) => {}
            last => {
                let stable = last.is_some_and(|(_, to)| to.is_some_and(|to| now.since(to) >= 4 * HOUR));
                if fails {
                    if stable {
                        service.failing.clear();
                    }
                    service.failing.push((now, None));
                }
            }
        }
    }

    fn host(&mut self, state: State, hard: bool) {
        if !state.is_problem() {
            if self.host_not_up {
                self.host_up_since = Some(self.now);
            }
            (self.host_not_up, self.host_problem) = (false, None);
        } else {
            self.host_not_up = true;
            if hard {
                self.host_problem = Some(state);
                self.host_on_board = true;
            }
        }
    }

    /// The alarm is stable OK.
    pub(crate) fn stable(&self, s: usize) -> bool {
        self.services[s].failing.last().and_then(|(_, to)| *to).is_some_and(|to| self.now.since(to) >= 4 * HOUR)
    }

    /// AL6, AL10: it may lead, as far as the family lets it.
    pub(crate) fn able(&self, s: usize) -> bool {
        self.services[s].place == Place::Board && self.monitored && !self.out() && !self.stable(s)
    }

    /// It leads, or could: nobody masked it, and in the family it is the only one that can lead, or the older one.
    pub(crate) fn free(&self, s: usize) -> bool {
        let able = |s: usize| self.able(s) && !self.services[s].under && !self.services[s].masked;
        let raised = |s: usize| (self.services[s].raised, s);
        self.able(s) && !self.services[s].masked && !(able(s) && able(1 - s) && raised(1 - s) < raised(s))
    }

    /// AL6: followers come back when their leader no longer leads.
    fn unmask(&mut self) {
        for s in 0..2 {
            if self.services[s].masked && (self.services[s].place != Place::Board || !self.able(1 - s)) {
                self.services[s].masked = false;
            }
        }
    }

    /// It comes back as it was.
    fn on(&mut self, s: usize) -> bool {
        let service = &mut self.services[s];
        if service.place == Place::Board {
            return false;
        }
        if service.place == Place::Nowhere
            && let Some((was, raised)) = service.was.take()
        {
            (service.failing, service.raised) = (was, raised);
            (service.under, service.noted) = (service.was_under, service.was_noted);
        }
        service.place = Place::Board;
        self.judge(s);
        true
    }

    fn mask_again(&mut self, s: usize) {
        let (followed, led) = (self.services[s].followed, self.services[s].led);
        for (follower, leader) in
            [(s, 1 - s)].into_iter().filter(|_| followed).chain([(1 - s, s)].into_iter().filter(|_| led))
        {
            if self.services[follower].place == Place::Board && self.able(leader) && !self.services[leader].masked {
                self.services[follower].masked = true;
            }
        }
    }

    fn off(&mut self, s: usize, until: Timestamp, (followed, led): (bool, bool)) {
        let service = &mut self.services[s];
        (service.followed, service.led) = (followed, led);
        if service.failing.last().is_some_and(|(_, to)| to.is_none()) {
            service.place = Place::Off { until, was_ok: false };
        } else {
            service.was = Some((std::mem::take(&mut service.failing), service.raised));
            (service.was_under, service.was_noted) = (service.under, service.noted);
            (service.under, service.noted) = (false, false);
            service.place = Place::Nowhere;
        }
    }

    fn wait(&mut self, until: Timestamp) {
        for s in 0..2 {
            if !self.sources
                && !self.host_not_up
                && let (Some(state), Some(up)) = (self.services[s].held, self.host_up_since)
                && up.plus(15 * MINUTE) <= until
            {
                self.now = self.now.max(up.plus(15 * MINUTE));
                self.services[s].held = None;
                self.returns(s, self.now);
                self.fails(s, state);
            }
            self.returns(s, until);
        }
        self.now = until;
    }

    /// AL19: the date has come.
    fn returns(&mut self, s: usize, now: Timestamp) {
        let service = &mut self.services[s];
        if let Place::Off { until: due, .. } = service.place
            && due <= now
        {
            service.place = if service.problem.is_some() { Place::Board } else { Place::Nowhere };
        }
    }
}
