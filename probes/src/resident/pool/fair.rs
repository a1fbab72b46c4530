//! Who runs next: targets take turns, and none has more than its share of runs at a time, so that a site that hangs slows nobody
//! but itself.

use std::collections::{HashMap, VecDeque};

/// What waits, by target.
#[derive(Debug)]
pub struct Fair<T> {
    /// At most so many of a target at a time.
    share: usize,
    waiting: HashMap<Vec<u8>, VecDeque<T>>,
    running: HashMap<Vec<u8>, usize>,
    /// The targets that wait and may run, in the order of their turns. Each stands here once at most.
    turns: VecDeque<Vec<u8>>,
    length: usize,
}

impl<T> Fair<T> {
    /// With so many runs of a target at a time.
    pub fn new(share: usize) -> Fair<T> {
        let (waiting, running, turns) = Default::default();
        Fair { share: share.max(1), waiting, running, turns, length: 0 }
    }

    /// Adds one.
    pub fn push(&mut self, target: &[u8], job: T) {
        self.length += 1;
        match self.waiting.get_mut(target) {
            // It has its turn already, or gets one when a run of its ends.
            Some(jobs) => jobs.push_back(job),
            None => {
                self.waiting.insert(target.to_vec(), VecDeque::from([job]));
                if self.running.get(target).copied().unwrap_or(0) < self.share {
                    self.turns.push_back(target.to_vec());
                }
            }
        }
    }

    /// The next one that may run. [`Fair::ended`] must be told when it has.
    pub fn take(&mut self) -> Option<(Vec<u8>, T)> {
        let target = self.turns.pop_front()?;
        let jobs = self.waiting.get_mut(&target)?;
        let job = jobs.pop_front()?;
        let none_left = jobs.is_empty();
        self.length -= 1;
        let running = self.running.entry(target.clone()).or_default();
        *running += 1;
        if none_left {
            self.waiting.remove(&target);
        } else if *running < self.share {
            self.turns.push_back(target.clone());
        }
        Some((target, job))
    }

    /// A run of this target has ended.
    pub fn ended(&mut self, target: &[u8]) {
        let Some(running) = self.running.get_mut(target) else { return };
        let was_full = *running == self.share;
        *running -= 1;
        if *running == 0 {
            self.running.remove(target);
        }
        if was_full && self.waiting.contains_key(target) {
            self.turns.push_back(target.to_vec());
        }
    }

    /// Whether one may run now.
    pub fn ready(&self) -> bool {
        !self.turns.is_empty()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the plainest of models: all that waits in one list.
        #[test]
        fn every_job_runs_once_in_its_targets_order_and_within_its_share(
            share in 1_usize..4,
            steps in prop::collection::vec((0_u8..4, any::<bool>(), any::<bool>()), 1..200),
        ) {
            let mut fair = Fair::new(share);
            let mut waiting: Vec<(Vec<u8>, usize)> = Vec::new();
            let mut running: Vec<Vec<u8>> = Vec::new();
            for (number, (target, take, end)) in steps.into_iter().enumerate() {
                let target = vec![target];
                if take {
                    let may = |t: &[u8], running: &[Vec<u8>]| running.iter().filter(|r| *r == t).count() < share;
                    match fair.take() {
                        Some((target, job)) => {
                            prop_assert!(may(&target, &running));
                            let first = waiting.iter().position(|(t, _)| *t == target).unwrap();
                            prop_assert_eq!(waiting.remove(first).1, job);
                            running.push(target);
                        }
                        None => prop_assert!(waiting.iter().all(|(t, _)| !may(t, &running))),
                    }
                } else if end && !running.is_empty() {
                    let target = running.remove(number % running.len());
                    fair.ended(&target);
                } else {
                    fair.push(&target, number);
                    waiting.push((target, number));
                }
                prop_assert_eq!(fair.len(), waiting.len());
            }
        }
    }

    #[test]
    fn a_target_with_one_job_does_not_wait_for_one_with_thousands() {
        let mut fair = Fair::new(8);
        (0..5000).for_each(|n| fair.push(b"large", n));
        fair.push(b"small", 9999);
        let taken: Vec<i32> = (0..2).filter_map(|_| fair.take()).map(|(_, job)| job).collect();
        assert_eq!(taken, [0, 9999]);
        (0..7).for_each(|_| assert!(fair.take().is_some()));
        assert!(fair.take().is_none() && !fair.ready());
        fair.ended(b"large");
        assert!(fair.take().is_some());
    }
}
