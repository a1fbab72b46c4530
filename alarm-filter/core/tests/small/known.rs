//! Laws that the engine breaks as it stands. Each has an ignored test of its own in `properties/found.rs`; whoever mends
//! one sets it to true here, and the walk and the properties hold it from then on.

/// A host that came up sets the timers of the services held under it in the fold as well: `rearm_host` is called by the
/// deciding engine only.
pub(crate) const SETTLE_TIMERS_FOLD: bool = true;

/// An engine that was restored decides in the same order: the services of a host stand in the order in which they were
/// first seen, and rows come back by name.
pub(crate) const ORDER_OUTLIVES_A_RESTART: bool = true;

/// New settings set the timers of what stands anew, as a restart does: `apply` of `Settings` leaves those of held services.
pub(crate) const SETTINGS_SET_TIMERS: bool = true;
