//! What goes back and forth, as of a scan: read out of what the scans of the last fortnight said.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::AppError;
use crate::drift;
use crate::model::{Change, FindingId, Flapping, FlappingChange, SnapshotHead, SnapshotId, Step, Transition};
use crate::store::Store;

/// Scans of a fortnight at most: one every ten minutes.
const RECENT: usize = 2016;

/// Resources, fields and findings that go back and forth.
pub(super) struct BackAndForth {
    pub(super) changes: Vec<FlappingChange>,
    pub(super) findings: BTreeMap<FindingId, Flapping>,
}

/// What goes back and forth as of a scan.
pub(super) fn back_and_forth(store: &Store, head: &SnapshotHead) -> Result<BackAndForth, AppError> {
    let records = store.records(head.id, RECENT)?;
    let recent = records.iter().take_while(|record| head.started_at - record.started_at <= Flapping::WINDOW);
    let times: BTreeMap<SnapshotId, DateTime<Utc>> = recent.map(|record| (record.id, record.started_at)).collect();
    let first = times.keys().next().copied().unwrap_or(head.id);
    let changes: Vec<(DateTime<Utc>, Change)> = store
        .certain_changes(first, head.id)?
        .into_iter()
        .filter_map(|(scan, change)| Some((*times.get(&scan)?, change)))
        .collect();
    let flapping = turns_since(store, first, head)?
        .into_iter()
        .filter_map(|(id, turns)| Some((id, Flapping::of(turns, head.ended_at)?)));
    Ok(BackAndForth { findings: flapping.collect(), changes: drift::flapping(&changes, head.started_at) })
}

/// When findings came up or were over in the fortnight up to a scan.
pub(super) fn turns(store: &Store, head: &SnapshotHead) -> Result<Turns, AppError> {
    let records = store.records(head.id, RECENT)?;
    let recent = records.iter().take_while(|record| head.started_at - record.started_at <= Flapping::WINDOW);
    turns_since(store, recent.last().map_or(head.id, |record| record.id), head)
}

type Turns = BTreeMap<FindingId, Vec<DateTime<Utc>>>;

fn turns_since(store: &Store, first: SnapshotId, head: &SnapshotHead) -> Result<Turns, AppError> {
    let mut turns = Turns::new();
    for Transition { finding, step, at, .. } in store.transitions_between(first, head.id)? {
        if is_turn(step) {
            turns.entry(finding).or_default().push(at);
        }
    }
    Ok(turns)
}

/// True if a finding came up or was over with a step.
pub(super) fn is_turn(step: Step) -> bool {
    match step {
        Step::Opened | Step::Reopened | Step::Resolved => true,
        Step::Worsened | Step::Waived | Step::WaiverEnded => false,
    }
}
