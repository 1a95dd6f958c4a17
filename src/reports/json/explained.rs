//! The JSON of a finding or a resource explained. Its shape is written down in
//! `schemas/keyroll-explanation-v1.schema.json`; within a version, fields are only added.

use serde::Serialize;
use serde_json::{Map, Value};

use super::judged::{V1Finding, V1Sighting, V1Transition, V1Waiver};
use super::seen::V1Change;
use super::visible::document;
use super::{V1Scan, time};
use crate::model::{
    Acknowledgement, Change, ControlId, Explained, LedgerEntry, Missing, Opinion, Outcome, Part, PartResult, PartRole,
    PartValue, SnapshotHead,
};
use crate::reports::RulePage;
use crate::reports::detail::Evidence;
use crate::reports::explain::{
    FindingNote, Judgement, ResourceNote, Section, Thing, entry, fitting, hidden_by, links, out_of_sight, own_gaps,
    untold,
};
use crate::reports::facts::fields;

/// The JSON Schema of an explanation.
pub const EXPLANATION_SCHEMA: &str = include_str!("../../../reports/schemas/keyroll-explanation-v1.schema.json");

/// A finding explained, for machines.
#[must_use]
pub fn finding_note_json(note: &FindingNote<'_>) -> String {
    let judgements = [("confirmed", note.confirmed), ("latest", note.today)];
    written(&V1Explanation {
        finding: Some(V1Finding::of(note.finding)),
        acknowledgement: note.history.acknowledged.map(V1Acknowledgement::of),
        history: note.history.steps.iter().map(V1Transition::of).collect(),
        waivers: fitting(note).into_iter().map(V1Waiver::of).collect(),
        rule: note.rule.as_ref().map(V1ExplainedRule::of),
        judgements: judgements
            .iter()
            .filter_map(|(when, judgement)| Some(V1Judgement::of(when, judgement.as_ref()?)))
            .collect(),
        ..V1Explanation::of("finding", &note.thing)
    })
}

/// A resource explained, for machines.
#[must_use]
pub fn resource_note_json(note: &ResourceNote<'_>) -> String {
    written(&V1Explanation {
        opinions: Some(note.opinions.iter().map(V1Opinion::of).collect()),
        other_rules: Some(note.other_rules),
        findings: Some(note.findings.iter().map(|finding| V1Finding::of(finding)).collect()),
        ..V1Explanation::of("resource", &note.thing)
    })
}

fn written(explanation: &V1Explanation<'_>) -> String {
    document(explanation) + "\n"
}

#[derive(Serialize)]
struct V1Explanation<'a> {
    keyroll_explanation: u32,
    about: &'static str,
    latest_scan: V1Scan<'a>,
    finding: Option<V1Finding<'a>>,
    acknowledgement: Option<V1Acknowledgement<'a>>,
    history: Vec<V1Transition<'a>>,
    waivers: Vec<V1Waiver<'a>>,
    rule: Option<V1ExplainedRule<'a>>,
    judgements: Vec<V1Judgement<'a>>,
    resource: V1Resource<'a>,
    opinions: Option<Vec<V1Opinion<'a>>>,
    other_rules: Option<bool>,
    findings: Option<Vec<V1Finding<'a>>>,
    sections: Vec<V1Section<'a>>,
}

impl<'a> V1Explanation<'a> {
    /// What is known of the thing itself; the rest is for whoever asks about a finding, or about the resource.
    fn of(about: &'static str, thing: &Thing<'a>) -> Self {
        Self {
            keyroll_explanation: 1,
            about,
            latest_scan: V1Scan::of(thing.latest.head),
            finding: None,
            acknowledgement: None,
            history: Vec::new(),
            waivers: Vec::new(),
            rule: None,
            judgements: Vec::new(),
            resource: V1Resource::of(thing),
            opinions: None,
            other_rules: None,
            findings: None,
            sections: thing.sections.iter().map(V1Section::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct V1Acknowledgement<'a> {
    by: &'a str,
    at: String,
    until: String,
    note: Option<&'a str>,
}

impl<'a> V1Acknowledgement<'a> {
    fn of(one: &'a Acknowledgement) -> Self {
        Self { by: &one.by, at: time(one.at), until: one.until.to_string(), note: one.note.as_deref() }
    }
}

#[derive(Serialize)]
struct V1ExplainedRule<'a> {
    id: &'a str,
    version: u32,
    title: &'a str,
    severity: &'static str,
    judges_changes: bool,
    controls: Vec<&'a str>,
    scope: Option<&'a str>,
    require: &'a str,
    params: Vec<V1Param<'a>>,
    why: &'a str,
    fix: &'a str,
    verify: &'a str,
    references: &'a [String],
}

#[derive(Serialize)]
struct V1Param<'a> {
    name: &'a str,
    value: &'a str,
    about: &'a str,
}

impl<'a> V1ExplainedRule<'a> {
    fn of(rule: &'a RulePage<'a>) -> Self {
        let summary = &rule.summary;
        Self {
            id: summary.id.as_str(),
            version: summary.version,
            title: &summary.title,
            severity: summary.severity.name(),
            judges_changes: summary.on_change,
            controls: summary.controls.iter().map(ControlId::as_str).collect(),
            scope: rule.scope,
            require: rule.require,
            params: rule.params.iter().map(|(name, value, about)| V1Param { name, value, about }).collect(),
            why: rule.text.why,
            fix: rule.text.fix,
            verify: rule.text.verify,
            references: rule.text.references,
        }
    }
}

#[derive(Serialize)]
struct V1Judgement<'a> {
    /// `confirmed` or `latest`.
    when: &'static str,
    scan: V1Scan<'a>,
    /// True if the rule was changed since: then this is what it says now of what was seen then.
    other_rule: bool,
    opinion: Option<V1Opinion<'a>>,
    scope: Option<V1Part<'a>>,
    require: Option<V1Part<'a>>,
    severity_when: Vec<V1SeverityWhen<'a>>,
}

#[derive(Serialize)]
struct V1SeverityWhen<'a> {
    severity: &'static str,
    condition: V1Part<'a>,
}

impl<'a> V1Judgement<'a> {
    fn of(when: &'static str, judgement: &Judgement<'a>) -> Self {
        let explained: Option<&'a Explained> = judgement.explained;
        Self {
            when,
            scan: V1Scan::of(judgement.sight.head),
            other_rule: judgement.other_rule,
            opinion: explained.map(|explained| V1Opinion::of(&explained.opinion)),
            scope: explained.and_then(|explained| explained.scope.as_ref()).map(V1Part::of),
            require: explained.map(|explained| V1Part::of(&explained.require)),
            severity_when: explained
                .into_iter()
                .flat_map(|explained| &explained.severity)
                .map(|(part, severity)| V1SeverityWhen { severity: severity.name(), condition: V1Part::of(part) })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct V1Opinion<'a> {
    rule: &'a str,
    outcome: &'static str,
    severity: Option<&'static str>,
    message: Option<&'a str>,
    reason: Option<&'a str>,
    missing: Option<V1Missing<'a>>,
}

impl<'a> V1Opinion<'a> {
    fn of(opinion: &'a Opinion) -> Self {
        let (outcome, severity, message, reason) = match &opinion.outcome {
            Outcome::Pass => ("pass", None, None, None),
            Outcome::NotApplicable => ("not-applicable", None, None, None),
            Outcome::Fail(failure) => ("fail", Some(failure.severity.name()), Some(failure.message.as_str()), None),
            Outcome::Unknown(reason) => ("unknown", None, None, Some(&**reason)),
        };
        let missing = opinion.missing.as_ref().map(V1Missing::of);
        Self { rule: opinion.rule.as_str(), outcome, severity, message, reason, missing }
    }
}

/// What keeps something from being told.
#[derive(Serialize)]
struct V1Missing<'a> {
    field: &'a str,
    reason: &'a str,
    /// True if there is no such thing; false if nobody told.
    absent: bool,
    behind: Vec<V1Sighting<'a>>,
}

impl<'a> V1Missing<'a> {
    fn of(missing: &'a Missing) -> Self {
        Self {
            field: &missing.path,
            reason: &missing.words,
            absent: missing.nothing,
            behind: missing.behind.iter().map(V1Sighting::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct V1Part<'a> {
    text: &'a str,
    role: &'static str,
    /// The entry of a list that it is about.
    entry: Option<&'a str>,
    /// `true`, `false`, `unknown`, `value` or `none`.
    result: &'static str,
    value: Option<Value>,
    missing: Option<V1Missing<'a>>,
    decides: bool,
    parts: Vec<V1Part<'a>>,
    left_out: usize,
}

impl<'a> V1Part<'a> {
    fn of(part: &'a Part) -> Self {
        let (role, entry) = match &part.role {
            PartRole::AllOf => ("all-of", None),
            PartRole::AnyOf => ("any-of", None),
            PartRole::Not => ("not", None),
            PartRole::Test => ("test", None),
            PartRole::AnyEntry => ("any-entry", None),
            PartRole::EveryEntry => ("every-entry", None),
            PartRole::Entry(entry) => ("entry", Some(entry.as_str())),
            PartRole::Value => ("value", None),
        };
        let (result, value, missing) = match &part.result {
            PartResult::True => ("true", None, None),
            PartResult::False => ("false", None, None),
            PartResult::Unknown(missing) => ("unknown", None, Some(V1Missing::of(missing))),
            PartResult::Value(value) => ("value", Some(plain(value)), None),
            PartResult::Nothing => ("none", None, None),
        };
        Self {
            text: &part.text,
            role,
            entry,
            result,
            value,
            missing,
            decides: part.decides,
            parts: part.parts.iter().map(Self::of).collect(),
            left_out: part.left_out,
        }
    }
}

fn plain(value: &PartValue) -> Value {
    match value {
        PartValue::Bool(yes) => Value::from(*yes),
        PartValue::Int(number) => Value::from(*number),
        PartValue::Time(at) => Value::from(time(*at)),
        PartValue::Text(text) => Value::from(text.as_str()),
        PartValue::Texts(entries) => Value::from(entries.as_slice()),
    }
}

#[derive(Serialize)]
struct V1Resource<'a> {
    id: &'a str,
    kind: &'static str,
    form: Option<&'a str>,
    name: Option<&'a str>,
    /// The scan of which the facts are.
    seen_in: Option<V1Scan<'a>>,
    /// Why the latest scan has it not.
    out_of_sight: Option<String>,
    /// By the names that rules give them; `null` is absent.
    facts: Map<String, Value>,
    /// Those that no source told.
    untold: Vec<String>,
    read_from: Vec<V1ReadFrom<'a>>,
    /// Endpoints that showed it and could not be read in the latest scan, where it is out of sight.
    hidden_by: Vec<V1Gap<'a>>,
    /// Endpoints behind which untold facts may be.
    gaps: Vec<V1Gap<'a>>,
    neighbours: Vec<V1Neighbour>,
    first_known_in: Option<String>,
    changes: Vec<V1SeenChange<'a>>,
}

impl<'a> V1Resource<'a> {
    fn of(thing: &Thing<'a>) -> Self {
        let evidence = thing.seen.and_then(|seen| Some((seen, Evidence::of(thing.id, seen.inventory)?.resource())));
        let resource = evidence.map(|(_, resource)| resource);
        let told = resource.map(fields).unwrap_or_default();
        let sightings = evidence.into_iter().flat_map(|(seen, resource)| {
            resource.seen_by.iter().map(move |by| V1ReadFrom {
                by: V1Sighting::of(by),
                entry: entry(by, seen.inventory.coverage()).map(V1Entry::of),
            })
        });
        let neighbours = evidence.into_iter().flat_map(|(seen, resource)| {
            links(resource).into_iter().map(move |(field, id)| V1Neighbour {
                field,
                name: seen.inventory.get(&id).map(|other| other.title().to_owned()),
                id: id.as_str().to_owned(),
            })
        });
        Self {
            id: thing.id.as_str(),
            kind: thing.id.kind().name(),
            form: resource.and_then(|resource| resource.body.form()),
            name: resource.map(|resource| resource.name.as_str()).filter(|name| !name.is_empty()),
            seen_in: evidence.map(|(seen, _)| V1Scan::of(seen.head)),
            out_of_sight: out_of_sight(thing),
            facts: told,
            untold: untold(thing),
            read_from: sightings.collect(),
            hidden_by: hidden_by(thing).into_iter().map(V1Gap::of).collect(),
            gaps: own_gaps(thing).into_iter().map(V1Gap::of).collect(),
            neighbours: neighbours.collect(),
            first_known_in: thing.first.map(|head| head.id.to_string()),
            changes: thing.changes.iter().map(V1SeenChange::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct V1ReadFrom<'a> {
    #[serde(flatten)]
    by: V1Sighting<'a>,
    /// `null` if the endpoint was not asked in the scan of which the facts are.
    entry: Option<V1Entry<'a>>,
}

#[derive(Serialize)]
struct V1Entry<'a> {
    path: &'a str,
    state: &'static str,
    rows: u64,
    started_at: String,
    ended_at: String,
}

impl<'a> V1Entry<'a> {
    fn of(entry: &'a LedgerEntry) -> Self {
        Self {
            path: &entry.path,
            state: entry.state.name(),
            rows: entry.rows,
            started_at: time(entry.started_at),
            ended_at: time(entry.ended_at),
        }
    }
}

#[derive(Serialize)]
struct V1Gap<'a> {
    source: &'a str,
    endpoint: &'a str,
    path: &'a str,
    state: &'static str,
    reason: &'a str,
    right: &'a str,
    declared: Option<&'a str>,
}

impl<'a> V1Gap<'a> {
    fn of(entry: &'a LedgerEntry) -> Self {
        Self {
            source: entry.source.as_str(),
            endpoint: &entry.endpoint,
            path: &entry.path,
            state: entry.state.name(),
            reason: &entry.reason,
            right: &entry.right,
            declared: entry.declared.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct V1Neighbour {
    field: String,
    id: String,
    /// `null` if it was not seen.
    name: Option<String>,
}

#[derive(Serialize)]
struct V1SeenChange<'a> {
    snapshot: String,
    at: String,
    #[serde(flatten)]
    change: V1Change<'a>,
}

impl<'a> V1SeenChange<'a> {
    fn of((head, change): &'a (SnapshotHead, Change)) -> Self {
        Self { snapshot: head.id.to_string(), at: time(head.started_at), change: V1Change::of(change) }
    }
}

#[derive(Serialize)]
struct V1Section<'a> {
    title: &'a str,
    lines: &'a [String],
}

impl<'a> V1Section<'a> {
    fn of(section: &'a Section) -> Self {
        Self { title: &section.title, lines: &section.lines }
    }
}
