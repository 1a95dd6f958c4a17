//! Accepting findings: from findings and a decision to the waivers that say so, bound to the facts of the latest scan. Nothing
//! is written; where waivers are kept, others know.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};

use super::AppError;
use crate::findings::{Entry, Facts, Waivers, standings};
use crate::inventory::Inventory;
use crate::model::{Finding, ResourceId, SnapshotHead, Status, Waiver, WaiverUse};
use crate::store::Store;
use crate::text::{fits_pattern, plural};

/// Which findings are accepted, why, by whom and until when.
#[derive(Debug, Clone)]
pub struct WaiveRequest {
    /// The findings; with a pattern, all others of their rule that fit it are accepted with them.
    pub findings: Vec<Finding>,
    /// The resources that one waiver is to speak of; without it each finding gets a waiver of its own.
    pub pattern: Option<String>,
    /// Why.
    pub reason: String,
    /// Who accepts.
    pub approver: String,
    /// Where that was decided.
    pub ticket: Option<String>,
    /// The last day.
    pub until: NaiveDate,
}

/// Why findings cannot be accepted: what is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, a sentence fragment.
    pub what: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The waivers that accept some findings, as the latest scan saw them.
///
/// # Errors
/// When there was no scan, or the store cannot be read. Within: why the findings cannot be accepted, all reasons at once.
pub fn waive(
    store: &Store,
    waivers: &Waivers,
    ask: &WaiveRequest,
    today: NaiveDate,
) -> Result<Result<Vec<Entry>, Vec<Refusal>>, AppError> {
    let head = store.latest()?.ok_or(AppError::NoScan)?;
    let snapshot = store.snapshot(head.id)?.ok_or(AppError::NoSuchSnapshot(head.id))?;
    let inventory = Inventory::new(&snapshot);
    let mut refusals = of_request(ask, today);
    let findings = match &ask.pattern {
        Some(pattern) => together(&store.findings()?, ask, pattern, &mut refusals),
        None => ask.findings.iter().map(|finding| vec![finding.clone()]).collect(),
    };
    let mut entries = Vec::new();
    for (number, findings) in (waivers.next_number()..).zip(&findings) {
        let mut facts = Vec::new();
        for finding in findings {
            let known = Facts::of(finding, &inventory);
            refusals.extend(of_finding(finding, &known, waivers, ask.until, today));
            facts.push(known);
        }
        entries.extend(entry(number, findings, facts, ask));
    }
    Ok(if refusals.is_empty() { Ok(entries) } else { Err(refusals) })
}

fn of_request(ask: &WaiveRequest, today: NaiveDate) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |what: String| refusals.push(Refusal { what, help: None });
    for (option, text) in [("--reason", &ask.reason), ("--approver", &ask.approver)] {
        if text.trim().is_empty() {
            refuse(format!("`{option}` is empty"));
        }
    }
    if ask.until < today {
        refuse(format!("`--until {}` is over already", ask.until));
    }
    if ask.findings.is_empty() {
        refuse("no finding is named".to_owned());
    }
    refusals
}

/// All findings of the rule that fit the pattern and are not over, in the order of their resources.
fn together(all: &[Finding], ask: &WaiveRequest, pattern: &str, refusals: &mut Vec<Refusal>) -> Vec<Vec<Finding>> {
    let rules: BTreeSet<_> = ask.findings.iter().map(|finding| &finding.rule).collect();
    if rules.len() > 1 {
        let names: Vec<&str> = rules.iter().map(|rule| rule.as_str()).collect();
        let what = format!("the findings are of more than one rule: {}", names.join(", "));
        refusals.push(Refusal { what, help: Some("a waiver speaks of one rule: write one for each".to_owned()) });
    }
    for finding in ask.findings.iter().filter(|finding| !fits_pattern(pattern, finding.resource.as_str())) {
        let what = format!("`{pattern}` does not fit {}, which is about `{}`", finding.id.short(), finding.resource);
        refusals.push(Refusal { what, help: None });
    }
    let fits = |finding: &&Finding| {
        rules.contains(&finding.rule)
            && !matches!(finding.status, Status::Resolved(_))
            && fits_pattern(pattern, finding.resource.as_str())
    };
    let mut found: Vec<Finding> = all.iter().filter(fits).cloned().collect();
    found.sort_by(|left, right| left.resource.cmp(&right.resource));
    if found.is_empty() { Vec::new() } else { vec![found] }
}

fn of_finding(
    finding: &Finding,
    facts: &Facts,
    waivers: &Waivers,
    until: NaiveDate,
    today: NaiveDate,
) -> Option<Refusal> {
    let id = finding.id.short();
    if let Status::Resolved(resolution) = finding.status {
        return Some(Refusal {
            what: format!("{id} is over ({}): there is nothing to accept", resolution.text()),
            help: None,
        });
    }
    if let Some(reason) = facts.out_of_sight() {
        let what = format!("{id} cannot be accepted: what it is about was not seen in the latest scan: {reason}");
        return Some(Refusal {
            what,
            help: Some("scan again when that can be seen; see `keyroll coverage`".to_owned()),
        });
    }
    let days = waivers.limits().longest.of(finding.severity);
    let last = today + TimeDelta::days(days.into());
    (until > last).then(|| Refusal {
        what: format!(
            "{id} is {}: it may be accepted for {} only",
            finding.severity,
            plural(days.into(), "day", "days")
        ),
        help: Some(format!("`--until {last}` at the latest; `waivers: max_days` in the configuration sets it")),
    })
}

fn entry(number: u32, findings: &[Finding], facts: Vec<Facts>, ask: &WaiveRequest) -> Option<Entry> {
    let first = findings.first()?;
    let accepted = findings.iter().zip(&facts).map(|(finding, facts)| facts.accept(&finding.resource)).collect();
    let waiver = Waiver {
        id: format!("W-{number}").as_str().into(),
        rule: first.rule.clone(),
        resource: ask.pattern.clone().unwrap_or_else(|| first.resource.to_string()),
        reason: ask.reason.trim().to_owned(),
        approver: ask.approver.trim().to_owned(),
        ticket: ask.ticket.as_deref().map(str::trim).filter(|ticket| !ticket.is_empty()).map(str::to_owned),
        until: ask.until,
        accepted,
    };
    Some(Entry { waiver, facts })
}

/// How waivers stand, held against the latest scan.
#[derive(Debug)]
pub struct Standings {
    /// The scan.
    pub head: SnapshotHead,
    /// The waivers as they stand, sorted by id.
    pub uses: Vec<WaiverUse>,
    /// Ids near to those of resources that no scan ever saw, by waiver, in the same order.
    pub meant: Vec<Option<ResourceId>>,
    /// What would bind the waivers that are bound to nothing and cover something.
    pub proposals: Vec<Entry>,
}

/// How waivers stand today, without a scan; `None` as long as there was none.
///
/// # Errors
/// When the store cannot be read.
pub fn check_waivers(store: &Store, waivers: &Waivers, today: NaiveDate) -> Result<Option<Standings>, AppError> {
    let Some(head) = store.latest()? else { return Ok(None) };
    let snapshot = store.snapshot(head.id)?.ok_or(AppError::NoSuchSnapshot(head.id))?;
    let inventory = Inventory::new(&snapshot);
    let findings = store.findings()?;
    let mut uses = standings(waivers, &findings, &inventory, today);
    let mut meant = Vec::new();
    for used in &mut uses {
        let id = ResourceId::parse(&used.waiver.resource).filter(|_| used.never_seen);
        used.never_seen = match &id {
            Some(id) => store.known(id)?.is_none(),
            None => false,
        };
        meant.push(id.filter(|_| used.never_seen).and_then(|id| near(&id, &inventory)));
    }
    let proposals = uses.iter().filter(|used| !used.waiver.is_bound() && used.covers > 0);
    let proposals = proposals.filter_map(|used| proposal(&used.waiver, &findings, &inventory)).collect();
    Ok(Some(Standings { head, uses, meant, proposals }))
}

/// The resource that was probably meant.
fn near(id: &ResourceId, inventory: &Inventory<'_>) -> Option<ResourceId> {
    let ids = inventory.of_kind(id.kind()).map(|resource| resource.id.as_str());
    crate::text::did_you_mean(id.as_str(), ids).and_then(ResourceId::parse)
}

fn proposal(waiver: &Waiver, findings: &[Finding], inventory: &Inventory<'_>) -> Option<Entry> {
    let covered = |finding: &&Finding| {
        finding.rule == waiver.rule
            && !matches!(finding.status, Status::Resolved(_))
            && fits_pattern(&waiver.resource, finding.resource.as_str())
    };
    let mut covered: Vec<&Finding> = findings.iter().filter(covered).collect();
    covered.sort_by(|left, right| left.resource.cmp(&right.resource));
    let known = covered.into_iter().map(|finding| (finding, Facts::of(finding, inventory)));
    let seen: Vec<_> = known.filter(|(_, facts)| facts.out_of_sight().is_none()).collect();
    let accepted = seen.iter().map(|(finding, facts)| facts.accept(&finding.resource)).collect();
    let waiver = Waiver { accepted, ..waiver.clone() };
    waiver.is_bound().then(|| Entry { waiver, facts: seen.into_iter().map(|(_, facts)| facts).collect() })
}
