//! The Jira site: filters and dashboards, and with whom their owners share them.
//! Shapes follow the published OpenAPI description of Jira Cloud; a test compares them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::estate::{Estate, FIRST_TEAM, JIRA_USERS, SITE_ADDRESS, Who};
use super::exchange::{Ask, Reply};
use super::jira::{account, avatars, page_bean};
use super::names;
use super::permissions::OPEN_SCHEME;
use super::random::Random;

/// A filter or a dashboard.
#[derive(Debug, Clone)]
pub(super) struct SharedItem {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) owner: usize,
    /// The project it looks at.
    pub(super) project: usize,
    pub(super) viewers: Vec<Share>,
    pub(super) editors: Vec<Share>,
}

/// With whom something is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// Everybody on the web.
    Public,
    /// Everybody who is signed in, as older answers say it.
    LoggedIn,
    /// The same, as newer answers say it.
    Authenticated,
    Project(usize),
    Group(usize),
    Person(usize),
    /// A project that the reader cannot see.
    UnknownProject,
}

/// Fewest filters, and dashboards, of an estate: two pages of 25.
const FEWEST: usize = 40;

/// Makes the ordinary filters and dashboards of people who stay.
pub(super) fn share(estate: &mut Estate, random: &mut Random, steady: &[usize]) {
    for number in 0..FEWEST.max(estate.people.len() / 5) {
        let filter = ordinary(estate, random, steady, number, "open issues");
        estate.filters.push(filter);
    }
    for number in 0..FEWEST.max(estate.people.len() / 8) {
        let dashboard = ordinary(estate, random, steady, number, "overview");
        estate.dashboards.push(dashboard);
    }
}

fn ordinary(estate: &Estate, random: &mut Random, steady: &[usize], number: usize, what: &str) -> SharedItem {
    let project = random.below(estate.projects.len());
    let team = FIRST_TEAM + random.below(estate.groups.len() - FIRST_TEAM);
    let owner = if number == 0 { estate.reader } else { random.pick(steady) };
    let (viewers, editors) = match number % 8 {
        0 => (Vec::new(), Vec::new()),
        1 | 2 => (vec![Share::Group(JIRA_USERS)], Vec::new()),
        3 => (vec![Share::Group(JIRA_USERS), Share::Person(random.pick(steady))], vec![Share::Group(team)]),
        4 => (vec![Share::Group(team), Share::Person(estate.reader)], Vec::new()),
        5 => (vec![Share::Project(project)], vec![Share::Project(project)]),
        6 => (vec![Share::Group(team)], Vec::new()),
        _ => (vec![Share::Project(project), Share::Group(JIRA_USERS)], Vec::new()),
    };
    let work = names::WORKS[number % names::WORKS.len()];
    let name = match number / names::WORKS.len() {
        0 => format!("{work}: {what}"),
        round => format!("{work}: {what} {}", round + 1),
    };
    SharedItem { id: 10_000 + at(number), name, owner, project, viewers, editors }
}

fn at(number: usize) -> u64 {
    u64::try_from(number).expect("internal: few filters and dashboards")
}

/// Adds a filter or dashboard to its kind, and tells its id.
pub(super) fn add(items: &mut Vec<SharedItem>, name: &str, owner: usize, viewers: Vec<Share>) -> u64 {
    let id = 10_000 + at(items.len());
    items.push(SharedItem { id, name: name.to_owned(), owner, project: 0, viewers, editors: Vec::new() });
    id
}

/// A project that only people of the company see, for harmless shares.
pub(super) fn closed_project(estate: &Estate) -> usize {
    estate.projects.iter().position(|project| project.scheme != OPEN_SCHEME).unwrap_or_default()
}

/// Filters that the reader may see; all of them if an administrator asks to pass over what owners share.
pub(super) fn filters(estate: &Estate, ask: &Ask) -> Reply {
    let all = ask.parameter("overrideSharePermissions") == Some("true");
    let found = estate.listing(if all { "all filters" } else { "visible filters" }, || {
        let visible = |place: &usize| all || is_visible_to_reader(estate, &estate.filters[*place]);
        (0..estate.filters.len()).filter(visible).collect()
    });
    let expanded = ask.parameter("expand").unwrap_or_default();
    let path = format!("/rest/api/3/filter/search?overrideSharePermissions={all}&");
    page_bean(ask, &path, 100, &found, |place| filter_row(estate, &estate.filters[*place], expanded))
}

/// Dashboards that the reader may see: for these an administrator cannot pass over what owners share.
pub(super) fn dashboards(estate: &Estate, ask: &Ask) -> Reply {
    let found = visible_dashboards(estate);
    let expanded = ask.parameter("expand").unwrap_or_default();
    page_bean(ask, "/rest/api/3/dashboard/search?", 100, &found, |place| {
        dashboard_row(estate, &estate.dashboards[*place], expanded)
    })
}

/// Places of the dashboards that the reader may see.
pub(super) fn visible_dashboards(estate: &Estate) -> Arc<[usize]> {
    estate.listing("visible dashboards", || {
        let visible = |place: &usize| is_visible_to_reader(estate, &estate.dashboards[*place]);
        (0..estate.dashboards.len()).filter(visible).collect()
    })
}

/// The reader administers Jira and so sees every project.
fn is_visible_to_reader(estate: &Estate, item: &SharedItem) -> bool {
    let reader = &estate.people[estate.reader];
    item.owner == estate.reader
        || item.viewers.iter().chain(&item.editors).any(|share| match share {
            Share::Public | Share::LoggedIn | Share::Authenticated | Share::Project(_) => true,
            Share::Group(group) => reader.groups.contains(group),
            Share::Person(person) => *person == estate.reader,
            Share::UnknownProject => false,
        })
}

fn filter_row(estate: &Estate, filter: &SharedItem, expanded: &str) -> Value {
    let key = &estate.projects[filter.project].key;
    let mut row = json!({
        "expand": "description,owner,jql,viewUrl,searchUrl,favourite,favouritedCount,sharePermissions,\
            editPermissions,isWritable,approximateLastUsed,subscriptions",
        "self": format!("{SITE_ADDRESS}/rest/api/3/filter/{}", filter.id), "id": filter.id.to_string(),
        "name": filter.name,
    });
    for part in expanded.split(',') {
        match part {
            "description" => row["description"] = json!(format!("Work on {key}")),
            "owner" => row["owner"] = account(estate, Who::Person(filter.owner)),
            "jql" => row["jql"] = json!(format!("project = {key} AND resolution IS EMPTY")),
            "sharePermissions" => row["sharePermissions"] = shares(estate, filter, &filter.viewers, 0),
            "editPermissions" => row["editPermissions"] = shares(estate, filter, &filter.editors, 5),
            _ => {}
        }
    }
    row
}

fn dashboard_row(estate: &Estate, dashboard: &SharedItem, expanded: &str) -> Value {
    let id = dashboard.id;
    let mut row = json!({
        "id": id.to_string(), "name": dashboard.name, "self": format!("{SITE_ADDRESS}/rest/api/3/dashboard/{id}"),
        "view": format!("{SITE_ADDRESS}/Dashboard.jspa?selectPageId={id}"), "isFavourite": false, "popularity": 1,
    });
    for part in expanded.split(',') {
        match part {
            "description" => row["description"] = json!(format!("What goes on in {}", dashboard.name)),
            "owner" => row["owner"] = user(estate, dashboard.owner),
            "sharePermissions" => row["sharePermissions"] = shares(estate, dashboard, &dashboard.viewers, 0),
            "editPermissions" => row["editPermissions"] = shares(estate, dashboard, &dashboard.editors, 5),
            _ => {}
        }
    }
    row
}

/// Shares with ids of their own, from `first` on among those of the item.
fn shares(estate: &Estate, item: &SharedItem, shares: &[Share], first: u64) -> Value {
    let numbered = (item.id * 10 + first..).zip(shares);
    numbered.map(|(id, share)| share_row(estate, id, *share)).collect()
}

fn share_row(estate: &Estate, id: u64, share: Share) -> Value {
    match share {
        Share::Public => json!({"id": id, "type": "global"}),
        Share::LoggedIn => json!({"id": id, "type": "loggedin"}),
        Share::Authenticated => json!({"id": id, "type": "authenticated"}),
        Share::UnknownProject => json!({"id": id, "type": "project-unknown"}),
        Share::Person(person) => json!({"id": id, "type": "user", "user": user(estate, person)}),
        Share::Group(group) => {
            let group = &estate.groups[group];
            let link = format!("{SITE_ADDRESS}/rest/api/3/group?groupId={}", group.id);
            json!({"id": id, "type": "group", "group": {"name": group.name, "groupId": group.id, "self": link}})
        }
        Share::Project(project) => {
            let project = &estate.projects[project];
            json!({"id": id, "type": "project", "project": {
                "self": format!("{SITE_ADDRESS}/rest/api/3/project/{}", project.id), "id": project.id.to_string(),
                "key": project.key, "name": project.name, "projectTypeKey": project.kind,
                "simplified": project.team_managed, "avatarUrls": avatars(), "roles": {},
            }})
        }
    }
}

/// A person in the short form, which has no address.
fn user(estate: &Estate, at: usize) -> Value {
    let person = &estate.people[at];
    json!({
        "self": format!("{SITE_ADDRESS}/rest/api/3/user?accountId={}", person.id), "accountId": person.id,
        "active": estate.is_active(Who::Person(at)), "displayName": person.name, "avatarUrls": avatars(), "key": "",
        "name": "",
    })
}
