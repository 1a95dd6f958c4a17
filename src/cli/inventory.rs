//! `keyroll inventory`: what the latest scan saw of one kind.

use std::process::ExitCode;

use super::complain::Complaint;
use super::report::{ListFormat, one_csv};
use super::{Context, exit};
use crate::app::AsOf;
use crate::inventory::Inventory;
use crate::model::Kind;
use crate::reports::inventory_table;

#[derive(Debug, clap::Args)]
pub(super) struct InventoryArgs {
    /// principal, group, credential, container, grant, app, webhook, automation, variable or setting; the plural will do.
    #[arg(value_parser = parse_kind)]
    kind: Kind,
    /// As it was seen then: by a scan (`s12`), on a day (`2026-11-20`) or at a moment.
    #[arg(long, value_name = "WHEN")]
    as_of: Option<AsOf>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

fn parse_kind(word: &str) -> Result<Kind, String> {
    let singular = word.strip_suffix('s').unwrap_or(word);
    Kind::named(singular).ok_or_else(|| format!("it is one of {}", Kind::ALL.map(Kind::name).join(", ")))
}

pub(super) fn run(context: &Context, args: &InventoryArgs) -> Result<ExitCode, Complaint> {
    let assessment = context.assess(args.as_of)?;
    let inventory = Inventory::new(&assessment.snapshot);
    let text = match args.format {
        ListFormat::Table => {
            let resources: Vec<_> = inventory.of_kind(args.kind).collect();
            inventory_table(args.kind, &resources, &inventory, context.terminal.look)
        }
        ListFormat::Csv => one_csv(&assessment, &format!("{}s", args.kind.name()))?,
    };
    context.terminal.result(&text);
    context.terminal.warn_of_gaps_in(&assessment, args.kind);
    Ok(ExitCode::from(exit::COMPLETE))
}
