//! Foreign text inside YAML that we write: names come from whoever could name an account, so nothing in them may end a
//! line, a quotation or a comment.

use std::fmt::Write;

use super::shorten;

/// The text in double quotes, with everything escaped that is not plainly readable.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                out.push('\\');
                out.push(letter);
            }
            letter if is_plain(letter) => out.push(letter),
            letter => escape(letter, &mut out),
        }
    }
    out.push('"');
    out
}

/// The text as it stands in the file: bare where nobody can take it for anything but text, otherwise in quotes.
#[must_use]
pub fn scalar(text: &str) -> String {
    const OTHER_THINGS: [&str; 11] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "inf", "nan"];
    let inside = |letter: char| letter.is_ascii_alphanumeric() || " _-./:@+*()".contains(letter);
    // What has a slash between its words is no number, and no moment either.
    let begins =
        text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter.is_ascii_digit() && text.contains('/'));
    let bare = begins
        && text.chars().all(inside)
        && !OTHER_THINGS.contains(&text.to_ascii_lowercase().as_str())
        && !text.contains(": ")
        && !text.ends_with([' ', ':']);
    if bare { text.to_owned() } else { quoted(text) }
}

/// The text for a comment: on one line, nothing hidden in it, and not longer than a line or two.
#[must_use]
pub fn in_comment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_plain(letter) || matches!(letter, '“' | '”' | '…' | '–' | '’') {
            out.push(letter);
        } else {
            escape(letter, &mut out);
        }
    }
    shorten(&out, 200)
}

/// Letters and digits of any script, and what a keyboard has. Marks that turn the reading direction, invisible letters
/// and everything that YAML might take for a line's end are not among them.
fn is_plain(letter: char) -> bool {
    letter == ' ' || letter.is_ascii_graphic() || letter.is_alphanumeric()
}

fn escape(letter: char, out: &mut String) {
    let code = u32::from(letter);
    let written = match code {
        0..=0xff => write!(out, "\\x{code:02X}"),
        0x100..=0xffff => write!(out, "\\u{code:04X}"),
        _ => write!(out, "\\U{code:08X}"),
    };
    written.expect("internal: writing to a string does not fail");
}

/// An id made of a text: small letters, digits and dashes; empty if nothing is left.
#[must_use]
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(48);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_its_line() {
        assert_eq!(quoted("a\"b\\c\nd\u{85}e\u{2028}f\u{202e}😀ä"), r#""a\"b\\c\x0Ad\x85e\u2028f\u202E\U0001F600ä""#);
        assert_eq!(scalar("scope write:jira-work"), "scope write:jira-work");
        assert_eq!(scalar("Dana"), "Dana");
        for odd in ["a: b", "yes", "NULL", "0x10", "2026-12-31", "1 a", "a #b", "a-b:", "- a", "*", "*/a", ""] {
            assert_eq!(scalar(odd), format!("\"{odd}\""));
        }
        assert_eq!(in_comment("x\n- id: evil # “y”"), r"x\x0A- id: evil # “y”");
        assert_eq!(slug("Jenkins (svc_jenkins)!"), "jenkins-svc-jenkins");
        assert_eq!(slug("日本"), "");
    }
}
