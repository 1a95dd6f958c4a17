//! Every endpoint, every fault: no false pass, no false removal, no false resolve, a ledger that says why, and all as
//! before once the fault is over. What came of each cell is in `tests/fault-matrix.md`.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use keyroll::model::EndpointState;
use keyroll::simulator::{ENDPOINTS, Plan};

use super::cells::{ANSWERS, CELLS, COUNTED, Cell, SILENT, SPARED, Sight, TOLD};
use super::lab::{Brought, Lab, OF_A_CHANGE, Verdict, word};
use crate::mixed::only;
use crate::support::pretended::{Estate, first_night};
use crate::support::project;

const DOCUMENT: &str = "tests/fault-matrix.md";
const ANEW: &str = "run with KEYROLL_UPDATE=1 and read the difference in tests/fault-matrix.md";

const HOSTS: [&str; 8] =
    ["org", "jira", "confluence", "bitbucket", "jira-dc", "confluence-dc", "bitbucket-dc", "jira-align"];

/// A host where nobody may ask anything: it counts who comes.
struct Elsewhere {
    address: String,
    visits: Arc<AtomicUsize>,
}

impl Elsewhere {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&visits);
        std::thread::spawn(move || {
            for visit in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(visit);
            }
        });
        Self { address, visits }
    }
}

/// How long an answer may take where one does not come, and elsewhere.
const IMPATIENT: Duration = Duration::from_secs(1);
const PATIENT: Duration = Duration::from_secs(20);

/// The longest that a source may take over a cell on a busy machine. A cell takes a tenth of a second.
const BOUND: Duration = Duration::from_secs(30);

/// Of each endpoint the short form tries every so many-th cell; with each next endpoint it begins one cell further on. A fault that
/// this leaves out is tried at the first endpoint of the host where it shows.
const SPREAD: usize = 13;

/// The word for a fault that does not show.
const NOTHING: &str = "·";

/// Tries faults on every endpoint of a host that a scan of the estate asks, and compares what comes of them with the document.
async fn matrix(estate: Estate, host: &str) {
    let elsewhere = Elsewhere::open();
    let mut lab = Lab::of(estate).await;
    let asked: Vec<_> =
        ENDPOINTS.iter().filter(|each| each.host() == host).map(|each| (each, lab.askers(each))).collect();
    let asked: Vec<_> = asked.into_iter().filter(|(_, askers)| !askers.is_empty()).collect();
    let written = rows_of(&document(), host);
    let chosen = chosen(&written);
    let (mut wrong, mut found) = (Vec::new(), Rows::new());
    for (endpoint, askers) in &asked {
        let sources = lab.fresh(askers, PATIENT);
        let is_new = written.iter().all(|(name, _)| name != endpoint.name);
        let whole = is_new || is_tried_whole(endpoint.name);
        let mut words = Vec::new();
        for (column, cell) in CELLS.iter().enumerate() {
            if !whole && !chosen.contains(&(endpoint.name, column)) {
                words.push(String::new());
                continue;
            }
            let patience = if cell.name == "stalled" { IMPATIENT } else { PATIENT };
            let fresh = if cell.lasts { lab.fresh(askers, patience) } else { Vec::new() };
            let began = Instant::now();
            lab.estate.simulator.set_fault(endpoint.name, (cell.fault)(&elsewhere.address));
            let brought = lab.look(if cell.lasts { &fresh } else { &sources }).await;
            let struck = lab.estate.simulator.struck();
            lab.estate.simulator.clear_faults();
            let took = began.elapsed();
            if struck == 0 {
                words.push(NOTHING.to_owned());
                continue;
            }
            let verdict = lab.judge(&brought).await;
            let (word, mut told) = weigh(&lab, endpoint.name, cell, &brought, &verdict);
            if took > BOUND {
                told.push(format!("it took {} s", took.as_secs()));
            }
            words.push(word.to_owned());
            wrong.extend(told.into_iter().take(4).map(|told| format!("{}, {}: {told}", endpoint.name, cell.name)));
        }
        let healed = lab.look(&sources).await;
        if !lab.otherwise(&healed).is_empty() {
            wrong.push(format!("{}: what is seen once all is well is not what was seen before", endpoint.name));
        }
        found.push((endpoint.name.to_owned(), words));
    }
    let cells =
        found.iter().flat_map(|(_, words)| words).filter(|word| !["", NOTHING].contains(&word.as_str())).count();
    println!("{host}: {cells} cells, {} judgements", lab.judgements());
    if is_update() {
        write(host, &written, &found);
    }
    assert!(wrong.is_empty(), "{} false words: {wrong:#?}", wrong.len());
    assert!(lab.estate.simulator.destroyed().is_empty(), "nothing was ever revoked");
    assert_eq!(elsewhere.visits.load(Ordering::SeqCst), 0, "nobody asked another host");
    compare(host, &rows_of(&document(), host), &found);
}

/// The word for a cell, and what is wrong with what was said of it.
fn weigh(lab: &Lab, endpoint: &str, cell: &Cell, brought: &Brought, verdict: &Verdict) -> (&'static str, Vec<String>) {
    let mut wrong = verdict.false_words.clone();
    let moved = cell.sight == Sight::Moved || TOLD.contains(&(endpoint, cell.name));
    // What was told otherwise for a night has changed, and a finding of a change stays open.
    let scars = verdict.scars.iter().filter(|scar| !moved || !scar.starts_with(OF_A_CHANGE));
    wrong.extend(scars.map(|scar| format!("when all is well: {scar}")));
    let counted = COUNTED.contains(&endpoint) && cell.name == "dropped";
    if SILENT.contains(&cell.name) && !counted && verdict.complete {
        return (if verdict.same { "whole" } else { "unnoticed" }, Vec::new());
    }
    if ANSWERS.contains(&(endpoint, cell.name)) {
        return ("answer", Vec::new());
    }
    let spared = SPARED.contains(&endpoint) || endpoint.ends_with("-count");
    let ledger = || brought.values().flat_map(|one| &one.ledger);
    if verdict.complete && !verdict.same && !moved && !spared {
        wrong.push("complete, and judged otherwise than before".to_owned());
    }
    if cell.sight == Sight::Whole && !verdict.complete {
        wrong.push("incomplete for nothing".to_owned());
    }
    if (counted || cell.sight == Sight::Less) && verdict.complete && !spared {
        wrong.push("complete although something was not seen".to_owned());
    }
    let says_why =
        |state, reason: &str| !matches!(state, EndpointState::Complete | EndpointState::Skipped) && !reason.is_empty();
    if !verdict.complete && !ledger().any(|entry| says_why(entry.state, &entry.reason)) {
        wrong.push("no gap says why".to_owned());
    }
    if !wrong.is_empty() {
        let gaps = ledger().filter(|entry| entry.is_gap()).map(|entry| entry.gap_text());
        wrong.insert(0, format!("the ledger: {:?}", gaps.collect::<Vec<_>>()));
    }
    (word(&lab.clean, brought), wrong)
}

/// Endpoints, and a word for each cell; nothing where a cell was not tried.
type Rows = Vec<(String, Vec<String>)>;

/// Whether the document is to be written anew.
#[expect(clippy::disallowed_methods, reason = "a developer's switch, not a setting of the product")]
fn is_update() -> bool {
    std::env::var("KEYROLL_UPDATE").is_ok()
}

/// Whether every cell of an endpoint is to be tried, and not those of the short form alone: if `KEYROLL_FAULTS` is `all`, or
/// has its name among others.
#[expect(clippy::disallowed_methods, reason = "a developer's switch, not a setting of the product")]
fn is_tried_whole(endpoint: &str) -> bool {
    let asked = std::env::var("KEYROLL_FAULTS").unwrap_or_default();
    asked == "all" || asked.split(',').any(|name| name == endpoint)
}

/// The cells of the short form: of each endpoint every so many-th of those where the fault shows, and every fault somewhere.
fn chosen(rows: &Rows) -> BTreeSet<(&str, usize)> {
    let shown = |words: &[String]| (0..words.len()).filter(|column| words[*column] != NOTHING).collect::<Vec<_>>();
    let mut chosen = BTreeSet::new();
    for (number, (endpoint, words)) in rows.iter().enumerate() {
        let columns = shown(words).into_iter().enumerate();
        let tried = columns.filter(|(nth, _)| (nth + number) % SPREAD == 0).map(|(_, column)| column);
        chosen.extend(tried.map(|column| (endpoint.as_str(), column)));
    }
    let mut tried: BTreeSet<usize> = chosen.iter().map(|(_, column)| *column).collect();
    for (endpoint, words) in rows {
        let left_out = shown(words).into_iter().filter(|column| tried.insert(*column)).collect::<Vec<_>>();
        chosen.extend(left_out.into_iter().map(|column| (endpoint.as_str(), column)));
    }
    chosen
}

fn document() -> String {
    fs::read_to_string(project().join(DOCUMENT)).unwrap()
}

/// The rows of the document that are about a host.
fn rows_of(document: &str, host: &str) -> Rows {
    let (_, rest) = document.split_once(&heading(host)).unwrap_or_else(|| panic!("`{host}` has no part"));
    let part = rest.split_once("\n## ").map_or(rest, |(part, _)| part);
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = part.lines().filter(|line| line.starts_with("| `")).map(cells);
    rows.map(|cells| (cells[1].trim_matches('`').to_owned(), cells[2..cells.len() - 1].to_vec())).collect()
}

/// Compares the cells that were tried with the document, and the endpoints that were asked.
fn compare(host: &str, written: &Rows, found: &Rows) {
    let names = |rows: &Rows| rows.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(found), names(written), "the endpoints of {host}: {ANEW}");
    let mut other = Vec::new();
    for ((endpoint, found), (_, written)) in found.iter().zip(written) {
        for ((found, written), cell) in found.iter().zip(written).zip(CELLS) {
            if !found.is_empty() && found != written {
                other.push(format!("{endpoint}, {}: {found}, and not {written}", cell.name));
            }
        }
    }
    assert!(other.is_empty(), "{host}: {ANEW}: {other:#?}");
}

/// Where all hosts write what came of their cells, one at a time.
static WRITING: Mutex<()> = Mutex::new(());

/// Writes the part of the document that is about a host. What was not tried stays as it was written.
fn write(host: &str, written: &Rows, found: &Rows) {
    let mut rows = found.clone();
    for (endpoint, words) in &mut rows {
        let Some((_, before)) = written.iter().find(|(name, _)| name == endpoint) else { continue };
        let left = words.iter_mut().zip(before).filter(|(word, _)| word.is_empty());
        left.for_each(|(word, before)| word.clone_from(before));
    }
    let cells = rows.iter().flat_map(|(_, words)| words).filter(|word| *word != NOTHING).count();
    let one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let document = document();
    let (before, rest) = document.split_once(&heading(host)).unwrap_or_else(|| panic!("`{host}` has no part"));
    let after = rest.split_once("\n## ").map_or(String::new(), |(_, after)| format!("\n## {after}"));
    let mut part = format!("\n{cells} cells.\n\n| endpoint |");
    part.extend((1..=CELLS.len()).map(|number| format!(" {number} |")));
    part.push_str("\n|---|");
    part.push_str(&"---|".repeat(CELLS.len()));
    for (endpoint, words) in &rows {
        part.push_str(&format!("\n| `{endpoint}` | {} |", words.join(" | ")));
    }
    fs::write(project().join(DOCUMENT), format!("{before}{}{part}\n{after}", heading(host))).unwrap();
    drop(one_at_a_time);
}

fn heading(host: &str) -> String {
    format!("\n## {host}\n")
}

async fn cloud() -> Estate {
    Estate::of(Plan { seed: 11, accounts: 100, now: first_night(), page_latency: Duration::ZERO }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_the_organisation_api_makes_a_false_word() {
    matrix(cloud().await, "org").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_the_jira_api_makes_a_false_word() {
    matrix(cloud().await, "jira").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_the_confluence_api_makes_a_false_word() {
    matrix(cloud().await, "confluence").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_the_bitbucket_api_makes_a_false_word() {
    matrix(cloud().await, "bitbucket").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_a_self_hosted_jira_makes_a_false_word() {
    matrix(only("jira-dc").await, "jira-dc").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_a_self_hosted_confluence_makes_a_false_word() {
    matrix(only("confluence-dc").await, "confluence-dc").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_a_self_hosted_bitbucket_makes_a_false_word() {
    matrix(only("bitbucket-dc").await, "bitbucket-dc").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_jira_align_makes_a_false_word() {
    matrix(only("jira-align").await, "jira-align").await;
}

/// The legend of the document is the list of cells.
#[test]
fn the_legend_tells_every_fault() {
    let document = document();
    for (number, cell) in (1..).zip(CELLS) {
        let line = format!("| {number} | {} | {} |\n", cell.name, cell.what);
        assert!(document.contains(&line), "missing: {line}");
    }
}

/// What the check runs leaves out no endpoint, and no fault of a host that shows anywhere there.
#[test]
fn the_short_form_has_every_endpoint_and_every_fault() {
    let document = document();
    let mut tried = BTreeSet::new();
    for host in HOSTS {
        let rows = rows_of(&document, host);
        let chosen = chosen(&rows);
        for (endpoint, words) in &rows {
            assert!(chosen.iter().any(|(name, _)| name == endpoint), "{endpoint}");
            for (column, _) in words.iter().enumerate().filter(|(_, word)| *word != NOTHING) {
                assert!(chosen.iter().any(|(_, tried)| *tried == column), "{host}: {}", CELLS[column].name);
            }
        }
        tried.extend(chosen.iter().map(|(_, column)| *column));
    }
    let left_out = CELLS.iter().enumerate().filter(|(column, _)| !tried.contains(column)).map(|(_, cell)| cell.name);
    assert_eq!(left_out.collect::<Vec<_>>(), [""; 0]);
}
