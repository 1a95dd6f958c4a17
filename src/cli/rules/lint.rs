//! `keyroll rules lint`: what is weak about the rules, and with a scan in the store what only that can tell.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde::Serialize;

use crate::app::assess;
use crate::cli::complain::Complaint;
use crate::cli::{Context, exit};
use crate::config::frameworks;
use crate::model::{Assessment, Status};
use crate::rules::{CHECKS, Lint, RuleSet, ScanRecord};
use crate::store::{Store, StoreError};
use crate::text::plural;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct LintArgs {
    /// How to write it.
    #[arg(long, value_enum, default_value_t = LintFormat::Table)]
    format: LintFormat,
}

/// How what was found is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LintFormat {
    /// For people: a line for each.
    Table,
    /// For machines.
    Json,
}

/// Lints the rules of the configuration.
pub(super) fn run(context: &Context, rules: &RuleSet, args: &LintArgs) -> Result<ExitCode, Complaint> {
    let scan = last_scan(context)?;
    let found = rules.lint(&frameworks()?, scan.as_ref());
    let text = match args.format {
        LintFormat::Table => page(&found, rules),
        LintFormat::Json => json(&found, scan.is_some()),
    };
    context.terminal.result(&text);
    if scan.is_none() {
        context.terminal.say("There is no scan yet: what only a scan can tell about rules was not looked at.");
    }
    Ok(ExitCode::from(if found.is_empty() { exit::COMPLETE } else { exit::FAILED }))
}

/// What the latest scan tells about the rules; `None` where there is no store, or no scan in it.
fn last_scan(context: &Context) -> Result<Option<ScanRecord>, Complaint> {
    if !context.config.exists() {
        return Ok(None);
    }
    let store = match Store::open(&context.load()?.store) {
        Err(StoreError::Missing { .. }) => return Ok(None),
        opened => opened?,
    };
    if store.latest()?.is_none() {
        return Ok(None);
    }
    Ok(Some(record(assess(&store)?)))
}

/// Findings that the scan confirmed, waived ones too: a waiver does not change what a rule says.
fn record(assessment: Assessment) -> ScanRecord {
    let mut scan = ScanRecord { tallies: assessment.tallies, failing: BTreeMap::new() };
    let standing = assessment
        .findings
        .into_iter()
        .filter(|finding| matches!(finding.status, Status::Open | Status::Waived(_)) && finding.unconfirmed.is_none());
    for finding in standing {
        scan.failing.entry(finding.rule).or_default().insert(finding.resource);
    }
    scan
}

fn page(found: &[Lint], rules: &RuleSet) -> String {
    let mut text: String = found.iter().map(|lint| format!("{} [{}]\n", lint.problem, lint.check)).collect();
    let number = plural(rules.rules().len(), "rule", "rules");
    text.push_str(&match found.len() {
        0 => format!("{number}: nothing is weak"),
        weak => format!("{number}: {}", plural(weak, "weakness", "weaknesses")),
    });
    text
}

#[derive(Serialize)]
struct Report<'a> {
    keyroll_rules_lint: u32,
    with_scan: bool,
    checks: BTreeMap<&'a str, &'a str>,
    found: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    check: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    what: &'a str,
    help: Option<&'a str>,
}

fn json(found: &[Lint], with_scan: bool) -> String {
    let found = found.iter().map(|lint| {
        let (line, column) = lint.problem.line_and_column().unwrap_or_default();
        let file = lint.problem.file.as_ref().map_or("", |file| file.name.as_ref());
        Found { check: lint.check, file, line, column, what: &lint.problem.what, help: lint.problem.help.as_deref() }
    });
    let report =
        Report { keyroll_rules_lint: 1, with_scan, checks: CHECKS.iter().copied().collect(), found: found.collect() };
    serde_json::to_string_pretty(&report).expect("internal: plain words become JSON")
}
