//! The key pool on a real disk: drawing from it, damaged files, killed processes, a full disk.

#[cfg(unix)]
mod damage;
mod drawing;
mod fixture;
#[cfg(unix)]
mod processes;
