//! The front door: arguments in, words and an exit code out. Results go to standard output, all else to standard error.

mod access;
mod alerts;
mod baseline;
mod browse;
mod calendar;
mod called;
mod complain;
mod daemon;
mod demo;
mod doctor;
mod drift;
mod dumps;
mod evidence;
mod examples;
pub mod exit;
mod explain;
mod export;
mod fleet;
mod history;
mod init;
mod inventory;
mod lists;
mod manual;
mod named;
mod pager;
mod plain;
mod questions;
mod register;
mod report;
mod review;
mod rules;
mod scan;
mod serve;
mod signals;
mod snapshots;
mod sources;
mod store;
mod terminal;
mod try_rule;
mod waivers;
mod whatif;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::clock::{Clock, FixedClock, SystemClock};
use crate::config::Config;
use crate::store::Store;
use complain::Complaint;
use terminal::Terminal;

/// The configuration that is meant where none is named.
const CONFIG: &str = "keyroll.yaml";

/// Compliance audit and drift scanner for Atlassian estates: every account and token, judged by rules, watched for drift.
#[derive(Debug, Parser)]
#[command(version, about, after_help = exit::HELP, max_term_width = 100, disable_help_subcommand = true)]
pub struct Args {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", default_value = CONFIG)]
    config: PathBuf,
    /// Say nothing but results and errors.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Log what is done, line by line; twice for every request.
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// No colours (the NO_COLOR variable does the same).
    #[arg(long, global = true)]
    no_color: bool,
    /// Columns to write for; found out where the output is a terminal, otherwise 80.
    #[arg(long, global = true, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..=1000))]
    width: Option<u16>,
    /// Print what does not fit on the screen all the same, through no pager (KEYROLL_PAGER, PAGER).
    #[arg(long, global = true)]
    no_pager: bool,
    /// Take this moment for the present (RFC 3339): to repeat a scan, and for samples.
    #[arg(long, global = true, value_name = "TIME", hide = true)]
    now: Option<DateTime<Utc>>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Scan a pretended estate on ten nights: no credentials, no network.
    Demo(demo::DemoArgs),
    /// From nothing to the first scan: asks which products there are, finds out what it can without a credential, writes a
    /// commented configuration, says which rights are good for what, and examines it.
    Init(init::InitArgs),
    /// Examine keyroll itself: files, store, network, clock, what each source answers, rights, channels, schedules. Each line
    /// that is not well ends with the step that mends it.
    Doctor(doctor::DoctorArgs),
    /// Collect, judge, compare, store: the main job.
    Scan(scan::ScanArgs),
    /// Findings: the open ones, or one with all there is to know.
    Findings(questions::FindingsArgs),
    /// A stored scan to look through on the terminal: findings, resources, chains of access, history, blind spots. Filters as
    /// you type; changes nothing.
    Browse(browse::BrowseArgs),
    /// One finding or one resource explained: each part of the condition, where every fact was read, what nobody told, what
    /// happened so far, what to do.
    Explain(explain::ExplainArgs),
    /// What was seen: accounts, groups, credentials, containers, grants, apps, webhooks, automations, variables, settings.
    Inventory(inventory::InventoryArgs),
    /// What an account or a credential may do, and by which chains; or who may do something in a place.
    Access(access::AccessArgs),
    /// What changed since the scan before, or between any two: each thing that happened once, with its effects.
    Drift(drift::DriftArgs),
    /// All that ever happened to one resource or one finding.
    History(history::HistoryArgs),
    /// How completely each endpoint was read, and what that leaves unseen.
    Coverage(questions::ListArgs),
    /// Write a scan's reports.
    Report(report::ReportArgs),
    /// Write a scan as data for other programs.
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// The rules: list, show, test, try.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// The register of integrations: compare it with the latest scan, or propose one.
    #[command(subcommand)]
    Register(register::RegisterCommand),
    /// The access review: a file for each reviewer, what they decided, and how far it got.
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// What would close, open, break or be free if something were deactivated, removed or revoked: in thought only.
    Whatif(whatif::WhatifArgs),
    /// The waivers and what they did in the latest scan; check them, accept findings.
    Waivers(waivers::WaiversArgs),
    /// The scans in the store, and which of them to remove.
    Snapshots(snapshots::SnapshotsArgs),
    /// Where scans are kept: the roles and the shape of a PostgreSQL store, and the way from one store into another.
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// What is to be told, to whom, and what became of it.
    #[command(subcommand)]
    Alerts(alerts::AlertsCommand),
    /// What ends soon: tokens, keys, waivers, and keyroll's own credentials.
    Calendar(calendar::CalendarArgs),
    /// Scan by the schedule, send what is to be told, answer to monitoring.
    Daemon(daemon::DaemonArgs),
    /// Show what the store says to browsers: findings, inventory, access, history, coverage and files, read-only. On this machine
    /// alone, unless the configuration says who signs in and how.
    Serve(serve::ServeArgs),
    /// The tenants of a folder of configurations (`--config FOLDER`).
    #[command(subcommand)]
    Fleet(fleet::FleetCommand),
    /// Accept a snapshot as the state to compare with, or show which were accepted.
    #[command(subcommand)]
    Baseline(baseline::BaselineCommand),
    /// Signed packs of all that a scan rests on: make one, verify one, look at their chain.
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// The kinds of source: what each sees, cannot see, which rights it takes and how many requests.
    Sources,
    /// A script that completes the command line: for bash, elvish, fish, powershell or zsh.
    Completions(manual::CompletionsArgs),
    /// The manual, as man(1) reads it.
    Man(manual::ManArgs),
}

impl Command {
    /// True if somebody wants to read the result, which then may be paged; false if it is work that goes on.
    fn is_read(&self) -> bool {
        let works = matches!(self, Self::Demo(_) | Self::Init(_) | Self::Scan(_) | Self::Daemon(_));
        !works && !matches!(self, Self::Fleet(fleet::FleetCommand::Each { .. }))
    }
}

/// What every command is handed.
struct Context {
    config: PathBuf,
    clock: Arc<dyn Clock>,
    terminal: Terminal,
    /// The options that hold for every command, for another process of ours.
    passed_on: Vec<String>,
}

impl Context {
    /// The configuration.
    fn load(&self) -> Result<Config, Complaint> {
        Ok(Config::load(&self.config)?)
    }

    /// The store of the configuration, for questions.
    fn store(&self) -> Result<Store, Complaint> {
        Ok(Store::open(&self.load()?.store)?)
    }
}

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    run(&read(std::env::args_os()).unwrap_or_else(|error| error.exit()))
}

/// True if these words are a command line of ours: for tests of documents.
#[must_use]
pub fn understands(words: &[String]) -> bool {
    read(words).is_ok()
}

/// The command line, with examples at the end of each command's help.
fn command() -> clap::Command {
    examples::added_to(Args::command())
}

/// Reads a command line: its first word is the program.
fn read(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Args, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(words)?;
    Args::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Runs one command.
fn run(args: &Args) -> ExitCode {
    let terminal = Terminal::new(args.quiet, args.no_color, args.width, args.command.is_read() && !args.no_pager);
    terminal.start_logging(args.verbose);
    dumps::forbid();
    let clock: Arc<dyn Clock> = match args.now {
        Some(now) => Arc::new(FixedClock::at(now)),
        None => Arc::new(SystemClock),
    };
    let config = match &args.command {
        Command::Init(init) => init.out().to_owned(),
        _ => args.config.clone(),
    };
    let context = Context { config, clock, terminal, passed_on: passed_on(args) };
    let result = match &args.command {
        Command::Demo(args) => demo::run(&context, args),
        Command::Init(args) => init::run(&context, args),
        Command::Doctor(args) => doctor::run(&context, args),
        Command::Scan(args) => scan::run(&context, args),
        Command::Findings(args) => questions::findings(&context, args),
        Command::Browse(args) => browse::run(&context, args),
        Command::Explain(args) => explain::run(&context, args),
        Command::Inventory(args) => inventory::run(&context, args),
        Command::Access(args) => access::run(&context, args),
        Command::Drift(args) => drift::run(&context, args),
        Command::History(args) => history::run(&context, args),
        Command::Coverage(args) => questions::coverage(&context, args),
        Command::Report(args) => report::run(&context, args),
        Command::Export(command) => export::run(&context, command),
        Command::Rules(command) => rules::run(&context, command),
        Command::Register(command) => register::run(&context, command),
        Command::Review(command) => review::run(&context, command),
        Command::Whatif(args) => whatif::run(&context, args),
        Command::Waivers(args) => waivers::run(&context, args),
        Command::Snapshots(args) => snapshots::run(&context, args),
        Command::Store(command) => store::run(&context, command),
        Command::Alerts(command) => alerts::run(&context, command),
        Command::Calendar(args) => calendar::run(&context, args),
        Command::Daemon(args) => daemon::run(&context, args),
        Command::Serve(args) => serve::run(&context, args),
        Command::Fleet(command) => fleet::run(&context, command),
        Command::Baseline(command) => baseline::run(&context, command),
        Command::Evidence(command) => evidence::run(&context, command),
        Command::Sources => sources::run(&context),
        Command::Completions(args) => manual::completions(&context, args),
        Command::Man(args) => manual::man(&context, args),
    };
    let code = result.unwrap_or_else(|error| complain::complain(&error, &context.terminal));
    if context.terminal.lost_a_result() { ExitCode::from(exit::FAILED) } else { code }
}

/// The options that hold for every command, but for the configuration.
fn passed_on(args: &Args) -> Vec<String> {
    let mut words: Vec<String> = (0..args.verbose).map(|_| "--verbose".to_owned()).collect();
    words.extend(args.quiet.then(|| "--quiet".to_owned()));
    words.extend(args.no_color.then(|| "--no-color".to_owned()));
    words.extend(args.width.map(|width| format!("--width={width}")));
    words.extend(args.now.map(|now| format!("--now={}", now.to_rfc3339())));
    words
}

/// Runs something that waits for the network.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("internal: the runtime starts with these settings")
        .block_on(future)
}
