//! Debian's prometheus-alertmanager, the peer of the HTTP figures.

use crate::fail::{Fail, Result};
use crate::http::Client;
use crate::nagios::append;
use crate::place::{self, Place};
use crate::process::Process;
use crate::wait;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};

/// Where it takes alerts.
pub const ALERTS: &str = "/api/v2/alerts";

/// One of our own, without a cluster.
#[derive(Debug)]
pub struct Alertmanager {
    place: Place,
    address: SocketAddr,
    process: Option<Process>,
}

impl Alertmanager {
    /// Starts it and waits until it is ready.
    pub fn start() -> Result<Self> {
        place::unprivileged()?;
        let place = Place::new("alertmanager")?;
        place::write(&place.join("config.yml"), "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")?;
        // It takes no port 0 that it would tell us of: ask the system for one and let it go.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr())?;
        let mut alertmanager = Alertmanager { place, address, process: None };
        alertmanager.resume()?;
        Ok(alertmanager)
    }

    /// Starts it again over the same folder.
    pub fn resume(&mut self) -> Result {
        let console = append(&self.place.join("console"))?;
        let mut command = Command::new("prometheus-alertmanager");
        command.args(["--config.file=config.yml", "--storage.path=data", "--cluster.listen-address="]);
        command.arg(format!("--web.listen-address={}", self.address)).current_dir(self.place.path());
        command.stdin(Stdio::null()).stderr(console.try_clone()?).stdout(console);
        self.process = Some(Process::start("prometheus-alertmanager", &mut command)?);
        wait::until_true("Alertmanager to be ready", || {
            Ok(Client::connect(self.address)
                .and_then(|mut client| client.get("/-/ready"))
                .is_ok_and(|answer| answer.status == 200))
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result {
        self.process.take().ok_or_else(|| Fail::new("Alertmanager does not run"))?.kill()
    }

    /// How many alerts it holds.
    pub fn count(&self) -> Result<usize> {
        let answer = Client::connect(self.address)?.get(ALERTS)?.good()?;
        let alerts: Vec<serde::de::IgnoredAny> = serde_json::from_slice(&answer.body).map_err(Fail::at(ALERTS))?;
        Ok(alerts.len())
    }

    /// A body of alerts with these numbers.
    pub fn body(numbers: std::ops::Range<usize>) -> String {
        let alert = |n: usize| {
            serde_json::json!({
                "labels": {
                    "alertname": "org.nordugrid.ARC-CE-submit-ops", "instance": format!("ce{n}.example.org"),
                    "site": format!("SITE-{}", n % 300), "service": "ARC-CE", "severity": "critical",
                },
                "annotations": {"summary": crate::load::output(n)},
            })
        };
        serde_json::Value::from(numbers.map(alert).collect::<Vec<_>>()).to_string()
    }
}
