//! GLUE 1.3: what needs several values, or other entries.
use super::forms;
use super::judge::{At, Judge, shown};
use super::nodes;
use super::references::key;
use super::tables::{Attr, RowId};
use super::value;

/// What storage areas and protocols are unique in: their storage element, at their site.
fn owner(at: &At<'_>, chunk_key: Attr, name: &str) -> u64 {
    let prefix = name.as_bytes();
    let from_key = at.entry.all(chunk_key).find_map(|value| {
        let rest = value
            .get(..prefix.len())
            .filter(|start| start.eq_ignore_ascii_case(prefix))
            .map(|_| &value[prefix.len()..])?;
        rest.strip_prefix(b"=")
    });
    let mut from_dn = None;
    if from_key.is_none() {
        let mut dn = nodes::split(at.entry.dn).1;
        while !dn.is_empty() && from_dn.is_none() {
            let (rdn, above) = nodes::split(dn);
            from_dn = nodes::rdn_value(rdn, name);
            dn = above;
        }
    }
    let value = from_key.or(from_dn.as_ref().map(|name| name.as_bytes())).unwrap_or_default();
    key(name, u64::from(at.site.0), value)
}

/// The domain of a host: all behind its first dot.
fn domain(host: &[u8]) -> &[u8] {
    host.iter().position(|byte| *byte == b'.').map_or(&[], |dot| &host[dot..])
}

impl Judge<'_> {
    /// Judges an entry of GLUE 1.3.
    pub(super) fn glue1(&mut self, at: &At<'_>) {
        let c = &self.tables.c;
        let entry = &at.entry;
        if entry.is(c.g1_site) {
            self.g1_site(at);
        } else if entry.is(c.g1_ce) {
            self.g1_ce(at);
        } else if entry.is(c.g1_cluster) {
            self.g1_cluster(at);
        } else if entry.is(c.g1_sub) {
            self.g1_sub_cluster(at);
        } else if entry.is(c.g1_se) {
            self.g1_se(at);
        } else if entry.is(c.g1_sa) {
            self.g1_sa(at);
        } else if entry.is(c.g1_vo) {
            self.g1_vo_info(at);
        } else if entry.is(c.g1_control) {
            self.g1_control(at);
        } else if entry.is(c.g1_access) {
            let (a, r) = (&self.tables.a, &self.tables.r);
            let owner = owner(at, a.chunk_key, "GlueSEUniqueID");
            self.once(at, a.access_id, owner, r.access_twice);
        } else if entry.is(c.g1_bind) {
            let (a, r) = (&self.tables.a, &self.tables.r);
            self.bound(at, a.bind_ce, a.bind_se, r.bind_ce, r.bind_se);
        } else if entry.is(c.g1_group) {
            let (a, r) = (&self.tables.a, &self.tables.r);
            self.bound(at, a.bind_group_ce, a.bind_group_se, r.group_ce, r.group_se);
        } else if entry.is(c.g1_service) {
            let a = &self.tables.a;
            self.counts.entry(at.site).or_default().services += 1;
            self.remember_service(at, a.g1_service_id);
            self.published.glue1_service(at, self.tables, self.brief.remember);
            if entry.any(a.g1_service_type, |kind| kind.eq_ignore_ascii_case(b"srm") || kind == b"srm_v1") {
                for endpoint in entry.all(a.g1_service_endpoint) {
                    self.references.publish(key("srm", 0, endpoint));
                }
            }
        }
        self.newlines(at);
    }

    /// An identifier that is there once among its owner's.
    fn once(&mut self, at: &At<'_>, attr: Attr, owner: u64, row: RowId) {
        if let Some(value) = at.entry.first(attr)
            && !self.references.publish(key((attr, "once"), owner, value))
        {
            self.found(at, row, || self.tables.attributes.name(attr).to_owned() + "=" + &shown(value));
        }
    }

    fn newlines(&mut self, at: &At<'_>) {
        for (attr, _) in at.entry.attributes() {
            for value in at.entry.all(attr).filter(|value| value.starts_with(b"Glue") && value.contains(&b':')) {
                let colon = value.iter().position(|byte| *byte == b':').unwrap_or(0);
                let name = &value[..colon];
                if name.iter().all(u8::is_ascii_alphanumeric) && value.get(colon + 1) == Some(&b' ') {
                    self.found(at, self.tables.r.newline, || {
                        self.tables.attributes.name(attr).to_owned() + "=" + &shown(value)
                    });
                }
            }
        }
    }

    fn g1_site(&mut self, at: &At<'_>) {
        let (a, r, tables) = (&self.tables.a, &self.tables.r, self.tables);
        let entry = &at.entry;
        if let (Some(id), Some(name)) = (entry.first(a.site_id), entry.first(a.site_name))
            && id != name
        {
            self.found(at, r.site_name, || format!("GlueSiteUniqueID={}, GlueSiteName={}", shown(id), shown(name)));
        }
        let field = |name: &'static [u8]| entry.all(a.site_other).find_map(move |value| value.strip_prefix(name));
        if entry.has(a.site_other) && field(b"GRID=").is_none() {
            self.found(at, r.no_grid, || "GlueSiteOtherInfo".to_owned());
        }
        if let Some(ngi) = field(b"EGI_NGI=")
            && tables.lists.get("EGIngi_t").is_some_and(|list| !list.has(ngi))
        {
            self.found(at, r.g1_ngi, || format!("EGI_NGI={}", shown(ngi)));
        }
        if let Some(tier) = field(b"WLCG_TIER=")
            && tier != b"0"
            && field(b"WLCG_PARENT=").is_none()
        {
            self.found(at, r.no_parent, || format!("WLCG_TIER={}", shown(tier)));
        }
    }

    fn g1_ce(&mut self, at: &At<'_>) {
        let (a, r) = (&self.tables.a, &self.tables.r);
        let entry = &at.entry;
        self.published.glue1_ce(at, self.tables, self.brief.remember);
        self.remember_service(at, a.ce_id);
        if let Some(id) = entry.first(a.ce_id)
            && !self.references.publish(key("ce", 0, id))
        {
            self.found(at, r.ce_twice, || format!("GlueCEUniqueID={}", shown(id)));
        }
        if let Some(cluster) = entry.first(a.ce_cluster) {
            let detail = || format!("GlueCEHostingCluster={}", shown(cluster));
            self.references.refer(key("cluster", 0, cluster), at.node, r.no_cluster, detail);
        }
        if let (Some(waiting), Some(cpus)) = (entry.number(a.ce_waiting), entry.number(a.ce_cpus))
            && cpus > 0.0
            && waiting != 444_444.0
        {
            let row = if waiting >= 150.0 * cpus {
                Some(r.waiting_full)
            } else if waiting >= 50.0 * cpus {
                Some(r.waiting_high)
            } else {
                None
            };
            if let Some(row) = row {
                self.found(at, row, || format!("{waiting} jobs wait for {cpus} CPUs"));
            }
        }
        if !entry.has(a.ce_capability) {
            return;
        }
        let mut scaled = false;
        for capability in entry.all(a.ce_capability) {
            if let Some(figure) = capability.strip_prefix(b"CPUScalingReferenceSI00=") {
                scaled = true;
                if value::number(figure).is_none_or(|figure| figure <= 0.0) {
                    self.found(at, r.bad_scaling, || shown(capability));
                }
            } else if let Some(share) = capability.strip_prefix(b"Share=") {
                let percent = share.iter().rposition(|byte| *byte == b':').map(|colon| &share[colon + 1..]);
                if percent.and_then(value::integer).is_none_or(|percent| !(1..=100).contains(&percent)) {
                    self.found(at, r.bad_scaling, || shown(capability));
                }
            }
        }
        if !scaled {
            self.found(at, r.no_scaling, || "GlueCECapability".to_owned());
        }
    }

    fn g1_cluster(&mut self, at: &At<'_>) {
        let (a, r) = (&self.tables.a, &self.tables.r);
        if let Some(id) = at.entry.first(a.cluster_id)
            && !self.references.publish(key("cluster", 0, id))
        {
            self.found(at, r.cluster_twice, || format!("GlueClusterUniqueID={}", shown(id)));
        }
        for (prefix, what) in [(&b"GlueSiteUniqueID="[..], "site"), (b"GlueCEUniqueID=", "CE")] {
            if !at.entry.any(a.foreign_key, |value| value.len() > prefix.len() && value.starts_with(prefix)) {
                self.found(at, r.cluster_key, || format!("GlueForeignKey names no {what}"));
            }
        }
    }

    fn g1_sub_cluster(&mut self, at: &At<'_>) {
        let (a, r) = (&self.tables.a, &self.tables.r);
        let entry = &at.entry;
        // A subcluster is unique in its cluster; many are called as their host.
        let owner = owner(at, a.chunk_key, "GlueClusterUniqueID");
        self.once(at, a.sub_id, owner, r.sub_twice);
        let cores = entry.first(a.cores).and_then(forms::cores);
        if let (Some(physical), Some(logical)) = (entry.number(a.physical), entry.number(a.logical)) {
            let expected = cores.map(|(cores, _)| (cores * physical).round());
            if expected.is_some_and(|expected| expected != logical) {
                self.found(at, r.cpus, || {
                    format!(
                        "{logical} logical CPUs, and {physical} physical ones have {} cores",
                        expected.unwrap_or(0.0)
                    )
                });
            } else if logical < physical {
                self.found(at, r.cpus, || format!("{logical} logical CPUs of {physical} physical ones"));
            }
        }
        if let (Some(si00), Some((_, Some(hs06)))) = (entry.number(a.si00), cores)
            && hs06 > 0.0
            && (si00 / 250.0 - hs06).abs() / hs06 > 0.05
        {
            self.found(at, r.si00, || {
                format!("GlueHostBenchmarkSI00={si00} is {} HEP-SPEC06, not {hs06}", si00 / 250.0)
            });
        }
    }

    fn g1_se(&mut self, at: &At<'_>) {
        let (a, r) = (&self.tables.a, &self.tables.r);
        let entry = &at.entry;
        self.published.glue1_se(at, self.tables, self.brief.remember);
        self.remember_service(at, a.se_id);
        if let Some(id) = entry.first(a.se_id) {
            if !self.references.publish(key("se", 0, id)) {
                self.found(at, r.se_twice, || format!("GlueSEUniqueID={}", shown(id)));
            }
            let se = key("GlueSEUniqueID", u64::from(at.site.0), id);
            self.references.refer(key("has-sa", se, b""), at.node, r.no_sa, || format!("GlueSEUniqueID={}", shown(id)));
            self.references
                .refer(key("has-vo", se, b""), at.node, r.no_vo_info, || format!("GlueSEUniqueID={}", shown(id)));
        }
        if entry.has(a.foreign_key) && !entry.any(a.foreign_key, |key| key.starts_with(b"GlueSiteUniqueID=")) {
            self.found(at, r.se_key, || "GlueForeignKey names no site".to_owned());
        }
        if let (Some(used), Some(total)) = (entry.number(a.se_used), entry.number(a.se_total))
            && total > 0.0
        {
            let ratio = used / total;
            let row = if ratio >= 0.9 || total - used < 1.0 {
                Some(r.se_full)
            } else if ratio >= 0.8 {
                Some(r.se_usage)
            } else {
                None
            };
            if let Some(row) = row {
                self.found(at, row, || format!("{used} of {total} GB are used"));
            }
        }
        if let (Some(nearline), Some(arch)) = (entry.number(a.se_nearline), entry.first(a.se_arch))
            && (nearline > 0.0) != (arch == b"tape")
            // Several kinds of disk and tape in one element have no word of their own.
            && !(nearline > 0.0 && matches!(arch, b"multidisk" | b"other"))
        {
            self.found(at, r.nearline, || format!("GlueSEArchitecture={}, {nearline} GB nearline", shown(arch)));
        }
    }

    fn g1_sa(&mut self, at: &At<'_>) {
        let (a, r) = (&self.tables.a, &self.tables.r);
        let entry = &at.entry;
        let se = owner(at, a.chunk_key, "GlueSEUniqueID");
        self.references.publish(key("has-sa", se, b""));
        self.once(at, a.sa_id, se, r.sa_twice);
        let sa = key("sa", se, entry.first(a.sa_id).unwrap_or_default());
        for rule in entry.all(a.sa_rule) {
            self.references.publish(key("sa-rule", sa, rule));
            // A bare name is a VO's old form.
            if let Some(vo) = rule.strip_prefix(b"VO:") {
                self.references.publish(key("sa-rule", sa, vo));
            }
        }
        if let Some(path) = entry.first(a.sa_path) {
            self.references.forbid(key("vo-path", sa, b""), at.node, r.sa_path, format!("GlueSAPath={}", shown(path)));
        }
        if let (Some(reserved), Some(total)) = (entry.number(a.sa_reserved), entry.number(a.sa_total))
            && reserved > 0.0
            && total > reserved
        {
            self.found(at, r.sa_total, || format!("total {total} GB, reserved {reserved} GB"));
        }
        if entry.has(a.sa_capability) {
            for kind in ["InstalledOnlineCapacity=", "InstalledNearlineCapacity="] {
                if !entry.any(a.sa_capability, |value| value.starts_with(kind.as_bytes())) {
                    self.found(at, r.sa_installed, || format!("no {kind}"));
                }
            }
        }
    }

    fn g1_vo_info(&mut self, at: &At<'_>) {
        let (a, r) = (&self.tables.a, &self.tables.r);
        let entry = &at.entry;
        let se = owner(at, a.chunk_key, "GlueSEUniqueID");
        self.references.publish(key("has-vo", se, b""));
        let named = entry.all(a.chunk_key).filter(|value| value.starts_with(b"GlueSALocalID=")).count();
        if named != 1 {
            self.found(at, r.vo_key, || format!("GlueChunkKey names {named} storage areas"));
        }
        let area = entry.all(a.chunk_key).find_map(|value| value.strip_prefix(b"GlueSALocalID="));
        let above = nodes::rdn_value(nodes::split(nodes::split(entry.dn).1).0, "GlueSALocalID");
        let area = area.or(above.as_ref().map(|name| name.as_bytes())).unwrap_or_default();
        let sa = key("sa", se, area);
        if entry.has(a.vo_path) {
            self.references.publish(key("vo-path", sa, b""));
        }
        self.once(at, a.vo_id, sa, r.vo_twice);
        for rule in entry.all(a.vo_rule) {
            let detail = || format!("GlueVOInfoAccessControlBaseRule={}", shown(rule));
            self.references.refer(key("sa-rule", sa, rule), at.node, r.vo_rule, detail);
        }
    }

    fn g1_control(&mut self, at: &At<'_>) {
        let (a, r) = (&self.tables.a, &self.tables.r);
        let entry = &at.entry;
        let se = owner(at, a.chunk_key, "GlueSEUniqueID");
        self.once(at, a.control_id, se, r.control_twice);
        if entry.any(a.control_type, |kind| kind.eq_ignore_ascii_case(b"srm")) {
            for endpoint in entry.all(a.control_endpoint) {
                let detail = || format!("GlueSEControlProtocolEndpoint={}", shown(endpoint));
                self.references.refer(key("srm", 0, endpoint), at.node, r.control_service, detail);
            }
        }
    }

    /// Which CE writes to which SE.
    fn bound(&mut self, at: &At<'_>, ce: Attr, se: Attr, no_ce: RowId, no_se: RowId) {
        let entry = &at.entry;
        let group = nodes::rdn_value(nodes::split(nodes::split(entry.dn).1).0, "GlueCESEBindGroupCEUniqueID");
        let ce_value = entry.first(ce).or(group.as_ref().map(|name| name.as_bytes()));
        if let Some(id) = ce_value {
            let detail = || self.tables.attributes.name(ce).to_owned() + "=" + &shown(id);
            self.references.refer(key("ce", 0, id), at.node, no_ce, detail);
        }
        let near = ce_value.and_then(forms::ce_id).map(domain);
        for id in entry.all(se) {
            // A CE may be bound to the SE of another site. A view of one site does not show that one; then only SEs in the CE's
            // own domain are asked for.
            if self.brief.whole || near.is_none_or(|near| near.eq_ignore_ascii_case(domain(id))) {
                let detail = || self.tables.attributes.name(se).to_owned() + "=" + &shown(id);
                self.references.refer(key("se", 0, id), at.node, no_se, detail);
            }
        }
    }
}
