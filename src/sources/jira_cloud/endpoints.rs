//! The endpoints of a Jira Cloud site: what is asked, what it shows, which right it takes.

use crate::http::Allowed;
use crate::model::Kind;
use crate::sources::endpoint::{Endpoint, get, post};

const ADMINISTER: &str = "Administer Jira";
const BROWSE_USERS: &str = "Browse users and groups";

pub(super) const ROLES_OF_PROJECT: Allowed = get("/rest/api/3/project/{}/role");

pub(super) const CLOUD_ID: Endpoint = Endpoint::new("cloud id", &[get("/_edge/tenant_info")], &[], "none");

pub(super) const SITE: Endpoint =
    Endpoint::new("site", &[get("/rest/api/3/serverInfo")], &[Kind::Container], "none").only(&["site"]).always_there();

pub(super) const OWN_ACCOUNT: Endpoint =
    Endpoint::new("own account", &[get("/rest/api/3/myself")], &[], "access to Jira");

pub(super) const OWN_PERMISSIONS: Endpoint =
    Endpoint::new("own permissions", &[get("/rest/api/3/mypermissions")], &[], "access to Jira");

pub(super) const ACCOUNTS: Endpoint =
    Endpoint::new("accounts", &[get("/rest/api/3/users/search")], &[Kind::Principal], BROWSE_USERS);

pub(super) const GROUPS: Endpoint =
    Endpoint::new("groups", &[get("/rest/api/3/group/bulk")], &[Kind::Group], BROWSE_USERS);

/// Asks the listing of groups again, once for each sort of access.
pub(super) const GROUP_ACCESS: Endpoint =
    Endpoint::new("access of groups", &[get("/rest/api/3/group/bulk")], &[Kind::Group], BROWSE_USERS)
        .only(&["jira-access"]);

pub(super) const GROUP_MEMBERS: Endpoint =
    Endpoint::new("members of groups", &[get("/rest/api/3/group/member")], &[Kind::Principal], BROWSE_USERS);

pub(super) const APPLICATIONS: Endpoint =
    Endpoint::new("applications", &[get("/rest/api/3/applicationrole")], &[Kind::Container], ADMINISTER)
        .only(&["application"]);

pub(super) const LICENCE: Endpoint =
    Endpoint::new("licence", &[get("/rest/api/3/instance/license")], &[Kind::Container], ADMINISTER)
        .only(&["application"]);

pub(super) const PROJECTS: Endpoint =
    Endpoint::new("projects", &[get("/rest/api/3/project/search")], &[Kind::Container], ADMINISTER).only(&["project"]);

pub(super) const ROLE_ACTORS: Endpoint = Endpoint::new(
    "project roles",
    &[get("/rest/api/3/project/{}/role/{}"), ROLES_OF_PROJECT],
    &[Kind::Grant],
    ADMINISTER,
)
.only(&["project-role"]);

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
.only(&["project"]);

pub(super) const GLOBAL_PERMISSIONS: Endpoint = Endpoint::new(
    "global permissions of administrators and apps",
    &[post("/rest/api/3/permissions/check")],
    &[Kind::Grant],
    ADMINISTER,
)
.only(&["global-permission"]);

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
    ROLE_ACTORS,
    PERMISSION_SCHEMES,
    SCHEMES_OF_PROJECTS,
    GLOBAL_PERMISSIONS,
];
