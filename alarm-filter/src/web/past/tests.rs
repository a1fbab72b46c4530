//! Pages and interface about how things stood: sites, metrics, availability (DE7), as somebody meets them.

use crate::web::samples::NOW;
use crate::web::tests::Served;
use alarm_core::command::NoteOn;
use alarm_core::time::DAY;
use alarm_core::topology::{DowntimeWindow, Severity};
use std::sync::Arc;

const PAGES: [&str; 6] = [
    "/sites",
    "/sites/SITE-ALPHA",
    "/metric/org.bdii.Freshness",
    "/availability",
    "/availability?detail=metric&site=SITE-ALPHA",
    "/availability?detail=day",
];

#[tokio::test]
async fn every_page_is_whole_works_without_scripts_and_breaks_no_policy() {
    let s = Served::new(300, false).await;
    for path in PAGES {
        let page = s.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert!(!page.body.contains("style=\"") && !page.body.contains("<script>"), "{path}");
        assert!(page.body.ends_with("</html>"), "{path}");
        assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
        let tables = page.body.matches("<table").count();
        assert_eq!(page.body.matches("<caption").count(), tables, "each table says what it is: {path}");
    }
}

#[tokio::test]
async fn al17_security_matters_are_on_no_page_about_the_past() {
    let (with, without) = (Served::new(60, true).await, Served::new(60, false).await);
    let secret = with.ends.secret.clone().unwrap();
    let more = [
        "/availability.csv?detail=metric",
        "/api/v1/sites",
        "/api/v1/sites/SITE-ALPHA",
        "/api/v1/availability?detail=metric",
        "/metric/eu.egi.sec.WN-Pakiti",
    ];
    for path in PAGES.iter().chain(&more) {
        let page = with.get(path).await;
        for word in ["Pakiti", "SECRET", &secret] {
            let told = page.body.contains(word) && !path.contains("Pakiti");
            assert!(!told, "{path} tells of {word}");
        }
        assert_eq!(page.status, without.get(path).await.status, "{path}");
    }
    let page = with.get("/metric/eu.egi.sec.WN-Pakiti").await;
    let nothing = with.get("/metric/eu.egi.sec.WN-Nothing").await;
    assert_eq!((page.status, nothing.status), (404, 404));
    assert_eq!(page.body.replace("Pakiti", "Nothing"), nothing.body, "as if it were not there");
    // Nor in a figure.
    for path in ["/api/v1/availability?detail=type", "/api/v1/sites"] {
        let rows = |got: crate::web::tests::Got| {
            let mut json = got.json();
            json["seq"] = 0.into();
            json
        };
        assert_eq!(rows(with.get(path).await), rows(without.get(path).await), "{path}");
    }
}

#[tokio::test]
async fn a_site_shows_its_services_flags_downtimes_contacts_and_alarms() {
    let s = Served::new(300, false).await;
    let page = s.get("/sites/SITE-ALPHA").await.body;
    for words in [
        "NGI_CH",
        "Certified",
        "href=\"mailto:grid-admin@site-alpha.example.org\"",
        "href=\"tel:+410445550123\"",
        "&#60;script&#62;alert(1)&#60;/script&#62;",
        "Services, the last 30 days",
        "Nothing is written yet.",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let listed = s.get("/api/v1/alarms?site=SITE-ALPHA").await.json()["alarms"].as_array().unwrap().len();
    assert!(page.contains(&format!("{listed} alarms on the board")));
    let tests = s.get("/api/v1/sites/SITE-ALPHA").await.json()["tests"].as_array().unwrap().len();
    assert!(tests > 7);
    assert_eq!(page.matches("class=\"course\"").count(), tests, "a strip each");
    assert_eq!(page.matches("role=\"img\" aria-label=\"").count(), tests, "and words for each");
    let echo = s.get("/sites/ECHO-GRID").await.body;
    assert!(echo.contains("<b>now</b>: outage, scheduled") && echo.contains("Cooling maintenance"), "{echo}");
    assert!(echo.contains("<span class=\"chip\">outage now</span>"));
    assert_eq!(s.get("/sites/NOWHERE").await.status, 404);
    assert_eq!(s.get("/sites/%3Cb%3E").await.status, 404);
    assert!(s.get("/sites/%3Cb%3E").await.body.contains("&#60;b&#62;"));
}

#[tokio::test]
async fn al13_a_site_that_is_out_for_more_than_a_month_says_so() {
    let s = Served::new(60, false).await;
    s.ends.view.send_modify(|v| {
        let v = Arc::make_mut(v);
        let mut downtimes = (*v.downtimes).clone();
        let topology = v.topology.clone().unwrap();
        for (host, types) in &topology.endpoints {
            for (service_type, _) in types.iter().filter(|(_, e)| &*e.site == "SITE-ALPHA") {
                let window = DowntimeWindow {
                    id: "77G0".into(),
                    severity: Severity::Outage,
                    scheduled: true,
                    start: NOW.plus(-20 * DAY),
                    end: NOW.plus(15 * DAY),
                    declared: NOW.plus(-30 * DAY),
                    description: "new building".into(),
                    endpoints: Vec::new(),
                };
                downtimes.windows.entry(host.clone()).or_default().insert(service_type.clone(), vec![window]);
            }
        }
        v.downtimes = Arc::new(downtimes);
    });
    let page = s.get("/sites/SITE-ALPHA").await.body;
    assert!(page.contains("The whole site is in an outage") && page.contains("more than a month"), "{page}");
    let row = s.get("/api/v1/sites").await.json();
    let site = row["sites"].as_array().unwrap().iter().find(|s| s["site"] == "SITE-ALPHA").unwrap().clone();
    assert_eq!(site["outage"]["advised_to_uncertify"], true);
    assert!(s.get("/sites").await.body.contains("over a month"));
}

#[tokio::test]
async fn de3_the_counters_of_the_sites_add_up_to_the_board() {
    let s = Served::new(300, false).await;
    let json = s.get("/api/v1/sites").await.json();
    let sites = json["sites"].as_array().unwrap();
    let sum: u64 =
        sites.iter().flat_map(|s| s["queues"].as_object().unwrap().values()).map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(sum, 300);
    let page = s.get("/sites?sort=worst").await.body;
    assert_eq!(page.matches("<tr><th scope=\"row\">").count(), sites.len());
    assert!(page.contains("aria-sort=\"descending\""));
    let one = s.get("/sites?ngi=NGI_UK").await.body;
    assert_eq!(one.matches("<tr><th scope=\"row\">").count(), 2, "HOTEL-HEP and INDIA-T1");
    // By the most urgent work: no site has more of it than the one above.
    let names = |body: &str| -> Vec<String> {
        body.split("<th scope=\"row\"><a href=\"/sites/")
            .skip(1)
            .map(|r| r.split('"').next().unwrap().to_owned())
            .collect()
    };
    let urgent = |name: &str| {
        let site = sites.iter().find(|s| s["site"] == *name).unwrap();
        site["queues"]["over-72h"].as_u64().unwrap()
    };
    let order: Vec<u64> = names(&s.get("/sites").await.body).iter().map(|n| urgent(n)).collect();
    assert!(order.windows(2).all(|w| w[0] >= w[1]) && order[0] > 0, "{order:?}");
}

#[tokio::test]
async fn de7_page_csv_and_interface_give_the_same_figures() {
    let s = Served::new(300, false).await;
    for query in
        ["", "detail=type", "detail=endpoint&ngi=NGI_UK", "detail=metric&site=SITE-ALPHA", "detail=day&site=SITE-ALPHA"]
    {
        let json = s.get(&format!("/api/v1/availability?{query}")).await.json();
        let rows = json["rows"].as_array().unwrap();
        assert!(!rows.is_empty(), "{query}");
        let csv = s.get(&format!("/availability.csv?{query}")).await;
        let lines: Vec<&str> = csv.body.lines().skip(1).collect();
        assert_eq!(lines.len(), rows.len(), "{query}");
        let page = s.get(&format!("/availability?{query}")).await.body;
        assert_eq!(page.matches("<tr><th scope=\"row\">").count(), rows.len(), "{query}");
        for (row, line) in rows.iter().zip(lines) {
            let number = |name: &str| row[name].as_f64().map(|f| format!("{f:.3}")).unwrap_or_default();
            let three = format!(",{},{},{},", number("availability"), number("reliability"), number("unknown"));
            assert!(line.contains(&three), "{line} has not {three}");
            let t = &row["seconds"];
            let of = |name: &str| t[name].as_f64().unwrap();
            let up = of("ok") + of("warning");
            let known = up + of("critical") + of("downtime");
            if known > 0.0 {
                assert!((row["availability"].as_f64().unwrap() - 100.0 * up / known).abs() < 0.001, "{row}");
            } else {
                assert!(row["availability"].is_null(), "no data is not 0 %: {row}");
            }
        }
    }
    let wrong = s.get("/api/v1/availability?month=November").await;
    assert!(wrong.status == 400 && wrong.head.contains("application/problem+json"), "{}", wrong.head);
    assert_eq!(s.get("/availability.csv?from=x").await.status, 400);
    let page = s.get("/availability?profile=%3Cb%3E").await.body;
    assert!(page.contains("there is no profile") && page.contains("&#60;b&#62;") && !page.contains("<b>’"));
}

#[tokio::test]
async fn a_metric_shows_where_it_fails_and_its_common_cause() {
    let s = Served::new(300, false).await;
    let page = s.get("/metric/org.bdii.Freshness").await.body;
    assert!(page.contains("Failing at <b>") && page.contains("Common cause</b> over 3 alarms"), "{page}");
    let apel = s.get("/metric/org.apel.APEL-Pub").await.body;
    assert!(apel.contains("href=\"https://wiki.example.org/apel\""));
    // The worst stand above.
    let states: Vec<&str> = page.split("class=\"st ").skip(1).map(|r| r.split('"').next().unwrap()).collect();
    assert!(states.first() != Some(&"ok") && states.contains(&"ok"), "{states:?}");
    assert_eq!(s.get("/metric/nothing").await.status, 404);
}

#[tokio::test]
async fn an_alarm_says_its_next_step_its_strip_and_what_else_fails() {
    let s = Served::new(300, false).await;
    let list = s.get("/api/v1/alarms?sort=age&state=problem&masked=hide&limit=5").await.json();
    let id = list["alarms"][0]["id"].as_str().unwrap();
    let page = s.get(&format!("/alarms/{id}")).await.body;
    for words in ["The last 24 hours", "class=\"next", "The same metric elsewhere", "href=\"/metric/", "href=\"/sites/"]
    {
        assert!(page.contains(words), "{words}");
    }
    let hostile = s.get("/api/v1/alarms?q=txet").await.json();
    let id = hostile["alarms"][0]["id"].as_str().unwrap();
    let page = s.get(&format!("/alarms/{id}")).await.body;
    assert!(page.contains("\\x1b[31mred") && page.contains("\\u{202e}txet") && !page.contains("<script>alert"));
}

#[tokio::test]
async fn de1_the_notepad_stands_on_the_sites_page() {
    let mut world = crate::web::samples::sample_world(60);
    let note = alarm_core::notepad::Note {
        id: "note-1".into(),
        at: NOW.plus(-DAY),
        who: "m.rossi".into(),
        text: "called the site <b>twice</b>\nno answer\u{202e}".into(),
        on: NoteOn::Site("SITE-ALPHA".into()),
        about: None,
    };
    world.notepads = Arc::new([("SITE-ALPHA".into(), Arc::new(vec![note]))].into());
    let s = Served::new(60, false).await;
    s.ends.view.send_replace(Arc::new(crate::view::View::of(&world)));
    let page = s.get("/sites/SITE-ALPHA").await.body;
    assert!(
        page.contains("called the site &#60;b&#62;twice&#60;/b&#62;\nno answer\\u{202e}") && page.contains("m.rossi")
    );
}
