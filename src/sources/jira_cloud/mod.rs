//! `jira-cloud`: one Jira Cloud site: accounts, groups with their members and access, seats, projects, roles and
//! permissions.
//!
//! Tokens without scopes are used on the site's own address. Tokens with scopes, and everything a service account
//! can hold, work through Atlassian's gateway only: `gateway: true`.

mod accounts;
mod endpoints;
mod groups;
mod permissions;
mod projects;
mod site;
mod wire;

#[cfg(test)]
mod openapi_examples;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use super::connection::{Connection, need_secret, url, whole_number};
use super::endpoint::allowed;
use super::reading::{Depth, Gatherer, Part};
use super::{Right, Source, SourceKind};
use crate::clock::Clock;
use crate::document::{Located, Node, Section};
use crate::http::{Allowed, Auth, Client, Factory, Paging};
use crate::model::{Collection, Kind, LedgerEntry, ResourceId, SourceName};
use crate::problem::Problems;
use endpoints::ENDPOINTS;
use site::OwnRights;

pub(super) const KIND: SourceKind = SourceKind {
    name: "jira-cloud",
    summary: "a Jira Cloud site, Jira Service Management included: accounts, groups, seats, projects and permissions",
    rights: &[
        Right {
            right: "Administer Jira",
            why: "all projects with their roles and schemes, seats, and the global permissions of others",
        },
        Right { right: "Browse users and groups", why: "accounts, groups and their members" },
        Right { right: "read:jira-user (scoped credentials)", why: "accounts and groups" },
        Right { right: "read:jira-work (scoped credentials)", why: "projects and permission schemes" },
        Right {
            right: "manage:jira-configuration (scoped credentials)",
            why: "members of groups, seats, licence and project roles",
        },
    ],
    sees: &[
        "accounts of people, apps, service accounts and portal customers, and whether Jira lets them in",
        "groups, their direct members, and which of them open or administer Jira",
        "seats used and bought of each application, and the groups that take them",
        "projects, live and archived, with lead, roles and permission scheme",
        "every grant of every permission scheme",
        "global permissions of administrators and apps",
    ],
    cannot_see: &[
        "global permissions of everybody, as a list",
        "who may open a team-managed project beyond its roles",
        "installed Forge apps and the OAuth grants that people gave",
        "mail addresses that their owners hide",
    ],
    endpoints: ENDPOINTS,
    build,
};

static ALLOWED: LazyLock<Vec<Allowed>> = LazyLock::new(|| allowed(ENDPOINTS));
static CLOUD_ID_ALLOWED: &[Allowed] = endpoints::CLOUD_ID.requests;

#[derive(Debug)]
struct JiraCloud {
    name: SourceName,
    clock: Arc<dyn Clock>,
    connection: Connection,
    /// The client of the REST API, on the site's address or through the gateway.
    client: Client,
    /// The client of the site's address that shows no credential.
    anonymous: Client,
    /// The site's id, where it is not to be found out.
    cloud_id: Option<String>,
    /// Of how many accounts the global permissions are asked one by one.
    global_permissions_up_to: usize,
}

/// One look at the site.
struct Visit<'a> {
    source: &'a JiraCloud,
    gatherer: Gatherer,
    cloud_id: String,
    /// Where people open the site: its own word, or else that of the configuration.
    address: String,
    rights: OwnRights,
}

fn build(
    name: SourceName,
    mut section: Section,
    factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let connection = Connection::read(&mut section, None, ENDPOINTS);
    tell_path(&mut section, &connection.base_url);
    let cloud_id: Option<String> = section.get("cloud_id");
    let gateway = section.get("gateway").unwrap_or(false);
    let api_url = api_url(&mut section, &connection.base_url, gateway, cloud_id.as_deref());
    let up_to = whole_number(&mut section, "global_permissions_up_to", 1_000_000).unwrap_or(2_000);
    let auth = auth(&mut section, gateway);
    let client = auth.and_then(|auth| connection.client(&mut section, factory, &api_url, auth, &ALLOWED));
    let host = connection.base_url.clone();
    let anonymous = connection.client(&mut section, factory, &host, Auth::None, CLOUD_ID_ALLOWED);
    let source = client.zip(anonymous).map(|(client, anonymous)| {
        let global_permissions_up_to = up_to as usize;
        let source = JiraCloud { name, clock, connection, client, anonymous, cloud_id, global_permissions_up_to };
        Box::new(source) as Box<dyn Source>
    });
    section.finish(source)
}

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

/// Where the REST API is asked.
fn api_url(section: &mut Section, site: &str, gateway: bool, cloud_id: Option<&str>) -> String {
    let host = url(section, "gateway_url").unwrap_or_else(|| "https://api.atlassian.com".to_owned());
    match (gateway, cloud_id) {
        (false, _) => site.to_owned(),
        (true, Some(cloud_id)) => format!("{host}/ex/jira/{cloud_id}"),
        (true, None) => {
            let help = format!("open {site}/_edge/tenant_info in a browser: it shows the id");
            section.wrong(section.span_of("gateway"), "`gateway` needs `cloud_id`", Some(help));
            host
        }
    }
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

#[async_trait]
impl Source for JiraCloud {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn collect(&self) -> Collection {
        let mut collection = Collection { authority: 1, ..Collection::default() };
        for part in self.visit(Depth::Whole).await {
            collection.resources.extend(part.resources);
            collection.ledger.push(part.entry);
        }
        collection
    }

    async fn probe(&self) -> Vec<LedgerEntry> {
        self.visit(Depth::FirstPage).await.into_iter().map(|part| part.entry).collect()
    }
}

impl JiraCloud {
    /// Asks every endpoint; those that need another's answer after it.
    async fn visit(&self, depth: Depth) -> Vec<Part> {
        let gatherer = Gatherer {
            source: self.name.clone(),
            clock: Arc::clone(&self.clock),
            depth,
            skip: self.connection.skip.clone(),
            concurrency: self.connection.concurrency,
            blocked: None,
        };
        let address = self.connection.base_url.clone();
        let rights = OwnRights::default();
        let mut visit = Visit { source: self, gatherer, cloud_id: String::new(), address, rights };
        let cloud_id = visit.find_cloud_id().await;
        let own_permissions = visit.own_permissions().await;
        let site = visit.site().await;
        let (own_account, applications, licence, schemes) =
            tokio::join!(visit.own_account(), visit.applications(), visit.licence(), visit.permission_schemes(),);
        let (accounts, groups, projects) = tokio::join!(visit.accounts(), visit.groups(), visit.projects());
        let (access, members, role_actors, project_schemes) = tokio::join!(
            visit.access_of_groups(&groups),
            visit.members_of_groups(&groups, &accounts),
            visit.role_actors(&projects),
            visit.schemes_of_projects(&projects),
        );
        let global = visit.global_permissions(&accounts, &access, &members).await;
        let mut parts = vec![cloud_id, own_permissions, site, own_account, applications, licence, schemes, accounts];
        parts.extend([groups, access, projects, members.part, role_actors, project_schemes, global]);
        parts
    }
}

impl Visit<'_> {
    fn id(&self, kind: Kind, native: &str) -> ResourceId {
        ResourceId::new(&self.cloud_id, kind, native)
    }

    fn site_id(&self) -> ResourceId {
        self.id(Kind::Container, "site")
    }

    /// Paging by offset, in pages of at most `best` rows.
    fn by_offset(&self, best: u32) -> Paging {
        Paging::Offset { start: "startAt", size: "maxResults", rows: self.source.connection.page_size(best) }
    }
}

fn cloud(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}
