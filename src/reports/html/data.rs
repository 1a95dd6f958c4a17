//! The findings of the page, as data that the page's script shows, written one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::HtmlReport;
use super::shown::shown;
use crate::inventory::Inventory;
use crate::model::{
    Body, ControlId, Finding, FindingId, Kind, Resource, ResourceId, RuleId, RuleSummary, Severity, Status, Transition,
    WaiverUse,
};
use crate::reports::facts::Facts;
use crate::reports::{order, say};

/// Findings that one page has; beyond that a browser gets slow. The worst come first, and the page counts the others.
pub(super) const MOST: usize = 20_000;

/// The findings that the page has, the worst first: those that are open or waived, and those that were over with this scan.
pub(super) fn shown_findings<'a>(report: &HtmlReport<'a>) -> (Vec<&'a Finding>, usize) {
    let steps = report.assessment.steps();
    let fits = |finding: &&Finding| match finding.status {
        Status::Open | Status::Waived(_) => true,
        Status::Resolved(_) => steps.contains_key(&finding.id),
    };
    let mut findings: Vec<&Finding> = order::findings(report.assessment).into_iter().filter(fits).collect();
    // What is open is left out last.
    findings.sort_by_key(|finding| finding.status != Status::Open);
    let left_out = findings.len().saturating_sub(MOST);
    findings.truncate(MOST);
    (findings, left_out)
}

/// Writes the data as one JSON object that is safe within an element of a page.
pub(super) fn write(report: &HtmlReport<'_>, findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    let assessment = report.assessment;
    let steps = assessment.steps();
    let waivers: BTreeMap<&str, &WaiverUse> =
        assessment.waivers.iter().map(|used| (used.waiver.id.as_str(), used)).collect();
    let set_aside = assessment.set_aside.as_ref();
    let mut subjects = Subjects { inventory: report.inventory, integrations: BTreeMap::new() };
    out.write_all(b"{\"findings\":[")?;
    for (at, finding) in findings.iter().enumerate() {
        separate(at, out)?;
        let is_new = steps.get(&finding.id).is_some_and(|steps| steps.iter().any(|step| step.calls()));
        let waiver = match &finding.status {
            Status::Waived(id) => Some(id.as_str()),
            Status::Open | Status::Resolved(_) => {
                set_aside.and_then(|aside| aside.get(&finding.id)).map(|id| id.as_str())
            }
        };
        let waiver = waiver.map(|id| waiver_words(id, waivers.get(id).copied()));
        let history = report.histories.get(&finding.id).map(Vec::as_slice).unwrap_or_default();
        let row = Row::of(finding, is_new, waiver, history, subjects.integrations_of(&finding.resource));
        put(&row, out)?;
    }
    out.write_all(b"],\"resources\":{")?;
    let facts = Facts::new();
    let ids: BTreeSet<&ResourceId> = findings.iter().map(|finding| &finding.resource).collect();
    let known = ids.iter().filter_map(|id| Some((*id, resource(report, &facts, id)?)));
    for (at, (id, known)) in known.enumerate() {
        separate(at, out)?;
        put(id.as_str(), out)?;
        out.write_all(b":")?;
        put(&known, out)?;
    }
    out.write_all(b"},\"rules\":{")?;
    let summaries: BTreeMap<&RuleId, &RuleSummary> = assessment.rules.iter().map(|rule| (&rule.id, rule)).collect();
    let rules: BTreeSet<&RuleId> = findings.iter().map(|finding| &finding.rule).collect();
    for (at, id) in rules.into_iter().enumerate() {
        separate(at, out)?;
        put(id.as_str(), out)?;
        out.write_all(b":")?;
        put(&RuleView::of(id, summaries.get(id).copied(), report), out)?;
    }
    out.write_all(b"}}")
}

fn separate(at: usize, out: &mut dyn Write) -> io::Result<()> {
    if at > 0 { out.write_all(b",\n") } else { Ok(()) }
}

/// Writes a value in which every text is as it may be shown, and no letter can end the element or begin another.
fn put<T: Serialize + ?Sized>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    let value = serde_json::to_value(value).map_err(io::Error::other)?;
    let text = serde_json::to_string(&all_shown(value)).map_err(io::Error::other)?;
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        let (before, from) = rest.split_at(at);
        let letter = from.chars().next().expect("internal: a letter was found there");
        write!(out, "{before}\\u{:04x}", u32::from(letter))?;
        rest = from.strip_prefix(letter).unwrap_or_default();
    }
    out.write_all(rest.as_bytes())
}

fn all_shown(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(shown(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(all_shown).collect()),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, all_shown(value))).collect(),
        other => other,
    }
}

fn waiver_words(id: &str, used: Option<&WaiverUse>) -> String {
    used.map_or_else(
        || id.to_owned(),
        |used| {
            let waiver = &used.waiver;
            format!("{id}: {}. Approved by {}, until {}.", waiver.reason, waiver.approver, waiver.until)
        },
    )
}

/// A finding. Short names, since there may be many: the script has the same list.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    short: &'a str,
    /// The place of its severity, the worst first.
    severity: usize,
    status: &'static str,
    new: bool,
    message: &'a str,
    rule: &'a str,
    resource: &'a str,
    name: &'a str,
    kind: &'static str,
    owner: Option<&'a str>,
    integrations: Vec<String>,
    sources: Vec<&'a str>,
    first: String,
    since: String,
    last: String,
    remedy: &'a str,
    unconfirmed: Option<String>,
    waiver: Option<String>,
    history: Vec<[String; 3]>,
}

impl<'a> Row<'a> {
    fn of(
        finding: &'a Finding,
        new: bool,
        waiver: Option<String>,
        history: &[Transition],
        integrations: Vec<String>,
    ) -> Self {
        let mut sources: Vec<&str> = finding.seen_by.iter().map(|by| by.source.as_str()).collect();
        sources.dedup();
        let unconfirmed = finding.unconfirmed.as_ref().map(|unconfirmed| {
            format!("Could not be looked at again since {}: {}", say::day(unconfirmed.since), unconfirmed.reason)
        });
        Self {
            id: finding.id.as_str(),
            short: finding.id.short(),
            severity: Severity::ALL.iter().position(|one| *one == finding.severity).unwrap_or_default(),
            status: finding.status.name(),
            new,
            message: &finding.message,
            rule: finding.rule.as_str(),
            resource: finding.resource.as_str(),
            name: &finding.resource_name,
            kind: finding.resource.kind().name(),
            owner: finding.owner.as_deref(),
            integrations,
            sources,
            first: say::day(finding.first_seen),
            since: say::day(finding.since),
            last: say::minute(finding.last_seen),
            remedy: &finding.remedy,
            unconfirmed,
            waiver,
            history: history
                .iter()
                .map(|step| [say::minute(step.at), step.step.name().to_owned(), step.note.clone()])
                .collect(),
        }
    }
}

/// What is known about the resource of a finding.
#[derive(Serialize)]
struct Known {
    /// False if it was out of sight, and is told as it was seen last.
    observed: bool,
    facts: Vec<(String, String)>,
    untold: Vec<String>,
    /// By which steps it gets at the worst that it may do.
    chain: Vec<Link>,
    /// Of how many places it may do what; empty for what is neither an account nor a credential.
    reach: String,
}

/// One step of a chain.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) sort: &'static str,
    pub(super) words: String,
}

fn resource(report: &HtmlReport<'_>, facts: &Facts, id: &ResourceId) -> Option<Known> {
    let inventory = report.inventory;
    let seen = inventory.get(id);
    let resource = seen.or_else(|| inventory.snapshot().known(id))?;
    let (facts, untold) = facts.of(resource, inventory);
    let (chain, reach) = seen.map(|seen| chain(inventory, seen)).unwrap_or_default();
    Some(Known { observed: seen.is_some(), facts, untold, chain, reach })
}

/// The way to the worst that an account or a credential may do; of anything else, whose it is and what it is in.
fn chain(inventory: &Inventory<'_>, resource: &Resource) -> (Vec<Link>, String) {
    let Some(subject) = inventory.snapshot().get(&resource.id) else { return Default::default() };
    if !matches!(subject.kind(), Kind::Principal | Kind::Credential) {
        let holder = resource.holder().map(|id| Link { sort: "account", words: inventory.name(id).to_owned() });
        let itself = Link { sort: subject.kind().name(), words: subject.title().to_owned() };
        let place = resource.place().and_then(|id| inventory.get(id));
        let place = place.map(|place| Link { sort: "container", words: crate::inventory::access::place(place) });
        let links: Vec<Link> = holder.into_iter().chain([itself]).chain(place).collect();
        return (if links.len() > 1 { links } else { Vec::new() }, String::new());
    }
    let access = inventory.access();
    let Some(extent) = access.extent(subject) else { return Default::default() };
    let links = access.gravest_steps(subject, extent);
    let links = links.into_iter().map(|step| Link { sort: step.sort.name(), words: step.words }).collect();
    (links, crate::reports::explain::reach_words(extent.breadth()))
}

#[derive(Serialize)]
struct RuleView<'a> {
    title: &'a str,
    version: u32,
    controls: Vec<&'a str>,
    why: &'a str,
    fix: &'a str,
    verify: &'a str,
    references: &'a [String],
}

impl<'a> RuleView<'a> {
    fn of(id: &'a RuleId, summary: Option<&'a RuleSummary>, report: &HtmlReport<'a>) -> Self {
        let text = report.rules.get(id).copied().unwrap_or_default();
        Self {
            title: summary.map_or(id.as_str(), |summary| &summary.title),
            version: summary.map_or(0, |summary| summary.version),
            controls: summary.map(|one| one.controls.iter().map(ControlId::as_str).collect()).unwrap_or_default(),
            why: text.why,
            fix: text.fix,
            verify: text.verify,
            references: text.references,
        }
    }
}

/// Which integrations a finding is about.
struct Subjects<'a, 'i> {
    inventory: &'i Inventory<'a>,
    /// By account.
    integrations: BTreeMap<ResourceId, Vec<String>>,
}

impl Subjects<'_, '_> {
    /// The integrations that the register declares for the account behind a resource, and those that were recognised on it.
    fn integrations_of(&mut self, id: &ResourceId) -> Vec<String> {
        let Some(resource) = self.inventory.get(id) else { return Vec::new() };
        let account = match &resource.body {
            Body::Integration(_) => return vec![resource.title().to_owned()],
            Body::Principal(_) => Some(id),
            _ => resource.holder(),
        };
        let Some(account) = account else { return Vec::new() };
        if let Some(known) = self.integrations.get(account) {
            return known.clone();
        }
        let found = super::systems::integrations_on(self.inventory, account);
        self.integrations.insert(account.clone(), found.clone());
        found
    }
}

/// The steps of every finding, by finding.
pub type Histories = BTreeMap<FindingId, Vec<Transition>>;
