//! What a stored scan gives occasion to tell, worked out again: by whoever wants to see a route at work before it is used.

use super::AppError;
use super::news;
use crate::alerts::{self, Known, Occasion, OwnCredential, Routing};
use crate::inventory::Inventory;
use crate::model::{Outgoing, SnapshotId};
use crate::store::Store;

/// What a scan gives occasion to tell, the latest one if none is named. Budgets of the day and what was told already do not
/// count: it is as if that night came now. Nothing is kept and nothing is sent.
///
/// # Errors
/// When there is no such scan, or the store cannot be read.
pub fn preview(
    store: &Store,
    scan: Option<SnapshotId>,
    estate: &str,
    routing: &Routing,
    own: &[OwnCredential],
) -> Result<Vec<Outgoing>, AppError> {
    let head = match scan {
        Some(id) => store.head(id)?.ok_or(AppError::NoSuchSnapshot(id))?,
        None => store.latest()?.ok_or(AppError::NoScan)?,
    };
    let snapshot = store.snapshot(head.id)?.ok_or(AppError::NoSuchSnapshot(head.id))?;
    let inventory = Inventory::new(&snapshot);
    let previous = match head.compared_with {
        // What the scan before was judged by is asked for: without it everything would look new.
        Some(id) => Some(store.head(id)?.ok_or(AppError::NoSuchSnapshot(id))?),
        None => None,
    };
    let before = previous.as_ref().map(|previous| news::before(store, previous)).transpose()?;
    let known = Known { causes: store.causes()?, threads: store.open_threads()?, ..Known::default() };
    let occasion = Occasion {
        estate,
        snapshot: head.id,
        started_at: head.started_at,
        now: head.ended_at,
        inventory: &inventory,
        changes: &store.changes(head.id)?,
        findings: &store.findings()?,
        transitions: &store.transitions(head.id)?,
        rules: &store.rules(head.id)?,
        waivers: &store.waiver_uses(head.id)?,
        before: before.as_ref(),
        known: &known,
        own,
    };
    Ok(alerts::tell(&occasion, routing).outgoing)
}
