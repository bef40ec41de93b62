//! A reader's terminal: `$ command`, and below it what has to appear, in this order. `…` stands for anything, within a line
//! or for lines.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::tools::Tools;

/// The commands of a chapter share a folder.
pub(crate) struct Session<'a> {
    folder: TempDir,
    tools: &'a Tools,
}

impl<'a> Session<'a> {
    pub(crate) fn new(tools: &'a Tools) -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), tools }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is writable");
        fs::write(path, text).expect("the folder is writable");
    }

    /// Runs the commands of a block; how many were run.
    pub(crate) fn run(&mut self, place: &str, block: &str) -> usize {
        let commands = commands(block);
        assert!(!commands.is_empty(), "{place}: no line begins with `$ `");
        let run = commands.iter().filter(|(command, wanted)| self.perform(place, command, wanted));
        run.count()
    }

    fn perform(&self, place: &str, command: &str, wanted: &[&str]) -> bool {
        if let Some(missing) = self.missing(command) {
            assert!(!self.tools.required, "{place}: {missing} is missing for `{command}`");
            eprintln!("SKIPPED {place}: no {missing} for `{command}`");
            return false;
        }
        let output = Command::new("sh")
            .args(["-euc", command])
            .current_dir(self.folder.path())
            .env("PATH", self.path())
            .envs(self.tools.pkg_config.as_ref().map(|folder| ("PKG_CONFIG_PATH", folder.path())))
            .env_remove("QKDPP_BACKEND")
            .output()
            .expect("sh runs");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "{place}: `{command}`: {}\n{stdout}{stderr}", output.status);
        if let Some(line) = first_missing(&format!("{stdout}{stderr}"), wanted) {
            panic!("{place}: `{command}` did not say {line:?}, or not in this place:\n{stdout}{stderr}");
        }
        true
    }

    /// What `command` needs and is not here.
    fn missing(&self, command: &str) -> Option<&'static str> {
        let Tools { program, pkg_config, python, .. } = self.tools;
        let words: Vec<&str> = command.split_whitespace().collect();
        let needs = |word: &str| words.contains(&word);
        let compiled = needs("cc") || words.iter().any(|word| word.starts_with("./"));
        [
            (program.is_none() && needs("qkdpp"), "program qkdpp (cargo build -p qkdpp-node)"),
            (pkg_config.is_none() && compiled, "C library (cargo build -p qkdpp-c), cc or pkg-config"),
            (python.is_none() && needs("python3"), "Python with the module qkdpp (cargo xtask book)"),
            (python.is_none() && needs("python.txt"), "output of an earlier command that was passed over"),
            (pkg_config.is_none() && needs("cmp"), "output of an earlier command that was passed over"),
        ]
        .into_iter()
        .find_map(|(missing, what)| missing.then_some(what))
    }

    fn path(&self) -> OsString {
        let ours = self.tools.python.iter().chain(&self.tools.program).cloned();
        let system = env::var_os("PATH").unwrap_or_default();
        env::join_paths(ours.chain(env::split_paths(&system))).expect("folders without a colon")
    }
}

/// Each command with the lines below it; a backslash at the end of a line continues it.
fn commands(block: &str) -> Vec<(String, Vec<&str>)> {
    let mut commands: Vec<(String, Vec<&str>)> = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        if let Some(begin) = line.strip_prefix("$ ") {
            let mut command = begin.to_owned();
            while command.ends_with('\\') {
                command.push('\n');
                command.push_str(lines.next().expect("a continued line goes on"));
            }
            commands.push((command, Vec::new()));
        } else if let Some((_, wanted)) = commands.last_mut() {
            wanted.push(line);
        }
    }
    commands
}

/// The first line of `wanted` that the output does not have behind those before it.
fn first_missing<'a>(output: &str, wanted: &[&'a str]) -> Option<&'a str> {
    let mut lines = output.lines();
    let mut anywhere = false;
    for &line in wanted {
        if line.trim() == "…" {
            anywhere = true;
            continue;
        }
        let found = if anywhere {
            lines.any(|have| alike(have, line))
        } else {
            lines.next().is_some_and(|have| alike(have, line))
        };
        if !found {
            return Some(line);
        }
        anywhere = false;
    }
    None
}

/// Whether `have` is `want`, where `…` stands for anything.
fn alike(have: &str, want: &str) -> bool {
    let parts: Vec<&str> = want.trim_end().split('…').collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let have = have.trim_end();
    if parts.len() == 1 {
        return have == first;
    }
    let Some(mut rest) = have.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    parts[1..parts.len() - 1].iter().all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn output_is_compared() {
    assert_eq!(first_missing("a\nb 12 c\nd\n", &["a", "b … c", "d"]), None);
    assert_eq!(first_missing("a\nb\nd\n", &["a", "d"]), Some("d"));
    assert_eq!(first_missing("a\nb\nd\n", &["…", "d"]), None);
    assert_eq!(first_missing("a b\n", &["a … c"]), Some("a … c"));
    assert_eq!(
        commands("$ a \\\n  b\nc\n$ d\n"),
        [("a \\\n  b".to_owned(), vec!["c"]), ("d".to_owned(), vec![])]
    );
}
