//! The jobs that Nagios waits for, from their arrival to their answer: which are still to be placed, which the pool has, which run
//! as processes. Knows no socket and no clock.

use crate::resident::wire::Order;
use crate::resident::worker_protocol::Request;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime};

/// A connection to Nagios: its place in the table, and which of its lives. One that was lost does not come back.
pub type Connection = (usize, u32);

/// A job that waits for its answer.
#[derive(Clone, Debug)]
pub struct Job {
    /// What Nagios wants.
    pub request: Request,
    /// Who is to be answered.
    pub connection: Connection,
    /// When it came.
    pub received: SystemTime,
    deadline: Instant,
    in_pool: bool,
}

/// All of them.
#[derive(Debug)]
pub struct Jobs {
    open: HashMap<u64, Job>,
    deadlines: BTreeSet<(Instant, u64)>,
    /// To be placed: with the pool where there is one.
    waiting: VecDeque<u64>,
    /// To be run as processes, because the pool that had them died.
    bereaved: VecDeque<u64>,
    pool: Option<u32>,
    last: u64,
    most: usize,
    bytes: usize,
    most_bytes: usize,
}

impl Jobs {
    /// None, and room for so many. `first` makes the numbers differ from those of a front before this one.
    pub fn new(first: u64, most: usize) -> Jobs {
        let most_bytes = most.saturating_mul(1024);
        let (open, deadlines, waiting, bereaved) = Default::default();
        Jobs { open, deadlines, waiting, bereaved, pool: None, last: first, most, bytes: 0, most_bytes }
    }

    /// How many wait for their answer.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes one in; its time runs from now on. Nothing when there is no room, and it has to be answered at once.
    pub fn take_in(
        &mut self,
        request: &Request,
        connection: Connection,
        now: Instant,
        received: SystemTime,
    ) -> Option<u64> {
        if self.open.len() >= self.most || self.bytes + request.command.len() > self.most_bytes {
            return None;
        }
        self.last += 1;
        self.bytes += request.command.len();
        let deadline = now + request.timeout;
        self.deadlines.insert((deadline, self.last));
        self.waiting.push_back(self.last);
        let job = Job { request: request.clone(), connection, received, deadline, in_pool: false };
        self.open.insert(self.last, job);
        Some(self.last)
    }

    /// There is a pool.
    pub fn pool_is_up(&mut self, generation: u32) {
        self.pool = Some(generation);
    }

    /// There is none any more. What it had is run otherwise: by processes, never by the next pool, which might die of it as well.
    pub fn pool_is_gone(&mut self) {
        self.pool = None;
        let mut had: Vec<u64> = self.open.iter().filter(|(_, job)| job.in_pool).map(|(id, _)| *id).collect();
        had.sort_unstable();
        for id in had {
            if let Some(job) = self.open.get_mut(&id) {
                job.in_pool = false;
            }
            self.bereaved.push_back(id);
        }
    }

    /// What the pool should be given next. [`Jobs::given`] says that it has it.
    pub fn next_order(&mut self, now: Instant) -> Option<Order> {
        let generation = self.pool?;
        while let Some(id) = self.waiting.front() {
            if let Some(job) = self.open.get(id) {
                let left = job.deadline.saturating_duration_since(now);
                return Some(Order { generation, id: *id, left, command: job.request.command.clone() });
            }
            self.waiting.pop_front();
        }
        None
    }

    /// Whether something could be given to the pool.
    pub fn has_orders(&self) -> bool {
        self.pool.is_some() && !self.waiting.is_empty()
    }

    /// The pool has what [`Jobs::next_order`] said.
    pub fn given(&mut self) {
        if let Some(job) = self.waiting.pop_front().and_then(|id| self.open.get_mut(&id)) {
            job.in_pool = true;
        }
    }

    /// What should run as a process next: what a pool left behind, and all where there is none.
    pub fn next_process(&mut self) -> Option<(u64, Vec<u8>)> {
        loop {
            let next = self.bereaved.pop_front();
            let id = next.or_else(|| if self.pool.is_none() { self.waiting.pop_front() } else { None })?;
            if let Some(job) = self.open.get(&id) {
                return Some((id, job.request.command.clone()));
            }
        }
    }

    /// Takes one out, for its answer. Nothing when it has been answered, or nobody waits for it any more.
    pub fn close(&mut self, id: u64) -> Option<Job> {
        let job = self.open.remove(&id)?;
        self.deadlines.remove(&(job.deadline, id));
        self.bytes -= job.request.command.len();
        Some(job)
    }

    /// Those whose time is over.
    pub fn overdue(&self, now: Instant) -> Vec<u64> {
        self.deadlines.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect()
    }

    /// How long until the next one's time is over.
    pub fn next_deadline(&self, now: Instant) -> Option<Duration> {
        self.deadlines.first().map(|(at, _)| at.saturating_duration_since(now))
    }

    /// Forgets those of a connection that is gone; returns their numbers.
    pub fn forget(&mut self, connection: Connection) -> Vec<u64> {
        let gone: Vec<u64> = self.open.iter().filter(|(_, j)| j.connection == connection).map(|(id, _)| *id).collect();
        for id in &gone {
            self.close(*id);
        }
        gone
    }

    /// Whether somebody on this connection waits.
    pub fn waits(&self, connection: Connection) -> bool {
        self.open.values().any(|job| job.connection == connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(n: u64) -> Request {
        Request { job_id: n, kind: 0, timeout: Duration::from_secs(60), command: format!("c {n}").into_bytes() }
    }

    fn jobs(most: usize) -> (Jobs, Instant, SystemTime) {
        (Jobs::new(1 << 32, most), Instant::now(), SystemTime::now())
    }

    #[test]
    fn what_a_dead_pool_had_runs_as_processes_even_when_there_is_a_new_one() {
        let (mut jobs, now, wall) = jobs(10);
        (0..3).for_each(|n| assert!(jobs.take_in(&request(n), (0, 1), now, wall).is_some()));
        jobs.pool_is_up(1);
        let first = jobs.next_order(now).unwrap();
        assert_eq!((first.generation, &first.command[..]), (1, &b"c 0"[..]));
        jobs.given();
        jobs.pool_is_gone();
        jobs.pool_is_up(2);
        assert_eq!(jobs.next_process().unwrap().0, first.id);
        assert!(jobs.next_process().is_none(), "the rest is for the new pool");
        assert_eq!(&jobs.next_order(now).unwrap().command[..], b"c 1");
        assert_eq!(jobs.close(first.id).unwrap().request.job_id, 0);
        assert!(jobs.close(first.id).is_none(), "one answer a job");
    }

    #[test]
    fn without_a_pool_all_run_as_processes() {
        let (mut jobs, now, wall) = jobs(10);
        (0..2).for_each(|n| assert!(jobs.take_in(&request(n), (0, 1), now, wall).is_some()));
        assert!(jobs.next_order(now).is_none());
        assert!(jobs.next_process().is_some() && jobs.next_process().is_some() && jobs.next_process().is_none());
    }

    #[test]
    fn time_runs_from_the_arrival_and_room_is_bounded() {
        let (mut jobs, now, wall) = jobs(2);
        let id = jobs.take_in(&request(1), (0, 1), now, wall).unwrap();
        assert!(jobs.take_in(&request(2), (1, 1), now, wall).is_some());
        assert!(jobs.take_in(&request(3), (0, 1), now, wall).is_none());
        assert!(jobs.overdue(now + Duration::from_secs(59)).is_empty());
        assert_eq!(jobs.overdue(now + Duration::from_secs(60)).len(), 2);
        assert_eq!(jobs.forget((0, 1)), [id]);
        assert!(!jobs.waits((0, 1)) && jobs.waits((1, 1)));
        assert!(jobs.take_in(&request(3), (0, 1), now, wall).is_some());
        let long = Request { command: vec![b'x'; 4096], ..request(1) };
        assert!(jobs.take_in(&long, (0, 1), now, wall).is_none(), "and in bytes");
    }

    proptest! {
        /// Whatever dies when: each job is placed until it is answered, and answered once.
        #[test]
        fn no_job_is_lost(steps in prop::collection::vec(0_u8..6, 1..200)) {
            let (mut jobs, now, wall) = jobs(1000);
            let (mut taken, mut answered, mut generation) = (0, 0, 0);
            let mut placed: Vec<u64> = Vec::new();
            let place = |jobs: &mut Jobs, placed: &mut Vec<u64>, as_process: bool| {
                if as_process {
                    placed.extend(jobs.next_process().map(|(id, _)| id));
                } else if let Some(order) = jobs.next_order(now) {
                    jobs.given();
                    placed.push(order.id);
                }
            };
            for step in steps {
                match step {
                    0 | 1 => { jobs.take_in(&request(taken), (0, 1), now, wall).unwrap(); taken += 1; }
                    2 => place(&mut jobs, &mut placed, false),
                    3 => place(&mut jobs, &mut placed, true),
                    4 => { jobs.pool_is_gone(); generation += 1; }
                    _ => jobs.pool_is_up(generation),
                }
                if step == 3 && let Some(id) = placed.pop() {
                    answered += u64::from(jobs.close(id).is_some());
                }
            }
            jobs.pool_is_gone();
            while let Some((id, _)) = jobs.next_process() {
                answered += u64::from(jobs.close(id).is_some());
            }
            // What runs as a process already is not placed again.
            for id in placed {
                answered += u64::from(jobs.close(id).is_some());
            }
            prop_assert_eq!(answered, taken);
            prop_assert!(jobs.is_empty());
        }
    }
}
