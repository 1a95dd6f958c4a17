//! How completely each endpoint was read, and which rules could not judge everything.

use axum::response::{Html, Response};
use serde::Serialize;

use super::{Inquiry, page};
use crate::model::{LedgerEntry, Tally};
use crate::reports::{Grid, coverage_grid};

#[derive(Serialize)]
struct View<'a> {
    gaps: Grid,
    whole: Grid,
    gap_count: usize,
    whole_count: usize,
    doubts: Vec<Doubt<'a>>,
}

#[derive(Serialize)]
struct Doubt<'a> {
    rule: &'a str,
    title: &'a str,
    unknown: usize,
    link: String,
}

pub(in crate::serve) async fn coverage(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, _inquiry| {
            let ledger = laid.assessment.snapshot.ledger.iter().cloned();
            let (gaps, whole): (Vec<LedgerEntry>, Vec<LedgerEntry>) = ledger.partition(LedgerEntry::is_gap);
            let tally = |rule| laid.assessment.tallies.get(rule);
            let unsure = laid.assessment.rules.iter().filter(|rule| !tally(&rule.id).is_some_and(Tally::is_whole));
            let doubts = unsure.map(|rule| Doubt {
                rule: rule.id.as_str(),
                title: &rule.title,
                unknown: tally(&rule.id).map_or(0, |tally| tally.unknown),
                link: frame.link("findings", &[("rule", rule.id.as_str()), ("status", "all")]),
            });
            let view = View {
                gap_count: gaps.len(),
                whole_count: whole.len(),
                gaps: coverage_grid(&gaps),
                whole: coverage_grid(&whole),
                doubts: doubts.collect(),
            };
            Ok(Html(page(laid, frame, ("coverage.html", "coverage"), "Coverage", &view)))
        })
        .await
}
