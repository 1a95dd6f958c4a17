//! Tables for a terminal. comfy-table lays them out: how wide each column is, and where its cells wrap. Ours are the
//! columns that only a wide terminal shows, those that keep their words whole, and the inks, which go on last: comfy-table
//! never sees an escape sequence.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, TableStyle};

use serde::Serialize;

use super::html::Inked;
use super::layout::{Ink, Look, Words, plain};
use crate::text;

/// The heading of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) title: &'static str,
    pub(super) from_width: usize,
    pub(super) rigid: bool,
    right: bool,
}

impl Head {
    /// A column that wraps when space is short.
    pub(super) fn flow(title: &'static str) -> Self {
        Self { title, from_width: 0, rigid: false, right: false }
    }

    /// A column that keeps its words whole: ids, dates, states.
    pub(super) fn whole(title: &'static str) -> Self {
        Self { rigid: true, ..Self::flow(title) }
    }

    /// A column of numbers, aligned to the right.
    pub(super) fn number(title: &'static str) -> Self {
        Self { right: true, ..Self::whole(title) }
    }

    /// The same column, left out on terminals narrower than this.
    pub(super) fn shown_from(self, width: usize) -> Self {
        Self { from_width: width, ..self }
    }
}

/// One cell: text in an ink.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    ink: Ink,
    text: String,
}

impl Cell {
    /// A cell in an ink; the text is made harmless, and cut where it is very long.
    pub(super) fn inked(ink: Ink, text: &str) -> Self {
        let harmless = plain(&text::shorten(text, LONGEST));
        Self { ink, text: harmless.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    /// A plain cell; the text is made harmless.
    pub(super) fn new(text: &str) -> Self {
        Self::inked(Ink::Plain, text)
    }

    /// The cell as it stands on a terminal.
    pub(super) fn painted(&self, look: Look) -> String {
        look.paint(self.ink, &self.text)
    }
}

/// A table while it is being filled.
#[derive(Debug)]
pub(super) struct Table {
    heads: Vec<Head>,
    rows: Vec<Vec<Cell>>,
    empty: &'static str,
}

/// A table for a browser.
#[derive(Debug, Serialize)]
pub struct Grid {
    heads: Vec<GridHead>,
    rows: Vec<Vec<Inked>>,
}

#[derive(Debug, Serialize)]
struct GridHead {
    title: &'static str,
    number: bool,
}

/// Spaces between two columns.
const GAP: usize = 2;
/// Columns that would be narrower than this are left out, the last ones first.
const NARROWEST: usize = 6;
/// Words are kept whole in some columns as long as this is left for each of the others.
const LEAST_FLOW: usize = 12;
/// A column that keeps its words whole still gives way when it is wider than this.
const WIDEST_RIGID: usize = 36;
/// A cell is cut beyond this: the files have all of it.
const LONGEST: usize = 400;

/// Stands between two cells of a line until they are painted: harmless text has no such letter.
const BETWEEN_CELLS: char = '\u{1f}';
/// Fills the line between two rows, which is not shown.
const BETWEEN_ROWS: char = '\u{1e}';
/// What comfy-table draws instead of borders.
const MARKS: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(BETWEEN_CELLS))
    .header_separator(LineStyle::none().fill(BETWEEN_ROWS))
    .content_lines(ContentLineStyle::none().junction(BETWEEN_CELLS))
    .row_separator(LineStyle::none().fill(BETWEEN_ROWS));

impl Table {
    /// A table with columns, and what to say if it stays without rows.
    pub(super) fn new(heads: &[Head], empty: &'static str) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new(), empty }
    }

    /// Adds a row: one cell for each column.
    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.heads.len(), "internal: a row has a cell for each column");
        self.rows.push(cells);
    }

    /// The table as text.
    pub(super) fn render(&self, look: Look) -> String {
        if self.rows.is_empty() {
            return format!("{}\n", look.paint(Ink::Dim, self.empty));
        }
        let shown = self.shown(look.columns());
        let mut rows = vec![shown.iter().map(|at| Cell::inked(Ink::Strong, self.heads[*at].title)).collect()];
        rows.extend(self.rows.iter().map(|row| shown.iter().map(|at| row[*at].clone()).collect::<Vec<_>>()));
        let heads: Vec<Head> = shown.iter().map(|at| self.heads[*at]).collect();
        let mut text = String::new();
        let mut at_row = 0;
        for line in lay_out(&heads, &rows, look.columns()).lines() {
            if line.starts_with(BETWEEN_ROWS) {
                at_row += 1;
            } else {
                text.push_str(paint(&line, &rows[at_row], look).trim_end());
                text.push('\n');
            }
        }
        text
    }

    /// The whole table for a browser: every column, whatever its width.
    pub(super) fn into_grid(self) -> Grid {
        let heads = self.heads.iter().map(|head| GridHead { title: head.title, number: head.right }).collect();
        let cell = |cell: Cell| Inked::of(Words { ink: cell.ink, text: cell.text });
        let rows = self.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
        Grid { heads, rows }
    }

    /// The columns that fit.
    fn shown(&self, columns: usize) -> Vec<usize> {
        let mut shown: Vec<usize> = (0..self.heads.len()).filter(|at| self.heads[*at].from_width <= columns).collect();
        shown.truncate((columns / (NARROWEST + GAP)).max(1));
        shown
    }
}

/// Rows, the headings first, in columns: with marks between the cells and between the rows, and without inks.
fn lay_out(heads: &[Head], rows: &[Vec<Cell>], columns: usize) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    // The gap behind the last column is cut off again.
    table.load_style(MARKS).set_content_arrangement(ContentArrangement::Dynamic).set_width(as_width(columns + GAP - 1));
    let texts = |row: &[Cell]| row.iter().map(|cell| comfy_table::Cell::new(&cell.text)).collect::<Vec<_>>();
    if let Some((headings, rows)) = rows.split_first() {
        table.set_header(texts(headings)).add_rows(rows.iter().map(|row| texts(row)));
    }
    let natural: Vec<usize> = table.column_max_content_widths().into_iter().map(usize::from).collect();
    let keeps_whole = |head: &Head, width: usize| head.rigid && width <= WIDEST_RIGID;
    let least =
        |(head, width): (&Head, &usize)| if keeps_whole(head, *width) { *width } else { LEAST_FLOW.min(*width) };
    let room_to_keep = heads.iter().zip(&natural).map(least).sum::<usize>() + GAP * (heads.len() - 1) <= columns;
    for ((column, head), width) in table.column_iter_mut().zip(heads).zip(natural) {
        column.set_padding((0, as_width(GAP - 1)));
        if head.right {
            column.set_cell_alignment(CellAlignment::Right);
        }
        if room_to_keep && keeps_whole(head, width) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table
}

fn as_width(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(u16::MAX)
}

/// A line with the inks of its cells, and a space instead of each mark.
fn paint(line: &str, cells: &[Cell], look: Look) -> String {
    let parts = line.split(BETWEEN_CELLS).zip(cells).map(|(part, cell)| {
        let content = part.trim();
        part.replacen(content, &look.paint(cell.ink, content), usize::from(!content.is_empty()))
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let heads = [Head::whole("DAY"), Head::number("ROWS"), Head::flow("WHAT"), Head::flow("WHY").shown_from(60)];
        let mut table = Table::new(&heads, "Nothing.");
        let what = "a token that has been idle for so long that nobody remembers";
        table.row(vec![Cell::new("2026-11-22"), Cell::new("7"), Cell::inked(Ink::Bad, what), Cell::new("x")]);
        table.row(vec![Cell::new("2026-11-23"), Cell::new("12"), Cell::inked(Ink::Good, "日本語"), Cell::new("y")]);
        table
    }

    #[test]
    fn a_narrow_table_wraps_what_flows_and_leaves_columns_out() {
        let expected = "\
            DAY         ROWS  WHAT\n\
            2026-11-22     7  a token that has been idle for\n                  \
                              so long that nobody remembers\n\
            2026-11-23    12  日本語\n";
        assert_eq!(table().render(Look { width: 48, colour: false }), expected);
        assert!(table().render(Look { width: 60, colour: false }).contains("WHY\n"));
    }

    #[test]
    fn each_line_of_a_cell_has_its_ink_and_the_gaps_have_none() {
        let text = table().render(Look { width: 48, colour: true });
        assert!(text.contains("  \u{1b}[31ma token that has been idle for\u{1b}[0m\n"), "{text:?}");
        assert!(text.contains("  \u{1b}[31mso long that nobody remembers\u{1b}[0m\n"), "{text:?}");
        assert!(text.contains("  \u{1b}[32m日本語\u{1b}[0m\n"), "{text:?}");
    }
}
