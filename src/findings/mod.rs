//! Findings over time: what the rules said in this scan, set against the findings there are.
//!
//! How verdicts were reached and how findings are kept is for others to know. The state table is in `lifecycle.rs`, what
//! waivers cover in `waivers`, and the facts to which they are bound in `facts`.

mod facts;
mod lifecycle;
mod waivers;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};

pub use facts::Facts;
use waivers::Cover;
pub use waivers::{CannotAppend, Entry, LongestDays, WaiverLimits, Waivers, append, bound};

use crate::inventory::Inventory;
use crate::model::{
    Baseline, Change, Coverage, Evaluation, Failure, Finding, FindingId, Outcome, ResourceId, RuleId, RuleSummary,
    Sighting, Snapshot, Status, Transition, WaiverUse,
};

/// All that one scan has to say.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// The rules that judged.
    pub rules: &'a [RuleSummary],
    /// What they said.
    pub evaluation: &'a Evaluation,
    /// What they judged. A resource in the `carried` of its snapshot is not gone.
    pub inventory: &'a Inventory<'a>,
    /// What changed since the scan before.
    pub changes: &'a [Change],
    /// The baseline that was accepted last.
    pub baseline: Option<&'a Baseline>,
}

/// The findings after a scan, and how they got there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// Every finding that was ever made, sorted by severity (worst first), rule and resource.
    pub findings: Vec<Finding>,
    /// The steps taken in this scan, in the order of the findings.
    pub transitions: Vec<Transition>,
    /// The waivers and what they did, sorted by id.
    pub waiver_uses: Vec<WaiverUse>,
}

/// Sets the verdicts of a scan against the findings before it. The same facts a second time take no step.
///
/// # Panics
/// When a verdict names a rule that is not among those that judged, which is a bug of ours.
#[must_use]
pub fn reconcile(before: &[Finding], judged: &Judged<'_>, waivers: &Waivers, now: DateTime<Utc>) -> Reconciled {
    let scan = Scan::new(judged, waivers, now);
    let known: HashSet<About<'_>> = before.iter().map(|finding| (&finding.rule, &finding.resource)).collect();

    let followed = before.iter().map(|finding| lifecycle::follow(finding, &scan));
    let new = scan.failures().filter(|(about, _)| !known.contains(about));
    let opened = new.map(|(about, failure)| lifecycle::open(scan.finding(about, failure), &scan));

    let mut after: Vec<(Finding, Vec<Transition>)> = followed.chain(opened).collect();
    after.sort_by(|(left, _), (right, _)| {
        let place = (right.severity, &left.rule, &left.resource);
        place.cmp(&(left.severity, &right.rule, &right.resource))
    });
    let (findings, steps): (Vec<Finding>, Vec<Vec<Transition>>) = after.into_iter().unzip();
    let waiver_uses = scan.cover.uses(&findings);
    Reconciled { findings, transitions: steps.into_iter().flatten().collect(), waiver_uses }
}

/// How waivers stand on a day to findings and an inventory, without a scan.
#[must_use]
pub fn standings(
    waivers: &Waivers,
    findings: &[Finding],
    inventory: &Inventory<'_>,
    today: NaiveDate,
) -> Vec<WaiverUse> {
    waivers.on(today, inventory).uses(findings)
}

/// A rule and a resource: what a finding is about.
type About<'a> = (&'a RuleId, &'a ResourceId);

/// What one scan has to say, by rule and resource.
struct Scan<'a> {
    judged: &'a Judged<'a>,
    cover: Cover<'a>,
    now: DateTime<Utc>,
    rules: HashMap<&'a RuleId, &'a RuleSummary>,
    outcomes: HashMap<About<'a>, &'a Outcome>,
    changes: HashMap<&'a ResourceId, &'a Change>,
    rotated: HashSet<&'a ResourceId>,
}

impl<'a> Scan<'a> {
    fn new(judged: &'a Judged<'a>, waivers: &'a Waivers, now: DateTime<Utc>) -> Self {
        let verdicts = judged.evaluation.verdicts.iter();
        Self {
            judged,
            cover: waivers.on(now.date_naive(), judged.inventory),
            now,
            rules: judged.rules.iter().map(|rule| (&rule.id, rule)).collect(),
            outcomes: verdicts.map(|verdict| ((&verdict.rule, &verdict.resource), &verdict.outcome)).collect(),
            changes: judged.changes.iter().map(|change| (&change.resource, change)).collect(),
            rotated: judged.changes.iter().filter_map(|change| change.replaces.as_ref()).collect(),
        }
    }

    fn snapshot(&self) -> &'a Snapshot {
        self.judged.inventory.snapshot()
    }

    fn coverage(&self) -> Coverage<'a> {
        Coverage(&self.snapshot().ledger)
    }

    fn failures(&self) -> impl Iterator<Item = (About<'a>, &'a Failure)> {
        self.judged.evaluation.verdicts.iter().filter_map(|verdict| match &verdict.outcome {
            Outcome::Fail(failure) => Some(((&verdict.rule, &verdict.resource), failure)),
            Outcome::Pass | Outcome::NotApplicable | Outcome::Unknown(_) => None,
        })
    }

    /// The finding that a failure makes, without a past.
    fn finding(&self, (rule, resource): About<'_>, failure: &Failure) -> Finding {
        self.finding_called(FindingId::of(rule, resource), (rule, resource), failure)
    }

    /// The same where its id is known already.
    fn finding_called(&self, id: FindingId, (rule, resource): About<'_>, failure: &Failure) -> Finding {
        let summary = self.rules.get(rule).expect("internal: the rule of a verdict is among those that judged");
        Finding {
            id,
            rule: rule.clone(),
            rule_version: summary.version,
            title: summary.title.clone(),
            resource: resource.clone(),
            resource_name: failure.resource_name.clone(),
            seen_by: self.seen_by(resource),
            severity: failure.severity,
            message: failure.message.clone(),
            remedy: summary.remedy.clone(),
            owner: failure.owner.clone(),
            controls: summary.controls.clone(),
            status: Status::Open,
            first_seen: self.now,
            since: self.now,
            last_seen: self.now,
            unconfirmed: None,
        }
    }

    /// The endpoints that show a resource: those that did now, those that could not be asked, and for a resource that
    /// is gone those that did before.
    fn seen_by(&self, id: &ResourceId) -> Vec<Sighting> {
        let seen = self.snapshot().get(id);
        let gone = || self.changes.get(id).and_then(|change| change.before.as_deref());
        let mut seen_by = seen.or_else(gone).map_or_else(Vec::new, |resource| resource.seen_by.clone());
        seen_by.extend_from_slice(self.carried_by(id));
        seen_by.sort_unstable();
        seen_by.dedup();
        seen_by
    }

    /// True if a resource was carried along because nobody can say that it is gone.
    fn is_carried(&self, id: &ResourceId) -> bool {
        self.snapshot().carried.binary_search_by(|resource| resource.id.cmp(id)).is_ok()
    }

    /// The endpoints of a resource that was carried along because some of them could not be asked.
    fn carried_by(&self, id: &ResourceId) -> &'a [Sighting] {
        let carried = &self.snapshot().carried;
        let at = carried.binary_search_by(|resource| resource.id.cmp(id)).ok();
        at.and_then(|at| carried.get(at)).map_or(&[], |resource| &resource.seen_by)
    }
}
