//! The `gridprobe` command, which is every probe by its name. Everything lives in the library.
//!
//! It begins at C's `main`: what Rust's own does before it (above all reading /proc/self/maps, to say later on that the stack has
//! overflowed) is a twelfth of what a plugin's start costs, and a plugin is started thousands of times a minute.
#![no_main]
#![expect(unsafe_code, reason = "a `main` for C's start-up; SIGPIPE ignored, as Rust's start does")]

use nix::sys::signal::{SigHandler, Signal, signal};

#[unsafe(no_mangle)]
extern "C" fn main() -> std::ffi::c_int {
    // SAFETY: there is one thread, and no handler is installed.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) };
    // Not returned: whoever has printed half a line has it written out here.
    std::process::exit(i32::from(probes::oneshot::main()))
}
