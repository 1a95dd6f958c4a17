//! One scan: collect, seal, compare, evaluate, reconcile, commit. Everything between collecting and committing is a
//! plain function of what was collected and what the store knew, so a scan can be repeated from its snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::AppError;
use crate::clock::Clock;
use crate::drift;
use crate::findings::{self, Judged, Reconciled, Waivers};
use crate::inventory::Inventory;
use crate::model::{
    Change, Collection, Coverage, EndpointState, Evaluation, Kind, LedgerEntry, RuleSummary, Severity, Snapshot,
    SnapshotHead, SnapshotId, SourceName, Status, Watermarks,
};
use crate::rules::RuleSet;
use crate::sources::{Depth, Source};
use crate::store::{ScanRecord, Store};

/// How long audit logs of the cloud go back: what an app did before is told by nobody any more.
const AUDIT_RETENTION: TimeDelta = TimeDelta::days(180);

/// The built parts of keyroll.
pub struct App {
    /// The estate's name.
    pub estate: String,
    /// Where to look.
    pub sources: Vec<Box<dyn Source>>,
    /// What to judge by.
    pub rules: RuleSet,
    /// What was accepted.
    pub waivers: Waivers,
    /// The endpoints of configured sources that this scan does not ask, as entries of the ledger.
    pub unasked: Vec<LedgerEntry>,
    /// Gaps that somebody knows and accepts.
    pub accepted_gaps: Vec<AcceptedGap>,
    /// What is kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// A gap that is known and accepted: it stays in every report and does not make a scan incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedGap {
    /// The source.
    pub source: SourceName,
    /// The endpoint, by its name in the ledger.
    pub endpoint: String,
    /// Why it is accepted.
    pub reason: String,
}

/// What a scan tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A source has been read.
    Collected {
        /// The source.
        source: SourceName,
        /// Sightings of resources.
        resources: usize,
        /// Endpoints that were read whole.
        complete: usize,
        /// Endpoints there are.
        endpoints: usize,
    },
    /// Everything is collected; judging begins.
    Judging {
        /// Resources in the snapshot.
        resources: usize,
    },
}

/// What came of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanOutcome {
    /// The snapshot that was stored.
    pub snapshot: SnapshotId,
    /// True if nothing was left unseen but what was declared or left out on purpose.
    pub complete: bool,
    /// The worst open finding.
    pub worst: Option<Severity>,
}

impl App {
    /// Scans the estate once.
    ///
    /// # Errors
    /// When nothing at all could be collected, or the store could not be used. What could not be seen in part is no
    /// error: it is in the ledger.
    pub async fn scan(&mut self, progress: &(dyn Fn(Progress) + Sync)) -> Result<ScanOutcome, AppError> {
        let started_at = self.clock.now();
        let previous = self.store.latest()?;
        let since = match &previous {
            Some(previous) => Watermarks::of(&self.store.ledger(previous.id)?),
            None => Watermarks::default(),
        };
        let mut collections = self.collect(&since, progress).await;
        refuse_emptiness(&collections)?;
        collections.push(Collection { ledger: self.unasked.clone(), ..Collection::default() });
        for collection in &mut collections {
            self.declare(&mut collection.ledger);
            since.keep(&mut collection.ledger);
        }
        let mut snapshot = Snapshot::seal(collections);
        progress(Progress::Judging { resources: snapshot.resources.len() });

        let changes = self.compare(previous.as_ref(), &mut snapshot)?;
        own_up_to_lost_sources(&mut snapshot, started_at);
        let now = self.clock.now();
        let evaluation = self.rules.evaluate(&Inventory::new(&snapshot), &changes, now);
        let rules = self.rules.summaries();
        let after = previous.as_ref().map(|head| head.id);
        let reconciled = self.reconcile(&snapshot, &changes, &evaluation, &rules, now)?;
        let head = self.head(&snapshot, after, started_at);
        self.commit(&head, &snapshot, &changes, &evaluation, &rules, &reconciled)
    }

    /// Reads all sources side by side.
    async fn collect(&self, since: &Watermarks, progress: &(dyn Fn(Progress) + Sync)) -> Vec<Collection> {
        let mut running: FuturesUnordered<_> = self
            .sources
            .iter()
            .map(|source| async { (source.name().clone(), source.look(Depth::Whole, since).await) })
            .collect();
        let mut collections = Vec::with_capacity(self.sources.len());
        while let Some((source, collection)) = running.next().await {
            let complete = collection.ledger.iter().filter(|entry| !entry.is_gap()).count();
            tracing::info!(
                source.name = %source,
                resources = collection.resources.len(),
                endpoints.complete = complete,
                endpoints = collection.ledger.len(),
                "source collected"
            );
            progress(Progress::Collected {
                source,
                resources: collection.resources.len(),
                complete,
                endpoints: collection.ledger.len(),
            });
            collections.push(collection);
        }
        collections
    }

    /// Writes the accepted reasons into the ledger entries they speak of.
    fn declare(&self, ledger: &mut [LedgerEntry]) {
        for entry in ledger.iter_mut().filter(|entry| entry.is_gap()) {
            entry.declared = self
                .accepted_gaps
                .iter()
                .find(|gap| gap.source == entry.source && *gap.endpoint == *entry.endpoint)
                .map(|gap| gap.reason.clone());
        }
    }

    /// What changed since the scan before; what was out of sight is carried on. The first scan has nothing to compare with.
    fn compare(&self, previous: Option<&SnapshotHead>, snapshot: &mut Snapshot) -> Result<Vec<Change>, AppError> {
        let Some(previous) = previous else { return Ok(Vec::new()) };
        let before = self.store.snapshot(previous.id)?.ok_or(AppError::NoSuchSnapshot(previous.id))?;
        snapshot.recall(&before, self.clock.now() - AUDIT_RETENTION);
        let comparison = drift::compare(&before, snapshot);
        snapshot.carried = comparison.carried;
        Ok(comparison.changes)
    }

    fn reconcile(
        &self,
        snapshot: &Snapshot,
        changes: &[Change],
        evaluation: &Evaluation,
        rules: &[RuleSummary],
        now: DateTime<Utc>,
    ) -> Result<Reconciled, AppError> {
        let baseline = self.store.baseline()?;
        let judged = Judged { rules, evaluation, snapshot, changes, baseline: baseline.as_ref() };
        Ok(findings::reconcile(&self.store.findings()?, &judged, &self.waivers, now))
    }

    fn head(&self, snapshot: &Snapshot, compared_with: Option<SnapshotId>, started_at: DateTime<Utc>) -> SnapshotHead {
        SnapshotHead {
            id: SnapshotId(0),
            estate: self.estate.clone(),
            started_at,
            ended_at: self.clock.now(),
            digest: snapshot.digest,
            rules_digest: self.rules.digest(),
            complete: Coverage(&snapshot.ledger).is_complete(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            sources: self.sources.iter().map(|source| source.name().clone()).collect(),
            compared_with,
            counts: snapshot.counts(),
        }
    }

    fn commit(
        &mut self,
        head: &SnapshotHead,
        snapshot: &Snapshot,
        changes: &[Change],
        evaluation: &Evaluation,
        rules: &[RuleSummary],
        reconciled: &Reconciled,
    ) -> Result<ScanOutcome, AppError> {
        let complete = head.complete;
        let id = self.store.commit(&ScanRecord {
            after: head.compared_with,
            head,
            snapshot,
            changes,
            findings: &reconciled.findings,
            transitions: &reconciled.transitions,
            tallies: &evaluation.tallies,
            rules,
            waivers: &reconciled.waiver_uses,
        })?;
        let open = reconciled.findings.iter().filter(|finding| finding.status == Status::Open);
        Ok(ScanOutcome { snapshot: id, complete, worst: open.map(|finding| finding.severity).max() })
    }
}

/// Resources that are carried for a source which is no longer configured: nobody can say how they are, and the ledger
/// says so for as long as they are carried.
fn own_up_to_lost_sources(snapshot: &mut Snapshot, now: DateTime<Utc>) {
    let known: BTreeSet<SourceName> = snapshot.ledger.iter().map(|entry| entry.source.clone()).collect();
    let mut lost: BTreeMap<SourceName, BTreeSet<Kind>> = BTreeMap::new();
    for resource in &snapshot.carried {
        for sighting in resource.seen_by.iter().filter(|sighting| !known.contains(&sighting.source)) {
            lost.entry(sighting.source.clone()).or_default().insert(resource.kind());
        }
    }
    for (source, kinds) in lost {
        let reason = "it is no longer in the configuration; what it showed is told as last seen".to_owned();
        let shows = kinds.into_iter().collect();
        let entry = LedgerEntry::not_asked(source, "the whole source".into(), String::new(), shows, reason, now);
        snapshot.ledger.push(entry);
    }
    snapshot.ledger.sort_by(|left, right| (&left.source, &left.endpoint).cmp(&(&right.source, &right.endpoint)));
}

/// A scan that saw nothing at all says nothing about the estate, so it is not stored as one.
fn refuse_emptiness(collections: &[Collection]) -> Result<(), AppError> {
    // An endpoint that shows nothing, or was answered without asking, is no sight of the estate.
    let telling = |entry: &LedgerEntry| {
        let seen = matches!(entry.state, EndpointState::Complete | EndpointState::Partial);
        seen && entry.requests > 0 && !entry.shows.is_empty()
    };
    if collections.iter().flat_map(|collection| &collection.ledger).any(telling) {
        return Ok(());
    }
    let first_gaps = collections.iter().filter_map(|collection| collection.ledger.iter().find(|entry| entry.is_gap()));
    let reasons = first_gaps.map(LedgerEntry::gap_text).collect();
    Err(AppError::NothingCollected { reasons })
}
