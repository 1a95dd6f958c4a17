//! What is at hand of the snapshot before, while a later one is brought up to it.
//!
//! From one night to the next most of an estate stays as it is, and is there already: what the earlier snapshot saw just so is
//! only marked, and its own resources are kept where the later one has another, or none. The earlier snapshot is told resource
//! by resource, in order of ids, and need never be held as a whole.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::snapshot::whole;
use super::{EndpointState, LedgerEntry, Resource, ResourceId, Sighting, Snapshot};
use crate::digest::Digest;

/// A snapshot as far as it is not the same as a later one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Earlier {
    /// Its ledger.
    pub ledger: Vec<LedgerEntry>,
    /// What it had carried along, sorted by id.
    pub carried: Vec<Resource>,
    /// What it saw and the later one has otherwise, or not at all; sorted by id.
    pub others: Vec<Resource>,
    /// Their digests, in the same order.
    pub digests: Vec<Digest>,
    /// For each resource of the later snapshot, in its order, whether the earlier one saw it just so.
    pub same: Vec<bool>,
}

impl Earlier {
    /// The same of a snapshot that is at hand as a whole: see [`Gathering::finish`] for what becomes of the later one.
    #[must_use]
    pub fn of(before: &Snapshot, later: &mut Snapshot, forget_before: DateTime<Utc>) -> Self {
        let mut gathering = Gathering::beside(later);
        let mut reminding = Reminding::of(later);
        for (resource, digest) in before.resources.iter().zip(&before.digests) {
            let read = || Ok::<_, std::convert::Infallible>(resource.clone());
            let Ok(met) = reminding.meet(resource.id.as_str(), *digest, read);
            gathering.take(met);
        }
        before.carried.iter().for_each(|held| gathering.take(Met::Carried(Box::new(held.clone()))));
        gathering.finish(later, before.ledger.clone(), forget_before)
    }
}

/// A part of the later snapshot, whose resources are told how the earlier one knew them. Parts can be at work side by side.
#[derive(Debug)]
pub struct Reminding<'s> {
    /// Where it begins in the snapshot.
    begin: usize,
    resources: &'s mut [Resource],
    digests: &'s mut [Digest],
}

/// What came of telling how the earlier snapshot knew a resource.
#[derive(Debug)]
pub enum Met {
    /// In this place of the later one it is just so.
    Same(usize),
    /// It is otherwise in this place, or nowhere.
    Other(Option<usize>, Box<Resource>, Digest),
    /// The earlier one had carried it along.
    Carried(Box<Resource>),
}

impl<'s> Reminding<'s> {
    /// The whole of a snapshot.
    pub fn of(snapshot: &'s mut Snapshot) -> Self {
        Self { begin: 0, resources: &mut snapshot.resources, digests: &mut snapshot.digests }
    }

    /// Takes off the part up to an id.
    #[must_use]
    pub fn up_to(&mut self, last: &str) -> Self {
        let end = self.resources.partition_point(|resource| resource.id.as_str() <= last);
        self.take_off(end)
    }

    fn take_off(&mut self, end: usize) -> Self {
        let (resources, rest) = std::mem::take(&mut self.resources).split_at_mut(end);
        let (digests, rest_of_digests) = std::mem::take(&mut self.digests).split_at_mut(end);
        let begin = self.begin;
        *self = Self { begin: begin + end, resources: rest, digests: rest_of_digests };
        Self { begin, resources, digests }
    }

    /// Tells how the earlier snapshot saw a resource; ids come in order. What no scan is told again (news, days of use) is
    /// taken up from it. It is read only if that is needed.
    ///
    /// # Errors
    /// That of `read`.
    pub fn meet<E>(&mut self, id: &str, digest: Digest, read: impl FnOnce() -> Result<Resource, E>) -> Result<Met, E> {
        let passed = self.resources.iter().take_while(|resource| resource.id.as_str() < id).count();
        let _passed = self.take_off(passed);
        let (Some(now), Some(standing)) = (self.resources.first_mut(), self.digests.first_mut()) else {
            return Ok(Met::Other(None, Box::new(read()?), digest));
        };
        if now.id.as_str() != id {
            return Ok(Met::Other(None, Box::new(read()?), digest));
        }
        let is_same = *standing == digest;
        if is_same && !now.takes_after_itself() {
            return Ok(Met::Same(self.begin));
        }
        let was = if is_same { now.clone() } else { read()? };
        if now.remind(&was) {
            *standing = Digest::of(&*now);
        }
        let is_same = *standing == digest;
        Ok(if is_same { Met::Same(self.begin) } else { Met::Other(Some(self.begin), Box::new(was), digest) })
    }
}

/// An earlier snapshot in the making.
#[derive(Debug)]
pub struct Gathering {
    /// For each resource of the later snapshot, whether the earlier one saw anything of it.
    met: Vec<bool>,
    same: Vec<bool>,
    others: Vec<(Resource, Digest)>,
    carried: Vec<Resource>,
}

impl Gathering {
    /// Nothing is known yet.
    #[must_use]
    pub fn beside(later: &Snapshot) -> Self {
        let none = vec![false; later.resources.len()];
        Self { met: none.clone(), same: none, others: Vec::new(), carried: Vec::new() }
    }

    /// Takes up what came of one resource.
    pub fn take(&mut self, met: Met) {
        let (at, is_same) = match met {
            Met::Same(at) => (Some(at), true),
            Met::Other(at, was, digest) => {
                self.others.push((*was, digest));
                (at, false)
            }
            Met::Carried(held) => return self.carried.push(*held),
        };
        if let Some(at) = at
            && let (Some(met), Some(same)) = (self.met.get_mut(at), self.same.get_mut(at))
        {
            (*met, *same) = (true, is_same);
        }
    }

    /// The earlier snapshot, once all its resources were told. The later one takes up the rest of what endpoints that tell news
    /// told in earlier scans, since they read on where they stopped, so what they told once stays told: what was carried along
    /// is asked too, and apps that only such an endpoint shows are back as they were, unless they have not acted since
    /// `forget_before`. Credentials that the earlier one did not see have the day of their last use added to what was carried.
    #[must_use]
    pub fn finish(mut self, later: &mut Snapshot, ledger: Vec<LedgerEntry>, forget_before: DateTime<Utc>) -> Earlier {
        self.recall_carried(later);
        for ((resource, digest), _) in
            later.resources.iter_mut().zip(&mut later.digests).zip(&self.met).filter(|(_, met)| !**met)
        {
            let held = self.carried.binary_search_by(|held| held.id.cmp(&resource.id)).ok();
            if resource.note_use(held.and_then(|at| self.carried.get(at))) {
                *digest = Digest::of(&*resource);
            }
        }
        self.bring_back(later, forget_before);
        later.digest = whole(&later.resources, &later.digests);
        self.others.sort_by(|(left, _), (right, _)| left.id.cmp(&right.id));
        let (others, digests) = self.others.into_iter().unzip();
        Earlier { ledger, carried: self.carried, others, digests, same: self.same }
    }

    fn recall_carried(&mut self, later: &mut Snapshot) {
        for held in &self.carried {
            let Some(told) = held.told_once() else { continue };
            let Ok(at) = later.resources.binary_search_by(|one| one.id.cmp(&held.id)) else { continue };
            let (Some(resource), Some(digest), Some(same)) =
                (later.resources.get_mut(at), later.digests.get_mut(at), self.same.get_mut(at))
            else {
                continue;
            };
            let was = same.then(|| (resource.clone(), *digest));
            resource.merge(told);
            *digest = Digest::of(&*resource);
            // It was just so, and now it is not any more.
            if let Some((was, before)) = was.filter(|(_, before)| before != digest) {
                *same = false;
                self.others.push((was, before));
            }
        }
    }

    fn bring_back(&mut self, later: &mut Snapshot, forget_before: DateTime<Utc>) {
        let ledger = &later.ledger;
        let reads_on = |sighting: &Sighting| {
            let is_it = |entry: &&LedgerEntry| entry.source == sighting.source && entry.endpoint == sighting.endpoint;
            let told = |entry: &LedgerEntry| matches!(entry.state, EndpointState::Complete | EndpointState::Partial);
            ledger.iter().find(is_it).is_some_and(|entry| entry.watermark.is_some() && told(entry))
        };
        let acts = |resource: &Resource| resource.acted_since(forget_before) && resource.seen_by.iter().any(reads_on);
        let known = self.others.iter().map(|(resource, _)| resource).chain(&self.carried);
        let gone = known.filter(|resource| acts(resource) && later.get(&resource.id).is_none());
        let back: BTreeMap<ResourceId, Resource> =
            gone.map(|resource| (resource.id.clone(), resource.clone())).collect();
        if back.is_empty() {
            return;
        }
        // From the last one on, so that the places of the others stay what they are.
        for (id, resource) in back.iter().rev() {
            let at = later.resources.partition_point(|one| one.id < *id);
            later.digests.insert(at, Digest::of(resource));
            self.same.insert(at, false);
        }
        later.resources.extend(back.into_values());
        later.resources.sort_by(|left, right| left.id.cmp(&right.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{App, AppForm, Body, Collection, Credential, CredentialForm, Fact, Kind, Principal, ResourceId};

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

    fn recall(after: &mut Snapshot, before: &Snapshot) {
        drop(Earlier::of(before, after, at("2026-05-26")));
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
        recall(&mut after, &before);
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
        recall(&mut after, &before);
        assert_eq!(after.resources[0].body, before.resources[0].body);
    }

    #[test]
    fn an_app_that_is_silent_for_too_long_is_forgotten() {
        let before =
            night(vec![app("new", "2026-05-27"), app("old", "2026-05-25")], Some("c"), EndpointState::Complete);
        let mut after = night(Vec::new(), Some("c"), EndpointState::Complete);
        recall(&mut after, &before);
        assert_eq!(ids(&after), ["new"]);
    }

    #[test]
    fn an_app_is_not_recalled_while_the_log_is_out_of_sight_but_after_that_from_what_was_carried() {
        let before = night(vec![app("app", "2026-11-04")], Some("c"), EndpointState::Complete);
        let mut failed = night(Vec::new(), Some("c"), EndpointState::Failed);
        recall(&mut failed, &before);
        assert_eq!(ids(&failed), [""; 0], "whether it still acts nobody knows: it is carried, not seen");
        failed.carried = before.resources;
        let mut after = night(Vec::new(), Some("c2"), EndpointState::Complete);
        recall(&mut after, &failed);
        assert_eq!(ids(&after), ["app"]);
    }

    #[test]
    fn an_app_is_recalled_where_the_log_was_read_on_but_not_all_of_it() {
        let before = night(vec![app("app", "2026-11-04")], Some("c"), EndpointState::Complete);
        let mut after = night(Vec::new(), Some("c2"), EndpointState::Partial);
        recall(&mut after, &before);
        assert_eq!(ids(&after), ["app"]);
    }

    #[test]
    fn an_app_of_a_log_that_is_always_read_whole_is_not_recalled() {
        let before = night(vec![app("app", "2026-11-04")], None, EndpointState::Complete);
        let mut after = night(Vec::new(), None, EndpointState::Complete);
        recall(&mut after, &before);
        assert_eq!(ids(&after), [""; 0]);
    }
}
