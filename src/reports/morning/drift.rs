//! What changed since the scan before: counts, and the few changes that tell most.

use std::cmp::Reverse;

use super::{SHOWN, and_more};
use crate::inventory::Inventory;
use crate::model::{Assessment, Change, Kind, What};
use crate::reports::layout::{Block, Ink, Page, Words, dotted, words};
use crate::reports::{order, say, values};
use crate::text;

/// The section; left out when nothing changed.
pub(super) fn section(page: &mut Page, assessment: &Assessment, inventory: &Inventory<'_>) {
    let changes = order::changes(assessment);
    if changes.is_empty() {
        return;
    }
    page.heading("DRIFT", "");
    let (telling, of_sight): (Vec<What>, Vec<What>) = What::ALL.into_iter().partition(|what| is_of_the_estate(*what));
    for kinds in [telling, of_sight] {
        let counts = dotted(kinds.into_iter().filter_map(|what| count(what, &changes)));
        if !counts.is_empty() {
            page.paragraph(2, &counts);
        }
    }
    let mut telling: Vec<&Change> = changes.into_iter().filter(|change| is_of_the_estate(change.what)).collect();
    telling.sort_by_key(|change| (Reverse(weight(change)), change.reason.is_some()));
    let blocks: Vec<Block> = telling.iter().take(SHOWN).map(|change| block(change, inventory)).collect();
    page.blocks(&blocks);
    and_more(page, telling.len() - blocks.len(), "keyroll drift");
}

/// False for what came into sight or went out of it: that tells of our eyes, not of the estate.
fn is_of_the_estate(what: What) -> bool {
    !matches!(what, What::FirstSeen | What::NotObserved)
}

/// “2 added”; nothing if there is none.
fn count(what: What, changes: &[&Change]) -> Option<Words> {
    let count = changes.iter().filter(|change| change.what == what).count();
    let (ink, said) = match what {
        What::FirstSeen => (Ink::Dim, "seen for the first time (may be old)"),
        What::NotObserved => (Ink::Warn, "out of sight (not gone)"),
        what => (Ink::Dim, what.name()),
    };
    (count > 0).then(|| words(ink, &format!("{} {said}", text::thousands(count))))
}

/// How much a change tells about who can reach what. The order of equals is kept.
fn weight(change: &Change) -> u8 {
    const POWER: [&str; 19] = [
        "account_type",
        "actor",
        "acts_for",
        "address",
        "admin_only",
        "confluence_access",
        "holder",
        "jira_access",
        "limited_to",
        "only_pushers",
        "owner",
        "permits",
        "platform_roles",
        "principal",
        "public",
        "role",
        "scopes",
        "secret_in_url",
        "secured",
    ];
    const LIFE: [&str; 11] = [
        "auth_policy",
        "enabled",
        "expires_at",
        "groups",
        "mfa",
        "pipelines_enabled",
        "signed",
        "standings",
        "status",
        "verifies_certificate",
        "via",
    ];
    let touches = |fields: &[&str]| change.fields.iter().any(|changed| fields.contains(&changed.field.as_str()));
    match (change.what, change.resource.kind()) {
        (What::Changed | What::Rotated, _) if touches(&POWER) => 9,
        (What::Added, Kind::Grant) => 8,
        (What::Added, Kind::Credential | Kind::App | Kind::Webhook | Kind::Automation) => 7,
        (What::Changed, _) if touches(&LIFE) => 6,
        (What::Rotated, _) => 5,
        (What::Removed, Kind::Credential | Kind::Principal | Kind::Grant) => 4,
        (What::Added, Kind::Principal | Kind::Variable | Kind::Setting | Kind::Integration) => 3,
        (What::Changed, _) => 2,
        (What::Added | What::Removed, _) => 1,
        (What::FirstSeen | What::NotObserved, _) => 0,
    }
}

fn block(change: &Change, inventory: &Inventory<'_>) -> Block {
    const FIELDS: usize = 3;
    let mut fields: Vec<String> =
        change.fields.iter().take(FIELDS).map(|field| values::change(field, inventory)).collect();
    if change.fields.len() > FIELDS {
        fields.push(text::plural(change.fields.len() - FIELDS, "more field", "more fields"));
    }
    let name = if change.name.is_empty() { change.resource.native() } else { &change.name };
    let mut parts = vec![words(Ink::Plain, &say::named(change.resource.kind(), name))];
    parts.extend(fields.iter().map(|field| words(Ink::Dim, field)));
    if change.reason.is_some() {
        parts.push(words(Ink::Warn, say::IN_DOUBT));
    }
    Block { label: Some(words(Ink::Plain, change.what.name())), head: dotted(parts), ..Block::default() }
}
