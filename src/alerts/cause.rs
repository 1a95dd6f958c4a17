//! What belongs together: the steps of findings, put under the one thing that brought them about. An account that was
//! deactivated and the five tokens that are thereby nobody's are one message, not six.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::occasion::Occasion;
use crate::model::{CauseId, Change, Finding, FindingId, Kind, ResourceId, RuleId, SourceName, Step, Transition, What};

/// What brought steps of findings about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Root<'a> {
    /// Nobody looked before.
    FirstScan,
    /// The rule is new, or judges by something else than before.
    Rule(&'a RuleId),
    /// The source is new.
    Source(&'a SourceName),
    /// Something about this resource.
    Resource(&'a ResourceId),
    /// What it was when the findings came up.
    Earlier,
}

/// The steps that one thing brought about.
#[derive(Debug)]
pub(super) struct Cause<'a> {
    pub(super) id: CauseId,
    pub(super) root: Root<'a>,
    /// Findings with their steps, the worst first.
    pub(super) steps: Vec<(&'a Finding, &'a Transition)>,
}

impl Cause<'_> {
    /// True if its findings are old, and only known for the first time.
    pub(super) fn is_adoption(&self) -> bool {
        matches!(self.root, Root::FirstScan | Root::Rule(_) | Root::Source(_))
    }

    /// True if a finding of it came up, came back, got worse or lost its waiver.
    pub(super) fn raises(&self) -> bool {
        self.called().next().is_some()
    }

    /// Its findings that ask somebody to do something.
    pub(super) fn called(&self) -> impl Iterator<Item = &Finding> {
        self.steps.iter().filter(|(_, transition)| transition.step.calls()).map(|(finding, _)| *finding)
    }
}

/// Begins the ids of causes that stand for many old facts: what happens to one of them later is a matter of its own.
const ADOPTED: &str = "A-";

/// Puts the steps of a scan under their causes, in order of the causes' ids.
pub(super) fn group<'a>(occasion: &Occasion<'a>, calls_for_old_facts: bool) -> Vec<Cause<'a>> {
    let roots = Roots::of(occasion, calls_for_old_facts);
    let findings: HashMap<&FindingId, &Finding> =
        occasion.findings.iter().map(|finding| (&finding.id, finding)).collect();
    let mut causes: BTreeMap<CauseId, Cause<'a>> = BTreeMap::new();
    for transition in occasion.transitions {
        let Some(finding) = findings.get(&transition.finding) else { continue };
        let Some((id, root)) = roots.cause(finding, transition.step) else { continue };
        let cause = causes.entry(id.clone()).or_insert_with(|| Cause { id, root, steps: Vec::new() });
        cause.steps.push((finding, transition));
    }
    for cause in causes.values_mut() {
        cause.steps.sort_by(|(one, first), (other, second)| {
            (second.step.calls(), other.severity, &one.id).cmp(&(first.step.calls(), one.severity, &other.id))
        });
    }
    causes.into_values().collect()
}

/// Finds the root of a finding's step.
struct Roots<'a, 'o> {
    occasion: &'o Occasion<'a>,
    changes: HashMap<&'a ResourceId, &'a Change>,
    new_rules: HashSet<&'a RuleId>,
}

impl<'a, 'o> Roots<'a, 'o> {
    fn of(occasion: &'o Occasion<'a>, calls_for_old_facts: bool) -> Self {
        let changes = occasion.changes.iter().filter(|change| change.what != What::NotObserved);
        let new_rules = match occasion.before {
            Some(before) if !calls_for_old_facts => {
                let judged = |rule: &RuleId| before.rules.iter().find(|known| known.id == *rule);
                let other = occasion.rules.iter().filter(|rule| {
                    judged(&rule.id).is_none_or(|known| known.judges_by.is_some() && known.judges_by != rule.judges_by)
                });
                other.map(|rule| &rule.id).collect()
            }
            Some(_) | None => HashSet::new(),
        };
        Self { occasion, changes: changes.map(|change| (&change.resource, change)).collect(), new_rules }
    }

    /// The cause that a step belongs to. A step of which nobody was told the beginning, and that asks for nothing, has none.
    fn cause(&self, finding: &'a Finding, step: Step) -> Option<(CauseId, Root<'a>)> {
        let earlier = self.occasion.known.causes.get(&finding.id);
        match (step, earlier) {
            (Step::Resolved | Step::Waived, Some(cause)) => Some((cause.clone(), Root::Earlier)),
            (Step::Worsened | Step::WaiverEnded, Some(cause)) if !cause.as_str().starts_with(ADOPTED) => {
                Some((cause.clone(), Root::Earlier))
            }
            (Step::Resolved, None) => None,
            (Step::Waived, None) => Some(self.begin(Root::Resource(&finding.resource))),
            (Step::Opened, _) => Some(self.begin(self.root(finding))),
            (Step::Reopened | Step::Worsened | Step::WaiverEnded, _) => {
                Some(self.begin(Root::Resource(self.changed(finding).unwrap_or(&finding.resource))))
            }
        }
    }

    fn begin(&self, root: Root<'a>) -> (CauseId, Root<'a>) {
        let at = self.occasion.started_at;
        let id = match &root {
            Root::FirstScan => adopted(&("first scan", self.occasion.estate, at)),
            Root::Rule(rule) => adopted(&("rule", rule, at)),
            Root::Source(source) => adopted(&("source", source, at)),
            Root::Resource(resource) => CauseId::of(&("resource", resource, at)),
            Root::Earlier => CauseId::of(&("earlier", at)),
        };
        (id, root)
    }

    fn root(&self, finding: &'a Finding) -> Root<'a> {
        let Some(before) = self.occasion.before else { return Root::FirstScan };
        if let Some(changed) = self.changed(finding) {
            let new_to_us = |change: &&&Change| change.what == What::FirstSeen;
            let new_source = || finding.seen_by.iter().find(|seen| !before.sources.contains(&seen.source));
            return match self.changes.get(changed).filter(new_to_us).and_then(|_| new_source()) {
                Some(seen) => Root::Source(&seen.source),
                None => Root::Resource(changed),
            };
        }
        match self.new_rules.get(&finding.rule) {
            Some(rule) => Root::Rule(rule),
            None => Root::Resource(self.holder(finding).unwrap_or(&finding.resource)),
        }
    }

    /// What changed about the finding: whose the resource is, what it is in, or the resource itself, in this order; of a
    /// grant always its holder, so that ten new grants of one account are one cause.
    fn changed(&self, finding: &'a Finding) -> Option<&'a ResourceId> {
        let change = self.changes.get(&finding.resource);
        let around = self.around(finding);
        let upstream = around.into_iter().find(|id| self.changes.contains_key(*id));
        upstream.or_else(|| {
            let change = change?;
            Some(self.holder(finding).unwrap_or(&change.resource))
        })
    }

    /// The resources that a finding's resource hangs on.
    fn around(&self, finding: &Finding) -> Vec<&'a ResourceId> {
        let Some(resource) = self.occasion.inventory.get(&finding.resource) else { return Vec::new() };
        resource.holder().into_iter().chain(resource.place()).collect()
    }

    /// The account or group that holds a grant.
    fn holder(&self, finding: &Finding) -> Option<&'a ResourceId> {
        let resource = self.occasion.inventory.get(&finding.resource)?;
        resource.holder().filter(|_| resource.kind() == Kind::Grant)
    }
}

fn adopted<T: serde::Serialize>(parts: &T) -> CauseId {
    CauseId::from(CauseId::of(parts).as_str().replacen("C-", ADOPTED, 1).as_str())
}
