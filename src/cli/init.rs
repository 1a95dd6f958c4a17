//! `keyroll init`: a commented configuration file to start from.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit};
use crate::config::DEFAULTS;

#[derive(Debug, clap::Args)]
pub(super) struct InitArgs {
    /// Where to write it.
    #[arg(long, value_name = "FILE", default_value = "keyroll.yaml")]
    out: PathBuf,
}

pub(super) fn run(context: &Context, args: &InitArgs) -> Result<ExitCode, Complaint> {
    let path = args.out.display();
    let written = OpenOptions::new().write(true).create_new(true).open(&args.out);
    written.and_then(|mut file| file.write_all(DEFAULTS.as_bytes())).map_err(|error| {
        let complaint = Complaint::failed(format!("cannot write `{path}`: {error}"));
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                complaint.help("move it away first, or name another with `--out FILE`")
            }
            _ => complaint,
        }
    })?;
    context.terminal.say(&format!("Wrote {path}. Next:"));
    context.terminal.say("  1. put your organisation's name and site into it");
    context
        .terminal
        .say("  2. export KEYROLL_ORG_KEY and KEYROLL_JIRA_TOKEN (`keyroll sources` lists the rights they need)");
    context.terminal.say(&format!("  3. keyroll --config {path} scan"));
    Ok(ExitCode::from(exit::COMPLETE))
}
