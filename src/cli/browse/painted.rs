//! Text that was painted for a terminal as lines of the screen: inks become styles, and what is wider than the screen goes on
//! below. Foreign text has no escape sequences left when it is painted, so every one that is found here is an ink.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::text::columns;

/// Each line of a text, broken where it is wider than the screen.
pub(super) fn lines(text: &str, width: usize) -> Vec<Line<'static>> {
    text.lines().flat_map(|text| broken(line(text), width)).collect()
}

/// One line.
pub(super) fn line(text: &str) -> Line<'static> {
    let mut parts = text.split("\u{1b}[");
    let mut spans: Vec<Span<'static>> = parts.next().map(|plain| Span::raw(plain.to_owned())).into_iter().collect();
    for part in parts {
        let (ink, words) = part.split_once('m').unwrap_or(("", part));
        spans.push(Span::styled(words.to_owned(), style(ink)));
    }
    spans.retain(|span| !span.content.is_empty());
    Line::from(spans)
}

/// The style of an ink, as `reports` writes it.
fn style(ink: &str) -> Style {
    ink.split(';').fold(Style::new(), |style, code| match code {
        "1" => style.add_modifier(Modifier::BOLD),
        "2" => style.add_modifier(Modifier::DIM),
        "31" => style.fg(Color::Red),
        "32" => style.fg(Color::Green),
        "33" => style.fg(Color::Yellow),
        "36" => style.fg(Color::Cyan),
        _ => Style::new(),
    })
}

/// A line in pieces that fit: between words where that is possible. What goes on stands under where the line began.
fn broken(line: Line<'static>, width: usize) -> Vec<Line<'static>> {
    if line.width() <= width {
        return vec![line];
    }
    let letters: Vec<(char, Style)> =
        line.spans.iter().flat_map(|span| span.content.chars().map(|letter| (letter, span.style))).collect();
    let margin = letters.iter().take_while(|(letter, _)| *letter == ' ').count().min(width / 3);
    let mut pieces = Vec::new();
    let mut rest = letters.as_slice();
    while !rest.is_empty() {
        let margin = if pieces.is_empty() { 0 } else { margin };
        let (piece, behind) = rest.split_at(fitting(rest, width.saturating_sub(margin).max(2)));
        pieces.push(joined(margin, piece));
        let gap = behind.iter().take_while(|(letter, _)| *letter == ' ').count();
        rest = behind.get(gap..).unwrap_or_default();
    }
    pieces
}

/// How many letters fit: up to the last space, or as many as there is room for; at least one.
fn fitting(letters: &[(char, Style)], room: usize) -> usize {
    let mut used = 0;
    let fit = letters.iter().take_while(|(letter, _)| {
        used += columns(letter.encode_utf8(&mut [0; 4]));
        used <= room
    });
    let count = fit.count();
    if count == letters.len() {
        return count;
    }
    let began = letters.iter().take_while(|(letter, _)| *letter == ' ').count();
    let space = letters.iter().take(count + 1).rposition(|(letter, _)| *letter == ' ');
    space.filter(|at| *at > began).unwrap_or(count.max(1))
}

/// Letters as a line, those of one style together.
fn joined(margin: usize, letters: &[(char, Style)]) -> Line<'static> {
    let mut spans = vec![Span::raw(" ".repeat(margin))];
    for run in letters.chunk_by(|(_, one), (_, next)| one == next) {
        let style = run.first().map_or(Style::new(), |(_, style)| *style);
        spans.push(Span::styled(run.iter().map(|(letter, _)| *letter).collect::<String>(), style));
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line<'_>]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn inks_become_styles_and_leave_no_trace_in_the_text() {
        let line = line("a \u{1b}[1;31mbad\u{1b}[0m thing");
        assert_eq!(line.to_string(), "a bad thing");
        let bad = Style::new().add_modifier(Modifier::BOLD).fg(Color::Red);
        assert_eq!(line.spans.iter().map(|span| span.style).collect::<Vec<_>>(), [Style::new(), bad, Style::new()]);
    }

    #[test]
    fn a_line_that_is_too_wide_goes_on_under_where_it_began() {
        let told = "  one two \u{1b}[2mthree four\u{1b}[0m";
        assert_eq!(texts(&lines(told, 12)), ["  one two", "  three four"]);
        assert_eq!(texts(&lines("日本語テキスト", 6)), ["日本語", "テキス", "ト"]);
        assert_eq!(texts(&lines("a\n\nb", 6)), ["a", "", "b"]);
        assert_eq!(texts(&lines("  unbreakable", 7)), ["  unbre", "  akabl", "  e"]);
    }
}
