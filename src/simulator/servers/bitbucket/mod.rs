//! A self-hosted Bitbucket: its nouns, and the few questions that several answers ask of them. How it comes about is
//! told in `plan` and `plants`, what a night does in `night`, how it is shown over HTTP in the other files here.
//!
//! Shapes follow the published OpenAPI description of Bitbucket Data Center 9.4, and for plugins that have none the
//! notes on their interfaces; a test compares them.

mod credentials;
mod directory;
pub(crate) mod endpoints;
mod look_alikes;
mod night;
mod pages;
mod plan;
mod plants;
mod platform;
mod projects;
mod reach;
mod webhooks;

pub(crate) use night::pass as pass_night;
pub(crate) use plan::found;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Installation;
use super::access::Rank;

/// Public address of the pretended Bitbucket; links in answers name it, as real ones do.
pub(crate) const ADDRESS: &str = "https://git.acme.example";

/// Everything there is, at one moment.
#[derive(Debug, Default)]
pub(crate) struct Bitbucket {
    pub(crate) installation: Installation,
    /// Whether the audit events are at their newer address only.
    pub(crate) audit_moved: bool,
    /// People and machines of the directories, and the users that Bitbucket itself made for tokens and access keys.
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<Group>,
    /// Global permissions.
    pub(crate) global: Vec<Grant>,
    pub(crate) projects: Vec<Project>,
    pub(crate) repositories: Vec<Repository>,
    pub(crate) tokens: Vec<Token>,
    /// SSH keys of users.
    pub(crate) ssh_keys: Vec<UserKey>,
    /// SSH keys of projects and repositories.
    pub(crate) access_keys: Vec<AccessKey>,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) clients: Vec<Client>,
    pub(crate) events: Vec<Event>,
    pub(crate) licence: Licence,
    /// What Bitbucket shows the identity provider that people log in with.
    pub(crate) login_secret: String,
    /// The number that the next thing gets, whatever it is.
    pub(crate) next_number: u64,
}

/// A user, by whatever directory.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: u64,
    /// Place of the account in the directory that all products share.
    pub(crate) account: Option<usize>,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) email: String,
    pub(crate) active: bool,
    /// Whether Bitbucket made it for itself.
    pub(crate) service: bool,
    pub(crate) directory: &'static str,
    pub(crate) seen: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) members: Vec<usize>,
}

/// Whom a permission names, by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grantee {
    User(usize),
    Group(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) to: Grantee,
    pub(crate) permission: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) name: String,
    /// The person whose own project it is.
    pub(crate) owner: Option<usize>,
    pub(crate) public: bool,
    /// What everybody who is logged in may do.
    pub(crate) default_permission: Option<&'static str>,
    pub(crate) grants: Vec<Grant>,
}

#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) id: u64,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) project: usize,
    pub(crate) public: bool,
    pub(crate) archived: bool,
    /// The repository it was forked from.
    pub(crate) origin: Option<usize>,
    /// Whether what is pushed is not searched for secrets.
    pub(crate) exempt: bool,
    pub(crate) grants: Vec<Grant>,
}

/// To what a token, a key or a webhook belongs, by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    User(usize),
    Project(usize),
    Repository(usize),
}

/// An HTTP access token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) of: Place,
    /// Who acts with it: the user, or a user that Bitbucket made for the project or repository.
    pub(crate) user: usize,
    pub(crate) created: DateTime<Utc>,
    /// For how many days it was made; `None` for ever.
    pub(crate) days: Option<i64>,
    pub(crate) used: Option<DateTime<Utc>>,
    pub(crate) permissions: Vec<&'static str>,
}

/// An SSH key.
#[derive(Debug, Clone)]
pub(crate) struct SshKey {
    pub(crate) id: u64,
    pub(crate) label: String,
    /// The public half.
    pub(crate) text: String,
    pub(crate) fingerprint: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) days: Option<i64>,
    pub(crate) used: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
pub(crate) struct UserKey {
    pub(crate) key: SshKey,
    pub(crate) owner: usize,
}

/// A key that opens a project or a repository. The same key may do so in several places.
#[derive(Debug, Clone)]
pub(crate) struct AccessKey {
    pub(crate) key: SshKey,
    pub(crate) on: Place,
    pub(crate) permission: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) on: Place,
    pub(crate) active: bool,
    pub(crate) verifies: bool,
    pub(crate) secret: Option<String>,
    pub(crate) created: DateTime<Utc>,
}

/// A client of the OAuth 2.0 provider.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) secret: String,
    pub(crate) name: &'static str,
    pub(crate) redirect: &'static str,
    pub(crate) user: usize,
    pub(crate) scope: &'static str,
}

/// An event of the audit log.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) at: DateTime<Utc>,
    pub(crate) author: usize,
    /// Category and action, by their keys and in words.
    pub(crate) action: [&'static str; 4],
    /// Name, sort and id of what it happened to.
    pub(crate) on: (String, &'static str, String),
}

/// What was bought.
#[derive(Debug, Clone, Default)]
pub(crate) struct Licence {
    /// The licence key: whoever has it can install the product.
    pub(crate) text: String,
    pub(crate) server: String,
    pub(crate) most_users: usize,
    pub(crate) bought: DateTime<Utc>,
    pub(crate) ends: DateTime<Utc>,
}

impl Bitbucket {
    /// A number nobody else has.
    pub(crate) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// The slug of a user: lower case, and nothing that would need encoding.
    pub(crate) fn slug(user: &User) -> String {
        let plain = |letter: char| if letter.is_alphanumeric() || "-._".contains(letter) { letter } else { '_' };
        user.name.chars().map(plain).collect::<String>().to_lowercase()
    }

    /// A user by the name in paths.
    pub(crate) fn find_user(&self, slug: &str) -> Option<usize> {
        self.users.iter().position(|user| Self::slug(user) == slug.to_lowercase())
    }

    pub(crate) fn find_project(&self, key: &str) -> Option<usize> {
        self.projects.iter().position(|project| project.key.eq_ignore_ascii_case(key))
    }

    pub(crate) fn find_repository(&self, key: &str, slug: &str) -> Option<usize> {
        let project = self.find_project(key)?;
        self.repositories.iter().position(|one| one.project == project && one.slug == slug)
    }

    /// Users that a grant reaches, active or not.
    pub(crate) fn reached(&self, to: Grantee) -> BTreeSet<usize> {
        match to {
            Grantee::User(user) => BTreeSet::from([user]),
            Grantee::Group(group) => self.groups[group].members.iter().copied().collect(),
        }
    }

    /// Active users who have one of these global permissions, directly or by a group.
    pub(crate) fn holders(&self, permissions: &[&str]) -> BTreeSet<usize> {
        let fits = self.global.iter().filter(|grant| permissions.contains(&grant.permission));
        fits.flat_map(|grant| self.reached(grant.to)).filter(|user| self.users[*user].active).collect()
    }

    /// What an account of the directory may do on the whole.
    pub(crate) fn rank(&self, account: usize) -> Rank {
        let Some(user) = self.user_of(account) else { return Rank::Anybody };
        self.rank_of(user)
    }

    pub(crate) fn rank_of(&self, user: usize) -> Rank {
        let holds = |permission: &str| self.holders(&[permission]).contains(&user);
        if holds("SYS_ADMIN") {
            Rank::SystemAdministrator
        } else if holds("ADMIN") {
            Rank::Administrator
        } else {
            Rank::LoggedIn
        }
    }

    /// Whether an endpoint of the audit log is not the one that is in use.
    pub(crate) fn is_elsewhere(&self, endpoint: &str) -> bool {
        match endpoint {
            "bitbucket-dc-audit" => self.audit_moved,
            "bitbucket-dc-moved-audit" => !self.audit_moved,
            _ => false,
        }
    }

    /// The user of an account of the directory.
    pub(crate) fn user_of(&self, account: usize) -> Option<usize> {
        self.users.iter().position(|user| user.account == Some(account))
    }

    /// How many users count against the licence: all active ones that may log in.
    pub(crate) fn licensed(&self) -> usize {
        self.holders(&["LICENSED_USER", "PROJECT_CREATE", "ADMIN", "SYS_ADMIN"]).len()
    }

    /// What a user may do in a project without regard to global permissions: all that is granted, by any way.
    pub(crate) fn administers_project(&self, user: usize, project: usize) -> bool {
        let project = &self.projects[project];
        let granted = |grant: &Grant| grant.permission == "PROJECT_ADMIN" && self.reached(grant.to).contains(&user);
        project.owner == Some(user) || project.grants.iter().any(granted)
    }

    pub(crate) fn administers_repository(&self, user: usize, repository: usize) -> bool {
        let repository = &self.repositories[repository];
        let granted = |grant: &Grant| grant.permission == "REPO_ADMIN" && self.reached(grant.to).contains(&user);
        self.administers_project(user, repository.project) || repository.grants.iter().any(granted)
    }

    /// Whether a user may look into a project or one of its repositories.
    pub(crate) fn sees_project(&self, user: usize, project: usize) -> bool {
        let project = &self.projects[project];
        let named = |grant: &Grant| self.reached(grant.to).contains(&user);
        project.public
            || project.default_permission.is_some()
            || project.owner == Some(user)
            || project.grants.iter().any(named)
    }

    pub(crate) fn sees_repository(&self, user: usize, repository: usize) -> bool {
        let repository = &self.repositories[repository];
        let named = |grant: &Grant| self.reached(grant.to).contains(&user);
        repository.public || self.sees_project(user, repository.project) || repository.grants.iter().any(named)
    }
}
