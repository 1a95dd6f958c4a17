//! How fast five shipped rules judge credentials that lie in a file as JSON, their parsing included.
//!
//! `benches/judged.sh` has DuckDB do the same in SQL over the same file, in one run. `cargo bench --bench judged -- FOLDER`
//! does this half alone: it writes `credentials.ndjson` there and judges it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

#[expect(dead_code, reason = "here the estate is only made, and not scanned")]
mod estate;

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use keyroll::inventory::Inventory;
use keyroll::model::{Kind, Resource, Snapshot, sharing};
use keyroll::rules::{Overrides, RuleSet, builtin, read_frameworks};

use estate::{Estate, first_night};

const CREDENTIALS: usize = 100_000;
const ROUNDS: usize = 5;
const RULES: [&str; 5] =
    ["token-label-unclear", "token-lives-too-long", "token-never-used", "token-scopes-broad", "token-without-expiry"];

fn main() {
    let folder = std::env::args().skip(1).find(|word| word != "--bench").expect("a folder");
    let file = Path::new(&folder).join("credentials.ndjson");
    write(&file);
    let rules: Vec<_> = builtin::rules()
        .into_iter()
        .filter(|file| RULES.iter().any(|rule| file.name.ends_with(&format!("/{rule}.yaml"))))
        .collect();
    let frameworks = read_frameworks(&builtin::frameworks()).unwrap_or_else(|problems| panic!("{problems}"));
    let rules =
        RuleSet::load(&rules, &frameworks, &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut times: Vec<f64> = Vec::new();
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        found = judge(&file, &rules);
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    println!("keyroll   {:.3} s   {found:?}", times[ROUNDS / 2]);
}

/// As many credentials as are wanted, one on a line and sorted by id, as the store keeps them.
fn write(file: &Path) {
    let estate = Estate::of(CREDENTIALS * 5 / 2, 7);
    let tokens = estate.made().map(|made| made.resource).filter(|resource| resource.kind() == Kind::Credential);
    let mut tokens: Vec<Resource> = tokens.take(CREDENTIALS).collect();
    tokens.sort_by(|left, right| left.id.cmp(&right.id));
    let mut out = BufWriter::new(fs::File::create(file).unwrap());
    for token in tokens {
        serde_json::to_writer(&mut out, &token).unwrap();
        out.write_all(b"\n").unwrap();
    }
    out.flush().unwrap();
}

/// From the bytes on disk to how many offenders each rule finds, in the order of the rules.
fn judge(file: &Path, rules: &RuleSet) -> Vec<usize> {
    let text = fs::read(file).unwrap();
    let read = |lines: &[u8]| -> Vec<Resource> {
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        sharing(|| lines.map(|line| serde_json::from_slice(line).unwrap()).collect())
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let resources: Vec<Resource> = std::thread::scope(|scope| {
        let readers: Vec<_> =
            shares(&text, processors).into_iter().map(|share| scope.spawn(move || read(share))).collect();
        readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect()
    });
    // Nobody asks for digests here.
    let nothing = Snapshot::of_sorted(Vec::new(), Vec::new());
    let snapshot = Snapshot { resources, ..nothing };
    let evaluation = rules.evaluate(&Inventory::new(&snapshot), &[], first_night());
    evaluation.tallies.values().map(|tally| tally.fail).collect()
}

/// Whole lines, shared out.
fn shares(text: &[u8], hands: usize) -> Vec<&[u8]> {
    let mut shares = Vec::new();
    let mut rest = text;
    for hand in (1..=hands).rev() {
        let half = rest.len() / hand;
        let end = rest[half..].iter().position(|byte| *byte == b'\n').map_or(rest.len(), |more| half + more + 1);
        let (share, after) = rest.split_at(end.min(rest.len()));
        shares.push(share);
        rest = after;
    }
    shares
}
