//! What people say there should be: an integration in the register, and what its system is known by.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Fact;

/// An integration, as the register declares it. Where a file says nothing, the profile of its system does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// The system, by the name of its profile, such as `jira-align`; absent if none was named.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub system: Fact<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub purpose: Fact<String>,
    /// `production`, `sandbox`, or the register's own word; absent if none was named.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub environment: Fact<String>,
    /// Mail address of the person answerable for it; absent if nobody was named.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub owner_email: Fact<String>,
    /// The team answerable for it; absent if none was named.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub team: Fact<String>,
    /// The accounts it runs on, as the register names them, sorted by name; absent if none was named.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub accounts: Fact<Vec<DeclaredAccount>>,
    /// Keys of the projects, spaces and repositories it works in, sorted: `PAY`, or with its sort `space:DOCS`; absent if
    /// it was not limited to any.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub containers: Fact<Vec<String>>,
    /// Permissions it needs in each of these, such as `EDIT_ISSUES`, sorted; absent if none was named.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub permissions: Fact<Vec<String>>,
    /// Forms of credential it may use, sorted; absent if any may be used.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub credential_forms: Fact<Vec<String>>,
    /// For how many days a credential of it may live; absent if that was not limited.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub longest_days: Fact<i64>,
    /// Hosts its webhooks may go to, sorted, with `*` for any run of characters; absent if none was named.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub webhook_hosts: Fact<Vec<String>>,
    /// Whom to ask at the vendor; absent if nobody was named.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub vendor_contact: Fact<String>,
    /// When somebody has to look at it again; absent if never.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub review_at: Fact<DateTime<Utc>>,
    /// What its system is known by; absent where no profile is named.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub fingerprints: Fact<Fingerprints>,
}

/// An account as the register names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeclaredAccount {
    /// Its mail address, its user name or its displayed name.
    pub name: String,
    /// Its id, in keyroll's form or the product's, where the register gives one: it stays when the name changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The source that shows it, where the same name may be in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What a system is known by: lower-case patterns with `*` for any run of characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// User names and displayed names of its accounts.
    pub names: Vec<String>,
    /// Domains of their mail addresses.
    pub mail_domains: Vec<String>,
    /// Labels of its tokens.
    pub labels: Vec<String>,
    /// Hosts of its webhooks, redirects and links.
    pub hosts: Vec<String>,
    /// Keys of its apps.
    pub app_keys: Vec<String>,
}

/// A known system: what it is known by, and what it needs when it is set up as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name that registers use: `jira-align`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What it is known by.
    pub fingerprints: Fingerprints,
    /// Permissions it needs in each project it works in, sorted.
    pub permissions: Vec<String>,
    /// Forms of credential it should use, sorted.
    pub credential_forms: Vec<String>,
    /// Hosts that its webhooks go to, sorted.
    pub webhook_hosts: Vec<String>,
    /// For how many days a credential of it may live, if it says so.
    pub longest_days: Option<i64>,
    /// What one should know before one declares it.
    pub note: String,
}
