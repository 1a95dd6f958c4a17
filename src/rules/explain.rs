//! What the rules say of one resource, for whoever wants to know why: each rule's word, and one rule part by part.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::condition::{Beside, Ctx, Explainer, Schema};
use super::evaluate;
use super::reasons;
use super::rule::Rule;
use crate::inventory::Inventory;
use crate::model::{Change, Explained, Opinion, Outcome, PartResult, ResourceId, What};

/// One resource in one scan.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// What was seen.
    pub inventory: &'a Inventory<'a>,
    /// The resource.
    pub resource: &'a ResourceId,
    /// What changed with that scan, each with the resource as it was before: rules on changes judge it.
    pub changes: &'a [Change],
    /// When it was judged.
    pub now: DateTime<Utc>,
}

impl<'a> Asked<'a> {
    /// What a rule is asked about; `None` if it has nothing to judge: the resource was not seen, or did not change.
    fn ctx(&self, rule: &Rule) -> Option<Ctx<'a>> {
        if self.resource.kind() != rule.kind() {
            return None;
        }
        if !rule.on_change() {
            return self.inventory.get(self.resource).map(|resource| Ctx::new(self.inventory, resource, self.now));
        }
        let mut changes = self.changes.iter().filter(|change| change.what != What::NotObserved);
        let change = changes.find(|change| change.resource == *self.resource)?;
        let subject = evaluate::subject(change, self.inventory)?;
        Some(Ctx::new(self.inventory, subject, self.now).of_change(change))
    }
}

/// What a rule says of a resource; `None` if it has nothing to judge.
pub(super) fn opinion(rule: &Rule, asked: &Asked<'_>) -> Option<Opinion> {
    asked.ctx(rule).map(|ctx| of(rule, &ctx))
}

fn of(rule: &Rule, ctx: &Ctx<'_>) -> Opinion {
    let (outcome, why) = evaluate::outcome(&rule.code, rule.kind(), rule.severity, ctx);
    let coverage = ctx.subject.inventory.coverage();
    let missing = why.map(|why| reasons::missing(why, ctx.subject.resource, &rule.code.paths, coverage));
    Opinion { rule: rule.id.clone(), outcome, missing }
}

/// What a rule says of a resource, part by part; `None` if it has nothing to judge.
pub(super) fn explain(rule: &Rule, asked: &Asked<'_>) -> Option<Explained> {
    let ctx = asked.ctx(rule)?;
    let opinion = of(rule, &ctx);
    let stated = BTreeMap::new();
    let beside = Beside::of_rule(rule.on_change());
    let schema = Schema { kind: rule.kind(), beside, params: &rule.values.constants, stated: &stated };
    let mut explainer = Explainer::new(&schema, &ctx);
    let scope = rule.written.scope.as_ref().map(|scope| explainer.condition(&scope.value));
    let require = explainer.condition(&rule.written.require.value);
    let mut severity = Vec::new();
    if matches!(opinion.outcome, Outcome::Fail(_)) {
        for (condition, level) in &rule.written.severity_when {
            let part = explainer.condition(&condition.value);
            let holds = part.result == PartResult::True;
            severity.push((part, *level));
            if holds {
                break;
            }
        }
    }
    Some(Explained { opinion, scope, require, severity })
}

#[cfg(test)]
mod tests;
