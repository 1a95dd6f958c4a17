//! The pieces of text that channels over HTTP put together in forms of their own: harmless, short enough, and the same
//! words everywhere. Foreign names come through here before they get markup around them.

use crate::model::{Effect, Notice, SourceName, Topic};
use crate::text::{harmless, join_and, thousands};

/// The longest sentence about one effect; names in it are as long as somebody made them.
const LONGEST_SENTENCE: usize = 500;

/// Text in one harmless line of at most `most` UTF-16 units, by which the strictest of the services count.
pub(super) fn clean(text: &str, most: usize) -> String {
    let text = harmless(text);
    let text = text.trim();
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut length = 1;
    for letter in text.chars() {
        length += letter.len_utf16();
        if length > most {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept
}

/// What happened to one thing and how bad it is: “opened · high”.
pub(super) fn head(effect: &Effect) -> String {
    let what = clean(&effect.what, 60);
    if what.is_empty() { effect.severity.to_string() } else { format!("{what} · {}", effect.severity) }
}

/// The sentence about it, with its note.
pub(super) fn sentence(effect: &Effect) -> String {
    let text = clean(&effect.text, LONGEST_SENTENCE);
    if effect.note.is_empty() { text } else { format!("{text} ({})", clean(&effect.note, 100)) }
}

/// What to do first. Empty if nobody knows.
pub(super) fn remedy(effect: &Effect) -> String {
    if effect.remedy.is_empty() { String::new() } else { format!("→ {}", clean(&effect.remedy, LONGEST_SENTENCE)) }
}

/// The rest in a few words: the owner, where it was seen, since when, by which rule, the finding.
pub(super) fn particulars(effect: &Effect) -> String {
    let mut parts = Vec::new();
    parts.extend(effect.owner.as_ref().map(|owner| format!("owner: {owner}")));
    if !effect.sources.is_empty() {
        let names: Vec<String> = effect.sources.iter().map(SourceName::to_string).collect();
        let place = if effect.environments.is_empty() {
            String::new()
        } else {
            format!(" ({})", join_and(&effect.environments))
        };
        parts.push(format!("seen in {}{place}", join_and(&names)));
    }
    parts.extend(effect.since.map(|since| format!("since {}", since.format("%-d %b %Y"))));
    parts.extend(effect.rule.as_ref().map(|rule| format!("rule {rule}")));
    parts.extend(effect.finding.as_ref().map(ToString::to_string));
    clean(&parts.join(" · "), LONGEST_SENTENCE)
}

/// The paragraphs of what happened; none of them empty.
pub(super) fn lead(notice: &Notice) -> Vec<String> {
    notice.lead.iter().take(10).map(|text| clean(text, 1000)).filter(|text| !text.is_empty()).collect()
}

/// “and 3 more”, where only so many are listed. `None` if these are all.
pub(super) fn and_more(notice: &Notice, listed: usize) -> Option<String> {
    let more = notice.count().saturating_sub(listed);
    (more > 0).then(|| format!("and {} more", thousands(more)))
}

/// Where the notice comes from and how to recognise it.
pub(super) fn footer(notice: &Notice) -> String {
    let scan = notice.snapshot.map_or_else(String::new, |snapshot| format!(" · scan {snapshot}"));
    clean(&format!("keyroll · {}{scan} · {} · {}", notice.estate, notice.cause, notice.id), 300)
}

/// An address that can be made a link of; `None` for a command, and for what a markup could take for its own.
pub(super) fn web_link(text: &str) -> Option<&str> {
    let plain = |letter: char| letter.is_ascii_graphic() && !"<>|\"'`\\{}[]()^".contains(letter);
    let web = text.starts_with("https://") || text.starts_with("http://");
    (web && text.len() <= 2000 && text.chars().all(plain)).then_some(text)
}

/// How many effects can be listed so that the message fits.
pub(super) fn fitting(notice: &Notice, most: usize, fits: impl Fn(usize) -> bool) -> usize {
    (0..=notice.effects.len().min(most)).rev().find(|listed| fits(*listed)).unwrap_or(0)
}

/// Whether something is opened for a notice that asks to keep nothing open: what concerns keyroll itself has no other
/// way to be noticed, an escalation is meant to open something where nothing is, and a sample shows what would happen.
pub(super) fn opens(topic: Topic) -> bool {
    match topic {
        Topic::Coverage | Topic::Schedule | Topic::Escalation | Topic::Sample => true,
        Topic::Findings | Topic::Adoption | Topic::Expiry | Topic::Reminder | Topic::Digest => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_letters_by_the_strictest_count() {
        assert_eq!(clean("  two\nlines\u{202e} ", 20), "two lines\u{fffd}");
        assert_eq!(clean("abcdef", 6), "abcdef");
        assert_eq!(clean("abcdefg", 6), "abcde…");
        let cut = clean(&"🔑".repeat(10), 6);
        assert_eq!((cut.as_str(), cut.encode_utf16().count()), ("🔑🔑…", 5));
    }

    #[test]
    fn only_plain_addresses_become_links() {
        assert!(web_link("https://reports.example.com/f/F-1?x=1#y").is_some());
        for text in ["keyroll explain F-1", "javascript:alert(1)", "https://a/|b>", "https://a b", "https://a/\u{202e}"]
        {
            assert!(web_link(text).is_none(), "{text}");
        }
    }
}
