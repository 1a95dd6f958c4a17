//! `keyroll snapshots`: the scans in the store, and which of them to remove.

use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit};
use crate::app::{AppError, Fate, Retention, fates, prune};
use crate::reports::{FateRow, fates_table, snapshots_table};
use crate::store::Store;
use crate::text::plural;

#[derive(Debug, clap::Args)]
pub(super) struct SnapshotsArgs {
    #[command(subcommand)]
    command: Option<SnapshotsCommand>,
}

#[derive(Debug, clap::Subcommand)]
enum SnapshotsCommand {
    /// All of them, newest first (the same as without a word).
    List,
    /// Remove old scans. The last one of each day, week and month stays for as long as is said, and whatever the latest
    /// scan, a baseline or a finding that is not over rests on. Findings keep all their steps.
    Prune {
        /// Days of which the last scan stays, counted back from the latest; as in the configuration if left out, or 35.
        #[arg(long, value_name = "DAYS")]
        keep_daily: Option<u32>,
        /// Weeks; 26 unless the configuration says otherwise.
        #[arg(long, value_name = "WEEKS")]
        keep_weekly: Option<u32>,
        /// Months; 36 unless the configuration says otherwise.
        #[arg(long, value_name = "MONTHS")]
        keep_monthly: Option<u32>,
        /// Show what would stay and why, and what would go; remove nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) fn run(context: &Context, args: &SnapshotsArgs) -> Result<ExitCode, Complaint> {
    match &args.command {
        None | Some(SnapshotsCommand::List) => list(context),
        Some(SnapshotsCommand::Prune { keep_daily, keep_weekly, keep_monthly, dry_run }) => {
            let config = context.load()?;
            let set = config.retention.unwrap_or_default();
            let retention = Retention {
                daily: keep_daily.unwrap_or(set.daily),
                weekly: keep_weekly.unwrap_or(set.weekly),
                monthly: keep_monthly.unwrap_or(set.monthly),
            };
            let mut store = Store::open(&config.store)?;
            if *dry_run { show(context, &store, retention) } else { remove(context, &mut store, retention) }
        }
    }
}

fn list(context: &Context) -> Result<ExitCode, Complaint> {
    let heads = context.store()?.heads(usize::MAX)?;
    if heads.is_empty() {
        return Err(AppError::NoScan.into());
    }
    context.terminal.result(&snapshots_table(&heads, context.terminal.look));
    Ok(ExitCode::from(exit::COMPLETE))
}

fn show(context: &Context, store: &Store, retention: Retention) -> Result<ExitCode, Complaint> {
    let fates = fates(store, retention)?;
    let rows: Vec<FateRow<'_>> =
        fates.iter().map(|fate| FateRow { head: &fate.head, reasons: &fate.reasons }).collect();
    context.terminal.result(&fates_table(&rows, context.terminal.look));
    let stay = fates.iter().filter(|fate| fate.is_kept()).count();
    let gone = fates.len() - stay;
    context
        .terminal
        .say(&format!("{} would stay, {gone} would go. Nothing was removed.", plural(stay, "scan", "scans")));
    Ok(ExitCode::from(exit::COMPLETE))
}

fn remove(context: &Context, store: &mut Store, retention: Retention) -> Result<ExitCode, Complaint> {
    // Nobody may be scanning: what a scan compares with must not vanish under it.
    let lock = store.lock_for_scan()?;
    let gone = prune(store, retention)?;
    let compacted = if gone > 0 { store.compact() } else { Ok(()) };
    drop(lock);
    let stay = fates(store, retention)?.iter().filter(|fate| Fate::is_kept(fate)).count();
    let removed = plural(gone, "scan was", "scans were");
    context.terminal.result(&format!("{removed} removed, {stay} stay (keyroll snapshots)."));
    if let Err(error) = compacted {
        context.terminal.note(&format!("The file keeps its size, and what is new goes into the room in it: {error}."));
    }
    Ok(ExitCode::from(exit::COMPLETE))
}
