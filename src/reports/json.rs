//! The report for machines: one JSON document with a version. Its shape is written down in
//! `schemas/keyroll-report-v1.schema.json`; within a version, fields are only added.
//!
//! The shape has its own types, filled from the assessment while it is written, so a large report is never held twice.

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Format, RenderError, order};
use crate::model::{
    Assessment, Baseline, Change, ControlId, FieldChange, Finding, Kind, LedgerEntry, ResourceId, RuleSummary,
    Severity, Sighting, SnapshotHead, SourceName, Status, Tally, Transition, WaiverUse,
};

/// The JSON Schema of the report.
pub const JSON_SCHEMA: &str = include_str!("schemas/keyroll-report-v1.schema.json");

pub(super) const FORMAT: Format = Format {
    name: "json",
    extension: "json",
    media_type: "application/json",
    summary: "for machines: scan, coverage, findings, changes, rules and waivers in one versioned document",
    render,
};

fn render(assessment: &Assessment, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, &V1Report::of(assessment)).map_err(io::Error::from)?;
    io::Write::write_all(&mut out, b"\n")?;
    io::Write::flush(&mut out)?;
    Ok(())
}

/// A list whose entries are made one by one while they are written.
struct Each<'a, T, U>(Vec<&'a T>, fn(&'a T) -> U);

impl<T, U: Serialize> Serialize for Each<'_, T, U> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|entry| (self.1)(entry)))
    }
}

#[derive(Serialize)]
struct V1Report<'a> {
    keyroll_report: u32,
    scan: V1Scan<'a>,
    compared_with: Option<V1Scan<'a>>,
    baseline: Option<V1Baseline<'a>>,
    counts: V1Counts,
    open_findings_trend: &'a [usize],
    coverage: V1Coverage<'a>,
    rules: Vec<V1Rule<'a>>,
    findings: Each<'a, Finding, V1Finding<'a>>,
    transitions: Each<'a, Transition, V1Transition<'a>>,
    changes: Each<'a, Change, V1Change<'a>>,
    waivers: Each<'a, WaiverUse, V1Waiver<'a>>,
}

impl<'a> V1Report<'a> {
    fn of(assessment: &'a Assessment) -> Self {
        Self {
            keyroll_report: 1,
            scan: V1Scan::of(&assessment.head),
            compared_with: assessment.previous.as_ref().map(V1Scan::of),
            baseline: assessment.baseline.as_ref().map(V1Baseline::of),
            counts: V1Counts::of(assessment),
            open_findings_trend: &assessment.trend,
            coverage: V1Coverage::of(assessment),
            rules: order::rules(assessment)
                .into_iter()
                .map(|rule| V1Rule::of(rule, assessment.tallies.get(&rule.id)))
                .collect(),
            findings: Each(order::findings(assessment), V1Finding::of),
            transitions: Each(order::transitions(assessment), V1Transition::of),
            changes: Each(order::changes(assessment), V1Change::of),
            waivers: Each(order::waivers(assessment), V1Waiver::of),
        }
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[derive(Serialize)]
struct V1Scan<'a> {
    snapshot: String,
    estate: &'a str,
    started_at: String,
    ended_at: String,
    complete: bool,
    sources: Vec<&'a str>,
    resources: BTreeMap<&'static str, usize>,
    snapshot_sha256: String,
    rules_sha256: String,
    tool_version: &'a str,
}

impl<'a> V1Scan<'a> {
    fn of(head: &'a SnapshotHead) -> Self {
        Self {
            snapshot: head.id.to_string(),
            estate: &head.estate,
            started_at: time(head.started_at),
            ended_at: time(head.ended_at),
            complete: head.complete,
            sources: head.sources.iter().map(SourceName::as_str).collect(),
            resources: head.counts.iter().map(|(kind, count)| (kind.name(), *count)).collect(),
            snapshot_sha256: head.digest.to_string(),
            rules_sha256: head.rules_digest.to_string(),
            tool_version: &head.tool_version,
        }
    }
}

#[derive(Serialize)]
struct V1Baseline<'a> {
    snapshot: String,
    name: &'a str,
    accepted_by: &'a str,
    accepted_at: String,
    reason: &'a str,
}

impl<'a> V1Baseline<'a> {
    fn of(baseline: &'a Baseline) -> Self {
        Self {
            snapshot: baseline.snapshot.to_string(),
            name: &baseline.name,
            accepted_by: &baseline.accepted_by,
            accepted_at: time(baseline.accepted_at),
            reason: &baseline.reason,
        }
    }
}

#[derive(Serialize)]
struct V1Counts {
    open: usize,
    open_by_severity: BTreeMap<&'static str, usize>,
    waived: usize,
    resolved: usize,
    unconfirmed: usize,
    rules: usize,
    rules_not_whole: usize,
}

impl V1Counts {
    fn of(assessment: &Assessment) -> Self {
        let count = |wanted: &dyn Fn(&Finding) -> bool| assessment.findings.iter().filter(|f| wanted(f)).count();
        let open_with = |severity| count(&|finding| finding.status == Status::Open && finding.severity == severity);
        let whole = |rule: &RuleSummary| assessment.tallies.get(&rule.id).is_some_and(Tally::is_whole);
        Self {
            open: count(&|finding| finding.status == Status::Open),
            open_by_severity: Severity::ALL.into_iter().map(|level| (level.name(), open_with(level))).collect(),
            waived: count(&|finding| matches!(finding.status, Status::Waived(_))),
            resolved: count(&|finding| matches!(finding.status, Status::Resolved(_))),
            unconfirmed: count(&|finding| finding.unconfirmed.is_some()),
            rules: assessment.rules.len(),
            rules_not_whole: assessment.rules.iter().filter(|rule| !whole(rule)).count(),
        }
    }
}

#[derive(Serialize)]
struct V1Coverage<'a> {
    complete: bool,
    endpoints_total: usize,
    endpoints_complete: usize,
    gaps_undeclared: usize,
    endpoints: Vec<V1Endpoint<'a>>,
}

impl<'a> V1Coverage<'a> {
    fn of(assessment: &'a Assessment) -> Self {
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
struct V1Endpoint<'a> {
    source: &'a str,
    endpoint: &'a str,
    path: &'a str,
    shows: Vec<&'static str>,
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
    fn of(entry: &'a LedgerEntry, assessment: &'a Assessment) -> Self {
        let hides =
            |tally: &Tally| tally.unseen.iter().any(|gap| gap.source == entry.source && gap.endpoint == entry.endpoint);
        Self {
            source: entry.source.as_str(),
            endpoint: &entry.endpoint,
            path: &entry.path,
            shows: entry.shows.iter().copied().map(Kind::name).collect(),
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
struct V1Rule<'a> {
    id: &'a str,
    version: u32,
    title: &'a str,
    severity: &'static str,
    judges_changes: bool,
    controls: Vec<&'a str>,
    remedy: &'a str,
    whole: bool,
    tally: Option<V1Tally<'a>>,
}

#[derive(Serialize)]
struct V1Tally<'a> {
    pass: usize,
    fail: usize,
    not_applicable: usize,
    unknown: usize,
    unknown_reasons: &'a BTreeMap<String, usize>,
    out_of_sight: Vec<V1Unseen<'a>>,
}

#[derive(Serialize)]
struct V1Unseen<'a> {
    source: &'a str,
    endpoint: &'a str,
    reason: &'a str,
}

impl<'a> V1Rule<'a> {
    fn of(rule: &'a RuleSummary, tally: Option<&'a Tally>) -> Self {
        Self {
            id: rule.id.as_str(),
            version: rule.version,
            title: &rule.title,
            severity: rule.severity.name(),
            judges_changes: rule.on_change,
            controls: rule.controls.iter().map(ControlId::as_str).collect(),
            remedy: &rule.remedy,
            whole: tally.is_some_and(Tally::is_whole),
            tally: tally.map(V1Tally::of),
        }
    }
}

impl<'a> V1Tally<'a> {
    fn of(tally: &'a Tally) -> Self {
        let mut unseen: Vec<_> = tally.unseen.iter().collect();
        unseen.sort();
        Self {
            pass: tally.pass,
            fail: tally.fail,
            not_applicable: tally.not_applicable,
            unknown: tally.unknown,
            unknown_reasons: &tally.unknown_reasons,
            out_of_sight: unseen
                .into_iter()
                .map(|gap| V1Unseen { source: gap.source.as_str(), endpoint: &gap.endpoint, reason: &gap.reason })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct V1Finding<'a> {
    id: &'a str,
    status: &'static str,
    waiver: Option<&'a str>,
    resolution: Option<&'static str>,
    severity: &'static str,
    rule: &'a str,
    rule_version: u32,
    title: &'a str,
    message: &'a str,
    remedy: &'a str,
    resource: &'a str,
    resource_kind: &'static str,
    resource_name: &'a str,
    owner: Option<&'a str>,
    controls: Vec<&'a str>,
    seen_by: Vec<V1Sighting<'a>>,
    first_seen: String,
    since: String,
    last_seen: String,
    unconfirmed: Option<V1Unconfirmed<'a>>,
}

#[derive(Serialize)]
struct V1Sighting<'a> {
    source: &'a str,
    endpoint: &'a str,
}

#[derive(Serialize)]
struct V1Unconfirmed<'a> {
    since: String,
    reason: &'a str,
}

impl<'a> V1Finding<'a> {
    fn of(finding: &'a Finding) -> Self {
        let (waiver, resolution) = match &finding.status {
            Status::Open => (None, None),
            Status::Waived(waiver) => (Some(waiver.as_str()), None),
            Status::Resolved(resolution) => (None, Some(resolution.text())),
        };
        let sighting = |by: &'a Sighting| V1Sighting { source: by.source.as_str(), endpoint: &by.endpoint };
        Self {
            id: finding.id.as_str(),
            status: finding.status.name(),
            waiver,
            resolution,
            severity: finding.severity.name(),
            rule: finding.rule.as_str(),
            rule_version: finding.rule_version,
            title: &finding.title,
            message: &finding.message,
            remedy: &finding.remedy,
            resource: finding.resource.as_str(),
            resource_kind: finding.resource.kind().name(),
            resource_name: &finding.resource_name,
            owner: finding.owner.as_deref(),
            controls: finding.controls.iter().map(ControlId::as_str).collect(),
            seen_by: finding.seen_by.iter().map(sighting).collect(),
            first_seen: time(finding.first_seen),
            since: time(finding.since),
            last_seen: time(finding.last_seen),
            unconfirmed: finding
                .unconfirmed
                .as_ref()
                .map(|unconfirmed| V1Unconfirmed { since: time(unconfirmed.since), reason: &unconfirmed.reason }),
        }
    }
}

#[derive(Serialize)]
struct V1Transition<'a> {
    finding: &'a str,
    step: &'static str,
    at: String,
    severity: &'static str,
    note: &'a str,
}

impl<'a> V1Transition<'a> {
    fn of(transition: &'a Transition) -> Self {
        Self {
            finding: transition.finding.as_str(),
            step: transition.step.name(),
            at: time(transition.at),
            severity: transition.severity.name(),
            note: &transition.note,
        }
    }
}

#[derive(Serialize)]
struct V1Change<'a> {
    what: &'static str,
    resource: &'a str,
    resource_kind: &'static str,
    resource_name: &'a str,
    fields: Vec<V1FieldChange<'a>>,
    replaces: Option<&'a str>,
    reason: Option<&'a str>,
}

/// `null` is absent; a value that was not known is left out.
#[derive(Serialize)]
struct V1FieldChange<'a> {
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a Value>,
}

impl<'a> V1Change<'a> {
    fn of(change: &'a Change) -> Self {
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
        }
    }
}

#[derive(Serialize)]
struct V1Waiver<'a> {
    id: &'a str,
    state: &'static str,
    rule: &'a str,
    resource: &'a str,
    reason: &'a str,
    approver: &'a str,
    ticket: Option<&'a str>,
    until: NaiveDate,
    covers: usize,
}

impl<'a> V1Waiver<'a> {
    fn of(used: &'a WaiverUse) -> Self {
        let waiver = &used.waiver;
        Self {
            id: waiver.id.as_str(),
            state: used.state.name(),
            rule: waiver.rule.as_str(),
            resource: &waiver.resource,
            reason: &waiver.reason,
            approver: &waiver.approver,
            ticket: waiver.ticket.as_deref(),
            until: waiver.until,
            covers: used.covers,
        }
    }
}
