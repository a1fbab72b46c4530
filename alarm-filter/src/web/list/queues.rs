//! The queues on the board (DE3): their order, which is that of work, their colours, and the words of their counters.

use alarm_core::queue::Queue;

/// Its place in the order of work; security matters stand on no board (AL17) and come last.
pub(in crate::web) fn rank(queue: Queue) -> usize {
    Queue::ON_BOARD.iter().position(|q| *q == queue).unwrap_or(Queue::ON_BOARD.len())
}

/// Its colour, on its counter.
pub(in crate::web) fn class(queue: Queue) -> &'static str {
    match queue {
        Queue::Over72 => "b2",
        Queue::Over24 => "b1",
        Queue::New => "b0",
        Queue::OkStable | Queue::OkNotStable => "ok",
        _ => "apart",
    }
}
