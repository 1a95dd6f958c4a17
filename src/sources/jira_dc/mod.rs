//! `jira-dc`: a Jira that a company runs itself, Data Center or Server, from 8.14 on: accounts, groups, seats and licences,
//! projects, roles and permissions, everybody's personal access tokens, links, webhooks, apps and settings.
//!
//! Two modes: `standard` asks what an administrator may see, `deep` what takes a system administrator.

mod accounts;
mod endpoints;
mod groups;
mod instance;
mod permissions;
mod projects;
mod search;
mod webhooks;
mod wire;

#[cfg(test)]
mod openapi_examples;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use super::data_center::{Access, Common, Product, stop_if_not_let_in};
use super::endpoint::allowed;
use super::reading::{Gatherer, Hints, Part, gathered};
use super::{Depth, Right, Source, SourceKind, WayIn};
use crate::clock::Clock;
use crate::document::Section;
use crate::http::{Allowed, Client, Factory};
use crate::model::{Body, Collection, SourceName, Watermarks};
use crate::problem::Problems;
use endpoints::{
    AUDIT_EVENTS, BASIC_AUTH, ENDPOINTS, INSTALLED_APPS, LINK_STATUS, LINKS, OAUTH_CLIENTS, OWN_TOKENS, SYSTEM, TOKENS,
};
use instance::OwnRights;

pub(super) const KIND: SourceKind = SourceKind {
    name: "jira-dc",
    summary: "a self-hosted Jira, Data Center or Server: accounts, groups, seats, licences, projects, permissions, personal \
              access tokens, application links, OAuth clients, webhooks and apps",
    rights: &[
        Right {
            right: "Administer Jira",
            why: "members of groups, seats and licences, roles, permission schemes, application links, webhooks, installed \
                  apps, settings and the audit log",
        },
        Right { right: "Browse users", why: "accounts and groups: without it Jira shows empty lists" },
        Right { right: "Browse projects, of each project", why: "projects: no other right shows all of them" },
        Right {
            right: "Jira System Administrator, for mode deep",
            why: "the personal access tokens of everybody, which also take a Data Center licence, and OAuth 2.0 clients",
        },
    ],
    way_in: Some(WayIn {
        least: "a personal access token of any account that may log in to Jira",
        made_at: "Profile > Personal Access Tokens > Create token, logged in as the scanner's account",
        rights_at: "Administration > System > Global permissions; Browse projects in the permission scheme of \
                  each project",
    }),
    sees: &[
        "accounts of all directories, active or not, and when they last logged in where the version tells",
        "users who are active in more than one directory",
        "groups with everybody in them, and which of them administer Jira",
        "seats used and bought of each application, when its licence ends, and the groups that take seats",
        "projects that the account may browse, with lead, roles and permission scheme, and who is in a role of every new one",
        "every grant of every permission scheme",
        "personal access tokens of everybody, with owner, end and last use (`mode: deep`)",
        "OAuth 2.0 clients with scope and who registered them (`mode: deep`)",
        "application links: how each end lets the other in, impersonation included, and whether it answers",
        "webhooks of administrators: host, events, whether the address carries a secret, who changed them last",
        "installed apps, whether basic authentication is blocked, whether anybody may sign up, versions of the nodes",
        "the audit log: whether it can be read, and log-ins where it records them",
    ],
    cannot_see: &[
        "who holds global permissions: no version has it by REST; a source of type `file` brings it in from the database",
        "OAuth 1.0 consumers with the account they act as: likewise",
        "service accounts, which Jira 11 and later have: no listing of them is described",
        "the personal access tokens of others on a Server licence",
        "projects that the account may not browse",
        "which directory an account comes from, and mail addresses that are hidden or written in words",
        "path and query of a webhook's address and of a client's redirects: they are dropped unread",
        "OAuth 2.0 clients of other systems that Jira itself uses, and who agreed to which client",
    ],
    endpoints: ENDPOINTS,
    build,
};

static ALLOWED: LazyLock<Vec<Allowed>> = LazyLock::new(|| allowed(ENDPOINTS));

static PRODUCT: Product = Product {
    key: "jira",
    title: "Jira",
    system_right: SYSTEM,
    hints: Hints {
        credential: "here a personal access token of an administrator's account is needed as `token`, made under Profile > \
                     Personal Access Tokens in this Jira; `user` and `password` work only where basic authentication is \
                     not blocked, as it is from Jira 11 on; a token of Atlassian's cloud opens nothing here",
        address: "check `base_url`: it must be the address of Jira with its context path, such as \
                  `https://jira.example.com` or `https://www.example.com/jira`",
    },
    endpoints: ENDPOINTS,
};

#[derive(Debug)]
struct JiraDc {
    name: SourceName,
    clock: Arc<dyn Clock>,
    access: Access,
    /// The source of type `file` that brings in the global permissions, if there is one.
    global_permissions_from: Option<String>,
    /// The same for OAuth 1.0 consumers.
    oauth_consumers_from: Option<String>,
}

/// One look at the instance.
struct Visit<'a> {
    source: &'a JiraDc,
    gatherer: Gatherer,
    rights: OwnRights,
    version: Option<Version>,
    /// Where people open it, by its own word.
    address: Option<String>,
}

/// The first two numbers of a version, which tell what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version(u32, u32);

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(['.', '-']).map(str::parse::<u32>);
        let (major, minor) = (numbers.next()?.ok()?, numbers.next().and_then(Result::ok).unwrap_or(0));
        Some(Self(major, minor))
    }
}

impl PartialEq<(u32, u32)> for Version {
    fn eq(&self, other: &(u32, u32)) -> bool {
        (self.0, self.1) == *other
    }
}

impl PartialOrd<(u32, u32)> for Version {
    fn partial_cmp(&self, other: &(u32, u32)) -> Option<std::cmp::Ordering> {
        (self.0, self.1).partial_cmp(other)
    }
}

/// The keys of accounts by the names they log in with: some answers tell one, some the other.
#[derive(Debug, Default)]
struct Names {
    keys: BTreeSet<String>,
    by_name: BTreeMap<String, String>,
    /// True if all accounts were listed: a name that none of them has is nobody's.
    whole: bool,
}

impl Names {
    /// Of the accounts that were listed, and of those that came up elsewhere.
    fn of(listed: &Part, others: &[&Part]) -> Self {
        let mut names = Self { whole: !listed.entry.is_gap(), ..Self::default() };
        for account in others.iter().chain([&listed]).flat_map(|part| &part.resources) {
            let Body::Principal(principal) = &account.body else { continue };
            let key = account.id.native().to_owned();
            if let Some(name) = principal.username.known() {
                names.by_name.insert(name.to_lowercase(), key.clone());
            }
            names.keys.insert(key);
        }
        names
    }

    /// The key of whom a text means, be it a key or a name.
    fn key_of(&self, text: &str) -> Option<&str> {
        let key = self.keys.get(text).or_else(|| self.by_name.get(&text.to_lowercase()));
        key.map(String::as_str)
    }
}

fn build(
    name: SourceName,
    mut section: Section,
    factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let access = Access::read(&mut section, factory, &PRODUCT, &ALLOWED);
    let global_permissions_from = section.get("global_permissions_from");
    let oauth_consumers_from = section.get("oauth_consumers_from");
    let source = access.map(|access| {
        Box::new(JiraDc { name, clock, access, global_permissions_from, oauth_consumers_from }) as Box<dyn Source>
    });
    section.finish(source)
}

#[async_trait]
impl Source for JiraDc {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, depth: Depth, since: &Watermarks) -> Collection {
        gathered(1, self.visit(depth, since).await)
    }
}

impl JiraDc {
    /// Asks every endpoint; those that need another's answer after it. The own account comes first and alone: where it is
    /// not let in, nothing else is tried.
    async fn visit(&self, depth: Depth, since: &Watermarks) -> Vec<Part> {
        let gatherer = self.access.gatherer(&self.name, &self.clock, depth, since);
        let mut visit = Visit { source: self, gatherer, rights: OwnRights::default(), version: None, address: None };
        let (own_account, own_key) = visit.own_account().await;
        stop_if_not_let_in(&mut visit.gatherer, &own_account);
        let own_permissions = visit.own_permissions().await;
        let instance = visit.instance().await;
        let visit = &visit;
        let common = visit.common();
        let (cluster, groups, projects, applications, settings, duplicates, basic_auth) = tokio::join!(
            visit.cluster(),
            visit.groups(),
            visit.projects(),
            visit.applications(),
            visit.settings(),
            visit.duplicated_users(),
            common.basic_auth(&BASIC_AUTH),
        );
        let (members, licences) = tokio::join!(visit.members_of_groups(&groups), visit.licences(&applications));
        let accounts = visit.accounts(&members.users()).await;
        let members = visit.finish_members(members, &groups, &accounts);
        let names = Names::of(&accounts, &[&members, &own_account]);
        let shared_roles = visit.shared_roles(&names).await;
        let (role_actors, project_schemes, schemes, webhooks) = tokio::join!(
            visit.role_actors(&projects, &shared_roles, &names),
            visit.schemes_of_projects(&projects),
            visit.permission_schemes(&names),
            visit.webhooks(&names),
        );
        let listed = [&accounts, &members];
        let (tokens, own_tokens, clients, links, apps, audit) = tokio::join!(
            common.personal_access_tokens(&TOKENS),
            common.own_tokens(&OWN_TOKENS, own_key.as_deref()),
            common.oauth_clients(&OAUTH_CLIENTS),
            common.application_links(&LINKS),
            common.installed_apps(&INSTALLED_APPS),
            common.audit_events(&AUDIT_EVENTS, &listed),
        );
        let link_status = common.link_status(&LINK_STATUS, &links).await;
        let mut parts = vec![own_account, own_permissions, instance, cluster, accounts, duplicates];
        parts.extend([visit.service_accounts(), groups, members, applications, licences, settings, basic_auth]);
        parts.extend([projects, shared_roles.part, role_actors, schemes, project_schemes, tokens, own_tokens, clients]);
        parts.extend([links, link_status, webhooks, apps, audit]);
        parts.extend([visit.global_permissions(), visit.oauth_consumers()].into_iter().flatten());
        parts
    }
}

impl Visit<'_> {
    fn common(&self) -> Common<'_> {
        Common { gatherer: &self.gatherer, access: &self.source.access }
    }

    fn client(&self) -> &Client {
        &self.source.access.client
    }
}
