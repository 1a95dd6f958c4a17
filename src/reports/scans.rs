//! Listings of scans: all of them, which of them stay and which go, and those that were accepted as baselines.

use super::layout::{Ink, Look};
use super::say;
use super::table::{Cell, Head, Table};
use crate::model::{Baseline, Kind, SnapshotHead, SourceName};
use crate::text;

/// Baselines, in the order they are given: the first is in force.
#[must_use]
pub fn baselines_table(baselines: &[Baseline], look: Look) -> String {
    let heads = [
        Head::whole("NAME"),
        Head::whole("SCAN"),
        Head::whole("ACCEPTED (UTC)"),
        Head::flow("BY"),
        Head::flow("WHY"),
        Head::whole(""),
    ];
    let mut table = Table::new(&heads, "No baseline was accepted: drift is told against the scan before.");
    for (at, baseline) in baselines.iter().enumerate() {
        table.row(vec![
            Cell::new(&baseline.name),
            Cell::new(&baseline.snapshot.to_string()),
            Cell::inked(Ink::Dim, &say::minute(baseline.accepted_at)),
            Cell::new(&baseline.accepted_by),
            Cell::new(&baseline.reason),
            Cell::inked(Ink::Good, if at == 0 { "in force" } else { "" }),
        ]);
    }
    table.render(look)
}

/// Snapshots, in the order they are given.
#[must_use]
pub fn snapshots_table(snapshots: &[SnapshotHead], look: Look) -> String {
    let heads = [
        Head::whole("ID"),
        Head::whole("SCANNED (UTC)"),
        Head::whole("COVERAGE"),
        Head::number("ACCOUNTS"),
        Head::number("CREDENTIALS"),
        Head::number("GRANTS"),
        Head::flow("ESTATE").shown_from(90),
        Head::flow("SOURCES").shown_from(120),
        Head::flow("DIGEST").shown_from(190),
    ];
    let mut table = Table::new(&heads, "No snapshots yet: run keyroll scan.");
    for head in snapshots {
        let count = |kind| Cell::new(&text::thousands(head.counts.get(&kind).copied().unwrap_or(0)));
        let (ink, coverage) = if head.complete { (Ink::Good, "complete") } else { (Ink::Warn, "incomplete") };
        let sources: Vec<&str> = head.sources.iter().map(SourceName::as_str).collect();
        table.row(vec![
            Cell::new(&head.id.to_string()),
            Cell::new(&say::minute(head.started_at)),
            Cell::inked(ink, coverage),
            count(Kind::Principal),
            count(Kind::Credential),
            count(Kind::Grant),
            Cell::new(&head.estate),
            Cell::new(&sources.join(", ")),
            Cell::inked(Ink::Dim, &head.digest.to_string()),
        ]);
    }
    table.render(look)
}

/// What becomes of one scan when old ones are removed.
#[derive(Debug, Clone, Copy)]
pub struct FateRow<'a> {
    /// The scan.
    pub head: &'a SnapshotHead,
    /// Why it stays; empty if it goes.
    pub reasons: &'a [String],
}

/// Which scans stay and why, and which go, in the order they are given.
#[must_use]
pub fn fates_table(rows: &[FateRow<'_>], look: Look) -> String {
    let heads = [Head::whole("ID"), Head::whole("SCANNED (UTC)"), Head::whole(""), Head::flow("BECAUSE IT IS")];
    let mut table = Table::new(&heads, "No snapshots yet: run keyroll scan.");
    for FateRow { head, reasons } in rows {
        let (ink, fate) = if reasons.is_empty() { (Ink::Warn, "goes") } else { (Ink::Good, "stays") };
        table.row(vec![
            Cell::new(&head.id.to_string()),
            Cell::new(&say::minute(head.started_at)),
            Cell::inked(ink, fate),
            Cell::new(&reasons.join("; ")),
        ]);
    }
    table.render(look)
}
