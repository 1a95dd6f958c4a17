//! One switch or value that holds for a whole tenant.

use serde::{Deserialize, Serialize};

use super::Fact;

/// A setting, such as the state of a claimed mail domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// What is set: `domain`, `policy`, `space-role-mode`.
    pub key: String,
    /// Its value: for a domain `verified`, `unverified`, for a policy `enabled`, or the source's own word.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub value: Fact<String>,
    /// What belongs to it: for a domain the way it was claimed, for a policy its type.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub detail: Fact<String>,
}
