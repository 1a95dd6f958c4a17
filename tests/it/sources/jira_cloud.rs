//! `jira-cloud`.

use std::collections::BTreeSet;

use keyroll::model::{Body, EndpointState, Fact, Kind, LedgerEntry, Snapshot, Watermarks};
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
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "any");
    let base = serve(answers).await;
    let yaml = format!(
        "base_url: {base}\ngateway_url: {base}\nuser: a@b.example\ntoken: {token}\ncloud_id: 11f1\n"
    );
    sealed(build("jira-cloud", &yaml).unwrap().look(Depth::Whole, &Watermarks::default()).await)
}

#[tokio::test]
async fn a_whole_site_is_read_and_nothing_is_missing() {
    let simulator = demo().await;
    let (snapshot, ledger) = collect(&simulator, "").await;
    assert_eq!(gaps(&ledger), [].into(), "{ledger:#?}");
    assert_eq!(ledger.len(), 22);
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
async fn refusals_for_all_projects_are_one_denied_entry() {
    let simulator = demo().await;
    simulator.set_fault("project-permission-scheme", Fault::Status(403));
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
    assert_eq!(ledger.len(), 22);
    assert_eq!(gaps(&ledger), [].into());
    let asked = simulator.requests().len();
    assert!(asked <= 27, "{asked} requests");
}

#[tokio::test]
async fn every_fact_of_a_hand_written_site_is_told_as_it_was() {
    let one_page = |rows: Value| json!({"values": rows, "isLast": true, "total": rows.as_array().unwrap().len()});
    let snapshot = collect_from(vec![
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
            one_page(json!([{"id": "10001", "key": "PAY", "name": "Payments", "style": "next-gen",
                "lead": {"accountId": "712020:a"}}])),
        ),
        (
            "GET /rest/api/3/project/10001/role",
            json!({"Administrators": "https://acme.atlassian.net/rest/api/3/project/10001/role/10002"}),
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
    ])
    .await;
    let unread: Vec<&str> = snapshot.ledger.iter().filter(|e| e.is_gap()).map(|e| e.reason.as_str()).collect();
    assert_eq!(unread, Vec::<&str>::new());
    for (id, expected) in [
        ("11f1/container/site", json!({"form": "site", "url": "https://acme.atlassian.net"})),
        (
            "atlassian/principal/712020:sa",
            json!({"account_type": "service-account", "standings": [{"product": "jira", "source": "acme", "active": false, "shows_email": false}],
                "groups": ["atlassian/group/g-1"]}),
        ),
        ("atlassian/group/g-1", json!({"member_count": 1, "jira_access": ["admin", "site-admin", "user"]})),
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
    let project = facts(&snapshot, "11f1/container/project:10001");
    assert_eq!(project["team_managed"], json!(true));
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
