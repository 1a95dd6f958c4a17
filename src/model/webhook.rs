//! A message that a product sends to another host when something happens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId, moment};

/// A webhook. Of its address only scheme and host are kept: path and query often are the secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The site, workspace or repository that sends.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub container: Fact<ResourceId>,
    /// Scheme and host it sends to: `https://hooks.example.com`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub address: Fact<String>,
    /// True if the address carries a user's password or a parameter that reads like a secret.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub secret_in_url: Fact<bool>,
    /// True if messages are signed with a shared secret.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub signed: Fact<bool>,
    /// True if the certificate of the host is checked.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub verifies_certificate: Fact<bool>,
    /// True if it is switched on.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub enabled: Fact<bool>,
    /// What it is sent for, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub events: Fact<Vec<String>>,
    /// Who changed it last.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub changed_by: Fact<ResourceId>,
    /// When it was changed last.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub changed_at: Fact<DateTime<Utc>>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub created_at: Fact<DateTime<Utc>>,
}
