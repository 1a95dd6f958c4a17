//! What permissions are worth: which include which, and how much can be done with each.

use super::ANY;
use crate::model::{ContainerForm, Grant, GrantForm};

/// How much can be done with a permission, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Power {
    /// See what is there.
    Read,
    /// Make and change content.
    Write,
    /// Delete what others made, or act in their name.
    Destroy,
    /// Decide on a single container: its settings, and who may do what.
    Administer,
    /// Decide on a whole product or organisation.
    AdministerAll,
}

impl Power {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Destroy, Self::Administer, Self::AdministerAll];

    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destroy => "destroy",
            Self::Administer => "administer",
            Self::AdministerAll => "administer-all",
        }
    }
}

/// How much can be done with a permission in a container of this form. Of a word that nobody described it is taken that
/// content can be changed with it.
#[must_use]
pub fn power_of(form: ContainerForm, key: &str) -> Power {
    match form {
        ContainerForm::Organisation
        | ContainerForm::Product
        | ContainerForm::Site
        | ContainerForm::Workspace
        | ContainerForm::Instance
            if key == ANY =>
        {
            Power::AdministerAll
        }
        _ if key == ANY => Power::Administer,
        ContainerForm::Project => of_project(key),
        ContainerForm::Filter | ContainerForm::Dashboard if key == "view" => Power::Read,
        ContainerForm::Filter | ContainerForm::Dashboard => Power::Write,
        ContainerForm::Space => of_space(key),
        ContainerForm::Workspace | ContainerForm::RepositoryProject | ContainerForm::Repository => {
            of_bitbucket(form, key)
        }
        _ => of_product(key),
    }
}

/// Permissions of Jira projects by their keys.
fn of_project(key: &str) -> Power {
    match key {
        "ADMINISTER_PROJECTS" | "EDIT_WORKFLOW" | "EDIT_ISSUE_LAYOUT" => Power::Administer,
        "Administrator" | "Administrators" => Power::Administer,
        "BROWSE_PROJECTS" | "SERVICEDESK_AGENT_VIEW" | "Viewer" | "Viewers" => Power::Read,
        "MODIFY_REPORTER" | "SET_ISSUE_SECURITY" | "MANAGE_WATCHERS" => Power::Destroy,
        _ if key.starts_with("VIEW_") => Power::Read,
        _ if key.starts_with("DELETE_") || key.starts_with("EDIT_ALL_") => Power::Destroy,
        _ => Power::Write,
    }
}

/// Permissions of Confluence spaces: `read space`, `delete page`, `space administer`.
fn of_space(key: &str) -> Power {
    let has = |word: &str| key.split(' ').any(|each| each == word);
    if has("administer") || has("restrict_content") || has("setpermissions") {
        Power::Administer
    } else if has("delete") || has("remove") || has("archive") || has("purge") {
        Power::Destroy
    } else if has("read") || has("view") || has("export") {
        Power::Read
    } else {
        Power::Write
    }
}

fn of_bitbucket(form: ContainerForm, key: &str) -> Power {
    match key {
        "owner" => Power::AdministerAll,
        "admin" | "PROJECT_ADMIN" | "REPO_ADMIN" => Power::Administer,
        "read" | "PROJECT_READ" | "REPO_READ" | "PROJECT_VIEW" => Power::Read,
        "member" | "collaborator" if form == ContainerForm::Workspace => Power::Read,
        _ => Power::Write,
    }
}

/// Roles and permissions on a whole product or organisation.
fn of_product(key: &str) -> Power {
    let word = key.rsplit('/').next().unwrap_or(key).to_ascii_lowercase();
    let administers = |word: &str| {
        let parts = || word.split(|letter: char| !letter.is_alphanumeric());
        parts().any(|part| matches!(part, "admin" | "administer" | "administrator" | "sys" | "sysadmin" | "everything"))
    };
    match word.as_str() {
        "user" | "basic" | "licensed_user" | "customer" | "viewer" | "user_picker" | "application use" => Power::Read,
        _ if administers(&word) => Power::AdministerAll,
        _ => Power::Write,
    }
}

const PROJECTS_OF_BITBUCKET: [&[&str]; 4] =
    [&["read"], &["read", "write"], &["create-repo", "read", "write"], &["admin", "create-repo", "read", "write"]];

/// What a grant gives where it was given: sorted, its own word among it. Empty if the source does not say.
pub(super) fn given(grant: &Grant) -> Vec<&str> {
    let role = grant.role.as_str();
    match grant.form {
        GrantForm::SpacePermission | GrantForm::SpaceRole => {
            grant.permits.known().map(|permits| permits.iter().map(String::as_str).collect()).unwrap_or_default()
        }
        GrantForm::Share if role == "edit" => vec!["edit", "view"],
        GrantForm::RepositoryPermission | GrantForm::EffectiveRepositoryPermission => ladder(&REPOSITORY, role),
        GrantForm::RepositoryProjectPermission => match role {
            "read" | "write" | "create-repo" | "admin" => PROJECTS_OF_BITBUCKET
                .iter()
                .find(|rung| rung.contains(&role))
                .map_or_else(|| vec![role], |rung| rung.to_vec()),
            _ => ladder(&SERVER_PROJECT, role),
        },
        GrantForm::GlobalPermission => match role {
            "SYSTEM_ADMIN" => vec!["ADMINISTER", "SYSTEM_ADMIN"],
            "system administer" | "application administer" => ladder(&CONFLUENCE, role),
            _ => ladder(&SERVER, role),
        },
        GrantForm::WorkspaceRole if role == "owner" => vec!["create-project", "member", "owner"],
        GrantForm::WorkspaceRole if role == "create-project" => vec!["create-project", "member"],
        _ => vec![role],
    }
}

/// From the least to the most; each includes those before it.
const REPOSITORY: [&[&str]; 2] = [&["read", "write", "admin"], &["REPO_READ", "REPO_WRITE", "REPO_ADMIN"]];
const SERVER_PROJECT: [&[&str]; 1] = [&["PROJECT_READ", "PROJECT_WRITE", "REPO_CREATE", "PROJECT_ADMIN"]];
const SERVER: [&[&str]; 1] = [&["LICENSED_USER", "PROJECT_CREATE", "ADMIN", "SYS_ADMIN"]];
const CONFLUENCE: [&[&str]; 1] = [&["application administer", "system administer"]];

/// Words of which each includes those before it, whatever product has them.
const LADDERS: [&[&str]; 9] = [
    REPOSITORY[0],
    REPOSITORY[1],
    SERVER_PROJECT[0],
    SERVER[0],
    CONFLUENCE[0],
    &["read", "write", "create-repo", "admin"],
    &["member", "create-project", "owner"],
    &["view", "edit"],
    &["ADMINISTER", "SYSTEM_ADMIN"],
];

/// True if whoever has the higher permission in a place has the lower one there by that.
#[must_use]
pub fn includes(higher: &str, lower: &str) -> bool {
    let place = |rungs: &[&str], word: &str| rungs.iter().position(|rung| *rung == word);
    LADDERS
        .iter()
        .any(|rungs| matches!((place(rungs, lower), place(rungs, higher)), (Some(low), Some(high)) if low < high))
}

/// All that a word of Bitbucket includes, itself among it; nothing if it is on no ladder.
pub(super) fn included(form: GrantForm, word: &str) -> Vec<&'static str> {
    let ladders: &[&'static [&'static str]] = match form {
        GrantForm::RepositoryProjectPermission => &SERVER_PROJECT,
        _ => &REPOSITORY,
    };
    let rungs = ladders.iter().find_map(|rungs| {
        let at = rungs.iter().position(|rung| *rung == word)?;
        rungs.get(..=at)
    });
    rungs.unwrap_or_default().to_vec()
}

/// A word with all that it includes, sorted; of a word that is on no ladder itself alone.
fn ladder<'g>(ladders: &[&'static [&'static str]], role: &'g str) -> Vec<&'g str> {
    for rungs in ladders {
        if let Some(at) = rungs.iter().position(|rung| *rung == role) {
            let mut included: Vec<&'g str> = rungs.iter().take(at + 1).copied().collect();
            included.sort_unstable();
            return included;
        }
    }
    vec![role]
}

/// What a grant gives in something that lies inside of where it was given: sorted, mostly nothing.
pub(super) fn given_inside(grant: &Grant, on: ContainerForm, inside: ContainerForm) -> &'static [&'static str] {
    use ContainerForm::{Repository, RepositoryProject};
    match (grant.form, grant.role.as_str(), on, inside) {
        (GrantForm::RepositoryProjectPermission, role, RepositoryProject, Repository) => match role {
            "read" => &["read"],
            "write" | "create-repo" => &["read", "write"],
            "admin" => &["admin", "read", "write"],
            "PROJECT_READ" => &["REPO_READ"],
            "PROJECT_WRITE" | "REPO_CREATE" => &["REPO_READ", "REPO_WRITE"],
            "PROJECT_ADMIN" => &["REPO_ADMIN", "REPO_READ", "REPO_WRITE"],
            _ => &[],
        },
        (GrantForm::WorkspaceRole, "owner", ContainerForm::Workspace, RepositoryProject) => {
            &["admin", "create-repo", "read", "write"]
        }
        (GrantForm::WorkspaceRole, "owner", ContainerForm::Workspace, Repository) => &["admin", "read", "write"],
        (GrantForm::GlobalPermission, "ADMIN" | "SYS_ADMIN", ContainerForm::Instance, RepositoryProject) => {
            &["PROJECT_ADMIN", "PROJECT_READ", "PROJECT_WRITE", "REPO_CREATE"]
        }
        (GrantForm::GlobalPermission, "ADMIN" | "SYS_ADMIN", ContainerForm::Instance, Repository) => {
            &["REPO_ADMIN", "REPO_READ", "REPO_WRITE"]
        }
        _ => &[],
    }
}

/// What everybody may do with a public project or repository, in the cloud or on a server; both where that is not told.
pub(super) fn given_by_being_public(form: ContainerForm, on_server: Option<bool>) -> &'static [&'static str] {
    match (form, on_server) {
        (ContainerForm::Repository, Some(true)) => &["REPO_READ"],
        (ContainerForm::Repository, Some(false)) => &["read"],
        (ContainerForm::Repository, None) => &["REPO_READ", "read"],
        (ContainerForm::RepositoryProject, Some(true) | None) => &["PROJECT_READ"],
        _ => &[],
    }
}

/// The forms of grants that matter in a container: where an endpoint that shows one of them was not read whole, there may be
/// more.
pub(super) fn forms_on(form: ContainerForm) -> &'static [&'static str] {
    match form {
        ContainerForm::Project => &["permission"],
        ContainerForm::Space => &["space-permission", "space-role"],
        ContainerForm::Workspace => &["workspace-role"],
        ContainerForm::RepositoryProject => &["repository-project-permission"],
        ContainerForm::Repository => &["repository-permission", "repository-project-permission"],
        ContainerForm::Filter | ContainerForm::Dashboard => &["share"],
        ContainerForm::Organisation | ContainerForm::Product => &["platform-role", "group-platform-role"],
        ContainerForm::Site => &["global-permission", "product-access"],
        ContainerForm::Instance => &["global-permission", "product-access", "platform-role"],
        ContainerForm::Directory
        | ContainerForm::Application
        | ContainerForm::PermissionScheme
        | ContainerForm::ServiceDesk => &[],
    }
}
