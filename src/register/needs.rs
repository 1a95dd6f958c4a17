//! What the accounts of integrations may do in Jira projects, compared with what was declared: rights that are not needed,
//! needed ones that are missing, and projects that nobody spoke of.

use super::accounts::Declared;
use super::check::Findings;
use super::found::described;
use super::report::What;
use crate::inventory::Inventory;
use crate::model::{Body, Container, ContainerForm, Fact, Kind, LedgerEntry, Resource};
use crate::text::join_and;

/// Compares permissions for every integration that says where it works.
pub(super) fn compare(inventory: &Inventory<'_>, declared: &[Declared<'_>], findings: &mut Findings) {
    let projects: Vec<(&Resource, &Container)> = inventory.of_kind(Kind::Container).filter_map(project).collect();
    for integration in declared {
        let Fact::Known(keys) = &integration.body.containers else { continue };
        for account in integration.found() {
            let mut untold = false;
            for (project, container) in projects.iter().filter(|(project, _)| knows(project, account)) {
                let held = inventory.permissions_in(project, account);
                let key = container.key.known().map_or("?", String::as_str);
                untold |= !held.whole;
                if !keys.iter().any(|wanted| wanted.eq_ignore_ascii_case(key)) {
                    let own: Vec<String> = held.own.iter().map(|permission| (*permission).to_owned()).collect();
                    outside(integration, account, project, key, &own, findings);
                    continue;
                }
                let Fact::Known(needed) = &integration.body.permissions else { continue };
                let is_needed = |permission: &str| needed.iter().any(|needed| needed == permission);
                let beyond: Vec<String> =
                    held.own.iter().filter(|held| !is_needed(held)).map(|held| (*held).to_owned()).collect();
                if !beyond.is_empty() {
                    let message = format!(
                        "{} of integration `{}` has {} in {key}, which it does not need",
                        described(account),
                        integration.id,
                        join_and(&beyond)
                    );
                    findings.note(What::PermissionNotNeeded, &[integration.id], &[account, project], message);
                }
                let lacking: Vec<String> =
                    needed.iter().filter(|needed| !held.permissions.contains(needed.as_str())).cloned().collect();
                if held.whole && !lacking.is_empty() {
                    let message = format!(
                        "{} of integration `{}` lacks {} in {key}",
                        described(account),
                        integration.id,
                        join_and(&lacking)
                    );
                    findings.note(What::PermissionMissing, &[integration.id], &[account, project], message);
                }
            }
            if untold {
                open(inventory, integration, findings);
            }
        }
        missing(inventory, integration, keys, findings);
    }
}

fn project(resource: &Resource) -> Option<(&Resource, &Container)> {
    match &resource.body {
        Body::Container(container) if container.form == ContainerForm::Project => Some((resource, container)),
        _ => None,
    }
}

/// A project of a product that knows the account: the same key elsewhere is another project.
fn knows(project: &Resource, account: &Resource) -> bool {
    project.seen_by.iter().any(|seen| account.seen_by.iter().any(|other| other.source == seen.source))
}

fn outside(
    integration: &Declared<'_>,
    account: &Resource,
    project: &Resource,
    key: &str,
    own: &[String],
    findings: &mut Findings,
) {
    if own.is_empty() {
        return;
    }
    let message = format!(
        "{} of integration `{}` has {} in {key}, where it is not declared to work",
        described(account),
        integration.id,
        join_and(own)
    );
    findings.note(What::OutsideContainers, &[integration.id], &[account, project], message);
}

fn open(inventory: &Inventory<'_>, integration: &Declared<'_>, findings: &mut Findings) {
    let gaps: Vec<&LedgerEntry> =
        inventory.coverage().gaps_over(Kind::Grant, &["permission", "project-role"]).collect();
    let accepted = !gaps.is_empty() && gaps.iter().all(|entry| entry.declared.is_some());
    let mut because: Vec<String> = gaps.into_iter().map(LedgerEntry::gap_text).collect();
    if because.is_empty() {
        because.push("groups of the account, or the holders of some grants, were not told".to_owned());
    }
    let question = "what its accounts may do in projects beyond what was seen".to_owned();
    findings.open(question, Some(integration.id), because, accepted);
}

/// Declared containers that no product has.
fn missing(inventory: &Inventory<'_>, integration: &Declared<'_>, keys: &[String], findings: &mut Findings) {
    let has = |wanted: &String| {
        inventory.of_kind(Kind::Container).any(|resource| match &resource.body {
            Body::Container(container) => container.key.known().is_some_and(|key| key.eq_ignore_ascii_case(wanted)),
            _ => false,
        })
    };
    let absent: Vec<&String> = keys.iter().filter(|key| !has(key)).collect();
    if absent.is_empty() {
        return;
    }
    let coverage = inventory.coverage();
    let gaps: Vec<&LedgerEntry> = coverage.gaps_of(Kind::Container).collect();
    let shown = coverage.0.iter().any(|entry| entry.shows.contains(&Kind::Container));
    for key in absent {
        if shown && gaps.is_empty() {
            let message = format!("integration `{}` is declared to work in {key}, which is not there", integration.id);
            findings.note(What::MissingContainer, &[integration.id], &[], message);
            continue;
        }
        let accepted = shown && gaps.iter().all(|entry| entry.declared.is_some());
        let because = match shown {
            true => gaps.iter().map(|entry| entry.gap_text()).collect(),
            false => vec!["no source that was scanned shows projects, spaces or repositories".to_owned()],
        };
        findings.open(format!("whether {key} is there"), Some(integration.id), because, accepted);
    }
}
