//! The outbox: notices from the transaction that gave occasion until the other side has taken them, the threads they
//! belong to, and what was told already.
//!
//! A try is written down before it is made. Whoever is killed while sending leaves a notice that is due again later under
//! the same id, and never one that nobody knows of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::database::{Database, Row, Value, json, limit, millis, moment, values};
use super::{Breaker, Store, StoreError};
use crate::model::{
    Acknowledgement, CauseId, ChannelName, Delivery, Dispatch, Expiry, FindingId, Notice, NoticeId, Outgoing, Thread,
};
use chrono::{DateTime, Utc};

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
        self.database.writing(|database| write(database, dispatch))
    }

    /// The notices that are due, the oldest first, but none of the channels that are left in peace.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn due_notices(&self, now: DateTime<Utc>, most: usize) -> Result<Vec<Outgoing>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM notices WHERE state = 'pending' AND due_at <= ?1
               AND channel NOT IN (SELECT channel FROM breakers WHERE open_until > ?1) AND {IN_ORDER}
             ORDER BY due_at, number LIMIT ?2"
        );
        self.notices(&sql, &values![millis(now), limit(most)])
    }

    /// When the next notice comes due, or a channel may be tried again; `None` if nothing waits.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = format!(
            "SELECT min(CASE WHEN open_until > due_at THEN open_until ELSE due_at END)
             FROM notices LEFT JOIN breakers USING (channel) WHERE state = 'pending' AND {IN_ORDER}"
        );
        Ok(self.database.one(&sql, &[], |row| row.get::<Option<i64>>(0))?.map(moment))
    }

    /// Everything that was not taken yet: what waits, and what was given up; by channel and age.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn undelivered(&self) -> Result<Vec<Outgoing>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM notices WHERE state IN ('pending', 'dead') ORDER BY channel, number");
        self.notices(&sql, &[])
    }

    /// The notice with an id.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn notice(&self, id: &NoticeId) -> Result<Option<Outgoing>, StoreError> {
        Ok(self.notices(&format!("SELECT {COLUMNS} FROM notices WHERE id = ?1"), &values![id.as_str()])?.pop())
    }

    /// How many notices wait or were given up, by channel and state.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn outbox_depth(&self) -> Result<BTreeMap<(ChannelName, String), usize>, StoreError> {
        let sql = "SELECT channel, state, count(*) FROM notices WHERE state IN ('pending', 'dead') GROUP BY 1, 2";
        let depth = self.database.query(sql, &[], |row| Ok(((row.text(0)?.into(), row.get(1)?), count(row, 2)?)))?;
        Ok(depth.into_iter().collect())
    }

    /// How many notices each channel was given since a moment, digests and what went into others not counted twice.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn notices_since(&self, since: DateTime<Utc>) -> Result<HashMap<ChannelName, usize>, StoreError> {
        let sql = "SELECT channel, count(*) FROM notices
            WHERE created_at > ?1 AND state <> 'folded' AND digest IS NULL GROUP BY channel";
        let counts =
            self.database.query(sql, &values![millis(since)], |row| Ok((row.text(0)?.into(), count(row, 1)?)))?;
        Ok(counts.into_iter().collect())
    }

    /// Writes down that a notice is about to be sent, and when it is due again should nobody say how that went.
    /// False if it is not pending any more, or somebody else is sending it.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn claim(&mut self, outgoing: &Outgoing, now: DateTime<Utc>, again: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = self.database.execute(
            "UPDATE notices SET attempts = attempts + 1, tried_at = ?3, due_at = ?4
             WHERE id = ?1 AND state = 'pending' AND attempts = ?2",
            &values![outgoing.notice.id.as_str(), outgoing.attempts, millis(now), millis(again)],
        )?;
        Ok(changed == 1)
    }

    /// The other side has taken a notice; `remote` is what it calls the thread from now on.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn delivered(&mut self, notice: &Notice, remote: Option<&str>) -> Result<(), StoreError> {
        let (channel, cause) = (notice.channel.as_str(), notice.cause.as_str());
        self.database.writing(|database| {
            let sql = "UPDATE notices SET state = 'delivered', error = '' WHERE id = ?1";
            database.execute(sql, &values![notice.id.as_str()])?;
            database.execute("DELETE FROM breakers WHERE channel = ?1", &values![channel])?;
            if let Some(remote) = remote
                && let Some(mut thread) = thread(database, &notice.channel, &notice.cause)?
            {
                thread.remote = Some(remote.to_owned());
                let sql = "UPDATE threads SET body = ?3 WHERE channel = ?1 AND cause = ?2";
                database.execute(sql, &values![channel, cause, json(&thread)])?;
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
        self.database.execute(
            "UPDATE notices SET state = ?2, due_at = coalesce(?3, due_at), error = ?4 WHERE id = ?1",
            &values![notice.as_str(), state, due, reason],
        )?;
        Ok(())
    }

    /// Makes notices that were given up, or wait for their next try, due at once; all, or those with these ids. Gives back
    /// how many. Their channels may be tried again too.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn retry(&mut self, ids: &[NoticeId], now: DateTime<Utc>) -> Result<usize, StoreError> {
        self.database.writing(|database| {
            let every: Vec<String> = database.query(
                "SELECT id FROM notices WHERE state = 'dead' OR (state = 'pending' AND attempts > 0)",
                &[],
                |row| row.get(0),
            )?;
            let wanted = every.iter().filter(|id| ids.is_empty() || ids.iter().any(|wanted| wanted.as_str() == **id));
            let revived = database.execute_many(
                "UPDATE notices SET state = 'pending', attempts = 0, due_at = ?2
                 WHERE id = ?1 AND (state = 'dead' OR (state = 'pending' AND attempts > 0))",
                wanted.map(|id| values![id, millis(now)].into()),
            )?;
            database.execute("DELETE FROM breakers", &[])?;
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
        let due = self.notices(&sql, &values![millis(now)])?;
        let mut folded = 0;
        for parts in due.chunk_by(|one, other| {
            (&one.notice.channel, &one.digest, &one.notice.recipients)
                == (&other.notice.channel, &other.digest, &other.notice.recipients)
        }) {
            if parts.len() > 1 {
                let whole = fold(parts);
                self.database.writing(|database| put_in_place(database, parts, &whole))?;
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
        self.database.list("SELECT body FROM threads WHERE settled = 0 ORDER BY channel, cause", &[])
    }

    /// The thread of a cause in a channel.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn thread(&self, channel: &ChannelName, cause: &CauseId) -> Result<Option<Thread>, StoreError> {
        thread(&self.database, channel, cause)
    }

    /// The cause with which each finding came up.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn causes(&self) -> Result<HashMap<FindingId, CauseId>, StoreError> {
        let sql = "SELECT finding, cause FROM causes";
        let causes = self.database.query(sql, &[], |row| Ok((row.text(0)?.into(), row.text(1)?.into())))?;
        Ok(causes.into_iter().collect())
    }

    /// Everything that somebody acknowledged, in order of findings; what ran out too.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, StoreError> {
        self.database.list("SELECT body FROM acknowledgements ORDER BY finding", &[])
    }

    /// Keeps an acknowledgement in place of an earlier one of the same finding.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn acknowledge(&mut self, acknowledgement: &Acknowledgement) -> Result<(), StoreError> {
        let sql = self.database.upsert("acknowledgements", &["finding"], &["body"]);
        self.database.execute(&sql, &values![acknowledgement.finding.as_str(), json(acknowledgement)])?;
        Ok(())
    }

    /// What ends on a day, as the latest scan knows it, by id.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn expiries(&self) -> Result<Vec<Expiry>, StoreError> {
        self.database.list("SELECT body FROM expiries ORDER BY id", &[])
    }

    /// The marks of what was told already that begin so.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn told(&self, beginning: &str) -> Result<BTreeSet<String>, StoreError> {
        let sql = "SELECT mark FROM told WHERE substr(mark, 1, length(?1)) = ?1";
        Ok(self.database.query(sql, &values![beginning], |row| row.get(0))?.into_iter().collect())
    }

    /// The channels that failed last.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn breakers(&self) -> Result<Vec<Breaker>, StoreError> {
        self.database.query("SELECT channel, failures, open_until FROM breakers ORDER BY channel", &[], |row| {
            Ok(Breaker {
                channel: row.text(0)?.into(),
                failures: small(row, 1)?,
                open_until: row.get::<Option<i64>>(2)?.map(moment),
            })
        })
    }

    /// Keeps how often a channel failed in a row.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn set_breaker(&mut self, breaker: &Breaker) -> Result<(), StoreError> {
        let sql = self.database.upsert("breakers", &["channel"], &["failures", "open_until"]);
        let until = breaker.open_until.map(millis);
        self.database.execute(&sql, &values![breaker.channel.as_str(), breaker.failures, until])?;
        Ok(())
    }

    /// Forgets notices that were delivered, threads that are over and marks that are older than a moment. Gives back how
    /// many rows went.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn forget_told(&mut self, before: DateTime<Utc>) -> Result<usize, StoreError> {
        self.database.writing(|database| {
            let values = values![millis(before)];
            let notices = database.execute(
                "DELETE FROM notices WHERE state IN ('delivered', 'folded') AND coalesce(tried_at, created_at) < ?1",
                &values,
            )?;
            let settled: Vec<Thread> = database.list("SELECT body FROM threads WHERE settled = 1", &[])?;
            let over = settled.iter().filter(|thread| thread.told_at < before);
            let threads = database.execute_many(
                "DELETE FROM threads WHERE channel = ?1 AND cause = ?2",
                over.map(|thread| values![thread.channel.as_str(), thread.cause.as_str()].into()),
            )?;
            let marks = database.execute("DELETE FROM told WHERE at < ?1", &values)?;
            let runs = database.execute(
                "DELETE FROM runs WHERE ended_at < ?1
                 AND id NOT IN (SELECT max(id) FROM runs GROUP BY schedule, snapshot IS NULL)",
                &values,
            )?;
            Ok(notices + threads + marks + runs)
        })
    }

    fn notices(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Outgoing>, StoreError> {
        self.database.query(sql, values, outgoing)
    }
}

/// Writes what is to be told. A notice that is there already stays as it is: the same occasion came twice.
pub(super) fn write(database: &Database, dispatch: &Dispatch) -> Result<(), StoreError> {
    let last: i64 = database.one("SELECT coalesce(max(number), 0) FROM notices", &[], |row| row.get(0))?;
    database.execute_many(
        "INSERT INTO notices (number, id, channel, cause, state, digest, created_at, due_at, attempts, error, body)
         VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6, ?7, 0, '', ?8) ON CONFLICT DO NOTHING",
        (last + 1..).zip(&dispatch.outgoing).map(|(number, Outgoing { notice, digest, due_at, .. })| {
            let (id, channel, cause) = (notice.id.as_str(), notice.channel.as_str(), notice.cause.as_str());
            let (created_at, due_at) = (millis(notice.created_at), millis(*due_at));
            values![number, id, channel, cause, digest, created_at, due_at, json(notice)].into()
        }),
    )?;
    write_threads(database, &dispatch.threads)?;
    database.execute_many(
        &database.upsert("causes", &["finding"], &["cause"]),
        dispatch.causes.iter().map(|(finding, id)| values![finding.as_str(), id.as_str()].into()),
    )?;
    database.execute_many(
        "INSERT INTO told (mark, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        dispatch.told.iter().map(|told| values![told, millis(dispatch.at)].into()),
    )?;
    Ok(())
}

/// What ends on a day takes the place of what was known before.
pub(super) fn write_expiries(database: &Database, expiries: impl Iterator<Item = Expiry>) -> Result<(), StoreError> {
    database.execute("DELETE FROM expiries", &[])?;
    database.execute_many(
        &database.upsert("expiries", &["id"], &["body"]),
        expiries.map(|expiry| {
            let body = json(&expiry);
            values![expiry.id, body].into()
        }),
    )?;
    Ok(())
}

/// What the other side calls a thread is known to the store alone: a delivery may have learnt it meanwhile.
fn write_threads(database: &Database, threads: &[Thread]) -> Result<(), StoreError> {
    let sql = database.upsert("threads", &["channel", "cause"], &["settled", "body"]);
    for given in threads {
        let known = thread(database, &given.channel, &given.cause)?.and_then(|known| known.remote);
        let body = match known {
            Some(remote) => json(&Thread { remote: Some(remote), ..given.clone() }),
            None => json(given),
        };
        database.execute(&sql, &values![given.channel.as_str(), given.cause.as_str(), given.settled, body])?;
    }
    Ok(())
}

fn thread(database: &Database, channel: &ChannelName, cause: &CauseId) -> Result<Option<Thread>, StoreError> {
    let sql = "SELECT body FROM threads WHERE channel = ?1 AND cause = ?2";
    database.first(sql, &values![channel.as_str(), cause.as_str()], |row| row.json(0))
}

/// Puts one notice in the place of several. Should one of them be on its way by now, all stay as they are.
fn put_in_place(database: &Database, parts: &[Outgoing], whole: &Outgoing) -> Result<(), StoreError> {
    let untouched = "SELECT count(*) FROM notices WHERE id = ?1 AND state = 'pending' AND attempts = 0";
    for part in parts {
        if database.one(untouched, &values![part.notice.id.as_str()], |row| row.get::<i64>(0))? != 1 {
            return Ok(());
        }
    }
    database.execute_many(
        "UPDATE notices SET state = 'folded', folded = ?2 WHERE id = ?1",
        parts.iter().map(|part| values![part.notice.id.as_str(), whole.notice.id.as_str()].into()),
    )?;
    write(database, &Dispatch { at: whole.notice.created_at, outgoing: vec![whole.clone()], ..Dispatch::default() })
}

fn outgoing(row: &Row<'_>) -> Result<Outgoing, StoreError> {
    let folded: Option<String> = row.get(3)?;
    Ok(Outgoing {
        notice: row.json(0)?,
        digest: row.get(1)?,
        delivery: match (row.text(2)?, folded) {
            ("delivered", _) => Delivery::Delivered,
            ("dead", _) => Delivery::Dead,
            ("folded", Some(into)) => Delivery::Folded(into.as_str().into()),
            (_, _) => Delivery::Pending,
        },
        due_at: moment(row.get(4)?),
        attempts: small(row, 5)?,
        tried_at: row.get::<Option<i64>>(6)?.map(moment),
        error: row.get(7)?,
    })
}

/// A number that is never large.
fn small(row: &Row<'_>, column: usize) -> Result<u32, StoreError> {
    u32::try_from(row.get::<i64>(column)?).map_err(|error| row.damaged(&error.to_string()))
}

/// How many rows there are.
fn count(row: &Row<'_>, column: usize) -> Result<usize, StoreError> {
    usize::try_from(row.get::<i64>(column)?).map_err(|error| row.damaged(&error.to_string()))
}
