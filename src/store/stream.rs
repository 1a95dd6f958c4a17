//! Findings of a scan one by one, in the order of reports, however many there are: the table is walked rule by rule in its own
//! order, and what has to be known beforehand is how bad the findings of each rule are.
//!
//! Everything is asked as of the scan, also for the latest one: what another process commits meanwhile does not show.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::database::{Database, LessMemory, Row, values};
use super::{Store, StoreError};
use crate::model::{
    Finding, FindingId, Outline, RuleId, Severity, SnapshotHead, SnapshotId, Status, Transition, WaiverId,
};

/// How many steps are read together.
const SHARE: i64 = 1_024;

/// The findings as they stood after a scan, and the steps they took in it, read one by one. As long as it is there, the store
/// makes do with less memory.
#[derive(Debug)]
pub struct FindingStream<'a> {
    database: &'a Database,
    _less_memory: LessMemory<'a>,
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
        let less_memory = self.database.with_less_memory()?;
        let rules = survey(&self.database, scan.id, look)?;
        let (scan, ended_at) = (scan.id, scan.ended_at);
        Ok(Some(FindingStream { database: &self.database, _less_memory: less_memory, scan, ended_at, rules }))
    }
}

fn survey(
    database: &Database,
    scan: SnapshotId,
    mut look: impl FnMut(&Outline<'_>),
) -> Result<BTreeMap<RuleId, BTreeSet<Severity>>, StoreError> {
    let mut rules: BTreeMap<RuleId, BTreeSet<Severity>> = BTreeMap::new();
    let sql = "SELECT rule, body FROM findings WHERE first_snapshot <= ?1
         UNION ALL SELECT rule, body FROM past_findings WHERE ?1 BETWEEN first_snapshot AND last_snapshot";
    // Rows of one rule come together, so that its name is made once.
    let (mut rule, mut severities) = (RuleId::from(""), BTreeSet::new());
    database.each::<StoreError>(sql, &values![scan.0], |row| {
        let name = row.text(0)?;
        if name != rule.as_str() {
            rules.entry(std::mem::replace(&mut rule, name.into())).or_default().append(&mut severities);
        }
        let Brief { id, severity, status, unconfirmed } = brief(row, 1)?;
        severities.insert(severity);
        look(&Outline { id: &id, rule: &rule, severity, status: &status, unconfirmed: unconfirmed.is_some() });
        Ok(())
    })?;
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

fn brief<'a>(row: &'a Row<'_>, column: usize) -> Result<Brief<'a>, StoreError> {
    serde_json::from_str(row.text(column)?).map_err(|error| row.damaged(&error.to_string()))
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
        let mut steps = Steps::of(self.database, self.scan)?;
        self.each(|finding| {
            let own = steps.of_finding(&finding.id)?;
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
        let sql = self.database.backend().merged(
            "SELECT resource, body FROM findings WHERE rule = ?1 AND first_snapshot <= ?2",
            "SELECT resource, body FROM past_findings
             WHERE rule = ?1 AND ?2 BETWEEN first_snapshot AND last_snapshot",
            "resource",
        );
        self.database.each(&sql, &values![rule.as_str(), self.scan.0], |row| {
            if let Some(only) = only
                && brief(row, 1)?.severity != only
            {
                return Ok(());
            }
            let mut finding: Finding = row.json(1)?;
            finding.last_seen = finding.last_seen.min(self.ended_at);
            take(finding)
        })
    }

    /// The steps of every finding that took any, by its id; those of one finding in the order in which they were committed.
    ///
    /// # Errors
    /// As for [`FindingStream::each`].
    pub fn each_steps<E: From<StoreError>>(
        &self,
        mut take: impl FnMut(Vec<Transition>) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = "SELECT body FROM transitions WHERE snapshot = ?1 ORDER BY finding, number";
        let mut steps: Vec<Transition> = Vec::new();
        self.database.each(sql, &values![self.scan.0], |row| {
            let step: Transition = row.json(0)?;
            if steps.first().is_some_and(|first| first.finding != step.finding) {
                take(std::mem::take(&mut steps))?;
            }
            steps.push(step);
            Ok::<_, E>(())
        })?;
        if steps.is_empty() { Ok(()) } else { take(steps) }
    }

    /// Every finding that a waiver covers, with that waiver, by id.
    ///
    /// # Errors
    /// As for [`FindingStream::each`].
    pub fn each_waived<E: From<StoreError>>(
        &self,
        mut take: impl FnMut(FindingId, WaiverId) -> Result<(), E>,
    ) -> Result<(), E> {
        let waived = self.database.backend().text_at("body", &["status", "waived"]);
        let id = self.database.backend().text_at("body", &["id"]);
        let sql = format!(
            "SELECT id, {waived} FROM findings WHERE status = 'waived' AND first_snapshot <= ?1
             UNION ALL
             SELECT {id}, {waived} FROM past_findings
             WHERE ?1 BETWEEN first_snapshot AND last_snapshot AND {waived} IS NOT NULL
             ORDER BY 1"
        );
        self.database.each(&sql, &values![self.scan.0], |row| take(row.text(0)?.into(), row.text(1)?.into()))
    }

    /// When a finding was found first; `None` if there is no such finding.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn first_seen(&self, finding: &FindingId) -> Result<Option<DateTime<Utc>>, StoreError> {
        #[derive(Deserialize)]
        struct Found {
            first_seen: DateTime<Utc>,
        }
        let sql = "SELECT body FROM findings WHERE id = ?1";
        let found = self.database.first(sql, &values![finding.as_str()], |row| row.json::<Found>(0))?;
        Ok(found.map(|found| found.first_seen))
    }
}

/// The steps of a scan as they were committed, which is finding by finding in the order in which they are read here. A finding
/// that is not next is looked up by itself, so that another order costs time and nothing else.
struct Steps<'a> {
    database: &'a Database,
    scan: SnapshotId,
    /// Steps that were read, the next one first, and the number of the last of them.
    read: VecDeque<Transition>,
    last: i64,
}

impl<'a> Steps<'a> {
    fn of(database: &'a Database, scan: SnapshotId) -> Result<Self, StoreError> {
        let mut steps = Self { database, scan, read: VecDeque::new(), last: -1 };
        steps.read_on()?;
        Ok(steps)
    }

    fn read_on(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT number, body FROM transitions WHERE snapshot = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
        let share =
            self.database.query(sql, &values![self.scan.0, self.last, SHARE], |row| Ok((row.get(0)?, row.json(1)?)))?;
        for (number, step) in share {
            self.last = number;
            self.read.push_back(step);
        }
        Ok(())
    }

    fn of_finding(&mut self, finding: &FindingId) -> Result<Vec<Transition>, StoreError> {
        let mut own = Vec::new();
        while self.read.front().is_some_and(|step| step.finding == *finding) {
            own.extend(self.read.pop_front());
            if self.read.is_empty() {
                self.read_on()?;
            }
        }
        // Once all are told, nothing is left to be looked for.
        if own.is_empty() && !self.read.is_empty() {
            let lookup = "SELECT body FROM transitions WHERE finding = ?1 AND snapshot = ?2 ORDER BY number";
            own = self.database.list(lookup, &values![finding.as_str(), self.scan.0])?;
        }
        Ok(own)
    }
}
