//! What is installed in a product, linked to it, or acts in it through OAuth.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId, moment};

/// What sort of app it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppForm {
    /// An app that is installed in a product, as the product's app manager lists it.
    InstalledApp,
    /// An app that was seen acting in the audit log: nothing lists OAuth grants, so these are the only traces.
    ActingApp,
    /// An application link of a self-hosted product: standing trust between it and another system.
    ApplicationLink,
}

impl AppForm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::InstalledApp, Self::ActingApp, Self::ApplicationLink];

    /// The word used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InstalledApp => "installed-app",
            Self::ActingApp => "acting-app",
            Self::ApplicationLink => "application-link",
        }
    }
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Installed, seen acting, or linked.
    pub form: AppForm,
    /// Where it is installed.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub container: Fact<ResourceId>,
    /// Its key, such as `is.origo.jira.tempo-plugin`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub key: Fact<String>,
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub vendor: Fact<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub version: Fact<String>,
    /// True if it is switched on.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub enabled: Fact<bool>,
    /// True if somebody installed it; false if it came with the product.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub user_installed: Fact<bool>,
    /// The accounts on whose behalf it was seen acting, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub acts_for: Fact<Vec<ResourceId>>,
    /// How it proved itself when it was seen last, such as `auth-token-for-3LO`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub auth_type: Fact<String>,
    /// When it was last seen acting.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub last_used_at: Fact<DateTime<Utc>>,
    /// Scheme and host of the other end of a link.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub address: Fact<String>,
    /// How each end of a link lets the other in, sorted: `incoming` or `outgoing`, a dash, and `three-legged`,
    /// `two-legged`, `impersonation`, `basic` or `trusted`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub access: Fact<Vec<String>>,
    /// True if the other end of a link answers.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub working: Fact<bool>,
}

impl App {
    /// An app of which nothing but its form is known.
    #[must_use]
    pub fn unknown(form: AppForm) -> Self {
        Self {
            form,
            container: Fact::Unknown,
            key: Fact::Unknown,
            vendor: Fact::Unknown,
            version: Fact::Unknown,
            enabled: Fact::Unknown,
            user_installed: Fact::Unknown,
            acts_for: Fact::Unknown,
            auth_type: Fact::Unknown,
            last_used_at: Fact::Unknown,
            address: Fact::Unknown,
            access: Fact::Unknown,
            working: Fact::Unknown,
        }
    }
}
