//! `keyroll completions` and `keyroll man`: what shells and manuals know of the command line, made from the command line itself.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap_complete::Shell;

use super::complain::Complaint;
use super::{Context, command, exit};

/// What it is called where it is installed, whatever this file is called.
const NAME: &str = "keyroll";

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// Write a page for each command into this folder, which is made if need be.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(super) fn completions(context: &Context, args: &CompletionsArgs) -> Result<ExitCode, Complaint> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), NAME, &mut script);
    let written = context.terminal.result_of(|out| out.write_all(&script));
    context.terminal.check(written);
    Ok(ExitCode::from(exit::COMPLETE))
}

pub(super) fn man(context: &Context, args: &ManArgs) -> Result<ExitCode, Complaint> {
    let Some(folder) = &args.out else {
        let written = context.terminal.result_of(|out| clap_mangen::Man::new(command()).render(out));
        context.terminal.check(written);
        return Ok(ExitCode::from(exit::COMPLETE));
    };
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command(), folder));
    written.map_err(|error| {
        let complaint = Complaint::failed(format!("cannot write into `{}`: {error}", folder.display()));
        complaint.help("name a folder that you may write to with `--out FOLDER`")
    })?;
    context.terminal.say(&format!("The pages are in {}", folder.display()));
    Ok(ExitCode::from(exit::COMPLETE))
}
