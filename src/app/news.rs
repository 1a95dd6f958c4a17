//! What is to be told, put together from the store: the scan before and what was told so far, the trouble with schedules,
//! and what time alone gives occasion to.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::AppError;
use super::schedule::Schedule;
use crate::alerts::{self, Before, FLAP, Known, RUNG, Routing, STILL, ScheduleNews, Trouble};
use crate::model::{Dispatch, Finding, FindingId, RunEnd, SnapshotHead, SourceName};
use crate::store::Store;

/// Scans that are looked back at to find out since when they are incomplete.
const LOOK_BACK: usize = 400;

/// What is needed of the scan before.
pub(super) fn before(store: &Store, previous: &SnapshotHead) -> Result<Before, AppError> {
    let records = store.records(previous.id, LOOK_BACK)?;
    let incomplete = records.iter().take_while(|record| !record.complete);
    Ok(Before {
        rules: store.rules(previous.id)?,
        sources: previous.sources.clone(),
        ledger: store.ledger(previous.id)?,
        incomplete_since: incomplete.last().map(|record| record.started_at),
    })
}

/// What was told so far.
pub(super) fn known(store: &Store, now: DateTime<Utc>) -> Result<Known, AppError> {
    let today = now.date_naive();
    let acknowledged: HashSet<_> = store
        .acknowledgements()?
        .into_iter()
        .filter(|acknowledgement| acknowledgement.until >= today)
        .map(|acknowledgement| acknowledgement.finding)
        .collect();
    let mut told = store.told(RUNG)?;
    told.extend(store.told(FLAP)?);
    Ok(Known {
        still_for: still_for(store, &told)?,
        causes: store.causes()?,
        threads: store.open_threads()?,
        recent: store.notices_since(now - TimeDelta::days(1))?,
        acknowledged,
        turns: turns(store)?,
        told,
    })
}

/// How long findings that go back and forth have kept still.
fn still_for(store: &Store, told: &BTreeSet<String>) -> Result<HashMap<FindingId, TimeDelta>, AppError> {
    let flapping = alerts::flapping(told);
    if flapping.is_empty() {
        return Ok(HashMap::new());
    }
    let mut findings = store.findings()?;
    findings.retain(|finding| flapping.contains(&finding.id));
    let first = findings.iter().map(|finding| finding.since).min().unwrap_or(DateTime::<Utc>::MAX_UTC);
    // What lies twice the wait before the latest scan decides nothing, however many schedules there are.
    let heads = store.heads(usize::MAX)?;
    let first = heads.first().map_or(first, |latest| first.max(latest.started_at - STILL * 2));
    let mut scans = Vec::new();
    for head in heads.into_iter().take_while(|head| head.started_at >= first) {
        scans.push((head.started_at, store.ledger(head.id)?));
    }
    let kept_still = |finding: Finding| {
        let scans = scans.iter().map(|(started_at, ledger)| (*started_at, ledger.as_slice()));
        (finding.id.clone(), alerts::kept_still(&finding, scans))
    };
    Ok(findings.into_iter().map(kept_still).collect())
}

/// When findings came up or were over, in the fortnight up to the latest scan.
fn turns(store: &Store) -> Result<HashMap<FindingId, Vec<DateTime<Utc>>>, AppError> {
    match store.latest()? {
        Some(latest) => Ok(super::flapping::turns(store, &latest)?.into_iter().collect()),
        None => Ok(HashMap::new()),
    }
}

/// Whose news these are, who hears of them, and when it is.
#[derive(Debug, Clone, Copy)]
pub struct Voice<'a> {
    /// The estate.
    pub estate: &'a str,
    /// Who is told of what.
    pub routing: &'a Routing,
    /// The time.
    pub now: DateTime<Utc>,
}

impl Voice<'_> {
    /// Tells what time alone gives occasion to: reminders, escalations, and rungs of the expiry ladder that were reached
    /// since. Gives back how many notices went into the outbox.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub fn follow_up(self, store: &mut Store) -> Result<usize, AppError> {
        let known = known(store, self.now)?;
        let mut dispatch = alerts::follow_up(&store.findings()?, &known, self.estate, self.routing, self.now);
        dispatch.extend(alerts::climb_on(&store.expiries()?, &known.told, self.estate, self.routing, self.now));
        keep(store, &dispatch)
    }

    /// Tells trouble with a schedule, once. Gives back how many notices went into the outbox.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub fn trouble(
        self,
        store: &mut Store,
        schedule: &str,
        sources: &[SourceName],
        trouble: Trouble,
    ) -> Result<usize, AppError> {
        let news = news(store, schedule, sources, Some(trouble))?;
        if !store.told(&news.mark())?.is_empty() {
            return Ok(0);
        }
        let known = known(store, self.now)?;
        keep(store, &alerts::of_schedule(&news, self.estate, self.routing, &known.threads, &known.recent, self.now))
    }

    /// What is to be told when a scan of a schedule is stored: that it runs again, if anybody heard that it did not.
    pub(super) fn well_again(self, store: &Store, schedule: &str, known: &Known) -> Result<Dispatch, AppError> {
        let news = news(store, schedule, &[], None)?;
        Ok(alerts::of_schedule(&news, self.estate, self.routing, &known.threads, &known.recent, self.now))
    }

    /// Writes down runs that never said how they ended, and tells of them. To be called by whoever holds the lock for
    /// scanning: nobody else can be at work then.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub fn look_back(self, store: &mut Store, schedules: &[Schedule]) -> Result<(), AppError> {
        for run in store.runs_under_way()? {
            store.end_run(run.id, RunEnd::Vanished, "its process is gone", self.now)?;
            tracing::warn!(schedule = run.schedule, "a scan never ended: its process is gone");
            let known = schedules.iter().find(|schedule| schedule.name == run.schedule);
            let sources = known.map_or(&[][..], |schedule| &schedule.sources);
            self.trouble(store, &run.schedule, sources, Trouble::Vanished { started_at: run.started_at })?;
        }
        Ok(())
    }
}

fn news(
    store: &Store,
    schedule: &str,
    sources: &[SourceName],
    trouble: Option<Trouble>,
) -> Result<ScheduleNews, AppError> {
    let last = store.last_stored_run(schedule)?.map(|run| run.due_at);
    let cause = alerts::schedule_cause(schedule, last);
    Ok(ScheduleNews { schedule: schedule.to_owned(), sources: sources.to_vec(), trouble, cause })
}

fn keep(store: &mut Store, dispatch: &Dispatch) -> Result<usize, AppError> {
    if !dispatch.is_empty() {
        store.dispatch(dispatch)?;
    }
    Ok(dispatch.outgoing.len())
}
