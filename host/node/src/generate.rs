//! `qkdpp generate`: the files that come with the program, made from its own definitions.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;
use qkdpp_channel::Config;

use crate::error::Failure;

/// Write the manual pages, the shell completions and the JSON Schema of configs.
///
/// DIR gets man1/ (one page a command), completions/ (bash, elvish, fish, powershell, zsh) and config.schema.json, with
/// which an editor completes and checks config files.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  qkdpp generate --out share
  man -l share/man1/qkdpp-distill.1
  source share/completions/qkdpp.bash

For Taplo, the language server of TOML, a config begins with the line
  #:schema config.schema.json")]
pub(crate) struct Arguments {
    /// Folder for the files; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let folder = |name: &str| {
        let path = arguments.out.join(name);
        fs::create_dir_all(&path).map_err(Failure::file(&path))?;
        Ok::<_, Failure>(path)
    };
    let (pages, completions) = (folder("man1")?, folder("completions")?);
    write(&pages, |path| clap_mangen::generate_to(crate::Arguments::command(), path))?;
    for &shell in Shell::value_variants() {
        write(&completions, |path| {
            clap_complete::generate_to(shell, &mut crate::Arguments::command(), "qkdpp", path)
        })?;
    }
    let schema = serde_json::to_string_pretty(&Config::schema()).map_err(Failure::input)?;
    let path = arguments.out.join("config.schema.json");
    fs::write(&path, schema + "\n").map_err(Failure::file(&path))?;
    println!("{}", arguments.out.display());
    Ok(())
}

fn write<T>(folder: &Path, make: impl FnOnce(&Path) -> io::Result<T>) -> Result<(), Failure> {
    make(folder).map(|_| ()).map_err(Failure::file(folder))
}
