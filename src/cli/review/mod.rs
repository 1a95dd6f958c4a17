//! `keyroll review`: begin an access review, read in what reviewers decided, tell how far it got. No network.

mod files;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, NaiveDate, Utc};

use super::baseline::parse_snapshot;
use super::complain::Complaint;
use super::{Context, exit};
use crate::app::{ReviewDossier, StartRequest, begin_review, import_review, latest_scan, prepare_review};
use crate::document::sheet::Sheet;
use crate::inventory::Inventory;
use crate::model::{Review, ReviewDecision, ReviewRow, ReviewScope, ReviewStatus, SnapshotHead, SnapshotId};
use crate::problem::{Problem, Problems, SourceText};
use crate::reports::{RenderError, review_csv, review_json, review_page, reviews_json, reviews_table};
use crate::review::{Imported, Standing, status};
use crate::store::Store;
use crate::text::{plural, thousands};

const START_HELP: &str = "\
Each reviewer gets a file of their own: whoever answers for a machine in the register, the manager of a person in the roster,
otherwise whoever leads or owns the place. In it they fill decision (keep, revoke or change), reviewer, decided_on
(2026-11-26) and comment; `-columns.csv` says what each column means. What nobody could see is in `-not-seen.csv`: then the
exit code is 20.";

const IMPORT_HELP: &str = "\
Commas, semicolons or tabs, UTF-8 or UTF-16: as spreadsheets save. Every mistake is told with its line, and with one mistake
nothing is recorded. Reading the same file twice changes nothing; a later file may change a decision, and both are kept.";

const STATUS_HELP: &str = "\
Exit codes:
   0  everything is decided, and what was to be taken away is gone
  10  something is open, or was not taken away
  20  something could not be seen, when the review began or when a revocation was looked for
  30  both 10 and 20";

#[derive(Debug, clap::Subcommand)]
pub(super) enum ReviewCommand {
    /// Begin a review: a file for each reviewer, from a stored scan.
    #[command(after_help = START_HELP)]
    Start(StartArgs),
    /// Read in files that reviewers filled: all of them, or nothing.
    #[command(after_help = IMPORT_HELP)]
    Import {
        /// The review.
        name: String,
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Rows of the same reviewer may be missing: they come later.
        #[arg(long)]
        partial: bool,
    },
    /// How far a review got: what is decided, what was taken away, what nobody could see. Without a name all reviews.
    #[command(after_help = STATUS_HELP)]
    Status {
        /// The review.
        name: Option<String>,
        /// How to write it.
        #[arg(long, value_enum, default_value_t = StatusFormat::Table)]
        format: StatusFormat,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct StartArgs {
    /// A name for it, such as `2026-q4`.
    name: String,
    /// Who begins it.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The scan to make it from, as `keyroll snapshots` shows it (`s12`); the latest if left out.
    #[arg(long, value_name = "ID", value_parser = parse_snapshot)]
    as_of_snapshot: Option<SnapshotId>,
    /// Only what this reviewer is asked about (may be given more than once).
    #[arg(long, value_name = "WHO")]
    owner: Vec<String>,
    /// Whose access.
    #[arg(long, value_enum, default_value_t = Scope::Default)]
    scope: Scope,
    /// The last day for decisions (2026-12-31).
    #[arg(long, value_name = "DAY")]
    due: Option<NaiveDate>,
    /// Nobody may decide on their own access; otherwise it is noted.
    #[arg(long)]
    refuse_self_review: bool,
    /// A folder for the files, which is not there yet; `review-NAME` if left out.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Whose access is reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Scope {
    /// Machines, administrators of whole products, accounts from outside.
    Default,
    /// Machines alone.
    Machines,
    /// Administrators of whole products alone.
    Admins,
    /// Everybody.
    All,
}

/// How a status is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum StatusFormat {
    /// For people.
    Table,
    /// The rows with their decisions, as the reviewers' files have them.
    Csv,
    /// For machines.
    Json,
}

pub(super) fn run(context: &Context, command: &ReviewCommand) -> Result<ExitCode, Complaint> {
    match command {
        ReviewCommand::Start(args) => start(context, args),
        ReviewCommand::Import { name, files, partial } => take_in(context, name, files, *partial),
        ReviewCommand::Status { name: Some(name), format } => one(context, name, *format),
        ReviewCommand::Status { name: None, format } => all(context, *format),
    }
}

fn start(context: &Context, args: &StartArgs) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let mut store = Store::open(&config.store)?;
    if args.by.trim().is_empty() {
        return Err(Complaint::failed("nobody is named who begins the review").help("say it with `--by NAME`"));
    }
    let ask = StartRequest {
        name: args.name.clone(),
        snapshot: args.as_of_snapshot,
        scope: match args.scope {
            Scope::Default => ReviewScope::Default,
            Scope::Machines => ReviewScope::Machines,
            Scope::Admins => ReviewScope::Admins,
            Scope::All => ReviewScope::All,
        },
        only: args.owner.clone(),
        due: args.due,
        by: args.by.trim().to_owned(),
        refuses_self_review: args.refuse_self_review,
    };
    let (review, rows) = prepare_review(&store, &config.knowledge()?, context.clock.as_ref(), &ask)?;
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("review-{}", review.name)));
    let files = files::of(&review, &rows)?;
    files::write(&folder, &files)?;
    if let Err(refused) = begin_review(&mut store, &review, &rows) {
        // Files of a review that does not exist would be filled for nothing.
        files::take_back(&folder)?;
        return Err(refused.into());
    }
    tell_start(context, &review, &rows, &folder, &files);
    Ok(ExitCode::from(if review.not_seen.is_empty() { exit::COMPLETE } else { exit::INCOMPLETE }))
}

fn tell_start(context: &Context, review: &Review, rows: &[ReviewRow], folder: &Path, files: &[files::File]) {
    let (accesses, accounts) =
        (plural(rows.len(), "access", "accesses"), plural(review.accounts, "account", "accounts"));
    context.terminal.result(&format!(
        "Review {} asks about {accesses} of {accounts} ({}), as snapshot {} saw them.",
        review.name,
        review.scope.name(),
        review.snapshot
    ));
    for file in files {
        context.terminal.result(&format!("  {}  {}", folder.join(&file.name).display(), file.about));
    }
    for one in &review.left_out {
        context.terminal.say(&format!("Left out: {} ({}).", one.what, thousands(one.count)));
    }
    context.terminal.say(&format!(
        "Next: have each file filled, then `keyroll review import {} FILE…`; `keyroll review status {}` tells how far it got.",
        review.name, review.name
    ));
}

/// Larger than any review: most likely not the file that is meant.
const LARGEST: u64 = 256 * 1024 * 1024;

fn take_in(context: &Context, name: &str, files: &[PathBuf], partial: bool) -> Result<ExitCode, Complaint> {
    let mut store = context.store()?;
    let mut problems = Problems::default();
    let mut sheets = Vec::new();
    for file in files {
        let shown = file.display().to_string();
        match files::read(file, LARGEST) {
            Ok(bytes) => sheets.extend(problems.take(Sheet::read(&shown, &bytes))),
            Err(what) => problems.push(Problem::at(&SourceText::new(&shown, ""), 0..0, what)),
        }
    }
    let sheets = problems.or(sheets)?;
    let imported = import_review(&mut store, context.clock.as_ref(), name, &sheets, partial)?;
    context.terminal.result(&told(name, &imported));
    context.terminal.say("The next scan opens a finding for each revocation that is not done by then.");
    Ok(ExitCode::from(exit::COMPLETE))
}

/// “Review q4: 12 decisions recorded, 1 of them in place of another; 3 as before; 2 rows open.”
fn told(name: &str, imported: &Imported) -> String {
    let recorded = plural(imported.decisions.len(), "decision", "decisions");
    let mut said = format!("Review {name}: {recorded} recorded");
    if imported.changed > 0 {
        said.push_str(&format!(", {} of them in place of another", imported.changed));
    }
    if imported.unchanged > 0 {
        said.push_str(&format!("; {} as recorded before", imported.unchanged));
    }
    if imported.stay > 0 {
        said.push_str(&format!("; {} empty here, which stay as recorded", plural(imported.stay, "row is", "rows are")));
    }
    if imported.open > 0 {
        said.push_str(&format!("; {} open", plural(imported.open, "row is", "rows are")));
    }
    let own: Vec<&str> = imported.decisions.iter().filter(|one| one.self_review).map(|one| one.row.as_str()).collect();
    said.push('.');
    if !own.is_empty() {
        said.push_str(&format!("\nDecided by whose access it is, which is noted: {}.", own.join(", ")));
    }
    said
}

fn one(context: &Context, name: &str, format: StatusFormat) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let (knowledge, now) = (config.knowledge()?, context.clock.now());
    let dossier = ReviewDossier::open(&store, name, now)?;
    let scan = latest_scan(&store)?;
    let inventory = scan.as_ref().map(|(_, snapshot)| Inventory::knowing(snapshot, &knowledge));
    let latest = scan.as_ref().map(|(head, _)| head).zip(inventory.as_ref());
    let status = status(&standing(&dossier, latest, now));
    context.terminal.result(&match format {
        StatusFormat::Table => review_page(&status, context.terminal.look),
        StatusFormat::Csv => text(|out| review_csv(rows(&status), out))?,
        StatusFormat::Json => text(|out| review_json(&status, out))?,
    });
    Ok(ExitCode::from(code(status.is_complete(), status.leaves_questions())))
}

fn all(context: &Context, format: StatusFormat) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let (knowledge, now) = (config.knowledge()?, context.clock.now());
    let names = store.reviews()?.into_iter().map(|review| review.name);
    let dossiers = names.map(|name| ReviewDossier::open(&store, &name, now)).collect::<Result<Vec<_>, _>>()?;
    let scan = latest_scan(&store)?;
    let inventory = scan.as_ref().map(|(_, snapshot)| Inventory::knowing(snapshot, &knowledge));
    let latest = scan.as_ref().map(|(head, _)| head).zip(inventory.as_ref());
    let told: Vec<ReviewStatus<'_>> = dossiers.iter().map(|one| status(&standing(one, latest, now))).collect();
    context.terminal.result(&match format {
        StatusFormat::Table => reviews_table(&told, context.terminal.look),
        StatusFormat::Csv => text(|out| review_csv(told.iter().flat_map(rows), out))?,
        StatusFormat::Json => text(|out| reviews_json(&told, out))?,
    });
    let complete = told.iter().all(ReviewStatus::is_complete);
    Ok(ExitCode::from(code(complete, told.iter().any(ReviewStatus::leaves_questions))))
}

type Row<'s> = (&'s Review, &'s ReviewRow, Option<&'s ReviewDecision>);

/// The rows of a review with the decisions that are in force.
fn rows<'s>(status: &ReviewStatus<'s>) -> impl Iterator<Item = Row<'s>> {
    let review = status.review;
    status.rows.clone().into_iter().map(move |(row, decision)| (review, row, decision))
}

fn standing<'s>(
    dossier: &'s ReviewDossier,
    latest: Option<(&'s SnapshotHead, &'s Inventory<'s>)>,
    now: DateTime<Utc>,
) -> Standing<'s> {
    Standing {
        review: &dossier.review,
        rows: &dossier.rows,
        decisions: &dossier.decisions,
        in_force: &dossier.in_force,
        latest,
        now,
    }
}

fn code(complete: bool, open: bool) -> u8 {
    match (complete, open) {
        (true, false) => exit::COMPLETE,
        (false, false) => exit::FINDINGS,
        (true, true) => exit::INCOMPLETE,
        (false, true) => exit::FINDINGS_AND_INCOMPLETE,
    }
}

/// What is written to a place, as text.
fn text(render: impl FnOnce(&mut dyn std::io::Write) -> Result<(), RenderError>) -> Result<String, Complaint> {
    let mut bytes = Vec::new();
    render(&mut bytes).map_err(|error| Complaint::failed(format!("cannot write the review: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
