//! Where the estate stands towards each control: what an assessor asks for first.

use super::ColumnForm::{Id, List, Number, Text, Word};
use super::cell::Cell;
use super::{Column, CsvTable, column, put_rows};
use crate::model::{ControlPosture, FindingId, FrameworkPosture, RuleId};

pub(super) const CONTROLS: CsvTable = CsvTable {
    name: "controls",
    about: "Every control of every framework, and what came of the rules that serve it; no certificate",
    columns: &COLUMNS,
    rows: |assessment, _, put| {
        let rows = assessment
            .postures
            .iter()
            .flat_map(|framework| framework.controls.iter().map(move |control| row(framework, control)));
        put_rows(&COLUMNS, rows, put)
    },
    tells_findings: false,
};

static COLUMNS: [Column; 13] = [
    column("control_id", Id, "The control, as framework:id; joins with the controls of findings and rules"),
    column("framework", Text, "The framework's name"),
    column("framework_version", Text, "The edition that the controls are from"),
    column("gist", Text, "What it asks for: a gist in our words, to be compared with the framework's own text"),
    column(
        "posture",
        Word,
        "not-met, not-fully-assessed, met-but-waived, met or manual; met means that all its rules judged everything and found nothing",
    ),
    column("open", Number, "Open findings of its rules"),
    column("waived", Number, "Waived findings of its rules"),
    column("judged", Number, "Resources on which its rules hold or fail, counted for each rule"),
    column("rules", List, "The rules that serve it and judged"),
    column("gaps", List, "What keeps the answer from being whole"),
    column(
        "open_findings",
        List,
        "The ids of the open findings: of the first 1,000 by id where there are more; open counts them all",
    ),
    column(
        "waived_findings",
        List,
        "The ids of the waived findings: of the first 1,000 by id where there are more; waived counts them all",
    ),
    column("by_hand", Text, "What to look at by hand; empty where the catalogue says nothing"),
];

fn row<'a>(framework: &'a FrameworkPosture, control: &'a ControlPosture) -> [Cell<'a>; 13] {
    [
        Cell::foreign(control.id.as_str()),
        Cell::foreign(&framework.title),
        Cell::foreign(&framework.version),
        Cell::foreign(&control.gist),
        Cell::own(control.state.name()),
        Cell::number(control.open.count()),
        Cell::number(control.waived.count()),
        Cell::number(control.judged),
        Cell::list_or_blank(control.rules.iter().map(RuleId::as_str)),
        Cell::list_or_blank(control.gaps.iter()),
        Cell::list_or_blank(control.open.first().map(FindingId::as_str)),
        Cell::list_or_blank(control.waived.first().map(FindingId::as_str)),
        Cell::optional(control.by_hand.as_deref(), Cell::foreign),
    ]
}
