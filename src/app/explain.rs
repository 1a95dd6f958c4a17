//! The scans that have something to say about one finding or one resource, taken out of the store: the latest one, the
//! one that saw the resource last, and the one that confirmed the finding last. Often these are the same.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::AppError;
use super::compare::look_back;
use crate::inventory::Revocations;
use crate::model::{Change, Finding, ResourceId, RuleSummary, Snapshot, SnapshotHead, SnapshotId, WaiverUse};
use crate::store::{Known, Store};

/// One scan, as far as it is about one resource.
#[derive(Debug)]
pub struct Scene {
    /// The record of the scan.
    pub head: SnapshotHead,
    /// What was seen.
    pub snapshot: Snapshot,
    /// The rules that judged.
    pub rules: Vec<RuleSummary>,
    /// What changed about the resource, with the resource as it was before: rules on changes can judge it again.
    pub changes: Vec<Change>,
    /// When it was judged.
    pub judged_at: DateTime<Utc>,
    /// What reviews had decided when it began.
    pub revocations: Revocations,
}

/// All that the store has about one finding or one resource.
#[derive(Debug)]
pub struct Dossier {
    /// The scans, by number.
    pub scenes: BTreeMap<SnapshotId, Scene>,
    /// The latest scan.
    pub latest: SnapshotId,
    /// The scan that saw the resource last; `None` if none of those that are kept did.
    pub seen: Option<SnapshotId>,
    /// The scan that confirmed the finding last; `None` if it is not kept, or no finding is asked about.
    pub confirmed: Option<SnapshotId>,
    /// The record of the first scan that knew the resource.
    pub first: Option<SnapshotHead>,
    /// What changed about the resource in all scans that are kept, oldest first.
    pub changes: Vec<(SnapshotHead, Change)>,
    /// The waivers and what they did in the latest scan.
    pub waivers: Vec<WaiverUse>,
}

impl Dossier {
    /// All about a resource.
    ///
    /// # Errors
    /// When there was no scan, or the store cannot be read.
    pub fn of_resource(store: &Store, resource: &ResourceId) -> Result<Self, AppError> {
        Self::gather(store, resource, None)
    }

    /// All about a finding and its resource.
    ///
    /// # Errors
    /// When there was no scan, or the store cannot be read.
    pub fn of_finding(store: &Store, finding: &Finding) -> Result<Self, AppError> {
        Self::gather(store, &finding.resource, Some(finding.last_seen))
    }

    fn gather(store: &Store, resource: &ResourceId, confirmed: Option<DateTime<Utc>>) -> Result<Self, AppError> {
        let heads: BTreeMap<SnapshotId, SnapshotHead> =
            store.heads(usize::MAX)?.into_iter().map(|head| (head.id, head)).collect();
        let latest = *heads.keys().next_back().ok_or(AppError::NoScan)?;
        let known = store.known(resource)?;
        // Of scans that are not kept any more, the one before them shows it as well, if it had it already.
        let seen = known.and_then(|Known { first, seen, .. }| heads.range(first..=seen).next_back().map(|(id, _)| *id));
        let during = |head: &&SnapshotHead| confirmed.is_some_and(|at| head.started_at <= at && at <= head.ended_at);
        // Of two scans within one moment of a clock that stands, the later one had the last word.
        let confirmed_by = heads.values().rev().find(during);
        let told = store.changes_of(resource)?;
        let mut scenes = BTreeMap::new();
        for id in [Some(latest), seen, confirmed_by.map(|head| head.id)].into_iter().flatten() {
            if let (false, Some(head)) = (scenes.contains_key(&id), heads.get(&id)) {
                let judged_at = confirmed.filter(|_| confirmed_by.is_some_and(|by| by.id == id));
                let own = told.iter().filter(|(at, change)| *at == id && change.resource == *resource);
                let changes = own.map(|(_, change)| change.clone()).collect();
                scenes.insert(id, Scene::load(store, head, changes, judged_at.unwrap_or(head.ended_at))?);
            }
        }
        Ok(Self {
            scenes,
            latest,
            seen,
            confirmed: confirmed_by.map(|head| head.id),
            first: known.and_then(|known| heads.get(&known.first).cloned()),
            changes: told.into_iter().filter_map(|(id, change)| Some((heads.get(&id)?.clone(), change))).collect(),
            waivers: store.waiver_uses(latest)?,
        })
    }
}

impl Scene {
    /// A scan, with its changes of the resource as the store has them.
    fn load(
        store: &Store,
        head: &SnapshotHead,
        mut changes: Vec<Change>,
        judged_at: DateTime<Utc>,
    ) -> Result<Self, AppError> {
        let snapshot = store.snapshot(head.id)?.ok_or(AppError::NoSuchSnapshot(head.id))?;
        look_back(store, head, &mut changes)?;
        let revocations = Revocations::of(store.decided_access(head.started_at)?);
        Ok(Self { head: head.clone(), snapshot, rules: store.rules(head.id)?, changes, judged_at, revocations })
    }
}
