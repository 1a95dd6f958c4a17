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

use super::connection::{Connection, whole_number};
use super::endpoint::allowed;
use super::reading::{Gatherer, Part, gathered};
use super::site::{SITE_HINTS, Site};
use super::{Depth, Right, Source, SourceKind};
use crate::clock::Clock;
use crate::document::Section;
use crate::http::{Allowed, Client, Factory, Paging};
use crate::model::{Collection, Kind, ResourceId, SourceName, Watermarks};
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
    site: Site,
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
    let up_to = whole_number(&mut section, "global_permissions_up_to", 1_000_000).unwrap_or(2_000);
    let site = Site::read(&mut section, factory, connection, "jira", &ALLOWED, CLOUD_ID_ALLOWED);
    let source = site.map(|site| {
        let global_permissions_up_to = up_to as usize;
        Box::new(JiraCloud { name, clock, site, global_permissions_up_to }) as Box<dyn Source>
    });
    section.finish(source)
}

#[async_trait]
impl Source for JiraCloud {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, depth: Depth, since: &Watermarks) -> Collection {
        gathered(1, self.visit(depth, since).await)
    }
}

impl JiraCloud {
    /// Asks every endpoint; those that need another's answer after it.
    async fn visit(&self, depth: Depth, since: &Watermarks) -> Vec<Part> {
        let gatherer = Gatherer {
            source: self.name.clone(),
            clock: Arc::clone(&self.clock),
            depth,
            since: since.clone(),
            hints: SITE_HINTS,
            skip: self.site.connection.skip.clone(),
            concurrency: self.site.connection.concurrency,
            blocked: None,
        };
        let address = self.site.connection.base_url.clone();
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
    fn client(&self) -> &Client {
        &self.source.site.client
    }

    fn id(&self, kind: Kind, native: &str) -> ResourceId {
        ResourceId::new(&self.cloud_id, kind, native)
    }

    fn site_id(&self) -> ResourceId {
        self.id(Kind::Container, "site")
    }

    /// Paging by offset, in pages of at most `best` rows.
    fn by_offset(&self, best: u32) -> Paging {
        Paging::Offset { start: "startAt", size: "maxResults", rows: self.source.site.connection.page_size(best) }
    }
}

fn cloud(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}
