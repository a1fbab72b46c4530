//! What every engine has to do, asked through the two traits alone. A new engine adds a [`Fixture`] and a test at the end.

use super::samples::{batch, record};
use super::*;
use alarm_core::rows::Value;
use alarm_core::time::Timestamp;

/// An engine under test.
trait Fixture {
    type Store: Store;
    type History: History;
    /// With nothing in it.
    fn new() -> Self;
    fn store(&mut self) -> &mut Self::Store;
    fn history(&self) -> Self::History;
    /// Ended in order and started again.
    fn restarted(self) -> Self;
}

fn seqs(records: &[StoredRecord]) -> Vec<u64> {
    records.iter().map(|r| r.seq).collect()
}

fn all<S: Store>(store: &S) -> Vec<StoredRecord> {
    let mut got = Vec::new();
    store.read_from(0, usize::MAX, &mut |r| got.push(r)).unwrap();
    got
}

fn rows<S: Store>(store: &S) -> Vec<(String, Vec<u8>)> {
    let mut got = Vec::new();
    store.rows(&mut |k, v| got.push((k, v))).unwrap();
    got
}

fn filled<F: Fixture>(batches: u64) -> F {
    let mut f = F::new();
    for n in 0..batches {
        assert_eq!(f.store().append(&batch(n * 10 + 1, 10)).unwrap(), n * 10 + 10);
    }
    f
}

fn empty<F: Fixture>() {
    let mut f = F::new();
    let s = f.store();
    assert_eq!((s.last_seq(), s.flushed_seq(), s.truth_begins().seq), (0, 0, 1));
    assert_eq!((all(s).len(), rows(s).len(), s.cursors().unwrap().len()), (0, 0, 0));
    assert_eq!(s.append(&Batch::default()).unwrap(), 0);
    let h = f.history();
    assert_eq!(h.record(1).unwrap(), None);
    assert_eq!(h.between(Timestamp(i64::MIN), Timestamp(i64::MAX), u64::MAX, 9, 0).unwrap(), []);
    assert_eq!(h.check_all().unwrap(), []);
}

fn what_went_in_comes_out<F: Fixture>() {
    let mut f = filled::<F>(3);
    for again in [false, true] {
        let got = all(f.store());
        assert_eq!(seqs(&got), (1..=30).collect::<Vec<_>>());
        assert!(got.iter().all(|r| r.record == record(r.seq)), "after a restart: {again}");
        let s = f.store();
        assert_eq!((s.last_seq(), s.flushed_seq()), (30, 30));
        assert_eq!(s.cursors().unwrap(), [("log/ngi".to_owned(), r#"{"offset":30}"#.to_owned())]);
        let keys: Vec<String> = rows(s).into_iter().map(|(k, _)| k).collect();
        assert_eq!(keys, ["alarm/1", "alarm/11", "object/10", "object/20", "object/30"]);
        assert_eq!(s.read_from(5, 3, &mut |_| ()).unwrap(), Some(7));
        assert_eq!(s.read_from(31, 3, &mut |_| ()).unwrap(), None);
        assert_eq!(s.check_tail(10).unwrap(), []);
        f = f.restarted();
    }
}

fn odd_values<F: Fixture>() {
    let mut f = F::new();
    let mut odd = record(1);
    (odd.at, odd.object, odd.version, odd.rules) = (Timestamp(i64::MIN), Some(i64::MIN), u32::MAX, 0);
    (odd.body, odd.events) = ("\u{0}é'\";--".to_owned(), String::new());
    let value = |bytes: &[u8]| Some(Value::of_json(bytes.to_vec()));
    let rows_in = vec![("ключ".to_owned(), value(&[0, 255])), ("empty".to_owned(), value(&[]))];
    let b = Batch { first_seq: 1, records: vec![odd.clone()], rows: rows_in, ..Batch::default() };
    f.store().append(&b).unwrap();
    let mut f = f.restarted();
    assert_eq!(all(f.store())[0].record, odd);
    assert_eq!(rows(f.store()), [("empty".to_owned(), vec![]), ("ключ".to_owned(), vec![0, 255])]);
    assert_eq!(f.history().of_object(i64::MIN, 9, 9, None).unwrap().len(), 1);
}

fn twice_is_once<F: Fixture>() {
    let mut f = filled::<F>(2);
    let s = f.store();
    assert_eq!(s.append(&batch(11, 10)).unwrap(), 20, "the last one again");
    assert_eq!(s.append(&batch(1, 10)).unwrap(), 20, "an older one again");
    assert_eq!(s.cursors().unwrap()[0].1, r#"{"offset":20}"#, "an older one does not turn the cursor back");
    assert_eq!((all(s).len(), s.flushed_seq()), (20, 20));
    let mut f = f.restarted();
    assert_eq!(f.store().append(&batch(11, 10)).unwrap(), 20, "again after a restart");
}

fn what_cannot_follow_is_refused<F: Fixture>() {
    let mut f = filled::<F>(2);
    let mut other = batch(11, 10);
    other.records[4].body.push(' ');
    let early = Batch { flushed: Some(19), ..Batch::default() };
    let late = Batch { flushed: Some(21), ..Batch::default() };
    for (b, why) in [
        (batch(22, 1), "a gap"),
        (batch(20, 2), "an overlap"),
        (batch(0, 1), "seqs begin at 1"),
        (other, "others at these seqs"),
        (early, "flushed backwards"),
        (late, "flushed beyond the end"),
    ] {
        assert!(matches!(f.store().append(&b), Err(StoreError::Refused { .. })), "{why}");
        assert_eq!((all(f.store()).len(), f.store().flushed_seq()), (20, 20), "{why}");
    }
    assert_eq!(f.store().append(&batch(21, 1)).unwrap(), 21, "and it goes on");
}

fn a_batch_without_records<F: Fixture>() {
    let mut f = filled::<F>(1);
    let b = Batch {
        cursors: vec![("log/ngi".to_owned(), None), ("http/a".to_owned(), Some("7".to_owned()))],
        rows: vec![("alarm/1".to_owned(), None)],
        flushed: Some(10),
        ..Batch::default()
    };
    for _ in 0..2 {
        assert_eq!(f.store().append(&b).unwrap(), 10);
        assert_eq!(f.store().cursors().unwrap(), [("http/a".to_owned(), "7".to_owned())]);
        assert_eq!(rows(f.store()).len(), 1);
    }
    assert_eq!(f.restarted().store().check_tail(5).unwrap(), []);
}

fn documents<F: Fixture>() {
    let mut f = F::new();
    let long = "<SITE NAME=\"X\"/>".repeat(1000).into_bytes();
    for text in [b"".as_slice(), b"short", &long] {
        let hash = document_hash(text);
        assert_eq!(f.store().document(&hash).unwrap(), None);
        f.store().put_document(&hash, "topology", text).unwrap();
        f.store().put_document(&hash, "topology", text).unwrap();
        assert_eq!(f.store().document(&hash).unwrap().as_deref(), Some(text));
        assert_eq!(f.history().document(&hash).unwrap().as_deref(), Some(text));
        assert!(matches!(f.store().put_document(&hash, "x", b"other"), Err(StoreError::Refused { .. })));
    }
    let keep = document_hash(&long);
    assert_eq!(f.store().prune_documents(&|h| h == keep).unwrap(), 2);
    let mut f = f.restarted();
    assert_eq!(f.store().document(&keep).unwrap(), Some(long));
    assert_eq!(f.store().document(&document_hash(b"short")).unwrap(), None);
}

fn history_of_objects<F: Fixture>() {
    let mut f = filled::<F>(10);
    let h = f.history();
    // Object 0 is that of the seqs with seq % 7 = 3, but for every tenth.
    let of_zero = [94, 87, 73, 66, 59, 52, 45, 38, 31, 24, 17, 3];
    assert_eq!(seqs(&h.of_object(0, 100, 99, None).unwrap()), of_zero);
    assert_eq!(seqs(&h.of_object(0, 93, 3, None).unwrap()), [87, 73, 66]);
    assert_eq!(seqs(&h.of_object(0, 93, 3, Some(66)).unwrap()), [59, 52, 45]);
    assert_eq!(h.of_object(77, 100, 9, None).unwrap(), []);
    assert_eq!(h.record(17).unwrap().unwrap().record, record(17));
    let t = |seq| record(seq).at;
    let between = |a, b, upto, limit, after| seqs(&h.between(a, b, upto, limit, after).unwrap());
    assert_eq!(between(t(5), t(8), 100, 9, 0), [5, 6, 7]);
    assert_eq!(between(t(5), t(8), 6, 9, 0), [5, 6]);
    assert_eq!(between(t(5), t(50), 100, 2, 6), [7, 8]);
    assert_eq!(between(t(99).plus(1), t(200), 100, 9, 0), [100]);
    assert_eq!(between(t(8), t(5), 100, 9, 0), [0_u64; 0]);
    f.store().append(&batch(101, 1)).unwrap();
    assert_eq!(between(t(101), t(102), u64::MAX, 9, 0), [101], "an open reader sees what is new");
}

/// Records are found by their object whether or not the snapshot was flushed since, and across the flush.
fn history_of_objects_behind_the_flush<F: Fixture>() {
    let mut f = filled::<F>(2);
    let unflushed = |first| Batch { flushed: None, rows: Vec::new(), ..batch(first, 20) };
    f.store().append(&unflushed(21)).unwrap();
    f.store().append(&unflushed(41)).unwrap();
    let of_zero = [59, 52, 45, 38, 31, 24, 17, 3];
    let found = |f: &mut F, upto, limit, before| seqs(&f.history().of_object(0, upto, limit, before).unwrap());
    for flushed in [None, Some(45), Some(60)] {
        f.store().append(&Batch { flushed, ..Batch::default() }).unwrap();
        assert_eq!(found(&mut f, 60, 99, None), of_zero, "{flushed:?}");
        assert_eq!(found(&mut f, 50, 3, None), [45, 38, 31], "{flushed:?}");
        assert_eq!(found(&mut f, 60, 3, Some(24)), [17, 3], "{flushed:?}");
        assert_eq!(f.history().check_all().unwrap(), [], "{flushed:?}");
        f = f.restarted();
    }
    let slice = PruneSlice { before: record(40).at, from: 0, at_most: 100 };
    f.store().prune(slice, &|_| false).unwrap();
    assert_eq!(found(&mut f, 60, 99, None), [59, 52, 45]);
    assert_eq!(f.history().check_all().unwrap(), []);
}

fn episode(n: i64) -> Episode {
    Episode {
        id: format!("e{n}"),
        seq: n.cast_unsigned(),
        object: n % 4,
        site: format!("SITE-{}", n % 2),
        host: format!("ce{}", n % 4),
        service: (n % 4 != 3).then(|| "CE".to_owned()),
        metric: "org.example.CE-Job".to_owned(),
        opened: Timestamp(n * 100),
        closed: Timestamp(n * 100 + 150),
        body: "{}".to_owned(),
    }
}

fn episodes<F: Fixture>() {
    let mut f = F::new();
    let b = Batch { episodes: (1..=12).map(episode).collect(), ..Batch::default() };
    f.store().append(&b).unwrap();
    let again =
        Batch { episodes: vec![Episode { body: "{\"reopened\":1}".to_owned(), ..episode(5) }], ..Batch::default() };
    f.store().append(&again).unwrap();
    let h = f.history();
    let ask = |q: EpisodeQuery| {
        let found = h.episodes(&q).unwrap();
        assert!(found.iter().all(|e| q.matches(e)));
        found.into_iter().map(|e| e.seq).collect::<Vec<_>>()
    };
    let any = EpisodeQuery::default;
    assert_eq!(ask(any()), (1..=12).rev().collect::<Vec<_>>());
    assert_eq!(ask(EpisodeQuery { upto: 3, ..any() }), [3, 2, 1]);
    assert_eq!(ask(EpisodeQuery { id: Some("e7".into()), ..any() }), [7]);
    assert_eq!(ask(EpisodeQuery { site: Some("SITE-1".into()), limit: 2, ..any() }), [11, 9]);
    let after = Some((episode(9).closed, "e9".to_owned()));
    assert_eq!(ask(EpisodeQuery { site: Some("SITE-1".into()), limit: 2, after, ..any() }), [7, 5]);
    assert_eq!(ask(EpisodeQuery { host: Some("ce3".into()), ..any() }), [11, 7, 3]);
    assert_eq!(ask(EpisodeQuery { host: Some("ce3".into()), service: Some("CE".into()), ..any() }), [0_u64; 0]);
    assert_eq!(ask(EpisodeQuery { object: Some(2), from: Some(Timestamp(1050)), ..any() }), [10]);
    assert_eq!(ask(EpisodeQuery { from: Some(Timestamp(450)), to: Some(Timestamp(600)), ..any() }), [5, 4, 3]);
    let fifth = h.episodes(&EpisodeQuery { from: Some(Timestamp(650)), to: Some(Timestamp(501)), ..any() }).unwrap();
    assert_eq!(fifth[0].body, "{\"reopened\":1}", "stored again, it replaces");
}

fn rare_kinds<F: Fixture>() {
    let mut f = F::new();
    let kind = |seq: u64| match seq {
        3 | 7 | 8 => "source-state",
        5 => "downtimes",
        _ => "observation",
    };
    let records = (1..=10).map(|seq| Record { kind: kind(seq).into(), ..record(seq) }).collect();
    f.store().append(&Batch { first_seq: 1, records, ..Batch::default() }).unwrap();
    let h = f.restarted().history();
    let ask = |kind, upto, limit, after| seqs(&h.of_kind(kind, upto, limit, after).unwrap());
    assert_eq!(ask(RareKind::SourceState, 10, 9, 0), [3, 7, 8]);
    assert_eq!(ask(RareKind::SourceState, 7, 9, 3), [7]);
    assert_eq!(ask(RareKind::SourceState, 10, 2, 0), [3, 7]);
    assert_eq!(ask(RareKind::Downtimes, 10, 9, 0), [5]);
}

fn days_and_audit<F: Fixture>() {
    let mut f = F::new();
    let sum = |day, object, state: &str, seconds| DailySum { day, object, state: state.to_owned(), seconds };
    let line = |seq, part, subject: &str| AuditEntry {
        seq,
        part,
        at: Timestamp(5),
        who: "CN=Jane".to_owned(),
        action: "switch-off".to_owned(),
        subject: subject.to_owned(),
        body: "{}".to_owned(),
    };
    let b = Batch {
        daily: vec![sum(19_000, 1, "CRITICAL", 60), sum(19_001, 1, "OK", 86_400), sum(19_000, -2, "OK", 5)],
        audit: vec![line(3, 0, "a1"), line(3, 1, "a2"), line(4, 0, "a1")],
        ..Batch::default()
    };
    f.store().append(&b).unwrap();
    f.store().append(&Batch { daily: vec![sum(19_000, 1, "CRITICAL", 90)], ..Batch::default() }).unwrap();
    f.store().append(&b.clone()).unwrap();
    f.store().append(&Batch { daily: vec![sum(19_000, 1, "CRITICAL", 90)], ..Batch::default() }).unwrap();
    let h = f.restarted().history();
    assert_eq!(h.daily(None, 19_000, 19_000).unwrap(), [sum(19_000, -2, "OK", 5), sum(19_000, 1, "CRITICAL", 90)]);
    assert_eq!(h.daily(Some(1), 19_001, 19_999).unwrap(), [sum(19_001, 1, "OK", 86_400)]);
    assert_eq!(h.audit(None, 9, 2, None).unwrap(), [line(4, 0, "a1"), line(3, 1, "a2")]);
    assert_eq!(h.audit(Some("a1"), 3, 9, None).unwrap(), [line(3, 0, "a1")]);
    assert_eq!(h.audit(Some("a1"), 9, 9, Some((4, 0))).unwrap(), [line(3, 0, "a1")]);
    assert_eq!(h.audit(None, 9, 9, Some((3, 1))).unwrap(), [line(3, 0, "a1")], "a page may end inside a command");
}

fn pruning<F: Fixture>() {
    let mut f = filled::<F>(10);
    let old = Batch { episodes: vec![episode(1)], ..Batch::default() };
    f.store().append(&old).unwrap();
    let unflushed = Batch { flushed: None, rows: vec![], ..batch(101, 10) };
    f.store().append(&unflushed).unwrap();
    let keep = |object| object == 0;
    let mut slice = PruneSlice { before: record(51).at, from: 0, at_most: 20 };
    let (mut removed, mut kept, mut steps) = (0, 0, 0);
    loop {
        let report = f.store().prune(slice, &keep).unwrap();
        (removed, kept, steps) = (removed + report.removed, kept + report.kept, steps + 1);
        assert_eq!(f.store().truth_begins(), report.truth_begins);
        let Some(next) = report.next else { break };
        slice.from = next;
    }
    assert_eq!((removed, kept, steps), (44, 6, 3));
    for _ in 0..2 {
        assert_eq!(f.store().truth_begins(), TruthBegins { seq: 51, at: record(51).at });
        let left = seqs(&all(f.store()));
        assert_eq!(left[..7], [3, 17, 24, 31, 38, 45, 51]);
        assert_eq!((left.len(), f.store().last_seq()), (66, 110));
        let h = f.history();
        assert_eq!(h.truth_begins().unwrap().seq, 51);
        assert_eq!(h.between(record(1).at, record(40).at, 200, 9, 0).unwrap().len(), 5);
        assert_eq!(h.episodes(&EpisodeQuery::default()).unwrap().len(), 1, "outlives the pruning");
        assert_eq!(h.check_all().unwrap(), []);
        f = f.restarted();
    }
    // Later the alarm is closed: what was kept may go, and where the truth begins does not move back.
    let report = f.store().prune(PruneSlice { from: 0, ..slice }, &|_| false).unwrap();
    assert_eq!((report.removed, report.truth_begins.seq), (6, 51));
    let report =
        f.store().prune(PruneSlice { before: Timestamp(i64::MAX), from: 0, at_most: 1000 }, &|_| false).unwrap();
    assert_eq!((report.removed, report.truth_begins.seq), (50, 101), "what is not flushed stays");
    assert_eq!(f.history().check_all().unwrap(), []);
}

fn what_stands_at_time_zero_is_as_old_as_what_follows<F: Fixture>() {
    let mut f = F::new();
    let mut b = batch(1, 6);
    b.records[0].at = Timestamp(0);
    b.records[1].at = Timestamp(0);
    f.store().append(&b).unwrap();
    let slice = |before| PruneSlice { before, from: 0, at_most: 100 };
    let report = f.store().prune(slice(record(3).at), &|_| false).unwrap();
    assert_eq!((report.removed, report.truth_begins.seq, report.next), (0, 1, None));
    let report = f.store().prune(slice(record(4).at), &|_| false).unwrap();
    assert_eq!((report.removed, report.truth_begins.seq), (3, 4));
}

fn pruned_to_nothing_it_goes_on_counting<F: Fixture>() {
    let mut f = filled::<F>(1);
    let slice = PruneSlice { before: Timestamp(i64::MAX), from: 0, at_most: 100 };
    let report = f.store().prune(slice, &|_| false).unwrap();
    assert_eq!(report.truth_begins, TruthBegins { seq: 11, at: record(10).at });
    let mut f = f.restarted();
    assert_eq!((f.store().last_seq(), all(f.store()).len()), (10, 0));
    assert_eq!(f.store().append(&batch(11, 2)).unwrap(), 12);
    assert_eq!(f.history().check_all().unwrap(), []);
}

macro_rules! conformance {
    ($engine:ident, $fixture:ty: $($test:ident)*) => {
        mod $engine {
            $(#[test] fn $test() { super::$test::<$fixture>(); })*
        }
    };
    ($engine:ident, $fixture:ty) => {
        conformance!($engine, $fixture: empty what_went_in_comes_out odd_values twice_is_once
            what_cannot_follow_is_refused a_batch_without_records documents history_of_objects
            history_of_objects_behind_the_flush episodes rare_kinds days_and_audit
            pruning what_stands_at_time_zero_is_as_old_as_what_follows pruned_to_nothing_it_goes_on_counting);
    };
}

impl Fixture for MemoryStore {
    type Store = MemoryStore;
    type History = memory::MemoryHistory;
    fn new() -> Self {
        MemoryStore::default()
    }
    fn store(&mut self) -> &mut MemoryStore {
        self
    }
    fn history(&self) -> memory::MemoryHistory {
        MemoryStore::history(self)
    }
    fn restarted(self) -> Self {
        self
    }
}

struct Sqlite {
    store: SqliteStore,
    dir: tempfile::TempDir,
}

impl Fixture for Sqlite {
    type Store = SqliteStore;
    type History = SqliteHistory;
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Sqlite { store: SqliteStore::open(&dir.path().join("journal.db"), OpenOptions::default()).unwrap(), dir }
    }
    fn store(&mut self) -> &mut SqliteStore {
        &mut self.store
    }
    fn history(&self) -> SqliteHistory {
        self.store.history().unwrap()
    }
    fn restarted(self) -> Self {
        drop(self.store);
        Sqlite {
            store: SqliteStore::open(&self.dir.path().join("journal.db"), OpenOptions::default()).unwrap(),
            dir: self.dir,
        }
    }
}

conformance!(in_memory, super::MemoryStore);
conformance!(sqlite, super::Sqlite);
