//! A GOCDB that is none, or that cannot be trusted. `openssl s_server` stands in for its web server: certificates, names and
//! the handshake are real, the documents are ours.

use super::{alerts, with};
use e2e::filter::Filter;
use e2e::interface::{SOURCES_PAGE, monitor_of_log};
use e2e::place::{Place, now};
use e2e::process::Process;
use e2e::{Fail, Result, wait};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// An authority and a web server with a certificate of it.
struct Gocdb {
    place: Place,
    server: Option<Process>,
    port: u16,
}

impl Gocdb {
    /// The certificate is for this name, and valid for so many days.
    fn start(name: &str, days: &str) -> Result<Self> {
        let place = Place::new("gocdb")?;
        for who in ["ours", "theirs"] {
            authority(place.path(), who)?;
        }
        let mut gocdb = Gocdb { place, server: None, port: 0 };
        gocdb.certify(name, days)?;
        gocdb.serve()?;
        Ok(gocdb)
    }

    fn certify(&self, name: &str, days: &str) -> Result {
        let subject = format!("/CN={name}");
        let alternative = format!("subjectAltName=DNS:{name}");
        let request =
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key"];
        openssl(
            self.place.path(),
            &[&request[..], &["-out", "server.csr", "-subj", &subject, "-addext", &alternative]].concat(),
        )?;
        let sign = ["x509", "-req", "-in", "server.csr", "-CA", "ours.pem", "-CAkey", "ours.key", "-CAcreateserial"];
        openssl(
            self.place.path(),
            &[&sign[..], &["-days", days, "-copy_extensions", "copy", "-out", "server.pem"]].concat(),
        )
    }

    /// On the same port again, once it has one.
    fn serve(&mut self) -> Result {
        self.server = None;
        let out = self.place.join("served");
        let file = fs::File::create(&out)?;
        let mut command = Command::new("openssl");
        command.args(["s_server", "-WWW", "-cert", "server.pem", "-key", "server.key", "-accept"]);
        command.arg(format!("127.0.0.1:{}", self.port)).current_dir(self.place.path());
        command.stdin(Stdio::null()).stderr(file.try_clone()?).stdout(file);
        let asked = self.port;
        let mut server = Process::start("openssl s_server", &mut command)?;
        self.port = wait::until("openssl s_server to listen", || {
            let text = fs::read_to_string(&out)?;
            if let Some(status) = server.ended()? {
                return Err(Fail::new(format!("openssl s_server ended ({status}): {text}")));
            }
            // It says the port only where the system chose it.
            let said = text.lines().find_map(|l| l.strip_prefix("ACCEPT"));
            Ok(said.and_then(|l| l.rsplit(':').next()?.trim().parse().ok().or(Some(asked).filter(|p| *p > 0))))
        })?;
        self.server = Some(server);
        Ok(())
    }

    fn answer(&self, document: &str) -> Result {
        Ok(fs::write(self.place.join("services.xml"), document)?)
    }

    /// A daemon that asks it, and a monitor beside.
    fn asked_by(&self, authority: &str) -> Result<Filter> {
        fs::write(self.place.join("nagios.log"), alerts(&[(now() - 60, "org.example.A", "CRITICAL")]))?;
        let mut tables = monitor_of_log("nagios", &self.place.join("nagios.log"), "");
        tables += &format!(
            "[topology]\nca = {:?}\nget_service_endpoint = {{ source = \"https://localhost:{}/services.xml\" }}\n",
            self.place.join(authority),
            self.port
        );
        let filter = Filter::start(with(tables))?;
        filter
            .until_alarm("ce.example.org", "org.example.A", "stands whatever GOCDB does", |a| a.state == "CRITICAL")?;
        Ok(filter)
    }
}

fn authority(folder: &Path, name: &str) -> Result {
    let (key, certificate, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name}"));
    let make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
    openssl(folder, &[&make[..], &["-keyout", &key, "-out", &certificate, "-subj", &subject]].concat())
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result {
    let done = Command::new("openssl").args(arguments).current_dir(folder).output().map_err(Fail::at("openssl"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(Fail::new(format!("openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr))))
}

/// One site with one service on the host of the log.
const SERVICES: &str = "<results><SERVICE_ENDPOINT PRIMARY_KEY=\"1G0\"><HOSTNAME>ce.example.org</HOSTNAME>\
     <SERVICE_TYPE>ARC-CE</SERVICE_TYPE><SITENAME>SITE-1</SITENAME><ROC_NAME>NGI</ROC_NAME><IN_PRODUCTION>Y</IN_PRODUCTION>\
     <NODE_MONITORED>Y</NODE_MONITORED></SERVICE_ENDPOINT></results>";

fn until_said(filter: &Filter, parts: &[&str]) -> Result {
    wait::until_true(format!("the page of the sources to say {parts:?}"), || {
        let page = filter.get(SOURCES_PAGE)?.good()?.text();
        Ok(parts.iter().all(|part| page.contains(part)))
    })
}

#[test]
fn a_web_page_instead_of_an_answer() -> Result {
    let gocdb = Gocdb::start("localhost", "30")?;
    gocdb.answer("<!DOCTYPE html><html><head><title>Sign in</title></head></html>")?;
    let mut filter = gocdb.asked_by("ours.pem")?;
    until_said(&filter, &["get_service_endpoint", "this is a web page", "Sign in", "asks for a client certificate"])?;
    // A good answer is taken at the next asking; a reload asks at once.
    gocdb.answer(SERVICES)?;
    filter.reload(|_| {})?;
    filter.until_alarm("ce.example.org", "org.example.A", "is of GOCDB's site", |a| a.site == "SITE-1")?;
    // What was known stays in force when it is a web page again.
    gocdb.answer("<!DOCTYPE html><html><head><title>Maintenance</title></head></html>")?;
    filter.reload(|_| {})?;
    until_said(&filter, &["this is a web page", "Maintenance"])?;
    filter.until_alarm("ce.example.org", "org.example.A", "is still of that site", |a| a.site == "SITE-1")?;
    Ok(())
}

#[test]
fn an_expired_certificate_and_its_renewal() -> Result {
    let mut gocdb = Gocdb::start("localhost", "-1")?;
    gocdb.answer(SERVICES)?;
    let mut filter = gocdb.asked_by("ours.pem")?;
    until_said(&filter, &["get_service_endpoint", "no secure connection", "has expired", "renew it"])?;
    gocdb.certify("localhost", "30")?;
    gocdb.serve()?;
    filter.reload(|_| {})?;
    filter.until_alarm("ce.example.org", "org.example.A", "is of GOCDB's site", |a| a.site == "SITE-1")?;
    Ok(())
}

#[test]
fn a_certificate_of_another_name_or_authority() -> Result {
    let gocdb = Gocdb::start("elsewhere.example.org", "30")?;
    gocdb.answer(SERVICES)?;
    let filter = gocdb.asked_by("ours.pem")?;
    until_said(
        &filter,
        &["get_service_endpoint", "no secure connection", "is for another name", "correct the address"],
    )?;
    let gocdb = Gocdb::start("localhost", "30")?;
    gocdb.answer(SERVICES)?;
    let filter = gocdb.asked_by("theirs.pem")?;
    until_said(&filter, &["get_service_endpoint", "no secure connection", "not among the trust anchors", "check ca"])
}

#[test]
fn anchors_that_are_not_there_yet() -> Result {
    let gocdb = Gocdb::start("localhost", "30")?;
    gocdb.answer(SERVICES)?;
    let filter = gocdb.asked_by("late.pem")?;
    until_said(&filter, &["late.pem", "make it readable for this user"])?;
    // The file is looked at: no signal is needed.
    fs::copy(gocdb.place.join("ours.pem"), gocdb.place.join("late.pem"))?;
    filter.until_alarm("ce.example.org", "org.example.A", "is of GOCDB's site", |a| a.site == "SITE-1")?;
    Ok(())
}
