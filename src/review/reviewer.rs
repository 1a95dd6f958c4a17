//! Who is asked: of a machine whoever answers for it in the register, of a person their manager in the roster, otherwise
//! whoever leads or owns the place. Nobody is asked about their own access, and nobody who has left.

use chrono::{DateTime, Utc};

use super::scope::principal;
use crate::inventory::{Inventory, may_be_used};
use crate::model::{Body, Container, Fact, Integration, Principal, Resource, ReviewRow};

/// How far outward one looks for whoever answers for a place.
const OUTWARD: usize = 4;

/// Finds out who is asked.
#[derive(Clone, Copy)]
pub(super) struct Reviewers<'r, 'a> {
    pub(super) inventory: &'r Inventory<'a>,
    pub(super) now: DateTime<Utc>,
}

impl<'a> Reviewers<'_, 'a> {
    /// Whoever answers for an account wherever it goes.
    pub(super) fn of_account(self, account: &'a Resource, body: &'a Principal) -> Option<String> {
        let owners = self.inventory.integrations_on(&account.id).filter_map(|integration| match &integration.body {
            Body::Integration(Integration { owner_email: Fact::Known(mail), .. }) => Some(mail.as_str()),
            _ => None,
        });
        let owner = owners.filter(|mail| !self.has_left(mail)).find(|mail| !is_of(body, mail)).map(str::to_lowercase);
        owner.or_else(|| {
            let person = mails(body).find_map(|mail| self.inventory.person(mail));
            let manager = person.and_then(|(_, person)| person.manager.known());
            manager.filter(|mail| !self.has_left(mail) && !is_of(body, mail)).map(|mail| mail.to_lowercase())
        })
    }

    /// Whoever leads or owns a place, or what it lies in, and is not the account itself.
    pub(super) fn of_place(self, account: &Resource, place: &'a Resource) -> String {
        let mut at = Some(place);
        for _ in 0..OUTWARD {
            let Some(Body::Container(Container { lead, owner, parent, .. })) = at.map(|at| &at.body) else { break };
            let answers = [lead, owner].into_iter().filter_map(Fact::known).filter(|id| **id != account.id);
            let mut people = answers.filter_map(|id| self.inventory.get(id));
            let mails_of = |one: &Resource| principal(one).map(|one| mails(one).next().map(str::to_lowercase));
            if let Some(found) = people.find(|one| may_be_used(one) != Fact::Known(false)) {
                return mails_of(found).flatten().unwrap_or_else(|| found.title().to_owned());
            }
            at = parent.known().and_then(|parent| self.inventory.get(parent));
        }
        ReviewRow::UNASSIGNED.to_owned()
    }

    /// True if the roster says that somebody is no longer employed.
    pub(super) fn has_left(self, mail: &str) -> bool {
        let person = self.inventory.person(mail);
        person.is_some_and(|(_, person)| person.employed_until.known().is_some_and(|end| *end <= self.now))
    }
}

/// The mail addresses of an account.
pub(super) fn mails(account: &Principal) -> impl Iterator<Item = &str> {
    let others = account.other_emails.known().into_iter().flatten();
    account.email.known().into_iter().chain(others).map(String::as_str)
}

fn is_of(account: &Principal, mail: &str) -> bool {
    mails(account).any(|own| own.eq_ignore_ascii_case(mail))
}

/// Everything that names an account and may stand behind `reviewer`, in small letters, sorted.
pub(super) fn known_as(account: &Resource, body: &Principal) -> Vec<String> {
    let own = [Some(account.title()), body.username.known().map(String::as_str), Some(account.id.native())];
    let mut all: Vec<String> = own.into_iter().flatten().chain(mails(body)).map(str::to_lowercase).collect();
    all.sort_unstable();
    all.dedup();
    all
}
