//! The board's list in two more forms: a table for programs (`/alarms.csv`) and plain lines for a terminal
//! (`/alarms.txt`). The same query as the board's and the interface's.

use super::columns::Column;
use super::filter::{Filter, Masked};
use super::prepared::Prepared;
use super::select::{Aged, Selection, select};
use crate::web::WebState;
use crate::web::pages::board::row::{Row, row};
use crate::web::problem::{Fault, Problem};
use crate::web::visible::visible;
use crate::web::visit::Visits;
use crate::web::words::moment;
use alarm_core::state::State as Is;
use alarm_core::time::{SECOND, Timestamp};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::fmt::Write;
use std::sync::Arc;

/// Columns of the table; new ones come at the end.
const HEAD: &str = "id,queue,state,failing,since,age_seconds,band,site,ngi,service_type,metric,host,service,flags,\
masked_by,cause,next,next_until,last_note,output,version";

/// What is asked for, with everything that has to be looked at for it; or what is wrong with it.
fn asked(
    state: &WebState,
    headers: &HeaderMap,
    pairs: &[(String, String)],
) -> Result<(Filter, Arc<Prepared>, Timestamp), Box<Response>> {
    let (mut filter, faults) = Filter::parse(pairs);
    if !faults.is_empty() {
        return Err(Box::new(wrong(faults)));
    }
    let now = state.now();
    let all = state.prepared(now);
    filter.visit = Visits::of(headers, all.view.seq, now).before;
    if !pairs.iter().any(|(name, _)| name == "masked") {
        filter.masked = Masked::Show;
    }
    Ok((filter, all, now))
}

fn wrong(faults: Vec<Fault>) -> Response {
    let detail = "a parameter cannot be understood; see errors";
    Problem::new(StatusCode::BAD_REQUEST, "Bad parameter", detail).with_errors(faults).into_response()
}

async fn written(
    work: impl FnOnce() -> String + Send + 'static,
    kind: &'static str,
    name: Option<&'static str>,
) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(text) => {
            let mut response = ([(header::CONTENT_TYPE, kind)], text).into_response();
            if let Some(name) = name {
                response.headers_mut().insert(header::CONTENT_DISPOSITION, header::HeaderValue::from_static(name));
            }
            response
        }
        Err(_) => {
            let detail = "the list could not be written; this is a fault of alarm-filter, please report it";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Not written", detail).into_response()
        }
    }
}

/// `GET /alarms.csv`.
pub(in crate::web) async fn csv(
    State(state): State<WebState>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    match asked(&state, &headers, &pairs) {
        Ok((filter, all, now)) => {
            let name = "attachment; filename=\"alarms.csv\"";
            written(move || csv_of(&all, &filter, now), "text/csv; charset=utf-8; header=present", Some(name)).await
        }
        Err(response) => *response,
    }
}

/// `GET /alarms.txt`.
pub(in crate::web) async fn txt(
    State(state): State<WebState>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    match asked(&state, &headers, &pairs) {
        Ok((filter, all, now)) => written(move || txt_of(&all, &filter, now), "text/plain; charset=utf-8", None).await,
        Err(response) => *response,
    }
}

/// One field. What a spreadsheet would take for a formula begins with an apostrophe, so that it is a text there.
fn field(text: &str, out: &mut String) {
    let text = visible(text);
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']);
    let quoted = formula || text.contains([',', '"', '\'', ';']) || text.starts_with(' ') || text.ends_with(' ');
    if !quoted {
        out.push_str(&text);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    for c in text.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

fn csv_of(from: &Prepared, filter: &Filter, now: Timestamp) -> String {
    let s = select(from, filter, now, usize::MAX);
    let mut out = String::with_capacity(256 * (s.rows.len() + 1));
    out.push_str(HEAD);
    out.push_str("\r\n");
    for a in &s.rows {
        for (i, text) in fields(from, a, now).iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            field(text, &mut out);
        }
        out.push_str("\r\n");
    }
    out
}

fn fields(from: &Prepared, a: &Aged<'_>, now: Timestamp) -> [String; 21] {
    let (alarm, about) = (a.alarm, &a.alarm.about);
    let flags: Vec<&str> = alarm.flags.keys().map(|f| f.word()).collect();
    let next = alarm_core::queue::NextStep::of(alarm, now, a.age, a.band);
    // The leader is named only where it may be seen (AL17).
    let leader = alarm.masked_by.as_ref().map(|m| &m.leader).filter(|l| from.view.alarm(l).is_some());
    [
        alarm.id.to_string(),
        a.queue.word().to_owned(),
        alarm.state.word().to_owned(),
        if alarm.failing_now() { "yes" } else { "no" }.to_owned(),
        alarm.since.to_string(),
        (a.age / SECOND).to_string(),
        crate::web::words::band_name(a.band).to_owned(),
        about.site.to_string(),
        about.ngi.to_string(),
        about.service_type.to_string(),
        about.metric.to_string(),
        alarm.key.host.to_string(),
        alarm.key.service.as_deref().unwrap_or("").to_owned(),
        flags.join(" "),
        leader.map(ToString::to_string).unwrap_or_default(),
        alarm.cause.as_ref().map(ToString::to_string).unwrap_or_default(),
        next.title().to_owned(),
        next.until().map(|t| t.to_string()).unwrap_or_default(),
        crate::web::pages::board::row::last_note(alarm).map(|n| format!("{}: {}", n.0, n.1)).unwrap_or_default(),
        alarm.output.to_string(),
        alarm.version.to_string(),
    ]
}

/// What a column says in plain words; the strip as one letter an hour is for nobody: it is left out.
fn cell(c: &Column, r: &Row) -> Option<String> {
    Some(match c.name {
        "state" => r.state.to_owned(),
        "age" => r.time.words.clone(),
        "since" => r.since.clone(),
        "site" => r.site.clone(),
        "ngi" => r.ngi.clone(),
        "type" => r.service_type.clone(),
        "metric" => r.metric.clone(),
        "host" => r.host.clone(),
        "flags" => {
            let mut words: Vec<_> = r.chips.iter().map(|c| c.word.clone()).collect();
            if r.masks > 0 {
                words.push(format!("{} masked", r.masks));
            }
            words.join(", ")
        }
        "times" => r.episodes.clone(),
        "note" => r.note.as_ref().map_or_else(|| r.output.clone(), |(who, text)| format!("{who}: {text}")),
        "output" => r.output.clone(),
        "next" => r.next.words.clone(),
        _ => return None,
    })
}

fn txt_of(from: &Prepared, filter: &Filter, now: Timestamp) -> String {
    let s = select(from, filter, now, usize::MAX);
    let rows: Vec<(Row, &Aged<'_>)> = s.rows.iter().map(|a| (row(&from.view, a, &[], now, filter), a)).collect();
    let columns: Vec<&Column> = filter.columns.shown().filter(|c| c.name != "strip").collect();
    let mut widths: Vec<usize> = columns.iter().map(|c| width(c.head)).collect();
    let lines: Vec<Vec<String>> =
        rows.iter().map(|(r, _)| columns.iter().map(|c| cell(c, r).unwrap_or_default()).collect()).collect();
    for line in &lines {
        for (w, text) in widths.iter_mut().zip(line) {
            *w = (*w).max(width(text));
        }
    }
    if let Some(all) = filter.width {
        narrow(&mut widths, all);
    }
    let mut out = head(from, &s, now);
    let put = |texts: &mut dyn Iterator<Item = &str>, paint: Option<&str>, out: &mut String| {
        for (i, (text, w)) in texts.zip(&widths).enumerate() {
            let text = fitted(text, *w);
            match paint.filter(|_| i == 0) {
                Some(paint) => {
                    let _fits = write!(out, "\x1b[{paint}m{text}\x1b[0m");
                }
                None => out.push_str(&text),
            }
            if i + 1 < widths.len() {
                out.extend(std::iter::repeat_n(' ', w - width(&text) + 2));
            }
        }
        out.push('\n');
    };
    put(&mut columns.iter().map(|c| c.head), filter.colour.then_some("1"), &mut out);
    for (line, (_, a)) in lines.iter().zip(&rows) {
        let paint = match a.state {
            Is::Critical | Is::Down => "31",
            Is::Warning => "33",
            Is::Unknown | Is::Unreachable => "35",
            Is::Ok | Is::Up => "32",
        };
        let paint = (filter.colour && columns.first().is_some_and(|c| c.name == "state")).then_some(paint);
        put(&mut line.iter().map(String::as_str), paint, &mut out);
    }
    out
}

/// How many there are, and what may be wrong with them.
fn head(from: &Prepared, s: &Selection<'_>, now: Timestamp) -> String {
    let mut out = format!("{} of {} alarms, {}\n", s.matched, s.total, moment(now));
    let view = &from.view;
    if let Some(n) = &view.not_stored {
        let _fits = writeln!(out, "NOTHING IS STORED since {}: {}", moment(n.since), visible(&n.reason));
    }
    let monitors = view.monitors.iter().map(|(n, m)| (n, m.health, m.health_since, false));
    let others = view.sources.iter().map(|(n, s)| (n, s.health, s.since, true));
    for (name, health, since, topology) in monitors.chain(others) {
        if health != alarm_core::input::SourceHealth::Fresh {
            let (word, meaning) =
                (crate::web::words::health(health), crate::web::words::health_meaning(health, topology));
            let _fits = writeln!(out, "{} is {word} since {}: {meaning}", visible(name), moment(since));
        }
    }
    out.push('\n');
    out
}

/// Takes from the widest columns until all of them fit.
fn narrow(widths: &mut [usize], all: usize) {
    let gaps = 2 * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > all {
        match widths.iter_mut().max() {
            Some(widest) if *widest > 4 => *widest -= 1,
            _ => return,
        }
    }
}

/// At most so many cells of a text.
fn fitted(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += cells_of(c);
        if used + 1 > cells {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// How many cells of a terminal a text takes.
fn width(text: &str) -> usize {
    text.chars().map(cells_of).sum()
}

/// How many cells a character takes: none for what combines with the one before, two for the wide ones of East Asia.
fn cells_of(c: char) -> usize {
    if crate::web::visible::combines(c) {
        return 0;
    }
    let wide = matches!(
        c,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{33ff}' | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{a000}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1f64f}'
            | '\u{1f900}'..='\u{1f9ff}' | '\u{20000}'..='\u{3fffd}'
    );
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> String {
        let mut out = String::new();
        field(text, &mut out);
        out
    }

    #[test]
    fn no_field_is_a_formula() {
        assert_eq!(one("plain text"), "plain text");
        assert_eq!(one("a,\"b\""), "\"a,\"\"b\"\"\"");
        for formula in ["=HYPERLINK(\"http://x\")", "+1", "-1+2", "@SUM(A1)", " =1", "＝1", "|calc", "%0A"] {
            assert!(one(formula).starts_with("\"'"), "{formula}: {}", one(formula));
        }
        // What could begin a line or a cell of its own is written out.
        assert_eq!(one("\t=1"), "\\t=1");
        assert_eq!(one("x\r\n=1"), "x\\r\\n=1");
    }

    #[test]
    fn cells_are_counted_as_a_terminal_does() {
        assert_eq!(width("日本e\u{301}"), 5);
        assert_eq!(fitted("日本語", 5), "日本…");
        assert_eq!(fitted("abc", 3), "abc");
        let mut widths = [30, 8, 20];
        narrow(&mut widths, 50);
        assert_eq!(widths.iter().sum::<usize>() + 4, 50);
        assert_eq!(widths[1], 8);
    }
}
