//! Who may read what: names the file or folder that is in the way, its owner, group and mode, and the command that helps.

use nix::fcntl::OFlag;
use nix::unistd::{Gid, Group, Uid, User, getegid, geteuid, getgroups};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The user that this process runs as.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Me {
    /// Name, or `uid 12` when it has none.
    pub name: String,
    /// It is root.
    pub root: bool,
    pub(crate) groups: Vec<u32>,
}

impl Me {
    /// As the system says.
    pub fn now() -> Self {
        let mut groups: Vec<u32> = getgroups().unwrap_or_default().into_iter().map(Gid::as_raw).collect();
        groups.push(getegid().as_raw());
        Me { name: account(geteuid()), root: geteuid().is_root(), groups }
    }
}

fn account(uid: Uid) -> String {
    User::from_uid(uid).ok().flatten().map_or_else(|| format!("uid {uid}"), |user| user.name)
}

fn group_name(gid: u32) -> String {
    let group = Group::from_gid(Gid::from_raw(gid)).ok().flatten();
    group.map_or_else(|| format!("gid {gid}"), |g| g.name)
}

/// In words: why a file was refused, and which command helps; `None` when the error is another one.
pub(crate) fn denied(path: &Path, error: &io::Error) -> Option<String> {
    if error.kind() != ErrorKind::PermissionDenied {
        return None;
    }
    let me = Me::now();
    // The first place from the root on that is in the way: a folder without x, or the file itself.
    let mut places: Vec<&Path> = path.ancestors().filter(|p| !p.as_os_str().is_empty()).collect();
    places.reverse();
    for place in places {
        let Ok(meta) = std::fs::metadata(place) else { break };
        let is_file = place == path;
        let need = if is_file { 0o4 } else { 0o1 };
        if may(&me, &meta, need) {
            continue;
        }
        let group = group_name(meta.gid());
        let mode = meta.mode() & 0o7777;
        let kind = if is_file { "" } else { "its folder " };
        let what = if meta.gid() == 0 {
            // Nobody should be put into root's group for this.
            let letters = if is_file { "r" } else { "rx" };
            format!("chgrp adm {0} and chmod g+{letters} {0}, then usermod -a -G adm {1}", place.display(), me.name)
        } else if meta.mode() & (need << 3) == 0 {
            let letters = if is_file { "r" } else { "rx" };
            format!("chmod g+{letters} {}, then usermod -a -G {group} {}", place.display(), me.name)
        } else if me.groups.contains(&meta.gid()) {
            format!("see its access control list: getfacl {}", place.display())
        } else {
            format!("usermod -a -G {group} {} and start anew", me.name)
        };
        return Some(format!(
            "{} may not read it: {kind}{} belongs to {}:{group} with mode {mode:04o}; {what}",
            me.name,
            place.display(),
            account(Uid::from_raw(meta.uid()))
        ));
    }
    Some(format!("{} may not read it; look at the modes of the folders above it: namei -l {}", me.name, path.display()))
}

fn may(me: &Me, meta: &std::fs::Metadata, need: u32) -> bool {
    let shift = if account(Uid::from_raw(meta.uid())) == me.name {
        6
    } else if me.groups.contains(&meta.gid()) {
        3
    } else {
        0
    };
    me.root || meta.mode() & (need << shift) != 0
}

/// Opens a file that is there to be read again and again: no folder, and no pipe either, on which opening would hang.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Not waiting for whoever may write into a pipe; regular files do not know the difference.
    let flags = (OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is a pipe, a socket or a device, not a file"));
    }
    Ok(file)
}

/// What stands in the way of reading a file (or a folder's list); `None`: nothing.
pub(crate) fn obstacle(path: &Path, folder: bool) -> Option<String> {
    let opened = if folder { std::fs::read_dir(path).map(|_| ()) } else { open(path).map(|_| ()) };
    opened.err().map(|error| because(path, &error, folder))
}

/// Why a file (or a folder's list) cannot be read, and what to do about it.
pub(crate) fn because(path: &Path, error: &io::Error, folder: bool) -> String {
    match (denied(path, error), error.kind()) {
        (Some(why), _) => why,
        (_, ErrorKind::NotFound) => "there is none; correct the path".to_owned(),
        (_, ErrorKind::IsADirectory) => "it is a folder, not a file; name the file".to_owned(),
        (_, ErrorKind::NotADirectory) if folder => "it is a file, not a folder; name the folder".to_owned(),
        (_, ErrorKind::InvalidInput) => format!("{error}; name the file"),
        (_, ErrorKind::NotADirectory) => "one of its folders is a file; correct the path".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}
