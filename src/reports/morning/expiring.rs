//! Credentials that end soon, the soonest first, and what would break: an administrator renews them before that.

use chrono::{DateTime, TimeDelta, Utc};

use super::{SHOWN, and_more};
use crate::inventory::Inventory;
use crate::model::{Assessment, Body, Credential, CredentialForm, Fact, Kind, Resource, ResourceId};
use crate::reports::layout::{Block, Ink, Page, Words, dotted, words};
use crate::reports::say;
use crate::text;

/// How far ahead the section looks, and how recent a use must be to call a credential in use.
const DAYS: i64 = 30;

/// A credential whose end is near.
struct Ending<'a> {
    end: DateTime<Utc>,
    resource: &'a Resource,
    credential: &'a Credential,
    /// False if this scan could not look for it and tells what an earlier one saw.
    observed: bool,
}

/// The section; left out when no end is near and every end is known.
pub(super) fn section(page: &mut Page, assessment: &Assessment, inventory: &Inventory<'_>) {
    let now = assessment.head.started_at;
    let (ending, not_told) = ending(assessment, inventory);
    if ending.is_empty() && not_told == 0 {
        return;
    }
    let unseen = if inventory.seen_whole(Kind::Credential) { "" } else { " · there may be more out of sight" };
    page.heading(&format!("EXPIRING WITHIN {DAYS} DAYS"), &format!("({}){unseen}", text::thousands(ending.len())));
    let blocks: Vec<Block> = ending.iter().take(SHOWN).map(|ending| block(now, ending, inventory)).collect();
    let shown = blocks.len();
    page.blocks(blocks);
    and_more(page, ending.len() - shown, "keyroll inventory credential");
    if not_told > 0 {
        let one = "credential does not reveal when it ends";
        let whose = text::plural(not_told, one, "credentials do not reveal when they end");
        page.paragraph(2, &[words(Ink::Warn, &whose)]);
    }
}

/// The credentials whose end is near, and how many do not tell theirs. Those out of sight are still in the estate.
fn ending<'a>(assessment: &'a Assessment, inventory: &Inventory<'a>) -> (Vec<Ending<'a>>, usize) {
    let now = assessment.head.started_at;
    // An end that came since the scan before is told too: nobody else said so in time.
    let from = assessment.previous.as_ref().map_or(now, |previous| previous.started_at);
    let seen = inventory.of_kind(Kind::Credential).map(|resource| (resource, true));
    let out_of_sight = |carried: &&Resource| inventory.get(&carried.id).is_none_or(|seen| hides_end_of(seen, carried));
    let carried = assessment.snapshot.carried.iter().filter(out_of_sight).map(|resource| (resource, false));
    let mut ending = Vec::new();
    let mut not_told = 0;
    for (resource, observed) in seen.chain(carried) {
        let Body::Credential(credential) = &resource.body else { continue };
        match credential.expires_at {
            _ if credential.status.known().is_some_and(|status| status != "active") => {}
            Fact::Known(end) if from <= end && end <= now + TimeDelta::days(DAYS) => {
                ending.push(Ending { end, resource, credential, observed });
            }
            Fact::Unknown => not_told += 1,
            Fact::Known(_) | Fact::Absent => {}
        }
    }
    ending.sort_by_key(|ending| (ending.end, &ending.resource.id));
    (ending, not_told)
}

/// True if a credential was seen without its end, which an earlier scan knew.
fn hides_end_of(seen: &Resource, earlier: &Resource) -> bool {
    match (&seen.body, &earlier.body) {
        (Body::Credential(seen), Body::Credential(earlier)) => {
            seen.expires_at.is_unknown() && !earlier.expires_at.is_unknown()
        }
        _ => false,
    }
}

fn block(now: DateTime<Utc>, ending: &Ending<'_>, inventory: &Inventory<'_>) -> Block {
    let Ending { end, resource, credential, observed } = *ending;
    let days = (end.date_naive() - now.date_naive()).num_days();
    let ink = if days <= 7 { Ink::Alarm } else { Ink::Warn };
    let label = if end <= now { "ended".to_owned() } else { say::days_until(now, end.date_naive()) };
    let what = format!("{} “{}”", credential.form.title(), text::shorten(resource.title(), 60));
    let (use_ink, used) = match credential.last_used_at {
        Fact::Known(at) if now - at <= TimeDelta::days(DAYS) => {
            let mark = if end <= now { "what uses it is broken" } else { "will break something" };
            (Ink::Bad, format!("! used {}: {mark}", say::ago(now, at)))
        }
        Fact::Known(at) => (Ink::Dim, format!("used {}", say::ago(now, at))),
        Fact::Absent => (Ink::Dim, "never used".to_owned()),
        Fact::Unknown => (Ink::Warn, "! use not known: may break something".to_owned()),
    };
    let sight = if observed { "" } else { "out of sight in this scan, told as last seen" };
    Block {
        label: Some(words(ink, &label)),
        head: dotted([words(Ink::Plain, &what), owner(credential, inventory)]),
        id: None,
        details: vec![dotted([words(use_ink, &used), words(Ink::Warn, sight)])],
    }
}

/// Whose it is, and what is wrong with that account.
fn owner(credential: &Credential, inventory: &Inventory<'_>) -> Words {
    match (&credential.owner, &credential.created_by) {
        (Fact::Known(owner), _) => account("of", owner, inventory),
        (_, Fact::Known(maker)) => account("made by", maker, inventory),
        (Fact::Absent, _) if credential.form == CredentialForm::DeployKey => opens(credential, inventory),
        (Fact::Absent, _) => words(Ink::Dim, "acts as the organisation"),
        (Fact::Unknown, _) => words(Ink::Warn, "owner not known"),
    }
}

/// What a key that is nobody's opens.
fn opens(credential: &Credential, inventory: &Inventory<'_>) -> Words {
    match &credential.container {
        Fact::Known(container) => words(Ink::Dim, &format!("opens {}", text::shorten(inventory.name(container), 40))),
        Fact::Absent | Fact::Unknown => words(Ink::Warn, "what it opens is not known"),
    }
}

fn account(how: &str, id: &ResourceId, inventory: &Inventory<'_>) -> Words {
    let name = text::shorten(inventory.name(id), 40);
    let Some(principal) = inventory.principal(id) else {
        return words(Ink::Warn, &format!("{how} {name}, an account that was not seen"));
    };
    match principal.status.known().map(String::as_str) {
        Some("active") => words(Ink::Dim, &format!("{how} {name}")),
        Some(status) => {
            let since = principal.deactivated_at.known().map(|at| format!(" since {}", say::day(*at)));
            words(Ink::Bad, &format!("{how} {name}, {status}{}", since.unwrap_or_default()))
        }
        None => words(Ink::Warn, &format!("{how} {name}, state not known")),
    }
}
