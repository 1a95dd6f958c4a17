//! People and their accounts: what the roster says is joined to accounts by mail address.

use std::collections::{HashMap, HashSet};

use super::Inventory;
use crate::model::{Body, Fact, Kind, Person, Principal, Resource, SourceName};

/// Mail addresses in small letters, with the places in the snapshot that have them.
pub type PlacesByMail = HashMap<String, Vec<u32>>;

/// The tenants of the accounts that each source shows: an account of the cloud is the same in all products there, and one
/// of a self-hosted product is known to that alone.
pub type Realms = HashMap<SourceName, HashSet<String>>;

impl<'a> Inventory<'a> {
    /// True if a source that shows a resource shows accounts of a tenant: then such accounts may have rights on it.
    #[must_use]
    pub fn knows_accounts_of(&self, tenant: &str, resource: &Resource) -> bool {
        let sources = resource.seen_by.iter().map(|sighting| &sighting.source);
        sources.filter_map(|source| self.realms().get(source)).any(|tenants| tenants.contains(tenant))
    }

    /// True unless a source shows accounts, and none of them is of a tenant.
    #[must_use]
    pub fn may_know_accounts_of(&self, tenant: &str, source: &SourceName) -> bool {
        self.realms().get(source).is_none_or(|tenants| tenants.contains(tenant))
    }

    /// True if a source shows accounts, and all of them are of one tenant.
    #[must_use]
    pub fn shows_accounts_of_nobody_but(&self, tenant: &str, source: &SourceName) -> bool {
        self.realms().get(source).is_some_and(|tenants| tenants.iter().all(|own| own == tenant))
    }

    /// True if an account of a tenant was seen.
    #[must_use]
    pub fn has_accounts_of(&self, tenant: &str) -> bool {
        self.realms().values().any(|tenants| tenants.contains(tenant))
    }

    fn realms(&self) -> &Realms {
        self.prepared().realms.get_or_init(|| {
            let mut realms = Realms::new();
            for resource in self.of_kind(Kind::Principal) {
                for sighting in &resource.seen_by {
                    let tenants = realms.entry(sighting.source.clone()).or_default();
                    if !tenants.contains(resource.id.tenant()) {
                        tenants.insert(resource.id.tenant().to_owned());
                    }
                }
            }
            realms
        })
    }

    /// The person of the roster who has a mail address, by any of their addresses.
    #[must_use]
    pub fn person(&self, mail: &str) -> Option<(&'a Resource, &'a Person)> {
        let people = self.prepared().people_by_mail.get_or_init(|| {
            self.places_by_mail(Kind::Person, |body| match body {
                Body::Person(Person { email, aliases, .. }) => addresses(email, aliases),
                _ => Vec::new(),
            })
        });
        let at = *people.get(&mail.to_lowercase())?.first()?;
        let resource = self.snapshot().resources.get(at as usize)?;
        match &resource.body {
            Body::Person(person) => Some((resource, person)),
            _ => None,
        }
    }

    /// True if there is a roster, it was read whole, and it says of itself that nobody is missing in it.
    #[must_use]
    pub fn roster_is_whole(&self) -> bool {
        let mut rosters =
            self.coverage().0.iter().filter(|entry| entry.can_show(Kind::Person, &[] as &[&str])).peekable();
        rosters.peek().is_some() && rosters.all(|entry| !entry.is_gap() && !entry.visible_only)
    }

    /// The accounts that have a mail address.
    #[must_use]
    pub fn accounts_of_mail(&self, mail: &str) -> Vec<&'a Resource> {
        let accounts = self.prepared().accounts_by_mail.get_or_init(|| {
            self.places_by_mail(Kind::Principal, |body| match body {
                Body::Principal(Principal { email, other_emails, .. }) => addresses(email, other_emails),
                _ => Vec::new(),
            })
        });
        let places = accounts.get(&mail.to_lowercase());
        places.into_iter().flatten().filter_map(|at| self.snapshot().resources.get(*at as usize)).collect()
    }

    fn places_by_mail(&self, kind: Kind, addresses: impl Fn(&'a Body) -> Vec<&'a str>) -> PlacesByMail {
        let mut places: PlacesByMail = HashMap::new();
        for at in self.places(kind) {
            let Some(resource) = self.snapshot().resources.get(at as usize) else { continue };
            for address in addresses(&resource.body) {
                let places = places.entry(address.to_lowercase()).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
        }
        places
    }
}

/// Whether an account is open, by the word of who decides. A word that nobody explained decides nothing.
#[must_use]
pub fn is_open(account: &Resource) -> Fact<bool> {
    match &account.body {
        Body::Principal(Principal { status: Fact::Known(status), .. }) => {
            Principal::lets_in(status).map_or(Fact::Unknown, Fact::Known)
        }
        _ => Fact::Unknown,
    }
}

/// Whether anything lets an account in: one product may, although the organisation does not.
#[must_use]
pub fn may_be_used(account: &Resource) -> Fact<bool> {
    let Body::Principal(Principal { standings, .. }) = &account.body else { return Fact::Unknown };
    let let_in = standings.known().into_iter().flatten().any(|standing| standing.active == Fact::Known(true));
    if let_in { Fact::Known(true) } else { is_open(account) }
}

fn addresses<'f>(first: &'f Fact<String>, others: &'f Fact<Vec<String>>) -> Vec<&'f str> {
    first.known().into_iter().chain(others.known().into_iter().flatten()).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Collection, Snapshot, sample};

    #[test]
    fn a_person_is_found_by_any_address_and_has_all_their_accounts() {
        let snapshot = Snapshot::seal(vec![Collection { resources: sample::resources(), ..Collection::default() }]);
        let inventory = Inventory::new(&snapshot);
        for mail in ["ada@acme.example", "ADA.Muster@acme.example"] {
            assert_eq!(inventory.person(mail).unwrap().0.id, sample::person().id);
            assert_eq!(inventory.accounts_of_mail(mail)[0].id, sample::principal().id);
        }
        assert!(inventory.person("eva@acme.example").is_none());
        assert!(!inventory.roster_is_whole(), "nobody said that nobody is missing");
    }
}
