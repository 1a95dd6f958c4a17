//! One finding in full: what is wrong, since when, why it matters, how to mend it and how to check that by hand.

use super::facts::facts;
use super::layout::{Block, Ink, Look, Page, dotted, words};
use super::say;
use crate::inventory::Inventory;
use crate::model::{Acknowledgement, ControlId, Finding, Resource, ResourceId, RuleSummary, Status, Transition};

/// The texts of the rule behind a finding; empty ones are left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuleText<'a> {
    /// Why it matters.
    pub why: &'a str,
    /// How to mend it.
    pub fix: &'a str,
    /// How to see the same by hand.
    pub verify: &'a str,
    /// Where to read on.
    pub references: &'a [String],
}

/// The resource of a finding, as it was seen last.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    resource: &'a Resource,
    observed: bool,
    inventory: &'a Inventory<'a>,
}

impl<'a> Evidence<'a> {
    /// What a snapshot has about a resource; `None` if it is not there any more.
    #[must_use]
    pub fn of(id: &ResourceId, inventory: &'a Inventory<'a>) -> Option<Self> {
        let carried = || inventory.snapshot().carried.iter().find(|resource| resource.id == *id);
        let seen = inventory.get(id);
        let resource = seen.or_else(carried)?;
        Some(Self { resource, observed: seen.is_some(), inventory })
    }

    /// The resource.
    pub(super) fn resource(self) -> &'a Resource {
        self.resource
    }
}

/// What happened to a finding.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// Its steps from the first to the last.
    pub steps: &'a [Transition],
    /// Who deals with it, if somebody said so.
    pub acknowledged: Option<&'a Acknowledgement>,
}

/// One finding in full, with what is known about its resource and what happened to it.
#[must_use]
pub fn finding_detail(
    finding: &Finding,
    history: History<'_>,
    rule: RuleText<'_>,
    evidence: Option<Evidence<'_>>,
    look: Look,
) -> String {
    let mut page = Page::new(look);
    headline(&mut page, finding, history.acknowledged);
    page.blank();
    labelled(&mut page, &summary(finding));
    if let Some(evidence) = evidence {
        known(&mut page, evidence);
    }
    texts(&mut page, rule);
    steps(&mut page, history.steps);
    page.into_text()
}

/// How a finding stands, what it says, and who deals with it.
pub(super) fn headline(page: &mut Page, finding: &Finding, acknowledged: Option<&Acknowledgement>) {
    page.paragraph(
        0,
        &dotted([
            words(say::severity_ink(finding.severity), finding.severity.name()),
            words(say::status_ink(&finding.status), &standing(finding)),
            words(Ink::Dim, finding.id.as_str()),
        ]),
    );
    page.paragraph(0, &[words(Ink::Strong, &finding.message)]);
    if let Some(unconfirmed) = &finding.unconfirmed {
        let since = say::day(unconfirmed.since);
        let text = format!("Could not be looked at again since {since}: {}. It stays as it was.", unconfirmed.reason);
        page.paragraph(0, &[words(Ink::Warn, &text)]);
    }
    if let Some(Acknowledgement { by, at, until, note, .. }) = acknowledged {
        let note = note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
        let text = format!("{by} deals with it since {} and until {until}{note}", say::day(*at));
        page.paragraph(0, &[words(Ink::Plain, &text)]);
    }
}

/// What the page of a rule says.
#[derive(Debug, Clone)]
pub struct RulePage<'a> {
    /// Id, version, title, severity, controls.
    pub summary: RuleSummary,
    /// What it speaks of, in words: “credentials”, “changes of principals”.
    pub subject: String,
    /// Which of them are meant, as it is written.
    pub scope: Option<&'a str>,
    /// What must hold, as it is written.
    pub require: &'a str,
    /// The facts it depends on.
    pub needs: Vec<NeededFact<'a>>,
    /// The endpoints that tell them, by source, in the order of the sources.
    pub read_from: Vec<ReadFrom>,
    /// Name, value in force and meaning of each parameter.
    pub params: Vec<(&'a str, String, &'a str)>,
    /// Its texts.
    pub text: RuleText<'a>,
    /// The packs in which it judges.
    pub packs: Vec<String>,
    /// Its file.
    pub file: &'a str,
}

/// A fact that a rule depends on.
#[derive(Debug, Clone, Copy)]
pub struct NeededFact<'a> {
    /// The field, as the rule names it.
    pub field: &'a str,
    /// Its type, in the words of the documents.
    pub sort: &'static str,
    /// True if it may be absent.
    pub may_be_absent: bool,
    /// What it says.
    pub about: &'static str,
}

/// An endpoint that tells something a rule depends on.
#[derive(Debug, Clone)]
pub struct ReadFrom {
    /// The type of source.
    pub source: &'static str,
    /// The endpoint, as the ledger names it.
    pub endpoint: &'static str,
    /// The right that reading it takes.
    pub right: String,
}

/// One rule in full.
#[must_use]
pub fn rule_detail(rule: &RulePage<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    let summary = &rule.summary;
    page.paragraph(
        0,
        &dotted([
            words(say::severity_ink(summary.severity), summary.severity.name()),
            words(Ink::Strong, summary.id.as_str()),
            words(Ink::Dim, &format!("version {}", summary.version)),
        ]),
    );
    page.paragraph(0, &[words(Ink::Strong, &summary.title)]);
    page.blank();
    let controls: Vec<&str> = summary.controls.iter().map(ControlId::as_str).collect();
    labelled(
        &mut page,
        &[
            ("Speaks of", rule.subject.clone()),
            ("Of which", rule.scope.unwrap_or("all of them").to_owned()),
            ("Must hold", rule.require.to_owned()),
            ("Controls", controls.join(", ")),
            ("Packs", rule.packs.join(", ")),
            ("File", rule.file.to_owned()),
        ],
    );
    if !rule.params.is_empty() {
        page.heading("PARAMETERS", "");
        for (name, value, about) in &rule.params {
            page.paragraph(2, &[words(Ink::Plain, &format!("{name}: {value}  ")), words(Ink::Dim, about)]);
        }
    }
    needs(&mut page, rule);
    texts(&mut page, rule.text);
    page.into_text()
}

/// Which facts a rule depends on, and where they are read by which right.
fn needs(page: &mut Page, rule: &RulePage<'_>) {
    page.heading("FACTS IT DEPENDS ON", "");
    for need in &rule.needs {
        let absent = if need.may_be_absent { ", may be absent" } else { "" };
        let head = [words(Ink::Plain, need.field), words(Ink::Dim, &format!("({}{absent})", need.sort))];
        page.paragraph(2, &head);
        page.paragraph(4, &[words(Ink::Dim, need.about)]);
    }
    page.heading("READ FROM", "");
    let mut source = "";
    for read in &rule.read_from {
        if source != read.source {
            source = read.source;
            page.paragraph(2, &[words(Ink::Strong, source)]);
        }
        page.paragraph(4, &dotted([words(Ink::Plain, read.endpoint), words(Ink::Dim, &read.right)]));
    }
    if rule.read_from.is_empty() {
        page.paragraph(2, &[words(Ink::Warn, "No source shows any of it.")]);
    }
}

pub(super) fn standing(finding: &Finding) -> String {
    let since = say::day(finding.since);
    match &finding.status {
        Status::Open => format!("open since {since}"),
        Status::Waived(waiver) => format!("waived by {waiver} since {since}"),
        Status::Resolved(resolution) => format!("resolved on {since}: {}", resolution.text()),
    }
}

/// What a finding says of itself.
pub(super) fn summary(finding: &Finding) -> [(&'static str, String); 8] {
    let controls: Vec<&str> = finding.controls.iter().map(ControlId::as_str).collect();
    let seen: Vec<String> = finding.seen_by.iter().map(|by| format!("{} of {}", by.endpoint, by.source)).collect();
    let rule = format!("{} (version {}): {}", finding.rule, finding.rule_version, finding.title);
    let times = format!("first {}, last {}", say::minute(finding.first_seen), say::minute(finding.last_seen));
    [
        ("Rule", rule),
        ("Resource", say::named(finding.resource.kind(), &finding.resource_name)),
        ("Id", finding.resource.as_str().to_owned()),
        ("Owner", finding.owner.clone().unwrap_or_default()),
        ("Seen", times),
        (READ_FROM, seen.join("; ")),
        ("Controls", controls.join(", ")),
        ("To do first", finding.remedy.clone()),
    ]
}

/// The row of a summary that says where the resource was read.
pub(super) const READ_FROM: &str = "Read from";

/// The resource's facts, under the names that rules give them, and those that no source told.
pub(super) fn known(page: &mut Page, evidence: Evidence<'_>) {
    let beside = if evidence.observed { "" } else { "(as last seen: it was out of sight in this scan)" };
    page.heading("WHAT IS KNOWN", beside);
    let (told, untold) = facts(evidence.resource, evidence.inventory);
    labelled(page, &told);
    if !untold.is_empty() {
        page.paragraph(2, &[words(Ink::Warn, "no source told:"), words(Ink::Dim, &untold.join(", "))]);
    }
}

/// Names and values; empty values are left out.
pub(super) fn labelled(page: &mut Page, rows: &[(impl AsRef<str>, String)]) {
    let blocks: Vec<Block> = rows
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| Block {
            label: Some(words(Ink::Dim, name.as_ref())),
            head: vec![words(Ink::Plain, value)],
            ..Block::default()
        })
        .collect();
    page.blocks(blocks);
}

/// A text of a rule: its paragraphs flow, its lists keep their lines.
pub(super) fn prose(page: &mut Page, title: &str, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    page.heading(title, "");
    for paragraph in text.trim().split("\n\n") {
        let starts_entry = |line: &str| {
            let line = line.trim_start();
            line.starts_with("- ") || line.split_once(". ").is_some_and(|(n, _)| n.parse::<u8>().is_ok())
        };
        let mut flowing = String::new();
        for line in paragraph.lines() {
            if starts_entry(line) && !flowing.is_empty() {
                page.paragraph(2, &[words(Ink::Plain, &std::mem::take(&mut flowing))]);
            }
            flowing.push_str(line.trim());
            flowing.push(' ');
        }
        page.paragraph(2, &[words(Ink::Plain, &flowing)]);
    }
}

/// Why, how to mend, how to check, where to read on.
pub(super) fn texts(page: &mut Page, rule: RuleText<'_>) {
    for (title, text) in
        [("WHY IT MATTERS", rule.why), ("HOW TO MEND IT", rule.fix), ("HOW TO CHECK BY HAND", rule.verify)]
    {
        prose(page, title, text);
    }
    if !rule.references.is_empty() {
        page.heading("READ ON", "");
        for reference in rule.references {
            page.paragraph(2, &[words(Ink::Plain, reference)]);
        }
    }
}

pub(super) fn steps(page: &mut Page, history: &[Transition]) {
    if history.is_empty() {
        return;
    }
    let mut steps: Vec<&Transition> = history.iter().collect();
    steps.sort_by_key(|transition| (transition.at, transition.step));
    page.heading("HISTORY", "");
    let blocks: Vec<Block> = steps
        .iter()
        .map(|step| Block {
            label: Some(words(Ink::Dim, &say::minute(step.at))),
            head: dotted([
                words(Ink::Plain, step.step.name()),
                words(say::severity_ink(step.severity), step.severity.name()),
                words(Ink::Dim, &step.note),
            ]),
            ..Block::default()
        })
        .collect();
    page.blocks(blocks);
}
