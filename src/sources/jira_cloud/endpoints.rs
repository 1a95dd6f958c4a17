//! The endpoints of a Jira Cloud site: what is asked, what it shows, which right it takes.

use crate::http::Allowed;
use crate::model::Kind;
use crate::sources::endpoint::{Endpoint, get, post};

const ADMINISTER: &str = "Administer Jira";
const BROWSE_USERS: &str = "Browse users and groups";

pub(super) const ROLES_OF_PROJECT: Allowed = get("/rest/api/3/project/{}/role");

pub(super) const CLOUD_ID: Endpoint =
    Endpoint::new("cloud id", &[get("/_edge/tenant_info")], &[], "none").always_there();

pub(super) const SITE: Endpoint =
    Endpoint::new("site", &[get("/rest/api/3/serverInfo")], &[Kind::Container], "none").only(&["site"]).always_there();

pub(super) const OWN_ACCOUNT: Endpoint =
    Endpoint::new("own account", &[get("/rest/api/3/myself")], &[], "access to Jira");

pub(super) const OWN_PERMISSIONS: Endpoint =
    Endpoint::new("own permissions", &[get("/rest/api/3/mypermissions")], &[], "access to Jira");

pub(super) const ACCOUNTS: Endpoint =
    Endpoint::new("accounts", &[get("/rest/api/3/users/search")], &[Kind::Principal], BROWSE_USERS)
        .costs("1 per 1,000 accounts, and 1");

pub(super) const GROUPS: Endpoint =
    Endpoint::new("groups", &[get("/rest/api/3/group/bulk")], &[Kind::Group], BROWSE_USERS).costs("1 per 50 groups");

/// Asks the listing of groups again, once for each sort of access.
pub(super) const GROUP_ACCESS: Endpoint =
    Endpoint::new("access of groups", &[get("/rest/api/3/group/bulk")], &[Kind::Group, Kind::Grant], BROWSE_USERS)
        .only(&["jira-access", "product-access"])
        .costs("3, and 1 more per 50 groups that open Jira");

pub(super) const GROUP_MEMBERS: Endpoint =
    Endpoint::new("members of groups", &[get("/rest/api/3/group/member")], &[Kind::Principal], BROWSE_USERS)
        .costs("1 per 50 members of each group");

pub(super) const APPLICATIONS: Endpoint =
    Endpoint::new("applications", &[get("/rest/api/3/applicationrole")], &[Kind::Container], ADMINISTER)
        .only(&["application"]);

pub(super) const LICENCE: Endpoint =
    Endpoint::new("licence", &[get("/rest/api/3/instance/license")], &[Kind::Container], ADMINISTER)
        .only(&["application"]);

pub(super) const PROJECTS: Endpoint =
    Endpoint::new("projects", &[get("/rest/api/3/project/search")], &[Kind::Container], ADMINISTER)
        .only(&["project"])
        .costs("1 per 100 live projects and 1 per 100 archived ones");

/// The roles of the site, each with who is in it in every new project. Where an administrator is told them, projects need
/// not name theirs.
pub(super) const DEFAULT_ACTORS: Endpoint =
    Endpoint::new("default members of project roles", &[get("/rest/api/3/role")], &[Kind::Grant], ADMINISTER)
        .only(&["project-role"]);

pub(super) const ROLE_ACTORS: Endpoint = Endpoint::new(
    "project roles",
    &[get("/rest/api/3/project/{}/role/{}"), ROLES_OF_PROJECT],
    &[Kind::Grant],
    ADMINISTER,
)
.only(&["project-role"])
.costs("1 per role of each project, and 1 more per team-managed project");

pub(super) const PERMISSION_SCHEMES: Endpoint = Endpoint::new(
    "permission schemes",
    &[get("/rest/api/3/permissionscheme")],
    &[Kind::Container, Kind::Grant],
    "access to Jira",
)
.only(&["permission-scheme", "permission"]);

pub(super) const SCHEMES_OF_PROJECTS: Endpoint = Endpoint::new(
    "permission schemes of projects",
    &[get("/rest/api/3/project/{}/permissionscheme")],
    &[Kind::Container],
    ADMINISTER,
)
.only(&["project"])
.costs("1 per company-managed project");

pub(super) const GLOBAL_PERMISSIONS: Endpoint = Endpoint::new(
    "global permissions of administrators and apps",
    &[post("/rest/api/3/permissions/check")],
    &[Kind::Grant],
    ADMINISTER,
)
.only(&["global-permission"])
.costs("1 per app account and per member of a group that administers Jira");

pub(super) const FILTERS: Endpoint =
    Endpoint::new("filters", &[get("/rest/api/3/filter/search")], &[Kind::Container, Kind::Grant], ADMINISTER)
        .only(&["filter", "share"])
        .costs("1 per 100 filters");

pub(super) const DASHBOARDS: Endpoint =
    Endpoint::new("dashboards", &[get("/rest/api/3/dashboard/search")], &[Kind::Container, Kind::Grant], ADMINISTER)
        .only(&["dashboard", "share"])
        .visible_only()
        .costs("1 per 100 dashboards");

pub(super) const WEBHOOKS: Endpoint =
    Endpoint::new("webhooks", &[get("/rest/webhooks/1.0/webhook")], &[Kind::Webhook], ADMINISTER);

pub(super) const AUTOMATION_RULES: Endpoint = Endpoint::new(
    "automation rules",
    &[get("/automation/public/jira/{}/rest/v1/rule/summary")],
    &[Kind::Automation],
    "Jira administration (for rules of the whole site)",
)
.costs("1 per 100 rules");

/// The app manager's own interface, which is older than the published ones.
pub(super) const INSTALLED_APPS: Endpoint =
    Endpoint::new("installed apps", &[get("/rest/plugins/1.0/")], &[Kind::App], ADMINISTER)
        .only(&["installed-app"])
        .may_be_missing();

pub(super) const AUDIT_LOG: Endpoint =
    Endpoint::new("audit log", &[get("/rest/api/3/auditing/record")], &[Kind::Setting], ADMINISTER)
        .only(&["audit-log"]);

pub(super) const SERVICE_DESKS: Endpoint = Endpoint::new(
    "service desks",
    &[get("/rest/servicedeskapi/servicedesk")],
    &[Kind::Container],
    "access to Jira Service Management",
)
.only(&["service-desk"])
.may_be_missing()
.costs("1 per 100 service desks");

pub(super) static ENDPOINTS: &[Endpoint] = &[
    CLOUD_ID,
    SITE,
    OWN_ACCOUNT,
    OWN_PERMISSIONS,
    ACCOUNTS,
    GROUPS,
    GROUP_ACCESS,
    GROUP_MEMBERS,
    APPLICATIONS,
    LICENCE,
    PROJECTS,
    DEFAULT_ACTORS,
    ROLE_ACTORS,
    PERMISSION_SCHEMES,
    SCHEMES_OF_PROJECTS,
    GLOBAL_PERMISSIONS,
    FILTERS,
    DASHBOARDS,
    WEBHOOKS,
    AUTOMATION_RULES,
    INSTALLED_APPS,
    AUDIT_LOG,
    SERVICE_DESKS,
];
