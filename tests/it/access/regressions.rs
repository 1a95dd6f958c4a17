//! What was wrong once, each in the smallest estate that shows it.

use keyroll::inventory::Inventory;
use keyroll::inventory::access::{ANY, Bound, Ceiling, Power, power_of};
use keyroll::model::{
    Body, Container, ContainerForm, Credential, CredentialForm, EndpointState, Fact, Grant, GrantForm, Group, Holder,
    Kind, Principal, PrincipalType, ResourceId,
};

use super::estates::{Estate, id};

const CLOUD: &str = ResourceId::CLOUD;

/// An estate with some sources, read whole.
fn with(sources: &[&'static str]) -> Estate {
    let mut estate = Estate::default();
    sources.iter().for_each(|source| estate.source(source));
    estate
}

impl Estate {
    fn account(&mut self, tenant: &str, native: &str, source: &str, groups: Fact<Vec<ResourceId>>) -> ResourceId {
        let account = id(tenant, Kind::Principal, native);
        let body = Principal { account_type: Fact::Known(PrincipalType::Person), groups, ..Principal::default() };
        self.see(source, "accounts", &account, Body::Principal(body));
        account
    }

    fn group(&mut self, tenant: &str, native: &str, source: &str, inside: Fact<Vec<ResourceId>>) -> ResourceId {
        let group = id(tenant, Kind::Group, native);
        let body = Group { inside, members_told: Fact::Known(true), ..Group::default() };
        self.see(source, "groups", &group, Body::Group(body));
        group
    }

    fn container(&mut self, source: &str, endpoint: &str, native: &ResourceId, body: Container) -> ResourceId {
        self.see(source, endpoint, native, Body::Container(body));
        native.clone()
    }

    /// The chains by which an account has something: bound and steps of each.
    fn chains(&self, who: &ResourceId, key: &str, on: &ResourceId) -> Vec<(Bound, usize)> {
        let snapshot = self.snapshot();
        let inventory = Inventory::new(&snapshot);
        let [who, on] = [who, on].map(|id| snapshot.get(id).unwrap());
        let chains = inventory.access().chains(who, key, on).chains;
        chains.iter().map(|chain| (chain.bound, chain.steps())).collect()
    }

    fn may(&self, who: &ResourceId, key: &str, on: &ResourceId) -> Option<Bound> {
        let snapshot = self.snapshot();
        let inventory = Inventory::new(&snapshot);
        inventory.access().of(snapshot.get(who).unwrap()).may(key, snapshot.get(on).unwrap())
    }
}

fn within(form: ContainerForm, parent: &ResourceId) -> Container {
    Container { parent: Fact::Known(parent.clone()), ..Container::unknown(form) }
}

fn to_account(form: GrantForm, role: &str, account: &ResourceId) -> Grant {
    Grant { principal: Fact::Known(account.clone()), ..Grant::of(form, role, Holder::Principal) }
}

fn to_group(form: GrantForm, role: &str, group: &ResourceId) -> Grant {
    Grant { group: Fact::Known(group.clone()), ..Grant::of(form, role, Holder::Group) }
}

/// A workspace with one project, one repository in it, and an account without any right.
fn workspace() -> (Estate, ResourceId, ResourceId) {
    let mut estate = with(&["bitbucket"]);
    let home = id("w1", Kind::Container, "workspace");
    estate.container("bitbucket", "workspace", &home, Container::unknown(ContainerForm::Workspace));
    let project = id("w1", Kind::Container, "project:1");
    estate.container("bitbucket", "projects", &project, within(ContainerForm::RepositoryProject, &home));
    let body = Container { public: Fact::Known(false), ..within(ContainerForm::Repository, &project) };
    let repository = estate.container("bitbucket", "repositories", &id("w1", Kind::Container, "repository:1"), body);
    let account = estate.account(CLOUD, "ada", "bitbucket", Fact::Unknown);
    (estate, account, repository)
}

/// A Bitbucket server with one project and one repository in it.
fn server() -> (Estate, ResourceId, ResourceId, ResourceId) {
    let mut estate = with(&["bitbucket-dc"]);
    let home = id("b1", Kind::Container, "instance");
    estate.container("bitbucket-dc", "instance", &home, Container::unknown(ContainerForm::Instance));
    let project = id("b1", Kind::Container, "project:1");
    let body = Container { public: Fact::Known(false), ..within(ContainerForm::RepositoryProject, &home) };
    estate.container("bitbucket-dc", "projects", &project, body);
    let body = Container { public: Fact::Known(false), ..within(ContainerForm::Repository, &project) };
    let repository = estate.container("bitbucket-dc", "repositories", &id("b1", Kind::Container, "repository:1"), body);
    let account = estate.account("b1", "ada", "bitbucket-dc", Fact::Known(Vec::new()));
    (estate, account, project, repository)
}

/// A Jira site with one project that uses a scheme, and an account.
fn jira() -> (Estate, ResourceId, ResourceId, ResourceId) {
    let mut estate = with(&["jira"]);
    let site = id("s1", Kind::Container, "site");
    estate.container("jira", "site", &site, Container::unknown(ContainerForm::Site));
    let scheme = id("s1", Kind::Container, "permission-scheme:1");
    estate.container("jira", "permission schemes", &scheme, within(ContainerForm::PermissionScheme, &site));
    let body = Container {
        permission_scheme: Fact::Known(scheme.clone()),
        lead: Fact::Absent,
        team_managed: Fact::Known(false),
        ..within(ContainerForm::Project, &site)
    };
    let project = estate.container("jira", "projects", &id("s1", Kind::Container, "project:10"), body);
    let account = estate.account(CLOUD, "ada", "jira", Fact::Known(Vec::new()));
    (estate, account, project, scheme)
}

fn scheme_grant(estate: &mut Estate, scheme: &ResourceId, grant: Grant) {
    estate.grant("jira", "permission schemes", "permission-scheme:1/1", scheme, grant);
}

#[test]
fn refused_roles_of_a_workspace_may_hide_its_owners() {
    let (mut estate, account, repository) = workspace();
    estate.entry("bitbucket", "effective permissions").state = EndpointState::Denied;
    assert_eq!(estate.may(&account, "admin", &repository), None, "all grants were read");
    estate.entry("bitbucket", "roles of members").state = EndpointState::Denied;
    assert_eq!(estate.may(&account, "admin", &repository), Some(Bound::Possible));
    estate.entry("bitbucket", "effective permissions").state = EndpointState::Complete;
    assert_eq!(estate.may(&account, "admin", &repository), None, "what comes of all of them was read whole");
}

#[test]
fn refused_global_permissions_of_a_server_may_hide_its_administrators() {
    let (mut estate, account, project, repository) = server();
    assert_eq!(estate.may(&account, "REPO_ADMIN", &repository), None);
    estate.entry("bitbucket-dc", "global permissions").state = EndpointState::Partial;
    assert_eq!(estate.may(&account, "REPO_ADMIN", &repository), Some(Bound::Possible));
    assert_eq!(estate.may(&account, "PROJECT_ADMIN", &project), Some(Bound::Possible));
}

#[test]
fn a_repository_of_which_nobody_told_the_project_may_have_what_is_given_there() {
    let (mut estate, account, _, repository) = server();
    if let Body::Container(body) = &mut estate.resources.get_mut(&repository).unwrap().body {
        body.parent = Fact::Unknown;
    }
    assert_eq!(estate.may(&account, "REPO_READ", &repository), Some(Bound::Possible));
}

#[test]
fn where_only_groups_of_a_workspace_were_seen_accounts_of_the_cloud_are_at_home() {
    let (mut estate, _, repository) = workspace();
    estate.resources.retain(|id, _| id.kind() != Kind::Principal);
    estate.source("org");
    let account = estate.account(CLOUD, "ada", "org", Fact::Known(Vec::new()));
    estate.group("w1", "devs", "bitbucket", Fact::Absent);
    for endpoint in ["accounts", "effective permissions", "permissions on repositories"] {
        estate.entry("bitbucket", endpoint).state = EndpointState::Denied;
    }
    assert_eq!(estate.may(&account, "write", &repository), Some(Bound::Possible));
}

#[test]
fn an_unseen_group_may_be_inside_of_one_that_was_read_whole() {
    let (mut estate, account, _, repository) = server();
    let group = estate.group("b1", "devs", "bitbucket-dc", Fact::Known(Vec::new()));
    let grant = to_group(GrantForm::RepositoryPermission, "REPO_WRITE", &group);
    estate.grant("bitbucket-dc", "permissions on repositories", "repository:1/group:devs", &repository, grant);
    if let Body::Principal(body) = &mut estate.resources.get_mut(&account).unwrap().body {
        body.groups = Fact::Unknown;
    }
    assert_eq!(estate.may(&account, "REPO_WRITE", &repository), None, "its members were told");
    estate.entry("bitbucket-dc", "groups").state = EndpointState::Partial;
    assert_eq!(estate.may(&account, "REPO_WRITE", &repository), Some(Bound::Possible));
}

#[test]
fn accounts_of_the_cloud_are_in_no_group_of_a_server() {
    let (mut estate, account, _, repository) = server();
    let group = estate.group("b1", "devs", "bitbucket-dc", Fact::Absent);
    if let Body::Group(body) = &mut estate.resources.get_mut(&group).unwrap().body {
        body.members_told = Fact::Known(false);
    }
    let grant = to_group(GrantForm::RepositoryPermission, "REPO_WRITE", &group);
    estate.grant("bitbucket-dc", "permissions on repositories", "repository:1/group:devs", &repository, grant);
    estate.source("org");
    let other = estate.account(CLOUD, "eva", "org", Fact::Unknown);
    assert_eq!(estate.may(&other, "REPO_WRITE", &repository), None);
    assert_eq!(estate.may(&account, "REPO_WRITE", &repository), None, "all its groups are known");
}

#[test]
fn a_share_with_a_role_is_not_one_of_the_project_with_the_same_number() {
    let (mut estate, account, project, _) = jira();
    let role = to_account(GrantForm::ProjectRole, "Administrators", &account);
    estate.grant("jira", "members of roles", "project-role:10/10/user:ada", &project, role);
    let site = id("s1", Kind::Container, "site");
    let filter = id("s1", Kind::Container, "filter:1");
    let body = Container { owner: Fact::Absent, ..within(ContainerForm::Filter, &site) };
    estate.container("jira", "filters", &filter, body);
    let share = |detail: &str| Grant {
        holder_detail: Fact::Known(detail.to_owned()),
        ..Grant::of(GrantForm::Share, "view", Holder::ProjectRole)
    };
    estate.grant("jira", "filters", "share:filter:1/view/1", &filter, share("10"));
    assert_eq!(estate.may(&account, "view", &filter), Some(Bound::Possible), "of which project nobody told");
    estate.grant("jira", "filters", "share:filter:1/view/2", &filter, share("10/10"));
    assert_eq!(estate.may(&account, "view", &filter), Some(Bound::Held));
    let chains = estate.chains(&account, "view", &filter);
    assert_eq!(chains, [(Bound::Held, 2), (Bound::Possible, 1)], "through its place in the role");
}

#[test]
fn whose_a_filter_is_may_change_it() {
    let (mut estate, account, ..) = jira();
    let filter = id("s1", Kind::Container, "filter:1");
    let body = Container { owner: Fact::Known(account.clone()), ..Container::unknown(ContainerForm::Filter) };
    estate.container("jira", "filters", &filter, body);
    let other = estate.account(CLOUD, "eva", "jira", Fact::Known(Vec::new()));
    assert_eq!(estate.may(&account, "edit", &filter), Some(Bound::Held));
    assert_eq!(estate.may(&other, "edit", &filter), None);
}

#[test]
fn a_role_of_one_organisation_is_not_claimed_at_another() {
    let mut estate = with(&["org", "org2"]);
    let homes = [("org", "o1"), ("org2", "o2")].map(|(source, tenant)| {
        let home = id(tenant, Kind::Container, "organisation");
        estate.container(source, "organisation", &home, Container::unknown(ContainerForm::Organisation))
    });
    let account = id(CLOUD, Kind::Principal, "ada");
    let role = "atlassian/org-admin";
    let body = Principal { platform_roles: Fact::Known(vec![role.to_owned()]), ..Principal::default() };
    estate.see("org", "accounts", &account, Body::Principal(body.clone()));
    let on = |estate: &Estate| [0, 1].map(|at| estate.may(&account, role, &homes[at]));
    assert_eq!(on(&estate), [Some(Bound::Held), None], "the other organisation does not show it");
    estate.see("org2", "accounts", &account, Body::Principal(body));
    let grant = to_account(GrantForm::PlatformRole, role, &account);
    estate.grant("org", "roles of accounts", "platform-role:organisation", &homes[0], grant);
    assert_eq!(on(&estate), [Some(Bound::Held), None], "the roles that were given tell which it is");
    estate.entry("org2", "roles of accounts").state = EndpointState::Skipped;
    assert_eq!(on(&estate), [Some(Bound::Held), Some(Bound::Possible)]);
}

#[test]
fn roles_that_come_with_an_account_and_were_not_told_are_possible() {
    let mut estate = with(&["align"]);
    let home = id("l1", Kind::Container, "instance");
    let body = Container { key: Fact::Known("jira-align".to_owned()), ..Container::unknown(ContainerForm::Instance) };
    estate.container("align", "users", &home, body);
    let account = id("l1", Kind::Principal, "1");
    estate.see("align", "users", &account, Body::Principal(Principal::default()));
    assert_eq!(estate.may(&account, "jira-align/super-admin", &home), Some(Bound::Possible));
}

#[test]
fn who_may_create_repositories_in_a_project_of_a_server_may_write() {
    let (mut estate, account, project, repository) = server();
    let grant = to_account(GrantForm::RepositoryProjectPermission, "REPO_CREATE", &account);
    estate.grant("bitbucket-dc", "permissions on projects", "project:1/user:ada", &project, grant);
    assert_eq!(estate.may(&account, "PROJECT_WRITE", &project), Some(Bound::Held));
    assert_eq!(estate.may(&account, "REPO_WRITE", &repository), Some(Bound::Held));
    assert_eq!(estate.may(&account, "REPO_ADMIN", &repository), None);
}

#[test]
fn what_every_new_project_begins_with_is_no_permission_on_the_site() {
    let (mut estate, account, ..) = jira();
    let site = id("s1", Kind::Container, "site");
    let grant = to_account(GrantForm::ProjectRole, "Administrator", &account);
    estate.grant("jira", "members of roles", "default-role:10/user:ada", &site, grant);
    assert_eq!(estate.may(&account, "Administrator", &site), None);
    let snapshot = estate.snapshot();
    let inventory = Inventory::new(&snapshot);
    assert_eq!(inventory.access().breadth(snapshot.get(&account).unwrap()).administers, [""; 0]);
}

#[test]
fn a_place_in_a_role_is_no_permission_where_merely_the_scheme_is_not_told() {
    let (mut estate, account, project, _) = jira();
    let grant = to_account(GrantForm::ProjectRole, "Administrators", &account);
    estate.grant("jira", "members of roles", "project-role:10/10/user:ada", &project, grant);
    let mut tell = |scheme: Fact<ResourceId>, team_managed: bool| {
        if let Body::Container(body) = &mut estate.resources.get_mut(&project).unwrap().body {
            (body.permission_scheme, body.team_managed) = (scheme, Fact::Known(team_managed));
        }
        estate.may(&account, "Administrators", &project)
    };
    assert_eq!(tell(Fact::Unknown, false), Some(Bound::Possible));
    assert_eq!(tell(Fact::Unknown, true), Some(Bound::Held), "there the roles are what one has");
}

#[test]
fn a_place_in_an_export_may_be_one_in_any_role() {
    let (mut estate, account, project, scheme) = jira();
    let grant = Grant {
        holder_detail: Fact::Known("11".to_owned()),
        ..Grant::of(GrantForm::Permission, "EDIT_ISSUES", Holder::ProjectRole)
    };
    scheme_grant(&mut estate, &scheme, grant);
    assert_eq!(estate.may(&account, "EDIT_ISSUES", &project), None);
    let grant = to_account(GrantForm::ProjectRole, "Developers", &account);
    estate.grant("jira", "members of roles", "project-role:project:10:Developers/11", &project, grant);
    assert_eq!(estate.may(&account, "EDIT_ISSUES", &project), Some(Bound::Possible));
}

#[test]
fn what_depends_on_the_issue_and_may_be_there_for_all_counts_as_possible() {
    let (mut estate, account, project, scheme) = jira();
    let on_condition = Grant {
        holder_detail: Fact::Known("reporter".to_owned()),
        ..Grant::of(GrantForm::Permission, "EDIT_ISSUES", Holder::Conditional)
    };
    scheme_grant(&mut estate, &scheme, on_condition);
    let writable = |estate: &Estate| {
        let snapshot = estate.snapshot();
        let inventory = Inventory::new(&snapshot);
        let breadth = inventory.access().breadth(snapshot.get(&account).unwrap());
        (breadth.writable.at_least, breadth.writable.at_most)
    };
    assert_eq!(writable(&estate), (0, 0));
    let unknown = Grant::of(GrantForm::Permission, "EDIT_ISSUES", Holder::Group);
    estate.grant("jira", "permission schemes", "permission-scheme:1/2", &scheme, unknown);
    assert_eq!(estate.may(&account, "EDIT_ISSUES", &project), Some(Bound::Conditional));
    assert_eq!(writable(&estate), (0, 1));
}

#[test]
fn a_condition_is_none_for_accounts_that_can_have_no_rights_there() {
    let (mut estate, _, project, scheme) = jira();
    let on_condition = Grant {
        holder_detail: Fact::Known("reporter".to_owned()),
        ..Grant::of(GrantForm::Permission, "EDIT_ISSUES", Holder::Conditional)
    };
    scheme_grant(&mut estate, &scheme, on_condition);
    let (other, account, ..) = server();
    estate.resources.extend(other.resources);
    estate.ledger.extend(other.ledger);
    assert_eq!(estate.may(&account, "EDIT_ISSUES", &project), None);
}

#[test]
fn access_to_jira_is_no_seat_of_the_confluence_of_the_same_site() {
    let mut estate = with(&["confluence", "jira"]);
    let jira = id("s1", Kind::Container, "site");
    estate.container("jira", "site", &jira, Container::unknown(ContainerForm::Site));
    let confluence = id("s1", Kind::Container, "confluence");
    estate.container("confluence", "site", &confluence, Container::unknown(ContainerForm::Site));
    let space = id("s1", Kind::Container, "space:1");
    estate.container("confluence", "spaces", &space, within(ContainerForm::Space, &confluence));
    let group = estate.group(CLOUD, "g", "jira", Fact::Absent);
    let account = estate.account(CLOUD, "ada", "confluence", Fact::Known(vec![group.clone()]));
    let licensed = Grant {
        holder_detail: Fact::Known("confluence".to_owned()),
        permits: Fact::Known(vec!["read space".to_owned()]),
        ..Grant::of(GrantForm::SpacePermission, "read space", Holder::ApplicationRole)
    };
    estate.grant("confluence", "space permissions", "space:1/1", &space, licensed);
    let opens = to_group(GrantForm::ProductAccess, "user", &group);
    estate.grant("jira", "access of groups", "product-access:site/user/g", &jira, opens.clone());
    assert_eq!(estate.may(&account, "read space", &space), Some(Bound::Possible));
    estate.grant("confluence", "access of groups", "product-access:confluence/user/g", &confluence, opens);
    assert_eq!(estate.may(&account, "read space", &space), Some(Bound::Held));
}

#[test]
fn a_seat_is_lost_with_the_group_that_takes_it() {
    let (mut estate, _, project, scheme) = jira();
    let group = estate.group(CLOUD, "users", "jira", Fact::Absent);
    let account = estate.account(CLOUD, "eva", "jira", Fact::Known(vec![group.clone()]));
    let application = Container {
        key: Fact::Known("jira-software".to_owned()),
        licence_groups: Fact::Known(vec![group.clone()]),
        ..Container::unknown(ContainerForm::Application)
    };
    estate.container("jira", "applications", &id("s1", Kind::Container, "application:jira-software"), application);
    let grant = Grant {
        holder_detail: Fact::Known("jira-software".to_owned()),
        ..Grant::of(GrantForm::Permission, "BROWSE_PROJECTS", Holder::ApplicationRole)
    };
    scheme_grant(&mut estate, &scheme, grant);
    let snapshot = estate.snapshot();
    let inventory = Inventory::new(&snapshot);
    let [account, project] = [&account, &project].map(|id| snapshot.get(id).unwrap());
    let chains = inventory.access().chains(account, "BROWSE_PROJECTS", project).chains;
    assert_eq!(chains[0].groups, [&group]);
    assert!(chains[0].of_everybody);
    let who = inventory.access().who_can("BROWSE_PROJECTS", project);
    assert_eq!(who.everybody.unwrap().chain.groups, [&group; 0], "that is its own way");
}

#[test]
fn a_role_that_comes_through_a_group_is_not_told_as_one_of_its_own() {
    let mut estate = with(&["org"]);
    let product = id("o1", Kind::Container, "ari:jira");
    estate.container("org", "products", &product, Container::unknown(ContainerForm::Product));
    let group = estate.group(CLOUD, "admins", "org", Fact::Absent);
    let account = estate.account(CLOUD, "ada", "org", Fact::Known(vec![group.clone()]));
    let by_group = to_group(GrantForm::PlatformRole, "atlassian/admin", &group);
    estate.grant("org", "roles of groups", "platform-role:jira/admin/admins", &product, by_group);
    let via = |via: &str| Grant {
        via: Fact::Known(vec![via.to_owned()]),
        ..to_account(GrantForm::PlatformRole, "atlassian/admin", &account)
    };
    let chains = |estate: &Estate| estate.chains(&account, "atlassian/admin", &product);
    let mut told = estate.clone();
    told.grant("org", "roles of accounts", "platform-role:jira/admin/ada", &product, via("group_direct"));
    assert_eq!(chains(&told), [(Bound::Held, 2)]);
    estate.grant("org", "roles of accounts", "platform-role:jira/admin/ada", &product, via("direct"));
    assert_eq!(chains(&estate), [(Bound::Held, 1), (Bound::Held, 2)]);
}

#[test]
fn who_can_lists_those_who_may_by_a_role_of_which_nobody_told_what_it_permits() {
    let mut estate = with(&["confluence"]);
    let space = id("s1", Kind::Container, "space:1");
    estate.container("confluence", "spaces", &space, Container::unknown(ContainerForm::Space));
    let account = estate.account(CLOUD, "ada", "confluence", Fact::Known(Vec::new()));
    estate.account(CLOUD, "eva", "confluence", Fact::Known(Vec::new()));
    let grant = to_account(GrantForm::SpaceRole, "Mystery", &account);
    estate.grant("confluence", "space roles", "space:1/mystery/user:ada", &space, grant);
    assert_eq!(estate.may(&account, "delete page", &space), Some(Bound::Possible));
    let snapshot = estate.snapshot();
    let inventory = Inventory::new(&snapshot);
    let who = inventory.access().who_can("delete page", snapshot.get(&space).unwrap());
    let listed: Vec<_> = who.accounts.iter().map(|one| (&one.account.id, one.bound)).collect();
    assert_eq!(listed, [(&account, Bound::Possible)]);
}

#[test]
fn who_can_counts_those_who_may_because_nobody_told_whether_it_is_public() {
    let (mut estate, account, repository) = workspace();
    if let Body::Container(body) = &mut estate.resources.get_mut(&repository).unwrap().body {
        body.public = Fact::Unknown;
    }
    let snapshot = estate.snapshot();
    let inventory = Inventory::new(&snapshot);
    let who = inventory.access().who_can("read", snapshot.get(&repository).unwrap());
    assert_eq!(
        who.accounts.iter().map(|one| (&one.account.id, one.bound)).collect::<Vec<_>>(),
        [(&account, Bound::Possible)]
    );
}

#[test]
fn projects_that_were_refused_are_not_none() {
    let mut estate = with(&["jira", "bitbucket-dc"]);
    let account = estate.account(CLOUD, "ada", "jira", Fact::Known(Vec::new()));
    let other = estate.account("b1", "bo", "bitbucket-dc", Fact::Known(Vec::new()));
    estate.entry("jira", "projects").state = EndpointState::Denied;
    let snapshot = estate.snapshot();
    let inventory = Inventory::new(&snapshot);
    let readable = |id: &ResourceId| inventory.access().breadth(snapshot.get(id).unwrap()).readable.exact();
    assert_eq!(readable(&account), None, "of an account without any place");
    assert_eq!(readable(&other), Some(0), "no account of that server is at home there");
}

#[test]
fn anything_on_a_workspace_is_to_administer_it() {
    let (mut estate, account, _) = workspace();
    estate.entry("bitbucket", "roles of members").state = EndpointState::Denied;
    let snapshot = estate.snapshot();
    let inventory = Inventory::new(&snapshot);
    assert!(inventory.access().breadth(snapshot.get(&account).unwrap()).may_administer_more);
    assert_eq!(power_of(ContainerForm::Workspace, ANY), Power::AdministerAll);
}

#[test]
fn whom_jira_does_not_show_has_none_of_its_global_permissions() {
    let (mut estate, account, ..) = jira();
    estate.source("org");
    let site = id("s1", Kind::Container, "site");
    estate.container("org", "products", &site, Container::unknown(ContainerForm::Site));
    let other = estate.account(CLOUD, "eva", "org", Fact::Known(Vec::new()));
    assert_eq!(estate.may(&account, "BULK_CHANGE", &site), Some(Bound::Possible), "it was not asked for");
    assert_eq!(estate.may(&other, "BULK_CHANGE", &site), None);
}

#[test]
fn things_inside_each_other_end() {
    let (mut estate, account, project, repository) = server();
    let grant = to_account(GrantForm::RepositoryProjectPermission, "PROJECT_ADMIN", &account);
    estate.grant("bitbucket-dc", "permissions on projects", "project:1/user:ada", &project, grant);
    if let Body::Container(body) = &mut estate.resources.get_mut(&project).unwrap().body {
        body.parent = Fact::Known(repository.clone());
    }
    assert_eq!(estate.may(&account, "REPO_ADMIN", &repository), Some(Bound::Held));
}

fn credential(form: CredentialForm, change: impl FnOnce(&mut Credential)) -> Body {
    let mut credential = Credential::unknown(form);
    change(&mut credential);
    Body::Credential(credential)
}

#[test]
fn a_key_of_a_project_of_a_server_opens_its_repositories() {
    let (mut estate, _, project, repository) = server();
    let key = id("b1", Kind::Credential, "deploy-key:1");
    let mut body = |scopes: Fact<Vec<String>>| {
        let body = credential(CredentialForm::DeployKey, |key| {
            (key.owner, key.container, key.scopes) = (Fact::Absent, Fact::Known(project.clone()), scopes);
        });
        estate.resources.remove(&key);
        estate.see("bitbucket-dc", "tokens", &key, body);
        estate.may(&key, "REPO_WRITE", &repository)
    };
    assert_eq!(body(Fact::Known(vec!["PROJECT_WRITE".to_owned()])), Some(Bound::Held));
    assert_eq!(body(Fact::Known(vec!["PROJECT_READ".to_owned()])), None);
    assert_eq!(body(Fact::Unknown), Some(Bound::Possible));
}

#[test]
fn a_key_of_an_organisation_that_was_not_seen_opens_what_nobody_knows() {
    let mut estate = with(&["org"]);
    let key = id("o1", Kind::Credential, "key");
    let body = credential(CredentialForm::OrgApiKey, |key| {
        (key.owner, key.scopes) = (Fact::Absent, Fact::Known(Vec::new()));
    });
    estate.see("org", "tokens", &key, body);
    let snapshot = estate.snapshot();
    let inventory = Inventory::new(&snapshot);
    let reach = inventory.access().of(snapshot.get(&key).unwrap());
    assert!(reach.boundless && !reach.is_whole());
    assert_eq!(reach.ceiling, Ceiling::Organisation);
}

#[test]
fn scopes_that_nobody_described_may_allow_anything_and_words_of_servers_include_less() {
    let (mut estate, account, project, scheme) = jira();
    scheme_grant(&mut estate, &scheme, to_account(GrantForm::Permission, "BROWSE_PROJECTS", &account));
    estate.source("org");
    let token = id("o1", Kind::Credential, "t");
    let mut with_scopes = |scopes: &[&str]| {
        let body = credential(CredentialForm::ApiToken, |token| {
            token.owner = Fact::Known(account.clone());
            token.scopes = Fact::Known(scopes.iter().map(|scope| (*scope).to_owned()).collect());
        });
        estate.resources.remove(&token);
        estate.see("org", "tokens", &token, body);
        estate.may(&token, "BROWSE_PROJECTS", &project)
    };
    assert_eq!(with_scopes(&["repository:write"]), Some(Bound::Possible), "nobody described that word");
    assert_eq!(with_scopes(&["WRITE"]), Some(Bound::Possible), "to write includes to read");
    assert_eq!(with_scopes(&["write:jira-work"]), None);
    assert_eq!(with_scopes(&["offline_access", "openid"]), None);
    assert_eq!(with_scopes(&["read:jira-work"]), Some(Bound::Held));
    assert_eq!(with_scopes(&[]), Some(Bound::Held));
}

/// An export may leave out what a grant is on: it may be on anything.
#[test]
fn a_grant_that_does_not_tell_what_it_is_on_leaves_everything_open_to_whom_it_means() {
    let (mut estate, ada, project, _) = jira();
    let ben = estate.account(CLOUD, "ben", "jira", Fact::Known(Vec::new()));
    let told = |estate: &Estate| {
        let snapshot = estate.snapshot();
        let inventory = Inventory::new(&snapshot);
        let access = inventory.access();
        let breadth = |account: &ResourceId| access.breadth_of(&access.of(snapshot.get(account).unwrap()));
        let exact = [&ada, &ben].map(|account| breadth(account).writable.exact());
        let who = access.who_can("EDIT_ISSUES", snapshot.get(&project).unwrap());
        let who: Vec<(ResourceId, Bound)> =
            who.accounts.iter().map(|one| (one.account.id.clone(), one.bound)).collect();
        (exact, who, access.holders(snapshot.get(&project).unwrap()).changing.exact())
    };
    assert_eq!(told(&estate), ([Some(0), Some(0)], Vec::new(), Some(0)));
    let grant = id("s1", Kind::Grant, "somewhere");
    estate.see(
        "jira",
        "permission schemes",
        &grant,
        Body::Grant(to_account(GrantForm::Permission, "ADMINISTER", &ada)),
    );
    assert_eq!(told(&estate), ([None, Some(0)], vec![(ada.clone(), Bound::Possible)], None));
    assert_eq!(estate.may(&ada, "EDIT_ISSUES", &project), Some(Bound::Possible));
    assert_eq!(estate.may(&ben, "EDIT_ISSUES", &project), None);
    let to_nobody_known = Grant::of(GrantForm::Permission, "ADMINISTER", Holder::Principal);
    estate.resources.remove(&grant);
    estate.see("jira", "permission schemes", &grant, Body::Grant(to_nobody_known));
    assert_eq!(told(&estate).0, [None, None], "who is meant was not told either");
}

/// Who administers a product that was not seen itself may be anybody, if nobody told who.
#[test]
fn a_grant_to_nobody_known_on_a_product_that_was_not_seen_may_be_anybodys() {
    let (mut estate, ada, _, _) = jira();
    let product = id("o1", Kind::Container, "product:unseen");
    let mut grant = Grant::of(GrantForm::PlatformRole, "atlassian/admin", Holder::Principal);
    grant.container = Fact::Known(product.clone());
    estate.see("jira", "permission schemes", &id("o1", Kind::Grant, "g"), Body::Grant(grant));
    let snapshot = estate.snapshot();
    let inventory = Inventory::new(&snapshot);
    let reach = inventory.access().of(snapshot.get(&ada).unwrap());
    let found: Vec<_> = reach.out_of_sight.iter().map(|(on, one)| ((*on).clone(), one.key, one.bound)).collect();
    assert_eq!(found, [(product, "atlassian/admin", Bound::Possible)]);
    assert!(inventory.access().breadth_of(&reach).may_administer_more);
}
