//! What differs between two snapshots, resource by resource and field by field.
//!
//! A difference counts only if it was seen: what a gap hides is neither gone nor new, and is carried along so that the
//! next comparison starts from what was known. Rules and findings decide what a change means.

mod causes;
mod fields;
mod flapping;
mod noise;
mod rotation;

use std::iter;

pub use fields::differences;
pub use flapping::flapping;
pub use noise::{NOISE, Noise};

use crate::digest::Digest;
use crate::model::{Change, Coverage, Earlier, Kind, Resource, ResourceId, Sighting, Snapshot, What};

/// How a snapshot differs from an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The differences, sorted by resource.
    pub changes: Vec<Change>,
    /// What the later snapshot could not see, as it was known: for its `carried`. Sorted by id.
    pub carried: Vec<Resource>,
}

/// Compares a snapshot with an earlier one. What the earlier one had carried along counts as its own.
///
/// A resource that was out of sight before and is still so is carried on and no change: nothing happened to it.
#[must_use]
pub fn compare(before: &Snapshot, after: &Snapshot) -> Comparison {
    compare_views(View::of(before), after)
}

/// The same where of the earlier snapshot only that is at hand which the later one has not just so.
#[must_use]
pub fn compare_with_earlier(before: &Earlier, after: &Snapshot) -> Comparison {
    compare_views(View::of_earlier(before, after), after)
}

fn compare_views(before: View<'_>, after: &Snapshot) -> Comparison {
    let sight = Sight { before, after: View::of(after) };
    let mut comparison = Comparison::default();
    for row in rows(before, after) {
        match (row.base(), row.now) {
            (Some(base), None) => sight.missing(base, row.last.is_some(), &mut comparison),
            (None, Some((now, _))) => comparison.changes.push(sight.appeared(now)),
            (Some(base), Some((now, _))) if !row.is_same() => sight.met(base, row.last, now, &mut comparison),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    comparison.changes = rotation::join(comparison.changes, after);
    causes::attribute(&mut comparison.changes, after);
    comparison
}

/// What moved by itself between two snapshots: changes of nothing but the fields in [`NOISE`], sorted by resource. They are
/// no drift, and are looked for only if somebody wants to see them.
#[must_use]
pub fn moved_by_itself(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let met = rows(View::of(before), after).filter_map(|row| row.base().zip(row.now));
    let moved = met.filter_map(|(base, (now, _))| {
        let fields = fields::moved_by_itself(base, now);
        (!fields.is_empty()).then(|| Change { fields, ..Change::of(What::Changed, now) })
    });
    moved.collect()
}

type Digested<'a> = (&'a Resource, &'a Digest);

/// Everything that is known about one id.
struct Row<'a> {
    /// As the earlier snapshot carried it along.
    held: Option<&'a Resource>,
    /// As the earlier snapshot saw it.
    last: Option<Digested<'a>>,
    /// As the later snapshot saw it.
    now: Option<Digested<'a>>,
}

impl<'a> Row<'a> {
    /// What to compare with: what was carried along knows more than what was seen.
    fn base(&self) -> Option<&'a Resource> {
        self.held.or(self.last.map(|(last, _)| last))
    }

    fn is_same(&self) -> bool {
        match (self.held, self.last, self.now) {
            (Some(held), _, Some((now, _))) => held == now,
            (None, Some((_, last)), Some((_, now))) => last == now,
            _ => false,
        }
    }
}

/// Walks the three sorted lists side by side.
fn rows<'a>(before: View<'a>, after: &'a Snapshot) -> impl Iterator<Item = Row<'a>> {
    let mut held = before.carried.iter().peekable();
    let mut last = before.resources.iter().zip(before.digests).peekable();
    let mut now = after.resources.iter().zip(&after.digests).enumerate().peekable();
    iter::from_fn(move || {
        let heads = [held.peek().copied(), last.peek().map(|head| head.0), now.peek().map(|head| head.1.0)];
        let id = heads.into_iter().flatten().map(|resource| &resource.id).min()?;
        let now = now.next_if(|head| head.1.0.id == *id);
        let just_so = now.filter(|(at, _)| before.saw_just_so(*at)).map(|(_, now)| now);
        Some(Row {
            held: held.next_if(|head| head.id == *id),
            last: last.next_if(|head| head.0.id == *id).or(just_so),
            now: now.map(|(_, now)| now),
        })
    })
}

/// How completely each side was seen.
#[derive(Clone, Copy)]
struct Sight<'a> {
    before: View<'a>,
    after: View<'a>,
}

/// What one side saw, and how completely.
#[derive(Clone, Copy)]
struct View<'a> {
    resources: &'a [Resource],
    digests: &'a [Digest],
    carried: &'a [Resource],
    coverage: Coverage<'a>,
    /// What it saw just so as it is in another snapshot, by the places there.
    same: &'a [bool],
    there: &'a [Resource],
}

impl<'a> View<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        Self {
            resources: &snapshot.resources,
            digests: &snapshot.digests,
            carried: &snapshot.carried,
            coverage: Coverage(&snapshot.ledger),
            same: &[],
            there: &[],
        }
    }

    fn of_earlier(earlier: &'a Earlier, later: &'a Snapshot) -> Self {
        Self {
            resources: &earlier.others,
            digests: &earlier.digests,
            carried: &earlier.carried,
            coverage: Coverage(&earlier.ledger),
            same: &earlier.same,
            there: &later.resources,
        }
    }

    fn saw_just_so(self, there: usize) -> bool {
        self.same.get(there).copied().unwrap_or(false)
    }

    /// A resource as this side saw it.
    fn get(self, id: &ResourceId) -> Option<&'a Resource> {
        if let Some(own) = find(self.resources, id) {
            return self.resources.get(own);
        }
        let there = find(self.there, id).filter(|at| self.saw_just_so(*at))?;
        self.there.get(there)
    }

    /// A resource as this side knows it, carried along or seen.
    fn known(self, id: &ResourceId) -> Option<&'a Resource> {
        find(self.carried, id).and_then(|at| self.carried.get(at)).or_else(|| self.get(id))
    }

    /// Why this side may have had a resource that its endpoints would have shown: it, or what it is in, was hidden from
    /// the scanning account.
    fn may_have_hidden(self, resource: &Resource, other: Self) -> Option<String> {
        match resource.place().filter(|_| resource.kind() != Kind::Container) {
            Some(place) if self.known(place).is_some() => self.hidden_beside(resource, self.known(place)),
            // What it is in is a container, and has no place to be asked for here.
            Some(place) => self.coverage.may_be_hidden(&other.known(place)?.seen_by),
            None => self.coverage.may_be_hidden(&resource.seen_by),
        }
    }

    /// Why a resource may have been hidden though its place was seen: the endpoint that shows the one is not that which
    /// shows the other, as with an export that lists some of the tokens of an instance.
    fn hidden_beside(self, resource: &Resource, place: Option<&Resource>) -> Option<String> {
        let together = |seen: &Sighting| place.is_some_and(|place| place.seen_by.contains(seen));
        match resource.seen_by.iter().any(together) {
            true => None,
            false => self.coverage.may_be_hidden(&resource.seen_by),
        }
    }

    /// Why this side may have had a resource without seeing it, which the other side knows. What is in something that
    /// this side saw would have been seen with it; where that was not seen either, what it is in is asked, and so on.
    fn why_unseen(self, resource: &Resource, other: Self) -> Option<String> {
        let mut asked: Vec<&ResourceId> = Vec::new();
        let mut resource = resource;
        loop {
            if let Some(gap) = self.coverage.why_unseen(&resource.seen_by) {
                return Some(gap);
            }
            let Some(place) = resource.place() else { return self.coverage.may_be_hidden(&resource.seen_by) };
            if let Some(seen) = self.get(place) {
                return match resource.kind() {
                    Kind::Container => self.coverage.may_be_hidden(&resource.seen_by),
                    _ => self.hidden_beside(resource, Some(seen)),
                };
            }
            // A source may say that two things are in each other; then neither tells more about the other.
            if asked.contains(&place) {
                return self.coverage.may_be_hidden(&resource.seen_by);
            }
            asked.push(place);
            resource = other.known(place)?;
        }
    }
}

impl Sight<'_> {
    /// A resource that was known and did not turn up.
    fn missing(self, base: &Resource, seen_last_time: bool, comparison: &mut Comparison) {
        match self.after.why_unseen(base, self.before) {
            None => {
                let before = Some(Box::new(base.clone()));
                comparison.changes.push(Change { before, ..Change::of(What::Removed, base) });
            }
            Some(reason) => {
                if seen_last_time {
                    comparison.changes.push(Change { reason: Some(reason), ..Change::of(What::NotObserved, base) });
                }
                comparison.carried.push(base.clone());
            }
        }
    }

    /// A resource of which nothing was known. It is new if something that shows it would have shown it before.
    fn appeared(self, now: &Resource) -> Change {
        let was_whole = |sighting: &Sighting| self.before.coverage.why_unseen(std::slice::from_ref(sighting)).is_none();
        let told = now.seen_by.iter().any(was_whole);
        let hidden = if told { self.before.may_have_hidden(now, self.after) } else { None };
        if told && hidden.is_none() {
            return Change::of(What::Added, now);
        }
        let reason = hidden.or_else(|| self.before.coverage.why_unseen(&now.seen_by));
        let reason = reason.map(|gap| format!("before, {gap}"));
        Change { reason, ..Change::of(What::FirstSeen, now) }
    }

    /// A resource that was known and turned up. An endpoint that spoke of it on one side only is no reason for a change
    /// if it was out of sight on the other.
    fn met(self, base: &Resource, last: Option<Digested<'_>>, now: &Resource, comparison: &mut Comparison) {
        let witnesses = fields::Witnesses {
            lost: gap(self.after.coverage, &base.seen_by, &now.seen_by),
            gained: gap(self.before.coverage, &now.seen_by, &base.seen_by).map(|gap| format!("before, {gap}")),
        };
        let last = last.map(|(last, _)| last).filter(|last| *last != base);
        let difference = fields::differ(base, last, now, &witnesses);
        if difference.held.is_some() || witnesses.lost.is_some() {
            let still_its_own = |sighting: &&Sighting| {
                !now.seen_by.contains(sighting)
                    && self.after.coverage.why_unseen(std::slice::from_ref(*sighting)).is_some()
            };
            let mut held = difference.held.unwrap_or_else(|| now.clone());
            held.seen_by.extend(base.seen_by.iter().filter(still_its_own).cloned());
            held.seen_by.sort_unstable();
            comparison.carried.push(held);
        }
        if !difference.fields.is_empty() {
            let before = Some(Box::new(base.clone()));
            let (fields, reason) = (difference.fields, difference.doubt);
            comparison.changes.push(Change { fields, reason, before, ..Change::of(What::Changed, now) });
        }
    }
}

/// Where a resource is in a list that is sorted by id.
fn find(resources: &[Resource], id: &ResourceId) -> Option<usize> {
    resources.binary_search_by(|resource| resource.id.cmp(id)).ok()
}

/// The gap that keeps one of the sightings on one side from being on the other.
fn gap(coverage: Coverage<'_>, here: &[Sighting], there: &[Sighting]) -> Option<String> {
    here.iter()
        .filter(|sighting| !there.contains(sighting))
        .find_map(|sighting| coverage.why_unseen(std::slice::from_ref(sighting)))
}
