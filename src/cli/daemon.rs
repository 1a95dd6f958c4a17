//! `keyroll daemon`: scans by the schedule until told to end, or once for schedulers outside. With a role it shares the work
//! with other machines.

#[cfg(feature = "postgres")]
mod roles;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::complain::{self, Complaint};
use super::{Context, block_on, exit, signals};
use crate::app::{App, AppError, SHAPES, Schedule};
use crate::clock::Clock;
use crate::config::{Config, Listening};
use crate::daemon::{
    Daemon, Health, House, Listen, Metrics, Once, Server, Settings, Shown, run_once, watch::digest_of,
};
use crate::digest::Digest;
use crate::model::Severity;
use crate::problem::{Problem, Problems};
use crate::reports::calendar_ics;
use crate::store::{Location, Store};

#[derive(Debug, clap::Args)]
pub(super) struct DaemonArgs {
    /// Scan now, tell, and end: for cron, systemd timers and Kubernetes. Its exit code is that of `scan`.
    #[arg(long)]
    once: bool,
    /// With `--once`: only this schedule (may be given more than once).
    #[arg(long, value_name = "NAME", requires = "once")]
    schedule: Vec<String>,
    /// Share the work with other machines, over the PostgreSQL database in which the stores lie: say what is due, make the
    /// scans, or both. What `--config` names may then be a folder with a file for each tenant, which needs a role: `all`
    /// unless another is named.
    #[arg(long, value_enum, conflicts_with = "once")]
    role: Option<Role>,
    /// How many sources this process reads at once, or runs it judges, in the roles `worker` and `all`.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
}

/// What a process does for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    /// Says what is due, tells people, and makes scans.
    All,
    /// Says what is due and tells people, as long as it leads. Any number may run: one leads, the others stand by.
    Scheduler,
    /// Reads sources and judges. Any number may run.
    Worker,
}

pub(super) fn run(context: &Context, args: &DaemonArgs) -> Result<ExitCode, Complaint> {
    if args.role.is_some() || context.config.is_dir() && !args.once {
        return in_role(context, args);
    }
    let house = FromFile::at(context.config.clone(), &context.clock);
    let config = context.load()?;
    if config.schedules().is_empty() {
        let help =
            "add a schedule:\n  schedules:\n    - name: nightly\n      cron: \"30 2 * * *\"\n      zone: Europe/Berlin";
        return Err(Complaint::failed("the configuration has no `schedules`: there is nothing to run").help(help));
    }
    for name in &args.schedule {
        if !config.schedules().iter().any(|schedule| schedule.name == *name) {
            return Err(Complaint::failed(format!("there is no schedule `{name}` in the configuration")));
        }
    }
    if args.once { once(context, &house, config.fail_on, &args.schedule) } else { stay(context, house, config) }
}

#[cfg(feature = "postgres")]
fn in_role(context: &Context, args: &DaemonArgs) -> Result<ExitCode, Complaint> {
    roles::run(context, args.role.unwrap_or(Role::All), args.jobs.into())
}

#[cfg(not(feature = "postgres"))]
fn in_role(_context: &Context, _args: &DaemonArgs) -> Result<ExitCode, Complaint> {
    let help = "build it with them: `cargo build --release --features postgres`";
    Err(Complaint::failed("this keyroll was built without what machines share work by").help(help))
}

fn once(
    context: &Context,
    house: &FromFile,
    fail_on: Option<Severity>,
    names: &[String],
) -> Result<ExitCode, Complaint> {
    let watch = |stop: crate::http::Stop| {
        tokio::spawn(async move {
            if signals::told_to_end().await {
                stop.now("keyroll was told to end");
            }
        });
    };
    let Once { scans, delivered, heartbeat } = block_on(run_once(house, &context.clock, names, &watch))?;
    let mut code = exit::COMPLETE;
    for (schedule, outcome) in scans {
        match outcome {
            Ok(outcome) => {
                let state = if outcome.complete { "complete" } else { "incomplete (keyroll coverage)" };
                let worst =
                    outcome.worst.map_or_else(|| "nothing open".to_owned(), |worst| format!("worst open: {worst}"));
                context.terminal.result(&format!("{}: {} stored, {state}, {worst}", schedule.name, outcome.snapshot));
                code = exit::worse(code, exit::of_scan(outcome.complete, outcome.worst, fail_on));
            }
            Err(error) => {
                context.terminal.error(&format!("schedule `{}`: {}", schedule.name, complain::chain(&error)));
                code = exit::FAILED;
            }
        }
    }
    if let Some(error) = heartbeat {
        context.terminal.note(&format!("The heartbeat could not be sent: {error}"));
    }
    Ok(exit::with_alerts(code, Some(&delivered)))
}

fn stay(context: &Context, house: FromFile, mut config: Config) -> Result<ExitCode, Complaint> {
    let listening = config.listening()?;
    let clock = Arc::clone(&context.clock);
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    let health = Health::new(clock.now());
    let daemon = Daemon::new(house, Arc::clone(&clock), Arc::clone(&metrics), health.clone())?;
    let calendar = calendar_of(config.store.clone(), config.estate.clone(), Arc::clone(&clock));
    block_on(async {
        let (end_server, told) = watch::channel(false);
        let longest_silence = LONGEST_SILENCE;
        let shown = Shown { metrics, health, longest_silence, clock, calendar };
        let server = serve(context, listening, shown, told).await?;
        let (orders, receiver) = mpsc::channel(4);
        signals::translate(orders);
        context.terminal.note(&match daemon.next_start() {
            Some(at) => format!("keyroll is up. The next scan begins on {}.", at.format("%a %-d %b %Y, %H:%M UTC")),
            None => "keyroll is up. No scan is due ever again: look at the schedules.".to_owned(),
        });
        daemon.run(receiver).await?;
        end_server.send_replace(true);
        if let Some(server) = server {
            server.await.ok();
        }
        context.terminal.note("keyroll has ended in good order.");
        Ok(ExitCode::from(exit::COMPLETE))
    })
}

async fn serve(
    context: &Context,
    listening: Listening,
    shown: Shown,
    told: watch::Receiver<bool>,
) -> Result<Option<tokio::task::JoinHandle<()>>, Complaint> {
    let Some(address) = listening.address else { return Ok(None) };
    let listen = Listen::new(address, listening.token, listening.calendar_token)
        .map_err(|error| Complaint::failed(error.to_string()))?;
    let server = Server::bind(&listen, shown).await.map_err(|error| {
        let help = "set another address under `daemon: listen:`, or `nowhere`";
        Complaint::failed(format!("cannot listen on {address}: {error}")).help(help)
    })?;
    if let Ok(address) = server.address() {
        context.terminal.note(&format!("Listening on http://{address} (/healthz, /readyz, /metrics)."));
    }
    Ok(Some(tokio::spawn(async move {
        if let Err(error) = server.run(told).await {
            tracing::error!("the server for monitoring ended: {error}");
        }
    })))
}

/// The calendar as the store has it when somebody asks.
fn calendar_of(store: Location, estate: String, clock: Arc<dyn Clock>) -> Calendar {
    Arc::new(move || {
        let expiries = Store::open(&store).and_then(|store| store.expiries());
        expiries.map(|expiries| calendar_ics(&expiries, &estate, clock.now())).map_err(|error| error.to_string())
    })
}

/// Writes the calendar, or says why it cannot.
type Calendar = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;

/// A daemon that has made no round for so long hangs.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// Builds everything from the configuration file as it is at that moment.
struct FromFile {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    load: fn(&Path) -> Result<Config, Problems>,
}

impl FromFile {
    fn at(path: PathBuf, clock: &Arc<dyn Clock>) -> Self {
        Self { path, clock: Arc::clone(clock), load: Config::load }
    }
}

impl House for FromFile {
    fn settings(&self) -> Result<Settings, AppError> {
        let mut config = (self.load)(&self.path)?;
        let mut problems = Problems::default();
        let channels = problems.take(config.build_channels(&self.clock));
        let heartbeat = problems.take(config.build_heartbeat(&self.clock)).flatten();
        let files = problems.take(config.files(&self.path));
        if config.schedules().is_empty() {
            problems.push(Problem::general("the configuration has no `schedules`: there is nothing to run"));
        }
        let (Some(channels), Some(files)) = (channels, files) else { return Err(problems.into()) };
        problems.or(())?;
        Ok(Settings {
            estate: config.estate.clone(),
            schedules: config.schedules().to_vec(),
            sources: config.source_names().cloned().collect(),
            routing: Arc::new(config.routing().clone()),
            channels: Arc::new(channels),
            heartbeat: heartbeat.map(Arc::new),
            store: config.store.clone(),
            mark: mark_of(&files),
            files,
            lines: config.lines(),
        })
    }

    fn app(&self, schedule: &Schedule) -> Result<App, AppError> {
        let names: Vec<String> = schedule.sources.iter().map(|name| name.as_str().to_owned()).collect();
        let mut app = (self.load)(&self.path)?.build(&self.clock, &names)?;
        app.leave_to_other_schedules(&schedule.name);
        Ok(app)
    }
}

/// What tells machines apart that would read or judge otherwise.
fn mark_of(files: &[PathBuf]) -> String {
    Digest::of(&(env!("CARGO_PKG_VERSION"), SHAPES, digest_of(files))).to_string()
}
