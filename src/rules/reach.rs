//! Who can get at a pipeline variable, and whose credential it may hold.
//!
//! A pipeline can use a secured variable as well as any other, and whoever can push to a branch that runs it decides what
//! the pipeline does: to hide a value from people is not to keep it from them.

use std::collections::BTreeSet;

use super::derived::{count, is_live};
use super::fields::{Texts, View, variable};
use crate::inventory::Inventory;
use crate::model::{
    Body, Container, ContainerForm, CredentialForm, Fact, GrantForm, Kind, PrincipalType, Resource, ResourceId, Variable,
    VariableLevel,
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
        let beside = body.container.known() == Some(container)
            && (body.level, &body.environment) == (*level, environment);
        let its = words(&other.name);
        if beside && holds_account(&its) && its.iter().any(|word| named.contains(word)) {
            found.push(other.title());
        }
    }
    let none = found.is_empty() && !view.inventory.seen_whole(Kind::Variable);
    if none { Fact::Unknown } else { Fact::Known(Texts::Made(found)) }
}
