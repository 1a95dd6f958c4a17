//! Judging: every rule on every resource it speaks of, and every rule on changes on every change. Resources are shared
//! out among the processors; the result is the same whatever their number.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::condition::{Ctx, Why};
use super::reasons::Reasons;
use super::rule::{Code, Judgement, Rule};
use crate::inventory::Inventory;
use crate::model::{
    Body, Change, Coverage, Evaluation, Fact, Failure, Kind, LedgerEntry, Outcome, Resource, ResourceId, Severity,
    Tally, Unseen, Verdict, What, in_plain_words,
};

/// With fewer resources, sharing out costs more than it saves.
const WORTH_SHARING: usize = 5_000;

/// How many resources are handed out together.
const SHARE: usize = 1_024;

/// Judges everything. The rules are sorted by id.
pub(super) fn evaluate(
    rules: &[&Rule],
    inventory: &Inventory<'_>,
    changes: &[Change],
    now: DateTime<Utc>,
) -> Evaluation {
    let resources = &inventory.snapshot().resources;
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let hands = if resources.len() < WORTH_SHARING { 1 } else { processors };
    let judge = Judge { rules, inventory, now };
    // Some kinds cost more than others, and resources are sorted by kind: everybody gets some of each.
    let mut tables = std::thread::scope(|scope| {
        let shares = (0..hands).map(|hand| resources.chunks(SHARE).skip(hand).step_by(hands).flatten());
        let workers: Vec<_> = shares.map(|share| scope.spawn(move || judge.states(share))).collect();
        let finished = workers.into_iter().map(|worker| worker.join());
        finished.map(|table| table.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect::<Vec<_>>()
    });
    tables.push(judge.changes(changes));
    gather(rules, tables, inventory.coverage())
}

/// Puts the tables together, rule by rule.
fn gather(rules: &[&Rule], tables: Vec<Table>, coverage: Coverage<'_>) -> Evaluation {
    let mut evaluation = Evaluation::default();
    let mut columns: Vec<std::vec::IntoIter<Column>> = tables.into_iter().map(Vec::into_iter).collect();
    for rule in rules {
        let mut tally = Tally { unseen: unseen(rule, coverage), ..Tally::default() };
        let mut verdicts = Vec::new();
        for mut column in columns.iter_mut().filter_map(Iterator::next) {
            tally.pass += column.pass;
            tally.fail += column.fail;
            tally.not_applicable += column.not_applicable;
            for (why, count) in column.unknown {
                tally.unknown += count;
                let words = column.reasons.words(why, rule.kind(), &rule.code.paths, coverage);
                *tally.unknown_reasons.entry(words.to_string()).or_default() += count;
            }
            for (doubt, count) in column.doubted {
                tally.unknown += count;
                *tally.unknown_reasons.entry(doubt).or_default() += count;
            }
            verdicts.extend(column.verdicts);
        }
        verdicts.sort_by(|left, right| left.resource.cmp(&right.resource));
        evaluation.verdicts.append(&mut verdicts);
        evaluation.tallies.insert(rule.id().clone(), tally);
    }
    evaluation
}

/// Gaps behind which there may be resources that the rule would judge, or that its judgement depends on. A kind that
/// no endpoint shows at all is the greatest gap of all.
fn unseen(rule: &Rule, coverage: Coverage<'_>) -> Vec<Unseen> {
    let gaps = coverage.gaps().filter(|gap| rule.leans_on(gap));
    let mut unseen: Vec<Unseen> = gaps.map(behind).collect();
    if !coverage.0.iter().any(|entry| entry.can_show(rule.kind(), rule.forms())) {
        let words = in_plain_words(&[rule.kind()], rule.forms());
        unseen.extend(words.into_iter().map(Unseen::nowhere));
    }
    unseen.sort();
    unseen
}

fn behind(gap: &LedgerEntry) -> Unseen {
    let reason = match gap.reason.as_str() {
        "" => gap.state.name().to_owned(),
        reason => format!("{}, {reason}", gap.state.name()),
    };
    Unseen { source: gap.source.clone(), endpoint: Arc::clone(&gap.endpoint), reason }
}

/// A column for each rule.
type Table = Vec<Column>;

/// How one rule fared on one share of the resources.
#[derive(Default)]
struct Column {
    pass: usize,
    fail: usize,
    not_applicable: usize,
    unknown: HashMap<Why, usize>,
    doubted: BTreeMap<String, usize>,
    reasons: Reasons,
    verdicts: Vec<Verdict>,
}

#[derive(Clone, Copy)]
struct Judge<'j> {
    rules: &'j [&'j Rule],
    inventory: &'j Inventory<'j>,
    now: DateTime<Utc>,
}

impl<'j> Judge<'j> {
    fn states<'r>(self, resources: impl Iterator<Item = &'r Resource>) -> Table {
        let by_kind = self.by_kind(false);
        let mut table = self.empty_table();
        for resource in resources {
            let Some(rules) = by_kind.get(&resource.kind()) else { continue };
            let ctx = Ctx::new(self.inventory, resource, self.now);
            self.judge(rules, &ctx, &mut table);
        }
        table
    }

    /// A change that was not observed says nothing. What was removed is judged as it was.
    fn changes(self, changes: &[Change]) -> Table {
        let by_kind = self.by_kind(true);
        let mut table = self.empty_table();
        let mut sorted: Vec<&Change> = changes.iter().filter(|change| change.what != What::NotObserved).collect();
        sorted.sort_by(|left, right| left.resource.cmp(&right.resource));
        for change in sorted {
            let Some(rules) = by_kind.get(&change.resource.kind()) else { continue };
            let Some(resource) = subject(change, self.inventory) else { continue };
            let ctx = Ctx::new(self.inventory, resource, self.now).of_change(change);
            self.judge(rules, &ctx, &mut table);
        }
        table
    }

    fn judge(self, rules: &[(usize, &Rule)], ctx: &Ctx<'_>, table: &mut Table) {
        for (at, rule) in rules {
            let Some(column) = table.get_mut(*at) else { continue };
            let outcome = match rule.code.judge(ctx) {
                Judgement::Pass => {
                    column.pass += 1;
                    continue;
                }
                Judgement::NotApplicable => {
                    column.not_applicable += 1;
                    continue;
                }
                // Fields that may differ only because another endpoint spoke of them are no ground for a finding.
                Judgement::Fail if ctx.doubt().is_some() => {
                    let doubt = in_doubt(ctx.doubt().unwrap_or_default());
                    *column.doubted.entry(doubt.clone()).or_default() += 1;
                    Outcome::Unknown(doubt.into())
                }
                Judgement::Fail => {
                    column.fail += 1;
                    Outcome::Fail(failure(&rule.code, rule.severity, ctx))
                }
                Judgement::Unknown(why) => {
                    *column.unknown.entry(why).or_default() += 1;
                    let coverage = self.inventory.coverage();
                    Outcome::Unknown(column.reasons.words(why, rule.kind(), &rule.code.paths, coverage))
                }
            };
            let resource = ctx.subject.resource.id.clone();
            column.verdicts.push(Verdict { rule: rule.id.clone(), resource, outcome });
        }
    }

    /// The rules that speak of each kind, with their numbers.
    fn by_kind(self, on_change: bool) -> HashMap<Kind, Vec<(usize, &'j Rule)>> {
        let mut by_kind: HashMap<Kind, Vec<(usize, &Rule)>> = HashMap::new();
        for (at, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.on_change() == on_change) {
            by_kind.entry(rule.kind()).or_default().push((at, rule));
        }
        by_kind
    }

    fn empty_table(self) -> Table {
        self.rules.iter().map(|_| Column::default()).collect()
    }
}

/// The resource that a rule on changes judges: what was removed is judged as it was.
pub(super) fn subject<'a>(change: &'a Change, inventory: &Inventory<'a>) -> Option<&'a Resource> {
    match change.what {
        What::Removed => change.before.as_deref(),
        What::Added | What::FirstSeen | What::Changed | What::Rotated | What::NotObserved => {
            inventory.get(&change.resource)
        }
    }
}

/// What a rule says of one resource alone, and what keeps it from telling.
pub(super) fn outcome(code: &Code, kind: Kind, severity: Severity, ctx: &Ctx<'_>) -> (Outcome, Option<Why>) {
    match (code.judge(ctx), ctx.doubt()) {
        (Judgement::Pass, _) => (Outcome::Pass, None),
        (Judgement::NotApplicable, _) => (Outcome::NotApplicable, None),
        (Judgement::Fail, Some(doubt)) => (Outcome::Unknown(in_doubt(doubt).into()), None),
        (Judgement::Fail, None) => (Outcome::Fail(failure(code, severity, ctx)), None),
        (Judgement::Unknown(why), _) => {
            let words = Reasons::default().words(why, kind, &code.paths, ctx.subject.inventory.coverage());
            (Outcome::Unknown(words), Some(why))
        }
    }
}

fn in_doubt(reason: &str) -> String {
    format!("the change is in doubt: {reason}")
}

/// What a failed rule says of the resource.
fn failure(code: &Code, severity: Severity, ctx: &Ctx<'_>) -> Failure {
    Failure {
        severity: code.severity(ctx, severity),
        message: code.message(ctx),
        resource_name: ctx.subject.resource.title().to_owned(),
        owner: owner(ctx.subject.inventory, ctx.subject.resource),
    }
}

/// Whose it is: the owner of a credential, the holder of a grant, who changed a webhook last.
fn owner(inventory: &Inventory<'_>, resource: &Resource) -> Option<String> {
    let named = |id: &Fact<ResourceId>| id.known().map(|owner| inventory.name(owner).to_owned());
    match &resource.body {
        Body::Credential(credential) => named(&credential.owner),
        Body::Grant(grant) => match (&grant.principal, &grant.group) {
            (Fact::Known(holder), _) | (_, Fact::Known(holder)) => Some(inventory.name(holder).to_owned()),
            _ => Some(grant.holder.name().to_owned()),
        },
        Body::Container(container) => named(&container.owner),
        Body::Webhook(webhook) => named(&webhook.changed_by),
        Body::Automation(automation) => named(&automation.actor),
        Body::Integration(integration) => integration.owner_email.known().cloned(),
        Body::Person(person) => person.email.known().cloned(),
        Body::Principal(_) | Body::Group(_) | Body::App(_) | Body::Variable(_) | Body::Setting(_) => None,
    }
}
