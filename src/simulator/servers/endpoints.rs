//! Every endpoint of the self-hosted products.

use super::super::endpoints::{Access, Endpoint, Host};
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::access::Rank;
use super::jira;
use super::release::Release;

/// Beginnings of paths that have a second spelling: the other one, and the one below.
pub(super) const SPELLINGS: &[(&str, &str)] = &[
    ("/rest/pat/1.0/", "/rest/pat/latest/"),
    ("/rest/basicauth/1.0/", "/rest/basicauth/latest/"),
    ("/rest/api/latest/", "/rest/api/2/"),
];

/// What is not there in all versions.
pub(super) const SINCE: &[(&str, fn(&Release) -> bool)] = &[];

type Answer = fn(&Estate, &Ask) -> Reply;

const fn jira(name: &'static str, rank: Rank, path: &'static str, answer: Answer) -> Endpoint {
    Endpoint { name, method: "GET", path, access: Access::Server(Host::JiraDc, rank), answer }
}

/// Those of Jira.
pub(in super::super) const JIRA: &[Endpoint] = &[
    jira("jira-dc-server-info", Rank::Anybody, "/rest/api/2/serverInfo", jira::server_info),
    jira("jira-dc-myself", Rank::LoggedIn, "/rest/api/2/myself", jira::myself),
];

/// Those of Confluence.
pub(in super::super) const CONFLUENCE: &[Endpoint] = &[];
