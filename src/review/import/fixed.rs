//! Whether a line still says what the review asked: whoever changes the account or the place decides on something else.

use crate::model::ReviewRow;
use crate::text::{harmless, shorten, unmarked};

/// Columns of a text in a message.
const LONGEST: usize = 60;

/// True if a cell says what was written into it, with or without the mark that keeps a spreadsheet from taking it for a
/// formula.
pub(super) fn says(cell: &str, text: &str) -> bool {
    let written = harmless(text);
    let written = written.trim();
    cell == written || unmarked(cell).trim() == written
}

/// The columns of a line that do not say what the review asked: name, what was asked, and what may have happened.
pub(super) fn differing(
    row: &ReviewRow,
    review: &str,
    cell: impl Fn(&str) -> String,
) -> Vec<(&'static str, String, &'static str)> {
    let fixed = row.fixed(review).into_iter().filter(|(name, text)| !says(&cell(name), text));
    fixed
        .map(|(name, text)| {
            let help = if may_be_rewritten(&text) {
                "a spreadsheet rewrites what looks like a number or a day: import the file with all columns as text"
            } else {
                "put it back as it was: a decision is on what the review asked about, and on nothing else"
            };
            (name, shorten(&harmless(&text), LONGEST), help)
        })
        .collect()
}

/// Text that a spreadsheet may take for a number or a day: `007`, `1E5`, `3-4`, `MARCH1`.
fn may_be_rewritten(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let others = text.chars().filter(|letter| letter.is_alphabetic()).count();
    digits > 0 && others <= 9 && text.chars().count() <= 24
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_may_come_back_or_not() {
        for (cell, text) in [("ci", "ci"), ("'=1+1", "=1+1"), ("=1+1", "=1+1"), ("''tis", "'tis"), ("a b", "a\tb")] {
            assert!(says(cell, text), "{cell} {text}");
        }
        for (cell, text) in [("CI", "ci"), ("7", "007"), ("", "ci"), ("'ci", "ci")] {
            assert!(!says(cell, text), "{cell} {text}");
        }
    }
}
