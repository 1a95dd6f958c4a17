//! People of the roster, and the accounts of people.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Finds, credentials_of, none_declared, placed};
use crate::inventory::{Inventory, called, called_elsewhere, hides_mail, is_open, may_be_used};
use crate::model::{Body, Fact, Kind, Person, PrincipalType, Resource, ResourceId};
use crate::rules::derived::is_live;
use crate::rules::fields::{Texts, View, person, principal};

/// Absent for who is in no roster although nobody is missing there.
pub(in crate::rules) fn employed(view: &View<'_>) -> Fact<bool> {
    of_person(view).and_then(|person| gone(person, view.now)).map(|gone| !gone)
}

pub(in crate::rules) fn left_at(view: &View<'_>) -> Fact<DateTime<Utc>> {
    of_person(view).and_then(|person| match person.employed_until {
        Fact::Known(end) if end <= view.now => Fact::Known(end),
        Fact::Known(_) | Fact::Absent => Fact::Absent,
        Fact::Unknown => Fact::Unknown,
    })
}

pub(in crate::rules) fn roster_team<'a>(view: &View<'a>) -> Fact<&'a str> {
    of_person(view).and_then(|person| person.team.as_ref().map(String::as_str))
}

/// Products that do not share an account can disagree about its person: found by mail address. Where one of two
/// accounts hides its own, the question is open only if they are called alike: else it would be open for everybody
/// wherever one product shows no addresses at all.
pub(in crate::rules) fn closed_elsewhere<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let account = principal(view);
    if account.email == Fact::Absent {
        return none_declared();
    }
    let tenant = view.resource.id.tenant();
    let mails = || account.email.known().into_iter().chain(account.other_emails.known().into_iter().flatten());
    let mut closed = Finds::default();
    for mail in mails() {
        for other in view.inventory.accounts_of_mail(mail).into_iter().filter(|other| other.id != view.resource.id) {
            match is_open(other) {
                Fact::Known(false) => closed.found(placed(view.inventory, other)),
                Fact::Known(true) | Fact::Absent => {}
                Fact::Unknown => closed.in_doubt(),
            }
        }
    }
    let names = [Some(view.resource.name.as_str()), account.username.known().map(String::as_str)];
    // One of both hides its address.
    let hidden = |other: &&Resource| account.email.is_unknown() || hides_mail(other);
    let words = words(names.into_iter().flatten(), mails().map(String::as_str));
    let alike = words.flat_map(|word| called_elsewhere(view.inventory, word, tenant));
    let mut elsewhere = alike.filter(may_be_of_person).filter(hidden);
    closed.doubt_unless(elsewhere.all(|other| is_open(other) == Fact::Known(true)));
    // What is behind a gap of a product with the same accounts is no other account.
    let mut gaps = view.inventory.coverage().gaps_of(Kind::Principal);
    closed.doubt_unless(gaps.all(|gap| view.inventory.shows_accounts_of_nobody_but(tenant, &gap.source)));
    closed.told()
}

/// The person whose account it is, by any of its mail addresses.
pub(super) fn of_person<'a>(view: &View<'a>) -> Fact<&'a Person> {
    let account = principal(view);
    let mut mails = account.email.known().into_iter().chain(account.other_emails.known().into_iter().flatten());
    match mails.find_map(|mail| view.inventory.person(mail)) {
        Some((_, person)) => Fact::Known(person),
        None if view.inventory.roster_is_whole() && !account.email.is_unknown() => Fact::Absent,
        None => Fact::Unknown,
    }
}

/// Whether a person is no longer employed.
pub(super) fn gone(person: &Person, now: DateTime<Utc>) -> Fact<bool> {
    match person.employed_until {
        Fact::Known(end) => Fact::Known(end <= now),
        Fact::Absent => Fact::Known(false),
        Fact::Unknown => Fact::Unknown,
    }
}

pub(in crate::rules) fn has_gone(view: &View<'_>) -> Fact<bool> {
    gone(person(view), view.now)
}

fn mails_of(person: &Person) -> impl Iterator<Item = &str> {
    person.email.known().into_iter().chain(person.aliases.known().into_iter().flatten()).map(String::as_str)
}

/// The accounts that have one of the person's addresses, and whether these are all: no list of accounts is a gap, and no
/// account that hides its address bears the person's name.
fn accounts_of_person<'a>(view: &View<'a>) -> (Vec<&'a Resource>, bool) {
    let person = person(view);
    let found = mails_of(person).flat_map(|mail| view.inventory.accounts_of_mail(mail));
    let accounts: BTreeMap<&ResourceId, &Resource> = found.map(|account| (&account.id, account)).collect();
    let name = std::iter::once(view.resource.name.as_str());
    let alike = called_alike(view.inventory, name, mails_of(person));
    let mut hidden = alike.filter(|account| hides_mail(account));
    let told = view.inventory.seen_whole(Kind::Principal)
        && !person.email.is_unknown()
        && hidden.all(|account| may_be_used(account) == Fact::Known(false));
    (accounts.into_values().collect(), told)
}

/// Accounts of people that bear one of the names, or the name before the @ of one of the addresses.
fn called_alike<'a>(
    inventory: &'a Inventory<'a>,
    names: impl Iterator<Item = &'a str>,
    mails: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = &'a Resource> {
    words(names, mails).flat_map(|word| called(inventory, word)).filter(may_be_of_person)
}

/// The names, and the addresses with what is before their @: whatever somebody may be called by.
fn words<'a>(
    names: impl Iterator<Item = &'a str>,
    mails: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    let words = mails.flat_map(|mail| [Some(mail), mail.split_once('@').map(|(local, _)| local)]).flatten();
    names.chain(words).filter(|word| !word.is_empty())
}

fn may_be_of_person(account: &&Resource) -> bool {
    let Body::Principal(body) = &account.body else { return false };
    !matches!(body.account_type, Fact::Known(kind) if kind != PrincipalType::Person)
}

pub(in crate::rules) fn open_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut open = Finds::default();
    let (accounts, told) = accounts_of_person(view);
    for account in accounts {
        match may_be_used(account) {
            Fact::Known(true) => open.found(placed(view.inventory, account)),
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => open.in_doubt(),
        }
    }
    open.doubt_unless(told);
    open.told()
}

pub(in crate::rules) fn live_tokens<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut live = Finds::default();
    let (accounts, told) = accounts_of_person(view);
    for account in accounts {
        live.doubt_unless(view.inventory.tokens_told(account));
        for (resource, credential) in credentials_of(view.inventory, account) {
            match is_live(credential, view.now) {
                Fact::Known(true) => live.found(format!("{} “{}”", credential.form.title(), resource.title())),
                Fact::Known(false) | Fact::Absent => {}
                Fact::Unknown => live.in_doubt(),
            }
        }
    }
    live.doubt_unless(told);
    live.told()
}

/// Integrations of which the person is the owner. Without a register nobody said who answers for what.
pub(in crate::rules) fn integrations_owned<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mails: BTreeSet<String> = mails_of(person(view)).map(str::to_lowercase).collect();
    let mut owned = Finds::default();
    for resource in view.inventory.of_kind(Kind::Integration) {
        let Body::Integration(integration) = &resource.body else { continue };
        match &integration.owner_email {
            Fact::Known(mail) if mails.contains(&mail.to_lowercase()) => owned.found(resource.title().to_owned()),
            Fact::Known(_) | Fact::Absent => {}
            Fact::Unknown => owned.in_doubt(),
        }
    }
    owned.doubt_unless(view.inventory.seen_whole(Kind::Integration));
    owned.told()
}
