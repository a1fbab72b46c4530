//! Icinga 2 by its API: `process-check-result` over HTTPS, one request a result, over one connection (Icinga 2, "Actions"). A file says how
//! to reach it, so that the password is in no argument and no log:
//!
//! ```toml
//! url = "https://icinga.example.org:5665"
//! user = "gridprobe"
//! password = "…"
//! ca = "/var/lib/icinga2/certs/ca.crt"   # whose certificates are believed
//! name = "icinga-master"                 # the name in its certificate, where it is not the host's
//! ```
//!
//! The user needs the permission `actions/process-check-result`. Hosts and services that Icinga does not have are answered with 404, by
//! 2.13 with 500 and no result, and are unknown.

use super::{Delivery, PassiveResult, Sink, known};
use crate::net::connect::{Timed, connect};
use crate::net::http::{Head, Url, read_body};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVerifyMode};
use plugin::Context;
use serde::Deserialize;
use std::io::{BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// One handing-in is given up after so long; what was not taken by then is said.
const PATIENCE: Duration = Duration::from_secs(60);
/// An answer is not longer.
const LIMIT: u64 = 1 << 20;

/// The file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    url: String,
    user: String,
    password: String,
    ca: PathBuf,
    #[serde(default)]
    name: Option<String>,
}

/// An Icinga 2.
pub struct Icinga {
    settings: Settings,
    url: Url,
    credentials: String,
    stream: Option<BufReader<SslStream<Timed>>>,
}

/// What Icinga made of one result.
enum Taken {
    Yes,
    Unknown,
    No(String),
}

impl Icinga {
    /// The one that a file describes.
    ///
    /// # Errors
    /// One line: the file cannot be read, others may read it, or something lacks in it.
    pub fn read(file: &Path) -> Result<Icinga, String> {
        let wrong = |why: String| format!("cannot use {}: {why}", file.display());
        let mode = std::fs::metadata(file).map_err(|e| wrong(e.to_string()))?.permissions().mode();
        if mode & 0o007 != 0 {
            return Err(wrong("everybody may read the password in it; chmod 640".to_owned()));
        }
        let text = std::fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?;
        // The message of an error in its syntax would show the line.
        let settings: Settings = toml::from_str(&text).map_err(|e| {
            let line = e.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            wrong(format!("line {line}: it needs url, user, password, ca, and may have name"))
        })?;
        let url = Url::read(&settings.url).map_err(wrong)?;
        if !url.is_tls() {
            return Err(wrong("url must begin with https".to_owned()));
        }
        let credentials = openssl::base64::encode_block(format!("{}:{}", settings.user, settings.password).as_bytes());
        Ok(Icinga { settings, url, credentials, stream: None })
    }

    fn connected(&mut self, context: &Context) -> Result<BufReader<SslStream<Timed>>, String> {
        if let Some(stream) = self.stream.take() {
            return Ok(stream);
        }
        let (host, port) = self.url.place();
        let stream = connect(host, port, context).map_err(|e| e.to_string())?;
        let name = self.settings.name.as_deref().unwrap_or(host);
        let tls = || -> Result<Ssl, openssl::error::ErrorStack> {
            let mut builder = SslContext::builder(SslMethod::tls_client())?;
            builder.set_ca_file(&self.settings.ca)?;
            builder.set_verify(SslVerifyMode::PEER);
            let mut ssl = Ssl::new(&builder.build())?;
            match name.parse::<std::net::IpAddr>() {
                Ok(address) => ssl.param_mut().set_ip(address)?,
                Err(_) => {
                    ssl.set_hostname(name)?;
                    ssl.param_mut().set_host(name)?;
                }
            }
            Ok(ssl)
        };
        let ssl = tls().map_err(|e| {
            let why = crate::trust::signature::first(&e);
            format!("cannot believe certificates by {}: {why}", self.settings.ca.display())
        })?;
        ssl.connect(stream).map(BufReader::new).map_err(|e| {
            format!("no TLS with Icinga at {host}:{port} under the name {name} by {}: {e}", self.settings.ca.display())
        })
    }

    /// Hands one in. A connection that Icinga has closed since the last one is made anew, once.
    fn hand_in(&mut self, result: &PassiveResult, context: &Context) -> Result<Taken, String> {
        let kept = self.stream.is_some();
        match self.exchange(result, context) {
            Err(_) if kept && !context.deadline.remaining().is_zero() => self.exchange(result, context),
            done => done,
        }
    }

    fn exchange(&mut self, result: &PassiveResult, context: &Context) -> Result<Taken, String> {
        let mut stream = self.connected(context)?;
        let (host, port) = self.url.place();
        let failed = |e: std::io::Error| format!("Icinga at {host}:{port}: {e}");
        let body = body(result);
        let request = format!(
            "POST /v1/actions/process-check-result HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: gridprobe/{}\r\nAccept: application/json\r\n\
             Content-Type: application/json\r\nAuthorization: Basic {}\r\nContent-Length: {}\r\n\r\n{body}",
            env!("CARGO_PKG_VERSION"),
            self.credentials,
            body.len()
        );
        stream.get_mut().write_all(request.as_bytes()).map_err(failed)?;
        let wrong = |why: String| format!("Icinga at {host}:{port}: {why}");
        let head = Head::read(&mut stream).map_err(wrong)?;
        let content = read_body(&mut stream, &head, LIMIT).map_err(wrong)?;
        let answer = match head.status {
            200 => judge(&content),
            401 => return Err(wrong(format!("it does not know user {} by this password", self.settings.user))),
            403 => {
                return Err(wrong(format!("{} lacks the permission actions/process-check-result", self.settings.user)));
            }
            404 => Taken::Unknown,
            // 2.13 says nothing in particular of an object that it does not have, and of a result that it does not take.
            _ if content.starts_with(b"{\"results\"") => judge(&content),
            status => Taken::No(format!(
                "Icinga answers {status} {}{}",
                plugin::text::shortened(&head.reason, 60),
                said(&content)
            )),
        };
        if head.keeps_open() {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

/// The action, with the object as a filter's variables: no name becomes part of an expression.
fn body(result: &PassiveResult) -> String {
    let seconds = |at: std::time::SystemTime| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let (text, data) = split(&result.output);
    let mut body = serde_json::json!({
        "exit_status": result.code,
        "plugin_output": text,
        "performance_data": data,
        "check_source": "gridprobe",
        "execution_start": seconds(result.times.0),
        "execution_end": seconds(result.times.1),
    });
    match &result.service {
        Some(service) => {
            body["type"] = "Service".into();
            body["filter"] = "host.name == gridprobe_host && service.name == gridprobe_service".into();
            body["filter_vars"] = serde_json::json!({ "gridprobe_host": result.host, "gridprobe_service": service });
        }
        None => {
            body["type"] = "Host".into();
            body["exit_status"] = result.host_code().into();
            body["filter"] = "host.name == gridprobe_host".into();
            body["filter_vars"] = serde_json::json!({ "gridprobe_host": result.host });
        }
    }
    body.to_string()
}

/// Text and performance data of a plugin's output: the first line's, behind its `|`.
fn split(output: &str) -> (String, &str) {
    let output = output.trim_end();
    let (first, rest) = output.split_once('\n').unwrap_or((output, ""));
    let (text, data) = first.split_once('|').unwrap_or((first, ""));
    let text = if rest.is_empty() { text.trim_end().to_owned() } else { format!("{}\n{rest}", text.trim_end()) };
    (text, data.trim())
}

/// Icinga's own words to an error: `{"error":500,"status":"…"}`.
fn said(content: &[u8]) -> String {
    let value: Option<serde_json::Value> = serde_json::from_slice(content).ok();
    let words = value.as_ref().and_then(|value| value.get("status")?.as_str());
    words.map(|words| format!(": {}", plugin::text::shortened(words.trim(), 200))).unwrap_or_default()
}

fn judge(content: &[u8]) -> Taken {
    #[derive(Deserialize)]
    struct Answer {
        results: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        code: f64,
        #[serde(default)]
        status: String,
    }
    match serde_json::from_slice::<Answer>(content) {
        Ok(Answer { results }) if results.is_empty() => Taken::Unknown,
        Ok(Answer { results }) => match results.iter().find(|one| !(200.0..300.0).contains(&one.code)) {
            Some(one) => Taken::No(plugin::text::shortened(&one.status, 200).into_owned()),
            None => Taken::Yes,
        },
        Err(_) => Taken::No("its answer is none of Icinga's".to_owned()),
    }
}

impl Sink for Icinga {
    fn submit(&mut self, results: &[PassiveResult]) -> Result<Delivery, String> {
        let context = Context::new("gridprobe", PATIENCE, 0);
        let mut delivery = Delivery::default();
        let results = known::nameable(results, &mut delivery);
        for (n, result) in results.iter().enumerate() {
            match self.hand_in(result, &context) {
                Ok(Taken::Yes) => delivery.delivered += 1,
                Ok(Taken::Unknown) => delivery.unknown.push(result.name()),
                Ok(Taken::No(why)) => delivery.failed.push((result.name(), why)),
                Err(why) if n == 0 => return Err(why),
                Err(why) => {
                    // What comes after it would fail in the same way, each after its own wait.
                    delivery.failed.extend(results[n..].iter().map(|result| (result.name(), why.clone())));
                    break;
                }
            }
        }
        Ok(delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_may_read_or_that_lacks_something_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("icinga.toml");
        let write = |text: &str, mode: u32| {
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            Icinga::read(&file).err()
        };
        let good = "url = \"https://a.example.org:5665\"\nuser = \"u\"\npassword = \"secret\"\nca = \"/x\"\n";
        assert_eq!(write(good, 0o640), None);
        assert!(write(good, 0o644).unwrap().contains("chmod 640"));
        for wrong in [good.replace("https", "http"), good.replace("user", "usr"), good.replace("\"secret\"", "secret")]
        {
            let why = write(&wrong, 0o600).unwrap();
            assert!(why.contains("icinga.toml") && !why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn outputs_are_split_as_icinga_wants_them() {
        assert_eq!(split("A OK: x | a=1 b=2\nmore | not data\n"), ("A OK: x\nmore | not data".to_owned(), "a=1 b=2"));
        assert_eq!(split("A OK"), ("A OK".to_owned(), ""));
    }
}
