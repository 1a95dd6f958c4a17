//! Who holds which role or permission on what.

use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId};

/// What sort of grant it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantForm {
    /// A role on the organisation, a site or a product, such as `atlassian/org-admin`.
    PlatformRole,
    /// What membership of a group opens on one site: `user`, `admin`, `site-admin`, as that site tells.
    ProductAccess,
    /// A place in a role of a Jira project; on a site or instance, one that every new project begins with.
    ProjectRole,
    /// A permission in a Jira permission scheme, such as `BROWSE_PROJECTS`.
    Permission,
    /// A global permission of a Jira site, such as `ADMINISTER`.
    GlobalPermission,
    /// A share of a Jira filter or dashboard: `view` or `edit`.
    Share,
    /// A permission on a Confluence space, such as `read space` or `administer space`.
    SpacePermission,
    /// A role on a Confluence space.
    SpaceRole,
    /// A role in a Bitbucket workspace: `owner`, `collaborator`, `member`.
    WorkspaceRole,
    /// A permission on a Bitbucket project that was given outright: `read`, `write`, `create-repo`, `admin`.
    RepositoryProjectPermission,
    /// A permission on a Bitbucket repository that was given outright: `read`, `write`, `admin`.
    RepositoryPermission,
    /// What an account may do with a Bitbucket repository in the end, however it came by it.
    EffectiveRepositoryPermission,
}

impl GrantForm {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::PlatformRole,
        Self::ProductAccess,
        Self::ProjectRole,
        Self::Permission,
        Self::GlobalPermission,
        Self::Share,
        Self::SpacePermission,
        Self::SpaceRole,
        Self::WorkspaceRole,
        Self::RepositoryProjectPermission,
        Self::RepositoryPermission,
        Self::EffectiveRepositoryPermission,
    ];

    /// The word used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PlatformRole => "platform-role",
            Self::ProductAccess => "product-access",
            Self::ProjectRole => "project-role",
            Self::Permission => "permission",
            Self::GlobalPermission => "global-permission",
            Self::Share => "share",
            Self::SpacePermission => "space-permission",
            Self::SpaceRole => "space-role",
            Self::WorkspaceRole => "workspace-role",
            Self::RepositoryProjectPermission => "repository-project-permission",
            Self::RepositoryPermission => "repository-permission",
            Self::EffectiveRepositoryPermission => "effective-repository-permission",
        }
    }
}

/// Who is meant by a grant, from the broadest to the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// Anybody on the web, without logging in.
    Anyone,
    /// Everybody who is logged in.
    LoggedIn,
    /// Everybody with a seat in one application.
    ApplicationRole,
    /// The members of a group.
    Group,
    /// Everybody who may see a project.
    Project,
    /// Whoever is in a role of the project.
    ProjectRole,
    /// One account.
    Principal,
    /// Somebody who depends on the project or the Jira issue: lead, reporter, assignee, a custom field.
    Conditional,
    /// Portal customers only.
    PortalCustomers,
    /// A holder the source named and we do not know.
    Other,
}

impl Holder {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Anyone,
        Self::LoggedIn,
        Self::ApplicationRole,
        Self::Group,
        Self::Project,
        Self::ProjectRole,
        Self::Principal,
        Self::Conditional,
        Self::PortalCustomers,
        Self::Other,
    ];

    /// The word used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::LoggedIn => "logged-in",
            Self::ApplicationRole => "application-role",
            Self::Group => "group",
            Self::Project => "project",
            Self::ProjectRole => "project-role",
            Self::Principal => "principal",
            Self::Conditional => "conditional",
            Self::PortalCustomers => "portal-customers",
            Self::Other => "other",
        }
    }
}

/// A grant. The resource's name reads like “BROWSE_PROJECTS for anyone”.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Platform role, project role, permission, …
    pub form: GrantForm,
    /// The role or permission, as the source names it.
    pub role: String,
    /// Who is meant.
    pub holder: Holder,
    /// The account, where the holder is one.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub principal: Fact<ResourceId>,
    /// The group, where the holder is one.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub group: Fact<ResourceId>,
    /// What the source says beside the holder's type: an application's key, a field, a project's id. Of a project role its
    /// id, which in a permission scheme is one of whatever project uses that; where one project is meant, the project's id,
    /// a slash, and the role's.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub holder_detail: Fact<String>,
    /// What the grant is on: organisation, product, project, permission scheme, space, repository, …
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub container: Fact<ResourceId>,
    /// What a role brings in single permissions, such as `administer space`, where the source tells; sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub permits: Fact<Vec<String>>,
    /// How an account came by it: `direct`, `group_direct`, `inferred`, as the organisation tells; sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub via: Fact<Vec<String>>,
}

impl Grant {
    /// A grant of which nothing is known but what was granted and to what sort of holder.
    #[must_use]
    pub fn of(form: GrantForm, role: impl Into<String>, holder: Holder) -> Self {
        Self {
            form,
            role: role.into(),
            holder,
            principal: Fact::Unknown,
            group: Fact::Unknown,
            holder_detail: Fact::Unknown,
            container: Fact::Unknown,
            permits: Fact::Unknown,
            via: Fact::Unknown,
        }
    }
}
