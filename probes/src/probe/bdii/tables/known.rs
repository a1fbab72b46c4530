//! The attributes, classes and rules that the code itself names, found once when the tables are read.
use super::{Attr, AttributeNames, ClassNames, RowId, TableError, Tables};

macro_rules! attributes {
    ($($field:ident = $name:literal),* $(,)?) => {
        /// Attributes that the code names.
        #[derive(Debug, Clone, Copy)]
        #[expect(missing_docs, reason = "each is named as in the schema")]
        pub struct Attributes { $(pub $field: Attr),* }

        impl Attributes {
            pub(super) fn find(names: &AttributeNames) -> Result<Attributes, TableError> {
                let find = |name: &str| names.find(name.as_bytes()).ok_or_else(|| super::wrong("schema.table", format!("no {name}")));
                Ok(Attributes { $($field: find($name)?),* })
            }
        }
    };
}

attributes! {
    creation = "GLUE2EntityCreationTime",
    validity = "GLUE2EntityValidity",
    other_info = "GLUE2EntityOtherInfo",
    domain_id = "GLUE2DomainID",
    location_domain = "GLUE2LocationDomainForeignKey",
    contact_domain = "GLUE2ContactDomainForeignKey",
    service_domain = "GLUE2ServiceAdminDomainForeignKey",
    service_id = "GLUE2ServiceID",
    service_type = "GLUE2ServiceType",
    endpoint_id = "GLUE2EndpointID",
    endpoint_url = "GLUE2EndpointURL",
    interface = "GLUE2EndpointInterfaceName",
    endpoint_service = "GLUE2EndpointServiceForeignKey",
    start_time = "GLUE2EndpointStartTime",
    announce = "GLUE2EndpointDowntimeAnnounce",
    down_start = "GLUE2EndpointDowntimeStart",
    down_end = "GLUE2EndpointDowntimeEnd",
    share_id = "GLUE2ShareID",
    manager_id = "GLUE2ManagerID",
    resource_id = "GLUE2ResourceID",
    manager_service = "GLUE2ManagerServiceForeignKey",
    environment_manager = "GLUE2ResourceManagerForeignKey",
    protocol_service = "GLUE2StorageAccessProtocolStorageServiceForeignKey",
    capacity_share = "GLUE2StorageShareCapacityStorageShareForeignKey",
    removal = "GLUE2ApplicationEnvironmentRemovalDate",
    access_endpoint = "GLUE2AccessPolicyEndpointForeignKey",
    mapping_share = "GLUE2MappingPolicyShareForeignKey",
    cs_total = "GLUE2ComputingServiceTotalJobs",
    ce_total = "GLUE2ComputingEndpointTotalJobs",
    sh_total = "GLUE2ComputingShareTotalJobs",
    cap_total = "GLUE2StorageServiceCapacityTotalSize",
    cap_free = "GLUE2StorageServiceCapacityFreeSize",
    cap_used = "GLUE2StorageServiceCapacityUsedSize",
    cap_reserved = "GLUE2StorageServiceCapacityReservedSize",
    shcap_total = "GLUE2StorageShareCapacityTotalSize",
    shcap_free = "GLUE2StorageShareCapacityFreeSize",
    shcap_used = "GLUE2StorageShareCapacityUsedSize",
    shcap_reserved = "GLUE2StorageShareCapacityReservedSize",
    site_id = "GlueSiteUniqueID",
    site_name = "GlueSiteName",
    site_other = "GlueSiteOtherInfo",
    g1_service_id = "GlueServiceUniqueID",
    g1_service_type = "GlueServiceType",
    g1_service_endpoint = "GlueServiceEndpoint",
    foreign_key = "GlueForeignKey",
    chunk_key = "GlueChunkKey",
    ce_id = "GlueCEUniqueID",
    ce_cluster = "GlueCEHostingCluster",
    ce_capability = "GlueCECapability",
    ce_waiting = "GlueCEStateWaitingJobs",
    ce_cpus = "GlueCEInfoTotalCPUs",
    ce_implementation = "GlueCEImplementationName",
    cluster_id = "GlueClusterUniqueID",
    sub_id = "GlueSubClusterUniqueID",
    physical = "GlueSubClusterPhysicalCPUs",
    logical = "GlueSubClusterLogicalCPUs",
    cores = "GlueHostProcessorOtherDescription",
    si00 = "GlueHostBenchmarkSI00",
    se_id = "GlueSEUniqueID",
    se_arch = "GlueSEArchitecture",
    se_total = "GlueSETotalOnlineSize",
    se_used = "GlueSEUsedOnlineSize",
    se_nearline = "GlueSETotalNearlineSize",
    sa_id = "GlueSALocalID",
    sa_path = "GlueSAPath",
    sa_total = "GlueSATotalOnlineSize",
    sa_reserved = "GlueSAReservedOnlineSize",
    sa_rule = "GlueSAAccessControlBaseRule",
    sa_capability = "GlueSACapability",
    vo_id = "GlueVOInfoLocalID",
    vo_path = "GlueVOInfoPath",
    vo_rule = "GlueVOInfoAccessControlBaseRule",
    control_id = "GlueSEControlProtocolLocalID",
    control_type = "GlueSEControlProtocolType",
    control_endpoint = "GlueSEControlProtocolEndpoint",
    access_id = "GlueSEAccessProtocolLocalID",
    bind_group_ce = "GlueCESEBindGroupCEUniqueID",
    bind_group_se = "GlueCESEBindGroupSEUniqueID",
    bind_ce = "GlueCESEBindCEUniqueID",
    bind_se = "GlueCESEBindSEUniqueID",
}

macro_rules! classes {
    ($($field:ident = $name:literal),* $(,)?) => {
        /// Classes that the code names.
        #[derive(Debug, Clone, Copy)]
        #[expect(missing_docs, reason = "each is named as in the schema")]
        pub struct Classes { $(pub $field: u8),* }

        impl Classes {
            pub(super) fn find(names: &ClassNames) -> Result<Classes, TableError> {
                let find = |name: &str| names.find(name).ok_or_else(|| super::wrong("types.table", format!("no class {name}")));
                Ok(Classes { $($field: find($name)?),* })
            }
        }
    };
}

classes! {
    entity = "GLUE2Entity",
    domain = "GLUE2Domain",
    admin_domain = "GLUE2AdminDomain",
    location = "GLUE2Location",
    contact = "GLUE2Contact",
    service = "GLUE2Service",
    computing_service = "GLUE2ComputingService",
    storage_service = "GLUE2StorageService",
    endpoint = "GLUE2Endpoint",
    computing_endpoint = "GLUE2ComputingEndpoint",
    share = "GLUE2Share",
    computing_share = "GLUE2ComputingShare",
    storage_share = "GLUE2StorageShare",
    manager = "GLUE2Manager",
    computing_manager = "GLUE2ComputingManager",
    environment = "GLUE2ExecutionEnvironment",
    application = "GLUE2ApplicationEnvironment",
    access_policy = "GLUE2AccessPolicy",
    mapping_policy = "GLUE2MappingPolicy",
    access_protocol = "GLUE2StorageAccessProtocol",
    service_capacity = "GLUE2StorageServiceCapacity",
    share_capacity = "GLUE2StorageShareCapacity",
    g1_site = "GlueSite",
    g1_service = "GlueService",
    g1_ce = "GlueCE",
    g1_cluster = "GlueCluster",
    g1_sub = "GlueSubCluster",
    g1_se = "GlueSE",
    g1_sa = "GlueSA",
    g1_vo = "GlueVOInfo",
    g1_view = "GlueVOView",
    g1_control = "GlueSEControlProtocol",
    g1_access = "GlueSEAccessProtocol",
    g1_bind = "GlueCESEBind",
    g1_group = "GlueCESEBindGroup",
}

macro_rules! rows {
    ($($field:ident = $id:literal $class:literal $attribute:literal),* $(,)?) => {
        /// Rules that the code names.
        #[derive(Debug, Clone, Copy, Default)]
        #[expect(missing_docs, reason = "each is named by its id")]
        pub struct Rows { $(pub $field: RowId),* }

        impl Rows {
            pub(super) fn find(tables: &Tables) -> Result<Rows, TableError> {
                let mut by_id: rustc_hash::FxHashMap<&str, Vec<u16>> = rustc_hash::FxHashMap::default();
                for (at, row) in tables.rows.iter().enumerate() {
                    by_id.entry(&row.id).or_default().push(at as u16);
                }
                let find = |id: &str, class: &str, attribute: &str| {
                    let fits = |at: &&u16| {
                        let row = tables.row(RowId(**at));
                        row.class == class && row.attribute == attribute
                    };
                    let found = by_id.get(id).and_then(|rows| rows.iter().find(fits));
                    let missing = || super::wrong("rules.table", format!("no rule {id} of {class} {attribute}"));
                    found.map(|at| RowId(*at)).ok_or_else(missing)
                };
                Ok(Rows { $($field: find($id, $class, $attribute)?),* })
            }
        }
    };
}

rows! {
    unknown_class = "E021" "*" "objectClass",
    mandatory = "W034" "*" "*",
    recommended = "I095" "*" "*",
    undesirable = "W035" "*" "*",
    single = "W036" "*" "*",
    wrong_type = "W037" "*" "*",
    empty = "W038" "*" "*",
    beside = "GW001" "*" "*",
    dangling = "GW002" "*" "*",
    twice = "GW003" "*" "*",
    not_utf8 = "GW004" "*" "*",
    too_long = "GW005" "*" "*",
    stale_site = "GW006" "*" "*",
    vanished = "GW007" "*" "*",
    no_endpoint = "GW008" "GLUE2Service" "GLUE2Endpoint",
    site_missing = "GW009" "*" "*",
    site_unknown = "GW010" "*" "*",
    created_ahead = "E001" "GLUE2Entity" "GLUE2EntityCreationTime",
    created_long_ago = "W001" "GLUE2Entity" "GLUE2EntityCreationTime",
    validity_alone = "W002" "GLUE2Entity" "GLUE2EntityValidity",
    obsolete = "E002" "GLUE2Entity" "GLUE2EntityValidity",
    started_ahead = "E010" "GLUE2Endpoint" "GLUE2EndpointStartTime",
    started_long_ago = "W006" "GLUE2Endpoint" "GLUE2EndpointStartTime",
    announced_ahead = "E011" "GLUE2Endpoint" "GLUE2EndpointDowntimeAnnounce",
    announced_long_ago = "W007" "GLUE2Endpoint" "GLUE2EndpointDowntimeAnnounce",
    announced_without_start = "W008" "GLUE2Endpoint" "GLUE2EndpointDowntimeAnnounce",
    down_backwards = "E012" "GLUE2Endpoint" "GLUE2EndpointDowntimeStart",
    down_far = "W009" "GLUE2Endpoint" "GLUE2EndpointDowntimeStart",
    down_old = "W010" "GLUE2Endpoint" "GLUE2EndpointDowntimeStart",
    down_no_start = "E013" "GLUE2Endpoint" "GLUE2EndpointDowntimeEnd",
    down_end_far = "W011" "GLUE2Endpoint" "GLUE2EndpointDowntimeEnd",
    down_end_old = "W012" "GLUE2Endpoint" "GLUE2EndpointDowntimeEnd",
    removed = "I079" "GLUE2ApplicationEnvironment" "GLUE2ApplicationEnvironmentRemovalDate",
    share_percentage = "E003" "GLUE2Entity" "GLUE2EntityOtherInfo",
    share_twice = "E004" "GLUE2Entity" "GLUE2EntityOtherInfo",
    share_format = "E005" "GLUE2Entity" "GLUE2EntityOtherInfo",
    share_sum = "E007" "GLUE2Entity" "GLUE2EntityOtherInfo",
    profile = "W003" "GLUE2Entity" "GLUE2EntityOtherInfo",
    profile_version = "W004" "GLUE2Entity" "GLUE2EntityOtherInfo",
    grid = "I001" "GLUE2Entity" "GLUE2EntityOtherInfo",
    config = "I002" "GLUE2Entity" "GLUE2EntityOtherInfo",
    ngi = "I003" "GLUE2Entity" "GLUE2EntityOtherInfo",
    blog = "I004" "GLUE2Entity" "GLUE2EntityOtherInfo",
    icon = "I005" "GLUE2Entity" "GLUE2EntityOtherInfo",
    tier = "I006" "GLUE2Entity" "GLUE2EntityOtherInfo",
    name_icon = "I008" "GLUE2Entity" "GLUE2EntityOtherInfo",
    middleware = "I009" "GLUE2Entity" "GLUE2EntityOtherInfo",
    middleware_version = "I010" "GLUE2Entity" "GLUE2EntityOtherInfo",
    host_dn = "I011" "GLUE2Entity" "GLUE2EntityOtherInfo",
    share_vo = "I012" "GLUE2Entity" "GLUE2EntityOtherInfo",
    benchmark = "I013" "GLUE2Entity" "GLUE2EntityOtherInfo",
    no_location = "E025" "GLUE2AdminDomain" "GLUE2Location",
    no_contact = "E025" "GLUE2AdminDomain" "GLUE2Contact",
    no_manager = "E025" "GLUE2ComputingService" "GLUE2ComputingManager",
    no_environment = "E025" "GLUE2ComputingManager" "GLUE2ExecutionEnvironment",
    no_protocol = "E025" "GLUE2StorageService" "GLUE2StorageAccessProtocol",
    no_share = "E025" "GLUE2StorageShareCapacity" "GLUE2StorageShare",
    no_access = "E025" "GLUE2Endpoint" "GLUE2AccessPolicy",
    no_mapping = "E025" "GLUE2Share" "GLUE2MappingPolicy",
    location_domain = "E026" "GLUE2Location" "GLUE2LocationDomainForeignKey",
    contact_domain = "E026" "GLUE2Contact" "GLUE2ContactDomainForeignKey",
    service_domain = "E026" "GLUE2Service" "GLUE2ServiceAdminDomainForeignKey",
    cs_jobs = "W005" "GLUE2ComputingService" "GLUE2ComputingServiceTotalJobs",
    ce_jobs = "W013" "GLUE2ComputingEndpoint" "GLUE2ComputingEndpointTotalJobs",
    sh_jobs = "W025" "GLUE2ComputingShare" "GLUE2ComputingShareTotalJobs",
    capacity = "E014" "GLUE2StorageServiceCapacity" "GLUE2StorageServiceCapacityTotalSize",
    share_capacity = "E018" "GLUE2StorageShareCapacity" "GLUE2StorageShareCapacityTotalSize",
    site_name = "site.ID_equals_name.difference" "GlueSite" "GlueSiteName",
    no_grid = "site.OhterInfo.no_GRID_info" "GlueSite" "GlueSiteOtherInfo",
    g1_ngi = "site.OtherInfo.invalid_NGI" "GlueSite" "GlueSiteOtherInfo",
    no_parent = "site.OhterInfo.missing_WLCG" "GlueSite" "GlueSiteOtherInfo",
    newline = "gstat.sanity.value" "GlueTop" "*",
    unset = "gstat.sanity.unset" "GlueTop" "*",
    waiting_high = "gstat.sanity.usage" "GlueCE" "GlueCEStateWaitingJobs",
    waiting_full = "gstat.sanity.full" "GlueCE" "GlueCEStateWaitingJobs",
    ce_twice = "CE.UniqueID.Unique" "GlueCE" "GlueCEUniqueID",
    no_cluster = "CE.GlueCluster.Exist" "GlueCE" "GlueCEHostingCluster",
    no_scaling = "CE.Capability.Exist" "GlueCE" "GlueCECapability",
    bad_scaling = "CE.Capability.Value" "GlueCE" "GlueCECapability",
    cluster_twice = "Cluster.UniqueID.Unique" "GlueCluster" "GlueClusterUniqueID",
    cluster_key = "Cluster.ForeignKey.Value" "GlueCluster" "GlueForeignKey",
    sub_twice = "SubCluster.UniqueID.Unique" "GlueSubCluster" "GlueSubClusterUniqueID",
    cpus = "value.error" "GlueSubCluster" "GlueSubClusterLogicalCPUs",
    si00 = "value.error" "GlueSubCluster" "GlueHostBenchmarkSI00",
    se_twice = "SE.UniqueID.Unique" "GlueSE" "GlueSEUniqueID",
    se_usage = "gstat.sanity.usage" "GlueSE" "GlueSEUsedOnlineSize",
    se_full = "gstat.sanity.full" "GlueSE" "GlueSEUsedOnlineSize",
    se_key = "SE.ForeignKey.Value" "GlueSE" "GlueForeignKey",
    no_sa = "SE.GlueSA.Exist" "GlueSE" "GlueSEUniqueID",
    no_vo_info = "VOInfo.Exist" "GlueSE" "GlueSEUniqueID",
    nearline = "SE.Size.Value" "GlueSE" "GlueSEArchitecture",
    sa_twice = "SA.LocalID.Unique" "GlueSA" "GlueSALocalID",
    sa_total = "SA.Size.Valid" "GlueSA" "GlueSATotalOnlineSize",
    sa_installed = "SA.Capability" "GlueSA" "*",
    sa_path = "VOInfo.Path" "GlueSA" "GlueSAPath",
    vo_twice = "VOInfo.LocalID.Unique" "GlueVOInfo" "GlueVOInfoLocalID",
    vo_key = "VOInfo.ChunkKey" "GlueVOInfo" "GlueChunkKey",
    vo_rule = "VOInfo.AccessControlBaseRule" "GlueVOInfo" "GlueVOInfoAccessControlBaseRule",
    control_twice = "SEControlProtocol.LocalID.Unique" "GlueSEControlProtocol" "GlueSEControlProtocolLocalID",
    control_service = "SEControlProtocol.Service" "GlueSEControlProtocol" "GlueSEControlProtocolEndpoint",
    access_twice = "SEAccessProtocol.LocalID.Unique" "GlueSEAccessProtocol" "GlueSEAccessProtocolLocalID",
    group_ce = "gstat.sanity.ce" "GlueCESEBindGroup" "GlueCESEBindGroupCEUniqueID",
    group_se = "gstat.sanity.se" "GlueCESEBindGroup" "GlueCESEBindGroupSEUniqueID",
    bind_ce = "gstat.sanity.ce" "GlueCESEBind" "GlueCESEBindCEUniqueID",
    bind_se = "gstat.sanity.se" "GlueCESEBind" "GlueCESEBindSEUniqueID",
    not_registered = "service.registered" "*" "*",
    not_published = "service.published" "*" "*",
    not_published_unmonitored = "service.published" "*" "unmonitored",
    not_production = "service.production" "*" "*",
}
