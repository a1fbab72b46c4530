//! The pages and the interface as somebody meets them: over a connection, on a state that the engine made.

use super::samples::{self, Ends, NOW};
use super::{bind, router, serve};
use crate::intake::Answer;
use crate::soundness::Soundness;
use crate::view::NotStored;
use alarm_core::input::SourceHealth;
use alarm_core::time::DAY;
use alarm_core::topology::{DowntimeWindow, Severity};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A served sample.
pub(super) struct Served {
    pub(super) address: String,
    pub(super) ends: Ends,
    pub(super) state: super::WebState,
    now: Arc<std::sync::atomic::AtomicI64>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Got {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

impl Served {
    pub(super) async fn new(n: usize, secret: bool) -> Self {
        let (mut state, ends) = samples::state(n, secret);
        let now = Arc::new(std::sync::atomic::AtomicI64::new(NOW.0));
        let clock = now.clone();
        state.clock = Arc::new(move || alarm_core::time::Timestamp(clock.load(std::sync::atomic::Ordering::Relaxed)));
        let listening = bind("127.0.0.1:0").unwrap();
        let address = listening.to_string().trim_start_matches("http://").to_owned();
        tokio::spawn(serve(listening, router(state.clone()), std::future::pending()));
        Served { address, ends, state, now }
    }

    pub(super) async fn send(&self, request: String) -> Got {
        let mut stream = tokio::net::TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Got { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(super) async fn get(&self, path: &str) -> Got {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n"))
            .await
    }

    /// How many bytes the body of the answer has as it is sent.
    pub(super) async fn size(&self, request: String) -> usize {
        let mut stream = tokio::net::TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        assert!(bytes[..end].to_ascii_lowercase().windows(22).any(|w| w == b"content-encoding: gzip"));
        bytes.len() - end
    }

    /// Sets the time.
    pub(super) fn clock(&self, now: alarm_core::time::Timestamp) {
        self.now.store(now.0, std::sync::atomic::Ordering::Relaxed);
    }

    async fn post(&self, body: &str, more: &str) -> Got {
        let length = body.len();
        self.send(format!(
            "POST /api/v1/observations HTTP/1.1\r\nHost: localhost:8620\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }
}

const JSON: &str = "Content-Type: application/json\r\n";
const UP: &str = r#"[{"source":"cron-1","sequence":1,"host":"h","state":"DOWN"}]"#;

#[tokio::test]
async fn the_list_shows_what_stands_and_guards_it() {
    let s = Served::new(60, false).await;
    let page = s.get("/").await;
    assert_eq!(page.status, 200);
    for header in [
        "content-security-policy: default-src 'none'; style-src 'self'",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
        "cache-control: no-store",
    ] {
        assert!(page.head.contains(header), "{header}: {}", page.head);
    }
    assert!(page.body.contains("<html lang=\"en\">") && page.body.contains("class=\"skip\""));
    assert!(page.body.contains("nagios-a <b>4 s</b>"), "freshness");
    assert!(!page.body.contains("role=\"alert\""), "all is well");
    assert!(!page.body.contains("style=\"") && !page.body.contains("<script>"), "the policy forbids both");
    assert_eq!(page.body.matches("<script").count(), 1, "the one of ours, from a file");
    // The style sheet is where the page says, for ever.
    let style = page.body.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let css = s.get(style).await;
    assert!(css.status == 200 && css.head.contains("immutable") && css.head.contains("text/css"));
    assert_eq!(s.get("/static/app-0000.css").await.status, 404);
}

#[tokio::test]
async fn an_empty_board_says_that_it_is_empty() {
    let s = Served::new(0, false).await;
    let page = s.get("/").await;
    assert!(page.body.contains("No alarms") && page.body.contains("Every source is up to date"));
    assert!(s.get("/?site=X").await.body.contains("No alarm fits this filter"));
}

#[tokio::test]
async fn sources_that_are_not_fresh_and_a_store_that_does_not_store_are_loud() {
    let s = Served::new(10, false).await;
    s.ends.view.send_modify(|v| {
        let v = Arc::make_mut(v);
        v.monitors.get_mut("nagios-b").unwrap().health = SourceHealth::Silent;
        v.monitors.get_mut("nagios-b").unwrap().detail = "no line for 9 h".into();
        v.not_stored = Some(NotStored { since: NOW, reason: "no space left".into() });
    });
    for path in ["/", "/sources", "/audit", "/nowhere"] {
        let page = s.get(path).await;
        assert!(page.body.contains("Nothing is stored since 2026-11-22 12:00:00 UTC"), "{path}");
        assert!(page.body.contains("no space left") && page.body.contains("new failures are not seen"), "{path}");
        assert!(page.body.contains("no line for 9 h"), "{path}");
    }
    let list = s.get("/api/v1/alarms").await.json();
    assert_eq!(list["not_stored"]["reason"], "no space left");
    let ready = s.get("/ready").await;
    assert_eq!((ready.status, ready.json()["ready"].as_bool()), (503, Some(false)));
    assert!(ready.json()["reasons"][0].as_str().unwrap().contains("no space left"));
    assert_eq!(s.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_damaged_store_is_loud_and_says_what_to_do() {
    let s = Served::new(10, false).await;
    let page = s.get("/sources").await;
    assert!(!page.body.contains("The store is damaged") && page.body.contains("not yet in this run"));
    assert_eq!(s.get("/health").await.json()["store"], serde_json::Value::Null);
    let found = |damage: &[&str]| {
        let damage = damage.iter().map(|d| (*d).to_owned()).collect();
        s.ends.soundness.send_replace(Some(Arc::new(Soundness { at: NOW, whole: true, damage })));
    };
    found(&["record 77 <b> does not match its checksum"]);
    for path in ["/", "/sources", "/audit", "/nowhere"] {
        let page = s.get(path).await;
        assert!(page.body.contains("The store is damaged") && page.body.contains("check-store"), "{path}");
        assert!(page.body.contains("record 77 &#60;b&#62; does not match"), "{path}");
    }
    let health = s.get("/health").await;
    assert_eq!((health.status, health.json()["store"]["sound"].as_bool()), (200, Some(false)));
    assert!(health.json()["store"]["remedy"].as_str().unwrap().contains("restore the last backup"));
    found(&[]);
    assert!(!s.get("/").await.body.contains("damaged"));
    assert!(s.get("/sources").await.body.contains("all of it, on 2026-11-22 12:00:00 UTC: sound"));
    assert_eq!(s.get("/health").await.json()["store"]["sound"], true);
}

#[tokio::test]
async fn filters_paging_and_order_agree_between_page_and_interface() {
    let s = Served::new(300, false).await;
    let all = s.get("/api/v1/alarms").await.json();
    let alarms = all["alarms"].as_array().unwrap();
    assert_eq!((alarms.len(), all["total"].as_u64()), (300, Some(300)));
    let count = |f: &dyn Fn(&serde_json::Value) -> bool| alarms.iter().filter(|a| f(a)).count();
    let cases: [(&str, usize); 9] = [
        ("site=site-alpha", count(&|a| a["site"] == "SITE-ALPHA")),
        ("site=SITE-*", count(&|a| a["site"].as_str().unwrap().starts_with("SITE-"))),
        ("state=WARNING&state=UNKNOWN", count(&|a| a["state"] == "WARNING" || a["state"] == "UNKNOWN")),
        ("state=good", count(&|a| a["state"] == "OK")),
        ("band=overdue", count(&|a| a["band"] == "overdue")),
        ("ngi=NGI_UK&service_type=SRM", count(&|a| a["ngi"] == "NGI_UK" && a["service_type"] == "SRM")),
        ("flag=acknowledged", count(&|a| a["flags"].as_array().unwrap().iter().any(|f| f == "acknowledged"))),
        (
            "q=certificate+srm2",
            count(&|a| {
                a["metric"] == "hr.srce.SRM2-CertLifetime" && a["output"].as_str().unwrap().contains("certificate")
            }),
        ),
        ("masked=only", count(&|a| !a["masked_by"].is_null())),
    ];
    for (query, expected) in cases {
        assert!(expected > 0, "{query} tests nothing");
        let found = s.get(&format!("/api/v1/alarms?{query}")).await.json();
        assert_eq!(found["alarms"].as_array().unwrap().len(), expected, "{query}");
        let page = s.get(&format!("/?{query}&masked=show&limit=1000")).await;
        if !query.starts_with("masked") {
            assert_eq!(page.body.matches("<tr class=\"row").count(), expected, "{query}");
        }
    }
    let by_age = s.get("/api/v1/alarms?sort=age&limit=7&page=3").await.json();
    let mut ages: Vec<i64> = alarms.iter().map(|a| a["age"].as_i64().unwrap()).collect();
    ages.sort_by(|a, b| b.cmp(a));
    let got: Vec<i64> = by_age["alarms"].as_array().unwrap().iter().map(|a| a["age"].as_i64().unwrap()).collect();
    assert_eq!(got, ages[14..21]);
    assert_eq!(by_age["pages"], 43);
    let first = s.get("/").await;
    assert_eq!(first.body.matches("<tr class=\"row").count(), 100);
    assert!(first.body.contains("rel=\"next\" href=\"/?page=2\"") && first.body.contains("page 1 of 3"));
    assert!(first.body.contains("folded under another"));
    let last = s.get("/?page=99").await;
    assert!(last.body.contains("page 3 of 3") && !last.body.contains("rel=\"next\""));
    let wrong = s.get("/?state=bad&q=x").await;
    assert!(wrong.body.contains("Left out of the filter") && wrong.body.contains("&#39;bad&#39;"), "{}", wrong.body);
    let wrong = s.get("/api/v1/alarms?colour=red").await;
    assert!(wrong.status == 400 && wrong.head.contains("application/problem+json"));
    assert_eq!(wrong.json()["errors"][0]["field"], "colour");
}

#[tokio::test]
async fn details_tell_everything() {
    let s = Served::new(120, false).await;
    let list = s.get("/api/v1/alarms?flag=acknowledged&state=problem").await.json();
    let id = list["alarms"][0]["id"].as_str().unwrap().to_owned();
    let page = s.get(&format!("/alarms/{id}")).await;
    assert_eq!(page.status, 200);
    for part in [
        "seen, waiting for the vendor",
        "it is acknowledged in the monitor",
        "History of hard states",
        "An alarm was raised",
        "What each monitor says",
        "Others on this host",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let api = s.get(&format!("/api/v1/alarms/{id}")).await.json();
    assert_eq!(api["alarm"]["id"], id.as_str());
    assert!(!api["said"].as_array().unwrap().is_empty() && !api["history"].as_array().unwrap().is_empty());
    let why = s.get(&format!("/api/v1/alarms/{id}/explain")).await.json();
    assert!(why["steps"].as_array().unwrap().len() >= 2, "{why}");
    for missing in ["ffffffffffffffff", "x", "%00", "..%2f"] {
        assert_eq!(s.get(&format!("/alarms/{missing}")).await.status, 404, "{missing}");
        let api = s.get(&format!("/api/v1/alarms/{missing}")).await;
        assert!(api.status == 404 && api.head.contains("problem+json"), "{missing}");
    }
}

#[tokio::test]
async fn al13_an_alarms_page_says_that_its_site_is_out_for_long() {
    let s = Served::new(40, false).await;
    let one = s.get("/api/v1/alarms?limit=1").await.json()["alarms"][0].clone();
    let (id, site) = (one["id"].as_str().unwrap(), one["site"].as_str().unwrap());
    let details = s.get(&format!("/api/v1/alarms/{id}")).await.json();
    assert!(details["site_outage"].is_null(), "{details}");
    for (days, advised) in [(20, false), (40, true)] {
        s.ends.view.send_modify(|v| {
            let v = Arc::make_mut(v);
            let topology = v.topology.clone().unwrap();
            let downtimes = Arc::make_mut(&mut v.downtimes);
            for (host, types) in &topology.endpoints {
                for (service_type, _) in types.iter().filter(|(_, e)| *e.site == *site) {
                    let window = DowntimeWindow {
                        id: "1".into(),
                        severity: Severity::Outage,
                        scheduled: true,
                        start: NOW.plus(-10 * DAY),
                        end: NOW.plus((days - 10) * DAY),
                        declared: NOW,
                        description: "moving".into(),
                        endpoints: Vec::new(),
                    };
                    let windows = downtimes.windows.entry(host.clone()).or_default();
                    windows.insert(service_type.clone(), vec![window]);
                }
            }
        });
        let out = s.get(&format!("/api/v1/alarms/{id}")).await.json()["site_outage"].clone();
        assert_eq!(out["since"], (NOW.0 - 10 * DAY) / 1000);
        assert_eq!(out["advises_to_uncertify"], advised);
        let page = s.get(&format!("/alarms/{id}")).await;
        assert!(page.body.contains("The site as a whole is in an outage from 2026-11-12"), "{}", page.body);
        assert_eq!(page.body.contains("advised to be uncertified"), advised);
    }
}

#[tokio::test]
async fn closed_alarms_are_found_by_their_id() {
    let s = Served::new(20, false).await;
    let (closed, _) = s.ends.closed.clone().unwrap();
    let page = s.get(&format!("/alarms/{closed}")).await;
    assert!(page.status == 200 && page.body.contains("Not on the board"), "{}", page.body);
    assert!(s.get(&format!("/api/v1/alarms/{closed}")).await.json()["closed_at"].is_number());
}

#[tokio::test]
async fn al17_security_matters_are_nowhere() {
    let s = Served::new(40, true).await;
    let secret = s.ends.secret.clone().unwrap();
    let (_, closed_secret) = s.ends.closed.clone().unwrap();
    for path in [
        "/",
        "/?limit=1000&masked=show",
        "/?q=secret",
        "/?group=metric&columns=output,ngi",
        "/api/v1/alarms",
        "/alarms.csv",
        "/alarms.txt",
        "/sources",
        "/metrics",
        "/audit",
    ] {
        let page = s.get(path).await;
        for word in [&*secret, "SECRET-7", "WN-Pakiti"] {
            assert!(!page.body.contains(word), "{path} shows {word}");
        }
    }
    assert_eq!(s.get("/api/v1/alarms").await.json()["total"], 40);
    for id in [&*secret, &closed_secret] {
        for path in ["/alarms/ID", "/api/v1/alarms/ID", "/api/v1/alarms/ID/explain"] {
            assert_eq!(s.get(&path.replace("ID", id)).await.status, 404, "{path}");
        }
    }
    let host = s.get("/api/v1/alarms?limit=40").await.json();
    for alarm in host["alarms"].as_array().unwrap() {
        let page = s.get(&format!("/alarms/{}", alarm["id"].as_str().unwrap())).await;
        assert!(!page.body.contains("Pakiti") && !page.body.contains(&*secret));
    }
}

#[tokio::test]
async fn hostile_output_is_shown_and_never_acts() {
    let s = Served::new(120, false).await;
    let list = s.get("/api/v1/alarms?q=txet").await.json();
    let id = list["alarms"][0]["id"].as_str().unwrap().to_owned();
    for path in ["/?q=txet".to_owned(), format!("/alarms/{id}")] {
        let page = s.get(&path).await;
        assert!(page.body.contains("\\x1b[31mred") && page.body.contains("\\u{202e}txet"), "{path}");
        assert!(page.body.contains("&#60;script&#62;"), "{path}");
        for bad in ["\u{1b}", "\u{202e}", "<script>", "<b>bold"] {
            assert!(!page.body.contains(bad), "{path}: {bad:?}");
        }
    }
    let page = s.get("/?q=%3Cscript%3E%1b%22&site=%22onfocus%3D").await;
    assert!(
        !page.body.contains("<script>") && !page.body.contains("\"\"onfocus"),
        "what was asked for comes back escaped"
    );
}

#[tokio::test]
async fn only_known_hosts_are_answered() {
    let s = Served::new(1, false).await;
    let ask = |host: &str| s.send(format!("GET / HTTP/1.1\r\n{host}Connection: close\r\n\r\n"));
    assert_eq!(ask("Host: evil.example\r\n").await.status, 421);
    assert_eq!(ask("Host: evil.example:8620\r\n").await.status, 421);
    assert_eq!(ask("").await.status, 400);
    assert_eq!(ask("Host: [::1]:8620\r\n").await.status, 200);
    assert_eq!(ask("Host: rod.example.org\r\n").await.status, 421);
    s.ends.config.send_modify(|c| {
        Arc::make_mut(c).allowed_hosts.insert("rod.example.org".into());
    });
    assert_eq!(ask("Host: rod.example.org\r\n").await.status, 200);
    let large = format!("Host: localhost\r\nCookie: {}\r\n", "x".repeat(20_000));
    assert_eq!(ask(&large).await.status, 431);
    assert_eq!(s.send("DELETE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".into()).await.status, 405);
}

#[tokio::test]
async fn observations_are_answered_after_the_commit() {
    let mut s = Served::new(0, false).await;
    let mut outlet = std::mem::replace(&mut s.ends.outlet, crate::intake::channel().1);
    let answers = [Answer::stored(77), Answer::NotStored { since: NOW, reason: "no space left".into() }];
    let engine = tokio::spawn(async move {
        for answer in answers {
            let asked = outlet.observations.recv().await.unwrap();
            assert_eq!(asked.inputs.len(), 1);
            asked.answer.send(answer).unwrap();
        }
    });
    let got = s.post(UP, JSON).await;
    assert_eq!((got.status, got.body.as_str()), (200, r#"{"seq":77,"taken":1}"#));
    let got = s.post(UP, JSON).await;
    assert!(got.status == 503 && got.head.contains("retry-after: 5"), "{got:?}");
    assert!(got.json()["detail"].as_str().unwrap().contains("no space left"));
    engine.await.unwrap();
    // The engine's end is gone now.
    let got = s.post(UP, JSON).await;
    assert!(got.status == 503 && got.head.contains("problem+json"), "{got:?}");
    assert_eq!(s.post("[]", JSON).await.status, 200);
}

#[tokio::test]
async fn whoever_asks_with_a_seq_sees_what_was_stored_under_it() {
    let s = Served::new(3, false).await;
    let seq = |got: Got| got.json()["seq"].as_u64().unwrap();
    let now = seq(s.get("/api/v1/alarms").await);
    assert_eq!(seq(s.get(&format!("/api/v1/alarms?seq={now}")).await), now);
    // Nobody shows it: after a while it is answered from what there is.
    let later = format!("/api/v1/alarms?seq={}", now + 5);
    let begun = std::time::Instant::now();
    assert_eq!(seq(s.get(&later).await), now);
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "it waits");
    let show = async { s.ends.view.send_modify(|v| Arc::make_mut(v).seq = now + 5) };
    assert_eq!(seq(tokio::join!(s.get(&later), show).0), now + 5);
    assert_eq!(s.get(&format!("/?seq={now}")).await.status, 200);
    assert_eq!(s.get("/api/v1/alarms?seq=x").await.status, 400);
}

#[tokio::test]
async fn what_cannot_be_taken_is_said_and_nothing_is_taken() {
    let s = Served::new(0, false).await;
    let got = s.post(r#"[{"source":"cron-1","sequence":1,"host":"h","state":"UP"},{"source":"cron-1"}]"#, JSON).await;
    assert_eq!(got.status, 422, "{got:?}");
    let problem = got.json();
    assert_eq!(
        (problem["errors"][0]["index"].as_u64(), problem["errors"][0]["field"].as_str()),
        (Some(1), Some("sequence"))
    );
    assert_eq!(s.post("[{", JSON).await.status, 400);
    assert_eq!(s.post(UP, "").await.status, 415);
    assert_eq!(s.post(UP, "Content-Type: text/plain\r\n").await.status, 415);
    let big = format!("[{}]", " ".repeat(1 << 20));
    assert_eq!(s.post(&big, JSON).await.status, 413);
    let unknown = UP.replace("cron-1", "somebody");
    assert!(s.post(&unknown, JSON).await.json()["detail"].as_str().unwrap().contains("http.sources"));
    for forged in ["Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(s.post(UP, &format!("{JSON}{forged}")).await.status, 403, "{forged}");
    }
    let own = format!("{JSON}Origin: http://localhost:8620\r\nSec-Fetch-Site: same-origin\r\n");
    assert_eq!(s.post("[]", &own).await.status, 200);
}

#[tokio::test]
async fn the_audit_has_its_page() {
    let s = Served::new(3, false).await;
    assert!(s.get("/audit").await.body.contains("No check has been made yet"));
    s.ends.audit.send_replace(Some(Arc::new(samples::audit_report())));
    let page = s.get("/audit").await;
    assert!(page.body.contains("no alarm stood then") && page.body.contains("0.18 %"), "{}", page.body);
}
