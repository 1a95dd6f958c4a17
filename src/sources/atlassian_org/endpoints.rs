//! The endpoints of an Atlassian organisation: what is asked, what it shows, which right it takes, and what it costs.
//!
//! Ten thousand accounts take about 100 requests for their listing, 100 for the older one and 200 for their
//! authentication policies; then one for each group that gives a role, each administrator and each owner of a token.
//! The audit log takes one for 500 events.

use crate::http::Allowed;
use crate::model::Kind;
use crate::sources::endpoint::{Endpoint, get, post};

pub(super) const ACCOUNT_COUNT: Allowed = get("/admin/v2/orgs/{}/directories/{}/users/count");
pub(super) const GROUP_COUNT: Allowed = get("/admin/v2/orgs/{}/directories/{}/groups/count");
pub(super) const ADMIN_SEARCH: Allowed = post("/admin/v2/orgs/{}/directories/{}/users/search");
pub(super) const ADMIN_GROUP_SEARCH: Allowed = post("/admin/v2/orgs/{}/directories/{}/groups/search");
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
)
.costs("1 per 100 accounts + 1");

/// Shows no account that the search does not show; it only adds a fact.
pub(super) const MANAGED_ACCOUNTS: Endpoint =
    Endpoint::new("managed accounts", &[get("/admin/v1/orgs/{}/users")], &[], "read:accounts:admin")
        .may_be_missing()
        .costs("1 per page of managed accounts; the server sets the size of a page");

/// Shows no account either.
pub(super) const ACCOUNT_POLICIES: Endpoint = Endpoint::new(
    "authentication policies of accounts",
    &[post("/admin/control/v1/orgs/{}/users/auth-policies/bulk-fetch")],
    &[],
    "read:policies:admin",
)
.may_be_missing()
.needs_plan("Atlassian Guard")
.costs("1 per 50 managed accounts");

pub(super) const GROUPS: Endpoint = Endpoint::new(
    "groups",
    &[post("/admin/v2/orgs/{}/directories/{}/groups/search"), GROUP_COUNT],
    &[Kind::Group],
    "read:groups:admin",
)
.costs("1 per 100 groups + 1");

pub(super) const ROLES_OF_IMPORTANT_ACCOUNTS: Endpoint = Endpoint::new(
    "role assignments of administrators and token owners",
    &[get("/admin/v2/orgs/{}/directories/{}/users/{}/role-assignments"), ADMIN_SEARCH],
    &[Kind::Grant],
    "read:directories:admin",
)
.only(&["platform-role"])
.costs("1 per administrator or token owner + 1 per 100 administrators");

/// What groups give these accounts, the roles of groups tell; what was given to them one by one, this alone.
pub(super) const ROLES_OF_OTHER_ACCOUNTS: Endpoint = Endpoint::new(
    "role assignments of other accounts",
    &[get("/admin/v2/orgs/{}/directories/{}/users/{}/role-assignments")],
    &[Kind::Grant],
    "read:directories:admin",
)
.only(&["platform-role"])
.costs("1 per account, as long as there are no more than `role_assignments_up_to`");

pub(super) const ROLES_OF_GROUPS: Endpoint = Endpoint::new(
    "role assignments of groups",
    &[get("/admin/v2/orgs/{}/directories/{}/groups/{}/role-assignments"), ADMIN_GROUP_SEARCH],
    &[Kind::Grant],
    "read:groups:admin",
)
.only(&["platform-role", "group-platform-role"])
.costs("1 per group that gives a role + 1 per 100 groups of administrators");

pub(super) const PRODUCTS: Endpoint =
    Endpoint::new("products", &[post("/admin/v2/orgs/{}/workspaces")], &[Kind::Container], "read:workspaces:admin")
        .only(&["product", "site"])
        .costs("1 per 20 products");

pub(super) const USER_TOKENS: Endpoint = Endpoint::new(
    "user API tokens",
    &[get("/admin/api-access/v1/orgs/{}/api-tokens"), USER_TOKEN_COUNT],
    &[Kind::Credential],
    "read:tokens:admin",
)
.only(&["api-token"])
.costs("1 per 1,000 tokens + 1");

pub(super) const API_KEYS: Endpoint = Endpoint::new(
    "organisation API keys",
    &[get("/admin/api-access/v1/orgs/{}/api-keys"), API_KEY_COUNT],
    &[Kind::Credential],
    "read:keys:admin",
)
.only(&["org-api-key"])
.costs("1 per 1,000 keys + 1");

pub(super) const SERVICE_ACCOUNTS: Endpoint = Endpoint::new(
    "service accounts",
    &[get("/admin/api-access/v1/orgs/{}/service-accounts"), CONSOLE_SERVICE_ACCOUNTS],
    &[Kind::Principal],
    "read:service-accounts:admin",
)
.may_be_missing()
.costs("1 per page of service accounts; the server sets the size of a page");

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
.only(&["oauth-client"])
.costs("1 per 100 clients");

pub(super) const DOMAINS: Endpoint =
    Endpoint::new("domains", &[get("/admin/v1/orgs/{}/domains")], &[Kind::Setting], "read:domains:admin")
        .only(&["domain"]);

pub(super) const POLICIES: Endpoint =
    Endpoint::new("policies", &[get("/admin/v1/orgs/{}/policies")], &[Kind::Setting], "read:policies:admin")
        .only(&["policy"])
        .needs_plan("Atlassian Guard")
        .costs("1 per page of policies; the server sets the size of a page");

pub(super) const EVENT_ACTIONS: Endpoint =
    Endpoint::new("audit event actions", &[get("/admin/v1/orgs/{}/event-actions")], &[], "read:events:admin")
        .needs_plan("Guard Standard");

/// Of events, only what they tell about accounts, credentials and apps is kept. Only the apps are shown by nothing else.
pub(super) const EVENTS: Endpoint =
    Endpoint::new("audit events", &[get("/admin/v1/orgs/{}/events-stream")], &[Kind::App], "read:events:admin")
        .only(&["acting-app"])
        .needs_plan("Guard Standard")
        .costs("1 per 500 events since the scan before + 1; at first, of the last `audit_days` days");

pub(super) static ENDPOINTS: &[Endpoint] = &[
    ORGANISATION,
    DIRECTORIES,
    ACCOUNTS,
    MANAGED_ACCOUNTS,
    ACCOUNT_POLICIES,
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
    POLICIES,
    EVENT_ACTIONS,
    EVENTS,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The endpoints behind which resources of a form may be hidden.
    fn showing(form: &str) -> Vec<&'static str> {
        ENDPOINTS.iter().filter(|one| one.forms.contains(&form)).map(|one| one.name).collect()
    }

    #[test]
    fn sites_are_hidden_with_the_products_on_them() {
        assert_eq!(showing("site"), ["products"]);
    }

    #[test]
    fn roles_of_groups_are_hidden_by_no_endpoint_about_accounts() {
        assert_eq!(showing("group-platform-role"), ["role assignments of groups"]);
        assert_eq!(showing("platform-role").len(), 3);
    }
}
