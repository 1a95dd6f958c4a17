//! What is to be told and what became of it, and what ends when: the listings of the outbox, of a preview and of the
//! calendar.

use chrono::{DateTime, Utc};

use super::layout::{Block, Ink, Look, Page, dotted, words};
use super::say;
use super::table::{Cell, Head, Table};
use crate::model::{Delivery, Effect, Expiry, Outgoing};
use crate::text;

/// Effects of one notice that a preview shows.
const SHOWN: usize = 5;

/// Notices that wait or were given up.
#[must_use]
pub fn outbox_table(outbox: &[Outgoing], now: DateTime<Utc>, look: Look) -> String {
    let heads = [
        Head::whole("ID"),
        Head::whole("CHANNEL"),
        Head::whole("STATE"),
        Head::whole("DUE"),
        Head::number("TRIES"),
        Head::flow("NOTICE"),
        Head::flow("LAST ERROR").shown_from(100),
    ];
    let mut table = Table::new(&heads, "Nothing waits to be sent, and nothing was given up.");
    for Outgoing { notice, delivery, due_at, attempts, error, .. } in outbox {
        let (ink, due) = match delivery {
            Delivery::Dead => (Ink::Bad, String::new()),
            Delivery::Pending if *due_at <= now => (Ink::Warn, "now".to_owned()),
            Delivery::Pending | Delivery::Delivered | Delivery::Folded(_) => (Ink::Plain, say::minute(*due_at)),
        };
        let state = if *delivery == Delivery::Dead { "given up" } else { delivery.name() };
        table.row(vec![
            Cell::inked(Ink::Dim, notice.id.as_str().get(..8).unwrap_or("")),
            Cell::new(notice.channel.as_str()),
            Cell::inked(ink, state),
            Cell::new(&due),
            Cell::new(&attempts.to_string()),
            Cell::new(&notice.title),
            Cell::inked(Ink::Dim, error),
        ]);
    }
    table.render(look)
}

/// What would be sent to whom.
#[must_use]
pub fn preview_page(outgoing: &[Outgoing], look: Look) -> String {
    let mut page = Page::new(look);
    if outgoing.is_empty() {
        page.paragraph(0, &[words(Ink::Plain, "This scan gives nobody occasion to be told anything.")]);
        return page.into_text();
    }
    let count = text::plural(outgoing.len(), "notice", "notices");
    page.paragraph(0, &[words(Ink::Strong, &format!("{count} would be sent. Nothing was."))]);
    for Outgoing { notice, due_at, digest, .. } in outgoing {
        let to =
            if notice.recipients.is_empty() { String::new() } else { format!("to {}", notice.recipients.join(", ")) };
        let when = match digest.as_deref() {
            Some(digest) => format!("{digest}, {} UTC", say::minute(*due_at)),
            None if *due_at > notice.created_at => format!("put off to {} UTC", say::minute(*due_at)),
            None => "at once".to_owned(),
        };
        page.heading(notice.channel.as_str(), &to);
        let about = [notice.topic.name(), notice.action.name(), &when, notice.cause.as_str()];
        page.paragraph(2, &dotted(about.map(|part| words(Ink::Dim, part))));
        page.paragraph(2, &[words(say::severity_ink(notice.severity), &notice.title)]);
        for line in &notice.lead {
            page.paragraph(2, &[words(Ink::Plain, line)]);
        }
        page.blocks(notice.effects.iter().take(SHOWN).map(block));
        let more = notice.count() - notice.effects.len().min(SHOWN);
        if more > 0 {
            page.paragraph(2, &[words(Ink::Dim, &format!("… and {} more", text::thousands(more)))]);
        }
    }
    page.into_text()
}

fn block(effect: &Effect) -> Block {
    let owner = effect.owner.as_ref().map_or_else(String::new, |owner| format!("owner {owner}"));
    let about = [&effect.what, &owner, &effect.note].map(|part| words(Ink::Dim, part));
    let mut details = vec![dotted(about)];
    if !effect.remedy.is_empty() {
        details.push(vec![words(Ink::Action, &format!("→ {}", effect.remedy))]);
    }
    Block {
        label: Some(words(say::severity_ink(effect.severity), effect.severity.name())),
        head: vec![words(Ink::Plain, &effect.text)],
        id: effect.finding.as_ref().map(|finding| finding.short().to_owned()),
        details,
    }
}

/// What ends when, the soonest first.
#[must_use]
pub fn calendar_table(expiries: &[Expiry], now: DateTime<Utc>, look: Look) -> String {
    let heads = [
        Head::whole("ENDS"),
        Head::whole("IN"),
        Head::flow("WHAT"),
        Head::flow("WHOSE"),
        Head::flow("USE"),
        Head::flow("TO DO").shown_from(140),
    ];
    let mut table = Table::new(&heads, "Nothing with a known end ends within this time.");
    let mut sorted: Vec<&Expiry> = expiries.iter().collect();
    sorted.sort_by_key(|expiry| (expiry.ends_at, &expiry.id));
    for expiry in sorted {
        let day = expiry.ends_at.date_naive();
        let days = (day - now.date_naive()).num_days();
        let ink = if days <= 7 { Ink::Bad } else { Ink::Plain };
        let sight = if expiry.observed { "" } else { "out of sight, as last seen" };
        let usage: Vec<&str> = [expiry.use_note.as_str(), sight].into_iter().filter(|part| !part.is_empty()).collect();
        let whose: Vec<&str> = [expiry.owner.as_deref().unwrap_or(""), &expiry.owner_note]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        table.row(vec![
            Cell::inked(ink, &day.to_string()),
            Cell::inked(ink, &say::days_until(now, day)),
            Cell::new(&expiry.what),
            Cell::new(&whose.join(", ")),
            Cell::inked(Ink::Dim, &usage.join(", ")),
            Cell::inked(Ink::Action, &expiry.remedy),
        ]);
    }
    table.render(look)
}
