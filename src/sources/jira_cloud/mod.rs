//! `jira-cloud`: one Jira Cloud site: accounts, groups with their members and access, seats, projects, roles and
//! permissions, what is shared, and what acts in it: apps, webhooks, automation rules.
//!
//! Tokens without scopes are used on the site's own address. Tokens with scopes, and everything a service account
//! can hold, work through Atlassian's gateway only: `gateway: true`.

mod accounts;
mod apps;
mod audit;
mod endpoints;
mod groups;
mod permissions;
mod projects;
mod service_desks;
mod sharing;
mod site;
mod webhooks;
mod wire;

#[cfg(test)]
mod openapi_examples;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use super::connection::Connection;
use super::endpoint::allowed;
use super::reading::{Gatherer, Part, Reading, gathered};
use super::site::{SITE_HINTS, Site};
use super::{Depth, Right, Source, SourceKind, WayIn, automation};
use crate::clock::Clock;
use crate::document::Section;
use crate::http::{Allowed, Client, Factory, Paging};
use crate::model::{Collection, Kind, ResourceId, SourceName, Watermarks};
use crate::problem::Problems;
use endpoints::{AUTOMATION_RULES, ENDPOINTS};
use site::OwnRights;

pub(super) const KIND: SourceKind = SourceKind {
    name: "jira-cloud",
    summary: "a Jira Cloud site, Jira Service Management included: accounts, groups, seats, projects, permissions, \
              filters, webhooks, automation and apps",
    rights: &[
        Right {
            right: "Administer Jira",
            why: "all projects with their roles and schemes, all filters, seats, webhooks, installed apps, automation of \
                  the whole site, the audit log, and the global permissions of others",
        },
        Right { right: "an API token without scopes, of a person", why: "webhooks, installed apps, automation" },
        Right { right: "Browse users and groups", why: "accounts, groups and their members" },
        Right { right: "read:jira-user (scoped credentials)", why: "accounts and groups" },
        Right {
            right: "read:jira-work (scoped credentials)",
            why: "projects, permission schemes, filters and dashboards",
        },
        Right { right: "read:servicedesk-request (scoped credentials)", why: "service desks" },
        Right {
            right: "manage:jira-configuration (scoped credentials)",
            why: "members of groups, seats, licence, project roles and the audit log",
        },
    ],
    way_in: Some(WayIn {
        least: "an API token without scopes of any account that may open Jira",
        made_at: "id.atlassian.com > Security > Create and manage API tokens > Create API token, logged in as \
                  the scanner's account",
        rights_at: "Jira settings > System > Global permissions; for a credential with scopes, when it is made",
    }),
    sees: &[
        "accounts of people, apps, service accounts and portal customers, and whether Jira lets them in",
        "groups, their direct members, and which of them open or administer Jira on this site",
        "seats used and bought of each application, and the groups that take them",
        "projects, live and archived, with lead, roles and permission scheme, and who is in a role of every new project",
        "every grant of every permission scheme",
        "global permissions of administrators and apps",
        "filters and dashboards with owner, and everybody they are shared with",
        "webhooks that administrators made: host, events, whether the address carries a secret, who changed them last",
        "automation rules: author, the account they act as, the projects they are limited to",
        "apps that the app manager lists, with vendor, version and state",
        "service desks, and whether the audit log has records",
    ],
    cannot_see: &[
        "global permissions of everybody, as a list",
        "who may open a team-managed project beyond its roles",
        "dashboards that are neither the account's own nor shared with it: no right shows those of others",
        "path and query of a webhook's address: they are dropped unread, because they often are the secret",
        "webhooks that apps registered, and what an automation rule does",
        "apps built on Forge alone, where the app manager leaves them out, and the OAuth grants that people gave",
        "mail addresses that their owners hide",
    ],
    endpoints: ENDPOINTS,
    build,
};

static ALLOWED: LazyLock<Vec<Allowed>> = LazyLock::new(|| allowed(ENDPOINTS));
static CLOUD_ID_ALLOWED: &[Allowed] = endpoints::CLOUD_ID.requests;
static AUTOMATION_ALLOWED: &[Allowed] = endpoints::AUTOMATION_RULES.requests;

#[derive(Debug)]
struct JiraCloud {
    name: SourceName,
    clock: Arc<dyn Clock>,
    site: Site,
    /// Of how many accounts the global permissions are asked one by one.
    global_permissions_up_to: usize,
    /// How many days of the audit log are read.
    audit_days: u32,
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
    let up_to = section.number("global_permissions_up_to", 1_000_000).unwrap_or(2_000);
    let audit_days = section.number("audit_days", 3_650).unwrap_or(30);
    let site = Site::read(&mut section, factory, connection, "jira", &ALLOWED, CLOUD_ID_ALLOWED, AUTOMATION_ALLOWED);
    let source = site.map(|site| {
        let global_permissions_up_to = up_to as usize;
        Box::new(JiraCloud { name, clock, site, global_permissions_up_to, audit_days }) as Box<dyn Source>
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
        let visit = &visit;
        let (own_account, applications, licence, schemes, shared_roles, accounts, groups, projects) = tokio::join!(
            visit.own_account(),
            visit.applications(),
            visit.licence(),
            visit.permission_schemes(),
            visit.shared_roles(),
            visit.accounts(),
            visit.groups(),
            visit.projects(),
        );
        let of_groups = async {
            let (access, members) =
                tokio::join!(visit.access_of_groups(&groups), visit.members_of_groups(&groups, &accounts));
            let global = visit.global_permissions(&accounts, &access, &members).await;
            (access, members, global)
        };
        let (of_groups, role_actors, project_schemes, filters, dashboards, webhooks, rules, apps, audit_log, desks) = tokio::join!(
            of_groups,
            visit.role_actors(&projects, &shared_roles),
            visit.schemes_of_projects(&projects),
            visit.filters(),
            visit.dashboards(),
            visit.webhooks(),
            visit.automation_rules(),
            visit.installed_apps(),
            visit.audit_log(),
            visit.service_desks(&projects),
        );
        let (access, members, global) = of_groups;
        let mut parts = vec![cloud_id, own_permissions, site, own_account, applications, licence, schemes, accounts];
        parts.extend([groups, access, projects, members.part, shared_roles.part, role_actors, project_schemes, global]);
        parts.extend([filters, dashboards, webhooks, rules, apps, audit_log, desks]);
        parts
    }
}

impl Visit<'_> {
    async fn automation_rules(&self) -> Part {
        let (site, site_id) = (&self.source.site, self.site_id());
        let limit = |reading: &mut Reading<'_>| {
            self.rights.limit_to_own(reading, "rules of projects that the account administers");
        };
        automation::rules(&self.gatherer, &AUTOMATION_RULES, site, "jira", &site_id, limit).await
    }

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
