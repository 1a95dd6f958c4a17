//! A dated, reasoned, signed-off decision to accept a finding until a day.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{RuleId, WaiverId};

/// A decision to accept findings of a rule on some resources until a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Its id in the file.
    pub id: WaiverId,
    /// The rule whose findings are accepted.
    pub rule: RuleId,
    /// The resources: an id, or a pattern in which `*` stands for any characters.
    pub resource: String,
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it.
    pub approver: String,
    /// Where that was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The last day on which it holds (UTC).
    pub until: NaiveDate,
}

/// How a waiver stands on the day of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// It covers at least one finding.
    InForce,
    /// It covers something and ends within the warning period.
    Expiring,
    /// Its last day is over.
    Expired,
    /// It covers nothing.
    Unused,
}

impl WaiverState {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Unused => "unused",
        }
    }
}

/// A waiver and what it did in one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverUse {
    /// The waiver.
    pub waiver: Waiver,
    /// How it stands.
    pub state: WaiverState,
    /// Findings it covers, or would cover had it not expired.
    pub covers: usize,
}
