//! Checking: from the parser's tree to one in which every name is found and every type fits. Mistakes are gathered,
//! so that those of both sides of an operator are told together. Names, operators and calls have files of their own.

use std::collections::BTreeSet;
use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, ListExpr, LiteralValue, operators as op};
use regex::Regex;

use super::syntax::Parsed;
use super::tree::{Bool, Int, NamedPath, Path, Printable, Text, TextFrom, Texts};
use super::{Complaint, Present, Schema};

/// Checks one expression of a rule.
pub(super) struct Checker<'c> {
    pub(super) parsed: &'c Parsed,
    pub(super) schema: &'c Schema<'c>,
    pub(super) paths: &'c mut Vec<NamedPath>,
    pub(super) used_params: &'c mut BTreeSet<String>,
    /// Fields that are known to have a value here.
    pub(super) present: Present,
    /// True in a message, where a field without a value prints as “none”.
    pub(super) in_message: bool,
    /// Names of list entries, outermost first.
    pub(super) entries: Vec<String>,
    pub(super) complaints: Vec<Complaint>,
    /// Fields that the term at hand uses without asking whether they have a value, with their places.
    pub(super) unguarded: Vec<(Range<usize>, String)>,
}

/// A value and its type.
pub(super) enum Typed {
    Bool(Bool),
    Int(Int),
    Time(Path),
    Text(Text),
    Texts(Texts),
    Ints(Vec<i64>),
    Regex(Regex),
    Null,
}

impl Typed {
    pub(super) fn sort(&self) -> &'static str {
        match self {
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a number",
            Self::Time(_) => "a time",
            Self::Text(_) => "text",
            Self::Texts(_) => "a list of text",
            Self::Ints(_) => "a list of numbers",
            Self::Regex(_) => "a regular expression",
            Self::Null => "null",
        }
    }
}

impl<'c> Checker<'c> {
    pub(super) fn new(
        parsed: &'c Parsed,
        schema: &'c Schema<'c>,
        paths: &'c mut Vec<NamedPath>,
        used_params: &'c mut BTreeSet<String>,
    ) -> Self {
        Self {
            parsed,
            schema,
            paths,
            used_params,
            present: Present::new(),
            in_message: false,
            entries: Vec::new(),
            complaints: Vec::new(),
            unguarded: Vec::new(),
        }
    }

    /// An expression that is true or false.
    pub(super) fn condition(&mut self, part: &IdedExpr) -> Option<Bool> {
        let outer = std::mem::take(&mut self.unguarded);
        let value = self.value(part);
        let unguarded = std::mem::replace(&mut self.unguarded, outer);
        self.complain_of_unguarded(part, &unguarded);
        match value? {
            Typed::Bool(tree) => Some(tree),
            _ if unguarded.iter().any(|(span, _)| *span == self.parsed.span(part)) => None,
            other => {
                let what = format!("`{}` is {}, expected a condition", self.words(part), other.sort());
                let help = "compare it with something, so that it is true or false";
                self.complain_about(self.parsed.span(part), what, Some(help.to_owned()), &[part])
            }
        }
    }

    /// An expression in a message.
    pub(super) fn printable(&mut self, part: &IdedExpr) -> Option<Printable> {
        Some(match self.value(part)? {
            Typed::Bool(tree) => Printable::Bool(tree),
            Typed::Int(tree) => Printable::Int(tree),
            Typed::Time(path) => Printable::Time(path),
            Typed::Text(tree) => Printable::Text(tree),
            Typed::Texts(tree) => Printable::Texts(tree),
            other @ (Typed::Ints(_) | Typed::Regex(_) | Typed::Null) => {
                let what = format!("a message cannot show {}", other.sort());
                return self.complain(self.parsed.span(part), what, None);
            }
        })
    }

    pub(super) fn value(&mut self, part: &IdedExpr) -> Option<Typed> {
        match &part.expr {
            Expr::Literal(literal) => self.literal(part, literal),
            Expr::Ident(name) => self.lone_name(part, name),
            Expr::Select(_) => self.selected(part),
            Expr::List(list) => self.list(part, list),
            Expr::Call(call) => self.call(part, call),
            Expr::Unspecified | Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) => {
                self.complain(self.parsed.span(part), "this is not part of the rule language", None)
            }
        }
    }

    fn literal(&mut self, part: &IdedExpr, literal: &LiteralValue) -> Option<Typed> {
        Some(match literal {
            LiteralValue::Boolean(value) => Typed::Bool(Bool::Literal(*value.inner())),
            LiteralValue::Int(value) => Typed::Int(Int::Literal(*value.inner())),
            LiteralValue::String(value) => Typed::Text(Text::plain(TextFrom::Literal(value.inner().to_owned()))),
            LiteralValue::Null => Typed::Null,
            LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::UInt(_) => {
                let help = "use a whole number or a text in quotes";
                return self.complain(self.parsed.span(part), "this literal is of no use here", Some(help.to_owned()));
            }
        })
    }

    fn list(&mut self, part: &IdedExpr, list: &ListExpr) -> Option<Typed> {
        let (mut texts, mut ints, mut odd) = (Vec::new(), Vec::new(), false);
        for element in &list.elements {
            match &element.expr {
                Expr::Literal(LiteralValue::String(value)) => texts.push(value.inner().to_owned()),
                Expr::Literal(LiteralValue::Int(value)) => ints.push(*value.inner()),
                _ => {
                    odd = true;
                    let what = format!("`{}` cannot be in a list", self.words(element));
                    let help = "a list has texts in quotes or whole numbers";
                    let _: Option<()> = self.complain(self.parsed.span(element), what, Some(help.to_owned()));
                }
            }
        }
        match (texts.is_empty(), ints.is_empty()) {
            _ if odd => None,
            (_, true) => Some(Typed::Texts(Texts::Literal(texts))),
            (true, false) => Some(Typed::Ints(ints)),
            (false, false) => self.complain(self.parsed.span(part), "a list has either texts or numbers", None),
        }
    }

    pub(super) fn words(&self, part: &IdedExpr) -> &'c str {
        self.parsed.text(self.parsed.span(part))
    }

    pub(super) fn complain<T>(
        &mut self,
        span: Range<usize>,
        what: impl Into<String>,
        help: Option<String>,
    ) -> Option<T> {
        self.complaints.push(Complaint::new(span, what, help));
        None
    }

    /// The same, with what the fields say that stand in some parts of the expression.
    pub(super) fn complain_about<T>(
        &mut self,
        span: Range<usize>,
        what: impl Into<String>,
        help: Option<String>,
        parts: &[&IdedExpr],
    ) -> Option<T> {
        let notes: Vec<String> = parts.iter().filter_map(|part| self.meaning(part)).collect();
        let note = (!notes.is_empty()).then(|| notes.join("\n"));
        self.complaints.push(Complaint { note, ..Complaint::new(span, what, help) });
        None
    }
}

impl Text {
    pub(super) fn plain(from: TextFrom) -> Self {
        Self { from, lower: false }
    }
}

/// Adds the fields that have a value whenever a condition is `truth`.
pub(super) fn proven(part: &IdedExpr, truth: bool, present: &mut Present) {
    let Expr::Call(call) = &part.expr else { return };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (op::NOT_EQUALS, [left, right]) if truth => present.extend(tested(left, right)),
        (op::EQUALS, [left, right]) if !truth => present.extend(tested(left, right)),
        (op::LOGICAL_NOT, [inner]) => proven(inner, !truth, present),
        (op::LOGICAL_AND, [left, right]) | (op::LOGICAL_OR, [left, right]) => {
            let all_hold = (call.func_name == op::LOGICAL_AND) == truth;
            if all_hold {
                proven(left, truth, present);
                proven(right, truth, present);
            } else {
                let (mut by_left, mut by_right) = (Present::new(), Present::new());
                proven(left, truth, &mut by_left);
                proven(right, truth, &mut by_right);
                present.extend(by_left.intersection(&by_right).cloned());
            }
        }
        _ => {}
    }
}

fn tested(left: &IdedExpr, right: &IdedExpr) -> Option<String> {
    let field = if is_null(right) { left } else { Some(right).filter(|_| is_null(left))? };
    let Expr::Select(select) = &field.expr else { return None };
    let Expr::Ident(root) = &select.operand.expr else { return None };
    Some(format!("{root}.{}", select.field))
}

pub(super) fn is_null(part: &IdedExpr) -> bool {
    matches!(part.expr, Expr::Literal(LiteralValue::Null))
}

pub(super) fn flatten<'e>(part: &'e IdedExpr, operator: &str, terms: &mut Vec<&'e IdedExpr>) {
    match &part.expr {
        Expr::Call(call) if call.func_name == operator => {
            call.args.iter().for_each(|argument| flatten(argument, operator, terms));
        }
        _ => terms.push(part),
    }
}

pub(super) fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is wrong with a regular expression, in one line.
pub(in crate::rules) fn regex_fault(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or("").trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}
