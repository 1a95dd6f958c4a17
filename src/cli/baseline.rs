//! `keyroll baseline`: accept a snapshot by name, or show which ones were accepted.

use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit};
use crate::app::{AcceptRequest, accept_baseline};
use crate::model::{Baseline, SnapshotId};
use crate::reports::baselines_table;

#[derive(Debug, clap::Subcommand)]
pub(super) enum BaselineCommand {
    /// Accept a snapshot: drift findings seen up to it are thereby accepted too.
    Accept {
        /// A name for it, such as `q4-review`.
        name: String,
        /// Who accepts it.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// The snapshot, as `keyroll snapshots` shows it (`s12`); the latest if left out.
        #[arg(long, value_name = "ID", value_parser = parse_snapshot)]
        snapshot: Option<SnapshotId>,
    },
    /// Every baseline that was ever accepted, the one in force first.
    List,
    /// Show the baseline in force.
    Show,
}

pub(super) fn parse_snapshot(word: &str) -> Result<SnapshotId, String> {
    let number = word.strip_prefix('s').unwrap_or(word).parse();
    number.map(SnapshotId).map_err(|_not_a_number| "a snapshot is written like `s12`".to_owned())
}

pub(super) fn run(context: &Context, command: &BaselineCommand) -> Result<ExitCode, Complaint> {
    let mut store = context.store()?;
    match command {
        BaselineCommand::Accept { name, by, reason, snapshot } => {
            let ask = AcceptRequest {
                snapshot: *snapshot,
                name: name.clone(),
                accepted_by: by.clone(),
                reason: reason.clone(),
            };
            let baseline = accept_baseline(&mut store, context.clock.as_ref(), ask)?;
            context.terminal.result(&line(&baseline));
            context.terminal.say("The next scan resolves the drift findings that were seen up to that snapshot.");
        }
        BaselineCommand::List => {
            let mut baselines = store.baselines()?;
            baselines.reverse();
            context.terminal.result(&baselines_table(&baselines, context.terminal.look));
        }
        BaselineCommand::Show => match store.baseline()? {
            Some(baseline) => context.terminal.result(&line(&baseline)),
            None => context.terminal.result("No baseline was accepted: drift is told against the scan before."),
        },
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

fn line(baseline: &Baseline) -> String {
    format!(
        "Baseline `{}` is snapshot {}, accepted by {} on {}: {}",
        baseline.name,
        baseline.snapshot,
        baseline.accepted_by,
        baseline.accepted_at.format("%Y-%m-%d %H:%M UTC"),
        baseline.reason
    )
}
