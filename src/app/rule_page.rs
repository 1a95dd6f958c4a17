//! What there is to say of a rule beside its verdicts: its texts, the facts it needs, and what tells them.

use crate::reports::{NeededFact, ReadFrom, RulePage, RuleText};
use crate::rules::{Rule, builtin, read_packs};
use crate::sources::SOURCES;

/// The texts of a rule.
#[must_use]
pub fn rule_text(rule: &Rule) -> RuleText<'_> {
    RuleText { why: rule.why(), fix: rule.fix(), verify: rule.verify(), references: rule.references() }
}

/// What the page of a rule says.
#[must_use]
pub fn rule_page(rule: &Rule) -> RulePage<'_> {
    let summary = rule.summary();
    RulePage {
        subject: if rule.on_change() {
            format!("changes of {}s", rule.kind().name())
        } else {
            format!("{}s", rule.kind().name())
        },
        scope: rule.scope(),
        require: rule.require(),
        needs: rule
            .needs()
            .into_iter()
            .map(|(path, field)| NeededFact {
                field: path,
                sort: field.type_name(),
                may_be_absent: field.nullable,
                about: field.doc,
            })
            .collect(),
        read_from: read_from(rule),
        params: rule
            .params()
            .iter()
            .map(|param| {
                let name = param.name.value.as_str();
                let value = rule.values().get(name).map_or_else(String::new, ToString::to_string);
                (name, value, param.about.as_str())
            })
            .collect(),
        text: rule_text(rule),
        packs: packs_with(rule),
        file: &rule.file().name,
        summary,
    }
}

/// Every endpoint of every type of source that can tell something the rule depends on.
fn read_from(rule: &Rule) -> Vec<ReadFrom> {
    let endpoints = SOURCES.iter().flat_map(|source| source.endpoints.iter().map(|endpoint| (source.name, endpoint)));
    let told = endpoints.filter(|(_, endpoint)| rule.leans_on_any(endpoint.shows, endpoint.forms));
    told.map(|(source, endpoint)| ReadFrom { source, endpoint: endpoint.name, right: endpoint.right_in_words() })
        .collect()
}

/// The shipped packs in which a rule judges.
fn packs_with(rule: &Rule) -> Vec<String> {
    let packs = read_packs(&builtin::packs()).unwrap_or_default().into_iter();
    packs.filter(|pack| !pack.leaves_out(rule.id().as_str())).map(|pack| pack.id).collect()
}
