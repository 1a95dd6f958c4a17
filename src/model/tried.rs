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
    /// The first night on which the rule could tell anything, if it could tell nothing on those before: what it would have
    /// found then is unknown.
    pub unknown_before: Option<DateTime<Utc>>,
    /// What is other than with the rule in force, on the latest of the scans.
    pub difference: RuleDifference,
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
