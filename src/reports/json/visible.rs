//! JSON that is also safe to look at: letters that steer a terminal or turn the reading direction are written as escapes.
//! A reader of JSON gets the same text back.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::reports::RenderError;
use crate::text;

/// Writes a document and a line's end.
///
/// # Errors
/// When the place it is written to refuses.
pub(in crate::reports) fn write_document(document: &impl Serialize, out: &mut dyn Write) -> Result<(), RenderError> {
    let mut out = io::BufWriter::new(out);
    write_with(Pretty::default(), document, &mut out)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

/// A document as text, without a line's end.
pub(in crate::reports) fn document(document: &impl Serialize) -> String {
    let mut out = Vec::new();
    write_with(Pretty::default(), document, &mut out).expect("internal: our own types can be written as JSON");
    String::from_utf8(out).expect("internal: JSON is UTF-8")
}

/// Writes a value on one line, without its end.
pub(super) fn write_line(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    write_with(OneLine, value, out)
}

fn write_with(formatter: impl Formatter, value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, formatter))?)
}

/// Everything on one line.
struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        write_visible(out, text)
    }
}

/// An entry a line, each two spaces further in than what holds it: as serde_json's own, which writes each space of it by itself.
#[derive(Default)]
struct Pretty {
    depth: usize,
    has_entries: bool,
}

/// A line's end and the beginning of a line as deep as most are.
const LINE: &[u8] = b",\n                                ";

impl Pretty {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_entries = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.has_entries {
            self.line(out, 1)?;
        }
        // Whatever holds this has an entry now.
        self.has_entries = true;
        out.write_all(bracket)
    }

    /// Begins an entry: after a comma, unless it is the first.
    fn entry<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.has_entries = true;
        self.line(out, usize::from(first))
    }

    /// Ends a line and begins another; leaves out so many bytes of the end.
    fn line<W: ?Sized + Write>(&self, out: &mut W, without: usize) -> io::Result<()> {
        match LINE.get(without..2 + 2 * self.depth) {
            Some(line) => out.write_all(line),
            None => {
                out.write_all(LINE.get(without..2).unwrap_or_default())?;
                (0..self.depth).try_for_each(|_| out.write_all(b"  "))
            }
        }
    }
}

impl Formatter for Pretty {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.entry(out, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.entry(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        write_visible(out, text)
    }
}

/// Escapes what would not be seen. serde_json has escaped the ASCII controls but one itself.
fn write_visible<W: ?Sized + Write>(out: &mut W, text: &str) -> io::Result<()> {
    // Most texts are of letters below the last control of ASCII, which is seen at a glance.
    if text.bytes().fold(0, |seen, byte| seen | byte.wrapping_add(1)) <= 0x7f || !text.chars().any(is_hidden) {
        return out.write_all(text.as_bytes());
    }
    for letter in text.chars() {
        if is_hidden(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        } else {
            write!(out, "{letter}")?;
        }
    }
    Ok(())
}

fn is_hidden(letter: char) -> bool {
    letter >= '\u{7f}'
        && text::harmless(letter.encode_utf8(&mut [0; 4])).starts_with('\u{fffd}')
        && letter != '\u{fffd}'
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hidden_letters_are_shown_as_escapes_and_come_back() {
        let name = "a\u{9b}31m\u{202e}ö\u{e0041}\u{7f}\n";
        let mut out = Vec::new();
        write_line(&name, &mut out).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert_eq!(shown, r#""a\u009b31m\u202eö\udb40\udc41\u007f\n""#);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), name);
    }

    #[test]
    fn lines_are_those_of_the_usual_writer() {
        let mut deep = json!([]);
        for depth in 0..40 {
            deep = json!([depth, {}, { "a": deep, "b": [] }]);
        }
        for value in [json!({}), json!([1]), json!("x"), json!({ "a": [{ "b": {} }, 1, [[]]], "c": null }), deep] {
            assert_eq!(document(&value), serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
