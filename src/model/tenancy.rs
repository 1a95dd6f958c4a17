//! How a tenant of a fleet stands.

use chrono::{DateTime, Utc};

use super::{FindingCounts, SnapshotHead};

/// One tenant of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    /// The tenant's name.
    pub tenant: String,
    /// How it stands, or why nobody can say.
    pub status: Result<TenantStatus, String>,
}

/// What the store of a tenant says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantStatus {
    /// The estate's name.
    pub estate: String,
    /// The latest scan; `None` if there was none.
    pub latest: Option<SnapshotHead>,
    /// The latest that left nothing unseen but what was declared.
    pub complete: Option<SnapshotHead>,
    /// Endpoints that the latest scan did not read whole and nobody declared.
    pub gaps: usize,
    /// Those that were declared.
    pub declared: usize,
    /// The findings, as they stand after the latest scan.
    pub findings: FindingCounts,
    /// How many schedules it has; without any, nobody can say that a scan is overdue.
    pub schedules: usize,
    /// What should have happened and did not.
    pub overdue: Vec<Overdue>,
}

/// What should have happened and did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// The schedule; `Run::BY_HAND` for a scan that somebody began.
    pub schedule: String,
    /// What is amiss.
    pub what: Delay,
}

/// Why a scan is overdue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delay {
    /// Nothing has ever looked at the schedule.
    NeverBegun,
    /// The scan for this moment did not begin.
    NotBegun(DateTime<Utc>),
    /// The scan for the first moment began at the second, and has not ended.
    NotEnded(DateTime<Utc>, DateTime<Utc>),
    /// The scan for this moment stored nothing, for this reason, and none made up for it.
    Failed(DateTime<Utc>, String),
}

/// A tenant in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TenantState {
    /// Nobody can say how it stands.
    Unknown,
    /// There is no scan.
    NeverScanned,
    /// A scan should have been made by now.
    Overdue,
    /// The latest scan left something unseen.
    Incomplete,
    /// The latest scan saw everything but what was declared, and none is overdue.
    Complete,
}

impl TenantState {
    /// All of them, the worst first.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::NeverScanned, Self::Overdue, Self::Incomplete, Self::Complete];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NeverScanned => "never scanned",
            Self::Overdue => "overdue",
            Self::Incomplete => "incomplete",
            Self::Complete => "complete",
        }
    }
}

impl Tenancy {
    /// The tenant in a word.
    #[must_use]
    pub fn state(&self) -> TenantState {
        match &self.status {
            Err(_) => TenantState::Unknown,
            Ok(TenantStatus { latest: None, .. }) => TenantState::NeverScanned,
            Ok(TenantStatus { overdue, .. }) if !overdue.is_empty() => TenantState::Overdue,
            Ok(TenantStatus { latest: Some(latest), .. }) if latest.complete => TenantState::Complete,
            Ok(_) => TenantState::Incomplete,
        }
    }
}
