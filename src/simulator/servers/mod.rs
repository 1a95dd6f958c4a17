//! What the firm runs itself: a Jira, a Confluence and a Bitbucket of Data Center, and Jira Align, with accounts,
//! groups, tokens and links of their own. Its people are those of the cloud, known by user name. Everything here is made after the cloud and from
//! chance of its own, so that the cloud does not depend on it.
//!
//! Answers are written from the published descriptions, and where there are none, from what public clients rely on.

mod access;
mod accounts;
mod align;
mod bitbucket;
mod endpoints;
mod jira;
mod reach;
mod release;

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
use bitbucket::Bitbucket;
use release::Release;

/// Below this path Confluence answers; Jira answers at the root.
pub(super) const CONFLUENCE_CONTEXT: &str = "/confluence";
/// Public address of Jira; links in answers name it, as real ones do.
pub(super) const JIRA_ADDRESS: &str = "https://jira.acme.example";
/// Public address of Confluence, with its context path.
pub(super) const CONFLUENCE_ADDRESS: &str = "https://wiki.acme.example/confluence";

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
    /// Secret values that answers carry where none should be.
    pub(crate) secrets: Vec<String>,
}

/// One product, as it is installed.
#[derive(Debug, Default)]
pub(crate) struct Installation {
    pub(crate) release: Release,
    /// Whether user name and password open nothing, except for some.
    pub(crate) blocks_basic: bool,
    /// User names that get in with a password all the same.
    pub(crate) basic_for: Vec<String>,
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
}

/// Sets the products up: sane ones first, then what is planted.
pub(super) fn found(estate: &mut Estate, random: &mut Random) {
    estate.servers.jira.release = Release::of("10.3").expect("internal: it is a version");
    estate.servers.confluence.release = Release::of("8.5").expect("internal: it is a version");
    estate.servers.confluence.blocks_basic = true;
    accounts::settle(estate, random);
    bitbucket::found(estate, &mut Random::new(estate.seed ^ 0xB17B_0DC0_0000_0004));
    align::found(estate, &mut Random::new(estate.seed ^ 0xA119_0000_0000_0005));
}

/// What a night changes.
pub(super) fn pass_night(estate: &mut Estate) {
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

/// Whether the product has an endpoint, in the version it pretends to be.
pub(super) fn offers(estate: &Estate, endpoint: &Endpoint) -> bool {
    let bitbucket = &estate.servers.bitbucket;
    if bitbucket.is_elsewhere(endpoint.name) {
        return false;
    }
    let since = endpoints::SINCE.iter().chain(bitbucket::endpoints::SINCE).filter(|(name, _)| *name == endpoint.name);
    let release = &estate.servers.installation(endpoint.place()).release;
    since.into_iter().all(|(_, fits)| fits(release))
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
    for (other, usual) in endpoints::SPELLINGS {
        if let Some(rest) = path.strip_prefix(other) {
            return Some(format!("{usual}{rest}"));
        }
    }
    Some(path.to_owned())
}
