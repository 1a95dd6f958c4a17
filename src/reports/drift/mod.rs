//! Drift as people read it: one thing that happened is told once, with what followed from it.

mod blocks;
mod clusters;
mod each;
mod json;
mod page;

pub(super) use blocks::Writer;
pub(super) use clusters::{Cluster, clusters, is_of_the_estate};
pub use each::drift_table;
pub use json::{DRIFT_SCHEMA, drift_json};
pub use page::{drift_gaps, drift_left_out, drift_page};

use super::layout::{Ink, Words, words};
use crate::model::{Change, What};
use crate::text;

/// “2 added”; nothing if there is none.
pub(super) fn count(what: What, changes: &[&Change]) -> Option<Words> {
    let count = changes.iter().filter(|change| change.what == what).count();
    let (ink, said) = match what {
        What::FirstSeen => (Ink::Dim, "seen for the first time (may be old)"),
        What::NotObserved => (Ink::Warn, "out of sight (not gone)"),
        what => (Ink::Dim, what.name()),
    };
    (count > 0).then(|| words(ink, &format!("{} {said}", text::thousands(count))))
}
