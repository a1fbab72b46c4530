//! Reading what earlier releases wrote. The body of a record has the version of the release that wrote it, and is never
//! rewritten; on reading it passes through one upcaster for each version since, up to today's shape.
//!
//! A changed shape of [`Event`] or [`Input`] is: the version in `event.rs` or `input.rs` counted up, a function here that
//! makes the new JSON of the old, and a journal of the release before in tests/data/journals.

use crate::event::{Event, RULES_VERSION};
use crate::input::{INPUT_VERSION, Input};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Makes of the JSON of one version that of the next.
type Upcaster = fn(Value) -> Result<Value, String>;

/// For the events of a record, an array: the first is from version 1 to 2. None yet: there was no other shape.
const EVENTS: &[Upcaster] = &[];
/// For the input of a record.
const INPUTS: &[Upcaster] = &[];

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
    fn a_record_without_an_input_has_none() {
        assert_eq!(input(INPUT_VERSION, "{}").unwrap(), None);
        assert_eq!(input(INPUT_VERSION, r#"{"input":"tick"}"#).unwrap(), Some(Input::Tick));
        assert!(input(INPUT_VERSION, r#"{"input":"tock"}"#).is_err());
    }
}
