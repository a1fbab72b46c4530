//! The checks. Their names are those under which the field knows such results: SAM's worker-node metrics, SRCE's CADist-Check and
//! EGI CSIRT's WN-Crl.

pub mod anchors;
pub mod clock;
pub mod environment;
pub mod network;
pub mod scratch;
pub mod software;

use crate::options::Options;
use plugin::Report;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    /// Under which its result is handed in.
    pub name: &'static str,
    /// What its output begins with.
    pub word: &'static str,
    /// `None` when it is not configured.
    pub run: fn(&Options) -> Option<Report>,
}

/// All of them.
pub(crate) const CHECKS: [Check; 7] = [
    Check { name: "org.sam.WN-Env", word: "ENV", run: environment::run },
    Check { name: "org.sam.WN-SoftVer", word: "SOFTVER", run: software::run },
    Check { name: "hr.srce.CADist-Check", word: "CADIST", run: anchors::distribution },
    Check { name: "eu.egi.sec.WN-CRL", word: "CRL", run: anchors::lists },
    Check { name: "org.sam.WN-Scratch", word: "SCRATCH", run: scratch::run },
    Check { name: "org.sam.WN-Clock", word: "CLOCK", run: clock::run },
    Check { name: "org.sam.WN-Net", word: "NET", run: network::run },
];
