//! The state table of a finding: from how it stood and what was seen to how it stands.
//!
//! A finding is over only by something that was seen. What nobody could look at leaves it as it was, and it says so.

use chrono::{DateTime, Utc};

use super::Facts;
use super::waivers::Cover;
use crate::model::{
    Coverage, Failure, Finding, Outcome, Resolution, RuleSummary, Sighting, Status, Step, Transition, Unconfirmed,
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
pub(super) fn follow(
    before: Finding,
    facts: &Facts<'_>,
    cover: &Cover<'_>,
    now: DateTime<Utc>,
) -> (Finding, Vec<Transition>) {
    let was_over = matches!(before.status, Status::Resolved(_));
    match rule(&before, facts) {
        Ruling::Fails(failure) if was_over => open_again(&before, failure, facts, cover, now),
        Ruling::Unclear(_) | Ruling::Stands | Ruling::Over(_) if was_over => (before, Vec::new()),
        Ruling::Fails(failure) => confirm(&before, failure, facts, cover, now),
        Ruling::Unclear(reason) => {
            let since = before.unconfirmed.as_ref().map_or(now, |unconfirmed| unconfirmed.since);
            waive(Finding { unconfirmed: Some(Unconfirmed { since, reason }), ..before }, cover, now)
        }
        Ruling::Stands => waive(Finding { unconfirmed: None, ..before }, cover, now),
        Ruling::Over(resolution) => {
            let status = Status::Resolved(resolution);
            let finding = Finding { status, since: now, unconfirmed: None, ..before };
            let step = step(&finding, Step::Resolved, now, resolution.text().to_owned());
            (finding, vec![step])
        }
    }
}

/// Opens a finding that has no past. One that a waiver covers from the start never asks for attention.
pub(super) fn open(finding: Finding, cover: &Cover<'_>, now: DateTime<Utc>) -> (Finding, Vec<Transition>) {
    let (finding, mut steps) = waive(finding, cover, now);
    if steps.is_empty() {
        steps.push(step(&finding, Step::Opened, now, String::new()));
    }
    (finding, steps)
}

fn open_again(
    before: &Finding,
    failure: &Failure,
    facts: &Facts<'_>,
    cover: &Cover<'_>,
    now: DateTime<Utc>,
) -> (Finding, Vec<Transition>) {
    let found = facts.finding((&before.rule, &before.resource), failure, now);
    let (finding, mut steps) = waive(Finding { first_seen: before.first_seen, ..found }, cover, now);
    if steps.is_empty() {
        steps.push(step(&finding, Step::Reopened, now, String::new()));
    }
    (finding, steps)
}

fn confirm(
    before: &Finding,
    failure: &Failure,
    facts: &Facts<'_>,
    cover: &Cover<'_>,
    now: DateTime<Utc>,
) -> (Finding, Vec<Transition>) {
    let mut found = facts.finding((&before.rule, &before.resource), failure, now);
    found.status = before.status.clone();
    found.first_seen = before.first_seen;
    found.since = before.since;
    keep_silent_witnesses(&mut found.seen_by, &before.seen_by, facts);
    let (finding, mut steps) = waive(found, cover, now);
    if finding.severity > before.severity {
        let note = format!("{} → {}", before.severity, finding.severity);
        steps.insert(0, step(&finding, Step::Worsened, now, note));
    }
    (finding, steps)
}

/// An endpoint that showed the resource once and could not be asked now may show it still.
fn keep_silent_witnesses(seen_by: &mut Vec<Sighting>, before: &[Sighting], facts: &Facts<'_>) {
    let coverage = Coverage(&facts.judged.snapshot.ledger);
    for sighting in before {
        if !seen_by.contains(sighting) && coverage.why_unseen(std::slice::from_ref(sighting)).is_some() {
            seen_by.push(sighting.clone());
        }
    }
    seen_by.sort_unstable();
}

fn rule<'a>(finding: &Finding, facts: &Facts<'a>) -> Ruling<'a> {
    let Some(rule) = facts.rules.get(&finding.rule) else { return Ruling::Over(Resolution::RuleRetired) };
    match facts.outcomes.get(&(&finding.rule, &finding.resource)) {
        Some(Outcome::Fail(failure)) => Ruling::Fails(failure),
        Some(Outcome::Unknown(reason)) => Ruling::Unclear(reason.to_string()),
        Some(Outcome::Pass | Outcome::NotApplicable) | None if accepted(finding, rule, facts) => {
            Ruling::Over(Resolution::AcceptedInBaseline)
        }
        Some(Outcome::Pass | Outcome::NotApplicable) | None => without_complaint(finding, rule, facts),
    }
}

/// The rule does not complain. That is good news only if it had a look at the resource.
fn without_complaint<'a>(finding: &Finding, rule: &RuleSummary, facts: &Facts<'a>) -> Ruling<'a> {
    if facts.judged.snapshot.get(&finding.resource).is_none() {
        missing(finding, facts)
    } else if rule.on_change {
        Ruling::Stands
    } else if facts.judged.evaluation.tallies.contains_key(&finding.rule) {
        Ruling::Over(Resolution::Fixed)
    } else {
        Ruling::Unclear("the rule did not judge this time".to_owned())
    }
}

/// A change is accepted by a baseline that was accepted after the change was seen last.
fn accepted(finding: &Finding, rule: &RuleSummary, facts: &Facts<'_>) -> bool {
    rule.on_change && facts.judged.baseline.is_some_and(|baseline| baseline.accepted_at > finding.last_seen)
}

fn missing<'a>(finding: &Finding, facts: &Facts<'a>) -> Ruling<'a> {
    if facts.rotated.contains(&finding.resource) {
        return Ruling::Over(Resolution::Rotated);
    }
    let coverage = Coverage(&facts.judged.snapshot.ledger);
    let carried_by = facts.carried_by(&finding.resource);
    let hidden = coverage
        .why_unseen(&finding.seen_by)
        .or_else(|| if carried_by.is_empty() { None } else { coverage.why_unseen(carried_by) });
    hidden.map_or(Ruling::Over(Resolution::ResourceGone), Ruling::Unclear)
}

/// Sets the status that the waivers of the day ask for.
fn waive(mut finding: Finding, cover: &Cover<'_>, now: DateTime<Utc>) -> (Finding, Vec<Transition>) {
    let waiver = cover.covering(&finding);
    let (kind, note) = match (&finding.status, waiver) {
        (Status::Waived(old), Some(waiver)) if *old == waiver.id => return (finding, Vec::new()),
        (Status::Open | Status::Waived(_), Some(waiver)) => {
            (Step::Waived, format!("waiver {} until {}", waiver.id, waiver.until))
        }
        (Status::Waived(old), None) => (Step::WaiverEnded, cover.why_ended(old)),
        (Status::Open, None) | (Status::Resolved(_), _) => return (finding, Vec::new()),
    };
    finding.status = waiver.map_or(Status::Open, |waiver| Status::Waived(waiver.id.clone()));
    finding.since = now;
    let step = step(&finding, kind, now, note);
    (finding, vec![step])
}

fn step(finding: &Finding, step: Step, at: DateTime<Utc>, note: String) -> Transition {
    Transition { finding: finding.id.clone(), step, at, severity: finding.severity, note }
}
