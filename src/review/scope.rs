//! Whose access is reviewed. An account is in as soon as one sign puts it there; where a sign was not told it may belong in,
//! and that is said.

use crate::inventory::Inventory;
use crate::model::{Body, Fact, Principal, Resource, ReviewScope};

/// What an account is to a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sort {
    /// A machine's, by its kind of account, its name, its use or the register.
    pub(super) machine: bool,
    /// It administers a whole product or organisation; unknown where that could not be ruled out.
    pub(super) admin: Fact<bool>,
    /// The organisation has not claimed it.
    pub(super) external: Fact<bool>,
}

/// Whether an account is in a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    In,
    Out,
    /// Out, for what was told; it may belong in.
    Perhaps,
}

impl Sort {
    pub(super) fn of(inventory: &Inventory<'_>, account: &Resource, principal: &Principal) -> Self {
        Self {
            machine: inventory.is_machine(account),
            admin: is_admin(inventory, account),
            external: principal.managed.map(|managed| !managed),
        }
    }

    /// The word for the rows of the account.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self { machine: true, .. } => "machine",
            Self { external: Fact::Known(true), .. } => "person from outside",
            Self { .. } => "person",
        }
    }

    pub(super) fn place(self, scope: ReviewScope) -> Place {
        let machine = if self.machine { Place::In } else { Place::Out };
        match scope {
            ReviewScope::All => Place::In,
            ReviewScope::Machines => machine,
            ReviewScope::Admins => by_fact(self.admin),
            ReviewScope::Default => {
                let signs = [machine, by_fact(self.admin), by_fact(self.external)];
                let first = |wanted| signs.contains(&wanted).then_some(wanted);
                first(Place::In).or_else(|| first(Place::Perhaps)).unwrap_or(Place::Out)
            }
        }
    }
}

fn by_fact(sign: Fact<bool>) -> Place {
    match sign {
        Fact::Known(true) => Place::In,
        Fact::Known(false) | Fact::Absent => Place::Out,
        Fact::Unknown => Place::Perhaps,
    }
}

fn is_admin(inventory: &Inventory<'_>, account: &Resource) -> Fact<bool> {
    let Some(extent) = inventory.access().extent(account) else { return Fact::Unknown };
    let breadth = extent.breadth();
    match (breadth.administers.is_empty(), breadth.may_administer_more) {
        (false, _) => Fact::Known(true),
        (true, true) => Fact::Unknown,
        (true, false) => Fact::Known(false),
    }
}

/// The account that a resource is.
pub(super) fn principal(resource: &Resource) -> Option<&Principal> {
    match &resource.body {
        Body::Principal(principal) => Some(principal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(machine: bool, admin: Fact<bool>, external: Fact<bool>) -> Sort {
        Sort { machine, admin, external }
    }

    #[test]
    fn who_may_belong_in_is_not_said_to_be_out() {
        let (yes, no) = (Fact::Known(true), Fact::Known(false));
        assert_eq!(sort(false, no, no).place(ReviewScope::Default), Place::Out);
        assert_eq!(sort(false, no, Fact::Unknown).place(ReviewScope::Default), Place::Perhaps);
        assert_eq!(sort(false, Fact::Unknown, yes).place(ReviewScope::Default), Place::In);
        assert_eq!(sort(true, no, no).place(ReviewScope::Admins), Place::Out);
        assert_eq!(sort(false, Fact::Unknown, yes).place(ReviewScope::Admins), Place::Perhaps);
        assert_eq!(sort(false, Fact::Unknown, Fact::Unknown).place(ReviewScope::Machines), Place::Out);
        assert_eq!(sort(false, no, no).place(ReviewScope::All), Place::In);
    }
}
