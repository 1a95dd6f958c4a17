//! `keyroll waivers`: what was accepted and how it stands, all that is wrong with it, and accepting a finding. No network.

mod add;
mod file;

use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit, questions};
use crate::app::{Standings, check_waivers};
use crate::findings::bound;
use crate::model::{WaiverState, WaiverUse};
use crate::reports::waivers_table;
use crate::store::{Store, StoreError};
use crate::text::plural;

const CHECK_HELP: &str = "\
The file is read as it is now and held against the latest scan; nothing is asked and nothing is written.

Exit codes:
   0  every waiver is in force
   3  mistakes in the waiver file
  10  a waiver is void, expired, unused or too broad
  20  a waiver could not be held against the facts accepted
  30  both 10 and 20";

const ADD_HELP: &str = "\
The entry says which facts were accepted: scopes, owner, end, roles, groups, what can be reached. When more than these is
there, the waiver is void and the finding comes up again. What is in the file stays as it is.";

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct WaiversArgs {
    #[command(subcommand)]
    command: Option<WaiversCommand>,
    #[command(flatten)]
    list: questions::ListArgs,
}

#[derive(Debug, clap::Subcommand)]
enum WaiversCommand {
    /// The waivers and what they did in the latest scan.
    List(questions::ListArgs),
    /// All that is wrong with the waiver file, and how each waiver stands today.
    #[command(after_help = CHECK_HELP)]
    Check {
        /// Show the lines that bind this waiver to the facts of what it covers now.
        #[arg(long, value_name = "ID")]
        bind: Option<String>,
    },
    /// Accept findings until a day, with the facts that are accepted.
    #[command(after_help = ADD_HELP)]
    Add(add::AddArgs),
}

pub(super) fn run(context: &Context, args: &WaiversArgs) -> Result<ExitCode, Complaint> {
    match &args.command {
        None => questions::waivers(context, &args.list),
        Some(WaiversCommand::List(list)) => questions::waivers(context, list),
        Some(WaiversCommand::Check { bind }) => check(context, bind.as_deref()),
        Some(WaiversCommand::Add(args)) => add::run(context, args),
    }
}

fn check(context: &Context, bind: Option<&str>) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let waivers = config.judgement(context.clock.as_ref())?.waivers;
    let today = context.clock.now().date_naive();
    let standings = match Store::open(&config.store) {
        Ok(store) => check_waivers(&store, &waivers, today)?,
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let Some(standings) = standings else {
        let count = plural(waivers.all().len(), "waiver", "waivers");
        context.terminal.result(&format!("{count}, without a mistake. What they cover, the first scan will tell."));
        return Ok(ExitCode::from(exit::COMPLETE));
    };
    if let Some(id) = bind {
        return show_binding(context, &standings, id);
    }
    let uses: Vec<&WaiverUse> = standings.uses.iter().collect();
    context.terminal.result(&waivers_table(&uses, context.terminal.look));
    for line in advice(&standings) {
        context.terminal.say(&line);
    }
    context
        .terminal
        .say(&format!("As the scan of {} UTC knew it.", standings.head.started_at.format("%Y-%m-%d %H:%M")));
    Ok(ExitCode::from(code(&standings.uses)))
}

fn code(uses: &[WaiverUse]) -> u8 {
    let to_decide = |used: &WaiverUse| {
        used.too_broad
            || matches!(
                used.state,
                WaiverState::Void | WaiverState::Expired | WaiverState::Unused | WaiverState::TooBroad
            )
    };
    match (uses.iter().any(to_decide), uses.iter().any(|used| !used.unchecked.is_empty())) {
        (false, false) => exit::COMPLETE,
        (true, false) => exit::FINDINGS,
        (false, true) => exit::INCOMPLETE,
        (true, true) => exit::FINDINGS_AND_INCOMPLETE,
    }
}

/// What to do about each waiver that needs something.
fn advice(standings: &Standings) -> Vec<String> {
    let mut lines = Vec::new();
    for (used, meant) in standings.uses.iter().zip(&standings.meant) {
        let id = &used.waiver.id;
        if used.never_seen {
            let near = meant.as_ref().map_or_else(
                || "`keyroll findings --all --format csv` shows the ids there are".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            );
            lines.push(format!("{id}: no resource `{}` was ever seen: {near}", used.waiver.resource));
        }
        if !used.void_for.is_empty() {
            lines.push(format!("{id}: accept the findings anew with `keyroll waivers add`, or take back what came"));
        }
    }
    for entry in &standings.proposals {
        let id = &entry.waiver.id;
        lines.push(format!("{id}: bound to no facts, so it covers whatever else its resources come to be; `keyroll waivers check --bind {id}` shows the lines that bind it"));
    }
    lines
}

fn show_binding(context: &Context, standings: &Standings, id: &str) -> Result<ExitCode, Complaint> {
    let Some(entry) = standings.proposals.iter().find(|entry| entry.waiver.id.as_str() == id) else {
        let known = standings.uses.iter().find(|used| used.waiver.id.as_str() == id);
        let why = match known {
            None => format!("there is no waiver `{id}`"),
            Some(used) if used.waiver.is_bound() => format!("waiver {id} is bound already"),
            Some(_) => format!("waiver {id} covers nothing that was seen"),
        };
        return Err(Complaint::failed(why).help("`keyroll waivers` lists them"));
    };
    context.terminal.result(bound(entry, 4).trim_end());
    context
        .terminal
        .say(&format!("Read them: who adds these lines to {id}, below its other keys, accepts this and no more."));
    Ok(ExitCode::from(exit::COMPLETE))
}
