//! The offline path of a night: load the snapshot before, compare, judge, reconcile, commit, write CSV.
//!
//! `cargo bench --bench offline` runs it for 100,000 accounts and 200,000 credentials of which one in two hundred changed,
//! each night in a process of its own so that its peak of memory is its own. `-- ACCOUNTS` sets another size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

mod estate;

use std::fs;
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use keyroll::app::assess;
use keyroll::reports::csv_set;
use keyroll::store::Store;

use estate::{first_night, generate, judge_and_commit};

const NIGHTS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match arguments.as_slice() {
        [role, folder, accounts] if role == "seed" => seed(Path::new(folder), accounts.parse().unwrap()),
        [role, folder, accounts] if role == "night" => night(Path::new(folder), accounts.parse().unwrap()),
        rest => conduct(rest.first().map_or(100_000, |accounts| accounts.parse().expect("a number of accounts"))),
    }
}

/// Runs the parts in processes of their own and prints the medians.
fn conduct(accounts: usize) {
    println!("{accounts} accounts, {} credentials, 1 in 200 changed", accounts * 2);
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut names = Vec::new();
    for _ in 0..NIGHTS {
        let folder = tempfile::tempdir().unwrap();
        run("seed", folder.path(), accounts);
        let lines = run("night", folder.path(), accounts);
        names = lines.iter().map(|(name, _)| name.clone()).collect();
        columns.push(lines.into_iter().map(|(_, value)| value).collect());
    }
    for (at, name) in names.iter().enumerate() {
        let mut values: Vec<f64> = columns.iter().map(|column| column[at]).collect();
        values.sort_by(f64::total_cmp);
        println!(
            "{name:<22} median {:>9.3}   min {:>9.3}   max {:>9.3}",
            values[NIGHTS / 2],
            values[0],
            values[NIGHTS - 1]
        );
    }
}

fn run(role: &str, folder: &Path, accounts: usize) -> Vec<(String, f64)> {
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this).arg(role).arg(folder).arg(accounts.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let (name, value) = line.split_once('\t').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

fn seed(folder: &Path, accounts: usize) {
    let mut store = Store::create_or_open(&folder.join("keyroll.db")).unwrap();
    let snapshot = generate(accounts, 0);
    judge_and_commit(&mut store, snapshot, first_night(), &mut |_, _| {});
}

fn night(folder: &Path, accounts: usize) {
    let path = folder.join("keyroll.db");
    let mut store = Store::create_or_open(&path).unwrap();
    let snapshot = generate(accounts, 1);
    let before = peak_mebibytes();
    let begin = Instant::now();
    let mut steps: Vec<(&str, Duration)> = Vec::new();
    judge_and_commit(&mut store, snapshot, first_night() + TimeDelta::days(1), &mut |name, took| {
        steps.push((name, took))
    });
    let csv = Instant::now();
    let assessment = assess(&store).unwrap();
    for table in csv_set() {
        let file = fs::File::create(folder.join(format!("{}.csv", table.name))).unwrap();
        (table.write)(&assessment, &mut BufWriter::new(file)).unwrap();
    }
    steps.push(("assess and CSV, s", csv.elapsed()));
    for (name, took) in &steps {
        println!("{name}\t{}", took.as_secs_f64());
    }
    println!("whole path, s\t{}", begin.elapsed().as_secs_f64());
    println!("collected, MiB\t{before}");
    println!("peak, MiB\t{}", peak_mebibytes());
    println!("store, MiB\t{}", fs::metadata(&path).unwrap().len() as f64 / 1_048_576.0);
}

/// The most memory this process ever held, as Linux tells it; 0 elsewhere.
fn peak_mebibytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: 0 kB");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
