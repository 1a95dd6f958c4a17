//! Mistakes in files that people write: where, what is wrong, what would be right. All of them at once.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A file someone wrote: its name for messages, and its text for excerpts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// The file's name, as the user gave it.
    pub name: Arc<str>,
    /// All of its text.
    pub text: Arc<str>,
    /// The file that says what this one does not. Places behind the end of this one are in it.
    inherited: Option<Arc<Self>>,
}

impl SourceText {
    /// A file's name and text.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.into(), text: text.into(), inherited: None }
    }

    /// The file, with another that says what it does not.
    #[must_use]
    pub fn over(self, other: &Self) -> Self {
        Self { inherited: Some(Arc::new(other.clone())), ..self }
    }

    /// Where the places of the file that is inherited begin.
    #[must_use]
    pub fn end(&self) -> usize {
        self.text.len() + 1
    }

    /// The file that a place is in, and the place as it is counted there.
    fn place(&self, span: Range<usize>) -> (Self, Range<usize>) {
        match &self.inherited {
            Some(other) if span.start >= self.end() => {
                (other.as_ref().clone(), span.start - self.end()..span.end.max(span.start) - self.end())
            }
            _ => (self.clone(), span),
        }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, if the mistake is in one.
    pub file: Option<SourceText>,
    /// The bytes of the file's text that are meant; empty at 0 when the file as a whole is.
    pub span: Range<usize>,
    /// What is wrong: a lower-case fragment that names the thing.
    pub what: String,
    /// What would be right.
    pub help: Option<String>,
    /// What one should know to see why it is wrong: what a field says, say. Shown with an excerpt only.
    pub note: Option<Box<str>>,
}

impl Problem {
    /// A mistake at a place in a file.
    #[must_use]
    pub fn at(file: &SourceText, span: Range<usize>, what: impl Into<String>) -> Self {
        let (file, span) = file.place(span);
        Self { file: Some(file), span, what: what.into(), help: None, note: None }
    }

    /// A mistake that is in no particular place.
    #[must_use]
    pub fn general(what: impl Into<String>) -> Self {
        Self { file: None, span: 0..0, what: what.into(), help: None, note: None }
    }

    /// Says what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what one should know to see why it is wrong.
    #[must_use]
    pub fn note(mut self, note: Option<String>) -> Self {
        self.note = note.map(String::into_boxed_str);
        self
    }

    /// Line and column of the mistake, counted from one, in characters.
    #[must_use]
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        let text = &self.file.as_ref()?.text;
        let before = text.get(..self.span.start.min(text.len()))?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Some((line, column))
    }

    /// The mistake with an excerpt of its file and a caret under the place.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let title = Level::ERROR.primary_title(self.what.as_str());
        let mut group = match &self.file {
            Some(file) if !file.text.is_empty() => {
                let end = file.text.len();
                let start = floor_boundary(&file.text, self.span.start.min(end));
                let stop = floor_boundary(&file.text, self.span.end.clamp(start, end));
                let mut note = AnnotationKind::Primary.span(start..stop);
                if let Some(help) = self.help.as_deref().filter(|help| help.len() <= 60) {
                    note = note.label(help);
                }
                title.element(Snippet::source(file.text.as_ref()).path(file.name.as_ref()).annotation(note))
            }
            Some(file) => title.element(Level::NOTE.message(format!("in {}", file.name))),
            None => Group::with_title(title),
        };
        let long_help = self
            .help
            .as_deref()
            .filter(|help| help.len() > 60 || self.file.as_ref().is_none_or(|file| file.text.is_empty()));
        if let Some(help) = long_help {
            group = group.element(Level::HELP.message(help));
        }
        if let Some(note) = self.note.as_deref() {
            group = group.element(Level::NOTE.message(note));
        }
        renderer.render(&[group]).clone()
    }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(file), Some((line, column))) = (&self.file, self.line_and_column()) {
            write!(out, "{}:{line}:{column}: ", file.name)?;
        }
        out.write_str(&self.what)?;
        if let Some(help) = &self.help {
            write!(out, " ({help})")?;
        }
        Ok(())
    }
}

/// All mistakes that were found together. Never empty when it travels as an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds those of another file or part.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// `value` if nothing was wrong, otherwise everything that was.
    ///
    /// # Errors
    /// When there is at least one problem.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Keeps the value of a part that went well, or takes its problems.
    pub fn take<T>(&mut self, part: Result<T, Self>) -> Option<T> {
        part.map_err(|problems| self.extend(problems)).ok()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                out.write_str("\n")?;
            }
            write!(out, "{problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_its_line_with_a_caret() {
        let file = SourceText::new("keyroll.yaml", "sources:\n  - base_ur: x\n");
        let problem = Problem::at(&file, 13..20, "unknown key `base_ur`").help("did you mean `base_url`?");
        assert_eq!(problem.line_and_column(), Some((2, 5)));
        let shown = problem.render(false);
        assert!(shown.contains("--> keyroll.yaml:2:5"), "{shown}");
        assert!(shown.contains("^^^^^^^ did you mean `base_url`?"), "{shown}");
    }

    #[test]
    fn a_place_behind_the_end_is_in_the_file_that_is_inherited() {
        let common = SourceText::new("defaults.yaml", "a: 1\nstore: 7\n");
        let own = SourceText::new("acme.yaml", "b: 2\n").over(&common);
        let shift = own.end();
        let told = |start: usize, end: usize| Problem::at(&own, start..end, "odd").to_string();
        assert_eq!(told(shift + 5, shift + 10), "defaults.yaml:2:1: odd");
        assert_eq!(told(3, 4), "acme.yaml:1:4: odd");
        assert_eq!(told(5, 5), "acme.yaml:2:1: odd");
    }

    #[test]
    fn a_span_inside_a_letter_or_past_the_end_does_not_panic() {
        let file = SourceText::new("x.yaml", "ä");
        assert!(Problem::at(&file, 1..9, "odd").render(false).contains("odd"));
    }
}
