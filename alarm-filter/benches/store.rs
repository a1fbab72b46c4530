//! How fast the store commits, against bare SQLite inserts of the same rows in the same batches.
//!
//! `cargo bench -p alarm-filter --bench store [folder]`. The two take turns in short rounds, because a disk's speed
//! changes from second to second: the ratio counts, not the figures. Plain code instead of divan for that reason.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]
mod bare;

use alarm_core::rows::Value;
use alarm_core::time::Timestamp;
use alarm_filter::store::{Batch, OpenOptions, Record, SqliteStore, Store};
use bare::Bare;
use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() {
    // `cargo test --benches` and `cargo bench` pass options of their own.
    let folder = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let dir = folder.map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap();
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    println!("rows/s                      bare     store  ratio   with cursor and flushes  ratio");
    for size in [1, 10, 64, 256] {
        compare(dir.path(), size);
    }
}

fn compare(dir: &Path, size: usize) {
    let path = |name: &str| dir.join(format!("{name}-{size}.db"));
    let mut bare = Bare::open(&path("bare"), true);
    let mut plain = SqliteStore::open(&path("plain"), OpenOptions::default()).unwrap();
    let mut whole = SqliteStore::open(&path("whole"), OpenOptions::default()).unwrap();
    let (mut times, mut rows) = ([Duration::ZERO; 3], 0);
    let per_round = (4_000 / size).clamp(1, 400);
    let mut ratios: Vec<[f64; 2]> = Vec::new();
    for round in 0..24 {
        let mut spent = [Duration::ZERO; 3];
        let batches: Vec<Batch> = (0..per_round).map(|n| batch((rows + n * size) as u64 + 1, size)).collect();
        let dressed: Vec<Batch> = batches.iter().map(dress).collect();
        let timed = |work: &mut dyn FnMut()| {
            let begin = Instant::now();
            work();
            begin.elapsed()
        };
        for turn in 0..3 {
            let which = (turn + round) % 3;
            spent[which] = match which {
                0 => timed(&mut || batches.iter().for_each(|b| bare.insert(b))),
                1 => timed(&mut || batches.iter().for_each(|b| _ = plain.append(b).unwrap())),
                _ => timed(&mut || dressed.iter().for_each(|b| _ = whole.append(b).unwrap())),
            };
        }
        rows += per_round * size;
        ratios.push([1, 2].map(|i| spent[0].as_secs_f64() / spent[i].as_secs_f64()));
        times.iter_mut().zip(spent).for_each(|(sum, t)| *sum += t);
    }
    let speed = times.map(|t| rows as f64 / t.as_secs_f64());
    let median = |i: usize| {
        ratios.sort_by(|a, b| a[i].total_cmp(&b[i]));
        ratios[ratios.len() / 2][i]
    };
    let [one, two] = [0, 1].map(median);
    println!(
        "batches of {size:3}  {:12.0}  {:8.0}   {:3.0} %   {:22.0}   {:3.0} %",
        speed[0],
        speed[1],
        one * 100.0,
        speed[2],
        two * 100.0
    );
}

/// About 300 bytes of input and events, of one of 10 000 objects.
fn record(seq: u64) -> Record {
    let object = (seq.wrapping_mul(0x9e37_79b9) % 10_000).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Record {
        at: Timestamp(1_700_000_000_000 + seq.cast_signed()),
        kind: Cow::Borrowed("observation"),
        version: 1,
        object: Some(object.cast_signed()),
        body: format!(
            r#"{{"input":"observation","monitor":"ngi","since":{seq},"origin":"log","seen":"service","host":"ce{:04}.example.org","service":"org.example.CE-Job","state":"CRITICAL","hard":true,"report":"alert","attempt":3,"output":"CRITICAL - job timed out"}}"#,
            seq % 10_000
        ),
        rules: 1,
        events: format!(r#"[{{"event":"raised","alarm":"{object:016x}-{seq}"}}]"#),
    }
}

fn batch(first: u64, size: usize) -> Batch {
    Batch { first_seq: first, records: (first..).take(size).map(record).collect(), ..Batch::default() }
}

/// The same as the daemon commits it: a cursor each time, 50 changed state rows every 1000 records.
fn dress(batch: &Batch) -> Batch {
    let last = batch.last_seq(0);
    let flush = last / 1000 != (batch.first_seq - 1) / 1000;
    let row = |n: u64| (format!("object/{:016x}", (last + n * 31) % 10_000), Some(Value::of_json(vec![b'x'; 300])));
    Batch {
        cursors: vec![("log/ngi".to_owned(), Some(format!(r#"{{"inode":1,"offset":{last}}}"#)))],
        rows: if flush { (0..50).map(row).collect() } else { Vec::new() },
        flushed: flush.then_some(last),
        ..batch.clone()
    }
}
