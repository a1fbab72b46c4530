//! The table of probes. Everything that goes by names comes from it: links, `gridprobe list`, man pages, completions.

use crate::probe;
use plugin::Plugin;
use std::sync::OnceLock;

/// A probe, and what the field calls what it measures.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Its name, options and code.
    pub plugin: Plugin,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// The metrics of SAM and ARGO that it stands for.
    pub metrics: &'static [&'static str],
}

/// All probes, by name.
pub const PROBES: &[Probe] = &[
    Probe {
        plugin: probe::apel::client::PLUGIN,
        summary: "database of an APEL client: whether what was parsed is joined and sent",
        metrics: &["org.apel.Client-DB"],
    },
    Probe {
        plugin: probe::apel::publication::PLUGIN,
        summary: "publication of a site's accounting, as the accounting server says it",
        metrics: &["org.apel.APEL-Pub"],
    },
    Probe {
        plugin: probe::apel::sync::PLUGIN,
        summary: "synchronisation of a site's accounting: records at the site and at the server",
        metrics: &["org.apel.APEL-Sync"],
    },
    Probe {
        plugin: probe::arc_accounting::PLUGIN,
        summary: "accounting of an ARC CE: whether its records are published",
        metrics: &["org.nordugrid.ARC-Accounting"],
    },
    Probe {
        plugin: probe::bdii::PLUGIN,
        summary: "an information system: reachable, fresh, and what it publishes",
        metrics: &[
            "org.bdii.Entries",
            "org.bdii.Freshness",
            "org.bdii.GLUE2-Validate",
            "org.gstat.SanityCheck",
            "org.nagios.BDII-Check",
            "org.nagios.GLUE2-Check",
        ],
    },
    Probe {
        plugin: probe::ca::PLUGIN,
        summary: "the installed distribution of trusted authorities",
        metrics: &["hr.srce.CADist-Check", "org.sam.WN-CAver"],
    },
    Probe {
        plugin: probe::ce::PLUGIN,
        summary: "a compute element: does a submitted job run from end to end",
        metrics: &[
            "org.nordugrid.ARC-CE-submit",
            "org.nordugrid.ARC-CE-monitor",
            "org.sam.ARC-JobSubmit",
            "org.sam.ARC-JobState",
            "org.sam.CONDOR-JobSubmit",
            "org.sam.CONDOR-JobState",
        ],
    },
    Probe {
        plugin: probe::cert::PLUGIN,
        summary: "the certificate of a TLS service or in a file, as the grid judges it",
        metrics: &[
            "hr.srce.CertLifetime",
            "hr.srce.ARCCE-CertLifetime",
            "hr.srce.CREAMCE-CertLifetime",
            "hr.srce.GRAM-CertLifetime",
            "hr.srce.MyProxy-CertLifetime",
            "hr.srce.QCG-Computing-CertLifetime",
            "hr.srce.SRM2-CertLifetime",
        ],
    },
    Probe {
        plugin: probe::crl::PLUGIN,
        summary: "revocation lists of the trusted authorities, as a relying service sees them",
        metrics: &["eu.egi.sec.CRL", "eu.egi.sec.WN-CRL"],
    },
    Probe {
        plugin: probe::htcondorce_apel::PLUGIN,
        summary: "accounting of an HTCondor-CE: whether its jobs become records",
        metrics: &["org.htcondor.CE-APEL"],
    },
    Probe {
        plugin: probe::proxy::PLUGIN,
        summary: "a proxy certificate and what VOMS vouches for in it",
        metrics: &["hr.srce.GridProxy-Valid"],
    },
    Probe {
        plugin: probe::ssm::PLUGIN,
        summary: "queues of accounting messages: what waits, what is stuck, what was rejected",
        metrics: &["org.apel.SSM-Queue"],
    },
];

/// The probe of this name.
pub fn find(name: &str) -> Option<&'static Probe> {
    PROBES.iter().find(|probe| probe.plugin.name == name)
}

/// What `--version` says of every probe: its own version, and that of the OpenSSL in it.
pub fn version() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| format!("{} ({})", env!("CARGO_PKG_VERSION"), openssl::version::version()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_command_line_is_sound() {
        assert!(PROBES.is_sorted_by_key(|probe| probe.plugin.name));
        for probe in PROBES {
            probe.plugin.full_command().debug_assert();
            // The first line of its help is its own, not that of options which it shares.
            let about = probe.plugin.full_command().get_about().map(ToString::to_string).unwrap_or_default();
            let told = |word: &str| word.len() > 6 && probe.summary.contains(&word.to_lowercase());
            assert!(about.split([' ', ',', ':']).any(told), "{}: {about}", probe.plugin.name);
        }
    }
}
