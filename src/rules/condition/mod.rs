//! Conditions: expressions of the rule language, which is CEL with the fields of the model. They are parsed by the
//! `cel` crate, checked against the field table when a rule is loaded, and lowered to closures over the resources.
//!
//! An answer is true, false, or the reason why it cannot be told; it spreads by Kleene's rules.

mod calls;
mod check;
mod context;
mod explain;
mod logic;
mod lower;
mod names;
mod operators;
mod roots;
mod schema;
mod syntax;
mod template;
mod tree;
mod variants;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrono::{DateTime, Utc};
use regex::Regex;

use crate::document::{Located, place_inside};
use crate::model::{Fact, Kind};
use crate::problem::{Problem, Problems, SourceText};

pub(super) use check::regex_fault;
pub(super) use context::{Answer, Cause, Ctx, Vars, Why};
pub(super) use explain::Explainer;
pub(super) use logic::{Logic, logic, thresholds};
pub(super) use lower::Condition;
pub(super) use roots::roots;
pub(super) use template::Template;
use tree::Bool;
pub(super) use tree::{NamedPath, Place};
pub(super) use variants::{Variant, variants};

/// The value of a parameter, as conditions see it.
#[derive(Debug, Clone)]
pub(super) enum Constant {
    Int(i64),
    Bool(bool),
    Text(String),
    Regex(Regex),
    Texts(Vec<String>),
}

/// A derived field's value as a case states it.
#[derive(Debug, Clone)]
pub(super) enum Stated {
    Bool(bool),
    Int(i64),
    Time(DateTime<Utc>),
    Text(String),
    Texts(Vec<String>),
}

/// What conditions may name beside a resource and its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// Nothing.
    Nothing,
    /// A change of it, and how it was before.
    Change,
    /// A finding about it.
    Finding,
}

impl Beside {
    /// Beside what a rule judges.
    pub(super) fn of_rule(on_change: bool) -> Self {
        if on_change { Self::Change } else { Self::Nothing }
    }
}

/// What the conditions of a rule may name.
pub(super) struct Schema<'s> {
    /// The kind of resource they speak of.
    pub(super) kind: Kind,
    /// What stands beside it.
    pub(super) beside: Beside,
    /// The parameters by name.
    pub(super) params: &'s BTreeMap<String, Constant>,
    /// Derived fields that a case states outright, by path.
    pub(super) stated: &'s BTreeMap<String, Fact<Stated>>,
}

/// Fields that are known to have a value, by path: what a guard proves.
pub(super) type Present = BTreeSet<String>;

/// What a condition became.
pub(super) struct Compiled {
    /// Its closure.
    pub(super) code: Condition,
    /// The fields that have a value wherever it holds.
    pub(super) proven: Present,
    /// The forms of which the resource must have one for it to hold; empty if it may hold for any.
    pub(super) forms: Vec<String>,
}

/// A mistake in an expression: its bytes there, what is wrong, what would be right.
struct Complaint {
    span: Range<usize>,
    what: String,
    help: Option<String>,
    note: Option<String>,
}

impl Complaint {
    fn new(span: Range<usize>, what: impl Into<String>, help: Option<String>) -> Self {
        Self { span, what: what.into(), help, note: None }
    }
}

/// Compiles all expressions of one rule: they share the table of paths, and a parameter that none of them uses is
/// a mistake.
pub(super) struct Compiler<'s> {
    schema: Schema<'s>,
    file: &'s SourceText,
    paths: Vec<NamedPath>,
    used_params: BTreeSet<String>,
    problems: Problems,
}

impl<'s> Compiler<'s> {
    pub(super) fn new(schema: Schema<'s>, file: &'s SourceText) -> Self {
        Self { schema, file, paths: Vec::new(), used_params: BTreeSet::new(), problems: Problems::default() }
    }

    /// Compiles a condition, given the fields that are known to have a value.
    pub(super) fn condition(&mut self, text: &Located<String>, given: &Present) -> Option<Compiled> {
        let checked = self.tree(text, given);
        let stated = self.schema.stated;
        checked.map(|(tree, proven)| {
            let forms = tree.forms(&self.paths).unwrap_or_default();
            Compiled { code: lower::condition(tree, &self.paths, stated), proven, forms }
        })
    }

    /// Checks a condition without lowering it, and tells the fields that have a value wherever it holds.
    fn tree(&mut self, text: &Located<String>, given: &Present) -> Option<(Bool, Present)> {
        self.check(text, &text.value, 0, |parsed, checker| {
            checker.present.clone_from(given);
            let tree = checker.condition(&parsed.root)?;
            let mut proven = given.clone();
            check::proven(&parsed.root, true, &mut proven);
            Some((tree, proven))
        })
    }

    /// Compiles a message with its `{{ expressions }}`.
    pub(super) fn template(&mut self, text: &Located<String>, given: &Present) -> Option<Template> {
        let (parts, endless) = template::split(&text.value);
        let mut whole = endless.is_none();
        self.complain(text, 0, endless.into_iter().collect());
        let mut template = Template::default();
        for part in parts {
            match part {
                template::Part::Text(words) => template.push_text(words),
                template::Part::Expression(range) => {
                    let expression = text.value.get(range.clone()).unwrap_or("").to_owned();
                    let value = self.check(text, &expression, range.start, |parsed, checker| {
                        checker.present.clone_from(given);
                        checker.in_message = true;
                        checker.printable(&parsed.root)
                    });
                    match value {
                        Some(value) => template.push(lower::value(value, &self.paths, self.schema.stated)),
                        None => whole = false,
                    }
                }
            }
        }
        whole.then_some(template)
    }

    /// How many paths were named so far.
    pub(super) fn path_count(&self) -> usize {
        self.paths.len()
    }

    /// The parameters that were named.
    pub(super) fn used_params(&self) -> &BTreeSet<String> {
        &self.used_params
    }

    /// The paths that were named, and everything that was wrong.
    pub(super) fn finish(self) -> (Vec<NamedPath>, Problems) {
        (self.paths, self.problems)
    }

    fn check<T>(
        &mut self,
        text: &Located<String>,
        expression: &str,
        offset: usize,
        then: impl FnOnce(&syntax::Parsed, &mut check::Checker<'_>) -> Option<T>,
    ) -> Option<T> {
        let parsed = match syntax::parse(expression) {
            Ok(parsed) => parsed,
            Err(complaints) => {
                self.complain(text, offset, complaints);
                return None;
            }
        };
        let mut checker = check::Checker::new(&parsed, &self.schema, &mut self.paths, &mut self.used_params);
        let value = then(&parsed, &mut checker);
        let complaints = checker.complaints;
        let flawless = complaints.is_empty();
        self.complain(text, offset, complaints);
        value.filter(|_| flawless)
    }

    fn complain(&mut self, text: &Located<String>, offset: usize, complaints: Vec<Complaint>) {
        for Complaint { span, what, help, note } in complaints {
            let span = place_inside(self.file, text, span.start + offset..span.end + offset);
            self.problems.push(Problem { help, ..Problem::at(self.file, span, what) }.note(note));
        }
    }
}
