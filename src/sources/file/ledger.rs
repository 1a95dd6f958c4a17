//! The line of the ledger for a file: how far it was read, and which rows were not.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::model::{EndpointState, LedgerEntry, SourceName};
use crate::sources::endpoint::Endpoint;
use crate::sources::local::Mistake;
use crate::text::plural;

/// How many mistakes are told one by one.
const NOTES: usize = 20;

/// How far the file was read, and why not further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) state: EndpointState,
    pub(super) reason: String,
}

impl Verdict {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self { state: EndpointState::Failed, reason: reason.into() }
    }

    /// The file is refused as a whole.
    pub(super) fn refused(name: &str, mistakes: &[Mistake]) -> Self {
        let first = mistakes.first().map(Mistake::in_words).unwrap_or_default();
        Self::failed(match mistakes {
            [one] if one.place.is_empty() && one.column.is_none() => format!("{name} {first}"),
            [_] => format!("{name} is refused: {first}"),
            _ => format!("{name} is refused for {} mistakes, the first: {first}", mistakes.len()),
        })
    }
}

/// What there is to say about a file.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) rows: usize,
    /// The rows that there are, as the export counts them.
    pub(super) expected: Option<u64>,
    pub(super) mistakes: Vec<Mistake>,
    /// True if what is not in the file may be there all the same.
    pub(super) visible_only: bool,
    pub(super) verdict: Verdict,
    /// True if it could be read at all.
    pub(super) read: bool,
}

impl Default for Sheet {
    fn default() -> Self {
        let verdict = Verdict::failed(String::new());
        Self { rows: 0, expected: None, mistakes: Vec::new(), visible_only: true, verdict, read: false }
    }
}

impl Sheet {
    /// The entry of the ledger. A file takes no requests; it is one page.
    pub(super) fn entry(
        self,
        source: &SourceName,
        path: &Path,
        endpoint: Endpoint,
        started_at: DateTime<Utc>,
        ended_at: DateTime<Utc>,
    ) -> LedgerEntry {
        let path = endpoint.path().replace("{}", &super::file_name(path));
        let reason = self.verdict.reason;
        let entry = LedgerEntry::not_asked(
            source.clone(),
            endpoint.name.into(),
            path,
            endpoint.shows.to_vec(),
            reason,
            started_at,
        );
        LedgerEntry {
            visible_only: self.visible_only,
            state: self.verdict.state,
            right: endpoint.right.to_owned(),
            pages: u32::from(self.read),
            rows: u64::try_from(self.rows).unwrap_or(u64::MAX),
            rows_expected: self.expected,
            unreadable: notes(&self.mistakes),
            ended_at,
            ..entry
        }
    }
}

/// The first mistakes in words, and how many more there are.
fn notes(mistakes: &[Mistake]) -> Vec<String> {
    let mut notes: Vec<String> = mistakes.iter().take(NOTES).map(Mistake::in_words).collect();
    if mistakes.len() > NOTES {
        notes.push(format!("and {}", plural(mistakes.len() - NOTES, "more mistake", "more mistakes")));
    }
    notes
}

/// Why a file is not read whole whose bad rows may be left out.
pub(super) fn left_out(rows: usize, mistakes: &[Mistake]) -> String {
    let first = mistakes.first().map(Mistake::in_words).unwrap_or_default();
    format!("{} left out because they cannot be read, the first: {first}", rows_are(rows))
}

pub(super) fn rows_are(count: usize) -> String {
    let rows = plural(count, "row", "rows");
    if count == 1 { format!("{rows} is") } else { format!("{rows} are") }
}

pub(super) fn days(count: i64) -> String {
    plural(usize::try_from(count).unwrap_or(0), "day", "days")
}
