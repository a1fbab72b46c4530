//! get_site: SITE rows.

use super::Method;
use super::document::{Document, flag, key, required};
use super::element::Limits;
use super::problem::Problem;
use alarm_core::input::Text;
use alarm_core::topology::Site;
use std::collections::BTreeMap;

/// A site.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SiteRow {
    /// PRIMARY_KEY (which is not ID followed by G0).
    pub key: Text,
    /// SHORT_NAME, by which services name their site.
    pub name: Text,
    /// The site.
    pub site: Site,
}

/// Contacts as elements of SITE, and the spelling of the rendering of 2010.
const CONTACTS: [(&str, &str); 8] = [
    ("CONTACT_EMAIL", "CONTACT_EMAIL"),
    ("CONTACT_TEL", "CONTACT_TEL"),
    ("ALARM_EMAIL", "ALARM_EMAIL"),
    ("CSIRT_EMAIL", "CSIRT_EMAIL"),
    ("CSIRT_TEL", "CSIRTTEL"),
    ("EMERGENCY_EMAIL", "EMERGENCYEMAIL"),
    ("EMERGENCY_TEL", "EMERGENCYTEL"),
    ("HELPDESK_EMAIL", "HELPDESKEMAIL"),
];

/// Reads an answer of get_site. A SITE without SHORT_NAME, ROC or CERTIFICATION_STATUS is skipped: without the last
/// nobody can say whether it raises alarms. (The SITE rows of get_site_list and get_site_contacts lack it, so that
/// such an answer in this place is refused.)
pub fn sites(document: &[u8], limits: &Limits) -> Result<Document<SiteRow>, Problem> {
    Document::read(Method::GetSite, document, limits, |row, doc| {
        let name = required(row, "SHORT_NAME")?;
        let ngi = required(row, "ROC")?;
        let certification = required(row, "CERTIFICATION_STATUS")?;
        let notifications = match row.value("NOTIFICATIONS") {
            None => false,
            Some(word) => flag(word).unwrap_or_else(|| {
                doc.remarks.add(|| format!("site {name}: NOTIFICATIONS {word:?} is read as FALSE"));
                false
            }),
        };
        let contacts: BTreeMap<Text, Text> = CONTACTS
            .iter()
            .filter_map(|(name, old)| {
                let value = row.value(name).or_else(|| row.value(old))?;
                Some(((*name).into(), value.into()))
            })
            .collect();
        doc.rows.push(SiteRow {
            key: key(row).into(),
            name: name.into(),
            site: Site {
                ngi: ngi.into(),
                certification: certification.into(),
                infrastructure: row.value("PRODUCTION_INFRASTRUCTURE").unwrap_or_default().into(),
                timezone: row.value("TIMEZONE").unwrap_or_default().into(),
                notifications,
                contacts,
            },
        });
        Ok(())
    })
}
