//! Resources over time. A row stands for as long as a resource stays the same, so a commit writes only what changed,
//! and every snapshot that ever was is one walk through the tables. A resource that was seen in part, and carried with
//! the rest as it was known, has a body in each table; one that was only carried has a mark in place of the second.

use std::iter::{self, Peekable};
use std::sync::mpsc::{self, Receiver, SyncSender};

use super::database::{Backend, Database, json, values};
use super::{StoreError, StoredResource};
use crate::digest::{Digest, Digester};
use crate::model::{Resource, ResourceId, Snapshot, SnapshotId, add_to_whole, sharing};

/// How many rows are handed out together.
const SHARE: usize = 1_024;

/// What all rows of a snapshot come to.
pub(super) struct Sum {
    /// The digest of what was seen, as of a [`Snapshot`].
    pub(super) seen: Digest,
    /// The digests of what was carried, in the order of ids.
    pub(super) carried: Vec<Digest>,
}

/// A row that does not fit its digest: the resource it claims to be.
pub(super) struct Altered(pub(super) String);

/// Writes how `snapshot` differs from the latest one, `previous`: rows begin for what is new or different, and end for
/// what is over.
pub(super) fn record(
    database: &Database,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    snapshot: &Snapshot,
    carried_digests: &[Digest],
) -> Result<(), StoreError> {
    let known = places(snapshot, carried_digests).map(|place| (place.id, place.seen.or(place.carried)));
    advance(database, "resources", previous, id, known)?;
    let carried = places(snapshot, carried_digests)
        .filter(|place| place.carried.is_some())
        .map(|place| (place.id, place.seen.and(place.carried)));
    advance(database, "carried", previous, id, carried)
}

/// Brings a table of rows that stand for a while from the latest snapshot to this one. A row need not have a body.
fn advance<'a>(
    database: &Database,
    table: &'static str,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    now: impl Iterator<Item = (&'a ResourceId, Option<Digested<'a>>)>,
) -> Result<(), StoreError> {
    let standing = format!(
        "SELECT id, digest FROM {table} {} WHERE last_snapshot IS NULL ORDER BY id",
        database.backend().by_now(table)
    );
    let now = now.map(|(resource, body)| (resource, body.map(|(_, digest)| digest), (resource, body)));
    let mut difference = Difference::of(now);
    database.each::<StoreError>(&standing, &[], |row| {
        difference.meet(row.text(0)?, row.maybe_digest(1)?);
        Ok(())
    })?;
    let (ended, begun) = difference.rest();
    database.execute_many(
        &format!("UPDATE {table} SET last_snapshot = ?2 WHERE id = ?1 AND last_snapshot IS NULL"),
        ended.iter().map(|resource| values![resource, previous.map(|previous| previous.0)].into()),
    )?;
    let begun = begun.into_iter().map(|(resource, body)| {
        let (body, digest) = body.map(|(body, digest)| (json(body), digest)).unzip();
        values![resource.as_str(), id.0, digest, body].into()
    });
    database.insert_many(table, &["id", "first_snapshot", "digest", "body"], begun)
}

type Digested<'a> = (&'a Resource, Digest);

/// Where one id stands in a snapshot: among what was seen, what was carried, or both.
struct Place<'a> {
    id: &'a ResourceId,
    seen: Option<Digested<'a>>,
    carried: Option<Digested<'a>>,
}

/// Walks through what was seen and what was carried side by side.
fn places<'a>(snapshot: &'a Snapshot, carried_digests: &'a [Digest]) -> impl Iterator<Item = Place<'a>> {
    let mut seen = iter::zip(&snapshot.resources, snapshot.digests.iter().copied()).peekable();
    let mut carried = iter::zip(&snapshot.carried, carried_digests.iter().copied()).peekable();
    let mut before: Option<&ResourceId> = None;
    iter::from_fn(move || {
        let heads = [seen.peek(), carried.peek()];
        let id = heads.into_iter().flatten().map(|(resource, _)| &resource.id).min()?;
        assert!(before.replace(id) < Some(id), "internal: a snapshot is sorted, and each list has an id once");
        Some(Place {
            id,
            seen: seen.next_if(|(head, _)| head.id == *id),
            carried: carried.next_if(|(head, _)| head.id == *id),
        })
    })
}

/// What has to be written to get from the rows that stand to those that should. Both sides come sorted by id, and are
/// walked through once. A row goes on standing while its id is there with an equal value.
struct Difference<'a, V, T, I: Iterator<Item = (&'a ResourceId, V, T)>> {
    now: Peekable<I>,
    /// Rows that are over.
    ended: Vec<String>,
    /// Rows that are new.
    begun: Vec<T>,
}

impl<'a, V: PartialEq, T, I: Iterator<Item = (&'a ResourceId, V, T)>> Difference<'a, V, T, I> {
    fn of(now: I) -> Self {
        Self { now: now.peekable(), ended: Vec::new(), begun: Vec::new() }
    }

    /// The next row that stands.
    fn meet(&mut self, id: &str, value: V) {
        while let Some((_, _, added)) = self.now.next_if(|(new, ..)| new.as_str() < id) {
            self.begun.push(added);
        }
        match self.now.next_if(|(new, ..)| new.as_str() == id) {
            Some((_, same, _)) if same == value => {}
            Some((_, _, changed)) => {
                self.ended.push(id.to_owned());
                self.begun.push(changed);
            }
            None => self.ended.push(id.to_owned()),
        }
    }

    /// What ended and what began, when no more rows stand.
    fn rest(mut self) -> (Vec<String>, Vec<T>) {
        self.begun.extend(self.now.map(|(_, _, added)| added));
        (self.ended, self.begun)
    }
}

/// The resources of snapshot ?1 with their digests and bodies, and whether they were carried: the known ones, and those
/// that were carried beside what was seen of them. Read in each table's own order, in which the bodies lie, both are
/// merged as they are read.
pub(super) fn snapshot_sql(backend: &dyn Backend) -> String {
    let in_own_order = backend.in_own_order();
    let known = format!(
        "SELECT id, digest, body, EXISTS (
            SELECT 1 FROM carried
            WHERE carried.id = resources.id AND carried.body IS NULL AND carried.first_snapshot <= ?1
              AND (carried.last_snapshot IS NULL OR carried.last_snapshot >= ?1))
        FROM resources {in_own_order}
        WHERE first_snapshot <= ?1 AND (last_snapshot IS NULL OR last_snapshot >= ?1)"
    );
    let carried = format!(
        "SELECT id, digest, body, TRUE
        FROM carried {in_own_order}
        WHERE body IS NOT NULL AND first_snapshot <= ?1 AND (last_snapshot IS NULL OR last_snapshot >= ?1)"
    );
    backend.merged(&known, &carried, "id")
}

/// Some rows that lie one after the other, for somebody who looks at them.
#[derive(Default)]
struct Share {
    /// Ids and bodies, one after the other.
    text: String,
    rows: Vec<Extent>,
}

/// How long id and body of a row are, and what else is known of it.
struct Extent {
    id: usize,
    body: usize,
    digest: Digest,
    carried: bool,
}

/// Why a share could not be read.
enum Fault {
    Altered(Altered),
    Unreadable(serde_json::Error),
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Share {
    fn add(&mut self, id: &str, body: &str, digest: Digest, carried: bool) {
        self.text.push_str(id);
        self.text.push_str(body);
        self.rows.push(Extent { id: id.len(), body: body.len(), digest, carried });
    }

    /// Each row as it lies here.
    fn rows(&self) -> impl Iterator<Item = StoredResource<'_>> {
        let mut rest = self.text.as_str();
        self.rows.iter().map(move |place| {
            let (id, after) = rest.split_at(place.id);
            let (body, after) = after.split_at(place.body);
            rest = after;
            StoredResource { id, digest: place.digest, carried: place.carried, body }
        })
    }

    fn last(&self) -> &str {
        self.rows().last().map_or("", |row| row.id)
    }

    /// Holds each row against its digest and has it looked at.
    fn look<C, T>(
        &self,
        mut by: C,
        look: impl Fn(&mut C, &StoredResource<'_>) -> serde_json::Result<T>,
    ) -> Result<Vec<T>, Fault> {
        let looked = self.rows().map(|row| {
            if Digest::of_bytes(row.body.as_bytes()) != row.digest {
                return Err(Fault::Altered(Altered(row.id.to_owned())));
            }
            look(&mut by, &row).map_err(Fault::Unreadable)
        });
        looked.collect()
    }
}

/// Where work is handed to one of them, and where what came of it is taken.
type Desk<T, C> = (SyncSender<(Share, C)>, Receiver<Result<Vec<T>, Fault>>);

/// Whoever looks at shares, each on a thread of its own. Shares are given and taken back in turn, so that they stay in order.
struct Desks<C, T> {
    desks: Vec<Desk<T, C>>,
    given: usize,
    taken: usize,
}

impl<C, T> Desks<C, T> {
    fn give(&mut self, share: Share, by: C) {
        // A desk that is gone left a panic, which goes on when all threads are joined.
        drop(self.desks[self.given % self.desks.len()].0.send((share, by)));
        self.given += 1;
    }

    fn take(&mut self) -> Result<Vec<T>, Fault> {
        let looked = self.desks[self.taken % self.desks.len()].1.recv();
        self.taken += 1;
        looked.unwrap_or_else(|_gone| Ok(Vec::new()))
    }

    /// True if every desk has something to look at and something more.
    fn is_full(&self) -> bool {
        self.given - self.taken >= 2 * self.desks.len()
    }

    fn is_empty(&self) -> bool {
        self.given == self.taken
    }
}

/// Walks through the resources of a snapshot in the order of their ids: each is held against its digest and looked at, and
/// what came of it is taken in that order. The looking is shared out among the processors, some rows to each; `deal` says
/// what goes with a share, by its last id. What was taken counts only once the whole walk was good.
pub(super) fn walk<C: Send, T: Send>(
    database: &Database,
    id: SnapshotId,
    mut deal: impl FnMut(&str) -> C,
    look: impl Fn(&mut C, &StoredResource<'_>) -> serde_json::Result<T> + Sync,
    mut take: impl FnMut(T),
) -> Result<Result<Sum, Altered>, StoreError> {
    let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let sql = snapshot_sql(database.backend());
    let (mut seen, mut carried) = (Digester::default(), Vec::new());
    let walked = std::thread::scope(|scope| {
        let look = &look;
        let desk = |_| {
            let (hand_in, shares) = mpsc::sync_channel::<(Share, C)>(1);
            let (hand_out, looked) = mpsc::sync_channel(2);
            // Nobody waits for what comes after a share that was not good.
            let work = move || shares.into_iter().all(|(share, by)| hand_out.send(share.look(by, look)).is_ok());
            scope.spawn(move || sharing(work));
            (hand_in, looked)
        };
        let mut desks = Desks { desks: (0..hands).map(desk).collect(), given: 0, taken: 0 };
        let mut share = Share::default();
        database.each::<Fault>(&sql, &values![id.0], |row| {
            let id = row.text(0)?;
            // Rows of one resource, seen and carried, stay together.
            if share.rows.len() >= SHARE && share.last() != id {
                let by = deal(share.last());
                desks.give(std::mem::take(&mut share), by);
            }
            while desks.is_full() {
                desks.take()?.into_iter().for_each(&mut take);
            }
            let (digest, is_carried) = (row.digest(1)?, row.get(3)?);
            match is_carried {
                true => carried.push(digest),
                false => add_to_whole(&mut seen, id, &digest),
            }
            share.add(id, row.text(2)?, digest, is_carried);
            Ok(())
        })?;
        let by = deal(share.last());
        desks.give(share, by);
        while !desks.is_empty() {
            desks.take()?.into_iter().for_each(&mut take);
        }
        Ok(())
    });
    match walked {
        Ok(()) => Ok(Ok(Sum { seen: seen.finish(), carried })),
        Err(Fault::Altered(altered)) => Ok(Err(altered)),
        Err(Fault::Unreadable(error)) => {
            Err(StoreError::Damaged { path: database.place().into(), what: error.to_string() })
        }
        Err(Fault::Store(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_what_ended_and_what_began() {
        let id = |native: &str| ResourceId::new("acme", crate::model::Kind::Setting, native);
        let now = [("a", 1), ("b", 1), ("d", 2), ("e", 1)].map(|(native, value)| (id(native), value));
        let mut difference = Difference::of(now.iter().map(|(id, value)| (id, *value, id.native())));
        for native in ["b", "c", "d"] {
            difference.meet(id(native).as_str(), 1);
        }
        let (ended, begun) = difference.rest();
        assert_eq!(ended, [id("c").to_string(), id("d").to_string()]);
        assert_eq!(begun, ["a", "d", "e"]);
    }
}
