//! What goes wrong between here and a directory, in words that an administrator can act on.
use super::message::ResultCode;

/// Why nothing, or nothing more, came from a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LdapError {
    /// The name has no address.
    #[error("{host} has no address: {reason}")]
    Resolve {
        /// The name asked for.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// No connection.
    #[error("no connection to {address}: {reason}")]
    Connect {
        /// Address and port.
        address: String,
        /// The system's words.
        reason: String,
    },
    /// The time is up.
    #[error("no answer in time {phase}")]
    Timeout {
        /// What was being waited for.
        phase: &'static str,
    },
    /// The server closed or reset the connection.
    #[error("the server closed the connection {phase}: {reason}")]
    Closed {
        /// What was being waited for.
        phase: &'static str,
        /// The system's words, or "end of data".
        reason: String,
    },
    /// The answer is no LDAP.
    #[error("the answer is no LDAP ({hint})")]
    NotLdap {
        /// What it looks like.
        hint: &'static str,
    },
    /// The server said good-bye or refused.
    #[error("the server refuses {what}: {code}{text}")]
    Refused {
        /// What it was asked.
        what: &'static str,
        /// Its code.
        code: ResultCode,
        /// `, ` and its words, or empty.
        text: String,
    },
    /// More than the probe is willing to read.
    #[error("the answer goes beyond {limit} {unit}; raise the limit if that is right")]
    TooMuch {
        /// The limit that was met.
        limit: u64,
        /// Of what.
        unit: &'static str,
    },
}

impl LdapError {
    /// What the first bytes of something that is no LDAP look like.
    pub fn not_ldap(bytes: &[u8]) -> LdapError {
        let hint = match bytes {
            [0x15 | 0x16, 3, ..] => "TLS speaks here; a BDII is plain LDAP, mostly on port 2170",
            [b'H', b'T', b'T', b'P', ..] => "an HTTP server speaks here",
            [b'S', b'S', b'H', b'-', ..] => "an SSH server speaks here",
            [b'2', b'2', b'0', ..] => "a mail or FTP server speaks here",
            _ => "is this the port of a BDII?",
        };
        LdapError::NotLdap { hint }
    }
}
