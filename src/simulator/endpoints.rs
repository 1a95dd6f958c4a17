//! Every endpoint the simulator answers: its name, its path, who may ask, and who answers.

use super::estate::Estate;
use super::exchange::{Ask, Reply};
use super::{
    api_access, audit, automation, installed_apps, jira, jira_audit, jira_projects, jira_sharing, org, policies,
    service_desk, webhooks,
};

/// How an API family words its refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Organizations and API Access: a list of errors.
    Admin,
    /// Undocumented and old admin routes: code and message.
    OldAdmin,
    /// Jira.
    Jira,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Any organisation key.
    OrgKey,
    /// Only an organisation key that was made without scopes.
    UnscopedOrgKey,
    /// A person of the site, with a token.
    SiteToken,
    /// A person of the site, with a token, on the organisation's host.
    GatewayToken,
    /// Anybody, but not with a wrong credential.
    Anonymous,
    /// Anybody at all.
    Public,
}

/// One endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name for faults, such as `api-tokens`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path; `{…}` stands for one segment.
    pub path: &'static str,
    pub(super) access: Access,
    pub(super) answer: fn(&Estate, &Ask) -> Reply,
}

impl Endpoint {
    pub(super) fn family(&self) -> Family {
        match self.access {
            Access::OrgKey => Family::Admin,
            Access::UnscopedOrgKey | Access::GatewayToken => Family::OldAdmin,
            Access::SiteToken | Access::Anonymous | Access::Public => Family::Jira,
        }
    }

    /// Whether it belongs to the organisation's host, not to the site.
    #[must_use]
    pub fn is_org(&self) -> bool {
        self.family() != Family::Jira
    }

    /// The variable segments of a path, if it is one of this endpoint.
    pub(super) fn matches(&self, method: &str, path: &str) -> Option<Vec<String>> {
        if self.method != method {
            return None;
        }
        let mut variables = Vec::new();
        let mut given = path.split('/');
        for wanted in self.path.split('/') {
            let segment = given.next()?;
            if wanted.starts_with('{') && !segment.is_empty() {
                variables.push(decoded(segment));
            } else if wanted != segment {
                return None;
            }
        }
        given.next().is_none().then_some(variables)
    }
}

/// Undoes percent encoding: account ids have colons, which clients may encode.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let pair = if byte == b'%' { rest.next().zip(rest.next()) } else { None };
        let value = pair.and_then(|(high, low)| {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            Some(digit(high)? * 16 + digit(low)?)
        });
        bytes.push(value.unwrap_or(byte));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const fn org(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    answer: fn(&Estate, &Ask) -> Reply,
) -> Endpoint {
    Endpoint { name, method, path, access: Access::OrgKey, answer }
}

const fn site(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    answer: fn(&Estate, &Ask) -> Reply,
) -> Endpoint {
    Endpoint { name, method, path, access: Access::SiteToken, answer }
}

/// All endpoints. The first whose path fits answers.
pub static ENDPOINTS: &[Endpoint] = &[
    org("orgs", "GET", "/admin/v1/orgs", org::orgs),
    org("org", "GET", "/admin/v1/orgs/{org}", org::org),
    org("managed-accounts", "GET", "/admin/v1/orgs/{org}/users", org::managed_accounts),
    org("domains", "GET", "/admin/v1/orgs/{org}/domains", org::domains),
    org("directories", "GET", "/admin/v2/orgs/{org}/directories", org::directories),
    org("user-search", "POST", "/admin/v2/orgs/{org}/directories/{dir}/users/search", org::user_search),
    org("user-count", "GET", "/admin/v2/orgs/{org}/directories/{dir}/users/count", org::user_count),
    org(
        "user-role-assignments",
        "GET",
        "/admin/v2/orgs/{org}/directories/{dir}/users/{acc}/role-assignments",
        org::user_role_assignments,
    ),
    org("group-search", "POST", "/admin/v2/orgs/{org}/directories/{dir}/groups/search", org::group_search),
    org("group-count", "GET", "/admin/v2/orgs/{org}/directories/{dir}/groups/count", org::group_count),
    org(
        "group-role-assignments",
        "GET",
        "/admin/v2/orgs/{org}/directories/{dir}/groups/{group}/role-assignments",
        org::group_role_assignments,
    ),
    org("workspaces", "POST", "/admin/v2/orgs/{org}/workspaces", org::workspaces),
    org("api-tokens", "GET", "/admin/api-access/v1/orgs/{org}/api-tokens", api_access::tokens),
    org("api-tokens-count", "GET", "/admin/api-access/v1/orgs/{org}/api-tokens/count", api_access::token_count),
    org("api-keys", "GET", "/admin/api-access/v1/orgs/{org}/api-keys", api_access::keys),
    org("api-keys-count", "GET", "/admin/api-access/v1/orgs/{org}/api-keys/count", api_access::key_count),
    org("service-accounts", "GET", "/admin/api-access/v1/orgs/{org}/service-accounts", api_access::service_accounts),
    org(
        "service-account-tokens",
        "GET",
        "/admin/api-access/v1/orgs/{org}/service-accounts/api-tokens",
        api_access::service_account_tokens,
    ),
    org(
        "one-service-account-tokens",
        "GET",
        "/admin/api-access/v1/orgs/{org}/service-accounts/{id}/api-tokens",
        api_access::one_service_account_tokens,
    ),
    org(
        "service-accounts-count",
        "POST",
        "/admin/api-access/v1/orgs/{org}/service-accounts/count",
        api_access::service_account_counts,
    ),
    org(
        "service-account-oauth-clients",
        "GET",
        "/admin/api-access/v1/orgs/{org}/service-accounts/oauth-clients",
        api_access::service_account_clients,
    ),
    org("oauth-clients", "GET", "/admin/api-access/v1/orgs/{org}/oauth-clients", api_access::org_clients),
    Endpoint {
        name: "account-management-service-accounts",
        method: "GET",
        path: "/admin/account-management/v1/orgs/{org}/service-accounts",
        access: Access::UnscopedOrgKey,
        answer: api_access::managed_service_accounts,
    },
    Endpoint {
        name: "tenant-info",
        method: "GET",
        path: "/_edge/tenant_info",
        access: Access::Public,
        answer: jira::tenant_info,
    },
    Endpoint {
        name: "server-info",
        method: "GET",
        path: "/rest/api/3/serverInfo",
        access: Access::Anonymous,
        answer: jira::server_info,
    },
    Endpoint {
        name: "permissions",
        method: "GET",
        path: "/rest/api/3/permissions",
        access: Access::Anonymous,
        answer: jira_projects::permissions,
    },
    site("permissions-check", "POST", "/rest/api/3/permissions/check", jira_projects::permissions_check),
    site("myself", "GET", "/rest/api/3/myself", jira::myself),
    site("my-permissions", "GET", "/rest/api/3/mypermissions", jira_projects::my_permissions),
    site("users-search", "GET", "/rest/api/3/users/search", jira::users_search),
    site("group-bulk", "GET", "/rest/api/3/group/bulk", jira::group_bulk),
    site("group-member", "GET", "/rest/api/3/group/member", jira::group_member),
    site("application-roles", "GET", "/rest/api/3/applicationrole", jira::application_roles),
    site("license", "GET", "/rest/api/3/instance/license", jira::license),
    site("license-count", "GET", "/rest/api/3/license/approximateLicenseCount", jira::license_count),
    site("project-search", "GET", "/rest/api/3/project/search", jira_projects::project_search),
    site("roles", "GET", "/rest/api/3/role", jira_projects::roles),
    site("project-roles", "GET", "/rest/api/3/project/{project}/role", jira_projects::project_roles),
    site("project-role", "GET", "/rest/api/3/project/{project}/role/{role}", jira_projects::project_role),
    site(
        "project-permission-scheme",
        "GET",
        "/rest/api/3/project/{project}/permissionscheme",
        jira_projects::project_scheme,
    ),
    site("permission-schemes", "GET", "/rest/api/3/permissionscheme", jira_projects::schemes),
    site(
        "permission-scheme-grants",
        "GET",
        "/rest/api/3/permissionscheme/{scheme}/permission",
        jira_projects::scheme_grants,
    ),
    org("policies", "GET", "/admin/v1/orgs/{org}/policies", policies::policies),
    org(
        "auth-policies",
        "POST",
        "/admin/control/v1/orgs/{org}/users/auth-policies/bulk-fetch",
        policies::auth_policies,
    ),
    org("event-actions", "GET", "/admin/v1/orgs/{org}/event-actions", audit::event_actions),
    org("events-stream", "GET", "/admin/v1/orgs/{org}/events-stream", audit::events_stream),
    Endpoint {
        name: "jira-automation",
        method: "GET",
        path: "/automation/public/jira/{cloud}/rest/v1/rule/summary",
        access: Access::GatewayToken,
        answer: automation::rules,
    },
    site("filters", "GET", "/rest/api/3/filter/search", jira_sharing::filters),
    site("dashboards", "GET", "/rest/api/3/dashboard/search", jira_sharing::dashboards),
    site("webhooks", "GET", "/rest/webhooks/1.0/webhook", webhooks::webhooks),
    site("installed-apps", "GET", "/rest/plugins/1.0/", installed_apps::installed_apps),
    site("jira-audit", "GET", "/rest/api/3/auditing/record", jira_audit::records),
    site("service-desks", "GET", "/rest/servicedeskapi/servicedesk", service_desk::service_desks),
];
