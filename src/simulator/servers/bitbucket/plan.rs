//! A self-hosted Bitbucket as careful administrators would keep it. What is wrong is planted on top, see `plants`.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::super::estate::Estate;
use super::super::super::names;
use super::super::super::random::Random;
use super::super::release::Release;
use super::{
    AccessKey, Bitbucket, Client, Event, Grant, Grantee, Group, Licence, Place, Project, Repository, SshKey, Token,
    User, UserKey, Webhook,
};

/// Places of the groups that every instance has; team groups follow.
pub(super) const USERS: usize = 0;
pub(super) const DEVELOPERS: usize = 1;
pub(super) const ADMINS: usize = 2;
pub(super) const SYSTEM_ADMINS: usize = 3;
const FIRST_TEAM: usize = 4;
const TEAMS: usize = 5;

/// Places of the users who may ask: a system administrator, an administrator, and somebody without rights.
pub(super) const READERS: [usize; 3] = [0, 1, 2];

/// However large the organisation is, not more people than that work with code.
const MOST_PEOPLE: usize = 400;

/// Founds an instance: a sane one first, then the planted situations and their look-alikes.
pub(crate) fn found(estate: &mut Estate, random: &mut Random) {
    let mut bitbucket = Bitbucket { next_number: 100, ..Bitbucket::default() };
    bitbucket.installation.release = Release::of("8.19").expect("internal: it is a version");
    bitbucket.installation.blocks_basic = true;
    settle(estate, &mut bitbucket, random);
    lay_out(&mut bitbucket, random);
    hand_out_tokens(&mut bitbucket, estate.now, random);
    hand_out_keys(&mut bitbucket, estate.now, random);
    set_webhooks(&mut bitbucket, estate.now, random);
    let admin = 1;
    for (name, redirect, scope) in [
        ("Code search", "https://search.acme.example/oauth", "REPO_READ"),
        ("Review dashboard", "https://reviews.acme.example/callback", "PUBLIC_REPOS"),
    ] {
        let secret = format!("planted-client-secret-{:016x}", random.next());
        let (id, client_id) = (random.uuid(), format!("{:016x}", random.next()));
        bitbucket.clients.push(Client { id, client_id, secret, name, redirect, user: admin, scope });
    }
    super::plants::plant(estate, &mut bitbucket, random);
    buy(estate, &mut bitbucket, random);
    bitbucket.login_secret = format!("planted-login-secret-{:016x}", random.next());
    super::plants::plant_licence(estate, &bitbucket);
    log(&mut bitbucket, estate.now, random);
    let secrets = bitbucket.webhooks.iter().filter_map(|hook| hook.secret.clone());
    estate.servers.secrets.extend(secrets);
    estate.servers.secrets.extend(bitbucket.clients.iter().map(|client| client.secret.clone()));
    estate.servers.secrets.extend([bitbucket.licence.text.clone(), bitbucket.login_secret.clone()]);
    estate.servers.bitbucket = bitbucket;
}

/// Brings in people of the directory, the three who may ask first, and machines.
fn settle(estate: &mut Estate, bitbucket: &mut Bitbucket, random: &mut Random) {
    for name in ["bitbucket-users", "developers", "bitbucket-administrators", "bitbucket-system-administrators"] {
        bitbucket.groups.push(Group { name: name.to_owned(), members: Vec::new() });
    }
    for team in names::TEAMS.iter().take(TEAMS) {
        bitbucket.groups.push(Group { name: format!("team-{team}"), members: Vec::new() });
    }
    for (group, permission) in
        [(USERS, "LICENSED_USER"), (DEVELOPERS, "PROJECT_CREATE"), (ADMINS, "ADMIN"), (SYSTEM_ADMINS, "SYS_ADMIN")]
    {
        bitbucket.global.push(Grant { to: Grantee::Group(group), permission });
    }
    let readers = estate.servers.readers;
    let accounts = &estate.servers.accounts;
    let works = |at: &usize| accounts[*at].person.is_some() && accounts[*at].active && !readers.contains(at);
    let people: Vec<usize> = readers.into_iter().chain((0..accounts.len()).filter(works)).take(MOST_PEOPLE).collect();
    for (number, account) in people.into_iter().enumerate() {
        let user = person(estate, bitbucket, account, random);
        bitbucket.groups[USERS].members.push(user);
        if number % 5 != 2 {
            bitbucket.groups[DEVELOPERS].members.push(user);
            bitbucket.groups[FIRST_TEAM + number % TEAMS].members.push(user);
        }
    }
    bitbucket.groups[SYSTEM_ADMINS].members.push(0);
    bitbucket.groups[ADMINS].members.extend([1, 3]);
    for (name, title) in
        [("svc.CI@build", "Build runner"), ("svc-sonar", "Code quality"), ("svc-renovate", "Dependency updates")]
    {
        let user = machine(bitbucket, name, title, estate.now);
        bitbucket.groups[USERS].members.push(user);
    }
}

/// A person of the directory; tells their place.
pub(super) fn person(estate: &Estate, bitbucket: &mut Bitbucket, account: usize, random: &mut Random) -> usize {
    let known = &estate.servers.accounts[account];
    let seen = estate.now - TimeDelta::minutes(random.between(20, 20 * 1440));
    add_user(bitbucket, &known.username, &known.name, &known.email, |user| {
        user.account = Some(account);
        user.active = known.active;
        user.seen = known.active.then_some(seen);
    })
}

/// An account of a machine in the internal directory; it never logs in to a page.
pub(super) fn machine(bitbucket: &mut Bitbucket, name: &str, title: &str, now: DateTime<Utc>) -> usize {
    let email = format!("{}@acme.example", name.to_lowercase());
    add_user(bitbucket, name, title, &email, |user| {
        user.directory = "Bitbucket Internal Directory";
        user.seen = Some(now - TimeDelta::hours(3));
    })
}

/// Somebody who left.
pub(super) fn leaver(bitbucket: &mut Bitbucket, name: &str, title: &str, seen: DateTime<Utc>) -> usize {
    add_user(bitbucket, name, title, &format!("{name}@acme.example"), |user| {
        user.active = false;
        user.seen = Some(seen);
    })
}

/// The user that Bitbucket makes to act for a project or repository.
pub(super) fn service_user(bitbucket: &mut Bitbucket, token: &str, title: &str) -> usize {
    add_user(bitbucket, &format!("access-token-user/{token}"), title, "", |user| {
        user.service = true;
        user.directory = "Bitbucket Internal Directory";
    })
}

fn add_user(bitbucket: &mut Bitbucket, name: &str, title: &str, email: &str, change: impl FnOnce(&mut User)) -> usize {
    let mut user = User {
        id: 1000 + bitbucket.number(),
        account: None,
        name: name.to_owned(),
        title: title.to_owned(),
        email: email.to_owned(),
        active: true,
        service: false,
        directory: "Active Directory",
        seen: None,
    };
    change(&mut user);
    bitbucket.users.push(user);
    bitbucket.users.len() - 1
}

/// Lays out projects and repositories, each in the hands of a team.
fn lay_out(bitbucket: &mut Bitbucket, random: &mut Random) {
    let people = bitbucket.groups[DEVELOPERS].members.clone();
    for (number, work) in names::WORKS.iter().take(9).enumerate() {
        let key: String = work.chars().take(4).collect::<String>().to_uppercase();
        let team = FIRST_TEAM + number % TEAMS;
        let lead = people[(number + 1) % people.len()];
        let project = add_project(bitbucket, &key, work, None);
        bitbucket.projects[project].grants = vec![
            Grant { to: Grantee::Group(team), permission: "PROJECT_WRITE" },
            Grant { to: Grantee::Group(DEVELOPERS), permission: "PROJECT_READ" },
            Grant { to: Grantee::User(lead), permission: "PROJECT_ADMIN" },
        ];
        for part in ["api", "web", "jobs", "docs"].into_iter().take(2 + number % 3) {
            let name = format!("{work} {part}");
            let repository = add_repository(bitbucket, project, &name, None);
            let guest = people[random.below(people.len())];
            bitbucket.repositories[repository].grants.push(Grant { to: Grantee::User(guest), permission: "REPO_READ" });
        }
    }
    let last = bitbucket.repositories.len() - 1;
    bitbucket.repositories[last].archived = true;
    let owner = people[2 % people.len()];
    let key = format!("~{}", Bitbucket::slug(&bitbucket.users[owner]).to_uppercase());
    let title = bitbucket.users[owner].title.clone();
    let own = add_project(bitbucket, &key, &title, Some(owner));
    add_repository(bitbucket, own, "Billing api", Some(0));
}

fn add_project(bitbucket: &mut Bitbucket, key: &str, name: &str, owner: Option<usize>) -> usize {
    let id = 2000 + bitbucket.number();
    let (key, name) = (key.to_owned(), name.to_owned());
    let (public, default_permission, grants) = (false, None, Vec::new());
    bitbucket.projects.push(Project { id, key, name, owner, public, default_permission, grants });
    bitbucket.projects.len() - 1
}

/// Adds a private repository; tells its place.
pub(super) fn add_repository(bitbucket: &mut Bitbucket, project: usize, name: &str, origin: Option<usize>) -> usize {
    let id = 3000 + bitbucket.number();
    bitbucket.repositories.push(Repository {
        id,
        slug: name.to_lowercase().replace(' ', "-"),
        name: name.to_owned(),
        project,
        public: false,
        archived: false,
        origin,
        exempt: false,
        grants: Vec::new(),
    });
    bitbucket.repositories.len() - 1
}

/// Tokens that end, are used, and may no more than they need.
fn hand_out_tokens(bitbucket: &mut Bitbucket, now: DateTime<Utc>, random: &mut Random) {
    for user in bitbucket.groups[DEVELOPERS].members.clone().into_iter().filter(|user| user % 3 == 1) {
        let name = random.pick(names::OWN_LABELS);
        add_token(bitbucket, Place::User(user), name, now, random);
    }
    let reader = add_token(bitbucket, Place::User(0), "audit reading", now, random);
    bitbucket.tokens[reader].used = Some(now - TimeDelta::hours(1));
    for (project, name) in [(0, "release notes"), (1, "status page")] {
        add_token(bitbucket, Place::Project(project), name, now, random);
    }
    for repository in 0..bitbucket.repositories.len() {
        if repository % 4 == 2 {
            add_token(bitbucket, Place::Repository(repository), "badge", now, random);
        }
    }
}

/// Adds a token that may read and write code, was made lately for 120 days, and is used; tells its place.
pub(super) fn add_token(
    bitbucket: &mut Bitbucket,
    of: Place,
    name: &str,
    now: DateTime<Utc>,
    random: &mut Random,
) -> usize {
    let id = format!("{:012}", random.below(899_999_999_999) + 100_000_000_000);
    let user = match of {
        Place::User(user) => user,
        Place::Project(_) | Place::Repository(_) => service_user(bitbucket, &id, name),
    };
    let permissions = match of {
        Place::Repository(_) => vec!["REPO_READ"],
        Place::Project(_) => vec!["PROJECT_READ", "REPO_READ"],
        Place::User(_) => vec!["PROJECT_READ", "REPO_WRITE"],
    };
    bitbucket.tokens.push(Token {
        id,
        name: name.to_owned(),
        of,
        user,
        created: now - TimeDelta::minutes(random.between(10 * 1440, 60 * 1440)),
        days: Some(120),
        used: Some(now - TimeDelta::minutes(random.between(30, 9 * 1440))),
        permissions,
    });
    bitbucket.tokens.len() - 1
}

fn hand_out_keys(bitbucket: &mut Bitbucket, now: DateTime<Utc>, random: &mut Random) {
    for owner in bitbucket.groups[DEVELOPERS].members.clone().into_iter().filter(|user| user % 2 == 0) {
        let key = ssh_key(bitbucket, random.pick(names::OWN_LABELS), now, random);
        bitbucket.ssh_keys.push(UserKey { key, owner });
    }
    let key = ssh_key(bitbucket, "mirror", now, random);
    bitbucket.access_keys.push(AccessKey { key, on: Place::Project(2), permission: "PROJECT_READ" });
    for repository in 0..bitbucket.repositories.len() {
        if repository % 5 == 1 {
            let key = ssh_key(bitbucket, "deploy", now, random);
            bitbucket.access_keys.push(AccessKey { key, on: Place::Repository(repository), permission: "REPO_READ" });
        }
    }
}

/// A key that was made lately for a year, and is used.
pub(super) fn ssh_key(bitbucket: &mut Bitbucket, label: &str, now: DateTime<Utc>, random: &mut Random) -> SshKey {
    let body: String = (0..6).map(|_| format!("{:08x}", random.next() & 0xFFFF_FFFF)).collect();
    let print: Vec<String> = (0..16).map(|_| format!("{:02x}", random.next() & 0xFF)).collect();
    SshKey {
        id: 4000 + bitbucket.number(),
        label: label.to_owned(),
        text: format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5{body} {}", label.replace(' ', "-")),
        fingerprint: print.join(":"),
        created: now - TimeDelta::minutes(random.between(40 * 1440, 250 * 1440)),
        days: Some(365),
        used: Some(now - TimeDelta::minutes(random.between(30, 15 * 1440))),
    }
}

fn set_webhooks(bitbucket: &mut Bitbucket, now: DateTime<Utc>, random: &mut Random) {
    for (name, url, on) in [
        ("Chat", "https://hooks.chat.example/bitbucket", Place::Project(0)),
        ("Builds", "https://builds.acme.example/bitbucket", Place::Project(1)),
        ("Builds", "https://builds.acme.example/bitbucket", Place::Repository(0)),
        ("Quality", "https://quality.acme.example/hooks/push", Place::Repository(3)),
    ] {
        let webhook = webhook(bitbucket, name, url, on, now, random);
        bitbucket.webhooks.push(webhook);
    }
}

/// A webhook that is switched on, signs what it sends, and checks its receiver.
pub(super) fn webhook(
    bitbucket: &mut Bitbucket,
    name: &str,
    url: &str,
    on: Place,
    now: DateTime<Utc>,
    random: &mut Random,
) -> Webhook {
    Webhook {
        id: 5000 + bitbucket.number(),
        name: name.to_owned(),
        url: url.to_owned(),
        on,
        active: true,
        verifies: true,
        secret: Some(format!("planted-hook-secret-{:016x}", random.next())),
        created: now - TimeDelta::minutes(random.between(30 * 1440, 300 * 1440)),
    }
}

/// The licence has room for two more users: that is planted.
fn buy(estate: &Estate, bitbucket: &mut Bitbucket, random: &mut Random) {
    let key: String = (0..8).map(|_| format!("{:016X}", random.next())).collect();
    bitbucket.licence = Licence {
        text: format!("AAABplanted{key}=X02hh"),
        server: format!(
            "B{:03X}-{:04X}-{:04X}-{:04X}",
            random.below(4096),
            random.below(65536),
            random.below(65536),
            random.below(65536)
        ),
        most_users: bitbucket.licensed() + 2,
        bought: estate.now - TimeDelta::days(110),
        ends: estate.now + TimeDelta::days(255),
    };
}

fn log(bitbucket: &mut Bitbucket, now: DateTime<Utc>, random: &mut Random) {
    let actors = [0, 1];
    for number in 0..60 {
        let at = now - TimeDelta::minutes(30 + number * 97 + random.between(0, 60));
        let author = actors[random.below(2)];
        let repository = &bitbucket.repositories[random.below(bitbucket.repositories.len())];
        let on = (repository.name.clone(), "REPOSITORY", repository.id.to_string());
        let action = random.pick(&ACTIONS);
        bitbucket.events.push(Event { at, author, action, on });
    }
    bitbucket.events.reverse();
}

const ACTIONS: [[&str; 4]; 3] = [
    [
        "bitbucket.service.audit.category.permissions",
        "Permissions",
        "bitbucket.service.repository.audit.action.repositorypermissiongranted",
        "Repository permission granted",
    ],
    [
        "bitbucket.service.audit.category.repositories",
        "Repositories",
        "bitbucket.service.repository.audit.action.repositorycreated",
        "Repository created",
    ],
    [
        "bitbucket.service.audit.category.usersandgroups",
        "Users and groups",
        "bitbucket.service.user.audit.action.groupmembershipcreated",
        "Group membership created",
    ],
];

/// Adds an event that happened now, to a user, project or repository.
pub(super) fn note_event(
    bitbucket: &mut Bitbucket,
    at: DateTime<Utc>,
    author: usize,
    on: (String, &'static str, String),
) {
    bitbucket.events.push(Event { at, author, action: ACTIONS[0], on });
}

/// People with nothing of their own here so far: no token, no key, no project of their own, no power.
pub(super) fn plain_people(bitbucket: &Bitbucket) -> Vec<usize> {
    let taken: BTreeSet<usize> = bitbucket
        .tokens
        .iter()
        .map(|token| token.user)
        .chain(bitbucket.ssh_keys.iter().map(|key| key.owner))
        .chain(bitbucket.holders(&["ADMIN", "SYS_ADMIN"]))
        .chain(bitbucket.projects.iter().filter_map(|project| project.owner))
        .chain(READERS)
        .collect();
    let people = bitbucket.users.iter().enumerate();
    let people = people.filter(|(_, user)| user.active && user.account.is_some());
    people.map(|(at, _)| at).filter(|at| !taken.contains(at)).collect()
}
