//! Conditions that can never be met, that can never be broken, or that hold numbers somebody may want to set.

use std::collections::BTreeMap;

use super::{Lint, of_whole};
use crate::document::{Located, place_inside};
use crate::problem::Problem;
use crate::rules::condition::{self, Beside, Logic, Schema, thresholds};
use crate::rules::rule::Rule;

pub(super) const HOLDS: &str = "never-holds";
pub(super) const BREAKS: &str = "never-fails";
pub(super) const THRESHOLD: &str = "threshold";

pub(super) fn weak(rule: &Rule) -> Vec<Lint> {
    let mut found = Vec::new();
    let id = rule.id();
    if let Some(logic) = logic(rule) {
        if !logic.can_hold {
            let what = format!("scope and requirement of `{id}` can never be true together");
            found.push(of_whole(rule, HOLDS, what, "whatever the scope lets through fails: say what would be right"));
        }
        if !logic.can_fail {
            let what = format!("the scope of `{id}` lets nothing through that breaks its requirement");
            let help = "what must hold belongs into `require`; `scope` only selects";
            found.push(of_whole(rule, BREAKS, what, help));
        }
    }
    let written = &rule.written;
    let conditions =
        written.scope.iter().chain([&written.require]).chain(written.severity_when.iter().map(|(when, _)| when));
    found.extend(conditions.flat_map(|condition| fixed_numbers(rule, condition)));
    found
}

/// What the conditions of a rule come to, with the parameters in force.
pub(super) fn logic(rule: &Rule) -> Option<Logic> {
    let stated = BTreeMap::new();
    let (kind, beside) = (rule.kind(), Beside::of_rule(rule.on_change()));
    let schema = Schema { kind, beside, params: &rule.values.constants, stated: &stated };
    condition::logic(schema, rule.file(), rule.written.scope.as_ref(), &rule.written.require)
}

fn fixed_numbers(rule: &Rule, condition: &Located<String>) -> Vec<Lint> {
    let spans = thresholds(&condition.value).into_iter();
    let lints = spans.map(|span| {
        let number = condition.value.get(span.clone()).unwrap_or("").to_owned();
        let problem = Problem::at(
            rule.file(),
            place_inside(rule.file(), condition, span),
            format!("the threshold {number} is fixed, so that nobody can set it otherwise"),
        );
        let help = format!("declare it under `params:` with the default {number}, and name it as `params.…`");
        Lint { check: THRESHOLD, problem: problem.help(help) }
    });
    lints.collect()
}
