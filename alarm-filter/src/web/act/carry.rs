//! Asking the engine, and what comes of it: the same for forms and for JSON.

use super::super::WebState;
use super::super::words::moment;
use alarm_core::command::{Action, Command, Done, Refusal};
use alarm_core::input::Text;
use axum::http::StatusCode;
use sha2::{Digest, Sha256};

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::web) enum NotDone {
    /// The engine refuses all of it.
    Refused(Vec<Refusal>),
    /// Nothing can be done now, and why: what to wait for.
    NotNow(String),
}

/// Whether anything can be done now; otherwise why not.
pub(in crate::web) fn possible_now(state: &WebState) -> Result<(), String> {
    if let Some(n) = &state.view().not_stored {
        return Err(not_stored(&moment(n.since), &n.reason));
    }
    let behind = (state.waiting_for)();
    if !behind.is_empty() {
        return Err(format!(
            "what is shown is not yet up to date, so nothing can be done here: {}; wait until it is",
            behind.join(", ")
        ));
    }
    Ok(())
}

fn not_stored(since: &str, reason: &str) -> String {
    format!("nothing is stored since {since}, so nothing was done: {reason}; repeat it when the warning is gone")
}

/// Asks for something and waits until it is on the disk.
pub(in crate::web) async fn carry(state: &WebState, who: &Text, form: &str, action: Action) -> Result<Done, NotDone> {
    use crate::intake::Answer;
    possible_now(state).map_err(NotDone::NotNow)?;
    let form = key(form, who, &action);
    match state.intake.ask(Command { who: who.clone(), form, action }).await {
        Ok(Answer::Stored { seq, done, refused, made }) => Ok(Done { seq, alarms: done, refused, made }),
        Ok(Answer::Refused(why)) => Err(NotDone::Refused(why)),
        Ok(Answer::NotStored { since, reason }) => Err(NotDone::NotNow(not_stored(&moment(since), &reason))),
        Err(stopping) => Err(NotDone::NotNow(stopping.to_string())),
    }
}

/// The key under which the engine knows a form: of its own key, of who sent it and of all that it asks for. A page that is
/// shown once more from the browser's memory has an old key; what is then asked for there is another thing, and is done.
fn key(form: &str, who: &str, action: &Action) -> Text {
    if form.is_empty() {
        return "".into();
    }
    let mut hash = Sha256::new();
    for part in [form.as_bytes(), who.as_bytes(), &serde_json::to_vec(action).unwrap_or_default()] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// The HTTP status of a refusal of the whole.
pub(in crate::web) fn status(why: &[Refusal]) -> StatusCode {
    let conflict = |r: &Refusal| r.is_conflict() || matches!(r, Refusal::DateIsOver { .. });
    if why.iter().any(conflict) {
        StatusCode::CONFLICT
    } else if why.iter().any(|r| matches!(r, Refusal::NoSuchSite { .. })) {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alarm_core::command::Target;

    #[test]
    fn a_form_is_the_same_when_all_of_it_is_the_same() {
        let off = |alarm: &str| Action::SwitchOn { alarms: vec![alarm.into()] };
        let same = key("k", "ana", &off("a"));
        assert_eq!(key("k", "ana", &off("a")), same);
        assert_eq!(same.len(), 32);
        for other in [key("k", "ana", &off("b")), key("k", "bob", &off("a")), key("l", "ana", &off("a"))] {
            assert_ne!(other, same);
        }
        let unmask = Action::Unmask { alarms: vec![Target::any("a".into())] };
        assert_ne!(key("k", "ana", &unmask), same);
        assert_eq!(&*key("", "ana", &off("a")), "", "without a key every one is another");
    }

    #[test]
    fn what_changed_is_a_conflict_and_what_lacks_is_not() {
        let (lacks, gone) = (Refusal::NeedsText, Refusal::NoSuchAlarm { alarm: "a".into() });
        assert_eq!(status(std::slice::from_ref(&lacks)), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(status(&[lacks, gone]), StatusCode::CONFLICT);
        assert_eq!(status(&[Refusal::NoSuchSite { site: "x".into() }]), StatusCode::NOT_FOUND);
    }
}
