//! What a self-hosted Jira sends, in its own words. Secrets have no field: a licence's text, a webhook's password, the
//! values of settings that nobody asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::http::{Page, Position};
use crate::model::Fact;
use crate::sources::row::{Anything, Id, Row, Rows, Text, Timestamp, Wire};
use crate::sources::webhook_url::{PlainName, WebhookUrl};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServerInfo {
    pub(super) base_url: Fact<String>,
    pub(super) version: Fact<String>,
    pub(super) deployment_type: Fact<String>,
    pub(super) server_title: Fact<String>,
}

/// A user, from any listing.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct User {
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) email_address: Fact<String>,
    pub(super) display_name: Fact<String>,
    pub(super) active: Fact<bool>,
    pub(super) deleted: Fact<bool>,
    pub(super) last_login_time: Fact<Timestamp>,
}

/// A page of the listing of all users.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserPage {
    values: Vec<Row<User>>,
    #[serde(default)]
    is_last: Option<bool>,
    #[serde(default)]
    next_cursor: Option<Id>,
}

impl Page for UserPage {
    type Row = Row<User>;

    fn position(&self) -> Position {
        Position { next: self.next_cursor.clone().map(String::from), is_last: self.is_last, total: None }
    }

    fn into_rows(self) -> Vec<Row<User>> {
        self.values
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct MyPermissions {
    pub(super) permissions: Fact<BTreeMap<String, MyPermission>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MyPermission {
    pub(super) have_permission: Fact<bool>,
}

/// Users who are in more than one directory: by name, how they stand in each.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Duplicates(pub(super) BTreeMap<String, Rows<Duplicate>>);

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Duplicate {
    pub(super) active: Fact<bool>,
}

/// The envelope of the group picker.
#[derive(Debug, Deserialize)]
pub(super) struct PickedGroups {
    groups: Vec<Row<Group>>,
    #[serde(default)]
    total: Option<u64>,
}

impl Page for PickedGroups {
    type Row = Row<Group>;

    fn position(&self) -> Position {
        Position { next: None, is_last: None, total: self.total }
    }

    fn into_rows(self) -> Vec<Row<Group>> {
        self.groups
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Group {
    pub(super) name: Fact<String>,
    pub(super) labels: Fact<Rows<Label>>,
}

/// What the picker says about a group: `ADMIN`, or that it gives one (`SINGLE`) or more (`MULTIPLE`) applications.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Label {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ApplicationRole {
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) groups: Fact<Vec<String>>,
    pub(super) default_groups: Fact<Vec<String>>,
    pub(super) number_of_seats: Fact<i64>,
    pub(super) user_count: Fact<i64>,
    pub(super) has_unlimited_seats: Fact<bool>,
}

/// The licence of an application, without its text and without whose it is.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct License {
    pub(super) valid: Fact<bool>,
    pub(super) evaluation: Fact<bool>,
    pub(super) expired: Fact<bool>,
    pub(super) maximum_number_of_users: Fact<i64>,
    pub(super) license_type: Fact<String>,
    pub(super) expiry_date: Fact<Timestamp>,
    pub(super) subscription: Fact<bool>,
    pub(super) data_center: Fact<bool>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Node {
    pub(super) state: Fact<String>,
    pub(super) node_version: Fact<String>,
}

/// A property of the instance. Its value is kept only of the one that is asked for: others hold paths and hosts.
#[derive(Debug, Default, Serialize)]
pub(super) struct Property {
    /// The value of `jira.mode`: `public` or `private`.
    pub(super) public_signup: Option<String>,
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return Deserialize::deserialize(from).map(|public_signup| Self { public_signup });
        }
        let told = Value::deserialize(from)?;
        let key = told["key"].as_str().or(told["id"].as_str());
        let value = told["value"].as_str().filter(|_| key == Some("jira.mode"));
        Ok(Self { public_signup: value.map(str::to_ascii_lowercase) })
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Project {
    pub(super) id: Fact<Id>,
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) lead: Fact<User>,
    pub(super) project_type_key: Fact<String>,
    pub(super) archived: Fact<bool>,
}

/// The roles of a project: name and address of each.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct RoleLinks(pub(super) BTreeMap<String, Text>);

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ProjectRole {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) actors: Fact<Rows<RoleActor>>,
}

/// Who is in a role: `name` is a user's or a group's name, as `type` says.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RoleActor {
    pub(super) id: Fact<Id>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) display_name: Fact<String>,
}

/// The envelope of the permission schemes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionSchemes {
    permission_schemes: Vec<Row<PermissionScheme>>,
}

impl Page for PermissionSchemes {
    type Row = Row<PermissionScheme>;

    fn position(&self) -> Position {
        Position::default()
    }

    fn into_rows(self) -> Vec<Row<PermissionScheme>> {
        self.permission_schemes
    }
}

/// A permission scheme; its grants are there if they were asked for with `expand`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct PermissionScheme {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) permissions: Fact<Rows<PermissionGrant>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct PermissionGrant {
    pub(super) id: Fact<Id>,
    pub(super) permission: Fact<String>,
    pub(super) holder: Fact<PermissionHolder>,
}

/// Who is meant. Of a user `parameter` is the key or the name, and `user` tells both.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct PermissionHolder {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) parameter: Fact<Id>,
    pub(super) user: Fact<User>,
}

/// Webhooks: a bare list up to Jira 9; since then nobody has described whether a list or a page comes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Webhooks {
    Bare(Vec<Row<Webhook>>),
    Paged {
        #[serde(alias = "results", alias = "webhooks")]
        values: Vec<Row<Webhook>>,
        #[serde(default, rename = "isLastPage", alias = "lastPage", alias = "isLast")]
        is_last: Option<bool>,
    },
}

impl Page for Webhooks {
    type Row = Row<Webhook>;

    fn position(&self) -> Position {
        let is_last = match self {
            Self::Bare(_) => Some(true),
            Self::Paged { is_last, .. } => Some(is_last.unwrap_or(true)),
        };
        Position { next: None, is_last, total: None }
    }

    fn into_rows(self) -> Vec<Row<Webhook>> {
        match self {
            Self::Bare(rows) | Self::Paged { values: rows, .. } => rows,
        }
    }
}

/// A webhook that an administrator made, as either place tells of it. Its address is cut while it is read.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Webhook {
    pub(super) id: Fact<Id>,
    #[serde(rename = "self")]
    pub(super) link: Fact<String>,
    pub(super) name: Fact<PlainName>,
    pub(super) url: Fact<WebhookUrl>,
    pub(super) events: Fact<Vec<String>>,
    #[serde(alias = "active")]
    pub(super) enabled: Fact<bool>,
    pub(super) ssl_verification_required: Fact<bool>,
    pub(super) configuration: Fact<Configuration>,
    pub(super) last_updated_user: Fact<String>,
    #[serde(alias = "updatedDate")]
    pub(super) last_updated: Fact<Timestamp>,
    pub(super) created_date: Fact<Timestamp>,
}

/// How a webhook proves itself: that there is a secret, and nothing of it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Configuration {
    pub(super) secret: Fact<Anything>,
}

impl Wire for ServerInfo {}
impl Wire for User {}
impl Wire for MyPermissions {}
impl Wire for Duplicates {}
impl Wire for Duplicate {}
impl Wire for Group {}
impl Wire for Label {}
impl Wire for ApplicationRole {}
impl Wire for License {}
impl Wire for Node {}
impl Wire for Property {}
impl Wire for Project {}
impl Wire for RoleLinks {}
impl Wire for ProjectRole {}
impl Wire for RoleActor {}
impl Wire for PermissionScheme {}
impl Wire for PermissionGrant {}
impl Wire for Webhook {}

/// Properties of the instance: a list, or the one that was asked for by its key.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Properties {
    List(Vec<Row<Property>>),
    One(Row<Property>),
}

impl Page for Properties {
    type Row = Row<Property>;

    fn position(&self) -> Position {
        Position::default()
    }

    fn into_rows(self) -> Vec<Row<Property>> {
        match self {
            Self::List(rows) => rows,
            Self::One(row) => vec![row],
        }
    }
}
