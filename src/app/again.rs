//! A stored scan judged again, by the rules and waivers of today, as if it were that night. Nothing is asked, kept or told.

use super::AppError;
use super::assess::{assess_after, findings_after, with_postures};
use crate::drift;
use crate::findings::{self, Judged, Waivers};
use crate::inventory::detector::Knowledge;
use crate::inventory::{Inventory, Revocations};
use crate::model::{Assessment, Change, Finding, SnapshotHead, Status};
use crate::rules::RuleSet;
use crate::store::Store;

/// By what a scan is judged again.
pub struct Again<'a> {
    /// The rules.
    pub rules: &'a RuleSet,
    /// What is accepted.
    pub waivers: &'a Waivers,
    /// What is known about systems.
    pub knowledge: &'a Knowledge,
}

/// A scan as today's rules see it, beside what stood then.
#[derive(Debug)]
pub struct JudgedAgain {
    /// All that is to be said about it.
    pub assessment: Assessment,
    /// Findings that are open now and were not then.
    pub more: usize,
    /// Findings that were open then and are not now.
    pub fewer: usize,
}

impl Again<'_> {
    /// Judges a stored scan.
    ///
    /// # Errors
    /// When it is not known any more how findings stood then, or the store cannot be read.
    pub fn judge(&self, store: &Store, scan: SnapshotHead) -> Result<JudgedAgain, AppError> {
        let stood = assess_after(store, scan)?;
        let head = &stood.head;
        let earlier = match head.compared_with {
            Some(earlier) => store.heads(usize::MAX)?.into_iter().find(|known| known.id <= earlier),
            None => None,
        };
        let changes = changes(store, &stood, earlier.as_ref())?;
        let before = match (&earlier, head.compared_with) {
            (Some(earlier), _) => findings_after(store, earlier)?,
            // No earlier scan is kept: what stood after this one is the best that is known of before, and what rests on a
            // change that nobody can look up any more stays as it is.
            (None, Some(_)) => stood.findings.clone(),
            (None, None) => Vec::new(),
        };
        let now = head.ended_at;
        let revocations = Revocations::of(store.decided_access(head.started_at)?);
        let inventory = Inventory::knowing(&stood.snapshot, self.knowledge).after_reviews(&revocations);
        let evaluation = self.rules.evaluate(&inventory, &changes, now);
        let rules = self.rules.summaries();
        let judged = Judged {
            rules: &rules,
            evaluation: &evaluation,
            inventory: &inventory,
            changes: &changes,
            baseline: stood.baseline.as_ref(),
        };
        let reconciled = findings::reconcile(&before, &judged, self.waivers, now);
        // What a stored change says, and no more.
        let changes = changes.into_iter().map(|change| Change { before: None, ..change }).collect();
        let (more, fewer) = differ(&stood.findings, &reconciled.findings);
        let mut trend = stood.trend.clone();
        trend.pop();
        trend.push(open(&reconciled.findings).count());
        let assessment = Assessment {
            previous: earlier.or(stood.previous),
            findings: reconciled.findings,
            transitions: reconciled.transitions,
            changes,
            rules,
            tallies: evaluation.tallies,
            waivers: reconciled.waiver_uses,
            undelivered: Vec::new(),
            trend,
            ..stood
        };
        Ok(JudgedAgain { assessment: with_postures(assessment)?, more, fewer })
    }
}

/// What had changed since the scan before, each resource also as it was. If that scan is not kept any more, since the one
/// before it.
fn changes(store: &Store, stood: &Assessment, earlier: Option<&SnapshotHead>) -> Result<Vec<Change>, AppError> {
    let Some(earlier) = earlier else { return Ok(Vec::new()) };
    let before = store.snapshot(earlier.id)?.ok_or(AppError::NoSuchSnapshot(earlier.id))?;
    if stood.head.compared_with != Some(earlier.id) {
        return Ok(drift::compare(&before, &stood.snapshot).changes);
    }
    let mut changes = stood.changes.clone();
    for change in &mut changes {
        change.before = before.known(&change.resource).cloned().map(Box::new);
    }
    Ok(changes)
}

fn open(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.status == Status::Open)
}

/// How many are open on the second side alone, and on the first.
fn differ(then: &[Finding], now: &[Finding]) -> (usize, usize) {
    let ids = |findings| open(findings).map(|finding| finding.id.clone()).collect::<std::collections::BTreeSet<_>>();
    let (then, now) = (ids(then), ids(now));
    (now.difference(&then).count(), then.difference(&now).count())
}
