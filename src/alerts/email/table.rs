//! The attachment: what a notice is about as CSV, a row each, for people who work through it in a spreadsheet.

use chrono::SecondsFormat;

use crate::model::{Effect, Notice};
use crate::text::harmless;

const COLUMNS: [&str; 16] = [
    "what",
    "severity",
    "finding_id",
    "rule_id",
    "rule_title",
    "resource_id",
    "resource_name",
    "owner",
    "message",
    "note",
    "remedy",
    "controls",
    "sources",
    "environments",
    "since",
    "link",
];

/// The rows as UTF-8 text.
pub(super) fn csv(notice: &Notice) -> Result<String, csv::Error> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    for effect in &notice.effects {
        out.write_record(row(effect))?;
    }
    let bytes = out.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(effect: &Effect) -> [String; 16] {
    let list = |words: Vec<&str>| cell(&words.join("; "));
    [
        cell(&effect.what),
        cell(effect.severity.name()),
        cell(effect.finding.as_ref().map_or("", |id| id.as_str())),
        cell(effect.rule.as_ref().map_or("", |id| id.as_str())),
        cell(&effect.rule_title),
        cell(effect.resource.as_ref().map_or("", |id| id.as_str())),
        cell(&effect.resource_name),
        cell(effect.owner.as_deref().unwrap_or_default()),
        cell(&effect.text),
        cell(&effect.note),
        cell(&effect.remedy),
        list(effect.controls.iter().map(|id| id.as_str()).collect()),
        list(effect.sources.iter().map(|name| name.as_str()).collect()),
        list(effect.environments.iter().map(String::as_str).collect()),
        effect.since.map_or_else(String::new, |at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        cell(&effect.link),
    ]
}

/// Text that no spreadsheet takes for a formula: one that begins like one has an apostrophe put before it, and so has
/// one that begins with an apostrophe, so that taking one away always gives the text back.
fn cell(text: &str) -> String {
    let shown = harmless(text);
    let first = shown.trim_start().chars().next();
    if matches!(first, Some('=' | '+' | '-' | '@' | '\'' | '＝' | '＋' | '－' | '＠')) {
        format!("'{shown}")
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_looks_like_a_formula_is_marked() {
        for hostile in ["=1+1", " =1", "\t=1", "+1", "-5", "@x", "＝1", "'quoted"] {
            assert!(cell(hostile).starts_with('\''), "{hostile:?}");
        }
        assert_eq!(cell("ci-deploy"), "ci-deploy");
    }
}
