//! `bitbucket-dc`: one Bitbucket Data Center or Server: accounts and groups, permissions at every level, projects and
//! repositories, access tokens, keys and webhooks, the licence, and what all self-hosted products have.
//!
//! No resource lists all tokens, and most of what matters is asked project by project and account by account. What would
//! take a request for each repository is asked in mode `deep` only, and told as left out otherwise.

mod accounts;
mod endpoints;
mod grants;
mod hooks;
mod instance;
mod keys;
mod page;
mod permissions;
mod projects;
mod tokens;
mod wire;

#[cfg(test)]
mod described;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use super::data_center::{self, Access, Common, Product};
use super::endpoint::{Endpoint, allowed};
use super::reading::{Gatherer, Hints, Part, Reading, gathered};
use super::{Depth, Right, Source, SourceKind, WayIn};
use crate::clock::Clock;
use crate::document::Section;
use crate::http::{Allowed, Client, Factory, Request};
use crate::model::{
    Body, Collection, Container, EndpointState, Fact, Kind, Resource, ResourceId, SourceName, Watermarks,
};
use crate::problem::Problems;
use endpoints::{APPLICATION_LINKS, AUDIT_EVENTS, BASIC_AUTH, ENDPOINTS, INSTALLED_APPS, LINK_STATUS, OAUTH_CLIENTS};
use projects::Place;

pub(super) const KIND: SourceKind = SourceKind {
    name: "bitbucket-dc",
    summary: "a Bitbucket Data Center or Server: accounts, groups, permissions, repositories, access tokens, keys and \
              webhooks",
    rights: &[
        Right { right: "licensed user (LICENSED_USER)", why: "accounts, groups and who is in them" },
        Right {
            right: "administrator (ADMIN)",
            why: "all projects and repositories with their permissions, everybody's access tokens and SSH keys, webhooks, \
                  the licence, the audit log",
        },
        Right {
            right: "system administrator (SYS_ADMIN)",
            why: "OAuth 2.0 clients, installed apps, basic authentication, exempt repositories, and the tokens of other \
                  system administrators",
        },
    ],
    way_in: Some(WayIn {
        least: "an HTTP access token of any licensed account",
        made_at: "Profile > Manage account > HTTP access tokens > Create token, logged in as the scanner's \
                  account",
        rights_at: "Administration > Accounts > Global permissions",
    }),
    sees: &[
        "accounts with their status, directory and last log-in, and groups with their members",
        "permissions on the whole product, and who administers it in the end",
        "projects and repositories, public or private, archived ones included, and who was given which permission on them; \
         on repositories in mode `deep`",
        "HTTP access tokens of accounts and projects, and in mode `deep` of repositories, with permissions, last use and end",
        "SSH keys of accounts, access keys of projects, and in mode `deep` of repositories",
        "webhooks of projects, and in mode `deep` of repositories",
        "the licence with its seats and its end, and the version",
        "application links, OAuth 2.0 clients, installed apps, and whether passwords open the API",
        "repositories that secret scanning leaves out, how long SSH keys may live, and audit events",
    ],
    cannot_see: &[
        "tokens of accounts that were deleted",
        "OAuth 1.0 consumers behind generic application links",
        "which account agreed to which OAuth 2.0 client",
        "whether accounts use two-step verification",
        "what builds may use: there are no pipelines in this product",
    ],
    endpoints: ENDPOINTS,
    build,
};

static PRODUCT: Product = Product {
    key: "bitbucket",
    title: "Bitbucket",
    system_right: endpoints::SYSTEM_ADMIN,
    hints: Hints {
        credential: "here an HTTP access token of an account that administers Bitbucket is needed as `token`; Bitbucket \
                     answers in the same way where the token is good and its account lacks the right",
        address: "check `base_url`: it must be the address of Bitbucket with its context path, such as \
                  `https://git.example.com/bitbucket`",
    },
    endpoints: ENDPOINTS,
};

static ALLOWED: LazyLock<Vec<Allowed>> = LazyLock::new(|| allowed(ENDPOINTS));

#[derive(Debug)]
struct BitbucketDc {
    name: SourceName,
    clock: Arc<dyn Clock>,
    access: Access,
}

/// One look at the product.
struct Visit<'a> {
    source: &'a BitbucketDc,
    gatherer: Gatherer,
    /// Whether the account that asks administers Bitbucket.
    administers: Fact<bool>,
}

fn build(
    name: SourceName,
    mut section: Section,
    factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let access = Access::read(&mut section, factory, &PRODUCT, &ALLOWED);
    let source = access.map(|access| Box::new(BitbucketDc { name, clock, access }) as Box<dyn Source>);
    section.finish(source)
}

#[async_trait]
impl Source for BitbucketDc {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, depth: Depth, since: &Watermarks) -> Collection {
        gathered(1, self.visit(depth, since).await)
    }
}

impl BitbucketDc {
    /// Asks every endpoint; those that need another's answer after it, and what takes a request for each repository last.
    async fn visit(&self, depth: Depth, since: &Watermarks) -> Vec<Part> {
        let gatherer = self.access.gatherer(&self.name, &self.clock, depth, since);
        let mut visit = Visit { source: self, gatherer, administers: Fact::Unknown };
        let instance = visit.instance().await;
        data_center::stop_if_not_let_in(&mut visit.gatherer, &instance);
        let accounts = visit.accounts().await;
        data_center::stop_if_not_let_in(&mut visit.gatherer, &accounts.part);
        let (licence, directories, groups) = tokio::join!(visit.licence(), visit.directories(), visit.groups());
        let members = visit.members_of_groups(&groups, &accounts).await;
        let of_accounts = visit.global_accounts(&accounts).await;
        let of_groups = visit.global_groups(&groups, &licence, &of_accounts).await;
        let effective = visit.effective_administrators(&of_accounts, &of_groups, &members).await;
        let (projects, repositories) = tokio::join!(visit.projects(), visit.repositories());
        let (account_tokens, project_tokens, ssh_keys, project_keys) = tokio::join!(
            visit.account_tokens(&accounts),
            visit.project_tokens(&projects),
            visit.ssh_keys(&accounts),
            visit.project_keys(&projects),
        );
        let (project_accounts, project_groups, project_defaults, project_webhooks) = tokio::join!(
            visit.project_accounts(&projects),
            visit.project_groups(&projects),
            visit.project_defaults(&projects),
            visit.project_webhooks(&projects),
        );
        let (policy, exempt) = tokio::join!(visit.ssh_key_policy(), visit.secret_scanning());
        let (repository_accounts, repository_groups, repository_tokens, repository_keys, repository_webhooks) = tokio::join!(
            visit.repository_accounts(&repositories),
            visit.repository_groups(&repositories),
            visit.repository_tokens(&repositories),
            visit.repository_keys(&repositories),
            visit.repository_webhooks(&repositories),
        );
        let common = visit.common();
        let (links, clients, basic_auth, apps) = tokio::join!(
            common.application_links(&APPLICATION_LINKS),
            common.oauth_clients(&OAUTH_CLIENTS),
            common.basic_auth(&BASIC_AUTH),
            common.installed_apps(&INSTALLED_APPS),
        );
        let link_status = common.link_status(&LINK_STATUS, &links).await;
        let audit = common.audit_events(&AUDIT_EVENTS, &[&accounts.part]).await;
        let mut parts = vec![instance, licence, accounts.part, directories, groups, members.part, of_accounts.part];
        parts.extend([of_groups.part, effective, projects.part, project_accounts, project_groups, project_defaults]);
        parts.extend([repositories.part, repository_accounts, repository_groups, account_tokens, project_tokens]);
        parts.extend([repository_tokens, ssh_keys, project_keys, repository_keys, project_webhooks]);
        parts.extend([repository_webhooks, policy, exempt, links, link_status, clients, basic_auth, apps, audit]);
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

    /// The first page of a listing, as large as Bitbucket commonly lets it be; it cuts what is too large.
    fn listing(&self, request: Request) -> Request {
        request.query("limit", self.source.access.page_size(1000))
    }

    /// One listing for each project or repository.
    fn for_each<'p>(&self, endpoint: &'static Endpoint, places: &'p [Place]) -> Vec<(&'p Place, Request)> {
        places.iter().map(|place| (place, self.listing(endpoint.request(&place.names())))).collect()
    }

    /// Begins to read what takes a request for each repository: in mode `deep` only.
    fn start_deep(&self, endpoint: &'static Endpoint) -> Reading<'_> {
        let mut reading = self.common().start(endpoint);
        if !self.source.access.is_deep() {
            let reason = "asked in `mode: deep` only, because it takes a request for each repository";
            reading.close(EndpointState::Skipped, reason);
        }
        reading
    }
}

/// A container's resource.
fn container(id: ResourceId, name: String, body: Container) -> Resource {
    Resource { id, name, seen_by: Vec::new(), body: Body::Container(body) }
}
