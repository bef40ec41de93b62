//! Key rates without a simulation: what a block of a link gives, with given settings of its source.

mod point;
mod settings;

pub use point::{Assumptions, Block, EFFICIENCY, Point, PointError, distance};
pub use settings::{BlockSettings, Settings};
