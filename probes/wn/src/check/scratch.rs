//! org.sam.WN-Scratch: whether a job has room for its files, and may write them.

use crate::options::Options;
use plugin::{Finding, Perfdata, Report, Unit};
use std::io::Write;
use std::path::{Path, PathBuf};

const MIB: u64 = 1024 * 1024;

pub(crate) fn run(options: &Options) -> Option<Report> {
    let mut report = Report::new("SCRATCH");
    let named = || std::env::var_os("TMPDIR").filter(|name| !name.is_empty()).map(PathBuf::from);
    let folder = options.scratch.clone().or_else(named).unwrap_or_else(|| PathBuf::from("."));
    let shown = std::fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone()).display().to_string();
    match nix::sys::statvfs::statvfs(&folder) {
        Ok(disk) => {
            let free = disk.blocks_available().saturating_mul(disk.fragment_size()) / MIB;
            report.headline(format!("{free} MiB are free in {shown}"));
            report
                .perfdata(Perfdata { min: Some(0.0), ..Perfdata::new("free", free as f64 * MIB as f64, Unit::Bytes) });
            // A file system without such a number says 0 of 0.
            if disk.files() > 0 {
                report.perfdata(Perfdata::count(
                    "inodes_free",
                    usize::try_from(disk.files_available()).unwrap_or(usize::MAX),
                ));
                if disk.files_available() == 0 {
                    report.add(Finding::critical(
                        "inodes",
                        "no file can be made there: the file system has no inode left",
                    ));
                }
            }
            let short = |limit: u64| format!("{free} MiB are free in {shown}, less than {limit} MiB");
            if free < options.scratch_critical {
                report.add(Finding::critical("space", short(options.scratch_critical)));
            } else if free < options.scratch_warning {
                report.add(Finding::warning("space", short(options.scratch_warning)));
            }
        }
        Err(error) => report.add(Finding::critical("folder", format!("{shown} cannot be looked at: {error}"))),
    }
    if let Err(error) = written(&folder) {
        report.add(Finding::critical("write", format!("no file can be written in {shown}: {error}")));
    }
    Some(report)
}

/// Writes a file there, reads it again, and takes it away.
fn written(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(format!(".gridprobe-wn.{}", std::process::id()));
    let content = [0x5a; 4096];
    let write = || {
        let mut to = std::fs::OpenOptions::new().write(true).create_new(true).open(&file)?;
        to.write_all(&content)?;
        to.sync_data()?;
        match std::fs::read(&file)? == content {
            true => Ok(()),
            false => Err(std::io::Error::other("what is read is not what was written")),
        }
    };
    let result = write();
    if !matches!(&result, Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists) {
        let _ = std::fs::remove_file(&file);
    }
    result
}
