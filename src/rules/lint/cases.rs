//! Cases that are missing, and words about mistakes that nobody makes.

use super::{Lint, of_whole};
use crate::model::Outcome;
use crate::problem::Problem;
use crate::rules::cases;
use crate::rules::file::Expect;
use crate::rules::mutation;
use crate::rules::rule::Rule;

pub(super) const FAILS: &str = "failing-case";
pub(super) const UNKNOWN: &str = "unknown-case";
pub(super) const EQUIVALENT: &str = "equivalent";

/// Fields that every source tells, or that nobody can hide.
const ALWAYS_TOLD: &[&str] = &[
    "credential.form",
    "container.form",
    "grant.form",
    "grant.role",
    "grant.holder",
    "setting.key",
    "change.what",
    "change.fields",
];

pub(super) fn weak(rule: &Rule) -> Vec<Lint> {
    let mut found = Vec::new();
    let id = rule.id();
    let results = cases::run(std::slice::from_ref(rule));
    if !results.iter().any(|result| matches!(result.outcome, Outcome::Fail(_))) {
        let what = format!("no case of `{id}` gets through the scope and fails");
        found.push(of_whole(rule, FAILS, what, "add one with `expect: fail`, and see that `rules test` passes"));
    }
    if may_lack_a_fact(rule) && !results.iter().any(|result| result.expected == Expect::Unknown) {
        let what = format!("no case of `{id}` shows what it says where a fact is missing");
        let help = "add one with `expect: unknown` that leaves out a field which the rule needs";
        found.push(of_whole(rule, UNKNOWN, what, help));
    }
    found.extend(mutation::idle_equivalents(rule).map(|change| {
        let what = "the mutation check makes no such change";
        let problem = Problem::at(rule.file(), change.span.clone(), what);
        let help = "copy the words from `keyroll rules test --mutate`, or take the entry out";
        Lint { check: EQUIVALENT, problem: problem.help(help) }
    }));
    found
}

/// False if everything that the rule reads is always told. A field is among those that changed only if it was known
/// before and is known now.
fn may_lack_a_fact(rule: &Rule) -> bool {
    if rule.scope().is_some_and(|scope| scope.contains("in change.fields")) {
        return false;
    }
    let own = [format!("{}.name", rule.kind().name()), format!("{}.id", rule.kind().name())];
    rule.needs().iter().any(|(path, _)| !ALWAYS_TOLD.contains(path) && !own.iter().any(|own| own == path))
}
