//! Explaining: a condition taken apart, and what each part comes to on one resource.
//!
//! No second reading of the language happens here: every part is checked and lowered by what compiles the whole, and its
//! closure is asked. So an explanation cannot disagree with the verdict it explains.

use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, IdedExpr, operators as op};

use super::check::{Checker, Typed, collapse, flatten};
use super::context::{Answer, Cause, Ctx, Vars, Why};
use super::tree::{Bool, NamedPath, Printable};
use super::{Schema, lower, syntax};
use crate::model::{Part, PartResult, PartRole, PartValue};
use crate::rules::fields::View;
use crate::rules::functions::{Call, FUNCTIONS};
use crate::rules::reasons;

/// Entries of a list that are shown one by one; of more, those that decide come first.
const MOST_ENTRIES: usize = 12;

const COMPILED: &str = "internal: a condition that compiled as a whole compiles in parts";

/// Takes the conditions of one rule apart, on one resource.
pub(in crate::rules) struct Explainer<'e, 'a> {
    schema: &'e Schema<'e>,
    ctx: &'e Ctx<'a>,
    /// The paths that were named so far.
    paths: Vec<NamedPath>,
}

impl<'e, 'a> Explainer<'e, 'a> {
    /// Parameters have the values of the schema.
    pub(in crate::rules) fn new(schema: &'e Schema<'e>, ctx: &'e Ctx<'a>) -> Self {
        Self { schema, ctx, paths: Vec::new() }
    }

    /// A condition of the rule, which compiled when the rule was loaded.
    pub(in crate::rules) fn condition(&mut self, text: &str) -> Part {
        let Ok(parsed) = syntax::parse(text) else { unreachable!("{COMPILED}") };
        let mut used = BTreeSet::new();
        let mut checker = Checker::new(&parsed, self.schema, &mut self.paths, &mut used);
        // What guards a field may stand outside of the part at hand.
        checker.in_message = true;
        let mut walk = Walk { parsed: &parsed, schema: self.schema, ctx: self.ctx, checker };
        let mut part = walk.condition(&parsed.root, &Vars::NONE);
        part.mark(true);
        part
    }
}

struct Walk<'w, 'a> {
    parsed: &'w syntax::Parsed,
    schema: &'w Schema<'w>,
    ctx: &'w Ctx<'a>,
    checker: Checker<'w>,
}

/// The parts of a part, and how many entries of a list are not among them.
type Inside = (PartRole, Vec<Part>, usize);

impl Walk<'_, '_> {
    fn condition(&mut self, part: &IdedExpr, vars: &Vars<'_>) -> Part {
        let answer = self.answer(part, vars);
        let (role, parts, left_out) = self.inside(part, vars);
        Part { text: self.text(part), role, result: self.answered(answer), decides: false, parts, left_out }
    }

    fn answer(&mut self, part: &IdedExpr, vars: &Vars<'_>) -> Answer {
        let tree = self.tree(part);
        lower::condition(tree, self.checker.paths, self.schema.stated)(self.ctx, vars)
    }

    fn tree(&mut self, part: &IdedExpr) -> Bool {
        self.checker.condition(part).expect(COMPILED)
    }

    fn inside(&mut self, part: &IdedExpr, vars: &Vars<'_>) -> Inside {
        let Expr::Call(call) = &part.expr else { return (PartRole::Test, Vec::new(), 0) };
        let terms = |walk: &mut Self, operator: &str| {
            let mut terms = Vec::new();
            flatten(part, operator, &mut terms);
            terms.into_iter().map(|term| walk.condition(term, vars)).collect::<Vec<_>>()
        };
        match (call.func_name.as_str(), quantifier(call)) {
            (op::LOGICAL_AND, _) => (PartRole::AllOf, terms(self, op::LOGICAL_AND), 0),
            (op::LOGICAL_OR, _) => (PartRole::AnyOf, terms(self, op::LOGICAL_OR), 0),
            (op::LOGICAL_NOT, _) => {
                (PartRole::Not, call.args.iter().map(|inner| self.condition(inner, vars)).collect(), 0)
            }
            (_, Some(quantifier)) => self.entries(&quantifier, vars),
            (_, None) => (PartRole::Test, self.operands(call, vars), 0),
        }
    }

    /// What a call is made from. What is written out in it, everybody sees.
    fn operands(&mut self, call: &CallExpr, vars: &Vars<'_>) -> Vec<Part> {
        let operands = call.target.iter().map(AsRef::as_ref).chain(&call.args).filter(|part| !is_written_out(part));
        operands.map(|part| self.value(part, vars)).collect()
    }

    fn value(&mut self, part: &IdedExpr, vars: &Vars<'_>) -> Part {
        let printable = match self.checker.value(part).expect(COMPILED) {
            Typed::Bool(_) => return self.condition(part, vars),
            Typed::Int(tree) => Printable::Int(tree),
            Typed::Time(path) => Printable::Time(path),
            Typed::Text(tree) => Printable::Text(tree),
            Typed::Texts(tree) => Printable::Texts(tree),
            Typed::Regex(regex) => {
                return self.named_value(
                    part,
                    PartResult::Value(PartValue::Text(regex.as_str().to_owned())),
                    Vec::new(),
                );
            }
            Typed::Ints(_) | Typed::Null => unreachable!("internal: these are always written out"),
        };
        let value = lower::value(printable, self.checker.paths, self.schema.stated)(self.ctx, vars);
        let result = match value {
            Ok(value) => PartResult::Value(value),
            Err(Why { cause: Cause::Absent, .. }) => PartResult::Nothing,
            Err(why) => self.unknown(why),
        };
        let parts = if let Expr::Call(call) = &part.expr { self.operands(call, vars) } else { Vec::new() };
        self.named_value(part, result, parts)
    }

    fn named_value(&self, part: &IdedExpr, result: PartResult, parts: Vec<Part>) -> Part {
        Part { text: self.text(part), role: PartRole::Value, result, decides: false, parts, left_out: 0 }
    }

    /// The list, and what the condition comes to for its entries.
    fn entries(&mut self, of: &Quantifier<'_>, vars: &Vars<'_>) -> Inside {
        let role = if of.decisive { PartRole::AnyEntry } else { PartRole::EveryEntry };
        let list = self.list(of.list, vars);
        let mut parts: Vec<Part> = if is_written_out(of.list) { Vec::new() } else { vec![self.value(of.list, vars)] };
        let Ok(PartValue::Texts(list)) = list else { return (role, parts, 0) };
        self.checker.entries.push(of.variable.to_owned());
        let body = self.tree(of.body);
        let body = lower::condition(body, self.checker.paths, self.schema.stated);
        let mut ranked: Vec<(u8, usize, &String)> = list
            .iter()
            .enumerate()
            .map(|(at, entry)| match body(self.ctx, &Vars::with(entry, vars)) {
                Ok(value) if value == of.decisive => (0, at, entry),
                Err(_) => (1, at, entry),
                Ok(_) => (2, at, entry),
            })
            .collect();
        ranked.sort_by_key(|(rank, at, _)| (*rank, *at));
        let left_out = ranked.len().saturating_sub(MOST_ENTRIES);
        ranked.truncate(MOST_ENTRIES);
        ranked.sort_by_key(|(_, at, _)| *at);
        for (_, _, entry) in ranked {
            let inner = self.condition(of.body, &Vars::with(entry, vars));
            let (text, result) = (of.variable.to_owned(), inner.result.clone());
            let role = PartRole::Entry(entry.clone());
            parts.push(Part { text, role, result, decides: false, parts: vec![inner], left_out: 0 });
        }
        self.checker.entries.pop();
        (role, parts, left_out)
    }

    fn list(&mut self, list: &IdedExpr, vars: &Vars<'_>) -> Result<PartValue, Why> {
        match self.checker.value(list).expect(COMPILED) {
            Typed::Texts(tree) => {
                lower::value(Printable::Texts(tree), self.checker.paths, self.schema.stated)(self.ctx, vars)
            }
            _ => unreachable!("{COMPILED}"),
        }
    }

    fn answered(&self, answer: Answer) -> PartResult {
        match answer {
            Ok(true) => PartResult::True,
            Ok(false) => PartResult::False,
            Err(why) => self.unknown(why),
        }
    }

    fn unknown(&self, why: Why) -> PartResult {
        let View { resource, inventory, .. } = self.ctx.subject;
        PartResult::Unknown(reasons::missing(why, resource, self.checker.paths, inventory.coverage()))
    }

    fn text(&self, part: &IdedExpr) -> String {
        collapse(self.parsed.whole_text(self.parsed.span(part)))
    }
}

/// `list.exists(x, condition)` or `list.all(x, condition)`.
pub(super) struct Quantifier<'q> {
    pub(super) list: &'q IdedExpr,
    pub(super) variable: &'q str,
    pub(super) body: &'q IdedExpr,
    /// What one entry must come to for the answer to be certain.
    decisive: bool,
}

pub(super) fn quantifier(call: &CallExpr) -> Option<Quantifier<'_>> {
    let function = FUNCTIONS.iter().find(|function| function.name == call.func_name)?;
    let decisive = match function.call {
        Call::Exists => true,
        Call::All => false,
        _ => return None,
    };
    let (Some(list), [variable, body]) = (&call.target, call.args.as_slice()) else { return None };
    let Expr::Ident(variable) = &variable.expr else { return None };
    Some(Quantifier { list, variable, body, decisive })
}

/// True for what has the same value on every resource and stands in the condition itself.
fn is_written_out(part: &IdedExpr) -> bool {
    match &part.expr {
        Expr::Literal(_) | Expr::List(_) => true,
        Expr::Call(call) => call.target.is_none() && !call.args.is_empty() && call.args.iter().all(is_written_out),
        _ => false,
    }
}
