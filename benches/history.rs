//! What the past costs: how a store grows over a year of nights, how long an old snapshot takes to open, a rule to be tried over
//! ninety nights, and two large snapshots to be compared.
//!
//! `cargo bench --bench history` keeps 365 nights of 100,000 resources, of which one in two hundred changes each night, and
//! compares two snapshots of a million. `-- RESOURCES NIGHTS` sets another size; `-- compare RESOURCES FOLDER` only compares,
//! and leaves both sides as CSV for others (`benches/compare.sh`).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::app::backtest::BackTest;
use keyroll::config::Config;
use keyroll::drift;
use keyroll::findings::Waivers;
use keyroll::inventory::Inventory;
use keyroll::inventory::detector::Knowledge;
use keyroll::model::{
    Body, Collection, Coverage, Credential, CredentialForm, Dispatch, Fact, Kind, LedgerEntry, Principal,
    PrincipalType, Resource, ResourceId, Sighting, Snapshot, SnapshotHead, SnapshotId,
};
use keyroll::store::{ScanRecord, Store};

/// One resource in so many is other than it was the night before.
const CHANGED: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["compare", resources, folder] => compare(resources.parse().unwrap(), Some(Path::new(folder))),
        [resources, nights] => year(resources.parse().unwrap(), nights.parse().unwrap()),
        _ => {
            year(100_000, 365);
            compare(1_000_000, None);
        }
    }
}

/// Runs something five times and gives the median in seconds.
fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[2]
}

fn year(resources: usize, nights: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyroll.db");
    let mut store = Store::create_or_open(&path).unwrap();
    let mut estate = Estate::found(resources);
    let rules = Config::shipped().rules().unwrap();
    let summaries = rules.summaries();
    let mut sizes = Vec::new();
    let mut before: Option<Snapshot> = None;
    let mut tallies = None;
    for night in 0..nights {
        if night > 0 {
            estate.pass(night);
        }
        let snapshot = estate.snapshot();
        let changes = before.as_ref().map(|before| drift::compare(before, &snapshot).changes).unwrap_or_default();
        let now = first_night() + TimeDelta::days(night as i64);
        // How the rules fared differs little from night to night; it is worked out once and stored each night.
        let tallies = tallies.get_or_insert_with(|| rules.evaluate(&Inventory::new(&snapshot), &[], now).tallies);
        let head = head(&snapshot, now, store.latest().unwrap().map(|head| head.id));
        let record = ScanRecord {
            after: head.compared_with,
            head: &head,
            snapshot: &snapshot,
            changes: &changes,
            findings: &[],
            transitions: &[],
            tallies,
            rules: &summaries,
            waivers: &[],
            dispatch: &Dispatch::default(),
            expiries: None,
            run: None,
        };
        store.commit(&record).unwrap();
        if night == 0 || night + 1 == nights {
            store.compact().unwrap();
            sizes.push(fs::metadata(&path).unwrap().len() as f64 / 1_048_576.0);
        }
        before = Some(snapshot);
    }
    let (first, last) = (sizes[0], sizes[sizes.len() - 1]);
    let aim = 1.0 + nights as f64 / CHANGED as f64 * 1.5;
    println!("{resources} resources, {nights} nights, 1 in {CHANGED} changed each night");
    println!("store after the first night  {first:>9.1} MiB");
    println!("store after the last night   {last:>9.1} MiB   {:.2} times the first (aim {aim:.2})", last / first);
    for at in [1, nights / 2, nights] {
        let id = SnapshotId(at as i64);
        let seconds = median(|| drop(store.snapshot(id).unwrap().unwrap()));
        println!("open the snapshot of night {at:<5} {seconds:>6.3} s");
    }
    try_rule(&store, &rules);
}

/// A rule over the last ninety nights.
fn try_rule(store: &Store, rules: &keyroll::rules::RuleSet) {
    let rule = rules.rule("token-without-expiry").unwrap();
    let config = Config::shipped();
    let test = BackTest {
        rule,
        in_force: Some(rule),
        knowledge: Knowledge::shipped(),
        waivers: &Waivers::default(),
        routing: config.routing(),
        estate: "bench",
    };
    let mut heads = store.heads(90).unwrap();
    heads.reverse();
    let count = heads.len();
    let (mut moved, mut open) = (0, 0);
    let seconds = median(|| {
        let tried = test.over(store, heads.clone()).unwrap();
        open = tried.nights.last().unwrap().open;
        moved = tried.nights.iter().skip(1).map(|night| night.opened.len() + night.closed.len()).sum();
    });
    println!("try token-without-expiry on {count} nights  {seconds:>6.3} s   {open} open, {moved} came and went");
}

fn compare(resources: usize, folder: Option<&Path>) {
    let mut estate = Estate::found(resources);
    let before = estate.snapshot();
    estate.pass(1);
    let after = estate.snapshot();
    let mut changes = 0;
    let seconds = median(|| changes = drift::compare(&before, &after).changes.len());
    println!("compare two snapshots of {resources} resources  {seconds:>6.3} s   {changes} changes");
    if let Some(folder) = folder {
        write_csv(&before, &folder.join("before.csv"));
        write_csv(&after, &folder.join("after.csv"));
    }
}

/// The same data as others compare it: an id and what is known.
fn write_csv(snapshot: &Snapshot, path: &Path) {
    let mut out = BufWriter::new(fs::File::create(path).unwrap());
    writeln!(out, "id,name,body").unwrap();
    for resource in &snapshot.resources {
        let body = serde_json::to_string(&resource.body).unwrap().replace('"', "\"\"");
        writeln!(out, "{},{},\"{body}\"", resource.id, resource.name).unwrap();
    }
}

fn first_night() -> DateTime<Utc> {
    "2025-11-21T02:00:00Z".parse().unwrap()
}

fn head(snapshot: &Snapshot, now: DateTime<Utc>, compared_with: Option<SnapshotId>) -> SnapshotHead {
    SnapshotHead {
        id: SnapshotId(0),
        estate: "bench".to_owned(),
        started_at: now,
        ended_at: now,
        digest: snapshot.digest,
        rules_digest: snapshot.digest,
        rules_off: Vec::new(),
        complete: Coverage(&snapshot.ledger).is_complete(),
        tool_version: "bench".to_owned(),
        sources: vec!["org".into()],
        compared_with,
        counts: snapshot.counts(),
    }
}

/// An estate that lives: a third accounts, two thirds tokens.
struct Estate {
    resources: Vec<Resource>,
}

impl Estate {
    fn found(resources: usize) -> Self {
        let mut all = Vec::with_capacity(resources);
        for at in 0..resources / 3 {
            all.push(account(at));
            all.push(token(at, 0));
            all.push(token(at, 1));
        }
        Self { resources: all }
    }

    /// A night: some tokens are used for the first time in a while, some accounts join another group, a few tokens are new and
    /// as many are gone.
    fn pass(&mut self, night: usize) {
        let count = self.resources.len();
        for step in 0..count / CHANGED {
            let at = (step * CHANGED + night * 97) % count;
            let Some(resource) = self.resources.get_mut(at) else { continue };
            match &mut resource.body {
                Body::Principal(principal) => {
                    principal.groups = Fact::Known(vec![group(at + night), group(at + night + 7)]);
                }
                Body::Credential(credential) if step % 20 == 0 => {
                    *credential = fresh(credential.owner.clone(), night);
                    resource.id =
                        ResourceId::new(ResourceId::CLOUD, Kind::Credential, &format!("n{night:04}-{at:08x}"));
                }
                Body::Credential(credential) => {
                    credential.last_used_at = Fact::Known(first_night() + TimeDelta::days(night as i64));
                    credential.scopes = Fact::Known(vec![format!("read:scope-{}", night % 50)]);
                    credential.expires_at = ends(at + night);
                }
                _ => {}
            }
        }
    }

    fn snapshot(&self) -> Snapshot {
        let ledger = vec![entry("accounts", Kind::Principal), entry("user API tokens", Kind::Credential)];
        Snapshot::seal(vec![Collection { authority: 2, resources: self.resources.clone(), ledger }])
    }
}

fn group(at: usize) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, Kind::Group, &format!("8f3a-{:08}", at % 500))
}

fn account(at: usize) -> Resource {
    let principal = Principal {
        account_type: Fact::Known(PrincipalType::Person),
        status: Fact::Known("active".to_owned()),
        email: Fact::Known(format!("first.last{at}@acme.example")),
        managed: Fact::Known(true),
        mfa: Fact::Known(!at.is_multiple_of(100)),
        platform_roles: Fact::Known(Vec::new()),
        groups: Fact::Known(vec![group(at), group(at + 31)]),
        added_at: Fact::Known(first_night() - TimeDelta::days(900 - (at % 800) as i64)),
        ..Principal::default()
    };
    Resource {
        id: account_id(at),
        name: format!("First Last {at}"),
        seen_by: seen_by("accounts"),
        body: Body::Principal(principal),
    }
}

fn account_id(at: usize) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, Kind::Principal, &format!("712020:{at:08x}-4000-8000"))
}

fn token(owner: usize, number: usize) -> Resource {
    let serial = owner * 2 + number;
    let mut credential = fresh(Fact::Known(account_id(owner)), 0);
    credential.last_used_at = Fact::Known(first_night() - TimeDelta::days((serial % 120) as i64));
    credential.expires_at = ends(serial);
    Resource {
        id: ResourceId::new(ResourceId::CLOUD, Kind::Credential, &format!("f2c1{serial:08x}-0000-4000")),
        name: format!("token of {serial}"),
        seen_by: seen_by("user API tokens"),
        body: Body::Credential(credential),
    }
}

/// One token in twenty never ends.
fn ends(serial: usize) -> Fact<DateTime<Utc>> {
    if serial.is_multiple_of(20) { Fact::Absent } else { Fact::Known(first_night() + TimeDelta::days(700)) }
}

fn fresh(owner: Fact<ResourceId>, night: usize) -> Credential {
    let made = first_night() + TimeDelta::days(night as i64) - TimeDelta::days(150);
    let mut credential = Credential::unknown(CredentialForm::ApiToken);
    credential.owner = owner;
    credential.status = Fact::Known("active".to_owned());
    credential.created_at = Fact::Known(made);
    credential.expires_at = Fact::Known(made + TimeDelta::days(365));
    credential.last_used_at = Fact::Absent;
    credential.scopes = Fact::Known(vec!["read:jira-work".to_owned()]);
    credential
}

fn seen_by(endpoint: &str) -> Vec<Sighting> {
    vec![Sighting { source: "org".into(), endpoint: endpoint.into() }]
}

fn entry(endpoint: &str, kind: Kind) -> LedgerEntry {
    let mut entry =
        LedgerEntry::not_asked("org".into(), endpoint.into(), String::new(), vec![kind], String::new(), first_night());
    entry.state = keyroll::model::EndpointState::Complete;
    entry.requests = 1;
    entry
}
