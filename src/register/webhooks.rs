//! Where webhooks go, compared with the hosts that integrations name.

use std::collections::BTreeMap;

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
    let mut by_host: BTreeMap<String, Vec<&Resource>> = BTreeMap::new();
    let mut untold = 0;
    for resource in inventory.of_kind(Kind::Webhook) {
        let Body::Webhook(webhook) = &resource.body else { continue };
        if webhook.enabled == Fact::Known(false) {
            continue;
        }
        match webhook.address.known() {
            Some(address) => by_host.entry(place_of(address)).or_default().push(resource),
            None => untold += 1,
        }
    }
    for (place, resources) in by_host {
        host(declared, &resources, &place, findings);
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

/// Host and port of an address.
fn place_of(address: &str) -> String {
    address.split_once("://").map_or(address, |(_, rest)| rest).to_lowercase()
}

fn host(declared: &[Declared<'_>], resources: &[&Resource], place: &str, findings: &mut Findings) {
    let host = host_of(place);
    let fits =
        |patterns: &[String]| patterns.iter().any(|known| fits_pattern(known, &host) || fits_pattern(known, place));
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
    let whose = if ids.is_empty() {
        "which no integration names".to_owned()
    } else {
        let ids: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
        format!("which integration {} does not name", ids.join(" or "))
    };
    let senders = match resources {
        [one] => format!("{} sends", described(one)),
        several => format!("{} send", plural(several.len(), "webhook", "webhooks")),
    };
    findings.note(What::HostNotDeclared, &ids, resources, format!("{senders} to {place}, {whose}"));
}
