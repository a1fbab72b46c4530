//! Made-up records and batches for the tests of this folder.

use super::record::{Batch, Record};
use alarm_core::rows::Value;
use alarm_core::time::Timestamp;
use std::borrow::Cow;

/// The record at `seq`: one a second, of about 300 bytes, of one of seven objects, every tenth of none.
pub(crate) fn record(seq: u64) -> Record {
    let object = (!seq.is_multiple_of(10)).then_some((seq % 7).cast_signed() - 3);
    Record {
        at: Timestamp(1_700_000_000_000 + seq.cast_signed() * 1000),
        kind: Cow::Borrowed(if object.is_some() { "observation" } else { "tick" }),
        version: 1,
        object,
        body: format!(
            r#"{{"input":"observation","monitor":"ngi","since":{seq},"origin":"log","seen":"service","host":"ce{}.example.org","service":"org.example.CE-Job","state":"CRITICAL","hard":true,"report":"alert","attempt":3,"output":"CRITICAL - job {seq} timed out"}}"#,
            seq % 7
        ),
        rules: 1,
        events: format!(r#"[{{"event":"raised","alarm":"a{seq}"}}]"#),
    }
}

/// `count` records from `first` on, with a cursor, two state rows, and flushed up to their end.
pub(crate) fn batch(first: u64, count: u64) -> Batch {
    let last = first + count - 1;
    Batch {
        first_seq: first,
        records: (first..=last).map(record).collect(),
        cursors: vec![("log/ngi".to_owned(), Some(format!(r#"{{"offset":{last}}}"#)))],
        rows: vec![
            (format!("object/{}", last % 50), Some(Value::of_json(format!(r#"{{"seq":{last}}}"#).into_bytes()))),
            (format!("alarm/{first}"), (!first.is_multiple_of(3)).then(|| Value::of_json(b"{}".to_vec()))),
        ],
        flushed: Some(last),
        ..Batch::default()
    }
}
