//! JSON that is also safe to look at: letters that steer a terminal or turn the reading direction are written as escapes.
//! A reader of JSON gets the same text back.

use std::io::{self, Write};

use serde::Serialize;

use crate::reports::RenderError;
use crate::text;

/// Writes a document and a line's end.
///
/// # Errors
/// When the place it is written to refuses.
pub(in crate::reports) fn write_document(document: &impl Serialize, out: &mut dyn Write) -> Result<(), RenderError> {
    let mut out = Visible(io::BufWriter::new(out));
    serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

/// A document as text, without a line's end.
pub(in crate::reports) fn document(document: &impl Serialize) -> String {
    let mut out = Visible(Vec::new());
    serde_json::to_writer_pretty(&mut out, document).expect("internal: our own types can be written as JSON");
    String::from_utf8(out.0).expect("internal: JSON is UTF-8")
}

/// Escapes on the way through. serde_json writes whole pieces of text, and has escaped the ASCII controls itself.
pub(in crate::reports) struct Visible<W>(pub(in crate::reports) W);

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Most pieces are a few letters of ASCII, of which none needs a second look.
        if bytes.iter().fold(0, |seen, byte| seen | byte.wrapping_add(1)) <= 0x7f {
            return self.0.write_all(bytes);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if text.chars().any(is_hidden) => {
                for letter in text.chars() {
                    if is_hidden(letter) {
                        for unit in letter.encode_utf16(&mut [0; 2]) {
                            write!(self.0, "\\u{unit:04x}")?;
                        }
                    } else {
                        write!(self.0, "{letter}")?;
                    }
                }
                Ok(())
            }
            Ok(_) | Err(_) => self.0.write_all(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn is_hidden(letter: char) -> bool {
    letter >= '\u{7f}'
        && text::harmless(letter.encode_utf8(&mut [0; 4])).starts_with('\u{fffd}')
        && letter != '\u{fffd}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_letters_are_shown_as_escapes_and_come_back() {
        let name = "a\u{9b}31m\u{202e}ö\u{e0041}\u{7f}\n";
        let mut out = Visible(Vec::new());
        serde_json::to_writer(&mut out, name).unwrap();
        let shown = String::from_utf8(out.0).unwrap();
        assert_eq!(shown, r#""a\u009b31m\u202eö\udb40\udc41\u007f\n""#);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), name);
    }
}
