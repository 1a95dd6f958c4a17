//! The directory of the firm: accounts and groups, which all self-hosted products share.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::endpoints::Host;
use super::super::estate::{Estate, Standing};
use super::super::people::steady;
use super::super::random::Random;
use super::ServerEstate;
use super::access::Rank;

#[derive(Debug, Clone)]
pub(crate) struct ServerAccount {
    /// Place of the person among those of the cloud; machines have none.
    pub(crate) person: Option<usize>,
    pub(crate) number: u64,
    /// The key that Confluence uses.
    pub(crate) confluence_key: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) active: bool,
    /// When it last opened a page in Jira.
    pub(crate) last_login: Option<DateTime<Utc>>,
    pub(crate) time_zone: &'static str,
}

impl ServerAccount {
    /// The key of the account in a product.
    pub(crate) fn key(&self, host: Host) -> String {
        match host {
            Host::ConfluenceDc => self.confluence_key.clone(),
            _ => format!("JIRAUSER{}", self.number),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ServerGroup {
    pub(crate) name: String,
    /// The products that use it, and what it lets its members do there.
    pub(crate) powers: Vec<(Host, Rank)>,
    /// The applications whose seats its members hold.
    pub(crate) seats: Vec<&'static str>,
    /// Places of accounts, in order of joining.
    pub(crate) members: Vec<usize>,
}

/// Groups that every estate has, by place; teams follow.
pub(crate) const JIRA_USERS: usize = 0;
pub(crate) const JIRA_ADMINS: usize = 1;
pub(crate) const JIRA_SYSTEM_ADMINS: usize = 2;
pub(crate) const AGENTS: usize = 3;
pub(crate) const CONFLUENCE_USERS: usize = 4;
pub(crate) const CONFLUENCE_MANAGERS: usize = 5;
pub(crate) const CONFLUENCE_ADMINS: usize = 6;
pub(crate) const FIRST_TEAM: usize = 7;

impl ServerEstate {
    /// What an account may do in a product.
    pub(crate) fn rank(&self, host: Host, account: usize) -> Rank {
        match host {
            Host::BitbucketDc => return self.bitbucket.rank(account),
            Host::Align => return self.align.rank(account),
            _ => {}
        }
        let mine = self.groups.iter().filter(|group| group.members.contains(&account));
        let powers = mine.flat_map(|group| &group.powers).filter(|(place, _)| *place == host).map(|(_, rank)| *rank);
        powers.max().unwrap_or_default().max(Rank::LoggedIn)
    }

    /// Adds an account that belongs to nobody in particular.
    pub(crate) fn add_machine(&mut self, username: &str, name: &str, email: &str, random: &mut Random) -> usize {
        let number = self.next_number();
        self.accounts.push(ServerAccount {
            person: None,
            number,
            confluence_key: confluence_key(number, random),
            username: username.to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
            active: true,
            last_login: None,
            time_zone: "Europe/Berlin",
        });
        self.accounts.len() - 1
    }

    fn next_number(&self) -> u64 {
        10_100 + u64::try_from(self.accounts.len()).expect("internal: few accounts")
    }

    /// The place of a person's account.
    pub(crate) fn account_of(&self, person: usize) -> Option<usize> {
        self.accounts.iter().position(|account| account.person == Some(person))
    }
}

fn confluence_key(number: u64, random: &mut Random) -> String {
    format!("4028d676{:016x}{number:08x}", random.next())
}

/// Fills the directory: the managed people of the cloud without a part there, and the ordinary groups.
pub(crate) fn settle(estate: &mut Estate, random: &mut Random) {
    found_groups(estate);
    let planted: BTreeSet<&String> =
        estate.truth.plants.iter().chain(&estate.truth.harmless).flat_map(|plant| &plant.native).collect();
    let people: Vec<usize> = (0..estate.people.len())
        .filter(|at| estate.people[*at].managed && !estate.reserved.contains(at))
        .filter(|at| !planted.contains(&estate.people[*at].id))
        .collect();
    for person in people {
        enrol(estate, person, random);
    }
    appoint(estate);
}

fn found_groups(estate: &mut Estate) {
    let mut add = |name: &str, powers: &[(Host, Rank)], seats: &[&'static str]| {
        let (name, powers, seats) = (name.to_owned(), powers.to_vec(), seats.to_vec());
        estate.servers.groups.push(ServerGroup { name, powers, seats, members: Vec::new() });
    };
    let (jira, confluence) = (Host::JiraDc, Host::ConfluenceDc);
    add("jira-software-users", &[(jira, Rank::LoggedIn)], &["jira-software"]);
    add("jira-administrators", &[(jira, Rank::Administrator)], &["jira-software"]);
    add("jira-system-administrators", &[(jira, Rank::SystemAdministrator)], &["jira-software"]);
    add("jira-servicedesk-users", &[(jira, Rank::LoggedIn)], &["jira-servicedesk"]);
    add("confluence-users", &[(confluence, Rank::LoggedIn)], &["confluence"]);
    add("confluence-managers", &[(confluence, Rank::Administrator)], &["confluence"]);
    add("confluence-administrators", &[(confluence, Rank::SystemAdministrator)], &["confluence"]);
    for team in ["team-platform", "team-trading", "team-claims", "team R&D/lab"] {
        add(team, &[(jira, Rank::LoggedIn), (confluence, Rank::LoggedIn)], &[]);
    }
}

/// Opens the account of a person, and puts it into the groups that fit.
fn enrol(estate: &mut Estate, at: usize, random: &mut Random) {
    let (person, now) = (&estate.people[at], estate.now);
    let active = matches!(person.standing, Standing::Active | Standing::NotInvited);
    let number = estate.servers.next_number();
    let username = person.email.split('@').next().unwrap_or_default().to_owned();
    let account = ServerAccount {
        person: Some(at),
        number,
        confluence_key: confluence_key(number, random),
        username,
        name: person.name.clone(),
        email: person.email.clone(),
        active,
        last_login: active.then(|| now - TimeDelta::minutes(random.between(60, 25 * 1440))),
        time_zone: person.time_zone,
    };
    let servers = &mut estate.servers;
    let place = servers.accounts.len();
    servers.accounts.push(account);
    servers.groups[JIRA_USERS].members.push(place);
    if random.chance(80) {
        servers.groups[CONFLUENCE_USERS].members.push(place);
    }
    if random.chance(8) {
        servers.groups[AGENTS].members.push(place);
    }
    let team = FIRST_TEAM + random.below(servers.groups.len() - FIRST_TEAM);
    servers.groups[team].members.push(place);
}

/// Names the administrators, all of them people who stay.
fn appoint(estate: &mut Estate) {
    let steady = steady(estate);
    let mut steady = steady.into_iter().filter_map(|person| estate.servers.account_of(person));
    let mut next = || steady.next().expect("internal: some people stay");
    let (root, admin, plain, second, third) = (next(), next(), next(), next(), next());
    let servers = &mut estate.servers;
    servers.readers = [root, admin, plain];
    servers.groups[JIRA_SYSTEM_ADMINS].members.extend([root, second]);
    servers.groups[JIRA_ADMINS].members.extend([root, admin, second, third]);
    servers.groups[CONFLUENCE_ADMINS].members.extend([root, second]);
    servers.groups[CONFLUENCE_MANAGERS].members.extend([admin, third]);
    for account in [root, admin, plain] {
        if !servers.groups[CONFLUENCE_USERS].members.contains(&account) {
            servers.groups[CONFLUENCE_USERS].members.push(account);
        }
    }
}
