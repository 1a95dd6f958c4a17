//! Builders of resources, ledgers and snapshots, so that a test shows only what it is about.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use keyroll::model::{
    Body, Collection, Credential, CredentialForm, EndpointState, Fact, Kind, LedgerEntry, Principal, Resource,
    ResourceId, Sighting, Snapshot,
};

/// A moment on a day of November 2026, at two in the morning.
pub(crate) fn night(day: u32) -> DateTime<Utc> {
    format!("2026-11-{day:02}T02:00:00Z").parse().unwrap()
}

pub(crate) fn account_id(native: &str) -> ResourceId {
    ResourceId::new("acme", Kind::Principal, native)
}

pub(crate) fn token_id(native: &str) -> ResourceId {
    ResourceId::new("acme", Kind::Credential, native)
}

/// The endpoints of the source `acme` that showed something.
pub(crate) fn seen_by(endpoints: &[&str]) -> Vec<Sighting> {
    endpoints.iter().map(|endpoint| Sighting { source: "acme".into(), endpoint: (*endpoint).into() }).collect()
}

/// An active token of Ada's, seen by the endpoint `tokens`.
pub(crate) fn token(native: &str, label: &str, set: impl FnOnce(&mut Credential)) -> Resource {
    let mut body = Credential::unknown(CredentialForm::ApiToken);
    body.owner = Fact::Known(account_id("ada"));
    body.status = Fact::Known("active".to_owned());
    set(&mut body);
    Resource {
        id: token_id(native),
        name: label.to_owned(),
        seen_by: seen_by(&["tokens"]),
        body: Body::Credential(body),
    }
}

pub(crate) fn account(native: &str, endpoint: &str, body: Principal) -> Resource {
    Resource {
        id: account_id(native),
        name: native.to_owned(),
        seen_by: seen_by(&[endpoint]),
        body: Body::Principal(body),
    }
}

/// What became of an endpoint of the source `acme`.
pub(crate) fn entry(endpoint: &str, state: EndpointState) -> LedgerEntry {
    LedgerEntry {
        source: "acme".into(),
        endpoint: endpoint.into(),
        path: format!("GET /{endpoint}"),
        shows: vec![Kind::Credential, Kind::Principal],
        forms: Vec::new(),
        visible_only: false,
        state,
        reason: String::new(),
        right: "read".to_owned(),
        declared: None,
        requests: 1,
        pages: 1,
        rows: 0,
        rows_expected: None,
        last_cursor: None,
        watermark: None,
        statuses: BTreeMap::new(),
        retries: 0,
        unreadable: Vec::new(),
        started_at: night(1),
        ended_at: night(1),
    }
}

pub(crate) fn whole(endpoint: &str) -> LedgerEntry {
    entry(endpoint, EndpointState::Complete)
}

pub(crate) fn denied(endpoint: &str) -> LedgerEntry {
    entry(endpoint, EndpointState::Denied)
}

pub(crate) fn snapshot(resources: Vec<Resource>, ledger: Vec<LedgerEntry>) -> Snapshot {
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger }])
}
