//! How the JSON report tells what was judged: rules, findings and their steps, waivers.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::time;
use crate::model::{
    Accepted, ControlId, Finding, Lapse, Resolution, RuleSummary, Sighting, Status, Tally, Transition, WaiverUse,
};

#[derive(Serialize)]
pub(super) struct V1Rule<'a> {
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
pub(super) struct V1Tally<'a> {
    pass: usize,
    fail: usize,
    not_applicable: usize,
    unknown: usize,
    unknown_reasons: &'a BTreeMap<String, usize>,
    out_of_sight: Vec<V1Unseen<'a>>,
}

#[derive(Serialize)]
pub(super) struct V1Unseen<'a> {
    source: &'a str,
    endpoint: &'a str,
    reason: &'a str,
}

impl<'a> V1Rule<'a> {
    pub(super) fn of(rule: &'a RuleSummary, tally: Option<&'a Tally>) -> Self {
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
    pub(super) fn of(tally: &'a Tally) -> Self {
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
pub(super) struct V1Finding<'a> {
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
pub(super) struct V1Sighting<'a> {
    source: &'a str,
    endpoint: &'a str,
}

impl<'a> V1Sighting<'a> {
    pub(super) fn of(by: &'a Sighting) -> Self {
        Self { source: by.source.as_str(), endpoint: &by.endpoint }
    }
}

#[derive(Serialize)]
pub(super) struct V1Unconfirmed<'a> {
    since: String,
    reason: &'a str,
}

impl<'a> V1Finding<'a> {
    pub(super) fn of(finding: &'a Finding) -> Self {
        let (waiver, resolution) = match &finding.status {
            Status::Open => (None, None),
            Status::Waived(waiver) => (Some(waiver.as_str()), None),
            Status::Resolved(resolution) => (None, Some(resolution_word(*resolution))),
        };
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
            seen_by: finding.seen_by.iter().map(V1Sighting::of).collect(),
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
pub(super) struct V1Transition<'a> {
    finding: &'a str,
    step: &'static str,
    at: String,
    severity: &'static str,
    note: &'a str,
}

impl<'a> V1Transition<'a> {
    pub(super) fn of(transition: &'a Transition) -> Self {
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
pub(super) struct V1Waiver<'a> {
    id: &'a str,
    state: &'static str,
    rule: &'a str,
    resource: &'a str,
    reason: &'a str,
    approver: &'a str,
    ticket: Option<&'a str>,
    until: NaiveDate,
    covers: usize,
    accepted: Vec<V1Accepted<'a>>,
    void_for: Vec<V1Lapse<'a>>,
    unchecked: Vec<V1Lapse<'a>>,
    too_broad: bool,
    never_seen: bool,
}

#[derive(Serialize)]
struct V1Accepted<'a> {
    resource: &'a str,
    digest: String,
    facts: &'a [String],
}

#[derive(Serialize)]
struct V1Lapse<'a> {
    resource: &'a str,
    why: &'a [String],
}

impl<'a> V1Waiver<'a> {
    pub(super) fn of(used: &'a WaiverUse) -> Self {
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
            accepted: waiver.accepted.iter().map(V1Accepted::of).collect(),
            void_for: used.void_for.iter().map(V1Lapse::of).collect(),
            unchecked: used.unchecked.iter().map(V1Lapse::of).collect(),
            too_broad: used.too_broad,
            never_seen: used.never_seen,
        }
    }
}

impl<'a> V1Accepted<'a> {
    fn of(accepted: &'a Accepted) -> Self {
        Self { resource: accepted.resource.as_str(), digest: accepted.digest(), facts: &accepted.facts }
    }
}

impl<'a> V1Lapse<'a> {
    fn of(lapse: &'a Lapse) -> Self {
        Self { resource: lapse.resource.as_str(), why: &lapse.why }
    }
}

fn resolution_word(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Fixed => "fixed",
        Resolution::ResourceGone => "resource-gone",
        Resolution::Rotated => "rotated",
        Resolution::RuleRetired => "rule-retired",
        Resolution::AcceptedInBaseline => "accepted-in-baseline",
    }
}
