//! The door of an Atlassian Cloud site: its own address for people's tokens, Atlassian's gateway for tokens with scopes
//! and for everything a service account can hold.

use serde::{Deserialize, Serialize};

use super::connection::{Connection, url};
use super::endpoint::Endpoint;
use super::pages::One;
use super::reading::{Gatherer, Hints, Part};
use super::row::{Wire, id};
use crate::document::secrets::need_secret;
use crate::document::{Located, Node, Section};
use crate::http::{Allowed, Auth, Client, Factory, Paging};
use crate::model::{Body, EndpointState, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId};

/// What connects to one site.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) connection: Connection,
    /// The client of the product's REST API, on the site's address or through the gateway.
    pub(super) client: Client,
    /// The client of the site's address that shows no credential.
    pub(super) anonymous: Client,
    /// The client of the Automation API, which has the gateway's host for all sites. It lets nobody in but users with
    /// an API token: none for OAuth clients.
    pub(super) automation: Option<Client>,
    /// The site's id, where it is not to be found out.
    pub(super) cloud_id: Option<String>,
}

/// What a site tells everybody about itself.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct TenantInfo {
    cloud_id: Fact<String>,
}

impl Wire for TenantInfo {}

impl Site {
    /// Reads what every site has in its section. `product` is its name in the gateway's paths. The three lists are what
    /// its clients may ask for.
    pub(super) fn read(
        section: &mut Section,
        factory: &Factory,
        connection: Connection,
        product: &str,
        allowed: &'static [Allowed],
        anonymously: &'static [Allowed],
        automations: &'static [Allowed],
    ) -> Option<Self> {
        tell_path(section, &connection.base_url);
        let cloud_id: Option<String> = section.get("cloud_id");
        let gateway = section.get("gateway").unwrap_or(false);
        let gateway_url = url(section, "gateway_url").unwrap_or_else(|| "https://api.atlassian.com".to_owned());
        let api_url = match gateway {
            true => behind(&gateway_url, section, &connection.base_url, product, cloud_id.as_deref()),
            false => connection.base_url.clone(),
        };
        let auth = auth(section, gateway);
        let client = auth.clone().and_then(|auth| connection.client(section, factory, &api_url, auth, allowed));
        let host = connection.base_url.clone();
        let anonymous = connection.client(section, factory, &host, Auth::None, anonymously);
        let (client, anonymous) = client.zip(anonymous)?;
        let user = auth.filter(|auth| matches!(auth, Auth::Basic { .. }));
        let automation = user.and_then(|auth| connection.client(section, factory, &gateway_url, auth, automations));
        Some(Self { connection, client, anonymous, automation, cloud_id })
    }

    /// Finds the site's id. Without it nothing can be named, which every other endpoint then tells.
    pub(super) async fn find_cloud_id(&self, gatherer: &mut Gatherer, endpoint: &'static Endpoint) -> (String, Part) {
        let mut reading = gatherer.start(endpoint);
        if let Some(configured) = &self.cloud_id {
            // The configuration has told what would be asked: nothing is left unseen.
            return (configured.clone(), reading.finish());
        }
        let answer = reading.walk::<One<TenantInfo>, _>(&self.anonymous, endpoint.request(&[]), Paging::Single).await;
        let found = answer.rows.into_iter().find_map(|info| id(info.cloud_id));
        if found.is_none() {
            reading.fall_short("the site did not tell its id".to_owned());
        }
        let part = reading.finish();
        if found.is_none() {
            let why = &part.entry.reason;
            let reason = if part.entry.state == EndpointState::Skipped { "`cloud_id` is not configured" } else { why };
            gatherer.blocked = Some(format!("the site's id could not be found out: {reason}"));
        }
        (found.unwrap_or_default(), part)
    }
}

/// What membership of a group opens on one site, as a grant.
pub(super) fn product_access(site: &ResourceId, group: &ResourceId, name: Option<&String>, access: &str) -> Resource {
    let native = format!("product-access:{}/{access}/{}", site.native(), group.native());
    let body = Grant {
        group: Fact::Known(group.clone()),
        container: Fact::Known(site.clone()),
        ..Grant::of(GrantForm::ProductAccess, access, Holder::Group)
    };
    Resource {
        id: ResourceId::new(site.tenant(), Kind::Grant, &native),
        name: format!("{access} for {}", name.map_or(group.native(), String::as_str)),
        seen_by: Vec::new(),
        body: Body::Grant(body),
    }
}

/// What to say where a site does not let the credential in.
pub(super) const SITE_HINTS: Hints = Hints {
    credential: "here a person's API token without scopes is needed, with their mail address as `user`; a token with \
                 scopes or of a service account works with `gateway: true` only, and a key of the organisation only in \
                 a source of type `atlassian-org`",
    address: "check `base_url`: it must be the address of the site, such as `https://acme.atlassian.net`, and the product \
              must be there; a token with scopes needs `gateway: true`",
};

/// People copy the address of a page; the address of the site is meant.
fn tell_path(section: &mut Section, base_url: &str) {
    let mut parts = base_url.splitn(4, '/');
    let host = parts.by_ref().take(3).collect::<Vec<_>>().join("/");
    let first = parts.next().and_then(|path| path.split('/').next());
    if first.is_some_and(|first| ["jira", "wiki", "rest", "browse", "secure", "projects"].contains(&first)) {
        let what = "`base_url` is the address of a page, expected that of the site";
        section.wrong(section.span_of("base_url"), what, Some(format!("write `{host}`")));
    }
}

/// The address of a product's REST API behind the gateway.
fn behind(gateway: &str, section: &mut Section, site: &str, product: &str, cloud_id: Option<&str>) -> String {
    if let Some(cloud_id) = cloud_id {
        return format!("{gateway}/ex/{product}/{cloud_id}");
    }
    let help = format!("open {site}/_edge/tenant_info in a browser: it shows the id");
    section.wrong(section.span_of("gateway"), "`gateway` needs `cloud_id`", Some(help));
    gateway.to_owned()
}

/// Either a user's token or the client credentials of a service account.
fn auth(section: &mut Section, gateway: bool) -> Option<Auth> {
    let token_url = url(section, "token_url").unwrap_or_else(|| "https://auth.atlassian.com/oauth/token".to_owned());
    let client: Option<Located<String>> = section.get("client_id");
    let Some(client) = client else {
        let user = section.need("user");
        let password = need_secret(section, "token", "token_command");
        return Some(Auth::Basic { user: user?, password: password? });
    };
    let user: Option<String> = section.get("user");
    let token: Option<Node> = section.get("token").or(section.get("token_command"));
    if user.is_some() || token.is_some() {
        let help = Some("keep `user` and `token`, or `client_id` and `client_secret`".to_owned());
        section.wrong(client.span.clone(), "there are two ways to log in", help);
    }
    if !gateway {
        let help = Some("add `gateway: true` and `cloud_id`".to_owned());
        section.wrong(client.span, "OAuth clients are let in through the gateway only", help);
    }
    let client_secret = need_secret(section, "client_secret", "client_secret_command")?;
    Some(Auth::ClientCredentials { token_url, client_id: client.value, client_secret })
}
