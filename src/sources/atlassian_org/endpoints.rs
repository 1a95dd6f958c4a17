//! The endpoints of an Atlassian organisation: what is asked, what it shows, which right it takes.

use crate::http::Allowed;
use crate::model::Kind;
use crate::sources::endpoint::{Endpoint, get, post};

pub(super) const ACCOUNT_COUNT: Allowed = get("/admin/v2/orgs/{}/directories/{}/users/count");
pub(super) const GROUP_COUNT: Allowed = get("/admin/v2/orgs/{}/directories/{}/groups/count");
pub(super) const USER_TOKEN_COUNT: Allowed = get("/admin/api-access/v1/orgs/{}/api-tokens/count");
pub(super) const API_KEY_COUNT: Allowed = get("/admin/api-access/v1/orgs/{}/api-keys/count");
pub(super) const CONSOLE_SERVICE_ACCOUNTS: Allowed = get("/admin/account-management/v1/orgs/{}/service-accounts");

pub(super) const ORGANISATION: Endpoint =
    Endpoint::new("organisation", &[get("/admin/v1/orgs")], &[Kind::Container], "read:orgs:admin")
        .only(&["organisation"])
        .always_there();

pub(super) const DIRECTORIES: Endpoint =
    Endpoint::new("directories", &[get("/admin/v2/orgs/{}/directories")], &[Kind::Container], "read:directories:admin")
        .only(&["directory"]);

pub(super) const ACCOUNTS: Endpoint = Endpoint::new(
    "accounts",
    &[post("/admin/v2/orgs/{}/directories/{}/users/search"), ACCOUNT_COUNT],
    &[Kind::Principal],
    "read:accounts:admin and read:directories:admin",
);

/// Shows no account that the search does not show; it only adds a fact.
pub(super) const MANAGED_ACCOUNTS: Endpoint =
    Endpoint::new("managed accounts", &[get("/admin/v1/orgs/{}/users")], &[], "read:accounts:admin").may_be_missing();

pub(super) const GROUPS: Endpoint = Endpoint::new(
    "groups",
    &[post("/admin/v2/orgs/{}/directories/{}/groups/search"), GROUP_COUNT],
    &[Kind::Group],
    "read:groups:admin",
);

pub(super) const ROLES_OF_IMPORTANT_ACCOUNTS: Endpoint = Endpoint::new(
    "role assignments of administrators and token owners",
    &[
        get("/admin/v2/orgs/{}/directories/{}/users/{}/role-assignments"),
        post("/admin/v2/orgs/{}/directories/{}/users/search"),
    ],
    &[Kind::Grant],
    "read:directories:admin",
)
.only(&["platform-role"]);

pub(super) const ROLES_OF_OTHER_ACCOUNTS: Endpoint = Endpoint::new(
    "role assignments of other accounts",
    &[get("/admin/v2/orgs/{}/directories/{}/users/{}/role-assignments")],
    &[Kind::Grant],
    "read:directories:admin",
)
.only(&["platform-role"]);

pub(super) const ROLES_OF_GROUPS: Endpoint = Endpoint::new(
    "role assignments of groups",
    &[get("/admin/v2/orgs/{}/directories/{}/groups/{}/role-assignments")],
    &[Kind::Grant],
    "read:groups:admin",
)
.only(&["platform-role"]);

pub(super) const PRODUCTS: Endpoint =
    Endpoint::new("products", &[post("/admin/v2/orgs/{}/workspaces")], &[Kind::Container], "read:workspaces:admin")
        .only(&["product"]);

pub(super) const USER_TOKENS: Endpoint = Endpoint::new(
    "user API tokens",
    &[get("/admin/api-access/v1/orgs/{}/api-tokens"), USER_TOKEN_COUNT],
    &[Kind::Credential],
    "read:tokens:admin",
)
.only(&["api-token"]);

pub(super) const API_KEYS: Endpoint = Endpoint::new(
    "organisation API keys",
    &[get("/admin/api-access/v1/orgs/{}/api-keys"), API_KEY_COUNT],
    &[Kind::Credential],
    "read:keys:admin",
)
.only(&["org-api-key"]);

pub(super) const SERVICE_ACCOUNTS: Endpoint = Endpoint::new(
    "service accounts",
    &[get("/admin/api-access/v1/orgs/{}/service-accounts"), CONSOLE_SERVICE_ACCOUNTS],
    &[Kind::Principal],
    "read:service-accounts:admin",
)
.may_be_missing();

pub(super) const SERVICE_ACCOUNT_TOKENS: Endpoint = Endpoint::new(
    "service-account tokens",
    &[get("/admin/api-access/v1/orgs/{}/service-accounts/api-tokens")],
    &[Kind::Credential],
    "read:service-accounts-tokens:admin",
)
.may_be_missing()
.only(&["api-token"]);

pub(super) const SERVICE_ACCOUNT_CLIENTS: Endpoint = Endpoint::new(
    "OAuth clients of service accounts",
    &[get("/admin/api-access/v1/orgs/{}/service-accounts/oauth-clients")],
    &[Kind::Credential],
    "read:service-accounts-tokens:admin",
)
.may_be_missing()
.only(&["oauth-client"]);

pub(super) const OAUTH_CLIENTS: Endpoint = Endpoint::new(
    "OAuth clients",
    &[get("/admin/api-access/v1/orgs/{}/oauth-clients")],
    &[Kind::Credential],
    "read:service-accounts-tokens:admin",
)
.may_be_missing()
.only(&["oauth-client"]);

pub(super) const DOMAINS: Endpoint =
    Endpoint::new("domains", &[get("/admin/v1/orgs/{}/domains")], &[Kind::Setting], "read:domains:admin");

pub(super) static ENDPOINTS: &[Endpoint] = &[
    ORGANISATION,
    DIRECTORIES,
    ACCOUNTS,
    MANAGED_ACCOUNTS,
    GROUPS,
    ROLES_OF_IMPORTANT_ACCOUNTS,
    ROLES_OF_OTHER_ACCOUNTS,
    ROLES_OF_GROUPS,
    PRODUCTS,
    USER_TOKENS,
    API_KEYS,
    SERVICE_ACCOUNTS,
    SERVICE_ACCOUNT_TOKENS,
    SERVICE_ACCOUNT_CLIENTS,
    OAUTH_CLIENTS,
    DOMAINS,
];
