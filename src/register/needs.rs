//! What the accounts of integrations may do, compared with what was declared: rights that are not needed, needed ones that
//! are missing, and places that nobody spoke of. The comparison is the one that rules use.

use std::collections::BTreeMap;

use super::accounts::Declared;
use super::check::Findings;
use super::found::described;
use super::report::What;
use crate::inventory::Inventory;
use crate::inventory::access::Excess;
use crate::inventory::needs::words::label;
use crate::inventory::needs::{Comparison, Lack, compare as hold, unseen_places};
use crate::model::{Fact, Kind, LedgerEntry, Resource};
use crate::text::join_and;

/// The most places that one difference names.
const MOST_PLACES: usize = 12;

/// Compares permissions for every integration that says where it works, or what it needs.
pub(super) fn compare<'a>(inventory: &Inventory<'a>, declared: &[Declared<'a>], findings: &mut Findings) {
    for integration in declared {
        let comparison = hold(inventory, integration.resource);
        for excess in &comparison.beyond {
            excessive(integration, excess, findings);
        }
        lacking(integration, &comparison.missing, findings);
        outside(integration, &comparison, findings);
        for excess in &comparison.administers {
            let message = format!(
                "{} of integration `{}` has {} on the whole of {}, which it does not need",
                described(excess.account),
                integration.id,
                words(excess),
                excess.container.title()
            );
            findings.note(What::AdministersProduct, &[integration.id], &[excess.account, excess.container], message);
        }
        for (account, product, role) in &comparison.administers_unseen {
            let (of, product) = (described(account), product.native());
            let message =
                format!("{of} of integration `{}` has {role} on {product}, which it does not need", integration.id);
            findings.note(What::AdministersProduct, &[integration.id], &[account], message);
        }
        open(inventory, integration, &comparison, findings);
        missing(inventory, integration, findings);
    }
}

fn words(excess: &Excess<'_>) -> String {
    join_and(&excess.permissions.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
}

fn excessive(integration: &Declared<'_>, excess: &Excess<'_>, findings: &mut Findings) {
    let message = format!(
        "{} of integration `{}` has {} in {}, which it does not need",
        described(excess.account),
        integration.id,
        words(excess),
        label(excess.container)
    );
    findings.note(What::PermissionNotNeeded, &[integration.id], &[excess.account, excess.container], message);
}

/// What is needed in one place and no account has, in one difference.
fn lacking(integration: &Declared<'_>, missing: &[Lack<'_>], findings: &mut Findings) {
    let mut places: BTreeMap<&str, Vec<&Lack<'_>>> = BTreeMap::new();
    for lack in missing {
        places.entry(&lack.label).or_default().push(lack);
    }
    for (label, lacks) in places {
        let Some(first) = lacks.first() else { continue };
        let permissions: Vec<String> = lacks.iter().filter_map(|lack| lack.permission).map(str::to_owned).collect();
        let who = match first.accounts.as_slice() {
            [one] => format!("{} of integration `{}` lacks", described(one), integration.id),
            _ => format!("no account of integration `{}` has", integration.id),
        };
        let message = if permissions.is_empty() {
            format!(
                "integration `{}` has no account in the product of {label}, where it is declared to work",
                integration.id
            )
        } else {
            format!("{who} {} in {label}", join_and(&permissions))
        };
        let about: Vec<&Resource> = first.accounts.iter().copied().chain(first.container).collect();
        findings.note(What::PermissionMissing, &[integration.id], &about, message);
    }
}

/// Each place by itself, unless there are many: then those in which an account may do the same are told together.
fn outside(integration: &Declared<'_>, comparison: &Comparison<'_>, findings: &mut Findings) {
    let mut alike: BTreeMap<(&str, String), Vec<&Excess<'_>>> = BTreeMap::new();
    let is_apart = comparison.outside.len() <= MOST_PLACES;
    for excess in &comparison.outside {
        let place = if is_apart { label(excess.container) } else { String::new() };
        alike.entry((excess.account.id.as_str(), words(excess) + &place)).or_default().push(excess);
    }
    for places in alike.into_values() {
        let Some(first) = places.first() else { continue };
        let mut labels: Vec<String> = places.iter().take(MOST_PLACES).map(|excess| label(excess.container)).collect();
        let more = places.len() - labels.len();
        if more > 0 {
            labels.push(format!("{more} more"));
        }
        let message = format!(
            "{} of integration `{}` has {} in {}, where it is not declared to work",
            described(first.account),
            integration.id,
            words(first),
            join_and(&labels)
        );
        let containers = places.iter().map(|excess| excess.container);
        let about: Vec<&Resource> = std::iter::once(first.account).chain(containers).collect();
        findings.note(What::OutsideContainers, &[integration.id], &about, message);
    }
}

fn open(inventory: &Inventory<'_>, integration: &Declared<'_>, comparison: &Comparison<'_>, findings: &mut Findings) {
    let is_open =
        comparison.missing_open || comparison.beyond_open || comparison.outside_open || comparison.administers_open;
    if !is_open {
        return;
    }
    let gaps = || {
        let access = [Kind::Grant, Kind::Group, Kind::Principal, Kind::Container];
        inventory.coverage().gaps().filter(move |gap| access.iter().any(|kind| gap.shows.contains(kind)))
    };
    let mut because = comparison.doubts.clone();
    let accepts = |doubt: &String| gaps().any(|gap| gap.declared.is_some() && doubt.starts_with(&gap.gap_text()));
    let mut accepted = because.iter().all(accepts);
    if because.is_empty() {
        because = gaps().map(LedgerEntry::gap_text).collect();
        accepted = !because.is_empty() && gaps().all(|gap| gap.declared.is_some());
    }
    if because.is_empty() {
        because.push("not all its accounts, or not all places it is declared for, were told".to_owned());
    }
    let question = "what its accounts may do beyond what was seen".to_owned();
    findings.open(question, Some(integration.id), because, accepted);
}

/// Declared places that no product has.
fn missing<'a>(inventory: &Inventory<'a>, integration: &Declared<'a>, findings: &mut Findings) {
    let Fact::Known(keys) = &integration.body.containers else { return };
    for place in unseen_places(inventory, keys) {
        let key = place.key;
        if place.is_shown && place.gaps.is_empty() {
            let message = format!("integration `{}` is declared to work in {key}, which is not there", integration.id);
            findings.note(What::MissingContainer, &[integration.id], &[], message);
            continue;
        }
        let accepted = place.is_shown && place.gaps.iter().all(|entry| entry.declared.is_some());
        let because = match place.is_shown {
            true => place.gaps.iter().map(|entry| entry.gap_text()).collect(),
            false => vec!["no source that was scanned shows projects, spaces or repositories".to_owned()],
        };
        findings.open(format!("whether {key} is there"), Some(integration.id), because, accepted);
    }
}
