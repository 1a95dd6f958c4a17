//! The endpoints that all self-hosted products have, each made into a constant of the product by the right it takes
//! there.

use crate::http::Allowed;
use crate::model::Kind;
use crate::sources::endpoint::{Endpoint, get, post};

const TOKEN_SEARCH: &[Allowed] = &[post("/rest/pat/latest/tokens/search")];
const OWN_TOKENS: &[Allowed] = &[get("/rest/pat/latest/tokens")];
const LINKS: &[Allowed] = &[get("/rest/applinks/3.0/applinks")];
const LINK_STATUS: &[Allowed] = &[get("/rest/applinks/3.0/status/{}")];
const CLIENTS: &[Allowed] = &[get("/rest/oauth2/latest/client")];
const BASIC_AUTH: &[Allowed] = &[get("/rest/basicauth/latest/config")];
const APPS: &[Allowed] = &[get("/rest/plugins/1.0/")];
const AUDIT: &[Allowed] = &[get("/rest/auditing/1.0/events")];

/// Personal access tokens of everybody, by the administrators' search of Jira and Confluence.
pub(in crate::sources) const fn personal_access_tokens(right: &'static str) -> Endpoint {
    Endpoint::new("personal access tokens", TOKEN_SEARCH, &[Kind::Credential], right)
        .only(&["personal-access-token"])
        .varies_by_version()
        .costs("1 per 100 tokens + 1")
}

/// The scanning account's own personal access tokens, its credential among them.
pub(in crate::sources) const fn own_tokens(right: &'static str) -> Endpoint {
    Endpoint::new("own personal access tokens", OWN_TOKENS, &[Kind::Credential], right)
        .only(&["personal-access-token"])
        .varies_by_version()
}

/// Application links, without how they let each other in.
pub(in crate::sources) const fn application_links(right: &'static str) -> Endpoint {
    Endpoint::new("application links", LINKS, &[Kind::App], right).only(&["application-link"]).varies_by_version()
}

/// How each application link lets the other end in, and whether that answers.
pub(in crate::sources) const fn link_status(right: &'static str) -> Endpoint {
    Endpoint::new("status of application links", LINK_STATUS, &[Kind::App], right)
        .only(&["application-link"])
        .varies_by_version()
        .costs("1 per application link; none with `link_status: false`")
}

/// OAuth 2.0 clients that are let in: incoming links.
pub(in crate::sources) const fn oauth_clients(right: &'static str) -> Endpoint {
    Endpoint::new("OAuth 2.0 clients", CLIENTS, &[Kind::Credential], right).only(&["incoming-link"]).varies_by_version()
}

/// Whether user and password are accepted, and from whom.
pub(in crate::sources) const fn basic_auth(right: &'static str) -> Endpoint {
    Endpoint::new("basic authentication", BASIC_AUTH, &[Kind::Setting], right).only(&["basic-auth"]).varies_by_version()
}

/// Installed apps, as the app manager lists them.
pub(in crate::sources) const fn installed_apps(right: &'static str) -> Endpoint {
    Endpoint::new("installed apps", APPS, &[Kind::App], right).only(&["installed-app"]).varies_by_version()
}

/// Audit events since the scan before.
pub(in crate::sources) const fn audit_events(right: &'static str) -> Endpoint {
    audit_events_at(AUDIT, right)
}

/// The same where the product may have them elsewhere: the places in the order in which they are tried.
pub(in crate::sources) const fn audit_events_at(places: &'static [Allowed], right: &'static str) -> Endpoint {
    Endpoint::new("audit events", places, &[Kind::Setting], right)
        .only(&["audit-log"])
        .varies_by_version()
        .costs("1 per 200 events since the scan before + 1; at first, of the last `audit_days` days")
}
