//! What a scan gives occasion to tell: its results beside those of the scan before, and what was told already.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::inventory::Inventory;
use crate::model::{
    CauseId, Change, ChannelName, Finding, FindingId, LedgerEntry, RuleSummary, SnapshotId, SourceName, Thread,
    Transition, WaiverUse,
};

/// One scan, as far as there is something to tell of it.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The estate.
    pub estate: &'a str,
    /// The snapshot it stores.
    pub snapshot: SnapshotId,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it was judged.
    pub now: DateTime<Utc>,
    /// What was seen.
    pub inventory: &'a Inventory<'a>,
    /// What changed since the scan before, sorted by resource.
    pub changes: &'a [Change],
    /// Every finding as it stands.
    pub findings: &'a [Finding],
    /// The steps that findings took.
    pub transitions: &'a [Transition],
    /// The rules that judged, sorted by id.
    pub rules: &'a [RuleSummary],
    /// The waivers and what they did.
    pub waivers: &'a [WaiverUse],
    /// The scan before; `None` if this is the first.
    pub before: Option<&'a Before>,
    /// What was told so far.
    pub known: &'a Known,
    /// Credentials of keyroll's own.
    pub own: &'a [OwnCredential],
}

/// What is needed of the scan before.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// The rules that judged it, sorted by id.
    pub rules: Vec<RuleSummary>,
    /// The sources that were asked.
    pub sources: Vec<SourceName>,
    /// Its ledger.
    pub ledger: Vec<LedgerEntry>,
    /// The first of the incomplete scans that came one after the other up to it; `None` if it was complete.
    pub incomplete_since: Option<DateTime<Utc>>,
}

/// What was told so far.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The causes with which findings came up.
    pub causes: HashMap<FindingId, CauseId>,
    /// The threads that are not over.
    pub threads: Vec<Thread>,
    /// Messages that each channel was given within the last day.
    pub recent: HashMap<ChannelName, usize>,
    /// Findings that somebody deals with on this day.
    pub acknowledged: HashSet<FindingId>,
    /// When findings came up or were over in the last fortnight.
    pub turns: HashMap<FindingId, Vec<DateTime<Utc>>>,
    /// How long findings that go back and forth have kept still ([`kept_still`](super::kept_still)).
    pub still_for: HashMap<FindingId, TimeDelta>,
    /// Marks of what is not to be told again, and of how findings that go back and forth were told last.
    pub told: BTreeSet<String>,
}

/// A credential that keyroll itself uses, as far as the configuration tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCredential {
    /// The source that is read with it.
    pub source: SourceName,
    /// The mail address of its account, where it has one.
    pub user: Option<String>,
    /// When it ends, where somebody wrote that down.
    pub ends_at: Option<DateTime<Utc>>,
}
