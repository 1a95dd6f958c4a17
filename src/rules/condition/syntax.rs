//! Parsing: from text to the `cel` crate's tree, with the place of every part, and its complaints in our words.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, SourceInfo};
use cel::{Env, ParseError};

use super::Complaint;

/// An expression and where its parts stand.
pub(super) struct Parsed {
    pub(super) root: IdedExpr,
    info: SourceInfo,
}

/// Parses an expression. Macros are left as the calls they are written as, which are easier to check.
pub(super) fn parse(source: &str) -> Result<Parsed, Vec<Complaint>> {
    if source.trim().is_empty() {
        return Err(vec![Complaint::new(0..source.len(), "an expression is expected here", None)]);
    }
    let parser = Env::default().with_optional_support(false).parser();
    match parser.parse_with_source_info(source) {
        Ok((root, info)) => Ok(Parsed { root, info }),
        // What follows the first mistake is mostly its echo.
        Err(errors) => Err(errors.errors.iter().take(1).map(|error| translate(error, source)).collect()),
    }
}

impl Parsed {
    /// The text of the expression.
    pub(super) fn source(&self) -> &str {
        &self.info.source
    }

    /// The bytes of a part, operands included: the parser itself tells the operator's sign alone.
    pub(super) fn span(&self, part: &IdedExpr) -> Range<usize> {
        let own = self.own(part);
        match &part.expr {
            Expr::Select(select) => {
                let dot = own.end;
                let after = self.source().get(dot..).unwrap_or("");
                let gap = after.len() - after.trim_start().len();
                self.span(&select.operand).start..dot + gap + select.field.len()
            }
            Expr::Call(call) => {
                let inner = call.target.iter().map(|target| self.span(target));
                let inner = inner.chain(call.args.iter().map(|argument| self.span(argument)));
                let widened = inner.fold(own.clone(), |all, one| all.start.min(one.start)..all.end.max(one.end));
                if is_operator(&call.func_name) {
                    return widened;
                }
                let start = if call.target.is_some() { widened.start } else { own.start - self.name_before(own.start) };
                start..self.closing(own.start)
            }
            Expr::List(_) => own.start..self.closing(own.start),
            _ => own,
        }
    }

    /// The bytes of a called function's name.
    pub(super) fn name_span(&self, call: &IdedExpr) -> Range<usize> {
        let open = self.own(call).start;
        open - self.name_before(open)..open
    }

    /// The text of a part.
    pub(super) fn text(&self, span: Range<usize>) -> &str {
        self.source().get(span).unwrap_or("")
    }

    /// The text of a part with the brackets that belong to it.
    pub(super) fn whole_text(&self, span: Range<usize>) -> &str {
        self.text(self.whole_span(span))
    }

    /// The bytes of a part with the brackets that belong to it: spans leave out those around whole operands.
    pub(super) fn whole_span(&self, span: Range<usize>) -> Range<usize> {
        let source = self.source();
        let Range { mut start, mut end } = span;
        let (mut unopened, mut unclosed) = brackets(self.text(start..end));
        while unopened > 0 && source.get(..start).is_some_and(|before| before.trim_end().ends_with('(')) {
            start = source.get(..start).map_or(0, |before| before.trim_end().len() - 1);
            unopened -= 1;
        }
        while unclosed > 0 && source.get(end..).is_some_and(|after| after.trim_start().starts_with(')')) {
            let after = source.get(end..).unwrap_or("");
            end += after.len() - after.trim_start().len() + 1;
            unclosed -= 1;
        }
        start..end
    }

    /// The bytes that the parser tells: of an operator, its sign alone.
    pub(super) fn own(&self, part: &IdedExpr) -> Range<usize> {
        let (start, last) = self.info.offset_for(part.id).unwrap_or_default();
        let to_size = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        // The parser tells the first byte of the last character; round up to its end.
        let mut end = to_size(last).saturating_add(1).min(self.source().len());
        while !self.source().is_char_boundary(end) {
            end += 1;
        }
        to_size(start).min(end)..end
    }

    fn name_before(&self, open: usize) -> usize {
        let before = self.source().get(..open).unwrap_or("");
        before.len() - before.trim_end_matches(|letter: char| letter.is_alphanumeric() || letter == '_').len()
    }

    /// The end of the bracket that opens at a place, past text in quotes.
    fn closing(&self, open: usize) -> usize {
        let rest = self.source().get(open..).unwrap_or("");
        let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
        for (at, letter) in rest.char_indices() {
            match (quote, letter) {
                (Some(_), _) if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(sign), letter) if sign == letter => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(letter),
                (None, '(' | '[') => depth += 1,
                (None, ')' | ']') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return open + at + 1;
                    }
                }
                (None, _) => {}
            }
        }
        self.source().len()
    }
}

/// How many round brackets in a text close without having been opened, and how many stay open; those in quotes do not
/// count.
fn brackets(text: &str) -> (usize, usize) {
    let (mut unopened, mut open, mut quote, mut escaped) = (0, 0, None, false);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(sign), letter) if sign == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(') => open += 1,
            (None, ')') if open > 0 => open -= 1,
            (None, ')') => unopened += 1,
            (None, _) => {}
        }
    }
    (unopened, open)
}

fn is_operator(name: &str) -> bool {
    name.contains('_') && !name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') || name.starts_with('@')
}

fn translate(error: &ParseError, source: &str) -> Complaint {
    let at = byte_offset(source, error.pos);
    let rest = source.get(at..).unwrap_or("");
    let word_end = rest
        .find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .filter(|end| *end > 0)
        .unwrap_or_else(|| if rest.starts_with(char::is_alphanumeric) { rest.len() } else { first_length(rest) });
    let word = rest.get(..word_end).unwrap_or("");
    let what = if error.msg.starts_with("reserved identifier") {
        format!("`{word}` is a reserved word")
    } else if word.is_empty() {
        "the expression ends too early".to_owned()
    } else {
        format!("`{word}` is not expected here")
    };
    let help = match word {
        "=" => Some("compare with `==`"),
        "&" | "and" | "AND" => Some("“and” is written `&&`"),
        "|" | "or" | "OR" => Some("“or” is written `||`"),
        "not" | "NOT" => Some("“not” is written `!`"),
        "<" | ">" => Some("“is not” is written `!=`"),
        "\"" | "'" => Some("the text that begins here has no end"),
        "" => Some("something is missing at the end"),
        _ => None,
    };
    Complaint::new(at..at + word_end, what, help.map(str::to_owned))
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// The parser counts lines and columns from one, columns in characters.
fn byte_offset(source: &str, (line, column): (isize, isize)) -> usize {
    let before = |number: isize| usize::try_from(number - 1).unwrap_or(0);
    let lines: usize = source.split_inclusive('\n').take(before(line)).map(str::len).sum();
    let rest = source.get(lines..).unwrap_or("");
    lines + rest.chars().take(before(column)).map(char::len_utf8).sum::<usize>()
}
