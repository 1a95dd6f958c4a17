//! What Bitbucket Data Center sends, in its own words. What is not named here is dropped while parsing: the key of
//! the licence has no field.

use serde::{Deserialize, Serialize};

use crate::model::Fact;
use crate::sources::row::{Id, Row, Timestamp, Wire};

/// The product and its version.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Properties {
    pub(super) version: Fact<String>,
    pub(super) display_name: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Licence {
    pub(super) expiry_date: Fact<Timestamp>,
    pub(super) number_of_days_before_expiry: Fact<i64>,
    pub(super) maximum_number_of_users: Fact<i64>,
    pub(super) unlimited_number_of_users: Fact<bool>,
    pub(super) status: Fact<LicenceStatus>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LicenceStatus {
    pub(super) current_number_of_users: Fact<i64>,
}

/// An account. Inside other answers it has fewer of these fields.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Account {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) slug: Fact<String>,
    pub(super) display_name: Fact<String>,
    pub(super) email_address: Fact<String>,
    pub(super) active: Fact<bool>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) directory_name: Fact<String>,
    pub(super) last_authentication_timestamp: Fact<Timestamp>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Group {
    pub(super) name: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Directory {
    pub(super) name: Fact<String>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) active: Fact<bool>,
}

/// The highest permission of an account or a group.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Permission {
    pub(super) permission: Fact<String>,
    pub(super) user: Fact<Account>,
    pub(super) group: Fact<Group>,
}

/// Whether a permission is everybody's.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Permitted {
    pub(super) permitted: Fact<bool>,
}

/// The links of a resource; of them, the page that people open.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Links {
    #[serde(rename = "self")]
    pub(super) own: Fact<Vec<Link>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Link {
    pub(super) href: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Project {
    pub(super) id: Fact<Id>,
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) public: Fact<bool>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) owner: Fact<Account>,
    pub(super) links: Fact<Links>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Repository {
    pub(super) id: Fact<Id>,
    pub(super) slug: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) public: Fact<bool>,
    pub(super) archived: Fact<bool>,
    pub(super) project: Fact<ProjectRef>,
    pub(super) links: Fact<Links>,
}

/// The project of a repository.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ProjectRef {
    pub(super) id: Fact<Id>,
    pub(super) key: Fact<String>,
}

/// A token as it is listed. Its text is shown once, to whoever makes it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Token {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) created_date: Fact<Timestamp>,
    pub(super) last_authenticated: Fact<Timestamp>,
    pub(super) expiry_days: Fact<i64>,
    pub(super) permissions: Fact<Vec<String>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SshKey {
    pub(super) id: Fact<Id>,
    pub(super) label: Fact<String>,
    /// The public key: only its digest is kept.
    pub(super) text: Fact<String>,
    pub(super) fingerprint: Fact<String>,
    pub(super) created_date: Fact<Timestamp>,
    pub(super) last_authenticated: Fact<Timestamp>,
    pub(super) expiry_days: Fact<i64>,
}

/// A key that opens a project or repository.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct AccessKey {
    pub(super) key: Fact<Row<SshKey>>,
    pub(super) permission: Fact<String>,
}

/// How long SSH keys may live. Only an answer that has this field is one about keys.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SshKeyPolicy {
    pub(super) max_expiry_days: Fact<i64>,
}

impl Wire for Properties {}
impl Wire for Licence {}
impl Wire for Account {}
impl Wire for Group {}
impl Wire for Directory {}
impl Wire for Permission {}
impl Wire for Permitted {}
impl Wire for Project {}
impl Wire for Repository {}
impl Wire for Token {
    const NONE_IF_MISSING: &'static [&'static str] = &["expiryDays"];
}
impl Wire for SshKey {
    const NONE_IF_MISSING: &'static [&'static str] = &["expiryDays", "lastAuthenticated"];
}
impl Wire for AccessKey {}
impl Wire for SshKeyPolicy {}
