//! What is not done, because it does not come from the one who seems to ask for it.

use super::desk::{Desk, Got, SECRET};
use crate::web::Operators;
use alarm_core::time::HOUR;
use axum::http::HeaderName;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn a_form_of_another_site_is_not_taken() {
    let d = Desk::with_four().await;
    let (a1, token) = (d.target("a1"), d.token("ana"));
    let all = |token: &str| vec![("alarm".to_owned(), a1.clone()), ("token".to_owned(), token.to_owned())];
    let send = |token: &str, head: String| {
        let (d, fields) = (&d, all(token));
        async move {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            d.raw_form("switch-off", &fields, &head).await
        }
    };
    let cookie = d.cookie();
    // Another site's page: the browser says so, or sends no cookie, or there is no token in it.
    for head in [
        format!("{cookie}Sec-Fetch-Site: cross-site\r\n"),
        format!("{cookie}Sec-Fetch-Site: same-site\r\n"),
        format!("{cookie}Origin: http://evil.example\r\n"),
        format!("{cookie}Origin: null\r\n"),
        format!("{cookie}Origin: http://localhost:1\r\n"),
        String::new(),
        "Cookie: gridward_form=00000000000000000000000000000000\r\n".to_owned(),
        format!("{cookie}{cookie}"),
    ] {
        assert_eq!(send(&token, head.clone()).await.status, 403, "{head}");
    }
    for bad in ["", "00", &token[1..], &d.token("bob"), &format!("{token}0")] {
        let got = send(bad, cookie.clone()).await;
        assert_eq!(got.status, 403, "{bad}");
        got.shows(&["load the page anew"]);
    }
    let other = Desk::new().await;
    assert_eq!(send(&other.token("ana"), cookie.clone()).await.status, 403, "of another process");
    assert_eq!(d.hosts().len(), 4, "nothing was done");
    let own = format!("{cookie}Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n");
    assert_eq!(send(&token, own).await.status, 303);
}

#[tokio::test]
async fn the_cookie_is_random_and_out_of_the_reach_of_scripts_and_sites() {
    let d = Desk::new().await;
    let new = || d.send(b"GET /trail HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let (one, two) = (new().await, new().await);
    let ours =
        |got: &Got| got.headers("set-cookie").into_iter().find(|c| c.starts_with("gridward_form=")).map(str::to_owned);
    let cookie = ours(&one).unwrap();
    assert!(
        cookie.starts_with("gridward_form=") && cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"),
        "{cookie}"
    );
    assert_ne!(ours(&two).unwrap(), cookie);
    assert_eq!(ours(&d.get("/trail").await), None, "it is known already");
    let api = d.send(b"GET /api/v1/alarms HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(api.header("set-cookie").is_none(), "programs need none");
}

#[tokio::test]
async fn a_name_in_a_header_counts_only_when_it_is_configured() {
    let d = Desk::with_four().await;
    let (a1, cookie) = (d.target("a1"), d.cookie());
    let send = |who: &'static str, head: &'static str, what: &'static str| {
        let (d, a1, head, token) = (&d, a1.clone(), format!("{cookie}{head}"), d.token(who));
        async move { d.raw_form(what, &[("alarm", &a1), ("token", &token), ("text", "x")], &head).await }
    };
    // Spoofed: the configured name stands.
    let got = send("ana", "X-Remote-User: mallory\r\n", "note").await;
    assert_eq!(got.status, 303);
    d.follow(&got).await;
    assert_eq!(d.get("/api/v1/trail").await.json()["entries"][0]["who"], "ana");
    d.config.send_modify(|c| Arc::make_mut(c).operators = Operators::Nobody);
    let got = send("", "X-Remote-User: mallory\r\n", "note").await;
    assert_eq!(got.status, 403);
    got.shows(&["Who are you?", "operator = &#34;ROD of NGI_X&#34;", "[web]"]);
    let remote = HeaderName::from_static("x-remote-user");
    d.config.send_modify(|c| Arc::make_mut(c).operators = Operators::Header(remote));
    for head in ["", "X-Remote-User: \r\n", "X-Remote-User: a\r\nX-Remote-User: b\r\n", "X-Remote-User: a\tb\r\n"] {
        let got = send("", head, "note").await;
        assert_eq!(got.status, 403, "{head:?}");
    }
    // A form that was written for somebody else in the same browser is not sent in the new one's name.
    assert_eq!(send("ana", "X-Remote-User: carla\r\n", "note").await.status, 403);
    let got = send("carla", "X-Remote-User: carla\r\n", "note").await;
    assert_eq!(got.status, 303);
    let trail = d.get("/api/v1/trail?seq=99999").await.json();
    assert_eq!(trail["entries"][0]["who"], "carla");
    let json = json!({"action": "note", "on": {"site": "A"}, "text": "x"});
    let got = d.command(&json).await;
    assert!(got.status == 403 && got.body.contains("x-remote-user"), "{got:?}");
}

#[tokio::test]
async fn the_way_back_is_always_a_page_of_ours() {
    let d = Desk::with_four().await;
    for (i, back) in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/act/switch-off",
        "javascript:alert(1)",
        "/alarms/x\r\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie:a=b",
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("note {i}");
        let got = d.form("note", &[("site", "A"), ("text", &text), ("back", back)]).await;
        assert!(got.header("location").unwrap().starts_with("/?seq="), "{back}: {got:?}");
        assert!(got.header("set-cookie").is_none(), "{got:?}");
    }
    let got = d.form("note", &[("site", "A"), ("text", "y"), ("query", "q=a\r\nX: y")]).await;
    assert!(got.header("location").unwrap().starts_with("/?seq=") && got.header("x").is_none(), "{got:?}");
    let got = d.form("note", &[("site", "A"), ("text", "z"), ("back", "/sites/A")]).await;
    assert!(got.header("location").unwrap().starts_with("/sites/A?seq="));
}

#[tokio::test]
async fn nothing_changes_by_looking() {
    let d = Desk::with_four().await;
    for what in ["preview", "switch-off", "switch-on", "mask", "unmask", "cause", "note", "take-back"] {
        let got = d.get(&format!("/act/{what}?alarm={}&token={}", d.target("a1"), d.token("ana"))).await;
        assert_eq!(got.status, 405, "{what}");
    }
    assert_eq!(d.get("/api/v1/commands").await.status, 405);
    assert_eq!(d.form("destroy", &[]).await.status, 404);
    assert_eq!(d.hosts().len(), 4);
    // What the flash says was never in the address.
    let page = d.get("/trail?flash=%3Cb%3Eowned%3C/b%3E").await;
    assert!(!page.body.contains("owned"));
}

#[tokio::test]
async fn only_forms_and_json_are_taken_each_where_it_belongs() {
    let d = Desk::with_four().await;
    let (a1, token, cookie) = (d.target("a1"), d.token("ana"), d.cookie());
    let body = format!("alarm={a1}&token={token}");
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
        let got = d.post("/act/switch-off", kind, &body, &cookie).await;
        assert_eq!(got.status, 415, "{kind}");
    }
    let command = json!({"action": "switch-off", "alarms": [{"alarm": d.id("a1")}]}).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(d.post("/api/v1/commands", kind, &command, "").await.status, 415, "{kind}");
    }
    for head in ["Origin: http://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"] {
        assert_eq!(d.post("/api/v1/commands", "application/json", &command, head).await.status, 403, "{head}");
    }
    assert_eq!(d.hosts().len(), 4);
}

#[tokio::test]
async fn al17_nothing_can_be_done_to_what_nobody_may_see() {
    let d = Desk::with_four().await;
    d.see("A", "s1", SECRET, "CRITICAL", HOUR).await;
    // The id is found where only the program sees it.
    let all = d
        .state
        .readers
        .ask(|h| h.between(alarm_core::time::Timestamp(0), alarm_core::time::Timestamp(i64::MAX), u64::MAX, 1000, 0))
        .await;
    let raised =
        all.unwrap().into_iter().rev().find(|r| r.record.events.contains("raised") && r.record.events.contains(SECRET));
    let events: serde_json::Value = serde_json::from_str(&raised.unwrap().record.events).unwrap();
    let id =
        events.as_array().unwrap().iter().find(|e| e["event"] == "raised").unwrap()["id"].as_str().unwrap().to_owned();
    let secret = format!("{id}:0");
    for (what, fields) in [
        ("switch-off", vec![("alarm", secret.as_str()), ("reason", "duplicate")]),
        ("note", vec![("alarm", &secret), ("text", "x")]),
        ("cause", vec![("alarm", &secret), ("kind", "network"), ("text", "x")]),
        ("unmask", vec![("alarm", &secret)]),
    ] {
        let got = d.form(what, &fields).await;
        assert_eq!(got.status, 409, "{what}: {got:?}");
        assert!(!got.body.contains("s1") && !got.body.contains(SECRET), "{what}");
    }
    let page = d.form("preview", &[("do", "switch-off"), ("alarm", &secret)]).await;
    assert!(!page.body.contains("s1") && !page.body.contains(SECRET), "{page:?}");
    let got = d.command(&json!({"action": "switch-off", "alarms": [{"alarm": id}], "reason": "duplicate"})).await;
    assert!(got.status == 409 && !got.body.contains(SECRET), "{got:?}");
    assert_eq!(d.get("/api/v1/trail").await.json()["entries"].as_array().unwrap().len(), 0);
}
