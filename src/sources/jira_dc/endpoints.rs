//! The endpoints of a self-hosted Jira: what is asked, what it shows, which right it takes.

use crate::http::Allowed;
use crate::model::Kind;
use crate::sources::data_center::endpoints as shared;
use crate::sources::endpoint::{Endpoint, get};

const ADMINISTER: &str = "Administer Jira";
const BROWSE_USERS: &str = "Browse users";

/// What is asked in deep mode only.
pub(super) const SYSTEM: &str = "Jira System Administrator";

/// All users, in versions that have it.
pub(super) const USER_LIST: Allowed = get("/rest/api/2/user/list");

/// Users that are found by a piece of their names; older, and capped.
pub(super) const USER_SEARCH: Allowed = get("/rest/api/2/user/search");

/// The one user of exactly that name.
pub(super) const ONE_USER: Allowed = get("/rest/api/2/user");

pub(super) const ROLES_OF_PROJECT: Allowed = get("/rest/api/2/project/{}/role");

/// Webhooks from Jira 10 on.
pub(super) const NEW_WEBHOOKS: Allowed = get("/rest/jira-webhook/1.0/webhooks");

/// Webhooks up to Jira 9.
pub(super) const OLD_WEBHOOKS: Allowed = get("/rest/webhooks/1.0/webhook");

/// Properties of the instance beyond the advanced settings.
pub(super) const PROPERTIES: Allowed = get("/rest/api/2/application-properties");

pub(super) const OWN_ACCOUNT: Endpoint =
    Endpoint::new("own account", &[get("/rest/api/2/myself")], &[], "access to Jira").always_there();

pub(super) const OWN_PERMISSIONS: Endpoint =
    Endpoint::new("own permissions", &[get("/rest/api/2/mypermissions")], &[], "access to Jira");

pub(super) const INSTANCE: Endpoint =
    Endpoint::new("instance", &[get("/rest/api/2/serverInfo")], &[Kind::Container], "none")
        .only(&["instance"])
        .always_there();

pub(super) const CLUSTER: Endpoint =
    Endpoint::new("cluster nodes", &[get("/rest/api/2/cluster/nodes")], &[Kind::Setting], ADMINISTER)
        .only(&["cluster"])
        .varies_by_version();

pub(super) const ACCOUNTS: Endpoint =
    Endpoint::new("accounts", &[USER_LIST, USER_SEARCH, ONE_USER], &[Kind::Principal], BROWSE_USERS)
        .varies_by_version()
        .costs("1 per 2,000 accounts; without that listing, 2 per 100 to 1,000 accounts and 80 or more");

pub(super) const DUPLICATES: Endpoint =
    Endpoint::new("duplicated users", &[get("/rest/api/2/user/duplicated/list")], &[Kind::Setting], ADMINISTER)
        .only(&["duplicated-users"])
        .varies_by_version();

pub(super) const GROUPS: Endpoint =
    Endpoint::new("groups", &[get("/rest/api/2/groups/picker")], &[Kind::Group], BROWSE_USERS);

pub(super) const GROUP_MEMBERS: Endpoint =
    Endpoint::new("members of groups", &[get("/rest/api/2/group/member")], &[Kind::Principal], ADMINISTER)
        .costs("1 per 50 members of each group");

pub(super) const APPLICATIONS: Endpoint =
    Endpoint::new("applications", &[get("/rest/api/2/applicationrole")], &[Kind::Container], ADMINISTER)
        .only(&["application"]);

pub(super) const LICENCES: Endpoint = Endpoint::new(
    "licences",
    &[get("/rest/plugins/applications/1.0/installed/{}/license")],
    &[Kind::Container],
    ADMINISTER,
)
.only(&["application"])
.varies_by_version()
.costs("1 per application");

pub(super) const SETTINGS: Endpoint = Endpoint::new(
    "advanced settings",
    &[get("/rest/api/2/application-properties/advanced-settings"), PROPERTIES],
    &[Kind::Setting],
    ADMINISTER,
)
.only(&["public-signup"])
.varies_by_version()
.costs("1 or 2");

pub(super) const PROJECTS: Endpoint =
    Endpoint::new("projects", &[get("/rest/api/2/project")], &[Kind::Container], "Browse projects, of each project")
        .only(&["project"])
        .visible_only();

/// The roles, which all projects share, each with who is in it in every new project. Where an administrator is told them,
/// projects need not name theirs.
pub(super) const DEFAULT_ACTORS: Endpoint =
    Endpoint::new("default members of project roles", &[get("/rest/api/2/role")], &[Kind::Grant], ADMINISTER)
        .only(&["project-role"]);

pub(super) const ROLE_ACTORS: Endpoint = Endpoint::new(
    "project roles",
    &[get("/rest/api/2/project/{}/role/{}"), ROLES_OF_PROJECT],
    &[Kind::Grant],
    ADMINISTER,
)
.only(&["project-role"])
.costs("1 per role of each project");

pub(super) const PERMISSION_SCHEMES: Endpoint = Endpoint::new(
    "permission schemes",
    &[get("/rest/api/2/permissionscheme")],
    &[Kind::Container, Kind::Grant],
    ADMINISTER,
)
.only(&["permission-scheme", "permission"]);

pub(super) const SCHEMES_OF_PROJECTS: Endpoint = Endpoint::new(
    "permission schemes of projects",
    &[get("/rest/api/2/project/{}/permissionscheme")],
    &[Kind::Container],
    ADMINISTER,
)
.only(&["project"])
.costs("1 per project");

/// No version tells who holds them. The labels of groups, which the listing of groups brings, are all there is.
pub(super) const GLOBAL_PERMISSIONS: Endpoint =
    Endpoint::new("global permissions", &[get("/rest/api/2/groups/picker")], &[Kind::Grant], "none has it by REST")
        .only(&["global-permission"])
        .costs("none");

/// No version lists them. Application links, some of which are made for one, are all there is.
pub(super) const OAUTH_CONSUMERS: Endpoint = Endpoint::new(
    "OAuth 1.0 consumers",
    &[get("/rest/applinks/3.0/applinks")],
    &[Kind::Credential],
    "none has it by REST",
)
.only(&["oauth-consumer"])
.costs("none");

/// Versions that have them describe no listing.
pub(super) const SERVICE_ACCOUNTS: Endpoint =
    Endpoint::new("service accounts", &[USER_LIST], &[Kind::Principal], "none has it by REST").costs("none");

pub(super) const WEBHOOKS: Endpoint =
    Endpoint::new("webhooks", &[NEW_WEBHOOKS, OLD_WEBHOOKS], &[Kind::Webhook], ADMINISTER)
        .varies_by_version()
        .costs("1 or 2");

pub(super) const TOKENS: Endpoint = shared::personal_access_tokens(SYSTEM);
pub(super) const OWN_TOKENS: Endpoint = shared::own_tokens("access to Jira");
pub(super) const LINKS: Endpoint = shared::application_links(ADMINISTER);
pub(super) const LINK_STATUS: Endpoint = shared::link_status(ADMINISTER);
pub(super) const OAUTH_CLIENTS: Endpoint = shared::oauth_clients(SYSTEM);
pub(super) const BASIC_AUTH: Endpoint = shared::basic_auth(ADMINISTER);
pub(super) const INSTALLED_APPS: Endpoint = shared::installed_apps(ADMINISTER);
pub(super) const AUDIT_EVENTS: Endpoint = shared::audit_events(ADMINISTER);

pub(super) static ENDPOINTS: &[Endpoint] = &[
    OWN_ACCOUNT,
    OWN_PERMISSIONS,
    INSTANCE,
    CLUSTER,
    ACCOUNTS,
    DUPLICATES,
    SERVICE_ACCOUNTS,
    GROUPS,
    GROUP_MEMBERS,
    APPLICATIONS,
    LICENCES,
    SETTINGS,
    BASIC_AUTH,
    PROJECTS,
    DEFAULT_ACTORS,
    ROLE_ACTORS,
    PERMISSION_SCHEMES,
    SCHEMES_OF_PROJECTS,
    GLOBAL_PERMISSIONS,
    TOKENS,
    OWN_TOKENS,
    OAUTH_CONSUMERS,
    OAUTH_CLIENTS,
    LINKS,
    LINK_STATUS,
    WEBHOOKS,
    INSTALLED_APPS,
    AUDIT_EVENTS,
];
