//! `confluence-cloud`: one Confluence Cloud site: groups with their access, spaces, who may do what in them, and
//! automation rules.
//!
//! Rights in spaces are given by single permissions, by roles, or by both while a site moves from one to the other: the
//! site is asked first which of them holds. Tokens and the gateway are as for `jira-cloud`.

mod accounts;
mod endpoints;
mod groups;
mod permissions;
mod site;
mod spaces;
mod wire;

#[cfg(test)]
mod described;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use super::connection::Connection;
use super::endpoint::allowed;
use super::reading::{Gatherer, Part, Reading, gathered};
use super::site::{SITE_HINTS, Site};
use super::{Depth, Right, Source, SourceKind, WayIn, automation};
use crate::clock::Clock;
use crate::document::Section;
use crate::http::{Allowed, Client, CursorPlace, Factory, Paging};
use crate::model::{Collection, Fact, Kind, ResourceId, SourceName, Watermarks};
use crate::problem::Problems;
use endpoints::{AUTOMATION_RULES, ENDPOINTS};

pub(super) const KIND: SourceKind = SourceKind {
    name: "confluence-cloud",
    summary: "a Confluence Cloud site: groups, spaces, who may do what in them, and automation rules",
    rights: &[
        Right {
            right: "access to Confluence",
            why: "groups with their access, and who is in those that open Confluence",
        },
        Right { right: "view on every space", why: "spaces, their permissions and roles: others are not even listed" },
        Right { right: "Confluence administrator", why: "the audit log and automation rules" },
        Right { right: "read:confluence-user, read:user:confluence (scoped credentials)", why: "accounts" },
        Right { right: "read:confluence-groups (scoped credentials)", why: "groups and their members" },
        Right { right: "read:space:confluence (scoped credentials)", why: "spaces and their permissions" },
        Right {
            right: "read:configuration:confluence, read:space.permission:confluence (scoped credentials)",
            why: "whether roles are in force, roles and who is in them",
        },
        Right { right: "manage:confluence-configuration (scoped credentials)", why: "the site's name and address" },
        Right { right: "read:audit-log:confluence (scoped credentials)", why: "the audit log" },
    ],
    way_in: Some(WayIn {
        least: "an API token without scopes of any account that may open Confluence",
        made_at: "id.atlassian.com > Security > Create and manage API tokens > Create API token, logged in as \
                  the scanner's account",
        rights_at: "Confluence settings > Global permissions, and Space settings > Permissions of each space; \
                  for a credential with scopes, when it is made",
    }),
    sees: &[
        "groups, and which of them open or administer Confluence",
        "accounts that may use Confluence, and the status of those that spaces name",
        "spaces, current and archived, of every type, with the account that made them",
        "every permission on a space, or every place in a role of a space with what the role permits",
        "what anybody on the web, everybody who is logged in, and everybody with a seat may do in a space",
        "automation rules, with author and the account they act as",
        "whether the audit log can be read",
    ],
    cannot_see: &[
        "spaces that the scanning account may not view: not even an administrator of Confluence is shown all of them, \
         and no count tells how many there are",
        "suspended accounts in groups, which Confluence leaves out of its lists of members",
        "global permissions, such as who may create spaces",
        "restrictions on single pages",
        "seats",
        "mail addresses that their owners hide",
    ],
    endpoints: ENDPOINTS,
    build,
};

static ALLOWED: LazyLock<Vec<Allowed>> = LazyLock::new(|| allowed(ENDPOINTS));
static CLOUD_ID_ALLOWED: &[Allowed] = endpoints::CLOUD_ID.requests;
static AUTOMATION_ALLOWED: &[Allowed] = endpoints::AUTOMATION_RULES.requests;

#[derive(Debug)]
struct ConfluenceCloud {
    name: SourceName,
    clock: Arc<dyn Clock>,
    site: Site,
    /// How many days the audit log is read back.
    audit_days: u32,
}

/// One look at the site.
struct Visit<'a> {
    source: &'a ConfluenceCloud,
    gatherer: Gatherer,
    cloud_id: String,
    /// Where people open Confluence: its own word, or else the site's address in the configuration.
    address: String,
    /// Whether the account that asks administers Confluence.
    administers: Fact<bool>,
}

fn build(
    name: SourceName,
    mut section: Section,
    factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let connection = Connection::read(&mut section, None, ENDPOINTS);
    let audit_days = section.number("audit_days", 3_650).unwrap_or(30);
    let site =
        Site::read(&mut section, factory, connection, "confluence", &ALLOWED, CLOUD_ID_ALLOWED, AUTOMATION_ALLOWED);
    let source = site.map(|site| Box::new(ConfluenceCloud { name, clock, site, audit_days }) as Box<dyn Source>);
    section.finish(source)
}

#[async_trait]
impl Source for ConfluenceCloud {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, depth: Depth, since: &Watermarks) -> Collection {
        gathered(1, self.visit(depth, since).await)
    }
}

impl ConfluenceCloud {
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
        let address = format!("{}/wiki", self.site.connection.base_url);
        let administers = Fact::Unknown;
        let mut visit = Visit { source: self, gatherer, cloud_id: String::new(), address, administers };
        let cloud_id = visit.find_cloud_id().await;
        let own_account = visit.own_account().await;
        let site = visit.site().await;
        let (mode, in_force) = visit.space_role_mode().await;
        let (groups, spaces, roles, audit, automation) = tokio::join!(
            visit.groups(),
            visit.spaces(),
            visit.space_roles(in_force),
            visit.audit_records(),
            visit.automation_rules(),
        );
        let access = visit.access_of_groups(&groups).await;
        let members = visit.members_of_groups(&access).await;
        let (permissions, assignments) = tokio::join!(
            visit.space_permissions(&spaces, in_force),
            visit.space_role_assignments(&spaces, &roles, in_force),
        );
        let named = visit.named_accounts(&spaces, &[&permissions, &assignments]).await;
        let mut parts = vec![cloud_id, own_account, site, mode, groups, access, members, spaces, permissions];
        parts.extend([roles.part, assignments, named, audit, automation]);
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
        self.id(Kind::Container, "confluence")
    }

    async fn automation_rules(&self) -> Part {
        let (site, container) = (&self.source.site, self.site_id());
        let limit = |reading: &mut Reading<'_>| self.limit_to_own_rules(reading);
        automation::rules(&self.gatherer, &AUTOMATION_RULES, site, "confluence", &container, limit).await
    }

    /// The size of a page, at most `best`.
    fn page_size(&self, best: u32) -> u32 {
        self.source.site.connection.page_size(best)
    }
}

/// Each page of either version of the API links to the next; links of the first have an offset in them instead of a
/// cursor, which makes no difference to who follows.
const BY_LINK: Paging = Paging::Links { cursor: "cursor", place: CursorPlace::QueryBeside };

fn cloud(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}
