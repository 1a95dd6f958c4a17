//! What became of a rule that was tried over stored scans.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{ChannelName, Finding, RuleSummary, SnapshotHead, Tally};

/// What a rule would have done on stored scans.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The rule that was tried.
    pub rule: RuleSummary,
    /// Night by night, oldest first. A rule on changes judges from the second night on.
    pub nights: Vec<TriedNight>,
    /// From when on the rule could tell anything.
    pub could_tell: CouldTell,
    /// What is other than with the rule in force, on the latest of the scans.
    pub difference: RuleDifference,
}

/// From when on a rule could tell anything. On a night on which it judged nothing, and on which something that it speaks of may
/// have been hidden or not been told, what it would have found is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CouldTell {
    /// From the first of the nights on.
    FromTheFirst,
    /// From this night on; what it would have found before is unknown.
    Since(DateTime<Utc>),
    /// On none of them.
    Never,
}

/// One night of a rule that is tried.
#[derive(Debug, Clone)]
pub struct TriedNight {
    /// The scan.
    pub head: SnapshotHead,
    /// How the rule fared.
    pub tally: Tally,
    /// Findings that stood open after it.
    pub open: usize,
    /// Findings that waivers of today would have covered.
    pub waived: usize,
    /// Findings that came up; on the first night those that stood.
    pub opened: Vec<Finding>,
    /// Findings that were over.
    pub closed: Vec<Finding>,
    /// Messages that each channel would have got, budgets of a day left aside.
    pub told: BTreeMap<ChannelName, usize>,
}

/// A rule that was tried beside the one of the same id that is in force. Findings are given in their words, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleDifference {
    /// False if no rule of this id is in force: everything is new then.
    pub has_rule_in_force: bool,
    /// Found by the rule that is tried, and not by the one in force.
    pub more: Vec<String>,
    /// Found by the rule in force, and not by the one that is tried.
    pub fewer: Vec<String>,
    /// Found by both.
    pub same: usize,
}
