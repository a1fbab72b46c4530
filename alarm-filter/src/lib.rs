//! The alarm filter daemon. Start reading in `app.rs`.
