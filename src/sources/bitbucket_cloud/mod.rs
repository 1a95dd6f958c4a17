//! `bitbucket-cloud`: one Bitbucket Cloud workspace: members and groups, projects, repositories with their permissions,
//! pipelines with the names of their variables, deploy keys, SSH keys and webhooks.
//!
//! Bitbucket grants a thousand requests an hour, and most of what matters is asked repository by repository. So what
//! tells most is asked first; when the limit is met, the rest says so.

mod branches;
mod endpoints;
mod hooks;
mod keys;
mod members;
mod permissions;
mod repositories;
mod variables;
mod wire;
mod workspace;

#[cfg(test)]
mod openapi_examples;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use super::connection::Connection;
use super::endpoint::{Endpoint, allowed};
use super::reading::{Gatherer, Hints, Part, gathered};
use super::{Depth, Right, Source, SourceKind, WayIn};
use crate::clock::Clock;
use crate::document::secrets::{need_secret, secret};
use crate::document::{Located, Section};
use crate::http::{Allowed, Auth, Client, CursorPlace, Factory, Paging, Request};
use crate::model::{Collection, Fact, Kind, Resource, ResourceId, SourceName, Watermarks};
use crate::problem::Problems;
use crate::sources::row::id;
use endpoints::ENDPOINTS;
use members::Directory;
use repositories::key_of;
use workspace::Reach;

pub(super) const KIND: SourceKind = SourceKind {
    name: "bitbucket-cloud",
    summary: "a Bitbucket Cloud workspace: members, groups, repositories, permissions, pipelines, keys and webhooks",
    rights: &[
        Right {
            right: "administrator of the workspace, or an access token of the workspace",
            why: "all repositories and projects with their permissions, variables, keys and webhooks",
        },
        Right { right: "read:workspace:bitbucket", why: "the workspace, its members and groups" },
        Right { right: "read:project:bitbucket", why: "projects" },
        Right { right: "admin:project:bitbucket", why: "permissions and deploy keys of projects" },
        Right { right: "read:repository:bitbucket", why: "repositories and what each account may do with them" },
        Right {
            right: "admin:repository:bitbucket",
            why: "permissions, branch restrictions, pipelines and deploy keys of repositories",
        },
        Right { right: "read:pipeline:bitbucket", why: "variables and deployment environments" },
        Right { right: "read:webhook:bitbucket", why: "webhooks" },
        Right { right: "read:ssh-key:bitbucket", why: "SSH keys" },
    ],
    way_in: Some(WayIn {
        least: "an API token with the scopes read:workspace:bitbucket and read:repository:bitbucket of a \
                  member of the workspace",
        made_at: "id.atlassian.com > Security > Create and manage API tokens > Create API token with scopes > \
                  Bitbucket",
        rights_at: "administrators are made under Workspace settings > User groups; the scopes of a token are \
                  chosen when it is made",
    }),
    sees: &[
        "members with their roles, and groups with their members",
        "projects and repositories, public or private, and who was given which permission on them",
        "what each account may do with each repository in the end",
        "whether pipelines run, and who alone may push to every branch",
        "names of pipeline variables of workspace, repositories and deployments; never their values",
        "deploy keys of repositories and projects, and the SSH keys of the account that asks",
        "webhooks of workspace and repositories",
    ],
    cannot_see: &[
        "access tokens of repositories, projects and the workspace",
        "OAuth consumers, and the apps that people let in",
        "app passwords, which were withdrawn on 28 July 2026",
        "SSH keys of other accounts, unless Bitbucket shows them",
        "the list of allowed IP addresses, and whether two-step verification is required",
        "the workspace's own audit log, which only the organisation's tells in part",
        "mail addresses, and members that were deactivated",
    ],
    endpoints: ENDPOINTS,
    build,
};

const HINTS: Hints = Hints {
    credential: "here an API token with Bitbucket scopes of an administrator of the workspace is needed, with their \
                 mail address as `user`, or an access token of the workspace as `access_token`; app passwords were \
                 withdrawn on 28 July 2026",
    address: "check `workspace`: it must be the short name in the workspace's address, such as `acme` of \
              `https://bitbucket.org/acme/`, and the credential must be let into it",
};

/// Requests under way at once, where the configuration says nothing.
const CONCURRENCY: usize = 4;

static ALLOWED: LazyLock<Vec<Allowed>> = LazyLock::new(|| allowed(ENDPOINTS));

#[derive(Debug)]
struct BitbucketCloud {
    name: SourceName,
    clock: Arc<dyn Clock>,
    connection: Connection,
    client: Client,
    /// The short name of the workspace.
    workspace: String,
    /// True if an access token asks, which is nobody's.
    as_token: bool,
}

/// One look at the workspace.
struct Visit<'a> {
    source: &'a BitbucketCloud,
    gatherer: Gatherer,
    /// The workspace's id, without braces.
    tenant: String,
    /// How much of the workspace is shown to who asks.
    reach: Reach,
    /// Who asks, if Bitbucket told.
    caller: Option<wire::Account>,
    directory: Directory,
}

fn build(
    name: SourceName,
    mut section: Section,
    factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let own_pace = section.has("concurrency");
    let mut connection = Connection::read(&mut section, Some("https://api.bitbucket.org"), ENDPOINTS);
    if !own_pace {
        connection.concurrency = CONCURRENCY;
    }
    let workspace = workspace_name(&mut section);
    let auth = auth(&mut section);
    let as_token = matches!(auth, Some(Auth::Bearer(_)));
    let host = connection.base_url.clone();
    let client = auth.and_then(|auth| connection.client(&mut section, factory, &host, auth, &ALLOWED));
    let source = client.zip(workspace).map(|(client, workspace)| {
        Box::new(BitbucketCloud { name, clock, connection, client, workspace, as_token }) as Box<dyn Source>
    });
    section.finish(source)
}

/// The short name of the workspace, or its id in braces; people copy its address.
fn workspace_name(section: &mut Section) -> Option<String> {
    let written: Located<String> = section.need("workspace")?;
    if written.value.is_empty() || written.value.contains('/') {
        let help = Some("write `acme` for `https://bitbucket.org/acme/`".to_owned());
        section.wrong(written.span, "`workspace` is no short name of a workspace", help);
        return None;
    }
    Some(written.value)
}

/// Either a person's API token with their mail address, or an access token of the workspace.
fn auth(section: &mut Section) -> Option<Auth> {
    let user: Option<Located<String>> = section.get("user");
    let as_token = section.has("access_token") || section.has("access_token_command");
    let as_person = user.is_some() || section.has("token") || section.has("token_command");
    if as_token && as_person {
        let help = Some("keep `user` and `token`, or `access_token`".to_owned());
        section.wrong(section.span_of("access_token"), "there are two ways to log in", help);
    }
    if as_token {
        let token = secret(section, "access_token", "access_token_command");
        // Taken, so that they are not told as unknown keys too.
        secret(section, "token", "token_command");
        return token.map(Auth::Bearer);
    }
    let password = need_secret(section, "token", "token_command");
    let user = match user {
        Some(user) if user.value.contains('@') => Some(user.value),
        Some(user) => {
            let help = "Bitbucket takes an API token with the mail address of its Atlassian account only, not with the \
                        name of the user in Bitbucket";
            section.wrong(user.span, "`user` is no mail address", Some(help.to_owned()));
            None
        }
        None => section.need("user"),
    };
    Some(Auth::Basic { user: user?, password: password? })
}

#[async_trait]
impl Source for BitbucketCloud {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, depth: Depth, since: &Watermarks) -> Collection {
        gathered(0, self.visit(depth, since).await)
    }
}

impl BitbucketCloud {
    /// Asks every endpoint; those that need another's answer after it, and those that tell least at the end.
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
        let mut visit = Visit {
            source: self,
            gatherer,
            tenant: String::new(),
            reach: Reach::default(),
            caller: None,
            directory: Directory::default(),
        };
        let workspace = visit.workspace().await;
        let own_permission = visit.own_permission().await;
        let members = visit.members().await;
        let roles = visit.permissions_of_members().await;
        let (projects, repositories, effective, variables, hooks) = tokio::join!(
            visit.projects(),
            visit.repositories(),
            visit.effective_permissions(),
            visit.workspace_variables(),
            visit.workspace_webhooks(),
        );
        let (pipelines, restrictions) =
            tokio::join!(visit.pipelines(&repositories), visit.branch_restrictions(&repositories));
        let (repository_variables, (environments, in_environments)) = tokio::join!(
            visit.repository_variables(&repositories, &pipelines),
            visit.environments(&repositories, &pipelines),
        );
        let deployment_variables = visit.deployment_variables(&environments, in_environments).await;
        let (deploy_keys, repository_hooks) =
            tokio::join!(visit.deploy_keys(&repositories), visit.repository_webhooks(&repositories));
        let (project_accounts, project_groups, project_keys) = tokio::join!(
            visit.project_accounts(&projects),
            visit.project_groups(&projects),
            visit.project_deploy_keys(&projects),
        );
        let (repository_accounts, repository_groups) =
            tokio::join!(visit.repository_accounts(&repositories), visit.repository_groups(&repositories));
        let groups = visit.groups(&members, &[&project_groups, &repository_groups]).await;
        let ssh_keys = visit.ssh_keys(&members).await;
        let mut parts = vec![workspace, own_permission, members, roles, groups, projects, repositories, effective];
        parts.extend([variables, hooks, pipelines.part, restrictions, repository_variables, environments]);
        parts.extend([deployment_variables, deploy_keys, repository_hooks, project_accounts, project_groups]);
        parts.extend([project_keys, repository_accounts, repository_groups, ssh_keys]);
        parts
    }
}

impl Visit<'_> {
    fn client(&self) -> &Client {
        &self.source.client
    }

    fn id(&self, kind: Kind, native: &str) -> ResourceId {
        ResourceId::new(&self.tenant, kind, native)
    }

    fn workspace_id(&self) -> ResourceId {
        self.id(Kind::Container, "workspace")
    }

    fn repository_id(&self, uuid: &str) -> ResourceId {
        self.id(Kind::Container, &format!("repository:{uuid}"))
    }

    fn group_id(&self, slug: &str) -> ResourceId {
        self.id(Kind::Group, slug)
    }

    /// The first page of a listing, as large as it may be.
    fn listing(&self, request: Request) -> Request {
        request.query("pagelen", self.source.connection.page_size(100))
    }

    /// One listing for each repository.
    fn for_each_repository<'r>(
        &self,
        endpoint: &'static Endpoint,
        repositories: &'r Part,
    ) -> Vec<(&'r Resource, Request)> {
        let known = repositories.resources.iter().filter_map(|repository| Some((repository, uuid_of(repository)?)));
        let slug = &self.source.workspace;
        known.map(|(one, uuid)| (one, self.listing(endpoint.request(&[slug, &braced(uuid)])))).collect()
    }

    /// One listing for each project.
    fn for_each_project<'p>(&self, endpoint: &'static Endpoint, projects: &'p Part) -> Vec<(&'p Resource, Request)> {
        let known = projects.resources.iter().filter_map(|project| Some((project, key_of(project)?)));
        let slug = &self.source.workspace;
        known.map(|(one, key)| (one, self.listing(endpoint.request(&[slug, &key])))).collect()
    }
}

/// Paging by links to the next page, which name the public host: only path and query of them are used.
const BY_LINKS: Paging = Paging::Links { cursor: "page", place: CursorPlace::QueryBeside };

fn cloud(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}

/// An id without the braces in which Bitbucket writes it.
fn uuid(fact: Fact<String>) -> Option<String> {
    id(fact).map(|uuid| uuid.trim_matches(['{', '}']).to_owned()).filter(|uuid| !uuid.is_empty())
}

/// An id as Bitbucket's paths take it.
fn braced(uuid: &str) -> String {
    format!("{{{uuid}}}")
}

fn uuid_of(repository: &Resource) -> Option<&str> {
    repository.id.native().strip_prefix("repository:")
}
