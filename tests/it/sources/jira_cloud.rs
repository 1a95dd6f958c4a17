//! `jira-cloud`.

use std::collections::BTreeSet;

use keyroll::model::{Body, EndpointState, Fact, Grant, GrantForm, Kind, LedgerEntry, Resource, Snapshot, Watermarks};
use keyroll::simulator::{Fault, Simulator};
use keyroll::sources::{Depth, Source};
use serde_json::{Value, json};

use super::{build, demo, entry, facts, gaps, of_kind, sealed, secret_file, serve};

fn source(simulator: &Simulator, more: &str) -> Box<dyn Source> {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", simulator.site_token());
    let (url, gateway, user) = (simulator.site_url(), simulator.org_url(), simulator.site_user());
    let yaml = format!("base_url: {url}/\ngateway_url: {gateway}\nuser: {user}\ntoken: {token}\n{more}");
    build("jira-cloud", &yaml).unwrap()
}

async fn collect(simulator: &Simulator, more: &str) -> (Snapshot, Vec<LedgerEntry>) {
    let snapshot = sealed(source(simulator, more).look(Depth::Whole, &Watermarks::default()).await);
    let ledger = snapshot.ledger.clone();
    (snapshot, ledger)
}

async fn collect_from(answers: Vec<(&'static str, Value)>) -> Snapshot {
    collect_at(&serve(answers).await).await
}

async fn collect_at(base: &str) -> Snapshot {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "any");
    let yaml = format!("base_url: {base}\ngateway_url: {base}\nuser: a@b.example\ntoken: {token}\ncloud_id: 11f1\n");
    sealed(build("jira-cloud", &yaml).unwrap().look(Depth::Whole, &Watermarks::default()).await)
}

/// Each of these answers can be read, and says nothing or one thing twice: nothing may be concluded from it.
#[tokio::test]
async fn an_answer_that_says_nothing_is_not_read_whole() {
    let simulator = demo().await;
    for (fault, at, endpoint, words) in [
        (Fault::WrongPage("{}"), "server-info", "site", "neither the address"),
        (Fault::WrongPage("{}"), "project-roles", "project roles", "names no role at all"),
        (Fault::ShiftedRows, "group-bulk", "access of groups", "came twice"),
    ] {
        simulator.set_fault(at, fault);
        let (_, ledger) = collect(&simulator, "").await;
        simulator.clear_faults();
        let found = entry(&ledger, endpoint);
        assert!(found.is_gap() && found.reason.contains(words), "{endpoint}: {} {}", found.state.name(), found.reason);
    }
}

#[tokio::test]
async fn a_whole_site_is_read_and_nothing_is_missing() {
    let simulator = demo().await;
    let (snapshot, ledger) = collect(&simulator, "").await;
    assert_eq!(gaps(&ledger), [].into(), "{ledger:#?}");
    assert_eq!(ledger.len(), 23);
    assert!(ledger.iter().all(|entry| entry.requests > 0 && entry.unreadable.is_empty()), "{ledger:#?}");
    for form in ["site", "application", "project", "permission-scheme"] {
        let found = of_kind(&snapshot, Kind::Container).any(|each| match &each.body {
            Body::Container(container) => container.form.name() == form,
            _ => false,
        });
        assert!(found, "no {form}");
    }
    for form in ["project-role", "permission", "global-permission"] {
        let prefix = if form == "permission" { "permission-scheme" } else { form };
        assert!(of_kind(&snapshot, Kind::Grant).any(|each| each.id.native().starts_with(prefix)), "no {form}");
    }
    let tenants: BTreeSet<&str> = snapshot.resources.iter().map(|resource| resource.id.tenant()).collect();
    assert_eq!(tenants, ["atlassian", simulator.cloud_id()].into());
    for account in of_kind(&snapshot, Kind::Principal) {
        let Body::Principal(principal) = &account.body else { panic!("a principal") };
        assert!(principal.groups.known().is_some(), "{} has unknown groups", account.id);
    }
    assert_eq!(simulator.destroyed(), []);
}

#[tokio::test]
async fn small_pages_show_the_same_site() {
    let simulator = demo().await;
    let (whole, _) = collect(&simulator, "").await;
    let (paged, ledger) = collect(&simulator, "page_size: 7\n").await;
    assert_eq!(gaps(&ledger), [].into());
    assert!(entry(&ledger, "accounts").pages > 10);
    assert_eq!(whole.digest, paged.digest);
}

#[tokio::test]
async fn the_groups_of_an_account_are_unknown_as_soon_as_one_group_was_not_read() {
    let simulator = demo().await;
    simulator.set_fault("group-member", Fault::OnPage(2, Box::new(Fault::Status(403))));
    let (snapshot, ledger) = collect(&simulator, "page_size: 7\n").await;
    let members = entry(&ledger, "members of groups");
    assert_eq!(members.state, EndpointState::Partial);
    assert!(members.reason.contains(" of "), "{}", members.reason);
    for account in of_kind(&snapshot, Kind::Principal) {
        let Body::Principal(principal) = &account.body else { panic!("a principal") };
        assert_eq!(principal.groups, Fact::Unknown);
    }
}

#[tokio::test]
async fn one_refused_list_hides_who_is_in_that_group_and_nobody_else() {
    let simulator = demo().await;
    let (whole, _) = collect(&simulator, "").await;
    let refused = of_kind(&whole, Kind::Group).find(|group| group.name == "jira-admins").unwrap().id.clone();
    simulator.set_fault("group-member", Fault::About(refused.native().to_owned(), Box::new(Fault::Status(403))));
    let (snapshot, ledger) = collect(&simulator, "").await;
    assert_eq!(
        gaps(&ledger).into_keys().collect::<Vec<_>>(),
        ["global permissions of administrators and apps", "members of groups"]
    );
    let groups_of = |snapshot: &Snapshot, account: &Resource| {
        let Body::Principal(principal) = &snapshot.get(&account.id).unwrap().body else { panic!("a principal") };
        (principal.groups.clone(), principal.groups_at_least.clone())
    };
    let mut hidden = 0;
    for account in of_kind(&snapshot, Kind::Principal) {
        let Fact::Known(mut before) = groups_of(&whole, account).0 else { panic!("{} had known groups", account.id) };
        hidden += usize::from(before.contains(&refused));
        before.retain(|group| *group != refused);
        let (groups, at_least) = groups_of(&snapshot, account);
        assert_eq!(groups, Fact::Unknown, "{}", account.id);
        assert_eq!(at_least, if before.is_empty() { Fact::Unknown } else { Fact::Known(before) }, "{}", account.id);
    }
    assert!(hidden > 0);
    for group in of_kind(&snapshot, Kind::Group) {
        let Body::Group(body) = &group.body else { panic!("a group") };
        assert_eq!(body.members_told, Fact::Known(group.id != refused), "{}", group.name);
    }
}

#[tokio::test]
async fn what_groups_open_is_told_for_each_site_by_itself() {
    let simulator = demo().await;
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", simulator.site_token());
    let mut sites = Vec::new();
    for url in [simulator.site_url(), simulator.sandbox_url()] {
        let (user, gateway) = (simulator.site_user(), simulator.org_url());
        let yaml = format!("base_url: {url}\ngateway_url: {gateway}\nuser: {user}\ntoken: {token}\n");
        sites.push(build("jira-cloud", &yaml).unwrap().look(Depth::Whole, &Watermarks::default()).await);
    }
    let snapshot = Snapshot::seal(sites);
    let access = |site: &str| -> BTreeSet<(String, String)> {
        let grants = of_kind(&snapshot, Kind::Grant).filter_map(|one| match &one.body {
            Body::Grant(grant) if grant.form == GrantForm::ProductAccess => Some(grant),
            _ => None,
        });
        let here =
            |grant: &&Grant| grant.container.known().is_some_and(|on| on.as_str() == format!("{site}/container/site"));
        grants.filter(here).map(|grant| (grant.role.clone(), grant.group.known().unwrap().to_string())).collect()
    };
    let (production, sandbox) = (access(simulator.cloud_id()), access(simulator.sandbox_id()));
    assert!(production.iter().any(|(role, _)| role == "admin") && production.iter().any(|(role, _)| role == "user"));
    assert!(sandbox.iter().any(|(role, _)| role == "admin"));
    for group in of_kind(&snapshot, Kind::Group) {
        let Body::Group(body) = &group.body else { panic!("a group") };
        let by_grants: BTreeSet<&String> = production
            .iter()
            .chain(&sandbox)
            .filter(|(_, id)| *id == group.id.as_str())
            .map(|(role, _)| role)
            .collect();
        assert_eq!(body.jira_access.known().unwrap().iter().collect::<BTreeSet<_>>(), by_grants, "{}", group.name);
    }
}

#[tokio::test]
async fn refusals_for_all_projects_are_one_denied_entry() {
    let simulator = demo().await;
    simulator.set_fault("project-permission-scheme", Fault::Status(403));
    simulator.set_fault("roles", Fault::Status(401));
    simulator.set_fault("project-roles", Fault::Status(401));
    let (_, ledger) = collect(&simulator, "").await;
    for endpoint in ["permission schemes of projects", "project roles"] {
        let found = entry(&ledger, endpoint);
        assert_eq!(found.state, EndpointState::Denied, "{endpoint}: {}", found.reason);
        assert!(found.reason.contains(" refused: "), "{}", found.reason);
    }
}

#[tokio::test]
async fn each_refusal_is_told_in_its_own_entry() {
    let simulator = demo().await;
    for (fault, endpoint, status, state) in [
        ("users-search", "accounts", 403, EndpointState::Denied),
        ("application-roles", "applications", 401, EndpointState::Denied),
        ("license", "licence", 404, EndpointState::Denied),
        ("permission-schemes", "permission schemes", 500, EndpointState::Failed),
    ] {
        simulator.clear_faults();
        simulator.set_fault(fault, Fault::Status(status));
        let (_, ledger) = collect(&simulator, "").await;
        assert_eq!(entry(&ledger, endpoint).state, state, "{endpoint}");
        assert!(entry(&ledger, endpoint).reason.contains(&status.to_string()));
    }
}

#[tokio::test]
async fn an_account_that_does_not_administer_jira_cannot_call_its_projects_all() {
    let simulator = demo().await;
    simulator.set_fault("my-permissions", Fault::Status(403));
    let (_, ledger) = collect(&simulator, "").await;
    let projects = entry(&ledger, "projects");
    assert_eq!(projects.state, EndpointState::Partial);
    assert!(projects.reason.contains("“Administer Jira” is not known"), "{}", projects.reason);
    assert!(projects.rows > 0);
    assert_eq!(entry(&ledger, "accounts").state, EndpointState::Partial);
}

#[tokio::test]
async fn without_the_sites_id_every_endpoint_says_why_it_failed() {
    let simulator = demo().await;
    simulator.set_fault("tenant-info", Fault::Status(404));
    let (snapshot, ledger) = collect(&simulator, "").await;
    assert_eq!(snapshot.resources.len(), 0);
    for each in ledger.iter().filter(|entry| &*entry.endpoint != "cloud id") {
        assert_eq!((each.state, each.requests), (EndpointState::Failed, 0), "{}", each.endpoint);
    }
    let (_, ledger) = collect(&simulator, &format!("cloud_id: {}\n", simulator.cloud_id())).await;
    assert_eq!(gaps(&ledger), [].into());
}

#[tokio::test]
async fn a_listing_that_breaks_off_or_drops_rows_is_partial() {
    let simulator = demo().await;
    for (endpoint, name, fault) in [
        ("group-bulk", "groups", Fault::DropRows(1)),
        ("project-search", "projects", Fault::OnPage(2, Box::new(Fault::CutConnection))),
        ("users-search", "accounts", Fault::OnPage(2, Box::new(Fault::LoginPage))),
        ("users-search", "accounts", Fault::WrongType),
    ] {
        simulator.clear_faults();
        simulator.set_fault(endpoint, fault.clone());
        let (_, ledger) = collect(&simulator, "page_size: 5\n").await;
        let found = entry(&ledger, name);
        assert_eq!(found.state, EndpointState::Partial, "{name} with {fault:?}: {found:?}");
        assert!(found.rows > 0);
    }
}

#[tokio::test]
async fn a_probe_asks_first_pages_only() {
    let simulator = demo().await;
    let ledger = source(&simulator, "").probe().await;
    assert_eq!(ledger.len(), 23);
    assert_eq!(gaps(&ledger), [].into());
    let asked = simulator.requests().len();
    assert!(asked <= 28, "{asked} requests");
}

fn one_page(rows: Value) -> Value {
    json!({"values": rows, "isLast": true, "total": rows.as_array().unwrap().len()})
}

/// What is around the projects of a site: shared things, webhooks, rules, apps, the audit log and service desks.
fn surroundings() -> Vec<(&'static str, Value)> {
    let share = |id: u32, more: Value| {
        let mut share = json!({"id": id});
        share.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        share
    };
    vec![
        (
            "GET /rest/api/3/filter/search",
            one_page(json!([{
                "id": "10000", "name": "Open bugs", "owner": {"accountId": "712020:a"},
                "viewUrl": "https://acme.atlassian.net/issues/?filter=10000",
                "sharePermissions": [
                    share(1, json!({"type": "global"})),
                    share(2, json!({"type": "authenticated"})),
                    share(3, json!({"type": "group", "group": {"name": "jira-admins", "groupId": "g-1"}})),
                    share(4, json!({"type": "user", "user": {"accountId": "712020:a", "displayName": "Ada"}})),
                    share(5, json!({"type": "project", "project": {"id": "10001", "key": "PAY"}})),
                    share(6, json!({"type": "project-unknown"})),
                    share(7, json!({"type": "project", "project": {"id": "10001", "key": "PAY"},
                        "role": {"id": 10002, "name": "Administrators"}})),
                    share(8, json!({"type": "planet"}))],
                "editPermissions": [share(3, json!({"type": "group", "group": {"name": "x", "groupId": "g-1"}}))]}])),
        ),
        (
            "GET /rest/api/3/dashboard/search",
            one_page(json!([{
                "id": "7", "name": "Wall", "owner": {"accountId": "712020:a"},
                "view": "https://acme.atlassian.net/Dashboard.jspa?selectPageId=7",
                "sharePermissions": [{"type": "loggedin"}], "editPermissions": []}])),
        ),
        (
            "GET /rest/webhooks/1.0/webhook",
            json!([
                {"name": "Chat", "url": "HTTPS://me:s3cret@Hooks.Example.com:8443/T0/s3cret?x=1&token=s3cret#s3cret",
                 "events": ["jira:issue_updated", "comment_created"], "enabled": true, "isSigned": false,
                 "filters": {"issue-related-events-section": "project = PAY"}, "lastUpdatedUser": "712020:a",
                 "lastUpdatedDisplayName": "Ada", "lastUpdated": 1_743_568_964_174_i64,
                 "self": "https://acme.atlassian.net/rest/webhooks/1.0/webhook/101"},
                {"id": 102, "url": "hooks.example.com/s3cret", "enabled": false, "lastUpdatedUser": "admin",
                 "lastUpdated": "2025-04-02T04:42:44.174+0000"},
                {"id": 103, "name": "https://hooks.example.com/s3cret", "url": {"href": "s3cret"}}]),
        ),
        (
            "GET /automation/public/jira/11f1/rest/v1/rule/summary",
            json!({"links": {"self": "?limit=100", "next": null, "prev": null}, "data": [
                {"uuid": "0192e5ac", "name": "Sync to ERP", "description": "", "state": "ENABLED",
                 "authorAccountId": "712020:a", "actorAccountId": "712020:a", "created": 1_743_568_964.174,
                 "updated": 1_743_568_964.174, "labels": ["erp"],
                 "ruleScopeARIs": ["ari:cloud:jira:11f1:project/10001"]}]}),
        ),
        (
            "GET /rest/plugins/1.0/",
            json!({"plugins": [{"key": "com.eazybi.jira", "name": "eazyBI", "version": "1.4.0-AC", "enabled": true,
                "userInstalled": true, "vendor": {"name": "eazyBI", "link": "https://vendor.example"}}]}),
        ),
        (
            "GET /rest/api/3/auditing/record",
            json!({"offset": 0, "limit": 1000, "total": 1, "records": [{"id": 1, "summary": "User added to group",
                "created": "2026-11-19T18:45:42.967+0000", "remoteAddress": "192.0.2.1", "authorKey": "ada"}]}),
        ),
        (
            "GET /rest/servicedeskapi/servicedesk",
            json!({"size": 1, "start": 0, "limit": 50, "isLastPage": true, "values": [
                {"id": "3", "projectId": "10001", "projectName": "Payments", "projectKey": "PAY"}]}),
        ),
    ]
}

#[tokio::test]
async fn what_is_around_the_projects_is_told_as_it_was() {
    let snapshot = collect_from(surroundings()).await;
    let ada = "atlassian/principal/712020:a";
    let share = |role: &str, holder: &str| json!({"form": "share", "role": role, "holder": holder, "container": "11f1/container/filter:10000"});
    let with = |mut facts: Value, field: &str, value: &str| {
        facts[field] = json!(value);
        facts
    };
    for (id, expected) in [
        (
            "11f1/container/filter:10000",
            json!({"form": "filter", "parent": "11f1/container/site", "owner": ada,
                "url": "https://acme.atlassian.net/issues/?filter=10000"}),
        ),
        ("11f1/grant/share:filter:10000/view/anyone", share("view", "anyone")),
        ("11f1/grant/share:filter:10000/view/logged-in", share("view", "logged-in")),
        ("11f1/grant/share:filter:10000/view/group:g-1", with(share("view", "group"), "group", "atlassian/group/g-1")),
        ("11f1/grant/share:filter:10000/edit/group:g-1", with(share("edit", "group"), "group", "atlassian/group/g-1")),
        ("11f1/grant/share:filter:10000/view/principal:712020:a", with(share("view", "principal"), "principal", ada)),
        ("11f1/grant/share:filter:10000/view/project:10001", with(share("view", "project"), "holder_detail", "10001")),
        ("11f1/grant/share:filter:10000/view/project:#6", share("view", "project")),
        (
            "11f1/grant/share:filter:10000/view/project-role:10001/10002",
            with(share("view", "project-role"), "holder_detail", "10001/10002"),
        ),
        ("11f1/grant/share:filter:10000/view/other:#8", with(share("view", "other"), "holder_detail", "planet")),
        (
            "11f1/container/dashboard:7",
            json!({"form": "dashboard", "parent": "11f1/container/site", "owner": ada,
                "url": "https://acme.atlassian.net/Dashboard.jspa?selectPageId=7"}),
        ),
        (
            "11f1/grant/share:dashboard:7/view/logged-in",
            json!({"form": "share", "role": "view", "holder": "logged-in", "container": "11f1/container/dashboard:7"}),
        ),
        (
            "11f1/webhook/webhook:101",
            json!({"container": "11f1/container/site", "address": "https://hooks.example.com:8443",
                "secret_in_url": true, "signed": false, "enabled": true,
                "events": ["comment_created", "jira:issue_updated"], "changed_by": ada,
                "changed_at": "2025-04-02T04:42:44.174Z"}),
        ),
        (
            "11f1/webhook/webhook:102",
            json!({"container": "11f1/container/site", "enabled": false, "changed_at": "2025-04-02T04:42:44.174Z"}),
        ),
        ("11f1/webhook/webhook:103", json!({"container": "11f1/container/site"})),
        (
            "11f1/automation/jira:0192e5ac",
            json!({"container": "11f1/container/site", "status": "enabled", "author": ada, "actor": ada,
                "limited_to": ["project/10001"], "description": null, "created_at": "2025-04-02T04:42:44.174Z",
                "changed_at": "2025-04-02T04:42:44.174Z"}),
        ),
        (
            "11f1/app/installed:com.eazybi.jira",
            json!({"form": "installed-app", "container": "11f1/container/site", "key": "com.eazybi.jira",
                "vendor": "eazyBI", "version": "1.4.0-AC", "enabled": true, "user_installed": true}),
        ),
        ("11f1/setting/jira-audit-log", json!({"key": "audit-log", "value": "readable"})),
        (
            "11f1/container/service-desk:3",
            json!({"form": "service-desk", "parent": "11f1/container/project:10001", "key": "PAY"}),
        ),
    ] {
        assert_eq!(facts(&snapshot, id), expected, "{id}");
    }
    assert_eq!(entry(&snapshot.ledger, "webhooks").unreadable, ["`103`: url"]);
    for shown in [format!("{snapshot:?}"), serde_json::to_string(&snapshot.resources).unwrap()] {
        assert!(!shown.contains("s3cret"), "a secret of an address was kept");
        assert!(!shown.contains("192.0.2.1"), "the audit log is not kept");
    }
}

#[tokio::test]
async fn one_odd_element_of_a_list_costs_only_itself() {
    let mut answers = surroundings();
    answers.retain(|(path, _)| !path.contains("filter/search"));
    answers.extend([
        (
            "GET /rest/api/3/mypermissions",
            json!({"permissions": {"ADMINISTER": {"havePermission": true}, "USER_PICKER": {"havePermission": true}}}),
        ),
        (
            "GET /rest/api/3/filter/search",
            one_page(json!([{"id": "1", "name": "F", "editPermissions": [], "sharePermissions": [
                {"id": 1, "type": "global"}, {"id": 2, "type": 5}, "odd", {"id": 4, "type": "loggedin"}]}])),
        ),
        (
            "GET /rest/api/3/permissionscheme",
            json!({"permissionSchemes": [{"id": 10000, "name": "Default", "permissions": [
                {"id": 1, "permission": "BROWSE_PROJECTS", "holder": {"type": "anyone"}},
                {"id": 2, "permission": "BROWSE_PROJECTS", "holder": "odd"},
                {"id": 3, "permission": "EDIT_ISSUES", "holder": {"type": "group", "value": "g-1"}}]}]}),
        ),
        (
            "GET /rest/api/3/project/search",
            one_page(json!([{"id": "10001", "key": "PAY", "name": "Payments", "style": "classic"}])),
        ),
        ("GET /rest/api/3/role", json!([{"id": 10002, "name": "Administrators", "actors": []}])),
        (
            "GET /rest/api/3/project/10001/role/10002",
            json!({"id": 10002, "name": "Administrators", "actors": [
                {"id": 1, "displayName": "x", "actorGroup": {"groupId": ["odd"]}},
                {"id": 2, "displayName": "Ada", "actorUser": {"accountId": "712020:a"}}]}),
        ),
        (
            "GET /rest/api/3/applicationrole",
            json!([{"key": "jira-core", "userCount": 1, "numberOfSeats": 2, "defaultGroupsDetails": [],
                "groupDetails": [{"groupId": "g-1", "name": "users"}, {"groupId": 7, "name": "odd"}]}]),
        ),
    ]);
    let snapshot = collect_from(answers).await;
    for (endpoint, note) in [
        ("filters", "`2`: type (in view shares of filter:1)"),
        ("permission schemes", "`2`: holder (in permission scheme 10000)"),
        ("project roles", "`1`: actorGroup.groupId (in role 10002 of project 10001)"),
        ("applications", "`7`: groupId (in groups of jira-core)"),
    ] {
        let found = entry(&snapshot.ledger, endpoint);
        assert_eq!(found.state, EndpointState::Partial, "{endpoint}");
        assert!(found.reason.contains("could not be read whole"), "{endpoint}: {}", found.reason);
        assert_eq!(found.unreadable[0], note, "{endpoint}");
    }
    for id in [
        "11f1/grant/share:filter:1/view/anyone",
        "11f1/grant/share:filter:1/view/logged-in",
        "11f1/grant/permission-scheme:10000/1",
        "11f1/grant/permission-scheme:10000/3",
        "11f1/grant/project-role:10001/10002/user:712020:a",
    ] {
        assert!(facts(&snapshot, id)["role"].is_string(), "{id}");
    }
    let application = facts(&snapshot, "11f1/container/application:jira-core");
    assert_eq!(application.get("licence_groups"), None, "a list without one of its groups would be a wrong one");
}

#[tokio::test]
async fn company_managed_projects_are_not_asked_for_their_roles_one_by_one() {
    let simulator = demo().await;
    let (snapshot, _) = collect(&simulator, "").await;
    let naming = |project: &str| format!("/rest/api/3/project/{project}/role");
    let scheme = |project: &str| format!("/rest/api/3/project/{project}/permissionscheme");
    let asked: BTreeSet<String> = simulator.requests().into_iter().map(|(_, path)| path).collect();
    let mut seen = BTreeSet::new();
    for project in of_kind(&snapshot, Kind::Container) {
        let Body::Container(container) = &project.body else { panic!("a container") };
        let Some(id) = project.id.native().strip_prefix("project:") else { continue };
        let team_managed = *container.team_managed.known().unwrap();
        seen.insert(team_managed);
        assert_eq!(asked.contains(&naming(id)), team_managed, "{id}");
        assert_eq!(asked.contains(&scheme(id)), !team_managed, "{id}");
        assert_eq!(container.permission_scheme.is_unknown(), team_managed, "{id}");
    }
    assert_eq!(seen.len(), 2, "both sorts of project are there");
    simulator.set_fault("roles", Fault::Status(403));
    let (without, ledger) = collect(&simulator, "").await;
    assert_eq!(gaps(&ledger), [("default members of project roles", EndpointState::Denied)].into());
    let by_default = |one: &&Resource| one.id.native().starts_with("default-role:");
    assert!(snapshot.resources.iter().filter(by_default).count() > 3);
    let others: Vec<&Resource> = snapshot.resources.iter().filter(|one| !by_default(one)).collect();
    assert_eq!(without.resources.iter().collect::<Vec<_>>(), others, "projects named their roles instead");
}

#[tokio::test]
async fn a_project_whose_scheme_is_its_own_is_team_managed() {
    let mut answers = surroundings();
    answers.extend([
        ("GET /rest/api/3/project/search", one_page(json!([{"id": "10001", "key": "PAY", "name": "Payments"}]))),
        ("GET /rest/api/3/project/10001/permissionscheme", json!({"id": 10077, "scope": {"type": "PROJECT"}})),
    ]);
    let project = facts(&collect_from(answers).await, "11f1/container/project:10001");
    assert_eq!((&project["team_managed"], project.get("permission_scheme")), (&json!(true), None));
}

#[tokio::test]
async fn what_shows_an_account_only_its_own_says_so() {
    let simulator = demo().await;
    let (whole, _) = collect(&simulator, "").await;
    simulator.set_fault("my-permissions", Fault::Status(403));
    let (limited, ledger) = collect(&simulator, "").await;
    for endpoint in ["filters", "dashboards", "automation rules", "service desks"] {
        let found = entry(&ledger, endpoint);
        assert_eq!(found.state, EndpointState::Partial, "{endpoint}");
        assert!(found.reason.contains("“Administer Jira” is not known"), "{endpoint}: {}", found.reason);
    }
    let filters = |snapshot: &Snapshot| {
        of_kind(snapshot, Kind::Container).filter(|one| one.id.native().starts_with("filter:")).count()
    };
    assert!(filters(&limited) < filters(&whole), "only an administrator asks for filters of others");
}

#[tokio::test]
async fn what_a_site_may_lack_is_not_offered() {
    let ledger = collect_from(vec![]).await.ledger;
    for endpoint in ["installed apps", "service desks"] {
        assert_eq!(entry(&ledger, endpoint).state, EndpointState::NotOffered, "{endpoint}");
    }
    for endpoint in ["webhooks", "automation rules", "filters", "dashboards", "audit log"] {
        assert_eq!(entry(&ledger, endpoint).state, EndpointState::Denied, "{endpoint}");
    }
}

#[tokio::test]
async fn service_desks_are_walked_in_the_steps_that_the_server_grants() {
    async fn answer(request: axum::extract::Request) -> axum::Json<Value> {
        if !request.uri().path().ends_with("/servicedesk") {
            return axum::Json(json!({}));
        }
        let query = request.uri().query().unwrap_or_default();
        let start = query.split('&').find_map(|pair| pair.strip_prefix("start=")).unwrap_or("0");
        let start: usize = start.parse().unwrap();
        let desks: Vec<Value> = (start..5.min(start + 2)).map(|id| json!({"id": id.to_string()})).collect();
        axum::Json(json!({"start": start, "limit": 2, "isLastPage": start + 2 >= 5, "values": desks}))
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    let snapshot = collect_at(&base).await;
    let desks = of_kind(&snapshot, Kind::Container).filter(|one| one.id.native().starts_with("service-desk:"));
    assert_eq!(desks.count(), 5);
    assert_eq!(entry(&snapshot.ledger, "service desks").pages, 3);
}

#[tokio::test]
async fn a_service_project_without_a_desk_leaves_the_desks_partly_read() {
    let project = json!({"id": "10001", "key": "HELP", "name": "Help", "projectTypeKey": "service_desk"});
    let none = json!({"size": 0, "start": 0, "limit": 50, "isLastPage": true, "values": []});
    let snapshot = collect_from(vec![
        ("GET /rest/api/3/project/search", one_page(json!([project]))),
        ("GET /rest/servicedeskapi/servicedesk", none),
    ])
    .await;
    let desks = entry(&snapshot.ledger, "service desks");
    assert_eq!(desks.state, EndpointState::Partial);
    assert!(desks.reason.contains("no desk is listed for 1 service project"), "{}", desks.reason);
}

#[tokio::test]
async fn an_audit_log_without_records_is_not_called_readable() {
    let empty = json!({"offset": 0, "limit": 1000, "total": 0, "records": []});
    let snapshot = collect_from(vec![("GET /rest/api/3/auditing/record", empty)]).await;
    assert_eq!(facts(&snapshot, "11f1/setting/jira-audit-log")["value"], json!("empty"));
    let odd = json!({"offset": 0, "limit": 1000, "total": 2, "records": [{"id": 1}, "odd"]});
    let snapshot = collect_from(vec![("GET /rest/api/3/auditing/record", odd)]).await;
    assert_eq!(entry(&snapshot.ledger, "audit log").state, EndpointState::Partial);
    assert_eq!(facts(&snapshot, "11f1/setting/jira-audit-log").get("detail"), None);
}

#[tokio::test]
async fn automation_does_not_let_oauth_clients_in() {
    let folder = tempfile::tempdir().unwrap();
    let secret = secret_file(folder.path(), "secret", "any");
    let gateway = serve(vec![("POST /oauth/token", json!({"access_token": "a", "expires_in": 3600}))]).await;
    let yaml = format!(
        "base_url: https://acme.atlassian.net\nclient_id: c\nclient_secret: {secret}\ntoken_url: {gateway}/oauth/token\n\
         gateway: true\ngateway_url: {gateway}\ncloud_id: 11f1\n"
    );
    let snapshot = sealed(build("jira-cloud", &yaml).unwrap().look(Depth::Whole, &Watermarks::default()).await);
    let rules = entry(&snapshot.ledger, "automation rules");
    assert_eq!((rules.state, rules.requests), (EndpointState::Denied, 0));
    assert!(rules.reason.contains("OAuth client"), "{}", rules.reason);
}

/// Answers everything with one status and text, as the wrong host does.
async fn wrong_host(status: u16, kind: &'static str, text: &'static str) -> String {
    let answer = move || async move {
        (axum::http::StatusCode::from_u16(status).unwrap(), [(axum::http::header::CONTENT_TYPE, kind)], text)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    format!("http://{address}")
}

#[tokio::test]
async fn a_wrong_door_says_which_address_or_credential_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "any");
    let look = async |base: String, more: &str| {
        let yaml = format!("base_url: {base}\ngateway_url: {base}\nuser: a@b.example\ntoken: {token}\n{more}");
        sealed(build("jira-cloud", &yaml).unwrap().look(Depth::Whole, &Watermarks::default()).await).ledger
    };
    for (status, kind, text) in
        [(404, "application/json", r#"{"message": "no such page"}"#), (200, "text/html", "<html>Log in</html>")]
    {
        let ledger = look(wrong_host(status, kind, text).await, "").await;
        for endpoint in ["cloud id", "site", "accounts"] {
            let found = entry(&ledger, endpoint);
            assert_eq!(found.state, EndpointState::Failed, "{endpoint} with {status}");
            assert!(found.reason.contains("check `base_url`"), "{endpoint} with {status}: {}", found.reason);
        }
        let ledger = look(wrong_host(status, kind, text).await, "cloud_id: 11f1\n").await;
        let site = entry(&ledger, "site");
        assert!(site.reason.contains("check `base_url`"), "{status}: {}", site.reason);
        assert!(ledger.iter().all(|entry| entry.is_gap() || &*entry.endpoint == "cloud id"), "{ledger:#?}");
    }
    let ledger = look(wrong_host(401, "application/json", "{}").await, "cloud_id: 11f1\n").await;
    for each in ledger.iter().filter(|entry| entry.requests > 0) {
        assert_eq!(each.state, EndpointState::Denied, "{}", each.endpoint);
        assert!(each.reason.contains("API token without scopes"), "{}: {}", each.endpoint, each.reason);
    }
}

#[tokio::test]
async fn every_fact_of_a_hand_written_site_is_told_as_it_was() {
    let mut answers = vec![
        ("GET /rest/api/3/serverInfo", json!({"baseUrl": "https://acme.atlassian.net", "serverTitle": "Acme Jira"})),
        ("GET /rest/api/3/myself", json!({"accountId": "712020:a", "accountType": "atlassian", "active": true})),
        (
            "GET /rest/api/3/mypermissions",
            json!({"permissions": {"ADMINISTER": {"havePermission": true}, "USER_PICKER": {"havePermission": true}}}),
        ),
        ("GET /rest/api/3/users/search", json!([])),
        ("GET /rest/api/3/group/bulk", one_page(json!([{"groupId": "g-1", "name": "jira-admins"}]))),
        (
            "GET /rest/api/3/group/member",
            one_page(json!([{"accountId": "712020:sa", "accountType": "app", "appType": "service", "active": false,
                "displayName": "build-bot", "emailAddress": ""}])),
        ),
        (
            "GET /rest/api/3/applicationrole",
            json!([
                {"key": "jira-software", "name": "Jira Software", "numberOfSeats": 200, "userCount": 188,
                 "hasUnlimitedSeats": false, "groupDetails": [{"groupId": "g-1", "name": "jira-admins"}],
                 "defaultGroupsDetails": []},
                {"key": "jira-core", "name": "Jira", "numberOfSeats": -1, "userCount": 3}]),
        ),
        ("GET /rest/api/3/instance/license", json!({"applications": [{"id": "jira-software", "plan": "PAID"}]})),
        (
            "GET /rest/api/3/project/search",
            one_page(json!([{"id": "10001", "key": "PAY", "name": "Payments", "style": "classic",
                "projectTypeKey": "software", "lead": {"accountId": "712020:a"}}])),
        ),
        (
            "GET /rest/api/3/role",
            json!([
                {"id": 10002, "name": "Administrators", "actors": [
                    {"id": 7, "type": "atlassian-group-role-actor", "displayName": "jira-admins",
                     "actorGroup": {"groupId": "g-1", "name": "jira-admins"}}]},
                {"id": 10077, "name": "Member", "scope": {"type": "PROJECT", "project": {"id": "10009"}}, "actors": [
                    {"id": 8, "type": "atlassian-user-role-actor", "actorUser": {"accountId": "712020:a"}}]}]),
        ),
        (
            "GET /rest/api/3/project/10001/role/10002",
            json!({"id": 10002, "name": "Administrators", "actors": [
                {"id": 1, "type": "atlassian-group-role-actor", "displayName": "jira-admins",
                 "actorGroup": {"groupId": "g-1", "name": "jira-admins"}},
                {"id": 2, "type": "atlassian-user-role-actor", "displayName": "Ada",
                 "actorUser": {"accountId": "712020:a"}}]}),
        ),
        (
            "GET /rest/api/3/permissionscheme",
            json!({"permissionSchemes": [{"id": 10000, "name": "Default", "permissions": [
                {"id": 10201, "permission": "BROWSE_PROJECTS", "holder": {"type": "anyone"}}]}]}),
        ),
        ("GET /rest/api/3/project/10001/permissionscheme", json!({"id": 10000, "name": "Default"})),
        ("POST /rest/api/3/permissions/check", json!({"globalPermissions": ["ADMINISTER"], "projectPermissions": []})),
    ];
    answers.extend(surroundings());
    let snapshot = collect_from(answers).await;
    let unread: Vec<&str> = snapshot.ledger.iter().filter(|e| e.is_gap()).map(|e| e.reason.as_str()).collect();
    assert_eq!(unread, Vec::<&str>::new());
    for (id, expected) in [
        ("11f1/container/site", json!({"form": "site", "url": "https://acme.atlassian.net"})),
        (
            "atlassian/principal/712020:sa",
            json!({"account_type": "service-account", "standings": [{"product": "jira", "source": "acme", "active": false, "shows_email": false}],
                "groups": ["atlassian/group/g-1"]}),
        ),
        (
            "atlassian/group/g-1",
            json!({"member_count": 1, "jira_access": ["admin", "site-admin", "user"], "inside": null,
                "members_told": true}),
        ),
        (
            "11f1/grant/product-access:site/admin/g-1",
            json!({"form": "product-access", "role": "admin", "holder": "group", "group": "atlassian/group/g-1",
                "container": "11f1/container/site"}),
        ),
        (
            "11f1/grant/default-role:10002/group:g-1",
            json!({"form": "project-role", "role": "Administrators", "holder": "group", "group": "atlassian/group/g-1",
                "container": "11f1/container/site"}),
        ),
        (
            "11f1/container/application:jira-software",
            json!({"form": "application", "parent": "11f1/container/site", "key": "jira-software", "plan": "paid",
                "seats_used": 188, "seats_total": 200, "licence_groups": ["atlassian/group/g-1"],
                "default_groups": []}),
        ),
        (
            "11f1/container/application:jira-core",
            json!({"form": "application", "parent": "11f1/container/site", "key": "jira-core", "seats_used": 3,
                "seats_total": null}),
        ),
        (
            "11f1/grant/project-role:10001/10002/user:712020:a",
            json!({"form": "project-role", "role": "Administrators", "holder": "principal",
                "principal": "atlassian/principal/712020:a", "container": "11f1/container/project:10001"}),
        ),
        (
            "11f1/grant/permission-scheme:10000/10201",
            json!({"form": "permission", "role": "BROWSE_PROJECTS", "holder": "anyone",
                "container": "11f1/container/permission-scheme:10000"}),
        ),
        (
            "11f1/grant/global-permission:ADMINISTER/712020:sa",
            json!({"form": "global-permission", "role": "ADMINISTER", "holder": "principal",
                "principal": "atlassian/principal/712020:sa", "container": "11f1/container/site"}),
        ),
    ] {
        assert_eq!(facts(&snapshot, id), expected, "{id}");
    }
    let of_one_project = |one: &Resource| one.id.native().starts_with("default-role:10077");
    assert!(!snapshot.resources.iter().any(of_one_project), "a role of one project is in no new one");
    let project = facts(&snapshot, "11f1/container/project:10001");
    assert_eq!((&project["team_managed"], &project["category"]), (&json!(false), &json!("software")));
    assert_eq!(project["lead"], json!("atlassian/principal/712020:a"));
    assert_eq!(project["permission_scheme"], json!("11f1/container/permission-scheme:10000"));
    assert_eq!(project["url"], json!("https://acme.atlassian.net/browse/PAY"));
}

#[tokio::test]
async fn through_the_gateway_everything_is_asked_under_the_cloud_id() {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "any");
    let gateway = serve(vec![
        ("GET /ex/jira/11f1/rest/api/3/serverInfo", json!({"baseUrl": "https://acme.atlassian.net"})),
        ("GET /ex/jira/11f1/rest/api/3/users/search", json!([])),
    ])
    .await;
    let yaml = format!(
        "base_url: https://acme.atlassian.net\nuser: a@b.example\ntoken: {token}\n\
         gateway: true\ngateway_url: {gateway}\ncloud_id: 11f1\n"
    );
    let snapshot = sealed(build("jira-cloud", &yaml).unwrap().look(Depth::Whole, &Watermarks::default()).await);
    assert_eq!(entry(&snapshot.ledger, "site").state, EndpointState::Complete);
    let accounts = entry(&snapshot.ledger, "accounts");
    assert_eq!((accounts.state, accounts.statuses.get(&200)), (EndpointState::Partial, Some(&1)));
}
