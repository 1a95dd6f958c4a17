//! The power goes while a scan is stored. What the program wrote is recorded between it and the system; then a disk is made
//! as it may be found afterwards, for one moment after another: what had been waited for is there, of the rest anything, in
//! any order, and the last write torn. Whatever is found, the store is the one before or the one after.
//!
//! Needs a C compiler. The long run: `KEYROLL_POWER_CUTS=5000 cargo test --locked --test it power -- --nocapture`

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::TimeDelta;
use keyroll::clock::Clock;
use keyroll::model::{Snapshot, SnapshotId};
use keyroll::simulator::Plan;
use keyroll::store::{Store, StoreError};
use tempfile::TempDir;

use crate::support::pretended::{Estate, first_night};

/// What the program did to one file.
#[derive(Debug)]
struct Deed {
    kind: u8,
    file: String,
    offset: usize,
    data: Vec<u8>,
}

/// The files of a store: what is in them.
type Disk = BTreeMap<String, Vec<u8>>;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below.max(1)
    }
}

/// What is found of the writes that nobody had waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Luck {
    /// Nothing.
    None,
    /// All of it.
    All,
    /// All up to one, which is torn.
    Torn,
    /// Any of it, torn or not.
    Some,
    /// The same of all writes ever: the disk says that it has what it has not.
    Liar,
}

const LUCK: [Luck; 5] = [Luck::None, Luck::All, Luck::Torn, Luck::Some, Luck::Liar];

/// The recorder, built once for all tests; none without a C compiler.
fn recorder(folder: &Path) -> Option<PathBuf> {
    let library = folder.join("recorder.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/power/recorder.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    match built {
        Ok(status) => {
            assert!(status.success(), "the recorder can be built");
            Some(library)
        }
        Err(_) => {
            crate::support::skipped("there is no C compiler");
            None
        }
    }
}

fn read_record(bytes: &[u8]) -> Vec<Deed> {
    let mut rest = bytes;
    let mut deeds = Vec::new();
    let mut take = |count: usize| -> Vec<u8> {
        let (taken, left) = rest.split_at(count);
        rest = left;
        taken.to_vec()
    };
    let mut left = bytes.len();
    while left > 0 {
        let word = |bytes: Vec<u8>| usize::try_from(u32::from_ne_bytes(bytes.try_into().unwrap())).unwrap();
        let (kind, path, length) = (word(take(4)), word(take(4)), word(take(4)));
        let offset = usize::try_from(u64::from_ne_bytes(take(8).try_into().unwrap())).unwrap();
        let file = String::from_utf8(take(path)).unwrap();
        deeds.push(Deed { kind: u8::try_from(kind).unwrap(), file, offset, data: take(length) });
        left -= 20 + path + length;
    }
    deeds
}

fn files_of_store(folder: &Path) -> Disk {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        // What maps the log lies in memory, and is made anew.
        .filter(|(name, _)| name.starts_with("keyroll.db") && !name.ends_with("-shm") && !name.ends_with(".lock"))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

fn do_to(file: &mut Vec<u8>, deed: &Deed, length: usize) {
    match deed.kind {
        b'W' => {
            let end = deed.offset + length;
            if file.len() < end {
                file.resize(end, 0);
            }
            file[deed.offset..end].copy_from_slice(&deed.data[..length]);
        }
        _ => file.resize(deed.offset, 0),
    }
}

/// A disk as it may be found when the power went after so many deeds.
fn after_the_cut(before: &Disk, deeds: &[Deed], luck: Luck, dice: &mut Dice) -> Disk {
    let mut disk = before.clone();
    let mut pending: BTreeMap<&str, Vec<&Deed>> = BTreeMap::new();
    for deed in deeds {
        match deed.kind {
            b'O' => drop(disk.entry(deed.file.clone()).or_default()),
            b'U' => {
                disk.remove(&deed.file);
                pending.remove(deed.file.as_str());
            }
            b'S' if luck == Luck::Liar => {}
            b'S' => {
                let file = disk.get_mut(&deed.file).expect("it was opened");
                let waited = pending.remove(deed.file.as_str()).unwrap_or_default();
                waited.iter().for_each(|deed| do_to(file, deed, deed.data.len()));
            }
            b'W' | b'F' => pending.entry(deed.file.as_str()).or_default().push(deed),
            other => panic!("what is {other}?"),
        }
    }
    for (file, deeds) in pending {
        let file = disk.get_mut(file).expect("it was opened");
        let torn = |dice: &mut Dice, deed: &Deed| dice.roll(deed.data.len() / 512 + 1) * 512;
        let last = dice.roll(deeds.len());
        for (at, deed) in deeds.into_iter().enumerate() {
            let length = match luck {
                Luck::None => continue,
                Luck::Torn if at > last => continue,
                Luck::Torn if at == last => torn(dice, deed),
                Luck::Some | Luck::Liar if dice.roll(3) == 0 => continue,
                Luck::Some | Luck::Liar if dice.roll(4) == 0 => torn(dice, deed),
                Luck::All | Luck::Torn | Luck::Some | Luck::Liar => deed.data.len(),
            };
            do_to(file, deed, length.min(deed.data.len()));
        }
    }
    disk
}

fn lay(disk: &Disk) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in disk {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let path = folder.path().join("keyroll.db");
    (folder, path)
}

/// All snapshots that a store gives back, each read whole.
fn read_all(path: &Path) -> Result<Vec<Snapshot>, StoreError> {
    let store = Store::open(path)?;
    let heads = store.heads(usize::MAX)?;
    let ids = heads.iter().map(|head| head.id);
    ids.map(|id| Ok(store.snapshot(id)?.expect("its record is there"))).collect()
}

fn is_whole(path: &Path) -> bool {
    let connection = rusqlite::Connection::open(path).unwrap();
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    said == "ok"
}

#[expect(clippy::disallowed_methods, reason = "a developer's switch, not a setting of the product")]
fn how_many() -> usize {
    std::env::var("KEYROLL_POWER_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(120)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_is_the_one_before_or_the_one_after() {
    let tools = tempfile::tempdir().unwrap();
    let Some(library) = recorder(tools.path()) else { return };
    let plan = Plan { seed: 11, accounts: 100, now: first_night(), page_latency: std::time::Duration::ZERO };
    let estate = Estate::of(plan).await;
    estate.scan().await;
    estate.simulator.night(estate.clock.now());
    estate.clock.advance(TimeDelta::days(1));
    let before = files_of_store(estate.folder.path());
    let record = tools.path().join("record");
    let scan = tokio::process::Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(["--quiet", "--now", &estate.clock.now().to_rfc3339(), "scan"])
        .current_dir(estate.folder.path())
        .env_clear()
        .env("LD_PRELOAD", &library)
        .env("RECORD_TO", &record)
        .output()
        .await
        .unwrap();
    assert!(matches!(scan.status.code(), Some(0 | 10)), "{}", String::from_utf8_lossy(&scan.stderr));
    let known = read_all(&estate.path("keyroll.db")).unwrap();
    assert_eq!(known.len(), 2);
    tokio::task::spawn_blocking(move || cut_everywhere(&before, &read_record(&fs::read(record).unwrap()), &known))
        .await
        .unwrap();
}

fn cut_everywhere(before: &Disk, deeds: &[Deed], known: &[Snapshot]) {
    let (writes, waits) = [b'W', b'S'].map(|kind| deeds.iter().filter(|deed| deed.kind == kind).count()).into();
    assert!(writes > 20 && waits > 2, "the record is no record: {writes} writes, {waits} waits");
    // Nobody who records differently from what happened proves anything.
    let (_folder, path) = lay(&after_the_cut(before, deeds, Luck::All, &mut Dice(1)));
    assert_eq!(read_all(&path).unwrap(), known);

    let mut dice = Dice(0xC0FFEE);
    let cuts = how_many();
    let mut moments: Vec<usize> = (0..cuts / LUCK.len()).map(|_| dice.roll(deeds.len() + 1)).collect();
    // The moments before and after each wait are the ones that matter.
    let waits = deeds.iter().enumerate().filter(|(_, deed)| deed.kind == b'S' && deed.file == "keyroll.db-wal");
    moments.extend(waits.map(|(at, _)| at).flat_map(|at| [at, at + 1]).take(cuts / LUCK.len()));
    moments.sort_unstable();
    let mut found: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut stays = [false; 2];
    for moment in moments {
        for luck in LUCK {
            let disk = after_the_cut(before, &deeds[..moment], luck, &mut dice);
            let (_folder, path) = lay(&disk);
            let what = format!("{luck:?} after {moment} of {} deeds", deeds.len());
            let tally = found.entry(format!("{luck:?}")).or_default();
            match read_all(&path) {
                Ok(snapshots) => {
                    let newest_first = known.iter().skip(known.len() - snapshots.len());
                    assert!(
                        !snapshots.is_empty() && snapshots.iter().eq(newest_first),
                        "{what}: something else is there"
                    );
                    if luck != Luck::Liar {
                        assert!(is_whole(&path), "{what}");
                        if luck == Luck::None {
                            stays[1] |= snapshots.len() == 2;
                        }
                        assert!(snapshots.len() == 2 || !stays[1], "{what}: what was on the disk is gone");
                    }
                    tally[snapshots.len() - 1] += 1;
                }
                Err(error) => {
                    assert!(luck == Luck::Liar, "{what}: {error}");
                    tally[2] += 1;
                }
            }
        }
    }
    println!("found after the cut: the store before, the store after, refused as damaged");
    found.iter().for_each(|(luck, tally)| println!("{luck:>6} {tally:?}"));
    let honest = LUCK.iter().filter(|luck| **luck != Luck::Liar).map(|luck| found[&format!("{luck:?}")]);
    let (first, second) = honest.fold((0, 0), |sum, tally| (sum.0 + tally[0], sum.1 + tally[1]));
    assert!(first > 5 && second > 5, "both sides of the commit were tried: {first}, {second}");
}

/// After the power is back the next scan stores as if nothing had been.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_scan_goes_on_from_whatever_was_found() {
    let tools = tempfile::tempdir().unwrap();
    let Some(library) = recorder(tools.path()) else { return };
    let plan = Plan { seed: 11, accounts: 100, now: first_night(), page_latency: std::time::Duration::ZERO };
    let estate = Estate::of(plan).await;
    estate.scan().await;
    estate.clock.advance(TimeDelta::days(1));
    let before = files_of_store(estate.folder.path());
    let record = tools.path().join("record");
    let scan = |recording: bool| {
        let mut scan = tokio::process::Command::new(env!("CARGO_BIN_EXE_keyroll"));
        scan.args(["--quiet", "--now", &estate.clock.now().to_rfc3339(), "scan"]);
        scan.current_dir(estate.folder.path()).env_clear();
        if recording {
            scan.env("LD_PRELOAD", &library).env("RECORD_TO", &record);
        }
        scan
    };
    assert!(matches!(scan(true).output().await.unwrap().status.code(), Some(0 | 10)));
    let expected = Store::open(&estate.path("keyroll.db")).unwrap().snapshot(SnapshotId(2)).unwrap().unwrap();
    let deeds = read_record(&fs::read(&record).unwrap());
    let mut dice = Dice(0xFEED);
    for moment in (1..=6).map(|part| deeds.len() * part / 7) {
        let disk = after_the_cut(&before, &deeds[..moment], Luck::Some, &mut dice);
        for name in files_of_store(estate.folder.path()).keys().chain([&"keyroll.db-shm".to_owned()]) {
            fs::remove_file(estate.path(name)).ok();
        }
        disk.iter().for_each(|(name, bytes)| fs::write(estate.path(name), bytes).unwrap());
        let output = scan(false).output().await.unwrap();
        assert!(matches!(output.status.code(), Some(0 | 10)), "{}", String::from_utf8_lossy(&output.stderr));
        let store = Store::open(&estate.path("keyroll.db")).unwrap();
        let latest = store.latest().unwrap().unwrap().id;
        assert_eq!(store.snapshot(latest).unwrap().unwrap().resources, expected.resources, "after {moment} deeds");
        assert!(store.runs_under_way().unwrap().is_empty(), "every run has an end");
    }
}
