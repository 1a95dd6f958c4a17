//! Who can get at a pipeline variable, and whose credential it may hold.
//!
//! A pipeline can use a secured variable as well as any other, and whoever can push to a branch that runs it decides what
//! the pipeline does: to hide a value from people is not to keep it from them.

use std::collections::{BTreeSet, HashMap};

use super::derived::{count, is_live};
use super::fields::{Texts, View, variable};
use crate::inventory::{Inventory, is_named_like_account};
use crate::model::{
    Body, Container, ContainerForm, CredentialForm, Fact, Grant, GrantForm, Kind, Principal, PrincipalType, ResourceId,
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

/// True where those who can get at a variable are all that can. Of a workspace this is never known.
pub(super) fn reach_told(view: &View<'_>) -> Fact<bool> {
    if variable(view).level == VariableLevel::Workspace { Fact::Unknown } else { reachable(view).map(|_| true) }
}

/// Everybody who can push to a branch that runs the variable, as far as all grants on repositories were seen; of a
/// workspace, those of whom it is known.
fn reachable<'a>(view: &View<'a>) -> Fact<BTreeSet<&'a ResourceId>> {
    let Variable { level, container, admin_only, .. } = variable(view);
    let Fact::Known(container) = container else { return Fact::Unknown };
    if *level == VariableLevel::Workspace {
        return Fact::Known(everywhere(view.inventory, container).into_iter().flatten().collect());
    }
    if !view.inventory.all_seen(Kind::Grant, &[GrantForm::EffectiveRepositoryPermission.name()]) {
        return Fact::Unknown;
    }
    match (level, admin_only) {
        (VariableLevel::Deployment, Fact::Known(true)) => pushers(view.inventory, container, true),
        (VariableLevel::Deployment, Fact::Unknown) => Fact::Unknown,
        _ => pushers(view.inventory, container, false),
    }
}

/// Those who are known to reach the variables of a workspace: who can push somewhere in it, who may make a repository in
/// one of its projects, and its owners. Nothing tells in full who else may make one, so these are never proven to be all.
fn everywhere<'a>(inventory: &'a Inventory<'a>, workspace: &ResourceId) -> Option<&'a BTreeSet<ResourceId>> {
    inventory.prepared().reach_of_workspaces.get_or_init(|| reach_of_workspaces(inventory)).get(workspace.tenant())
}

fn reach_of_workspaces(inventory: &Inventory<'_>) -> HashMap<String, BTreeSet<ResourceId>> {
    let mut members: HashMap<&ResourceId, Vec<&ResourceId>> = HashMap::new();
    for resource in inventory.of_kind(Kind::Principal) {
        let Body::Principal(Principal { workspace_groups: Fact::Known(groups), .. }) = &resource.body else { continue };
        groups.iter().for_each(|group| members.entry(group).or_default().push(&resource.id));
    }
    let mut reach: HashMap<String, BTreeSet<ResourceId>> = HashMap::new();
    for resource in inventory.of_kind(Kind::Container) {
        let Body::Container(container) = &resource.body else { continue };
        if container.form == ContainerForm::Repository {
            let accounts = pushers(inventory, &resource.id, false).known().cloned().unwrap_or_default();
            reach.entry(resource.id.tenant().to_owned()).or_default().extend(accounts.into_iter().cloned());
        }
    }
    for resource in inventory.of_kind(Kind::Grant) {
        let Body::Grant(Grant { form, role, principal, group, container: Fact::Known(container), .. }) = &resource.body
        else {
            continue;
        };
        if makes_repositories(*form, role) {
            let of_group = group.known().and_then(|group| members.get(group)).into_iter().flatten().copied();
            let accounts = principal.known().into_iter().chain(of_group);
            reach.entry(container.tenant().to_owned()).or_default().extend(accounts.cloned());
        }
    }
    reach
}

/// Who makes a repository decides what its pipelines do, and they run the variables of the workspace.
fn makes_repositories(form: GrantForm, role: &str) -> bool {
    match form {
        GrantForm::WorkspaceRole => role == "owner",
        GrantForm::RepositoryProjectPermission => role == "create-repo" || role == "admin",
        _ => false,
    }
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
    let admins_only = match pipelines_enabled {
        _ if admins_only => true,
        Fact::Known(runs) => !*runs,
        Fact::Absent => true,
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
            _ if admins_only => Fact::Known(false),
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

/// Whether an account is one of these, or in a group that is. The groups may be those of another workspace: only of a
/// group whose members were counted is a silence a no.
fn is_among(inventory: &Inventory<'_>, account: &ResourceId, pushers: &[ResourceId]) -> Fact<bool> {
    if pushers.contains(account) {
        return Fact::Known(true);
    }
    if pushers.iter().all(|pusher| pusher.kind() != Kind::Group) {
        return Fact::Known(false);
    }
    let counted = |id: &ResourceId| match inventory.get(id).map(|resource| &resource.body) {
        Some(Body::Group(group)) => group.member_count.known().is_some(),
        _ => false,
    };
    let all_counted = pushers.iter().filter(|pusher| pusher.kind() == Kind::Group).all(counted);
    let seen = inventory.principal(account).and_then(|account| account.workspace_groups_at_least.known());
    if seen.is_some_and(|groups| groups.iter().any(|group| pushers.contains(group))) {
        return Fact::Known(true);
    }
    match inventory.principal(account).map(|account| &account.workspace_groups) {
        Some(Fact::Known(groups)) if groups.iter().any(|group| pushers.contains(group)) => Fact::Known(true),
        Some(Fact::Known(_) | Fact::Absent) if all_counted => Fact::Known(false),
        Some(Fact::Known(_) | Fact::Absent | Fact::Unknown) | None => Fact::Unknown,
    }
}

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
    let tokens = view.inventory.tokens_named_in(&view.resource.name).into_iter();
    let worded = tokens.filter_map(|token| {
        let Body::Credential(credential) = &token.body else { return None };
        let held = belongs(&credential.owner) && is_live(credential, view.now) != Fact::Known(false);
        held.then(|| match &credential.owner {
            Fact::Known(owner) => format!("“{}” of {}", token.title(), view.inventory.name(owner)),
            Fact::Absent | Fact::Unknown => format!("“{}”", token.title()),
        })
    });
    Fact::Known(Texts::Worded(worded.collect()))
}

/// Variables of the same container, level and environment that share a word with this one and name an account. Those that
/// were seen are told even if others may be hidden. Environments that nobody told are not the same one.
pub(super) fn accounts_beside<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    if variable(view).container.known().is_none() {
        return Fact::Unknown;
    }
    let (found, mut told) = view.inventory.accounts_beside(view.resource, variable(view));
    told &= is_named_like_account(&view.resource.name) || view.inventory.seen_whole(Kind::Variable);
    if found.is_empty() && !told { Fact::Unknown } else { Fact::Known(Texts::Made(found)) }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::model::{Collection, Credential, EndpointState, Group, Holder, LedgerEntry, Resource, Snapshot};

    const APP: &str = "repository:app";
    const LIB: &str = "repository:lib";

    fn now() -> DateTime<Utc> {
        "2026-11-22T07:30:00Z".parse().unwrap()
    }

    fn id(kind: Kind, native: &str) -> ResourceId {
        let cloud = kind == Kind::Principal || kind == Kind::Credential;
        ResourceId::new(if cloud { ResourceId::CLOUD } else { "ws" }, kind, native)
    }

    fn resource(native: &str, name: &str, body: Body) -> Resource {
        Resource { id: id(body.kind(), native), name: name.to_owned(), seen_by: Vec::new(), body }
    }

    fn account(native: &str, groups: Fact<Vec<ResourceId>>) -> Resource {
        resource(native, native, Body::Principal(Principal { workspace_groups: groups, ..Principal::default() }))
    }

    fn group(member_count: Fact<i64>) -> Resource {
        resource("dev", "dev", Body::Group(Group { member_count, ..Group::default() }))
    }

    fn repository(native: &str, pipelines_enabled: Fact<bool>, only_pushers: Fact<Vec<ResourceId>>) -> Resource {
        let unknown = Container::unknown(ContainerForm::Repository);
        resource(native, native, Body::Container(Container { pipelines_enabled, only_pushers, ..unknown }))
    }

    fn may(account: &str, role: &str, repository: &str) -> Resource {
        let mut grant = Grant::of(GrantForm::EffectiveRepositoryPermission, role, Holder::Principal);
        grant.principal = Fact::Known(id(Kind::Principal, account));
        grant.container = Fact::Known(id(Kind::Container, repository));
        resource(&format!("{repository}/{account}"), role, Body::Grant(grant))
    }

    fn variable(level: VariableLevel, container: &str, admin_only: Fact<bool>) -> Resource {
        let container = Fact::Known(id(Kind::Container, container));
        let body = Variable { level, container, environment: Fact::Unknown, secured: Fact::Known(true), admin_only };
        resource("v", "JENKINS_DEPLOY_TOKEN", Body::Variable(body))
    }

    fn seen(kind: Kind, form: &str, state: EndpointState) -> LedgerEntry {
        let (endpoint, path) = (form.into(), String::new());
        let entry = LedgerEntry::not_asked("acme".into(), endpoint, path, vec![kind], String::new(), now());
        LedgerEntry { state, forms: vec![form.into()], ..entry }
    }

    fn whole() -> Vec<LedgerEntry> {
        vec![
            seen(Kind::Grant, "effective-repository-permission", EndpointState::Complete),
            seen(Kind::Container, "repository", EndpointState::Complete),
            seen(Kind::Credential, "api-token", EndpointState::Complete),
        ]
    }

    fn ask(
        variable: &Resource,
        mut resources: Vec<Resource>,
        ledger: Vec<LedgerEntry>,
        question: fn(&View<'_>) -> Fact<Vec<String>>,
    ) -> Fact<Vec<String>> {
        resources.push(variable.clone());
        let snapshot = Snapshot::seal(vec![Collection { authority: 0, resources, ledger }]);
        let inventory = Inventory::new(&snapshot);
        question(&View { resource: variable, inventory: &inventory, change: None, finding: None, now: now() })
    }

    fn owned(texts: &Texts<'_>) -> Vec<String> {
        texts.iter().map(str::to_owned).collect()
    }

    fn reached_with(variable: &Resource, resources: Vec<Resource>, ledger: Vec<LedgerEntry>) -> Fact<Vec<String>> {
        ask(variable, resources, ledger, |view| {
            let names = reachable_by(view).map(|texts| owned(&texts));
            assert_eq!(reachable_count(view), names.as_ref().map(|names| count(names.len())));
            names
        })
    }

    fn reached(variable: &Resource, resources: Vec<Resource>) -> Fact<Vec<String>> {
        reached_with(variable, resources, whole())
    }

    fn names(names: &[&str]) -> Fact<Vec<String>> {
        Fact::Known(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// An administrator, somebody who writes, and somebody who only reads.
    fn three(repository: &str) -> Vec<Resource> {
        [("ada", "admin"), ("bob", "write"), ("eve", "read")].map(|(who, role)| may(who, role, repository)).into()
    }

    fn of_repository() -> Resource {
        variable(VariableLevel::Repository, APP, Fact::Known(false))
    }

    fn with(mut resources: Vec<Resource>, more: impl IntoIterator<Item = Resource>) -> Vec<Resource> {
        resources.extend(more);
        resources
    }

    #[test]
    fn whoever_can_push_reaches_the_variables_of_a_repository() {
        let app = repository(APP, Fact::Known(true), Fact::Absent);
        assert_eq!(reached(&of_repository(), with(three(APP), [app])), names(&["ada", "bob"]));
    }

    #[test]
    fn where_no_pipeline_runs_only_administrators_could_make_one_run() {
        for off in [Fact::Known(false), Fact::Absent] {
            let app = repository(APP, off, Fact::Unknown);
            assert_eq!(reached(&of_repository(), with(three(APP), [app])), names(&["ada"]));
        }
    }

    #[test]
    fn what_only_some_may_push_only_they_and_administrators_reach() {
        let dev = id(Kind::Group, "dev");
        let app = |pushers: Vec<ResourceId>| repository(APP, Fact::Known(true), Fact::Known(pushers));
        let members = |bob: Fact<Vec<ResourceId>>| with(three(APP), [account("bob", bob)]);
        let to_group = || app(vec![dev.clone()]);
        let inside = with(members(Fact::Known(vec![dev.clone()])), [to_group(), group(Fact::Known(1))]);
        assert_eq!(reached(&of_repository(), inside), names(&["ada", "bob"]));
        let outside = with(members(Fact::Known(Vec::new())), [to_group(), group(Fact::Known(0))]);
        assert_eq!(reached(&of_repository(), outside), names(&["ada"]));
        let named = with(three(APP), [app(vec![id(Kind::Principal, "bob")])]);
        assert_eq!(reached(&of_repository(), named), names(&["ada", "bob"]));
        assert_eq!(reached(&of_repository(), with(three(APP), [app(Vec::new())])), names(&["ada"]));
    }

    #[test]
    fn groups_of_another_workspace_do_not_prove_that_an_account_is_in_none_of_these() {
        let app = || repository(APP, Fact::Known(true), Fact::Known(vec![id(Kind::Group, "dev")]));
        let elsewhere = || account("bob", Fact::Known(vec![ResourceId::new("other-ws", Kind::Group, "dev")]));
        for hidden in [vec![], vec![group(Fact::Unknown)]] {
            let resources = with(with(three(APP), [app(), elsewhere()]), hidden);
            assert_eq!(reached(&of_repository(), resources), Fact::Unknown);
        }
        let not_told = with(three(APP), [app(), account("bob", Fact::Unknown), group(Fact::Known(1))]);
        assert_eq!(reached(&of_repository(), not_told), Fact::Unknown);
    }

    #[test]
    fn a_deployment_for_administrators_is_theirs_alone() {
        let of = |admin_only| variable(VariableLevel::Deployment, APP, admin_only);
        let app = |runs| with(three(APP), [repository(APP, runs, Fact::Absent)]);
        assert_eq!(reached(&of(Fact::Known(true)), app(Fact::Known(true))), names(&["ada"]));
        assert_eq!(reached(&of(Fact::Known(true)), app(Fact::Unknown)), names(&["ada"]));
        assert_eq!(reached(&of(Fact::Known(false)), app(Fact::Known(true))), names(&["ada", "bob"]));
        assert_eq!(reached(&of(Fact::Unknown), app(Fact::Known(true))), Fact::Unknown);
    }

    #[test]
    fn a_variable_of_the_workspace_is_reached_from_every_repository_but_never_proven_to_be_reached_by_no_more() {
        let of_workspace = variable(VariableLevel::Workspace, "workspace", Fact::Known(false));
        let both = |lib| {
            let app = repository(APP, Fact::Known(true), Fact::Absent);
            with(with(three(APP), [may("joe", "write", LIB), may("kim", "admin", LIB)]), [app, lib])
        };
        let runs = both(repository(LIB, Fact::Known(true), Fact::Absent));
        assert_eq!(reached(&of_workspace, runs.clone()), names(&["ada", "bob", "joe", "kim"]));
        let off = both(repository(LIB, Fact::Known(false), Fact::Absent));
        assert_eq!(reached(&of_workspace, off), names(&["ada", "bob", "kim"]));
        let not_told = both(repository(LIB, Fact::Unknown, Fact::Absent));
        assert_eq!(reached(&of_workspace, not_told), names(&["ada", "bob"]));
        let told = |variable: &Resource, resources| {
            ask(variable, resources, whole(), |view| reach_told(view).map(|told| vec![told.to_string()]))
        };
        assert_eq!(told(&of_workspace, runs.clone()), Fact::Unknown);
        assert_eq!(told(&of_repository(), runs), names(&["true"]));
        assert_eq!(told(&of_repository(), three(APP)), Fact::Unknown);
    }

    #[test]
    fn whoever_may_make_a_repository_reaches_the_variables_of_its_workspace() {
        let of_workspace = variable(VariableLevel::Workspace, "workspace", Fact::Known(false));
        let holds = |form, role: &str, who: &str| {
            let mut grant = Grant::of(form, role, Holder::Principal);
            grant.principal = Fact::Known(id(Kind::Principal, who));
            grant.container = Fact::Known(id(Kind::Container, "project:web"));
            resource(&format!("{role}/{who}"), role, Body::Grant(grant))
        };
        let mut of_group = Grant::of(GrantForm::RepositoryProjectPermission, "create-repo", Holder::Group);
        (of_group.group, of_group.principal) = (Fact::Known(id(Kind::Group, "dev")), Fact::Absent);
        of_group.container = Fact::Known(id(Kind::Container, "project:web"));
        let (in_project, in_workspace) = (GrantForm::RepositoryProjectPermission, GrantForm::WorkspaceRole);
        let resources = vec![
            holds(in_project, "create-repo", "cleo"),
            holds(in_project, "admin", "dana"),
            holds(in_project, "write", "eve"),
            holds(in_workspace, "owner", "olga"),
            holds(in_workspace, "member", "mia"),
            resource("dev", "create-repo", Body::Grant(of_group)),
            account("gus", Fact::Known(vec![id(Kind::Group, "dev")])),
        ];
        assert_eq!(reached(&of_workspace, resources), names(&["cleo", "dana", "gus", "olga"]));
    }

    #[test]
    fn what_is_not_known_stays_unknown() {
        let known = |runs, pushers| with(three(APP), [repository(APP, runs, pushers)]);
        assert_eq!(reached(&of_repository(), known(Fact::Unknown, Fact::Absent)), Fact::Unknown);
        assert_eq!(reached(&of_repository(), known(Fact::Known(true), Fact::Unknown)), Fact::Unknown);
        assert_eq!(reached(&of_repository(), three(APP)), Fact::Unknown, "the repository was not seen");
        let app = || known(Fact::Known(true), Fact::Absent);
        assert_eq!(reached_with(&of_repository(), app(), Vec::new()), Fact::Unknown);
        let mut ledger = whole();
        ledger[0].state = EndpointState::Denied;
        assert_eq!(reached_with(&of_repository(), app(), ledger), Fact::Unknown);
        let mut nobody = may("x", "write", APP);
        if let Body::Grant(grant) = &mut nobody.body {
            grant.principal = Fact::Unknown;
        }
        assert_eq!(reached(&of_repository(), with(app(), [nobody])), Fact::Unknown);
        let only_readers = vec![may("eve", "read", APP), repository(APP, Fact::Known(true), Fact::Unknown)];
        assert_eq!(reached(&of_repository(), only_readers), names(&[]), "who only reads pushes nowhere");
    }

    fn token(form: CredentialForm, native: &str, label: &str, owner: Option<&str>, ends: &str) -> Resource {
        let owner = owner.map_or(Fact::Unknown, |owner| Fact::Known(id(Kind::Principal, owner)));
        let expires_at = Fact::Known(ends.parse().unwrap());
        let unknown = Credential::unknown(form);
        resource(native, label, Body::Credential(Credential { owner, expires_at, ..unknown }))
    }

    #[test]
    fn tokens_whose_whole_label_is_in_the_name_of_the_variable_match() {
        let (then, past) = ("2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
        let tokens = || {
            vec![
                account("ada", Fact::Unknown),
                token(CredentialForm::ApiToken, "t-1", "Jenkins API token", Some("ada"), then),
                token(CredentialForm::ApiToken, "t-2", "jenkins-deploy", None, then),
                token(CredentialForm::ApiToken, "t-3", "jenkins backup", Some("ada"), then),
                token(CredentialForm::ApiToken, "t-4", "API token", Some("ada"), then),
                token(CredentialForm::ApiToken, "t-5", "jenkins", Some("ada"), past),
                token(CredentialForm::OrgApiKey, "t-6", "jenkins", None, then),
            ]
        };
        let matching = |variable: &Resource, ledger| {
            ask(variable, tokens(), ledger, |view| matching_credentials(view).map(|texts| owned(&texts)))
        };
        let found = matching(&of_repository(), whole());
        assert_eq!(found, names(&["“Jenkins API token” of ada", "“jenkins-deploy”"]));
        let plain = Resource { name: "API_TOKEN".to_owned(), ..of_repository() };
        assert_eq!(matching(&plain, whole()), names(&[]), "words that everybody uses tell nothing");
        let mut ledger = whole();
        ledger[2].state = EndpointState::Partial;
        assert_eq!(matching(&of_repository(), ledger), Fact::Unknown);
    }
}

#[cfg(test)]
mod tests_of_companions {
    use super::*;
    use crate::model::{Collection, Credential, EndpointState, LedgerEntry, Resource, Snapshot};

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
        question(&View { resource, inventory: &inventory, change: None, finding: None, now })
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
        let nowhere = |mut one: Resource| {
            if let Body::Variable(body) = &mut one.body {
                (body.level, body.environment) = (VariableLevel::Deployment, Fact::Unknown);
            }
            one
        };
        let deployed = [nowhere(variable_in("r-1", "JIRA_TOKEN")), nowhere(variable_in("r-1", "JIRA_USER"))];
        let told = ask(&deployed, vec![whole(Kind::Variable)], |view| texts(accounts_beside(view)));
        assert_eq!(told, None, "environments that nobody told are not one");
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
