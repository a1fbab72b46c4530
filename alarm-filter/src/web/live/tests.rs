//! The stream of changes as a browser meets it.

use crate::view::View;
use crate::web::samples::{self, NOW};
use crate::web::tests::Served;
use alarm_core::alarm::Alarm;
use alarm_core::input::SourceHealth;
use alarm_core::queue::Queue;
use alarm_core::state::State;
use alarm_core::time::MINUTE;
use alarm_core::world::World;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An open stream.
struct Live {
    stream: TcpStream,
    text: String,
}

/// One message.
#[derive(Debug)]
struct Event {
    name: String,
    id: Option<u64>,
    data: String,
}

impl Live {
    /// The stream of the board at this address.
    async fn of(s: &Served, path: &str) -> Live {
        let page = s.get(path).await.body;
        let live = page.split("data-live=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
        Live::at(s, &live).await
    }

    async fn at(s: &Served, path: &str) -> Live {
        let mut stream = TcpStream::connect(&s.address).await.unwrap();
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        Live { stream, text: String::new() }
    }

    /// Reads until there is a whole message; `None`: nothing came within that time, or the stream ended.
    async fn next(&mut self, within: Duration) -> Option<Event> {
        loop {
            // Every message is written at once, as one chunk; its size stands before it.
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    message.lines().find_map(|l| l.strip_prefix(name).map(|v| v.trim_end_matches('\r').to_owned()))
                };
                if let Some(event) = field("event: ") {
                    let id = field("id: ").map(|n| n.parse().unwrap());
                    return Some(Event { name: event, id, data: field("data: ").unwrap() });
                }
                continue;
            }
            let mut bytes = [0; 65_536];
            let n = tokio::time::timeout(within, self.stream.read(&mut bytes)).await.ok()?.unwrap();
            if n == 0 {
                return None;
            }
            self.text += std::str::from_utf8(&bytes[..n]).unwrap();
        }
    }

    /// The next change; what is said of the freshness in between is passed over.
    async fn change(&mut self, within: Duration) -> Option<(u64, Value)> {
        loop {
            let event = self.next(within).await?;
            if event.name == "change" {
                return Some((event.id.unwrap(), serde_json::from_str(&event.data).unwrap()));
            }
            assert_eq!(event.name, "beat", "{event:?}");
        }
    }
}

const SOON: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_millis(700);

fn show(s: &Served, world: &mut World) {
    world.seq += 1;
    s.ends.view.send_replace(Arc::new(View::of(world)));
}

#[tokio::test]
async fn a_changed_row_is_sent_once_after_the_commit_and_nothing_without_a_change() {
    let mut world = samples::sample_world(60);
    let s = Served::new(60, false).await;
    let mut live = Live::of(&s, "/").await;
    assert_eq!(live.next(SOON).await.unwrap().name, "beat");
    assert!(live.change(QUIET).await.is_none(), "nothing changed");
    let id = world.alarms.values().find(|a| a.state == State::Critical && a.masked_by.is_none()).unwrap().id.clone();
    let alarm = Arc::make_mut(world.alarms.change(&id).unwrap());
    alarm.state = State::Warning;
    alarm.version += 1;
    // Changed, and not yet shown: it is not committed.
    assert!(live.change(QUIET).await.is_none());
    show(&s, &mut world);
    let (seq, change) = live.change(SOON).await.unwrap();
    assert_eq!(seq, world.seq);
    let rows = change["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{change}");
    assert_eq!(rows[0][0], &*id);
    let html = rows[0][1].as_str().unwrap();
    assert!(html.starts_with("<tr class=\"row") && html.contains("WARNING"), "{html}");
    assert!(change["new"].as_array().unwrap().is_empty() && change["gone"].as_array().unwrap().is_empty());
    assert!(live.change(QUIET).await.is_none(), "once");
    // Another record that nothing of this page comes from.
    show(&s, &mut world);
    assert!(live.change(QUIET).await.is_none());
}

#[tokio::test]
async fn new_and_gone_ones_are_told_and_the_counters_follow() {
    let mut world = samples::sample_world(60);
    let s = Served::new(60, false).await;
    let alone = |a: &&Arc<Alarm>| a.masked_by.is_none() && a.failing_now();
    let one = world.alarms.values().find(alone).unwrap().clone();
    let path = format!("/?site={}", one.about.site);
    let mut live = Live::of(&s, &path).await;
    live.next(SOON).await.unwrap();
    world.alarms.remove(&one.id);
    // Of another site: not asked for.
    let other = world.alarms.values().find(|a| a.about.site != one.about.site).unwrap().clone();
    world.alarms.remove(&other.id);
    show(&s, &mut world);
    let (_, change) = live.change(SOON).await.unwrap();
    assert_eq!(change["gone"], serde_json::json!([&*one.id]));
    assert!(change["counts"]["queues"]["all"].as_u64().unwrap() > 0, "{change}");
    world.alarms.insert(one.id.clone(), one.clone());
    show(&s, &mut world);
    let (_, change) = live.change(SOON).await.unwrap();
    let new = &change["new"][0];
    assert_eq!(new["id"], &*one.id);
    assert!(new["html"].as_str().unwrap().contains(&*one.id));
    let group = new["group"].as_str().unwrap();
    assert!(Queue::ON_BOARD.iter().any(|q| q.word() == group), "{new}");
    // What happened between the page and its stream is in the first message.
    let page = s.get(&path).await.body;
    let address = page.split("data-live=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    world.alarms.remove(&one.id);
    show(&s, &mut world);
    let (_, change) = Live::at(&s, &address).await.change(SOON).await.unwrap();
    assert_eq!(change["gone"], serde_json::json!([&*one.id]));
}

#[tokio::test]
async fn what_leaves_the_page_and_not_the_board_stays_where_it_is() {
    let mut world = samples::sample_world(60);
    let s = Served::new(60, false).await;
    let mut live = Live::of(&s, "/?sort=state&limit=5").await;
    live.next(SOON).await.unwrap();
    // The one line of the page recovers, so that it would stand on another page now.
    let page = s.get("/?sort=state&limit=5").await.body;
    let id = page.split("id=\"a-").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let alarm = Arc::make_mut(world.alarms.change(id.as_str()).unwrap());
    alarm.state = State::Ok;
    alarm.failing.last_mut().unwrap().to = Some(NOW);
    show(&s, &mut world);
    let (_, change) = live.change(SOON).await.unwrap();
    assert!(change["gone"].as_array().unwrap().is_empty(), "{change}");
    assert_eq!(change["rows"][0][0], id.as_str());
    assert!(change["rows"][0][1].as_str().unwrap().contains(">OK</span>"));
    assert_eq!(change["new"].as_array().unwrap().len(), 1, "the next one came onto the page");
}

#[tokio::test]
async fn new_ones_that_stand_on_another_page_are_counted() {
    let mut world = samples::sample_world(60);
    let s = Served::new(60, false).await;
    let alone = |a: &&Arc<Alarm>| a.masked_by.is_none() && a.failing_now();
    let one = world.alarms.values().find(alone).unwrap().clone();
    world.alarms.remove(&one.id);
    show(&s, &mut world);
    // The first page of an order in which it will be the last, and a query that it does not fit.
    let mut live = Live::of(&s, "/?sort=-age&group=none&limit=5").await;
    let mut elsewhere = Live::of(&s, "/?sort=-age&group=none&limit=5&site=no-such-site").await;
    assert!(live.change(QUIET).await.is_none());
    let mut newest = Alarm::clone(&one);
    newest.id = "00000000000000aa".into();
    // The oldest of all: the last in this order.
    newest.failing.first_mut().unwrap().from = NOW.plus(-900 * 60 * MINUTE);
    world.alarms.insert(newest.id.clone(), Arc::new(newest.clone()));
    show(&s, &mut world);
    let (_, change) = live.change(SOON).await.unwrap();
    assert_eq!((change["more"].as_u64(), change["new"].as_array().unwrap().len()), (Some(1), 0), "{change}");
    world.alarms.remove(&newest.id);
    show(&s, &mut world);
    let (_, change) = live.change(SOON).await.unwrap();
    assert_eq!(change["more"], 0, "{change}");
    assert!(elsewhere.change(QUIET).await.is_none_or(|(_, c)| c["more"].is_null()), "not asked for");
}

#[tokio::test]
async fn ages_go_on_and_stale_sources_are_said_at_once() {
    let s = Served::new(30, false).await;
    let mut live = Live::of(&s, "/").await;
    live.next(SOON).await.unwrap();
    assert!(live.change(QUIET).await.is_none());
    s.clock(NOW.plus(90 * MINUTE));
    s.ends.view.send_modify(|v| {
        let m = Arc::make_mut(v).monitors.get_mut("nagios-b").unwrap();
        m.health = SourceHealth::Silent;
    });
    let mut said = (false, false);
    while said != (true, true) {
        let event = live.next(SOON).await.expect("both are said");
        if event.name == "beat" {
            said.0 |= event.data.contains("new failures are not seen");
        } else {
            let change: Value = serde_json::from_str(&event.data).unwrap();
            said.1 |= !change["ages"].as_array().unwrap().is_empty();
        }
    }
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_the_daemon() {
    let s = Served::new(30, false).await;
    // A page that nobody remembers is to be loaded anew.
    let event = Live::at(&s, "/events?live=gone").await.next(SOON).await.unwrap();
    assert_eq!(event.name, "reload");
    let mut live = Live::of(&s, "/").await;
    live.next(SOON).await.unwrap();
    let room = s.state.cache.hub.fill();
    let refused = s.get("/events").await;
    assert!(refused.status == 503 && refused.head.contains("retry-after"), "{refused:?}");
    drop(room);
    let begun = Instant::now();
    s.state.cache.end_streams();
    assert!(live.change(SOON).await.is_none());
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn al17_the_stream_never_tells_of_security_matters() {
    let s = Served::new(40, true).await;
    let mut live = Live::of(&s, "/").await;
    let secret = s.ends.secret.clone().unwrap();
    // A newer picture of the same world, with the secret in it.
    s.ends.view.send_modify(|v| Arc::make_mut(v).seq += 1);
    while let Some(event) = live.next(QUIET).await {
        assert!(!event.data.contains(&*secret) && !event.data.contains("Pakiti") && !event.data.contains("SECRET"));
    }
}
