//! Everything that changes state. Every such request is a POST: of a form that was written for that browser and that operator
//! (`visitor.rs`, `secret.rs`), or of JSON, which no page of another site can send. `who.rs` says who acts, `back.rs` where
//! the browser goes afterwards, `flash.rs` what is said there, `trail.rs` is the page of all that was done.
mod back;
mod flash;
mod secret;
mod trail;
mod visitor;
mod who;

pub(super) use flash::Line;
pub(super) use trail::trail;
pub use visitor::Acts;
pub(super) use visitor::{Visitor, know};
pub use who::{Operators, Unknown, fit_name};
