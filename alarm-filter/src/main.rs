//! The `alarm-filter` command. Everything lives in the library, so that tests, benches and fuzzing reach it.

fn main() -> std::process::ExitCode {
    alarm_filter::cli::main()
}
