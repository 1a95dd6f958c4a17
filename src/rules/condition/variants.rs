//! Variants of a condition with one small mistake put in: for the mutation check, which asks whether some case of the rule
//! notices. A variant is an edit of the text at a span that the parser tells, so that it can be shown as it would be
//! written; whether it means anything, the compiler says afterwards.

use std::ops::Range;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators as op};

use super::check::{collapse, flatten};
use super::syntax::{self, Parsed};

/// A condition with one mistake in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct Variant {
    /// The whole condition, with the mistake.
    pub(in crate::rules) text: String,
    /// The bytes of the proper condition that differ.
    pub(in crate::rules) span: Range<usize>,
    /// What stands there instead; nothing where a part is left out.
    pub(in crate::rules) put: String,
    /// The mistake in words: “`size(x) > 0` becomes `size(x) >= 0`”.
    pub(in crate::rules) words: String,
}

/// Every variant of a condition, in the order of its text. None of one that cannot be parsed.
pub(in crate::rules) fn variants(source: &str) -> Vec<Variant> {
    let Ok(parsed) = syntax::parse(source) else { return Vec::new() };
    let mut walk = Walk { parsed: &parsed, found: Vec::new() };
    walk.part(&parsed.root);
    walk.found.sort_by_key(|variant| (variant.span.start, variant.span.end));
    walk.found
}

struct Walk<'p> {
    parsed: &'p Parsed,
    found: Vec<Variant>,
}

impl Walk<'_> {
    fn part(&mut self, part: &IdedExpr) {
        match &part.expr {
            Expr::Call(call) if matches!(call.func_name.as_str(), op::LOGICAL_AND | op::LOGICAL_OR) => {
                self.chain(part, &call.func_name);
            }
            Expr::Call(call) => {
                self.operator(part, call);
                call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(|inner| self.operand(part, inner));
            }
            Expr::Literal(LiteralValue::Boolean(value)) => {
                let other = if *value.inner() { "false" } else { "true" };
                self.replace(&self.parsed.span(part), self.parsed.span(part), other);
            }
            _ => {}
        }
    }

    /// A part of a call; literals are shown with the call around them.
    fn operand(&mut self, call: &IdedExpr, part: &IdedExpr) {
        match &part.expr {
            Expr::Literal(LiteralValue::Int(value)) => {
                let number = *value.inner();
                for near in [number.checked_sub(1), number.checked_add(1)].into_iter().flatten() {
                    self.replace(&self.parsed.span(call), self.number(part, number), &near.to_string());
                }
            }
            Expr::List(list) => {
                let entries: Vec<_> = list.elements.iter().map(|entry| self.parsed.span(entry)).collect();
                if entries.len() > 1 {
                    self.left_out(&entries);
                }
            }
            _ => self.part(part),
        }
    }

    /// The bytes of a number with its sign, which the parser leaves out.
    fn number(&self, part: &IdedExpr, number: i64) -> Range<usize> {
        let span = self.parsed.span(part);
        let before = self.parsed.text(0..span.start).trim_end();
        if number < 0 && before.ends_with('-') { before.len() - 1..span.end } else { span }
    }

    fn operator(&mut self, part: &IdedExpr, call: &CallExpr) {
        let others: &[&str] = match call.func_name.as_str() {
            op::EQUALS => &["!="],
            op::NOT_EQUALS => &["=="],
            op::LESS => &["<=", ">="],
            op::LESS_EQUALS => &["<", ">"],
            op::GREATER => &[">=", "<="],
            op::GREATER_EQUALS => &[">", "<"],
            op::LOGICAL_NOT => &[""],
            _ => return,
        };
        let (whole, sign) = (self.parsed.whole_span(self.parsed.span(part)), self.parsed.own(part));
        for other in others {
            self.replace(&whole, sign.clone(), other);
        }
    }

    /// `a && b && c`: each operator is turned into the other one, and each term is left out.
    fn chain(&mut self, part: &IdedExpr, operator: &str) {
        let mut terms = Vec::new();
        flatten(part, operator, &mut terms);
        let (sign, other) = if operator == op::LOGICAL_AND { ("&&", "||") } else { ("||", "&&") };
        let spans: Vec<_> = terms.iter().map(|term| self.with_brackets(self.parsed.span(term))).collect();
        for (left, right) in spans.iter().zip(spans.iter().skip(1)) {
            let between = self.parsed.text(left.end..right.start);
            let Some(at) = between.find(sign) else { continue };
            let at = left.end + at;
            self.replace(&(left.start..right.end), at..at + sign.len(), other);
        }
        self.left_out(&spans);
        terms.into_iter().for_each(|term| self.part(term));
    }

    /// Each of some parts left out, with what stands between it and the one beside it.
    fn left_out(&mut self, parts: &[Range<usize>]) {
        for (at, part) in parts.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| parts.get(before));
            let cut = match (before, parts.get(at + 1)) {
                (Some(before), _) => before.end..part.end,
                (None, Some(next)) => part.start..next.start,
                (None, None) => continue,
            };
            let words = format!("`{}` is left out", collapse(self.parsed.text(part.clone())));
            let text = self.edited(&cut, "");
            self.found.push(Variant { text, span: part.clone(), put: String::new(), words });
        }
    }

    /// Something else in place of a part; `around` is what is shown with it.
    fn replace(&mut self, around: &Range<usize>, span: Range<usize>, put: &str) {
        let before = collapse(self.parsed.text(around.clone()));
        let (head, tail) = (self.parsed.text(around.start..span.start), self.parsed.text(span.end..around.end));
        let words = format!("`{before}` becomes `{}`", collapse(&format!("{head}{put}{tail}")));
        let text = self.edited(&span, put);
        self.found.push(Variant { text, span, put: put.to_owned(), words });
    }

    fn edited(&self, span: &Range<usize>, put: &str) -> String {
        let source = self.parsed.source();
        let (head, tail) = (self.parsed.text(0..span.start), self.parsed.text(span.end..source.len()));
        format!("{head}{put}{tail}")
    }

    /// The bytes of a term with the brackets around it: on one of its sides stands an operator, so that those which are on
    /// both sides are its own.
    fn with_brackets(&self, span: Range<usize>) -> Range<usize> {
        let mut span = self.parsed.whole_span(span);
        loop {
            let before = self.parsed.text(0..span.start).trim_end();
            let after = self.parsed.text(span.end..self.parsed.source().len());
            let gap = after.len() - after.trim_start().len();
            if !before.ends_with('(') || !after.trim_start().starts_with(')') {
                return span;
            }
            span = before.len() - 1..span.end + gap + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::variants;

    fn texts(source: &str) -> Vec<String> {
        variants(source).into_iter().map(|variant| variant.text).collect()
    }

    #[test]
    fn comparisons_are_moved_by_one_and_turned_round() {
        assert_eq!(texts("a.b < 3"), ["a.b <= 3", "a.b >= 3", "a.b < 2", "a.b < 4"]);
        assert_eq!(texts("a.b == null"), ["a.b != null"]);
        assert_eq!(texts("size(a.b) >= -1"), ["size(a.b) > -1", "size(a.b) < -1", "size(a.b) >= -2", "size(a.b) >= 0"]);
    }

    #[test]
    fn chains_lose_each_term_and_each_operator() {
        assert_eq!(texts("a.x && b.y"), ["b.y", "a.x || b.y", "a.x"]);
        let found = texts("(a.x || !b.y) && (c.z)");
        for expected in [
            "(c.z)",
            "(a.x || !b.y)",
            "(a.x || !b.y) || (c.z)",
            "(a.x && !b.y) && (c.z)",
            "(a.x || b.y) && (c.z)",
            "(a.x) && (c.z)",
            "(!b.y) && (c.z)",
        ] {
            assert!(found.iter().any(|text| text == expected), "{expected} is not among {found:?}");
        }
        assert_eq!(found.len(), 7);
    }

    #[test]
    fn lists_lose_one_entry_and_a_negation_falls_away() {
        assert_eq!(
            texts("!(a.b in [\"x, y\", \"z\"])"),
            ["(a.b in [\"x, y\", \"z\"])", "!(a.b in [\"z\"])", "!(a.b in [\"x, y\"])"]
        );
        assert_eq!(texts("a.b in [\"x\"]"), [] as [&str; 0]);
        assert_eq!(texts("a.l.exists(e, e == \"x\" || true)").len(), 5);
    }

    #[test]
    fn a_mistake_is_told_with_what_stands_around_it() {
        let told: Vec<String> = variants("a.x &&\n  days_since(a.t) > 3").into_iter().map(|one| one.words).collect();
        assert!(told.contains(&"`days_since(a.t) > 3` becomes `days_since(a.t) >= 3`".to_owned()), "{told:?}");
        assert!(told.contains(&"`a.x` is left out".to_owned()), "{told:?}");
        assert!(told.contains(&"`a.x && days_since(a.t) > 3` becomes `a.x || days_since(a.t) > 3`".to_owned()));
    }

    #[test]
    fn what_cannot_be_parsed_has_no_variants() {
        assert!(variants("a.b ==").is_empty());
    }
}
