//! The screen: which scan it is and how much it saw, what can be looked at, the rows that are in sight, and the keys. Only what
//! is in sight is laid out.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::painted;
use super::state::{Content, Estate, Pane, State, Topic};
use crate::cli::plain::in_ascii;
use crate::inventory::Inventory;
use crate::model::{Coverage, Kind, Status};
use crate::reports::{
    Look, RowColumn, coverage_in_words, finding_columns, finding_row, may_be_more, resource_columns, resource_row,
};
use crate::text::{columns, harmless, plural, shorten, thousands};

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    /// True if colours may be used.
    pub(super) colour: bool,
    /// True if it can show more than ASCII.
    pub(super) unicode: bool,
}

/// The least columns and lines in which anything can be read.
const LEAST: (u16, u16) = (40, 10);
/// Rows that are measured to find how wide the columns of a list are.
const MEASURED: usize = 200;
/// A column that is not to flow gives way when it is wider than this, on a narrow screen and on others.
const WIDEST: (usize, usize) = (12, 20);
/// A screen is narrow below this.
const NARROW: usize = 100;
/// Columns that flow are left out, the last first, where they would be narrower than this.
const LEAST_FLOW: usize = 12;
/// Columns between two columns, and before the first, where the mark is.
const GAP: usize = 2;
/// Inks are read back from what is painted.
const PAINTED: Look = Look { width: 0, colour: true };

/// The columns and rows that are left for what is shown, on a screen of this size.
pub(super) fn room(state: &State<'_>, (width, height): (u16, u16)) -> (u16, u16) {
    (width, height.saturating_sub(above(state, width).len().try_into().unwrap_or(u16::MAX).saturating_add(1)))
}

/// Draws where one is.
pub(super) fn draw(state: &State<'_>, marks: Marks, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let said = format!("Too small: {} columns and {} lines are the least (q quits).", LEAST.0, LEAST.1);
        put_all(frame.buffer_mut(), area, &painted::lines(&said, usize::from(area.width)));
    } else {
        let above = above(state, area.width);
        let top = put_all(frame.buffer_mut(), area, &above);
        let body = Rect { y: top, height: area.bottom().saturating_sub(top + 1), ..area };
        shown(state, frame.buffer_mut(), body);
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        let below = below(state, area.width);
        let end = frame.buffer_mut().set_line(last.x, last.y, &below, last.width).0;
        if state.typing {
            frame.set_cursor_position(Position::new(end.min(last.right() - 1), last.y));
        }
    }
    suit(frame.buffer_mut(), marks);
}

/// Puts lines one below the other, and says where the next one would stand.
fn put_all(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>]) -> u16 {
    let mut at = area.y;
    for line in lines.iter().take(usize::from(area.height)) {
        buffer.set_line(area.x, at, line, area.width);
        at += 1;
    }
    at
}

/// Everything above what is shown: which scan, how much it saw, what can be looked at, what is shown, and of a list the
/// headings of its columns.
fn above(state: &State<'_>, width: u16) -> Vec<Line<'static>> {
    let columns = usize::from(width);
    let mut lines = painted::lines(&which_scan(state.estate), columns);
    lines.extend(painted::lines(&coverage_in_words(state.estate.assessment, PAINTED), columns));
    if !state.estate.late.is_empty() {
        let why = format!("There should be a newer scan: {}", harmless(&state.estate.late.join("; ")));
        lines.push(painted::line(&format!("\u{1b}[31m{}\u{1b}[0m", shorten(&why, columns))));
    }
    lines.extend(tabs(state, columns));
    lines.push(rule(state, columns));
    lines.extend(headings(state.pane(), state.estate, columns));
    lines
}

fn which_scan(estate: &Estate<'_>) -> String {
    let head = &estate.assessment.head;
    let which = if estate.as_of { "as of scan" } else { "scan" };
    let when = head.started_at.format("%Y-%m-%d %H:%M UTC");
    format!("\u{1b}[1mkeyroll · {}\u{1b}[0m · {which} {} of {when}", harmless(&head.estate), head.id)
}

/// What can be looked at side by side, what is looked at in brackets; on as many lines as it takes.
fn tabs(state: &State<'_>, width: usize) -> Vec<Line<'static>> {
    let room = state.here();
    let gaps = Coverage(&state.estate.assessment.snapshot.ledger).gaps().count();
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut lines: Vec<Line<'static>> = vec![Line::default()];
    for (at, pane) in room.panes.iter().enumerate() {
        let count = match &pane.content {
            Content::Page { topic: Topic::BlindSpots, .. } => format!(" ({})", thousands(gaps)),
            _ => String::new(),
        };
        let text = format!("{} {}{count}", at + 1, pane.name);
        let tab =
            if at == room.at { Span::styled(format!("[{text}] "), bold) } else { Span::raw(format!(" {text}  ")) };
        if lines.last().is_some_and(|line| line.width() + tab.width() > width + 1) {
            lines.push(Line::default());
        }
        if let Some(line) = lines.last_mut() {
            line.push_span(tab);
        }
    }
    lines
}

/// What is shown, which part of it, and how much there is.
fn rule(state: &State<'_>, width: usize) -> Line<'static> {
    let view = &state.pane().view;
    let (first, count) = (view.at + 1, view.shown.len());
    let of = if view.is_settled() { thousands(count) } else { format!("{} so far", thousands(count)) };
    let place = match (count, state.pane().content.is_list()) {
        (0, _) => "none".to_owned(),
        (_, true) => format!("{} of {of}", thousands(first)),
        (_, false) => format!("line {} of {of}", thousands(first)),
    };
    let like = if view.filter.is_empty() { String::new() } else { format!(" with “{}”", harmless(&view.filter)) };
    let room = width.saturating_sub(columns(&place) + 6);
    let what = shorten(&format!("{}{like}", what(state)), room);
    let fill = "─".repeat(room.saturating_sub(columns(&what)));
    painted::line(&format!("─ \u{1b}[1m{what}\u{1b}[0m ─{fill} {place}"))
}

/// What is shown, in a few words.
fn what(state: &State<'_>) -> String {
    match &state.pane().content {
        Content::Findings(_) => listed_findings(state).to_owned(),
        Content::Kinds(_) => "what the scan saw".to_owned(),
        Content::Resources(kind, _) => kind.plural().to_owned(),
        Content::Page { topic: Topic::BlindSpots, .. } => "what nobody could see".to_owned(),
        Content::Page { topic: Topic::Access { every_chain: true, .. }, .. } => {
            format!("every chain · {}", state.here().title)
        }
        Content::Page { .. } => state.here().title.clone(),
    }
}

fn listed_findings(state: &State<'_>) -> &'static str {
    match (state.waived, state.resolved) {
        (false, false) => "open findings",
        (true, false) => "open and waived findings",
        (false, true) => "open and resolved findings",
        (true, true) => "all findings",
    }
}

/// The columns of a list.
fn columns_of(content: &Content<'_>) -> Vec<RowColumn> {
    let column = |title, flows| RowColumn { title, flows, from_width: 0 };
    match content {
        Content::Findings(_) => finding_columns(),
        Content::Kinds(_) => vec![column("KIND", false), column("SEEN", false), column("BEYOND THAT", true)],
        Content::Resources(kind, _) => resource_columns(*kind),
        Content::Page { .. } => Vec::new(),
    }
}

/// A row in these columns.
fn cells(content: &Content<'_>, row: usize, estate: &Estate<'_>) -> Vec<String> {
    let cells = match content {
        Content::Findings(findings) => findings.get(row).map(|finding| finding_row(finding, estate.now, PAINTED)),
        Content::Kinds(kinds) => kinds.get(row).map(|kind| kind_row(*kind, estate.inventory)),
        Content::Resources(_, resources) => {
            resources.get(row).map(|resource| resource_row(resource, estate.inventory, PAINTED))
        }
        Content::Page { .. } => None,
    };
    cells.unwrap_or_default()
}

/// How many of a kind were seen, and whether there may be more.
fn kind_row(kind: Kind, inventory: &Inventory<'_>) -> Vec<String> {
    let count = thousands(inventory.of_kind(kind).count());
    let coverage = inventory.coverage();
    let gaps = coverage.gaps_of(kind).count();
    let beyond = if !coverage.0.iter().any(|entry| entry.shows.contains(&kind)) {
        "No source that was asked shows any: nothing is known.".to_owned()
    } else if gaps > 0 {
        format!("There may be more: {} not read whole.", plural(gaps, "endpoint was", "endpoints were"))
    } else {
        String::new()
    };
    vec![kind.plural().to_owned(), count, format!("\u{1b}[33m{beyond}\u{1b}[0m")]
}

/// The columns that fit, each with its width: those that hold ids, dates and states are as wide as what they hold, and the
/// first of the others gets twice the room of the rest.
fn laid_out(content: &Content<'_>, estate: &Estate<'_>, width: usize) -> Vec<(usize, usize)> {
    let heads = columns_of(content);
    let mut widest: Vec<usize> = heads.iter().map(|head| columns(head.title)).collect();
    let most = if width < NARROW { WIDEST.0 } else { WIDEST.1 };
    for row in 0..content.len().min(MEASURED) {
        for (widest, cell) in widest.iter_mut().zip(cells(content, row, estate)) {
            *widest = columns(&painted::line(&cell).to_string()).min(most).max(*widest);
        }
    }
    let leading = heads.iter().position(|head| head.flows);
    let mut fitting: Vec<usize> = (0..heads.len()).filter(|at| heads[*at].from_width <= width).collect();
    loop {
        let (flowing, whole): (Vec<usize>, Vec<usize>) = fitting.iter().copied().partition(|at| heads[*at].flows);
        let taken: usize = whole.iter().map(|at| widest[*at]).sum::<usize>() + GAP * fitting.len();
        let left = width.saturating_sub(taken);
        let share = left / (flowing.len() + 1);
        let least = if flowing.len() > 1 { share } else { left };
        let expendable = fitting.iter().rposition(|at| Some(*at) != leading).filter(|at| *at > 0);
        if let (true, Some(at)) = (least < LEAST_FLOW, expendable) {
            fitting.remove(at);
            continue;
        }
        let first = left - share * flowing.len().saturating_sub(1);
        let width_of = |at: usize| match (heads[at].flows, Some(at) == leading) {
            (false, _) => widest[at],
            (true, true) => first,
            (true, false) => share,
        };
        return fitting.into_iter().map(|at| (at, width_of(at))).collect();
    }
}

/// The headings of the columns, where there are any.
fn headings(pane: &Pane<'_>, estate: &Estate<'_>, width: usize) -> Option<Line<'static>> {
    let heads = columns_of(&pane.content);
    if heads.is_empty() || pane.view.shown.is_empty() {
        return None;
    }
    let mut text = String::new();
    for (at, column) in laid_out(&pane.content, estate, width) {
        let title = shorten(heads[at].title, column);
        let gap = " ".repeat(column.saturating_sub(columns(&title)));
        text.push_str(&format!("{}{title}{gap}", " ".repeat(GAP)));
    }
    Some(Line::styled(text, Style::new().add_modifier(Modifier::DIM)))
}

/// The rows that are in sight, or why there are none.
fn shown(state: &State<'_>, buffer: &mut Buffer, body: Rect) {
    let Pane { content, view, .. } = state.pane();
    let in_sight = view.shown.iter().enumerate().skip(view.top).take(usize::from(body.height));
    if view.shown.is_empty() && view.is_settled() {
        put_all(buffer, body, &painted::lines(&why_none(state), usize::from(body.width)));
        return;
    }
    let columns = if content.is_list() { laid_out(content, state.estate, usize::from(body.width)) } else { Vec::new() };
    for ((place, row), y) in in_sight.zip(body.y..) {
        let line = Rect { y, height: 1, ..body };
        match content {
            Content::Page { lines, .. } => {
                if let Some(text) = lines.get(*row as usize) {
                    buffer.set_line(line.x, line.y, text, line.width);
                }
            }
            list => {
                put_row(buffer, line, &columns, &cells(list, *row as usize, state.estate));
                if place == view.at {
                    buffer.set_string(line.x, line.y, ">", Style::new());
                    buffer.set_style(line, Style::new().add_modifier(Modifier::REVERSED));
                }
            }
        }
    }
}

fn put_row(buffer: &mut Buffer, line: Rect, columns: &[(usize, usize)], cells: &[String]) {
    let mut x = line.x;
    for (at, width) in columns {
        x += GAP as u16;
        let width = u16::try_from(*width).unwrap_or(u16::MAX);
        for span in painted::line(cells.get(*at).map_or("", String::as_str)).spans {
            buffer.set_stringn(x, line.y, shorten(&span.content, width.into()), width.into(), span.style);
        }
        x = x.saturating_add(width);
    }
}

/// Why nothing is shown: an empty list is not a clean estate.
fn why_none(state: &State<'_>) -> String {
    let Estate { assessment, inventory, .. } = state.estate;
    let Pane { content, view, .. } = state.pane();
    if !view.filter.trim().is_empty() {
        let filter = harmless(&view.filter);
        return format!("Nothing here has “{filter}”. Esc clears the filter.");
    }
    match content {
        Content::Findings(findings) => {
            let mut said = vec![format!("No {}.", listed_findings(state))];
            let waived = findings.iter().filter(|finding| matches!(finding.status, Status::Waived(_))).count();
            let resolved = findings.iter().filter(|finding| matches!(finding.status, Status::Resolved(_))).count();
            if waived > 0 && !state.waived {
                said.push(format!("{} not listed (w lists them).", plural(waived, "is waived and", "are waived and")));
            }
            if resolved > 0 && !state.resolved {
                let count = plural(resolved, "is resolved and", "are resolved and");
                said.push(format!("{count} not listed (r lists them)."));
            }
            said.push(match may_be_more(assessment) {
                Some(more) => format!("\u{1b}[33m{more}\u{1b}[0m"),
                None => "Every endpoint was read whole, and every rule could judge.".to_owned(),
            });
            said.join("\n")
        }
        Content::Resources(kind, _) => match kind_row(*kind, inventory).pop() {
            Some(beyond) => format!("Nothing of this kind was seen.\n{beyond}"),
            None => "Nothing of this kind was seen.".to_owned(),
        },
        Content::Kinds(_) => String::new(),
        Content::Page { .. } => "Reading the store …".to_owned(),
    }
}

/// The filter while it is typed; otherwise the keys that are of use here, as many as there is room for.
fn below(state: &State<'_>, width: u16) -> Line<'static> {
    let Pane { content, view, .. } = state.pane();
    if state.typing {
        return Line::raw(format!("/{}", end_of(&harmless(&view.filter), usize::from(width).saturating_sub(2))));
    }
    let back = if state.is_at_the_beginning() { "q quits" } else { "q back" };
    let mut keys = vec!["? keys", back, "/ filters"];
    match content {
        Content::Findings(_) => keys.extend(["Enter opens", "w waived", "r resolved"]),
        Content::Kinds(_) | Content::Resources(..) => keys.push("Enter opens"),
        Content::Page { topic: Topic::Access { every_chain: false, .. }, .. } => keys.push("c every chain"),
        Content::Page { topic: Topic::Access { every_chain: true, .. }, .. } => keys.push("c shortest chains"),
        Content::Page { .. } => {}
    }
    if state.here().panes.len() > 1 {
        keys.push("Tab or a number turns");
    }
    let mut text = String::new();
    for key in keys {
        let more = if text.is_empty() { key.to_owned() } else { format!(" · {key}") };
        if columns(&text) + columns(&more) <= usize::from(width) {
            text.push_str(&more);
        }
    }
    Line::styled(text, Style::new().add_modifier(Modifier::DIM))
}

/// The end of what is typed, as far as there is room for it.
fn end_of(text: &str, room: usize) -> String {
    let mut end = text.to_owned();
    while columns(&end) > room {
        end.remove(0);
    }
    end
}

/// Leaves out what the terminal cannot show: colours, or letters beyond ASCII.
fn suit(buffer: &mut Buffer, marks: Marks) {
    for cell in &mut buffer.content {
        if !marks.colour {
            cell.fg = Color::Reset;
            cell.modifier &= Modifier::REVERSED;
        }
        if !marks.unicode && !cell.symbol().is_ascii() {
            let plain = in_ascii(cell.symbol());
            cell.set_symbol(plain);
        }
    }
}
