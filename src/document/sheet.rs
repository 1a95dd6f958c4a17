//! A table as a spreadsheet leaves it: commas, semicolons or tabs, quotes or none, any line end, UTF-8 or UTF-16. What
//! cannot be read without guessing is refused: a wrong guess at an encoding changes names, and a line that is cut off
//! changes what somebody meant. Which columns there have to be, and what their cells say, the reader knows.

use std::borrow::Cow;
use std::ops::Range;

use super::Located;
use super::delimited::{Broken, Records};
use crate::problem::{Problem, Problems, SourceText};

/// A table with the place of every cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The file, as it reads in UTF-8.
    pub source: SourceText,
    /// The cells of the first line.
    pub head: Vec<Cell>,
    /// The others, lines without any text left out.
    pub rows: Vec<SheetRow>,
}

/// A cell and its place. Spaces around it are no part of its text.
pub type Cell = Located<String>;

/// A line of cells, as many as the first line has.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetRow {
    /// Its bytes in the file.
    pub span: Range<usize>,
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// What may stand between two cells.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

impl Sheet {
    /// Reads a table.
    ///
    /// # Errors
    /// When it is no text, or cannot be taken apart; every line of which that is so is told.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Problems> {
        let unnamed = SourceText::new(name, "");
        let text = decode(bytes).map_err(|(what, help)| Problem::at(&unnamed, 0..0, what).help(help))?;
        let source = SourceText::new(name, &text);
        let broken = |broken: Broken| Problem::at(&source, broken.span, broken.what).help(broken.help);
        let mut records = Records::new(&text, delimiter(&text));
        let head = match records.next() {
            Some(Ok(head)) => row(head.span, &head.cells, &head.starts),
            Some(Err(why)) => return Err(broken(why).into()),
            None => return Err(Problem::at(&unnamed, 0..0, "the file is empty").help(WRITE_AGAIN).into()),
        };
        let (mut problems, mut rows) = (Problems::default(), Vec::new());
        let mut closed = true;
        for record in records {
            let record = match record {
                Ok(record) => record,
                Err(why) => {
                    problems.push(broken(why));
                    break;
                }
            };
            closed = record.closed;
            let found = row(record.span, &record.cells, &record.starts);
            if found.cells.iter().all(|cell| cell.value.is_empty()) {
                continue;
            }
            match fitted(found, head.cells.len()) {
                Ok(row) => rows.push(row),
                Err(cell) => problems.push(
                    Problem::at(
                        &source,
                        cell.span,
                        format!("the line has more cells than the first, which has {}", head.cells.len()),
                    )
                    .help("a cell with the delimiter in it is written between quotes"),
                ),
            }
        }
        if !closed {
            let end = text.len();
            let help = "if the line is whole, end it with a line break; otherwise save the file again";
            problems.push(Problem::at(&source, end..end, "the last line has no end: it may be cut off").help(help));
        }
        problems.or(Self { source, head: head.cells, rows })
    }
}

fn row(span: Range<usize>, cells: &[Cow<'_, str>], starts: &[usize]) -> SheetRow {
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([span.end]);
    let cell = |((text, start), end): ((&Cow<'_, str>, &usize), usize)| Cell {
        value: text.trim().to_owned(),
        span: *start..end,
    };
    SheetRow { cells: cells.iter().zip(starts).zip(ends).map(cell).collect(), span }
}

/// A row with as many cells as there are columns. Spreadsheets leave out empty ones at the end of some lines and add some
/// to others; one with text in it that belongs to no column is given back.
fn fitted(mut row: SheetRow, columns: usize) -> Result<SheetRow, Cell> {
    let extra = row.cells.split_off(columns.min(row.cells.len()));
    if let Some(cell) = extra.into_iter().find(|cell| !cell.value.is_empty()) {
        return Err(cell);
    }
    let end = row.span.end;
    row.cells.resize(columns, Cell { value: String::new(), span: end..end });
    Ok(row)
}

/// What stands between the cells of the first line: the first of the three that is not inside quotes.
fn delimiter(text: &str) -> u8 {
    let mut quoted = false;
    let mut bytes = text.bytes().take_while(|byte| !matches!(byte, b'\r' | b'\n'));
    let found = bytes.find(|byte| {
        quoted ^= *byte == b'"';
        !quoted && DELIMITERS.contains(byte)
    });
    found.unwrap_or(b',')
}

const WRITE_AGAIN: &str = "save it once more as CSV, with the first line that names the columns";
const AS_CSV: &str = "save it as CSV in UTF-8";

/// The text of the bytes; otherwise what they are, and what to do.
fn decode(bytes: &[u8]) -> Result<String, (&'static str, &'static str)> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            return Err(("the file is a workbook of a spreadsheet, and no text", AS_CSV));
        }
        _ if bytes.contains(&0) => return Err(("the file has zero bytes, which no text has", AS_CSV)),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
            Err(_) => {
                let what =
                    "the file is not in UTF-8: it reads like Windows-1252 or another encoding of one byte a letter";
                return Err((
                    what,
                    "save it as “CSV UTF-8”: of other encodings nobody can tell which letters are meant",
                ));
            }
        },
    };
    if text.contains('\0') {
        return Err(("the file has zero bytes, which no text has", AS_CSV));
    }
    // A lone carriage return ends a line only where nothing else does.
    Ok(if text.contains('\n') { text } else { text.replace('\r', "\n") })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, (&'static str, &'static str)> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<String, _>>();
    match text {
        Ok(text) if rest.is_empty() => Ok(text),
        Ok(_) | Err(_) => Err(("the file begins as UTF-16 and ends in the middle of a letter", AS_CSV)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Vec<String>>, String> {
        let sheet = Sheet::read("q4.csv", bytes).map_err(|problems| problems.to_string())?;
        let texts = |cells: &[Cell]| cells.iter().map(|cell| cell.value.clone()).collect::<Vec<_>>();
        Ok(std::iter::once(texts(&sheet.head)).chain(sheet.rows.iter().map(|row| texts(&row.cells))).collect())
    }

    #[test]
    fn every_way_in_which_spreadsheets_save_reads_the_same() {
        let expected = [["row", "Größe, „x“"], ["R-1", "a;b"]];
        let comma = "row,\"Größe, „x“\"\r\nR-1,a;b\r\n";
        let semicolon = "row;Größe, „x“\nR-1;\"a;b\"\n";
        let tab = "row\tGröße, „x“\r\nR-1\ta;b\r\n";
        for text in [comma, semicolon, tab, "row,\"Größe, „x“\"\rR-1,a;b\r"] {
            assert_eq!(read(text.as_bytes()).unwrap(), expected);
            assert_eq!(read(format!("\u{feff}{text}").as_bytes()).unwrap(), expected);
            let little: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(read(&little).unwrap(), expected);
            assert_eq!(read(&big).unwrap(), expected);
        }
    }

    #[test]
    fn empty_lines_and_empty_cells_at_the_end_are_no_mistake() {
        assert_eq!(read(b"a,b,c\n1,2\n,,\n3,4,5,,\n").unwrap(), [["a", "b", "c"], ["1", "2", ""], ["3", "4", "5"]]);
    }

    #[test]
    fn what_would_have_to_be_guessed_is_refused() {
        for (bytes, told) in [
            (&b"a,b\n1,M\xfcller\n"[..], "not in UTF-8"),
            (b"PK\x03\x04", "a workbook"),
            (b"a\0b\n", "zero bytes"),
            (b"\xff\xfea\0b", "middle of a letter"),
            (b"", "empty"),
            (b"a,b\n1,2", "q4.csv:2:4: the last line has no end"),
            (b"a,b\n1,2,3\n4,5,6\n", "q4.csv:2:5: the line has more cells than the first, which has 2"),
            (b"a,b\n\"1,2\n", "q4.csv:2:1: a quote that begins here never closes"),
        ] {
            let said = read(bytes).unwrap_err();
            assert!(said.contains(told), "{said}");
        }
        assert_eq!(read(b"a,b\n1,2,3\n4,5,6\n").unwrap_err().matches("more cells").count(), 2, "all at once");
    }
}
