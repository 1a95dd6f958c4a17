//! Lint: what is weak about rules that are not wrong. A rule that does not compile is a mistake and told when it is read;
//! here are those that judge less than their author thinks, that nobody can act on, or that say what another says.

mod cases;
mod conditions;
mod controls;
mod overlaps;
mod sight;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use super::frameworks::Framework;
use super::rule::Rule;
use crate::model::{ResourceId, RuleId, Tally};
use crate::problem::Problem;

/// A weakness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// Which check found it: one of [`CHECKS`].
    pub check: &'static str,
    /// Where, what is weak, and what to do.
    pub problem: Problem,
}

/// What a scan tells about rules.
#[derive(Debug, Clone, Default)]
pub struct ScanRecord {
    /// How each rule fared.
    pub tallies: BTreeMap<RuleId, Tally>,
    /// The resources on which each rule fails.
    pub failing: BTreeMap<RuleId, BTreeSet<ResourceId>>,
}

/// The checks, each with what it looks for.
pub const CHECKS: &[(&str, &str)] = &[
    (cases::FAILS, "a case that the scope lets through and the rule catches"),
    (cases::UNKNOWN, "a case in which a fact is missing, where one may be"),
    (cases::EQUIVALENT, "words on mistakes that change nothing, for mistakes that are tried"),
    (conditions::HOLDS, "scope and requirement that can be true together"),
    (conditions::BREAKS, "a requirement that can be broken within the scope"),
    (conditions::THRESHOLD, "numbers that can be set, as parameters"),
    (overlaps::SAME, "no two rules with the same scope and requirement"),
    (overlaps::TOGETHER, "no two rules that fail on the same resources of the last scan"),
    (sight::BLIND, "a rule that could be judged on some resource of the last scan"),
    (texts::WORDS, "why it matters, how to mend it and how to see it by hand"),
    (texts::PLACE, "the place where it is mended, as the product shows the way there"),
    (texts::CONTROLS, "the controls that the rule serves"),
    (controls::UNSERVED, "a rule for each control, or what to look at by hand"),
];

/// Looks at all rules and catalogues, and at the last scan if there was one. Sorted by file and place.
pub(super) fn lint(rules: &[Rule], catalogues: &[Framework], scan: Option<&ScanRecord>) -> Vec<Lint> {
    let mut found: Vec<Lint> = rules.iter().flat_map(of_rule).collect();
    found.extend(overlaps::same(rules));
    if let Some(scan) = scan {
        found.extend(overlaps::together(rules, scan));
        found.extend(sight::blind(rules, scan));
    }
    found.extend(controls::unserved(rules, catalogues));
    found.sort_by_cached_key(|lint| {
        let name = lint.problem.file.as_ref().map(|file| file.name.clone());
        (name, lint.problem.span.start, lint.check)
    });
    found
}

fn of_rule(rule: &Rule) -> Vec<Lint> {
    [cases::weak(rule), conditions::weak(rule), texts::weak(rule)].concat()
}

/// A weakness of the rule as a whole, told at its id.
fn of_whole(rule: &Rule, check: &'static str, what: String, help: &str) -> Lint {
    let problem = Problem::at(rule.file(), rule.written.id.span.clone(), what);
    Lint { check, problem: problem.help(help) }
}

#[cfg(test)]
mod tests;
