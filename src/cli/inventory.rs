//! `keyroll inventory`: what the latest scan saw of one kind.

use std::process::ExitCode;

use super::complain::Complaint;
use super::lists::{self, Answers, Form, Grounds, ListFormat, Only};
use super::{Context, exit};
use crate::app::AsOf;
use crate::inventory::Inventory;
use crate::model::{Assessment, Coverage, Kind, Resource};
use crate::reports::{ListHead, Listable, inventory_table};
use crate::rules::Question;
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct InventoryArgs {
    /// principal, group, credential, container, grant, app, webhook, automation, variable, setting, integration or person; the
    /// plural will do.
    #[arg(value_parser = parse_kind)]
    kind: Kind,
    #[command(flatten)]
    only: Only,
    /// As it was seen then: by a scan (`s12`), on a day (`2026-11-20`) or at a moment.
    #[arg(long, value_name = "WHEN")]
    as_of: Option<AsOf>,
    #[command(flatten)]
    form: Form,
}

fn parse_kind(word: &str) -> Result<Kind, String> {
    let called = |kind: &Kind| kind.plural() == word;
    let singular = word.strip_suffix('s').unwrap_or(word);
    let kind = Kind::named(singular).or_else(|| Kind::ALL.into_iter().find(called));
    kind.ok_or_else(|| format!("it is one of {}", Kind::ALL.map(Kind::name).join(", ")))
}

/// The table of the CSV set that has the resources of a kind.
fn table_of(kind: Kind) -> String {
    if kind == Kind::Person { "people".to_owned() } else { format!("{}s", kind.name()) }
}

pub(super) fn run(context: &Context, args: &InventoryArgs) -> Result<ExitCode, Complaint> {
    let (kind, form) = (args.kind, &args.form);
    let table = table_of(kind);
    let id = format!("{}_id", kind.name());
    let few: &[&str] = &["name", "undecided_because", &id];
    let listable = Listable::of(&table, false, args.only.undecided);
    let Some(mut list) = form.begin(context, listable, args.only.undecided.then_some(few))? else {
        return Ok(ExitCode::from(exit::COMPLETE));
    };
    let question = args.only.question(|condition| Question::of_kind(kind, condition))?;
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let assessment = context.assess_in(&config, &store, args.as_of)?;
    let inventory = Inventory::new(&assessment.snapshot);
    let answers = match &question {
        None => None,
        Some(question) => {
            let grounds = Grounds::of(&config, &store, &assessment.head)?;
            let inventory = grounds.inventory(&assessment.snapshot);
            Some(ask(args, question, &inventory, &assessment))
        }
    };
    // A table shows what the scan saw; where nobody can decide, also what it could not look for.
    let table_shows = |id: &str| args.only.undecided || seen(&inventory, id);
    let pick = |id: &str| match &answers {
        _ if form.format == ListFormat::Table && !table_shows(id) => None,
        Some(answers) => answers.wants(id),
        None => Some(""),
    };
    let text = match form.format {
        ListFormat::Csv if form.is_usual() && answers.is_none() => lists::one_csv(&assessment, &table)?,
        ListFormat::Table if form.is_whole() && !args.only.undecided => {
            let mut resources: Vec<&Resource> =
                inventory.of_kind(kind).filter(|resource| pick(resource.id.as_str()).is_some()).collect();
            if form.is_sorted() {
                list.fill(None, &assessment, &pick).map_err(lists::unwritten)?;
                list.sort();
                list.arrange(&mut resources, |resource| vec![resource.id.as_str()]);
            }
            inventory_table(kind, &resources, &inventory, context.terminal.look)
        }
        _ => {
            list.fill(None, &assessment, &pick).map_err(lists::unwritten)?;
            let undecided = answers.as_ref().map(Answers::undecided);
            let ledger = &assessment.snapshot.ledger;
            let head = ListHead {
                scan: Some(&assessment.head),
                gaps: Coverage(ledger).gaps_of(kind).count(),
                shown_by_none: !ledger.iter().any(|entry| entry.shows.contains(&kind)),
                ..args.only.head(undecided.as_ref())
            };
            form.written(context, &mut list, &head)?
        }
    };
    context.terminal.result(&text);
    context.terminal.warn_of_gaps_in(&assessment, kind);
    if let (Some(answers), Some(question)) = (&answers, &question) {
        answers.tell(context, question, lists::called(kind));
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

/// Asks a question of everything of the kind, also of what the scan could not look for.
fn ask(args: &InventoryArgs, question: &Question, inventory: &Inventory<'_>, assessment: &Assessment) -> Answers {
    let asking = question.ask(inventory, assessment.head.ended_at);
    let mut answers = Answers::new(&args.only);
    let unseen = assessment
        .snapshot
        .carried
        .iter()
        .filter(|resource| resource.kind() == args.kind && inventory.get(&resource.id).is_none());
    for resource in inventory.of_kind(args.kind).chain(unseen) {
        answers.take(resource.id.as_str(), asking.resource(&resource.id));
    }
    answers
}

/// True if the scan saw the resource with this id.
fn seen(inventory: &Inventory<'_>, id: &str) -> bool {
    crate::model::ResourceId::parse(id).is_some_and(|id| inventory.get(&id).is_some())
}
