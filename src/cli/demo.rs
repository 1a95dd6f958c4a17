//! `keyroll demo`: a pretended estate on the loopback interface, scanned on ten nights. It leaves a
//! folder with configuration, store and reports behind, on which every offline command works.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::complain::Complaint;
use super::report::{self, ReportName};
use super::{Context, block_on, exit};
use crate::app::{ScanRequest, assess};
use crate::clock::{Clock, FixedClock};
use crate::config::Config;
use crate::reports::morning_view;
use crate::simulator::{Fault, Plan, Simulator};
use crate::store::Store;

/// Tells a folder that a demo made from one that somebody needs.
const MARKER: &str = ".keyroll-demo";

/// What a demo writes into its folder, and removes when it starts afresh.
const CONTENTS: [&str; 7] =
    ["keyroll.yaml", "waivers.yaml", "keyroll.db", "keyroll.db-wal", "keyroll.db-shm", "secrets", "reports"];

#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// The folder to leave configuration, store and reports in.
    #[arg(long, value_name = "FOLDER", default_value = "keyroll-demo")]
    out: PathBuf,
    /// Another number makes another estate.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many people the estate has.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(20..=200_000))]
    accounts: u64,
    /// How many nights are scanned: quiet ones, so that there is a history, and a last one in which much happens.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=60))]
    nights: u32,
}

pub(super) fn run(context: &Context, args: &DemoArgs) -> Result<ExitCode, Complaint> {
    prepare(&args.out)?;
    let tonight = tonight(context.clock.now());
    let nights: Vec<DateTime<Utc>> =
        (0..i64::from(args.nights)).rev().map(|before| tonight - TimeDelta::days(before)).collect();
    block_on(pass_nights(context, args, &nights))?;

    let config = Config::load(&args.out.join("keyroll.yaml"))?;
    let store = Store::open(&config.store)?;
    let mut assessment = assess(&store)?;
    let past = report::Past { config: &config, store: &store };
    let reports = [ReportName::Csv, ReportName::Json, ReportName::Html];
    report::write_quietly(past, &mut assessment, &reports, &config.reports)?;
    context.terminal.result(&morning_view(&assessment, context.terminal.look));
    let first = assessment.findings.iter().find(|finding| finding.status == crate::model::Status::Open);
    context.terminal.result(&next_steps(&args.out, first.map(|finding| finding.id.short())));
    Ok(ExitCode::from(exit::COMPLETE))
}

/// Scans at two in the morning of each night, the same path as `keyroll scan`. Between scans the estate lives on.
async fn pass_nights(context: &Context, args: &DemoArgs, nights: &[DateTime<Utc>]) -> Result<(), Complaint> {
    let [first, quiet @ .., last] = nights else { return Err(Complaint::failed("a demo takes two nights at least")) };
    let accounts = usize::try_from(args.accounts).unwrap_or(usize::MAX);
    let plan = Plan { seed: args.seed, accounts, now: *first, page_latency: Duration::ZERO };
    let simulator = Simulator::start(plan).await.map_err(|error| {
        Complaint::failed(format!("cannot start the pretended estate on the loopback interface: {error}"))
    })?;
    write_files(&args.out, &simulator, *last).map_err(|error| cannot_write(&args.out, &error))?;

    let clock = FixedClock::at(*first);
    scan(context, &args.out, &clock).await?;
    for night in quiet {
        simulator.quiet_night(*night);
        clock.set(*night);
        scan(context, &args.out, &clock).await?;
    }
    simulator.night(*last);
    // The scanner's key lost a right overnight: what it cannot see any more is not gone.
    simulator.set_fault("domains", Fault::Status(403));
    clock.set(*last);
    scan(context, &args.out, &clock).await
}

async fn scan(context: &Context, folder: &Path, clock: &FixedClock) -> Result<(), Complaint> {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let mut app = Config::load(&folder.join("keyroll.yaml"))?.build(&clock, &[])?;
    let progress = context.terminal.progress(app.sources.len());
    let outcome = app.scan(&ScanRequest::default(), &|step| progress.tell_briefly(&step)).await?;
    drop(progress);
    context.terminal.say(&format!("scan {} of {} is stored", outcome.snapshot, clock.now().format("%a %d %b")));
    Ok(())
}

/// The latest two o'clock in the morning, UTC.
fn tonight(now: DateTime<Utc>) -> DateTime<Utc> {
    let two = NaiveTime::from_hms_opt(2, 0, 0).expect("internal: two o'clock is a time");
    let today = now.date_naive().and_time(two).and_utc();
    if today <= now { today } else { today - TimeDelta::days(1) }
}

/// A folder of our own, empty; one that no demo made is left alone.
fn prepare(folder: &Path) -> Result<(), Complaint> {
    let failed = |error: std::io::Error| cannot_write(folder, &error);
    if folder.join(MARKER).is_file() {
        for name in CONTENTS {
            let path = folder.join(name);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        return Ok(());
    }
    if folder.exists() && (!folder.is_dir() || fs::read_dir(folder).map_err(failed)?.next().is_some()) {
        let complaint =
            Complaint::failed(format!("`{}` is already there and was not made by a demo", folder.display()));
        return Err(complaint.help("name another folder with `--out FOLDER`"));
    }
    fs::create_dir_all(folder).map_err(failed)?;
    fs::write(folder.join(MARKER), "Made by `keyroll demo`, which starts afresh over this folder.\n").map_err(failed)
}

fn cannot_write(folder: &Path, error: &std::io::Error) -> Complaint {
    Complaint::failed(format!("cannot write into `{}`: {error}", folder.display()))
}

fn write_files(folder: &Path, simulator: &Simulator, last_night: DateTime<Utc>) -> std::io::Result<()> {
    let secrets = fs::canonicalize(folder)?.join("secrets");
    fs::create_dir_all(&secrets)?;
    write_secret(&secrets.join("org-key"), simulator.org_key())?;
    write_secret(&secrets.join("jira-token"), simulator.site_token())?;
    write_secret(&secrets.join("bitbucket-token"), simulator.bitbucket_token())?;
    fs::write(folder.join("waivers.yaml"), waivers(last_night))?;
    let text = format!(
        "# Written by `keyroll demo`. The pretended estate was gone when the demo ended: the questions to the store\n\
         # work (findings, inventory, drift, coverage, report), a new `scan` finds nobody at these addresses.\n\
         estate: acme\n\
         store: keyroll.db\n\
         reports: reports\n\
         fail_on: high\n\
         sources:\n\
         \x20 - name: acme-org\n\
         \x20   type: atlassian-org\n\
         \x20   base_url: {org}\n\
         \x20   key: {key}\n\
         \x20 - name: acme-jira\n\
         \x20   type: jira-cloud\n\
         \x20   base_url: {site}\n\
         \x20   gateway_url: {org}\n\
         \x20   user: {user}\n\
         \x20   token: {token}\n\
         \x20 - name: acme-confluence\n\
         \x20   type: confluence-cloud\n\
         \x20   base_url: {site}\n\
         \x20   gateway_url: {org}\n\
         \x20   user: {user}\n\
         \x20   token: {token}\n\
         \x20 - name: acme-bitbucket\n\
         \x20   type: bitbucket-cloud\n\
         \x20   base_url: {bitbucket}\n\
         \x20   workspace: {workspace}\n\
         \x20   user: {bitbucket_user}\n\
         \x20   token: {bitbucket_token}\n\
         # Gaps that are known and accepted: they stay in every report, and do not make a scan incomplete.\n\
         accepted_gaps:\n\
         \x20 - source: acme-bitbucket\n\
         \x20   endpoint: SSH keys\n\
         \x20   reason: Bitbucket shows nobody the SSH keys of others.\n\
         waivers:\n\
         \x20 file: waivers.yaml\n\
         # What sets rules apart from their files; `keyroll rules show ID` lists a rule's parameters.\n\
         rules:\n\
         \x20 override:\n\
         \x20   token-idle: {{ params: {{ max_idle_days: 90 }} }}\n",
        org = simulator.org_url(),
        site = simulator.site_url(),
        user = simulator.site_user(),
        key = quoted(&format!("file:{}/org-key", secrets.display())),
        token = quoted(&format!("file:{}/jira-token", secrets.display())),
        bitbucket = simulator.bitbucket_url(),
        workspace = simulator.workspace(),
        bitbucket_user = simulator.bitbucket_user(),
        bitbucket_token = quoted(&format!("file:{}/bitbucket-token", secrets.display())),
    );
    fs::write(folder.join("keyroll.yaml"), text)
}

/// A text as a YAML scalar, whatever is in it: JSON's quotes are YAML's too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A waiver as people write them: it ends soon, so the morning view reminds of it.
fn waivers(last_night: DateTime<Utc>) -> String {
    let until = (last_night + TimeDelta::days(10)).format("%Y-%m-%d");
    format!(
        "# Findings that were accepted until a day. See `keyroll waivers`.\n\
         waivers:\n\
         \x20 - id: W-1\n\
         \x20   rule: permission-open-to-logged-in\n\
         \x20   resource: \"*/grant/permission-scheme:*\"\n\
         \x20   reason: The open collaboration scheme is replaced this month.\n\
         \x20   approver: Dana Moreau\n\
         \x20   ticket: SEC-142\n\
         \x20   until: {until}\n"
    )
}

fn write_secret(path: &Path, value: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(value.as_bytes())
}

fn next_steps(folder: &Path, finding: Option<&str>) -> String {
    let program = program_as_typed();
    let call = format!("{program} --config {}", folder.join("keyroll.yaml").display());
    let mut lines = vec![format!(
        "\nThis was a pretended estate. Its reports are in {0}; open {0}/report.html in a browser. Try next:",
        folder.join("reports").display()
    )];
    lines.push(format!("  {call} findings"));
    if let Some(id) = finding {
        lines.push(format!("  {call} findings show {id}"));
    }
    lines.push(format!("  {call} inventory credential"));
    lines.push(format!("  {call} drift"));
    lines.push(format!("  {call} coverage"));
    lines.push(format!("  {call} rules try token-expires-soon --set warn_days=90"));
    lines.push(format!("  {program} init    # then scan your own estate"));
    lines.join("\n")
}

/// What to type to start this program: its name where it is on the search path, otherwise where it lies.
fn program_as_typed() -> String {
    let Ok(program) = std::env::current_exe() else { return "keyroll".to_owned() };
    let on_path = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| Some(folder.as_path()) == program.parent()));
    let here = std::env::current_dir().ok().and_then(|here| program.strip_prefix(here).ok().map(Path::to_owned));
    match (on_path, here) {
        (true, _) => "keyroll".to_owned(),
        (false, Some(below)) => below.display().to_string(),
        (false, None) => program.display().to_string(),
    }
}
