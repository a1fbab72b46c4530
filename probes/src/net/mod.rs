//! Clients that know of a deadline and of limits: what probes talk with.
pub mod connect;
pub mod contexts;
pub mod http;
pub mod kept;
pub mod ldap;
pub mod names;
pub mod rest;
pub mod starttls;
pub mod tls;
