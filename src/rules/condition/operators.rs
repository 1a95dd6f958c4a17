//! Checking operators: whether both sides fit, and whether a literal can ever be met.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators as op};

use super::check::{Checker, Typed, collapse, flatten, is_null, proven};
use super::tree::{Bool, Compare, Int, NamedPath, Operator, Text, TextFrom, Texts};
use crate::text::did_you_mean;

impl Checker<'_> {
    pub(super) fn call(&mut self, part: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_AND, _) => self.chain(part, op::LOGICAL_AND, true).map(|terms| Typed::Bool(Bool::And(terms))),
            (op::LOGICAL_OR, _) => self.chain(part, op::LOGICAL_OR, false).map(|terms| Typed::Bool(Bool::Or(terms))),
            (op::LOGICAL_NOT, [inner]) => self.condition(inner).map(|inner| Typed::Bool(Bool::Not(Box::new(inner)))),
            (op::NEGATE, [inner]) => self.int(inner, "-").map(|inner| Typed::Int(Int::Negated(Box::new(inner)))),
            (op::EQUALS, [left, right]) => self.compare(part, Compare::Equal, left, right),
            (op::NOT_EQUALS, [left, right]) => self.compare(part, Compare::NotEqual, left, right),
            (op::LESS, [left, right]) => self.compare(part, Compare::Less, left, right),
            (op::LESS_EQUALS, [left, right]) => self.compare(part, Compare::LessOrEqual, left, right),
            (op::GREATER, [left, right]) => self.compare(part, Compare::Greater, left, right),
            (op::GREATER_EQUALS, [left, right]) => self.compare(part, Compare::GreaterOrEqual, left, right),
            (op::ADD, [left, right]) => self.calculate(Operator::Plus, left, right),
            (op::SUBSTRACT, [left, right]) => self.calculate(Operator::Minus, left, right),
            (op::MULTIPLY, [left, right]) => self.calculate(Operator::Times, left, right),
            (op::IN, [left, right]) => self.contained(part, left, right),
            (op::CONDITIONAL | op::INDEX | op::DIVIDE | op::MODULO, _) => {
                let help = "there are && || ! == != < <= > >= + - * and in";
                self.complain(
                    self.parsed.span(part),
                    "this operator is not part of the rule language",
                    Some(help.to_owned()),
                )
            }
            (name, _) => self.function(part, name, call),
        }
    }

    /// The terms of `a && b && …` (or `||`), each checked with what the ones before it prove.
    fn chain(&mut self, part: &IdedExpr, operator: &str, truth: bool) -> Option<Vec<Bool>> {
        let mut terms = Vec::new();
        flatten(part, operator, &mut terms);
        let outside = self.present.clone();
        let mut checked = Vec::with_capacity(terms.len());
        for term in &terms {
            checked.push(self.condition(term));
            proven(term, truth, &mut self.present);
        }
        self.present = outside;
        checked.into_iter().collect()
    }

    fn compare(&mut self, part: &IdedExpr, how: Compare, left: &IdedExpr, right: &IdedExpr) -> Option<Typed> {
        match (is_null(left), is_null(right)) {
            (_, true) => return self.null_test(part, how, left),
            (true, false) => return self.null_test(part, how, right),
            (false, false) => {}
        }
        let (left_value, right_value) = (self.value(left), self.value(right));
        let (left_value, right_value) = (left_value?, right_value?);
        let equal = matches!(how, Compare::Equal);
        let only_equality = matches!(how, Compare::Equal | Compare::NotEqual);
        Some(Typed::Bool(match (left_value, right_value) {
            (Typed::Int(a), Typed::Int(b)) => Bool::Ints(how, a, b),
            (Typed::Time(a), Typed::Time(b)) => Bool::Times(how, a, b),
            (Typed::Bool(a), Typed::Bool(b)) if only_equality => Bool::SameBools(Box::new(a), Box::new(b), equal),
            (Typed::Text(a), Typed::Text(b)) if only_equality => {
                self.possible_word(&a, right);
                self.possible_word(&b, left);
                Bool::SameTexts(a, b, equal)
            }
            (a, b) => return self.cannot_compare((part, left, right), &a, &b),
        }))
    }

    fn cannot_compare(
        &mut self,
        (part, left_part, right_part): (&IdedExpr, &IdedExpr, &IdedExpr),
        left: &Typed,
        right: &Typed,
    ) -> Option<Typed> {
        let (what, help) = match (left, right) {
            (Typed::Text(_), Typed::Text(_)) => ("text has no order".to_owned(), Some("use `==` or `!=`")),
            (Typed::Bool(_), Typed::Bool(_)) => ("true and false have no order".to_owned(), Some("use `==` or `!=`")),
            (Typed::Texts(_) | Typed::Ints(_), _) | (_, Typed::Texts(_) | Typed::Ints(_)) => {
                ("lists cannot be compared".to_owned(), Some("ask with `in`, `size(…)`, `.exists(…)` or `.all(…)`"))
            }
            (Typed::Regex(_), _) | (_, Typed::Regex(_)) => {
                ("a regular expression cannot be compared".to_owned(), Some("ask with `.matches(…)`"))
            }
            (Typed::Time(_), _) | (_, Typed::Time(_)) => (
                format!("{} cannot be compared with {}", left.sort(), right.sort()),
                Some("count days with `days_since(…)` or `days_until(…)`"),
            ),
            _ => (format!("{} cannot be compared with {}", left.sort(), right.sort()), None),
        };
        self.complain_about(self.parsed.span(part), what, help.map(str::to_owned), &[left_part, right_part])
    }

    fn null_test(&mut self, part: &IdedExpr, how: Compare, tested: &IdedExpr) -> Option<Typed> {
        let equal = match how {
            Compare::Equal => true,
            Compare::NotEqual => false,
            Compare::Less | Compare::LessOrEqual | Compare::Greater | Compare::GreaterOrEqual => {
                return self.complain(self.parsed.span(part), "null has no order", Some("use `==` or `!=`".to_owned()));
            }
        };
        let path = self.path(tested)?;
        let NamedPath { field, text, .. } = self.named(path);
        if !field.nullable {
            let what = format!("`{text}` always has a value");
            let help = format!("leave `{}` out", collapse(self.words(part)));
            return self.complain_about(self.parsed.span(part), what, Some(help), &[tested]);
        }
        Some(Typed::Bool(Bool::IsNull(path, equal)))
    }

    fn contained(&mut self, part: &IdedExpr, entry: &IdedExpr, list: &IdedExpr) -> Option<Typed> {
        let (entry_value, list_value) = (self.value(entry), self.value(list));
        Some(Typed::Bool(match (entry_value?, list_value?) {
            (Typed::Text(text), Typed::Texts(texts)) => {
                if let Expr::List(written) = &list.expr {
                    written.elements.iter().for_each(|element| self.possible_word(&text, element));
                }
                self.possible_entry(&texts, entry);
                Bool::TextIn(text, texts)
            }
            (Typed::Int(int), Typed::Ints(ints)) => Bool::IntIn(int, ints),
            (_, Typed::Text(_)) => {
                let help = format!("write `{}.contains({})`", self.words(list), self.words(entry));
                return self.complain_about(
                    self.parsed.span(part),
                    "`in` looks in lists, not in text",
                    Some(help),
                    &[list],
                );
            }
            (a, b) => {
                let what = format!("{} cannot be in {}", a.sort(), b.sort());
                return self.complain_about(self.parsed.span(part), what, None, &[entry, list]);
            }
        }))
    }

    fn calculate(&mut self, operator: Operator, left: &IdedExpr, right: &IdedExpr) -> Option<Typed> {
        let sign = match operator {
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Times => "*",
        };
        let (left, right) = (self.int(left, sign), self.int(right, sign));
        Some(Typed::Int(Int::Calculated(operator, Box::new(left?), Box::new(right?))))
    }

    pub(super) fn int(&mut self, part: &IdedExpr, sign: &str) -> Option<Int> {
        match self.value(part)? {
            Typed::Int(int) => Some(int),
            other => {
                let help = matches!(other, Typed::Time(_))
                    .then(|| "count days with `days_since(…)` or `days_until(…)`".to_owned());
                let what = format!("`{sign}` takes numbers, not {}", other.sort());
                self.complain_about(self.parsed.span(part), what, help, &[part])
            }
        }
    }

    /// Complains of a literal that a field of fixed words can never be.
    pub(super) fn possible_word(&mut self, text: &Text, other: &IdedExpr) {
        let (TextFrom::Field(path), Expr::Literal(LiteralValue::String(literal))) = (&text.from, &other.expr) else {
            return;
        };
        let NamedPath { field, text, .. } = self.named(*path);
        self.one_of(&text, &field.words(), literal.inner(), other);
    }

    fn possible_entry(&mut self, texts: &Texts, entry: &IdedExpr) {
        let (Texts::Field(path), Expr::Literal(LiteralValue::String(literal))) = (texts, &entry.expr) else { return };
        let named = self.named(*path);
        if named.text == "change.fields" {
            let words = self.schema.changing_fields();
            self.one_of(&named.text, &words.iter().map(String::as_str).collect::<Vec<_>>(), literal.inner(), entry);
        }
    }

    fn one_of(&mut self, path: &str, words: &[&str], literal: &str, place: &IdedExpr) {
        if words.is_empty() || words.contains(&literal) {
            return;
        }
        let help = match did_you_mean(literal, words.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("it can be {}", words.join(", ")),
        };
        let what = format!("`{path}` is never \"{literal}\"");
        let _: Option<()> = self.complain(self.parsed.span(place), what, Some(help));
    }
}
