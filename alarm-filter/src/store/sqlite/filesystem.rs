//! On what kind of file system a folder lies: a journal belongs on a local disk.

use std::path::Path;

/// File systems of other machines, by statfs(2)'s magic number. Their locks can be forgotten and their syncs delayed.
const REMOTE: &[(i64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS (OpenAFS)"),
    (0x6b41_4653, "AFS (kAFS)"),
    (0x7375_7245, "Coda"),
    (0x564c, "NCP"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0xaad7_aaea, "PanFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x786f_4256, "VirtualBox shared folder"),
    (0xbacb_acbc, "VMware shared folder"),
];

/// GlusterFS, sshfs, s3fs, virtiofs and local file systems alike: nothing tells them apart but the mount's name.
const FUSE: i64 = 0x6573_5546;

/// What the magic number says.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// As good as local.
    Local,
    /// Of another machine: never.
    Remote(&'static str),
    /// FUSE: only when the administrator allows it.
    Fuse,
}

fn kind_of(magic: i64) -> Kind {
    match REMOTE.iter().find(|(m, _)| *m == magic) {
        Some((_, name)) => Kind::Remote(name),
        None if magic == FUSE => Kind::Fuse,
        None => Kind::Local,
    }
}

/// The name of the file system under `folder` if a journal must not lie there.
pub(super) fn unfit(folder: &Path, allow_fuse: bool) -> std::io::Result<Option<String>> {
    let magic = nix::sys::statfs::statfs(folder)?.filesystem_type().0;
    // Its type depends on the architecture; with 32 signed bits 0xff534d42 comes back negative.
    let magic = (magic as i64) & 0xffff_ffff;
    Ok(match kind_of(magic) {
        Kind::Local => None,
        Kind::Remote(name) => Some(name.to_owned()),
        Kind::Fuse if allow_fuse => None,
        Kind::Fuse => {
            let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
            let name = mount_type(&mounts, &folder.canonicalize()?).unwrap_or("fuse");
            Some(format!("{name} (FUSE; if it is a local file system, allow it in the configuration)"))
        }
    })
}

/// The type of the mount that holds `path`, from the text of /proc/self/mountinfo: `fuse.sshfs`.
fn mount_type<'a>(mountinfo: &'a str, path: &Path) -> Option<&'a str> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?;
        path.starts_with(point).then_some((point.len(), after.split(' ').next()?))
    });
    mounts.max_by_key(|(len, _)| *len).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        assert_eq!(kind_of(0x6969), Kind::Remote("NFS"));
        assert_eq!(kind_of(0xff53_4d42), Kind::Remote("CIFS"));
        assert_eq!(kind_of(FUSE), Kind::Fuse);
        assert_eq!(kind_of(0xef53), Kind::Local, "ext4");
        assert_eq!(kind_of(0x0102_1994), Kind::Local, "tmpfs");
    }

    #[test]
    fn fuse_is_named_by_its_mount() {
        let text = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
                    90 22 0:50 / /mnt/far rw,nosuid - fuse.sshfs me@there:/ rw\n";
        assert_eq!(mount_type(text, Path::new("/mnt/far/gridward")), Some("fuse.sshfs"));
        assert_eq!(mount_type(text, Path::new("/mnt/farther")), Some("ext4"));
    }

    #[test]
    fn the_test_machine_is_local() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(unfit(dir.path(), true).unwrap(), None);
    }
}
