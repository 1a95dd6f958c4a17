//! How the estate stands towards the controls of the frameworks: worked out from how the rules fared, what was found and
//! what was waived. Whatever was not judged keeps a control from being met.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    ControlId, ControlPosture, Counted, FrameworkPosture, OffRule, PostureState, RuleCensus, RuleId, RuleSummary,
    Tally, Unseen,
};
use crate::rules::{Control, Framework};
use crate::text::plural;

/// What a scan left behind that postures are made from.
#[derive(Clone, Copy)]
pub struct Judged<'a> {
    /// The rules that judged.
    pub rules: &'a [RuleSummary],
    /// The rules that somebody switched off, or a pack left out.
    pub off: &'a [OffRule],
    /// How each rule fared.
    pub tallies: &'a BTreeMap<RuleId, Tally>,
    /// The findings of each rule that are not over.
    pub found: &'a BTreeMap<RuleId, RuleCensus>,
}

/// How the estate stands towards each framework, in the order of the catalogues.
#[must_use]
pub fn postures(frameworks: &[Framework], judged: Judged<'_>) -> Vec<FrameworkPosture> {
    let posture = |framework: &Framework| FrameworkPosture {
        id: framework.id.clone(),
        title: framework.title.clone(),
        version: framework.version.clone(),
        controls: framework.controls.iter().filter_map(|one| control(framework, one, judged)).collect(),
    };
    frameworks.iter().map(posture).collect()
}

fn control(framework: &Framework, control: &Control, judged: Judged<'_>) -> Option<ControlPosture> {
    let id = ControlId::parse(&format!("{}:{}", framework.id, control.id))?;
    let rules: Vec<&RuleSummary> = judged.rules.iter().filter(|rule| rule.controls.contains(&id)).collect();
    let off: Vec<&OffRule> = judged.off.iter().filter(|rule| rule.controls.contains(&id)).collect();
    let (mut open, mut waived) = (Counted::default(), Counted::default());
    for found in rules.iter().filter_map(|rule| judged.found.get(&rule.id)) {
        open.add_all(&found.open);
        waived.add_all(&found.waived);
    }
    let tallies = rules.iter().filter_map(|rule| judged.tallies.get(&rule.id));
    let mut gaps: BTreeSet<String> =
        rules.iter().flat_map(|rule| gaps_of(rule, judged.tallies.get(&rule.id))).collect();
    gaps.extend(off.iter().map(|rule| format!("rule {} is switched off", rule.id)));
    let state = match (rules.len() + off.len(), open.count(), gaps.len(), waived.count()) {
        (0, ..) => PostureState::Manual,
        (_, 0, 0, 0) => PostureState::Met,
        (_, 0, 0, _) => PostureState::MetButWaived,
        (_, 0, ..) => PostureState::NotFullyAssessed,
        _ => PostureState::NotMet,
    };
    Some(ControlPosture {
        id,
        gist: control.title.clone(),
        state,
        judged: tallies.map(|tally| tally.pass + tally.fail).sum(),
        rules: rules.iter().map(|rule| rule.id.clone()).collect(),
        open,
        waived,
        gaps: gaps.into_iter().collect(),
        by_hand: control.by_hand.clone(),
    })
}

/// What kept a rule from judging everything it speaks of.
fn gaps_of(rule: &RuleSummary, tally: Option<&Tally>) -> Vec<String> {
    let Some(tally) = tally else { return vec![format!("rule {} was not evaluated", rule.id)] };
    let unseen = tally.unseen.iter().map(out_of_sight);
    let unknown = (tally.unknown > 0)
        .then(|| format!("rule {} is unknown on {}", rule.id, plural(tally.unknown, "resource", "resources")));
    unseen.chain(unknown).collect()
}

fn out_of_sight(gap: &Unseen) -> String {
    if gap.is_nowhere() {
        format!("no configured source shows any {}", gap.endpoint)
    } else {
        format!("{} of {}: {}", gap.endpoint, gap.source, gap.reason)
    }
}

#[cfg(test)]
mod tests;
