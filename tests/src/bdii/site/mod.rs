//! A site without fault: a CE with queues, a storage element, a few services, in GLUE 1.3 and GLUE 2.0.

mod computing;
mod storage;

use super::{Content, Entry};
use crate::rng::Rng;

const VOS: [&str; 8] = ["ops", "dteam", "atlas", "cms", "alice", "lhcb", "biomed", "enmr.eu"];
const PLACES: [(&str, &str, f64, f64); 5] = [
    ("Zürich", "Switzerland", 47.38, 8.54),
    ("Kraków", "Poland", 50.06, 19.94),
    ("Melbourne", "Australia", -37.81, 144.96),
    ("Valparaíso", "Chile", -33.05, -71.61),
    ("Taipei", "Taiwan", 25.05, 121.53),
];
const NGIS: [&str; 5] = ["NGI_CH", "NGI_PL", "AsiaPacific", "ROC_LA", "NGI_DE"];

/// What the entries of one site have in common.
struct Site {
    name: String,
    domain: String,
    /// The site's part of GLUE 1.3 and of GLUE 2.0.
    base: [String; 2],
    created: String,
    vos: Vec<&'static str>,
}

/// Seconds since 1970 as GLUE writes them.
pub fn iso(seconds: u64) -> String {
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    // Civil from days, as the calendar's own arithmetic has it.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Adds a site.
pub fn add(content: &mut Content, rng: &mut Rng, number: usize, now: u64) {
    let name = format!("GW-SITE-{number:03}");
    let (local, group) = if content.top {
        ("mds-vo-name=local,o=grid,o=shadow", "GLUE2GroupID=grid,o=glue")
    } else {
        ("o=grid", "o=glue")
    };
    let count = 2 + rng.below(4);
    let site = Site {
        base: [format!("mds-vo-name={name},{local}"), format!("GLUE2DomainID={name},{group}")],
        domain: format!("site{number:03}.example.net"),
        created: iso(now - 5 - rng.below(600) as u64),
        vos: VOS[..count].to_vec(),
        name,
    };
    let place = PLACES[rng.below(PLACES.len())];
    let ngi = NGIS[rng.below(NGIS.len())];
    domain(content, &site, place, ngi);
    let se = storage::add(content, &site, rng);
    computing::add(content, &site, rng, &se);
    for (kind, port, registered) in
        [("bdii_site", "2170", "Site-BDII"), ("org.glite.voms", "15000", "VOMS"), ("MyProxy", "7512", "MyProxy")]
    {
        service(content, &site, kind, port, registered);
    }
}

fn other(site: &Site) -> [(&'static str, String); 3] {
    [
        ("GLUE2EntityOtherInfo", "ProfileName=EGI".to_owned()),
        ("GLUE2EntityOtherInfo", "ProfileVersion=1.0".to_owned()),
        ("GLUE2EntityCreationTime", site.created.clone()),
    ]
}

fn glue1(dn: String, classes: &[&str]) -> Entry {
    Entry::new(dn, &[&["GlueTop"], classes, &["GlueKey", "GlueSchemaVersion"]].concat())
        .with("GlueSchemaVersionMajor", 1)
        .with("GlueSchemaVersionMinor", 3)
}

fn domain(content: &mut Content, site: &Site, (city, country, latitude, longitude): (&str, &str, f64, f64), ngi: &str) {
    let (name, domain) = (&site.name, &site.domain);
    let [base1, base2] = &site.base;
    content.glue1.push(Entry::new(base1.clone(), &["MDS"]).with("mds-vo-name", name));
    let mail = |who: &str| format!("mailto:{who}@{domain}");
    content.glue1.push(
        glue1(format!("GlueSiteUniqueID={name},{base1}"), &["GlueSite"])
            .with("GlueSiteUniqueID", name)
            .with("GlueSiteName", name)
            .with("GlueSiteDescription", format!("{name}: a site of the tests"))
            .with("GlueSiteEmailContact", mail("grid"))
            .with("GlueSiteUserSupportContact", mail("support"))
            .with("GlueSiteSysAdminContact", mail("admin"))
            .with("GlueSiteSecurityContact", mail("csirt"))
            .with("GlueSiteLocation", format!("{city}, {country}"))
            .with("GlueSiteLatitude", latitude)
            .with("GlueSiteLongitude", longitude)
            .with("GlueSiteWeb", format!("https://www.{domain}/"))
            .with("GlueSiteSponsor", "none")
            .all(&[("GlueSiteOtherInfo", "GRID=EGI"), ("GlueSiteOtherInfo", &format!("EGI_NGI={ngi}"))])
            .with("GlueForeignKey", format!("GlueSiteUniqueID={name}")),
    );
    content.glue2.push(
        Entry::new(base2.clone(), &["GLUE2Domain", "GLUE2AdminDomain"])
            .with("GLUE2DomainID", name)
            .with("GLUE2DomainDescription", format!("{name}: a site of the tests"))
            .with("GLUE2DomainWWW", format!("https://www.{domain}/"))
            .with("GLUE2AdminDomainDistributed", "false")
            .with("GLUE2EntityOtherInfo", "GRID=EGI")
            .with("GLUE2EntityOtherInfo", format!("EGI_NGI={ngi}"))
            .all(&other(site)),
    );
    content.glue2.push(
        Entry::new(format!("GLUE2LocationID=location.{name},{base2}"), &["GLUE2Location"])
            .with("GLUE2LocationID", format!("location.{name}"))
            .with("GLUE2LocationPlace", city)
            .with("GLUE2LocationCountry", country)
            .with("GLUE2LocationLatitude", latitude)
            .with("GLUE2LocationLongitude", longitude)
            .with("GLUE2LocationDomainForeignKey", name)
            .all(&other(site)),
    );
    content.glue2.push(
        Entry::new(format!("GLUE2ContactID=general.{name},{base2}"), &["GLUE2Contact"])
            .with("GLUE2ContactID", format!("general.{name}"))
            .with("GLUE2ContactDetail", mail("grid"))
            .with("GLUE2ContactType", "general")
            .with("GLUE2ContactDomainForeignKey", name)
            .all(&other(site)),
    );
    content
        .glue2
        .push(Entry::new(format!("GLUE2GroupID=resource,{base2}"), &["GLUE2Group"]).with("GLUE2GroupID", "resource"));
}

fn glue2_service(site: &Site, id: &str, class: &[&str], kind: &str, capability: &str) -> Entry {
    Entry::new(
        format!("GLUE2ServiceID={id},GLUE2GroupID=resource,{}", site.base[1]),
        &[&["GLUE2Service"], class].concat(),
    )
    .with("GLUE2ServiceID", id)
    .with("GLUE2ServiceType", kind)
    .with("GLUE2ServiceQualityLevel", "production")
    .with("GLUE2ServiceCapability", capability)
    .with("GLUE2ServiceComplexity", "endpointType=1, share=1, resource=1")
    .with("GLUE2ServiceAdminDomainForeignKey", &site.name)
    .with("GLUE2EntityValidity", 3600)
    .all(&other(site))
}

fn endpoint(
    content: &mut Content,
    site: &Site,
    service: &Entry,
    class: &[&str],
    interface: &str,
    url: &str,
    capability: &str,
) {
    let owner = service.get("GLUE2ServiceID").unwrap_or_default();
    let id = format!("{owner}_{interface}");
    let dn = format!("GLUE2EndpointID={id},{}", service.dn);
    let mut entry = Entry::new(dn.clone(), &[&["GLUE2Endpoint"], class].concat())
        .with("GLUE2EndpointID", &id)
        .with("GLUE2EndpointURL", url)
        .with("GLUE2EndpointInterfaceName", interface)
        .with("GLUE2EndpointInterfaceVersion", "1.0")
        .with("GLUE2EndpointCapability", capability)
        .with("GLUE2EndpointImplementationName", "gw")
        .with("GLUE2EndpointImplementationVersion", "6.18.0")
        .with("GLUE2EndpointQualityLevel", "production")
        .with("GLUE2EndpointHealthState", "ok")
        .with("GLUE2EndpointServingState", "production")
        .with("GLUE2EndpointIssuerCA", "/C=XX/O=Grid/CN=CA")
        .with("GLUE2EndpointServiceForeignKey", owner)
        .with("GLUE2EntityValidity", 3600)
        .all(&other(site));
    if class == ["GLUE2ComputingEndpoint"] {
        entry = entry.with("GLUE2ComputingEndpointComputingServiceForeignKey", owner);
    }
    content.glue2.push(entry);
    content.glue2.push(policy(site, &dn, &id, "Access", &site.vos).with("GLUE2AccessPolicyEndpointForeignKey", &id));
}

fn policy(site: &Site, above: &str, owner: &str, kind: &str, vos: &[&str]) -> Entry {
    let id = format!("{owner}_{}", kind.to_lowercase());
    let mut entry = Entry::new(format!("GLUE2PolicyID={id},{above}"), &["GLUE2Policy", &format!("GLUE2{kind}Policy")])
        .with("GLUE2PolicyID", &id)
        .with("GLUE2PolicyScheme", "org.glite.standard")
        .all(&other(site));
    for vo in vos {
        entry = entry.with("GLUE2PolicyRule", format!("VO:{vo}")).with("GLUE2PolicyUserDomainForeignKey", vo);
    }
    entry
}

fn service(content: &mut Content, site: &Site, kind: &str, port: &str, registered: &str) {
    let host =
        format!("{}.{}", kind.rsplit('.').next().unwrap_or_default().replace('_', "-").to_lowercase(), site.domain);
    let scheme = if kind == "bdii_site" { "ldap" } else { "https" };
    let url = format!("{scheme}://{host}:{port}/");
    let id = format!("{host}_{kind}");
    content.registered.push([host.clone(), registered.to_owned(), site.name.clone()]);
    let dn = format!("GlueServiceUniqueID={id},{}", site.base[0]);
    let mut entry = glue1(dn, &["GlueService"])
        .with("GlueServiceUniqueID", &id)
        .with("GlueServiceName", &id)
        .with("GlueServiceType", kind)
        .with("GlueServiceVersion", "1.0.0")
        .with("GlueServiceEndpoint", &url)
        .with("GlueServiceStatus", "OK")
        .with("GlueServiceStatusInfo", "running")
        .with("GlueServiceStartTime", "2026-01-01T00:00:00Z")
        .with("GlueForeignKey", format!("GlueSiteUniqueID={}", site.name));
    for vo in &site.vos {
        entry = entry.with("GlueServiceAccessControlBaseRule", format!("VO:{vo}"));
    }
    content.glue1.push(entry);
    let entry = glue2_service(site, &id, &[], kind, "information.discovery");
    content.glue2.push(entry.clone());
    endpoint(content, site, &entry, &[], kind, &url, "information.discovery");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_glue_wants_them() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(iso(1_767_225_599), "2025-12-31T23:59:59Z");
    }
}
