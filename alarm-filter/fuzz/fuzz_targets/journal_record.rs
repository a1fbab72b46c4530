//! Any bytes as the body of a record of the journal, a line each: events are folded, inputs are decided, and neither
//! panics; what can be read is written again as the same; and the rows of what came of it are the same world.
#![no_main]
use alarm_core::engine::Engine;
use alarm_core::event::Event;
use alarm_core::input::Input;
use alarm_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut engine = Engine::new();
    for (seq, line) in (1u64..).zip(data.split(|b| *b == b'\n')) {
        let at = Timestamp::from_secs(1_795_420_800).plus(i64::try_from(seq).unwrap_or(0) * 3_600_000);
        if let Ok(events) = serde_json::from_slice::<Vec<Event>>(line) {
            let text = serde_json::to_string(&events).unwrap();
            assert_eq!(serde_json::from_str::<Vec<Event>>(&text).unwrap(), events);
            engine.replay(seq, at, &events);
        } else if let Ok(input) = serde_json::from_slice::<Input>(line) {
            let text = serde_json::to_string(&input).unwrap();
            assert_eq!(serde_json::from_str::<Input>(&text).unwrap(), input);
            engine.handle(at, input);
        }
    }
    let rows = engine.world().all_rows();
    let mut again = Engine::new();
    for (name, value) in &rows {
        again.load_row(name, value).unwrap();
    }
    again.restore();
    assert_eq!(again.world().all_rows(), rows);
});
