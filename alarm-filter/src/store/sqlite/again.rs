//! What a record's input says is not said again by its events: a check's output stands in the input, in the view of the object and in the
//! alarm, and is most of what the disk would have to take.
//!
//! In the column `events` a value that is that of the input's field of the same name is written as `"\/"`. That is JSON, and what our
//! own writer of JSON never makes of a text: it has no reason to escape a slash. Readers put the value back before anything else looks at
//! it, so that a checksum is that of the whole record.

use memchr::memmem::Finder;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Stands for the input's value.
const AGAIN: &str = r#""\/""#;
/// What is shorter is not worth it.
const SHORT: usize = 16;

/// The fields that are long, and of which the events have what the input has.
static FIELDS: LazyLock<[Finder<'static>; 4]> =
    LazyLock::new(|| ["\"output\":", "\"long_output\":", "\"perf_data\":", "\"stands_for\":"].map(Finder::new));

/// The events, without what stands in the body.
pub(super) fn left_out<'e>(body: &str, events: &'e str) -> Cow<'e, str> {
    let mut places = Vec::new();
    for field in &*FIELDS {
        let Some(value) = value(body, field).filter(|value| value.len() >= SHORT) else { continue };
        for at in field.find_iter(events.as_bytes()) {
            let begin = at + field.needle().len();
            if events.get(begin..).is_some_and(|rest| rest.starts_with(value)) {
                places.push((begin, begin + value.len(), AGAIN));
            }
        }
    }
    replaced(events, places)
}

/// The events, with what stands in the body.
pub(super) fn put_back(body: &str, events: String) -> String {
    let mut places = Vec::new();
    for field in &*FIELDS {
        let mut said = None;
        for at in field.find_iter(events.as_bytes()) {
            let begin = at + field.needle().len();
            if events.get(begin..).is_some_and(|rest| rest.starts_with(AGAIN)) {
                // Without it the record is damaged, as its checksum will tell.
                let Some(value) = *said.get_or_insert_with(|| value(body, field)) else { break };
                places.push((begin, begin + AGAIN.len(), value));
            }
        }
    }
    if places.is_empty() { events } else { replaced(&events, places).into_owned() }
}

/// The value of a field, as JSON: a text, or an object that has none within it.
fn value<'b>(body: &'b str, field: &Finder<'_>) -> Option<&'b str> {
    let rest = body.get(field.find(body.as_bytes())? + field.needle().len()..)?;
    let end = match rest.bytes().next()? {
        b'"' => end_of_text(rest, 0)?,
        b'{' => {
            let mut at = 1;
            loop {
                match *rest.as_bytes().get(at)? {
                    b'"' => at = end_of_text(rest, at)?,
                    b'{' => return None,
                    b'}' => break at + 1,
                    _ => at += 1,
                }
            }
        }
        _ => return None,
    };
    rest.get(..end)
}

/// Behind the text that begins there.
fn end_of_text(json: &str, begin: usize) -> Option<usize> {
    let bytes = json.as_bytes();
    let mut at = begin + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// The text with other words in these places; one within another is left to that.
fn replaced<'t>(text: &'t str, mut places: Vec<(usize, usize, &str)>) -> Cow<'t, str> {
    if places.is_empty() {
        return Cow::Borrowed(text);
    }
    places.sort_unstable_by_key(|(begin, ..)| *begin);
    let grown: usize = places.iter().map(|(begin, end, word)| word.len().saturating_sub(end - begin)).sum();
    let mut out = String::with_capacity(text.len() + grown);
    let mut done = 0;
    for (begin, end, word) in places {
        // As a field of an object that is left out whole.
        if begin < done {
            continue;
        }
        out.push_str(&text[done..begin]);
        out.push_str(word);
        done = end;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[track_caller]
    fn comes_back(body: &Value, events: &Value) -> usize {
        let (body, events) = (body.to_string(), events.to_string());
        let short = left_out(&body, &events);
        assert_eq!(put_back(&body, short.clone().into_owned()), events);
        assert!(serde_json::from_str::<Value>(&short).is_ok(), "{short}");
        events.len() - short.len()
    }

    #[test]
    fn what_the_input_says_is_left_out_and_put_back() {
        let output = "CRITICAL: \"it\" is \\ broken / since \u{e9}\n";
        let place = json!({ "site": "SITE-A", "metric": "a}b\"c" });
        let body = json!({ "output": output, "long_output": "", "perf_data": "a=1;2;3;4;5;6;7", "stands_for": place });
        let seen = json!({ "event": "seen", "output": output, "perf_data": "a=1;2;3;4;5;6;7", "stands_for": place });
        let other = json!({ "event": "raised", "change": { "output": output, "perf_data": "a=2;2;3;4;5;6;7" } });
        let saved = comes_back(&body, &json!([seen, other]));
        assert!(saved > 2 * output.len() + 40, "{saved}");
        // Nothing in common, or nothing long.
        assert_eq!(comes_back(&body, &json!([{ "output": "another output of a check" }])), 0);
        assert_eq!(comes_back(&json!({ "output": "short" }), &json!([{ "output": "short" }])), 0);
        assert_eq!(comes_back(&json!({}), &json!([{ "output": output }])), 0);
        // Texts that look like what is written here.
        for text in [r#""\/""#, r"\/", r"/", r#","output":"\/""#, r#"output":"long enough, I think"#] {
            let text = format!("{text} and so on and on");
            comes_back(&json!({ "output": text }), &json!([{ "output": text, "why": text }, { "output": r"\/" }]));
        }
    }

    #[test]
    fn what_is_damaged_is_left_as_it_is() {
        for body in
            ["", "{", r#"{"output":"#, r#"{"output":""#, r#"{"output":"\"#, r#"{"stands_for":{"#, r#"{"output":7}"#]
        {
            for events in ["", r#"[{"output":"\/"}]"#, r#"[{"output":"\/"#, r#"{"stands_for":"\/"}"#] {
                let events = events.to_owned();
                put_back(body, left_out(body, &events).into_owned());
            }
        }
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[ -~]{0,60}",
            "[\\\\/\"{}:,]{0,40}",
            Just("\"output\":\"\\/\" in a text of its own".to_owned())
        ]
    }

    proptest! {
        #[test]
        fn any_record_comes_back(one in texts(), two in texts(), three in texts(), same in any::<bool>()) {
            let again = if same { &one } else { &two };
            let body = json!({ "a": three, "output": one, "long_output": two, "stands_for": { "site": three } });
            let events = json!([
                { "output": again, "long_output": two, "x": { "stands_for": { "site": three }, "output": one } },
                { "why": one, "perf_data": three },
            ]);
            comes_back(&body, &events);
        }
    }
}
