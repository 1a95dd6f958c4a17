//! The register compared with what a scan found.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::accounts::{self, Declared, claims};
use super::found::{Trace, described, traces};
use super::report::{Difference, Open, Report, What};
use super::{credentials, needs, webhooks};
use crate::inventory::Inventory;
use crate::model::{Body, Kind, LedgerEntry, Profile, Resource, ResourceId};

/// Differences and questions while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Findings {
    differences: Vec<Difference>,
    /// By the question and why it is open: the integrations, and whether it was accepted.
    open: BTreeMap<(String, Vec<String>), (BTreeSet<String>, bool)>,
}

impl Findings {
    pub(super) fn note(&mut self, what: What, integrations: &[&str], resources: &[&Resource], message: String) {
        let mut ids: Vec<String> = resources.iter().map(|resource| resource.id.to_string()).collect();
        ids.sort_unstable();
        let mut integrations: Vec<String> = integrations.iter().map(|id| (*id).to_owned()).collect();
        integrations.sort_unstable();
        let (system, evidence, score) = (None, Vec::new(), None);
        let difference = Difference { what, integrations, system, resources: ids, message, evidence, score };
        self.differences.push(difference);
    }

    /// Leaves a question open. The same one about several integrations is told once.
    pub(super) fn open(&mut self, question: String, integration: Option<&str>, because: Vec<String>, accepted: bool) {
        let (integrations, was_accepted) = self.open.entry((question, because)).or_insert((BTreeSet::new(), true));
        integrations.extend(integration.map(str::to_owned));
        *was_accepted &= accepted;
    }

    fn into_report(mut self, declared: usize) -> Report {
        self.differences.sort_by(|left, right| {
            let key =
                |one: &Difference| (one.integrations.clone(), one.what, one.system.clone(), one.resources.clone());
            let last = |one: &Difference| one.integrations.is_empty();
            (last(left), key(left), &left.message).cmp(&(last(right), key(right), &right.message))
        });
        let open = self.open.into_iter().map(|((question, because), (integrations, accepted))| Open {
            question,
            integrations: integrations.into_iter().collect(),
            because,
            accepted,
        });
        Report { declared, differences: self.differences, open: open.collect() }
    }
}

/// Compares the integrations of a snapshot with all else that is in it: accounts that are missing, renamed, inactive or
/// shared, credentials and webhooks that nobody declared, and systems that are recognised and stand in no register. What a
/// gap of the ledger may hide is a question and no answer.
#[must_use]
pub fn check(inventory: &Inventory<'_>, profiles: &[Profile]) -> Report {
    let declared = Declared::all(inventory);
    let mut findings = Findings::default();
    accounts::compare(inventory, &declared, &mut findings);
    credentials::compare(inventory, &declared, &mut findings);
    needs::compare(inventory, &declared, &mut findings);
    webhooks::compare(inventory, &declared, &mut findings);
    let claimed = claims(&declared);
    for trace in traces(inventory, profiles) {
        undeclared(inventory, &trace, &declared, &claimed, &mut findings);
    }
    hidden_systems(inventory, &mut findings);
    findings.into_report(declared.len())
}

/// Whether the register knows of something that was recognised: the account is one that an integration of the system
/// runs on; what is no account's is covered by any integration of the system.
pub(super) fn is_declared(
    trace: &Trace<'_>,
    declared: &[Declared<'_>],
    claimed: &HashMap<&ResourceId, Vec<usize>>,
) -> bool {
    let systems: Vec<&str> = trace.profiles.iter().map(|profile| profile.id.as_str()).collect();
    if trace.account().is_none() {
        return declared.iter().any(|integration| integration.is_of(&systems));
    }
    let integrations = claimed.get(&trace.anchor.id).into_iter().flatten().filter_map(|at| declared.get(*at));
    // An integration that names no system may be of any.
    let mut fitting = integrations.filter(|integration| {
        systems.is_empty() || integration.is_of(&systems) || integration.body.system.known().is_none()
    });
    fitting.next().is_some()
}

fn undeclared(
    inventory: &Inventory<'_>,
    trace: &Trace<'_>,
    declared: &[Declared<'_>],
    claimed: &HashMap<&ResourceId, Vec<usize>>,
    findings: &mut Findings,
) {
    if is_declared(trace, declared, claimed) {
        return;
    }
    let systems: Vec<&str> = trace.profiles.iter().map(|profile| profile.id.as_str()).collect();
    let mut about: Vec<&str> =
        declared.iter().filter(|integration| integration.is_of(&systems)).map(|integration| integration.id).collect();
    let others = claimed.get(&trace.anchor.id).into_iter().flatten().filter_map(|at| declared.get(*at));
    let others: Vec<&str> = others.map(|integration| integration.id).collect();
    let subject = described(trace.anchor);
    let Some(profile) = trace.profiles.first() else {
        if others.is_empty() {
            let credentials = inventory.credentials_of(&trace.anchor.id).count();
            let holds = crate::text::plural(credentials, "credential", "credentials");
            let message = format!("{subject} is for a machine, holds {holds}, and no integration runs on it");
            findings.note(What::UndeclaredMachine, &[], &[trace.anchor], message);
        }
        return;
    };
    let sign = match trace.anchor.kind() {
        Kind::Principal => "shows signs of",
        _ => "fits",
    };
    let known = |ids: &[&str]| ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    let message = match (about.as_slice(), others.as_slice()) {
        ([], []) => format!("{subject} {sign} {}, which no integration declares", profile.title),
        (own, []) => format!("{subject} {sign} {}, and integration {} does not name it", profile.title, known(own)),
        (_, others) => {
            format!(
                "{subject} of integration {} {sign} {}, which that is not declared to be",
                known(others),
                profile.title
            )
        }
    };
    about.extend(&others);
    let mut resources: Vec<&Resource> =
        trace.signals.iter().map(|(resource, _)| *resource).chain([trace.anchor]).collect();
    resources.sort_by(|left, right| left.id.cmp(&right.id));
    resources.dedup_by(|left, right| left.id == right.id);
    findings.note(What::Undeclared, &about, &resources, message);
    if let Some(difference) = findings.differences.last_mut() {
        difference.system = Some(profile.id.clone());
        difference.evidence = trace.evidence();
        difference.score = Some(trace.hundredths());
    }
}

/// Systems show in accounts, credentials, webhooks and apps: what is hidden of these may be one that nobody declared.
fn hidden_systems(inventory: &Inventory<'_>, findings: &mut Findings) {
    let question =
        |kind: Kind| format!("whether {} that were not seen belong to systems that nobody declared", kind.plural());
    for kind in [Kind::Principal, Kind::Credential, Kind::App] {
        let gaps: Vec<&LedgerEntry> = inventory.coverage().gaps_of(kind).collect();
        let shown = inventory.coverage().0.iter().any(|entry| entry.shows.contains(&kind));
        if !shown {
            let because = vec![format!("no source that was scanned shows {}", kind.plural())];
            findings.open(question(kind), None, because, false);
        } else if !gaps.is_empty() {
            let accepted = gaps.iter().all(|entry| entry.declared.is_some());
            findings.open(question(kind), None, gaps.into_iter().map(LedgerEntry::gap_text).collect(), accepted);
        }
    }
    let untold = inventory
        .of_kind(Kind::Credential)
        .filter(|resource| matches!(&resource.body, Body::Credential(credential) if credential.owner.is_unknown()));
    let untold = untold.count();
    if untold > 0 {
        let because = vec![format!(
            "{} told",
            crate::text::plural(untold, "owner of a credential is not", "owners of credentials are not")
        )];
        findings.open("on which accounts all credentials act".to_owned(), None, because, false);
    }
}
