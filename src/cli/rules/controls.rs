//! `keyroll rules controls`: where the estate stands towards the controls of frameworks, as of the latest scan.

use std::process::ExitCode;

use crate::app::assess;
use crate::cli::complain::Complaint;
use crate::cli::lists::one_csv;
use crate::cli::{Context, exit};
use crate::model::FrameworkPosture;
use crate::reports::{controls_json, controls_table};
use crate::text::did_you_mean;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ControlsArgs {
    /// Only this framework, by its short name: soc2, iso27001, …
    #[arg(long, value_name = "ID")]
    framework: Option<String>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = ControlsFormat::Table)]
    format: ControlsFormat,
}

/// How controls are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ControlsFormat {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For machines.
    Json,
}

pub(super) fn run(context: &Context, args: &ControlsArgs) -> Result<ExitCode, Complaint> {
    let mut assessment = assess(&context.store()?)?;
    if let Some(id) = &args.framework {
        check(id, &assessment.postures)?;
        assessment.postures.retain(|posture| posture.id == *id);
    }
    context.terminal.result(&match args.format {
        ControlsFormat::Table => controls_table(&assessment.postures, context.terminal.look),
        ControlsFormat::Csv => one_csv(&assessment, "controls")?,
        ControlsFormat::Json => controls_json(&assessment.postures),
    });
    Ok(ExitCode::from(exit::COMPLETE))
}

fn check(id: &str, postures: &[FrameworkPosture]) -> Result<(), Complaint> {
    let ids: Vec<&str> = postures.iter().map(|posture| posture.id.as_str()).collect();
    if ids.contains(&id) {
        return Ok(());
    }
    let help = did_you_mean(id, ids.iter().copied())
        .map_or_else(|| format!("there are {}", ids.join(", ")), |near| format!("did you mean `{near}`?"));
    Err(Complaint::failed(format!("there is no framework `{id}`")).help(help))
}
