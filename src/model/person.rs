//! Who works here, as the personnel records say. People are no accounts: the two are joined by mail address.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Fact;

/// A person in the roster. The resource's name is theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Mail address, in small letters.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub email: Fact<String>,
    /// Other addresses of theirs, in small letters, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub aliases: Fact<Vec<String>>,
    /// When they leave or left: the first moment at which they are no longer employed; absent if no end is known.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub employed_until: Fact<DateTime<Utc>>,
    /// Mail address of their manager; absent if they have none.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub manager: Fact<String>,
    /// Their team; absent if they are in none.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub team: Fact<String>,
}
