//! Names the shared library by its binary interface.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        // QKDPP_ABI_VERSION, which a test compares.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libqkdpp.so.1");
    }
}
