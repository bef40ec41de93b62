//! Nothing switches authentication, verification or amplification off: no option, variable, feature or line of a config.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a switch would be called.
const SUSPICIOUS: [&str; 16] = [
    "insecure", "unsafe", "skip", "bypass", "disable", "without", "no-auth", "no-verif", "no-ampl", "no-tag",
    "plain", "trust", "weak", "force", "test", "debug",
];

fn help(command: &[String]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_qkdpp")).args(command).arg("--help").output();
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Options of `command` and of every command below it; commands are counted.
fn options(command: &[String], commands: &mut usize, found: &mut BTreeSet<String>) {
    let text = help(command);
    *commands += 1;
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
        if word.len() > 2 && word.starts_with("--") {
            found.insert(word.to_owned());
        }
    }
    let below = text.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in below.take_while(|line| line.starts_with("  ")) {
        let name = line.split_whitespace().next().unwrap_or_default();
        // Continued descriptions stand further to the right.
        if line.starts_with("   ") || name == "help" {
            continue;
        }
        options(&[command, &[name.to_owned()]].concat(), commands, found);
    }
}

#[test]
fn attack_26_no_option_names_a_bypass() {
    let (mut commands, mut found) = (0, BTreeSet::new());
    options(&[], &mut commands, &mut found);
    assert!(commands > 8 && found.len() > 20, "{commands} commands, {found:?}");
    let suspicious = |option: &&String| SUSPICIOUS.iter().any(|word| option.contains(word));
    assert_eq!(found.iter().find(suspicious), None, "{found:?}");
}

/// Rust files below `folder` of the workspace.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the workspace").map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                files.push((path, text));
            }
        }
    }
    assert!(files.len() > 5, "{folder}");
    files
}

#[test]
fn attack_26_no_variable_and_no_feature_changes_what_is_done() {
    for folder in ["kernels/src", "host/protocol/src", "host/runtime/src", "host/node/src"] {
        for (path, text) in sources(folder) {
            for line in text.lines() {
                let hidden = line.contains("hide = true") || line.contains("debug_assertions");
                // The backend computes the same bits, whichever it is.
                let variable = line.contains("env::var") && !line.contains("env::var(VARIABLE)");
                // A schema describes a type, and changes nothing of what it does.
                let describes =
                    line.trim() == "#[cfg_attr(feature = \"schema\", derive(schemars::JsonSchema))]";
                let feature =
                    line.contains("feature = \"") && !line.contains("feature = \"rtl\"") && !describes;
                assert!(!(hidden || variable || feature), "{}: {line}", path.display());
            }
        }
    }
    for (path, text) in sources("host/protocol/src") {
        assert!(!text.contains("cfg(feature") && !text.contains("env::"), "{}", path.display());
    }
}

#[test]
fn attack_26_no_line_of_a_config_switches_anything_off() {
    let good =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../channel/presets/bbm92-50km.toml"))
            .expect("a preset");
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |config: String| {
        let path = folder.path().join("link.toml");
        fs::write(&path, config).expect("a file");
        let out = folder.path().join("out");
        let run = Command::new(env!("CARGO_BIN_EXE_qkdpp"))
            .args(["demo", "--blocks", "1", "--config"])
            .arg(&path)
            .arg("--out")
            .arg(&out)
            .output()
            .expect("the program starts");
        let error = String::from_utf8(run.stderr).expect("UTF-8");
        assert!(!run.status.success() && !out.exists(), "{error}");
        error
    };
    for line in
        ["authenticate = false", "verify = false", "amplify = false", "insecure = true", "tag_bits = 0"]
    {
        let error = refused(good.replacen("[profile]", &format!("[profile]\n{line}"), 1));
        assert!(error.contains("unknown field"), "{line}: {error}");
    }
    for (table, line) in [
        ("verification", "enabled = false"),
        ("verification", "tag_bits = 0"),
        ("verification", "tag_bits = 31"),
        ("amplification", "enabled = false"),
        ("amplification", "family = \"none\""),
        ("amplification", "family = \"identity\""),
        ("authentication", "enabled = false"),
    ] {
        let error = refused(format!("{good}\n[profile.{table}]\n{line}\n"));
        let named =
            ["unknown field", "unknown variant", "tag_bits is"].iter().any(|text| error.contains(text));
        assert!(named, "[profile.{table}] {line}: {error}");
    }
}
