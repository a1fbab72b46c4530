//! All that a run found, and the state that follows from it.

use crate::progress::Progress;
use crate::{Finding, Perfdata, State, Worst};

/// What a run has to say. Its state is the worst of its findings and of what was taken into account besides; it cannot be set.
#[derive(Clone, Debug, Default)]
pub struct Report {
    service: String,
    worst: Worst,
    headline: String,
    findings: Vec<Finding>,
    perfdata: Vec<Perfdata>,
    details: Vec<(u8, String)>,
    progress: Option<Progress>,
}

impl Report {
    /// An empty one, which is OK. `service` is the word that the output begins with, as in `CRL OK: …`.
    pub fn new(service: impl Into<String>) -> Report {
        Report { service: service.into(), ..Report::default() }
    }

    pub(crate) fn watched_by(self, progress: Progress) -> Report {
        Report { progress: Some(progress), ..self }
    }

    /// Adds a finding.
    pub fn add(&mut self, finding: Finding) {
        let state = finding.state();
        if state > self.worst.state()
            && let Some(progress) = &self.progress
        {
            progress.found(state, &finding.line());
        }
        self.worst.see(state);
        self.findings.push(finding);
    }

    /// Adds findings.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.add(finding);
        }
    }

    /// What the first line begins with in any state, as "98 of 100 CAs are usable".
    pub fn headline(&mut self, text: impl Into<String>) {
        self.headline = text.into();
    }

    /// Adds performance data. What is added first is the most important: it goes onto the first line.
    pub fn perfdata(&mut self, datum: Perfdata) {
        self.perfdata.push(datum);
    }

    /// Adds performance data and judges it: outside of its ranges it is a finding, whose text is made only then.
    pub fn measure(&mut self, datum: Perfdata, id: &'static str, text: impl FnOnce() -> String) {
        if let Some(value) = datum.value {
            let state = datum.threshold.judge(value);
            if state != State::Ok {
                self.add(Finding::new(state, id, text()));
            }
        }
        self.perfdata.push(datum);
    }

    /// Adds a line that is shown from this verbosity on: 1 detail, 2 what was asked, 3 debugging.
    pub fn detail(&mut self, verbosity: u8, text: impl Into<String>) {
        self.details.push((verbosity, text.into()));
    }

    /// The worst of all.
    pub fn state(&self) -> State {
        self.worst.state()
    }

    /// The findings, worst first, else in the order in which they were added.
    pub fn worst_first(&self) -> Vec<&Finding> {
        let mut sorted: Vec<&Finding> = self.findings.iter().collect();
        sorted.sort_by_key(|finding| std::cmp::Reverse(finding.state()));
        sorted
    }

    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    pub(crate) fn first_words(&self) -> &str {
        &self.headline
    }

    pub(crate) fn data(&self) -> &[Perfdata] {
        &self.perfdata
    }

    pub(crate) fn details(&self, verbosity: u8) -> impl Iterator<Item = &str> {
        self.details.iter().filter(move |(level, _)| *level <= verbosity).map(|(_, text)| text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Threshold, Unit};

    #[test]
    fn a_later_finding_never_hides_a_worse_one() {
        let mut report = Report::new("X");
        report.add(Finding::critical("a", "down"));
        report.add(Finding::warning("b", "slow"));
        report.add(Finding::ok("c", "fine"));
        assert_eq!(report.state(), State::Critical);
        assert_eq!(report.worst_first()[0].id, "a");
    }

    #[test]
    fn a_measurement_outside_of_its_ranges_is_a_finding() {
        let t = Threshold { warning: "10".parse().ok(), critical: "20".parse().ok() };
        let mut report = Report::new("X");
        report.measure(Perfdata::new("time", 15.0, Unit::Seconds).judged_by(t), "slow", || "took 15 s".to_owned());
        report.measure(Perfdata::undetermined("age", Unit::Seconds).judged_by(t), "old", || unreachable!());
        assert_eq!(report.state(), State::Warning);
        assert_eq!(report.data().len(), 2);
    }
}
