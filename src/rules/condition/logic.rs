//! What can be said of the conditions of a rule without any resource: whether scope and requirement can hold together,
//! whether the requirement can ever be broken within the scope, and in which normal form two rules can be compared.
//!
//! The answers err on one side: “possible” may be wrong where facts hang together in ways that only the estate knows,
//! “impossible” is a proof.

mod atoms;
mod print;

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators as op};

use self::atoms::Atom;
use super::tree::{Bool, NamedPath};
use super::{Compiler, Present, Schema, syntax};
use crate::document::Located;
use crate::problem::SourceText;

/// What the conditions of a rule come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct Logic {
    /// False if there can be no resource that the scope lets through and of which the requirement holds.
    pub(in crate::rules) can_hold: bool,
    /// False if there can be no resource that the scope lets through and of which the requirement does not hold.
    pub(in crate::rules) can_fail: bool,
    /// Scope and requirement in a form that does not depend on the order in which they are written.
    pub(in crate::rules) normal: String,
}

/// Works out what a rule's conditions come to; `None` if they do not compile.
pub(in crate::rules) fn logic(
    schema: Schema<'_>,
    file: &SourceText,
    scope: Option<&Located<String>>,
    require: &Located<String>,
) -> Option<Logic> {
    let mut compiler = Compiler::new(schema, file);
    let (scope, given) = match scope {
        Some(scope) => compiler.tree(scope, &Present::new())?,
        None => (Bool::Literal(true), Present::new()),
    };
    let (require, _) = compiler.tree(require, &given)?;
    let paths = &compiler.paths;
    Some(Logic {
        can_hold: possible(&[(&scope, true), (&require, true)], paths),
        can_fail: possible(&[(&scope, true), (&require, false)], paths),
        normal: format!("{} ⇒ {}", print::bool(&scope, true, paths), print::bool(&require, true, paths)),
    })
}

/// More conjunctions than this are not looked at: then it counts as possible.
const MOST_CONJUNCTIONS: usize = 2_000;

/// False if the parts can never come to what is wanted of them at the same time.
fn possible(parts: &[(&Bool, bool)], paths: &[NamedPath]) -> bool {
    let mut conjunctions = vec![Vec::new()];
    for (part, wanted) in parts {
        let Some(own) = disjunctive(part, *wanted, paths) else { return true };
        let Some(all) = combined(&conjunctions, &own) else { return true };
        conjunctions = all;
    }
    conjunctions.iter().any(|atoms| atoms::agree(atoms))
}

/// The conjunctions of which one must hold for the condition to come to what is wanted; `None` if they are too many.
fn disjunctive(tree: &Bool, wanted: bool, paths: &[NamedPath]) -> Option<Vec<Vec<Atom>>> {
    match tree {
        Bool::Literal(value) => Some(if *value == wanted { vec![Vec::new()] } else { Vec::new() }),
        Bool::Not(inner) => disjunctive(inner, !wanted, paths),
        Bool::And(terms) | Bool::Or(terms) => {
            let mut own = terms.iter().map(|term| disjunctive(term, wanted, paths));
            if matches!(tree, Bool::And(_)) == wanted {
                own.try_fold(vec![Vec::new()], |all, term| combined(&all, &term?))
            } else {
                let all = own.collect::<Option<Vec<_>>>()?.concat();
                (all.len() <= MOST_CONJUNCTIONS).then_some(all)
            }
        }
        _ => Some(vec![vec![Atom::of(tree, wanted, paths)]]),
    }
}

fn combined(left: &[Vec<Atom>], right: &[Vec<Atom>]) -> Option<Vec<Vec<Atom>>> {
    if left.len() * right.len() > MOST_CONJUNCTIONS {
        return None;
    }
    let pairs = left.iter().flat_map(|one| right.iter().map(move |other| [one.as_slice(), other.as_slice()].concat()));
    // What contradicts itself need not be carried further.
    Some(pairs.filter(|atoms| atoms::agree(atoms)).collect())
}

/// The numbers that a condition compares with and that stand in it outright: what people may want to set otherwise. Those
/// around nothing are none, nor are versions of products.
pub(in crate::rules) fn thresholds(source: &str) -> Vec<Range<usize>> {
    let Ok(parsed) = syntax::parse(source) else { return Vec::new() };
    let mut found = Vec::new();
    look_for_thresholds(&parsed.root, &mut |part| found.push(parsed.span(part)));
    found
}

fn look_for_thresholds(part: &IdedExpr, found: &mut impl FnMut(&IdedExpr)) {
    let Expr::Call(call) = &part.expr else { return };
    let compares = [op::EQUALS, op::NOT_EQUALS, op::LESS, op::LESS_EQUALS, op::GREATER, op::GREATER_EQUALS];
    let is_of_version =
        |part: &IdedExpr| matches!(&part.expr, Expr::Select(select) if select.field == "version_number");
    let is_comparison = compares.contains(&call.func_name.as_str()) && !call.args.iter().any(is_of_version);
    for inner in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
        match &inner.expr {
            Expr::Literal(LiteralValue::Int(value)) if is_comparison && !(-1..=1).contains(value.inner()) => {
                found(inner)
            }
            _ => look_for_thresholds(inner, found),
        }
    }
}

#[cfg(test)]
mod tests;
