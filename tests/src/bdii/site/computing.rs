//! A computing element: its cluster, its queues, and the shares of VOs in them.

use super::{Content, Entry, Rng, Site, endpoint, glue1, glue2_service, other, policy};

/// Adds it; its close storage element is `se`.
pub(super) fn add(content: &mut Content, site: &Site, rng: &mut Rng, se: &str) {
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
