//! Where scans are kept: snapshots, findings with their history, and the accepted baseline, all in one SQLite file.
//! A scan is committed whole or not at all, and a resource that did not change costs no second copy.
//!
//! What the values mean is the model's affair; here they are JSON beside the few columns they are found by. Calls
//! block: whoever lives in async code moves them to a thread of their own.

mod sqlite;

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

pub use sqlite::{FindingStream, Journal, ScanLock, Store, Timeline};

use crate::digest::Digest;
use crate::model::{
    Change, ChannelName, Dispatch, Expiry, Finding, Resource, RuleId, RuleSummary, Snapshot, SnapshotHead, SnapshotId,
    Tally, Transition, WaiverUse,
};

/// What ends on a day, made one after the other while it is written: of large estates that is too much to hold. Each id once.
pub type EachExpiry<'a> = &'a dyn Fn() -> Box<dyn Iterator<Item = Expiry> + 'a>;

/// All that one scan leaves behind.
#[derive(Clone, Copy)]
pub struct ScanRecord<'a> {
    /// The store's latest snapshot when this scan read its findings; `None` if there was none. Should another scan
    /// have been committed since, this one was judged by an outdated past and is refused.
    pub after: Option<SnapshotId>,
    /// The record of the scan. Its number and its digest are filled in by the store.
    pub head: &'a SnapshotHead,
    /// What was seen, what was carried, and the ledger.
    pub snapshot: &'a Snapshot,
    /// What changed, in the order in which it is to be given back. `Change::before` is not kept.
    pub changes: &'a [Change],
    /// Findings as they stand after this scan: all, or those that are not as they were. The rest stays as it is.
    pub findings: &'a [Finding],
    /// The steps that findings took in this scan.
    pub transitions: &'a [Transition],
    /// How each rule fared.
    pub tallies: &'a BTreeMap<RuleId, Tally>,
    /// The rules that judged.
    pub rules: &'a [RuleSummary],
    /// The waivers and what they did.
    pub waivers: &'a [WaiverUse],
    /// What is to be told of it: the outbox takes it in the same transaction.
    pub dispatch: &'a Dispatch,
    /// What ends on a day, instead of what was known before; `None` leaves that.
    pub expiries: Option<EachExpiry<'a>>,
    /// The run that this scan was, which thereby ends.
    pub run: Option<RunRecord>,
}

/// How a run ends with its scan.
#[derive(Debug, Clone, Copy)]
pub struct RunRecord {
    /// The run's number.
    pub id: i64,
    /// True if it was stopped at its deadline: what it had read is kept for the next one.
    pub stopped: bool,
}

/// A page of a listing as the journal keeps it: when it was read, and its rows in a form that its writer knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPage {
    /// When it was read.
    pub read_at: DateTime<Utc>,
    /// The rows.
    pub body: Vec<u8>,
}

/// What the journal keeps of one listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalWalk {
    /// Its pages from the first on, without a hole.
    pub pages: Vec<JournalPage>,
    /// How it ended; `None` if it was broken off.
    pub ending: Option<Vec<u8>>,
}

/// A resource as it lies in the store.
#[derive(Debug, Clone, Copy)]
pub struct StoredResource<'a> {
    /// Its id.
    pub id: &'a str,
    /// The digest that it was committed with.
    pub digest: Digest,
    /// True if it was out of sight and carried along.
    pub carried: bool,
    /// Its JSON.
    body: &'a str,
}

impl StoredResource<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// If it is none that this keyroll can read.
    pub fn read(&self) -> serde_json::Result<Resource> {
        let mut resource: Resource = serde_json::from_str(self.body)?;
        resource.tighten();
        Ok(resource)
    }
}

/// How a resource was known for some scans, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The first scan that knew it so. It may have been removed since; its record stays.
    pub first: SnapshotId,
    /// The last one; `None`: it is still known so.
    pub last: Option<SnapshotId>,
    /// As it was known.
    pub resource: Resource,
}

/// In which of the snapshots that are kept a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The first that has it.
    pub first: SnapshotId,
    /// The last in which something of it was seen.
    pub seen: SnapshotId,
    /// The last that has it, be it only carried along.
    pub last: SnapshotId,
}

/// A channel that failed again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    /// The channel.
    pub channel: ChannelName,
    /// Failures in a row.
    pub failures: u32,
    /// Until when it is left in peace; `None` if it is not.
    pub open_until: Option<DateTime<Utc>>,
}

/// Why the store could not do what it was asked. Whatever it is, the store is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such file.
    #[error("store `{}` does not exist: there was no scan yet", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be made, or its first bytes cannot be read.
    #[error("cannot {doing} store `{}`", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `create` or `read`.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The path leads to a folder or a device.
    #[error("store `{}` is not a file", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// It is some other program's file, or its first bytes were overwritten.
    #[error("file `{}` is not a keyroll store, or its beginning is damaged", .path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// A later keyroll has written it.
    #[error("store `{}` has version {found}, and this keyroll reads up to version {known}: use a newer keyroll", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
        /// The latest version we know.
        known: i32,
    },
    /// It is ours, but parts of it are missing or make no sense.
    #[error("store `{}` is damaged: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A stored snapshot is not what was committed.
    #[error("store `{}` was altered: {part} of snapshot {snapshot} is not what was committed", .path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// The snapshot.
        snapshot: SnapshotId,
        /// The part that does not fit its digest.
        part: String,
    },
    /// Another process is writing and did not finish in time.
    #[error("store `{}` is in use by another process", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder may not be read and written.
    #[error("no right to read and write store `{}` and the folder it lies in", .path.display())]
    NoAccess {
        /// The file.
        path: PathBuf,
    },
    /// Another process is scanning into this store.
    #[error("another scan into store `{}` is under way", .path.display())]
    ScanUnderWay {
        /// The file.
        path: PathBuf,
    },
    /// Another scan was committed since this one read the store.
    #[error("another scan was committed to store `{}` while this one ran: scan again", .path.display())]
    Overtaken {
        /// The file.
        path: PathBuf,
    },
    /// The snapshot was never committed, or is not kept any more.
    #[error("store `{}` has no snapshot {snapshot}", .path.display())]
    NoSnapshot {
        /// The file.
        path: PathBuf,
        /// The snapshot that was asked for.
        snapshot: SnapshotId,
    },
    /// Something rests on the snapshot, so that it cannot be removed.
    #[error("snapshot {snapshot} of store `{}` is the latest or a baseline, and stays", .path.display())]
    Needed {
        /// The file.
        path: PathBuf,
        /// The snapshot.
        snapshot: SnapshotId,
    },
    /// Anything else that the database refuses: a full disk, a failing one.
    #[error("store `{}` failed", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why, in the database's words.
        source: Box<dyn Error + Send + Sync>,
    },
}
