//! The book's blocks of code, as a reader meets them: each chapter in a folder of its own, from top to bottom. Files are
//! written, commands are run and their output compared, pieces of configuration are laid over a preset and checked.
//!
//! A command that needs a tool which is not here is passed over, and says so; with `QKDPP_BOOK=all` in the environment, as in
//! CI, that is a failure.

mod console;
mod markdown;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use qkdpp_channel::{Config, preset};
use toml::{Table, Value};

use console::Session;
use markdown::Block;

/// The fences that exist. `text` is the only one that nothing is done with.
const LANGUAGES: [&str; 8] = ["rust", "rust,no_run", "c", "python", "toml", "console", "json", "text"];

fn chapters() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("chapters");
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).expect("the summary");
    let names = summary.split("](").skip(1).filter_map(|link| link.split(')').next());
    let chapters = names.map(|name| (name.to_owned(), fs::read_to_string(folder.join(name)).expect(name)));
    chapters.collect()
}

#[test]
fn every_block_has_a_language_and_every_program_is_run() {
    for (name, text) in chapters() {
        let blocks = markdown::blocks(&text);
        for block in &blocks {
            let place = format!("{name}:{}", block.line);
            assert!(LANGUAGES.contains(&block.language.as_str()), "{place}: {:?}", block.language);
            if matches!(block.language.as_str(), "c" | "python" | "json") {
                let file = block.file.as_deref().unwrap_or_else(|| panic!("{place}: no file is named"));
                let later =
                    blocks.iter().filter(|other| other.line > block.line && other.language == "console");
                assert!(
                    later.into_iter().any(|other| other.text.contains(file)),
                    "{place}: {file} is not used"
                );
            }
        }
    }
}

#[test]
fn every_chapter_works_from_top_to_bottom() {
    let tools = tools::find();
    let mut commands = 0;
    for (name, text) in chapters() {
        let mut session = Session::new(&tools);
        for block in markdown::blocks(&text) {
            let place = format!("{name}:{}", block.line);
            if let Some(file) = &block.file {
                session.write(file, &block.text);
            }
            match block.language.as_str() {
                "console" => commands += session.run(&place, &block.text),
                "toml" => check_config(&place, &block),
                _ => {}
            }
        }
    }
    assert!(commands > 0 || tools.program.is_none(), "no command was run");
}

/// A whole config as it is; a piece, laid over the default preset. A table that begins with [dependencies] is cargo's.
fn check_config(place: &str, block: &Block) {
    if block.text.contains("[dependencies]") {
        return;
    }
    let piece: Table = block.text.parse().unwrap_or_else(|error| panic!("{place}: {error}"));
    let text = if block.file.is_some() {
        block.text.clone()
    } else {
        let mut whole: Table = preset("fibre-50km").expect("the default preset").parse().expect("TOML");
        lay_over(&mut whole, piece);
        whole.to_string()
    };
    Config::parse(place, text).unwrap_or_else(|error| panic!("{error}"));
}

/// Puts `piece` over `whole`: tables are joined, anything else is replaced. Another proof replaces the whole one.
fn lay_over(whole: &mut Table, piece: Table) {
    for (key, value) in piece {
        match (whole.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) if !over.contains_key("name") => {
                lay_over(under, over);
            }
            (_, value) => _ = whole.insert(key, value),
        }
    }
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}
