//! The board as somebody meets it: over a connection, on a state that the engine made.

use super::samples::{self, NOW};
use super::tests::Served;
use crate::view::View;
use alarm_core::alarm::Alarm;
use alarm_core::queue::Queue;
use alarm_core::state::State;
use alarm_core::time::{DAY, MINUTE};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The number on each counter, by its name.
fn counters(page: &str) -> BTreeMap<String, usize> {
    let parts = page.split("data-n=\"").skip(1);
    let read = |part: &str| {
        let (name, rest) = part.split_once("\"><b>").unwrap();
        (name.to_owned(), rest.split_once('<').unwrap().0.parse().unwrap())
    };
    parts.map(read).collect()
}

/// The ids of the lines.
fn ids(page: &str) -> Vec<String> {
    page.split("id=\"a-").skip(1).map(|p| p.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn de3_each_alarm_stands_in_one_queue_and_the_counters_add_up() {
    let s = Served::new(300, false).await;
    let page = s.get("/").await.body;
    let counts = counters(&page);
    assert_eq!(counts["all"], 300);
    assert_eq!(counts.iter().filter(|(n, _)| *n != "all").map(|(_, n)| n).sum::<usize>(), 300);
    assert!(counts.values().filter(|n| **n > 0).count() >= 8, "{counts:?} tests too little");
    // Over all pages of each queue: every alarm once, and where the interface says that it stands.
    let api = s.get("/api/v1/alarms").await.json();
    let stands: BTreeMap<String, String> = api["alarms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["id"].as_str().unwrap().to_owned(), a["queue"].as_str().unwrap().to_owned()))
        .collect();
    let mut seen = BTreeSet::new();
    for queue in Queue::ON_BOARD {
        let mut rows = Vec::new();
        let pages = counts[queue.word()].div_ceil(40).max(1);
        for page in 1..=pages {
            let page = s.get(&format!("/?queue={}&limit=40&page={page}", queue.word())).await.body;
            assert_eq!(counters(&page), counts, "the counters are those of all queues");
            rows.extend(ids(&page));
        }
        assert_eq!(rows.len(), counts[queue.word()], "{queue}");
        for id in rows {
            assert_eq!(stands[&id], queue.word());
            assert!(seen.insert(id));
        }
    }
    assert_eq!(seen.len(), 300);
    // Of a filter, too.
    let some = counters(&s.get("/?site=SITE-*&state=CRITICAL").await.body);
    let found = s.get("/api/v1/alarms?site=SITE-*&state=CRITICAL").await.json()["total"].as_u64().unwrap();
    assert!(found == 300 && some["all"] < 300);
    assert_eq!(some.iter().filter(|(n, _)| *n != "all").map(|(_, n)| n).sum::<usize>(), some["all"]);
}

#[tokio::test]
async fn the_board_begins_with_what_needs_work_and_says_the_next_step_of_each() {
    let s = Served::new(300, false).await;
    let page = s.get("/?limit=1000").await.body;
    let order: Vec<&str> = page.split("<tbody data-g=\"").skip(1).map(|p| p.split('"').next().unwrap()).collect();
    let known: Vec<&str> = Queue::ON_BOARD.iter().map(|q| q.word()).filter(|q| order.contains(q)).collect();
    assert_eq!(order, known);
    for (part, n) in
        [("Needs a ticket", 100), ("1st line until ", 50), ("value=\"switch-off:", 20), ("In downtime until", 5)]
    {
        assert!(page.matches(part).count() >= n, "{part}: {}", page.matches(part).count());
    }
    // What is not stable OK, or is no OK at all, has no such button.
    let rows = page.split("<tr class=\"row").skip(1).map(|r| r.split("</tr>").next().unwrap());
    for row in rows.filter(|r| r.contains("value=\"switch-off:")) {
        assert!(row.contains("data-q=\"ok-stable\""), "{row}");
    }
    // By site: the one with the most urgent alarm comes first, and each site stands together.
    let page = s.get("/?group=site&limit=1000").await.body;
    let order: Vec<&str> = page.split("<tbody data-g=\"").skip(1).map(|p| p.split('"').next().unwrap()).collect();
    assert_eq!(order.len(), order.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(order.len(), 12);
    let flat = s.get("/?group=none").await.body;
    assert!(!flat.contains("<tbody data-g") && flat.contains("<tbody>"));
}

#[tokio::test]
async fn everything_on_the_board_can_be_done_without_a_script() {
    let s = Served::new(300, false).await;
    let page = s.get("/?site=SITE-*").await.body;
    assert!(page.contains("<form class=\"board\" method=\"post\" action=\"/act/preview\""));
    assert!(page.contains("<input type=\"hidden\" name=\"query\" value=\"site=SITE-*\">"));
    for what in ["switch-off", "mask", "cause", "note"] {
        assert!(page.contains(&format!("<button name=\"do\" value=\"{what}\"")), "{what}");
    }
    let boxes = page.matches("<input type=\"checkbox\" name=\"alarm\" value=\"").count();
    assert_eq!(boxes, ids(&page).len());
    // A browser that fills in by place what was ticked before would tick other alarms.
    assert!(page.contains("action=\"/act/preview\" autocomplete=\"off\""));
    // The first button of the form is what the Enter key in a checkbox presses: it has to be one that only asks.
    let form = page.split("<form class=\"board\"").nth(1).unwrap();
    assert!(form.split("<button").nth(1).unwrap().starts_with(" name=\"do\""));
    // Proposals take exactly their alarms.
    let board = s.get("/").await.body;
    let query = board.split("name=\"query\" value=\"proposal=").nth(1).unwrap().split('"').next().unwrap();
    let query = format!("proposal={}", query.replace("&#38;", "&"));
    let found = s.get(&format!("/api/v1/alarms?{query}")).await.json();
    let alarms = found["alarms"].as_array().unwrap();
    let sites: BTreeSet<_> = alarms.iter().map(|a| a["site"].as_str().unwrap()).collect();
    let metrics: BTreeSet<_> = alarms.iter().map(|a| a["metric"].as_str().unwrap()).collect();
    assert!(sites.len() >= 3 && metrics.len() == 1, "{sites:?} {metrics:?}");
    assert!(alarms.iter().all(|a| a["failing"] == true && a["cause"].is_null()));
    // Open causes say what stands under them.
    assert!(board.contains("value=\"end-cause\"") && board.contains(">3 alarms</a> at "), "{board}");
    // What only the script can do is not shown without it.
    assert!(page.contains("class=\"keys\" aria-keyshortcuts=\"?\" hidden"));
    assert!(page.contains("<dialog id=\"keys\""));
}

#[tokio::test]
async fn columns_are_chosen_in_the_address_and_wrong_ones_are_said() {
    let s = Served::new(20, false).await;
    let page = s.get("/?columns=ngi&columns=output,times").await.body;
    let head = page.split("<thead>").nth(1).unwrap().split("</thead>").next().unwrap();
    for (class, there) in [("k-ngi", true), ("k-output", true), ("k-ep", true), ("k-metric", true), ("k-host", false)] {
        assert_eq!(head.contains(class), there, "{class}");
        assert_eq!(page.contains(&format!("<td class=\"{class}\"")) || class == "k-metric", there, "{class}");
    }
    assert!(s.get("/?columns=colour").await.body.contains("there is no column &#39;colour&#39;"));
    assert_eq!(s.get("/alarms.csv?columns=colour").await.status, 400);
}

#[tokio::test]
async fn the_list_is_the_same_as_json_csv_and_text() {
    let s = Served::new(200, false).await;
    let query = "state=problem&site=SITE-*";
    let json = s.get(&format!("/api/v1/alarms?{query}")).await.json();
    let n = json["alarms"].as_array().unwrap().len();
    assert!(n > 5);
    let csv = s.get(&format!("/alarms.csv?{query}")).await;
    assert!(csv.head.contains("text/csv") && csv.head.contains("attachment; filename=\"alarms.csv\""), "{}", csv.head);
    assert_eq!(csv.body.lines().count(), n + 1);
    assert!(csv.body.starts_with("id,queue,state,") && csv.body.contains("\r\n"));
    let first = json["alarms"][0]["id"].as_str().unwrap();
    assert!(csv.body.lines().nth(1).unwrap().starts_with(first));
    let txt = s.get(&format!("/alarms.txt?{query}&width=100")).await;
    assert_eq!(txt.body.lines().count(), n + 3);
    assert!(txt.body.lines().skip(2).all(|l| l.chars().count() <= 100), "{}", txt.body);
    assert!(txt.body.starts_with(&format!("{n} of 200 alarms")) && !txt.body.contains('\u{1b}'));
    assert!(s.get("/alarms.txt?colour=1").await.body.contains("\u{1b}[31mCRITICAL"));
    assert_eq!(s.get("/alarms.txt?width=3").await.status, 400);
}

#[tokio::test]
async fn hostile_output_does_not_act_in_csv_text_or_on_the_board() {
    let mut world = samples::sample_world(40);
    let id = world.alarms.keys().next().unwrap().clone();
    let alarm = Arc::make_mut(world.alarms.change(&id).unwrap());
    alarm.output = "=cmd|'/c calc'!A1\r\n\u{1b}[2J\u{202e}<img src=x onerror=alert(1)>\"".into();
    alarm.about.site = "../\"><script>".into();
    alarm.key.host = "@SUM(1)\"onfocus=".into();
    let s = Served::new(0, false).await;
    s.ends.view.send_replace(Arc::new(View::of(&world)));
    for path in ["/?limit=1000&columns=output,site,host,note", "/alarms.csv", "/alarms.txt", "/?group=site"] {
        let body = s.get(path).await.body;
        for bad in ["\u{1b}", "\u{202e}", "<img", "\"><script>", "\"onfocus"] {
            let plain = path.starts_with("/alarms");
            assert!(!body.contains(bad) || (plain && bad.is_ascii() && !bad.contains('\u{1b}')), "{path}: {bad:?}");
        }
    }
    let csv = s.get("/alarms.csv").await.body;
    assert!(csv.contains(",\"'=cmd|") && csv.contains(",\"'@SUM(1)\"\"onfocus=\""), "{csv}");
    let page = s.get("/?limit=1000").await.body;
    assert!(page.contains("href=\"/sites/..%2F%22%3E%3Cscript%3E\""), "one part of a path");
}

#[tokio::test]
async fn the_first_screen_is_small() {
    let s = Served::new(300, false).await;
    let ask = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";
    let size = s.size(ask.to_owned()).await;
    assert!(size > 2_000 && size < 60_000, "{size} bytes");
    let page = s.get("/").await.body;
    let script = page.split("<script src=\"").nth(1).unwrap().split('"').next().unwrap();
    let script = s.get(script).await;
    assert!(script.status == 200 && script.body.len() < 12_000, "{} bytes", script.body.len());
    assert!(!script.body.contains("eval(") && !script.body.contains("http://") && !script.body.contains("https://"));
}

/// The cookie that an answer sets, as a request sends it.
fn cookie(head: &str) -> Option<String> {
    let line = head.lines().find_map(|l| l.strip_prefix("set-cookie: "))?;
    Some(line.split(';').next().unwrap().to_owned())
}

#[tokio::test]
async fn what_happened_since_the_last_visit_is_said() {
    let mut world = samples::sample_world(60);
    let s = Served::new(60, false).await;
    let at = |s: &Served, minutes: i64| {
        let now = NOW.plus(minutes * MINUTE);
        s.clock(now);
        now
    };
    let ask = |cookie: Option<&str>, path: &str| {
        let cookie = cookie.map(|c| format!("Cookie: {c}\r\n")).unwrap_or_default();
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}Connection: close\r\n\r\n")
    };
    let first = s.send(ask(None, "/")).await;
    assert!(!first.body.contains("Since your last visit"));
    let kept = cookie(&first.head).unwrap();
    assert!(first.head.contains("samesite=strict") && first.head.contains("httponly"), "{}", first.head);
    // While nobody looks: one comes, one fails again, one changes its state, one goes.
    let now = at(&s, 600);
    world.seq += 1;
    world.at = now;
    let ids: Vec<_> = world.alarms.values().filter(|a| a.failing_now()).map(|a| a.id.clone()).collect();
    let mut new = Alarm::clone(world.alarms.get(&ids[0]).unwrap());
    (new.id, new.raised, new.since) = ("ffffffffffffffff".into(), now, now);
    world.alarms.insert(new.id.clone(), Arc::new(new));
    let again = Arc::make_mut(world.alarms.change(&ids[1]).unwrap());
    (again.episodes, again.episode_since, again.since) = (again.episodes + 1, now, now);
    let other = Arc::make_mut(world.alarms.change(&ids[2]).unwrap());
    (other.state, other.since) = (if other.state == State::Warning { State::Critical } else { State::Warning }, now);
    let left = world.alarms.remove(&ids[3]).unwrap();
    let closed = alarm_core::world::Closed { at: now, seq: world.seq, alarm: left, off: None };
    Arc::make_mut(&mut world.closed).insert(ids[3].clone(), closed);
    s.ends.view.send_replace(Arc::new(View::of(&world)));
    let back = s.send(ask(Some(&kept), "/")).await;
    let part = back.body.split("class=\"visit\">").nth(1).expect("a visit").split("</form>").next().unwrap();
    for word in ["<b>1</b> new", "<b>1</b> failing again", "<b>1</b> changed", "<b>1</b> gone", "show them"] {
        assert!(part.contains(word), "{word}: {part}");
    }
    let kept = cookie(&back.head).unwrap();
    for (news, id) in [("new", "ffffffffffffffff"), ("back", &*ids[1]), ("changed", &*ids[2])] {
        let found = s.send(ask(Some(&kept), &format!("/api/v1/alarms?news={news}"))).await.json();
        let found: Vec<_> = found["alarms"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap()).collect();
        assert_eq!(found, [id], "{news}");
    }
    let shown = s.send(ask(Some(&kept), "/?news=all&group=none")).await.body;
    assert_eq!(shown.matches("<tr class=\"row").count(), 3);
    assert!(shown.contains(">again</span>"));
    // Another page goes on with the visit; a day later it is over, and nothing is new.
    at(&s, 625);
    let page = s.send(ask(Some(&kept), "/sources")).await;
    let kept = cookie(&page.head).expect("another page says that somebody is there");
    at(&s, 650);
    let still = s.send(ask(Some(&kept), "/")).await;
    assert!(still.body.contains("<b>1</b> failing again"));
    let kept = cookie(&still.head).unwrap();
    s.clock(NOW.plus(2 * DAY));
    let later = s.send(ask(Some(&kept), "/")).await.body;
    assert!(later.contains("Since your last visit, 22 Nov 22:50: nothing new"), "{later}");
}

#[tokio::test]
async fn an_empty_board_says_how_fresh_it_is() {
    let s = Served::new(0, false).await;
    let page = s.get("/").await.body;
    assert!(
        page.contains("No alarms")
            && page.contains("nagios-a: heard 4 s ago")
            && page.contains("gocdb: heard 6 min ago")
    );
}
