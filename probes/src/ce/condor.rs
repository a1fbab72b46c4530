//! HTCondor-CE through HTCondor's own tools: condor_submit -spool, condor_q -json, condor_transfer_data, condor_rm, condor_ping (HTCondor manual,
//! "Command Reference Manual"; htcondor-ce's condor_ce_trace shows the same conversation). Jobs are spooled to the CE, and leave its
//! queue when what they wrote was fetched or they are removed.

use super::run::{Output, run};
use super::spool;
use super::{ComputeElement, End, Job, Phase, Removal, STDERR, STDOUT, Status};
use crate::net::rest::Fault;
use plugin::Context;
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

/// Attribute in which the job's name stands at the CE.
const NAME: &str = "GridprobeName";
/// What is asked of a job.
const ATTRIBUTES: &str = "ClusterId,ProcId,JobStatus,ExitCode,ExitBySignal,ExitSignal,HoldReason,HoldReasonCode,HoldReasonSubCode,RemoteHost,LastRemoteHost,StageOutFinish,GridprobeName";
/// HoldReasonCode of a job whose files are on the way to the CE ("SpoolingInput").
const SPOOLING: i64 = 16;

/// One of them.
pub struct Condor<'c> {
    settings: Settings,
    context: &'c Context,
    known: Vec<(String, String)>,
}

/// How to talk to it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Host of the CE, which is its schedd's name, too.
    pub host: String,
    /// Port of its collector, 9619 as a rule.
    pub port: u16,
    /// Where the tools lie.
    pub tools: PathBuf,
    /// Jobs' folders lie in it.
    pub folder: PathBuf,
    /// A proxy that goes with the job.
    pub proxy: Option<PathBuf>,
    /// A token that goes with it.
    pub token: Option<PathBuf>,
    /// Folder of the trust anchors.
    pub ca_dir: PathBuf,
}

impl<'c> Condor<'c> {
    /// `known` are the jobs of calls before: id, name.
    pub fn new(settings: Settings, known: Vec<(String, String)>, context: &'c Context) -> Condor<'c> {
        Condor { settings, context, known }
    }

    fn tool(&self, name: &str, arguments: &[&str]) -> Result<Output, Fault> {
        let s = &self.settings;
        let pool = format!("{}:{}", s.host, s.port);
        let mut words = vec![s.tools.join(name).display().to_string()];
        if name == "condor_submit" {
            words.extend(["-spool", "-terse", "-remote", &s.host, "-pool", &pool].map(str::to_owned));
        } else {
            words.extend(["-name", &s.host, "-pool", &pool].map(str::to_owned));
        }
        words.extend(arguments.iter().map(|&word| word.to_owned()));
        let mut environment = vec![
            ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
            ("X509_CERT_DIR".to_owned(), s.ca_dir.display().to_string()),
            ("_condor_AUTH_SSL_CLIENT_CADIR".to_owned(), s.ca_dir.display().to_string()),
            ("_condor_SEC_CLIENT_AUTHENTICATION_METHODS".to_owned(), "SCITOKENS,SSL".to_owned()),
        ];
        if let Some(proxy) = &s.proxy {
            environment.push(("X509_USER_PROXY".to_owned(), proxy.display().to_string()));
            environment.push(("_condor_AUTH_SSL_CLIENT_CERTFILE".to_owned(), proxy.display().to_string()));
            environment.push(("_condor_AUTH_SSL_CLIENT_KEYFILE".to_owned(), proxy.display().to_string()));
        }
        if let Some(token) = &s.token {
            environment.push(("BEARER_TOKEN_FILE".to_owned(), token.display().to_string()));
            environment.push(("_condor_SCITOKENS_FILE".to_owned(), token.display().to_string()));
        }
        // An administrator's own configuration of HTCondor counts, where one is named.
        if let Some(config) = std::env::var_os("CONDOR_CONFIG") {
            environment.push(("CONDOR_CONFIG".to_owned(), config.to_string_lossy().into_owned()));
        }
        std::fs::create_dir_all(&s.folder)
            .map_err(|e| Fault::Ours(format!("cannot make {}: {e}", s.folder.display())))?;
        run(&words, &s.folder, &environment, self.context)
    }

    fn failed(&self, what: &str, output: &Output) -> Fault {
        let said = output.said();
        let why = format!("{}:{} {what}: {said}", self.settings.host, self.settings.port);
        // What the tools say when it is our side that is wrong.
        if ["Can't open", "Failed to parse", "Can't find address of local"].iter().any(|words| said.contains(words)) {
            return Fault::Ours(why);
        }
        Fault::Theirs(why)
    }

    /// A job was not taken. Whether it is we who may not write there, the tool for submitting often does not say; condor_ping asks nothing else.
    fn not_taken(&self, output: &Output) -> Fault {
        let fault = self.failed("does not take the job", output);
        if matches!(fault, Fault::Ours(_)) {
            return fault;
        }
        match self.tool("condor_ping", &["-type", "SCHEDD", "WRITE"]) {
            Ok(ping) if ping.is_ok() => Fault::Theirs(format!("{fault}; by condor_ping we may write there")),
            Ok(ping) => Fault::Theirs(format!("{fault}; condor_ping says of WRITE: {}", ping.said())),
            // It is not there, or the time is over.
            Err(_) => fault,
        }
    }

    fn query(&self, arguments: &[&str]) -> Result<Vec<Value>, Fault> {
        let mut words = vec!["-json", "-attributes", ATTRIBUTES];
        words.extend(arguments);
        let output = self.tool("condor_q", &words)?;
        if !output.is_ok() {
            return Err(self.failed("does not tell its queue", &output));
        }
        ads(&output.out).map_err(|why| Fault::Theirs(format!("{}:{}: {why}", self.settings.host, self.settings.port)))
    }

    fn folder_of(&self, id: &str) -> Option<PathBuf> {
        self.known.iter().find(|(known, _)| known == id).map(|(_, name)| spool::path(&self.settings.folder, name))
    }

    fn remember(&mut self, id: &str, name: &str) {
        if !self.known.iter().any(|(known, _)| known == id) {
            self.known.push((id.to_owned(), name.to_owned()));
        }
    }
}

/// The ads that condor_q prints: an array, or nothing at all where there is none.
///
/// # Errors
/// It is neither; one line.
pub fn ads(text: &str) -> Result<Vec<Value>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Array(ads)) if ads.iter().all(Value::is_object) => Ok(ads),
        _ => Err(format!("its answer is no list of ClassAds: {:?}", plugin::text::shortened(text.trim(), 60))),
    }
}

/// Whether a text is an id of a job: cluster and process.
fn is_id(text: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.len() <= 12 && t.bytes().all(|b| b.is_ascii_digit());
    text.split_once('.').is_some_and(|(cluster, process)| digits(cluster) && digits(process))
}

/// What an ad says of how far its job is.
pub fn status(ad: &Value) -> Status {
    let number = |name: &str| ad.get(name).and_then(Value::as_i64);
    let text =
        |name: &str| ad.get(name).and_then(Value::as_str).map(|t| plugin::text::shortened(t.trim(), 300).into_owned());
    let exit = number("ExitCode").and_then(|code| i32::try_from(code).ok());
    let signal = ad.get("ExitBySignal").and_then(Value::as_bool) == Some(true);
    let mut why = None;
    let (phase, word) = match number("JobStatus") {
        Some(1) => (Phase::Queued, "IDLE"),
        Some(2) => (Phase::Running, "RUNNING"),
        Some(3) => (Phase::Ended(End::Killed), "REMOVED"),
        Some(4) if signal => {
            why = Some(format!("signal {} ended it", number("ExitSignal").unwrap_or_default()));
            (Phase::Ended(End::Failed), "COMPLETED")
        }
        Some(4) => (Phase::Ended(End::Finished), "COMPLETED"),
        Some(5) if number("HoldReasonCode") == Some(SPOOLING) => (Phase::Submitted, "SPOOLING"),
        // A probe's job that is held will not run by itself.
        Some(5) => {
            why = text("HoldReason").or_else(|| Some("it is held, and nobody says why".to_owned()));
            (Phase::Ended(End::Failed), "HELD")
        }
        Some(6) => (Phase::Running, "TRANSFERRING_OUTPUT"),
        Some(7) => (Phase::Running, "SUSPENDED"),
        _ => (Phase::Submitted, "UNEXPANDED"),
    };
    let node = text("RemoteHost").or_else(|| text("LastRemoteHost"));
    let node = node.map(|node| node.rsplit_once('@').map_or(node.clone(), |(_, host)| host.to_owned()));
    let ended = phase == Phase::Ended(End::Finished);
    Status { phase, word: word.to_owned(), why, exit: exit.filter(|_| ended), node }
}

/// A submit description.
fn description(job: &Job, settings: &Settings) -> String {
    let inside = job.inputs.iter().any(|(name, _)| *name == job.executable);
    let mut text = String::from("universe = vanilla\n");
    // Writing into a string does not fail.
    let mut line = |written: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(written);
        text.push('\n');
    };
    line(format_args!("executable = {}", job.executable));
    if !inside {
        line(format_args!("transfer_executable = false"));
    }
    line(format_args!("arguments = {}", arguments(&job.arguments)));
    line(format_args!("output = {STDOUT}\nerror = {STDERR}\nlog = job.log\nnotification = never"));
    line(format_args!("should_transfer_files = YES\nwhen_to_transfer_output = ON_EXIT"));
    let inputs: Vec<&str> =
        job.inputs.iter().map(|(name, _)| name.as_str()).filter(|name| *name != job.executable).collect();
    if !inputs.is_empty() {
        line(format_args!("transfer_input_files = {}", inputs.join(",")));
    }
    if !job.outputs.is_empty() {
        line(format_args!("transfer_output_files = {}", job.outputs.join(",")));
    }
    if let Some(proxy) = &settings.proxy {
        line(format_args!("x509userproxy = {}", proxy.display()));
    }
    if let Some(token) = &settings.token {
        line(format_args!("scitokens_file = {}", token.display()));
    }
    if job.memory > 0 {
        line(format_args!("request_memory = {}", job.memory));
    }
    line(format_args!("+maxWallTime = {}", job.wall_time.div_ceil(60)));
    if let Some(queue) = &job.queue {
        line(format_args!("+queue = \"{queue}\""));
    }
    line(format_args!("+{NAME} = \"{}\"", job.name));
    // What was spooled stays until it was fetched.
    line(format_args!("leave_in_queue = JobStatus == 4 && (StageOutFinish =?= UNDEFINED || StageOutFinish == 0)"));
    line(format_args!("queue 1"));
    text
}

/// Arguments in the new syntax: the whole in double quotes, each in single quotes; both kinds of quotes are written twice.
fn arguments(words: &[String]) -> String {
    let words: Vec<String> =
        words.iter().map(|word| format!("'{}'", word.replace('\'', "''").replace('"', "\"\""))).collect();
    format!("\"{}\"", words.join(" "))
}

impl ComputeElement for Condor<'_> {
    fn submit(&mut self, job: &Job) -> Result<String, Fault> {
        if job.arguments.iter().any(|word| word.contains(['\n', '\r', '\0'])) {
            return Err(Fault::Ours(
                "an argument has a line end in it, which HTCondor's submit description cannot have".to_owned(),
            ));
        }
        let folder = spool::make(&self.settings.folder, job)?;
        let file = folder.join("job.sub");
        std::fs::write(&file, description(job, &self.settings))
            .map_err(|e| Fault::Ours(format!("cannot write {}: {e}", file.display())))?;
        let initial = format!("initialdir={}", folder.display());
        let output = self.tool("condor_submit", &["-append", &initial, &file.display().to_string()])?;
        if !output.is_ok() {
            return Err(self.not_taken(&output));
        }
        // "12.0 - 12.0"
        let id = output.out.split_whitespace().find(|word| is_id(word)).map(str::to_owned);
        let id = id.ok_or_else(|| self.failed("takes the job and does not say its id", &output))?;
        self.remember(&id, &job.name);
        Ok(id)
    }

    fn stage_in(&mut self, _id: &str, _job: &Job) -> Result<(), Fault> {
        // condor_submit -spool has done it.
        Ok(())
    }

    fn status(&mut self, id: &str) -> Result<Status, Fault> {
        let gone = Status { phase: Phase::Gone, word: "None".to_owned(), why: None, exit: None, node: None };
        if !is_id(id) {
            return Ok(gone);
        }
        Ok(self.query(&[id])?.first().map_or(gone, status))
    }

    fn output(&mut self, id: &str, file: &str) -> Result<Option<Vec<u8>>, Fault> {
        let Some(folder) = self.folder_of(id) else { return Ok(None) };
        if !folder.join(file).exists() {
            let output = self.tool("condor_transfer_data", &[id])?;
            if !output.is_ok() {
                return Err(self.failed("does not hand over what the job wrote", &output));
            }
        }
        Ok(spool::read(&folder, file))
    }

    fn remove(&mut self, id: &str) -> Result<Removal, Fault> {
        let there = is_id(id) && !self.query(&[id])?.is_empty();
        if there {
            let output = self.tool("condor_rm", &[id])?;
            // One that has been removed and does not go is forced out.
            if !output.is_ok() {
                let forced = self.tool("condor_rm", &["-forcex", id])?;
                if !forced.is_ok() {
                    return Err(self.failed(&format!("does not take the job {id} away"), &output));
                }
            }
            return Ok(Removal::UnderWay);
        }
        if let Some(folder) = self.folder_of(id) {
            spool::remove(&folder);
        }
        Ok(Removal::Gone)
    }

    fn find(&mut self, prefix: &str) -> Result<Vec<(String, String)>, Fault> {
        let ads = self.query(&["-constraint", "GridprobeName =!= UNDEFINED"])?;
        let found: Vec<(String, String)> = ads
            .iter()
            .filter_map(|ad| {
                let number = |name: &str| ad.get(name).and_then(Value::as_u64);
                let name = ad.get(NAME)?.as_str().filter(|name| name.starts_with(prefix))?;
                Some((format!("{}.{}", number("ClusterId")?, number("ProcId")?), name.to_owned()))
            })
            .collect();
        for (id, name) in &found {
            self.remember(id, name);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_states_of_htcondor_are_read() {
        let phase = |ad: Value| status(&ad).phase;
        assert_eq!(phase(json!({"JobStatus": 1})), Phase::Queued);
        assert_eq!(phase(json!({"JobStatus": 2})), Phase::Running);
        assert_eq!(phase(json!({"JobStatus": 5, "HoldReasonCode": 16})), Phase::Submitted);
        let held = status(&json!({"JobStatus": 5, "HoldReasonCode": 13, "HoldReason": "Transfer input files failure"}));
        assert_eq!(
            (held.phase, held.why.as_deref()),
            (Phase::Ended(End::Failed), Some("Transfer input files failure"))
        );
        let done = status(
            &json!({"JobStatus": 4, "ExitCode": 3, "ExitBySignal": false, "LastRemoteHost": "slot1@wn7.example.org"}),
        );
        assert_eq!(
            (done.phase, done.exit, done.node.as_deref()),
            (Phase::Ended(End::Finished), Some(3), Some("wn7.example.org"))
        );
        assert_eq!(phase(json!({"JobStatus": 4, "ExitBySignal": true, "ExitSignal": 9})), Phase::Ended(End::Failed));
        assert!(
            ads("").unwrap().is_empty()
                && ads("[\n]\n").unwrap().is_empty()
                && ads("-- Failed").is_err()
                && ads("[1]").is_err()
        );
    }

    #[test]
    fn arguments_are_quoted_as_condor_submit_wants_them() {
        assert_eq!(arguments(&["a b".into(), "it's".into(), "\"x\"".into()]), "\"'a b' 'it''s' '\"\"x\"\"'\"");
        assert!(is_id("12.0") && !is_id("12") && !is_id("12.x") && !is_id("-1.0"));
    }
}
