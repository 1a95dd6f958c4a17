//! The directory of the firm: accounts and groups, which all self-hosted products share.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::super::endpoints::Host;
use super::super::estate::{Estate, Standing};
use super::super::names;
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
    /// Places of the groups that it is itself in. Only groups that Confluence alone uses are in others.
    pub(crate) inside: Vec<usize>,
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
const TEAMS: usize = 4;
/// A group with a stroke in its name, which only Jira uses.
const LAB: usize = FIRST_TEAM + TEAMS;
pub(crate) const FIRST_GUILD: usize = LAB + 1;
/// Groups of few people without a part, so many that a picker does not show all groups at once.
pub(crate) const GUILDS: usize = 12;

impl ServerGroup {
    pub(crate) fn is_used_by(&self, host: Host) -> bool {
        self.powers.iter().any(|(place, _)| *place == host)
    }

    /// What it lets its members do in a product.
    pub(crate) fn power(&self, host: Host) -> Rank {
        let power = self.powers.iter().find(|(place, _)| *place == host);
        power.map(|(_, rank)| *rank).unwrap_or_default()
    }

    /// The applications of Jira whose seats its members hold.
    pub(crate) fn jira_seats(&self) -> Vec<&'static str> {
        self.seats.iter().copied().filter(|key| key.starts_with("jira-")).collect()
    }
}

impl ServerEstate {
    /// Everybody in a group, and in the groups inside it.
    pub(crate) fn all_in(&self, group: usize) -> BTreeSet<usize> {
        let mut members: BTreeSet<usize> = self.groups[group].members.iter().copied().collect();
        for inner in (0..self.groups.len()).filter(|inner| self.groups[*inner].inside.contains(&group)) {
            members.extend(self.all_in(inner));
        }
        members
    }

    /// Active accounts that hold a seat of an application, in order.
    pub(crate) fn seated(&self, application: &str) -> Vec<usize> {
        let groups = (0..self.groups.len()).filter(|group| self.groups[*group].seats.contains(&application));
        let members: BTreeSet<usize> = groups.flat_map(|group| self.all_in(group)).collect();
        members.into_iter().filter(|place| self.accounts[*place].active).collect()
    }

    pub(crate) fn seats_used(&self, application: &str) -> usize {
        self.seated(application).len()
    }

    /// Whether an account is in a group, or in one inside it.
    pub(crate) fn is_in(&self, account: usize, group: usize) -> bool {
        self.groups[group].members.contains(&account)
            || (0..self.groups.len())
                .any(|inner| self.groups[inner].inside.contains(&group) && self.is_in(account, inner))
    }

    /// Puts an account into a group.
    pub(crate) fn join(&mut self, account: usize, group: usize) {
        if !self.groups[group].members.contains(&account) {
            self.groups[group].members.push(account);
        }
    }

    /// What an account may do in a product.
    pub(crate) fn rank(&self, host: Host, account: usize) -> Rank {
        match host {
            Host::BitbucketDc => return self.bitbucket.rank(account),
            Host::Align => return self.align.rank(account),
            _ => {}
        }
        // Groups that let in everybody have many members, and give no rank.
        let strong = (0..self.groups.len()).filter(|group| self.groups[*group].power(host) > Rank::LoggedIn);
        let mine = strong.filter(|group| self.is_in(account, *group));
        mine.map(|group| self.groups[group].power(host)).max().unwrap_or(Rank::LoggedIn)
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
}

fn confluence_key(number: u64, random: &mut Random) -> String {
    format!("4028d676{:016x}{number:08x}", random.next())
}

/// Fills the directory: the managed people of the cloud without a part there, and the ordinary groups. Tells the
/// accounts of people who stay and have no part so far.
pub(crate) fn settle(estate: &mut Estate, random: &mut Random) -> Vec<usize> {
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
    let steady = steady(estate);
    let accounts = &estate.servers.accounts;
    let places: HashMap<Option<usize>, usize> =
        accounts.iter().enumerate().map(|(place, account)| (account.person, place)).collect();
    let steady: Vec<usize> = steady.into_iter().filter_map(|person| places.get(&Some(person)).copied()).collect();
    let (administrators, rest) = steady.split_at(5);
    appoint(&mut estate.servers, administrators);
    rest.to_vec()
}

fn found_groups(estate: &mut Estate) {
    let mut add = |name: &str, powers: &[(Host, Rank)], seats: &[&'static str]| {
        let (name, powers, seats) = (name.to_owned(), powers.to_vec(), seats.to_vec());
        estate.servers.groups.push(ServerGroup { name, powers, seats, members: Vec::new(), inside: Vec::new() });
    };
    let (jira, confluence) = (Host::JiraDc, Host::ConfluenceDc);
    add("jira-software-users", &[(jira, Rank::LoggedIn)], &["jira-software"]);
    add("jira-administrators", &[(jira, Rank::Administrator)], &["jira-software"]);
    add("jira-system-administrators", &[(jira, Rank::SystemAdministrator)], &["jira-software"]);
    add("jira-servicedesk-users", &[(jira, Rank::LoggedIn)], &["jira-servicedesk"]);
    add("confluence-users", &[(confluence, Rank::LoggedIn)], &["confluence"]);
    add("confluence-managers", &[(confluence, Rank::Administrator)], &["confluence"]);
    add("confluence-administrators", &[(confluence, Rank::SystemAdministrator)], &["confluence"]);
    for team in ["team-platform", "team-trading", "team-claims", "team R&D"] {
        add(team, &[(jira, Rank::LoggedIn), (confluence, Rank::LoggedIn)], &[]);
    }
    add("lab/north", &[(jira, Rank::LoggedIn)], &[]);
    for guild in names::TEAMS.iter().take(GUILDS) {
        add(&format!("guild-{guild}"), &[(jira, Rank::LoggedIn)], &[]);
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
    let team = FIRST_TEAM + random.below(TEAMS);
    servers.groups[team].members.push(place);
    if random.chance(5) {
        servers.groups[LAB].members.push(place);
    }
}

/// Names the administrators: two of the system, two of the products, and the person without rights.
fn appoint(servers: &mut ServerEstate, people: &[usize]) {
    let [root, admin, plain, second, third] = people else { unreachable!("internal: five were set aside") };
    servers.readers = [*root, *admin, *plain];
    for account in [root, second] {
        servers.join(*account, JIRA_SYSTEM_ADMINS);
        servers.join(*account, CONFLUENCE_ADMINS);
    }
    for account in [admin, third] {
        servers.join(*account, JIRA_ADMINS);
        servers.join(*account, CONFLUENCE_MANAGERS);
    }
    for account in people {
        servers.join(*account, CONFLUENCE_USERS);
    }
}

/// Active accounts of people without any part: neither administrators nor those set aside for plants.
pub(crate) fn without_part(estate: &Estate, set_aside: &[usize]) -> Vec<usize> {
    let servers = &estate.servers;
    let set_aside: HashSet<&usize> = set_aside.iter().collect();
    (0..servers.accounts.len())
        .filter(|place| servers.accounts[*place].active && !set_aside.contains(place))
        .filter(|place| {
            [Host::JiraDc, Host::ConfluenceDc].iter().all(|host| servers.rank(*host, *place) == Rank::LoggedIn)
        })
        .filter(|place| !servers.readers.contains(place))
        .collect()
}

/// Puts three people without a part into each guild.
pub(crate) fn gather_guilds(servers: &mut ServerEstate, people: &[usize]) {
    for (number, members) in people.chunks_exact(3).take(GUILDS).enumerate() {
        for member in members {
            servers.join(*member, FIRST_GUILD + number);
        }
    }
}
