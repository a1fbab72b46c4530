//! A desk to act at: the pages over a connection, a real keeper and a store behind them.

use crate::clock::Clock;
use crate::intake;
use crate::keeper::documents::Paper;
use crate::keeper::news::News;
use crate::keeper::{Ends, Keeper};
use crate::metrics::Metrics;
use crate::store::MemoryStore;
use crate::view::View;
use crate::web::act::secret::Browser;
use crate::web::{Acts, Operators, Readers, WebConfig, WebState, bind, router, serve};
use alarm_core::document::Document;
use alarm_core::engine::Engine;
use alarm_core::profile::{MetricSettings, Profile, Profiles};
use alarm_core::settings::Settings;
use alarm_core::time::{HOUR, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};

/// The metric whose alarms nobody may see (AL17).
pub(super) const SECRET: &str = "eu.egi.sec.Pakiti";

/// Everything of it.
pub(super) struct Desk {
    address: String,
    pub(super) state: WebState,
    pub(super) config: watch::Sender<Arc<WebConfig>>,
    pub(super) behind: Arc<Mutex<Vec<String>>>,
    browser: Browser,
    sequence: std::sync::atomic::AtomicU64,
    _news: mpsc::Sender<News>,
    _stop: oneshot::Sender<()>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }

    pub(super) fn headers(&self, name: &str) -> Vec<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// All values of a field of the page's forms.
    pub(super) fn fields(&self, name: &str) -> Vec<String> {
        let start = format!("name=\"{name}\" value=\"");
        self.body.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    }

    #[track_caller]
    pub(super) fn shows(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.body.contains(part), "nothing of {part:?} in {}: {}", self.status, self.body);
        }
    }
}

impl Desk {
    pub(super) async fn new() -> Desk {
        let (store, engine) = (MemoryStore::new(), Engine::new());
        let history = store.history();
        let (view, shown) = watch::channel(Arc::new(View::default()));
        let metrics = Arc::new(Metrics::new());
        let mut keeper = Keeper::new(engine, Box::new(store), view, metrics.clone(), Arc::default());
        let settings = Arc::new(Settings::default());
        let secret = MetricSettings { security: true, ..MetricSettings::default() };
        let family = MetricSettings { mask_family: Some("accounting".into()), ..MetricSettings::default() };
        let everything = Profile {
            name: "EVERYTHING".into(),
            vo: "ops".into(),
            service_types: [("*".into(), vec!["*".into()])].into(),
            metrics: [(SECRET.into(), secret), ("org.apel.Pub".into(), family)].into(),
            ..Profile::default()
        };
        let profiles = [(everything.name.clone(), everything)].into();
        let profiles = Arc::new(Profiles { operators: "EVERYTHING".into(), profiles });
        let papers = [
            Paper::new("settings", &*settings, Document::Settings(settings.clone())),
            Paper::new("profiles", &*profiles, Document::Profiles(profiles.clone())),
        ];
        keeper.take_first(papers.map(|paper| News::Paper { about: "".into(), paper }).into());
        let (intake, outlet) = intake::channel();
        let (news, incoming) = mpsc::channel(8);
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(keeper.run(Ends { outlet, news: incoming, stop: stopped }));
        let config = WebConfig {
            open_sources: true,
            operators: Operators::Name("ana".into()),
            http_sources: BTreeSet::new(),
            ..WebConfig::default()
        };
        let (config, config_now) = watch::channel(Arc::new(config));
        let behind: Arc<Mutex<Vec<String>>> = Arc::default();
        let (clock, waits) = (Mutex::new(Clock::start()), behind.clone());
        let state = WebState {
            view: shown,
            audit: watch::channel(None).1,
            soundness: watch::channel(None).1,
            intake,
            readers: Arc::new(Readers::new(Arc::new(move || Ok(Box::new(history.clone()))))),
            clock: Arc::new(move || clock.lock().unwrap().now().at),
            metrics,
            config: config_now,
            waiting_for: Arc::new(move || waits.lock().unwrap().clone()),
            cache: Arc::default(),
            acts: Arc::new(Acts::default()),
        };
        let listening = bind("127.0.0.1:0").unwrap();
        let address = listening.to_string().trim_start_matches("http://").to_owned();
        tokio::spawn(serve(listening, router(state.clone()), std::future::pending()));
        Desk {
            address,
            state,
            config,
            behind,
            browser: Browser::new().unwrap(),
            sequence: 1.into(),
            _news: news,
            _stop: stop,
        }
    }

    /// The same desk in another browser, where another one works.
    pub(super) fn operator(&self, name: &str) {
        self.config.send_modify(|c| Arc::make_mut(c).operators = Operators::Name(name.into()));
    }

    pub(super) async fn send(&self, request: &[u8]) -> Got {
        let mut stream = tokio::net::TcpStream::connect(&self.address).await.unwrap();
        // What is refused for its size may be closed before all of it was read.
        let _refused = stream.write_all(request).await;
        let mut bytes = Vec::new();
        let _reset = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Got { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(super) fn cookie(&self) -> String {
        format!("Cookie: other=1; gridward_form={}\r\n", self.browser.value())
    }

    pub(super) fn token(&self, who: &str) -> String {
        self.state.acts.secret.as_ref().unwrap().token(&self.browser, who)
    }

    pub(super) async fn get(&self, path: &str) -> Got {
        let cookie = self.cookie();
        let text =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n{cookie}Connection: close\r\n\r\n");
        self.send(text.as_bytes()).await
    }

    /// A form of a page of ours, sent by the operator at the desk.
    pub(super) async fn form(&self, what: &str, fields: &[(&str, &str)]) -> Got {
        let who = match &self.config.borrow().operators {
            Operators::Name(name) => name.to_string(),
            _ => String::new(),
        };
        let token = self.token(&who);
        let mut all = fields.to_vec();
        all.push(("token", &token));
        self.raw_form(what, &all, &self.cookie()).await
    }

    pub(super) async fn raw_form(&self, what: &str, fields: &[(&str, &str)], head: &str) -> Got {
        let enc = super::super::words::encoded;
        let pairs: Vec<String> = fields.iter().map(|(n, v)| format!("{n}={}", enc(v))).collect();
        self.post(&format!("/act/{what}"), "application/x-www-form-urlencoded", &pairs.join("&"), head).await
    }

    pub(super) async fn post(&self, path: &str, kind: &str, body: &str, head: &str) -> Got {
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\n{head}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(text.as_bytes()).await
    }

    pub(super) async fn command(&self, body: &Value) -> Got {
        self.post("/api/v1/commands", "application/json", &body.to_string(), "").await
    }

    /// A service of a site is seen in a state, since so long.
    pub(super) async fn see(&self, site: &str, host: &str, service: &str, state: &str, ago: i64) {
        let sequence = self.sequence.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let since = (self.now().0 - ago) / 1000;
        let one = json!([{"source": "cron", "sequence": sequence, "host": host, "service": service, "site": site,
            "service_type": "CE", "state": state, "since": since, "output": format!("{state} says <b>{host}</b>")}]);
        let got = self.post("/api/v1/observations", "application/json", &one.to_string(), "").await;
        assert_eq!(got.status, 200, "{got:?}");
        let seq = got.json()["seq"].as_u64().unwrap();
        self.state.view.clone().wait_for(|v| v.seq >= seq).await.unwrap();
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.state.clock)()
    }

    /// An alarm on the board: `ID:VERSION`.
    pub(super) fn target(&self, host: &str) -> String {
        let view = self.state.view.borrow().clone();
        let alarm = view.alarms().find(|a| &*a.key.host == host).unwrap_or_else(|| panic!("no alarm of {host}"));
        format!("{}:{}", alarm.id, alarm.version)
    }

    pub(super) fn id(&self, host: &str) -> String {
        self.target(host).split(':').next().unwrap().to_owned()
    }

    /// Follows an answer that sends the browser on, and gives the page that it ends on.
    pub(super) async fn follow(&self, got: &Got) -> Got {
        assert_eq!(got.status, 303, "{got:?}");
        let page = self.get(got.header("location").unwrap()).await;
        assert_eq!(page.status, 200, "{page:?}");
        page
    }

    /// The alarms on the board, by host.
    pub(super) fn hosts(&self) -> Vec<String> {
        let view = self.state.view.borrow().clone();
        let mut hosts: Vec<String> = view.alarms().map(|a| a.key.host.to_string()).collect();
        hosts.sort();
        hosts
    }

    /// Two that are OK and two that are not, of two sites.
    pub(super) async fn with_four() -> Desk {
        let desk = Desk::new().await;
        for (site, host, ago) in
            [("A", "a1", 20 * HOUR), ("A", "a2", 15 * HOUR), ("A", "a3", 10 * HOUR), ("B", "b1", HOUR)]
        {
            desk.see(site, host, "m", "CRITICAL", ago).await;
        }
        desk.see("A", "a1", "m", "OK", HOUR).await;
        desk.see("A", "a2", "m", "OK", HOUR).await;
        assert_eq!(desk.hosts(), ["a1", "a2", "a3", "b1"]);
        desk
    }
}
