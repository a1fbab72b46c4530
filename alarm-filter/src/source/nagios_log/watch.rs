//! Waiting until a log may have more: inotify where it works, and a look each second wherever it does not (network file
//! systems report nothing, and say nothing about it).

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Watches one file and its folder.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: Option<Inotify>,
    folder: Option<PathBuf>,
    /// The file last watched: path, inode, descriptor.
    file: Option<(PathBuf, u64, WatchDescriptor)>,
}

impl Watch {
    /// For the file `log`. Without inotify (switched off, or no more of them to be had) it only sleeps.
    pub(super) fn new(log: &Path, wanted: bool) -> Self {
        let inotify = if wanted { Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok() } else { None };
        let mut watch = Watch { inotify, folder: log.parent().map(Path::to_path_buf), file: None };
        watch.watch_folder();
        watch
    }

    /// The folder tells of rotation. Not IN_MODIFY: a monitor rewrites status.dat in the same folder all the time.
    fn watch_folder(&mut self) {
        let flags = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_DELETE;
        if let (Some(inotify), Some(folder)) = (&self.inotify, &self.folder)
            && inotify.add_watch(folder, flags).is_err()
        {
            self.inotify = None;
        }
    }

    /// Watches the file at `path`, which has this inode, instead of the one watched before. A failure is no matter: the
    /// next look finds what happened.
    pub(super) fn follow(&mut self, path: &Path, inode: u64) {
        let Some(inotify) = &self.inotify else { return };
        if let Some((_, watched, descriptor)) = &self.file {
            if *watched == inode {
                return;
            }
            let _ = inotify.rm_watch(*descriptor);
            self.file = None;
        }
        let flags = AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_DELETE_SELF;
        if let Ok(descriptor) = inotify.add_watch(path, flags) {
            self.file = Some((path.to_path_buf(), inode, descriptor));
        }
    }

    /// Whether inotify is in use.
    pub(super) fn is_notified(&self) -> bool {
        self.inotify.is_some()
    }

    /// Sleeps until something happens or `most` has passed.
    pub(super) fn sleep(&mut self, most: Duration) {
        let Some(inotify) = &self.inotify else {
            std::thread::sleep(most);
            return;
        };
        let timeout = PollTimeout::try_from(most).unwrap_or(PollTimeout::MAX);
        let ready = poll(&mut [PollFd::new(inotify.as_fd(), PollFlags::POLLIN)], timeout);
        match ready {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => {
                // What exactly happened is seen by looking; the queue only has to be emptied.
                loop {
                    match inotify.read_events() {
                        Ok(events) if !events.is_empty() => {}
                        Err(Errno::EINTR) => {}
                        _ => break,
                    }
                }
            }
            Err(_) => {
                self.inotify = None;
                std::thread::sleep(most);
            }
        }
    }
}
