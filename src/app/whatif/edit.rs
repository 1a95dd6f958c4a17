//! A snapshot while it is being changed: the changed resources lie over the unchanged ones. Beside them it is written down
//! what was done, so that the rest of the answer need not guess it from the difference.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::digest::Digest;
use crate::inventory::Inventory;
use crate::model::{
    Body, Fact, FreedSeats, Grant, Group, Kind, Principal, Resource, ResourceId, Snapshot, Supposed, Untold,
};

/// What was done, and what was met on the way.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// The changes in words.
    pub(super) supposed: Vec<Supposed>,
    /// Accounts that were let in and are not any more.
    pub(super) deactivated: BTreeSet<ResourceId>,
    /// Credentials that worked and do not any more, with the reason and whether that is certain.
    pub(super) revoked: BTreeSet<ResourceId>,
    /// Credentials that ended, and when.
    pub(super) expired: BTreeMap<ResourceId, DateTime<Utc>>,
    /// Groups that were deleted.
    pub(super) deleted: BTreeSet<ResourceId>,
    /// Accounts that left a group, themselves or through another.
    pub(super) left: BTreeSet<ResourceId>,
    /// Accounts whose rights may be others now.
    pub(super) accounts: BTreeSet<ResourceId>,
    /// What everybody with an account loses.
    pub(super) everybody_loses: Vec<String>,
    /// Seats that are free now.
    pub(super) freed: Vec<FreedSeats>,
    /// Beside seats.
    pub(super) seat_notes: Vec<String>,
    /// What could not be told on the way.
    pub(super) untold: Vec<Untold>,
}

/// Who is in which group, by the words of accounts and of groups.
#[derive(Debug, Default)]
struct Members {
    accounts: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
    groups: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
}

/// A snapshot while it is being changed.
pub(super) struct Edit<'i, 'a> {
    /// As it is.
    pub(super) inventory: &'i Inventory<'a>,
    /// The moment of the change.
    pub(super) now: DateTime<Utc>,
    /// What was done.
    pub(super) trail: Trail,
    changed: BTreeMap<ResourceId, Option<Resource>>,
    members: OnceCell<Members>,
}

impl<'i, 'a> Edit<'i, 'a> {
    pub(super) fn new(inventory: &'i Inventory<'a>, now: DateTime<Utc>) -> Self {
        Self { inventory, now, trail: Trail::default(), changed: BTreeMap::new(), members: OnceCell::new() }
    }

    /// A resource as it is now; `None` if it is gone, or never was.
    pub(super) fn get(&self, id: &ResourceId) -> Option<&Resource> {
        match self.changed.get(id) {
            Some(changed) => changed.as_ref(),
            None => self.inventory.get(id),
        }
    }

    pub(super) fn principal(&self, id: &ResourceId) -> Option<&Principal> {
        match &self.get(id)?.body {
            Body::Principal(principal) => Some(principal),
            _ => None,
        }
    }

    pub(super) fn group(&self, id: &ResourceId) -> Option<&Group> {
        match &self.get(id)?.body {
            Body::Group(group) => Some(group),
            _ => None,
        }
    }

    pub(super) fn grant(&self, id: &ResourceId) -> Option<&Grant> {
        match &self.get(id)?.body {
            Body::Grant(grant) => Some(grant),
            _ => None,
        }
    }

    /// What people call it, also when it is gone.
    pub(super) fn name(&self, id: &ResourceId) -> String {
        self.inventory.name(id).to_owned()
    }

    /// Changes a resource that is still there.
    pub(super) fn change(&mut self, id: &ResourceId, how: impl FnOnce(&mut Resource)) {
        let Some(mut resource) = self.get(id).cloned() else { return };
        how(&mut resource);
        self.changed.insert(id.clone(), Some(resource));
    }

    pub(super) fn change_principal(&mut self, id: &ResourceId, how: impl FnOnce(&mut Principal)) {
        self.change(id, |resource| {
            if let Body::Principal(principal) = &mut resource.body {
                how(principal);
            }
        });
    }

    pub(super) fn change_group(&mut self, id: &ResourceId, how: impl FnOnce(&mut Group)) {
        self.change(id, |resource| {
            if let Body::Group(group) = &mut resource.body {
                how(group);
            }
        });
    }

    pub(super) fn remove(&mut self, id: &ResourceId) {
        if self.get(id).is_some() {
            self.changed.insert(id.clone(), None);
        }
    }

    /// The grants to an account or group that are still there.
    pub(super) fn grants_of(&self, holder: &ResourceId) -> Vec<ResourceId> {
        let all = self.inventory.grants_of(holder).map(|grant| &grant.id);
        all.filter(|id| self.get(id).is_some()).cloned().collect()
    }

    /// The groups that an account is known to be in now, those around them included.
    pub(super) fn groups_of(&self, account: &ResourceId) -> BTreeSet<ResourceId> {
        let Some(principal) = self.principal(account) else { return BTreeSet::new() };
        around(direct_groups(principal).cloned().collect(), |group| self.group(group))
    }

    /// The accounts that were in a group to begin with, in groups inside of it as well.
    pub(super) fn everybody_in(&self, group: &ResourceId) -> BTreeSet<ResourceId> {
        let members = self.members.get_or_init(|| members(self.inventory));
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut round = vec![group];
        while let Some(group) = round.pop() {
            if seen.insert(group) {
                found.extend(members.accounts.get(group).into_iter().flatten().cloned());
                round.extend(members.groups.get(group).into_iter().flatten());
            }
        }
        found
    }

    /// The groups that are directly inside a group, to begin with.
    pub(super) fn inside(&self, group: &ResourceId) -> Vec<ResourceId> {
        let members = self.members.get_or_init(|| members(self.inventory));
        members.groups.get(group).into_iter().flatten().cloned().collect()
    }

    /// Notes a question that stays open.
    pub(super) fn leave_open(&mut self, question: String, because: String) {
        self.trail.untold.push(Untold { question, because: vec![because], accepted: false });
    }

    /// The changed snapshot. The ledger is that of the unchanged one: nobody looked again.
    pub(super) fn finish(self) -> (Snapshot, Trail) {
        let Self { inventory, changed, trail, .. } = self;
        let base = inventory.snapshot();
        let mut resources = Vec::with_capacity(base.resources.len());
        let mut digests = Vec::with_capacity(base.digests.len());
        for (resource, digest) in base.resources.iter().zip(&base.digests) {
            match changed.get(&resource.id) {
                None => {
                    resources.push(resource.clone());
                    digests.push(*digest);
                }
                Some(Some(now)) => {
                    digests.push(Digest::of(now));
                    resources.push(now.clone());
                }
                Some(None) => {}
            }
        }
        let carried =
            base.carried.iter().filter(|held| !matches!(changed.get(&held.id), Some(None))).cloned().collect();
        (Snapshot { carried, ..Snapshot::of_digested(resources, digests, base.ledger.clone()) }, trail)
    }
}

/// The groups that an account was seen in itself.
pub(super) fn direct_groups(principal: &Principal) -> impl Iterator<Item = &ResourceId> {
    let lists = [
        &principal.groups,
        &principal.groups_at_least,
        &principal.workspace_groups,
        &principal.workspace_groups_at_least,
    ];
    lists.into_iter().filter_map(Fact::known).flatten()
}

/// Groups with all that they are inside of.
pub(super) fn around<'g>(
    mut groups: BTreeSet<ResourceId>,
    group: impl Fn(&ResourceId) -> Option<&'g Group>,
) -> BTreeSet<ResourceId> {
    let mut round: Vec<ResourceId> = groups.iter().cloned().collect();
    while let Some(inner) = round.pop() {
        let outer = group(&inner).and_then(|group| group.inside.known());
        for outer in outer.into_iter().flatten() {
            if groups.insert(outer.clone()) {
                round.push(outer.clone());
            }
        }
    }
    groups
}

fn members(inventory: &Inventory<'_>) -> Members {
    let mut members = Members::default();
    for resource in inventory.of_kind(Kind::Principal) {
        let Body::Principal(principal) = &resource.body else { continue };
        for group in direct_groups(principal) {
            members.accounts.entry(group.clone()).or_default().insert(resource.id.clone());
        }
    }
    for resource in inventory.of_kind(Kind::Group) {
        let Body::Group(Group { inside: Fact::Known(outer), .. }) = &resource.body else { continue };
        for group in outer {
            members.groups.entry(group.clone()).or_default().insert(resource.id.clone());
        }
    }
    members
}
