//! Every change by itself, in a table.

use crate::inventory::Inventory;
use crate::model::{Change, What};
use crate::reports::layout::{Ink, Look};
use crate::reports::table::{Cell, Head, Table};
use crate::reports::{say, values};

/// Changes, in the order they are given. Names of other resources come from the inventory.
#[must_use]
pub fn drift_table(changes: &[&Change], inventory: &Inventory<'_>, look: Look) -> String {
    let heads = [
        Head::whole("WHAT"),
        Head::whole("KIND"),
        Head::flow("NAME"),
        Head::flow("HOW"),
        Head::flow("ID").shown_from(160),
    ];
    let mut table = Table::new(&heads, "No changes.");
    for change in changes {
        let ink = if change.reason.is_some() { Ink::Warn } else { Ink::Plain };
        table.row(vec![
            Cell::inked(ink, change.what.name()),
            Cell::new(change.resource.kind().name()),
            Cell::new(if change.name.is_empty() { change.resource.native() } else { &change.name }),
            Cell::inked(Ink::Dim, &how_it_changed(change, inventory)),
            Cell::inked(Ink::Dim, change.resource.as_str()),
        ]);
    }
    table.render(look)
}

fn how_it_changed(change: &Change, inventory: &Inventory<'_>) -> String {
    let fields = || change.fields.iter().map(|field| values::change(field, inventory)).collect::<Vec<_>>().join("; ");
    match (change.what, &change.reason, &change.replaces) {
        (What::NotObserved, Some(reason), _) => format!("may still be there: {reason}"),
        (What::FirstSeen, Some(reason), _) => format!("may be old: {reason}"),
        (_, Some(_), _) => format!("{} ({})", fields(), say::IN_DOUBT),
        (_, None, Some(before)) if change.fields.is_empty() => format!("replaces {}", before.native()),
        (_, None, _) => fields(),
    }
}
