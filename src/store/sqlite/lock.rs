//! Keeps two scans into one store apart, in one process or in many: a file beside the store that the system holds locked
//! for as long as the process lives. A process that is killed leaves the file behind, and no lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// The file, while it is locked.
#[derive(Debug)]
pub(super) struct LockFile(File);

/// Locks the file beside a store.
pub(super) fn lock_beside(store: &Path) -> Result<LockFile, StoreError> {
    let path = lock_path(store);
    let failed = |source| StoreError::Io { path: path.clone(), doing: "create", source };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(LockFile(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::ScanUnderWay { path: store.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn lock_path(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push("-scan.lock");
    path.into()
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Closing the file gives the lock up as well, should this fail.
        drop(self.0.unlock());
    }
}
