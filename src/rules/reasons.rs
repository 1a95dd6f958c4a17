//! The words for what cannot be told: which field it is, and which gap of the ledger explains it.

use std::collections::HashMap;
use std::sync::Arc;

use super::condition::{Cause, NamedPath, Place, Why};
use super::fields::{Need, neighbours_of};
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
            let mut needs = field.needs.to_vec();
            needs.extend(field.of.filter(|of| !needs.iter().any(|(kind, _)| kind == of)).map(|of| (of, NO_FORMS)));
            let gap = explain(&needs, coverage, "");
            let behind = if gap.is_empty() { gap } else { format!(", or it is behind a gap: {gap}") };
            format!("`{text}` is not known: the source does not reveal it{behind}")
        }
        Cause::Absent => format!("`{text}` has no value"),
        Cause::NeighbourUntold => {
            format!(
                "`{name}` is not known: {}",
                explain(&[(kind, NO_FORMS)], coverage, "the source does not reveal it")
            )
        }
        Cause::NoNeighbour => format!("there is no `{name}`"),
        Cause::NeighbourUnseen => {
            let needs: Vec<Need> = neighbours_of(kind)
                .filter(|neighbour| Place::Neighbour(neighbour.slot) == *place)
                .map(|neighbour| (neighbour.kind, NO_FORMS))
                .collect();
            format!("`{name}` was not seen: {}", explain(&needs, coverage, "no source shows it"))
        }
        Cause::NothingBefore => "it is not known how it was before".to_owned(),
    }
}

const NO_FORMS: &[&str] = &[];

fn explain(needs: &[Need], coverage: Coverage<'_>, otherwise: &str) -> String {
    let mut gaps = coverage.gaps().filter(|gap| needs.iter().any(|(kind, forms)| gap.can_show(*kind, forms)));
    match (gaps.next().map(LedgerEntry::gap_text), gaps.count()) {
        (None, _) => otherwise.to_owned(),
        (Some(gap), 0) => gap,
        (Some(gap), more) => format!("{gap} (and {})", crate::text::plural(more, "more gap", "more gaps")),
    }
}
