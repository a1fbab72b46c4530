//! Clients that know of a deadline and of limits: what probes talk with.
pub mod ldap;
