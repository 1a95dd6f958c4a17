//! What the credential of a source has to be, where it is made, and what each right is good for.

use super::layout::{Ink, Look, Page, words};
use super::table::{Cell, Head, Table};
use crate::text::plural;

/// Rules that a cell names before it only counts them.
const NAMED: usize = 2;
/// Sorts of resource that a cell names before it only counts them.
const SORTS: usize = 5;

/// What is said of the credential of a source.
#[derive(Debug, Clone)]
pub struct GainsPage<'a> {
    /// The source's name and type.
    pub title: &'a str,
    /// The least credential that shows something of use.
    pub least: &'a str,
    /// Where one is made.
    pub made_at: &'a str,
    /// Where rights are given.
    pub rights_at: &'a str,
    /// Each right, what it lets be seen, and the rules that need it.
    pub rights: Vec<GainRow<'a>>,
}

/// What a right is good for.
#[derive(Debug, Clone)]
pub struct GainRow<'a> {
    /// The right, in the product's words.
    pub right: &'a str,
    /// What it lets be seen.
    pub shows: Vec<String>,
    /// The rules that leave verdicts unknown without it.
    pub rules: Vec<String>,
}

/// The page of a source.
#[must_use]
pub fn gains_page(gains: &GainsPage<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    page.heading(gains.title, "");
    for (label, text) in [("least:", gains.least), ("made at:", gains.made_at), ("rights:", gains.rights_at)] {
        page.hanging(2, &words(Ink::Dim, label), 8, &[words(Ink::Plain, text)]);
    }
    let heads = [Head::flow("RIGHT"), Head::flow("LETS KEYROLL SEE"), Head::flow("AND DECIDES")];
    let mut table = Table::new(&heads, "It takes no right.");
    for row in &gains.rights {
        let decides = match row.rules.len() {
            0 => "no rule by itself".to_owned(),
            count if count <= NAMED => row.rules.join(", "),
            count => {
                let named = row.rules.get(..NAMED).unwrap_or_default().join(", ");
                format!("{}: {named}, …", plural(count, "rule", "rules"))
            }
        };
        let shows = match row.shows.get(..SORTS) {
            Some(first) if row.shows.len() > SORTS => {
                format!("{} and {} more", first.join(", "), row.shows.len() - SORTS)
            }
            _ => row.shows.join(", "),
        };
        table.row(vec![Cell::new(row.right), Cell::new(&shows), Cell::inked(Ink::Dim, &decides)]);
    }
    page.into_text() + &table.render(look)
}
