//! The whole road on the pretended estate: everything that was planted is found, nothing that only looks wrong is,
//! and the night's changes are told as what they are.

use std::collections::BTreeSet;

use keyroll::model::{Assessment, Body, Change, Fact, Kind, ResourceId, What};
use keyroll::simulator::{Drift, Plant};

use crate::support::pretended::{Estate, gaps, open};

/// Each planted situation and the rules of which at least one must find it.
const FOUND_BY: &[(&str, &[&str])] = &[
    ("app-acts-for-person", &["app-acts-for-person"]),
    ("automation-acts-as-person", &["automation-acts-as-person"]),
    ("automation-owner-gone", &["automation-owner-gone"]),
    ("customer-on-agent-seat", &["customer-on-agent-seat"]),
    ("deploy-key-shared", &["deploy-key-shared"]),
    ("deploy-key-unused", &["deploy-key-unused"]),
    ("expires-soon", &["token-expires-soon"]),
    ("external-accounts-blind-spot", &["external-accounts-out-of-sight"]),
    ("external-bitbucket-member", &["external-bitbucket-member"]),
    ("filter-open-to-logged-in", &["filter-open-to-logged-in"]),
    ("filter-owner-inactive", &["filter-owner-inactive"]),
    ("grant-to-anyone", &["permission-open-to-anyone"]),
    ("grant-to-logged-in", &["permission-open-to-logged-in"]),
    ("grant-to-single-user", &["permission-granted-to-one-account"]),
    ("inactive-actor", &["grant-to-inactive-account"]),
    ("integration-on-personal-account", &["integration-on-personal-account"]),
    ("ip-allowlist-disabled", &["policy-not-enabled"]),
    ("key-creator-deactivated", &["org-key-creator-gone"]),
    ("key-expires-soon", &["org-key-expires-soon"]),
    ("key-without-scopes", &["org-key-without-scopes"]),
    ("machine-administers-repository", &["machine-administers-repository"]),
    ("machine-administers-space", &["machine-administers-space"]),
    ("machine-is-org-admin", &["machine-is-administrator"]),
    ("machine-is-project-admin", &["machine-administers-project"]),
    ("machine-logs-in", &["machine-logs-in"]),
    ("machine-on-paid-seat", &["machine-on-paid-seat"]),
    ("org-admin-without-mfa", &["admin-without-mfa"]),
    ("owner-deactivated", &["token-owner-deactivated"]),
    ("owner-suspended", &["token-owner-suspended"]),
    ("personal-space-of-leaver", &["personal-space-of-leaver"]),
    ("policy-disabled", &["policy-not-enabled"]),
    ("public-dashboard", &["public-dashboard"]),
    ("public-filter", &["public-filter"]),
    ("public-repository", &["public-repository"]),
    ("seat-dormant", &["dormant-paid-seat"]),
    ("seats-nearly-exhausted", &["seats-nearly-used"]),
    ("service-account-quota-reached", &["service-account-quota-near"]),
    ("service-account-token-unused", &["service-account-token-idle"]),
    ("sightings-disagree", &["account-open-after-closing", "account-sightings-disagree"]),
    ("space-admin-gone", &["space-administrator-gone"]),
    ("space-open-to-anyone", &["space-open-to-anyone"]),
    ("space-open-to-logged-in", &["space-open-to-logged-in"]),
    ("space-writable-by-anyone", &["space-writable-by-anyone"]),
    ("ssh-key-without-expiry", &["ssh-key-without-expiry"]),
    ("team-managed-projects-unseen", &["team-managed-projects-out-of-sight"]),
    ("token-blocked", &["token-blocked"]),
    ("token-expired", &["token-expired-still-listed"]),
    ("token-lifetime-too-long", &["token-lives-too-long"]),
    ("token-never-used", &["token-never-used"]),
    ("token-unused", &["token-idle"]),
    ("token-used-by-other", &["token-used-by-other"]),
    ("token-without-expiry", &["token-without-expiry"]),
    ("too-many-tokens", &["person-with-many-tokens"]),
    ("unmanaged-admin", &["external-account-is-admin"]),
    ("variable-holds-personal-credential", &["variable-may-hold-personal-token"]),
    ("variable-unsecured", &["variable-unsecured"]),
    ("variable-widely-reachable", &["variable-widely-reachable"]),
    ("webhook-over-http", &["webhook-over-http"]),
    ("webhook-secret-in-url", &["webhook-secret-in-url"]),
    ("webhook-set-by-leaver", &["webhook-set-by-leaver"]),
    ("webhook-skips-verification", &["webhook-skips-certificate-check"]),
    ("webhook-without-secret", &["webhook-without-secret"]),
];

fn rules_for(situation: &str) -> &'static [&'static str] {
    FOUND_BY.iter().find(|(key, _)| *key == situation).unwrap_or_else(|| panic!("no rule for {situation}")).1
}

/// What a plant must be found as, and what else rightly holds for it.
fn situations(plant: &Plant) -> impl Iterator<Item = &'static str> {
    std::iter::once(plant.expect).chain(plant.also.iter().copied())
}

/// The resource that a plant speaks of, as keyroll names it. Of a grant its holder and its container count as well.
fn is_about(assessment: &Assessment, id: &ResourceId, plant_kind: &str, native: &[String]) -> bool {
    let native: Vec<&str> = native.iter().map(|part| part.trim_matches(['{', '}'])).collect();
    let first = native[0];
    match plant_kind {
        // Of a grant in a scheme the last part says to whom, which its id does not.
        "grant" => {
            id.kind() == Kind::Grant && {
                let words = words_of_grant(assessment, id);
                native.iter().take(2).all(|part| words.contains(part))
            }
        }
        "container" => match id.kind() {
            Kind::Container => id.as_str().contains(first),
            Kind::Grant => words_of_grant(assessment, id).contains(first),
            _ => false,
        },
        // What is wrong with a filter may be found at one of its shares.
        "filter" | "dashboard" => {
            matches!(id.kind(), Kind::Container | Kind::Grant)
                && id.native().split(['/', ':']).any(|part| part == first)
        }
        "setting" => id.kind() == Kind::Container && id.native() == "organisation",
        "policy" => id.kind() == Kind::Setting && id.native().contains(first),
        // What is told of an account may be found at one of its credentials, and the other way round.
        "principal" | "credential" => {
            native.iter().any(|part| id.native().split(['/', ':']).any(|own| own == *part) || id.native() == *part)
        }
        kind => id.kind().name() == kind && id.native().contains(first),
    }
}

fn words_of_grant(assessment: &Assessment, id: &ResourceId) -> String {
    let resource = assessment.snapshot.get(id);
    let Some(Body::Grant(grant)) = resource.map(|resource| &resource.body) else { return id.to_string() };
    let parts = [&grant.principal, &grant.group, &grant.container];
    parts.into_iter().filter_map(Fact::known).fold(id.to_string(), |words, part| format!("{words} {part}"))
}

fn found(assessment: &Assessment, plant: &Plant, situation: &str) -> bool {
    open(assessment).any(|finding| {
        rules_for(situation).contains(&finding.rule.as_str())
            && is_about(assessment, &finding.resource, plant.kind, &plant.native)
    })
}

/// Whether a situation is in what is scanned here: one organisation, one site, one workspace.
fn is_scanned(expect: &str) -> bool {
    !["dc-", "align-", "sandbox-"].iter().any(|beginning| expect.starts_with(beginning))
}

fn check_truth(estate: &Estate, assessment: &Assessment) {
    let now = assessment.head.ended_at;
    let truth = estate.simulator.truth();
    let scanned = |plant: &&Plant| plant.holds_at(now) && is_scanned(plant.expect);
    let holding: Vec<&Plant> = truth.plants.iter().filter(scanned).collect();
    assert!(holding.len() > 25, "only {} situations are planted", holding.len());
    let missed: Vec<String> = holding
        .iter()
        .filter(|plant| !found(assessment, plant, plant.expect))
        .map(|plant| format!("{} as {}: {} {:?}", plant.id, plant.expect, plant.description, plant.native))
        .collect();
    assert!(missed.is_empty(), "missed: {missed:#?}");
    let wronged: Vec<String> = truth
        .harmless
        .iter()
        .filter(scanned)
        .filter(|plant| found(assessment, plant, plant.expect))
        .map(|plant| format!("{}: {}", plant.id, plant.description))
        .collect();
    assert!(wronged.is_empty(), "flagged though harmless: {wronged:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_planted_is_found_and_nothing_harmless() {
    let estate = Estate::new().await;
    let outcome = estate.scan().await;
    let assessment = estate.assess();
    assert!(outcome.complete, "{:#?}", gaps(&assessment));
    check_truth(&estate, &assessment);
    estate.night();
    let outcome = estate.scan().await;
    let assessment = estate.assess();
    assert!(outcome.complete, "{:#?}", gaps(&assessment));
    check_truth(&estate, &assessment);
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
    let truth = estate.simulator.truth();
    let surplus: Vec<String> = open(&assessment)
        .filter(|finding| exact.contains(&finding.rule.as_str()))
        .filter(|finding| {
            !truth.plants.iter().any(|plant| {
                is_about(&assessment, &finding.resource, plant.kind, &plant.native)
                    && situations(plant).any(|situation| rules_for(situation).contains(&finding.rule.as_str()))
            })
        })
        .map(|finding| format!("{}: {}", finding.rule, finding.message))
        .collect();
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
