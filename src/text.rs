//! Words for people: counting, joining, shortening, and making foreign text harmless on a terminal.

pub mod quote;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// “1 token”, “3 tokens”; with `many` for words that do not just take an s (“1 policy”, “2 policies”).
#[must_use]
pub fn plural(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", thousands(count)) }
}

/// A number with thin groups: 1,234,567.
#[must_use]
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// “a”, “a and b”, “a, b and c”.
#[must_use]
pub fn join_and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

/// Text cut to `columns` on a terminal, with an ellipsis where something was left out.
#[must_use]
pub fn shorten(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut width = 0;
    let mut kept = String::new();
    for letter in text.chars() {
        let next = letter.width().unwrap_or(0);
        if width + next + 1 > columns {
            break;
        }
        width += next;
        kept.push(letter);
    }
    kept.push('…');
    kept
}

/// How many terminal columns the text takes.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.width()
}

/// Foreign text made safe to show: control characters, escape sequences, line breaks and marks that turn
/// the reading direction become visible stand-ins. Ordinary text comes back as it is.
#[must_use]
pub fn harmless(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\t' | '\n' | '\r' => ' ',
            letter if letter.is_control() => '\u{fffd}',
            '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
            letter => letter,
        })
        .collect()
}

/// True for text that a spreadsheet would take for a formula, or a reader of our tables for a word of ours: in a table it is
/// written with an apostrophe before it. A spreadsheet takes a cell for a formula by its first letter, some of them also
/// behind spaces or in its full-width form. An apostrophe is marked too, so that taking one away gives the text back.
#[must_use]
pub fn needs_mark(text: &str) -> bool {
    let first = text.trim_start().chars().next();
    matches!(first, Some('=' | '+' | '-' | '@' | '\'' | '＝' | '＋' | '－' | '＠'))
        || matches!(text, "none" | "unknown" | "empty")
}

/// The text of a cell without the mark that [`needs_mark`] asks for, if it has one.
#[must_use]
pub fn unmarked(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| needs_mark(text)).unwrap_or(cell)
}

/// The candidate that was probably meant by a misspelt word, if one is near enough.
#[must_use]
pub fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (written.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(written, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// True if a text fits a pattern, in which `*` stands for any characters or none.
#[must_use]
pub fn fits_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else { return false };
    let Some(end) = parts.next_back() else { return rest.is_empty() };
    // The leftmost place for each part leaves the most room for those behind it.
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_grouped_and_counted() {
        assert_eq!(plural(1, "token", "tokens"), "1 token");
        assert_eq!(plural(1234, "policy", "policies"), "1,234 policies");
        assert_eq!(thousands(100), "100");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }

    #[test]
    fn a_long_text_is_cut_by_columns_not_by_bytes() {
        assert_eq!(shorten("straße nach Süden", 8), "straße …");
        assert_eq!(shorten("日本語テキスト", 7), "日本語…");
        assert_eq!(shorten("short", 5), "short");
    }

    #[test]
    fn hostile_text_cannot_steer_a_terminal() {
        assert_eq!(harmless("\u{1b}[31mred\u{7}"), "\u{fffd}[31mred\u{fffd}");
        assert_eq!(harmless("invoice\u{202e}fdp.exe"), "invoice\u{fffd}fdp.exe");
        assert_eq!(harmless("two\nlines"), "two lines");
        assert_eq!(harmless("a\u{61c}b\u{e0041}"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn a_near_miss_is_recognised_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("base_ur", ["base_url", "token"]), Some("base_url"));
        assert_eq!(did_you_mean("colour", ["base_url", "token"]), None);
    }

    proptest! {
        #[test]
        fn a_pattern_fits_what_the_same_regular_expression_matches(pattern in "[ab*]{0,6}", id in "[ab]{0,8}") {
            let expression = format!("^{}$", pattern.replace('*', ".*"));
            prop_assert_eq!(fits_pattern(&pattern, &id), regex::Regex::new(&expression).unwrap().is_match(&id));
        }
    }
}
