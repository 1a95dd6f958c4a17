//! The words for what cannot be told: which field it is, and which gap of the ledger explains it.

use std::collections::HashMap;
use std::sync::Arc;

use super::condition::{Cause, NamedPath, Place, Why};
use super::fields::neighbours_of;
use crate::model::{Coverage, Kind, LedgerEntry};

/// The reasons of one rule that were needed so far: each is put into words once.
#[derive(Default)]
pub(super) struct Reasons {
    known: HashMap<Why, Arc<str>>,
}

impl Reasons {
    /// The words for a reason.
    pub(super) fn words(&mut self, why: Why, kind: Kind, paths: &[NamedPath], coverage: Coverage<'_>) -> Arc<str> {
        let words = self.known.entry(why).or_insert_with(|| describe(why, kind, paths, coverage).into());
        Arc::clone(words)
    }
}

fn describe(why: Why, kind: Kind, paths: &[NamedPath], coverage: Coverage<'_>) -> String {
    let path = paths.get(usize::from(why.path)).expect("internal: a reason names a path of its rule");
    let NamedPath { text, place, field } = path;
    let name = text.split('.').next().unwrap_or("");
    match why.cause {
        Cause::Untold => {
            let mut kinds = field.needs.to_vec();
            kinds.extend(field.of.filter(|of| !field.needs.contains(of)));
            let gap = explain(&kinds, coverage, "");
            let behind = if gap.is_empty() { gap } else { format!(", or it is behind a gap: {gap}") };
            format!("`{text}` is not known: the source does not reveal it{behind}")
        }
        Cause::Absent => format!("`{text}` has no value"),
        Cause::NeighbourUntold => {
            format!("`{name}` is not known: {}", explain(&[kind], coverage, "the source does not reveal it"))
        }
        Cause::NoNeighbour => format!("there is no `{name}`"),
        Cause::NeighbourUnseen => {
            let kinds: Vec<Kind> = neighbours_of(kind)
                .filter(|neighbour| Place::Neighbour(neighbour.slot) == *place)
                .map(|neighbour| neighbour.kind)
                .collect();
            format!("`{name}` was not seen: {}", explain(&kinds, coverage, "no source shows it"))
        }
        Cause::NothingBefore => "it is not known how it was before".to_owned(),
    }
}

fn explain(kinds: &[Kind], coverage: Coverage<'_>, otherwise: &str) -> String {
    let mut gaps = coverage.gaps().filter(|gap| kinds.iter().any(|kind| gap.shows.contains(kind)));
    match (gaps.next().map(LedgerEntry::gap_text), gaps.count()) {
        (None, _) => otherwise.to_owned(),
        (Some(gap), 0) => gap,
        (Some(gap), more) => format!("{gap} (and {})", crate::text::plural(more, "more gap", "more gaps")),
    }
}
