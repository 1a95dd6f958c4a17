//! What Confluence Cloud sends, in its own words.

use serde::{Deserialize, Serialize};

use crate::model::Fact;
use crate::sources::row::{Id, Timestamp, Wire};

/// An account, in either version of the API: the second tells its status and not what it may do.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct User {
    /// `known`, `anonymous`, …
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) account_id: Fact<String>,
    pub(super) account_type: Fact<String>,
    pub(super) account_status: Fact<String>,
    pub(super) display_name: Fact<String>,
    pub(super) public_name: Fact<String>,
    pub(super) email: Fact<String>,
    pub(super) operations: Fact<Vec<UserOperation>>,
}

/// What an account may do with something, mostly with Confluence as a whole.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UserOperation {
    pub(super) operation: Fact<String>,
    pub(super) target_type: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SystemInfo {
    pub(super) cloud_id: Fact<String>,
    pub(super) base_url: Fact<String>,
    pub(super) site_title: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) id: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) managed_by: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct SpaceRoleMode {
    pub(super) mode: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Space {
    pub(super) id: Fact<Id>,
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) author_id: Fact<String>,
    pub(super) created_at: Fact<Timestamp>,
}

/// One thing that one holder may do in a space.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct SpacePermission {
    pub(super) id: Fact<Id>,
    pub(super) principal: Fact<PermissionPrincipal>,
    pub(super) operation: Fact<Operation>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct PermissionPrincipal {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) id: Fact<Id>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) key: Fact<String>,
    pub(super) target_type: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SpaceRole {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) space_permissions: Fact<Vec<String>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RoleAssignment {
    pub(super) principal: Fact<RolePrincipal>,
    pub(super) role_id: Fact<Id>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RolePrincipal {
    pub(super) principal_type: Fact<String>,
    pub(super) principal_id: Fact<Id>,
}

/// A record of the audit log: that it is there is all that is asked.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct AuditRecord {}

impl Wire for User {}
impl Wire for SystemInfo {}
impl Wire for Group {}
impl Wire for SpaceRoleMode {}
impl Wire for Space {}
impl Wire for SpacePermission {}
impl Wire for SpaceRole {}
impl Wire for RoleAssignment {}
impl Wire for AuditRecord {}
