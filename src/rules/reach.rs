//! Who can get at a pipeline variable, and whose credential it may hold.
//!
//! A pipeline can use a secured variable as well as any other, and whoever can push to a branch that runs it decides what
//! the pipeline does: to hide a value from people is not to keep it from them.

use std::collections::BTreeSet;

use super::derived::{count, is_live};
use super::fields::{Texts, View, variable};
use crate::inventory::Inventory;
use crate::model::{
    Body, Container, ContainerForm, CredentialForm, Fact, GrantForm, Kind, PrincipalType, Resource, ResourceId,
    Variable, VariableLevel,
};

pub(super) fn reachable_by<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    reachable(view).map(|accounts| {
        let names: BTreeSet<&str> = accounts.into_iter().map(|account| view.inventory.name(account)).collect();
        Texts::Made(names.into_iter().collect())
    })
}

pub(super) fn reachable_count(view: &View<'_>) -> Fact<i64> {
    reachable(view).map(|accounts| count(accounts.len()))
}

/// Everybody who can push to a branch that runs the variable, as far as all grants on repositories were seen.
fn reachable<'a>(view: &View<'a>) -> Fact<BTreeSet<&'a ResourceId>> {
    let Variable { level, container, admin_only, .. } = variable(view);
    let seen = view.inventory.all_seen(Kind::Grant, &[GrantForm::EffectiveRepositoryPermission.name()]);
    let Fact::Known(container) = container else { return Fact::Unknown };
    if !seen {
        return Fact::Unknown;
    }
    match level {
        VariableLevel::Workspace => everywhere(view.inventory, container),
        VariableLevel::Repository => pushers(view.inventory, container, false),
        VariableLevel::Deployment => match admin_only {
            Fact::Known(admins) => pushers(view.inventory, container, *admins),
            Fact::Absent => pushers(view.inventory, container, false),
            Fact::Unknown => Fact::Unknown,
        },
    }
}

/// Those who can push somewhere in a workspace.
fn everywhere<'a>(inventory: &'a Inventory<'a>, workspace: &ResourceId) -> Fact<BTreeSet<&'a ResourceId>> {
    if !inventory.all_seen(Kind::Container, &[ContainerForm::Repository.name()]) {
        return Fact::Unknown;
    }
    let mut accounts = BTreeSet::new();
    for resource in inventory.of_kind(Kind::Container).filter(|one| one.id.tenant() == workspace.tenant()) {
        if !matches!(&resource.body, Body::Container(body) if body.form == ContainerForm::Repository) {
            continue;
        }
        match pushers(inventory, &resource.id, false) {
            Fact::Known(more) => accounts.extend(more),
            Fact::Absent => {}
            Fact::Unknown => return Fact::Unknown,
        }
    }
    Fact::Known(accounts)
}

/// Those who can push to a branch of a repository that runs its pipeline. Where no pipeline runs, only administrators
/// could make one run.
fn pushers<'a>(
    inventory: &'a Inventory<'a>,
    repository: &ResourceId,
    admins_only: bool,
) -> Fact<BTreeSet<&'a ResourceId>> {
    let Some(Body::Container(Container { pipelines_enabled, only_pushers, .. })) =
        inventory.get(repository).map(|resource| &resource.body)
    else {
        return Fact::Unknown;
    };
    let runs = match pipelines_enabled {
        Fact::Known(runs) => *runs,
        Fact::Absent => false,
        Fact::Unknown => return Fact::Unknown,
    };
    let mut accounts = BTreeSet::new();
    for grant in inventory.grants_on(repository) {
        let Body::Grant(grant) = &grant.body else { continue };
        if grant.form != GrantForm::EffectiveRepositoryPermission {
            continue;
        }
        let Fact::Known(account) = &grant.principal else { return Fact::Unknown };
        let counts = match (grant.role.as_str(), only_pushers) {
            ("admin", _) => Fact::Known(true),
            _ if admins_only || !runs => Fact::Known(false),
            ("write", Fact::Absent) => Fact::Known(true),
            ("write", Fact::Known(pushers)) => is_among(inventory, account, pushers),
            ("write", Fact::Unknown) => Fact::Unknown,
            _ => Fact::Known(false),
        };
        match counts {
            Fact::Known(true) => {
                accounts.insert(account);
            }
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => return Fact::Unknown,
        }
    }
    Fact::Known(accounts)
}

/// Whether an account is one of these, or in a group that is.
fn is_among(inventory: &Inventory<'_>, account: &ResourceId, pushers: &[ResourceId]) -> Fact<bool> {
    if pushers.contains(account) {
        return Fact::Known(true);
    }
    if pushers.iter().all(|pusher| pusher.kind() != Kind::Group) {
        return Fact::Known(false);
    }
    match inventory.principal(account).map(|account| &account.groups) {
        Some(Fact::Known(groups)) => Fact::Known(groups.iter().any(|group| pushers.contains(group))),
        Some(Fact::Absent) => Fact::Known(false),
        Some(Fact::Unknown) | None => Fact::Unknown,
    }
}

/// Words that say nothing about what a credential is for.
const COMMON: [&str; 22] = [
    "access",
    "account",
    "api",
    "apikey",
    "atlassian",
    "auth",
    "bitbucket",
    "bot",
    "cloud",
    "confluence",
    "credential",
    "email",
    "jira",
    "key",
    "pass",
    "password",
    "pat",
    "prod",
    "secret",
    "token",
    "user",
    "var",
];

/// API tokens that act as an account and whose label, without common words, is part of the variable's name.
pub(super) fn matching_credentials<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    matching(view, |_| true)
}

/// A token of a service account is where it belongs; one whose owner was not seen may be a person's.
pub(super) fn matching_personal_tokens<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    matching(view, |owner| {
        let account = owner.known().and_then(|owner| view.inventory.principal(owner));
        !matches!(account.map(|account| account.account_type), Some(Fact::Known(sort)) if sort != PrincipalType::Person)
    })
}

fn matching<'a>(view: &View<'a>, belongs: impl Fn(&Fact<ResourceId>) -> bool) -> Fact<Texts<'a>> {
    if !view.inventory.all_seen(Kind::Credential, &[CredentialForm::ApiToken.name()]) {
        return Fact::Unknown;
    }
    let named = words(&view.resource.name);
    let telling: Vec<&str> = telling(&named).collect();
    let tokens = view.inventory.of_kind(Kind::Credential).filter(|_| !telling.is_empty());
    let matching = tokens.filter(|token| may_be_held(token, &telling, view));
    let worded = matching.filter_map(|token| {
        let Body::Credential(credential) = &token.body else { return None };
        belongs(&credential.owner).then(|| match &credential.owner {
            Fact::Known(owner) => format!("“{}” of {}", token.title(), view.inventory.name(owner)),
            Fact::Absent | Fact::Unknown => format!("“{}”", token.title()),
        })
    });
    Fact::Known(Texts::Worded(worded.collect()))
}

fn may_be_held(token: &Resource, named: &[&str], view: &View<'_>) -> bool {
    let Body::Credential(credential) = &token.body else { return false };
    let label = words(&token.name);
    let mut telling = telling(&label).peekable();
    credential.form == CredentialForm::ApiToken
        && is_live(credential, view.now) != Fact::Known(false)
        && telling.peek().is_some()
        && telling.all(|word| named.contains(&word))
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric()).filter(|part| part.len() > 1);
    parts.map(str::to_lowercase).collect()
}

fn telling(words: &[String]) -> impl Iterator<Item = &str> {
    words.iter().map(String::as_str).filter(|word| !COMMON.contains(word))
}

/// Words by which a variable says that it holds an account, not its secret.
const ACCOUNT: [&str; 6] = ["account", "email", "login", "mail", "user", "username"];

/// Variables of the same container, level and environment that share a word with this one and name an account. Those that
/// were seen are told even if others may be hidden.
pub(super) fn accounts_beside<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Variable { level, container: Fact::Known(container), environment, .. } = variable(view) else {
        return Fact::Unknown;
    };
    let holds_account = |words: &[String]| words.iter().any(|word| ACCOUNT.contains(&word.as_str()));
    let named = words(&view.resource.name);
    let mut found = Vec::new();
    if holds_account(&named) {
        return Fact::Known(Texts::Made(found));
    }
    for other in view.inventory.of_kind(Kind::Variable).filter(|other| other.id != view.resource.id) {
        let Body::Variable(body) = &other.body else { continue };
        let beside =
            body.container.known() == Some(container) && (body.level, &body.environment) == (*level, environment);
        let its = words(&other.name);
        if beside && holds_account(&its) && its.iter().any(|word| named.contains(word)) {
            found.push(other.title());
        }
    }
    let none = found.is_empty() && !view.inventory.seen_whole(Kind::Variable);
    if none { Fact::Unknown } else { Fact::Known(Texts::Made(found)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Collection, Credential, EndpointState, LedgerEntry, Principal, Snapshot};

    fn whole(kind: Kind) -> LedgerEntry {
        let now = chrono::DateTime::UNIX_EPOCH;
        let mut entry =
            LedgerEntry::not_asked("acme".into(), "x".into(), String::new(), vec![kind], String::new(), now);
        entry.state = EndpointState::Complete;
        entry
    }

    fn ask<T>(resources: &[Resource], ledger: Vec<LedgerEntry>, question: impl Fn(&View<'_>) -> T) -> T {
        let snapshot = Snapshot::seal(vec![Collection { authority: 0, resources: resources.to_vec(), ledger }]);
        let inventory = Inventory::new(&snapshot);
        let now = "2026-11-22T02:00:00Z".parse().unwrap();
        let resource = inventory.get(&resources[0].id).unwrap();
        question(&View { resource, inventory: &inventory, change: None, now })
    }

    fn texts(list: Fact<Texts<'_>>) -> Option<Vec<String>> {
        list.known().map(|list| list.iter().map(str::to_owned).collect())
    }

    fn resource(kind: Kind, native: &str, name: &str, body: Body) -> Resource {
        let seen_by = vec![crate::model::Sighting { source: "acme".into(), endpoint: "x".into() }];
        Resource { id: ResourceId::new("ws", kind, native), name: name.to_owned(), seen_by, body }
    }

    fn variable_in(repository: &str, name: &str) -> Resource {
        let container = Fact::Known(ResourceId::new("ws", Kind::Container, repository));
        let (environment, secured, admin_only) = (Fact::Absent, Fact::Known(true), Fact::Absent);
        let body = Variable { level: VariableLevel::Repository, container, environment, secured, admin_only };
        resource(Kind::Variable, &format!("{repository}/{name}"), name, Body::Variable(body))
    }

    #[test]
    fn an_account_beside_a_secret_is_in_the_same_place_and_for_the_same_thing() {
        let beside = |name: &str, others: &[Resource]| {
            let resources: Vec<_> = std::iter::once(variable_in("r-1", name)).chain(others.iter().cloned()).collect();
            ask(&resources, vec![whole(Kind::Variable)], |view| texts(accounts_beside(view)))
        };
        let user = variable_in("r-1", "JIRA_USER");
        assert_eq!(beside("JIRA_TOKEN", std::slice::from_ref(&user)), Some(vec!["JIRA_USER".to_owned()]));
        assert_eq!(beside("NPM_TOKEN", std::slice::from_ref(&user)), Some(Vec::new()));
        assert_eq!(beside("JIRA_EMAIL", &[user]), Some(Vec::new()));
        assert_eq!(beside("JIRA_TOKEN", &[variable_in("r-2", "JIRA_USER")]), Some(Vec::new()));
        assert_eq!(beside("JIRA_TOKEN", &[variable_in("r-1", "JIRA_URL")]), Some(Vec::new()));
        let alone = [variable_in("r-1", "JIRA_TOKEN")];
        assert_eq!(ask(&alone, Vec::new(), |view| texts(accounts_beside(view))), None);
    }

    #[test]
    fn a_token_of_a_service_account_is_where_it_belongs() {
        let held = |sort: Option<PrincipalType>, ledger| {
            let owner = ResourceId::new("ws", Kind::Principal, "owner");
            let mut token = Credential::unknown(CredentialForm::ApiToken);
            (token.owner, token.status) = (Fact::Known(owner), Fact::Known("active".to_owned()));
            let account = sort.map(|sort| {
                let body = Principal { account_type: Fact::Known(sort), ..Principal::default() };
                resource(Kind::Principal, "owner", "Owner", Body::Principal(body))
            });
            let token = resource(Kind::Credential, "t", "sonar token", Body::Credential(token));
            let resources: Vec<_> = [variable_in("r-1", "SONAR_TOKEN"), token].into_iter().chain(account).collect();
            ask(&resources, ledger, |view| (texts(matching_credentials(view)), texts(matching_personal_tokens(view))))
        };
        let tokens = || vec![whole(Kind::Credential)];
        let (all, personal) = held(Some(PrincipalType::Person), tokens());
        assert_eq!(all, Some(vec!["“sonar token” of Owner".to_owned()]));
        assert_eq!(personal, all);
        let (all, personal) = held(Some(PrincipalType::ServiceAccount), tokens());
        assert_eq!((all.map(|all| all.len()), personal), (Some(1), Some(Vec::new())));
        assert_eq!(held(None, tokens()).1, Some(vec!["“sonar token” of owner".to_owned()]));
        assert_eq!(held(Some(PrincipalType::Person), Vec::new()), (None, None));
    }
}
