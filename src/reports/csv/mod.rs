//! The set of CSV files: for spreadsheets, auditors and whatever imports tables.
//!
//! RFC 4180, UTF-8, rows sorted by their id, columns only ever added at the end. What a cell says for unknown and for
//! none, and how foreign text is kept from being a formula, is in `cell.rs`; the tables are in the files of their nouns.

mod cell;
mod controls;
mod findings;
mod fleet;
mod resources;
mod reviewed;
mod scan;
mod schema;

use std::io;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub(super) use self::cell::Cell;
pub(super) use self::fleet::TENANT;
pub use self::fleet::{FleetFindings, fleet_columns, write_fleet};
pub use self::scan::write_changes;
pub(super) use self::scan::{each_change, json_value};
pub use self::schema::write_data_package;
use super::{Findings, RenderError};
use crate::model::Assessment;

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnForm {
    /// Text.
    Text,
    /// An id that keyroll made or a source gave; the same in every scan.
    Id,
    /// One of a few words.
    Word,
    /// The word for how bad something is, which has a rank.
    Severity,
    /// A whole number.
    Number,
    /// `yes` or `no`.
    YesNo,
    /// A moment in UTC: `2026-11-22T02:00:00Z`.
    Time,
    /// A day: `2026-11-22`.
    Day,
    /// Texts with `; ` between them. A semicolon within one is written `\;`, a backslash `\\`.
    List,
}

impl ColumnForm {
    /// The word used in the list of columns.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Id => "id",
            Self::Word | Self::Severity => "word",
            Self::Number => "number",
            Self::YesNo => "yes-no",
            Self::Time => "time",
            Self::Day => "day",
            Self::List => "list",
        }
    }
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in the first row.
    pub name: &'static str,
    /// What its cells hold.
    pub form: ColumnForm,
    /// What it means. Where a fact may be missing, it says what `none` means here.
    pub about: &'static str,
}

pub(super) const fn column(name: &'static str, form: ColumnForm, about: &'static str) -> Column {
    Column { name, form, about }
}

/// One file of the set.
#[derive(Debug)]
pub struct CsvTable {
    /// The file's name without `.csv`.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
    /// Puts its rows, one after the other.
    rows: fn(&Assessment, &dyn Findings, Put<'_>) -> Result<(), RenderError>,
    /// True if its rows are made from findings. The others never look at them.
    tells_findings: bool,
}

/// Takes rows, one after the other: a cell for each column.
pub(super) type Put<'a> = &'a mut dyn FnMut(&[Cell<'_>]) -> Result<(), RenderError>;

impl CsvTable {
    /// Puts its rows, one after the other.
    pub(super) fn each(&self, assessment: &Assessment, put: Put<'_>) -> Result<(), RenderError> {
        (self.rows)(assessment, assessment, put)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When the place it is written to refuses, or the assessment lacks what the rows are made from.
    pub fn write(&self, assessment: &Assessment, out: &mut dyn io::Write) -> Result<(), RenderError> {
        self.write_told(assessment, assessment, out)
    }

    /// Writes the file with findings told one by one.
    ///
    /// # Errors
    /// When the place it is written to refuses, or the findings cannot be read.
    pub fn write_told(
        &self,
        assessment: &Assessment,
        findings: &dyn Findings,
        out: &mut dyn io::Write,
    ) -> Result<(), RenderError> {
        let mut rows = Rows::begin(self.columns, out);
        (self.rows)(assessment, findings, &mut |row| rows.put(row))?;
        rows.end()
    }
}

static SET: &[CsvTable] = &[
    scan::SCAN,
    findings::FINDINGS,
    findings::RULES,
    controls::CONTROLS,
    reviewed::ACCESS_REVIEW,
    findings::WAIVERS,
    scan::COVERAGE,
    scan::DRIFT,
    resources::PRINCIPALS,
    resources::GROUPS,
    resources::CREDENTIALS,
    resources::CONTAINERS,
    resources::GRANTS,
    resources::APPS,
    resources::WEBHOOKS,
    resources::AUTOMATIONS,
    resources::VARIABLES,
    resources::SETTINGS,
    resources::INTEGRATIONS,
    resources::PEOPLE,
];

/// Every file of the set, in the order a reader would open them.
#[must_use]
pub fn csv_set() -> &'static [CsvTable] {
    SET
}

/// Writes one table to where it is brought.
pub type WriteTable<'a> = dyn Fn(&mut dyn io::Write) -> Result<(), RenderError> + 'a;

/// Writes every file of the set: `put` opens a table's file and has it written. What is told of findings is told one after the
/// other; the tables that never look at them are written beside it, on all processors.
///
/// # Errors
/// The first error of `put`. Other files may have been written all the same.
pub fn write_csv_set<E: Send>(
    assessment: &Assessment,
    findings: &dyn Findings,
    put: impl Fn(&CsvTable, &WriteTable<'_>) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let (told, plain): (Vec<&CsvTable>, Vec<&CsvTable>) = SET.iter().partition(|table| table.tells_findings);
    let next = AtomicUsize::new(0);
    let write_plain = || -> Result<(), E> {
        while let Some(table) = plain.get(next.fetch_add(1, Ordering::Relaxed)) {
            put(table, &|out| table.write(assessment, out))?;
        }
        Ok(())
    };
    let hands = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        let beside: Vec<_> = (1..hands).map(|_| scope.spawn(write_plain)).collect();
        let told = told.iter().try_for_each(|table| put(table, &|out| table.write_told(assessment, findings, out)));
        let own = told.and_then(|()| write_plain());
        let beside = beside.into_iter().map(|hand| hand.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        beside.fold(own, Result::and)
    })
}

/// What a column says of the kind of a resource.
const KINDS: &str = "principal, group, credential, container, grant, app, webhook, automation, variable, setting, \
                     integration or person";

/// Writes the list of all tables and columns, which lies beside the files as `columns.csv`.
///
/// # Errors
/// When the place it is written to refuses.
pub fn write_column_list(out: &mut dyn io::Write) -> Result<(), RenderError> {
    describe(SET.iter().map(|table| (table.name, table.columns)), out)
}

/// Writes the list of the columns of some tables, and of its own.
pub(super) fn describe(
    tables: impl Iterator<Item = (&'static str, &'static [Column])>,
    out: &mut dyn io::Write,
) -> Result<(), RenderError> {
    static COLUMNS: [Column; 5] = [
        column("table", ColumnForm::Word, "The file's name without .csv"),
        column("position", ColumnForm::Number, "Place of the column in its file, from 1"),
        column("column", ColumnForm::Word, "The column's name"),
        column("form", ColumnForm::Word, "What its cells hold"),
        column("about", ColumnForm::Text, cell::LEGEND),
    ];
    let tables = std::iter::once(("columns", &COLUMNS[..])).chain(tables);
    let rows = tables.flat_map(|(table, columns)| {
        columns.iter().enumerate().map(move |(at, column)| {
            [
                Cell::own(table),
                Cell::number(at + 1),
                Cell::own(column.name),
                Cell::own(column.form.name()),
                Cell::own(column.about),
            ]
        })
    });
    write_rows(&COLUMNS, rows, out)
}

/// Puts rows one by one.
pub(super) fn put_rows<'a, const N: usize>(
    _columns: &[Column; N],
    mut rows: impl Iterator<Item = [Cell<'a>; N]>,
    put: Put<'_>,
) -> Result<(), RenderError> {
    rows.try_for_each(|row| put(&row))
}

/// Writes the first row and the rows one by one.
pub(super) fn write_rows<'a, const N: usize>(
    columns: &[Column; N],
    rows: impl Iterator<Item = [Cell<'a>; N]>,
    out: &mut dyn io::Write,
) -> Result<(), RenderError> {
    let mut file = Rows::begin(columns, out);
    put_rows(columns, rows, &mut |row| file.put(row))?;
    file.end()
}

/// A file that is being written. Nothing is, not even its first row, before there is a row or the end: what lacks its data leaves no
/// file that looks empty.
pub(super) struct Rows<'a> {
    file: csv::Writer<&'a mut dyn io::Write>,
    /// The first row, until it is written.
    heading: Vec<&'static str>,
}

impl<'a> Rows<'a> {
    /// A file with these columns.
    pub(super) fn begin<'c>(columns: impl IntoIterator<Item = &'c Column>, out: &'a mut dyn io::Write) -> Self {
        let file = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        Self { file, heading: columns.into_iter().map(|column| column.name).collect() }
    }

    /// Writes a row: a cell for each column.
    pub(super) fn put<'c>(&mut self, row: impl IntoIterator<Item = &'c Cell<'c>>) -> Result<(), RenderError> {
        self.head()?;
        for cell in row {
            self.file.write_field(cell.written().as_bytes()).map_err(io::Error::from)?;
        }
        Ok(self.file.write_record(None::<&[u8]>).map_err(io::Error::from)?)
    }

    pub(super) fn end(mut self) -> Result<(), RenderError> {
        self.head()?;
        Ok(self.file.flush()?)
    }

    /// Writes the first row, if it is not written yet.
    fn head(&mut self) -> Result<(), RenderError> {
        let heading = std::mem::take(&mut self.heading);
        if heading.is_empty() {
            return Ok(());
        }
        Ok(self.file.write_record(heading).map_err(io::Error::from)?)
    }
}
