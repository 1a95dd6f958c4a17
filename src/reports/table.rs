//! Tables for a terminal: columns as wide as they need to be, the widest giving way first, cells wrapped, and columns
//! that only a wide terminal shows. One builder, so that all listings look alike.

use super::layout::{Ink, Look, Words, words, wrap};
use crate::text;

/// The heading of a column.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    title: &'static str,
    from_width: usize,
    rigid: bool,
    right: bool,
}

impl Head {
    /// A column that wraps when space is short.
    #[must_use]
    pub fn flow(title: &'static str) -> Self {
        Self { title, from_width: 0, rigid: false, right: false }
    }

    /// A column that keeps its words whole: ids, dates, states.
    #[must_use]
    pub fn whole(title: &'static str) -> Self {
        Self { rigid: true, ..Self::flow(title) }
    }

    /// A column of numbers, aligned to the right.
    #[must_use]
    pub fn number(title: &'static str) -> Self {
        Self { right: true, ..Self::whole(title) }
    }

    /// The same column, left out on terminals narrower than this.
    #[must_use]
    pub fn from_width(self, width: usize) -> Self {
        Self { from_width: width, ..self }
    }
}

/// One cell: text in an ink.
#[derive(Debug, Clone)]
pub struct Cell(Words);

impl Cell {
    /// A cell in an ink; the text is made harmless, and cut where it is very long.
    #[must_use]
    pub fn inked(ink: Ink, text: &str) -> Self {
        Self(words(ink, &text::shorten(text, LONGEST)))
    }

    /// A plain cell; the text is made harmless.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::inked(Ink::Plain, text)
    }
}

/// A table while it is being filled.
#[derive(Debug)]
pub struct Table {
    heads: Vec<Head>,
    rows: Vec<Vec<Cell>>,
    empty: &'static str,
}

/// Spaces between two columns.
const GAP: usize = 2;
/// No column gives way below this.
const NARROWEST: usize = 6;
/// A cell is cut beyond this: the files have all of it.
const LONGEST: usize = 400;
/// A column that keeps its words whole still gives way when it is wider than this.
const WIDEST_RIGID: usize = 32;

impl Table {
    /// A table with columns, and what to say if it stays without rows.
    #[must_use]
    pub fn new(heads: &[Head], empty: &'static str) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new(), empty }
    }

    /// Adds a row: one cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.heads.len(), "internal: a row has a cell for each column");
        self.rows.push(cells);
    }

    /// The table as text.
    #[must_use]
    pub fn render(&self, look: Look) -> String {
        if self.rows.is_empty() {
            return format!("{}\n", look.paint(Ink::Dim, self.empty));
        }
        let mut shown: Vec<usize> =
            (0..self.heads.len()).filter(|at| self.heads[*at].from_width <= look.columns()).collect();
        while shown.len() > 1 && shown.len() * (NARROWEST + GAP) > look.columns() {
            shown.pop();
        }
        let widths = self.widths(&shown, look.columns());
        let heads: Vec<Cell> = self.heads.iter().map(|head| Cell::inked(Ink::Strong, head.title)).collect();
        let mut text = self.lines(&heads, &shown, &widths, look);
        for row in &self.rows {
            text.push_str(&self.lines(row, &shown, &widths, look));
        }
        text
    }

    /// As wide as the content, then the widest columns give way until the row fits: the flowing ones first.
    fn widths(&self, shown: &[usize], columns: usize) -> Vec<usize> {
        let natural = |at: &usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(*at)).map(|cell| text::columns(&cell.0.text)).max();
            cells.unwrap_or(0).max(text::columns(self.heads[*at].title))
        };
        let mut widths: Vec<usize> = shown.iter().map(natural).collect();
        let room = columns.saturating_sub(GAP * shown.len().saturating_sub(1));
        let gives_way = |at: usize, width: usize| !self.heads[shown[at]].rigid || width > WIDEST_RIGID;
        while widths.iter().sum::<usize>() > room {
            let widest = |willing: &dyn Fn(usize, usize) -> bool| {
                (0..widths.len())
                    .filter(|at| widths[*at] > NARROWEST && willing(*at, widths[*at]))
                    .max_by_key(|at| (widths[*at], std::cmp::Reverse(*at)))
            };
            let least_flow = |at: usize, width: usize| gives_way(at, width) && width > 2 * NARROWEST;
            let Some(at) = widest(&least_flow).or_else(|| widest(&|_, _| true)) else { break };
            // A very long name gives way at once; the last columns are then taken one by one.
            widths[at] = if widths[at] > columns { columns } else { widths[at] - 1 };
        }
        widths
    }

    fn lines(&self, row: &[Cell], shown: &[usize], widths: &[usize], look: Look) -> String {
        let cells: Vec<Vec<Vec<Words>>> = shown
            .iter()
            .zip(widths)
            .map(|(at, width)| row.get(*at).map_or_else(Vec::new, |cell| wrap(std::slice::from_ref(&cell.0), *width)))
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        let mut text = String::new();
        for at_line in 0..height {
            let mut line = String::new();
            let mut pending = 0;
            for ((at, width), cell) in shown.iter().zip(widths).zip(&cells) {
                let part = cell.get(at_line).and_then(|words| words.first());
                let (ink, content) = part.map_or((Ink::Plain, ""), |words| (words.ink, words.text.as_str()));
                let slack = width.saturating_sub(text::columns(content));
                let (before, after) = if self.heads[*at].right { (slack, 0) } else { (0, slack) };
                line.push_str(&" ".repeat(pending + before));
                line.push_str(&look.paint(ink, content));
                pending = after + GAP;
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
