//! Forms that values of GLUE 1.3 have, by name, for `not like FORM` in a rule.
use super::value;

/// A form by its name in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `number`
    Number,
    /// `integer`
    Integer,
    /// `size`: an integer that is not negative
    Size,
    /// `mailto`: `mailto:` and an address that is not root's
    Mailto,
    /// `key=value`
    KeyValue,
    /// `ce-id`: `HOST:PORT/QUEUE`
    CeId,
    /// `ce-acbr`: who may use a CE
    CeAcbr,
    /// `sa-acbr`: who may use storage; a bare name is a VO
    SaAcbr,
    /// `service-acbr`: who may use a service
    ServiceAcbr,
    /// `sa-capability`
    SaCapability,
    /// `cores`: `Cores=N,Benchmark=N-HEP-SPEC06`
    Cores,
    /// `srm-endpoint`
    SrmEndpoint,
    /// `root-endpoint`
    RootEndpoint,
    /// `url`
    Url,
    /// `time`
    Time,
}

const NAMES: [(&str, Form); 15] = [
    ("number", Form::Number),
    ("integer", Form::Integer),
    ("size", Form::Size),
    ("mailto", Form::Mailto),
    ("key=value", Form::KeyValue),
    ("ce-id", Form::CeId),
    ("ce-acbr", Form::CeAcbr),
    ("sa-acbr", Form::SaAcbr),
    ("service-acbr", Form::ServiceAcbr),
    ("sa-capability", Form::SaCapability),
    ("cores", Form::Cores),
    ("srm-endpoint", Form::SrmEndpoint),
    ("root-endpoint", Form::RootEndpoint),
    ("url", Form::Url),
    ("time", Form::Time),
];

impl std::str::FromStr for Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Form, String> {
        let found = NAMES.iter().find(|(known, _)| *known == name).map(|(_, form)| *form);
        found.ok_or_else(|| {
            let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("there is no form {name:?}, but {}", known.join(", "))
        })
    }
}

impl Form {
    /// Whether a value has the form.
    pub fn fits(self, bytes: &[u8]) -> bool {
        match self {
            Form::Number => value::number(bytes).is_some(),
            Form::Integer => value::integer(bytes).is_some(),
            Form::Size => value::integer(bytes).is_some_and(|size| size >= 0),
            Form::Mailto => value::mailto(bytes),
            Form::KeyValue => bytes.iter().position(|byte| *byte == b'=').is_some_and(|at| at > 0),
            Form::CeId => ce_id(bytes).is_some(),
            Form::CeAcbr => rule(bytes, &[b"/", b"VO:", b"VOMS:/", b"DENY:/"]),
            // Storage areas carry the VO's bare name for old clients, mostly beside "VO:".
            Form::SaAcbr => rule(bytes, &[b"/", b"VO:", b"VOMS:/"]) || bare_vo(bytes),
            Form::ServiceAcbr => rule(bytes, &[b"/", b"VO:", b"VOMS:/", b"DENY:/"]) || bare_vo(bytes),
            Form::SaCapability => sa_capability(bytes),
            Form::Cores => cores(bytes).is_some(),
            Form::SrmEndpoint => value::url(bytes).is_some_and(|url| {
                url.scheme == b"httpg" && !url.port.is_empty() && url.path.to_ascii_lowercase().starts_with(b"/srm/")
            }),
            Form::RootEndpoint => {
                value::url(bytes).is_some_and(|url| [&b"root"[..], b"xroot", b"roots", b"xroots"].contains(&url.scheme))
            }
            Form::Url => value::url(bytes).is_some(),
            Form::Time => value::time(bytes).is_some(),
        }
    }
}

fn rule(bytes: &[u8], prefixes: &[&[u8]]) -> bool {
    prefixes.iter().any(|prefix| bytes.len() > prefix.len() && bytes.starts_with(prefix)) || bytes == b"ALL"
}

fn bare_vo(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(byte))
}

/// The host of `HOST:PORT/QUEUE`.
pub fn ce_id(bytes: &[u8]) -> Option<&[u8]> {
    let slash = bytes.iter().position(|byte| *byte == b'/')?;
    let colon = bytes[..slash].iter().rposition(|byte| *byte == b':')?;
    let (host, port) = (&bytes[..colon], &bytes[colon + 1..slash]);
    (!host.is_empty() && !port.is_empty() && port.iter().all(u8::is_ascii_digit)).then_some(host)
}

fn sa_capability(bytes: &[u8]) -> bool {
    if bytes == b"stage" || bytes == b"scratch" || bytes.starts_with(b"dCache") {
        return true;
    }
    let prefixes: [&[u8]; 2] = [b"InstalledOnlineCapacity=", b"InstalledNearlineCapacity="];
    match prefixes.iter().find_map(|prefix| bytes.strip_prefix(*prefix)) {
        Some(size) => Form::Size.fits(size),
        None => false,
    }
}

/// Cores and HEP-SPEC06 of `Cores=N,Benchmark=N-HEP-SPEC06`. The benchmark's successors are read, and are no HEP-SPEC06.
pub fn cores(bytes: &[u8]) -> Option<(f64, Option<f64>)> {
    let comma = bytes.iter().position(|byte| *byte == b',')?;
    let cores = value::number(bytes[..comma].trim_ascii().strip_prefix(b"Cores=")?)?;
    let benchmark = bytes[comma + 1..].trim_ascii().strip_prefix(b"Benchmark=")?;
    let dash = benchmark.iter().position(|byte| *byte == b'-')?;
    let figure = value::number(&benchmark[..dash])?;
    match &benchmark[dash + 1..] {
        b"HEP-SPEC06" => Some((cores, Some(figure))),
        name if name.to_ascii_uppercase().starts_with(b"HEP") => Some((cores, None)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_tell_right_from_wrong() {
        let yes = [
            (Form::CeId, "ce01.example.org:8443/cream-pbs-long"),
            (Form::CeAcbr, "VOMS:/atlas/Role=pilot"),
            (Form::SaAcbr, "atlas"),
            (Form::SaCapability, "InstalledOnlineCapacity=0"),
            (Form::Cores, "Cores=8,Benchmark=10.5-HEP-SPEC06"),
            (Form::Cores, "Cores=8 , Benchmark=12.1-HEPscore23"),
            (Form::SrmEndpoint, "httpg://se:8446/srm/managerv2"),
            (Form::RootEndpoint, "root://se:1094//"),
            (Form::KeyValue, "GRID=EGI"),
        ];
        for (form, text) in yes {
            assert!(form.fits(text.as_bytes()), "{form:?} {text}");
        }
        let no = [
            (Form::CeId, "ce01.example.org/queue"),
            (Form::CeAcbr, "atlas"),
            (Form::CeAcbr, "VO:"),
            (Form::SaCapability, "InstalledOnlineCapacity=-1"),
            (Form::Cores, "Cores=8"),
            (Form::SrmEndpoint, "https://se/srm/managerv2"),
            (Form::KeyValue, "=x"),
            (Form::Size, "-3"),
        ];
        for (form, text) in no {
            assert!(!form.fits(text.as_bytes()), "{form:?} {text}");
        }
    }
}
