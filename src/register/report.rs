//! What a comparison says: the differences, and the questions that stay open.

use serde::Serialize;

/// In which way what was found is not what was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// An account that an integration runs on is not there.
    MissingAccount,
    /// It is there under another name.
    RenamedAccount,
    /// Its name is that of several accounts of one product.
    AmbiguousAccount,
    /// It may not log in any more.
    InactiveAccount,
    /// Several integrations run on it.
    SharedAccount,
    /// A credential of a form that the integration may not use.
    FormNotAllowed,
    /// A credential that lives longer than the integration's may, or for ever.
    LivesTooLong,
    /// A permission in a place that the integration works in, and does not need.
    PermissionNotNeeded,
    /// A permission that it needs there and has not.
    PermissionMissing,
    /// A permission in a place where it is not declared to work.
    OutsideContainers,
    /// A whole product that it administers and does not need to.
    AdministersProduct,
    /// A project, space or repository that it is declared to work in is not there.
    MissingContainer,
    /// A webhook to a host that no integration names.
    HostNotDeclared,
    /// A system that no integration stands for, or one more account of a system that some do.
    Undeclared,
    /// An account for machines that no integration runs on, of no system that has a profile.
    UndeclaredMachine,
}

impl What {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingAccount => "missing-account",
            Self::RenamedAccount => "renamed-account",
            Self::AmbiguousAccount => "ambiguous-account",
            Self::InactiveAccount => "inactive-account",
            Self::SharedAccount => "shared-account",
            Self::FormNotAllowed => "form-not-allowed",
            Self::LivesTooLong => "lives-too-long",
            Self::PermissionNotNeeded => "permission-not-needed",
            Self::PermissionMissing => "permission-missing",
            Self::OutsideContainers => "outside-containers",
            Self::AdministersProduct => "administers-product",
            Self::MissingContainer => "missing-container",
            Self::HostNotDeclared => "host-not-declared",
            Self::Undeclared => "undeclared",
            Self::UndeclaredMachine => "undeclared-machine",
        }
    }
}

/// One thing that is not as it was declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// In which way.
    pub what: What,
    /// The integrations it is about, by their ids in the register, sorted; none if nothing was declared.
    pub integrations: Vec<String>,
    /// The system that was recognised, by its profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The resources it is about, by id, sorted.
    pub resources: Vec<String>,
    /// One sentence.
    pub message: String,
    /// What it was recognised by, one line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// How sure one may be that it is that system, from 0 to 1 in hundredths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

/// A question that the scan does not answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Open {
    /// What cannot be told.
    pub question: String,
    /// The integrations it is about, by their ids in the register, sorted; none if it is about what nobody declared.
    pub integrations: Vec<String>,
    /// Why: the endpoints that were not read whole, each with its reason, or what was not told.
    pub because: Vec<String>,
    /// True if every gap behind it was accepted in the configuration with a reason.
    pub accepted: bool,
}

/// The register compared with a scan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How many integrations are declared.
    pub declared: usize,
    /// What is not as declared, sorted.
    pub differences: Vec<Difference>,
    /// What cannot be told, sorted.
    pub open: Vec<Open>,
}

impl Report {
    /// True if there is a question that nobody accepted to leave open.
    #[must_use]
    pub fn leaves_questions(&self) -> bool {
        self.open.iter().any(|open| !open.accepted)
    }
}
