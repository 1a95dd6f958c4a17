//! From what the store knows to the numbers that monitoring reads.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Settings;
use super::metrics::Metrics;
use crate::app::AppError;
use crate::model::{LedgerEntry, RunEnd, Severity, SourceName};
use crate::store::Store;

/// Sets the numbers about findings, gaps, sources and schedules, as the store has them.
pub(super) fn set_all(
    metrics: &Metrics,
    settings: &Settings,
    store: &Store,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let schedules: Vec<&str> = settings.schedules.iter().map(|schedule| schedule.name.as_str()).collect();
    let sources: Vec<&str> = settings.sources.iter().map(SourceName::as_str).collect();
    let channels: Vec<&str> = settings.routing.channels.iter().map(|plan| plan.name.as_str()).collect();
    metrics.begin(&schedules, &sources, &channels);
    for schedule in &settings.schedules {
        metrics.set_next_run(&schedule.name, schedule.next_after(now));
        if let Some(run) = store.last_stored_run(&schedule.name)? {
            metrics.set_schedule_success(&schedule.name, run.ended_at.unwrap_or(run.started_at));
        }
        if let Some(end) = store.last_run(&schedule.name)?.and_then(|run| run.end) {
            metrics.set_last_end(&schedule.name, end);
        }
    }
    set_findings(metrics, store)?;
    let mut own: BTreeMap<SourceName, DateTime<Utc>> = BTreeMap::new();
    for expiry in store.expiries()?.into_iter().filter(|expiry| expiry.own) {
        for source in expiry.sources {
            let first = own.entry(source).or_insert(expiry.ends_at);
            *first = expiry.ends_at.min(*first);
        }
    }
    for (source, ends_at) in own {
        metrics.set_own_credential_expiry(source.as_str(), Some(ends_at));
    }
    if let Some(head) = store.latest()? {
        set_sources(metrics, &store.ledger(head.id)?);
    }
    set_outbox(metrics, store, now)
}

fn set_findings(metrics: &Metrics, store: &Store) -> Result<(), AppError> {
    let mut counts: BTreeMap<(Severity, &'static str), usize> = BTreeMap::new();
    for severity in Severity::ALL {
        counts.insert((severity, "open"), 0);
    }
    for finding in store.findings()? {
        *counts.entry((finding.severity, finding.status.name())).or_default() += 1;
    }
    metrics.set_findings(counts.into_iter().map(|((severity, status), count)| (severity, status, count)));
    Ok(())
}

fn set_sources(metrics: &Metrics, ledger: &[LedgerEntry]) {
    let sources: BTreeSet<&SourceName> = ledger.iter().map(|entry| &entry.source).collect();
    for source in sources {
        let own: Vec<&LedgerEntry> = ledger.iter().filter(|entry| entry.source == *source).collect();
        let gaps = own.iter().filter(|entry| entry.is_gap()).count();
        let undeclared = own.iter().filter(|entry| entry.is_undeclared_gap()).count();
        metrics.set_gaps(source.as_str(), gaps - undeclared, undeclared);
        let asked = own.iter().filter(|entry| entry.requests > 0);
        if let (0, Some(end)) = (undeclared, asked.map(|entry| entry.ended_at).max()) {
            metrics.set_source_success(source.as_str(), end);
        }
    }
}

/// Sets the numbers about the outbox.
pub(super) fn set_outbox(metrics: &Metrics, store: &Store, now: DateTime<Utc>) -> Result<(), AppError> {
    let depth = store.outbox_depth()?;
    metrics.set_outbox(depth.iter().map(|((channel, state), count)| (channel.as_str(), state.as_str(), *count)));
    for breaker in store.breakers()? {
        let open = breaker.open_until.is_some_and(|until| until > now);
        metrics.set_circuit_open(breaker.channel.as_str(), open);
    }
    Ok(())
}

/// Adds what one scan took.
pub(super) fn add_scan(
    metrics: &Metrics,
    schedule: &str,
    took: Duration,
    ledger: &[LedgerEntry],
    since: DateTime<Utc>,
) {
    metrics.scan_took(schedule, took);
    for entry in ledger.iter().filter(|entry| entry.started_at >= since) {
        metrics.add_requests(entry.source.as_str(), entry.requests.into());
        let throttled = entry.statuses.get(&429).copied().unwrap_or(0);
        metrics.add_throttled(entry.source.as_str(), throttled.into());
    }
}

/// The end of a scan that stored nothing.
pub(super) fn failed(metrics: &Metrics, schedule: &str, end: RunEnd) {
    metrics.set_last_end(schedule, end);
}
