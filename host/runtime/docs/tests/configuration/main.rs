//! chapters/configuration.md is made from the types that read a config, by way of their JSON Schema, and this is the test that
//! it is up to date. `QKDPP_WRITE=1 cargo test -p qkdpp-book --test configuration` writes it anew.
//!
//! *Against*: reading the sources with `syn`, which needs no dependency in the product but cannot know a default that a
//! function computes; and writing the chapter by hand. The schema is delivered as well, for editors.

mod schema;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use qkdpp_channel::Config;
use schema::{Kind, Schema};

const INTRODUCTION: &str = "\
# Configuration

<!-- Made from the types by tests/configuration: do not edit. -->

A config is a TOML file. Both sides load the same `[profile]`: its hash is in every message. `[link]` is for simulations only. A key that is not
listed here is refused, and so is a value out of its range: the error names the key, the value and the range. The JSON Schema, with
which editors complete and check configs, is written by `qkdpp generate`.

A key without a default has to be there, but for those marked *optional*, which may be left out.
";

#[test]
fn the_chapter_is_up_to_date() {
    let root = serde_json::to_value(Config::schema()).expect("a schema is JSON");
    let mut text = INTRODUCTION.to_owned();
    let schema = Schema::new(&root);
    for (name, member) in schema.members() {
        section(&mut text, &name, &member.inner, member.list);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("chapters/configuration.md");
    if env::var_os("QKDPP_WRITE").is_some() {
        fs::write(&path, &text).expect("the chapter is writable");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differs = committed.lines().zip(text.lines()).position(|(old, new)| old != new);
    assert!(
        committed == text,
        "configuration.md is out of date from line {:?} on: QKDPP_WRITE=1 cargo test -p qkdpp-book --test configuration",
        differs.map(|line| line + 1)
    );
}

/// The table called `path` with its keys, and below it the tables within it.
fn section(text: &mut String, path: &str, schema: &Schema, list: bool) {
    match schema.kind() {
        Kind::Table => {
            let heading = if list { format!("[[{path}]]") } else { format!("[{path}]") };
            let _ = write!(text, "\n## `{heading}`\n\n{}\n", schema.description());
            keys(text, path, schema);
        }
        Kind::Named(choices) => {
            let _ = write!(text, "\n## `[{path}]`\n\n{} The key `name` chooses one.\n", schema.description());
            for (name, choice) in choices {
                let _ = write!(text, "\n### `name = \"{name}\"`\n\n{}\n", choice.description());
                keys(text, path, &choice);
            }
        }
        Kind::Choices(choices) => {
            for (name, choice) in choices {
                let _ = write!(text, "\n## `[{path}.{name}]`\n\n{}\n", choice.description());
                keys(text, &format!("{path}.{name}"), &choice.content(&name));
            }
        }
        Kind::Value(_) => {}
    }
}

/// The keys of a table, and the tables below it.
fn keys(text: &mut String, path: &str, schema: &Schema) {
    text.push_str("\n| key | value | default | meaning |\n|-|-|-|-|\n");
    let members = schema.members();
    for (name, member) in &members {
        let (value, default, meaning) =
            (member.value(&format!("{path}.{name}")), member.default(), member.meaning());
        let _ = writeln!(text, "| `{name}` | {value} | {default} | {meaning} |");
    }
    for (name, member) in &members {
        section(text, &format!("{path}.{name}"), &member.inner, member.list);
    }
}
