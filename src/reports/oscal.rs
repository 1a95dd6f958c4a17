//! How the estate stands towards the controls of each framework as OSCAL assessment results (NIST, version 1.1.2), for tools of
//! governance: a result for each framework, a finding for each control, an observation for each finding of a rule and for each gap.
//!
//! Satisfied is only what was judged whole and is met. What was not fully assessed, what is waived and what somebody has to look at by
//! hand is not satisfied, with the reason `other` and what it is in words.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::{time, write_document};
use super::{Format, RenderError, controls, order};
use crate::digest::Digest;
use crate::model::{
    Assessment, ControlId, ControlPosture, Finding, FindingId, FrameworkPosture, LedgerEntry, PostureState, RuleId,
    Status,
};
use crate::text::harmless;

pub(super) const FORMAT: Format = Format {
    name: "oscal",
    extension: "oscal.json",
    media_type: "application/json",
    summary: "for tools of governance: controls, findings and gaps as OSCAL assessment results",
    render,
    stream: None,
};

const OSCAL: &str = "1.1.2";
/// Names what properties of ours mean.
const NAMESPACE: &str = "urn:keyroll:oscal:1";

fn render(assessment: &Assessment, out: &mut dyn std::io::Write) -> Result<(), RenderError> {
    write_document(&document(assessment), out)
}

fn document(assessment: &Assessment) -> Value {
    let head = &assessment.head;
    let ids = Ids { estate: &head.estate, scan: head.id.to_string() };
    let found = standing(assessment);
    let result = |posture| result(posture, assessment, &found, &ids);
    let results: Vec<Value> = assessment.postures.iter().map(result).collect();
    json!({ "assessment-results": {
        "uuid": ids.of("document", ""),
        "metadata": {
            "title": harmless(&format!("keyroll: {}, scan {}", head.estate, head.id)),
            "last-modified": time(head.ended_at),
            "version": head.id.to_string(),
            "oscal-version": OSCAL,
            "props": props(&[
                ("snapshot-sha256", head.digest.to_string()),
                ("tool-version", head.tool_version.clone()),
                ("complete", if head.complete { "yes" } else { "no" }.to_owned()),
                ("waivers-applied", if assessment.set_aside.is_none() { "yes" } else { "no" }.to_owned()),
            ]),
        },
        "import-ap": { "href": "#", "remarks": "keyroll judges by its rules; there is no assessment plan as a document." },
        "results": results,
    }})
}

/// Ids that are the same whenever the same scan is written: UUIDs of version 5 (RFC 9562) in a name space of ours.
struct Ids<'a> {
    estate: &'a str,
    scan: String,
}

impl Ids<'_> {
    fn of(&self, what: &str, name: &str) -> String {
        let digest = Digest::of(&("oscal", self.estate, &self.scan, what, name));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.as_bytes()[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x50;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut uuid = String::with_capacity(36);
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                uuid.push('-');
            }
            uuid.push_str(&format!("{byte:02x}"));
        }
        uuid
    }
}

/// The findings of each rule that are open or waived: all of them, where a posture names but the first.
type Standing<'a> = BTreeMap<&'a RuleId, Vec<&'a Finding>>;

fn standing(assessment: &Assessment) -> Standing<'_> {
    let mut found = Standing::new();
    for finding in assessment.findings.iter().filter(|finding| !matches!(finding.status, Status::Resolved(_))) {
        found.entry(&finding.rule).or_default().push(finding);
    }
    found
}

/// The findings of a control's rules, by id.
fn of_control<'a>(control: &ControlPosture, found: &Standing<'a>) -> BTreeMap<&'a FindingId, &'a Finding> {
    let of_rules = control.rules.iter().filter_map(|rule| found.get(rule));
    of_rules.flatten().map(|finding| (&finding.id, *finding)).collect()
}

fn result(posture: &FrameworkPosture, assessment: &Assessment, found: &Standing<'_>, ids: &Ids<'_>) -> Value {
    let head = &assessment.head;
    let findings: BTreeMap<&FindingId, &Finding> =
        posture.controls.iter().flat_map(|control| of_control(control, found)).collect();
    let mut observations: Vec<Value> =
        findings.values().map(|finding| of_finding(finding, &posture.id, assessment, ids)).collect();
    let gaps = order::ledger(assessment).into_iter().filter(|entry| entry.is_gap());
    observations.extend(gaps.map(|entry| of_gap(entry, &posture.id, assessment, ids)));
    let controls: Vec<Value> =
        posture.controls.iter().map(|control| json!({ "control-id": token(&control.id) })).collect();
    let mut result = json!({
        "uuid": ids.of("result", &posture.id),
        "title": posture.title,
        "description": format!(
            "What rules saw of {} {}. Rules see a part of what a control asks for: satisfied is no certificate.",
            posture.title, posture.version
        ),
        "start": time(head.started_at),
        "end": time(head.ended_at),
        "reviewed-controls": { "control-selections": [if controls.is_empty() {
            json!({ "include-all": {} })
        } else {
            json!({ "include-controls": controls })
        }] },
        "findings": posture.controls.iter().map(|control| finding(control, found, &posture.id, ids)).collect::<Vec<_>>(),
    });
    // A list that is empty must not be there.
    if !observations.is_empty() {
        result["observations"] = observations.into();
    }
    if posture.controls.is_empty() {
        result.as_object_mut().map(|fields| fields.remove("findings"));
    }
    result
}

/// How the estate stands towards a control.
fn finding(control: &ControlPosture, found: &Standing<'_>, framework: &str, ids: &Ids<'_>) -> Value {
    let (state, reason) = match control.state {
        PostureState::Met => ("satisfied", "pass"),
        PostureState::NotMet => ("not-satisfied", "fail"),
        PostureState::NotFullyAssessed | PostureState::MetButWaived | PostureState::Manual => {
            ("not-satisfied", "other")
        }
    };
    let about = of_control(control, found);
    let (open, waived): (Vec<&Finding>, Vec<&Finding>) =
        about.into_values().partition(|finding| finding.status == Status::Open);
    let related: Vec<Value> = open
        .into_iter()
        .chain(waived)
        .map(|finding| json!({ "observation-uuid": ids.of(framework, finding.id.as_str()) }))
        .collect();
    let said = format!("{}. {}", control.state.words(), controls::why(control));
    let mut finding = json!({
        "uuid": ids.of("control", control.id.as_str()),
        "title": control.id.as_str(),
        "description": if control.gist.is_empty() { control.id.as_str() } else { &control.gist },
        "target": {
            "type": "objective-id",
            "target-id": token(&control.id),
            "status": { "state": state, "reason": reason, "remarks": harmless(&said) },
        },
    });
    if !related.is_empty() {
        finding["related-observations"] = related.into();
    }
    finding
}

fn of_finding(finding: &Finding, framework: &str, assessment: &Assessment, ids: &Ids<'_>) -> Value {
    let waiver = match &finding.status {
        Status::Waived(waiver) => waiver.to_string(),
        Status::Open | Status::Resolved(_) => String::new(),
    };
    let unconfirmed = finding.unconfirmed.as_ref().map_or("", |unconfirmed| unconfirmed.reason.as_str());
    json!({
        "uuid": ids.of(framework, finding.id.as_str()),
        "title": some(&finding.title, finding.rule.as_str()),
        "description": some(&finding.message, finding.rule.as_str()),
        "methods": ["TEST"],
        "types": ["finding"],
        "subjects": [{
            "subject-uuid": ids.of("resource", finding.resource.as_str()),
            "type": "resource",
            "title": some(&finding.resource_name, finding.resource.native()),
            "props": props(&[("id", finding.resource.as_str().to_owned())]),
        }],
        "props": props(&[
            ("finding", finding.id.to_string()),
            ("rule", finding.rule.to_string()),
            ("severity", finding.severity.name().to_owned()),
            ("status", finding.status.name().to_owned()),
            ("waiver", waiver),
            ("unconfirmed", unconfirmed.to_owned()),
        ]),
        "collected": time(assessment.head.started_at),
        "remarks": some(&finding.remedy, "-"),
    })
}

fn of_gap(entry: &LedgerEntry, framework: &str, assessment: &Assessment, ids: &Ids<'_>) -> Value {
    let name = format!("{}/{}", entry.source, entry.endpoint);
    json!({
        "uuid": ids.of(framework, &format!("gap/{name}")),
        "title": "An endpoint was not read whole",
        "description": harmless(&format!("{}. Behind it there may be more than was judged.", entry.gap_text())),
        "methods": ["TEST"],
        "types": ["coverage-gap"],
        "props": props(&[
            ("source", entry.source.to_string()),
            ("endpoint", entry.endpoint.to_string()),
            ("state", entry.state.name().to_owned()),
            ("declared", entry.declared.clone().unwrap_or_default()),
        ]),
        "collected": time(assessment.head.started_at),
    })
}

/// Properties that have a value; the schema takes no empty ones.
fn props(pairs: &[(&str, String)]) -> Value {
    let said = pairs.iter().filter(|(_, value)| !value.trim().is_empty());
    said.map(|(name, value)| json!({ "name": name, "ns": NAMESPACE, "value": line(value) })).collect()
}

/// A value on one line, without space around it.
fn line(text: &str) -> String {
    harmless(text).trim().to_owned()
}

fn some(text: &str, otherwise: &str) -> String {
    let text = line(text);
    if text.is_empty() { line(otherwise) } else { text }
}

/// A control as a token of OSCAL: `nist-800-53:AC-2(1)` is `ac-2.1`, as the catalogue of NIST calls it; any other begins with its
/// framework.
fn token(control: &ControlId) -> String {
    let plain = |text: &str| -> String {
        let kept =
            |letter: char| if letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_') { letter } else { '-' };
        text.chars().map(kept).collect()
    };
    match control.as_str().split_once(':') {
        Some(("nist-800-53", id)) => plain(&id.to_lowercase().replace('(', ".").replace(')', "")),
        Some((framework, id)) => format!("{}-{}", plain(framework), plain(id)),
        None => plain(control.as_str()),
    }
}
