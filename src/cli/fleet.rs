//! `keyroll fleet`: the tenants of a folder, how each stands, and a command for all of them.

use std::path::Path;
use std::process::{ExitCode, Stdio};

use futures::StreamExt;
use tokio::sync::watch;

use super::complain::{Complaint, chain};
use super::report::cannot_write;
use super::{Context, block_on, exit, read, signals};
use crate::app::{self, AppError};
use crate::config::{Config, Fleet, Tenant};
use crate::model::{Tenancy, TenantState};
use crate::problem::Problems;
use crate::reports::{fleet_json, fleet_table, write_fleet};
use crate::store::{Store, StoreError};
use crate::text::plural;

#[derive(Debug, clap::Subcommand)]
pub(super) enum FleetCommand {
    /// How each tenant stands: its last complete scan, gaps, open findings, what is overdue. The exit code is 20 unless all are
    /// complete and on time.
    Status {
        /// How to write it.
        #[arg(long, value_enum, default_value_t = FleetFormat::Table)]
        format: FleetFormat,
    },
    /// Run a command for each tenant, as if it had been given with the configuration of that tenant: `fleet each scan`,
    /// `fleet each report --format html`. The exit code is the worst of all, and 1 if it failed for a tenant.
    Each {
        /// For how many tenants at a time.
        #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
        jobs: u16,
        /// The command with its options.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
}

/// How the tenants are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum FleetFormat {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

pub(super) fn run(context: &Context, command: &FleetCommand) -> Result<ExitCode, Complaint> {
    let fleet = Fleet::load(&context.config)?;
    match command {
        FleetCommand::Status { format } => status(context, &fleet, *format),
        FleetCommand::Each { jobs, command } => block_on(each(context, &fleet, usize::from(*jobs), command)),
    }
}

fn status(context: &Context, fleet: &Fleet, format: FleetFormat) -> Result<ExitCode, Complaint> {
    let tenants: Vec<Tenancy> = fleet.tenants.iter().map(|tenant| context.stand(tenant)).collect();
    let text = match format {
        FleetFormat::Table => fleet_table(&tenants, context.clock.now(), context.terminal.look),
        FleetFormat::Json => fleet_json(&tenants),
        FleetFormat::Csv => {
            let mut bytes = Vec::new();
            write_fleet(&tenants, &mut bytes).map_err(|error| cannot_write(Path::new("-"), &error))?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
    };
    context.terminal.result(&text);
    let all_well = tenants.iter().all(|tenancy| tenancy.state() == TenantState::Complete);
    Ok(ExitCode::from(if all_well { exit::COMPLETE } else { exit::INCOMPLETE }))
}

impl Context {
    fn stand(&self, tenant: &Tenant) -> Tenancy {
        let status = open(tenant).and_then(|(config, store)| match store {
            Some(store) => app::tenant_status(&store, &config.estate, config.schedules(), self.clock.now())
                .map_err(|error| chain(&error)),
            None => Ok(app::never_scanned(&config.estate, config.schedules())),
        });
        Tenancy { tenant: tenant.name.clone(), status }
    }
}

/// Runs a command for each tenant in a process of its own, so that one that breaks down takes no other with it. What they say
/// comes in the order of the tenants. Whoever ends it ends those under way in good order, and no other begins.
async fn each(context: &Context, fleet: &Fleet, jobs: usize, command: &[String]) -> Result<ExitCode, Complaint> {
    match read([&["keyroll".to_owned()], command].concat()) {
        Ok(args) if args.config != Path::new(super::CONFIG) => {
            let help = "leave `--config` out of it: each tenant has its own";
            return Err(Complaint::failed("the command names a configuration").help(help));
        }
        Ok(_) => {}
        Err(error) if error.use_stderr() => {
            context.terminal.note(error.render().to_string().trim_end());
            return Ok(ExitCode::from(exit::USAGE));
        }
        Err(help) => {
            context.terminal.result(&help.render().to_string());
            return Ok(ExitCode::from(exit::COMPLETE));
        }
    }
    let program = std::env::current_exe()
        .map_err(|error| Complaint::failed(format!("keyroll does not know where it is itself: {error}")))?;
    let (end, told) = watch::channel(false);
    let watched = tokio::spawn(async move {
        if signals::told_to_end().await {
            end.send_replace(true);
        }
        // As long as this end is held, nobody is told.
        std::future::pending::<()>().await;
    });
    let words = [&context.passed_on, command].concat();
    let run = |tenant| run_for(tenant, &program, &words, told.clone());
    let mut runs = futures::stream::iter(&fleet.tenants).map(run).buffered(jobs);
    let (mut code, mut failed) = (exit::COMPLETE, Vec::new());
    for tenant in &fleet.tenants {
        let Some(end) = runs.next().await else { break };
        context.terminal.say(&format!("── {}", tenant.name));
        let own = match end {
            End::Ran { code, out, err } => {
                context.terminal.check(context.terminal.result_of(|to| to.write_all(&out)));
                context.terminal.note_of(&err);
                code
            }
            End::NotBegun(why) => {
                context.terminal.note(&why);
                None
            }
        };
        match own {
            Some(own) if !matches!(own, exit::FAILED | exit::USAGE | exit::MISTAKES) => code = exit::worse(code, own),
            _ => {
                failed.push(tenant.name.as_str());
                code = exit::FAILED;
            }
        }
    }
    watched.abort();
    let tenants = plural(fleet.tenants.len(), "tenant", "tenants");
    context.terminal.say(&match failed.as_slice() {
        [] => format!("Done for {tenants}."),
        failed => format!("Of {tenants} it failed for {}: {}.", failed.len(), failed.join(", ")),
    });
    Ok(ExitCode::from(code))
}

/// How a command ended for a tenant.
enum End {
    /// It ran.
    Ran {
        /// Its exit code; `None` if it was killed.
        code: Option<u8>,
        /// What it said to standard output.
        out: Vec<u8>,
        /// What it said to standard error.
        err: Vec<u8>,
    },
    /// It did not, and why.
    NotBegun(String),
}

async fn run_for(tenant: &Tenant, program: &Path, command: &[String], mut told: watch::Receiver<bool>) -> End {
    if let Err(problems) = &tenant.config {
        let shown: Vec<String> = problems.0.iter().map(|problem| problem.render(false)).collect();
        return End::NotBegun(shown.join("\n"));
    }
    if *told.borrow() {
        return End::NotBegun("not begun: keyroll was told to end".to_owned());
    }
    let mut process = tokio::process::Command::new(program);
    process.arg("--config").arg(&tenant.file).args(command);
    process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = match process.spawn() {
        Ok(child) => child,
        Err(error) => return End::NotBegun(format!("not begun: {error}")),
    };
    let id = child.id();
    let mut output = std::pin::pin!(child.wait_with_output());
    let done = tokio::select! {
        done = &mut output => done,
        Ok(_) = told.wait_for(|told| *told) => {
            id.into_iter().for_each(signals::tell_to_end);
            output.await
        }
    };
    match done {
        Ok(done) => End::Ran {
            code: done.status.code().and_then(|code| u8::try_from(code).ok()),
            out: done.stdout,
            err: done.stderr,
        },
        Err(error) => End::NotBegun(format!("what it said could not be read: {error}")),
    }
}

/// The configuration and the store of a tenant; no store if it was never scanned.
pub(super) fn open(tenant: &Tenant) -> Result<(&Config, Option<Store>), String> {
    let config = tenant.config.as_ref().map_err(in_a_line)?;
    match Store::open(&config.store) {
        Ok(store) => Ok((config, Some(store))),
        Err(StoreError::Missing { .. }) => Ok((config, None)),
        Err(error) => Err(chain(&AppError::from(error))),
    }
}

/// The first mistake, and how many there are.
fn in_a_line(problems: &Problems) -> String {
    let first = problems.0.first().map(ToString::to_string).unwrap_or_default();
    match problems.0.len() {
        0 | 1 => first,
        count => format!("{first}; and {} more", count - 1),
    }
}
