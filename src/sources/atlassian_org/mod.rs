//! `atlassian-org`: an Atlassian organisation through its admin APIs: accounts, groups, roles, products, and every
//! credential that they list.
//!
//! One scoped key is enough. A second key without scopes is an all-powerful secret: it is optional, and used only
//! to list service accounts on tenants whose documented listing does not answer.

mod accounts;
mod audit;
mod credentials;
mod endpoints;
mod estate;
mod groups;
mod policies;
mod roles;
mod service_accounts;
mod wire;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use super::connection::Connection;
use super::endpoint::allowed;
use super::reading::{Gatherer, Hints, Part, gathered};
use super::{Depth, Right, Source, SourceKind, WayIn};
use crate::clock::Clock;
use crate::document::secrets::{need_secret, secret};
use crate::document::{Located, Section};
use crate::http::{Allowed, Auth, Client, CursorPlace, Factory, Paging};
use crate::model::{Collection, Kind, ResourceId, SourceName, Watermarks};
use crate::problem::Problems;
use crate::text::did_you_mean;
use audit::Listings;
use endpoints::ENDPOINTS;

pub(super) const KIND: SourceKind = SourceKind {
    name: "atlassian-org",
    summary: "an Atlassian organisation: accounts, groups, roles, products and credentials",
    rights: &[
        Right { right: "read:orgs:admin", why: "the organisation itself" },
        Right { right: "read:directories:admin", why: "directories and the roles of accounts" },
        Right { right: "read:accounts:admin", why: "accounts, their state and last activity" },
        Right { right: "read:groups:admin", why: "groups and the roles they give" },
        Right { right: "read:workspaces:admin", why: "products with their seats" },
        Right { right: "read:domains:admin", why: "claimed mail domains" },
        Right { right: "read:policies:admin", why: "policies, and which authentication policy an account is in" },
        Right { right: "read:events:admin", why: "the audit log: last log-ins, use of credentials, acting apps" },
        Right { right: "read:tokens:admin", why: "API tokens of managed accounts" },
        Right { right: "read:keys:admin", why: "API keys of the organisation" },
        Right { right: "read:service-accounts:admin", why: "service accounts" },
        Right { right: "read:service-accounts-tokens:admin", why: "tokens and OAuth clients of service accounts" },
    ],
    way_in: Some(WayIn {
        least: "an API key of the organisation with the scopes read:orgs:admin, read:directories:admin and \
                  read:accounts:admin",
        made_at: "Atlassian Administration > Organization settings > API keys > Create API key, with scopes; \
                  only an organisation admin can",
        rights_at: "the scopes of a key are chosen when it is made: make a new one under Atlassian \
                  Administration > Organization settings > API keys",
    }),
    sees: &[
        "the organisation, its directories, products with seats, and mail domains",
        "accounts with status, two-step verification, platform roles, groups and last activity",
        "groups, and which roles accounts and groups hold on which product",
        "API tokens of managed accounts, organisation API keys",
        "service accounts with their tokens and OAuth clients",
        "policies with their state, and which authentication policy a managed account is in",
        "from the audit log: last log-ins, who acts with which credential, and which apps act for whom",
    ],
    cannot_see: &[
        "API tokens of accounts that the organisation does not manage",
        "scopes of tokens where the tenant does not reveal them, and of OAuth clients",
        "what a token was used for; who acts with it and for whom, only a plan with full audit events tells",
        "settings inside authentication policies and the external-user policy",
        "OAuth grants that people gave, unless the app was seen acting, and installed Forge apps",
        "what happened before the audit log begins, at most 180 days ago",
        "the plan of the organisation, unless the configuration tells it",
        "use of the API in the last activity of an account, which counts page views only",
    ],
    endpoints: ENDPOINTS,
    build,
};

/// What to say where the admin APIs do not let the credential in.
const HINTS: Hints = Hints {
    credential: "here an API key of the organisation is needed, made under Atlassian Administration > Settings > API \
                 keys; a person's API token works only in sources of type `jira-cloud`, `confluence-cloud` or \
                 `bitbucket-cloud`",
    address: "check `base_url`: the admin APIs are at `https://api.atlassian.com`",
};

/// The plans that make a difference to what there is, from the smallest to the largest.
const PLANS: [&str; 4] = ["free", "standard", "guard-standard", "enterprise"];

static ALLOWED: LazyLock<Vec<Allowed>> = LazyLock::new(|| allowed(ENDPOINTS));
static CONSOLE_ALLOWED: &[Allowed] = &[endpoints::CONSOLE_SERVICE_ACCOUNTS];

#[derive(Debug)]
struct AtlassianOrg {
    name: SourceName,
    clock: Arc<dyn Clock>,
    connection: Connection,
    client: Client,
    /// The client of the key without scopes, if there is one.
    unscoped: Option<Client>,
    /// The organisation's id, where it is not to be found out.
    org: Option<String>,
    /// The plan of the organisation, where the configuration tells it.
    plan: Option<&'static str>,
    /// How far back the audit log is read at first.
    audit_days: u32,
    /// How many accounts that are neither administrators nor owners of tokens are asked for their roles, one by one.
    role_assignments_up_to: usize,
}

/// One look at the organisation.
struct Visit<'a> {
    source: &'a AtlassianOrg,
    gatherer: Gatherer,
    org: String,
}

fn build(
    name: SourceName,
    mut section: Section,
    factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let mut connection = Connection::read(&mut section, Some("https://api.atlassian.com"), ENDPOINTS);
    let org: Option<String> = section.get("org");
    // All organisations share one host, but not one limit.
    connection.tenant = org.clone().unwrap_or_else(|| name.to_string());
    let up_to = section.number("role_assignments_up_to", 1_000_000).unwrap_or(500);
    let audit_days = section.number("audit_days", 180).unwrap_or(30);
    let plan = plan(&mut section);
    let key = need_secret(&mut section, "key", "key_command");
    let unscoped_key = secret(&mut section, "unscoped_key", "unscoped_key_command");
    let host = connection.base_url.clone();
    let client = key.and_then(|key| connection.client(&mut section, factory, &host, Auth::Bearer(key), &ALLOWED));
    let unscoped = unscoped_key
        .and_then(|key| connection.client(&mut section, factory, &host, Auth::Bearer(key), CONSOLE_ALLOWED));
    let source = client.map(|client| {
        let role_assignments_up_to = up_to as usize;
        let source =
            AtlassianOrg { name, clock, connection, client, unscoped, org, plan, audit_days, role_assignments_up_to };
        Box::new(source) as Box<dyn Source>
    });
    section.finish(source)
}

/// The plan, in one of the words we know.
fn plan(section: &mut Section) -> Option<&'static str> {
    let written: Located<String> = section.get("plan")?;
    let known = PLANS.into_iter().find(|plan| *plan == written.value);
    if known.is_none() {
        let help = match did_you_mean(&written.value, PLANS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected one of: {}", PLANS.join(", ")),
        };
        section.wrong(written.span, format!("`plan` cannot be `{}`", written.value), Some(help));
    }
    known
}

#[async_trait]
impl Source for AtlassianOrg {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, depth: Depth, since: &Watermarks) -> Collection {
        gathered(2, self.visit(depth, since).await)
    }
}

impl AtlassianOrg {
    /// Asks every endpoint; those that need another's answer after it.
    async fn visit(&self, depth: Depth, since: &Watermarks) -> Vec<Part> {
        let gatherer = Gatherer {
            source: self.name.clone(),
            clock: Arc::clone(&self.clock),
            depth,
            since: since.clone(),
            hints: HINTS,
            skip: self.connection.skip.clone(),
            concurrency: self.connection.concurrency,
            blocked: None,
        };
        let mut visit = Visit { source: self, gatherer, org: String::new() };
        let organisation = visit.organisation().await;
        let (directories, accounts, managed, groups, products) = tokio::join!(
            visit.directories(),
            visit.accounts(),
            visit.managed_accounts(),
            visit.groups(),
            visit.products(),
        );
        let (groups, open_nothing) = groups;
        let (tokens, keys, machines, clients, domains, policies, actions) = tokio::join!(
            visit.user_tokens(),
            visit.api_keys(),
            visit.service_accounts(),
            visit.oauth_clients(),
            visit.domains(),
            visit.policies(),
            visit.event_actions(),
        );
        let (machines, internal_ids) = machines;
        let (actions, log_ins) = actions;
        let (machine_tokens, machine_clients, group_roles, account_roles, account_policies) = tokio::join!(
            visit.service_account_tokens(&internal_ids),
            visit.service_account_clients(&internal_ids),
            visit.roles_of_groups(&groups, &open_nothing),
            visit.roles_of_accounts(&accounts, &tokens),
            visit.account_policies(&accounts, &managed),
        );
        let listings = Listings {
            accounts: &[&accounts, &managed, &machines],
            credentials: &[&tokens, &keys, &clients, &machine_tokens, &machine_clients],
        };
        let events = visit.events(&actions, &log_ins, &listings).await;
        let mut parts = vec![organisation, directories, accounts, managed, groups, products, tokens, keys, machines];
        parts.extend([clients, domains, machine_tokens, machine_clients, group_roles]);
        parts.extend(account_roles);
        parts.extend([account_policies, policies, actions, events]);
        parts
    }
}

impl Visit<'_> {
    fn id(&self, kind: Kind, native: &str) -> ResourceId {
        ResourceId::new(&self.org, kind, native)
    }

    fn container(&self, ari: &str) -> ResourceId {
        if ari.starts_with("ari:cloud:platform::org/") {
            return self.id(Kind::Container, "organisation");
        }
        self.id(Kind::Container, &format!("product:{ari}"))
    }
}

/// Any directory that the key may administer.
const EVERY_DIRECTORY: &str = "-";

/// Paging by a cursor in the query that makes all other parameters void.
const BY_CURSOR: Paging = Paging::Links { cursor: "cursor", place: CursorPlace::QueryAlone };

/// Paging by a cursor in the query, beside the other parameters.
const BY_CURSOR_AND_SIZE: Paging = Paging::Links { cursor: "cursor", place: CursorPlace::QueryBeside };

/// Paging of the searches.
const BY_CURSOR_IN_BODY: Paging = Paging::Links { cursor: "cursor", place: CursorPlace::Body };

fn cloud(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}
