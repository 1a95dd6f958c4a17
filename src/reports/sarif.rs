//! Findings as SARIF 2.1.0 (OASIS), for pipelines and code hosts.
//!
//! Open and waived findings are results; what was resolved by the scan is a result that is absent. A rule that could not judge
//! everything has a result of the kind `open` (§3.27.9), and every gap is a notification of the run, so that a log without
//! failures cannot be taken for a clean estate. A resource has no file: its id is told as a logical location and as a relative
//! address under `estate/`, since some readers leave out results without one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::json::{time, write_document};
use super::{Format, RenderError, order, say};
use crate::model::{
    Assessment, ControlId, Finding, FindingId, LedgerEntry, ResourceId, RuleSummary, Severity, Status, Step, Tally,
    WaiverId, WaiverUse,
};
use crate::text;

pub(super) const FORMAT: Format = Format {
    name: "sarif",
    extension: "sarif",
    media_type: "application/sarif+json",
    summary: "for pipelines and code hosts: findings as SARIF 2.1.0, what could not be seen among them",
    render,
    stream: None,
};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

fn render(assessment: &Assessment, out: &mut dyn std::io::Write) -> Result<(), RenderError> {
    write_document(&log(assessment), out)
}

fn log(assessment: &Assessment) -> Value {
    let rules = Rules::of(assessment);
    let steps = assessment.steps();
    let waivers: BTreeMap<&WaiverId, &WaiverUse> =
        assessment.waivers.iter().map(|used| (&used.waiver.id, used)).collect();
    let told = |finding: &Finding| {
        let mut result = result(finding, steps.get(&finding.id).map_or(&[], Vec::as_slice), &rules)?;
        if let Status::Waived(id) = &finding.status {
            result.insert("suppressions".to_owned(), json!([suppression(waivers.get(id).copied())]));
        }
        Some(Value::Object(result))
    };
    let mut results: Vec<Value> = order::findings(assessment).into_iter().filter_map(told).collect();
    results.extend(rules.all.iter().filter_map(|rule| undecided(rule, assessment, &rules)));
    let gaps: Vec<&LedgerEntry> = order::ledger(assessment).into_iter().filter(|entry| entry.is_gap()).collect();
    let head = &assessment.head;
    let invocation = json!({
        "executionSuccessful": head.complete,
        "startTimeUtc": time(head.started_at),
        "endTimeUtc": time(head.ended_at),
        "toolExecutionNotifications": gaps.iter().map(|entry| notification(entry)).collect::<Vec<_>>(),
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "keyroll",
                "semanticVersion": head.tool_version,
                "rules": rules.all.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
                "notifications": [{
                    "id": "not-read-whole",
                    "shortDescription": { "text": "An endpoint was not read whole" },
                    "fullDescription": {
                        "text": "Behind a gap there may be more than the results tell. Nothing there was judged clean."
                    },
                }],
            }},
            "automationDetails": { "id": format!("keyroll/{}/{}", encoded(&head.estate), head.id) },
            "invocations": [invocation],
            "results": results,
            "columnKind": "unicodeCodePoints",
            "properties": {
                "estate": head.estate,
                "snapshot": head.id.to_string(),
                "snapshotSha256": head.digest.to_string(),
                "complete": head.complete,
                "waiversApplied": assessment.set_aside.is_none(),
            },
        }],
    })
}

/// The rules with their places, those that judged and those that only findings name.
struct Rules<'a> {
    all: Vec<&'a RuleSummary>,
    at: BTreeMap<&'a str, usize>,
}

impl<'a> Rules<'a> {
    fn of(assessment: &'a Assessment) -> Self {
        let all = order::rules(assessment);
        let at = all.iter().enumerate().map(|(at, rule)| (rule.id.as_str(), at)).collect();
        Self { all, at }
    }
}

fn descriptor(rule: &RuleSummary) -> Value {
    let tags: Vec<&str> = rule.controls.iter().map(ControlId::as_str).collect();
    json!({
        "id": rule.id.as_str(),
        "shortDescription": { "text": rule.title },
        "help": { "text": rule.remedy },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": tags, "security-severity": score(rule.severity), "version": rule.version },
    })
}

/// A finding as a result; `None` for what was over before.
fn result(finding: &Finding, steps: &[Step], rules: &Rules<'_>) -> Option<Map<String, Value>> {
    let took = |wanted: &[Step]| steps.iter().any(|step| wanted.contains(step));
    let state = match &finding.status {
        Status::Resolved(_) if took(&[Step::Resolved]) => "absent",
        Status::Resolved(_) => return None,
        _ if took(&[Step::Opened, Step::Reopened]) => "new",
        _ if took(&[Step::Worsened]) => "updated",
        _ => "unchanged",
    };
    let mut result = at(finding.rule.as_str(), &finding.resource, &finding.resource_name, rules);
    result.insert("kind".to_owned(), json!("fail"));
    result.insert("level".to_owned(), json!(level(finding.severity)));
    result.insert("message".to_owned(), json!({ "text": finding.message }));
    result.insert("baselineState".to_owned(), json!(state));
    result.insert("partialFingerprints".to_owned(), json!({ "keyrollFinding/v1": finding.id.as_str() }));
    result.insert("properties".to_owned(), properties(finding));
    Some(result)
}

fn properties(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.name(),
        "security-severity": score(finding.severity),
        "status": finding.status.name(),
        "firstSeen": time(finding.first_seen),
        "lastSeen": time(finding.last_seen),
        "owner": finding.owner,
        "remedy": finding.remedy,
        "couldNotBeConfirmed": finding.unconfirmed.as_ref().map(|unconfirmed| &unconfirmed.reason),
    })
}

fn suppression(used: Option<&WaiverUse>) -> Value {
    let justification = used.map_or_else(String::new, |used| {
        let waiver = &used.waiver;
        format!("{}: {}; approved by {} until {}", waiver.id, waiver.reason, waiver.approver, waiver.until)
    });
    json!({ "kind": "external", "status": "accepted", "justification": justification })
}

/// That a rule could not judge everything.
fn undecided(rule: &RuleSummary, assessment: &Assessment, rules: &Rules<'_>) -> Option<Value> {
    let tally = assessment.tallies.get(&rule.id);
    if tally.is_some_and(Tally::is_whole) {
        return None;
    }
    let reasons = say::why_undecided(tally);
    let said = format!("Could not judge everything: {}.", reasons.join("; "));
    let id = FindingId::of(&rule.id, &ResourceId::new("keyroll", crate::model::Kind::Setting, "unknown"));
    Some(json!({
        "ruleId": rule.id.as_str(),
        "ruleIndex": rules.at.get(rule.id.as_str()),
        "kind": "open",
        "level": "none",
        "message": { "text": text::shorten(&said, 1000) },
        "partialFingerprints": { "keyrollUnknown/v1": id.as_str() },
    }))
}

fn at(rule: &str, resource: &ResourceId, name: &str, rules: &Rules<'_>) -> Map<String, Value> {
    let address: Vec<String> = resource.as_str().split('/').map(encoded).collect();
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(rule));
    if let Some(index) = rules.at.get(rule) {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    let location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": format!("estate/{}", address.join("/")) },
            "region": { "startLine": 1 },
        },
        "logicalLocations": [{
            "name": name,
            "fullyQualifiedName": resource.as_str(),
            "kind": "resource",
        }],
    });
    result.insert("locations".to_owned(), json!([location]));
    result
}

fn notification(entry: &LedgerEntry) -> Value {
    let declared = entry.declared.as_ref().map_or_else(String::new, |why| format!(" Declared as a blind spot: {why}."));
    let said = format!("{} of {}: {}, {}.{declared}", entry.endpoint, entry.source, entry.state.name(), entry.reason);
    let level = if entry.is_undeclared_gap() { "error" } else { "warning" };
    json!({
        "descriptor": { "id": "not-read-whole", "index": 0 },
        "level": level,
        "message": { "text": said },
        "timeUtc": time(entry.ended_at),
    })
}

/// The level of a severity: SARIF has three.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The number by which code hosts sort: the middle of the band that they give the same name.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.0",
    }
}

/// One part of an address: what is no letter, digit, dot, line or tilde is written as its bytes.
fn encoded(part: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    part.bytes().map(letter).collect()
}
