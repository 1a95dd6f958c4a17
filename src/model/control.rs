//! Requirements in the catalogues of control frameworks.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A control of a framework, as `framework:id`: `soc2:CC6.1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ControlId(Arc<str>);

impl ControlId {
    /// A control from its written form; `None` without a framework before the colon and an id behind it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (framework, id) = text.split_once(':')?;
        (!framework.is_empty() && !id.is_empty()).then(|| Self(text.into()))
    }

    /// The framework's short name.
    #[must_use]
    pub fn framework(&self) -> &str {
        self.0.split(':').next().unwrap_or("")
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
