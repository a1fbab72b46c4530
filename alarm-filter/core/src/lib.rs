//! The rules of the alarm filter: a pure state machine. Observations come in with the time as an argument, decided
//! events come out; there is no clock, no I/O, no thread and no randomness in this crate, and lints keep it so.
//!
//! Start reading in [`engine`].
pub mod alarm;
mod apply;
mod apply_alarm;
pub mod board;
mod calendar;
mod cause;
pub mod command;
mod commands;
pub mod days;
pub mod document;
pub mod downtime;
pub mod engine;
pub mod event;
mod few;
pub mod flag;
pub mod input;
pub mod json;
mod marks;
mod mask;
mod nagios;
pub mod notepad;
pub mod objects;
pub mod period;
pub mod place;
mod places;
pub mod profile;
pub mod queue;
mod refresh;
mod refusal;
pub mod rows;
pub mod settings;
mod settle;
mod sharing;
pub mod state;
pub mod time;
pub mod timeline;
pub mod timers;
pub mod topology;
pub mod undo;
pub mod upcast;
pub mod verdict;
mod viability;
pub mod watch;
pub mod world;
