//! The same as the JSON report, one record on a line: for whatever reads streams. Each record says what it is.

use std::io::{self, Write};

use serde::Serialize;

use super::judged::{V1Finding, V1Rule, V1Transition, V1Waiver};
use super::seen::{V1Change, V1Endpoint};
use super::visible::write_line;
use super::{V1Baseline, V1Counts, V1Framework, V1Scan};
use crate::model::Assessment;
use crate::reports::{Findings, Format, RenderError, Wanted, order};

pub(in crate::reports) const FORMAT: Format = Format {
    name: "ndjson",
    extension: "ndjson",
    media_type: "application/x-ndjson",
    summary: "for streams: the records of the JSON report, one on a line, each with its type",
    render: |assessment, out| stream(assessment, assessment, out),
    stream: Some(stream),
};

/// One line. The fields of a record are those that the JSON report has for it.
#[derive(Serialize)]
struct Line<'a, T> {
    keyroll_record: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    snapshot: &'a str,
    record: T,
}

/// What the scan is, so that nobody takes the rest for the whole.
#[derive(Serialize)]
struct Scan<'a> {
    scan: V1Scan<'a>,
    compared_with: Option<V1Scan<'a>>,
    baseline: Option<V1Baseline<'a>>,
    counts: V1Counts,
    waivers_applied: bool,
}

fn stream(assessment: &Assessment, findings: &dyn Findings, out: &mut dyn Write) -> Result<(), RenderError> {
    let mut out = io::BufWriter::new(out);
    let snapshot = assessment.head.id.to_string();
    let mut lines = Lines { out: &mut out, snapshot: &snapshot };
    lines.write(
        "scan",
        Scan {
            scan: V1Scan::of(&assessment.head),
            compared_with: assessment.previous.as_ref().map(V1Scan::of),
            baseline: assessment.baseline.as_ref().map(V1Baseline::of),
            counts: V1Counts::of(assessment, &findings.counts()),
            waivers_applied: assessment.set_aside.is_none(),
        },
    )?;
    for entry in order::ledger(assessment) {
        lines.write("endpoint", V1Endpoint::of(entry, assessment))?;
    }
    for rule in order::rules(assessment) {
        lines.write("rule", V1Rule::of(rule, assessment.tallies.get(&rule.id)))?;
    }
    findings.each(Wanted::FindingsAlone, &mut |told| lines.write("finding", V1Finding::of(told.finding)))?;
    findings.each_step(&mut |step| lines.write("transition", V1Transition::of(step)))?;
    for change in order::changes(assessment) {
        lines.write("change", V1Change::of(change))?;
    }
    for used in order::waivers(assessment) {
        lines.write("waiver", V1Waiver::of(used))?;
    }
    for framework in &assessment.postures {
        lines.write("framework", V1Framework::of(framework))?;
    }
    Ok(out.flush()?)
}

struct Lines<'a, W> {
    out: &'a mut W,
    snapshot: &'a str,
}

impl<W: Write> Lines<'_, W> {
    fn write(&mut self, kind: &'static str, record: impl Serialize) -> Result<(), RenderError> {
        let line = Line { keyroll_record: 1, kind, snapshot: self.snapshot, record };
        write_line(&line, self.out)?;
        Ok(self.out.write_all(b"\n")?)
    }
}
