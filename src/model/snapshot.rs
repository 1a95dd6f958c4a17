//! The sealed, sorted and digested set of resources of one scan.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Body, ControlId, Kind, LedgerEntry, Resource, ResourceId, RuleId, Setting, SnapshotId, SourceName, reference,
    sharing,
};
use crate::digest::{Digest, Digester};

/// What one source saw, and how completely.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Collection {
    /// Whose word stands when two sources know different things: the higher one's.
    pub authority: u8,
    /// The resources, in any order; the same one may come more than once.
    pub resources: Vec<Resource>,
    /// One entry for every endpoint the source wanted to read.
    pub ledger: Vec<LedgerEntry>,
}

/// The sealed set of resources of one scan, with its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Sorted by id; each id once.
    pub resources: Vec<Resource>,
    /// The digest of each resource, in the same order.
    pub digests: Vec<Digest>,
    /// Sorted by source and endpoint.
    pub ledger: Vec<LedgerEntry>,
    /// Resources that an earlier scan saw and this one could not look for, as they were then; sorted by id.
    /// They are not judged and not counted, but the next comparison starts from them: otherwise a resource that was
    /// out of sight for one night would come back as new. A resource of which only some fields or some of its
    /// endpoints were out of sight is in `resources` as it was seen, and here with the rest as it was known.
    pub carried: Vec<Resource>,
    /// The digest of all ids and digests of `resources` in order.
    pub digest: Digest,
}

impl Snapshot {
    /// Merges the sightings of each resource, finds the accounts that are known by name only, sorts and digests. The order of
    /// the collections does not matter.
    #[must_use]
    pub fn seal(mut collections: Vec<Collection>) -> Self {
        // The longest list takes up the others, so that a large estate is not held twice.
        collections.sort_by_key(|collection| Reverse(collection.resources.len()));
        let whole = collections.iter().map(|collection| collection.resources.len()).sum();
        let (mut resources, mut ranks, mut ledger) = (Vec::new(), Vec::with_capacity(whole), Vec::new());
        for collection in collections {
            ranks.resize(ranks.len() + collection.resources.len(), collection.authority);
            if resources.is_empty() {
                resources = collection.resources;
                resources.reserve_exact(whole - resources.len());
            } else {
                resources.extend(collection.resources);
            }
            ledger.extend(collection.ledger);
        }
        put_in_order(&mut resources, &ranks);
        resources.dedup_by(|next, first| {
            let is_one = next.id == first.id;
            if is_one {
                let nothing = Resource {
                    id: first.id.clone(),
                    name: String::new(),
                    seen_by: Vec::new(),
                    body: Body::Setting(Setting::of("")),
                };
                first.merge(std::mem::replace(next, nothing));
            }
            is_one
        });
        // Sources keep room for more than they bring, and what was seen twice leaves more.
        resources.shrink_to_fit();
        reference::settle(&mut resources);
        sharing(|| {
            for resource in &mut resources {
                resource.tighten();
                resource.id.share();
                resource.body.each_id(&mut ResourceId::share);
            }
        });
        ledger.sort_by(|left, right| (&left.source, &left.endpoint).cmp(&(&right.source, &right.endpoint)));
        Self::of_sorted(resources, ledger)
    }

    /// Adds the day of each credential's last use, where there was no scan before.
    pub fn note_first_uses(&mut self) {
        for (resource, digest) in self.resources.iter_mut().zip(&mut self.digests) {
            if resource.note_use(None) {
                *digest = Digest::of(&*resource);
            }
        }
        self.digest = whole(&self.resources, &self.digests);
    }

    /// A resource as it is known: what was carried along knows more of it than what was seen.
    #[must_use]
    pub fn known(&self, id: &ResourceId) -> Option<&Resource> {
        self.get_carried(id).or_else(|| self.get(id))
    }

    /// The carried resource with an id.
    #[must_use]
    pub fn get_carried(&self, id: &ResourceId) -> Option<&Resource> {
        let at = self.carried.binary_search_by(|resource| resource.id.cmp(id)).ok()?;
        self.carried.get(at)
    }

    /// A snapshot of resources that are merged and sorted already.
    #[must_use]
    pub fn of_sorted(resources: Vec<Resource>, ledger: Vec<LedgerEntry>) -> Self {
        let digests = Digest::of_each(&resources);
        Self::of_digested(resources, digests, ledger)
    }

    /// A snapshot of sorted resources whose digests are known already, as a store gives them back.
    #[must_use]
    pub fn of_digested(resources: Vec<Resource>, digests: Vec<Digest>, ledger: Vec<LedgerEntry>) -> Self {
        let digest = whole(&resources, &digests);
        Self { resources, digests, ledger, carried: Vec::new(), digest }
    }

    /// The resource with an id.
    #[must_use]
    pub fn get(&self, id: &ResourceId) -> Option<&Resource> {
        let at = self.resources.binary_search_by(|resource| resource.id.cmp(id)).ok()?;
        self.resources.get(at)
    }

    /// How many resources of each kind.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Kind, usize> {
        let mut counts = BTreeMap::new();
        for resource in &self.resources {
            *counts.entry(resource.kind()).or_default() += 1;
        }
        counts
    }
}

/// Sorts by id; of sightings of one resource, those of the higher authority come first. Equal authority is settled by where it
/// was seen, so that any order of collections gives the same bytes. Resources are large: what is sorted is their places.
fn put_in_order(resources: &mut [Resource], ranks: &[u8]) {
    let mut places: Vec<(&ResourceId, Reverse<u8>, usize)> =
        resources.iter().zip(ranks).enumerate().map(|(at, (one, rank))| (&one.id, Reverse(*rank), at)).collect();
    let seen_by = |at: usize| resources.get(at).map(|one| &one.seen_by);
    places.sort_by(|left, right| {
        (left.0, left.1).cmp(&(right.0, right.1)).then_with(|| seen_by(left.2).cmp(&seen_by(right.2)))
    });
    let mut places: Vec<usize> = places.into_iter().map(|(_, _, at)| at).collect();
    // Each place takes what belongs there; what stood there goes to where the other came from, and is looked for there.
    for at in 0..places.len() {
        let mut from = places[at];
        while from < at {
            from = places[from];
        }
        resources.swap(at, from);
        places[at] = from;
    }
}

/// The digest of a snapshot: that of all ids and digests in order.
pub(super) fn whole(resources: &[Resource], digests: &[Digest]) -> Digest {
    let mut whole = Digester::default();
    for (resource, digest) in resources.iter().zip(digests) {
        add_to_whole(&mut whole, resource.id.as_str(), digest);
    }
    whole.finish()
}

/// Adds one resource to the digest of its snapshot. They are added in the order of their ids.
pub fn add_to_whole(whole: &mut Digester, id: &str, digest: &Digest) {
    whole.add(id.as_bytes());
    whole.add(&[0]);
    whole.add(digest.as_bytes());
}

/// What a store knows about a snapshot without opening it: the record of one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotHead {
    /// Number given by the store.
    pub id: SnapshotId,
    /// The estate's name in the configuration.
    pub estate: String,
    /// When the scan began.
    pub started_at: DateTime<Utc>,
    /// When it was sealed and judged.
    pub ended_at: DateTime<Utc>,
    /// Digest of the snapshot.
    pub digest: Digest,
    /// Digest of the rules it was judged by, with their parameters.
    pub rules_digest: Digest,
    /// True if nothing was left unseen but what was declared.
    pub complete: bool,
    /// keyroll's version.
    pub tool_version: String,
    /// The sources that were asked.
    pub sources: Vec<SourceName>,
    /// The snapshot it was compared with, if there was one.
    pub compared_with: Option<SnapshotId>,
    /// Resources of each kind.
    pub counts: BTreeMap<Kind, usize>,
    /// The rules that did not judge, because somebody switched them off or a pack left them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules_off: Vec<OffRule>,
}

/// A rule that did not judge, and what is missing without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffRule {
    /// The rule.
    pub id: RuleId,
    /// The controls it would serve.
    pub controls: Vec<ControlId>,
}

/// A snapshot that somebody accepted by name as the one to compare with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The name it was given.
    pub name: String,
    /// Who accepted it.
    pub accepted_by: String,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// When the snapshot was taken: changes seen later are not accepted with it.
    pub taken_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}
