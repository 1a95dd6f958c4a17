//! What the firm runs itself: a Jira, a Confluence and a Bitbucket of Data Center, and Jira Align, with accounts,
//! groups, tokens and links of their own. Its people are those of the cloud, known by user name. Everything here is
//! made after the cloud and from chance of its own, so that the cloud does not depend on it.
//!
//! Answers are written from the published descriptions, and where there are none, from what public clients rely on.

mod access;
mod accounts;
mod align;
mod auditing;
mod bitbucket;
mod confluence;
mod endpoints;
mod excess;
mod hooks;
mod jira;
mod jira_projects;
mod jira_users;
mod licences;
mod links;
mod look_alikes;
mod night;
mod plants;
mod reach;
mod release;
mod tokens;
mod wiki;
mod work;

use super::endpoints::{Endpoint, Family, Host};
use super::estate::Estate;
use super::random::Random;

pub(super) use access::{Caller, Login, Rank, admit, logins};
pub(super) use align::ALIGN;
pub(super) use bitbucket::endpoints::BITBUCKET;
pub(super) use endpoints::{CONFLUENCE, JIRA};
pub use release::Edition;

use accounts::{ServerAccount, ServerGroup};
use align::Align;
use auditing::LogEntry;
use bitbucket::Bitbucket;
use hooks::Hook;
use licences::Licence;
use links::{Client, Link};
use release::Release;
use tokens::Pat;
use wiki::{Right, ServerSpace};
use work::{RoleActor, ServerProject, ServerScheme};

/// Below this path Confluence answers; Jira answers at the root.
const CONFLUENCE_CONTEXT: &str = "/confluence";
/// Public address of Jira; links in answers name it, as real ones do.
const JIRA_ADDRESS: &str = "https://jira.acme.example";
/// Public address of Confluence, with its context path.
const CONFLUENCE_ADDRESS: &str = "https://wiki.acme.example/confluence";

/// The nouns of what the firm runs itself.
#[derive(Debug, Default)]
pub(crate) struct ServerEstate {
    /// Accounts of the directory, which all products share.
    pub(crate) accounts: Vec<ServerAccount>,
    /// Groups of the directory; each is used by some of the products.
    pub(crate) groups: Vec<ServerGroup>,
    /// Whose credentials the simulator hands out: a system administrator, an administrator, and a person without
    /// rights, in this order.
    pub(crate) readers: [usize; 3],
    pub(crate) jira: Installation,
    pub(crate) confluence: Installation,
    pub(crate) bitbucket: Bitbucket,
    pub(crate) align: Align,
    pub(crate) projects: Vec<ServerProject>,
    pub(crate) schemes: Vec<ServerScheme>,
    /// Who is in each role of every new project.
    pub(crate) default_actors: [Vec<RoleActor>; 4],
    pub(crate) spaces: Vec<ServerSpace>,
    /// Rights on the whole of Confluence.
    pub(crate) wiki_rights: Vec<Right>,
    /// Whether everybody may open an account in Jira.
    pub(crate) public_signup: bool,
    /// How many accounts a search of Jira ever tells, if that was set: otherwise it depends on the version.
    pub(crate) user_cap: Option<Option<usize>>,
    /// Secret values that answers carry where none should be.
    pub(crate) secrets: Vec<String>,
}

/// One product, as it is installed.
#[derive(Debug, Default)]
pub(crate) struct Installation {
    pub(crate) release: Release,
    /// Whether user name and password open nothing, except for some.
    pub(crate) blocks_basic: bool,
    /// User names that get in with a password all the same, and paths at which everybody does.
    pub(crate) basic_for: Vec<String>,
    pub(crate) basic_paths: Vec<String>,
    pub(crate) tokens: Vec<Pat>,
    /// How many tokens were ever made.
    last_token: u64,
    pub(crate) links: Vec<Link>,
    pub(crate) clients: Vec<Client>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) licences: Vec<Licence>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) log: Vec<LogEntry>,
}

/// A machine of a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) release: Release,
}

impl ServerEstate {
    /// The product at a host.
    pub(crate) fn installation(&self, host: Host) -> &Installation {
        match host {
            Host::ConfluenceDc => &self.confluence,
            Host::BitbucketDc => &self.bitbucket.installation,
            _ => &self.jira,
        }
    }

    /// The product at a host, to change it.
    pub(crate) fn installation_mut(&mut self, host: Host) -> &mut Installation {
        match host {
            Host::ConfluenceDc => &mut self.confluence,
            Host::BitbucketDc => &mut self.bitbucket.installation,
            _ => &mut self.jira,
        }
    }

    /// How many accounts a search of Jira ever tells: from 10.7 on the first hundred.
    pub(crate) fn user_cap(&self) -> Option<usize> {
        let usual = self.jira.release.since(10, 7).then_some(100);
        self.user_cap.unwrap_or(usual)
    }
}

impl Installation {
    /// Installs a version on both machines of the cluster.
    fn install(&mut self, release: &Release) {
        self.release = release.clone();
        self.nodes = (1..=2)
            .map(|number| Node {
                name: format!("node{number}"),
                address: format!("10.20.0.{number}"),
                release: release.clone(),
            })
            .collect();
    }
}

/// Sets the products up: sane ones first, then what is planted.
pub(super) fn found(estate: &mut Estate, random: &mut Random) {
    let now = estate.now;
    let steady = accounts::settle(estate, random);
    let (leads, players) = steady.split_at(4.min(steady.len()));
    let servers = &mut estate.servers;
    servers.jira.install(&Release::of("10.3").expect("internal: it is a version"));
    servers.confluence.install(&Release::of("10.2").expect("internal: it is a version"));
    servers.confluence.blocks_basic = true;
    work::lay_out(servers, leads);
    wiki::found(servers, leads);
    links::join(servers, random);
    hooks::set(servers, random, now);
    let owners = accounts::without_part(estate, &steady);
    accounts::gather_guilds(&mut estate.servers, &owners);
    tokens::issue(estate, &owners, random);
    auditing::write(&mut estate.servers, &owners, now, random);
    plants::plant(estate, players, random);
    plants::forget_machine(&mut estate.servers);
    plants::tell_versions(estate);
    bitbucket::found(estate, &mut Random::new(estate.seed ^ 0xB17B_0DC0_0000_0004));
    align::found(estate, &mut Random::new(estate.seed ^ 0xA119_0000_0000_0005));
}

/// What a night changes. The other products follow the directory.
pub(super) fn pass_night(estate: &mut Estate) {
    night::pass(estate);
    bitbucket::pass_night(estate);
    align::pass_night(estate);
}

/// The family that words refusals of a host.
pub(super) fn family(host: Host) -> Family {
    match host {
        Host::ConfluenceDc => Family::ConfluenceDc,
        Host::BitbucketDc => Family::BitbucketDc,
        Host::Align => Family::Align,
        _ => Family::JiraDc,
    }
}

/// The public address of a host.
fn address(host: Host) -> &'static str {
    match host {
        Host::ConfluenceDc => CONFLUENCE_ADDRESS,
        _ => JIRA_ADDRESS,
    }
}

/// Whether the product has an endpoint, in the version it pretends to be.
pub(super) fn offers(estate: &Estate, endpoint: &Endpoint) -> bool {
    let bitbucket = &estate.servers.bitbucket;
    if bitbucket.is_elsewhere(endpoint.name) {
        return false;
    }
    let release = &estate.servers.installation(endpoint.place()).release;
    let offered = endpoints::OFFERED.iter().chain(bitbucket::endpoints::SINCE);
    offered.filter(|(name, _)| *name == endpoint.name).all(|(_, fits)| fits(release))
}

/// The path as the list of endpoints has it: without the context path, and in the usual spelling of what has two.
/// `None` is outside the product.
pub(super) fn usual_path(host: Host, path: &str) -> Option<String> {
    let path = match host {
        Host::ConfluenceDc => path.strip_prefix(CONFLUENCE_CONTEXT).filter(|rest| rest.starts_with('/'))?,
        Host::JiraDc => path,
        Host::BitbucketDc => return Some(bitbucket::endpoints::usual_path(path)),
        // Names of resources may be written in any case.
        Host::Align => return Some(path.to_lowercase()),
        _ => return Some(path.to_owned()),
    };
    for (other, usual) in endpoints::SPELLINGS.iter().filter(|(place, ..)| *place == host).map(|(_, pair)| pair) {
        if let Some(rest) = path.strip_prefix(other) {
            return Some(format!("{usual}{rest}"));
        }
    }
    Some(path.to_owned())
}
