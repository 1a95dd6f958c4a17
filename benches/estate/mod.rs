//! The pretended estate that several benchmarks work on, and a scan of it without the collecting.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::config::Config;
use keyroll::drift;
use keyroll::findings::{self, Judged, Waivers};
use keyroll::inventory::Inventory;
use keyroll::model::{
    Body, Collection, Coverage, Credential, CredentialForm, Dispatch, EndpointState, Fact, Kind, LedgerEntry,
    Principal, PrincipalType, Resource, ResourceId, Sighting, Snapshot, SnapshotHead, SnapshotId,
};
use keyroll::store::{ScanRecord, Store};

pub(crate) fn first_night() -> DateTime<Utc> {
    "2026-11-21T02:00:00Z".parse().unwrap()
}

/// What `App::scan` does once everything is collected, with a stopwatch.
pub(crate) fn judge_and_commit(
    store: &mut Store,
    mut snapshot: Snapshot,
    now: DateTime<Utc>,
    told: &mut dyn FnMut(&'static str, Duration),
) {
    let mut lap = Instant::now();
    let mut step = |name: &'static str| {
        told(name, lap.elapsed());
        lap = Instant::now();
    };
    let previous = store.latest().unwrap();
    let before = previous.as_ref().map(|head| store.snapshot(head.id).unwrap().unwrap());
    step("load, s");
    let changes = match before {
        Some(before) => {
            let comparison = drift::compare(&before, &snapshot);
            snapshot.carried = comparison.carried;
            comparison.changes
        }
        None => Vec::new(),
    };
    step("compare, s");
    let rules = Config::shipped().rules().unwrap();
    let inventory = Inventory::new(&snapshot);
    let evaluation = rules.evaluate(&inventory, &changes, now);
    step("judge, s");
    let summaries = rules.summaries();
    let judged =
        Judged { rules: &summaries, evaluation: &evaluation, inventory: &inventory, changes: &changes, baseline: None };
    let reconciled = findings::reconcile(&store.findings().unwrap(), &judged, &Waivers::default(), now);
    step("reconcile, s");
    let head = SnapshotHead {
        id: SnapshotId(0),
        estate: "bench".to_owned(),
        started_at: now,
        ended_at: now,
        digest: snapshot.digest,
        rules_digest: rules.digest(),
        complete: Coverage(&snapshot.ledger).is_complete(),
        tool_version: "bench".to_owned(),
        sources: vec!["org".into()],
        compared_with: previous.map(|head| head.id),
        counts: snapshot.counts(),
        rules_off: Vec::new(),
    };
    let record = ScanRecord {
        after: head.compared_with,
        head: &head,
        snapshot: &snapshot,
        changes: &changes,
        findings: &reconciled.findings,
        transitions: &reconciled.transitions,
        tallies: &evaluation.tallies,
        rules: &summaries,
        waivers: &reconciled.waiver_uses,
        dispatch: &Dispatch::default(),
        run: None,
    };
    store.commit(&record).unwrap();
    step("commit, s");
}

/// A believable estate: every account a person in some groups, two tokens each; a few of them worth a finding.
pub(crate) fn generate(accounts: usize, night: usize) -> Snapshot {
    let now = first_night();
    let days = |days: i64| now - TimeDelta::days(days);
    let seen_by = |endpoint: &str| vec![Sighting { source: "org".into(), endpoint: endpoint.into() }];
    let (people, tokens) = (seen_by("accounts"), seen_by("user API tokens"));
    let groups: Vec<ResourceId> =
        (0..500).map(|at| ResourceId::new(ResourceId::CLOUD, Kind::Group, &format!("8f3a-{at:08}"))).collect();
    let mut resources = Vec::with_capacity(accounts * 3);
    for at in 0..accounts {
        let id = ResourceId::new(ResourceId::CLOUD, Kind::Principal, &format!("712020:{at:08x}-4000-8000"));
        let principal = Principal {
            account_type: Fact::Known(PrincipalType::Person),
            status: Fact::Known(if at % 40 == 0 { "deactivated" } else { "active" }.to_owned()),
            email: Fact::Known(format!("first.last{at}@acme.example")),
            managed: Fact::Known(true),
            mfa: Fact::Known(at % 100 != 0),
            platform_roles: Fact::Known(Vec::new()),
            groups: Fact::Known((0..4).map(|group| groups[(at * 7 + group * 31) % 500].clone()).collect()),
            added_at: Fact::Known(days(900 - (at % 800) as i64)),
            ..Principal::default()
        };
        for token in 0..2 {
            let serial = at * 2 + token;
            let changed = night > 0 && serial % 200 == 0;
            let mut credential = Credential::unknown(CredentialForm::ApiToken);
            credential.owner = Fact::Known(id.clone());
            credential.status = Fact::Known("active".to_owned());
            credential.created_at = Fact::Known(days(100 + (serial % 200) as i64));
            credential.expires_at =
                if serial % 500 == 0 { Fact::Absent } else { Fact::Known(days(-40 - (serial % 60) as i64)) };
            credential.last_used_at = Fact::Known(days(if changed { 0 } else { (serial % 80) as i64 }));
            credential.scopes = if changed {
                Fact::Known(vec!["read:jira-work".to_owned(), "write:jira-work".to_owned()])
            } else {
                Fact::Known(vec!["read:jira-work".to_owned()])
            };
            resources.push(Resource {
                id: ResourceId::new(ResourceId::CLOUD, Kind::Credential, &format!("f2c1{serial:08x}-0000-4000")),
                name: format!("token of {serial}"),
                seen_by: tokens.clone(),
                body: Body::Credential(credential),
            });
        }
        resources.push(Resource {
            id,
            name: format!("First Last {at}"),
            seen_by: people.clone(),
            body: Body::Principal(principal),
        });
    }
    let ledger = vec![entry("accounts", Kind::Principal), entry("user API tokens", Kind::Credential)];
    Snapshot::seal(vec![Collection { authority: 2, resources, ledger }])
}

fn entry(endpoint: &str, kind: Kind) -> LedgerEntry {
    LedgerEntry {
        source: "org".into(),
        endpoint: endpoint.into(),
        path: String::new(),
        shows: vec![kind],
        forms: Vec::new(),
        visible_only: false,
        state: EndpointState::Complete,
        reason: String::new(),
        right: String::new(),
        declared: None,
        requests: 1,
        pages: 1,
        rows: 1,
        rows_expected: None,
        last_cursor: None,
        watermark: None,
        statuses: std::collections::BTreeMap::new(),
        retries: 0,
        unreadable: Vec::new(),
        started_at: first_night(),
        ended_at: first_night(),
    }
}
