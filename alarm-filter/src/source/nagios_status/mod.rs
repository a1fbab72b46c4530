//! What a Nagios writes about where everything stands: status.dat (states, every half minute or so) and objects.cache
//! (its configuration, at every start). The log is primary; these make up for what it lacks.
//!
//! Start with [`status`] and [`objects`]. [`blocks`] is the syntax that both files share; [`record`] is one object's block
//! of status.dat, borrowed, for those who read 100,000 of them and keep few.
pub mod blocks;
pub mod objects;
pub mod record;
pub mod status;
pub mod timeperiod;
