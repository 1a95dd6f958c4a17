//! Parquet files for those who ask with DuckDB, Spark or Trino: one dataset for each table, with a folder for each tenant and day.
//!
//! What an assessment says of one tenant goes into four files. They are written row group by row group, so that memory does not
//! grow with the number of rows. What a column can hold is in `column.rs`, which rows belong to which tenant in `tenants.rs`, how
//! a folder is called in `folder.rs`, what says that an export is whole in `manifest.rs`; the tables are in the files of their nouns.

mod column;
mod findings;
mod folder;
mod ledger;
mod manifest;
mod resources;
mod scans;
mod tenants;
mod write;

use std::io;

pub use self::column::{ParquetColumn, ParquetForm};
pub use self::manifest::{ParquetManifest, ParquetManifestFile};
pub use self::scans::PARQUET_SCAN_COLUMNS;
use self::tenants::{Part, Parts};
use super::{Findings, RenderError};
use crate::digest::Digest;
use crate::model::Assessment;

/// The version of the tables, told in each file as `keyroll_parquet`. Within a version tables and columns are only added.
pub const PARQUET_VERSION: &str = "1";

/// One table.
#[derive(Debug)]
pub struct ParquetTable {
    /// Its name, which is the folder's.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// Its own columns; before them come those of [`PARQUET_SCAN_COLUMNS`].
    pub columns: &'static [ParquetColumn],
    write: fn(&ParquetExport<'_>, &str, &Part<'_>, &mut Sink<'_>) -> Result<(), RenderError>,
}

impl ParquetTable {
    /// Every column, in order.
    pub fn every_column(&self) -> impl Iterator<Item = &'static ParquetColumn> {
        PARQUET_SCAN_COLUMNS.iter().chain(self.columns)
    }
}

/// Where the bytes go.
type Sink<'a> = dyn io::Write + Send + 'a;

static SET: &[ParquetTable] = &[scans::SCANS, findings::FINDINGS, ledger::LEDGER, resources::RESOURCES];

/// Every table.
#[must_use]
pub fn parquet_set() -> &'static [ParquetTable] {
    SET
}

/// A scan, taken apart into files.
pub struct ParquetExport<'a> {
    assessment: &'a Assessment,
    findings: &'a dyn Findings,
    parts: Parts<'a>,
}

/// One file.
pub struct ParquetFile<'e, 'a> {
    /// The table it belongs to.
    pub table: &'static ParquetTable,
    tenant: &'e str,
    export: &'e ParquetExport<'a>,
    part: &'e Part<'a>,
}

impl<'a> ParquetExport<'a> {
    /// Takes an assessment apart by tenant. Its findings are told once for each tenant, so that none of them is held.
    ///
    /// # Errors
    /// When findings cannot be read.
    pub fn of(assessment: &'a Assessment, findings: &'a dyn Findings) -> Result<Self, RenderError> {
        Ok(Self { assessment, findings, parts: Parts::of(assessment, findings)? })
    }

    /// Each file once. A tenant of which anything is said has one in every table, be it without rows.
    pub fn files(&self) -> impl Iterator<Item = ParquetFile<'_, 'a>> {
        SET.iter().flat_map(move |table| {
            self.parts.iter().map(move |(tenant, part)| ParquetFile { table, tenant, export: self, part })
        })
    }

    /// Where each file lies below the folder of its tenant: `date=2026-11-22/s12-4V7ZQ0YR.parquet`. The letters tell scans apart
    /// that have the same number in different stores.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}.parquet", self.name())
    }

    /// The day and the name that all files of the scan have.
    fn name(&self) -> String {
        let head = &self.assessment.head;
        let mark = Digest::of(&(&head.estate, head.id, head.started_at)).base32(8);
        format!("date={}/{}-{mark}", head.ended_at.format("%Y-%m-%d"), head.id)
    }
}

impl ParquetFile<'_, '_> {
    /// Where it belongs: `findings/tenant=acme/date=2026-11-22/s12-4V7ZQ0YR.parquet`. What may not stand in a name is a percent sign
    /// and two digits.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}/{}", self.table.name, folder::of_tenant(self.tenant), self.export.place())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When the place it is written to refuses, or findings cannot be read.
    pub fn write(&self, out: &mut Sink<'_>) -> Result<(), RenderError> {
        (self.table.write)(self.export, self.tenant, self.part, out)
    }
}
