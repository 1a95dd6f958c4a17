//! Reads what was committed with a scan: its head, its snapshot, what changed, and how the rules fared.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::database::{Database, json, limit, values};
use super::resources::{self, Altered, Sum};
use super::{Known, Store, StoreError, StoredResource, Version};
use crate::digest::Digest;
use crate::model::{
    Baseline, Change, LedgerEntry, Resource, ResourceId, RuleId, RuleSummary, Snapshot, SnapshotHead, SnapshotId,
    Tally, WaiverUse,
};

impl Store {
    /// The newest scans, newest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn heads(&self, newest: usize) -> Result<Vec<SnapshotHead>, StoreError> {
        self.database.list("SELECT body FROM snapshots ORDER BY id DESC LIMIT ?1", &values![limit(newest)])
    }

    /// The latest scan; `None` if there was none.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn latest(&self) -> Result<Option<SnapshotHead>, StoreError> {
        Ok(self.heads(1)?.pop())
    }

    /// The latest scan that had ended by a moment; `None` if none had.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn latest_by(&self, moment: DateTime<Utc>) -> Result<Option<SnapshotHead>, StoreError> {
        // Heads are few and small; those that ended later are passed over.
        Ok(self.heads(usize::MAX)?.into_iter().find(|head| head.ended_at <= moment))
    }

    /// The record of one scan; `None` if there is no such snapshot.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn head(&self, id: SnapshotId) -> Result<Option<SnapshotHead>, StoreError> {
        Ok(self.database.list("SELECT body FROM snapshots WHERE id = ?1", &values![id.0])?.pop())
    }

    /// The record of one scan, be it removed since; `None` if there never was one.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn record(&self, id: SnapshotId) -> Result<Option<SnapshotHead>, StoreError> {
        match self.head(id)? {
            Some(head) => Ok(Some(head)),
            None => Ok(self.database.list("SELECT body FROM removed_snapshots WHERE id = ?1", &values![id.0])?.pop()),
        }
    }

    /// The records of the newest scans up to one, newest first, those that were removed since among them.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn records(&self, up_to: SnapshotId, newest: usize) -> Result<Vec<SnapshotHead>, StoreError> {
        self.database.list(
            "SELECT body FROM (SELECT id, body FROM snapshots UNION ALL SELECT id, body FROM removed_snapshots) AS scans
             WHERE id <= ?1 ORDER BY id DESC LIMIT ?2",
            &values![up_to.0, limit(newest)],
        )
    }

    /// Opens a snapshot as it was committed; `None` if there is no such snapshot.
    ///
    /// # Errors
    /// `Altered` if resources, carried ones, ledger or head are not what was committed; or if the store cannot be read.
    pub fn snapshot(&self, id: SnapshotId) -> Result<Option<Snapshot>, StoreError> {
        let (mut seen, mut digests, mut carried) = (Vec::new(), Vec::new(), Vec::new());
        let read = |(): &mut (), row: &StoredResource<'_>| Ok((row.read()?, row.digest, row.carried));
        let walked = self.walk_through(
            id,
            |_| (),
            read,
            |(resource, digest, is_carried)| {
                if is_carried {
                    carried.push(resource);
                } else {
                    seen.push(resource);
                    digests.push(digest);
                }
            },
        )?;
        let whole = |(ledger, digest)| Snapshot { resources: seen, digests, ledger, carried, digest };
        Ok(walked.map(whole))
    }

    /// Walks through the resources of a snapshot in the order of their ids, without holding them all. They are looked at on
    /// several threads, some at a time; `deal` says what goes with those, by the last id among them. What came of each is
    /// taken in their order, and counts only if the walk ends well. Gives back the ledger and the digest of the snapshot;
    /// `None` if there is no such snapshot.
    ///
    /// # Errors
    /// As for [`Store::snapshot`].
    pub fn walk_through<C: Send, T: Send>(
        &self,
        id: SnapshotId,
        deal: impl FnMut(&str) -> C,
        look: impl Fn(&mut C, &StoredResource<'_>) -> serde_json::Result<T> + Sync,
        take: impl FnMut(T),
    ) -> Result<Option<(Vec<LedgerEntry>, Digest)>, StoreError> {
        let small = self.database.with_less_memory()?;
        let walk = |database: &Database| resources::walk(database, id, deal, look, take);
        let Some(parts) = Parts::read(&self.database, id, walk)? else { return Ok(None) };
        drop(small);
        let altered = |part: String| StoreError::Altered { path: self.place().into(), snapshot: id, part };
        let sum = parts.resources.map_err(|Altered(resource)| altered(format!("resource `{resource}`")))?;
        if seal(&parts.head, &parts.ledger, &sum.carried) != parts.seal {
            return Err(altered("the head, the ledger or the set of carried resources".to_owned()));
        }
        let unreadable = |error: serde_json::Error| StoreError::Damaged {
            path: self.place().into(),
            what: format!("snapshot {id} cannot be read: {error}"),
        };
        let head: SnapshotHead = serde_json::from_str(&parts.head).map_err(unreadable)?;
        let ledger: Result<Vec<LedgerEntry>, _> =
            parts.ledger.iter().map(|entry| serde_json::from_str(entry)).collect();
        let ledger = ledger.map_err(unreadable)?;
        if sum.seen != head.digest {
            return Err(altered("the set of resources".to_owned()));
        }
        Ok(Some((ledger, head.digest)))
    }

    /// The ledger of a snapshot, without its resources.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn ledger(&self, snapshot: SnapshotId) -> Result<Vec<LedgerEntry>, StoreError> {
        self.database.list("SELECT body FROM ledger WHERE snapshot = ?1 ORDER BY number", &values![snapshot.0])
    }

    /// What changed with a scan, in the order in which it was committed. `Change::before` is not kept: the snapshot that
    /// the scan was compared with has it.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn changes(&self, snapshot: SnapshotId) -> Result<Vec<Change>, StoreError> {
        self.database.list("SELECT body FROM changes WHERE snapshot = ?1 ORDER BY number", &values![snapshot.0])
    }

    /// What changed about one resource, with the scan in which that was seen, oldest first, as far as scans are kept. What
    /// replaced it is among it. `Change::before` is not kept.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn changes_of(&self, resource: &ResourceId) -> Result<Vec<(SnapshotId, Change)>, StoreError> {
        // The id is looked for as it is written in the bodies; which of them are about it, they say themselves.
        let told: Vec<(SnapshotId, Change)> = self.database.list(
            "SELECT '[' || snapshot || ',' || body || ']' FROM changes WHERE replace(body, ?1, '') <> body
             ORDER BY snapshot, number",
            &values![json(resource)],
        )?;
        let is_about = |change: &Change| change.resource == *resource || change.replaces.as_ref() == Some(resource);
        Ok(told.into_iter().filter(|(_, change)| is_about(change)).collect())
    }

    /// What changed with each of the scans from one to another, in the order of scans, as far as they are kept. What only came
    /// into sight or went out of it is left out.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn certain_changes(
        &self,
        first: SnapshotId,
        last: SnapshotId,
    ) -> Result<Vec<(SnapshotId, Change)>, StoreError> {
        // Nights without sight may leave very many of the others: they are not even taken apart.
        let what = self.database.backend().text_at("body", &["what"]);
        self.database.list(
            &format!(
                "SELECT '[' || snapshot || ',' || body || ']' FROM changes WHERE snapshot BETWEEN ?1 AND ?2
                 AND {what} NOT IN ('first-seen', 'not-observed') ORDER BY snapshot, number"
            ),
            &values![first.0, last.0],
        )
    }

    /// How a resource was known in the scans that are kept, oldest first: a version for as long as it stayed the same.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn versions(&self, resource: &ResourceId) -> Result<Vec<Version>, StoreError> {
        let rows: Vec<(SnapshotId, Option<SnapshotId>, Resource)> = self.database.list(
            "SELECT '[' || first_snapshot || ',' || coalesce(CAST(last_snapshot AS TEXT), 'null') || ',' || body || ']'
             FROM resources WHERE id = ?1 ORDER BY first_snapshot",
            &values![resource.as_str()],
        )?;
        Ok(rows.into_iter().map(|(first, last, resource)| Version { first, last, resource }).collect())
    }

    /// Between which scans nothing of a resource was seen although it was known, oldest first: the first of them, and the
    /// last, if it is over.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn out_of_sight(&self, resource: &ResourceId) -> Result<Vec<(SnapshotId, Option<SnapshotId>)>, StoreError> {
        self.database.list(
            "SELECT '[' || first_snapshot || ',' || coalesce(CAST(last_snapshot AS TEXT), 'null') || ']'
             FROM carried WHERE id = ?1 AND body IS NULL ORDER BY first_snapshot",
            &values![resource.as_str()],
        )
    }

    /// In which snapshots a resource is; `None` if it was never known.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn known(&self, resource: &ResourceId) -> Result<Option<Known>, StoreError> {
        let id = resource.as_str();
        let (first, last): (Option<i64>, Option<i64>) = self.database.one(
            "SELECT min(first_snapshot), max(coalesce(last_snapshot, (SELECT max(id) FROM snapshots)))
             FROM resources WHERE id = ?1",
            &values![id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let (Some(first), Some(last)) = (first, last) else { return Ok(None) };
        // A mark without a body says from when on nothing of it was seen.
        let unseen: Option<i64> = self.database.first(
            "SELECT first_snapshot FROM carried WHERE id = ?1 AND body IS NULL AND first_snapshot <= ?2
             AND (last_snapshot IS NULL OR last_snapshot >= ?2)",
            &values![id, last],
            |row| row.get(0),
        )?;
        let seen = unseen.map_or(last, |unseen| unseen - 1);
        Ok(Some(Known { first: SnapshotId(first), seen: SnapshotId(seen), last: SnapshotId(last) }))
    }

    /// The rules that judged a scan, in the order in which they were committed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn rules(&self, snapshot: SnapshotId) -> Result<Vec<RuleSummary>, StoreError> {
        let list = self.database.list(
            "SELECT body FROM rule_lists WHERE digest = (SELECT rule_list FROM snapshots WHERE id = ?1)",
            &values![snapshot.0],
        )?;
        match list.into_iter().next() {
            Some(rules) => Ok(rules),
            None => {
                self.database.list("SELECT body FROM rules WHERE snapshot = ?1 ORDER BY number", &values![snapshot.0])
            }
        }
    }

    /// How each rule fared in a scan.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn tallies(&self, snapshot: SnapshotId) -> Result<BTreeMap<RuleId, Tally>, StoreError> {
        let tallies =
            self.database.list("SELECT body FROM tallies WHERE snapshot = ?1 ORDER BY number", &values![snapshot.0])?;
        Ok(tallies.into_iter().collect())
    }

    /// The waivers and what they did in a scan, in the order in which they were committed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn waiver_uses(&self, snapshot: SnapshotId) -> Result<Vec<WaiverUse>, StoreError> {
        self.database.list("SELECT body FROM waiver_uses WHERE snapshot = ?1 ORDER BY number", &values![snapshot.0])
    }

    /// The baseline in force; `None` if none was ever accepted.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn baseline(&self) -> Result<Option<Baseline>, StoreError> {
        Ok(self.baselines()?.pop())
    }

    /// Every baseline that was ever accepted, oldest first; the last one is in force.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn baselines(&self) -> Result<Vec<Baseline>, StoreError> {
        self.database.list("SELECT body FROM baselines ORDER BY number", &[])
    }
}

/// A snapshot as it lies in the database, head and ledger still as text.
struct Parts {
    head: String,
    seal: Digest,
    ledger: Vec<String>,
    resources: Result<Sum, Altered>,
}

impl Parts {
    /// All of it from one point in time, whatever another process writes meanwhile.
    fn read(
        database: &Database,
        id: SnapshotId,
        walk: impl FnOnce(&Database) -> Result<Result<Sum, Altered>, StoreError>,
    ) -> Result<Option<Self>, StoreError> {
        database.reading(|database| {
            let sql = "SELECT body, seal FROM snapshots WHERE id = ?1";
            let head = database.first(sql, &values![id.0], |row| Ok((row.get(0)?, row.digest(1)?)))?;
            let Some((head, seal)) = head else { return Ok(None) };
            let sql = "SELECT body FROM ledger WHERE snapshot = ?1 ORDER BY number";
            let ledger = database.query(sql, &values![id.0], |row| row.get(0))?;
            Ok(Some(Self { head, seal, ledger, resources: walk(database)? }))
        })
    }
}

/// The digest that shows whether head, ledger and carried resources are what was committed. It is taken of the text as
/// it is stored, so that it holds when a later keyroll knows more fields. (Ids are part of a resource's digest.)
pub(super) fn seal(head: &str, ledger: &[String], carried: &[Digest]) -> Digest {
    Digest::of(&(head, ledger, carried))
}
