//! What must hold in every estate.

use std::collections::{BTreeMap, BTreeSet};

use keyroll::inventory::Inventory;
use keyroll::inventory::access::{ANY, Access, Bound, Power, Reach};
use keyroll::model::{Body, ContainerForm, Kind, Resource, Snapshot};

use super::estates::{Dice, Estate};
use super::naive::{Naive, Ways};

const ESTATES: u64 = 1000;

fn of_kind(snapshot: &Snapshot, kind: Kind) -> Vec<&Resource> {
    snapshot.resources.iter().filter(|one| one.kind() == kind).collect()
}

/// Everything that the naive answer says about an estate, by account and container.
struct Truth<'a> {
    accounts: Vec<&'a Resource>,
    containers: Vec<&'a Resource>,
    ways: Vec<Vec<Ways>>,
}

impl<'a> Truth<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let naive = Naive::new(snapshot);
        let (accounts, containers) = (of_kind(snapshot, Kind::Principal), of_kind(snapshot, Kind::Container));
        let ways = accounts.iter().map(|account| naive.ways_of(account, &containers)).collect();
        Self { accounts, containers, ways }
    }

    fn cases(&self) -> impl Iterator<Item = (&'a Resource, &'a Resource, &Ways)> {
        self.accounts.iter().zip(&self.ways).flat_map(|(account, ways)| {
            self.containers.iter().zip(ways).map(|(container, ways)| (*account, *container, ways))
        })
    }
}

/// The keys of which anybody says anything, and one of which nobody does.
fn keys<'k>(ways: &'k Ways, reach: &'k Reach<'_>, container: &Resource) -> BTreeSet<&'k str> {
    let told = reach.on(container).into_iter().flat_map(|place| place.permissions.iter().map(|one| one.key));
    ways.keys().into_iter().chain(told).chain(["NOBODY_EVER_SAID_THIS"]).collect()
}

fn compare(what: &str, snapshot: &Snapshot) {
    let inventory = Inventory::new(snapshot);
    let access = inventory.access();
    let truth = Truth::of(snapshot);
    let reaches: BTreeMap<_, _> = truth.accounts.iter().map(|account| (&account.id, access.of(account))).collect();
    for (account, container, ways) in truth.cases() {
        let reach = &reaches[&account.id];
        for key in keys(ways, reach, container) {
            let told = || format!("{what}: {key} on {} for {}", container.id, account.id);
            let (expected, place) = (ways.answer(key), reach.on(container));
            assert_eq!(reach.may(key, container), expected.bound, "{}", told());
            let found = place.and_then(|place| place.find(key));
            assert_eq!(found.map(|one| one.bound), ways.best(key), "alone, {}", told());
            if let Some(found) = found {
                assert_eq!(found.of_everybody, expected.of_everybody, "of everybody, {}", told());
                let doubted = found.bound == Bound::Conditional && ways.may_be_more(key);
                assert_eq!(found.doubt.is_some(), found.bound == Bound::Possible || doubted, "doubt, {}", told());
                assert!(found.doubt.is_none_or(|at| usize::from(at) < reach.doubts.len()), "reason, {}", told());
            }
        }
    }
}

#[test]
fn the_fast_answer_is_the_naive_one() {
    for seed in 0..ESTATES {
        let estate = Estate::random(seed);
        compare(&format!("estate {seed}"), &estate.snapshot());
        let refused = estate.refused(&mut Dice::new(seed + 1_000_000));
        compare(&format!("estate {seed} refused"), &refused.snapshot());
    }
}
