//! What is there: one table for each kind of resource, with everything known about it. Accounts, groups and credentials are
//! in `identities.rs`, what they reach in `containers.rs`, what acts without a person in `machinery.rs`, and what people
//! say there should be in `declared.rs`.
//!
//! Resources that an earlier scan saw and this one could not look for are listed too, as they were then, and say so:
//! unseen is not gone.

mod containers;
mod declared;
mod identities;
mod machinery;

pub(super) use self::containers::{CONTAINERS, GRANTS, SETTINGS};
pub(super) use self::declared::{INTEGRATIONS, PEOPLE};
pub(super) use self::identities::{CREDENTIALS, GROUPS, PRINCIPALS};
pub(super) use self::machinery::{APPS, AUTOMATIONS, VARIABLES, WEBHOOKS};

use super::cell::Cell;
use super::{Column, Put, put_rows};
use crate::inventory::Inventory;
use crate::model::{Assessment, Body, Fact, Kind, Resource, ResourceId};
use crate::reports::RenderError;

const NAME: &str = "What people call it; empty where the source gives no name";
const OBSERVED: &str = "yes if this scan saw it; no if it was out of sight and the row tells how it was when last seen";
const SEEN_BY: &str = "The endpoints that showed it, as source: endpoint";

/// Puts the resources of a kind, sorted by id.
fn each_of_kind<const N: usize>(
    kind: Kind,
    columns: &[Column; N],
    assessment: &Assessment,
    put: Put<'_>,
    row: for<'a> fn(&Row<'a, '_>) -> Option<[Cell<'a>; N]>,
) -> Result<(), RenderError> {
    let inventory = Inventory::new(&assessment.snapshot);
    // What was seen in part has the row of what was seen: the rest of it is unknown now.
    let out_of_sight = |carried: &&Resource| carried.kind() == kind && inventory.get(&carried.id).is_none();
    let mut carried: Vec<&Resource> = assessment.snapshot.carried.iter().filter(out_of_sight).collect();
    carried.sort_by(|left, right| left.id.cmp(&right.id));
    let mut carried = carried.into_iter().peekable();
    let mut seen = inventory.of_kind(kind).peekable();
    let merged = std::iter::from_fn(|| {
        let unseen_first = match (seen.peek(), carried.peek()) {
            (Some(seen), Some(carried)) => carried.id < seen.id,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let next = if unseen_first { carried.next() } else { seen.next() };
        next.map(|resource| Row { resource, observed: !unseen_first, inventory: &inventory })
    });
    put_rows(columns, merged.filter_map(|resource| row(&resource)), put)
}

/// A resource, and what else its row needs.
struct Row<'a, 'b> {
    resource: &'a Resource,
    observed: bool,
    inventory: &'b Inventory<'a>,
}

impl<'a> Row<'a, '_> {
    fn id(&self) -> Cell<'a> {
        Cell::foreign(self.resource.id.as_str())
    }

    fn name(&self) -> Cell<'a> {
        Cell::foreign(&self.resource.name)
    }

    fn observed(&self) -> Cell<'a> {
        Cell::yes_no(self.observed)
    }

    fn seen_by(&self) -> Cell<'a> {
        Cell::sightings(&self.resource.seen_by)
    }

    fn name_of(&self, id: &'a Fact<ResourceId>) -> Cell<'a> {
        Cell::name_of(id, self.inventory)
    }

    /// The status of an account that a fact points to; `unknown` where nobody saw it.
    fn status_of(&self, id: &'a Fact<ResourceId>) -> Cell<'a> {
        Cell::fact(id, |id| match self.inventory.get(id).map(|account| &account.body) {
            Some(Body::Principal(account)) => Cell::fact_text(&account.status),
            _ => Cell::own("unknown"),
        })
    }

    /// The names of several resources, each its native id where nobody saw it.
    fn names_of(&self, ids: &'a Fact<Vec<ResourceId>>) -> Cell<'a> {
        Cell::fact(ids, |ids| Cell::list(ids.iter().map(|id| self.inventory.name(id))))
    }
}

fn ids(ids: &Fact<Vec<ResourceId>>) -> Cell<'_> {
    Cell::fact(ids, |ids| Cell::list(ids.iter().map(ResourceId::as_str)))
}

/// A fact that only some rows can have: an empty cell where it does not apply, unless a source told it all the same.
fn if_it_applies<'a, T>(applies: bool, fact: &'a Fact<T>, say: impl FnOnce(&'a Fact<T>) -> Cell<'a>) -> Cell<'a> {
    if applies || matches!(fact, Fact::Known(_)) { say(fact) } else { Cell::empty() }
}
