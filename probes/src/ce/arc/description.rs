//! Job descriptions: ADL (EMI Execution Service, Activity Description Language) and xRSL (NorduGrid's "Extended Resource
//! Specification Language"). Only files that are declared survive the end of a job: standard output and error are declared.

use crate::ce::{Job, STDERR, STDOUT};
use std::fmt::Write;

/// A language of job descriptions.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Language {
    /// ADL
    #[default]
    Adl,
    /// xRSL
    Xrsl,
}

/// What stands before a delegation's id in a description that A-REX keeps: it tells nowhere else which one a job has.
const DELEGATION: &str = "delegation";

/// The delegation that a description of ours names.
pub fn delegation(description: &str) -> Option<&str> {
    let adl = || description.split_once(&format!("<Description>{DELEGATION} "))?.1.split('<').next();
    let xrsl = || description.split_once("delegationid")?.1.split('"').nth(1);
    adl().or_else(xrsl)
}

/// The description of a job, and its content type. The delegation stands in the description, too: ARC 6 does not read it in the
/// query when there are several jobs.
pub fn write(job: &Job, language: Language, delegation: Option<&str>) -> (&'static str, String) {
    match language {
        Language::Adl => ("application/xml", adl(job, delegation)),
        Language::Xrsl => ("application/rsl", xrsl(job, delegation)),
    }
}

fn adl(job: &Job, delegation: Option<&str>) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ActivityDescription xmlns=\"http://www.eu-emi.eu/es/2010/12/adl\" xmlns:nordugrid-adl=\"http://www.nordugrid.org/es/2011/12/nordugrid-adl\">\n",
    );
    // Writing into a string does not fail.
    let _ = write!(out, " <ActivityIdentification><Name>{}</Name>", xml(&job.name));
    if let Some(id) = delegation {
        let _ = write!(out, "<Description>{DELEGATION} {}</Description>", xml(id));
    }
    out.push_str("</ActivityIdentification>\n");
    let _ = write!(out, " <Application><Executable><Path>{}</Path>", xml(&job.executable));
    for argument in &job.arguments {
        let _ = write!(out, "<Argument>{}</Argument>", xml(argument));
    }
    let _ = writeln!(out, "</Executable><Output>{STDOUT}</Output><Error>{STDERR}</Error></Application>\n <Resources>");
    for environment in &job.environments {
        let _ = writeln!(out, "  <RuntimeEnvironment><Name>{}</Name></RuntimeEnvironment>", xml(environment));
    }
    if job.memory > 0 {
        let _ = writeln!(out, "  <IndividualPhysicalMemory>{}</IndividualPhysicalMemory>", u64::from(job.memory) << 20);
    }
    let _ = writeln!(out, "  <IndividualCPUTime>{0}</IndividualCPUTime>\n  <WallTime>{0}</WallTime>", job.wall_time);
    if let Some(queue) = &job.queue {
        let _ = writeln!(out, "  <QueueName>{}</QueueName>", xml(queue));
    }
    out.push_str(" </Resources>\n <DataStaging>\n");
    for (name, _) in &job.inputs {
        let executable = if *name == job.executable { "<IsExecutable>true</IsExecutable>" } else { "" };
        let _ = writeln!(out, "  <InputFile><Name>{}</Name>{executable}</InputFile>", xml(name));
    }
    for (name, address) in &job.sources {
        // As whom it is fetched.
        let id = delegation.map(|id| format!("<DelegationID>{}</DelegationID>", xml(id))).unwrap_or_default();
        let (name, address) = (xml(name), xml(address));
        let _ = writeln!(out, "  <InputFile><Name>{name}</Name><Source><URI>{address}</URI>{id}</Source></InputFile>");
    }
    for name in [STDOUT, STDERR].into_iter().chain(job.outputs.iter().map(String::as_str)) {
        let _ = writeln!(out, "  <OutputFile><Name>{}</Name></OutputFile>", xml(name));
    }
    out.push_str(" </DataStaging>\n</ActivityDescription>\n");
    out
}

fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Not allowed in XML 1.0, whatever way they are written.
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn xrsl(job: &Job, delegation: Option<&str>) -> String {
    let mut out = format!("&(executable={})", quoted(&job.executable));
    if !job.arguments.is_empty() {
        let arguments: Vec<String> = job.arguments.iter().map(|a| quoted(a)).collect();
        let _ = write!(out, "(arguments={})", arguments.join(" "));
    }
    let _ = write!(out, "(jobname={})(stdout=\"{STDOUT}\")(stderr=\"{STDERR}\")", quoted(&job.name));
    // In minutes, upwards.
    let _ = write!(out, "(walltime=\"{0}\")(cputime=\"{0}\")", job.wall_time.div_ceil(60));
    if job.memory > 0 {
        let _ = write!(out, "(memory=\"{}\")", job.memory);
    }
    for environment in &job.environments {
        let _ = write!(out, "(runtimeenvironment={})", quoted(environment));
    }
    if let Some(queue) = &job.queue {
        let _ = write!(out, "(queue={})", quoted(queue));
    }
    if !job.inputs.is_empty() || !job.sources.is_empty() {
        out.push_str("(inputfiles=");
        for (name, content) in &job.inputs {
            // The size lets A-REX know when the file is there whole.
            let _ = write!(out, "({} \"{}\")", quoted(name), content.len());
        }
        for (name, address) in &job.sources {
            let _ = write!(out, "({} {})", quoted(name), quoted(address));
        }
        out.push(')');
        if job.inputs.iter().any(|(name, _)| *name == job.executable) {
            let _ = write!(out, "(executables={})", quoted(&job.executable));
        }
    }
    out.push_str("(outputfiles=");
    for name in [STDOUT, STDERR].into_iter().chain(job.outputs.iter().map(String::as_str)) {
        let _ = write!(out, "({} \"\")", quoted(name));
    }
    out.push(')');
    if let Some(delegation) = delegation {
        let _ = write!(out, "(delegationid={})", quoted(delegation));
    }
    out
}

/// A string of xRSL: a quote is written twice; lines end nowhere but with the string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delegation_is_found_in_what_was_written() {
        for language in [Language::Adl, Language::Xrsl] {
            let (_, text) = write(&Job::default(), language, Some("675ce24e35b9"));
            assert_eq!(delegation(&text), Some("675ce24e35b9"), "{text}");
            let (_, text) = write(&Job::default(), language, None);
            assert_eq!(delegation(&text), None, "{text}");
        }
        // A-REX writes xRSL anew.
        assert_eq!(delegation("( delegationid = \"675c\" )"), Some("675c"));
    }

    #[test]
    fn what_has_a_meaning_in_the_language_is_escaped() {
        let job = Job {
            name: "a<b".into(),
            executable: "/bin/sh".into(),
            arguments: vec!["echo \"x\" & y".into()],
            ..Job::default()
        };
        let (_, text) = write(&job, Language::Adl, None);
        assert!(
            text.contains("<Name>a&lt;b</Name>") && text.contains("<Argument>echo &quot;x&quot; &amp; y</Argument>")
        );
        let (_, text) = write(&job, Language::Xrsl, Some("d1"));
        assert!(
            text.contains("(arguments=\"echo \"\"x\"\" & y\")") && text.ends_with("(delegationid=\"d1\")"),
            "{text}"
        );
        assert!(text.contains("(outputfiles=(\"stdout.txt\" \"\")(\"stderr.txt\" \"\"))"), "{text}");
    }
}
