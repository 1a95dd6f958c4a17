//! `keyroll fleet`: the tenants of a folder, asked one after the other.

use std::process::ExitCode;

use super::complain::{Complaint, chain};
use super::report::cannot_write;
use super::{Context, exit};
use crate::app::{self, AppError};
use crate::config::{Config, Fleet, Tenant};
use crate::model::{Tenancy, TenantState};
use crate::problem::Problems;
use crate::reports::{fleet_json, fleet_table, write_fleet};
use crate::store::{Store, StoreError};

#[derive(Debug, clap::Subcommand)]
pub(super) enum FleetCommand {
    /// How each tenant stands: its last complete scan, gaps, open findings, what is overdue. The exit code is 20 unless all are
    /// complete and on time.
    Status {
        /// How to write it.
        #[arg(long, value_enum, default_value_t = FleetFormat::Table)]
        format: FleetFormat,
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
    let FleetCommand::Status { format } = command;
    let fleet = Fleet::load(&context.config)?;
    let tenants: Vec<Tenancy> = fleet.tenants.iter().map(|tenant| context.stand(tenant)).collect();
    let text = match format {
        FleetFormat::Table => fleet_table(&tenants, context.clock.now(), context.terminal.look),
        FleetFormat::Json => fleet_json(&tenants),
        FleetFormat::Csv => {
            let mut bytes = Vec::new();
            write_fleet(&tenants, &mut bytes).map_err(|error| cannot_write(std::path::Path::new("-"), &error))?;
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
