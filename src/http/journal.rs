//! What a scan has read so far, page by page, so that one that was killed goes on where it was.
//!
//! What is kept of a page are its rows as they were read, in a form without names: whatever the shapes of rows have no
//! field for was dropped before. A walk that had come to its end is not made again. One that had not is taken up where
//! its pages name their successors: the page that came last is asked for once more, and only if it is what it was does
//! the walk go on behind it. Anything else begins from the front: rows that are counted by their place may have moved.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::paging::{Page, Paging, Position};
use super::{HttpError, Method, Request};
use crate::digest::Digest;

/// Where pages are kept until their scan is over. It may lose what it was given last, and never makes anything up.
///
/// Nothing here fails: what cannot be kept is asked for again.
pub trait Journal: fmt::Debug + Send + Sync {
    /// What is kept of a walk of a source.
    fn recall(&self, walk: Digest) -> Kept;
    /// Keeps the page with this number, the first being 0.
    fn keep(&self, source: &str, walk: Digest, number: u32, page: Leaf);
    /// Keeps that the walk came to its end, and how.
    fn conclude(&self, source: &str, walk: Digest, ending: Vec<u8>, ended_at: DateTime<Utc>);
    /// Keeps nothing of a walk any more.
    fn forget(&self, walk: Digest);
}

/// One page as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// When it was read.
    pub read_at: DateTime<Utc>,
    /// Where it stands and what it holds.
    pub bytes: Vec<u8>,
}

/// What is kept of one walk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its pages from the first on, without a hole.
    pub leaves: Vec<Leaf>,
    /// How it ended; `None` if it was broken off.
    pub ending: Option<Vec<u8>>,
}

/// The journal that all clients of a factory write to, while there is one. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<RwLock<Option<Arc<dyn Journal>>>>);

impl Memory {
    /// From here on pages are kept.
    pub fn open(&self, journal: Arc<dyn Journal>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(journal);
    }

    /// From here on no page is kept or recalled.
    pub fn close(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The place of one walk in the journal; `None` if there is no journal.
    pub(super) fn shelf(&self, reader: &Reader, first: &Request, paging: &Paging) -> Option<Shelf> {
        let journal = self.0.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let method = match first.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let asked = (method, &first.path, &first.query, &first.body, first.accept, first.headers);
        let walk = Digest::of(&(reader, asked, format!("{paging:?}")));
        Some(Shelf { journal, source: reader.source.clone(), walk })
    }
}

/// Who reads what: another one may be shown something else.
#[derive(Debug, Serialize)]
pub(super) struct Reader {
    pub(super) source: String,
    pub(super) base_url: String,
    /// The user or client that asks; empty where the credential has no name.
    pub(super) user: String,
}

/// The place of one walk in the journal.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    journal: Arc<dyn Journal>,
    source: String,
    walk: Digest,
}

/// A page as it is taken out again.
#[derive(Debug)]
pub(super) struct Sheet<Row> {
    pub(super) position: Position,
    pub(super) rows: Vec<Row>,
    /// True if it was taken out of the journal: there it stays as it is, with the time at which it was read.
    pub(super) recalled: bool,
}

/// The pages of an earlier walk.
#[derive(Debug)]
pub(super) struct Recalled<Row> {
    pub(super) sheets: Vec<Sheet<Row>>,
    /// When the first of them was read.
    pub(super) since: DateTime<Utc>,
    /// How the walk ended, if it did.
    pub(super) ending: Option<Ending>,
}

/// How a walk ended that came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ending {
    /// How many pages there are: all of them, or the walk had no end.
    pub(super) pages: u32,
    pub(super) expected: Option<u64>,
    pub(super) resume: Option<String>,
    pub(super) last_cursor: Option<String>,
}

impl Shelf {
    /// What an earlier walk had read. What cannot be read any more is as good as not kept.
    pub(super) fn recall<Row: DeserializeOwned>(&self) -> Option<Recalled<Row>> {
        let kept = self.journal.recall(self.walk);
        let since = kept.leaves.first()?.read_at;
        let sheets = kept.leaves.iter().map(|leaf| {
            let (position, rows) = postcard::from_bytes(&leaf.bytes).ok()?;
            Some(Sheet { position, rows, recalled: true })
        });
        let sheets = sheets.collect::<Option<Vec<_>>>()?;
        let ending: Option<Ending> = match kept.ending {
            Some(bytes) => Some(postcard::from_bytes(&bytes).ok()?),
            None => None,
        };
        if ending.as_ref().is_some_and(|ending| usize::try_from(ending.pages) != Ok(sheets.len())) {
            return None;
        }
        Some(Recalled { sheets, since, ending })
    }

    /// Keeps a page.
    pub(super) fn keep<Row: Serialize>(&self, number: u32, page: &Sheet<Row>, read_at: DateTime<Utc>) {
        if let Ok(bytes) = postcard::to_stdvec(&(&page.position, &page.rows)) {
            self.journal.keep(&self.source, self.walk, number, Leaf { read_at, bytes });
        }
    }

    /// Keeps how the walk ended.
    pub(super) fn conclude(&self, ending: &Ending, ended_at: DateTime<Utc>) {
        if let Ok(bytes) = postcard::to_stdvec(ending) {
            self.journal.conclude(&self.source, self.walk, bytes, ended_at);
        }
    }

    /// Begins from the front.
    pub(super) fn forget(&self) {
        self.journal.forget(self.walk);
    }
}

impl<Row: Serialize> Sheet<Row> {
    /// Whether a page that was asked for again is what it was: the same rows, and the same place in the walk. A cursor
    /// may be spelt anew each time, so of the next page only that there is one must be the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let place = |position: &Position| (position.next.is_some(), position.is_last, position.total);
        let rows = |rows: &[Row]| postcard::to_stdvec(rows).ok();
        place(&self.position) == place(&other.position) && rows(&self.rows) == rows(&other.rows)
    }
}

impl<Row> Sheet<Row> {
    pub(super) fn of(page: impl Page<Row = Row>) -> Self {
        Self { position: page.position(), rows: page.into_rows(), recalled: false }
    }
}

/// Whether an error says that the server no longer knows the place that was asked for.
pub(super) fn lost_its_place(error: &HttpError) -> bool {
    matches!(error, HttpError::Missing { .. } | HttpError::Status { status: 400..=499, .. } | HttpError::Refused { .. })
}
