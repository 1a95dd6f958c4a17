//! One round for schedulers outside, such as cron, systemd timers and Kubernetes: scan now, tell, end. What was missed is
//! noticed all the same, since the store remembers what ran.

use std::sync::Arc;

use chrono::TimeDelta;

use super::rounds::{FORGET_AFTER, begin_schedule, look_back, served, tell_missed};
use super::work::PATIENCE;
use super::{House, Settings};
use crate::alerts::Trouble;
use crate::app::{AppError, Delivered, Deliverer, Due, ScanOutcome, ScanRequest, Schedule, Voice};
use crate::clock::Clock;
use crate::http::Stop;
use crate::store::{Store, StoreError};

/// A scheduler outside may be a little ahead of the moment that it means.
const AHEAD: TimeDelta = TimeDelta::minutes(15);

/// What came of it.
pub struct Once {
    /// How each schedule's scan went.
    pub scans: Vec<(Schedule, Result<ScanOutcome, AppError>)>,
    /// What was sent.
    pub delivered: Delivered,
    /// Why the heartbeat could not be sent, if it could not.
    pub heartbeat: Option<String>,
}

/// Scans the schedules with these names, all if none is named, one after the other; then sends what is due.
/// `watch` is handed the signal that ends each scan.
///
/// # Errors
/// Everything that is wrong in the configuration, or a store that cannot be used. A scan that fails is no error here.
pub async fn run_once(
    house: &impl House,
    clock: &Arc<dyn Clock>,
    names: &[String],
    watch: &(dyn Fn(Stop) + Sync),
) -> Result<Once, AppError> {
    let settings = house.settings()?;
    let mut store = Store::create_or_open(&settings.store)?;
    let wanted = |schedule: &&Schedule| names.is_empty() || names.contains(&schedule.name);
    look_back(&mut store, &settings, clock.now())?;
    let mut once = Once { scans: Vec::new(), delivered: Delivered::default(), heartbeat: None };
    for schedule in settings.schedules.iter().filter(wanted) {
        let outcome = one(house, clock, &mut store, &settings, schedule, watch).await?;
        if outcome.as_ref().is_ok_and(|outcome| outcome.complete)
            && let Some(heartbeat) = &settings.heartbeat
        {
            once.heartbeat = heartbeat.beat().await.err().map(|error| error.to_string());
        }
        once.scans.push((schedule.clone(), outcome));
    }
    let now = clock.now();
    Voice { estate: &settings.estate, routing: &settings.routing, now }.follow_up(&mut store)?;
    store.forget_told(now - FORGET_AFTER)?;
    let (channels, routing) = (settings.channels.as_slice(), settings.routing.as_ref());
    let deliverer = Deliverer { channels, routing, clock, patience: PATIENCE };
    once.delivered = deliverer.deliver(&mut store, &|| true).await?;
    Ok(once)
}

async fn one(
    house: &impl House,
    clock: &Arc<dyn Clock>,
    store: &mut Store,
    settings: &Settings,
    schedule: &Schedule,
    watch: &(dyn Fn(Stop) + Sync),
) -> Result<Result<ScanOutcome, AppError>, AppError> {
    let now = clock.now();
    let since = served(store, schedule, now)?;
    begin_schedule(store, schedule, now)?;
    let soon = schedule.next_after(now).filter(|at| *at - now <= AHEAD);
    let late = schedule.due(since, now);
    let at = soon.or(late.map(|due| due.at)).unwrap_or(now);
    // With the coming moment taken for the one that is meant, the latest that has passed was missed too.
    let passed = late.filter(|due| due.at < at).map(|due| (due.missed + 1, due.first_missed.unwrap_or(due.at)));
    let missed = passed.or_else(|| late.and_then(|due| Some((due.missed, due.first_missed?))));
    let due = Due { at, missed: missed.map_or(0, |(count, _)| count), first_missed: missed.map(|(_, first)| first) };
    tell_missed(store, schedule, &due, settings, now)?;
    let mut app = house.app(schedule)?;
    watch(app.stop.clone());
    let ask =
        ScanRequest { schedule: Some((schedule.name.clone(), due.at)), deadline: schedule.deadline, fresh: false };
    let outcome = app.scan(&ask, &|_progress| {}).await;
    if let Err(error) = &outcome
        && !matches!(error, AppError::Stopped { .. } | AppError::Store(StoreError::ScanUnderWay { .. }))
    {
        let trouble = Trouble::Failed { due_at: due.at, why: error.to_string() };
        let voice = Voice { estate: &settings.estate, routing: &settings.routing, now: clock.now() };
        voice.trouble(store, &schedule.name, &schedule.sources, trouble)?;
    }
    Ok(outcome)
}
