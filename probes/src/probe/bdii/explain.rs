//! `--explain ID`: what a rule asks, how bad a violation is, and what to do about it.
use super::tables::{Row, Severity, Tables};

/// What to do, for the ids about which people ask.
const ADVICE: &[(&str, &str)] = &[
    ("E001", "Compare the clock of the host that runs the information provider with a time server."),
    (
        "E002",
        "The entry's provider has not renewed it. Run the resource BDII's provider by hand on the host and look at its errors; restart the resource BDII.",
    ),
    (
        "E014",
        "Compare what the storage system says of its space with what its information provider publishes; mind GB and GiB.",
    ),
    ("E018", "Compare what the storage system says of the share's space with what its information provider publishes."),
    (
        "E022",
        "The dynamic provider of the batch system fails: run it by hand as the user of the resource BDII. Until then brokers avoid the queue.",
    ),
    ("E023", "The dynamic provider of the batch system fails: run it by hand as the user of the resource BDII."),
    ("E024", "The dynamic provider of the batch system fails: run it by hand as the user of the resource BDII."),
    (
        "E025",
        "A provider that should publish the missing part failed or is not configured; look at the resource BDII of the host.",
    ),
    (
        "E026",
        "Set the site's name once, where the information providers are configured; the entry was published under another site's name.",
    ),
    ("W034", "See EGI's profile of GLUE 2.0; the provider of this entry leaves the attribute out."),
    (
        "GW001",
        "Nothing, if the value is right: GLUE leaves this list open. A site can add it under [lists] in its rules file.",
    ),
    (
        "GW002",
        "Compare the key with the identifiers that are published; one of the two providers has another idea of the name.",
    ),
    ("GW003", "Two resource BDIIs publish the same object, or one host is registered twice in the site BDII."),
    ("GW005", "A value of megabytes is a provider's error output; look at the entry with ldapsearch."),
    ("GW006", "Look whether the site BDII still reaches its resource BDIIs, and whether their providers run."),
    ("GW007", "If the service was taken away on purpose, this goes by itself after --hold hours."),
    (
        "CE.Status.Value",
        "The provider or its configuration writes the status in another case or with a mistake; clients compare it literally.",
    ),
    (
        "gstat.sanity.se",
        "Take the storage element out of the CE's configuration of close SEs, or register it in the site BDII. Bindings across sites are right where the BDII shows all sites.",
    ),
    (
        "service.registered",
        "ROD manual 5.4.5: take the node out of the site BDII or register it in GOCDB; a test node with monitoring off.",
    ),
    (
        "service.production",
        "ROD manual 5.4.5: take the node out of the site BDII, declare a downtime, or set it to production.",
    ),
    (
        "service.published",
        "Add the node's resource BDII to the site BDII, or set the service in GOCDB to not in production.",
    ),
    ("site.email.incorrect", "Write mailto: and an address that people read, not root's."),
];

/// The lines that explain an id.
///
/// # Errors
/// No rule has it.
pub fn explain(tables: &Tables, id: &str) -> Result<Vec<String>, String> {
    let rows: Vec<&Row> = tables.rows.iter().filter(|row| row.id.eq_ignore_ascii_case(id)).collect();
    let Some(first) = rows.first() else {
        let start: String = id.chars().take(3).collect::<String>().to_ascii_lowercase();
        let mut near: Vec<&str> = tables
            .rows
            .iter()
            .map(|row| row.id.as_str())
            .filter(|known| known.to_ascii_lowercase().starts_with(&start))
            .collect();
        near.dedup();
        near.truncate(8);
        let hint = if near.is_empty() { String::new() } else { format!("; there are {}", near.join(", ")) };
        return Err(format!("no rule has the id {id:?}{hint}"));
    };
    let mut lines = Vec::new();
    for row in &rows {
        let state = match row.severity {
            Severity::Error => "error: CRITICAL",
            Severity::Warning => "warning: WARNING",
            Severity::Info => "info: a note, the state stays",
            Severity::Off => "off: not judged",
        };
        let what = match (row.class.as_str(), row.attribute.as_str()) {
            ("*", "*") => "every entry".to_owned(),
            (class, "*") => class.to_owned(),
            ("*", attribute) => attribute.to_owned(),
            (class, attribute) => format!("{class}, {attribute}"),
        };
        let how = if row.text == "code" { String::new() } else { format!(" [{}]", row.text) };
        lines.push(format!("{what}: {}{how} ({state})", row.message));
    }
    if let Some((_, advice)) = ADVICE.iter().find(|(known, _)| *known == first.id) {
        lines.push(format!("What to do: {advice}"));
    }
    Ok(lines)
}

/// What to do about an id, where that is known.
pub fn advice(id: &str) -> Option<&'static str> {
    ADVICE.iter().find(|(known, _)| *known == id).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_advice_is_about_a_rule_and_every_id_can_be_explained() {
        let tables = Tables::built_in().unwrap();
        for (id, _) in ADVICE {
            assert!(tables.rows.iter().any(|row| row.id == *id), "{id}");
        }
        for row in &tables.rows {
            assert!(!explain(&tables, &row.id).unwrap().is_empty());
        }
        assert!(explain(&tables, "E02").unwrap_err().contains("E022"));
    }
}
