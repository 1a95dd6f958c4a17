//! Access reviews over the pretended estate: begun from a scan, filled as reviewers do, read in, and held against the scans
//! that follow: what was not taken away is a finding, what is gone resolves it, and what cannot be seen does neither.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use keyroll::clock::Clock;
use keyroll::model::{Finding, Status};
use keyroll::simulator::Fault;

use crate::support::keyroll::{Run, keyroll};
use crate::support::pretended::Estate;

const RULE: &str = "revocation-not-done";

fn now(estate: &Estate) -> DateTime<Utc> {
    estate.clock.now()
}

fn review(estate: &Estate, words: &[&str]) -> Run {
    let now = now(estate).to_rfc3339_opts(SecondsFormat::Secs, true);
    let all: Vec<&str> = ["--config", "keyroll.yaml", "--now", &now, "--width", "100", "review"]
        .into_iter()
        .chain(words.iter().copied())
        .collect();
    keyroll(estate.folder.path(), &all)
}

/// The files that reviewers fill.
fn files(estate: &Estate, folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(estate.path(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    let all = files.len();
    files.retain(|file| !["q4-not-seen.csv", "q4-columns.csv"].iter().any(|name| file.ends_with(name)));
    assert_eq!(files.len() + 2, all, "what was not seen and what the columns mean lies beside them");
    files.sort();
    files
}

type Row = BTreeMap<String, String>;

fn rows_of(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize().map(|row| row.unwrap());
    rows.collect()
}

/// Fills a file as a reviewer does: each row by what `decide` says of it.
fn fill(path: &PathBuf, decide: impl Fn(&Row) -> Option<[String; 4]>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let head = reader.headers().unwrap().clone();
    let rows: Vec<Row> = reader.deserialize().map(|row| row.unwrap()).collect();
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_path(path).unwrap();
    writer.write_record(&head).unwrap();
    for mut row in rows {
        for (name, text) in
            ["decision", "reviewer", "decided_on", "comment"].into_iter().zip(decide(&row).unwrap_or_default())
        {
            row.insert(name.to_owned(), text);
        }
        writer.write_record(head.iter().map(|name| &row[name])).unwrap();
    }
    writer.flush().unwrap();
}

fn decided(word: &str, estate: &Estate) -> Option<[String; 4]> {
    Some([word.to_owned(), "Eve Example".to_owned(), now(estate).date_naive().to_string(), String::new()])
}

/// The finding about an account, if there is one.
fn finding(estate: &Estate, account: &str) -> Option<Finding> {
    let assessment = estate.assess();
    let about = |one: &&Finding| one.rule.as_str() == RULE && one.resource.as_str() == account;
    assessment.findings.iter().find(about).cloned()
}

/// A review of machines in which all is kept but one access of one machine: one that it has by a place in a role of its own.
/// Gives its row, and project, role and holder of that place.
struct Begun {
    row: Row,
    place: [String; 3],
}

async fn begun(estate: &Estate) -> Begun {
    estate.scan().await;
    let truth = estate.simulator.truth();
    let plant = truth.plants.iter().find(|plant| plant.id == "plant-machine-is-project-admin").unwrap();
    let [holder, project, role, ..] = plant.native.as_slice() else { panic!("{plant:?}") };
    let run = review(estate, &["start", "q4", "--by", "Eve Example", "--scope", "machines", "--due", "2026-12-31"]);
    assert!(matches!(run.code, 0 | 20), "{}{}", run.out, run.err);
    let mut found = None;
    for file in files(estate, "review-q4") {
        let is_it = |row: &Row| {
            row["account_id"].ends_with(holder.as_str()) && row["place_id"].ends_with(&format!("project:{project}"))
        };
        found = found.or_else(|| rows_of(&fs::read_to_string(&file).unwrap()).into_iter().find(is_it));
        fill(&file, |row| decided(if is_it(row) { "revoke" } else { "keep" }, estate));
    }
    let place = [project, role, holder].map(Clone::clone);
    Begun { row: found.expect("the machine decides on the project, and so it has a row"), place }
}

fn import(estate: &Estate, more: &[&str]) -> Run {
    let files: Vec<String> = files(estate, "review-q4").into_iter().map(|file| file.display().to_string()).collect();
    let words: Vec<&str> =
        ["import", "q4"].into_iter().chain(files.iter().map(String::as_str)).chain(more.iter().copied()).collect();
    review(estate, &words)
}

fn pass(estate: &Estate) {
    estate.clock.set(now(estate) + TimeDelta::hours(1));
}

fn state(estate: &Estate) -> (i32, String) {
    let run = review(estate, &["status", "q4", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(document["total"]["revoke"], 1, "{}", run.out);
    (run.code, document["revocations"][0]["state"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_review_takes_away_is_a_finding_until_it_is_gone() {
    let estate = Estate::new().await;
    let Begun { row, place: [project, role, holder] } = begun(&estate).await;
    let account = row["account_id"].clone();
    pass(&estate);
    let run = import(&estate, &[]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let again = import(&estate, &[]);
    assert!(again.out.contains("0 decisions recorded") && again.code == 0, "{}", again.out);
    assert_eq!(state(&estate).1, "waits-for-a-scan");
    assert_eq!(finding(&estate, &account), None, "no scan has looked since");

    pass(&estate);
    estate.scan().await;
    let open = finding(&estate, &account).expect("it is still there");
    assert_eq!(open.status, Status::Open, "{open:?}");
    assert!(open.message.contains("review q4, Eve Example"), "{}", open.message);
    let (code, said) = state(&estate);
    assert_eq!((code & 10, said.as_str()), (10, "not-done"));

    estate.simulator.take_out_of_role(&project, &role, &holder);
    pass(&estate);
    estate.scan().await;
    assert!(matches!(finding(&estate, &account).unwrap().status, Status::Resolved(_)), "{row:?}");
    assert_eq!(state(&estate).1, "done");

    // The CSV set has it, of each scan as it stood then.
    let of = |scan: &str| {
        let words = ["report", "--format", "csv", "--as-of", scan, "--out", scan];
        assert_eq!(keyroll(estate.folder.path(), &words).code, 0);
        let rows = rows_of(&fs::read_to_string(estate.path(scan).join("csv/access_review.csv")).unwrap());
        let row = rows.iter().find(|other| other["row"] == row["row"]).cloned();
        (rows.len(), row.map(|row| (row["decision"].clone(), row["revocation"].clone())))
    };
    let is = |decision: &str, state: &str| Some((decision.to_owned(), state.to_owned()));
    assert_eq!(of("s1").1, is("open", ""), "begun in the same moment, and nothing was decided");
    assert_eq!(of("s2").1, is("revoke", "not-done"));
    assert_eq!(of("s3").1, is("revoke", "done"));
    assert_eq!(of("s2").0, of("s3").0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_seen_is_neither_done_nor_resolved() {
    let estate = Estate::new().await;
    let Begun { row, place: [project, role, holder] } = begun(&estate).await;
    let account = row["account_id"].clone();
    pass(&estate);
    assert_eq!(import(&estate, &[]).code, 0);
    pass(&estate);
    estate.scan().await;
    assert_eq!(finding(&estate, &account).unwrap().status, Status::Open);

    estate.simulator.take_out_of_role(&project, &role, &holder);
    estate.simulator.set_fault("group-member", Fault::Status(403));
    pass(&estate);
    estate.scan().await;
    let open = finding(&estate, &account).unwrap();
    assert_eq!(open.status, Status::Open, "nobody saw that it is gone");
    assert!(open.unconfirmed.is_some(), "{open:?}");
    let (code, said) = state(&estate);
    assert_eq!((code, said.as_str()), (30, "cannot-be-told"));

    estate.simulator.clear_faults();
    pass(&estate);
    estate.scan().await;
    assert!(matches!(finding(&estate, &account).unwrap().status, Status::Resolved(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_with_mistakes_records_nothing_and_tells_all_of_them() {
    let estate = Estate::new().await;
    begun(&estate).await;
    pass(&estate);
    let files = files(&estate, "review-q4");
    let file = files.first().unwrap();
    let good = fs::read_to_string(file).unwrap();
    let before = review(&estate, &["status", "q4", "--format", "csv"]).out;
    for (from, to, told) in [
        (";keep;", ";behalten;", "`behalten` is no decision"),
        (";keep;", ";kep;", "did you mean `keep`?"),
        (";2026-11-21;", ";11/21/2026;", "does it mean 2026-11-21?"),
        (";2026-11-21;", ";46347;", "is how a spreadsheet counts days"),
        (";2026-11-21;", ";2027-01-01;", "2027-01-01 is still to come"),
        (";Eve Example;", ";;", "a decision without a reviewer is nobody's"),
        ("q4;R-", "q3;R-", "is of review `q3`"),
        (";R-", ";R-0", "is no row key as the review wrote it"),
        (";decision;", ";verdict;", "column `decision` is missing"),
    ] {
        fs::write(file, good.replace(from, to)).unwrap();
        let run = import(&estate, &[]);
        assert_eq!(run.code, 3, "{to}: {}{}", run.out, run.err);
        assert!(run.err.contains(told), "{told}\n{}", run.err);
        assert!(run.out.is_empty(), "{}", run.out);
        assert_eq!(review(&estate, &["status", "q4", "--format", "csv"]).out, before, "{to}");
    }
    let short: Vec<&str> = good.lines().collect();
    let short = short[..short.len() - 1].join("\n") + "\n";
    fs::write(file, short).unwrap();
    let run = import(&estate, &[]);
    assert!(run.code == 3 && run.err.contains("missing"), "{}", run.err);
    assert_eq!(import(&estate, &["--partial"]).code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_review_says_what_it_is_not_about_and_what_nobody_could_see() {
    let estate = Estate::new().await;
    estate.simulator.set_fault("group-member", Fault::Status(403));
    estate.scan().await;
    let run = review(&estate, &["start", "q4", "--by", "Eve"]);
    assert_eq!(run.code, 20, "{}{}", run.out, run.err);
    assert!(run.err.contains("Left out: accesses to filters and dashboards"), "{}", run.err);
    let not_seen = fs::read_to_string(estate.path("review-q4/q4-not-seen.csv")).unwrap();
    assert!(not_seen.contains("403"), "{not_seen}");
    let page = review(&estate, &["status", "q4"]).out;
    assert!(page.contains("NOT SEEN WHEN IT BEGAN") && page.contains("FOR THE AUDITOR"), "{page}");
    let folder = review(&estate, &["start", "q5", "--by", "Eve", "--out", "review-q4"]);
    assert!(folder.code == 1 && folder.err.contains("is there already"), "{}", folder.err);
    assert!(review(&estate, &["status", "q5"]).err.contains("did you mean `q4`?"), "nothing of q5 was kept");
    let again = review(&estate, &["start", "q4", "--by", "Eve", "--out", "elsewhere"]);
    assert!(again.code == 1 && again.err.contains("there is a review `q4` already"), "{}", again.err);
    assert!(!estate.path("elsewhere").exists());
    let nobody = review(&estate, &["start", "q6", "--by", "Eve", "--owner", "nobody@acme.example"]);
    assert!(nobody.code == 1 && nobody.err.contains("nothing in this scope is asked of"), "{}", nobody.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_scan_makes_the_same_rows_and_a_status_can_be_read_in_again() {
    let estate = Estate::new().await;
    begun(&estate).await;
    pass(&estate);
    assert_eq!(import(&estate, &[]).code, 0);
    let told = review(&estate, &["status", "q4", "--format", "csv"]).out;
    fs::write(estate.path("back.csv"), &told).unwrap();
    let run = review(&estate, &["import", "q4", "back.csv"]);
    assert!(run.code == 0 && run.out.contains("0 decisions recorded"), "{}{}", run.out, run.err);
    let one = review(&estate, &["start", "again", "--by", "Eve", "--scope", "all", "--as-of-snapshot", "s1"]);
    assert!(matches!(one.code, 0 | 20), "{}", one.err);
    let rows = rows_of(&review(&estate, &["status", "again", "--format", "csv"]).out);
    let mut places: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["account_id"].as_str(), row["place_id"].as_str())).collect();
    let all = places.len();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), all, "an account has one row for each place");
    assert!(all > 200, "{all}");
}
