//! What Jira Cloud sends, in its own words.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::http::{Page, Position};
use crate::model::Fact;
use crate::sources::row::{Id, Row, Wire};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServerInfo {
    pub(super) base_url: Fact<String>,
    pub(super) server_title: Fact<String>,
}

/// An account; a member of a group has fewer of these fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct User {
    pub(super) account_id: Fact<String>,
    pub(super) account_type: Fact<String>,
    pub(super) app_type: Fact<String>,
    pub(super) active: Fact<bool>,
    pub(super) display_name: Fact<String>,
    pub(super) email_address: Fact<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MyPermissions {
    pub(super) permissions: Fact<BTreeMap<String, MyPermission>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MyPermission {
    pub(super) have_permission: Fact<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) group_id: Fact<String>,
    pub(super) name: Fact<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ApplicationRole {
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) number_of_seats: Fact<i64>,
    pub(super) user_count: Fact<i64>,
    pub(super) has_unlimited_seats: Fact<bool>,
    pub(super) group_details: Fact<Vec<GroupName>>,
    pub(super) default_groups_details: Fact<Vec<GroupName>>,
}

/// A group in a list of another answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupName {
    pub(super) group_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct License {
    pub(super) applications: Fact<Vec<LicensedApplication>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LicensedApplication {
    pub(super) id: String,
    #[serde(default)]
    pub(super) plan: Fact<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Project {
    pub(super) id: Fact<Id>,
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) lead: Fact<User>,
    pub(super) style: Fact<String>,
    pub(super) simplified: Fact<bool>,
}

/// The roles of a project: name and address of each.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct RoleLinks(pub(super) BTreeMap<String, Value>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ProjectRole {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) actors: Fact<Vec<RoleActor>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RoleActor {
    pub(super) id: Fact<Id>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) display_name: Fact<String>,
    pub(super) actor_user: Fact<User>,
    pub(super) actor_group: Fact<Group>,
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
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PermissionScheme {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) permissions: Fact<Vec<PermissionGrant>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PermissionGrant {
    pub(super) id: Id,
    pub(super) permission: String,
    #[serde(default)]
    pub(super) holder: Fact<PermissionHolder>,
}

/// Who is meant. Of a group `parameter` is the name and `value` the id.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PermissionHolder {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) parameter: Fact<Id>,
    pub(super) value: Fact<Id>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct BulkPermissionGrants {
    pub(super) global_permissions: Fact<Vec<String>>,
}

impl Wire for ServerInfo {}
impl Wire for User {}
impl Wire for MyPermissions {}
impl Wire for Group {}
impl Wire for ApplicationRole {}
impl Wire for License {}
impl Wire for Project {}
impl Wire for RoleLinks {}
impl Wire for ProjectRole {}
impl Wire for PermissionScheme {}
impl Wire for BulkPermissionGrants {}
