//! The words in which a register says where an integration works and what it needs there.
//!
//! A place is written as its key, `PAY`, which stands for whatever has that key; or with its sort, `space:DOCS`. A permission
//! is written as its product calls it: `EDIT_ISSUES`, `read space`, `write`, `REPO_WRITE`. Higher permissions of Bitbucket
//! include the lower ones, and its cloud and its servers have two words for the same: either is understood for both.

use crate::model::{Container, ContainerForm, Resource};

/// What an integration works in, with the words for it.
pub const WORKPLACES: [(ContainerForm, &str); 5] = [
    (ContainerForm::Project, "project"),
    (ContainerForm::Space, "space"),
    (ContainerForm::Workspace, "workspace"),
    (ContainerForm::RepositoryProject, "repository-project"),
    (ContainerForm::Repository, "repository"),
];

/// True for what an integration can be declared to work in.
#[must_use]
pub fn is_workplace(form: ContainerForm) -> bool {
    WORKPLACES.iter().any(|(known, _)| *known == form)
}

/// A product by what its permissions are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Permissions of Jira projects.
    Jira,
    /// Permissions of Confluence spaces.
    Confluence,
    /// Permissions of Bitbucket workspaces, projects and repositories.
    Bitbucket,
}

impl Family {
    /// Where permissions of the product are given that an integration can need.
    #[must_use]
    pub fn forms(self) -> &'static [ContainerForm] {
        match self {
            Self::Jira => &[ContainerForm::Project],
            Self::Confluence => &[ContainerForm::Space],
            Self::Bitbucket => &[ContainerForm::Workspace, ContainerForm::RepositoryProject, ContainerForm::Repository],
        }
    }
}

/// Words for roles that have the whole of a product or organisation in hand; what has a slash in it is such a word, too.
const WHOLE_PRODUCTS: [&str; 7] =
    ["ADMINISTER", "SYSTEM_ADMIN", "ADMIN", "SYS_ADMIN", "application administer", "system administer", "owner"];

/// The product that a permission is one of, for all its words look like; none where it is about a whole product.
#[must_use]
pub fn family_of(permission: &str) -> Option<Family> {
    if WHOLE_PRODUCTS.contains(&permission) || permission.contains('/') {
        None
    } else if rank(permission).is_some() || matches!(permission, "create-project" | "member" | "collaborator") {
        Some(Family::Bitbucket)
    } else if permission.contains(' ') {
        Some(Family::Confluence)
    } else {
        Some(Family::Jira)
    }
}

/// Words of Bitbucket that somebody may have mistaken for others, and those of Confluence.
const CLOSED: [&str; 10] = [
    "read",
    "write",
    "admin",
    "create-repo",
    "create-project",
    "REPO_CREATE",
    "REPO_READ",
    "REPO_WRITE",
    "PROJECT_READ",
    "PROJECT_WRITE",
];

/// Words of Jira that are met most, in which a capital or an underscore is easily lost.
const OF_JIRA: [&str; 24] = [
    "ADD_COMMENTS",
    "ADMINISTER_PROJECTS",
    "ASSIGNABLE_USER",
    "ASSIGN_ISSUES",
    "BROWSE_PROJECTS",
    "CLOSE_ISSUES",
    "CREATE_ATTACHMENTS",
    "CREATE_ISSUES",
    "DELETE_ALL_COMMENTS",
    "DELETE_ISSUES",
    "EDIT_ALL_COMMENTS",
    "EDIT_ISSUES",
    "LINK_ISSUES",
    "MANAGE_SPRINTS_PERMISSION",
    "MANAGE_WATCHERS",
    "MODIFY_REPORTER",
    "MOVE_ISSUES",
    "RESOLVE_ISSUES",
    "SCHEDULE_ISSUES",
    "SET_ISSUE_SECURITY",
    "TRANSITION_ISSUES",
    "VIEW_DEV_TOOLS",
    "VIEW_VOTERS_AND_WATCHERS",
    "WORK_ON_ISSUES",
];

/// What a permission should be called if it differs from a known one in nothing but capitals, dashes and blanks; and what
/// reads like a word of Bitbucket servers and is none.
///
/// # Errors
/// The word that was meant, or nothing if there is no such one.
pub fn check_permission(permission: &str) -> Result<(), Option<&'static str>> {
    let bare = |word: &str| word.to_lowercase().replace(['_', '-', ' '], "");
    let known = || OF_JIRA.into_iter().chain(CLOSED).chain(["REPO_ADMIN", "PROJECT_ADMIN"]).chain(WHOLE_PRODUCTS);
    let is_known = known().any(|word| word == permission);
    match known().find(|word| bare(word) == bare(permission)) {
        Some(meant) if !is_known => Err(Some(meant)),
        None if permission.starts_with("REPO_") => Err(None),
        _ => Ok(()),
    }
}

/// A place as a register names it: of one sort, or of any, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Where<'r> {
    /// The sort, if it is given.
    pub form: Option<ContainerForm>,
    /// The key.
    pub key: &'r str,
}

impl<'r> Where<'r> {
    /// Takes a word of a register apart. What stands before a colon and is no sort is part of the key.
    #[must_use]
    pub fn read(written: &'r str) -> Self {
        let sort = written.split_once(':').and_then(|(sort, key)| {
            let (form, _) = WORKPLACES.into_iter().find(|(_, word)| *word == sort.trim())?;
            Some(Self { form: Some(form), key: key.trim() })
        });
        sort.unwrap_or(Self { form: None, key: written })
    }

    /// Whether something of this sort with this key is meant. A repository goes by its own key, and by its whole name.
    #[must_use]
    pub fn means(&self, resource: &Resource, container: &Container) -> bool {
        let by_key = container.key.known().is_some_and(|key| key.eq_ignore_ascii_case(self.key));
        let by_name = || container.form == ContainerForm::Repository && resource.name.eq_ignore_ascii_case(self.key);
        is_workplace(container.form) && self.form.is_none_or(|form| form == container.form) && (by_key || by_name())
    }
}

/// What a place is called in a register: a project of Jira by its key alone, others with their sort.
#[must_use]
pub fn label(resource: &Resource) -> String {
    let crate::model::Body::Container(container) = &resource.body else { return resource.title().to_owned() };
    let key = match (container.form, &container.key) {
        // A slug alone says little, and there may be the same in many projects.
        (ContainerForm::Repository, _) if resource.name.contains('/') => resource.name.as_str(),
        (_, key) => key.known().map_or("?", String::as_str),
    };
    match WORKPLACES.iter().find(|(form, _)| *form == container.form) {
        None | Some((ContainerForm::Project, _)) => key.to_owned(),
        Some((_, word)) => format!("{word}:{key}"),
    }
}

/// How far a word of Bitbucket reaches, in the cloud or on a server.
fn rank(permission: &str) -> Option<u8> {
    match permission {
        "read" | "REPO_READ" | "PROJECT_READ" | "PROJECT_VIEW" => Some(1),
        "write" | "REPO_WRITE" | "PROJECT_WRITE" => Some(2),
        "create-repo" | "REPO_CREATE" => Some(3),
        "admin" | "REPO_ADMIN" | "PROJECT_ADMIN" => Some(4),
        _ => None,
    }
}

/// Whether a permission that was given in a container is no more than one that is needed.
#[must_use]
pub fn covers(needed: &str, form: ContainerForm, given: &str) -> bool {
    if needed == given {
        return true;
    }
    match (form, rank(needed), rank(given)) {
        // What is needed in a repository is often given on its project; the other way round is less.
        (ContainerForm::Repository | ContainerForm::RepositoryProject, Some(needed), Some(given)) => given <= needed,
        // Being in a workspace opens nothing by itself.
        (ContainerForm::Workspace, ..) => matches!(given, "member" | "collaborator"),
        (ContainerForm::Space, ..) => needed.eq_ignore_ascii_case(given),
        _ => false,
    }
}

/// The words for a needed permission in a container of a form, one of which is enough; none if it is nothing to be had
/// there.
#[must_use]
pub fn wanted(needed: &str, form: ContainerForm) -> Vec<&str> {
    let level = match needed {
        "create-repo" | "REPO_CREATE" | "PROJECT_READ" | "PROJECT_WRITE" | "PROJECT_ADMIN" | "PROJECT_VIEW" => {
            Some(ContainerForm::RepositoryProject)
        }
        "create-project" | "member" | "collaborator" => Some(ContainerForm::Workspace),
        _ if needed.starts_with("REPO_") => Some(ContainerForm::Repository),
        _ => None,
    };
    if level.is_some_and(|level| level != form) {
        return Vec::new();
    }
    let is_there = family_of(needed).is_some_and(|family| family.forms().contains(&form));
    match (form, rank(needed)) {
        _ if !is_there => Vec::new(),
        (ContainerForm::Repository, Some(1)) => vec!["read", "REPO_READ"],
        (ContainerForm::Repository, Some(2)) => vec!["write", "REPO_WRITE"],
        (ContainerForm::Repository, Some(4)) => vec!["admin", "REPO_ADMIN"],
        (ContainerForm::RepositoryProject, Some(1)) => vec!["read", "PROJECT_READ"],
        (ContainerForm::RepositoryProject, Some(2)) => vec!["write", "PROJECT_WRITE"],
        (ContainerForm::RepositoryProject, Some(4)) => vec!["admin", "PROJECT_ADMIN"],
        (ContainerForm::Workspace, Some(_)) => Vec::new(),
        _ => vec![needed],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_key_or_a_sort_and_a_key() {
        assert_eq!(Where::read("PAY"), Where { form: None, key: "PAY" });
        assert_eq!(Where::read("space: DOCS"), Where { form: Some(ContainerForm::Space), key: "DOCS" });
        assert_eq!(Where::read("wiki:DOCS"), Where { form: None, key: "wiki:DOCS" });
    }

    #[test]
    fn both_words_of_bitbucket_are_understood_and_higher_ones_include_lower_ones() {
        use ContainerForm::{Project, Repository, RepositoryProject, Space, Workspace};
        assert!(covers("write", Repository, "REPO_READ") && covers("REPO_WRITE", RepositoryProject, "PROJECT_WRITE"));
        assert!(!covers("read", Repository, "write") && !covers("write", RepositoryProject, "create-repo"));
        assert!(!covers("write", Project, "read") && covers("read", Workspace, "member"));
        assert!(!covers("admin", Workspace, "owner"));
        assert!(covers("Read space", Space, "read space") && !covers("read page", Space, "read space"));
        assert_eq!(wanted("REPO_READ", Repository), ["read", "REPO_READ"]);
        assert_eq!(wanted("REPO_READ", RepositoryProject), [""; 0]);
        assert_eq!(wanted("PROJECT_READ", RepositoryProject), ["read", "PROJECT_READ"]);
        assert_eq!(wanted("EDIT_ISSUES", Project), ["EDIT_ISSUES"]);
        assert_eq!(wanted("EDIT_ISSUES", Space), [""; 0]);
        assert_eq!(wanted("ADMINISTER", Project), [""; 0]);
        assert_eq!(family_of("PROJECT_READ"), Some(Family::Bitbucket));
        assert_eq!(family_of("atlassian/org-admin"), None);
    }

    #[test]
    fn a_word_that_misses_nothing_but_capitals_is_put_right() {
        assert_eq!(check_permission("browse_projects"), Err(Some("BROWSE_PROJECTS")));
        assert_eq!(check_permission("Write"), Err(Some("write")));
        assert_eq!(check_permission("REPO_FLY"), Err(None));
        for sound in ["BROWSE_PROJECTS", "com.acme.app__approve", "read space", "write", "REPO_ADMIN", "ADMIN", "admin"]
        {
            assert_eq!(check_permission(sound), Ok(()), "{sound}");
        }
    }
}
