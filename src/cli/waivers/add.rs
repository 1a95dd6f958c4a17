//! `keyroll waivers add`: from findings and a decision to entries in the waiver file.

use std::process::ExitCode;

use chrono::NaiveDate;

use super::file::WaiverFile;
use crate::app::{Refusal, WaiveRequest, waive};
use crate::cli::complain::Complaint;
use crate::cli::{Context, exit, questions};
use crate::findings::{CannotAppend, Entry, Waivers, append};
use crate::model::{RuleSummary, Status, Waiver};
use crate::problem::SourceText;
use crate::store::Store;
use crate::text::plural;

#[derive(Debug, clap::Args)]
pub(super) struct AddArgs {
    /// The findings that are accepted, by their ids or the beginnings of these.
    #[arg(required = true, value_name = "FINDING")]
    findings: Vec<String>,
    /// Why they are accepted.
    #[arg(long)]
    reason: String,
    /// Who accepts them.
    #[arg(long, value_name = "NAME")]
    approver: String,
    /// Where that was decided.
    #[arg(long, value_name = "ID")]
    ticket: Option<String>,
    /// The last day on which it holds (2026-12-31).
    #[arg(long, value_name = "DAY")]
    until: NaiveDate,
    /// One waiver for all findings of the rule whose resource fits this, with `*` for any characters. What fits it later is not
    /// covered by that.
    #[arg(long, value_name = "PATTERN")]
    pattern: Option<String>,
}

pub(super) fn run(context: &Context, args: &AddArgs) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let Some(path) = config.waiver_file() else {
        let complaint = Complaint::failed("the configuration names no waiver file");
        return Err(
            complaint.help("add a section `waivers:` with `file: waivers.yaml`; the file is made with the first entry")
        );
    };
    let rules = config.rules()?.summaries();
    let today = context.clock.now().date_naive();
    let parse = |text: &SourceText| Waivers::parse(text, &rules, today, config.waiver_limits());
    let file = WaiverFile::take(path)?;
    let before = parse(&file.parsable())?;
    let store = Store::open(&config.store)?;
    let ask = request(&store, args)?;
    let entries = waive(&store, &before, &ask, today)?.map_err(|refusals| refused(&refusals))?;
    let text = append(&file.text, &entries).map_err(|error| cannot_append(error, &entries))?;
    let text = SourceText::new(&file.text.name, &text);
    let after = parse(&text)?;
    if !is_more(&before, &after, &entries) {
        return Err(cannot_append(CannotAppend::Form { file: text.name.to_string() }, &entries));
    }
    file.replace(&text.text)?;
    report(context, &entries, &text.name, &ask, &rules);
    Ok(ExitCode::from(exit::COMPLETE))
}

fn request(store: &Store, args: &AddArgs) -> Result<WaiveRequest, Complaint> {
    let known = store.findings()?;
    let mut findings = Vec::new();
    for id in &args.findings {
        let finding = questions::finding_called(&known, id)?;
        if !findings.contains(finding) {
            findings.push(finding.clone());
        }
    }
    Ok(WaiveRequest {
        findings,
        pattern: args.pattern.clone(),
        reason: args.reason.clone(),
        approver: args.approver.clone(),
        ticket: args.ticket.clone(),
        until: args.until,
    })
}

/// All reasons at once.
fn refused(refusals: &[Refusal]) -> Complaint {
    let lines: Vec<&str> = refusals.iter().map(|refusal| refusal.what.as_str()).collect();
    let complaint = Complaint::failed(lines.join("\n       "));
    match refusals.iter().find_map(|refusal| refusal.help.as_ref()) {
        Some(help) => complaint.help(help.clone()),
        None => complaint,
    }
}

/// The file holds what it held, and the new entries, and nothing else.
fn is_more(before: &Waivers, after: &Waivers, entries: &[Entry]) -> bool {
    let mut expected: Vec<&Waiver> = before.all().iter().chain(entries.iter().map(|entry| &entry.waiver)).collect();
    expected.sort_by(|left, right| left.id.cmp(&right.id));
    after.all().iter().collect::<Vec<_>>() == expected
}

fn cannot_append(error: CannotAppend, entries: &[Entry]) -> Complaint {
    match error {
        CannotAppend::Mistakes(problems) => problems.into(),
        CannotAppend::Form { .. } => {
            let empty = SourceText::new("", "");
            let lines = append(&empty, entries).unwrap_or_default();
            let lines = lines.trim_start_matches("waivers:\n");
            Complaint::failed(format!("{error}; it was left as it is"))
                .help(format!("add these lines to its list by hand:\n{lines}"))
        }
    }
}

fn report(context: &Context, entries: &[Entry], file: &str, ask: &WaiveRequest, rules: &[RuleSummary]) {
    for Entry { waiver, facts } in entries {
        let count = plural(waiver.accepted.iter().map(|accepted| accepted.facts.len()).sum(), "fact", "facts");
        let title = rules.iter().find(|rule| rule.id == waiver.rule).map_or("", |rule| rule.title.as_str());
        context.terminal.result(&format!(
            "{}: {} ({title}) on {} until {}, bound to {count} of {}.",
            waiver.id,
            waiver.rule,
            waiver.resource,
            waiver.until,
            plural(waiver.accepted.len(), "resource", "resources")
        ));
        let mut gaps: Vec<String> = facts.iter().flat_map(crate::findings::Facts::gaps).collect();
        gaps.sort_unstable();
        gaps.dedup();
        for gap in gaps {
            context.terminal.say(&format!("  not told, so not accepted: {gap}"));
        }
    }
    for finding in &ask.findings {
        if let Status::Waived(id) = &finding.status {
            let id_of = finding.id.short();
            context
                .terminal
                .say(&format!("{id_of} is covered by {id} already: of both the one that ends last counts."));
        }
    }
    context.terminal.say(&format!("Added to {file}. The next scan goes by it."));
}
