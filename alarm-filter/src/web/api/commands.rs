//! `POST /api/v1/commands`: what people do, for programs. Who does it comes as for the pages; the body is one command, and is
//! answered after the commit.

use super::super::WebState;
use super::super::act::{NotDone, Visitor, carry, is_id, possible_now, status};
use super::super::problem::{Fault, Problem, RefusalOut, json_of};
use super::super::visible::clipped;
use super::{is_json, whole};
use alarm_core::alarm::AlarmId;
use alarm_core::command::{Action, CauseKind, Done, NAME_AT_MOST, NoteOn, OffReason, Target};
use alarm_core::input::Text;
use alarm_core::time::Timestamp;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Seconds after which a command that could not be stored is worth repeating.
const RETRY: u32 = 5;

/// A command as it is sent: an [`Action`] with times as epoch seconds, and nothing in it that is not known.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
enum Wanted {
    SwitchOff {
        alarms: Vec<Seen>,
        #[serde(default)]
        reason: Option<OffReason>,
        #[serde(default)]
        text: Text,
        #[serde(default)]
        until: Option<Whole>,
    },
    SwitchOn {
        alarms: Vec<AlarmId>,
    },
    Mask {
        leader: Seen,
        followers: Vec<Seen>,
    },
    Unmask {
        alarms: Vec<Seen>,
    },
    OpenCause {
        kind: CauseKind,
        text: Text,
        alarms: Vec<Seen>,
    },
    JoinCause {
        cause: Text,
        alarms: Vec<Seen>,
    },
    LeaveCause {
        alarms: Vec<Seen>,
    },
    EndCause {
        cause: Text,
    },
    Note {
        on: NoteOn,
        text: Text,
    },
    StrikeNote {
        note: Text,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    alarm: AlarmId,
    #[serde(default)]
    version: Whole,
}

/// A whole number, also when it is written `7.0`.
#[derive(Clone, Copy, Default)]
struct Whole(u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let n = serde_json::Number::deserialize(d)?;
        let found = n.as_u64().or_else(|| whole(n.as_f64()?));
        found.map(Whole).ok_or_else(|| D::Error::custom(format!("{n} is no whole number that fits here")))
    }
}

#[derive(Serialize)]
struct DoneOut<'a> {
    seq: u64,
    done: &'a [AlarmId],
    refused: Vec<RefusalOut>,
    made: Option<&'a Text>,
}

/// The handler.
pub(in crate::web) async fn commands(
    State(state): State<WebState>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match take(&state, visitor, &headers, body).await {
        Ok(did) => {
            let refused = did.refused.iter().map(RefusalOut::of).collect();
            json_of(&DoneOut { seq: did.seq, done: &did.alarms, refused, made: did.made.as_ref() })
        }
        Err(problem) => problem.into_response(),
    }
}

async fn take(
    state: &WebState,
    visitor: Visitor,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Done, Problem> {
    if !is_json(headers) {
        let detail = "send the command with Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Not JSON", detail));
    }
    let body = body.map_err(|e| match e.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = "the body is larger than 1 MiB; name fewer alarms at a time";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", detail)
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "Body not read", "the body ended early; send it again"),
    })?;
    let (form, action) = read(&body)?;
    let who = visitor.who.map_err(|e| Problem::new(StatusCode::FORBIDDEN, "Who are you?", e.to_string()))?;
    let not_now = |why: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Not now", why).retry_after(RETRY);
    possible_now(state).map_err(not_now)?;
    carry(state, &who, &form, action).await.map_err(|e| match e {
        NotDone::NotNow(why) => not_now(why),
        NotDone::Refused(why) => {
            let status = status(&why);
            let title = if status == StatusCode::CONFLICT { "Changed meanwhile" } else { "Cannot be done so" };
            let all: Vec<String> = why.iter().take(3).map(ToString::to_string).collect();
            Problem::new(status, title, all.join("; ")).with_refused(why.iter().map(RefusalOut::of).collect())
        }
    })
}

/// The form's key and what is asked for.
fn read(body: &[u8]) -> Result<(String, Action), Problem> {
    use serde_json::{Map, Value};
    let syntax = |e: serde_json::Error| {
        let detail = format!("the body is not JSON: {e}; nothing was done");
        Problem::new(StatusCode::BAD_REQUEST, "Not JSON", detail)
    };
    let wrong = |field: &str, detail: String| {
        let fault = Fault { index: None, field: field.to_owned(), detail };
        let detail = "the command cannot be taken, and nothing was done; see errors";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "Not understood", detail).with_errors(vec![fault])
    };
    let value: Value = serde_json::from_slice(body).map_err(syntax)?;
    let Value::Object(mut fields): Value = value else {
        return Err(wrong("", "a command is an object: {\"action\": \"switch-off\", …}".to_owned()));
    };
    let form = match fields.remove("form") {
        None => String::new(),
        Some(Value::String(form)) if form.chars().count() <= NAME_AT_MOST => form,
        Some(_) => return Err(wrong("form", format!("a text of at most {NAME_AT_MOST} characters"))),
    };
    // Absent, not null: a null says nothing that the description knows.
    if let Some((name, _)) = fields.iter().find(|(_, value)| value.is_null()) {
        return Err(wrong(name, "null stands here; leave the field out".to_owned()));
    }
    let wanted: Wanted = serde_json::from_value(Value::Object(Map::clone(&fields)))
        .map_err(|e| wrong("", clipped(&e.to_string(), 300).into_owned()))?;
    action(wanted).map(|action| (form, action)).map_err(|(field, detail)| wrong(field, detail))
}

type Bad = (&'static str, String);

fn action(wanted: Wanted) -> Result<Action, Bad> {
    Ok(match wanted {
        Wanted::SwitchOff { alarms, reason, text, until } => {
            let until = until
                .map(|Whole(n)| u32::try_from(n))
                .transpose()
                .map_err(|_| ("until", "is beyond the year 2106; give epoch seconds, not milliseconds".to_owned()))?;
            let until = until.map(|secs| Timestamp::from_secs(i64::from(secs)));
            Action::SwitchOff { alarms: targets("alarms", alarms)?, reason, text, until }
        }
        Wanted::SwitchOn { alarms } => Action::SwitchOn {
            alarms: some("alarms", alarms)?.into_iter().map(|id| known("alarms", id)).collect::<Result<_, _>>()?,
        },
        Wanted::Mask { leader, followers } => {
            Action::Mask { leader: target("leader", leader)?, followers: targets("followers", followers)? }
        }
        Wanted::Unmask { alarms } => Action::Unmask { alarms: targets("alarms", alarms)? },
        Wanted::OpenCause { kind, text, alarms } => {
            Action::OpenCause { kind, text, alarms: targets("alarms", alarms)? }
        }
        Wanted::JoinCause { cause, alarms } => {
            Action::JoinCause { cause: short("cause", cause)?, alarms: targets("alarms", alarms)? }
        }
        Wanted::LeaveCause { alarms } => Action::LeaveCause { alarms: targets("alarms", alarms)? },
        Wanted::EndCause { cause } => Action::EndCause { cause: short("cause", cause)? },
        Wanted::Note { on: NoteOn::Alarm(id), text } => Action::Note { on: NoteOn::Alarm(known("on", id)?), text },
        Wanted::Note { on: NoteOn::Site(site), text } => Action::Note { on: NoteOn::Site(short("on", site)?), text },
        Wanted::StrikeNote { note } => Action::StrikeNote { note: short("note", note)? },
    })
}

fn some<T>(field: &'static str, all: Vec<T>) -> Result<Vec<T>, Bad> {
    if all.is_empty() { Err((field, "names no alarm; name at least one".to_owned())) } else { Ok(all) }
}

fn targets(field: &'static str, all: Vec<Seen>) -> Result<Vec<Target>, Bad> {
    some(field, all)?.into_iter().map(|seen| target(field, seen)).collect()
}

fn target(field: &'static str, Seen { alarm, version }: Seen) -> Result<Target, Bad> {
    Ok(Target { alarm: known(field, alarm)?, version: version.0 })
}

fn known(field: &'static str, id: AlarmId) -> Result<AlarmId, Bad> {
    match is_id(&id) {
        true => Ok(id),
        false => Err((field, format!("'{}' is no alarm's id: 16 hexadecimal digits", clipped(&id, 40)))),
    }
}

/// A name of something of ours, or of a site.
fn short(field: &'static str, name: Text) -> Result<Text, Bad> {
    match name.chars().count() {
        1..=256 => Ok(name),
        0 => Err((field, "is empty; name it".to_owned())),
        _ => Err((field, "is longer than 256 characters; name it as it is listed".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(body: &str) -> Result<(String, Action), Problem> {
        read(body.as_bytes())
    }

    #[test]
    fn a_command_is_read_with_times_in_seconds() {
        let body = r#"{"action":"switch-off","form":"k","alarms":[{"alarm":"0123456789abcdef","version":7.0}],
                       "reason":"downtime","until":1900000000}"#;
        let (form, action) = asked(body).unwrap();
        let target = Target { alarm: "0123456789abcdef".into(), version: 7 };
        let until = Some(Timestamp::from_secs(1_900_000_000));
        let (reason, text) = (Some(OffReason::Downtime), "".into());
        assert_eq!((form.as_str(), action), ("k", Action::SwitchOff { alarms: vec![target], reason, text, until }));
        let (_, note) = asked(r#"{"action":"note","on":{"site":"S"},"text":"x"}"#).unwrap();
        assert_eq!(note, Action::Note { on: NoteOn::Site("S".into()), text: "x".into() });
    }

    #[test]
    fn what_is_not_known_is_refused_and_named() {
        for (body, status, part) in [
            ("{", 400, "not JSON"),
            ("[]", 422, "an object"),
            (r#"{"action":"destroy"}"#, 422, "unknown variant"),
            (r#"{"action":"end-cause","cause":"c","colour":1}"#, 422, "colour"),
            (r#"{"action":"end-cause","cause":""}"#, 422, "is empty"),
            (r#"{"action":"unmask","alarms":[]}"#, 422, "at least one"),
            (r#"{"action":"unmask","alarms":[{"alarm":"ABC"}]}"#, 422, "16 hexadecimal"),
            (r#"{"action":"unmask","alarms":[{"alarm":"0123456789abcdef","x":1}]}"#, 422, "unknown field"),
            (
                r#"{"action":"switch-off","alarms":[{"alarm":"0123456789abcdef"}],"until":null}"#,
                422,
                "leave the field out",
            ),
            (r#"{"action":"switch-off","alarms":[{"alarm":"0123456789abcdef"}],"until":-1}"#, 422, "no whole number"),
            (
                r#"{"action":"switch-off","alarms":[{"alarm":"0123456789abcdef"}],"until":1900000000000}"#,
                422,
                "not milliseconds",
            ),
            (r#"{"action":"unmask","alarms":[{"alarm":"0123456789abcdef","version":7.5}]}"#, 422, "no whole number"),
            (r#"{"action":"end-cause","cause":"c","form":5}"#, 422, "a text"),
            (r#"{"action":"note","on":{"site":"a","alarm":"b"},"text":"x"}"#, 422, ""),
        ] {
            let problem = asked(body).unwrap_err();
            let all = serde_json::to_string(&problem).unwrap();
            assert!(problem.status == status && all.contains(part), "{body}: {all}");
        }
    }
}
