//! [`install`]: library, headers, pkg-config and CMake files below a prefix.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{ABI, failed, source, target, text};
use crate::run::{Failed, program};

/// What a program that links the static library needs besides; `rustc --print native-static-libs` names them.
const STATIC_LIBS: [&str; 7] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Installs what cargo has built with `profile` (a folder of its target directory) below `prefix`.
pub(crate) fn install(prefix: &Path, profile: &str) -> Result<(), Failed> {
    let (lib, include) = (prefix.join("lib"), prefix.join("include"));
    for folder in [&lib.join("pkgconfig"), &lib.join("cmake/qkdpp"), &include] {
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    for header in ["qkdpp.h", "qkdpp.hpp"] {
        copy(&source("include").join(header), &include.join(header))?;
    }
    let archive = lib.join("libqkdpp.a");
    copy(&target(profile).join("libqkdpp_c.a"), &archive)?;
    shared(&lib, &archive)?;
    fill("pkgconfig/qkdpp.pc", &lib.join("pkgconfig/qkdpp.pc"), " ")?;
    for name in ["qkdppConfig.cmake", "qkdppConfigVersion.cmake"] {
        fill(&format!("cmake/{name}"), &lib.join("cmake/qkdpp").join(name), ";")?;
    }
    Ok(())
}

/// Links the shared library from the static one: rustc knows no versions of symbols, and the version script that it hands
/// the linker by itself allows no other beside it.
fn shared(lib: &Path, archive: &Path) -> Result<(), Failed> {
    let name = format!("libqkdpp.so.{VERSION}");
    let script = format!("-Wl,--version-script={}", text(&source("abi/qkdpp.map")));
    let soname = format!("-Wl,-soname,libqkdpp.so.{ABI}");
    let (out, archive) = (text(&lib.join(&name)), text(archive));
    let whole = ["-shared", "-o", &out, "-Wl,--whole-archive", &archive, "-Wl,--no-whole-archive"];
    let sound = [&script, &soname, "-Wl,--gc-sections", "-Wl,-z,relro,-z,now", "-Wl,--no-undefined"];
    program("cc", &[&whole[..], &sound, &STATIC_LIBS].concat())?;
    for link in [format!("libqkdpp.so.{ABI}"), "libqkdpp.so".to_owned()] {
        let link = lib.join(link);
        if link.is_symlink() {
            fs::remove_file(&link).map_err(failed(&link))?;
        }
        symlink(&name, &link).map_err(failed(&link))?;
    }
    Ok(())
}

/// Fills a template of the crate, which is called as the file with `.in` behind it.
fn fill(template: &str, to: &PathBuf, separator: &str) -> Result<(), Failed> {
    let path = source(&format!("{template}.in"));
    let filled = fs::read_to_string(&path).map_err(failed(&path))?;
    let filled = filled.replace("@VERSION@", VERSION).replace("@ABI@", ABI);
    fs::write(to, filled.replace("@STATIC_LIBS@", &STATIC_LIBS.join(separator))).map_err(failed(to))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    fs::copy(from, to).map(|_| ()).map_err(failed(from))
}
