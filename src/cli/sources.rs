//! `keyroll sources`: what each kind of source sees, cannot see, which rights it takes and how many requests.

use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit};
use crate::reports::{EndpointRow, SourcePage, source_page};
use crate::sources::{Endpoint, SOURCES, SourceKind};

pub(super) fn run(context: &Context) -> Result<ExitCode, Complaint> {
    let pages: Vec<String> = SOURCES.iter().map(|kind| source_page(&page(kind), context.terminal.look)).collect();
    context.terminal.result(&pages.join("\n"));
    Ok(ExitCode::from(exit::COMPLETE))
}

/// What the page of a kind of source says.
fn page(kind: &SourceKind) -> SourcePage<'_> {
    SourcePage {
        name: kind.name,
        summary: kind.summary,
        sees: kind.sees,
        cannot_see: kind.cannot_see,
        rights: kind.rights.iter().map(|right| (right.right, right.why)).collect(),
        endpoints: kind.endpoints.iter().map(row).collect(),
    }
}

fn row(endpoint: &Endpoint) -> EndpointRow<'_> {
    EndpointRow {
        name: endpoint.name,
        cost: endpoint.cost,
        right: endpoint.right_in_words(),
        shows: endpoint.shows_in_words(),
    }
}
