//! A scan takes up what the scan before knew resource by resource, in parts, and never holds that scan as a whole. Here the
//! whole is at hand, and the plain way of doing it must come to the same: what was recalled, the days of use, what changed.

use std::collections::BTreeMap;
use std::convert::Infallible;

use chrono::{DateTime, Utc};
use keyroll::digest::Digest;
use keyroll::drift;
use keyroll::model::{
    App, AppForm, Body, Collection, Credential, CredentialForm, Earlier, EndpointState, Fact, Gathering, Kind,
    LedgerEntry, Met, Principal, Reminding, Resource, ResourceId, Sighting, Snapshot,
};
use proptest::prelude::*;

use crate::support::estate::night;

const KINDS: [Kind; 3] = [Kind::Principal, Kind::Credential, Kind::App];
const OF_EACH: usize = 3;

fn when(choice: u8) -> Fact<DateTime<Utc>> {
    match choice % 4 {
        0 => Fact::Unknown,
        1 => Fact::Absent,
        2 => Fact::Known(night(3)),
        _ => Fact::Known(night(9)),
    }
}

/// One of the states in which a resource may be.
fn resource(kind: Kind, native: usize, state: u8) -> Resource {
    let word = |choice: u8| if choice.is_multiple_of(2) { Fact::Unknown } else { Fact::Known("api-token".to_owned()) };
    let (body, endpoint) = match kind {
        Kind::Principal => {
            let body = Principal { last_login_at: when(state), mfa: Fact::Known(state > 7), ..Principal::default() };
            (Body::Principal(body), "accounts")
        }
        Kind::Credential => {
            let used_on = if state > 11 { Fact::Known(vec![night(2).date_naive()]) } else { Fact::Unknown };
            let body = Credential {
                last_used_at: when(state),
                auth_type: word(state / 4),
                used_on,
                ..Credential::unknown(CredentialForm::ApiToken)
            };
            (Body::Credential(body), "tokens")
        }
        _ => {
            let form = if state > 11 { AppForm::InstalledApp } else { AppForm::ActingApp };
            (Body::App(App { last_used_at: when(state), auth_type: word(state / 4), ..App::unknown(form) }), "events")
        }
    };
    let seen_by = vec![Sighting { source: "acme".into(), endpoint: endpoint.into() }];
    Resource { id: ResourceId::new("acme", kind, &native.to_string()), name: format!("{native}"), seen_by, body }
}

fn sealed(states: &[Option<u8>], watermark: bool, state: EndpointState) -> Snapshot {
    let entry = |endpoint: &str, kind, state, watermark: Option<&str>| {
        let entry =
            LedgerEntry::not_asked("acme".into(), endpoint.into(), String::new(), vec![kind], String::new(), night(1));
        LedgerEntry { state, watermark: watermark.map(str::to_owned), ..entry }
    };
    let ledger = vec![
        entry("accounts", Kind::Principal, EndpointState::Complete, None),
        entry("events", Kind::App, state, watermark.then_some("c1")),
        entry("tokens", Kind::Credential, EndpointState::Complete, None),
    ];
    Snapshot::seal(vec![Collection { authority: 1, resources: listed(states), ledger }])
}

fn listed(states: &[Option<u8>]) -> Vec<Resource> {
    let of = |(at, state): (usize, &Option<u8>)| state.map(|state| resource(KINDS[at % 3], at / 3, state));
    let mut resources: Vec<Resource> = states.iter().enumerate().filter_map(of).collect();
    resources.sort_by(|left, right| left.id.cmp(&right.id));
    resources
}

/// What a resource was told that no scan is told again.
fn told_once(resource: &Resource) -> Option<Resource> {
    let body = match &resource.body {
        Body::Principal(known) if !known.last_login_at.is_unknown() => {
            Body::Principal(Principal { last_login_at: known.last_login_at, ..Principal::default() })
        }
        Body::Credential(known) if !known.auth_type.is_unknown() => {
            Body::Credential(Credential { auth_type: known.auth_type.clone(), ..Credential::unknown(known.form) })
        }
        Body::App(app) if app.form == AppForm::ActingApp => Body::App(app.clone()),
        _ => return None,
    };
    let name = if resource.kind() == Kind::App { resource.name.clone() } else { String::new() };
    Some(Resource { id: resource.id.clone(), name, seen_by: Vec::new(), body })
}

/// The plain way, with everything at hand.
fn plainly(before: &Snapshot, later: &Snapshot, forget_before: DateTime<Utc>) -> Snapshot {
    let events = later.ledger.iter().find(|entry| &*entry.endpoint == "events").unwrap();
    let reads_on =
        events.watermark.is_some() && matches!(events.state, EndpointState::Complete | EndpointState::Partial);
    let mut known: BTreeMap<ResourceId, Resource> =
        later.resources.iter().map(|resource| (resource.id.clone(), resource.clone())).collect();
    let mut back = BTreeMap::new();
    for resource in before.resources.iter().chain(&before.carried) {
        let acts = match &resource.body {
            Body::App(app) => {
                app.form == AppForm::ActingApp && app.last_used_at.known().is_none_or(|acted| *acted >= forget_before)
            }
            _ => false,
        };
        match (known.get_mut(&resource.id), told_once(resource)) {
            (Some(known), Some(told)) => known.merge(told),
            (None, _) if acts && reads_on => {
                back.insert(resource.id.clone(), resource.clone());
            }
            _ => {}
        }
    }
    known.extend(back);
    for resource in known.values_mut() {
        let Body::Credential(credential) = &mut resource.body else { continue };
        let earlier = before.get(&resource.id).or_else(|| before.get_carried(&resource.id));
        credential.note_use(earlier.and_then(|earlier| match &earlier.body {
            Body::Credential(credential) => Some(credential),
            _ => None,
        }));
    }
    Snapshot::of_sorted(known.into_values().collect(), later.ledger.clone())
}

/// The way of a scan, in parts of a few resources each.
fn in_parts(before: &Snapshot, later: &mut Snapshot, part: usize, forget_before: DateTime<Utc>) -> Earlier {
    let mut gathering = Gathering::beside(later);
    let mut reminding = Reminding::of(later);
    let rows: Vec<(&Resource, &Digest)> = before.resources.iter().zip(&before.digests).collect();
    for share in rows.chunks(part) {
        let mut part = reminding.up_to(share[share.len() - 1].0.id.as_str());
        for (resource, digest) in share {
            let Ok(met) = part.meet(resource.id.as_str(), **digest, || Ok::<_, Infallible>((*resource).clone()));
            gathering.take(met);
        }
    }
    before.carried.iter().for_each(|held| gathering.take(Met::Carried(Box::new(held.clone()))));
    gathering.finish(later, before.ledger.clone(), forget_before)
}

fn states() -> impl Strategy<Value = Vec<Option<u8>>> {
    prop::collection::vec(prop::option::weighted(0.7, 0_u8..16), OF_EACH * 3)
}

proptest! {
    #[test]
    fn in_parts_is_as_with_everything_at_hand(
        before in states(),
        held in prop::collection::vec(prop::option::weighted(0.2, 0_u8..16), OF_EACH * 3),
        later in states(),
        as_before in prop::collection::vec(any::<bool>(), OF_EACH * 3),
        watermark in any::<bool>(),
        read in any::<bool>(),
        part in 1_usize..5,
    ) {
        // Half of all resources are as they were.
        let later: Vec<Option<u8>> = later.iter().zip(&before).zip(as_before)
            .map(|((later, before), same)| if same { *before } else { *later }).collect();
        let mut before = sealed(&before, true, EndpointState::Complete);
        before.note_first_uses();
        before.carried = listed(&held);
        let later = sealed(&later, watermark, if read { EndpointState::Complete } else { EndpointState::Failed });
        let plain = plainly(&before, &later, night(5));
        let mut told = later.clone();
        let earlier = in_parts(&before, &mut told, part, night(5));
        prop_assert_eq!(&told, &plain);
        let whole = drift::compare(&before, &plain);
        prop_assert_eq!(&drift::compare_with_earlier(&earlier, &told), &whole);
        let mut at_once = later;
        prop_assert_eq!(&Earlier::of(&before, &mut at_once, night(5)), &earlier);
        prop_assert_eq!(at_once, told);
    }
}
