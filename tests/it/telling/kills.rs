//! Killed at any moment: nothing that was committed goes untold, nothing is told under two ids, and the store stays whole.
//!
//! The long run: `KEYROLL_KILLS=200 cargo test --locked --test it kills -- --nocapture`

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::clock::Clock;
use keyroll::model::{SnapshotId, Step};
use keyroll::simulator::Plan;
use keyroll::store::Store;
use serde_json::Value;
use tokio::process::{Child, Command};

use super::{Receiver, alerts_through, findings_in, sent_to};
use crate::alerts::smtp_script::{Script, Server as Mail};
use crate::support::pretended::{Estate, first_night};

/// How often the process is killed unless somebody asks for more.
const KILLS: u32 = 12;

#[expect(clippy::disallowed_methods, reason = "a developer's switch, not a setting of the product")]
fn how_many() -> u32 {
    std::env::var("KEYROLL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS)
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below.max(1)
    }
}

fn begin(folder: &Path, words: &[&str], now: DateTime<Utc>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(["--quiet", "--now", &now.to_rfc3339()])
        .args(words)
        .current_dir(folder)
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn is_whole(path: &Path) -> bool {
    let connection = rusqlite::Connection::open(path).unwrap();
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let orphans: i64 =
        connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
    said == "ok" && orphans == 0
}

/// What was told, by scan, finding and what happened to it: the ids of the messages that said so.
type Told = BTreeMap<(i64, String, String), BTreeSet<String>>;

fn take(told: &mut Told, event: &Value) {
    let Some(scan) = event["data"]["scan"].as_i64() else { return };
    for effect in event["data"]["effects"].as_array().unwrap() {
        if let Some(finding) = effect["finding"].as_str() {
            let key = (scan, finding.to_owned(), effect["what"].as_str().unwrap().to_owned());
            told.entry(key).or_default().insert(event["id"].as_str().unwrap().to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing_and_double_nothing() {
    let plan = Plan { seed: 11, accounts: 20, now: first_night(), page_latency: Duration::ZERO };
    let (estate, receiver, mail) =
        (Estate::of(plan).await, Receiver::new().await, Mail::start(Script::default()).await);
    let channels = alerts_through(&estate, &receiver, &["all"], "    - to: [all, post]\n").replace(
        "  channels:\n",
        &format!(
            "  channels:\n    - name: post\n      type: email\n      server: 127.0.0.1\n      port: {}\n      security: none\n      \
             from: k@acme.example\n      to: [s@acme.example]\n      messages_per_day: 10000\n",
            mail.port
        ),
    );
    let channels = channels.replace("name: all\n", "name: all\n      messages_per_day: 10000\n");
    estate.configure(&channels);
    let folder = estate.folder.path().to_owned();
    let store = estate.path("keyroll.db");

    // How long one run takes, so that the kills hit every part of it.
    let began = Instant::now();
    begin(&folder, &["scan"], estate.clock.now()).wait().await.unwrap();
    let whole = u64::try_from(began.elapsed().as_millis()).unwrap();

    let (kills, mut dice) = (how_many(), Dice(0x5EED));
    let mut killed = 0;
    while killed < kills {
        estate.clock.advance(TimeDelta::minutes(30));
        if dice.roll(3) == 0 {
            estate.simulator.night(estate.clock.now());
        }
        let words: &[&str] = if dice.roll(4) == 0 { &["alerts", "retry"] } else { &["scan"] };
        let mut run = begin(&folder, words, estate.clock.now());
        let patience = Duration::from_millis(dice.roll(whole * 5 / 4));
        if tokio::time::timeout(patience, run.wait()).await.is_err() {
            run.kill().await.unwrap();
            killed += 1;
        }
        assert!(is_whole(&store), "after kill {killed}");
    }
    for _ in 0..3 {
        estate.clock.advance(TimeDelta::hours(7));
        assert!(
            begin(&folder, &["scan", "--fail-on", "critical"], estate.clock.now())
                .wait()
                .await
                .unwrap()
                .code()
                .is_some()
        );
        begin(&folder, &["alerts", "retry"], estate.clock.now()).wait().await.unwrap();
    }

    let store = Store::open(&store).unwrap();
    assert!(store.undelivered().unwrap().is_empty(), "{:?}", store.undelivered().unwrap());
    assert!(store.runs_under_way().unwrap().is_empty(), "every run has an end");
    let mut told = Told::new();
    let events = sent_to(&receiver, "all");
    let mut bodies: BTreeMap<String, Value> = BTreeMap::new();
    for event in &events {
        let id = event["id"].as_str().unwrap().to_owned();
        assert!(bodies.entry(id).or_insert_with(|| event.clone()) == event, "one id, one message");
        take(&mut told, event);
    }
    assert!(told.values().all(|ids| ids.len() == 1), "told under two ids: {told:#?}");
    let mut expected = BTreeSet::new();
    for snapshot in 2..=store.latest().unwrap().unwrap().id.0 {
        for transition in store.transitions(SnapshotId(snapshot)).unwrap() {
            let what = match transition.step {
                Step::Opened => "new",
                Step::Reopened => "back",
                Step::Worsened => "worse",
                Step::WaiverEnded => "no longer waived",
                Step::Resolved => "over",
                Step::Waived => continue,
            };
            expected.insert((snapshot, transition.finding.as_str().to_owned(), what.to_owned()));
        }
    }
    let delivered: BTreeSet<_> = told.keys().filter(|(scan, ..)| *scan > 1).cloned().collect();
    let lost: Vec<_> = expected.difference(&delivered).collect();
    assert!(lost.is_empty(), "{} of {} were lost: {lost:#?}", lost.len(), expected.len());
    let mails: BTreeSet<String> = mail.mails().iter().filter_map(|mail| header(mail, "X-Keyroll-Notice: ")).collect();
    assert_eq!(mails.len(), bodies.len(), "each message went by mail too, under one id however often");
    let (runs, scans) = (store.latest_runs(usize::MAX).unwrap().len(), expected.len());
    println!(
        "{killed} kills in {runs} runs: {scans} steps told in {} messages, {} of them more than once",
        bodies.len(),
        events.len() - bodies.len()
    );
    assert!(events.iter().flat_map(findings_in).next().is_some());
}

fn header(mail: &str, name: &str) -> Option<String> {
    mail.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
}
