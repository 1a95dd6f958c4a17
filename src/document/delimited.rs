//! Takes delimited text apart, as RFC 4180 describes it: any line end, cells in quotes with quotes doubled inside. What the
//! cells mean, and which of them are wanted, its readers know.
//!
//! Unlike the parsers that forgive everything, it tells a quote that never closes and text behind a closing quote: both
//! swallow rows in silence. A test holds it against the `csv` crate wherever there is nothing to complain of.

use std::borrow::Cow;
use std::ops::Range;

/// One row of cells.
#[derive(Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where it is: “line 7”, or “lines 7 to 9”.
    pub place: String,
    /// Its bytes, without the line end.
    pub span: Range<usize>,
    /// Its cells, without quotes.
    pub cells: Vec<Cow<'a, str>>,
    /// Where each cell begins, its quote included.
    pub starts: Vec<usize>,
    /// True if a line end closes it.
    pub closed: bool,
}

/// Why a text cannot be taken apart any further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Where: “line 7”.
    pub place: String,
    /// The byte that is meant.
    pub span: Range<usize>,
    /// What is wrong.
    pub what: &'static str,
    /// What would be right.
    pub help: &'static str,
}

/// The rows of a text, blank lines left out. Behind a mistake nothing more comes: where the next row begins is not known.
#[derive(Debug)]
pub struct Records<'a> {
    text: &'a str,
    delimiter: u8,
    at: usize,
    lines: Lines<'a>,
}

impl<'a> Records<'a> {
    /// The rows of a text with this byte between two cells.
    #[must_use]
    pub fn new(text: &'a str, delimiter: u8) -> Self {
        Self { text, delimiter, at: 0, lines: Lines::new(text) }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn part(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    fn ends_cell(&self, at: usize) -> bool {
        self.byte(at).is_none_or(|byte| byte == self.delimiter || matches!(byte, b'\r' | b'\n'))
    }

    /// The cell that begins at `self.at`, which is left behind its end.
    fn cell(&mut self) -> Result<Cow<'a, str>, Broken> {
        let start = self.at;
        if self.byte(start) != Some(b'"') {
            while !self.ends_cell(self.at) {
                self.at += 1;
            }
            return Ok(Cow::Borrowed(self.part(start..self.at)));
        }
        self.at += 1;
        let inside = self.at;
        let mut doubled = false;
        loop {
            match (self.byte(self.at), self.byte(self.at + 1)) {
                (Some(b'"'), Some(b'"')) => {
                    doubled = true;
                    self.at += 2;
                }
                (Some(b'"'), _) => break,
                (Some(_), _) => self.at += 1,
                (None, _) => return Err(self.complain(start, "a quote that begins here never closes")),
            }
        }
        let text = self.part(inside..self.at);
        self.at += 1;
        if !self.ends_cell(self.at) {
            return Err(self.complain(self.at, "there is text behind a closing quote"));
        }
        Ok(if doubled { Cow::Owned(text.replace("\"\"", "\"")) } else { Cow::Borrowed(text) })
    }

    fn complain(&mut self, at: usize, what: &'static str) -> Broken {
        let line = Lines::new(self.text).line_of(at);
        self.at = self.text.len();
        let help = "a quote inside a cell is written twice, and the cell between quotes";
        Broken { place: format!("line {line}"), span: at..at, what, help }
    }

    fn record(&mut self) -> Result<Record<'a>, Broken> {
        let start = self.at;
        let (mut cells, mut starts) = (vec![self.cell()?], vec![start]);
        while self.byte(self.at) == Some(self.delimiter) {
            self.at += 1;
            starts.push(self.at);
            cells.push(self.cell()?);
        }
        let (first, last) = (self.lines.line_of(start), self.lines.line_of(self.at));
        let place = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
        Ok(Record { place, span: start..self.at, cells, starts, closed: self.at < self.text.len() })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        while matches!(self.byte(self.at), Some(b'\r' | b'\n')) {
            self.at += 1;
        }
        (self.at < self.text.len()).then(|| self.record())
    }
}

/// Counts lines while a text is walked from front to back.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    /// At the beginning of a text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line in which a byte is. Bytes must be asked for in ascending order.
    pub fn line_of(&mut self, byte: usize) -> usize {
        let passed = self.text.as_bytes().get(self.at..byte).unwrap_or_default();
        let alone =
            |at: &usize| passed.get(*at) == Some(&b'\r') && self.text.as_bytes().get(self.at + at + 1) != Some(&b'\n');
        let breaks = (0..passed.len()).filter(|at| passed.get(*at) == Some(&b'\n') || alone(at)).count();
        self.line += breaks;
        self.at = byte.max(self.at);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        let records = Records::new(text, b',').map(Result::unwrap);
        records.map(|record| record.cells.into_iter().map(Cow::into_owned).collect()).collect()
    }

    fn told(text: &str) -> String {
        let broken = Records::new(text, b',').find_map(Result::err).unwrap();
        format!("{}: {}", broken.place, broken.what)
    }

    #[test]
    fn rows_know_their_lines() {
        let places: Vec<String> =
            Records::new("a,b\r\n\r\n1,\"x\r\ny\"\r\n2,z", b',').map(|record| record.unwrap().place).collect();
        assert_eq!(places, ["line 1", "lines 3 to 4", "line 5"]);
        assert_eq!(cells("a,\"b\"\"c\",\n"), [["a", "b\"c", ""]]);
        let record = Records::new("a,\"b\",c", b',').next().unwrap().unwrap();
        assert_eq!(record.starts, [0, 2, 6]);
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let text = "a\nb\r\nc\rd";
        let mut lines = Lines::new(text);
        let told: Vec<usize> = [0, 2, 5, 7].into_iter().map(|byte| lines.line_of(byte)).collect();
        assert_eq!(told, [1, 2, 3, 4]);
    }

    #[test]
    fn quotes_that_swallow_rows_are_told() {
        assert!(told("a,b\n1,\"x\n2,y\n").starts_with("line 2: a quote that begins here never closes"));
        assert!(told("a,b\n1,\"x\n2,\"y\"\n3,z\n").starts_with("line 3: there is text behind a closing quote"));
    }

    proptest! {
        #[test]
        fn every_text_is_read_as_the_public_parser_does_or_refused(text in "[ab\",\r\n]{0,24}") {
            let mut ours = Vec::new();
            for record in Records::new(&text, b',') {
                match record {
                    Ok(record) => ours.push(record.cells.into_iter().map(Cow::into_owned).collect::<Vec<_>>()),
                    Err(_) => return Ok(()),
                }
            }
            let mut theirs = ::csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> =
                theirs.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
