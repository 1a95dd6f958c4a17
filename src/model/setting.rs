//! One switch or value that holds for a whole tenant.

use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId};

/// A setting, such as the state of a claimed mail domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// What is set: `domain`, `policy`, `space-role-mode`, `basic-auth`.
    pub key: String,
    /// Its value: for a domain `verified`, `unverified`, for a policy `enabled`, or the source's own word.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub value: Fact<String>,
    /// What belongs to it: for a domain the way it was claimed, for a policy its type.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub detail: Fact<String>,
    /// Where it holds, if that is less than the whole tenant.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub container: Fact<ResourceId>,
    /// What it does not hold for, sorted: of a ban on basic authentication the users and paths that are let through.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub exceptions: Fact<Vec<String>>,
}

impl Setting {
    /// A setting of which nothing but its key is known.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            value: Fact::Unknown,
            detail: Fact::Unknown,
            container: Fact::Unknown,
            exceptions: Fact::Unknown,
        }
    }
}
