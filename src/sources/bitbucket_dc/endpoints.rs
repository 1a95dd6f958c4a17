//! The endpoints of a Bitbucket Data Center: what is asked, what it shows, which right it takes.

use crate::model::Kind;
use crate::sources::data_center::endpoints as common;
use crate::sources::endpoint::{Endpoint, get};

const LICENSED: &str = "licensed user (LICENSED_USER)";
const ADMIN: &str = "administrator (ADMIN)";
/// The right that takes mode `deep`.
pub(super) const SYSTEM_ADMIN: &str = "system administrator (SYS_ADMIN)";

const PER_PAGE: &str = "1 per 1,000";
const PER_ACCOUNT: &str = "1 per account";
const PER_PROJECT: &str = "1 per project";
const PER_REPOSITORY: &str = "1 per repository, in mode `deep`";

pub(super) const INSTANCE: Endpoint =
    Endpoint::new("instance", &[get("/rest/api/latest/application-properties")], &[Kind::Container], "none")
        .only(&["instance"])
        .always_there();

pub(super) const LICENCE: Endpoint =
    Endpoint::new("licence", &[get("/rest/api/latest/admin/license")], &[Kind::Container], ADMIN)
        .only(&["application"])
        .may_be_missing();

pub(super) const ACCOUNTS: Endpoint =
    Endpoint::new("accounts", &[get("/rest/api/latest/admin/users")], &[Kind::Principal], LICENSED)
        .costs("1 per 1,000 accounts");

pub(super) const DIRECTORIES: Endpoint =
    Endpoint::new("user directories", &[get("/rest/api/latest/admin/user-directories")], &[Kind::Container], ADMIN)
        .only(&["directory"])
        .varies_by_version();

pub(super) const GROUPS: Endpoint =
    Endpoint::new("groups", &[get("/rest/api/latest/admin/groups")], &[Kind::Group], LICENSED)
        .costs("1 per 1,000 groups");

pub(super) const GROUP_MEMBERS: Endpoint = Endpoint::new(
    "members of groups",
    &[get("/rest/api/latest/admin/groups/more-members")],
    &[Kind::Principal],
    LICENSED,
)
.costs("1 per 1,000 members of each group");

pub(super) const GLOBAL_ACCOUNTS: Endpoint = Endpoint::new(
    "global permissions of accounts",
    &[get("/rest/api/latest/admin/permissions/users")],
    &[Kind::Grant],
    ADMIN,
)
.only(&["global-permission"])
.costs(PER_PAGE);

pub(super) const GLOBAL_GROUPS: Endpoint = Endpoint::new(
    "global permissions of groups",
    &[get("/rest/api/latest/admin/permissions/groups")],
    &[Kind::Grant],
    ADMIN,
)
.only(&["global-permission"])
.costs(PER_PAGE);

/// Who administers in the end, however they came by it: it finds those whom no group and no permission explains.
pub(super) const EFFECTIVE_ADMINISTRATORS: Endpoint =
    Endpoint::new("effective administrators", &[get("/rest/api/latest/users")], &[Kind::Grant], LICENSED)
        .only(&["global-permission"])
        .costs("2, more where over 1,000 accounts administer");

pub(super) const PROJECTS: Endpoint =
    Endpoint::new("projects", &[get("/rest/api/latest/projects")], &[Kind::Container], ADMIN)
        .only(&["repository-project"])
        .costs("1 per 1,000 projects");

pub(super) const PROJECT_ACCOUNTS: Endpoint = Endpoint::new(
    "project permissions of accounts",
    &[get("/rest/api/latest/projects/{}/permissions/users")],
    &[Kind::Grant],
    ADMIN,
)
.only(&["repository-project-permission"])
.costs(PER_PROJECT);

pub(super) const PROJECT_GROUPS: Endpoint = Endpoint::new(
    "project permissions of groups",
    &[get("/rest/api/latest/projects/{}/permissions/groups")],
    &[Kind::Grant],
    ADMIN,
)
.only(&["repository-project-permission"])
.costs(PER_PROJECT);

pub(super) const PROJECT_DEFAULTS: Endpoint = Endpoint::new(
    "default permissions of projects",
    &[get("/rest/api/latest/projects/{}/permissions/{}/all")],
    &[Kind::Grant],
    ADMIN,
)
.only(&["repository-project-permission"])
.costs("3 per project")
.varies_by_version();

pub(super) const REPOSITORIES: Endpoint =
    Endpoint::new("repositories", &[get("/rest/api/latest/repos")], &[Kind::Container], ADMIN)
        .only(&["repository"])
        .costs("1 per 1,000 repositories");

pub(super) const REPOSITORY_ACCOUNTS: Endpoint = Endpoint::new(
    "repository permissions of accounts",
    &[get("/rest/api/latest/projects/{}/repos/{}/permissions/users")],
    &[Kind::Grant],
    ADMIN,
)
.only(&["repository-permission"])
.costs(PER_REPOSITORY);

pub(super) const REPOSITORY_GROUPS: Endpoint = Endpoint::new(
    "repository permissions of groups",
    &[get("/rest/api/latest/projects/{}/repos/{}/permissions/groups")],
    &[Kind::Grant],
    ADMIN,
)
.only(&["repository-permission"])
.costs(PER_REPOSITORY);

pub(super) const ACCOUNT_TOKENS: Endpoint = Endpoint::new(
    "access tokens of accounts",
    &[get("/rest/access-tokens/latest/users/{}")],
    &[Kind::Credential],
    ADMIN,
)
.only(&["personal-access-token"])
.costs(PER_ACCOUNT)
.varies_by_version();

pub(super) const PROJECT_TOKENS: Endpoint = Endpoint::new(
    "access tokens of projects",
    &[get("/rest/access-tokens/latest/projects/{}")],
    &[Kind::Credential],
    ADMIN,
)
.only(&["access-token"])
.costs(PER_PROJECT)
.varies_by_version();

pub(super) const REPOSITORY_TOKENS: Endpoint = Endpoint::new(
    "access tokens of repositories",
    &[get("/rest/access-tokens/latest/projects/{}/repos/{}")],
    &[Kind::Credential],
    ADMIN,
)
.only(&["access-token"])
.costs(PER_REPOSITORY)
.varies_by_version();

pub(super) const SSH_KEYS: Endpoint =
    Endpoint::new("SSH keys", &[get("/rest/ssh/latest/keys")], &[Kind::Credential], ADMIN)
        .only(&["ssh-key"])
        .costs(PER_ACCOUNT)
        .varies_by_version();

pub(super) const PROJECT_KEYS: Endpoint =
    Endpoint::new("access keys of projects", &[get("/rest/keys/latest/projects/{}/ssh")], &[Kind::Credential], ADMIN)
        .only(&["deploy-key"])
        .costs(PER_PROJECT)
        .varies_by_version();

pub(super) const REPOSITORY_KEYS: Endpoint = Endpoint::new(
    "access keys of repositories",
    &[get("/rest/keys/latest/projects/{}/repos/{}/ssh")],
    &[Kind::Credential],
    ADMIN,
)
.only(&["deploy-key"])
.costs(PER_REPOSITORY)
.varies_by_version();

pub(super) const PROJECT_WEBHOOKS: Endpoint =
    Endpoint::new("project webhooks", &[get("/rest/api/latest/projects/{}/webhooks")], &[Kind::Webhook], ADMIN)
        .costs(PER_PROJECT)
        .varies_by_version();

pub(super) const REPOSITORY_WEBHOOKS: Endpoint = Endpoint::new(
    "repository webhooks",
    &[get("/rest/api/latest/projects/{}/repos/{}/webhooks")],
    &[Kind::Webhook],
    ADMIN,
)
.costs(PER_REPOSITORY)
.varies_by_version();

/// The official description leaves out the beginning of the path, so that two places are tried.
pub(super) const SSH_KEY_POLICY: Endpoint = Endpoint::new(
    "SSH key policy",
    &[get("/rest/ssh/latest/admin"), get("/rest/api/latest/admin/ssh")],
    &[Kind::Setting],
    ADMIN,
)
.only(&["ssh-key-policy"])
.varies_by_version()
.costs("1 or 2");

pub(super) const SECRET_SCANNING: Endpoint = Endpoint::new(
    "repositories exempt from secret scanning",
    &[get("/rest/api/latest/secret-scanning/exempt")],
    &[Kind::Setting],
    SYSTEM_ADMIN,
)
.only(&["secret-scanning-exempt"])
.varies_by_version()
.costs("1 per 1,000 exempt repositories");

pub(super) const APPLICATION_LINKS: Endpoint = common::application_links(ADMIN);
pub(super) const LINK_STATUS: Endpoint = common::link_status(ADMIN);
pub(super) const OAUTH_CLIENTS: Endpoint = common::oauth_clients(SYSTEM_ADMIN);
pub(super) const BASIC_AUTH: Endpoint = common::basic_auth(SYSTEM_ADMIN);
pub(super) const INSTALLED_APPS: Endpoint = common::installed_apps(SYSTEM_ADMIN);

/// Where Bitbucket has its audit events is not described for certain.
pub(super) const AUDIT_EVENTS: Endpoint =
    common::audit_events_at(&[get("/rest/auditing/1.0/events"), get("/rest/audit/latest/events")], ADMIN);

pub(super) static ENDPOINTS: &[Endpoint] = &[
    INSTANCE,
    LICENCE,
    ACCOUNTS,
    DIRECTORIES,
    GROUPS,
    GROUP_MEMBERS,
    GLOBAL_ACCOUNTS,
    GLOBAL_GROUPS,
    EFFECTIVE_ADMINISTRATORS,
    PROJECTS,
    PROJECT_ACCOUNTS,
    PROJECT_GROUPS,
    PROJECT_DEFAULTS,
    REPOSITORIES,
    REPOSITORY_ACCOUNTS,
    REPOSITORY_GROUPS,
    ACCOUNT_TOKENS,
    PROJECT_TOKENS,
    REPOSITORY_TOKENS,
    SSH_KEYS,
    PROJECT_KEYS,
    REPOSITORY_KEYS,
    PROJECT_WEBHOOKS,
    REPOSITORY_WEBHOOKS,
    SSH_KEY_POLICY,
    SECRET_SCANNING,
    APPLICATION_LINKS,
    LINK_STATUS,
    OAUTH_CLIENTS,
    BASIC_AUTH,
    INSTALLED_APPS,
    AUDIT_EVENTS,
];
