//! The command `keyrate`, run as a user runs it.

mod counts;
mod curves;
#[path = "../desk/mod.rs"]
mod desk;

use desk::{Desk, assert_says};

#[test]
fn it_explains_itself() {
    let desk = Desk::new();
    for command in ["keyrate", "keyrate sweep", "keyrate optimise"] {
        assert_says(&desk.text(&format!("{command} --help")), &["Example", &format!("qkdpp {command}")]);
    }
    assert_says(&desk.error("keyrate"), &["--proof", "--input"]);
    assert_says(&desk.error("keyrate --proof tl-2017 --input x sweep --config lim-2014"), &["sweep"]);
}
