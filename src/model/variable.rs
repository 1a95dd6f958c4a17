//! A variable of build pipelines. Its value is never part of the model: there is no field for it.

use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId};

/// How far a variable reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VariableLevel {
    /// Every pipeline of the workspace.
    Workspace,
    /// Every pipeline of one repository.
    Repository,
    /// Deployments of one repository to one environment.
    Deployment,
}

impl VariableLevel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Workspace, Self::Repository, Self::Deployment];

    /// The word used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Repository => "repository",
            Self::Deployment => "deployment",
        }
    }
}

/// A pipeline variable: what it is called, and whether its value is hidden. The name is the resource's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Workspace, repository or deployment.
    pub level: VariableLevel,
    /// The workspace or repository that has it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub container: Fact<ResourceId>,
    /// The deployment environment; absent on the other levels.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub environment: Fact<String>,
    /// True if the value is hidden from people and masked in logs. Pipelines can use it all the same.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub secured: Fact<bool>,
    /// True if only administrators of the repository may run the deployments that can use it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub admin_only: Fact<bool>,
}
