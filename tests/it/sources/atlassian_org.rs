//! `atlassian-org`.

use std::collections::BTreeSet;

use keyroll::model::{EndpointState, Kind, LedgerEntry, Snapshot, Watermarks};
use keyroll::simulator::{Fault, OrgPlan, Simulator};
use keyroll::sources::{Depth, Source};
use serde_json::{Value, json};

use super::{build, demo, entry, facts, gaps, of_kind, sealed, secret_file, serve};

/// The source that reads the pretended organisation, with further lines of configuration.
fn source(simulator: &Simulator, more: &str) -> Box<dyn Source> {
    let folder = tempfile::tempdir().unwrap();
    let key = secret_file(folder.path(), "key", simulator.org_key());
    build("atlassian-org", &format!("base_url: {}\nkey: {key}\n{more}", simulator.org_url())).unwrap()
}

async fn collect(simulator: &Simulator, more: &str) -> (Snapshot, Vec<LedgerEntry>) {
    let snapshot = sealed(source(simulator, more).look(Depth::Whole, &Watermarks::default()).await);
    let ledger = snapshot.ledger.clone();
    (snapshot, ledger)
}

/// The key on the loopback server that serves answers written by hand.
async fn collect_from(answers: Vec<(&'static str, Value)>) -> Snapshot {
    let folder = tempfile::tempdir().unwrap();
    let key = secret_file(folder.path(), "key", "any");
    let base = serve(answers).await;
    sealed(
        build("atlassian-org", &format!("base_url: {base}\nkey: {key}\norg: o1\n"))
            .unwrap()
            .look(Depth::Whole, &Watermarks::default())
            .await,
    )
}

#[tokio::test]
async fn a_whole_organisation_is_read_and_nothing_is_missing() {
    let simulator = demo().await;
    let (snapshot, ledger) = collect(&simulator, "").await;
    assert_eq!(gaps(&ledger), [].into(), "{ledger:#?}");
    assert_eq!(ledger.len(), 20);
    assert!(ledger.iter().all(|entry| entry.requests > 0 && entry.unreadable.is_empty()), "{ledger:#?}");
    assert_eq!(entry(&ledger, "accounts").rows_expected, Some(entry(&ledger, "accounts").rows));
    let natives: BTreeSet<&str> = snapshot.resources.iter().map(|resource| resource.id.native()).collect();
    let truth = simulator.truth();
    // Customers of the portal are known to the site alone; keys and strangers of Bitbucket to the workspace; what the
    // firm runs itself to nobody in the cloud.
    let elsewhere = |expect: &str| {
        let beginnings = ["customer-on-agent-seat", "deploy-key-", "ssh-key-", "external-bitbucket-", "dc-", "align-"];
        beginnings.iter().any(|beginning| expect.starts_with(beginning))
    };
    let planted = truth.plants.iter().filter(|plant| ["credential", "principal"].contains(&plant.kind));
    let planted = planted.filter(|plant| !elsewhere(plant.expect));
    let mut checked = 0;
    for plant in planted {
        checked += 1;
        assert!(natives.contains(plant.native[0].as_str()), "{} is not seen", plant.id);
    }
    assert!(checked > 10);
    for kind in [Kind::Principal, Kind::Group, Kind::Credential, Kind::Container, Kind::Grant, Kind::Setting] {
        assert!(of_kind(&snapshot, kind).next().is_some(), "no {}", kind.name());
    }
    assert!(facts(&snapshot, &format!("{}/container/site", simulator.cloud_id()))["parent"].is_string());
    assert_eq!(simulator.destroyed(), []);
}

#[tokio::test]
async fn what_was_planted_in_the_audit_log_and_among_policies_is_told() {
    let simulator = demo().await;
    let (snapshot, _) = collect(&simulator, "").await;
    let truth = simulator.truth();
    let native = |name: &str| {
        let plant = truth.plants.iter().chain(&truth.harmless).find(|plant| plant.id == name);
        plant.unwrap_or_else(|| panic!("{name} is not planted")).native.clone()
    };
    let of = |kind: &str, id: &str| facts(&snapshot, &format!("{}/{kind}/{id}", simulator.org_id()));
    let zapier = of("app", &format!("acting:{}", native("plant-app-acts-for-person")[0]));
    assert_eq!(zapier["acts_for"].as_array().unwrap().len(), 1, "{zapier}");
    assert_eq!(of("app", &format!("acting:{}", native("harmless-app-for-itself")[0]))["acts_for"], json!([]));
    let names: BTreeSet<&str> = of_kind(&snapshot, Kind::App).map(|app| app.name.as_str()).collect();
    assert!(names.contains("Zapier"), "{names:?}");
    let lent = of("credential", &native("plant-token-lent")[0]);
    assert!(lent["last_used_by"].is_string() && lent["last_used_by"] != lent["owner"], "{lent}");
    let machine = facts(&snapshot, &format!("atlassian/principal/{}", native("plant-machine-logs-in")[0]));
    assert!(machine["last_login_at"].is_string(), "{machine}");
    let policy = |name: &str| of("setting", &format!("policy:{}", native(name)[0]));
    assert_eq!(policy("plant-ip-allowlist-disabled")["value"], json!("disabled"));
    assert_eq!(policy("harmless-ip-allowlist-applying")["detail"], json!("ip-allowlist"));
    for account in of_kind(&snapshot, Kind::Principal) {
        let told = facts(&snapshot, account.id.as_str());
        assert!(told["managed"] != json!(true) || told["auth_policy"].is_string(), "{}", account.id);
    }
}

#[tokio::test]
async fn a_smaller_plan_offers_less_and_says_so() {
    let simulator = demo().await;
    let log = ["audit event actions", "audit events", "authentication policies of accounts"];
    for (plan, missing) in [
        (OrgPlan::Free, [&log[..], &["policies"]].concat()),
        (OrgPlan::Standard, log.to_vec()),
        (OrgPlan::GuardStandard, vec![]),
    ] {
        simulator.set_plan(plan);
        let (_, ledger) = collect(&simulator, "").await;
        let expected = missing.into_iter().map(|name| (name, EndpointState::NotOffered)).collect();
        assert_eq!(gaps(&ledger), expected, "{plan:?}");
    }
}

#[tokio::test]
async fn small_pages_show_the_same_organisation() {
    let simulator = demo().await;
    let (whole, _) = collect(&simulator, "").await;
    let (paged, ledger) = collect(&simulator, "page_size: 7\n").await;
    assert!(entry(&ledger, "accounts").pages > 10);
    assert_eq!(gaps(&ledger), [].into());
    assert_eq!(whole.digest, paged.digest);
}

#[tokio::test]
async fn a_refusal_makes_one_gap_and_takes_nothing_else_along() {
    let simulator = demo().await;
    for (fault, endpoint, status, state) in [
        ("api-tokens", "user API tokens", 401, EndpointState::Denied),
        ("api-keys", "organisation API keys", 403, EndpointState::Denied),
        ("domains", "domains", 404, EndpointState::Denied),
        ("policies", "policies", 403, EndpointState::Denied),
        ("auth-policies", "authentication policies of accounts", 404, EndpointState::NotOffered),
        ("events-stream", "audit events", 403, EndpointState::Denied),
        ("managed-accounts", "managed accounts", 410, EndpointState::NotOffered),
        ("group-search", "groups", 403, EndpointState::Denied),
    ] {
        simulator.clear_faults();
        simulator.set_fault(fault, Fault::Status(status));
        let (snapshot, ledger) = collect(&simulator, "").await;
        let found = entry(&ledger, endpoint);
        assert_eq!((found.state, found.rows), (state, 0), "{endpoint}: {}", found.reason);
        assert!(found.reason.contains(&status.to_string()), "{}", found.reason);
        assert!(found.statuses.contains_key(&status));
        let leaning = ["role assignments of administrators and token owners", "role assignments of groups"];
        let others = gaps(&ledger).into_keys().filter(|name| *name != endpoint && !leaning.contains(name));
        assert_eq!(others.count(), 0, "{:?}", gaps(&ledger));
        assert!(of_kind(&snapshot, Kind::Principal).next().is_some());
    }
}

#[tokio::test]
async fn a_refused_listing_of_keys_says_what_became_of_the_scope() {
    let simulator = demo().await;
    simulator.set_fault("api-keys", Fault::Status(403));
    let (_, ledger) = collect(&simulator, "").await;
    let reason = &entry(&ledger, "organisation API keys").reason;
    assert!(reason.contains("create a new key with `read:keys:admin`"), "{reason}");
}

#[tokio::test]
async fn role_assignments_are_not_called_whole_when_what_they_lean_on_is_not() {
    let simulator = demo().await;
    simulator.set_fault("user-search", Fault::Status(403));
    simulator.set_fault("group-search", Fault::Status(500));
    let (_, ledger) = collect(&simulator, "").await;
    for endpoint in ["role assignments of administrators and token owners", "role assignments of groups"] {
        assert_eq!(entry(&ledger, endpoint).state, EndpointState::Failed);
    }
    let reason = &entry(&ledger, "role assignments of other accounts").reason;
    assert_eq!(reason, "needs accounts, which is denied");
}

#[tokio::test]
async fn counts_that_do_not_match_the_rows_make_the_listing_partial() {
    let simulator = demo().await;
    for (fault, endpoint) in
        [("user-search", "accounts"), ("api-tokens", "user API tokens"), ("api-keys", "organisation API keys")]
    {
        simulator.clear_faults();
        simulator.set_fault(fault, Fault::DropRows(1));
        let (_, ledger) = collect(&simulator, "").await;
        let found = entry(&ledger, endpoint);
        assert_eq!(found.state, EndpointState::Partial, "{endpoint}");
        assert!(found.rows_expected.unwrap() > found.rows, "{found:?}");
        assert!(found.reason.contains("the server counts"), "{}", found.reason);
    }
}

#[tokio::test]
async fn a_listing_that_breaks_off_is_partial_and_keeps_what_came() {
    let simulator = demo().await;
    for fault in [
        Fault::CutConnection,
        Fault::TruncatedBody,
        Fault::LoginPage,
        Fault::RepeatedCursor,
        Fault::ThrottleForever { retry_after: Some(std::time::Duration::ZERO) },
    ] {
        let told = format!("{fault:?}");
        let page = if matches!(fault, Fault::RepeatedCursor) { 1 } else { 2 };
        simulator.set_fault("user-search", Fault::OnPage(page, Box::new(fault)));
        let (snapshot, ledger) = collect(&simulator, "page_size: 50\n").await;
        let found = entry(&ledger, "accounts");
        assert_eq!(found.state, EndpointState::Partial, "{told}: {}", found.reason);
        assert!(!found.reason.is_empty() && found.rows >= 50, "{told}: {found:?}");
        assert!(of_kind(&snapshot, Kind::Principal).count() >= 50);
    }
}

#[tokio::test]
async fn throttling_from_the_first_request_on_is_a_failure_and_a_short_one_is_none() {
    let simulator = demo().await;
    let retry_after = Some(std::time::Duration::ZERO);
    simulator.set_fault("api-tokens", Fault::ThrottleForever { retry_after });
    simulator.set_fault("domains", Fault::Throttle { times: 1, retry_after });
    let (_, ledger) = collect(&simulator, "").await;
    let tokens = entry(&ledger, "user API tokens");
    assert_eq!(tokens.state, EndpointState::Failed);
    assert!(tokens.reason.contains("throttled"), "{}", tokens.reason);
    let domains = entry(&ledger, "domains");
    assert_eq!((domains.state, domains.retries), (EndpointState::Complete, 1));
}

#[tokio::test]
async fn a_row_without_a_usable_id_is_missed_and_the_rest_is_kept() {
    let simulator = demo().await;
    simulator.set_fault("api-tokens", Fault::WrongType);
    let (_, ledger) = collect(&simulator, "").await;
    let tokens = entry(&ledger, "user API tokens");
    assert_eq!(tokens.state, EndpointState::Partial);
    assert_eq!(tokens.rows_expected, Some(tokens.rows));
    assert_eq!(tokens.reason, "1 row could not be read");
    assert_eq!(tokens.unreadable, ["`?`: id"]);
}

#[tokio::test]
async fn large_pages_that_upset_the_server_give_way_to_small_ones() {
    let simulator = demo().await;
    simulator.set_fault("api-tokens", Fault::ServerError { times: 2 });
    let (_, ledger) = collect(&simulator, "").await;
    let tokens = entry(&ledger, "user API tokens");
    assert_eq!(tokens.state, EndpointState::Complete, "{}", tokens.reason);
    assert_eq!(tokens.statuses[&500], 2);
}

#[tokio::test]
async fn service_accounts_come_from_the_console_if_there_is_a_key_for_it_and_are_never_none() {
    let simulator = demo().await;
    simulator.set_fault("service-accounts", Fault::NoRoute);
    let (_, ledger) = collect(&simulator, "").await;
    let found = entry(&ledger, "service accounts");
    assert_eq!((found.state, found.rows), (EndpointState::NotOffered, 0));

    let folder = tempfile::tempdir().unwrap();
    let unscoped = secret_file(folder.path(), "unscoped", simulator.unscoped_org_key());
    let (_, ledger) = collect(&simulator, &format!("unscoped_key: {unscoped}\n")).await;
    let found = entry(&ledger, "service accounts");
    assert_eq!(found.state, EndpointState::Complete, "{}", found.reason);
    assert!(found.rows > 0);
}

#[tokio::test]
async fn without_the_organisations_id_every_endpoint_says_why_it_failed() {
    let simulator = demo().await;
    simulator.set_fault("orgs", Fault::Status(403));
    let (snapshot, ledger) = collect(&simulator, "").await;
    assert_eq!(snapshot.resources.len(), 0);
    assert_eq!(entry(&ledger, "organisation").state, EndpointState::Denied);
    for each in ledger.iter().filter(|entry| &*entry.endpoint != "organisation") {
        assert_eq!((each.state, each.requests), (EndpointState::Failed, 0), "{}", each.endpoint);
        assert!(each.reason.contains("403"), "{}", each.reason);
    }
    let (_, ledger) = collect(&simulator, &format!("org: {}\n", simulator.org_id())).await;
    assert_eq!(gaps(&ledger), [("organisation", EndpointState::Denied)].into());
}

#[tokio::test]
async fn other_accounts_are_left_out_honestly_when_they_are_too_many() {
    let simulator = demo().await;
    let (snapshot, ledger) = collect(&simulator, "role_assignments_up_to: 100\n").await;
    let unsure = of_kind(&snapshot, Kind::Grant).filter(|grant| grant.seen_by.len() == 2).count();
    assert!(unsure > 0, "a token owner without a token is one of the others, whose grants are not gone");
    let others = entry(&ledger, "role assignments of other accounts");
    assert_eq!((others.state, others.requests), (EndpointState::Skipped, 0));
    assert!(others.reason.contains("given to them one by one"), "{}", others.reason);
    assert_eq!(gaps(&ledger).len(), 1, "{:?}", gaps(&ledger));
}

#[tokio::test]
async fn a_skipped_endpoint_is_not_asked() {
    let simulator = demo().await;
    let (_, ledger) = collect(&simulator, "skip: [domains, groups]\n").await;
    let expected = ["domains", "groups", "role assignments of groups"].map(|name| (name, EndpointState::Skipped));
    assert_eq!(gaps(&ledger), expected.into());
    assert!(simulator.requests().iter().all(|(_, path)| !path.contains("domains") && !path.contains("groups")));
}

#[tokio::test]
async fn a_probe_asks_every_endpoint_once_and_finds_the_same_refusals() {
    let simulator = demo().await;
    simulator.set_fault("workspaces", Fault::Status(403));
    let ledger = source(&simulator, "page_size: 7\n").probe().await;
    assert_eq!(ledger.len(), 20);
    assert_eq!(gaps(&ledger), [("products", EndpointState::Denied)].into());
    let most = ledger.iter().map(|entry| entry.requests).max().unwrap();
    assert!(most <= 2, "{ledger:#?}");
}

#[tokio::test]
async fn every_fact_of_a_hand_written_organisation_is_told_as_it_was() {
    let none = || json!({"data": [], "links": {}});
    let snapshot = collect_from(vec![
        ("GET /admin/v1/orgs", json!({"data": [{"id": "o1", "attributes": {"name": "Acme"}}], "links": {}})),
        ("GET /admin/v2/orgs/o1/directories", none()),
        (
            "POST /admin/v2/orgs/o1/directories/-/users/search",
            json!({"data": [{
                "accountId": "712020:a", "accountType": "atlassian", "status": "active", "claimStatus": "managed",
                "addedToOrg": "2024-05-02T07:11:00Z", "name": "Ada", "email": "ada@acme.example", "mfaEnabled": true,
                "managementSource": null, "platformRoles": ["atlassian/org-admin"],
                "productAccess": [{"key": "jira", "id": "ari:1", "lastActiveTimestamp": "2026-09-30T08:00:00Z"}],
                "groups": [{"id": "g-2"}, {"id": "g-1"}], "deactivatedOn": null}],
                "links": {"next": null}}),
        ),
        (
            "GET /admin/v1/orgs/o1/users",
            json!({"data": [{"account_id": "712020:a", "account_type": "atlassian", "account_status": "active",
                "access_billable": true}], "meta": {"total": 1}, "links": {}}),
        ),
        ("POST /admin/v2/orgs/o1/directories/-/groups/search", none()),
        (
            "GET /admin/v2/orgs/o1/directories/-/users/712020:a/role-assignments",
            json!({"data": [
                {"resourceId": "ari:cloud:platform::org/o1", "roles": ["atlassian/org-admin"],
                 "roleAssignments": [{"role": "atlassian/org-admin", "roleAssignmentMethods": ["direct"]}]},
                {"resourceId": "ari:cloud:confluence::site/11f1", "roles": ["atlassian/user"]}],
                "links": {"next": null}}),
        ),
        (
            "POST /admin/v2/orgs/o1/workspaces",
            json!({"data": [{"id": "ari:cloud:jira-software::site/11f1", "attributes": {"name": "acme",
                "typeKey": "jira-software", "status": "online", "sandbox": {"type": "CHILD"}, "usage": 120,
                "capacity": 200, "hostUrl": "https://acme.atlassian.net"}}],
                "links": {"next": null}, "meta": {"total": 1}}),
        ),
        (
            "GET /admin/api-access/v1/orgs/o1/api-tokens",
            json!({"data": [
                {"id": "t1", "label": "jenkins", "status": "ALLOWED", "createdAt": "2026-01-12T09:00:00Z",
                 "user": {"id": "712020:gone"}},
                {"id": "t2", "status": "BLOCKED", "expiresAt": 7, "scopes": ["b", "a"]}], "links": {"next": null}}),
        ),
        ("GET /admin/api-access/v1/orgs/o1/api-tokens/count", json!(2)),
        ("GET /admin/api-access/v1/orgs/o1/api-keys", none()),
        (
            "GET /admin/api-access/v1/orgs/o1/service-accounts",
            json!({"items": [{"atlassianId": "712020:sa", "id": "0c9d", "displayName": "build-bot",
                "status": "ACTIVE", "createdById": "712020:a", "description": "CI"}], "total": 1, "links": {}}),
        ),
        (
            "GET /admin/api-access/v1/orgs/o1/service-accounts/api-tokens",
            json!([{"id": "st1", "label": "ci", "serviceAccountId": "0c9d", "lastAccess": null}]),
        ),
        ("GET /admin/api-access/v1/orgs/o1/service-accounts/oauth-clients", none()),
        (
            "GET /admin/api-access/v1/orgs/o1/oauth-clients",
            json!({"data": [{"clientId": "c1", "name": "etl", "createdAt": 1_763_149_545_609_i64, "status": "ACTIVE",
                "clientSecret": "never-kept"}], "links": {"next": null}}),
        ),
        (
            "GET /admin/v1/orgs/o1/domains",
            json!({"data": [{"id": "1", "attributes": {"name": "acme.example",
                "claim": {"type": "dns", "status": "missing_token"}}}], "links": {}}),
        ),
        (
            "POST /admin/control/v1/orgs/o1/users/auth-policies/bulk-fetch",
            json!([{"email": "ADA@acme.example", "policy": {"id": "p-1", "name": "Everybody"}}]),
        ),
        (
            "GET /admin/v1/orgs/o1/policies",
            json!({"data": [{"id": "p1", "type": "policies", "attributes": {"type": "ip-allowlist", "name": "HQ",
                "status": "ENABLED", "resources": []}}], "meta": {"next": null, "page_size": 25}, "links": {}}),
        ),
        (
            "GET /admin/v1/orgs/o1/event-actions",
            json!({"data": [{"id": "user_login", "attributes": {"displayName": "Logged in"}}]}),
        ),
        ("GET /admin/v1/orgs/o1/events-stream", json!({"data": [], "meta": {"next": "c1"}, "links": {}})),
    ])
    .await;
    let unread: Vec<&str> = snapshot.ledger.iter().filter(|e| e.is_gap()).map(|e| e.reason.as_str()).collect();
    assert_eq!(unread, Vec::<&str>::new());
    assert_eq!(entry(&snapshot.ledger, "user API tokens").rows_expected, Some(2));
    for (id, expected) in [
        (
            "atlassian/principal/712020:a",
            json!({"account_type": "person", "status": "active", "email": "ada@acme.example", "managed": true,
                "mfa": true, "platform_roles": ["atlassian/org-admin"], "billable": true,
                "groups": ["atlassian/group/g-1", "atlassian/group/g-2"], "deactivated_at": null,
                "activity": [{"product": "jira", "site": "ari:1", "last_active_at": "2026-09-30T08:00:00Z"}],
                "added_at": "2024-05-02T07:11:00Z", "auth_policy": "Everybody"}),
        ),
        (
            "o1/credential/t1",
            json!({"form": "api-token", "owner": "atlassian/principal/712020:gone", "status": "active",
                "created_at": "2026-01-12T09:00:00Z", "expires_at": null, "last_used_at": null}),
        ),
        (
            "o1/credential/t2",
            json!({"form": "api-token", "status": "blocked", "expires_at": "1970-01-01T00:00:07Z",
                "last_used_at": null, "scopes": ["a", "b"]}),
        ),
        (
            "o1/credential/st1",
            json!({"form": "api-token", "owner": "atlassian/principal/712020:sa", "last_used_at": null}),
        ),
        (
            "o1/credential/c1",
            json!({"form": "oauth-client", "status": "active", "created_at": "2025-11-14T19:45:45.609Z"}),
        ),
        (
            "atlassian/principal/712020:sa",
            json!({"account_type": "service-account", "status": "active", "description": "CI",
                "created_by": "atlassian/principal/712020:a"}),
        ),
        (
            "o1/container/product:ari:cloud:jira-software::site/11f1",
            json!({"form": "product", "parent": "o1/container/organisation", "key": "jira-software",
                "url": "https://acme.atlassian.net", "status": "online", "seats_used": 120, "seats_total": 200,
                "sandbox": true}),
        ),
        (
            "11f1/container/site",
            json!({"form": "site", "parent": "o1/container/organisation", "url": "https://acme.atlassian.net"}),
        ),
        (
            "o1/grant/platform-role:ari:cloud:platform::org/o1/atlassian/org-admin/712020:a",
            json!({"form": "platform-role", "role": "atlassian/org-admin", "holder": "principal", "via": ["direct"],
                "principal": "atlassian/principal/712020:a", "container": "o1/container/organisation"}),
        ),
        (
            "o1/grant/platform-role:ari:cloud:confluence::site/11f1/atlassian/user/712020:a",
            json!({"form": "platform-role", "role": "atlassian/user", "holder": "principal",
                "principal": "atlassian/principal/712020:a",
                "container": "o1/container/product:ari:cloud:confluence::site/11f1"}),
        ),
        ("o1/setting/domain:acme.example", json!({"key": "domain", "value": "missing-token", "detail": "dns"})),
        ("o1/setting/policy:p1", json!({"key": "policy", "value": "enabled", "detail": "ip-allowlist"})),
    ] {
        assert_eq!(facts(&snapshot, id), expected, "{id}");
    }
}
