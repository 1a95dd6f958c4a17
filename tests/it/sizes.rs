//! The pretended estate that the benchmarks work on, small: what is planted in it is found, and nothing else. And a scan that
//! never holds the night before says what a comparison of two whole nights says.

use std::collections::BTreeSet;
use std::fs;

use keyroll::app::{assess, read_reviews};
use keyroll::drift;
use keyroll::model::{Change, Snapshot};
use keyroll::reports::{RenderError, csv_set, write_csv_set};
use keyroll::store::Store;

#[path = "../../benches/estate/mod.rs"]
mod estate;

use estate::{Estate, scan};

#[test]
fn what_is_planted_is_found_and_nothing_else() {
    for seed in [7, 8] {
        let estate = Estate::of(6_000, seed);
        let folder = tempfile::tempdir().unwrap();
        for night in 0..2 {
            let tonight = estate.on_night(night);
            scan(folder.path(), &tonight, &|_| {});
            let assessment = assess(&Store::open(&folder.path().join("keyroll.db")).unwrap()).unwrap();
            let (planted, unlike) = tonight.hold_against_truth(&assessment.findings);
            assert!(unlike.is_empty(), "night {night}: found beside what was planted, and missed: {unlike:?}");
            let rules: BTreeSet<_> = assessment.findings.iter().map(|finding| &finding.rule).collect();
            assert!(planted > 20 && rules.len() > 15, "{planted} planted for {rules:?}");
            if night == 0 {
                assert_eq!(assessment.snapshot.resources.len(), 6_000);
            }
        }
    }
}

#[test]
fn an_estate_is_made_from_its_seed() {
    let ids = |estate: &Estate| estate.made().map(|made| made.resource).collect::<Vec<_>>();
    let estate = Estate::of(1_000, 1);
    assert_eq!(ids(&estate), ids(&Estate::of(1_000, 1)));
    assert_ne!(ids(&estate), ids(&Estate::of(1_000, 2)));
    let (before, after) = (ids(&estate), ids(&estate.on_night(1)));
    let moved = after.iter().filter(|one| !before.contains(one)).count();
    assert!((1..=30).contains(&moved), "{moved} of a thousand are other than the night before");
}

/// The store's own snapshots of two nights, compared as a whole.
fn compared_whole(store: &Store) -> (drift::Comparison, Snapshot) {
    let heads = store.heads(2).unwrap();
    let [now, before] = [0, 1].map(|at: usize| store.snapshot(heads[at].id).unwrap().unwrap());
    (drift::compare(&before, &now), now)
}

#[test]
fn a_scan_that_never_holds_the_night_before_says_the_same() {
    let estate = Estate::of(3_000, 5);
    let folder = tempfile::tempdir().unwrap();
    for night in 0..4 {
        scan(folder.path(), &estate.on_night(night), &|_| {});
        let store = Store::open(&folder.path().join("keyroll.db")).unwrap();
        if night > 0 {
            let (whole, now) = compared_whole(&store);
            let told: Vec<_> = whole.changes.into_iter().map(|change| Change { before: None, ..change }).collect();
            assert_eq!(told, assess(&store).unwrap().changes);
            assert!(told.len() > 5, "{} changes", told.len());
            assert_eq!(whole.carried, now.carried);
        }
    }
}

#[test]
fn the_files_of_the_set_are_the_same_whoever_writes_beside_whom() {
    let folder = tempfile::tempdir().unwrap();
    scan(folder.path(), &Estate::of(1_000, 3), &|_| {});
    let store = Store::open(&folder.path().join("keyroll.db")).unwrap();
    let mut assessment = assess(&store).unwrap();
    read_reviews(&store, &mut assessment).unwrap();
    write_csv_set(&assessment, &assessment, |table, write| {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        Ok::<_, RenderError>(fs::write(folder.path().join(table.name), bytes)?)
    })
    .unwrap();
    for table in csv_set() {
        let mut bytes = Vec::new();
        table.write(&assessment, &mut bytes).unwrap();
        assert!(fs::read(folder.path().join(table.name)).unwrap() == bytes, "{}", table.name);
    }
}
