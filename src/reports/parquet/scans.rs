//! Which scan it was and whether it saw everything: told in every row of every table, and in a table of its own.

use super::column::{Value, column, optional};
use super::tenants::Part;
use super::write::write_rows;
use super::{ParquetColumn, ParquetExport, ParquetForm, ParquetTable};
use crate::model::{Assessment, Tally};

/// The columns with which each row of each table begins.
pub static PARQUET_SCAN_COLUMNS: [ParquetColumn; 5] = [
    column("estate", ParquetForm::Text, "The estate's name in the configuration"),
    column("snapshot_id", ParquetForm::Text, "The snapshot's number in its store: s12"),
    column("scan_started_at", ParquetForm::Time, "When the scan began; with the estate it names the scan"),
    column("scan_ended_at", ParquetForm::Time, "When it was sealed and judged; its day in UTC is the folder `date`"),
    column(
        "scan_complete",
        ParquetForm::YesNo,
        "False if something was left unseen that nobody had accepted: then there may be more than the rows say",
    ),
];

/// What is the same in every row of a scan.
pub(super) fn scan_values(assessment: &Assessment) -> [Value<'_>; 5] {
    let head = &assessment.head;
    [
        Value::text(&head.estate),
        Value::text(head.id.to_string()),
        Value::time(head.started_at),
        Value::time(head.ended_at),
        Value::yes_no(head.complete && !assessment.snapshot.ledger.is_empty()),
    ]
}

pub(super) const SCANS: ParquetTable = ParquetTable {
    name: "scans",
    about: "Which scans there were, and what each saw: a row for each scan and tenant. What is said of the whole scan is the \
            same in all its rows",
    columns: &COLUMNS,
    write: |export, _tenant, part, out| {
        write_rows(&SCANS, &scan_values(export.assessment), std::iter::once(row(export, part)), out)
    },
};

static COLUMNS: [ParquetColumn; 22] = [
    column("resources_seen", ParquetForm::Number, "Things of this tenant that were seen"),
    column(
        "resources_carried",
        ParquetForm::Number,
        "Things of this tenant that were out of sight, and are told as last known",
    ),
    column("findings_open", ParquetForm::Number, "Open findings about things of this tenant"),
    column("findings_waived", ParquetForm::Number, "Those that a waiver covers"),
    column("findings_resolved", ParquetForm::Number, "Those that are over"),
    column(
        "findings_unconfirmed",
        ParquetForm::Number,
        "Those that could not be looked at again, be they open or waived",
    ),
    column("tenant_gaps", ParquetForm::Number, "Rows of `ledger` under this tenant that were not read whole"),
    column("endpoints", ParquetForm::Number, "Endpoints that were to be read, in the whole scan"),
    column("endpoints_complete", ParquetForm::Number, "Those proven to be read whole"),
    column("gaps", ParquetForm::Number, "Those not read whole, for whatever reason"),
    column("gaps_undeclared", ParquetForm::Number, "Those that nobody accepted"),
    column("sources", ParquetForm::List, "The sources that were asked"),
    column("rules", ParquetForm::Number, "Rules that judged"),
    column("rules_not_whole", ParquetForm::Number, "Those that could not judge everything"),
    column("rules_off", ParquetForm::Number, "Rules that were switched off, or that a pack left out"),
    optional("compared_with", ParquetForm::Text, "The snapshot it was compared with; NULL for a first scan"),
    optional("compared_with_started_at", ParquetForm::Time, "When that one began; NULL for a first scan"),
    optional("baseline", ParquetForm::Text, "The name of the accepted baseline; NULL if there is none"),
    optional("baseline_accepted_by", ParquetForm::Text, "Who accepted it; NULL if there is none"),
    column("snapshot_digest", ParquetForm::Text, "SHA-256 of the snapshot"),
    column("rules_digest", ParquetForm::Text, "SHA-256 of the rules it was judged by, with their parameters"),
    column("tool_version", ParquetForm::Text, "The version of keyroll that scanned"),
];

fn row<'a>(export: &ParquetExport<'a>, part: &Part<'a>) -> [Value<'a>; 22] {
    let assessment = export.assessment;
    let (head, ledger) = (&assessment.head, &assessment.snapshot.ledger);
    let gaps = ledger.iter().filter(|entry| entry.is_gap()).count();
    let not_whole = |rule: &&_| !assessment.tallies.get(rule).is_some_and(Tally::is_whole);
    let seen = part.resources.iter().filter(|(_, was_seen)| *was_seen).count();
    let findings = &part.findings;
    let (previous, baseline) = (assessment.previous.as_ref(), assessment.baseline.as_ref());
    [
        Value::count(seen),
        Value::count(part.resources.len() - seen),
        Value::count(findings.open.values().sum::<usize>()),
        Value::count(findings.waived),
        Value::count(findings.resolved),
        Value::count(findings.unconfirmed),
        Value::count(part.endpoints.iter().filter(|endpoint| endpoint.entry.is_gap()).count()),
        Value::count(ledger.len()),
        Value::count(ledger.len() - gaps),
        Value::count(gaps),
        Value::count(ledger.iter().filter(|entry| entry.is_undeclared_gap()).count()),
        Value::list(head.sources.iter().map(|source| source.as_str())),
        Value::count(assessment.rules.len()),
        Value::count(assessment.rules.iter().map(|rule| &rule.id).filter(not_whole).count()),
        Value::count(head.rules_off.len()),
        Value::optional(previous, |previous| Value::text(previous.id.to_string())),
        Value::optional(previous, |previous| Value::time(previous.started_at)),
        Value::optional(baseline, |baseline| Value::text(&baseline.name)),
        Value::optional(baseline, |baseline| Value::text(&baseline.accepted_by)),
        Value::text(head.digest.to_string()),
        Value::text(head.rules_digest.to_string()),
        Value::text(&head.tool_version),
    ]
}
