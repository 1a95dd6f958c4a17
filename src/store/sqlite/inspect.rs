//! What sort of file lies at a path, found out without leaving a trace: a file that is not ours, or newer than we are,
//! is to stay as it is, and nothing may appear beside it.
//!
//! Even this look goes through SQLite. Were the file read by other means, closing it would give up every lock that this
//! process has on it, since that is how POSIX locks work, and another process might then write into ours.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::fault;
use super::migrate::{APPLICATION_ID, VERSION, version_of};
use crate::store::StoreError;

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Missing,
    /// A store that we can read.
    Store,
}

/// Looks without touching.
pub(super) fn inspect(path: &Path) -> Result<Standing, StoreError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Standing::Missing),
        Err(source) => return Err(StoreError::Io { path: path.into(), doing: "read", source }),
        Ok(metadata) if !metadata.is_file() => return Err(StoreError::NotAFile { path: path.into() }),
        // A store is never empty, not even while it is made: somebody emptied it, and its past is not to go unnoticed.
        Ok(metadata) if metadata.len() == 0 => {
            let what = "it is empty; if a new start is meant, remove the file".to_owned();
            return Err(StoreError::Damaged { path: path.into(), what });
        }
        Ok(_) => {}
    }
    let look = match first_page(path) {
        // A writer that is at work, or was interrupted, leaves its part in a journal: SQLite puts both together when
        // the store is opened. One that has just finished leaves none, but then a second look finds the file whole.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            if has_journal(path) {
                return Ok(Standing::Store);
            }
            first_page(path)
        }
        look => look,
    };
    match look {
        Ok((APPLICATION_ID, version)) if version <= VERSION => Ok(Standing::Store),
        Ok((APPLICATION_ID, found)) => Err(StoreError::Newer { path: path.into(), found, known: VERSION }),
        Ok(_) => Err(StoreError::NotAStore { path: path.into() }),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(StoreError::NotAStore { path: path.into() })
        }
        Err(error) => Err(fault(path, error)),
    }
}

/// Application id and version, as the file alone has them. SQLite takes a file that it is told is immutable as it lies
/// there: without locks, journals, or a word to others. It says so if pages are missing, but not if the last one is cut off.
fn first_page(path: &Path) -> rusqlite::Result<(i32, i32)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(immutable(path), flags)?;
    let application = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let page: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    if application == APPLICATION_ID
        && fs::metadata(path).is_ok_and(|metadata| !metadata.len().is_multiple_of(u64::from(page)))
    {
        let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(rusqlite::Error::SqliteFailure(corrupt, Some("its last page is cut off".to_owned())));
    }
    Ok((application, version_of(&connection)?))
}

/// The path as a URI, every byte escaped: none of them can be taken for a part of the URI.
fn immutable(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        write!(uri, "%{byte:02X}").expect("internal: a string takes whatever is written to it");
    }
    uri.push_str("?immutable=1");
    uri
}

fn has_journal(path: &Path) -> bool {
    ["-wal", "-journal"].into_iter().any(|suffix| {
        let mut journal = path.as_os_str().to_owned();
        journal.push(suffix);
        fs::metadata(journal).is_ok_and(|metadata| metadata.len() > 0)
    })
}
