//! A storage element with an area for every VO.

use super::{Content, Entry, Rng, Site, endpoint, glue1, glue2_service, other, policy};

/// Adds it, and gives its host.
pub(super) fn add(content: &mut Content, site: &Site, rng: &mut Rng) -> String {
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
