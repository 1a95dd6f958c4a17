//! All that happened to one resource or one finding, in the order of scans.

use chrono::{DateTime, Utc};

use super::{Acknowledgement, Change, Finding, Flapping, ResourceId, SnapshotId, Transition};

/// The history of one resource, or of one finding and the resource that it is about.
#[derive(Debug, Clone)]
pub struct Chronicle {
    /// The resource.
    pub resource: ResourceId,
    /// Its name when it was known last.
    pub name: String,
    /// The finding, if one is asked about.
    pub finding: Option<Finding>,
    /// What happened, oldest first.
    pub events: Vec<Event>,
    /// Scans since the first event that are not kept any more: what changed in them is told only as far as the scans around
    /// them show it.
    pub removed_scans: usize,
    /// What of it goes back and forth; the field, or `None` for the whole resource or the finding.
    pub flapping: Vec<(Option<String>, Flapping)>,
    /// Endpoints that could have shown it and were not read whole in the latest scan.
    pub hidden_by: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When: the beginning of the scan that saw it, or the moment at which somebody did it.
    pub at: DateTime<Utc>,
    /// The scan that saw it; `None` for what people did.
    pub scan: Option<SnapshotId>,
    /// The last scan that had not seen it, where scans between the two are not kept: it happened in one of those, or in
    /// `scan`.
    pub after: Option<SnapshotId>,
    /// What it was.
    pub what: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// The first scan there was knew it: since when it has been there, nobody can say.
    KnownFromTheStart,
    /// It changed, came, went, or went out of sight.
    Change(Box<Change>),
    /// It was in sight again, and as it was known.
    InSightAgain,
    /// A finding about it took a step.
    Step {
        /// The rule behind the finding.
        title: String,
        /// The step.
        transition: Transition,
    },
    /// Somebody said that they deal with a finding about it.
    Acknowledged(Acknowledgement),
}
