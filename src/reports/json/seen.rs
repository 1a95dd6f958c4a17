//! How the JSON report tells what was seen, how completely, and what changed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::time;
use crate::model::{Assessment, Change, FieldChange, Kind, LedgerEntry, ResourceId, Tally};
use crate::reports::order;

#[derive(Serialize)]
pub(super) struct V1Coverage<'a> {
    complete: bool,
    endpoints_total: usize,
    endpoints_complete: usize,
    gaps_undeclared: usize,
    endpoints: Vec<V1Endpoint<'a>>,
}

impl<'a> V1Coverage<'a> {
    pub(super) fn of(assessment: &'a Assessment) -> Self {
        let ledger = order::ledger(assessment);
        let undeclared = ledger.iter().filter(|entry| entry.is_undeclared_gap()).count();
        Self {
            complete: undeclared == 0 && !ledger.is_empty(),
            endpoints_total: ledger.len(),
            endpoints_complete: ledger.iter().filter(|entry| !entry.is_gap()).count(),
            gaps_undeclared: undeclared,
            endpoints: ledger.into_iter().map(|entry| V1Endpoint::of(entry, assessment)).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct V1Endpoint<'a> {
    source: &'a str,
    endpoint: &'a str,
    path: &'a str,
    shows: Vec<&'static str>,
    forms: Vec<&'a str>,
    state: &'static str,
    gap: bool,
    reason: &'a str,
    right: &'a str,
    declared: Option<&'a str>,
    rules_unknown: Vec<&'a str>,
    requests: u32,
    pages: u32,
    rows: u64,
    rows_expected: Option<u64>,
    last_cursor: Option<&'a str>,
    statuses: &'a BTreeMap<u16, u32>,
    retries: u32,
    unreadable: &'a [String],
    started_at: String,
    ended_at: String,
}

impl<'a> V1Endpoint<'a> {
    pub(super) fn of(entry: &'a LedgerEntry, assessment: &'a Assessment) -> Self {
        let hides =
            |tally: &Tally| tally.unseen.iter().any(|gap| gap.source == entry.source && gap.endpoint == entry.endpoint);
        Self {
            source: entry.source.as_str(),
            endpoint: &entry.endpoint,
            path: &entry.path,
            shows: entry.shows.iter().copied().map(Kind::name).collect(),
            forms: entry.forms.iter().map(AsRef::as_ref).collect(),
            state: entry.state.name(),
            gap: entry.is_gap(),
            reason: &entry.reason,
            right: &entry.right,
            declared: entry.declared.as_deref(),
            rules_unknown: assessment
                .tallies
                .iter()
                .filter(|(_, tally)| hides(tally))
                .map(|(rule, _)| rule.as_str())
                .collect(),
            requests: entry.requests,
            pages: entry.pages,
            rows: entry.rows,
            rows_expected: entry.rows_expected,
            last_cursor: entry.last_cursor.as_deref(),
            statuses: &entry.statuses,
            retries: entry.retries,
            unreadable: &entry.unreadable,
            started_at: time(entry.started_at),
            ended_at: time(entry.ended_at),
        }
    }
}

#[derive(Serialize)]
pub(in crate::reports) struct V1Change<'a> {
    what: &'static str,
    resource: &'a str,
    resource_kind: &'static str,
    resource_name: &'a str,
    fields: Vec<V1FieldChange<'a>>,
    replaces: Option<&'a str>,
    reason: Option<&'a str>,
    cause: Option<V1ChangeCause<'a>>,
}

/// What a change has in common with others.
#[derive(Serialize)]
struct V1ChangeCause<'a> {
    kind: &'static str,
    resource: Option<&'a str>,
    name: &'a str,
}

/// `null` is absent; a value that was not known is left out.
#[derive(Serialize)]
pub(super) struct V1FieldChange<'a> {
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a Value>,
}

impl<'a> V1Change<'a> {
    pub(in crate::reports) fn of(change: &'a Change) -> Self {
        let field = |field: &'a FieldChange| V1FieldChange {
            field: &field.field,
            before: field.before.as_ref(),
            after: field.after.as_ref(),
        };
        Self {
            what: change.what.name(),
            resource: change.resource.as_str(),
            resource_kind: change.resource.kind().name(),
            resource_name: &change.name,
            fields: change.fields.iter().map(field).collect(),
            replaces: change.replaces.as_ref().map(ResourceId::as_str),
            reason: change.reason.as_deref(),
            cause: change.cause.as_ref().map(|cause| V1ChangeCause {
                kind: cause.kind.name(),
                resource: cause.resource.as_ref().map(ResourceId::as_str),
                name: &cause.name,
            }),
        }
    }
}
