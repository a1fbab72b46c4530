//! DE3 over random worlds: each alarm in exactly one queue, the first that it fits, and the counters add up.

use crate::alphabet::{Story, steps};
use alarm_core::alarm::{Alarm, Band};
use alarm_core::flag::Flag;
use alarm_core::queue::{NextStep, Queue};
use alarm_core::time::{DAY, HOUR, Timestamp};
use alarm_core::world::World;
use proptest::prelude::*;

/// What DE3 says of each queue, written down a second time.
fn fits(queue: Queue, alarm: &Alarm, world: &World, now: Timestamp) -> bool {
    let windows = world.windows_of(alarm);
    let (age, working) = (alarm.age(now, &windows), alarm.working_age(now, &windows, &world.settings));
    let has = |flag| alarm.flags.contains_key(&flag);
    let ok_for = alarm.failing.last().and_then(|span| span.to).map(|to| now.since(to));
    match queue {
        Queue::Masked => alarm.masked_by.is_some(),
        Queue::CommonCause => alarm.cause.is_some(),
        Queue::Security => alarm.about.security,
        Queue::SetApart => has(Flag::MonitoringOff) || has(Flag::NotInProduction) || has(Flag::NotRegistered),
        Queue::Downtime => has(Flag::Outage),
        Queue::OkStable => ok_for.is_some_and(|ok| ok >= alarm.about.stable_for) && !has(Flag::Flapping),
        Queue::OkNotStable => ok_for.is_some(),
        Queue::Over72 => age >= 72 * HOUR && working >= 72 * HOUR,
        Queue::Over24 => age >= 24 * HOUR,
        Queue::New => true,
    }
}

fn band(alarm: &Alarm, world: &World, now: Timestamp) -> Band {
    let windows = world.windows_of(alarm);
    let working = Alarm::band(alarm.working_age(now, &windows, &world.settings));
    match Alarm::band(alarm.age(now, &windows)) {
        Band::Overdue if working < Band::Overdue => Band::Rod,
        band => band,
    }
}

proptest! {
    #[test]
    fn de3_each_alarm_stands_in_one_queue_and_the_counters_add_up(steps in steps(), later in 0..5 * DAY) {
        let story = Story::of(&steps);
        let world = story.engine.world();
        let now = world.at.plus(later);
        let mut counted = [0usize; Queue::ALL.len()];
        for alarm in world.alarms.values() {
            let queue = Queue::of(alarm, now, band(alarm, world, now));
            let first = Queue::ALL.into_iter().find(|q| fits(*q, alarm, world, now));
            prop_assert_eq!(Some(queue), first, "{:?}", alarm);
            counted[Queue::ALL.iter().position(|q| *q == queue).unwrap()] += 1;
            let age = alarm.age(now, &world.windows_of(alarm));
            let next = NextStep::of(alarm, now, age, band(alarm, world, now));
            let agrees = match next {
                NextStep::Masked { .. } => queue == Queue::Masked,
                NextStep::UnderCause { .. } => queue == Queue::CommonCause,
                NextStep::MonitoringOff | NextStep::NotInProduction | NextStep::NotRegistered => {
                    matches!(queue, Queue::SetApart | Queue::Security)
                }
                NextStep::InDowntime { .. } => queue == Queue::Downtime,
                NextStep::SwitchOff => matches!(queue, Queue::OkStable | Queue::Security),
                NextStep::WaitUntilStable { .. } => matches!(queue, Queue::OkNotStable | Queue::Security),
                NextStep::Ticket | NextStep::NoTicketNeeded { .. } => {
                    matches!(queue, Queue::Over72 | Queue::Over24 | Queue::Security)
                }
                NextStep::FirstLine { until } => until > now && matches!(queue, Queue::New | Queue::Security),
                NextStep::WaitForResult => matches!(queue, Queue::New | Queue::Security),
                NextStep::NoLongerMonitored => alarm.failing_now(),
                NextStep::SwitchedOff { .. } => false,
            };
            prop_assert!(agrees, "{:?} in {:?}: {:?}", next, queue, alarm);
        }
        prop_assert_eq!(counted.iter().sum::<usize>(), world.alarms.len());
    }
}
