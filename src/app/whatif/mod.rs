//! What would come of a change that nobody made: the latest snapshot is changed in memory as the product would change it,
//! and judged beside the unchanged one, by the same rules at the same moment. Nothing is stored, sent or asked.
//!
//! The effects are those that the descriptions of the products give:
//!
//! * *Deactivating* keeps memberships, grants and tokens where they are; the tokens stop working. (That the cloud still lists
//!   them, and that every version of Data Center refuses them, nobody wrote down.) A Bitbucket workspace drops the account
//!   from its members. The account takes no seat.
//! * *Leaving a group* takes away what came through it and through the groups it is inside of; roles of the organisation and
//!   permissions on repositories that the product sums up itself go only if nothing else gives them.
//! * *Deleting a group* takes it out of roles, schemes and spaces as well.
//! * *Revoking* takes the credential off the list. *Letting expire* moves time on for that credential alone.

mod apply;
mod edit;
mod follow;
mod harm;
mod losses;
mod named;
mod people;
mod seats;
mod systems;
mod untold;
mod verdicts;

use chrono::{DateTime, Utc};

use crate::drift;
use crate::findings::Waivers;
use crate::inventory::detector::Knowledge;
use crate::inventory::{Inventory, Revocations};
use crate::model::{ResourceId, Simulation, Snapshot};
use crate::rules::RuleSet;

use edit::{Edit, Trail};

pub use named::{Unnamed, Wanted, find, places_in_role};

/// One change to suppose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suppose {
    /// An account is deactivated.
    Deactivated(ResourceId),
    /// An account, or a group inside of it, leaves a group.
    Left {
        /// The account or the inner group.
        member: ResourceId,
        /// The group.
        group: ResourceId,
    },
    /// A grant is taken away: a place in a role, an entry of a scheme, a permission.
    Withdrawn(ResourceId),
    /// A credential is revoked.
    Revoked(ResourceId),
    /// A credential ends.
    Expired {
        /// The credential.
        credential: ResourceId,
        /// When; at its own end if none is named.
        on: Option<DateTime<Utc>>,
    },
    /// A group is deleted.
    Deleted(ResourceId),
}

/// What is asked, and what it takes to answer.
#[derive(Clone, Copy)]
pub struct WhatIf<'a> {
    /// The snapshot to start from.
    pub snapshot: &'a Snapshot,
    /// What to judge by.
    pub rules: &'a RuleSet,
    /// What was accepted.
    pub waivers: &'a Waivers,
    /// What systems are known by.
    pub knowledge: &'a Knowledge,
    /// What reviews decided to take away.
    pub revocations: &'a Revocations,
    /// The moment of both judgements.
    pub now: DateTime<Utc>,
}

/// Both sides: as it is, and as it would be.
#[derive(Clone, Copy)]
struct Sides<'s> {
    before: &'s Inventory<'s>,
    after: &'s Inventory<'s>,
    trail: &'s Trail,
    now: DateTime<Utc>,
}

/// The snapshot as it would be after the changes, one after the other.
#[must_use]
pub fn suppose(snapshot: &Snapshot, changes: &[Suppose], now: DateTime<Utc>) -> Snapshot {
    let inventory = Inventory::new(snapshot);
    changed(&inventory, changes, now).0
}

fn changed(inventory: &Inventory<'_>, changes: &[Suppose], now: DateTime<Utc>) -> (Snapshot, Trail) {
    let mut edit = Edit::new(inventory, now);
    for change in changes {
        apply::apply(&mut edit, change);
    }
    follow::follow(&mut edit);
    seats::count(&mut edit);
    edit.finish()
}

/// What would come of the changes.
#[must_use]
pub fn simulate(ask: &WhatIf<'_>, changes: &[Suppose]) -> Simulation {
    let before = Inventory::knowing(ask.snapshot, ask.knowledge).after_reviews(ask.revocations);
    let (snapshot, trail) = changed(&before, changes, ask.now);
    let after = Inventory::knowing(&snapshot, ask.knowledge).after_reviews(ask.revocations);
    let sides = Sides { before: &before, after: &after, trail: &trail, now: ask.now };
    let mut drift = drift::compare(ask.snapshot, &snapshot).changes;
    // Nobody changes a credential that ends, and seats move by themselves.
    drift.retain(|change| !trail.expired.contains_key(&change.resource));
    let turned = verdicts::compare(ask, &sides, &drift);
    let losses = losses::losses(&sides);
    let harmed = harm::harmed(&sides, &losses.reaches);
    let talk_to = people::to_talk_to(&harmed, ask.now);
    let mut simulation = Simulation {
        supposed: trail.supposed.clone(),
        findings: turned.findings,
        harmed,
        losses: losses.told,
        further_accounts: losses.further,
        everybody_loses: trail.everybody_loses.clone(),
        seats: trail.freed.clone(),
        seat_notes: trail.seat_notes.clone(),
        untold: untold::untold(&sides, &turned.gaps),
        talk_to,
    };
    simulation.untold.extend(losses.untold);
    simulation.untold.sort();
    simulation.untold.dedup();
    simulation
}

#[cfg(test)]
mod tests;
