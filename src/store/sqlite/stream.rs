//! Findings of a scan one by one, in the order of reports, however many there are: the table is walked rule by rule in its own
//! order, and what has to be known beforehand is how bad the findings of each rule are.
//!
//! Everything is asked as of the scan, also for the latest one: what another process commits meanwhile does not show.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Rows, params};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{CACHE, Json, Store, set_cache};
use crate::model::{
    Finding, FindingId, Outline, RuleId, Severity, SnapshotHead, SnapshotId, Status, Transition, WaiverId,
};
use crate::store::StoreError;

/// How many KiB of the store are held in memory meanwhile: who walks through it once comes by no page again.
const SMALL_CACHE: i32 = 8192;

/// The findings as they stood after a scan, and the steps they took in it, read one by one. As long as it is there, the store
/// makes do with less memory.
#[derive(Debug)]
pub struct FindingStream<'a> {
    store: &'a Store,
    scan: SnapshotId,
    ended_at: DateTime<Utc>,
    /// How bad the findings of each rule are.
    rules: BTreeMap<RuleId, BTreeSet<Severity>>,
}

impl Store {
    /// Looks over every finding as it stood after a scan, in no order that matters, and prepares to read them one by one.
    /// `None` if that is not known any more, as for [`Store::findings_after`].
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn finding_stream(
        &self,
        scan: &SnapshotHead,
        look: impl FnMut(&Outline<'_>),
    ) -> Result<Option<FindingStream<'_>>, StoreError> {
        if scan.id < self.findings_kept_since()? {
            return Ok(None);
        }
        let mut stream = FindingStream { store: self, scan: scan.id, ended_at: scan.ended_at, rules: BTreeMap::new() };
        let surveyed = set_cache(&self.connection, SMALL_CACHE).and_then(|()| survey(&self.connection, scan.id, look));
        stream.rules = surveyed.map_err(|error| self.fault(error))?;
        Ok(Some(stream))
    }
}

impl Drop for FindingStream<'_> {
    fn drop(&mut self) {
        // A store that keeps its small cache is slower and nothing else.
        drop(set_cache(&self.store.connection, CACHE));
    }
}

fn survey(
    connection: &Connection,
    scan: SnapshotId,
    mut look: impl FnMut(&Outline<'_>),
) -> rusqlite::Result<BTreeMap<RuleId, BTreeSet<Severity>>> {
    let mut rules: BTreeMap<RuleId, BTreeSet<Severity>> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT rule, body FROM findings WHERE first_snapshot <= ?1
         UNION ALL SELECT rule, body FROM past_findings WHERE ?1 BETWEEN first_snapshot AND last_snapshot",
    )?;
    let mut rows = statement.query([scan.0])?;
    // Rows of one rule come together, so that its name is made once.
    let (mut rule, mut severities) = (RuleId::from(""), BTreeSet::new());
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str()?;
        if name != rule.as_str() {
            rules.entry(rule).or_default().append(&mut severities);
            rule = name.into();
        }
        let Brief { id, severity, status, unconfirmed } = brief(row, 1)?;
        severities.insert(severity);
        look(&Outline { id: &id, rule: &rule, severity, status: &status, unconfirmed: unconfirmed.is_some() });
    }
    rules.entry(rule).or_default().append(&mut severities);
    Ok(rules)
}

/// As much of a finding as is looked at in passing.
#[derive(Deserialize)]
struct Brief<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    severity: Severity,
    status: Status,
    unconfirmed: Option<IgnoredAny>,
}

fn brief<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Brief<'a>> {
    let read = serde_json::from_str(row.get_ref(column)?.as_str()?);
    read.map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

impl FindingStream<'_> {
    /// Every finding, the worst first, then by rule and resource.
    ///
    /// # Errors
    /// That of `take`, with which the reading ends, or that the store cannot be read.
    pub fn each<E: From<StoreError>>(&self, mut take: impl FnMut(Finding) -> Result<(), E>) -> Result<(), E> {
        for severity in Severity::ALL {
            for (rule, severities) in self.rules.iter().filter(|(_, severities)| severities.contains(&severity)) {
                let only = (severities.len() > 1).then_some(severity);
                self.each_of(rule, only, &mut take)?;
            }
        }
        Ok(())
    }

    /// The same, each with the steps it took.
    ///
    /// # Errors
    /// As for [`FindingStream::each`].
    pub fn each_with_steps<E: From<StoreError>>(
        &self,
        mut take: impl FnMut(Finding, Vec<Transition>) -> Result<(), E>,
    ) -> Result<(), E> {
        let fault = |error| self.store.fault(error);
        let connection = &self.store.connection;
        let mut committed = connection
            .prepare_cached("SELECT body FROM transitions WHERE snapshot = ?1 ORDER BY number")
            .map_err(fault)?;
        let mut steps = Steps::begin(connection, &mut committed, self.scan).map_err(fault)?;
        self.each(|finding| {
            let own = steps.of(&finding.id).map_err(fault)?;
            take(finding, own)
        })
    }

    /// Every finding of a rule by resource, or those of them that are so bad.
    fn each_of<E: From<StoreError>>(
        &self,
        rule: &RuleId,
        only: Option<Severity>,
        take: &mut impl FnMut(Finding) -> Result<(), E>,
    ) -> Result<(), E> {
        let fault = |error| self.store.fault(error);
        let mut statement = self
            .store
            .connection
            .prepare_cached(
                "SELECT resource, body FROM findings WHERE rule = ?1 AND first_snapshot <= ?2
                 UNION ALL
                 SELECT resource, body FROM past_findings
                 WHERE rule = ?1 AND ?2 BETWEEN first_snapshot AND last_snapshot
                 ORDER BY resource",
            )
            .map_err(fault)?;
        let mut rows = statement.query(params![rule.as_str(), self.scan.0]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            if let Some(only) = only
                && brief(row, 1).map_err(fault)?.severity != only
            {
                continue;
            }
            let Json(mut finding): Json<Finding> = row.get(1).map_err(fault)?;
            finding.last_seen = finding.last_seen.min(self.ended_at);
            take(finding)?;
        }
        Ok(())
    }

    /// The steps of every finding that took any, by its id; those of one finding in the order in which they were committed.
    ///
    /// # Errors
    /// As for [`FindingStream::each`].
    pub fn each_steps<E: From<StoreError>>(
        &self,
        mut take: impl FnMut(Vec<Transition>) -> Result<(), E>,
    ) -> Result<(), E> {
        let fault = |error| self.store.fault(error);
        let mut statement = self
            .store
            .connection
            .prepare_cached("SELECT body FROM transitions WHERE snapshot = ?1 ORDER BY finding, number")
            .map_err(fault)?;
        let mut rows = statement.query([self.scan.0]).map_err(fault)?;
        let mut next = next_step(&mut rows).map_err(fault)?;
        while let Some(first) = next {
            let mut steps = vec![first];
            next = loop {
                match next_step(&mut rows).map_err(fault)? {
                    Some(step) if steps.first().is_some_and(|first| first.finding == step.finding) => steps.push(step),
                    other => break other,
                }
            };
            take(steps)?;
        }
        Ok(())
    }

    /// Every finding that a waiver covers, with that waiver, by id.
    ///
    /// # Errors
    /// As for [`FindingStream::each`].
    pub fn each_waived<E: From<StoreError>>(
        &self,
        mut take: impl FnMut(FindingId, WaiverId) -> Result<(), E>,
    ) -> Result<(), E> {
        let fault = |error| self.store.fault(error);
        let mut statement = self
            .store
            .connection
            .prepare_cached(
                "SELECT id, body -> '$.status.waived' FROM findings WHERE status = 'waived' AND first_snapshot <= ?1
                 UNION ALL
                 SELECT body ->> '$.id', body -> '$.status.waived' FROM past_findings
                 WHERE ?1 BETWEEN first_snapshot AND last_snapshot AND body -> '$.status.waived' IS NOT NULL
                 ORDER BY 1",
            )
            .map_err(fault)?;
        let mut rows = statement.query([self.scan.0]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let id = row.get_ref(0).map_err(fault)?.as_str().map_err(|error| fault(error.into()))?.into();
            let Json(waiver) = row.get(1).map_err(fault)?;
            take(id, waiver)?;
        }
        Ok(())
    }

    /// When a finding was found first; `None` if there is no such finding.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn first_seen(&self, finding: &FindingId) -> Result<Option<DateTime<Utc>>, StoreError> {
        let read = || {
            let mut statement =
                self.store.connection.prepare_cached("SELECT body -> '$.first_seen' FROM findings WHERE id = ?1")?;
            statement.query_row([finding.as_str()], |row| row.get(0).map(|Json(at)| at)).optional()
        };
        read().map_err(|error| self.store.fault(error))
    }
}

/// The steps of a scan as they were committed, which is finding by finding in the order in which they are read here. A finding
/// that is not next is looked up by itself, so that another order costs time and nothing else.
struct Steps<'a> {
    rows: Rows<'a>,
    next: Option<Transition>,
    lookup: CachedStatement<'a>,
    scan: SnapshotId,
}

impl<'a> Steps<'a> {
    fn begin(
        connection: &'a Connection,
        committed: &'a mut CachedStatement<'_>,
        scan: SnapshotId,
    ) -> rusqlite::Result<Self> {
        let lookup = "SELECT body FROM transitions WHERE finding = ?1 AND snapshot = ?2 ORDER BY number";
        let mut rows = committed.query([scan.0])?;
        Ok(Self { next: next_step(&mut rows)?, rows, lookup: connection.prepare_cached(lookup)?, scan })
    }

    fn of(&mut self, finding: &FindingId) -> rusqlite::Result<Vec<Transition>> {
        let mut own = Vec::new();
        while let Some(step) = self.next.take_if(|step| step.finding == *finding) {
            own.push(step);
            self.next = next_step(&mut self.rows)?;
        }
        // Once all are told, nothing is left to be looked for.
        if own.is_empty() && self.next.is_some() {
            let mut rows = self.lookup.query(params![finding.as_str(), self.scan.0])?;
            while let Some(step) = next_step(&mut rows)? {
                own.push(step);
            }
        }
        Ok(own)
    }
}

fn next_step(rows: &mut Rows<'_>) -> rusqlite::Result<Option<Transition>> {
    match rows.next()? {
        Some(row) => row.get(0).map(|Json(step)| Some(step)),
        None => Ok(None),
    }
}
