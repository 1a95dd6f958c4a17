//! Evidence packs at size: made, verified, performed again by the program itself, as a user would.
//!
//! `cargo bench --bench evidence` takes an estate of a million resources, one in two hundred is other than the night before.
//! `-- SIZE` sets another size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

mod estate;

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use keyroll::store::Store;

use estate::Estate;

const ROUNDS: usize = 3;
const PACK: &str = "evidence/00001-s2.keyroll.tar.gz";

fn main() {
    let size = std::env::args().skip(1).find(|word| word != "--bench");
    let size = size.map_or(1_000_000, |size| size.parse().expect("a number of resources"));
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let estate = Estate::of(size, 7);
    for night in 0..2 {
        estate::scan(here, &estate.on_night(night), &|_| {});
    }
    let findings = Store::open(&here.join("keyroll.db")).unwrap().findings().unwrap();
    let (planted, unlike) = estate.on_night(1).hold_against_truth(&findings);
    assert!(unlike.is_empty(), "found beside what was planted, and missed: {unlike:?}");
    println!("{size} resources, {planted} offences planted and found");
    run(here, &["evidence", "keygen", "key"]);
    let (took, peak) = run(here, &["evidence", "create", "--by", "bench", "--key", "key"]);
    let packed = fs::metadata(here.join(PACK)).unwrap().len() as f64 / 1_048_576.0;
    println!("{:<22} {:>8.2} s   peak {peak:>6.0} MiB   {packed:.0} MiB on disk", "create", took.as_secs_f64());
    for (name, arguments) in [
        ("verify", ["evidence", "verify", PACK, "--trust", "key.pub"]),
        ("reperform", ["evidence", "reperform", PACK, "--trust", "key.pub"]),
    ] {
        let mut rounds: Vec<(Duration, f64)> = (0..ROUNDS).map(|_| run(here, &arguments)).collect();
        rounds.sort_by_key(|(took, _)| *took);
        let (took, peak) = rounds[ROUNDS / 2];
        println!("{name:<22} {:>8.2} s   peak {peak:>6.0} MiB   median of {ROUNDS}", took.as_secs_f64());
    }
    // What nobody can do without: reading and digesting the same bytes with the tools of the system.
    let begin = Instant::now();
    let plain = format!("gzip -dc {PACK} | sha256sum");
    assert!(Command::new("sh").args(["-c", &plain]).current_dir(here).output().unwrap().status.success());
    println!("{:<22} {:>8.2} s   the baseline of verify", "gzip -dc | sha256sum", begin.elapsed().as_secs_f64());
}

/// Runs the program; how long it took, and the most memory it held.
#[expect(clippy::disallowed_methods, reason = "another process is watched, which wakes nobody")]
fn run(folder: &Path, arguments: &[&str]) -> (Duration, f64) {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(arguments)
        .current_dir(folder)
        .stdout(fs::File::create(folder.join("out")).unwrap())
        .stderr(fs::File::create(folder.join("err")).unwrap())
        .spawn()
        .unwrap();
    let mut peak: f64 = 0.0;
    let status = loop {
        peak = peak.max(held(&child));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = begin.elapsed();
    let said = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert!(status.success(), "{arguments:?}: {}{}", said("out"), said("err"));
    (took, peak)
}

/// The most memory a process held so far, in MiB, as Linux tells it.
fn held(child: &Child) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: 0 kB");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
