//! Every endpoint of the self-hosted Bitbucket.

use super::super::super::endpoints::{Access, Endpoint, Host};
use super::super::super::estate::Estate;
use super::super::super::exchange::{Ask, Reply};
use super::super::access::Rank::{self, Administrator, Anybody, LoggedIn, SystemAdministrator};
use super::super::release::Release;
use super::{credentials, directory, platform, projects, webhooks};

const fn get(name: &'static str, rank: Rank, path: &'static str, answer: fn(&Estate, &Ask) -> Reply) -> Endpoint {
    Endpoint { name, method: "GET", path, access: Access::Server(Host::BitbucketDc, rank), answer }
}

/// Whether a version has something.
type Has = fn(&Release) -> bool;

/// What is not there in all versions.
pub(crate) const SINCE: &[(&str, Has)] = &[
    ("bitbucket-dc-exempt", |release| release.since(8, 3)),
    ("bitbucket-dc-scanning-rules", |release| release.since(8, 3)),
    ("bitbucket-dc-key-policy", |release| release.since(8, 0)),
    ("bitbucket-dc-project-tokens", Release::is_data_center),
    ("bitbucket-dc-repository-tokens", Release::is_data_center),
    ("bitbucket-dc-rate-limits", Release::is_data_center),
    ("bitbucket-dc-rate-limit-users", Release::is_data_center),
    ("bitbucket-dc-rate-limit-history", Release::is_data_center),
    ("bitbucket-dc-cluster", Release::is_data_center),
];

/// Refuse with 403 where the rest of Bitbucket says 401: plugins that all products share.
pub(crate) const SAY_403: &[&str] = &[
    "bitbucket-dc-basic-auth",
    "bitbucket-dc-sso",
    "bitbucket-dc-idps",
    "bitbucket-dc-links",
    "bitbucket-dc-link-status",
    "bitbucket-dc-oauth-clients",
    "bitbucket-dc-apps",
    "bitbucket-dc-audit",
    "bitbucket-dc-moved-audit",
];

/// The path with `latest` in place of a version: both mean the same.
pub(crate) fn usual_path(path: &str) -> String {
    for product in ["api", "access-tokens", "ssh", "keys", "gpg", "basicauth", "authconfig"] {
        if let Some(rest) = path.strip_prefix(&format!("/rest/{product}/1.0/")) {
            return format!("/rest/{product}/latest/{rest}");
        }
    }
    path.to_owned()
}

/// All of them.
pub(crate) const BITBUCKET: &[Endpoint] = &[
    get(
        "bitbucket-dc-properties",
        Anybody,
        "/rest/api/latest/application-properties",
        platform::application_properties,
    ),
    get("bitbucket-dc-admin-users", LoggedIn, "/rest/api/latest/admin/users", directory::admin_users),
    get("bitbucket-dc-users", LoggedIn, "/rest/api/latest/users", directory::users),
    get("bitbucket-dc-user", LoggedIn, "/rest/api/latest/users/{user}", directory::one_user),
    get("bitbucket-dc-groups", LoggedIn, "/rest/api/latest/admin/groups", directory::groups),
    get("bitbucket-dc-group-members", LoggedIn, "/rest/api/latest/admin/groups/more-members", directory::group_members),
    get("bitbucket-dc-user-groups", LoggedIn, "/rest/api/latest/admin/users/more-members", directory::user_groups),
    get("bitbucket-dc-directories", Administrator, "/rest/api/latest/admin/user-directories", directory::directories),
    get(
        "bitbucket-dc-global-users",
        Administrator,
        "/rest/api/latest/admin/permissions/users",
        directory::global_users,
    ),
    get(
        "bitbucket-dc-global-groups",
        Administrator,
        "/rest/api/latest/admin/permissions/groups",
        directory::global_groups,
    ),
    get("bitbucket-dc-rate-limits", LoggedIn, "/rest/api/latest/admin/rate-limit/settings", directory::rate_limits),
    get(
        "bitbucket-dc-rate-limit-users",
        Administrator,
        "/rest/api/latest/admin/rate-limit/settings/users",
        directory::rate_limit_users,
    ),
    get(
        "bitbucket-dc-rate-limit-history",
        Administrator,
        "/rest/api/latest/admin/rate-limit/history",
        directory::rate_limit_history,
    ),
    get("bitbucket-dc-projects", LoggedIn, "/rest/api/latest/projects", projects::projects),
    get("bitbucket-dc-project", LoggedIn, "/rest/api/latest/projects/{key}", projects::one_project),
    get(
        "bitbucket-dc-project-users",
        LoggedIn,
        "/rest/api/latest/projects/{key}/permissions/users",
        projects::project_users,
    ),
    get(
        "bitbucket-dc-project-groups",
        LoggedIn,
        "/rest/api/latest/projects/{key}/permissions/groups",
        projects::project_groups,
    ),
    get(
        "bitbucket-dc-project-search",
        LoggedIn,
        "/rest/api/latest/projects/{key}/permissions/search",
        projects::project_search,
    ),
    get(
        "bitbucket-dc-project-default",
        LoggedIn,
        "/rest/api/latest/projects/{key}/permissions/{permission}/all",
        projects::default_permission,
    ),
    get(
        "bitbucket-dc-project-repositories",
        LoggedIn,
        "/rest/api/latest/projects/{key}/repos",
        projects::project_repositories,
    ),
    get("bitbucket-dc-repositories", LoggedIn, "/rest/api/latest/repos", projects::repositories),
    get(
        "bitbucket-dc-repository-users",
        LoggedIn,
        "/rest/api/latest/projects/{key}/repos/{repo}/permissions/users",
        projects::repository_users,
    ),
    get(
        "bitbucket-dc-repository-groups",
        LoggedIn,
        "/rest/api/latest/projects/{key}/repos/{repo}/permissions/groups",
        projects::repository_groups,
    ),
    get(
        "bitbucket-dc-repository-search",
        LoggedIn,
        "/rest/api/latest/projects/{key}/repos/{repo}/permissions/search",
        projects::repository_search,
    ),
    get("bitbucket-dc-licence", Administrator, "/rest/api/latest/admin/license", platform::licence),
    get("bitbucket-dc-cluster", SystemAdministrator, "/rest/api/latest/admin/cluster", platform::cluster),
    get("bitbucket-dc-user-tokens", LoggedIn, "/rest/access-tokens/latest/users/{user}", credentials::user_tokens),
    get(
        "bitbucket-dc-project-tokens",
        LoggedIn,
        "/rest/access-tokens/latest/projects/{key}",
        credentials::project_tokens,
    ),
    get(
        "bitbucket-dc-repository-tokens",
        LoggedIn,
        "/rest/access-tokens/latest/projects/{key}/repos/{repo}",
        credentials::repository_tokens,
    ),
    get("bitbucket-dc-ssh-keys", LoggedIn, "/rest/ssh/latest/keys", credentials::ssh_keys),
    get("bitbucket-dc-ssh-settings", LoggedIn, "/rest/ssh/latest/settings", credentials::ssh_settings),
    get("bitbucket-dc-key-policy", Administrator, "/rest/ssh/latest/admin", credentials::key_policy),
    get("bitbucket-dc-gpg-keys", LoggedIn, "/rest/gpg/latest/keys", credentials::gpg_keys),
    get("bitbucket-dc-project-keys", LoggedIn, "/rest/keys/latest/projects/{key}/ssh", credentials::project_keys),
    get(
        "bitbucket-dc-repository-keys",
        LoggedIn,
        "/rest/keys/latest/projects/{key}/repos/{repo}/ssh",
        credentials::repository_keys,
    ),
    get("bitbucket-dc-key-repositories", LoggedIn, "/rest/keys/latest/ssh/{id}/repos", credentials::key_repositories),
    get("bitbucket-dc-key-projects", LoggedIn, "/rest/keys/latest/ssh/{id}/projects", credentials::key_projects),
    get(
        "bitbucket-dc-project-webhooks",
        LoggedIn,
        "/rest/api/latest/projects/{key}/webhooks",
        webhooks::project_webhooks,
    ),
    get(
        "bitbucket-dc-repository-webhooks",
        LoggedIn,
        "/rest/api/latest/projects/{key}/repos/{repo}/webhooks",
        webhooks::repository_webhooks,
    ),
    get(
        "bitbucket-dc-webhook-search",
        LoggedIn,
        "/rest/api/latest/projects/{key}/repos/{repo}/webhooks/search",
        webhooks::search,
    ),
    get("bitbucket-dc-exempt", Administrator, "/rest/api/latest/secret-scanning/exempt", projects::exempt),
    get(
        "bitbucket-dc-scanning-rules",
        Administrator,
        "/rest/api/latest/secret-scanning/rules",
        projects::scanning_rules,
    ),
    get("bitbucket-dc-basic-auth", SystemAdministrator, "/rest/basicauth/latest/config", platform::basic_auth),
    get("bitbucket-dc-sso", SystemAdministrator, "/rest/authconfig/latest/sso", platform::single_sign_on),
    get("bitbucket-dc-idps", SystemAdministrator, "/rest/authconfig/latest/idps", platform::identity_providers),
    get("bitbucket-dc-links", Administrator, "/rest/applinks/3.0/applinks", platform::application_links),
    get("bitbucket-dc-link-status", Administrator, "/rest/applinks/3.0/status/{link}", platform::link_status),
    get("bitbucket-dc-oauth-clients", SystemAdministrator, "/rest/oauth2/latest/client", platform::oauth_clients),
    get("bitbucket-dc-apps", SystemAdministrator, "/rest/plugins/1.0/", platform::installed_apps),
    get("bitbucket-dc-audit", Administrator, "/rest/auditing/1.0/events", platform::audit),
    get("bitbucket-dc-moved-audit", Administrator, "/rest/audit/latest/events", platform::moved_audit),
];
