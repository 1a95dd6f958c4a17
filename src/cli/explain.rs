//! `keyroll explain`: one finding or one resource, with everything that leads to what is said about it.

use std::process::ExitCode;

use super::called::{Called, find};
use super::complain::Complaint;
use super::{Context, exit, rules};
use crate::app::Notes;
use crate::reports::{finding_note, finding_note_json, resource_note, resource_note_json};

#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// A finding (F-…, also the beginning of it), or a resource: its id, its native id, or its name.
    id: String,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = NoteFormat::Table)]
    format: NoteFormat,
}

/// How a note is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum NoteFormat {
    /// For people.
    Table,
    /// For machines: one versioned document.
    Json,
}

pub(super) fn run(context: &Context, args: &ExplainArgs) -> Result<ExitCode, Complaint> {
    let store = context.store()?;
    let findings = store.findings()?;
    let rules = rules::load(context)?;
    let knowledge = rules::knowledge(context)?;
    let notes = Notes { store: &store, rules: &rules, knowledge: &knowledge, findings: &findings };
    let look = context.terminal.look;
    let text = match (find(&store, &findings, &args.id)?, args.format) {
        (Called::Finding(finding), NoteFormat::Table) => notes.of_finding(finding, |note| finding_note(note, look))?,
        (Called::Finding(finding), NoteFormat::Json) => notes.of_finding(finding, finding_note_json)?,
        (Called::Resource(id), NoteFormat::Table) => notes.of_resource(&id, |note| resource_note(note, look))?,
        (Called::Resource(id), NoteFormat::Json) => notes.of_resource(&id, resource_note_json)?,
    };
    context.terminal.result(&text);
    Ok(ExitCode::from(exit::COMPLETE))
}
