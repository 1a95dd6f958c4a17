//! What a million findings cost to write: `findings.csv` and the JSON report, straight from the store, against the bare `csv` writer on
//! the same data; and that the memory it takes does not grow with them.
//!
//! `cargo bench --bench reports` does it for 100,000 and 1,000,000 findings; `-- FINDINGS …` for others. Every measurement is a
//! process of its own, so that its peak of memory is its own.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use keyroll::app::{WaiverView, assess_stored};
use keyroll::config::Config;
use keyroll::model::{
    Body, Collection, ControlId, Credential, CredentialForm, Dispatch, EndpointState, Fact, Finding, FindingId, Kind,
    LedgerEntry, Resource, ResourceId, RuleSummary, Sighting, Snapshot, SnapshotHead, SnapshotId, Status, Step, Tally,
    Transition,
};
use keyroll::reports::{FORMATS, Findings, Told, Wanted, csv_set};
use keyroll::store::{ScanRecord, Store};

const ROUNDS: usize = 3;
/// Findings on one resource: one of each of so many rules.
const RULES: usize = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["seed", folder, findings] => seed(Path::new(folder), findings.parse().unwrap()),
        ["ours", folder, names] => ours(Path::new(folder), names),
        ["raw-from-store", folder] => raw_from_store(Path::new(folder)),
        ["raw-from-memory", folder] => raw_from_memory(Path::new(folder)),
        [] => [100_000, 1_000_000].into_iter().for_each(conduct),
        sizes => sizes.iter().map(|size| size.parse().expect("a number of findings")).for_each(conduct),
    }
}

/// One way of writing: seconds and peak of memory in MiB, medians of some rounds.
struct Figure {
    seconds: f64,
    peak: f64,
}

fn conduct(findings: usize) {
    let folder = tempfile::tempdir().unwrap();
    run(&["seed", folder.path().to_str().unwrap(), &findings.to_string()]);
    let size = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len() as f64 / 1e6;
    println!("{findings} findings, each with a step; the store has {:.0} MB", size("keyroll.db"));
    let place = folder.path().to_str().unwrap().to_owned();
    let ways: [(&str, Vec<&str>); 6] = [
        ("csv writer, same cells from the same store", vec!["raw-from-store", &place]),
        ("findings.csv", vec!["ours", &place, "csv"]),
        ("report.json", vec!["ours", &place, "json"]),
        ("findings.csv and report.json", vec!["ours", &place, "csv,json"]),
        ("csv writer, records in memory", vec!["raw-from-memory", &place]),
        ("keyroll report --format csv,json (all files)", vec!["program", &place]),
    ];
    let mut raw = None;
    for (name, arguments) in &ways {
        let figure = median(|| if arguments[0] == "program" { program(folder.path()) } else { run(arguments) });
        let rate = findings as f64 / figure.seconds;
        let raw = *raw.get_or_insert(rate);
        println!(
            "{name:<46} {:>7.2} s {:>9.0} findings/s   {:>5.2} of the first   peak {:>6.0} MiB",
            figure.seconds,
            rate,
            rate / raw,
            figure.peak
        );
    }
    println!("findings.csv has {:.0} MB, report.json {:.0} MB", size("findings.csv"), size("report.json"));
}

fn median(mut measure: impl FnMut() -> Figure) -> Figure {
    let mut figures: Vec<Figure> = (0..ROUNDS).map(|_| measure()).collect();
    figures.sort_by(|left, right| left.seconds.total_cmp(&right.seconds));
    figures.swap_remove(ROUNDS / 2)
}

/// Runs a part of this bench in a process of its own, which says its seconds and its peak.
fn run(arguments: &[&str]) -> Figure {
    let output = Command::new(std::env::current_exe().unwrap()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let mut numbers = told.split_whitespace().map(|number| number.parse().unwrap());
    Figure { seconds: numbers.next().unwrap_or(0.0), peak: numbers.next().unwrap_or(0.0) }
}

/// Runs the program itself, all CSV files and the JSON report, and watches its memory from outside.
fn program(folder: &Path) -> Figure {
    fs::write(folder.join("keyroll.yaml"), "estate: bench\nstore: keyroll.db\nsources: []\n").unwrap();
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(["report", "--format", "csv,json", "--out", "out"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0.0_f64;
    let (wake, sleep) = std::sync::mpsc::channel::<()>();
    let ended = loop {
        peak = peak.max(peak_mebibytes(&child.id().to_string()));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        // Nobody ever wakes it: a wait of ten milliseconds.
        assert!(sleep.recv_timeout(std::time::Duration::from_millis(10)).is_err());
    };
    drop(wake);
    assert!(ended.success());
    Figure { seconds: begin.elapsed().as_secs_f64(), peak }
}

fn tell(begin: Instant) {
    println!("{} {}", begin.elapsed().as_secs_f64(), peak_mebibytes("self"));
}

/// The reports as `keyroll report` writes them.
fn ours(folder: &Path, names: &str) {
    let begin = Instant::now();
    let store = Store::open(&folder.join("keyroll.db")).unwrap();
    let scan = store.latest().unwrap().unwrap();
    let stored = assess_stored(&store, scan, WaiverView::Applied).unwrap();
    for name in names.split(',') {
        if name == "csv" {
            let table = csv_set().iter().find(|table| table.name == "findings").unwrap();
            let mut out = BufWriter::new(File::create(folder.join("findings.csv")).unwrap());
            table.write_told(&stored.assessment, &stored.findings, &mut out).unwrap();
        } else {
            let format = FORMATS.iter().find(|format| format.name == name).unwrap();
            let mut out = BufWriter::new(File::create(folder.join("report.json")).unwrap());
            format.write(&stored.assessment, &stored.findings, &mut out).unwrap();
        }
    }
    tell(begin);
}

/// The same cells from the same reading, handed to the bare writer as they are.
fn raw_from_store(folder: &Path) {
    let begin = Instant::now();
    let store = Store::open(&folder.join("keyroll.db")).unwrap();
    let scan = store.latest().unwrap().unwrap();
    let stored = assess_stored(&store, scan, WaiverView::Applied).unwrap();
    let mut out = csv::Writer::from_writer(BufWriter::new(File::create(folder.join("raw.csv")).unwrap()));
    let mut write = |told: &Told<'_>| {
        out.write_record(raw_cells(told)).unwrap();
        Ok(())
    };
    stored.findings.each(Wanted::Steps, &mut write).unwrap();
    out.flush().unwrap();
    tell(begin);
}

fn raw_cells(told: &Told<'_>) -> [String; 23] {
    let finding = told.finding;
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let list = |texts: Vec<&str>| texts.join("; ");
    let seen_by: Vec<String> = finding.seen_by.iter().map(|by| format!("{}: {}", by.source, by.endpoint)).collect();
    let (waiver, resolution) = match &finding.status {
        Status::Open => (String::new(), String::new()),
        Status::Waived(waiver) => (waiver.to_string(), String::new()),
        Status::Resolved(resolution) => (String::new(), resolution.text().to_owned()),
    };
    [
        finding.id.to_string(),
        finding.status.name().to_owned(),
        finding.severity.name().to_owned(),
        finding.rule.to_string(),
        finding.rule_version.to_string(),
        finding.title.clone(),
        finding.message.clone(),
        finding.resource.to_string(),
        finding.resource.kind().name().to_owned(),
        finding.resource_name.clone(),
        finding.owner.clone().unwrap_or_default(),
        finding.remedy.clone(),
        list(finding.controls.iter().map(ControlId::as_str).collect()),
        time(finding.first_seen),
        time(finding.since),
        time(finding.last_seen),
        list(told.steps.iter().map(|step| step.name()).collect()),
        waiver,
        resolution,
        finding.unconfirmed.as_ref().map(|unconfirmed| time(unconfirmed.since)).unwrap_or_default(),
        finding.unconfirmed.as_ref().map(|unconfirmed| unconfirmed.reason.clone()).unwrap_or_default(),
        seen_by.join("; "),
        "yes".to_owned(),
    ]
}

/// Nothing but the writer: the records of `findings.csv` lie in memory.
fn raw_from_memory(folder: &Path) {
    let records: Vec<csv::ByteRecord> =
        csv::Reader::from_path(folder.join("findings.csv")).unwrap().into_byte_records().map(Result::unwrap).collect();
    let begin = Instant::now();
    let mut out = csv::Writer::from_writer(BufWriter::new(File::create(folder.join("raw.csv")).unwrap()));
    for record in &records {
        out.write_byte_record(record).unwrap();
    }
    out.flush().unwrap();
    tell(begin);
}

/// The most memory a process ever held, as Linux tells it; 0 elsewhere.
fn peak_mebibytes(process: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: 0 kB");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn now() -> DateTime<Utc> {
    "2026-11-21T02:00:00Z".parse().unwrap()
}

/// A first scan in which every resource fails by each of the rules; of every twenty findings one is waived at once.
fn seed(folder: &Path, findings: usize) {
    let resources: Vec<Resource> = (0..findings / RULES).map(token).collect();
    let mut rules: Vec<RuleSummary> = Config::shipped().rules().unwrap().summaries();
    rules.truncate(RULES);
    let found: Vec<Finding> =
        rules.iter().flat_map(|rule| (0..resources.len()).map(|at| finding(rule, &resources[at], at))).collect();
    let mut found = found;
    found.sort_by(|left, right| {
        let place = (right.severity, &left.rule, &left.resource);
        place.cmp(&(left.severity, &right.rule, &right.resource))
    });
    let transitions: Vec<Transition> = found.iter().map(step).collect();
    let tallies: BTreeMap<_, _> =
        rules.iter().map(|rule| (rule.id.clone(), Tally { fail: resources.len(), ..Tally::default() })).collect();
    let ledger = vec![entry("user API tokens", Kind::Credential)];
    let snapshot = Snapshot::seal(vec![Collection { authority: 2, resources, ledger }]);
    let head = SnapshotHead {
        id: SnapshotId(0),
        estate: "bench".to_owned(),
        started_at: now(),
        ended_at: now(),
        digest: snapshot.digest,
        rules_digest: snapshot.digest,
        rules_off: Vec::new(),
        complete: true,
        tool_version: "bench".to_owned(),
        sources: vec!["org".into()],
        compared_with: None,
        counts: snapshot.counts(),
    };
    let record = ScanRecord {
        after: None,
        head: &head,
        snapshot: &snapshot,
        changes: &[],
        findings: &found,
        transitions: &transitions,
        tallies: &tallies,
        rules: &rules,
        waivers: &[],
        dispatch: &Dispatch::default(),
        expiries: None,
        run: None,
    };
    let mut store = Store::create_or_open(&folder.join("keyroll.db")).unwrap();
    store.commit(&record).unwrap();
    store.compact().unwrap();
}

fn finding(rule: &RuleSummary, resource: &Resource, at: usize) -> Finding {
    Finding {
        id: FindingId::of(&rule.id, &resource.id),
        rule: rule.id.clone(),
        rule_version: rule.version,
        title: rule.title.clone(),
        resource: resource.id.clone(),
        resource_name: resource.name.clone(),
        seen_by: resource.seen_by.clone(),
        severity: rule.severity,
        message: format!("API token “{}” of First Last {at} is not as {} asks", resource.name, rule.id),
        remedy: rule.remedy.clone(),
        owner: Some(format!("First Last {at}")),
        controls: rule.controls.clone(),
        status: if at.is_multiple_of(20) { Status::Waived("W-1".into()) } else { Status::Open },
        first_seen: now(),
        since: now(),
        last_seen: now(),
        unconfirmed: None,
    }
}

fn step(finding: &Finding) -> Transition {
    let (step, note) = match &finding.status {
        Status::Waived(waiver) => (Step::Waived, format!("by {waiver}")),
        Status::Open | Status::Resolved(_) => (Step::Opened, String::new()),
    };
    Transition { finding: finding.id.clone(), step, at: now(), severity: finding.severity, note }
}

fn token(at: usize) -> Resource {
    let made = now() - TimeDelta::days(100 + (at % 200) as i64);
    let mut credential = Credential::unknown(CredentialForm::ApiToken);
    credential.owner = Fact::Known(ResourceId::new(ResourceId::CLOUD, Kind::Principal, &format!("712020:{at:08x}")));
    credential.status = Fact::Known("active".to_owned());
    credential.created_at = Fact::Known(made);
    credential.expires_at = Fact::Absent;
    Resource {
        id: ResourceId::new(ResourceId::CLOUD, Kind::Credential, &format!("f2c1{at:08x}-0000-4000")),
        name: format!("deploy {at}, nightly"),
        seen_by: vec![Sighting { source: "org".into(), endpoint: "user API tokens".into() }],
        body: Body::Credential(credential),
    }
}

fn entry(endpoint: &str, kind: Kind) -> LedgerEntry {
    let mut entry =
        LedgerEntry::not_asked("org".into(), endpoint.into(), String::new(), vec![kind], String::new(), now());
    entry.state = EndpointState::Complete;
    entry.requests = 1;
    entry
}
