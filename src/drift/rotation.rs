//! A credential that went and one that came with the same owner, form and label are one credential that was rotated.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::fields::{self, Witnesses};
use crate::model::{Body, Change, Credential, CredentialForm, Kind, Resource, ResourceId, Snapshot, What};

/// Makes one change of each credential that was replaced. Where several of the same place went and came, the oldest
/// is taken to be replaced by the oldest; what finds no partner stays removed or added.
pub(super) fn join(changes: Vec<Change>, after: &Snapshot) -> Vec<Change> {
    let pairs = pairs(&changes, after);
    let mut slots: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    for (gone, came) in pairs {
        let gone = slots.get_mut(gone).and_then(Option::take);
        let came = slots.get_mut(came);
        if let (Some(gone), Some(came)) = (gone, came) {
            *came = came.take().map(|came| rotated(gone, came, after));
        }
    }
    slots.into_iter().flatten().collect()
}

fn rotated(gone: Change, came: Change, after: &Snapshot) -> Change {
    let fields = match (&gone.before, after.get(&came.resource)) {
        (Some(old), Some(new)) => fields::differ(old, None, new, &Witnesses::default()).fields,
        (None, _) | (_, None) => Vec::new(),
    };
    Change { what: What::Rotated, fields, replaces: Some(gone.resource), reason: None, before: gone.before, ..came }
}

/// What a credential and its replacement have in common. A credential whose owner is not known, or that has no label,
/// has no place: nobody could say what replaces it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    tenant: &'a str,
    form: CredentialForm,
    owner: Option<&'a ResourceId>,
    label: &'a str,
}

/// A credential that went or came.
struct Move<'a> {
    /// The position of its change.
    at: usize,
    what: What,
    id: &'a ResourceId,
    created_at: Option<DateTime<Utc>>,
}

#[derive(Default)]
struct Moves<'a> {
    gone: Vec<Move<'a>>,
    came: Vec<Move<'a>>,
}

/// The positions of the two changes that are one, for each rotated credential.
fn pairs(changes: &[Change], after: &Snapshot) -> Vec<(usize, usize)> {
    let mut places: BTreeMap<Place<'_>, Moves<'_>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate().filter(|(_, change)| change.resource.kind() == Kind::Credential) {
        let resource = match change.what {
            What::Removed => change.before.as_deref(),
            What::Added | What::FirstSeen => after.get(&change.resource),
            What::Changed | What::Rotated | What::NotObserved => None,
        };
        let Some((place, created_at)) = resource.and_then(place_of) else { continue };
        let moves = places.entry(place).or_default();
        let side = if change.what == What::Removed { &mut moves.gone } else { &mut moves.came };
        side.push(Move { at, what: change.what, id: &change.resource, created_at });
    }
    places.into_values().flat_map(Moves::pair).collect()
}

fn place_of(resource: &Resource) -> Option<(Place<'_>, Option<DateTime<Utc>>)> {
    let Body::Credential(Credential { form, owner, created_at, .. }) = &resource.body else { return None };
    if owner.is_unknown() || resource.name.is_empty() {
        return None;
    }
    let place = Place { tenant: resource.id.tenant(), form: *form, owner: owner.known(), label: &resource.name };
    Some((place, created_at.known().copied()))
}

impl Moves<'_> {
    fn pair(mut self) -> Vec<(usize, usize)> {
        let age = |of: &Move<'_>| (of.created_at.is_none(), of.created_at);
        let oldest_first = |left: &Move<'_>, right: &Move<'_>| (age(left), left.id).cmp(&(age(right), right.id));
        self.gone.sort_by(oldest_first);
        self.came.sort_by(oldest_first);
        let partners = self.gone.into_iter().zip(self.came);
        partners.filter(|(old, new)| new.replaces(old)).map(|(old, new)| (old.at, new.at)).collect()
    }
}

impl Move<'_> {
    /// One that may have been there all the time must at least be younger than the one it is said to replace.
    fn replaces(&self, old: &Self) -> bool {
        self.what == What::Added || self.created_at.zip(old.created_at).is_some_and(|(new, old)| new > old)
    }
}
