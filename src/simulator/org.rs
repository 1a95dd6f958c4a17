//! The Organizations API: accounts, groups, role assignments, products and domains.
//! Shapes follow the written reference of that API, key by key.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::endpoints::Family;
use super::estate::{Estate, Group, ORG_ADDRESS, ORG_ADMINS, Person, Standing, Who};
use super::exchange::{Ask, Reply, encoded};
use super::sandbox;

pub(super) fn orgs(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"data": [organisation(estate)], "links": {"self": format!("{ORG_ADDRESS}/admin/v1/orgs")}}))
}

pub(super) fn org(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"data": organisation(estate)}))
}

fn organisation(estate: &Estate) -> Value {
    let link = format!("{ORG_ADDRESS}/admin/v1/orgs/{}", estate.org_id);
    json!({
        "id": estate.org_id, "type": "orgs", "attributes": {"name": "Acme"},
        "relationships": {
            "domains": {"links": {"related": format!("{link}/domains")}},
            "users": {"links": {"related": format!("{link}/users")}},
        },
        "links": {"self": link},
    })
}

/// Managed accounts, first version: pages of a fixed size, the next one as an absolute link.
pub(super) fn managed_accounts(estate: &Estate, ask: &Ask) -> Reply {
    let managed = &estate.managed;
    let window = match ask.fixed_window(100) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let link = format!("{ORG_ADDRESS}/admin/v1/orgs/{}/users", estate.org_id);
    let mut links = json!({"self": link});
    if let Some(cursor) = window.next(managed.len()) {
        links["next"] = json!(format!("{link}?cursor={}", encoded(&cursor)));
    }
    let rows: Vec<Value> = window.cut(managed).iter().map(|at| managed_account(&estate.people[*at])).collect();
    Reply::page_of(json!({"data": rows, "meta": {"total": managed.len()}, "links": links}), window)
}

fn managed_account(person: &Person) -> Value {
    let products =
        [("jira-software", "Jira", person.seen_in_jira), ("confluence", "Confluence", person.seen_in_confluence)];
    let access: Vec<Value> = products
        .into_iter()
        .filter_map(|(key, name, seen)| {
            Some(json!({"key": key, "name": name, "url": "acme.atlassian.net", "last_active": moment(seen?)}))
        })
        .collect();
    let mut row = json!({
        "account_id": person.id, "account_type": "atlassian", "account_status": account_status(person.standing),
        "name": person.name, "picture": "https://avatars.acme.example/p.png", "email": person.email,
        "access_billable": person.standing == Standing::Active && !person.groups.is_empty(),
        "product_access": access, "links": {"self": format!("{ORG_ADDRESS}/users/{}/manage/profile", person.id)},
    });
    if let Some(seen) = person.seen_in_jira.max(person.seen_in_confluence) {
        row["last_active"] = json!(moment(seen));
    }
    row
}

pub(super) fn domains(estate: &Estate, _ask: &Ask) -> Reply {
    let known = [("acme.example", "dns", "verified"), ("acme-labs.example", "http", "unverified")];
    let rows: Vec<Value> = known
        .into_iter()
        .map(|(name, claim, status)| {
            let link = format!("{ORG_ADDRESS}/admin/v1/orgs/{}/domains/{name}", estate.org_id);
            json!({"id": name, "type": "domains", "links": {"self": link},
                "attributes": {"name": name, "claim": {"type": claim, "status": status}}})
        })
        .collect();
    Reply::ok(json!({"data": rows, "links": {}}))
}

pub(super) fn directories(estate: &Estate, _ask: &Ask) -> Reply {
    let row = json!({"directoryId": estate.directory_id, "name": "acme", "icon": "https://avatars.acme.example/d.png"});
    Reply::ok(json!({"data": [row], "links": {}}))
}

/// The main listing of people.
pub(super) fn user_search(estate: &Estate, ask: &Ask) -> Reply {
    if ask.body.get("searchTerm").is_some() && ask.body.get("emails").is_some() {
        return Reply::refusal(Family::Admin, 400, "searchTerm and emails exclude each other");
    }
    let window = match ask.search_window(50, 100) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let Some(criteria) = criteria(ask) else {
        let rows: Vec<Value> =
            window.cut(&estate.people).iter().map(|person| directory_user(estate, person, ask)).collect();
        let next = window.next(estate.people.len());
        return Reply::page_of(json!({"data": rows, "links": {"self": null, "prev": null, "next": next}}), window);
    };
    let found = estate.listing(&format!("people by {criteria}"), || {
        let mut places = candidates(estate, ask).unwrap_or_else(|| (0..estate.people.len()).collect());
        places.retain(|place| wanted(estate, &estate.people[*place], ask));
        places
    });
    let rows: Vec<Value> =
        window.cut(&found).iter().map(|place| directory_user(estate, &estate.people[*place], ask)).collect();
    let next = window.next(found.len());
    Reply::page_of(json!({"data": rows, "links": {"self": null, "prev": null, "next": next}}), window)
}

/// What narrows a search, in words; nothing if all are asked for.
fn criteria(ask: &Ask) -> Option<String> {
    const NAMES: [&str; 8] = [
        "accountIds",
        "status",
        "accountStatus",
        "membershipStatus",
        "roleIds",
        "groupIds",
        "directoryIds",
        "claimStatus",
    ];
    let given: Vec<String> =
        NAMES.into_iter().filter_map(|name| Some(format!("{name}: {}", ask.body.get(name)?))).collect();
    (!given.is_empty()).then(|| given.join(", "))
}

/// Places of the people among whom to search, in order, where the search names accounts or groups.
fn candidates(estate: &Estate, ask: &Ask) -> Option<Vec<usize>> {
    let accounts = ask.list("accountIds").map(|ids| ids.into_iter().filter_map(|id| estate.find_person(id)).collect());
    let in_groups = || {
        let groups = ask.list("groupIds")?.into_iter().filter_map(|id| estate.group_of_id(id));
        let people = groups.flat_map(|group| &group.members).filter_map(|who| match who {
            Who::Person(at) => Some(*at),
            Who::App(_) | Who::Customer(_) => None,
        });
        Some(people.collect())
    };
    let mut places: Vec<usize> = accounts.or_else(in_groups)?;
    places.sort_unstable();
    places.dedup();
    Some(places)
}

fn wanted(estate: &Estate, person: &Person, ask: &Ask) -> bool {
    let among = |name: &str, test: &dyn Fn(&[&str]) -> bool| ask.list(name).is_none_or(|list| test(&list));
    among("accountIds", &|ids| ids.contains(&person.id.as_str()))
        && among("status", &|states| states.contains(&status(person.standing)))
        && among("accountStatus", &|states| states.contains(&account_status(person.standing)))
        && among("membershipStatus", &|states| states.contains(&membership_status(person.standing)))
        && among("roleIds", &|roles| person.platform_roles.iter().any(|role| roles.contains(role)))
        && among("groupIds", &|ids| person.groups.iter().any(|group| ids.contains(&estate.groups[*group].id.as_str())))
        && among("directoryIds", &|_| person.standing != Standing::NotInvited)
        && ask.body.get("claimStatus").and_then(Value::as_str).is_none_or(|claim| claim == claim_status(person))
}

fn directory_user(estate: &Estate, person: &Person, ask: &Ask) -> Value {
    let mut row = json!({
        "accountId": person.id, "accountType": "atlassian", "status": status(person.standing),
        "accountStatus": account_status(person.standing), "membershipStatus": membership_status(person.standing),
        "addedToOrg": moment(person.added), "name": person.name,
        "nickname": person.name.split(' ').next(), "emailVerified": true,
        "claimStatus": claim_status(person), "mfaEnabled": person.mfa,
        "managementSource": person.managed.then_some(if person.synced { "synced" } else { "invited" }),
        "jobTitle": person.job, "department": person.department, "organization": null, "location": null,
        "timeZone": person.time_zone, "picture": "https://avatars.acme.example/p.png",
        "avatar": "https://avatars.acme.example/p.png", "deactivatedOn": person.deactivated.map(moment),
        "forDeletion": person.standing == Standing::ForDeletion,
        "links": {"self": format!("{ORG_ADDRESS}/admin/v2/orgs/{}/directories/-/users/{}", estate.org_id, person.id)},
    });
    if person.managed || !person.hides_email {
        row["email"] = json!(person.email);
    }
    if ask.expands("platformRoles") {
        row["platformRoles"] = json!(person.platform_roles);
    }
    if ask.expands("counts.resources") {
        row["counts"] = json!({"resources": product_roles(estate, person).len()});
    }
    if ask.expands("productAccess") {
        row["productAccess"] = product_access(estate, person);
    }
    if ask.expands("groups") {
        let groups = person.groups.iter().map(|group| &estate.groups[*group]);
        row["groups"] = groups.map(|group| json!({"id": group.id, "name": group.name, "description": null})).collect();
    }
    row
}

fn product_access(estate: &Estate, person: &Person) -> Value {
    let seen = [("jira-software", person.seen_in_jira), ("confluence", person.seen_in_confluence)];
    seen.into_iter()
        .filter_map(|(owner, seen)| {
            Some(json!({"key": owner, "id": estate.resource(owner), "lastActiveTimestamp": moment(seen?)}))
        })
        .collect()
}

pub(super) fn user_count(estate: &Estate, ask: &Ask) -> Reply {
    let fits = |person: &&Person| {
        ask.parameter("claimStatus").is_none_or(|claim| claim == claim_status(person))
            && ask.parameter("status").is_none_or(|wanted| wanted == status(person.standing))
    };
    Reply::ok(json!({"count": estate.people.iter().filter(fits).count()}))
}

pub(super) fn user_role_assignments(estate: &Estate, ask: &Ask) -> Reply {
    let Some(place) = estate.find_person(ask.segment(2)) else {
        return Reply::refusal(Family::Admin, 404, "there is no such user in the directory");
    };
    let person = &estate.people[place];
    let mut rows: Vec<Value> = person
        .platform_roles
        .iter()
        .map(|role| {
            let through_group = *role == "atlassian/org-admin" && person.groups.contains(&ORG_ADMINS);
            let method = if through_group { "group_direct" } else { "direct" };
            let resource = match *role {
                "atlassian/site-admin" => format!("ari:cloud:platform::site/{}", estate.cloud_id),
                _ => estate.resource("platform"),
            };
            assignment(&resource, "platform", role, method, Value::Null, Value::Null)
        })
        .collect();
    for (owner, role) in product_roles(estate, person) {
        let (directory, state) = (json!(estate.directory_id), json!(membership_status(person.standing)));
        rows.push(assignment(&estate.resource(owner), owner, role, "group_direct", directory, state));
    }
    Reply::ok(json!({"data": rows, "links": {"next": null}}))
}

fn assignment(resource: &str, owner: &str, role: &str, method: &str, directory: Value, state: Value) -> Value {
    json!({"resourceId": resource, "resourceOwner": owner, "roles": [role],
        "roleAssignments": [{"role": role, "roleAssignmentMethods": [method]}],
        "directoryId": directory, "userDirectoryStatus": state})
}

/// Product and role of a person, through groups.
fn product_roles<'a>(estate: &'a Estate, person: &Person) -> Vec<&'a (&'static str, &'static str)> {
    let access = person.groups.iter().flat_map(|group| &estate.groups[*group].access);
    access.filter(|(owner, _)| *owner != "platform").collect()
}

pub(super) fn group_search(estate: &Estate, ask: &Ask) -> Reply {
    let window = match ask.search_window(20, 100) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let asked = ["groupIds", "groupNames", "resourceOwners", "roleIds", "resourceIds"];
    let asked: Vec<String> =
        asked.into_iter().filter_map(|name| Some(format!("{name}: {}", ask.body.get(name)?))).collect();
    let found = estate.listing(&format!("groups of the directory by {asked:?}"), || {
        let live = estate.live_groups();
        live.filter(|(_, group)| group_wanted(estate, group, ask)).map(|(place, _)| place).collect()
    });
    let rows: Vec<Value> =
        window.cut(&found).iter().map(|place| directory_group(estate, &estate.groups[*place], ask)).collect();
    let next = window.next(found.len());
    Reply::page_of(json!({"data": rows, "links": {"next": next}}), window)
}

fn group_wanted(estate: &Estate, group: &Group, ask: &Ask) -> bool {
    let among = |name: &str, test: &dyn Fn(&[&str]) -> bool| ask.list(name).is_none_or(|list| test(&list));
    among("groupIds", &|ids| ids.contains(&group.id.as_str()))
        && among("groupNames", &|names| names.contains(&group.name.as_str()))
        && among("resourceOwners", &|owners| group.access.iter().any(|(owner, _)| owners.contains(owner)))
        && among("roleIds", &|roles| group.access.iter().any(|(_, role)| roles.contains(role)))
        && among("resourceIds", &|ids| {
            group.access.iter().any(|(owner, _)| ids.contains(&estate.resource(owner).as_str()))
        })
}

fn directory_group(estate: &Estate, group: &Group, ask: &Ask) -> Value {
    let mut row = json!({
        "id": group.id, "name": group.name, "description": group.description, "directoryId": estate.directory_id,
        "externalSynced": group.external, "managedBy": if group.external { "external" } else { "admins" },
        "managementAccess": {"modifiable": !group.external},
    });
    let mut counts = Map::new();
    if ask.expands("counts.users") {
        counts.insert("users".to_owned(), json!(directory_members(group)));
    }
    if ask.expands("counts.resources") {
        counts.insert("resources".to_owned(), json!(group.access.len()));
    }
    if !counts.is_empty() {
        row["counts"] = Value::Object(counts);
    }
    row
}

/// Members that the directory knows: people, not apps.
fn directory_members(group: &Group) -> usize {
    group.members.iter().filter(|who| matches!(who, Who::Person(_))).count()
}

pub(super) fn group_count(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"count": estate.listed_groups().len()}))
}

pub(super) fn group_role_assignments(estate: &Estate, ask: &Ask) -> Reply {
    let Some(group) = estate.group_of_id(ask.segment(2)) else {
        return Reply::refusal(Family::Admin, 404, "there is no such group in the directory");
    };
    let rows: Vec<Value> = group
        .access
        .iter()
        .map(|(owner, role)| {
            json!({"resourceId": estate.resource(owner), "resourceOwner": owner, "defaultRole": role, "roles": [role]})
        })
        .collect();
    Reply::ok(json!({"data": rows, "links": {"next": null}}))
}

/// Products of the production site, and one sandbox.
pub(super) fn workspaces(estate: &Estate, ask: &Ask) -> Reply {
    let window = match ask.search_window(20, 100) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let mut all: Vec<Value> = ["jira-software", "jira-servicedesk", "confluence"]
        .into_iter()
        .enumerate()
        .map(|(product, owner)| {
            let seats = (estate.seats(product), estate.capacity[product]);
            workspace(estate, &estate.resource(owner), owner, "acme", "https://acme.atlassian.net", seats)
        })
        .collect();
    let resource = format!("ari:cloud:jira-software::site/{}", estate.sandbox_id);
    let seats = sandbox::seats(estate);
    let mut sandbox = workspace(estate, &resource, "jira-software", "acme-sandbox-412", sandbox::ADDRESS, seats);
    sandbox["attributes"]["sandbox"] = json!({"type": "CHILD"});
    all.push(sandbox);
    let rows = window.cut(&all);
    let end = window.end(all.len());
    let meta = json!({"pageSize": window.limit, "startIndex": window.start + 1, "endIndex": end, "total": all.len()});
    let links = json!({"self": null, "prev": null, "next": window.next(all.len())});
    Reply::page_of(json!({"data": rows, "links": links, "meta": meta}), window)
}

fn workspace(
    estate: &Estate,
    id: &str,
    owner: &str,
    name: &str,
    address: &str,
    (usage, capacity): (usize, usize),
) -> Value {
    let title = match owner {
        "jira-software" => "Jira",
        "jira-servicedesk" => "Jira Service Management",
        _ => "Confluence",
    };
    let made = estate.people[estate.steward].added;
    json!({
        "id": id, "type": "workspace", "links": {"self": null}, "relationships": {},
        "attributes": {
            "name": name, "typeKey": owner, "type": title, "owner": estate.people[estate.steward].id,
            "status": "online", "statusDetails": [], "labels": [], "usage": usage, "capacity": capacity,
            "createdAt": moment(made), "createdBy": estate.people[estate.steward].id, "updatedAt": moment(made),
            "hostUrl": address, "realm": "EU", "regions": ["eu-central-1"],
        },
    })
}

fn claim_status(person: &Person) -> &'static str {
    if person.managed { "managed" } else { "unmanaged" }
}

fn status(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Suspended => "suspended",
        Standing::Deactivated => "deactivated",
        Standing::NotInvited => "not_invited",
        Standing::ForDeletion => "for_deletion",
    }
}

pub(super) fn account_status(standing: Standing) -> &'static str {
    match standing {
        Standing::Active | Standing::Suspended | Standing::NotInvited => "active",
        Standing::Deactivated => "inactive",
        Standing::ForDeletion => "closed",
    }
}

fn membership_status(standing: Standing) -> &'static str {
    match standing {
        Standing::Active | Standing::Deactivated | Standing::ForDeletion => "active",
        Standing::Suspended => "suspended",
        Standing::NotInvited => "no_membership",
    }
}

/// A moment as this API writes it: in UTC, with `Z`, milliseconds only when there are some.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
