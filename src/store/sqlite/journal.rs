//! The file beside the store for what a scan under way has read: so the store does not grow by what is of no use the day
//! after, and a journal that is damaged is thrown away.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{FLAGS, PATIENCE, Sqlite, fault};
use crate::store::StoreError;

/// A source belongs to the run that reads it.
const SHAPE: &str = "
    CREATE TABLE IF NOT EXISTS journal_shapes (name TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS journal_sources (
        name TEXT PRIMARY KEY, run INTEGER NOT NULL, began_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS journal_pages (
        walk BLOB NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL, read_at INTEGER NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (walk, number)
    ) STRICT, WITHOUT ROWID;";

/// Opens the file, and makes it if there is none.
pub(super) fn open(path: &Path) -> Result<Sqlite, StoreError> {
    connect(path).map(|connection| Sqlite::over(connection, path)).map_err(|error| fault(path, error))
}

/// A journal that is gone when it is dropped.
pub(super) fn in_memory() -> Result<Sqlite, StoreError> {
    let path = Path::new(":memory:");
    let open = || {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(SHAPE)?;
        Ok(connection)
    };
    open().map(|connection| Sqlite::over(connection, path)).map_err(|error| fault(path, error))
}

/// The file, for its owner alone; SQLite gives the log beside it the same rights. It is not waited for the disk with every
/// page: what a power cut takes is asked for again.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // What keeps the file from being made, the database says better.
    drop(options.open(path));
    let connection = Connection::open_with_flags(path, FLAGS)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;")?;
    connection.execute_batch(SHAPE)?;
    Ok(connection)
}

/// Where the journal of a store lies.
pub(super) fn beside(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push("-scan.journal");
    path.into()
}

/// Removes the file, and what SQLite laid beside it.
pub(in crate::store) fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), error = %error, "the journal cannot be removed");
            }
            Ok(()) | Err(_) => {}
        }
    }
}
