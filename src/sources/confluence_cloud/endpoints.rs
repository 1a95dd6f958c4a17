//! The endpoints of a Confluence Cloud site: what is asked, what it shows, which right it takes.

use crate::model::Kind;
use crate::sources::endpoint::{Endpoint, get, post};

const ACCESS: &str = "access to Confluence";
const ADMINISTER: &str = "Confluence administrator";
const VIEW_SPACE: &str = "view on every space";

pub(super) const CLOUD_ID: Endpoint = Endpoint::new("cloud id", &[get("/_edge/tenant_info")], &[], "none");

pub(super) const OWN_ACCOUNT: Endpoint =
    Endpoint::new("own account", &[get("/wiki/rest/api/user/current")], &[], ACCESS).always_there();

pub(super) const SITE: Endpoint =
    Endpoint::new("site", &[get("/wiki/rest/api/settings/systemInfo")], &[Kind::Container], ACCESS)
        .only(&["site"])
        .always_there();

pub(super) const GROUPS: Endpoint =
    Endpoint::new("groups", &[get("/wiki/rest/api/group")], &[Kind::Group], ACCESS).costs("1 per 200 groups");

/// Asks the listing of groups again, once for each sort of access.
pub(super) const GROUP_ACCESS: Endpoint =
    Endpoint::new("access of groups", &[get("/wiki/rest/api/group")], &[Kind::Group, Kind::Grant], ACCESS)
        .only(&["confluence-access", "product-access"])
        .costs("3, more where over 200 groups have one sort of access");

pub(super) const GROUP_MEMBERS: Endpoint =
    Endpoint::new("members of groups", &[get("/wiki/rest/api/group/{}/membersByGroupId")], &[Kind::Principal], ACCESS)
        .visible_only()
        .costs("1 per 200 members of each group that opens or administers Confluence; other groups are not asked for");

pub(super) const SPACE_ROLE_MODE: Endpoint =
    Endpoint::new("space role mode", &[get("/wiki/api/v2/space-role-mode")], &[Kind::Setting], ACCESS)
        .only(&["space-role-mode"])
        .may_be_missing();

pub(super) const SPACES: Endpoint =
    Endpoint::new("spaces", &[get("/wiki/api/v2/spaces")], &[Kind::Container], VIEW_SPACE)
        .only(&["space"])
        .visible_only()
        .costs("2, and 1 more per 250 spaces");

pub(super) const SPACE_PERMISSIONS: Endpoint =
    Endpoint::new("space permissions", &[get("/wiki/api/v2/spaces/{}/permissions")], &[Kind::Grant], VIEW_SPACE)
        .only(&["space-permission"])
        .costs("1 per space and 250 grants; none where rights are given by roles alone");

pub(super) const SPACE_ROLES: Endpoint =
    Endpoint::new("space roles", &[get("/wiki/api/v2/space-roles")], &[Kind::Grant], ACCESS)
        .only(&["space-role"])
        .may_be_missing()
        .costs("1 per 250 roles; none where rights are given without roles");

pub(super) const SPACE_ROLE_ASSIGNMENTS: Endpoint = Endpoint::new(
    "space role assignments",
    &[get("/wiki/api/v2/spaces/{}/role-assignments")],
    &[Kind::Grant],
    VIEW_SPACE,
)
.only(&["space-role"])
.costs("1 per space and 250 assignments; none where rights are given without roles");

pub(super) const NAMED_ACCOUNTS: Endpoint =
    Endpoint::new("accounts named by spaces", &[post("/wiki/api/v2/users-bulk")], &[Kind::Principal], ACCESS)
        .visible_only()
        .costs("1 per 250 accounts that made a space or hold a grant of their own");

pub(super) const AUDIT_RECORDS: Endpoint =
    Endpoint::new("audit records", &[get("/wiki/rest/api/audit")], &[Kind::Setting], ADMINISTER).only(&["audit-log"]);

/// Asked at the gateway, whatever host has the REST API.
pub(super) const AUTOMATION_RULES: Endpoint = Endpoint::new(
    "automation rules",
    &[get("/automation/public/confluence/{}/rest/v1/rule/summary")],
    &[Kind::Automation],
    ADMINISTER,
)
.costs("1 per 100 rules");

pub(super) static ENDPOINTS: &[Endpoint] = &[
    CLOUD_ID,
    OWN_ACCOUNT,
    SITE,
    GROUPS,
    GROUP_ACCESS,
    GROUP_MEMBERS,
    SPACE_ROLE_MODE,
    SPACES,
    SPACE_PERMISSIONS,
    SPACE_ROLES,
    SPACE_ROLE_ASSIGNMENTS,
    NAMED_ACCOUNTS,
    AUDIT_RECORDS,
    AUTOMATION_RULES,
];
