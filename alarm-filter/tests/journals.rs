//! One journal of each release lies in tests/data/journals, and every build has to open it, read each of its records and
//! find the state in it that the release left.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in the helpers of tests a surprise is a failure")]

use alarm_core::upcast;
use alarm_core::world::World;
use alarm_filter::keeper::restore::{refold, restore_all};
use alarm_filter::store::{EpisodeQuery, History, OpenOptions, SqliteStore, Store};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/journals")
}

/// What a release left, in lines that do not depend on how today's release writes its rows.
fn told(world: &World, store: &SqliteStore) -> String {
    let history = store.history().unwrap();
    let episodes = history.episodes(&EpisodeQuery { limit: usize::MAX, ..EpisodeQuery::default() }).unwrap();
    let days = history.daily(None, 0, i32::MAX).unwrap();
    let mut lines = vec![
        format!("records {}", store.last_seq()),
        format!("episodes {}", episodes.len()),
        format!("days {} with {} s", days.len(), days.iter().map(|d| u64::from(d.seconds)).sum::<u64>()),
        format!("cursors {}", store.cursors().unwrap().iter().map(|(name, _)| &**name).collect::<Vec<_>>().join(" ")),
        format!("alarms {}", world.alarms.len()),
    ];
    lines.extend(world.alarms.values().map(|a| {
        let flags: Vec<&str> = a.flags.keys().map(|f| f.word()).collect();
        format!(
            "{} {} {} {} since {} episodes {} changes {} flags {}",
            a.id,
            a.key.host,
            a.key.service.as_deref().unwrap_or("-"),
            a.state,
            a.since,
            a.episodes,
            a.history.len(),
            flags.join(","),
        )
    }));
    lines.join("\n") + "\n"
}

/// Every row that the release left says what the fold of the events says, as far as it says anything: what later releases
/// keep beside it, it does not have. And it lacks none of the rows that there were then.
fn agree(release: &str, store: &SqliteStore, of_events: &World) {
    let folded: BTreeMap<String, Vec<u8>> = of_events.all_rows().into_iter().collect();
    let value = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let mut names = BTreeSet::new();
    let mut compare = |name: String, bytes: Vec<u8>| {
        if name.starts_with("days") {
            return; // A fold of its own beside the world; `told` counts them.
        }
        let row = folded.get(&name).unwrap_or_else(|| panic!("{release}: the events know nothing of {name}"));
        assert!(says(&value(&bytes), &value(row)), "{release}: {name}: {} {}", value(&bytes), value(row));
        names.insert(name);
    };
    store.rows(&mut compare).unwrap();
    let lacks: Vec<&String> = folded.keys().filter(|name| !names.contains(*name)).collect();
    assert!(lacks.is_empty(), "{release}: {lacks:?} were not written");
}

fn says(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => old.iter().all(|(k, v)| new.get(k).is_some_and(|n| says(v, n))),
        (old, new) => old == new,
    }
}

#[test]
fn every_releases_journal_is_opened_read_and_holds_what_it_held() {
    let mut releases = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let packed = entry.unwrap().path();
        let name = packed.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(release) = name.strip_suffix(".db.gz") else { continue };
        releases += 1;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&packed).unwrap()).read_to_end(&mut bytes).unwrap();
        std::fs::write(&path, bytes).unwrap();

        let store = SqliteStore::open(&path, OpenOptions::default()).unwrap();
        assert_eq!(store.history().unwrap().check_all().unwrap(), [], "{release}");
        let mut read = 0;
        let all = store.read_from(1, usize::MAX, &mut |r| {
            let record = &r.record;
            upcast::events(record.rules, &record.events).unwrap_or_else(|e| panic!("{release}: {}: {e}", r.seq));
            upcast::input(record.version, &record.body).unwrap_or_else(|e| panic!("{release}: {}: {e}", r.seq));
            read += 1;
        });
        assert_eq!((all.unwrap(), read), (Some(store.last_seq()), store.last_seq()), "{release}");

        let (of_rows, _) = restore_all(&store).unwrap();
        let (of_events, _) = refold(&store).unwrap();
        agree(release, &store, of_events.world());
        assert_eq!(told(of_rows.world(), &store), told(of_events.world(), &store), "{release}: rows and events");
        let told = told(of_rows.world(), &store);
        let stated = folder().join(format!("{release}.txt"));
        match std::fs::read_to_string(&stated) {
            Ok(text) => assert_eq!(told, text, "{release}"),
            Err(_) => panic!("{} is not there; a journal that was just made holds:\n{told}", stated.display()),
        }
    }
    assert!(releases > 0, "there is no journal in {}", folder().display());
}
