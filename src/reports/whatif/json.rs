//! The answer for machines: version 1, fields are only added.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::json::document as document_text;
use crate::model::{Fact, Harmed, Simulation, TurnedFinding};

/// What the answer is about.
#[derive(Debug, Clone, Copy)]
pub struct SimulationHead<'a> {
    /// The snapshot, as `s12`.
    pub snapshot: &'a str,
    /// When it was taken.
    pub scanned_at: DateTime<Utc>,
    /// The moment of the judgement.
    pub judged_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct V1Finding<'a> {
    turn: &'static str,
    finding: &'a str,
    rule: &'a str,
    resource: &'a str,
    resource_name: &'a str,
    severity_before: Option<&'static str>,
    severity_after: Option<&'static str>,
    message: &'a str,
    waiver: Option<&'a str>,
    of_change: bool,
    note: Option<&'a str>,
}

impl<'a> V1Finding<'a> {
    fn of(finding: &'a TurnedFinding) -> Self {
        Self {
            turn: finding.turn.name(),
            finding: finding.finding.as_str(),
            rule: finding.rule.as_str(),
            resource: finding.resource.as_str(),
            resource_name: &finding.resource_name,
            severity_before: finding.before.map(crate::model::Severity::name),
            severity_after: finding.after.map(crate::model::Severity::name),
            message: &finding.message,
            waiver: finding.waiver.as_ref().map(crate::model::WaiverId::as_str),
            of_change: finding.of_change,
            note: finding.note.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct V1Harmed<'a> {
    harm: &'static str,
    certainty: &'static str,
    sort: &'a str,
    name: &'a str,
    resource: &'a str,
    why: &'a [String],
    /// Left out where nobody tells; null if no use was ever recorded.
    #[serde(skip_serializing_if = "Fact::is_unknown")]
    last_used_at: Fact<DateTime<Utc>>,
    may_be_in_use: bool,
    breaks: bool,
    talk_to: Option<&'a str>,
}

impl<'a> V1Harmed<'a> {
    fn of(one: &'a Harmed, now: DateTime<Utc>) -> Self {
        Self {
            harm: one.harm.name(),
            certainty: one.certainty.name(),
            sort: one.sort,
            name: &one.name,
            resource: one.resource.as_str(),
            why: &one.why,
            last_used_at: one.last_used_at,
            may_be_in_use: one.may_be_in_use(now),
            breaks: one.is_breakage(now),
            talk_to: one.talk_to.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct V1Seats<'a> {
    container: &'a str,
    name: &'a str,
    freed: usize,
    perhaps: usize,
    #[serde(skip_serializing_if = "Fact::is_unknown")]
    used: Fact<i64>,
    #[serde(skip_serializing_if = "Fact::is_unknown")]
    total: Fact<i64>,
}

/// The answer as one JSON document.
#[must_use]
pub fn simulation_json(simulation: &Simulation, head: SimulationHead<'_>) -> String {
    let supposed: Vec<Value> = simulation
        .supposed
        .iter()
        .map(|one| json!({"words": one.words, "resource": one.resource, "changes_nothing_because": one.idle}))
        .collect();
    let findings: Vec<V1Finding<'_>> = simulation.findings.iter().map(V1Finding::of).collect();
    let harmed: Vec<V1Harmed<'_>> = simulation.harmed.iter().map(|one| V1Harmed::of(one, head.judged_at)).collect();
    let losses: Vec<Value> = simulation
        .losses
        .iter()
        .map(|loss| {
            let permissions: Vec<Value> = loss
                .permissions
                .iter()
                .map(|one| {
                    json!({"permission": one.key, "container": one.container, "container_name": one.container_name,
                        "power": one.power, "certainty": one.certainty.name()})
                })
                .collect();
            json!({"account": loss.account, "name": loss.name, "shut_out": loss.shut_out, "lost": loss.lost,
                "places": loss.places, "perhaps": loss.perhaps, "permissions": permissions, "doubts": loss.doubts})
        })
        .collect();
    let seats: Vec<V1Seats<'_>> = simulation
        .seats
        .iter()
        .map(|seats| V1Seats {
            container: seats.container.as_str(),
            name: &seats.name,
            freed: seats.freed,
            perhaps: seats.perhaps,
            used: seats.used,
            total: seats.total,
        })
        .collect();
    let untold: Vec<Value> = simulation
        .untold
        .iter()
        .map(|open| json!({"question": open.question, "because": open.because, "accepted": open.accepted}))
        .collect();
    let talk_to: Vec<Value> =
        simulation.talk_to.iter().map(|one| json!({"who": one.who, "about": one.about})).collect();
    let document = json!({
        "keyroll_whatif": 1,
        "snapshot": head.snapshot,
        "scanned_at": head.scanned_at,
        "judged_at": head.judged_at,
        "supposed": supposed,
        "breaks": simulation.breaks(head.judged_at),
        "leaves_questions": simulation.leaves_questions(),
        "findings": findings,
        "harmed": harmed,
        "losses": losses,
        "further_accounts": simulation.further_accounts,
        "everybody_loses": simulation.everybody_loses,
        "seats": seats,
        "seat_notes": simulation.seat_notes,
        "cannot_be_told": untold,
        "talk_to": talk_to,
    });
    document_text(&document)
}
