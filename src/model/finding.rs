//! A failed verdict with a history: open, waived, resolved.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ControlId, FindingId, ResourceId, RuleId, Severity, Sighting, WaiverId};

/// How a finding stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Somebody has to look at it.
    Open,
    /// Accepted until a day; by which waiver.
    Waived(WaiverId),
    /// Over; why.
    Resolved(Resolution),
}

impl Status {
    /// The words used in reports.
    pub const NAMES: [&'static str; 3] = ["open", "waived", "resolved"];

    /// The word used in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waived(_) => "waived",
            Self::Resolved(_) => "resolved",
        }
    }
}

/// Why a finding is over. Each of these was seen, none is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// The rule holds for the resource, or does not speak of it any more.
    Fixed,
    /// The resource is gone, and every endpoint that showed it was read whole.
    ResourceGone,
    /// The credential was replaced by a new one.
    Rotated,
    /// The rule was retired, or switched off.
    RuleRetired,
    /// The change was accepted with a baseline.
    AcceptedInBaseline,
}

impl Resolution {
    /// In words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::ResourceGone => "gone",
            Self::Rotated => "rotated",
            Self::RuleRetired => "rule retired or switched off",
            Self::AcceptedInBaseline => "accepted with a baseline",
        }
    }
}

/// Since when and why a finding could not be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unconfirmed {
    /// The first scan that could not tell.
    pub since: DateTime<Utc>,
    /// Why it could not.
    pub reason: String,
}

/// A failed verdict with a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// From rule and resource.
    pub id: FindingId,
    /// The rule.
    pub rule: RuleId,
    /// The version of the rule that spoke last.
    pub rule_version: u32,
    /// The rule's title.
    pub title: String,
    /// The resource.
    pub resource: ResourceId,
    /// The resource's name when it was last seen.
    pub resource_name: String,
    /// The endpoints that showed the resource when they were last read whole: while one of them is not,
    /// nobody can say that the resource is gone.
    pub seen_by: Vec<Sighting>,
    /// How bad.
    pub severity: Severity,
    /// One sentence about this resource.
    pub message: String,
    /// What to do first: the first line of the rule's remedy.
    pub remedy: String,
    /// Whose it is, in words, where that is known: the owner of a credential, the holder of a grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The controls that the rule serves.
    pub controls: Vec<ControlId>,
    /// Open, waived or resolved.
    pub status: Status,
    /// The scan that found it first.
    pub first_seen: DateTime<Utc>,
    /// The scan since which it stands as it does now: opened, reopened, waived or resolved.
    pub since: DateTime<Utc>,
    /// The last scan that confirmed it.
    pub last_seen: DateTime<Utc>,
    /// Set while it cannot be looked at: it stays as it is, and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<Unconfirmed>,
}

impl Finding {
    /// Makes it as if no waiver had been written: what is waived is open. Gives back the waiver that covers it.
    pub fn set_waiver_aside(&mut self) -> Option<WaiverId> {
        let Status::Waived(waiver) = &self.status else { return None };
        let waiver = waiver.clone();
        self.status = Status::Open;
        Some(waiver)
    }
}

/// One kind of step in a finding's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Found for the first time.
    Opened,
    /// Found again after it was resolved.
    Reopened,
    /// Found with a higher severity than before.
    Worsened,
    /// Over.
    Resolved,
    /// A waiver covers it.
    Waived,
    /// The waiver that covered it ran out, was withdrawn, or does not fit any more.
    WaiverEnded,
}

impl Step {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Worsened => "worsened",
            Self::Resolved => "resolved",
            Self::Waived => "waived",
            Self::WaiverEnded => "waiver-ended",
        }
    }

    /// True if it asks somebody to do something.
    #[must_use]
    pub fn calls(self) -> bool {
        match self {
            Self::Opened | Self::Reopened | Self::Worsened | Self::WaiverEnded => true,
            Self::Resolved | Self::Waived => false,
        }
    }
}

/// One step in a finding's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The finding.
    pub finding: FindingId,
    /// What happened.
    pub step: Step,
    /// When: the time of the scan.
    pub at: DateTime<Utc>,
    /// The severity at that time.
    pub severity: Severity,
    /// In a few words: “medium → high”, “gone”, “waiver W-14 ended on 2026-11-21”. May be empty.
    pub note: String,
}

impl Transition {
    /// The steps that a finding took in one scan, as if no waiver had been written: what was waived as soon as it was found,
    /// is new.
    pub fn set_waivers_aside(steps: &mut Vec<Self>, first_seen: Option<DateTime<Utc>>) {
        let came_up = steps.iter().any(Self::is_coming_up);
        steps.retain_mut(|step| step.set_waiver_aside(first_seen, came_up));
    }

    /// True if the finding came up with it.
    pub(super) fn is_coming_up(&self) -> bool {
        matches!(self.step, Step::Opened | Step::Reopened)
    }

    /// The same of one step of a finding that came up in the scan or did not; false if it would not have been taken.
    pub(super) fn set_waiver_aside(&mut self, first_seen: Option<DateTime<Utc>>, came_up: bool) -> bool {
        match self.step {
            Step::WaiverEnded => false,
            Step::Waived => {
                self.step = Step::Opened;
                self.note.clear();
                first_seen == Some(self.at) && !came_up
            }
            Step::Opened | Step::Reopened | Step::Worsened | Step::Resolved => true,
        }
    }
}
