//! The store: what is committed comes back as it was, costs what it should, and survives whatever happens to the file.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::digest::Digest;
use keyroll::model::{
    Accepted, Acknowledgement, Action, Baseline, CauseId, Change, Decision, Delivery, Dispatch, EndpointState, Expiry,
    FieldChange, Finding, FindingId, Kind, Lapse, LedgerEntry, Notice, NoticeId, Outgoing, Resolution, Resource,
    ResourceId, ReviewDecision, RuleId, RuleSummary, RunEnd, Severity, Snapshot, SnapshotHead, SnapshotId, Status,
    Step, Tally, Thread, Topic, Transition, Unconfirmed, Unseen, Waiver, WaiverId, WaiverState, WaiverUse, What,
    sample,
};
use keyroll::store::{Breaker, Known, Location, ScanRecord, Store, StoreError};
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

#[cfg(feature = "postgres")]
use crate::support::cluster::{self, Cluster};

/// All that a scan commits, owned.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) snapshot: Snapshot,
    changes: Vec<Change>,
    pub(crate) findings: Vec<Finding>,
    transitions: Vec<Transition>,
    tallies: BTreeMap<RuleId, Tally>,
    rules: Vec<RuleSummary>,
    waivers: Vec<WaiverUse>,
}

impl Scan {
    /// A scan that saw some resources, carried others, and has nothing to say about them.
    pub(crate) fn of(mut seen: Vec<Resource>, mut carried: Vec<Resource>) -> Self {
        seen.sort_by(|left, right| left.id.cmp(&right.id));
        carried.sort_by(|left, right| left.id.cmp(&right.id));
        Self {
            snapshot: Snapshot { carried, ..Snapshot::of_sorted(seen, vec![ledger_entry()]) },
            changes: Vec::new(),
            findings: Vec::new(),
            transitions: Vec::new(),
            tallies: BTreeMap::new(),
            rules: Vec::new(),
            waivers: Vec::new(),
        }
    }

    /// The same with findings.
    pub(crate) fn with(self, findings: Vec<Finding>) -> Self {
        Self { findings, ..self }
    }

    fn head(&self) -> SnapshotHead {
        SnapshotHead {
            id: SnapshotId(0),
            estate: "acme".to_owned(),
            started_at: at("2026-11-21T02:00:00Z"),
            ended_at: at("2026-11-21T02:04:11.123Z"),
            digest: self.snapshot.digest,
            rules_digest: Digest::of_bytes(b"rules"),
            complete: false,
            tool_version: "0.1.0".to_owned(),
            sources: vec!["acme-org".into()],
            compared_with: None,
            counts: self.snapshot.counts(),
            rules_off: Vec::new(),
        }
    }

    pub(crate) fn commit(&self, store: &mut Store) -> Result<SnapshotId, StoreError> {
        let after = store.latest()?.map(|head| head.id);
        self.commit_after(store, after)
    }

    fn commit_after(&self, store: &mut Store, after: Option<SnapshotId>) -> Result<SnapshotId, StoreError> {
        store.commit(&ScanRecord {
            after,
            head: &self.head(),
            snapshot: &self.snapshot,
            changes: &self.changes,
            findings: &self.findings,
            transitions: &self.transitions,
            tallies: &self.tallies,
            rules: &self.rules,
            waivers: &self.waivers,
            dispatch: &Dispatch::default(),
            expiries: Some(&|| Box::new(["b", "a"].into_iter().map(expiry))),
            run: None,
        })
    }
}

fn expiry(id: &str) -> Expiry {
    let told =
        serde_json::json!({ "id": id, "what": "API token", "ends_at": "2026-12-01T00:00:00Z", "observed": true });
    serde_json::from_value(told).unwrap()
}

fn at<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn ledger_entry() -> LedgerEntry {
    LedgerEntry {
        source: "acme-org".into(),
        endpoint: "user API tokens".into(),
        path: "GET /admin/api-access/v1/orgs/{}/api-tokens".to_owned(),
        shows: vec![Kind::Credential],
        forms: Vec::new(),
        visible_only: false,
        state: EndpointState::Partial,
        reason: "page 3 of 4 failed".to_owned(),
        right: "organisation administrator".to_owned(),
        declared: Some("known".to_owned()),
        requests: 9,
        pages: 2,
        rows: 200,
        rows_expected: Some(400),
        last_cursor: Some("c-3".to_owned()),
        watermark: None,
        statuses: BTreeMap::from([(200, 2), (503, 7)]),
        retries: 6,
        unreadable: vec!["row 4: createdAt".to_owned()],
        started_at: at("2026-11-21T02:00:00.000000001Z"),
        ended_at: at("2026-11-21T02:03:00Z"),
    }
}

pub(crate) fn account(number: u8, name: &str) -> Resource {
    let id = ResourceId::new(ResourceId::CLOUD, Kind::Principal, &format!("712020:{number:03}"));
    Resource { id, name: name.to_owned(), ..sample::principal() }
}

pub(crate) fn accounts(numbers: impl IntoIterator<Item = u8>) -> Vec<Resource> {
    numbers.into_iter().map(|number| account(number, "Ada")).collect()
}

pub(crate) fn finding(rule: &str, resource: &ResourceId, severity: Severity, status: Status) -> Finding {
    Finding {
        id: FindingId::of(&rule.into(), resource),
        rule: rule.into(),
        rule_version: 2,
        title: "API token never expires".to_owned(),
        resource: resource.clone(),
        resource_name: "jenkins".to_owned(),
        seen_by: sample::credential().seen_by,
        severity,
        message: "“jenkins” never expires".to_owned(),
        remedy: "Revoke it".to_owned(),
        owner: Some("Ada Muster".to_owned()),
        controls: vec![],
        status,
        first_seen: at("2026-11-01T02:00:00Z"),
        since: at("2026-11-01T02:00:00Z"),
        last_seen: at("2026-11-21T02:00:00Z"),
        unconfirmed: Some(Unconfirmed { since: at("2026-11-20T02:00:00Z"), reason: "refused with 403".to_owned() }),
    }
}

fn step(finding: &Finding, step: Step) -> Transition {
    let note = "medium → high".to_owned();
    Transition { finding: finding.id.clone(), step, at: finding.last_seen, severity: finding.severity, note }
}

/// A scan with something in every place.
pub(crate) fn full_scan() -> Scan {
    let token = sample::credential().id;
    let findings = vec![
        finding("owner-gone", &token, Severity::Medium, Status::Waived("W-1".into())),
        finding("token-idle", &token, Severity::Low, Status::Resolved(Resolution::Rotated)),
        finding("token-without-expiry", &token, Severity::Critical, Status::Open),
    ];
    let null = Some(serde_json::Value::Null);
    let changed = Change {
        what: What::Rotated,
        resource: token.clone(),
        name: "jenkins".to_owned(),
        fields: vec![
            FieldChange { field: "expires_at".to_owned(), before: null.clone(), after: None },
            FieldChange { field: "status".to_owned(), before: Some("active".into()), after: null },
        ],
        replaces: Some(ResourceId::new(ResourceId::CLOUD, Kind::Credential, "t-0")),
        reason: Some("denied".to_owned()),
        cause: None,
        before: None,
    };
    let unseen = Unseen { source: "acme-org".into(), endpoint: "groups".into(), reason: "denied".to_owned() };
    let waiver = Waiver {
        id: "W-1".into(),
        rule: "owner-gone".into(),
        resource: "*".to_owned(),
        reason: "migration".to_owned(),
        approver: "Grace".to_owned(),
        ticket: None,
        until: at("2026-12-31"),
        accepted: vec![Accepted { resource: token.clone(), facts: vec!["scope write:jira-work".to_owned()] }],
    };
    let rule = RuleSummary {
        id: "token-idle".into(),
        version: 3,
        title: "API token is idle".to_owned(),
        severity: Severity::Low,
        remedy: "Revoke it".to_owned(),
        on_change: true,
        controls: vec![],
        judges_by: None,
    };
    let remembered = Resource { name: "jenkins, as it was known".to_owned(), ..sample::credential() };
    Scan {
        transitions: vec![step(&findings[2], Step::Opened), step(&findings[0], Step::Waived)],
        changes: vec![changed],
        tallies: BTreeMap::from([(
            "token-idle".into(),
            Tally {
                pass: 1,
                unknown: 2,
                unknown_reasons: [("denied".to_owned(), 2)].into(),
                unseen: vec![unseen],
                ..Tally::default()
            },
        )]),
        rules: vec![rule],
        waivers: vec![WaiverUse {
            unchecked: vec![Lapse { resource: token.clone(), why: vec!["scope: not told".to_owned()] }],
            too_broad: true,
            ..WaiverUse::plain(waiver, WaiverState::Expiring, 1)
        }],
        findings,
        ..Scan::of(sample::resources(), [accounts(1..4), vec![remembered]].concat())
    }
}

/// A folder with a store in it that has one snapshot.
fn stored(scan: &Scan) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyroll.db");
    scan.commit(&mut Store::create_or_open(&path).unwrap()).unwrap();
    (folder, path)
}

/// A place for a store: a file of its own, or, where there is a server, a tenant of its own.
struct Home {
    location: Location,
    _folder: Option<TempDir>,
    #[cfg(feature = "postgres")]
    cluster: Option<&'static Cluster>,
}

/// A place of each kind. Whatever holds of one kind of database holds of the other.
fn homes() -> Vec<Home> {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::from(folder.path().join("keyroll.db").as_path());
    #[cfg(not(feature = "postgres"))]
    return vec![Home { location, _folder: Some(folder) }];
    #[cfg(feature = "postgres")]
    {
        let file = Home { location, _folder: Some(folder), cluster: None };
        let server = cluster::own_store();
        let server = server.map(|(cluster, location)| Home { location, _folder: None, cluster: Some(cluster) });
        [file].into_iter().chain(server).collect()
    }
}

impl Home {
    fn create(&self) -> Store {
        Store::create_or_open(&self.location).unwrap()
    }

    fn open(&self) -> Store {
        Store::open(&self.location).unwrap()
    }

    /// Makes the store and keeps a scan in it.
    fn stored(self, scan: &Scan) -> Self {
        scan.commit(&mut self.create()).unwrap();
        self
    }

    fn count(&self, table: &str) -> i64 {
        match &self.location {
            Location::File(path) => count(path, table),
            #[cfg(feature = "postgres")]
            Location::Postgres(address) => {
                let sql = format!("SELECT count(*) FROM keyroll.{table} WHERE tenant = '{}'", address.tenant);
                self.cluster.unwrap().sql("keyroll", &sql).parse().unwrap()
            }
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => unreachable!("there is no such home"),
        }
    }

    /// Changes rows behind the store's back.
    fn meddle(&self, sql: &str) {
        match &self.location {
            Location::File(path) => drop(Connection::open(path).unwrap().execute(sql, []).unwrap()),
            #[cfg(feature = "postgres")]
            Location::Postgres(address) => {
                // The administrator is bound by no row-level security, so the owner does it.
                let sql = format!(
                    "SET ROLE keyroll_owner; SET search_path = keyroll; SET keyroll.tenant = '{}'; {sql}",
                    address.tenant
                );
                drop(self.cluster.unwrap().sql("keyroll", &sql));
            }
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => unreachable!("there is no such home"),
        }
    }
}

fn count(path: &Path, table: &str) -> i64 {
    Connection::open(path).unwrap().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// Every file of a folder with the digest of its content.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Digest> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), Digest::of_bytes(&fs::read(path).unwrap()))).collect()
}

/// An error as the command line shows it, with its causes.
fn whole_text(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn what_is_known_of_one_resource_is_found_over_all_scans() {
    for home in homes() {
        let mut store = home.create();
        let (token, other) = (sample::credential(), sample::principal());
        let change = |what, resource: &Resource, replaces| Change {
            what,
            resource: resource.id.clone(),
            name: resource.name.clone(),
            fields: Vec::new(),
            replaces,
            reason: None,
            cause: None,
            before: None,
        };
        let (seen, hidden) = (|| vec![token.clone(), other.clone()], || vec![other.clone()]);
        let with = |changes: &[Change], scan: Scan| Scan { changes: changes.to_vec(), ..scan };
        let (added, lost) = (change(What::Added, &token, None), change(What::NotObserved, &token, None));
        let replaced = change(What::Rotated, &other, Some(token.id.clone()));
        Scan::of(hidden(), vec![]).commit(&mut store).unwrap();
        assert_eq!(store.known(&token.id).unwrap(), None);
        let known = |first, seen, last| {
            Some(Known { first: SnapshotId(first), seen: SnapshotId(seen), last: SnapshotId(last) })
        };
        with(&[change(What::Changed, &other, None), added.clone()], Scan::of(seen(), vec![]))
            .commit(&mut store)
            .unwrap();
        assert_eq!(store.known(&token.id).unwrap(), known(2, 2, 2));
        with(std::slice::from_ref(&lost), Scan::of(hidden(), vec![token.clone()])).commit(&mut store).unwrap();
        Scan::of(hidden(), vec![token.clone()]).commit(&mut store).unwrap();
        assert_eq!(store.known(&token.id).unwrap(), known(2, 2, 4), "what is carried along is not seen");
        Scan::of(seen(), vec![token.clone()]).commit(&mut store).unwrap();
        assert_eq!(store.known(&token.id).unwrap(), known(2, 5, 5), "what is seen in part is seen");
        with(std::slice::from_ref(&replaced), Scan::of(hidden(), vec![])).commit(&mut store).unwrap();
        assert_eq!(store.known(&token.id).unwrap(), known(2, 5, 5), "what is gone stays known");
        let told = [(2, added), (3, lost), (6, replaced)];
        assert_eq!(store.changes_of(&token.id).unwrap(), told.map(|(at, change)| (SnapshotId(at), change)));
        assert_eq!(store.changes_of(&ResourceId::new("acme", Kind::Credential, "t")).unwrap(), []);
    }
}

#[test]
fn everything_comes_back_as_it_was_committed() {
    for home in homes() {
        let scan = full_scan();
        let home = home.stored(&scan);
        let store = home.open();
        let id = SnapshotId(1);
        assert_eq!(store.snapshot(id).unwrap().unwrap(), scan.snapshot);
        assert_eq!(store.latest().unwrap(), Some(SnapshotHead { id, ..scan.head() }));
        assert_eq!(store.head(id).unwrap(), store.latest().unwrap());
        assert_eq!(store.changes(id).unwrap(), scan.changes);
        assert_eq!(store.transitions(id).unwrap(), scan.transitions);
        assert_eq!(store.tallies(id).unwrap(), scan.tallies);
        assert_eq!(store.rules(id).unwrap(), scan.rules);
        assert_eq!(store.waiver_uses(id).unwrap(), scan.waivers);
        assert_eq!(store.history(&scan.findings[2].id).unwrap(), [scan.transitions[0].clone()]);
        assert_eq!(store.open_counts(SnapshotId(1), 9).unwrap(), [1]);
        let worst_first: Vec<Finding> = [2, 0, 1].map(|at: usize| scan.findings[at].clone()).into();
        assert_eq!(store.findings().unwrap(), worst_first);
        assert_eq!(store.snapshot(SnapshotId(2)).unwrap(), None);
        assert_eq!(store.head(SnapshotId(2)).unwrap(), None);
    }
}

#[test]
fn a_night_costs_as_many_resource_rows_as_changed() {
    for home in homes() {
        let home = home.stored(&Scan::of(accounts(0..50), vec![]));
        let mut store = home.open();
        assert_eq!(home.count("resources"), 50);

        Scan::of(accounts(0..50), vec![]).commit(&mut store).unwrap();
        assert_eq!(home.count("resources"), 50);

        let mut changed = accounts(0..50);
        changed[7].name = "Ada Byron".to_owned();
        Scan::of(changed.clone(), vec![]).commit(&mut store).unwrap();
        assert_eq!(home.count("resources"), 51);

        // Out of sight for two nights, and back again: nothing is copied, and the second night writes nothing.
        let carried = changed.split_off(20);
        Scan::of(changed.clone(), carried.clone()).commit(&mut store).unwrap();
        Scan::of(changed.clone(), carried.clone()).commit(&mut store).unwrap();
        assert_eq!((home.count("resources"), home.count("carried")), (51, 30));
        Scan::of([changed, carried].concat(), vec![]).commit(&mut store).unwrap();
        assert_eq!((home.count("resources"), home.count("carried")), (51, 30));
        assert_eq!(store.snapshot(SnapshotId(5)).unwrap().unwrap().carried.len(), 30);
        assert_eq!(store.snapshot(SnapshotId(6)).unwrap().unwrap().carried.len(), 0);
    }
}

#[test]
fn what_was_seen_in_part_and_carried_for_the_rest_is_kept_both_ways() {
    for home in homes() {
        let (whole, part) = (accounts(0..9), account(4, "Ada, without her groups"));
        let with_part = || [&whole[..4], std::slice::from_ref(&part), &whole[5..]].concat();
        let nights = [
            Scan::of(whole.clone(), vec![]),
            // Two nights alike: the second one writes nothing.
            Scan::of(with_part(), vec![whole[4].clone(), account(20, "Grace")]),
            Scan::of(with_part(), vec![whole[4].clone(), account(20, "Grace")]),
            // What is carried may be what was seen; what is carried may change; and then nothing is seen of it any more.
            Scan::of(with_part(), vec![part.clone()]),
            Scan::of([&whole[..4], &whole[5..]].concat(), vec![part.clone()]),
            Scan::of(whole.clone(), vec![]),
        ];
        let rows = [(9, 0), (11, 2), (11, 2), (11, 3), (11, 4), (12, 4)];
        let mut store = home.create();
        for (night, rows) in nights.iter().zip(rows) {
            night.commit(&mut store).unwrap();
            assert_eq!((home.count("resources"), home.count("carried")), rows);
        }
        for (number, night) in (1..).zip(nights) {
            assert_eq!(store.snapshot(SnapshotId(number)).unwrap().unwrap(), night.snapshot);
        }
    }
}

#[test]
fn a_finding_that_did_not_move_stays_and_history_adds_up() {
    for home in homes() {
        let mut scan = full_scan();
        let home = home.stored(&scan);
        let mut store = home.open();
        scan.findings.truncate(1);
        scan.findings[0].status = Status::Open;
        scan.transitions = vec![step(&scan.findings[0], Step::WaiverEnded)];
        scan.commit(&mut store).unwrap();
        assert_eq!(store.findings().unwrap().len(), 3);
        assert_eq!(store.open_counts(SnapshotId(2), 9).unwrap(), [1, 2]);
        assert_eq!(store.open_counts(SnapshotId(2), 1).unwrap(), [2]);
        let steps: Vec<Step> = store.history(&scan.findings[0].id).unwrap().iter().map(|step| step.step).collect();
        assert_eq!(steps, [Step::Waived, Step::WaiverEnded]);
        let numbers: Vec<i64> = store.heads(9).unwrap().iter().map(|head| head.id.0).collect();
        assert_eq!(numbers, [2, 1]);
    }
}

/// Rules of which not all findings are equally bad, steps in another order than findings, several steps of one finding, and another
/// scan that is committed while they are read.
#[test]
fn findings_come_one_by_one_as_they_come_all_at_once() {
    let mut scan = full_scan();
    for number in 0..6 {
        let about = ResourceId::new(ResourceId::CLOUD, Kind::Principal, &format!("712020:{number:03}"));
        let severity = Severity::ALL[number % 3];
        let status = if number == 2 { Status::Waived("W-2".into()) } else { Status::Open };
        scan.findings.push(finding("token-idle", &about, severity, status));
    }
    scan.transitions = scan.findings.iter().map(|finding| step(finding, Step::Opened)).collect();
    scan.transitions.insert(4, step(&scan.findings[3], Step::Worsened));
    let asked_in = |home: Home, scan: &Scan, meanwhile: &dyn Fn(&Location)| {
        let home = home.stored(scan);
        let store = home.open();
        let head = store.latest().unwrap().unwrap();
        let (expected, taken) = (store.findings().unwrap(), store.transitions(head.id).unwrap());
        let mut outlines = 0;
        let stream = store.finding_stream(&head, |_| outlines += 1).unwrap().unwrap();
        meanwhile(&home.location);
        let (mut findings, mut steps) = (Vec::new(), BTreeMap::new());
        let one = |finding: Finding, own: Vec<Transition>| {
            steps.insert(finding.id.clone(), own);
            findings.push(finding);
            Ok::<(), StoreError>(())
        };
        stream.each_with_steps(one).unwrap();
        let mut again = Vec::new();
        let one = |finding: Finding| {
            again.push(finding);
            Ok::<(), StoreError>(())
        };
        stream.each(one).unwrap();
        assert_eq!(again, findings);
        assert_eq!((outlines, &findings), (expected.len(), &expected));
        for finding in &findings {
            let own: Vec<&Transition> = taken.iter().filter(|step| step.finding == finding.id).collect();
            assert_eq!(steps[&finding.id].iter().collect::<Vec<_>>(), own, "{}", finding.id);
        }
        let mut by_id = Vec::new();
        let more = |own: Vec<Transition>| {
            by_id.extend(own);
            Ok::<(), StoreError>(())
        };
        stream.each_steps(more).unwrap();
        let mut sorted = taken.clone();
        sorted.sort_by(|left, right| left.finding.cmp(&right.finding));
        assert_eq!(by_id, sorted);
        let mut waived = Vec::new();
        let one = |finding: FindingId, waiver: WaiverId| {
            waived.push((finding, waiver));
            Ok::<(), StoreError>(())
        };
        stream.each_waived(one).unwrap();
        let mut expected: Vec<(FindingId, WaiverId)> = expected
            .into_iter()
            .filter_map(|finding| match finding.status {
                Status::Waived(waiver) => Some((finding.id, waiver)),
                Status::Open | Status::Resolved(_) => None,
            })
            .collect();
        expected.sort();
        assert_eq!((waived.len(), waived), (2, expected));
    };
    let asked = |scan: &Scan, meanwhile: &dyn Fn(&Location)| {
        for home in homes() {
            asked_in(home, scan, meanwhile);
        }
    };
    asked(&scan, &|_| {});
    scan.transitions.reverse();
    asked(&scan, &|_| {});
    let mut later = full_scan();
    later.findings = scan.findings.clone();
    for finding in &mut later.findings {
        finding.severity = Severity::Info;
        finding.status = Status::Resolved(Resolution::Fixed);
    }
    asked(&scan, &|location| {
        later.commit(&mut Store::open(location).unwrap()).unwrap();
    });
}

#[test]
fn the_latest_baseline_is_in_force_and_names_a_snapshot_that_exists() {
    for home in homes() {
        let home = home.stored(&full_scan());
        let mut store = home.open();
        assert_eq!(store.baseline().unwrap(), None);
        let mut baseline = Baseline {
            snapshot: SnapshotId(1),
            name: "go-live".to_owned(),
            accepted_by: "Grace".to_owned(),
            accepted_at: at("2026-11-21T09:00:00Z"),
            taken_at: at("2026-11-21T02:00:00Z"),
            reason: "reviewed".to_owned(),
        };
        store.set_baseline(&baseline).unwrap();
        baseline.name = "after the move".to_owned();
        store.set_baseline(&baseline).unwrap();
        assert_eq!(store.baseline().unwrap(), Some(baseline.clone()));
        baseline.snapshot = SnapshotId(7);
        let error = store.set_baseline(&baseline).unwrap_err();
        assert!(matches!(error, StoreError::NoSnapshot { snapshot: SnapshotId(7), .. }), "{error}");
        assert_eq!(store.baseline().unwrap().unwrap().snapshot, SnapshotId(1));
    }
}

/// How a resource stands in one night of a random history.
#[derive(Debug, Clone, Copy)]
enum Night {
    Gone,
    Seen(u8),
    /// Seen, but not all of it: what was known is carried beside it.
    SeenInPart(u8),
    OutOfSight,
}

fn nights() -> impl Strategy<Value = Vec<Vec<Night>>> {
    let night = prop_oneof![
        1 => Just(Night::Gone),
        3 => (0..3_u8).prop_map(Night::Seen),
        3 => (0..3_u8).prop_map(Night::SeenInPart),
        2 => Just(Night::OutOfSight),
    ];
    prop::collection::vec(prop::collection::vec(night, 9), 1..7)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_snapshot_opens_as_it_was_whatever_came_after_and_whatever_was_removed(
        nights in nights(),
        stays in prop::collection::vec(any::<bool>(), 12),
    ) {
        every_snapshot_stays(Store::open_in_memory().unwrap(), nights, &stays);
    }
}

#[cfg(feature = "postgres")]
proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn so_it_does_in_a_database(nights in nights(), stays in prop::collection::vec(any::<bool>(), 12)) {
        if let Some((_, location)) = cluster::own_store() {
            every_snapshot_stays(Store::create_or_open(&location).unwrap(), nights, &stays);
        }
    }
}

/// Commits nights, removes some of them, and holds every snapshot against what was committed.
fn every_snapshot_stays(mut store: Store, nights: Vec<Vec<Night>>, stays: &[bool]) {
    let mut committed: Vec<Snapshot> = Vec::new();
    let mut known: BTreeMap<usize, Resource> = BTreeMap::new();
    for night in nights {
        let (mut seen, mut carried) = (Vec::new(), Vec::new());
        for (number, stands) in night.into_iter().enumerate() {
            match stands {
                Night::Gone => drop(known.remove(&number)),
                Night::OutOfSight => carried.extend(known.get(&number).cloned()),
                Night::Seen(version) => {
                    let resource = account(u8::try_from(number).unwrap(), &format!("version {version}"));
                    known.insert(number, resource.clone());
                    seen.push(resource);
                }
                Night::SeenInPart(version) => {
                    carried.extend(known.get(&number).cloned());
                    seen.push(account(u8::try_from(number).unwrap(), &format!("version {version}")));
                }
            }
        }
        let scan = Scan::of(seen, carried);
        scan.commit(&mut store).unwrap();
        committed.push(scan.snapshot);
    }
    let mut kept: Vec<(SnapshotId, Snapshot)> = (1..).map(SnapshotId).zip(committed).collect();
    for (id, snapshot) in &kept {
        assert_eq!(&store.snapshot(*id).unwrap().unwrap(), snapshot);
    }
    assert_eq!(walked(&store), kept.clone());
    // A walk need not show every scan.
    let every_other: Vec<(SnapshotId, Snapshot)> = kept.iter().step_by(2).cloned().collect();
    assert_eq!(walked_among(&store, |id| id.0 % 2 == 1), every_other);

    let latest = kept.last().map(|(id, _)| *id);
    let goes = |id: &SnapshotId| Some(*id) != latest && !stays[usize::try_from(id.0).unwrap() % stays.len()];
    let gone: Vec<SnapshotId> = kept.iter().map(|(id, _)| *id).filter(|id| goes(id)).collect();
    store.remove(&gone).unwrap();
    kept.retain(|(id, _)| !gone.contains(id));
    for (id, snapshot) in &kept {
        assert_eq!(&store.snapshot(*id).unwrap().unwrap(), snapshot);
    }
    assert_eq!(walked(&store), kept);
    for id in gone {
        assert!(store.snapshot(id).unwrap().is_none());
    }
}

/// What is told, decided and acknowledged comes back alike from both kinds of database, at every step.
#[test]
fn notices_threads_and_reviews_are_kept_alike() {
    let told: Vec<String> = homes().iter().map(|home| everything_else(&mut home.create())).collect();
    for other in &told {
        assert_eq!(other, &told[0]);
    }
    assert!(told[0].contains("chat-1699"), "the thread kept what the other side calls it: {}", told[0]);
}

/// Goes once through all that is kept beside scans; gives back what the store said on the way.
fn everything_else(store: &mut Store) -> String {
    let now: DateTime<Utc> = at("2026-11-22T08:00:00.250Z");
    let later = now + TimeDelta::hours(3);
    let scan = full_scan();
    scan.commit(store).unwrap();
    assert_eq!(store.expiries().unwrap(), ["a", "b"].map(expiry));
    let finding = &scan.findings[2].id;
    let cause = CauseId::of(&"one cause");
    let outgoing = |number: u8, digest: Option<&str>, due_at| Outgoing {
        notice: Notice {
            id: NoticeId::of(&number),
            channel: "chat".into(),
            recipients: Vec::new(),
            topic: Topic::Sample,
            action: Action::Tell,
            cause: if digest.is_some() { CauseId::of(&number) } else { cause.clone() },
            severity: Severity::High,
            title: format!("notice “{number}”"),
            lead: vec!["it's so?".to_owned()],
            effects: Vec::new(),
            hidden: 0,
            more: String::new(),
            estate: "acme".to_owned(),
            snapshot: None,
            created_at: now,
        },
        digest: digest.map(str::to_owned),
        delivery: Delivery::Pending,
        due_at,
        attempts: 0,
        tried_at: None,
        error: String::new(),
    };
    let thread = Thread {
        channel: "chat".into(),
        cause: cause.clone(),
        remote: None,
        raised_at: now,
        told_at: now,
        severity: Severity::High,
        settled: false,
        escalated: Vec::new(),
    };
    let dispatch = Dispatch {
        at: now,
        outgoing: vec![
            outgoing(1, None, now),
            outgoing(2, None, now),
            outgoing(3, Some("daily"), now),
            outgoing(4, Some("daily"), now),
            outgoing(5, None, later),
        ],
        threads: vec![thread.clone()],
        causes: vec![(finding.clone(), cause.clone())],
        told: vec!["rung:30:W-1".to_owned(), "gap:groups".to_owned()],
    };
    let mut said = Vec::new();
    store.dispatch(&dispatch).unwrap();
    store.dispatch(&dispatch).unwrap();
    let standing = |store: &Store| {
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            store.due_notices(now, 9).unwrap(),
            store.next_due().unwrap(),
            store.undelivered().unwrap(),
            store.outbox_depth().unwrap(),
            store.open_threads().unwrap(),
            store.breakers().unwrap(),
            store.causes().unwrap(),
            store.expiries().unwrap(),
            store.told("rung:").unwrap(),
            BTreeMap::from_iter(store.notices_since(now - TimeDelta::hours(1)).unwrap()),
        )
    };
    said.push(standing(store));
    let first = store.due_notices(now, 1).unwrap().remove(0);
    assert!(store.claim(&first, now, later).unwrap());
    assert!(!store.claim(&first, now, later).unwrap(), "somebody has it");
    store.not_delivered(&first.notice.id, "503", Some(later)).unwrap();
    store.set_breaker(&Breaker { channel: "chat".into(), failures: 3, open_until: Some(later) }).unwrap();
    said.push(standing(store));
    assert_eq!(store.retry(&[], now).unwrap(), 1);
    store.delivered(&first.notice, Some("chat-1699")).unwrap();
    store
        .dispatch(&Dispatch { at: now, threads: vec![Thread { settled: true, ..thread.clone() }], ..dispatch.clone() })
        .unwrap();
    said.push(format!("{:?} {}", store.thread(&thread.channel, &cause).unwrap(), standing(store)));
    let whole = |parts: &[Outgoing]| Outgoing {
        notice: Notice { id: NoticeId::of(&parts.len()), ..parts[0].notice.clone() },
        ..parts[0].clone()
    };
    assert_eq!(store.fold_digests(now, whole).unwrap(), 2);
    store.not_delivered(&NoticeId::of(&2_u8), "refused", None).unwrap();
    let acknowledgement = |note: &str| Acknowledgement {
        finding: finding.clone(),
        by: "Ada".to_owned(),
        at: now,
        until: at("2026-12-31"),
        note: Some(note.to_owned()),
    };
    store.acknowledge(&acknowledgement("looking")).unwrap();
    store.acknowledge(&acknowledgement("still looking")).unwrap();
    said.push(format!("{:?} {}", store.acknowledgements().unwrap(), standing(store)));
    let forgotten = store.forget_told(later + TimeDelta::days(1)).unwrap();
    said.push(format!("{forgotten} {}", standing(store)));

    let (review, rows) = (sample::review("q4"), [sample::review_row("R-1", "PAY"), sample::review_row("R-2", "OPS")]);
    assert!(store.begin_review(&review, &rows).unwrap() && !store.begin_review(&review, &rows).unwrap());
    let decision = |row: &str, decision| ReviewDecision {
        row: row.to_owned(),
        decision,
        reviewer: "Ada".to_owned(),
        decided_on: at("2026-11-22"),
        comment: "“fine”".to_owned(),
        self_review: false,
        recorded_at: now,
        file: "ada.csv".to_owned(),
    };
    let both = [decision("R-1", Decision::Keep), decision("R-2", Decision::Revoke)];
    assert!(store.record_decisions("q4", 0, &both).unwrap());
    assert!(!store.record_decisions("q4", 0, &both).unwrap(), "others were read in since");
    assert!(store.record_decisions("q4", 2, &[decision("R-9", Decision::Keep)]).is_err());
    assert!(store.record_decisions("q4", 2, &[decision("R-1", Decision::Change)]).unwrap());
    let reviewed = (store.reviews().unwrap(), store.review_rows("q4").unwrap(), store.review_decisions("q4").unwrap());
    said.push(format!("{reviewed:?} {:?}", store.decided_access(now).unwrap()));

    for (number, schedule) in ["nightly", "hourly", "nightly"].into_iter().enumerate() {
        let begun = now + TimeDelta::minutes(i64::try_from(number).unwrap());
        let run = store.begin_run(schedule, begun, begun).unwrap();
        store.begin_schedule(schedule, begun).unwrap();
        store.end_run(run, RunEnd::Failed, "refused", later).unwrap();
        store.end_run(run, RunEnd::Vanished, "twice", later).unwrap();
    }
    store.begin_run("hourly", later, later).unwrap();
    said.push(format!(
        "{:?} {:?} {:?} {:?} {:?}",
        store.latest_runs(9).unwrap(),
        store.runs_under_way().unwrap(),
        store.last_run("nightly").unwrap(),
        store.last_stored_run("nightly").unwrap(),
        store.schedule_began("nightly").unwrap()
    ));
    said.push(format!(
        "{:?} {:?} {:?} {:?}",
        store.certain_changes(SnapshotId(1), SnapshotId(9)).unwrap(),
        store.versions(&sample::credential().id).unwrap(),
        store.out_of_sight(&account(1, "").id).unwrap(),
        store.history_about(&sample::credential().id).unwrap()
    ));
    said.join("\n")
}

/// All snapshots that a walk through the store shows.
fn walked(store: &Store) -> Vec<(SnapshotId, Snapshot)> {
    walked_among(store, |_| true)
}

/// The snapshots that a walk through some of the scans shows.
fn walked_among(store: &Store, wanted: impl Fn(SnapshotId) -> bool) -> Vec<(SnapshotId, Snapshot)> {
    let mut heads = store.heads(usize::MAX).unwrap();
    heads.retain(|head| wanted(head.id));
    heads.reverse();
    let mut timeline = store.timeline(heads).unwrap();
    let mut shown = Vec::new();
    while let Some((head, snapshot)) = timeline.advance().unwrap() {
        shown.push((head.id, snapshot.clone()));
    }
    shown
}

#[test]
fn what_was_altered_is_noticed_on_a_walk_as_well() {
    for home in homes() {
        let home = home.stored(&full_scan());
        home.meddle("UPDATE resources SET body = replace(body, 'a', 'o') WHERE id = (SELECT min(id) FROM resources)");
        let store = home.open();
        let mut timeline = store.timeline(store.heads(1).unwrap()).unwrap();
        let error = timeline.advance().unwrap_err();
        assert!(
            matches!(&error, StoreError::Damaged { what, .. } if what.contains("is not what was committed")),
            "{error}"
        );
    }
}

#[test]
fn the_latest_scan_and_baselines_cannot_be_removed() {
    for home in homes() {
        let mut store = home.create();
        for _ in 0..3 {
            full_scan().commit(&mut store).unwrap();
        }
        let baseline = Baseline {
            snapshot: SnapshotId(1),
            name: "q4".to_owned(),
            accepted_by: "Dana".to_owned(),
            accepted_at: at("2026-11-22T08:00:00Z"),
            taken_at: at("2026-11-21T02:04:11Z"),
            reason: "reviewed".to_owned(),
        };
        store.set_baseline(&baseline).unwrap();
        for needed in [1, 3] {
            let error = store.remove(&[SnapshotId(2), SnapshotId(needed)]).unwrap_err();
            assert!(matches!(error, StoreError::Needed { snapshot, .. } if snapshot == SnapshotId(needed)), "{error}");
        }
        assert_eq!(store.heads(9).unwrap().len(), 3, "nothing is removed where something has to stay");
        store.remove(&[SnapshotId(2)]).unwrap();
        assert_eq!(store.baselines().unwrap(), [baseline]);
    }
}

#[test]
fn a_commit_that_fails_at_its_last_row_leaves_nothing_behind() {
    let mut scan = full_scan();
    let (_folder, path) = stored(&scan);
    let dump = |path: &Path| {
        let tables = [
            "snapshots",
            "resources",
            "carried",
            "ledger",
            "changes",
            "rules",
            "tallies",
            "waiver_uses",
            "findings",
            "past_findings",
            "transitions",
        ];
        tables.map(|table| {
            let connection = Connection::open(path).unwrap();
            let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| {
                (0..columns).map(|at| row.get(at)).collect::<Result<Vec<rusqlite::types::Value>, _>>()
            });
            rows.unwrap().map(Result::unwrap).collect::<Vec<_>>()
        })
    };
    let before = dump(&path);
    let saboteur = Connection::open(&path).unwrap();
    let trigger = "CREATE TRIGGER trip BEFORE INSERT ON transitions WHEN new.number = 1
                   BEGIN SELECT RAISE(ABORT, 'tripped'); END";
    saboteur.execute_batch(trigger).unwrap();

    scan.snapshot = Scan::of(accounts(2..9), vec![]).snapshot;
    scan.findings[0].status = Status::Open;
    let mut store = Store::open(&path).unwrap();
    let error = whole_text(&scan.commit(&mut store).unwrap_err());
    assert!(error.contains("keyroll.db") && error.contains("tripped"), "{error}");
    assert_eq!(dump(&path), before);

    saboteur.execute_batch("DROP TRIGGER trip").unwrap();
    assert_eq!(scan.commit(&mut store).unwrap(), SnapshotId(2));
    assert_eq!(store.snapshot(SnapshotId(2)).unwrap().unwrap(), scan.snapshot);
}

#[test]
fn a_power_cut_leaves_the_scan_before_or_the_scan_after() {
    let first = full_scan();
    let second = Scan::of(accounts(0..60), vec![]);
    let (folder, path) = stored(&first);
    let mut store = Store::open(&path).unwrap();
    second.commit(&mut store).unwrap();
    // The files as they lie on the disk while the store is open, the log cut off anywhere.
    let log = fs::read(folder.path().join("keyroll.db-wal")).unwrap();
    let mut outcomes = [0, 0];
    for length in (0..=log.len()).step_by(4099).chain([log.len()]) {
        let other = tempfile::tempdir().unwrap();
        let copy = other.path().join("keyroll.db");
        fs::copy(&path, &copy).unwrap();
        fs::write(other.path().join("keyroll.db-wal"), &log[..length]).unwrap();
        let store = Store::open(&copy).unwrap();
        assert_eq!(store.snapshot(SnapshotId(1)).unwrap().unwrap(), first.snapshot);
        assert_eq!(store.findings().unwrap().len(), 3);
        match store.snapshot(SnapshotId(2)).unwrap() {
            None => outcomes[0] += 1,
            Some(snapshot) => {
                assert_eq!(snapshot, second.snapshot);
                outcomes[1] += 1;
            }
        }
    }
    assert!(outcomes[0] > 1 && outcomes[1] > 0, "{outcomes:?}");
}

#[test]
fn a_scan_judged_by_an_outdated_past_is_refused() {
    for home in homes() {
        let scan = full_scan();
        let home = home.stored(&scan);
        let (mut one, mut two) = (home.open(), home.open());
        scan.commit_after(&mut one, Some(SnapshotId(1))).unwrap();
        let error = scan.commit_after(&mut two, Some(SnapshotId(1))).unwrap_err();
        assert!(matches!(error, StoreError::Overtaken { .. }), "{error}");
        assert_eq!(two.heads(9).unwrap().len(), 2);
    }
}

#[test]
fn writers_at_once_wait_for_each_other_and_nothing_is_lost() {
    for home in homes() {
        let home = &home;
        let commit_five = |writer: u8| {
            let mut store = home.create();
            for night in 0..5 {
                let scan = Scan::of(vec![account(writer, &format!("night {night}"))], vec![]);
                loop {
                    match scan.commit(&mut store) {
                        Ok(_) => break,
                        Err(StoreError::Overtaken { .. }) => {}
                        Err(error) => panic!("{}", whole_text(&error)),
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for writer in 0..3 {
                scope.spawn(move || commit_five(writer));
            }
        });
        let store = home.open();
        let heads = store.heads(99).unwrap();
        assert_eq!(heads.len(), 15);
        let mut seen: Vec<Resource> =
            heads.iter().flat_map(|head| store.snapshot(head.id).unwrap().unwrap().resources).collect();
        seen.sort_by(|left, right| (&left.id, &left.name).cmp(&(&right.id, &right.name)));
        seen.dedup();
        assert_eq!(seen.len(), 15);
    }
}

#[test]
fn reports_read_while_another_process_writes() {
    let scan = full_scan();
    let (_folder, path) = stored(&scan);
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM ledger").unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.snapshot(SnapshotId(1)).unwrap().unwrap(), scan.snapshot);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_store() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create_or_open(&folder.path().join("keyroll.db")).unwrap();
    full_scan().commit(&mut store).unwrap();
    for name in ["keyroll.db", "keyroll.db-wal", "keyroll.db-shm"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// Opens a file both ways, expects a refusal, and checks that nothing in the folder moved.
fn refused_and_untouched(path: &Path) -> StoreError {
    let before = contents(path.parent().unwrap());
    let error = Store::open(path).unwrap_err();
    let other = Store::create_or_open(path).unwrap_err();
    assert_eq!(error.to_string(), other.to_string());
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert_eq!(contents(path.parent().unwrap()), before);
    error
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database").unwrap();
    assert!(matches!(refused_and_untouched(&text), StoreError::NotAStore { .. }));

    let foreign = folder.path().join("other.db");
    let connection = Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE resources (id)").unwrap();
    assert!(matches!(refused_and_untouched(&foreign), StoreError::NotAStore { .. }));
    connection.execute_batch("PRAGMA application_id = 7").unwrap();
    assert!(matches!(refused_and_untouched(&foreign), StoreError::NotAStore { .. }));
}

#[test]
fn a_newer_store_is_left_alone() {
    let (_folder, path) = stored(&full_scan());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = refused_and_untouched(&path);
    assert!(matches!(error, StoreError::Newer { found: 99, known: 6, .. }), "{error}");
}

#[test]
fn a_damaged_store_is_left_alone() {
    let (_folder, path) = stored(&full_scan());
    let whole = fs::read(&path).unwrap();
    for length in [1000, 8192, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refused_and_untouched(&path);
        assert!(matches!(error, StoreError::Damaged { .. }), "{length}: {error}");
    }
    fs::write(&path, &whole[..50]).unwrap();
    assert!(matches!(refused_and_untouched(&path), StoreError::NotAStore { .. }));
    let mut torn = whole.clone();
    torn[..100].fill(0);
    fs::write(&path, &torn).unwrap();
    assert!(matches!(refused_and_untouched(&path), StoreError::NotAStore { .. }));
}

#[test]
fn wherever_a_byte_is_flipped_no_wrong_snapshot_comes_back() {
    let scan = full_scan();
    let (_folder, path) = stored(&scan);
    let whole = fs::read(&path).unwrap();
    let mut noticed = 0;
    for at in (0..whole.len()).step_by(331) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x15;
        let other = tempfile::tempdir().unwrap();
        let copy = other.path().join("keyroll.db");
        fs::write(&copy, damaged).unwrap();
        match Store::open(&copy).and_then(|store| store.snapshot(SnapshotId(1))) {
            Ok(Some(snapshot)) => assert_eq!(snapshot, scan.snapshot, "byte {at}"),
            Ok(None) | Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 0);
}

#[test]
fn what_was_altered_by_hand_is_noticed() {
    let scan = full_scan();
    for (sql, part) in [
        (
            "UPDATE resources SET body = replace(body, 'Ada Muster', 'Eve Muster')",
            "resource `atlassian/principal/712020:a`",
        ),
        ("UPDATE resources SET digest = zeroblob(32) WHERE id LIKE '%t-1'", "resource `atlassian/credential/t-1`"),
        ("DELETE FROM resources WHERE id LIKE '%t-1'", "set of resources"),
        ("UPDATE resources SET last_snapshot = 0 WHERE id LIKE '%t-1'", "set of resources"),
        ("DELETE FROM resources WHERE id LIKE '%:002'", "carried"),
        ("DELETE FROM carried WHERE id LIKE '%:002'", "carried"),
        ("DELETE FROM carried WHERE id LIKE '%t-1'", "carried"),
        ("UPDATE carried SET body = replace(body, 'as it', 'when it')", "resource `atlassian/credential/t-1`"),
        ("UPDATE carried SET body = NULL, digest = NULL WHERE id LIKE '%t-1'", "carried"),
        ("UPDATE carried SET last_snapshot = 0 WHERE id LIKE '%t-1'", "carried"),
        ("DELETE FROM ledger", "ledger"),
        ("UPDATE ledger SET body = replace(body, 'partial', 'complete')", "ledger"),
        ("UPDATE snapshots SET body = json_set(body, '$.complete', json('true'))", "head"),
    ] {
        let (_folder, path) = stored(&scan);
        assert!(Connection::open(&path).unwrap().execute(sql, []).unwrap() > 0, "{sql}");
        let error = Store::open(&path).unwrap().snapshot(SnapshotId(1)).unwrap_err();
        let StoreError::Altered { part: found, .. } = &error else { panic!("{sql}: {error}") };
        assert!(found.contains(part), "{sql}: {error}");
    }
}

#[test]
fn a_store_that_is_not_there_is_made_or_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("100 % mine?#ä.db");
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }) && error.to_string().contains("no scan yet"), "{error}");
    assert!(!path.exists());
    assert_eq!(Store::create_or_open(&path).unwrap().latest().unwrap(), None);
    assert_eq!(Store::open(&path).unwrap().latest().unwrap(), None);
    assert_eq!(contents(folder.path()).into_keys().collect::<Vec<_>>(), [path]);
}

#[test]
fn an_emptied_store_is_no_new_start() {
    let (_folder, path) = stored(&full_scan());
    fs::write(&path, "").unwrap();
    let error = refused_and_untouched(&path);
    assert!(matches!(&error, StoreError::Damaged { .. }) && error.to_string().contains("remove the file"), "{error}");
    fs::remove_file(&path).unwrap();
    assert_eq!(Store::create_or_open(&path).unwrap().latest().unwrap(), None);
}

#[test]
fn a_path_that_leads_nowhere_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Store::create_or_open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::NotAFile { .. }), "{error}");
    let error = Store::create_or_open(&folder.path().join("none/keyroll.db")).unwrap_err();
    assert!(matches!(error, StoreError::Io { doing: "create", .. }), "{error}");
    assert!(error.to_string().contains("none/keyroll.db"), "{error}");
    assert_eq!(contents(folder.path()).len(), 0);
}
