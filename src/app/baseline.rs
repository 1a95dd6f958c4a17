//! Accepting a snapshot by name: drift findings seen up to it are thereby accepted too.

use super::{AppError, AsOf, Refused};
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
/// When its name would be taken for a scan, a word is missing, there is no such snapshot, or the store cannot be written.
pub fn accept_baseline(store: &mut Store, clock: &dyn Clock, ask: AcceptRequest) -> Result<Baseline, AppError> {
    check(&ask)?;
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

/// A baseline is evidence: it says what it is called, who accepted it and why, and is found again by its name.
fn check(ask: &AcceptRequest) -> Result<(), Refused> {
    let words = [("name", &ask.name), ("person (`--by`)", &ask.accepted_by), ("reason (`--reason`)", &ask.reason)];
    if let Some((what, _)) = words.iter().find(|(_, word)| word.trim().is_empty()) {
        return Err(Refused::new(
            format!("the {what} is empty"),
            "say what the baseline is called, who accepts it, and why: auditors ask for all three",
        ));
    }
    if ask.name.parse::<AsOf>().is_ok() {
        let what = format!("a baseline cannot be called `{}`: that names a scan", ask.name);
        return Err(Refused::new(what, "call it after its occasion: `2026-q4`, `after-the-clean-up`"));
    }
    if ask.name.trim() != ask.name || ask.name.chars().any(char::is_control) {
        let what = format!("a baseline cannot be called {:?}", ask.name);
        return Err(Refused::new(what, "leave out spaces around it, and letters that cannot be seen"));
    }
    Ok(())
}
