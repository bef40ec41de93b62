//! bench
#[derive(clap::Args)]
/// Bench
pub struct Arguments {}
/// run
pub fn run(_: &Arguments) -> Result<(), crate::error::Failure> { Ok(()) }
