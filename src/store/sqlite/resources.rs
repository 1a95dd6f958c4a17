//! Resources over time. A row stands for as long as a resource stays the same, so a commit writes only what changed,
//! and every snapshot that ever was is one walk through the table.

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

/// Writes what `snapshot` has and the latest one, `previous`, had not, and ends what it has no more.
pub(super) fn record(
    connection: &Connection,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    snapshot: &Snapshot,
    carried_digests: &[Digest],
) -> rusqlite::Result<()> {
    let mut standing = connection
        .prepare("SELECT id, digest FROM resources INDEXED BY resources_now WHERE last_snapshot IS NULL ORDER BY id")?;
    let rows = standing.query_map([], |row| Ok((row.get(0)?, row.get(1).map(Digest::from_bytes)?)))?;
    let now = in_order(snapshot, carried_digests).map(|(resource, digest)| (&resource.id, digest, (resource, digest)));
    let Difference { ended, begun } = Difference::between(rows, now)?;
    end(connection, "resources", previous, &ended)?;
    let mut insert =
        connection.prepare("INSERT INTO resources (id, first_snapshot, digest, body) VALUES (?1, ?2, ?3, ?4)")?;
    for (resource, digest) in begun {
        insert.execute(params![resource.id.as_str(), id.0, digest.as_bytes(), json(resource)])?;
    }
    record_carried(connection, previous, id, &snapshot.carried)
}

/// The same for the mark that a resource was only carried.
fn record_carried(
    connection: &Connection,
    previous: Option<SnapshotId>,
    id: SnapshotId,
    carried: &[Resource],
) -> rusqlite::Result<()> {
    let mut standing =
        connection.prepare("SELECT id FROM carried INDEXED BY carried_now WHERE last_snapshot IS NULL ORDER BY id")?;
    let rows = standing.query_map([], |row| Ok((row.get(0)?, ())))?;
    let now = carried.iter().map(|resource| (&resource.id, (), &resource.id));
    let Difference { ended, begun } = Difference::between(rows, now)?;
    end(connection, "carried", previous, &ended)?;
    let mut insert = connection.prepare("INSERT INTO carried (id, first_snapshot) VALUES (?1, ?2)")?;
    for resource in begun {
        insert.execute(params![resource.as_str(), id.0])?;
    }
    Ok(())
}

/// Says of rows of a table that `previous` was the last snapshot to have them.
fn end(
    connection: &Connection,
    table: &'static str,
    previous: Option<SnapshotId>,
    ended: &[String],
) -> rusqlite::Result<()> {
    let sql = format!("UPDATE {table} SET last_snapshot = ?2 WHERE id = ?1 AND last_snapshot IS NULL");
    let mut update = connection.prepare(&sql)?;
    for id in ended {
        update.execute(params![id, previous.map(|previous| previous.0)])?;
    }
    Ok(())
}

/// Seen and carried resources together, sorted by id.
fn in_order<'a>(snapshot: &'a Snapshot, carried_digests: &'a [Digest]) -> impl Iterator<Item = (&'a Resource, Digest)> {
    let mut seen = iter::zip(&snapshot.resources, snapshot.digests.iter().copied()).peekable();
    let mut carried = iter::zip(&snapshot.carried, carried_digests.iter().copied()).peekable();
    let mut before: Option<&ResourceId> = None;
    iter::from_fn(move || {
        let carried_is_next = match (seen.peek(), carried.peek()) {
            (Some((seen, _)), Some((carried, _))) => carried.id < seen.id,
            (seen, _) => seen.is_none(),
        };
        let next = if carried_is_next { carried.next() } else { seen.next() }?;
        assert!(
            before.replace(&next.0.id) < Some(&next.0.id),
            "internal: a snapshot is sorted, and what is seen is not carried"
        );
        Some(next)
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

/// The resources of snapshot ?1 with their digests and bodies, and whether they were only carried. `NOT INDEXED` keeps to
/// the table's own order, in which the bodies lie.
const SNAPSHOT: &str = "
    SELECT id, digest, body, EXISTS (
        SELECT 1 FROM carried
        WHERE carried.id = resources.id AND carried.first_snapshot <= ?1
          AND (carried.last_snapshot IS NULL OR carried.last_snapshot >= ?1))
    FROM resources NOT INDEXED
    WHERE first_snapshot <= ?1 AND (last_snapshot IS NULL OR last_snapshot >= ?1)
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
    fn opening_a_snapshot_is_one_walk_without_sorting() {
        let store = Store::open_in_memory().unwrap();
        let mut plan = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {SNAPSHOT}")).unwrap();
        let steps: Vec<String> = plan.query_map([1], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert!(steps.contains(&"SCAN resources".to_owned()), "{steps:?}");
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
