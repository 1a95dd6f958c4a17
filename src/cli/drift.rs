//! `keyroll drift`: what changed since the scan before, or between any two scans.

use std::path::Path;
use std::process::ExitCode;

use super::complain::Complaint;
use super::report::cannot_write;
use super::{Context, exit};
use crate::app::{AsOf, DriftRequest, drift_between};
use crate::drift::NOISE;
use crate::inventory::Inventory;
use crate::model::{Change, Kind, What};
use crate::reports::{Look, drift_gaps, drift_json, drift_left_out, drift_page, drift_table, write_changes};

#[derive(Debug, clap::Args)]
pub(super) struct DriftArgs {
    /// The scan to begin with: `s12`, a day (`2026-11-20`), a moment, or the name of a baseline; the one before the later
    /// scan, if left out.
    #[arg(long, value_name = "WHEN|BASELINE")]
    from: Option<String>,
    /// The scan to end with: `s12`, a day or a moment; the latest, if left out.
    #[arg(long, value_name = "WHEN")]
    to: Option<AsOf>,
    /// Only these: added, removed, changed, rotated, first-seen, not-observed (may be given more than once).
    #[arg(long, value_name = "WHAT", value_parser = parse_what)]
    what: Vec<What>,
    /// Every change by itself, not put together by what it follows from.
    #[arg(long)]
    each: bool,
    /// What only moved by itself too, named as such: when a token was used last, who logged in.
    #[arg(long)]
    noise: bool,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = DriftFormat::Table)]
    format: DriftFormat,
}

/// How drift is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum DriftFormat {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For machines: one versioned document.
    Json,
}

fn parse_what(word: &str) -> Result<What, String> {
    What::ALL
        .into_iter()
        .find(|what| what.name() == word)
        .ok_or_else(|| format!("it is one of {}", What::ALL.map(What::name).join(", ")))
}

pub(super) fn run(context: &Context, args: &DriftArgs) -> Result<ExitCode, Complaint> {
    let store = context.store()?;
    let ask = DriftRequest { from: args.from.as_deref(), to: args.to, noise: args.noise };
    let mut drift = drift_between(&store, &ask)?;
    let all = drift.changes.len();
    drift.changes.retain(|change| args.what.is_empty() || args.what.contains(&change.what));
    drift.left_out = all - drift.changes.len();
    let look = context.terminal.look;
    let text = match args.format {
        DriftFormat::Table if args.each && drift.from.is_some() => {
            let inventory = Inventory::new(&drift.snapshot);
            let mut text = drift_table(&drift.changes.iter().collect::<Vec<&Change>>(), &inventory, look);
            text.push_str(&drift_gaps(&drift, look));
            text
        }
        DriftFormat::Table => drift_page(&drift, &why, look),
        DriftFormat::Csv => {
            let all = drift.changes.iter().chain(drift.moved.iter().flatten()).collect::<Vec<&Change>>();
            let mut bytes = Vec::new();
            write_changes(&all, &mut bytes).map_err(|error| cannot_write(Path::new("-"), &error))?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        DriftFormat::Json => drift_json(&drift),
    };
    context.terminal.result(&text);
    if args.noise && drift.moved.is_none() && drift.from.is_some() {
        context.terminal.note("The earlier scan is not kept any more: what moved by itself since cannot be told.");
    }
    if drift.from.is_some() && drift.findings.is_none() {
        context.terminal.note("How findings stood after one of the two scans was not kept: they are not compared.");
    }
    if args.format == DriftFormat::Csv {
        let gaps = drift_gaps(&drift, Look { width: look.width, colour: false });
        context.terminal.note(gaps.trim_end());
    }
    if drift.left_out > 0 && (args.each || args.format != DriftFormat::Table) {
        context.terminal.note(&drift_left_out(&drift));
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

/// Why a field of a kind moves by itself.
fn why(kind: Kind, field: &str) -> Option<&'static str> {
    NOISE.iter().find(|noise| noise.kind == kind && noise.field == field).map(|noise| noise.why)
}
