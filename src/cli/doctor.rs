//! `keyroll doctor`: would tonight's scan see what it is meant to see, and would anybody be told?

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::complain::Complaint;
use super::{Context, block_on, exit};
use crate::app::doctor::Reach;
use crate::config::{Config, mistakes};
use crate::http::{Factory, Limits};
use crate::model::{Area, Check, Checkup, Health};
use crate::reports::{checkup_json, checkup_page};

#[derive(Debug, Default, clap::Args)]
pub(super) struct DoctorArgs {
    /// Examine this source alone; may be given several times.
    #[arg(long = "source", value_name = "NAME")]
    sources: Vec<String>,
    /// Ask nobody: look at files, store and schedules only.
    #[arg(long, conflicts_with = "send_test")]
    offline: bool,
    /// Send a harmless sample through every channel; without it they are only reached for.
    #[arg(long)]
    send_test: bool,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = CheckupFormat::Table)]
    format: CheckupFormat,
}

/// How an examination is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum CheckupFormat {
    /// A checklist for people.
    #[default]
    Table,
    /// For programs.
    Json,
}

pub(super) fn run(context: &Context, args: &DoctorArgs) -> Result<ExitCode, Complaint> {
    if context.config.is_dir() {
        let what = format!("`{}` is a folder of tenants, and one is examined at a time", context.config.display());
        let help = "name the file of a tenant, or examine all of them: `keyroll --config FOLDER fleet each doctor`";
        return Err(Complaint::usage(what).help(help));
    }
    let checkup = examine(context, args)?;
    context.terminal.result(&match args.format {
        CheckupFormat::Table => checkup_page(&checkup, context.terminal.look),
        CheckupFormat::Json => checkup_json(&checkup),
    });
    Ok(ExitCode::from(code(&checkup)))
}

/// Looks at everything that the configuration names.
pub(super) fn examine(context: &Context, args: &DoctorArgs) -> Result<Checkup, Complaint> {
    let at = context.clock.now();
    let config = match Config::load(&context.config) {
        Ok(config) => config,
        Err(problems) => {
            let checks = mistakes(&context.config.display().to_string(), &problems);
            return Ok(Checkup { estate: None, at, checks });
        }
    };
    // One request for each endpoint, whose answer counts: whoever looks for a mistake does not want to wait for it.
    let limits = Limits {
        tries: 1,
        longest_pause: Duration::from_secs(5),
        longest_answer: Duration::from_secs(30),
        ..Limits::default()
    };
    let factory = Factory::new(Arc::clone(&context.clock)).with_limits(limits);
    let (mut checks, examination) = config.examination(&context.config, &factory, &context.clock, &args.sources)?;
    let reach = Reach { offline: args.offline, send_test: args.send_test };
    if !args.offline {
        context.terminal.say("Asking every source for one page of each endpoint …");
    }
    checks.extend(block_on(examination.run(reach)));
    let mut checkup = Checkup { estate: Some(examination.estate), at, checks };
    checkup.checks.sort_by_key(|check| check.area);
    Ok(checkup)
}

/// What a scan would end with, as far as can be told: files with mistakes count most, then what does not work at all, then what
/// would stay unseen, then channels that nobody can be told by.
pub(super) fn code(checkup: &Checkup) -> u8 {
    let broken = |area: &Area| checkup.at_least(*area, Health::Broken).next().is_some();
    let others = Area::ALL.into_iter().filter(|area| !matches!(area, Area::Files | Area::Channels));
    let unseen = |check: &Check| check.health == Health::Unseen;
    match () {
        () if broken(&Area::Files) => exit::MISTAKES,
        () if others.into_iter().any(|area| broken(&area)) => exit::FAILED,
        () if checkup.checks.iter().any(unseen) => exit::INCOMPLETE,
        () if broken(&Area::Channels) => exit::UNDELIVERED,
        () => exit::COMPLETE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_what_a_scan_would_end_with() {
        let of =
            |checks: Vec<Check>| code(&Checkup { estate: None, at: "2026-11-22T02:00:00Z".parse().unwrap(), checks });
        let broken = |area| Check::broken(area, "a", "b", "c");
        let unseen = || Check::unseen(Area::Sources, "a", "b", "c");
        assert_eq!(of(vec![Check::weak(Area::Store, "a", "b", "c")]), exit::COMPLETE);
        assert_eq!(of(vec![broken(Area::Channels)]), exit::UNDELIVERED);
        assert_eq!(of(vec![broken(Area::Channels), unseen()]), exit::INCOMPLETE);
        assert_eq!(of(vec![unseen(), broken(Area::Network)]), exit::FAILED);
        assert_eq!(of(vec![broken(Area::Network), broken(Area::Files)]), exit::MISTAKES);
    }
}
