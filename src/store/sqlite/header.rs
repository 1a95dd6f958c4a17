//! What sort of file lies at a path, told from its first bytes. SQLite itself is not asked: to look at a file it may
//! lay others beside it, and a file that is not ours, or newer than we are, is to stay as it is.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::migrate::{APPLICATION_ID, VERSION};
use crate::store::StoreError;

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Missing,
    /// A file without content: just made, by us or by somebody who wanted to fix its owner beforehand.
    Empty,
    /// A store that we can read.
    Store,
}

/// Looks without touching.
pub(super) fn inspect(path: &Path) -> Result<Standing, StoreError> {
    let io = |source| StoreError::Io { path: path.into(), doing: "read", source };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Standing::Missing),
        Err(error) => return Err(io(error)),
        Ok(metadata) if !metadata.is_file() => return Err(StoreError::NotAFile { path: path.into() }),
        Ok(_) => {}
    }
    let bytes = first_bytes(path).map_err(io)?;
    if bytes.is_empty() {
        return Ok(Standing::Empty);
    }
    if !bytes.starts_with(Header::MAGIC) {
        return Err(StoreError::NotAStore { path: path.into() });
    }
    if let Some(header) = bytes.first_chunk().map(Header) {
        if header.application_id() != APPLICATION_ID {
            return Err(StoreError::NotAStore { path: path.into() });
        }
        if header.version() > VERSION {
            return Err(StoreError::Newer { path: path.into(), found: header.version(), known: VERSION });
        }
    }
    // Twice, since a writer may come to its end between the look at the file and the look for its journal.
    if is_cut_off(path).map_err(io)? && is_cut_off(path).map_err(io)? {
        return Err(StoreError::Damaged { path: path.into(), what: "it was cut off".to_owned() });
    }
    Ok(Standing::Store)
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(100);
    File::open(path)?.take(100).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// True if the file is shorter than it says, and no writer is at work or was interrupted: SQLite mends what one left
/// behind from the journal beside the file, and until then the length means nothing.
fn is_cut_off(path: &Path) -> io::Result<bool> {
    let bytes = first_bytes(path)?;
    let expected = bytes.first_chunk().map_or(u64::MAX, |bytes| Header(bytes).expected_length());
    Ok(fs::metadata(path)?.len() < expected && !has_journal(path))
}

fn has_journal(path: &Path) -> bool {
    ["-wal", "-journal"].into_iter().any(|suffix| {
        let mut journal = path.as_os_str().to_owned();
        journal.push(suffix);
        fs::metadata(journal).is_ok_and(|metadata| metadata.len() > 0)
    })
}

/// The first hundred bytes of a database file, as section 1.3 of SQLite's file format describes them.
struct Header<'a>(&'a [u8; 100]);

impl Header<'_> {
    const MAGIC: &'static [u8] = b"SQLite format 3\0";

    fn application_id(&self) -> i32 {
        i32::from_be_bytes(self.four_bytes(68))
    }

    fn version(&self) -> i32 {
        i32::from_be_bytes(self.four_bytes(60))
    }

    /// Bytes the file should have. Its page size has two bytes, in which 1 stands for 65,536.
    fn expected_length(&self) -> u64 {
        let page = match u16::from_be_bytes([self.0[16], self.0[17]]) {
            1 => 65_536,
            size => u64::from(size),
        };
        page * u64::from(u32::from_be_bytes(self.four_bytes(28)))
    }

    fn four_bytes(&self, at: usize) -> [u8; 4] {
        [self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]]
    }
}
