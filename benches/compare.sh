#!/usr/bin/env bash
# Two snapshots of a million resources, one in two hundred changed: keyroll beside the csv-diff crate on the same data as CSV,
# and a full outer join in DuckDB, in one run. Medians of five; csv-diff and DuckDB have read the data into memory before.
# Needs Rust and python3 with venv; everything it makes is in a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."
resources=${1:-1000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo bench --bench history -- compare "$resources" "$work"

mkdir -p "$work/csv/src"
cat > "$work/csv/Cargo.toml" <<'TOML'
[package]
name = "csv"
version = "0.0.0"
edition = "2024"
[dependencies]
csv-diff = "0.1"
[profile.release]
lto = "thin"
TOML
cat > "$work/csv/src/main.rs" <<'RUST'
use std::time::Instant;
use csv_diff::{csv::Csv, csv_diff::CsvByteDiffLocal};
fn main() {
    let side = |name: &str| std::fs::read(format!("{}/{name}.csv", std::env::args().nth(1).unwrap())).unwrap();
    let (before, after) = (side("before"), side("after"));
    let mut times: Vec<f64> = Vec::new();
    let mut count = 0;
    for _ in 0..5 {
        let begin = Instant::now();
        let diff = CsvByteDiffLocal::new().unwrap();
        let records = diff.diff(Csv::with_reader_seek(before.as_slice()), Csv::with_reader_seek(after.as_slice())).unwrap();
        count = records.as_slice().len();
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    println!("csv-diff                                  {:.3} s   {count} differences", times[2]);
}
RUST
(cd "$work/csv" && cargo run --quiet --release -- "$work")

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check duckdb
"$work/venv/bin/python" - "$work" <<'PY'
import statistics, sys, time
import duckdb
connection = duckdb.connect()
for side in ("before", "after"):
    connection.execute(f"CREATE TABLE {side} AS SELECT * FROM read_csv('{sys.argv[1]}/{side}.csv', header = true, all_varchar = true)")
times = []
for _ in range(5):
    begin = time.perf_counter()
    rows = connection.execute(
        "SELECT coalesce(b.id, a.id) FROM before b FULL OUTER JOIN after a USING (id) "
        "WHERE b.id IS NULL OR a.id IS NULL OR b.body <> a.body OR b.name <> a.name"
    ).fetchall()
    times.append(time.perf_counter() - begin)
print(f"DuckDB, full outer join                   {statistics.median(times):.3f} s   {len(rows)} differences")
PY
