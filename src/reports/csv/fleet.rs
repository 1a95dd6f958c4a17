//! The tenants of a fleet as one table, and a table of the set for all of them together: the same columns behind one that
//! says whose row it is.

use std::io;

use super::ColumnForm::{Id, List, Number, Text, Time, Word};
use super::findings::{FINDINGS, each_finding};
use super::{Cell, Column, Rows, column, write_rows};
use crate::model::{Assessment, Severity, SnapshotHead, Tenancy, TenantStatus};
use crate::reports::RenderError;
use crate::reports::fleet::overdue_words;

/// The columns of `keyroll fleet status --format csv`, for documents.
#[must_use]
pub fn fleet_columns() -> &'static [Column] {
    &COLUMNS
}

static COLUMNS: [Column; 18] = [
    column("tenant", Id, "The tenant's name: that of its configuration file"),
    column("estate", Text, "The estate's name; empty if the configuration cannot be read"),
    column("state", Word, "complete, incomplete, overdue, never scanned or unknown"),
    column("unknown_because", Text, "Why nobody can say how it stands; empty if somebody can"),
    column("latest_scan", Id, "The latest scan; empty if there was none"),
    column("latest_ended_at", Time, "When it ended"),
    column(
        "last_complete_scan",
        Id,
        "The latest scan that left nothing unseen but what was declared; empty if none did",
    ),
    column("last_complete_ended_at", Time, "When it ended"),
    column("overdue", List, "What should have happened and did not: a scan that did not begin, did not end, or failed"),
    column("gaps", Number, "Endpoints that the latest scan did not read whole and nobody declared"),
    column("declared_gaps", Number, "Those that were declared"),
    column("open_critical", Number, "Open findings after the latest scan"),
    column("open_high", Number, "The same"),
    column("open_medium", Number, "The same"),
    column("open_low", Number, "The same"),
    column("open_info", Number, "The same"),
    column("waived", Number, "Findings that a waiver covers"),
    column("schedules", Number, "Schedules it has; where there is none, nothing is ever overdue"),
];

/// Writes how tenants stand. What nobody knows of a tenant is left empty.
///
/// # Errors
/// When the place it is written to refuses.
pub fn write_fleet(tenants: &[Tenancy], out: &mut dyn io::Write) -> Result<(), RenderError> {
    write_rows(&COLUMNS, tenants.iter().map(row), out)
}

fn row(tenancy: &Tenancy) -> [Cell<'_>; 18] {
    let status = tenancy.status.as_ref().ok();
    let latest = status.and_then(|status| status.latest.as_ref());
    let complete = status.and_then(|status| status.complete.as_ref());
    let scan = |head: Option<&SnapshotHead>| Cell::optional(head, |head| Cell::own(head.id.to_string()));
    let ended = |head: Option<&SnapshotHead>| Cell::optional(head, |head| Cell::time(head.ended_at));
    let count = |of: &dyn Fn(&TenantStatus) -> usize| {
        Cell::optional(status.filter(|_| latest.is_some()), |status| Cell::number(of(status)))
    };
    let open = |severity| count(&move |status| status.findings.open.get(&severity).copied().unwrap_or(0));
    [
        Cell::foreign(&tenancy.tenant),
        Cell::optional(status, |status| Cell::foreign(&status.estate)),
        Cell::own(tenancy.state().name()),
        Cell::optional(tenancy.status.as_ref().err(), |why| Cell::foreign(why)),
        scan(latest),
        ended(latest),
        scan(complete),
        ended(complete),
        Cell::optional(status, |status| Cell::list_or_blank(status.overdue.iter().map(overdue_words))),
        count(&|status| status.gaps),
        count(&|status| status.declared),
        open(Severity::Critical),
        open(Severity::High),
        open(Severity::Medium),
        open(Severity::Low),
        open(Severity::Info),
        count(&|status| status.findings.waived),
        Cell::optional(status, |status| Cell::number(status.schedules)),
    ]
}

/// Stands before the columns of a table of the set.
pub(in crate::reports) static TENANT: Column =
    column("tenant", Id, "The tenant's name: that of its configuration file");

/// The findings of several tenants, one tenant after the other.
pub struct FleetFindings<'a>(Rows<'a>);

impl<'a> FleetFindings<'a> {
    /// Writes the first row.
    ///
    /// # Errors
    /// When the place it is written to refuses.
    pub fn begin(out: &'a mut dyn io::Write) -> Result<Self, RenderError> {
        Ok(Self(Rows::begin(std::iter::once(&TENANT).chain(FINDINGS.columns), out)))
    }

    /// Writes those of one tenant.
    ///
    /// # Errors
    /// When the place it is written to refuses.
    pub fn put(&mut self, tenant: &str, assessment: &Assessment) -> Result<(), RenderError> {
        let tenant = Cell::foreign(tenant);
        each_finding(assessment, assessment, &mut |row| self.0.put(std::iter::once(&tenant).chain(row)))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When the place it is written to refuses.
    pub fn end(self) -> Result<(), RenderError> {
        self.0.end()
    }
}
