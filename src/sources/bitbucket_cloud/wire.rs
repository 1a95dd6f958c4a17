//! What Bitbucket Cloud sends, in its own words. What is not named here is dropped while parsing: the value of a
//! variable and the secret of a webhook have no field, and of a webhook's address only what may be kept is read.

use serde::{Deserialize, Serialize};

use crate::model::Fact;
use crate::sources::row::{Id, Timestamp, Wire};
use crate::sources::webhook_url::{PlainName, WebhookUrl};

/// The links of a resource; of them, the page that people open.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Links {
    pub(super) html: Fact<Link>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Link {
    pub(super) href: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Workspace {
    pub(super) uuid: Fact<String>,
    pub(super) slug: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) is_private: Fact<bool>,
    pub(super) created_on: Fact<Timestamp>,
    pub(super) links: Fact<Links>,
}

/// A person, an app or a team. Accounts inside other answers have fewer of these fields.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Account {
    pub(super) account_id: Fact<String>,
    pub(super) uuid: Fact<String>,
    pub(super) display_name: Fact<String>,
    pub(super) nickname: Fact<String>,
    pub(super) account_status: Fact<String>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
}

/// An account in a workspace, with its role where it was asked for.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Membership {
    pub(super) user: Fact<Account>,
    pub(super) permission: Fact<String>,
}

/// A group with its members, as the first API has it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Group {
    pub(super) slug: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) members: Fact<Vec<Account>>,
}

/// A group inside another answer.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct GroupRef {
    pub(super) slug: Fact<String>,
    pub(super) name: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Project {
    pub(super) uuid: Fact<String>,
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) is_private: Fact<bool>,
    pub(super) created_on: Fact<Timestamp>,
    pub(super) links: Fact<Links>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Repository {
    pub(super) uuid: Fact<String>,
    pub(super) slug: Fact<String>,
    pub(super) full_name: Fact<String>,
    pub(super) is_private: Fact<bool>,
    pub(super) project: Fact<ProjectRef>,
    pub(super) created_on: Fact<Timestamp>,
    pub(super) links: Fact<Links>,
}

/// The project of a repository.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ProjectRef {
    pub(super) uuid: Fact<String>,
    pub(super) key: Fact<String>,
}

/// A permission of an account or a group.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Permission {
    pub(super) permission: Fact<String>,
    pub(super) user: Fact<Account>,
    pub(super) group: Fact<GroupRef>,
    pub(super) repository: Fact<RepositoryRef>,
}

/// The repository that an effective permission is on.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct RepositoryRef {
    pub(super) uuid: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct PipelinesConfig {
    pub(super) enabled: Fact<bool>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct BranchRestriction {
    pub(super) kind: Fact<String>,
    pub(super) branch_match_kind: Fact<String>,
    pub(super) pattern: Fact<String>,
    pub(super) users: Fact<Vec<Account>>,
    pub(super) groups: Fact<Vec<GroupRef>>,
}

/// A variable of any level, without its value.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Variable {
    pub(super) uuid: Fact<String>,
    pub(super) key: Fact<String>,
    pub(super) secured: Fact<bool>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Environment {
    pub(super) uuid: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) restrictions: Fact<DeploymentRestrictions>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct DeploymentRestrictions {
    pub(super) admin_only: Fact<bool>,
}

/// A deploy key of a repository, whose maker is its `owner`, or of a project. The day it was added has two names.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct DeployKey {
    pub(super) id: Fact<Id>,
    pub(super) key: Fact<String>,
    pub(super) label: Fact<String>,
    pub(super) comment: Fact<String>,
    pub(super) added_on: Fact<Timestamp>,
    pub(super) created_on: Fact<Timestamp>,
    pub(super) last_used: Fact<Timestamp>,
    pub(super) owner: Fact<Account>,
    pub(super) created_by: Fact<Account>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct SshKey {
    pub(super) uuid: Fact<String>,
    pub(super) key: Fact<String>,
    pub(super) label: Fact<String>,
    pub(super) comment: Fact<String>,
    pub(super) created_on: Fact<Timestamp>,
    pub(super) last_used: Fact<Timestamp>,
    pub(super) expires_on: Fact<Timestamp>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Webhook {
    pub(super) uuid: Fact<String>,
    pub(super) description: Fact<PlainName>,
    pub(super) url: Fact<WebhookUrl>,
    pub(super) active: Fact<bool>,
    pub(super) secret_set: Fact<bool>,
    pub(super) skip_cert_verification: Fact<bool>,
    pub(super) events: Fact<Vec<String>>,
    pub(super) created_at: Fact<Timestamp>,
}

impl Wire for Workspace {}
impl Wire for Membership {}
impl Wire for Group {}
impl Wire for Project {}
impl Wire for Repository {}
impl Wire for Permission {}
impl Wire for PipelinesConfig {}
impl Wire for BranchRestriction {}
impl Wire for Variable {}
impl Wire for Environment {}
impl Wire for DeployKey {}
impl Wire for SshKey {}
impl Wire for Webhook {}
