//! Controls of the catalogues that nobody serves.

use std::collections::BTreeSet;

use super::Lint;
use crate::model::ControlId;
use crate::problem::Problem;
use crate::rules::frameworks::Framework;
use crate::rules::rule::Rule;

pub(super) const UNSERVED: &str = "control";

/// Controls without any rule, of which the catalogue does not say what to look at by hand instead.
pub(super) fn unserved(rules: &[Rule], catalogues: &[Framework]) -> Vec<Lint> {
    let served: BTreeSet<&str> = rules.iter().flat_map(|rule| &rule.controls).map(ControlId::as_str).collect();
    let all = catalogues.iter().flat_map(|framework| {
        framework
            .controls
            .iter()
            .map(move |control| (&framework.file, format!("{}:{}", framework.id, control.id), control))
    });
    let unserved = all.filter(|(_, id, control)| !served.contains(id.as_str()) && control.by_hand.is_none());
    let lints = unserved.map(|(file, id, control)| {
        let problem = Problem::at(file, control.span.clone(), format!("no rule serves `{id}`"));
        let help = "name it under `controls:` of the rules that do, or say under `by_hand:` what to look at instead";
        Lint { check: UNSERVED, problem: problem.help(help) }
    });
    lints.collect()
}
