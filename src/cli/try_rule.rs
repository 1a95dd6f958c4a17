//! `keyroll rules try`: a rule, or a rule with other parameters, over the nights that are stored.

use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};

use super::complain::Complaint;
use super::{Context, exit};
use crate::app::backtest::BackTest;
use crate::app::{AppError, AsOf};
use crate::config::{self, Config};
use crate::model::SnapshotHead;
use crate::problem::SourceText;
use crate::reports::{TriedHead, tried_json, tried_page};
use crate::rules::{Rule, RuleSet};
use crate::store::Store;
use crate::text::did_you_mean;
use crate::timetable::Span;

#[derive(Debug, clap::Args)]
pub(super) struct TryArgs {
    /// A rule: its id, or a file with one.
    rule: String,
    /// Another value for a parameter (may be given more than once); a list is written `[a, b]`.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_setting)]
    set: Vec<(String, String)>,
    /// How far back: a time (`90d`), a day (`2026-09-01`) or a scan (`s12`).
    #[arg(long, value_name = "WHEN", default_value = "90d", value_parser = parse_since)]
    since: Since,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = TryFormat::Table)]
    format: TryFormat,
}

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TryFormat {
    /// For people.
    Table,
    /// For machines.
    Json,
}

/// From which scan on.
#[derive(Debug, Clone, Copy)]
enum Since {
    /// So long before now.
    Ago(Span),
    /// From a day, a moment or a scan on.
    From(AsOf),
}

fn parse_since(word: &str) -> Result<Since, String> {
    if let Ok(as_of) = word.parse() {
        return Ok(Since::From(as_of));
    }
    word.parse().map(Since::Ago).map_err(|_no_span: crate::timetable::TimetableError| {
        "write a time (`90d`, `12w`), a day (2026-09-01) or a scan (s12)".to_owned()
    })
}

fn parse_setting(word: &str) -> Result<(String, String), String> {
    let (name, value) = word.split_once('=').ok_or("write it as NAME=VALUE")?;
    let fits = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if fits { Ok((name.to_owned(), value.to_owned())) } else { Err(format!("`{name}` is no name of a parameter")) }
}

pub(super) fn run(context: &Context, args: &TryArgs) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let judgement = config.judgement(context.clock.as_ref())?;
    let rule = wanted(&config, &judgement.rules, args)?;
    let in_force = judgement.rules.rule(rule.id().as_str());
    let scans = scans(&store, args.since, context.clock.now())?;
    let knowledge = config.knowledge()?;
    let test = BackTest {
        rule: &rule,
        in_force: in_force.filter(|rule| rule.enabled()),
        knowledge: &knowledge,
        waivers: &judgement.waivers,
        routing: config.routing(),
        estate: &config.estate,
    };
    let tried = test.over(&store, scans)?;
    let set = set_values(&rule, in_force, args);
    let head = TriedHead { set: &set, channels: config.routing().channels.len() };
    context.terminal.result(&match args.format {
        TryFormat::Table => tried_page(&tried, head, context.terminal.look),
        TryFormat::Json => tried_json(&tried, head),
    });
    Ok(ExitCode::from(exit::COMPLETE))
}

/// The rule that is meant, with the values that are to be tried.
fn wanted(config: &Config, rules: &RuleSet, args: &TryArgs) -> Result<Rule, Complaint> {
    let lines: Vec<String> = args.set.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let set = SourceText::new("--set", &lines.concat());
    if let Some(rule) = rules.rule(&args.rule) {
        return Ok(config.rule_to_try(rule.file(), true, &set)?);
    }
    let path = Path::new(&args.rule);
    let is_file = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if is_file || path.is_file() {
        return Ok(config.rule_to_try(&config::read(path)?, false, &set)?);
    }
    let complaint = Complaint::failed(format!("there is no rule `{}`, and no such file", args.rule));
    Err(match did_you_mean(&args.rule, rules.rules().iter().map(|rule| rule.id().as_str())) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help("`keyroll rules list` lists them; a file ends in `.yaml`"),
    })
}

/// The scans of the time that is meant, oldest first.
fn scans(store: &Store, since: Since, now: DateTime<Utc>) -> Result<Vec<SnapshotHead>, Complaint> {
    let mut heads = store.heads(usize::MAX)?;
    heads.reverse();
    if heads.is_empty() {
        return Err(AppError::NoScan.into());
    }
    let kept: Vec<SnapshotHead> = heads
        .into_iter()
        .filter(|head| match since {
            Since::Ago(span) => TimeDelta::from_std(span.duration()).is_ok_and(|span| head.ended_at >= now - span),
            Since::From(AsOf::Snapshot(id)) => head.id >= id,
            Since::From(AsOf::Day(day)) => head.ended_at.date_naive() >= day,
            Since::From(AsOf::Moment(moment)) => head.ended_at >= moment,
        })
        .collect();
    if kept.is_empty() {
        let complaint = Complaint::failed("no scan of that time is kept");
        return Err(complaint.help("`keyroll snapshots` lists those that are; `--since` reaches further back"));
    }
    Ok(kept)
}

/// The parameters that were set, with their values as they were understood and those in force.
fn set_values(rule: &Rule, in_force: Option<&Rule>, args: &TryArgs) -> Vec<(String, String, Option<String>)> {
    let value = |rule: &Rule, name: &str| rule.values().get(name).map(ToString::to_string);
    let set = args.set.iter().map(|(name, written)| {
        let tried = value(rule, name).unwrap_or_else(|| written.clone());
        (name.clone(), tried, in_force.and_then(|rule| value(rule, name)))
    });
    set.collect()
}
