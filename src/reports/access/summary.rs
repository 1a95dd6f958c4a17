//! The summary: who it is, how far it reaches, what is the worst of it, and what could not be ruled out.

use super::{Answer, count_words, key_words, subject};
use crate::inventory::access::{Bound, Permission, Power, place};
use crate::model::{Body, Container, ContainerForm, Resource};
use crate::reports::layout::{Block, Ink, Page, Words, dotted, words};
use crate::text::{plural, thousands};

/// The most products that are told one by one.
const MOST_PRODUCTS: usize = 6;
/// The most reasons that are told one by one.
const MOST_DOUBTS: usize = 12;

pub(super) fn summary(page: &mut Page, answer: &Answer<'_, '_>) {
    let question = answer.question;
    let (subject, inventory) = (question.subject, question.inventory);
    let mut head = vec![words(Ink::Strong, subject.title())];
    let about = subject::about(subject, inventory, question.now);
    head.extend(about.iter().map(|part| words(Ink::Plain, part)));
    page.paragraph(0, &dotted(head));
    page.paragraph(0, &[words(Ink::Dim, subject.id.as_str())]);
    if let Some(shut) = subject::shut(subject, inventory, question.now) {
        page.paragraph(0, &[words(Ink::Warn, &shut)]);
    }
    if let Some(limits) = subject::limits(subject, &answer.reach) {
        page.paragraph(0, &[words(Ink::Plain, &limits)]);
    }
    // Who asks about one place has no use for the counts.
    if question.on.is_none() {
        page.blank();
        let mut blocks = vec![administers(answer)];
        blocks.extend(counts(answer));
        blocks.extend(gravest(answer));
        blocks.extend(everybody(answer));
        page.blocks(blocks);
    }
}

fn block(label: &str, head: Vec<Words>) -> Block {
    Block { label: Some(words(Ink::Dim, label)), head, ..Block::default() }
}

/// Whole products and organisations, each with the chain that leads there.
fn administers(answer: &Answer<'_, '_>) -> Block {
    let whole = answer.reach.places.iter().flat_map(|place| {
        let held = place.permissions.iter().filter(|one| one.power == Power::AdministerAll && one.bound == Bound::Held);
        // One permission tells it; the table has the others.
        held.take(1).map(move |one| (one, place.container))
    });
    let whole: Vec<_> = whole.collect();
    let unseen: Vec<_> = answer
        .reach
        .out_of_sight
        .iter()
        .filter(|(_, one)| one.power == Power::AdministerAll && one.bound == Bound::Held)
        .collect();
    if whole.is_empty() && unseen.is_empty() {
        let nothing = match (answer.breadth.may_administer_more, answer.reach.boundless) {
            (true, _) => words(Ink::Warn, "nothing whole for certain; that it does cannot be ruled out"),
            (false, _) => words(Ink::Plain, "no whole product, and not the organisation"),
        };
        return block("administers", vec![nothing]);
    }
    let mut lines: Vec<Vec<Words>> = Vec::new();
    for (one, container) in whole.iter().take(MOST_PRODUCTS) {
        let what = format!("{} ({})", place(container), key_words(one.key));
        lines.push(vec![words(Ink::Bad, &what)]);
        lines.push(chain_line(answer, one.key, container));
    }
    for (id, one) in unseen.iter().take(MOST_PRODUCTS.saturating_sub(whole.len())) {
        lines.push(vec![words(Ink::Bad, &format!("{} ({}), which was not seen itself", id.native(), one.key))]);
    }
    let more = (whole.len() + unseen.len()).saturating_sub(MOST_PRODUCTS);
    if more > 0 {
        lines.push(vec![words(Ink::Plain, &format!("… and {} more", thousands(more)))]);
    }
    if answer.breadth.may_administer_more {
        lines.push(vec![words(Ink::Warn, "that it administers more cannot be ruled out")]);
    }
    let head = lines.remove(0);
    Block { details: lines, ..block("administers", head) }
}

/// The shortest chain to a permission, as a line.
pub(super) fn chain_line<'a>(answer: &Answer<'_, 'a>, key: &str, container: &'a Resource) -> Vec<Words> {
    let Some(shortest) = answer.access.shortest(answer.question.subject, key, container) else { return Vec::new() };
    let mut line = vec![words(Ink::Dim, &shortest.words)];
    if shortest.others > 0 {
        let others = plural(shortest.others, "other chain", "other chains");
        line.push(words(Ink::Dim, &format!("(and {others})")));
    }
    line
}

/// In how many places of content it may do what.
fn counts(answer: &Answer<'_, '_>) -> Vec<Block> {
    let breadth = &answer.breadth;
    if breadth.places == 0 {
        return vec![block("content", vec![words(Ink::Plain, "no projects, spaces or repositories were seen")])];
    }
    let rows = [
        ("reads", breadth.readable),
        ("changes", breadth.writable),
        ("deletes in", breadth.destroyable),
        ("decides on", breadth.administered),
    ];
    let mut blocks: Vec<Block> = rows
        .into_iter()
        .map(|(label, count)| block(label, vec![words(Ink::Plain, &count_words(count, breadth.places))]))
        .collect();
    if let Some(first) = blocks.first_mut() {
        first.head.push(words(Ink::Dim, "projects, spaces and repositories"));
    }
    blocks
}

/// The most dangerous permission, unless the line above has told it.
fn gravest(answer: &Answer<'_, '_>) -> Option<Block> {
    let (one, container) = answer.reach.gravest()?;
    if one.power == Power::AdministerAll {
        return None;
    }
    let mut said = vec![words(Ink::Plain, &format!("{} on {}", key_words(one.key), place(container)))];
    if one.of_everybody {
        said.push(words(Ink::Dim, "(as everybody has)"));
    }
    Some(Block { details: vec![chain_line(answer, one.key, container)], ..block("gravest", said) })
}

/// What it has only because everybody has: told apart, in one line.
fn everybody(answer: &Answer<'_, '_>) -> Option<Block> {
    let (mut read, mut changed) = (0, 0);
    for place in &answer.reach.places {
        let Body::Container(Container { form, .. }) = &place.container.body else { continue };
        if !matches!(form, ContainerForm::Project | ContainerForm::Space | ContainerForm::Repository) {
            continue;
        }
        let shared = |powers: &[Power]| {
            let held = |one: &&Permission<'_>| one.bound == Bound::Held && powers.contains(&one.power);
            let mut held = place.permissions.iter().filter(held).peekable();
            held.peek().is_some() && held.all(|one| one.of_everybody)
        };
        read += usize::from(shared(&[Power::Read]));
        changed += usize::from(shared(&[Power::Write, Power::Destroy, Power::Administer]));
    }
    if read + changed == 0 {
        return None;
    }
    let of_these =
        format!("has as much in {} of those it reads and {} of those it changes", thousands(read), thousands(changed));
    let aside = if answer.question.all { "" } else { "(left out below; --all shows it)" };
    Some(block("everybody", vec![words(Ink::Plain, &of_these), words(Ink::Dim, aside)]))
}

/// Why the answer is not whole, and which right would tell. What made no difference to what is asked about is left out.
pub(super) fn doubts(page: &mut Page, answer: &Answer<'_, '_>) {
    let reach = &answer.reach;
    let chosen = answer.chosen();
    let mut told: Vec<(&str, usize)> = Vec::new();
    for (at, doubt) in reach.doubts.iter().enumerate() {
        let concerns =
            |one: &Permission<'_>| one.bound != Bound::Held && one.doubt.is_some_and(|doubt| usize::from(doubt) == at);
        let places = chosen.iter().filter(|(_, permissions)| permissions.iter().any(concerns)).count();
        if places > 0 || reach.boundless || reach.out_of_sight.iter().any(|(_, one)| concerns(one)) {
            told.push((doubt, places));
        }
    }
    if told.is_empty() && !reach.boundless {
        return;
    }
    page.heading("WHAT COULD NOT BE RULED OUT, BECAUSE", &format!("({})", told.len()));
    if reach.boundless {
        page.paragraph(2, &[words(Ink::Warn, "It may do anything anywhere, as far as this scan can tell:")]);
    }
    for (doubt, places) in told.iter().take(MOST_DOUBTS) {
        let beside = if *places == 0 { String::new() } else { format!("({})", plural(*places, "place", "places")) };
        page.paragraph(2, &[words(Ink::Plain, doubt), words(Ink::Dim, &beside)]);
    }
    if told.len() > MOST_DOUBTS {
        let more = format!("… and {} more (--format json)", thousands(told.len() - MOST_DOUBTS));
        page.paragraph(2, &[words(Ink::Dim, &more)]);
    }
}
