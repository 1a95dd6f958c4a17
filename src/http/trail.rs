//! What happened while one endpoint was read. A trail only counts; what the numbers mean for the
//! coverage ledger is for the source to say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// The raw numbers of one endpoint's ledger entry. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Trail(Arc<Mutex<Counts>>);

/// The numbers on a [`Trail`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests sent, those tried again included.
    pub requests: u32,
    /// Answers that were a page (or the only answer) and could be read.
    pub pages: u32,
    /// How often each HTTP status came.
    pub statuses: BTreeMap<u16, u32>,
    /// Requests that were sent again.
    pub retries: u32,
    /// Pages among them that a stopped scan had read already.
    pub recalled: u32,
    /// When the first of those was read, if there is one.
    pub since: Option<DateTime<Utc>>,
}

impl Trail {
    /// The numbers so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts pages that a stopped scan had read, from a moment on.
    pub(super) fn recall(&self, pages: usize, since: DateTime<Utc>) {
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        self.note(|counts| {
            counts.requests += pages;
            counts.pages += pages;
            counts.recalled += pages;
            *counts.statuses.entry(200).or_default() += pages;
            counts.since = Some(counts.since.map_or(since, |known| known.min(since)));
        });
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
