//! Items to inputs: names checked, states read, long texts clipped with a visible mark.

use super::super::super::problem::Fault;
use super::super::super::visible::clipped;
use super::parse::Item;
use alarm_core::input::{HostSeen, Input, Observation, Origin, Report, Seen, ServiceSeen, StandsFor, Text};
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Longest name in characters.
const NAME: usize = 256;
/// Longest first line of an output, and longest performance data, in bytes.
const LINE: usize = 8 << 10;
/// Longest further output in bytes.
const LONG: usize = 64 << 10;
/// What is said of a source that is not configured.
const STRANGER: &str = "is not a configured source";
/// So many faults are told at once.
const FAULTS: usize = 20;

/// Who sends, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender<'a> {
    /// Sources that are configured.
    pub(super) sources: &'a BTreeSet<Text>,
    /// Any other is taken too.
    pub(super) open: bool,
    /// For observations that do not say when.
    pub(super) now: Timestamp,
}

/// Makes inputs of all items, or says what is wrong with them.
pub(super) fn of(items: Vec<Item<'_>>, sender: &Sender<'_>) -> Result<Vec<Input>, Vec<Fault>> {
    let mut shared = Shared::default();
    let mut inputs = Vec::with_capacity(items.len());
    let mut faults = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        match input(item, sender, &mut shared) {
            Ok(input) => inputs.push(input),
            Err((field, detail)) => {
                faults.push(Fault { index: Some(index), field: field.to_owned(), detail });
                if faults.len() == FAULTS {
                    break;
                }
            }
        }
    }
    if faults.is_empty() { Ok(inputs) } else { Err(faults) }
}

/// Whether nothing is wrong but that a source is not configured.
pub(super) fn is_of_a_stranger(fault: &Fault) -> bool {
    fault.field == "source" && fault.detail.contains(STRANGER)
}

/// What neighbouring items have in common is stored once.
struct Shared {
    empty: Text,
    source: Text,
    host: Text,
    stands_for: Option<Arc<StandsFor>>,
    site: Text,
    ngi: Text,
    service_type: Text,
    vo: Text,
}

impl Default for Shared {
    fn default() -> Self {
        let empty = Text::from("");
        Shared {
            source: empty.clone(),
            host: empty.clone(),
            stands_for: None,
            site: empty.clone(),
            ngi: empty.clone(),
            service_type: empty.clone(),
            vo: empty.clone(),
            empty,
        }
    }
}

type Bad = (&'static str, String);

fn input(item: Item<'_>, sender: &Sender<'_>, shared: &mut Shared) -> Result<Input, Bad> {
    let source = required(item.source, "source")?;
    let source = keep(&mut shared.source, &source);
    if !sender.open && !sender.sources.contains(&source) {
        let detail = format!("'{source}' {STRANGER}; add it to http.sources, or correct the name");
        return Err(("source", detail));
    }
    let Some(sequence) = item.sequence else { return Err(missing("sequence")) };
    let host = required(item.host, "host")?;
    let host = keep(&mut shared.host, &host);
    let word = item.state.ok_or_else(|| missing("state"))?;
    let state = State::from_word(word.as_bytes()).ok_or_else(|| {
        let known = if item.service.is_some() { "OK, WARNING, CRITICAL, UNKNOWN" } else { "UP, DOWN, UNREACHABLE" };
        ("state", format!("'{}' is not one of {known}", clipped(&word, 40)))
    })?;
    let of_host = matches!(state, State::Up | State::Down | State::Unreachable);
    let hard = item.hard.unwrap_or(true);
    let since = item.since.unwrap_or(sender.now);
    let (output, more) = first_line(item.output.unwrap_or_default());
    let output = text(&shared.empty, clip(output, LINE));
    let seen = match item.service {
        Some(service) => {
            if of_host {
                let detail = format!("{state} is a state of a host; a service is OK, WARNING, CRITICAL or UNKNOWN");
                return Err(("state", detail));
            }
            let service: Text = name(service, "service")?.into();
            let metric = optional(item.metric, "metric")?;
            let stands_for = shared.stands_for(
                [item.site, item.ngi, item.service_type, item.vo],
                metric.as_deref().unwrap_or_default(),
                &service,
            )?;
            let long = join(more, item.long_output);
            Seen::Service(ServiceSeen {
                host,
                service,
                state,
                hard,
                report: Report::Alert,
                attempt: 1,
                pending: false,
                output,
                long_output: text(&shared.empty, clip(long, LONG)),
                perf_data: text(&shared.empty, clip(item.perf_data.unwrap_or_default(), LINE)),
                last_check: None,
                last_change: None,
                stands_for: Some(stands_for),
            })
        }
        None => {
            if !of_host {
                let detail =
                    format!("{state} is a state of a service; give 'service', or one of UP, DOWN, UNREACHABLE");
                return Err(("state", detail));
            }
            let of_services = [
                ("service_type", &item.service_type),
                ("metric", &item.metric),
                ("site", &item.site),
                ("ngi", &item.ngi),
                ("vo", &item.vo),
                ("long_output", &item.long_output),
                ("perf_data", &item.perf_data),
            ];
            if let Some((field, _)) = of_services.into_iter().find(|(_, v)| v.as_deref().is_some_and(|v| !v.is_empty()))
            {
                let detail = match field {
                    "site" | "ngi" => {
                        "a host's own check has none: a host belongs where GOCDB or the _site_name of a monitor puts it; \
                         leave it out here and send it with the host's services, or give 'service' if this is one"
                    }
                    "long_output" | "perf_data" => {
                        "of a host's own check only the first line of the output is kept; leave it out, or give 'service' \
                         if this is a service"
                    }
                    _ => "only services have it; leave it out, or give 'service' if this is one",
                };
                return Err((field, detail.to_owned()));
            }
            let (report, attempt, pending) = (Report::Alert, 1, false);
            let (last_check, last_change) = (None, None);
            Seen::Host(HostSeen { host, state, hard, report, attempt, pending, output, last_check, last_change })
        }
    };
    let monitor = source;
    Ok(Input::Observation(Observation { monitor, since, origin: Origin::Http, sequence: Some(sequence), seen }))
}

impl Shared {
    /// What the item says that its service stands for; the same object for neighbours that say the same.
    fn stands_for(
        &mut self,
        [site, ngi, service_type, vo]: [Option<Cow<'_, str>>; 4],
        metric: &str,
        service: &Text,
    ) -> Result<Arc<StandsFor>, Bad> {
        let site = optional(site, "site")?.unwrap_or_default();
        let ngi = optional(ngi, "ngi")?.unwrap_or_default();
        let service_type = optional(service_type, "service_type")?.unwrap_or_default();
        let vo = optional(vo, "vo")?.unwrap_or_default();
        let same = |s: &&Arc<StandsFor>| {
            *s.site == *site
                && *s.ngi == *ngi
                && *s.service_type == *service_type
                && *s.vo == *vo
                && *s.metric == *metric
        };
        if let Some(last) = self.stands_for.as_ref().filter(same) {
            return Ok(last.clone());
        }
        let new = Arc::new(StandsFor {
            site: keep(&mut self.site, &site),
            ngi: keep(&mut self.ngi, &ngi),
            service_type: keep(&mut self.service_type, &service_type),
            metric: if *metric == **service { service.clone() } else { text(&self.empty, metric.into()) },
            vo: keep(&mut self.vo, &vo),
        });
        self.stands_for = Some(new.clone());
        Ok(new)
    }
}

fn missing(field: &'static str) -> Bad {
    (field, "is missing; every observation has source, sequence, host and state".to_owned())
}

fn required<'a>(value: Option<Cow<'a, str>>, field: &'static str) -> Result<Cow<'a, str>, Bad> {
    name(value.ok_or_else(|| missing(field))?, field)
}

fn optional<'a>(value: Option<Cow<'a, str>>, field: &'static str) -> Result<Option<Cow<'a, str>>, Bad> {
    value.filter(|v| !v.is_empty()).map(|v| name(v, field)).transpose()
}

/// A name: neither empty nor long, and of characters that show.
fn name<'a>(value: Cow<'a, str>, field: &'static str) -> Result<Cow<'a, str>, Bad> {
    if value.trim().is_empty() {
        return Err((field, "is empty; name it".to_owned()));
    }
    if value.len() > NAME && value.chars().count() > NAME {
        return Err((field, format!("is longer than {NAME} characters, which a name has at most")));
    }
    if value.chars().any(char::is_control) {
        return Err((field, "holds control characters; a name has none".to_owned()));
    }
    Ok(value)
}

/// The same text again is the same object.
fn keep(last: &mut Text, value: &str) -> Text {
    if **last != *value {
        *last = value.into();
    }
    last.clone()
}

fn text(empty: &Text, value: Cow<'_, str>) -> Text {
    if value.is_empty() { empty.clone() } else { value.into() }
}

/// The first line, and the rest.
fn first_line(output: Cow<'_, str>) -> (Cow<'_, str>, Cow<'_, str>) {
    match memchr::memchr(b'\n', output.as_bytes()) {
        None => (output, Cow::Borrowed("")),
        Some(end) => match output {
            Cow::Borrowed(o) => (Cow::Borrowed(&o[..end]), Cow::Borrowed(&o[end + 1..])),
            Cow::Owned(o) => (Cow::Owned(o[..end].to_owned()), Cow::Owned(o[end + 1..].to_owned())),
        },
    }
}

fn join<'a>(more: Cow<'a, str>, long: Option<Cow<'a, str>>) -> Cow<'a, str> {
    match long {
        Some(long) if more.is_empty() => long,
        Some(long) if !long.is_empty() => Cow::Owned(format!("{more}\n{long}")),
        _ => more,
    }
}

/// At most so many bytes, with a mark that says how much there was.
fn clip(value: Cow<'_, str>, most: usize) -> Cow<'_, str> {
    if value.len() <= most {
        return value;
    }
    let mark = format!(" … [clipped: {} bytes in all]", value.len());
    let mut end = most.saturating_sub(mark.len());
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(value[..end].to_owned() + &mark)
}

#[cfg(test)]
mod tests {
    use super::super::parse::array;
    use super::*;

    fn take(body: &str) -> Result<Vec<Input>, Vec<Fault>> {
        let sources = BTreeSet::from(["cron".into()]);
        of(array(body.as_bytes()).unwrap(), &Sender { sources: &sources, open: false, now: Timestamp(5_000) })
    }

    #[test]
    fn a_service_and_a_host() {
        let inputs = take(
            r#"[{"source":"cron","sequence":1,"host":"ce1","service":"m","service_type":"CE","metric":"m","site":"S",
                 "state":"CRITICAL","since":4,"output":"bad\nworse","long_output":"worst","perf_data":"a=1"},
                {"source":"cron","sequence":2,"host":"ce1","state":"DOWN","hard":false}]"#,
        )
        .unwrap();
        let Input::Observation(o) = &inputs[0] else { panic!() };
        assert_eq!((o.since, o.sequence, o.origin), (Timestamp(4_000), Some(1), Origin::Http));
        let Seen::Service(s) = &o.seen else { panic!() };
        assert_eq!((&*s.output, &*s.long_output, &*s.perf_data), ("bad", "worse\nworst", "a=1"));
        assert_eq!(&*s.stands_for.as_ref().unwrap().site, "S");
        let Input::Observation(o) = &inputs[1] else { panic!() };
        let Seen::Host(h) = &o.seen else { panic!() };
        assert_eq!((h.state, h.hard, o.since), (State::Down, false, Timestamp(5_000)));
    }

    #[test]
    fn neighbours_share_their_names() {
        let one = |n: u32, m: &str| {
            format!(
                r#"{{"source":"cron","sequence":{n},"host":"h","service":"{m}","metric":"{m}","site":"S","state":"OK"}}"#
            )
        };
        let inputs = take(&format!("[{},{}]", one(1, "a"), one(2, "b"))).unwrap();
        let of = |i: &Input| match i {
            Input::Observation(Observation { seen: Seen::Service(s), .. }) => s.stands_for.clone().unwrap(),
            _ => panic!(),
        };
        assert!(Arc::ptr_eq(&of(&inputs[0]).site, &of(&inputs[1]).site));
    }

    #[test]
    fn what_is_wrong_is_named_and_nothing_is_taken() {
        let good = r#""source":"cron","sequence":1,"host":"h""#;
        let cases = [
            (r#"{"sequence":1,"host":"h","state":"UP"}"#.to_owned(), "source"),
            (r#"{"source":"x","sequence":1,"host":"h","state":"UP"}"#.to_owned(), "source"),
            (r#"{"source":"cron","host":"h","state":"UP"}"#.to_owned(), "sequence"),
            (r#"{"source":"cron","sequence":1,"state":"UP"}"#.to_owned(), "host"),
            (r#"{"source":"cron","sequence":1,"host":" ","state":"UP"}"#.to_owned(), "host"),
            (r#"{"source":"cron","sequence":1,"host":"a\u0000b","state":"UP"}"#.to_owned(), "host"),
            (format!(r#"{{{good},"state":"critical","service":"s"}}"#), "state"),
            (format!(r#"{{{good},"state":"CRITICAL"}}"#), "state"),
            (format!(r#"{{{good},"state":"DOWN","service":"s"}}"#), "state"),
            (format!(r#"{{{good},"state":"DOWN","site":"s"}}"#), "site"),
            (format!(r#"{{{good},"state":"DOWN","perf_data":"rta=1"}}"#), "perf_data"),
            (format!(r#"{{{good},"state":"DOWN","vo":"ops"}}"#), "vo"),
            (format!(r#"{{{good},"state":"OK","service":"{}"}}"#, "x".repeat(257)), "service"),
        ];
        for (item, field) in cases {
            let faults = take(&format!("[{{{good},\"state\":\"UP\"}},{item}]")).unwrap_err();
            assert_eq!((faults[0].index, faults[0].field.as_str()), (Some(1), field), "{item}: {faults:?}");
        }
    }

    #[test]
    fn long_texts_are_clipped_with_a_mark() {
        let body = format!(
            r#"[{{"source":"cron","sequence":1,"host":"h","service":"s","state":"OK","output":"{}","long_output":"{}"}}]"#,
            "ä".repeat(5_000),
            "y".repeat(70_000)
        );
        let inputs = take(&body).unwrap();
        let Input::Observation(Observation { seen: Seen::Service(s), .. }) = &inputs[0] else { panic!() };
        assert!(s.output.len() <= LINE && s.output.ends_with("… [clipped: 10000 bytes in all]"), "{}", s.output);
        assert!(s.long_output.len() <= LONG && s.long_output.contains("70000 bytes"));
    }
}
