//! How many pages all clients of a factory have had so far: for whoever tells how far a scan is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts requests of all clients of a factory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    asked: AtomicU64,
    recalled: AtomicU64,
}

impl Meter {
    /// Requests that were answered, or not, since the factory was made; tries again count for themselves.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// Pages that a scan which was broken off had read already.
    #[must_use]
    pub fn recalled(&self) -> u64 {
        self.0.recalled.load(Ordering::Relaxed)
    }

    pub(super) fn ask(&self) {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn recall(&self, pages: usize) {
        self.0.recalled.fetch_add(u64::try_from(pages).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
