//! A scan that is killed at any moment goes on where it was: it asks for what is missing, and tells what an undisturbed
//! one would have told.
//!
//! The long run: `KEYROLL_KILLS=200 cargo test --locked --test it resume -- --nocapture`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use ::keyroll::clock::Clock;
use ::keyroll::model::{Assessment, EndpointState};
use ::keyroll::simulator::{Fault, Plan};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::process::Child;

use crate::support::keyroll;
use crate::support::pretended::{Estate, first_night};

const JOURNAL: &str = "keyroll.db-scan.journal";

async fn small(seed: u64) -> Estate {
    let plan = Plan { seed, accounts: 100, now: first_night(), page_latency: Duration::from_millis(2) };
    let estate = Estate::of(plan).await;
    // Small pages, so that there are many moments between them.
    estate.configure_with("    page_size: 10\n    concurrency: 3\n", "");
    estate
}

fn begin(estate: &Estate, more: &[&str]) -> Child {
    let now = estate.clock.now().to_rfc3339();
    keyroll::begin(estate.folder.path(), &[&["--quiet", "--now", &now, "scan"], more].concat(), Stdio::piped())
}

async fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().await.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// True if a scan saw everything, whatever it found.
fn is_complete(code: Option<i32>) -> bool {
    matches!(code, Some(0 | 10))
}

/// Kills a scan once it has sent so many requests. True if it was still at work.
async fn kill_after(estate: &Estate, requests: usize) -> bool {
    let before = estate.simulator.requests().len();
    let mut child = begin(estate, &[]);
    tokio::select! {
        status = child.wait() => {
            let status = status.unwrap();
            assert!(is_complete(status.code()), "{status}");
            false
        }
        () = estate.simulator.asked(before + requests) => {
            child.kill().await.unwrap();
            true
        }
    }
}

/// All that an undisturbed scan tells, without the moments and the counts of requests.
fn told(assessment: &Assessment) -> (String, BTreeMap<String, (EndpointState, u64)>, Vec<String>) {
    let ledger = assessment.snapshot.ledger.iter();
    let ledger = ledger.map(|entry| (format!("{}/{}", entry.source, entry.endpoint), (entry.state, entry.rows)));
    let findings = assessment.findings.iter().map(|finding| format!("{} {}", finding.rule, finding.resource));
    (assessment.snapshot.digest.to_string(), ledger.collect(), findings.collect())
}

#[expect(clippy::disallowed_methods, reason = "a developer's switch, not a setting of the product")]
fn how_many() -> usize {
    std::env::var("KEYROLL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_is_killed_anywhere_goes_on_and_tells_the_same() {
    let estate = small(11).await;
    let undisturbed = small(11).await;
    let (code, err) = end(begin(&undisturbed, &[])).await;
    assert!(is_complete(code), "{err}");
    let requests = undisturbed.simulator.requests().len();
    let expected = told(&undisturbed.assess());
    let kills = how_many();
    for kill in 1..=kills {
        fs::remove_file(estate.path("keyroll.db")).ok();
        let before = estate.simulator.requests().len();
        let place = requests * kill / (kills + 1);
        if !kill_after(&estate, place).await {
            continue;
        }
        let mode = fs::metadata(estate.path(JOURNAL)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the journal is private");
        let (code, err) = end(begin(&estate, &[])).await;
        assert!(is_complete(code), "killed after {place} of {requests}: {err}");
        assert_eq!(told(&estate.assess()), expected, "killed after {place} of {requests} requests");
        let more = estate.simulator.requests().len() - before;
        println!("killed after {place}: {more} requests in place of {requests}");
        // What was under way is asked again, and each walk that had begun looks at its last page once more.
        assert!(more <= requests + 60, "killed after {place}: {more} requests in place of {requests}");
        assert!(!estate.path(JOURNAL).exists(), "what was read is in the store, and no journal stays");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_is_killed_again_and_again_gets_to_its_end() {
    let estate = small(12).await;
    let mut kills = 0;
    while kill_after(&estate, 60).await {
        kills += 1;
        assert!(kills < 100, "it gets nowhere");
    }
    assert!(kills >= 3, "it was killed {kills} times");
    let undisturbed = small(12).await;
    end(begin(&undisturbed, &[])).await;
    assert_eq!(told(&estate.assess()), told(&undisturbed.assess()));
}

/// The estate goes on living between the two halves of a scan.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_is_of_the_day_it_was_read_and_the_ledger_says_so() {
    let estate = small(11).await;
    assert!(kill_after(&estate, 120).await);
    estate.clock.advance(TimeDelta::hours(5));
    let (code, err) = end(begin(&estate, &[])).await;
    assert!(is_complete(code), "{err}");
    let assessment = estate.assess();
    let began: Vec<DateTime<Utc>> = assessment.snapshot.ledger.iter().map(|entry| entry.started_at).collect();
    assert!(began.contains(&first_night()), "some of it was read by the scan that was killed: {began:?}");
    assert!(began.contains(&estate.clock.now()));
}

async fn all_anew(estate: &Estate, more: &[&str]) -> bool {
    let before = estate.simulator.requests().len();
    let (code, err) = end(begin(estate, more)).await;
    assert!(is_complete(code), "{err}");
    let requests = estate.simulator.requests().len() - before;
    let undisturbed = small(11).await;
    end(begin(&undisturbed, &[])).await;
    // Where a scan came before, fewer pages of news are there.
    let all = undisturbed.simulator.requests().len();
    println!("{requests} requests of {all}");
    requests >= all * 90 / 100
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_or_not_wanted_is_read_anew() {
    let estate = small(11).await;
    assert!(kill_after(&estate, 150).await);
    assert!(all_anew(&estate, &["--fresh"]).await);
    fs::remove_file(estate.path("keyroll.db")).unwrap();
    assert!(kill_after(&estate, 150).await);
    estate.clock.advance(TimeDelta::hours(31));
    assert!(all_anew(&estate, &[]).await);
    assert!(all_anew(&estate, &[]).await, "a scan that is whole is no scan to go on from");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_is_damaged_is_made_anew() {
    let spoils: [fn(&Path); 3] = [
        |path| fs::write(path, "this is no journal").unwrap(),
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes.truncate(middle);
            bytes.iter_mut().skip(100).step_by(7).for_each(|byte| *byte ^= 0x5a);
            fs::write(path, bytes).unwrap();
        },
        |path| fs::write(path, "").unwrap(),
    ];
    let undisturbed = small(11).await;
    end(begin(&undisturbed, &[])).await;
    let expected = told(&undisturbed.assess());
    for spoil in spoils {
        let estate = small(11).await;
        assert!(kill_after(&estate, 150).await);
        for suffix in ["-wal", "-shm"] {
            fs::remove_file(estate.path(&format!("{JOURNAL}{suffix}"))).ok();
        }
        spoil(&estate.path(JOURNAL));
        let (code, err) = end(begin(&estate, &[])).await;
        assert!(is_complete(code), "{err}");
        assert_eq!(told(&estate.assess()), expected);
    }
}

/// A journal that cannot be written costs nothing but the way back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_needs_no_journal() {
    let estate = small(11).await;
    fs::create_dir(estate.path(JOURNAL)).unwrap();
    let now = estate.clock.now().to_rfc3339();
    let (code, err) = end(keyroll::begin(estate.folder.path(), &["--now", &now, "scan"], Stdio::piped())).await;
    assert!(is_complete(code), "{err}");
    assert!(err.contains("there is no journal"), "{err}");
}

/// A pages of a source that was read by a run of its own is not taken from it by another source's run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_source_goes_on_from_its_own_run() {
    let estate = small(11).await;
    estate.simulator.set_fault("bb-members", Fault::Latency(Duration::from_secs(60)));
    assert!(kill_after(&estate, 200).await);
    estate.simulator.clear_faults();
    let before = estate.simulator.requests().len();
    let (_, err) = end(begin(&estate, &["--source", "jira"])).await;
    assert!(estate.path(JOURNAL).exists(), "the other sources' pages stay: {err}");
    let (code, _) = end(begin(&estate, &[])).await;
    assert!(is_complete(code));
    assert!(!estate.path(JOURNAL).exists());
    let asked: Vec<_> = estate.simulator.requests().split_off(before);
    let org = asked.iter().filter(|(_, path)| path.contains("/admin/")).count();
    let undisturbed = small(11).await;
    end(begin(&undisturbed, &[])).await;
    let all = undisturbed.simulator.requests().iter().filter(|(_, path)| path.contains("/admin/")).count();
    assert!(org < all, "the organisation goes on where it was: {org} of {all}");
}

/// A count proves the rows of its own time: where rows are read anew, it is asked anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_of_another_time_proves_nothing() {
    let estate = small(11).await;
    assert!(kill_after(&estate, 450).await);
    let counts = |from: usize| -> BTreeSet<String> {
        let asked = estate.simulator.requests().split_off(from);
        asked.into_iter().map(|(_, path)| path).filter(|path| path.contains("count")).collect()
    };
    let first = counts(0);
    // Of all listings in more than one page the first page is lost.
    let journal = rusqlite::Connection::open(estate.path(JOURNAL)).unwrap();
    let lost = "DELETE FROM journal_pages WHERE number = 0
         AND walk IN (SELECT walk FROM journal_pages GROUP BY walk HAVING count(*) > 2)";
    assert!(journal.execute(lost, []).unwrap() > 3);
    drop(journal);
    let before = estate.simulator.requests().len();
    let (code, err) = end(begin(&estate, &[])).await;
    assert!(is_complete(code), "{err}");
    let again: Vec<String> = counts(before).intersection(&first).cloned().collect();
    assert!(again.len() > 1, "they are asked again: {again:?} of {first:?}");
}
