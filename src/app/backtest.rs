//! A rule tried over the nights that are stored: what it would have found, what it would have told, and what it finds today
//! beside the rule in force. Nothing is kept and nothing is sent.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::AppError;
use super::flapping::is_turn;
use crate::alerts::{self, Before, Known, Occasion, Routing};
use crate::drift;
use crate::findings::{self, Judged, Reconciled, Waivers};
use crate::inventory::detector::Knowledge;
use crate::inventory::{Inventory, Revocations};
use crate::model::{
    Change, ChannelName, CouldTell, Evaluation, Finding, FindingId, Outcome, RuleDifference, Snapshot, SnapshotHead,
    Status, Step, Thread, Topic, Tried, TriedNight,
};
use crate::rules::Rule;
use crate::store::{Store, StoreError};

/// What is tried, and by what it is judged.
pub struct BackTest<'a> {
    /// The rule with the parameters that are tried.
    pub rule: &'a Rule,
    /// The rule of the same id that is in force, if there is one.
    pub in_force: Option<&'a Rule>,
    /// What is known about systems.
    pub knowledge: &'a Knowledge,
    /// What is accepted.
    pub waivers: &'a Waivers,
    /// Who would have been told.
    pub routing: &'a Routing,
    /// The estate's name.
    pub estate: &'a str,
}

impl BackTest<'_> {
    /// Tries the rule on scans, which are given oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn over(&self, store: &Store, scans: Vec<SnapshotHead>) -> Result<Tried, AppError> {
        let rules = [self.rule.summary()];
        let last = scans.last().map(|head| head.id);
        let is_last = |head: &SnapshotHead| Some(head.id) == last;
        let mut timeline = store.timeline(scans)?;
        let mut past = Past::default();
        let mut nights = Vec::new();
        let mut difference = RuleDifference::default();
        while let Some(head) = timeline.upcoming() {
            let earlier = past.look_back(store, timeline.current(), head)?;
            let Some((head, snapshot)) = timeline.advance()? else { break };
            let changes = earlier.changes(snapshot);
            let revocations = Revocations::of(store.decided_access(head.started_at)?);
            let inventory = Inventory::knowing(snapshot, self.knowledge).after_reviews(&revocations);
            let evaluation = self.rule.evaluate(&inventory, &changes, head.ended_at);
            let judged = Judged {
                rules: &rules,
                evaluation: &evaluation,
                inventory: &inventory,
                changes: &changes,
                baseline: None,
            };
            if is_last(head) {
                difference = self.difference(&inventory, &changes, &evaluation, head.ended_at);
            }
            nights.push(self.night(&mut past, head, &inventory, &judged));
        }
        let [rule] = rules;
        Ok(Tried { could_tell: could_tell(&nights, rule.on_change), rule, nights, difference })
    }

    /// Takes the findings through one night.
    fn night(
        &self,
        past: &mut Past,
        head: &SnapshotHead,
        inventory: &Inventory<'_>,
        judged: &Judged<'_>,
    ) -> TriedNight {
        let reconciled = findings::reconcile(&past.findings, judged, self.waivers, head.ended_at);
        let told = self.told(past, head, inventory, judged, &reconciled);
        let steps: HashMap<&FindingId, Step> =
            reconciled.transitions.iter().map(|transition| (&transition.finding, transition.step)).collect();
        let took = |wanted: &[Step]| -> Vec<Finding> {
            let fits = |finding: &&Finding| steps.get(&finding.id).is_some_and(|step| wanted.contains(step));
            reconciled.findings.iter().filter(fits).cloned().collect()
        };
        let stand = |fits: fn(&Status) -> bool| reconciled.findings.iter().filter(|one| fits(&one.status)).count();
        let night = TriedNight {
            head: head.clone(),
            tally: judged.evaluation.tallies.values().next().cloned().unwrap_or_default(),
            open: stand(|status| matches!(status, Status::Open)),
            waived: stand(|status| matches!(status, Status::Waived(_))),
            opened: took(&[Step::Opened, Step::Reopened]),
            closed: took(&[Step::Resolved]),
            told,
        };
        past.head = Some(head.clone());
        past.before = Some(Before {
            rules: judged.rules.to_vec(),
            sources: head.sources.clone(),
            ledger: judged.inventory.snapshot().ledger.clone(),
            incomplete_since: None,
        });
        past.findings = reconciled.findings;
        night
    }

    /// What would have been told that night. What stood on the first one, a new rule tells as a sum, not as news.
    fn told(
        &self,
        past: &mut Past,
        head: &SnapshotHead,
        inventory: &Inventory<'_>,
        judged: &Judged<'_>,
        reconciled: &Reconciled,
    ) -> BTreeMap<ChannelName, usize> {
        let occasion = Occasion {
            estate: self.estate,
            snapshot: head.id,
            started_at: head.started_at,
            now: head.ended_at,
            inventory,
            changes: judged.changes,
            findings: &reconciled.findings,
            transitions: &reconciled.transitions,
            rules: judged.rules,
            waivers: &[],
            before: past.before.as_ref(),
            known: &past.known,
            own: &[],
        };
        let dispatch = alerts::tell_findings(&occasion, self.routing);
        let mut told = BTreeMap::new();
        for outgoing in dispatch.outgoing {
            if matches!(outgoing.notice.topic, Topic::Findings | Topic::Adoption) {
                *told.entry(outgoing.notice.channel).or_default() += 1;
            }
        }
        for step in reconciled.transitions.iter().filter(|step| is_turn(step.step)) {
            past.known.turns.entry(step.finding.clone()).or_default().push(step.at);
        }
        past.known.told.extend(dispatch.told);
        past.known.causes.extend(dispatch.causes);
        for thread in dispatch.threads {
            let is_same = |known: &Thread| known.channel == thread.channel && known.cause == thread.cause;
            past.known.threads.retain(|known| !is_same(known));
            past.known.threads.extend(Some(thread).filter(|thread| !thread.settled));
        }
        told
    }

    fn difference(
        &self,
        inventory: &Inventory<'_>,
        changes: &[Change],
        tried: &Evaluation,
        now: DateTime<Utc>,
    ) -> RuleDifference {
        let current = self.in_force.map(|rule| rule.evaluate(inventory, changes, now)).unwrap_or_default();
        let (tried, current) = (found(tried), found(&current));
        let only = |these: &BTreeMap<&str, &str>, those: &BTreeMap<&str, &str>| -> Vec<String> {
            these.iter().filter(|(id, _)| !those.contains_key(*id)).map(|(_, words)| (*words).to_owned()).collect()
        };
        let (mut more, mut fewer) = (only(&tried, &current), only(&current, &tried));
        let same = tried.len() - more.len();
        more.sort_unstable();
        fewer.sort_unstable();
        RuleDifference { has_rule_in_force: self.in_force.is_some(), more, fewer, same }
    }
}

/// What was found, in words, by resource.
fn found(evaluation: &Evaluation) -> BTreeMap<&str, &str> {
    let verdicts = evaluation.verdicts.iter();
    verdicts
        .filter_map(|verdict| match &verdict.outcome {
            Outcome::Fail(failure) => Some((verdict.resource.as_str(), failure.message.as_str())),
            Outcome::Pass | Outcome::NotApplicable | Outcome::Unknown(_) => None,
        })
        .collect()
}

/// From when on the rule could tell anything: earlier scans may not have known the facts that it asks for, or have had no source
/// that shows them. Where nothing changes a rule on changes has nothing to judge, so that only what no source shows counts.
fn could_tell(nights: &[TriedNight], on_change: bool) -> CouldTell {
    let told = |night: &TriedNight| {
        let mut unseen = night.tally.unseen.iter();
        let judged = night.tally.pass + night.tally.fail > 0;
        judged || night.tally.unknown == 0 && !unseen.any(|gap| !on_change || gap.is_nowhere())
    };
    match nights.iter().position(told) {
        Some(0) => CouldTell::FromTheFirst,
        Some(first) => nights.get(first).map_or(CouldTell::Never, |night| CouldTell::Since(night.head.ended_at)),
        None => CouldTell::Never,
    }
}

/// What is carried from night to night.
#[derive(Default)]
struct Past {
    head: Option<SnapshotHead>,
    findings: Vec<Finding>,
    before: Option<Before>,
    known: Known,
}

/// What the night before leaves for a comparison.
enum Earlier {
    /// The first night has none.
    Nothing,
    /// What was noted then, with the resources as they were.
    Noted(Vec<Change>),
    /// The scan that it was compared with is not among these, so that it is compared anew.
    Other(Box<Snapshot>),
}

impl Past {
    fn look_back(&self, store: &Store, current: &Snapshot, upcoming: &SnapshotHead) -> Result<Earlier, StoreError> {
        let Some(previous) = &self.head else { return Ok(Earlier::Nothing) };
        if upcoming.compared_with != Some(previous.id) {
            return Ok(Earlier::Other(Box::new(current.clone())));
        }
        let mut changes = store.changes(upcoming.id)?;
        for change in &mut changes {
            change.before = current.known(&change.resource).cloned().map(Box::new);
        }
        Ok(Earlier::Noted(changes))
    }
}

impl Earlier {
    fn changes(self, now: &Snapshot) -> Vec<Change> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Noted(changes) => changes,
            Self::Other(before) => drift::compare(&before, now).changes,
        }
    }
}
