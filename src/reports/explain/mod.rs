//! A finding or a resource explained, as a colleague would who has looked into it: what is wrong with which thing, how
//! that was judged part by part, where every fact was read and what nobody told, what happened so far, what to do.

mod condition;
mod resource;
mod sight;
mod use_and_reach;

use chrono::{DateTime, Utc};

use super::detail::{History, READ_FROM, RulePage, RuleText, headline, labelled, prose, steps, summary, texts};
use super::html::Parts;
use super::layout::{Ink, Look, Page, words};
use super::say;
use crate::inventory::Inventory;
use crate::model::{
    Change, Explained, Finding, Lapse, Opinion, Outcome, ResourceId, SnapshotHead, Status, WaiverState, WaiverUse,
};
use crate::text::fits_pattern;

pub(super) use self::resource::out_of_sight;
pub use self::resource::{resource_note, resource_note_parts};
pub(super) use self::sight::{entry, hidden_by, links, own_gaps, untold};
pub(in crate::reports) use self::use_and_reach::reach_words;
pub use self::use_and_reach::use_and_reach;

/// One scan, as far as a note speaks of it.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// The record of the scan.
    pub head: &'a SnapshotHead,
    /// What was seen.
    pub inventory: &'a Inventory<'a>,
}

/// What a rule says in one scan.
#[derive(Debug, Clone, Copy)]
pub struct Judgement<'a> {
    /// The scan.
    pub sight: Sight<'a>,
    /// What the rule says part by part; `None` if it had nothing to judge there, or is not there any more.
    pub explained: Option<&'a Explained>,
    /// True if the rule or its settings are not those that judged the scan: then this is what they would have said.
    pub other_rule: bool,
}

/// Something that another part of the program has to add, in words: a title, and a paragraph for each line.
#[derive(Debug, Clone)]
pub struct Section {
    /// What it is about, in capitals.
    pub title: String,
    /// What there is to say.
    pub lines: Vec<String>,
}

/// The resource that a note is about.
#[derive(Debug, Clone, Copy)]
pub struct Thing<'a> {
    /// Its id.
    pub id: &'a ResourceId,
    /// The scan that saw it last; `None` if none of those that are kept did.
    pub seen: Option<Sight<'a>>,
    /// The latest scan.
    pub latest: Sight<'a>,
    /// The first scan that is known to have had it.
    pub first: Option<&'a SnapshotHead>,
    /// What changed about it, oldest first, with the scan that saw it.
    pub changes: &'a [(SnapshotHead, Change)],
    /// What others have to add, in this order.
    pub sections: &'a [Section],
}

/// All there is to say about a finding.
#[derive(Debug, Clone)]
pub struct FindingNote<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// What happened to it.
    pub history: History<'a>,
    /// Its rule as it is now; `None` if it is not there any more.
    pub rule: Option<RulePage<'a>>,
    /// What the rule says in the scan that confirmed the finding last; `None` if that is not kept.
    pub confirmed: Option<Judgement<'a>>,
    /// What the rule says in the latest scan, if that is another one.
    pub today: Option<Judgement<'a>>,
    /// Its resource.
    pub thing: Thing<'a>,
    /// The waivers and what they did in the latest scan.
    pub waivers: &'a [WaiverUse],
}

/// All there is to say about a resource.
#[derive(Debug, Clone)]
pub struct ResourceNote<'a> {
    /// The resource.
    pub thing: Thing<'a>,
    /// What the rules say of it in the latest scan.
    pub opinions: &'a [Opinion],
    /// True if these are not the rules that judged the scan.
    pub other_rules: bool,
    /// The findings about it, open, waived and resolved.
    pub findings: &'a [&'a Finding],
}

/// A finding explained.
#[must_use]
pub fn finding_note(note: &FindingNote<'_>, look: Look) -> String {
    laid_out(note, look).into_text()
}

/// The same for a browser.
#[must_use]
pub fn finding_note_parts(note: &FindingNote<'_>) -> Parts {
    Parts::of(laid_out(note, Parts::LOOK))
}

fn laid_out(note: &FindingNote<'_>, look: Look) -> Page {
    let FindingNote { finding, history, rule, thing, .. } = note;
    let mut page = Page::new(look);
    headline(&mut page, finding, history.acknowledged);
    page.blank();
    let rows: Vec<_> = summary(finding).into_iter().filter(|(name, _)| *name != READ_FROM).collect();
    labelled(&mut page, &rows);
    if let Some(rule) = rule {
        prose(&mut page, "WHY IT MATTERS", rule.text.why);
    }
    judged(&mut page, note);
    sight::sight(&mut page, thing);
    sections(&mut page, thing.sections);
    let explained = [note.confirmed, note.today].into_iter().flatten();
    let missing: Vec<_> = explained.filter_map(|judgement| judgement.explained).flat_map(condition::missing).collect();
    sight::would_tell(&mut page, &missing, thing);
    waiver(&mut page, note);
    steps(&mut page, history.steps);
    sight::changes(&mut page, thing);
    if let Some(rule) = rule {
        let text = RuleText { why: "", ..rule.text };
        texts(&mut page, text);
    }
    page
}

/// How the rule came to its word, when it confirmed the finding and since.
fn judged(page: &mut Page, note: &FindingNote<'_>) {
    let FindingNote { finding, rule, confirmed, today, .. } = note;
    page.heading("HOW IT IS JUDGED", "");
    let Some(rule) = rule else {
        let text = format!("Rule {} is not among the rules any more: how it judged cannot be shown.", finding.rule);
        page.paragraph(2, &[words(Ink::Warn, &text)]);
        return;
    };
    condition::as_written(page, rule);
    match confirmed {
        Some(judgement) => judged_in(page, judgement, "As it was confirmed last, by", finding.last_seen),
        None => {
            let text = format!("The scan that confirmed it last, {} UTC, is not kept.", say::minute(finding.last_seen));
            page.paragraph(2, &[words(Ink::Warn, &text)]);
        }
    }
    let Some(today) = today else { return };
    match (today.explained, rule.summary.on_change) {
        (Some(_), _) => judged_in(page, today, "As it was looked at since, by", finding.last_seen),
        (None, true) => {
            let text = "The rule judges changes, and this one was seen once: the finding stays until the resource is \
                        gone or a baseline is accepted that knows of it.";
            page.blank();
            page.paragraph(2, &[words(Ink::Plain, text)]);
        }
        (None, false) => {
            let gone = matches!(finding.status, Status::Resolved(_));
            let what = if gone { "the resource is not there any more" } else { "the resource was out of sight" };
            page.blank();
            page.paragraph(2, &[words(Ink::Plain, &format!("In {}, {what}.", scan(today.sight.head)))]);
        }
    }
}

fn judged_in(page: &mut Page, judgement: &Judgement<'_>, what: &str, found_at: DateTime<Utc>) {
    page.blank();
    let Some(explained) = judgement.explained else {
        let text = format!("{what} {}: there is nothing left to judge it by.", scan(judgement.sight.head));
        page.paragraph(2, &[words(Ink::Warn, &text)]);
        return;
    };
    page.paragraph(2, &[words(Ink::Plain, &format!("{what} {}:", scan(judgement.sight.head)))]);
    if judgement.other_rule {
        let text = "The rule or its settings were changed since: this is what it says now of what was seen then.";
        page.paragraph(2, &[words(Ink::Warn, text)]);
    }
    condition::explained(page, explained);
    let was_found = judgement.sight.head.started_at <= found_at && found_at <= judgement.sight.head.ended_at;
    if was_found && !judgement.other_rule && !matches!(explained.opinion.outcome, Outcome::Fail(_)) {
        let text = "The scan found it to fail; this keyroll judges otherwise.";
        page.paragraph(2, &[words(Ink::Warn, text)]);
    }
    let (ink, text) = match &explained.opinion.outcome {
        Outcome::Fail(failure) => (say::severity_ink(failure.severity), format!("It fails, {}.", failure.severity)),
        Outcome::Pass => (Ink::Good, "It holds.".to_owned()),
        Outcome::NotApplicable => (Ink::Plain, "The rule does not speak of it.".to_owned()),
        Outcome::Unknown(why) => (Ink::Warn, format!("It cannot be told: {why}.")),
    };
    page.paragraph(2, &[words(ink, &text)]);
}

/// “scan s2 of 2026-11-22 02:00 UTC”.
fn scan(head: &SnapshotHead) -> String {
    format!("scan {} of {} UTC", head.id, say::minute(head.started_at))
}

fn sections(page: &mut Page, sections: &[Section]) {
    for section in sections.iter().filter(|section| !section.lines.is_empty()) {
        page.heading(&section.title, "");
        for line in &section.lines {
            page.paragraph(2, &[words(Ink::Plain, line)]);
        }
    }
}

/// The waiver that covers the finding, and those that speak of it and do not.
fn waiver(page: &mut Page, note: &FindingNote<'_>) {
    let (finding, fitting) = (note.finding, fitting(note));
    let covering = covering(finding);
    if fitting.is_empty() && covering.is_none() {
        return;
    }
    page.heading("WAIVER", "");
    if let Some(id) = covering {
        let text = format!(
            "Waiver {id} covers it. Its verdict stays what it is: the rule fails, {}; without the waiver it would be open.",
            finding.severity
        );
        page.paragraph(2, &[words(Ink::Plain, &text)]);
        if !fitting.iter().any(|one| one.waiver.id.as_str() == id) {
            page.paragraph(2, &[words(Ink::Warn, "It is not among the waivers of the latest scan.")]);
        }
    }
    for used in fitting {
        let WaiverUse { waiver, state, void_for, unchecked, .. } = used;
        let about =
            |lapses: &'_ [Lapse]| lapses.iter().find(|lapse| lapse.resource == finding.resource).map(Lapse::in_words);
        let covers = covering == Some(waiver.id.as_str());
        let standing = match (covers, state) {
            (true, WaiverState::Expiring) => format!("until {}, which is soon", waiver.until),
            (true, _) => format!("until {}", waiver.until),
            (false, WaiverState::Expired) => format!("it ended on {}", waiver.until),
            (false, _) if about(void_for).is_some() => {
                format!("until {}, and void: {}", waiver.until, about(void_for).unwrap_or_default())
            }
            (false, _) => format!("until {}; it does not cover the finding as it stands", waiver.until),
        };
        let ticket = waiver.ticket.as_ref().map(|ticket| format!(", {ticket}")).unwrap_or_default();
        let (reason, approver) = (waiver.reason.trim_end_matches('.'), &waiver.approver);
        let text = format!("{standing}: {reason}. Approved by {approver}{ticket}.");
        let ink = if covers && *state != WaiverState::Expiring { Ink::Plain } else { Ink::Warn };
        page.hanging(2, &words(Ink::Dim, waiver.id.as_str()), 8, &[words(ink, &text)]);
        if let Some(why) = about(unchecked) {
            let text = format!("It could not be checked against the facts accepted: {why}.");
            page.paragraph(8, &[words(Ink::Warn, &text)]);
        }
    }
}

fn covering(finding: &Finding) -> Option<&str> {
    match &finding.status {
        Status::Waived(id) => Some(id.as_str()),
        Status::Open | Status::Resolved(_) => None,
    }
}

/// The waivers that speak of a finding's rule and resource, in the order of their ids.
pub(super) fn fitting<'a>(note: &FindingNote<'a>) -> Vec<&'a WaiverUse> {
    let finding = note.finding;
    let speaks = |one: &&WaiverUse| {
        one.waiver.rule == finding.rule && fits_pattern(&one.waiver.resource, finding.resource.as_str())
    };
    let mut fitting: Vec<_> = note.waivers.iter().filter(speaks).collect();
    fitting.sort_by(|left, right| left.waiver.id.cmp(&right.waiver.id));
    fitting
}
