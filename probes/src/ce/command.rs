//! Any batch system, by a template of its commands: a TOML file with the words of each and regular expressions that read what they
//! print. The job's folder must be seen where jobs run.
//!
//! ```toml
//! # contrib/ce/slurm.toml is a whole one
//! submit = ["/usr/bin/sbatch", "--parsable", "--job-name={name}", "{script}"]
//! id = '^(\d+)'
//! status = ["/usr/bin/squeue", "--noheader", "--format=%T", "--jobs={id}"]
//! states = [['^PENDING', 'queued'], ['^RUNNING', 'running']]
//! absent = 'Invalid job id'
//! remove = ["/usr/bin/scancel", "{id}"]
//! list = ["/usr/bin/squeue", "--noheader", "--me", "--format=%i %j"]
//! listed = '^(?<id>\d+) (?<name>\S+)'
//! ```

use super::spool::{self, EXIT, SCRIPT};
use super::{ComputeElement, End, Job, Phase, Removal, Status};
use crate::ce::run::{Output, run};
use crate::net::rest::Fault;
use plugin::Context;
use regex::bytes::{Captures, Regex, RegexBuilder};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What is written in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    submit: Vec<String>,
    id: String,
    status: Vec<String>,
    states: Vec<(String, String)>,
    #[serde(default)]
    absent: Option<String>,
    remove: Vec<String>,
    #[serde(default)]
    list: Vec<String>,
    #[serde(default)]
    listed: Option<String>,
    /// More of the environment of its commands, which is empty but for PATH.
    #[serde(default)]
    environment: std::collections::BTreeMap<String, String>,
}

/// A template that was understood.
#[derive(Debug)]
pub struct Template {
    submit: Vec<String>,
    id: Regex,
    status: Vec<String>,
    states: Vec<(Regex, Phase)>,
    absent: Option<Regex>,
    remove: Vec<String>,
    list: Option<(Vec<String>, Regex)>,
    environment: Vec<(String, String)>,
}

impl Template {
    /// Reads one.
    ///
    /// # Errors
    /// It is none; one line with what is wrong.
    pub fn read(text: &str) -> Result<Template, String> {
        let written: Written = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        let pattern = |name: &str, text: &str| {
            RegexBuilder::new(text)
                .multi_line(true)
                .unicode(false)
                .size_limit(1 << 20)
                .build()
                .map_err(|_| format!("{name}: {text:?} is no regular expression"))
        };
        let words = |name: &str, words: &[String], needs: &str| match words.first() {
            Some(first) if first.starts_with('/') => {
                if needs.is_empty() || words.iter().any(|word| word.contains(needs)) {
                    Ok(words.to_vec())
                } else {
                    Err(format!("{name} does not say {needs}"))
                }
            }
            _ => Err(format!("{name} must begin with the whole path of a program")),
        };
        let mut states = Vec::new();
        for (text, phase) in &written.states {
            let phase = match phase.as_str() {
                "submitted" => Phase::Submitted,
                "queued" => Phase::Queued,
                "running" => Phase::Running,
                "finished" => Phase::Ended(End::Finished),
                "failed" => Phase::Ended(End::Failed),
                "killed" => Phase::Ended(End::Killed),
                other => {
                    return Err(format!(
                        "states: {other:?} is none of submitted, queued, running, finished, failed, killed"
                    ));
                }
            };
            states.push((pattern("states", text)?, phase));
        }
        let list = match &written.listed {
            Some(text) => {
                let listed = pattern("listed", text)?;
                if !["id", "name"].iter().all(|group| listed.capture_names().flatten().any(|name| name == *group)) {
                    return Err("listed must have groups named id and name".to_owned());
                }
                Some((words("list", &written.list, "")?, listed))
            }
            None => None,
        };
        let id = pattern("id", &written.id)?;
        if id.captures_len() < 2 {
            return Err("id must have a group: the id in what submit prints".to_owned());
        }
        let mut environment: Vec<(String, String)> = vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
        environment.extend(written.environment.clone());
        Ok(Template {
            submit: words("submit", &written.submit, "{script}")?,
            id,
            status: words("status", &written.status, "{id}")?,
            states,
            absent: written.absent.as_deref().map(|text| pattern("absent", text)).transpose()?,
            remove: words("remove", &written.remove, "{id}")?,
            list,
            environment,
        })
    }
}

/// A batch system.
pub struct Local<'c> {
    template: Template,
    /// Jobs' folders lie in it.
    folder: PathBuf,
    context: &'c Context,
    /// Ids and names of this call's jobs: a job's folder goes by its name.
    known: Vec<(String, String)>,
}

impl<'c> Local<'c> {
    /// `known` are the jobs of calls before: id, name.
    pub fn new(template: Template, folder: &Path, known: Vec<(String, String)>, context: &'c Context) -> Local<'c> {
        Local { template, folder: folder.to_owned(), context, known }
    }

    fn run(&self, words: &[String], fill: &[(&str, &str)]) -> Result<Output, Fault> {
        let words: Vec<String> = words
            .iter()
            .map(|word| {
                fill.iter().fold(word.clone(), |word, (name, value)| word.replace(&format!("{{{name}}}"), value))
            })
            .collect();
        std::fs::create_dir_all(&self.folder)
            .map_err(|e| Fault::Ours(format!("cannot make {}: {e}", self.folder.display())))?;
        run(&words, &self.folder, &self.template.environment, self.context)
    }

    fn folder_of(&self, id: &str) -> Option<PathBuf> {
        self.known.iter().find(|(known, _)| known == id).map(|(_, name)| spool::path(&self.folder, name))
    }
}

impl ComputeElement for Local<'_> {
    fn submit(&mut self, job: &Job) -> Result<String, Fault> {
        let folder = spool::make(&self.folder, job)?;
        let script = folder.join(SCRIPT).display().to_string();
        let (wall, memory) = (job.wall_time.to_string(), job.memory.to_string());
        let (minutes, queue) = (job.wall_time.div_ceil(60).to_string(), job.queue.clone().unwrap_or_default());
        let folder = folder.display().to_string();
        let fill = [
            ("name", job.name.as_str()),
            ("script", script.as_str()),
            ("folder", folder.as_str()),
            ("wall_time", wall.as_str()),
            ("minutes", minutes.as_str()),
            ("memory", memory.as_str()),
            ("queue", queue.as_str()),
        ];
        let output = self.run(&self.template.submit, &fill)?;
        if !output.is_ok() {
            return Err(Fault::Refused(format!("the batch system does not take the job: {}", output.said())));
        }
        let id = self.template.id.captures(output.out.as_bytes());
        let id = id.and_then(|c| c.get(1)).map(|m| String::from_utf8_lossy(m.as_bytes()).into_owned());
        let id = id.filter(|id| !id.is_empty() && id.len() <= 200 && !id.chars().any(char::is_control));
        let id = id.ok_or_else(|| {
            Fault::Theirs(format!("the batch system takes the job and does not say its id: {}", output.said()))
        })?;
        self.known.push((id.clone(), job.name.clone()));
        Ok(id)
    }

    fn stage_in(&mut self, _id: &str, _job: &Job) -> Result<(), Fault> {
        // The folder was written before it was submitted.
        Ok(())
    }

    fn status(&mut self, id: &str) -> Result<Status, Fault> {
        // The script's own word goes before what the batch system remembers of a job that has ended.
        let ended = self.folder_of(id).and_then(|folder| spool::read(&folder, EXIT));
        if let Some(text) = ended {
            let text = String::from_utf8_lossy(&text).into_owned();
            let mut lines = text.lines();
            let exit = lines.next().and_then(|line| line.trim().parse().ok());
            let phase = Phase::Ended(if exit == Some(0) { End::Finished } else { End::Failed });
            return Ok(Status {
                phase,
                word: "ended".to_owned(),
                why: None,
                exit,
                node: lines.next().map(|l| l.trim().to_owned()),
            });
        }
        let output = self.run(&self.template.status, &[("id", id)])?;
        let whole = format!("{}\n{}", output.out, output.err);
        let word = output.out.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
        let status = |phase: Phase| Status {
            phase,
            word: plugin::text::shortened(word, 60).into_owned(),
            why: None,
            exit: None,
            node: None,
        };
        if self.template.absent.as_ref().is_some_and(|absent| absent.is_match(whole.as_bytes())) {
            return Ok(status(Phase::Gone));
        }
        if let Some((_, phase)) =
            self.template.states.iter().find(|(pattern, _)| pattern.is_match(output.out.as_bytes()))
        {
            return Ok(status(phase.clone()));
        }
        if output.is_ok() && output.out.trim().is_empty() {
            return Ok(status(Phase::Gone));
        }
        Err(Fault::Theirs(format!("the batch system does not tell the job's state: {}", output.said())))
    }

    fn output(&mut self, id: &str, file: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.folder_of(id).and_then(|folder| spool::read(&folder, file)))
    }

    fn remove(&mut self, id: &str) -> Result<Removal, Fault> {
        let status = self.status(id)?;
        if !matches!(status.phase, Phase::Ended(_) | Phase::Gone) {
            let output = self.run(&self.template.remove, &[("id", id)])?;
            if !output.is_ok() {
                return Err(Fault::Theirs(format!(
                    "the batch system does not take the job {id} away: {}",
                    output.said()
                )));
            }
            return Ok(Removal::UnderWay);
        }
        // It may keep a record; that is its own.
        let _ = self.run(&self.template.remove, &[("id", id)])?;
        if let Some(folder) = self.folder_of(id) {
            spool::remove(&folder);
        }
        Ok(Removal::Gone)
    }

    fn find(&mut self, prefix: &str) -> Result<Vec<(String, String)>, Fault> {
        let Some((words, pattern)) = &self.template.list else { return Ok(Vec::new()) };
        let output = self.run(words, &[])?;
        if !output.is_ok() {
            return Err(Fault::Theirs(format!("the batch system does not list its jobs: {}", output.said())));
        }
        let group = |c: &Captures<'_>, name: &str| {
            c.name(name).map(|m| String::from_utf8_lossy(m.as_bytes()).into_owned()).unwrap_or_default()
        };
        let found: Vec<_> = pattern
            .captures_iter(output.out.as_bytes())
            .map(|c| (group(&c, "id"), group(&c, "name")))
            .filter(|(id, name)| !id.is_empty() && name.starts_with(prefix))
            .collect();
        for one in &found {
            if !self.known.contains(one) {
                self.known.push(one.clone());
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
submit = ["/bin/q", "{script}"]
id = '^(\d+)'
status = ["/bin/s", "{id}"]
states = [["^r", "running"]]
remove = ["/bin/r", "{id}"]
"#;

    #[test]
    fn what_is_wrong_with_a_template_is_told() {
        assert!(Template::read(GOOD).is_ok());
        for (from, to, said) in [
            ("\"/bin/q\"", "\"q\"", "submit must begin with the whole path of a program"),
            ("{script}", "x", "submit does not say {script}"),
            ("(\\d+)", "\\d+", "id must have a group"),
            ("(\\d+)", "(", "id: \"^(\" is no regular expression"),
            ("running", "flying", "\"flying\" is none of"),
            ("remove", "removes", "unknown field `removes`"),
        ] {
            let error = Template::read(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
