//! What a scan costs to be kept in a file, and what on a PostgreSQL server: the same snapshot into both, in turns.
//!
//! `KEYROLL_TEST_POSTGRES=/usr/lib/postgresql/15/bin cargo bench --bench stores --features postgres` starts a server of its own
//! in a temporary folder and keeps 100,000 resources five times in each. `-- RESOURCES` sets another size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

use std::collections::BTreeMap;
use std::time::Instant;

use keyroll::digest::Digest;
use keyroll::model::{Dispatch, Kind, Resource, ResourceId, Snapshot, SnapshotHead, SnapshotId, sample};
use keyroll::store::{Location, ScanRecord, Store};

#[expect(dead_code, reason = "the tests do more with it")]
#[path = "../tests/it/support/cluster.rs"]
mod cluster;

/// One resource in so many is other than it was the night before.
const CHANGED: usize = 200;

const ROUNDS: usize = 5;

/// Says that nothing is measured, because something is not there that it talks to.
fn skipped(why: &str) {
    println!("skipped: {why}");
}

fn main() {
    let resources = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let Some(programs) = cluster::programs() else { return };
    let mut cluster = cluster::Cluster::start(programs);
    // What is committed is on the disk, as on a server that people rely on.
    cluster.append("postgresql.conf", "fsync = on\n");
    cluster.run();
    println!("{resources} resources, {ROUNDS} rounds, medians; both wait for the disk");
    let owner = cluster.location("k_owner", "default");
    drop(Store::create_or_open(&owner).unwrap());
    let (mut file, mut server) = (Times::default(), Times::default());
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        file.add(&Location::from(folder.path().join("keyroll.db").as_path()), resources);
        server.add(&cluster.location("k_owner", &format!("round{round}")), resources);
    }
    for (what, file, server) in [
        ("commit the first night", file.first, server.first),
        ("commit the next night, 1 in 200 changed", file.next, server.next),
        ("open a snapshot", file.open, server.open),
    ] {
        let (file, server) = (median(file), median(server));
        println!("{what:<42} file {file:>7.3} s   server {server:>7.3} s   ratio {:>5.2}", server / file);
    }
}

#[derive(Default)]
struct Times {
    first: Vec<f64>,
    next: Vec<f64>,
    open: Vec<f64>,
}

impl Times {
    fn add(&mut self, at: &Location, resources: usize) {
        let mut store = Store::create_or_open(at).unwrap();
        let (first, next) = (snapshot(resources, false), snapshot(resources, true));
        self.first.push(seconds(|| commit(&mut store, &first)));
        self.next.push(seconds(|| commit(&mut store, &next)));
        self.open.push(seconds(|| assert_eq!(store.snapshot(SnapshotId(1)).unwrap().unwrap().digest, first.digest)));
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn snapshot(resources: usize, is_next: bool) -> Snapshot {
    let one = |number: usize| Resource {
        id: ResourceId::new("acme", Kind::Credential, &format!("t-{number:07}")),
        name: format!("token {number}{}", if is_next && number.is_multiple_of(CHANGED) { ", renamed" } else { "" }),
        ..sample::credential()
    };
    Snapshot::of_sorted((0..resources).map(one).collect(), Vec::new())
}

fn commit(store: &mut Store, snapshot: &Snapshot) {
    let head = SnapshotHead {
        id: SnapshotId(0),
        estate: "acme".to_owned(),
        started_at: "2026-11-21T02:00:00Z".parse().unwrap(),
        ended_at: "2026-11-21T02:04:11Z".parse().unwrap(),
        digest: snapshot.digest,
        rules_digest: Digest::of_bytes(b"rules"),
        complete: true,
        tool_version: "0.1.0".to_owned(),
        sources: vec!["acme-org".into()],
        compared_with: None,
        counts: snapshot.counts(),
        rules_off: Vec::new(),
    };
    let record = ScanRecord {
        after: store.latest().unwrap().map(|head| head.id),
        head: &head,
        snapshot,
        changes: &[],
        findings: &[],
        transitions: &[],
        tallies: &BTreeMap::new(),
        rules: &[],
        waivers: &[],
        dispatch: &Dispatch::default(),
        expiries: None,
        run: None,
    };
    store.commit(&record).unwrap();
}
