//! Events in words. A first few of them; the rest say their name only.

use alarm_core::alarm::Told;
use alarm_core::event::Event;

/// What an event says, as one sentence; `None` for one that tells people nothing.
pub fn sentence(event: &Event) -> Option<String> {
    Some(match event {
        Event::Seen(seen) => format!(
            "{} reported {} ({}).",
            seen.monitor,
            seen.state,
            if seen.hard { "hard" } else { "soft, so nothing follows" }
        ),
        Event::Raised { change, .. } => {
            let told = match &change.told {
                Told::Notified => " The monitor notified somebody.",
                Told::Not(_) | Told::NotAsked => "",
            };
            format!("An alarm was raised: {}.{told}", change.state)
        }
        Event::Changed { change, again: true, .. } => format!("It failed again: {}.", change.state),
        Event::Changed { change, .. } => format!("Its state changed to {}.", change.state),
        Event::Recovered { change, .. } => format!("It recovered: {}.", change.state),
        Event::Flags { set, cleared, .. } => {
            let set: Vec<_> = set.keys().map(|f| format!("it is marked: {}", f.sentence())).collect();
            let cleared: Vec<_> = cleared.iter().map(|f| format!("the mark {} went", f.word())).collect();
            let mut all = set.join("; ");
            if !all.is_empty() && !cleared.is_empty() {
                all.push_str("; ");
            }
            all.push_str(&cleared.join("; "));
            format!("{all}.")
        }
        Event::SwitchedOff { who, text, .. } => format!("{who} switched it off. {text}"),
        Event::Returned { why, .. } => format!("It came back: {why}."),
        Event::Aged { .. } => "It became 24 h old.".to_owned(),
        Event::StableOk { .. } => "Its OK became stable.".to_owned(),
        Event::NotificationSent { monitor, .. } => format!("{monitor} sent a notification."),
        _ => return None,
    })
}
