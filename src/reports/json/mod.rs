//! The report for machines: one JSON document with a version. Its shape is written down in
//! `schemas/keyroll-report-v1.schema.json`; within a version, fields are only added.
//!
//! The shape has its own types, filled from the assessment while it is written, so a large report is never held twice.

mod explained;
mod judged;
mod lines;
mod posture;
mod seen;
mod told;
mod visible;

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

pub use self::explained::{EXPLANATION_SCHEMA, finding_note_json, resource_note_json};
use self::judged::{V1Rule, V1Waiver};
pub(super) use self::lines::FORMAT as LINES;
pub(super) use self::posture::V1Framework;
pub(super) use self::seen::V1Change;
use self::seen::V1Coverage;
use self::told::{EachFinding, EachSetAside, EachStep, Source};
pub(super) use self::visible::{document, write_document};
use super::{Findings, Format, RenderError, order};
use crate::model::{
    Assessment, Baseline, Change, FindingCounts, RuleSummary, Severity, SnapshotHead, SourceName, Tally, WaiverUse,
};

/// The JSON Schema of the report.
pub const JSON_SCHEMA: &str = include_str!("../../../reports/schemas/keyroll-report-v1.schema.json");

pub(super) const FORMAT: Format = Format {
    name: "json",
    extension: "json",
    media_type: "application/json",
    summary: "for machines: scan, coverage, findings, changes, rules, waivers and controls in one versioned document",
    render: |assessment, out| stream(assessment, assessment, out),
    stream: Some(stream),
};

fn stream(assessment: &Assessment, findings: &dyn Findings, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let source = Source::new(findings);
    let written = write_document(&V1Report::of(assessment, &source), out);
    // A document can only say that it could not be written; why is with the source.
    written.map_err(|error| source.failed().unwrap_or(error))
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
    findings: EachFinding<'a>,
    transitions: EachStep<'a>,
    changes: Each<'a, Change, V1Change<'a>>,
    waivers: Each<'a, WaiverUse, V1Waiver<'a>>,
    waivers_applied: bool,
    waivers_set_aside: EachSetAside<'a>,
    frameworks: Vec<V1Framework<'a>>,
}

impl<'a> V1Report<'a> {
    fn of(assessment: &'a Assessment, source: &'a Source<'a>) -> Self {
        Self {
            keyroll_report: 1,
            scan: V1Scan::of(&assessment.head),
            compared_with: assessment.previous.as_ref().map(V1Scan::of),
            baseline: assessment.baseline.as_ref().map(V1Baseline::of),
            counts: V1Counts::of(assessment, &source.findings.counts()),
            open_findings_trend: &assessment.trend,
            coverage: V1Coverage::of(assessment),
            rules: order::rules(assessment)
                .into_iter()
                .map(|rule| V1Rule::of(rule, assessment.tallies.get(&rule.id)))
                .collect(),
            findings: EachFinding(source),
            transitions: EachStep(source),
            changes: Each(order::changes(assessment), V1Change::of),
            waivers: Each(order::waivers(assessment), V1Waiver::of),
            waivers_applied: assessment.set_aside.is_none(),
            waivers_set_aside: EachSetAside(source),
            frameworks: assessment.postures.iter().map(V1Framework::of).collect(),
        }
    }
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[derive(Serialize)]
pub(super) struct V1Scan<'a> {
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
    pub(super) fn of(head: &'a SnapshotHead) -> Self {
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
    fn of(assessment: &Assessment, counts: &FindingCounts) -> Self {
        let open_with = |severity| counts.open.get(&severity).copied().unwrap_or(0);
        let whole = |rule: &RuleSummary| assessment.tallies.get(&rule.id).is_some_and(Tally::is_whole);
        Self {
            open: counts.all_open(),
            open_by_severity: Severity::ALL.into_iter().map(|level| (level.name(), open_with(level))).collect(),
            waived: counts.waived,
            resolved: counts.resolved,
            unconfirmed: counts.unconfirmed,
            rules: assessment.rules.len(),
            rules_not_whole: assessment.rules.iter().filter(|rule| !whole(rule)).count(),
        }
    }
}
