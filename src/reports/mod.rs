//! What a reader receives: the views for a terminal, the set of CSV files, and the JSON for machines.
//!
//! Everything here is a pure function of an [`Assessment`] or a part of one: same input, same bytes. Nothing here knows
//! where the assessment came from, and no format serialises our own types, so both sides may change freely. Formats that
//! say one thing after the other are written from [`Findings`], which need not be held all at once.

mod access;
mod backtest;
mod checkup;
mod chronicle;
mod controls;
mod csv;
mod detail;
mod drift;
mod explain;
mod facts;
mod fleet;
mod gains_page;
mod html;
mod ics;
mod json;
mod junit;
mod layout;
mod list;
mod listings;
mod markdown;
mod morning;
mod ocsf;
mod order;
mod oscal;
mod outbox;
mod parquet;
mod register_page;
mod review;
mod rows;
mod sarif;
mod say;
mod scans;
mod source_page;
mod table;
mod told;
mod values;
mod whatif;

use std::io;

use crate::model::Assessment;

pub use self::access::{
    AccessQuestion, WhoCanQuestion, access_csv, access_json, access_page, access_parts, who_can_csv, who_can_json,
    who_can_page, who_can_parts,
};
pub use self::backtest::{TriedHead, tried_json, tried_page};
pub use self::checkup::{checkup_json, checkup_page};
pub use self::chronicle::{HISTORY_SCHEMA, history_csv, history_json, history_page, history_parts};
pub use self::controls::{controls_json, controls_table};
pub use self::csv::{
    Column, ColumnForm, CsvTable, FleetFindings, WriteTable, csv_set, fleet_columns, write_changes, write_column_list,
    write_csv_set, write_data_package, write_fleet,
};
pub use self::detail::{Evidence, History, NeededFact, ReadFrom, RulePage, RuleText, finding_detail, rule_detail};
pub use self::drift::{DRIFT_SCHEMA, drift_gaps, drift_json, drift_left_out, drift_page, drift_table};
pub use self::explain::{
    FindingNote, Judgement, ResourceNote, Section, Sight, Thing, finding_note, finding_note_parts, resource_note,
    resource_note_parts, use_and_reach,
};
pub use self::fleet::{fleet_json, fleet_table, overdue_words};
pub use self::gains_page::{GainRow, GainsPage, gains_page};
pub use self::html::{
    Histories, HtmlReport, Overview, Parts, html_report, page_style, page_templates, page_texts, shown, unseen_words,
};
pub use self::ics::calendar_ics;
pub use self::json::{EXPLANATION_SCHEMA, JSON_SCHEMA, finding_note_json, resource_note_json};
pub use self::layout::Look;
pub use self::list::{LIST_SCHEMA, List, ListHead, ListTenant, Listable, Misnamed, Pick, Undecided, View};
pub use self::listings::{
    coverage_grid, coverage_table, findings_table, fleet_findings_table, inventory_grid, inventory_table,
    resource_texts, rules_table, waivers_table,
};
pub use self::morning::{blind_spots, coverage_in_words, may_be_more, morning_view};
pub use self::outbox::{calendar_table, outbox_table, preview_page};
pub use self::parquet::{
    PARQUET_SCAN_COLUMNS, PARQUET_VERSION, ParquetColumn, ParquetExport, ParquetFile, ParquetForm, ParquetManifest,
    ParquetManifestFile, ParquetTable, parquet_set,
};
pub use self::register_page::{DifferenceRow, OpenRow, RegisterPage, register_page};
pub use self::review::{
    review_columns_csv, review_csv, review_json, review_not_seen_csv, review_page, reviews_json, reviews_table,
};
pub use self::rows::{RowColumn, finding_columns, finding_row, finding_texts, resource_columns, resource_row};
pub use self::scans::{FateRow, baselines_table, fates_table, snapshots_table};
pub use self::source_page::{EndpointRow, SourcePage, source_page};
pub use self::table::Grid;
pub use self::told::{Findings, Told, Wanted};
pub use self::whatif::{SimulationHead, simulation_json, simulation_page};

/// A way of writing an assessment as one file.
#[derive(Debug)]
pub struct Format {
    /// The name people type.
    pub name: &'static str,
    /// The ending of the file's name, without its dot.
    pub extension: &'static str,
    /// The media type.
    pub media_type: &'static str,
    /// Who reads it, in one line.
    pub summary: &'static str,
    /// Writes the assessment.
    pub render: fn(&Assessment, &mut dyn io::Write) -> Result<(), RenderError>,
    /// Writes the same without having all findings at hand, where the format can be written so.
    pub stream: Option<Stream>,
}

/// Writes what is told of findings while they come, one after the other. Of an assessment written so, the lists of findings and
/// steps are not looked at, nor which waivers are set aside: only that they are.
pub type Stream = fn(&Assessment, &dyn Findings, &mut dyn io::Write) -> Result<(), RenderError>;

impl Format {
    /// Writes the assessment with its findings told one by one; a format that cannot be written so, from the assessment
    /// alone, which then has to have them all.
    ///
    /// # Errors
    /// When the place it is written to refuses, or the findings cannot be read.
    pub fn write(
        &self,
        assessment: &Assessment,
        findings: &dyn Findings,
        out: &mut dyn io::Write,
    ) -> Result<(), RenderError> {
        match self.stream {
            Some(stream) => stream(assessment, findings, out),
            None => (self.render)(assessment, out),
        }
    }
}

/// Every format of one file. The CSV files are a set of their own: [`csv_set`].
pub static FORMATS: &[Format] =
    &[json::FORMAT, json::LINES, markdown::FORMAT, sarif::FORMAT, junit::FORMAT, ocsf::FORMAT, oscal::FORMAT];

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The place it was written to refused.
    #[error("cannot write the report")]
    Write(#[from] io::Error),
    /// The assessment lacks something that the report is made from: without it, the report would say that there is none.
    #[error("cannot write the report: {0} were not read from the store")]
    NotRead(&'static str),
    /// What findings are told from failed half-way.
    #[error(transparent)]
    Unreadable(Box<dyn std::error::Error + Send + Sync>),
}
