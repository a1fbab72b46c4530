//! What can be done, its preview, its answer, and what undoes it.

use super::desk::Desk;
use alarm_core::time::{DAY, HOUR};

#[tokio::test]
async fn al5_ok_alarms_are_switched_off_in_bulk_after_a_preview_of_exactly_those() {
    let d = Desk::with_four().await;
    let (a1, a3) = (d.target("a1"), d.target("a3"));
    let page = d.form("preview", &[("do", "switch-off"), ("alarm", &a1), ("alarm", &a3), ("query", "site=A")]).await;
    assert_eq!(page.status, 200);
    page.shows(&[
        "Switch off 2 alarms",
        "1 of these are not OK",
        "m on a1",
        "m on a3",
        "Only the 1 that is OK",
        "name=\"until\"",
    ]);
    assert_eq!(page.fields("alarm"), [a1.clone(), a3.clone()]);
    assert_eq!(page.fields("back"), ["/?site=A"]);
    let form = page.fields("form").remove(0);
    // DC2: what is not OK needs a reason, and the form comes back with what was written.
    let fields = [("alarm", a1.as_str()), ("alarm", &a3), ("form", &form), ("back", "/?site=A"), ("text", "seen <i>")];
    let page = d.form("switch-off", &fields).await;
    assert_eq!(page.status, 422);
    page.shows(&["Choose why what is not OK is switched off", "seen &#60;i&#62;"]);
    assert_eq!(d.hosts().len(), 4, "nothing was done");
    let only = d.form("switch-off", &[&fields[..], &[("only", "ok")]].concat()).await;
    assert!(only.header("location").unwrap().starts_with("/?site=A&seq="), "{only:?}");
    let page = d.follow(&only).await;
    page.shows(&["Switched off: m on a1.", "role=\"status\"", "action=\"/act/take-back\"", "Undo"]);
    assert_eq!(d.hosts(), ["a2", "a3", "b1"]);
}

#[tokio::test]
async fn al19_a_reason_and_the_day_of_the_return_go_with_what_is_not_ok() {
    let d = Desk::with_four().await;
    let a3 = d.target("a3");
    let page = d.form("preview", &[("one", &format!("switch-off:{a3}"))]).await;
    page.shows(&["It is not OK: why is it switched off?", "Comes back on (empty: ", "at the next failure after an OK"]);
    let day = chrono::DateTime::from_timestamp_millis(d.now().0 + 20 * DAY).unwrap().format("%Y-%m-%d").to_string();
    let late = d.form("switch-off", &[("alarm", &a3), ("reason", "duplicate"), ("until", "2020-01-01")]).await;
    assert_eq!(late.status, 422);
    late.shows(&["The day 2020-01-01 is over"]);
    let other = d.form("switch-off", &[("alarm", &a3), ("reason", "other"), ("text", " ")]).await;
    assert_eq!(other.status, 422, "the reason 'other' needs a text");
    other.shows(&["This needs a text that says what it is"]);
    let off = [("alarm", a3.as_str()), ("reason", "monitoring-fault"), ("text", "the probe"), ("until", &day)];
    d.follow(&d.form("switch-off", &off).await).await.shows(&["Switched off: m on a3."]);
    let view = d.state.view.borrow().clone();
    let closed = view.closed_alarm(a3.split(':').next().unwrap()).unwrap().off.clone().unwrap();
    assert_eq!((&*closed.who, &*closed.text), ("ana", "the probe"));
    let until = chrono::DateTime::from_timestamp_millis(closed.until.unwrap().0).unwrap();
    assert_eq!(until.format("%Y-%m-%d %H:%M").to_string(), format!("{day} 18:00"));
}

#[tokio::test]
async fn an_ok_alarm_goes_at_once_and_comes_back_with_undo_and_later_from_the_trail() {
    let d = Desk::with_four().await;
    let one = format!("switch-off:{}", d.target("a1"));
    let done = d.form("preview", &[("one", &one), ("query", "q=x&page=2"), ("form", "k1")]).await;
    assert!(done.header("location").unwrap().starts_with("/?q=x&page=2&seq="), "{done:?}");
    let page = d.follow(&done).await;
    assert_eq!(d.hosts(), ["a2", "a3", "b1"]);
    let (seq, form) = (page.fields("seq").remove(0), page.fields("form").remove(0));
    let undo = d.form("take-back", &[("seq", &seq), ("form", &form), ("back", "/?q=x")]).await;
    d.follow(&undo).await.shows(&["Taken back. Back on the board: m on a1."]);
    assert_eq!(d.hosts(), ["a1", "a2", "a3", "b1"]);
    let again = d.form("take-back", &[("seq", &seq), ("form", "another")]).await;
    assert_eq!(again.status, 409, "{again:?}");
    again.shows(&["Nothing to take back", "m on a1"]);
    for bad in ["", "x", "999999", "1"] {
        assert_eq!(d.form("take-back", &[("seq", bad)]).await.status, 409, "{bad}");
    }
}

#[tokio::test]
async fn al6_a_leader_shows_its_followers_before_it_is_switched_off() {
    let d = Desk::with_four().await;
    for host in ["a2", "a3"] {
        d.see("A", host, "m", "CRITICAL", HOUR / 2).await;
    }
    let (a2, a3, b1) = (d.target("a2"), d.target("a3"), d.target("b1"));
    let page = d.form("preview", &[("do", "mask"), ("alarm", &a3), ("alarm", &b1), ("alarm", &a2)]).await;
    page.shows(&["Mask 2 alarms", "it is of another site than A", "Which alarm stands for the others?"]);
    // The oldest that may lead is chosen already.
    page.shows(&[&format!("value=\"{a2}\" checked"), &format!("name=\"leader\" value=\"{a3}\"")]);
    assert_eq!(page.fields("alarm"), [a3.clone(), a2.clone()]);
    let masked = d.form("mask", &[("alarm", &a3), ("alarm", &a2), ("leader", &a2)]).await;
    let page = d.follow(&masked).await;
    page.shows(&["Masked by m on a2: m on a3."]);
    let lacks = d.form("mask", &[("alarm", &a3)]).await;
    assert_eq!(lacks.status, 422);
    lacks.shows(&["Choose the alarm that stands for the others."]);
    // OK again: its button asks first, since it leads.
    d.see("A", "a2", "m", "OK", 60_000).await;
    let page = d.form("preview", &[("one", &format!("switch-off:{}", d.target("a2")))]).await;
    assert_eq!(page.status, 200);
    page.shows(&["it masks 1: m on a3, which come back to the board", "OK, but not stable before"]);
    let page = d.form("preview", &[("do", "unmask"), ("alarm", &d.target("a3")), ("alarm", &d.target("a2"))]).await;
    page.shows(&["Unmask 1 alarm", "it is not masked"]);
    let off = d.form("unmask", &[("alarm", &d.target("a3"))]).await;
    d.follow(&off).await.shows(&["No longer masked: m on a3."]);
}

#[tokio::test]
async fn al18_alarms_come_under_a_common_cause_join_it_leave_it_and_return_when_it_ends() {
    let d = Desk::with_four().await;
    let (a3, b1) = (d.target("a3"), d.target("b1"));
    let page = d.form("preview", &[("do", "cause"), ("alarm", &a3)]).await;
    page.shows(&["Put 1 alarm under a common cause", "a core service", "the network"]);
    assert_eq!(d.form("cause", &[("alarm", &a3), ("text", "x")]).await.status, 422, "of which kind?");
    let wordless = d.form("cause", &[("alarm", &a3), ("kind", "network")]).await;
    assert_eq!(wordless.status, 422);
    let opened = d.form("cause", &[("alarm", &a3), ("kind", "network"), ("text", "the backbone <b>")]).await;
    d.follow(&opened).await.shows(&["Under the new common cause “the backbone &#60;b&#62;”: m on a3."]);
    let cause = d.state.view.borrow().causes.keys().next().unwrap().to_string();
    let page = d.form("preview", &[("do", "cause"), ("alarm", &b1)]).await;
    page.shows(&[&format!("<option value=\"{cause}\""), "the backbone &#60;b&#62; (ana, "]);
    let joined = d.form("cause", &[("alarm", &b1), ("cause", &cause)]).await;
    d.follow(&joined).await.shows(&["Under the common cause “the backbone &#60;b&#62;”: m on b1."]);
    let left = d.form("leave-cause", &[("alarm", &d.target("a3"))]).await;
    d.follow(&left).await.shows(&["No longer under a common cause: m on a3."]);
    let page = d.form("preview", &[("do", "end-cause"), ("cause", &cause)]).await;
    page.shows(&["End the common cause “the backbone &#60;b&#62;”", "m on b1"]);
    let ended = d.form("end-cause", &[("cause", &cause)]).await;
    d.follow(&ended).await.shows(&["The common cause has ended"]);
    let gone = d.form("end-cause", &[("cause", &cause)]).await;
    assert_eq!(gone.status, 409);
    assert_eq!(d.form("join-cause", &[("alarm", &d.target("a3")), ("cause", "cause-99999")]).await.status, 409);
}

#[tokio::test]
async fn de1_notes_on_alarms_and_sites_are_data_whatever_stands_in_them() {
    let d = Desk::with_four().await;
    let (a1, b1) = (d.target("a1"), d.target("b1"));
    let text = "<script>alert(1)</script> \u{202e}called\r\nthe site";
    let noted = d.form("note", &[("alarm", &a1), ("text", text), ("back", &format!("/alarms/{}", d.id("a1")))]).await;
    d.follow(&noted).await.shows(&["Wrote a note on m on a1."]);
    let view = d.state.view.borrow().clone();
    assert_eq!(&*view.alarm(&d.id("a1")).unwrap().notes[0].text, "<script>alert(1)</script> \u{202e}called\nthe site");
    let trail = d.get("/trail").await;
    trail.shows(&["&#60;script&#62;alert(1)&#60;/script&#62; \\u{202e}called\\nthe site"]);
    assert!(!trail.body.contains("<script>"));
    let on_site = d.form("note", &[("site", "A"), ("text", "moves in May")]).await;
    d.follow(&on_site).await.shows(&["Wrote a note on A."]);
    assert_eq!(d.form("note", &[("site", "NOWHERE"), ("text", "x")]).await.status, 404);
    let both = d.form("note", &[("alarm", &a1), ("alarm", &b1), ("text", "same")]).await;
    d.follow(&both).await.shows(&["Wrote the note on 2 alarms."]);
    // Empty, and too long.
    for (text, words) in [(" ".to_owned(), "needs a text"), ("x".repeat(2001), "2001 characters")] {
        let got = d.form("note", &[("alarm", &a1), ("text", &text)]).await;
        assert_eq!(got.status, 422);
        got.shows(&[words, "<textarea"]);
    }
    let large = d.form("note", &[("alarm", &a1), ("text", &"x".repeat(1 << 20))]).await;
    assert_eq!(large.status, 413);
    large.shows(&["larger than 1 MiB"]);
    let view = d.state.view.borrow().clone();
    let note = view.notepad("A").find(|n| &*n.text == "moves in May").unwrap().id.to_string();
    let struck = d.form("strike-note", &[("note", &note)]).await;
    d.follow(&struck).await.shows(&["Took the note back."]);
    assert!(!d.state.view.borrow().notepad("A").any(|n| &*n.text == "moves in May"));
    assert_eq!(d.form("strike-note", &[("note", &note)]).await.status, 409);
}

#[tokio::test]
async fn two_operators_on_the_same_alarm_the_second_is_told_what_the_first_did() {
    let d = Desk::with_four().await;
    let (a3, b1) = (d.target("a3"), d.target("b1"));
    d.operator("bob");
    let noted = d.form("note", &[("alarm", &a3), ("text", "mine")]).await;
    assert_eq!(noted.status, 303);
    d.follow(&noted).await;
    d.operator("ana");
    let off = |alarm: &str| [("alarm", alarm.to_owned()), ("reason", "duplicate".to_owned())];
    let late = off(&a3);
    let late: Vec<(&str, &str)> = late.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let got = d.form("switch-off", &late).await;
    assert_eq!(got.status, 409);
    got.shows(&["It changed meanwhile", "bob wrote a note on it", "m on a3"]);
    // Of two, one can be done: it is, and the other is named.
    let mut two = late.clone();
    two.push(("alarm", &b1));
    let page = d.follow(&d.form("switch-off", &two).await).await;
    page.shows(&[
        "Switched off: m on b1. Not done to 1:",
        "it changed meanwhile: bob wrote a note on it",
        "flash partly",
    ]);
    assert_eq!(d.hosts(), ["a1", "a2", "a3"]);
    // A state that changed underneath.
    let a3 = d.target("a3");
    d.see("A", "a3", "m", "WARNING", 0).await;
    let page = d.form("preview", &[("do", "switch-off"), ("alarm", &a3)]).await;
    page.shows(&["it changed since the list was loaded", "WARNING"]);
    let got = d.form("switch-off", &[("alarm", &a3), ("reason", "duplicate")]).await;
    got.shows(&["it was CRITICAL and is WARNING since"]);
    assert_eq!(d.hosts(), ["a1", "a2", "a3"], "never overwritten");
}

#[tokio::test]
async fn bulk_by_filter_takes_what_was_previewed_and_not_what_came_underneath() {
    let d = Desk::with_four().await;
    let page =
        d.form("preview", &[("do", "switch-off"), ("scope", "filter"), ("query", "state=good&limit=1&page=2")]).await;
    let (a1, a2) = (d.target("a1"), d.target("a2"));
    let mut listed = page.fields("alarm");
    listed.sort();
    let mut both = vec![a1.clone(), a2.clone()];
    both.sort();
    assert_eq!(listed, both, "all pages of it");
    // One more becomes OK, and one of the two fails again.
    d.see("B", "b1", "m", "OK", 0).await;
    d.see("A", "a2", "m", "CRITICAL", 0).await;
    let fields: Vec<(&str, &str)> = listed.iter().map(|t| ("alarm", t.as_str())).chain([("only", "ok")]).collect();
    d.follow(&d.form("switch-off", &fields).await).await.shows(&["Switched off: m on a1."]);
    assert_eq!(d.hosts(), ["a2", "a3", "b1"]);
    let wrong = d.form("preview", &[("do", "switch-off"), ("scope", "filter"), ("query", "state=goood")]).await;
    assert_eq!(wrong.status, 422, "a filter that is not understood would take more");
    let none = d.form("preview", &[("do", "switch-off")]).await;
    assert_eq!(none.status, 422);
    none.shows(&["No alarm was chosen"]);
}

#[tokio::test]
async fn the_same_form_twice_is_one_command_and_the_same_answer() {
    let d = Desk::with_four().await;
    let (a1, a2) = (d.target("a1"), d.target("a2"));
    let off = |alarm: String| {
        let d = &d;
        async move { d.form("switch-off", &[("alarm", &alarm), ("form", "same")]).await }
    };
    let first = off(a1.clone()).await;
    let again = off(a1).await;
    let seq = |location: &str| location.split("seq=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    assert_eq!(seq(first.header("location").unwrap()), seq(again.header("location").unwrap()));
    d.follow(&again).await.shows(&["Switched off: m on a1."]);
    let trail = d.get("/api/v1/trail").await.json();
    assert_eq!(trail["entries"].as_array().unwrap().len(), 1, "{trail}");
    // A page from the browser's memory has an old key: what else is asked for on it is done.
    d.follow(&off(a2).await).await;
    assert_eq!(d.hosts(), ["a3", "b1"]);
}

#[tokio::test]
async fn when_nothing_is_stored_or_a_source_is_behind_it_is_refused_in_words() {
    let d = Desk::with_four().await;
    let a1 = d.target("a1");
    d.behind.lock().unwrap().push("nagios-a is still being read up to now".to_owned());
    let got = d.form("switch-off", &[("alarm", &a1)]).await;
    assert_eq!(got.status, 503);
    got.shows(&["not yet up to date", "nagios-a is still being read up to now"]);
    let one = serde_json::json!({"action": "end-cause", "cause": "c"});
    let got = d.command(&one).await;
    assert!(got.status == 503 && got.header("retry-after") == Some("5"), "{got:?}");
    d.behind.lock().unwrap().clear();
    // A disk that is full: said with since when.
    let (mut state, ends) = crate::web::samples::state(3, false);
    ends.view.send_modify(|v| {
        let since = crate::web::samples::NOW;
        let reason = "no space left on /var; make room".into();
        std::sync::Arc::make_mut(v).not_stored = Some(crate::view::NotStored { since, reason });
    });
    state.acts = d.state.acts.clone();
    let why = crate::web::act::possible_now(&state).unwrap_err();
    assert!(why.contains("nothing is stored since 2026-11-22 12:00:00 UTC") && why.contains("make room"), "{why}");
    assert_eq!(d.form("switch-off", &[("alarm", &a1)]).await.status, 303);
}
