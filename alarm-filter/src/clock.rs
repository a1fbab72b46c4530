//! The one clock of the daemon: wall-clock time that goes by the time since boot, and believes a jump of the wall clock
//! only after it has held (law 10).

use alarm_core::time::{MINUTE, Millis, SECOND, Timestamp};
use nix::time::{ClockId, clock_gettime};

/// A difference smaller than this is a clock being disciplined, not a jump.
const JUMP: Millis = 5 * SECOND;
/// How long a jump has to hold.
const HOLD: Millis = 5 * MINUTE;

/// See the module.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Wall clock minus time since boot, as believed.
    offset: Millis,
    /// A jump that is not believed yet: since when (time since boot), and the offset it would make.
    doubted: Option<(Millis, Millis)>,
}

/// What a look at the clock yields.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Now {
    /// The time to go by.
    pub at: Timestamp,
    /// The wall clock differs from it by so much, and that has not held for long enough.
    pub doubt: Option<Millis>,
    /// A jump was believed just now: by so much.
    pub stepped: Option<Millis>,
}

impl Clock {
    /// Believes the wall clock as it is.
    pub fn start() -> Self {
        Clock::started(wall(), since_boot())
    }

    fn started(wall: Millis, boot: Millis) -> Self {
        Clock { offset: wall - boot, doubted: None }
    }

    /// What time it is.
    pub fn now(&mut self) -> Now {
        self.look(wall(), since_boot())
    }

    fn look(&mut self, wall: Millis, boot: Millis) -> Now {
        let offset = wall - boot;
        let jump = offset - self.offset;
        let mut now = Now { at: Timestamp(boot + self.offset), doubt: None, stepped: None };
        if jump.abs() < JUMP {
            self.offset = offset;
            self.doubted = None;
            now.at = Timestamp(wall);
            return now;
        }
        match self.doubted {
            Some((since, seen)) if (seen - offset).abs() < JUMP => {
                if boot - since >= HOLD {
                    self.offset = offset;
                    self.doubted = None;
                    now.at = Timestamp(wall);
                    now.stepped = Some(jump);
                    return now;
                }
            }
            _ => self.doubted = Some((boot, offset)),
        }
        now.doubt = Some(jump);
        now
    }
}

fn wall() -> Millis {
    millis(ClockId::CLOCK_REALTIME)
}

fn since_boot() -> Millis {
    millis(ClockId::CLOCK_BOOTTIME)
}

fn millis(clock: ClockId) -> Millis {
    // Both clocks exist on every Linux that this runs on; a kernel without one would show as the year 1970.
    clock_gettime(clock).map_or(0, |t| t.tv_sec() * SECOND + t.tv_nsec() / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_believed_only_after_it_has_held() {
        let mut clock = Clock::started(1_000_000, 0);
        assert_eq!(clock.look(1_001_000, 1_000), Now { at: Timestamp(1_001_000), doubt: None, stepped: None });
        // An hour forward: shown, not believed.
        let jumped = clock.look(4_602_000, 2_000);
        assert_eq!((jumped.at, jumped.doubt), (Timestamp(1_002_000), Some(3_600_000)));
        // Back again within the time: nothing happened.
        assert_eq!(clock.look(1_003_000, 3_000), Now { at: Timestamp(1_003_000), doubt: None, stepped: None });
        // Backwards, and it stays.
        assert_eq!(clock.look(504_000, 4_000).at, Timestamp(1_004_000));
        assert_eq!(clock.look(504_000 + HOLD - 1, 4_000 + HOLD - 1).doubt, Some(-500_000));
        let believed = clock.look(504_000 + HOLD, 4_000 + HOLD);
        assert_eq!((believed.at, believed.stepped), (Timestamp(504_000 + HOLD), Some(-500_000)));
    }
}
