//! All that is to be said about a scan: the one thing that every report is made from.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    Acknowledgement, Baseline, Change, ControlId, Finding, FindingId, Flapping, FlappingChange, FrameworkPosture,
    Outgoing, ReviewedAccess, RuleId, Severity, Snapshot, SnapshotHead, Step, Tally, Transition, WaiverId, WaiverUse,
};
use crate::digest::Digest;

/// What reports say about a rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RuleSummary {
    /// The rule.
    pub id: RuleId,
    /// Its version.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// Its severity, unless a resource makes it another.
    pub severity: Severity,
    /// What to do first: the first sentence of its remedy.
    pub remedy: String,
    /// True if it judges changes, not states.
    pub on_change: bool,
    /// The controls it serves.
    pub controls: Vec<ControlId>,
    /// Digest of what decides its verdicts, with its parameters: another one is another rule, as far as old facts go.
    /// `None` for scans of an earlier keyroll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judges_by: Option<Digest>,
}

/// All that is to be said about a scan.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// The scan.
    pub head: SnapshotHead,
    /// The scan before it that it was compared with.
    pub previous: Option<SnapshotHead>,
    /// The accepted baseline, if there is one.
    pub baseline: Option<Baseline>,
    /// What was seen, with the coverage ledger.
    pub snapshot: Snapshot,
    /// Every finding that was ever made, sorted by severity (worst first), rule and resource.
    pub findings: Vec<Finding>,
    /// The steps that findings took in this scan.
    pub transitions: Vec<Transition>,
    /// What changed since the scan before, sorted by resource.
    pub changes: Vec<Change>,
    /// The rules that judged, sorted by id.
    pub rules: Vec<RuleSummary>,
    /// How each rule fared.
    pub tallies: BTreeMap<RuleId, Tally>,
    /// The waivers and what they did, sorted by id.
    pub waivers: Vec<WaiverUse>,
    /// What somebody acknowledged, in order of findings.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Notices that the other side has not taken although they were tried, and those that were given up.
    pub undelivered: Vec<Outgoing>,
    /// How the estate stands towards the controls of each framework.
    pub postures: Vec<FrameworkPosture>,
    /// Open findings after each of the latest scans, oldest first, this one last: for a trend line.
    pub trend: Vec<usize>,
    /// What goes back and forth: resources and fields, sorted by resource and field.
    pub flapping: Vec<FlappingChange>,
    /// Findings that open and are over again and again.
    pub flapping_findings: BTreeMap<FindingId, Flapping>,
    /// The accesses of the last review and of those that are not complete; `None` if nobody read them from the store, which
    /// is not the same as that there are none.
    pub reviewed: Option<Vec<ReviewedAccess>>,
    /// In a view without waivers, the findings that are shown as open although a waiver covers them, with that waiver;
    /// `None` if waivers are applied. Every report says which it is.
    pub set_aside: Option<BTreeMap<FindingId, WaiverId>>,
}

impl Assessment {
    /// The steps that each finding took in this scan.
    #[must_use]
    pub fn steps(&self) -> BTreeMap<&FindingId, Vec<Step>> {
        let mut steps: BTreeMap<&FindingId, Vec<Step>> = BTreeMap::new();
        for taken in &self.transitions {
            steps.entry(&taken.finding).or_default().push(taken.step);
        }
        steps
    }

    /// The same scan as if no waiver had been written: what is waived is open, and what was waived as soon as it was found is
    /// new.
    #[must_use]
    pub fn without_waivers(mut self) -> Self {
        let mut set_aside = BTreeMap::new();
        for finding in &mut self.findings {
            if let Some(waiver) = finding.set_waiver_aside() {
                set_aside.insert(finding.id.clone(), waiver);
            }
        }
        let found: BTreeMap<&FindingId, DateTime<Utc>> =
            self.findings.iter().map(|finding| (&finding.id, finding.first_seen)).collect();
        let coming_up = self.transitions.iter().filter(|step| step.is_coming_up());
        let came_up: BTreeSet<FindingId> = coming_up.map(|step| step.finding.clone()).collect();
        self.transitions.retain_mut(|step| {
            step.set_waiver_aside(found.get(&step.finding).copied(), came_up.contains(&step.finding))
        });
        self.set_aside = Some(set_aside);
        self
    }
}
