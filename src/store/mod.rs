//! Where scans are kept: snapshots, findings with their history, and the accepted baseline, in one SQLite file or in a
//! PostgreSQL database. A scan is committed whole or not at all, and a resource that did not change costs no second copy.
//!
//! What the values mean is the model's affair; here they are JSON beside the few columns they are found by. Calls
//! block: whoever lives in async code moves them to a thread of their own.
//!
//! `commit` writes a scan, `resources` keeps what stays the same once, `snapshots`, `findings` and, night after night,
//! `timeline` read; `stream` reads findings one by one. `outbox` keeps what is to be told, `reviews` what people decide on
//! access, `runs` when scans began and ended; `journal` keeps what one under way has read, `shares` what several machines have,
//! and `prune` takes out what nobody needs. All of them ask a `database`, whatever kind it is.

mod commit;
mod copy;
mod database;
mod findings;
mod journal;
mod location;
mod outbox;
#[cfg(feature = "postgres")]
mod postgres;
mod prune;
mod resources;
mod reviews;
mod runs;
mod shares;
mod snapshots;
mod sqlite;
mod stream;
mod timeline;

use std::any::Any;
use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

pub use copy::{Copied, copy};
pub use journal::Journal;
pub use location::{Address, Location};
#[cfg(feature = "postgres")]
pub use postgres::queue::{Claim, Done, Hands, Job, Queue, Standing, Step};
pub use shares::{NewShared, Share, SharedRun};
pub use stream::FindingStream;
pub use timeline::Timeline;

use self::database::Database;
#[cfg(feature = "postgres")]
use self::postgres::Postgres;
use self::sqlite::Sqlite;
use crate::digest::Digest;
use crate::model::{
    Change, ChannelName, Dispatch, Expiry, Finding, Resource, RuleId, RuleSummary, Snapshot, SnapshotHead, SnapshotId,
    Tally, Transition, WaiverUse,
};

/// Scans, findings and baselines. One connection: send it to the thread that works with it.
#[derive(Debug)]
pub struct Store {
    database: Database,
}

/// What lies at the place of a store.
#[derive(Debug)]
pub enum Condition {
    /// Nothing: the first scan makes the store.
    Missing,
    /// A store of an older shape: whatever opens it next brings it into ours.
    Older,
    /// A store that can be read and written.
    Ready(Store),
}

/// Held while a scan runs; dropping it lets the next one begin.
pub struct ScanLock {
    _held: Box<dyn Any + Send>,
}

impl Store {
    /// Opens the store at a place, and makes it if there is none.
    ///
    /// # Errors
    /// If it cannot be made, is not a store of ours, is newer, damaged or emptied (it is then left untouched), or is in
    /// use for too long.
    pub fn create_or_open(at: impl Into<Location>) -> Result<Self, StoreError> {
        Ok(Self {
            database: match at.into() {
                Location::File(path) => Database::new(Sqlite::create_or_open(&path)?),
                #[cfg(feature = "postgres")]
                Location::Postgres(address) => Database::new(Postgres::create_or_open(&address)?),
                #[cfg(not(feature = "postgres"))]
                Location::Postgres(address) => return Err(not_built_in(&address)),
            },
        })
    }

    /// Opens a store that exists.
    ///
    /// # Errors
    /// `Missing` if it does not exist; otherwise as for [`Store::create_or_open`].
    pub fn open(at: impl Into<Location>) -> Result<Self, StoreError> {
        Ok(Self {
            database: match at.into() {
                Location::File(path) => Database::new(Sqlite::open(&path)?),
                #[cfg(feature = "postgres")]
                Location::Postgres(address) => Database::new(Postgres::open(&address)?),
                #[cfg(not(feature = "postgres"))]
                Location::Postgres(address) => return Err(not_built_in(&address)),
            },
        })
    }

    /// Opens a store on a server, which may be away for half a minute: for whoever nobody watches.
    ///
    /// # Errors
    /// As for [`Store::open`].
    #[cfg(feature = "postgres")]
    pub fn open_patiently(address: &Address) -> Result<Self, StoreError> {
        Ok(Self { database: Database::new(Postgres::open_patiently(address)?) })
    }

    /// Finds out what lies at a place and whether it could be written to, and changes nothing: not even its shape.
    ///
    /// # Errors
    /// As for [`Store::open`], but that nothing may be there.
    pub fn examine(at: &Location) -> Result<Condition, StoreError> {
        match at {
            Location::File(path) => Ok(match Sqlite::examine(path)? {
                sqlite::Found::Nothing => Condition::Missing,
                sqlite::Found::Older => Condition::Older,
                sqlite::Found::Ready(ready) => Condition::Ready(Self { database: Database::new(ready) }),
            }),
            Location::Postgres(_) => match Self::open(at.clone()) {
                Ok(store) => Ok(Condition::Ready(store)),
                Err(StoreError::Missing { .. }) => Ok(Condition::Missing),
                Err(error) => Err(error),
            },
        }
    }

    /// A store that is gone when it is dropped: for tests and trials.
    ///
    /// # Errors
    /// If memory is short.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        Ok(Self { database: Database::new(Sqlite::open_in_memory()?) })
    }

    /// Takes the right to scan into this store.
    ///
    /// # Errors
    /// `ScanUnderWay` if somebody else has it, or what keeps it from being taken.
    pub fn lock_for_scan(&self) -> Result<ScanLock, StoreError> {
        Ok(ScanLock { _held: self.database.backend().lock_for_scan()? })
    }

    /// What it is called in messages.
    pub fn place(&self) -> &Path {
        self.database.place()
    }
}

/// The statements that make the roles of a PostgreSQL store, for whoever administers the database.
pub const ROLES: &str = include_str!("migrations/postgres/roles.sql");

/// Brings a PostgreSQL store into the shape that this keyroll needs, and the queue beside it. A store in a file needs nobody to do so.
///
/// # Errors
/// If the role may not, the store is newer, or it cannot be reached.
pub fn migrate(at: &Location) -> Result<(), StoreError> {
    match at {
        Location::File(_) => Store::create_or_open(at).map(drop),
        #[cfg(feature = "postgres")]
        Location::Postgres(address) => Postgres::migrate(address),
        #[cfg(not(feature = "postgres"))]
        Location::Postgres(address) => Err(not_built_in(address)),
    }
}

/// A database cannot be reached by a program that was built without the means.
#[cfg(not(feature = "postgres"))]
fn not_built_in(address: &Address) -> StoreError {
    StoreError::NotBuiltIn { path: address.to_string().into() }
}

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
    /// There is no such file, or no store in the database.
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
    /// This keyroll was built without what it takes to reach it.
    #[error("store `{}` is a PostgreSQL database, and this keyroll was built without `--features postgres`", .path.display())]
    NotBuiltIn {
        /// The address.
        path: PathBuf,
    },
    /// The server does not let us in, or not do what we want; or it did not prove who it is.
    #[error("store `{}` refused: {what}", .path.display())]
    Refused {
        /// The address.
        path: PathBuf,
        /// Why, mostly in the server's words.
        what: String,
    },
    /// It has an older shape, and we may not bring it to ours.
    #[error(
        "store `{}` has version {found}, and this keyroll needs version {known}: run `keyroll store migrate` as a role in \
         `keyroll_owner` ({what})",
        .path.display()
    )]
    Behind {
        /// The address.
        path: PathBuf,
        /// Its version; 0 if it has no tables yet.
        found: i32,
        /// The version it needs.
        known: i32,
        /// Why we may not.
        what: String,
    },
    /// Another store was being copied into it, and that is not done.
    #[error("store `{}` is not whole: `keyroll store copy` into it has not come to its end", .path.display())]
    Unfinished {
        /// The place.
        path: PathBuf,
    },
    /// A store is copied into a new one only.
    #[error("store `{}` exists, and something is in it: a copy needs a new store", .path.display())]
    NotEmpty {
        /// The place.
        path: PathBuf,
    },
    /// What has arrived of a copy is not what was sent.
    #[error("store `{}` does not have what was copied into it: table `{table}` differs", .path.display())]
    Differs {
        /// The place.
        path: PathBuf,
        /// The table.
        table: &'static str,
    },
    /// The server is gone or went on to something else in the middle of the work. It was tried several times.
    #[error("store `{}` was interrupted", .path.display())]
    Interrupted {
        /// The address.
        path: PathBuf,
        /// Why, in the server's or the system's words.
        source: Box<dyn Error + Send + Sync>,
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
