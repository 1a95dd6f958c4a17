//! The answer for a terminal: the summary, then what may be done where, or with which chains.

use super::rows::{Row, called, rows, shown};
use super::summary::{chain_line, doubts, summary};
use super::{AccessQuestion, Answer, bound_words, described, key_words, power_words};
use crate::inventory::access::{Bound, Chains, Permission, Power, form_words};
use crate::model::{Body, Container, LedgerEntry, Resource};
use crate::reports::html::Parts;
use crate::reports::layout::{Block, Ink, Look, Page, Words, words};
use crate::reports::say;
use crate::text::{plural, thousands};

/// The most rows that are shown unless all are asked for.
const MOST_ROWS: usize = 24;
/// The most rows of what is merely not ruled out: what is certain should not drown in it.
const MOST_OPEN_ROWS: usize = 6;
/// The most permissions of a row, and the most places of one, that are told by name.
const MOST_NAMES: usize = 8;

/// What an account or a credential may do, for a terminal.
#[must_use]
pub fn access_page(question: &AccessQuestion<'_, '_>, look: Look) -> String {
    laid_out(question, look).into_text()
}

/// The same for a browser.
#[must_use]
pub fn access_parts(question: &AccessQuestion<'_, '_>) -> Parts {
    Parts::of(laid_out(question, Parts::LOOK))
}

fn laid_out(question: &AccessQuestion<'_, '_>, look: Look) -> Page {
    let answer = Answer::of(question);
    let mut page = Page::new(look);
    summary(&mut page, &answer);
    let in_detail = question.on.is_some() || question.why;
    if in_detail {
        in_places(&mut page, &answer);
    } else {
        table(&mut page, &answer);
    }
    out_of_sight(&mut page, &answer);
    doubts(&mut page, &answer);
    page
}

/// What the answer is about, where that is not everything.
fn about(question: &AccessQuestion<'_, '_>) -> String {
    let on = question.on.map(|on| format!("on {}", described(on)));
    let parts = [question.permission.map(str::to_owned), on].into_iter().flatten();
    parts.collect::<Vec<_>>().join(" ")
}

fn heading(page: &mut Page, bound: Bound, count: &str) {
    let title = match bound {
        Bound::Held => "WHAT IT MAY DO",
        Bound::Conditional => "WHAT IT MAY DO DEPENDING ON THE ISSUE",
        Bound::Possible => "WHAT IT MAY DO IF WHAT IS NOT TOLD IS SO",
    };
    page.heading(title, count);
}

/// Nothing was found: whether that is certain has to be said.
fn nothing(page: &mut Page, answer: &Answer<'_, '_>) {
    let about = about(answer.question);
    page.heading("WHAT IT MAY DO", "");
    let of_everybody = !answer.question.all && !answer.chosen().is_empty();
    let said = match (about.is_empty(), answer.reach.boundless) {
        (true, true) => "Nothing for certain; see below for what cannot be ruled out.".to_owned(),
        (true, false) if of_everybody => "Nothing that not everybody may (--all).".to_owned(),
        (true, false) => "Nothing.".to_owned(),
        (false, true) => format!("{about}: cannot be ruled out, see below."),
        (false, false) if of_everybody => format!("{about}: only as everybody may (--all)."),
        (false, false) => format!("{about}: no."),
    };
    page.paragraph(2, &[words(Ink::Plain, &said)]);
}

fn table(page: &mut Page, answer: &Answer<'_, '_>) {
    let rows = rows(answer);
    if rows.is_empty() {
        nothing(page, answer);
        return;
    }
    for bound in [Bound::Held, Bound::Conditional, Bound::Possible] {
        let of_bound: Vec<&Row<'_>> = rows.iter().filter(|row| row.bound == bound).collect();
        let most = match (answer.question.all, bound) {
            (true, _) => usize::MAX,
            (false, Bound::Held) => MOST_ROWS,
            (false, Bound::Conditional | Bound::Possible) => MOST_OPEN_ROWS,
        };
        let blocks: Vec<Block> = of_bound.iter().take(most).map(|row| row_block(answer, row)).collect();
        if blocks.is_empty() {
            continue;
        }
        let places: usize = of_bound.iter().map(|row| row.containers.len()).sum();
        let permission = answer.question.permission.map_or_else(String::new, |key| format!("{key}, "));
        heading(page, bound, &format!("({permission}{})", plural(places, "place", "places")));
        page.blocks(blocks);
        if of_bound.len() > most {
            let more = of_bound.iter().skip(most).map(|row| row.containers.len()).sum();
            let more = format!("… and {} more (--all, --on, --format csv)", plural(more, "place", "places"));
            page.paragraph(2, &[words(Ink::Dim, &more)]);
        }
    }
}

/// Places of equal permissions: how many, what, and how one comes there.
fn row_block(answer: &Answer<'_, '_>, row: &Row<'_>) -> Block {
    let all = answer.question.all;
    let first = row.permissions.first();
    let label = first.map(|one| words(power_ink(one.power), power_words(one.power)));
    let mut details = Vec::new();
    if let [container] = row.containers.as_slice() {
        details.push(vec![words(Ink::Plain, &keys(&row.permissions, all))]);
        let Some(one) = first else { return Block::default() };
        details.extend(way(answer, one, container));
        return Block { label, head: vec![words(Ink::Strong, &described(container))], id: None, details };
    }
    let form = row.containers.first().map_or("place", |container| match &container.body {
        Body::Container(Container { form, .. }) => form_words(*form),
        _ => "place",
    });
    let head = vec![words(Ink::Strong, &format!("{} {}", thousands(row.containers.len()), several(form)))];
    let names: Vec<&str> = row.containers.iter().map(|container| called(container)).collect();
    details.push(vec![words(Ink::Dim, &listed(&names, if all { usize::MAX } else { MOST_NAMES }))]);
    details.push(vec![words(Ink::Plain, &keys(&row.permissions, all))]);
    if let (Some(one), Some(container)) = (first, row.containers.first()) {
        details.extend(way(answer, one, container));
    }
    Block { label, head, id: None, details }
}

/// How it comes by a permission: the shortest chain, and why it is not certain where that is so.
fn way<'a>(answer: &Answer<'_, 'a>, one: &Permission<'a>, container: &'a Resource) -> Vec<Vec<Words>> {
    let mut lines = Vec::new();
    let chain = chain_line(answer, one.key, container);
    if !chain.is_empty() {
        lines.push(chain);
    }
    if let Some(doubt) = answer.doubt(one) {
        let word = if one.bound == Bound::Conditional { "perhaps always:" } else { "because" };
        lines.push(vec![words(Ink::Warn, word), words(Ink::Dim, doubt)]);
    }
    lines
}

fn several(form: &str) -> String {
    match form {
        "repository" => "repositories".to_owned(),
        "project of repositories" => "projects of repositories".to_owned(),
        form => format!("{form}s"),
    }
}

fn keys(permissions: &[Permission<'_>], all: bool) -> String {
    let keys: Vec<&str> = permissions.iter().map(|one| key_words(one.key)).collect();
    listed(&keys, if all { usize::MAX } else { MOST_NAMES })
}

fn listed(names: &[&str], most: usize) -> String {
    // “and 1 more” takes as much room as the one.
    if names.len() <= most.saturating_add(1) {
        return names.join(", ");
    }
    let shown: Vec<&str> = names.iter().take(most).copied().collect();
    format!("{} and {} more", shown.join(", "), thousands(names.len() - most))
}

fn power_ink(power: Power) -> Ink {
    match power {
        Power::Read => Ink::Dim,
        Power::Write => Ink::Plain,
        Power::Destroy => Ink::Warn,
        Power::Administer | Power::AdministerAll => Ink::Bad,
    }
}

/// Permissions of one place that come by the same chains.
struct Same<'a> {
    container: &'a Resource,
    permissions: Vec<Permission<'a>>,
    chains: Chains<'a>,
}

/// Each permission with its chains, those that come the same way together.
fn in_places(page: &mut Page, answer: &Answer<'_, '_>) {
    let question = answer.question;
    // Where one place is asked about, what everybody has there is part of the answer.
    let all = question.all || question.on.is_some();
    let chosen = answer.chosen();
    let most = if question.all { usize::MAX } else { MOST_ROWS };
    let (mut told, mut more) = (0, 0);
    for bound in [Bound::Held, Bound::Conditional, Bound::Possible] {
        let mut blocks = Vec::new();
        for (container, permissions) in &chosen {
            for same in same_ways(answer, container, &shown(permissions, bound, all)) {
                if told < most {
                    told += 1;
                    blocks.push(same_block(answer, &same));
                } else {
                    more += 1;
                }
            }
        }
        if !blocks.is_empty() {
            heading(page, bound, &format!("({})", about(question)));
            page.blocks(blocks);
        }
    }
    if told == 0 {
        nothing(page, answer);
    }
    if more > 0 {
        let more = format!("… and {} more (--all, --on, --format csv)", thousands(more));
        page.paragraph(2, &[words(Ink::Dim, &more)]);
    }
}

fn same_ways<'a>(answer: &Answer<'_, 'a>, container: &'a Resource, permissions: &[Permission<'a>]) -> Vec<Same<'a>> {
    let mut found: Vec<(Vec<String>, Same<'a>)> = Vec::new();
    for one in permissions {
        let chains = answer.access.chains(answer.question.subject, one.key, container);
        let mut ways: Vec<String> = chains.chains.iter().map(|chain| answer.access.words(&chains, chain)).collect();
        ways.push(format!("{:?} {:?}", one.doubt, one.power));
        match found.iter_mut().find(|(known, _)| *known == ways) {
            Some((_, same)) => same.permissions.push(*one),
            None => found.push((ways, Same { container, permissions: vec![*one], chains })),
        }
    }
    found.into_iter().map(|(_, same)| same).collect()
}

fn same_block(answer: &Answer<'_, '_>, same: &Same<'_>) -> Block {
    let Some(first) = same.permissions.first() else { return Block::default() };
    let mut head = vec![words(Ink::Strong, &keys(&same.permissions, true))];
    if answer.question.on.is_none() {
        head.push(words(Ink::Plain, &format!("on {}", described(same.container))));
    }
    if same.permissions.iter().all(|one| one.of_everybody) {
        head.push(words(Ink::Dim, "(as everybody has)"));
    }
    let details = if answer.question.why { every_way(answer, same) } else { way(answer, first, same.container) };
    Block { label: Some(words(power_ink(first.power), power_words(first.power))), head, id: None, details }
}

/// All chains, numbered, each step with the endpoint that showed it and when.
fn every_way(answer: &Answer<'_, '_>, same: &Same<'_>) -> Vec<Vec<Words>> {
    let mut lines = Vec::new();
    let ledger = &answer.question.inventory.snapshot().ledger;
    for (at, chain) in same.chains.chains.iter().enumerate() {
        lines.push(vec![
            words(Ink::Plain, &format!("{}.", at + 1)),
            words(Ink::Plain, &answer.access.words(&same.chains, chain)),
            words(Ink::Dim, &format!("({})", bound_words(chain.bound))),
        ]);
        if let Some(why) = answer.access.why(&same.chains, chain) {
            lines.push(vec![words(Ink::Warn, "because"), words(Ink::Dim, &why)]);
        }
        for step in answer.access.steps(&same.chains, chain) {
            let seen = step.proof.map(|proof| read_from(proof, ledger)).unwrap_or_default();
            lines.push(vec![words(Ink::Dim, &format!("· {}: {seen}", step.words))]);
        }
    }
    let only_possible = same.permissions.iter().all(|one| one.bound == Bound::Possible);
    if let Some(doubt) = same.permissions.first().and_then(|one| answer.doubt(one)).filter(|_| only_possible) {
        lines.push(vec![words(Ink::Warn, "not certain because"), words(Ink::Dim, doubt)]);
    }
    lines
}

/// “users of acme-org, 2026-11-22 02:00”: the endpoints that showed something, each with the time.
fn read_from(proof: &Resource, ledger: &[LedgerEntry]) -> String {
    let seen: Vec<String> = proof
        .seen_by
        .iter()
        .map(|by| {
            let entry = ledger.iter().find(|entry| entry.source == by.source && entry.endpoint == by.endpoint);
            let when = entry.map_or_else(String::new, |entry| format!(", {}", say::minute(entry.ended_at)));
            format!("{} of {}{when}", by.endpoint, by.source)
        })
        .collect();
    if seen.is_empty() { "seen by no endpoint".to_owned() } else { seen.join("; ") }
}

/// Roles on things that were not seen themselves.
fn out_of_sight(page: &mut Page, answer: &Answer<'_, '_>) {
    let unseen = &answer.reach.out_of_sight;
    if unseen.is_empty() || answer.question.on.is_some() || answer.question.permission.is_some() {
        return;
    }
    page.heading("ON WHAT WAS NOT SEEN ITSELF", &format!("({})", unseen.len()));
    let most = if answer.question.all { usize::MAX } else { MOST_NAMES };
    for (id, one) in unseen.iter().take(most) {
        let said = format!("{} on {}", key_words(one.key), id.native());
        page.paragraph(2, &[words(Ink::Plain, &said), words(Ink::Dim, &format!("({})", bound_words(one.bound)))]);
    }
    if unseen.len() > most {
        page.paragraph(2, &[words(Ink::Dim, &format!("… and {} more (--all)", thousands(unseen.len() - most)))]);
    }
}
