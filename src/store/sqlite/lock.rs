//! Keeps two scans into one store apart, in one process or in many: a file beside the store that the system holds locked
//! for as long as the process lives. A process that is killed leaves the file behind, and no lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use super::Store;
use crate::store::StoreError;

/// Held while a scan runs; dropping it lets the next one begin.
#[derive(Debug)]
pub struct ScanLock(Option<File>);

impl Store {
    /// Takes the right to scan into this store.
    ///
    /// # Errors
    /// `ScanUnderWay` if somebody else has it, or what keeps the file from being made.
    pub fn lock_for_scan(&self) -> Result<ScanLock, StoreError> {
        if self.path.as_os_str() == ":memory:" {
            return Ok(ScanLock(None));
        }
        let path = self.lock_path();
        let failed = |source| StoreError::Io { path: path.clone(), doing: "create", source };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(ScanLock(Some(file))),
            Err(TryLockError::WouldBlock) => Err(StoreError::ScanUnderWay { path: self.path.clone() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    fn lock_path(&self) -> PathBuf {
        let mut path = self.path.as_os_str().to_owned();
        path.push("-scan.lock");
        path.into()
    }
}

impl Drop for ScanLock {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            // Closing the file gives the lock up as well, should this fail.
            drop(file.unlock());
        }
    }
}
