//! What a condition is asked about, and how it answers.

use std::cell::OnceCell;

use chrono::{DateTime, Utc};

use super::tree::Place;
use crate::inventory::Inventory;
use crate::model::{Change, Fact, Finding, Resource, What};
use crate::rules::fields::{MOST_NEIGHBOURS, View, neighbours_of};

/// True, false, or why it cannot be told.
pub(in crate::rules) type Answer = Result<bool, Why>;

/// Why a value is not at hand: which path of the rule, and what is the matter with it. Small enough to travel
/// through every operator; the words are found once per rule and reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::rules) struct Why {
    /// The path's number in its rule.
    pub(in crate::rules) path: u16,
    pub(in crate::rules) cause: Cause,
}

/// What is the matter with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::rules) enum Cause {
    /// The field is not known.
    Untold,
    /// The field has no value.
    Absent,
    /// It is not known who the neighbour is.
    NeighbourUntold,
    /// There is no such neighbour.
    NoNeighbour,
    /// The neighbour was not seen.
    NeighbourUnseen,
    /// It is not known how the resource was before.
    NothingBefore,
    /// The scan did not see the resource itself.
    Unseen,
}

/// One resource under judgement. Its neighbours, and how it was before, are looked up once for all rules.
pub(in crate::rules) struct Ctx<'a> {
    pub(in crate::rules) subject: View<'a>,
    seen: bool,
    before: OnceCell<Result<View<'a>, Cause>>,
    neighbours: [OnceCell<Result<View<'a>, Cause>>; MOST_NEIGHBOURS],
}

impl<'a> Ctx<'a> {
    pub(in crate::rules) fn new(inventory: &'a Inventory<'a>, resource: &'a Resource, now: DateTime<Utc>) -> Self {
        let subject = View { resource, inventory, change: None, finding: None, now };
        Self { subject, seen: true, before: OnceCell::new(), neighbours: [const { OnceCell::new() }; MOST_NEIGHBOURS] }
    }

    /// Why the change under judgement may be none, if there is a doubt.
    pub(in crate::rules) fn doubt(&self) -> Option<&'a str> {
        self.subject.change.filter(|change| matches!(change.what, What::Changed | What::FirstSeen))?.reason.as_deref()
    }

    pub(in crate::rules) fn of_change(mut self, change: &'a Change) -> Self {
        self.subject.change = Some(change);
        self
    }

    pub(in crate::rules) fn of_finding(mut self, finding: &'a Finding) -> Self {
        self.subject.finding = Some(finding);
        self
    }

    /// The same where the scan did not see the resource: nothing is read from it, whatever stands in its place.
    pub(in crate::rules) fn unseen(mut self) -> Self {
        self.seen = false;
        self
    }

    /// What a path's field is read from.
    pub(super) fn view(&self, place: Place) -> Result<&View<'a>, Cause> {
        let looked_up = match place {
            Place::Change | Place::Finding => return Ok(&self.subject),
            Place::Subject | Place::Neighbour(_) if !self.seen => return Err(Cause::Unseen),
            Place::Subject => return Ok(&self.subject),
            Place::Before => self.before.get_or_init(|| self.look_back()),
            Place::Neighbour(slot) => {
                self.neighbours.get(slot).ok_or(Cause::NoNeighbour)?.get_or_init(|| self.look_up(slot))
            }
        };
        looked_up.as_ref().map_err(|cause| *cause)
    }

    fn look_back(&self) -> Result<View<'a>, Cause> {
        let before = self.subject.change.and_then(|change| change.before.as_deref());
        let before = before.filter(|before| before.kind() == self.subject.resource.kind());
        before.map(|resource| View { resource, ..self.subject }).ok_or(Cause::NothingBefore)
    }

    fn look_up(&self, slot: usize) -> Result<View<'a>, Cause> {
        let View { resource, inventory, .. } = self.subject;
        let neighbour =
            neighbours_of(resource.kind()).find(|neighbour| neighbour.slot == slot).ok_or(Cause::NoNeighbour)?;
        match (neighbour.link)(resource) {
            Fact::Known(id) => {
                let found = inventory.get(id).filter(|resource| resource.kind() == neighbour.kind);
                found.map(|resource| View { resource, ..self.subject }).ok_or(Cause::NeighbourUnseen)
            }
            Fact::Absent => Err(Cause::NoNeighbour),
            Fact::Unknown => Err(Cause::NeighbourUntold),
        }
    }
}

/// The entries that the surrounding `exists` and `all` are at, innermost first.
pub(in crate::rules) struct Vars<'v> {
    entry: &'v str,
    outer: Option<&'v Vars<'v>>,
}

impl<'v> Vars<'v> {
    /// Outside of every list.
    pub(in crate::rules) const NONE: Vars<'static> = Vars { entry: "", outer: None };

    pub(super) fn with<'n>(entry: &'n str, outer: &'n Vars<'n>) -> Vars<'n> {
        Vars { entry, outer: Some(outer) }
    }

    pub(super) fn at(&self, depth: usize) -> &'v str {
        match (depth, self.outer) {
            (0, _) | (_, None) => self.entry,
            (depth, Some(outer)) => outer.at(depth - 1),
        }
    }
}
