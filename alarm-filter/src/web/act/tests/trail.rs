//! Who did what, on the page and as JSON, commands of programs, and the description of the interface.

use super::desk::Desk;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn the_trail_says_who_did_what_and_is_asked_for_by_name_subject_and_page() {
    let d = Desk::with_four().await;
    for (i, who) in ["ana", "bob", "Carla Ana", "bob", "ana"].into_iter().enumerate() {
        d.operator(who);
        let got = d.form("note", &[("alarm", &d.target(["a1", "b1"][i % 2])), ("text", &format!("note {i}"))]).await;
        d.follow(&got).await;
    }
    let all = d.get("/api/v1/trail").await.json();
    let texts = |v: &Value| -> Vec<String> {
        v["entries"].as_array().unwrap().iter().map(|e| e["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&all), ["note 4", "note 3", "note 2", "note 1", "note 0"]);
    let one = &all["entries"][0];
    assert_eq!(
        (one["who"].as_str(), one["action"].as_str(), one["alarms"].as_u64()),
        (Some("ana"), Some("note"), Some(1))
    );
    assert_eq!((one["alarm"].as_str(), one["sites"][0].as_str()), (Some(&*d.id("a1")), Some("A")));
    assert_eq!(one["can_take_back"], true);
    assert_eq!(texts(&d.get("/api/v1/trail?who=ANA").await.json()), ["note 4", "note 2", "note 0"]);
    let b1 = format!("/api/v1/trail?subject={}", d.id("b1"));
    assert_eq!(texts(&d.get(&b1).await.json()), ["note 3", "note 1"]);
    assert_eq!(texts(&d.get("/api/v1/trail?subject=site/B&who=bob").await.json()), ["note 3", "note 1"]);
    let first = d.get("/api/v1/trail?limit=2").await.json();
    let next = first["next"].as_u64().unwrap();
    let second = d.get(&format!("/api/v1/trail?limit=2&before={next}")).await.json();
    assert_eq!(
        (texts(&first), texts(&second)),
        (vec!["note 4".into(), "note 3".into()], vec!["note 2".into(), "note 1".into()])
    );
    let third = d.get(&format!("/api/v1/trail?limit=2&before={}", second["next"])).await.json();
    assert_eq!((texts(&third), third["next"].is_null()), (vec!["note 0".to_owned()], true));
    for bad in ["limit=0", "limit=x", "before=-1", "colour=red", "seq=x"] {
        let got = d.get(&format!("/api/v1/trail?{bad}")).await;
        assert!(got.status == 400 && got.json()["errors"][0]["field"] == bad.split('=').next().unwrap(), "{got:?}");
    }
    let page = d.get("/trail?who=bob").await;
    page.shows(&[
        "Who did what",
        "wrote a note on",
        "m on b1",
        "note 1",
        "note 3",
        "Take back",
        "aria-current=\"page\"",
    ]);
    assert!(!page.body.contains("note 0"));
    let page = d.get("/trail?limit=2&who=%3Cb%3E").await;
    page.shows(&["&#60;b&#62;", "Nothing was done that fits this filter"]);
    d.get("/trail?limit=2").await.shows(&["rel=\"next\" href=\"/trail?before="]);
}

#[tokio::test]
async fn what_was_done_is_taken_back_from_the_trail_as_long_as_nobody_touched_it_since() {
    let d = Desk::with_four().await;
    let mask =
        d.form("mask", &[("alarm", &d.target("a3")), ("alarm", &d.target("a2")), ("leader", &d.target("a3"))]).await;
    d.follow(&mask).await;
    let seq = d.get("/api/v1/trail").await.json()["entries"][0]["seq"].to_string();
    let back = d.form("take-back", &[("seq", &seq), ("back", "/trail")]).await;
    assert!(back.header("location").unwrap().starts_with("/trail?seq="));
    d.follow(&back).await.shows(&["Taken back. No longer masked: m on a2.", "unmasked"]);
    // Somebody wrote on it since: it stays as it is.
    let mask = d.form("mask", &[("alarm", &d.target("a2")), ("leader", &d.target("a3"))]).await;
    d.follow(&mask).await;
    let seq = d.get("/api/v1/trail").await.json()["entries"][0]["seq"].to_string();
    d.operator("bob");
    let note = d.form("note", &[("alarm", &d.target("a2")), ("text", "x")]).await;
    d.follow(&note).await;
    let entries = d.get("/api/v1/trail").await.json()["entries"].clone();
    assert_eq!((entries[1]["action"].as_str(), entries[1]["can_take_back"].as_bool()), (Some("mask"), Some(false)));
    let late = d.form("take-back", &[("seq", &seq)]).await;
    assert_eq!(late.status, 409);
    late.shows(&["bob wrote a note on it since"]);
}

#[tokio::test]
async fn what_was_done_to_several_is_taken_back_from_each_that_nobody_touched_since() {
    let d = Desk::with_four().await;
    let off = d.form("switch-off", &[("alarm", &d.target("a1")), ("alarm", &d.target("a2"))]).await;
    let page = d.follow(&off).await;
    page.shows(&["Switched off: 2 alarms."]);
    assert_eq!(d.hosts(), ["a3", "b1"]);
    // What the answer says is the last record of it; what the trail says is the first.
    let undo = d.form("take-back", &[("seq", &page.fields("seq")[0]), ("form", &page.fields("form")[0])]).await;
    d.follow(&undo).await.shows(&["Taken back. Back on the board: 2 alarms."]);
    assert_eq!(d.hosts(), ["a1", "a2", "a3", "b1"]);
    let (a1, a2, a3) = (d.target("a1"), d.target("a2"), d.target("a3"));
    d.follow(&d.form("mask", &[("alarm", &a1), ("alarm", &a2), ("leader", &a3)]).await).await;
    d.operator("bob");
    d.follow(&d.form("note", &[("alarm", &d.target("a1")), ("text", "x")]).await).await;
    let entries = d.get("/api/v1/trail").await.json()["entries"].clone();
    assert_eq!((&entries[1]["action"], &entries[1]["can_take_back"]), (&json!("mask"), &json!(true)));
    let undo = d.form("take-back", &[("seq", &entries[1]["seq"].to_string())]).await;
    let page = d.follow(&undo).await;
    page.shows(&["Taken back. No longer masked: m on a2. Not done to 1:", "bob wrote a note on it since"]);
    let view = d.state.view.borrow().clone();
    assert!(
        view.alarm(&d.id("a1")).unwrap().masked_by.is_some() && view.alarm(&d.id("a2")).unwrap().masked_by.is_none()
    );
    // Another record, of an observation, is no command's.
    d.see("A", "a1", "m", "WARNING", 0).await;
    let seq = d.state.view.borrow().seq.to_string();
    assert_eq!(d.form("take-back", &[("seq", &seq)]).await.status, 409);
}

#[tokio::test]
async fn programs_do_the_same_with_json() {
    let d = Desk::with_four().await;
    let target = |host: &str| {
        let t = d.target(host);
        let (id, version) = t.split_once(':').unwrap();
        json!({"alarm": id, "version": version.parse::<u64>().unwrap()})
    };
    let off = json!({"action": "switch-off", "form": "k", "alarms": [target("a1"), target("a3")]});
    let got = d.command(&off).await;
    assert_eq!(got.status, 200, "{got:?}");
    let answer = got.json();
    assert_eq!(
        (answer["done"][0].as_str(), answer["refused"][0]["refused"].as_str()),
        (off["alarms"][0]["alarm"].as_str(), Some("needs-reason"))
    );
    assert_eq!(d.command(&off).await.json(), answer, "the same form, the same answer");
    let seen = d.get(&format!("/api/v1/alarms?seq={}", answer["seq"])).await.json();
    assert_eq!(seen["total"], 3);
    let late = json!({"action": "unmask", "alarms": [{"alarm": d.id("a2"), "version": 1}]});
    let got = d.command(&late).await;
    assert!(got.status == 409 && got.head.contains("application/problem+json"), "{got:?}");
    assert_eq!(got.json()["refused"][0]["refused"], "changed-meanwhile");
    let lacks = json!({"action": "switch-off", "alarms": [target("a3")]});
    assert_eq!(d.command(&lacks).await.status, 422);
    let cause = json!({"action": "open-cause", "kind": "network", "text": "x", "alarms": [target("b1")]});
    let made = d.command(&cause).await.json()["made"].as_str().unwrap().to_owned();
    assert_eq!(d.command(&json!({"action": "end-cause", "cause": made})).await.status, 200);
    let large = format!("[{}]", " ".repeat(1 << 20));
    assert_eq!(d.post("/api/v1/commands", "application/json", &large, "").await.status, 413);
}

#[tokio::test]
async fn the_description_names_every_address_of_the_interface_and_no_other() {
    let d = Desk::new().await;
    let got = d.get("/api/v1/openapi.json").await;
    assert!(got.status == 200 && got.head.contains("application/json"));
    let described = got.json();
    assert_eq!(described["openapi"], "3.1.0");
    let paths = described["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        methods.as_object().unwrap().keys().map(|m| (path.clone(), m.clone())).collect::<Vec<_>>()
    };
    let described: BTreeSet<(String, String)> = paths.iter().flat_map(of_path).collect();
    let routed: BTreeSet<(String, String)> =
        crate::web::api::routes().iter().map(|(path, method, _)| ((*path).to_owned(), (*method).to_owned())).collect();
    assert_eq!(described, routed);
}
