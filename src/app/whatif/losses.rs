//! Who would lose which permissions: what each account may do on one side, held against the other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Sides;
use crate::inventory::access::{ANY, Bound, Power, Reach};
use crate::model::{Body, Certainty, Credential, Fact, Kind, Loss, LostPermission, Resource, ResourceId, Untold};

/// So many accounts are worked out one by one.
const MOST_ACCOUNTS: usize = 100;
/// So many permissions of each are told.
const MOST_PERMISSIONS: usize = 50;

/// What the comparison gives.
#[derive(Default)]
pub(super) struct Losses {
    pub(super) told: Vec<Loss>,
    pub(super) further: usize,
    pub(super) untold: Vec<Untold>,
    /// What each account that was worked out loses: permission and place, and whether for certain.
    pub(super) reaches: BTreeMap<ResourceId, BTreeMap<(String, ResourceId), Certainty>>,
}

/// One permission on its way from one side to the other.
struct Lost<'a> {
    key: &'a str,
    container: &'a ResourceId,
    name: &'a str,
    power: Power,
    certainty: Certainty,
}

pub(super) fn losses(sides: &Sides<'_>) -> Losses {
    let mut losses = Losses::default();
    let accounts = in_order(sides);
    losses.further = accounts.len().saturating_sub(MOST_ACCOUNTS);
    for account in accounts.into_iter().take(MOST_ACCOUNTS) {
        let before = sides.before.access().of_account(account);
        let shut_out = sides.trail.deactivated.contains(&account.id);
        let after = sides.after.get(&account.id).map(|account| sides.after.access().of_account(account));
        let lost = match &after {
            Some(after) if !shut_out => difference(&before, after),
            _ => everything(&before),
        };
        let doubts = doubts(&before, after.as_ref().filter(|_| !shut_out));
        if shut_out || !lost.is_empty() {
            losses.told.push(told(account, &lost, shut_out, doubts));
        } else if !doubts.is_empty() {
            let question = format!("whether {} loses anything", account.title());
            losses.untold.push(Untold { question, because: doubts, accepted: false });
        }
        let by_place = lost.into_iter().map(|one| ((one.key.to_owned(), one.container.clone()), one.certainty));
        losses.reaches.insert(account.id.clone(), by_place.collect());
    }
    losses.told.sort_by(|left, right| {
        let rank = |loss: &Loss| (Reverse(loss.shut_out), Reverse(loss.lost), Reverse(loss.perhaps));
        rank(left).cmp(&rank(right)).then_with(|| left.account.cmp(&right.account))
    });
    losses
}

/// The accounts that are affected: those with a credential that was used last come first, for where there are too many to
/// work them all out, theirs matter most.
fn in_order<'s>(sides: &Sides<'s>) -> Vec<&'s Resource> {
    let last_use = |account: &ResourceId| {
        sides
            .before
            .credentials_of(account)
            .filter_map(|resource| match &resource.body {
                Body::Credential(Credential { last_used_at: Fact::Known(last), .. }) => Some(*last),
                _ => None,
            })
            .max()
    };
    let all = sides.trail.accounts.iter().chain(&sides.trail.deactivated);
    let ids: BTreeSet<&ResourceId> = all.filter(|id| id.kind() == Kind::Principal).collect();
    let mut accounts: Vec<&Resource> = ids.into_iter().filter_map(|id| sides.before.get(id)).collect();
    accounts.sort_by_cached_key(|account| {
        let shut_out = sides.trail.deactivated.contains(&account.id);
        (Reverse(shut_out), Reverse(last_use(&account.id)), account.id.clone())
    });
    accounts
}

/// What an account that is let in nowhere loses: what is its own. What everybody has is not counted.
fn everything<'a>(before: &Reach<'a>) -> Vec<Lost<'a>> {
    let all = before.places.iter().flat_map(|place| place.permissions.iter().map(move |one| (place.container, one)));
    let own = all.filter(|(_, one)| !one.of_everybody && one.key != ANY && one.bound != Bound::Possible);
    own.map(|(container, one)| Lost {
        key: one.key,
        container: &container.id,
        name: container.title(),
        power: one.power,
        certainty: if one.bound == Bound::Held { Certainty::Certain } else { Certainty::Possible },
    })
    .collect()
}

fn difference<'a>(before: &Reach<'a>, after: &Reach<'_>) -> Vec<Lost<'a>> {
    let mut lost = Vec::new();
    for place in &before.places {
        for one in place.permissions.iter().filter(|one| one.key != ANY) {
            let certainty = match (one.bound, after.may(one.key, place.container)) {
                (Bound::Held, None) => Certainty::Certain,
                (Bound::Held, Some(Bound::Possible | Bound::Conditional)) | (Bound::Conditional, None) => {
                    Certainty::Possible
                }
                _ => continue,
            };
            let (container, name) = (&place.container.id, place.container.title());
            lost.push(Lost { key: one.key, container, name, power: one.power, certainty });
        }
    }
    for (container, one) in &before.out_of_sight {
        let still = after.out_of_sight.iter().any(|(other, kept)| other == container && kept.key == one.key);
        if one.bound == Bound::Held && !still {
            let certainty = Certainty::Certain;
            lost.push(Lost { key: one.key, container, name: container.native(), power: one.power, certainty });
        }
    }
    lost
}

/// Why an account may lose more, or less, than was worked out: what could not be ruled out before.
fn doubts(before: &Reach<'_>, after: Option<&Reach<'_>>) -> Vec<String> {
    let mut doubts = before.doubts.clone();
    doubts.extend(after.map_or(&[][..], |after| after.doubts.as_slice()).iter().cloned());
    if before.boundless {
        doubts.push("nothing at all can be ruled out of what it may do".to_owned());
    }
    let mut seen = BTreeSet::new();
    doubts.retain(|doubt| seen.insert(doubt.clone()));
    doubts
}

fn told(account: &Resource, lost: &[Lost<'_>], shut_out: bool, doubts: Vec<String>) -> Loss {
    let certain = || lost.iter().filter(|one| one.certainty == Certainty::Certain);
    let places: BTreeSet<&ResourceId> = certain().map(|one| one.container).collect();
    let mut gravest: Vec<&Lost<'_>> = lost.iter().collect();
    gravest.sort_by_key(|one| (one.certainty, Reverse(one.power), one.name, one.container, one.key));
    let permissions = gravest.into_iter().take(MOST_PERMISSIONS).map(|one| LostPermission {
        key: one.key.to_owned(),
        container: one.container.clone(),
        container_name: one.name.to_owned(),
        power: one.power.name(),
        certainty: one.certainty,
    });
    Loss {
        account: account.id.clone(),
        name: account.title().to_owned(),
        shut_out,
        lost: certain().count(),
        places: places.len(),
        perhaps: lost.len() - certain().count(),
        permissions: permissions.collect(),
        doubts,
    }
}
