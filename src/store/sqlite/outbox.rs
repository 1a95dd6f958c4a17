//! The outbox: notices from the transaction that gave occasion until the other side has taken them, the threads they
//! belong to, and what was told already.
//!
//! A try is written down before it is made. Whoever is killed while sending leaves a notice that is due again later under
//! the same id, and never one that nobody knows of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::{Json, Store, fault, json, millis, moment};
use crate::model::{
    Acknowledgement, CauseId, ChannelName, Delivery, Dispatch, Expiry, FindingId, Notice, NoticeId, Outgoing, Thread,
};
use crate::store::{Breaker, StoreError};

/// Of one cause, a channel is sent what was made first before what was made later.
const IN_ORDER: &str = "NOT EXISTS (
    SELECT 1 FROM notices AS earlier WHERE earlier.state = 'pending' AND earlier.channel = notices.channel
      AND earlier.cause = notices.cause AND earlier.number < notices.number)";

const COLUMNS: &str = "body, digest, state, folded, due_at, attempts, tried_at, error";

impl Store {
    /// Keeps what an occasion other than a scan leaves to be told: all of it or nothing.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn dispatch(&mut self, dispatch: &Dispatch) -> Result<(), StoreError> {
        self.in_transaction(|connection| write(connection, dispatch))
    }

    /// The notices that are due, the oldest first, but none of the channels that are left in peace.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn due_notices(&self, now: DateTime<Utc>, most: usize) -> Result<Vec<Outgoing>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT {COLUMNS} FROM notices WHERE state = 'pending' AND due_at <= ?1
               AND channel NOT IN (SELECT channel FROM breakers WHERE open_until > ?1) AND {IN_ORDER}
             ORDER BY due_at, number LIMIT ?2"
        );
        self.notices(&sql, params![millis(now), most])
    }

    /// When the next notice comes due, or a channel may be tried again; `None` if nothing waits.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = format!(
            "SELECT min(max(due_at, coalesce(open_until, 0))) FROM notices LEFT JOIN breakers USING (channel)
             WHERE state = 'pending' AND {IN_ORDER}"
        );
        let due: Option<i64> =
            self.connection.query_row(&sql, [], |row| row.get(0)).map_err(|error| self.fault(error))?;
        Ok(due.map(moment))
    }

    /// Everything that was not taken yet: what waits, and what was given up; by channel and age.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn undelivered(&self) -> Result<Vec<Outgoing>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM notices WHERE state IN ('pending', 'dead') ORDER BY channel, number");
        self.notices(&sql, [])
    }

    /// The notice with an id.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn notice(&self, id: &NoticeId) -> Result<Option<Outgoing>, StoreError> {
        Ok(self.notices(&format!("SELECT {COLUMNS} FROM notices WHERE id = ?1"), [id.as_str()])?.pop())
    }

    /// How many notices wait or were given up, by channel and state.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn outbox_depth(&self) -> Result<BTreeMap<(ChannelName, String), usize>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(
                "SELECT channel, state, count(*) FROM notices WHERE state IN ('pending', 'dead') GROUP BY 1, 2",
            )?;
            let rows = statement.query_map([], |row| {
                let channel: String = row.get(0)?;
                let count: i64 = row.get(2)?;
                Ok(((channel.as_str().into(), row.get(1)?), usize::try_from(count).unwrap_or_default()))
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.fault(error))
    }

    /// How many notices each channel was given since a moment, digests and what went into others not counted twice.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn notices_since(&self, since: DateTime<Utc>) -> Result<HashMap<ChannelName, usize>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(
                "SELECT channel, count(*) FROM notices
                 WHERE created_at > ?1 AND state <> 'folded' AND digest IS NULL GROUP BY channel",
            )?;
            let rows = statement.query_map([millis(since)], |row| {
                let (channel, count): (String, i64) = (row.get(0)?, row.get(1)?);
                Ok((channel.as_str().into(), usize::try_from(count).unwrap_or_default()))
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.fault(error))
    }

    /// Writes down that a notice is about to be sent, and when it is due again should nobody say how that went.
    /// False if it is not pending any more, or somebody else is sending it.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn claim(&mut self, outgoing: &Outgoing, now: DateTime<Utc>, again: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = self
            .connection
            .execute(
                "UPDATE notices SET attempts = attempts + 1, tried_at = ?3, due_at = ?4
                 WHERE id = ?1 AND state = 'pending' AND attempts = ?2",
                params![outgoing.notice.id.as_str(), outgoing.attempts, millis(now), millis(again)],
            )
            .map_err(|error| self.fault(error))?;
        Ok(changed == 1)
    }

    /// The other side has taken a notice; `remote` is what it calls the thread from now on.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn delivered(&mut self, notice: &Notice, remote: Option<&str>) -> Result<(), StoreError> {
        self.in_transaction(|connection| {
            connection
                .execute("UPDATE notices SET state = 'delivered', error = '' WHERE id = ?1", [notice.id.as_str()])?;
            connection.execute("DELETE FROM breakers WHERE channel = ?1", [notice.channel.as_str()])?;
            if let Some(remote) = remote {
                connection.execute(
                    "UPDATE threads SET body = json_set(body, '$.remote', ?3) WHERE channel = ?1 AND cause = ?2",
                    params![notice.channel.as_str(), notice.cause.as_str(), remote],
                )?;
            }
            Ok(())
        })
    }

    /// A try failed: the notice is due again then, or is given up.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn not_delivered(
        &mut self,
        notice: &NoticeId,
        reason: &str,
        again: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let (state, due) = again.map_or(("dead", None), |again| ("pending", Some(millis(again))));
        self.connection
            .execute(
                "UPDATE notices SET state = ?2, due_at = coalesce(?3, due_at), error = ?4 WHERE id = ?1",
                params![notice.as_str(), state, due, reason],
            )
            .map_err(|error| self.fault(error))?;
        Ok(())
    }

    /// Makes notices that were given up, or wait for their next try, due at once; all, or those with these ids. Gives back
    /// how many. Their channels may be tried again too.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn retry(&mut self, ids: &[NoticeId], now: DateTime<Utc>) -> Result<usize, StoreError> {
        self.in_transaction(|connection| {
            let mut revive = connection.prepare(
                "UPDATE notices SET state = 'pending', attempts = 0, due_at = ?2
                 WHERE id = ?1 AND (state = 'dead' OR (state = 'pending' AND attempts > 0))",
            )?;
            let every = connection
                .prepare("SELECT id FROM notices WHERE state = 'dead' OR (state = 'pending' AND attempts > 0)")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<String>>>()?;
            let wanted = every.iter().filter(|id| ids.is_empty() || ids.iter().any(|wanted| wanted.as_str() == **id));
            let mut revived = 0;
            for id in wanted {
                revived += revive.execute(params![id, millis(now)])?;
            }
            connection.execute("DELETE FROM breakers", [])?;
            Ok(revived)
        })
    }

    /// Puts notices that are due and belong to one digest into one, which `fold` makes of them: from then on it is the one
    /// to be sent. Only what nobody has tried to send is put together.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn fold_digests(
        &mut self,
        now: DateTime<Utc>,
        fold: impl Fn(&[Outgoing]) -> Outgoing,
    ) -> Result<usize, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM notices
             WHERE state = 'pending' AND digest IS NOT NULL AND attempts = 0 AND due_at <= ?1
             ORDER BY channel, digest, number"
        );
        let due = self.notices(&sql, [millis(now)])?;
        let mut folded = 0;
        for parts in due.chunk_by(|one, other| {
            (&one.notice.channel, &one.digest, &one.notice.recipients)
                == (&other.notice.channel, &other.digest, &other.notice.recipients)
        }) {
            if parts.len() > 1 {
                let whole = fold(parts);
                self.in_transaction(|connection| put_in_place(connection, parts, &whole))?;
                folded += parts.len();
            }
        }
        Ok(folded)
    }

    /// The threads that are not over.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn open_threads(&self) -> Result<Vec<Thread>, StoreError> {
        self.list("SELECT body FROM threads WHERE settled = 0 ORDER BY channel, cause", [])
    }

    /// The thread of a cause in a channel.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn thread(&self, channel: &ChannelName, cause: &CauseId) -> Result<Option<Thread>, StoreError> {
        let sql = "SELECT body FROM threads WHERE channel = ?1 AND cause = ?2";
        Ok(self.list(sql, [channel.as_str(), cause.as_str()])?.pop())
    }

    /// The cause with which each finding came up.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn causes(&self) -> Result<HashMap<FindingId, CauseId>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare_cached("SELECT finding, cause FROM causes")?;
            let rows = statement.query_map([], |row| {
                let (finding, cause): (String, String) = (row.get(0)?, row.get(1)?);
                Ok((finding.as_str().into(), cause.as_str().into()))
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.fault(error))
    }

    /// Everything that somebody acknowledged, in order of findings; what ran out too.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, StoreError> {
        self.list("SELECT body FROM acknowledgements ORDER BY finding", [])
    }

    /// Keeps an acknowledgement in place of an earlier one of the same finding.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn acknowledge(&mut self, acknowledgement: &Acknowledgement) -> Result<(), StoreError> {
        self.connection
            .execute(
                "INSERT OR REPLACE INTO acknowledgements (finding, body) VALUES (?1, ?2)",
                params![acknowledgement.finding.as_str(), json(acknowledgement)],
            )
            .map_err(|error| self.fault(error))?;
        Ok(())
    }

    /// What ends on a day, as the latest scan knows it, by id.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn expiries(&self) -> Result<Vec<Expiry>, StoreError> {
        self.list("SELECT body FROM expiries ORDER BY id", [])
    }

    /// The marks of what was told already that begin so.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn told(&self, beginning: &str) -> Result<BTreeSet<String>, StoreError> {
        let read = || {
            let mut statement =
                self.connection.prepare_cached("SELECT mark FROM told WHERE substr(mark, 1, length(?1)) = ?1")?;
            let rows = statement.query_map([beginning], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.fault(error))
    }

    /// The channels that failed last.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn breakers(&self) -> Result<Vec<Breaker>, StoreError> {
        let read = || {
            let mut statement = self
                .connection
                .prepare_cached("SELECT channel, failures, open_until FROM breakers ORDER BY channel")?;
            let rows = statement.query_map([], |row| {
                let channel: String = row.get(0)?;
                let open_until: Option<i64> = row.get(2)?;
                Ok(Breaker {
                    channel: channel.as_str().into(),
                    failures: row.get(1)?,
                    open_until: open_until.map(moment),
                })
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.fault(error))
    }

    /// Keeps how often a channel failed in a row.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn set_breaker(&mut self, breaker: &Breaker) -> Result<(), StoreError> {
        self.connection
            .execute(
                "INSERT OR REPLACE INTO breakers (channel, failures, open_until) VALUES (?1, ?2, ?3)",
                params![breaker.channel.as_str(), breaker.failures, breaker.open_until.map(millis)],
            )
            .map_err(|error| self.fault(error))?;
        Ok(())
    }

    /// Forgets notices that were delivered, threads that are over and marks that are older than a moment. Gives back how
    /// many rows went.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn forget_told(&mut self, before: DateTime<Utc>) -> Result<usize, StoreError> {
        let before = millis(before);
        self.in_transaction(|connection| {
            let notices = connection.execute(
                "DELETE FROM notices WHERE state IN ('delivered', 'folded') AND coalesce(tried_at, created_at) < ?1",
                [before],
            )?;
            let threads = connection.execute(
                "DELETE FROM threads WHERE settled = 1 AND unixepoch(body ->> '$.told_at') * 1000 < ?1",
                [before],
            )?;
            let marks = connection.execute("DELETE FROM told WHERE at < ?1", [before])?;
            let runs = connection.execute("DELETE FROM runs WHERE ended_at < ?1 AND id NOT IN (SELECT max(id) FROM runs GROUP BY schedule, snapshot IS NULL)", [before])?;
            Ok(notices + threads + marks + runs)
        })
    }

    fn in_transaction<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let Self { connection, path } = self;
        let named = |error| fault(path, error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(named)?;
        let done = work(&transaction).map_err(named)?;
        transaction.commit().map_err(named)?;
        Ok(done)
    }

    fn notices(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Outgoing>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params, outgoing)?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.fault(error))
    }
}

/// Writes what is to be told. A notice that is there already stays as it is: the same occasion came twice.
pub(super) fn write(connection: &Connection, dispatch: &Dispatch) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT OR IGNORE INTO notices (id, channel, cause, state, digest, created_at, due_at, attempts, error, body)
         VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6, 0, '', ?7)",
    )?;
    for Outgoing { notice, digest, due_at, .. } in &dispatch.outgoing {
        insert.execute(params![
            notice.id.as_str(),
            notice.channel.as_str(),
            notice.cause.as_str(),
            digest,
            millis(notice.created_at),
            millis(*due_at),
            json(notice)
        ])?;
    }
    write_threads(connection, &dispatch.threads)?;
    let mut cause = connection.prepare("INSERT OR REPLACE INTO causes (finding, cause) VALUES (?1, ?2)")?;
    for (finding, id) in &dispatch.causes {
        cause.execute([finding.as_str(), id.as_str()])?;
    }
    let mut mark = connection.prepare("INSERT OR IGNORE INTO told (mark, at) VALUES (?1, ?2)")?;
    for told in &dispatch.told {
        mark.execute(params![told, millis(dispatch.at)])?;
    }
    Ok(())
}

/// What ends on a day takes the place of what was known before.
pub(super) fn write_expiries(connection: &Connection, expiries: impl Iterator<Item = Expiry>) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM expiries", [])?;
    let mut insert = connection.prepare("INSERT OR IGNORE INTO expiries (id, body) VALUES (?1, ?2)")?;
    for expiry in expiries {
        insert.execute([&expiry.id, &json(&expiry)])?;
    }
    Ok(())
}

/// What the other side calls a thread is known to the store alone: a delivery may have learnt it meanwhile.
fn write_threads(connection: &Connection, threads: &[Thread]) -> rusqlite::Result<()> {
    let mut upsert = connection.prepare(
        "INSERT INTO threads (channel, cause, settled, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (channel, cause) DO UPDATE SET settled = excluded.settled,
            body = CASE WHEN threads.body ->> '$.remote' IS NULL THEN excluded.body
                        ELSE json_set(excluded.body, '$.remote', threads.body ->> '$.remote') END",
    )?;
    for thread in threads {
        upsert.execute(params![thread.channel.as_str(), thread.cause.as_str(), thread.settled, json(thread)])?;
    }
    Ok(())
}

/// Puts one notice in the place of several. Should one of them be on its way by now, all stay as they are.
fn put_in_place(connection: &Connection, parts: &[Outgoing], whole: &Outgoing) -> rusqlite::Result<()> {
    let mut untouched =
        connection.prepare("SELECT count(*) FROM notices WHERE id = ?1 AND state = 'pending' AND attempts = 0")?;
    for part in parts {
        if untouched.query_row([part.notice.id.as_str()], |row| row.get::<_, i64>(0))? != 1 {
            return Ok(());
        }
    }
    let mut fold = connection.prepare("UPDATE notices SET state = 'folded', folded = ?2 WHERE id = ?1")?;
    for part in parts {
        fold.execute([part.notice.id.as_str(), whole.notice.id.as_str()])?;
    }
    write(connection, &Dispatch { at: whole.notice.created_at, outgoing: vec![whole.clone()], ..Dispatch::default() })
}

fn outgoing(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    let Json(notice) = row.get(0)?;
    let (state, folded): (String, Option<String>) = (row.get(2)?, row.get(3)?);
    let tried_at: Option<i64> = row.get(6)?;
    Ok(Outgoing {
        notice,
        digest: row.get(1)?,
        delivery: match (state.as_str(), folded) {
            ("delivered", _) => Delivery::Delivered,
            ("dead", _) => Delivery::Dead,
            ("folded", Some(into)) => Delivery::Folded(into.as_str().into()),
            (_, _) => Delivery::Pending,
        },
        due_at: moment(row.get(4)?),
        attempts: row.get(5)?,
        tried_at: tried_at.map(moment),
        error: row.get(7)?,
    })
}
