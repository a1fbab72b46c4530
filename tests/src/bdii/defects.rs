//! Faults that are put into sites on purpose: for each, what check_bdii has to say, and where.

use super::site::iso;
use super::{Content, Entry, comparable};
use crate::rng::Rng;
use std::collections::BTreeSet;

/// A fault: the rule that it breaks, the class of the entries it can be put into, and how.
type Fault = (&'static str, &'static str, fn(&mut Entry, u64));

/// Every fault breaks one rule at one entry and no other.
pub const FAULTS: &[Fault] = &[
    ("gstat.sanity.format", "GlueSite", |e, _| e.set("GlueSiteLongitude", "361.2")),
    ("gstat.sanity.missing.error", "GlueSite", |e, _| e.remove("GlueSiteLatitude")),
    ("site.email.incorrect", "GlueSite", |e, _| e.set("GlueSiteSecurityContact", "csirt.example.net")),
    ("site.email.incorrect", "GlueSite", |e, _| e.set("GlueSiteSysAdminContact", "mailto:root@example.net")),
    ("site.mandatory_attrs.missing_attr", "GlueSite", |e, _| e.remove("GlueSiteLocation")),
    ("site.ID_equals_name.difference", "GlueSite", |e, _| e.set("GlueSiteName", "elsewhere")),
    ("site.OhterInfo.no_GRID_info", "GlueSite", |e, _| e.set("GlueSiteOtherInfo", "CONFIG=puppet")),
    ("CE.Status.Value", "GlueCE", |e, _| e.set("GlueCEStateStatus", "production")),
    ("E022", "GlueCE", |e, _| e.set("GlueCEStateWaitingJobs", "444444")),
    ("E023", "GlueCE", |e, _| e.set("GlueCEStateEstimatedResponseTime", "2146660842")),
    ("E024", "GlueVOView", |e, _| e.set("GlueCEStateWorstResponseTime", "2146660842")),
    ("CE.Capability.Exist", "GlueCE", |e, _| e.set("GlueCECapability", "Share=atlas:40")),
    ("CE.Capability.Value", "GlueCE", |e, _| e.set("GlueCECapability", "CPUScalingReferenceSI00=0")),
    ("CE.AccessControlBaseRule.Value", "GlueCE", |e, _| {
        // The last one is right: a tool that looks at that one alone sees nothing.
        let rules: Vec<String> =
            e.attributes.iter().filter(|(n, _)| n == "GlueCEAccessControlBaseRule").map(|(_, v)| v.clone()).collect();
        e.set("GlueCEAccessControlBaseRule", "everybody");
        for rule in rules {
            e.attributes.push(("GlueCEAccessControlBaseRule".to_owned(), rule));
        }
    }),
    ("CE.GlueCluster.Exist", "GlueCE", |e, _| e.set("GlueCEHostingCluster", "gone.example.net")),
    ("value.error", "GlueSubCluster", |e, _| e.set("GlueSubClusterLogicalCPUs", "7")),
    ("value.error", "GlueSubCluster", |e, _| e.set("GlueHostBenchmarkSI00", "1000")),
    ("value.format", "GlueSubCluster", |e, _| e.set("GlueHostProcessorOtherDescription", "eight cores")),
    ("gstat.value.error", "GlueSubCluster", |e, _| e.set("GlueHostApplicationSoftwareRunTimeEnvironment", "VO atlas")),
    ("Cluster.ForeignKey.Value", "GlueCluster", |e, _| e.set("GlueForeignKey", "GlueSiteUniqueID=x")),
    ("SE.Status.Value", "GlueSE", |e, _| e.set("GlueSEStatus", "online")),
    ("SE.Size.Value", "GlueSE", |e, _| e.set("GlueSESizeFree", "-1")),
    ("SE.ForeignKey.Value", "GlueSE", |e, _| e.set("GlueForeignKey", "GlueClusterUniqueID=x")),
    ("SA.Size.Valid", "GlueSA", |e, _| e.set("GlueSAUsedOnlineSize", "1900000000")),
    ("SA.Attribute.Exist", "GlueSA", |e, _| e.remove("GlueSAFreeNearlineSize")),
    ("SA.Capability", "GlueSA", |e, _| e.set("GlueSACapability", "InstalledOnlineCapacity=1")),
    ("VOInfo.Path", "GlueSA", |e, _| e.set("GlueSAPath", "/data")),
    ("VOInfo.ChunkKey", "GlueVOInfo", |e, _| {
        e.attributes.retain(|(_, value)| !value.starts_with("GlueSALocalID="));
    }),
    ("VOInfo.AccessControlBaseRule", "GlueVOInfo", |e, _| e.set("GlueVOInfoAccessControlBaseRule", "VO:stranger")),
    ("SEControlProtocol.Endpoint", "GlueSEControlProtocol", |e, _| {
        e.set("GlueSEControlProtocolEndpoint", "https://se/srm")
    }),
    ("SEAccessProtocol.SupportedSecurity", "GlueSEAccessProtocol", |e, _| {
        e.remove("GlueSEAccessProtocolSupportedSecurity")
    }),
    ("gstat.sanity.se", "GlueCESEBind", |e, _| {
        let gone = e.get("GlueCESEBindSEUniqueID").map(|host| format!("gone-{host}")).unwrap_or_default();
        e.dn = e.dn.replace("GlueCESEBindSEUniqueID=", "GlueCESEBindSEUniqueID=gone-");
        e.set("GlueCESEBindSEUniqueID", &gone);
    }),
    ("Service.Status", "GlueService", |e, _| e.set("GlueServiceStatus", "ok")),
    ("service.attribute.syntax", "GlueService", |e, _| e.set("GlueForeignKey", "GW-SITE")),
    ("E001", "GLUE2Endpoint", |e, now| e.set("GLUE2EntityCreationTime", &iso(now + 4000))),
    ("E002", "GLUE2Service", |e, now| e.set("GLUE2EntityCreationTime", &iso(now - 90_000))),
    ("W002", "GLUE2Endpoint", |e, _| e.remove("GLUE2EntityCreationTime")),
    ("E008", "GLUE2Location", |e, _| e.set("GLUE2LocationLongitude", "-180.5")),
    ("E009", "GLUE2Location", |e, _| e.set("GLUE2LocationLatitude", "90.1")),
    ("E010", "GLUE2Endpoint", |e, now| e.set("GLUE2EndpointStartTime", &iso(now + 4000))),
    ("E013", "GLUE2Endpoint", |e, now| e.set("GLUE2EndpointDowntimeEnd", &iso(now + 4000))),
    ("E014", "GLUE2StorageServiceCapacity", |e, _| e.set("GLUE2StorageServiceCapacityFreeSize", "1")),
    ("E018", "GLUE2StorageShareCapacity", |e, _| e.set("GLUE2StorageShareCapacityUsedSize", "1")),
    ("E022", "GLUE2ComputingShare", |e, _| {
        e.set("GLUE2ComputingShareWaitingJobs", "444444");
        let running: u64 = e.get("GLUE2ComputingShareRunningJobs").and_then(|n| n.parse().ok()).unwrap_or(0);
        e.set("GLUE2ComputingShareTotalJobs", &(444_444 + running).to_string());
    }),
    ("E023", "GLUE2ComputingShare", |e, _| e.set("GLUE2ComputingShareEstimatedAverageWaitingTime", "2146660842")),
    ("E024", "GLUE2ComputingShare", |e, _| e.set("GLUE2ComputingShareEstimatedWorstWaitingTime", "2146660842")),
    ("E026", "GLUE2Contact", |e, _| e.set("GLUE2ContactDomainForeignKey", "OTHER")),
    ("E026", "GLUE2Service", |e, _| e.set("GLUE2ServiceAdminDomainForeignKey", "OTHER")),
    ("E004", "GLUE2Service", |e, _| {
        e.attributes.push(("GLUE2EntityOtherInfo".to_owned(), "Share=atlas:40".to_owned()));
        e.attributes.push(("GLUE2EntityOtherInfo".to_owned(), "Share=atlas:41".to_owned()));
    }),
    ("E005", "GLUE2Service", |e, _| e.attributes.push(("GLUE2EntityOtherInfo".to_owned(), "Share=40".to_owned()))),
    ("E007", "GLUE2Service", |e, _| {
        e.attributes.push(("GLUE2EntityOtherInfo".to_owned(), "Share=atlas:60".to_owned()));
        e.attributes.push(("GLUE2EntityOtherInfo".to_owned(), "Share=cms:60".to_owned()));
    }),
    ("W003", "GLUE2Contact", |e, _| {
        e.attributes.push(("GLUE2EntityOtherInfo".to_owned(), "ProfileName=OSG".to_owned()))
    }),
    ("W015", "GLUE2ComputingShare", |e, _| e.set("GLUE2ComputingShareDefaultWallTime", "300000")),
    ("W024", "GLUE2ComputingShare", |e, _| e.set("GLUE2ComputingShareMaxSlotsPerJob", "0")),
    ("W025", "GLUE2ComputingShare", |e, _| e.set("GLUE2ComputingShareTotalJobs", "999998")),
    ("W030", "GLUE2ComputingManager", |e, _| e.set("GLUE2ComputingManagerTotalPhysicalCPUs", "900000")),
    ("W034", "GLUE2Endpoint", |e, _| e.remove("GLUE2EndpointImplementationVersion")),
    ("W037", "GLUE2Endpoint", |e, _| e.set("GLUE2EndpointServingState", "prodution")),
    ("W037", "GLUE2Domain", |e, _| e.set("GLUE2DomainWWW", "www")),
    ("W041", "GLUE2Endpoint", |e, _| {
        e.set("GLUE2EndpointImplementationVersion", "package emi-cream-ce is not installed")
    }),
    ("W043", "GLUE2ExecutionEnvironment", |e, _| e.set("GLUE2ExecutionEnvironmentOSFamily", "beos")),
    ("GW002", "GLUE2Benchmark", |e, _| e.set("GLUE2BenchmarkExecutionEnvironmentForeignKey", "nobody")),
    ("GW002", "GLUE2ComputingShare", |e, _| e.set("GLUE2ComputingShareComputingServiceForeignKey", "nobody")),
];

/// Faults that take an entry away: the rule, the class that goes, and the class of the parent at which that is said.
pub const HOLES: &[(&str, &str)] = &[
    ("E025", "GLUE2Location"),
    ("E025", "GLUE2Contact"),
    ("E025", "GLUE2AccessPolicy"),
    ("E025", "GLUE2MappingPolicy"),
    ("E025", "GLUE2StorageAccessProtocol"),
];

/// What has to be found: rule and entry.
pub type Expected = BTreeSet<(String, String)>;

/// Puts every fault into a site, each into an entry that has none yet, where there is one left. What does not fit is said.
pub fn spoil(content: &mut Content, seed: u64, now: u64) -> (Expected, Vec<&'static str>) {
    let mut rng = Rng::new(seed);
    let (mut expected, mut left) = (Expected::new(), Vec::new());
    let mut spoilt: BTreeSet<String> = BTreeSet::new();
    for (id, class, how) in FAULTS {
        let all = if class.starts_with("GLUE2") { &mut content.glue2 } else { &mut content.glue1 };
        let free: Vec<usize> =
            (0..all.len()).filter(|at| all[*at].is(class) && !spoilt.contains(&all[*at].dn)).collect();
        if free.is_empty() {
            left.push(*id);
            continue;
        }
        let entry = &mut all[free[rng.below(free.len())]];
        how(entry, now);
        spoilt.insert(entry.dn.clone());
        expected.insert(((*id).to_owned(), comparable(&entry.dn)));
    }
    for (id, class) in HOLES {
        let free: Vec<usize> = (0..content.glue2.len())
            .filter(|at| {
                let entry = &content.glue2[*at];
                let above = entry.dn.split_once(',').map_or("", |(_, above)| above);
                entry.is(class) && !spoilt.contains(&entry.dn) && !spoilt.contains(above)
            })
            .collect();
        if free.is_empty() {
            left.push(*id);
            continue;
        }
        let gone = content.glue2.remove(free[rng.below(free.len())]);
        let above = gone.dn.split_once(',').map_or("", |(_, above)| above);
        spoilt.insert(above.to_owned());
        expected.insert(((*id).to_owned(), comparable(above)));
    }
    (expected, left)
}
