//! Files that only their owner may read or write.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::StoreError;

/// Makes a new, empty file with mode 0600; `Exists` if there is one, even a dangling link.
pub(super) fn create(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Exists { path: path.into() },
        _ => StoreError::Io { action: "create", path: path.into(), source },
    })
}

/// Opens a file for reading and writing; `NotPrivate` if anyone but its owner has rights on it.
pub(super) fn open(path: &Path) -> Result<File, StoreError> {
    let failed = |source| StoreError::Io { action: "open", path: path.into(), source };
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata().map_err(failed)?) & 0o7777;
        if mode & 0o077 != 0 {
            return Err(StoreError::NotPrivate { path: path.into(), mode });
        }
    }
    Ok(file)
}

/// Takes back a file that `create` made, when a later step of making the pool failed.
pub(super) fn discard(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "cannot remove the file of an unfinished key pool");
    }
}

/// Makes the names of new files in the folder of `path` durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}
