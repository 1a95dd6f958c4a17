//! `jira-align`: one Jira Align: its users, their roles, and who of them can change the connector to Jira.
//!
//! Each user may have one API token, which acts with their role and ends only when they do. Nothing lists these tokens,
//! and that is a gap of the ledger.

mod endpoints;
mod users;
mod wire;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use super::connection::Connection;
use super::endpoint::allowed;
use super::pages::One;
use super::reading::{Gatherer, Hints, Part, gathered};
use super::{Depth, Right, Source, SourceKind, WayIn};
use crate::clock::Clock;
use crate::document::Section;
use crate::document::secrets::need_secret;
use crate::http::{Allowed, Auth, Client, Factory, Paging};
use crate::model::{Collection, EndpointState, Kind, ResourceId, SourceName, Watermarks};
use crate::problem::Problems;
use endpoints::{ENDPOINTS, TOKENS};

pub(super) const KIND: SourceKind = SourceKind {
    name: "jira-align",
    summary: "a Jira Align: its users, their roles, and who can change the connector to Jira",
    rights: &[Right { right: "an API token of a user whose role may see people", why: "users and their roles" }],
    way_in: Some(WayIn {
        least: "an API token of a user whose role may see people",
        made_at: "Profile > Edit profile > API Token, logged in as the scanner's user",
        rights_at: "Administration > Access Controls > Roles",
    }),
    sees: &[
        "users, whether they may log in, and when they last did",
        "the role of each user, where the release tells it",
        "who has a role that can change the connector, and so get at its credential for Jira (`connector_roles`)",
    ],
    cannot_see: &[
        "API tokens: every user may have one, which never ends, and nothing lists them",
        "what a role may do: which roles can change the connector is stated in the configuration",
        "the connector's settings; its account in Jira is seen by the source of that Jira, and judged by the register",
        "the audit log",
    ],
    endpoints: ENDPOINTS,
    build,
};

static ALLOWED: LazyLock<Vec<Allowed>> = LazyLock::new(|| allowed(ENDPOINTS));

/// Nobody has published a limit: a little at a time is what it bears.
const CONCURRENCY: usize = 2;

const HINTS: Hints = Hints {
    credential: "make a token in Jira Align under Profile, API Token; it ends when its user makes a new one or is deactivated",
    address: "check `base_url`: it must be the address of the instance, such as `https://acme.jiraalign.com`",
};

#[derive(Debug)]
struct JiraAlign {
    name: SourceName,
    clock: Arc<dyn Clock>,
    connection: Connection,
    client: Client,
    tenant: String,
    /// Names or ids of the roles that can change the connector.
    connector_roles: Vec<String>,
}

/// One look at the instance.
struct Visit<'a> {
    source: &'a JiraAlign,
    gatherer: Gatherer,
}

fn build(
    name: SourceName,
    mut section: Section,
    factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let own_pace = section.has("concurrency");
    let mut connection = Connection::read(&mut section, None, ENDPOINTS);
    if !own_pace {
        connection.concurrency = CONCURRENCY;
    }
    let instance: Option<String> = section.get("instance");
    let tenant = instance.unwrap_or_else(|| host_of(&connection.base_url));
    let connector_roles = section.get("connector_roles").unwrap_or_else(|| vec!["Super Admin".to_owned()]);
    let token = need_secret(&mut section, "token", "token_command");
    let host = connection.base_url.clone();
    let client = token.and_then(|token| connection.client(&mut section, factory, &host, Auth::Bearer(token), &ALLOWED));
    let source = client.map(|client| {
        Box::new(JiraAlign { name, clock, connection, client, tenant, connector_roles }) as Box<dyn Source>
    });
    section.finish(source)
}

/// What an address is called where no name is given for it: its host, with port and path.
fn host_of(base_url: &str) -> String {
    let place = base_url.split_once("://").map_or(base_url, |(_, place)| place);
    place.replace(['/', ':'], "-")
}

#[async_trait]
impl Source for JiraAlign {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, depth: Depth, since: &Watermarks) -> Collection {
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
        let visit = Visit { source: self, gatherer };
        let parts = vec![visit.users().await, visit.tokens().await];
        gathered(0, parts)
    }
}

impl Visit<'_> {
    fn id(&self, kind: Kind, native: &str) -> ResourceId {
        ResourceId::new(&self.source.tenant, kind, native)
    }

    fn instance_id(&self) -> ResourceId {
        self.id(Kind::Container, "instance")
    }

    /// Asks the instance whether its release can list tokens. As far as anybody knows none can.
    async fn tokens(&self) -> Part {
        let mut reading = self.gatherer.start(&TOKENS);
        let request = TOKENS.request(&[]);
        let described =
            reading.walk::<One<wire::Description>, _>(&self.source.client, request, Paging::Single).await.rows;
        let paths = described.into_iter().filter_map(|description| description.paths.known().cloned()).flatten();
        let offered: Vec<String> =
            paths.map(|(path, _)| path).filter(|path| path.to_ascii_lowercase().contains("token")).collect();
        match offered.first() {
            Some(path) => {
                let reason = format!(
                    "this release has {path}, which keyroll does not know how to read; tell its developers, and until then \
                     list the tokens by hand"
                );
                reading.settle(EndpointState::Partial, reason);
            }
            None => {
                let reason = "Jira Align cannot list tokens; each user may have one, and it never ends: ask the users of \
                              integrations, and accept this gap with a reason";
                reading.settle(EndpointState::NotOffered, reason);
            }
        }
        reading.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_without_a_name_is_called_by_its_address() {
        assert_eq!(host_of("https://acme.jiraalign.com"), "acme.jiraalign.com");
        assert_eq!(host_of("http://127.0.0.1:8080/align"), "127.0.0.1-8080-align");
    }
}
