//! Any bytes as the body of `POST /api/v1/observations`: no panic, an error is one line, and what is taken comes back from
//! the journal as it was and is decided without a panic, a second time to no effect.
#![no_main]
use alarm_core::engine::Engine;
use alarm_core::input::Input;
use alarm_core::time::Timestamp;
use alarm_filter::web::observations_of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let now = Timestamp::from_secs(1_795_420_800);
    let inputs = match observations_of(data, now) {
        Ok(inputs) => inputs,
        Err(why) => return assert!(!why.contains('\n'), "{why:?}"),
    };
    let mut engine = Engine::new();
    for input in &inputs {
        let text = serde_json::to_string(input).unwrap();
        assert_eq!(&serde_json::from_str::<Input>(&text).unwrap(), input);
        engine.handle(now, input.clone());
    }
    for input in inputs {
        assert_eq!(engine.handle(now, input).records, []);
    }
});
