//! What stands in a ticket: its labels, and the text of its description and comments, as a document for the cloud and
//! as wiki text for a data center. In a document foreign text is text; in wiki text its markup is escaped.

use serde_json::{Value, json};

use super::config::Deployment;
use crate::alerts::phrase;
use crate::model::{Effect, Notice};

/// The label that says that all of it is over.
pub(super) const OVER: &str = "keyroll-over";

/// How many effects a text lists.
pub(super) const MOST_EFFECTS: usize = 50;

/// Jira takes 32,767 characters.
const LONGEST_TEXT: usize = 30_000;

/// One piece of a text.
enum Part {
    Paragraph(String),
    /// One effect: what is told in bold, the sentence, and further lines, the last perhaps an address.
    Item {
        head: String,
        lines: Vec<String>,
        link: String,
    },
}

/// The label by which the ticket of a cause is found.
pub(super) fn cause_label(notice: &Notice) -> String {
    label(notice.cause.as_str())
}

/// All labels of ours: that it is one, the cause, and the findings.
pub(super) fn labels(notice: &Notice) -> Vec<String> {
    let mut labels = vec!["keyroll".to_owned(), cause_label(notice)];
    let findings = notice.effects.iter().filter_map(|effect| effect.finding.as_ref());
    labels.extend(findings.take(MOST_EFFECTS).map(|finding| label(finding.as_str())));
    labels
}

/// A label has no spaces, and stands in a search between quotes.
fn label(id: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' };
    format!("keyroll-{}", id.chars().take(100).map(plain).collect::<String>())
}

/// The text about a notice, with as many effects as there is room for. `note` are sentences to begin with.
pub(super) fn text(deployment: Deployment, notice: &Notice, note: &[String]) -> Value {
    let written = |listed: usize| render(deployment, &parts(notice, note, listed));
    let fits = |listed: usize| written(listed).to_string().len() <= LONGEST_TEXT;
    written(phrase::fitting(notice, MOST_EFFECTS, fits))
}

fn parts(notice: &Notice, note: &[String], listed: usize) -> Vec<Part> {
    let mut paragraphs: Vec<String> = note.iter().map(|sentence| phrase::clean(sentence, 500)).collect();
    paragraphs.push(phrase::clean(&notice.title, 500));
    paragraphs.extend(phrase::lead(notice));
    let mut parts: Vec<Part> = paragraphs.into_iter().map(Part::Paragraph).collect();
    parts.extend(notice.effects.iter().take(listed).map(item));
    let more = [phrase::and_more(notice, listed).unwrap_or_default(), phrase::clean(&notice.more, 300)];
    parts.extend(more.into_iter().chain([phrase::footer(notice)]).map(Part::Paragraph));
    parts.retain(|part| !matches!(part, Part::Paragraph(text) if text.is_empty()));
    parts
}

fn item(effect: &Effect) -> Part {
    let lines = [phrase::sentence(effect), phrase::remedy(effect), phrase::particulars(effect)];
    let mut lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let link = phrase::web_link(&effect.link).unwrap_or_default().to_owned();
    if link.is_empty() && !effect.link.is_empty() {
        lines.push(phrase::clean(&effect.link, 300));
    }
    Part::Item { head: phrase::head(effect), lines, link }
}

fn render(deployment: Deployment, parts: &[Part]) -> Value {
    match deployment {
        Deployment::Cloud => {
            json!({ "type": "doc", "version": 1, "content": parts.iter().map(node).collect::<Vec<_>>() })
        }
        Deployment::DataCenter => parts.iter().map(wiki).collect::<Vec<_>>().join("\n\n").into(),
    }
}

fn node(part: &Part) -> Value {
    let paragraph = |content: Vec<Value>| json!({ "type": "paragraph", "content": content });
    let plain = |text: &str| json!({ "type": "text", "text": text });
    match part {
        Part::Paragraph(text) => paragraph(vec![plain(text)]),
        Part::Item { head, lines, link } => {
            let mut content = vec![json!({ "type": "text", "text": head, "marks": [{ "type": "strong" }] })];
            for line in lines {
                content.extend([json!({ "type": "hardBreak" }), plain(line)]);
            }
            if !link.is_empty() {
                let mark = json!({ "type": "link", "attrs": { "href": link } });
                content.push(json!({ "type": "hardBreak" }));
                content.push(json!({ "type": "text", "text": "Read on", "marks": [mark] }));
            }
            let entry = json!({ "type": "listItem", "content": [paragraph(content)] });
            json!({ "type": "bulletList", "content": [entry] })
        }
    }
}

fn wiki(part: &Part) -> String {
    match part {
        Part::Paragraph(text) => escaped(text),
        Part::Item { head, lines, link } => {
            let mut text = format!("* *{}*", escaped(head));
            for line in lines {
                text.push_str(&format!("\n{}", escaped(line)));
            }
            if !link.is_empty() {
                text.push_str(&format!("\n[Read on|{link}]"));
            }
            text
        }
    }
}

/// Wiki text in which every character that could begin markup, a mention (`[~name]`), a list or a macro is literal.
/// Headings and quotations begin with plain letters; a space ahead of these makes a line ordinary.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let heading = at == 0 && letter.is_ascii_alphabetic() && is_block(text);
        match letter {
            '\\' | '{' | '}' | '[' | ']' | '*' | '_' | '-' | '+' | '^' | '~' | '|' | '!' | '?' | '#' | '(' | ')' => {
                out.push('\\');
            }
            '&' => {
                out.push_str("&amp;");
                continue;
            }
            _ if heading => out.push('\u{a0}'),
            _ => {}
        }
        out.push(letter);
    }
    out
}

/// Whether a line would be taken for a heading or a quotation.
fn is_block(text: &str) -> bool {
    let mark = text.split(' ').next().unwrap_or_default();
    matches!(mark, "h1." | "h2." | "h3." | "h4." | "h5." | "h6." | "bq.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiki_markup_in_names_is_literal() {
        assert_eq!(escaped("[~admin] {code} !x! h1. *b*"), r"\[\~admin\] \{code\} \!x\! h1. \*b\*");
        assert_eq!(escaped("h1. big"), "\u{a0}h1. big");
        assert_eq!(escaped("&#91;~admin]"), r"&amp;\#91;\~admin\]");
        assert_eq!(escaped(r"C:\\new"), r"C:\\\\new");
    }

    #[test]
    fn a_label_has_no_spaces_and_no_quotes() {
        assert_eq!(label("C-1 \"x\""), "keyroll-C-1--x-");
    }
}
