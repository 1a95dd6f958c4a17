//! What joins a product to others: application links, clients of OAuth 2.0, and whether passwords get in. Both products
//! share these plugins, which were never described: paths and fields are those that public clients rely on.

use serde_json::{Value, json};

use super::super::endpoints::Host;
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::super::random::Random;
use super::{ServerEstate, address, family};

#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    /// `jira`, `confluence`, `stash`, `fecru`, `generic` and others.
    pub(crate) kind: &'static str,
    pub(crate) url: &'static str,
    /// Whether the peer answers.
    pub(crate) works: bool,
    pub(crate) incoming: Trust,
    pub(crate) outgoing: Trust,
}

/// What a link lets one side do at the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    Nothing,
    /// A person has to agree.
    ThreeLegged,
    /// As one account that was chosen.
    TwoLegged,
    /// As anybody.
    Impersonation,
}

impl Trust {
    fn shown(self) -> Value {
        json!({"enabled": self > Self::Nothing, "twoLoEnabled": self >= Self::TwoLegged,
            "twoLoImpersonationEnabled": self == Self::Impersonation})
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) secret: String,
    pub(crate) name: &'static str,
    pub(crate) redirect: &'static str,
    /// Place of the administrator who registered it.
    pub(crate) registered_by: usize,
    pub(crate) scope: &'static str,
}

/// Adds a link in working order.
pub(crate) fn add_link<'a>(
    servers: &'a mut ServerEstate,
    random: &mut Random,
    host: Host,
    (name, kind, url): (&'static str, &'static str, &'static str),
) -> &'a mut Link {
    let (incoming, outgoing) = (Trust::ThreeLegged, Trust::ThreeLegged);
    let link = Link { id: random.uuid(), name, kind, url, works: true, incoming, outgoing };
    let links = &mut servers.installation_mut(host).links;
    links.push(link);
    links.last_mut().expect("internal: one was just added")
}

/// Registers a client, whose secret its answer will tell.
pub(crate) fn add_client<'a>(
    servers: &'a mut ServerEstate,
    random: &mut Random,
    host: Host,
    (name, redirect, scope): (&'static str, &'static str, &'static str),
    registered_by: usize,
) -> &'a mut Client {
    let secret = format!("planted-client-secret-{:016x}", random.next());
    servers.secrets.push(secret.clone());
    let (id, client_id) = (random.uuid(), format!("{:016x}{:016x}", random.next(), random.next()));
    let client = Client { id, client_id, secret, name, redirect, registered_by, scope };
    let clients = &mut servers.installation_mut(host).clients;
    clients.push(client);
    clients.last_mut().expect("internal: one was just added")
}

/// Joins the products to one another, and to a build server.
pub(crate) fn join(servers: &mut ServerEstate, random: &mut Random) {
    let admin = servers.readers[0];
    let (jira, confluence) = (Host::JiraDc, Host::ConfluenceDc);
    for (host, link) in [
        (jira, ("Acme Wiki", "confluence", super::CONFLUENCE_ADDRESS)),
        (jira, ("Acme Git", "stash", "https://git.acme.example")),
        (jira, ("Acme Builds", "bamboo", "https://builds.acme.example")),
        (confluence, ("Acme Jira", "jira", super::JIRA_ADDRESS)),
    ] {
        add_link(servers, random, host, link);
    }
    let portal = ("Reporting portal", "https://bi.acme.example/callback", "READ");
    add_client(servers, random, jira, portal, admin);
    let intranet = ("Intranet search", "https://intranet.acme.example/callback", "READ");
    add_client(servers, random, confluence, intranet, admin);
}

fn link_row(link: &Link) -> Value {
    json!({"id": link.id, "name": link.name, "displayUrl": link.url, "rpcUrl": link.url, "type": link.kind,
        "primary": link.kind == "confluence", "system": false})
}

pub(super) fn links(estate: &Estate, ask: &Ask) -> Reply {
    Reply::ok(estate.servers.installation(ask.caller.host).links.iter().map(link_row).collect())
}

/// How a link stands. The real product asks the peer first.
pub(super) fn link_status(estate: &Estate, ask: &Ask) -> Reply {
    let host = ask.caller.host;
    let Some(link) = estate.servers.installation(host).links.iter().find(|link| link.id == ask.segment(0)) else {
        return Reply::refusal(family(host), 404, "There is no such application link.");
    };
    let local = json!({"incoming": link.incoming.shown(), "outgoing": link.outgoing.shown()});
    let mut body = json!({"link": link_row(link), "working": link.works, "localAuthentication": local});
    if link.works {
        body["remoteAuthentication"] = json!({"incoming": link.outgoing.shown(), "outgoing": link.incoming.shown()});
    } else {
        body["error"] = json!({"category": "NETWORK_ERROR", "type": "CONNECTION_REFUSED", "details": null});
    }
    Reply::ok(body)
}

/// What the product says of itself to everybody.
pub(super) fn manifest(estate: &Estate, ask: &Ask) -> Reply {
    let host = ask.caller.host;
    let release = &estate.servers.installation(host).release;
    let (kind, name) = if host == Host::ConfluenceDc { ("confluence", "Acme Wiki") } else { ("jira", "Acme Jira") };
    Reply::ok(json!({
        "id": format!("{:08x}-3c1d-4a52-9b70-5f8e2d61c7aa", release.build()), "name": name, "typeId": kind,
        "version": release.text(), "buildNumber": release.build(), "url": address(host),
        "iconUrl": format!("{}/images/16jira.png", address(host)), "applinksVersion": "9.1.14",
        "publicSignup": host == Host::JiraDc && estate.servers.public_signup,
        "inboundAuthenticationTypes": ["com.atlassian.applinks.api.auth.types.OAuthAuthenticationProvider"],
        "outboundAuthenticationTypes": ["com.atlassian.applinks.api.auth.types.OAuthAuthenticationProvider"],
    }))
}

fn client_row(estate: &Estate, host: Host, client: &Client) -> Value {
    json!({"id": client.id, "clientId": client.client_id, "clientSecret": client.secret, "name": client.name,
        "redirects": [client.redirect], "userKey": estate.servers.accounts[client.registered_by].key(host),
        "scope": client.scope})
}

/// Clients of OAuth 2.0. The answer tells their secrets, as the real one does.
pub(super) fn clients(estate: &Estate, ask: &Ask) -> Reply {
    let host = ask.caller.host;
    Reply::ok(estate.servers.installation(host).clients.iter().map(|client| client_row(estate, host, client)).collect())
}

pub(super) fn one_client(estate: &Estate, ask: &Ask) -> Reply {
    let host = ask.caller.host;
    match estate.servers.installation(host).clients.iter().find(|client| client.id == ask.segment(0)) {
        Some(client) => Reply::ok(client_row(estate, host, client)),
        None => Reply::refusal(family(host), 404, "There is no such client."),
    }
}

/// Whether user name and password get in.
pub(super) fn basic_auth(estate: &Estate, ask: &Ask) -> Reply {
    let installation = estate.servers.installation(ask.caller.host);
    Reply::ok(json!({"block-requests": installation.blocks_basic, "allowed-paths": installation.basic_paths,
        "allowed-users": installation.basic_for, "show-warning-message": false}))
}
