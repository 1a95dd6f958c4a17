//! Rules that say what another says already: whoever mends one finding gets two, and a figure counts it twice.

use std::collections::BTreeMap;

use super::conditions::logic;
use super::{Lint, ScanRecord, of_whole};
use crate::model::Kind;
use crate::rules::rule::Rule;
use crate::text::plural;

pub(super) const SAME: &str = "same-conditions";
pub(super) const TOGETHER: &str = "fail-together";

/// On fewer resources than this, failing together is a coincidence as likely as not.
const TELLING: usize = 5;

/// Rules whose scope and requirement are the same, however they are written. Told of the later one.
pub(super) fn same(rules: &[Rule]) -> Vec<Lint> {
    let mut known: BTreeMap<(Kind, bool, String), &Rule> = BTreeMap::new();
    let mut found = Vec::new();
    for rule in rules {
        let Some(logic) = logic(rule) else { continue };
        match known.get(&(rule.kind(), rule.on_change(), logic.normal.clone())) {
            Some(first) => {
                let what = format!("`{}` asks exactly what `{}` asks", rule.id(), first.id());
                found.push(of_whole(rule, SAME, what, "keep one of them, or say in their scopes what sets them apart"));
            }
            None => {
                known.insert((rule.kind(), rule.on_change(), logic.normal), rule);
            }
        }
    }
    found
}

/// Rules that failed on exactly the same resources, if these were many enough to mean something.
pub(super) fn together(rules: &[Rule], scan: &ScanRecord) -> Vec<Lint> {
    let mut found = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let Some(failing) = scan.failing.get(rule.id()).filter(|failing| failing.len() >= TELLING) else { continue };
        let earlier = rules.iter().take(at).filter(|other| {
            other.kind() == rule.kind()
                && other.on_change() == rule.on_change()
                && scan.failing.get(other.id()) == Some(failing)
        });
        for other in earlier {
            let resources = plural(failing.len(), rule.kind().name(), rule.kind().plural());
            let what = format!("`{}` and `{}` fail on the same {resources} of the last scan", rule.id(), other.id());
            let help = "if that is no coincidence, let the scope of one leave out what the other tells";
            found.push(of_whole(rule, TOGETHER, what, help));
        }
    }
    found
}
