//! How two scans differ, for machines: one document with a version.

use serde::Serialize;

use crate::model::{Change, Drift, Finding, FlappingChange};
use crate::reports::json::{V1Change, V1Scan, document, time};

/// The JSON Schema of the document.
pub const DRIFT_SCHEMA: &str = include_str!("../../../reports/schemas/keyroll-drift-v1.schema.json");

/// How two scans differ, as JSON.
#[must_use]
pub fn drift_json(drift: &Drift) -> String {
    document(&V1Drift::of(drift))
}

#[derive(Serialize)]
struct V1Drift<'a> {
    keyroll_drift: u32,
    from: Option<V1Scan<'a>>,
    baseline: Option<&'a str>,
    to: V1Scan<'a>,
    gaps: V1Gaps,
    changes: Vec<V1Change<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes_left_out: Option<usize>,
    moved_by_itself: Option<Vec<V1Change<'a>>>,
    back_and_forth: Vec<V1Flapping<'a>>,
    findings: Option<V1Findings<'a>>,
}

/// Endpoints that were not read whole; null where that is not known.
#[derive(Serialize)]
struct V1Gaps {
    from: Option<usize>,
    to: usize,
}

#[derive(Serialize)]
struct V1Flapping<'a> {
    resource: &'a str,
    resource_name: &'a str,
    field: Option<&'a str>,
    turns: usize,
    since: String,
    last: String,
}

#[derive(Serialize)]
struct V1Findings<'a> {
    came_up: Vec<V1FindingBetween<'a>>,
    not_open_any_more: Vec<V1FindingBetween<'a>>,
}

#[derive(Serialize)]
struct V1FindingBetween<'a> {
    id: &'a str,
    rule: &'a str,
    resource: &'a str,
    severity: &'static str,
    status: &'static str,
    message: &'a str,
}

impl<'a> V1Drift<'a> {
    fn of(drift: &'a Drift) -> Self {
        let changes = |changes: &'a [Change]| changes.iter().map(V1Change::of).collect();
        Self {
            keyroll_drift: 1,
            from: drift.from.as_ref().map(V1Scan::of),
            baseline: drift.baseline.as_ref().map(|baseline| baseline.name.as_str()),
            to: V1Scan::of(&drift.to),
            gaps: V1Gaps { from: drift.gaps_before, to: drift.gaps_after },
            changes: changes(&drift.changes),
            changes_left_out: (drift.left_out > 0).then_some(drift.left_out),
            moved_by_itself: drift.moved.as_deref().map(changes),
            back_and_forth: drift.flapping.iter().map(V1Flapping::of).collect(),
            findings: drift.findings.as_ref().map(|between| V1Findings {
                came_up: between.opened.iter().map(V1FindingBetween::of).collect(),
                not_open_any_more: between.closed.iter().map(V1FindingBetween::of).collect(),
            }),
        }
    }
}

impl<'a> V1Flapping<'a> {
    fn of(one: &'a FlappingChange) -> Self {
        Self {
            resource: one.resource.as_str(),
            resource_name: &one.name,
            field: one.field.as_deref(),
            turns: one.flapping.turns,
            since: time(one.flapping.since),
            last: time(one.flapping.last),
        }
    }
}

impl<'a> V1FindingBetween<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            id: finding.id.as_str(),
            rule: finding.rule.as_str(),
            resource: finding.resource.as_str(),
            severity: finding.severity.name(),
            status: finding.status.name(),
            message: &finding.message,
        }
    }
}
