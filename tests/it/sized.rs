//! Estates of any size: what is planted is planted in each of them, and nothing else is wrong.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use keyroll::app::ScanRequest;
use keyroll::clock::Clock;
use keyroll::config::Config;
use keyroll::simulator::{Plan, Simulator};

use crate::support::planted::{check_truth, surplus};
use crate::support::pretended::{Estate, first_night, gaps};

fn plan(accounts: usize) -> Plan {
    Plan { seed: 7, accounts, now: first_night(), page_latency: Duration::ZERO }
}

#[tokio::test]
async fn a_large_estate_has_the_plants_of_a_small_one() {
    let mut planted: Vec<BTreeSet<(String, &str)>> = Vec::new();
    for accounts in [Plan::FEWEST_ACCOUNTS, 20_000] {
        let truth = Simulator::start(plan(accounts)).await.unwrap().truth();
        let all = truth.plants.into_iter().chain(truth.harmless);
        planted.push(all.map(|plant| (plant.id, plant.expect)).collect());
    }
    assert_eq!(planted[0], planted[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_wrong_in_a_larger_estate_but_what_was_planted() {
    let estate = Estate::of(plan(1_500)).await;
    // The organisation tells roles for one account at a time.
    let accepted =
        "  - source: org\n    endpoint: role assignments of other accounts\n    reason: too many to ask for\n";
    estate.configure_with("", accepted);
    let clock: Arc<dyn Clock> = Arc::new(estate.clock.clone());
    let mut app = Config::load(&estate.path("keyroll.yaml")).unwrap().build(&clock, &[]).unwrap();
    let outcome = app.scan(&ScanRequest::default(), &|_| {}).await.unwrap();
    let assessment = estate.assess();
    assert!(outcome.complete, "{:#?}", gaps(&assessment));
    let elsewhere = ["dc-", "align-", "sandbox-"];
    check_truth(&estate, &assessment, |expect| !elsewhere.iter().any(|beginning| expect.starts_with(beginning)));
    let exact = [
        "token-without-expiry",
        "token-lives-too-long",
        "token-owner-deactivated",
        "token-owner-suspended",
        "token-never-used",
        "machine-is-administrator",
        "admin-without-mfa",
        "person-with-many-tokens",
        "space-administrator-gone",
        "public-filter",
    ];
    let surplus = surplus(&estate, &assessment, &exact);
    assert!(surplus.is_empty(), "found though never planted: {surplus:#?}");
}
