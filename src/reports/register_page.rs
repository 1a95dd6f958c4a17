//! The register compared with a scan: what is not as declared, with its evidence, and the questions that stay open.

use super::layout::{Ink, Look, Page, words};
use crate::text::plural;

/// What the page says.
#[derive(Debug, Clone)]
pub struct RegisterPage<'a> {
    /// How many integrations are declared.
    pub declared: usize,
    /// What is not as declared.
    pub differences: Vec<DifferenceRow<'a>>,
    /// What cannot be told.
    pub open: Vec<OpenRow<'a>>,
}

/// One difference.
#[derive(Debug, Clone)]
pub struct DifferenceRow<'a> {
    /// In which way it differs: `missing-account`.
    pub what: &'a str,
    /// One sentence.
    pub message: &'a str,
    /// How sure one may be of a system that was recognised.
    pub score: Option<f64>,
    /// What it was recognised by.
    pub evidence: &'a [String],
}

/// One open question.
#[derive(Debug, Clone)]
pub struct OpenRow<'a> {
    /// What cannot be told.
    pub question: &'a str,
    /// The integrations it is about; none if it is about what nobody declared.
    pub integrations: &'a [String],
    /// Why.
    pub because: &'a [String],
    /// True if it was accepted.
    pub accepted: bool,
}

/// The page for a terminal.
#[must_use]
pub fn register_page(register: &RegisterPage<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    let declared = plural(register.declared, "integration", "integrations");
    if register.differences.is_empty() {
        let said =
            if register.open.is_empty() { "all is as declared" } else { "nothing was seen that is not as declared" };
        page.paragraph(0, &[words(Ink::Strong, &format!("{declared} declared; {said}."))]);
    } else {
        let count = plural(register.differences.len(), "difference", "differences");
        page.paragraph(0, &[words(Ink::Strong, &format!("{declared} declared, {count}."))]);
        page.heading("NOT AS DECLARED", &format!("({})", register.differences.len()));
    }
    for difference in &register.differences {
        page.paragraph(2, &[words(Ink::Warn, &format!("{}:", difference.what)), words(Ink::Plain, difference.message)]);
        if let Some(score) = difference.score {
            page.paragraph(6, &[words(Ink::Dim, &format!("score {score:.2}, by:"))]);
        }
        for line in difference.evidence {
            page.paragraph(6, &[words(Ink::Dim, line)]);
        }
    }
    if !register.open.is_empty() {
        page.heading("CANNOT BE TOLD", &format!("({})", register.open.len()));
    }
    for open in &register.open {
        let about =
            if open.integrations.is_empty() { String::new() } else { format!(" ({})", open.integrations.join(", ")) };
        let accepted = if open.accepted { "; accepted in the configuration" } else { "" };
        page.paragraph(2, &[words(Ink::Plain, &format!("{}{about}{accepted}", open.question))]);
        for reason in open.because {
            page.paragraph(6, &[words(Ink::Dim, reason)]);
        }
    }
    page.into_text()
}
