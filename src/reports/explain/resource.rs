//! A resource explained: what it is, what is known of it, and what every rule says of it.

use super::sight;
use super::{ResourceNote, Thing, scan, sections};
use crate::model::{Coverage, Finding, Missing, Opinion, Outcome, RuleId, Status, in_plain_words};
use crate::reports::detail::{Evidence, labelled};
use crate::reports::html::Parts;
use crate::reports::layout::{Block, Ink, Look, Page, dotted, words};
use crate::reports::say;
use crate::text::plural;

/// A resource explained.
#[must_use]
pub fn resource_note(note: &ResourceNote<'_>, look: Look) -> String {
    laid_out(note, look).into_text()
}

/// The same for a browser.
#[must_use]
pub fn resource_note_parts(note: &ResourceNote<'_>) -> Parts {
    Parts::of(laid_out(note, Parts::LOOK))
}

fn laid_out(note: &ResourceNote<'_>, look: Look) -> Page {
    let thing = &note.thing;
    let mut page = Page::new(look);
    head(&mut page, note);
    sight::sight(&mut page, thing);
    sections(&mut page, thing.sections);
    verdicts(&mut page, note);
    sight::would_tell(&mut page, &[], thing);
    sight::changes(&mut page, thing);
    page
}

fn head(page: &mut Page, note: &ResourceNote<'_>) {
    let thing = &note.thing;
    let evidence = thing.seen.and_then(|seen| Evidence::of(thing.id, seen.inventory));
    let kind = thing.id.kind();
    let form = evidence.and_then(|evidence| evidence.resource().body.form());
    let sort = form.map(|form| in_plain_words(&[kind], &[form]).join(", ")).unwrap_or_default();
    page.paragraph(0, &dotted([words(Ink::Plain, kind.name()), words(Ink::Dim, thing.id.as_str())]));
    let name = evidence.map_or(thing.id.native(), |evidence| evidence.resource().title());
    page.paragraph(0, &[words(Ink::Strong, name)]);
    if let Some(text) = out_of_sight(thing) {
        page.paragraph(0, &[words(Ink::Warn, &text)]);
    }
    page.blank();
    let tenant = thing.id.tenant().to_owned();
    labelled(page, &[("Sort", sort), ("Tenant", tenant), ("Judged", judged(note))]);
}

/// Why the latest scan has nothing to say of it.
pub(in crate::reports) fn out_of_sight(thing: &Thing<'_>) -> Option<String> {
    let latest = thing.latest;
    if latest.inventory.get(thing.id).is_some() {
        return None;
    }
    let carried = latest.inventory.snapshot().carried.iter().find(|resource| resource.id == *thing.id);
    let latest = scan(latest.head);
    Some(match carried {
        Some(resource) => {
            let coverage = Coverage(&thing.latest.inventory.snapshot().ledger);
            let why = coverage.why_unseen(&resource.seen_by).or_else(|| coverage.may_be_hidden(&resource.seen_by));
            let why = why.unwrap_or_else(|| "it, or what it is in, may be hidden from the scanning account".to_owned());
            format!("It was out of sight in {latest}: {why}. Whether it is still there is not known.")
        }
        None => format!("It is gone: {latest} does not have it, nor anything that could hide it."),
    })
}

/// “2 fail, 1 unknown, 14 pass, 20 do not speak of it”.
fn judged(note: &ResourceNote<'_>) -> String {
    if note.opinions.is_empty() {
        return "not in the latest scan".to_owned();
    }
    let count = |wanted: fn(&Outcome) -> bool| note.opinions.iter().filter(|one| wanted(&one.outcome)).count();
    let fail = count(|outcome| matches!(outcome, Outcome::Fail(_)));
    let unknown = count(|outcome| matches!(outcome, Outcome::Unknown(_)));
    let pass = count(|outcome| matches!(outcome, Outcome::Pass));
    let silent = count(|outcome| matches!(outcome, Outcome::NotApplicable));
    format!(
        "{}: {fail} fail, {unknown} cannot tell, {pass} hold, {silent} do not speak of it",
        plural(note.opinions.len(), "rule", "rules")
    )
}

/// What the rules say of it, and what was found so far.
fn verdicts(page: &mut Page, note: &ResourceNote<'_>) {
    findings(page, note, "OPEN FINDINGS", |status| *status == Status::Open);
    findings(page, note, "WAIVED", |status| matches!(status, Status::Waived(_)));
    let unrecorded = unrecorded(note);
    if !unrecorded.is_empty() {
        page.heading("ALSO FAILING", "(by the rules as they are now; the next scan opens findings)");
        page.blocks(unrecorded.iter().filter_map(|opinion| failing(opinion)));
    }
    cannot_tell(page, note);
    let passing: Vec<&str> = ids(note, |outcome| matches!(outcome, Outcome::Pass)).map(RuleId::as_str).collect();
    if !passing.is_empty() {
        page.heading("WHAT HOLDS", &format!("({})", plural(passing.len(), "rule", "rules")));
        page.paragraph(2, &[words(Ink::Plain, &passing.join(", "))]);
    }
    if note.other_rules {
        let text = "The rules or their settings were changed since the latest scan: this is what they say now of what \
                    it saw.";
        page.paragraph(2, &[words(Ink::Warn, text)]);
    }
    findings(page, note, "RESOLVED", |status| matches!(status, Status::Resolved(_)));
}

fn findings(page: &mut Page, note: &ResourceNote<'_>, title: &str, wanted: fn(&Status) -> bool) {
    let blocks: Vec<Block> =
        note.findings.iter().filter(|finding| wanted(&finding.status)).map(|finding| of_finding(finding)).collect();
    if !blocks.is_empty() {
        page.heading(title, "");
        page.blocks(blocks);
    }
}

fn of_finding(finding: &Finding) -> Block {
    let standing = match &finding.status {
        Status::Open => format!("{}, since {}", finding.rule, say::day(finding.since)),
        Status::Waived(waiver) => format!("{}, by {waiver} since {}", finding.rule, say::day(finding.since)),
        Status::Resolved(how) => format!("{}, {} on {}", finding.rule, how.text(), say::day(finding.since)),
    };
    let unconfirmed = finding.unconfirmed.as_ref().map(|unconfirmed| {
        let text = format!("not confirmed since {}: {}", say::day(unconfirmed.since), unconfirmed.reason);
        vec![words(Ink::Warn, &text)]
    });
    Block {
        label: Some(words(say::severity_ink(finding.severity), finding.severity.name())),
        head: vec![words(Ink::Plain, &finding.message)],
        id: Some(finding.id.short().to_owned()),
        details: std::iter::once(vec![words(Ink::Dim, &standing)]).chain(unconfirmed).collect(),
    }
}

/// Rules that fail and have no finding that is open or waived: they, or their settings, are newer than the latest scan.
pub(super) fn unrecorded<'a>(note: &ResourceNote<'a>) -> Vec<&'a Opinion> {
    let recorded = |rule: &RuleId| {
        note.findings.iter().any(|finding| finding.rule == *rule && !matches!(finding.status, Status::Resolved(_)))
    };
    let fails = |opinion: &&Opinion| matches!(opinion.outcome, Outcome::Fail(_)) && !recorded(&opinion.rule);
    note.opinions.iter().filter(fails).collect()
}

fn failing(opinion: &Opinion) -> Option<Block> {
    let Outcome::Fail(failure) = &opinion.outcome else { return None };
    Some(Block {
        label: Some(words(say::severity_ink(failure.severity), failure.severity.name())),
        head: vec![words(Ink::Plain, &failure.message)],
        details: vec![vec![words(Ink::Dim, opinion.rule.as_str())]],
        ..Block::default()
    })
}

/// The ids of the rules with an outcome.
pub(super) fn ids<'a>(
    note: &ResourceNote<'a>,
    wanted: impl Fn(&Outcome) -> bool + 'a,
) -> impl Iterator<Item = &'a RuleId> + 'a {
    note.opinions.iter().filter(move |opinion| wanted(&opinion.outcome)).map(|opinion| &opinion.rule)
}

/// Rules that cannot tell, those with the same reason together, with the endpoints and rights that would help.
fn cannot_tell(page: &mut Page, note: &ResourceNote<'_>) {
    let mut reasons: Vec<(&str, Option<&Missing>, Vec<&str>)> = Vec::new();
    for opinion in note.opinions {
        let Outcome::Unknown(why) = &opinion.outcome else { continue };
        // What is missing knows the form of the resource, and so names fewer gaps.
        let why = opinion.missing.as_ref().map_or(why, |missing| &missing.words);
        match reasons.iter_mut().find(|(known, ..)| *known == &**why) {
            Some((_, _, rules)) => rules.push(opinion.rule.as_str()),
            None => reasons.push((why, opinion.missing.as_ref(), vec![opinion.rule.as_str()])),
        }
    }
    if reasons.is_empty() {
        return;
    }
    let count: usize = reasons.iter().map(|(_, _, rules)| rules.len()).sum();
    page.heading("WHAT CANNOT BE TOLD", &format!("({})", plural(count, "rule", "rules")));
    for (why, missing, rules) in reasons {
        page.paragraph(2, &[words(Ink::Warn, &format!("{why}:")), words(Ink::Plain, &rules.join(", "))]);
        let coverage = note.thing.latest.inventory.coverage();
        let behind = missing.into_iter().flat_map(|missing| &missing.behind);
        let rights: std::collections::BTreeSet<&str> = behind
            .filter_map(|by| sight::entry(by, coverage))
            .map(|entry| entry.right.as_str())
            .filter(|right| !right.is_empty())
            .collect();
        if !rights.is_empty() {
            let text = format!("rights that would help: {}", rights.into_iter().collect::<Vec<_>>().join("; "));
            page.hanging(4, &words(Ink::Action, "→"), 1, &[words(Ink::Plain, &text)]);
        }
    }
}
