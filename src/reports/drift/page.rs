//! How two scans differ, for a terminal.

use std::collections::BTreeMap;

use super::blocks::{Writer, flapping};
use super::clusters::{Cluster, clusters};
use crate::inventory::Inventory;
use crate::model::{Change, Drift, Finding, FindingsBetween, Kind, SnapshotHead, What};
use crate::reports::layout::{Block, Ink, Look, Page, Words, dotted, words};
use crate::reports::say;
use crate::reports::table::{Cell, Head, Table};
use crate::text;

/// Findings of one list that are shown; the rest is counted.
const FINDINGS: usize = 12;

/// How two scans differ: what happened, with its effects; what goes back and forth; how findings differ. `why` tells why a
/// field of a kind moves by itself.
#[must_use]
pub fn drift_page(drift: &Drift, why: &dyn Fn(Kind, &str) -> Option<&'static str>, look: Look) -> String {
    let mut page = Page::new(look);
    let inventory = Inventory::new(&drift.snapshot);
    let Some(from) = &drift.from else {
        let text = format!("{} is the first scan: there is nothing to compare it with yet.", scan(&drift.to));
        page.paragraph(0, &[words(Ink::Plain, &text)]);
        return page.into_text();
    };
    let named = drift.baseline.as_ref().map_or_else(String::new, |baseline| format!("baseline `{}`, ", baseline.name));
    let title = format!("From {named}{} to {}", scan(from), scan(&drift.to));
    page.paragraph(0, &[words(Ink::Strong, &title)]);
    let changes: Vec<&Change> = drift.changes.iter().collect();
    let clusters = clusters(&changes, &drift.flapping);
    if drift.left_out > 0 && changes.is_empty() {
        page.paragraph(0, &[words(Ink::Plain, "No such change was seen.")]);
    } else {
        page.paragraph(0, &summary(&changes, clusters.len()));
    }
    if drift.left_out > 0 {
        page.paragraph(0, &[words(Ink::Plain, &drift_left_out(drift))]);
    }
    gaps(&mut page, drift);
    if !clusters.is_empty() {
        page.blank();
        let writer = Writer::new(&inventory, &clusters);
        let (estate, sight): (Vec<&Cluster<'_>>, Vec<&Cluster<'_>>) =
            clusters.iter().partition(|cluster| cluster.is_of_the_estate());
        page.blocks(estate.iter().map(|cluster| writer.block(cluster)));
        if !sight.is_empty() {
            page.heading("OUT OF SIGHT, OR SEEN FOR THE FIRST TIME", "(says nothing of the estate)");
            page.blocks(sight.iter().map(|cluster| writer.block(cluster)));
        }
    }
    if !drift.flapping.is_empty() {
        page.heading("BACK AND FORTH", "(in the last 14 days)");
        for one in &drift.flapping {
            page.paragraph(2, &flapping(one));
        }
    }
    if let Some(findings) = &drift.findings {
        between(&mut page, findings);
    }
    let mut text = page.into_text();
    if let Some(moved) = &drift.moved {
        let mut page = Page::new(look);
        page.heading("MOVED BY ITSELF", "(no drift: nobody decided it)");
        text.push_str(&page.into_text());
        text.push_str(&moved_table(moved, why).render(look));
    }
    text
}

/// How many changes are not shown, since whoever asks did not want their sort.
#[must_use]
pub fn drift_left_out(drift: &Drift) -> String {
    let others = text::plural(drift.left_out, "other change is", "other changes are");
    format!("{others} not shown ({}).", drift.left_out_by)
}

/// What neither the page nor a table of the changes can show: how much of both scans was not read. Empty if all was.
#[must_use]
pub fn drift_gaps(drift: &Drift, look: Look) -> String {
    let mut page = Page::new(look);
    gaps(&mut page, drift);
    page.into_text()
}

fn gaps(page: &mut Page, drift: &Drift) {
    let Some(from) = &drift.from else { return };
    let counts = [(drift.gaps_before.unwrap_or_default(), from.id), (drift.gaps_after, drift.to.id)];
    let said: Vec<String> = counts
        .into_iter()
        .filter(|(gaps, _)| *gaps > 0)
        .map(|(gaps, scan)| format!("{} in {scan}", text::plural(gaps, "endpoint", "endpoints")))
        .collect();
    if !said.is_empty() {
        let what =
            format!("Not read whole: {}. Behind that, more may have changed (keyroll coverage).", said.join(", "));
        page.paragraph(0, &[words(Ink::Warn, &what)]);
    }
    if drift.gaps_before.is_none() {
        let what = format!(
            "How completely {} was read is not kept any more: what it did not see may have changed as well.",
            from.id
        );
        page.paragraph(0, &[words(Ink::Warn, &what)]);
    }
}

fn scan(head: &SnapshotHead) -> String {
    format!("scan {} ({} UTC)", head.id, say::minute(head.started_at))
}

/// “12 changes, told as 5 · 3 added · 9 changed”.
fn summary(changes: &[&Change], clusters: usize) -> Vec<Words> {
    if changes.is_empty() {
        return vec![words(Ink::Plain, "No change was seen.")];
    }
    let count = text::plural(changes.len(), "change", "changes");
    let told = if clusters < changes.len() { format!("{count}, told as {}", text::thousands(clusters)) } else { count };
    let mut parts = vec![words(Ink::Plain, &told)];
    parts.extend(What::ALL.into_iter().filter_map(|what| super::count(what, changes)));
    dotted(parts)
}

fn between(page: &mut Page, findings: &FindingsBetween) {
    let lists = [("CAME UP", &findings.opened), ("OVER OR WAIVED", &findings.closed)];
    for (title, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        page.heading(title, &format!("({})", text::plural(list.len(), "finding", "findings")));
        let block = |finding: &Finding| Block {
            label: Some(words(say::severity_ink(finding.severity), finding.severity.name())),
            head: vec![words(Ink::Plain, &text::shorten(&finding.message, 200))],
            id: Some(finding.id.short().to_owned()),
            ..Block::default()
        };
        page.blocks(list.iter().take(FINDINGS).map(block));
        if list.len() > FINDINGS {
            let more = format!("… and {} more (keyroll findings)", text::thousands(list.len() - FINDINGS));
            page.paragraph(2, &[words(Ink::Dim, &more)]);
        }
    }
}

/// What moved by itself, counted by field: each with the reason why that is no drift.
fn moved_table(moved: &[Change], why: &dyn Fn(Kind, &str) -> Option<&'static str>) -> Table {
    let heads =
        [Head::whole("KIND"), Head::whole("FIELD"), Head::number("RESOURCES"), Head::flow("WHY IT IS NO DRIFT")];
    let mut table = Table::new(&heads, "  Nothing did.");
    let mut counts: BTreeMap<(Kind, &str), usize> = BTreeMap::new();
    for change in moved {
        for field in &change.fields {
            *counts.entry((change.resource.kind(), &field.field)).or_default() += 1;
        }
    }
    for ((kind, field), count) in counts {
        table.row(vec![
            Cell::new(kind.name()),
            Cell::new(field),
            Cell::new(&text::thousands(count)),
            Cell::inked(Ink::Dim, why(kind, field).unwrap_or_default()),
        ]);
    }
    table
}
