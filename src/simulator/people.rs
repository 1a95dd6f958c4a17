//! Who is in the estate: people, apps, customers, and the groups they belong to.
//! Whatever is made here is sane; oddities are planted later, on the people that [`cast`] sets aside.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::estate::{
    ADDONS, AGENTS, App, CONFLUENCE_USERS, CONTRACTORS, Customer, Estate, FIRST_TEAM, Group, JIRA_ADMINS, JIRA_USERS,
    ORG_ADMINS, Person, SITE_ADMINS, Standing, Who,
};
use super::names;
use super::random::Random;

/// How many people are set aside for plants and look-alikes.
const CAST: usize = 45;

/// Fills the estate with people, apps, customers and groups.
pub(super) fn settle(estate: &mut Estate, accounts: usize, random: &mut Random) {
    let mut taken = BTreeMap::new();
    for _ in 0..accounts {
        let person = person(estate, random, &mut taken);
        estate.people.push(person);
    }
    apps(estate, random);
    customers(estate, accounts, random);
    groups(estate, accounts, random);
    for at in 0..estate.people.len() {
        enrol(estate, at, random);
    }
    for at in 0..estate.apps.len() {
        if estate.apps[at].app_type == "unknown" {
            estate.join(Who::App(at), ADDONS);
        }
    }
}

/// Sets people aside for the plants: active, managed and on a seat. They get no ordinary part.
pub(super) fn cast(estate: &mut Estate, random: &mut Random) -> Vec<usize> {
    let mut eligible: Vec<usize> = (0..estate.people.len())
        .filter(|at| {
            let person = &estate.people[*at];
            person.managed && person.holds_seat(0)
        })
        .collect();
    random.shuffle(&mut eligible);
    eligible.truncate(CAST);
    estate.reserved.extend(&eligible);
    let reader = eligible.pop().expect("internal: the smallest estate has people enough");
    estate.reader = reader;
    estate.people[reader].platform_roles.push("atlassian/site-admin");
    estate.join(Who::Person(reader), JIRA_ADMINS);
    estate.join(Who::Person(reader), SITE_ADMINS);
    let steward = eligible.pop().expect("internal: the smallest estate has people enough");
    estate.steward = steward;
    estate.people[steward].platform_roles.push("atlassian/org-admin");
    estate.join(Who::Person(steward), ORG_ADMINS);
    for _ in 0..2 {
        let admin = eligible.pop().expect("internal: the smallest estate has people enough");
        estate.join(Who::Person(admin), JIRA_ADMINS);
    }
    eligible
}

/// Active managed people without a part whom no night deactivates: project leads, and people without a token.
pub(super) fn steady(estate: &Estate) -> Vec<usize> {
    let leads: BTreeSet<usize> = estate.projects.iter().map(|project| project.lead).collect();
    let owners: BTreeSet<usize> = estate.tokens.iter().map(|token| token.owner).collect();
    (0..estate.people.len())
        .filter(|at| {
            let person = &estate.people[*at];
            person.managed && person.standing == Standing::Active && !estate.reserved.contains(at)
        })
        .filter(|at| leads.contains(at) || !owners.contains(at))
        .collect()
}

/// Deactivated people, those without a part first. The plants see to it that there are some.
pub(super) fn leavers(estate: &Estate) -> Vec<usize> {
    let mut leavers: Vec<usize> =
        (0..estate.people.len()).filter(|at| estate.people[*at].standing == Standing::Deactivated).collect();
    leavers.sort_by_key(|at| estate.reserved.contains(at));
    leavers
}

/// The place of somebody whom a plant gave a name of their own.
pub(super) fn called(estate: &Estate, name: &str) -> usize {
    let named = estate.people.iter().position(|person| person.name == name);
    named.expect("internal: the plants named somebody so")
}

fn person(estate: &Estate, random: &mut Random, taken: &mut BTreeMap<String, usize>) -> Person {
    let (first, last) = (random.pick(names::FIRST), random.pick(names::LAST));
    let managed = !random.chance(6);
    let standing = match random.below(1000) {
        0..30 if managed => Standing::Suspended,
        30..80 if managed => Standing::Deactivated,
        80..95 if managed => Standing::NotInvited,
        95..100 if managed => Standing::ForDeletion,
        _ => Standing::Active,
    };
    let domain = if managed { "acme.example" } else { random.pick(names::OUTSIDE) };
    let gone = matches!(standing, Standing::Deactivated | Standing::ForDeletion);
    let added = estate.now - TimeDelta::minutes(random.between(400, 2000) * 1440 + random.between(0, 1439));
    let left_days = if standing == Standing::Active { 0 } else { random.between(2, 160) };
    let last_seen = |random: &mut Random| {
        let days = left_days + random.between(0, 30);
        Some(estate.now - TimeDelta::minutes(days * 1440 + random.between(5, 1200)))
    };
    Person {
        id: random.account_id(),
        name: format!("{first} {last}"),
        email: format!("{}@{domain}", mailbox(first, last, taken)),
        hides_email: random.chance(if managed { 15 } else { 50 }),
        managed,
        standing,
        added,
        deactivated: gone.then(|| estate.now - TimeDelta::days(left_days)),
        mfa: managed,
        synced: random.chance(70),
        platform_roles: Vec::new(),
        seen_in_jira: if standing == Standing::NotInvited { None } else { last_seen(random) },
        seen_in_confluence: if random.chance(60) { last_seen(random) } else { None },
        groups: Vec::new(),
        department: random.pick(names::DEPARTMENTS),
        job: random.pick(names::JOBS),
        time_zone: random.pick(names::TIME_ZONES),
    }
}

/// A mailbox name nobody else has.
fn mailbox(first: &str, last: &str, taken: &mut BTreeMap<String, usize>) -> String {
    let plain: String = format!("{first}.{last}").to_lowercase().chars().filter(char::is_ascii).collect();
    let count = taken.entry(plain.clone()).or_default();
    *count += 1;
    if *count == 1 { plain } else { format!("{plain}{count}") }
}

fn apps(estate: &mut Estate, random: &mut Random) {
    let installed = [
        ("Automation for Jira", true),
        ("Tempo Timesheets", true),
        ("draw.io Diagrams", true),
        ("Slack for Jira", true),
        ("Old Gantt Chart", false),
        ("Retired Time Tracker", false),
    ];
    for (name, active) in installed {
        estate.apps.push(App { id: random.account_id(), name: name.to_owned(), app_type: "unknown", active });
    }
}

fn customers(estate: &mut Estate, accounts: usize, random: &mut Random) {
    for number in 0..(accounts / 20).max(5) {
        let (first, last) = (random.pick(names::FIRST), random.pick(names::LAST));
        estate.customers.push(Customer {
            id: format!("qm:{}:{}", random.uuid(), random.uuid()),
            name: format!("{first} {last}"),
            email: format!("client{number}@customer.example"),
        });
    }
}

fn groups(estate: &mut Estate, accounts: usize, random: &mut Random) {
    let mut add = |name: &str, description: &str, external: bool, access: &[(&'static str, &'static str)]| {
        let (id, name, description) = (random.uuid(), name.to_owned(), description.to_owned());
        estate.groups.push(Group { id, name, description, external, members: Vec::new(), access: access.to_vec() });
    };
    add("jira-users", "Everybody who works in Jira", false, &[("jira-software", "atlassian/user")]);
    add("confluence-users", "Everybody who works in Confluence", false, &[("confluence", "atlassian/user")]);
    add("jsm-agents", "Agents of the service desk", false, &[("jira-servicedesk", "atlassian/user")]);
    add("jira-admins", "Administrators of Jira", false, &[("jira-software", "atlassian/admin")]);
    add("org-admins", "Administrators of the organisation", false, &[("platform", "atlassian/org-admin")]);
    add("site-admins", "Left over from the old user management; grants nothing", false, &[]);
    add("contractors", "People of other firms", false, &[]);
    add("atlassian-addons-admin", "Accounts of installed apps", false, &[]);
    for number in 0..(accounts / 15).max(4) {
        let team = names::TEAMS[number % names::TEAMS.len()];
        let name = match number / names::TEAMS.len() {
            0 => format!("team-{team}"),
            round => format!("team-{team}-{}", round + 1),
        };
        add(&name, "", number % 3 == 0, &[]);
    }
}

/// Puts one person into the groups that fit.
fn enrol(estate: &mut Estate, at: usize, random: &mut Random) {
    if estate.people[at].standing == Standing::NotInvited {
        return;
    }
    let who = Who::Person(at);
    if random.chance(92) {
        estate.join(who, JIRA_USERS);
    }
    if estate.people[at].seen_in_confluence.is_some() {
        estate.join(who, CONFLUENCE_USERS);
    }
    if random.chance(8) {
        estate.join(who, AGENTS);
    }
    if estate.people[at].managed {
        let teams = estate.groups.len() - FIRST_TEAM;
        let team = FIRST_TEAM + random.below(teams);
        estate.join(who, team);
    } else {
        estate.join(who, CONTRACTORS);
    }
}
