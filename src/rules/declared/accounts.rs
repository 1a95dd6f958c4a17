//! The accounts that integrations of the register run on, and who answers for them.

use super::people::{gone, of_person};
use super::{Finds, none_declared};
use crate::inventory::{bears_name, hides_mail, is_open};
use crate::model::{Fact, Resource};
use crate::rules::derived;
use crate::rules::fields::{Texts, View, integration};

pub(in crate::rules) fn declared_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    match &integration(view).accounts {
        Fact::Known(accounts) => {
            Fact::Known(Texts::Made(accounts.iter().map(|account| account.name.as_str()).collect()))
        }
        Fact::Absent => none_declared(),
        Fact::Unknown => Fact::Unknown,
    }
}

pub(in crate::rules) fn accounts_missing<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Fact::Known(matches) = view.inventory.matches(view.resource) else { return Fact::Unknown };
    let mut missing = Finds::default();
    for one in matches.iter().filter(|one| one.accounts.is_empty()) {
        if one.told {
            missing.found(one.declared.name.clone());
        } else {
            missing.in_doubt();
        }
    }
    missing.told()
}

/// Accounts that the register knows by their id, and whose name is another now.
pub(in crate::rules) fn accounts_renamed<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Fact::Known(matches) = view.inventory.matches(view.resource) else { return Fact::Unknown };
    let mut renamed = Finds::default();
    for one in matches.iter().filter(|one| one.declared.id.is_some()) {
        renamed.doubt_unless(one.told);
        for account in one.accounts.iter().filter(|account| !bears_name(account, &one.declared.name)) {
            if one.declared.name.contains('@') && hides_mail(account) {
                renamed.in_doubt();
            } else {
                renamed.found(format!("{} is now {}", one.declared.name, account.title()));
            }
        }
    }
    renamed.told()
}

/// Those of its accounts for which something holds.
fn accounts_that<'a>(view: &View<'a>, holds: impl Fn(&'a Resource) -> Fact<bool>) -> Fact<Texts<'a>> {
    let (accounts, told) = view.inventory.runs_on(view.resource);
    let mut found = Finds::default();
    for account in accounts {
        match holds(account) {
            Fact::Known(true) => found.found(account.title().to_owned()),
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => found.in_doubt(),
        }
    }
    found.doubt_unless(told);
    found.told()
}

pub(in crate::rules) fn accounts_closed<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    accounts_that(view, |account| is_open(account).map(|open| !open))
}

pub(in crate::rules) fn administrator_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    accounts_that(view, |account| derived::is_admin(&View { resource: account, ..*view }))
}

/// Accounts it runs on that belong to a person of the roster.
pub(in crate::rules) fn personal_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    accounts_that(view, |account| of_person(&View { resource: account, ..*view }).map(|_| true))
}

/// Whether the person answerable for it has left, by the roster, or by their accounts if that does not know them; absent
/// if nobody is named. Accounts that stand differently decide nothing: one of them was forgotten.
pub(in crate::rules) fn owner_gone(view: &View<'_>) -> Fact<bool> {
    let mail = match &integration(view).owner_email {
        Fact::Known(mail) => mail,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown => return Fact::Unknown,
    };
    if let Some((_, person)) = view.inventory.person(mail) {
        return gone(person, view.now);
    }
    if view.inventory.roster_is_whole() {
        return Fact::Known(true);
    }
    let mut accounts = view.inventory.accounts_of_mail(mail).into_iter().map(is_open);
    match accounts.next() {
        Some(first) if accounts.all(|other| other == first) => first.map(|open| !open),
        _ => Fact::Unknown,
    }
}
