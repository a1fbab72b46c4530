//! The first line: `SERVICE STATE: text | performance data`, within its limit.

use crate::{Perfdata, Report, State, text};

/// Between two findings. Neither `;`, which Nagios rewrites, nor `,`, which texts contain.
const BETWEEN: &str = " - ";

pub(super) struct FirstLine<'a> {
    pub(super) text: String,
    /// Every finding that is not OK stands in it, uncut.
    pub(super) complete: bool,
    /// The performance data it has no room for.
    pub(super) data_left: &'a [Perfdata],
}

/// Never longer than `limit` bytes, never cut inside of a character or of a datum.
pub(super) fn write(report: &Report, limit: usize) -> FirstLine<'_> {
    let mut texts: Vec<String> = Vec::new();
    if !report.first_words().is_empty() {
        texts.push(text::line(report.first_words()).into_owned());
    }
    let findings = report.worst_first();
    texts.extend(findings.iter().filter(|f| f.state() != State::Ok).map(|f| text::line(&f.line()).into_owned()));
    if texts.is_empty() {
        // Nothing wrong and no headline: what there is to say.
        texts.extend(findings.iter().map(|f| text::line(&f.line()).into_owned()));
    }
    let mut out = format!("{} {}", text::line(report.service()), report.state());
    let wanted = texts.iter().map(|t| t.len() + BETWEEN.len()).sum::<usize>() + 2;

    // Performance data may fill what the text leaves, and if both are long, half of the line.
    let data_room = limit.saturating_sub(out.len() + wanted).max(limit / 2).min(limit.saturating_sub(out.len()));
    let (data, data_left) = leading_data(report.data(), data_room);
    let complete = add_texts(&mut out, &texts, limit.saturating_sub(data.len()));
    out.push_str(&data);
    // A limit that not even the state fits into.
    let out = text::head(&out, limit).to_owned();
    FirstLine { text: out, complete, data_left }
}

/// ` | a=1 b=2`: as many of the first ones as fit, and those left.
fn leading_data(data: &[Perfdata], room: usize) -> (String, &[Perfdata]) {
    let mut out = String::new();
    for (n, datum) in data.iter().enumerate() {
        let datum = datum.to_string();
        let before = if n == 0 { " | " } else { " " };
        if out.len() + before.len() + datum.len() > room {
            return (out, &data[n..]);
        }
        out.push_str(before);
        out.push_str(&datum);
    }
    (out, &[])
}

/// The texts in their order, as far as they fit with `+N more` behind them. The first is shortened rather than left out.
fn add_texts(out: &mut String, texts: &[String], limit: usize) -> bool {
    let mut complete = true;
    for (n, text) in texts.iter().enumerate() {
        let before = if n == 0 { ": " } else { BETWEEN };
        let behind = texts.len() - n - 1;
        let more = if behind == 0 { 0 } else { format!("{BETWEEN}+{behind} more").len() };
        let room = limit.saturating_sub(out.len() + before.len() + more);
        if text.len() <= room {
            out.push_str(before);
            out.push_str(text);
        } else if n == 0 {
            let short = text::shortened(text, room);
            if !short.is_empty() {
                out.push_str(before);
                out.push_str(&short);
            }
            complete = false;
        } else {
            let more = format!("{BETWEEN}+{} more", texts.len() - n);
            if out.len() + more.len() <= limit {
                out.push_str(&more);
            }
            return false;
        }
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finding, Unit};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_keeps_its_limit_and_every_datum_is_whole(
            texts in proptest::collection::vec("[a-zäöü|;\n ]{0,120}", 0..30),
            labels in proptest::collection::vec("[a-z é'=|]{1,30}", 0..40),
            limit in 40_usize..2000,
        ) {
            let mut report = Report::new("SERVICE");
            report.extend(texts.iter().map(|t| Finding::critical("x", t.clone())));
            for label in &labels {
                report.perfdata(Perfdata::new(label.clone(), 1.5, Unit::Seconds));
            }
            let line = write(&report, limit);
            prop_assert!(line.text.len() <= limit);
            prop_assert!(!line.text.contains('\n'));
            let written = labels.len() - line.data_left.len();
            let data = line.text.split_once(" | ").map_or("", |(_, data)| data);
            let expected: Vec<String> = report.data()[..written].iter().map(ToString::to_string).collect();
            prop_assert_eq!(data, expected.join(" "));
        }
    }

    #[test]
    fn the_rest_is_counted() {
        let mut report = Report::new("X");
        report.extend((0..20).map(|i| Finding::critical("x", format!("thing number {i}"))));
        let line = write(&report, 100);
        assert_eq!(
            line.text,
            "X CRITICAL: thing number 0 - thing number 1 - thing number 2 - thing number 3 - +16 more"
        );
        assert!(!line.complete);
    }
}
