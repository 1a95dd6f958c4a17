//! The disk is full in the middle of a report, a pack or a scan: an error that names the file, and nothing half under its name. What was
//! there before stays. A limit on the size of files stands for the full disk: the write fails in the middle, as it does there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chrono::TimeDelta;
use keyroll::clock::Clock;
use keyroll::model::RunEnd;
use keyroll::simulator::Plan;
use keyroll::store::Store;

use crate::support::keyroll::{Run, keyroll};
use crate::support::pretended::{Estate, first_night};
use crate::waivers::CONFIG;

/// Room for so many blocks of 512 bytes in any one file: enough to begin, too little to end.
const BLOCKS: usize = 100;

fn with_little_room(folder: &Path, arguments: &[&str]) -> Run {
    with_room(BLOCKS, folder, arguments)
}

fn with_room(blocks: usize, folder: &Path, arguments: &[&str]) -> Run {
    // Without the trap the system would end the program where a full disk only fails the write.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let run = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_keyroll")])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    Run {
        code: run.status.code().expect("the program ends by itself"),
        out: String::from_utf8(run.stdout).unwrap(),
        err: String::from_utf8(run.stderr).unwrap(),
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn a_full_disk_leaves_no_half_report_and_no_half_pack() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("keyroll.yaml"), CONFIG).unwrap();
    fs::write(here.join("waivers.yaml"), "waivers: []\n").unwrap();
    let rows: String = (0..250).map(|at| format!("t{at},build {at},ada,2026-01-02T03:04:05Z,never,read\n")).collect();
    fs::write(here.join("tokens.csv"), format!("id,label,user,created,expires,rights\n{rows}")).unwrap();
    let fine = |arguments: &[&str]| {
        let run = keyroll(here, arguments);
        assert!([0, 20].contains(&run.code), "{arguments:?}: {}{}", run.out, run.err);
    };
    fine(&["scan"]);
    fine(&["evidence", "keygen", "key"]);
    for format in ["csv", "json", "ndjson", "html", "sarif", "junit", "ocsf", "oscal"] {
        let run = with_little_room(here, &["report", "--format", format, "--out", "new"]);
        assert_eq!(run.code, 1, "{format}: {}{}", run.out, run.err);
        assert!(run.err.contains("cannot write `new/"), "{format}: {}", run.err);
        assert!(run.err.to_lowercase().contains("file too large"), "{format} says why: {}", run.err);
        let left = files(&here.join("new"));
        // Files of a set that had room are whole; the one that had none is not there, under no name.
        let half = left.iter().find(|(name, bytes)| name.ends_with(".partial") || bytes.len() >= BLOCKS * 512);
        assert!(half.is_none(), "{format} left {:?}", half.map(|(name, _)| name));
        drop(fs::remove_dir_all(here.join("new")));

        fine(&["report", "--format", format, "--out", "kept"]);
        let before = files(&here.join("kept"));
        assert_eq!(with_little_room(here, &["report", "--format", format, "--out", "kept"]).code, 1);
        assert!(before == files(&here.join("kept")), "{format}: what was there is as it was");
    }
    let create = ["evidence", "create", "--by", "Kim", "--key", "key"];
    let run = with_little_room(here, &create);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.err.to_lowercase().contains("file too large"), "{}", run.err);
    assert_eq!(files(&here.join("evidence")).len(), 0, "no pack and no draft");
    fine(&create);
    let pack = "evidence/00001-s1.keyroll.tar.gz";
    let run = with_little_room(here, &["evidence", "verify", pack, "--trust", "key.pub", "--extract", "out"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(!here.join("out").exists(), "nothing half was unpacked");
}

/// Whatever does not fit, the journal of what is read, the log of the store or the store itself: the scans before stay as they
/// were, the run says that it failed, and once there is room the next one stores.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_in_a_scan_costs_that_scan_alone() {
    let plan = Plan { seed: 11, accounts: 100, now: first_night(), page_latency: Duration::ZERO };
    let estate = Estate::of(plan).await;
    estate.scan().await;
    let path = estate.path("keyroll.db");
    let first = Store::open(&path).unwrap().latest().unwrap().unwrap();
    let snapshot = Store::open(&path).unwrap().snapshot(first.id).unwrap().unwrap();
    let mut failed = 0;
    for blocks in [40, 200, 400, 800, 1_600, 3_200] {
        estate.simulator.night(estate.clock.now());
        estate.clock.advance(TimeDelta::days(1));
        let now = estate.clock.now().to_rfc3339();
        let folder = estate.folder.path().to_owned();
        let known = Store::open(&path).unwrap().heads(99).unwrap();
        let run =
            tokio::task::spawn_blocking(move || with_room(blocks, &folder, &["--now", &now, "scan"])).await.unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(store.snapshot(first.id).unwrap().unwrap(), snapshot, "{blocks}");
        let heads = store.heads(99).unwrap();
        if run.code == 1 {
            failed += 1;
            assert!(run.err.contains("keyroll.db"), "{blocks}: it names the file: {}", run.err);
            assert_eq!(heads, known, "{blocks}: nothing half is stored");
        } else {
            assert!(matches!(run.code, 0 | 10), "{blocks}: {}", run.err);
            assert_eq!(heads.len(), known.len() + 1, "{blocks}");
        }
    }
    assert!(failed > 1, "some of it did not fit: {failed}");
    estate.clock.advance(TimeDelta::days(1));
    assert!(estate.scan().await.complete);
    let runs = Store::open(&path).unwrap().latest_runs(99).unwrap();
    assert!(runs.iter().all(|run| run.end.is_some()), "every run has an end: {runs:#?}");
    assert!(runs.iter().any(|run| matches!(run.end, Some(RunEnd::Failed | RunEnd::Vanished))), "{runs:#?}");
}
