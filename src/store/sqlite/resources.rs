//! Resources over time. A row stands for as long as a resource stays the same, so a commit writes only what changed,
//! and every snapshot that ever was is one walk through the tables. A resource that was seen in part, and carried with
//! the rest as it was known, has a body in each table; one that was only carried has a mark in place of the second.

use std::iter;

use rusqlite::{Connection, Row, params};

use super::{Json, json};
use crate::digest::Digest;
use crate::model::{Resource, ResourceId, Snapshot, SnapshotId};

/// The resources of a snapshot as they were committed, sorted by id.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) seen: Vec<Resource>,
    pub(super) seen_digests: Vec<Digest>,
    pub(super) carried: Vec<Resource>,
    pub(super) carried_digests: Vec<Digest>,
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

/// Reads the resources of a snapshot and holds each against its digest.
pub(super) fn read(connection: &Connection, id: SnapshotId) -> rusqlite::Result<Result<Stored, Altered>> {
    let mut statement = connection.prepare_cached(SNAPSHOT)?;
    let mut stored = Stored::default();
    let mut rows = statement.query([id.0])?;
    while let Some(row) = rows.next()? {
        let digest = Digest::of_bytes(row.get_ref(2)?.as_str()?.as_bytes());
        if Digest::from_bytes(row.get(1)?) != digest {
            return Ok(Err(Altered(row.get(0)?)));
        }
        stored.take(row, digest)?;
    }
    Ok(Ok(stored))
}

impl Stored {
    fn take(&mut self, row: &Row<'_>, digest: Digest) -> rusqlite::Result<()> {
        let Json(resource) = row.get(2)?;
        if row.get(3)? {
            self.carried.push(resource);
            self.carried_digests.push(digest);
        } else {
            self.seen.push(resource);
            self.seen_digests.push(digest);
        }
        Ok(())
    }
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
