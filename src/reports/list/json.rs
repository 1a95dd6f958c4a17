//! A list for machines: one document with a version. Its shape is written down in `schemas/keyroll-list-v1.schema.json`. A row
//! tells its columns by their names, each as what it is: a value, `null` for none, and what nobody knows is left out.

use std::io;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::List;
use crate::model::{Fact, SnapshotHead};
use crate::reports::RenderError;
use crate::reports::csv::{Cell, Column};
use crate::reports::json::{V1Scan, write_document};

/// The JSON Schema of a list.
pub const LIST_SCHEMA: &str = include_str!("../../../reports/schemas/keyroll-list-v1.schema.json");

/// What is to be said of a list beside its rows.
#[derive(Debug, Clone, Default)]
pub struct ListHead<'a> {
    /// The scan it is of; `None` for a list of several tenants.
    pub scan: Option<&'a SnapshotHead>,
    /// The tenants it is of, with the scan of each.
    pub tenants: Vec<ListTenant<'a>>,
    /// The condition that rows were held against, if one was.
    pub condition: Option<&'a str>,
    /// What it could not be told of.
    pub undecided: Option<&'a Undecided>,
    /// True if those are the rows of the list.
    pub of_undecided: bool,
    /// Endpoints that were not read whole and could show more rows.
    pub gaps: usize,
    /// True if no source that was asked shows such things at all.
    pub shown_by_none: bool,
}

/// A tenant among several, with its scan, or why nothing is known of it.
pub type ListTenant<'a> = (&'a str, Result<&'a SnapshotHead, &'a str>);

/// Of how many things a condition could not be told, for each reason: the most frequent first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undecided(pub Vec<(String, usize)>);

impl Undecided {
    /// How many things these are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|(_, count)| count).sum()
    }
}

#[derive(Serialize)]
struct V1List<'a> {
    keyroll_list: u32,
    list: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scan: Option<V1Scan<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tenants: Vec<V1Tenant<'a>>,
    endpoints_not_read_whole: usize,
    no_source_shows_them: bool,
    condition: Option<&'a str>,
    undecided: Option<V1Undecided<'a>>,
    rows_are_undecided: bool,
    columns: Vec<&'a str>,
    rows: V1Rows<'a>,
}

#[derive(Serialize)]
struct V1Tenant<'a> {
    tenant: &'a str,
    scan: Option<V1Scan<'a>>,
    unknown_because: Option<&'a str>,
}

impl<'a> V1Tenant<'a> {
    fn of((tenant, scan): &ListTenant<'a>) -> Self {
        Self { tenant, scan: scan.ok().map(V1Scan::of), unknown_because: scan.err() }
    }
}

#[derive(Serialize)]
struct V1Undecided<'a> {
    count: usize,
    because: Vec<V1Because<'a>>,
}

#[derive(Serialize)]
struct V1Because<'a> {
    reason: &'a str,
    count: usize,
}

impl<'a> V1Undecided<'a> {
    fn of(undecided: &'a Undecided) -> Self {
        let because = undecided.0.iter().map(|(reason, count)| V1Because { reason, count: *count });
        Self { count: undecided.count(), because: because.collect() }
    }
}

struct V1Rows<'a>(&'a List);

impl Serialize for V1Rows<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.rows.iter().map(|row| V1Row(self.0, row)))
    }
}

struct V1Row<'a>(&'a List, &'a [Cell<'static>]);

impl Serialize for V1Row<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut row = to.serialize_map(None)?;
        let cells = self.0.shown().filter_map(|(at, column)| Some((column, self.1.get(at)?)));
        for (Column { name, form, .. }, cell) in cells {
            match cell.value(*form) {
                Fact::Known(value) => row.serialize_entry(name, &value)?,
                Fact::Absent => row.serialize_entry(name, &())?,
                Fact::Unknown => {}
            }
        }
        row.end()
    }
}

impl List {
    /// The list as one JSON document.
    ///
    /// # Errors
    /// When the place it is written to refuses.
    pub fn json(&self, head: &ListHead<'_>, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let document = V1List {
            keyroll_list: 1,
            list: self.listable.table.name,
            scan: head.scan.map(V1Scan::of),
            tenants: head.tenants.iter().map(V1Tenant::of).collect(),
            endpoints_not_read_whole: head.gaps,
            no_source_shows_them: head.shown_by_none,
            condition: head.condition,
            undecided: head.undecided.map(V1Undecided::of),
            rows_are_undecided: head.of_undecided,
            columns: self.shown().map(|(_, column)| column.name).collect(),
            rows: V1Rows(self),
        };
        write_document(&document, out)
    }
}
