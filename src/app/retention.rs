//! Which of the stored scans are kept, and why: some of each day, week and month, and whatever something that is not over
//! rests on.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Utc};

use super::AppError;
use crate::model::{SnapshotHead, SnapshotId, Status};
use crate::store::Store;

/// How many scans are kept: of each of so many days, weeks and months the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days with a scan, counted back from the latest.
    pub daily: u32,
    /// Weeks (from Monday on, UTC) with a scan.
    pub weekly: u32,
    /// Months with a scan.
    pub monthly: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { daily: 35, weekly: 26, monthly: 36 }
    }
}

/// What becomes of one scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// The scan.
    pub head: SnapshotHead,
    /// Why it is kept; empty if it is not.
    pub reasons: Vec<String>,
}

impl Fate {
    /// True if it is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !self.reasons.is_empty()
    }
}

/// What becomes of each scan, oldest first.
///
/// # Errors
/// If the store cannot be read.
pub fn fates(store: &Store, retention: Retention) -> Result<Vec<Fate>, AppError> {
    let mut heads = store.heads(usize::MAX)?;
    let mut reasons = by_calendar(&heads, retention);
    for (id, reason) in needs(store, &heads)? {
        reasons.entry(id).or_default().insert(reason);
    }
    heads.reverse();
    let fates = heads.into_iter().map(|head| {
        let reasons = reasons.remove(&head.id).unwrap_or_default().into_iter().collect();
        Fate { head, reasons }
    });
    Ok(fates.collect())
}

type Reasons = BTreeMap<SnapshotId, BTreeSet<String>>;

/// The last scan of each day, week and month; where schedules scan different sources, the last one of each. `heads` begins
/// with the newest.
fn by_calendar(heads: &[SnapshotHead], retention: Retention) -> Reasons {
    let mut reasons = Reasons::new();
    for (name, most) in [("day", retention.daily), ("week", retention.weekly), ("month", retention.monthly)] {
        let mut stretches = BTreeSet::new();
        let mut met = BTreeSet::new();
        for head in heads {
            let at = head.ended_at;
            let stretch = match name {
                "day" => (at.year(), at.ordinal()),
                "week" => (at.iso_week().year(), at.iso_week().week()),
                _ => (at.year(), at.month()),
            };
            stretches.insert(stretch);
            let is_last = met.insert((stretch, &head.sources));
            if is_last && stretches.len() <= usize::try_from(most).unwrap_or(usize::MAX) {
                reasons.entry(head.id).or_default().insert(format!("last of its {name}"));
            }
        }
    }
    reasons
}

/// The scans that something rests on: the latest and what it was compared with, baselines, those that reviews came from, and for each finding that is not over those that brought it up
/// and to where it stands, and the last that confirmed it where later ones could not.
fn needs(store: &Store, heads: &[SnapshotHead]) -> Result<Vec<(SnapshotId, String)>, AppError> {
    let mut needs = Vec::new();
    if let Some(latest) = heads.first() {
        needs.push((latest.id, "the latest".to_owned()));
        needs.extend(latest.compared_with.map(|earlier| (earlier, "what the latest was compared with".to_owned())));
    }
    for baseline in store.baselines()? {
        needs.push((baseline.snapshot, format!("baseline `{}`", baseline.name)));
    }
    for review in store.reviews()? {
        needs.push((review.snapshot, format!("review `{}`", review.name)));
    }
    let scan_at =
        |moment: DateTime<Utc>| heads.iter().find(|head| head.started_at <= moment && moment <= head.ended_at);
    // Many findings came up with the same scan, so that each moment is looked up once.
    let mut moments: BTreeMap<DateTime<Utc>, &str> = BTreeMap::new();
    for finding in store.findings()? {
        if matches!(finding.status, Status::Resolved(_)) {
            continue;
        }
        for moment in [finding.first_seen, finding.since] {
            moments.insert(moment, "where findings that stand came up");
        }
        if finding.unconfirmed.is_some() {
            moments.entry(finding.last_seen).or_insert("the last to confirm findings that stand");
        }
    }
    needs.extend(moments.into_iter().filter_map(|(at, reason)| Some((scan_at(at)?.id, reason.to_owned()))));
    Ok(needs)
}

/// Removes the scans that are not kept. Gives back how many they were.
///
/// # Errors
/// If the store cannot be used; nothing is removed then.
pub fn prune(store: &mut Store, retention: Retention) -> Result<usize, AppError> {
    let fates = fates(store, retention)?;
    let gone: Vec<SnapshotId> = fates.iter().filter(|fate| !fate.is_kept()).map(|fate| fate.head.id).collect();
    if !gone.is_empty() {
        store.remove(&gone)?;
    }
    Ok(gone.len())
}
