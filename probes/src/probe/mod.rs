//! One probe a file or folder: what it asks, what it judges, what it says. `registry.rs` lists them. `anchors.rs` and
//! `lifetime.rs` are what those that look at trust anchors share.

pub mod anchors;
pub mod apel;
pub mod arc_accounting;
pub mod bdii;
pub mod ca;
pub mod ce;
pub mod cert;
pub mod crl;
pub mod htcondorce_apel;
pub mod lifetime;
pub mod proxy;
pub mod ssm;
