//! The licence texts of everything that is linked in, as the crates ship them: most licences ask for their text and the names
//! of the authors to be passed on.
//!
//! *Against*: cargo-about, which is two minutes to build and puts a licence's standard text where it recognises one; these are
//! the files of the crates, and .cargo/deny.toml decides which licences may be among them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{VERSION, failed, output};
use crate::run::Failed;

/// A crate from a registry.
struct Linked {
    name: String,
    licence: String,
    authors: String,
    folder: PathBuf,
}

/// Writes share/doc/qkdpp/THIRD-PARTY-LICENCES.txt for all components of `bills`.
pub(super) fn write(stage: &Path, bills: &[Value]) -> Result<(), Failed> {
    let linked = linked(bills)?;
    let mut text = format!(
        "What is linked into the program and the library of qkdpp {VERSION}, beside the standard library of Rust (Apache-2.0 OR \
         MIT, The Rust Project Contributors).\n\n"
    );
    for Linked { name, licence, .. } in &linked {
        let _ = writeln!(text, "{name}: {licence}");
    }
    for (licence, names) in texts(&linked)? {
        let _ = write!(text, "\n{}\n{}\n\n{}\n", "=".repeat(100), names.join(", "), licence.trim_end());
    }
    let path = stage.join("share/doc/qkdpp/THIRD-PARTY-LICENCES.txt");
    fs::write(&path, text).map_err(failed(&path))
}

/// The components that are not of this workspace, by name and version.
fn linked(bills: &[Value]) -> Result<Vec<Linked>, Failed> {
    let text = output("cargo", &["metadata", "--format-version", "1", "--offline", "--locked"])?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| Failed(format!("cargo metadata: {error}")))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let known: BTreeMap<String, Linked> = packages
        .filter(|package| package["source"].is_string())
        .map(|package| {
            let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
            let authors = package["authors"].as_array().into_iter().flatten().map(text);
            let linked = Linked {
                name: name.clone(),
                licence: text(&package["license"]),
                authors: authors.collect::<Vec<_>>().join(", "),
                folder: Path::new(&text(&package["manifest_path"]))
                    .parent()
                    .unwrap_or(Path::new(""))
                    .to_owned(),
            };
            (name, linked)
        })
        .collect();
    let components = bills.iter().flat_map(|bill| bill["components"].as_array().into_iter().flatten());
    let mut names: Vec<String> =
        components.map(|one| format!("{} {}", text(&one["name"]), text(&one["version"]))).collect();
    names.sort();
    names.dedup();
    let mut known = known;
    Ok(names.iter().filter_map(|name| known.remove(name)).collect())
}

/// Each text once, with the crates that ship it. A crate without any is named with its authors.
fn texts(linked: &[Linked]) -> Result<BTreeMap<String, Vec<String>>, Failed> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in linked {
        let mut found = files(&one.folder)?;
        if found.is_empty() {
            found.push(format!(
                "This crate ships no licence text. Licence: {}; authors: {}.",
                one.licence, one.authors
            ));
        }
        for text in found {
            texts.entry(text).or_default().push(one.name.clone());
        }
    }
    Ok(texts)
}

/// The licence files at the top of a crate.
fn files(folder: &Path) -> Result<Vec<String>, Failed> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        let is_licence = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
        if path.is_file() && is_licence.iter().any(|start| name.starts_with(start)) {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .iter()
        .map(|path| {
            fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(failed(path))
        })
        .collect()
}
