//! The forms: `POST /act/preview` and `POST /act/{what}`. Each is looked at in the same order: is it this browser's own form,
//! who sends it, can anything be done now, what does it ask for. Then the engine decides, and the browser is sent back to
//! where it came from with what became of it.

use super::super::WebState;
use super::super::pages::{Frame, page};
use super::super::visit::Visits;
use super::back::Back;
use super::carry::{NotDone, carry, possible_now, status};
use super::doing::Doing;
use super::fields::Fields;
use super::flash::{Flash, Line, Outcome};
use super::preview::{Wanted, preview};
use super::take_back;
use super::visitor::Visitor;
use super::words::{done, refusal, sentence};
use crate::view::View;
use crate::web::list::filter::Filter;
use crate::web::list::select::select;
use alarm_core::command::{Action, Done, NoteOn, Refusal, Target};
use alarm_core::input::Text;
use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What was sent, or why it cannot be read.
type Sent = Result<Form<Vec<(String, String)>>, FormRejection>;

/// Lines of refusals that are named beside what was done.
const LINES: usize = 20;
/// A note is written on so many alarms at once, at most.
const NOTES: usize = 50;

#[derive(Template)]
#[template(path = "act_refused.html")]
struct RefusedPage {
    frame: Frame,
    heading: &'static str,
    text: String,
    lines: Vec<Line>,
    more: usize,
    back: String,
}

/// A form that may be acted on.
struct Allowed {
    fields: Fields,
    who: Text,
    back: Back,
}

/// A page that says why nothing was done.
struct Refused {
    status: StatusCode,
    heading: &'static str,
    text: String,
    lines: Vec<Line>,
    back: String,
}

impl Refused {
    fn new(status: StatusCode, heading: &'static str, text: impl Into<String>, back: &Back) -> Self {
        Refused { status, heading, text: sentence(&text.into()), lines: Vec::new(), back: back.address() }
    }

    fn page(self, state: &WebState) -> Response {
        let Refused { status, heading, text, mut lines, back } = self;
        let more = lines.len().saturating_sub(LINES);
        lines.truncate(LINES);
        let frame = Frame::new(state, &state.view(), state.now(), "alarms", heading.to_owned());
        page(status, &RefusedPage { frame, heading, text, lines, more, back })
    }
}

fn allow(state: &WebState, visitor: &Visitor, headers: &HeaderMap, sent: Sent) -> Result<Allowed, Refused> {
    let Form(pairs) = sent.map_err(|e| {
        let (heading, text) = match e.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                ("Too large", "the form is larger than 1 MiB; choose fewer alarms at a time")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("Not a form", "this address takes forms of the pages only; programs use /api/v1/commands")
            }
            _ => ("Not a form", "the form cannot be read; load the page anew"),
        };
        Refused::new(e.status(), heading, text, &Back::board())
    })?;
    let fields = Fields(pairs);
    let back = fields.back();
    let forbidden = |heading, text: String| Refused::new(StatusCode::FORBIDDEN, heading, text, &back);
    visitor
        .check(state, headers, fields.one("token"))
        .map_err(|e| forbidden("Not this browser’s own form", e.to_string()))?;
    let who = visitor.who.clone().map_err(|e| forbidden("Who are you?", e.to_string()))?;
    possible_now(state).map_err(|why| not_now(why, &back))?;
    Ok(Allowed { fields, who, back })
}

fn not_now(why: String, back: &Back) -> Refused {
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "Not now", why, back)
}

fn damaged(why: String, back: &Back) -> Refused {
    Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "Not understood", why, back)
}

/// `POST /act/preview`.
pub(in crate::web) async fn before(
    State(state): State<WebState>,
    visitor: Visitor,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    let shown = match allow(&state, &visitor, &headers, sent) {
        Ok(allowed) => look(&state, &visitor, &headers, allowed).await,
        Err(refused) => Err(refused),
    };
    shown.unwrap_or_else(|refused| refused.page(&state))
}

async fn look(state: &WebState, visitor: &Visitor, visits: &HeaderMap, allowed: Allowed) -> Result<Response, Refused> {
    let Allowed { fields, who, back } = allowed;
    let bad = |why: String| damaged(why, &back);
    let unknown = || bad("the form asks for something that is not known; load the page anew".to_owned());
    // The button of a row: what, and to which alarm.
    if let Some((word, one)) = fields.one("one").split_once(':') {
        let doing = Doing::of(word).ok_or_else(unknown)?;
        let one = Fields(vec![("alarm".to_owned(), one.to_owned())]);
        let targets = one.targets("alarm").map_err(bad)?;
        let ok = |t: &Target| state.view().alarm(&t.alarm).is_some_and(|a| !a.failing_now() && a.masked_by.is_none());
        // Nothing is asked for an alarm that is OK: it can be undone. What it masks is shown first (AL6).
        let leads =
            |t: &Target| state.view().alarms().any(|a| a.masked_by.as_ref().is_some_and(|m| m.leader == t.alarm));
        if doing == Doing::SwitchOff && targets.iter().all(|t| ok(t) && !leads(t)) {
            let action = Action::SwitchOff { alarms: targets, reason: None, text: "".into(), until: None };
            return ask(state, visitor, &who, fields.one("form"), action, &back).await;
        }
        return Ok(show(state, visitor, doing, &targets, &fields, &back));
    }
    let doing = Doing::of(fields.one("do")).ok_or_else(unknown)?;
    let targets = match fields.one("scope") {
        "filter" => by_filter(state, visits, fields.one("query")).map_err(bad)?,
        _ => fields.targets("alarm").map_err(bad)?,
    };
    let named = doing == Doing::EndCause || (doing == Doing::Note && !fields.one("site").is_empty());
    if targets.is_empty() && !named {
        return Err(bad("no alarm was chosen; tick at least one in the list".to_owned()));
    }
    Ok(show(state, visitor, doing, &targets, &fields, &back))
}

fn show(
    state: &WebState,
    visitor: &Visitor,
    doing: Doing,
    targets: &[Target],
    fields: &Fields,
    back: &Back,
) -> Response {
    let (error, status) = (String::new(), StatusCode::OK);
    preview(state, visitor, Wanted { doing, targets, fields, back, error, status })
}

/// All alarms that a filter lists, on all of its pages, as they stand now.
fn by_filter(state: &WebState, visits: &HeaderMap, query: &str) -> Result<Vec<Target>, String> {
    let uri: axum::http::Uri = format!("/?{query}").parse().map_err(|_| "the filter cannot be read".to_owned())?;
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let mut pairs = pairs.map_err(|_| "the filter cannot be read; load the page anew".to_owned())?.0;
    pairs.retain(|(name, _)| !matches!(name.as_str(), "page" | "limit" | "seq" | "flash" | "refresh"));
    let (mut filter, faults) = Filter::parse(&pairs);
    if let Some(fault) = faults.first() {
        // More would be taken than was shown.
        return Err(format!("the filter cannot be read: {}: {}", fault.field, fault.detail));
    }
    let now = state.now();
    let prepared = state.prepared(now);
    filter.visit = Visits::of(visits, prepared.view.seq, now).before;
    let rows = select(&prepared, &filter, now, usize::MAX).rows;
    Ok(rows.iter().map(|row| Target { alarm: row.alarm.id.clone(), version: row.alarm.version }).collect())
}

/// `POST /act/{what}`.
pub(in crate::web) async fn act(
    State(state): State<WebState>,
    visitor: Visitor,
    Path(what): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    let acted = match allow(&state, &visitor, &headers, sent) {
        Ok(allowed) => carry_out(&state, &visitor, &what, allowed).await,
        Err(refused) => Err(refused),
    };
    acted.unwrap_or_else(|refused| refused.page(&state))
}

async fn carry_out(state: &WebState, visitor: &Visitor, what: &str, allowed: Allowed) -> Result<Response, Refused> {
    let Allowed { fields, who, back } = allowed;
    let bad = |why: String| damaged(why, &back);
    let form = fields.one("form");
    let alarms = fields.targets("alarm").map_err(bad)?;
    let doing = Doing::of(what);
    let again = |error: String, status| {
        doing.map(|doing| {
            preview(state, visitor, Wanted { doing, targets: &alarms, fields: &fields, back: &back, error, status })
        })
    };
    let lacks = |error: &str| again(error.to_owned(), StatusCode::UNPROCESSABLE_ENTITY);
    let text = fields.text("text");
    let action = match what {
        "take-back" => {
            return match take_back::take_back(state, &who, form, fields.one("seq")).await {
                Ok((flash, seq)) => Ok(redirect(state, visitor, flash, seq, &back)),
                Err(take_back::Not::Now(why)) => Err(not_now(why, &back)),
                Err(take_back::Not::Possible(lines)) => {
                    let text = "it was taken back already, or somebody has done something else to it since";
                    Err(Refused { lines, ..Refused::new(StatusCode::CONFLICT, "Nothing to take back", text, &back) })
                }
            };
        }
        "switch-off" => {
            let reason = fields.reason().map_err(bad)?;
            let until = match fields.until(&state.view().settings.calendar, state.now()) {
                Ok(until) => until,
                Err(why) => return lacks(&sentence(&why)).ok_or_else(|| bad(why)),
            };
            let view = state.view();
            let failing = |t: &Target| view.alarm(&t.alarm).is_some_and(|a| a.failing_now());
            let mut targets = alarms.clone();
            if fields.one("only") == "ok" {
                targets.retain(|t| !failing(t));
            }
            if reason.is_none() && targets.iter().any(failing) {
                return lacks("Choose why what is not OK is switched off.")
                    .ok_or_else(|| bad("a reason lacks".to_owned()));
            }
            let reason = reason.filter(|_| targets.iter().any(failing));
            Action::SwitchOff {
                alarms: targets,
                text: if reason.is_some() { text } else { "".into() },
                until: until.filter(|_| reason.is_some()),
                reason,
            }
        }
        "switch-on" => Action::SwitchOn { alarms: alarms.iter().map(|t| t.alarm.clone()).collect() },
        "mask" => {
            let leader = fields.target("leader").map_err(bad)?;
            let Some(leader) = leader else {
                return lacks("Choose the alarm that stands for the others.")
                    .ok_or_else(|| bad("a leader lacks".to_owned()));
            };
            let followers = alarms.iter().filter(|t| t.alarm != leader.alarm).cloned().collect();
            Action::Mask { leader, followers }
        }
        "unmask" => Action::Unmask { alarms: alarms.clone() },
        "cause" | "join-cause" => match (fields.one("cause"), fields.kind().map_err(bad)?) {
            ("", Some(kind)) => Action::OpenCause { kind, text, alarms: alarms.clone() },
            ("", None) => {
                return lacks("Choose what the cause is.").ok_or_else(|| bad("the kind of the cause lacks".to_owned()));
            }
            (cause, _) => Action::JoinCause { cause: cause.into(), alarms: alarms.clone() },
        },
        "leave-cause" => Action::LeaveCause { alarms: alarms.clone() },
        "end-cause" => Action::EndCause { cause: fields.one("cause").into() },
        "note" if !fields.one("site").is_empty() => Action::Note { on: NoteOn::Site(fields.one("site").into()), text },
        "note" => match alarms.as_slice() {
            [one] => Action::Note { on: NoteOn::Alarm(one.alarm.clone()), text },
            [] => return Err(bad("no alarm was chosen; tick at least one in the list".to_owned())),
            many if many.len() <= NOTES => {
                return notes(state, visitor, &who, form, many, &text, &back).await.or_else(|refused| {
                    let said = refused.lines.first().map(|l| l.text.clone()).unwrap_or_default();
                    match refused.status {
                        StatusCode::UNPROCESSABLE_ENTITY => again(said, refused.status).ok_or(refused),
                        _ => Err(refused),
                    }
                });
            }
            _ => {
                return Err(bad(format!(
                    "a note is written on {NOTES} alarms at most; choose fewer, or write it on the site"
                )));
            }
        },
        "strike-note" => Action::StrikeNote { note: fields.one("note").into() },
        _ => return Err(Refused::new(StatusCode::NOT_FOUND, "Not found", "there is no action of that name", &back)),
    };
    match carry(state, &who, form, action.clone()).await {
        Ok(did) => Ok(tell(state, visitor, &action, did, &back)),
        Err(NotDone::NotNow(why)) => Err(not_now(why, &back)),
        Err(NotDone::Refused(why)) => {
            let refused = refused_page(&state.view(), &why, &back);
            // What lacks can be mended in the form itself.
            let said = refused.lines.first().map(|l| l.text.clone()).unwrap_or_default();
            match refused.status {
                StatusCode::UNPROCESSABLE_ENTITY => again(said, refused.status).ok_or(refused),
                _ => Err(refused),
            }
        }
    }
}

/// One command, and its answer.
async fn ask(
    state: &WebState,
    visitor: &Visitor,
    who: &Text,
    form: &str,
    action: Action,
    back: &Back,
) -> Result<Response, Refused> {
    match carry(state, who, form, action.clone()).await {
        Ok(did) => Ok(tell(state, visitor, &action, did, back)),
        Err(NotDone::Refused(why)) => Err(refused_page(&state.view(), &why, back)),
        Err(NotDone::NotNow(why)) => Err(not_now(why, back)),
    }
}

/// The same note on several alarms: a command each.
async fn notes(
    state: &WebState,
    visitor: &Visitor,
    who: &Text,
    form: &str,
    alarms: &[Target],
    text: &Text,
    back: &Back,
) -> Result<Response, Refused> {
    let (mut last, mut written, mut refused) = (0, Vec::new(), Vec::new());
    for target in alarms {
        let action = Action::Note { on: NoteOn::Alarm(target.alarm.clone()), text: text.clone() };
        match carry(state, who, form, action).await {
            Ok(did) => {
                last = last.max(did.seq);
                written.push(target.alarm.clone());
            }
            Err(NotDone::Refused(why)) => refused.extend(why),
            Err(NotDone::NotNow(why)) => return Err(not_now(why, back)),
        }
    }
    if written.is_empty() {
        return Err(refused_page(&state.view(), &refused, back));
    }
    let heading = format!("Wrote the note on {} alarms.", written.len());
    let flash = flash(heading, lines(&state.view(), &refused), None);
    Ok(redirect(state, visitor, flash, last, back))
}

fn refused_page(view: &View, why: &[Refusal], back: &Back) -> Refused {
    let status = status(why);
    let (heading, text) = match status {
        StatusCode::CONFLICT => {
            ("It changed meanwhile", "nothing was done, since it is no longer as it was on your page")
        }
        StatusCode::NOT_FOUND => ("It is not there", "nothing was done"),
        _ => ("It cannot be done so", "nothing was done"),
    };
    Refused { lines: lines(view, why), ..Refused::new(status, heading, text, back) }
}

/// Back to where the operator was, with what was done.
fn tell(state: &WebState, visitor: &Visitor, action: &Action, did: Done, back: &Back) -> Response {
    let view = state.view();
    let undo = take_back::is_known(action).then_some(did.seq);
    let flash = flash(done(&view, action, &did.alarms), lines(&view, &did.refused), undo);
    redirect(state, visitor, flash, did.seq, back)
}

/// What to say of what was done, and of what was not.
pub(super) fn flash(heading: String, mut lines: Vec<Line>, undo: Option<u64>) -> Flash {
    let (outcome, heading) = match lines.len() {
        0 => (Outcome::Done, heading),
        n => (Outcome::Partly, format!("{heading} Not done to {n}:")),
    };
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    Flash { outcome, heading, lines, more, undo, ..Flash::default() }
}

fn lines(view: &View, refused: &[Refusal]) -> Vec<Line> {
    refused.iter().map(|r| refusal(view, r)).collect()
}

fn redirect(state: &WebState, visitor: &Visitor, flash: Flash, seq: u64, back: &Back) -> Response {
    let key = visitor.remember(state, Flash { at: state.now(), ..flash });
    (StatusCode::SEE_OTHER, [(header::LOCATION, back.showing(seq, key.as_deref()))]).into_response()
}
