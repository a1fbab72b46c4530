//! Deciding a recording anew, beside any journal: what `replay`, `audit`, `profile test` and the demo stand on.
//!
//! Start reading in [`recording`], which puts logs, snapshots and configurations of one monitor into one order of
//! inputs; [`session`] feeds an engine with them; [`episodes`] collects what came of it.
pub mod episodes;
pub mod recording;
pub mod session;
