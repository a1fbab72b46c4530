//! The downtimes of a period: GOCDB leaves out what is over, so that what was known at some time is put together from
//! all the answers that were in force.

use crate::input::Text;
use crate::time::Timestamp;
use crate::topology::{DowntimeWindow, Downtimes};
use std::collections::BTreeMap;

/// All windows that held, as far as answers said so.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    /// By host name in lower case and service type, then by the downtime's id.
    windows: BTreeMap<(Text, Text), BTreeMap<Text, DowntimeWindow>>,
}

impl Archive {
    /// Takes in the next answer, in force since then. What it has counts as it has it. A window that it no longer has
    /// was left out because it was over, or else deleted: then it held only until now, or never.
    pub fn take(&mut self, since: Timestamp, answer: &Downtimes) {
        let has = |host: &Text, service_type: &Text, id: &Text| {
            let windows = answer.windows.get(host).and_then(|t| t.get(service_type));
            windows.is_some_and(|w| w.iter().any(|w| w.id == *id))
        };
        for ((host, service_type), windows) in &mut self.windows {
            windows.retain(|id, w| {
                if w.end > since && !has(host, service_type, id) {
                    w.end = since;
                }
                w.start < w.end
            });
        }
        for (host, types) in &answer.windows {
            for (service_type, windows) in types {
                let known = self.windows.entry((host.clone(), service_type.clone())).or_default();
                for w in windows {
                    known.insert(w.id.clone(), w.clone());
                }
            }
        }
        self.windows.retain(|_, w| !w.is_empty());
    }

    /// The same as downtimes that can be asked.
    pub fn downtimes(&self) -> Downtimes {
        let mut all = Downtimes::default();
        for ((host, service_type), windows) in &self.windows {
            let mut list: Vec<DowntimeWindow> = windows.values().cloned().collect();
            list.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
            all.windows.entry(host.clone()).or_default().insert(service_type.clone(), list);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Severity;

    /// Id, begin and end.
    type Window<'a> = (&'a str, i64, i64);

    fn answer(windows: &[Window<'_>]) -> Downtimes {
        let window = |(id, start, end): &Window<'_>| DowntimeWindow {
            id: (*id).into(),
            severity: Severity::Outage,
            scheduled: true,
            start: Timestamp(*start),
            end: Timestamp(*end),
            declared: Timestamp(0),
            description: "".into(),
            endpoints: Vec::new(),
        };
        let list = windows.iter().map(window).collect();
        Downtimes { windows: [("h".into(), [("SRM".into(), list)].into())].into() }
    }

    fn after(answers: &[(i64, &[Window<'_>])]) -> Vec<(String, i64, i64)> {
        let mut archive = Archive::default();
        for (since, windows) in answers {
            archive.take(Timestamp(*since), &answer(windows));
        }
        archive.downtimes().of("h", "SRM").iter().map(|w| (w.id.to_string(), w.start.0, w.end.0)).collect()
    }

    #[test]
    fn al12_what_is_over_stays_and_what_was_deleted_does_not() {
        let is = |id: &str, from, to| (id.to_owned(), from, to);
        assert_eq!(after(&[(0, &[("a", 10, 20)]), (30, &[])]), [is("a", 10, 20)], "left out because it was over");
        assert_eq!(after(&[(0, &[("a", 10, 20)]), (5, &[])]), [], "deleted before it began");
        assert_eq!(after(&[(0, &[("a", 10, 20)]), (15, &[])]), [is("a", 10, 15)], "deleted while it held");
        assert_eq!(after(&[(0, &[("a", 10, 20)]), (15, &[("a", 10, 17)])]), [is("a", 10, 17)], "shortened");
        assert_eq!(after(&[(15, &[("a", 10, 12)])]), [is("a", 10, 12)], "declared late");
    }
}
