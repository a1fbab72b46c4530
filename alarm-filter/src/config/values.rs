//! The kinds of values in the file. Each says in its error what to write.

use alarm_core::time::{DAY, HOUR, MINUTE, Millis, SECOND};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// A length of time: `90s`, `5m`, `4h`, `2d`, `1w`, or several of them: `1d12h`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Length(pub Millis);

/// A hundred years: more is a slip.
const LONGEST: Millis = 36_525 * DAY;

impl Length {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong, and after `; ` what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no length of time; write 90s, 5m, 4h, 2d or 1w, or several of them: 1d12h");
        let mut total: Millis = 0;
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let number: Millis = rest[..digits].parse().map_err(|_| wrong())?;
            let unit = match rest.as_bytes().get(digits) {
                Some(b's') => SECOND,
                Some(b'm') => MINUTE,
                Some(b'h') => HOUR,
                Some(b'd') => DAY,
                Some(b'w') => 7 * DAY,
                _ => return Err(wrong()),
            };
            total = number.checked_mul(unit).and_then(|n| total.checked_add(n)).ok_or_else(wrong)?;
            rest = rest[digits + 1..].trim_start();
        }
        if total > LONGEST { Err(wrong()) } else { Ok(Length(total)) }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Length::parse(&text(d, "a length of time in quotes, \"4h\"")?).map_err(D::Error::custom)
    }
}

/// Where the pages are served. Never on an address that others can reach: there is no sign-in yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Listen {
    /// A loopback address.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Default for Listen {
    fn default() -> Self {
        Listen::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8620))
    }
}

impl Listen {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong, and after `; ` what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return match path.is_absolute() {
                true => Ok(Listen::Unix(path)),
                false => Err(format!("{text:?} has no absolute path; write unix:/run/gridward/alarm-filter.sock")),
            };
        }
        let resolved = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        let address: SocketAddr = resolved.as_deref().unwrap_or(text).parse().map_err(|_| {
            format!("{text:?} is no address; write 127.0.0.1:8620, [::1]:8620 or unix:/run/gridward/alarm-filter.sock")
        })?;
        match address.ip().is_loopback() {
            true => Ok(Listen::Tcp(address)),
            false => Err(format!(
                "{text} can be reached by others, and there is no sign-in; write 127.0.0.1:{} and put a web server with \
                 sign-in before it",
                address.port()
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Listen::parse(&text(d, "an address in quotes, \"127.0.0.1:8620\"")?).map_err(D::Error::custom)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => write!(f, "{address}"),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keep {
    /// It is never removed.
    Forever,
    /// For so long.
    For(Length),
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match text(d, "\"forever\" or a length of time in quotes, \"100d\"")?.as_str() {
            "forever" => Ok(Keep::Forever),
            other => Length::parse(other).map(Keep::For).map_err(|e| {
                D::Error::custom(match e.split_once("; ") {
                    Some((what, _)) => format!("{what}; write \"forever\" or a length of time, \"100d\""),
                    None => e,
                })
            }),
        }
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Keep::Forever => f.write_str("forever"),
            Keep::For(length) => write!(f, "for {} days", length.0 / DAY),
        }
    }
}

/// How far back the log is read at the first start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CatchUp {
    /// All archives that are there.
    All,
    /// From the end of the log.
    None,
    /// So far.
    Last(Length),
}

impl Default for CatchUp {
    /// Five days: the alarms that stand were raised within them, or status.dat shows them.
    fn default() -> Self {
        CatchUp::Last(Length(5 * DAY))
    }
}

impl<'de> Deserialize<'de> for CatchUp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match text(d, "\"all\", \"none\" or a length of time in quotes, \"5d\"")?.as_str() {
            "all" => Ok(CatchUp::All),
            "none" => Ok(CatchUp::None),
            other => Length::parse(other).map(CatchUp::Last).map_err(|e| {
                D::Error::custom(match e.split_once("; ") {
                    Some((what, _)) => format!("{what}; write \"all\", \"none\" or a length of time, \"5d\""),
                    None => e,
                })
            }),
        }
    }
}

fn text<'de, D: Deserializer<'de>>(d: D, wanted: &'static str) -> Result<String, D::Error> {
    struct Visitor(&'static str);
    impl serde::de::Visitor<'_> for Visitor {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_i64<E: Error>(self, n: i64) -> Result<String, E> {
            Err(E::custom(format!("{n} stands here; write {}", self.0)))
        }
    }
    d.deserialize_str(Visitor(wanted))
}
