//! A report as JSON, for whoever reads it by program.

use crate::{Finding, Perfdata, Report};
use serde_json::{Value, json};

pub(super) fn document(report: &Report) -> String {
    let document = json!({
        "service": report.service(),
        "state": report.state().name(),
        "exit_code": report.state().exit_code(),
        "headline": report.first_words(),
        "findings": report.worst_first().into_iter().map(finding).collect::<Vec<_>>(),
        "performance": report.data().iter().map(datum).collect::<Vec<_>>(),
        "details": report.details(u8::MAX).collect::<Vec<_>>(),
    });
    format!("{document}\n")
}

fn finding(f: &Finding) -> Value {
    let mut value = json!({ "state": f.state().name(), "id": f.id, "subject": f.subject, "text": f.text });
    if !f.parts.is_empty() {
        value["parts"] = f.parts.iter().map(finding).collect();
    }
    value
}

fn datum(p: &Perfdata) -> Value {
    let range = |r: Option<crate::Range>| r.map(|r| r.to_string());
    json!({
        "label": p.label, "value": p.value, "unit": p.unit.symbol(),
        "warning": range(p.threshold.warning), "critical": range(p.threshold.critical), "min": p.min, "max": p.max,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{State, Unit};

    #[test]
    fn everything_is_in_it() {
        let mut r = Report::new("X");
        r.headline("a | b");
        r.add(Finding::warning("w", "wörd").about("s").with(Finding::ok("p", "part")));
        r.perfdata(Perfdata::new("t", 0.5, Unit::Seconds));
        let v: Value = serde_json::from_str(&document(&r)).unwrap();
        assert_eq!(v["state"], State::Warning.name());
        assert_eq!(v["exit_code"], 1);
        assert_eq!(v["headline"], "a | b");
        assert_eq!(v["findings"][0]["parts"][0]["text"], "part");
        assert_eq!(v["performance"][0]["value"], 0.5);
    }
}
