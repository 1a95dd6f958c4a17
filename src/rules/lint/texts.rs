//! What a rule tells people: why, what to do and where, how to see it, and for which control.

use super::{Lint, of_whole};
use crate::model::Kind;
use crate::rules::rule::Rule;

pub(super) const WORDS: &str = "words";
pub(super) const PLACE: &str = "place";
pub(super) const CONTROLS: &str = "controls";

pub(super) fn weak(rule: &Rule) -> Vec<Lint> {
    let mut found = Vec::new();
    let id = rule.id();
    for (key, text) in [("why", rule.why()), ("fix", rule.fix()), ("verify", rule.verify())] {
        if text.trim().is_empty() {
            found.push(of_whole(
                rule,
                WORDS,
                format!("`{key}` of `{id}` is empty"),
                "whoever gets the finding reads it",
            ));
        }
    }
    if !names_a_place(rule) {
        let what = format!("`fix` of `{id}` does not say where");
        let help = "write the way as the product shows it: Atlassian Administration > Security > User API tokens";
        found.push(of_whole(rule, PLACE, what, help));
    }
    if rule.controls.is_empty() {
        let what = format!("`{id}` serves no control");
        let help = "add those that it serves under `controls:`; `keyroll rules controls` lists them";
        found.push(of_whole(rule, CONTROLS, what, help));
    }
    found
}

/// A way through menus; of what people declare in files, the key there will do.
fn names_a_place(rule: &Rule) -> bool {
    let text = rule.fix().split_whitespace().collect::<Vec<_>>().join(" ");
    let is_declared = matches!(rule.kind(), Kind::Integration | Kind::Person);
    text.contains(" > ") || (is_declared && text.contains('`'))
}
