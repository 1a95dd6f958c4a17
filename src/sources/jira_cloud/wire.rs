//! What Jira Cloud sends, in its own words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::http::{Page, Position};
use crate::model::Fact;
use crate::sources::row::{Id, Row, Rows, Text, Timestamp, Wire};
use crate::sources::webhook_url::{PlainName, WebhookUrl};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServerInfo {
    pub(super) base_url: Fact<String>,
    pub(super) server_title: Fact<String>,
}

/// An account; a member of a group has fewer of these fields.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct User {
    pub(super) account_id: Fact<String>,
    pub(super) account_type: Fact<String>,
    pub(super) app_type: Fact<String>,
    pub(super) active: Fact<bool>,
    pub(super) display_name: Fact<String>,
    pub(super) email_address: Fact<String>,
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

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) group_id: Fact<String>,
    pub(super) name: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ApplicationRole {
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) number_of_seats: Fact<i64>,
    pub(super) user_count: Fact<i64>,
    pub(super) has_unlimited_seats: Fact<bool>,
    pub(super) group_details: Fact<Rows<Group>>,
    pub(super) default_groups_details: Fact<Rows<Group>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct License {
    pub(super) applications: Fact<Rows<LicensedApplication>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct LicensedApplication {
    pub(super) id: Fact<Id>,
    pub(super) plan: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Project {
    pub(super) id: Fact<Id>,
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) lead: Fact<User>,
    pub(super) style: Fact<String>,
    pub(super) simplified: Fact<bool>,
    pub(super) project_type_key: Fact<String>,
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
    pub(super) scope: Fact<Scope>,
}

/// Where a role or a scheme is used, if not everywhere: `PROJECT` is one team-managed project.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Scope {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
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
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct PermissionScheme {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) permissions: Fact<Rows<PermissionGrant>>,
    pub(super) scope: Fact<Scope>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct PermissionGrant {
    pub(super) id: Fact<Id>,
    pub(super) permission: Fact<String>,
    pub(super) holder: Fact<PermissionHolder>,
}

/// Who is meant. Of a group `parameter` is the name and `value` the id.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct PermissionHolder {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) parameter: Fact<Id>,
    pub(super) value: Fact<Id>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct BulkPermissionGrants {
    pub(super) global_permissions: Fact<Vec<String>>,
}

/// A filter or a dashboard: with whom its owner shares it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SharedItem {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) owner: Fact<User>,
    #[serde(alias = "view")]
    pub(super) view_url: Fact<String>,
    pub(super) share_permissions: Fact<Rows<Share>>,
    pub(super) edit_permissions: Fact<Rows<Share>>,
}

/// One share: of group, user, project and role those that its type names.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Share {
    pub(super) id: Fact<Id>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) group: Fact<Group>,
    pub(super) user: Fact<User>,
    pub(super) project: Fact<Project>,
    pub(super) role: Fact<ProjectRole>,
}

/// A webhook that an administrator made. Its address is cut while it is read.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Webhook {
    pub(super) id: Fact<Id>,
    #[serde(rename = "self")]
    pub(super) link: Fact<String>,
    pub(super) name: Fact<PlainName>,
    pub(super) url: Fact<WebhookUrl>,
    pub(super) events: Fact<Vec<String>>,
    pub(super) enabled: Fact<bool>,
    pub(super) is_signed: Fact<bool>,
    pub(super) last_updated_user: Fact<String>,
    pub(super) last_updated: Fact<Timestamp>,
}

/// The envelope of the app manager.
#[derive(Debug, Deserialize)]
pub(super) struct Plugins {
    plugins: Vec<Row<Plugin>>,
}

impl Page for Plugins {
    type Row = Row<Plugin>;

    fn position(&self) -> Position {
        Position::default()
    }

    fn into_rows(self) -> Vec<Row<Plugin>> {
        self.plugins
    }
}

/// An app as its manager lists it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Plugin {
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) version: Fact<String>,
    pub(super) enabled: Fact<bool>,
    pub(super) user_installed: Fact<bool>,
    pub(super) vendor: Fact<Vendor>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Vendor {
    pub(super) name: Fact<String>,
}

/// The envelope of the audit records.
#[derive(Debug, Deserialize)]
pub(super) struct AuditRecords {
    records: Vec<Row<AuditRecord>>,
    #[serde(default)]
    total: Option<u64>,
}

impl Page for AuditRecords {
    type Row = Row<AuditRecord>;

    fn position(&self) -> Position {
        Position { next: None, is_last: None, total: self.total }
    }

    fn into_rows(self) -> Vec<Row<AuditRecord>> {
        self.records
    }
}

/// A record of the audit log: that it is there is all that is asked.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct AuditRecord {}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceDesk {
    pub(super) id: Fact<Id>,
    pub(super) project_id: Fact<Id>,
    pub(super) project_name: Fact<String>,
    pub(super) project_key: Fact<String>,
}

impl Wire for ServerInfo {}
impl Wire for User {}
impl Wire for MyPermissions {}
impl Wire for Group {}
impl Wire for ApplicationRole {}
impl Wire for License {}
impl Wire for LicensedApplication {}
impl Wire for Project {}
impl Wire for RoleLinks {}
impl Wire for ProjectRole {}
impl Wire for RoleActor {}
impl Wire for PermissionScheme {}
impl Wire for PermissionGrant {}
impl Wire for BulkPermissionGrants {}
impl Wire for SharedItem {}
impl Wire for Share {}
impl Wire for Webhook {}
impl Wire for Plugin {}
impl Wire for AuditRecord {}
impl Wire for ServiceDesk {}
