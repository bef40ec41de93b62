//! Configs of links that the field knows, with their sources; `presets/*.toml`.

use serde::Deserialize;

use crate::link::LinkError;

/// Name and one line of description of every preset, in the order of the files in `presets/`.
pub const PRESETS: &[(&str, &str)] = &[
    ("bbm92-50km", "BBM92 with a pair source, 50 km of deployed fibre"),
    ("daylight-275m", "polarisation decoy-state BB84 over 275 m of free space in daylight"),
    ("fibre-10km-record", "2.5 GHz one-decoy BB84 over 10 km, the record of 115.8 Mb/s"),
    ("fibre-50km", "1 GHz decoy-state BB84 over 50 km of fibre; the default"),
    ("lim-2014", "the link and the settings of Lim et al. 2014, for `qkdpp keyrate sweep`"),
    ("metro-312mhz", "312.5 MHz polarisation decoy-state BB84 over a metropolitan fibre"),
    ("satellite-pass", "one pass of a low-orbit satellite, 300 s, 40 to 55 dB"),
];

/// Configs for recorded data, which have no `[link]`; described as [`PRESETS`].
pub const RECORDED: &[(&str, &str)] = &[
    ("sifted-pair", "a pair of sifted keys"),
    ("three-state-one-decoy", "the CSV record of a three-state, one-decoy BB84 link"),
];

/// The config file of a preset, with a link or without.
pub fn preset(name: &str) -> Option<&'static str> {
    const CONFIGS: [&str; PRESETS.len()] = [
        include_str!("../presets/bbm92-50km.toml"),
        include_str!("../presets/daylight-275m.toml"),
        include_str!("../presets/fibre-10km-record.toml"),
        include_str!("../presets/fibre-50km.toml"),
        include_str!("../presets/lim-2014.toml"),
        include_str!("../presets/metro-312mhz.toml"),
        include_str!("../presets/satellite-pass.toml"),
    ];
    const RECORDED_CONFIGS: [&str; RECORDED.len()] =
        [include_str!("../presets/sifted-pair.toml"), include_str!("../presets/three-state-one-decoy.toml")];
    let names = PRESETS.iter().chain(RECORDED);
    let mut configs = names.zip(CONFIGS.into_iter().chain(RECORDED_CONFIGS));
    configs.find(|((known, _), _)| *known == name).map(|(_, config)| config)
}

/// What the literature reports for a link: the `[published]` table of a config. Any figure may be missing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Error rate of the sifted key.
    pub qber: Option<f64>,
    /// Secret key rate (bit/s).
    pub secret_bits_per_second: Option<f64>,
    /// Where these figures are from.
    pub reference: Option<String>,
}

impl Published {
    /// Reads the `[published]` table of a config file; a config without one has nothing to compare with.
    ///
    /// # Errors
    /// [`LinkError::Syntax`] if the text is not TOML or the table has other keys.
    pub fn from_toml(text: &str) -> Result<Self, LinkError> {
        #[derive(Deserialize)]
        struct Config {
            #[serde(default)]
            published: Published,
        }
        let Config { published } = toml::from_str(text).map_err(Box::new)?;
        Ok(published)
    }
}
