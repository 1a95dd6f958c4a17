//! Text of others on a page: letters that cannot be seen, or that turn the direction of what follows, are written out, and a word
//! that mixes the letters of several scripts says so. What looks like a known name then is one.

use unicode_security::MixedScript;

/// The text as it may be shown. Whoever puts it on a page still escapes it.
#[must_use]
pub fn shown(text: &str) -> String {
    // Most texts are plain.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut word = String::new();
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            word.push(letter);
            continue;
        }
        end(&mut word, &mut safe);
        match letter {
            '\n' | '\r' | '\t' | ' ' => safe.push(' '),
            hidden if is_hidden(hidden) => safe.push_str(&format!("⟨U+{:04X}⟩", u32::from(hidden))),
            other => safe.push(other),
        }
    }
    end(&mut word, &mut safe);
    safe
}

/// Ends a word: `аdmin` with a Cyrillic first letter becomes `аdmin⟨mixed scripts⟩`.
fn end(word: &mut String, safe: &mut String) {
    safe.push_str(word);
    if !word.is_ascii() && !word.as_str().is_single_script() {
        safe.push_str("⟨mixed scripts⟩");
    }
    word.clear();
}

/// Letters without a shape of their own: controls, marks of direction, spaces without width, tags, selectors.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(shown("plain “text” ümläut 日本語テキスト"), "plain “text” ümläut 日本語テキスト");
        assert_eq!(shown("invoice\u{202e}fdp.exe"), "invoice⟨U+202E⟩fdp.exe");
        assert_eq!(shown("a\u{200b}b\nc\u{1b}[31m\u{e0041}"), "a⟨U+200B⟩b c⟨U+001B⟩[31m⟨U+E0041⟩");
    }

    #[test]
    fn a_word_of_several_scripts_says_so() {
        assert_eq!(shown("svc-\u{430}dmin"), "svc-\u{430}dmin⟨mixed scripts⟩");
        assert_eq!(shown("админ и admin"), "админ и admin", "each word is of one script");
        assert_eq!(shown("東京タワー 3号"), "東京タワー 3号", "Japanese is written in several");
    }
}
