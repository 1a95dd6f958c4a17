//! A scan that several machines share: each reads sources, and one judges what all of them read, once.

use std::time::Duration;

use super::AppError;
use super::scan::{App, DEADLINE, RESUMABLE, RunToJudge, ScanOutcome};
use crate::model::{Collection, EndpointState, RunEnd, SourceName};
use crate::store::{RunRecord, Share, SharedRun, StoreError};

/// What came of a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// It is kept; these sources are still to be read.
    Kept {
        /// The others.
        left: Vec<SourceName>,
    },
    /// The run is over: nobody wants it any more.
    Over,
}

impl App {
    /// Reads the one source that this was built with, for a run that machines share: on from where another one was broken
    /// off, until the time of the run is over.
    ///
    /// # Errors
    /// When it was told to stop, or the store could not be used. What could not be seen is in the ledger, and no error.
    pub async fn read_share(&mut self, shared: &SharedRun) -> Result<Shared, AppError> {
        let Some(source) = self.sources.first().map(|source| source.name().clone()) else {
            return Ok(Shared::Over);
        };
        let previous = shared.after.map(|after| self.store.head(after)).transpose()?.flatten();
        let since = self.watermarks(previous.as_ref())?;
        let journal = self.open_journal(shared.run.id, shared.run.started_at - RESUMABLE);
        let mut read = self.collect(&since, journal.clone(), Some(shared.left), &|_progress| {}).await?;
        let stopped = self.stop.reason().is_some_and(|reason| reason == DEADLINE);
        let Some(collection) = read.pop() else { return Ok(Shared::Over) };
        let share = Share { source, collection, stopped };
        let Some(left) = self.store.keep_share(shared.run.id, &share)? else { return Ok(Shared::Over) };
        if let Some(journal) = journal.filter(|_| !stopped) {
            journal.remove();
        }
        Ok(Shared::Kept { left })
    }

    /// Judges what was read of a run, and stores it as a scan. `missing` are its sources that nobody has read, each with the
    /// reason; their endpoints are gaps. `None` if somebody has judged it already, or it was ended.
    ///
    /// # Errors
    /// `ScanUnderWay` if somebody else is judging or scanning, or what keeps it from being judged. A run that can never be
    /// judged, because another scan took its place or nothing was read, has been ended then.
    pub fn judge_shares(
        &mut self,
        shared: &SharedRun,
        missing: &[(SourceName, String)],
    ) -> Result<Option<ScanOutcome>, AppError> {
        let lock = self.store.lock_for_scan()?;
        let id = shared.run.id;
        if self.store.shared_run(id)?.is_none() {
            return Ok(None);
        }
        let mut shares = self.store.shares(id)?;
        // What came after it was settled which sources are missing comes too late.
        shares.retain(|share| self.sources.iter().any(|source| *source.name() == share.source));
        let stopped = !missing.is_empty() || shares.iter().any(|share| share.stopped);
        self.own_up_to(missing);
        let previous = self.store.latest()?;
        let judged = if previous.as_ref().map(|head| head.id) == shared.after {
            let collections: Vec<Collection> = shares.into_iter().map(|share| share.collection).collect();
            let since = self.watermarks(previous.as_ref())?;
            let run = RunRecord { id, stopped };
            let (schedule, started_at) = (shared.run.schedule.as_str(), shared.run.started_at);
            let of = RunToJudge { run, schedule, started_at, previous, since };
            self.judge(collections, of, &|_progress| {})
        } else {
            Err(StoreError::Overtaken { path: self.store.place().into() }.into())
        };
        let now = self.clock.now();
        let outcome = match judged {
            Ok(outcome) => {
                self.forget_old_scans();
                Ok(Some(outcome))
            }
            // What was read is older than what another scan has stored: it is read again.
            Err(error @ AppError::Store(StoreError::Overtaken { .. })) => {
                self.store.end_shared(Some((id, RunEnd::Interrupted, &error.to_string())), now)?;
                Err(error)
            }
            Err(error @ AppError::NothingCollected { .. }) => {
                self.store.end_shared(Some((id, RunEnd::Failed, &error.to_string())), now)?;
                Err(error)
            }
            Err(error) => return Err(error),
        };
        self.store.end_shared(None, now)?;
        drop(lock);
        outcome
    }

    /// The endpoints of sources that nobody has read are no choice of anybody.
    fn own_up_to(&mut self, missing: &[(SourceName, String)]) {
        for entry in &mut self.unasked {
            if let Some((_, reason)) = missing.iter().find(|(source, _)| *source == entry.source) {
                entry.state = EndpointState::Failed;
                entry.reason.clone_from(reason);
                entry.declared = None;
            }
        }
    }
}

/// Until when a run may take that has no time limit of its own.
pub const LONGEST: Duration = Duration::from_secs(12 * 3600);
