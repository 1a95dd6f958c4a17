//! `keyroll drift`: what changed since the scan before, or between any two scans.

use std::process::ExitCode;

use super::complain::Complaint;
use super::lists::{self, Answers, Form, Grounds, ListFormat, Only};
use super::{Context, exit};
use crate::app::{AsOf, DriftRequest, drift_between};
use crate::drift::NOISE;
use crate::inventory::Inventory;
use crate::model::{Change, Drift, Kind, What};
use crate::reports::{
    ListHead, Listable, Look, drift_gaps, drift_json, drift_left_out, drift_page, drift_table, write_changes,
};
use crate::rules::Question;
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct DriftArgs {
    /// The scan to begin with: `s12`, a day (`2026-11-20`), a moment, or the name of a baseline; the one before the later
    /// scan, if left out.
    #[arg(long, value_name = "WHEN|BASELINE")]
    from: Option<String>,
    /// The scan to end with: `s12`, a day or a moment; the latest, if left out.
    #[arg(long, value_name = "WHEN")]
    to: Option<AsOf>,
    /// Only these: added, removed, changed, rotated, first-seen, not-observed (may be given more than once).
    #[arg(long, value_name = "WHAT", value_parser = parse_what)]
    what: Vec<What>,
    /// Every change by itself, not put together by what it follows from.
    #[arg(long)]
    each: bool,
    /// What only moved by itself too, named as such: when a token was used last, who logged in.
    #[arg(long)]
    noise: bool,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    form: Form,
}

fn parse_what(word: &str) -> Result<What, String> {
    What::ALL
        .into_iter()
        .find(|what| what.name() == word)
        .ok_or_else(|| format!("it is one of {}", What::ALL.map(What::name).join(", ")))
}

pub(super) fn run(context: &Context, args: &DriftArgs) -> Result<ExitCode, Complaint> {
    let form = &args.form;
    let few: &[&str] = &["what", "resource_kind", "resource_name", "undecided_because"];
    let listable = Listable::of("drift", false, args.only.undecided);
    let Some(mut list) = form.begin(context, listable, args.only.undecided.then_some(few))? else {
        return Ok(ExitCode::from(exit::COMPLETE));
    };
    let question = args.only.question(Question::of_changes)?;
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let looking_back = question.is_some();
    let ask = DriftRequest { from: args.from.as_deref(), to: args.to, noise: args.noise, looking_back };
    let mut drift = drift_between(&store, &ask)?;
    if args.to.is_none() {
        context.warn_of_delay(&config, &store, &drift.to)?;
    }
    let all = drift.changes.len();
    drift.changes.retain(|change| args.what.is_empty() || args.what.contains(&change.what));
    let mut answers = Answers::new(&args.only);
    if let Some(question) = &question {
        let grounds = Grounds::of(&config, &store, &drift.to)?;
        decide(question, &grounds, &mut drift, &mut answers);
    }
    drift.left_out = all - drift.changes.len();
    drift.left_out_by = match (args.what.is_empty(), &question) {
        (_, None) => "`--what`",
        (true, Some(_)) => "`--where`",
        (false, Some(_)) => "`--what`, `--where`",
    };
    let look = context.terminal.look;
    let pick = |id: &str| question.as_ref().map_or(Some(""), |_| answers.wants(id));
    let everything = || drift.changes.iter().chain(drift.moved.iter().flatten()).collect::<Vec<&Change>>();
    let usual = form.is_usual() && !args.only.undecided;
    let text = match form.format {
        ListFormat::Table if drift.from.is_none() || usual && !args.each => drift_page(&drift, &why, look),
        ListFormat::Table if form.is_whole() && !args.only.undecided => {
            let mut changes: Vec<&Change> = drift.changes.iter().collect();
            if form.is_sorted() {
                list.fill_changes(&changes, &pick).map_err(lists::unwritten)?;
                list.sort();
                list.arrange(&mut changes, |change| vec![change.resource.as_str()]);
            }
            let mut text = drift_table(&changes, &Inventory::new(&drift.snapshot), look);
            text.push_str(&drift_gaps(&drift, look));
            text
        }
        ListFormat::Csv if usual => lists::as_text(|out| write_changes(&everything(), out))?,
        ListFormat::Json if usual => drift_json(&drift),
        ListFormat::Table | ListFormat::Csv | ListFormat::Json => {
            list.fill_changes(&everything(), &pick).map_err(lists::unwritten)?;
            let undecided = question.as_ref().map(|_| answers.undecided());
            let gaps = drift.gaps_before.unwrap_or_default() + drift.gaps_after;
            let head = ListHead { scan: Some(&drift.to), gaps, ..args.only.head(undecided.as_ref()) };
            form.written(context, &mut list, &head)?
        }
    };
    let as_page = form.format == ListFormat::Table && usual && !args.each;
    context.terminal.result(&text);
    if args.noise && drift.moved.is_none() && drift.from.is_some() {
        context.terminal.note("The earlier scan is not kept any more: what moved by itself since cannot be told.");
    }
    if drift.from.is_some() && drift.findings.is_none() {
        context.terminal.note("How findings stood after one of the two scans was not kept: they are not compared.");
    }
    if form.format == ListFormat::Csv || form.format == ListFormat::Table && !usual && !form.is_whole() {
        let gaps = drift_gaps(&drift, Look { width: look.width, colour: false });
        context.terminal.note(gaps.trim_end());
    }
    if drift.left_out > 0 && !as_page {
        context.terminal.note(&drift_left_out(&drift));
    }
    if let Some(question) = &question {
        answers.tell(context, question, ("change", "changes"));
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

/// Asks a question of changes, and keeps those that are wanted.
fn decide(question: &Question, grounds: &Grounds, drift: &mut Drift, answers: &mut Answers) {
    let Drift { snapshot, changes, moved, to, .. } = drift;
    let inventory = grounds.inventory(snapshot);
    let asking = question.ask(&inventory, to.ended_at);
    let mut wanted = |change: &Change| answers.take(change.resource.as_str(), asking.change(change));
    changes.retain(&mut wanted);
    if let Some(moved) = moved {
        moved.retain(&mut wanted);
    }
}

/// Why a field of a kind moves by itself.
fn why(kind: Kind, field: &str) -> Option<&'static str> {
    NOISE.iter().find(|noise| noise.kind == kind && noise.field == field).map(|noise| noise.why)
}
