//! What holds content, people or licences: organisations, sites, projects, spaces, repositories, shared filters; and
//! permission schemes, which hold the grants of the projects that use them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId, moment};

/// What sort of container it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerForm {
    /// An Atlassian organisation.
    Organisation,
    /// A user directory of an organisation.
    Directory,
    /// A product on a site, as the organisation lists it: a workspace with its seats.
    Product,
    /// A Jira site.
    Site,
    /// A Jira application (Software, Service Management, …) with its seats.
    Application,
    /// A Jira project.
    Project,
    /// A Jira permission scheme.
    PermissionScheme,
    /// A service desk of Jira Service Management.
    ServiceDesk,
    /// A saved search of Jira that others can use.
    Filter,
    /// A Jira dashboard.
    Dashboard,
    /// A Confluence space.
    Space,
    /// A Bitbucket workspace.
    Workspace,
    /// A Bitbucket project: a set of repositories.
    RepositoryProject,
    /// A Bitbucket repository.
    Repository,
    /// A self-hosted product, or one of a system of its own such as Jira Align: a server with its licence and version.
    Instance,
}

impl ContainerForm {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Organisation,
        Self::Directory,
        Self::Product,
        Self::Site,
        Self::Application,
        Self::Project,
        Self::PermissionScheme,
        Self::ServiceDesk,
        Self::Filter,
        Self::Dashboard,
        Self::Space,
        Self::Workspace,
        Self::RepositoryProject,
        Self::Repository,
        Self::Instance,
    ];

    /// The word used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Directory => "directory",
            Self::Product => "product",
            Self::Site => "site",
            Self::Application => "application",
            Self::Project => "project",
            Self::PermissionScheme => "permission-scheme",
            Self::ServiceDesk => "service-desk",
            Self::Filter => "filter",
            Self::Dashboard => "dashboard",
            Self::Space => "space",
            Self::Workspace => "workspace",
            Self::RepositoryProject => "repository-project",
            Self::Repository => "repository",
            Self::Instance => "instance",
        }
    }
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Organisation, site, project, …
    pub form: ContainerForm,
    /// What it is in.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub parent: Fact<ResourceId>,
    /// Short key: of a project (`PAY`), an application (`jira-software`), a product's or instance's type (`jira`).
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub key: Fact<String>,
    /// Where people open it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub url: Fact<String>,
    /// `online`, `live`, `archived`, or the source's own word.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub status: Fact<String>,
    /// Licensed accounts at the time of the scan.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub seats_used: Fact<i64>,
    /// Licensed accounts that were bought; absent if unlimited.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub seats_total: Fact<i64>,
    /// The plan: `free`, `paid`, `unlicensed`, of an instance `data-center` or `server`, or the source's own word.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub plan: Fact<String>,
    /// True for a sandbox.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub sandbox: Fact<bool>,
    /// Groups whose members take a seat of an application, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub licence_groups: Fact<Vec<ResourceId>>,
    /// Groups that new accounts are put into, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub default_groups: Fact<Vec<ResourceId>>,
    /// Who leads a project.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub lead: Fact<ResourceId>,
    /// The permission scheme a project uses.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub permission_scheme: Fact<ResourceId>,
    /// True for a team-managed project, whose access cannot be read in full.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub team_managed: Fact<bool>,
    /// Whose it is: the owner of a filter or dashboard, the author of a space.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub owner: Fact<ResourceId>,
    /// What the product sorts it under: a space's type (`global`, `personal`), a project's (`software`).
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub category: Fact<String>,
    /// True if a repository or workspace can be read by anyone on the web.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub public: Fact<bool>,
    /// True if pipelines run in a repository.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub pipelines_enabled: Fact<bool>,
    /// The accounts and groups that alone may push to any branch of a repository, sorted; absent if some branch can be
    /// pushed to by everybody with write access, which is how a repository starts.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub only_pushers: Fact<Vec<ResourceId>>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub created_at: Fact<DateTime<Utc>>,
    /// The version of an instance, such as `10.3.5`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub version: Fact<String>,
    /// When the licence of an application ends; absent if it never does.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub expires_at: Fact<DateTime<Utc>>,
}

impl Container {
    /// A container of which nothing but its form is known.
    #[must_use]
    pub fn unknown(form: ContainerForm) -> Self {
        Self {
            form,
            parent: Fact::Unknown,
            key: Fact::Unknown,
            url: Fact::Unknown,
            status: Fact::Unknown,
            seats_used: Fact::Unknown,
            seats_total: Fact::Unknown,
            plan: Fact::Unknown,
            sandbox: Fact::Unknown,
            licence_groups: Fact::Unknown,
            default_groups: Fact::Unknown,
            lead: Fact::Unknown,
            permission_scheme: Fact::Unknown,
            team_managed: Fact::Unknown,
            owner: Fact::Unknown,
            category: Fact::Unknown,
            public: Fact::Unknown,
            pipelines_enabled: Fact::Unknown,
            only_pushers: Fact::Unknown,
            created_at: Fact::Unknown,
            version: Fact::Unknown,
            expires_at: Fact::Unknown,
        }
    }
}
