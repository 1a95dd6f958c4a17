//! `confluence-dc`, against answers written from the description of its API.

use keyroll::model::{EndpointState, Kind, LedgerEntry, Snapshot, Watermarks};
use keyroll::sources::Depth;
use serde_json::{Value, json};

use super::bitbucket_dc::shared_parts;
use super::canned::Product;
use super::{entry, facts, gaps, of_kind, sealed};

const API: &str = "/rest/api";
const DEEP: &str = "mode: deep\n";
const ADA: &str = "4028d6768851c8900188556ba6000001";
const BOB: &str = "4028d6768851c8900188556ba6000002";
const GONE: &str = "4028d6768851c8900188556ba6000003";

fn listing(rows: Value) -> Value {
    let size = rows.as_array().unwrap().len();
    json!({"results": rows, "start": 0, "limit": 200, "size": size,
        "_links": {"base": "https://wiki.example.com/ctx", "context": "/ctx", "self": "x"}})
}

fn user(key: &str, name: &str, status: &str) -> Value {
    json!({"type": "known", "username": name, "userKey": key, "displayName": name.to_uppercase(), "status": status,
        "profilePicture": {"path": "/x"}, "_expandable": {}, "_links": {"self": "x"}})
}

fn group(name: &str) -> Value {
    json!({"type": "group", "name": name, "_links": {"self": "x"}})
}

fn granted(target: &str, key: &str, subject: Value) -> Value {
    json!({"operation": {"targetType": target, "operationKey": key}, "subject": subject})
}

fn to_group(name: &str) -> Value {
    json!({"type": "group", "displayName": name})
}

/// Two spaces, one of them a person's and archived; a group inside the administrators' one.
fn wiki() -> Product {
    let mut wiki = Product::default();
    let anonymous = json!({"type": "anonymous", "displayName": "Anonymous", "profilePicture": {}});
    wiki.put(&format!("{API}/user/current"), &user(ADA, "ada", "current"));
    wiki.put(&format!("{API}/server-information"), &json!({"baseUrl": "x", "version": "10.2.14", "buildNumber": 1}));
    wiki.put(
        "/rest/license/1.0/license/details",
        &json!({"expiryDate": 1_798_675_200_000_i64, "maximumNumberOfUsers": 500, "dataCenter": true,
            "rawLicense": "planted-licence-key", "supportEntitlementNumber": "planted-sen"}),
    );
    wiki.put("/rest/license/1.0/license/maxUsers", &json!({"count": 500}));
    wiki.put("/rest/license/1.0/license/userCount", &json!(431));
    wiki.put(
        &format!("{API}/group"),
        &listing(json!([group("confluence-administrators"), group("ops"), group("confluence-users"), group("a/b")])),
    );
    for (name, members) in [
        ("confluence-administrators", json!([user(ADA, "ada", "current")])),
        ("ops", json!([user(BOB, "bob", "current")])),
        ("confluence-users", json!([user(ADA, "ada", "current"), user(BOB, "bob", "current")])),
    ] {
        wiki.put(&format!("{API}/group/{name}/member"), &listing(members));
        wiki.put(&format!("{API}/group/{name}/groupparent"), &listing(json!([])));
    }
    wiki.put(&format!("{API}/group/member?groupName=a/b"), &listing(json!([])));
    wiki.put(&format!("{API}/group/groupparent?groupName=a/b"), &listing(json!([group("confluence-users")])));
    wiki.put(&format!("{API}/group/ops/groupparent"), &listing(json!([group("confluence-administrators")])));
    let mut gone = user(GONE, "gone", "deactivated");
    gone["status"] = json!({"value": "deactivated"});
    wiki.put(
        &format!("{API}/user/list"),
        &listing(json!([user(ADA, "ada", "current"), user(BOB, "bob", "current"), gone])),
    );
    wiki.put(
        &format!("{API}/admin/users/list/active"),
        &listing(json!([user(ADA, "ada", "current"), user(BOB, "bob", "current")])),
    );
    wiki.put(
        &format!("{API}/permissions"),
        &json!([
            granted("application", "administer", to_group("confluence-administrators")),
            granted("system", "administer", to_group("confluence-administrators")),
            granted("application", "use", to_group("confluence-users")),
            granted("application", "administer", user(BOB, "bob", "current")),
            granted("application", "use", anonymous.clone())
        ]),
    );
    wiki.put(&format!("{API}/permissions/anonymous"), &json!([granted("application", "use", Value::Null)]));
    wiki.put(&format!("{API}/permissions/unlicensed"), &json!([granted("application", "use", Value::Null)]));
    let eng = json!({"id": 98305, "key": "ENG", "name": "Engineering", "type": "global", "status": "current",
        "creationDate": "2024-01-01T00:00:00Z", "_links": {"webui": "/display/ENG"}});
    let own = json!({"id": 98306, "key": "~Gone", "name": "Gone", "type": "personal", "status": "archived"});
    wiki.put(&format!("{API}/space?status=current"), &listing(json!([eng])));
    wiki.put(&format!("{API}/space?status=archived"), &listing(json!([own])));
    wiki.put(&format!("{API}/instance-metrics"), &json!({"pages": 9, "spaces": 2, "users": 3}));
    wiki.put(
        &format!("{API}/space/ENG/permissions"),
        &json!([
            granted("space", "read", anonymous),
            granted("space", "administer", to_group("ops")),
            granted("page", "create", user(BOB, "bob", "current"))
        ]),
    );
    wiki.put(&format!("{API}/space/~Gone/permissions"), &json!([]));
    wiki.put(
        &format!("{API}/webhooks"),
        &listing(json!([{"id": 3, "name": "search", "url": "https://ada:planted-password@hooks.example.com/x",
            "active": true, "events": ["page_created"], "configuration": {"secret": "planted-secret"},
            "sslVerificationRequired": true, "credentials": {"username": "ada", "password": "planted-password"}}])),
    );
    wiki.put(&format!("{API}/cluster/nodes"), &listing(json!([{"nodeId": 1, "props": {}}, {"nodeId": 2}])));
    let token = |id: u32, key: &str, expiry: &str| {
        json!({"id": id, "name": format!("token {id}"), "createdAt": "2024-03-02T09:14:07.000+00:00",
            "lastAccessedAt": null, "expiringAt": expiry, "rawToken": "planted-raw-token",
            "userProfileResource": {"userKey": key, "username": "x", "email": "x@example.com"}})
    };
    let mut orphan = token(43, GONE, "2027-01-01T00:00:00.000+00:00");
    orphan.as_object_mut().unwrap().remove("userProfileResource");
    wiki.put(
        "/rest/pat/latest/tokens/search",
        &json!({"values": [token(41, ADA, "9999-12-31T00:00:00.000+00:00"),
            token(42, BOB, "2026-11-01T00:00:00.000+00:00"), orphan]}),
    );
    let mut own = token(41, ADA, "9999-12-31T00:00:00.000+00:00");
    own.as_object_mut().unwrap().remove("userProfileResource");
    wiki.put("/rest/pat/latest/tokens", &json!([own]));
    shared_parts(&mut wiki);
    wiki
}

fn found<'a>(snapshot: &'a Snapshot, endpoint: &str) -> &'a LedgerEntry {
    entry(&snapshot.ledger, endpoint)
}

fn has(snapshot: &Snapshot, id: &str) -> bool {
    snapshot.resources.iter().any(|resource| resource.id.as_str() == id)
}

fn id(rest: &str) -> String {
    format!("acme-confluence-dc/{rest}")
}

async fn deep(wiki: &Product) -> Snapshot {
    wiki.seen("confluence-dc", DEEP).await
}

#[tokio::test]
async fn a_product_is_seen_whole() {
    let wiki = wiki();
    let snapshot = deep(&wiki).await;
    assert_eq!(gaps(&snapshot.ledger), [].into(), "{:?}", snapshot.ledger.iter().map(|each| &each.reason));
    let [ada, bob, gone] = [ADA, BOB, GONE].map(|key| id(&format!("principal/{key}")));
    let ops_and_users = json!([id("group/confluence-users"), id("group/ops")]);
    for (resource, expected) in [
        (
            format!("principal/{BOB}"),
            json!({"account_type": "person", "status": "active", "username": "bob", "managed": true, "mfa": null,
            "platform_roles": ["confluence/administer"], "groups": ops_and_users, "workspace_groups": null,
            "activity": null, "added_at": null, "deactivated_at": null, "billable": null, "management_source": null,
            "created_by": null, "description": null, "auth_policy": null,
            "standings": [{"product": "confluence", "source": "acme", "active": true, "shows_email": null}]}),
        ),
        (
            "group/ops".to_owned(),
            json!({"member_count": 1, "jira_access": null, "confluence_access": null, "administers": true,
            "inside": [id("group/confluence-administrators")], "members_told": true}),
        ),
        (
            "group/confluence-users".to_owned(),
            json!({"member_count": 2, "jira_access": null, "confluence_access": null, "administers": false,
            "inside": [], "members_told": true}),
        ),
        (
            "container/application:confluence".to_owned(),
            json!({"form": "application", "parent": id("container/instance"), "key": "confluence", "seats_used": 431,
            "seats_total": 500, "licence_groups": [id("group/confluence-users")], "default_groups": null,
            "expires_at": "2026-12-31T00:00:00Z"}),
        ),
        (
            "container/space:98306".to_owned(),
            json!({"form": "space", "parent": id("container/instance"), "key": "~Gone", "status": "archived",
            "category": "personal", "owner": gone}),
        ),
        (
            "grant/global/application-use/anyone".to_owned(),
            json!({"form": "global-permission", "role": "application use", "holder": "anyone",
            "container": id("container/instance")}),
        ),
        (
            "grant/global/application-use/unlicensed".to_owned(),
            json!({"form": "global-permission", "role": "application use", "holder": "logged-in",
            "holder_detail": "unlicensed", "container": id("container/instance")}),
        ),
        (
            "grant/global/system-administer/group:confluence-administrators".to_owned(),
            json!({"form": "global-permission", "role": "system administer", "holder": "group",
            "group": id("group/confluence-administrators"), "container": id("container/instance")}),
        ),
        (
            "grant/space:98305/read-space/anyone".to_owned(),
            json!({"form": "space-permission", "role": "read space", "holder": "anyone", "permits": ["read space"],
            "container": id("container/space:98305")}),
        ),
        (
            format!("grant/space:98305/create-page/user:{BOB}"),
            json!({"form": "space-permission", "role": "create page", "holder": "principal", "principal": bob,
            "permits": ["create page"], "container": id("container/space:98305")}),
        ),
        (
            "webhook/3".to_owned(),
            json!({"container": id("container/instance"), "address": "https://hooks.example.com", "secret_in_url": true,
            "signed": true, "verifies_certificate": true, "enabled": true, "events": ["page_created"]}),
        ),
        (
            "setting/cluster".to_owned(),
            json!({"key": "cluster", "detail": "2 nodes", "container": id("container/instance")}),
        ),
    ] {
        assert_eq!(facts(&snapshot, &id(&resource)), expected, "{resource}");
    }
    let ada_now = facts(&snapshot, &ada);
    assert!(ada_now["platform_roles"].is_null() && ada_now.get("last_login_at").is_none(), "{ada_now}");
    assert_eq!(facts(&snapshot, &gone)["status"], "deactivated");
    let instance = facts(&snapshot, &id("container/instance"));
    assert_eq!((&instance["version"], &instance["plan"]), (&json!("10.2.14"), &json!("data-center")));
    let space = facts(&snapshot, &id("container/space:98305"));
    assert!(space["url"].as_str().unwrap().ends_with("/ctx/display/ENG"), "{space}");
    let [eternal, expired, orphan] =
        [41, 42, 43].map(|number| facts(&snapshot, &id(&format!("credential/personal-access-token:{number}"))));
    assert_eq!((&eternal["expires_at"], &eternal["owner"]), (&Value::Null, &json!(ada)));
    assert_eq!(expired["status"], "expired");
    assert!(orphan["owner"].is_null() && orphan.get("owner").is_some(), "an orphan: {orphan}");
    assert_eq!(facts(&snapshot, &id("setting/basic-auth"))["value"], "allowed");
    assert!(!format!("{snapshot:?}").contains("planted"));
}

#[tokio::test]
async fn in_standard_mode_the_tokens_of_others_are_a_gap_with_its_right() {
    let snapshot = wiki().seen("confluence-dc", "").await;
    let left_out: Vec<&str> = gaps(&snapshot.ledger).into_keys().collect();
    assert_eq!(left_out, ["OAuth 2.0 clients", "personal access tokens"]);
    let tokens = found(&snapshot, "personal access tokens");
    assert!(tokens.state == EndpointState::Skipped && tokens.right == "system administrator", "{}", tokens.reason);
    assert!(has(&snapshot, &id("credential/personal-access-token:41")), "the own token is there");
}

#[tokio::test]
async fn pages_are_followed_by_their_links_and_a_count_that_does_not_agree_is_told() {
    let mut wiki = wiki();
    let path = format!("{API}/user/list");
    let first = json!({"results": [user(ADA, "ada", "current")], "start": 0, "limit": 1, "size": 1, "totalCount": 2,
        "_links": {"next": "/rest/api/user/list?limit=1&start=1", "base": "https://evil.example.com", "context": "/ctx"}});
    wiki.put(&path, &first);
    let second = json!({"results": [user(BOB, "bob", "current")], "start": 1, "limit": 1, "size": 1, "totalCount": 2,
        "_links": {"self": "x"}});
    wiki.put(&format!("{path}?start=1"), &second);
    let snapshot = deep(&wiki).await;
    let accounts = found(&snapshot, "accounts");
    assert_eq!((accounts.state, accounts.pages), (EndpointState::Complete, 2), "{}", accounts.reason);
    for (key, count, said) in [("totalCount", 9, "counts 9"), ("size", 4, "could not be read")] {
        let mut odd = second.clone();
        odd[key] = json!(count);
        wiki.put(&format!("{path}?start=1"), &odd);
        let snapshot = deep(&wiki).await;
        let accounts = found(&snapshot, "accounts");
        assert!(accounts.state == EndpointState::Partial && accounts.reason.contains(said), "{}", accounts.reason);
    }
}

#[tokio::test]
async fn a_version_that_cannot_list_its_accounts_shows_those_in_groups_and_says_so() {
    let mut wiki = wiki();
    wiki.remove(&format!("{API}/user/list"));
    wiki.remove(&format!("{API}/admin/users/list/active"));
    let snapshot = deep(&wiki).await;
    let accounts = found(&snapshot, "accounts");
    assert_eq!(accounts.state, EndpointState::Partial);
    assert!(accounts.reason.contains("only members of groups"), "{}", accounts.reason);
    assert_eq!(found(&snapshot, "licensed accounts").state, EndpointState::NotOffered);
    assert_eq!(of_kind(&snapshot, Kind::Principal).count(), 2);
    let bob = facts(&snapshot, &id(&format!("principal/{BOB}")));
    assert_eq!(bob["groups"].as_array().unwrap().len(), 2);
    for (status, state) in [(404, EndpointState::Partial), (403, EndpointState::Denied), (500, EndpointState::Failed)] {
        wiki.refuse(&format!("{API}/user/list"), status, &json!({"statusCode": status, "message": "null for uri: x"}));
        assert_eq!(found(&deep(&wiki).await, "accounts").state, state, "{status}");
    }
    let space = facts(&snapshot, &id("container/space:98306"));
    assert!(space.get("owner").is_none(), "{space}");
}

#[tokio::test]
async fn a_licensed_account_is_active_where_the_listing_says_nothing() {
    let mut wiki = wiki();
    let silent = |key: &str, name: &str| {
        let mut user = user(key, name, "");
        user.as_object_mut().unwrap().remove("status");
        user
    };
    let all = json!([silent(ADA, "ada"), silent(BOB, "bob"), silent(GONE, "gone")]);
    wiki.put(&format!("{API}/user/list"), &listing(all));
    for (name, members) in [
        ("confluence-administrators", json!([silent(ADA, "ada")])),
        ("ops", json!([])),
        ("confluence-users", json!([])),
    ] {
        wiki.put(&format!("{API}/group/{name}/member"), &listing(members));
    }
    wiki.put(&format!("{API}/user/current"), &silent(ADA, "ada"));
    wiki.put(&format!("{API}/admin/users/list/active"), &listing(json!([silent(BOB, "bob")])));
    let snapshot = deep(&wiki).await;
    let [ada, bob] = [ADA, BOB].map(|key| facts(&snapshot, &id(&format!("principal/{key}"))));
    assert!(ada.get("status").is_none(), "without a seat it may be active or not: {ada}");
    assert_eq!((&bob["status"], &bob["standings"][0]["active"]), (&json!("active"), &json!(true)));
}

#[tokio::test]
async fn a_token_that_is_not_accepted_stops_everything() {
    let mut wiki = wiki();
    wiki.refuse(&format!("{API}/user/current"), 401, &json!({"message": "no"}));
    let snapshot = deep(&wiki).await;
    assert!(snapshot.resources.is_empty() && wiki.asked("GET") == 1 && wiki.asked("POST") == 0);
    assert!(found(&snapshot, "own account").reason.contains("personal access token"));
    assert!(found(&snapshot, "spaces").reason.contains("credential was not accepted"));
    wiki.put(&format!("{API}/user/current"), &json!({"type": "anonymous", "displayName": "Anonymous"}));
    let snapshot = deep(&wiki).await;
    let own = found(&snapshot, "own account");
    assert!(own.is_gap() && own.reason.contains("does not know the credential"), "{}", own.reason);
}

#[tokio::test]
async fn each_refusal_is_told_in_its_own_entry() {
    for (path, endpoint, part) in [
        (format!("{API}/group"), "groups", false),
        (format!("{API}/group/ops/member"), "members of groups", true),
        (format!("{API}/group/ops/groupparent"), "groups inside groups", true),
        (format!("{API}/admin/users/list/active"), "licensed accounts", false),
        (format!("{API}/permissions"), "global permissions", true),
        (format!("{API}/permissions/anonymous"), "global permissions", true),
        (format!("{API}/space?status=archived"), "spaces", true),
        (format!("{API}/space/ENG/permissions"), "space permissions", true),
        (format!("{API}/webhooks"), "webhooks", false),
        ("/rest/license/1.0/license/userCount".to_owned(), "licence", true),
        ("/rest/pat/latest/tokens/search".to_owned(), "personal access tokens", false),
    ] {
        for (status, state) in
            [(403, EndpointState::Denied), (404, EndpointState::Denied), (500, EndpointState::Failed)]
        {
            let mut wiki = wiki();
            wiki.refuse(&path, status, &json!({"statusCode": status, "message": "not for you"}));
            let snapshot = deep(&wiki).await;
            let entry = found(&snapshot, endpoint);
            let expected = if part { EndpointState::Partial } else { state };
            assert_eq!(entry.state, expected, "{endpoint} with {status}: {}", entry.reason);
            assert!(entry.reason.contains("not for you"), "{endpoint} with {status}: {}", entry.reason);
        }
    }
}

#[tokio::test]
async fn a_dead_link_is_a_version_that_has_no_such_thing() {
    let mut wiki = wiki();
    for question in ["server-information", "webhooks", "permissions", "permissions/anonymous", "permissions/unlicensed"]
    {
        wiki.remove(&format!("{API}/{question}"));
    }
    for rest in ["details", "maxUsers", "userCount"] {
        wiki.remove(&format!("/rest/license/1.0/license/{rest}"));
    }
    let snapshot = deep(&wiki).await;
    for endpoint in ["instance", "webhooks", "global permissions", "licence"] {
        let entry = found(&snapshot, endpoint);
        assert_eq!(entry.state, EndpointState::NotOffered, "{endpoint}: {}", entry.reason);
    }
    assert!(facts(&snapshot, &id("group/confluence-users")).get("administers").is_none(), "nobody told");
    assert!(!has(&snapshot, &id("container/application:confluence")));
    wiki.put("/rest/applinks/1.0/manifest", &json!({"typeId": "confluence", "version": "7.19.1"}));
    let snapshot = deep(&wiki).await;
    assert_eq!(found(&snapshot, "instance").state, EndpointState::Complete);
    assert_eq!(facts(&snapshot, &id("container/instance"))["version"], "7.19.1");
}

#[tokio::test]
async fn spaces_that_the_account_may_not_view_are_counted() {
    let mut wiki = wiki();
    wiki.put(&format!("{API}/instance-metrics"), &json!({"pages": 9, "spaces": 7, "users": 3}));
    let snapshot = deep(&wiki).await;
    let spaces = found(&snapshot, "spaces");
    assert!(spaces.state == EndpointState::Partial && spaces.reason.contains("2 of 7 spaces"), "{}", spaces.reason);
    assert_eq!(found(&snapshot, "space permissions").state, EndpointState::Partial);
    wiki.remove(&format!("{API}/instance-metrics"));
    let snapshot = deep(&wiki).await;
    assert!(found(&snapshot, "spaces").reason.contains("does not tell how many"));
    assert!(found(&snapshot, "spaces").visible_only);
}

/// Somebody holds it, so that nothing may be concluded from nobody having been read.
#[tokio::test]
async fn a_holder_who_cannot_be_read_is_not_nobody() {
    let odd = || json!({"unexpected": true});
    let mut wiki = wiki();
    let administers = granted("application", "administer", to_group("confluence-administrators"));
    wiki.put(&format!("{API}/permissions"), &json!([administers, granted("application", "use", odd())]));
    wiki.put(&format!("{API}/space/ENG/permissions"), &json!([granted("space", "read", odd())]));
    wiki.put(&format!("{API}/space/ENG/permissions/anonymous"), &json!([]));
    let snapshot = deep(&wiki).await;
    for endpoint in ["global permissions", "space permissions"] {
        let entry = found(&snapshot, endpoint);
        assert_eq!(entry.state, EndpointState::Partial, "{endpoint}: {}", entry.reason);
        assert!(entry.reason.contains("1 row could not be read"), "{endpoint}: {}", entry.reason);
    }
    assert!(!has(&snapshot, &id("grant/space:98305/read-space/nobody")));
    // Nor is nobody whom the two other listings do not know.
    wiki.put(&format!("{API}/permissions"), &json!([administers, granted("system", "administer", Value::Null)]));
    let snapshot = deep(&wiki).await;
    let entry = found(&snapshot, "global permissions");
    assert!(entry.state == EndpointState::Partial && entry.reason.contains("name nobody"), "{}", entry.reason);
}

/// Its key in place of its id would make it another space, and the one that was there would be out of sight.
#[tokio::test]
async fn a_space_whose_id_cannot_be_read_is_not_known_by_its_key() {
    let mut wiki = wiki();
    let odd = json!({"id": {"unexpected": true}, "key": "ENG", "name": "Engineering", "type": "global"});
    wiki.put(&format!("{API}/space?status=current"), &listing(json!([odd])));
    let snapshot = deep(&wiki).await;
    let entry = found(&snapshot, "spaces");
    assert!(entry.state == EndpointState::Partial && entry.reason.contains("could not be read"), "{}", entry.reason);
    assert!(!has(&snapshot, &id("container/space:ENG")));
}

#[tokio::test]
async fn a_grant_that_names_nobody_is_asked_for_again_and_never_taken_for_harmless() {
    let mut wiki = wiki();
    wiki.put(
        &format!("{API}/space/ENG/permissions"),
        &json!([granted("space", "read", Value::Null), granted("page", "create", json!({"type": ""}))]),
    );
    wiki.put(&format!("{API}/space/ENG/permissions/anonymous"), &json!([granted("space", "read", Value::Null)]));
    let snapshot = deep(&wiki).await;
    assert!(has(&snapshot, &id("grant/space:98305/read-space/anyone")));
    let left = facts(&snapshot, &id("grant/space:98305/create-page/nobody"));
    assert_eq!(left["holder"], "other");
    let entry = found(&snapshot, "space permissions");
    assert!(entry.state == EndpointState::Partial && entry.reason.contains("name nobody"), "{}", entry.reason);
}

#[tokio::test]
async fn nobody_who_administers_is_not_believed() {
    let mut wiki = wiki();
    wiki.put(&format!("{API}/permissions"), &json!([granted("application", "use", to_group("confluence-users"))]));
    let snapshot = deep(&wiki).await;
    let entry = found(&snapshot, "global permissions");
    assert!(
        entry.state == EndpointState::Partial && entry.reason.contains("nobody who administers"),
        "{}",
        entry.reason
    );
    assert!(facts(&snapshot, &id("group/confluence-users")).get("administers").is_none());
    let ada = facts(&snapshot, &id(&format!("principal/{ADA}")));
    assert!(ada.get("platform_roles").is_none(), "{ada}");
}

#[tokio::test]
async fn groups_that_hold_each_other_are_followed_once() {
    let mut wiki = wiki();
    wiki.put(&format!("{API}/group/confluence-administrators/groupparent"), &listing(json!([group("ops")])));
    wiki.put(&format!("{API}/group/confluence-users/groupparent"), &listing(json!([group("a/b")])));
    let snapshot = deep(&wiki).await;
    assert_eq!(found(&snapshot, "groups inside groups").state, EndpointState::Complete);
    let group = |name: &str| facts(&snapshot, &id(&format!("group/{name}")));
    assert_eq!((&group("ops")["administers"], &group("a/b")["administers"]), (&json!(true), &json!(false)));
    assert_eq!(group("a/b")["inside"], json!([id("group/confluence-users")]));
}

#[tokio::test]
async fn a_group_of_which_nobody_tells_what_it_is_inside_of_clouds_only_those_inside_it() {
    let mut wiki = wiki();
    wiki.refuse(&format!("{API}/group/confluence-users/groupparent"), 500, &json!({"message": "oh no"}));
    let snapshot = deep(&wiki).await;
    let group = |name: &str| facts(&snapshot, &id(&format!("group/{name}")));
    assert_eq!(found(&snapshot, "groups inside groups").state, EndpointState::Partial);
    assert!(group("confluence-users").get("inside").is_none());
    for name in ["confluence-users", "a/b"] {
        assert!(group(name).get("administers").is_none(), "{name} may be inside of one that administers");
    }
    assert_eq!(group("a/b")["inside"], json!([id("group/confluence-users")]));
    assert_eq!(group("ops")["administers"], true);
    // A group inside one that is on no list.
    wiki.put(
        &format!("{API}/group/confluence-users/groupparent"),
        &listing(json!([{"type": "group", "name": "hidden"}])),
    );
    let snapshot = deep(&wiki).await;
    let users = facts(&snapshot, &id("group/confluence-users"));
    assert_eq!(users["inside"], json!([id("group/hidden")]));
    assert!(users.get("administers").is_none(), "who knows what that is in");
}

#[tokio::test]
async fn who_is_in_the_lists_that_were_read_stays_where_another_is_refused() {
    let mut wiki = wiki();
    wiki.refuse(&format!("{API}/group/ops/member"), 403, &json!({"message": "not for you"}));
    let snapshot = deep(&wiki).await;
    let [ada, bob, gone] = [ADA, BOB, GONE].map(|key| facts(&snapshot, &id(&format!("principal/{key}"))));
    for account in [&ada, &bob, &gone] {
        assert!(account.get("groups").is_none(), "{account} may be in the group that was refused");
    }
    let both = json!([id("group/confluence-administrators"), id("group/confluence-users")]);
    assert_eq!((&ada["groups_at_least"], &bob["groups_at_least"]), (&both, &json!([id("group/confluence-users")])));
    assert!(gone.get("groups_at_least").is_none(), "to be seen nowhere is no word: {gone}");
    for (name, told) in [("ops", false), ("confluence-users", true), ("a/b", true)] {
        assert_eq!(facts(&snapshot, &id(&format!("group/{name}")))["members_told"], told, "{name}");
    }
}

#[tokio::test]
async fn a_login_page_a_cut_answer_and_a_limit_are_told() {
    let mut wiki = wiki();
    wiki.page(&format!("{API}/group"), 200, "<html><title>Log in - SSO</title></html>");
    wiki.cut(&format!("{API}/user/list"));
    wiki.refuse(&format!("{API}/webhooks"), 429, &json!({"message": "Rate limit exceeded."}));
    wiki.headers(
        &format!("{API}/webhooks"),
        &[("x-ratelimit-limit", "10"), ("x-ratelimit-remaining", "0"), ("retry-after", "3600")],
    );
    let snapshot = deep(&wiki).await;
    for (endpoint, said) in [("groups", "login page"), ("accounts", "no whole answer"), ("webhooks", "throttled")] {
        let entry = found(&snapshot, endpoint);
        assert!(entry.state == EndpointState::Failed && entry.reason.contains(said), "{endpoint}: {}", entry.reason);
    }
    assert!(has(&snapshot, &id("container/space:98305")), "the rest is there");
}

#[tokio::test]
async fn odd_rows_cost_what_is_odd_about_them_and_no_more() {
    let mut wiki = wiki();
    wiki.put(
        &format!("{API}/user/list"),
        &listing(json!([user(ADA, "ada", "on holiday"), {"username": "keyless"}, 7,
            {"type": "unknown", "userKey": GONE, "username": "gone", "displayName": 5}])),
    );
    for name in ["confluence-administrators", "confluence-users"] {
        wiki.put(&format!("{API}/group/{name}/member"), &listing(json!([])));
    }
    wiki.put(&format!("{API}/user/current"), &user(ADA, "ada", "on holiday"));
    wiki.put(&format!("{API}/admin/users/list/active"), &listing(json!([])));
    wiki.put(
        &format!("{API}/space/ENG/permissions"),
        &json!([{"operation": {"targetType": "space"}, "subject": to_group("ops")},
            granted("space", "levitate", json!({"type": "planet", "displayName": "Mars"}))]),
    );
    let snapshot = deep(&wiki).await;
    assert!(found(&snapshot, "accounts").reason.contains("2 rows could not be read"));
    let ada = facts(&snapshot, &id(&format!("principal/{ADA}")));
    assert!(ada.get("status").is_none(), "a word that nobody described says nothing: {ada}");
    assert_eq!(facts(&snapshot, &id(&format!("principal/{GONE}")))["status"], "deleted");
    let odd = facts(&snapshot, &id("grant/space:98305/levitate-space/other:planet Mars"));
    assert_eq!((&odd["holder"], &odd["holder_detail"]), (&json!("other"), &json!("planet Mars")));
    assert!(found(&snapshot, "space permissions").is_gap());
}

#[tokio::test]
async fn a_glance_asks_once_for_everything_and_for_one_parent_only() {
    let wiki = wiki();
    let source = wiki.source("confluence-dc", DEEP).await;
    let snapshot = sealed(source.look(Depth::FirstPage, &Watermarks::default()).await);
    assert!(wiki.asked("/rest/api/group/") <= 2 && wiki.asked("/permissions") == 2, "{}", wiki.asked("/permissions"));
    assert_eq!(found(&snapshot, "accounts").state, EndpointState::Complete);
}
