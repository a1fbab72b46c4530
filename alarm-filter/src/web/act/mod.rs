//! Everything that changes state. Every such request is a POST: of a form that was written for that browser and that operator
//! (`visitor.rs`, `secret.rs`), or of JSON, which no page of another site can send. `who.rs` says who acts.
//!
//! Start reading in `forms.rs`: what a form is looked at for, and in which order. `fields.rs` reads it, `doing.rs` and
//! `preview.rs` show what will be done, `carry.rs` asks the engine, `take_back.rs` undoes; `words.rs`, `flash.rs` and `back.rs`
//! say what became of it, and where. `trail.rs` is the page of all that was done.
mod back;
mod carry;
mod doing;
mod fields;
mod flash;
mod forms;
mod preview;
mod secret;
mod take_back;
mod trail;
mod visitor;
mod who;
mod words;

pub(super) use carry::{NotDone, carry, possible_now, status};
pub(super) use fields::is_id;
pub(super) use flash::Line;
pub(super) use forms::{act, before};
pub(super) use take_back::can_take_back;
pub(super) use trail::trail;
pub use visitor::Acts;
pub(super) use visitor::{Visitor, know};
pub use who::{Operators, Unknown, fit_name};

#[cfg(test)]
mod tests;
