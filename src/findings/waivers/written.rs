//! Adds waivers to the text of a waiver file. What is there stays as it is, byte for byte: comments, order, anchors,
//! indentation. Whoever adds reads the result again before it takes the place of the file.

use std::fmt::Write;

use crate::document;
use crate::findings::Facts;
use crate::model::Waiver;
use crate::problem::{Problems, SourceText};
use crate::text::quote::{in_comment, quoted, scalar};

/// A waiver to be written, with the facts that it accepts.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The waiver.
    pub waiver: Waiver,
    /// The facts of its resources, in the same order: they know what people call things.
    pub facts: Vec<Facts>,
}

/// Why nothing can be added to a file.
#[derive(Debug, thiserror::Error)]
pub enum CannotAppend {
    /// It cannot be read.
    #[error("mistakes in files")]
    Mistakes(#[from] Problems),
    /// Its waivers are written in a way to which no lines can be added.
    #[error("the waivers of `{file}` are written in a way to which no entry can be added as text")]
    Form {
        /// The file.
        file: String,
    },
}

/// The text of a file with further waivers.
///
/// # Errors
/// When the file cannot be read, or its waivers are no list to which lines can be added.
pub fn append(file: &SourceText, entries: &[Entry]) -> Result<String, CannotAppend> {
    let text = &*file.text;
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = text.to_owned();
    let mut indent = 2;
    if is_empty(text) {
        end_line(&mut out, line_end);
        out.push_str("waivers:");
        out.push_str(line_end);
    } else {
        match place(file)? {
            Place::Behind { indent: found } => indent = found,
            // An empty list in brackets is nothing that could be kept.
            Place::EmptyBrackets(span) => out.replace_range(span, ""),
            Place::InBrackets { at, first } => {
                let all: Vec<String> = entries.iter().map(|entry| in_one_line(&entry.waiver)).collect();
                out.insert_str(at, &format!("{}{}", if first { "" } else { ", " }, all.join(", ")));
                return Ok(out);
            }
        }
        end_line(&mut out, line_end);
    }
    for entry in entries {
        out.push_str(&lines(entry, indent).replace('\n', line_end));
    }
    Ok(out)
}

/// The lines that bind a waiver which is there already: what its entry lacks.
#[must_use]
pub fn bound(entry: &Entry, indent: usize) -> String {
    let mut out = String::new();
    accepted(entry, indent, &mut out);
    out
}

/// True if there is nothing but comments.
fn is_empty(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---"
    })
}

fn end_line(out: &mut String, line_end: &str) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(line_end);
    }
}

/// Where an entry can go.
enum Place {
    /// At the end of the file, with its dash so far from the left.
    Behind { indent: usize },
    /// Likewise, when these bytes are taken out.
    EmptyBrackets(std::ops::Range<usize>),
    /// Before a closing bracket.
    InBrackets { at: usize, first: bool },
}

fn place(file: &SourceText) -> Result<Place, CannotAppend> {
    let cannot = || CannotAppend::Form { file: file.name.to_string() };
    let document = document::parse(file)?;
    let text = &*file.text;
    let begin = document.span().start;
    if !document.has("waivers") {
        return Err(cannot());
    }
    let key = text.get(begin..).ok_or_else(cannot)?;
    let value = begin + key.find(':').ok_or_else(cannot)? + 1;
    match next_sign(text, value) {
        None => Ok(Place::Behind { indent: 2 }),
        Some((at, '-')) => {
            let line = text.get(..at).ok_or_else(cannot)?.rsplit('\n').next().unwrap_or_default();
            if line.chars().all(|letter| letter == ' ') {
                Ok(Place::Behind { indent: line.len() })
            } else {
                Err(cannot())
            }
        }
        Some((at, '[')) => {
            let (end, last) = closing(text, at).ok_or_else(cannot)?;
            let inside = text.get(at + 1..end).ok_or_else(cannot)?;
            if inside.trim().is_empty() {
                Ok(Place::EmptyBrackets(at..end + 1))
            } else {
                Ok(Place::InBrackets {
                    at: last,
                    first: matches!(text.get(..last).and_then(|before| before.chars().last()), Some('[' | ',')),
                })
            }
        }
        Some(_) => Err(cannot()),
    }
}

/// The first sign from a place on that belongs to no space and no comment; an anchor is passed by.
fn next_sign(text: &str, from: usize) -> Option<(usize, char)> {
    let mut signs = text.char_indices().skip_while(|(at, _)| *at < from).peekable();
    while let Some((at, letter)) = signs.next() {
        match letter {
            '#' => while signs.next_if(|(_, letter)| *letter != '\n').is_some() {},
            '&' => while signs.next_if(|(_, letter)| !letter.is_whitespace()).is_some() {},
            letter if letter.is_whitespace() => {}
            letter => return Some((at, letter)),
        }
    }
    None
}

/// The place of the bracket that closes one, and the place behind the last sign before it that is no comment.
fn closing(text: &str, open: usize) -> Option<(usize, usize)> {
    let mut signs = text.char_indices().skip_while(|(at, _)| *at < open).peekable();
    let (mut depth, mut last, mut before) = (0_usize, open, ' ');
    while let Some((at, letter)) = signs.next() {
        match letter {
            '"' | '\'' if " [{,:\n".contains(before) => loop {
                match signs.next()? {
                    (_, '\\') if letter == '"' => drop(signs.next()),
                    (_, end) if end == letter => break,
                    _ => {}
                }
            },
            '#' if before.is_whitespace() => {
                while signs.next_if(|(_, letter)| *letter != '\n').is_some() {}
                continue;
            }
            '[' | '{' => depth += 1,
            ']' | '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((at, last));
                }
            }
            _ => {}
        }
        before = letter;
        if !letter.is_whitespace() {
            last = signs.peek().map_or(text.len(), |(next, _)| *next);
        }
    }
    None
}

/// An entry as lines of its own.
fn lines(Entry { waiver, facts }: &Entry, indent: usize) -> String {
    let space = " ".repeat(indent);
    let mut out = String::new();
    let mut line = |sign: &str, key: &str, value: &str| {
        writeln!(out, "{space}{sign} {key}: {value}").expect("internal: writing to a string does not fail");
    };
    line("-", "id", &scalar(waiver.id.as_str()));
    line(" ", "rule", &scalar(waiver.rule.as_str()));
    line(" ", "resource", &scalar(&waiver.resource));
    line(" ", "reason", &scalar(&waiver.reason));
    line(" ", "approver", &scalar(&waiver.approver));
    if let Some(ticket) = &waiver.ticket {
        line(" ", "ticket", &scalar(ticket));
    }
    line(" ", "until", &waiver.until.to_string());
    accepted(&Entry { waiver: waiver.clone(), facts: facts.clone() }, indent + 2, &mut out);
    out
}

/// The facts accepted, each on its line, with what people call the thing in it as a comment.
fn accepted(Entry { waiver, facts }: &Entry, indent: usize, out: &mut String) {
    let space = " ".repeat(indent);
    let mut line = |text: &str| {
        out.push_str(&space);
        out.push_str(text);
        out.push('\n');
    };
    if waiver.is_bound() {
        line("accepted:");
    }
    for (accepted, facts) in waiver.accepted.iter().zip(facts) {
        line(&format!("  - resource: {}", scalar(accepted.resource.as_str())));
        line(&format!("    digest: {}", quoted(&accepted.digest())));
        line("    facts:");
        for (fact, name) in facts.lines() {
            let name = name.map(|name| format!(" # {}", in_comment(name))).unwrap_or_default();
            line(&format!("      - {}{name}", scalar(fact)));
        }
    }
}

/// An entry in braces, for a list in brackets. JSON is YAML, too.
fn in_one_line(waiver: &Waiver) -> String {
    let accepted: Vec<String> = waiver
        .accepted
        .iter()
        .map(|accepted| {
            let facts: Vec<String> = accepted.facts.iter().map(|fact| quoted(fact)).collect();
            let (resource, digest) = (quoted(accepted.resource.as_str()), quoted(&accepted.digest()));
            format!("{{ resource: {resource}, digest: {digest}, facts: [{}] }}", facts.join(", "))
        })
        .collect();
    let ticket = waiver.ticket.as_ref().map(|ticket| format!("ticket: {}, ", quoted(ticket))).unwrap_or_default();
    let accepted = if accepted.is_empty() { String::new() } else { format!(", accepted: [{}]", accepted.join(", ")) };
    format!(
        "{{ id: {}, rule: {}, resource: {}, reason: {}, approver: {}, {ticket}until: {}{accepted} }}",
        quoted(waiver.id.as_str()),
        quoted(waiver.rule.as_str()),
        quoted(&waiver.resource),
        quoted(&waiver.reason),
        quoted(&waiver.approver),
        waiver.until,
    )
}
