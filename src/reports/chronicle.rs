//! All that happened to one resource or one finding: for a terminal, as CSV, and as JSON.

use std::io;

use serde::Serialize;

use super::RenderError;
use super::csv::{Cell, Column, ColumnForm, column, json_value, write_rows};
use super::html::Parts;
use super::json::{V1Change, document, time};
use super::layout::{Block, Ink, Look, Page, Words, dotted, words};
use super::{say, values};
use crate::inventory::Inventory;
use crate::model::{Change, Chronicle, Event, FieldChange, Happening, ResourceId, SnapshotHead, Transition, What};
use crate::text;

/// The JSON Schema of the document.
pub const HISTORY_SCHEMA: &str = include_str!("../../reports/schemas/keyroll-history-v1.schema.json");

/// A history for a terminal. Names of other resources are those of the latest scan.
#[must_use]
pub fn history_page(chronicle: &Chronicle, latest: &SnapshotHead, inventory: &Inventory<'_>, look: Look) -> String {
    laid_out(chronicle, latest, inventory, look).into_text()
}

/// The same for a browser.
#[must_use]
pub fn history_parts(chronicle: &Chronicle, latest: &SnapshotHead, inventory: &Inventory<'_>) -> Parts {
    Parts::of(laid_out(chronicle, latest, inventory, Parts::LOOK))
}

fn laid_out(chronicle: &Chronicle, latest: &SnapshotHead, inventory: &Inventory<'_>, look: Look) -> Page {
    let mut page = Page::new(look);
    let resource = &chronicle.resource;
    let name = if chronicle.name.is_empty() { resource.native() } else { &chronicle.name };
    if let Some(finding) = &chronicle.finding {
        let head = [
            words(Ink::Strong, finding.id.short()),
            words(say::severity_ink(finding.severity), finding.severity.name()),
            words(say::status_ink(&finding.status), finding.status.name()),
            words(Ink::Plain, &finding.message),
        ];
        page.paragraph(0, &dotted(head));
    }
    page.paragraph(
        0,
        &dotted([words(Ink::Strong, &say::named(resource.kind(), name)), words(Ink::Dim, resource.as_str())]),
    );
    for (field, flapping) in &chronicle.flapping {
        let what = match (field, &chronicle.finding) {
            (Some(field), _) => format!("`{field}` goes back and forth"),
            (None, Some(_)) => "it opens and is over again and again".to_owned(),
            (None, None) => "it comes and goes".to_owned(),
        };
        page.paragraph(0, &[words(Ink::Warn, &format!("{what}: {}", say::turns(*flapping)))]);
    }
    page.blank();
    if chronicle.events.is_empty() {
        page.paragraph(2, &[words(Ink::Plain, "Nothing is known of it in the scans that are kept.")]);
    }
    page.blocks(chronicle.events.iter().map(|event| block(event, resource, inventory)));
    page.blank();
    if let Some(reason) = &chronicle.hidden_by {
        let text = format!("Now out of sight, and not gone: {reason}.");
        page.paragraph(0, &[words(Ink::Warn, &text)]);
    }
    if chronicle.removed_scans > 0 {
        let text = format!(
            "{} since the first entry. What changed in them is told only as far as the scans around them show it.",
            text::plural(chronicle.removed_scans, "scan was removed", "scans were removed")
        );
        page.paragraph(0, &[words(Ink::Warn, &text)]);
    }
    let up_to = format!("Up to scan {} of {} UTC.", latest.id, say::minute(latest.started_at));
    page.paragraph(0, &[words(Ink::Dim, &up_to)]);
    page
}

fn block(event: &Event, resource: &ResourceId, inventory: &Inventory<'_>) -> Block {
    let (head, details) = match &event.what {
        Happening::KnownFromTheStart => {
            (vec![words(Ink::Plain, "there when the first scan looked; since when, nobody can say")], Vec::new())
        }
        Happening::InSightAgain => (vec![words(Ink::Plain, "in sight again")], Vec::new()),
        Happening::Change(change) => (change_words(change, resource), fields(change, inventory)),
        Happening::Step { title, transition } => (step(title, transition), Vec::new()),
        Happening::Acknowledged(one) => {
            let until = format!("{} deals with it until {}", one.by, one.until);
            let note = one.note.clone().unwrap_or_default();
            (dotted([words(Ink::Plain, &until), words(Ink::Dim, &note)]), Vec::new())
        }
    };
    let scan = event.scan.map(|scan| match event.after {
        Some(after) => format!("between {after} and {scan}"),
        None => scan.to_string(),
    });
    Block { label: Some(words(Ink::Dim, &say::minute(event.at))), head, id: scan, details }
}

fn change_words(change: &Change, resource: &ResourceId) -> Vec<Words> {
    let replaced = change.replaces.as_ref().is_some_and(|old| old == resource && change.resource != *resource);
    let said = if replaced { format!("replaced by {}", change.resource) } else { change.what.name().to_owned() };
    let replaces = change.replaces.as_ref().filter(|_| !replaced).map(|old| format!("it replaces {old}"));
    let reason = change.reason.as_ref().map(|reason| match change.what {
        What::NotObserved => reason.clone(),
        What::FirstSeen => format!("it may be old: {reason}"),
        _ => format!("in doubt: {reason}"),
    });
    let cause = change.cause.as_ref().and_then(|cause| {
        let root = cause.resource.as_ref()?;
        Some(format!("with {}", say::named(root.kind(), &cause.name)))
    });
    dotted([
        words(Ink::Plain, &said),
        words(Ink::Plain, &replaces.unwrap_or_default()),
        words(Ink::Dim, &cause.unwrap_or_default()),
        words(Ink::Warn, &reason.unwrap_or_default()),
    ])
}

fn fields(change: &Change, inventory: &Inventory<'_>) -> Vec<Vec<Words>> {
    change.fields.iter().map(|field| vec![words(Ink::Plain, &values::change(field, inventory))]).collect()
}

fn step(title: &str, transition: &Transition) -> Vec<Words> {
    let said = format!("{} {}", transition.finding.short(), transition.step.name());
    dotted([
        words(say::severity_ink(transition.severity), &said),
        words(Ink::Plain, title),
        words(Ink::Dim, &transition.note),
    ])
}

static COLUMNS: [Column; 10] = [
    column("at", ColumnForm::Time, "When the scan began that saw it, or when somebody did it"),
    column("snapshot", ColumnForm::Id, "The scan that saw it; empty for what people did"),
    column(
        "after_snapshot",
        ColumnForm::Id,
        "The last scan that had not seen it, where scans between the two were removed; empty otherwise",
    ),
    column(
        "what",
        ColumnForm::Word,
        "known-from-the-start, added, first-seen, removed, changed, rotated, not-observed, in-sight-again; a step of a \
         finding: opened, reopened, worsened, resolved, waived, waiver-ended; or acknowledged",
    ),
    column("resource_id", ColumnForm::Id, "The resource; of a rotated credential the new one"),
    column("finding_id", ColumnForm::Id, "The finding that took a step; empty for changes"),
    column("field", ColumnForm::Id, "The field that differs; empty otherwise"),
    column("before", ColumnForm::Text, "What the field was: the value, none or unknown; lists and the like as JSON"),
    column("after", ColumnForm::Text, "What it is, in the same form"),
    column("note", ColumnForm::Text, "The reason, the gap that leaves doubt, or what was said"),
];

/// A history as CSV: one row for each changed field, or for the whole event.
///
/// # Errors
/// When the place it is written to refuses.
pub fn history_csv(chronicle: &Chronicle, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let rows = chronicle.events.iter().flat_map(|event| {
        let fields: &[FieldChange] = match &event.what {
            Happening::Change(change) => &change.fields,
            _ => &[],
        };
        let whole = fields.is_empty().then(|| row(chronicle, event, None));
        whole.into_iter().chain(fields.iter().map(move |field| row(chronicle, event, Some(field))))
    });
    write_rows(&COLUMNS, rows, out)
}

fn row<'a>(chronicle: &'a Chronicle, event: &'a Event, field: Option<&'a FieldChange>) -> [Cell<'a>; 10] {
    let (what, resource, finding, note) = parts(chronicle, event);
    [
        Cell::time(event.at),
        Cell::optional(event.scan, |scan| Cell::own(scan.to_string())),
        Cell::optional(event.after, |scan| Cell::own(scan.to_string())),
        Cell::own(what),
        Cell::foreign(resource),
        Cell::optional(finding, Cell::foreign),
        Cell::optional(field, |field| Cell::foreign(&field.field)),
        Cell::optional(field, |field| json_value(field.before.as_ref())),
        Cell::optional(field, |field| json_value(field.after.as_ref())),
        Cell::foreign_owned(note.unwrap_or_default()),
    ]
}

/// What happened, to which resource, which finding took the step, and a note.
fn parts<'a>(chronicle: &'a Chronicle, event: &'a Event) -> (&'static str, &'a str, Option<&'a str>, Option<&'a str>) {
    let own = chronicle.resource.as_str();
    match &event.what {
        Happening::KnownFromTheStart => ("known-from-the-start", own, None, None),
        Happening::InSightAgain => ("in-sight-again", own, None, None),
        Happening::Change(change) => (change.what.name(), change.resource.as_str(), None, change.reason.as_deref()),
        Happening::Step { transition, .. } => {
            (transition.step.name(), own, Some(transition.finding.as_str()), Some(&transition.note))
        }
        Happening::Acknowledged(one) => ("acknowledged", own, Some(one.finding.as_str()), one.note.as_deref()),
    }
}

#[derive(Serialize)]
struct V1History<'a> {
    keyroll_history: u32,
    resource: &'a str,
    resource_kind: &'static str,
    resource_name: &'a str,
    finding: Option<&'a str>,
    up_to: String,
    out_of_sight: Option<&'a str>,
    removed_scans: usize,
    back_and_forth: Vec<V1Flapping<'a>>,
    events: Vec<V1Event<'a>>,
}

#[derive(Serialize)]
struct V1Flapping<'a> {
    field: Option<&'a str>,
    turns: usize,
    since: String,
    last: String,
}

#[derive(Serialize)]
struct V1Event<'a> {
    at: String,
    snapshot: Option<String>,
    after_snapshot: Option<String>,
    what: &'static str,
    finding: Option<&'a str>,
    severity: Option<&'static str>,
    by: Option<&'a str>,
    until: Option<String>,
    note: Option<&'a str>,
    change: Option<V1Change<'a>>,
}

/// A history as JSON.
#[must_use]
pub fn history_json(chronicle: &Chronicle, latest: &SnapshotHead) -> String {
    document(&V1History {
        keyroll_history: 1,
        resource: chronicle.resource.as_str(),
        resource_kind: chronicle.resource.kind().name(),
        resource_name: &chronicle.name,
        finding: chronicle.finding.as_ref().map(|finding| finding.id.as_str()),
        up_to: latest.id.to_string(),
        out_of_sight: chronicle.hidden_by.as_deref(),
        removed_scans: chronicle.removed_scans,
        back_and_forth: chronicle
            .flapping
            .iter()
            .map(|(field, flapping)| V1Flapping {
                field: field.as_deref(),
                turns: flapping.turns,
                since: time(flapping.since),
                last: time(flapping.last),
            })
            .collect(),
        events: chronicle.events.iter().map(|event| V1Event::of(chronicle, event)).collect(),
    })
}

impl<'a> V1Event<'a> {
    fn of(chronicle: &'a Chronicle, event: &'a Event) -> Self {
        let (what, _, finding, note) = parts(chronicle, event);
        let (severity, by, until, change) = match &event.what {
            Happening::Step { transition, .. } => (Some(transition.severity.name()), None, None, None),
            Happening::Acknowledged(one) => (None, Some(one.by.as_str()), Some(one.until.to_string()), None),
            Happening::Change(change) => (None, None, None, Some(V1Change::of(change))),
            Happening::KnownFromTheStart | Happening::InSightAgain => (None, None, None, None),
        };
        Self {
            at: time(event.at),
            snapshot: event.scan.map(|scan| scan.to_string()),
            after_snapshot: event.after.map(|scan| scan.to_string()),
            what,
            finding,
            severity,
            by,
            until,
            note: note.filter(|note| !note.is_empty()),
            change,
        }
    }
}
