//! The state table of a finding: from how it stood and what was seen to how it stands.
//!
//! A finding is over only by something that was seen. What nobody could look at leaves it as it was, and it says so.

use std::slice;

use chrono::{DateTime, Utc};

use super::Scan;
use crate::model::{
    Failure, Finding, Outcome, Resolution, RuleSummary, Sighting, Status, Step, Transition, Unconfirmed,
};

/// What a scan says about a finding.
enum Ruling<'a> {
    /// The rule fails again.
    Fails(&'a Failure),
    /// Nobody could tell.
    Unclear(String),
    /// The change that it reports was seen once, and nothing was seen that would undo it.
    Stands,
    /// It is over.
    Over(Resolution),
}

/// Takes a finding through one scan.
pub(super) fn follow(before: &Finding, scan: &Scan<'_>) -> (Finding, Vec<Transition>) {
    let was_over = matches!(before.status, Status::Resolved(_));
    match rule(before, scan) {
        Ruling::Fails(failure) if was_over => reopen(before, failure, scan),
        Ruling::Unclear(_) | Ruling::Stands | Ruling::Over(_) if was_over => (before.clone(), Vec::new()),
        Ruling::Fails(failure) => confirm(before, failure, scan),
        Ruling::Unclear(reason) => {
            let since = before.unconfirmed.as_ref().map_or(scan.now, |unconfirmed| unconfirmed.since);
            waive(Finding { unconfirmed: Some(Unconfirmed { since, reason }), ..before.clone() }, scan)
        }
        Ruling::Stands => waive(Finding { unconfirmed: None, ..before.clone() }, scan),
        Ruling::Over(resolution) => {
            let status = Status::Resolved(resolution);
            let finding = Finding { status, since: scan.now, unconfirmed: None, ..before.clone() };
            let step = step(&finding, Step::Resolved, scan.now, resolution.text().to_owned());
            (finding, vec![step])
        }
    }
}

/// Opens a finding that has no past.
pub(super) fn open(finding: Finding, scan: &Scan<'_>) -> (Finding, Vec<Transition>) {
    call_up(finding, Step::Opened, scan)
}

fn reopen(before: &Finding, failure: &Failure, scan: &Scan<'_>) -> (Finding, Vec<Transition>) {
    let found = scan.finding_called(before.id.clone(), (&before.rule, &before.resource), failure);
    call_up(Finding { first_seen: before.first_seen, ..found }, Step::Reopened, scan)
}

/// Brings up a finding, unless a waiver covers it from the start: then it never asks for attention.
fn call_up(finding: Finding, kind: Step, scan: &Scan<'_>) -> (Finding, Vec<Transition>) {
    let (finding, mut steps) = waive(finding, scan);
    if steps.is_empty() {
        // A waiver that speaks of it and does not cover it is to be told: whoever wrote it relies on it.
        steps.push(step(&finding, kind, scan.now, scan.cover.why_not(&finding)));
    }
    (finding, steps)
}

fn confirm(before: &Finding, failure: &Failure, scan: &Scan<'_>) -> (Finding, Vec<Transition>) {
    let mut found = scan.finding_called(before.id.clone(), (&before.rule, &before.resource), failure);
    found.status = before.status.clone();
    found.first_seen = before.first_seen;
    found.since = before.since;
    found.seen_by = with_silent_witnesses(found.seen_by, &before.seen_by, scan);
    let (finding, mut steps) = waive(found, scan);
    if finding.severity > before.severity {
        let note = format!("{} → {}", before.severity, finding.severity);
        steps.insert(0, step(&finding, Step::Worsened, scan.now, note));
    }
    (finding, steps)
}

/// An endpoint that showed the resource once and could not be asked now may show it still.
fn with_silent_witnesses(mut seen_by: Vec<Sighting>, before: &[Sighting], scan: &Scan<'_>) -> Vec<Sighting> {
    for sighting in before {
        if !seen_by.contains(sighting) && scan.coverage().why_unseen(slice::from_ref(sighting)).is_some() {
            seen_by.push(sighting.clone());
        }
    }
    seen_by.sort_unstable();
    seen_by
}

fn rule<'a>(finding: &Finding, scan: &Scan<'a>) -> Ruling<'a> {
    let Some(rule) = scan.rules.get(&finding.rule) else { return Ruling::Over(Resolution::RuleRetired) };
    match scan.outcomes.get(&(&finding.rule, &finding.resource)) {
        Some(Outcome::Fail(failure)) => Ruling::Fails(failure),
        Some(Outcome::Unknown(reason)) => Ruling::Unclear(reason.to_string()),
        Some(Outcome::Pass | Outcome::NotApplicable) | None if accepted(finding, rule, scan) => {
            Ruling::Over(Resolution::AcceptedInBaseline)
        }
        Some(Outcome::Pass | Outcome::NotApplicable) | None => without_complaint(finding, rule, scan),
    }
}

/// The rule does not complain. That is good news only if it had a look at the resource.
fn without_complaint<'a>(finding: &Finding, rule: &RuleSummary, scan: &Scan<'a>) -> Ruling<'a> {
    if scan.snapshot().get(&finding.resource).is_none() {
        missing(finding, scan)
    } else if rule.on_change {
        Ruling::Stands
    } else if scan.judged.evaluation.tallies.contains_key(&finding.rule) {
        Ruling::Over(Resolution::Fixed)
    } else {
        Ruling::Unclear("the rule did not judge this time".to_owned())
    }
}

/// A change is accepted with a snapshot that was taken when it had been seen already.
fn accepted(finding: &Finding, rule: &RuleSummary, scan: &Scan<'_>) -> bool {
    rule.on_change && scan.judged.baseline.is_some_and(|baseline| baseline.taken_at >= finding.last_seen)
}

fn missing<'a>(finding: &Finding, scan: &Scan<'a>) -> Ruling<'a> {
    if scan.rotated.contains(&finding.resource) {
        return Ruling::Over(Resolution::Rotated);
    }
    let mut seen_by = finding.seen_by.clone();
    seen_by.extend_from_slice(scan.carried_by(&finding.resource));
    match scan.coverage().why_unseen(&seen_by) {
        Some(reason) => Ruling::Unclear(reason),
        None if scan.is_carried(&finding.resource) => {
            Ruling::Unclear("it, or what it is in, may be hidden from the scanning account".to_owned())
        }
        None => Ruling::Over(Resolution::ResourceGone),
    }
}

/// Sets the status that the waivers of the day ask for.
fn waive(mut finding: Finding, scan: &Scan<'_>) -> (Finding, Vec<Transition>) {
    let waiver = scan.cover.covering(&finding);
    let (kind, note) = match (&finding.status, waiver) {
        (Status::Waived(old), Some(waiver)) if *old == waiver.id => return (finding, Vec::new()),
        (Status::Open | Status::Waived(_), Some(waiver)) => {
            (Step::Waived, format!("waiver {} until {}", waiver.id, waiver.until))
        }
        (Status::Waived(old), None) => (Step::WaiverEnded, scan.cover.why_ended(old, &finding)),
        (Status::Open, None) | (Status::Resolved(_), _) => return (finding, Vec::new()),
    };
    finding.status = waiver.map_or(Status::Open, |waiver| Status::Waived(waiver.id.clone()));
    finding.since = scan.now;
    let step = step(&finding, kind, scan.now, note);
    (finding, vec![step])
}

fn step(finding: &Finding, step: Step, at: DateTime<Utc>, note: String) -> Transition {
    Transition { finding: finding.id.clone(), step, at, severity: finding.severity, note }
}
