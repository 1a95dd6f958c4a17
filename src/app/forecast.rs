//! How much a scan will ask, and how long that takes, before it begins: as much as the scan before. Nothing else is known of
//! an estate that nobody has counted, so the first scan has no forecast.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{EndpointState, LedgerEntry, SourceName};

/// What a scan will probably take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Requests to all of its sources together.
    pub requests: u64,
    /// How long the slowest source was read; `None` if part of it was read by a scan that was broken off.
    pub time: Option<TimeDelta>,
    /// When the scan was made from which this is known.
    pub of: DateTime<Utc>,
    /// Sources of which nothing is known yet: they come on top.
    pub unknown: Vec<SourceName>,
}

impl Forecast {
    /// From the ledger of the scan before and when that began. `None` if that one asked none of these sources.
    #[must_use]
    pub fn of(began_at: DateTime<Utc>, ledger: &[LedgerEntry], sources: &[SourceName]) -> Option<Self> {
        let asked = |entry: &&LedgerEntry| entry.state != EndpointState::Skipped && sources.contains(&entry.source);
        let mut spans: BTreeMap<&SourceName, (DateTime<Utc>, DateTime<Utc>)> = BTreeMap::new();
        let mut requests = 0;
        for entry in ledger.iter().filter(asked) {
            requests += u64::from(entry.requests);
            let span = spans.entry(&entry.source).or_insert((entry.started_at, entry.ended_at));
            *span = (span.0.min(entry.started_at), span.1.max(entry.ended_at));
        }
        if spans.is_empty() {
            return None;
        }
        let in_one_go = spans.values().all(|(from, _)| *from >= began_at);
        let longest = spans.values().map(|(from, to)| *to - *from).max();
        let unknown = sources.iter().filter(|source| !spans.contains_key(source)).cloned().collect();
        Some(Self { requests, time: longest.filter(|_| in_one_go), of: began_at, unknown })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn at(minute: i64) -> DateTime<Utc> {
        "2026-11-22T02:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
    }

    fn entry(source: &str, requests: u32, from: i64, to: i64) -> LedgerEntry {
        let reason = String::new();
        let entry =
            LedgerEntry::not_asked(source.into(), "users".into(), String::new(), vec![Kind::Principal], reason, at(0));
        LedgerEntry { state: EndpointState::Complete, requests, started_at: at(from), ended_at: at(to), ..entry }
    }

    #[test]
    fn a_scan_takes_what_the_one_before_took() {
        let ledger = [entry("jira", 100, 0, 3), entry("jira", 50, 2, 7), entry("org", 20, 0, 1), entry("old", 9, 0, 8)];
        let sources: Vec<SourceName> = vec!["jira".into(), "org".into(), "new".into()];
        let forecast = Forecast::of(at(0), &ledger, &sources).unwrap();
        assert_eq!((forecast.requests, forecast.time), (170, Some(TimeDelta::minutes(7))));
        assert_eq!(forecast.unknown, ["new".into()]);
    }

    #[test]
    fn nothing_is_foretold_from_nothing() {
        assert_eq!(Forecast::of(at(0), &[], &["jira".into()]), None);
        let skipped = LedgerEntry { state: EndpointState::Skipped, ..entry("jira", 0, 0, 0) };
        assert_eq!(Forecast::of(at(0), &[skipped], &["jira".into()]), None);
        let resumed = [entry("jira", 100, -60, 3)];
        assert_eq!(Forecast::of(at(0), &resumed, &["jira".into()]).unwrap().time, None, "a part was read before");
    }
}
