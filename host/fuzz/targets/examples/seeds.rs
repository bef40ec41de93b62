//! Writes first inputs of every target into the folder given: messages of honest sessions, sessions that are disturbed once,
//! records, presets, codes. `cargo fuzz cmin` then keeps what adds coverage.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use qkdpp_channel::record::Writer;
use qkdpp_channel::{Link, Model, PRESETS, RECORDED, preset};
use qkdpp_fuzz_targets::honest_messages;
use qkdpp_protocol::Role;
use qkdpp_protocol::wire::Header;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args().nth(1).map(PathBuf::from) else {
        return Err("usage: seeds <folder>".into());
    };
    wire(&folder.join("wire"))?;
    session(&folder.join("session"))?;
    record(&folder.join("record"))?;
    let presets = PRESETS.iter().chain(RECORDED).filter_map(|(name, _)| preset(name));
    write(&folder.join("config"), presets.map(|text| text.as_bytes().to_vec()))?;
    code_file(&folder.join("code_file"))
}

fn write(folder: &Path, inputs: impl Iterator<Item = Vec<u8>>) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (number, input) in inputs.enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), input)?;
    }
    Ok(())
}

/// One message of each kind, whole, and its payload for the reader of its kind.
fn wire(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut inputs = Vec::new();
    for messages in [honest_messages(false), honest_messages(true)] {
        for (role, sent) in [Role::Alice, Role::Bob].into_iter().zip(messages) {
            let mut kinds = Vec::new();
            for message in sent {
                let (header, payload, _) =
                    Header::parse(&message, role).map_err(|error| error.to_string())?;
                if kinds.contains(&header.kind) {
                    continue;
                }
                kinds.push(header.kind);
                inputs.push([&[role.byte(), 0, 0], &message[..]].concat());
                for reader in 2..10 {
                    inputs.push([&[reader, 0, 2], payload].concat());
                }
            }
        }
    }
    write(folder, inputs.into_iter())
}

/// For both links, each kind of peer and each operation at several places: an honest beginning, the operation, and on to the
/// end.
fn session(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut inputs = Vec::new();
    for setting in 0..8 {
        for undisturbed in [0, 1, 3, 6, 12, 30] {
            for operation in 0..32 {
                inputs.push(vec![setting, undisturbed, operation, 3, 0, 1, 0, 200]);
            }
            // A dishonest peer changes the next messages in one way each.
            for change in 1..9 {
                inputs.push([&[setting, undisturbed, 0, 250][..], &[change, 4, 0, 1].repeat(3)].concat());
            }
        }
    }
    write(folder, inputs.into_iter())
}

fn record(folder: &Path) -> Result<(), Box<dyn Error>> {
    let link = Link::from_toml(preset(PRESETS[0].0).ok_or("no preset")?)?;
    let mut inputs = Vec::new();
    for (selector, role) in [(0, Role::Alice), (1, Role::Alice), (4, Role::Bob)] {
        let (mut model, path) = (Model::new(&link, 1)?, folder.with_extension("tmp"));
        let mut writer = Writer::create(&path, role, link.clock_hz)?;
        for block in 0..2 {
            let (alice, bob) = model.next_batch(2_000);
            writer.write(block, if role == Role::Alice { &alice } else { &bob })?;
        }
        writer.finish()?;
        inputs.push([&[selector], &fs::read(&path)?[..]].concat());
        fs::remove_file(path)?;
    }
    let head = "qubit_id,tx_state,tx_basis,decoy_level,rx_state,rx_basis,matching_basis\n";
    for rows in ["", "0,0,0,0,0,0,True\n", "3,0,1,2,1,0,False\n7,1,0,0,1,0,True\n", "4,1,1,0,0,0,False\n"] {
        inputs.push(format!("\u{2}{head}{rows}").into_bytes());
    }
    write(folder, inputs.into_iter())
}

fn code_file(folder: &Path) -> Result<(), Box<dyn Error>> {
    let texts = [
        "# By hand\ncode 2 3 64\nmax_qber 0.05 frames 400 failed 3\n0:17 1:3\n0:5 2:60\n",
        "code 2 3 64\n0:17 1:3\n0:5 2:60\n",
        "code 3 4 128\n0:1 1:0\n1:2 2:0\n2:3 3:0\n",
        "code 1 16384 64\n0:0 16383:0\n",
        "code 16384 16384 64\n0:0\n",
        "max_qber nan frames 1 failed 0\n",
    ];
    write(folder, texts.into_iter().map(|text| text.as_bytes().to_vec()))
}
