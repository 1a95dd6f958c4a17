//! What nobody could see, and what that leaves open: the part of the morning view that keeps the rest honest.

use std::collections::{BTreeMap, BTreeSet};

use super::{LONGEST, and_more};
use crate::model::{Assessment, EndpointState, LedgerEntry, RuleId, RuleSummary, Tally, Unseen, in_plain_words};
use crate::reports::layout::{Block, Ink, Look, Page, Words, dotted, words};
use crate::reports::{order, say};
use crate::text;

/// Reasons and places that a line names before it only counts them.
const EXAMPLES: usize = 3;
/// Sorts of resource without a source that are named before they are only counted.
const NAMED: usize = 9;

/// “61 of 63 endpoints proven complete · 1 could not be read whole · 1 declared blind spot”.
pub(super) fn coverage_line(assessment: &Assessment) -> Vec<Words> {
    let ledger = &assessment.snapshot.ledger;
    if ledger.is_empty() {
        return vec![words(Ink::Alarm, "No endpoint was asked: nothing was seen.")];
    }
    let gaps = ledger.iter().filter(|entry| entry.is_gap()).count();
    let undeclared = ledger.iter().filter(|entry| entry.is_undeclared_gap()).count();
    let proven = if gaps == 0 {
        words(Ink::Good, &format!("{} proven complete", text::plural(ledger.len(), "endpoint", "endpoints")))
    } else {
        let read = text::thousands(ledger.len() - gaps);
        words(Ink::Warn, &format!("{read} of {} proven complete", text::plural(ledger.len(), "endpoint", "endpoints")))
    };
    let mut parts = vec![proven];
    if undeclared > 0 {
        parts.push(words(Ink::Bad, &format!("{} not read whole", text::thousands(undeclared))));
    }
    if gaps > undeclared {
        parts.push(words(Ink::Warn, &text::plural(gaps - undeclared, "declared blind spot", "declared blind spots")));
    }
    dotted(parts)
}

/// Everything that stands against calling a scan clean, in parts of a sentence. Empty only if nothing does.
pub(in crate::reports) fn unseen_in_words(assessment: &Assessment) -> Vec<String> {
    let ledger = &assessment.snapshot.ledger;
    if ledger.is_empty() {
        return vec!["no endpoint was asked".to_owned()];
    }
    let mut parts = Vec::new();
    let gaps = ledger.iter().filter(|entry| entry.is_gap()).count();
    let declared = gaps - ledger.iter().filter(|entry| entry.is_undeclared_gap()).count();
    let of_them = if declared > 0 { format!(" ({} declared)", text::thousands(declared)) } else { String::new() };
    if gaps > 0 {
        parts.push(format!("{} could not be read whole{of_them}", text::plural(gaps, "endpoint", "endpoints")));
    }
    if assessment.rules.is_empty() {
        parts.push("no rule was asked".to_owned());
    }
    let idle = idle_rules(assessment).len();
    let whole = |rule: &&RuleSummary| assessment.tallies.get(&rule.id).is_some_and(Tally::is_whole);
    let unsure = assessment.rules.iter().filter(|rule| !whole(rule)).count() - idle;
    if unsure > 0 {
        parts.push(format!("{} could not judge everything", text::plural(unsure, "rule", "rules")));
    }
    if idle > 0 {
        let speak = text::plural(idle, "rule speaks", "rules speak");
        parts.push(format!("{speak} only of what no configured source shows"));
    }
    let unreadable = ledger.iter().filter(|entry| !entry.unreadable.is_empty()).count();
    if unreadable > 0 {
        parts.push(format!("{} gave unreadable rows", text::plural(unreadable, "endpoint", "endpoints")));
    }
    parts
}

/// The rules whose only trouble is that no configured source shows what they speak of: an estate without Bitbucket has no
/// use for rules on repositories, and yet they did not pass.
fn idle_rules(assessment: &Assessment) -> Vec<&Tally> {
    let idle = |rule: &RuleSummary| {
        let tally = assessment.tallies.get(&rule.id)?;
        let nowhere = !tally.unseen.is_empty() && tally.unseen.iter().all(Unseen::is_nowhere);
        (nowhere && tally.unknown == 0).then_some(tally)
    };
    assessment.rules.iter().filter_map(idle).collect()
}

/// How much of the estate was seen, in one line; see [`may_be_more`] for what that leaves open.
#[must_use]
pub fn coverage_in_words(assessment: &Assessment, look: Look) -> String {
    let line = coverage_line(assessment);
    line.iter().map(|words| look.paint(words.ink, &words.text)).collect::<Vec<_>>().join(" ")
}

/// What stands against taking a list for all there is, as a sentence; `None` only if nothing does.
#[must_use]
pub fn may_be_more(assessment: &Assessment) -> Option<String> {
    let unseen = unseen_in_words(assessment);
    (!unseen.is_empty()).then(|| format!("There may be more: {}.", text::join_and(&unseen)))
}

/// All that nobody could see or tell, each gap with what it hides and how to close it.
#[must_use]
pub fn blind_spots(assessment: &Assessment, look: Look) -> String {
    let mut page = Page::new(look);
    let (ink, said) = match may_be_more(assessment) {
        Some(more) => (Ink::Warn, more),
        None => (Ink::Good, "Every endpoint was read whole, and every rule could judge.".to_owned()),
    };
    page.paragraph(0, &[words(ink, &said)]);
    section(&mut page, assessment, usize::MAX);
    page.into_text()
}

/// The gaps, so many of them, each with what it hides and how to close it; what no source is there for, in one entry; then
/// what was in sight but not revealed.
pub(super) fn section(page: &mut Page, assessment: &Assessment, most: usize) {
    let gaps: Vec<&LedgerEntry> = order::ledger(assessment).into_iter().filter(|entry| entry.is_gap()).collect();
    let nowhere = no_source(assessment);
    if !gaps.is_empty() || nowhere.is_some() {
        let counted = if gaps.is_empty() { String::new() } else { format!("({})", text::thousands(gaps.len())) };
        page.heading("COULD NOT SEE", &counted);
        let rules = rules_by_gap(assessment);
        // What nobody declared comes first.
        let (open, declared): (Vec<_>, Vec<_>) = gaps.into_iter().partition(|entry| entry.is_undeclared_gap());
        let shown = open.iter().chain(&declared).take(most).map(|entry| block(entry, &rules));
        page.blocks(shown.chain(nowhere));
        and_more(page, (open.len() + declared.len()).saturating_sub(most), "keyroll coverage");
    }
    let left_open = left_open(assessment);
    if !left_open.is_empty() {
        page.heading("COULD NOT TELL", "");
        for line in &left_open {
            page.paragraph(2, std::slice::from_ref(line));
        }
    }
}

/// What rules speak of and no configured source shows; nothing if there is none.
fn no_source(assessment: &Assessment) -> Option<Block> {
    let speaking = |tally: &&Tally| tally.unseen.iter().any(Unseen::is_nowhere);
    let rules = assessment.tallies.values().filter(speaking).count();
    let nowhere = assessment.tallies.values().flat_map(|tally| &tally.unseen).filter(|unseen| unseen.is_nowhere());
    let things: BTreeSet<&str> = nowhere.map(|unseen| unseen.endpoint.as_ref()).collect();
    let (named, rest) = (things.iter().take(NAMED), things.len().saturating_sub(NAMED));
    let mut named: Vec<String> = named.map(ToString::to_string).collect();
    if rest > 0 {
        named.push(text::plural(rest, "other sort", "other sorts"));
    }
    let speak = text::plural(rules, "rule speaks", "rules speak");
    let head = format!("{speak} of {}: no configured source shows these", text::join_and(&named));
    let how = "→ To see them: add a source (keyroll sources says what each sees)";
    (rules > 0).then(|| Block {
        label: Some(words(Ink::Warn, "no source")),
        head: vec![words(Ink::Plain, &head)],
        id: None,
        details: vec![vec![words(Ink::Action, how)]],
    })
}

/// The rules that each gap makes unknown.
fn rules_by_gap(assessment: &Assessment) -> BTreeMap<(&str, &str), BTreeSet<&RuleId>> {
    let mut rules: BTreeMap<(&str, &str), BTreeSet<&RuleId>> = BTreeMap::new();
    for (rule, tally) in &assessment.tallies {
        for unseen in &tally.unseen {
            rules.entry((unseen.source.as_str(), &unseen.endpoint)).or_default().insert(rule);
        }
    }
    rules
}

fn block(entry: &LedgerEntry, rules: &BTreeMap<(&str, &str), BTreeSet<&RuleId>>) -> Block {
    let reason =
        if entry.reason.is_empty() { String::new() } else { format!(": {}", text::shorten(&entry.reason, LONGEST)) };
    let left: Vec<&RuleId> =
        rules.get(&(entry.source.as_str(), entry.endpoint.as_ref())).into_iter().flatten().copied().collect();
    let effect = match left.as_slice() {
        [] => "no rule waits for it".to_owned(),
        few @ ([_] | [_, _]) => {
            let names: Vec<String> = few.iter().map(ToString::to_string).collect();
            format!("leaves {} incomplete: {}", text::plural(few.len(), "rule", "rules"), text::join_and(&names))
        }
        many => format!("leaves {} incomplete", text::plural(many.len(), "rule", "rules")),
    };
    let hidden: Vec<String> = in_plain_words(&entry.shows, &entry.forms).into_iter().map(str::to_owned).collect();
    let hides = if hidden.is_empty() { String::new() } else { format!("may hide {}", text::join_and(&hidden)) };
    let rows = match entry.rows_expected {
        Some(expected) if entry.state == EndpointState::Partial => format!("{} of {expected} rows read", entry.rows),
        _ => String::new(),
    };
    let ink = if entry.is_undeclared_gap() { say::state_ink(entry.state) } else { Ink::Dim };
    let effect_ink = if left.is_empty() { Ink::Dim } else { Ink::Warn };
    let mut details = vec![dotted([words(effect_ink, &effect), words(Ink::Dim, &hides), words(Ink::Dim, &rows)])];
    match &entry.declared {
        Some(why) => details.push(vec![words(Ink::Dim, &format!("declared: {}", text::shorten(why, LONGEST)))]),
        None if !entry.right.is_empty() => {
            details.push(vec![words(Ink::Action, &format!("→ To see it: {}", text::shorten(&entry.right, LONGEST)))]);
        }
        None => {}
    }
    Block {
        label: Some(words(ink, say::state(entry.state))),
        head: vec![words(Ink::Plain, &format!("{} of {}{reason}", entry.endpoint, entry.source))],
        id: None,
        details,
    }
}

/// What was read and yet stays open: facts that the source keeps to itself, findings that could not be looked at again,
/// rows that could not be understood.
fn left_open(assessment: &Assessment) -> Vec<Words> {
    let mut lines = Vec::new();
    let unsure: Vec<_> = assessment.tallies.values().filter(|tally| tally.unknown > 0).collect();
    if !unsure.is_empty() {
        let verdicts: usize = unsure.iter().map(|tally| tally.unknown).sum();
        let rules = text::plural(unsure.len(), "rule", "rules");
        let left = text::plural(verdicts, "verdict", "verdicts");
        lines.push(words(Ink::Warn, &format!("{rules} left {left} unknown{}", main_reasons(assessment))));
    }
    let unconfirmed = assessment.findings.iter().filter(|finding| finding.unconfirmed.is_some()).count();
    if unconfirmed > 0 {
        let findings = text::plural(
            unconfirmed,
            "earlier finding was out of sight and stands unchanged",
            "earlier findings were out of sight and stand unchanged",
        );
        lines.push(words(Ink::Warn, &findings));
    }
    let garbled: Vec<&LedgerEntry> =
        order::ledger(assessment).into_iter().filter(|entry| !entry.unreadable.is_empty()).collect();
    for entry in garbled.iter().take(EXAMPLES) {
        let example = entry.unreadable.first().map(|row| text::shorten(row, 60)).unwrap_or_default();
        let what = format!("{} of {} gave unreadable rows: {example}", entry.endpoint, entry.source);
        lines.push(words(Ink::Warn, &what));
    }
    if garbled.len() > EXAMPLES {
        let more = text::plural(garbled.len() - EXAMPLES, "more endpoint did", "more endpoints did");
        lines.push(words(Ink::Warn, &format!("{more} so too")));
    }
    lines
}

/// The reasons behind most unknown verdicts: “: scopes are not revealed (96), …”.
fn main_reasons(assessment: &Assessment) -> String {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for (reason, count) in assessment.tallies.values().flat_map(|tally| &tally.unknown_reasons) {
        *reasons.entry(reason).or_default() += count;
    }
    let mut reasons: Vec<(&str, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    let mut said: Vec<String> = reasons
        .iter()
        .take(EXAMPLES)
        .map(|(reason, count)| {
            let times = if reasons.len() > 1 { format!(" ({})", text::thousands(*count)) } else { String::new() };
            format!("{}{times}", text::shorten(reason, 100))
        })
        .collect();
    if reasons.len() > EXAMPLES {
        said.push(text::plural(reasons.len() - EXAMPLES, "other reason", "other reasons"));
    }
    if said.is_empty() { String::new() } else { format!(": {}", said.join(", ")) }
}
