//! Lines for a terminal: inks, wrapping by display width, and blocks with a label in the margin.
//!
//! All text passes through [`plain`] on its way to the page, so nothing foreign can steer a terminal or break the layout.

use crate::text;

/// How a view is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal. Below 40, lines are laid out for 40.
    pub width: usize,
    /// True if ANSI colours may be used.
    pub colour: bool,
}

impl Look {
    const NARROWEST: usize = 40;
    /// Prose in longer lines is hard to read.
    const WIDEST_PROSE: usize = 132;

    /// The columns that a table may fill.
    pub(super) fn columns(self) -> usize {
        self.width.max(Self::NARROWEST)
    }

    /// The columns that sentences may fill.
    pub(super) fn measure(self) -> usize {
        self.columns().min(Self::WIDEST_PROSE)
    }

    /// The text in an ink, if colours may be used.
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        match ink.code() {
            Some(code) if self.colour && !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }
}

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Ink {
    /// Running text.
    #[default]
    Plain,
    /// What the eye should find first.
    Strong,
    /// What can be skipped.
    Dim,
    /// What one may be glad about.
    Good,
    /// What to do.
    Action,
    /// What wants attention.
    Warn,
    /// What is wrong.
    Bad,
    /// What is wrong and cannot wait.
    Alarm,
}

impl Ink {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Dim => Some("2"),
            Self::Good => Some("32"),
            Self::Action => Some("36"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
            Self::Alarm => Some("1;31"),
        }
    }
}

/// Words in one ink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) ink: Ink,
    pub(super) text: String,
}

/// Words in an ink, made harmless.
pub(super) fn words(ink: Ink, text: &str) -> Words {
    Words { ink, text: plain(text) }
}

/// Parts of a sentence with dots between them; empty parts are left out.
pub(super) fn dotted(parts: impl IntoIterator<Item = Words>) -> Vec<Words> {
    let mut line = Vec::new();
    for part in parts.into_iter().filter(|part| !part.text.is_empty()) {
        if !line.is_empty() {
            line.push(words(Ink::Dim, "·"));
        }
        line.push(part);
    }
    line
}

/// Text that cannot steer a terminal and whose width is the sum of its letters' widths. (A variation selector changes
/// the width of the letter before it, and terminals disagree by how much.)
pub(super) fn plain(text: &str) -> String {
    text::harmless(text).chars().filter(|letter| !matches!(letter, '\u{fe00}'..='\u{fe0f}')).collect()
}

/// Something with a label in the margin: a headline, and lines below it.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) label: Option<Words>,
    pub(super) head: Vec<Words>,
    /// Stands at the right edge of the first line: an id to type.
    pub(super) id: Option<String>,
    pub(super) details: Vec<Vec<Words>>,
}

/// A page while it is being made: what it says, in order. How wide a line may be is looked at when it is written.
#[derive(Debug)]
pub(super) struct Page {
    look: Look,
    parts: Vec<Part>,
}

/// One part of a page.
#[derive(Debug)]
pub(super) enum Part {
    /// An empty line.
    Blank,
    /// A section's heading, with an empty line above it.
    Heading(Words, Words),
    /// Words that flow over as many lines as they need.
    Paragraph {
        /// Columns on the left.
        indent: usize,
        /// What it says.
        line: Vec<Words>,
    },
    /// A label of so many columns, and words beside it: their lines after the first stand under the first.
    Hanging {
        /// Columns on the left.
        indent: usize,
        /// The label.
        label: Words,
        /// Its columns.
        columns: usize,
        /// What stands beside it.
        line: Vec<Words>,
    },
    /// Blocks whose labels share one margin.
    Blocks(Vec<Block>),
}

impl Page {
    pub(super) fn new(look: Look) -> Self {
        Self { look, parts: Vec::new() }
    }

    pub(super) fn heading(&mut self, title: &str, beside: &str) {
        self.parts.push(Part::Heading(words(Ink::Strong, title), words(Ink::Dim, beside)));
    }

    pub(super) fn blank(&mut self) {
        self.parts.push(Part::Blank);
    }

    pub(super) fn paragraph(&mut self, indent: usize, line: &[Words]) {
        self.parts.push(Part::Paragraph { indent, line: line.to_vec() });
    }

    pub(super) fn hanging(&mut self, indent: usize, label: &Words, columns: usize, line: &[Words]) {
        self.parts.push(Part::Hanging { indent, label: label.clone(), columns, line: line.to_vec() });
    }

    pub(super) fn blocks(&mut self, blocks: impl IntoIterator<Item = Block>) {
        self.parts.push(Part::Blocks(blocks.into_iter().collect()));
    }

    /// What it says, for other media than a terminal.
    pub(super) fn into_parts(self) -> Vec<Part> {
        self.parts
    }

    /// The page for a terminal.
    pub(super) fn into_text(self) -> String {
        let mut writer = Writer { look: self.look, text: String::new() };
        for part in &self.parts {
            writer.part(part);
        }
        writer.text
    }
}

/// A text for a terminal while it is being written.
struct Writer {
    look: Look,
    text: String,
}

impl Writer {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Blank => self.text.push('\n'),
            Part::Heading(title, beside) => {
                self.text.push('\n');
                self.paragraph(0, &[title.clone(), beside.clone()]);
            }
            Part::Paragraph { indent, line } => self.paragraph(*indent, line),
            Part::Hanging { indent, label, columns, line } => self.hanging(*indent, label, *columns, line),
            Part::Blocks(blocks) => self.blocks(blocks),
        }
    }

    fn paragraph(&mut self, indent: usize, line: &[Words]) {
        for wrapped in wrap(line, self.look.measure().saturating_sub(indent)) {
            self.put(&format!("{}{}", " ".repeat(indent), self.painted(&wrapped)));
        }
    }

    fn hanging(&mut self, indent: usize, label: &Words, columns: usize, line: &[Words]) {
        let beside = indent + columns + 1;
        let gap = " ".repeat(columns.saturating_sub(text::columns(&label.text)) + 1);
        for (at, wrapped) in wrap(line, self.look.measure().saturating_sub(beside)).iter().enumerate() {
            let margin = if at == 0 {
                format!("{}{}{gap}", " ".repeat(indent), self.look.paint(label.ink, &label.text))
            } else {
                " ".repeat(beside)
            };
            self.put(&format!("{margin}{}", self.painted(wrapped)));
        }
    }

    fn blocks(&mut self, blocks: &[Block]) {
        let widest =
            blocks.iter().filter_map(|block| block.label.as_ref()).map(|label| text::columns(&label.text)).max();
        let margin = widest.unwrap_or(0).clamp(8, 20);
        for block in blocks {
            self.block(block, margin);
        }
    }

    fn block(&mut self, block: &Block, margin: usize) {
        let indent = margin + 4;
        let id_columns = block.id.as_deref().map_or(0, |id| text::columns(id) + 2);
        let room = self.look.measure().saturating_sub(indent + id_columns);
        let none = words(Ink::Plain, "");
        let label = block.label.as_ref().unwrap_or(&none);
        let label_text = text::shorten(&label.text, margin);
        for (at, line) in wrap(&block.head, room).iter().enumerate() {
            let mut shown = if at == 0 {
                let gap = " ".repeat(margin - text::columns(&label_text).min(margin) + 2);
                format!("  {}{gap}{}", self.look.paint(label.ink, &label_text), self.painted(line))
            } else {
                format!("{}{}", " ".repeat(indent), self.painted(line))
            };
            if let (0, Some(id)) = (at, &block.id) {
                shown.push_str(&" ".repeat(room.saturating_sub(columns_of(line)) + 2));
                shown.push_str(&self.look.paint(Ink::Dim, id));
            }
            self.put(&shown);
        }
        for detail in block.details.iter().filter(|detail| !detail.is_empty()) {
            self.paragraph(indent, detail);
        }
    }

    fn painted(&self, line: &[Words]) -> String {
        let pieces: Vec<String> = line.iter().map(|words| self.look.paint(words.ink, &words.text)).collect();
        pieces.join(" ")
    }

    fn put(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

fn columns_of(line: &[Words]) -> usize {
    line.iter().map(|words| text::columns(&words.text) + 1).sum::<usize>().saturating_sub(1)
}

/// Words broken into lines of at most `room` columns: between words where that is possible, within one that is longer
/// than a line.
pub(super) fn wrap(line: &[Words], room: usize) -> Vec<Vec<Words>> {
    let room = room.max(2);
    let mut lines: Vec<Vec<Words>> = vec![Vec::new()];
    let mut used = 0;
    for (ink, word) in line.iter().flat_map(|words| words.text.split_whitespace().map(|word| (words.ink, word))) {
        for piece in pieces(word, room) {
            let width = text::columns(&piece);
            if used > 0 && used + 1 + width > room {
                lines.push(Vec::new());
                used = 0;
            }
            used += width + usize::from(used > 0);
            let current = lines.last_mut().expect("internal: there is a line from the start");
            match current.last_mut() {
                Some(last) if last.ink == ink => {
                    last.text.push(' ');
                    last.text.push_str(&piece);
                }
                _ => current.push(Words { ink, text: piece }),
            }
        }
    }
    lines
}

/// A word in pieces of at most `room` columns.
fn pieces(word: &str, room: usize) -> Vec<String> {
    if text::columns(word) <= room {
        return vec![word.to_owned()];
    }
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for letter in word.chars() {
        let width = text::columns(letter.encode_utf8(&mut [0; 4]));
        if used + width > room {
            let rest = pieces.last_mut().map(split_at_border).unwrap_or_default();
            used = text::columns(&rest);
            pieces.push(rest);
        }
        used += width;
        pieces.last_mut().expect("internal: there is a piece from the start").push(letter);
    }
    pieces
}

/// Takes what follows the last border of an id or address off a piece, if that leaves most of it in place.
fn split_at_border(piece: &mut String) -> String {
    let border = piece.rfind(['/', ':', '.', '-', '_', ',', '&']).map_or(0, |at| at + 1);
    if border * 2 > piece.len() { piece.split_off(border) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Vec<Words>]) -> Vec<String> {
        lines.iter().map(|line| line.iter().map(|words| words.text.as_str()).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn wide_letters_count_double_and_a_long_word_is_broken() {
        let line = [words(Ink::Plain, "日本語テキスト ab"), words(Ink::Dim, "cd")];
        assert_eq!(texts(&wrap(&line, 6)), ["日本語", "テキス", "ト ab", "cd"]);
    }

    #[test]
    fn an_id_is_broken_at_its_borders() {
        let line = [words(Ink::Plain, "atlassian/credential/t-123456")];
        assert_eq!(texts(&wrap(&line, 24)), ["atlassian/credential/t-", "123456"]);
        assert_eq!(texts(&wrap(&line, 22)), ["atlassian/credential/", "t-123456"]);
    }

    #[test]
    fn a_variation_selector_does_not_widen_a_line() {
        let hearts = "❤\u{fe0f}".repeat(20);
        assert!(wrap(&[words(Ink::Plain, &hearts)], 10).iter().all(|line| columns_of(line) <= 10));
    }

    #[test]
    fn an_id_stands_at_the_right_edge() {
        let mut page = Page::new(Look { width: 50, colour: false });
        let block = Block { head: vec![words(Ink::Plain, "x")], id: Some("F-123456".into()), ..Block::default() };
        page.blocks([block]);
        assert_eq!(text::columns(page.into_text().trim_end()), 50);
    }
}
