//! A virtual file system for the tests: passes everything on to the real one, writes down in which order files are
//! written, synced, cut and removed, and fails on demand. `power_tests.rs` builds from that order what a disk may hold
//! after the power went, `failure_tests.rs` sees what the store makes of errors.
#![expect(unsafe_code, reason = "SQLite's file system interface is one of C function pointers; in tests only")]

use rusqlite::ffi;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

/// What was done to which file, in order.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Came into being, empty.
    Create(String),
    /// Bytes at an offset.
    Write(String, u64, Vec<u8>),
    /// Cut or extended to a size.
    Truncate(String, u64),
    /// All before is on the disk.
    Sync(String),
    /// Removed.
    Delete(String),
    /// The test's own remark: a number.
    Note(u64),
}

/// On which operations a failure strikes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum On {
    Write,
    Sync,
}

/// One failure to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) on: On,
    /// Files whose names end so.
    pub(super) file: &'static str,
    /// So many of these operations still succeed.
    pub(super) after: u32,
    /// What SQLite is told.
    pub(super) code: c_int,
    /// Whether the operation is carried out all the same: an answer lost, not the work.
    pub(super) done: bool,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) ops: Vec<Op>,
    pub(super) fault: Option<Fault>,
    /// Whether the last fault struck.
    pub(super) struck: bool,
}

/// A registered file system.
pub(super) struct Tracer {
    pub(super) name: &'static str,
    inner: &'static Mutex<Inner>,
}

impl Tracer {
    /// Registers a new one under a name of its own. It stays for the life of the test process: SQLite keeps pointers to it.
    pub(super) fn register() -> Tracer {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tracing-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let z_name = CString::new(name.clone()).unwrap().into_raw();
        let inner: &'static Mutex<Inner> = Box::leak(Box::default());
        // SAFETY: the default file system exists and is never unregistered; the copy and what it points to are leaked.
        unsafe {
            let real = ffi::sqlite3_vfs_find(ptr::null());
            let shared = Box::into_raw(Box::new(Shared { real, inner }));
            let vfs = Box::into_raw(Box::new(ffi::sqlite3_vfs {
                szOsFile: (*real).szOsFile + size_of::<File>() as c_int,
                pNext: ptr::null_mut(),
                zName: z_name,
                pAppData: shared.cast(),
                xOpen: Some(open),
                xDelete: Some(delete),
                ..*real
            }));
            assert_eq!(ffi::sqlite3_vfs_register(vfs, 0), ffi::SQLITE_OK);
        }
        Tracer { name: Box::leak(name.into_boxed_str()), inner }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(super) fn note(&self, number: u64) {
        self.inner().ops.push(Op::Note(number));
    }
}

struct Shared {
    real: *mut ffi::sqlite3_vfs,
    inner: &'static Mutex<Inner>,
}

/// What SQLite holds as an open file; the real one follows it in memory.
#[repr(C, align(8))]
struct File {
    base: ffi::sqlite3_file,
    inner: Option<&'static Mutex<Inner>>,
    /// Boxed; null for files without a name.
    name: *mut String,
}

unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: szOsFile asked for room for both.
    unsafe { file.cast::<File>().add(1).cast() }
}

unsafe fn methods(file: *mut ffi::sqlite3_file) -> &'static ffi::sqlite3_io_methods {
    // SAFETY: set by the real xOpen, and a static table there.
    unsafe { &*(*real(file)).pMethods }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    z_name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives szOsFile bytes at `file` and our own vfs; names are null or end with a zero.
    unsafe {
        let shared = &*(*vfs).pAppData.cast::<Shared>();
        let name = (!z_name.is_null()).then(|| CStr::from_ptr(z_name).to_string_lossy().into_owned());
        let is_new = name.as_ref().is_some_and(|n| !std::path::Path::new(n).exists());
        let code = (*shared.real).xOpen.unwrap()(shared.real, z_name, real(file), flags, out);
        let ours = file.cast::<File>();
        let opened = !(*real(file)).pMethods.is_null();
        (*ours).base.pMethods = if opened { &raw const METHODS } else { ptr::null() };
        if opened {
            if let Some(name) = name.as_ref().filter(|_| is_new) {
                shared.inner.lock().unwrap().ops.push(Op::Create(name.clone()));
            }
            ptr::write(&raw mut (*ours).inner, Some(shared.inner));
            (*ours).name = name.map_or(ptr::null_mut(), |n| Box::into_raw(Box::new(n)));
        }
        code
    }
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, z_name: *const c_char, sync_dir: c_int) -> c_int {
    // SAFETY: as in `open`.
    unsafe {
        let shared = &*(*vfs).pAppData.cast::<Shared>();
        let code = (*shared.real).xDelete.unwrap()(shared.real, z_name, sync_dir);
        if code == ffi::SQLITE_OK {
            let name = CStr::from_ptr(z_name).to_string_lossy().into_owned();
            shared.inner.lock().unwrap().ops.push(Op::Delete(name));
        }
        code
    }
}

/// Does the work unless a fault strikes, and writes it down when it was done.
unsafe fn traced(
    file: *mut ffi::sqlite3_file,
    on: Option<On>,
    op: impl FnOnce(String) -> Op,
    work: impl FnOnce() -> c_int,
) -> c_int {
    // SAFETY: `open` set both fields.
    let (inner, name) = unsafe { ((*file.cast::<File>()).inner, (*file.cast::<File>()).name.as_ref()) };
    let (Some(inner), Some(name)) = (inner, name) else { return work() };
    let mut inner = inner.lock().unwrap();
    let mut strikes = None;
    if let Some(fault) = &mut inner.fault
        && Some(fault.on) == on
        && name.ends_with(fault.file)
    {
        match fault.after.checked_sub(1) {
            Some(left) => fault.after = left,
            None => strikes = Some(*fault),
        }
    }
    if let Some(fault) = strikes {
        (inner.fault, inner.struck) = (None, true);
        if !fault.done {
            return fault.code;
        }
    }
    let code = work();
    if code == ffi::SQLITE_OK {
        inner.ops.push(op(name.clone()));
    }
    strikes.map_or(code, |f| f.code)
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the name was boxed by `open` and is not used after this.
    unsafe {
        let name = (*file.cast::<File>()).name;
        if !name.is_null() {
            drop(Box::from_raw(name));
        }
        methods(file).xClose.unwrap()(real(file))
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, data: *const c_void, n: c_int, at: i64) -> c_int {
    // SAFETY: SQLite gives `n` bytes at `data`.
    unsafe {
        let bytes = std::slice::from_raw_parts(data.cast::<u8>(), n.cast_unsigned() as usize).to_vec();
        let op = |name| Op::Write(name, at.cast_unsigned(), bytes);
        traced(file, Some(On::Write), op, || methods(file).xWrite.unwrap()(real(file), data, n, at))
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: passed on.
    unsafe {
        let op = |name| Op::Truncate(name, size.cast_unsigned());
        traced(file, None, op, || methods(file).xTruncate.unwrap()(real(file), size))
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: passed on.
    unsafe { traced(file, Some(On::Sync), Op::Sync, || methods(file).xSync.unwrap()(real(file), flags)) }
}

/// Functions that only pass on.
macro_rules! pass {
    ($($name:ident = $field:ident($($arg:ident: $type:ty),*) $(-> $answer:ty)?;)*) => {
        $(unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file, $($arg: $type),*) $(-> $answer)? {
            // SAFETY: passed on.
            unsafe { methods(file).$field.unwrap()(real(file), $($arg),*) }
        })*
    };
}

pass! {
    read = xRead(data: *mut c_void, n: c_int, at: i64) -> c_int;
    file_size = xFileSize(size: *mut i64) -> c_int;
    lock = xLock(level: c_int) -> c_int;
    unlock = xUnlock(level: c_int) -> c_int;
    check_reserved = xCheckReservedLock(out: *mut c_int) -> c_int;
    file_control = xFileControl(op: c_int, arg: *mut c_void) -> c_int;
    sector_size = xSectorSize() -> c_int;
    characteristics = xDeviceCharacteristics() -> c_int;
    shm_map = xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int;
    shm_lock = xShmLock(offset: c_int, n: c_int, flags: c_int) -> c_int;
    shm_barrier = xShmBarrier();
    shm_unmap = xShmUnmap(remove: c_int) -> c_int;
}

/// Version 2: with shared memory for WAL, without mapped reads and writes, which would pass by unseen.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
