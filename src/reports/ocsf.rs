//! Findings as OCSF 1.5 events (Compliance Finding, class 2003), one on a line, for lakes and SIEMs that take files: one event for
//! the scan, one for each finding that stands or was over with it, one for each rule, and one for each endpoint that was not read whole. A rule
//! that could not judge everything has the status Unknown, never Pass.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};

use super::morning::unseen_in_words;
use super::{Findings, Format, RenderError, Wanted, order, say};
use crate::digest::Digest;
use crate::model::{Assessment, Finding, FindingCounts, LedgerEntry, RuleSummary, Severity, Status, Step, Tally};
use crate::ocsf::{COMPLIANCE_FINDING, SCHEMA, millis, product, pruned, severity_id, severity_name};
use crate::text::{harmless, join_and, thousands};

pub(super) const FORMAT: Format = Format {
    name: "ocsf",
    extension: "ocsf.ndjson",
    media_type: "application/x-ndjson",
    summary: "for lakes and SIEMs: findings, rules and gaps as OCSF 1.5 events, one on a line",
    render: |assessment, out| stream(assessment, assessment, out),
    stream: Some(stream),
};

fn stream(assessment: &Assessment, findings: &dyn Findings, out: &mut dyn Write) -> Result<(), RenderError> {
    put(of_scan(assessment, &findings.counts()), out)?;
    findings.each(Wanted::Steps, &mut |told| match of_finding(told.finding, told.steps, assessment) {
        Some(event) => put(event, out),
        None => Ok(()),
    })?;
    for rule in order::rules(assessment) {
        put(of_rule(rule, assessment), out)?;
    }
    for entry in order::ledger(assessment).into_iter().filter(|entry| entry.is_gap()) {
        put(of_gap(entry, assessment), out)?;
    }
    Ok(())
}

fn put(event: Value, out: &mut dyn Write) -> Result<(), RenderError> {
    Ok(writeln!(out, "{}", pruned(event))?)
}

/// What became of a thing, in the numbers and words of the schema.
struct Turn {
    activity: (u32, &'static str),
    status: (u32, &'static str),
    compliance: (u32, &'static str),
}

const PASS: (u32, &str) = (1, "Pass");
const FAIL: (u32, &str) = (3, "Fail");
const UNKNOWN: (u32, &str) = (0, "Unknown");

/// `None` for what was over before this scan.
fn turn(finding: &Finding, steps: &[Step]) -> Option<Turn> {
    let (create, update, close) = ((1, "Create"), (2, "Update"), (3, "Close"));
    let is_new = steps.iter().any(|step| matches!(step, Step::Opened | Step::Reopened));
    let activity = if is_new { create } else { update };
    match finding.status {
        Status::Open if finding.unconfirmed.is_some() => {
            Some(Turn { activity, status: (1, "New"), compliance: (99, "fails as last seen, not looked at again") })
        }
        Status::Open => Some(Turn { activity, status: (1, "New"), compliance: FAIL }),
        // Somebody accepted it; it fails all the same.
        Status::Waived(_) => Some(Turn { activity, status: (3, "Suppressed"), compliance: FAIL }),
        // Over is not yet passed: what is gone, for one, passes nothing.
        Status::Resolved(_) if steps.contains(&Step::Resolved) => {
            Some(Turn { activity: close, status: (4, "Resolved"), compliance: (99, "resolved") })
        }
        Status::Resolved(_) => None,
    }
}

fn of_finding(finding: &Finding, steps: &[Step], assessment: &Assessment) -> Option<Value> {
    let turn = turn(finding, steps)?;
    let mut event = common(&turn, finding.severity, &finding.message, finding.id.as_str(), assessment);
    let sources: BTreeSet<&str> = finding.seen_by.iter().map(|by| by.source.as_str()).collect();
    let controls: Vec<&str> = finding.controls.iter().map(|control| control.as_str()).collect();
    let waiver = match &finding.status {
        Status::Waived(waiver) => Some(waiver.as_str()),
        Status::Open | Status::Resolved(_) => None,
    };
    event["finding_info"] = json!({
        "uid": finding.id.as_str(),
        "title": harmless(&finding.title),
        "desc": harmless(&finding.message),
        "types": ["finding"],
        "first_seen_time": millis(finding.first_seen),
        "last_seen_time": millis(finding.last_seen),
        "modified_time": millis(finding.since),
        "data_sources": sources,
        "analytic": analytic(finding.rule.as_str(), &finding.title),
    });
    event["compliance"] = compliance(&turn, finding.rule.as_str(), &controls);
    event["resources"] = json!([{
        "uid": harmless(finding.resource.as_str()),
        "name": harmless(&finding.resource_name),
        "type": finding.resource.kind().name(),
        "namespace": harmless(finding.resource.tenant()),
    }]);
    event["remediation"] = json!({ "desc": harmless(&finding.remedy) });
    event["unmapped"] = json!({
        "owner": finding.owner.as_deref().map(harmless),
        "rule_version": finding.rule_version,
        "waiver": waiver,
        "unconfirmed": finding.unconfirmed.as_ref().map(|unconfirmed| harmless(&unconfirmed.reason)),
    });
    Some(event)
}

/// The scan itself: Pass only if everything was seen and judged, and nothing stands open or waived.
fn of_scan(assessment: &Assessment, counts: &FindingCounts) -> Value {
    let unseen = unseen_in_words(assessment);
    let compliance_status = match (counts.all_open() + counts.waived == 0, unseen.is_empty()) {
        (false, _) => FAIL,
        (true, false) => UNKNOWN,
        (true, true) => PASS,
    };
    let turn = Turn { activity: (2, "Update"), status: (99, "Other"), compliance: compliance_status };
    let head = &assessment.head;
    let said = match unseen.as_slice() {
        [] => format!("Scan {} saw everything that was asked, and every rule could judge", head.id),
        unseen => format!("Scan {} did not see everything: {}", head.id, join_and(unseen)),
    };
    let uid = format!("scan/{}", head.id);
    let mut event = common(&turn, Severity::Info, &said, &uid, assessment);
    event["finding_info"] = json!({ "uid": uid, "title": "Scan", "desc": harmless(&said), "types": ["scan"] });
    event["compliance"] = compliance(&turn, "scan", &[]);
    event["unmapped"] = json!({
        "complete": head.complete,
        "endpoints": assessment.snapshot.ledger.len(),
        "snapshot_sha256": head.digest.to_string(),
        "waivers_applied": assessment.set_aside.is_none(),
    });
    event
}

/// How a rule fared over all that it speaks of. What fails has events of its own.
fn of_rule(rule: &RuleSummary, assessment: &Assessment) -> Value {
    let tally = assessment.tallies.get(&rule.id);
    let whole = tally.is_some_and(Tally::is_whole);
    let failed = tally.map_or(0, |tally| tally.fail);
    let compliance_status = match (whole, failed) {
        (false, 0) => UNKNOWN,
        (true, 0) => PASS,
        (_, _) => FAIL,
    };
    let turn = Turn { activity: (2, "Update"), status: (99, "Other"), compliance: compliance_status };
    let mut said = match tally {
        Some(tally) => format!(
            "{}: {} passed, {} failed, {} could not be judged",
            rule.title,
            thousands(tally.pass),
            thousands(tally.fail),
            thousands(tally.unknown)
        ),
        None => format!("{}: it did not judge", rule.title),
    };
    if tally.is_some_and(|tally| !tally.unseen.is_empty()) {
        said.push_str(", and there may be more out of sight");
    }
    let uid = format!("rule/{}", rule.id);
    let mut event = common(&turn, Severity::Info, &said, &uid, assessment);
    let controls: Vec<&str> = rule.controls.iter().map(|control| control.as_str()).collect();
    event["finding_info"] = json!({
        "uid": uid,
        "title": harmless(&rule.title),
        "desc": harmless(&said),
        "types": ["rule"],
        "analytic": analytic(rule.id.as_str(), &rule.title),
    });
    event["compliance"] = compliance(&turn, rule.id.as_str(), &controls);
    let reasons = if whole { Vec::new() } else { say::why_undecided(tally) };
    event["unmapped"] = json!({
        "passed": tally.map(|tally| tally.pass),
        "failed": tally.map(|tally| tally.fail),
        "unknown": tally.map(|tally| tally.unknown),
        "undecided": reasons.iter().map(|why| harmless(why)).collect::<Vec<_>>(),
    });
    event
}

/// That something may exist which nobody saw.
fn of_gap(entry: &LedgerEntry, assessment: &Assessment) -> Value {
    let turn = Turn { activity: (2, "Update"), status: (1, "New"), compliance: UNKNOWN };
    let said = format!("Not read whole: {}", entry.gap_text());
    let uid = format!("coverage/{}/{}", entry.source, entry.endpoint);
    let severity = if entry.is_undeclared_gap() { Severity::Medium } else { Severity::Info };
    let mut event = common(&turn, severity, &said, &uid, assessment);
    event["finding_info"] = json!({
        "uid": harmless(&uid),
        "title": "An endpoint was not read whole",
        "desc": harmless(&said),
        "types": ["coverage"],
        "data_sources": [harmless(entry.source.as_str())],
    });
    event["compliance"] = compliance(&turn, "coverage", &[]);
    event["remediation"] =
        json!({ "desc": if entry.right.is_empty() { Value::Null } else { harmless(&entry.right).into() } });
    event["unmapped"] = json!({
        "state": entry.state.name(),
        "declared": entry.declared.as_deref().map(harmless),
        "rows": entry.rows,
        "rows_expected": entry.rows_expected,
    });
    event
}

fn common(turn: &Turn, severity: Severity, message: &str, uid: &str, assessment: &Assessment) -> Value {
    let head = &assessment.head;
    let ((activity, activity_name), (status, status_name)) = (turn.activity, turn.status);
    json!({
        "class_uid": COMPLIANCE_FINDING,
        "class_name": "Compliance Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": COMPLIANCE_FINDING * 100 + activity,
        "type_name": format!("Compliance Finding: {activity_name}"),
        "severity_id": severity_id(severity),
        "severity": severity_name(severity),
        "status_id": status,
        "status": status_name,
        "time": millis(head.ended_at),
        "timezone_offset": 0,
        "message": harmless(message),
        "metadata": {
            "version": SCHEMA,
            // The same event of the same scan is the same, however often it is written.
            "uid": Digest::of(&(&head.estate, head.id, uid)).base32(26),
            "correlation_uid": format!("scan-{}", head.id),
            "tenant_uid": harmless(&head.estate),
            "log_name": "keyroll",
            "product": product(&head.tool_version),
        },
    })
}

fn compliance(turn: &Turn, rule: &str, controls: &[&str]) -> Value {
    let frameworks: BTreeSet<&str> = controls.iter().filter_map(|control| control.split(':').next()).collect();
    let (status, status_name) = turn.compliance;
    json!({
        "control": controls.first().copied().unwrap_or(rule),
        "requirements": controls,
        "standards": frameworks,
        "status_id": status,
        "status": status_name,
    })
}

fn analytic(rule: &str, title: &str) -> Value {
    json!({ "uid": rule, "name": harmless(title), "type_id": 1, "type": "Rule" })
}
