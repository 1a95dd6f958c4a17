//! `keyroll history`: all that ever happened to one resource or one finding.

use std::path::Path;
use std::process::ExitCode;

use super::called::{Called, find};
use super::complain::Complaint;
use super::lists::ListFormat;
use super::report::cannot_write;
use super::{Context, exit};
use crate::app::{AppError, chronicle};
use crate::inventory::Inventory;
use crate::reports::{history_csv, history_json, history_page};

#[derive(Debug, clap::Args)]
pub(super) struct HistoryArgs {
    /// A finding (F-…, also the beginning of it), or a resource: its id, its native id, or its name.
    id: String,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

pub(super) fn run(context: &Context, args: &HistoryArgs) -> Result<ExitCode, Complaint> {
    let store = context.store()?;
    let findings = store.findings()?;
    let chronicle = match find(&store, &findings, &args.id)? {
        Called::Finding(finding) => chronicle(&store, &finding.resource, Some(finding))?,
        Called::Resource(id) => chronicle(&store, &id, None)?,
    };
    let latest = store.latest()?.ok_or(AppError::NoScan)?;
    let text = match args.format {
        ListFormat::Table => {
            let snapshot = store.snapshot(latest.id)?.ok_or(AppError::NoSuchSnapshot(latest.id))?;
            history_page(&chronicle, &latest, &Inventory::new(&snapshot), context.terminal.look)
        }
        ListFormat::Csv => {
            let mut bytes = Vec::new();
            history_csv(&chronicle, &mut bytes).map_err(|error| cannot_write(Path::new("-"), &error))?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        ListFormat::Json => history_json(&chronicle, &latest),
    };
    context.terminal.result(&text);
    Ok(ExitCode::from(exit::COMPLETE))
}
