//! Jira Align: its users with their roles, its programs, portfolios and teams. The notes on its interface say what
//! is certain; field names follow what public clients rely on.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::endpoints::{Access, Endpoint, Family, Host};
use super::super::estate::{Estate, Standing};
use super::super::exchange::{Ask, Reply};
use super::super::people::{leavers, steady};
use super::super::random::Random;
use super::super::truth::{Drift, Plant};
use super::access::Rank::{self, Administrator, Anybody, LoggedIn, SystemAdministrator};

/// However many rows are wanted, a page has no more.
const MOST: usize = 100;

/// Roles: id, name, and how far they reach. The first two may manage the configuration, and so the connector to Jira.
const ROLES: [(u64, &str, Rank); 5] = [
    (1, "Super Admin", SystemAdministrator),
    (3, "Integration Administrator", SystemAdministrator),
    (4, "Portfolio Manager", Administrator),
    (5, "Program Manager", Administrator),
    (9, "Team Member", LoggedIn),
];

const SUPER_ADMIN: usize = 0;
const INTEGRATION_ADMINISTRATOR: usize = 1;
const PROGRAM_MANAGER: usize = 3;
const TEAM_MEMBER: usize = 4;

/// Everything in Jira Align, at one moment.
#[derive(Debug, Default)]
pub(crate) struct Align {
    users: Vec<AlignUser>,
    /// Whose tokens the simulator hands out: somebody with all powers, a program manager, and a team member.
    pub(crate) readers: [usize; 3],
}

#[derive(Debug, Clone)]
struct AlignUser {
    id: u64,
    /// Place of the person in the cloud.
    person: usize,
    role: usize,
    active: bool,
    locked: bool,
    external: bool,
    created: DateTime<Utc>,
    seen: Option<DateTime<Utc>>,
}

impl Align {
    /// How far the role of a user reaches.
    pub(crate) fn rank(&self, user: usize) -> Rank {
        ROLES[self.users[user].role].2
    }
}

/// Sets Jira Align up: everybody who is managed has a user there; whom nothing happens to is active.
pub(crate) fn found(estate: &mut Estate, random: &mut Random) {
    let steady: HashSet<usize> = steady(estate).into_iter().collect();
    let mut align = Align::default();
    for at in (0..estate.people.len()).filter(|at| estate.people[*at].managed) {
        let id = 7000 + u64::try_from(align.users.len()).expect("internal: few users") * 3;
        let active = steady.contains(&at);
        let idle = if active { random.between(30, 25 * 1440) } else { random.between(200 * 1440, 300 * 1440) };
        align.users.push(AlignUser {
            id,
            person: at,
            role: if active && id % 7 == 3 { PROGRAM_MANAGER } else { TEAM_MEMBER },
            active,
            locked: false,
            external: false,
            created: estate.now - TimeDelta::days(random.between(320, 900)),
            seen: Some(estate.now - TimeDelta::minutes(idle)),
        });
    }
    let mut players: Vec<usize> = (0..align.users.len()).filter(|at| align.users[*at].active).collect();
    players.reverse();
    let mut player = || players.pop().expect("internal: enough people stay");
    align.readers = [player(), player(), player()];
    for (reader, role) in align.readers.into_iter().zip([SUPER_ADMIN, PROGRAM_MANAGER, TEAM_MEMBER]) {
        align.users[reader].role = role;
    }
    plant(estate, &mut align, player);
    estate.servers.align = align;
}

fn native(estate: &Estate, user: &AlignUser) -> Vec<String> {
    vec![user.id.to_string(), estate.people[user.person].id.clone()]
}

fn plant(estate: &mut Estate, align: &mut Align, mut player: impl FnMut() -> usize) {
    let now = estate.now;
    let left: Vec<usize> = leavers(estate)
        .into_iter()
        .filter_map(|person| align.users.iter().position(|user| user.person == person))
        .take(2)
        .collect();
    let [gone, ended] = left[..] else { panic!("internal: at least two managed people left") };
    let last_day = estate.people[align.users[gone].person].deactivated.unwrap_or(now);
    for (user, active) in [(gone, true), (ended, false)] {
        align.users[user].role = SUPER_ADMIN;
        align.users[user].active = active;
        align.users[user].seen = Some(last_day - TimeDelta::days(3));
    }
    let mut note = |name: &str, align: &Align, user: usize, expect: &'static str, words: &str| {
        let native = native(estate, &align.users[user]);
        estate.truth.note(name, "principal", native, expect, words, now).clone()
    };
    let key = "align-configurator-left";
    let words = "Left, and may still change the connector, and read what it logs in to Jira with";
    note("plant-align-configurator-left", align, gone, key, words);
    let words = "Left, had all powers, and is deactivated here, too";
    note("harmless-align-leaver-deactivated", align, ended, key, words);
    let keeper = player();
    align.users[keeper].role = INTEGRATION_ADMINISTRATOR;
    let words = "May change the connector, is still here, and works with it";
    note("harmless-align-configurator-in-office", align, keeper, key, words);

    let key = "align-user-dormant";
    let sleeper = player();
    align.users[sleeper].seen = Some(now - TimeDelta::days(210));
    note("plant-align-user-dormant", align, sleeper, key, "Last logged in 210 days ago, and is active");
    let newcomer = player();
    align.users[newcomer].created = now - TimeDelta::days(5);
    align.users[newcomer].seen = None;
    let _: Plant =
        note("harmless-align-newcomer", align, newcomer, key, "Came five days ago and has not logged in yet");
}

/// Somebody is given a role that may change the connector.
pub(crate) fn pass_night(estate: &mut Estate) {
    let truth = &estate.truth;
    let planted = truth.plants.iter().chain(&truth.harmless).flat_map(|plant| &plant.native);
    let named: HashSet<&String> = planted.chain(truth.drift.iter().flat_map(|drift| &drift.native)).collect();
    let part = |id: &String| named.contains(id);
    let align = &estate.servers.align;
    let chosen = (0..align.users.len()).find(|at| {
        let user = &align.users[*at];
        let person = &estate.people[user.person];
        user.active
            && user.role == TEAM_MEMBER
            && person.standing == Standing::Active
            && !align.readers.contains(at)
            && !part(&user.id.to_string())
            && !part(&person.id)
    });
    let Some(chosen) = chosen else { return };
    estate.servers.align.users[chosen].role = INTEGRATION_ADMINISTRATOR;
    let native = native(estate, &estate.servers.align.users[chosen]);
    estate.truth.drift.push(Drift {
        id: format!("drift-align-role-widened-night-{}", estate.nights),
        what: "changed",
        kind: "principal",
        native,
        description: "Somebody may change the connector to Jira".to_owned(),
        at: estate.now,
    });
}

const fn get(name: &'static str, rank: Rank, path: &'static str, answer: fn(&Estate, &Ask) -> Reply) -> Endpoint {
    Endpoint { name, method: "GET", path, access: Access::Server(Host::Align, rank), answer }
}

/// All endpoints, in lower case: the product does not mind.
pub(crate) const ALIGN: &[Endpoint] = &[
    get("align-whoami", LoggedIn, "/rest/align/api/2/users/whoami", who_am_i),
    get("align-users", Administrator, "/rest/align/api/2/users", users),
    get("align-programs", LoggedIn, "/rest/align/api/2/programs", programs),
    get("align-portfolios", LoggedIn, "/rest/align/api/2/portfolios", portfolios),
    get("align-teams", LoggedIn, "/rest/align/api/2/teams", teams),
    get("align-swagger", Anybody, "/rest/align/api/docs/v2/swagger.json", swagger),
];

fn who_am_i(estate: &Estate, ask: &Ask) -> Reply {
    let user = ask.caller.account.expect("internal: only who logged in comes here");
    Reply::ok(row(estate, &estate.servers.align.users[user]))
}

fn users(estate: &Estate, ask: &Ask) -> Reply {
    let wanted = match ask.parameter("$filter").map(str::trim) {
        None | Some("") => None,
        Some("isActive eq true") => Some(true),
        Some("isActive eq false") => Some(false),
        Some(_) => return Reply::refusal(Family::Align, 400, "The filter is not understood"),
    };
    let users = &estate.servers.align.users;
    let found = estate.listing(&format!("users of Align by {wanted:?}"), || {
        (0..users.len()).filter(|at| wanted.is_none_or(|active| users[*at].active == active)).collect()
    });
    page(ask, &found, |at| row(estate, &users[*at]))
}

fn row(estate: &Estate, user: &AlignUser) -> Value {
    let person = &estate.people[user.person];
    let (first, last) = person.name.split_once(' ').unwrap_or((&person.name, ""));
    let (role, title, _) = ROLES[user.role];
    json!({
        "id": user.id, "uid": format!("align-{}", user.id), "fullName": person.name, "firstName": first,
        "lastName": last, "email": person.email, "roleId": role, "title": title, "isActive": user.active,
        "isExternal": user.external, "isLocked": user.locked, "lastLoginDate": user.seen.map(moment),
        "createDate": moment(user.created), "lastUpdatedDate": moment(user.created), "divisionId": 2,
        "costCenterId": null, "teamId": 30, "externalId": null,
    })
}

fn programs(_estate: &Estate, ask: &Ask) -> Reply {
    let rows: Vec<Value> = (0_u64..4)
        .map(|number| json!({"id": 20 + number, "title": format!("Program {}", number + 1), "portfolioId": 10, "isActive": true}))
        .collect();
    page(ask, &rows, Value::clone)
}

fn portfolios(_estate: &Estate, ask: &Ask) -> Reply {
    page(ask, &[json!({"id": 10, "title": "Core business", "isActive": true})], Value::clone)
}

fn teams(_estate: &Estate, ask: &Ask) -> Reply {
    let rows: Vec<Value> = (0_u64..9)
        .map(|number| {
            json!({"id": 30 + number, "title": format!("Team {}", number + 1), "programIds": [20 + number % 4],
            "type": "Agile", "isActive": true})
        })
        .collect();
    page(ask, &rows, Value::clone)
}

fn swagger(_estate: &Estate, _ask: &Ask) -> Reply {
    let paths = ["Users", "Users/WhoAmI", "Programs", "Portfolios", "Teams"];
    let paths = paths.into_iter().map(|name| (format!("/rest/align/api/2/{name}"), json!({"get": {"tags": [name]}})));
    Reply::ok(json!({
        "openapi": "3.0.1", "info": {"title": "Jira Align API", "version": "2.0"},
        "paths": paths.collect::<serde_json::Map<String, Value>>(),
    }))
}

/// A bare list: so many rows behind so many others.
fn page<T>(ask: &Ask, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
    let number = |name: &str, usual: usize| ask.parameter(name).map_or(Ok(usual), str::parse::<usize>);
    let (Ok(top), Ok(skip)) = (number("$top", MOST), number("$skip", 0)) else {
        return Reply::refusal(Family::Align, 400, "$top and $skip must be numbers");
    };
    let (top, skip) = (top.clamp(1, MOST), if ask.stuck { 0 } else { skip });
    let rows: Vec<Value> = all.iter().skip(skip).take(top).map(row).collect();
    Reply { page: skip / top + 1, ..Reply::ok(Value::Array(rows)) }
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
