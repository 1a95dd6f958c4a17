//! The endpoints of a Confluence Data Center: what is asked, what it shows, which right it takes.

use crate::model::Kind;
use crate::sources::data_center::endpoints as common;
use crate::sources::endpoint::{Endpoint, get};

const ACCESS: &str = "access to Confluence";
const ADMINISTER: &str = "Confluence administrator";
/// The right that takes mode `deep`.
pub(super) const SYSTEM_ADMIN: &str = "system administrator";
const VIEW_SPACE: &str = "Confluence administrator who may view every space";

pub(super) const OWN_ACCOUNT: Endpoint =
    Endpoint::new("own account", &[get("/rest/api/user/current")], &[], ACCESS).always_there();

/// Older versions tell theirs to everybody in the manifest of application links.
pub(super) const INSTANCE: Endpoint = Endpoint::new(
    "instance",
    &[get("/rest/api/server-information"), get("/rest/applinks/1.0/manifest")],
    &[Kind::Container],
    ACCESS,
)
.only(&["instance"])
.costs("1 or 2")
.varies_by_version();

pub(super) const LICENCE: Endpoint = Endpoint::new(
    "licence",
    &[
        get("/rest/license/1.0/license/details"),
        get("/rest/license/1.0/license/maxUsers"),
        get("/rest/license/1.0/license/userCount"),
    ],
    &[Kind::Container],
    ADMINISTER,
)
.only(&["application", "instance"])
.may_be_missing()
.costs("3")
.varies_by_version();

pub(super) const GROUPS: Endpoint =
    Endpoint::new("groups", &[get("/rest/api/group")], &[Kind::Group], ACCESS).costs("1 per 200 groups");

/// The second form is for groups with a slash in their name, which a path cannot hold.
pub(super) const GROUP_MEMBERS: Endpoint = Endpoint::new(
    "members of groups",
    &[get("/rest/api/group/{}/member"), get("/rest/api/group/member")],
    &[Kind::Principal],
    ADMINISTER,
)
.costs("1 per 200 members of each group")
.varies_by_version();

/// Asked of every group, for none tells whether it is in others. A group of which this is refused may be inside any; of the
/// others all is known.
pub(super) const GROUPS_INSIDE: Endpoint = Endpoint::new(
    "groups inside groups",
    &[get("/rest/api/group/{}/groupparent"), get("/rest/api/group/groupparent")],
    &[Kind::Group],
    ADMINISTER,
)
.costs("1 per group")
.varies_by_version();

pub(super) const ACCOUNTS: Endpoint =
    Endpoint::new("accounts", &[get("/rest/api/user/list")], &[Kind::Principal], ACCESS)
        .varies_by_version()
        .costs("1 per 100 accounts");

pub(super) const LICENSED_ACCOUNTS: Endpoint =
    Endpoint::new("licensed accounts", &[get("/rest/api/admin/users/list/active")], &[Kind::Principal], ADMINISTER)
        .varies_by_version()
        .costs("1 per 100 licensed accounts");

pub(super) const GLOBAL_PERMISSIONS: Endpoint = Endpoint::new(
    "global permissions",
    &[get("/rest/api/permissions"), get("/rest/api/permissions/anonymous"), get("/rest/api/permissions/unlicensed")],
    &[Kind::Grant],
    ADMINISTER,
)
.only(&["global-permission"])
.costs("3")
.varies_by_version();

/// The count is of the whole product, whoever asks.
pub(super) const SPACES: Endpoint = Endpoint::new(
    "spaces",
    &[get("/rest/api/space"), get("/rest/api/instance-metrics")],
    &[Kind::Container],
    VIEW_SPACE,
)
.only(&["space"])
.visible_only()
.costs("3, and 1 more per 100 spaces");

pub(super) const SPACE_PERMISSIONS: Endpoint = Endpoint::new(
    "space permissions",
    &[get("/rest/api/space/{}/permissions"), get("/rest/api/space/{}/permissions/anonymous")],
    &[Kind::Grant],
    VIEW_SPACE,
)
.only(&["space-permission"])
.costs("1 per space")
.varies_by_version();

pub(super) const WEBHOOKS: Endpoint =
    Endpoint::new("webhooks", &[get("/rest/api/webhooks")], &[Kind::Webhook], ADMINISTER)
        .varies_by_version()
        .costs("1 per 100 webhooks");

pub(super) const NODES: Endpoint =
    Endpoint::new("cluster nodes", &[get("/rest/api/cluster/nodes")], &[Kind::Setting], ADMINISTER).varies_by_version();

pub(super) const TOKENS: Endpoint = common::personal_access_tokens(SYSTEM_ADMIN);
pub(super) const OWN_TOKENS: Endpoint = common::own_tokens(ACCESS);
pub(super) const APPLICATION_LINKS: Endpoint = common::application_links(ADMINISTER);
pub(super) const LINK_STATUS: Endpoint = common::link_status(ADMINISTER);
pub(super) const OAUTH_CLIENTS: Endpoint = common::oauth_clients(SYSTEM_ADMIN);
pub(super) const BASIC_AUTH: Endpoint = common::basic_auth(ADMINISTER);
pub(super) const INSTALLED_APPS: Endpoint = common::installed_apps(ADMINISTER);
pub(super) const AUDIT_EVENTS: Endpoint = common::audit_events(ADMINISTER);

pub(super) static ENDPOINTS: &[Endpoint] = &[
    OWN_ACCOUNT,
    INSTANCE,
    LICENCE,
    GROUPS,
    GROUP_MEMBERS,
    GROUPS_INSIDE,
    ACCOUNTS,
    LICENSED_ACCOUNTS,
    GLOBAL_PERMISSIONS,
    SPACES,
    SPACE_PERMISSIONS,
    WEBHOOKS,
    NODES,
    TOKENS,
    OWN_TOKENS,
    APPLICATION_LINKS,
    LINK_STATUS,
    OAUTH_CLIENTS,
    BASIC_AUTH,
    INSTALLED_APPS,
    AUDIT_EVENTS,
];
