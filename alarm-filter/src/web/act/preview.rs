//! The preview: what exactly will be done, to which alarms, to which not and why. Nothing changes until its form is sent, and
//! that names these alarms as they stand here, not whatever a filter takes by then.

use super::super::WebState;
use super::super::pages::{Frame, page};
use super::super::visible::visible;
use super::super::words::{age, local, moment, object, state_class};
use super::back::Back;
use super::doing::{Chosen, Doing, Split, leaders, split};
use super::fields::Fields;
use super::flash::Line;
use super::visitor::Visitor;
use super::words::{kind, name, reason, word};
use crate::view::View;
use alarm_core::alarm::{Alarm, AlarmId};
use alarm_core::command::{CauseKind, OffReason, Target};
use alarm_core::flag::Flag;
use alarm_core::time::Timestamp;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::{HashMap, HashSet};

/// Alarms that are shown one by one; of more, the rest is counted.
const SHOWN: usize = 500;
/// Alarms to choose the leader from.
const LEADERS: usize = 100;

#[derive(Template)]
#[template(path = "act_preview.html")]
struct PreviewPage {
    frame: Frame,
    act: &'static str,
    heading: String,
    error: String,
    rows: Vec<Row>,
    /// Those of which there are too many to be shown.
    hidden: Vec<String>,
    cannot: Vec<Line>,
    cannot_more: usize,
    part: Part,
    button: String,
    can: bool,
    token: String,
    form: String,
    back: String,
}

/// What a deed needs beside the alarms.
enum Part {
    /// Nothing.
    None,
    /// A reason, where some are not OK.
    Off { ok: usize, failing: usize, reasons: Vec<Choice>, text: String, until: String, returns: String },
    /// A leader.
    Leader { leaders: Vec<Choice> },
    /// What the cause is.
    Cause { open: Vec<Choice>, kinds: Vec<Choice>, text: String },
    /// Which cause.
    End { cause: String, text: String },
    /// The note.
    Note { site: String, text: String },
}

struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

struct Row {
    target: String,
    id: String,
    state: &'static str,
    class: &'static str,
    age: String,
    site: String,
    what: String,
    notes: Vec<String>,
}

/// What is to be previewed.
pub(super) struct Wanted<'a> {
    pub(super) doing: Doing,
    pub(super) targets: &'a [Target],
    pub(super) fields: &'a Fields,
    pub(super) back: &'a Back,
    /// Why the form is shown once more; empty: it is shown for the first time.
    pub(super) error: String,
    pub(super) status: StatusCode,
}

/// The page.
pub(super) fn preview(state: &WebState, visitor: &Visitor, wanted: Wanted<'_>) -> Response {
    let (view, now) = (state.view(), state.now());
    let Wanted { doing, targets, fields, back, error, status } = wanted;
    let Split { can, mut cannot } = split(&view, doing, targets);
    let cause = fields.one("cause");
    let can = match doing {
        Doing::EndCause => under(&view, cause),
        _ => can,
    };
    let chosen: HashSet<&AlarmId> = can.iter().map(|c| &c.alarm.id).collect();
    let mut followers: Followers<'_> = HashMap::new();
    for (alarm, mask) in view.alarms().filter_map(|a| Some((a, a.masked_by.as_ref()?))) {
        if !chosen.contains(&alarm.id) {
            followers.entry(&*mask.leader).or_default().push(&alarm.id);
        }
    }
    let mut rows: Vec<Row> = can.iter().take(SHOWN).map(|c| row(&view, doing, c, &followers, now)).collect();
    let mut hidden: Vec<String> = can.iter().skip(SHOWN).map(|c| target(&c.alarm)).collect();
    let part = part(&view, doing, &can, fields, now);
    if doing == Doing::EndCause {
        // The cause is named, not its alarms: whatever is under it by then comes back.
        rows.iter_mut().for_each(|r| r.target.clear());
        hidden.clear();
    }
    let count = can.len();
    let possible = match &part {
        Part::Leader { leaders } => !leaders.is_empty() && count > 0,
        Part::Note { site, .. } => !site.is_empty() || count > 0,
        Part::End { text, .. } => !text.is_empty(),
        _ => count > 0,
    };
    let cannot_more = cannot.len().saturating_sub(SHOWN);
    cannot.truncate(SHOWN);
    let heading = heading(doing, count, &part);
    let frame = Frame::new(state, &view, now, "alarms", heading.clone());
    page(
        status,
        &PreviewPage {
            frame,
            act: doing.word(),
            button: button(doing, count, &part),
            heading,
            error,
            rows,
            hidden,
            cannot,
            cannot_more,
            part,
            can: possible,
            token: visitor.token.clone(),
            form: Visitor::form_key(),
            back: back.address(),
        },
    )
}

fn heading(doing: Doing, count: usize, part: &Part) -> String {
    let alarms = |n: usize| if n == 1 { "1 alarm".to_owned() } else { format!("{n} alarms") };
    match (doing, part) {
        (Doing::EndCause, Part::End { text, .. }) if text.is_empty() => "There is no such common cause".to_owned(),
        (Doing::EndCause, Part::End { text, .. }) => format!("End the common cause “{text}”"),
        (Doing::Note, Part::Note { site, .. }) if !site.is_empty() => format!("Write a note on {site}"),
        (Doing::Note, _) => format!("Write a note on {}", alarms(count)),
        (Doing::SwitchOff, _) => format!("Switch off {}", alarms(count)),
        (Doing::Mask, _) => format!("Mask {}", alarms(count)),
        (Doing::Unmask, _) => format!("Unmask {}", alarms(count)),
        (Doing::Cause, _) => format!("Put {} under a common cause", alarms(count)),
        (Doing::LeaveCause, _) => format!("Take {} out of the common cause", alarms(count)),
        (Doing::EndCause, _) => doing.title().to_owned(),
    }
}

fn button(doing: Doing, count: usize, part: &Part) -> String {
    match part {
        Part::Off { ok: 0, .. } | Part::Off { failing: 0, .. } if count > 1 => format!("Switch all {count} off"),
        Part::Off { ok, failing, .. } if *ok > 0 && *failing > 0 => format!("Switch all {count} off, for this reason"),
        _ => doing.title().to_owned(),
    }
}

fn target(alarm: &Alarm) -> String {
    format!("{}:{}", alarm.id, alarm.version)
}

/// Followers that are not among the chosen, by their leader.
type Followers<'v> = HashMap<&'v str, Vec<&'v AlarmId>>;

fn row(view: &View, doing: Doing, chosen: &Chosen, followers: &Followers<'_>, now: Timestamp) -> Row {
    let alarm = &*chosen.alarm;
    let mut notes = Vec::new();
    if chosen.changed {
        notes.push("it changed since the list was loaded".to_owned());
    }
    if doing == Doing::SwitchOff {
        // AL6: what comes back with it is said before it is done.
        let followers = followers.get(&*alarm.id).map_or(&[][..], Vec::as_slice);
        if !followers.is_empty() {
            let names: Vec<String> = followers.iter().take(10).map(|id| name(view, id)).collect();
            let more = followers.len().saturating_sub(names.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            notes.push(format!(
                "it masks {}: {}{more}, which come back to the board",
                followers.len(),
                names.join(", ")
            ));
        }
        match (alarm.failing_now(), alarm.stable_at()) {
            (false, Some(at)) if at > now => notes.push(format!("OK, but not stable before {}", moment(at))),
            (false, None) => notes.push("OK, but it is flapping".to_owned()),
            _ => {}
        }
        if let Some(end) = alarm.flags.get(&Flag::Outage).and_then(|m| m.until).filter(|_| alarm.failing_now()) {
            notes.push(format!("in a downtime until {}", moment(end)));
        }
    }
    if let Some(mask) = &alarm.masked_by {
        // The leader is named only where it may be seen (AL17).
        let leader = view.alarm(&mask.leader).map_or_else(|| "another alarm".to_owned(), |l| name(view, &l.id));
        notes.push(format!("masked by {leader}"));
    }
    if let Some(cause) = alarm.cause.as_ref().filter(|_| doing == Doing::Cause)
        && let Some(cause) = view.causes.get(cause)
    {
        notes.push(format!("now under “{}”", visible(&cause.text)));
    }
    Row {
        target: target(alarm),
        id: alarm.id.to_string(),
        state: alarm.state.word(),
        class: state_class(alarm.state),
        age: age(view.age(alarm, now)),
        site: visible(&alarm.about.site).into_owned(),
        what: visible(&object(alarm)).into_owned(),
        notes,
    }
}

fn under(view: &View, cause: &str) -> Vec<Chosen> {
    let under = view.alarms().filter(|a| a.cause.as_deref() == Some(cause));
    under.map(|a| Chosen { alarm: a.clone(), changed: false }).collect()
}

fn part(view: &View, doing: Doing, can: &[Chosen], fields: &Fields, now: Timestamp) -> Part {
    let was = |name: &str| fields.one(name);
    let text = || fields.one("text").to_owned();
    match doing {
        Doing::Unmask | Doing::LeaveCause => Part::None,
        Doing::SwitchOff => {
            let failing = can.iter().filter(|c| c.alarm.failing_now()).count();
            let calendar = &view.settings.calendar;
            let at = calendar.deadline(now, view.settings.off_working_days);
            let zone = local(at, calendar.timezone.name()).map(|t| format!(" ({t})")).unwrap_or_default();
            let reasons = OffReason::ALL.map(|r| Choice {
                chosen: was("reason") == word(r),
                value: word(r),
                words: reason(r).to_owned(),
            });
            Part::Off {
                ok: can.len() - failing,
                failing,
                reasons: reasons.into(),
                text: text(),
                until: was("until").to_owned(),
                returns: format!("{}{zone}", moment(at)),
            }
        }
        Doing::Mask => {
            let all = leaders(view, can);
            let wanted = was("leader").split(':').next().unwrap_or_default();
            let preset = all.iter().find(|a| *a.id == *wanted).or(all.first()).map(|a| a.id.clone());
            let leaders = all.iter().take(LEADERS).map(|a| Choice {
                value: target(a),
                words: format!(
                    "{} {}, {}, since {}",
                    a.state,
                    visible(&object(a)),
                    age(view.age(a, now)),
                    moment(a.raised)
                ),
                chosen: Some(&a.id) == preset.as_ref(),
            });
            Part::Leader { leaders: leaders.collect() }
        }
        Doing::Cause => {
            let open = view.causes.iter().map(|(id, c)| Choice {
                value: id.to_string(),
                words: format!("{} ({}, {})", visible(&c.text), visible(&c.who), moment(c.since)),
                chosen: was("cause") == &**id,
            });
            let kinds = CauseKind::ALL.map(|k| Choice {
                chosen: was("kind") == word(k),
                value: word(k),
                words: kind(k).to_owned(),
            });
            Part::Cause { open: open.collect(), kinds: kinds.into(), text: text() }
        }
        Doing::EndCause => {
            let text = view.causes.get(was("cause")).map(|c| visible(&c.text).into_owned()).unwrap_or_default();
            Part::End { cause: was("cause").to_owned(), text }
        }
        Doing::Note => Part::Note { site: visible(was("site")).into_owned(), text: text() },
    }
}
