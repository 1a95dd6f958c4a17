//! `keyroll register`: the register as it is now, compared with the latest scan; and a register proposed from it. No network.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::complain::Complaint;
use super::{Context, exit};
use crate::app::AppError;
use crate::inventory::Inventory;
use crate::model::{Collection, Kind, Profile, Snapshot, SnapshotHead};
use crate::register::{Report, check, draft};
use crate::reports::{DifferenceRow, OpenRow, RegisterPage, register_page};
use crate::store::Store;

const CHECK_HELP: &str = "\
The register is read as its file is now; everything else is as the latest scan saw it.

Exit codes:
   0  all is as declared
  10  something is not as declared
  20  nothing was seen to differ, but gaps of the scan leave questions open
  30  both 10 and 20";

const DRAFT_HELP: &str = "\
What the register declares already is left out. An existing file is never overwritten.";

#[derive(Debug, clap::Subcommand)]
pub(super) enum RegisterCommand {
    /// Compare the declared integrations with what the latest scan found.
    #[command(after_help = CHECK_HELP)]
    Check {
        /// How to write it.
        #[arg(long, value_enum, default_value_t = CheckFormat::Table)]
        format: CheckFormat,
    },
    /// Propose a register from what the latest scan found, with the evidence for each entry.
    #[command(after_help = DRAFT_HELP)]
    Draft {
        /// Where to write it; to standard output if left out.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// How a comparison is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum CheckFormat {
    /// For people.
    Table,
    /// For machines.
    Json,
}

/// A comparison for machines.
#[derive(Debug, Serialize)]
struct Written<'a> {
    version: u32,
    snapshot: String,
    scanned_at: chrono::DateTime<chrono::Utc>,
    #[serde(flatten)]
    report: &'a Report,
}

pub(super) fn run(context: &Context, command: &RegisterCommand) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let head = store.latest()?.ok_or(AppError::NoScan)?;
    let registers = config.registers(context.clock.as_ref())?;
    let snapshot = store.snapshot(head.id)?.ok_or(AppError::NoScan)?;
    let is_declared = !registers.collections.is_empty();
    let snapshot = declaring(snapshot, registers.collections);
    match command {
        RegisterCommand::Check { .. } if !is_declared => {
            let complaint = Complaint::failed("the configuration has no register to compare with");
            Err(complaint.help(
                "write one with `keyroll register draft --out integrations.yaml`, and add a source with \
                 `type: register` and `file: integrations.yaml`",
            ))
        }
        RegisterCommand::Check { format } => compare(context, &head, &snapshot, &registers.profiles, *format),
        RegisterCommand::Draft { out } => propose(context, &head, &snapshot, &registers.profiles, out.as_deref()),
    }
}

/// The snapshot with the integrations that are declared now instead of those that were when it was taken.
fn declaring(snapshot: Snapshot, registers: Vec<Collection>) -> Snapshot {
    if registers.is_empty() {
        return snapshot;
    }
    let declared = Snapshot::seal(registers);
    let kept = snapshot.resources.into_iter().zip(snapshot.digests);
    let mut all: Vec<_> = kept.filter(|(resource, _)| resource.kind() != Kind::Integration).collect();
    all.extend(declared.resources.into_iter().zip(declared.digests));
    all.sort_by(|(left, _), (right, _)| left.id.cmp(&right.id));
    let (resources, digests) = all.into_iter().unzip();
    let mut ledger = snapshot.ledger;
    ledger.retain(|entry| !entry.shows.contains(&Kind::Integration));
    ledger.extend(declared.ledger);
    ledger.sort_by(|left, right| (&left.source, &left.endpoint).cmp(&(&right.source, &right.endpoint)));
    Snapshot { carried: snapshot.carried, ..Snapshot::of_digested(resources, digests, ledger) }
}

fn compare(
    context: &Context,
    head: &SnapshotHead,
    snapshot: &Snapshot,
    profiles: &[Profile],
    format: CheckFormat,
) -> Result<ExitCode, Complaint> {
    let report = check(&Inventory::new(snapshot), profiles);
    let text = match format {
        CheckFormat::Table => register_page(&page(&report), context.terminal.look),
        CheckFormat::Json => {
            let written =
                Written { version: 1, snapshot: head.id.to_string(), scanned_at: head.started_at, report: &report };
            serde_json::to_string_pretty(&written).map_err(|error| Complaint::failed(error.to_string()))?
        }
    };
    context.terminal.result(&text);
    context.terminal.say(&as_of(head));
    let code = match (report.differences.is_empty(), report.leaves_questions()) {
        (true, false) => exit::COMPLETE,
        (false, false) => exit::FINDINGS,
        (true, true) => exit::INCOMPLETE,
        (false, true) => exit::FINDINGS_AND_INCOMPLETE,
    };
    Ok(ExitCode::from(code))
}

fn page(report: &Report) -> RegisterPage<'_> {
    let differences = report.differences.iter().map(|difference| DifferenceRow {
        what: difference.what.name(),
        message: &difference.message,
        score: difference.score,
        evidence: &difference.evidence,
    });
    let open = report.open.iter().map(|open| OpenRow {
        question: &open.question,
        integrations: &open.integrations,
        because: &open.because,
        accepted: open.accepted,
    });
    RegisterPage { declared: report.declared, differences: differences.collect(), open: open.collect() }
}

fn propose(
    context: &Context,
    head: &SnapshotHead,
    snapshot: &Snapshot,
    profiles: &[Profile],
    out: Option<&Path>,
) -> Result<ExitCode, Complaint> {
    let text = draft(&Inventory::new(snapshot), profiles);
    match out {
        None => context.terminal.result(&text),
        Some(path) => {
            write_new(path, &text)?;
            let path = path.display();
            context.terminal.say(&format!("Wrote {path}. Next:"));
            context.terminal.say("  1. read each entry: name who answers for it, and delete what is none");
            context
                .terminal
                .say(&format!("  2. add a source with `type: register` and `file: {path}` to the configuration"));
            context.terminal.say("  3. keyroll register check");
        }
    }
    context.terminal.say(&as_of(head));
    Ok(ExitCode::from(exit::COMPLETE))
}

fn as_of(head: &SnapshotHead) -> String {
    format!("As the scan of {} UTC knew it.", head.started_at.format("%Y-%m-%d %H:%M"))
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> Result<(), Complaint> {
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        let complaint = Complaint::failed(format!("cannot write `{}`: {error}", path.display()));
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                complaint.help("what is there is kept: name another with `--out FILE`, and take over what you want")
            }
            _ => complaint,
        }
    })
}
