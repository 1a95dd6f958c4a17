//! A rule of a product's automation: it acts by itself, as some account.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId, moment};

/// An automation rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automation {
    /// The site it runs on.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub container: Fact<ResourceId>,
    /// `enabled`, `disabled`, or the source's own word.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub status: Fact<String>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub author: Fact<ResourceId>,
    /// The account it acts as.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub actor: Fact<ResourceId>,
    /// The projects or spaces it is limited to, as the source names them, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub limited_to: Fact<Vec<String>>,
    /// What somebody wrote about it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub description: Fact<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub created_at: Fact<DateTime<Utc>>,
    /// When it was changed last.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub changed_at: Fact<DateTime<Utc>>,
}
