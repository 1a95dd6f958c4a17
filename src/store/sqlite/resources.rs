//! Resources over time. A row stands for as long as a resource stays the same, so a commit writes only what changed,
//! and every snapshot that ever was is one walk through the tables. A resource that was seen in part, and carried with
//! the rest as it was known, has a body in each table; one that was only carried has a mark in place of the second.

use std::iter;
use std::sync::mpsc::{self, Receiver, SyncSender};

use rusqlite::types::Type;
use rusqlite::{Connection, params};

use super::json;
use crate::digest::{Digest, Digester};
use crate::model::{Resource, ResourceId, Snapshot, SnapshotId, add_to_whole, sharing};
use crate::store::StoredResource;

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
    connection: &Connection,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    snapshot: &Snapshot,
    carried_digests: &[Digest],
) -> rusqlite::Result<()> {
    let known = places(snapshot, carried_digests).map(|place| (place.id, place.seen.or(place.carried)));
    advance(connection, "resources", previous, id, known)?;
    let carried = places(snapshot, carried_digests)
        .filter(|place| place.carried.is_some())
        .map(|place| (place.id, place.seen.and(place.carried)));
    advance(connection, "carried", previous, id, carried)
}

/// Brings a table of rows that stand for a while from the latest snapshot to this one. A row need not have a body.
fn advance<'a>(
    connection: &Connection,
    table: &'static str,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    now: impl Iterator<Item = (&'a ResourceId, Option<Digested<'a>>)>,
) -> rusqlite::Result<()> {
    let mut standing = connection.prepare(&format!(
        "SELECT id, digest FROM {table} INDEXED BY {table}_now WHERE last_snapshot IS NULL ORDER BY id"
    ))?;
    let rows =
        standing.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<[u8; 32]>>(1)?.map(Digest::from_bytes))))?;
    let now = now.map(|(resource, body)| (resource, body.map(|(_, digest)| digest), (resource, body)));
    let Difference { ended, begun } = Difference::between(rows, now)?;
    let mut end = connection
        .prepare(&format!("UPDATE {table} SET last_snapshot = ?2 WHERE id = ?1 AND last_snapshot IS NULL"))?;
    for resource in ended {
        end.execute(params![resource, previous.map(|previous| previous.0)])?;
    }
    let mut begin = connection
        .prepare(&format!("INSERT INTO {table} (id, first_snapshot, digest, body) VALUES (?1, ?2, ?3, ?4)"))?;
    for (resource, body) in begun {
        let (body, digest) = body.map(|(body, digest)| (json(body), *digest.as_bytes())).unzip();
        begin.execute(params![resource.as_str(), id.0, digest, body])?;
    }
    Ok(())
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

/// What has to be written to get from the rows that stand to those that should.
struct Difference<T> {
    /// Rows that are over.
    ended: Vec<String>,
    /// Rows that are new.
    begun: Vec<T>,
}

impl<T> Difference<T> {
    /// Walks once through both sides, sorted by id. A row goes on standing while its id is there with an equal value.
    fn between<'a, V: PartialEq>(
        standing: impl Iterator<Item = rusqlite::Result<(String, V)>>,
        now: impl Iterator<Item = (&'a ResourceId, V, T)>,
    ) -> rusqlite::Result<Self> {
        let mut now = now.peekable();
        let (mut ended, mut begun) = (Vec::new(), Vec::new());
        for row in standing {
            let (id, value) = row?;
            while let Some((_, _, added)) = now.next_if(|(new, ..)| *new.as_str() < *id) {
                begun.push(added);
            }
            match now.next_if(|(new, ..)| *new.as_str() == *id) {
                Some((_, same, _)) if same == value => {}
                Some((_, _, changed)) => {
                    ended.push(id);
                    begun.push(changed);
                }
                None => ended.push(id),
            }
        }
        begun.extend(now.map(|(_, _, added)| added));
        Ok(Self { ended, begun })
    }
}

/// The resources of snapshot ?1 with their digests and bodies, and whether they were carried: the known ones, and those
/// that were carried beside what was seen of them. `NOT INDEXED` keeps to each table's own order, in which the bodies
/// lie, so that both are merged as they are read.
const SNAPSHOT: &str = "
    SELECT id, digest, body, EXISTS (
        SELECT 1 FROM carried
        WHERE carried.id = resources.id AND carried.body IS NULL AND carried.first_snapshot <= ?1
          AND (carried.last_snapshot IS NULL OR carried.last_snapshot >= ?1))
    FROM resources NOT INDEXED
    WHERE first_snapshot <= ?1 AND (last_snapshot IS NULL OR last_snapshot >= ?1)
    UNION ALL
    SELECT id, digest, body, 1
    FROM carried NOT INDEXED
    WHERE body IS NOT NULL AND first_snapshot <= ?1 AND (last_snapshot IS NULL OR last_snapshot >= ?1)
    ORDER BY id";

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
    connection: &Connection,
    id: SnapshotId,
    mut deal: impl FnMut(&str) -> C,
    look: impl Fn(&mut C, &StoredResource<'_>) -> serde_json::Result<T> + Sync,
    mut take: impl FnMut(T),
) -> rusqlite::Result<Result<Sum, Altered>> {
    let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut statement = connection.prepare_cached(SNAPSHOT)?;
    let mut rows = statement.query([id.0])?;
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
        loop {
            let row = rows.next()?;
            let id = row.map_or(Ok(""), |row| row.get_ref(0)?.as_str().map_err(rusqlite::Error::from))?;
            // Rows of one resource, seen and carried, stay together.
            if row.is_none() || share.rows.len() >= SHARE && share.last() != id {
                let by = deal(share.last());
                desks.give(std::mem::take(&mut share), by);
            }
            while desks.is_full() || row.is_none() && !desks.is_empty() {
                match desks.take() {
                    Ok(looked) => looked.into_iter().for_each(&mut take),
                    Err(Fault::Altered(altered)) => return Ok(Err(altered)),
                    Err(Fault::Unreadable(error)) => {
                        return Err(rusqlite::Error::FromSqlConversionFailure(2, Type::Text, error.into()));
                    }
                }
            }
            let Some(row) = row else { return Ok(Ok(())) };
            let (body, digest) = (row.get_ref(2)?.as_str()?, Digest::from_bytes(row.get(1)?));
            let is_carried = row.get(3)?;
            match is_carried {
                true => carried.push(digest),
                false => add_to_whole(&mut seen, id, &digest),
            }
            share.add(id, body, digest, is_carried);
        }
    });
    Ok(walked?.map(|()| Sum { seen: seen.finish(), carried }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn opening_a_snapshot_walks_each_table_once_without_sorting() {
        let store = Store::open_in_memory().unwrap();
        let mut plan = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {SNAPSHOT}")).unwrap();
        let steps: Vec<String> = plan.query_map([1], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        for scan in ["SCAN resources", "SCAN carried"] {
            assert!(steps.contains(&scan.to_owned()), "{steps:?}");
        }
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }

    #[test]
    fn a_difference_names_what_ended_and_what_began() {
        let id = |native: &str| ResourceId::new("acme", crate::model::Kind::Setting, native);
        let standing = ["b", "c", "d"].map(|native| Ok((id(native).to_string(), 1)));
        let now = [("a", 1), ("b", 1), ("d", 2), ("e", 1)].map(|(native, value)| (id(native), value));
        let now = now.iter().map(|(id, value)| (id, *value, id.native()));
        let difference = Difference::between(standing.into_iter(), now).unwrap();
        assert_eq!(difference.ended, [id("c").to_string(), id("d").to_string()]);
        assert_eq!(difference.begun, ["a", "d", "e"]);
    }
}
