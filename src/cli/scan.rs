//! `keyroll scan`: the main job. Prints the morning view, sends what is due; its exit code says how it stands.

use std::path::PathBuf;
use std::process::ExitCode;

use super::complain::Complaint;
use super::report::{self, ReportName};
use super::{Context, alerts, block_on, exit};
use crate::app::{Again, App, AsOf, JudgedAgain, ScanOutcome, ScanRequest, Voice, assess, scan_as_of};
use crate::model::{Severity, Status};
use crate::reports::morning_view;
use crate::store::Store;
use crate::timetable::Span;

#[derive(Debug, Default, clap::Args)]
pub(super) struct ScanArgs {
    /// Ask only this source (may be given more than once); the others count as not asked.
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// End with exit code 10 if an open finding is at least this bad: info, low, medium, high, critical.
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,
    /// Stop reading after this time (`90m`, `3h`) and store what was read as an incomplete scan; the next scan goes on.
    #[arg(long, value_name = "TIME")]
    deadline: Option<Span>,
    /// Read everything anew, even what a scan that was broken off had read already.
    #[arg(long)]
    fresh: bool,
    /// Leave what is to be told in the outbox: `keyroll alerts retry` or the daemon sends it.
    #[arg(long)]
    no_alerts: bool,
    /// Reports to write as well, separated by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    reports: Vec<ReportName>,
    /// The folder for them; the configuration's `reports` folder if left out.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Ask nobody: judge what a stored scan saw (`s12`, a day, a moment) by the rules of today, as if it were that night.
    /// Nothing is stored or told.
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["source", "deadline", "fresh", "no_alerts"])]
    as_of: Option<AsOf>,
}

pub(super) fn run(context: &Context, args: &ScanArgs) -> Result<ExitCode, Complaint> {
    if let Some(as_of) = args.as_of {
        return judge_again(context, args, as_of);
    }
    let mut config = context.load()?;
    let fail_on = args.fail_on.or(config.fail_on);
    let folder = args.out.clone().unwrap_or_else(|| config.reports.clone());
    let heartbeat = config.build_heartbeat(&context.clock)?;
    let mut app = config.build(&context.clock, &args.source)?;
    let ask = ScanRequest { schedule: None, deadline: args.deadline.map(Span::duration), fresh: args.fresh };
    let (outcome, told) = block_on(async {
        let outcome = scan_once(context, &mut app, &ask).await?;
        Voice { estate: &app.estate, routing: &app.routing, now: app.clock.now() }.follow_up(&mut app.store)?;
        let told = if args.no_alerts { None } else { Some(alerts::deliver(context, &mut app).await?) };
        if outcome.complete
            && let Some(heartbeat) = &heartbeat
            && let Err(error) = heartbeat.beat().await
        {
            context.terminal.note(&format!("The heartbeat could not be sent: {error}"));
        }
        Ok::<_, Complaint>((outcome, told))
    })?;
    let mut assessment = assess(&app.store)?;
    context.terminal.result(&morning_view(&assessment, context.terminal.look));
    if !args.reports.is_empty() {
        let config = context.load()?;
        let past = report::Past { config: &config, store: &app.store };
        report::write_all(context, past, &mut assessment, &args.reports, &folder)?;
    }
    let code = exit::of_scan(outcome.complete, outcome.worst, fail_on);
    Ok(exit::with_alerts(code, told.as_ref()))
}

/// A stored scan as the rules of today see it.
fn judge_again(context: &Context, args: &ScanArgs, as_of: AsOf) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let judgement = config.judgement(context.clock.as_ref())?;
    let knowledge = config.knowledge()?;
    let again = Again { rules: &judgement.rules, waivers: &judgement.waivers, knowledge: &knowledge };
    let JudgedAgain { mut assessment, more, fewer } = again.judge(&store, scan_as_of(&store, as_of)?)?;
    context.terminal.result(&morning_view(&assessment, context.terminal.look));
    context.terminal.say(&format!(
        "Scan {} of {}, judged by the rules and waivers of today: {more} open that were not then, {fewer} that were and are \
         not. Nothing was asked, stored or told.",
        assessment.head.id,
        assessment.head.ended_at.format("%Y-%m-%d %H:%M UTC"),
    ));
    if !args.reports.is_empty() {
        let folder = args.out.as_deref().unwrap_or(&config.reports);
        let past = report::Past { config: &config, store: &store };
        report::write_all(context, past, &mut assessment, &args.reports, folder)?;
    }
    let open = assessment.findings.iter().filter(|finding| finding.status == Status::Open);
    let worst = open.map(|finding| finding.severity).max();
    Ok(ExitCode::from(exit::of_scan(assessment.head.complete, worst, args.fail_on.or(config.fail_on))))
}

/// One scan, with a sign of life while it runs. Somebody who wants it to end (Ctrl-C, SIGTERM) ends it in good order.
pub(super) async fn scan_once(context: &Context, app: &mut App, ask: &ScanRequest) -> Result<ScanOutcome, Complaint> {
    let progress = context.terminal.progress(app.sources.len());
    let stop = app.stop.clone();
    let watch = tokio::spawn(async move {
        if super::signals::told_to_end().await {
            stop.now("keyroll was told to end");
        }
    });
    let outcome = app.scan(ask, &|step| progress.tell(&step)).await;
    watch.abort();
    Ok(outcome?)
}
