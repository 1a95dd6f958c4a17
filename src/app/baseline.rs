//! Accepting a snapshot by name: drift findings seen up to it are thereby accepted too.

use super::AppError;
use crate::clock::Clock;
use crate::model::{Baseline, SnapshotId};
use crate::store::Store;

/// Who accepts which snapshot, and why.
#[derive(Debug, Clone)]
pub struct AcceptRequest {
    /// The snapshot; the latest one if none is named.
    pub snapshot: Option<SnapshotId>,
    /// A name for the baseline.
    pub name: String,
    /// Who accepts it.
    pub accepted_by: String,
    /// Why.
    pub reason: String,
}

/// Accepts a snapshot as the baseline.
///
/// # Errors
/// When there is no such snapshot, or the store cannot be written.
pub fn accept_baseline(store: &mut Store, clock: &dyn Clock, ask: AcceptRequest) -> Result<Baseline, AppError> {
    let head = match ask.snapshot {
        Some(id) => store.head(id)?.ok_or(AppError::NoSuchSnapshot(id))?,
        None => store.latest()?.ok_or(AppError::NoScan)?,
    };
    let baseline = Baseline {
        snapshot: head.id,
        name: ask.name,
        accepted_by: ask.accepted_by,
        accepted_at: clock.now(),
        taken_at: head.ended_at,
        reason: ask.reason,
    };
    store.set_baseline(&baseline)?;
    Ok(baseline)
}
