//! The tenants of a fleet as one table, and a table of the set for all of them together: the same columns behind one that
//! says whose row it is.

use std::io;

use super::ColumnForm::{Id, List, Number, Text, Time, Word};
use super::{Cell, Column, column, csv_set, write_rows};
use crate::model::{Assessment, Severity, SnapshotHead, Tenancy, TenantStatus};
use crate::reports::RenderError;
use crate::reports::fleet::overdue;

/// What the columns of `keyroll fleet status --format csv` hold.
static COLUMNS: [Column; 17] = [
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
    column("overdue", List, "What should have happened on its schedules and did not"),
    column("gaps", Number, "Endpoints that the latest scan did not read whole and nobody declared"),
    column("declared_gaps", Number, "Those that were declared"),
    column("open_critical", Number, "Open findings after the latest scan"),
    column("open_high", Number, "The same"),
    column("open_medium", Number, "The same"),
    column("open_low", Number, "The same"),
    column("open_info", Number, "The same"),
    column("waived", Number, "Findings that a waiver covers"),
];

/// Writes how tenants stand. What nobody knows of a tenant is left empty.
///
/// # Errors
/// When the place it is written to refuses.
pub fn write_fleet(tenants: &[Tenancy], out: &mut dyn io::Write) -> Result<(), RenderError> {
    write_rows(&COLUMNS, tenants.iter().map(row), out)
}

fn row(tenancy: &Tenancy) -> [Cell<'_>; 17] {
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
        Cell::optional(status, |status| Cell::list_or_blank(status.overdue.iter().map(overdue))),
        count(&|status| status.gaps),
        count(&|status| status.declared),
        open(Severity::Critical),
        open(Severity::High),
        open(Severity::Medium),
        open(Severity::Low),
        open(Severity::Info),
        count(&|status| status.findings.waived),
    ]
}

/// The findings of several tenants, one tenant after the other.
pub struct FleetFindings<'a> {
    writer: csv::Writer<&'a mut dyn io::Write>,
    begun: bool,
}

impl<'a> FleetFindings<'a> {
    /// Begins to write.
    pub fn new(out: &'a mut dyn io::Write) -> Self {
        let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        Self { writer, begun: false }
    }

    /// Writes those of one tenant.
    ///
    /// # Errors
    /// When the place it is written to refuses.
    pub fn put(&mut self, tenant: &str, assessment: &Assessment) -> Result<(), RenderError> {
        let table = csv_set().iter().find(|table| table.name == "findings");
        let table = table.expect("internal: findings are in the set");
        let mut own = Vec::new();
        (table.write)(assessment, &mut own)?;
        let tenant = Cell::foreign(tenant);
        let rows = csv::ReaderBuilder::new().has_headers(false).from_reader(own.as_slice()).into_byte_records();
        for (at, row) in rows.enumerate() {
            let row = row.map_err(io::Error::from)?;
            let first = match at {
                0 if self.begun => continue,
                0 => "tenant",
                _ => tenant.as_str(),
            };
            let cells = std::iter::once(first.as_bytes()).chain(row.iter());
            self.writer.write_record(cells).map_err(io::Error::from)?;
            self.begun = true;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When the place it is written to refuses.
    pub fn end(mut self) -> Result<(), RenderError> {
        Ok(self.writer.flush()?)
    }
}
