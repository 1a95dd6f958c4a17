//! The findings of one tenant.

use super::column::{Value, column, optional};
use super::scans::scan_values;
use super::tenants::named;
use super::write::Rows;
use super::{ParquetColumn, ParquetForm, ParquetTable};
use crate::model::{ControlId, Finding, Status, Step};
use crate::reports::Wanted;

pub(super) const FINDINGS: ParquetTable = ParquetTable {
    name: "findings",
    about: "Every finding ever made, as it stood after the scan, worst first: open, waived and resolved",
    columns: &COLUMNS,
    write: |export, tenant, _part, out| {
        let mut rows = Rows::begin(&FINDINGS, &scan_values(export.assessment), out)?;
        export.findings.each(Wanted::Steps, &mut |told| match named(told.finding.resource.tenant()) == tenant {
            true => rows.put(row(told.finding, told.steps)),
            false => Ok(()),
        })?;
        rows.end()
    },
};

static COLUMNS: [ParquetColumn; 22] = [
    column("finding_id", ParquetForm::Text, "Made from rule and resource: the same in every scan"),
    column("status", ParquetForm::Text, "`open`, `waived` or `resolved`"),
    column("severity", ParquetForm::Text, "`critical`, `high`, `medium`, `low` or `info`"),
    column("rule_id", ParquetForm::Text, "The rule that failed"),
    column("rule_version", ParquetForm::Number, "The version of the rule that spoke last"),
    column("title", ParquetForm::Text, "The rule's title"),
    column("message", ParquetForm::Text, "One sentence about this resource"),
    column("resource_id", ParquetForm::Text, "The resource: joins with `resources`"),
    column("resource_kind", ParquetForm::Text, "Its kind"),
    optional("resource_name", ParquetForm::Text, "Its name when it was last seen; NULL where the source gives no name"),
    optional("owner", ParquetForm::Text, "Whose it is; NULL where the rule names nobody"),
    column("remedy", ParquetForm::Text, "What to do first"),
    column("controls", ParquetForm::List, "Controls the rule serves, as framework:id"),
    column("first_seen", ParquetForm::Time, "The scan that found it first"),
    column("since", ParquetForm::Time, "The scan since which it stands as it does"),
    column("last_seen", ParquetForm::Time, "The last scan that confirmed it"),
    column("steps", ParquetForm::List, "What happened to it in this scan"),
    optional("waiver_id", ParquetForm::Text, "The waiver that covers it; NULL if none does"),
    optional("resolution", ParquetForm::Text, "Why it is over; NULL if it is not"),
    optional(
        "unconfirmed_since",
        ParquetForm::Time,
        "The first scan that could not look at it again; NULL if this one confirmed it or it is over",
    ),
    optional("unconfirmed_reason", ParquetForm::Text, "Why it could not"),
    column("seen_by", ParquetForm::Sightings, "The endpoints that showed the resource: joins with `ledger`"),
];

fn row<'a>(finding: &'a Finding, steps: &[Step]) -> [Value<'a>; 22] {
    let (waiver, resolution) = match &finding.status {
        Status::Open => (Value::Null, Value::Null),
        Status::Waived(waiver) => (Value::text(waiver.as_str()), Value::Null),
        Status::Resolved(resolution) => (Value::Null, Value::text(resolution.text())),
    };
    let unconfirmed = finding.unconfirmed.as_ref();
    [
        Value::text(finding.id.as_str()),
        Value::text(finding.status.name()),
        Value::text(finding.severity.name()),
        Value::text(finding.rule.as_str()),
        Value::number(finding.rule_version),
        Value::text(&finding.title),
        Value::text(&finding.message),
        Value::text(finding.resource.as_str()),
        Value::text(finding.resource.kind().name()),
        Value::text_or_null(&finding.resource_name),
        Value::optional(finding.owner.as_deref(), Value::text),
        Value::text(&finding.remedy),
        Value::list(finding.controls.iter().map(ControlId::as_str)),
        Value::time(finding.first_seen),
        Value::time(finding.since),
        Value::time(finding.last_seen),
        Value::list(steps.iter().map(|step| step.name())),
        waiver,
        resolution,
        Value::optional(unconfirmed, |unconfirmed| Value::time(unconfirmed.since)),
        Value::optional(unconfirmed, |unconfirmed| Value::text(&unconfirmed.reason)),
        Value::Sightings(&finding.seen_by),
    ]
}
