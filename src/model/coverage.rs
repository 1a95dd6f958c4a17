//! The coverage ledger: how completely each endpoint was read, and what that leaves unseen.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Kind, Sighting, SourceName};

/// How far an endpoint was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointState {
    /// All of it: proven by a count or by the protocol's end marker.
    Complete,
    /// Some of it: stopped early, or the count does not agree with the rows.
    Partial,
    /// Refused: the credential has not the right.
    Denied,
    /// The plan, version or edition does not have it.
    NotOffered,
    /// No usable answer.
    Failed,
    /// Not asked: left out by the configuration or the command line.
    Skipped,
}

impl EndpointState {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Denied => "denied",
            Self::NotOffered => "not-offered",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What became of one endpoint of one source in one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The source.
    pub source: SourceName,
    /// The endpoint in words, unique within its source: “user API tokens”.
    pub endpoint: Arc<str>,
    /// Method and path as they were asked, with `{}` for ids.
    pub path: String,
    /// The kinds of resource that only this endpoint, or this endpoint among others, can show.
    pub shows: Vec<Kind>,
    /// The forms of those kinds it is about, such as `space-permission`; empty if it can show any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<Arc<str>>,
    /// True if it shows only what the scanning account may view, and has no way of telling what else there is: that
    /// something is not there any more may mean that it is hidden.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub visible_only: bool,
    /// How far it was read.
    pub state: EndpointState,
    /// Why it is not complete: one sentence fragment. Empty when it is.
    pub reason: String,
    /// The right that reading it takes, in the product's words.
    pub right: String,
    /// The reason somebody gave in the configuration for accepting the gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// Requests sent, retries included.
    pub requests: u32,
    /// Readable pages.
    pub pages: u32,
    /// Rows received.
    pub rows: u64,
    /// Rows there are, as the server counts them, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_expected: Option<u64>,
    /// Cursor, link or offset asked for last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_cursor: Option<String>,
    /// Where the next scan reads on, of an endpoint that tells news: what it told before stays told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<String>,
    /// How often each HTTP status came.
    pub statuses: BTreeMap<u16, u32>,
    /// Requests sent again.
    pub retries: u32,
    /// Rows of which some field could not be read: which row and field, a few of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
    /// When reading began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
}

impl LedgerEntry {
    /// An endpoint that was not asked, and why.
    #[must_use]
    pub fn not_asked(
        source: SourceName,
        endpoint: Arc<str>,
        path: String,
        shows: Vec<Kind>,
        reason: String,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            source,
            endpoint,
            path,
            shows,
            forms: Vec::new(),
            visible_only: false,
            state: EndpointState::Skipped,
            reason,
            right: String::new(),
            declared: None,
            requests: 0,
            pages: 0,
            rows: 0,
            rows_expected: None,
            last_cursor: None,
            watermark: None,
            statuses: BTreeMap::new(),
            retries: 0,
            unreadable: Vec::new(),
            started_at: now,
            ended_at: now,
        }
    }

    /// True if it can show resources of a kind in one of these forms; no forms mean any.
    #[must_use]
    pub fn can_show(&self, kind: Kind, forms: &[impl AsRef<str>]) -> bool {
        let meets = || self.forms.iter().any(|own| forms.iter().any(|form| form.as_ref() == &**own));
        self.shows.contains(&kind) && (self.forms.is_empty() || forms.is_empty() || meets())
    }

    /// True if something may exist that this endpoint did not show.
    #[must_use]
    pub fn is_gap(&self) -> bool {
        self.state != EndpointState::Complete
    }

    /// True if the gap makes the scan incomplete: nobody accepted it with a reason. Leaving an endpoint out is no reason.
    #[must_use]
    pub fn is_undeclared_gap(&self) -> bool {
        self.is_gap() && self.declared.is_none()
    }

    /// The gap in a few words: “user API tokens of acme-org: denied, refused with 403”.
    #[must_use]
    pub fn gap_text(&self) -> String {
        let mut text = format!("{} of {}: {}", self.endpoint, self.source, self.state.name());
        if !self.reason.is_empty() {
            text.push_str(", ");
            text.push_str(&self.reason);
        }
        text
    }
}

/// How a scan looked at something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saw {
    /// All endpoints that show it were read whole.
    Whole,
    /// One of them was not asked, as where each schedule scans sources of its own.
    NotAsked,
    /// All were asked, and one was not read whole.
    Gap,
}

/// Questions to the ledger of one scan.
#[derive(Debug, Clone, Copy)]
pub struct Coverage<'a>(pub &'a [LedgerEntry]);

impl<'a> Coverage<'a> {
    /// The entries that are not complete.
    pub fn gaps(self) -> impl Iterator<Item = &'a LedgerEntry> {
        self.0.iter().filter(|entry| entry.is_gap())
    }

    /// The gaps behind which resources of a kind may be hidden.
    pub fn gaps_of(self, kind: Kind) -> impl Iterator<Item = &'a LedgerEntry> {
        self.gaps().filter(move |entry| entry.shows.contains(&kind))
    }

    /// The gaps behind which resources of a kind may be hidden that have one of these forms; no forms mean any.
    pub fn gaps_over(self, kind: Kind, forms: &[&str]) -> impl Iterator<Item = &'a LedgerEntry> {
        self.gaps().filter(move |entry| entry.can_show(kind, forms))
    }

    /// True if every endpoint that shows the kind was read whole, and there was at least one.
    #[must_use]
    pub fn seen_whole(self, kind: Kind) -> bool {
        self.all_seen(kind, &[])
    }

    /// True if every endpoint that shows the kind in one of these forms was read whole, and there was at least one.
    #[must_use]
    pub fn all_seen(self, kind: Kind, forms: &[&str]) -> bool {
        self.0.iter().any(|entry| entry.can_show(kind, forms)) && self.gaps_over(kind, forms).next().is_none()
    }

    /// Why a resource that was seen before cannot be called gone; `None` if every endpoint that showed it then
    /// was read whole now. Of a resource that no endpoint is known to show, nothing can be said.
    #[must_use]
    pub fn why_unseen(self, seen_by: &[Sighting]) -> Option<String> {
        if seen_by.is_empty() {
            return Some("which endpoint shows it is not known".to_owned());
        }
        seen_by.iter().find_map(|sighting| {
            let entry =
                self.0.iter().find(|entry| entry.source == sighting.source && entry.endpoint == sighting.endpoint);
            match entry {
                None => Some(format!("{} of {} was not asked this time", sighting.endpoint, sighting.source)),
                Some(entry) if entry.is_gap() => Some(entry.gap_text()),
                Some(_) => None,
            }
        })
    }

    /// How a scan looked at what these endpoints show.
    #[must_use]
    pub fn saw(self, seen_by: &[Sighting]) -> Saw {
        let entry_of = |seen: &Sighting| {
            self.0.iter().find(|entry| entry.source == seen.source && entry.endpoint == seen.endpoint)
        };
        let was_not_asked = |seen: &Sighting| entry_of(seen).is_none_or(|entry| entry.state == EndpointState::Skipped);
        match self.why_unseen(seen_by) {
            None => Saw::Whole,
            Some(_) if seen_by.iter().any(was_not_asked) => Saw::NotAsked,
            Some(_) => Saw::Gap,
        }
    }

    /// Why a resource that is not shown may be hidden all the same: all endpoints that show it show only what the
    /// scanning account may view.
    #[must_use]
    pub fn may_be_hidden(self, seen_by: &[Sighting]) -> Option<String> {
        let entry_of = |seen: &Sighting| {
            self.0.iter().find(|entry| entry.source == seen.source && entry.endpoint == seen.endpoint)
        };
        let mut hiding = None;
        for entry in seen_by.iter().filter_map(entry_of) {
            hiding = Some(entry).filter(|entry| entry.visible_only);
            hiding?;
        }
        let entry = hiding?;
        Some(format!("{} of {} shows only what the scanning account may view", entry.endpoint, entry.source))
    }

    /// True if everything was seen, or the rest was declared.
    #[must_use]
    pub fn is_complete(self) -> bool {
        !self.0.iter().any(LedgerEntry::is_undeclared_gap)
    }
}

/// Where the endpoints that tell news were read up to, by source and endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watermarks(BTreeMap<(SourceName, Arc<str>), String>);

impl Watermarks {
    /// Those of a ledger.
    #[must_use]
    pub fn of(ledger: &[LedgerEntry]) -> Self {
        let marked = ledger
            .iter()
            .filter_map(|entry| Some(((entry.source.clone(), Arc::clone(&entry.endpoint)), entry.watermark.clone()?)));
        Self(marked.collect())
    }

    /// Where to read on.
    #[must_use]
    pub fn get(&self, source: &SourceName, endpoint: &str) -> Option<&str> {
        self.0.get(&(source.clone(), endpoint.into())).map(String::as_str)
    }

    /// Writes into a ledger the marks that a scan did not move, because it could not read on.
    pub fn keep(&self, ledger: &mut [LedgerEntry]) {
        for entry in ledger.iter_mut().filter(|entry| entry.watermark.is_none()) {
            entry.watermark = self.get(&entry.source, &entry.endpoint).map(str::to_owned);
        }
    }
}
