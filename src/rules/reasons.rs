//! The words for what cannot be told: which field it is, and which gap of the ledger explains it.

use std::collections::HashMap;
use std::sync::Arc;

use super::condition::{Cause, NamedPath, Place, Why};
use super::fields::{Need, neighbours_of};
use crate::model::{Coverage, Kind, LedgerEntry, Missing, Resource, Sighting};

/// The reasons of one rule that were needed so far: each is put into words once.
#[derive(Default)]
pub(super) struct Reasons {
    known: HashMap<Why, Arc<str>>,
}

impl Reasons {
    /// The words for a reason.
    pub(super) fn words(&mut self, why: Why, kind: Kind, paths: &[NamedPath], coverage: Coverage<'_>) -> Arc<str> {
        let words = self.known.entry(why).or_insert_with(|| {
            let path = named(why, paths);
            let needs = needs(why, kind, path);
            let gaps = coverage.gaps().filter(|gap| needs.iter().any(|(kind, forms)| gap.can_show(*kind, forms)));
            describe(why, path, &gaps.collect::<Vec<_>>()).into()
        });
        Arc::clone(words)
    }
}

/// What is missing of one resource, and the gaps behind which it may be: an endpoint that shows other forms only hides
/// nothing of it.
pub(super) fn missing(why: Why, resource: &Resource, paths: &[NamedPath], coverage: Coverage<'_>) -> Missing {
    let path = named(why, paths);
    let own: Vec<&str> = resource.body.form().into_iter().collect();
    let of_itself = why.cause == Cause::NeighbourUntold || path.place == Place::Subject;
    let needs = needs(why, resource.kind(), path);
    let is_needed = |gap: &LedgerEntry| {
        needs.iter().any(|(kind, forms)| match forms.is_empty() && of_itself && *kind == resource.kind() {
            true => gap.can_show(*kind, &own),
            false => gap.can_show(*kind, forms),
        })
    };
    let gaps: Vec<&LedgerEntry> = coverage.gaps().filter(|gap| is_needed(gap)).collect();
    Missing {
        path: path.text.clone(),
        words: describe(why, path, &gaps).into(),
        nothing: matches!(why.cause, Cause::Absent | Cause::NoNeighbour),
        behind: gaps
            .iter()
            .map(|gap| Sighting { source: gap.source.clone(), endpoint: Arc::clone(&gap.endpoint) })
            .collect(),
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
        Cause::Absent | Cause::NoNeighbour | Cause::NothingBefore | Cause::Unseen => Vec::new(),
    }
}

fn describe(why: Why, path: &NamedPath, gaps: &[&LedgerEntry]) -> String {
    let NamedPath { text, field, .. } = path;
    let name = text.split('.').next().unwrap_or("");
    match why.cause {
        Cause::Untold => {
            let gap = explain(gaps, "");
            let behind = if gap.is_empty() { gap } else { format!(", or it is behind a gap: {gap}") };
            let untold = if field.derived { NOT_WORKED_OUT } else { "the source does not reveal it" };
            format!("`{text}` is not known: {untold}{behind}")
        }
        Cause::Absent => format!("`{text}` has no value"),
        Cause::NeighbourUntold => {
            format!("`{name}` is not known: {}", explain(gaps, "the source does not reveal it"))
        }
        Cause::NoNeighbour => format!("there is no `{name}`"),
        Cause::NeighbourUnseen => {
            format!("`{name}` was not seen: {}", explain(gaps, "no source shows it"))
        }
        Cause::NothingBefore => "it is not known how it was before".to_owned(),
        Cause::Unseen => "the scan did not see it".to_owned(),
    }
}

/// Of a field that keyroll works out itself no source can be asked.
const NOT_WORKED_OUT: &str = "not all that it is worked out from was told";

const NO_FORMS: &[&str] = &[];

fn explain(gaps: &[&LedgerEntry], otherwise: &str) -> String {
    match gaps {
        [] => otherwise.to_owned(),
        [gap] => gap.gap_text(),
        [gap, more @ ..] => {
            format!("{} (and {})", gap.gap_text(), crate::text::plural(more.len(), "more gap", "more gaps"))
        }
    }
}
