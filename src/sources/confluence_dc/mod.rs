//! `confluence-dc`: one Confluence Data Center or Server: accounts and groups, permissions on the whole product and in
//! spaces, the licence, webhooks, and what all self-hosted products have.

mod accounts;
mod endpoints;
mod holder;
mod instance;
mod page;
mod permissions;
mod spaces;
mod wire;

#[cfg(test)]
mod described;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use super::data_center::{self, Access, Common, Product};
use super::endpoint::allowed;
use super::reading::{Gatherer, Hints, Part, gathered};
use super::{Depth, Right, Source, SourceKind, WayIn};
use crate::clock::Clock;
use crate::document::Section;
use crate::http::{Allowed, Client, Factory, Request};
use crate::model::{Body, Collection, Container, Kind, Resource, ResourceId, SourceName, Watermarks};
use crate::problem::Problems;
use endpoints::{
    APPLICATION_LINKS, AUDIT_EVENTS, BASIC_AUTH, ENDPOINTS, INSTALLED_APPS, LINK_STATUS, OAUTH_CLIENTS, OWN_TOKENS,
    TOKENS,
};

pub(super) const KIND: SourceKind = SourceKind {
    name: "confluence-dc",
    summary: "a Confluence Data Center or Server: accounts, groups, spaces, permissions, tokens, links and webhooks",
    rights: &[
        Right {
            right: "Confluence administrator",
            why: "members of groups, permissions, the licence, webhooks, application links, installed apps, the audit log",
        },
        Right {
            right: "Confluence administrator who may view every space",
            why: "spaces and their permissions: others are not even listed",
        },
        Right {
            right: "system administrator, with a Data Center licence",
            why: "everybody's personal access tokens, and OAuth 2.0 clients",
        },
    ],
    way_in: Some(WayIn {
        least: "a personal access token of any account that may log in to Confluence",
        made_at: "Profile > Settings > Personal Access Tokens > Create token, logged in as the scanner's \
                  account",
        rights_at: "Administration > General configuration > Global Permissions, and Space Tools > Permissions \
                  of each space",
    }),
    sees: &[
        "accounts, disabled and unlicensed ones included, with their status, and groups with their members",
        "permissions on the whole product, those of anybody on the web included, which groups are inside which, and which \
         administer it, those inside them too",
        "spaces, global and personal, current and archived, and who may do what in them",
        "personal access tokens of everybody, with last use and end",
        "the licence with its seats and its end, the version, and how many nodes there are",
        "application links, OAuth 2.0 clients, installed apps, webhooks, and whether passwords open the API",
        "audit events",
    ],
    cannot_see: &[
        "mail addresses and last log-ins of accounts",
        "spaces that the scanning account may not view; how many there are is counted",
        "restrictions on single pages",
        "OAuth 1.0 consumers behind generic application links",
        "which account agreed to which OAuth 2.0 client",
    ],
    endpoints: ENDPOINTS,
    build,
};

static PRODUCT: Product = Product {
    key: "confluence",
    title: "Confluence",
    system_right: endpoints::SYSTEM_ADMIN,
    hints: Hints {
        credential: "here a personal access token of an account that administers Confluence is needed as `token`",
        address: "check `base_url`: it must be the address of Confluence with its context path, such as \
                  `https://wiki.example.com/confluence`",
    },
    endpoints: ENDPOINTS,
};

static ALLOWED: LazyLock<Vec<Allowed>> = LazyLock::new(|| allowed(ENDPOINTS));

#[derive(Debug)]
struct ConfluenceDc {
    name: SourceName,
    clock: Arc<dyn Clock>,
    access: Access,
}

/// One look at the product.
struct Visit<'a> {
    source: &'a ConfluenceDc,
    gatherer: Gatherer,
}

fn build(
    name: SourceName,
    mut section: Section,
    factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let access = Access::read(&mut section, factory, &PRODUCT, &ALLOWED);
    let source = access.map(|access| Box::new(ConfluenceDc { name, clock, access }) as Box<dyn Source>);
    section.finish(source)
}

#[async_trait]
impl Source for ConfluenceDc {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, depth: Depth, since: &Watermarks) -> Collection {
        gathered(1, self.visit(depth, since).await)
    }
}

impl ConfluenceDc {
    /// Asks every endpoint; those that need another's answer after it.
    async fn visit(&self, depth: Depth, since: &Watermarks) -> Vec<Part> {
        let gatherer = self.access.gatherer(&self.name, &self.clock, depth, since);
        let mut visit = Visit { source: self, gatherer };
        let (own_account, own_key) = visit.own_account().await;
        data_center::stop_if_not_let_in(&mut visit.gatherer, &own_account);
        let (instance, licence, groups, webhooks, nodes) =
            tokio::join!(visit.instance(), visit.licence(), visit.groups(), visit.webhooks(), visit.nodes());
        let members = visit.members_of_groups(&groups).await;
        let accounts = visit.accounts(&members).await;
        let licensed = visit.licensed_accounts(&accounts).await;
        let given = visit.global_permissions(&accounts, &licence).await;
        let (inside, spaces) = tokio::join!(visit.groups_inside(&groups, &given), visit.spaces(&accounts));
        let space_permissions = visit.space_permissions(&spaces).await;
        let common = visit.common();
        let (tokens, own_tokens, links, clients, basic_auth, apps) = tokio::join!(
            common.personal_access_tokens(&TOKENS),
            common.own_tokens(&OWN_TOKENS, own_key.as_deref()),
            common.application_links(&APPLICATION_LINKS),
            common.oauth_clients(&OAUTH_CLIENTS),
            common.basic_auth(&BASIC_AUTH),
            common.installed_apps(&INSTALLED_APPS),
        );
        let link_status = common.link_status(&LINK_STATUS, &links).await;
        let audit = common.audit_events(&AUDIT_EVENTS, &[&accounts]).await;
        let mut parts = vec![own_account, instance, licence, groups, members.part, inside, accounts, licensed];
        parts.extend([given.part, spaces.part, space_permissions, webhooks, tokens, own_tokens, links, link_status]);
        parts.extend([nodes, clients, basic_auth, apps, audit]);
        parts
    }
}

impl Visit<'_> {
    fn client(&self) -> &Client {
        &self.source.access.client
    }

    fn base_url(&self) -> &str {
        &self.source.access.connection.base_url
    }

    fn id(&self, kind: Kind, native: &str) -> ResourceId {
        ResourceId::new(&self.source.access.tenant, kind, native)
    }

    fn instance_id(&self) -> ResourceId {
        self.common().instance_id()
    }

    /// What all self-hosted products are asked.
    fn common(&self) -> Common<'_> {
        Common { gatherer: &self.gatherer, access: &self.source.access }
    }

    /// The first page of a listing, of so many rows at the most.
    fn up_to(&self, rows: u32, request: Request) -> Request {
        request.query("limit", self.source.access.page_size(rows))
    }
}

/// A container's resource.
fn container(id: ResourceId, name: String, body: Container) -> Resource {
    Resource { id, name, seen_by: Vec::new(), body: Body::Container(body) }
}
