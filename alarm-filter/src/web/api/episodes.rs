//! `GET /api/v1/episodes`: every alarm episode, ended or going on, in the words of `alarm-filter replay`, one JSON
//! object a line. For those who compare, count or draw; the board's list is `/api/v1/alarms`.

use super::super::WebState;
use super::super::problem::Problem;
use super::unanswered;
use crate::replay::episodes::Episode;
use crate::store::EpisodeQuery;
use alarm_core::alarm::Alarm;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// How many are read from the store at a time.
const PAGE: usize = 1000;

pub(in crate::web) async fn episodes(State(state): State<WebState>) -> Result<Response, Problem> {
    let view = state.view();
    let upto = view.seq;
    let profiles = view.profiles.clone();
    let mut lines = state
        .readers
        .ask(move |history| {
            let operators = profiles.profiles.get(&profiles.operators);
            // AL17: security matters are left out of every interface.
            let hidden = |metric: &str| operators.is_some_and(|p| p.settings(metric).security);
            let mut lines = String::new();
            let mut query = EpisodeQuery { upto, limit: PAGE, ..EpisodeQuery::default() };
            loop {
                let page = history.episodes(&query)?;
                let Some(last) = page.last() else { return Ok(lines) };
                query.after = Some((last.closed, last.id.clone()));
                // Under an alarm's bare id stands what was switched off; its episodes stand under id and number.
                for row in page.iter().filter(|e| e.id.contains('-') && !hidden(&e.metric)) {
                    if let Ok(alarm) = serde_json::from_str::<Alarm>(&row.body) {
                        // An episode has string keys only, so writing it as JSON cannot fail.
                        let episode = Episode::of(&alarm, Some(row.closed));
                        lines.push_str(&serde_json::to_string(&episode).unwrap_or_default());
                        lines.push('\n');
                    }
                }
            }
        })
        .await
        .map_err(|e| unanswered(&e))?;
    for alarm in view.alarms().filter(|a| a.failing_now()) {
        // An episode has string keys only, so writing it as JSON cannot fail.
        lines.push_str(&serde_json::to_string(&Episode::of(alarm, None)).unwrap_or_default());
        lines.push('\n');
    }
    Ok(([(CONTENT_TYPE, "application/jsonl")], lines).into_response())
}
