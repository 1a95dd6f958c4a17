//! The endpoints of a Bitbucket Cloud workspace: what is asked, what it shows, which right it takes.

use crate::model::Kind;
use crate::sources::endpoint::{Endpoint, get};

const WORKSPACE_READER: &str = "read:workspace:bitbucket";
const WORKSPACE_ADMIN: &str = "read:workspace:bitbucket, as an administrator of the workspace";
const PROJECT_READER: &str = "read:project:bitbucket, as an administrator of the workspace";
const PROJECT_ADMIN: &str = "admin:project:bitbucket, as an administrator of the project";
const REPOSITORY_READER: &str = "read:repository:bitbucket, as an administrator of the workspace";
const REPOSITORY_ADMIN: &str = "admin:repository:bitbucket, as an administrator of the repository";
const PIPELINES: &str = "read:pipeline:bitbucket, as an administrator of the repository or workspace";
const WEBHOOKS: &str = "read:webhook:bitbucket, as an administrator of the repository or workspace";

const PER_PAGE: &str = "1 per 100";
const PER_PROJECT: &str = "1 per project";
const PER_REPOSITORY: &str = "1 per repository";

pub(super) const WORKSPACE: Endpoint =
    Endpoint::new("workspace", &[get("/2.0/workspaces/{}")], &[Kind::Container], WORKSPACE_READER)
        .only(&["workspace"])
        .always_there();

pub(super) const OWN_PERMISSION: Endpoint =
    Endpoint::new("own permission", &[get("/2.0/user/workspaces/{}/permission")], &[], WORKSPACE_READER);

pub(super) const MEMBERS: Endpoint =
    Endpoint::new("members", &[get("/2.0/workspaces/{}/members")], &[Kind::Principal], WORKSPACE_READER)
        .costs("1 per 100 accounts");

pub(super) const PERMISSIONS_OF_MEMBERS: Endpoint =
    Endpoint::new("permissions of members", &[get("/2.0/workspaces/{}/permissions")], &[Kind::Grant], WORKSPACE_READER)
        .only(&["workspace-role"])
        .costs("1 per 100 accounts");

/// An endpoint of the first API, and the only one that tells who is in which group.
pub(super) const GROUPS: Endpoint =
    Endpoint::new("groups", &[get("/1.0/groups/{}")], &[Kind::Group, Kind::Principal], WORKSPACE_ADMIN);

pub(super) const PROJECTS: Endpoint =
    Endpoint::new("projects", &[get("/2.0/workspaces/{}/projects")], &[Kind::Container], PROJECT_READER)
        .only(&["repository-project"])
        .costs(PER_PAGE);

pub(super) const PROJECT_ACCOUNTS: Endpoint = Endpoint::new(
    "project permissions of accounts",
    &[get("/2.0/workspaces/{}/projects/{}/permissions-config/users")],
    &[Kind::Grant],
    PROJECT_ADMIN,
)
.only(&["repository-project-permission"])
.costs(PER_PROJECT);

pub(super) const PROJECT_GROUPS: Endpoint = Endpoint::new(
    "project permissions of groups",
    &[get("/2.0/workspaces/{}/projects/{}/permissions-config/groups")],
    &[Kind::Grant],
    PROJECT_ADMIN,
)
.only(&["repository-project-permission"])
.costs(PER_PROJECT);

pub(super) const REPOSITORIES: Endpoint =
    Endpoint::new("repositories", &[get("/2.0/repositories/{}")], &[Kind::Container], REPOSITORY_READER)
        .only(&["repository"])
        .costs("1 per 100 repositories");

pub(super) const REPOSITORY_ACCOUNTS: Endpoint = Endpoint::new(
    "repository permissions of accounts",
    &[get("/2.0/repositories/{}/{}/permissions-config/users")],
    &[Kind::Grant],
    REPOSITORY_ADMIN,
)
.only(&["repository-permission"])
.costs(PER_REPOSITORY);

pub(super) const REPOSITORY_GROUPS: Endpoint = Endpoint::new(
    "repository permissions of groups",
    &[get("/2.0/repositories/{}/{}/permissions-config/groups")],
    &[Kind::Grant],
    REPOSITORY_ADMIN,
)
.only(&["repository-permission"])
.costs(PER_REPOSITORY);

/// One listing for all repositories, so that it is the cheapest of all permissions.
pub(super) const EFFECTIVE_PERMISSIONS: Endpoint = Endpoint::new(
    "effective repository permissions",
    &[get("/2.0/workspaces/{}/permissions/repositories")],
    &[Kind::Grant],
    REPOSITORY_READER,
)
.only(&["effective-repository-permission"])
.costs("1 per 100 accounts of each repository");

pub(super) const PIPELINES_CONFIGURATION: Endpoint = Endpoint::new(
    "pipelines configuration",
    &[get("/2.0/repositories/{}/{}/pipelines_config")],
    &[Kind::Container],
    REPOSITORY_ADMIN,
)
.only(&["repository"])
.costs(PER_REPOSITORY);

pub(super) const BRANCH_RESTRICTIONS: Endpoint = Endpoint::new(
    "branch restrictions",
    &[get("/2.0/repositories/{}/{}/branch-restrictions")],
    &[Kind::Container],
    REPOSITORY_ADMIN,
)
.only(&["repository"])
.costs(PER_REPOSITORY);

pub(super) const WORKSPACE_VARIABLES: Endpoint = Endpoint::new(
    "workspace variables",
    &[get("/2.0/workspaces/{}/pipelines-config/variables")],
    &[Kind::Variable],
    PIPELINES,
);

pub(super) const REPOSITORY_VARIABLES: Endpoint = Endpoint::new(
    "repository variables",
    &[get("/2.0/repositories/{}/{}/pipelines_config/variables")],
    &[Kind::Variable],
    PIPELINES,
)
.costs(PER_REPOSITORY);

pub(super) const ENVIRONMENTS: Endpoint =
    Endpoint::new("environments", &[get("/2.0/repositories/{}/{}/environments")], &[Kind::Variable], PIPELINES)
        .costs(PER_REPOSITORY);

pub(super) const DEPLOYMENT_VARIABLES: Endpoint = Endpoint::new(
    "deployment variables",
    &[get("/2.0/repositories/{}/{}/deployments_config/environments/{}/variables")],
    &[Kind::Variable],
    PIPELINES,
)
.costs("1 per environment of each repository");

pub(super) const DEPLOY_KEYS: Endpoint =
    Endpoint::new("deploy keys", &[get("/2.0/repositories/{}/{}/deploy-keys")], &[Kind::Credential], REPOSITORY_ADMIN)
        .only(&["deploy-key"])
        .costs(PER_REPOSITORY);

pub(super) const PROJECT_DEPLOY_KEYS: Endpoint = Endpoint::new(
    "deploy keys of projects",
    &[get("/2.0/workspaces/{}/projects/{}/deploy-keys")],
    &[Kind::Credential],
    PROJECT_ADMIN,
)
.only(&["deploy-key"])
.costs(PER_PROJECT);

pub(super) const SSH_KEYS: Endpoint =
    Endpoint::new("SSH keys", &[get("/2.0/users/{}/ssh-keys")], &[Kind::Credential], "read:ssh-key:bitbucket")
        .only(&["ssh-key"])
        .costs("2 or 3; 1 per account where Bitbucket shows the keys of others");

pub(super) const WORKSPACE_WEBHOOKS: Endpoint =
    Endpoint::new("workspace webhooks", &[get("/2.0/workspaces/{}/hooks")], &[Kind::Webhook], WEBHOOKS);

pub(super) const REPOSITORY_WEBHOOKS: Endpoint =
    Endpoint::new("repository webhooks", &[get("/2.0/repositories/{}/{}/hooks")], &[Kind::Webhook], WEBHOOKS)
        .costs(PER_REPOSITORY);

pub(super) static ENDPOINTS: &[Endpoint] = &[
    WORKSPACE,
    OWN_PERMISSION,
    MEMBERS,
    PERMISSIONS_OF_MEMBERS,
    GROUPS,
    PROJECTS,
    PROJECT_ACCOUNTS,
    PROJECT_GROUPS,
    REPOSITORIES,
    REPOSITORY_ACCOUNTS,
    REPOSITORY_GROUPS,
    EFFECTIVE_PERMISSIONS,
    PIPELINES_CONFIGURATION,
    BRANCH_RESTRICTIONS,
    WORKSPACE_VARIABLES,
    REPOSITORY_VARIABLES,
    ENVIRONMENTS,
    DEPLOYMENT_VARIABLES,
    DEPLOY_KEYS,
    PROJECT_DEPLOY_KEYS,
    SSH_KEYS,
    WORKSPACE_WEBHOOKS,
    REPOSITORY_WEBHOOKS,
];
