//! The offline path of a night: what a scan does once everything is collected, and the CSV files of its report.
//!
//! `cargo bench --bench offline` takes a pretended estate of a million resources of which one in two hundred is other than the
//! night before, all shipped rules, and the code that scans and reports; only the collecting is left out. `-- SIZE…` sets
//! other sizes, one after the other, which gives the curve. Each night has a process of its own, so that its peak of memory
//! is its own. `-- night FOLDER SIZE` scans once more into a folder that `-- seed FOLDER SIZE` made, for a profiler.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

mod estate;

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use keyroll::app::{Progress, Step, WaiverView, assess_stored, read_reviews};
use keyroll::reports::{RenderError, write_csv_set};
use keyroll::store::Store;

use estate::{Estate, scan};

const ROUNDS: usize = 3;
const SEED: u64 = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let size = |word: &String| word.parse::<usize>().expect("a number of resources");
    match arguments.as_slice() {
        [role, folder, resources] if role == "seed" => {
            scan(Path::new(folder), &Estate::of(size(resources), SEED), &|_| {});
        }
        [role, folder, resources] if role == "check" => check(Path::new(folder), size(resources)),
        [role, folder, resources] if role == "night" => night(Path::new(folder), size(resources)),
        [] => curve(&[1_000_000]),
        sizes => curve(&sizes.iter().map(size).collect::<Vec<_>>()),
    }
}

/// Runs the nights in processes of their own and prints the medians, a column for each size.
fn curve(sizes: &[usize]) {
    let columns: Vec<Vec<(String, f64)>> = sizes.iter().map(|size| column(*size)).collect();
    print!("{:<24}", "resources");
    sizes.iter().for_each(|size| print!("{size:>12}"));
    println!();
    for row in 0..columns[0].len() {
        print!("{:<24}", columns[0][row].0);
        columns.iter().for_each(|column| print!("{:>12.3}", column[row].1));
        println!();
    }
}

/// The medians of one size.
fn column(size: usize) -> Vec<(String, f64)> {
    let nights: Vec<Vec<(String, f64)>> = (0..ROUNDS)
        .map(|_| {
            let folder = tempfile::tempdir().unwrap();
            run("seed", folder.path(), size);
            let mut lines = run("night", folder.path(), size);
            lines.extend(run("check", folder.path(), size));
            lines
        })
        .collect();
    let median = |row: usize| {
        let mut values: Vec<f64> = nights.iter().map(|night| night[row].1).collect();
        values.sort_by(f64::total_cmp);
        (nights[0][row].0.clone(), values[ROUNDS / 2])
    };
    (0..nights[0].len()).map(median).collect()
}

fn run(role: &str, folder: &Path, size: usize) -> Vec<(String, f64)> {
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this).arg(role).arg(folder).arg(size.to_string()).output().unwrap();
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

fn night(folder: &Path, size: usize) {
    let told: Mutex<Vec<(&str, Instant)>> = Mutex::new(Vec::new());
    let collected = Mutex::new(0.0);
    scan(folder, &Estate::of(size, SEED).on_night(1), &|progress| {
        let name = match progress {
            Progress::Beginning { .. } | Progress::Asking { .. } | Progress::Collected { .. } => return,
            Progress::Judging { .. } => {
                *collected.lock().unwrap() = peak_mebibytes();
                "begin"
            }
            Progress::Done(Step::Compared) => "compare, s",
            Progress::Done(Step::Judged) => "judge, s",
            Progress::Done(Step::Reconciled) => "reconcile, s",
            Progress::Done(Step::Told) => "tell, s",
            Progress::Done(Step::Committed) => "commit, s",
        };
        told.lock().unwrap().push((name, Instant::now()));
    });
    let mut told = told.into_inner().unwrap();
    let scanned = peak_mebibytes();
    // What `keyroll report --format csv` does.
    let path = folder.join("keyroll.db");
    {
        let store = Store::open(&path).unwrap();
        let scan = store.latest().unwrap().unwrap();
        let mut stored = assess_stored(&store, scan, WaiverView::Applied).unwrap();
        read_reviews(&store, &mut stored.assessment).unwrap();
        told.push(("read for the report, s", Instant::now()));
        write_csv_set(&stored.assessment, &stored.findings, |table, write| {
            let mut out = BufWriter::new(fs::File::create(folder.join(format!("{}.csv", table.name)))?);
            write(&mut out)?;
            Ok::<_, RenderError>(out.flush()?)
        })
        .unwrap();
        told.push(("CSV, s", Instant::now()));
    }
    for pair in told.windows(2) {
        println!("{}\t{}", pair[1].0, (pair[1].1 - pair[0].1).as_secs_f64());
    }
    println!("whole path, s\t{}", (told.last().unwrap().1 - told[0].1).as_secs_f64());
    println!("collected and sealed, MiB\t{}", collected.into_inner().unwrap());
    println!("peak of the scan, MiB\t{scanned}");
    println!("peak, MiB\t{}", peak_mebibytes());
    println!("store, MiB\t{}", fs::metadata(&path).unwrap().len() as f64 / 1_048_576.0);
}

/// What was planted is what was found.
fn check(folder: &Path, size: usize) {
    let findings = Store::open(&folder.join("keyroll.db")).unwrap().findings().unwrap();
    let (planted, unlike) = Estate::of(size, SEED).on_night(1).hold_against_truth(&findings);
    assert!(unlike.is_empty(), "found beside what was planted, and missed: {unlike:?}");
    println!("planted and found\t{planted}");
}

/// The most memory this process ever held, as Linux tells it; 0 elsewhere.
fn peak_mebibytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: 0 kB");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
