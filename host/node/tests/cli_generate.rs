//! `qkdpp generate`: a page and completions for every command that the program has, and a schema that knows the config's keys.

#[allow(dead_code, reason = "other tests of the program use the rest")]
mod desk;

use std::fs;

use desk::Desk;
use serde_json::Value;

/// The commands that `--help` lists.
fn commands(desk: &Desk) -> Vec<String> {
    let help = desk.text("--help");
    let (_, list) = help.split_once("Commands:\n").expect("a list of commands");
    let (list, _) = list.split_once("\n\n").expect("its end");
    let lines = list.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_has_a_page_and_completions() {
    let desk = Desk::new();
    desk.text("generate --out share");
    let commands = commands(&desk);
    assert!(commands.len() >= 10 && commands.iter().any(|name| name == "generate"), "{commands:?}");
    let read = |name: &str| fs::read_to_string(desk.path("share").join(name)).expect(name);
    let completions = ["qkdpp.bash", "_qkdpp", "qkdpp.fish", "qkdpp.elv", "_qkdpp.ps1"];
    for name in &commands {
        let page = read(&format!("man1/qkdpp-{name}.1"));
        assert!(page.contains("SYNOPSIS"), "{page}");
        for shell in completions {
            assert!(
                read(&format!("completions/{shell}")).contains(name.as_str()),
                "{shell} does not know {name}"
            );
        }
    }
}

#[test]
fn the_schema_names_every_table_and_what_is_required() {
    let desk = Desk::new();
    desk.text("generate --out share");
    let text = fs::read_to_string(desk.path("share/config.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    for table in ["link", "profile", "published", "settings"] {
        assert!(schema["properties"][table].is_object(), "{table} is missing");
    }
    assert_eq!(schema["required"], serde_json::json!(["profile"]));
    assert_eq!(schema["additionalProperties"], false);
    let required = schema["$defs"]["Profile"]["required"].as_array().expect("a list");
    for key in ["name", "protocol", "slots_per_block", "expected_qber", "proof"] {
        assert!(required.iter().any(|name| name == key), "{key} is not required: {required:?}");
    }
}
