//! get_downtime (flat: a DOWNTIME for each service, all with the same PRIMARY_KEY) and get_downtime_nested_services (one
//! DOWNTIME with SERVICES in it).

use super::Method;
use super::document::{Document, Unfit, required};
use super::element::{Element, Limits};
use super::problem::{Problem, first_line};
use super::service::endpoint_name;
use alarm_core::input::Text;
use alarm_core::time::Timestamp;
use alarm_core::topology::{DowntimeWindow, Severity};

/// A downtime of one service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DowntimeRow {
    /// HOSTNAME in lower case.
    pub host: Text,
    /// SERVICE_TYPE as declared.
    pub service_type: Text,
    /// The window; its id is the downtime's PRIMARY_KEY.
    pub window: DowntimeWindow,
}

/// Bytes of DESCRIPTION that are kept.
const DESCRIPTION: usize = 4096;

/// Reads an answer of get_downtime.
pub fn flat(document: &[u8], limits: &Limits) -> Result<Document<DowntimeRow>, Problem> {
    Document::read(Method::GetDowntime, document, limits, |row, doc| {
        if row.child("SERVICES").is_some() {
            return Err(wrong(Method::GetDowntimeNestedServices));
        }
        let window = window(row)?;
        doc.rows.push(service(row, window)?);
        Ok(())
    })
}

/// Reads an answer of get_downtime_nested_services. A service in it that lacks a name is skipped alone.
pub fn nested(document: &[u8], limits: &Limits) -> Result<Document<DowntimeRow>, Problem> {
    Document::read(Method::GetDowntimeNestedServices, document, limits, |row, doc| {
        let Some(services) = row.child("SERVICES") else {
            return Err(if row.child("HOSTNAME").is_some() {
                wrong(Method::GetDowntime)
            } else {
                Unfit::lacks("SERVICES")
            });
        };
        let window = window(row)?;
        for inner in services.all("SERVICE") {
            match service(inner, window.clone()) {
                Ok(found) => doc.rows.push(found),
                Err(Unfit::Row(why)) => {
                    let id = &window.id;
                    doc.skip(inner, &format!("of downtime {id} {why}"));
                }
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    })
}

fn wrong(found: Method) -> Unfit {
    Unfit::Document(Problem::WrongMethod { found: found.name().to_owned() })
}

fn service(row: &Element, mut window: DowntimeWindow) -> Result<DowntimeRow, Unfit> {
    let host = required(row, "HOSTNAME")?.to_ascii_lowercase();
    let service_type = required(row, "SERVICE_TYPE")?;
    window.endpoints = row
        .child("AFFECTED_ENDPOINTS")
        .into_iter()
        .flat_map(|a| a.all("ENDPOINT"))
        .filter_map(|e| endpoint_name(e).map(Text::from))
        .collect();
    window.endpoints.sort();
    window.endpoints.dedup();
    Ok(DowntimeRow { host: host.into(), service_type: service_type.into(), window })
}

/// What the declaration says; everything but the service.
fn window(row: &Element) -> Result<DowntimeWindow, Unfit> {
    let id = row
        .value("PRIMARY_KEY")
        .or_else(|| row.attribute("PRIMARY_KEY"))
        .filter(|k| k.len() <= 255)
        .ok_or_else(|| Unfit::lacks("PRIMARY_KEY"))?;
    let severity = match required(row, "SEVERITY")?.to_ascii_uppercase().as_str() {
        "OUTAGE" => Severity::Outage,
        "WARNING" | "AT_RISK" => Severity::Warning,
        other => return Err(Unfit::Row(format!("has the unknown SEVERITY {:?}", first_line(other)))),
    };
    let scheduled = match row.attribute("CLASSIFICATION").or_else(|| row.value("CLASSIFICATION")) {
        Some(c) if c.eq_ignore_ascii_case("SCHEDULED") => true,
        Some(c) if c.eq_ignore_ascii_case("UNSCHEDULED") => false,
        Some(c) => return Err(Unfit::Row(format!("has the unknown CLASSIFICATION {:?}", first_line(c)))),
        None => return Err(Unfit::lacks("CLASSIFICATION")),
    };
    let start = moment(row, "START_DATE", "FORMATED_START_DATE")?;
    let end = moment(row, "END_DATE", "FORMATED_END_DATE")?;
    if end <= start {
        return Err(Unfit::Row(format!("ends ({end}) before it starts ({start})")));
    }
    let mut description = row.value("DESCRIPTION").unwrap_or_default();
    if description.len() > DESCRIPTION {
        let cut = (0..=DESCRIPTION).rev().find(|i| description.is_char_boundary(*i)).unwrap_or(0);
        description = &description[..cut];
    }
    Ok(DowntimeWindow {
        id: id.into(),
        severity,
        scheduled,
        start,
        end,
        declared: row.value("INSERT_DATE").and_then(epoch).unwrap_or_default(),
        description: description.into(),
        endpoints: Vec::new(),
    })
}

/// A moment in epoch seconds, or in GOCDB's `Y-m-d H:i` (UTC, and spelt FORMATED) where the first is missing.
fn moment(row: &Element, element: &str, formatted: &str) -> Result<Timestamp, Unfit> {
    if let Some(value) = row.value(element) {
        return epoch(value).ok_or_else(|| Unfit::Row(format!("has an unreadable {element} {:?}", first_line(value))));
    }
    let value = row.value(formatted).ok_or_else(|| Unfit::lacks(element))?;
    chrono::NaiveDateTime::parse_from_str(value, "%Y-%m-%d %H:%M")
        .map(|t| Timestamp::from_secs(t.and_utc().timestamp()))
        .map_err(|_| Unfit::Row(format!("has an unreadable {formatted} {:?}", first_line(value))))
}

/// Epoch seconds of a year up to 9999; a field filled with anything else is not a time.
fn epoch(value: &str) -> Option<Timestamp> {
    value.parse::<i64>().ok().filter(|s| (0..=253_402_300_799).contains(s)).map(Timestamp::from_secs)
}
