//! How two scans differ: all that is to be said about it.

use super::{Baseline, Change, Finding, FlappingChange, Snapshot, SnapshotHead};

/// How a scan differs from an earlier one.
#[derive(Debug, Clone)]
pub struct Drift {
    /// The earlier scan; `None` if there is none to compare with.
    pub from: Option<SnapshotHead>,
    /// The baseline that named it, if one did.
    pub baseline: Option<Baseline>,
    /// The later scan.
    pub to: SnapshotHead,
    /// What the later one saw.
    pub snapshot: Snapshot,
    /// Endpoints that were not read whole in the earlier scan, declared blind spots among them; `None` if there is none to
    /// compare with, or its ledger is not kept any more.
    pub gaps_before: Option<usize>,
    /// The same of the later one.
    pub gaps_after: usize,
    /// What changed, sorted by resource.
    pub changes: Vec<Change>,
    /// Changes that are not among these, since whoever asks did not want their sort.
    pub left_out: usize,
    /// The options by which they were left out, as they are written.
    pub left_out_by: &'static str,
    /// What only moved by itself, as [`Change`]s of those fields; `None` if nobody asked.
    pub moved: Option<Vec<Change>>,
    /// What goes back and forth, as of the later scan.
    pub flapping: Vec<FlappingChange>,
    /// How findings differ; `None` if it is not known any more how they stood.
    pub findings: Option<FindingsBetween>,
}

/// How findings differ between two scans.
#[derive(Debug, Clone, Default)]
pub struct FindingsBetween {
    /// Open after the later scan, and not after the earlier one.
    pub opened: Vec<Finding>,
    /// Open after the earlier scan, and not after the later one; as they stood after that.
    pub closed: Vec<Finding>,
}
