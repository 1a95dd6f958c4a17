//! Where webhooks go, compared with the hosts that integrations name.

use super::accounts::Declared;
use super::check::Findings;
use super::found::described;
use super::report::What;
use crate::inventory::Inventory;
use crate::inventory::recognise::host_of;
use crate::model::{Body, Fact, Kind, LedgerEntry, Resource};
use crate::text::{fits_pattern, plural};

/// Compares every webhook that is on with the hosts that were declared.
pub(super) fn compare(inventory: &Inventory<'_>, declared: &[Declared<'_>], findings: &mut Findings) {
    let mut untold = 0;
    for resource in inventory.of_kind(Kind::Webhook) {
        let Body::Webhook(webhook) = &resource.body else { continue };
        if webhook.enabled == Fact::Known(false) {
            continue;
        }
        match webhook.address.known() {
            Some(address) => host(declared, resource, address, findings),
            None => untold += 1,
        }
    }
    if untold > 0 {
        let because =
            vec![format!("{} not told", plural(untold, "address of a webhook was", "addresses of webhooks were"))];
        findings.open("where all webhooks go".to_owned(), None, because, false);
    }
    // Integrations that send nowhere are not asked after.
    let gaps: Vec<&LedgerEntry> = inventory.coverage().gaps_of(Kind::Webhook).collect();
    if !gaps.is_empty() {
        let accepted = gaps.iter().all(|entry| entry.declared.is_some());
        let because = gaps.into_iter().map(LedgerEntry::gap_text).collect();
        findings.open("whether there are more webhooks than were seen".to_owned(), None, because, accepted);
    }
}

fn host(declared: &[Declared<'_>], resource: &Resource, address: &str, findings: &mut Findings) {
    let host = host_of(address);
    let with_port = address.split_once("://").map_or(address, |(_, rest)| rest).to_lowercase();
    let fits = |patterns: &[String]| {
        patterns.iter().any(|pattern| fits_pattern(pattern, &host) || fits_pattern(pattern, &with_port))
    };
    if declared.iter().any(|integration| integration.body.webhook_hosts.known().is_some_and(|hosts| fits(hosts))) {
        return;
    }
    // Integrations of whose system the host is: one that names no hosts takes those of its system; one that names
    // others means those.
    let of_system: Vec<&Declared> = declared
        .iter()
        .filter(|integration| integration.body.fingerprints.known().is_some_and(|known_by| fits(&known_by.hosts)))
        .collect();
    if of_system.iter().any(|integration| integration.body.webhook_hosts.known().is_none()) {
        return;
    }
    let ids: Vec<&str> = of_system.iter().map(|integration| integration.id).collect();
    let whose = match ids.as_slice() {
        [] => "which no integration names".to_owned(),
        ids => format!(
            "which integration {} does not name",
            ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" or ")
        ),
    };
    let message = format!("{} sends to {host}, {whose}", described(resource));
    findings.note(What::HostNotDeclared, &ids, &[resource], message);
}
