//! One night as evidence: all that a scan's verdicts rest on, beside the rules and waivers, so that they can be reached again by
//! somebody who has neither the estate nor the store; and what reports say beside the verdicts.

mod form;
mod names;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::AppError;
use super::again::Again;
use super::assess::{findings_after, with_postures};
use crate::drift;
use crate::findings::{self, Judged};
use crate::inventory::{Inventory, Revocations};
use crate::model::{
    Acknowledgement, Assessment, Baseline, Change, Coverage, DecidedAccess, Finding, FindingId, Flapping,
    FlappingChange, Outgoing, Resource, ResourceId, ReviewedAccess, RuleId, RuleSummary, Snapshot, SnapshotHead,
    SnapshotId, Status, Tally, Transition, WaiverUse,
};
use crate::store::Store;

pub use form::{FormError, read_lines};

/// All that the verdicts of a scan rest on, beside the rules and waivers, and what is said beside them.
#[derive(Debug, Clone)]
pub struct Night<'a> {
    /// The scan.
    pub head: SnapshotHead,
    /// What was seen, and what was carried along.
    pub snapshot: Cow<'a, Snapshot>,
    /// The scan before it; `None` if it was the first.
    pub before: Option<Before>,
    /// The baseline that held when it was judged.
    pub baseline: Option<Baseline>,
    /// What reviews had decided when it began.
    pub decided: Vec<DecidedAccess>,
    /// Resources that waivers name, that this scan did not see and an earlier one did; sorted.
    pub seen_earlier: Vec<ResourceId>,
    /// What reports say beside the verdicts.
    pub beside: Beside,
}

/// The scan before.
#[derive(Debug, Clone)]
pub struct Before {
    /// Its record.
    pub head: SnapshotHead,
    /// What it saw.
    pub snapshot: Snapshot,
    /// How findings stood after it.
    pub findings: Vec<Finding>,
}

/// What reports say beside the verdicts. It comes from other scans and from people, so it is taken along and not worked out again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// The baseline that holds when the reports are written.
    pub baseline: Option<Baseline>,
    /// What somebody acknowledged.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Notices that could not be delivered.
    pub undelivered: Vec<Outgoing>,
    /// Open findings after each of the scans before it, oldest first.
    pub trend: Vec<usize>,
    /// Resources and fields that go back and forth.
    pub flapping: Vec<FlappingChange>,
    /// Findings that do.
    pub flapping_findings: BTreeMap<FindingId, Flapping>,
    /// The accesses of reviews.
    pub reviewed: Vec<ReviewedAccess>,
    /// The steps of findings up to this scan, in order.
    pub steps: Vec<Transition>,
}

/// What a scan comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdicts {
    /// What changed, as it is stored.
    pub changes: Vec<Change>,
    /// Every finding.
    pub findings: Vec<Finding>,
    /// Their steps in this scan.
    pub transitions: Vec<Transition>,
    /// The rules that judged.
    pub rules: Vec<RuleSummary>,
    /// How each fared.
    pub tallies: BTreeMap<RuleId, Tally>,
    /// What waivers did.
    pub waivers: Vec<WaiverUse>,
}

/// A scan that was judged once more from what its night left.
#[derive(Debug)]
pub struct Reperformed {
    /// All that is to be said about it.
    pub assessment: Assessment,
    /// What was worked out again and came out the same, in words.
    pub same: Vec<String>,
    /// What came out otherwise.
    pub otherwise: Vec<String>,
}

impl<'a> Night<'a> {
    /// The night of an assessed scan. Its reviews must have been read.
    ///
    /// # Errors
    /// When the scan before it is not in the store any more, or it is not known how findings stood then.
    pub fn of(store: &Store, assessment: &'a Assessment) -> Result<Self, AppError> {
        let head = &assessment.head;
        let before = match head.compared_with {
            None => None,
            Some(id) => {
                let gone = || AppError::NoSuchSnapshot(id);
                let before = store.head(id)?.ok_or_else(gone)?;
                let snapshot = store.snapshot(id)?.ok_or_else(gone)?;
                Some(Before { findings: findings_after(store, &before)?, snapshot, head: before })
            }
        };
        let mut seen_earlier = BTreeSet::new();
        for used in &assessment.waivers {
            let Some(id) = ResourceId::parse(&used.waiver.resource) else { continue };
            if assessment.snapshot.known(&id).is_none() && store.known(&id)?.is_some() {
                seen_earlier.insert(id);
            }
        }
        let mut trend = assessment.trend.clone();
        trend.pop();
        Ok(Self {
            head: head.clone(),
            before,
            baseline: store.baselines()?.into_iter().rfind(|baseline| baseline.accepted_at <= head.ended_at),
            decided: store.decided_access(head.started_at)?,
            seen_earlier: seen_earlier.into_iter().collect(),
            beside: Beside {
                baseline: assessment.baseline.clone(),
                acknowledgements: assessment.acknowledgements.clone(),
                undelivered: assessment.undelivered.clone(),
                trend,
                flapping: assessment.flapping.clone(),
                flapping_findings: assessment.flapping_findings.clone(),
                reviewed: assessment.reviewed.clone().unwrap_or_default(),
                steps: store.transitions_between(SnapshotId(0), head.id)?,
            },
            snapshot: Cow::Borrowed(&assessment.snapshot),
        })
    }

    /// What the scan comes to, worked out from the bottom: what changed, what the rules say, how findings go on.
    #[must_use]
    pub fn judge(&self, by: &Again<'_>) -> Verdicts {
        let now = self.head.ended_at;
        let mut changes = match &self.before {
            Some(before) => drift::compare(&before.snapshot, &self.snapshot).changes,
            None => Vec::new(),
        };
        let revocations = Revocations::of(self.decided.clone());
        let inventory = Inventory::knowing(&self.snapshot, by.knowledge).after_reviews(&revocations);
        let evaluation = by.rules.evaluate(&inventory, &changes, now);
        let rules = by.rules.summaries();
        let judged = Judged {
            rules: &rules,
            evaluation: &evaluation,
            inventory: &inventory,
            changes: &changes,
            baseline: self.baseline.as_ref(),
        };
        let before = self.before.as_ref().map_or(&[][..], |before| &before.findings);
        let mut reconciled = findings::reconcile(before, &judged, by.waivers, now);
        for used in reconciled.waiver_uses.iter_mut().filter(|used| used.never_seen) {
            let named = ResourceId::parse(&used.waiver.resource);
            used.never_seen = named.is_none_or(|id| self.seen_earlier.binary_search(&id).is_err());
        }
        changes.iter_mut().for_each(|change| change.before = None);
        Verdicts {
            changes,
            findings: reconciled.findings,
            transitions: reconciled.transitions,
            rules,
            tallies: evaluation.tallies,
            waivers: reconciled.waiver_uses,
        }
    }

    /// Judges the scan once more, and holds whatever its record says against what it comes to now.
    ///
    /// # Errors
    /// When a shipped catalogue of controls cannot be read.
    pub fn perform_again(self, by: &Again<'_>) -> Result<Reperformed, AppError> {
        let (mut same, mut otherwise) = (Vec::new(), Vec::new());
        let mut hold = |holds: bool, what: String, else_what: &str| match holds {
            true => same.push(what),
            false => otherwise.push(format!("{what}: {else_what}")),
        };
        let head = &self.head;
        hold(
            self.snapshot.digest == head.digest,
            format!("what was seen ({} resources) has the digest of scan {}", self.snapshot.resources.len(), head.id),
            "it has another",
        );
        hold(
            self.snapshot.counts() == head.counts && Coverage(&self.snapshot.ledger).is_complete() == head.complete,
            format!(
                "its record counts what is there, and says that it is {}",
                if head.complete { "complete" } else { "incomplete" }
            ),
            "it does not",
        );
        hold(
            self.before.as_ref().map(|before| before.head.id) == head.compared_with,
            "the scan it was compared with is the one that is here".to_owned(),
            "it is another",
        );
        if let Some(before) = &self.before {
            hold(
                before.snapshot.digest == before.head.digest,
                format!("what was seen before has the digest of scan {}", before.head.id),
                "it has another",
            );
            hold(
                drift::compare(&before.snapshot, &self.snapshot).carried == self.snapshot.carried,
                format!(
                    "what was out of sight and carried along ({}) is what had been known",
                    self.snapshot.carried.len()
                ),
                "it is not",
            );
        }
        hold(
            by.rules.digest() == head.rules_digest && by.rules.off() == head.rules_off,
            format!("the {} rules and their values have the digest of those that judged", by.rules.summaries().len()),
            "they have another",
        );
        let verdicts = self.judge(by);
        Ok(Reperformed { assessment: self.assessed(verdicts)?, same, otherwise })
    }

    /// All that is to be said about the scan.
    fn assessed(self, verdicts: Verdicts) -> Result<Assessment, AppError> {
        let Verdicts { changes, findings, transitions, rules, tallies, waivers } = verdicts;
        let beside = self.beside;
        let mut trend = beside.trend;
        trend.push(findings.iter().filter(|finding| finding.status == Status::Open).count());
        with_postures(Assessment {
            head: self.head,
            previous: self.before.map(|before| before.head),
            baseline: beside.baseline,
            snapshot: self.snapshot.into_owned(),
            findings,
            transitions,
            changes,
            rules,
            tallies,
            waivers,
            acknowledgements: beside.acknowledgements,
            undelivered: beside.undelivered,
            postures: Vec::new(),
            trend,
            flapping: beside.flapping,
            flapping_findings: beside.flapping_findings,
            reviewed: Some(beside.reviewed),
            set_aside: None,
        })
    }
}

impl Verdicts {
    /// In what an assessment differs from these, in words; empty if in nothing.
    #[must_use]
    pub fn differences(&self, told: &Assessment) -> Vec<&'static str> {
        let parts = [
            (self.changes == told.changes, "what changed"),
            (self.rules == told.rules, "the rules"),
            (self.findings == told.findings, "the findings"),
            (self.transitions == told.transitions, "the steps of findings"),
            (self.tallies == told.tallies, "how the rules fared"),
            (self.waivers == told.waivers, "what waivers cover"),
        ];
        parts.into_iter().filter(|(same, _)| !same).map(|(_, part)| part).collect()
    }
}

impl Before {
    /// What it saw, as a difference from what was seen after it: resources that were otherwise or are gone, and the ids of those
    /// that came.
    fn differing<'s>(&'s self, after: &'s Snapshot) -> (Vec<&'s Resource>, Vec<&'s ResourceId>) {
        let before = &self.snapshot;
        let digests = |snapshot: &'s Snapshot| -> BTreeMap<&'s ResourceId, &'s crate::digest::Digest> {
            snapshot.resources.iter().map(|resource| &resource.id).zip(&snapshot.digests).collect()
        };
        let (then, now) = (digests(before), digests(after));
        let differ = before.resources.iter().filter(|resource| now.get(&resource.id) != then.get(&resource.id));
        let came = after.resources.iter().map(|resource| &resource.id).filter(|id| !then.contains_key(id));
        (differ.collect(), came.collect())
    }
}
