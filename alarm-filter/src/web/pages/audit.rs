//! The filter's check of itself, as a page.

use super::super::WebState;
use super::super::audit::{AuditReport, Finding};
use super::super::visible::visible;
use super::super::words::{moment, state_class};
use super::frame::Frame;
use super::page;
use alarm_core::state::State as Is;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    report: Option<Shown>,
}

struct Shown {
    from: String,
    to: String,
    problems: u64,
    notified: u64,
    explained: u64,
    unexplained: u64,
    share: String,
    not_asked: u64,
    reasons: Vec<(&'static str, &'static str, u64)>,
    faults: Vec<Line>,
    examples: Vec<Line>,
}

struct Line {
    at: String,
    monitor: String,
    host: String,
    service: String,
    state: Is,
    class: &'static str,
    detail: String,
}

impl Line {
    fn of(f: &Finding) -> Self {
        Line {
            at: moment(f.at),
            monitor: visible(&f.monitor).into_owned(),
            host: visible(&f.host).into_owned(),
            service: f.service.as_deref().map_or_else(|| "(host)".to_owned(), |s| visible(s).into_owned()),
            state: f.state,
            class: state_class(f.state),
            detail: visible(&f.detail).into_owned(),
        }
    }
}

fn shown(r: &AuditReport) -> Shown {
    let mut reasons: Vec<_> = r.not_notified.iter().map(|(f, n)| (f.word(), f.sentence(), *n)).collect();
    reasons.sort_by_key(|(_, _, n)| std::cmp::Reverse(*n));
    // In hundredths of a per cent, whole numbers only.
    let share = (r.unexplained * 10_000).checked_div(r.problems).unwrap_or(0);
    Shown {
        from: moment(r.from),
        to: moment(r.to),
        problems: r.problems,
        notified: r.notified,
        explained: r.explained(),
        unexplained: r.unexplained,
        share: format!("{}.{:02} %", share / 100, share % 100),
        not_asked: r.not_asked,
        reasons,
        faults: r.faults.iter().map(Line::of).collect(),
        examples: r.examples.iter().map(Line::of).collect(),
    }
}

/// `GET /audit`.
pub(in crate::web) async fn audit(State(state): State<WebState>) -> Response {
    let report: Option<Arc<AuditReport>> = state.audit.borrow().clone();
    let frame = Frame::new(&state, &state.view(), state.now(), "audit", "Audit".to_owned());
    page(StatusCode::OK, &AuditPage { frame, report: report.as_deref().map(shown) })
}
