//! `keyroll scan`: the main job. Prints the morning view; its exit code says how it stands.

use std::path::PathBuf;
use std::process::ExitCode;

use super::complain::Complaint;
use super::report::{self, ReportName};
use super::{Context, block_on, exit};
use crate::app::{ScanOutcome, assess};
use crate::config::Config;
use crate::model::Severity;
use crate::reports::morning_view;

#[derive(Debug, clap::Args)]
pub(super) struct ScanArgs {
    /// Ask only this source (may be given more than once); the others count as not asked.
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// End with exit code 10 if an open finding is at least this bad: info, low, medium, high, critical.
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,
    /// Reports to write as well, separated by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    reports: Vec<ReportName>,
    /// The folder for them; the configuration's `reports` folder if left out.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(super) fn run(context: &Context, args: &ScanArgs) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let fail_on = args.fail_on.or(config.fail_on);
    let folder = args.out.clone().unwrap_or_else(|| config.reports.clone());
    let store = config.store.clone();
    let outcome = scan_once(context, config, &args.source)?;
    let assessment = assess(&crate::store::Store::open(&store)?)?;
    context.terminal.result(&morning_view(&assessment, context.terminal.look));
    if !args.reports.is_empty() {
        report::write_all(context, &assessment, &args.reports, &folder)?;
    }
    Ok(exit::of_scan(outcome.complete, outcome.worst, fail_on))
}

/// One scan with everything that the configuration names.
pub(super) fn scan_once(context: &Context, config: Config, only: &[String]) -> Result<ScanOutcome, Complaint> {
    let mut app = config.build(&context.clock, only)?;
    let progress = context.terminal.progress(app.sources.len());
    Ok(block_on(app.scan(&|step| progress.tell(&step)))?)
}
