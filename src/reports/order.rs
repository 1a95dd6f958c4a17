//! The order in which reports say things. An assessment comes sorted, but reports do not rely on it: the bytes must not
//! depend on how it was put together.

use crate::model::{Assessment, Change, Finding, LedgerEntry, RuleSummary, Transition, WaiverUse};

/// Worst first; then by rule, resource and id.
pub(super) fn findings(assessment: &Assessment) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = assessment.findings.iter().collect();
    // What comes sorted costs the sort one look at each.
    findings.sort_by(|left, right| {
        let (this, that) = (&(&left.rule, &left.resource, &left.id), &(&right.rule, &right.resource, &right.id));
        right.severity.cmp(&left.severity).then_with(|| this.cmp(that))
    });
    findings
}

/// By finding and step.
pub(super) fn transitions(assessment: &Assessment) -> Vec<&Transition> {
    let mut transitions: Vec<&Transition> = assessment.transitions.iter().collect();
    transitions.sort_by(|left, right| {
        (&left.finding, left.at, left.step, &left.note).cmp(&(&right.finding, right.at, right.step, &right.note))
    });
    transitions
}

/// By resource.
pub(super) fn changes(assessment: &Assessment) -> Vec<&Change> {
    let mut changes: Vec<&Change> = assessment.changes.iter().collect();
    changes.sort_by(|left, right| (&left.resource, left.what).cmp(&(&right.resource, right.what)));
    changes
}

/// By source and endpoint.
pub(super) fn ledger(assessment: &Assessment) -> Vec<&LedgerEntry> {
    let mut ledger: Vec<&LedgerEntry> = assessment.snapshot.ledger.iter().collect();
    ledger.sort_by(|left, right| (&left.source, &left.endpoint).cmp(&(&right.source, &right.endpoint)));
    ledger
}

/// By id.
pub(super) fn rules(assessment: &Assessment) -> Vec<&RuleSummary> {
    let mut rules: Vec<&RuleSummary> = assessment.rules.iter().collect();
    rules.sort_by(|left, right| left.id.cmp(&right.id));
    rules
}

/// By id.
pub(super) fn waivers(assessment: &Assessment) -> Vec<&WaiverUse> {
    let mut waivers: Vec<&WaiverUse> = assessment.waivers.iter().collect();
    waivers.sort_by(|left, right| left.waiver.id.cmp(&right.waiver.id));
    waivers
}
