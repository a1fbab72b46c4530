//! A plan as objects of Nagios' configuration. Templates and commands are those of contrib/nagios/gridprobe.cfg.

use super::plan::{Host, Plan, Service};
use std::collections::BTreeSet;
use std::fmt::Write;

/// All of it, in one file.
pub fn write(plan: &Plan, host_check: &str) -> String {
    let mut out = String::from(
        "# Written by gridprobe config from GOCDB and profiles; it is written anew, not changed. The commands and templates are in gridprobe.cfg.\n\n",
    );
    for site in plan.sites() {
        define(&mut out, "hostgroup", &[("hostgroup_name", site), ("alias", &format!("Site {site}"))]);
    }
    // A site may be called as a service type is.
    let sites = plan.sites();
    let types: BTreeSet<&str> = plan.hosts.values().flat_map(|host| host.types.iter().map(String::as_str)).collect();
    for kind in types.iter().filter(|kind| !sites.contains(*kind)) {
        define(&mut out, "hostgroup", &[("hostgroup_name", kind), ("alias", &format!("Services of type {kind}"))]);
    }
    for (name, host) in &plan.hosts {
        write_host(&mut out, name, host, host_check);
        for (description, service) in &host.services {
            write_service(&mut out, name, host, description, service);
        }
    }
    out
}

fn write_host(out: &mut String, name: &str, host: &Host, check: &str) {
    let mut groups: Vec<&str> = vec![&host.site];
    groups.extend(host.types.iter().map(String::as_str).filter(|kind| *kind != host.site));
    let groups = groups.join(",");
    let mut fields = vec![
        ("use", "gridprobe-host"),
        ("host_name", name),
        ("address", name),
        ("hostgroups", groups.as_str()),
        ("check_command", check),
        ("_site_name", host.site.as_str()),
    ];
    if !host.roc.is_empty() {
        fields.push(("_roc", &host.roc));
    }
    define(out, "host", &fields);
}

fn write_service(out: &mut String, name: &str, host: &Host, description: &str, service: &Service) {
    let stale = "gridprobe_stale".to_owned();
    let command = service.command.as_ref().unwrap_or(&stale);
    let mut fields = vec![
        ("use", if service.passive { "gridprobe-passive" } else { "gridprobe" }),
        ("host_name", name),
        ("service_description", description),
        ("check_command", command.as_str()),
        ("_site_name", host.site.as_str()),
        ("_service_flavour", service.kind.as_str()),
        ("_metric_name", service.metric.as_str()),
    ];
    let more = [("_service_uri", &service.url), ("_roc", &host.roc), ("_vo", &service.vo)];
    fields.extend(more.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (*key, value.as_str())));
    define(out, "service", &fields);
}

fn define(out: &mut String, kind: &str, fields: &[(&str, &str)]) {
    // Writing into a string does not fail.
    let _ = writeln!(out, "define {kind} {{");
    for (key, value) in fields {
        let _ = writeln!(out, "    {key:<21} {value}");
    }
    out.push_str("}\n\n");
}
