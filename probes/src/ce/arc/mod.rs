//! ARC CE over A-REX' REST interface, versions 1.0 (ARC 6) and 1.1 (ARC 7): "ARC REST interface specification", and what A-REX 6.17
//! does beside it. Start reading here; `description.rs` writes job descriptions, `states.rs` reads states, `delegation.rs` renews and signs
//! proxies, `reply.rs` takes answers apart.

pub mod delegation;
pub mod description;
pub mod reply;
pub mod states;

use super::{ComputeElement, Job, Phase, Removal, Status};
use crate::net::rest::{Fault, Reply, Request, Rest};
use crate::trust::time::length;
use crate::trust::voms;
use delegation::Delegated;
use description::Language;
use reply::Entry;

/// The files in which A-REX keeps what it knows of a job are asked for one by one; the longest of them (`errors`) is not.
const DIAGNOSE: [&str; 3] = ["status", "failed", "diag"];

/// One of them.
pub struct Arc<'c> {
    rest: Rest<'c>,
    /// Where the service lies, as `/arex`.
    base: String,
    version: Option<&'static str>,
    language: Language,
    /// How long a delegated proxy must still be valid for a job that is submitted now.
    needed: i64,
    now: i64,
    delegation: Option<Delegated>,
    /// The certificate request that is to be signed for it.
    request: Option<Vec<u8>>,
    delegates: bool,
}

/// How to talk to it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Path of the service.
    pub base: String,
    /// Language of the job description.
    pub language: Language,
    /// A proxy is delegated with the job.
    pub delegates: bool,
    /// Seconds for which the delegated proxy is needed.
    pub needed: i64,
}

impl<'c> Arc<'c> {
    /// One that was not asked yet. `known` is what was delegated to it before.
    pub fn new(rest: Rest<'c>, settings: Settings, now: i64, known: Option<Delegated>) -> Arc<'c> {
        let delegates = settings.delegates && rest.identity().is_some();
        Arc {
            rest,
            base: settings.base.trim_end_matches('/').to_owned(),
            version: None,
            language: settings.language,
            needed: settings.needed,
            now,
            delegation: known.filter(|known| reply::is_id(&known.id)),
            request: None,
            delegates,
        }
    }

    /// The delegation that is in use.
    pub fn delegation(&self) -> Option<&Delegated> {
        self.delegation.as_ref()
    }

    /// The connection.
    pub fn rest(&mut self) -> &mut Rest<'c> {
        &mut self.rest
    }

    /// The newest version that both know. Once a run; any other call may be the first.
    fn version(&mut self) -> Result<&'static str, Fault> {
        if let Some(version) = self.version {
            return Ok(version);
        }
        let reply =
            self.rest.ask(Request { method: "GET", path: &format!("{}/rest", self.base), ..Request::default() })?;
        if !reply.is_ok() {
            return Err(self.refusal("to tell its versions", &reply));
        }
        let versions = reply::versions(&reply.body);
        let version = ["1.1", "1.0"].into_iter().find(|known| versions.iter().any(|v| v == known)).ok_or_else(|| {
            let theirs = if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
            Fault::Theirs(format!(
                "{}{}/rest is no ARC REST interface that is known here: its versions are {theirs}, ours 1.0 and 1.1",
                self.rest.place(),
                self.base
            ))
        })?;
        self.version = Some(version);
        Ok(version)
    }

    fn path(&mut self, rest: &str) -> Result<String, Fault> {
        // All that is used is the same in both; asking costs a request in every call.
        let version = self.version.unwrap_or("1.0");
        Ok(format!("{}/rest/{version}/{rest}", self.base))
    }

    fn refusal(&self, what: &str, reply: &Reply) -> Fault {
        let place = self.rest.place();
        match reply.status {
            401 | 403 if let Some((vo, ago)) = self.expired_attributes() => Fault::Ours(format!(
                "{place} does not let us in ({what}: {}), and the VOMS attributes of {vo} in our proxy expired {ago} ago; see what renews them",
                reply.said()
            )),
            401 | 403 => Fault::Refused(format!(
                "{place} does not let us in ({what}: {}): it maps neither our subject nor our VO to a user, or our proxy lacks the VO",
                reply.said()
            )),
            // It failed in the middle of it.
            500.. => Fault::Theirs(format!("{place} fails at {what}: {}", reply.said())),
            _ => Fault::Refused(format!("{place} refuses {what}: {}", reply.said())),
        }
    }

    /// Whether what VOMS said of us is over, though the proxy is not: of which organisation, and for how long.
    fn expired_attributes(&self) -> Option<(String, String)> {
        let chain = &self.rest.identity()?.chain;
        let found =
            chain.iter().flat_map(|x509| voms::attributes(&x509.to_der().unwrap_or_default()).unwrap_or_default());
        let one = found.into_iter().find(|one| one.not_after <= self.now)?;
        Some((one.vo, length(self.now - one.not_after)))
    }

    /// An action on one job; what is said of it.
    fn act(&mut self, action: &str, id: &str) -> Result<Entry, Fault> {
        let path = self.path(&format!("jobs?action={action}"))?;
        let body = serde_json::json!({ "job": [{ "id": id }] }).to_string();
        let reply = self.rest.ask(Request {
            method: "POST",
            path: &path,
            content_type: "application/json",
            body: body.as_bytes(),
            ..Request::default()
        })?;
        if !reply.is_ok() {
            return Err(self.refusal(&format!("action {action}"), &reply));
        }
        reply::entries(&reply.body)
            .map_err(|why| Fault::Theirs(format!("{}: {why}", self.rest.place())))?
            .into_iter()
            .next()
            .ok_or_else(|| Fault::Theirs(format!("{} answers action {action} with nothing", self.rest.place())))
    }

    /// One of the files that A-REX keeps of a job.
    fn diagnose(&mut self, id: &str, file: &str) -> Result<Option<String>, Fault> {
        let path = self.path(&format!("jobs/{id}/diagnose/{file}"))?;
        let reply = self.rest.ask(Request { method: "GET", path: &path, accept: "*/*", ..Request::default() })?;
        Ok(reply.is_ok().then(|| reply.text()))
    }
}

impl ComputeElement for Arc<'_> {
    fn prepare(&mut self) -> Result<Option<Delegated>, Fault> {
        self.version()?;
        self.reserve()?;
        Ok(self.delegation.clone())
    }

    fn submit(&mut self, job: &Job) -> Result<String, Fault> {
        let delegation = self.delegate()?;
        let (content_type, text) = description::write(job, self.language, delegation.as_deref());
        let mut path = self.path("jobs?action=new")?;
        if let Some(delegation) = &delegation {
            path.push_str("&delegation_id=");
            path.push_str(delegation);
        }
        let reply = self.rest.ask(Request {
            method: "POST",
            path: &path,
            content_type,
            body: text.as_bytes(),
            ..Request::default()
        })?;
        if !reply.is_ok() {
            return Err(self.refusal("the job", &reply));
        }
        let entries = reply::entries(&reply.body);
        let entry = entries.map_err(|why| Fault::Theirs(format!("{}: {why}", self.rest.place())))?.into_iter().next();
        match entry {
            Some(Entry { code: 200..=299, id: Some(id), .. }) => Ok(id),
            Some(entry) => {
                Err(Fault::Refused(format!("{} refuses the job: {} {}", self.rest.place(), entry.code, entry.reason)))
            }
            None => Err(Fault::Theirs(format!("{} takes the job and does not say its id", self.rest.place()))),
        }
    }

    fn stage_in(&mut self, id: &str, job: &Job) -> Result<(), Fault> {
        for (name, content) in &job.inputs {
            let path = self.path(&format!("jobs/{id}/session/{name}"))?;
            let reply = self.rest.ask(Request {
                method: "PUT",
                path: &path,
                accept: "*/*",
                content_type: "application/octet-stream",
                body: content,
            })?;
            if !reply.is_ok() {
                return Err(self.refusal(&format!("the job's file {name}"), &reply));
            }
        }
        Ok(())
    }

    fn status(&mut self, id: &str) -> Result<Status, Fault> {
        let entry = self.act("status", id)?;
        if entry.code == 404 {
            return Ok(Status { phase: Phase::Gone, word: "None".to_owned(), why: None, exit: None, node: None });
        }
        if !(200..300).contains(&entry.code) {
            return Err(Fault::Theirs(format!(
                "{} does not tell the job's state: {} {}",
                self.rest.place(),
                entry.code,
                entry.reason
            )));
        }
        // What is published lags by minutes; the job's own files do not. An A-REX that hides them is believed its publication.
        let own = self.diagnose(id, DIAGNOSE[0])?;
        let mut status = states::status(entry.state.as_deref().unwrap_or_default(), own.as_deref());
        if matches!(status.phase, Phase::Ended(_)) {
            let failed = self.diagnose(id, DIAGNOSE[1])?;
            let diag = self.diagnose(id, DIAGNOSE[2])?;
            states::add_end(&mut status, failed.as_deref(), diag.as_deref());
        }
        Ok(status)
    }

    fn output(&mut self, id: &str, file: &str) -> Result<Option<Vec<u8>>, Fault> {
        let path = self.path(&format!("jobs/{id}/session/{file}"))?;
        let reply = self.rest.ask(Request { method: "GET", path: &path, accept: "*/*", ..Request::default() })?;
        match reply.status {
            404 => Ok(None),
            _ if reply.is_ok() => Ok(Some(reply.body)),
            _ => Err(self.refusal(&format!("the job's file {file}"), &reply)),
        }
    }

    fn remove(&mut self, id: &str) -> Result<Removal, Fault> {
        // What is killed cannot be cleaned in the same moment, and what has ended cannot be killed: both say so.
        let killed = self.act("kill", id)?;
        if killed.code == 404 {
            return Ok(Removal::Gone);
        }
        let cleaned = self.act("clean", id)?;
        match cleaned.code {
            404 => Ok(Removal::Gone),
            200..=299 => Ok(Removal::UnderWay),
            _ if (200..300).contains(&killed.code) => Ok(Removal::UnderWay),
            code => Err(Fault::Theirs(format!(
                "{} does not take the job {id} away: {code} {}",
                self.rest.place(),
                cleaned.reason
            ))),
        }
    }

    fn find(&mut self, prefix: &str) -> Result<Vec<(String, String)>, Fault> {
        let path = self.path("jobs")?;
        let reply = self.rest.ask(Request { method: "GET", path: &path, ..Request::default() })?;
        if !reply.is_ok() {
            return Err(self.refusal("its list of jobs", &reply));
        }
        let entries =
            reply::entries(&reply.body).map_err(|why| Fault::Theirs(format!("{}: {why}", self.rest.place())))?;
        let mut found = Vec::new();
        for id in entries.into_iter().filter_map(|entry| entry.id) {
            // The list has no names, and what is published of a job may not be there yet: its own file is.
            let local = self.diagnose(&id, "local")?;
            let name = local.as_deref().and_then(|text| text.lines().find_map(|l| l.strip_prefix("jobname=")));
            if let Some(name) = name.filter(|name| name.starts_with(prefix)) {
                found.push((id.clone(), name.to_owned()));
                self.adopt(&id)?;
            }
        }
        Ok(found)
    }
}
