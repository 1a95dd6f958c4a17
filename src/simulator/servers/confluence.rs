//! Confluence, as answers. Shapes follow the published description of Confluence Data Center; a test compares them.

use serde_json::{Value, json};

use super::super::endpoints::{Family, Host};
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::access::Rank;
use super::accounts::ServerGroup;
use super::wiki::{Right, ServerSpace, Subject};
use super::{CONFLUENCE_ADDRESS, CONFLUENCE_CONTEXT};

/// A page in Confluence's usual wrapping. The link to the next one begins after the context path.
pub(super) fn page<T>(ask: &Ask, path: &str, usual: usize, most: usize, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
    let window = match ask.start_window(usual, most) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let rows: Vec<Value> = window.cut(all).iter().map(row).collect();
    let kept: String = ask
        .query
        .iter()
        .filter(|(key, _)| key != "start" && key != "limit")
        .map(|(key, value)| format!("{key}={}&", value.replace('&', "%26").replace(' ', "+").replace('/', "%2F")))
        .collect();
    let mut links = json!({"base": CONFLUENCE_ADDRESS, "context": CONFLUENCE_CONTEXT,
        "self": format!("{CONFLUENCE_ADDRESS}{path}?{kept}limit={}&start={}", window.limit, window.start)});
    if !window.is_last(all.len()) {
        let next = window.start + window.limit;
        links["next"] = json!(format!("{path}?{kept}limit={}&start={next}", window.limit));
    }
    let body =
        json!({"results": rows, "start": window.start, "limit": window.limit, "size": rows.len(), "_links": links});
    Reply::page_of(body, window)
}

/// A page that also tells how many rows there are in all.
fn counted_page<T>(ask: &Ask, path: &str, usual: usize, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
    let mut reply = page(ask, path, usual, 200, all, row);
    if reply.status == 200 {
        reply.body["totalCount"] = json!(all.len());
    }
    reply
}

pub(super) fn server_information(estate: &Estate, _ask: &Ask) -> Reply {
    let release = &estate.servers.confluence.release;
    Reply::ok(json!({"baseUrl": CONFLUENCE_ADDRESS, "version": release.text(), "buildNumber": release.build(),
        "marketplaceBuildNumber": release.build(), "buildDate": "2026-02-17"}))
}

fn user(estate: &Estate, place: usize, expanded: &str) -> Value {
    let account = &estate.servers.accounts[place];
    let key = account.key(Host::ConfluenceDc);
    let mut row = json!({
        "type": "known", "username": account.username, "userKey": key, "displayName": account.name,
        "profilePicture": {"path": format!("{CONFLUENCE_CONTEXT}/images/icons/profilepics/default.svg"), "width": 48,
            "height": 48, "isDefault": true},
        "_links": {"self": format!("{CONFLUENCE_ADDRESS}/rest/api/user?key={key}")},
        "_expandable": {"status": ""},
    });
    if expanded.contains("status") {
        row["status"] = json!(if account.active { "current" } else { "deactivated" });
        row["_expandable"] = json!({});
    }
    row
}

fn expanded(ask: &Ask) -> &str {
    ask.parameter("expand").unwrap_or_default()
}

pub(super) fn current_user(estate: &Estate, ask: &Ask) -> Reply {
    let account = ask.caller.account.expect("internal: only who logged in comes here");
    Reply::ok(user(estate, account, expanded(ask)))
}

pub(super) fn one_user(estate: &Estate, ask: &Ask) -> Reply {
    let (key, name) = (ask.parameter("key"), ask.parameter("username"));
    let found = estate.servers.accounts.iter().position(|account| {
        key.is_some_and(|key| account.key(Host::ConfluenceDc) == key)
            || name.is_some_and(|name| account.username == name)
    });
    match found {
        Some(place) => Reply::ok(user(estate, place, expanded(ask))),
        None => Reply::refusal(Family::ConfluenceDc, 404, "No user found with key or name."),
    }
}

/// All accounts: with and without a seat, active or not.
pub(super) fn user_list(estate: &Estate, ask: &Ask) -> Reply {
    let all = estate.listing("accounts of the servers", || (0..estate.servers.accounts.len()).collect());
    counted_page(ask, "/rest/api/user/list", 100, &all, |place| user(estate, *place, expanded(ask)))
}

/// Active accounts with a seat.
pub(super) fn active_users(estate: &Estate, ask: &Ask) -> Reply {
    let all = estate.listing("seats of the Confluence server", || estate.servers.seated("confluence"));
    counted_page(ask, "/rest/api/admin/users/list/active", 100, &all, |place| user(estate, *place, expanded(ask)))
}

fn of_wiki(estate: &Estate) -> impl Iterator<Item = &ServerGroup> {
    estate.servers.groups.iter().filter(|group| group.is_used_by(Host::ConfluenceDc))
}

fn group_row(group: &ServerGroup) -> Value {
    let name = group.name.replace('&', "%26").replace('/', "%2F").replace(' ', "%20");
    json!({"type": "group", "name": group.name, "_expandable": {"attribute": ""},
        "_links": {"self": format!("{CONFLUENCE_ADDRESS}/rest/api/group/{name}")}})
}

pub(super) fn groups(estate: &Estate, ask: &Ask) -> Reply {
    let mut all: Vec<&ServerGroup> = of_wiki(estate).collect();
    all.sort_by_key(|group| &group.name);
    page(ask, "/rest/api/group", 200, 200, &all, |group| group_row(group))
}

pub(super) fn groups_of_user(estate: &Estate, ask: &Ask) -> Reply {
    let (key, name) = (ask.parameter("key"), ask.parameter("username"));
    let found = estate.servers.accounts.iter().position(|account| {
        key.is_some_and(|key| account.key(Host::ConfluenceDc) == key)
            || name.is_some_and(|name| account.username == name)
    });
    let Some(place) = found else {
        return Reply::refusal(Family::ConfluenceDc, 404, "No user found with key or name.");
    };
    let all: Vec<&ServerGroup> = of_wiki(estate).filter(|group| group.members.contains(&place)).collect();
    page(ask, "/rest/api/user/memberof", 200, 200, &all, |group| group_row(group))
}

fn members(estate: &Estate, ask: &Ask, name: &str, path: &str) -> Reply {
    let Some(group) = of_wiki(estate).find(|group| group.name == name) else {
        return Reply::refusal(Family::ConfluenceDc, 404, &format!("No group found with name: {name}"));
    };
    page(ask, path, 200, 200, &group.members, |place| user(estate, *place, expanded(ask)))
}

/// Members of a group whose name stands in the path.
pub(super) fn group_members(estate: &Estate, ask: &Ask) -> Reply {
    let name = ask.segment(0);
    // A server does not take a slash for part of a name, however it is written.
    if name.contains('/') {
        return Reply::refusal(Family::ConfluenceDc, 404, "No group found with that name.");
    }
    let encoded = name.replace('&', "%26").replace(' ', "%20");
    members(estate, ask, name, &format!("/rest/api/group/{encoded}/member"))
}

/// Members of a group whose name stands in the query.
pub(super) fn named_group_members(estate: &Estate, ask: &Ask) -> Reply {
    members(estate, ask, ask.parameter("groupName").unwrap_or_default(), "/rest/api/group/member")
}

fn subject(estate: &Estate, subject: Subject) -> Value {
    match subject {
        Subject::Anonymous => json!({"type": "anonymous", "displayName": "Anonymous"}),
        Subject::Account(place) => {
            let account = &estate.servers.accounts[place];
            json!({"type": "known", "username": account.username, "userKey": account.key(Host::ConfluenceDc),
                "displayName": account.name})
        }
        Subject::Group(place) => {
            let name = &estate.servers.groups[place].name;
            json!({"type": "group", "name": name, "displayName": name})
        }
    }
}

fn right(estate: &Estate, (whose, target, operation): &Right) -> Value {
    json!({"operation": {"targetType": target, "operationKey": operation}, "subject": subject(estate, *whose)})
}

pub(super) fn global_permissions(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(estate.servers.wiki_rights.iter().map(|one| right(estate, one)).collect())
}

pub(super) fn anonymous_permissions(estate: &Estate, _ask: &Ask) -> Reply {
    let anonymous = estate.servers.wiki_rights.iter().filter(|(whose, ..)| *whose == Subject::Anonymous);
    Reply::ok(anonymous.map(|one| right(estate, one)).collect())
}

/// The firm lets nobody work in Confluence who has no licence.
pub(super) fn unlicensed_permissions(_estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(Value::Array(Vec::new()))
}

/// Which way to look from a group: to the groups inside it, or to those it is inside of.
#[derive(Clone, Copy)]
enum Way {
    Members,
    Parents,
}

impl Way {
    fn path(self) -> &'static str {
        match self {
            Self::Members => "/rest/api/group/groupmember",
            Self::Parents => "/rest/api/group/groupparent",
        }
    }
}

/// The groups directly inside a group.
pub(super) fn nested_groups(estate: &Estate, ask: &Ask) -> Reply {
    beside(estate, ask, ask.segment(0), Way::Members)
}

/// The same for a group whose name stands in the query.
pub(super) fn named_nested_groups(estate: &Estate, ask: &Ask) -> Reply {
    named_beside(estate, ask, Way::Members)
}

/// The groups that a group is directly inside of.
pub(super) fn parent_groups(estate: &Estate, ask: &Ask) -> Reply {
    beside(estate, ask, ask.segment(0), Way::Parents)
}

/// The same for a group whose name stands in the query.
pub(super) fn named_parent_groups(estate: &Estate, ask: &Ask) -> Reply {
    named_beside(estate, ask, Way::Parents)
}

fn named_beside(estate: &Estate, ask: &Ask, way: Way) -> Reply {
    let name = ask.parameter("groupName").unwrap_or_default();
    around(estate, ask, name, way)
}

fn beside(estate: &Estate, ask: &Ask, name: &str, way: Way) -> Reply {
    if name.contains('/') {
        return Reply::refusal(Family::ConfluenceDc, 404, "No group found with that name.");
    }
    around(estate, ask, name, way)
}

fn around(estate: &Estate, ask: &Ask, name: &str, way: Way) -> Reply {
    let groups = &estate.servers.groups;
    let Some(place) = groups.iter().position(|group| group.is_used_by(Host::ConfluenceDc) && group.name == name) else {
        return Reply::refusal(Family::ConfluenceDc, 404, &format!("No group found with name: {name}"));
    };
    let found: Vec<&ServerGroup> = match way {
        Way::Members => groups.iter().filter(|group| group.inside.contains(&place)).collect(),
        Way::Parents => groups[place].inside.iter().map(|parent| &groups[*parent]).collect(),
    };
    page(ask, way.path(), 200, 200, &found, |group| group_row(group))
}

/// Whether somebody may look into a space.
fn may_see(estate: &Estate, ask: &Ask, space: &ServerSpace) -> bool {
    ask.caller.rank >= Rank::Administrator
        || space.rights.iter().any(|(whose, target, operation)| {
            let mine = match whose {
                Subject::Anonymous => true,
                Subject::Account(place) => Some(*place) == ask.caller.account,
                Subject::Group(group) => ask.caller.account.is_some_and(|place| estate.servers.is_in(place, *group)),
            };
            mine && (*target, *operation) == ("space", "read")
        })
}

pub(super) fn spaces(estate: &Estate, ask: &Ask) -> Reply {
    let kind = ask.parameter("type");
    let status = ask.parameter("status");
    let found: Vec<&ServerSpace> = estate
        .servers
        .spaces
        .iter()
        .filter(|space| kind.is_none_or(|kind| (kind == "personal") == space.personal))
        .filter(|space| status.is_none_or(|status| (status == "archived") == space.archived))
        .filter(|space| may_see(estate, ask, space))
        .collect();
    page(ask, "/rest/api/space", 25, 100, &found, |space| {
        json!({
            "id": space.id, "key": space.key, "name": space.name,
            "status": if space.archived { "archived" } else { "current" },
            "type": if space.personal { "personal" } else { "global" },
            "_links": {"webui": format!("/display/{}", space.key),
                "self": format!("{CONFLUENCE_ADDRESS}/rest/api/space/{}", space.key)},
            "_expandable": {"permissions": "", "metadata": "", "icon": "", "description": "",
                "homepage": format!("/rest/api/content/{}", space.id + 1)},
        })
    })
}

pub(super) fn space_permissions(estate: &Estate, ask: &Ask) -> Reply {
    let Some(space) = estate.servers.spaces.iter().find(|space| space.key == ask.segment(0)) else {
        return Reply::refusal(Family::ConfluenceDc, 404, "No space found with key.");
    };
    let administers = space.rights.iter().any(|(whose, target, operation)| {
        let mine = matches!(whose, Subject::Account(place) if Some(*place) == ask.caller.account);
        mine && (*target, *operation) == ("space", "administer")
    });
    if ask.caller.rank < Rank::Administrator && !administers {
        return Reply::refusal(Family::ConfluenceDc, 403, "You do not administer this space.");
    }
    let rows = space.rights.iter().map(|one| {
        let mut row = right(estate, one);
        row["spaceKey"] = json!(space.key);
        row["spaceId"] = json!(space.id);
        row
    });
    Reply::ok(rows.collect())
}

pub(super) fn cluster_nodes(estate: &Estate, ask: &Ask) -> Reply {
    let confluence = &estate.servers.confluence;
    let nodes: Vec<_> = confluence.nodes.iter().zip(1..).collect();
    page(ask, "/rest/api/cluster/nodes", 100, 100, &nodes, |(node, number)| {
        json!({"nodeId": number, "jvmStats": {"java.version": "17.0.12"}, "props": {"node.name": node.name},
            "buildStats": {"version": node.release.text(), "buildNumber": node.release.build().to_string()}})
    })
}

pub(super) fn instance_metrics(estate: &Estate, _ask: &Ask) -> Reply {
    let servers = &estate.servers;
    Reply::ok(json!({"pages": servers.spaces.len() * 37, "spaces": servers.spaces.len(),
        "users": servers.seats_used("confluence")}))
}
