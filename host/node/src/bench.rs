//! bench
#[derive(clap::Args)]
/// Bench
pub(crate) struct Arguments {}
/// run
pub(crate) fn run(_: &Arguments) -> Result<(), crate::error::Failure> { Ok(()) }
