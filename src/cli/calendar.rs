//! `keyroll calendar`: what ends when, whose it is, and what it would break.

use std::process::ExitCode;

use chrono::TimeDelta;

use super::complain::Complaint;
use super::{Context, exit};
use crate::reports::{calendar_ics, calendar_table};

#[derive(Debug, clap::Args)]
pub(super) struct CalendarArgs {
    /// How many days ahead.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=400))]
    days: u16,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = CalendarFormat::Table)]
    format: CalendarFormat,
}

/// How a calendar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum CalendarFormat {
    /// For people.
    Table,
    /// For calendar programs.
    Ics,
}

pub(super) fn run(context: &Context, args: &CalendarArgs) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let store = crate::store::Store::open(&config.store)?;
    let now = context.clock.now();
    let last = now + TimeDelta::days(args.days.into());
    let mut expiries = store.expiries()?;
    expiries.retain(|expiry| expiry.ends_at >= now - TimeDelta::days(1) && expiry.ends_at <= last);
    context.terminal.result(&match args.format {
        CalendarFormat::Table => calendar_table(&expiries, now, context.terminal.look),
        CalendarFormat::Ics => calendar_ics(&expiries, &config.estate, now),
    });
    if let Some(head) = store.latest()? {
        context.terminal.say(&format!("As the scan of {} UTC knew it.", head.started_at.format("%Y-%m-%d %H:%M")));
        let gaps = store.ledger(head.id)?.iter().filter(|entry| entry.is_gap()).count();
        context.terminal.warn_of(gaps);
    }
    Ok(ExitCode::from(exit::COMPLETE))
}
