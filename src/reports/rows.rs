//! Lists for a screen that shows a few of many rows: one row at a time, in the words of the listings.

use chrono::{DateTime, Utc};

use super::layout::{Ink, Look};
use super::listings::{inventory_heads, resource_cells, status_cell};
use super::say;
use super::table::{Cell, Head};
use crate::inventory::Inventory;
use crate::model::{Finding, Kind, Resource};

/// A column of such a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowColumn {
    /// What stands above it.
    pub title: &'static str,
    /// True if it is as wide as there is room, false if it is as wide as what it holds: ids, dates, states.
    pub flows: bool,
    /// Left out on screens narrower than this.
    pub from_width: usize,
}

fn columns(heads: &[Head]) -> Vec<RowColumn> {
    let column = |head: &Head| RowColumn { title: head.title, flows: !head.rigid, from_width: head.from_width };
    heads.iter().map(column).collect()
}

/// The columns of a list of findings.
#[must_use]
pub fn finding_columns() -> Vec<RowColumn> {
    columns(&[
        Head::whole("SEVERITY"),
        Head::whole("STATUS"),
        Head::whole("AGE").shown_from(60),
        Head::whole("ID").shown_from(60),
        Head::flow("FINDING"),
        Head::flow("OWNER").shown_from(120),
        Head::flow("RULE").shown_from(160),
    ])
}

/// A finding in these columns. Its age is how long it has stood as it does.
#[must_use]
pub fn finding_row(finding: &Finding, now: DateTime<Utc>, look: Look) -> Vec<String> {
    let cells = [
        Cell::inked(say::severity_ink(finding.severity), finding.severity.name()),
        status_cell(finding),
        Cell::new(&age(now, finding.since)),
        Cell::inked(Ink::Dim, finding.id.short()),
        Cell::new(&finding.message),
        Cell::new(finding.owner.as_deref().unwrap_or("")),
        Cell::inked(Ink::Dim, finding.rule.as_str()),
    ];
    cells.iter().map(|cell| cell.painted(look)).collect()
}

/// What a finding is found by: what stands in its row, as it came, with its whole id.
#[must_use]
pub fn finding_texts(finding: &Finding) -> [&str; 7] {
    [
        finding.severity.name(),
        finding.status.name(),
        if finding.unconfirmed.is_some() { "unconfirmed" } else { "" },
        finding.id.as_str(),
        &finding.message,
        finding.owner.as_deref().unwrap_or(""),
        finding.rule.as_str(),
    ]
}

/// “today”, “1 day”, “9 days”, counted in calendar days of UTC.
fn age(now: DateTime<Utc>, since: DateTime<Utc>) -> String {
    match (now.date_naive() - since.date_naive()).num_days() {
        ..=0 => "today".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// The columns of a list of resources of one kind.
#[must_use]
pub fn resource_columns(kind: Kind) -> Vec<RowColumn> {
    columns(&inventory_heads(kind))
}

/// A resource in the columns of its kind.
#[must_use]
pub fn resource_row(resource: &Resource, inventory: &Inventory<'_>, look: Look) -> Vec<String> {
    resource_cells(resource, inventory).iter().map(|cell| cell.painted(look)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Collection, Snapshot, sample};

    #[test]
    fn every_resource_fills_the_columns_of_its_kind() {
        let all = Collection { authority: 0, resources: sample::resources(), ledger: Vec::new() };
        let snapshot = Snapshot::seal(vec![all]);
        let inventory = Inventory::new(&snapshot);
        for resource in sample::resources() {
            let row = resource_row(&resource, &inventory, Look { width: 80, colour: false });
            assert_eq!(row.len(), resource_columns(resource.kind()).len(), "{}", resource.id);
        }
    }

    #[test]
    fn an_age_is_counted_in_days_of_the_calendar() {
        let at = |time: &str| time.parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-11-22T01:00:00Z");
        assert_eq!(age(now, at("2026-11-22T00:10:00Z")), "today");
        assert_eq!(age(now, at("2026-11-21T23:50:00Z")), "1 day");
        assert_eq!(age(now, at("2026-11-13T02:00:00Z")), "9 days");
        assert_eq!(
            age(now, at("2026-11-23T02:00:00Z")),
            "today",
            "a clock that went back makes nothing younger than new"
        );
    }
}
