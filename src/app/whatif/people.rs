//! Accounts and who answers for what: whether an account is let in, what an integration runs on, and whom to talk to.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::inventory::{Inventory, resolve};
use crate::model::{
    Body, Credential, Fact, Harmed, Integration, Kind, Principal, PrincipalType, Resource, ResourceId, TalkTo,
};

/// Words of accounts that nobody can log in with any more. A suspended one can still be deactivated.
const CLOSED: [&str; 4] = ["deactivated", "closed", "for-deletion", "deleted"];

/// The word that says that an account is closed for good.
pub(super) fn closed_word(principal: &Principal) -> Option<&str> {
    let word = principal.status.known().map(String::as_str)?;
    CLOSED.contains(&word).then_some(word)
}

/// Whether an account is let in anywhere.
pub(super) fn is_open(principal: &Principal) -> Fact<bool> {
    if let Fact::Known(word) = &principal.status {
        return Fact::Known(word == "active");
    }
    let standings = principal.standings.known().map_or(&[][..], Vec::as_slice);
    if standings.iter().any(|standing| standing.active == Fact::Known(true)) {
        return Fact::Known(true);
    }
    let shut = |active: Fact<bool>| active == Fact::Known(false);
    match !standings.is_empty() && standings.iter().all(|standing| shut(standing.active)) {
        true => Fact::Known(false),
        false => Fact::Unknown,
    }
}

/// The accounts that a declared integration runs on.
pub(super) fn accounts_of<'a>(inventory: &Inventory<'a>, integration: &Resource) -> Vec<&'a Resource> {
    let Body::Integration(Integration { accounts: Fact::Known(accounts), .. }) = &integration.body else {
        return Vec::new();
    };
    let all = accounts.iter().flat_map(|account| resolve(inventory, account));
    all.map(|account| (&account.id, account)).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Who answers for things, looked up once.
pub(super) struct Answerable<'i, 'a> {
    inventory: &'i Inventory<'a>,
    gone: Box<dyn Fn(&ResourceId) -> bool + 'i>,
    /// The declared integrations of each account.
    integrations: BTreeMap<&'a ResourceId, Vec<&'a Resource>>,
}

impl<'i, 'a> Answerable<'i, 'a> {
    /// `gone` says who cannot be asked any more, for it is their account that is deactivated.
    pub(super) fn new(inventory: &'i Inventory<'a>, gone: impl Fn(&ResourceId) -> bool + 'i) -> Self {
        let mut integrations: BTreeMap<&ResourceId, Vec<&Resource>> = BTreeMap::new();
        for resource in inventory.of_kind(Kind::Integration) {
            for account in accounts_of(inventory, resource) {
                integrations.entry(&account.id).or_default().push(resource);
            }
        }
        Self { inventory, gone: Box::new(gone), integrations }
    }

    /// The declared integrations that run on an account.
    pub(super) fn integrations_on(&self, account: &ResourceId) -> &[&'a Resource] {
        self.integrations.get(account).map_or(&[], Vec::as_slice)
    }

    /// Who answers for a declared integration.
    pub(super) fn of_integration(&self, integration: &Resource) -> Option<String> {
        let Body::Integration(body) = &integration.body else { return None };
        let team = body.team.known().map(|team| format!("team {team}"));
        let owner = body.owner_email.known().filter(|mail| !self.is_gone(mail)).cloned();
        match (owner, team) {
            (Some(owner), Some(team)) => Some(format!("{owner} ({team})")),
            (owner, team) => owner.or(team),
        }
    }

    fn is_gone(&self, mail: &str) -> bool {
        let accounts = self.inventory.accounts_of_mail(mail);
        !accounts.is_empty() && accounts.iter().all(|account| (self.gone)(&account.id))
    }

    /// Who answers for what runs on an account: the owner of its integration, itself if it stays, its manager, who made it.
    pub(super) fn of_account(&self, id: &ResourceId) -> Option<String> {
        let declared = self.integrations_on(id).iter().find_map(|integration| self.of_integration(integration));
        if declared.is_some() {
            return declared;
        }
        let account = self.inventory.get(id)?;
        let Body::Principal(principal) = &account.body else { return None };
        let is_person = principal.account_type == Fact::Known(PrincipalType::Person)
            && !crate::inventory::recognise::looks_like_machine(account);
        if is_person && !(self.gone)(id) && is_open(principal) != Fact::Known(false) {
            return Some(named(account, principal));
        }
        let manager = principal.email.known().and_then(|mail| self.inventory.person(mail));
        let manager = manager.and_then(|(_, person)| person.manager.known().cloned());
        let manager = manager.filter(|mail| !self.is_gone(mail)).map(|mail| format!("{mail} (manager)"));
        let maker = || {
            let maker = principal.created_by.known().filter(|maker| !(self.gone)(maker))?;
            let resource = self.inventory.get(maker)?;
            match &resource.body {
                Body::Principal(principal) if is_open(principal) != Fact::Known(false) => {
                    Some(format!("{} (made it)", named(resource, principal)))
                }
                _ => None,
            }
        };
        manager.or_else(maker)
    }

    /// Who answers for a credential.
    pub(super) fn of_credential(&self, credential: &Credential) -> Option<String> {
        let own = credential.owner.known().and_then(|owner| self.of_account(owner));
        own.or_else(|| credential.created_by.known().and_then(|maker| self.of_account(maker)))
    }
}

/// “Ada Muster, ada@acme.example”.
fn named(account: &Resource, principal: &Principal) -> String {
    match principal.email.known() {
        Some(mail) => format!("{}, {mail}", account.title()),
        None => account.title().to_owned(),
    }
}

/// Whom to talk to before: who answers for what may be in use and would not go on as it does. Those with most at stake
/// come first, and what nobody answers for last.
pub(super) fn to_talk_to(harmed: &[Harmed], now: DateTime<Utc>) -> Vec<TalkTo> {
    let mut about: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
    for one in harmed.iter().filter(|one| one.harm != crate::model::Harm::LeftAlone && one.may_be_in_use(now)) {
        let things = about.entry(one.talk_to.as_deref()).or_default();
        let thing = format!("{} “{}”", one.sort, one.name);
        if !things.contains(&thing) {
            things.push(thing);
        }
    }
    let mut people: Vec<TalkTo> =
        about.into_iter().map(|(who, about)| TalkTo { who: who.map(str::to_owned), about }).collect();
    people.sort_by(|left, right| {
        let rank = |one: &TalkTo| (one.who.is_none(), std::cmp::Reverse(one.about.len()));
        rank(left).cmp(&rank(right)).then_with(|| left.who.cmp(&right.who))
    });
    people
}
