//! The `gridprobe` command, which is every probe by its name. Everything lives in the library.

fn main() -> std::process::ExitCode {
    probes::oneshot::main()
}
