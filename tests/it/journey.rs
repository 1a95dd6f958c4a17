//! The whole road on the pretended estate: everything that was planted is found, nothing that only looks wrong is,
//! and the night's changes are told as what they are.

use std::collections::BTreeSet;

use keyroll::model::{Assessment, Body, Change, What};
use keyroll::simulator::Drift;

use crate::support::planted::{check_truth, is_about, surplus};
use crate::support::pretended::{Estate, gaps};

/// Whether a situation is in what is scanned here: one organisation, one site, one workspace.
fn is_scanned(expect: &str) -> bool {
    !["dc-", "align-", "sandbox-"].iter().any(|beginning| expect.starts_with(beginning))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_planted_is_found_and_nothing_harmless() {
    let estate = Estate::new().await;
    let outcome = estate.scan().await;
    let assessment = estate.assess();
    assert!(outcome.complete, "{:#?}", gaps(&assessment));
    check_truth(&estate, &assessment, is_scanned);
    estate.night();
    let outcome = estate.scan().await;
    let assessment = estate.assess();
    assert!(outcome.complete, "{:#?}", gaps(&assessment));
    check_truth(&estate, &assessment, is_scanned);
}

/// The rules for single resources find nothing but what was planted for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_found_was_planted() {
    let exact = [
        "token-without-expiry",
        "token-expires-soon",
        "token-lives-too-long",
        "token-owner-deactivated",
        "token-owner-suspended",
        "token-never-used",
        "token-idle",
        "token-expired-still-listed",
        "token-blocked",
        "integration-on-personal-account",
        "machine-is-administrator",
        "org-key-without-scopes",
        "org-key-creator-gone",
        "admin-without-mfa",
        "external-account-is-admin",
        "person-with-many-tokens",
    ];
    let estate = Estate::new().await;
    estate.scan().await;
    let assessment = estate.assess();
    let surplus = surplus(&estate, &assessment, &exact);
    assert!(surplus.is_empty(), "found though never planted: {surplus:#?}");
}

fn told(assessment: &Assessment, drift: &Drift) -> bool {
    let changes = &assessment.changes;
    let about = |change: &&Change| is_about(assessment, &change.resource, drift.kind, &drift.native);
    match (drift.what, drift.kind) {
        ("added", "membership") | ("removed", "membership") => changes.iter().any(|change| {
            change.what == What::Changed
                && drift.native.iter().any(|native| change.resource.native() == native)
                && change.fields.iter().any(|field| field.field == "groups")
        }),
        ("added", _) => changes.iter().filter(about).any(|change| matches!(change.what, What::Added | What::Rotated)),
        ("removed", _) => changes.iter().any(|change| {
            (change.what == What::Removed && about(&change))
                || change.replaces.as_ref().is_some_and(|old| is_about(assessment, old, drift.kind, &drift.native))
        }),
        // Seats move by themselves: that is noise, and telling it would be wrong.
        ("changed", "container") => !changes.iter().any(|change| about(&change) && change.what == What::Changed),
        // Sharing a filter is a new grant on it.
        ("changed", "filter") => changes.iter().filter(about).any(|change| change.what == What::Added),
        ("changed", _) => changes.iter().filter(about).any(|change| change.what == What::Changed),
        ("used", _) => !changes.iter().any(|change| {
            about(&change)
                && change.what == What::Changed
                && change.fields.iter().any(|field| field.field == "last_used_at")
        }),
        (other, _) => panic!("the simulator knows a change that this test does not: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_night_is_told_as_what_it_was() {
    let estate = Estate::new().await;
    estate.scan().await;
    estate.night();
    estate.scan().await;
    let assessment = estate.assess();
    let truth = estate.simulator.truth();
    assert!(truth.drift.len() > 8);
    let elsewhere = |drift: &&Drift| drift.id.starts_with("drift-dc-") || drift.id.starts_with("drift-align-");
    let missed: Vec<_> =
        truth.drift.iter().filter(|drift| !elsewhere(drift)).filter(|drift| !told(&assessment, drift)).collect();
    assert!(missed.is_empty(), "{missed:#?}\n{:#?}", assessment.changes);
    let rotated = assessment.changes.iter().filter(|change| change.what == What::Rotated).count();
    assert_eq!(rotated, 1, "a rotated token is one change");
    let planted: BTreeSet<&str> =
        truth.drift.iter().flat_map(|drift| drift.native.iter().map(|part| part.trim_matches(['{', '}']))).collect();
    let surplus: Vec<_> = assessment
        .changes
        .iter()
        .filter(|change| !planted.iter().any(|native| change.resource.native().contains(native)))
        .collect();
    assert!(surplus.is_empty(), "told though it did not happen: {surplus:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_seen_by_both_sources_is_one_principal() {
    let estate = Estate::new().await;
    estate.scan().await;
    let assessment = estate.assess();
    let both = assessment
        .snapshot
        .resources
        .iter()
        .filter(|resource| matches!(resource.body, Body::Principal(_)))
        .filter(|resource| {
            let sources: BTreeSet<_> = resource.seen_by.iter().map(|sighting| &sighting.source).collect();
            sources.len() >= 2
        })
        .count();
    assert!(both > 150, "only {both} accounts were recognised");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_estate_gives_the_same_snapshot() {
    let (one, other) = (Estate::new().await, Estate::new().await);
    one.scan().await;
    other.scan().await;
    let (one, other) = (one.assess(), other.assess());
    let pairs = one.snapshot.resources.iter().zip(&other.snapshot.resources);
    for (one, other) in pairs {
        assert!(one == other, "{one:#?}\n{other:#?}");
    }
    assert_eq!(one.head.digest, other.head.digest);
    assert!(one.findings == other.findings);
}
