//! [`Config`]: the file that describes a link, or a preset by its name.
//!
//! ```toml
//! [link]        # optics, for the model; a config for recorded data has none
//! [profile]     # what both sides must share: block size, proof, error correction, monitors
//! [published]   # figures from the literature to compare with; optional
//! [[settings]]  # of the source for blocks of a given size, for `qkdpp keyrate sweep`; optional
//! ```
//! Unknown keys are refused everywhere, and `[link]` and `[profile]` must describe the same source.

use std::path::{Path, PathBuf};
use std::{fs, io};

use qkdpp_protocol::Profile;
use qkdpp_protocol::profile::Protocol;
use serde::Deserialize;

use crate::keyrate::BlockSettings;
use crate::link::{Link, Source};
use crate::presets::{PRESETS, Published, RECORDED, preset};

/// A config that cannot be used. To be mended by who wrote it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// There is no such preset or file, or something in it cannot be; names it and the numbers, on one line.
    #[error("{0}")]
    Invalid(String),
}

/// A config that has been read and checked.
pub struct Config {
    /// Name of the preset or path of the file.
    pub name: String,
    /// The file as it is.
    pub text: String,
    /// The optics, if the config describes any.
    pub link: Option<Link>,
    /// The parameters both sides share.
    pub profile: Profile,
    /// Figures to compare with.
    pub published: Published,
    /// Settings of the source for blocks of given sizes.
    pub settings: Vec<BlockSettings>,
}

/// The tables of the file.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Tables {
    /// The optics, for the model. A config for recorded data has none.
    link: Option<Link>,
    /// What both sides must share.
    profile: Profile,
    /// Figures from the literature to compare with.
    #[serde(default)]
    published: Published,
    /// Settings of the source for blocks of given sizes, for `qkdpp keyrate sweep`.
    #[serde(default)]
    settings: Vec<BlockSettings>,
}

impl Config {
    /// Reads the preset or the file called `name`.
    ///
    /// # Errors
    /// If there is no such preset or file, or the first thing in it that cannot be.
    pub fn load(name: &str) -> Result<Self, ConfigError> {
        let text = match preset(name) {
            Some(text) => text.to_owned(),
            None if looks_like_path(name) => {
                fs::read_to_string(name).map_err(|error| ConfigError::File { path: name.into(), error })?
            }
            None => return Err(unknown_preset(name)),
        };
        Self::parse(name, text)
    }

    /// JSON Schema (draft 2020-12) of the file, for editors and for the reference in the book.
    #[cfg(feature = "schema")]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Tables)
    }

    /// Reads the config file `text`, which errors call `name`.
    ///
    /// # Errors
    /// The first thing in it that cannot be.
    pub fn parse(name: &str, text: String) -> Result<Self, ConfigError> {
        let Tables { link, profile, published, settings } =
            toml::from_str(&text).map_err(|error| ConfigError::Invalid(syntax(name, &text, &error)))?;
        let named = |error: String| ConfigError::Invalid(format!("{name}: {error}"));
        profile.validate().map_err(|error| named(error.to_string()))?;
        if let Some(link) = &link {
            link.validate().map_err(|error| named(error.to_string()))?;
            check_source(&link.source, &profile).map_err(named)?;
            settings.iter().try_for_each(|tuned| tuned.check(link, &profile)).map_err(named)?;
        }
        Ok(Self { name: name.to_owned(), text, link, profile, published, settings })
    }

    /// The optics.
    ///
    /// # Errors
    /// If the config describes recorded data only.
    pub fn link(&self) -> Result<&Link, ConfigError> {
        self.link.as_ref().ok_or_else(|| {
            let name = &self.name;
            ConfigError::Invalid(format!(
                "{name}: no [link] table, so nothing to simulate: it is for `qkdpp distill`"
            ))
        })
    }
}

/// Whether `name` is meant as a path, or happens to be one.
fn looks_like_path(name: &str) -> bool {
    let path = Path::new(name);
    path.components().count() > 1 || path.extension().is_some() || path.exists()
}

fn unknown_preset(name: &str) -> ConfigError {
    let known: Vec<&str> = PRESETS.iter().chain(RECORDED).map(|(name, _)| *name).collect();
    ConfigError::Invalid(format!(
        "no preset and no file is called {name:?}; the presets are {}",
        known.join(", ")
    ))
}

/// What is wrong with the text, on one line.
fn syntax(name: &str, text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    match error.span() {
        Some(span) => {
            let line = 1 + text.get(..span.start).map_or(0, |before| before.matches('\n').count());
            format!("{name}: line {line}: {message}")
        }
        None => format!("{name}: {message}"),
    }
}

/// Checks that the link has the source which the profile's proof is about.
fn check_source(source: &Source, profile: &Profile) -> Result<(), String> {
    let (kind, protocol) = match source {
        Source::WeakCoherent(_) => ("weak-coherent", Protocol::DecoyBb84),
        Source::EntangledPairs(_) => ("entangled-pairs", Protocol::Bbm92),
    };
    if profile.protocol != protocol {
        return Err(format!(
            "link.source is {kind}, but profile.protocol is {}",
            protocol_name(profile.protocol)
        ));
    }
    let Source::WeakCoherent(source) = source else { return Ok(()) };
    let pairs = [
        ("intensities", &source.intensities, &profile.intensities),
        ("probabilities", &source.probabilities, &profile.probabilities),
    ];
    for (field, of_link, of_profile) in pairs {
        if of_link != of_profile {
            return Err(format!(
                "link.source.weak-coherent.{field} are {of_link:?}, but profile.{field} are {of_profile:?}"
            ));
        }
    }
    Ok(())
}

/// The name of a protocol in configs.
pub fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::DecoyBb84 => "decoy-bb84",
        Protocol::Bbm92 => "bbm92",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default_with(good: &str, bad: &str) -> String {
        let text = preset("fibre-50km").expect("the default preset exists");
        assert!(text.contains(good), "{good} is not in the preset");
        match Config::parse("test.toml", text.replacen(good, bad, 1)) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_preset_is_a_config() {
        for (name, _) in PRESETS {
            assert!(Config::load(name).expect(name).link.is_some());
        }
        for (name, _) in RECORDED {
            assert!(Config::load(name).expect(name).link().is_err());
        }
    }

    #[test]
    fn link_and_profile_must_have_one_source() {
        assert_eq!(
            default_with("intensities = [0.43, 0.20, 2e-4]", "intensities = [0.44, 0.20, 2e-4]"),
            "test.toml: link.source.weak-coherent.intensities are [0.44, 0.2, 0.0002], but profile.intensities are \
             [0.43, 0.2, 0.0002]"
        );
        assert_eq!(
            default_with("probabilities = [0.41, 0.45, 0.14]", "probabilities = [0.45, 0.41, 0.14]"),
            "test.toml: link.source.weak-coherent.probabilities are [0.45, 0.41, 0.14], but profile.probabilities \
             are [0.41, 0.45, 0.14]"
        );
    }

    #[test]
    fn a_bad_value_is_named_on_one_line() {
        let unknown = default_with("[profile]", "[profile]\nslots = 3");
        assert!(unknown.contains("unknown field `slots`") && unknown.contains(": line "), "{unknown}");
        let table = default_with("[published]", "[publisht]");
        assert!(table.contains("unknown field `publisht`"), "{table}");
        let negative = default_with("slots_per_block = 4", "slots_per_block = -4");
        assert!(negative.contains("-4"), "{negative}");
        let nan = default_with("expected_qber = 0.01", "expected_qber = nan");
        assert!(nan.starts_with("test.toml: profile: expected_qber is NaN"), "{nan}");
        assert_eq!(
            default_with("efficiency = 0.2", "efficiency = -0.2"),
            "test.toml: link.detector.efficiency = -0.2; it must lie in [0, 1]"
        );
        for message in [unknown, table, negative] {
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}
