//! A condition on a page: as it is written, and what every part of it came to.

use crate::model::{Explained, Missing, Outcome, Part, PartResult, PartRole, PartValue};
use crate::reports::detail::{RulePage, labelled};
use crate::reports::layout::{Ink, Page, words};
use crate::reports::say;
use crate::text;

/// Columns of one value before it is cut: a few lines.
const LONGEST: usize = 240;
/// Columns of a parameter's value before it is cut: an expression of many lines helps nobody here.
const LONGEST_PARAM: usize = 100;
/// Columns of an answer with the arrow before it.
const ANSWER: usize = 9;
/// Parts further in than this are not moved in any further.
const DEEPEST: usize = 10;

/// The rule's conditions as they are written, and the parameters in force.
pub(super) fn as_written(page: &mut Page, rule: &RulePage<'_>) {
    let param = |(name, value, about): &(&str, String, &str)| {
        format!("{name} is {} ({about})", text::shorten(value, LONGEST_PARAM))
    };
    let params = rule.params.iter().map(param);
    labelled(
        page,
        &[
            ("Speaks of", rule.subject.clone()),
            ("Of which", rule.scope.unwrap_or("all of them").to_owned()),
            ("Must hold", rule.require.to_owned()),
            ("Where", params.collect::<Vec<_>>().join("; ")),
        ],
    );
}

/// What every part came to.
pub(super) fn explained(page: &mut Page, explained: &Explained) {
    if let Some(scope) = &explained.scope {
        page.paragraph(2, &[words(Ink::Plain, "Is it one of those meant?")]);
        tree(page, scope, 0, scope.result != PartResult::True);
    }
    if matches!(explained.scope, Some(Part { result: PartResult::False, .. })) {
        return;
    }
    page.paragraph(2, &[words(Ink::Plain, "Does it hold?"), words(Ink::Dim, marked(&explained.require))]);
    tree(page, &explained.require, 0, explained.require.result != PartResult::True);
    let Outcome::Fail(failure) = &explained.opinion.outcome else { return };
    for (part, severity) in &explained.severity {
        let text = format!("Is it {severity}?");
        page.paragraph(2, &[words(Ink::Plain, &text)]);
        tree(page, part, 0, false);
        assert!(part.result != PartResult::True || *severity == failure.severity, "the first that holds counts");
    }
}

fn marked(part: &Part) -> &'static str {
    let has_terms = !matches!(part.role, PartRole::Test);
    if has_terms && part.result != PartResult::True { "(→ is what it hangs on)" } else { "" }
}

/// One part and what is inside it.
fn tree(page: &mut Page, part: &Part, depth: usize, mark: bool) {
    let indent = 2 + 2 * depth.min(DEEPEST);
    let is_leaf = part.parts.iter().all(|part| part.role == PartRole::Value);
    let decides = mark && part.decides && is_leaf;
    let (answer, ink) = match &part.result {
        PartResult::True => ("true", Ink::Plain),
        PartResult::False => ("false", Ink::Plain),
        PartResult::Unknown(missing) if missing.nothing => ("–", Ink::Dim),
        PartResult::Unknown(_) => ("unknown", Ink::Warn),
        PartResult::Value(_) | PartResult::Nothing => ("", Ink::Plain),
    };
    let ink = match (decides, ink) {
        (true, Ink::Plain) => Ink::Strong,
        (_, ink) => ink,
    };
    let label = format!("{} {answer}", if decides { "→" } else { " " });
    let said = match &part.role {
        PartRole::AllOf => "all of:".to_owned(),
        PartRole::AnyOf => "at least one of:".to_owned(),
        PartRole::Not => "not:".to_owned(),
        PartRole::Entry(entry) => format!("where {} is “{}”:", part.text, text::shorten(entry, LONGEST)),
        PartRole::AnyEntry => format!("at least one entry of {}:", list(part)),
        PartRole::EveryEntry => format!("every entry of {}:", list(part)),
        PartRole::Test | PartRole::Value => part.text.clone(),
    };
    let mut label = words(ink, &label);
    // The space before an answer without an arrow stays.
    if !decides {
        label.text = format!("  {answer}");
    }
    page.hanging(indent, &label, ANSWER, &[words(if decides { Ink::Strong } else { Ink::Plain }, &said)]);
    let mut values = Vec::new();
    part.parts.iter().filter(|part| part.role == PartRole::Value).for_each(|part| gather(part, &mut values));
    if let (true, PartResult::Unknown(missing)) = (values.is_empty() && is_leaf, &part.result) {
        values.push((Ink::Warn, missing.words.to_string()));
    }
    for (ink, value) in values {
        page.paragraph(indent + ANSWER + 3, &[words(ink, &value)]);
    }
    for inner in part.parts.iter().filter(|part| part.role != PartRole::Value) {
        tree(page, inner, depth + 1, mark);
    }
    if part.left_out > 0 {
        let text = format!("and {}", text::plural(part.left_out, "more entry", "more entries"));
        page.paragraph(indent + 2 + ANSWER + 1, &[words(Ink::Dim, &text)]);
    }
}

/// The list whose entries are asked about; one that is written out has no part of its own.
fn list(part: &Part) -> &str {
    let list = part.parts.first().filter(|list| list.role == PartRole::Value);
    list.map_or_else(|| part.text.split("].").next().unwrap_or(&part.text), |list| &list.text)
}

/// Values in words, what each is made from before it, and nothing twice.
fn gather(part: &Part, into: &mut Vec<(Ink, String)>) {
    part.parts.iter().for_each(|part| gather(part, into));
    let said = match &part.result {
        PartResult::Value(value) => {
            let most = if part.text.starts_with("params.") { LONGEST_PARAM } else { LONGEST };
            (Ink::Dim, format!("{} is {}", part.text, text::shorten(&value_words(value), most)))
        }
        // What is worked out from nothing is nothing: the field itself says so.
        PartResult::Nothing if !part.parts.is_empty() => return,
        PartResult::Nothing => (Ink::Dim, format!("{} has no value", part.text)),
        PartResult::Unknown(missing) if missing.nothing => (Ink::Dim, missing.words.to_string()),
        PartResult::Unknown(missing) => (Ink::Warn, missing.words.to_string()),
        PartResult::True => (Ink::Dim, format!("{} is true", part.text)),
        PartResult::False => (Ink::Dim, format!("{} is false", part.text)),
    };
    if !into.contains(&said) {
        into.push(said);
    }
}

fn value_words(value: &PartValue) -> String {
    match value {
        PartValue::Bool(yes) => yes.to_string(),
        PartValue::Int(number) => number.to_string(),
        PartValue::Time(at) => format!("{} UTC", say::minute(*at)),
        PartValue::Text(text) => format!("“{text}”"),
        PartValue::Texts(entries) if entries.is_empty() => "an empty list".to_owned(),
        PartValue::Texts(entries) => entries.join(", "),
    }
}

/// What keeps the rule from telling, in the parts on which its word hangs.
pub(super) fn missing(explained: &Explained) -> Vec<&Missing> {
    if !matches!(explained.opinion.outcome, Outcome::Unknown(_)) {
        return Vec::new();
    }
    let parts = explained.scope.iter().chain([&explained.require]);
    let mut found: Vec<&Missing> = parts.flat_map(deciding).filter(|missing| !missing.nothing).collect();
    found.dedup();
    found
}

fn deciding(part: &Part) -> Vec<&Missing> {
    match &part.result {
        PartResult::Unknown(_) if part.decides && part.parts.is_empty() => part.missing(),
        PartResult::Unknown(_) if part.decides => part.parts.iter().flat_map(deciding).collect(),
        _ => Vec::new(),
    }
}
