//! Declared against effective, in all products: what is certain is told, what may be is left open, and nothing is called
//! clean that nobody saw.

use super::*;
use crate::model::{
    Collection, DeclaredAccount, EndpointState, Fact, Grant, GrantForm, Group, Holder, Kind, Principal, ResourceId,
    Sighting, Snapshot,
};

const WHOLE: EndpointState = EndpointState::Complete;

fn known(word: &str) -> Fact<String> {
    Fact::Known(word.to_owned())
}

fn id(source: &str, kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(source, kind, native)
}

fn resource(source: &str, kind: Kind, native: &str, body: Body) -> Resource {
    let seen_by = vec![Sighting { source: source.into(), endpoint: kind.name().into() }];
    Resource { id: id(source, kind, native), name: native.to_owned(), seen_by, body }
}

fn account(source: &str, native: &str, groups: &[&str]) -> Resource {
    let groups = groups.iter().map(|group| id(source, Kind::Group, group)).collect();
    let body = Principal { username: known(native), groups: Fact::Known(groups), ..Principal::default() };
    resource(source, Kind::Principal, native, Body::Principal(body))
}

fn group(source: &str, native: &str) -> Resource {
    let body = Group { inside: Fact::Absent, members_told: Fact::Known(true), ..Group::default() };
    resource(source, Kind::Group, native, Body::Group(body))
}

fn container(source: &str, form: ContainerForm, key: &str, change: impl FnOnce(&mut Container)) -> Resource {
    let mut body = Container { key: known(key), public: Fact::Known(false), ..Container::unknown(form) };
    change(&mut body);
    resource(source, Kind::Container, &format!("{}:{key}", form.name()), Body::Container(body))
}

/// A grant to an account, or to a group if the holder's name begins with a g.
fn grant(source: &str, form: GrantForm, role: &str, on: &Resource, to: &str) -> Resource {
    let holder = if to.starts_with('g') { Holder::Group } else { Holder::Principal };
    let mut grant = Grant::of(form, role, holder);
    grant.container = Fact::Known(on.id.clone());
    match holder {
        Holder::Group => grant.group = Fact::Known(id(source, Kind::Group, to)),
        _ => grant.principal = Fact::Known(id(source, Kind::Principal, to)),
    }
    if form == GrantForm::SpacePermission {
        grant.permits = Fact::Known(vec![role.to_owned()]);
    }
    let native = format!("{}/{role}/{to}", on.id.native());
    resource(source, Kind::Grant, &native, Body::Grant(grant))
}

fn list(source: &str, kinds: &[Kind], state: EndpointState) -> LedgerEntry {
    let name = format!("{kinds:?}");
    let mut entry = LedgerEntry::not_asked(
        source.into(),
        name.as_str().into(),
        String::new(),
        kinds.to_vec(),
        String::new(),
        "2026-11-22T02:00:00Z".parse().unwrap(),
    );
    entry.state = state;
    entry
}

/// Everything of one source was read, but for grants, which is as it is said.
fn ledger(source: &str, grants: EndpointState) -> Vec<LedgerEntry> {
    vec![
        list(source, &[Kind::Principal, Kind::Group, Kind::Container], WHOLE),
        list(source, &[Kind::Grant], grants),
        list("register", &[Kind::Integration], WHOLE),
    ]
}

fn words(words: &[&str]) -> Fact<Vec<String>> {
    Fact::Known(words.iter().map(|word| (*word).to_owned()).collect())
}

fn integration(containers: &[&str], permissions: &[&str]) -> Resource {
    let svc = DeclaredAccount { name: "svc".to_owned(), id: None, source: None };
    let body = Integration {
        accounts: Fact::Known(vec![svc]),
        containers: words(containers),
        permissions: words(permissions),
        ..Integration::default()
    };
    resource("register", Kind::Integration, "one", Body::Integration(body))
}

/// What is missing, beyond, outside and administered, and the remedy.
fn judged(one: Resource, found: &[Resource], ledger: &[LedgerEntry]) -> [Option<Vec<String>>; 5] {
    let resources = std::iter::once(one).chain(found.iter().cloned()).collect();
    let snapshot = Snapshot::seal(vec![Collection { authority: 0, resources, ledger: ledger.to_vec() }]);
    let inventory = Inventory::new(&snapshot);
    let integration = snapshot.get(&id("register", Kind::Integration, "one")).unwrap();
    let judged = inventory.judged(integration);
    [&judged.missing, &judged.beyond, &judged.outside, &judged.administers, &judged.remedy]
        .map(|list| list.known().cloned())
}

fn some(entries: &[&str]) -> Option<Vec<String>> {
    Some(entries.iter().map(|entry| (*entry).to_owned()).collect())
}

#[test]
fn a_grant_that_does_not_tell_what_it_is_on_leaves_all_of_it_open() {
    let docs = container("wiki", ContainerForm::Space, "DOCS", |_| {});
    let mut somewhere = grant("wiki", GrantForm::SpacePermission, "read space", &docs, "svc");
    if let Body::Grant(grant) = &mut somewhere.body {
        grant.container = Fact::Unknown;
    }
    let found = [account("wiki", "svc", &[]), docs];
    let asked = |found: &[Resource]| judged(integration(&["DOCS"], &["read space"]), found, &ledger("wiki", WHOLE));
    let [missing, beyond, outside, administers, _] = asked(&found);
    let expected = [some(&["space:DOCS: read space"]), some(&[]), some(&[]), some(&[])];
    assert_eq!([missing, beyond, outside, administers], expected);
    let found = [found[0].clone(), found[1].clone(), somewhere];
    let [missing, beyond, outside, administers, _] = asked(&found);
    assert_eq!([missing, beyond, outside, administers], [None, None, None, None]);
}

#[test]
fn spaces_are_held_against_needs_as_projects_are() {
    let (docs, other) = (
        container("wiki", ContainerForm::Space, "DOCS", |_| {}),
        container("wiki", ContainerForm::Space, "HR", |_| {}),
    );
    let found = [
        account("wiki", "svc", &["g-writers"]),
        group("wiki", "g-writers"),
        grant("wiki", GrantForm::SpacePermission, "read space", &docs, "svc"),
        grant("wiki", GrantForm::SpacePermission, "delete page", &docs, "g-writers"),
        grant("wiki", GrantForm::SpacePermission, "read space", &other, "g-writers"),
        docs.clone(),
        other,
    ];
    let needs = ["read space", "create page"];
    let expected = [
        some(&["space:DOCS: create page"]),
        some(&["space:DOCS: delete page"]),
        some(&["space:HR"]),
        some(&[]),
        some(&["take svc out of group g-writers (nobody else loses anything)"]),
    ];
    assert_eq!(judged(integration(&["space:DOCS"], &needs), &found, &ledger("wiki", WHOLE)), expected);
    assert_eq!(
        judged(integration(&["docs"], &needs), &found, &ledger("wiki", WHOLE)),
        expected,
        "the key alone will do"
    );
    // A project of that key is something else.
    let [missing, ..] = judged(integration(&["project:DOCS"], &needs), &found, &ledger("wiki", WHOLE));
    assert_eq!(missing, some(&[]), "that it is not there is told by itself");
    let [missing, beyond, outside, ..] =
        judged(integration(&["space:DOCS"], &needs), &found, &ledger("wiki", EndpointState::Partial));
    assert_eq!((missing, beyond), (None, some(&["space:DOCS: delete page"])), "what is hidden may be there");
    assert_eq!(outside, some(&["space:HR"]));
    // Nothing was found, and grants may be hidden: no list is called empty.
    let bare = [found[0].clone(), found[1].clone(), docs];
    let answers = judged(integration(&["space:DOCS"], &needs), &bare, &ledger("wiki", EndpointState::Denied));
    assert_eq!(answers, [None, None, some(&[]), some(&[]), None], "there is no other space");
}

#[test]
fn repositories_are_held_against_needs_through_projects_and_workspaces() {
    let server = container("git", ContainerForm::Instance, "bitbucket", |_| {});
    let plat = container("git", ContainerForm::RepositoryProject, "PLAT", |body| {
        body.parent = Fact::Known(server.id.clone());
    });
    let within = |name: &str| {
        let mut one =
            container("git", ContainerForm::Repository, name, |body| body.parent = Fact::Known(plat.id.clone()));
        one.name = format!("PLAT/{name}");
        one
    };
    let (api, web) = (within("api"), within("web"));
    let found = [
        account("git", "svc", &[]),
        grant("git", GrantForm::RepositoryProjectPermission, "PROJECT_WRITE", &plat, "svc"),
        api,
        web,
        plat.clone(),
        server.clone(),
    ];
    let asked = |containers: &[&str], permissions: &[&str], found: &[Resource]| {
        let [missing, beyond, outside, ..] = judged(integration(containers, permissions), found, &ledger("git", WHOLE));
        (missing, beyond, outside)
    };
    // What is granted on a project holds in its repositories; either product's word is understood.
    for word in ["write", "REPO_WRITE"] {
        assert_eq!(asked(&["PLAT"], &[word], &found), (some(&[]), some(&[]), some(&[])), "{word}");
    }
    assert_eq!(asked(&["repository-project:PLAT"], &["PROJECT_WRITE"], &found), (some(&[]), some(&[]), some(&[])));
    let (_, beyond, _) = asked(&["PLAT"], &["read"], &found);
    let too_much = [
        "repository-project:PLAT: PROJECT_WRITE",
        "repository:PLAT/api: REPO_WRITE",
        "repository:PLAT/web: REPO_WRITE",
    ];
    assert_eq!(beyond, some(&too_much));
    let (missing, ..) = asked(&["PLAT"], &["admin"], &found);
    assert_eq!(missing, some(&["repository:PLAT/api: admin", "repository:PLAT/web: admin"]));
    // One repository alone was declared: the project stands for all else that is in it.
    for name in ["api", "PLAT/api", "repository:api"] {
        assert_eq!(asked(&[name], &["write"], &found), (some(&[]), some(&[]), some(&["repository-project:PLAT"])));
    }
    // Nothing of Jira is to be had in a repository, so that the need is held against nothing.
    let (missing, ..) = asked(&["PLAT"], &["write", "EDIT_ISSUES"], &found);
    assert_eq!(missing, None);
}

#[test]
fn being_in_a_workspace_is_no_excess_and_owning_it_is() {
    let acme = container("git", ContainerForm::Workspace, "acme", |_| {});
    let repository = container("git", ContainerForm::Repository, "api", |body| {
        body.parent = Fact::Known(id("git", Kind::Container, "repository-project:PLAT"));
    });
    let project = container("git", ContainerForm::RepositoryProject, "PLAT", |body| {
        body.parent = Fact::Known(acme.id.clone());
    });
    let asked = |role: &str| {
        let found = [
            account("git", "svc", &[]),
            grant("git", GrantForm::WorkspaceRole, role, &acme, "svc"),
            acme.clone(),
            project.clone(),
            repository.clone(),
        ];
        judged(integration(&["workspace:acme"], &["read"]), &found, &ledger("git", WHOLE))
    };
    let [missing, beyond, outside, administers, remedy] = asked("member");
    assert_eq!(missing, some(&["repository:api: read"]), "a member reads nothing by that alone");
    assert_eq!((beyond, outside, administers, remedy), (some(&[]), some(&[]), some(&[]), some(&[])));
    let [missing, beyond, _, administers, remedy] = asked("owner");
    assert_eq!((missing, administers), (some(&[]), some(&["owner on workspace:acme"])));
    assert!(beyond.unwrap().contains(&"repository:api: admin".to_owned()));
    let remedy = remedy.unwrap();
    assert_eq!(remedy[0], "take owner on workspace:acme from svc (nobody else loses anything)");
    assert!(remedy[1].starts_with("grant read in repository:api to svc anew"), "{remedy:?}");
}

/// A project whose scheme gives by groups, roles and conditions.
fn project(key: &str, scheme: &Resource) -> Resource {
    container("jira", ContainerForm::Project, key, |body| {
        body.permission_scheme = Fact::Known(scheme.id.clone());
        body.lead = Fact::Absent;
    })
}

fn scheme_grant(scheme: &Resource, role: &str, holder: Holder, detail: &str) -> Resource {
    let mut grant = Grant::of(GrantForm::Permission, role, holder);
    grant.container = Fact::Known(scheme.id.clone());
    grant.holder_detail = known(detail);
    let mut one = resource("jira", Kind::Grant, &format!("{}/{role}/{detail}", scheme.id.native()), Body::Grant(grant));
    one.name = format!("{role} for {detail}");
    one
}

#[test]
fn conditions_meet_no_need_and_what_everybody_has_is_no_excess() {
    let scheme = container("jira", ContainerForm::PermissionScheme, "default", |_| {});
    let found = [
        account("jira", "svc", &[]),
        project("PAY", &scheme),
        scheme_grant(&scheme, "BROWSE_PROJECTS", Holder::LoggedIn, ""),
        scheme_grant(&scheme, "DELETE_ISSUES", Holder::LoggedIn, "x"),
        scheme_grant(&scheme, "EDIT_ISSUES", Holder::Conditional, "reporter"),
        scheme_grant(&scheme, "CLOSE_ISSUES", Holder::Conditional, "assignee"),
        scheme,
    ];
    let needs = ["BROWSE_PROJECTS", "EDIT_ISSUES"];
    let answers = judged(integration(&["PAY"], &needs), &found, &ledger("jira", WHOLE));
    assert_eq!(answers, [some(&["PAY: EDIT_ISSUES"]), some(&[]), some(&[]), some(&[]), some(&[])]);
}

#[test]
fn a_permission_is_followed_through_groups_and_roles_and_what_was_not_told_stays_open() {
    let asked = |groups: Fact<Vec<ResourceId>>, state| {
        let scheme = container("jira", ContainerForm::PermissionScheme, "default", |_| {});
        let pay = project("PAY", &scheme);
        let mut svc = account("jira", "svc", &[]);
        if let Body::Principal(body) = &mut svc.body {
            body.groups = groups;
        }
        let mut to_group = scheme_grant(&scheme, "EDIT_ISSUES", Holder::Group, "");
        if let Body::Grant(grant) = &mut to_group.body {
            grant.group = Fact::Known(id("jira", Kind::Group, "g-dev"));
        }
        let place = |number: &str, to: &str| {
            let mut place = grant("jira", GrantForm::ProjectRole, "Developers", &pay, to);
            place.id = id("jira", Kind::Grant, &format!("project-role:PAY/{number}/{to}"));
            place
        };
        let mut untold = group("jira", "g-dev");
        if let (Body::Group(body), EndpointState::Partial) = (&mut untold.body, state) {
            body.members_told = Fact::Known(false);
        }
        let found = [
            svc,
            account("jira", "eva", &[]),
            untold,
            scheme_grant(&scheme, "BROWSE_PROJECTS", Holder::LoggedIn, ""),
            to_group,
            scheme_grant(&scheme, "LINK_ISSUES", Holder::ProjectRole, "12"),
            scheme_grant(&scheme, "DELETE_ISSUES", Holder::ProjectRole, "1"),
            scheme_grant(&scheme, "CLOSE_ISSUES", Holder::Conditional, "reporter"),
            place("12", "g-dev"),
            place("1", "eva"),
            pay.clone(),
            scheme,
        ];
        let needs = ["BROWSE_PROJECTS", "CLOSE_ISSUES", "DELETE_ISSUES", "EDIT_ISSUES", "LINK_ISSUES"];
        let [missing, beyond, ..] = judged(integration(&["PAY"], &needs), &found, &ledger("jira", state));
        (missing, beyond)
    };
    let mine = || Fact::Known(vec![id("jira", Kind::Group, "g-dev")]);
    let lacks = ["PAY: CLOSE_ISSUES", "PAY: DELETE_ISSUES"];
    assert_eq!(asked(mine(), WHOLE), (some(&lacks), some(&[])));
    // Grants that were not read, and groups that were not: there may be more.
    assert_eq!(asked(mine(), EndpointState::Partial), (None, None));
    let nobodys = ["PAY: CLOSE_ISSUES", "PAY: DELETE_ISSUES", "PAY: EDIT_ISSUES", "PAY: LINK_ISSUES"];
    assert_eq!(asked(Fact::Known(Vec::new()), WHOLE), (some(&nobodys), some(&[])));
    // All members of the group were told, so that who is not among them is not in it.
    assert_eq!(asked(Fact::Unknown, WHOLE), (some(&nobodys), some(&[])));
}

#[test]
fn the_remedy_keeps_what_is_needed_and_says_who_else_loses_what() {
    let scheme = container("jira", ContainerForm::PermissionScheme, "default", |_| {});
    let (pay, hr) = (project("PAY", &scheme), project("HR", &scheme));
    let place = |project: &Resource, role: &str, number: &str, to: &str| {
        let mut place = grant("jira", GrantForm::ProjectRole, role, project, to);
        let key = project.id.native().trim_start_matches("project:");
        place.id = id("jira", Kind::Grant, &format!("project-role:{key}/{number}/{to}"));
        place
    };
    let found = [
        account("jira", "svc", &["g-build"]),
        account("jira", "ada", &["g-build"]),
        account("jira", "bo", &["g-build", "g-all"]),
        group("jira", "g-build"),
        group("jira", "g-all"),
        scheme_grant(&scheme, "BROWSE_PROJECTS", Holder::ProjectRole, "10"),
        scheme_grant(&scheme, "DELETE_ISSUES", Holder::ProjectRole, "20"),
        place(&pay, "Users", "10", "g-build"),
        place(&hr, "Administrators", "20", "g-build"),
        place(&hr, "Administrators", "20", "g-all"),
        pay,
        hr,
        scheme,
    ];
    let [missing, beyond, outside, administers, remedy] =
        judged(integration(&["PAY"], &["BROWSE_PROJECTS"]), &found, &ledger("jira", WHOLE));
    assert_eq!((missing, beyond, administers), (some(&[]), some(&[]), some(&[])));
    assert_eq!(outside, some(&["HR"]));
    let steps = [
        "take group g-build out of role Administrators of HR (1 other loses something: ada DELETE_ISSUES in HR)",
        "or, so that nobody else loses anything: take svc out of group g-build and grant BROWSE_PROJECTS in PAY to svc anew, \
         by role Users of the project, which gives nothing that is not needed",
    ];
    assert_eq!(remedy, some(&steps));
}

#[test]
fn what_has_a_whole_product_in_hand_is_told_unless_it_is_needed() {
    let server = container("jira", ContainerForm::Instance, "jira", |_| {});
    let found = [
        account("jira", "svc", &["g-admins"]),
        group("jira", "g-admins"),
        grant("jira", GrantForm::GlobalPermission, "SYSTEM_ADMIN", &server, "g-admins"),
        server,
    ];
    let asked = |permissions: &[&str], state| {
        let [_, _, _, administers, _] = judged(integration(&[], permissions), &found, &ledger("jira", state));
        administers
    };
    assert_eq!(asked(&[], WHOLE), some(&["ADMINISTER on instance:jira", "SYSTEM_ADMIN on instance:jira"]));
    assert_eq!(asked(&["ADMINISTER"], WHOLE), some(&["SYSTEM_ADMIN on instance:jira"]));
    assert_eq!(asked(&["ADMINISTER", "SYSTEM_ADMIN"], WHOLE), some(&[]));
    assert_eq!(asked(&["ADMINISTER", "SYSTEM_ADMIN"], EndpointState::Denied), None, "there may be another way");
}
