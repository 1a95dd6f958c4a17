//! What is written to a terminal that is said to understand ASCII alone (`LC_ALL=C`): each letter beyond that becomes one of ASCII, in as
//! many columns, so that tables stay as they are. Files and pipes are never changed.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::text::columns;

/// True if the terminal is said to understand more than ASCII, or nothing is said of it.
pub(super) fn speaks_utf8() -> bool {
    let said = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(std::env::var_os);
    let locale = said.map(|value| value.to_string_lossy().to_ascii_lowercase()).find(|value| !value.is_empty());
    cfg!(windows) || locale.is_none_or(|locale| locale.contains("utf-8") || locale.contains("utf8"))
}

/// The letter of ASCII that stands for another one; of letters that have none, that there is one.
pub(super) fn in_ascii(letter: &str) -> &'static str {
    match letter {
        "“" | "”" => "\"",
        "‘" | "’" => "'",
        "·" | "–" | "−" | "─" => "-",
        "…" => "~",
        "→" => ">",
        _ => "?",
    }
}

/// The text in letters of ASCII.
pub(super) fn words(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        let mut bytes = [0; 4];
        let letter = letter.encode_utf8(&mut bytes);
        if letter.is_ascii() {
            plain.push_str(letter);
        } else {
            // What takes no column goes with the letter before it.
            plain.push_str(&in_ascii(letter).repeat(columns(letter)));
        }
    }
    Cow::Owned(plain)
}

/// A place that gets letters of ASCII for all that is written.
pub(super) struct Plain<W> {
    place: W,
    /// The beginning of a letter whose rest has yet to be written.
    begun: Vec<u8>,
}

impl<W: Write> Plain<W> {
    pub(super) fn new(place: W) -> Self {
        Self { place, begun: Vec::new() }
    }
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let rest = match std::str::from_utf8(&self.begun) {
            Ok(_) => Vec::new(),
            Err(error) if error.error_len().is_none() => self.begun.split_off(error.valid_up_to()),
            // No text: each byte that is none is told as a letter.
            Err(_) => Vec::new(),
        };
        let whole = std::mem::replace(&mut self.begun, rest);
        self.place.write_all(words(&String::from_utf8_lossy(&whole)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.place.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_keep_their_columns_wherever_they_are_cut() {
        let text = "“Zoë” · scan s1 → e\u{301} 日本 …\n";
        let plain = "\"Zo?\" - scan s1 > e ???? ~\n";
        assert_eq!(words(text), plain);
        assert_eq!(columns(text.trim_end()), columns(plain.trim_end()));
        for size in 1..=text.len() {
            let mut out = Plain::new(Vec::new());
            for piece in text.as_bytes().chunks(size) {
                out.write_all(piece).unwrap();
            }
            assert_eq!(String::from_utf8(out.place).unwrap(), plain, "{size} bytes at a time");
        }
        let mut out = Plain::new(Vec::new());
        out.write_all(b"a\xffb").unwrap();
        assert_eq!(out.place, b"a?b");
    }
}
