//! What a page for people says, for a browser: the same words as on a terminal, with their inks as classes.

use serde::Serialize;

use crate::reports::layout::{Block, Ink, Look, Page, Part, Words};

/// The parts of a page, in order. The template `parts.html` shows them.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Parts(Vec<PartView>);

#[derive(Debug, Serialize)]
#[serde(tag = "part", rename_all = "snake_case")]
enum PartView {
    Heading { title: String, beside: String },
    Paragraph { depth: usize, line: Vec<Inked> },
    Hanging { depth: usize, label: Inked, line: Vec<Inked> },
    Blocks { blocks: Vec<BlockView> },
}

#[derive(Debug, Serialize)]
struct BlockView {
    label: Option<Inked>,
    head: Vec<Inked>,
    id: Option<String>,
    details: Vec<Vec<Inked>>,
}

/// Words with their ink.
#[derive(Debug, Serialize)]
pub(in crate::reports) struct Inked {
    ink: &'static str,
    text: String,
}

impl Parts {
    /// How pages look that are made for a browser: it breaks lines by itself.
    pub(in crate::reports) const LOOK: Look = Look { width: 100, colour: false };

    /// What a page says.
    pub(in crate::reports) fn of(page: Page) -> Self {
        Self(page.into_parts().into_iter().filter_map(PartView::of).collect())
    }

    /// The same without its first part.
    pub(super) fn without_first(page: Page) -> Self {
        Self(page.into_parts().into_iter().skip(1).filter_map(PartView::of).collect())
    }
}

impl PartView {
    /// A part; `None` for an empty line, which is the style's matter.
    fn of(part: Part) -> Option<Self> {
        Some(match part {
            Part::Blank => return None,
            Part::Heading(title, beside) => Self::Heading { title: title.text, beside: beside.text },
            Part::Paragraph { indent, line } => Self::Paragraph { depth: depth(indent), line: inked(line) },
            Part::Hanging { indent, label, line, .. } => {
                Self::Hanging { depth: depth(indent), label: Inked::of(label), line: inked(line) }
            }
            Part::Blocks(blocks) => Self::Blocks { blocks: blocks.into_iter().map(BlockView::of).collect() },
        })
    }
}

/// How far in a line stands that is so many columns in on a terminal: what is part of something stands below it. The style knows
/// as many steps.
fn depth(indent: usize) -> usize {
    (indent / 2).min(16)
}

impl BlockView {
    fn of(block: Block) -> Self {
        Self {
            label: block.label.map(Inked::of),
            head: inked(block.head),
            id: block.id,
            details: block.details.into_iter().filter(|line| !line.is_empty()).map(inked).collect(),
        }
    }
}

/// A line of words.
pub(in crate::reports) fn inked(line: Vec<Words>) -> Vec<Inked> {
    line.into_iter().map(Inked::of).collect()
}

impl Inked {
    pub(in crate::reports) fn of(words: Words) -> Self {
        let ink = match words.ink {
            Ink::Plain => "plain",
            Ink::Strong => "strong",
            Ink::Dim => "dim",
            Ink::Good => "good",
            Ink::Action => "action",
            Ink::Warn => "warn",
            Ink::Bad => "bad",
            Ink::Alarm => "alarm",
        };
        Self { ink, text: words.text }
    }
}
