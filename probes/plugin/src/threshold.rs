//! `-w` and `-c` together.

use crate::{Range, State};

/// The two ranges that a value is judged by. What is not given does not alert.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Threshold {
    /// `-w`
    pub warning: Option<Range>,
    /// `-c`
    pub critical: Option<Range>,
}

impl Threshold {
    /// Both of them.
    pub fn new(warning: Range, critical: Range) -> Threshold {
        Threshold { warning: Some(warning), critical: Some(critical) }
    }

    /// CRITICAL, WARNING or OK.
    pub fn judge(&self, value: f64) -> State {
        let hit = |range: Option<Range>| range.is_some_and(|r| r.alerts(value));
        if hit(self.critical) {
            State::Critical
        } else if hit(self.warning) {
            State::Warning
        } else {
            State::Ok
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_goes_before_warning_and_nothing_given_is_ok() {
        let t = Threshold { warning: "10:".parse().ok(), critical: "5:".parse().ok() };
        assert_eq!([t.judge(3.0), t.judge(7.0), t.judge(12.0)], [State::Critical, State::Warning, State::Ok]);
        assert_eq!(Threshold::default().judge(f64::NAN), State::Ok);
    }
}
