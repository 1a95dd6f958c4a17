//! One finding in full: what is wrong, since when, why it matters, how to mend it and how to check that by hand.

use super::layout::{Block, Ink, Look, Page, dotted, words};
use super::say;
use crate::model::{ControlId, Finding, Status, Transition};

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

/// One finding in full, with its steps from the first to the last.
#[must_use]
pub fn finding_detail(finding: &Finding, history: &[Transition], rule: RuleText<'_>, look: Look) -> String {
    let mut page = Page::new(look);
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
    page.blank();
    facts(&mut page, finding);
    for (title, text) in
        [("WHY IT MATTERS", rule.why), ("HOW TO MEND IT", rule.fix), ("HOW TO CHECK BY HAND", rule.verify)]
    {
        prose(&mut page, title, text);
    }
    if !rule.references.is_empty() {
        page.heading("READ ON", "");
        for reference in rule.references {
            page.paragraph(2, &[words(Ink::Plain, reference)]);
        }
    }
    steps(&mut page, history);
    page.into_text()
}

fn standing(finding: &Finding) -> String {
    let since = say::day(finding.since);
    match &finding.status {
        Status::Open => format!("open since {since}"),
        Status::Waived(waiver) => format!("waived by {waiver} since {since}"),
        Status::Resolved(resolution) => format!("resolved on {since}: {}", resolution.text()),
    }
}

fn facts(page: &mut Page, finding: &Finding) {
    let controls: Vec<&str> = finding.controls.iter().map(ControlId::as_str).collect();
    let seen: Vec<String> = finding.seen_by.iter().map(|by| format!("{} of {}", by.endpoint, by.source)).collect();
    let rule = format!("{} (version {}): {}", finding.rule, finding.rule_version, finding.title);
    let times = format!("first {}, last {}", say::minute(finding.first_seen), say::minute(finding.last_seen));
    let rows = [
        ("Rule", rule),
        ("Resource", say::named(finding.resource.kind(), &finding.resource_name)),
        ("Id", finding.resource.as_str().to_owned()),
        ("Owner", finding.owner.clone().unwrap_or_default()),
        ("Seen", times),
        ("Read from", seen.join("; ")),
        ("Controls", controls.join(", ")),
        ("To do first", finding.remedy.clone()),
    ];
    let blocks: Vec<Block> = rows
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| Block {
            label: Some(words(Ink::Dim, name)),
            head: vec![words(Ink::Plain, value)],
            ..Block::default()
        })
        .collect();
    page.blocks(&blocks);
}

/// A text of a rule: its paragraphs flow, its lists keep their lines.
fn prose(page: &mut Page, title: &str, text: &str) {
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

fn steps(page: &mut Page, history: &[Transition]) {
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
    page.blocks(&blocks);
}
