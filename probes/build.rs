//! The binary is linked by GNU ld: Rust's own linker has what both Rust and C call looked up twice at each start, and a plugin is
//! started thousands of times a minute (docs/benchmarks.md, "A plain run").

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bin=gridprobe=-fuse-ld=bfd");
}
