//! Every endpoint of the self-hosted products.

use super::super::endpoints::{Access, Endpoint, Host};
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::access::Rank::{self, Administrator, Anybody, LoggedIn, SystemAdministrator};
use super::release::Release;
use super::{auditing, confluence, hooks, jira, jira_projects, jira_users, licences, links, tokens};

/// Beginnings of paths that have a second spelling: the other one, and the one below.
pub(super) const SPELLINGS: &[(Host, (&str, &str))] = &[
    (Host::JiraDc, ("/rest/pat/1.0/", "/rest/pat/latest/")),
    (Host::JiraDc, ("/rest/basicauth/1.0/", "/rest/basicauth/latest/")),
    (Host::JiraDc, ("/rest/oauth2/1.0/", "/rest/oauth2/latest/")),
    (Host::JiraDc, ("/rest/api/latest/", "/rest/api/2/")),
    (Host::ConfluenceDc, ("/rest/pat/1.0/", "/rest/pat/latest/")),
    (Host::ConfluenceDc, ("/rest/basicauth/1.0/", "/rest/basicauth/latest/")),
    (Host::ConfluenceDc, ("/rest/oauth2/1.0/", "/rest/oauth2/latest/")),
    (Host::ConfluenceDc, ("/rest/api/latest/", "/rest/api/")),
];

/// Whether a version has something.
type Fits = fn(&Release) -> bool;

/// What is not there in all versions, and in which it is.
pub(super) const OFFERED: &[(&str, Fits)] = &[
    ("jira-dc-user-list", |release| release.since(10, 3)),
    ("jira-dc-webhooks-old", |release| !release.since(10, 0)),
    ("jira-dc-webhooks", |release| release.since(10, 0)),
    ("jira-dc-pat-own", |release| release.since(8, 14)),
    ("jira-dc-pat-search", |release| release.since(8, 14)),
    ("jira-dc-pat-owners", |release| release.since(8, 14)),
    ("jira-dc-oauth2-clients", |release| release.since(8, 22)),
    ("jira-dc-oauth2-client", |release| release.since(8, 22)),
    ("jira-dc-audit-events", |release| release.since(8, 8)),
    ("confluence-dc-server-information", |release| release.since(10, 0)),
    ("confluence-dc-named-group-members", |release| release.since(10, 2)),
    ("confluence-dc-permissions", |release| release.since(8, 0)),
    ("confluence-dc-anonymous-permissions", |release| release.since(8, 0)),
    ("confluence-dc-unlicensed-permissions", |release| release.since(8, 0)),
    ("confluence-dc-named-nested-groups", |release| release.since(10, 2)),
    ("confluence-dc-named-parent-groups", |release| release.since(10, 2)),
    ("confluence-dc-space-permissions", |release| release.since(8, 0)),
    ("confluence-dc-pat-own", |release| release.since(7, 9)),
    ("confluence-dc-pat-search", |release| release.since(7, 9)),
    ("confluence-dc-pat-owners", |release| release.since(7, 9)),
    ("confluence-dc-oauth2-clients", |release| release.since(7, 17)),
    ("confluence-dc-oauth2-client", |release| release.since(7, 17)),
    ("confluence-dc-audit-events", |release| release.since(7, 5)),
];

type Answer = fn(&Estate, &Ask) -> Reply;

const fn jira(name: &'static str, rank: Rank, path: &'static str, answer: Answer) -> Endpoint {
    Endpoint { name, method: "GET", path, access: Access::Server(Host::JiraDc, rank), answer }
}

const fn wiki(name: &'static str, rank: Rank, path: &'static str, answer: Answer) -> Endpoint {
    Endpoint { name, method: "GET", path, access: Access::Server(Host::ConfluenceDc, rank), answer }
}

/// The search of all tokens, which is a POST.
const fn pat_search(name: &'static str, host: Host) -> Endpoint {
    let access = Access::Server(host, SystemAdministrator);
    Endpoint { name, method: "POST", path: "/rest/pat/latest/tokens/search", access, answer: tokens::search }
}

/// Those of Jira.
pub(in super::super) const JIRA: &[Endpoint] = &[
    jira("jira-dc-server-info", Anybody, "/rest/api/2/serverInfo", jira::server_info),
    jira("jira-dc-manifest", Anybody, "/rest/applinks/1.0/manifest", links::manifest),
    jira("jira-dc-myself", LoggedIn, "/rest/api/2/myself", jira_users::myself),
    jira("jira-dc-my-permissions", LoggedIn, "/rest/api/2/mypermissions", jira::my_permissions),
    jira("jira-dc-permissions", Administrator, "/rest/api/2/permissions", jira::permissions),
    jira("jira-dc-user", LoggedIn, "/rest/api/2/user", jira_users::one_user),
    jira("jira-dc-user-list", Administrator, "/rest/api/2/user/list", jira_users::user_list),
    jira("jira-dc-user-search", LoggedIn, "/rest/api/2/user/search", jira_users::user_search),
    jira("jira-dc-duplicated-users", Administrator, "/rest/api/2/user/duplicated/list", jira_users::duplicated_users),
    jira("jira-dc-duplicated-count", Administrator, "/rest/api/2/user/duplicated/count", jira_users::duplicated_count),
    jira("jira-dc-groups", LoggedIn, "/rest/api/2/groups/picker", jira_users::groups_picker),
    jira("jira-dc-group-members", Administrator, "/rest/api/2/group/member", jira_users::group_member),
    jira("jira-dc-application-roles", Administrator, "/rest/api/2/applicationrole", jira_users::application_roles),
    jira(
        "jira-dc-licence",
        Administrator,
        "/rest/plugins/applications/1.0/installed/{application}/license",
        licences::of_application,
    ),
    jira("jira-dc-projects", LoggedIn, "/rest/api/2/project", jira_projects::projects),
    jira("jira-dc-roles", Administrator, "/rest/api/2/role", jira_projects::roles),
    jira("jira-dc-default-actors", Administrator, "/rest/api/2/role/{role}/actors", jira_projects::default_actors),
    jira("jira-dc-project-roles", LoggedIn, "/rest/api/2/project/{project}/role", jira_projects::project_roles),
    jira("jira-dc-project-role", LoggedIn, "/rest/api/2/project/{project}/role/{role}", jira_projects::project_role),
    jira(
        "jira-dc-project-scheme",
        Administrator,
        "/rest/api/2/project/{project}/permissionscheme",
        jira_projects::project_scheme,
    ),
    jira("jira-dc-permission-schemes", LoggedIn, "/rest/api/2/permissionscheme", jira_projects::schemes),
    jira("jira-dc-permission-scheme", LoggedIn, "/rest/api/2/permissionscheme/{scheme}", jira_projects::one_scheme),
    jira(
        "jira-dc-scheme-grants",
        LoggedIn,
        "/rest/api/2/permissionscheme/{scheme}/permission",
        jira_projects::scheme_grants,
    ),
    pat_search("jira-dc-pat-search", Host::JiraDc),
    jira("jira-dc-pat-owners", SystemAdministrator, "/rest/pat/latest/tokens/search/user", tokens::owners),
    jira("jira-dc-pat-own", LoggedIn, "/rest/pat/latest/tokens", tokens::own),
    jira("jira-dc-links", Administrator, "/rest/applinks/3.0/applinks", links::links),
    jira("jira-dc-link-status", Administrator, "/rest/applinks/3.0/status/{link}", links::link_status),
    jira("jira-dc-oauth2-clients", SystemAdministrator, "/rest/oauth2/latest/client", links::clients),
    jira("jira-dc-oauth2-client", SystemAdministrator, "/rest/oauth2/latest/client/{client}", links::one_client),
    jira("jira-dc-webhooks-old", Administrator, "/rest/webhooks/1.0/webhook", hooks::old_list),
    jira("jira-dc-webhooks", Administrator, "/rest/jira-webhook/1.0/webhooks", hooks::new_list),
    jira("jira-dc-basic-auth", Administrator, "/rest/basicauth/latest/config", links::basic_auth),
    jira("jira-dc-plugins", Administrator, "/rest/plugins/1.0/", licences::plugins),
    jira("jira-dc-audit-events", Administrator, "/rest/auditing/1.0/events", auditing::events),
    jira("jira-dc-cluster-nodes", Administrator, "/rest/api/2/cluster/nodes", jira::cluster_nodes),
    jira(
        "jira-dc-advanced-settings",
        Administrator,
        "/rest/api/2/application-properties/advanced-settings",
        jira::advanced_settings,
    ),
    jira("jira-dc-properties", Administrator, "/rest/api/2/application-properties", jira::application_properties),
];

/// Those of Confluence.
pub(in super::super) const CONFLUENCE: &[Endpoint] = &[
    wiki("confluence-dc-server-information", LoggedIn, "/rest/api/server-information", confluence::server_information),
    wiki("confluence-dc-manifest", Anybody, "/rest/applinks/1.0/manifest", links::manifest),
    wiki("confluence-dc-current-user", LoggedIn, "/rest/api/user/current", confluence::current_user),
    wiki("confluence-dc-user", LoggedIn, "/rest/api/user", confluence::one_user),
    wiki("confluence-dc-user-list", LoggedIn, "/rest/api/user/list", confluence::user_list),
    wiki("confluence-dc-active-users", LoggedIn, "/rest/api/admin/users/list/active", confluence::active_users),
    wiki("confluence-dc-groups-of-user", LoggedIn, "/rest/api/user/memberof", confluence::groups_of_user),
    wiki("confluence-dc-groups", LoggedIn, "/rest/api/group", confluence::groups),
    wiki("confluence-dc-named-group-members", Administrator, "/rest/api/group/member", confluence::named_group_members),
    wiki("confluence-dc-group-members", Administrator, "/rest/api/group/{group}/member", confluence::group_members),
    wiki("confluence-dc-permissions", Administrator, "/rest/api/permissions", confluence::global_permissions),
    wiki(
        "confluence-dc-anonymous-permissions",
        Administrator,
        "/rest/api/permissions/anonymous",
        confluence::anonymous_permissions,
    ),
    wiki(
        "confluence-dc-unlicensed-permissions",
        Administrator,
        "/rest/api/permissions/unlicensed",
        confluence::unlicensed_permissions,
    ),
    wiki(
        "confluence-dc-nested-groups",
        Administrator,
        "/rest/api/group/{group}/groupmember",
        confluence::nested_groups,
    ),
    wiki(
        "confluence-dc-named-nested-groups",
        Administrator,
        "/rest/api/group/groupmember",
        confluence::named_nested_groups,
    ),
    wiki(
        "confluence-dc-parent-groups",
        Administrator,
        "/rest/api/group/{group}/groupparent",
        confluence::parent_groups,
    ),
    wiki(
        "confluence-dc-named-parent-groups",
        Administrator,
        "/rest/api/group/groupparent",
        confluence::named_parent_groups,
    ),
    wiki("confluence-dc-spaces", LoggedIn, "/rest/api/space", confluence::spaces),
    wiki(
        "confluence-dc-space-permissions",
        LoggedIn,
        "/rest/api/space/{space}/permissions",
        confluence::space_permissions,
    ),
    wiki("confluence-dc-webhooks", Administrator, "/rest/api/webhooks", hooks::wiki_list),
    wiki("confluence-dc-cluster-nodes", Administrator, "/rest/api/cluster/nodes", confluence::cluster_nodes),
    wiki("confluence-dc-instance-metrics", Administrator, "/rest/api/instance-metrics", confluence::instance_metrics),
    wiki("confluence-dc-audit", Administrator, "/rest/api/audit", auditing::old_wiki_log),
    wiki("confluence-dc-audit-events", Administrator, "/rest/auditing/1.0/events", auditing::events),
    wiki("confluence-dc-licence", Administrator, "/rest/license/1.0/license/details", licences::of_wiki),
    wiki("confluence-dc-user-count", Administrator, "/rest/license/1.0/license/userCount", licences::wiki_user_count),
    wiki(
        "confluence-dc-remaining-seats",
        Administrator,
        "/rest/license/1.0/license/remainingSeats",
        licences::wiki_remaining_seats,
    ),
    wiki("confluence-dc-most-users", Administrator, "/rest/license/1.0/license/maxUsers", licences::wiki_most_users),
    pat_search("confluence-dc-pat-search", Host::ConfluenceDc),
    wiki("confluence-dc-pat-owners", SystemAdministrator, "/rest/pat/latest/tokens/search/user", tokens::owners),
    wiki("confluence-dc-pat-own", LoggedIn, "/rest/pat/latest/tokens", tokens::own),
    wiki("confluence-dc-links", Administrator, "/rest/applinks/3.0/applinks", links::links),
    wiki("confluence-dc-link-status", Administrator, "/rest/applinks/3.0/status/{link}", links::link_status),
    wiki("confluence-dc-oauth2-clients", SystemAdministrator, "/rest/oauth2/latest/client", links::clients),
    wiki("confluence-dc-oauth2-client", SystemAdministrator, "/rest/oauth2/latest/client/{client}", links::one_client),
    wiki("confluence-dc-basic-auth", Administrator, "/rest/basicauth/latest/config", links::basic_auth),
    wiki("confluence-dc-plugins", Administrator, "/rest/plugins/1.0/", licences::plugins),
];
