//! Every endpoint the simulator answers: its name, its path, who may ask, and who answers.

use super::estate::Estate;
use super::exchange::{Ask, Reply};
use super::servers::Rank;
use super::{
    api_access, audit, automation, bitbucket, bitbucket_repositories, confluence, installed_apps, jira, jira_audit,
    jira_projects, jira_sharing, org, policies, servers, service_desk, webhooks,
};

/// Which of the pretended hosts answers. Each has a port of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// The admin APIs and the gateway, in place of `api.atlassian.com`.
    Org,
    /// The site: Jira, and Confluence below `/wiki`.
    Site,
    /// The sandbox: the same Jira with other things in it, and no Confluence.
    Sandbox,
    /// Bitbucket, in place of `api.bitbucket.org`.
    Bitbucket,
    /// A Jira of the firm's own.
    JiraDc,
    /// A Confluence of the firm's own.
    ConfluenceDc,
    /// A Bitbucket of the firm's own.
    BitbucketDc,
    /// Jira Align, in place of `acme.jiraalign.com`.
    Align,
}

impl Host {
    /// All hosts, in the order in which they open.
    pub(super) const ALL: [Host; 8] = [
        Host::Org,
        Host::Site,
        Host::Sandbox,
        Host::Bitbucket,
        Host::JiraDc,
        Host::ConfluenceDc,
        Host::BitbucketDc,
        Host::Align,
    ];
}

/// How an API family words its refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Organizations and API Access: a list of errors.
    Admin,
    /// Undocumented and old admin routes: code and message.
    OldAdmin,
    /// Jira.
    Jira,
    /// Confluence, first version: status code and message.
    Confluence,
    /// Confluence, second version: a list of errors, without ids.
    ConfluenceV2,
    /// Bitbucket: an error inside an envelope.
    Bitbucket,
    /// Jira Data Center: as in the cloud.
    JiraDc,
    /// Confluence Data Center: status code, message and reason.
    ConfluenceDc,
    /// Bitbucket Data Center: a list of errors, with the names of exceptions.
    BitbucketDc,
    /// Jira Align: a message.
    Align,
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
    /// A person of the Bitbucket workspace, with a token.
    BitbucketToken,
    /// Somebody of that rank at least, on that self-hosted product.
    Server(Host, Rank),
}

/// One endpoint.
#[derive(Debug, Clone, Copy)]
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
            Access::BitbucketToken => Family::Bitbucket,
            Access::Server(host, _) => servers::family(host),
            Access::SiteToken | Access::Anonymous | Access::Public => Family::of_site(self.path),
        }
    }

    /// The host it belongs to.
    pub(super) fn place(&self) -> Host {
        match self.access {
            Access::OrgKey | Access::UnscopedOrgKey | Access::GatewayToken => Host::Org,
            Access::SiteToken | Access::Anonymous | Access::Public => Host::Site,
            Access::BitbucketToken => Host::Bitbucket,
            Access::Server(host, _) => host,
        }
    }

    /// Whether it belongs to the organisation's host.
    #[must_use]
    pub fn is_org(&self) -> bool {
        self.place() == Host::Org
    }

    /// Whether it belongs to a product that the firm runs itself.
    #[must_use]
    pub fn is_self_hosted(&self) -> bool {
        matches!(self.access, Access::Server(..))
    }

    /// What it belongs to, in one word: `org`, `jira`, `confluence` or `bitbucket`, and `jira-dc` or `confluence-dc`
    /// for self-hosted products.
    #[must_use]
    pub fn host(&self) -> &'static str {
        match self.place() {
            Host::Org => "org",
            Host::Site if self.path.starts_with("/wiki/") => "confluence",
            Host::Site | Host::Sandbox => "jira",
            Host::Bitbucket => "bitbucket",
            Host::JiraDc => "jira-dc",
            Host::ConfluenceDc => "confluence-dc",
            Host::BitbucketDc => "bitbucket-dc",
            Host::Align => "jira-align",
        }
    }

    /// Whether a host has it. The sandbox has what the site has of Jira.
    pub(super) fn is_of(&self, host: Host) -> bool {
        match host {
            Host::Sandbox => self.place() == Host::Site && !self.path.starts_with("/wiki/"),
            host => self.place() == host,
        }
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

impl Family {
    /// The family that words refusals of a path of the site.
    pub(super) fn of_site(path: &str) -> Self {
        if path.starts_with("/wiki/api/v2/") {
            Self::ConfluenceV2
        } else if path.starts_with("/wiki/") {
            Self::Confluence
        } else {
            Self::Jira
        }
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

const fn bitbucket(name: &'static str, path: &'static str, answer: fn(&Estate, &Ask) -> Reply) -> Endpoint {
    Endpoint { name, method: "GET", path, access: Access::BitbucketToken, answer }
}

/// All endpoints. The first of a host whose path fits answers.
pub static ENDPOINTS: &[Endpoint] = &joined::<
    { CLOUD.len() + servers::JIRA.len() + servers::CONFLUENCE.len() + servers::BITBUCKET.len() + servers::ALIGN.len() },
>(&[
    CLOUD,
    servers::JIRA,
    servers::CONFLUENCE,
    servers::BITBUCKET,
    servers::ALIGN,
]);

/// Several lists as one.
const fn joined<const LENGTH: usize>(lists: &[&[Endpoint]]) -> [Endpoint; LENGTH] {
    let mut all = [CLOUD[0]; LENGTH];
    let (mut list, mut place, mut filled) = (0, 0, 0);
    while filled < LENGTH {
        if place == lists[list].len() {
            list += 1;
            place = 0;
        } else {
            all[filled] = lists[list][place];
            place += 1;
            filled += 1;
        }
    }
    all
}

/// Those of the cloud.
const CLOUD: &[Endpoint] = &[
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
    site("confluence-current-user", "GET", "/wiki/rest/api/user/current", confluence::current_user),
    site("confluence-system-info", "GET", "/wiki/rest/api/settings/systemInfo", confluence::system_info),
    site("confluence-groups", "GET", "/wiki/rest/api/group", confluence::groups),
    site("confluence-group-members", "GET", "/wiki/rest/api/group/{group}/membersByGroupId", confluence::group_members),
    site("confluence-users", "GET", "/wiki/rest/api/search/user", confluence::users),
    site("users-bulk", "POST", "/wiki/api/v2/users-bulk", confluence::users_bulk),
    site("spaces", "GET", "/wiki/api/v2/spaces", confluence::spaces),
    site("space-permissions", "GET", "/wiki/api/v2/spaces/{space}/permissions", confluence::space_permissions),
    site("space-role-mode", "GET", "/wiki/api/v2/space-role-mode", confluence::space_role_mode),
    site("space-roles", "GET", "/wiki/api/v2/space-roles", confluence::space_roles),
    site(
        "space-role-assignments",
        "GET",
        "/wiki/api/v2/spaces/{space}/role-assignments",
        confluence::space_role_assignments,
    ),
    site("confluence-audit", "GET", "/wiki/rest/api/audit", confluence::audit),
    Endpoint {
        name: "confluence-automation",
        method: "GET",
        path: "/automation/public/confluence/{cloud}/rest/v1/rule/summary",
        access: Access::GatewayToken,
        answer: confluence::automation,
    },
    bitbucket("bb-user-workspaces", "/2.0/user/workspaces", bitbucket::user_workspaces),
    bitbucket("bb-workspace-permission", "/2.0/user/workspaces/{ws}/permission", bitbucket::own_permission),
    bitbucket("bb-workspace", "/2.0/workspaces/{ws}", bitbucket::workspace),
    bitbucket("bb-members", "/2.0/workspaces/{ws}/members", bitbucket::members),
    bitbucket("bb-permissions", "/2.0/workspaces/{ws}/permissions", bitbucket::permissions),
    bitbucket(
        "bb-repository-permissions",
        "/2.0/workspaces/{ws}/permissions/repositories",
        bitbucket::repository_permissions,
    ),
    bitbucket("bb-projects", "/2.0/workspaces/{ws}/projects", bitbucket::projects),
    bitbucket(
        "bb-project-users",
        "/2.0/workspaces/{ws}/projects/{key}/permissions-config/users",
        bitbucket::project_users,
    ),
    bitbucket(
        "bb-project-groups",
        "/2.0/workspaces/{ws}/projects/{key}/permissions-config/groups",
        bitbucket::project_groups,
    ),
    bitbucket(
        "bb-project-deploy-keys",
        "/2.0/workspaces/{ws}/projects/{key}/deploy-keys",
        bitbucket::project_deploy_keys,
    ),
    bitbucket("bb-workspace-variables", "/2.0/workspaces/{ws}/pipelines-config/variables", bitbucket::variables),
    bitbucket("bb-workspace-hooks", "/2.0/workspaces/{ws}/hooks", bitbucket::hooks),
    bitbucket("bb-runners", "/2.0/workspaces/{ws}/pipelines-config/runners", bitbucket::runners),
    bitbucket("bb-repositories", "/2.0/repositories/{ws}", bitbucket_repositories::repositories),
    bitbucket(
        "bb-repository-users",
        "/2.0/repositories/{ws}/{repo}/permissions-config/users",
        bitbucket_repositories::users,
    ),
    bitbucket(
        "bb-repository-groups",
        "/2.0/repositories/{ws}/{repo}/permissions-config/groups",
        bitbucket_repositories::groups,
    ),
    bitbucket(
        "bb-repository-variables",
        "/2.0/repositories/{ws}/{repo}/pipelines_config/variables",
        bitbucket_repositories::variables,
    ),
    bitbucket("bb-environments", "/2.0/repositories/{ws}/{repo}/environments", bitbucket_repositories::environments),
    bitbucket(
        "bb-environment-variables",
        "/2.0/repositories/{ws}/{repo}/deployments_config/environments/{env}/variables",
        bitbucket_repositories::environment_variables,
    ),
    bitbucket(
        "bb-pipelines-config",
        "/2.0/repositories/{ws}/{repo}/pipelines_config",
        bitbucket_repositories::pipelines_config,
    ),
    bitbucket("bb-deploy-keys", "/2.0/repositories/{ws}/{repo}/deploy-keys", bitbucket_repositories::deploy_keys),
    bitbucket("bb-repository-hooks", "/2.0/repositories/{ws}/{repo}/hooks", bitbucket_repositories::hooks),
    bitbucket(
        "bb-branch-restrictions",
        "/2.0/repositories/{ws}/{repo}/branch-restrictions",
        bitbucket_repositories::branch_restrictions,
    ),
    bitbucket("bb-ssh-keys", "/2.0/users/{user}/ssh-keys", bitbucket::ssh_keys),
    bitbucket("bb-groups", "/1.0/groups/{ws}", bitbucket::groups),
    bitbucket("bb-group-privileges", "/1.0/group-privileges/{ws}", bitbucket_repositories::group_privileges),
];
