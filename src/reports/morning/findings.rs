//! Findings that came up, those that are settled, and the summary of a first scan.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{LONGEST, SHOWN, and_more};
use crate::model::{Assessment, Finding, FindingId, RuleId, Severity, Status, Step, Transition};
use crate::reports::layout::{Block, Ink, Page, Words, dotted, words};
use crate::reports::{order, say};
use crate::text;

/// Findings of one rule in a section before they are only counted.
const SHOWN_OF_RULE: usize = 3;
/// Rules of a first scan that are told with names and what to do.
const IN_FULL: usize = 5;

/// New, reopened, worsened, and no longer covered by a waiver.
pub(super) fn came_up(page: &mut Page, assessment: &Assessment) {
    let since = assessment.previous.as_ref().map_or_else(String::new, |previous| {
        format!("NEW SINCE {}", previous.started_at.format("%a %-d %b, %H:%M").to_string().to_uppercase())
    });
    section(page, assessment, Step::Opened, &since);
    section(page, assessment, Step::Reopened, "REOPENED");
    section(page, assessment, Step::Worsened, "WORSENED");
    section(page, assessment, Step::WaiverEnded, "NO LONGER WAIVED");
}

/// Resolved and newly waived.
pub(super) fn settled(page: &mut Page, assessment: &Assessment) {
    settled_section(page, assessment, Step::Resolved, "RESOLVED");
    settled_section(page, assessment, Step::Waived, "NEWLY WAIVED");
}

/// The findings that took a step, worst first, each with the last such step. What was found and waived in one scan
/// counts as waived alone.
pub(super) fn that_took(assessment: &Assessment, step: Step) -> Vec<(&Finding, &Transition)> {
    let steps: BTreeMap<&FindingId, &Transition> = order::transitions(assessment)
        .into_iter()
        .filter(|transition| transition.step == step)
        .map(|transition| (&transition.finding, transition))
        .collect();
    let only_waived = |finding: &Finding| {
        matches!(step, Step::Opened | Step::Reopened) && matches!(finding.status, Status::Waived(_))
    };
    order::findings(assessment)
        .into_iter()
        .filter(|finding| !only_waived(finding))
        .filter_map(|finding| Some((finding, *steps.get(&finding.id)?)))
        .collect()
}

fn section(page: &mut Page, assessment: &Assessment, step: Step, title: &str) {
    let found = that_took(assessment, step);
    if found.is_empty() {
        return;
    }
    page.heading(title, &format!("({})", text::thousands(found.len())));
    let mut of_rule: BTreeMap<&RuleId, usize> = BTreeMap::new();
    let mut blocks = Vec::new();
    for (finding, transition) in &found {
        let before = of_rule.entry(&finding.rule).or_default();
        if *before < SHOWN_OF_RULE && blocks.len() < SHOWN {
            blocks.push(block(finding, transition, *before == 0));
        }
        *before += 1;
    }
    let shown = blocks.len();
    page.blocks(blocks);
    and_more(page, found.len() - shown, "keyroll findings");
}

/// A finding: what is wrong; whose it is and what happened; what to do, said once for findings of one rule.
fn block(finding: &Finding, transition: &Transition, with_remedy: bool) -> Block {
    // What the message says already is not said again.
    let resource = say::named(finding.resource.kind(), &finding.resource_name);
    let resource = if finding.message.contains(&finding.resource_name) { "" } else { &resource };
    let owner = finding.owner.as_deref().filter(|owner| *owner != finding.resource_name);
    let owner = owner.map_or_else(String::new, |owner| format!("owner {owner}"));
    let about = dotted([resource, &owner, &transition.note].map(|part| words(Ink::Dim, &text::shorten(part, LONGEST))));
    let mut details = vec![about];
    if with_remedy && !finding.remedy.is_empty() {
        details.push(vec![words(Ink::Action, &format!("→ {}", text::shorten(&finding.remedy, LONGEST)))]);
    }
    Block {
        label: Some(severity_label(finding.severity)),
        head: vec![words(Ink::Plain, &text::shorten(&finding.message, LONGEST))],
        id: Some(finding.id.short().to_owned()),
        details,
    }
}

fn severity_label(severity: Severity) -> Words {
    words(say::severity_ink(severity), severity.name())
}

fn settled_section(page: &mut Page, assessment: &Assessment, step: Step, title: &str) {
    let found = that_took(assessment, step);
    if found.is_empty() {
        return;
    }
    page.heading(title, &format!("({})", text::thousands(found.len())));
    let blocks: Vec<Block> = found
        .iter()
        .take(SHOWN)
        .map(|(finding, transition)| Block {
            label: Some(severity_label(finding.severity)),
            head: dotted([
                words(Ink::Plain, &text::shorten(&finding.message, LONGEST)),
                words(Ink::Good, &how_settled(finding, transition)),
            ]),
            id: Some(finding.id.short().to_owned()),
            details: Vec::new(),
        })
        .collect();
    let shown = blocks.len();
    page.blocks(blocks);
    and_more(page, found.len() - shown, "keyroll findings --all");
}

fn how_settled(finding: &Finding, transition: &Transition) -> String {
    match (&finding.status, transition.note.is_empty()) {
        (_, false) => transition.note.clone(),
        (Status::Resolved(resolution), true) => resolution.text().to_owned(),
        (Status::Waived(waiver), true) => format!("waiver {waiver}"),
        (Status::Open, true) => String::new(),
    }
}

/// Instead of a wall: each rule once, worst and most frequent first, and only the worst with names and what to do.
pub(super) fn first_scan(page: &mut Page, assessment: &Assessment) {
    let mut by_rule: BTreeMap<(Severity, &RuleId), Vec<&Finding>> = BTreeMap::new();
    for finding in order::findings(assessment).into_iter().filter(|finding| finding.status == Status::Open) {
        by_rule.entry((finding.severity, &finding.rule)).or_default().push(finding);
    }
    if by_rule.is_empty() {
        return;
    }
    let mut groups: Vec<_> = by_rule.into_iter().collect();
    groups.sort_by_key(|((severity, rule), findings)| (Reverse(*severity), Reverse(findings.len()), *rule));
    page.heading("WHAT STANDS OPEN", &format!("by rule ({})", text::thousands(groups.len())));
    let (shown, hidden) = groups.split_at(groups.len().min(2 * SHOWN));
    let blocks = shown.iter().enumerate().map(|(at, (_, findings))| group(findings, at < IN_FULL));
    page.blocks(blocks);
    and_more(page, hidden.iter().map(|(_, findings)| findings.len()).sum(), "keyroll findings");
}

fn group(findings: &[&Finding], in_full: bool) -> Block {
    let Some(first) = findings.first() else { return Block::default() };
    let mut names: Vec<String> =
        findings.iter().take(SHOWN_OF_RULE).map(|finding| text::shorten(&finding.resource_name, 40)).collect();
    if findings.len() > names.len() {
        names.push(format!("{} more", text::thousands(findings.len() - names.len())));
    }
    let details = vec![
        vec![words(Ink::Dim, &text::join_and(&names))],
        vec![words(Ink::Action, &format!("→ {}", text::shorten(&first.remedy, LONGEST)))],
    ];
    let times = if findings.len() > 1 { format!("× {}", text::thousands(findings.len())) } else { String::new() };
    Block {
        label: Some(severity_label(first.severity)),
        head: vec![words(Ink::Plain, &text::shorten(&first.title, LONGEST)), words(Ink::Strong, &times)],
        id: (findings.len() == 1).then(|| first.id.short().to_owned()),
        details: if in_full { details } else { Vec::new() },
    }
}
