//! Fields that the detector of integrations fills: scores, the systems that show, and every sign in words. A list is known as
//! soon as something is in it, and known to be empty only if nothing that was not told could add to it.

use std::collections::BTreeSet;

use super::derived::count;
use super::fields::{Texts, View, credential, principal};
use crate::inventory::detector::{Clue, Detection, Score, Side, Signal, SystemScore, Use, evidence, run, weights};
use crate::model::{Body, Fact, Kind, Principal};

fn detection<'a>(view: &View<'a>) -> Option<&'a Detection> {
    view.inventory.detections().account(&view.resource.id)
}

fn used<'a>(view: &View<'a>) -> Option<&'a Use> {
    view.inventory.detections().credential(&view.resource.id)
}

/// Without a ledger nobody looked at anything: then nothing is known not to be so.
fn unless_unseen<T>(view: &View<'_>, told: Fact<T>, is_no: impl Fn(&Fact<T>) -> bool) -> Fact<T> {
    if view.inventory.coverage().0.is_empty() && is_no(&told) { Fact::Unknown } else { told }
}

fn yes_or_no(view: &View<'_>, told: Fact<bool>) -> Fact<bool> {
    unless_unseen(view, told, |told| *told != Fact::Known(true))
}

fn list<'a>(view: &View<'a>, told: Fact<Texts<'a>>) -> Fact<Texts<'a>> {
    unless_unseen(view, told, |told| told.known().is_none_or(|list| list.len() == 0))
}

/// Portal customers are looked at by nobody: nothing runs on them.
fn score(view: &View<'_>, of: impl Fn(&Detection) -> Score) -> Fact<i64> {
    let told = detection(view).map_or(Fact::Known(0), |found| of(found).told());
    unless_unseen(view, told, |told| told.known().is_none_or(|score| *score < i64::from(weights().report_at)))
}

pub(super) fn machine_score(view: &View<'_>) -> Fact<i64> {
    score(view, |found| found.machine)
}

pub(super) fn person_score(view: &View<'_>) -> Fact<i64> {
    score(view, |found| found.person)
}

pub(super) fn machine_signs<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    signs(view, Side::Machine)
}

pub(super) fn person_signs<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    signs(view, Side::Person)
}

fn signs<'a>(view: &View<'a>, side: Side) -> Fact<Texts<'a>> {
    let Some(found) = detection(view) else { return Fact::Known(Texts::Made(Vec::new())) };
    let detections = view.inventory.detections();
    let uses: Vec<&Use> =
        view.inventory.credentials_of(&view.resource.id).filter_map(|one| detections.credential(&one.id)).collect();
    let speaks = |clue: Clue| clue.weight().speaks_for.contains(&side);
    let signals = found.signals.iter().chain(uses.iter().flat_map(|one| &one.signals));
    let worded: BTreeSet<String> =
        signals.filter(|one| speaks(one.clue)).map(|one| evidence(view.inventory, one)).collect();
    let untold = found.untold.iter().chain(uses.iter().flat_map(|one| &one.untold)).any(|one| speaks(one.clue));
    list(view, told(worded, untold))
}

fn told<'a>(worded: BTreeSet<String>, untold: bool) -> Fact<Texts<'a>> {
    if worded.is_empty() && untold {
        return Fact::Unknown;
    }
    Fact::Known(Texts::Worded(worded.into_iter().collect()))
}

pub(super) fn is_persons(view: &View<'_>) -> Fact<bool> {
    yes_or_no(view, detection(view).map_or(Fact::Known(false), |found| found.is_persons))
}

pub(super) fn behaves_like_machine(view: &View<'_>) -> Fact<bool> {
    yes_or_no(view, detection(view).map_or(Fact::Known(false), |found| found.behaves_like_machine))
}

pub(super) fn several_systems(view: &View<'_>) -> Fact<bool> {
    yes_or_no(view, detection(view).map_or(Fact::Known(false), Detection::has_several))
}

fn title<'a>(view: &View<'a>, one: &SystemScore) -> Option<&'a str> {
    one.system.and_then(|system| view.inventory.knowledge().profile(system)).map(|profile| profile.title.as_str())
}

pub(super) fn systems<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Some(found) = detection(view) else { return Fact::Known(Texts::Made(Vec::new())) };
    list(view, found.sure().map(|sure| Texts::Made(sure.into_iter().filter_map(|one| title(view, one)).collect())))
}

/// What runs on the account and the register does not name there. An entry of the register whose account was not found may
/// be this one, where that hides its address.
pub(super) fn systems_undeclared<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let inventory = view.inventory;
    if inventory.coverage().0.is_empty() {
        return Fact::Unknown;
    }
    let mut registers =
        inventory.coverage().0.iter().filter(|entry| entry.shows.contains(&Kind::Integration)).peekable();
    if registers.peek().is_none() {
        return Fact::Absent;
    }
    let Some(found) = detection(view) else { return Fact::Known(Texts::Made(Vec::new())) };
    let sure = match found.sure() {
        Fact::Known(sure) => sure,
        Fact::Absent | Fact::Unknown => return Fact::Unknown,
    };
    let declares = |one: &SystemScore| {
        let by = |signal: &Signal| {
            signal.clue == Clue::Declared
                && (signal.system.is_none() || title_of(view, signal.system) == title(view, one))
        };
        found.signals.iter().any(by)
    };
    let missing: Vec<&str> = sure.into_iter().filter(|one| !declares(one)).filter_map(|one| title(view, one)).collect();
    let mut doubt = || {
        let resolved = inventory.accounts_of_integrations();
        let hides = matches!(principal(view), Principal { email: Fact::Unknown, .. });
        registers.any(crate::model::LedgerEntry::is_gap)
            || hides && resolved.values().any(|accounts| accounts.iter().any(Vec::is_empty))
    };
    if !missing.is_empty() && doubt() { Fact::Unknown } else { Fact::Known(Texts::Made(missing)) }
}

fn title_of<'a>(view: &View<'a>, system: Option<u16>) -> Option<&'a str> {
    system.and_then(|system| view.inventory.knowledge().profile(system)).map(|profile| profile.title.as_str())
}

/// Unknown where nobody told when it was used last; 0 if that was before.
pub(super) fn nights_in_a_row(view: &View<'_>) -> Fact<i64> {
    let one = credential(view);
    let today = view.inventory.moment().unwrap_or(view.now).date_naive();
    match (&one.last_used_at, &one.used_on) {
        (Fact::Absent, _) => Fact::Known(0),
        (Fact::Known(_), Fact::Known(days)) => Fact::Known(run(days, today).map_or(0, |run| count(run.days))),
        _ => Fact::Unknown,
    }
}

pub(super) fn system<'a>(view: &View<'a>) -> Fact<&'a str> {
    unless_unseen(view, best_system(view), |told| told.known().is_none())
}

fn best_system<'a>(view: &View<'a>) -> Fact<&'a str> {
    let Some(one) = used(view) else { return Fact::Absent };
    match &one.system {
        Some(best) => match best.score.is_enough() {
            Fact::Known(true) => Fact::from_option(title(view, best)),
            Fact::Known(false) | Fact::Absent => Fact::Absent,
            Fact::Unknown => Fact::Unknown,
        },
        None if one.score.is_enough().is_unknown() => Fact::Unknown,
        None => Fact::Absent,
    }
}

pub(super) fn system_score(view: &View<'_>) -> Fact<i64> {
    let told = used(view).map_or(Fact::Known(0), |one| one.score.told());
    unless_unseen(view, told, |told| told.known().is_none_or(|score| *score < i64::from(weights().report_at)))
}

/// What was seen, whatever more there may be.
pub(super) fn system_score_at_least(view: &View<'_>) -> Fact<i64> {
    Fact::Known(used(view).map_or(0, |one| i64::from(one.score.seen)))
}

pub(super) fn system_signs<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Some(one) = used(view) else { return Fact::Known(Texts::Made(Vec::new())) };
    let speaks = |clue: Clue| clue.weight().speaks_for.contains(&Side::System);
    let mut worded: BTreeSet<String> =
        one.signals.iter().filter(|one| speaks(one.clue)).map(|one| evidence(view.inventory, one)).collect();
    // What its account says of the same system counts, too.
    let system = one.system.as_ref().and_then(|best| best.system);
    let owner = credential(view).owner.known().and_then(|owner| view.inventory.detections().account(owner));
    let of_owner = owner.into_iter().flat_map(|owner| &owner.signals);
    let of_owner = of_owner.filter(|one| one.system.is_some() && one.system == system && speaks(one.clue));
    worded.extend(of_owner.map(|one| evidence(view.inventory, one)));
    list(view, told(worded, one.untold.iter().any(|one| speaks(one.clue))))
}

pub(super) fn runs_on_person(view: &View<'_>) -> Fact<bool> {
    yes_or_no(view, used(view).map_or(Fact::Known(false), |one| one.on_person))
}

/// Accounts of the same person, by mail address, on which the same system runs; the credential's own account is none.
pub(super) fn same_system_elsewhere<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let none = || Fact::Known(Texts::Made(Vec::new()));
    let (inventory, detections) = (view.inventory, view.inventory.detections());
    let system = match system(view) {
        Fact::Known(system) => system,
        Fact::Absent => return none(),
        Fact::Unknown => return Fact::Unknown,
    };
    let Some(owner) = credential(view).owner.known().and_then(|owner| inventory.get(owner)) else {
        return Fact::Unknown;
    };
    let Body::Principal(Principal { email, other_emails, .. }) = &owner.body else { return Fact::Unknown };
    let mails = email.known().into_iter().chain(other_emails.known().into_iter().flatten());
    let mut found = BTreeSet::new();
    for other in mails.flat_map(|mail| inventory.accounts_of_mail(mail)).filter(|other| other.id != owner.id) {
        let Some(theirs) = detections.account(&other.id) else { continue };
        let runs = |one: &SystemScore| one.score.is_enough() == Fact::Known(true) && title(view, one) == Some(system);
        if theirs.systems.iter().any(runs) {
            found.insert(format!("{} in {}", other.title(), other.id.tenant()));
        }
    }
    told(found, email.is_unknown())
}
