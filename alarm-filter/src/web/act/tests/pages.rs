//! From the page of an alarm, a site and a metric everything can be done, by sending exactly what their forms hold.

use super::desk::{Desk, Got, SECRET};

/// A form of a page: where it goes, what it holds, and its buttons by what stands on them.
#[derive(Clone, Debug)]
struct Form {
    what: String,
    fields: Vec<(String, String)>,
    buttons: Vec<(String, Option<(String, String)>)>,
}

/// An attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0;
    let signs = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    Some(signs.iter().fold(value.to_owned(), |v, (from, to)| v.replace(from, to)))
}

fn forms(page: &str) -> Vec<Form> {
    let form = |text: &str| {
        let what = attribute(&format!(" {}", text.split_once('>')?.0), "action")?.strip_prefix("/act/")?.to_owned();
        let text = text.split_once("</form>")?.0;
        let inputs = text.split("<input").skip(1).filter_map(|t| t.split_once('>')).map(|(tag, _)| tag);
        let sent = inputs.filter(|tag| tag.contains("type=\"hidden\"") || tag.ends_with(" checked"));
        let fields = sent.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?))).collect();
        let button = |t: &str| {
            let (tag, rest) = t.split_once('>')?;
            Some((rest.split_once("</button>")?.0.to_owned(), attribute(tag, "name").zip(attribute(tag, "value"))))
        };
        Some(Form { what, fields, buttons: text.split("<button").skip(1).filter_map(button).collect() })
    };
    page.split("<form").skip(1).filter_map(form).collect()
}

/// Presses a button of a page, after these fields were filled in.
async fn press(d: &Desk, page: &Got, button: &str, filled: &[(&str, &str)]) -> Got {
    let all = forms(&page.body);
    let found = all.iter().find_map(|f| Some((f, f.buttons.iter().find(|(words, _)| words == button)?)));
    let (form, (_, pressed)) = found.unwrap_or_else(|| panic!("no button {button:?} in {all:?}"));
    let kept = form.fields.iter().filter(|(n, _)| !filled.iter().any(|(name, _)| name == n)).chain(pressed);
    let mut fields: Vec<(&str, &str)> = kept.map(|(n, v)| (n.as_str(), v.as_str())).collect();
    fields.extend(filled);
    d.raw_form(&form.what, &fields, &d.cookie()).await
}

/// The same on the page of an alarm; gives the page that it ends on, which is that alarm's.
async fn press_on(d: &Desk, id: &str, button: &str, filled: &[(&str, &str)]) -> Got {
    let page = d.get(&format!("/alarms/{id}")).await;
    let got = press(d, &page, button, filled).await;
    back_on(d, &got, &format!("/alarms/{id}")).await
}

async fn back_on(d: &Desk, got: &Got, path: &str) -> Got {
    let location = got.header("location").unwrap_or_else(|| panic!("{got:?}"));
    assert_eq!(location.split('?').next(), Some(path), "it comes back to where it was done");
    d.follow(got).await
}

#[tokio::test]
async fn an_alarms_page_switches_off_and_brings_back() {
    let d = Desk::with_four().await;
    let (a1, a3) = (d.id("a1"), d.id("a3"));
    let page = press_on(&d, &a1, "Switch off", &[]).await;
    page.shows(&["Switched off: m on a1.", "Not on the board", "Undo"]);
    assert_eq!(d.hosts(), ["a2", "a3", "b1"]);
    press_on(&d, &a1, "Bring back to the board", &[]).await.shows(&["Back on the board: m on a1."]);
    assert_eq!(d.hosts(), ["a1", "a2", "a3", "b1"]);
    // DC2: what is not OK has a preview that asks for the reason.
    let page = d.get(&format!("/alarms/{a3}")).await;
    let preview = press(&d, &page, "Switch off…", &[]).await;
    assert_eq!(preview.status, 200);
    let off = press(&d, &preview, "Switch off", &[("reason", "duplicate"), ("text", "the same")]).await;
    back_on(&d, &off, &format!("/alarms/{a3}")).await.shows(&["Switched off: m on a3."]);
    // It failed again meanwhile: there is another alarm of the same, and the old one cannot come back.
    press_on(&d, &a1, "Switch off", &[]).await;
    d.see("A", "a1", "m", "CRITICAL", 0).await;
    let page = d.get(&format!("/alarms/{a1}")).await;
    let offered: Vec<String> = forms(&page.body).into_iter().map(|f| f.what).collect();
    assert_eq!(offered, ["note"]);
}

#[tokio::test]
async fn an_alarms_page_masks_and_unmasks_and_puts_under_a_cause_and_takes_out() {
    let d = Desk::with_four().await;
    let a1 = d.id("a1");
    let path = format!("/alarms/{a1}");
    let preview = press(&d, &d.get(&path).await, "Mask…", &[]).await;
    let masked = press(&d, &preview, "Mask", &[("leader", &d.target("a3"))]).await;
    back_on(&d, &masked, &path).await.shows(&["Masked by m on a3: m on a1.", "<b>Masked</b> by"]);
    press_on(&d, &a1, "Unmask", &[]).await.shows(&["No longer masked: m on a1."]);
    let preview = press(&d, &d.get(&path).await, "Common cause…", &[]).await;
    let filled = [("kind", "network"), ("text", "the <backbone>")];
    let under = press(&d, &preview, "Put under a common cause", &filled).await;
    back_on(&d, &under, &path).await.shows(&["<b>Common cause:</b> the &#60;backbone&#62;"]);
    // Its metric's page ends it; the preview says what comes back.
    let page = d.get("/metric/m").await;
    let preview = press(&d, &page, "End…", &[]).await;
    preview.shows(&["End the common cause", "m on a1"]);
    press_on(&d, &a1, "Take out of the common cause", &[]).await.shows(&["No longer under a common cause: m on a1."]);
    let view = d.state.view.borrow().clone();
    let alarm = view.alarm(&a1).unwrap();
    assert!(alarm.masked_by.is_none() && alarm.cause.is_none());
}

#[tokio::test]
async fn de1_notes_are_written_on_alarms_and_sites_and_taken_back_by_who_wrote_them() {
    let d = Desk::with_four().await;
    let a1 = d.id("a1");
    press_on(&d, &a1, "Write the note", &[("text", "seen\r\n<twice>")]).await.shows(&["seen\n&#60;twice&#62;"]);
    let got = press(&d, &d.get("/sites/A").await, "Write the note", &[("text", "of the site")]).await;
    back_on(&d, &got, "/sites/A").await.shows(&["of the site", "&#60;twice&#62;", "Wrote a note on A."]);
    let strikes = |got: &Got| forms(&got.body).iter().filter(|f| f.what == "strike-note").count();
    assert_eq!(strikes(&d.get("/sites/A").await), 2, "both are ana's");
    d.operator("bob");
    let page = d.get("/sites/A").await;
    page.shows(&["of the site"]);
    assert_eq!((strikes(&page), strikes(&d.get(&format!("/alarms/{a1}")).await)), (0, 0));
    d.operator("ana");
    press_on(&d, &a1, "Take back", &[]).await;
    let page = d.get("/sites/A").await;
    assert!(!page.body.contains("twice") && strikes(&page) == 1, "{page:?}");
    let got = press(&d, &page, "Take back", &[]).await;
    assert_eq!(strikes(&back_on(&d, &got, "/sites/A").await), 0);
}

#[tokio::test]
async fn who_cannot_act_gets_no_forms_but_the_reason() {
    let d = Desk::with_four().await;
    d.config.send_modify(|c| std::sync::Arc::make_mut(c).operators = crate::web::Operators::default());
    let page = d.get(&format!("/alarms/{}", d.id("a1"))).await;
    assert_eq!(forms(&page.body).len(), 0);
    page.shows(&["Nothing can be done here now: it is not configured who works here"]);
    assert_eq!(forms(&d.get("/sites/A").await.body).len(), 0);
}

#[tokio::test]
async fn al18_a_metrics_page_proposes_a_common_cause_of_exactly_its_alarms() {
    let d = Desk::with_four().await;
    for site in ["C", "D", "E", "F"] {
        d.see(site, &format!("{site}1"), "org.bdii.Freshness", "CRITICAL", 0).await;
    }
    let page = d.get("/metric/org.bdii.Freshness").await;
    page.shows(&["One cause?", "C, D, E"]);
    let preview = press(&d, &page, "Common cause…", &[]).await;
    preview.shows(&["Put 4 alarms under a common cause", "org.bdii.Freshness on F1"]);
}

#[tokio::test]
async fn a_metric_without_an_alarm_is_there_when_it_is_known() {
    let d = Desk::with_four().await;
    let page = d.get("/metric/org.apel.Pub").await;
    assert_eq!(page.status, 200);
    page.shows(&["There is no alarm of it now"]);
    for (name, status) in [("m", 200), ("nothing", 404), (SECRET, 404)] {
        assert_eq!(d.get(&format!("/metric/{name}")).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn the_trail_names_the_first_alarms_of_several() {
    let d = Desk::with_four().await;
    for i in 0..5 {
        let host = format!("c{i}");
        d.see("C", &host, "m", "CRITICAL", 7200).await;
        d.see("C", &host, "m", "OK", 3600).await;
    }
    let hosts = ["a1", "a2", "c0", "c1", "c2", "c3", "c4"];
    let (ids, targets): (Vec<String>, Vec<String>) = hosts.iter().map(|h| (d.id(h), d.target(h))).unzip();
    let two: Vec<(&str, &str)> = targets[..2].iter().map(|t| ("alarm", t.as_str())).collect();
    d.follow(&d.form("switch-off", &two).await).await;
    let page = d.get("/trail").await;
    for id in &ids[..2] {
        page.shows(&[&format!("<a href=\"/alarms/{id}\">m on a")]);
    }
    page.shows(&[" at <a href=\"/sites/A\">A</a>"]);
    d.follow(&d.form("take-back", &[("seq", &page.fields("seq")[0])]).await).await;
    let all: Vec<String> = hosts.iter().map(|h| d.target(h)).collect();
    let all: Vec<(&str, &str)> = all.iter().map(|t| ("alarm", t.as_str())).collect();
    d.follow(&d.form("switch-off", &all).await).await;
    let page = d.get("/trail").await;
    page.shows(&["and 2 more at <a href=\"/sites/A\">A</a>, <a href=\"/sites/C\">C</a>"]);
}
