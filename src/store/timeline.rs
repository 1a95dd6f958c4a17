//! Stored snapshots one after the other, oldest first. However many nights a resource stood, its row is read once and its
//! body is parsed when it begins to stand; from one night to the next only what moved is touched.

use std::ops::RangeInclusive;

use super::database::{Database, values};
use super::{Store, StoreError};
use crate::digest::Digest;
use crate::model::{LedgerEntry, Resource, ResourceId, Snapshot, SnapshotHead};

/// A walk through stored snapshots. Every body is held against its digest; that none was taken out of the store, opening a
/// single snapshot ([`Store::snapshot`]) proves, and this does not.
pub struct Timeline {
    /// The scans of the walk with their ledgers, oldest first.
    nights: Vec<(SnapshotHead, Vec<LedgerEntry>)>,
    /// Every id that is known in any of them, sorted.
    places: Vec<Place>,
    /// For each night the places where something begins or ends, in order.
    moves: Vec<Vec<usize>>,
    /// How many nights were shown.
    shown: usize,
    snapshot: Snapshot,
    carried_digests: Vec<Digest>,
    damaged: Box<dyn Fn(String) -> StoreError>,
}

/// All rows of one id.
struct Place {
    id: ResourceId,
    /// Rows of what is known, seen or not.
    known: Vec<Row>,
    /// Rows of what was carried.
    carried: Vec<Row>,
}

/// A row, and the nights of the walk on which it stands.
struct Row {
    nights: RangeInclusive<usize>,
    /// Digest and body; `None` for a mark that nothing of the resource was seen.
    body: Option<(Digest, Box<str>)>,
}

impl Store {
    /// Walks through scans, which are given oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn timeline(&self, scans: Vec<SnapshotHead>) -> Result<Timeline, StoreError> {
        let places = read(&self.database, &scans)?;
        let mut moves = vec![Vec::new(); scans.len()];
        for (at, place) in places.iter().enumerate() {
            for row in place.known.iter().chain(&place.carried) {
                for night in [*row.nights.start(), row.nights.end() + 1] {
                    if let Some(moves) = moves.get_mut(night).filter(|moves| moves.last() != Some(&at)) {
                        moves.push(at);
                    }
                }
            }
        }
        let nights = scans.into_iter().map(|head| Ok((self.ledger(head.id)?, head)));
        let nights: Result<Vec<_>, StoreError> =
            nights.map(|night| night.map(|(ledger, head)| (head, ledger))).collect();
        let path = self.place().to_owned();
        Ok(Timeline {
            nights: nights?,
            places,
            moves,
            shown: 0,
            snapshot: Snapshot::of_sorted(Vec::new(), Vec::new()),
            carried_digests: Vec::new(),
            damaged: Box::new(move |what| StoreError::Damaged { path: path.clone(), what }),
        })
    }
}

impl Timeline {
    /// The scan that comes next.
    #[must_use]
    pub fn upcoming(&self) -> Option<&SnapshotHead> {
        self.nights.get(self.shown).map(|(head, _)| head)
    }

    /// The snapshot that was shown last; an empty one before the first.
    #[must_use]
    pub fn current(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Shows the next snapshot; `None` when all were shown.
    ///
    /// # Errors
    /// `Damaged` if a body is not what was committed, or is none that this keyroll can read.
    pub fn advance(&mut self) -> Result<Option<(&SnapshotHead, &Snapshot)>, StoreError> {
        let Some((head, ledger)) = self.nights.get_mut(self.shown) else { return Ok(None) };
        let (mut seen, mut carried) = (Vec::new(), Vec::new());
        for place in self.moves.get(self.shown).into_iter().flatten().filter_map(|at| self.places.get(*at)) {
            let at = place.at(self.shown);
            let read =
                |row: Option<&Row>| row.map(Row::read).transpose().map_err(|why| (self.damaged)(place.altered(&why)));
            seen.push((&place.id, read(at.seen)?));
            carried.push((&place.id, read(at.carried)?));
        }
        settle(&mut self.snapshot.resources, &mut self.snapshot.digests, seen);
        settle(&mut self.snapshot.carried, &mut self.carried_digests, carried);
        self.snapshot.ledger = std::mem::take(ledger);
        self.snapshot.digest = head.digest;
        self.shown += 1;
        Ok(Some((head, &self.snapshot)))
    }
}

/// What stands of an id on one night.
struct Standing<'a> {
    seen: Option<&'a Row>,
    carried: Option<&'a Row>,
}

impl Place {
    fn at(&self, night: usize) -> Standing<'_> {
        let on = |rows: &'_ [Row]| rows.iter().position(|row| row.nights.contains(&night));
        let known = on(&self.known).and_then(|at| self.known.get(at));
        match on(&self.carried).and_then(|at| self.carried.get(at)) {
            // Nothing of it was seen: it is carried as it was known.
            Some(Row { body: None, .. }) => Standing { seen: None, carried: known },
            carried => Standing { seen: known, carried },
        }
    }

    fn altered(&self, why: &str) -> String {
        format!("resource `{}` {why}", self.id)
    }
}

impl Row {
    fn read(&self) -> Result<(Resource, Digest), String> {
        let Some((digest, body)) = &self.body else { return Err("has no body".to_owned()) };
        if Digest::of_bytes(body.as_bytes()) != *digest {
            return Err("is not what was committed".to_owned());
        }
        let resource = serde_json::from_str(body).map_err(|error| format!("cannot be read: {error}"))?;
        Ok((resource, *digest))
    }
}

/// Brings a sorted list and its digests to where some ids came, went or are other than they were. `moved` is sorted by id.
fn settle(
    resources: &mut Vec<Resource>,
    digests: &mut Vec<Digest>,
    moved: Vec<(&ResourceId, Option<(Resource, Digest)>)>,
) {
    let (mut gone, mut came) = (Vec::new(), Vec::new());
    for (id, now) in moved {
        match (resources.binary_search_by(|standing| standing.id.cmp(id)), now) {
            (Ok(at), Some((resource, digest))) => {
                if let (Some(standing), Some(known)) = (resources.get_mut(at), digests.get_mut(at)) {
                    (*standing, *known) = (resource, digest);
                }
            }
            (Ok(at), None) => gone.push(at),
            (Err(at), Some(now)) => came.push((at, now)),
            (Err(_), None) => {}
        }
    }
    if gone.is_empty() && came.is_empty() {
        return;
    }
    // What came is put behind what stood before it, and what went before that is counted off.
    let standing = resources.len();
    take_out(resources, &gone);
    take_out(digests, &gone);
    let places: Vec<usize> = came.iter().map(|(before, _)| before - gone.partition_point(|at| at < before)).collect();
    for (_, (resource, digest)) in came {
        resources.push(resource);
        digests.push(digest);
    }
    bring_in(resources, &places, standing - gone.len());
    bring_in(digests, &places, standing - gone.len());
}

/// Takes the places out of a list, which are sorted.
fn take_out<T>(list: &mut Vec<T>, places: &[usize]) {
    let (mut at, mut places) = (0, places.iter().peekable());
    list.retain(|_| {
        let is_gone = places.next_if(|place| **place == at).is_some();
        at += 1;
        !is_gone
    });
}

/// Moves the last elements of a list, those behind the first `standing`, to the places before which they belong, which are
/// sorted. A large list is moved where it is, and no second one is made.
fn bring_in<T>(list: &mut [T], places: &[usize], standing: usize) {
    let mut unmoved = standing;
    for (number, place) in places.iter().enumerate().rev() {
        if *place < unmoved
            && let Some(stretch) = list.get_mut(*place..=unmoved + number)
        {
            stretch.rotate_right(number + 1);
            unmoved = *place;
        }
    }
}

/// The rows that stand in any of the scans, by id.
fn read(database: &Database, scans: &[SnapshotHead]) -> Result<Vec<Place>, StoreError> {
    let (Some(first), Some(last)) = (scans.first(), scans.last()) else { return Ok(Vec::new()) };
    // The first night that is not before a scan's number.
    let night = |number: i64| scans.partition_point(|head| head.id.0 < number);
    let mut places: Vec<Place> = Vec::new();
    let of = |table: &str, is_carried: &str| {
        format!(
            "SELECT id, first_snapshot, last_snapshot, digest, body, {is_carried} FROM {table} {}
             WHERE first_snapshot <= ?2 AND (last_snapshot IS NULL OR last_snapshot >= ?1)",
            database.backend().in_own_order()
        )
    };
    let sql = database.backend().merged(&of("resources", "FALSE"), &of("carried", "TRUE"), "id");
    database.each::<StoreError>(&sql, &values![first.id.0, last.id.0], |row| {
        let from = night(row.get(1)?);
        let to = row.get::<Option<i64>>(2)?.map_or(scans.len(), |number| night(number.saturating_add(1)));
        if from >= to {
            return Ok(());
        }
        let body: Option<Box<str>> = row.get::<Option<String>>(4)?.map(String::into_boxed_str);
        let kept = Row { nights: from..=to - 1, body: row.maybe_digest(3)?.zip(body) };
        let id = row.text(0)?;
        if places.last().is_none_or(|place| place.id.as_str() != id) {
            let id = ResourceId::parse(id).ok_or_else(|| row.damaged("no id of a resource"))?;
            places.push(Place { id, known: Vec::new(), carried: Vec::new() });
        }
        let Some(place) = places.last_mut() else { return Ok(()) };
        if row.get(5)? {
            place.carried.push(kept)
        } else {
            place.known.push(kept)
        }
        Ok(())
    })?;
    Ok(places)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_is_brought_to_where_it_has_to_be(
            before in prop::collection::btree_set(0_u32..200, 0..60),
            after in prop::collection::btree_set(0_u32..200, 0..60),
        ) {
            let mut list: Vec<u32> = before.iter().copied().collect();
            let place = |one: &u32| list.binary_search(one);
            let gone: Vec<usize> = before.difference(&after).map(|one| place(one).unwrap()).collect();
            let places: Vec<usize> = after
                .difference(&before)
                .map(|one| place(one).unwrap_err())
                .map(|before| before - gone.partition_point(|at| *at < before))
                .collect();
            take_out(&mut list, &gone);
            let standing = list.len();
            list.extend(after.difference(&before));
            bring_in(&mut list, &places, standing);
            prop_assert_eq!(list, after.into_iter().collect::<Vec<_>>());
        }
    }
}
