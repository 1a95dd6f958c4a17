//! The Parquet export as DuckDB reads it: the same as the CSV files say, whatever things are called, and only ever whole files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use chrono::NaiveDateTime;
use keyroll::model::{Assessment, Kind, ResourceId, Sighting};
use keyroll::reports::{PARQUET_SCAN_COLUMNS, ParquetColumn, ParquetExport, ParquetForm, ParquetTable, parquet_set};
use keyroll::text::{harmless, needs_mark};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::reports::{hostile_names, renamed};
use crate::support::assessment;
use crate::support::expected::expect_file;
use crate::support::keyroll::{Run, keyroll, keyroll_with};
use crate::support::{project, skipped};
use crate::waivers::CONFIG;

/// DuckDB in a Python of its own.
pub(crate) struct Duck {
    python: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Duck {
    #[expect(clippy::disallowed_methods, reason = "the check says where Python is")]
    pub(crate) fn new() -> Option<Self> {
        let Ok(python) = std::env::var("KEYROLL_TEST_PYTHON") else {
            skipped("KEYROLL_TEST_PYTHON names no Python with duckdb");
            return None;
        };
        let script = project().join("tests/it/parquet_check.py");
        let mut python = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (questions, answers) = (python.stdin.take(), BufReader::new(python.stdout.take().unwrap()));
        Some(Self { python, questions, answers })
    }

    pub(crate) fn ask(&mut self, sql: &str) -> Vec<Value> {
        self.ask_in("duckdb", sql)
    }

    /// Asks in the words of another reader, which are put into those of DuckDB.
    fn ask_in(&mut self, dialect: &str, sql: &str) -> Vec<Value> {
        writeln!(self.questions.as_mut().unwrap(), "{}", json!([dialect, sql])).unwrap();
        let mut rows = Vec::new();
        for line in self.answers.by_ref().lines().map(Result::unwrap) {
            if line.is_empty() {
                return rows;
            }
            let row: Value = serde_json::from_str(&line).unwrap();
            assert!(row.get("error").is_none(), "{sql}\n{}", row["error"]);
            rows.push(row);
        }
        panic!("DuckDB ended at {sql}");
    }

    pub(crate) fn table(&mut self, folder: &Path, name: &str) -> Vec<Value> {
        self.ask(&format!(
            "SELECT * FROM read_parquet('{}/{name}/*/*/*.parquet', hive_partitioning = true, \
             hive_types = {{'tenant': VARCHAR, 'date': DATE}})",
            folder.display().to_string().replace('\'', "''")
        ))
    }
}

impl Drop for Duck {
    fn drop(&mut self) {
        drop(self.questions.take());
        self.python.wait().unwrap();
    }
}

/// Something that was scanned in the nights to the 21st and to the 22nd of November.
pub(crate) struct Estate {
    folder: TempDir,
    config: &'static str,
}

impl Estate {
    /// The smallest demo, with the CSV files of its second night.
    pub(crate) fn demo() -> Self {
        let estate = Self { folder: tempfile::tempdir().unwrap(), config: "keyroll-demo/keyroll.yaml" };
        let demo = keyroll(
            estate.folder.path(),
            &["demo", "--accounts", "20", "--nights", "2", "--now", "2026-11-22T07:30:00Z"],
        );
        assert_eq!(demo.code, 0, "{}", demo.err);
        estate.run(&["report", "--format", "csv", "--out", "reports"]);
        estate
    }

    /// A list of two tokens.
    pub(crate) fn small() -> Self {
        let estate = Self { folder: tempfile::tempdir().unwrap(), config: "keyroll.yaml" };
        fs::write(estate.path("keyroll.yaml"), CONFIG).unwrap();
        fs::write(estate.path("waivers.yaml"), "waivers: []\n").unwrap();
        let tokens = "id,label,user,created,expires,rights\nt1,build,ada,2026-01-02T03:04:05Z,never,read\nt2,\"=1; \u{202e}\",lin,,,\n";
        fs::write(estate.path("tokens.csv"), tokens).unwrap();
        for day in ["2026-11-21", "2026-11-22"] {
            let now = format!("{day}T02:00:00Z");
            let scan = keyroll(estate.folder.path(), &["scan", "--now", &now]);
            assert!([0, 20].contains(&scan.code), "{}", scan.err);
        }
        estate
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn try_run(&self, words: &[&str]) -> Run {
        self.run_with(words, &[])
    }

    pub(crate) fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Run {
        let with = ["--config", self.config, "--now", "2026-11-22T07:30:00Z"];
        keyroll_with(self.folder.path(), &[words, &with].concat(), variables)
    }

    pub(crate) fn run(&self, words: &[&str]) -> String {
        let run = self.try_run(words);
        assert_eq!(run.code, 0, "{words:?}: {}", run.err);
        run.err
    }

    fn csv(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.path(&format!("reports/csv/{name}.csv"))).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    }
}

/// Every file below a folder, by its path, sorted.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, top: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, top, found);
            } else {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

fn foreign(text: &str) -> String {
    let shown = harmless(text);
    if needs_mark(&shown) { format!("'{shown}") } else { shown }
}

/// A value as the CSV files write it.
fn cell(value: &Value) -> String {
    let moment = |text: &str| NaiveDateTime::parse_from_str(text.strip_suffix("+00")?, "%Y-%m-%d %H:%M:%S%.f").ok();
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            moment(text).map_or_else(|| foreign(text), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
        }
        Value::Array(entries) => {
            let entry = |entry: &Value| match entry {
                Value::String(text) => text.clone(),
                pair => format!("{}: {}", pair["source"].as_str().unwrap(), pair["endpoint"].as_str().unwrap()),
            };
            let escaped = |entry: String| entry.replace('\\', "\\\\").replace(';', "\\;");
            let text = entries.iter().map(entry).map(escaped).collect::<Vec<_>>().join("; ");
            if text.is_empty() { text } else { foreign(&text) }
        }
        Value::Object(fact) => match fact["state"].as_str().unwrap() {
            "known" => cell(&fact["value"]),
            word => word.to_owned(),
        },
    }
}

/// Compares the columns that both have, but for some, and gives back how many those are. `null` is what the CSV file writes for `NULL`.
fn same_columns(row: &Value, csv: &BTreeMap<String, String>, but: &[&str], null: &str) -> usize {
    let mut compared = 0;
    for (column, value) in row.as_object().unwrap() {
        if let Some(expected) = csv.get(column).filter(|_| !but.contains(&column.as_str())) {
            let expected = if expected == "empty" || (value.is_null() && expected == null) { "" } else { expected };
            assert_eq!(cell(value), expected, "{column} of {csv:#?}");
            compared += 1;
        }
    }
    compared
}

fn keyed<'a>(rows: &'a [BTreeMap<String, String>], key: &str) -> BTreeMap<&'a str, &'a BTreeMap<String, String>> {
    rows.iter().map(|row| (row[key].as_str(), row)).collect()
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_else(|| panic!("no {column} in {row}"))
}

#[test]
fn duckdb_reads_what_the_csv_files_say() {
    let Some(mut duck) = Duck::new() else { return };
    let demo = Estate::demo();
    demo.run(&["export", "parquet", "--as-of", "s1", "--out", "lake"]);
    let said = demo.run(&["export", "parquet", "--out", "lake"]);
    assert!(said.contains("Parquet files of scan s2 are in lake") && said.contains("There may be more"), "{said}");
    let lake = demo.path("lake");
    let mut table = |name: &str| {
        let of_both = duck.table(&lake, name);
        of_both.into_iter().filter(|row| row["snapshot_id"] == "s2").collect::<Vec<_>>()
    };

    let scan = &demo.csv("scan")[0];
    let scans = table("scans");
    for row in &scans {
        assert!(same_columns(row, scan, &[], "none") >= 10);
        assert_eq!((&row["scan_complete"], text(row, "date")), (&json!(scan["complete"] == "yes"), "2026-11-22"));
        assert_eq!(cell(&row["scan_ended_at"]), scan["ended_at"]);
    }

    let (csv, rows) = (demo.csv("findings"), table("findings"));
    assert_eq!(rows.len(), csv.len());
    let by_id = keyed(&csv, "finding_id");
    for row in &rows {
        assert_eq!(same_columns(row, by_id[text(row, "finding_id")], &[], ""), 22);
        assert_eq!(text(row, "resource_id").split('/').next(), row["tenant"].as_str());
    }
    let open = |row: &&Value| row["status"] == "open";
    let counted: u64 = scans.iter().map(|row| row["findings_open"].as_u64().unwrap()).sum();
    assert_eq!(counted as usize, rows.iter().filter(open).count());

    ledger_is_coverage(&demo.csv("coverage"), &table("ledger"), &scans);
    resources_are_those_of_all_tables(&demo, &table("resources"));
    the_questions_of_the_document_are_answered(&demo, &mut duck);
}

/// Each endpoint under each of its tenants; and no gap is hidden from somebody who asks about one tenant.
fn ledger_is_coverage(csv: &[BTreeMap<String, String>], rows: &[Value], scans: &[Value]) {
    let key = |source: &str, endpoint: &str| format!("{source}\u{0}{endpoint}");
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let by_key: BTreeMap<String, _> = csv.iter().map(|row| (key(&row["source"], &row["endpoint"]), row)).collect();
    for row in rows {
        let key = key(text(row, "source"), text(row, "endpoint"));
        let expected = by_key[&key];
        assert!(same_columns(row, expected, &[], "unknown") >= 16);
        assert_eq!(row["gap"] == json!(true), expected["state"] != "complete");
        assert_eq!(cell(&row["rows_received"]), expected["rows"]);
        let tenants: Vec<_> =
            row["tenants"].as_array().unwrap().iter().map(|tenant| tenant.as_str().unwrap()).collect();
        assert!(found.entry(key).or_default().insert(text(row, "tenant")) && tenants.contains(&text(row, "tenant")));
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), by_key.keys().collect::<Vec<_>>());
    for scan in scans {
        let gaps = rows.iter().filter(|row| row["tenant"] == scan["tenant"] && row["gap"] == json!(true)).count();
        assert_eq!(scan["tenant_gaps"].as_u64().unwrap() as usize, gaps);
    }
}

fn resources_are_those_of_all_tables(demo: &Estate, rows: &[Value]) {
    let mut left: BTreeMap<&str, &Value> = rows.iter().map(|row| (text(row, "resource_id"), row)).collect();
    let (mut compared, mut unknown, mut none) = (0, 0, 0);
    for kind in Kind::ALL {
        let table = if kind == Kind::Person { "people".to_owned() } else { format!("{}s", kind.name()) };
        for csv in demo.csv(&table) {
            let id = &csv[&format!("{}_id", kind.name())];
            let row = left.remove(id.as_str()).unwrap_or_else(|| panic!("{id} of {table}.csv"));
            assert_eq!(text(row, "kind"), kind.name());
            assert_eq!(text(row, "sight") == "seen", csv["observed"] == "yes");
            let body: Value = serde_json::from_str(text(row, "body")).unwrap();
            // Cells are empty where a fact does not apply to a row; and some columns tell more than the fact of that name.
            let blank: Vec<&str> =
                csv.iter().filter(|(_, cell)| cell.is_empty()).map(|(name, _)| name.as_str()).collect();
            compared += same_columns(row, &csv, &blank, "");
            for (column, fact) in [("owner_id", "owner"), ("container_id", "container")] {
                if kind != Kind::Container && csv.get(column).is_some_and(|cell| !cell.is_empty()) {
                    assert_eq!(cell(&row[fact]), csv[column], "{fact} of {id}");
                }
            }
            for (list, word, count) in [("facts_unknown", "unknown", &mut unknown), ("facts_none", "none", &mut none)] {
                for fact in row[list].as_array().unwrap().iter().map(|fact| fact.as_str().unwrap()) {
                    assert_eq!(body.get(fact), (word == "none").then_some(&Value::Null), "{fact} of {id}");
                    if let Some(cell) = csv.get(fact).filter(|cell| !cell.is_empty()) {
                        assert_eq!(cell, word, "{fact} of {id}");
                        *count += 1;
                    }
                }
            }
        }
    }
    assert!(left.is_empty(), "in no CSV file: {:?}", left.keys());
    assert!(compared > 1000 && unknown > 100 && none > 50, "{compared} {unknown} {none}");
}

#[test]
fn a_scan_is_exported_to_the_same_bytes_and_replaces_its_own_files_only() {
    let demo = Estate::small();
    demo.run(&["export", "parquet", "--as-of", "s1", "--out", "lake"]);
    let first = files(&demo.path("lake"));
    demo.run(&["export", "parquet", "--out", "lake"]);
    let both = files(&demo.path("lake"));
    assert!(both.len() >= 2 * first.len() && first.iter().all(|(path, bytes)| both[path] == *bytes));
    assert!(both.keys().all(|path| path.ends_with(".parquet")), "{:?}", both.keys());
    let one = both.keys().find(|path| !first.contains_key(*path) && path.starts_with("findings/")).unwrap();
    let [table, _, day, name] = one.split('/').collect::<Vec<_>>()[..] else { panic!("{one}") };
    assert!(day == "date=2026-11-22" && name.starts_with("s2-"), "{one}");

    // Rows that an earlier keyroll put under another tenant would count twice; what others put there is theirs.
    let [outdated, theirs] =
        [format!("{table}/tenant=gone/{day}/{name}"), format!("{table}/tenant=gone/{day}/s2.parquet")];
    fs::create_dir_all(demo.path("lake").join(&outdated).parent().unwrap()).unwrap();
    for file in [&outdated, &theirs, one] {
        fs::write(demo.path("lake").join(file), "half").unwrap();
    }
    demo.run(&["export", "parquet", "--out", "lake"]);
    let mut again = files(&demo.path("lake"));
    assert_eq!((again.remove(&theirs), again.contains_key(&outdated)), (Some(b"half".to_vec()), false));
    assert!(again == both, "the same scan gives the same bytes");
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let demo = Estate::small();
    let refuse = |words: &[&str], why: &str| {
        let run = demo.try_run(&[&["export", "parquet"], words].concat());
        assert_eq!(run.code, 1, "{words:?}: {}", run.err);
        assert!(run.err.contains(why) && run.err.contains("help: name a folder"), "{}", run.err);
    };
    fs::write(demo.path("file"), "mine").unwrap();
    refuse(&["--out", "file"], "cannot write `file/scans/tenant=");
    refuse(&["--out", "file"], "Not a directory");
    refuse(&["--out", "-"], "do not fit into one output");
    assert_eq!(fs::read(demo.path("file")).unwrap(), b"mine");

    // In the way of the last of them all: what was in place by then is taken away, and what was there before stays.
    demo.run(&["export", "parquet", "--out", "lake"]);
    let last = files(&demo.path("lake")).into_keys().rfind(|path| path.starts_with("resources/")).unwrap();
    fs::create_dir_all(demo.path("lake/mine").join("deep")).unwrap();
    fs::rename(demo.path("lake"), demo.path("whole")).unwrap();
    fs::create_dir_all(demo.path("lake").join(&last)).unwrap();
    fs::write(demo.path("lake").join(&last).join("mine"), "mine").unwrap();
    let before = files(&demo.path("lake"));
    refuse(&["--out", "lake"], "cannot write `lake/");
    assert_eq!(files(&demo.path("lake")), before);
    let tables = fs::read_dir(demo.path("lake")).unwrap().count();
    assert_eq!(tables, 1, "folders that were made are taken away");
}

/// Writes the files of an assessment, and checks that each lies where it belongs.
fn write_files(assessment: &Assessment, folder: &Path) {
    for file in ParquetExport::of(assessment, assessment).unwrap().files() {
        let path = file.path();
        let [table, tenant, day, name] = path.split('/').collect::<Vec<_>>()[..] else {
            panic!("{path} leads elsewhere")
        };
        assert!(table == file.table.name && tenant.starts_with("tenant=") && day == "date=2026-11-22", "{path}");
        assert!(name.starts_with("s12-") && path.len() < 300 && harmless(&path) == path, "{path:?}");
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(!path.exists(), "two tenants share {}", path.display());
        file.write(&mut fs::File::create(path).unwrap()).unwrap();
    }
}

/// Foreign text comes back to the letter, from names as from tenants.
#[test]
fn names_and_tenants_are_read_back_whatever_they_are() {
    let Some(mut duck) = Duck::new() else { return };
    let tenants = [
        "..",
        ".",
        "../../etc",
        "a=b",
        "100%",
        "%2F",
        "NULL",
        "__HIVE_DEFAULT_PARTITION__",
        "007",
        "empty",
        "*",
        "[x]?",
    ];
    let names: Vec<String> = hostile_names().into_iter().chain(tenants.map(str::to_owned)).collect();
    for name in names {
        let folder = tempfile::tempdir().unwrap();
        let mut hostile = renamed(assessment::rich(), &name);
        for finding in &mut hostile.findings {
            finding.resource = ResourceId::new(&name, Kind::Credential, &format!("x/{name}"));
            finding.owner = None;
        }
        let mut resource = hostile.snapshot.resources[0].clone();
        resource.id = hostile.findings[0].resource.clone();
        resource.name.clone_from(&name);
        resource.seen_by = vec![Sighting { source: name.as_str().into(), endpoint: name.as_str().into() }];
        hostile.snapshot.carried.push(resource);
        hostile.snapshot.ledger[0].source = name.as_str().into();
        hostile.snapshot.ledger[0].reason.clone_from(&name);
        write_files(&hostile, folder.path());

        let rows = duck.table(folder.path(), "findings");
        assert_eq!(rows.len(), hostile.findings.len());
        let tenant = hostile.findings[0].resource.tenant();
        for row in &rows {
            let told = text(row, "tenant");
            match told.split_once('~') {
                Some((beginning, _)) => assert!(tenant.len() > 50 && tenant.starts_with(beginning), "{told}"),
                None if tenant.is_empty() => assert_eq!(told, "empty"),
                None => assert_eq!(told, tenant),
            }
            assert_eq!((text(row, "title"), text(row, "remedy"), text(row, "estate")), (&*name, &*name, &*name));
            assert_eq!(text(row, "resource_id"), hostile.findings[0].resource.as_str());
            assert_eq!(row["resource_name"].as_str().unwrap_or(""), name);
        }
        let resources = duck.table(folder.path(), "resources");
        let carried = resources.iter().find(|row| row["resource_id"] == hostile.findings[0].resource.as_str()).unwrap();
        assert_eq!(carried["seen_by"], json!([{ "source": name, "endpoint": name }]));
        assert_eq!((&carried["sight"], carried["name"].as_str().unwrap_or("")), (&json!("carried"), &*name));
        let gap = duck.table(folder.path(), "ledger").into_iter().find(|row| row["source"] == *name).unwrap();
        assert_eq!(gap["reason"].as_str().unwrap_or(""), name);
    }
}

const DOCUMENT: &str = "reports/parquet.md";

/// What is written above the tables. The queries are run as they stand here.
const INTRODUCTION: &str = r#"# The Parquet export

Made from the program; a test keeps it true, and asks DuckDB each of the questions below.

```sh
keyroll export parquet --out parquet                    # the latest scan
keyroll export parquet --out parquet --as-of 2026-11-21 # an earlier one, beside it
keyroll export parquet --out s3://lake/audit/keyroll    # into a bucket, see below
```

```text
parquet/<table>/tenant=<tenant>/date=<day>/<snapshot>-<letters>.parquet
```

Four datasets, with a folder for each tenant and for each day (UTC) on which a scan ended: scans of many days lie side by side, and a
scan that is exported again replaces its own files. The letters keep scans of other stores apart. Each file is whole before it has its
name, compressed with Snappy, in row groups of at most 65,536 rows, and says `keyroll_parquet` = `1` and `keyroll_version` in its
metadata. Within version 1 tables and columns are only added.

- **A fact is a pair** `(state, value)`: `known` with its value; `none`, where a source says that there is none; `unknown`, where
  nobody told. The whole pair is `NULL` where such a thing has no such fact. So `expires_at.state = 'none'` never ends, and
  `expires_at.value IS NULL` alone says nothing. In `body`, `none` is `null` and `unknown` is left out; both are listed beside it.
- **`scan_complete`** is in every row. Where it is false, something was left unseen that nobody had accepted, and there may be more
  than the rows say: `ledger` says where.
- **A tenant** is an organisation, site or server that issues its own ids; accounts and groups of the cloud are of the tenant
  `atlassian`. A source shows things of one tenant or more, so its endpoints stand under each of them: count
  `DISTINCT (source, endpoint)`. A gap of which nobody can tell whose things it hides is under `unknown` too: **whoever asks about one
  tenant asks `ledger` for `tenant IN ('…', 'unknown')`**.
- In the folder's name a tenant has `%` and two digits for what may not stand there, which readers take back. One without a name is
  `empty`; one with a very long name is cut, and ends in `~` and a digest.
- Foreign text is as it was told: nothing is marked, as in the CSV files, and nothing replaced.

## In a bucket

`--out s3://BUCKET/PREFIX` writes the same files, to the byte, to a store that speaks S3. Where it is and who asks is told by the section
`s3` of the configuration, and otherwise by the variables that S3 tools know (`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`); `keyroll init --example` writes the section with a comment on each key. Files of profiles and
roles of machines are not read: a password manager's command can bring the keys (`secret_access_key_command`).

- **Nothing is seen before everything has arrived.** Each file is sent as an upload of parts, which nobody sees, with the SHA-256 of each
  part under the signature; what was damaged on the way is sent again. When all have arrived they are published one after the other,
  which takes a request each, and looked at; `scans` comes last, so that no scan is named whose other tables are not there. What fails
  before leaves nothing to be seen; what fails in between leaves some files in place, the message says so, and exporting again
  puts it right. While a scan is exported once more, some of its files may be new and some old.
- **The manifest comes last**: `_exports/date=<day>/<snapshot>-<letters>.json` lists the files of the scan, with length and SHA-256. Who reads
  what manifests list, and holds it against them, never takes half an export for one. By it a later export of the same scan knows which of its files are no more; no
  other object is looked for, listed or touched.
- **Rights below the prefix**: `s3:PutObject`, `s3:GetObject`, `s3:DeleteObject`, `s3:AbortMultipartUpload`; and `s3:ListBucket` on the bucket
  (it may be limited to the prefix), because without it Amazon does not tell that there is no manifest yet.
- Let the bucket abort uploads that are not finished after a day (a lifecycle rule): a keyroll that is killed, or whose store is gone,
  leaves its own behind, unseen but stored.

The files that manifests list, and no others, in DuckDB (`INSTALL httpfs` and a secret of type `s3` let it read the bucket):

```sql
"#;

/// Tables of what manifests list, in a bucket or wherever it was copied to.
pub(crate) const LISTED: [&str; 2] = [
    "SET VARIABLE files = (SELECT list('s3://lake/audit/keyroll/' || file.path)
                      FROM (SELECT unnest(files) AS file FROM read_json('s3://lake/audit/keyroll/_exports/*/*.json')))",
    "CREATE VIEW findings AS SELECT * FROM read_parquet(list_filter(getvariable('files'), lambda file: contains(file, '/findings/')),
  hive_partitioning = true, hive_types = {'tenant': VARCHAR, 'date': DATE})",
];

const INTRODUCTION_TO_QUESTIONS: &str = r#"```

## Questions

Tables for DuckDB (`hive_types` keeps a tenant `007` from becoming a number):

```sql
SET TimeZone = 'UTC';
"#;

const QUESTIONS: [(&str, &str); 6] = [
    (
        "What is open, and since when? `unconfirmed_reason` says why a finding could not be looked at again.",
        "SELECT tenant, severity, rule_id, resource_name, owner, since, unconfirmed_reason, scan_complete
FROM findings
WHERE status = 'open' AND (estate, scan_started_at) IN (FROM latest)
ORDER BY since, finding_id",
    ),
    (
        "What was not read whole, by source? For one tenant: `AND tenant IN ('…', 'unknown')`.",
        "SELECT source, count(DISTINCT endpoint) AS gaps,
       count(DISTINCT endpoint) FILTER (WHERE counts_as_incomplete) AS not_accepted,
       list(DISTINCT endpoint || ': ' || coalesce(reason, state) ORDER BY endpoint || ': ' || coalesce(reason, state)) AS reasons
FROM ledger
WHERE gap AND (estate, scan_started_at) IN (FROM latest)
GROUP BY source ORDER BY source",
    ),
    (
        "How many accounts has each tenant, day by day? Those out of sight may be gone; and a count is only whole where nothing that \
         shows accounts was left unseen.",
        "SELECT estate, date, scan_started_at, tenant,
       count(*) FILTER (WHERE sight = 'seen') AS seen,
       count(*) FILTER (WHERE sight = 'carried') AS out_of_sight,
       NOT EXISTS (FROM ledger WHERE gap AND list_contains(shows, 'principal')
                   AND ledger.estate = accounts.estate AND ledger.scan_started_at = accounts.scan_started_at
                   AND ledger.tenant IN (accounts.tenant, 'unknown')) AS whole
FROM resources AS accounts
WHERE kind = 'principal'
GROUP BY ALL ORDER BY ALL",
    ),
    (
        "What is different between two days that have one scan each? What is out of sight is carried on, so a thing without a row is gone.",
        "WITH earlier AS (SELECT * FROM resources WHERE date = '2026-11-21'),
     later AS (SELECT * FROM resources WHERE date = '2026-11-22')
SELECT coalesce(later.resource_id, earlier.resource_id) AS resource_id,
       coalesce(later.name, earlier.name) AS name,
       CASE WHEN earlier.resource_id IS NULL THEN 'came or was first seen'
            WHEN later.resource_id IS NULL THEN 'gone'
            WHEN later.sight = 'carried' THEN 'not observed'
            WHEN earlier.body = later.body THEN 'in sight again'
            ELSE 'differs' END AS what
FROM earlier FULL JOIN later USING (estate, resource_id)
WHERE earlier.body IS DISTINCT FROM later.body OR earlier.sight IS DISTINCT FROM later.sight
ORDER BY 1",
    ),
    (
        "Which tokens were not used for 90 days, never end, or do not tell?",
        "SELECT tenant, resource_id, name, owner.value AS owner,
       CASE last_used_at.state
            WHEN 'known' THEN date_diff('day', last_used_at.value, scan_started_at) || ' days ago'
            WHEN 'none' THEN 'no use on record'
            ELSE 'nobody told' END AS last_used,
       coalesce(strftime(expires_at.value, '%Y-%m-%d'), expires_at.state) AS expires
FROM resources
WHERE kind = 'credential' AND sight = 'seen' AND (estate, scan_started_at) IN (FROM latest)
  AND (last_used_at.state <> 'known' OR last_used_at.value < scan_started_at - INTERVAL 90 DAY OR expires_at.state = 'none')
ORDER BY resource_id",
    ),
    (
        "Who holds which role? Any other fact is in `body` like this, by the name that rules give it.",
        "SELECT tenant, body->>'$.role' AS role, body->>'$.principal' AS account, body->>'$.container' AS container,
       facts_unknown
FROM resources
WHERE kind = 'grant' AND form = 'platform-role' AND (estate, scan_started_at) IN (FROM latest)
ORDER BY resource_id",
    ),
];

/// The same questions, in their order, as Trino and Spark take them.
const IN_OTHER_WORDS: [(&str, &str); 6] = [
    (OPEN, OPEN),
    (
        "SELECT source, count(DISTINCT endpoint) AS gaps,
       count(DISTINCT endpoint) FILTER (WHERE counts_as_incomplete) AS not_accepted,
       array_sort(array_agg(DISTINCT endpoint || ': ' || coalesce(reason, state))) AS reasons
FROM ledger JOIN latest USING (estate, scan_started_at)
WHERE gap
GROUP BY source ORDER BY source",
        "SELECT source, count(DISTINCT endpoint) AS gaps,
       count(DISTINCT endpoint) FILTER (WHERE counts_as_incomplete) AS not_accepted,
       sort_array(collect_set(endpoint || ': ' || coalesce(reason, state))) AS reasons
FROM ledger JOIN latest USING (estate, scan_started_at)
WHERE gap
GROUP BY source ORDER BY source",
    ),
    (
        "WITH accounts AS (SELECT estate, date, scan_started_at, tenant,
                         count_if(sight = 'seen') AS seen, count_if(sight = 'carried') AS out_of_sight
                  FROM resources WHERE kind = 'principal'
                  GROUP BY estate, date, scan_started_at, tenant)
SELECT accounts.estate, accounts.date, accounts.scan_started_at, accounts.tenant, seen, out_of_sight,
       count(ledger.endpoint) = 0 AS whole
FROM accounts LEFT JOIN ledger ON gap AND contains(shows, 'principal')
  AND ledger.estate = accounts.estate AND ledger.scan_started_at = accounts.scan_started_at
  AND ledger.tenant IN (accounts.tenant, 'unknown')
GROUP BY accounts.estate, accounts.date, accounts.scan_started_at, accounts.tenant, seen, out_of_sight
ORDER BY 1, 2, 3, 4",
        "WITH accounts AS (SELECT estate, date, scan_started_at, tenant,
                         count_if(sight = 'seen') AS seen, count_if(sight = 'carried') AS out_of_sight
                  FROM resources WHERE kind = 'principal'
                  GROUP BY estate, date, scan_started_at, tenant)
SELECT accounts.estate, accounts.date, accounts.scan_started_at, accounts.tenant, seen, out_of_sight,
       count(ledger.endpoint) = 0 AS whole
FROM accounts LEFT JOIN ledger ON gap AND array_contains(shows, 'principal')
  AND ledger.estate = accounts.estate AND ledger.scan_started_at = accounts.scan_started_at
  AND ledger.tenant IN (accounts.tenant, 'unknown')
GROUP BY accounts.estate, accounts.date, accounts.scan_started_at, accounts.tenant, seen, out_of_sight
ORDER BY 1, 2, 3, 4",
    ),
    (DRIFT, DRIFT),
    (
        "SELECT tenant, resource_id, name, owner.value AS owner,
       CASE last_used_at.state
            WHEN 'known' THEN CAST(date_diff('day', CAST(last_used_at.value AS DATE), CAST(scan_started_at AS DATE)) AS VARCHAR)
                              || ' days ago'
            WHEN 'none' THEN 'no use on record'
            ELSE 'nobody told' END AS last_used,
       coalesce(date_format(expires_at.value, '%Y-%m-%d'), expires_at.state) AS expires
FROM resources JOIN latest USING (estate, scan_started_at)
WHERE kind = 'credential' AND sight = 'seen'
  AND (last_used_at.state <> 'known' OR last_used_at.value < scan_started_at - INTERVAL '90' DAY OR expires_at.state = 'none')
ORDER BY resource_id",
        "SELECT tenant, resource_id, name, owner.value AS owner,
       CASE last_used_at.state
            WHEN 'known' THEN datediff(scan_started_at, last_used_at.value) || ' days ago'
            WHEN 'none' THEN 'no use on record'
            ELSE 'nobody told' END AS last_used,
       coalesce(date_format(expires_at.value, 'yyyy-MM-dd'), expires_at.state) AS expires
FROM resources JOIN latest USING (estate, scan_started_at)
WHERE kind = 'credential' AND sight = 'seen'
  AND (last_used_at.state <> 'known' OR last_used_at.value < scan_started_at - INTERVAL '90' DAY OR expires_at.state = 'none')
ORDER BY resource_id",
    ),
    (
        "SELECT tenant, json_extract_scalar(body, '$.role') AS role, json_extract_scalar(body, '$.principal') AS account,
       json_extract_scalar(body, '$.container') AS container, facts_unknown
FROM resources JOIN latest USING (estate, scan_started_at)
WHERE kind = 'grant' AND form = 'platform-role'
ORDER BY resource_id",
        "SELECT tenant, get_json_object(body, '$.role') AS role, get_json_object(body, '$.principal') AS account,
       get_json_object(body, '$.container') AS container, facts_unknown
FROM resources JOIN latest USING (estate, scan_started_at)
WHERE kind = 'grant' AND form = 'platform-role'
ORDER BY resource_id",
    ),
];

/// What both say alike.
const OPEN: &str = "SELECT tenant, severity, rule_id, resource_name, owner, since, unconfirmed_reason, scan_complete
FROM findings JOIN latest USING (estate, scan_started_at)
WHERE status = 'open'
ORDER BY since, finding_id";
const DRIFT: &str = "WITH earlier AS (SELECT * FROM resources WHERE date = DATE '2026-11-21'),
     later AS (SELECT * FROM resources WHERE date = DATE '2026-11-22')
SELECT coalesce(later.resource_id, earlier.resource_id) AS resource_id,
       coalesce(later.name, earlier.name) AS name,
       CASE WHEN earlier.resource_id IS NULL THEN 'came or was first seen'
            WHEN later.resource_id IS NULL THEN 'gone'
            WHEN later.sight = 'carried' THEN 'not observed'
            WHEN earlier.body = later.body THEN 'in sight again'
            ELSE 'differs' END AS what
FROM earlier FULL JOIN later ON earlier.estate = later.estate AND earlier.resource_id = later.resource_id
WHERE earlier.body IS DISTINCT FROM later.body OR earlier.sight IS DISTINCT FROM later.sight
ORDER BY 1";

/// The statements that name the tables in Trino and in Spark.
fn other_views() -> [Vec<String>; 2] {
    let trino = |table: &ParquetTable| {
        let columns = table.every_column().map(|column| format!("{} {}", column.name, as_in_trino(column.form)));
        let columns =
            columns.chain(["tenant VARCHAR".to_owned(), "date DATE".to_owned()]).collect::<Vec<_>>().join(",\n  ");
        format!(
            "CREATE TABLE {name} (\n  {columns}\n) WITH (external_location = 's3://lake/audit/keyroll/{name}', \
             format = 'PARQUET', partitioned_by = ARRAY['tenant', 'date'])",
            name = table.name
        )
    };
    let spark = |table: &ParquetTable| {
        format!("CREATE TEMPORARY VIEW {0} USING parquet OPTIONS (path 's3a://lake/audit/keyroll/{0}')", table.name)
    };
    let latest = |word: &str| {
        format!(
            "CREATE {word} latest AS SELECT estate, max(scan_started_at) AS scan_started_at FROM scans GROUP BY estate"
        )
    };
    let all = |one: &dyn Fn(&ParquetTable) -> String, word: &str| {
        parquet_set().iter().map(one).chain([latest(word)]).collect::<Vec<_>>()
    };
    [all(&trino, "VIEW"), all(&spark, "TEMPORARY VIEW")]
}

/// Trino's connector for Hive keeps moments in UTC without saying so.
fn as_in_trino(form: ParquetForm) -> String {
    let name = form.name().replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMP(6)").replace("STRUCT(", "ROW(");
    name.strip_suffix("[]").map_or(name.clone(), |entry| format!("ARRAY({entry})"))
}

/// The part of the document about other readers.
fn for_others() -> String {
    let mut text = String::new();
    let [trino, spark] = other_views();
    for (name, about, views, of) in [
        (
            "Trino",
            "Tables in a schema of its connector for Hive (`hive.timestamp-precision=MICROSECONDS`); new days are seen after \
             `CALL system.sync_partition_metadata('SCHEMA', 'TABLE', 'ADD')`.",
            trino,
            (|pair| pair.0) as fn(&(&'static str, &'static str)) -> &'static str,
        ),
        (
            "Spark",
            "Views, in a session with `spark.sql.session.timeZone=UTC`; so that a tenant `007` stays a text, with \
             `spark.sql.sources.partitionColumnTypeInference.enabled=false`. Spark 4.3.0 gave the answers of DuckDB to every \
             question, row for row (November 2026, by hand, on the export of two nights of the demo).",
            spark,
            |pair| pair.1,
        ),
    ] {
        write!(text, "\n## The same with {name}\n\n{about}\n\n```sql\n").unwrap();
        for view in views {
            writeln!(text, "{view};").unwrap();
        }
        text.push_str("```\n");
        for ((question, _), pair) in QUESTIONS.iter().zip(&IN_OTHER_WORDS) {
            let question = question.split_once('?').unwrap().0;
            write!(text, "\n{question}?\n\n```sql\n{};\n```\n", of(pair)).unwrap();
        }
    }
    text
}

/// The statements that name the tables.
fn views(folder: &str) -> Vec<String> {
    let view = |name: &str| {
        format!(
            "CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder}/{name}/*/*/*.parquet',\n  \
             hive_partitioning = true, hive_types = {{'tenant': VARCHAR, 'date': DATE}})"
        )
    };
    let latest =
        "CREATE VIEW latest AS SELECT estate, max(scan_started_at) AS scan_started_at FROM scans GROUP BY estate";
    parquet_set().iter().map(|table| view(table.name)).chain([latest.to_owned()]).collect()
}

#[test]
fn the_document_says_what_the_files_hold_and_what_was_published_only_grows() {
    let mut document = INTRODUCTION.to_owned();
    for statement in LISTED {
        writeln!(document, "{statement};").unwrap();
    }
    document.push_str(INTRODUCTION_TO_QUESTIONS);
    for view in views("parquet") {
        writeln!(document, "{view};").unwrap();
    }
    document.push_str("```\n");
    for (question, sql) in QUESTIONS {
        write!(document, "\n{question}\n\n```sql\n{sql};\n```\n").unwrap();
    }
    document.push_str(&for_others());
    let mut list = |title: &str, about: &str, columns: &mut dyn Iterator<Item = &ParquetColumn>| {
        write!(
            document,
            "\n## {title}\n\n{about}.\n\n| column | type | may be `NULL` | what it means |\n|---|---|---|---|\n"
        )
        .unwrap();
        for column in columns {
            let nullable = if column.nullable { "yes" } else { "" };
            writeln!(document, "| `{}` | `{}` | {nullable} | {} |", column.name, column.form.name(), column.about)
                .unwrap();
        }
    };
    list(
        "In every table",
        "With these each row begins; the folders add `tenant` and `date`",
        &mut PARQUET_SCAN_COLUMNS.iter(),
    );
    for table in parquet_set() {
        list(table.name, table.about, &mut table.columns.iter());
    }
    let published = fs::read_to_string(project().join(DOCUMENT)).unwrap_or_default();
    for line in published.lines().filter(|line| line.starts_with("| `")) {
        let column = line.split('|').take(4).collect::<Vec<_>>().join("|");
        let kept = document.lines().any(|line| line.starts_with(&column));
        assert!(kept, "a column went or changed its type: that takes a version 2\n{line}");
    }
    expect_file(DOCUMENT, &document);
}

/// The files have the types that the document says, and its questions have the answers that the CSV files give.
fn the_questions_of_the_document_are_answered(demo: &Estate, duck: &mut Duck) {
    for view in views(&demo.path("lake").display().to_string()) {
        assert_eq!(duck.ask(&view), [Value::Null; 0]);
    }
    for table in parquet_set() {
        let told = duck.ask(&format!("DESCRIBE {}", table.name));
        let expected = table.every_column().map(|column| json!([column.name, column.form.name()]));
        let folders = [json!(["tenant", "VARCHAR"]), json!(["date", "DATE"])];
        let told: BTreeSet<String> = told
            .iter()
            .map(|row| json!([row["column_name"], text(row, "column_type").replace('"', "")]).to_string())
            .collect();
        assert_eq!(told, expected.chain(folders).map(|pair| pair.to_string()).collect(), "{}", table.name);
    }
    let lake = demo.path("lake");
    let said = duck.ask(&format!(
        "SELECT DISTINCT decode(key) || ' ' || decode(value) AS said FROM parquet_kv_metadata('{}/findings/*/*/*.parquet')",
        lake.display()
    ));
    assert!(said.contains(&json!({ "said": "keyroll_parquet 1" })), "{said:?}");

    let mut answers = QUESTIONS.map(|(_, sql)| duck.ask(sql));
    for ((answer, (question, _)), (trino, spark)) in answers.iter().zip(QUESTIONS).zip(IN_OTHER_WORDS) {
        for (dialect, sql) in [("trino", trino), ("spark", spark)] {
            assert_eq!(&duck.ask_in(dialect, sql), answer, "{dialect}: {question}");
        }
    }
    for (dialect, statements) in ["trino", "spark"].iter().zip(other_views()) {
        for statement in statements {
            assert_eq!(duck.ask_in(dialect, &format!("PARSE {statement}")), [json!("read")], "{statement}");
        }
    }
    let [open, gaps, accounts, drift, stale, roles] = &mut answers;
    let csv = demo.csv("findings");
    let expected: BTreeSet<_> = csv.iter().filter(|row| row["status"] == "open").map(|row| &row["since"]).collect();
    assert_eq!(open.len(), csv.iter().filter(|row| row["status"] == "open").count());
    assert_eq!(
        open.iter().map(|row| cell(&row["since"])).collect::<BTreeSet<_>>(),
        expected.into_iter().cloned().collect()
    );

    let scan = &demo.csv("scan")[0];
    let sum = |column: &str| gaps.iter().map(|row| row[column].as_u64().unwrap()).sum::<u64>().to_string();
    assert_eq!([sum("gaps"), sum("not_accepted")], [scan["gaps"].clone(), scan["gaps_undeclared"].clone()]);

    let seen = demo.csv("principals").iter().filter(|row| row["observed"] == "yes").count() as u64;
    let of_day = |day: &str| {
        accounts.iter().filter(|row| row["date"] == day).map(|row| row["seen"].as_u64().unwrap()).sum::<u64>()
    };
    assert!(of_day("2026-11-22") == seen && of_day("2026-11-21") > 0, "{accounts:?}");

    let changes = demo.csv("drift");
    let with = |wanted: &[&str]| -> BTreeSet<String> {
        changes
            .iter()
            .filter(|row| wanted.contains(&row["what"].as_str()))
            .map(|row| row["resource_id"].clone())
            .collect()
    };
    let found = |what: &str| -> BTreeSet<String> {
        drift.iter().filter(|row| row["what"] == what).map(|row| text(row, "resource_id").to_owned()).collect()
    };
    assert!(found("came or was first seen").is_superset(&with(&["added", "first-seen"])));
    assert!(found("gone").is_superset(&with(&["removed"])) && !drift.is_empty(), "{drift:?}");

    let never =
        demo.csv("credentials").iter().filter(|row| row["observed"] == "yes" && row["expires_at"] == "none").count();
    assert_eq!(stale.iter().filter(|row| row["expires"] == "none").count(), never);
    assert!(!roles.is_empty() && roles.iter().all(|row| row["role"].is_string()), "{roles:?}");
}
