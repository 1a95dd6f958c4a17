//! What became of a rule that was tried over stored nights: the page for a terminal, and the JSON for machines.

use serde::Serialize;
use serde_json::{Value, json};

use super::json::document as document_text;
use super::layout::{Ink, Look, Page, dotted, words};
use super::say::{self, severity_ink};
use super::table::{Cell, Head, Table};
use crate::model::{CouldTell, Finding, Tried, TriedNight};
use crate::text::plural;

/// So many findings of a list are shown; the JSON has them all.
const MOST: usize = 12;

/// What goes beside the result.
#[derive(Debug, Clone, Copy)]
pub struct TriedHead<'a> {
    /// The parameters that were set for the trial: name, value, and the value in force if there is one.
    pub set: &'a [(String, String, Option<String>)],
    /// Channels there are: without any, nobody would have been told.
    pub channels: usize,
}

/// The page for a terminal.
#[must_use]
pub fn tried_page(tried: &Tried, head: TriedHead<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    let title = format!("{} · {}", tried.rule.id, tried.rule.title);
    page.paragraph(0, &[words(Ink::Strong, &title)]);
    page.paragraph(0, &[words(Ink::Dim, &over_which(&tried.nights))]);
    for (name, value, in_force) in head.set {
        let beside = in_force.as_ref().map_or_else(String::new, |value| format!(" (in force: {value})"));
        page.paragraph(0, &[words(Ink::Plain, &format!("{name}: {value}{beside}"))]);
    }
    let doubt = match tried.could_tell {
        CouldTell::FromTheFirst => None,
        CouldTell::Since(since) => Some(format!(
            "Unknown before {}: earlier scans did not tell what the rule asks for. That nothing is counted there says nothing.",
            say::minute(since)
        )),
        CouldTell::Never => Some(
            "Unknown on all of them: no scan told what the rule asks for. That nothing is counted says nothing."
                .to_owned(),
        ),
    };
    if let Some(doubt) = doubt {
        page.paragraph(0, &[words(Ink::Warn, &doubt)]);
    }
    page.blank();
    let mut text = page.into_text();
    text.push_str(&nights_table(&tried.nights).render(look));
    let mut page = Page::new(look);
    moves(&mut page, tried);
    difference(&mut page, tried);
    messages(&mut page, tried, head.channels);
    text.push_str(&page.into_text());
    text
}

fn over_which(nights: &[TriedNight]) -> String {
    match nights {
        [] => "tried on no scan".to_owned(),
        [only] => format!("tried on the scan of {}", say::minute(only.head.ended_at)),
        [first, .., last] => format!(
            "tried on {} from {} to {}",
            plural(nights.len(), "scan", "scans"),
            say::minute(first.head.ended_at),
            say::minute(last.head.ended_at)
        ),
    }
}

fn nights_table(nights: &[TriedNight]) -> Table {
    let heads = [
        Head::whole("SCAN"),
        Head::whole("ENDED (UTC)"),
        Head::number("OPEN"),
        Head::number("NEW"),
        Head::number("OVER"),
        Head::number("CANNOT TELL"),
        Head::number("WAIVED").shown_from(90),
        Head::number("MESSAGES"),
    ];
    let mut table = Table::new(&heads, "No scan is kept of that time.");
    for (at, night) in nights.iter().enumerate() {
        let new = if at == 0 { "–".to_owned() } else { night.opened.len().to_string() };
        let unsure = night.tally.unknown > 0 || !night.tally.unseen.is_empty();
        let unknown = match (night.tally.unknown, night.tally.unseen.is_empty()) {
            (0, false) => "gaps".to_owned(),
            (count, _) => count.to_string(),
        };
        table.row(vec![
            Cell::new(&night.head.id.to_string()),
            Cell::new(&say::minute(night.head.ended_at)),
            Cell::new(&night.open.to_string()),
            Cell::new(&new),
            Cell::new(&night.closed.len().to_string()),
            Cell::inked(if unsure { Ink::Warn } else { Ink::Dim }, &unknown),
            Cell::new(&night.waived.to_string()),
            Cell::new(&night.told.values().sum::<usize>().to_string()),
        ]);
    }
    table
}

/// What came up and what was over, latest first.
fn moves(page: &mut Page, tried: &Tried) {
    let later = || tried.nights.iter().skip(1).rev();
    let new: Vec<(&TriedNight, &Finding)> =
        later().flat_map(|night| night.opened.iter().map(move |finding| (night, finding))).collect();
    let over: Vec<(&TriedNight, &Finding)> =
        later().flat_map(|night| night.closed.iter().map(move |finding| (night, finding))).collect();
    listed(page, "CAME UP", &new);
    listed(page, "WERE OVER", &over);
    if new.is_empty() && over.is_empty() && tried.nights.len() > 1 {
        page.heading("CAME UP OR WERE OVER", "");
        page.paragraph(2, &[words(Ink::Plain, "Nothing, from the first of these scans to the last.")]);
    }
}

fn listed(page: &mut Page, title: &str, findings: &[(&TriedNight, &Finding)]) {
    if findings.is_empty() {
        return;
    }
    page.heading(title, &format!("({})", findings.len()));
    for (night, finding) in findings.iter().take(MOST) {
        let day = words(Ink::Dim, &say::day(night.head.ended_at));
        let severity = words(severity_ink(finding.severity), finding.severity.name());
        page.hanging(2, &day, 12, &dotted([severity, words(Ink::Plain, &finding.message)]));
    }
    rest(page, findings.len());
}

fn rest(page: &mut Page, all: usize) {
    if all > MOST {
        page.paragraph(2, &[words(Ink::Dim, &format!("… and {} more (--format json)", all - MOST))]);
    }
}

fn difference(page: &mut Page, tried: &Tried) {
    let difference = &tried.difference;
    page.heading("ON THE LATEST SCAN, BESIDE THE RULE IN FORCE", "");
    if !difference.has_rule_in_force {
        let what = format!(
            "No rule `{}` is in force: it would find {}.",
            tried.rule.id,
            plural(difference.more.len(), "thing", "things")
        );
        page.paragraph(2, &[words(Ink::Plain, &what)]);
    } else {
        let what = format!(
            "{} more, {} fewer, {} found by both",
            difference.more.len(),
            difference.fewer.len(),
            difference.same
        );
        page.paragraph(2, &[words(Ink::Plain, &what)]);
        for (sign, ink, list) in [("+", Ink::Bad, &difference.more), ("-", Ink::Good, &difference.fewer)] {
            for message in list.iter().take(MOST) {
                page.hanging(2, &words(ink, sign), 2, &[words(Ink::Plain, message)]);
            }
            rest(page, list.len());
        }
    }
}

fn messages(page: &mut Page, tried: &Tried, channels: usize) {
    let mut told: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for (channel, count) in tried.nights.iter().flat_map(|night| &night.told) {
        *told.entry(channel.as_str()).or_default() += count;
    }
    page.heading("MESSAGES IT WOULD HAVE SENT", "");
    let what = if channels == 0 {
        "None: the configuration has no channels.".to_owned()
    } else if told.is_empty() {
        "None: no route picks what it found.".to_owned()
    } else {
        let most = tried.nights.iter().map(|night| night.told.values().sum::<usize>()).max().unwrap_or(0);
        let by_channel: Vec<String> = told.iter().map(|(channel, count)| format!("{count} to {channel}")).collect();
        format!("{}; at most {most} in one night.", by_channel.join(", "))
    };
    page.paragraph(2, &[words(Ink::Plain, &what)]);
}

#[derive(Serialize)]
struct V1Finding<'a> {
    id: &'a str,
    resource: &'a str,
    resource_name: &'a str,
    severity: &'static str,
    message: &'a str,
}

fn v1(findings: &[Finding]) -> Vec<V1Finding<'_>> {
    let findings = findings.iter().map(|finding| V1Finding {
        id: finding.id.as_str(),
        resource: finding.resource.as_str(),
        resource_name: &finding.resource_name,
        severity: finding.severity.name(),
        message: &finding.message,
    });
    findings.collect()
}

/// The result for machines: version 1, fields are only added.
#[must_use]
pub fn tried_json(tried: &Tried, head: TriedHead<'_>) -> String {
    let nights: Vec<Value> = tried
        .nights
        .iter()
        .map(|night| {
            let unseen: Vec<String> =
                night.tally.unseen.iter().map(|gap| format!("{} of {}", gap.endpoint, gap.source)).collect();
            json!({
                "snapshot": night.head.id.to_string(),
                "ended_at": night.head.ended_at,
                "complete": night.head.complete,
                "open": night.open,
                "waived": night.waived,
                "pass": night.tally.pass,
                "fail": night.tally.fail,
                "unknown": night.tally.unknown,
                "not_applicable": night.tally.not_applicable,
                "unseen": unseen,
                "opened": v1(&night.opened),
                "closed": v1(&night.closed),
                "messages": night.told.iter().map(|(channel, count)| (channel.to_string(), *count)).collect::<std::collections::BTreeMap<_, _>>(),
            })
        })
        .collect();
    let set: Vec<Value> = head
        .set
        .iter()
        .map(|(name, value, in_force)| json!({ "name": name, "value": value, "in_force": in_force }))
        .collect();
    let unknown_before = match tried.could_tell {
        CouldTell::Since(since) => Some(since),
        CouldTell::FromTheFirst | CouldTell::Never => None,
    };
    let document = json!({
        "version": 1,
        "rule": tried.rule.id.as_str(),
        "title": tried.rule.title,
        "set": set,
        "could_tell": tried.could_tell != CouldTell::Never,
        "unknown_before": unknown_before,
        "nights": nights,
        "difference": {
            "rule_in_force": tried.difference.has_rule_in_force,
            "more": tried.difference.more,
            "fewer": tried.difference.fewer,
            "same": tried.difference.same,
        },
    });
    document_text(&document)
}
