//! A site without fault: a CE with queues, a storage element, a few services, in GLUE 1.3 and GLUE 2.0.

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
    let se = storage(content, &site, rng);
    computing(content, &site, rng, &se);
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

fn storage(content: &mut Content, site: &Site, rng: &mut Rng) -> String {
    let host = format!("se01.{}", site.domain);
    content.registered.push([host.clone(), "SRM".to_owned(), site.name.clone()]);
    let [base1, _] = &site.base;
    let total = 1000 * (2 + rng.below(500));
    let used = total / 3;
    let free = total - used;
    let key = format!("GlueSEUniqueID={host}");
    let dn = format!("{key},{base1}");
    content.glue1.push(
        glue1(dn.clone(), &["GlueSE", "GlueInformationService"])
            .with("GlueSEUniqueID", &host)
            .with("GlueSEName", format!("{}:srm_v2", site.name))
            .with("GlueSEImplementationName", "dCache")
            .with("GlueSEImplementationVersion", "9.2.1")
            .with("GlueSEStatus", "Production")
            .with("GlueSEArchitecture", "multidisk")
            .all(&[("GlueSESizeTotal", total), ("GlueSESizeFree", free), ("GlueSETotalOnlineSize", total)])
            .all(&[("GlueSEUsedOnlineSize", used), ("GlueSETotalNearlineSize", 0), ("GlueSEUsedNearlineSize", 0)])
            .with("GlueForeignKey", format!("GlueSiteUniqueID={}", site.name)),
    );
    let url = format!("httpg://{host}:8446/srm/managerv2");
    content.glue1.push(
        glue1(format!("GlueServiceUniqueID={url},{base1}"), &["GlueService"])
            .with("GlueServiceUniqueID", &url)
            .with("GlueServiceName", "srm")
            .with("GlueServiceType", "SRM")
            .with("GlueServiceVersion", "2.2.0")
            .with("GlueServiceEndpoint", &url)
            .with("GlueServiceStatus", "OK")
            .with("GlueForeignKey", format!("GlueSiteUniqueID={}", site.name)),
    );
    content.glue1.push(
        glue1(format!("GlueSEControlProtocolLocalID=srm_v2,{dn}"), &["GlueSEControlProtocol"])
            .with("GlueSEControlProtocolLocalID", "srm_v2")
            .with("GlueSEControlProtocolType", "SRM")
            .with("GlueSEControlProtocolVersion", "2.2.0")
            .with("GlueSEControlProtocolEndpoint", &url)
            .with("GlueChunkKey", &key),
    );
    content.glue1.push(
        glue1(format!("GlueSEAccessProtocolLocalID=gsiftp,{dn}"), &["GlueSEAccessProtocol"])
            .with("GlueSEAccessProtocolLocalID", "gsiftp")
            .with("GlueSEAccessProtocolType", "gsiftp")
            .with("GlueSEAccessProtocolVersion", "2.0")
            .with("GlueSEAccessProtocolPort", 2811)
            .with("GlueSEAccessProtocolSupportedSecurity", "GSI")
            .with("GlueSEAccessProtocolEndpoint", format!("gsiftp://{host}:2811/"))
            .with("GlueSEAccessProtocolMaxStreams", 10)
            .with("GlueChunkKey", &key),
    );
    let id = format!("{host}/data");
    let entry = glue2_service(site, &id, &["GLUE2StorageService"], "dcache", "data.management.storage");
    content.glue2.push(entry.clone());
    endpoint(content, site, &entry, &["GLUE2StorageEndpoint"], "SRM", &url, "data.management.storage");
    content.glue2.push(
        Entry::new(format!("GLUE2StorageAccessProtocolID={id}/https,{}", entry.dn), &["GLUE2StorageAccessProtocol"])
            .with("GLUE2StorageAccessProtocolID", format!("{id}/https"))
            .with("GLUE2StorageAccessProtocolType", "https")
            .with("GLUE2StorageAccessProtocolVersion", "1.1")
            .with("GLUE2StorageAccessProtocolStorageServiceForeignKey", &id)
            .all(&other(site)),
    );
    content.glue2.push(
        Entry::new(format!("GLUE2StorageServiceCapacityID={id}/online,{}", entry.dn), &["GLUE2StorageServiceCapacity"])
            .with("GLUE2StorageServiceCapacityID", format!("{id}/online"))
            .with("GLUE2StorageServiceCapacityType", "online")
            .all(&[("GLUE2StorageServiceCapacityTotalSize", total), ("GLUE2StorageServiceCapacityFreeSize", free)])
            .all(&[("GLUE2StorageServiceCapacityUsedSize", used), ("GLUE2StorageServiceCapacityReservedSize", 0)])
            .with("GLUE2StorageServiceCapacityStorageServiceForeignKey", &id)
            .all(&other(site)),
    );
    for vo in &site.vos {
        area(content, site, vo, &dn, &key, &entry, total / site.vos.len());
    }
    host
}

fn area(content: &mut Content, site: &Site, vo: &str, se: &str, key: &str, service: &Entry, total: usize) {
    let (used, free) = (total / 4, total - total / 4);
    let local = format!("{vo}:custodial:online");
    let dn = format!("GlueSALocalID={local},{se}");
    let rule = format!("VO:{vo}");
    content.glue1.push(
        glue1(dn.clone(), &["GlueSA", "GlueSAPolicy", "GlueSAState", "GlueSAAccessControlBase"])
            .with("GlueSALocalID", &local)
            .with("GlueSAName", format!("space of {vo}"))
            .with("GlueSAType", "permanent")
            .all(&[("GlueSATotalOnlineSize", total), ("GlueSAUsedOnlineSize", used), ("GlueSAFreeOnlineSize", free)])
            .all(&[("GlueSAReservedOnlineSize", total), ("GlueSATotalNearlineSize", 0), ("GlueSAUsedNearlineSize", 0)])
            .all(&[("GlueSAFreeNearlineSize", 0), ("GlueSAReservedNearlineSize", 0)])
            .with("GlueSARetentionPolicy", "replica")
            .with("GlueSAAccessLatency", "online")
            .with("GlueSAExpirationMode", "neverExpire")
            .with("GlueSACapability", format!("InstalledOnlineCapacity={total}"))
            .with("GlueSACapability", "InstalledNearlineCapacity=0")
            .with("GlueSAStateAvailableSpace", free * 1_000_000)
            .with("GlueSAStateUsedSpace", used * 1_000_000)
            .with("GlueSAAccessControlBaseRule", &rule)
            .with("GlueChunkKey", key),
    );
    content.glue1.push(
        glue1(format!("GlueVOInfoLocalID={vo},{dn}"), &["GlueVOInfo"])
            .with("GlueVOInfoLocalID", vo)
            .with("GlueVOInfoName", vo)
            .with("GlueVOInfoPath", format!("/data/{vo}"))
            .with("GlueVOInfoAccessControlBaseRule", &rule)
            .all(&[("GlueChunkKey", format!("GlueSALocalID={local}")), ("GlueChunkKey", key.to_owned())]),
    );
    let owner = service.get("GLUE2ServiceID").unwrap_or_default();
    let id = format!("{owner}/share/{vo}");
    let share = format!("GLUE2ShareID={id},{}", service.dn);
    content.glue2.push(
        Entry::new(share.clone(), &["GLUE2Share", "GLUE2StorageShare"])
            .with("GLUE2ShareID", &id)
            .with("GLUE2StorageShareServingState", "production")
            .with("GLUE2StorageShareSharingID", "dedicated")
            .with("GLUE2StorageShareAccessLatency", "online")
            .with("GLUE2StorageShareRetentionPolicy", "replica")
            .with("GLUE2StorageShareExpirationMode", "neverExpire")
            .with("GLUE2StorageShareStorageServiceForeignKey", owner)
            .with("GLUE2ShareServiceForeignKey", owner)
            .all(&other(site)),
    );
    content.glue2.push(
        Entry::new(format!("GLUE2StorageShareCapacityID={id}/disk,{share}"), &["GLUE2StorageShareCapacity"])
            .with("GLUE2StorageShareCapacityID", format!("{id}/disk"))
            .with("GLUE2StorageShareCapacityType", "online")
            .all(&[("GLUE2StorageShareCapacityTotalSize", total), ("GLUE2StorageShareCapacityFreeSize", free)])
            .all(&[("GLUE2StorageShareCapacityUsedSize", used), ("GLUE2StorageShareCapacityReservedSize", 0)])
            .with("GLUE2StorageShareCapacityStorageShareForeignKey", &id)
            .all(&other(site)),
    );
    content.glue2.push(policy(site, &share, &id, "Mapping", &[vo]).with("GLUE2MappingPolicyShareForeignKey", &id));
}

fn computing(content: &mut Content, site: &Site, rng: &mut Rng, se: &str) {
    let host = format!("ce01.{}", site.domain);
    content.registered.push([host.clone(), "org.opensciencegrid.htcondorce".to_owned(), site.name.clone()]);
    let [base1, _] = &site.base;
    let physical = 20 + rng.below(200);
    let cores = [8, 16, 32][rng.below(3)];
    let logical = physical * cores;
    let queues = ["long", "short"];
    let ids: Vec<String> = queues.iter().map(|queue| format!("{host}:9619/{queue}")).collect();
    let cluster = format!("GlueClusterUniqueID={host},{base1}");
    let mut entry = glue1(cluster.clone(), &["GlueCluster", "GlueInformationService"])
        .with("GlueClusterUniqueID", &host)
        .with("GlueClusterName", &host)
        .with("GlueForeignKey", format!("GlueSiteUniqueID={}", site.name));
    for id in &ids {
        entry = entry.with("GlueClusterService", id).with("GlueForeignKey", format!("GlueCEUniqueID={id}"));
    }
    content.glue1.push(entry);
    let host_classes = [
        "GlueSubCluster",
        "GlueHostArchitecture",
        "GlueHostBenchmark",
        "GlueHostMainMemory",
        "GlueHostNetworkAdapter",
        "GlueHostOperatingSystem",
        "GlueHostProcessor",
        "GlueHostApplicationSoftware",
    ];
    content.glue1.push(
        glue1(format!("GlueSubClusterUniqueID={host},{cluster}"), &host_classes)
            .all(&[("GlueSubClusterUniqueID", &host), ("GlueSubClusterName", &host)])
            .all(&[("GlueSubClusterPhysicalCPUs", physical), ("GlueSubClusterLogicalCPUs", logical)])
            .with("GlueHostOperatingSystemName", "AlmaLinux")
            .with("GlueHostOperatingSystemRelease", "9.4")
            .with("GlueHostOperatingSystemVersion", "Seafoam")
            .with("GlueHostArchitecturePlatformType", "x86_64")
            .with("GlueHostArchitectureSMPSize", 2 * cores)
            .with("GlueHostProcessorVendor", "amd")
            .with("GlueHostProcessorModel", "EPYC")
            .with("GlueHostProcessorClockSpeed", 2400)
            .with("GlueHostProcessorOtherDescription", format!("Cores={cores},Benchmark=12-HEP-SPEC06"))
            .all(&[("GlueHostBenchmarkSI00", 3000), ("GlueHostBenchmarkSF00", 3000)])
            .all(&[("GlueHostMainMemoryRAMSize", 256_000), ("GlueHostMainMemoryVirtualSize", 260_000)])
            .all(&[("GlueHostNetworkAdapterInboundIP", "FALSE"), ("GlueHostNetworkAdapterOutboundIP", "TRUE")])
            .with("GlueHostApplicationSoftwareRunTimeEnvironment", "CVMFS-ATLAS")
            .with("GlueChunkKey", format!("GlueClusterUniqueID={host}")),
    );
    let id = format!("{host}_ComputingElement");
    let service = glue2_service(
        site,
        &id,
        &["GLUE2ComputingService"],
        "org.opensciencegrid.htcondorce",
        "executionmanagement.jobexecution",
    )
    .with("GLUE2ComputingServiceTotalJobs", 1200)
    .with("GLUE2ComputingServiceRunningJobs", 1000)
    .with("GLUE2ComputingServiceWaitingJobs", 200);
    content.glue2.push(service.clone());
    let url = format!("condor://{host}:9619/");
    endpoint(
        content,
        site,
        &service,
        &["GLUE2ComputingEndpoint"],
        "org.opensciencegrid.htcondorce",
        &url,
        "executionmanagement.jobexecution",
    );
    manager(content, site, &service, &host, physical, logical);
    content.glue2.push(
        Entry::new(format!("GLUE2ToStorageServiceID={host}_{se},{}", service.dn), &["GLUE2ToStorageService"])
            .with("GLUE2ToStorageServiceID", format!("{host}_{se}"))
            .all(&[("GLUE2ToStorageServiceLocalPath", "n.a"), ("GLUE2ToStorageServiceRemotePath", "n.a")])
            .with("GLUE2ToStorageServiceComputingServiceForeignKey", &id)
            .with("GLUE2ToStorageServiceStorageServiceForeignKey", format!("{se}/data"))
            .all(&other(site)),
    );
    for (queue, ce) in queues.iter().zip(&ids) {
        let (running, waiting) = (rng.below(logical), rng.below(100));
        element(content, site, ce, &host, se, logical, [running, waiting]);
        for vo in &site.vos {
            share(content, site, &service, &format!("{queue}_{vo}_{host}"), queue, vo, [logical, running, waiting]);
        }
    }
}

fn manager(content: &mut Content, site: &Site, service: &Entry, host: &str, physical: usize, logical: usize) {
    let owner = service.get("GLUE2ServiceID").unwrap_or_default();
    let id = format!("{host}_Manager");
    let dn = format!("GLUE2ManagerID={id},{}", service.dn);
    content.glue2.push(
        Entry::new(dn.clone(), &["GLUE2Manager", "GLUE2ComputingManager"])
            .with("GLUE2ManagerID", &id)
            .with("GLUE2ManagerProductName", "htcondor")
            .with("GLUE2ManagerProductVersion", "23.0")
            .all(&[
                ("GLUE2ComputingManagerTotalPhysicalCPUs", physical),
                ("GLUE2ComputingManagerTotalLogicalCPUs", logical),
            ])
            .all(&[
                ("GLUE2ComputingManagerTotalSlots", logical),
                ("GLUE2ComputingManagerSlotsUsedByGridJobs", logical / 2),
            ])
            .all(&[
                ("GLUE2ComputingManagerComputingServiceForeignKey", owner),
                ("GLUE2ManagerServiceForeignKey", owner),
            ])
            .all(&other(site)),
    );
    let environment = format!("{host}_env");
    let below = format!("GLUE2ResourceID={environment},{dn}");
    let key = "GLUE2ExecutionEnvironment";
    let mut entry = Entry::new(below.clone(), &["GLUE2Resource", key]).with("GLUE2ResourceID", &environment);
    for (name, value) in [
        ("Platform", "x86_64"),
        ("TotalInstances", &physical.to_string()),
        ("PhysicalCPUs", "2"),
        ("LogicalCPUs", "64"),
        ("CPUMultiplicity", "multicpu-multicore"),
        ("CPUVendor", "amd"),
        ("CPUModel", "EPYC"),
        ("CPUVersion", "7"),
        ("CPUClockSpeed", "2400"),
        ("CPUTimeScalingFactor", "0.9"),
        ("WallTimeScalingFactor", "1"),
        ("MainMemorySize", "256000"),
        ("VirtualMemorySize", "260000"),
        ("OSFamily", "linux"),
        ("OSName", "almalinux"),
        ("OSVersion", "9.4"),
        ("ConnectivityIn", "false"),
        ("ConnectivityOut", "true"),
        ("ComputingManagerForeignKey", &id),
    ] {
        entry = entry.with(&format!("{key}{name}"), value);
    }
    content.glue2.push(entry.with("GLUE2ResourceManagerForeignKey", &id).all(&other(site)));
    content.glue2.push(
        Entry::new(format!("GLUE2BenchmarkID={environment}_hs06,{below}"), &["GLUE2Benchmark"])
            .with("GLUE2BenchmarkID", format!("{environment}_hs06"))
            .with("GLUE2BenchmarkType", "hep-spec06")
            .with("GLUE2BenchmarkValue", 12)
            .with("GLUE2BenchmarkExecutionEnvironmentForeignKey", &environment)
            .all(&other(site)),
    );
    content.glue2.push(
        Entry::new(format!("GLUE2ApplicationEnvironmentID=cvmfs_{host},{dn}"), &["GLUE2ApplicationEnvironment"])
            .with("GLUE2ApplicationEnvironmentID", format!("cvmfs_{host}"))
            .with("GLUE2ApplicationEnvironmentAppName", "cvmfs")
            .with("GLUE2ApplicationEnvironmentComputingManagerForeignKey", &id)
            .all(&other(site)),
    );
}

fn element(
    content: &mut Content,
    site: &Site,
    ce: &str,
    host: &str,
    se: &str,
    cpus: usize,
    [running, waiting]: [usize; 2],
) {
    let base = &site.base[0];
    let dn = format!("GlueCEUniqueID={ce},{base}");
    let state = [
        ("GlueCEStateRunningJobs", running),
        ("GlueCEStateWaitingJobs", waiting),
        ("GlueCEStateTotalJobs", running + waiting),
        ("GlueCEStateEstimatedResponseTime", 700),
        ("GlueCEStateWorstResponseTime", 1400),
        ("GlueCEStateFreeCPUs", cpus - running),
    ];
    let mut entry =
        glue1(dn.clone(), &["GlueCE", "GlueCEAccessControlBase", "GlueCEInfo", "GlueCEPolicy", "GlueCEState"])
            .with("GlueCEUniqueID", ce)
            .with("GlueCEHostingCluster", host)
            .with("GlueCEName", ce.rsplit('/').next().unwrap_or_default())
            .with("GlueCEImplementationName", "HTCondorCE")
            .with("GlueCEImplementationVersion", "23.0")
            .with("GlueCEInfoHostName", host)
            .with("GlueCEInfoLRMSType", "condor")
            .with("GlueCEInfoTotalCPUs", cpus)
            .with("GlueCEInfoJobManager", "condor")
            .with("GlueCEInfoContactString", ce)
            .with("GlueCEStateStatus", "Production")
            .all(&state)
            .with("GlueCEPolicyAssignedJobSlots", cpus)
            .with("GlueCECapability", "CPUScalingReferenceSI00=3000")
            .with("GlueForeignKey", format!("GlueClusterUniqueID={host}"));
    for vo in &site.vos {
        entry = entry.with("GlueCEAccessControlBaseRule", format!("VO:{vo}"));
    }
    content.glue1.push(entry);
    for vo in &site.vos {
        let classes =
            ["GlueCETop", "GlueVOView", "GlueCEInfo", "GlueCEState", "GlueCEAccessControlBase", "GlueCEPolicy"];
        content.glue1.push(
            glue1(format!("GlueVOViewLocalID={vo},{dn}"), &classes)
                .with("GlueVOViewLocalID", vo)
                .with("GlueCEAccessControlBaseRule", format!("VO:{vo}"))
                .all(&state)
                .with("GlueChunkKey", format!("GlueCEUniqueID={ce}")),
        );
    }
    let group = format!("GlueCESEBindGroupCEUniqueID={ce},{base}");
    let bind = |dn: String, class: &str| Entry::new(dn, &["GlueGeneralTop", class]);
    content.glue1.push(
        bind(group.clone(), "GlueCESEBindGroup")
            .with("GlueCESEBindGroupCEUniqueID", ce)
            .with("GlueCESEBindGroupSEUniqueID", se),
    );
    content.glue1.push(
        bind(format!("GlueCESEBindSEUniqueID={se},{group}"), "GlueCESEBind")
            .all(&[("GlueCESEBindCEUniqueID", ce), ("GlueCESEBindSEUniqueID", se)])
            .all(&[
                ("GlueCESEBindCEAccesspoint", "n.a"),
                ("GlueCESEBindMountInfo", "n.a"),
                ("GlueCESEBindWeight", "0"),
            ]),
    );
}

fn share(
    content: &mut Content,
    site: &Site,
    service: &Entry,
    id: &str,
    queue: &str,
    vo: &str,
    [slots, running, waiting]: [usize; 3],
) {
    let owner = service.get("GLUE2ServiceID").unwrap_or_default();
    let dn = format!("GLUE2ShareID={id},{}", service.dn);
    let mut entry = Entry::new(dn.clone(), &["GLUE2Share", "GLUE2ComputingShare"])
        .with("GLUE2ShareID", id)
        .with("GLUE2ShareDescription", format!("{queue} for {vo}"))
        .with("GLUE2ComputingShareMappingQueue", queue)
        .with("GLUE2ComputingShareServingState", "production");
    for (name, value) in [
        ("MaxWallTime", 259_200),
        ("MinWallTime", 0),
        ("DefaultWallTime", 259_200),
        ("MaxCPUTime", 172_800),
        ("MinCPUTime", 0),
        ("DefaultCPUTime", 172_800),
        ("MaxTotalJobs", 20_000),
        ("MaxRunningJobs", 10_000),
        ("MaxWaitingJobs", 10_000),
        ("MaxSlotsPerJob", 8),
        ("MaxMainMemory", 64_000),
        ("GuaranteedMainMemory", 2_000),
        ("MaxVirtualMemory", 66_000),
        ("GuaranteedVirtualMemory", 2_000),
        ("TotalJobs", running + waiting),
        ("RunningJobs", running),
        ("WaitingJobs", waiting),
        ("EstimatedAverageWaitingTime", 700),
        ("EstimatedWorstWaitingTime", 1400),
        ("FreeSlots", slots - running),
        ("UsedSlots", running),
        ("RequestedSlots", waiting),
    ] {
        entry = entry.with(&format!("GLUE2ComputingShare{name}"), value);
    }
    content.glue2.push(
        entry
            .all(&[("GLUE2ShareServiceForeignKey", owner), ("GLUE2ComputingShareComputingServiceForeignKey", owner)])
            .with("GLUE2EntityValidity", 3600)
            .all(&other(site)),
    );
    content.glue2.push(policy(site, &dn, id, "Mapping", &[vo]).with("GLUE2MappingPolicyShareForeignKey", id));
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
