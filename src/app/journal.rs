//! Carries the pages that sources read into the journal beside the store, and back when a scan goes on where another one
//! was broken off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};

use crate::digest::Digest;
use crate::http::{self, Kept, Leaf};
use crate::store::{self, JournalPage, StoreError};

/// The journal of a run. Once it cannot be written, the scan goes on without it, and says so once.
#[derive(Debug)]
pub(super) struct Pages {
    journal: store::Journal,
    lost: AtomicBool,
}

impl Pages {
    pub(super) fn of(journal: store::Journal) -> Arc<Self> {
        Arc::new(Self { journal, lost: AtomicBool::new(false) })
    }

    /// Removes what was read, now that it is in a snapshot.
    pub(super) fn remove(self: Arc<Self>) {
        let Some(pages) = Arc::into_inner(self) else { return };
        if let Err(error) = pages.journal.remove() {
            tracing::warn!(error = %error, "what was read stays in the journal until the next scan");
        }
    }

    fn try_to<T: Default>(&self, act: impl FnOnce(&store::Journal) -> Result<T, StoreError>) -> T {
        if self.lost.load(Ordering::Relaxed) {
            return T::default();
        }
        act(&self.journal).unwrap_or_else(|error| {
            if !self.lost.swap(true, Ordering::Relaxed) {
                tracing::warn!(error = %error, "the journal cannot be used: a scan that is stopped will begin from the front");
            }
            T::default()
        })
    }
}

impl http::Journal for Pages {
    fn recall(&self, walk: Digest) -> Kept {
        let walk = self.try_to(|journal| journal.recall(walk));
        let leaf = |JournalPage { read_at, body }| Leaf { read_at, bytes: body };
        Kept { leaves: walk.pages.into_iter().map(leaf).collect(), ending: walk.ending }
    }

    fn keep(&self, source: &str, walk: Digest, number: u32, page: Leaf) {
        let page = JournalPage { read_at: page.read_at, body: page.bytes };
        self.try_to(|journal| journal.keep(source, walk, number, &page));
    }

    fn conclude(&self, source: &str, walk: Digest, ending: Vec<u8>, ended_at: DateTime<Utc>) {
        let ending = JournalPage { read_at: ended_at, body: ending };
        self.try_to(|journal| journal.conclude(source, walk, &ending));
    }

    fn forget(&self, walk: Digest) {
        self.try_to(|journal| journal.forget(walk));
    }
}
