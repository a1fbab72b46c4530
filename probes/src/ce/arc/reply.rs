//! The answers of A-REX taken apart. ARC 6 writes an array with one element as the element alone, and an empty one as nothing at
//! all; ARC 7 writes arrays. Status codes within an answer are strings.

use serde_json::Value;

/// What is said of one job.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Entry {
    /// As of HTTP; 200 where none is said, as in the list of jobs.
    pub code: u16,
    /// The words to it.
    pub reason: String,
    /// The job.
    pub id: Option<String>,
    /// Its state as published.
    pub state: Option<String>,
}

/// Whether a text may be a job's or a delegation's id: it becomes part of a path and of a file.
pub fn is_id(text: &str) -> bool {
    (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Reads the versions of `GET /rest`.
pub fn versions(body: &[u8]) -> Vec<String> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let versions = value.get("version").unwrap_or(&Value::Null);
    list(versions).filter_map(|v| v.as_str().map(str::to_owned)).take(16).collect()
}

/// Reads what is said of jobs.
///
/// # Errors
/// It is no such answer; one line.
pub fn entries(body: &[u8]) -> Result<Vec<Entry>, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let wrong = || {
        let text = String::from_utf8_lossy(body);
        format!("its answer is none of the ARC REST interface: {:?}", plugin::text::shortened(text.trim(), 60))
    };
    let value: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
    let jobs = value.as_object().ok_or_else(wrong)?.get("job").unwrap_or(&Value::Null);
    list(jobs).map(|job| entry(job).ok_or_else(wrong)).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    let (many, one) = match value {
        Value::Array(many) => (many.as_slice(), None),
        Value::Null => (&[][..], None),
        one => (&[][..], Some(one)),
    };
    many.iter().chain(one)
}

fn entry(job: &Value) -> Option<Entry> {
    let text = |name: &str| job.get(name).and_then(Value::as_str).map(|t| plugin::text::shortened(t, 500).into_owned());
    let code = match job.get("status-code") {
        None => 200,
        Some(Value::String(code)) => code.parse().ok()?,
        Some(code) => u16::try_from(code.as_u64()?).ok()?,
    };
    let id = text("id");
    if !job.is_object() || id.as_deref().is_some_and(|id| !is_id(id)) {
        return None;
    }
    Some(Entry { code, reason: text("reason").unwrap_or_default(), id, state: text("state") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_several_and_none_are_read() {
        let ids = |text: &str| entries(text.as_bytes()).map(|e| e.into_iter().filter_map(|e| e.id).collect::<Vec<_>>());
        assert_eq!(ids(""), Ok(vec![]));
        assert_eq!(ids("{}"), Ok(vec![]));
        assert_eq!(ids(r#"{"job":[]}"#), Ok(vec![]));
        assert_eq!(ids(r#"{"job":{"id":"a"}}"#), Ok(vec!["a".to_owned()]));
        assert_eq!(ids(r#"{"job":[{"id":"a"},{"id":"b"}]}"#), Ok(vec!["a".to_owned(), "b".to_owned()]));
        for wrong in ["<html>", "[]", r#"{"job":3}"#, r#"{"job":{"id":"../x"}}"#, r#"{"job":{"status-code":"x"}}"#] {
            assert!(ids(wrong).is_err(), "{wrong}");
        }
        assert_eq!(versions(br#"{"version":"1.0"}"#), ["1.0"]);
        assert_eq!(versions(br#"{"version":["1.0","1.1"]}"#), ["1.0", "1.1"]);
        assert!(versions(b"<html>").is_empty());
    }

    #[test]
    fn codes_are_strings_or_numbers() {
        let read = |text: &str| entries(text.as_bytes()).unwrap().remove(0);
        let refused =
            read(r#"{"job":{"status-code":"500","reason":"Requested queue x is not allowed for this user"}}"#);
        assert_eq!((refused.code, refused.id), (500, None));
        assert_eq!(read(r#"{"job":{"status-code":404,"id":"a","state":"None"}}"#).code, 404);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[{}\\[\\]\":,a-z0-9]{0,80}") {
            let _ = (entries(&bytes), versions(&bytes), entries(text.as_bytes()), versions(text.as_bytes()));
        }
    }
}
