//! The sealed, sorted and digested set of resources of one scan.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Body, ControlId, EndpointState, Kind, LedgerEntry, Resource, ResourceId, RuleId, Sighting, SnapshotId, SourceName,
    reference,
};
use crate::digest::Digest;

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
    /// Merges the sightings of each resource, finds the accounts that are known by name only, sorts and digests. The order of the collections does not matter.
    #[must_use]
    pub fn seal(collections: Vec<Collection>) -> Self {
        let mut sightings: Vec<(u8, Resource)> =
            Vec::with_capacity(collections.iter().map(|c| c.resources.len()).sum());
        let mut ledger = Vec::new();
        for collection in collections {
            let authority = collection.authority;
            sightings.extend(collection.resources.into_iter().map(|resource| (authority, resource)));
            ledger.extend(collection.ledger);
        }
        // Equal authority is settled by where it was seen, so that any order of collections gives the same bytes.
        sightings.sort_by(|(left_rank, left), (right_rank, right)| {
            left.id.cmp(&right.id).then(right_rank.cmp(left_rank)).then_with(|| left.seen_by.cmp(&right.seen_by))
        });
        let mut resources: Vec<Resource> = Vec::with_capacity(sightings.len());
        for (_, resource) in sightings {
            match resources.last_mut() {
                Some(last) if last.id == resource.id => last.merge(resource),
                _ => resources.push(resource),
            }
        }
        reference::settle(&mut resources);
        ledger.sort_by(|left, right| (&left.source, &left.endpoint).cmp(&(&right.source, &right.endpoint)));
        Self::of_sorted(resources, ledger)
    }

    /// Adds what endpoints that tell news told in earlier scans: they read on where they stopped, so what they told
    /// once stays told. Accounts and credentials get such facts back if they are still there; apps that only such an
    /// endpoint shows are back as they were, unless they have not acted since `forget_before`.
    pub fn recall(&mut self, before: &Self, forget_before: DateTime<Utc>) {
        let ledger = &self.ledger;
        let reads_on = |sighting: &Sighting| {
            let is_it = |entry: &&LedgerEntry| entry.source == sighting.source && entry.endpoint == sighting.endpoint;
            let told = |entry: &LedgerEntry| matches!(entry.state, EndpointState::Complete | EndpointState::Partial);
            ledger.iter().find(is_it).is_some_and(|entry| entry.watermark.is_some() && told(entry))
        };
        let mut back: BTreeMap<&ResourceId, &Resource> = BTreeMap::new();
        for resource in before.resources.iter().chain(&before.carried) {
            let told = resource.told_once();
            let acts = resource.acted_since(forget_before) && resource.seen_by.iter().any(reads_on);
            if told.is_none() && !acts {
                continue;
            }
            let at = self.resources.binary_search_by(|one| one.id.cmp(&resource.id));
            match (at, told) {
                (Ok(at), Some(told)) => {
                    if let (Some(resource), Some(digest)) = (self.resources.get_mut(at), self.digests.get_mut(at)) {
                        resource.merge(told);
                        *digest = Digest::of(&*resource);
                    }
                }
                (Err(_), _) if acts => {
                    back.insert(&resource.id, resource);
                }
                (Ok(_) | Err(_), _) => {}
            }
        }
        let digested = std::mem::take(&mut self.resources).into_iter().zip(std::mem::take(&mut self.digests));
        let mut digested: Vec<_> = digested.collect();
        digested.extend(back.into_values().map(|resource| (resource.clone(), Digest::of(resource))));
        digested.sort_by(|(left, _), (right, _)| left.id.cmp(&right.id));
        let (resources, digests) = digested.into_iter().unzip();
        let carried = std::mem::take(&mut self.carried);
        *self = Self { carried, ..Self::of_digested(resources, digests, std::mem::take(&mut self.ledger)) };
    }

    /// Adds the day of each credential's last use to those that the scan before knew. One that was out of sight then is
    /// known from what was carried.
    pub fn note_uses(&mut self, before: Option<&Self>) {
        let mut moved = false;
        for (resource, digest) in self.resources.iter_mut().zip(&mut self.digests) {
            let Body::Credential(credential) = &mut resource.body else { continue };
            let earlier =
                before.and_then(|before| before.get(&resource.id).or_else(|| before.get_carried(&resource.id)));
            let earlier = earlier.and_then(|earlier| match &earlier.body {
                Body::Credential(credential) => Some(credential),
                _ => None,
            });
            let known = credential.used_on.clone();
            credential.note_use(earlier);
            if credential.used_on != known {
                *digest = Digest::of(&*resource);
                moved = true;
            }
        }
        if moved {
            let (resources, digests) = (std::mem::take(&mut self.resources), std::mem::take(&mut self.digests));
            let carried = std::mem::take(&mut self.carried);
            *self = Self { carried, ..Self::of_digested(resources, digests, std::mem::take(&mut self.ledger)) };
        }
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
        let digests = resources.iter().map(Digest::of).collect();
        Self::of_digested(resources, digests, ledger)
    }

    /// A snapshot of sorted resources whose digests are known already, as a store gives them back.
    #[must_use]
    pub fn of_digested(resources: Vec<Resource>, digests: Vec<Digest>, ledger: Vec<LedgerEntry>) -> Self {
        let mut whole = Vec::with_capacity(resources.len() * 80);
        for (resource, digest) in resources.iter().zip(&digests) {
            whole.extend_from_slice(resource.id.as_str().as_bytes());
            whole.push(0);
            whole.extend_from_slice(digest.as_bytes());
        }
        let digest = Digest::of_bytes(&whole);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{App, AppForm, Credential, CredentialForm, Fact, Principal};

    const EVENTS: &str = "audit events";

    fn at(day: &str) -> DateTime<Utc> {
        format!("{day}T00:00:00Z").parse().unwrap()
    }

    fn resource(kind: Kind, native: &str, endpoint: &str, body: Body) -> Resource {
        let seen_by = vec![Sighting { source: "acme".into(), endpoint: endpoint.into() }];
        Resource { id: ResourceId::new("o1", kind, native), name: String::new(), seen_by, body }
    }

    fn account(native: &str, last_login_at: Fact<DateTime<Utc>>) -> Resource {
        let body = Principal { last_login_at, mfa: Fact::Known(true), ..Principal::default() };
        resource(Kind::Principal, native, "accounts", Body::Principal(body))
    }

    fn token(native: &str, auth_type: Fact<String>) -> Resource {
        let body = Credential { auth_type, ..Credential::unknown(CredentialForm::ApiToken) };
        resource(Kind::Credential, native, "tokens", Body::Credential(body))
    }

    fn app(native: &str, last_acted: &str) -> Resource {
        let body = App { last_used_at: Fact::Known(at(last_acted)), ..App::unknown(AppForm::ActingApp) };
        resource(Kind::App, native, EVENTS, Body::App(body))
    }

    fn night(resources: Vec<Resource>, watermark: Option<&str>, state: EndpointState) -> Snapshot {
        let (events, now) = (EVENTS.into(), at("2026-11-22"));
        let entry = LedgerEntry::not_asked("acme".into(), events, String::new(), vec![Kind::App], String::new(), now);
        let entry = LedgerEntry { state, watermark: watermark.map(str::to_owned), ..entry };
        Snapshot::seal(vec![Collection { authority: 2, resources, ledger: vec![entry] }])
    }

    fn ids(snapshot: &Snapshot) -> Vec<&str> {
        snapshot.resources.iter().map(|resource| resource.id.native()).collect()
    }

    #[test]
    fn what_was_told_once_stays_told_of_what_is_still_there() {
        let known = Fact::Known("api-token".to_owned());
        let first = vec![
            account("a", Fact::Known(at("2026-11-03"))),
            token("t-kept", known.clone()),
            token("t-revoked", known),
            app("app", "2026-11-04"),
        ];
        let before = night(first.clone(), Some("c1"), EndpointState::Complete);
        let second = vec![account("a", Fact::Unknown), token("t-kept", Fact::Unknown)];
        let mut after = night(second, Some("c2"), EndpointState::Complete);
        after.recall(&before, at("2026-05-26"));
        assert_eq!(ids(&after), ["app", "t-kept", "a"]);
        let expected: Vec<Resource> = first.into_iter().filter(|one| one.id.native() != "t-revoked").collect();
        assert_eq!(
            after,
            night(expected, Some("c2"), EndpointState::Complete),
            "digests and order are those of a seal"
        );
    }

    #[test]
    fn tonights_word_stands_and_the_later_log_in_counts() {
        let before = night(vec![account("a", Fact::Known(at("2026-11-09")))], Some("c"), EndpointState::Complete);
        let earlier = account("a", Fact::Known(at("2026-11-03")));
        let mut after = night(vec![earlier], Some("c"), EndpointState::Complete);
        after.recall(&before, at("2026-05-26"));
        assert_eq!(after.resources[0].body, before.resources[0].body);
    }

    #[test]
    fn an_app_that_is_silent_for_too_long_is_forgotten() {
        let before =
            night(vec![app("new", "2026-05-27"), app("old", "2026-05-25")], Some("c"), EndpointState::Complete);
        let mut after = night(Vec::new(), Some("c"), EndpointState::Complete);
        after.recall(&before, at("2026-05-26"));
        assert_eq!(ids(&after), ["new"]);
    }

    #[test]
    fn an_app_is_not_recalled_while_the_log_is_out_of_sight_but_after_that_from_what_was_carried() {
        let before = night(vec![app("app", "2026-11-04")], Some("c"), EndpointState::Complete);
        let mut failed = night(Vec::new(), Some("c"), EndpointState::Failed);
        failed.recall(&before, at("2026-05-26"));
        assert_eq!(ids(&failed), [""; 0], "whether it still acts nobody knows: it is carried, not seen");
        failed.carried = before.resources;
        let mut after = night(Vec::new(), Some("c2"), EndpointState::Complete);
        after.recall(&failed, at("2026-05-26"));
        assert_eq!(ids(&after), ["app"]);
    }

    #[test]
    fn an_app_is_recalled_where_the_log_was_read_on_but_not_all_of_it() {
        let before = night(vec![app("app", "2026-11-04")], Some("c"), EndpointState::Complete);
        let mut after = night(Vec::new(), Some("c2"), EndpointState::Partial);
        after.recall(&before, at("2026-05-26"));
        assert_eq!(ids(&after), ["app"]);
    }

    #[test]
    fn an_app_of_a_log_that_is_always_read_whole_is_not_recalled() {
        let before = night(vec![app("app", "2026-11-04")], None, EndpointState::Complete);
        let mut after = night(Vec::new(), None, EndpointState::Complete);
        after.recall(&before, at("2026-05-26"));
        assert_eq!(ids(&after), [""; 0]);
    }
}
