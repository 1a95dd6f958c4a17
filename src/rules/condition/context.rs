//! What a condition is asked about, and how it answers.

use std::cell::OnceCell;

use chrono::{DateTime, Utc};

use super::tree::Place;
use crate::inventory::Inventory;
use crate::model::{Change, Fact, Resource};
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
}

/// One resource under judgement. Neighbours are looked up once, for all rules.
pub(in crate::rules) struct Ctx<'a> {
    pub(in crate::rules) inventory: &'a Inventory<'a>,
    pub(in crate::rules) resource: &'a Resource,
    pub(in crate::rules) now: DateTime<Utc>,
    change: Option<&'a Change>,
    neighbours: [OnceCell<Result<&'a Resource, Cause>>; MOST_NEIGHBOURS],
}

impl<'a> Ctx<'a> {
    pub(in crate::rules) fn new(inventory: &'a Inventory<'a>, resource: &'a Resource, now: DateTime<Utc>) -> Self {
        Self { inventory, resource, now, change: None, neighbours: [const { OnceCell::new() }; MOST_NEIGHBOURS] }
    }

    pub(in crate::rules) fn of_change(mut self, change: &'a Change) -> Self {
        self.change = Some(change);
        self
    }

    /// What a path's field is read from.
    pub(super) fn view(&self, place: Place) -> Result<View<'a>, Cause> {
        let resource = match place {
            Place::Subject | Place::Change => self.resource,
            Place::Before => self.before().ok_or(Cause::NothingBefore)?,
            Place::Neighbour(slot) => self.neighbour(slot)?,
        };
        Ok(View { resource, inventory: self.inventory, change: self.change, now: self.now })
    }

    fn before(&self) -> Option<&'a Resource> {
        let before = self.change?.before.as_deref()?;
        (before.kind() == self.resource.kind()).then_some(before)
    }

    fn neighbour(&self, slot: usize) -> Result<&'a Resource, Cause> {
        *self.neighbours.get(slot).ok_or(Cause::NoNeighbour)?.get_or_init(|| self.look_up(slot))
    }

    fn look_up(&self, slot: usize) -> Result<&'a Resource, Cause> {
        let neighbour =
            neighbours_of(self.resource.kind()).find(|neighbour| neighbour.slot == slot).ok_or(Cause::NoNeighbour)?;
        match (neighbour.link)(self.resource) {
            Fact::Known(id) => {
                let found = self.inventory.get(id).filter(|resource| resource.kind() == neighbour.kind);
                found.ok_or(Cause::NeighbourUnseen)
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
