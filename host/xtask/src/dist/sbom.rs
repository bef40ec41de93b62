//! Software bills of materials in CycloneDX, made by cargo-cyclonedx: what is linked into the program and into the library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{commit_time, failed, output};
use crate::run::{Failed, root};
use crate::tools;

/// The crates whose bills are delivered, with the file's name.
const DELIVERED: [(&str, &str); 2] = [("qkdpp-node", "program.cdx.json"), ("qkdpp-c", "library.cdx.json")];
/// cargo-cyclonedx writes beside every Cargo.toml; under this name nothing else does.
const TEMPORARY: &str = "xtask-sbom.cdx";

/// Writes the bills below `stage`; returns them.
pub(super) fn write(stage: &Path) -> Result<Vec<Value>, Failed> {
    let members = members()?;
    let made = make(&members);
    let bills = made.and_then(|()| members.iter().filter_map(|member| deliver(stage, member)).collect());
    for (_, folder) in &members {
        // Where none was written there is none to remove.
        let _ = fs::remove_file(folder.join(format!("{TEMPORARY}.json")));
    }
    bills
}

/// Names and folders of the workspace's crates.
fn members() -> Result<Vec<(String, PathBuf)>, Failed> {
    let text = output("cargo", &["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| Failed(format!("cargo metadata: {error}")))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let member = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        Some((package["name"].as_str()?.to_owned(), manifest.parent()?.to_owned()))
    };
    Ok(packages.filter_map(member).collect())
}

fn make(members: &[(String, PathBuf)]) -> Result<(), Failed> {
    let folder =
        members.iter().find(|(name, _)| name == "qkdpp-node").map(|(_, folder)| folder.join("Cargo.toml"));
    let manifest = folder.unwrap_or_default().to_string_lossy().into_owned();
    let cargo_cyclonedx = tools::cyclonedx()?.join("cargo-cyclonedx");
    let status = Command::new(cargo_cyclonedx)
        .args([
            "cyclonedx",
            "--quiet",
            "--manifest-path",
            &manifest,
            "--format",
            "json",
            "--spec-version",
            "1.5",
        ])
        .args(["--no-build-deps", "--override-filename", TEMPORARY])
        .env("SOURCE_DATE_EPOCH", commit_time()?)
        .current_dir(root())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("cargo-cyclonedx: {status}"))),
        Err(error) => Err(Failed(format!("cargo-cyclonedx: {error}"))),
    }
}

/// Puts one crate's bill into place, without this machine's folders; `None` if it is not one of those delivered.
fn deliver(stage: &Path, (name, folder): &(String, PathBuf)) -> Option<Result<Value, Failed>> {
    let (_, file) = DELIVERED.iter().find(|(delivered, _)| delivered == name)?;
    Some((|| {
        let source = folder.join(format!("{TEMPORARY}.json"));
        let text = fs::read_to_string(&source).map_err(failed(&source))?;
        let here = fs::canonicalize(root()).map_err(failed(&root()))?;
        let text = text.replace(&*here.to_string_lossy(), "/qkdpp");
        let target = stage.join("share/doc/qkdpp/sbom");
        fs::create_dir_all(&target).map_err(failed(&target))?;
        fs::write(target.join(file), &text).map_err(failed(&target))?;
        serde_json::from_str(&text).map_err(|error| Failed(format!("{}: {error}", source.display())))
    })())
}
