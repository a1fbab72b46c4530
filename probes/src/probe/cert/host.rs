//! Whether a certificate is for a host: RFC 6125, and the practice of the grid, where old certificates name it in CN alone.

use openssl::nid::Nid;
use openssl::x509::X509;
use plugin::Finding;
use std::net::IpAddr;

/// Whether it is for this name.
pub fn judge(certificate: &X509, name: &str) -> Option<Finding> {
    let alternatives = certificate.subject_alt_names();
    let mut names = Vec::new();
    let address: Option<IpAddr> = name.parse().ok();
    for one in alternatives.iter().flatten() {
        if let Some(dns) = one.dnsname() {
            if address.is_none() && matches(dns, name) {
                return None;
            }
            names.push(dns.to_owned());
        }
        if let (Some(octets), Some(address)) = (one.ipaddress(), address) {
            let own = match address {
                IpAddr::V4(a) => a.octets().to_vec(),
                IpAddr::V6(a) => a.octets().to_vec(),
            };
            if octets == own {
                return None;
            }
        }
    }
    let common: Vec<String> =
        certificate.subject_name().entries_by_nid(Nid::COMMONNAME).filter_map(|e| e.data().to_string().ok()).collect();
    // `host/name` and `ldap/name` are what Globus has for services.
    let plain = |cn: &str| cn.rsplit_once('/').map_or(cn, |(_, host)| host).to_owned();
    if common.iter().any(|cn| matches(&plain(cn), name)) {
        if names.is_empty() {
            return Some(Finding::warning(
                "name_in_cn_only",
                format!(
                    "{name} stands in the certificate's CN alone: today's clients want it among its alternative names"
                ),
            ));
        }
        return Some(Finding::critical(
            "wrong_name",
            format!(
                "{name} stands in the certificate's CN, and not among its alternative names ({}): clients refuse it",
                listed(&names)
            ),
        ));
    }
    let others: Vec<String> = common.into_iter().filter(|cn| !names.contains(cn)).collect();
    names.extend(others);
    Some(Finding::critical("wrong_name", format!("the certificate is not for {name} but for {}", listed(&names))))
}

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(4).map(String::as_str).collect();
    let more = if names.len() > 4 { format!(", +{} more", names.len() - 4) } else { String::new() };
    if shown.is_empty() { "nobody".to_owned() } else { format!("{}{more}", shown.join(", ")) }
}

/// One `*` may stand for the whole of the first label (RFC 6125, 6.4.3).
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.trim_end_matches('.'), name.trim_end_matches('.'));
    if let Some(rest) = pattern.strip_prefix("*.") {
        return rest.contains('.')
            && name.split_once('.').is_some_and(|(first, tail)| !first.is_empty() && tail.eq_ignore_ascii_case(rest));
    }
    pattern.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(matches("ce.Example.org", "CE.example.org.") && matches("*.example.org", "ce.example.org"));
        assert!(
            !matches("*.example.org", "a.b.example.org")
                && !matches("*.org", "example.org")
                && !matches("*.example.org", "example.org")
        );
    }
}
