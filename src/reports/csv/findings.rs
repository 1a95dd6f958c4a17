//! What was judged: findings, rules with their tallies, waivers.

use super::ColumnForm::{Day, Id, List, Number, Severity, Text, Time, Word, YesNo};
use super::cell::Cell;
use super::{Column, CsvTable, KINDS, Put, column, put_rows};
use crate::model::{Assessment, ControlId, Lapse, RuleSummary, Status, Tally, Waiver, WaiverId, WaiverUse};
use crate::reports::{Findings, RenderError, Told, Wanted, order};

pub(super) const FINDINGS: CsvTable = CsvTable {
    name: "findings",
    about: "Every finding ever made, worst first: open, waived and resolved",
    columns: &FINDING_COLUMNS,
    rows: each_finding,
    tells_findings: true,
};

/// Every finding as a row of the table.
pub(super) fn each_finding(assessment: &Assessment, findings: &dyn Findings, put: Put<'_>) -> Result<(), RenderError> {
    let waivers_applied = assessment.set_aside.is_none();
    findings.each(Wanted::Steps, &mut |told| put(&finding_row(told, waivers_applied)))
}

static FINDING_COLUMNS: [Column; 23] = [
    column("finding_id", Id, "Made from rule and resource: the same in every scan"),
    column("status", Word, "open, waived or resolved"),
    column("severity", Severity, "critical, high, medium, low or info"),
    column("rule_id", Id, "The rule that failed"),
    column("rule_version", Number, "The version of the rule that spoke last"),
    column("title", Text, "The rule's title"),
    column("message", Text, "One sentence about this resource"),
    column("resource_id", Id, "The resource; joins with the first column of the resource tables"),
    column("resource_kind", Word, KINDS),
    column("resource_name", Text, "Its name when it was last seen"),
    column("owner", Text, "Whose it is; empty where the rule names nobody"),
    column("remedy", Text, "What to do first"),
    column("controls", List, "Controls the rule serves, as framework:id"),
    column("first_seen", Time, "The scan that found it first"),
    column("since", Time, "The scan since which it stands as it does"),
    column("last_seen", Time, "The last scan that confirmed it"),
    column("steps", List, "What happened to it in this scan; empty if nothing did"),
    column("waiver_id", Id, "The waiver that covers it, if one does, or would if waivers were applied"),
    column("resolution", Word, "Why it is over, if it is"),
    column("unconfirmed_since", Time, "The first scan that could not look at it again; empty if it was confirmed"),
    column("unconfirmed_reason", Text, "Why it could not"),
    column("seen_by", List, "The endpoints that showed the resource, as source: endpoint"),
    column("waivers_applied", YesNo, "no in a view without waivers: there what is waived is shown as open"),
];

fn finding_row<'a>(told: &Told<'a>, waivers_applied: bool) -> [Cell<'a>; 23] {
    let Told { finding, steps, set_aside } = *told;
    let (waiver, resolution) = match &finding.status {
        Status::Open => (Cell::optional(set_aside.map(WaiverId::as_str), Cell::foreign), Cell::empty()),
        Status::Waived(waiver) => (Cell::foreign(waiver.as_str()), Cell::empty()),
        Status::Resolved(resolution) => (Cell::empty(), Cell::own(resolution.text())),
    };
    let unconfirmed = finding.unconfirmed.as_ref();
    [
        Cell::own(finding.id.as_str()),
        Cell::own(finding.status.name()),
        Cell::own(finding.severity.name()),
        Cell::foreign(finding.rule.as_str()),
        Cell::number(finding.rule_version),
        Cell::foreign(&finding.title),
        Cell::foreign(&finding.message),
        Cell::foreign(finding.resource.as_str()),
        Cell::own(finding.resource.kind().name()),
        Cell::foreign(&finding.resource_name),
        Cell::optional(finding.owner.as_deref(), Cell::foreign),
        Cell::foreign(&finding.remedy),
        Cell::list_or_blank(finding.controls.iter().map(ControlId::as_str)),
        Cell::time(finding.first_seen),
        Cell::time(finding.since),
        Cell::time(finding.last_seen),
        Cell::list_or_blank(steps.iter().map(|step| step.name())),
        waiver,
        resolution,
        Cell::optional(unconfirmed, |unconfirmed| Cell::time(unconfirmed.since)),
        Cell::optional(unconfirmed, |unconfirmed| Cell::foreign(&unconfirmed.reason)),
        Cell::sightings(&finding.seen_by),
        Cell::yes_no(waivers_applied),
    ]
}

pub(super) const RULES: CsvTable = CsvTable {
    name: "rules",
    about: "Every rule and how it fared; judged_whole says whether its answer is the whole answer",
    columns: &RULE_COLUMNS,
    rows: |assessment, _, put| {
        let rows = order::rules(assessment).into_iter().map(|rule| rule_row(rule, assessment));
        put_rows(&RULE_COLUMNS, rows, put)
    },
    tells_findings: false,
};

static RULE_COLUMNS: [Column; 14] = [
    column("rule_id", Id, "The rule"),
    column("rule_version", Number, "Its version"),
    column("title", Text, "Its title"),
    column("severity", Severity, "Its severity, unless a resource makes it another"),
    column("judges_changes", YesNo, "yes if it judges what changed rather than what is"),
    column(
        "judged_whole",
        YesNo,
        "yes only if every resource the rule speaks of was seen and judged; fail = 0 means nothing where this is no",
    ),
    column("fail", Number, "Resources on which it fails; unknown if the rule was not evaluated"),
    column("pass", Number, "Resources on which it holds"),
    column("not_applicable", Number, "Resources it does not speak of"),
    column("unknown", Number, "Resources on which it cannot be told"),
    column("unknown_reasons", List, "Why it cannot be told, with the number of resources"),
    column(
        "out_of_sight",
        List,
        "Gaps behind which more resources may be hidden, as source: endpoint: reason; the source is none where none shows them",
    ),
    column("controls", List, "Controls it serves, as framework:id"),
    column("remedy", Text, "What to do first"),
];

fn rule_row<'a>(rule: &'a RuleSummary, assessment: &Assessment) -> [Cell<'a>; 14] {
    let tally = assessment.tallies.get(&rule.id);
    let count = |of: fn(&Tally) -> usize| tally.map_or_else(|| Cell::own("unknown"), |tally| Cell::number(of(tally)));
    let reasons = tally.into_iter().flat_map(|tally| &tally.unknown_reasons);
    let unseen = tally.into_iter().flat_map(|tally| &tally.unseen);
    [
        Cell::foreign(rule.id.as_str()),
        Cell::number(rule.version),
        Cell::foreign(&rule.title),
        Cell::own(rule.severity.name()),
        Cell::yes_no(rule.on_change),
        Cell::yes_no(tally.is_some_and(Tally::is_whole)),
        count(|tally| tally.fail),
        count(|tally| tally.pass),
        count(|tally| tally.not_applicable),
        count(|tally| tally.unknown),
        Cell::list_or_blank(reasons.map(|(reason, count)| format!("{count} × {reason}"))),
        Cell::list_or_blank(unseen.map(|gap| format!("{}: {}: {}", gap.source, gap.endpoint, gap.reason))),
        Cell::list_or_blank(rule.controls.iter().map(ControlId::as_str)),
        Cell::foreign(&rule.remedy),
    ]
}

pub(super) const WAIVERS: CsvTable = CsvTable {
    name: "waivers",
    about: "Every waiver and what it did in this scan",
    columns: &WAIVER_COLUMNS,
    rows: |assessment, _, put| put_rows(&WAIVER_COLUMNS, order::waivers(assessment).into_iter().map(waiver_row), put),
    tells_findings: false,
};

static WAIVER_COLUMNS: [Column; 15] = [
    column("waiver_id", Id, "Its id in the waiver file"),
    column(
        "state",
        Word,
        "in-force, expiring, expired, unused, void, unchecked or too-broad: the most urgent of these",
    ),
    column("rule_id", Id, "The rule whose findings it accepts"),
    column("resource", Text, "The resources: an id, or a pattern in which * stands for any characters"),
    column("until", Day, "The last day on which it holds (UTC)"),
    column("covers", Number, "Findings it covers, or would cover had it not expired"),
    column("approver", Text, "Who accepted it"),
    column("reason", Text, "Why it is accepted"),
    column("ticket", Text, "Where that was decided; empty if nowhere"),
    column(
        "bound",
        YesNo,
        "yes if it says which facts were accepted; no: it covers whatever else its resources come to be",
    ),
    column(
        "accepted",
        List,
        "The resources accepted, as resource: digest of its facts; the facts are in the JSON report and the waiver file",
    ),
    column("void_for", List, "What it does not cover because more is there than was accepted, as resource: what came"),
    column("unchecked", List, "What could not be held against the facts accepted, as resource: why"),
    column("too_broad", YesNo, "yes if it covers more findings than the configuration finds sensible"),
    column("never_seen", YesNo, "yes if it names one resource, and no scan ever saw such a one"),
];

fn waiver_row(used: &WaiverUse) -> [Cell<'_>; 15] {
    let Waiver { id, rule, resource, reason, approver, ticket, until, accepted } = &used.waiver;
    let seals = accepted.iter().map(|one| format!("{}: {}", one.resource, one.digest()));
    let lapses = |lapses: &[Lapse]| {
        let each = lapses.iter().flat_map(|lapse| lapse.why.iter().map(|why| format!("{}: {why}", lapse.resource)));
        Cell::list_or_blank(each)
    };
    [
        Cell::foreign(id.as_str()),
        Cell::own(used.state.name()),
        Cell::foreign(rule.as_str()),
        Cell::foreign(resource),
        Cell::own(until.to_string()),
        Cell::number(used.covers),
        Cell::foreign(approver),
        Cell::foreign(reason),
        Cell::optional(ticket.as_deref(), Cell::foreign),
        Cell::yes_no(used.waiver.is_bound()),
        Cell::list_or_blank(seals),
        lapses(&used.void_for),
        lapses(&used.unchecked),
        Cell::yes_no(used.too_broad),
        Cell::yes_no(used.never_seen),
    ]
}
