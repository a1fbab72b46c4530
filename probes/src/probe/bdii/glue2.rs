//! GLUE 2.0: what needs the clock, several values, or the name of the entry.
use super::judge::{At, Judge, shown};
use super::nodes;
use super::tables::{Attr, RowId, Tables};
use super::value;

const DAY: i64 = 86_400;
/// Clocks of hosts differ by this much, in seconds, and nobody is to blame (glue-validator's figure).
const SKEW: i64 = 120;
/// ARC publishes a validity of 60 s and renews every 10 minutes.
const ARC_VALIDITY: (i64, i64) = (60, 600);

/// Total jobs and jobs by state, of each class that has them.
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    service: [Attr; 6],
    endpoint: [Attr; 6],
    share: [Attr; 6],
}

impl Jobs {
    /// Finds them by their names. All are in the schema.
    pub(super) fn find(tables: &Tables) -> Jobs {
        let of = |class: &str, total: Attr| {
            ["Total", "Running", "Waiting", "Staging", "Suspended", "PreLRMSWaiting"]
                .map(|state| tables.attributes.find(format!("{class}{state}Jobs").as_bytes()).unwrap_or(total))
        };
        let a = &tables.a;
        Jobs {
            service: of("GLUE2ComputingService", a.cs_total),
            endpoint: of("GLUE2ComputingEndpoint", a.ce_total),
            share: of("GLUE2ComputingShare", a.sh_total),
        }
    }
}

impl Judge<'_> {
    /// Judges an entry of GLUE 2.0.
    pub(super) fn glue2(&mut self, at: &At<'_>) {
        self.times(at);
        self.other_info(at);
        self.note_hierarchy(at);
        let (a, c, r) = (&self.tables.a, &self.tables.c, &self.tables.r);
        let entry = &at.entry;
        if entry.is(c.location) {
            self.domain(at, a.location_domain, r.location_domain);
        } else if entry.is(c.contact) {
            self.domain(at, a.contact_domain, r.contact_domain);
        } else if entry.is(c.service) {
            self.counts.entry(at.site).or_default().services += 1;
            self.remember_service(at, a.service_id);
            // Services of a kind that stands in a domain of its own (the sources' exception).
            if entry.first(a.service_type) != Some(b"SRM") {
                self.domain(at, a.service_domain, r.service_domain);
            }
            if entry.is(c.computing_service) {
                self.jobs(at, self.jobs.service, r.cs_jobs);
            }
        } else if entry.is(c.endpoint) {
            self.published.glue2_endpoint(at, self.tables, self.brief.remember);
            if entry.is(c.computing_endpoint) {
                self.jobs(at, self.jobs.endpoint, r.ce_jobs);
            }
            self.downtimes(at);
        } else if entry.is(c.computing_share) {
            self.jobs(at, self.jobs.share, r.sh_jobs);
        } else if entry.is(c.service_capacity) {
            let parts = [a.cap_free, a.cap_used, a.cap_reserved];
            self.capacity(at, a.cap_total, parts, r.capacity, false);
        } else if entry.is(c.share_capacity) {
            let parts = [a.shcap_free, a.shcap_used, a.shcap_reserved];
            self.capacity(at, a.shcap_total, parts, r.share_capacity, true);
        } else if entry.is(c.application)
            && let Some(removal) = entry.time(a.removal)
            && removal < self.brief.now
        {
            self.found(at, r.removed, || self_line(entry.first(a.removal)));
        }
    }

    fn times(&mut self, at: &At<'_>) {
        let (a, r, now) = (&self.tables.a, &self.tables.r, self.brief.now);
        let entry = &at.entry;
        let Some(creation) = entry.time(a.creation) else {
            if entry.has(a.validity) && !entry.has(a.creation) {
                self.found(at, r.validity_alone, || "GLUE2EntityValidity without GLUE2EntityCreationTime".to_owned());
            }
            return;
        };
        let newest = &mut self.counts.entry(at.site).or_default().newest;
        *newest = (*newest).max(Some(creation));
        if creation > now + SKEW {
            self.found(at, r.created_ahead, || format!("GLUE2EntityCreationTime is {} ahead", span(creation - now)));
        } else if creation < now - 730 * DAY {
            self.found(at, r.created_long_ago, || format!("GLUE2EntityCreationTime is {} ago", span(now - creation)));
        }
        if let Some(validity) = entry.first(a.validity).and_then(value::integer) {
            let validity = i64::try_from(validity).unwrap_or(i64::MAX);
            let validity = if validity == ARC_VALIDITY.0 { ARC_VALIDITY.1 } else { validity };
            let end = creation.saturating_add(validity);
            if end < now {
                self.found(at, r.obsolete, || {
                    format!("created {} ago, valid for {}", span(now - creation), span(validity))
                });
            }
        }
    }

    /// E026: a foreign key to the domain, against the domain in the entry's name.
    fn domain(&mut self, at: &At<'_>, attr: Attr, row: RowId) {
        let mut dn = at.entry.dn;
        let above = loop {
            let (rdn, above) = nodes::split(dn);
            if let Some(name) = nodes::rdn_value(rdn, "GLUE2DomainID") {
                break name;
            }
            if above.is_empty() {
                return;
            }
            dn = above;
        };
        // A key may name more than one domain; one of them is the one above.
        let values = at.entry.all(attr);
        if values.clone().count() > 0 && !values.clone().any(|value| value.eq_ignore_ascii_case(above.as_bytes())) {
            let value = values.clone().next().unwrap_or_default();
            self.found(at, row, || format!("{} stands below GLUE2DomainID={above}", self_pair(row, value)));
        }
    }

    fn downtimes(&mut self, at: &At<'_>) {
        let (a, r, now) = (&self.tables.a, &self.tables.r, self.brief.now);
        let entry = &at.entry;
        if let Some(start) = entry.time(a.start_time) {
            if start > now + SKEW {
                self.found(at, r.started_ahead, || format!("starts {} ahead", span(start - now)));
            } else if start < now - 730 * DAY {
                self.found(at, r.started_long_ago, || format!("started {} ago", span(now - start)));
            }
        }
        if let Some(announced) = entry.time(a.announce) {
            if announced > now + SKEW {
                self.found(at, r.announced_ahead, || format!("announced {} ahead", span(announced - now)));
            } else if announced < now - 365 * DAY {
                self.found(at, r.announced_long_ago, || format!("announced {} ago", span(now - announced)));
            }
            if !entry.has(a.down_start) {
                self.found(at, r.announced_without_start, || self_line(entry.first(a.announce)));
            }
        }
        let (start, end) = (entry.time(a.down_start), entry.time(a.down_end));
        if let Some(start) = start {
            if end.is_some_and(|end| end < start) {
                self.found(at, r.down_backwards, || self_line(entry.first(a.down_start)));
            }
            if start > now + 365 * DAY {
                self.found(at, r.down_far, || format!("starts {} ahead", span(start - now)));
            } else if start < now - 365 * DAY {
                self.found(at, r.down_old, || format!("started {} ago", span(now - start)));
            }
        }
        if let Some(end) = end {
            if !entry.has(a.down_start) {
                self.found(at, r.down_no_start, || self_line(entry.first(a.down_end)));
            }
            if end > now + 365 * DAY {
                self.found(at, r.down_end_far, || format!("ends {} ahead", span(end - now)));
            } else if end < now - 7 * DAY {
                self.found(at, r.down_end_old, || format!("ended {} ago", span(now - end)));
            }
        }
    }

    /// The jobs by state against their total, give or take a tenth.
    fn jobs(&mut self, at: &At<'_>, [total, states @ ..]: [Attr; 6], row: RowId) {
        let Some(total_jobs) = at.entry.number(total) else { return };
        let known: Vec<f64> = states.into_iter().filter_map(|state| at.entry.number(state)).collect();
        let sum: f64 = known.iter().sum();
        if !known.is_empty() && (sum < total_jobs * 0.9 || sum > total_jobs * 1.1) {
            let name = self.tables.attributes.name(total);
            self.found(at, row, || format!("{name}={total_jobs}, and the states sum up to {sum}"));
        }
    }

    /// Free, used and reserved space against the total, give or take 0.5 % and 1 GB.
    fn capacity(
        &mut self,
        at: &At<'_>,
        total: Attr,
        [free, used, reserved]: [Attr; 3],
        row: RowId,
        whole_reserved: bool,
    ) {
        let entry = &at.entry;
        let (Some(size), Some(free), Some(used)) = (entry.number(total), entry.number(free), entry.number(used)) else {
            return;
        };
        let reserved = entry.number(reserved).unwrap_or(0.0);
        // A share that is reserved as a whole says so in ReservedSize.
        let counted = if whole_reserved && reserved == size { 0.0 } else { reserved };
        let slack = size * 0.005 + 1.0;
        if (free + used + counted - size).abs() > slack {
            self.found(at, row, || format!("total {size}, free {free}, used {used}, reserved {reserved} GB"));
        }
    }

    fn other_info(&mut self, at: &At<'_>) {
        let (a, r) = (&self.tables.a, &self.tables.r);
        if !at.entry.has(a.other_info) {
            return;
        }
        let tables = self.tables;
        let beside = |list: &str, value: &[u8]| tables.lists.get(list).is_some_and(|list| !list.has(value));
        let (mut sum, mut vos): (f64, Vec<&[u8]>) = (0.0, Vec::new());
        for pair in at.entry.all(a.other_info) {
            let Some(eq) = pair.iter().position(|byte| *byte == b'=') else { continue };
            let (name, value) = (&pair[..eq], &pair[eq + 1..]);
            let row = match name {
                b"ProfileName" if value != b"EGI" => Some(r.profile),
                b"ProfileVersion" if value.is_empty() => Some(r.profile_version),
                b"GRID" if beside("Grid_t", value) => Some(r.grid),
                b"CONFIG" if beside("Config_t", value) => Some(r.config),
                b"EGI_NGI" if beside("EGIngi_t", value) => Some(r.ngi),
                b"BLOG" if value::url(value).is_none() => Some(r.blog),
                b"ICON" if value::url(value).is_none() => Some(r.icon),
                b"WLCG_TIER" if beside("Tier_t", value) => Some(r.tier),
                b"WLCG_NAMEICON" if value::url(value).is_none() => Some(r.name_icon),
                b"MiddlewareName" if beside("Middleware_t", value) => Some(r.middleware),
                b"MiddlewareVersion" if value.is_empty() => Some(r.middleware_version),
                b"HostDN" if !value::dn(value) => Some(r.host_dn),
                b"Share" => match value.iter().rposition(|byte| *byte == b':') {
                    None => Some(r.share_format),
                    Some(colon) => {
                        let (vo, percent) = (&value[..colon], value::number(&value[colon + 1..]));
                        if vos.contains(&vo) {
                            self.found(at, r.share_twice, || shown(pair));
                        }
                        vos.push(vo);
                        sum += percent.unwrap_or(0.0);
                        if beside("VO_t", vo) {
                            self.found(at, r.share_vo, || shown(pair));
                        }
                        percent.is_none_or(|percent| !(0.0..=100.0).contains(&percent)).then_some(r.share_percentage)
                    }
                },
                _ => match name.strip_prefix(b"CPUScalingReference") {
                    Some(benchmark) if beside("Benchmarkabbr_t", benchmark) => Some(r.benchmark),
                    _ => None,
                },
            };
            if let Some(row) = row {
                self.found(at, row, || shown(pair));
            }
        }
        if sum > 100.0 {
            self.found(at, r.share_sum, || format!("the shares sum up to {sum} %"));
        }
    }

    /// Remembers a service for the next run.
    pub(super) fn remember_service(&mut self, at: &At<'_>, id: Attr) {
        if self.brief.services
            && let Some(value) = at.entry.first(id)
        {
            self.services.push((at.site, self.pair(id, value)));
        }
    }
}

fn self_line(value: Option<&[u8]>) -> String {
    value.map(shown).unwrap_or_default()
}

fn self_pair(_row: RowId, value: &[u8]) -> String {
    format!("{:?}", shown(value))
}

/// A span of time for people: seconds in the two largest units.
pub fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / DAY, seconds % DAY / 3600, seconds % 3600 / 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, ..) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}
