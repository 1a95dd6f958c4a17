//! What was done and seen: the scan itself, the coverage ledger, the drift.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::ColumnForm::{Id, List, Number, Text, Time, Word, YesNo};
use super::cell::Cell;
use super::{Column, CsvTable, KINDS, Put, Rows, column, put_rows};
use crate::model::{Assessment, Change, FieldChange, Kind, LedgerEntry, RuleId, SourceName};
use crate::reports::{RenderError, order};

pub(super) const SCAN: CsvTable = CsvTable {
    name: "scan",
    about: "One row: which scan the other files are about, and whether it saw everything",
    columns: &SCAN_COLUMNS,
    rows: |assessment, _, put| put_rows(&SCAN_COLUMNS, std::iter::once(scan_row(assessment)), put),
    tells_findings: false,
};

static SCAN_COLUMNS: [Column; 18] = [
    column("snapshot_id", Id, "The snapshot's number in its store"),
    column("estate", Text, "The estate's name in the configuration"),
    column("started_at", Time, "When the scan began"),
    column("ended_at", Time, "When it was sealed and judged"),
    column("complete", YesNo, "yes if nothing was left unseen but what was declared or left out on purpose"),
    column("endpoints", Number, "Endpoints that were to be read"),
    column("endpoints_complete", Number, "Endpoints proven to be read whole"),
    column("gaps", Number, "Endpoints not read whole, for whatever reason"),
    column("gaps_undeclared", Number, "Those that nobody accepted"),
    column("sources", List, "The sources that were asked"),
    column("compared_with", Id, "The snapshot it was compared with; none for a first scan"),
    column("compared_with_started_at", Time, "When that one began; none for a first scan"),
    column("baseline", Text, "The name of the accepted baseline; none if there is none"),
    column("baseline_accepted_by", Text, "Who accepted it; none if there is none"),
    column("snapshot_digest", Id, "SHA-256 of the snapshot"),
    column("rules_digest", Id, "SHA-256 of the rules it was judged by, with their parameters"),
    column("tool_version", Text, "keyroll's version"),
    column("waivers_applied", YesNo, "no in a view without waivers: there what is waived is shown as open"),
];

fn scan_row(assessment: &Assessment) -> [Cell<'_>; 18] {
    let head = &assessment.head;
    let ledger = &assessment.snapshot.ledger;
    let gaps = ledger.iter().filter(|entry| entry.is_gap()).count();
    let none = || Cell::own("none");
    let previous = assessment.previous.as_ref();
    let baseline = assessment.baseline.as_ref();
    [
        Cell::own(head.id.to_string()),
        Cell::foreign(&head.estate),
        Cell::time(head.started_at),
        Cell::time(head.ended_at),
        Cell::yes_no(head.complete && !ledger.is_empty()),
        Cell::number(ledger.len()),
        Cell::number(ledger.len() - gaps),
        Cell::number(gaps),
        Cell::number(ledger.iter().filter(|entry| entry.is_undeclared_gap()).count()),
        Cell::list(head.sources.iter().map(SourceName::as_str)),
        previous.map_or_else(none, |previous| Cell::own(previous.id.to_string())),
        previous.map_or_else(none, |previous| Cell::time(previous.started_at)),
        baseline.map_or_else(none, |baseline| Cell::foreign(&baseline.name)),
        baseline.map_or_else(none, |baseline| Cell::foreign(&baseline.accepted_by)),
        Cell::own(head.digest.to_string()),
        Cell::own(head.rules_digest.to_string()),
        Cell::own(head.tool_version.as_str()),
        Cell::yes_no(assessment.set_aside.is_none()),
    ]
}

pub(super) const COVERAGE: CsvTable = CsvTable {
    name: "coverage",
    about: "Every endpoint of every source: how far it was read, and what is unknown because it was not",
    columns: &COVERAGE_COLUMNS,
    rows: |assessment, _, put| {
        let mut waiting: BTreeMap<(&str, &str), BTreeSet<&RuleId>> = BTreeMap::new();
        for (rule, tally) in &assessment.tallies {
            for gap in &tally.unseen {
                waiting.entry((gap.source.as_str(), &gap.endpoint)).or_default().insert(rule);
            }
        }
        let ledger = order::ledger(assessment);
        let rows = ledger.into_iter().map(|entry| {
            let rules = waiting.get(&(entry.source.as_str(), entry.endpoint.as_ref()));
            coverage_row(entry, rules.into_iter().flatten().map(|rule| rule.as_str()))
        });
        put_rows(&COVERAGE_COLUMNS, rows, put)
    },
    tells_findings: false,
};

static COVERAGE_COLUMNS: [Column; 21] = [
    column("source", Id, "The source's name in the configuration"),
    column("endpoint", Id, "The endpoint in words; with the source it names the row"),
    column("state", Word, "complete (proven), partial, denied, not-offered, failed or skipped"),
    column("reason", Text, "Why it is not complete; empty if it is"),
    column("declared", Text, "The reason somebody gave for accepting the gap; empty if nobody did"),
    column("counts_as_incomplete", YesNo, "yes if the gap makes the whole scan incomplete"),
    column("rules_unknown", List, "Rules that cannot give a whole answer because of the gap"),
    column("right", Text, "The right that reading it takes"),
    column("rows", Number, "Rows received"),
    column("rows_expected", Number, "Rows there are as the server counts them; unknown where it does not count"),
    column("shows", List, "The kinds of resource it can show"),
    column("forms", List, "The forms of those kinds that it is about; empty if it can show any"),
    column("path", Text, "Method and path, with {} for ids"),
    column("requests", Number, "Requests sent, retries included"),
    column("pages", Number, "Readable pages"),
    column("statuses", List, "How often each HTTP status came, as status × times"),
    column("retries", Number, "Requests sent again"),
    column("last_cursor", Text, "Cursor, link or offset asked for last; empty where there is none"),
    column("unreadable", List, "Which rows and fields were not understood: a few of them"),
    column("started_at", Time, "When reading began"),
    column("ended_at", Time, "When it ended"),
];

fn coverage_row<'a>(entry: &'a LedgerEntry, rules: impl Iterator<Item = &'a str>) -> [Cell<'a>; 21] {
    [
        Cell::foreign(entry.source.as_str()),
        Cell::foreign(&entry.endpoint),
        Cell::own(entry.state.name()),
        Cell::foreign(&entry.reason),
        Cell::optional(entry.declared.as_deref(), Cell::foreign),
        Cell::yes_no(entry.is_undeclared_gap()),
        Cell::list_or_blank(rules),
        Cell::foreign(&entry.right),
        Cell::number(entry.rows),
        entry.rows_expected.map_or_else(|| Cell::own("unknown"), Cell::number),
        Cell::list_or_blank(entry.shows.iter().map(|kind: &Kind| kind.name())),
        Cell::list_or_blank(entry.forms.iter()),
        Cell::foreign(&entry.path),
        Cell::number(entry.requests),
        Cell::number(entry.pages),
        Cell::list_or_blank(entry.statuses.iter().map(|(status, times)| format!("{status} × {times}"))),
        Cell::number(entry.retries),
        Cell::optional(entry.last_cursor.as_deref(), Cell::foreign),
        Cell::list_or_blank(entry.unreadable.iter()),
        Cell::time(entry.started_at),
        Cell::time(entry.ended_at),
    ]
}

pub(super) const DRIFT: CsvTable = CsvTable {
    name: "drift",
    about: "What changed since the scan before: a row for each changed field, or one for the whole resource",
    columns: &DRIFT_COLUMNS,
    rows: |assessment, _, put| each_change(&order::changes(assessment), put),
    tells_findings: false,
};

/// Writes changes as `drift.csv` has them, in the order in which they are given.
///
/// # Errors
/// When the place it is written to refuses.
pub fn write_changes(changes: &[&Change], out: &mut dyn io::Write) -> Result<(), RenderError> {
    let mut rows = Rows::begin(&DRIFT_COLUMNS, out);
    each_change(changes, &mut |row| rows.put(row))?;
    rows.end()
}

/// Changes as rows of the table, in the order in which they are given.
pub(in crate::reports) fn each_change(changes: &[&Change], put: Put<'_>) -> Result<(), RenderError> {
    let rows = changes.iter().flat_map(|change| {
        let whole = change.fields.is_empty().then(|| drift_row(change, None));
        whole.into_iter().chain(change.fields.iter().map(|field| drift_row(change, Some(field))))
    });
    put_rows(&DRIFT_COLUMNS, rows, put)
}

static DRIFT_COLUMNS: [Column; 12] = [
    column("resource_id", Id, "The resource; with the field it names the row"),
    column("field", Id, "The field that differs; empty when the row is about the whole resource"),
    column(
        "what",
        Word,
        "added, removed, changed, rotated; first-seen, which may be old; or not-observed, which may still be there",
    ),
    column("resource_kind", Word, KINDS),
    column("resource_name", Text, "Its name"),
    column("before", Text, "What the field was: the value, none or unknown; lists and the like as JSON"),
    column("after", Text, "What it is, in the same form"),
    column("replaces", Id, "The credential that a rotated one replaces"),
    column("reason", Text, "Which gap leaves doubt: whether it is gone, is new, or differs; empty when there is none"),
    column(
        "cause",
        Word,
        "What it has in common with other changes: with (came, went or was switched with something), membership (of one \
         group), holder (given to or taken from one), place (in one place), alike (the same values), gap (hidden by one \
         gap); empty when it stands by itself",
    ),
    column("cause_resource", Id, "What it follows from; empty for alike, gap and what stands by itself"),
    column("cause_name", Text, "The name of that; the fields of what is alike; the reason of a gap"),
];

fn drift_row<'a>(change: &'a Change, field: Option<&'a FieldChange>) -> [Cell<'a>; 12] {
    let cause = change.cause.as_ref();
    [
        Cell::foreign(change.resource.as_str()),
        Cell::optional(field, |field| Cell::foreign(&field.field)),
        Cell::own(change.what.name()),
        Cell::own(change.resource.kind().name()),
        Cell::foreign(&change.name),
        Cell::optional(field, |field| json_value(field.before.as_ref())),
        Cell::optional(field, |field| json_value(field.after.as_ref())),
        Cell::optional(change.replaces.as_ref(), |replaced| Cell::foreign(replaced.as_str())),
        Cell::optional(change.reason.as_deref(), Cell::foreign),
        Cell::optional(cause, |cause| Cell::own(cause.kind.name())),
        Cell::optional(cause.and_then(|cause| cause.resource.as_ref()), |root| Cell::foreign(root.as_str())),
        Cell::optional(cause, |cause| Cell::foreign(&cause.name)),
    ]
}

pub(in crate::reports) fn json_value(value: Option<&serde_json::Value>) -> Cell<'_> {
    use serde_json::Value;
    match value {
        None => Cell::own("unknown"),
        Some(Value::Null) => Cell::own("none"),
        Some(Value::String(text)) => Cell::foreign(text),
        Some(Value::Bool(yes)) => Cell::yes_no(*yes),
        Some(Value::Number(number)) => Cell::own(number.to_string()),
        Some(Value::Array(values)) if values.is_empty() => Cell::own("empty"),
        Some(value @ (Value::Array(_) | Value::Object(_))) => Cell::foreign_owned(&value.to_string()),
    }
}
