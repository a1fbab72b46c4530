//! The `alarm-filter` command. Everything lives in the library, so that tests, benches and fuzzing reach it.

/// What one thread takes, another gives back: records are decided on one and written on another. And what a start takes for
/// a moment goes back to the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    alarm_filter::cli::main()
}
