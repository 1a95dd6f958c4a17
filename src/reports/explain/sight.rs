//! The resource itself on a page: its facts with where and when they were read, what nobody told and what would tell it,
//! what it is connected with, and what changed about it.

use serde_json::{Map, Value};

use super::{Thing, scan};
use crate::inventory::Inventory;
use crate::model::{Body, Coverage, Holder, Kind, LedgerEntry, Missing, Resource, ResourceId, Sighting, What};
use crate::reports::detail::{Evidence, known};
use crate::reports::facts::fields;
use crate::reports::layout::{Block, Ink, Page, dotted, words};
use crate::reports::{say, values};
use crate::text::{plural, shorten};

/// Gaps that are shown one by one.
const MOST_GAPS: usize = 6;
/// Changes that are shown one by one, the newest.
const MOST_CHANGES: usize = 20;
/// Things of one sort beside the resource that are named.
const MOST_NAMES: usize = 5;

/// Facts that an endpoint tells as news: an earlier scan may have read them.
const FROM_NEWS: &[(Kind, &str)] = &[
    (Kind::Principal, "last_login_at"),
    (Kind::Credential, "last_used_by"),
    (Kind::Credential, "acts_for"),
    (Kind::Credential, "auth_type"),
];

/// What is known of the resource, where and when it was read, and what is beside it.
pub(super) fn sight(page: &mut Page, thing: &Thing<'_>) {
    let Some(seen) = thing.seen else {
        page.heading("WHAT IS KNOWN", "");
        page.paragraph(2, &[words(Ink::Warn, "No scan that is kept saw the resource.")]);
        return;
    };
    let Some(evidence) = Evidence::of(thing.id, seen.inventory) else { return };
    known(page, evidence);
    if seen.head.id != thing.latest.head.id {
        let text = format!("All this is of {}: no later one saw it.", scan(seen.head));
        page.paragraph(2, &[words(Ink::Warn, &text)]);
    }
    let resource = evidence.resource();
    let before = known_before(resource, seen.inventory);
    if !before.is_empty() {
        let said: Vec<String> = before.iter().map(|(field, value)| format!("{field} {value}")).collect();
        let text = "as last known, before it went out of sight:";
        page.paragraph(2, &[words(Ink::Warn, text), words(Ink::Plain, &said.join("; "))]);
    }
    page.heading("READ FROM", "(endpoint, when, how completely)");
    let blocks: Vec<Block> = resource.seen_by.iter().map(|by| read_from(by, seen.inventory.coverage())).collect();
    page.blocks(blocks);
    let told = fields(resource);
    let news: Vec<&str> = FROM_NEWS
        .iter()
        .filter(|(kind, field)| *kind == resource.kind() && told.contains_key(*field))
        .map(|(_, field)| *field)
        .collect();
    if !news.is_empty() {
        let text = format!("{}: told as news, perhaps to an earlier scan.", news.join(", "));
        page.paragraph(2, &[words(Ink::Dim, &text)]);
    }
    beside(page, resource, seen.inventory);
}

/// Facts that this scan was not told and an earlier one was: what they were then.
fn known_before(resource: &Resource, inventory: &Inventory<'_>) -> Vec<(String, String)> {
    let carried = inventory.snapshot().carried.iter().find(|carried| carried.id == resource.id);
    let told = fields(resource);
    let lost = carried.map(fields).unwrap_or_default().into_iter().filter(|(field, _)| !told.contains_key(field));
    lost.map(|(field, value)| (field, shorten(&values::words(&value, inventory), 60))).collect()
}

/// One sighting, with its entry of the ledger.
fn read_from(by: &Sighting, coverage: Coverage<'_>) -> Block {
    let name = format!("{} of {}", by.endpoint, by.source);
    match entry(by, coverage) {
        Some(entry) => {
            let rows = format!("{} rows", entry.rows);
            let state = words(say::state_ink(entry.state), say::state(entry.state));
            Block {
                label: Some(words(Ink::Dim, &say::minute(entry.ended_at))),
                head: dotted([words(Ink::Plain, &name), state, words(Ink::Dim, &rows), words(Ink::Dim, &entry.path)]),
                ..Block::default()
            }
        }
        // A silent witness: it showed the resource once, and may show it still.
        None => Block {
            label: Some(words(Ink::Dim, "not asked")),
            head: vec![words(Ink::Warn, &format!("{name}, which was not asked in this scan"))],
            ..Block::default()
        },
    }
}

pub(in crate::reports) fn entry<'a>(by: &Sighting, coverage: Coverage<'a>) -> Option<&'a LedgerEntry> {
    coverage.0.iter().find(|entry| entry.source == by.source && entry.endpoint == by.endpoint)
}

/// The fields of a resource that no source told.
pub(in crate::reports) fn untold(thing: &Thing<'_>) -> Vec<String> {
    let resource = thing.seen.and_then(|seen| Some((Evidence::of(thing.id, seen.inventory)?.resource(), seen)));
    resource.map(|(resource, seen)| crate::reports::facts::facts(resource, seen.inventory).1).unwrap_or_default()
}

/// The gaps behind which facts of the resource itself may be, of the scan that saw it last.
pub(in crate::reports) fn own_gaps<'a>(thing: &Thing<'a>) -> Vec<&'a LedgerEntry> {
    let Some(seen) = thing.seen else { return Vec::new() };
    let Some(resource) = Evidence::of(thing.id, seen.inventory).map(Evidence::resource) else { return Vec::new() };
    let forms: Vec<&str> = resource.body.form().into_iter().collect();
    seen.inventory.coverage().gaps_over(resource.kind(), &forms).collect()
}

/// What nobody told, and which endpoint and right would tell it.
pub(super) fn would_tell(page: &mut Page, missing: &[&Missing], thing: &Thing<'_>) {
    let (untold, hidden_by) = (untold(thing), hidden_by(thing));
    if missing.is_empty() && untold.is_empty() && hidden_by.is_empty() {
        return;
    }
    page.heading("WHAT WOULD TELL MORE", "");
    if !hidden_by.is_empty() {
        gaps(page, "whether it is still there, and how", &hidden_by);
    }
    let mut shown: Vec<&Missing> = Vec::new();
    for one in missing.iter().filter(|one| !one.nothing) {
        if shown.iter().any(|shown| shown.path == one.path) {
            continue;
        }
        shown.push(one);
        let coverage = thing.latest.inventory.coverage();
        let seen = thing.seen.map(|seen| seen.inventory.coverage());
        let found = |by: &Sighting| entry(by, coverage).or_else(|| entry(by, seen?));
        gaps(page, &format!("`{}`", one.path), &one.behind.iter().filter_map(found).collect::<Vec<_>>());
    }
    if !untold.is_empty() {
        gaps(page, &untold.join(", "), &own_gaps(thing));
    }
}

/// The endpoints that showed the resource once and could not be read in the latest scan, where it is out of sight.
pub(in crate::reports) fn hidden_by<'a>(thing: &Thing<'a>) -> Vec<&'a LedgerEntry> {
    let latest = thing.latest.inventory;
    if latest.get(thing.id).is_some() {
        return Vec::new();
    }
    let carried = latest.snapshot().carried.iter().find(|resource| resource.id == *thing.id);
    let showed = carried.map_or(&[][..], |resource| &resource.seen_by);
    showed.iter().filter_map(|by| entry(by, latest.coverage())).filter(|entry| entry.is_gap()).collect()
}

fn gaps(page: &mut Page, what: &str, gaps: &[&LedgerEntry]) {
    if gaps.is_empty() {
        let text = "no gap hides it; what was read does not reveal it.";
        page.paragraph(2, &[words(Ink::Plain, &format!("{what}:")), words(Ink::Dim, text)]);
        return;
    }
    page.paragraph(2, &[words(Ink::Plain, &format!("{what}:"))]);
    for gap in gaps.iter().take(MOST_GAPS) {
        let mut text = gap.gap_text();
        if !gap.right.is_empty() {
            text.push_str(&format!("; it takes the right {}", gap.right));
        }
        if let Some(reason) = &gap.declared {
            text.push_str(&format!("; the gap is accepted: {reason}"));
        }
        page.hanging(4, &words(Ink::Action, "→"), 1, &[words(Ink::Plain, &text)]);
    }
    if gaps.len() > MOST_GAPS {
        let more = plural(gaps.len() - MOST_GAPS, "more gap", "more gaps");
        page.paragraph(6, &[words(Ink::Dim, &format!("and {more} (keyroll coverage)"))]);
    }
}

/// The resources that this one names, by field.
pub(in crate::reports) fn links(resource: &Resource) -> Vec<(String, ResourceId)> {
    let named = |(field, value): (String, Value)| Some((field, ResourceId::parse(value.as_str()?)?));
    fields(resource).into_iter().filter_map(named).collect()
}

/// What the resource is connected with.
fn beside(page: &mut Page, resource: &Resource, inventory: &Inventory<'_>) {
    let mut blocks: Vec<Block> = links(resource)
        .into_iter()
        .map(|(field, id)| Block {
            label: Some(words(Ink::Dim, &field)),
            head: neighbour(&id, inventory),
            ..Block::default()
        })
        .collect();
    blocks.extend(around(resource, inventory).into_iter().map(|(label, text)| Block {
        label: Some(words(Ink::Dim, label)),
        head: vec![words(Ink::Plain, &text)],
        ..Block::default()
    }));
    if !blocks.is_empty() {
        page.heading("BESIDE IT", "");
        page.blocks(blocks);
    }
}

/// What there is to say of a neighbour in one line.
fn neighbour(id: &ResourceId, inventory: &Inventory<'_>) -> Vec<crate::reports::layout::Words> {
    let Some(other) = inventory.get(id) else {
        return vec![words(Ink::Warn, &format!("{id}, which was not seen"))];
    };
    let told = fields(other);
    let wanted: &[&str] = match other.kind() {
        Kind::Principal => &["account_type", "status", "email", "deactivated_at", "platform_roles"],
        Kind::Group => &["member_count", "jira_access", "confluence_access", "administers"],
        Kind::Container => &["form", "key", "status", "sandbox"],
        _ => &["form", "status"],
    };
    let parts = wanted.iter().filter_map(|field| worth_saying(field, &told, inventory));
    let name = say::named(other.kind(), other.title());
    dotted(std::iter::once(words(Ink::Plain, &name)).chain(parts.map(|part| words(Ink::Dim, &part))))
}

/// A field of a neighbour; none and no are not worth a word, unknown status is.
fn worth_saying(field: &str, told: &Map<String, Value>, inventory: &Inventory<'_>) -> Option<String> {
    match told.get(field) {
        None if field == "status" => Some("status unknown".to_owned()),
        None | Some(Value::Null | Value::Bool(false)) => None,
        Some(Value::Array(entries)) if entries.is_empty() => None,
        Some(Value::Bool(true)) => Some(field.replace('_', " ")),
        Some(value) => {
            let said = shorten(&values::words(value, inventory), 60);
            Some(if matches!(field, "status" | "form" | "account_type" | "email" | "key") {
                said
            } else {
                format!("{} {said}", field.replace('_', " "))
            })
        }
    }
}

/// How many resources there are around this one, and the names of some.
pub(super) fn around(resource: &Resource, inventory: &Inventory<'_>) -> Vec<(&'static str, String)> {
    let id = &resource.id;
    let list = |kind: Kind, label: &'static str, found: Vec<String>| {
        let least = if inventory.seen_whole(kind) { "" } else { "at least " };
        let (count, mut names) = (found.len(), found);
        names.sort_unstable();
        names.truncate(MOST_NAMES);
        let more = if count > names.len() { ", …" } else { "" };
        (count > 0).then(|| (label, format!("{least}{count}: {}{more}", names.join(", "))))
    };
    let named = |resource: &Resource| shorten(resource.title(), 40);
    let credentials = inventory.credentials_of(id).map(named).collect();
    let held = inventory.grants_of(id).filter_map(|grant| grant_words(grant, true, inventory)).collect();
    let given = inventory.grants_on(id).filter_map(|grant| grant_words(grant, false, inventory)).collect();
    let variables = inventory.variables_in(id).map(named).collect();
    [
        list(Kind::Credential, "its credentials", credentials),
        list(Kind::Grant, "granted to it", held),
        list(Kind::Grant, "granted on it", given),
        list(Kind::Variable, "its variables", variables),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// “Administrators on Payments”, or “Administrators to Ada Muster”.
fn grant_words(resource: &Resource, held: bool, inventory: &Inventory<'_>) -> Option<String> {
    let Body::Grant(grant) = &resource.body else { return None };
    let said = if held {
        match grant.container.known() {
            Some(container) => format!("{} on {}", grant.role, inventory.name(container)),
            None => grant.role.clone(),
        }
    } else {
        let holder = grant.principal.known().or(grant.group.known());
        let holder = match (holder, grant.holder) {
            (Some(holder), _) => inventory.name(holder),
            (None, Holder::Principal) => "an account",
            (None, holder) => holder.name(),
        };
        format!("{} to {holder}", grant.role)
    };
    Some(shorten(&said, 60))
}

/// What changed about the resource, scan by scan.
pub(super) fn changes(page: &mut Page, thing: &Thing<'_>) {
    page.heading("WHAT CHANGED ABOUT IT", "(in the scans that are kept)");
    if let Some(first) = thing.first {
        let text = format!("First known to {}.", scan(first));
        page.paragraph(2, &[words(Ink::Plain, &text)]);
    }
    let (count, inventory) = (thing.changes.len(), thing.latest.inventory);
    if count == 0 {
        page.paragraph(2, &[words(Ink::Plain, "No change was seen since.")]);
        return;
    }
    if count > MOST_CHANGES {
        let text = plural(count - MOST_CHANGES, "earlier change", "earlier changes");
        page.paragraph(2, &[words(Ink::Dim, &format!("{text} are not shown."))]);
    }
    let blocks: Vec<Block> = thing
        .changes
        .iter()
        .skip(count.saturating_sub(MOST_CHANGES))
        .map(|(head, change)| {
            let said = if change.resource == *thing.id {
                change.what.name().to_owned()
            } else {
                format!("replaced by {}", change.resource)
            };
            let replaces = change.replaces.as_ref().filter(|_| change.resource == *thing.id);
            let replaces = replaces.map(|old| format!("it replaces {old}")).unwrap_or_default();
            let reason = change.reason.as_ref().map(|reason| match change.what {
                What::NotObserved => reason.clone(),
                What::FirstSeen => format!("it may be old: {reason}"),
                _ => format!("in doubt: {reason}"),
            });
            Block {
                label: Some(words(Ink::Dim, &say::minute(head.started_at))),
                head: dotted([
                    words(Ink::Plain, &said),
                    words(Ink::Plain, &replaces),
                    words(Ink::Warn, &reason.unwrap_or_default()),
                ]),
                details: change
                    .fields
                    .iter()
                    .map(|field| vec![words(Ink::Plain, &values::change(field, inventory))])
                    .collect(),
                ..Block::default()
            }
        })
        .collect();
    page.blocks(blocks);
}
