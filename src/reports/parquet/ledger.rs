//! The coverage ledger, as far as it concerns one tenant.

use std::collections::{BTreeMap, BTreeSet};

use super::column::{Value, column, optional};
use super::scans::scan_values;
use super::tenants::Endpoint;
use super::write::write_rows;
use super::{ParquetColumn, ParquetForm, ParquetTable};
use crate::model::RuleId;

pub(super) const LEDGER: ParquetTable = ParquetTable {
    name: "ledger",
    about: "How completely each endpoint was read. It stands once under each tenant of which its source ever showed anything. What \
            cannot be laid to a tenant is under `unknown`: an endpoint of a source that never showed anything, and, besides its \
            other places, a gap of which nobody can tell whose things it hides. So questions about one tenant take `unknown` along",
    columns: &COLUMNS,
    write: |export, _tenant, part, out| {
        let mut waiting: BTreeMap<(&str, &str), BTreeSet<&RuleId>> = BTreeMap::new();
        for (rule, tally) in &export.assessment.tallies {
            for gap in &tally.unseen {
                waiting.entry((gap.source.as_str(), &gap.endpoint)).or_default().insert(rule);
            }
        }
        let rows = part.endpoints.iter().map(|endpoint| {
            let rules = waiting.get(&(endpoint.entry.source.as_str(), &*endpoint.entry.endpoint));
            row(endpoint, rules.into_iter().flatten().map(|rule| rule.as_str()))
        });
        write_rows(&LEDGER, &scan_values(export.assessment), rows, out)
    },
};

static COLUMNS: [ParquetColumn; 24] = [
    column("source", ParquetForm::Text, "The source's name in the configuration"),
    column(
        "endpoint",
        ParquetForm::Text,
        "The endpoint in words; with the source it names the row within a tenant and scan",
    ),
    column(
        "state",
        ParquetForm::Text,
        "`complete` (proven), `partial`, `denied`, `not-offered`, `failed` or `skipped`",
    ),
    column("gap", ParquetForm::YesNo, "True if it was not read whole: behind it there may be things that no table has"),
    optional("reason", ParquetForm::Text, "Why it is not complete; NULL if it is"),
    optional("declared", ParquetForm::Text, "The reason somebody gave for accepting the gap; NULL if nobody did"),
    column("counts_as_incomplete", ParquetForm::YesNo, "True if the gap makes the whole scan incomplete"),
    column("rules_unknown", ParquetForm::List, "Rules that cannot give a whole answer because of the gap"),
    column("right_needed", ParquetForm::Text, "The right that reading it takes"),
    column("rows_received", ParquetForm::Number, "Rows received"),
    optional(
        "rows_expected",
        ParquetForm::Number,
        "Rows there are as the server counts them; NULL where it does not count",
    ),
    column("shows", ParquetForm::List, "The kinds of resource it can show"),
    column("forms", ParquetForm::List, "The forms of those kinds that it is about; without entries if it can show any"),
    column(
        "visible_only",
        ParquetForm::YesNo,
        "True if it shows only what the scanning account may view, and cannot tell what else there is",
    ),
    column("path", ParquetForm::Text, "Method and path, with {} for ids"),
    column("requests", ParquetForm::Number, "Requests sent, retries included"),
    column("pages", ParquetForm::Number, "Readable pages"),
    column("statuses", ParquetForm::List, "How often each HTTP status came, as status × times"),
    column("retries", ParquetForm::Number, "Requests sent again"),
    optional("last_cursor", ParquetForm::Text, "Cursor, link or offset asked for last; NULL where there is none"),
    column("unreadable", ParquetForm::List, "Which rows and fields were not understood: a few of them"),
    column("started_at", ParquetForm::Time, "When reading began"),
    column("ended_at", ParquetForm::Time, "When it ended"),
    column("tenants", ParquetForm::List, "Every tenant under which the endpoint stands in this scan"),
];

fn row<'a>(endpoint: &Endpoint<'a>, rules: impl Iterator<Item = &'a str>) -> [Value<'a>; 24] {
    let entry = endpoint.entry;
    [
        Value::text(entry.source.as_str()),
        Value::text(&*entry.endpoint),
        Value::text(entry.state.name()),
        Value::yes_no(entry.is_gap()),
        Value::text_or_null(&entry.reason),
        Value::optional(entry.declared.as_deref(), Value::text),
        Value::yes_no(entry.is_undeclared_gap()),
        Value::list(rules),
        Value::text(&entry.right),
        Value::count(entry.rows),
        Value::optional(entry.rows_expected, Value::count),
        Value::list(entry.shows.iter().map(|kind| kind.name())),
        Value::list(entry.forms.iter().map(|form| &**form)),
        Value::yes_no(entry.visible_only),
        Value::text(&entry.path),
        Value::number(entry.requests),
        Value::number(entry.pages),
        Value::list(entry.statuses.iter().map(|(status, times)| format!("{status} × {times}"))),
        Value::number(entry.retries),
        Value::optional(entry.last_cursor.as_deref(), Value::text),
        Value::list(entry.unreadable.iter().map(String::as_str)),
        Value::time(entry.started_at),
        Value::time(entry.ended_at),
        Value::list(endpoint.tenants.iter().copied()),
    ]
}
