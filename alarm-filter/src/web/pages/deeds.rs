//! What can be done from a page: the hidden fields that its forms carry, and the deeds that an alarm's own page offers.

use super::super::WebState;
use super::super::act::Visitor;
use super::super::visible::visible;
use crate::view::View;
use alarm_core::alarm::Alarm;
use alarm_core::input::Text;

/// What every form of a page carries.
#[derive(Default)]
pub(super) struct Hand {
    /// Against a second click: the same for all forms of the page, since the engine's key is made of all that is asked for.
    pub(super) key: String,
    /// That it is this browser's own.
    pub(super) token: String,
    /// Where it comes back to.
    pub(super) back: String,
    /// Why nothing can be done by whoever looks; empty: it can.
    pub(super) why_not: String,
    who: Text,
}

impl Hand {
    /// That of whoever looks at the page.
    pub(super) fn of(visitor: &Visitor) -> Self {
        let (who, why_not) = match &visitor.who {
            Ok(who) => (who.clone(), String::new()),
            Err(why) => (Text::default(), visible(&why.to_string()).into_owned()),
        };
        Hand { key: Visitor::form_key(), token: visitor.token.clone(), back: visitor.here.clone(), why_not, who }
    }

    /// Whether this is the one who looks.
    pub(super) fn is(&self, who: &Text) -> bool {
        self.why_not.is_empty() && self.who == *who
    }
}

/// What an alarm's page offers.
#[derive(Default)]
pub(super) struct Deeds {
    /// The alarm.
    pub(super) id: String,
    /// As it was seen: `ID:VERSION`; empty: it is not on the board.
    pub(super) target: String,
    /// Nothing is asked before it is switched off.
    pub(super) at_once: bool,
    /// Somebody masked it; the program's own masks go with their leader.
    pub(super) unmask: bool,
    /// It may be masked by another one.
    pub(super) mask: bool,
    /// It is under a common cause.
    pub(super) leave: bool,
    /// It was switched off and may come back.
    pub(super) can_return: bool,
    /// It is not so long gone that nobody can write on it.
    pub(super) note: bool,
}

impl Deeds {
    /// Those of an alarm, on the board or not.
    pub(super) fn of(view: &View, alarm: &Alarm) -> Self {
        let id = alarm.id.to_string();
        let Some(open) = view.alarm(&alarm.id) else {
            let closed = view.closed_alarm(&alarm.id);
            let stands = || view.alarms().any(|a| a.key == alarm.key);
            let can_return = closed.is_some_and(|c| c.off.is_some()) && !stands();
            return Deeds { id, can_return, note: closed.is_some(), ..Deeds::default() };
        };
        let leads = || view.alarms().any(|a| a.masked_by.as_ref().is_some_and(|m| m.leader == open.id));
        Deeds {
            id,
            target: format!("{}:{}", open.id, open.version),
            at_once: !open.failing_now() && open.masked_by.is_none() && !leads(),
            unmask: open.masked_by.as_ref().is_some_and(|m| !m.family),
            mask: open.masked_by.is_none() && !open.about.site.is_empty(),
            leave: open.cause.is_some(),
            can_return: false,
            note: true,
        }
    }
}

/// Whether anything can be done here at all, apart from who asks.
pub(super) fn possible(state: &WebState, mut hand: Hand) -> Hand {
    if hand.why_not.is_empty()
        && let Err(why) = super::super::act::possible_now(state)
    {
        hand.why_not = visible(&why).into_owned();
    }
    hand
}
