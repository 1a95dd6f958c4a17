//! Findings of both sides beside each other. Neither side knows a stored finding: what differs is due to the change alone,
//! not to parameters that were set since the last scan.

use std::collections::{BTreeMap, BTreeSet};

use super::{Sides, WhatIf};
use crate::findings::{self, Judged};
use crate::inventory::Inventory;
use crate::model::{
    Change, Evaluation, Finding, FindingId, Outcome, ResourceId, RuleId, RuleSummary, Status, Turn, TurnedFinding,
    WaiverId,
};

/// What the comparison gives.
pub(super) struct Turned {
    pub(super) findings: Vec<TurnedFinding>,
    /// Gaps behind which rules may have more to say: endpoint and source, with the reason.
    pub(super) gaps: BTreeSet<(String, String, String)>,
}

/// One side.
struct Side {
    evaluation: Evaluation,
    findings: BTreeMap<FindingId, Finding>,
    unknown: BTreeMap<FindingId, (RuleId, ResourceId, String)>,
}

pub(super) fn compare(ask: &WhatIf<'_>, sides: &Sides<'_>, drift: &[Change]) -> Turned {
    let rules = ask.rules.summaries();
    let before = judge(ask, &rules, sides.before, &[]);
    let after = judge(ask, &rules, sides.after, drift);
    let on_change: BTreeSet<&RuleId> = rules.iter().filter(|rule| rule.on_change).map(|rule| &rule.id).collect();
    let mut ids: BTreeSet<&FindingId> = BTreeSet::new();
    for side in [&before, &after] {
        ids.extend(side.findings.keys().chain(side.unknown.keys()));
    }
    let mut turned: Vec<TurnedFinding> = ids
        .into_iter()
        .filter_map(|id| turn(id, &before, &after, sides))
        .map(|finding| TurnedFinding { of_change: on_change.contains(&finding.rule), ..finding })
        .collect();
    turned.sort_by(|left, right| {
        let worst = |one: &TurnedFinding| std::cmp::Reverse(one.before.max(one.after));
        (left.turn, worst(left), &left.rule, &left.resource).cmp(&(
            right.turn,
            worst(right),
            &right.rule,
            &right.resource,
        ))
    });
    let unseen = after.evaluation.tallies.values().flat_map(|tally| &tally.unseen).filter(|gap| !gap.is_nowhere());
    let gaps = unseen.map(|gap| (gap.source.to_string(), gap.endpoint.to_string(), gap.reason.clone())).collect();
    Turned { findings: turned, gaps }
}

fn judge(ask: &WhatIf<'_>, rules: &[RuleSummary], inventory: &Inventory<'_>, changes: &[Change]) -> Side {
    let evaluation = ask.rules.evaluate(inventory, changes, ask.now);
    let judged = Judged { rules, evaluation: &evaluation, inventory, changes, baseline: None };
    let found = findings::reconcile(&[], &judged, ask.waivers, ask.now).findings;
    let unknown = evaluation.verdicts.iter().filter_map(|verdict| match &verdict.outcome {
        Outcome::Unknown(reason) => {
            let id = FindingId::of(&verdict.rule, &verdict.resource);
            Some((id, (verdict.rule.clone(), verdict.resource.clone(), reason.to_string())))
        }
        _ => None,
    });
    let unknown = unknown.collect();
    Side { findings: found.into_iter().map(|finding| (finding.id.clone(), finding)).collect(), unknown, evaluation }
}

fn turn(id: &FindingId, before: &Side, after: &Side, sides: &Sides<'_>) -> Option<TurnedFinding> {
    match (before.findings.get(id), after.findings.get(id), after.unknown.get(id)) {
        (Some(was), Some(is), _) if was.severity == is.severity => None,
        (Some(was), Some(is), _) => {
            let turn = if is.severity > was.severity { Turn::Worsens } else { Turn::Improves };
            Some(TurnedFinding { before: Some(was.severity), ..finding(turn, is) })
        }
        (Some(was), None, Some((.., reason))) => Some(TurnedFinding {
            before: Some(was.severity),
            after: None,
            message: format!("{}: {reason}", was.message),
            ..finding(Turn::BecomesUnknown, was)
        }),
        (Some(was), None, None) => {
            let note = unconfirmed(was, sides);
            Some(TurnedFinding { before: Some(was.severity), after: None, note, ..finding(Turn::Closes, was) })
        }
        (None, Some(is), _) => Some(finding(Turn::Opens, is)),
        (None, None, Some(unknown)) if !before.unknown.contains_key(id) => {
            Some(untold(Turn::BecomesUnknown, id, unknown, sides.after))
        }
        // What is gone is not known to be in order.
        (None, None, None) => {
            let unknown = before.unknown.get(id).filter(|(_, resource, _)| sides.after.get(resource).is_some())?;
            Some(untold(Turn::BecomesKnown, id, unknown, sides.before))
        }
        (None, None, Some(_)) => None,
    }
}

fn finding(turn: Turn, finding: &Finding) -> TurnedFinding {
    TurnedFinding {
        turn,
        finding: finding.id.clone(),
        rule: finding.rule.clone(),
        resource: finding.resource.clone(),
        resource_name: finding.resource_name.clone(),
        before: None,
        after: Some(finding.severity),
        message: finding.message.clone(),
        waiver: waiver(&finding.status),
        of_change: false,
        note: None,
    }
}

fn waiver(status: &Status) -> Option<WaiverId> {
    match status {
        Status::Waived(waiver) => Some(waiver.clone()),
        Status::Open | Status::Resolved(_) => None,
    }
}

fn untold(
    turn: Turn,
    id: &FindingId,
    (rule, resource, reason): &(RuleId, ResourceId, String),
    inventory: &Inventory<'_>,
) -> TurnedFinding {
    TurnedFinding {
        turn,
        finding: id.clone(),
        rule: rule.clone(),
        resource: resource.clone(),
        resource_name: inventory.name(resource).to_owned(),
        before: None,
        after: None,
        message: reason.clone(),
        waiver: None,
        of_change: false,
        note: None,
    }
}

/// Why the next scan could not confirm that a finding is over: an endpoint that would show the resource is not read whole.
fn unconfirmed(finding: &Finding, sides: &Sides<'_>) -> Option<String> {
    if sides.after.get(&finding.resource).is_some() {
        return None;
    }
    let reason = sides.before.coverage().why_unseen(&finding.seen_by)?;
    Some(format!("the next scan could not confirm it as long as this stays so: {reason}"))
}
