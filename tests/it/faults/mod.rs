//! Every endpoint, every fault: no false pass, no false removal, no false resolve, the right ledger state, and all as
//! before once the fault is over.

mod weight;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use keyroll::app::{AppError, ScanRequest};
use keyroll::model::{Assessment, Body, EndpointState, FindingId, RuleId, Step, Tally, What};
use keyroll::simulator::{ENDPOINTS, Fault, Plan};

use crate::mixed::only;
use crate::support::pretended::{Estate, first_night, gaps, open};

/// A fault, and whether it leaves something unseen.
struct Cell {
    name: &'static str,
    fault: fn() -> Fault,
    passes_by: bool,
}

const FAULTS: &[Cell] = &[
    Cell { name: "401", fault: || Fault::Status(401), passes_by: false },
    Cell { name: "403", fault: || Fault::Status(403), passes_by: false },
    Cell { name: "404", fault: || Fault::Status(404), passes_by: false },
    Cell { name: "500 for ever", fault: || Fault::Status(500), passes_by: false },
    Cell { name: "500 once", fault: || Fault::ServerError { times: 1 }, passes_by: true },
    Cell {
        name: "429 once",
        fault: || Fault::Throttle { times: 1, retry_after: Some(Duration::ZERO) },
        passes_by: true,
    },
    Cell {
        name: "429 for an hour",
        fault: || Fault::ThrottleForever { retry_after: Some(Duration::from_secs(3600)) },
        passes_by: false,
    },
    Cell { name: "cut connection", fault: || Fault::CutConnection, passes_by: false },
    Cell { name: "truncated body", fault: || Fault::TruncatedBody, passes_by: false },
    Cell { name: "login page", fault: || Fault::LoginPage, passes_by: false },
    Cell { name: "slow", fault: || Fault::Latency(Duration::from_millis(20)), passes_by: true },
];

/// Faults that only a listing in pages can have.
const PAGE_FAULTS: &[Cell] = &[
    Cell { name: "denied from page 2", fault: || Fault::OnPage(2, Box::new(Fault::Status(403))), passes_by: false },
    Cell { name: "cut from page 2", fault: || Fault::OnPage(2, Box::new(Fault::CutConnection)), passes_by: false },
    Cell { name: "repeated cursor", fault: || Fault::RepeatedCursor, passes_by: false },
];

/// Listings with a count beside them: rows that are dropped are noticed.
const COUNTED: &[&str] = &[
    "user-search",
    "api-tokens",
    "api-keys",
    "service-accounts",
    "managed-accounts",
    "project-search",
    "group-bulk",
    "group-member",
];

/// Endpoints that only spare other requests, or only show what is accepted as out of sight: nothing is unseen without
/// them.
///
/// Of a self-hosted Confluence two endpoints tell the version, each in place of the other; of a self-hosted Jira the search
/// for users and the roles of single projects are asked only where the better way fails.
const SPARED: &[&str] = &[
    "bb-ssh-keys",
    "confluence-dc-server-information",
    "confluence-dc-manifest",
    "jira-dc-user-search",
    "jira-dc-project-roles",
    "align-swagger",
];

/// What looks like a fault and is an answer: pipelines that were never set up are not found.
///
/// A self-hosted Jira that does not list users, or not to this account, is searched for them, and the search is proven whole.
const ANSWERS: &[(&str, &str)] =
    &[("bb-pipelines-config", "404"), ("jira-dc-user-list", "403"), ("jira-dc-user-list", "404")];

/// The faults that are tried on self-hosted products: how each is met is the HTTP layer's, so one of each sort is enough.
const SERVER_FAULTS: &[&str] = &["401", "403", "404", "500 for ever", "500 once", "truncated body", "login page"];

/// Listings long enough for a second page in the estate of these tests.
const PAGED: &[&str] = &["user-search", "api-tokens", "group-member"];

/// True if a scan asked this endpoint: faults of the others would prove nothing.
fn is_asked(estate: &Estate, method: &str, template: &str) -> bool {
    let pattern: Vec<&str> = template.split('/').collect();
    estate.simulator.requests().iter().any(|(asked, path)| {
        let parts: Vec<&str> = path.split(['?']).next().unwrap().split('/').collect();
        asked == method
            && parts.len() == pattern.len()
            && parts.iter().zip(&pattern).all(|(part, wanted)| wanted.starts_with('{') || part == wanted)
    })
}

struct Before {
    open: BTreeSet<FindingId>,
    tallies: BTreeMap<RuleId, Tally>,
}

/// What is wrong with what was said while a fault was on.
fn complaints(cell: &Cell, endpoint: &str, complete: bool, before: &Before, after: &Assessment) -> Vec<String> {
    let mut wrong = Vec::new();
    for change in &after.changes {
        if matches!(change.what, What::Removed | What::Rotated | What::Added) {
            wrong.push(format!("called {}: {}", change.what.name(), change.resource));
        }
    }
    for step in after.transitions.iter().filter(|step| step.step == Step::Resolved) {
        let finding = after.findings.iter().find(|finding| finding.id == step.finding).unwrap();
        wrong.push(format!("called resolved: {}: {}", finding.rule, finding.message));
    }
    let now: BTreeSet<_> = open(after).map(|finding| finding.id.clone()).collect();
    wrong.extend(before.open.difference(&now).map(|lost| format!("lost finding {lost}")));
    for (rule, tally) in &after.tallies {
        let clean = &before.tallies[rule];
        if after.rules.iter().any(|summary| summary.id == *rule && summary.on_change) {
            continue;
        }
        // A rule that holds whether or not it speaks of a resource may pass where it did not apply before.
        let content = |tally: &Tally| tally.pass + tally.not_applicable;
        if content(tally) > content(clean) {
            wrong.push(format!("{rule} passes on more than could be seen"));
        }
        if tally.pass + tally.fail < clean.pass + clean.fail && tally.is_whole() {
            wrong.push(format!("{rule} judged fewer and says nothing about it"));
        }
    }
    let unseen: Vec<_> = gaps(after).into_iter().filter(|gap| gap.declared.is_none()).collect();
    let told: Vec<String> = unseen.iter().map(|gap| gap.gap_text()).collect();
    if SPARED.contains(&endpoint) || endpoint.ends_with("-count") {
        // Nothing is unseen without it.
    } else if cell.passes_by && !complete {
        wrong.push(format!("incomplete for nothing: {told:?}"));
    } else if !cell.passes_by && complete {
        wrong.push("complete although something was not seen".to_owned());
    } else if !cell.passes_by && !unseen.iter().any(|gap| gap.state != EndpointState::Skipped && !gap.reason.is_empty())
    {
        wrong.push(format!("no gap says why: {told:?}"));
    }
    wrong
}

/// What is wrong once all is well again.
fn scars(before: &Before, healed: &Assessment) -> Vec<String> {
    let mut wrong: Vec<String> =
        gaps(healed).iter().filter(|gap| gap.declared.is_none()).map(|gap| gap.gap_text()).collect();
    wrong.extend(healed.changes.iter().map(|change| format!("{} {}", change.what.name(), change.resource)));
    let open_now: BTreeSet<_> = open(healed).map(|finding| finding.id.clone()).collect();
    if open_now != before.open {
        wrong.push("other findings than before".to_owned());
    }
    let changed = healed.tallies.iter().filter(|(rule, tally)| before.tallies[*rule] != **tally);
    wrong.extend(changed.map(|(rule, _)| format!("{rule} judges otherwise than before")));
    wrong
}

/// The same for a self-hosted product, which is scanned alone.
async fn matrix_of_server(host: &str) {
    matrix_over(&only(host).await, host, SERVER_FAULTS, 10).await;
}

/// Tries every fault on every endpoint of a host that a scan of the cloud asks.
async fn matrix(host: &str) {
    let plan = Plan { seed: 11, accounts: 120, now: first_night(), page_latency: Duration::ZERO };
    let all: Vec<&str> = FAULTS.iter().map(|cell| cell.name).collect();
    matrix_over(&Estate::of(plan).await, host, &all, 80).await;
}

/// Tries these faults on every endpoint of a host that a scan of the estate asks; at least so many cells.
async fn matrix_over(estate: &Estate, host: &str, faults: &[&str], least: usize) {
    estate.scan().await;
    estate.scan().await;
    let clean = estate.assess();
    assert!(clean.head.complete, "{:#?}", gaps(&clean));
    assert!(clean.changes.is_empty(), "nothing happens between two scans: {:#?}", clean.changes);
    let before =
        Before { open: open(&clean).map(|finding| finding.id.clone()).collect(), tallies: clean.tallies.clone() };
    let mut cells = 0;
    let mut wrong: Vec<String> = Vec::new();
    let mut app = estate.app(&[]).unwrap();
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.host() == host) {
        if !is_asked(estate, endpoint.method, endpoint.path) {
            continue;
        }
        let paged = PAGED.contains(&endpoint.name);
        let counted = Cell { name: "dropped rows", fault: || Fault::DropRows(1), passes_by: false };
        let more = PAGE_FAULTS.iter().filter(|_| paged);
        let dropped = COUNTED.contains(&endpoint.name).then_some(&counted);
        let chosen = FAULTS.iter().filter(|cell| faults.contains(&cell.name));
        for cell in chosen.chain(more).chain(dropped) {
            if ANSWERS.contains(&(endpoint.name, cell.name)) {
                continue;
            }
            estate.simulator.set_fault(endpoint.name, (cell.fault)());
            let told = match app.scan(&ScanRequest::default(), &|_| {}).await {
                Ok(outcome) => complaints(cell, endpoint.name, outcome.complete, &before, &estate.assess()),
                Err(AppError::NothingCollected { .. }) => Vec::new(),
                Err(other) => vec![other.to_string()],
            };
            wrong.extend(told.into_iter().take(4).map(|told| format!("{}, {}: {told}", endpoint.name, cell.name)));
            estate.simulator.clear_faults();
            cells += 1;
            // A limit that was met is remembered for an hour.
            if cell.name == "429 for an hour" {
                app = estate.app(&[]).unwrap();
            }
        }
        app.scan(&ScanRequest::default(), &|_| {}).await.unwrap();
        let scars = scars(&before, &estate.assess());
        wrong.extend(scars.into_iter().take(4).map(|scar| format!("{}, when all is well: {scar}", endpoint.name)));
    }
    assert!(wrong.is_empty(), "{} false words: {wrong:#?}", wrong.len());
    assert!(cells > least, "only {cells} cells were tried");
    assert!(estate.simulator.destroyed().is_empty(), "nothing was ever revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_the_organisation_api_makes_a_false_word() {
    matrix("org").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_the_jira_api_makes_a_false_word() {
    matrix("jira").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_the_confluence_api_makes_a_false_word() {
    matrix("confluence").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_the_bitbucket_api_makes_a_false_word() {
    matrix("bitbucket").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_left_out_makes_no_false_word_either() {
    let estate = Estate::new().await;
    estate.scan().await;
    let before: BTreeSet<_> = open(&estate.assess()).map(|finding| finding.id.clone()).collect();
    for only in ["org", "jira", "confluence", "bitbucket"] {
        let outcome = estate.scan_only(&[only.to_owned()]).await.unwrap();
        let assessment = estate.assess();
        assert!(!outcome.complete, "{only}: half a scan is not complete");
        assert!(assessment.transitions.iter().all(|step| step.step != Step::Resolved), "{only}");
        assert!(assessment.changes.iter().all(|change| !matches!(change.what, What::Added | What::Removed)), "{only}");
        let now: BTreeSet<_> = open(&assessment).map(|finding| finding.id.clone()).collect();
        assert!(before.is_subset(&now), "{only}: a finding was lost");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_left_the_configuration_stays_a_gap() {
    let estate = Estate::new().await;
    estate.scan().await;
    let text = std::fs::read_to_string(estate.path("keyroll.yaml")).unwrap();
    let (before, rest) = text.split_once("  - name: jira").unwrap();
    let (_jira, after) = rest.split_once("  - name: confluence").unwrap();
    std::fs::write(estate.path("keyroll.yaml"), format!("{before}  - name: confluence{after}")).unwrap();
    for _ in 0..2 {
        let outcome = estate.scan().await;
        assert!(!outcome.complete);
        let assessment = estate.assess();
        assert!(gaps(&assessment).iter().any(|gap| gap.source.as_str() == "jira"), "{:#?}", gaps(&assessment));
        assert!(assessment.changes.iter().all(|change| change.what != What::Removed));
    }
}

/// What comes into sight after a blind night may be new or old: no rule passes on it, and no rule cries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_seen_for_the_first_time_after_a_blind_night_is_in_doubt() {
    let estate = Estate::new().await;
    estate.simulator.set_fault("project-role", Fault::Status(403));
    estate.scan().await;
    estate.simulator.clear_faults();
    estate.scan().await;
    let assessment = estate.assess();
    assert!(assessment.changes.iter().any(|change| change.what == What::FirstSeen));
    let tally = &assessment.tallies[&RuleId::from("project-administrator-added")];
    assert!(tally.unknown > 0 && tally.fail == 0, "{tally:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_a_self_hosted_jira_makes_a_false_word() {
    matrix_of_server("jira-dc").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_a_self_hosted_confluence_makes_a_false_word() {
    matrix_of_server("confluence-dc").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_a_self_hosted_bitbucket_makes_a_false_word() {
    matrix_of_server("bitbucket-dc").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_jira_align_makes_a_false_word() {
    matrix_of_server("jira-align").await;
}

/// A list of members that is refused for one night: nobody changed, nobody is a new member, and afterwards all is as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_list_of_members_changes_nobody() {
    for (product, endpoint, group) in [
        ("jira-dc", "jira-dc-group-members", "jira-software-users"),
        ("confluence-dc", "confluence-dc-group-members", "confluence-users"),
        ("confluence-dc", "confluence-dc-parent-groups", "wiki-gardeners"),
    ] {
        let estate = only(product).await;
        estate.scan().await;
        estate.scan().await;
        let clean = estate.assess();
        assert!(clean.changes.is_empty(), "{product}: {:#?}", clean.changes);
        estate.simulator.set_fault(endpoint, Fault::About(group.to_owned(), Box::new(Fault::Status(403))));
        for night in ["first", "second"] {
            assert!(!estate.scan().await.complete, "{product}");
            let blind = estate.assess();
            assert!(blind.changes.is_empty(), "{product}, {night} night: {:#?}", blind.changes);
            let seen = |body: &Body| matches!(body, Body::Principal(one) if one.groups_at_least.known().is_some());
            let partly = blind.snapshot.resources.iter().filter(|resource| seen(&resource.body)).count();
            assert_eq!(partly > 0, endpoint.ends_with("members"), "{product}: what was read is still there");
        }
        estate.simulator.clear_faults();
        assert!(estate.scan().await.complete, "{product}");
        let healed = estate.assess();
        assert!(healed.changes.is_empty(), "{product}, when all is well: {:#?}", healed.changes);
    }
}

/// A server that answers none of many calls in a row is not asked for the rest: what is not seen is a gap either way, and
/// with a time limit for each call a scan would take days.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_answers_nothing_is_not_asked_for_everything() {
    let estate = Estate::new().await;
    let of_a_role = |path: &str| path.starts_with("/rest/api/3/project/") && path.contains("/role/");
    let asked = || estate.simulator.requests().iter().filter(|(_, path)| of_a_role(path)).count();
    estate.scan().await;
    // Twenty in a row, and those that are under way by then, each four times.
    let (usual, most) = (asked(), (20 + 8) * 4);
    assert!(usual * 4 > most, "only {usual} roles are asked for");
    for fault in [Fault::CutConnection, Fault::Status(503)] {
        estate.simulator.set_fault("project-role", fault);
        estate.simulator.forget_requests();
        assert!(!estate.scan().await.complete);
        assert!(asked() <= most, "{} requests", asked());
        let after = estate.assess();
        assert!(gaps(&after).iter().any(|gap| gap.reason.contains("could not be read whole")), "{:#?}", gaps(&after));
    }
}
