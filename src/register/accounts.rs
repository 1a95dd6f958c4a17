//! The accounts that integrations run on: who they are, whether they are there, and what would hide them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::check::Findings;
use super::found::{described, is_active};
use super::report::What;
use crate::inventory::{Inventory, bears_name, resolve, resolve_by_name};
use crate::model::{
    Body, DeclaredAccount, Fact, Integration, Kind, LedgerEntry, Principal, Resource, ResourceId, SourceName,
};

/// An integration with the accounts it was found to run on.
pub(super) struct Declared<'a> {
    pub(super) resource: &'a Resource,
    pub(super) id: &'a str,
    pub(super) body: &'a Integration,
    pub(super) accounts: Vec<(&'a DeclaredAccount, Vec<&'a Resource>)>,
}

impl<'a> Declared<'a> {
    /// All integrations of a snapshot, sorted by id.
    pub(super) fn all(inventory: &Inventory<'a>) -> Vec<Self> {
        let integrations = inventory.of_kind(Kind::Integration).filter_map(|resource| {
            let Body::Integration(body) = &resource.body else { return None };
            let accounts = body.accounts.known().into_iter().flatten();
            let accounts = accounts.map(|account| (account, resolve(inventory, account))).collect();
            Some(Self { resource, id: resource.id.native(), body, accounts })
        });
        integrations.collect()
    }

    /// Every account it runs on, once.
    pub(super) fn found(&self) -> Vec<&'a Resource> {
        let mut seen = BTreeSet::new();
        let all = self.accounts.iter().flat_map(|(_, found)| found.iter().copied());
        all.filter(|resource| seen.insert(&resource.id)).collect()
    }

    /// True if it declares one of these systems.
    pub(super) fn is_of(&self, systems: &[&str]) -> bool {
        self.body.system.known().is_some_and(|system| systems.contains(&system.as_str()))
    }
}

/// Which integrations run on an account.
pub(super) fn claims<'a>(declared: &[Declared<'a>]) -> HashMap<&'a ResourceId, Vec<usize>> {
    let mut claims: HashMap<&ResourceId, Vec<usize>> = HashMap::new();
    for (at, integration) in declared.iter().enumerate() {
        for account in integration.found() {
            claims.entry(&account.id).or_default().push(at);
        }
    }
    claims
}

/// Compares what is declared of accounts with those that are there.
pub(super) fn compare(inventory: &Inventory<'_>, declared: &[Declared<'_>], findings: &mut Findings) {
    for integration in declared {
        for (account, found) in &integration.accounts {
            if found.is_empty() {
                missing(inventory, integration, account, findings);
            }
            ambiguous(integration, account, found, findings);
            for resource in found {
                renamed(integration, account, resource, findings);
            }
        }
        for resource in integration.found() {
            standing(integration, resource, findings);
        }
    }
    shared(inventory, declared, findings);
}

fn missing(inventory: &Inventory<'_>, integration: &Declared<'_>, account: &DeclaredAccount, findings: &mut Findings) {
    let (hidden, accepted) = why_hidden(inventory, account);
    let name = &account.name;
    if !hidden.is_empty() {
        let question = format!("whether account “{name}” is there");
        findings.open(question, Some(integration.id), hidden, accepted);
        return;
    }
    let mut message = format!("account “{name}” of integration `{}` is not there", integration.id);
    let mut resources = Vec::new();
    if account.id.is_some() {
        let others = resolve_by_name(inventory, account);
        if !others.is_empty() {
            message.push_str("; another one, with another id, bears the name");
        }
        resources.extend(others);
    }
    findings.note(What::MissingAccount, &[integration.id], &resources, message);
}

/// What may hide a declared account, and whether all of it was accepted.
fn why_hidden(inventory: &Inventory<'_>, account: &DeclaredAccount) -> (Vec<String>, bool) {
    let ledger = inventory.coverage().0;
    let wanted = |entry: &&LedgerEntry| {
        entry.shows.contains(&Kind::Principal)
            && account.source.as_deref().is_none_or(|source| entry.source.as_str() == source)
    };
    let mut because = Vec::new();
    let mut accepted = true;
    if !ledger.iter().any(|entry| wanted(&entry)) {
        let reason = match account.source.as_deref() {
            Some(source) if !ledger.iter().any(|entry| entry.source.as_str() == source) => {
                format!("no source `{source}` was scanned: the register names it")
            }
            Some(source) => format!("source `{source}` shows no accounts"),
            None => "no source that was scanned shows accounts".to_owned(),
        };
        return (vec![reason], false);
    }
    for entry in ledger.iter().filter(wanted).filter(|entry| entry.is_gap()) {
        because.push(entry.gap_text());
        accepted &= entry.declared.is_some();
    }
    // An address that is hidden may be the very one.
    if account.id.is_none() && account.name.contains('@') {
        let hides = |resource: &&Resource| matches!(&resource.body, Body::Principal(Principal { email, .. }) if email.is_unknown());
        let here = |resource: &&Resource| {
            let source = account.source.as_deref();
            source.is_none_or(|source| resource.seen_by.iter().any(|seen| seen.source.as_str() == source))
        };
        let hidden = inventory.of_kind(Kind::Principal).filter(here).filter(hides).count();
        if hidden > 0 {
            let accounts = crate::text::plural(hidden, "account hides its", "accounts hide their");
            because.push(format!("{accounts} mail address: add the `id` of the account to the register"));
            accepted = false;
        }
    }
    (because, accepted)
}

/// Several accounts of one tenant cannot all be meant; one in each of several products may well be.
fn ambiguous(integration: &Declared<'_>, account: &DeclaredAccount, found: &[&Resource], findings: &mut Findings) {
    let mut by_tenant: BTreeMap<&str, Vec<&Resource>> = BTreeMap::new();
    for resource in found {
        by_tenant.entry(resource.id.tenant()).or_default().push(resource);
    }
    for (tenant, several) in by_tenant.into_iter().filter(|(_, several)| several.len() > 1) {
        let message = format!(
            "“{}” of integration `{}` fits {} of {tenant}: add the `id` of the one that is meant",
            account.name,
            integration.id,
            crate::text::plural(several.len(), "account", "accounts")
        );
        findings.note(What::AmbiguousAccount, &[integration.id], &several, message);
    }
}

fn renamed(integration: &Declared<'_>, account: &DeclaredAccount, resource: &Resource, findings: &mut Findings) {
    if account.id.is_some() && !bears_name(resource, &account.name) {
        let message = format!(
            "account “{}” of integration `{}` is called “{}” now",
            account.name,
            integration.id,
            resource.title()
        );
        findings.note(What::RenamedAccount, &[integration.id], &[resource], message);
    }
}

fn standing(integration: &Declared<'_>, resource: &Resource, findings: &mut Findings) {
    match is_active(resource) {
        Fact::Known(true) => {}
        Fact::Known(false) | Fact::Absent => {
            let status = match &resource.body {
                Body::Principal(account) => account.status.known().map_or("not let in anywhere", String::as_str),
                _ => "",
            };
            let message = format!("{} of integration `{}` is {status}", described(resource), integration.id);
            findings.note(What::InactiveAccount, &[integration.id], &[resource], message);
        }
        Fact::Unknown => {
            let because = vec!["no source that was scanned tells the status of the account".to_owned()];
            let question = format!("whether {} may log in", described(resource));
            findings.open(question, Some(integration.id), because, false);
        }
    }
}

fn shared(inventory: &Inventory<'_>, declared: &[Declared<'_>], findings: &mut Findings) {
    let mut shared: Vec<(&ResourceId, Vec<usize>)> =
        claims(declared).into_iter().filter(|(_, by)| by.len() > 1).collect();
    shared.sort_unstable();
    for (id, by) in shared {
        let Some(resource) = inventory.get(id) else { continue };
        let ids: Vec<&str> = by.iter().filter_map(|at| declared.get(*at)).map(|integration| integration.id).collect();
        let words: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
        let message = format!("integrations {} share {}", crate::text::join_and(&words), described(resource));
        findings.note(What::SharedAccount, &ids, &[resource], message);
    }
}

/// Which tenants the accounts are of that each source shows.
pub(super) fn tenants_of_sources<'a>(inventory: &Inventory<'a>) -> HashMap<&'a SourceName, HashSet<&'a str>> {
    let mut tenants: HashMap<&SourceName, HashSet<&str>> = HashMap::new();
    for account in inventory.of_kind(Kind::Principal) {
        for sighting in &account.seen_by {
            tenants.entry(&sighting.source).or_default().insert(account.id.tenant());
        }
    }
    tenants
}
