//! What notices say: the title in one line, what happened in a sentence or two, and one effect for each thing. Channels
//! put this into their own form and add no words of their own about what happened.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::cause::{Cause, Root};
use super::occasion::Occasion;
use super::routing::Routing;
use crate::inventory::Inventory;
use crate::model::{
    CauseId, Change, Effect, FieldChange, Finding, FindingId, LedgerEntry, ResourceId, Severity, SourceName, Status,
    Step, Transition, What,
};
use crate::text::{harmless, join_and, plural, shorten};

/// Columns of a name before it is cut.
const NAME: usize = 60;
/// Columns of a sentence before it is cut.
const SENTENCE: usize = 300;
/// Fields of a change that a sentence names.
const FIELDS: usize = 3;

/// A finding and its step as one effect of a notice.
pub(super) fn effect(finding: &Finding, transition: &Transition, routing: &Routing) -> Effect {
    let what = match transition.step {
        Step::Opened => "new",
        Step::Reopened => "back",
        Step::Worsened => "worse",
        Step::Resolved => "over",
        Step::Waived => "waived",
        Step::WaiverEnded => "no longer waived",
    };
    Effect { what: what.to_owned(), note: harmless(&transition.note), ..standing(finding, routing) }
}

/// A finding as it stands, as one effect of a notice.
pub(super) fn standing(finding: &Finding, routing: &Routing) -> Effect {
    let mut sources: Vec<SourceName> = finding.seen_by.iter().map(|seen| seen.source.clone()).collect();
    sources.sort_unstable();
    sources.dedup();
    let over = matches!(finding.status, Status::Resolved(_));
    Effect {
        what: "open".to_owned(),
        severity: finding.severity,
        text: shorten(&harmless(&finding.message), SENTENCE),
        note: finding.unconfirmed.as_ref().map_or_else(String::new, |_| "could not be looked at again".to_owned()),
        remedy: if over { String::new() } else { shorten(&harmless(&finding.remedy), SENTENCE) },
        finding: Some(finding.id.clone()),
        rule: Some(finding.rule.clone()),
        rule_title: finding.title.clone(),
        controls: finding.controls.clone(),
        resource: Some(finding.resource.clone()),
        resource_name: shorten(&harmless(&finding.resource_name), NAME),
        owner: finding.owner.as_deref().map(|owner| shorten(&harmless(owner), NAME)),
        environments: routing.environments_of(&sources),
        sources,
        since: Some(finding.first_seen),
        link: link(&finding.id, routing),
    }
}

/// Where or how to read on about a finding.
fn link(finding: &FindingId, routing: &Routing) -> String {
    match &routing.link {
        Some(address) => address.replace("{finding}", finding.as_str()),
        None => format!("keyroll findings show {}", finding.short()),
    }
}

/// How to see the findings of one cause.
pub(super) fn see_cause(cause: &CauseId) -> String {
    format!("keyroll findings --cause {cause}")
}

/// How to see all findings.
pub(super) const SEE_FINDINGS: &str = "keyroll findings";

/// The title of a cause and what happened, for the effects that a route picked.
pub(super) fn of_cause(
    cause: &Cause<'_>,
    effects: &[&Effect],
    total: usize,
    occasion: &Occasion<'_>,
) -> (String, Vec<String>) {
    let over = !cause.raises();
    let happened = happened(cause, occasion);
    let title = match (effects, total) {
        ([one], 1) if over => format!("Over: {}", one.text),
        ([one], 1) => one.text.clone(),
        _ if over => format!("{} over: {}", plural(total, "finding is", "findings are"), first_text(effects)),
        _ => match &happened {
            Some(happened) => format!("{happened}: {}", plural(total, "finding", "findings")),
            None => format!("{} and {} more", first_text(effects), total - 1),
        },
    };
    let mut lead = Vec::new();
    if let Some(happened) = happened {
        lead.push(format!("{happened}."));
    }
    if total > 1 {
        let raised = cause.steps.iter().filter(|(_, transition)| transition.step.calls()).count();
        if !over && raised > 0 {
            lead.push(format!(
                "This brought about {}: {}.",
                plural(total, "finding", "findings"),
                by_severity(effects)
            ));
        }
    }
    (shorten(&title, SENTENCE), lead)
}

fn first_text<'a>(effects: &'a [&Effect]) -> &'a str {
    effects.first().map_or("", |effect| &effect.text)
}

/// “2 critical, 5 high and 1 low”.
pub(super) fn by_severity(effects: &[&Effect]) -> String {
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for effect in effects {
        *counts.entry(effect.severity).or_default() += 1;
    }
    let words: Vec<String> = counts.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
    join_and(&words)
}

/// What happened to the root of a cause, without a full stop; `None` if nothing is known to have happened to it.
fn happened(cause: &Cause<'_>, occasion: &Occasion<'_>) -> Option<String> {
    match cause.root {
        Root::FirstScan => Some(format!("{} was scanned for the first time", occasion.estate)),
        Root::Rule(rule) => Some(format!("Rule {rule} is new or judges otherwise than before")),
        Root::Source(source) => Some(format!("Source {source} was read for the first time")),
        Root::Resource(resource) => {
            let at = occasion.changes.binary_search_by(|change| change.resource.cmp(resource)).ok();
            let change = at.and_then(|at| occasion.changes.get(at));
            change.map_or_else(
                || named_holder(cause, resource, occasion.inventory),
                |change| told(change, occasion.inventory),
            )
        }
        Root::Earlier => None,
    }
}

/// Several findings that hang on one account or group share it in their message.
fn named_holder(cause: &Cause<'_>, resource: &ResourceId, inventory: &Inventory<'_>) -> Option<String> {
    let elsewhere = cause.steps.iter().any(|(finding, _)| finding.resource != *resource);
    elsewhere.then(|| format!("Of {}", quoted(resource, inventory)))
}

/// `principal “Ada Muster”`.
fn quoted(resource: &ResourceId, inventory: &Inventory<'_>) -> String {
    format!("{} “{}”", resource.kind().name(), shorten(&harmless(inventory.name(resource)), NAME))
}

/// A change in words: `principal “Ada Muster” changed (status: active → deactivated)`.
fn told(change: &Change, inventory: &Inventory<'_>) -> Option<String> {
    let name = if change.name.is_empty() { change.resource.native() } else { &change.name };
    let what = format!("The {} “{}”", change.resource.kind().name(), shorten(&harmless(name), NAME));
    match change.what {
        What::Added => Some(format!("{what} is new")),
        What::FirstSeen => Some(format!("{what} was seen for the first time")),
        What::Removed => Some(format!("{what} is gone")),
        What::Rotated => Some(format!("{what} replaces another one")),
        What::NotObserved => None,
        What::Changed => {
            // What has parts of its own is not told in a sentence, unless nothing else changed.
            let (plain, nested): (Vec<_>, Vec<_>) = change
                .fields
                .iter()
                .partition(|field| is_plain(field.before.as_ref()) && is_plain(field.after.as_ref()));
            let told = |field: &&FieldChange| {
                let [before, after] = [&field.before, &field.after].map(|value| words(value.as_ref(), inventory));
                format!("{}: {before} → {after}", field.field.replace('_', " "))
            };
            let fields: Vec<String> = plain.iter().take(FIELDS).map(told).collect();
            let more = plain.len() + nested.len() - fields.len();
            let said = match (fields.is_empty(), more) {
                (true, _) => join_and(&nested.iter().map(|field| field.field.replace('_', " ")).collect::<Vec<_>>()),
                (false, 0) => fields.join("; "),
                (false, more) => format!("{} and {}", fields.join("; "), plural(more, "other field", "other fields")),
            };
            Some(format!("{what} changed ({said})"))
        }
    }
}

/// True if a value has no parts with names of their own.
fn is_plain(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Object(_)) => false,
        Some(Value::Array(values)) => values.iter().all(|value| is_plain(Some(value))),
        None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => true,
    }
}

/// A value as a person reads it.
fn words(value: Option<&Value>, inventory: &Inventory<'_>) -> String {
    let text = match value {
        None => "unknown".to_owned(),
        Some(Value::Null) => "none".to_owned(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::String(text)) => match (ResourceId::parse(text), text.parse::<DateTime<Utc>>()) {
            (Some(id), _) => inventory.name(&id).to_owned(),
            (None, Ok(at)) => at.format("%-d %b %Y %H:%M UTC").to_string(),
            (None, Err(_no_time)) => text.clone(),
        },
        Some(Value::Array(values)) if values.is_empty() => "empty".to_owned(),
        Some(Value::Array(values)) => {
            let each: Vec<String> = values.iter().map(|value| words(Some(value), inventory)).collect();
            each.join(", ")
        }
        Some(other) => other.to_string(),
    };
    shorten(&harmless(&text), NAME)
}

/// The title and the text about many old facts that are told as a sum.
pub(super) fn of_adoption(cause: &Cause<'_>, effects: &[&Effect], occasion: &Occasion<'_>) -> (String, Vec<String>) {
    let happened = happened(cause, occasion).unwrap_or_default();
    let title = format!("{happened}: {}", plural(effects.len(), "finding", "findings"));
    let mut lead = vec![format!(
        "{happened}, and {} open: {}.",
        plural(effects.len(), "finding stands", "findings stand"),
        by_severity(effects)
    )];
    let why = match cause.root {
        Root::FirstScan => "What was found is old. From the next scan on you hear of what changes.",
        Root::Rule(_) => "What it found is old and did not change tonight, so nobody is called for it.",
        Root::Source(_) | Root::Resource(_) | Root::Earlier => {
            "What was found there may be old, so nobody is called for it."
        }
    };
    lead.push(why.to_owned());
    (title, lead)
}

/// A gap as one effect of a notice.
pub(super) fn gap(entry: &LedgerEntry, routing: &Routing) -> Effect {
    let sources = vec![entry.source.clone()];
    Effect {
        what: entry.state.name().to_owned(),
        severity: Severity::High,
        text: shorten(&harmless(&entry.gap_text()), SENTENCE),
        note: String::new(),
        remedy: if entry.right.is_empty() { String::new() } else { format!("To see it: {}", entry.right) },
        finding: None,
        rule: None,
        rule_title: String::new(),
        controls: Vec::new(),
        resource: None,
        resource_name: entry.endpoint.to_string(),
        owner: None,
        environments: routing.environments_of(&sources),
        sources,
        since: None,
        link: "keyroll coverage".to_owned(),
    }
}

/// “Sun 22 Nov 2026, 02:00 UTC”.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%a %-d %b %Y, %H:%M UTC").to_string()
}
