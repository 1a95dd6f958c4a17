//! Accounts that a source knows by name or mail address only: which account is meant, another source of the same tenant
//! shows. That is settled when a snapshot is sealed.

use std::collections::HashMap;

use super::{Body, Fact, Kind, Principal, Resource, ResourceId};

/// What an account is called where its id is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountName<'a> {
    /// The name it logs in with.
    LogIn(&'a str),
    /// Its mail address.
    Mail(&'a str),
}

/// The sign before a name that stands in the place of an id. No product makes ids that begin with it.
const SIGN: &str = "?name=";
const MAIL_SIGN: &str = "?mail=";

impl AccountName<'_> {
    /// A stand-in for the id of the account, good until the snapshot is sealed. Then it becomes the id of the one account
    /// of the tenant that is called so, or the fact unknown, where there is none or more than one.
    #[must_use]
    pub fn in_place_of_id(self, tenant: &str) -> ResourceId {
        let (sign, name) = match self {
            Self::LogIn(name) => (SIGN, name),
            Self::Mail(address) => (MAIL_SIGN, address),
        };
        ResourceId::new(tenant, Kind::Principal, &format!("{sign}{}", name.to_lowercase()))
    }
}

/// Puts ids in the place of names.
pub(super) fn settle(resources: &mut [Resource]) {
    if !resources.iter_mut().any(|resource| accounts_in(resource).into_iter().any(|fact| is_stand_in(fact))) {
        return;
    }
    let accounts = accounts_by_name(resources);
    for resource in resources {
        for fact in accounts_in(resource) {
            if is_stand_in(fact) {
                let found = fact.known().and_then(|name| accounts.get(name.as_str()).cloned().flatten());
                *fact = found.map_or(Fact::Unknown, Fact::Known);
            }
        }
    }
}

/// Every account under its stand-ins; `None` where several share one.
fn accounts_by_name(resources: &[Resource]) -> HashMap<String, Option<ResourceId>> {
    let mut accounts: HashMap<String, Option<ResourceId>> = HashMap::new();
    for resource in resources {
        let Body::Principal(Principal { username, email, .. }) = &resource.body else { continue };
        let names =
            [username.known().map(|name| AccountName::LogIn(name)), email.known().map(|name| AccountName::Mail(name))];
        for name in names.into_iter().flatten() {
            let stand_in = name.in_place_of_id(resource.id.tenant()).as_str().to_owned();
            let only = |known: &mut Option<ResourceId>| *known = known.take().filter(|known| *known == resource.id);
            accounts.entry(stand_in).and_modify(only).or_insert_with(|| Some(resource.id.clone()));
        }
    }
    accounts
}

fn is_stand_in(fact: &Fact<ResourceId>) -> bool {
    let sign = |native: &str| native.starts_with(SIGN) || native.starts_with(MAIL_SIGN);
    fact.known().is_some_and(|id| sign(id.native()))
}

/// The facts that may name an account so.
fn accounts_in(resource: &mut Resource) -> Vec<&mut Fact<ResourceId>> {
    match &mut resource.body {
        Body::Principal(principal) => vec![&mut principal.created_by],
        Body::Credential(credential) => vec![&mut credential.owner, &mut credential.created_by],
        Body::Container(container) => vec![&mut container.owner, &mut container.lead],
        Body::Grant(grant) => vec![&mut grant.principal],
        Body::Group(_)
        | Body::App(_)
        | Body::Webhook(_)
        | Body::Automation(_)
        | Body::Variable(_)
        | Body::Setting(_)
        | Body::Integration(_)
        | Body::Person(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Collection, Credential, CredentialForm, Snapshot};

    fn account(native: &str, username: &str, email: &str) -> Resource {
        let (username, email) = (Fact::Known(username.to_owned()), Fact::Known(email.to_owned()));
        let body = Body::Principal(Principal { username, email, ..Principal::default() });
        Resource {
            id: ResourceId::new("jira", Kind::Principal, native),
            name: String::new(),
            seen_by: Vec::new(),
            body,
        }
    }

    fn owner_of(name: AccountName<'_>) -> Fact<ResourceId> {
        let owner = Fact::Known(name.in_place_of_id("jira"));
        let body = Body::Credential(Credential { owner, ..Credential::unknown(CredentialForm::PersonalAccessToken) });
        let id = ResourceId::new("jira", Kind::Credential, "t");
        let token = Resource { id: id.clone(), name: String::new(), seen_by: Vec::new(), body };
        let accounts = vec![
            account("JIRAUSER1", "Ada", "ada@acme.example"),
            account("JIRAUSER2", "bob", "team@acme.example"),
            account("JIRAUSER3", "eva", "Team@acme.example"),
        ];
        let resources = [vec![token], accounts].concat();
        let sealed = Snapshot::seal(vec![Collection { resources, ..Collection::default() }]);
        match &sealed.get(&id).unwrap().body {
            Body::Credential(credential) => credential.owner.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_becomes_the_id_of_the_one_account_that_has_it() {
        let ada = Fact::Known(ResourceId::new("jira", Kind::Principal, "JIRAUSER1"));
        assert_eq!(owner_of(AccountName::LogIn("ADA")), ada);
        assert_eq!(owner_of(AccountName::Mail("ada@acme.example")), ada);
        assert_eq!(owner_of(AccountName::LogIn("nobody")), Fact::Unknown);
        assert_eq!(owner_of(AccountName::Mail("team@acme.example")), Fact::Unknown, "two accounts share it");
    }
}
