//! Reading what earlier releases wrote. The body of a record has the version of the release that wrote it, and is never
//! rewritten; on reading it passes through one upcaster for each version since, up to today's shape.
//!
//! A changed shape of [`Event`] or [`Input`] is: the version in `event.rs` or `input.rs` counted up, a function here that
//! makes the new JSON of the old, and a journal of the release before in tests/data/journals.

use crate::event::{Event, RULES_VERSION};
use crate::input::{INPUT_VERSION, Input};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Makes of the JSON of one version that of the next.
type Upcaster = fn(Value) -> Result<Value, String>;

/// For the events of a record, an array: the first is from version 1 to 2. Events that version 1 knew stand in 2 as they
/// were; what they say beyond that may lack.
const EVENTS: &[Upcaster] = &[Ok];
/// For the input of a record.
const INPUTS: &[Upcaster] = &[commands_name_several_alarms];

/// Version 1 switched off, brought back and unmasked one alarm at a time, and named alarms without their versions.
fn commands_name_several_alarms(mut input: Value) -> Result<Value, String> {
    let Some(action) = input.get("action").and_then(Value::as_str).map(str::to_owned) else { return Ok(input) };
    let fields = input.as_object_mut().ok_or("no object")?;
    let mut take = |name: &str| fields.remove(name).ok_or_else(|| format!("no {name}"));
    let any = |alarm: Value| json!({ "alarm": alarm, "version": 0 });
    let all = |alarms: Value| match alarms {
        Value::Array(ids) => Ok(Value::Array(ids.into_iter().map(any).collect())),
        _ => Err("no list of alarms".to_owned()),
    };
    match &*action {
        "switch-off" => {
            let target = json!({ "alarm": take("alarm")?, "version": take("version").unwrap_or_else(|_| 0.into()) });
            fields.insert("alarms".into(), json!([target]));
        }
        "switch-on" => {
            let alarm = take("alarm")?;
            fields.insert("alarms".into(), json!([alarm]));
        }
        "unmask" => {
            let alarm = any(take("alarm")?);
            fields.insert("alarms".into(), json!([alarm]));
        }
        "mask" => {
            let (leader, followers) = (any(take("leader")?), all(take("followers")?)?);
            fields.insert("leader".into(), leader);
            fields.insert("followers".into(), followers);
        }
        "open-cause" => {
            let alarms = all(take("alarms")?)?;
            fields.insert("alarms".into(), alarms);
        }
        _ => {}
    }
    Ok(input)
}

// One upcaster for each version but today's.
const _: () = assert!(EVENTS.len() + 1 == RULES_VERSION as usize && INPUTS.len() + 1 == INPUT_VERSION as usize);

/// A body that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Of a newer release.
    #[error("it has version {version} and this release knows {newest}; run the release that wrote it, or a newer one")]
    Newer {
        /// Its version.
        version: u32,
        /// The newest that is known here.
        newest: u32,
    },
    /// A version that never was.
    #[error("it has version 0, which never was")]
    Never,
    /// An upcaster does not know what to make of it.
    #[error("it cannot be turned from version {version} into the next: {why}")]
    Upcast {
        /// From which version.
        version: u32,
        /// Why.
        why: String,
    },
    /// It is not what its version says.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The events of a record that was decided by that version of the rules.
///
/// # Errors
/// [`ReadError`].
pub fn events(version: u32, json: &str) -> Result<Vec<Event>, ReadError> {
    read(version, json, EVENTS)
}

/// The input of a record with that version of the body; `None`: the record follows from one before it.
///
/// # Errors
/// [`ReadError`].
pub fn input(version: u32, json: &str) -> Result<Option<Input>, ReadError> {
    if json == "{}" {
        return Ok(None);
    }
    read(version, json, INPUTS).map(Some)
}

fn read<T: DeserializeOwned>(version: u32, json: &str, steps: &[Upcaster]) -> Result<T, ReadError> {
    let lacks = match (version as usize).checked_sub(1) {
        None => return Err(ReadError::Never),
        Some(n) => steps.get(n..),
    };
    match lacks {
        None => Err(ReadError::Newer { version, newest: u32::try_from(steps.len() + 1).unwrap_or(u32::MAX) }),
        Some([]) => Ok(serde_json::from_str(json)?),
        Some(steps) => {
            let mut value: Value = serde_json::from_str(json)?;
            for (from, step) in (version..).zip(steps) {
                value = step(value).map_err(|why| ReadError::Upcast { version: from, why })?;
            }
            Ok(serde_json::from_value(value)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Action, CauseKind, Command, OffReason, Target};
    use crate::time::Timestamp;

    /// Versions that never were, for this test alone: in the first the event was called otherwise, in the second its time
    /// stood in seconds.
    const MADE_UP: &[Upcaster] = &[
        |mut value| {
            for event in value.as_array_mut().ok_or("no array")? {
                if event["event"] == "boot" {
                    event["event"] = "monitor-started".into();
                }
            }
            Ok(value)
        },
        |mut value| {
            for event in value.as_array_mut().ok_or("no array")? {
                let since = event["since"].as_i64().ok_or("no time")?;
                event["since"] = (since * 1000).into();
            }
            Ok(value)
        },
    ];

    fn events_of(version: u32, json: &str) -> Result<Vec<Event>, String> {
        read(version, json, MADE_UP).map_err(|e| e.to_string())
    }

    #[test]
    fn an_older_body_passes_through_every_upcaster_since() {
        let today = vec![Event::MonitorStarted { monitor: "nagios".into(), since: Timestamp(7000) }];
        let first = r#"[{"event":"boot","monitor":"nagios","since":7}]"#;
        let second = r#"[{"event":"monitor-started","monitor":"nagios","since":7}]"#;
        let third = r#"[{"event":"monitor-started","monitor":"nagios","since":7000}]"#;
        for (version, json) in [(1, first), (2, second), (3, third)] {
            assert_eq!(events_of(version, json).unwrap(), today, "version {version}");
        }
        assert!(events_of(2, first).is_err(), "each version has its own shape");
        assert!(events_of(1, r#"[{"event":"boot"}]"#).unwrap_err().contains("from version 2 into the next: no time"));
    }

    #[test]
    fn what_is_newer_is_refused_by_its_version() {
        assert_eq!(
            events_of(4, "[]").unwrap_err(),
            "it has version 4 and this release knows 3; run the release that wrote it, or a newer one"
        );
        assert!(matches!(events(RULES_VERSION + 1, "[]"), Err(ReadError::Newer { .. })));
        assert!(matches!(input(INPUT_VERSION + 1, r#"{"input":"tick"}"#), Err(ReadError::Newer { .. })));
        assert!(matches!(events(0, "[]"), Err(ReadError::Never)));
        assert!(matches!(events(u32::MAX, "[]"), Err(ReadError::Newer { .. })));
    }

    #[test]
    fn commands_of_version_1_are_read() {
        let of = |json: &str| input(1, json).unwrap().unwrap();
        let command = |action| Input::Command(Command { who: "ana".into(), form: "f".into(), action });
        let target = |alarm: &str, version| Target { alarm: alarm.into(), version };
        let head = r#"{"input":"command","who":"ana","form":"f","action":"#;
        for (json, action) in [
            (
                r#""switch-off","alarm":"a","version":7,"reason":"other","text":"t","until":9}"#,
                Action::SwitchOff {
                    alarms: vec![target("a", 7)],
                    reason: Some(OffReason::Other),
                    text: "t".into(),
                    until: Some(Timestamp(9)),
                },
            ),
            (
                r#""switch-off","alarm":"a"}"#,
                Action::SwitchOff { alarms: vec![target("a", 0)], reason: None, text: "".into(), until: None },
            ),
            (r#""switch-on","alarm":"a"}"#, Action::SwitchOn { alarms: vec!["a".into()] }),
            (
                r#""mask","leader":"a","followers":["b","c"]}"#,
                Action::Mask { leader: target("a", 0), followers: vec![target("b", 0), target("c", 0)] },
            ),
            (r#""unmask","alarm":"a"}"#, Action::Unmask { alarms: vec![target("a", 0)] }),
            (
                r#""open-cause","kind":"network","text":"t","alarms":["a","b"]}"#,
                Action::OpenCause {
                    kind: CauseKind::Network,
                    text: "t".into(),
                    alarms: vec![target("a", 0), target("b", 0)],
                },
            ),
            (r#""end-cause","cause":"cause-7"}"#, Action::EndCause { cause: "cause-7".into() }),
        ] {
            assert_eq!(of(&format!("{head}{json}")), command(action), "{json}");
        }
        assert_eq!(of(r#"{"input":"tick"}"#), Input::Tick, "what is no command stands as it was");
        let lacks = input(1, &format!(r#"{head}"unmask"}}"#)).unwrap_err().to_string();
        assert_eq!(lacks, "it cannot be turned from version 1 into the next: no alarm");
    }

    #[test]
    fn events_of_version_1_are_read() {
        let json = r#"[{"event":"cause-ended","cause":"cause-7","who":"ana"},{"event":"command-taken","key":"f"}]"#;
        let ended = Event::CauseEnded { cause: "cause-7".into(), who: "ana".into(), was: None };
        let taken = Event::CommandTaken { key: "f".into(), done: vec![], refused: vec![], made: None };
        assert_eq!(events(1, json).unwrap(), [ended, taken]);
    }

    #[test]
    fn a_record_without_an_input_has_none() {
        assert_eq!(input(INPUT_VERSION, "{}").unwrap(), None);
        assert_eq!(input(INPUT_VERSION, r#"{"input":"tick"}"#).unwrap(), Some(Input::Tick));
        assert!(input(INPUT_VERSION, r#"{"input":"tock"}"#).is_err());
    }
}
