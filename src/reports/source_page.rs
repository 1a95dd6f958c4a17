//! One kind of source in full: what it sees, cannot see, which rights it takes, and what each of its endpoints costs.

use super::layout::{Ink, Look, Page, words};
use super::table::{Cell, Head, Table};

/// What the page of a kind of source says.
#[derive(Debug, Clone)]
pub struct SourcePage<'a> {
    /// The type as it is written in the configuration.
    pub name: &'a str,
    /// What it looks at, in one line.
    pub summary: &'a str,
    /// What it shows.
    pub sees: &'a [&'a str],
    /// What nobody can see through the product's API.
    pub cannot_see: &'a [&'a str],
    /// Each right it takes, and what for.
    pub rights: Vec<(&'a str, &'a str)>,
    /// What it asks.
    pub endpoints: Vec<EndpointRow<'a>>,
}

/// One endpoint of a source, in words.
#[derive(Debug, Clone)]
pub struct EndpointRow<'a> {
    /// Its name in the ledger.
    pub name: &'a str,
    /// How many requests it takes.
    pub cost: &'a str,
    /// The right that reading it takes, and the plan, where not every plan has it.
    pub right: String,
    /// What it shows.
    pub shows: String,
}

/// One kind of source in full.
#[must_use]
pub fn source_page(source: &SourcePage<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    page.paragraph(0, &[words(Ink::Strong, &format!("{}:", source.name)), words(Ink::Plain, source.summary)]);
    list(&mut page, "SEES", source.sees);
    list(&mut page, "CANNOT SEE", source.cannot_see);
    page.heading("RIGHTS IT TAKES", "");
    for (right, why) in &source.rights {
        page.paragraph(2, &[words(Ink::Plain, &format!("{right}:")), words(Ink::Dim, why)]);
    }
    page.heading("WHAT IT ASKS", &format!("({})", source.endpoints.len()));
    let heads = [Head::flow("ENDPOINT"), Head::flow("REQUESTS"), Head::flow("RIGHT"), Head::flow("SHOWS")];
    let mut table = Table::new(&heads, "Nothing.");
    for endpoint in &source.endpoints {
        table.row(vec![
            Cell::new(endpoint.name),
            Cell::new(endpoint.cost),
            Cell::inked(Ink::Dim, &endpoint.right),
            Cell::inked(Ink::Dim, &endpoint.shows),
        ]);
    }
    page.into_text() + &table.render(look)
}

fn list(page: &mut Page, title: &str, lines: &[&str]) {
    page.heading(title, "");
    for line in lines {
        page.paragraph(2, &[words(Ink::Plain, line)]);
    }
}
