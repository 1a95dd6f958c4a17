//! The words for what cannot be told: which field it is, and which gap of the ledger explains it.

use std::collections::HashMap;
use std::sync::Arc;

use super::condition::{Cause, NamedPath, Place, Why};
use super::fields::{Need, neighbours_of};
use crate::model::{Coverage, Kind, LedgerEntry, Missing, Sighting};

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

/// What is missing, and the gaps behind which it may be.
pub(super) fn missing(why: Why, kind: Kind, paths: &[NamedPath], coverage: Coverage<'_>) -> Missing {
    let needs = needs(why, kind, named(why, paths));
    let gaps = coverage.gaps().filter(|gap| needs.iter().any(|(kind, forms)| gap.can_show(*kind, forms)));
    Missing {
        path: named(why, paths).text.clone(),
        words: describe(why, kind, paths, coverage).into(),
        nothing: matches!(why.cause, Cause::Absent | Cause::NoNeighbour),
        behind: gaps.map(|gap| Sighting { source: gap.source.clone(), endpoint: Arc::clone(&gap.endpoint) }).collect(),
    }
}

fn named(why: Why, paths: &[NamedPath]) -> &NamedPath {
    paths.get(usize::from(why.path)).expect("internal: a reason names a path of its rule")
}

/// The resources that would have to be seen for a reason to fall away.
fn needs(why: Why, kind: Kind, path: &NamedPath) -> Vec<Need> {
    let NamedPath { place, field, .. } = path;
    match why.cause {
        Cause::Untold => {
            let mut needs = field.needs.to_vec();
            needs.extend(field.of.filter(|of| !needs.iter().any(|(kind, _)| kind == of)).map(|of| (of, NO_FORMS)));
            needs
        }
        Cause::NeighbourUntold => vec![(kind, NO_FORMS)],
        Cause::NeighbourUnseen => neighbours_of(kind)
            .filter(|neighbour| Place::Neighbour(neighbour.slot) == *place)
            .map(|neighbour| (neighbour.kind, NO_FORMS))
            .collect(),
        Cause::Absent | Cause::NoNeighbour | Cause::NothingBefore => Vec::new(),
    }
}

fn describe(why: Why, kind: Kind, paths: &[NamedPath], coverage: Coverage<'_>) -> String {
    let path = named(why, paths);
    let NamedPath { text, .. } = path;
    let name = text.split('.').next().unwrap_or("");
    let needs = needs(why, kind, path);
    match why.cause {
        Cause::Untold => {
            let gap = explain(&needs, coverage, "");
            let behind = if gap.is_empty() { gap } else { format!(", or it is behind a gap: {gap}") };
            format!("`{text}` is not known: the source does not reveal it{behind}")
        }
        Cause::Absent => format!("`{text}` has no value"),
        Cause::NeighbourUntold => {
            format!("`{name}` is not known: {}", explain(&needs, coverage, "the source does not reveal it"))
        }
        Cause::NoNeighbour => format!("there is no `{name}`"),
        Cause::NeighbourUnseen => {
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
