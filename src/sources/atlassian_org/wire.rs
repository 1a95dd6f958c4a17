//! What the admin APIs send, in their own words. No field takes the value of a token, key or client secret.

use serde::{Deserialize, Serialize};

use crate::model::Fact;
use crate::sources::row::{Id, Rows, Timestamp, Wire, id};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Org {
    pub(super) id: Fact<String>,
    pub(super) attributes: Fact<Named>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Named {
    pub(super) name: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Directory {
    pub(super) directory_id: Fact<String>,
    pub(super) name: Fact<String>,
}

/// A row of the user search. What was not asked for with `expand` is missing, which is not the same as empty.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct User {
    pub(super) account_id: Fact<String>,
    pub(super) account_type: Fact<String>,
    pub(super) status: Fact<String>,
    pub(super) account_status: Fact<String>,
    pub(super) membership_status: Fact<String>,
    pub(super) added_to_org: Fact<Timestamp>,
    pub(super) name: Fact<String>,
    pub(super) email: Fact<String>,
    pub(super) claim_status: Fact<String>,
    pub(super) management_source: Fact<String>,
    pub(super) mfa_enabled: Fact<bool>,
    pub(super) platform_roles: Fact<Vec<String>>,
    pub(super) product_access: Fact<Vec<ProductAccess>>,
    pub(super) groups: Fact<Rows<GroupOfUser>>,
    pub(super) job_title: Fact<String>,
    pub(super) deactivated_on: Fact<Timestamp>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ProductAccess {
    pub(super) key: String,
    pub(super) id: Option<String>,
    pub(super) last_active_timestamp: Fact<Timestamp>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct GroupOfUser {
    pub(super) id: Fact<String>,
}

/// A row of the older listing of managed accounts.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ManagedAccount {
    pub(super) account_id: Fact<String>,
    pub(super) account_type: Fact<String>,
    pub(super) account_status: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) email: Fact<String>,
    pub(super) access_billable: Fact<bool>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) id: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) description: Fact<String>,
    pub(super) external_synced: Fact<bool>,
    pub(super) managed_by: Fact<String>,
    pub(super) management_access: Fact<ManagementAccess>,
    pub(super) counts: Fact<Counts>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ManagementAccess {
    pub(super) modifiable: Fact<bool>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Counts {
    pub(super) users: Fact<i64>,
    pub(super) resources: Fact<i64>,
}

/// A role assignment of an account or a group. `roles` is the older form of `roleAssignments`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RoleAssignments {
    pub(super) resource_id: Fact<String>,
    pub(super) roles: Fact<Vec<String>>,
    pub(super) role_assignments: Fact<Vec<RoleAssignment>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleAssignment {
    pub(super) role: String,
    #[serde(default)]
    pub(super) role_assignment_methods: Fact<Vec<String>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Workspace {
    pub(super) id: Fact<String>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) attributes: Fact<WorkspaceAttributes>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WorkspaceAttributes {
    pub(super) name: Fact<String>,
    pub(super) type_key: Fact<String>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) status: Fact<String>,
    pub(super) sandbox: Fact<Sandbox>,
    pub(super) usage: Fact<i64>,
    pub(super) capacity: Fact<i64>,
    pub(super) created_at: Fact<Timestamp>,
    pub(super) host_url: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Sandbox {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Domain {
    pub(super) id: Fact<Id>,
    pub(super) attributes: Fact<DomainAttributes>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct DomainAttributes {
    pub(super) name: Fact<String>,
    pub(super) claim: Fact<Claim>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Claim {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) status: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Policy {
    pub(super) id: Fact<Id>,
    pub(super) attributes: Fact<PolicyAttributes>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct PolicyAttributes {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) status: Fact<String>,
}

/// The authentication policy of an account. Only the mail address is described; the rest goes by the names that
/// neighbouring answers use.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AccountPolicy {
    pub(super) email: Fact<String>,
    pub(super) account_id: Fact<String>,
    pub(super) policy_id: Fact<Id>,
    pub(super) policy_name: Fact<String>,
    pub(super) policy: Fact<NamedPolicy>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct NamedPolicy {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
}

/// What can happen, as the audit log calls it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct EventAction {
    pub(super) id: Fact<String>,
    pub(super) attributes: Fact<EventActionAttributes>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EventActionAttributes {
    pub(super) display_name: Fact<String>,
}

/// An event of the audit log: who acted when, with what, through what and for whom. Address, place and object of the
/// deed are nobody's business here, and dropped while parsing.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Event {
    pub(super) attributes: Fact<EventAttributes>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct EventAttributes {
    pub(super) time: Fact<Timestamp>,
    pub(super) action: Fact<String>,
    pub(super) actor: Fact<Actor>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Actor {
    pub(super) id: Fact<String>,
    /// Kept where the actor is an app and no person.
    pub(super) name: Fact<String>,
    pub(super) auth: Fact<ActorAuth>,
    pub(super) on_behalf_of: Fact<Person>,
    pub(super) app: Fact<ActingApp>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ActorAuth {
    pub(super) auth_type: Fact<String>,
    pub(super) token_id: Fact<Id>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct ActingApp {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) attributes: Fact<Named>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ApiToken {
    pub(super) id: Fact<Id>,
    pub(super) label: Fact<String>,
    pub(super) status: Fact<String>,
    pub(super) created_at: Fact<Timestamp>,
    pub(super) expires_at: Fact<Timestamp>,
    pub(super) last_active_at: Fact<Timestamp>,
    pub(super) user: Fact<Person>,
    pub(super) scopes: Fact<Vec<String>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Person {
    pub(super) id: Fact<String>,
    pub(super) account_id: Fact<String>,
}

impl Person {
    /// The account id, under either name.
    pub(super) fn account(self) -> Option<String> {
        id(self.id).or_else(|| id(self.account_id))
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ApiKey {
    pub(super) id: Fact<Id>,
    pub(super) label: Fact<String>,
    pub(super) created_at: Fact<Timestamp>,
    pub(super) expires_at: Fact<Timestamp>,
    pub(super) last_active_at: Fact<Timestamp>,
    pub(super) created_by: Fact<Person>,
    pub(super) scopes: Fact<Vec<String>>,
}

/// Two ids: `id` addresses the account in this API alone, `atlassianId` is the account id of all other APIs.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceAccount {
    pub(super) atlassian_id: Fact<String>,
    pub(super) id: Fact<String>,
    pub(super) email: Fact<String>,
    pub(super) display_name: Fact<String>,
    pub(super) status: Fact<String>,
    pub(super) created_by_id: Fact<String>,
    pub(super) description: Fact<String>,
}

/// Nobody has described this row: each fact under the names that its neighbours use.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceAccountToken {
    pub(super) id: Fact<Id>,
    pub(super) token_id: Fact<Id>,
    pub(super) label: Fact<String>,
    pub(super) token_label: Fact<String>,
    pub(super) status: Fact<String>,
    pub(super) created_at: Fact<Timestamp>,
    pub(super) expires_at: Fact<Timestamp>,
    pub(super) expiry: Fact<Timestamp>,
    pub(super) last_active_at: Fact<Timestamp>,
    pub(super) last_access: Fact<Timestamp>,
    pub(super) scopes: Fact<Vec<String>>,
    pub(super) service_account_id: Fact<String>,
    pub(super) user: Fact<Person>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OauthClient {
    pub(super) client_id: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) created_at: Fact<Timestamp>,
    pub(super) status: Fact<String>,
    pub(super) scopes: Fact<Vec<String>>,
    pub(super) service_account_id: Fact<String>,
}

impl Wire for Org {}
impl Wire for User {}
impl Wire for GroupOfUser {}
impl Wire for Directory {}
impl Wire for ManagedAccount {}
impl Wire for Group {}
impl Wire for RoleAssignments {}
impl Wire for Workspace {}
impl Wire for Domain {}
impl Wire for Policy {}
impl Wire for AccountPolicy {}
impl Wire for EventAction {}
impl Wire for Event {}
impl Wire for ServiceAccount {}
impl Wire for ServiceAccountToken {}
impl Wire for OauthClient {}

impl Wire for ApiToken {
    const NONE_IF_MISSING: &'static [&'static str] = &["expiresAt", "lastActiveAt"];
}

impl Wire for ApiKey {
    const NONE_IF_MISSING: &'static [&'static str] = &["expiresAt", "lastActiveAt", "scopes"];
}
